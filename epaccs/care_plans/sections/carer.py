"""The carer as a person with needs of their own."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Permission, Tier
from epaccs.care_plans import rules
from epaccs.care_plans.sections.declaration import PlanText, SectionDeclaration
from epaccs.core.forms import Choice, ShortText, TypedDate, YesNoUnknown
from epaccs.versions.registry import Context
from epaccs.versions.rules import Value

ASSESSMENT = {
    "offered": "Offered, not yet answered",
    "declined": "Offered and declined",
    "planned": "Accepted and planned",
    "done": "Done",
    "no_carer": "There is no carer",
}


class CarerSchema(Schema):
    """Whether somebody asked, and what was found."""

    assessment = Choice("Assessment of the carer's needs", ASSESSMENT, source="SCCI1580 item 16; Care Act 2014 s10")
    assessment_on = TypedDate("Date offered or done", source="SCCI1580 item 16")
    assessed_by = ShortText("By whom?", called="name of who offered or did it", limit=200)
    needs = PlanText("What the carer needs to go on caring", called="needs for caring", source="carer support needs")
    own_needs = PlanText(
        "What the carer needs for themselves", called="needs of their own", source="carer support needs"
    )
    arranged = PlanText("What was arranged", rows=3)
    can_cope = YesNoUnknown("Can the carer manage at home until the next visit?")
    young_carer = YesNoUnknown("Does somebody under 18 help to care?")


def check_carer(value: Value, _context: Context) -> None:
    """An assessment that took place has its day."""
    rules.check_carer(value)


CARER = SectionDeclaration(
    name="carer",
    label="The carer's needs",
    lead="Whoever cares is offered an assessment of their own. What they say is not shown to the person.",
    tier=Tier.T2_COORDINATION,
    critical=False,
    schema=CarerSchema,
    permission=Permission.EDIT_CONTACTS,
    check=check_carer,
    source="SCCI1580 v4.0 item 16; Care Act 2014 s10",
)
