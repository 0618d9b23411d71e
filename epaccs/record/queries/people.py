"""The people a reader cares for: their practice's, their caseload's, their residents; never a whole area."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from epaccs.access.actions import record_list_viewed
from epaccs.access.model import EntryScope
from epaccs.access.queries import reachable_entries
from epaccs.access.rules import ACCESS_TABLE, Scope
from epaccs.clinicians.rules import Actor
from epaccs.core.db import db
from epaccs.record.model import SearchPerson

#: Scopes under which a list of people is a caseload and not browsing (feature F43: no browsing).
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


@dataclass(frozen=True)
class PeopleList:
    """One page of the people, by family name."""

    people: tuple[Listed, ...]
    total: int
    page: int

    @property
    def has_more(self) -> bool:
        """Whether a next page has people on it."""
        return self.page * PAGE < self.total


def has_list(actor: Actor) -> bool:
    """Whether the role has a caseload: a service for a whole area searches instead."""
    scopes = ACCESS_TABLE[actor.role].scopes
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
    ordered = reached.order_by(SearchPerson.family_name, SearchPerson.given_name, SearchPerson.entry_id)
    rows = db.session.scalars(ordered.offset((page - 1) * PAGE).limit(PAGE)).all()
    record_list_viewed(actor, list_name="people", count=len(rows))
    return PeopleList(tuple(_listed(row) for row in rows), total, page)


def _listed(row: SearchPerson) -> Listed:
    return Listed(
        row.entry_id, row.family_name, row.given_name, row.title, row.born_on, row.nhs_number, row.death_status
    )
