"""Faith, donation, and what should happen after death."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Permission, Tier
from epaccs.care_plans.rules import Stage
from epaccs.care_plans.sections.declaration import PlanText, SectionDeclaration
from epaccs.core.forms import Choice, ConceptCode, ShortText, Telephone

DONATION = {
    "opted_in": "Registered to donate",
    "opted_out": "Has opted out of donation",
    "representative": "Has named a representative who decides",
    "wishes": "Wishes to donate, not registered",
    "asked_undecided": "Asked, and undecided",
    "not_checked": "The national register was not checked",
}


class FaithSchema(Schema):
    """Belief, donation, and care after death."""

    religion = ShortText("Religion or belief", limit=150, source="PRSB P&EoLC v1.1, person; SCCI1580 item 58")
    religion_code = ConceptCode("SNOMED CT code of the religion", source="PRSB P&EoLC v1.1, person")
    faith_needs = PlanText(
        "What faith or culture asks for, now and when death is near",
        called="needs of faith or culture",
        source="SCCI1580 item 58",
    )
    spiritual_contact = ShortText("Whom to call for spiritual support", limit=200, source="SCCI1580 item 24")
    spiritual_telephone = Telephone("Their telephone number", called="telephone number", source="SCCI1580 item 25")
    donation = Choice("Organ and tissue donation", DONATION, source="PRSB P&EoLC v1.1, person; SCCI1580 item 58")
    donation_note = PlanText("What may be donated, or to whom the body goes", rows=2, source="SCCI1580 item 58")
    after_death = PlanText(
        "Care after death",
        hint="Who may wash and touch; how soon; burial or cremation; whom to call first",
        source="SCCI1580 item 58",
        stage=Stage.WEEKS,
    )
    funeral = PlanText("What is arranged for the funeral", rows=3, source="SCCI1580 item 58", stage=Stage.DAYS)


FAITH = SectionDeclaration(
    name="faith",
    label="Faith, donation and after death",
    lead="What belief asks for, whether organs or tissue may be given, and what happens afterwards.",
    tier=Tier.T2_COORDINATION,
    critical=False,
    schema=FaithSchema,
    permission=Permission.EDIT_CONTACTS,
    source="SCCI1580 v4.0 item 58; PRSB P&EoLC v1.1, person",
)
