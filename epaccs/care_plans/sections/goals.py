"""What the person needs and hopes for, and what is being done about it."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.forms import Choice, ConceptCode, ShortText, Telephone, TypedDate, WholeNumber, YesNo

ACTION_STATUS = {"planned": "Planned", "under_way": "Under way", "done": "Done", "given_up": "Given up"}
GOAL_STATUS = {
    "open": "Not yet reached",
    "partly": "Partly reached",
    "reached": "Reached",
    "changed": "No longer wanted",
}

_SOURCE = "PRSB P&EoLC v1.1, care and support plan"


class GoalsSchema(Schema):
    """The plan as a whole."""

    strengths = PlanText("What the person is good at and can still do", called="strengths", rows=3, source=_SOURCE)
    strengths_code = ConceptCode("SNOMED CT code of the strength", source=_SOURCE)
    agreed = YesNo("Was the plan agreed with the person or somebody for them?", source=_SOURCE)
    agreed_name = ShortText("With whom was it agreed?", called="name of who agreed", limit=150, source=_SOURCE)
    agreed_role = ShortText(
        "Who they are to the person", called="role of who agreed", limit=150, source=_SOURCE, detail=True
    )
    other_documents = PlanText(
        "Other papers about care, and where they are", rows=2, source=_SOURCE, place=True, detail=True
    )
    review_on = TypedDate("Date for review of these goals", future=True, source=_SOURCE, detail=True)
    responsible_name = ShortText(
        "Who reviews them?", called="name of who reviews the goals", limit=150, source=_SOURCE, detail=True
    )
    responsible_role = ShortText("Role of who reviews them", limit=150, source=_SOURCE, detail=True)
    responsible_organisation = ShortText("Organisation of who reviews them", limit=255, source=_SOURCE, detail=True)
    responsible_telephone = Telephone("Telephone of who reviews them", source=_SOURCE, detail=True)


class GoalSchema(Schema):
    """One need, the hope behind it, and the steps."""

    need = ShortText("What is needed, or troubles the person", called="need", limit=300, required=True, source=_SOURCE)
    need_code = ConceptCode("SNOMED CT code of the need", source=_SOURCE)
    goal = PlanText("What the person hopes for", called="goal", rows=2, source=_SOURCE)
    goal_code = ConceptCode("SNOMED CT code of the goal", source=_SOURCE)
    importance = WholeNumber("How important is it to the person?", called="importance", hint="1 little, 10 very",
                             lowest=1, highest=10, source=_SOURCE)  # fmt: skip
    done = PlanText("What is done", called="action", rows=2, source=_SOURCE)
    action_code = ConceptCode("SNOMED CT code of what is done", source=_SOURCE)
    action_by = ShortText("By whom", called="name of who does it", limit=200, source=_SOURCE)
    action_role = ShortText("Their role", called="role of who does it", limit=150, source=_SOURCE, detail=True)
    action_team = ShortText("Their team", called="team of who does it", limit=150, source=_SOURCE, detail=True)
    action_telephone = Telephone(
        "Their telephone number", called="telephone number of who does it", source=_SOURCE, detail=True
    )
    action_when = ShortText("When", called="time of the action", limit=150, source=_SOURCE)
    strategies = PlanText("What may help to get there", called="strategies", rows=2, source=_SOURCE, detail=True)
    action_status = Choice("How far is it?", ACTION_STATUS, source=_SOURCE)
    action_status_note = ShortText(
        "More about that", called="note on how far it is", limit=300, source=_SOURCE, detail=True
    )
    action_status_code = ConceptCode("SNOMED CT code of how far it is", source=_SOURCE)
    confidence = WholeNumber("How sure is the person that it will work?", called="confidence", hint="1 little, 10 very",
                             lowest=1, highest=10, source=_SOURCE, detail=True)  # fmt: skip
    step = PlanText("Next step on the way", called="next step", rows=2, source=_SOURCE, detail=True)
    step_code = ConceptCode("SNOMED CT code of the next step", source=_SOURCE)
    step_outcome = PlanText("What came of that step", called="outcome of the step", rows=2, source=_SOURCE, detail=True)
    step_outcome_code = ConceptCode("SNOMED CT code of the outcome of the step", source=_SOURCE)
    step_status = Choice("Is the step taken?", GOAL_STATUS, source=_SOURCE, detail=True)
    review_on = TypedDate("Date to look at it again", future=True, source=_SOURCE, detail=True)
    outcome = PlanText("What came of it", called="outcome", rows=2, source=_SOURCE, detail=True)
    outcome_code = ConceptCode("SNOMED CT code of the outcome", source=_SOURCE)
    goal_status = Choice("Is the goal reached?", GOAL_STATUS, source=_SOURCE)


GOALS = SectionDeclaration(
    name="goals",
    label="Needs and goals",
    lead="What the person needs and hopes for, and what is being done about it.",
    tier=Tier.T2_COORDINATION,
    critical=False,
    schema=GoalsSchema,
    items=Items(GoalSchema, "need or goal", lambda item: str(item["need"])),
    source="PRSB P&EoLC v1.1, care and support plan",
)
