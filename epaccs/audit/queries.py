"""Who read what since when. Callers have asked `access` before, or tell people what concerns them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent

#: Deeds by which somebody learned what a record says.
READING = (
    EventKind.CARD_VIEWED,
    EventKind.RECORD_VIEWED,
    EventKind.HISTORY_VIEWED,
    EventKind.ROUND_VIEWED,
    EventKind.PRINTED,
    EventKind.SCAN_OPENED,
    EventKind.OFFLINE_CARD_VIEWED,
    EventKind.OFFLINE_RECORD_VIEWED,
)


def readers_since(session: Session, entry_id: UUID, moment: datetime) -> list[tuple[UUID, UUID]]:
    """Everybody who saw or printed one person's record since a moment: clinician and organisation."""
    rows = session.execute(
        select(AuditEvent.actor_id, AuditEvent.organisation_id)
        .where(
            AuditEvent.entry_id == entry_id,
            AuditEvent.at >= moment,
            AuditEvent.kind.in_([str(kind) for kind in READING]),
            AuditEvent.actor_id.is_not(None),
            AuditEvent.organisation_id.is_not(None),
        )
        .distinct()
    )
    return [(row.actor_id, row.organisation_id) for row in rows]


def find_last_look(session: Session, entry_id: UUID, clinician_id: UUID) -> datetime | None:
    """When one clinician last saw one person's card and record; None: never."""
    return session.scalar(
        select(AuditEvent.at)
        .where(
            AuditEvent.entry_id == entry_id,
            AuditEvent.actor_id == clinician_id,
            AuditEvent.kind == str(EventKind.CARD_VIEWED),
        )
        .order_by(AuditEvent.at.desc())
        .limit(1)
    )
