"""What is asked before a marker is printed, and the box for the code of one."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.core.forms import ShortText, Tick


class PrintSchema(Schema):
    """Whether the person wants it, and where it will hang.

    A place is not asked for where the address is restricted, so that none can be told.
    """

    place = ShortText(
        "Where will it hang?",
        called="place where it will hang",
        hint="So that it can be found again, for example fridge door, or fridge door and key ring",
        limit=120,
    )
    is_wanted = Tick("The person, or whoever decides for them, wants it to hang there", required=True)


def build_print_schema(*, is_restricted: bool) -> PrintSchema:
    """The questions that this marker needs."""
    return PrintSchema(exclude=["place"] if is_restricted else [])


class CodeSchema(Schema):
    """The code of a marker, as somebody reads it off."""

    code = ShortText("Code", hint="10 letters and digits, for example 7K4P9-3XQCD", required=True, limit=40, width=10)
