"""The rota of an organisation as its administrator sees it, and the sessions by which looks are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from epaccs.clinicians.model import Clinician, Membership, Organisation
from epaccs.clinicians.rules import Actor, check_administers
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.core.fields import local_date, start_of
from epaccs.rosters.model import Rota, RotaSession
from epaccs.rosters.rules import DAYS_SHOWN, LONGEST, Kept, People, Person, Plan, Span, build_people, plan_load
from epaccs.rosters.schema import read_rota, refuse_lines, write_rota

#: More sessions than this in a fortnight are counted and not listed.
SESSIONS_SHOWN = 1_000
_DAY = timedelta(days=1)
#: No session is longer by any clock: a night in which the clocks go back has an hour more.
_REACH = LONGEST + timedelta(hours=1)

_STANDS = RotaSession.taken_off_at.is_(None)


def find_version(organisation_id: UUID) -> int:
    """How often the rota was changed; 0: the organisation never kept one."""
    return db.session.scalar(select(Rota.version).where(Rota.organisation_id == organisation_id)) or 0


def _span(row: Any) -> Span:
    return Span(row.from_at, row.until_at)


# What a file would change


def people_here(organisation_id: UUID) -> People:
    """Everybody who holds or held a role at an organisation; who holds none now, or has no account, has ended."""
    holds = or_(Membership.until_date.is_(None), Membership.until_date >= clock.today())
    rows = db.session.execute(
        select(
            Clinician.id,
            Clinician.name,
            Clinician.user_name,
            Clinician.professional_number,
            Clinician.ended_at,
            func.count(Membership.id).filter(holds).label("roles"),
        )
        .join(Membership, Membership.clinician_id == Clinician.id)
        .where(Membership.organisation_id == organisation_id)
        .group_by(Clinician.id)
        .order_by(Clinician.name, Clinician.id)
    )
    return build_people(
        Person(row.id, row.name, row.user_name, row.professional_number, row.ended_at is not None or not row.roles)
        for row in rows
    )


def find_kept(organisation_id: UUID, *only: ColumnElement[bool]) -> list[Kept]:
    """Sessions that stand on the rota of an organisation, the first first."""
    rows = db.session.execute(
        select(RotaSession.id, RotaSession.clinician_id, RotaSession.from_at, RotaSession.until_at)
        .where(RotaSession.organisation_id == organisation_id, _STANDS, *only)
        .order_by(RotaSession.from_at, RotaSession.id)
    )
    return [Kept(row.id, row.clinician_id, _span(row)) for row in rows]


def read_plan(organisation_id: UUID, content: bytes) -> tuple[Plan, str]:
    """What a file would change of the rota as it stands, and its sessions as they are passed on. Writes nothing.

    Raises:
        FileRefused: with every row to mend.

    Source: hazard H-69.
    """
    lines = read_rota(content, people_here(organisation_id), today=clock.today())
    days = [line.span.day for line in lines]
    near = (
        RotaSession.until_at > start_of(min(days)) - _REACH,
        RotaSession.from_at < start_of(max(days) + _DAY) + _REACH,
    )
    plan = plan_load(lines, find_kept(organisation_id, *near), now=clock.now())
    if plan.wrong:
        raise refuse_lines(plan.wrong)
    return plan, write_rota(lines)


@dataclass(frozen=True)
class SessionLine:
    """One session with whose it is; `has_begun`: it runs now."""

    id: UUID
    name: str
    user_name: str
    span: Span
    has_begun: bool


@dataclass(frozen=True)
class Preview:
    """What a file would change, the version of the rota it was compared with, and the sessions to pass on."""

    plan: Plan
    gone: tuple[SessionLine, ...]
    version: int
    content: str


def preview(actor: Actor, content: bytes) -> Preview:
    """What a file would change of the rota of the administrator's organisation; nothing is changed by looking.

    Raises:
        Forbidden: this person is no administrator.
        FileRefused: with every row to mend.

    Source: hazard H-69.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    version = find_version(actor.organisation_id)
    plan, passed_on = read_plan(actor.organisation_id, content)
    names = _names([one.clinician_id for one in plan.gone])
    gone = tuple(SessionLine(one.id, *names[one.clinician_id], one.span, has_begun=False) for one in plan.gone)
    return Preview(plan, gone, version, passed_on)


def _names(ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    found: dict[UUID, tuple[str, str]] = {}
    for start in range(0, len(ids), 500):
        rows = db.session.execute(
            select(Clinician.id, Clinician.name, Clinician.user_name).where(
                Clinician.id.in_(set(ids[start : start + 500]))
            )
        )
        found |= {row.id: (row.name, row.user_name) for row in rows}
    return found


# The page


@dataclass(frozen=True)
class Day:
    """One day of the rota; a session stands on the day on which it begins."""

    on: date
    sessions: tuple[SessionLine, ...] = ()


@dataclass(frozen=True)
class RotaPage:
    """The coming fortnight.

    `on_now`: who is on a session at this moment. `without`: people with an account and no session in these days, by
    name and user name. `hidden`: how many sessions are not listed because there are so many.
    """

    days: tuple[Day, ...]
    on_now: tuple[SessionLine, ...]
    without: tuple[tuple[str, str], ...]
    hidden: int
    version: int


def show_rota(actor: Actor) -> RotaPage:
    """The rota of the administrator's organisation.

    Raises:
        Forbidden: this person is no administrator.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    now, today = clock.now(), clock.today()
    end = start_of(today + DAYS_SHOWN * _DAY)
    everybody = people_here(actor.organisation_id).by_user_name.values()
    by_id = {one.clinician_id: one for one in everybody}
    kept = find_kept(actor.organisation_id, RotaSession.until_at > now, RotaSession.from_at < end)
    lines = [_line(one, by_id[one.clinician_id], now) for one in kept]
    listed = lines[:SESSIONS_SHOWN]
    on_rota = {one.clinician_id for one in kept}
    return RotaPage(
        days=tuple(
            Day(day, tuple(line for line in listed if line.span.day == day))
            for day in (today + number * _DAY for number in range(DAYS_SHOWN))
        ),
        on_now=tuple(line for line in lines if line.has_begun),
        without=tuple(
            (one.name, one.user_name) for one in everybody if not one.has_ended and one.clinician_id not in on_rota
        ),
        hidden=len(lines) - len(listed),
        version=find_version(actor.organisation_id),
    )


def _line(one: Kept, person: Person, now: datetime) -> SessionLine:
    return SessionLine(one.id, person.name, person.user_name, one.span, has_begun=one.span.from_at <= now)


def get_session(actor: Actor, session_id: UUID) -> Kept:
    """A session that stands on the rota of the administrator's organisation.

    Raises:
        Forbidden: this person is no administrator.
        NotFound: there is none.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    found = find_kept(actor.organisation_id, RotaSession.id == session_id)
    if not found:
        raise NotFound
    return found[0]


@dataclass(frozen=True)
class OwnSession:
    """One session of one's own, and whether it runs now."""

    span: Span
    organisation: str
    has_begun: bool


def own_sessions(clinician_id: UUID) -> list[OwnSession]:
    """The sessions of one person that are not over, wherever they work."""
    now = clock.now()
    rows = db.session.execute(
        select(RotaSession.from_at, RotaSession.until_at, Organisation.name)
        .join(Organisation, Organisation.id == RotaSession.organisation_id)
        .where(RotaSession.clinician_id == clinician_id, _STANDS, RotaSession.until_at > now)
        .order_by(RotaSession.from_at)
        .limit(SESSIONS_SHOWN)
    )
    return [OwnSession(_span(row), row.name, has_begun=row.from_at <= now) for row in rows]


# What looks are compared with


@dataclass(frozen=True)
class Duties:
    """The sessions that people were on around the times at which they looked."""

    kept_on: frozenset[tuple[UUID, date]] = frozenset()
    spans: Mapping[tuple[UUID, UUID], Sequence[Span]] = field(default_factory=dict)

    def of(self, organisation_id: UUID, clinician_id: UUID, at: datetime) -> Sequence[Span] | None:
        """The sessions of one person at one organisation; None: it kept no rota on that day, so nothing is said.

        Source: hazard H-69.
        """
        if (organisation_id, local_date(at)) not in self.kept_on:
            return None
        return self.spans.get((organisation_id, clinician_id), ())


def find_duties(moments: Iterable[tuple[UUID, UUID, datetime]], *, around: timedelta) -> Duties:
    """What the rotas say about these people at these moments, in a few reads.

    Args:
        moments: organisation, clinician, and when they looked.
        around: sessions that end so long before a moment, or begin so long after it, are told too.
    """
    asked = list(moments)
    keeping = set(
        db.session.scalars(select(Rota.organisation_id).where(Rota.organisation_id.in_({one[0] for one in asked})))
    )
    asked = [one for one in asked if one[0] in keeping]
    if not asked:
        return Duties()
    return Duties(_find_days(asked, keeping), _find_spans(asked, around))


def _find_days(asked: Sequence[tuple[UUID, UUID, datetime]], keeping: set[UUID]) -> frozenset[tuple[UUID, date]]:
    """On which of these days an organisation has a session of anybody."""
    found: set[tuple[UUID, date]] = set()
    for day in {local_date(at) for _, _, at in asked}:
        rows = db.session.scalars(
            select(RotaSession.organisation_id)
            .distinct()
            .where(
                RotaSession.organisation_id.in_(keeping),
                RotaSession.until_at > start_of(day),
                RotaSession.from_at < start_of(day + _DAY),
                _STANDS,
            )
        )
        found |= {(organisation_id, day) for organisation_id in rows}
    return frozenset(found)


def _find_spans(
    asked: Sequence[tuple[UUID, UUID, datetime]], around: timedelta
) -> dict[tuple[UUID, UUID], Sequence[Span]]:
    first, last = min(one[2] for one in asked), max(one[2] for one in asked)
    clinicians = sorted({one[1] for one in asked})
    found: dict[tuple[UUID, UUID], list[Span]] = {}
    for start in range(0, len(clinicians), 500):
        rows = db.session.execute(
            select(
                RotaSession.organisation_id, RotaSession.clinician_id, RotaSession.from_at, RotaSession.until_at
            ).where(
                RotaSession.clinician_id.in_(clinicians[start : start + 500]),
                RotaSession.until_at > first - around,
                RotaSession.from_at <= last + around,
                _STANDS,
            )
        )
        for row in rows:
            found.setdefault((row.organisation_id, row.clinician_id), []).append(_span(row))
    return dict(found)
