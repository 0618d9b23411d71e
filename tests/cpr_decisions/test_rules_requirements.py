"""What a signed decision needs: each missing or impossible fact has its sentence and its field."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.cpr_decisions.rules import (
    REASONS_FOR,
    AdvanceDecision,
    Around,
    ConsulteeKind,
    Contradicts,
    CPRState,
    EditKind,
    Proxy,
    Reason,
    Recommendation,
    apply,
    contradictions,
)
from tests.cpr_decisions.stories import (
    ABSENT,
    AROUND,
    FOR_CPR,
    GP,
    NOT_FOR_CPR,
    NOW,
    WITHOUT_CAPACITY,
    Story,
    a_body,
)

ATTORNEY = Proxy("Chidi Okonkwo", ConsulteeKind.ATTORNEY, has_authority_for_life_sustaining=True)
DEPUTY = Proxy("Dee Putt", ConsulteeKind.DEPUTY)
ADRT = AdvanceDecision(refuses_cpr=True, document_seen=True, made_on=date(2025, 3, 1), location="desk")
CHIDI = {"name": "chidi  OKONKWO", "kind": "attorney", "consulted": True}
ANN = {"name": "Ann Wood", "kind": "close", "relationship": "daughter", "consulted": True}
ATTORNEY_REFUSES = {**WITHOUT_CAPACITY, "reason": "attorney_refuses", "refused_by": {"name": "Chidi Okonkwo"}}


def sign(body: dict[str, Any], around: Around = AROUND) -> CPRState:
    return apply(CPRState(), EditKind.SIGN, body, edit_id="d1", author=GP, recorded_at=NOW, around=around)


def faults(body: dict[str, Any], around: Around = AROUND) -> list[tuple[str | None, str]]:
    """Field and sentence of everything that keeps the decision from being signed."""
    try:
        sign(body, around)
    except RulesBroken as broken:
        return [(fault.field, fault.message) for fault in broken.errors]
    except RuleBroken as broken:
        return [(broken.field, broken.message)]
    return []


@pytest.mark.parametrize(
    ("base", "changes"),
    [
        pytest.param(NOT_FOR_CPR, {}, id="with capacity, involved"),
        pytest.param(NOT_FOR_CPR, {"reason": "person_refuses"}, id="the person refuses"),
        pytest.param(NOT_FOR_CPR, {"reason": "burden_outweighs_benefit"}, id="burden outweighs benefit"),
        pytest.param(NOT_FOR_CPR, {"reason": "court_order"}, id="court order"),
        pytest.param(
            NOT_FOR_CPR,
            {"involvement": {"person_involved": False, "not_involved_because": "declined"}},
            id="the person declined to be involved",
        ),
        pytest.param(
            NOT_FOR_CPR,
            {
                "involvement": {
                    "person_involved": False,
                    "not_involved_because": "harm",
                    "detail": "Delirious with fear, pulled out lines at the last talk",
                },
                "aware": ["family"],
                "person_not_told": "It would harm her",
            },
            id="involving the person would harm",
        ),
        pytest.param(NOT_FOR_CPR, WITHOUT_CAPACITY, id="without capacity, daughter consulted"),
        pytest.param(
            NOT_FOR_CPR,
            {
                **WITHOUT_CAPACITY,
                "consultation": {
                    "people": [
                        {
                            "name": "Ann Wood",
                            "consulted": False,
                            "because": "not_practicable",
                            "detail": "No answer on three numbers for four hours",
                        }
                    ]
                },
            },
            id="without capacity, daughter could not be reached",
        ),
        pytest.param(
            NOT_FOR_CPR,
            {**WITHOUT_CAPACITY, "consultation": {"nobody_close": True, "imca": "instructed", "imca_name": "V Oak"}},
            id="nobody to consult, IMCA instructed",
        ),
        pytest.param(
            NOT_FOR_CPR,
            {**WITHOUT_CAPACITY, "consultation": {"nobody_close": True, "imca": "urgent"}},
            id="nobody to consult, urgent",
        ),
        pytest.param(
            NOT_FOR_CPR,
            {**WITHOUT_CAPACITY, "aware": ["carer"], "person_not_told": "Cannot understand it now"},
            id="the person cannot be told",
        ),
        pytest.param(
            NOT_FOR_CPR, {"review_on": ABSENT, "no_review_reason": "Last days of life"}, id="no review needed"
        ),
        pytest.param(NOT_FOR_CPR, {"review_on": "2026-11-21"}, id="review the day after"),
        pytest.param(NOT_FOR_CPR, {"decided_at": "2026-11-21T03:10:00+00:00"}, id="within clock error"),
        pytest.param(
            NOT_FOR_CPR,
            {
                "decided_at": "1941-01-06T00:30:00+00:00",
                "capacity__assessed_at": "1941-01-06T00:30:00+00:00",
                "review_on": "1942-01-01",
            },
            id="on the day of birth",
        ),
        pytest.param(FOR_CPR, {}, id="CPR recommended"),
        pytest.param(FOR_CPR, {"reason": "person_wants_cpr"}, id="the person wants CPR"),
        pytest.param(FOR_CPR, {"reason": "court_order"}, id="a court orders CPR"),
    ],
)
def test_a_complete_decision_is_signed(base: dict[str, Any], changes: dict[str, Any]) -> None:
    assert faults(a_body(base, **changes)) == []


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        pytest.param(
            {"recommendation": ABSENT}, "recommendation", "Choose what is recommended", id="no recommendation"
        ),
        pytest.param(
            {"recommendation": "modified"},
            "recommendation",
            "Record modified CPR as reported: it is a recommendation for children and cannot be signed here",
            id="modified CPR",
        ),
        pytest.param(
            {"decided_at": ABSENT}, "decided_at", "Enter the date and time the decision was made", id="no date"
        ),
        pytest.param(
            {"decided_at": "2026-11-21T03:10:01+00:00"},
            "decided_at",
            "The date and time of the decision must not be in the future",
            id="in the future beyond clock error",
        ),
        pytest.param(
            {"decided_at": "1941-01-05T12:00:00+00:00", "capacity__assessed_at": "1941-01-05T12:00:00+00:00"},
            "decided_at",
            "The decision must be made after the person was born, 06-Jan-1941: check both dates",
            id="before birth",
        ),
        pytest.param({"reason": ABSENT}, "reason", "Choose the reason for the decision", id="no reason"),
        pytest.param(
            {"reason": "person_wants_cpr"},
            "reason",
            "Choose a reason that fits the recommendation",
            id="a reason for the opposite",
        ),
        pytest.param(
            {**WITHOUT_CAPACITY, "reason": "person_refuses"},
            "reason",
            "Choose another reason: only a person with capacity for this decision can refuse it now",
            id="refusal without capacity",
        ),
        pytest.param(
            {"capacity__has_capacity": ABSENT},
            "capacity.has_capacity",
            "Say whether the person has capacity for this decision",
            id="capacity not answered",
        ),
        pytest.param(
            {"capacity__assessed_at": ABSENT},
            "capacity.assessed_at",
            "Enter the date and time capacity for this decision was assessed",
            id="no time of assessment",
        ),
        pytest.param(
            {"capacity__assessed_at": "2026-11-20T14:15:01+00:00"},
            "capacity.assessed_at",
            "Capacity must be assessed before the decision is made, not after it",
            id="assessed after the decision",
        ),
        pytest.param(
            {"involvement": ABSENT},
            "involvement.person_involved",
            "Say whether the person was involved in the decision",
            id="involvement not answered",
        ),
        pytest.param(
            {"involvement": {"person_involved": False}},
            "involvement.not_involved_because",
            "Say why the person was not involved: they declined, or it would cause physical or psychological harm",
            id="not involved, no reason",
        ),
        pytest.param(
            {"involvement": {"person_involved": False, "not_involved_because": "harm"}},
            "involvement.detail",
            "Describe the physical or psychological harm: distress alone is no reason",
            id="harm not described",
        ),
        pytest.param(
            {"reason": "person_refuses", "involvement": {"person_involved": False, "not_involved_because": "declined"}},
            "involvement.person_involved",
            "A person who refuses CPR was involved in the decision: say so, or choose another reason",
            id="refuses, but was not involved",
        ),
        pytest.param(
            {**WITHOUT_CAPACITY, "consultation": ABSENT},
            "consultation.people",
            "Enter who close to the person was consulted or why not, or say that there is nobody",
            id="nobody consulted",
        ),
        pytest.param(
            {**WITHOUT_CAPACITY, "consultation": {"people": [{"consulted": True}]}},
            "consultation.people.0.name",
            "Enter the name of the person who was or was not consulted",
            id="consulted without a name",
        ),
        pytest.param(
            {**WITHOUT_CAPACITY, "consultation": {"people": [{"name": "Ann Wood"}]}},
            "consultation.people.0.consulted",
            "Say whether Ann Wood was consulted",
            id="consulted or not",
        ),
        pytest.param(
            {**WITHOUT_CAPACITY, "consultation": {"people": [{"name": "Ann Wood", "consulted": False, "detail": "x"}]}},
            "consultation.people.0.because",
            "Say why Ann Wood was not consulted: not practicable, or not appropriate",
            id="not consulted, no reason",
        ),
        pytest.param(
            {
                **WITHOUT_CAPACITY,
                "consultation": {"people": [{"name": "Ann Wood", "consulted": False, "because": "not_appropriate"}]},
            },
            "consultation.people.0.detail",
            "Describe why consulting Ann Wood was not practicable or appropriate",
            id="not consulted, not described",
        ),
        pytest.param(
            {**WITHOUT_CAPACITY, "consultation": {"people": [ANN], "nobody_close": True}},
            "consultation.nobody_close",
            "Say either that nobody is close to the person, or who was consulted",
            id="nobody close, and somebody",
        ),
        pytest.param(
            {**WITHOUT_CAPACITY, "consultation": {"nobody_close": True}},
            "consultation.imca",
            'Instruct an independent mental capacity advocate (IMCA), or say "urgent": there is nobody to consult',
            id="nobody to consult and no IMCA",
        ),
        pytest.param(
            {"aware": ["family"]},
            "aware",
            "Say that the person is aware of the decision, or why they have not been told",
            id="does the person know",
        ),
        pytest.param(
            {**WITHOUT_CAPACITY, "person_not_told": "Asleep"},
            "person_not_told",
            "Say either that the person is aware or why they have not been told",
            id="aware and not told",
        ),
        pytest.param(
            {"aware": ["family"], "person_not_told": "Asleep"},
            "person_not_told",
            "A person who was involved has been told: choose one of the two",
            id="involved and not told",
        ),
        pytest.param(
            {"review_on": ABSENT}, "review_on", "Enter the review date, or why no review is needed", id="no review date"
        ),
        pytest.param(
            {"no_review_reason": "Last days"},
            "review_on",
            "Enter either a review date or why no review is needed",
            id="review date and none needed",
        ),
        pytest.param(
            {"review_on": "2026-11-19"},
            "review_on",
            "The review date must be after the decision",
            id="review before the decision",
        ),
        pytest.param(
            {"review_on": "2026-11-20"},
            "review_on",
            "The review date must be after the decision",
            id="review on the day of the decision",
        ),
        pytest.param(
            {"original_location": ABSENT},
            "original_location",
            "Enter where the signed original is now",
            id="where is the original",
        ),
        pytest.param(
            {**ATTORNEY_REFUSES, "refused_by": ABSENT},
            "refused_by.name",
            "Enter the name of the attorney who refuses",
            id="which attorney",
        ),
        pytest.param(
            {**ATTORNEY_REFUSES, "refused_by": {"name": "Dee Putt", "kind": "deputy"}},
            "refused_by.name",
            "Choose another reason: a deputy cannot refuse life-sustaining treatment",
            id="a deputy refuses",
        ),
    ],
)
def test_a_fact_that_is_missing_or_impossible_is_refused(changes: dict[str, Any], field: str, sentence: str) -> None:
    assert faults(a_body(**changes)) == [(field, sentence)]


def test_an_assessment_in_the_future_is_refused() -> None:
    found = faults(a_body(capacity__assessed_at="2026-11-21T04:00:00+00:00"))

    assert ("capacity.assessed_at", "The time of the capacity assessment must not be in the future") in found


def test_an_attorney_decides_only_without_capacity() -> None:
    found = faults(a_body(reason="attorney_refuses", refused_by={"name": "Chidi Okonkwo"}))

    assert found == [
        ("reason", "Choose another reason: an attorney decides only when the person lacks capacity for this decision")
    ]


def test_everything_that_is_missing_is_said_at_once() -> None:
    assert [field for field, _ in faults({})] == [
        "recommendation",
        "decided_at",
        "reason",
        "capacity.has_capacity",
        "capacity.assessed_at",
        "aware",
        "review_on",
        "original_location",
    ]


@pytest.mark.parametrize(
    ("path", "value", "field", "sentence"),
    [
        ("recommendation", "dnacpr", "recommendation", "Choose what is recommended"),
        ("decided_at", "31-02-2026", "decided_at", "Enter the date and time the decision was made"),
        ("decided_at", "2026-11-20T14:05:00", "decided_at", "Enter the date and time the decision was made"),
        ("decided_at", 5, "decided_at", "Enter the date and time the decision was made"),
        ("review_on", "2027-02-30", "review_on", "Enter the review date"),
        ("review_on", datetime(2027, 1, 1), "review_on", "Enter the review date"),  # noqa: DTZ001
        ("reason", "age", "reason", "Choose the reason"),
        ("involvement__not_involved_because", "distress", "involvement.not_involved_because", "Answer this again"),
        ("capacity__has_capacity", "yes", "capacity.has_capacity", "Answer this again: it could not be read"),
        ("capacity", "yes", "capacity", "Answer this again: it could not be read"),
        ("aware", "person", "aware", "Answer this again: it could not be read"),
        ("aware", ["neighbour"], "aware.0", "Answer this again: it could not be read"),
        ("original_location", 3, "original_location", "Answer this again: it could not be read"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(path: str, value: Any, field: str, sentence: str) -> None:
    [(found_field, found_sentence)] = faults(a_body(**{path: value}))

    assert found_field == field
    assert found_sentence.startswith(sentence)


def test_distress_is_no_ground_for_leaving_the_person_out() -> None:
    assert faults(a_body(involvement={"person_involved": False, "not_involved_because": "distress"}))


def test_values_that_are_dates_already_are_taken_as_they_are() -> None:
    state = sign(a_body(decided_at=NOW, review_on=date(2027, 5, 20)))

    assert state.in_force is not None
    assert state.in_force.decided_at == NOW
    assert state.in_force.review_on == date(2027, 5, 20)


def test_a_birth_date_that_nobody_knows_refuses_nothing() -> None:
    assert faults(NOT_FOR_CPR, replace(AROUND, born_on=None)) == []


def test_every_reason_fits_a_recommendation_and_own_refusals_only_one() -> None:
    assert set().union(*REASONS_FOR.values()) == set(Reason)
    assert REASONS_FOR[Recommendation.NOT_FOR_CPR] & REASONS_FOR[Recommendation.FOR_CPR] == {Reason.COURT_ORDER}


# --- The signer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "label"),
    [
        ("name", "name"),
        ("role", "role"),
        ("professional_number", "professional number"),
        ("organisation_name", "organisation"),
    ],
)
def test_a_decision_names_its_signer_in_full(part: str, label: str) -> None:
    with pytest.raises(RuleBroken, match=f"Have your {label} added to your account before you sign"):
        Story().do("sign", NOT_FOR_CPR, by=replace(GP, **{part: ""}))


def test_a_decision_keeps_its_signer_as_they_were() -> None:
    state = sign(NOT_FOR_CPR)

    assert state.in_force is not None
    assert state.in_force.signer.named == "Dr A Patel, GP, Elm Street"
    assert state.in_force.signer.professional_number == "1234567"
    assert state.in_force.signed_at == NOW


# --- Attorneys, deputies, advance decisions --------------------------------------------------------------------------


def test_every_attorney_and_deputy_of_the_record_is_answered_for() -> None:
    around = replace(AROUND, proxies=(ATTORNEY, DEPUTY))

    assert faults(a_body(**WITHOUT_CAPACITY), around) == [
        ("consultation.people", "Say whether Chidi Okonkwo (attorney) was consulted, or why not"),
        ("consultation.people", "Say whether Dee Putt (deputy) was consulted, or why not"),
    ]


def test_an_attorney_is_recognised_in_any_spelling_of_spaces_and_capitals() -> None:
    body = a_body(**{**WITHOUT_CAPACITY, "consultation": {"people": [CHIDI, ANN]}})

    assert faults(body, replace(AROUND, proxies=(ATTORNEY,))) == []


def test_an_attorney_who_is_named_but_not_answered_for_is_asked_again() -> None:
    body = a_body(**{**WITHOUT_CAPACITY, "consultation": {"people": [{**CHIDI, "consulted": None}, ANN]}})

    assert [field for field, _ in faults(body, replace(AROUND, proxies=(ATTORNEY,)))] == [
        "consultation.people.0.consulted",
        "consultation.people",
    ]


def test_where_an_attorney_was_consulted_no_imca_is_needed() -> None:
    body = a_body(**{**WITHOUT_CAPACITY, "consultation": {"people": [CHIDI], "nobody_close": True}})

    assert faults(body, replace(AROUND, proxies=(ATTORNEY,))) == []


def test_an_attorney_with_authority_may_refuse() -> None:
    body = a_body(**{**ATTORNEY_REFUSES, "consultation": {"people": [CHIDI, ANN]}})

    assert faults(body, replace(AROUND, proxies=(ATTORNEY,))) == []


def test_a_deputy_of_the_record_cannot_refuse_even_when_called_an_attorney() -> None:
    dee = {"name": "Dee Putt", "kind": "deputy", "consulted": True}
    body = a_body(**{**ATTORNEY_REFUSES, "refused_by": {"name": "dee putt"}, "consultation": {"people": [dee, ANN]}})

    assert faults(body, replace(AROUND, proxies=(DEPUTY,))) == [
        ("refused_by.name", "Choose another reason: a deputy cannot refuse life-sustaining treatment")
    ]


def test_who_is_both_deputy_and_attorney_refuses_as_attorney() -> None:
    both = (DEPUTY, replace(ATTORNEY, name="Dee Putt"))
    people = [{"name": "Dee Putt", "kind": kind, "consulted": True} for kind in ("deputy", "attorney")]
    body = a_body(
        **{**ATTORNEY_REFUSES, "refused_by": {"name": "Dee Putt"}, "consultation": {"people": [*people, ANN]}}
    )

    assert faults(body, replace(AROUND, proxies=both)) == []


def test_an_advance_decision_that_lacks_something_is_not_called_valid() -> None:
    incomplete = replace(ADRT, missing=("a witness", '"even if life is at risk"'))

    assert faults(a_body(reason="advance_decision"), replace(AROUND, adrts=(incomplete,))) == [
        (
            "reason",
            "Choose another reason, or complete the advance decision first. "
            'It lacks: a witness; "even if life is at risk"',
        )
    ]


@pytest.mark.parametrize(
    "adrts",
    [
        pytest.param((ADRT,), id="complete"),
        pytest.param((replace(ADRT, missing=("a witness",)), ADRT), id="an incomplete one beside it"),
        pytest.param((ADRT, replace(ADRT, withdrawn=True, missing=("a witness",))), id="a withdrawn one beside it"),
        pytest.param((replace(ADRT, document_seen=False),), id="reported, not seen"),
    ],
)
def test_a_complete_advance_decision_of_the_record_is_a_reason(adrts: tuple[AdvanceDecision, ...]) -> None:
    assert faults(a_body(reason="advance_decision"), replace(AROUND, adrts=adrts)) == []


# --- The rest of the record ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "around", "sentence"),
    [
        pytest.param(
            {"reason": "advance_decision"},
            AROUND,
            "The decision rests on an advance decision that the record does not hold",
            id="an ADRT the record does not hold",
        ),
        pytest.param(
            {"reason": "advance_decision"},
            replace(AROUND, adrts=(replace(ADRT, withdrawn=True),)),
            "The decision rests on an advance decision that the record does not hold",
            id="an ADRT that was withdrawn",
        ),
        pytest.param(
            {"reason": "advance_decision"},
            replace(AROUND, adrts=(replace(ADRT, refuses_cpr=False),)),
            "The decision rests on an advance decision that the record does not hold",
            id="an ADRT about something else",
        ),
        pytest.param(
            ATTORNEY_REFUSES,
            AROUND,
            "The decision rests on an attorney whose authority the record does not hold",
            id="an attorney the record does not hold",
        ),
        pytest.param(
            {**ATTORNEY_REFUSES, "consultation": {"people": [CHIDI, ANN]}},
            replace(AROUND, proxies=(replace(ATTORNEY, has_authority_for_life_sustaining=False),)),
            "The decision rests on an attorney whose authority the record does not hold",
            id="an attorney without authority for life-sustaining treatment",
        ),
    ],
)
def test_a_contradiction_with_another_section_asks_for_both_or_a_reason(
    changes: dict[str, Any], around: Around, sentence: str
) -> None:
    with pytest.raises(Contradicts) as refused:
        sign(a_body(**changes), around)

    assert refused.value.message == f"{sentence}. Change both, or say why you sign nevertheless"
    assert refused.value.field == "contradiction_reason"
    signed = sign(a_body(**changes, contradiction_reason="The paper is in my hand"), around)
    assert contradictions(signed, around) == [sentence]


@pytest.mark.parametrize(
    ("level", "disagrees"),
    [
        ("comfort_only", True),
        ("treat_at_home", True),
        ("hospital_for_symptoms", True),
        ("ward_no_icu", False),
        ("full_escalation", False),
        (None, False),
    ],
)
def test_cpr_recommended_is_signed_whatever_the_treatment_level_and_the_card_says_so(
    level: str | None, disagrees: bool
) -> None:
    around = replace(AROUND, treatment_level=level)
    story = Story(around)

    story.sign(FOR_CPR)

    assert bool(contradictions(story.state, around)) is disagrees
    assert ("Treatment level disagrees, under review" in story.line().extra) is disagrees


@pytest.mark.parametrize("level", ["full_escalation", "ward_no_icu", "comfort_only", None])
def test_not_for_cpr_contradicts_no_treatment_level(level: str | None) -> None:
    around = replace(AROUND, treatment_level=level)

    assert contradictions(sign(NOT_FOR_CPR, around), around) == []


def test_cpr_recommended_against_a_seen_advance_decision_is_a_contradiction_that_blocks_nothing() -> None:
    around = replace(AROUND, adrts=(ADRT,))
    state = sign(a_body(FOR_CPR, **WITHOUT_CAPACITY), around)

    assert contradictions(state, around) == ["CPR is recommended, but an advance decision that was seen refuses it"]


def test_nothing_in_force_contradicts_nothing() -> None:
    assert contradictions(CPRState(), replace(AROUND, treatment_level="comfort_only", adrts=(ADRT,))) == []
