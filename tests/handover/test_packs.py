"""The sheets of everybody at once: laid out beside the requests, handed over together, on both databases."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pdfplumber
import pikepdf
import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.model import Relationship
from epaccs.access.rules import AccessReason
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians import actions as clinicians
from epaccs.clinicians.model import Membership, Organisation
from epaccs.clinicians.queries import find_actor_of_session
from epaccs.clinicians.rules import Actor, OrganisationType, Role, SessionEnd
from epaccs.coordination.actions import begin_round
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken, Unavailable
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions.rules import EditKind
from epaccs.handover import laying_out, pdf
from epaccs.handover.actions import packs
from epaccs.handover.actions.packs import HandedOver, PackOrder
from epaccs.handover.actions.sheets import note_collected
from epaccs.handover.laying_out import lay_out_on, lay_out_waiting
from epaccs.handover.model import HandoverPack, HandoverSheet, PackedSheet
from epaccs.handover.queries import packs as found
from epaccs.handover.rules import KEPT, FolderState, PackProgress, SheetStatus, format_code
from epaccs.settings import Settings
from epaccs.stamps.actions import withdraw_key
from tests.conftest import NOW
from tests.coordination.residents import a_home, a_resident
from tests.coordination.test_list_of_a_team import looked_after
from tests.cpr_decisions.test_actions import a_decision, do
from tests.factories import a_clinician, an_organisation, sign_in
from tests.handover.test_printing import remove, restrict
from tests.pages import PageClient

ORDER = PackOrder("L Hart, senior carer", "Office, folder of the home")


def at_work(actor: Actor) -> Actor:
    """The same person signed in: a pack ends with the session in which it was asked for."""
    [membership_id] = db.session.scalars(select(Membership.id).where(Membership.clinician_id == actor.clinician_id))
    door = clinicians.Door(address="127.0.0.1", browser="a test")
    opened = clinicians.start_session(actor.clinician_id, membership_id=membership_id, door=door)
    signed_in = find_actor_of_session(opened.session_id)
    assert signed_in is not None
    return signed_in


@pytest.fixture
def gp(app: Flask) -> Actor:
    return at_work(a_clinician(Role.GP, may_sign=True, name="Dr A Patel"))


@pytest.fixture
def home(app: Flask) -> Organisation:
    return a_home()


def asked(actor: Actor, home: Organisation, settings: Settings, *, order: PackOrder = ORDER) -> UUID:
    begin_round(actor, home.id, reason=AccessReason.PERMISSION_GIVEN)
    pack_id = new_id()
    packs.ask_for_pack(actor, pack_id, place_id=home.id, order=order, settings=settings)
    return pack_id


def lay_out(settings: Settings, *, is_stopped: Callable[[], bool] = lambda: False) -> int:
    """What the worker does, on a thread instead of processes: the renderer is the same."""
    with ThreadPoolExecutor(1) as presses:
        return lay_out_on(presses, 1, settings, is_stopped)


def printed(actor: Actor, home: Organisation, settings: Settings) -> tuple[UUID, bytes]:
    pack_id = asked(actor, home, settings)
    lay_out(settings)
    content = packs.hand_over(actor, pack_id).content
    assert content is not None
    return pack_id, content


def sheets_of(pack_id: UUID) -> dict[UUID, HandoverSheet]:
    db.session.rollback()
    rows = db.session.scalars(select(HandoverSheet).where(HandoverSheet.pack_id == pack_id))
    return {row.entry_id: row for row in rows}


def pages_of(content: bytes) -> list[str]:
    with pdfplumber.open(io.BytesIO(content)) as document:
        return [page.extract_text() for page in document.pages]


def progress(actor: Actor, pack_id: UUID) -> PackProgress:
    db.session.rollback()
    return found.get_progress(actor, pack_id)


def audited(kind: EventKind) -> list[AuditEvent]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.kind == str(kind)).order_by(AuditEvent.id)))


# --- From asking to paper --------------------------------------------------------------------------------------------


def test_everybody_has_a_sheet_in_the_order_of_the_round_on_leaves_of_their_own(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    second = a_resident(gp, home, room="Room 10", family_name="Okonkwo")
    first = a_resident(gp, home, room="Room 2", family_name="Brown")

    pack_id, content = printed(gp, home, settings)

    sheets, pages = sheets_of(pack_id), pages_of(content)
    numbers = [format_code(sheets[one].code) for one in (first, second)]
    begins = [next(n for n, page in enumerate(pages) if number in page) for number in numbers]
    assert begins[0] == 0
    assert begins[1] % 2 == 0
    for at, page in enumerate(pages):
        whose = numbers[0] if at < begins[1] else numbers[1]
        assert not page or whose in page
    with pikepdf.open(io.BytesIO(content)) as document, document.open_outline() as outline:
        assert [str(one.title).split(",")[0] for one in outline.root] == ["BROWN", "OKONKWO"]
        assert document.Root.MarkInfo.Marked


def test_a_pack_that_waits_is_no_paper(gp: Actor, home: Organisation, settings: Settings) -> None:
    resident = a_resident(gp, home)
    pack_id = asked(gp, home, settings)

    assert progress(gp, pack_id).words == "0 of 1 sheet is laid out."
    with pytest.raises(RuleBroken, match="1 of 1 sheets are not laid out yet"):
        packs.hand_over(gp, pack_id)
    lay_out(settings)

    sheet = sheets_of(pack_id)[resident]
    assert progress(gp, pack_id).is_ready
    assert (sheet.status, sheet.printed_at) == (SheetStatus.RESERVED, None)
    assert audited(EventKind.PRINTED) == []
    packed = db.session.get_one(PackedSheet, sheet.id)
    assert packed.content is not None
    assert b"%PDF" not in packed.content, "it waits in clear"


def test_handed_over_each_sheet_is_kept_and_audited_as_a_sheet_of_its_person(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    residents = {a_resident(gp, home, room=f"Room {number}") for number in (1, 2)}

    pack_id, _ = printed(gp, home, settings)

    sheets = sheets_of(pack_id)
    assert set(sheets) == residents
    for sheet in sheets.values():
        assert sheet.status == SheetStatus.CURRENT
        assert (sheet.printed_for, sheet.place) == (ORDER.printed_for, ORDER.kept_at)
        assert sheet.valid_as_at is not None
        assert sheet.printed_at is not None
        assert sheet.valid_as_at <= sheet.printed_at
        assert sheet.versions
    written = audited(EventKind.PRINTED)
    assert {(one.entry_id, one.details["sheet_id"], one.details["pack_id"]) for one in written} == {
        (entry_id, str(sheet.id), str(pack_id)) for entry_id, sheet in sheets.items()
    }
    do(gp, min(residents), EditKind.SIGN, a_decision())
    assert sheets_of(pack_id)[min(residents)].status == SheetStatus.REPLACED
    assert sheets_of(pack_id)[max(residents)].status == SheetStatus.CURRENT


def test_the_worker_lays_out_on_processes_of_its_own(gp: Actor, home: Organisation, settings: Settings) -> None:
    for number in range(3):
        a_resident(gp, home, room=f"Room {number}")
    pack_id = asked(gp, home, settings)

    assert lay_out_waiting(settings, Event()) == 3
    assert lay_out_waiting(settings, Event()) == 0

    content = packs.hand_over(gp, pack_id).content
    assert content is not None
    assert content.startswith(b"%PDF")


def test_the_same_form_asks_once(gp: Actor, home: Organisation, settings: Settings) -> None:
    a_resident(gp, home)
    pack_id = asked(gp, home, settings)
    [before] = sheets_of(pack_id).values()

    packs.ask_for_pack(gp, pack_id, place_id=home.id, order=ORDER, settings=settings)

    [after] = sheets_of(pack_id).values()
    assert after.code == before.code
    assert len(db.session.scalars(select(HandoverPack)).all()) == 1


def test_a_pack_can_be_opened_again_while_nothing_changed(gp: Actor, home: Organisation, settings: Settings) -> None:
    resident = a_resident(gp, home)
    pack_id, content = printed(gp, home, settings)
    number = sheets_of(pack_id)[resident].code

    again = packs.hand_over(gp, pack_id)

    assert again.content is not None
    assert pages_of(again.content) == pages_of(content)
    assert sheets_of(pack_id)[resident].code == number
    assert len(audited(EventKind.PRINTED)) == 2, "each time that it is handed out is written down"
    do(gp, resident, EditKind.SIGN, a_decision())
    with pytest.raises(RuleBroken, match="changed after it was printed"):
        packs.hand_over(gp, pack_id)


# --- What happens meanwhile ------------------------------------------------------------------------------------------


def test_a_record_that_changed_is_laid_out_anew_under_the_same_number(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    changed = a_resident(gp, home, room="Room 1")
    as_before = a_resident(gp, home, room="Room 2")
    pack_id = asked(gp, home, settings)
    lay_out(settings)
    before = {entry_id: (one.code, one.content_hash) for entry_id, one in sheets_of(pack_id).items()}
    do(gp, changed, EditKind.SIGN, a_decision())

    handed = packs.hand_over(gp, pack_id)

    assert handed == HandedOver(None, changed=1)
    assert handed.words.startswith("1 record changed while the sheets were laid out")
    assert (progress(gp, pack_id).laid_out, progress(gp, pack_id).waiting) == (1, 1)
    assert lay_out(settings) == 1
    content = packs.hand_over(gp, pack_id).content
    assert content is not None
    after = sheets_of(pack_id)
    assert {one.status for one in after.values()} == {SheetStatus.CURRENT}
    assert after[as_before].content_hash == before[as_before][1]
    assert after[changed].content_hash != before[changed][1]
    assert after[changed].code == before[changed][0]
    assert "Not for CPR" in "".join(pages_of(content))


def test_what_was_laid_out_anew_while_the_file_was_bound_is_not_handed_over_as_it_was(
    gp: Actor, home: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two windows open one pack: what the slower one has bound is not what the register knows of the sheets."""
    resident = a_resident(gp, home)
    pack_id = asked(gp, home, settings)
    lay_out(settings)
    at_once, bound = packs.bind, []

    def bind_slowly(files: Any, *, title: str) -> bytes:
        bound.append(title)
        if len(bound) == 1:
            do(gp, resident, EditKind.SIGN, a_decision())
            assert packs.hand_over(gp, pack_id).changed == 1
            lay_out(settings)
        return at_once(files, title=title)

    monkeypatch.setattr(packs, "bind", bind_slowly)

    assert packs.hand_over(gp, pack_id) == HandedOver(None, changed=1)
    assert audited(EventKind.PRINTED) == []
    lay_out(settings)
    content = packs.hand_over(gp, pack_id).content
    assert content is not None
    assert "Not for CPR" in "".join(pages_of(content))


def test_a_pack_that_is_stopped_while_it_is_bound_is_not_handed_over(
    gp: Actor, home: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_resident(gp, home)
    pack_id = asked(gp, home, settings)
    lay_out(settings)
    at_once = packs.bind

    def bind_slowly(files: Any, *, title: str) -> bytes:
        packs.stop_pack(gp, pack_id)
        return at_once(files, title=title)

    monkeypatch.setattr(packs, "bind", bind_slowly)

    with pytest.raises(RuleBroken, match="This pack was stopped"):
        packs.hand_over(gp, pack_id)
    assert audited(EventKind.PRINTED) == []


def test_a_round_that_fails_ends_no_other(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, asked_for = Event(), []

    def fail(*_: Any, **__: Any) -> int:
        asked_for.append(1)
        if len(asked_for) == 3:
            stop.set()
        raise (RuntimeError, BrokenExecutor, Unavailable)[len(asked_for) - 1]

    monkeypatch.setattr(laying_out, "lay_out_waiting", fail)
    monkeypatch.setattr(laying_out, "LOOK_SECONDS", 0.01)

    laying_out.lay_out_until(app, stop)

    assert len(asked_for) == 3


def test_where_a_press_is_ended_the_next_round_lays_out_one_sheet_at_a_time(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, presses = Event(), []

    def break_once(*_: Any, at_most: int) -> int:
        presses.append(at_most)
        if len(presses) == 3:
            stop.set()
        if len(presses) == 1:
            raise BrokenExecutor
        return 0

    monkeypatch.setattr(laying_out, "lay_out_waiting", break_once)
    monkeypatch.setattr(laying_out, "LOOK_SECONDS", 0.01)

    laying_out.lay_out_until(app, stop)

    assert presses == [laying_out.MOST_PRESSES, 1, laying_out.MOST_PRESSES]


def test_a_worker_that_dies_in_the_middle_loses_no_sheet(gp: Actor, home: Organisation, settings: Settings) -> None:
    for number in range(3):
        a_resident(gp, home, room=f"Room {number}")
    pack_id = asked(gp, home, settings)
    codes = {one.code for one in sheets_of(pack_id).values()}
    assert packs.claim_next(settings=settings) is not None  # and is killed

    assert lay_out(settings) == 2
    assert progress(gp, pack_id).waiting == 1
    clock.set_source(lambda: NOW + packs.CLAIM + timedelta(minutes=1))
    assert lay_out(settings) == 1

    assert progress(gp, pack_id).is_ready
    assert {one.code for one in sheets_of(pack_id).values()} == codes


def test_a_sheet_that_ends_whoever_lays_it_out_is_left_out(
    gp: Actor, home: Organisation, settings: Settings, frozen_clock: Callable[[datetime], None]
) -> None:
    a_resident(gp, home)
    pack_id = asked(gp, home, settings)
    for number in range(packs.TRIES):
        frozen_clock(NOW + number * timedelta(minutes=3))
        assert packs.claim_next(settings=settings) is not None
    frozen_clock(NOW + packs.TRIES * timedelta(minutes=3))

    assert packs.claim_next(settings=settings) is None
    assert progress(gp, pack_id).said_left_out.startswith("1 person is not in it")
    with pytest.raises(RuleBroken, match="Nobody in this pack"):
        packs.hand_over(gp, pack_id)


@pytest.mark.parametrize("error", [pdf.CannotBePrinted, RecursionError], ids=["refused", "failed"])
def test_what_cannot_be_laid_out_is_left_out_and_said(
    error: type[Exception], gp: Actor, home: Organisation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        a_resident(gp, home, room=f"Room {number}")
    pack_id = asked(gp, home, settings)
    render, tried = pdf.render_html, []

    def fail_first(html: str) -> pdf.Rendered:
        tried.append(html)
        if len(tried) == 1:
            raise error
        return render(html)

    monkeypatch.setattr(pdf, "render_html", fail_first)

    assert lay_out(settings) == 1
    assert (progress(gp, pack_id).left_out, progress(gp, pack_id).is_ready) == (1, True)
    assert progress(gp, pack_id).said_left_out.startswith("1 person is not in it")
    assert packs.hand_over(gp, pack_id).content is not None
    assert sorted(one.status for one in sheets_of(pack_id).values()) == [SheetStatus.CURRENT, SheetStatus.RESERVED]


def test_whoever_leaves_the_register_meanwhile_is_left_out(gp: Actor, home: Organisation, settings: Settings) -> None:
    leaves, stays = a_resident(gp, home, room="Room 1"), a_resident(gp, home, room="Room 2")
    pack_id = asked(gp, home, settings)
    remove(gp, leaves)

    assert lay_out(settings) == 1

    assert progress(gp, pack_id).left_out == 1
    assert packs.hand_over(gp, pack_id).content is not None
    assert sheets_of(pack_id)[stays].status == SheetStatus.CURRENT
    assert sheets_of(pack_id)[leaves].status == SheetStatus.RESERVED


def test_whoever_is_not_theirs_any_more_is_not_handed_over(gp: Actor, settings: Settings) -> None:
    hospice = an_organisation(type=OrganisationType.HOSPICE, name="Larch Hospice")
    nurse = at_work(a_clinician(Role.HOSPICE_NURSE, hospice))
    stays, goes = (looked_after(gp, nurse) for _ in range(2))
    pack_id = asked(nurse, hospice, settings)
    lay_out(settings)
    with writing() as session:
        of_hospice = Relationship.entry_id == goes, Relationship.organisation_id == hospice.id
        session.scalars(select(Relationship).where(*of_hospice)).one().until_at = clock.now()

    handed = packs.hand_over(nurse, pack_id)

    assert handed == HandedOver(None, lost=1)
    assert handed.words.startswith("1 person is not yours to print any more")
    content = packs.hand_over(nurse, pack_id).content
    assert content is not None
    sheets = sheets_of(pack_id)
    assert (sheets[stays].status, sheets[goes].status) == (SheetStatus.CURRENT, SheetStatus.RESERVED)
    assert format_code(sheets[goes].code) not in "".join(pages_of(content))


def test_two_workers_never_lay_out_the_same_sheet_at_once(
    app: Flask, gp: Actor, home: Organisation, settings: Settings
) -> None:
    for number in range(6):
        a_resident(gp, home, room=f"Room {number}")
    asked(gp, home, settings)

    def claim() -> UUID | None:
        with app.app_context():
            try:
                claimed = packs.claim_next(settings=settings)
                return claimed.sheet_id if claimed else None
            finally:
                db.session.remove()

    with ThreadPoolExecutor(3) as workers:
        claimed = [one.result() for one in [workers.submit(claim) for _ in range(6)]]

    assert None not in claimed
    assert len(set(claimed)) == 6


def test_an_address_restricted_meanwhile_is_on_no_sheet_and_no_place_is_kept(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    resident = a_resident(gp, home)
    pack_id = asked(gp, home, settings)
    lay_out(settings)
    restrict(gp, resident)

    assert packs.hand_over(gp, pack_id).changed == 1
    lay_out(settings)
    content = packs.hand_over(gp, pack_id).content

    assert content is not None
    sheet = sheets_of(pack_id)[resident]
    assert (sheet.tells_address, sheet.place) == (False, "")
    text = "".join(pages_of(content))
    assert "Moor Lane" not in text
    assert ORDER.kept_at not in text


def test_a_sheet_that_was_left_out_is_not_finished_by_whoever_was_slow(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    a_resident(gp, home)
    pack_id = asked(gp, home, settings)
    claimed = packs.claim_next(settings=settings)
    assert claimed is not None
    packs.leave_out(claimed.sheet_id)

    assert packs.keep_layout(claimed, pdf.render_html(claimed.html)) is False
    assert (progress(gp, pack_id).laid_out, progress(gp, pack_id).left_out) == (0, 1)


# --- Whose it is -----------------------------------------------------------------------------------------------------


def test_a_pack_ends_with_the_session_in_which_it_was_asked_for(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    a_resident(gp, home)
    pack_id = asked(gp, home, settings)
    with writing() as session:
        clinicians.end_sessions(session, gp.clinician_id, SessionEnd.SIGNED_OUT)

    assert lay_out(settings) == 0
    assert progress(gp, pack_id).left_out == 1


def test_whoever_signed_in_again_asks_again(gp: Actor, home: Organisation, settings: Settings) -> None:
    a_resident(gp, home)
    pack_id = asked(gp, home, settings)
    lay_out(settings)

    with pytest.raises(RuleBroken, match="You signed in again"):
        packs.hand_over(replace(gp, session_id=at_work(gp).session_id), pack_id)
    assert audited(EventKind.PRINTED) == []


def test_a_pack_of_somebody_else_is_as_if_absent(gp: Actor, home: Organisation, settings: Settings) -> None:
    a_resident(gp, home)
    pack_id = asked(gp, home, settings)
    lay_out(settings)
    colleague = at_work(a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id)))

    for deed in (packs.hand_over, packs.stop_pack, found.get_progress):
        with pytest.raises(NotFound):
            deed(colleague, pack_id)  # type: ignore[operator]
    with pytest.raises(NotFound):
        packs.ask_for_pack(colleague, pack_id, place_id=home.id, order=ORDER, settings=settings)
    assert progress(gp, pack_id).is_ready


def test_whoever_works_elsewhere_now_has_no_pack_here(gp: Actor, home: Organisation, settings: Settings) -> None:
    a_resident(gp, home)
    pack_id = asked(gp, home, settings)
    lay_out(settings)

    for changed in ({"role": Role.HOSPICE_NURSE}, {"organisation_id": home.id}):
        with pytest.raises(NotFound):
            packs.hand_over(replace(gp, **changed), pack_id)
    assert packs.hand_over(gp, pack_id).content is not None


def test_only_whoever_goes_on_rounds_asks_for_a_pack(gp: Actor, home: Organisation, settings: Settings) -> None:
    a_resident(gp, home)
    paramedic = at_work(a_clinician(Role.PARAMEDIC))

    with pytest.raises(Forbidden):
        packs.ask_for_pack(paramedic, new_id(), place_id=home.id, order=ORDER, settings=settings)


def test_no_pack_is_asked_for_of_part_of_a_home(gp: Actor, home: Organisation, settings: Settings) -> None:
    a_resident(gp, home)
    partner = at_work(a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id)))

    with pytest.raises(RuleBroken, match="Say first why you open these records, then print the pack"):
        packs.ask_for_pack(partner, new_id(), place_id=home.id, order=ORDER, settings=settings)
    with pytest.raises(RuleBroken, match="Nobody is on this list"):
        packs.ask_for_pack(gp, new_id(), place_id=a_home("Empty House").id, order=ORDER, settings=settings)
    assert db.session.scalars(select(HandoverPack)).all() == []


# --- Ending one ------------------------------------------------------------------------------------------------------


def test_a_stopped_pack_leaves_nothing_that_was_laid_out(gp: Actor, home: Organisation, settings: Settings) -> None:
    resident = a_resident(gp, home)
    pack_id = asked(gp, home, settings)
    lay_out(settings)

    assert packs.stop_pack(gp, pack_id) == home.id

    assert db.session.scalars(select(PackedSheet)).all() == []
    assert sheets_of(pack_id)[resident].status == SheetStatus.RESERVED
    with pytest.raises(RuleBroken, match="This pack was stopped"):
        packs.hand_over(gp, pack_id)


def test_a_pack_that_nobody_opens_is_forgotten_within_the_hour(
    gp: Actor, home: Organisation, settings: Settings, frozen_clock: Callable[[datetime], None]
) -> None:
    a_resident(gp, home)
    pack_id = asked(gp, home, settings)
    lay_out(settings)

    frozen_clock(NOW + KEPT - timedelta(minutes=1))
    assert packs.forget_packs() == 0
    frozen_clock(NOW + KEPT + timedelta(minutes=1))
    with pytest.raises(RuleBroken, match="nobody opened it for an hour"):
        packs.hand_over(gp, pack_id)
    assert packs.forget_packs() == 1
    assert packs.forget_packs() == 0

    assert db.session.scalars(select(PackedSheet)).all() == []
    assert progress(gp, pack_id).ended_at


def test_a_pack_that_was_stopped_while_a_sheet_is_laid_out_keeps_nothing(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    a_resident(gp, home)
    pack_id = asked(gp, home, settings)
    claimed = packs.claim_next(settings=settings)
    assert claimed is not None
    packs.stop_pack(gp, pack_id)

    assert packs.keep_layout(claimed, pdf.render_html(claimed.html)) is False


def test_a_pack_is_destroyed_by_the_team_that_printed_it(gp: Actor, home: Organisation, settings: Settings) -> None:
    residents = [a_resident(gp, home, room=f"Room {number}") for number in range(2)]
    pack_id, _ = printed(gp, home, settings)
    do(gp, residents[0], EditKind.SIGN, a_decision())
    [pack] = found.find_packs(gp, home.id)
    assert (pack.sheets, pack.wrong) == (2, 1)

    with pytest.raises(NotFound):
        packs.note_pack_destroyed(a_clinician(Role.GP), pack_id, until=clock.now())
    packs.note_pack_destroyed(gp, pack_id, until=pack.last_printed_at)

    assert found.find_packs(gp, home.id) == []
    assert all(one.collected_at for one in sheets_of(pack_id).values())
    with pytest.raises(RuleBroken, match="This pack was stopped"):
        packs.hand_over(gp, pack_id)


def test_a_pack_of_which_a_sheet_was_destroyed_is_not_opened_again(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    """Its paper would be about again, and nobody would look for it."""
    resident = a_resident(gp, home)
    pack_id, _ = printed(gp, home, settings)
    note_collected(gp, sheets_of(pack_id)[resident].id, entry_id=resident)

    with pytest.raises(RuleBroken, match="A sheet of this pack was destroyed"):
        packs.hand_over(gp, pack_id)


# --- A folder that is brought up to date -----------------------------------------------------------------------------


def renewed(actor: Actor, pack_id: UUID, settings: Settings) -> UUID:
    renewal = new_id()
    packs.ask_for_renewal(actor, renewal, renews=pack_id, settings=settings)
    lay_out(settings)
    assert packs.hand_over(actor, renewal).content is not None
    return renewal


def folder_of(actor: Actor, pack_id: UUID, settings: Settings) -> FolderState:
    db.session.rollback()
    return found.read_folder(actor, pack_id, settings=settings).state


def test_a_folder_is_brought_up_to_date_with_the_sheets_that_it_lacks(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    changed, same = (a_resident(gp, home, room=f"Room {number}") for number in (1, 2))
    pack_id, _ = printed(gp, home, settings)
    assert folder_of(gp, pack_id, settings) == FolderState((), ())
    with pytest.raises(RuleBroken, match="holds a sheet of everybody"):
        packs.ask_for_renewal(gp, new_id(), renews=pack_id, settings=settings)

    do(gp, changed, EditKind.SIGN, a_decision())
    came = a_resident(gp, home, room="Room 3")
    begin_round(gp, home.id, reason=AccessReason.PERMISSION_GIVEN)
    old = sheets_of(pack_id)[changed]
    state = folder_of(gp, pack_id, settings)
    assert (set(state.lacking), [one.id for one in state.to_take_out]) == ({changed, came}, [old.id])
    renewal = renewed(gp, pack_id, settings)

    sheets = sheets_of(renewal)
    assert set(sheets) == {changed, came}
    assert {(one.printed_for, one.place) for one in sheets.values()} == {(ORDER.printed_for, ORDER.kept_at)}
    [pack] = found.find_packs(gp, home.id)
    assert (pack.id, pack.sheets, pack.wrong) == (pack_id, 4, 1)
    assert folder_of(gp, pack_id, settings).lacking == ()
    packs.note_taken_out(gp, pack_id, [old.id])
    [pack] = found.find_packs(gp, home.id)
    assert (pack.sheets, pack.wrong) == (3, 0)
    assert folder_of(gp, pack_id, settings) == FolderState((), ())
    assert sheets_of(pack_id)[same].collected_at is None


def test_the_sheet_of_whoever_is_not_there_any_more_is_to_be_taken_out(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    gone, stays = (a_resident(gp, home, room=f"Room {number}") for number in (1, 2))
    pack_id, _ = printed(gp, home, settings)
    remove(gp, gone)

    state = folder_of(gp, pack_id, settings)

    assert [one.entry_id for one in state.to_take_out] == [gone]
    assert state.lacking == ()
    assert stays


def test_a_sheet_whose_stamp_is_not_believed_any_more_is_printed_again(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    resident = a_resident(gp, home)
    pack_id, _ = printed(gp, home, settings)
    key = sheets_of(pack_id)[resident].stamp_key
    assert key is not None

    withdraw_key(key, because="Its machine was stolen")

    assert folder_of(gp, pack_id, settings).lacking == (resident,)


def test_a_folder_is_brought_up_to_date_again_from_the_pack_that_began_it(
    gp: Actor, home: Organisation, settings: Settings
) -> None:
    resident = a_resident(gp, home)
    pack_id, _ = printed(gp, home, settings)
    do(gp, resident, EditKind.SIGN, a_decision())
    first = renewed(gp, pack_id, settings)
    do(gp, resident, EditKind.SIGN, a_decision())

    with pytest.raises(NotFound):
        found.read_folder(gp, first, settings=settings)
    second = renewed(gp, pack_id, settings)

    newest = sheets_of(second)[resident]
    assert {one.id for one in folder_of(gp, pack_id, settings).to_take_out} == {
        sheets_of(one)[resident].id for one in (pack_id, first)
    }
    packs.note_pack_destroyed(gp, pack_id, until=clock.now())
    assert found.find_packs(gp, home.id) == []
    assert db.session.get_one(HandoverSheet, newest.id, populate_existing=True).collected_at is not None


def test_what_a_colleague_printed_since_is_not_destroyed_with_a_folder(
    gp: Actor, home: Organisation, settings: Settings, frozen_clock: Callable[[datetime], None]
) -> None:
    resident = a_resident(gp, home)
    pack_id, _ = printed(gp, home, settings)
    [seen] = found.find_packs(gp, home.id)
    frozen_clock(NOW + timedelta(minutes=5))
    do(gp, resident, EditKind.SIGN, a_decision())
    opened, waiting = renewed(gp, pack_id, settings), new_id()
    do(gp, resident, EditKind.SIGN, a_decision())
    packs.ask_for_renewal(gp, waiting, renews=pack_id, settings=settings)

    with pytest.raises(RuleBroken, match="Sheets of this folder were printed since you looked"):
        packs.note_pack_destroyed(gp, pack_id, until=seen.last_printed_at)
    assert sheets_of(opened)[resident].collected_at is None

    [seen] = found.find_packs(gp, home.id)
    packs.note_pack_destroyed(gp, pack_id, until=seen.last_printed_at)
    assert sheets_of(opened)[resident].collected_at is not None
    assert progress(gp, waiting).ended_at is None, "what nobody opened yet is no paper to destroy"


def test_the_same_form_brings_a_folder_up_to_date_once(gp: Actor, home: Organisation, settings: Settings) -> None:
    resident = a_resident(gp, home)
    pack_id, _ = printed(gp, home, settings)
    do(gp, resident, EditKind.SIGN, a_decision())
    renewal = new_id()
    for _ in range(2):
        packs.ask_for_renewal(gp, renewal, renews=pack_id, settings=settings)

    assert len(sheets_of(renewal)) == 1
    colleague = at_work(a_clinician(Role.GP, db.session.get_one(Organisation, gp.organisation_id)))
    begin_round(colleague, home.id, reason=AccessReason.PERMISSION_GIVEN)
    with pytest.raises(NotFound):
        packs.ask_for_renewal(colleague, renewal, renews=pack_id, settings=settings)


def test_no_part_of_a_folder_is_compared(gp: Actor, home: Organisation, settings: Settings) -> None:
    """Whoever is not open to the reader may seem to be gone."""
    a_resident(gp, home)
    pack_id, _ = printed(gp, home, settings)
    partner = at_work(a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id)))

    assert folder_of(partner, pack_id, settings) == FolderState((), ())
    with pytest.raises(RuleBroken, match="not everybody is on it yet"):
        packs.ask_for_renewal(partner, new_id(), renews=pack_id, settings=settings)


def test_the_folder_of_another_team_is_as_if_absent(gp: Actor, home: Organisation, settings: Settings) -> None:
    resident = a_resident(gp, home)
    pack_id, _ = printed(gp, home, settings)
    sheet, stranger = sheets_of(pack_id)[resident], at_work(a_clinician(Role.GP))
    a_resident(stranger, home, room="Room 8")
    other_id, _ = printed(stranger, home, settings)

    for refused in (
        lambda: found.read_folder(stranger, pack_id, settings=settings),
        lambda: packs.ask_for_renewal(stranger, new_id(), renews=pack_id, settings=settings),
        lambda: packs.note_taken_out(stranger, pack_id, [sheet.id]),
        lambda: packs.note_taken_out(stranger, other_id, [sheet.id]),
    ):
        with pytest.raises(NotFound):
            refused()
    assert sheets_of(pack_id)[resident].collected_at is None


# --- The pages -------------------------------------------------------------------------------------------------------


def at_the_form(app: Flask, actor: Actor, home: Organisation) -> PageClient:
    """A browser in which somebody has given a reason for the home, and is about to ask for a pack."""
    pages = PageClient(app)
    sign_in(pages.browser, actor)
    pages.open(f"/rounds/{home.id}").fill(reason="permission_given").submit("Show the list")
    return pages.follow("Print everybody’s sheet")


def test_from_the_round_to_the_file_and_back(app: Flask, gp: Actor, home: Organisation, settings: Settings) -> None:
    resident = a_resident(gp, home, family_name="Okonkwo")
    pages = at_the_form(app, gp, home).see("A handover sheet each for 1 resident", "No printed pack is out.")
    pages.see_nothing_of("Okonkwo")
    pages.submit("Lay out the sheets", status=422)
    assert pages.errors() == ["Enter the name or shift of whoever gets it"]

    pages.fill(printed_for="<b>night shift</b>", kept_at="Office").submit("Lay out the sheets")
    pages.see("0 of 1 sheet is laid out.", "For <b>night shift</b>.", "Look again").see_nothing_of("Okonkwo")
    [pack_id] = db.session.scalars(select(HandoverPack.id)).all()
    answer = pages.browser.get(f"/handover/packs/{pack_id}/progress").json
    assert answer == {"words": "0 of 1 sheet is laid out.", "is_waiting": True, "stands_still": False}
    lay_out(settings)
    assert pages.browser.get(f"/handover/packs/{pack_id}/progress").json["is_waiting"] is False
    pages.follow("Look again").see("1 sheet is ready", "destroy what you do not use")

    token = pages.value_of("csrf_token")
    response = pages.browser.post(f"/handover/packs/{pack_id}/open", data={"csrf_token": token})

    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Disposition"] == 'inline; filename="handover-sheets.pdf"'
    pages.open(f"/handover/packs/{pack_id}").see("Open the sheets again", "Opened first")
    do(gp, resident, EditKind.SIGN, a_decision())
    pages.submit("Open the sheets again (a file to print)").see("changed after it was printed")
    pages.submit("Throw the file away (what was laid out is thrown away)").see(
        "1 of 1 sheet changed: do not rely on it"
    )
    pages.open(f"/handover/packs/{pack_id}").see("This pack was stopped").follow("Ask for a new one")
    [pack] = found.find_packs(gp, home.id)
    token = pages.value_of("csrf_token")
    for wrong in ("", "yesterday", "2026-11-21T03:00:00"):
        answer = pages.browser.post(f"/handover/packs/{pack_id}/destroyed", data={"csrf_token": token, "until": wrong})
        assert answer.status_code == 404
    pages.submit(f"Mark all as destroyed {pack.called}").see(
        "Noted: all sheets of this pack are destroyed.", "No printed pack is out."
    )


def test_from_the_packs_to_a_folder_that_is_up_to_date(
    app: Flask, gp: Actor, home: Organisation, settings: Settings
) -> None:
    residents = [a_resident(gp, home, room=f"Room {number}", family_name="Okonkwo") for number in (1, 2)]
    pack_id, _ = printed(gp, home, settings)
    [pack] = found.find_packs(gp, home.id)
    pages = at_the_form(app, gp, home).follow(f"Bring it up to date {pack.called}")
    pages.see("Nothing is to be printed.", "Nothing in the folder is to be taken out.")

    do(gp, residents[0], EditKind.SIGN, a_decision())
    old = sheets_of(pack_id)[residents[0]]
    pages.open(f"/handover/packs/{pack_id}/folder").see("1 of 2 residents", "Take this sheet out of the folder")
    pages.see(format_code(old.code), "Do not rely on it").see_nothing_of("Okonkwo")
    pages.submit("Lay out 1 sheet").see("0 of 1 sheet is laid out.")
    lay_out(settings)
    pages.follow("Look again").see("1 sheet is ready", "Not everybody is in it").follow(
        "See what to take out of the folder"
    )

    pages.submit("This sheet is destroyed").see("Noted: what you took out is destroyed.", "No CPR line changed")
    assert sheets_of(pack_id)[residents[0]].collected_at is not None
    stranger = PageClient(app)
    sign_in(stranger.browser, a_clinician(Role.GP))
    stranger.open(f"/handover/packs/{pack_id}/folder", status=404)
    token = pages.value_of("csrf_token")
    for wrong in ({"sheet": str(new_id())}, {"sheet": "nonsense"}):
        answer = pages.browser.post(f"/handover/packs/{pack_id}/folder/destroyed", data={"csrf_token": token, **wrong})
        assert answer.status_code == 404


def test_a_pack_that_does_not_go_on_says_so(
    app: Flask, gp: Actor, home: Organisation, settings: Settings, frozen_clock: Callable[[datetime], None]
) -> None:
    a_resident(gp, home)
    pages = at_the_form(app, gp, home).fill(printed_for="night shift").submit("Lay out the sheets")
    pages.see("stay signed in").see_nothing_of("It does not go on")

    frozen_clock(NOW + timedelta(minutes=2))
    claimed = packs.claim_next(settings=settings)
    pages.follow("Look again").see_nothing_of("It does not go on")
    assert claimed is not None
    frozen_clock(NOW + timedelta(minutes=5))

    [pack_id] = db.session.scalars(select(HandoverPack.id)).all()
    assert pages.browser.get(f"/handover/packs/{pack_id}/progress").json["stands_still"] is True
    pages.follow("Look again").see("It does not go on", "Print the sheets you need now from each record")
    pages.submit("Stop (what was laid out is thrown away)").see("Stopped: what was laid out is thrown away.")
