"""The shape of what a privacy officer finds."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.core.forms import Choice, FreeText

OUTCOMES = {
    "justified": "Justified",
    "to_follow_up": "To follow up",
    "not_justified": "Not justified",
}


class ReviewSchema(Schema):
    """One finding on one opening."""

    outcome = Choice("What did you find?", OUTCOMES, required=True, ask="Choose what you found")
    note = FreeText("Note", hint="Needed unless it was justified", rows=2, limit=2000)
