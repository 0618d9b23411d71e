"""What a tablet sends when it brings what was written without signal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard
from uuid import UUID

from marshmallow import ValidationError, fields, validate

from epaccs.access.rules import AccessReason
from epaccs.core.errors import NotFound, RuleBroken, RulesBroken
from epaccs.core.fields import clean_text
from epaccs.core.identifiers import parse_id
from epaccs.devices.schema import FromTabletSchema, IdField
from epaccs.sync.rules.push import Arrival, Envelope, find_shared_until, kept_offset
from epaccs.versions.registry import FIRST_SCHEMA, EditRequest, FromTablet
from epaccs.versions.rules import Why

#: The columns hold it, and no tablet writes so much.
MOST: Final = 2**31 - 1
#: No tablet's clock is believed beyond these, right or wrong.
_YEARS: Final = range(1970, 2900)
#: Deeper than any form.
_DEPTH: Final = 20
_CODE: Final = validate.Length(1, 40)


class MomentField(fields.Field[Any]):
    """A moment with its time zone."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None or moment.year not in _YEARS:
                raise ValueError("no moment of a tablet")
            return moment.astimezone(UTC)
        except (ValueError, TypeError, OverflowError):
            raise ValidationError("Give a date and time with its time zone") from None


class PushSchema(FromTabletSchema):
    """A batch of edits, each looked at by itself."""

    edits = fields.List(fields.Raw(), required=True)
    now_device = MomentField(load_default=None, allow_none=True)


class SealedSchema(FromTabletSchema):
    """A batch of what a tablet sealed: edits, or entries of its book of looks."""

    device_id = IdField(required=True)
    sealed = fields.List(fields.Raw(), required=True)
    now_device = MomentField(load_default=None, allow_none=True)


class _SaidMomentField(MomentField):
    """The same; what cannot be read is as if it had not been said."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        try:
            return super()._deserialize(value, attr, data, **kwargs)
        except ValidationError:
            return None


class _SeenSchema(FromTabletSchema):
    version = fields.Integer(strict=True, load_default=0, validate=validate.Range(0, 2**62))
    as_at = _SaidMomentField(load_default=None, allow_none=True)
    epoch = fields.Raw(load_default="")


class EditSchema(FromTabletSchema):
    """One edit as it was written on the tablet."""

    id = IdField(required=True)
    author_id = IdField(required=True)
    sequence = fields.Integer(strict=True, required=True, validate=validate.Range(1, MOST))
    entry_id = IdField(required=True)
    section = fields.String(required=True, validate=_CODE)
    kind = fields.String(required=True, validate=_CODE)
    schema = fields.Integer(strict=True, load_default=FIRST_SCHEMA, validate=validate.Range(1, MOST))
    body = fields.Dict(keys=fields.String(), required=True)
    base_version = fields.Integer(strict=True, load_default=0, allow_none=True, validate=validate.Range(0, MOST))
    after_id = IdField(load_default=None, allow_none=True)
    decided_at = MomentField(load_default=None, allow_none=True)
    recorded_at_device = MomentField(required=True)
    seen = fields.Nested(_SeenSchema, load_default=lambda: {"version": 0, "as_at": None, "epoch": ""})
    reason = fields.Enum(AccessReason, by_value=True, load_default=None, allow_none=True)
    identifiers_checked = fields.List(
        fields.String(validate=_CODE), load_default=list, allow_none=True, validate=validate.Length(max=8)
    )


def is_number(value: Any, *, least: int, most: int) -> TypeGuard[int]:
    """A whole number within these; in JSON, true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def read_envelope(sent: Any) -> Envelope | None:
    """The little that must be readable before a signature is looked at; None: it is not."""
    if not isinstance(sent, Mapping):
        return None
    sequence = sent.get("sequence")
    try:
        edit_id, author_id = parse_id(sent.get("id")), parse_id(sent.get("author_id"))  # type: ignore[arg-type]
    except NotFound:
        return None
    if not is_number(sequence, least=1, most=MOST):
        return None
    return Envelope(edit_id, author_id, sequence, sent)


def load_edit(sent: Mapping[str, Any]) -> dict[str, Any]:
    """An edit with its fields read.

    Raises:
        RulesBroken: with a sentence for every field that cannot be taken.
    """
    try:
        loaded: dict[str, Any] = EditSchema().load(sent)
    except ValidationError as error:
        messages = error.normalized_messages()
        raise RulesBroken(
            [RuleBroken(_first(said), field=str(name)[:80]) for name, said in messages.items()]
        ) from error
    check_can_be_kept(loaded["body"])
    return loaded


def _first(said: Any) -> str:
    while isinstance(said, Mapping | list):
        said = next(iter(said.values() if isinstance(said, Mapping) else said))
    return str(said).rstrip(".")


def check_can_be_kept(part: Any, *, field: str | None = None, depth: int = 0) -> None:
    """Everything that was written can be kept and shown as it is: no hidden characters, nothing deeper than a form.

    Raises:
        RuleBroken: something cannot.
    """
    if depth > _DEPTH:
        raise RuleBroken("Enter this again: it cannot be read", field=field)
    match part:
        case str():
            clean_text(part, field_label="text", field=field)
        case float() if not math.isfinite(part):
            raise RuleBroken("Enter a number", field=field)
        case Mapping():
            for name, one in part.items():
                clean_text(name, field_label="name of a field", field=field, limit=80)
                check_can_be_kept(one, field=field or name, depth=depth + 1)
        case list():
            for one in part:
                check_can_be_kept(one, field=field, depth=depth + 1)
        case _:
            pass


def shared_until(loaded: Mapping[str, Any], arrival: Arrival) -> datetime | None:
    """Until when what the author of an edit saw is what the register remembers; None: it was not restored since."""
    seen = loaded["seen"]
    return find_shared_until(str(seen["epoch"]), seen["as_at"], generation=arrival.generation)


def build_request(
    loaded: Mapping[str, Any], *, device_id: UUID, signature: str, arrival: Arrival, hold: Why | None
) -> EditRequest:
    """What the one writer is asked.

    Args:
        hold: why it waits whatever it says; None: nothing is known against it.
    """
    return EditRequest(
        id=loaded["id"],
        entry_id=loaded["entry_id"],
        section=loaded["section"],
        kind=loaded["kind"],
        body=loaded["body"],
        base_version=loaded["base_version"] or 0,
        after_id=loaded["after_id"],
        decided_at=loaded["decided_at"],
        tablet=FromTablet(
            device_id=device_id,
            sequence=loaded["sequence"],
            recorded_at=loaded["recorded_at_device"],
            clock_offset_ms=kept_offset(arrival.offset_ms),
            signature=signature,
            seen_number=loaded["seen"]["version"],
            shared_until=shared_until(loaded, arrival),
            reason=loaded["reason"],
            hold=hold,
        ),
        schema=loaded["schema"],
    )
