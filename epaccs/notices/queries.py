"""What waits for a reader, and whether what was sent about a person was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, or_, select

from epaccs.access.model import EntryScope
from epaccs.access.queries import names_of, reachable_entries
from epaccs.access.rules import Fact, can_ever, facts_of_role
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.notices.model import Notice
from epaccs.notices.rules import MEANINGS, NoticeKind, Task, is_for, is_overdue


@dataclass(frozen=True)
class NoticeLine:
    """A notice as its list shows it. `page` None: the reader's role opens no page about it."""

    id: UUID
    entry_id: UUID
    kind: NoticeKind
    person: str
    words: str
    page: str | None
    is_task: bool
    sections: tuple[str, ...]
    severity: str
    created_at: datetime
    due_at: datetime | None
    is_overdue: bool
    acknowledged_by_name: str | None


def notices_for(actor: Actor, *, limit: int = 200) -> list[NoticeLine]:
    """What waits for the actor's organisation or for them: high severity and overdue first, then oldest."""
    now = clock.now()
    urgency = case((Notice.severity == "high", 0), (Notice.due_at < now, 1), else_=2)
    rows = db.session.scalars(
        select(Notice)
        .join(EntryScope, EntryScope.entry_id == Notice.entry_id)
        .where(_addressed(actor), Notice.ended_at.is_(None), Notice.shows_from <= now, reachable_entries(actor))
        .order_by(urgency, Notice.created_at)
        .limit(limit)
    ).all()
    open_ones = _grouped([row for row in rows if MEANINGS[NoticeKind(row.kind)].is_task or row.acknowledged_at is None])
    facts = facts_of_role(actor.role, may_sign=actor.may_sign)
    names = names_of([group[0].entry_id for group in open_ones])
    return [_line(group, names[group[0].entry_id], now, facts) for group in open_ones]


def _grouped(rows: Sequence[Notice]) -> list[list[Notice]]:
    """Changes of one person that are only to be known stand on one line; each task stands by itself."""
    groups: dict[tuple[object, ...], list[Notice]] = {}
    for row in rows:
        is_task = MEANINGS[NoticeKind(row.kind)].is_task
        groups.setdefault((row.id,) if is_task else (row.entry_id, row.kind), []).append(row)
    return list(groups.values())


def _addressed(actor: Actor) -> ColumnElement[bool]:
    return or_(
        Notice.clinician_id == actor.clinician_id,
        and_(
            Notice.organisation_id == actor.organisation_id,
            Notice.clinician_id.is_(None),
            or_(Notice.role.is_(None), Notice.role == str(actor.role)),
            Notice.kind.in_([str(kind) for kind in NoticeKind if _is_for(actor, kind)]),
        ),
    )


def is_addressed_to(notice: Notice, actor: Actor) -> bool:
    """Whether a notice is for this reader: for them by name, or for those of their team who could act on it."""
    if notice.clinician_id is not None:
        return notice.clinician_id == actor.clinician_id
    if notice.organisation_id != actor.organisation_id or notice.role not in (None, str(actor.role)):
        return False
    return _is_for(actor, NoticeKind(notice.kind))


def _is_for(actor: Actor, kind: NoticeKind) -> bool:
    return is_for(kind, actor.role, may_sign=actor.may_sign)


def _line(group: Sequence[Notice], person: str, now: datetime, facts: frozenset[Fact]) -> NoticeLine:
    row = group[-1]
    kind = NoticeKind(row.kind)
    meaning = MEANINGS[kind]
    return NoticeLine(
        id=row.id,
        entry_id=row.entry_id,
        kind=kind,
        person=person,
        words=meaning.words,
        page=meaning.page if can_ever(meaning.permission, facts) else None,
        is_task=meaning.is_task,
        sections=tuple(dict.fromkeys(one.section for one in group if one.section)),
        severity=row.severity,
        created_at=row.created_at,
        due_at=row.due_at,
        is_overdue=is_overdue(row.due_at, now=now),
        acknowledged_by_name=row.acknowledged_by_name,
    )


def tasks_about(entry_ids: Sequence[UUID]) -> dict[UUID, list[Task]]:
    """What is open about each person, most urgent first, each kind once. Callers have asked `access` before.

    What one clinician was told about something they read is theirs alone.
    """
    now, tasks = clock.now(), [str(kind) for kind, meaning in MEANINGS.items() if meaning.is_task]
    rows = db.session.execute(
        select(Notice.entry_id, Notice.kind, Notice.due_at, Notice.severity)
        .where(
            Notice.entry_id.in_(list(entry_ids)),
            Notice.kind.in_(tasks),
            Notice.clinician_id.is_(None),
            Notice.ended_at.is_(None),
            Notice.shows_from <= now,
        )
        .order_by(
            case((Notice.severity == "high", 0), (Notice.due_at < now, 1), else_=2), Notice.created_at, Notice.kind
        )
    )
    found: dict[UUID, dict[str, Task]] = {}
    for row in rows:
        task = Task(MEANINGS[NoticeKind(row.kind)].words, is_overdue(row.due_at, now=now))
        found.setdefault(row.entry_id, {}).setdefault(row.kind, task)
    return {entry_id: list(of_kinds.values()) for entry_id, of_kinds in found.items()}


@dataclass(frozen=True)
class Delivery:
    """Whether one organisation has seen one notice about a person. `seen_at` None: nobody there has, nor took it on."""

    organisation_name: str
    kind: NoticeKind
    words: str
    section: str | None
    sent_at: datetime
    seen_at: datetime | None
    acknowledged_by_name: str | None
    acknowledged_at: datetime | None


def deliveries_of(entry_id: UUID, *, limit: int = 100) -> list[Delivery]:
    """Everything sent about a person, newest first, with whether it was seen. Callers have asked `access` before.

    What is not due to be shown yet was not sent yet.
    """
    rows = db.session.execute(
        select(Notice, Organisation.name)
        .join(Organisation, Organisation.id == Notice.organisation_id)
        .where(Notice.entry_id == entry_id, Notice.shows_from <= clock.now())
        .order_by(Notice.shows_from.desc())
        .limit(limit)
    )
    return [
        Delivery(
            name,
            NoticeKind(notice.kind),
            MEANINGS[NoticeKind(notice.kind)].words,
            notice.section,
            notice.shows_from,
            notice.seen_at or notice.acknowledged_at,
            notice.acknowledged_by_name,
            notice.acknowledged_at,
        )
        for notice, name in rows
    ]
