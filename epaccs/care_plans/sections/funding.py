"""Who pays, and which benefits were claimed: so that nobody applies twice, and nobody forgets."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Permission, Tier
from epaccs.care_plans import rules
from epaccs.care_plans.sections.declaration import PlanText, SectionDeclaration
from epaccs.core.forms import Choice, ShortText, TypedDate
from epaccs.versions.registry import Context
from epaccs.versions.rules import Value

FAST_TRACK = {
    "not_applied": "Not applied for",
    "submitted": "Applied for",
    "approved": "Approved",
    "declined": "Declined",
    "ended": "Ended",
}
SPECIAL_RULES = {
    "discussed": "Talked about",
    "declined": "The person does not want it",
    "completed": "Form completed",
}
#: SNOMED CT, as the standard still names them: for DS1500, which SR1 replaced. Source: PRSB P&EoLC v1.1.
SPECIAL_RULES_CODES = {"discussed": "871631000000101", "declined": "768381000000107", "completed": "514591000000108"}

_PRSB = "PRSB P&EoLC v1.1, palliative care financial support"


class FundingSchema(Schema):
    """Continuing healthcare, benefits, and whoever else pays."""

    fast_track = Choice(
        "Fast-track continuing healthcare",
        FAST_TRACK,
        source="NHS continuing healthcare, fast track",
        stage=rules.Stage.WEEKS,
    )
    fast_track_on = TypedDate(
        "Date applied for or answered", called="date of the fast-track decision", stage=rules.Stage.WEEKS
    )
    special_rules = Choice(
        "Benefits under the special rules for end of life (SR1)",
        SPECIAL_RULES,
        codes=SPECIAL_RULES_CODES,
        source=_PRSB,
    )
    special_rules_on = TypedDate("Date talked about or completed", called="date of the SR1", source=_PRSB)
    paid_by = ShortText(
        "Who pays for care", limit=300, source="PRSB P&EoLC v1.1, care and support plan, care funding source"
    )
    paid_by_code = ShortText(
        "ODS code of the organisation that pays",
        limit=10,
        source="PRSB P&EoLC v1.1, care and support plan, care funding source",
        detail=True,
    )
    note = PlanText("Other financial support", rows=3, source=_PRSB)


def check_funding(value: Value, _context: Context) -> None:
    """What was sent or answered has its day."""
    rules.check_funding(value)


FUNDING = SectionDeclaration(
    name="funding",
    label="Funding and benefits",
    lead="What was applied for and granted, with the day.",
    tier=Tier.T2_COORDINATION,
    critical=False,
    schema=FundingSchema,
    permission=Permission.EDIT_CONTACTS,
    check=check_funding,
    source="PRSB P&EoLC v1.1, palliative care financial support",
)
