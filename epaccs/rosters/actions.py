"""Load a rota over the one that was shown, add and end sessions by hand, forget what is long over (hazard H-69)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.audit.events import EventKind
from epaccs.audit.log import record
from epaccs.clinicians.rules import Actor, check_administers
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.identifiers import new_id
from epaccs.rosters import queries, rules
from epaccs.rosters.model import Rota, RotaSession
from epaccs.rosters.rules import Kept

#: When people work is about them too: no alert is raised of a look that is as old.
KEPT: Final = timedelta(days=366)


@dataclass(frozen=True)
class Loaded:
    """What a load changed."""

    added: int
    taken_off: int


def load(actor: Actor, content: bytes, *, seen_version: int) -> Loaded:
    """Put the sessions of a file in the place of those of the days it covers, as far as these have not begun.

    The file is read and compared again, with the rota locked: what was shown is what is done, or nothing is.

    Args:
        actor: the administrator.
        content: the file, as it was passed on.
        seen_version: of the rota that the administrator had before them.

    Raises:
        Forbidden: this person is no administrator.
        RuleBroken: the rota was changed since it was shown.
        FileRefused: a row cannot be taken any more.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    with writing() as session:
        rota = _lock_rota(session, actor)
        rules.check_unchanged(rota.version, seen=seen_version)
        plan, _ = queries.read_plan(actor.organisation_id, content)
        _take_off(session, actor, plan.gone)
        session.add_all(_row(actor, line.person.clinician_id, line.span) for line in plan.new)
        _change(rota, actor)
        counts = Loaded(len(plan.new), len(plan.gone))
        days = {"first_day": plan.first_day.isoformat(), "last_day": plan.last_day.isoformat()}
        _note(actor, "loaded", version=rota.version, added=counts.added, taken_off=counts.taken_off, **days)
    return counts


def _lock_rota(session: Session, actor: Actor) -> Rota:
    """The row that everybody locks who changes a session of this organisation; whoever is first makes it."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    first = {"version": 0, "changed_at": clock.now(), "changed_by": actor.clinician_id}
    session.execute(
        dialect.insert(Rota).values(organisation_id=actor.organisation_id, **first).on_conflict_do_nothing()
    )
    return session.get_one(Rota, actor.organisation_id, with_for_update=True, populate_existing=True)


def _change(rota: Rota, actor: Actor) -> None:
    rota.version, rota.changed_at, rota.changed_by = rota.version + 1, clock.now(), actor.clinician_id


def _take_off(session: Session, actor: Actor, gone: tuple[Kept, ...]) -> None:
    ids = [one.id for one in gone]
    for start in range(0, len(ids), 500):
        session.execute(
            update(RotaSession)
            .where(RotaSession.id.in_(ids[start : start + 500]))
            .values(taken_off_at=clock.now(), taken_off_by=actor.clinician_id)
        )


def _row(actor: Actor, clinician_id: UUID, span: rules.Span) -> RotaSession:
    return RotaSession(
        id=new_id(),
        organisation_id=actor.organisation_id,
        clinician_id=clinician_id,
        from_at=span.from_at,
        until_at=span.until_at,
        added_at=clock.now(),
        added_by=actor.clinician_id,
    )


def _note(actor: Actor, what: str, **details: object) -> None:
    record(event(actor, EventKind.ROTA_CHANGED, entry_id=None, what=what, **details))


# By hand


def add_session(actor: Actor, *, user_name: str, from_at: datetime, until_at: datetime) -> None:
    """Put one session on the rota: a swap at the last hour.

    Args:
        actor: the administrator.
        user_name: the user name or professional number of somebody who works here.
        from_at: UTC; it may have begun.
        until_at: UTC.

    Raises:
        Forbidden: this person is no administrator.
        RuleBroken: nobody of that name works here, or the times cannot be.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    _check_shown_once(from_at=from_at, until_at=until_at)
    with writing() as session:
        rota = _lock_rota(session, actor)
        person = queries.people_here(actor.organisation_id).get(user_name)
        span = rules.build_span(from_at, until_at)
        theirs = queries.find_kept(
            actor.organisation_id, RotaSession.clinician_id == person.clinician_id, RotaSession.until_at > from_at
        )
        rules.check_may_add(span, (one.span for one in theirs), now=clock.now())
        row = _row(actor, person.clinician_id, span)
        session.add(row)
        _change(rota, actor)
        _note(actor, "added", version=rota.version, session=str(row.id), clinician=str(person.clinician_id))


def _check_shown_once(**moments: datetime) -> None:
    for name, moment in moments.items():
        called = "the beginning" if name == "from_at" else "the end"
        rules.check_shown_once(rules.on_the_wall(moment), called=called, field=f"{name}-time")


def end_session(actor: Actor, session_id: UUID) -> None:
    """Somebody goes home early, or does not come: one that runs ends now, one that has not begun is taken off.

    Raises:
        Forbidden: this person is no administrator.
        NotFound: no such session stands on the rota of their organisation.
        RuleBroken: it is over.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    with writing() as session:
        rota = _lock_rota(session, actor)
        kept = queries.get_session(actor, session_id)
        now = clock.now()
        rules.check_may_end(kept.span, now=now)
        if kept.span.from_at > now:
            _take_off(session, actor, (kept,))
        else:
            session.get_one(RotaSession, session_id).until_at = now
        _change(rota, actor)
        planned = {"until": kept.span.until_at.isoformat(), "clinician": str(kept.clinician_id)}
        _note(actor, "ended", version=rota.version, session=str(session_id), **planned)


def forget_sessions() -> int:
    """Take away sessions that are long over; no audit event: nobody gets or loses anything by it.

    Returns:
        How many went.
    """
    with writing() as session:
        gone = session.execute(delete(RotaSession).where(RotaSession.until_at < clock.now() - KEPT))
    return int(getattr(gone, "rowcount", 0))
