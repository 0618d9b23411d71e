"""Sessions, the two nights in which the clocks change, and what a file would change, as tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epaccs.core.errors import RuleBroken
from epaccs.rosters.rules import (
    Kept,
    Line,
    Person,
    Span,
    build_people,
    build_span,
    check_may_add,
    check_may_end,
    check_shown_once,
    check_unchanged,
    find_overlap,
    lay_within,
    plan_load,
    read_moment,
)
from tests.rosters.rotas import ADA, BEN, at, span

TODAY = date(2026, 11, 22)
TWO_HOURS = timedelta(hours=2)

NIGHT = span("2026-11-21T20:00", "2026-11-22T08:00")
#: Clocks go back: thirteen hours.
AUTUMN = span("2026-10-24T20:00", "2026-10-25T08:00")
#: Clocks go forward: eleven hours.
SPRING = span("2027-03-27T20:00", "2027-03-28T08:00")
SUMMER = span("2026-07-10T07:00", "2026-07-10T19:00")


@pytest.mark.parametrize(
    ("moment", "sessions", "within"),
    [
        pytest.param(at("2026-11-22T03:00"), [NIGHT], True, id="in the middle of the night"),
        pytest.param(at("2026-11-21T18:00"), [NIGHT], True, id="two hours before it"),
        pytest.param(at("2026-11-21T17:59"), [NIGHT], False, id="a minute earlier"),
        pytest.param(at("2026-11-22T09:59"), [NIGHT], True, id="nearly two hours after it"),
        pytest.param(at("2026-11-22T10:00"), [NIGHT], False, id="two hours after it"),
        pytest.param(at("2026-11-23T03:00"), [NIGHT], False, id="the night after"),
        pytest.param(at("2026-11-22T03:00"), [], False, id="no session at all"),
        pytest.param(at("2026-11-22T03:00"), [SUMMER, NIGHT], True, id="one of two sessions"),
        pytest.param(at("2026-07-10T20:59"), [SUMMER], True, id="after a day in summer"),
        pytest.param(at("2026-07-10T21:00"), [SUMMER], False, id="two hours after a day in summer"),
        pytest.param(at("2026-07-10T05:00"), [SUMMER], True, id="two hours before a day in summer"),
        pytest.param(at("2026-07-10T04:59"), [SUMMER], False, id="earlier before a day in summer"),
        pytest.param(datetime(2026, 10, 25, 9, 59, tzinfo=UTC), [AUTUMN], True, id="after the night of 13 hours"),
        pytest.param(datetime(2026, 10, 25, 10, 0, tzinfo=UTC), [AUTUMN], False, id="longer after it"),
        pytest.param(datetime(2026, 10, 24, 17, 0, tzinfo=UTC), [AUTUMN], True, id="before the night of 13 hours"),
        pytest.param(datetime(2027, 3, 28, 8, 59, tzinfo=UTC), [SPRING], True, id="after the night of 11 hours"),
        pytest.param(datetime(2027, 3, 28, 9, 0, tzinfo=UTC), [SPRING], False, id="longer after the short night"),
    ],
)
def test_a_look_lies_within_a_session(moment: datetime, sessions: list[Span], within: bool) -> None:
    assert lay_within(moment, sessions, leeway=TWO_HOURS) is within


# Reading


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        pytest.param("2026-11-22 18:30", datetime(2026, 11, 22, 18, 30, tzinfo=UTC), id="winter"),
        pytest.param(" 2026-07-22T18:30:00 ", datetime(2026, 7, 22, 17, 30, tzinfo=UTC), id="summer, with seconds"),
        pytest.param("2026-10-25 00:59", datetime(2026, 10, 24, 23, 59, tzinfo=UTC), id="before the repeated hour"),
        pytest.param("2026-10-25 02:00", datetime(2026, 10, 25, 2, 0, tzinfo=UTC), id="after the repeated hour"),
        pytest.param("2027-03-28 00:59", datetime(2027, 3, 28, 0, 59, tzinfo=UTC), id="before the skipped hour"),
        pytest.param("2027-03-28 02:00", datetime(2027, 3, 28, 1, 0, tzinfo=UTC), id="after the skipped hour"),
        pytest.param("2027-11-23 00:00", datetime(2027, 11, 23, tzinfo=UTC), id="a year ahead"),
    ],
)
def test_a_moment_is_read_by_british_clocks(typed: str, moment: datetime) -> None:
    assert read_moment(typed, called="from", today=TODAY) == moment


@pytest.mark.parametrize(
    ("typed", "refused"),
    [
        pytest.param("", "Enter “from” as a day and a time", id="nothing"),
        pytest.param("22/11/2026 18:30", "Enter “from” as a day and a time", id="day first"),
        pytest.param("2026-11-31 18:30", "Enter “from” as a day and a time", id="no such day"),
        pytest.param("2026-11-22 24:00", "Enter “from” as a day and a time", id="no such hour"),
        pytest.param("2026-11-22", "Enter “from” as a day and a time", id="no time"),
        pytest.param("٢٠٢٦-11-22 18:30", "Enter “from” as a day and a time", id="digits of another script"),
        pytest.param("0001-01-01 00:00", "Check the year of “from”", id="the first year"),
        pytest.param("9999-12-31 23:59", "Check the year of “from”", id="the last year"),
        pytest.param("2062-11-22 18:30", "Check the year of “from”", id="mistyped"),
        pytest.param("2026-10-25 01:30", "the clocks show 01:00 to 01:59 twice", id="shown twice"),
        pytest.param("2027-03-28 01:30", "the clocks go forward over", id="skipped"),
    ],
)
def test_what_is_no_moment_is_refused(typed: str, refused: str) -> None:
    with pytest.raises(RuleBroken, match=refused):
        read_moment(typed, called="from", today=TODAY)


@pytest.mark.parametrize(
    ("local", "refused"),
    [
        pytest.param(datetime(2026, 10, 25, 0, 59), None, id="before autumn repeats"),  # noqa: DTZ001
        pytest.param(datetime(2026, 10, 25, 1, 0), "twice", id="repeated"),  # noqa: DTZ001
        pytest.param(datetime(2026, 10, 25, 1, 59), "twice", id="the last repeated minute"),  # noqa: DTZ001
        pytest.param(datetime(2026, 10, 25, 2, 0), None, id="after it"),  # noqa: DTZ001
        pytest.param(datetime(2027, 3, 28, 1, 0), "forward", id="skipped"),  # noqa: DTZ001
        pytest.param(datetime(2027, 3, 28, 2, 0), None, id="after what was skipped"),  # noqa: DTZ001
    ],
)
def test_a_time_that_the_clocks_skip_or_repeat_is_refused(local: datetime, refused: str | None) -> None:
    if refused is None:
        check_shown_once(local, called="the end")
    else:
        with pytest.raises(RuleBroken, match=refused):
            check_shown_once(local, called="the end")


@given(st.text())
def test_whatever_stands_in_a_cell_is_a_moment_or_refused(typed: str) -> None:
    try:
        found = read_moment(typed, called="from", today=TODAY)
    except RuleBroken:
        return
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("from_at", "until_at", "refused"),
    [
        pytest.param("2026-11-22T08:00", "2026-11-23T08:00", None, id="24 hours"),
        pytest.param("2026-11-22T08:00", "2026-11-23T08:01", "at most 24 hours", id="a minute more"),
        pytest.param("2026-10-24T20:00", "2026-10-25T20:00", None, id="25 hours in the night of autumn"),
        pytest.param("2027-03-27T20:00", "2027-03-28T20:00", None, id="23 hours in the night of spring"),
        pytest.param("2027-03-27T20:00", "2027-03-28T20:30", "at most 24 hours", id="23 hours and a half on the clock"),
        pytest.param("2026-11-22T08:00", "2026-11-22T08:00", "must end after it begins", id="no time at all"),
        pytest.param("2026-11-22T20:00", "2026-11-22T08:00", "must end after it begins", id="the wrong day"),
    ],
)
def test_a_session_is_of_a_day_at_most_and_ends_after_it_begins(
    from_at: str, until_at: str, refused: str | None
) -> None:
    if refused is None:
        assert build_span(at(from_at), at(until_at)) == span(from_at, until_at)
    else:
        with pytest.raises(RuleBroken, match=refused):
            build_span(at(from_at), at(until_at))


GONE = Person(UUID(int=3), "Cyd Example", "cyd.example", "99A0003E", has_ended=True)
TWIN = Person(UUID(int=4), "Dee Example", "dee.example", "99a 0001e")
PEOPLE = build_people([ADA, BEN, GONE])


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        pytest.param("ada.example", ADA, id="user name"),
        pytest.param(" ADA.Example ", ADA, id="capitals and spaces"),
        pytest.param("99a 0001e", ADA, id="professional number in another spacing"),
        pytest.param("ben.example", BEN, id="somebody without a number"),
    ],
)
def test_a_rota_names_people_by_user_name_or_number(typed: str, found: Person) -> None:
    assert PEOPLE.get(typed) == found


@pytest.mark.parametrize(
    ("typed", "refused"),
    [
        pytest.param("nobody.known", "nobody of your organisation", id="unknown"),
        pytest.param("", "Enter the user name", id="blank"),
        pytest.param("cyd.example", "their account here has ended", id="ended"),
        pytest.param("99A0003E", "their account here has ended", id="ended, by number"),
    ],
)
def test_a_rota_names_nobody_who_does_not_work_here(typed: str, refused: str) -> None:
    with pytest.raises(RuleBroken, match=refused):
        PEOPLE.get(typed)


def test_a_number_that_two_people_have_names_neither() -> None:
    people = build_people([ADA, TWIN])

    with pytest.raises(RuleBroken, match="several people here have the number"):
        people.get("99A0001E")
    assert people.get("dee.example") == TWIN


# Loading

NOW = at("2026-11-21T22:00")
FRIDAY = span("2026-11-20T08:00", "2026-11-20T20:00")
SUNDAY = span("2026-11-22T08:00", "2026-11-22T20:00")
MONDAY = span("2026-11-23T08:00", "2026-11-23T20:00")
TUESDAY = span("2026-11-24T08:00", "2026-11-24T20:00")


def lines(*sessions: tuple[Person, Span]) -> list[Line]:
    return [Line(number, person, when) for number, (person, when) in enumerate(sessions, start=2)]


def kept(number: int, person: Person, when: Span) -> Kept:
    return Kept(UUID(int=100 + number), person.clinician_id, when)


def test_a_load_replaces_what_has_not_begun_on_the_days_of_the_file() -> None:
    standing = [
        kept(1, ADA, NIGHT),  # runs
        kept(2, ADA, SUNDAY),
        kept(3, BEN, SUNDAY),
        kept(4, ADA, TUESDAY),  # after the days of the file
        kept(5, BEN, FRIDAY),  # over
    ]
    sent = lines((BEN, NIGHT), (ADA, FRIDAY), (BEN, SUNDAY), (ADA, MONDAY))

    plan = plan_load(sent, standing, now=NOW)

    assert (plan.first_day, plan.last_day) == (date(2026, 11, 20), date(2026, 11, 23))
    assert [(line.person, line.span) for line in plan.new] == [(BEN, NIGHT), (ADA, MONDAY)]
    assert (plan.same, plan.over, plan.wrong) == (1, 1, ())
    assert [one.id for one in plan.gone] == [UUID(int=102)]
    assert not plan.changes_nothing


def test_a_load_of_what_is_there_changes_nothing() -> None:
    plan = plan_load(lines((ADA, NIGHT), (BEN, SUNDAY)), [kept(1, ADA, NIGHT), kept(2, BEN, SUNDAY)], now=NOW)

    assert plan.changes_nothing
    assert (plan.same, plan.over, plan.wrong) == (2, 0, ())


LONG = span("2026-11-22T08:00", "2026-11-23T07:00")
LATE = span("2026-11-23T06:00", "2026-11-23T07:30")


@pytest.mark.parametrize(
    ("sent", "standing", "wrong"),
    [
        pytest.param([(ADA, SUNDAY), (ADA, MONDAY)], [], [], id="one after the other"),
        pytest.param([(ADA, SUNDAY), (BEN, SUNDAY)], [], [], id="two people"),
        pytest.param([(ADA, SUNDAY), (ADA, SUNDAY)], [], [(3, "overlaps row 2")], id="the same row twice"),
        pytest.param([(ADA, LATE), (ADA, SUNDAY), (ADA, LONG)], [], [(4, "row 2"), (4, "row 3")], id="a long one"),
        pytest.param([(ADA, MONDAY)], [(ADA, LATE)], [], id="what does not overlap stays or goes"),
        pytest.param([(ADA, MONDAY)], [(ADA, LONG)], [], id="the day before, which ends before it"),
        pytest.param([(ADA, LATE)], [(ADA, LONG)], [(2, "22-Nov-2026 08:00 to 23-Nov-2026 07:00")], id="overlaps it"),
        pytest.param(
            [(ADA, span("2026-11-21T21:00", "2026-11-22T09:00"))], [(ADA, NIGHT)], [(2, "has begun")], id="runs"
        ),
        pytest.param([(BEN, LATE)], [(ADA, LONG)], [], id="somebody else's"),
        pytest.param([(ADA, LONG), (ADA, LATE)], [(ADA, SUNDAY)], [(3, "row 2")], id="with what is replaced"),
    ],
)
def test_sessions_of_one_person_do_not_overlap(
    sent: list[tuple[Person, Span]], standing: list[tuple[Person, Span]], wrong: list[tuple[int, str]]
) -> None:
    there = [kept(number, person, when) for number, (person, when) in enumerate(standing)]

    found = sorted(plan_load(lines(*sent), there, now=NOW).wrong, key=lambda one: (one.number, one.sentence))

    assert [one.number for one in found] == [number for number, _ in wrong]
    for one, (_, part) in zip(found, wrong, strict=True):
        assert part in one.sentence


# By hand


def test_a_session_is_added_that_is_not_over_and_overlaps_none() -> None:
    check_may_add(NIGHT, [SUNDAY, FRIDAY], now=NOW)
    with pytest.raises(RuleBroken, match="not over"):
        check_may_add(FRIDAY, [], now=NOW)
    with pytest.raises(RuleBroken, match="this overlaps 21-Nov-2026 20:00 to 22-Nov-2026 08:00"):
        check_may_add(span("2026-11-22T07:00", "2026-11-22T09:00"), [SUNDAY, NIGHT], now=NOW)


def test_of_several_sessions_the_first_that_overlaps_is_named() -> None:
    assert find_overlap(LONG, [MONDAY, LATE, SUNDAY]) == SUNDAY
    assert find_overlap(TUESDAY, [MONDAY]) is None


def test_a_session_is_ended_that_is_not_over() -> None:
    check_may_end(NIGHT, now=NOW)
    with pytest.raises(RuleBroken, match="is over"):
        check_may_end(FRIDAY, now=NOW)


def test_a_rota_is_loaded_over_the_one_that_was_shown() -> None:
    check_unchanged(3, seen=3)
    with pytest.raises(RuleBroken, match="changed since this was shown"):
        check_unchanged(4, seen=3)
