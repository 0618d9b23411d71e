"""A call as the audit holds it: there is no other trace of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from epaccs.access.queries import Standing, get_standing
from epaccs.access.rules import Permission, Tier
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import Forbidden, NotFound
from epaccs.record.rules.spoken import CALL_LASTS, Heard


@dataclass(frozen=True)
class Call:
    """A call about one person that somebody took."""

    id: UUID
    entry_id: UUID
    begun_at: datetime
    heard: Heard


def get_reading(actor: Actor, entry_id: UUID) -> Standing:
    """How somebody stands to a person whose card they may read to a caller: they have it open, and see it themselves.

    Raises:
        NotFound, Forbidden: as `access` says.
        Forbidden: the reader's role does not see the emergency card, or nobody keeps the entry up to date any more.
    """
    standing = get_standing(actor, entry_id, Permission.VIEW_CARD)
    if not standing.is_open:
        raise Forbidden("Nobody keeps this entry up to date, so nothing of it is read to a caller. Open it to see why.")
    if Tier.T1_EMERGENCY not in standing.tiers:
        raise Forbidden("Your role does not see the emergency card: give the caller to somebody who does.")
    return standing


def get_call(actor: Actor, entry_id: UUID, call_id: UUID) -> Call:
    """The call, to whoever took it.

    Raises:
        NotFound: there is none about this person that this reader took.
    """
    begun = db.session.get(AuditEvent, call_id)
    if begun is None or begun.kind != EventKind.CALL_BEGUN or begun.entry_id != entry_id:
        raise NotFound
    if begun.actor_id != actor.clinician_id:
        raise NotFound
    return Call(begun.id, entry_id, begun.at, Heard(begun.details["heard"]))


def is_still_read(call: Call) -> bool:
    """Whether the script of a call may be read from: it is not over, and began not long ago (hazard H-71)."""
    return clock.now() - call.begun_at < CALL_LASTS and not is_ended(call)


def is_ended(call: Call) -> bool:
    """Whether somebody said how it ended."""
    ended = select(AuditEvent.details).where(
        AuditEvent.entry_id == call.entry_id,
        AuditEvent.kind == str(EventKind.CALL_ENDED),
        AuditEvent.at >= call.begun_at,
    )
    return any(details["call"] == str(call.id) for details in db.session.scalars(ended))
