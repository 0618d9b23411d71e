"""How far treatment goes when the person becomes suddenly worse: the ceiling, whatever the CPR decision is."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans.rules import Stage
from epaccs.care_plans.sections.declaration import PlanText, SectionDeclaration
from epaccs.core.forms import Choice, TypedDate
from epaccs.versions.registry import Body
from epaccs.versions.rules import Severity, Value

LEVELS = {
    "full_escalation": "Full treatment, intensive care included",
    "ward_no_icu": "Hospital ward treatment, no intensive care",
    "hospital_for_symptoms": "Hospital for comfort only",
    "treat_at_home": "Treat at home first",
    "comfort_only": "Comfort only, stay where they are",
}

FOCUS = {
    "extend_life": "Extending life comes first",
    "balance": "Balance extending life with comfort",
    "comfort": "Comfort comes first",
}

_ORDER = list(LEVELS)


class TreatmentLevelSchema(Schema):
    """The ceiling, the aim, and what to do in particular."""

    level = Choice(
        "Ceiling of treatment",
        LEVELS,
        hint="The furthest that treatment should go. About everything except CPR",
        required=True,
        source="emergency plan, clinical recommendations",
        card=True,
    )
    clinical_focus = Choice("What care aims at", FOCUS, source="emergency plan, clinical recommendations", card=True)
    guidance = PlanText(
        "Particular treatments",
        hint="What is wanted or not: antibiotics, fluids, admission, ventilation mask, dialysis",
        source="emergency plan, clinical recommendations",
        card=True,
    )
    agreed_with = PlanText(
        "Agreed with",
        hint="The person, an attorney, those close to them, the team",
        rows=2,
        tier=Tier.T2_COORDINATION,
    )
    decided_on = TypedDate("Date decided", source="SCCI1580 item 4")
    contradiction_reason = PlanText(
        "If the CPR decision says otherwise, why do both stand?",
        called="reason why both stand",
        rows=2,
        source="hazard H-16",
    )


def _severity(body: Body, current: Value | None) -> Severity:
    """A held change that would treat less than now is for somebody to look at soon."""
    now, wanted = (current or {}).get("level"), body.get("level")
    if now in _ORDER and wanted in _ORDER and _ORDER.index(wanted) > _ORDER.index(now):
        return Severity.HIGH
    return Severity.ROUTINE


TREATMENT_LEVEL = SectionDeclaration(
    name="treatment_level",
    label="Treatment level",
    lead="How far treatment should go if the person becomes suddenly worse.",
    tier=Tier.T1_EMERGENCY,
    critical=True,
    stage=Stage.YEAR,
    schema=TreatmentLevelSchema,
    severity=_severity,
    source="emergency plan, clinical recommendations",
)
