"""The shape of what a privacy officer finds, sets and asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as fields_of
from typing import Any
from uuid import UUID

from marshmallow import Schema

from epaccs.core import forms
from epaccs.oversight.rules.deciding import VERDICT_LABELS, Verdict
from epaccs.oversight.rules.unusual import RULES, name_of


class VerdictSchema(Schema):
    """What was found about a habit."""

    verdict = forms.Choice(
        "What did you find?",
        {str(verdict): words for verdict, words in VERDICT_LABELS.items()},
        enum=Verdict,
        hints={Verdict.ASK: "It stays on the list until you decide"},
        ask="Choose what you found",
        required=True,
    )
    note = forms.FreeText("Note", hint="Needed for misuse, and when it is not told again", rows=2, limit=2000)


class VerdictOnPersonSchema(VerdictSchema):
    """What was found about a look at one person, and whether such looks are told again."""

    silent_until = forms.TypedDate(
        "Do not tell of this reader and this person again until",
        hint="Only if it was fine: she works in her own village. A year at most; leave it open to be told again",
        called="last day",
        future=True,
    )


def _why_and_until() -> dict[str, Any]:
    """Why, and until when: whatever is set ends by itself."""
    return {
        "reason": forms.FreeText("Why?", called="reason", ask="Enter the reason", rows=2, limit=2000, required=True),
        "until_on": forms.TypedDate(
            "Until when?",
            hint="A year at most",
            called="last day",
            ask="Enter the last day",
            future=True,
            required=True,
        ),
    }


#: A person in the news.
WatchSchema = Schema.from_dict({"nhs_number": forms.NHSNumberField(required=True), **_why_and_until()})


def build_thresholds_schema() -> type[Schema]:
    """Every threshold of every rule, in the order of the rules."""
    asked: dict[str, Any] = {}
    for rule in RULES.values():
        for each in fields_of(rule):
            asked[name_of(rule, each)] = _ask(each.metadata, is_yes_no=isinstance(each.default, bool))
    return Schema.from_dict({**asked, **_why_and_until()})


def names_by_rule() -> list[tuple[str, list[str]]]:
    """The thresholds of each rule that has any, under its title."""
    groups = [(rule.title, [name_of(rule, each) for each in fields_of(rule)]) for rule in RULES.values()]
    return [(title, names) for title, names in groups if names]


def _ask(said: Mapping[str, Any], *, is_yes_no: bool) -> forms.FormField:
    if is_yes_no:
        return forms.YesNo(said["label"], required=True)
    return forms.WholeNumber(
        said["label"],
        hint=said["hint"],
        called=said["called"],
        lowest=said["lowest"],
        highest=said["highest"],
        width=5,
        required=True,
    )


class ParticularsSchema(Schema):
    """What somebody at work told of themselves."""

    born_on = forms.TypedDate("Date of birth")
    nhs_number = forms.NHSNumberField()
    address = forms.FreeText("House and street", called="house and street", rows=2, limit=400)
    postcode = forms.Postcode()


def build_shown_schema(tablets: Mapping[UUID, str]) -> type[Schema]:
    """Which tablet, and when."""
    return Schema.from_dict(
        {
            "device_id": forms.Choice(
                "Which tablet?",
                {str(id_): label for id_, label in tablets.items()},
                called="tablet",
                ask="Choose the tablet",
                as_list=True,
                required=True,
            ),
            "at": forms.TypedDateTime("When?", called="moment", ask="Enter the day and the time", required=True),
        }
    )
