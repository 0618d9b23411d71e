"""What is asked of whoever opens an incident or adds to it."""

from __future__ import annotations

from collections.abc import Mapping

from marshmallow import Schema

from epaccs.core import forms
from epaccs.incidents.rules import KIND_WORDS, STATEMENTS, Kind

_NAME_NOBODY = "Name nobody here: every organisation concerned reads it. People are added beside it"


def _organisations(organisations: Mapping[str, str], *, required: bool) -> forms.Choices:
    return forms.Choices(
        "Which other organisations are concerned?",
        organisations,
        hint="Each sees the same, and it is closed only when each of them agrees. None can be taken off again",
        called="organisations",
        required=required,
    )


def build_opening(organisations: Mapping[str, str]) -> type[Schema]:
    """A new incident; `organisations`: id and name of the others."""
    return Schema.from_dict(
        {
            "title": forms.ShortText(
                "What is it about?", called="subject", hint=_NAME_NOBODY, limit=120, required=True
            ),
            "what_happened": forms.FreeText("What happened?", called="what happened", limit=4000, required=True),
            "noticed_at": forms.TypedDateTime(
                "When was it noticed?",
                called="time it was noticed",
                hint="The 72 hours to tell the Information Commissioner count from then",
                required=True,
            ),
            "organisations": _organisations(organisations, required=False),
        }
    )


def build_concerned(organisations: Mapping[str, str]) -> type[Schema]:
    """More organisations."""
    return Schema.from_dict({"organisations": _organisations(organisations, required=True)})


class StatementSchema(Schema):
    """One line more, in one's own words."""

    kind = forms.Choice(
        "What do you add?",
        {str(kind): KIND_WORDS[kind] for kind in STATEMENTS},
        called="what you add",
        ask="Choose what you add",
        enum=Kind,
        required=True,
    )
    text = forms.FreeText("In your words", called="statement", hint=_NAME_NOBODY, limit=4000, rows=3, required=True)


class PersonSchema(Schema):
    """Somebody on the register who is concerned."""

    nhs_number = forms.NHSNumberField(
        hint="Their name is shown only to organisations that are concerned with them", required=True
    )
