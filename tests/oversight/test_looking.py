"""From the look to the privacy officer's list: what the worker finds in a round, once, for the right officer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from epaccs.access.actions import event, give_reason
from epaccs.access.rules import AccessReason
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.oversight.actions import looking, tuning
from epaccs.oversight.actions.deciding import decide
from epaccs.oversight.actions.looking import look_at_new
from epaccs.oversight.model import OversightCursor, UnusualAccess
from epaccs.oversight.queries.alerts import find_alerts, find_pairs, find_progress, find_watched, get_alert
from epaccs.oversight.queries.facts import find_people
from epaccs.oversight.queries.rows import find_batch
from epaccs.oversight.rules.deciding import Verdict
from epaccs.record.model import SearchPerson
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation

Officer = Actor


@pytest.fixture
def practice(app: Flask) -> Organisation:
    return an_organisation()


@pytest.fixture
def gp(practice: Organisation) -> Actor:
    return a_clinician(Role.GP, practice, name="Dr Ruth Quillfeather")


@pytest.fixture
def officer(practice: Organisation) -> Officer:
    return a_clinician(Role.PRIVACY_OFFICER, practice, name="Vivian Cho")


@pytest.fixture
def by_day(frozen_clock: Callable[[datetime], None]) -> None:
    frozen_clock(datetime(2026, 11, 20, 14, 0, tzinfo=UTC))


pytestmark = pytest.mark.usefixtures("by_day")


def look(actor: Actor, entry_id: UUID, **details: Any) -> UUID:
    """What opening a card leaves in the audit."""
    return log.record(event(actor, EventKind.CARD_VIEWED, entry_id=entry_id, number=1, **details))


def search(actor: Actor, *, found: int = 1) -> UUID:
    return log.record(event(actor, EventKind.SEARCHED, by=["name"], found=found))


def why(officer: Actor) -> list[str]:
    return [sentence for alert in find_alerts(officer) for sentence in alert.why]


def test_a_look_at_somebody_of_ones_own_family_name_is_on_the_officers_list_after_the_next_round(
    gp: Actor, officer: Officer
) -> None:
    entry_id = a_registered_person(gp, family_name="Quillfeather", given_name="Albert")
    look(gp, entry_id, reason="cannot_ask")

    assert look_at_new() == 1

    (alert,) = find_alerts(officer)
    assert alert.why == (
        "Dr Ruth Quillfeather, GP, opened the record of QUILLFEATHER, Albert, born 06-Jan-1941, who has the same "
        "family name; hardly anybody else on the register has it.",
    )
    assert (alert.deeds, alert.decided_at, alert.was_on_tablet) == (1, None, False)
    assert alert.reasons_given == ("Cannot ask; needed for their direct care",)


def test_many_people_in_an_hour_are_one_alert_however_many_there_are(gp: Actor, officer: Officer) -> None:
    tuning.set_thresholds(
        officer, thresholds={"many_people_people": 5}, reason="A small practice", until_on=clock.today()
    )
    people = [a_registered_person(gp) for _ in range(8)]
    for entry_id in people[:6]:
        look(gp, entry_id)
    assert look_at_new() == 1
    for entry_id in people[6:]:
        look(gp, entry_id)
    assert look_at_new() == 0

    (alert,) = find_alerts(officer)
    assert alert.why == ("Dr Ruth Quillfeather, GP, opened the records of 8 people within an hour.",)
    assert (alert.person, alert.deeds) == (None, 8)


def test_everyday_work_is_not_told_of(gp: Actor, officer: Officer) -> None:
    look(gp, a_registered_person(gp))
    search(gp)

    assert look_at_new() == 0
    assert find_alerts(officer) == []


def test_a_round_reads_only_what_is_new_and_raises_nothing_twice(gp: Actor, officer: Officer) -> None:
    entry_id = a_registered_person(gp, family_name="Quillfeather")
    look(gp, entry_id)
    look_at_new()

    assert find_batch(4096) is None
    assert look_at_new() == 0
    assert len(find_alerts(officer)) == 1


def test_a_register_that_forgot_how_far_it_had_looked_raises_nothing_twice(gp: Actor, officer: Officer) -> None:
    entry_id = a_registered_person(gp, family_name="Quillfeather")
    look(gp, entry_id)
    look_at_new()
    with writing() as session:
        session.query(OversightCursor).delete()

    assert look_at_new() == 0
    assert [alert.deeds for alert in find_alerts(officer)] == [1]


def test_two_workers_at_once_raise_one_alert(gp: Actor, officer: Officer) -> None:
    look(gp, a_registered_person(gp, family_name="Quillfeather"))
    batch = find_batch(4096)
    assert batch is not None
    hits = looking.judge(batch)

    assert looking.keep(batch, hits) == 1
    assert looking.keep(batch, hits) == 0
    assert len(find_alerts(officer)) == 1


def test_further_looks_join_an_alert_until_it_is_decided_and_then_raise_another(gp: Actor, officer: Officer) -> None:
    entry_id = a_registered_person(gp, family_name="Quillfeather")
    for _ in range(3):
        look(gp, entry_id)
        look_at_new()
    (alert,) = find_alerts(officer)
    assert alert.deeds == 3

    decide(officer, alert.id, verdict=Verdict.CHANCE, note="", silent_until=None)
    assert look_at_new() == 0
    look(gp, entry_id)

    assert look_at_new() == 1
    assert [one.decided_at is None for one in find_alerts(officer)] == [True, False]


def test_deeds_that_were_decided_about_do_not_count_again_towards_a_habit(gp: Actor, officer: Officer) -> None:
    tuning.set_thresholds(officer, thresholds={"many_people_people": 5}, reason="Small", until_on=clock.today())
    people = [a_registered_person(gp) for _ in range(12)]
    for entry_id in people[:6]:
        look(gp, entry_id)
    look_at_new()
    decide(officer, find_alerts(officer)[0].id, verdict=Verdict.THEIR_WORK, note="", silent_until=None)

    look(gp, people[6])
    assert look_at_new() == 0
    for entry_id in people[7:]:
        look(gp, entry_id)
    assert look_at_new() == 1


def test_only_the_officer_of_the_readers_organisation_sees_and_decides(gp: Actor, officer: Officer) -> None:
    look(gp, a_registered_person(gp, family_name="Quillfeather"))
    look_at_new()
    elsewhere = a_clinician(Role.PRIVACY_OFFICER)
    (alert,) = find_alerts(officer)

    assert find_alerts(elsewhere) == []
    with pytest.raises(NotFound):
        get_alert(elsewhere, alert.id)
    with pytest.raises(NotFound):
        decide(elsewhere, alert.id, verdict=Verdict.CHANCE, note="", silent_until=None)
    with pytest.raises(Forbidden):
        find_alerts(gp)
    with pytest.raises(Forbidden):
        decide(gp, alert.id, verdict=Verdict.CHANCE, note="", silent_until=None)


def test_an_officer_does_not_decide_about_their_own_looks(practice: Organisation, gp: Actor) -> None:
    both = a_clinician(Role.PRIVACY_OFFICER, practice, name="Ada Quillfeather")
    look(both, a_registered_person(gp, family_name="Quillfeather"))
    look_at_new()
    (alert,) = find_alerts(both)

    with pytest.raises(Forbidden, match="Another privacy officer"):
        decide(both, alert.id, verdict=Verdict.CHANCE, note="", silent_until=None)


def test_a_decision_is_written_down_and_counts_once(gp: Actor, officer: Officer) -> None:
    look(gp, a_registered_person(gp, family_name="Quillfeather"))
    look_at_new()
    alert_id = find_alerts(officer)[0].id

    decide(officer, alert_id, verdict=Verdict.ASK, note="Rang her", silent_until=None)
    assert find_alerts(officer)[0].decided_at is None
    decide(officer, alert_id, verdict=Verdict.MISUSE, note="Her uncle. Spoken to.", silent_until=None)

    found = get_alert(officer, alert_id)
    assert found.last is not None
    assert (found.last.verdict, found.last.note, found.last.by) == (
        Verdict.MISUSE,
        "Her uncle. Spoken to.",
        "Vivian Cho",
    )
    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "unusual_access_decided")).all()
    assert sorted(row.details["verdict"] for row in rows) == ["ask", "misuse"]
    with pytest.raises(RuleBroken, match="decided this meanwhile"):
        decide(officer, alert_id, verdict=Verdict.CHANCE, note="", silent_until=None)


def test_a_pair_that_is_known_is_not_told_of_until_its_day(
    gp: Actor, officer: Officer, frozen_clock: Callable[[datetime], None]
) -> None:
    entry_id = a_registered_person(gp, family_name="Quillfeather")
    look(gp, entry_id)
    look_at_new()
    until = clock.today() + timedelta(days=7)
    decide(
        officer,
        find_alerts(officer)[0].id,
        verdict=Verdict.TOLD_BEFORE,
        note="Works in her own village",
        silent_until=until,
    )

    look(gp, entry_id)
    assert look_at_new() == 0
    assert [(pair.reason, pair.until_on) for pair in find_pairs(officer)] == [("Works in her own village", until)]
    frozen_clock(datetime(2026, 11, 28, 14, 0, tzinfo=UTC))
    look(gp, entry_id)

    assert look_at_new() == 1
    assert find_pairs(officer) == []


def test_a_pair_can_be_ended_before_its_day(gp: Actor, officer: Officer) -> None:
    entry_id = a_registered_person(gp, family_name="Quillfeather")
    look(gp, entry_id)
    look_at_new()
    decide(officer, find_alerts(officer)[0].id, verdict=Verdict.CHANCE, note="x", silent_until=clock.today())
    (pair,) = find_pairs(officer)

    with pytest.raises(NotFound):
        tuning.end_pair(a_clinician(Role.PRIVACY_OFFICER), pair.id)
    tuning.end_pair(officer, pair.id)

    look(gp, entry_id)
    assert look_at_new() == 1


def test_a_habit_concerns_no_pair(gp: Actor, officer: Officer) -> None:
    tuning.set_thresholds(officer, thresholds={"searches_only_searches": 3}, reason="x", until_on=clock.today())
    for _ in range(4):
        search(gp)
    look_at_new()
    (alert,) = find_alerts(officer)

    assert alert.why == ("Dr Ruth Quillfeather, GP, found people 4 times within an hour and opened none of them.",)
    with pytest.raises(RuleBroken, match="no one person"):
        decide(officer, alert.id, verdict=Verdict.CHANCE, note="x", silent_until=clock.today())


def test_searches_that_find_nobody_are_typing_errors(gp: Actor, officer: Officer) -> None:
    tuning.set_thresholds(officer, thresholds={"searches_only_searches": 3}, reason="x", until_on=clock.today())
    for _ in range(9):
        search(gp, found=0)

    assert look_at_new() == 0


def test_thresholds_end_by_themselves_and_are_those_of_their_organisation(
    gp: Actor, officer: Officer, frozen_clock: Callable[[datetime], None]
) -> None:
    tuning.set_thresholds(
        officer,
        thresholds={"own_family_name_namesakes": 0},
        reason="Everybody here has that name",
        until_on=clock.today(),
    )
    entry_id = a_registered_person(gp, family_name="Quillfeather")
    look(gp, entry_id)
    assert look_at_new() == 0

    elsewhere = a_clinician(Role.GP, name="Ina Quillfeather")
    look(elsewhere, entry_id)
    assert look_at_new() == 1
    frozen_clock(datetime(2026, 11, 21, 14, 0, tzinfo=UTC))
    look(gp, entry_id)
    assert look_at_new() == 1


# Of each kind


def test_particulars_of_people_at_work_tell_their_own_record_their_house_and_a_colleague(
    practice: Organisation, gp: Actor, officer: Officer
) -> None:
    nurse = a_clinician(Role.PRACTICE_ADMINISTRATOR, practice, name="Moira Ashdown")
    own = a_registered_person(
        gp, family_name="Ashdown", given_name="Moira", nhs_number="9990000018", postcode="LS1 4AP"
    )
    same_house = a_registered_person(gp, address="7 Old Lane\nNorthdale", postcode="LS2 2BB")
    tuning.note_particulars(
        officer, nurse.clinician_id, born_on=None, nhs_number="9990000018", address="7 Old Lane", postcode="LS2 2BB"
    )
    look(nurse, own)
    look(nurse, same_house)
    look(gp, own)
    look_at_new()

    told = why(officer)
    assert len([one for one in told if "their own record" in one]) == 1
    assert len([one for one in told if "lives at the same address" in one]) == 1
    assert len([one for one in told if one.startswith("Dr Ruth") and "works with this register too" in one]) == 1


def test_somebody_of_a_colleagues_name_is_told_of_and_another_date_of_birth_ends_it(
    practice: Organisation, gp: Actor, officer: Officer
) -> None:
    nurse = a_clinician(Role.PRACTICE_ADMINISTRATOR, practice, name="Moira Ashdown")
    entry_id = a_registered_person(gp, family_name="Ashdown", given_name="Moira")
    look(gp, entry_id)
    look_at_new()
    assert "somebody of that name works in the same organisation" in why(officer)[0]
    decide(officer, find_alerts(officer)[0].id, verdict=Verdict.CHANCE, note="", silent_until=None)

    tuning.note_particulars(
        officer,
        nurse.clinician_id,
        born_on=datetime(1980, 5, 1).date(),  # noqa: DTZ001
        nhs_number=None,
        address=None,
        postcode=None,
    )
    look(gp, entry_id)
    assert look_at_new() == 0


def test_every_look_at_somebody_in_the_news_is_told_of_where_they_are_on_the_list(gp: Actor, officer: Officer) -> None:
    entry_id = a_registered_person(gp, nhs_number="9990000018")
    tuning.watch_person(officer, nhs_number="9990000018", reason="A mayor", until_on=clock.today())
    look(gp, entry_id)
    look_at_new()
    assert "list of people in the news" in why(officer)[0]

    (watched,) = find_watched(officer)
    with pytest.raises(NotFound):
        tuning.end_watch(a_clinician(Role.PRIVACY_OFFICER), watched.id)
    tuning.end_watch(officer, watched.id)
    look(a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id)), entry_id)
    assert look_at_new() == 0


def test_an_emergency_again_and_again_is_told_of_beside_each_of_them(app: Flask, gp: Actor) -> None:
    hospice = an_organisation(type=OrganisationType.HOSPICE)
    nurse, officer = a_clinician(Role.HOSPICE_NURSE, hospice), a_clinician(Role.PRIVACY_OFFICER, hospice)
    for _ in range(3):
        entry_id = a_registered_person(gp)
        give_reason(nurse, entry_id, reason=AccessReason.EMERGENCY, identifiers_checked=(), cannot_check=True)
        look(nurse, entry_id, reason="emergency")

    assert look_at_new() == 1
    assert "as an emergency 3 times within a week" in why(officer)[0]


def test_whoever_opens_people_their_organisation_has_nothing_to_do_with_is_told_of(app: Flask, gp: Actor) -> None:
    entry_id = a_registered_person(gp)
    hospice = an_organisation(type=OrganisationType.HOSPICE)
    nurse, officer = a_clinician(Role.HOSPICE_NURSE, hospice), a_clinician(Role.PRIVACY_OFFICER, hospice)
    look(nurse, entry_id)

    assert look_at_new() == 1
    assert "has no relationship" in why(officer)[0]


def test_a_record_opened_long_after_the_death_is_told_of(
    gp: Actor, officer: Officer, frozen_clock: Callable[[datetime], None]
) -> None:
    from epaccs.versions.actions import apply_edit

    entry_id = a_registered_person(gp)
    died = {"died_on": clock.today().isoformat()}
    apply_edit(gp, an_edit(entry_id, "lifecycle", died, kind="confirm_death"))
    look(gp, entry_id)
    assert look_at_new() == 0
    frozen_clock(datetime(2027, 1, 20, 14, 0, tzinfo=UTC))
    look(gp, entry_id)

    assert look_at_new() == 1
    assert "61 days after the death" in why(officer)[0]


def test_a_death_recorded_in_the_first_hour_of_a_summer_day_is_of_that_day(
    gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    from epaccs.versions.actions import apply_edit

    frozen_clock(datetime(2027, 6, 30, 23, 30, tzinfo=UTC))
    entry_id = a_registered_person(gp)
    apply_edit(gp, an_edit(entry_id, "lifecycle", {"died_on": "2027-07-01"}, kind="confirm_death"))
    with writing() as session:
        session.execute(update(SearchPerson).where(SearchPerson.entry_id == entry_id).values(died_on=None))

    death = find_people([entry_id])[entry_id].death

    assert death is not None
    assert (death.on, clock.today()) == (date(2027, 7, 1), date(2027, 7, 1))


def test_people_opened_at_night_in_a_practice_are_told_of_and_of_an_ambulance_are_not(
    practice: Organisation, gp: Actor, officer: Officer, frozen_clock: Callable[[datetime], None]
) -> None:
    frozen_clock(datetime(2026, 11, 21, 3, 0, tzinfo=UTC))
    trust = an_organisation(type=OrganisationType.AMBULANCE)
    paramedic = a_clinician(Role.PARAMEDIC, trust)
    people = [a_registered_person(gp) for _ in range(3)]
    for entry_id in people:
        look(gp, entry_id)
        look(paramedic, entry_id)
    look_at_new()

    assert why(officer) == [
        "Dr Ruth Quillfeather, GP, opened the records of 3 people outside the hours in which your organisation works, "
        "07:00 to 22:00."
    ]
    assert find_alerts(a_clinician(Role.PRIVACY_OFFICER, trust)) == []


# What is not judged, and what the officer is told of it


def test_what_is_old_when_it_is_first_looked_at_raises_nothing(
    gp: Actor, officer: Officer, frozen_clock: Callable[[datetime], None]
) -> None:
    look(gp, a_registered_person(gp, family_name="Quillfeather"))
    frozen_clock(datetime(2026, 12, 24, 14, 0, tzinfo=UTC))

    assert look_at_new() == 0
    assert find_progress().waiting == 0


def test_an_officer_is_told_when_the_audit_is_not_looked_through(
    gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    look(gp, a_registered_person(gp))
    assert find_progress().is_tardy
    look_at_new()
    assert not find_progress().is_tardy

    look(gp, a_registered_person(gp))
    assert not find_progress().is_tardy
    frozen_clock(datetime(2026, 11, 20, 14, 6, tzinfo=UTC))

    assert find_progress().is_tardy


def test_an_alert_that_is_raised_is_in_the_audit_without_a_name(gp: Actor, officer: Officer) -> None:
    entry_id = a_registered_person(gp, family_name="Quillfeather")
    look(gp, entry_id)
    look_at_new()

    row = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "unusual_access_found")).one()
    alert = db.session.scalars(select(UnusualAccess)).one()
    assert row.details == {
        "alert": str(alert.id),
        "reader": str(gp.clinician_id),
        "rules": ["own_family_name"],
    }
    assert log.verify().holds
