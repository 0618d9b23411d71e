"""What is asked before a sheet is printed, and the box for the number of one."""

from __future__ import annotations

from collections.abc import Mapping

from marshmallow import Schema

from epaccs.core.forms import Choice, Choices, FreeText, ShortText, Tick
from epaccs.handover.rules import DESTINATION_LABELS, LAYOUT_LABELS, Destination, Layout


class PrintSchema(Schema):
    """For whom, where the copy goes, and where it is kept.

    A place is not asked for where the address is restricted, so none can be told; why the sheet goes to the person is
    asked only where they have not been told of the decision. A copy of which nobody said how it is laid out is as for
    staff.
    """

    printed_for = ShortText(
        "Who is it for?",
        called="name and role of whoever gets it",
        hint="Name and role, for example L Hart, community nurse. It stands on every page",
        required=True,
        limit=120,
    )
    destination = Choice(
        "Where does this copy go?",
        {str(destination): words for destination, words in DESTINATION_LABELS.items()},
        enum=Destination,
        required=True,
    )
    layout = Choice(
        "How should it be laid out?",
        {str(layout): words for layout, words in LAYOUT_LABELS.items()},
        hint="Large print and Easy Read are only for a copy that goes to the person",
        hints={
            Layout.LARGE_PRINT: "All that the sheet for staff says, in letters of 16 points and more",
            Layout.EASY_READ: "Some of it, in short sentences for the person. A crew needs another sheet or the form",
        },
        enum=Layout,
    )
    place = ShortText(
        "Where will this copy be kept?",
        called="place where this copy will be kept",
        hint="So that it can be found when it is out of date, for example kitchen drawer",
        limit=120,
    )
    not_told_because = FreeText(
        "If it goes to the person: why now, before they are told?",
        called="reason why it goes to the person before they are told",
        hint="Leave blank when it goes to a professional",
        limit=2000,
        rows=3,
    )
    was_read = Tick(
        "If it goes to the person: I have read the free text, and none of it is from or about somebody else",
        hint="Passages marked as from or about somebody else are on no sheet",
    )


def build_print_schema(*, is_restricted: bool, person_not_told: bool) -> PrintSchema:
    """The questions that this sheet needs."""
    unasked = {"place": is_restricted, "not_told_because": not person_not_told}
    return PrintSchema(exclude=[name for name, is_unasked in unasked.items() if is_unasked])


class ListSchema(Schema):
    """For whom a list is printed, and where it is kept."""

    printed_for = ShortText(
        "Who is it for?",
        called="name or shift of whoever gets it",
        hint="For example night shift, or L Hart, community nurse. It stands on every page",
        required=True,
        limit=120,
    )
    kept_at = ShortText(
        "Where will it be kept?",
        called="place where the list will be kept",
        hint="Where visitors do not read it, for example office, handover folder",
        limit=120,
    )


class PackSchema(ListSchema):
    """For whom the sheets of a home or team are printed, and where they are kept: each of them bears both."""

    kept_at = ShortText(
        "Where will they be kept?",
        called="place where the sheets will be kept",
        hint="Where visitors do not read them, for example office, folder of the home",
        limit=120,
    )


class RenewalSchema(Schema):
    """Sheets that bring a folder up to date are for whom the folder is, and are kept where it is: nothing is asked."""


def build_list_schema(former: Mapping[str, str]) -> type[Schema]:
    """The questions about a list; where older ones are about, which of those are destroyed: none is ticked.

    Args:
        former: id of each list that is about -> what it is called.
    """
    if not former:
        return ListSchema
    destroyed = Choices(
        "Which older lists are destroyed?",
        former,
        called="older lists that are destroyed",
        hint="Or lie before you to be destroyed. Leave out any that is still in use",
    )
    return ListSchema.from_dict({"destroyed": destroyed}, name="ListSchemaWithFormer")


class CodeSchema(Schema):
    """The number of a sheet, as somebody reads it off the paper."""

    code = ShortText(
        "Sheet number", hint="8 letters and digits, for example 7K4P-93XQ", required=True, limit=40, width=10
    )
