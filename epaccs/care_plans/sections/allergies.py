"""Allergies and adverse reactions, with three different negatives: none known, not recorded, unavailable."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans.rules import Stage
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.errors import RuleBroken
from epaccs.core.forms import Choice, ConceptCode, ShortText, TypedDate
from epaccs.versions.registry import Context, high
from epaccs.versions.rules import Value, present_items

STATUS = {
    "known": "Known allergies, listed below",
    "none_known": "No known allergies",
    "unavailable": "Allergies unavailable: asked, and nobody could say",
}
CERTAINTY = {"confirmed": "Confirmed", "likely": "Likely", "reported": "Reported, not confirmed"}
KINDS = {"allergy": "Allergy", "intolerance": "Intolerance", "unsure": "Not known which"}
SEVERITY = {"mild": "Mild", "moderate": "Moderate", "severe": "Severe"}

#: SNOMED CT. Source: PRSB P&EoLC v1.1, allergies.
STATUS_CODES = {"none_known": "716186003", "unavailable": "196471000000108"}

_PRSB = "PRSB P&EoLC v1.1, allergies and adverse reactions"


class AllergiesSchema(Schema):
    """Whether there are any."""

    status = Choice(
        "Allergies", STATUS, codes=STATUS_CODES, required=True, source="SCCI1580 item 30; " + _PRSB, card=True
    )


class AllergySchema(Schema):
    """One agent and what it does."""

    agent = ShortText(
        "What is the person allergic to?", called="agent", required=True, source="SCCI1580 item 30", card=True
    )
    reaction = ShortText("What happens?", called="reaction", limit=300, source="SCCI1580 item 30", card=True)
    certainty = Choice("How sure is this?", CERTAINTY, source=_PRSB, stage=Stage.YEAR)
    agent_code = ConceptCode("Code of the agent (dm+d or SNOMED CT)", called="code of the agent", source=_PRSB)
    kind = Choice("Allergy or intolerance?", KINDS, source=_PRSB)
    substance = ShortText("What exactly set it off?", called="substance", limit=300, source=_PRSB, detail=True)
    substance_code = ConceptCode("SNOMED CT code of the substance", source=_PRSB)
    reaction_code = ConceptCode("SNOMED CT code of the reaction", source=_PRSB)
    severity = Choice("How severe was it?", SEVERITY, source=_PRSB)
    route = ShortText("How did it get into the body?", called="route", limit=150, source=_PRSB, detail=True)
    route_code = ConceptCode("SNOMED CT code of the route", source=_PRSB)
    began_on = ShortText(
        "When did it happen first?", called="date it happened first", limit=30, source=_PRSB, detail=True
    )
    last_on = TypedDate("Date it happened last", source=_PRSB, detail=True)
    ended_on = TypedDate("Date from which it no longer holds", source=_PRSB, detail=True)
    evidence = ShortText("How is this known?", called="evidence", limit=150, source=_PRSB, detail=True)
    comment = PlanText("Comment", rows=2, source=_PRSB, detail=True)


def check_allergies(value: Value, _context: Context) -> None:
    """No known allergies and a list of allergies cannot both be true (hazard H-12)."""
    if value.get("status") in ("none_known", "unavailable") and present_items(value):
        raise RuleBroken("Remove the allergies listed, or choose that there are known allergies", field="status")


ALLERGIES = SectionDeclaration(
    name="allergies",
    label="Allergies",
    lead="Allergies and adverse reactions. Say so when there are none.",
    tier=Tier.T1_EMERGENCY,
    critical=True,
    schema=AllergiesSchema,
    items=Items(AllergySchema, "allergy", lambda item: str(item["agent"])),
    check=check_allergies,
    severity=high,
    empty="Allergies not recorded",
    source="SCCI1580 v4.0 item 30; CUI allergy labels",
)
