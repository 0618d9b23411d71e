"""Which rows of the audit are new, and what the same readers did before.

Each of the audit's chains is numbered without a gap in the order in which its rows became visible, so a number for each
chain says exactly what was looked through, however many processes write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, or_, select

from epaccs.audit.events import EventKind
from epaccs.audit.model import CHAINS, AuditChain, AuditEvent
from epaccs.core.db import db
from epaccs.oversight.model import OversightCursor
from epaccs.oversight.rules.unusual import Deed, Did

#: Deeds by which one reader chose one person and learned what the record says. A line on the list of a round is none:
#: nobody chose who stands on it.
LOOKING: Final = (
    EventKind.CARD_VIEWED,
    EventKind.RECORD_VIEWED,
    EventKind.HISTORY_VIEWED,
    EventKind.FORM_VIEWED,
    EventKind.MASKED_REVEALED,
    EventKind.PRINTED,
    EventKind.SCAN_OPENED,
    EventKind.OFFLINE_CARD_VIEWED,
    EventKind.OFFLINE_RECORD_VIEWED,
)
SEARCHING: Final = (EventKind.SEARCHED, EventKind.OFFLINE_SEARCHED)
WATCHED: Final = (*LOOKING, *SEARCHING, EventKind.EMERGENCY_ACCESS)
_DID: Final = {
    **{str(kind): Did.OPENED for kind in LOOKING},
    **{str(kind): Did.SEARCHED for kind in SEARCHING},
    str(EventKind.EMERGENCY_ACCESS): Did.EMERGENCY,
}

One = TypeVar("One")
#: A chain's number to which was looked.
Reached = Mapping[int, int]


@dataclass(frozen=True)
class Done:
    """One watched row of the audit.

    `at`: when it was done, on a tablet without signal too; `written_at`: when the register wrote it down.
    """

    event_id: UUID
    at: datetime
    written_at: datetime
    did: Did
    clinician_id: UUID
    organisation_id: UUID
    role: str | None
    entry_id: UUID | None
    details: Mapping[str, Any]

    @property
    def reader(self) -> tuple[UUID, UUID]:
        """Who did it, for which organisation."""
        return self.clinician_id, self.organisation_id

    def as_deed(self, *, is_new: bool) -> Deed:
        """As the rules about habits read it."""
        return Deed(self.event_id, self.at, self.did, self.entry_id, is_new)


@dataclass(frozen=True)
class Batch:
    """New rows in the order of the chains, from where to where."""

    begun: Reached
    reached: Reached
    rows: Sequence[Done]


def find_batch(limit: int) -> Batch | None:
    """The next rows that were not looked through; None: there is none.

    Args:
        limit: of how many rows at most, those of no interest counted too.
    """
    begun = find_reached()
    heads = {row.chain: row.sequence for row in db.session.execute(select(AuditChain.chain, AuditChain.sequence))}
    each = max(limit // CHAINS, 1)
    reached = {chain: min(head, begun.get(chain, 0) + each) for chain, head in heads.items()}
    parts = [
        and_(AuditEvent.chain == chain, AuditEvent.sequence > begun.get(chain, 0), AuditEvent.sequence <= upto)
        for chain, upto in sorted(reached.items())
        if upto > begun.get(chain, 0)
    ]
    return Batch(begun, reached, _find_done(or_(*parts))) if parts else None


def find_reached() -> dict[int, int]:
    """How far each chain was looked through; a chain that is not named: not at all."""
    rows = db.session.execute(select(OversightCursor.chain, OversightCursor.sequence))
    return {row.chain: row.sequence for row in rows}


def _find_done(condition: ColumnElement[bool]) -> list[Done]:
    rows = db.session.execute(
        select(
            AuditEvent.id,
            AuditEvent.at,
            AuditEvent.kind,
            AuditEvent.actor_id,
            AuditEvent.organisation_id,
            AuditEvent.role,
            AuditEvent.entry_id,
            AuditEvent.details,
        ).where(
            condition,
            AuditEvent.kind.in_([str(kind) for kind in WATCHED]),
            AuditEvent.actor_id.is_not(None),
            AuditEvent.organisation_id.is_not(None),
        )
    )
    return [_as_done(row) for row in rows if _counts(row)]


def _counts(row: Row[Any]) -> bool:
    """A search that found nobody says nothing of anybody; an emergency within one's scope is everyday work."""
    if row.kind == EventKind.EMERGENCY_ACCESS:
        return not row.details.get("in_scope")
    if row.kind in SEARCHING:
        return bool(row.details.get("found", row.details.get("count", 1)))
    return True


def _as_done(row: Row[Any]) -> Done:
    return Done(
        event_id=row.id,
        at=_read_at(row.details) or row.at,
        written_at=row.at,
        did=_DID[row.kind],
        clinician_id=row.actor_id,
        organisation_id=row.organisation_id,
        role=row.role,
        entry_id=row.entry_id,
        details=row.details,
    )


def _read_at(details: Mapping[str, Any]) -> datetime | None:
    """When it was, on a tablet without signal; None: on a page, at the moment it was written down."""
    try:
        moment = datetime.fromisoformat(details.get("read_at") or "")
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def find_busy(
    readers: Iterable[tuple[UUID, UUID]], did: Iterable[Did], *, since: datetime, least: int
) -> set[tuple[UUID, UUID]]:
    """Which of these readers did such a thing so often since a moment that it is worth reading what it was."""
    kinds = [kind for kind, deed in _DID.items() if deed in set(did)]
    found: set[tuple[UUID, UUID]] = set()
    for part in in_parts(list(readers)):
        rows = db.session.execute(
            select(AuditEvent.actor_id, AuditEvent.organisation_id)
            .where(
                AuditEvent.actor_id.in_({clinician for clinician, _ in part}),
                AuditEvent.at > since,
                AuditEvent.kind.in_(kinds),
            )
            .group_by(AuditEvent.actor_id, AuditEvent.organisation_id)
            .having(func.count() >= least)
        )
        found |= {(row.actor_id, row.organisation_id) for row in rows}
    return found & set(readers)


def find_done_by(readers: Iterable[tuple[UUID, UUID]], *, since: datetime) -> dict[tuple[UUID, UUID], list[Done]]:
    """All that these readers did since a moment, in the order in which they did it."""
    wanted = set(readers)
    done: dict[tuple[UUID, UUID], list[Done]] = {}
    for part in in_parts(list(wanted)):
        clinicians = {clinician for clinician, _ in part}
        for one in _find_done(and_(AuditEvent.actor_id.in_(clinicians), AuditEvent.at > since)):
            if one.reader in wanted:
                done.setdefault(one.reader, []).append(one)
    for each in done.values():
        each.sort(key=lambda one: one.at)
    return done


def in_parts(ids: Sequence[One], size: int = 500) -> Iterable[Sequence[One]]:
    """So few at a time that a database takes them as parameters."""
    return (ids[start : start + size] for start in range(0, len(ids), size))
