"""Capacity for one decision at one time: presumed, assessed, and never a trait of the person."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans import rules
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.forms import Choice, ShortText, Telephone, TypedDate
from epaccs.versions.registry import Context, high
from epaccs.versions.rules import Value, present_items

OUTCOME = {
    "has": "Has capacity for this decision",
    "lacks": "Lacks capacity for this decision",
    "wait": "May regain it: the decision can wait",
}

ADVOCATE = {
    "not_needed": "Not needed: somebody close can be consulted",
    "instructed": "Instructed, report awaited",
    "reported": "Has reported",
    "urgent": "Needed, but it was too urgent to wait",
}

_SOURCE = "PRSB P&EoLC v1.1, legal information; Mental Capacity Act 2005 s2-s5"


class AssessmentSchema(Schema):
    """One decision, one assessment."""

    decision = ShortText("Which decision is it about?", called="decision", limit=300, required=True, source=_SOURCE)
    outcome = Choice("What was found?", OUTCOME, required=True, source=_SOURCE)
    assessed_on = TypedDate("Date assessed", required=True, source=_SOURCE)
    assessed_by = ShortText(
        "Who assessed it?", called="name of the assessor", hint="Name and role", limit=200, source=_SOURCE
    )
    grounds = PlanText(
        "Which impairment, and what the person could not do",
        hint="Understand, keep in mind, weigh, or say what they decide. Say what was done to help",
        called="grounds",
        source=_SOURCE,
    )
    best_interests = PlanText(
        "What was decided in the person's best interests, and with whom",
        called="best interests decision",
        source=_SOURCE,
    )
    advocate = Choice("Independent mental capacity advocate (IMCA)", ADVOCATE, source="Mental Capacity Act 2005 s37")
    advocate_name = ShortText("Name of the advocate", detail=True)
    advocate_telephone = Telephone("Telephone of the advocate", detail=True)
    document_location = ShortText(
        "Where is the assessment kept?",
        called="place where the assessment is kept",
        limit=300,
        source=_SOURCE,
        place=True,
    )


def title(item: Value) -> str:
    """How one line is named in a list."""
    return f"{item['decision']}: {OUTCOME[item['outcome']].lower()}"


def check_capacity(value: Value, _context: Context) -> None:
    """What a finding needs beside it (hazard H-08)."""
    for item in present_items(value).values():
        rules.check_capacity(item)


CAPACITY = SectionDeclaration(
    name="capacity",
    label="Capacity, decision by decision",
    lead="Everybody has capacity until it was assessed otherwise, for one decision at one time.",
    tier=Tier.T1_EMERGENCY,
    critical=True,
    items=Items(AssessmentSchema, "assessment", title),
    check=check_capacity,
    severity=high,
    source="Mental Capacity Act 2005 s1-s6, s37",
)
