"""The people a reader cares for: their practice's, their caseload's, their residents; never a whole area."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import case, func, select

from epaccs.access.actions import record_list_viewed
from epaccs.access.model import EntryScope
from epaccs.access.queries import reachable_entries
from epaccs.access.rules import Scope, row_of
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.record.model import SearchPerson
from epaccs.register.model import RegisterEntry
from epaccs.register.queries import reviews_due

#: Scopes under which a list of people is a caseload and not browsing (nobody leafs through the register).
LISTED = frozenset({Scope.OWN_PRACTICE, Scope.RELATIONSHIP, Scope.RESIDENTS})
PAGE = 50


@dataclass(frozen=True)
class Listed:
    """One person on the list."""

    entry_id: UUID
    family_name: str
    given_name: str
    title: str | None
    born_on: date
    nhs_number: str | None
    death_status: str | None
    review_due_on: date | None
    is_overdue: bool


@dataclass(frozen=True)
class PeopleList:
    """One page of the people: reviews overdue first, then by family name."""

    people: tuple[Listed, ...]
    total: int
    page: int

    @property
    def has_more(self) -> bool:
        """Whether a next page has people on it."""
        return self.page * PAGE < self.total


def has_list(actor: Actor) -> bool:
    """Whether the role has a caseload: a service for a whole area searches instead."""
    scopes = row_of(actor.role).scopes
    return Scope.AREA not in scopes and bool(LISTED & set(scopes))


def people_of(actor: Actor, *, page: int = 1) -> PeopleList:
    """The open entries in the reader's scope; the list is recorded, with its length."""
    if not has_list(actor):
        return PeopleList((), 0, page)
    reached = (
        select(SearchPerson)
        .join(EntryScope, EntryScope.entry_id == SearchPerson.entry_id)
        .where(EntryScope.is_open, reachable_entries(actor))
    )
    total = db.session.scalar(select(func.count()).select_from(reached.subquery())) or 0
    ordered = reached.join(RegisterEntry, RegisterEntry.entry_id == SearchPerson.entry_id).order_by(
        case((RegisterEntry.review_due_on < clock.today(), 0), else_=1),
        SearchPerson.family_name,
        SearchPerson.given_name,
        SearchPerson.entry_id,
    )
    rows = db.session.scalars(ordered.offset((page - 1) * PAGE).limit(PAGE)).all()
    record_list_viewed(actor, list_name="people", count=len(rows))
    due, today = reviews_due([row.entry_id for row in rows]), clock.today()
    return PeopleList(tuple(_listed(row, due.get(row.entry_id), today) for row in rows), total, page)


def _listed(row: SearchPerson, due_on: date | None, today: date) -> Listed:
    return Listed(
        entry_id=row.entry_id,
        family_name=row.family_name,
        given_name=row.given_name,
        title=row.title,
        born_on=row.born_on,
        nhs_number=row.nhs_number,
        death_status=row.death_status,
        review_due_on=due_on,
        is_overdue=due_on is not None and due_on < today,
    )
