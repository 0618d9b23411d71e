"""Where the signed form is: who said so last, whether the person has moved since, and what a move says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from epaccs.core.errors import RuleBroken
from epaccs.cpr_decisions.rules import (
    LEFT_BEHIND,
    SYSTEM,
    Around,
    CPRLine,
    EditKind,
    FollowUpKind,
    Situation,
    Unplaced,
    Whereabouts,
    Words,
    build_amendment,
    find_located,
    find_unplaced,
    follow_ups,
    line,
)
from tests.cpr_decisions.stories import AROUND, FOR_CPR, NOW, NURSE, PARAMEDIC, Story

DRAWER = "hall drawer, yellow folder"
A_MINUTE, AN_HOUR = timedelta(minutes=1), timedelta(hours=1)
WARNING = (
    "Signed form: the person's address changed on 21-Nov-2026. Nobody has said since where the form is. "
    f"Last known: {DRAWER}."
)


def signed(story: Story) -> None:
    story.sign()


def amended(story: Story) -> None:
    story.sign()
    story.do("particulars_amended", {"original_location": "kitchen"}, by=NURSE)


def checked(story: Story) -> None:
    story.sign()
    story.do("particulars_amended", {"original_checked": True}, by=NURSE)


def sent_back_unchanged(story: Story) -> None:
    story.sign()
    story.do("particulars_amended", {"original_location": DRAWER, "aware": ["person"]}, by=NURSE)


def told_more_people(story: Story) -> None:
    story.sign()
    story.do("particulars_amended", {"aware": ["person", "carer"]}, by=NURSE)


def seen_today(story: Story) -> None:
    story.sign()
    story.do("original_seen", {"place": "bedside", "seen_on": "2026-11-21"}, by=PARAMEDIC)


def seen_yesterday(story: Story) -> None:
    story.sign()
    story.do("original_seen", {"place": "bedside", "seen_on": "2026-11-20"}, by=PARAMEDIC)


def seen_then_amended(story: Story) -> None:
    seen_today(story)
    story.do("particulars_amended", {"original_location": "kitchen"}, by=NURSE)


def reviewed(story: Story) -> None:
    story.sign()
    story.review()


def replaced(story: Story) -> None:
    seen_today(story)
    story.sign(FOR_CPR, original_location="desk")


def restored(story: Story) -> None:
    story.sign()
    story.void(story.sign(FOR_CPR))


def after(act: Callable[[Story], None]) -> Story:
    story = Story()
    act(story)
    return story


def moved(story: Story, at: datetime = NOW + AN_HOUR) -> Around:
    return replace(story.around, moved_at=at)


def line_of(story: Story, around: Around, **options: object) -> CPRLine:
    options = {"copy_left_at": NOW, "now": NOW, **options}
    return line(story.state, held=(), around=around, **options)  # type: ignore[arg-type]


# --- Where it was last said to be ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "where", "minutes"),
    [
        pytest.param(signed, DRAWER, 0, id="when it was signed"),
        pytest.param(amended, "kitchen", 1, id="when the particulars were amended"),
        pytest.param(checked, DRAWER, 1, id="when somebody said that it is there still"),
        pytest.param(sent_back_unchanged, DRAWER, 0, id="a form that brings the old place back says nothing of it"),
        pytest.param(told_more_people, DRAWER, 0, id="who is aware says nothing of the place"),
        pytest.param(seen_today, "bedside", 1, id="when the original was seen"),
        pytest.param(seen_yesterday, DRAWER, 0, id="seen before, recorded later: on the day it was seen"),
        pytest.param(seen_then_amended, "kitchen", 2, id="amended after it was seen"),
        pytest.param(reviewed, DRAWER, 0, id="a review says nothing of the place"),
        pytest.param(replaced, "desk", 2, id="the form of an earlier decision was seen"),
        pytest.param(restored, DRAWER, 0, id="a decision that came back brings its place along"),
    ],
)
def test_the_place_of_the_original_was_last_said(act: Callable[[Story], None], where: str, minutes: int) -> None:
    located = find_located(after(act).state)

    assert located is not None
    assert (located.where, located.at) == (where, NOW + minutes * A_MINUTE)


def test_without_a_decision_in_force_there_is_no_form_to_look_for() -> None:
    assert find_located(Story().state) is None
    assert find_unplaced(Story().state, moved(Story())) is None


# --- Whether the person has moved since ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [signed, told_more_people, sent_back_unchanged, reviewed, amended, seen_today, restored],
    ids=lambda one: one.__name__,
)
def test_after_a_move_nobody_has_said_where_the_form_is(act: Callable[[Story], None]) -> None:
    story = after(act)
    located = find_located(story.state)
    assert located is not None

    assert find_unplaced(story.state, moved(story)) == Unplaced(date(2026, 11, 21), located.where)


@pytest.mark.parametrize(
    ("act", "at"),
    [
        pytest.param(signed, None, id="never moved"),
        pytest.param(signed, NOW - A_MINUTE, id="moved before the signature"),
        pytest.param(signed, NOW, id="moved in the moment of the signature"),
        pytest.param(amended, NOW + A_MINUTE, id="said with the move"),
        pytest.param(amended, NOW + A_MINUTE / 2, id="amended after the move"),
        pytest.param(checked, NOW + A_MINUTE / 2, id="said to be there still, after the move"),
        pytest.param(seen_today, NOW + A_MINUTE / 2, id="seen after the move"),
        pytest.param(replaced, NOW + A_MINUTE, id="another decision was signed after the move"),
    ],
)
def test_the_place_stands_when_it_was_said_after_the_move(act: Callable[[Story], None], at: datetime | None) -> None:
    story = after(act)

    assert find_unplaced(story.state, replace(AROUND, moved_at=at)) is None


def test_a_form_seen_on_the_day_before_the_move_and_recorded_after_it_may_have_stayed_behind() -> None:
    story = after(seen_yesterday)

    assert find_unplaced(story.state, moved(story, NOW + A_MINUTE / 2)) is not None


# --- What every outlet says ------------------------------------------------------------------------------------------


def test_the_line_warns_first_and_names_the_place_as_last_known() -> None:
    story = after(signed)

    built = line_of(story, moved(story))

    assert built.extra[0] == WARNING
    assert built.unplaced == Unplaced(date(2026, 11, 21), DRAWER)
    assert not [words for words in built.extra if words.startswith(f"Signed form: {DRAWER}")]


def test_before_a_move_the_line_names_the_place() -> None:
    built = line_of(after(signed), AROUND)

    assert f"Signed form: {DRAWER}." in built.extra
    assert built.unplaced is None


def test_what_was_seen_before_the_move_stands_beside_the_warning() -> None:
    story = after(seen_today)

    extra = line_of(story, moved(story)).extra

    assert extra[0].endswith("Last known: bedside.")
    assert "Original seen 21-Nov-2026, bedside, by L Hart, paramedic, Ambulance." in extra


def test_in_doubt_the_form_is_to_be_read_so_the_warning_stands_there_too() -> None:
    story = after(signed)
    story.withdraw()

    built = line_of(story, moved(story))

    assert built.situation is Situation.IN_DOUBT
    assert WARNING in built.extra


def test_a_person_who_was_not_told_and_a_review_that_is_overdue_come_before_it() -> None:
    not_told = {"involvement__person_involved": False, "involvement__not_involved_because": "declined"}
    story = Story()
    story.sign(aware=["family"], person_not_told="Asleep", review_on="2026-11-22", **not_told)

    extra = line_of(story, replace(moved(story), today=date(2026, 12, 1))).extra

    assert extra[0] == "Person has NOT been told"
    assert extra[1].startswith("Review overdue")
    assert extra[2] == WARNING


@pytest.mark.parametrize(
    ("is_moved", "first"),
    [
        pytest.param(False, f"Look for the signed form: {DRAWER}. Ring control.", id="nobody moved"),
        pytest.param(
            True,
            f"Look for the signed form: {DRAWER}, as last said before the person's address changed on 21-Nov-2026. "
            "Ring control.",
            id="moved since",
        ),
    ],
)
def test_an_old_copy_says_where_to_look_and_how_old_that_is(is_moved: bool, first: str) -> None:
    story = after(signed)
    around = moved(story) if is_moved else AROUND

    built = line_of(story, around, now=NOW + timedelta(days=3), copy_age_limit=timedelta(days=1))

    assert built.situation is Situation.COPY_PAST_AGE
    assert built.second[0] == first


def test_a_place_that_nobody_wrote_down_is_said_to_be_unknown() -> None:
    story = after(signed)
    decision = story.state.in_force
    assert decision is not None
    story.state = replace(story.state, decisions=(replace(decision, original_location=""),))

    built = line_of(story, moved(story), now=NOW + timedelta(days=3), copy_age_limit=timedelta(days=1))

    assert built.extra[0].endswith("Last known: not recorded.")
    assert built.second[0] == "Look for the signed form: its place is not recorded. Ring control."


def test_the_words_of_the_warning_keep_the_place_and_the_day() -> None:
    for template in (Words().signed_form_unplaced, Words().said_before_move):
        assert "{where}" in template
        assert "{date}" in template


# --- What somebody must do -------------------------------------------------------------------------------------------


def test_a_decision_that_comes_back_after_a_move_asks_where_its_form_is() -> None:
    story = Story()
    story.sign()
    mistake = story.sign(FOR_CPR)
    around = moved(story, NOW + A_MINUTE / 2)
    before = story.state

    story.void(mistake)

    asked = {one.kind for one in follow_ups(before, story.state, around=around)}
    assert FollowUpKind.FIND_FORM in asked


def test_what_was_asked_before_is_not_asked_again() -> None:
    story = after(signed)
    before = story.state

    story.do("review_asked", {"words": "Much better"}, by=PARAMEDIC)

    asked = {one.kind for one in follow_ups(before, story.state, around=moved(story))}
    assert FollowUpKind.FIND_FORM not in asked


def test_after_death_nobody_looks_for_the_form() -> None:
    story = after(signed)
    story.do(EditKind.ENDED_BY_DEATH, by=SYSTEM)

    assert find_unplaced(story.state, moved(story)) is None


# --- What a move says of it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "place", "said"),
    [
        pytest.param(None, "", None, id="left open"),
        pytest.param(Whereabouts.NOT_KNOWN, "", None, id="not known yet"),
        pytest.param(Whereabouts.SAME, "", DRAWER, id="still in the same place, in one press"),
        pytest.param(Whereabouts.MOVED, "bedside table", "bedside table", id="it went along"),
        pytest.param(Whereabouts.MOVED, DRAWER, DRAWER, id="it went along, to a place of the same name"),
        pytest.param(Whereabouts.LEFT, "", f"{DRAWER}{LEFT_BEHIND}", id="left behind where it was"),
        pytest.param(Whereabouts.LEFT, "the niece's car", f"the niece's car{LEFT_BEHIND}", id="left behind elsewhere"),
    ],
)
def test_an_answer_to_a_move(answer: Whereabouts | None, place: str, said: str | None) -> None:
    body = build_amendment(answer, place, known=DRAWER)

    assert body == (None if said is None else {"original_location": said, "original_checked": True})


def test_left_behind_twice_is_said_once() -> None:
    body = build_amendment(Whereabouts.LEFT, "", known=f"{DRAWER}{LEFT_BEHIND}")

    assert body is not None
    assert body["original_location"] == f"{DRAWER}{LEFT_BEHIND}"


@pytest.mark.parametrize(
    ("answer", "place", "known", "field", "sentence"),
    [
        pytest.param(None, "bedside", DRAWER, "original_now", "Choose what became", id="a place without an answer"),
        pytest.param(
            Whereabouts.SAME, "bedside", DRAWER, "original_location", "Leave this empty", id="same, and a place"
        ),
        pytest.param(
            Whereabouts.NOT_KNOWN,
            "bedside",
            DRAWER,
            "original_location",
            "Leave this empty",
            id="not known, and a place",
        ),
        pytest.param(
            Whereabouts.MOVED, "", DRAWER, "original_location", "Enter where", id="it went along, nobody says where"
        ),
        pytest.param(
            Whereabouts.SAME, "", "", "original_location", "Enter where", id="the same place, which nobody knew"
        ),
        pytest.param(
            Whereabouts.LEFT, "", "", "original_location", "Enter where", id="left behind, nobody knows where"
        ),
    ],
)
def test_half_an_answer_is_refused(
    answer: Whereabouts | None, place: str, known: str, field: str, sentence: str
) -> None:
    with pytest.raises(RuleBroken, match=sentence) as refused:
        build_amendment(answer, place, known=known)

    assert refused.value.field == field


@pytest.mark.parametrize("answer", [Whereabouts.SAME, Whereabouts.MOVED, Whereabouts.LEFT])
def test_every_answer_ends_the_warning(answer: Whereabouts) -> None:
    story = after(signed)
    place = "bedside" if answer is Whereabouts.MOVED else ""
    body = build_amendment(answer, place, known=DRAWER)

    story.do("particulars_amended", body, by=NURSE)

    assert find_unplaced(story.state, moved(story, NOW + A_MINUTE / 2)) is None
