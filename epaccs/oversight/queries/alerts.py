"""What a privacy officer looks at: alerts with their sentences, what is set, and how far the audit was looked through.

Everything is of the officer's own organisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import func, select

from epaccs.access.queries import names_of
from epaccs.access.rules import REASON_LABELS, Permission, check_role
from epaccs.audit.model import AuditChain, AuditEvent
from epaccs.clinicians.model import Clinician, Membership
from epaccs.clinicians.rules import ROLE_LABELS, Actor, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.oversight.model import (
    KnownPair,
    OversightCursor,
    OversightThresholds,
    UnusualAccess,
    UnusualDeed,
    UnusualVerdict,
    WatchedPerson,
    WorkerParticulars,
)
from epaccs.oversight.queries.facts import find_set
from epaccs.oversight.rules.deciding import VERDICT_LABELS, Verdict
from epaccs.oversight.rules.unusual import RuleSet, sentences

#: Looked at each minute; whatever waits longer than this was not looked at because something is wrong.
_TARDY: Final = timedelta(minutes=5)
_NOBODY: Final = "Somebody whose account is not known here"


@dataclass(frozen=True)
class Decided:
    """What an officer found."""

    verdict: Verdict
    words: str
    note: str
    at: datetime
    by: str


@dataclass(frozen=True)
class Alert:
    """One alert as an officer reads it.

    `why`: one sentence for each rule, the surest first. `reasons_given`: what the reader said on the way in.
    `last` None: nothing was found yet. `can_be_silenced`: it is about one person.
    """

    id: UUID
    reader_id: UUID
    reader: str
    person: str | None
    why: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    deeds: int
    raised_at: datetime
    decided_at: datetime | None
    last: Decided | None
    reasons_given: tuple[str, ...] = ()
    was_on_tablet: bool = False

    @property
    def can_be_silenced(self) -> bool:
        """Whether this reader's looks at this person can be kept from being told."""
        return self.person is not None


def find_alerts(actor: Actor, *, limit: int = 100) -> list[Alert]:
    """What was found unusual in the officer's organisation: what waits first, oldest first; then what was decided last.

    Raises:
        Forbidden: the role reviews no accesses.
    """
    check_role(Permission.REVIEW_ACCESS, actor.role)
    waiting = select(UnusualAccess).where(UnusualAccess.organisation_id == actor.organisation_id)
    rows = db.session.scalars(
        waiting.where(UnusualAccess.decided_at.is_(None)).order_by(UnusualAccess.raised_at).limit(limit)
    ).all()
    decided = db.session.scalars(
        waiting.where(UnusualAccess.decided_at.is_not(None)).order_by(UnusualAccess.decided_at.desc()).limit(20)
    ).all()
    return _as_alerts([*rows, *decided])


def get_alert(actor: Actor, alert_id: UUID) -> Alert:
    """One alert of the officer's own organisation.

    Raises:
        NotFound: there is none.
        Forbidden: the role reviews no accesses.
    """
    check_role(Permission.REVIEW_ACCESS, actor.role)
    row = db.session.get(UnusualAccess, alert_id)
    if row is None or row.organisation_id != actor.organisation_id:
        raise NotFound
    return _as_alerts([row])[0]


def _as_alerts(rows: Sequence[UnusualAccess]) -> list[Alert]:
    people = names_of([row.entry_id for row in rows if row.entry_id is not None])
    readers = _names_of_workers([row.clinician_id for row in rows])
    last = _last_verdicts([row.id for row in rows])
    ways = _ways([row.id for row in rows])
    return [_as_alert(row, people, readers, last, ways) for row in rows]


def _as_alert(row: UnusualAccess, people: Any, readers: Any, last: Any, ways: Any) -> Alert:
    name = readers.get(row.clinician_id, _NOBODY)
    who = f"{name}, {ROLE_LABELS[Role(row.role)]}," if row.role else name
    person = people[row.entry_id] if row.entry_id is not None else None
    reasons, was_on_tablet = ways.get(row.id, ((), False))
    return Alert(
        id=row.id,
        reader_id=row.clinician_id,
        reader=who.rstrip(","),
        person=person,
        why=tuple(sentences(row.reasons, who, person or "")),
        first_at=row.first_at,
        last_at=row.last_at,
        deeds=row.deeds,
        raised_at=row.raised_at,
        decided_at=row.decided_at,
        last=last.get(row.id),
        reasons_given=reasons,
        was_on_tablet=was_on_tablet,
    )


def _names_of_workers(ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = db.session.execute(select(Clinician.id, Clinician.name).where(Clinician.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _last_verdicts(alert_ids: Sequence[UUID]) -> dict[UUID, Decided]:
    rows = db.session.scalars(
        select(UnusualVerdict).where(UnusualVerdict.alert_id.in_(alert_ids)).order_by(UnusualVerdict.decided_at)
    )
    found = {}
    for row in rows:
        verdict = Verdict(row.verdict)
        found[row.alert_id] = Decided(
            verdict, VERDICT_LABELS[verdict], row.note or "", row.decided_at, row.decided_by_name
        )
    return found


def _ways(alert_ids: Sequence[UUID]) -> dict[UUID, tuple[tuple[str, ...], bool]]:
    """What was said on the way in, and whether it was on a tablet without signal."""
    rows = db.session.execute(
        select(UnusualDeed.alert_id, AuditEvent.details)
        .join(AuditEvent, AuditEvent.id == UnusualDeed.event_id)
        .where(UnusualDeed.alert_id.in_(alert_ids))
    ).all()
    labels = {str(reason): words for reason, words in REASON_LABELS.items()}
    reasons: dict[UUID, dict[str, None]] = {}
    tablets: set[UUID] = set()
    for row in rows:
        words = labels.get(str(row.details.get("reason")))
        reasons.setdefault(row.alert_id, {}).update({words: None} if words else {})
        if row.details.get("offline"):
            tablets.add(row.alert_id)
    return {alert_id: (tuple(said), alert_id in tablets) for alert_id, said in reasons.items()}


# How far


@dataclass(frozen=True)
class Progress:
    """How far the audit was looked through; `waiting`: rows that were not; `is_tardy`: somebody must be told."""

    looked_at: datetime | None
    waiting: int
    is_tardy: bool


def find_progress() -> Progress:
    """Whether whatever is not on the list was looked at, or only not yet."""
    written = db.session.scalar(select(func.sum(AuditChain.sequence))) or 0
    row = db.session.execute(select(func.sum(OversightCursor.sequence), func.max(OversightCursor.looked_at))).one()
    waiting = int(written) - int(row[0] or 0)
    looked_at = cast("datetime | None", row[1])
    is_tardy = waiting > 0 and (looked_at is None or looked_at < clock.now() - _TARDY)
    return Progress(looked_at, waiting, is_tardy)


# What is set


@dataclass(frozen=True)
class Pair:
    """One reader's looks at one person that are not told, until when and why."""

    id: UUID
    reader: str
    person: str
    reason: str
    until_on: date
    made_by: str


@dataclass(frozen=True)
class Watched:
    """A person in the news, until when and why."""

    id: UUID
    nhs_number: str
    reason: str
    until_on: date
    made_by: str


def find_pairs(actor: Actor) -> list[Pair]:
    """The pairs that are known in the officer's organisation today."""
    check_role(Permission.REVIEW_ACCESS, actor.role)
    rows = db.session.scalars(
        select(KnownPair)
        .where(
            KnownPair.organisation_id == actor.organisation_id,
            KnownPair.ended_at.is_(None),
            KnownPair.until_on >= clock.today(),
        )
        .order_by(KnownPair.until_on)
    ).all()
    people, readers = names_of([row.entry_id for row in rows]), _names_of_workers([row.clinician_id for row in rows])
    return [
        Pair(
            row.id,
            readers.get(row.clinician_id, _NOBODY),
            people[row.entry_id],
            row.reason,
            row.until_on,
            row.made_by_name,
        )
        for row in rows
    ]


def find_watched(actor: Actor) -> list[Watched]:
    """The people in the news whom the officer's organisation watches today."""
    check_role(Permission.REVIEW_ACCESS, actor.role)
    rows = db.session.scalars(
        select(WatchedPerson)
        .where(
            WatchedPerson.organisation_id == actor.organisation_id,
            WatchedPerson.ended_at.is_(None),
            WatchedPerson.until_on >= clock.today(),
        )
        .order_by(WatchedPerson.until_on)
    )
    return [Watched(row.id, row.nhs_number, row.reason, row.until_on, row.made_by_name) for row in rows]


@dataclass(frozen=True)
class SetVersion:
    """One version of the thresholds; `is_over`: its day has come, and the register's own count again."""

    version: int
    thresholds: dict[str, Any]
    reason: str
    until_on: date
    made_at: datetime
    made_by: str
    is_over: bool


def find_rules(actor: Actor) -> tuple[RuleSet, list[SetVersion]]:
    """The rules as they count today in the officer's organisation, and every version of what was set, newest first."""
    check_role(Permission.REVIEW_ACCESS, actor.role)
    rows = db.session.scalars(
        select(OversightThresholds)
        .where(OversightThresholds.organisation_id == actor.organisation_id)
        .order_by(OversightThresholds.version.desc())
    )
    versions = [
        SetVersion(
            row.version,
            row.thresholds,
            row.reason,
            row.until_on,
            row.made_at,
            row.made_by_name,
            is_over=row.until_on < clock.today(),
        )
        for row in rows
    ]
    return find_set([actor.organisation_id])[actor.organisation_id].rules, versions


@dataclass(frozen=True)
class Worker:
    """Somebody at work in the officer's organisation, and what of them can be compared."""

    id: UUID
    name: str
    told: tuple[str, ...]
    noted_at: datetime | None


def find_people_at_work(actor: Actor) -> list[Worker]:
    """Everybody with an account in the officer's organisation, and what they told of themselves: never what it is."""
    check_role(Permission.REVIEW_ACCESS, actor.role)
    rows = db.session.execute(
        select(Clinician.id, Clinician.name, WorkerParticulars)
        .join(Membership, Membership.clinician_id == Clinician.id)
        .outerjoin(WorkerParticulars, WorkerParticulars.clinician_id == Clinician.id)
        .where(Membership.organisation_id == actor.organisation_id, Clinician.ended_at.is_(None))
        .order_by(Clinician.name, Clinician.id)
    )
    return list({row.id: _as_worker(row.id, row.name, row.WorkerParticulars) for row in rows}.values())


def get_worker(actor: Actor, clinician_id: UUID) -> Worker:
    """One of them.

    Raises:
        NotFound: nobody of that id works in the officer's organisation.
        Forbidden: the role reviews no accesses.
    """
    for worker in find_people_at_work(actor):
        if worker.id == clinician_id:
            return worker
    raise NotFound


def _as_worker(worker_id: UUID, name: str, told: WorkerParticulars | None) -> Worker:
    if told is None:
        return Worker(worker_id, name, (), None)
    known = {"date of birth": told.born_key, "address": told.home_key, "NHS number": told.nhs_key}
    return Worker(worker_id, name, tuple(words for words, key in known.items() if key), told.noted_at)
