"""What this area asks besides the standards, as it was asked and answered."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.forms import ShortText

_SOURCE = "the area's own questions"


class LocalAnswerSchema(Schema):
    """One question in the words in which it was asked, and its answer."""

    question = ShortText("Question", limit=200, required=True, source=_SOURCE)
    answer = PlanText("Answer", rows=2, required=True, source=_SOURCE)


LOCAL = SectionDeclaration(
    name="local",
    label="Asked in this area",
    lead="What the board of this area asks besides the national standards. None of it stands on the emergency card.",
    tier=Tier.T2_COORDINATION,
    critical=False,
    items=Items(LocalAnswerSchema, "local answer", lambda item: str(item["question"]), is_own_form=True),
    source=_SOURCE,
)
