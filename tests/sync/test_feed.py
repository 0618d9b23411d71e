"""Who is in which scope, in which order it becomes known, and what is thrown away: on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.actions import Concerned, begin_relationship, end_relationships
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.rules import Actor, OrganisationType
from epaccs.core import clock
from epaccs.core.changes import record_change
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.register import actions as register
from epaccs.sync.actions import feed
from epaccs.sync.model.feed import FeedRow, FeedScope, KeptPage
from epaccs.sync.rules.feed import REMEMBER_LEAVING, SEND_AGAIN, sum_of
from epaccs.versions.actions import apply_edit
from tests.conftest import Run
from tests.factories import (
    DISCHARGED,
    a_consent,
    a_registered_person,
    an_edit,
    an_identity,
    an_organisation,
)
from tests.sync.tablets import change, put_versions


def rows(entry_id: UUID) -> dict[str, FeedRow]:
    db.session.commit()
    db.session.expire_all()
    return {row.scope: row for row in db.session.scalars(select(FeedRow).where(FeedRow.entry_id == entry_id))}


def ops(entry_id: UUID) -> dict[str, str]:
    """Kind of scope to what stands there: put, or why they left."""
    return {name.split(":")[0]: row.why or row.op for name, row in rows(entry_id).items()}


def assert_sums_agree() -> None:
    for scope in db.session.scalars(select(FeedScope)):
        here = put_versions(scope.name)
        assert scope.people == len(here), scope.name
        assert scope.sum == sum_of(here.items()), scope.name


def test_somebody_registered_is_in_the_scopes_of_their_area_practice_and_whoever_is_concerned(gp: Actor) -> None:
    entry = a_registered_person(gp)

    # The practice's relationship began after the first edits; the diagnosis came last and saw it.
    assert ops(entry) == {"area": "put", "practice": "put", "relationship": "put"}
    assert_sums_agree()


def test_each_change_moves_the_person_to_the_end_of_every_scope(gp: Actor) -> None:
    first, second = a_registered_person(gp), a_registered_person(gp)
    before = {scope: row.number for scope, row in rows(first).items()}
    assert len(before) == 3

    apply_edit(gp, an_edit(first, "treatment_level", {"level": "treat_at_home"}))

    for scope, row in rows(first).items():
        assert row.number > max(before[scope], rows(second)[scope].number)
        assert row.number == db.session.get(FeedScope, scope).last_number  # type: ignore[union-attr]
    assert_sums_agree()


def test_a_person_who_withdraws_sharing_stays_with_their_practice_alone(gp: Actor) -> None:
    entry = a_registered_person(gp)

    register.amend(gp, an_edit(entry, "consent", a_consent(share_status="withdrawn")))

    assert ops(entry) == {"area": "consent-withdrawn", "practice": "put", "relationship": "consent-withdrawn"}
    assert_sums_agree()


def test_a_person_removed_is_nowhere_and_comes_back(gp: Actor) -> None:
    entry = a_registered_person(gp)

    change(gp, entry, "remove", {"reason": "improved"})
    assert set(ops(entry).values()) == {"removed"}
    assert_sums_agree()

    change(gp, entry, "restore", {})
    assert set(ops(entry).values()) == {"put"}
    assert_sums_agree()


def test_somebody_who_died_stays_and_is_sent_again(gp: Actor) -> None:
    entry = a_registered_person(gp)
    before = {scope: row.number for scope, row in rows(entry).items()}

    change(gp, entry, "confirm_death", {"died_on": "2026-11-20", "place": "home"})

    assert set(ops(entry).values()) == {"put"}
    assert all(row.number > before[scope] for scope, row in rows(entry).items())


def test_a_person_who_moves_leaves_area_and_practice(gp: Actor) -> None:
    entry = a_registered_person(gp)
    there = an_organisation(area="southdale")
    register.amend(gp, an_edit(entry, "identity", {**an_identity(there), "nhs_number": "9990000018"}))

    left = {scope: row.why for scope, row in rows(entry).items() if row.op == "drop"}

    assert left == {"area:northdale": "moved", f"practice:{gp.organisation_id}": "moved"}
    assert {"area:southdale", f"practice:{there.id}"} <= {s for s, row in rows(entry).items() if row.op == "put"}
    assert_sums_agree()


def test_a_resident_of_a_care_home_is_in_its_scope_until_they_move_out(gp: Actor) -> None:
    home = an_organisation(type=OrganisationType.CARE_HOME)
    entry = a_registered_person(gp, care_home_ods=home.ods_code)
    assert rows(entry)[f"residents:{home.id}"].op == "put"

    practice = db.session.get_one(type(home), gp.organisation_id)
    register.amend(gp, an_edit(entry, "identity", {**an_identity(practice), "nhs_number": "9990000018"}))

    assert rows(entry)[f"residents:{home.id}"].why == "moved"


def test_a_relationship_that_begins_and_ends_without_a_change_is_found(gp: Actor) -> None:
    entry, hospice = a_registered_person(gp), an_organisation(type=OrganisationType.HOSPICE)
    scope = f"relationship:{hospice.id}"
    with writing() as session:
        begin_relationship(session, Concerned(entry, hospice.id, "referred", None))

    assert feed.reconcile(scope) == 1
    assert rows(entry)[scope].op == "put"
    assert feed.reconcile(scope) == 0

    with writing() as session:
        end_relationships(session, entry_id=entry, organisation_id=hospice.id, ending=DISCHARGED)

    assert feed.reconcile(scope) == 1
    assert rows(entry)[scope].why == "unassigned"
    assert_sums_agree()


def test_the_worker_finds_relationships_that_ended_by_the_calendar(
    gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    entry, hospice = a_registered_person(gp), an_organisation(type=OrganisationType.HOSPICE)
    with writing() as session:
        begin_relationship(session, Concerned(entry, hospice.id, "referred", None))
    feed.follow_time()
    assert f"relationship:{hospice.id}" in rows(entry)
    with writing() as session:
        end_relationships(session, entry_id=entry, organisation_id=hospice.id, ending=DISCHARGED)
    frozen_clock(clock.now() + timedelta(minutes=1))

    feed.follow_time()

    assert rows(entry)[f"relationship:{hospice.id}"].why == "unassigned"


@pytest.mark.parametrize("scope", ["", "area:", "nobody:x", "practice:7", "relationship:\0", "area"])
def test_a_name_that_no_scope_has_is_nobodys(app: Flask, scope: str) -> None:
    assert feed.reconcile(scope) == 0


# Numbers


def test_no_lower_number_becomes_visible_after_a_higher_one(app: Flask, gp: Actor) -> None:
    """A change that is not kept yet holds back every later number of its scopes, whoever wants one."""
    first, second = a_registered_person(gp), a_registered_person(gp)
    hospice = an_organisation(type=OrganisationType.HOSPICE)
    with writing() as session:
        begin_relationship(session, Concerned(second, hospice.id, "referred", None))
    scope = f"relationship:{hospice.id}"
    numbered, wait = Event(), Event()
    with writing() as session:
        begin_relationship(session, Concerned(first, hospice.id, "referred", None))

    def change_slowly() -> None:
        with app.app_context():
            with writing() as session:
                record_change(session, entry_id=first, section="nothing", what="same", recorded_at=clock.now())
                numbered.set()
                wait.wait(timeout=4)
            db.session.remove()

    def reconcile() -> int:
        with app.app_context():
            moved = feed.reconcile(scope)
            db.session.remove()
            return moved

    with ThreadPoolExecutor(2) as people:
        slow = people.submit(change_slowly)
        assert numbered.wait(timeout=4)
        later = people.submit(reconcile)
        with pytest.raises(TimeoutError):
            later.result(timeout=0.4)
        assert put_versions(scope) == {}  # neither number is visible yet
        wait.set()
        slow.result()
        assert later.result() == 1

    assert [rows(entry)[scope].number for entry in (first, second)] == [1, 2]
    assert_sums_agree()


def test_numbers_of_a_scope_have_no_gap(gp: Actor) -> None:
    for _ in range(3):
        a_registered_person(gp)
    scope = db.session.get_one(FeedScope, "area:northdale")
    seen = sorted(db.session.scalars(select(FeedRow.number).where(FeedRow.scope == scope.name)))

    # Two changes of each are in the area: with the identity the person is known there, the diagnosis follows.
    assert scope.last_number == 6
    assert seen == [2, 4, 6]


# Time


def test_who_left_long_ago_is_forgotten_and_who_is_there_is_sent_again(
    gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    gone, here = a_registered_person(gp), a_registered_person(gp)
    change(gp, gone, "remove", {"reason": "improved"})
    number = rows(here)["area:northdale"].number
    frozen_clock(clock.now() + REMEMBER_LEAVING - timedelta(hours=1))
    feed.follow_time()
    assert set(ops(gone).values()) == {"removed"}
    assert rows(here)["area:northdale"].number > number
    number = rows(here)["area:northdale"].number
    frozen_clock(clock.now() + timedelta(hours=2))

    feed.follow_time()

    assert ops(gone) == {}
    assert rows(here)["area:northdale"].number == number
    frozen_clock(clock.now() + SEND_AGAIN)
    assert feed.send_again() == 3
    assert feed.send_again() == 0
    assert_sums_agree()


# Kept pages


def a_kept_page(scope: str, after: int, up_to: int, scope_number: int) -> None:
    with writing() as session:
        session.add(
            KeptPage(
                scope=scope, tier="card", audience="T0+T1", epoch="1.1.x", after_number=after, up_to_number=up_to,
                scope_number=scope_number, body=b"", made_at=clock.now(),
            )
        )  # fmt: skip


def kept() -> list[int]:
    db.session.expire_all()
    return sorted(db.session.scalars(select(KeptPage.after_number)))


def test_whoever_leaves_takes_the_pages_along_that_hold_them(gp: Actor) -> None:
    first, second = a_registered_person(gp), a_registered_person(gp)
    scope, number = "area:northdale", rows(second)["area:northdale"].number
    a_kept_page(scope, 0, number - 1, number)
    a_kept_page(scope, number - 1, number, number)
    a_kept_page(scope, number, number + 5, number)

    change(gp, second, "remove", {"reason": "improved"})

    assert kept() == [0, number]
    apply_edit(gp, an_edit(first, "treatment_level", {"level": "treat_at_home"}))
    assert kept() == [0, number]  # a new version throws nothing away
    change(gp, first, "remove", {"reason": "improved"})
    assert kept() == []  # they were in one of the pages under an earlier number


def test_pages_are_a_day_old_at_most(gp: Actor, frozen_clock: Callable[[datetime], None]) -> None:
    a_kept_page("area:northdale", 0, 1, 1)
    frozen_clock(clock.now() + timedelta(hours=23))
    feed.forget()
    assert kept() == [0]
    frozen_clock(clock.now() + timedelta(hours=2))

    feed.forget()

    assert kept() == []


# Anew


def test_a_feed_built_anew_holds_the_same_people_in_a_new_generation(gp: Actor) -> None:
    a_registered_person(gp)
    gone = a_registered_person(gp)
    change(gp, gone, "remove", {"reason": "improved"})
    names = list(db.session.scalars(select(FeedScope.name)))
    before = {name: put_versions(name) for name in names}
    a_kept_page("area:northdale", 0, 1, 1)

    assert feed.rebuild_scopes() == len(names)

    db.session.expire_all()
    for scope in db.session.scalars(select(FeedScope)):
        assert put_versions(scope.name) == before[scope.name]
        assert (scope.generation, scope.last_number) == (2, len(before[scope.name]))
    assert ops(gone) == {}
    assert kept() == []
    assert_sums_agree()


def test_the_command_builds_every_feed_anew_and_leaves_a_trace(gp: Actor, run: Run) -> None:
    a_registered_person(gp)

    done = run("devices", "rebuild-feed", "--json")

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["scopes"] == 3
    assert set(db.session.scalars(select(FeedScope.generation))) == {2}
    (event,) = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "command_run"))
    assert event.details == {"command": "devices rebuild-feed", "scopes": 3}


def test_a_change_of_somebody_unknown_moves_nobody(app: Flask) -> None:
    with writing() as session:
        record_change(session, entry_id=new_id(), section="nothing", what="same", recorded_at=clock.now())

    assert db.session.scalars(select(FeedScope)).all() == []
