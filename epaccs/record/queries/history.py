"""Who changed what, and who has looked: from the log of edits and from the audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from epaccs.access.queries import get_standing
from epaccs.access.rules import Permission
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Clinician, Organisation
from epaccs.clinicians.rules import Actor
from epaccs.core.db import db
from epaccs.record.declared import sights
from epaccs.record.queries.summaries import get_who
from epaccs.record.rules.history import Edited, ShownEdit, build_shown_edit
from epaccs.record.rules.looking import DEEDS, Look, Seen, build_look
from epaccs.record.summary import RecordSummary
from epaccs.register.queries import is_restricted_now
from epaccs.versions.model import SectionVersion
from epaccs.versions.queries import HistoryLine, history
from epaccs.versions.rules import Outcome, Value

#: So many are shown at once, newest first.
PAGE_LENGTH: Final = 200


@dataclass(frozen=True)
class History:
    """The changes of one person, newest first; `has_more`: older ones exist."""

    who: RecordSummary
    edits: tuple[ShownEdit, ...]
    has_more: bool


@dataclass(frozen=True)
class Looks:
    """Who has looked at one person, newest first; `has_more`: older looks exist."""

    who: RecordSummary
    looks: tuple[Look, ...]
    has_more: bool


def get_history(actor: Actor, entry_id: UUID) -> History:
    """Every change that this reader may see, with what became of it.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    standing = get_standing(actor, entry_id, Permission.VIEW_RECORD)
    restricted = is_restricted_now(entry_id)
    lines = history(entry_id, limit=PAGE_LENGTH + 1)
    values = _values(entry_id)
    known = sights()
    edits = tuple(
        build_shown_edit(_edited(line, values), known[line.section], standing.tiers, restricted=restricted)
        for line in lines[:PAGE_LENGTH]
        if line.section in known and known[line.section].is_seen_by(standing.tiers)
    )
    return History(get_who(standing), edits, has_more=len(lines) > PAGE_LENGTH)


def _values(entry_id: UUID) -> dict[tuple[str, int], Value]:
    rows = db.session.execute(
        select(SectionVersion.section, SectionVersion.version, SectionVersion.value).where(
            SectionVersion.entry_id == entry_id
        )
    )
    return {(row.section, row.version): row.value for row in rows}


def _edited(line: HistoryLine, values: dict[tuple[str, int], Value]) -> Edited:
    after = values.get((line.section, line.section_version))
    changed = line.outcome in (Outcome.APPLIED, Outcome.MERGED)
    return Edited(
        section=line.section,
        kind=line.kind,
        body=line.body,
        author=line.author,
        decided_at=line.decided_at,
        received_at=line.received_at,
        outcome=line.outcome,
        standing=line.standing,
        before=values.get((line.section, line.section_version - 1)) if changed else after,
        after=after,
        is_from_paper=line.is_from_paper,
    )


def get_looks(actor: Actor, entry_id: UUID, *, before: datetime | None = None) -> Looks:
    """Who came to know what the record says, newest first.

    Args:
        before: only what happened earlier; None: from now.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    standing = get_standing(actor, entry_id, Permission.VIEW_WHO_HAS_LOOKED)
    restricted = is_restricted_now(entry_id)
    statement = (
        select(
            AuditEvent.at,
            AuditEvent.kind,
            AuditEvent.role,
            AuditEvent.details,
            Clinician.name,
            Organisation.name.label("organisation_name"),
            Organisation.type.label("organisation_type"),
        )
        .outerjoin(Clinician, Clinician.id == AuditEvent.actor_id)
        .outerjoin(Organisation, Organisation.id == AuditEvent.organisation_id)
        .where(AuditEvent.entry_id == entry_id, AuditEvent.kind.in_([str(kind) for kind in DEEDS]))
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
        .limit(PAGE_LENGTH + 1)
    )
    if before is not None:
        statement = statement.where(AuditEvent.at < before)
    rows = db.session.execute(statement).mappings().all()
    looks = tuple(build_look(Seen(**row), restricted=restricted) for row in rows[:PAGE_LENGTH])
    return Looks(get_who(standing), looks, has_more=len(rows) > PAGE_LENGTH)
