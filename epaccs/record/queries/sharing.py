"""Who can see one record now."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select

from epaccs.access.model import EntryScope, Relationship
from epaccs.access.queries import get_standing, is_current, is_refusal_overridden
from epaccs.access.rules import Permission
from epaccs.agreements.queries import level_between
from epaccs.agreements.rules import Level
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.record.queries.summaries import get_who
from epaccs.record.rules.sharing import Looker, Person, Place, State, find_lookers, state_of
from epaccs.record.summary import RecordSummary
from epaccs.register.queries import is_restricted_now


@dataclass(frozen=True)
class Sharing:
    """Who can see a record now, and how it stands with its sharing.

    `is_anonymous`: where the person is must not be told, so no organisation is named.
    `opens_though_refused`: the person said no to sharing, and the area lets an emergency open it all the same.
    """

    who: RecordSummary
    state: State
    lookers: tuple[Looker, ...]
    is_anonymous: bool
    opens_though_refused: bool = False


def get_sharing(actor: Actor, entry_id: UUID) -> Sharing:
    """Every organisation that has a reason to look at a record, and how far an agreement lets it.

    Raises:
        NotFound, Forbidden: as `access` says.

    Source: hazard H-62.
    """
    standing = get_standing(actor, entry_id, Permission.VIEW_WHO_HAS_LOOKED)
    row = db.session.get(EntryScope, entry_id)
    if row is None:
        raise NotFound
    person = Person(row.practice_id, row.residence_id, row.registrar_id, row.is_shared)
    lookers = find_lookers(person, _find_places(row))
    return Sharing(
        get_who(standing),
        state_of(person, lookers),
        tuple(lookers),
        is_anonymous=is_restricted_now(entry_id),
        opens_though_refused=is_refusal_overridden(row),
    )


def _find_places(row: EntryScope) -> list[Place]:
    """Open organisations of the area, those with a relationship, the practice and the home; in two reads."""
    related: dict[UUID, set[str]] = {}
    current = select(Relationship.organisation_id, Relationship.reason).where(
        Relationship.entry_id == row.entry_id, is_current(clock.now())
    )
    for relationship in db.session.execute(current):
        related.setdefault(relationship.organisation_id, set()).add(relationship.reason)
    named = [one for one in (row.practice_id, row.residence_id, row.registrar_id, *related) if one is not None]
    in_area = Organisation.area == row.area
    level = level_between(Organisation.id, row.practice_id, clock.today())
    rows = db.session.execute(
        select(Organisation.id, Organisation.name, Organisation.type, Organisation.area, level.label("level")).where(
            Organisation.closed_on.is_(None), or_(Organisation.id.in_(named), in_area)
        )
    )
    return [
        Place(
            one.id,
            one.name,
            OrganisationType(one.type),
            is_in_area=bool(row.area) and one.area == row.area,
            related=frozenset(related.get(one.id, ())),
            level=Level(one.level or Level.NONE),
        )
        for one in rows
    ]
