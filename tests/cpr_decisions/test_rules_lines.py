"""The line in every situation: its words, its shape, what stands under and beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from epaccs.cpr_decisions.rules import (
    LOOKS,
    SYSTEM,
    AdvanceDecision,
    Colour,
    CPRState,
    Death,
    Shape,
    Situation,
    Words,
    hidden_line,
    line,
)
from tests.cpr_decisions.stories import (
    ABSENT,
    AROUND,
    CALL_HANDLER,
    FOR_CPR,
    HOSPICE_DOCTOR,
    NOW,
    PARAMEDIC,
    WITHOUT_CAPACITY,
    Story,
    a_rival,
)

ADRT = AdvanceDecision(refuses_cpr=True, document_seen=True, made_on=date(2025, 3, 1), location="desk, blue folder")
ABOUT_CPR_ONLY = (
    "About CPR only: give all other suitable treatment, within the treatment level and ADRT below.",
    "Choking or another sudden reversible cause: use judgement.",
)
NOW_WORDS = "This copy left the register less than a minute ago."


def nothing(_story: Story) -> None: ...


def signed(story: Story) -> None:
    story.sign(decided_at="2026-11-21T02:30:00+00:00")


def signed_for(story: Story) -> None:
    story.sign(FOR_CPR)
    story.review(by=HOSPICE_DOCTOR)


def proposed(story: Story) -> None:
    story.propose()


def reported(story: Story) -> None:
    story.report()


def reported_seen(story: Story) -> None:
    story.report(document_seen={"at": "2026-11-20T22:00:00+00:00"})


def in_doubt(story: Story) -> None:
    story.sign()
    story.withdraw()


def flagged(story: Story) -> None:
    story.do("wrong_person_flag", by=PARAMEDIC)


def revoked(story: Story) -> None:
    story.sign()
    story.revoke()


def withdrawn(story: Story) -> None:
    story.sign(reason="person_refuses")
    story.withdraw()


def died(story: Story) -> None:
    story.sign()
    story.do("ended_by_death", by=SYSTEM)


Act = Callable[[Story], None]


@pytest.mark.parametrize(
    ("act", "adrts", "situation", "large", "second"),
    [
        pytest.param(
            signed,
            (),
            Situation.NOT_FOR_CPR,
            "Not for CPR",
            (
                "Signed 21-Nov-2026, Dr A Patel, GP, Elm Street.",
                "Not reviewed since it was signed.",
                NOW_WORDS,
                *ABOUT_CPR_ONLY,
            ),
            id="in force, not for CPR",
        ),
        pytest.param(
            signed_for,
            (),
            Situation.FOR_CPR,
            "CPR recommended",
            (
                "Decided 20-Nov-2026, signed 21-Nov-2026, Dr A Patel, GP, Elm Street.",
                "Last reviewed by a clinician 21-Nov-2026.",
                NOW_WORDS,
            ),
            id="in force, for CPR",
        ),
        pytest.param(
            proposed,
            (),
            Situation.AWAITING,
            "Not confirmed: not for CPR proposed by S Cole, hospice nurse, 21-Nov-2026",
            ("In force only when a clinician who may sign has confirmed it.", NOW_WORDS),
            id="awaiting",
        ),
        pytest.param(
            reported,
            (),
            Situation.REPORTED,
            'Not confirmed: told of "not for CPR", form not seen',
            (
                "Told by ward sister, City Hospital. Recorded 21-Nov-2026 by L Hart, paramedic, Ambulance.",
                NOW_WORDS,
            ),
            id="reported, form not seen",
        ),
        pytest.param(
            reported_seen,
            (),
            Situation.REPORTED,
            'Not confirmed: told of "not for CPR", form seen by paramedic, 20-Nov-2026',
            (
                "Told by ward sister, City Hospital. Recorded 21-Nov-2026 by L Hart, paramedic, Ambulance.",
                NOW_WORDS,
            ),
            id="reported, form seen",
        ),
        pytest.param(
            in_doubt,
            (),
            Situation.IN_DOUBT,
            "CPR decision in doubt",
            (
                "Read the signed form. Ring the 24-hour number on this card. "
                "If doubt remains, start CPR and get senior advice.",
                'Last confirmed: "Not for CPR", 21-Nov-2026.',
                NOW_WORDS,
            ),
            id="in doubt",
        ),
        pytest.param(
            flagged,
            (),
            Situation.IN_DOUBT,
            "CPR decision in doubt",
            (
                "Read the signed form. Ring the 24-hour number on this card. "
                "If doubt remains, start CPR and get senior advice.",
                "Last confirmed: nothing.",
                NOW_WORDS,
            ),
            id="in doubt over nothing",
        ),
        pytest.param(
            revoked,
            (),
            Situation.REVOKED,
            "No CPR decision in force",
            ('"Not for CPR" of 20-Nov-2026 was cancelled 21-Nov-2026. Paper saying it is out of date.', NOW_WORDS),
            id="revoked",
        ),
        pytest.param(
            withdrawn,
            (),
            Situation.REVOKED,
            "No CPR decision in force",
            (
                '"Not for CPR" of 20-Nov-2026 was cancelled 21-Nov-2026. Paper saying it is out of date.',
                "Refusal withdrawn 21-Nov-2026 02:10, heard by L Hart, paramedic, Ambulance.",
                NOW_WORDS,
            ),
            id="the person withdrew",
        ),
        pytest.param(
            nothing,
            (),
            Situation.NONE_RECORDED,
            "No CPR decision recorded here",
            ("One may exist elsewhere.", NOW_WORDS),
            id="none recorded",
        ),
        pytest.param(
            nothing,
            (ADRT,),
            Situation.ADVANCE_DECISION,
            "Advance decision refuses CPR - read it now",
            ("It is here: desk, blue folder.", NOW_WORDS),
            id="an ADRT was seen",
        ),
        pytest.param(
            nothing,
            (replace(ADRT, location=""),),
            Situation.ADVANCE_DECISION,
            "Advance decision refuses CPR - read it now",
            ("Where it is kept is not recorded: ask those present.", NOW_WORDS),
            id="an ADRT was seen, nobody knows where it is",
        ),
        pytest.param(
            died,
            (),
            Situation.ENDED_BY_DEATH,
            "Death confirmed. Before it: Not for CPR",
            (
                "Decided 20-Nov-2026, signed 21-Nov-2026, Dr A Patel, GP, Elm Street.",
                'If this person is alive, record "seen alive": the decision is then back as it was.',
                NOW_WORDS,
            ),
            id="death confirmed",
        ),
    ],
)
def test_the_line_of_each_situation(
    act: Act, adrts: tuple[AdvanceDecision, ...], situation: Situation, large: str, second: tuple[str, ...]
) -> None:
    story = Story(replace(AROUND, adrts=adrts))
    act(story)

    shown = story.line()

    assert (shown.situation, shown.underlying) == (situation, situation)
    assert shown.large == large
    assert shown.second == second
    assert (shown.shape, shown.colour) == (LOOKS[situation].shape, LOOKS[situation].colour)


def test_a_confirmed_death_without_a_decision_says_so() -> None:
    shown = Story(replace(AROUND, died=Death.CONFIRMED)).line()

    assert shown.situation is Situation.ENDED_BY_DEATH
    assert shown.large == "Death confirmed. No CPR decision was in force"


def test_a_role_that_may_not_see_it_learns_whom_to_ring_and_nothing_else() -> None:
    shown = hidden_line(Words(number_24h="01632 960 101"))

    assert shown.large == "Your role cannot see this: ring 01632 960 101"
    assert (shown.situation, shown.second, shown.extra, shown.sides) == (Situation.HIDDEN, (), (), ())
    assert hidden_line().large == "Your role cannot see this: ring the 24-hour number on this card"


def test_each_situation_has_a_shape_of_its_own() -> None:
    assert set(LOOKS) == set(Situation)
    assert len({look.shape for look in LOOKS.values()}) == len(Situation)
    assert {look.shape for look in LOOKS.values()} == set(Shape)
    assert {look.colour for look in LOOKS.values()} == set(Colour)


def test_a_situation_that_waits_for_a_person_never_looks_like_a_decision() -> None:
    decided = {LOOKS[one].colour for one in (Situation.NOT_FOR_CPR, Situation.FOR_CPR)}
    open_ones = (Situation.AWAITING, Situation.REPORTED, Situation.IN_DOUBT, Situation.REVOKED, Situation.NONE_RECORDED)

    assert not decided & {LOOKS[one].colour for one in open_ones}
    assert "green" not in {str(colour) for colour in Colour}


# --- Paper of what was decided before --------------------------------------------------------------------------------


def and_then_cancelled(story: Story) -> None:
    story.sign()
    story.revoke()


OF_THE_OPPOSITE = 'Paper saying "Not for CPR", of 20-Nov-2026, is out of date.'


@pytest.mark.parametrize(
    ("before", "said"),
    [
        pytest.param(nothing, [], id="no decision before"),
        pytest.param(lambda story: story.sign(), [OF_THE_OPPOSITE], id="the opposite, replaced"),
        pytest.param(and_then_cancelled, [OF_THE_OPPOSITE], id="the opposite, cancelled"),
        pytest.param(lambda story: story.sign(FOR_CPR), [], id="the same"),
    ],
)
def test_paper_of_an_earlier_decision_that_said_otherwise_is_named(
    before: Callable[[Story], None], said: list[str]
) -> None:
    story = Story()
    before(story)
    story.sign(FOR_CPR)

    shown = story.line()

    assert shown.large == "CPR recommended"
    assert [one for one in shown.extra if one.startswith("Paper saying")] == said


def test_in_doubt_no_paper_is_called_out_of_date() -> None:
    story = Story()
    story.sign()
    story.sign(FOR_CPR)
    story.do("wrong_person_flag", by=PARAMEDIC)

    assert not [one for one in story.line().extra if one.startswith("Paper saying")]


# --- What time does --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("review_on", "overdue"),
    [("2026-11-22", False), ("2026-11-21", False), ("2026-11-20", True), ("2026-11-01", True)],
)
def test_a_passed_review_date_changes_nothing_but_adds_a_clock(review_on: str, overdue: bool) -> None:
    story = Story()
    story.sign(
        review_on=review_on, decided_at="2026-10-01T12:00:00+00:00", capacity__assessed_at="2026-10-01T12:00:00+00:00"
    )

    shown = story.line(words=Words(review_overdue_site="; ring the practice"))

    assert (shown.large, shown.shape) == ("Not for CPR", Shape.OCTAGON)
    assert shown.review_overdue_since == (date.fromisoformat(review_on) if overdue else None)
    said = [one for one in shown.extra if one.startswith("Review overdue since ")]
    assert bool(said) is overdue
    assert all(one.endswith("(it stays in force; ring the practice).") for one in said)


def test_without_a_review_date_nothing_is_overdue() -> None:
    story = Story()
    story.sign(review_on=ABSENT, no_review_reason="Last days")

    assert story.line().review_overdue_since is None


def test_in_doubt_nothing_is_called_overdue_or_in_force() -> None:
    story = Story(replace(AROUND, treatment_level="comfort_only"))
    story.sign(
        FOR_CPR,
        review_on="2026-11-01",
        decided_at="2026-10-01T12:00:00+00:00",
        capacity__assessed_at="2026-10-01T12:00:00+00:00",
    )
    story.do("wrong_person_flag", by=PARAMEDIC)

    shown = story.line()

    assert shown.review_overdue_since is None
    assert shown.extra == ("Signed form: hall drawer, yellow folder.",)


@pytest.mark.parametrize(("hours", "overdue"), [pytest.param(71, False, id="71 h"), pytest.param(72, True, id="72 h")])
def test_a_proposal_is_overdue_after_72_hours(hours: int, overdue: bool) -> None:
    story = Story()
    story.propose()
    now = NOW + timedelta(hours=hours)

    shown = line(story.state, held=(), around=AROUND, copy_left_at=now, now=now)

    assert shown.large.startswith("Not confirmed: not for CPR proposed by")
    assert (shown.confirmation_overdue_since is not None) is overdue
    assert ("Confirmation overdue since 24-Nov-2026 03:00." in shown.second) is overdue


def test_a_site_sets_when_a_proposal_is_overdue() -> None:
    story = Story()
    story.propose()

    assert story.line(confirmation_hours=0).confirmation_overdue_since == NOW


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(minutes=53), "This copy left the register 53 min ago."),
        (timedelta(minutes=-9), "This copy left the register less than a minute ago."),
        (timedelta(minutes=-11), "This copy left the register an unknown time ago."),
    ],
)
def test_the_age_of_the_copy_stands_under_the_line(age: timedelta, words: str) -> None:
    story = Story()
    signed(story)

    assert words in story.line(age=age).second


LIMIT = timedelta(hours=18)


@pytest.mark.parametrize(
    ("act", "large", "first"),
    [
        pytest.param(
            signed,
            "Last known 3 days ago: Not for CPR",
            ("Look for the signed form: hall drawer, yellow folder. Ring control.", "A newer decision may exist."),
            id="in force",
        ),
        pytest.param(
            signed_for,
            "Last known 3 days ago: CPR recommended",
            ("Look for the signed form: hall drawer, yellow folder. Ring control.", "A newer decision may exist."),
            id="in force, for CPR",
        ),
        pytest.param(
            in_doubt,
            "Last known 3 days ago: CPR decision in doubt",
            ("Look for the signed form: hall drawer, yellow folder. Ring control.", "A newer decision may exist."),
            id="in doubt",
        ),
        pytest.param(
            nothing,
            "Last known 3 days ago: No CPR decision recorded here",
            ("Look for the signed form: its place is not recorded. Ring control.", "One may have been made since."),
            id="none recorded",
        ),
        pytest.param(
            revoked,
            "Last known 3 days ago: No CPR decision in force",
            ("Look for the signed form: its place is not recorded. Ring control.", "One may have been made since."),
            id="revoked",
        ),
        pytest.param(
            proposed,
            "Last known 3 days ago: Not confirmed: not for CPR proposed by S Cole, hospice nurse, 21-Nov-2026",
            ("Look for the signed form: its place is not recorded. Ring control.", "A newer decision may exist."),
            id="awaiting",
        ),
    ],
)
def test_a_copy_past_its_age_claims_nothing_about_the_present(act: Act, large: str, first: tuple[str, str]) -> None:
    story = Story()
    act(story)
    fresh = story.line()

    shown = story.line(age=timedelta(days=3), copy_age_limit=LIMIT)

    assert shown.large == large
    assert (shown.situation, shown.underlying) == (Situation.COPY_PAST_AGE, fresh.situation)
    assert (shown.shape, shown.colour) == (Shape.CLOCK, Colour.AMBER)
    assert shown.second[:2] == first
    assert shown.second[2:] == tuple(one for one in fresh.second if not one.startswith("This copy left"))
    assert shown.sides == fresh.sides


@pytest.mark.parametrize(
    ("age", "old"),
    [
        pytest.param(LIMIT, False, id="at the limit"),
        pytest.param(LIMIT + timedelta(seconds=1), True, id="past it"),
        pytest.param(timedelta(minutes=-10), False, id="a clock a little wrong"),
        pytest.param(timedelta(minutes=-11), True, id="a clock badly wrong"),
    ],
)
def test_when_a_copy_is_past_its_age(age: timedelta, old: bool) -> None:
    story = Story()
    signed(story)

    assert (story.line(age=age, copy_age_limit=LIMIT).situation is Situation.COPY_PAST_AGE) is old
    assert story.line(age=age).situation is Situation.NOT_FOR_CPR


# --- What stands beside ----------------------------------------------------------------------------------------------


def test_who_is_aware_and_where_the_form_is() -> None:
    story = Story()
    story.sign(aware=["person", "family", "carer"])

    assert story.line().extra == ("Aware: the person, family, carer.", "Signed form: hall drawer, yellow folder.")


def test_a_person_who_was_not_told_comes_first() -> None:
    story = Story()
    story.sign(**WITHOUT_CAPACITY, aware=[], person_not_told="Cannot understand it now")

    shown = story.line()

    assert shown.extra[0] == "Person has NOT been told"
    assert shown.person_not_told
    assert not any(one.startswith("Aware") for one in shown.extra)


def test_the_latest_sighting_of_the_form_is_shown_and_none_from_before_the_signature() -> None:
    story = Story()
    story.do("original_seen", {"place": "old folder", "seen_on": "2026-11-20"}, by=PARAMEDIC)
    story.sign()
    assert not [one for one in story.line().extra if one.startswith("Original seen")]
    story.do("original_seen", {"place": "hall", "seen_on": "2026-11-21"}, by=PARAMEDIC)
    story.do("original_seen", {"place": "fridge", "seen_on": "2026-11-21"}, by=PARAMEDIC)

    assert [one for one in story.line().extra if one.startswith("Original seen")] == [
        "Original seen 21-Nov-2026, fridge, by L Hart, paramedic, Ambulance."
    ]


def test_a_relatives_report_stands_under_the_line_as_large_until_it_is_answered() -> None:
    story = Story()
    signed(story)
    story.do("review_asked", {"words": "Eats again"}, by=PARAMEDIC)
    report = story.do(
        "relative_report",
        {"said_by": "Ann Wood", "relationship": "Daughter", "words": "He wants it now"},
        by=CALL_HANDLER,
    )

    shown = story.line()

    assert shown.large == "Not for CPR"
    assert shown.beneath == (
        "Daughter, Ann Wood reported 21-Nov-2026: wishes have changed. Review asked for; this alone changes nothing",
    )
    assert "Review asked for 21-Nov-2026 by J May, call handler: He wants it now" in shown.extra
    story.do("answer_review", {"request_id": report, "answer": "Spoke with him"})
    assert story.line().beneath == ()


def test_a_restored_decision_asks_to_be_confirmed() -> None:
    story = Story()
    story.sign()
    story.void(story.sign(FOR_CPR))
    assert "Restored 21-Nov-2026 after a mistaken entry; confirm." in story.line().extra

    story.review(reviewed_at="2026-11-21T03:03:00+00:00")

    assert not [one for one in story.line().extra if one.startswith("Restored")]


@pytest.mark.parametrize(
    ("then", "shown"),
    [
        pytest.param(nothing, True, id="nothing since"),
        pytest.param(lambda story: story.propose(), True, id="proposed since"),
        pytest.param(lambda story: story.sign(), False, id="signed since"),
    ],
)
def test_paper_from_a_mistake_is_not_valid(then: Act, shown: bool) -> None:
    story = Story()
    story.void(story.sign())
    then(story)

    removed = "An entry made by mistake was removed 21-Nov-2026. Paper from it is not valid."
    assert (removed in story.line().extra) is shown


def test_a_reported_advance_decision_that_nobody_has_seen_is_named_so() -> None:
    story = Story(replace(AROUND, adrts=(replace(ADRT, document_seen=False),)))

    shown = story.line()

    assert shown.situation is Situation.NONE_RECORDED
    assert shown.extra == ("An advance decision refusing CPR was reported. Nobody has seen it.",)


def test_an_advance_decision_that_the_person_withdrew_is_under_review() -> None:
    story = Story(replace(AROUND, adrts=(ADRT,)))
    withdrawn(story)

    assert story.line().extra == (
        "The record still holds an advance decision refusing CPR, which the person has withdrawn: under review",
    )


def test_a_withdrawal_that_contradicts_nothing_is_still_shown() -> None:
    story = Story()
    story.withdraw()

    shown = story.line()

    assert shown.situation is Situation.NONE_RECORDED
    assert shown.extra == (
        "Said 21-Nov-2026 02:10 to withdraw a refusal of CPR; heard by L Hart, paramedic, Ambulance.",
    )


@pytest.mark.parametrize(
    ("acts", "adrts", "situation", "extra"),
    [
        pytest.param(
            [proposed, reported],
            (),
            Situation.AWAITING,
            ('Also waiting: Not confirmed: told of "not for CPR", form not seen',),
            id="a report beside a proposal",
        ),
        pytest.param(
            [reported_seen, reported],
            (),
            Situation.REPORTED,
            ('Also waiting: Not confirmed: told of "not for CPR", form seen by paramedic, 20-Nov-2026',),
            id="two reports",
        ),
        pytest.param(
            [proposed, reported],
            (ADRT,),
            Situation.ADVANCE_DECISION,
            (
                'Also waiting: Not confirmed: told of "not for CPR", form not seen',
                "Also waiting: Not confirmed: not for CPR proposed by S Cole, hospice nurse, 21-Nov-2026",
            ),
            id="both beside an ADRT",
        ),
        pytest.param(
            [revoked, proposed],
            (),
            Situation.AWAITING,
            ('"Not for CPR" of 20-Nov-2026 was cancelled 21-Nov-2026. Paper saying it is out of date.',),
            id="proposed after a cancelling",
        ),
    ],
)
def test_what_waits_beside_the_line_is_named(
    acts: list[Act], adrts: tuple[AdvanceDecision, ...], situation: Situation, extra: tuple[str, ...]
) -> None:
    story = Story(replace(AROUND, adrts=adrts))
    for act in acts:
        act(story)

    shown = story.line()

    assert (shown.situation, shown.extra) == (situation, extra)


def test_a_proposal_beside_a_decision_never_replaces_its_line() -> None:
    story = Story()
    signed(story)
    before = story.line()
    story.propose()

    assert replace(story.line(), second=()) == replace(before, second=())


def test_the_latest_of_several_proposals_is_shown() -> None:
    story = Story()
    story.propose()
    story.propose(by=HOSPICE_DOCTOR)

    assert story.line().large == "Not confirmed: not for CPR proposed by Dr R Siddiqui, hospice doctor, 21-Nov-2026"


def test_a_seen_form_without_a_role_names_the_person() -> None:
    story = Story()
    story.report("modified", document_seen={"at": "2026-11-20T22:00:00+00:00", "by": "P Hill"})

    assert story.line().large == (
        'Not confirmed: told of "modified CPR (read the form)", form seen by P Hill, 20-Nov-2026'
    )


def test_the_sites_own_words_are_used_everywhere() -> None:
    words = Words(not_for_cpr="DNACPR", number_24h="01632 960 101", control="01632 960 999")
    story = Story()
    signed(story)
    old = story.line(age=timedelta(days=3), copy_age_limit=LIMIT, words=words)
    assert old.large == "Last known 3 days ago: DNACPR"
    assert old.second[0].endswith("Ring 01632 960 999.")

    story.do("wrong_person_flag", by=PARAMEDIC)
    doubtful = story.line(words=words)
    assert doubtful.sides[0].title == "DNACPR"
    assert "Ring 01632 960 101." in doubtful.second[0]


def test_markup_and_braces_in_what_people_typed_are_only_text() -> None:
    story = Story()
    story.sign(original_location="{who} <b>%s</b> {{ 7*7 }}")

    assert "Signed form: {who} <b>%s</b> {{ 7*7 }}." in story.line().extra


def test_no_line_ever_says_do_not_treat() -> None:
    acts: list[Act] = [nothing, signed, signed_for, proposed, reported, in_doubt, revoked, withdrawn, died]
    for act in acts:
        story = Story()
        act(story)
        for shown in (story.line(), story.line(held=(a_rival(),)), story.line(copy_age_limit=timedelta(0), age=LIMIT)):
            said = " ".join((shown.large, *shown.second, *shown.extra, *shown.beneath)).casefold()
            assert "do not treat" not in said


def test_nothing_recorded_is_never_absent_and_never_looks_like_a_decision() -> None:
    shown = line(CPRState(), held=(), around=AROUND, copy_left_at=NOW, now=NOW)

    assert shown.large == "No CPR decision recorded here"
    assert shown.shape not in (Shape.OCTAGON, Shape.SQUARE)
