"""What a tablet sends when it asks what is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from marshmallow import fields, post_load, validate

from epaccs.core import forms
from epaccs.core.errors import RuleBroken
from epaccs.devices.schema import FromTabletSchema, IdField, StateSchema
from epaccs.sync.rules.feed import PAGE_ROWS, SCOPES_LIMIT, Cursor

#: The columns hold it, and no register gets so far.
_MOST: Final = 2**62
#: How many people a tablet may name that it knows; more wait for the next request.
_KNOWN_LIMIT: Final = 2_000
_COMMANDS_LIMIT: Final = 100


@dataclass(frozen=True)
class Ask:
    """How far a tablet is, how much it takes at once, and after a restore which versions of whom it has."""

    cursors: tuple[Cursor, ...]
    limit: int = PAGE_ROWS
    known: Mapping[UUID, int] = field(default_factory=dict)


def _number(least: int, most: int, **options: Any) -> fields.Integer:
    words = f"Send a whole number between {least} and {most}"
    return fields.Integer(strict=True, validate=validate.Range(least, most, error=words), **options)


def _text(limit: int) -> validate.Regexp:
    """Signs that can be written down again: no control character and no half of one."""
    return validate.Regexp(rf"[^\x00-\x1f\ud800-\udfff]{{1,{limit}}}\Z", error=f"Send text of up to {limit} signs")


class CursorSchema(FromTabletSchema):
    """How far one scope was followed; as it was given, or to begin."""

    scope = fields.String(required=True, validate=_text(120))
    tier = fields.String(required=True, validate=_text(20))
    epoch = fields.String(required=True, allow_none=True, validate=_text(60))
    number = _number(0, _MOST, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Cursor:
        """The value that the rules read."""
        return Cursor(**data)


class PullSchema(FromTabletSchema):
    """Cursors, and what the tablet says of itself.

    `done`: the commands that it carried out. `known`: after a restore, the version that it has of each person.
    """

    cursors = fields.List(
        fields.Nested(CursorSchema),
        required=True,
        validate=validate.Length(max=SCOPES_LIMIT, error=f"Send up to {SCOPES_LIMIT} cursors"),
    )
    limit = _number(1, PAGE_ROWS, load_default=PAGE_ROWS)
    now_device = forms.TypedDateTime("Time on the tablet", future=True)
    state = fields.Nested(StateSchema, load_default=dict)
    done = fields.List(IdField(), load_default=list, validate=validate.Length(max=_COMMANDS_LIMIT))
    known = fields.Dict(
        keys=IdField(), values=_number(0, _MOST), load_default=dict, validate=validate.Length(max=_KNOWN_LIMIT)
    )


def build_ask(sent: Mapping[str, Any]) -> Ask:
    """The question of a tablet, from what was loaded.

    Raises:
        RuleBroken: a scope is asked for twice.
    """
    cursors = tuple(sent["cursors"])
    if len({cursor.scope for cursor in cursors}) < len(cursors):
        raise RuleBroken("Send one cursor for each scope", field="cursors")
    return Ask(cursors, sent["limit"], sent["known"])
