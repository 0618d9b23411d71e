"""The shape of what a privacy officer finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from marshmallow import Schema
from marshmallow.fields import Field

from epaccs.access.rules import Fact, RoleRow, Scope, Sight, Tier
from epaccs.access.versions import GIVEN_BY_A_VERSION, SIGHT_LABELS, TIER_LABELS, TIERS, changed_row
from epaccs.core.forms import Choice, Choices, FormField, FreeText, TypedDateTime

OUTCOMES = {
    "justified": "Justified",
    "to_follow_up": "To follow up",
    "not_justified": "Not justified",
}


class ReviewSchema(Schema):
    """One finding on one opening."""

    outcome = Choice("What did you find?", OUTCOMES, required=True, ask="Choose what you found")
    note = FreeText("Note", hint="Needed unless it was justified", rows=2, limit=2000)


#: The box of each tier that a version changes.
_SEES: Final = {tier: f"sees_{tier.value.lower()}" for tier in TIERS[1:]}


class WhySchema(Schema):
    """Why another table is wanted, and from when."""

    reason = FreeText(
        "Why?", hint="Everybody who looks at the versions reads it", ask="Say why", required=True, rows=3, limit=2000
    )
    valid_from = TypedDateTime(
        "From when?", called="moment from which it holds", hint="Leave blank: as soon as it is approved", future=True
    )


def build_row_schema(row: RoleRow) -> Schema:
    """The questions about one line of the access table, with what can be chosen for it."""
    fields: dict[str, Field[Any]] = {**dict(_questions(row)), **WhySchema().fields}
    return Schema.from_dict(fields, name="RowSchema")()


def _questions(row: RoleRow) -> Iterator[tuple[str, FormField]]:
    for tier, name in _SEES.items():
        offered = [Sight.YES, Sight.INCIDENT, Sight.RESIDENTS, Sight.NO]
        words = {str(one): SIGHT_LABELS[one] for one in dict.fromkeys([row.sights[tier], *offered])}
        yield name, Choice(f"Sees {TIER_LABELS[tier]}", words, called=TIER_LABELS[tier], enum=Sight, required=True)
    yield "reaches", Choices("Whom does it reach?", {str(one): str(one) for one in Scope}, enum=Scope, required=True)
    may = {str(one): one.removeprefix("role ") for one in Fact if one in GIVEN_BY_A_VERSION}
    yield "may", Choices("What may it do?", may, enum=Fact)


def answers_of_row(row: RoleRow) -> dict[str, Any]:
    """A line of the table as the form shows it."""
    sees = {name: row.sights[tier] for tier, name in _SEES.items()}
    return {**sees, "reaches": list(row.scopes), "may": [one for one in Fact if one in row.facts & GIVEN_BY_A_VERSION]}


def read_row(row: RoleRow, answers: dict[str, Any]) -> RoleRow:
    """The line as the form wants it."""
    sights: dict[Tier, Sight] = {tier: answers[name] for tier, name in _SEES.items()}
    return changed_row(row, sights=sights, scopes=answers["reaches"], facts=answers["may"] or ())
