"""What is true of one reader and one person now, in as few reads as can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Row, Uuid, and_, bindparam, exists, not_, or_, select
from sqlalchemy.orm import aliased

from epaccs.access.model import AccessGrant, EntryScope, Relationship
from epaccs.access.rules import (
    ACCESS_TABLE,
    AccessReason,
    Fact,
    Permission,
    Scope,
    Tier,
    can,
    check,
    check_role,
    facts_of_role,
    visible_tiers,
)
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Clinician, Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.db import UTCDateTime, db
from epaccs.core.errors import NotFound

INCIDENT_HOURS = 12


Names = Callable[[Sequence[UUID]], dict[UUID, str]]
_names: list[Names] = []


def use_names(names: Names) -> None:
    """Let the register, a room above, say what entries are called: family name, first name, born."""
    _names[:] = [names]


def names_of(entry_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What people are called on a list. Callers have asked who may be listed before."""
    known = _names[0](entry_ids) if _names and entry_ids else {}
    return {entry_id: known.get(entry_id, "A person on the register") for entry_id in entry_ids}


@dataclass(frozen=True)
class Standing:
    """How one reader stands to one person at this moment.

    `identifiers_checked` None: no reason was given yet; empty: "cannot check", which stays on the card.
    `last_looked_at`: when the reader saw this record before giving the reason that counts now; None: never.
    """

    entry_id: UUID
    facts: frozenset[Fact]
    tiers: frozenset[Tier]
    reason: AccessReason | None
    identifiers_checked: tuple[str, ...] | None
    is_shared: bool
    is_open: bool
    last_looked_at: datetime | None = None

    def can(self, permission: Permission) -> bool:
        """Whether this reader may do this to this person."""
        return can(permission, self.facts)


def find_standing(actor: Actor, entry_id: UUID, *, given: AccessReason | None = None) -> Standing | None:
    """How the actor stands to the person; None: there is no such entry.

    One statement: the entry's scope, the current relationship, and the reason given in this session.

    Args:
        given: the reason that was given on a tablet without signal; None: none was.
    """
    now = clock.now()
    asked = {
        "entry_id": entry_id,
        "clinician_id": actor.clinician_id,
        "organisation_id": actor.organisation_id,
        "session_id": actor.session_id,
        "now": now,
    }
    row = db.session.execute(_STANDING, asked).first()
    if row is None:
        return None
    resident = row.residence_id is not None and row.residence_id == actor.organisation_id
    facts = set(facts_of_role(actor.role, may_sign=actor.may_sign))
    if _is_in_scope(actor, row):
        facts.add(Fact.IN_SCOPE)
    reason = AccessReason(row.reason) if row.reason else None
    if reason or given:
        facts.add(Fact.REASON_GIVEN)
    if reason is AccessReason.EMERGENCY and (row.in_scope or _may_be_opened_by_others(row)):
        facts.add(Fact.EMERGENCY_OPENED)
    if given is AccessReason.EMERGENCY and Fact.BREAKS_GLASS in facts and _may_be_opened_by_others(row):
        facts.add(Fact.EMERGENCY_OPENED)
    incident = reason is not None and row.given_at > now - timedelta(hours=INCIDENT_HOURS)
    return Standing(
        entry_id=entry_id,
        facts=frozenset(facts),
        tiers=visible_tiers(actor.role, incident=incident, resident=resident),
        reason=reason,
        identifiers_checked=tuple(row.identifiers_checked) if reason else None,
        is_shared=row.is_shared,
        is_open=row.is_open,
        last_looked_at=row.last_looked_at if reason else None,
    )


def get_standing(
    actor: Actor, entry_id: UUID, permission: Permission, *, given: AccessReason | None = None
) -> Standing:
    """The actor's standing, having the permission; `given` as for `find_standing`.

    Raises:
        NotFound: no such entry, or none that this reader may know of (as if absent).
        Forbidden: the entry may be known, but not this.
    """
    standing = find_standing(actor, entry_id, given=given)
    if standing is None or Fact.SEES_THAT_A_RECORD_EXISTS not in standing.facts:
        raise NotFound
    if not standing.facts & {Fact.IN_SCOPE, Fact.EMERGENCY_OPENED} and permission is not Permission.BREAK_GLASS:
        raise NotFound
    if permission is Permission.BREAK_GLASS and not standing.is_shared and Fact.IN_SCOPE not in standing.facts:
        raise NotFound
    check(permission, standing.facts, role=actor.role)
    return standing


def _may_be_opened_by_others(row: Row[Any]) -> bool:
    """Whoever withdrew sharing is not opened from outside even in an emergency; the practice is rung instead."""
    return bool(row.is_shared)


def _is_in_scope(actor: Actor, row: Row[Any]) -> bool:
    """Whether one of the role's scopes reaches the person.

    Not shared means: only the practice; while nobody was asked about sharing, also whoever registered them.

    Source: access table, words of scope; consent to share, SCCI1580 item 1.
    """
    own_practice = row.practice_id is not None and row.practice_id == actor.organisation_id
    if not row.is_shared:
        registered_it = row.registrar_id is not None and row.registrar_id == actor.organisation_id
        return registered_it or (own_practice and Scope.OWN_PRACTICE in ACCESS_TABLE[actor.role].scopes)
    reached = {
        Scope.OWN_PRACTICE: own_practice,
        Scope.RELATIONSHIP: row.has_relationship,
        Scope.AREA: bool(row.organisation_area) and row.area == row.organisation_area,
        Scope.RESIDENTS: row.residence_id is not None and row.residence_id == actor.organisation_id,
        Scope.OWN_ORGANISATION: own_practice or row.has_relationship,
    }
    return any(reached[scope_word] for scope_word in ACCESS_TABLE[actor.role].scopes)


def is_current(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """A condition on `Relationship`: it stands at this moment."""
    return and_(Relationship.from_at <= now, or_(Relationship.until_at.is_(None), Relationship.until_at > now))


def _build_standing_statement() -> Any:
    """Scope, relationship and latest reason in one read, put together once: every page about a person waits for it.

    A reason counts in the session it was given in, without one in any; an emergency outlives a lost session for the
    same clinician.
    """
    grant = aliased(AccessGrant)
    entry_id, organisation_id = bindparam("entry_id", type_=Uuid), bindparam("organisation_id", type_=Uuid)
    session_id, now = bindparam("session_id", type_=Uuid), bindparam("now", type_=UTCDateTime)
    latest = (
        select(grant.id)
        .where(
            grant.entry_id == entry_id,
            grant.clinician_id == bindparam("clinician_id"),
            grant.organisation_id == organisation_id,
            grant.until_at > now,
            or_(session_id.is_(None), grant.session_id == session_id, grant.reason == str(AccessReason.EMERGENCY)),
        )
        .order_by(grant.given_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    related = exists().where(
        Relationship.entry_id == entry_id,
        Relationship.organisation_id == organisation_id,
        is_current(now),
    )
    return (
        select(
            EntryScope.practice_id,
            EntryScope.registrar_id,
            EntryScope.area,
            EntryScope.residence_id,
            EntryScope.is_shared,
            EntryScope.is_open,
            Organisation.area.label("organisation_area"),
            related.label("has_relationship"),
            AccessGrant.reason,
            AccessGrant.in_scope,
            AccessGrant.identifiers_checked,
            AccessGrant.given_at,
            AccessGrant.last_looked_at,
        )
        .select_from(EntryScope)
        .join(Organisation, Organisation.id == organisation_id)
        .outerjoin(AccessGrant, AccessGrant.id == latest)
        .where(EntryScope.entry_id == entry_id)
    )


_STANDING = _build_standing_statement()


def reachable_entries(actor: Actor):  # type: ignore[no-untyped-def]
    """A condition on `EntryScope.entry_id`: the entries in the actor's scope, for lists and search."""
    scopes = ACCESS_TABLE[actor.role].scopes
    own_practice = EntryScope.practice_id == actor.organisation_id
    related = exists().where(
        Relationship.entry_id == EntryScope.entry_id,
        Relationship.organisation_id == actor.organisation_id,
        is_current(clock.now()),
    )
    conditions = [and_(EntryScope.registrar_id == actor.organisation_id, not_(EntryScope.is_shared))]
    if Scope.OWN_PRACTICE in scopes or Scope.OWN_ORGANISATION in scopes:
        conditions.append(own_practice)
    if Scope.RELATIONSHIP in scopes or Scope.OWN_ORGANISATION in scopes:
        conditions.append(and_(EntryScope.is_shared, related))
    if Scope.RESIDENTS in scopes:
        conditions.append(and_(EntryScope.is_shared, EntryScope.residence_id == actor.organisation_id))
    if Scope.AREA in scopes:
        area = select(Organisation.area).where(Organisation.id == actor.organisation_id).scalar_subquery()
        conditions.append(and_(EntryScope.is_shared, EntryScope.area == area, EntryScope.area != ""))
    return or_(*conditions)


@dataclass(frozen=True)
class Opening:
    """One emergency opening that a privacy officer looks at. `review_outcome` None: not looked at yet."""

    id: UUID
    person: str
    clinician_name: str
    role: Role
    in_scope: bool
    identifiers_checked: tuple[str, ...]
    given_at: datetime
    review_outcome: str | None


def openings_to_review(actor: Actor, *, limit: int = 100) -> list[Opening]:
    """Emergency openings by the officer's own organisation: those not looked at first, oldest first.

    Source: NHS shared-summary access controls, privacy officer alerts; hazard H-05.
    """
    check_role(Permission.REVIEW_ACCESS, actor.role)
    rows = db.session.execute(
        select(AccessGrant, Clinician.name)
        .join(Clinician, Clinician.id == AccessGrant.clinician_id)
        .where(AccessGrant.organisation_id == actor.organisation_id, AccessGrant.reason == str(AccessReason.EMERGENCY))
        .order_by(AccessGrant.reviewed_at.is_not(None), AccessGrant.given_at)
        .limit(limit)
    ).all()
    names = names_of([grant.entry_id for grant, _ in rows])
    return [
        Opening(
            grant.id,
            names[grant.entry_id],
            clinician_name,
            Role(grant.role),
            grant.in_scope,
            tuple(grant.identifiers_checked),
            grant.given_at,
            grant.review_outcome,
        )
        for grant, clinician_name in rows
    ]


#: What a tablet brought that does not fit together, in the words that a privacy officer reads.
ALARMS: dict[EventKind, str] = {
    EventKind.TABLET_GAP: "An entry that was made on it has not come",
    EventKind.TABLET_LOOKS_MISSING: "Looks are missing from its book of who looked",
    EventKind.TABLET_LOOKS_BROKEN: "Its book of who looked was changed, or cannot be read",
    EventKind.TABLET_COPIED: "There seem to be two tablets of this name: both were taken out of use",
    EventKind.TABLET_FORGED: "An entry came in its name that nobody had signed on it",
    EventKind.EDIT_OTHER_WORDS: "An entry came a second time with other words",
    EventKind.EDIT_FAILED: "The register failed at an entry from it, and keeps it. Tell whoever runs the register",
}


@dataclass(frozen=True)
class Alarm:
    """What a tablet brought that does not fit together; `label`: by which colleagues know the tablet."""

    at: datetime
    label: str
    words: str


def tablet_alarms(actor: Actor, *, limit: int = 50) -> list[Alarm]:
    """What the tablets of the officer's own organisation brought that does not fit together, newest first.

    Source: hazards H-18 and H-50.
    """
    check_role(Permission.REVIEW_ACCESS, actor.role)
    rows = db.session.execute(
        select(AuditEvent.at, AuditEvent.kind, AuditEvent.details)
        .where(AuditEvent.organisation_id == actor.organisation_id, AuditEvent.kind.in_([str(kind) for kind in ALARMS]))
        .order_by(AuditEvent.at.desc())
        .limit(limit)
    )
    return [Alarm(row.at, row.details.get("label", ""), ALARMS[EventKind(row.kind)]) for row in rows]
