"""Print a sheet under a number of its own, call back what a change made wrong, and say whether a sheet still holds."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.model import EntryScope
from epaccs.access.queries import get_standing
from epaccs.access.rules import Permission
from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.changes import Change
from epaccs.core.db import end_read, writing
from epaccs.core.errors import NotFound, RuleBroken, Stale
from epaccs.core.identifiers import new_id
from epaccs.handover import pdf
from epaccs.handover.model import HandoverList, HandoverSheet, WrongCode
from epaccs.handover.queries import lists
from epaccs.handover.queries import sheets as queries
from epaccs.handover.queries.lists import ListOnPaper
from epaccs.handover.queries.sheets import Checked, Contents
from epaccs.handover.rules import (
    ALPHABET,
    CODE_LENGTH,
    MISSES_LIMIT,
    MISSES_WINDOW,
    Destination,
    Happened,
    Layout,
    Sheet,
    SheetStatus,
    TooManyMisses,
    check_layout,
    check_may_go,
    format_code,
    moves_line,
    parse_code,
    status_after,
)
from epaccs.notices.actions import About, end, notify
from epaccs.notices.rules import NoticeKind
from epaccs.register.queries import is_restricted_now
from epaccs.settings import Settings
from epaccs.stamps.actions import find_signer
from epaccs.stamps.queries import is_withdrawn
from epaccs.versions.model import Entry, SectionVersion
from epaccs.versions.rules import Value

#: How often a sheet is made again because the record changed while it was laid out.
TRIES: Final = 3

_MISSES_KEPT: Final = timedelta(days=1)


@dataclass(frozen=True)
class Order:
    """What somebody asks to be printed; `not_told_because` empty: the person knows, or it goes to staff.

    `was_read`: they read the free text for what is not for the person. `layout`: of the person's own copy.
    """

    printed_for: str
    destination: Destination
    place: str = ""
    not_told_because: str = ""
    was_read: bool = False
    layout: Layout = Layout.USUAL


@dataclass(frozen=True)
class PrintedSheet:
    """A printed sheet; `content` None: it was printed before, and its number stands."""

    number: str
    content: bytes | None


def build_order(fields: Mapping[str, Any]) -> Order:
    """What was asked for, from the fields of the form; an unasked or unanswered question is empty."""
    return Order(
        printed_for=fields["printed_for"],
        destination=fields["destination"],
        place=fields.get("place") or "",
        not_told_because=fields.get("not_told_because") or "",
        was_read=bool(fields.get("was_read")),
        layout=fields.get("layout") or Layout.USUAL,
    )


# --- Printing --------------------------------------------------------------------------------------------------------


def print_sheet(actor: Actor, sheet_id: UUID, *, entry_id: UUID, order: Order, settings: Settings) -> PrintedSheet:
    """The sheet of a person as it stands now, kept under its number before anybody holds it.

    The number is taken first; then the sheet is laid out with no transaction open; then everything about it is kept at
    once. A record that changed meanwhile is read and laid out again, so that no paper is out of date when it is born.

    Args:
        sheet_id: of the form: the same form again prints nothing new.

    Raises:
        NotFound, Forbidden: as `access` says.
        RuleBroken: the person left the register, or has not been told and nobody said why it goes to them, or it is
            laid out for the person and goes to staff, or they died.
        Stale: the record changed again and again.
    """
    contents = _read(actor, entry_id, order, settings=settings)
    sheet = _reserve(actor, sheet_id, contents, order, entry_id=entry_id)
    for _ in range(TRIES):
        if sheet.status != SheetStatus.RESERVED:
            return PrintedSheet(format_code(sheet.code), None)
        signer = find_signer()
        finished = _as_ordered(
            queries.build_sheet(actor, contents, sheet, signer=signer, settings=settings), contents, order
        )
        end_read()
        rendered = pdf.render(finished)
        if _keep(actor, sheet.id, contents, rendered, order=order, stamp_key=signer.key_id):
            return PrintedSheet(finished.number, rendered.pdf)
        contents = _read(actor, entry_id, order, settings=settings)
    raise Stale


def _read(actor: Actor, entry_id: UUID, order: Order, *, settings: Settings) -> Contents:
    """What would be printed now, if it may go where it is to go; asked anew of a record that changed meanwhile."""
    contents = queries.read_contents(actor, entry_id, destination=order.destination, settings=settings)
    check_may_go(
        order.destination,
        person_not_told=contents.person_not_told,
        because=order.not_told_because,
        was_read=order.was_read,
    )
    check_layout(order.layout, order.destination, death_is_known=contents.death_is_known)
    return contents


def _as_ordered(sheet: Sheet, contents: Contents, order: Order) -> Sheet:
    """The sheet as this form asks for it: the row may hold what was sent again while this one is laid out."""
    place = "" if contents.is_restricted else order.place
    return replace(
        sheet,
        printed=replace(sheet.printed, printed_for=order.printed_for, place=place),
        is_for_person=order.destination is Destination.HOME,
        layout=order.layout,
    )


def _reserve(actor: Actor, sheet_id: UUID, contents: Contents, order: Order, *, entry_id: UUID) -> HandoverSheet:
    """The row with its number; a row that is there already is that of the same form."""
    with writing() as session:
        sheet = session.get(HandoverSheet, sheet_id, with_for_update=True, populate_existing=True)
        if sheet is not None:
            if sheet.entry_id != entry_id or sheet.printed_by["clinician_id"] != str(actor.clinician_id):
                raise NotFound
            if sheet.status == SheetStatus.RESERVED:
                _answer(sheet, contents, order)
            return sheet
        sheet = HandoverSheet(
            id=sheet_id,
            code=find_unused_code(session),
            entry_id=entry_id,
            status=str(SheetStatus.RESERVED),
            reserved_at=clock.now(),
            printed_by=actor.to_value(),
        )
        _answer(sheet, contents, order)
        session.add(sheet)
    return sheet


def _answer(sheet: HandoverSheet, contents: Contents, order: Order) -> None:
    """What the form says as it was sent last: after a failure somebody may send it with other answers."""
    sheet.printed_for = order.printed_for
    sheet.destination, sheet.layout = str(order.destination), str(order.layout)
    sheet.place = "" if contents.is_restricted else order.place
    sheet.not_told_because = order.not_told_because
    sheet.tells_address = not contents.is_restricted


def build_staff_sheet(actor: Actor, entry_id: UUID, code: str, *, printed_for: str, place: str) -> HandoverSheet:
    """A reserved number of one of many that are printed together, which go to staff alone."""
    return HandoverSheet(
        id=new_id(),
        code=code,
        entry_id=entry_id,
        status=str(SheetStatus.RESERVED),
        reserved_at=clock.now(),
        printed_by=actor.to_value(),
        printed_for=printed_for,
        destination=str(Destination.PROFESSIONAL),
        place=place,
        not_told_because="",
        tells_address=True,
    )


def find_unused_code(session: Session) -> str:
    """A number that no sheet, no line and no list has."""
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        taken = (select(paper.id).where(paper.code == code) for paper in (HandoverSheet, HandoverList))
        if all(session.scalars(statement).first() is None for statement in taken):
            return code


def _keep(
    actor: Actor, sheet_id: UUID, contents: Contents, rendered: pdf.Rendered, *, order: Order, stamp_key: str
) -> bool:
    """Everything about the finished sheet, at once; False: meanwhile the record changed, or the key was withdrawn."""
    with writing() as session:
        entry_id = UUID(contents.card.summary.entry_id)
        entry = session.get(Entry, entry_id, with_for_update=True, populate_existing=True)
        if entry is None or entry.change_number != contents.change_number or is_withdrawn(stamp_key):
            return False
        get_standing(actor, entry_id, Permission.PRINT)
        sheet = session.get_one(HandoverSheet, sheet_id, with_for_update=True, populate_existing=True)
        if sheet.status != SheetStatus.RESERVED:  # the same form, sent twice
            return False
        sheet.status = str(SheetStatus.CURRENT)
        sheet.printed_at = clock.now()
        sheet.valid_as_at = contents.card.copy_left_at
        sheet.change_number = contents.change_number
        sheet.versions = dict(contents.versions)
        sheet.content_hash = hashlib.sha256(rendered.pdf).hexdigest()
        sheet.stamp_key = stamp_key
        _answer(sheet, contents, order)  # of this form, whatever was sent again meanwhile
        log.record(
            event(
                actor,
                EventKind.PRINTED,
                entry_id=entry_id,
                sheet_id=sheet_id,
                versions=sheet.versions,
                pages=rendered.pages,
                content_hash=sheet.content_hash,
                layout=sheet.layout,
            )
        )
    return True


def note_shown(actor: Actor, entry_id: UUID) -> None:
    """Record that somebody sees what would be printed, and who has copies."""
    log.record(event(actor, EventKind.FORM_VIEWED, entry_id=entry_id, form="handover"))


# --- Calling paper back ----------------------------------------------------------------------------------------------


def follow_change(session: Session, change: Change) -> None:
    """End the sheets that a change made wrong, and tell whoever printed them: a projector of `core.changes`."""
    statement = select(HandoverSheet).where(
        HandoverSheet.entry_id == change.entry_id, HandoverSheet.status == str(SheetStatus.CURRENT)
    )
    sheets = session.scalars(statement.order_by(HandoverSheet.id).with_for_update()).all()
    if not sheets:
        return
    scope = session.get(EntryScope, change.entry_id)
    happened = Happened(
        moves_line=moves_line(change.section, *_last_two(session, change)),
        is_open=scope is not None and scope.is_open,
        is_restricted=is_restricted_now(change.entry_id),
    )
    ended = [sheet for sheet in sheets if _ended(sheet, happened, at=change.recorded_at)]
    session.flush()
    printers = {UUID(sheet.printed_by["organisation_id"]) for sheet in ended}
    notify(session, About(change.entry_id, NoticeKind.PAPER_OUT_OF_DATE, "cpr"), organisation_ids=printers)


def _ended(sheet: HandoverSheet, happened: Happened, *, at: datetime) -> bool:
    """End the sheet if what happened makes it wrong."""
    status = status_after(happened, tells_address=sheet.tells_address)
    if status is SheetStatus.CURRENT:
        return False
    sheet.status, sheet.ended_at = str(status), at
    return True


def _last_two(session: Session, change: Change) -> tuple[Value, Value]:
    """What the section said before the change, and what it says now."""
    statement = (
        select(SectionVersion.value)
        .where(SectionVersion.entry_id == change.entry_id, SectionVersion.section == change.section)
        .order_by(SectionVersion.version.desc())
        .limit(2)
    )
    now, before = [*session.scalars(statement), {}, {}][:2]
    return before, now


def note_collected(actor: Actor, sheet_id: UUID, *, entry_id: UUID) -> None:
    """Somebody holds the paper in their hands and destroys it; a line goes with its whole list.

    Raises:
        NotFound: no such sheet of this person.
        RuleBroken: it is a line of a list that others printed: they have the paper, and others on it are theirs.
        Forbidden: as `access` says.
    """
    with writing() as session:
        get_standing(actor, entry_id, Permission.PRINT)
        sheet = session.get(HandoverSheet, sheet_id)
        if sheet is None or sheet.entry_id != entry_id or sheet.printed_at is None:
            raise NotFound
        note_destroyed(session, actor, _on_the_same_paper(session, actor, sheet))


def note_found_destroyed(actor: Actor, typed: str) -> None:
    """The same of a sheet whose number was read off it: whoever has it in their hand need not open the record first.

    Raises:
        NotFound: no paper has this number, it is a line of a list, or it is of somebody who is not theirs.
        RuleBroken: it is no number of a sheet.
    """
    code = parse_code(typed)
    with writing() as session:
        statement = select(HandoverSheet).where(HandoverSheet.code == code, HandoverSheet.list_id.is_(None))
        sheet = session.scalars(statement.with_for_update().execution_options(populate_existing=True)).first()
        if sheet is None or sheet.printed_at is None:
            raise NotFound
        holder = queries.find_holder(actor, sheet.entry_id)
        if holder is None or not holder.may_destroy:
            raise NotFound
        note_destroyed(session, actor, [sheet])


def _on_the_same_paper(session: Session, actor: Actor, sheet: HandoverSheet) -> list[HandoverSheet]:
    """The sheet itself, or every printed line of its list, locked."""
    if sheet.list_id is None:
        return [session.get_one(HandoverSheet, sheet.id, with_for_update=True, populate_existing=True)]
    paper = session.get_one(HandoverList, sheet.list_id, with_for_update=True, populate_existing=True)
    if paper.organisation_id != actor.organisation_id:
        raise RuleBroken("Whoever printed this list says that it is destroyed: other people are on it. Ring them")
    return lock_printed(session, HandoverSheet.list_id == paper.id)


def lock_printed(session: Session, together: ColumnElement[bool]) -> list[HandoverSheet]:
    """The printed lines of a list, or sheets of a pack, whose row is locked already, always in the same order.

    Args:
        together: what says that they belong to it.
    """
    printed = select(HandoverSheet).where(together, HandoverSheet.printed_at.is_not(None))
    ordered = (
        printed.order_by(HandoverSheet.entry_id, HandoverSheet.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(ordered))


def note_destroyed(session: Session, actor: Actor, sheets: Sequence[HandoverSheet]) -> None:
    """The paper of a sheet or of these lines is no more; of whom it was the last, nobody need look for paper.

    The audit comes last, so that whoever waits for a line holds no chain that others need.
    """
    destroyed = [sheet for sheet in sheets if sheet.collected_at is None]
    for sheet in destroyed:
        sheet.collected_at, sheet.collected_by = clock.now(), actor.clinician_id
    session.flush()
    for sheet in destroyed:
        if not queries.has_paper_to_collect(sheet.entry_id):
            end(session, entry_id=sheet.entry_id, kinds=[NoticeKind.PAPER_OUT_OF_DATE])
    for sheet in destroyed:
        log.record(event(actor, EventKind.PAPER_COLLECTED, entry_id=sheet.entry_id, sheet_id=sheet.id))


# --- Checking one ----------------------------------------------------------------------------------------------------


def check_sheet(typed: str, *, address: str, actor: Actor | None = None) -> Checked | ListOnPaper | None:
    """Whether a sheet or list still holds, for whoever has it in their hand; None: no paper has this number.

    Args:
        actor: None: nobody is signed in.

    Only numbers that nobody has are counted, so that a ward may check a pile of sheets and a stranger cannot guess one.

    Raises:
        RuleBroken: it is no number of a sheet. TooManyMisses: too many were tried from this address.
    """
    code = parse_code(typed)
    with writing() as session:
        _check_misses(session, address)
        found = queries.find_checked(code) or lists.find_checked_list(code)
        if found is None:
            session.execute(delete(WrongCode).where(WrongCode.at < clock.now() - _MISSES_KEPT))
            session.add(WrongCode(address=address, at=clock.now()))
            return None
        _note_checked(found, actor)
    return found


def _note_checked(found: Checked | ListOnPaper, actor: Actor | None) -> None:
    entry_id: UUID | None = None
    if isinstance(found, Checked):
        entry_id, about = found.entry_id, {"sheet_id": found.sheet_id, "status": str(found.status)}
    else:
        about = {"list_id": found.id, "wrong": found.wrong}
    if actor is not None:
        log.record(event(actor, EventKind.PAPER_CHECKED, entry_id=entry_id, **about))
    else:
        log.record(Event(EventKind.PAPER_CHECKED, entry_id=entry_id, details=about))


def _check_misses(session: Session, address: str) -> None:
    since = clock.now() - MISSES_WINDOW
    statement = select(WrongCode.at).where(WrongCode.address == address, WrongCode.at > since).order_by(WrongCode.at)
    misses = list(session.scalars(statement))
    if len(misses) >= MISSES_LIMIT:
        raise TooManyMisses(misses[-MISSES_LIMIT] + MISSES_WINDOW)
