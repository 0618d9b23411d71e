"""What is true of one reader and one person now, in as few reads as can be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    Row,
    Uuid,
    and_,
    bindparam,
    exists,
    false,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from epaccs.access.model import AccessGrant, EntryScope, Relationship
from epaccs.access.rules import (
    ACCESS_TABLE,
    AccessReason,
    Fact,
    Permission,
    RoleRow,
    Scope,
    Tier,
    can,
    check,
    check_role,
    covered_tiers,
    facts_of_role,
    row_of,
    use_table,
    version_in_force,
    visible_tiers,
)
from epaccs.access.versions import Changed, changes_between, check_floor, from_content
from epaccs.agreements.queries import covered_practices, level_between
from epaccs.agreements.rules import Level
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Clinician, Organisation
from epaccs.clinicians.rules import ACCESS_TABLE as ACCESS_TABLE_SETTING
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.db import UTCDateTime, db
from epaccs.core.errors import NotFound, RulesBroken
from epaccs.core.two_names import ChangeStanding, SettingChange, newest_number, number_in_force

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


#: Says in SQL, of the id of an entry, whether the person refused or withdrew sharing.
Refused = Callable[[Any], ColumnElement[bool]]
_refused: list[Refused] = []


def use_refusals(refused: Refused | None) -> None:
    """Let an emergency open whoever said no to sharing, as the area decided; None: it decided no such thing.

    Source: ADR 0043; hazard H-11.
    """
    _refused[:] = [refused] if refused else []


def is_opened_though_refused(entry_id: Any) -> ColumnElement[bool]:
    """A condition: the person said no to sharing, and the area lets an emergency open their record all the same."""
    return _refused[0](entry_id) if _refused else false()


# --- Which table holds -----------------------------------------------------------------------------------------------

_log = logging.getLogger("epaccs.access")


def follow_table(number: int) -> None:
    """Hold to the version of the access table that the database says; nothing is read while it is the same.

    A version that this release cannot keep to is not used: then the table holds that the register comes with.

    Source: ADR 0037; hazard H-65.
    """
    if number != version_in_force():
        use_table(number, find_table(number))


def follow_newest_table() -> None:
    """The same where neither session nor lease was read: for everybody, for what is sealed, and for a command."""
    follow_table(db.session.scalar(_IN_FORCE, {"now": clock.now()}) or 0)


_IN_FORCE = select(number_in_force(ACCESS_TABLE_SETTING))


def find_table(number: int) -> Mapping[Role, RoleRow]:
    """The table of a version; 0, and one that crosses the floor of this release: as the register comes with."""
    content = db.session.scalar(
        select(SettingChange.content).where(
            SettingChange.setting == ACCESS_TABLE_SETTING, SettingChange.number == number
        )
    )
    if content is None:
        return ACCESS_TABLE
    table = from_content(content)
    try:
        check_floor(table)
    except RulesBroken:
        _log.error("A version of the access table is not used: this release refuses it", extra={"version": number})
        return ACCESS_TABLE
    return table


@dataclass(frozen=True)
class TableChange:
    """One proposed or approved change of the access table, in words.

    `number` None: not approved. `is_mine`: whoever looks proposed it.
    """

    id: UUID
    number: int | None
    standing: ChangeStanding
    changes: tuple[Changed, ...]
    reason: str
    valid_from: datetime
    proposed_at: datetime
    proposed_by: str
    decided_at: datetime | None
    decided_by: str
    is_mine: bool

    @property
    def is_open(self) -> bool:
        """Whether somebody is still to decide."""
        return self.standing is ChangeStanding.PROPOSED


def table_changes(actor: Actor) -> list[TableChange]:
    """Every change of the access table, the newest first; what waits before what was decided.

    Raises:
        Forbidden: this person neither administers nor reviews access.
    """
    check_role(Permission.SEE_ACCESS_TABLE, actor.role)
    rows = db.session.scalars(
        select(SettingChange)
        .where(SettingChange.setting == ACCESS_TABLE_SETTING)
        .order_by(SettingChange.decided_at.is_not(None), SettingChange.number.desc(), SettingChange.proposed_at.desc())
    ).all()
    tables = {row.number: from_content(row.content) for row in rows if row.number} | {0: dict(ACCESS_TABLE)}
    return [_as_change(row, tables[row.based_on], actor) for row in rows]


def _as_change(row: SettingChange, before: Mapping[Role, RoleRow], actor: Actor) -> TableChange:
    return TableChange(
        id=row.id,
        number=row.number,
        standing=ChangeStanding(row.standing),
        changes=tuple(changes_between(before, from_content(row.content))),
        reason=row.reason,
        valid_from=row.valid_from,
        proposed_at=row.proposed_at,
        proposed_by=row.proposed_by_name,
        decided_at=row.decided_at,
        decided_by=row.decided_by_name or "",
        is_mine=row.proposed_by == actor.clinician_id,
    )


def get_table_change(actor: Actor, change_id: UUID) -> TableChange:
    """One of them.

    Raises:
        NotFound: there is none.
    """
    for one in table_changes(actor):
        if one.id == change_id:
            return one
    raise NotFound


def newest_table() -> tuple[int, Mapping[Role, RoleRow]]:
    """The version that was approved last, whether or not it holds yet: what a proposal changes."""
    number = newest_number(db.session(), ACCESS_TABLE_SETTING)
    return number, find_table(number)


@dataclass(frozen=True)
class Standing:
    """How one reader stands to one person at this moment.

    `identifiers_checked` None: no reason was given yet; empty: "cannot check", which stays on the card.
    `last_looked_at`: when the reader saw this record before giving the reason that counts now; None: never.
    `level`: how far an agreement covers the reader's look; the person's own practice needs none.
    `is_objected`: the person said no to sharing, and an emergency opens it to this reader because the area decided so.
    """

    entry_id: UUID
    facts: frozenset[Fact]
    tiers: frozenset[Tier]
    reason: AccessReason | None
    identifiers_checked: tuple[str, ...] | None
    is_shared: bool
    is_open: bool
    last_looked_at: datetime | None = None
    level: Level = Level.WHOLE
    is_objected: bool = False

    @property
    def opens_in_emergency(self) -> bool:
        """Whether an emergency opens it to somebody out of whose scope the person is."""
        return self.is_shared or self.is_objected

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
        "today": clock.today(),
    }
    row = db.session.execute(_STANDING, asked).first()
    if row is None:
        return None
    resident = row.residence_id is not None and row.residence_id == actor.organisation_id
    facts = set(facts_of_role(actor.role, may_sign=actor.may_sign))
    if _is_in_scope(actor, row):
        facts.add(Fact.IN_SCOPE)
    objected = Fact.IN_SCOPE not in facts and is_refusal_overridden(row)
    if objected:
        facts -= _NOT_OF_WHOEVER_OBJECTED
    reason = AccessReason(row.reason) if row.reason else None
    if reason or given:
        facts.add(Fact.REASON_GIVEN)
    if reason is AccessReason.EMERGENCY and (row.in_scope or objected or _may_be_opened_by_others(row)):
        facts.add(Fact.EMERGENCY_OPENED)
    if given is AccessReason.EMERGENCY and Fact.BREAKS_GLASS in facts and _may_be_opened_by_others(row):
        facts.add(Fact.EMERGENCY_OPENED)
    incident = reason is not None and row.given_at > now - timedelta(hours=INCIDENT_HOURS)
    level, tiers = _level(actor, row), visible_tiers(actor.role, incident=incident, resident=resident)
    return Standing(
        entry_id=entry_id,
        facts=frozenset(facts),
        tiers=tiers if Fact.EMERGENCY_OPENED in facts else covered_tiers(tiers, level),
        reason=reason,
        identifiers_checked=tuple(row.identifiers_checked) if reason else None,
        is_shared=row.is_shared,
        is_open=row.is_open,
        last_looked_at=row.last_looked_at if reason else None,
        level=level,
        is_objected=objected,
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
    opens = standing.opens_in_emergency and standing.can(permission)
    if permission is Permission.BREAK_GLASS and Fact.IN_SCOPE not in standing.facts and not opens:
        raise NotFound  # a refusal would tell whoever may not open it that there is somebody
    check(permission, standing.facts, role=actor.role)
    return standing


def _may_be_opened_by_others(row: Row[Any]) -> bool:
    """Whoever withdrew sharing is not opened from outside even in an emergency; the practice is rung instead.

    An area may decide otherwise for the page, never for a tablet: `is_refusal_overridden`.
    """
    return bool(row.is_shared)


#: What a person refused to others is read at their side, and does not leave on paper.
_NOT_OF_WHOEVER_OBJECTED = frozenset({Fact.PRINTS})


def is_refusal_overridden(scope: Row[Any] | EntryScope) -> bool:
    """Whether an emergency opens what the person refused to share; asked of the database only where an area says so.

    Source: ADR 0043; hazard H-11.
    """
    if not _refused or scope.is_shared or not scope.is_open:
        return False
    return bool(db.session.scalar(select(is_opened_though_refused(literal(scope.entry_id, Uuid)))))


def _level(actor: Actor, row: Row[Any]) -> Level:
    """How far an agreement covers the look. What is not shared flows to nobody, so there is nothing to cover.

    Source: hazard H-62.
    """
    if row.practice_id == actor.organisation_id or not row.is_shared:
        return Level.WHOLE
    return Level(row.level or Level.NONE)


def _is_in_scope(actor: Actor, row: Row[Any]) -> bool:
    """Whether one of the role's scopes reaches the person, and an agreement with their practice covers it.

    Not shared means: only the practice; while nobody was asked about sharing, also whoever registered them.

    Source: access table, words of scope; consent to share, SCCI1580 item 1.
    """
    own_practice = row.practice_id is not None and row.practice_id == actor.organisation_id
    if not row.is_shared:
        registered_it = row.registrar_id is not None and row.registrar_id == actor.organisation_id
        return registered_it or (own_practice and Scope.OWN_PRACTICE in row_of(actor.role).scopes)
    if _level(actor, row) is Level.NONE:
        return False
    reached = {
        Scope.OWN_PRACTICE: own_practice,
        Scope.RELATIONSHIP: row.has_relationship,
        Scope.AREA: bool(row.organisation_area) and row.area == row.organisation_area,
        Scope.RESIDENTS: row.residence_id is not None and row.residence_id == actor.organisation_id,
        Scope.OWN_ORGANISATION: own_practice or row.has_relationship,
    }
    return any(reached[scope_word] for scope_word in row_of(actor.role).scopes)


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
            EntryScope.entry_id,
            EntryScope.practice_id,
            EntryScope.registrar_id,
            EntryScope.area,
            EntryScope.residence_id,
            EntryScope.is_shared,
            EntryScope.is_open,
            Organisation.area.label("organisation_area"),
            related.label("has_relationship"),
            level_between(organisation_id, EntryScope.practice_id, bindparam("today", type_=Date)).label("level"),
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
    scopes = row_of(actor.role).scopes
    own_practice = EntryScope.practice_id == actor.organisation_id
    related = _is_related(actor)
    is_covered = or_(own_practice, EntryScope.practice_id.in_(covered_practices(actor.organisation_id, clock.today())))
    is_shared = and_(EntryScope.is_shared, is_covered)
    conditions = [and_(EntryScope.registrar_id == actor.organisation_id, not_(EntryScope.is_shared))]
    if Scope.OWN_PRACTICE in scopes or Scope.OWN_ORGANISATION in scopes:
        conditions.append(own_practice)
    if Scope.RELATIONSHIP in scopes or Scope.OWN_ORGANISATION in scopes:
        conditions.append(and_(is_shared, related))
    if Scope.RESIDENTS in scopes:
        conditions.append(and_(is_shared, EntryScope.residence_id == actor.organisation_id))
    if Scope.AREA in scopes:
        area = select(Organisation.area).where(Organisation.id == actor.organisation_id).scalar_subquery()
        conditions.append(and_(is_shared, EntryScope.area == area, EntryScope.area != ""))
    return or_(*conditions)


def _is_related(actor: Actor):  # type: ignore[no-untyped-def]
    return exists().where(
        Relationship.entry_id == EntryScope.entry_id,
        Relationship.organisation_id == actor.organisation_id,
        is_current(clock.now()),
    )


def is_looked_after(actor: Actor):  # type: ignore[no-untyped-def]
    """A condition on `EntryScope.entry_id`: those whom the actor's own team or practice looks after now.

    It says nothing of what the actor may see: callers ask for `reachable_entries` too.
    """
    return or_(EntryScope.practice_id == actor.organisation_id, _is_related(actor))


@dataclass(frozen=True)
class Opening:
    """One emergency opening that a privacy officer looks at. `review_outcome` None: not looked at yet.

    `is_objected`: the person had said no to sharing, and the area lets an emergency open such a record.
    """

    id: UUID
    person: str
    clinician_name: str
    role: Role
    in_scope: bool
    identifiers_checked: tuple[str, ...]
    given_at: datetime
    review_outcome: str | None
    is_objected: bool = False


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
    objected = _find_objected(actor, [grant for grant, _ in rows])
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
            is_objected=str(grant.id) in objected,
        )
        for grant, clinician_name in rows
    ]


def _find_objected(actor: Actor, openings: Sequence[AccessGrant]) -> set[str]:
    """Which of the openings were of somebody who had said no to sharing, as the audit says: it stays so for ever."""
    rows = db.session.scalars(
        select(AuditEvent.details).where(
            AuditEvent.organisation_id == actor.organisation_id,
            AuditEvent.kind == str(EventKind.EMERGENCY_ACCESS),
            AuditEvent.entry_id.in_({grant.entry_id for grant in openings}),
        )
    )
    return {details["opening"] for details in rows if details.get("objected")}


#: What a tablet brought that does not fit together, in the words that a privacy officer reads.
ALARMS: dict[EventKind, str] = {
    EventKind.TABLET_GAP: "An entry that was made on it has not come",
    EventKind.TABLET_DISAGREES: "It goes on holding other people than it was sent: somebody may be missing on it",
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
