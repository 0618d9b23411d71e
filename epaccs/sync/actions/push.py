"""What tablets wrote without signal reaches the register exactly once, under its author, each edit by itself.

Order of locks: the tablet's book, then as the one writer takes them: entry, sections, counters, audit.
Source: docs/offline.md, "push"; hazards H-50 and H-51.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from traceback import extract_tb
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from epaccs.access.actions import event, keep_given_offline
from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.care_plans.sections import SECTIONS
from epaccs.core import clock, sealing
from epaccs.core.db import canonical_json, db, writing
from epaccs.core.errors import Forbidden, MustWait, NotFound, RuleBroken, RulesBroken, Unavailable
from epaccs.core.fields import format_datetime
from epaccs.devices.actions.copies import end_use_of_copies
from epaccs.devices.queries import FoundDevice, find_left_to_write
from epaccs.devices.rules import may_write
from epaccs.notices.actions import About, notify_accountable
from epaccs.notices.rules import NoticeKind
from epaccs.sync.model.push import SEALED_FOR, FailedEdit, PushedEdit, SealedMiss, TabletBook
from epaccs.sync.queries.push import Author, find_author
from epaccs.sync.rules.feed import is_behind
from epaccs.sync.rules.push import (
    MISSES_WINDOW,
    Arrival,
    Envelope,
    PushOutcome,
    Result,
    Written,
    first_missing,
    in_order,
    is_told,
    judge_written,
    measure_offset,
    moment_on_register,
    wait_until,
)
from epaccs.sync.schema.push import build_request, load_edit, read_envelope
from epaccs.sync.seals import SIGNATURE, digest
from epaccs.versions import registry
from epaccs.versions.actions import OtherWords, apply_edit
from epaccs.versions.model import Entry
from epaccs.versions.queries import find_edit_standing
from epaccs.versions.registry import EditRequest
from epaccs.versions.rules import Why

_log = logging.getLogger("epaccs.sync")
_UNSIGNED: Final = "This was not signed by its author on this tablet. Enter it again."
_NOT_OFFLINE: Final = (
    "Your organisation does not let this be written without signal. Enter it on the register itself, or ask a colleague"
)
_UNKNOWN: Final = "The register does not know this person, or takes no such entry. Enter it on the register itself."
UNOPENED: Final = "The register could not open this. Enter it again."

Errors = tuple[dict[str, str | None], ...]


@dataclass(frozen=True)
class Pushed:
    """What a batch is answered; `unsigned`: how many of it were nobody's."""

    results: tuple[Result, ...]
    next_sequence: int
    unsigned: int


class TooManyMisses(MustWait):
    """Too much that could not be opened came from one address."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"Try again after {format_datetime(until)}", until=until)


def take_edits(
    device: FoundDevice, sent: Sequence[Any], *, now_device: datetime | None = None, generation: int = 1
) -> Pushed:
    """Take a batch, each edit in a transaction of its own; what fails leaves the others alone.

    Args:
        now_device: the tablet's clock as it sent the batch; None: it did not say.
        generation: which history the register tells, counted up with each restore.

    Raises:
        Unavailable: the database cannot be written; what was taken before is kept, and is answered again.
    """
    offset_ms = measure_offset(now_device, device.clock_offset_ms, now=clock.now())
    arrival = Arrival(offset_ms, generation)
    taken = {id(one): _take(device, one, arrival) for one in in_order(_mappings(sent))}
    nothing = _refused("", ({"message": UNOPENED, "field": None},))
    answered = [taken.get(id(one), (nothing, False)) for one in sent]
    unsigned = sum(not is_signed for _, is_signed in answered)
    end_copied(device)
    return Pushed(tuple(result for result, _ in answered), _close_book(device), unsigned)


def _mappings(sent: Sequence[Any]) -> list[Mapping[str, Any]]:
    return [one for one in sent if isinstance(one, Mapping)]


def _take(device: FoundDevice, sent: Mapping[str, Any], arrival: Arrival) -> tuple[Result, bool]:
    """One edit, and whether it was signed by its author."""
    envelope = read_envelope(sent)
    author = find_author(device, envelope.author_id, sent) if envelope else None
    if envelope is None or author is None:
        tell_of(device, EventKind.TABLET_FORGED)
        return _refused(str(sent.get("id"))[:80], ({"message": _UNSIGNED, "field": None},)), False
    try:
        return keep_first_outcome(device, envelope, author, arrival), True
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever fails at one edit, the others of the batch go on
        return _keep_failed(device, envelope, error), True


def _refused(edit_id: str, errors: Errors, *, section_version: int = 0) -> Result:
    return Result(edit_id, str(PushOutcome.REFUSED), section_version=section_version, errors=errors)


def tell_of(device: FoundDevice, kind: EventKind, **details: Any) -> None:
    """Write down what a tablet brought that does not fit together: a privacy officer reads it, by the tablet's name."""
    named = {"device": str(device.id), "label": device.label, **details}
    log.record(Event(kind, organisation_id=device.organisation_id, details=named))


# The first outcome, for ever


def keep_first_outcome(device: FoundDevice, envelope: Envelope, author: Author, arrival: Arrival) -> Result:
    """Apply, hold or refuse an edit and keep the outcome, in one transaction; one that came before hears its own."""
    with writing() as session:
        book = lock_book(session, device.id)
        first = find_first_outcome(session, device, envelope, author)
        if first is not None:
            return first
        is_copy = _number_is_taken(session, device.id, envelope)
        hold = Why.TABLET_COPIED if is_copy or book.copied_at else author.hold
        result = _apply(session, device, envelope, Author(author.actor, hold), arrival)
        session.add(PushedEdit(**_row(device, envelope, result, sequence=None if is_copy else envelope.sequence)))
        session.flush()
        _advance(session, book)
        if is_copy:
            note_copied_book(device, book)
    return result


def lock_book(session: Session, device_id: UUID) -> TabletBook:
    """Two batches of one tablet are taken one after the other."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = {"device_id": device_id, "next_sequence": 1, "looks_upto": 0}
    session.execute(insert(TabletBook).values(**new).on_conflict_do_nothing())
    return session.get_one(TabletBook, device_id, with_for_update=True, populate_existing=True)


def find_first_outcome(session: Session, device: FoundDevice, envelope: Envelope, author: Author) -> Result | None:
    """The first outcome again, and where it stands now; None: this edit never came.

    The same id with other words is nobody's repetition: it is kept from what the first one did.

    Source: hazard H-50.
    """
    earlier = session.get(PushedEdit, envelope.id)
    if earlier is None:
        return None
    is_same = earlier.body_hash == digest(envelope.sent) and earlier.author_id == envelope.author_id
    kind = EventKind.EDIT_REPLAYED if is_same else EventKind.EDIT_OTHER_WORDS
    log.record(
        event(
            author.actor,
            kind,
            entry_id=earlier.entry_id,
            edit_id=earlier.id,
            device=str(device.id),
            label=device.label,
        )
    )
    if not is_same:
        return Result(str(envelope.id), str(PushOutcome.OTHER_WORDS))
    return Result(
        str(earlier.id),
        earlier.outcome,
        find_edit_standing(earlier.id),
        earlier.section_version,
        tuple(earlier.errors),
    )


def _number_is_taken(session: Session, device_id: UUID, envelope: Envelope) -> bool:
    """Another edit had this number: two tablets count on from the same copy."""
    numbered = select(PushedEdit.id).where(PushedEdit.device_id == device_id, PushedEdit.sequence == envelope.sequence)
    failed = select(FailedEdit.id).where(
        FailedEdit.device_id == device_id,
        FailedEdit.sequence == envelope.sequence,
        FailedEdit.edit_id != envelope.id,
    )
    return session.scalar(numbered) is not None or session.scalar(failed.limit(1)) is not None


def _apply(session: Session, device: FoundDevice, envelope: Envelope, author: Author, arrival: Arrival) -> Result:
    sent, edit_id = envelope.sent, str(envelope.id)
    try:
        loaded = load_edit(sent)
        written_at = moment_on_register(loaded["recorded_at_device"], arrival.offset_ms, now=clock.now())
        hold = author.hold or check_may_be_written(device, author, loaded, written_at)
        request = build_request(
            loaded,
            device_id=device.id,
            signature=str(sent[SIGNATURE]),
            arrival=arrival,
            hold=hold,
        )
        keep_given_offline(
            author.actor,
            request.entry_id,
            reason=loaded["reason"],
            identifiers_checked=loaded["identifiers_checked"] or (),
            given_at=written_at,
        )
        is_ahead = _is_ahead(session, request)
        with session.begin_nested():
            applied = apply_edit(author.actor, request)
        if is_ahead:
            _tell_ahead(session, device, author, request)
    except OtherWords:
        return Result(edit_id, str(PushOutcome.OTHER_WORDS))
    except (RuleBroken, RulesBroken, Forbidden, NotFound) as error:
        return _note_refused(device, envelope, author, error)
    standing = str(applied.standing) if applied.standing else None
    return Result(edit_id, str(applied.outcome), standing, applied.seen_version)


def _is_ahead(session: Session, request: EditRequest) -> bool:
    """Whether the author's copy knew a change that the register lost: asked before this edit makes it look newer."""
    if request.tablet is None or request.tablet.shared_until is None:
        return False
    number = session.scalar(select(Entry.change_number).where(Entry.id == request.entry_id))
    return number is not None and is_behind(request.tablet.seen_number, register=number)


def _tell_ahead(session: Session, device: FoundDevice, author: Author, request: EditRequest) -> None:
    """As a tablet tells of everybody when it fetches (`pull.note_behind`): this one tells it with what it sends.

    Source: hazard H-47.
    """
    notify_accountable(session, About(request.entry_id, NoticeKind.TABLET_AHEAD, severity="high"))
    log.record(event(author.actor, EventKind.REGISTER_BEHIND, device=str(device.id), people=1, not_here=0))


def check_may_be_written(
    device: FoundDevice, author: Author, loaded: Mapping[str, Any], written_at: datetime
) -> Why | None:
    """Whether the lease under which something was written let it be written without signal.

    Returns:
        Why it waits; None: it need not.

    Raises:
        RuleBroken: no lease of its author on this tablet ever let it be written.

    Source: docs/offline.md, "push"; hazard H-51.
    """
    leases = find_left_to_write(device, author.actor.clinician_id, written_at)
    section, kind = loaded["section"], _kind_of_today(loaded)
    is_of_plan = section in SECTIONS
    each = [(may_write(one.sections, section, kind, is_of_plan=is_of_plan), one.was_in_force) for one in leases]
    match judge_written(then=(lets for lets, was_then in each if was_then), ever=(lets for lets, _ in each)):
        case Written.NEVER:
            raise RuleBroken(_NOT_OFFLINE)
        case Written.UNKNOWN:
            return Why.LEASE_ENDED
        case Written.IN_DOUBT:
            return Why.NOT_OFFLINE
        case Written.ALLOWED:
            return None


def _kind_of_today(loaded: Mapping[str, Any]) -> str:
    """What policy calls the kind of an edit, whatever an old program called it."""
    section = next((one for one in registry.sections() if one.name == loaded["section"]), None)
    shaped = section.upcast(loaded["kind"], loaded["body"], loaded["schema"]) if section else None
    kind: str = shaped[0] if shaped else loaded["kind"]
    return kind


def _note_refused(device: FoundDevice, envelope: Envelope, author: Author, error: Exception) -> Result:
    log.record(event(author.actor, EventKind.EDIT_REFUSED, edit_id=envelope.id, device=str(device.id)))
    return _refused(str(envelope.id), _sentences(error))


def _sentences(error: Exception) -> Errors:
    match error:
        case RulesBroken():
            return tuple({"message": one.message, "field": one.field} for one in error.errors)
        case RuleBroken():
            return ({"message": error.message, "field": error.field},)
        case Forbidden():
            return ({"message": error.message, "field": None},)
        case _:
            return ({"message": _UNKNOWN, "field": None},)


def _row(device: FoundDevice, envelope: Envelope, result: Result, *, sequence: int | None) -> dict[str, Any]:
    body = canonical_json(envelope.sent).encode()
    named = _read_entry_id(envelope.sent)
    return {
        "id": envelope.id,
        "device_id": device.id,
        "sequence": sequence,
        "author_id": envelope.author_id,
        "entry_id": named,
        "sealed_body": sealing.seal(body, purpose=SEALED_FOR, record_id=envelope.id),
        "body_hash": digest(envelope.sent),
        "received_at": clock.now(),
        "outcome": result.outcome,
        "section_version": result.section_version,
        "errors": list(result.errors),
    }


def _read_entry_id(sent: Mapping[str, Any]) -> UUID | None:
    """The person whom it names; None: nobody."""
    try:
        return UUID(str(sent.get("entry_id")))
    except ValueError:
        return None


# What the program failed at


def _keep_failed(device: FoundDevice, envelope: Envelope, error: Exception) -> Result:
    """Kept and logged under its id; it has no outcome, so it is tried again when it comes again."""
    places = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)[-8:]
    ]
    _log.error(
        "An edit of a tablet failed",
        extra={"edit_id": str(envelope.id), "error": type(error).__name__, "places": places},
    )
    words = digest(envelope.sent)
    with writing() as session:
        book = lock_book(session, device.id)
        same = select(FailedEdit.id).where(FailedEdit.edit_id == envelope.id, FailedEdit.body_hash == words)
        if session.scalar(same) is None:
            session.add(
                FailedEdit(
                    edit_id=envelope.id,
                    device_id=device.id,
                    sequence=envelope.sequence,
                    author_id=envelope.author_id,
                    sealed_body=sealing.seal(
                        canonical_json(envelope.sent).encode(), purpose=SEALED_FOR, record_id=envelope.id
                    ),
                    body_hash=words,
                    failed_at=clock.now(),
                )
            )
            session.flush()
            tell_of(device, EventKind.EDIT_FAILED, edit_id=envelope.id)
        _advance(session, book)
    return Result(str(envelope.id), str(PushOutcome.FAILED))


# The tablet's own numbers


def _advance(session: Session, book: TabletBook) -> None:
    book.next_sequence = first_missing(book.next_sequence, _come(session, book))
    session.flush()


def _come(session: Session, book: TabletBook) -> list[int]:
    """The numbers from the first missing one on that have come."""
    come: list[int] = []
    for table in (PushedEdit, FailedEdit):
        rows = session.scalars(
            select(table.sequence).where(table.device_id == book.device_id, table.sequence >= book.next_sequence)
        )
        come += [number for number in rows if number is not None]
    return come


def _close_book(device: FoundDevice) -> int:
    """Whether numbers are missing after a batch, and the first of them; after a while somebody is told."""
    with writing() as session:
        book, now = lock_book(session, device.id), clock.now()
        is_gap = bool(_come(session, book))
        book.gap_at = (book.gap_at or now) if is_gap else None
        book.gap_told_at = book.gap_told_at if is_gap else None
        if is_told(book.gap_at, book.gap_told_at, now=now):
            book.gap_told_at = now
            tell_of(device, EventKind.TABLET_GAP, first_missing=book.next_sequence)
        return book.next_sequence


def note_copied_book(device: FoundDevice, book: TabletBook) -> None:
    """Two tablets of one id: what either brings waits from now on; within an open action."""
    if book.copied_at is None:
        book.copied_at = clock.now()
        tell_of(device, EventKind.TABLET_COPIED)


def end_copied(device: FoundDevice) -> None:
    """Both tablets of one id are enrolled anew: in an action of its own, because it begins with the tablet's row."""
    book = db.session.get(TabletBook, device.id, populate_existing=True)
    if book is not None and book.copied_at is not None:
        with writing() as session:
            end_use_of_copies(session, device.id)


# What was sealed, and by nobody


def check_misses(address: str) -> None:
    """Whoever sends what cannot be opened is not listened to for a while; a tablet that keeps to its keys never is.

    Raises:
        TooManyMisses: with when to try again.
    """
    since = clock.now() - MISSES_WINDOW
    missed = select(SealedMiss.at).where(SealedMiss.address == address, SealedMiss.at > since).order_by(SealedMiss.at)
    until = wait_until(list(db.session.scalars(missed)), now=clock.now())
    if until is not None:
        raise TooManyMisses(until)


def note_misses(address: str, count: int) -> None:
    """So much of what came from this address was no good."""
    if count:
        with writing() as session:
            session.execute(delete(SealedMiss).where(SealedMiss.at < clock.now() - MISSES_WINDOW))
            session.add_all(SealedMiss(address=address, at=clock.now()) for _ in range(count))
