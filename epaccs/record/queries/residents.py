"""Who lives in which care home and whom a team looks after, as far as a list may say it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, not_, or_, select

from epaccs.access.model import EntryScope
from epaccs.access.queries import is_looked_after, reachable_entries
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType
from epaccs.core.db import db
from epaccs.record.model import SearchPerson
from epaccs.record.rules.search_keys import find_room
from epaccs.register.rules import DeathStatus
from epaccs.register.sections import IDENTITY
from epaccs.versions.model import SectionHead


@dataclass(frozen=True)
class Home:
    """A care home, with how many of its residents a reader may see."""

    id: UUID
    name: str
    residents: int = 0


@dataclass(frozen=True)
class Residence:
    """In which home somebody lives, and in which room; `room` blank: the address does not say."""

    home_id: UUID
    home_name: str
    room: str


def _is_listed() -> ColumnElement[bool]:
    """On the list of a home stands nobody whose address is restricted, and nobody whose death was confirmed.

    Source: hazard H-11 (a protected address disclosed).
    """
    return and_(_is_alive(), not_(SearchPerson.is_restricted))


def _is_alive() -> ColumnElement[bool]:
    """On the register, and nobody confirmed a death."""
    is_alive = or_(SearchPerson.death_status.is_(None), SearchPerson.death_status != str(DeathStatus.CONFIRMED))
    return and_(EntryScope.is_open, is_alive)


def find_residences(entry_ids: Iterable[UUID]) -> dict[UUID, Residence]:
    """Where each lives who lives in a care home and may stand on its list. Callers have asked `access` before."""
    rows = db.session.execute(
        select(EntryScope.entry_id, Organisation.id, Organisation.name, SectionHead.value)
        .join(Organisation, Organisation.id == EntryScope.residence_id)
        .join(SearchPerson, SearchPerson.entry_id == EntryScope.entry_id)
        .join(SectionHead, and_(SectionHead.entry_id == EntryScope.entry_id, SectionHead.section == IDENTITY))
        .where(EntryScope.entry_id.in_(list(entry_ids)), _is_a_home(), _is_listed())
    )
    return {row.entry_id: Residence(row.id, row.name, find_room(row.value.get("address") or "")) for row in rows}


def homes_of(actor: Actor) -> list[Home]:
    """The homes in which somebody lives whom the reader reaches, by name."""
    rows = db.session.execute(
        select(Organisation.id, Organisation.name, func.count().label("residents"))
        .join(EntryScope, EntryScope.residence_id == Organisation.id)
        .join(SearchPerson, SearchPerson.entry_id == EntryScope.entry_id)
        .where(_is_a_home(), _is_listed(), reachable_entries(actor))
        .group_by(Organisation.id, Organisation.name)
        .order_by(Organisation.name, Organisation.id)
    )
    return [Home(row.id, row.name, row.residents) for row in rows]


def find_home(home_id: UUID) -> Home | None:
    """A care home that shares the register, by its id; None: there is none."""
    found = db.session.execute(
        select(Organisation.id, Organisation.name).where(Organisation.id == home_id, _is_a_home())
    ).first()
    return Home(found.id, found.name) if found else None


def residents_of(actor: Actor, home_id: UUID) -> list[UUID]:
    """Everybody in the home whom the access table gives this reader, as it stands now."""
    return list(
        db.session.scalars(
            select(EntryScope.entry_id)
            .join(SearchPerson, SearchPerson.entry_id == EntryScope.entry_id)
            .where(EntryScope.residence_id == home_id, _is_listed(), reachable_entries(actor))
            .order_by(EntryScope.entry_id)
        )
    )


def looked_after_by(actor: Actor) -> list[UUID]:
    """Everybody whom the reader's own team looks after and the access table gives this reader, as it stands now.

    Whoever's address is restricted is among them: a list of a team tells no place of theirs.
    """
    return list(
        db.session.scalars(
            select(EntryScope.entry_id)
            .join(SearchPerson, SearchPerson.entry_id == EntryScope.entry_id)
            .where(is_looked_after(actor), _is_alive(), reachable_entries(actor))
            .order_by(EntryScope.entry_id)
        )
    )


def _is_a_home() -> ColumnElement[bool]:
    return Organisation.type == str(OrganisationType.CARE_HOME)
