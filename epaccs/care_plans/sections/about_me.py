"""What matters to the person, in their own words; nobody else rewrites it."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Permission, Tier
from epaccs.care_plans.sections.declaration import PlanText, SectionDeclaration
from epaccs.core.forms import Choice, ShortText, TypedDate

LIFE_OR_COMFORT = {
    "life": "Whatever may lengthen life comes first",
    "rather_life": "Rather length of life than comfort",
    "both": "Both alike",
    "rather_comfort": "Rather comfort than length of life",
    "comfort": "Comfort comes first",
}

_SOURCE = "PRSB About Me v2.01; PRSB P&EoLC v1.1, about me"


class AboutMeSchema(Schema):
    """Their own voice, heading by heading."""

    most_important = PlanText(
        "What is most important to me", source=_SOURCE, code="1515861000000103", card=True, in_own_words=True
    )
    people = PlanText(
        "People who are important to me",
        source=_SOURCE,
        code="1515871000000105",
        tier=Tier.T2_COORDINATION,
        in_own_words=True,
    )
    communication = PlanText(
        "How I make myself understood, and how to talk with me",
        source=_SOURCE,
        code="1515881000000107",
        in_own_words=True,
    )
    wellness = PlanText(
        "How I am on a good day, and what changes when I am not well",
        source=_SOURCE,
        code="1515891000000109",
        clinical=True,
        in_own_words=True,
    )
    do_and_do_not = PlanText("Please do, and please do not", source=_SOURCE, code="1515901000000105", in_own_words=True)
    support = PlanText("How and when to help me", source=_SOURCE, code="1515911000000107", in_own_words=True)
    also = PlanText("What else is worth knowing about me", source=_SOURCE, code="1515921000000101", in_own_words=True)
    valued = PlanText(
        "What I value most about my life now",
        source="emergency plan, what matters to me",
        tier=Tier.T2_COORDINATION,
        in_own_words=True,
    )
    feared = PlanText(
        "What I fear most and want to avoid",
        source="emergency plan, what matters to me",
        tier=Tier.T2_COORDINATION,
        in_own_words=True,
    )
    life_or_comfort = Choice(
        "If I had to choose between length of life and comfort",
        LIFE_OR_COMFORT,
        source="emergency plan, what matters to me",
        clinical=True,
    )
    written_on = TypedDate("Date written or last changed", source=_SOURCE)
    helped_by = ShortText("Who helped to write it?", called="name of who helped", limit=150, source=_SOURCE)
    recording = ShortText(
        "Where is a recording or a film of it?", called="place of the recording", limit=300, source=_SOURCE, detail=True
    )


ABOUT_ME = SectionDeclaration(
    name="about_me",
    label="What matters to me",
    lead="In the person's own words, as they said or wrote it. Nobody else rewrites it.",
    tier=Tier.T1_EMERGENCY,
    critical=False,
    schema=AboutMeSchema,
    permission=Permission.EDIT_CONTACTS,
    needs=True,
    source="PRSB About Me v2.01; emergency plan, what matters to me",
)
