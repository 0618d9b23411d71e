"""What a tablet sends of its own book of looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from marshmallow import ValidationError, fields

from epaccs.access.actions import IDENTIFIERS
from epaccs.access.rules import AccessReason
from epaccs.core.errors import NotFound
from epaccs.core.identifiers import parse_id
from epaccs.devices.schema import FromTabletSchema
from epaccs.sync.rules.audit import OfflineLookSaid
from epaccs.sync.schema.push import MOST, MomentField, is_number
from epaccs.sync.seals import digest

_CODE_LENGTH: Final = 40


class AuditSchema(FromTabletSchema):
    """A batch of entries, each looked at by itself."""

    entries = fields.List(fields.Raw(), required=True)
    now_device = MomentField(load_default=None, allow_none=True)


def read_look(sent: Any) -> OfflineLookSaid | None:
    """One entry, with whatever of it can be read; None: it has no number or no author, or cannot be written down.

    That somebody looked is never thrown away because the rest cannot be read.
    """
    if not isinstance(sent, Mapping) or not is_number(sent.get("sequence"), least=1, most=MOST):
        return None
    author_id = _id(sent.get("author_id"))
    try:
        words = digest(sent)
    except (UnicodeEncodeError, RecursionError):
        return None
    if author_id is None:
        return None
    version = sent.get("version")
    return OfflineLookSaid(
        sequence=sent["sequence"],
        act=_code(sent.get("act")),
        author_id=author_id,
        hash=words,
        previous=str(sent.get("previous"))[:64],
        entry_id=_id(sent.get("entry_id")),
        version=version if is_number(version, least=0, most=2**62) else 0,
        at_device=_moment(sent.get("at_device")),
        reason=next((one for one in AccessReason if one == sent.get("reason")), None),
        identifiers_checked=_identifiers(sent.get("identifiers_checked")),
        details=_details(sent),
    )


def _details(sent: Mapping[str, Any]) -> dict[str, Any]:
    """How many were found or listed, of which home, and which refused edit was entered again."""
    count = sent.get("count")
    said: dict[str, Any] = {"count": count if is_number(count, least=0, most=MOST) else None}
    said |= {name: str(one) for name in ("home", "edit") if (one := _id(sent.get(name)))}
    return {name: one for name, one in said.items() if one is not None}


def _id(value: Any) -> UUID | None:
    try:
        return parse_id(value)
    except NotFound:
        return None


def _code(value: Any) -> str:
    is_code = isinstance(value, str) and value.replace("_", "").isalnum() and value.isascii()
    return value[:_CODE_LENGTH] if is_code else "unknown"


def _moment(value: Any) -> Any:
    try:
        return MomentField().deserialize(value)
    except ValidationError:
        return None


def _identifiers(value: Any) -> tuple[str, ...]:
    return tuple(name for name in IDENTIFIERS if name in value) if isinstance(value, list) else ()
