"""Each look at a tablet without signal stands in the audit once, with when it was and when it came.

Source: docs/offline.md, "audit"; hazards H-18 and H-03.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.access.actions import event, keep_given_offline
from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import Unavailable
from epaccs.core.identifiers import parse_id
from epaccs.cpr_decisions.actions import tell_late_reader
from epaccs.devices.queries import FoundDevice
from epaccs.sync.actions.push import end_copied, lock_book, note_copied_book, tell_of
from epaccs.sync.model.audit import OfflineLook
from epaccs.sync.model.push import EnteredAgain, PushedEdit, TabletBook
from epaccs.sync.queries.push import find_user
from epaccs.sync.rules.audit import ENTERED_AGAIN, Chain, OfflineLookSaid, find_chain
from epaccs.sync.rules.push import PushOutcome, moment_on_register, offset_of
from epaccs.sync.schema.audit import read_look

_log = logging.getLogger("epaccs.sync")

_ALARMS: Final = {Chain.MISSING: EventKind.TABLET_LOOKS_MISSING, Chain.BROKEN: EventKind.TABLET_LOOKS_BROKEN}


def take_looks(device: FoundDevice, sent: Sequence[Any], *, now_device: datetime | None = None) -> int:
    """Write each look down once; the highest number up to which the tablet may forget what it sent.

    Raises:
        Unavailable: the database cannot be written; what was taken before is kept, and is answered again.
    """
    offset_ms = offset_of(now_device, device.clock_offset_ms, now=clock.now())
    looks = [look for look in map(read_look, sent) if look is not None]
    upto = 0
    for look in sorted(looks, key=lambda one: one.sequence):
        try:
            _take(device, look, offset_ms)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one look that cannot be kept must not keep the others out
            _log.error("A look on a tablet could not be kept", extra={"error": type(error).__name__})
            tell_of(device, EventKind.TABLET_LOOKS_BROKEN, sequence=look.sequence, why="failed")
        upto = max(upto, look.sequence)
    if len(looks) < len(sent):
        tell_of(device, EventKind.TABLET_LOOKS_BROKEN, why="unreadable", count=len(sent) - len(looks))
    end_copied(device)
    return upto


def _take(device: FoundDevice, look: OfflineLookSaid, offset_ms: int | None) -> None:
    with writing() as session:
        book = lock_book(session, device.id)
        same_number = _hashes(session, device.id, look.sequence)
        if look.hash in same_number:
            return
        chain = find_chain(look, before=_hashes(session, device.id, look.sequence - 1), same_number=same_number)
        read_at = moment_on_register(look.at_device, offset_ms, now=clock.now()) if look.at_device else clock.now()
        actor = find_user(device, look.author_id)
        event_id = log.record(_as_event(device, look, actor, read_at))
        session.add(
            OfflineLook(
                device_id=device.id,
                sequence=look.sequence,
                hash=look.hash,
                event_id=event_id,
                received_at=clock.now(),
            )
        )
        session.flush()
        _follow(device, book, look, chain)
        if actor is not None:
            _tell(session, actor, look, read_at)
            _note_entered_again(session, device, look, read_at)
        else:
            tell_of(device, EventKind.TABLET_LOOKS_BROKEN, sequence=look.sequence, why="unknown_author")


def _hashes(session: Session, device_id: UUID, sequence: int) -> frozenset[str]:
    rows = session.scalars(
        select(OfflineLook.hash).where(OfflineLook.device_id == device_id, OfflineLook.sequence == sequence)
    )
    return frozenset(rows)


def _as_event(device: FoundDevice, look: OfflineLookSaid, actor: Actor | None, read_at: datetime) -> Event:
    details = {
        **look.details,
        "offline": True,
        "act": look.act,
        "device": str(device.id),
        "sequence": look.sequence,
        "version": look.version,
        "read_at": read_at.isoformat(),
        "at_device": look.at_device.isoformat() if look.at_device else None,
        "reason": str(look.reason) if look.reason else None,
        "identifiers": list(look.identifiers_checked),
    }
    if actor is None:
        return Event(look.kind, organisation_id=device.organisation_id, entry_id=look.entry_id, details=details)
    return event(actor, look.kind, entry_id=look.entry_id, **details)


def _follow(device: FoundDevice, book: TabletBook, look: OfflineLookSaid, chain: Chain) -> None:
    """Somebody is told of what is missing or was changed; once, since each entry comes once."""
    book.looks_upto = max(book.looks_upto, look.sequence)
    if chain is Chain.COPIED:
        note_copied_book(device, book)
    elif chain in _ALARMS:
        tell_of(device, _ALARMS[chain], sequence=look.sequence)


def _note_entered_again(session: Session, device: FoundDevice, look: OfflineLookSaid, at: datetime) -> None:
    """What was refused, and its author has entered again on the same tablet, waits for them no more."""
    if look.act != ENTERED_AGAIN or "edit" not in look.details:
        return
    refused = session.get(PushedEdit, parse_id(look.details["edit"]))
    if refused is None or (refused.author_id, refused.device_id) != (look.author_id, device.id):
        return
    if refused.outcome == str(PushOutcome.REFUSED) and session.get(EnteredAgain, refused.id) is None:
        session.add(EnteredAgain(edit_id=refused.id, at=at))


def _tell(session: Session, actor: Actor, look: OfflineLookSaid, read_at: datetime) -> None:
    """The reason goes where reasons are kept; whoever read what was found wrong since is told (hazard H-03)."""
    if look.entry_id is None:
        return
    keep_given_offline(
        actor,
        look.entry_id,
        reason=look.reason,
        identifiers_checked=look.identifiers_checked,
        given_at=read_at,
    )
    if look.shows_record and look.version:
        tell_late_reader(session, actor, entry_id=look.entry_id, number=look.version)
