"""Who talked with the person about the future, when, and who was there."""

from __future__ import annotations

from datetime import date

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration, newest_first
from epaccs.core.fields import format_date
from epaccs.core.forms import Choice, Choices, ShortText, TypedDate
from epaccs.versions.rules import Value

TOOLS = {
    "gold_standards": "Gold Standards Framework",
    "preferred_priorities": "Preferred priorities document",
    "amber": "AMBER care bundle",
    "other": "Another, named below",
}
#: SNOMED CT. Source: SCCI1580 v4.0 item 33.
TOOL_CODES = {"gold_standards": "414937009", "preferred_priorities": "785091000000102"}

TALKS = {
    "person": "With the person",
    "carer": "With the carer",
    "family": "With the family",
    "cpr_carer": "With the carer, about CPR",
    "declined": "The person did not want to talk about it",
    "not_appropriate": "Not the right time",
}
#: SNOMED CT. Source: PRSB P&EoLC v1.1, palliative and end of life care.
TALK_CODES = {
    "person": "713662007",
    "carer": "714361002",
    "family": "713665009",
    "cpr_carer": "1403141000000101",
    "declined": "714747005",
    "not_appropriate": "922321000000108",
}

_SOURCE = "PRSB P&EoLC v1.1, palliative and end of life care, involvement in advance care planning"


class PlanningSchema(Schema):
    """Which tools are in use."""

    tools = Choices("Tools in use", TOOLS, codes=TOOL_CODES, source="SCCI1580 item 33")
    tools_note = ShortText("Which other tool, or where its paper is", called="note on the tools", limit=300,
                           source="SCCI1580 item 33", place=True)  # fmt: skip
    next_talk = PlanText("What is still to be talked about", rows=3, source="local list")


class TalkSchema(Schema):
    """One conversation, or that there was none."""

    kind = Choice("What took place?", TALKS, codes=TALK_CODES, required=True, source=_SOURCE)
    held_on = TypedDate("Date", called="date of the conversation", required=True, source=_SOURCE)
    said = PlanText("What was said", source=_SOURCE)
    with_name = ShortText("Who else was there?", called="name of who was there", limit=200, source=_SOURCE)
    with_relationship = ShortText("Their relationship to the person", source=_SOURCE)
    with_relationship_type = ShortText(
        "What they are besides",
        called="further part of who was there",
        hint="Carer, next of kin",
        source=_SOURCE,
        detail=True,
    )
    with_role = ShortText("Their role, if a professional", called="role of who was there", source=_SOURCE, detail=True)


def title(item: Value) -> str:
    """How one line is named in a list."""
    return f"{format_date(date.fromisoformat(item['held_on']))}: {TALKS[item['kind']].lower()}"


PLANNING = SectionDeclaration(
    name="planning",
    label="Conversations about the future",
    lead="Every talk about what is to come, and every time the person did not want one.",
    tier=Tier.T2_COORDINATION,
    critical=False,
    schema=PlanningSchema,
    items=Items(TalkSchema, "conversation", title, rank=newest_first("held_on")),
    source="SCCI1580 v4.0 item 33; PRSB P&EoLC v1.1, palliative and end of life care",
)
