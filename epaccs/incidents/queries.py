"""Incidents as every organisation concerned reads them: the same lines, in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, not_, select
from sqlalchemy.orm import aliased

from epaccs.access.queries import names_of
from epaccs.access.rules import Permission, can, check_role, facts_of_role
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import ROLE_LABELS, Actor, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.incidents import rules
from epaccs.incidents.model import Incident, IncidentLine
from epaccs.incidents.rules import ANSWER_WORDS, KIND_WORDS, Kind, Said
from epaccs.register.queries import may_know_of

CLOSED_SHOWN = 100
UNNAMED = "A person with whom your organisation is not concerned"


@dataclass(frozen=True)
class IncidentSummary:
    """One incident in the list; `waits_for_us`: open, and the reader's organisation has not agreed to close it."""

    id: UUID
    title: str
    noticed_at: datetime
    tell_by: datetime
    hours_left: int
    is_closed: bool
    waits_for_us: bool
    is_answered: bool


@dataclass(frozen=True)
class Line:
    """One line as it is read; `text` None: the kind says it all."""

    words: str
    text: str | None
    said_at: datetime
    by: str


@dataclass(frozen=True)
class Party:
    """One organisation concerned; `seen_at` None: nobody there has opened it; `told` None: they said nothing of it."""

    name: str
    seen_at: datetime | None
    told: str | None
    has_agreed: bool
    is_own: bool


@dataclass(frozen=True)
class IncidentPage:
    """The one screen."""

    summary: IncidentSummary
    what_happened: str
    opened_at: datetime
    parties: list[Party]
    people: list[str]
    lines: list[Line]


def lines_of(incident_id: UUID) -> Sequence[IncidentLine]:
    """Everything that was said, in its order."""
    return db.session.scalars(
        select(IncidentLine).where(IncidentLine.incident_id == incident_id).order_by(IncidentLine.sequence)
    ).all()


def said(lines: Sequence[IncidentLine]) -> list[Said]:
    """The same, as the rules read it."""
    return [Said(Kind(line.kind), line.organisation_id, line.subject_id) for line in lines]


def find_incidents(actor: Actor) -> list[IncidentSummary]:
    """Incidents that concern the reader's organisation: every open one first, then the latest of those closed.

    Raises:
        Forbidden: the role handles no incidents.
    """
    check_role(Permission.HANDLE_INCIDENTS, actor.role)
    concerning = select(IncidentLine.incident_id).where(
        IncidentLine.kind == str(Kind.CONCERNED), IncidentLine.subject_id == actor.organisation_id
    )
    newest = select(Incident).where(Incident.id.in_(concerning)).order_by(Incident.noticed_at.desc())
    rows = [
        *db.session.scalars(newest.where(_is_open())),
        *db.session.scalars(newest.where(not_(_is_open())).limit(CLOSED_SHOWN)),
    ]
    lines = _lines_by_incident([row.id for row in rows])
    return [_summary(actor, row, said(lines[row.id])) for row in rows]


def _is_open() -> ColumnElement[bool]:
    """A condition on `Incident`, as `rules.is_closed` says it the other way round."""
    named = aliased(IncidentLine)
    return exists().where(
        named.incident_id == Incident.id,
        named.kind == str(Kind.CONCERNED),
        not_(_has_agreed(named.incident_id, named.subject_id)),
    )


def _has_agreed(incident_id: Any, organisation_id: Any) -> ColumnElement[bool]:
    """A condition, as `rules.agreed` says it: nothing was added since the organisation agreed."""
    agreed, added = aliased(IncidentLine), aliased(IncidentLine)
    last_added = (
        select(func.max(added.sequence))
        .where(added.incident_id == agreed.incident_id, added.kind.not_in([str(one) for one in rules.ADDS_NOTHING]))
        .scalar_subquery()
    )
    return exists().where(
        agreed.incident_id == incident_id,
        agreed.kind == str(Kind.AGREED),
        agreed.organisation_id == organisation_id,
        agreed.sequence > last_added,
    )


def _lines_by_incident(ids: Sequence[UUID]) -> dict[UUID, list[IncidentLine]]:
    found: dict[UUID, list[IncidentLine]] = {one: [] for one in ids}
    for line in db.session.scalars(
        select(IncidentLine).where(IncidentLine.incident_id.in_(ids)).order_by(IncidentLine.sequence)
    ):
        found[line.incident_id].append(line)
    return found


def count_waiting(actor: Actor) -> int:
    """How many open incidents wait for the reader's organisation: shown in the menu of every page of an officer."""
    if not can(Permission.HANDLE_INCIDENTS, facts_of_role(actor.role, may_sign=False)):
        return 0
    named = aliased(IncidentLine)
    waiting = select(func.count(named.incident_id.distinct())).where(
        named.kind == str(Kind.CONCERNED),
        named.subject_id == actor.organisation_id,
        not_(_has_agreed(named.incident_id, actor.organisation_id)),
    )
    return db.session.scalar(waiting) or 0


def _summary(actor: Actor, row: Incident, everything: Sequence[Said]) -> IncidentSummary:
    is_closed = rules.is_closed(everything)
    return IncidentSummary(
        id=row.id,
        title=row.title,
        noticed_at=row.noticed_at,
        tell_by=rules.tell_by(row.noticed_at),
        hours_left=rules.hours_left(row.noticed_at, now=clock.now()),
        is_closed=is_closed,
        waits_for_us=not is_closed and actor.organisation_id not in rules.agreed(everything),
        is_answered=rules.answered_the_clock(everything, actor.organisation_id) is not None,
    )


def check_concerned(actor: Actor, everything: Sequence[Said]) -> None:
    """Whether this reader's organisation is one of those concerned, and they speak for it.

    Raises:
        Forbidden: the role handles no incidents.
        NotFound: the organisation is not concerned: as if there were none.
    """
    check_role(Permission.HANDLE_INCIDENTS, actor.role)
    if actor.organisation_id not in rules.concerned(everything):
        raise NotFound


def get_incident(actor: Actor, incident_id: UUID) -> IncidentPage:
    """One incident, with the same facts for every organisation concerned; only names of people are for the permitted.

    Raises:
        Forbidden, NotFound: as `check_concerned` says.
    """
    row, lines = db.session.get(Incident, incident_id), lines_of(incident_id)
    everything = said(lines)
    check_concerned(actor, everything)
    if row is None:
        raise NotFound
    names = _organisation_names(rules.concerned(everything))
    return IncidentPage(
        summary=_summary(actor, row, everything),
        what_happened=row.what_happened,
        opened_at=row.opened_at,
        parties=[_party(actor, lines, one, names[one]) for one in rules.concerned(everything)],
        people=_people(actor, lines),
        lines=[_line(line, names) for line in lines if line.kind != Kind.SEEN],
    )


def _organisation_names(ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = db.session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _party(actor: Actor, lines: Sequence[IncidentLine], organisation_id: UUID, name: str) -> Party:
    everything = said(lines)
    told = rules.answered_the_clock(everything, organisation_id)
    seen_at = next((line.said_at for line in lines if line.organisation_id == organisation_id), None)
    return Party(
        name=name,
        seen_at=seen_at,
        told=ANSWER_WORDS[told] if told else None,
        has_agreed=organisation_id in rules.agreed(everything),
        is_own=organisation_id == actor.organisation_id,
    )


def _people(actor: Actor, lines: Sequence[IncidentLine]) -> list[str]:
    """As many for every reader; a name only for whoever may know that this person is on the register."""
    ids = [line.subject_id for line in lines if line.kind == Kind.PERSON and line.subject_id is not None]
    names = names_of([one for one in ids if may_know_of(actor, one)])
    return [names.get(one, UNNAMED) for one in ids]


def _line(line: IncidentLine, names: dict[UUID, str]) -> Line:
    about = names.get(line.subject_id) if line.subject_id and line.kind == Kind.CONCERNED else line.text
    by = f"{line.clinician_name}, {ROLE_LABELS[Role(line.role)]}, {line.organisation_name}"
    return Line(KIND_WORDS[Kind(line.kind)], about, line.said_at, by)


def other_organisations(actor: Actor, *, but: Sequence[UUID] = ()) -> dict[str, str]:
    """Open organisations that share the register, by name, but the reader's own and those named.

    Raises:
        Forbidden: the role handles no incidents.
    """
    check_role(Permission.HANDLE_INCIDENTS, actor.role)
    rows = db.session.execute(
        select(Organisation.id, Organisation.name)
        .where(Organisation.closed_on.is_(None), Organisation.id.not_in([actor.organisation_id, *but]))
        .order_by(Organisation.name)
    )
    return {str(row.id): row.name for row in rows}


def others_not_concerned(actor: Actor, incident_id: UUID) -> dict[str, str]:
    """Organisations that could still be added to an incident.

    Raises:
        Forbidden, NotFound: as `check_concerned` says.
    """
    everything = said(lines_of(incident_id))
    check_concerned(actor, everything)
    return other_organisations(actor, but=rules.concerned(everything))
