"""How to speak with the person, and what a service has to change so that they can use it."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Permission, Tier
from epaccs.care_plans import rules
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.forms import Choice, Choices, ConceptCode, ShortText
from epaccs.versions.registry import Context
from epaccs.versions.rules import Value

INTERPRETER = {"needed": "Needed", "not_needed": "Not needed", "signing": "Needed: sign language"}
#: SNOMED CT. Source: SCCI1580 v4.0 item 14.
INTERPRETER_CODES = {"needed": "315594003", "not_needed": "315595002"}

DISABILITIES = {
    "hearing": "Hearing loss",
    "sight": "Impaired sight",
    "communicating": "Difficulty communicating",
    "cognition": "Impaired cognition",
    "summoning_help": "Cannot summon help",
    "safety": "Cannot recognise risks to their safety",
    "none_known": "No disability known",
    "none_reported": "The person says they have none",
}
#: SNOMED CT. Source: SCCI1580 v4.0 item 28.
DISABILITY_CODES = {
    "hearing": "15188001",
    "sight": "397540003",
    "communicating": "288579009",
    "cognition": "386806002",
    "summoning_help": "325541000000106",
    "safety": "914271000000103",
    "none_known": "750691000000106",
    "none_reported": "703154009",
}

ADJUSTMENT = {
    "contact": "How to get in touch",
    "format": "How information is given",
    "support": "Help with communication",
    "professional": "Somebody to communicate through",
    "other": "Another change",
}

_PRSB = "PRSB P&EoLC v1.1, individual requirements"


class CommunicationSchema(Schema):
    """Language, and what stands in the way."""

    spoken_language = ShortText(
        "Preferred spoken language", source="SCCI1580 item 15; NHS England EoL data set", card=True
    )
    spoken_language_code = ConceptCode("SNOMED CT code of the language", source="SCCI1580 item 15")
    read_language = ShortText("Preferred language to read", source="NHS England EoL data set")
    interpreter = Choice(
        "Interpreter",
        INTERPRETER,
        hint="A relative is no interpreter for a talk about CPR",
        codes=INTERPRETER_CODES,
        source="SCCI1580 item 14",
        card=True,
    )
    disabilities = Choices(
        "Disability", DISABILITIES, codes=DISABILITY_CODES, source=f"SCCI1580 item 28; {_PRSB}", card=True
    )
    disability_note = PlanText(
        "More about it, and other disabilities", called="account of the disability", rows=3, source=_PRSB
    )
    cognition = PlanText("Memory, thinking, and how it affects talking together", rows=3, source=_PRSB, clinical=True)
    mobility = PlanText("Moving about", hint="Walks, with what aid; transfers; hoist", rows=3, source=_PRSB)
    mobility_code = ConceptCode("SNOMED CT code of the mobility need", source=_PRSB)
    other = PlanText("Other individual requirements", rows=3, source=_PRSB)


class AdjustmentSchema(Schema):
    """One change that a service has to make."""

    kind = Choice(
        "What does it concern?", ADJUSTMENT, required=True, source=f"Accessible Information Standard; {_PRSB}"
    )
    needed = ShortText("What has to be done?", called="change", limit=300, required=True, source=_PRSB)
    code = ConceptCode(source=f"Accessible Information Standard; {_PRSB}")
    consequence = PlanText("What happens if it is not done?", called="consequence", rows=2, source=_PRSB)


def check_communication(value: Value, _context: Context) -> None:
    """Nobody has both a disability and none."""
    rules.check_disabilities(value.get("disabilities") or [])


COMMUNICATION = SectionDeclaration(
    name="communication",
    label="Communication and individual requirements",
    lead="How to speak with the person, and what every service has to change for them.",
    tier=Tier.T1_EMERGENCY,
    critical=False,
    schema=CommunicationSchema,
    items=Items(AdjustmentSchema, "reasonable adjustment", lambda item: str(item["needed"])),
    permission=Permission.EDIT_CONTACTS,
    check=check_communication,
    needs=True,
    source="SCCI1580 v4.0 items 14, 15, 28; PRSB individual requirements; Accessible Information Standard (DCB1605)",
)
