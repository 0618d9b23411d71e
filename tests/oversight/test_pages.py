"""The privacy office as an officer uses it, without scripts; and what a tablet showed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Clinician, Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.oversight.actions.looking import look_at_new
from epaccs.oversight.model import WorkerParticulars
from epaccs.oversight.queries.alerts import find_alerts
from epaccs.oversight.queries.shown import find_shown
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation, sign_in
from tests.oversight.test_looking import look
from tests.pages import PageClient
from tests.sync.writing import WritingTablet, a_writing_tablet

AFTERNOON = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


@pytest.fixture
def practice(app: Flask, frozen_clock: Callable[[datetime], None]) -> Organisation:
    frozen_clock(AFTERNOON)
    return an_organisation()


@pytest.fixture
def gp(practice: Organisation) -> Actor:
    return a_clinician(Role.GP, practice, name="Dr Ruth Quillfeather")


@pytest.fixture
def office(app: Flask, practice: Organisation) -> PageClient:
    browser = PageClient(app)
    sign_in(browser.browser, a_clinician(Role.PRIVACY_OFFICER, practice, name="Vivian Cho"))
    return browser


def test_an_officer_decides_in_one_page_and_says_until_when_it_is_known(office: PageClient, gp: Actor) -> None:
    entry_id = a_registered_person(gp, family_name="Quillfeather", given_name="Albert")
    look(gp, entry_id, reason="cannot_ask")
    look_at_new()

    office.open("/privacy-office").see("Dr Ruth Quillfeather, GP, opened the record of QUILLFEATHER, Albert")
    office.see("Cannot ask; needed for their direct care", "Looked through up to")
    office.follow("Decide on what Dr Ruth Quillfeather, GP did at 20-Nov-2026 14:00")
    office.fill(verdict="misuse").submit("Record your finding", status=422).see(
        "Say what you found and what is done about it"
    )
    office.fill(verdict="told_before", note="Her own village", silent_until=date(2026, 12, 20)).submit(
        "Record your finding"
    )

    office.see("Fine: they had told us before", "Her own village").see_nothing_of("Decide")
    office.open("/privacy-office/known").see("Dr Ruth Quillfeather looks at QUILLFEATHER, Albert", "Her own village")
    office.submit("End now for Dr Ruth Quillfeather and QUILLFEATHER, Albert, born 06-Jan-1941")
    office.see("Every unusual look is told.")


def test_an_officer_is_told_that_the_list_may_not_be_complete(office: PageClient, gp: Actor) -> None:
    look(gp, a_registered_person(gp))

    office.open("/privacy-office").see("Not everything was looked at", "This list may not be complete")
    look_at_new()
    office.open("/privacy-office").see_nothing_of("Not everything was looked at")


def test_thresholds_are_set_with_a_reason_and_a_last_day(office: PageClient) -> None:
    office.open("/privacy-office/rules").see("How many people may one reader open within an hour?")
    office.fill(many_people_people="4", reason="", until_on=date(2026, 12, 20)).submit("Save", status=422)
    assert set(office.page.errors()) == {
        "Enter the people within an hour as a whole number from 5 to 1,000",
        "Enter the reason",
    }
    office.fill(many_people_people="12", reason="A small practice", until_on=date(2028, 1, 1)).submit(
        "Save", status=422
    )
    office.see("Choose a day within a year")
    office.fill(many_people_people="12", until_on=date(2026, 12, 20)).submit("Save")

    office.see("A small practice", "Vivian Cho", "20-Dec-2026")
    (row,) = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "oversight_changed"))
    assert row.details["thresholds"] == {"many_people_people": 12}


def test_people_in_the_news_are_written_down_whether_or_not_they_are_on_the_register(office: PageClient) -> None:
    office.open("/privacy-office/news").see("Nobody is on the list.")
    office.fill(nhs_number="999 000 0018", reason="A mayor", until_on=date(2026, 12, 20)).submit("Write down")

    office.see("NHS No. 999 000 0018", "A mayor")
    office.submit("Take off the list the person with NHS No. 999 000 0018").see("Nobody is on the list.")


def test_what_people_at_work_tell_is_kept_to_be_compared_and_not_read(
    office: PageClient, practice: Organisation, gp: Actor
) -> None:
    office.open("/privacy-office/staff").follow("Dr Ruth Quillfeather")
    office.fill(born_on=date(1980, 5, 1), address="7 Old Lane", postcode="LS2 2BB").submit("Keep")

    office.see("date of birth, address, noted")
    told = db.session.scalars(select(WorkerParticulars)).one()
    assert (len(told.born_key or ""), told.nhs_key, len(told.home_key or "")) == (64, None, 64)
    office.open(f"/privacy-office/staff/{a_clinician(Role.GP).clinician_id}", status=404)


def test_an_officer_does_not_note_their_own_particulars(office: PageClient, practice: Organisation) -> None:
    own = db.session.scalars(select(Clinician.id).where(Clinician.name == "Vivian Cho")).one()

    office.open("/privacy-office/staff").see("Another privacy officer notes yours")
    office.open(f"/privacy-office/staff/{own}").fill(postcode="LS2 2BB").submit("Keep", status=403)


# Tablets


@pytest.fixture
def crew(app: Flask, practice: Organisation) -> WritingTablet:
    return a_writing_tablet(app, a_clinician(Role.PARAMEDIC, an_organisation(type=OrganisationType.AMBULANCE)))


@pytest.fixture
def officer(crew: WritingTablet) -> Actor:
    return a_clinician(Role.PRIVACY_OFFICER, db.session.get(Organisation, crew.actor.organisation_id))


def version_of(entry_id: object) -> int:
    from epaccs.versions.model import Entry

    entry = db.session.get(Entry, entry_id, populate_existing=True)
    assert entry is not None
    return entry.change_number


def test_a_look_that_lay_before_the_tablet_could_know_is_not_told_of_and_one_after_is(
    crew: WritingTablet, officer: Actor, gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    entry_id = a_registered_person(gp)
    before = version_of(entry_id)
    died = {"died_on": clock.today().isoformat()}
    apply_edit(gp, an_edit(entry_id, "lifecycle", died, kind="confirm_death"))
    after = version_of(entry_id)
    assert find_recorded(entry_id, "lifecycle") is not None
    frozen_clock(AFTERNOON + timedelta(days=50))

    crew.send_sealed(crew.seal(crew.look(entry_id, version=before)))
    look_at_new()
    assert find_alerts(officer) == []

    crew.send_sealed(crew.seal(crew.look(entry_id, version=after)))
    look_at_new()
    (alert,) = find_alerts(officer)
    assert "50 days after the death" in alert.why[0]
    assert alert.was_on_tablet


def test_what_a_tablet_showed_at_a_moment_can_be_asked_by_the_officer_of_its_organisation(
    app: Flask, crew: WritingTablet, officer: Actor, gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    entry_id, other = a_registered_person(gp, family_name="Okonkwo"), a_registered_person(gp, family_name="Hill")
    version = version_of(entry_id)
    frozen_clock(datetime(2026, 11, 20, 14, 20, tzinfo=UTC))
    first = crew.look(entry_id, version=version)
    frozen_clock(datetime(2026, 11, 20, 14, 25, tzinfo=UTC))
    second = crew.look(other, version=version_of(other))
    frozen_clock(datetime(2026, 11, 20, 22, 0, tzinfo=UTC))
    crew.send_looks(first, second)
    device_id = UUID(crew.tablet.id)

    shown = find_shown(officer, device_id, at=datetime(2026, 11, 20, 14, 21, tzinfo=UTC))
    assert shown.on_screen is not None
    assert shown.on_screen.person.startswith("OKONKWO")
    assert (shown.on_screen.number, len(shown.around), shown.has_gap) == (version, 2, False)
    assert shown.on_screen.as_of is not None
    assert shown.heard_at is not None

    nothing = find_shown(officer, device_id, at=datetime(2026, 11, 20, 14, 19, tzinfo=UTC))
    assert (nothing.on_screen, len(nothing.around)) == (None, 2)
    with pytest.raises(NotFound):
        find_shown(a_clinician(Role.PRIVACY_OFFICER), device_id, at=clock.now())

    browser = PageClient(app)
    sign_in(browser.browser, officer)
    query = f"device_id={device_id}&at-day=20&at-month=11&at-year=2026&at-time=14:21"
    browser.open(f"/privacy-office/tablets?{query}").see("Opened last before that: emergency card of OKONKWO")
    browser.open("/privacy-office/tablets?device_id=x&at-day=1", status=422)


def test_a_look_that_has_not_come_is_said_to_be_missing(crew: WritingTablet, officer: Actor, gp: Actor) -> None:
    entry_id = a_registered_person(gp)
    first, _lost, third = (crew.look(entry_id) for _ in range(3))
    crew.send_looks(first, third)

    assert find_shown(officer, UUID(crew.tablet.id), at=clock.now()).has_gap
