"""Who looks after a person, and who else could be asked to."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_, select

from epaccs.access.model import EntryScope, Relationship
from epaccs.access.queries import Standing, get_standing
from epaccs.access.rules import Permission
from epaccs.agreements.queries import level_between
from epaccs.agreements.rules import Level
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.register.queries import is_restricted_now
from epaccs.relationships.rules import Receiver, Team, Teams, may_be_referred_to


def get_teams(actor: Actor, entry_id: UUID) -> tuple[Standing, Teams]:
    """Who looks after a person now and who did, for somebody whose own team may be one of them.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    standing = get_standing(actor, entry_id, Permission.ANSWER_FOR_TEAM)
    return standing, find_teams(actor, entry_id)


def find_teams(actor: Actor, entry_id: UUID) -> Teams:
    """The teams as they are now; whoever asks has asked `access`."""
    scope = get_scope(entry_id)
    is_anonymous = is_restricted_now(entry_id) and scope.practice_id != actor.organisation_id
    now, own_id = clock.now(), actor.organisation_id
    named = [one for one in find_all(entry_id) if own_id in (one.organisation_id, one.asked_by) or not is_anonymous]
    current = [one for one in named if one.is_current(now)]
    return Teams(
        own=tuple(one for one in current if one.organisation_id == own_id),
        others=tuple(one for one in current if one.organisation_id != own_id),
        former=tuple(one for one in named if not one.is_current(now)),
        is_usual_practice=scope.practice_id == actor.organisation_id,
        is_anonymous=is_anonymous,
    )


def get_scope(entry_id: UUID, *, lock: bool = False) -> EntryScope:
    """What of the entry decides who may reach it.

    Args:
        lock: hold it until the action is over, so that two who answer at once answer one after the other.

    Raises:
        NotFound: there is no such entry.
    """
    scope = db.session.get(EntryScope, entry_id, with_for_update=lock, populate_existing=lock)
    if scope is None:
        raise NotFound
    return scope


def find_all(entry_id: UUID) -> list[Team]:
    """Every relationship that was ever recorded, the newest first; whoever asks has asked `access`."""
    rows = db.session.execute(
        select(
            Relationship.id,
            Relationship.organisation_id,
            Organisation.name,
            Organisation.telephone,
            Relationship.reason,
            Relationship.from_at,
            Relationship.until_at,
            Relationship.confirmed_at,
            Relationship.end_reason,
            Relationship.asked_by,
        )
        .join(Organisation, Organisation.id == Relationship.organisation_id)
        .where(Relationship.entry_id == entry_id)
        .order_by(Relationship.from_at.desc(), Relationship.id)
    )
    return [Team(**row._mapping) for row in rows]


def find_receivers(actor: Actor, entry_id: UUID) -> dict[str, str]:
    """The other teams of the person's area, and of the reader's, that somebody may be referred to; id and name."""
    own = select(Organisation.area).where(Organisation.id == actor.organisation_id).scalar_subquery()
    rows = db.session.execute(
        select(Organisation.id, Organisation.name, Organisation.type)
        .where(
            Organisation.closed_on.is_(None),
            Organisation.id != actor.organisation_id,
            or_(Organisation.area == get_scope(entry_id).area, Organisation.area == own),
        )
        .order_by(Organisation.name, Organisation.id)
    )
    return {str(row.id): row.name for row in rows if may_be_referred_to(OrganisationType(row.type))}


def find_receiver(organisation_id: UUID, practice_id: UUID | None) -> Receiver | None:
    """A team that somebody may be referred to, with how far an agreement with the practice covers it; None: none."""
    level = level_between(Organisation.id, practice_id, clock.today())
    row = db.session.execute(
        select(Organisation.name, Organisation.type, level.label("level")).where(
            Organisation.id == organisation_id, Organisation.closed_on.is_(None)
        )
    ).first()
    if row is None or not may_be_referred_to(OrganisationType(row.type)):
        return None
    is_own = organisation_id == practice_id
    return Receiver(organisation_id, row.name, Level.WHOLE if is_own else Level(row.level or Level.NONE))
