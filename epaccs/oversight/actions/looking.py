"""Look through what is new in the audit, and keep an alert for each cause (hazard H-63).

What is slow happens outside the transaction: rows are read and judged first; then, with the cursor locked, alerts are
kept and the cursor moves on together. Two processes at once, or one that is ended in between, raise nothing twice and
pass over nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.audit.model import CHAINS
from epaccs.core import clock
from epaccs.core.db import db, end_read, writing
from epaccs.core.fields import local_date
from epaccs.core.identifiers import new_id
from epaccs.oversight.model import OversightCursor, UnusualAccess, UnusualDeed
from epaccs.oversight.queries.facts import Facts, SetHere, build_looks, find_people, find_set, find_workers
from epaccs.oversight.queries.rows import Batch, Done, find_batch, find_busy, find_done_by
from epaccs.oversight.rules.unusual import Did, Found, HabitRule

#: So many rows of the audit at a time.
BATCH: Final = 4_096
#: What is older than this when it is first looked at raises no alert: a register that ran before this part of it.
OLDEST: Final = timedelta(days=28)
#: Whatever a tablet brings this long after it was done is looked for further back.
_LATE: Final = timedelta(minutes=10)

Reader = tuple[UUID, UUID]


@dataclass
class Hit:
    """What one reader did with one person, or as a habit, that is unusual."""

    clinician_id: UUID
    organisation_id: UUID
    role: str | None
    cause: str
    entry_id: UUID | None
    reasons: dict[str, dict[str, object]] = field(default_factory=dict)
    deeds: dict[UUID, datetime] = field(default_factory=dict)


def look_at_new(*, limit: int = BATCH) -> int:
    """Judge every row of the audit that was not judged yet; how many alerts were raised."""
    raised = 0
    while (batch := find_batch(limit)) is not None:
        hits = judge(batch)
        end_read()
        raised += keep(batch, hits)
    return raised


# Judging


def judge(batch: Batch) -> list[Hit]:
    """What is unusual in a batch, one hit for each reader and cause."""
    rows = [one for one in batch.rows if one.written_at > clock.now() - OLDEST]
    set_here = find_set({one.organisation_id for one in rows})
    rows = [one for one in rows if one.organisation_id in set_here]
    return [*_judge_looks(rows, set_here), *_judge_habits(rows, set_here)] if rows else []


def _judge_looks(rows: Sequence[Done], set_here: Mapping[UUID, SetHere]) -> list[Hit]:
    looked = [one for one in rows if one.did is Did.OPENED and one.entry_id is not None]
    if not looked:
        return []
    people = find_people(one.entry_id for one in looked if one.entry_id is not None)
    facts = Facts(set_here, find_workers(set_here), people)
    hits: dict[tuple[Reader, UUID], Hit] = {}
    for one, look in build_looks(looked, facts):
        here = set_here[one.organisation_id]
        entry_id = look.person.entry_id
        if here.is_known(one.clinician_id, entry_id, local_date(one.at)):
            continue
        for found in here.rules.judge_look(look):
            hit = hits.setdefault((one.reader, entry_id), Hit(*one.reader, one.role, str(entry_id), entry_id))
            hit.reasons[found.code] = found.facts
            hit.deeds[one.event_id] = one.at
    return list(hits.values())


def _judge_habits(rows: Sequence[Done], set_here: Mapping[UUID, SetHere]) -> list[Hit]:
    """Whoever did enough in this batch and before it is read as a whole; nobody else is."""
    new = {one.event_id for one in rows}
    busy = _find_busy(rows, set_here)
    hits = []
    for since, readers in busy:
        for reader, done in find_done_by(readers, since=since).items():
            hits += _judge_reader(reader, done, new, set_here[reader[1]])
    return hits


def _find_busy(rows: Sequence[Done], set_here: Mapping[UUID, SetHere]) -> list[tuple[datetime, set[Reader]]]:
    """Whose habits are worth reading, and from when on; what tablets brought late is looked for further back."""
    found = []
    for is_late in (False, True):
        part = [one for one in rows if (one.written_at - one.at > _LATE) is is_late]
        for number in range(len(next(iter(set_here.values())).rules.habits)):
            candidates = _by_rule(part, set_here, number)
            if not candidates:
                continue
            rule: HabitRule = min(
                (set_here[one.organisation_id].rules.habits[number] for one in candidates), key=_least
            )
            since = min(one.at for one in candidates) - rule.span
            readers = {one.reader for one in candidates}
            found.append((since, find_busy(readers, rule.needs, since=since, least=rule.least)))
    return found


def _least(rule: HabitRule) -> int:
    return rule.least


def _by_rule(rows: Iterable[Done], set_here: Mapping[UUID, SetHere], number: int) -> list[Done]:
    """The new deeds that a rule is about."""
    return [one for one in rows if set_here[one.organisation_id].rules.habits[number].concerns(one.did, one.at)]


def _judge_reader(reader: Reader, done: Sequence[Done], new: set[UUID], here: SetHere) -> list[Hit]:
    decided = _find_decided(reader)
    hits = []
    for rule in here.rules.habits:
        fresh = [one for one in done if (one.event_id, rule.code) not in decided]
        found = rule.find([one.as_deed(is_new=one.event_id in new) for one in fresh])
        if found is not None:
            hits.append(_as_hit(reader, {one.event_id: one for one in fresh}, found))
    return hits


def _as_hit(reader: Reader, done: Mapping[UUID, Done], found: Found) -> Hit:
    deeds = {event_id: done[event_id].at for event_id in found.events}
    return Hit(*reader, done[found.events[-1]].role, found.code, None, {found.code: found.facts}, deeds)


def _find_decided(reader: Reader) -> set[tuple[UUID, str]]:
    """Deeds that a privacy officer has decided about: they do not count again towards a habit."""
    clinician_id, organisation_id = reader
    rows = db.session.execute(
        select(UnusualDeed.event_id, UnusualDeed.cause)
        .join(UnusualAccess, UnusualAccess.id == UnusualDeed.alert_id)
        .where(
            UnusualAccess.clinician_id == clinician_id,
            UnusualAccess.organisation_id == organisation_id,
            UnusualAccess.decided_at.is_not(None),
            UnusualAccess.entry_id.is_(None),
        )
    )
    return {(row.event_id, row.cause) for row in rows}


# Keeping


def keep(batch: Batch, hits: Sequence[Hit]) -> int:
    """Keep what was found and move the cursor on, unless somebody else did so meanwhile; how many alerts are new."""
    with writing() as session:
        if _lock_cursor(session) != {chain: batch.begun.get(chain, 0) for chain in range(CHAINS)}:
            return 0
        raised = sum(_keep_hit(session, hit) for hit in hits)
        for chain, sequence in batch.reached.items():
            session.execute(
                update(OversightCursor)
                .where(OversightCursor.chain == chain)
                .values(sequence=sequence, looked_at=clock.now())
            )
    return raised


def _lock_cursor(session: Session) -> dict[int, int]:
    """Where each chain stands; a register that never looked begins before the first row."""
    begun = [{"chain": chain, "sequence": 0, "looked_at": clock.now()} for chain in range(CHAINS)]
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(dialect.insert(OversightCursor).on_conflict_do_nothing(), begun)
    rows = session.scalars(select(OversightCursor).order_by(OversightCursor.chain).with_for_update())
    return {row.chain: row.sequence for row in rows}


def _keep_hit(session: Session, hit: Hit) -> int:
    """Join the open alert of the same cause, or raise one; nothing, where every deed has raised one before."""
    known = select(UnusualDeed.event_id).where(UnusualDeed.event_id.in_(hit.deeds), UnusualDeed.cause == hit.cause)
    before = set(session.scalars(known))
    fresh = {event_id: at for event_id, at in hit.deeds.items() if event_id not in before}
    if not fresh:
        return 0
    alert = session.scalars(
        select(UnusualAccess)
        .where(
            UnusualAccess.organisation_id == hit.organisation_id,
            UnusualAccess.clinician_id == hit.clinician_id,
            UnusualAccess.cause == hit.cause,
            UnusualAccess.decided_at.is_(None),
        )
        .with_for_update()
    ).first()
    raised = alert is None
    if alert is None:
        alert = _raise_alert(session, hit, fresh)
    else:
        alert.reasons = {**alert.reasons, **hit.reasons}
        alert.first_at, alert.last_at = min(alert.first_at, *fresh.values()), max(alert.last_at, *fresh.values())
        alert.deeds += len(fresh)
    session.flush()
    rows = [{"event_id": event_id, "cause": hit.cause, "alert_id": alert.id} for event_id in fresh]
    session.execute(insert(UnusualDeed), rows)
    return int(raised)


def _raise_alert(session: Session, hit: Hit, fresh: Mapping[UUID, datetime]) -> UnusualAccess:
    alert = UnusualAccess(
        id=new_id(),
        organisation_id=hit.organisation_id,
        clinician_id=hit.clinician_id,
        role=hit.role,
        cause=hit.cause,
        entry_id=hit.entry_id,
        reasons=hit.reasons,
        first_at=min(fresh.values()),
        last_at=max(fresh.values()),
        deeds=len(fresh),
        raised_at=clock.now(),
        decided_at=None,
    )
    session.add(alert)
    log.record(
        Event(
            EventKind.UNUSUAL_ACCESS_FOUND,
            organisation_id=hit.organisation_id,
            entry_id=hit.entry_id,
            details={"alert": str(alert.id), "reader": str(hit.clinician_id), "rules": sorted(hit.reasons)},
        )
    )
    return alert
