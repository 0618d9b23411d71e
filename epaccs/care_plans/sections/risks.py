"""What whoever comes to the door must know: implanted defibrillator, oxygen, infection, dog, how to get in."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans.rules import Stage
from epaccs.care_plans.sections.declaration import PlanText, SectionDeclaration
from epaccs.core.forms import Choice, Choices, ShortText, YesNo

ICD = {
    "active": "Active",
    "deactivated": "Shock function switched off",
    "none": "None",
    "unknown": "Not known",
}


ALERTS = {
    "bleeding": "Risk of a catastrophic bleed",
    "cord": "Risk of spinal cord compression",
    "seizures": "Seizures",
    "latex": "Latex allergy",
    "radioactive": "Radioactive or cytotoxic treatment",
    "moving": "Needs special moving and handling",
    "lone_worker": "Do not visit alone",
    "firearms": "Firearms in the home",
    "misuse": "Controlled drugs at risk of misuse",
}


class RisksSchema(Schema):
    """Alerts and access to the home."""

    icd = Choice("Implanted defibrillator (ICD)", ICD, source="PRSB alerts", card=True, clinical=True)
    pacemaker = YesNo("Pacemaker?", card=True, clinical=True)
    oxygen = YesNo("Oxygen at home?", hint="Fire risk: no smoking, no flames", card=True, clinical=True)
    infection = ShortText("Infection to know of", limit=300, card=True, clinical=True)
    alerts = Choices("Other alerts", ALERTS, source="PRSB alerts", card=True, clinical=True)
    animals = ShortText("Dog or other animal", limit=200, card=True)
    other = PlanText("Other risk to the person or to whoever visits", rows=3, card=True, clinical=True)
    safeguarding = PlanText("Safeguarding concern", rows=3, source="local list", tier=Tier.T3_SENSITIVE, clinical=True)
    access_note = ShortText("Getting in", hint="Which door, who opens", limit=300, card=True, place=True,
                            ages=180, ages_as="Getting in")  # fmt: skip
    key_safe_place = ShortText(
        "Where is the key safe?", called="place of the key safe", limit=200, card=True, place=True,
        ages=180, ages_as="Place of the key safe",
    )  # fmt: skip
    key_safe_code = ShortText(
        "Key safe code",
        hint="Masked on every page; each look is recorded; never printed",
        limit=20,
        card=True,
        masked=True,
        place=True,
        ages=180,
        ages_as="Code of the key safe",
    )


RISKS = SectionDeclaration(
    name="risks",
    label="Alerts and access",
    lead="What a crew must know before they act or come in.",
    tier=Tier.T1_EMERGENCY,
    critical=False,
    stage=Stage.YEAR,
    schema=RisksSchema,
    needs=True,
    source="PRSB palliative and end of life care standard, alerts",
)
