"""Why somebody is named, in which group, in which order; and where they stand after somebody decided."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from epaccs.core.errors import RuleBroken
from epaccs.identification import rules
from epaccs.identification.rules import (
    CONDITIONS,
    GROUP_LABELS,
    KEPT_DAYS,
    OUTCOME_LABELS,
    SIGNS,
    STATE_LABELS,
    Condition,
    Decision,
    Findings,
    Group,
    Match,
    Outcome,
    Sign,
    State,
)

TODAY = date(2026, 11, 21)
TOMORROW, YESTERDAY = TODAY + timedelta(days=1), TODAY - timedelta(days=1)


def test_every_word_has_a_meaning_and_every_group_a_condition() -> None:
    assert set(CONDITIONS) == set(Condition)
    assert set(SIGNS) == set(Sign)
    assert {meaning.group for meaning in CONDITIONS.values()} == set(Group) == set(GROUP_LABELS)
    assert (set(OUTCOME_LABELS), set(STATE_LABELS)) == (set(Outcome), set(State))


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        pytest.param("", (), id="blank"),
        pytest.param("dementia", ("dementia",), id="one"),
        pytest.param(
            " Heart-Failure ; DEMENTIA;", ("heart failure", "dementia"), id="capitals, a dash, a last semicolon"
        ),
        pytest.param(
            "dementia; heart failure; dementia", ("heart failure", "dementia"), id="in the order of the list, once"
        ),
        pytest.param("Parkinson’s disease", ("parkinsons disease",), id="an apostrophe"),
    ],
)
def test_words_are_read_however_they_are_typed(typed: str, found: tuple[str, ...]) -> None:
    known = [str(one) for one in Condition]

    assert rules.find_words(typed, known, field_label="conditions", field="conditions") == found


def test_a_word_that_is_not_known_is_named() -> None:
    with pytest.raises(RuleBroken, match="“84114007” is none of them") as refused:
        rules.find_words("dementia; 84114007", ["dementia"], field_label="conditions", field="conditions")

    assert refused.value.field == "conditions"


# --- why -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "findings",
    [
        pytest.param(Findings(conditions=(Condition.COPD,)), id="an illness"),
        pytest.param(Findings(signs=(Sign.WEIGHT_LOSS,)), id="a sign"),
        pytest.param(Findings(frailty_scale=7), id="severe frailty"),
        pytest.param(Findings(frailty_scale=9), id="dying by the scale"),
    ],
)
def test_a_person_is_named_for_a_reason(findings: Findings) -> None:
    rules.check_says_why(findings)


@pytest.mark.parametrize(
    "findings", [pytest.param(Findings(), id="nothing"), pytest.param(Findings(frailty_scale=6), id="moderate frailty")]
)
def test_a_person_without_a_reason_is_refused(findings: Findings) -> None:
    with pytest.raises(RuleBroken, match="Say why"):
        rules.check_says_why(findings)


@pytest.mark.parametrize(
    ("scale", "born_on"),
    [
        pytest.param(7, date(1961, 11, 21), id="65 today"),
        pytest.param(None, date(1990, 1, 1), id="younger, without a scale"),
    ],
)
def test_the_frailty_scale_is_taken_from_65(scale: int | None, born_on: date) -> None:
    rules.check_scale_fits_age(scale, born_on, today=TODAY)


def test_the_frailty_scale_of_somebody_younger_is_refused() -> None:
    with pytest.raises(RuleBroken, match="under 65"):
        rules.check_scale_fits_age(7, date(1961, 11, 22), today=TODAY)


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        pytest.param(Findings((Condition.DEMENTIA,)), "dementia", id="an illness alone"),
        pytest.param(
            Findings((Condition.HEART_FAILURE,), (Sign.ADMISSION,)),
            "heart failure, with an unplanned admission in the last 6 months",
            id="an illness with a sign",
        ),
        pytest.param(
            Findings((Condition.HEART_FAILURE, Condition.COPD), (Sign.OXYGEN, Sign.FALLS, Sign.WEIGHT_LOSS)),
            "heart failure and severe COPD, with oxygen at home, repeated falls in the last 6 months and a tenth of "
            "their weight lost in 6 months without trying",
            id="several of both",
        ),
        pytest.param(Findings(signs=(Sign.MORE_HELP,)), SIGNS[Sign.MORE_HELP], id="a sign alone"),
        pytest.param(Findings(frailty_scale=8), "Clinical Frailty Scale 8", id="frailty"),
        pytest.param(
            Findings(frailty_scale=9),
            "Clinical Frailty Scale 9 (dying, whether frail or not)",
            id="nine is not frailer",
        ),
        pytest.param(
            Findings((Condition.COPD,), (Sign.NOT_SURPRISED,)),
            "severe COPD; a clinician would not be surprised if they died within 12 months",
            id="nobody would be surprised",
        ),
        pytest.param(Findings(signs=(Sign.NOT_SURPRISED,)), SIGNS[Sign.NOT_SURPRISED], id="nothing else"),
    ],
)
def test_why_is_said_in_words(findings: Findings, words: str) -> None:
    assert rules.because(findings) == words


@pytest.mark.parametrize(
    ("findings", "groups"),
    [
        pytest.param(Findings((Condition.ADVANCED_CANCER,)), (Group.CANCER,), id="cancer"),
        pytest.param(
            Findings((Condition.COPD, Condition.HEART_FAILURE)), (Group.ORGAN_FAILURE,), id="two organs, one group"
        ),
        pytest.param(
            Findings((Condition.DEMENTIA, Condition.HEART_FAILURE)),
            (Group.ORGAN_FAILURE, Group.DEMENTIA),
            id="two groups",
        ),
        pytest.param(
            Findings((Condition.HEART_FAILURE, Condition.COPD, Condition.KIDNEY_FAILURE)),
            (Group.ORGAN_FAILURE, Group.OTHER),
            id="three illnesses are several",
        ),
        pytest.param(Findings((Condition.FRAILTY,)), (Group.FRAILTY,), id="frailty in words"),
        pytest.param(Findings(frailty_scale=7), (Group.FRAILTY,), id="frailty by the scale"),
        pytest.param(
            Findings((Condition.STROKE,), (), 8), (Group.FRAILTY, Group.NEUROLOGICAL), id="a stroke and frailty"
        ),
        pytest.param(Findings((Condition.STROKE,), (), 6), (Group.NEUROLOGICAL,), id="moderate frailty is no group"),
        pytest.param(Findings(frailty_scale=9), (Group.OTHER,), id="nine is not frailty"),
        pytest.param(Findings(signs=(Sign.FALLS,)), (Group.OTHER,), id="a sign alone"),
    ],
)
def test_a_person_stands_in_every_group_of_their_illnesses(findings: Findings, groups: tuple[Group, ...]) -> None:
    assert rules.groups_of(findings) == groups


def test_somebody_in_two_groups_is_counted_in_both() -> None:
    counted = rules.count_groups([(Group.CANCER,), (Group.CANCER, Group.FRAILTY)])

    assert counted == {**dict.fromkeys(Group, 0), Group.CANCER: 2, Group.FRAILTY: 1}


def test_the_list_begins_with_whom_nobody_would_be_surprised_to_lose_then_with_most_signs() -> None:
    people = {
        "Able": Findings((Condition.COPD,)),
        "Baker": Findings((Condition.COPD, Condition.STROKE)),
        "Carr": Findings(signs=(Sign.FALLS, Sign.WEIGHT_LOSS)),
        "Dunn": Findings(signs=(Sign.NOT_SURPRISED,)),
        "Ellis": Findings(frailty_scale=9),
        "O'Dell": Findings((Condition.COPD,)),
        "Odell": Findings((Condition.COPD,), (Sign.FALLS,)),
    }

    order = sorted(people, key=lambda name: rules.urgency(people[name], family_name=name))

    assert order == ["Dunn", "Ellis", "Carr", "Odell", "Baker", "Able", "O'Dell"]


# --- whole lists -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "left_out", "is_whole"),
    [
        pytest.param(10, 5, False, id="half"),
        pytest.param(10, 10, True, id="everybody, and somebody said so"),
        pytest.param(0, 0, False, id="the last one named nobody"),
    ],
)
def test_a_list_may_leave_people_out(before: int, left_out: int, is_whole: bool) -> None:
    rules.check_still_whole(named_before=before, left_out=left_out, is_whole=is_whole)


def test_a_list_that_leaves_out_more_than_half_is_refused_until_somebody_says_that_it_is_whole() -> None:
    with pytest.raises(RuleBroken, match="leaves out 6 of the 10 people") as refused:
        rules.check_still_whole(named_before=10, left_out=6, is_whole=False)

    assert refused.value.field == "is_whole"


# --- where somebody stands -------------------------------------------------------------------------------------------


def decided(outcome: Outcome, on: date = YESTERDAY, look_again_on: date | None = None) -> Decision:
    return Decision(outcome, on, look_again_on)


@pytest.mark.parametrize(
    ("decision", "match", "is_listed", "state"),
    [
        pytest.param(None, None, True, State.TO_CONSIDER, id="new on the list"),
        pytest.param(None, None, False, State.NOT_LISTED, id="no longer on the list"),
        pytest.param(None, Match.ON_REGISTER, True, State.ON_REGISTER, id="on the register already"),
        pytest.param(None, Match.DECLINED, True, State.DECLINED, id="did not want to be"),
        pytest.param(None, Match.OTHER_PERSON, True, State.TO_CONSIDER, id="the number is somebody else's"),
        pytest.param(
            decided(Outcome.NOT_NOW, look_again_on=TOMORROW),
            Match.ON_REGISTER,
            True,
            State.ON_REGISTER,
            id="registered since",
        ),
        pytest.param(
            decided(Outcome.NOT_NOW, look_again_on=TOMORROW), None, True, State.NOT_NOW, id="not now, until tomorrow"
        ),
        pytest.param(
            decided(Outcome.NOT_NOW, look_again_on=TODAY), None, True, State.TO_CONSIDER, id="the day has come"
        ),
        pytest.param(
            decided(Outcome.NOT_NOW, look_again_on=TODAY),
            None,
            False,
            State.TO_CONSIDER,
            id="the day has come, the list forgot",
        ),
        pytest.param(decided(Outcome.NOT_APPROPRIATE), None, True, State.NOT_APPROPRIATE, id="not appropriate"),
        pytest.param(
            decided(Outcome.NOT_APPROPRIATE, TODAY - timedelta(days=KEPT_DAYS)),
            None,
            True,
            State.TO_CONSIDER,
            id="a year ago",
        ),
        pytest.param(
            decided(Outcome.NOT_APPROPRIATE, TODAY - timedelta(days=KEPT_DAYS)),
            None,
            False,
            State.NOT_LISTED,
            id="a year ago, and not listed",
        ),
        pytest.param(decided(Outcome.PLAN_ELSEWHERE), None, False, State.PLAN_ELSEWHERE, id="a plan elsewhere"),
        pytest.param(decided(Outcome.REOPENED), None, False, State.TO_CONSIDER, id="to be considered again"),
    ],
)
def test_where_somebody_stands(decision: Decision | None, match: Match | None, is_listed: bool, state: State) -> None:
    assert rules.state_of(decision, match=match, is_listed=is_listed, today=TODAY) is state


@pytest.mark.parametrize(
    ("register_born_on", "has_declined", "match"),
    [
        pytest.param(date(1941, 1, 6), False, Match.ON_REGISTER, id="the same birth date"),
        pytest.param(date(1941, 1, 6), True, Match.DECLINED, id="the same, who declined"),
        pytest.param(date(1941, 6, 1), False, Match.OTHER_PERSON, id="another birth date"),
        pytest.param(date(1941, 6, 1), True, Match.OTHER_PERSON, id="another, who declined"),
    ],
)
def test_the_same_number_is_the_same_person_only_with_the_same_birth_date(
    register_born_on: date, has_declined: bool, match: Match
) -> None:
    found = rules.match_of(born_on=date(1941, 1, 6), register_born_on=register_born_on, has_declined=has_declined)

    assert found is match


@pytest.mark.parametrize(
    ("listed", "is_same"), [pytest.param(TODAY, True, id="agrees"), pytest.param(TOMORROW, False, id="differs")]
)
def test_a_decision_holds_while_the_birth_date_agrees(listed: date, is_same: bool) -> None:
    assert rules.is_same_person(born_on=TODAY, listed_born_on=listed) is is_same


# --- decisions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "look_again_on"),
    [
        pytest.param(Outcome.NOT_NOW, TOMORROW, id="not now, tomorrow"),
        pytest.param(Outcome.NOT_NOW, TODAY + timedelta(days=KEPT_DAYS), id="not now, in a year"),
        pytest.param(Outcome.NOT_APPROPRIATE, None, id="not appropriate"),
        pytest.param(Outcome.PLAN_ELSEWHERE, None, id="a plan elsewhere"),
    ],
)
def test_a_decision_is_taken(outcome: Outcome, look_again_on: date | None) -> None:
    rules.check_decision(outcome, look_again_on=look_again_on, today=TODAY)


@pytest.mark.parametrize(
    ("outcome", "look_again_on", "sentence"),
    [
        pytest.param(Outcome.NOT_NOW, None, "Enter the day", id="not now, without a day"),
        pytest.param(Outcome.NOT_NOW, TODAY, "must be after today", id="today"),
        pytest.param(Outcome.NOT_NOW, TODAY + timedelta(days=KEPT_DAYS + 1), "within a year", id="too far ahead"),
        pytest.param(Outcome.NOT_APPROPRIATE, TOMORROW, "only with", id="a day that belongs to another answer"),
    ],
)
def test_not_now_says_when_to_look_again(outcome: Outcome, look_again_on: date | None, sentence: str) -> None:
    with pytest.raises(RuleBroken, match=sentence) as refused:
        rules.check_decision(outcome, look_again_on=look_again_on, today=TODAY)

    assert refused.value.field == "look_again_on"
