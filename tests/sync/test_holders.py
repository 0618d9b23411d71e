"""Who has the present version of a record: tablets, sheets, and who was told. On both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions.actions import change as change_cpr
from epaccs.cpr_decisions.rules import EditKind
from epaccs.devices.actions import take_out
from epaccs.handover.model import HandoverSheet
from epaccs.record.queries.holders import get_holders
from epaccs.register import actions as register
from epaccs.sync.actions.feed import rebuild_scopes
from tests.cpr_decisions.test_actions import a_decision
from tests.factories import a_clinician, a_consent, a_registered_person, an_edit
from tests.pages import PageClient
from tests.record.visits import open_record, visit
from tests.sync.tablets import SyncTablet, a_sync_tablet

Clock = Callable[[datetime], None]


@pytest.fixture
def crew(app: Flask, gp: Actor) -> SyncTablet:
    return a_sync_tablet(app, a_clinician(Role.PARAMEDIC))


def page(app: Flask, actor: Actor, entry: UUID) -> PageClient:
    return open_record(app, actor, entry).open(f"/record/{entry}/who-has-it")


def tablets_of(app: Flask, gp: Actor, entry: UUID) -> list[tuple[str, str]]:
    open_record(app, gp, entry)
    return [(one.name, str(one.holds)) for one in get_holders(gp, entry).copies]


def test_a_tablet_that_asks_every_minute_is_shown_as_having_a_changed_decision_within_two_polls(
    app: Flask, crew: SyncTablet, gp: Actor, entry: UUID, frozen_clock: Clock
) -> None:
    crew.pull()
    crew.pull()
    assert tablets_of(app, gp, entry) == [("Vehicle 4412", "present")]

    changed_at = clock.now()
    change_cpr(gp, new_id(), entry_id=entry, kind=EditKind.SIGN, body=a_decision(), base_version=0)
    assert tablets_of(app, gp, entry) == [("Vehicle 4412", "earlier")]
    frozen_clock(changed_at + timedelta(seconds=30))
    crew.pull()
    assert tablets_of(app, gp, entry) == [("Vehicle 4412", "earlier")], "the answer may have been lost"
    frozen_clock(changed_at + timedelta(seconds=60))
    crew.pull()

    assert tablets_of(app, gp, entry) == [("Vehicle 4412", "present")]
    page(app, gp, entry).see("Who has the present version", "Vehicle 4412", crew.tablet.actor.organisation_name)


def test_a_tablet_that_begins_again_or_was_lost_is_not_believed(
    app: Flask, crew: SyncTablet, gp: Actor, entry: UUID
) -> None:
    crew.pull()
    crew.pull()
    rebuild_scopes()
    assert tablets_of(app, gp, entry) == [("Vehicle 4412", "not known")]

    crew.pull()
    crew.pull()
    service = db.session.get(Organisation, crew.tablet.actor.organisation_id)
    take_out(a_clinician(Role.ADMINISTRATOR, service), [UUID(crew.tablet.id)], is_lost=True)

    assert tablets_of(app, gp, entry) == [("Vehicle 4412", "not known")]
    page(app, gp, entry).see("Taken out of use; has not said that it erased what it held")


def test_a_tablet_that_was_to_drop_somebody_is_named_until_it_has(
    app: Flask, crew: SyncTablet, gp: Actor, entry: UUID
) -> None:
    crew.pull()
    crew.pull()
    register.amend(gp, an_edit(entry, "consent", a_consent(share_status="withdrawn")))

    assert tablets_of(app, gp, entry) == [("Vehicle 4412", "not known")]
    crew.pull()
    crew.pull()
    assert tablets_of(app, gp, entry) == []


def a_sheet(entry: UUID, status: str, **fields: Any) -> None:
    with writing() as session:
        session.add(
            HandoverSheet(
                id=new_id(),
                code=f"ABCDE{status[:1].upper()}23"[:8],
                entry_id=entry,
                status=status,
                reserved_at=clock.now(),
                printed_by={
                    "name": "Dr Made Up",
                    "role": "gp",
                    "organisation_id": str(new_id()),
                    "organisation_name": "Long Lane Surgery",
                },
                printed_for="the family",
                destination="home",
                place="",
                not_told_because="",
                printed_at=clock.now(),
                tells_address=True,
                **fields,
            )
        )


def test_each_sheet_that_nobody_destroyed_is_there_with_whether_it_stands(app: Flask, gp: Actor, entry: UUID) -> None:
    a_sheet(entry, "current")
    a_sheet(entry, "replaced", ended_at=clock.now())
    a_sheet(entry, "withdrawn", ended_at=clock.now(), collected_at=clock.now())

    assert sorted(holds for _, holds in tablets_of(app, gp, entry)) == ["earlier", "present"]
    page(app, gp, entry).see("What it says of CPR stands", "to be destroyed", "Long Lane Surgery")


def test_whoever_was_told_is_there_with_whether_they_saw_it(app: Flask, gp: Actor, entry: UUID) -> None:
    change_cpr(gp, new_id(), entry_id=entry, kind=EditKind.SIGN, body=a_decision(), base_version=0)

    page(app, gp, entry).see("Notices", gp.organisation_name)


def test_a_privacy_officer_sees_who_holds_it_and_nothing_clinical(
    app: Flask, crew: SyncTablet, gp: Actor, entry: UUID
) -> None:
    change_cpr(gp, new_id(), entry_id=entry, kind=EditKind.SIGN, body=a_decision(), base_version=0)
    crew.pull()
    officer = a_clinician(Role.PRIVACY_OFFICER, db.session.get(Organisation, gp.organisation_id))

    pages = visit(app, officer).open(f"/record/{entry}/who-has-it")

    pages.see("Vehicle 4412").see_nothing_of("CPR decision", "Not for CPR", "Heart failure")
    stranger = a_clinician(Role.PRIVACY_OFFICER)
    visit(app, stranger).open(f"/record/{entry}/who-has-it", status=404)


def test_of_somebody_whose_address_is_restricted_no_organisation_and_no_tablet_is_named(
    app: Flask, crew: SyncTablet, gp: Actor
) -> None:
    entry = a_registered_person(gp, address_restricted=True)
    crew.pull()

    pages = page(app, gp, entry)

    pages.see("A tablet").see_nothing_of("Vehicle 4412", crew.tablet.actor.organisation_name)


def test_the_look_is_recorded_and_the_page_is_reached_from_the_decision(app: Flask, gp: Actor, entry: UUID) -> None:
    open_record(app, gp, entry).open(f"/record/{entry}/cpr").follow("Who has the present version")

    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == str(EventKind.LIST_VIEWED)))
    assert [row.entry_id for row in rows if row.details.get("list") == "holders"] == [entry]
