"""What was looked at without signal stands in the audit once, and whoever read what was wrong hears of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.actions import give_reason
from epaccs.access.queries import openings_to_review, tablet_alarms
from epaccs.access.rules import AccessReason
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions.actions import change
from epaccs.cpr_decisions.rules import CPRState, EditKind
from epaccs.notices.queries import notices_for
from epaccs.notices.rules import NoticeKind
from epaccs.record.queries.history import get_looks
from epaccs.versions.queries import find_recorded
from tests.cpr_decisions.test_actions import a_decision
from tests.factories import a_clinician, sign_in
from tests.pages import PageClient
from tests.sync.writing import WritingTablet


@pytest.fixture
def officer(crew: WritingTablet) -> Actor:
    return a_clinician(Role.PRIVACY_OFFICER, db.session.get(Organisation, crew.actor.organisation_id))


def events(kind: EventKind) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.kind == str(kind)).order_by(AuditEvent.at)))


def upto(answer: Any) -> int:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: int = answer.get_json()["upto"]
    return found


def test_that_a_refused_edit_was_entered_again_is_kept_with_its_id(crew: WritingTablet) -> None:
    refused = new_id()

    crew.send_looks(crew.look(None, "entered_again", edit=str(refused)))

    (event,) = events(EventKind.OFFLINE_DEED)
    assert (event.details["act"], event.details["edit"]) == ("entered_again", str(refused))


def test_of_the_list_of_a_round_it_is_kept_which_home_how_many_and_why(crew: WritingTablet) -> None:
    home, act = new_id(), "round_listed"
    listed = crew.look(None, act, count=12, home=str(home), reason="cannot_ask")
    unreadable = crew.look(None, act, count="many", home="Hill House")

    assert upto(crew.send_looks(listed, unreadable)) == 2

    first, second = (one.details for one in events(EventKind.OFFLINE_DEED))
    assert (first["act"], first["count"], first["home"], first["reason"]) == (act, 12, str(home), "cannot_ask")
    assert "home" not in second
    assert "Hill House" not in str(second)


def test_each_look_is_written_down_once_with_when_it_was_and_when_it_came(
    crew: WritingTablet, entry: UUID, frozen_clock: Callable[[datetime], None]
) -> None:
    read_at = clock.now()
    looks = [crew.look(None, "searched", count=3), crew.look(entry, reason="cannot_ask")]
    frozen_clock(read_at + timedelta(hours=9))

    assert upto(crew.send_looks(*looks)) == 2
    assert upto(crew.send_looks(*looks)) == 2
    assert upto(crew.send_sealed(*map(crew.seal, looks))) == 2

    (searched,), (seen,) = events(EventKind.OFFLINE_SEARCHED), events(EventKind.OFFLINE_CARD_VIEWED)
    assert searched.details["count"] == 3
    assert (seen.entry_id, seen.actor_id) == (entry, crew.actor.clinician_id)
    assert seen.details["offline"]
    assert datetime.fromisoformat(seen.details["read_at"]) - read_at < timedelta(seconds=1)
    assert seen.at - read_at >= timedelta(hours=9)
    assert not events(EventKind.TABLET_LOOKS_BROKEN)
    assert log.verify().holds


def test_a_look_without_signal_is_listed_with_the_time_it_was_read(
    app: Flask, crew: WritingTablet, gp: Actor, entry: UUID, frozen_clock: Callable[[datetime], None]
) -> None:
    read_at = clock.now()
    look = crew.look(entry, reason="cannot_ask")
    frozen_clock(read_at + timedelta(hours=9))
    crew.send_looks(look)
    give_reason(gp, entry, reason=AccessReason.EMERGENCY, identifiers_checked=[], cannot_check=True)

    found = next(one for one in get_looks(gp, entry).looks if one.who.startswith(crew.actor.name))

    assert found.deed == "saw the emergency card on a tablet without signal"
    assert found.read_at is not None
    assert found.read_at - read_at < timedelta(seconds=1)
    assert found.at - read_at >= timedelta(hours=9)
    browser = PageClient(app)
    sign_in(browser.browser, gp)
    browser.open(f"/record/{entry}/who-has-looked").see("on a tablet without signal", "reached the register")


def test_an_emergency_on_a_tablet_goes_to_the_privacy_officer_once(
    crew: WritingTablet, officer: Actor, entry: UUID
) -> None:
    looks = [
        crew.look(entry, reason="emergency", identifiers_checked=["name", "born"]),
        crew.look(entry, "record_viewed", reason="emergency"),
    ]

    crew.send_looks(*looks)

    (opening,) = openings_to_review(officer)
    assert opening.clinician_name == crew.actor.name


def test_a_missing_look_and_a_changed_one_are_seen_by_the_privacy_officer(
    app: Flask, crew: WritingTablet, officer: Actor, entry: UUID
) -> None:
    first, _lost, third, fourth, fifth = (crew.look(entry) for _ in range(5))
    fourth["previous"] = "0" * 64

    assert upto(crew.send_looks(first, third)) == 3
    assert upto(crew.send_looks(fourth, fifth)) == 5

    (missing,) = events(EventKind.TABLET_LOOKS_MISSING)
    assert missing.details["sequence"] == 3
    assert [one.details["sequence"] for one in events(EventKind.TABLET_LOOKS_BROKEN)] == [4, 5]
    assert len(events(EventKind.OFFLINE_CARD_VIEWED)) == 4
    assert [one.words for one in tablet_alarms(officer)]
    browser = PageClient(app)
    sign_in(browser.browser, officer)
    browser.open("/privacy-office").see("Tablets to look into", "Vehicle 4412", "Looks are missing")


def test_two_looks_of_one_number_mean_two_tablets_and_both_are_kept(crew: WritingTablet, entry: UUID) -> None:
    look = crew.look(entry)

    crew.send_looks(look)
    crew.send_looks({**look, "act": "record_viewed"})

    assert len(events(EventKind.OFFLINE_CARD_VIEWED)) == len(events(EventKind.OFFLINE_RECORD_VIEWED)) == 1
    assert events(EventKind.TABLET_COPIED)
    assert crew.send_looks(look).status_code == 403
    assert upto(crew.send_sealed(crew.seal(look))) == 1


def test_a_look_of_somebody_unknown_or_that_cannot_be_read_is_told_of(crew: WritingTablet, entry: UUID) -> None:
    crew.send_looks(crew.look(entry, author_id=str(new_id())), {"sequence": 2}, "nothing")

    whys = {one.details["why"] for one in events(EventKind.TABLET_LOOKS_BROKEN)}
    assert whys == {"unknown_author", "unreadable"}
    assert len(events(EventKind.OFFLINE_CARD_VIEWED)) == 1


def sign_decision(gp: Actor, entry: UUID) -> str:
    recorded = find_recorded(entry, "cpr")
    version = recorded.version if recorded else 0
    change(gp, new_id(), entry_id=entry, kind=EditKind.SIGN, body=a_decision(), base_version=version)
    recorded = find_recorded(entry, "cpr")
    assert recorded is not None
    in_force = CPRState.from_value(recorded.value).in_force
    assert in_force is not None
    return in_force.id


def void(gp: Actor, entry: UUID, decision_id: str) -> None:
    recorded = find_recorded(entry, "cpr")
    assert recorded is not None
    body = {"decision_id": decision_id, "reason": "wrong_person", "detail": "Another Mrs Wood"}
    change(gp, new_id(), entry_id=entry, kind=EditKind.VOID, body=body, base_version=recorded.version)


def flag(gp: Actor, entry: UUID, _decision_id: str) -> None:
    change(gp, new_id(), entry_id=entry, kind=EditKind.WRONG_PERSON_FLAG, body={}, base_version=0)


@pytest.mark.parametrize(
    ("found_wrong", "kind"),
    [
        pytest.param(void, NoticeKind.READ_WHAT_WAS_WRONG, id="voided"),
        pytest.param(flag, NoticeKind.WRONG_PERSON, id="flagged as the wrong person"),
    ],
)
def test_a_reader_whose_look_comes_late_is_told_what_was_found_wrong_meanwhile(
    crew: WritingTablet, gp: Actor, entry: UUID, found_wrong: Callable[..., None], kind: NoticeKind
) -> None:
    decision_id = sign_decision(gp, entry)
    look = crew.look(entry)
    found_wrong(gp, entry, decision_id)
    assert not told(crew.actor, kind)

    crew.send_looks(look)

    assert told(crew.actor, kind)


def test_a_reader_who_saw_what_still_stands_is_told_nothing(crew: WritingTablet, gp: Actor, entry: UUID) -> None:
    before = crew.look(entry)
    decision_id = sign_decision(gp, entry)
    void(gp, entry, decision_id)
    crew.send_looks(before, crew.look(entry))

    assert not told(crew.actor, NoticeKind.READ_WHAT_WAS_WRONG)


def told(actor: Actor, kind: NoticeKind) -> bool:
    return any(line.kind is kind for line in notices_for(actor))
