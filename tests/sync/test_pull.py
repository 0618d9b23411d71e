"""What a tablet is answered that asks what is new: on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from epaccs.access.actions import Concerned, begin_relationship, end_relationships
from epaccs.access.model import EntryScope
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.devices.model import Device, DeviceCommand, DeviceUser
from epaccs.notices.model import Notice
from epaccs.record.queries.tablet import build_tablet_rows
from epaccs.register import actions as register
from epaccs.sync.actions import pull as pulling
from epaccs.sync.actions.feed import follow_time, rebuild_scopes
from epaccs.sync.model.feed import KeptPage
from epaccs.sync.rules.feed import REMEMBER_LEAVING
from epaccs.versions.actions import apply_edit
from epaccs.versions.model import Entry
from tests.devices.leases import about, post
from tests.factories import DISCHARGED, a_clinician, a_consent, a_registered_person, an_edit, sign_in
from tests.sync.tablets import SyncTablet, a_cursor, a_sync_tablet, change, read_lines


@pytest.fixture
def crew(app: Flask, gp: Actor) -> SyncTablet:
    return a_sync_tablet(app, a_clinician(Role.PARAMEDIC))


AREA = "area:northdale"


def test_a_tablet_that_begins_gets_everybody_of_its_area(crew: SyncTablet, gp: Actor) -> None:
    people = {a_registered_person(gp) for _ in range(3)}
    gone = a_registered_person(gp)
    change(gp, gone, "remove", {"reason": "improved"})

    lines = crew.pull()

    assert set(crew.scopes[AREA].people) == {str(one) for one in people}
    assert [line["op"] for line in lines] == ["put", "put", "put", "page"]
    crew.assert_agrees()


def test_what_changed_and_who_left_follow_and_nothing_else(crew: SyncTablet, gp: Actor) -> None:
    first, second, third = (a_registered_person(gp) for _ in range(3))
    crew.pull()

    apply_edit(gp, an_edit(second, "treatment_level", {"level": "treat_at_home"}))
    register.amend(gp, an_edit(third, "consent", a_consent(share_status="withdrawn")))
    lines = crew.pull()

    assert [(line["op"], line.get("id"), line.get("why")) for line in lines[:-1]] == [
        ("put", str(second), None),
        ("drop", str(third), "consent-withdrawn"),
    ]
    assert set(crew.scopes[AREA].people) == {str(first), str(second)}
    crew.assert_agrees()


def test_nothing_new_is_one_small_answer_that_keeps_nothing(crew: SyncTablet, gp: Actor) -> None:
    a_registered_person(gp)
    crew.pull()
    noted = db.session.scalar(select(func.count()).select_from(AuditEvent))

    answer = crew.ask()

    assert len(answer.data) < 600
    assert [line["op"] for line in read_lines(answer)] == ["page"]
    assert db.session.scalar(select(func.count()).select_from(AuditEvent)) == noted


def test_a_put_holds_the_card_and_by_what_the_person_is_found(crew: SyncTablet, gp: Actor) -> None:
    entry = a_registered_person(gp, family_name="Okonkwo", nhs_number="9990000018")

    line = crew.pull()[0]

    assert line["id"] == str(entry)
    assert line["version"] == db.session.get_one(Entry, entry).change_number
    assert "OKONKWO" in line["card"]["who"]["name"]
    assert line["keys"]["nhs"] == "9990000018"
    assert "plan" not in line


def test_a_nurse_with_the_full_tier_gets_the_plan_of_her_caseload(app: Flask, gp: Actor) -> None:
    nurse = a_clinician(Role.COMMUNITY_NURSE)
    entry, _ = a_registered_person(gp), a_registered_person(gp)
    with writing() as session:
        begin_relationship(session, Concerned(entry, nurse.organisation_id, "referred", None))
    tablet = a_sync_tablet(app, nurse)

    lines = tablet.pull()

    assert [(line["op"], line.get("id")) for line in lines[:-1]] == [("put", str(entry))]
    assert lines[0]["plan"]["sections"]
    tablet.assert_agrees()


def test_who_is_related_no_more_is_dropped_though_nothing_of_the_record_changed(app: Flask, gp: Actor) -> None:
    nurse, entry = a_clinician(Role.COMMUNITY_NURSE), a_registered_person(gp)
    tablet = a_sync_tablet(app, nurse)
    with writing() as session:
        begin_relationship(session, Concerned(entry, nurse.organisation_id, "referred", None))
    tablet.pull()
    assert tablet.scopes[f"relationship:{nurse.organisation_id}"].people
    with writing() as session:
        end_relationships(session, entry_id=entry, organisation_id=nurse.organisation_id, ending=DISCHARGED)

    lines = tablet.pull()

    assert [(line["op"], line.get("why")) for line in lines[:-1]] == [("drop", "unassigned")]
    tablet.assert_agrees()


def test_each_row_passes_the_access_table_again(crew: SyncTablet, gp: Actor) -> None:
    """Were a feed ever behind the access table, nobody would be sent by it."""
    entry = a_registered_person(gp)
    with writing() as session:
        session.execute(update(EntryScope).where(EntryScope.entry_id == entry).values(is_shared=False))

    lines = crew.pull()

    assert [(line["op"], line.get("why")) for line in lines[:-1]] == [("drop", "unassigned")]
    assert "card" not in lines[0]


@pytest.mark.parametrize("encoding", ["br", "gzip", "identity"])
def test_an_answer_is_compressed_as_the_browser_takes_it_and_kept_nowhere(
    crew: SyncTablet, gp: Actor, encoding: str
) -> None:
    a_registered_person(gp)
    body = {"cursors": [a_cursor(AREA)]}
    headers = {"Authorization": f"Bearer {crew.tablet.lease}", "Accept-Encoding": encoding}

    answer = crew.tablet.client.post("/sync/v1/pull", json=body, headers=headers)

    assert answer.headers.get("Content-Encoding", "identity") == encoding
    assert answer.mimetype == "application/x-ndjson"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert [line["op"] for line in read_lines(answer)] == ["put", "page"]


def test_the_audit_says_how_many_went_to_which_tablet(crew: SyncTablet, gp: Actor) -> None:
    a_registered_person(gp)
    crew.pull()

    event = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "tablet_filled")).one()

    assert event.details == {"device": crew.tablet.id, "scope": AREA, "count": 1}
    assert event.actor_id == crew.tablet.actor.clinician_id


# Starting again


def test_a_feed_that_was_built_anew_starts_the_scope_again_beside_the_old_copy(crew: SyncTablet, gp: Actor) -> None:
    a_registered_person(gp)
    crew.pull()
    rebuild_scopes()

    lines = crew.pull()

    assert [line["op"] for line in lines] == ["reset", "put", "page"]
    assert lines[0]["epoch"] == lines[-1]["cursors"][0]["epoch"]
    assert lines[0]["epoch"].startswith("1.2.")
    crew.assert_agrees()


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"number": 10**9}, id="numbers that were never given: a restored register"),
        pytest.param({"epoch": "1.7.abcd"}, id="another history"),
        pytest.param({"tier": "full"}, id="another tier"),
    ],
)
def test_a_tablet_that_cannot_go_on_from_where_it_stands_starts_again(
    crew: SyncTablet, gp: Actor, wrong: dict[str, Any]
) -> None:
    a_registered_person(gp)
    crew.pull()
    crew.scopes[AREA].cursor |= wrong

    assert [line["op"] for line in crew.pull()] == ["reset", "put", "page"]
    crew.assert_agrees()


def test_a_tablet_that_was_away_longer_than_who_left_is_remembered_starts_again(
    app: Flask, crew: SyncTablet, gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    gone, _ = a_registered_person(gp), a_registered_person(gp)
    crew.pull()
    change(gp, gone, "remove", {"reason": "improved"})
    frozen_clock(clock.now() + REMEMBER_LEAVING + timedelta(days=1))
    follow_time()
    sign_in(crew.tablet.client, crew.tablet.actor)
    crew.tablet.answer = post(crew.tablet.client, "/sync/v1/lease", about(device_id=crew.tablet.id)).get_json()

    lines = crew.pull()

    assert lines[0]["op"] == "reset"
    assert str(gone) not in crew.scopes[AREA].people
    crew.assert_agrees()


def test_a_scope_that_the_lease_does_not_name_is_empty(crew: SyncTablet, gp: Actor) -> None:
    other = a_clinician(Role.GP)
    a_registered_person(gp)
    for scope in (f"practice:{gp.organisation_id}", f"practice:{other.organisation_id}", "area:southdale", "what"):
        held = a_cursor(scope, "full", "1.1.abcd", 7)

        lines = read_lines(crew.tablet.post("/sync/v1/pull", {"cursors": [held]}))

        assert lines[0] == {"op": "reset", "scope": scope, "epoch": None}
        assert lines[1]["cursors"][0]["people"] == 0
        assert len(lines) == 2


# Kept pages


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> int:
    """Pages of three people, so that seven fill some."""
    monkeypatch.setattr("epaccs.sync.actions.pull.PAGE_ROWS", 3)
    return 3


def kept() -> list[tuple[int, int]]:
    db.session.commit()
    rows = db.session.execute(select(KeptPage.after_number, KeptPage.up_to_number).order_by(KeptPage.after_number))
    return [(row.after_number, row.up_to_number) for row in rows]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many cards were built, time by time."""
    counts: list[int] = []

    def build(entry_ids: Any, *args: Any, **options: Any) -> Any:
        counts.append(len(entry_ids))
        return build_tablet_rows(entry_ids, *args, **options)

    monkeypatch.setattr("epaccs.sync.actions.pull.build_tablet_rows", build)
    return counts


def test_the_second_tablet_of_a_shift_is_filled_from_pages_that_are_kept(
    app: Flask, crew: SyncTablet, gp: Actor, small_pages: int, built: list[int]
) -> None:
    people = {str(a_registered_person(gp)) for _ in range(7)}
    crew.pull(limit=small_pages)
    assert built == [3, 3, 1]
    assert len(kept()) == 2
    colleague = a_sync_tablet(app, a_clinician(Role.PARAMEDIC))

    colleague.pull(limit=small_pages)

    assert built == [3, 3, 1, 1]
    assert set(colleague.scopes[AREA].people) == people
    first, second = crew.scopes[AREA].cards, colleague.scopes[AREA].cards
    assert sum(first[one] == second[one] for one in people) == 6  # the same page; the last was made again
    colleague.assert_agrees()


def test_the_last_page_of_a_first_download_is_kept_for_a_minute_after_more_has_come(
    app: Flask,
    crew: SyncTablet,
    gp: Actor,
    small_pages: int,
    built: list[int],
    monkeypatch: pytest.MonkeyPatch,
    frozen_clock: Callable[[datetime], None],
) -> None:
    monkeypatch.setattr("epaccs.sync.actions.pull.LAST_PAGE_ROWS", 2)
    people = {str(a_registered_person(gp)) for _ in range(5)}

    def another_tablet_begins() -> None:
        colleague = a_sync_tablet(app, a_clinician(Role.PARAMEDIC))
        colleague.pull(limit=small_pages)
        assert set(colleague.scopes[AREA].people) == people
        colleague.assert_agrees()

    crew.pull(limit=small_pages)
    another_tablet_begins()
    assert built == [3, 2]

    # when somebody comes behind it, it is sent on, and only they are built
    people.add(str(a_registered_person(gp)))
    another_tablet_begins()
    assert built == [3, 2, 1]

    # and after a minute it is made again with whoever came, and not before something came
    frozen_clock(clock.now() + timedelta(minutes=2))
    another_tablet_begins()
    assert built == [3, 2, 1, 3]
    another_tablet_begins()
    assert built == [3, 2, 1, 3]
    assert len(kept()) == 2


def test_whoever_only_follows_keeps_no_page(
    crew: SyncTablet, gp: Actor, small_pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epaccs.sync.actions.pull.LAST_PAGE_ROWS", 2)
    a_registered_person(gp)
    crew.pull(limit=small_pages)
    for _ in range(2):
        a_registered_person(gp)
    crew.pull(limit=small_pages)

    assert kept() == []


def test_a_kept_page_leaves_out_who_changed_and_who_left(
    app: Flask, crew: SyncTablet, gp: Actor, small_pages: int, built: list[int]
) -> None:
    people = [a_registered_person(gp) for _ in range(6)]
    crew.pull(limit=small_pages)
    apply_edit(gp, an_edit(people[0], "treatment_level", {"level": "treat_at_home"}))
    with writing() as session:  # as if a page had been kept that nobody threw away
        session.execute(update(EntryScope).where(EntryScope.entry_id == people[1]).values(is_shared=False))
    colleague = a_sync_tablet(app, a_clinician(Role.PARAMEDIC))

    lines = colleague.pull(limit=small_pages)

    sent = [line["id"] for line in lines if line["op"] == "put"]
    assert sent == [str(one) for one in (people[2], *people[3:], people[0])]
    assert built[2:] == [1]


def test_whoever_leaves_is_in_no_kept_page_and_the_others_stay_kept(
    app: Flask, crew: SyncTablet, gp: Actor, small_pages: int, built: list[int]
) -> None:
    people = [a_registered_person(gp) for _ in range(9)]
    crew.pull(limit=small_pages)
    before = kept()
    change(gp, people[4], "remove", {"reason": "improved"})
    assert kept() == [before[0], before[2]]
    colleague = a_sync_tablet(app, a_clinician(Role.PARAMEDIC))
    del built[:]

    colleague.pull(limit=small_pages)

    assert built == [2]  # the gap is filled up to where the next kept page begins
    assert [start for start, _ in kept()] == [start for start, _ in before]
    assert set(colleague.scopes[AREA].people) == {str(one) for one in people if one != people[4]}
    colleague.assert_agrees()


def test_another_audience_is_sent_no_page_that_was_kept_for_this_one(
    app: Flask, crew: SyncTablet, gp: Actor, small_pages: int, built: list[int]
) -> None:
    for _ in range(3):
        a_registered_person(gp)
    crew.pull(limit=small_pages)
    doctor = a_sync_tablet(app, a_clinician(Role.OUT_OF_HOURS_GP))

    doctor.pull(limit=small_pages)

    assert built == [3, 3]
    audiences = db.session.scalars(select(KeptPage.audience).where(KeptPage.scope == AREA).distinct()).all()
    assert len(audiences) == 2


def test_a_page_is_not_kept_when_somebody_left_while_it_was_made(
    crew: SyncTablet, gp: Actor, small_pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [a_registered_person(gp) for _ in range(3)]

    note = pulling._note

    def note_late(*args: Any) -> None:
        change(gp, people[0], "remove", {"reason": "improved"})
        note(*args)

    monkeypatch.setattr(pulling, "_note", note_late)

    crew.apply(read_lines(crew.ask(limit=small_pages)))

    assert kept() == []


# Commands and the restored register


def test_a_command_stands_in_front_until_the_tablet_says_that_it_is_done(crew: SyncTablet) -> None:
    command = new_id()
    with writing() as session:
        session.add(
            DeviceCommand(id=command, device_id=UUID(crew.tablet.id), deed="resync", scope=AREA, issued_at=clock.now())
        )
    expected = {"op": "command", "id": str(command), "do": "resync", "scope": AREA}

    assert crew.pull()[0] == crew.pull()[0] == expected
    assert [line["op"] for line in crew.pull(done=[str(command)])] == ["page"]


def test_what_a_tablet_says_of_itself_is_kept(crew: SyncTablet) -> None:
    crew.pull(state={"program": "2026.12.0", "outbox": 2, "sums": {AREA: "00ff"}}, now_device="2026-11-21T03:00:00Z")

    device = db.session.get_one(Device, UUID(crew.tablet.id))

    assert (device.program, device.outbox_length, device.sums) == ("2026.12.0", 2, {AREA: "00ff"})


def test_what_unlocks_it_for_its_reader_is_kept(crew: SyncTablet) -> None:
    crew.pull(state={"unlock": ["argon2id", "prf"]})

    user = db.session.scalars(select(DeviceUser).where(DeviceUser.device_id == UUID(crew.tablet.id))).one()

    assert user.unlocked_with == ["argon2id", "prf"]


def test_changes_that_a_restored_register_does_not_hold_are_reported(crew: SyncTablet, gp: Actor) -> None:
    behind, level = a_registered_person(gp), a_registered_person(gp)
    lost = new_id()
    version = db.session.get_one(Entry, level).change_number

    crew.pull(known={str(behind): 10_000, str(level): version, str(lost): 3})

    notices = db.session.scalars(select(Notice).where(Notice.kind == "tablet_ahead")).all()
    events = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "register_behind")).all()
    assert [(one.entry_id, one.organisation_id, one.severity) for one in notices] == [
        (behind, gp.organisation_id, "high")
    ]
    assert [one.details for one in events] == [{"device": crew.tablet.id, "people": 1, "not_here": 1}]


def test_a_tablet_cannot_report_somebody_out_of_its_users_reach(crew: SyncTablet, gp: Actor) -> None:
    hidden = a_registered_person(gp, consent=a_consent(share_status="refused"))

    crew.pull(known={str(hidden): 10_000})

    assert db.session.scalars(select(Notice).where(Notice.kind == "tablet_ahead")).all() == []


# What nobody should send

_DEEP = "[" * 20_000


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="nothing"),
        pytest.param([], id="a list"),
        pytest.param({"cursors": None}, id="no cursors"),
        pytest.param({"cursors": {}}, id="cursors that are no list"),
        pytest.param({"cursors": [None]}, id="a cursor that is nothing"),
        pytest.param({"cursors": [a_cursor(f"area:{n}") for n in range(9)]}, id="nine scopes"),
        pytest.param({"cursors": [a_cursor(AREA), a_cursor(AREA)]}, id="a scope twice"),
        pytest.param({"cursors": [a_cursor(AREA, number=-1)]}, id="a negative number"),
        pytest.param({"cursors": [a_cursor(AREA, number=2**70)]}, id="a huge number"),
        pytest.param({"cursors": [{**a_cursor(AREA), "number": "1"}]}, id="a number as text"),
        pytest.param({"cursors": [{**a_cursor(AREA), "number": 1.5}]}, id="half a number"),
        pytest.param({"cursors": [{**a_cursor(AREA), "scope": 7}]}, id="a scope that is a number"),
        pytest.param({"cursors": [{**a_cursor(AREA), "scope": "x" * 5000}]}, id="a long name"),
        pytest.param({"cursors": [], "limit": 10**9}, id="a huge limit"),
        pytest.param({"cursors": [], "limit": 0}, id="no rows"),
        pytest.param({"cursors": [], "limit": "all"}, id="a limit as text"),
        pytest.param({"cursors": [], "known": {"nobody": 1}}, id="a person that is no id"),
        pytest.param({"cursors": [], "known": {str(UUID(int=n)): 1 for n in range(2001)}}, id="too many people"),
        pytest.param({"cursors": [], "known": {str(UUID(int=1)): -1}}, id="a negative version"),
        pytest.param({"cursors": [], "done": ["x"]}, id="a command that is no id"),
        pytest.param({"cursors": [], "now_device": "soon"}, id="a time that is none"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_send(crew: SyncTablet, body: Any) -> None:
    answer = crew.tablet.post("/sync/v1/pull", body)

    assert answer.status_code == 422, answer.get_data(as_text=True)
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "text",
    [_DEEP, '{"cursors": [' + _DEEP, "\0", "{", '{"cursors": [], "limit": 1e999}', '{"cursors": [], "limit": NaN}'],
)
def test_what_is_no_json_is_refused(crew: SyncTablet, text: str) -> None:
    headers = {"Authorization": f"Bearer {crew.tablet.lease}", "Content-Type": "application/json"}

    assert crew.tablet.client.post("/sync/v1/pull", data=text, headers=headers).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"cursors": [a_cursor("area:\0")]}, id="a null byte in a scope"),
        pytest.param({"cursors": [a_cursor(AREA, epoch="\0")]}, id="a null byte in an epoch"),
        pytest.param({"cursors": [], "state": {"sums": {"area:\0": "00"}}}, id="a null byte in a sum"),
        pytest.param({"cursors": [], "state": {"program": "\0"}}, id="a null byte in the program"),
        pytest.param({"cursors": [], "state": {"unlock": ["\0"]}}, id="a null byte in what unlocks it"),
        pytest.param({"cursors": [], "state": {"unlock": "prf"}}, id="a text for what unlocks it"),
        pytest.param({"cursors": [], "state": {"unlock": ["a"] * 5}}, id="more ways to unlock than there are"),
        pytest.param({"cursors": [a_cursor("\ud800")]}, id="half a sign"),
        pytest.param({"cursors": [], "state": {"sums": {"\ud800": "00"}}}, id="half a sign in a sum"),
    ],
)
def test_signs_that_no_database_keeps_break_nothing(crew: SyncTablet, body: Any) -> None:
    assert crew.tablet.post("/sync/v1/pull", body).status_code in {200, 422}


def test_without_a_lease_nothing_is_said(app: Flask, crew: SyncTablet) -> None:
    assert app.test_client().post("/sync/v1/pull", json={"cursors": [a_cursor(AREA)]}).status_code == 401
