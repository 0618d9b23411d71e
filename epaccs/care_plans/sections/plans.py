"""Plans that exist elsewhere, on paper or in another system: which, what they say, where they are, who reviews them."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.forms import Choice, ConceptCode, ShortText, Telephone, TypedDate
from epaccs.versions.rules import Value

KINDS = {
    "advance_care_plan": "Advance care plan",
    "agreement": "Agreement about advance care planning",
    "review": "Review of an advance care plan",
    "escalation": "Treatment escalation plan",
    "emergency": "Emergency health care plan",
    "respect": "ReSPECT form",
    "support": "Another support plan",
}
#: SNOMED CT. Source: PRSB P&EoLC v1.1, palliative and end of life care, end of life care plans.
CODES = {
    "advance_care_plan": "714748000",
    "agreement": "713600001",
    "review": "713580008",
    "escalation": "735324008",
    "emergency": "887701000000100",
    "respect": "1107891000000106",
}

_SOURCE = "PRSB P&EoLC v1.1, end of life care plans, additional support plans"


class PlanSchema(Schema):
    """One plan and whoever answers for it."""

    kind = Choice("Which plan?", KINDS, codes=CODES, as_list=True, required=True, source=_SOURCE)
    name = ShortText("Its name, if it has another", called="name of the plan", limit=200, source=_SOURCE)
    contents = PlanText("What it says", called="contents of the plan", source=_SOURCE)
    name_code = ConceptCode("SNOMED CT code of its name", source=_SOURCE)
    location = ShortText("Where is it?", called="place of the plan", limit=300, source=_SOURCE, place=True)
    updated_on = TypedDate("Date last changed", called="date of the plan", source=_SOURCE)
    review_on = TypedDate("Date for review", future=True, source=_SOURCE)
    reviewer_name = ShortText("Who reviews it?", called="name of the reviewer", limit=150, source=_SOURCE)
    reviewer_role = ShortText("Role of the reviewer", limit=150, source=_SOURCE)
    reviewer_grade = ShortText("Grade of the reviewer", limit=150, source=_SOURCE, detail=True)
    reviewer_specialty = ShortText("Specialty of the reviewer", limit=150, source=_SOURCE, detail=True)
    reviewer_number = ShortText("Professional number of the reviewer", limit=32, source=_SOURCE, detail=True)
    reviewer_organisation = ShortText("Organisation of the reviewer", limit=255, source=_SOURCE, detail=True)
    reviewer_telephone = Telephone("Telephone of the reviewer", source=_SOURCE, detail=True)


def title(item: Value) -> str:
    """How one line is named in a list."""
    return str(item.get("name") or KINDS[item["kind"]])


PLANS = SectionDeclaration(
    name="plans",
    label="Other plans",
    lead="Plans that are kept elsewhere. This register does not replace them, and they do not replace it.",
    tier=Tier.T2_COORDINATION,
    critical=False,
    items=Items(PlanSchema, "plan kept elsewhere", title),
    source="PRSB P&EoLC v1.1, palliative and end of life care, additional support plans",
)
