"""Ask for the sheets of everybody in a home or team, lay them out beside the requests, and hand them over at once.

The number of each sheet is taken once, when the pack is asked for, however often it is laid out. Nothing of a pack is
paper before it is handed over: then every record is looked at again, and a sheet whose record changed is laid out anew.

Source: hazards H-02 (something written down is lost), H-03 (a line outlives its decision) and H-73.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.queries import follow_newest_table, get_standing
from epaccs.access.rules import Permission
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.queries import find_actor_of_session
from epaccs.clinicians.rules import Actor
from epaccs.coordination.rules import Resident, Round
from epaccs.core import clock, sealing
from epaccs.core.db import db, end_read, unavailable_when_lost, writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken, Unavailable
from epaccs.handover import pdf
from epaccs.handover.actions.lists import lock_entries
from epaccs.handover.actions.sheets import build_staff_sheet, find_unused_code, lock_printed, note_destroyed
from epaccs.handover.binding import bind
from epaccs.handover.model import HandoverPack, HandoverSheet, PackedSheet
from epaccs.handover.queries import packs
from epaccs.handover.queries import sheets as queries
from epaccs.handover.queries.sheets import Contents
from epaccs.handover.rules import KEPT, SheetStatus, check_is_ready, check_may_be_listed, check_may_be_renewed
from epaccs.settings import Settings
from epaccs.stamps.actions import find_signer
from epaccs.stamps.queries import is_withdrawn

#: Whoever has not finished one sheet by then is taken for dead, and another lays it out.
CLAIM: Final = timedelta(minutes=2)

#: A sheet that was begun so often and never finished ends whoever lays it out: it is left out.
TRIES: Final = 5

MOST_OF_A_NAME: Final = 400
_PURPOSE: Final = "packed sheet"
_log = logging.getLogger("epaccs.handover")


@dataclass(frozen=True)
class PackOrder:
    """For whom a pack is printed, and where it is kept."""

    printed_for: str
    kept_at: str = ""


# --- Asking for one --------------------------------------------------------------------------------------------------


def ask_for_pack(actor: Actor, pack_id: UUID, *, place_id: UUID, order: PackOrder, settings: Settings) -> None:
    """Take a number for the sheet of everybody in a home or team; they are laid out from now on.

    Args:
        pack_id: of the form: the same form again asks for nothing new.

    Raises:
        NotFound, Forbidden: as `packs.read_people`.
        RuleBroken: it would not hold everybody, or nobody is there.
    """
    found = packs.read_people(actor, place_id, settings=settings)
    if _was_asked_for(actor, pack_id):
        return
    check_may_be_listed(found, "pack")
    _keep_asked(actor, _build_pack(actor, pack_id, found, order), found.residents)


def ask_for_renewal(actor: Actor, pack_id: UUID, *, renews: UUID, settings: Settings) -> None:
    """The same for those alone of whom the folder of an older pack lacks a sheet that says what their record says now.

    They are for whom that pack was for, and are kept where it is.

    Args:
        pack_id: of the form: the same form again asks for nothing new.

    Raises:
        NotFound, Forbidden: as `packs.read_folder`.
        RuleBroken: not everybody is open to the reader, or the folder lacks nothing.
    """
    folder = packs.read_folder(actor, renews, settings=settings)
    if _was_asked_for(actor, pack_id):
        return
    check_may_be_listed(folder.found, "pack")
    check_may_be_renewed(folder.state)
    order = PackOrder(folder.pack.printed_for, folder.pack.kept_at)
    pack = _build_pack(actor, pack_id, folder.found, order)
    pack.renews_id = renews
    _keep_asked(actor, pack, [one for one in folder.found.residents if one.entry_id in folder.state.lacking])


def _was_asked_for(actor: Actor, pack_id: UUID) -> bool:
    """Whether the same form came before.

    Raises:
        NotFound: that of somebody else did.
    """
    pack = db.session.get(HandoverPack, pack_id)
    if pack is not None and not packs.is_asked_by(actor, pack):
        raise NotFound
    return pack is not None


def _keep_asked(actor: Actor, pack: HandoverPack, residents: Sequence[Resident]) -> None:
    with writing() as session:
        if session.get(HandoverPack, pack.id, with_for_update=True, populate_existing=True) is not None:
            return  # the same form, sent twice at once
        session.add(pack)
        session.flush()
        # In the order in which records are always locked: a sheet that refers to one locks it a little.
        for position, resident in sorted(enumerate(residents), key=lambda one: one[1].entry_id):
            _reserve(session, actor, pack, resident, position=position)


def _build_pack(actor: Actor, pack_id: UUID, found: Round, order: PackOrder) -> HandoverPack:
    if actor.session_id is None:
        raise NotFound  # a command names nobody who could hold the paper
    return HandoverPack(
        id=pack_id,
        place_id=found.place.id,
        title=found.place.title,
        organisation_id=actor.organisation_id,
        session_id=actor.session_id,
        printed_by=actor.to_value(),
        printed_for=order.printed_for,
        kept_at=order.kept_at,
        asked_at=clock.now(),
    )


def _reserve(session: Session, actor: Actor, pack: HandoverPack, resident: Resident, *, position: int) -> None:
    code, place = find_unused_code(session), "" if resident.is_restricted else pack.kept_at
    sheet = build_staff_sheet(actor, resident.entry_id, code, printed_for=pack.printed_for, place=place)
    sheet.pack_id, sheet.tells_address = pack.id, not resident.is_restricted
    session.add(sheet)
    session.flush()
    called = resident.who.name[:MOST_OF_A_NAME]
    session.add(
        PackedSheet(sheet_id=sheet.id, pack_id=pack.id, position=position, called=called, tries=0, is_left_out=False)
    )


def stop_pack(actor: Actor, pack_id: UUID) -> UUID:
    """Whoever asked for it needs it no more: what was laid out is thrown away, and no sheet of it is ever paper.

    Returns:
        Of which home or team it is.

    Raises:
        NotFound: they asked for no such pack.
    """
    with writing() as session:
        pack = _lock(session, actor, pack_id)
        _end(session, pack)
        return pack.place_id


def _lock(session: Session, actor: Actor, pack_id: UUID) -> HandoverPack:
    pack = session.get(HandoverPack, pack_id, with_for_update=True, populate_existing=True)
    if pack is None or not packs.is_asked_by(actor, pack):
        raise NotFound
    return pack


def _end(session: Session, pack: HandoverPack) -> None:
    if pack.ended_at is None:
        pack.ended_at = clock.now()
    session.execute(delete(PackedSheet).where(PackedSheet.pack_id == pack.id))


def forget_packs() -> int:
    """End each pack that was asked for so long ago that nobody may open it any more; how many there were."""
    with writing() as session:
        before = clock.now() - KEPT
        statement = select(HandoverPack).where(HandoverPack.ended_at.is_(None), HandoverPack.asked_at <= before)
        lapsed = session.scalars(statement.with_for_update(skip_locked=True)).all()
        for pack in lapsed:
            _end(session, pack)
        return len(lapsed)


# --- Laying it out ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ToLayOut:
    """One sheet of a pack that is to be laid out, read at one moment."""

    sheet_id: UUID
    contents: Contents
    html: str
    stamp_key: str


def is_anything_waiting() -> bool:
    """Whether a sheet waits to be laid out.

    Raises:
        Unavailable: the database cannot be read.
    """
    with unavailable_when_lost():
        waiting = db.session.scalar(_waiting().with_only_columns(PackedSheet.sheet_id).limit(1))
        end_read()
    return waiting is not None


def claim_next(*, settings: Settings) -> ToLayOut | None:
    """Take the next sheet that waits; None: nothing waits, or the next one may not be printed and is left out.

    Somebody else who claims at the same moment gets another one.

    What the reader may see is asked for each sheet anew: a session that ended, or a record that is not theirs any more,
    yields none.
    """
    sheet = _claim()
    if sheet is None:
        return None
    try:
        with unavailable_when_lost():
            follow_newest_table()
            return _read(sheet, settings=settings)
    except (NotFound, Forbidden, RuleBroken):
        _log.info("A sheet of a pack was left out: whoever asked for it may not print it")
        leave_out(sheet.id)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever fails at one sheet, the others of the pack go on
        _log.error("A sheet of a pack was left out: it could not be read (%s)", type(error).__name__)
        leave_out(sheet.id)
    return None


def _waiting() -> Any:
    return (
        select(PackedSheet)
        .join(HandoverPack, HandoverPack.id == PackedSheet.pack_id)
        .where(PackedSheet.content.is_(None), PackedSheet.is_left_out.is_(False), HandoverPack.ended_at.is_(None))
        .where(or_(PackedSheet.claimed_until.is_(None), PackedSheet.claimed_until < clock.now()))
        .order_by(HandoverPack.asked_at, PackedSheet.position)
    )


def _claim() -> HandoverSheet | None:
    with writing() as session:
        packed = session.scalars(_waiting().limit(1).with_for_update(of=PackedSheet, skip_locked=True)).first()
        if packed is None:
            return None
        packed.tries, packed.claimed_until = packed.tries + 1, clock.now() + CLAIM
        packed.is_left_out = packed.tries > TRIES
        return None if packed.is_left_out else session.get_one(HandoverSheet, packed.sheet_id, populate_existing=True)


def _read(sheet: HandoverSheet, *, settings: Settings) -> ToLayOut:
    pack = db.session.scalars(select(HandoverPack).where(HandoverPack.id == sheet.pack_id)).one()
    actor = find_actor_of_session(pack.session_id)
    if actor is None or not packs.is_asked_by(actor, pack):
        raise NotFound
    contents = queries.read_contents(actor, sheet.entry_id, settings=settings)
    signer = find_signer()
    finished = queries.build_sheet(actor, contents, sheet, signer=signer, settings=settings)
    end_read()
    return ToLayOut(sheet.id, contents, pdf.build_html(finished), signer.key_id)


def keep_layout(laid: ToLayOut, rendered: pdf.Rendered) -> bool:
    """Keep a laid out sheet, sealed, until its pack is handed over; False: it is there already, or nobody waits."""
    with writing() as session:
        packed = session.get(PackedSheet, laid.sheet_id, with_for_update=True, populate_existing=True)
        if packed is None or packed.content is not None or packed.is_left_out:
            return False
        packed.content = sealing.seal(rendered.pdf, purpose=_PURPOSE, record_id=laid.sheet_id)
        packed.pages, packed.claimed_until = rendered.pages, None
        sheet = session.get_one(HandoverSheet, laid.sheet_id, with_for_update=True, populate_existing=True)
        sheet.valid_as_at = laid.contents.card.copy_left_at
        sheet.change_number, sheet.versions = laid.contents.change_number, dict(laid.contents.versions)
        sheet.content_hash, sheet.stamp_key = hashlib.sha256(rendered.pdf).hexdigest(), laid.stamp_key
        if laid.contents.is_restricted:
            sheet.tells_address, sheet.place = False, ""
    return True


def leave_out(sheet_id: UUID) -> None:
    """This sheet is not made: the pack says so, and its number is that of no paper. One that is there stays."""
    unfinished = update(PackedSheet).where(PackedSheet.sheet_id == sheet_id, PackedSheet.content.is_(None))
    with writing() as session:
        session.execute(unfinished.values(is_left_out=True))


# --- Handing it over -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HandedOver:
    """A pack as one file. `content` None: not yet, because so many sheets are laid out anew, or left out.

    `changed`: so many records did since. `lost`: so many are not the reader's to print any more.
    """

    content: bytes | None
    changed: int = 0
    lost: int = 0

    @property
    def words(self) -> str:
        """Why there is nothing to print yet."""
        changed = "1 record changed" if self.changed == 1 else f"{self.changed} records changed"
        lost = "1 person is" if self.lost == 1 else f"{self.lost} people are"
        said = [f"{changed} while the sheets were laid out: they are laid out anew."] if self.changed else []
        said += [f"{lost} not yours to print any more, and not in it."] if self.lost else []
        return " ".join([*said, "Open the sheets again when they are ready."])


def hand_over(actor: Actor, pack_id: UUID) -> HandedOver:
    """The finished pack; each of its sheets is paper from now on, and can be called back.

    Every record is looked at once more: if any changed since its sheet was laid out, nothing is handed over yet. While
    it is kept and nothing changes it can be opened again, as where the line was cut while it was fetched.

    Raises:
        NotFound: they asked for no such pack.
        RuleBroken: it is not finished, it was stopped, they signed in anew, or a record changed after it was printed.
    """
    check_is_ready(packs.get_progress(actor, pack_id), now=clock.now())
    files = _finished(pack_id)
    end_read()
    content = bind([(one.called, one.content) for one in files], title="Handover sheets")
    bound = {one.sheet_id: hashlib.sha256(one.content).hexdigest() for one in files}
    with writing() as session:
        pack = _lock(session, actor, pack_id)
        check_is_ready(packs.get_progress(actor, pack_id), now=clock.now())
        if pack.session_id != actor.session_id:
            raise RuleBroken("You signed in again since you asked for this pack. Ask for a new one")
        sheets, numbers = _lock_sheets(session, pack_id)
        if any(sheet.collected_at for sheet in sheets):
            raise RuleBroken("A sheet of this pack was destroyed. Ask for a new pack")
        changed = _find_changed(sheets, numbers, bound)
        lost = [sheet for sheet in sheets if not _may_print(actor, sheet.entry_id)]
        if pack.printed_at is not None and (changed or lost):
            raise RuleBroken(
                "Records in this pack changed after it was printed: print their sheets again, each from its record"
            )
        if changed or lost:
            _take_back(session, changed)
            _take_back(session, lost, is_left_out=True)
            return HandedOver(None, len(changed), len(lost))
        pages = {one.sheet_id: one.pages for one in files}
        pack.printed_at = pack.printed_at or clock.now()
        for sheet in sheets:
            _note_printed(actor, sheet, pages=pages[sheet.id])
    return HandedOver(content)


def _may_print(actor: Actor, entry_id: UUID) -> bool:
    try:
        get_standing(actor, entry_id, Permission.PRINT)
    except (NotFound, Forbidden):
        return False
    return True


@dataclass(frozen=True)
class _Finished:
    """One sheet that is laid out, as it was read."""

    sheet_id: UUID
    called: str
    pages: int
    content: bytes


def _finished(pack_id: UUID) -> list[_Finished]:
    statement = (
        select(PackedSheet.sheet_id, PackedSheet.called, PackedSheet.pages, PackedSheet.content)
        .where(PackedSheet.pack_id == pack_id, PackedSheet.content.is_not(None))
        .order_by(PackedSheet.position)
    )
    return [
        _Finished(
            row.sheet_id, row.called, row.pages, sealing.unseal(row.content, purpose=_PURPOSE, record_id=row.sheet_id)
        )
        for row in db.session.execute(statement)
    ]


def _lock_sheets(session: Session, pack_id: UUID) -> tuple[list[HandoverSheet], Mapping[UUID, int]]:
    """The sheets that are laid out, locked after their records, as whoever changes a record locks them.

    Returns:
        The sheets, and the number of the last change of each record.
    """
    statement = (
        select(HandoverSheet)
        .join(PackedSheet, PackedSheet.sheet_id == HandoverSheet.id)
        .where(PackedSheet.pack_id == pack_id, PackedSheet.content.is_not(None))
        .order_by(HandoverSheet.entry_id)
    )
    numbers = lock_entries(session, session.scalars(statement.with_only_columns(HandoverSheet.entry_id)))
    locked = statement.with_for_update(of=HandoverSheet).execution_options(populate_existing=True)
    return list(session.scalars(locked)), numbers


def _find_changed(
    sheets: Sequence[HandoverSheet], numbers: Mapping[UUID, int], bound: Mapping[UUID, str]
) -> list[HandoverSheet]:
    """Those that say something else than the record does now, that bear the stamp of a key that was withdrawn since, or
    that were laid out anew while the file was bound.

    Args:
        numbers: of the last change of each record.
        bound: the hash of each file as it was bound.
    """
    withdrawn = {key: is_withdrawn(key) for key in {sheet.stamp_key for sheet in sheets} if key}
    return [
        sheet
        for sheet in sheets
        if numbers.get(sheet.entry_id) != sheet.change_number
        or withdrawn.get(sheet.stamp_key or "", True)
        or bound.get(sheet.id) != sheet.content_hash
    ]


def _take_back(session: Session, sheets: Sequence[HandoverSheet], *, is_left_out: bool = False) -> None:
    """Throw away how these were laid out; they are laid out anew, or left out."""
    ids = [sheet.id for sheet in sheets]
    session.execute(
        update(PackedSheet)
        .where(PackedSheet.sheet_id.in_(ids))
        .values(content=None, pages=None, claimed_until=None, tries=0, is_left_out=is_left_out)
    )


def _note_printed(actor: Actor, sheet: HandoverSheet, *, pages: int) -> None:
    if sheet.status == SheetStatus.RESERVED:
        sheet.status, sheet.printed_at = str(SheetStatus.CURRENT), clock.now()
    log.record(
        event(
            actor,
            EventKind.PRINTED,
            entry_id=sheet.entry_id,
            sheet_id=sheet.id,
            pack_id=sheet.pack_id,
            versions=sheet.versions,
            pages=pages,
            content_hash=sheet.content_hash,
        )
    )


# --- Destroying one --------------------------------------------------------------------------------------------------


def note_pack_destroyed(actor: Actor, pack_id: UUID, *, until: datetime) -> None:
    """Somebody of the team that printed a pack holds all that is left of its folder in their hands and destroys it.

    Args:
        until: when the newest sheet was printed that they were told of: what a colleague printed since is about.

    Raises:
        NotFound: that team printed no such pack.
        RuleBroken: sheets were printed since.
    """
    with writing() as session:
        folder = _lock_folder(session, actor, pack_id)
        sheets = lock_printed(session, HandoverSheet.pack_id.in_([one.id for one in folder]))
        if any(sheet.printed_at is not None and sheet.printed_at > until for sheet in sheets):
            raise RuleBroken("Sheets of this folder were printed since you looked. Look again before you destroy it")
        note_destroyed(session, actor, sheets)
        for pack in folder:
            if pack.printed_at is not None:
                _end(session, pack)


def note_taken_out(actor: Actor, pack_id: UUID, sheet_ids: Sequence[UUID]) -> None:
    """Somebody of that team took these sheets out of the folder of a pack, and destroys them.

    Raises:
        NotFound: that team printed no such pack, or one of the sheets is not of its folder.
    """
    with writing() as session:
        packs_of_it = [one.id for one in _lock_folder(session, actor, pack_id)]
        named = and_(HandoverSheet.pack_id.in_(packs_of_it), HandoverSheet.id.in_(sheet_ids))
        sheets = lock_printed(session, named)
        if len(sheets) != len(set(sheet_ids)):
            raise NotFound
        note_destroyed(session, actor, sheets)


def _lock_folder(session: Session, actor: Actor, pack_id: UUID) -> list[HandoverPack]:
    """The pack that began a folder, and after it those that brought it up to date.

    Raises:
        NotFound: the actor's organisation printed no such pack.
    """
    packs.get_folder_place(actor, pack_id)
    statement = select(HandoverPack).where(HandoverPack.id.in_(packs.packs_of_folder(pack_id)))
    ordered = statement.order_by(HandoverPack.renews_id.is_not(None), HandoverPack.id)
    return list(session.scalars(ordered.with_for_update().execution_options(populate_existing=True)))
