"""What the person is ill with, in order of weight, and how long they may have."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans import rules
from epaccs.care_plans.sections.declaration import Items, PlanText, SectionDeclaration
from epaccs.core.forms import Choice, ConceptCode, ShortText, TypedDate, YesNo
from epaccs.versions.registry import Context
from epaccs.versions.rules import Value

PROGNOSIS = {
    "days": "Days",
    "weeks": "Weeks",
    "months": "Months",
    "about_a_year": "About a year",
    "more_than_a_year": "More than a year",
}

#: SNOMED CT. Source: SCCI1580 v4.0 item 34; PRSB P&EoLC v1.1, estimated prognosis.
PROGNOSIS_CODES = {
    "days": "511401000000102",
    "weeks": "955231000000109",
    "months": "968211000000101",
    "about_a_year": "767503006",
    "more_than_a_year": "1413121000000106",
}

#: By which the numbers of a report are split: the register is not only for cancer.
ILLNESS_GROUPS = {
    "cancer": "Cancer",
    "heart": "Heart failure",
    "lungs": "Lung disease",
    "kidneys_liver": "Kidney or liver failure",
    "nerves": "Neurological disease",
    "dementia": "Dementia",
    "frailty": "Frailty",
    "other": "Another illness",
}

GOLD_STANDARDS = {str(stage): words for stage, words in rules.STAGES.items()}
#: SNOMED CT. Source: PRSB P&EoLC v1.1, estimated prognosis.
GOLD_STANDARDS_CODES = {
    "a": "845701000000104",
    "b": "845721000000108",
    "c": "845751000000103",
    "d": "845771000000107",
}

SURPRISE = {
    "would_not": "I would not be surprised",
    "would": "I would be surprised",
    "not_asked": "Not asked",
}

_PRSB = "PRSB P&EoLC v1.1, problem list"


class DiagnosisSchema(Schema):
    """The main illness, others, and the outlook."""

    primary = ShortText(
        "Main diagnosis",
        hint="The main reason why the person needs this care",
        required=True,
        limit=300,
        source="SCCI1580 item 26",
        card=True,
    )
    primary_code = ConceptCode("SNOMED CT code of the main diagnosis", source="SCCI1580 item 26; " + _PRSB)
    illness_group = Choice("Kind of illness", ILLNESS_GROUPS, as_list=True, source="local list, for reports")
    description = PlanText(
        "How it is at present, in plain words",
        called="account of the illness",
        hint="What the person knows of it, what is expected next",
        source=_PRSB + "; emergency plan, shared understanding",
        tier=Tier.T2_COORDINATION,
    )
    other = PlanText(
        "Other diagnoses and problems",
        hint="Include depression, anxiety and dementia",
        source="SCCI1580 item 27",
        tier=Tier.T2_COORDINATION,
    )
    prognosis = Choice(
        "Likely prognosis",
        PROGNOSIS,
        hint="Answered only by the usual GP, the key worker or the doctor responsible",
        codes=PROGNOSIS_CODES,
        source="SCCI1580 item 34; PRSB P&EoLC v1.1, estimated prognosis",
        card=True,
    )
    prognosis_on = TypedDate(
        "When the prognosis was judged",
        called="date of the prognosis",
        source="SCCI1580 item 34",
        card=True,
        stage=rules.Stage.YEAR,
        ages=28,
        ages_as="Prognosis judged",
    )
    prognosis_note = PlanText(
        "What the judgement rests on",
        rows=2,
        source="PRSB P&EoLC v1.1, estimated prognosis",
        tier=Tier.T2_COORDINATION,
        detail=True,
    )
    gold_standards = Choice(
        "Gold Standards Framework stage",
        GOLD_STANDARDS,
        hint="Later stages ask more. Nothing that was answered goes away",
        codes=GOLD_STANDARDS_CODES,
        source="PRSB P&EoLC v1.1, estimated prognosis",
        tier=Tier.T2_COORDINATION,
        stage=rules.Stage.YEAR,
    )
    surprise = Choice(
        "Would you be surprised if the person died within the next 12 months?",
        SURPRISE,
        source="Proactive Identification Guidance",
        tier=Tier.T2_COORDINATION,
    )
    person_knows = YesNo("Does the person know how ill they are?", source="NHS England EoL data set")
    carer_knows = YesNo(
        "Does the main carer know?",
        codes={"yes": "473301001", "no": "711951000000105"},
        source="SCCI1580 item 18",
    )
    family_knows = YesNo(
        "Does the family know?",
        codes={"yes": "751961000000104", "no": "760101000000101"},
        source="SCCI1580 item 18",
    )


class ProblemSchema(Schema):
    """One more illness or problem."""

    problem = ShortText("Illness or problem", limit=300, required=True, source="SCCI1580 item 27; " + _PRSB)
    code = ConceptCode(source=_PRSB)
    began_on = ShortText("Month and year it began", called="month it began", limit=30, source=_PRSB)
    ended_on = TypedDate("Date it ended", source=_PRSB, detail=True)
    stage = ShortText("Stage", hint="Spread, grade, class", limit=150, source=_PRSB)
    comment = PlanText("Comment", rows=2, source=_PRSB)


def check_diagnosis(value: Value, context: Context) -> None:
    """The prognosis is changed only by those whom the standard names."""
    before = context.values.get("diagnosis", {})
    changed = any(value.get(name) != before.get(name) for name in ("prognosis", "gold_standards"))
    rules.check_prognosis_changed_by(str(context.actor.role), changed=changed)


DIAGNOSIS = SectionDeclaration(
    name="diagnosis",
    label="Diagnosis and prognosis",
    lead="The main illness and what is expected, in words a crew can use at night.",
    tier=Tier.T1_EMERGENCY,
    critical=False,
    schema=DiagnosisSchema,
    items=Items(ProblemSchema, "further illness or problem", lambda item: str(item["problem"])),
    check=check_diagnosis,
    source="SCCI1580 v4.0 items 26, 27, 34; PRSB P&EoLC v1.1, problem list, estimated prognosis",
)
