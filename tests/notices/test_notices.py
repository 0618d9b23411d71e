"""Who is told of what, in which order, and who said that they see to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from flask import Flask

from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.errors import NotFound
from epaccs.core.fields import start_of
from epaccs.notices.actions import About, acknowledge, mark_seen, notify_accountable
from epaccs.notices.queries import deliveries_of, notices_for
from epaccs.notices.rules import NoticeKind, is_overdue, shows_from
from epaccs.versions.actions import apply_edit
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation
from tests.record.visits import open_record

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP)


@pytest.fixture
def nurse(gp: Actor) -> Actor:
    area = db.session.get(Organisation, gp.organisation_id).area  # type: ignore[union-attr]
    return a_clinician(Role.HOSPICE_NURSE, an_organisation(type=OrganisationType.HOSPICE, area=area))


@pytest.fixture
def entry(gp: Actor, nurse: Actor) -> UUID:
    return a_registered_person(gp, key_worker_ods=nurse.organisation_ods)


def kinds(actor: Actor) -> list[str]:
    return [str(line.kind) for line in notices_for(actor)]


def test_changes_of_one_person_stand_on_one_line_and_are_noted_together(gp: Actor, nurse: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "treat_at_home"}))
    apply_edit(gp, an_edit(entry, "medicines", {"status": "in_home"}))

    updated = [line for line in notices_for(nurse) if line.kind == "updated"]
    assert len(updated) == 1
    assert {"treatment_level", "medicines"} <= set(updated[0].sections)
    acknowledge(nurse, updated[0].id)

    assert "updated" not in kinds(nurse)


def test_whoever_made_a_change_is_not_told_of_it(gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "treat_at_home"}))

    assert "updated" not in kinds(gp)


def test_a_task_stays_with_the_name_of_whoever_took_it_on(gp: Actor, entry: UUID) -> None:
    with writing() as session:
        notify_accountable(session, About(entry, NoticeKind.ICD))
    task = next(line for line in notices_for(gp) if line.kind == "icd")

    acknowledge(gp, task.id)

    assert next(line for line in notices_for(gp) if line.kind == "icd").acknowledged_by_name == gp.name


def test_urgent_and_overdue_notices_come_first(gp: Actor, entry: UUID) -> None:
    with writing() as session:
        notify_accountable(session, About(entry, NoticeKind.ICD))
        notify_accountable(session, About(entry, NoticeKind.CONFIRM_PROPOSAL, due_at=clock.now() - timedelta(hours=1)))
        notify_accountable(session, About(entry, NoticeKind.DISPUTE, severity="high"))

    assert kinds(gp)[:2] == ["dispute", "confirm_proposal"]


def test_a_stranger_cannot_take_on_somebody_elses_notice(gp: Actor, nurse: Actor, entry: UUID) -> None:
    line = notices_for(nurse)[0]
    stranger = a_clinician(Role.GP)

    assert notices_for(stranger) == []
    with pytest.raises(NotFound):
        acknowledge(stranger, line.id)


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        pytest.param(Role.GP, {"icd", "person_not_told", "paper_out_of_date", "registered"}, id="who may act on all"),
        pytest.param(Role.PRACTICE_ADMINISTRATOR, set(), id="who sees neither card nor plan"),
        pytest.param(Role.ADMINISTRATOR, set(), id="who administers accounts"),
    ],
)
def test_a_role_is_told_what_it_could_act_on(gp: Actor, entry: UUID, role: Role, seen: set[str]) -> None:
    """Words of a notice tell of the record, so that they are for whoever may open its page."""
    colleague = a_clinician(role, db.session.get(Organisation, gp.organisation_id))
    kinds_left = (NoticeKind.ICD, NoticeKind.PERSON_NOT_TOLD, NoticeKind.PAPER_OUT_OF_DATE, NoticeKind.REGISTERED)
    with writing() as session:
        for kind in kinds_left:
            notify_accountable(session, About(entry, kind))
    lines = notices_for(gp)

    assert {str(one.kind) for one in notices_for(colleague)} >= seen
    assert bool(notices_for(colleague)) is bool(seen)
    if not seen:
        with pytest.raises(NotFound):
            acknowledge(colleague, lines[0].id)
        assert all(one.seen_at is None for one in deliveries_of(entry))


def test_a_social_worker_hears_nothing_of_cpr(app: Flask, gp: Actor, entry: UUID) -> None:
    worker = a_clinician(Role.SOCIAL_WORKER, db.session.get(Organisation, gp.organisation_id))
    with writing() as session:
        for kind in (NoticeKind.PERSON_NOT_TOLD, NoticeKind.CPR_DOUBT, NoticeKind.FORM_UNPLACED, NoticeKind.ICD):
            notify_accountable(session, About(entry, kind, "cpr"))
        notify_accountable(session, About(entry, NoticeKind.UPDATED, "contacts"))

    assert "updated" in kinds(worker)
    assert set(kinds(worker)) <= {"registered", "updated"}
    pages = open_record(app, worker, entry)
    for path in ("/notices", f"/record/{entry}/told"):
        pages.open(path).see("The record was changed").see_nothing_of(
            "CPR", "has not been told", "defibrillator", "signed form"
        )
    pages = open_record(app, gp, entry).open(f"/record/{entry}/told").see("defibrillator", "is in doubt")


def test_what_is_not_due_to_be_shown_was_not_sent_and_what_was_taken_on_was_seen(gp: Actor, entry: UUID) -> None:
    with writing() as session:
        notify_accountable(session, About(entry, NoticeKind.CPR_REVIEW_DUE, due_at=clock.now() + timedelta(days=60)))
        notify_accountable(session, About(entry, NoticeKind.ICD))
    task = next(line for line in notices_for(gp) if line.kind == "icd")

    acknowledge(gp, task.id)

    sent = {(str(one.kind), one.organisation_name): one for one in deliveries_of(entry)}
    assert not any(kind == "cpr_review_due" for kind, _ in sent)
    assert sent["icd", gp.organisation_name].seen_at is not None


def test_delivery_is_seen_only_when_the_addressee_opened_the_list(nurse: Actor, entry: UUID) -> None:
    hospice = [one for one in deliveries_of(entry) if one.organisation_name == nurse.organisation_name]
    assert all(one.seen_at is None for one in hospice)

    mark_seen(nurse, [line.id for line in notices_for(nurse)])

    hospice = [one for one in deliveries_of(entry) if one.organisation_name == nurse.organisation_name]
    assert any(one.seen_at is not None for one in hospice)


@pytest.mark.parametrize(
    ("kind", "due_at", "shown"),
    [
        pytest.param(NoticeKind.DISPUTE, None, NOW, id="at once"),
        pytest.param(
            NoticeKind.CPR_REVIEW_DUE, NOW + timedelta(days=60), NOW + timedelta(days=46), id="two weeks before"
        ),
        pytest.param(NoticeKind.CPR_REVIEW_DUE, NOW + timedelta(days=3), NOW, id="due soon already"),
        pytest.param(NoticeKind.CONFIRM_PROPOSAL, NOW + timedelta(hours=72), NOW, id="a proposal waits from the start"),
    ],
)
def test_a_notice_shows_in_good_time(kind: NoticeKind, due_at: datetime | None, shown: datetime) -> None:
    assert shows_from(kind, due_at=due_at, created_at=NOW) == shown


def test_without_a_due_time_nothing_is_overdue() -> None:
    assert not is_overdue(None, now=NOW)
    assert is_overdue(NOW, now=NOW + timedelta(seconds=1))


def test_a_notice_names_its_section_where_its_words_leave_it_open_and_the_day_by_which_it_is_due(
    app: Flask, gp: Actor, entry: UUID
) -> None:
    review = About(entry, NoticeKind.CPR_REVIEW_DUE, "cpr", due_at=start_of(NOW.date() + timedelta(days=3)))
    with writing() as session:
        notify_accountable(session, review)
        notify_accountable(session, About(entry, NoticeKind.UPDATED, "allergies"))
        notify_accountable(session, About(entry, NoticeKind.DISPUTE, "medicines"))

    pages = open_record(app, gp, entry)

    pages.open("/notices").see("The record was changed: Allergies", "Settle which stands: Medicines", "due 23-Nov-2026")
    pages.see("The CPR decision is due for review", "I will deal with this")
    pages.see_nothing_of("due for review: CPR", "00:00")
    pages.open(f"/record/{entry}/told").see("The record was changed: Allergies").see_nothing_of("due for review: CPR")


def test_actions_with_several_events_do_not_wait_for_each_others_chains(app: Flask) -> None:
    """Two writers at once, many times, each with several events: nobody waits forever (hazard H-24)."""
    barrier, failed = Barrier(2), []

    def write() -> None:
        with app.app_context():
            try:
                barrier.wait()
                for _ in range(25):
                    with writing():
                        for _ in range(3):
                            log.record(Event(EventKind.SEARCHED))
            except Exception as error:  # noqa: BLE001 - told to the test
                failed.append(error)
            finally:
                db.session.remove()

    writers = [Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=30)

    assert failed == []
    assert log.verify().rows == 150
