"""If this happens, do that, and call them: thought out by daylight for somebody who comes at night."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.forms import ConceptCode, ShortText, Telephone, TypedDate, YesNo

_SOURCE = "PRSB P&EoLC v1.1, contingency plans"


class ContingencySchema(Schema):
    """What goes before all plans."""

    warning_signs = PlanText("First signs that it is getting worse", rows=3, source=_SOURCE)
    warning_signs_code = ConceptCode("SNOMED CT code of the first sign", source=_SOURCE)
    coping = PlanText("What helps, and what the person does themselves", called="what helps", rows=3, source=_SOURCE)
    coping_from = TypedDate("Date from which that helps", source=_SOURCE, detail=True)
    coping_to = TypedDate("Date until which it helped", source=_SOURCE, detail=True)


class PlanSchema(Schema):
    """One plan."""

    trigger = ShortText(
        "If this happens", hint="Bleeding, a fit, breathlessness, a fall", limit=300, required=True,
        source=_SOURCE, card=True,
    )  # fmt: skip
    trigger_code = ConceptCode("SNOMED CT code of what happens", source=_SOURCE)
    what_to_do = PlanText("Do this", called="thing to do", rows=3, required=True, source=_SOURCE, card=True)
    what_to_do_code = ConceptCode("SNOMED CT code of what is done", source=_SOURCE)
    contact_name = ShortText("And call", called="name of whom to call", limit=200, source=_SOURCE, card=True)
    contact_role = ShortText("Who they are", called="role of whom to call", limit=150, source=_SOURCE, detail=True)
    contact_telephone = Telephone("On this number", called="number to call", source=_SOURCE, card=True)
    plan_name = ShortText("Name of a plan that says more", limit=150, source=_SOURCE, detail=True)
    plan_code = ConceptCode("SNOMED CT code of that plan", source=_SOURCE)
    agreed = YesNo("Was it agreed with the person or somebody for them?", source=_SOURCE)
    agreed_with = ShortText("With whom?", called="name of who agreed", limit=150, source=_SOURCE, detail=True)
    agreed_role = ShortText(
        "Who they are to the person", called="role of who agreed", limit=150, source=_SOURCE, detail=True
    )
    review_on = TypedDate("Date to look at it again", future=True, source=_SOURCE, detail=True)
    reviewer_name = ShortText(
        "Who sees to that?", called="name of the reviewer", limit=150, source=_SOURCE, detail=True
    )
    reviewer_role = ShortText("Role of the reviewer", limit=150, source=_SOURCE, detail=True)
    reviewer_telephone = Telephone("Telephone of the reviewer", source=_SOURCE, detail=True)


CONTINGENCY = SectionDeclaration(
    name="contingency",
    label="If something happens",
    lead="If this happens, do that, and call them.",
    tier=Tier.T1_EMERGENCY,
    critical=False,
    schema=ContingencySchema,
    items=Items(PlanSchema, "plan", lambda item: f"If: {item['trigger']}"),
    source="PRSB P&EoLC v1.1, contingency plans",
)
