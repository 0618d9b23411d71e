"""What the law refuses of advance decisions, attorneys and deputies; places; the treatment level against CPR."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from epaccs.care_plans.rules import (
    ADRT_CHECKLIST,
    JUDGES_OF_PROGNOSIS,
    NO_DISABILITY,
    NO_PLACE,
    adrt_missing,
    check_adrt_refusing_life_sustaining,
    check_attorney_has_authority,
    check_capacity,
    check_carer,
    check_deputy_cannot_refuse_life_sustaining,
    check_disabilities,
    check_funding,
    check_involved,
    check_legal_item,
    check_medicine,
    check_observation,
    check_preferred_places,
    check_prognosis_changed_by,
    check_syringe_driver,
)
from epaccs.care_plans.sections import communication, preferred_places, treatment_level
from epaccs.clinicians.rules import Role
from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.cpr_decisions.rules import LEVELS_AGAINST_CPR

TODAY = date(2026, 11, 21)
BORN = "1941-01-06"

COMPLETE: dict[str, Any] = {
    "kind": "adrt",
    "refuses": "CPR in any circumstances",
    "refuses_cpr": True,
    "called_valid": True,
    "made_on": "2025-03-01",
    **dict.fromkeys(ADRT_CHECKLIST, True),
}
ATTORNEY: dict[str, Any] = {
    "kind": "lpa",
    "name": "Chidi Okonkwo",
    "authority_life_sustaining": "yes",
    "made_on": "2026-01-01",
}


def without(*names: str) -> dict[str, Any]:
    return {name: answer for name, answer in COMPLETE.items() if name not in names}


def refused(item: dict[str, Any], *, born_on: str | None = BORN) -> list[tuple[str | None, str]]:
    with pytest.raises((RuleBroken, RulesBroken)) as caught:
        check_legal_item(item, today=TODAY, born_on=born_on)
    faults = caught.value.errors if isinstance(caught.value, RulesBroken) else [caught.value]
    return [(fault.field, fault.message) for fault in faults]


# --- Advance decisions -----------------------------------------------------------------------------------------------


def test_a_complete_advance_decision_may_be_recorded_as_valid() -> None:
    assert adrt_missing(COMPLETE) == []
    check_legal_item(COMPLETE, today=TODAY, born_on=BORN)


@pytest.mark.parametrize("name", ADRT_CHECKLIST)
@pytest.mark.parametrize("answer", [pytest.param(False, id="answered no"), pytest.param(None, id="not answered")])
def test_one_that_lacks_anything_is_not_recorded_as_valid(name: str, answer: bool | None) -> None:
    item = {**COMPLETE, name: answer}

    assert adrt_missing(item) == [ADRT_CHECKLIST[name]]
    assert refused(item) == [(name, f"Record that {ADRT_CHECKLIST[name]}, or do not record the decision as valid")]


@pytest.mark.parametrize("name", ADRT_CHECKLIST)
def test_one_that_lacks_something_is_kept_when_nobody_calls_it_valid(name: str) -> None:
    check_legal_item(without(name, "called_valid"), today=TODAY, born_on=BORN)


def test_everything_it_lacks_is_said_at_once() -> None:
    item = without(*ADRT_CHECKLIST)

    assert [field for field, _ in refused(item)] == list(ADRT_CHECKLIST)


def test_a_withdrawn_one_is_not_valid() -> None:
    item = {**COMPLETE, "withdrawn_on": "2026-01-01"}

    assert adrt_missing(item) == ["it was not withdrawn"]
    assert refused(item) == [("withdrawn_on", "A withdrawn advance decision is not valid")]


@pytest.mark.parametrize("what", ["refuses_cpr", "refuses_life_sustaining"])
def test_the_check_list_is_for_life_sustaining_treatment_and_for_nothing_less(what: str) -> None:
    item = {**without("is_witnessed", "refuses_cpr"), what: True}
    with pytest.raises(RulesBroken):
        check_adrt_refusing_life_sustaining(item)

    check_adrt_refusing_life_sustaining(without("is_witnessed", "refuses_cpr"))


def test_it_says_what_is_refused() -> None:
    assert refused(without("refuses")) == [("refuses", "Enter what the advance decision refuses")]


@pytest.mark.parametrize(
    ("made_on", "accepted"),
    [
        pytest.param("1959-01-06", True, id="on the eighteenth birthday"),
        pytest.param("1959-01-05", False, id="the day before"),
    ],
)
def test_it_is_made_at_18_or_over_by_its_own_dates(made_on: str, accepted: bool) -> None:
    item = {**COMPLETE, "made_on": made_on}
    if accepted:
        check_legal_item(item, today=TODAY, born_on=BORN)
    else:
        assert refused(item) == [
            ("made_on", "Check the date made: the person was 17 then, and under 18 nobody can make an advance decision")
        ]


@pytest.mark.parametrize(
    ("changes", "born_on"),
    [
        pytest.param({"made_on": None}, BORN, id="no date made"),
        pytest.param({"made_on": "1950-01-01"}, None, id="no date of birth"),
        pytest.param({"made_on": "1950-01-01", "made_at_18_or_over": False, "called_valid": False}, BORN, id="said so"),
    ],
)
def test_without_both_dates_nobody_is_contradicted(changes: dict[str, Any], born_on: str | None) -> None:
    check_legal_item({**COMPLETE, **changes}, today=TODAY, born_on=born_on)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        pytest.param(
            {"made_on": "1941-01-05", "made_at_18_or_over": False, "called_valid": False},
            "made_on",
            "The date made must be after the date of birth",
            id="before birth",
        ),
        pytest.param(
            {"made_on": "2026-11-22"}, "made_on", "The date made must be today or in the past", id="made tomorrow"
        ),
        pytest.param(
            {"document_seen_on": "2026-11-22"},
            "document_seen_on",
            "The date seen must be today or in the past",
            id="seen tomorrow",
        ),
        pytest.param(
            {"document_seen_on": "2025-02-28"},
            "document_seen_on",
            "The date seen must not be before the date made",
            id="seen before it was made",
        ),
        pytest.param(
            {"withdrawn_on": "2025-02-28", "called_valid": False},
            "withdrawn_on",
            "The date withdrawn must not be before the date made",
            id="withdrawn before it was made",
        ),
    ],
)
def test_its_dates_are_in_order(changes: dict[str, Any], field: str, sentence: str) -> None:
    assert refused({**COMPLETE, **changes}) == [(field, sentence)]


# --- Attorneys and deputies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claim", [{"authority_life_sustaining": "yes"}, {"refuses_life_sustaining": True}, {"refuses_cpr": True}]
)
def test_a_deputy_never_refuses_life_sustaining_treatment(claim: dict[str, Any]) -> None:
    assert refused({"kind": "deputy", "name": "Dee Putt", **claim}) == [
        (
            "authority_life_sustaining",
            "A deputy cannot refuse life-sustaining treatment: answer no here",
        )
    ]


@pytest.mark.parametrize("answer", ["no", "unknown", None])
def test_a_deputy_is_recorded_without_that_authority(answer: str | None) -> None:
    item = {"kind": "deputy", "name": "Dee Putt", "authority_life_sustaining": answer}

    check_deputy_cannot_refuse_life_sustaining(item)
    check_legal_item(item, today=TODAY, born_on=BORN)


@pytest.mark.parametrize(
    ("authority", "claim", "accepted"),
    [
        ("yes", {"refuses_cpr": True}, True),
        ("yes", {"refuses_life_sustaining": True}, True),
        ("no", {"refuses_cpr": True}, False),
        ("unknown", {"refuses_cpr": True}, False),
        (None, {"refuses_life_sustaining": True}, False),
        ("no", {}, True),
    ],
)
def test_an_attorney_refuses_only_with_authority(authority: str | None, claim: dict[str, Any], accepted: bool) -> None:
    item = {**ATTORNEY, "authority_life_sustaining": authority, **claim}
    if accepted:
        check_attorney_has_authority(item)
    else:
        assert refused(item)[0][0] == "authority_life_sustaining"


@pytest.mark.parametrize(
    "claim", [{"authority_life_sustaining": "yes"}, {"refuses_life_sustaining": True}, {"refuses_cpr": True}]
)
def test_an_attorney_for_money_has_no_say_over_treatment(claim: dict[str, Any]) -> None:
    attorney = {"kind": "lpa_property", "name": "Chidi Okonkwo"}

    check_legal_item({**attorney, "authority_life_sustaining": "no"}, today=TODAY, born_on=BORN)
    assert refused({**attorney, **claim}) == [
        ("authority_life_sustaining", "An attorney for property and money has no say over treatment: answer no here")
    ]


@pytest.mark.parametrize("kind", ["lpa", "deputy", "lpa_property"])
def test_an_attorney_or_deputy_has_a_name(kind: str) -> None:
    assert refused({"kind": kind}) == [("name", "Enter the name of the attorney or deputy")]


def test_an_advance_statement_needs_no_check_list() -> None:
    check_legal_item({"kind": "advance_statement", "refuses": "Jazz, not hymns"}, today=TODAY, born_on=BORN)


# --- Places ----------------------------------------------------------------------------------------------------------


def test_the_four_answers_that_are_no_place_are_those_of_the_section() -> None:
    assert set(preferred_places.NO_PLACE) == NO_PLACE
    assert len(set(preferred_places.NO_PLACE.values())) == 4
    assert not NO_PLACE & set(preferred_places.PLACES)


@pytest.mark.parametrize(
    ("first", "second", "described"),
    [
        (None, None, False),
        ("home", None, False),
        ("home", "hospice", False),
        ("other", None, True),
        *[(answer, None, False) for answer in sorted(NO_PLACE)],
    ],
)
def test_places_and_answers_that_are_no_place_are_taken(first: str | None, second: str | None, described: bool) -> None:
    check_preferred_places(first, second, first_described=described)


@pytest.mark.parametrize("first", [None, *sorted(NO_PLACE)])
def test_a_second_choice_follows_a_first_place(first: str | None) -> None:
    with pytest.raises(RuleBroken, match="Enter a place as first choice before the second"):
        check_preferred_places(first, "hospice", first_described=False)


def test_another_place_is_described() -> None:
    with pytest.raises(RuleBroken, match="Describe the place"):
        check_preferred_places("other", None, first_described=False)


# --- The treatment level ---------------------------------------------------------------------------------------------


def test_the_levels_that_contradict_cpr_are_levels() -> None:
    assert set(treatment_level.LEVELS) > LEVELS_AGAINST_CPR


# --- Judgements of function and prognosis ----------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_the_prognosis_is_judged_only_by_whoever_answers_for_the_care(role: Role) -> None:
    check_prognosis_changed_by(str(role), changed=False)
    if role in (Role.GP, Role.HOSPICE_DOCTOR, Role.HOSPITAL_DOCTOR, Role.HOSPICE_NURSE, Role.COMMUNITY_NURSE):
        check_prognosis_changed_by(str(role), changed=True)
        return
    with pytest.raises(RuleBroken, match="Leave the prognosis as it was") as broken:
        check_prognosis_changed_by(str(role), changed=True)
    assert broken.value.field == "prognosis"


def test_every_judge_of_prognosis_is_a_role() -> None:
    assert set(map(str, Role)) > JUDGES_OF_PROGNOSIS


@pytest.mark.parametrize(
    "judged",
    [{"akps": "40"}, {"phase": "unstable"}, {"frailty": "7"}, {"concerns": "Breathless at night"}, {"ipos_total": 0}],
    ids=lambda judged: next(iter(judged)),
)
def test_a_judgement_says_at_least_one_thing(judged: dict[str, Any]) -> None:
    check_observation({"observed_on": "2026-11-20", **judged}, born_on=BORN)


def test_a_date_alone_is_no_judgement() -> None:
    with pytest.raises(RuleBroken, match="Enter at least one judgement beside the date") as broken:
        check_observation({"observed_on": "2026-11-20"}, born_on=BORN)
    assert broken.value.field == "akps"


@pytest.mark.parametrize(
    ("born_on", "age"),
    [pytest.param("1961-11-20", None, id="65 that day"), pytest.param("1961-11-21", 64, id="64 for one more day"),
     pytest.param(None, None, id="not known here")],
)  # fmt: skip
def test_the_frailty_scale_holds_from_the_age_of_65(born_on: str | None, age: int | None) -> None:
    observation = {"observed_on": "2026-11-20", "frailty": "7"}
    if age is None:
        check_observation(observation, born_on=born_on)
        return
    with pytest.raises(RuleBroken, match=f"Leave the frailty scale blank: the person was {age}") as broken:
        check_observation(observation, born_on=born_on)
    assert broken.value.field == "frailty"


# --- Capacity --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["lacks", "wait"])
def test_capacity_is_presumed_until_grounds_are_given(outcome: str) -> None:
    check_capacity({"outcome": "has"})
    check_capacity({"outcome": outcome, "grounds": "Dementia: could not keep the question in mind"})
    with pytest.raises(RuleBroken, match="capacity is presumed without it") as broken:
        check_capacity({"outcome": outcome})
    assert broken.value.field == "grounds"


# --- Other sections --------------------------------------------------------------------------------------------------


def test_the_answers_that_are_no_disability_are_those_of_the_section() -> None:
    assert set(communication.DISABILITIES) > NO_DISABILITY


@pytest.mark.parametrize("chosen", [[], ["hearing", "sight"], ["none_known"], ["none_known", "none_reported"]])
def test_disabilities_or_none_are_taken(chosen: list[str]) -> None:
    check_disabilities(chosen)


@pytest.mark.parametrize("none", sorted(NO_DISABILITY))
def test_nobody_has_a_disability_and_none(none: str) -> None:
    with pytest.raises(RuleBroken, match="but not both"):
        check_disabilities(["hearing", none])


@pytest.mark.parametrize("assessment", ["offered", "declined", "done"])
def test_a_carers_assessment_has_its_day(assessment: str) -> None:
    check_carer({})
    check_carer({"assessment": "planned"})
    check_carer({"assessment": assessment, "assessment_on": "2026-11-20"})
    with pytest.raises(RuleBroken, match="Enter the date on which it was offered or done"):
        check_carer({"assessment": assessment})


@pytest.mark.parametrize(
    ("value", "field"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"fast_track": "not_applied", "special_rules": "discussed"}, None, id="nothing was sent"),
        pytest.param({"fast_track": "approved", "fast_track_on": "2026-11-20"}, None, id="with its day"),
        pytest.param({"fast_track": "submitted"}, "fast_track_on", id="sent, nobody knows when"),
        pytest.param({"special_rules": "completed"}, "special_rules_on", id="completed, nobody knows when"),
        pytest.param({"special_rules": "completed", "special_rules_on": "2026-11-20"}, None, id="completed"),
    ],
)
def test_what_was_sent_for_money_has_its_day(value: dict[str, Any], field: str | None) -> None:
    if field is None:
        check_funding(value)
        return
    with pytest.raises(RuleBroken, match="Enter the date") as broken:
        check_funding(value)
    assert broken.value.field == field


def test_a_stopped_medicine_says_why() -> None:
    check_medicine({"status": "taken"})
    check_medicine({"status": "stopped", "change_reason": "Drowsy"})
    with pytest.raises(RuleBroken, match="Enter why it was stopped"):
        check_medicine({"status": "stopped"})


@pytest.mark.parametrize("check", [check_involved, lambda dates: check_medicine({"status": "taken", **dates})])
def test_nothing_ends_before_it_began(check: Any) -> None:
    check({"started_on": "2026-11-20", "ended_on": "2026-11-20"})
    check({"ended_on": "2026-11-20"})
    with pytest.raises(RuleBroken, match="must not be before") as broken:
        check({"started_on": "2026-11-20", "ended_on": "2026-11-19"})
    assert broken.value.field == "ended_on"


@pytest.mark.parametrize("told", [{"driver_contents": "Morphine 20 mg"}, {"driver_next_at": "2026-11-23T09:00:00Z"}])
def test_what_is_in_a_driver_means_that_there_is_one(told: dict[str, Any]) -> None:
    check_syringe_driver({})
    check_syringe_driver({**told, "syringe_driver": True})
    with pytest.raises(RuleBroken, match="Say that a syringe driver is in use"):
        check_syringe_driver({**told, "syringe_driver": False})
