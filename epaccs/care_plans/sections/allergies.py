"""Allergies and adverse reactions, with three different negatives: none known, not recorded, unavailable."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans.sections.declaration import Items, SectionDeclaration
from epaccs.core.errors import RuleBroken
from epaccs.core.forms import Choice, ShortText
from epaccs.versions.registry import Body, Context
from epaccs.versions.rules import Severity, Value, present_items

STATUS = {
    "known": "Known allergies, listed below",
    "none_known": "No known allergies",
    "unavailable": "Allergies unavailable: asked, and nobody could say",
}
CERTAINTY = {"confirmed": "Confirmed", "likely": "Likely", "reported": "Reported, not confirmed"}

#: SNOMED CT. Source: PRSB palliative and end of life care standard, allergies.
NONE_KNOWN_CODE = "716186003"


class AllergiesSchema(Schema):
    """Whether there are any."""

    status = Choice("Allergies", STATUS, required=True, source="SCCI1580 item 30", card=True)


class AllergySchema(Schema):
    """One agent and what it does."""

    agent = ShortText(
        "What is the person allergic to?", called="agent", required=True, source="SCCI1580 item 30", card=True
    )
    reaction = ShortText("What happens?", called="reaction", limit=300, source="SCCI1580 item 30", card=True)
    certainty = Choice("How sure is this?", CERTAINTY)


def check_allergies(value: Value, _context: Context) -> None:
    """No known allergies and a list of allergies cannot both be true (hazard H-12)."""
    if value.get("status") in ("none_known", "unavailable") and present_items(value):
        raise RuleBroken("Remove the allergies listed, or choose that there are known allergies", field="status")


def _severity(_body: Body, _current: Value | None) -> Severity:
    return Severity.HIGH


ALLERGIES = SectionDeclaration(
    name="allergies",
    label="Allergies",
    lead="Allergies and adverse reactions. Say so when there are none.",
    tier=Tier.T1_EMERGENCY,
    critical=True,
    schema=AllergiesSchema,
    items=Items(AllergySchema, "allergy", lambda item: str(item["agent"])),
    check=check_allergies,
    severity=_severity,
    empty="Allergies not recorded",
    source="SCCI1580 v4.0 item 30; CUI allergy labels",
)
