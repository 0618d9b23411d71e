"""A fact that was right once: after how long it is shown with its age, and what makes it current again."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from epaccs.access.rules import Tier
from epaccs.care_plans.actions import confirm_section
from epaccs.core.identifiers import new_id
from epaccs.handover.pdf import build_html
from epaccs.record.declared import sights
from epaccs.record.rules.ages import doubt_in_words, doubts_in_words, find_ageing
from epaccs.record.rules.card import Site, build_card
from epaccs.record.rules.parts import Ageing
from epaccs.record.rules.whole import Reading, build_sections
from epaccs.record.sight import FieldSight
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from epaccs.versions.rules import Recorded
from tests.factories import a_registered_person, an_edit
from tests.handover.specimens import a_sheet
from tests.record.people import EVERYTHING, RECORDED_AT, STAMP, a_material, a_summary
from tests.record.visits import a_signer, open_record

Clock = Callable[[datetime], None]

DATE = FieldSight("Date last checked", Tier.T1_EMERGENCY, kind="date", ages=28, ages_as="Last checked")
NUMBER = FieldSight("Telephone number", Tier.T1_EMERGENCY, ages=180)
TODAY = date(2026, 11, 21)
ENTERED = date(2026, 11, 20)  # the day of RECORDED_AT


def a_recorded(**fields: Any) -> Recorded:
    return Recorded("medicines", 1, {}, {"key": STAMP}, RECORDED_AT, **fields)


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


# --- Since when ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "answer"),
    [
        pytest.param(FieldSight("Note", Tier.T1_EMERGENCY), "Six vials", id="does not grow old"),
        pytest.param(NUMBER, None, id="not recorded"),
        pytest.param(NUMBER, False, id="a no"),
    ],
)
def test_what_does_not_grow_old(field: FieldSight, answer: Any) -> None:
    assert find_ageing(field, answer, a_recorded(), key="key") is None


def test_a_date_counts_from_itself_whoever_confirmed_the_section_since() -> None:
    confirmed = a_recorded(confirmed_at=RECORDED_AT)

    found = find_ageing(DATE, "2026-10-12", confirmed, key="key")

    assert found == Ageing(words="Last checked", since=date(2026, 10, 12), check_by=date(2026, 11, 9))


@pytest.mark.parametrize(
    ("confirmed_at", "key", "how", "since"),
    [
        pytest.param(None, "key", "entered", ENTERED, id="entered"),
        pytest.param(None, "another", "entered", ENTERED, id="entered, nobody is named"),
        pytest.param(RECORDED_AT + timedelta(days=9), "key", "confirmed", date(2026, 11, 29), id="confirmed since"),
    ],
)
def test_another_answer_counts_from_when_it_was_entered_or_confirmed(
    confirmed_at: datetime | None, key: str, how: str, since: date
) -> None:
    found = find_ageing(NUMBER, "01632 960444", a_recorded(confirmed_at=confirmed_at), key=key, who="Chidi")

    assert found is not None
    assert (found.words, found.how, found.since, found.who) == ("Telephone number", how, since, "Chidi")


# --- In words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "how", "words"),
    [
        pytest.param(days_ago(28), "", "", id="on the last day"),
        pytest.param(days_ago(29), "", "29 days ago: check again", id="a day later"),
        pytest.param(days_ago(40), "", "40 days ago: check again", id="long ago"),
        pytest.param(days_ago(40), "entered", "entered 12-Oct-2026, 40 days ago: check again", id="entered"),
        pytest.param(days_ago(-1), "", "", id="in the future, by a wrong clock"),
    ],
)
def test_beside_an_answer(since: date, how: str, words: str) -> None:
    ageing = Ageing(words="Last checked", since=since, check_by=since + timedelta(days=28), how=how)

    assert doubt_in_words(ageing, TODAY) == words


def test_nothing_is_said_where_nothing_grows_old() -> None:
    assert doubt_in_words(None, TODAY) == ""
    assert doubts_in_words((), TODAY) == ()


def test_under_a_part_the_same_is_said_once_for_several_people() -> None:
    old, young = days_ago(200), days_ago(1)
    found = tuple(
        Ageing(words="Telephone number", since=since, check_by=since + timedelta(days=180), how=how, who=who)
        for since, how, who in (
            (old, "entered", "Chidi"),
            (old, "entered", "Chidi"),
            (old, "entered", "Ada"),
            (old, "", ""),
            (young, "entered", "Emeka"),
        )
    )

    assert doubts_in_words(found, TODAY) == (
        "Telephone number of Chidi, Ada entered 05-May-2026, 200 days ago: check again.",
        "Telephone number 05-May-2026, 200 days ago: check again.",
    )


# --- Where it is shown -----------------------------------------------------------------------------------------------

CHECKED = {"status": "in_home", "where": "Fridge", "last_checked_on": "2026-10-12"}
SENTENCE = "Medicines last checked 12-Oct-2026, 40 days ago: check again."


def test_every_field_that_grows_old_says_what_is_to_be_checked() -> None:
    aged = {
        f"{section.name}.{name}": field
        for section in sights().values()
        for name, field in {**section.fields, **section.item_fields}.items()
        if field.ages
    }

    assert {"medicines.last_checked_on", "medicines.syringe_driver", "contacts.telephone"} <= set(aged)
    assert [name for name, field in aged.items() if not field.ages_as] == []


@pytest.mark.parametrize(
    ("now", "said"),
    [
        pytest.param(datetime(2026, 11, 9, 23, 59, tzinfo=UTC), (), id="within 28 days"),
        pytest.param(datetime(2026, 11, 21, 3, tzinfo=UTC), (SENTENCE,), id="40 days"),
    ],
)
def test_the_age_is_that_of_the_moment_of_reading(now: datetime, said: tuple[str, ...]) -> None:
    """Nothing of it is stored: the same summary is doubted on another day (hazard H-38)."""
    summary = a_summary(medicines=CHECKED)
    card = build_card(summary, now=now, copy_left_at=now, site=Site(control_telephone="01632 960103"))

    assert card.doubts_of(summary.medicines) == said
    assert card.doubts_of(None) == ()


def test_the_whole_record_says_it_beside_the_answer_and_in_a_list_beside_the_line() -> None:
    shown = build_sections(a_material(medicines=CHECKED), Reading(EVERYTHING, {}, date(2027, 11, 21)), sights())
    sections = {one.name: one for one in shown}

    checked = next(line for line in sections["medicines"].lines if line.label == "Date last checked")
    numbers = [
        line for group in sections["contacts"].groups for line in group.lines if line.label == "Telephone number"
    ]
    assert checked.doubt == "405 days ago: check again"
    assert {line.doubt for line in numbers} == {"entered 20-Nov-2026, 366 days ago: check again"}
    assert next(line for line in sections["medicines"].lines if line.label == "Where are they in the home?").doubt == ""


def test_nobody_is_asked_to_check_again_what_was_recorded_of_somebody_who_died() -> None:
    now = datetime(2027, 11, 21, 3, tzinfo=UTC)
    died = {"status": "on_register", "death": {"status": "confirmed", "died_on": "2026-11-22"}}
    summary = a_summary(medicines=CHECKED, lifecycle=died)
    card = build_card(summary, now=now, copy_left_at=now, site=Site(control_telephone="01632 960103"))
    shown = build_sections(a_material(medicines=CHECKED, lifecycle=died), Reading(EVERYTHING, {}, now.date()), sights())

    assert card.doubts_of(summary.medicines) == ()
    assert {line.doubt for section in shown for line in section.lines} == {""}


def test_the_sheet_says_it_on_the_card_and_in_the_plan() -> None:
    html = build_html(a_sheet("not for CPR", medicines=CHECKED))

    assert SENTENCE in re.sub(r"</?span[^>]*>", "", html)
    assert "(40 days ago: check again)" in html


def test_whoever_looks_again_makes_it_current(app: Flask, frozen_clock: Clock) -> None:
    frozen_clock(datetime(2026, 11, 21, 3, tzinfo=UTC))
    gp = a_signer()
    entry_id = a_registered_person(gp)
    open_record(app, gp, entry_id)
    apply_edit(gp, an_edit(entry_id, "risks", {"access_note": "Back door"}))
    frozen_clock(datetime(2027, 6, 9, 10, tzinfo=UTC))
    pages = open_record(app, gp, entry_id)
    pages.see(
        "Getting in entered 21-Nov-2026, 200 days ago: check again.", "Back door entered 21-Nov-2026, 200 days ago"
    )

    recorded = find_recorded(entry_id, "risks")
    assert recorded is not None
    confirm_section(gp, new_id(), entry_id=entry_id, name="risks", base_version=recorded.version)

    pages.open(f"/record/{entry_id}").see_nothing_of("check again")


# --- Confirmed is not the same as unchanged --------------------------------------------------------------------------


def test_what_was_gone_through_reads_as_confirmed_by_whom_and_when_and_not_as_changed(
    app: Flask, frozen_clock: Clock
) -> None:
    frozen_clock(datetime(2026, 11, 21, 3, tzinfo=UTC))
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id)
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "treat_at_home"}))
    frozen_clock(datetime(2026, 11, 21, 3, 20, tzinfo=UTC))

    pages.open(f"/record/{entry_id}").see_nothing_of("Confirmed as still right")
    pages.open(f"/record/{entry_id}/plan/treatment_level").submit("Looked at, still right Treatment level")

    pages.open(f"/record/{entry_id}")
    pages.see(f"Treatment level confirmed by {gp.name} on 21-Nov-2026", "Entered by")
    pages.see(f"Confirmed as still right by {gp.name}, GP, {gp.organisation_name}, 21-Nov-2026 03:20")
    pages.open(f"/record/{entry_id}/history").see("Treatment level: Confirmed. Confirmed as still right.")


def test_the_record_as_it_was_knows_what_had_been_confirmed_by_then(app: Flask, frozen_clock: Clock) -> None:
    frozen_clock(datetime(2026, 11, 21, 3, tzinfo=UTC))
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id)
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "treat_at_home"}))
    frozen_clock(datetime(2026, 11, 21, 3, 20, tzinfo=UTC))
    confirm_section(gp, new_id(), entry_id=entry_id, name="treatment_level", base_version=1)
    frozen_clock(datetime(2026, 11, 21, 3, 40, tzinfo=UTC))
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "comfort_only"}))
    frozen_clock(datetime(2026, 11, 21, 3, 45, tzinfo=UTC))
    asked = f"/record/{entry_id}/history?at-day=21&at-month=11&at-year=2026&at-time="

    pages.open(f"{asked}03:10").see("Treat at home first").see_nothing_of("Confirmed as still right")
    pages.open(f"{asked}03:30").see("Confirmed as still right", "21-Nov-2026 03:20")
    pages.open(f"{asked}03:42").see("Comfort only").see_nothing_of("Confirmed as still right")
