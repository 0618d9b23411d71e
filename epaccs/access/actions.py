"""Give a reason, open in an emergency, begin and end relationships, review what was opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.access import rules
from epaccs.access.model import AccessGrant, Relationship
from epaccs.access.queries import (
    INCIDENT_HOURS,
    find_standing,
    find_table,
    follow_newest_table,
    get_standing,
    is_current,
)
from epaccs.access.rules import ONLY_ONE, AccessReason, Fact, Permission, RoleRow
from epaccs.access.versions import (
    as_content,
    check_changes_something,
    check_floor,
    check_may_decide,
    check_may_propose,
    from_content,
)
from epaccs.agreements.rules import Level
from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.audit.queries import find_last_look
from epaccs.clinicians.rules import ACCESS_TABLE, Actor, Role
from epaccs.core import clock, two_names
from epaccs.core.db import writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.core.two_names import Name, Proposed, SettingChange

IDENTIFIERS = ("name", "born", "nhs_number", "address")
REVIEW_OUTCOMES = ("justified", "to_follow_up", "not_justified")


def event(actor: Actor, kind: EventKind, *, entry_id: UUID | None = None, **details: object) -> Event:
    """An audit event of this actor; details are codes, ids and counts."""
    return Event(
        kind,
        actor_id=actor.clinician_id,
        organisation_id=actor.organisation_id,
        role=str(actor.role),
        entry_id=entry_id,
        details=details,
    )


def give_reason(
    actor: Actor, entry_id: UUID, *, reason: AccessReason, identifiers_checked: Sequence[str], cannot_check: bool
) -> UUID:
    """Open a person's record for this session, with the reason and the identifiers that were compared.

    Out of scope only an emergency opens, and it waits for a privacy officer.

    Raises:
        NotFound: there is no such entry for this reader.
        Forbidden: the role opens no records.
        RuleBroken: fewer than two identifiers were compared and "cannot check" was not said.
    """
    checked = _checked_identifiers(identifiers_checked, cannot_check=cannot_check)
    emergency = reason is AccessReason.EMERGENCY
    with writing() as session:
        standing = get_standing(actor, entry_id, Permission.BREAK_GLASS if emergency else Permission.GIVE_REASON)
        in_scope = Fact.IN_SCOPE in standing.facts
        grant = _grant(session, actor, entry_id, _Given(reason, in_scope, checked, clock.now()))
        kind = EventKind.EMERGENCY_ACCESS if emergency else EventKind.ACCESS_REASON_GIVEN
        details = {"reason": str(reason), "identifiers": checked, "in_scope": in_scope}
        if standing.level is Level.NONE:
            details["agreement"] = False
        if standing.is_objected:
            details |= {"objected": True, "opening": str(grant.id)}
        log.record(event(actor, kind, entry_id=entry_id, **details))
    return grant.id


def give_reason_for_round(actor: Actor, entry_ids: Iterable[UUID], *, reason: AccessReason) -> None:
    """Open the records of the residents of one home for this session, with one reason, before any of them was met.

    Nobody was compared with anything yet: each card says so until that was done. Nobody out of scope is opened.

    Raises:
        NotFound, Forbidden: as `access` says of one of them; then none is opened.
        RuleBroken: an emergency is about one person.

    Source: hazards H-05 and H-61.
    """
    if reason is AccessReason.EMERGENCY:
        raise RuleBroken("Open one record in an emergency, not a whole round", field="reason")
    with writing() as session:
        for entry_id in sorted(entry_ids):
            get_standing(actor, entry_id, Permission.GIVE_REASON)
            _grant(session, actor, entry_id, _Given(reason, in_scope=True, checked=[], at=clock.now()))
            kind = EventKind.ACCESS_REASON_GIVEN
            log.record(
                event(actor, kind, entry_id=entry_id, reason=str(reason), identifiers=[], in_scope=True, round=True)
            )


def _checked_identifiers(identifiers: Sequence[str], *, cannot_check: bool) -> list[str]:
    checked = [name for name in IDENTIFIERS if name in identifiers]
    if len(checked) >= 2:
        return checked
    if cannot_check:
        return []
    raise RuleBroken("Tick two things you compared, or tick that you cannot check", field="identifiers_checked")


@dataclass(frozen=True)
class _Given:
    """A reason that was given, what was compared, and for how many hours it opens."""

    reason: AccessReason
    in_scope: bool
    checked: list[str]
    at: datetime
    hours: int = INCIDENT_HOURS


def _grant(session: Session, actor: Actor, entry_id: UUID, given: _Given) -> AccessGrant:
    grant = AccessGrant(
        id=new_id(),
        entry_id=entry_id,
        clinician_id=actor.clinician_id,
        organisation_id=actor.organisation_id,
        role=str(actor.role),
        session_id=actor.session_id,
        reason=str(given.reason),
        in_scope=given.in_scope,
        identifiers_checked=given.checked,
        given_at=given.at,
        until_at=given.at + timedelta(hours=given.hours),
        last_looked_at=find_last_look(session, entry_id, actor.clinician_id),
    )
    session.add(grant)
    session.flush()
    return grant


def keep_given_offline(
    actor: Actor,
    entry_id: UUID,
    *,
    reason: AccessReason | None,
    identifiers_checked: Sequence[str],
    given_at: datetime,
) -> None:
    """Keep the reason that was given on a tablet without signal, once for each incident; None: none was given.

    It is kept whether or not the role may open this person: a privacy officer looks at every emergency, and what was
    opened without a right to it most of all.

    Args:
        given_at: on the tablet, by the register's clock.

    Source: hazard H-05.
    """
    if reason is None:
        return
    with writing() as session:
        standing = find_standing(actor, entry_id)
        if standing is None or _was_given(session, actor, entry_id, reason, given_at):
            return
        checked = [name for name in IDENTIFIERS if name in identifiers_checked]
        in_scope = Fact.IN_SCOPE in standing.facts
        kept = checked if len(checked) >= 2 else []
        opens = in_scope or (standing.is_shared and Fact.BREAKS_GLASS in standing.facts)
        _grant(session, actor, entry_id, _Given(reason, in_scope, kept, given_at, INCIDENT_HOURS if opens else 0))
        kind = EventKind.EMERGENCY_ACCESS if reason is AccessReason.EMERGENCY else EventKind.ACCESS_REASON_GIVEN
        details = {"reason": str(reason), "identifiers": kept, "in_scope": in_scope}
        log.record(event(actor, kind, entry_id=entry_id, offline=True, read_at=given_at.isoformat(), **details))


def _was_given(session: Session, actor: Actor, entry_id: UUID, reason: AccessReason, given_at: datetime) -> bool:
    """The same reason of the same incident: within as many hours, before or after."""
    hours = timedelta(hours=INCIDENT_HOURS)
    same = select(AccessGrant.id).where(
        AccessGrant.entry_id == entry_id,
        AccessGrant.clinician_id == actor.clinician_id,
        AccessGrant.organisation_id == actor.organisation_id,
        AccessGrant.reason == str(reason),
        AccessGrant.given_at > given_at - hours,
        AccessGrant.given_at < given_at + hours,
    )
    return session.scalars(same.limit(1)).first() is not None


@dataclass(frozen=True)
class Concerned:
    """An organisation that is to be concerned with a person from now on.

    `recorded_by` None: the program, on registration. `asked_by` None: nobody referred them. `is_confirmed`: somebody
    there says it themselves. `until_at` None: until somebody ends it.
    """

    entry_id: UUID
    organisation_id: UUID
    reason: str
    recorded_by: UUID | None
    asked_by: UUID | None = None
    is_confirmed: bool = False
    until_at: datetime | None = None


def begin_relationship(session: Session, concerned: Concerned) -> bool:
    """Note, inside an open action, that an organisation is concerned with a person.

    Returns:
        Whether it begins now; one that stands already goes on, and is confirmed where it is said to be.
    """
    current = _find_current(session, concerned)
    if current is None:
        session.add(_as_row(concerned))
    elif concerned.is_confirmed and current.confirmed_at is None:
        _confirm(current, concerned.recorded_by)
    session.flush()
    return current is None


def _find_current(session: Session, concerned: Concerned) -> Relationship | None:
    return session.scalars(
        select(Relationship).where(
            Relationship.entry_id == concerned.entry_id,
            Relationship.organisation_id == concerned.organisation_id,
            Relationship.reason == concerned.reason,
            is_current(clock.now()),
        )
    ).first()


def _as_row(concerned: Concerned) -> Relationship:
    now = clock.now()
    return Relationship(
        entry_id=concerned.entry_id,
        organisation_id=concerned.organisation_id,
        reason=concerned.reason,
        from_at=now,
        until_at=concerned.until_at,
        recorded_by=concerned.recorded_by,
        asked_by=concerned.asked_by,
        confirmed_at=now if concerned.is_confirmed else None,
        confirmed_by=concerned.recorded_by if concerned.is_confirmed else None,
    )


def _confirm(relationship: Relationship, by: UUID | None, *, until_at: datetime | None = None) -> None:
    relationship.confirmed_at, relationship.confirmed_by = clock.now(), by
    relationship.until_at = until_at


def name_only_one(session: Session, concerned: Concerned) -> Succession:
    """Note, inside an open action, who is now the usual practice, or the key worker: a person has one of each.

    Until somebody there says yes the former goes on, so that nobody is without anybody. Whoever is named again after a
    mistake said yes before: what the mistake began ends at once.

    Source: feature F28; hazard H-68.
    """
    begins = begin_relationship(session, concerned)
    stands, others = _find_current(session, concerned), _find_others(session, concerned)
    is_settled = stands is not None and stands.confirmed_at is not None
    if is_settled:
        for other in others:
            _end(other, Ending("succeeded", concerned.recorded_by))
        session.flush()
    return Succession(begins, is_settled, tuple(other.organisation_id for other in others))


@dataclass(frozen=True)
class Succession:
    """What became of it that somebody was named. `others`: who was it besides; ended, where it is settled."""

    begins: bool
    is_settled: bool
    others: tuple[UUID, ...]


def _find_others(session: Session, concerned: Concerned) -> Sequence[Relationship]:
    return session.scalars(
        select(Relationship).where(
            Relationship.entry_id == concerned.entry_id,
            Relationship.organisation_id != concerned.organisation_id,
            Relationship.reason == concerned.reason,
            is_current(clock.now()),
        )
    ).all()


def confirm_relationships(
    session: Session, actor: Actor, entry_id: UUID, *, until_at: datetime | None = None
) -> list[str]:
    """Note, inside an open action, that the actor's organisation looks after a person.

    What was asked of it no longer lapses, and the former practice or key worker ends.

    Args:
        until_at: when a referral ends by itself; None: when somebody ends it.

    Returns:
        The reasons that are confirmed now and were not before.

    Source: feature F28; hazard H-68.
    """
    mine = Relationship.organisation_id == actor.organisation_id
    waiting = session.scalars(
        select(Relationship)
        .where(Relationship.entry_id == entry_id, mine, Relationship.confirmed_at.is_(None), is_current(clock.now()))
        .with_for_update()
    ).all()
    for one in waiting:
        _confirm(one, actor.clinician_id, until_at=None if one.reason in ONLY_ONE else until_at)
        session.flush()
        if one.reason in ONLY_ONE:
            _end_former(session, one)
    return [one.reason for one in waiting]


def _end_former(session: Session, confirmed: Relationship) -> None:
    """Whoever was it before them; whoever was named after them has still to say so."""
    same = Concerned(confirmed.entry_id, confirmed.organisation_id, confirmed.reason, confirmed.confirmed_by)
    for other in _find_others(session, same):
        if other.from_at <= confirmed.from_at:
            _end(other, Ending("succeeded", confirmed.confirmed_by))
    session.flush()


@dataclass(frozen=True)
class Ending:
    """Why a relationship ends; `by` None: the program ends it."""

    why: str
    by: UUID | None


def _end(relationship: Relationship, ending: Ending) -> None:
    relationship.until_at, relationship.end_reason, relationship.ended_by = clock.now(), ending.why, ending.by


def end_relationships(
    session: Session, *, entry_id: UUID, organisation_id: UUID, ending: Ending, reason: str | None = None
) -> list[str]:
    """End, inside an open action, what an organisation has to do with a person; access ends with it.

    Args:
        reason: only this one; None: whatever the reason.

    Returns:
        The reasons that ended.

    Source: feature F28; hazard H-68.
    """
    statement = select(Relationship).where(
        Relationship.entry_id == entry_id, Relationship.organisation_id == organisation_id, is_current(clock.now())
    )
    if reason is not None:
        statement = statement.where(Relationship.reason == reason)
    found = session.scalars(statement.with_for_update()).all()
    for one in found:
        _end(one, ending)
    session.flush()
    return [one.reason for one in found]


def review_access(actor: Actor, grant_id: UUID, *, outcome: str, note: str) -> None:
    """A privacy officer's finding on one opening by their own organisation.

    Raises:
        NotFound: no such opening in the officer's organisation.
        RuleBroken: no outcome was chosen, or a finding against somebody has no note.
    """
    if outcome not in REVIEW_OUTCOMES:
        raise RuleBroken("Choose what you found", field="outcome")
    if outcome != "justified" and not note.strip():
        raise RuleBroken("Say what is to be followed up", field="note")
    with writing() as session:
        rules.check_role(Permission.REVIEW_ACCESS, actor.role)
        grant = session.get(AccessGrant, grant_id, with_for_update=True, populate_existing=True)
        if grant is None or grant.organisation_id != actor.organisation_id:
            raise NotFound
        if grant.clinician_id == actor.clinician_id:
            raise Forbidden("Another privacy officer must look at what you opened yourself.")
        grant.reviewed_at, grant.reviewed_by = clock.now(), actor.clinician_id
        grant.review_outcome, grant.review_note = outcome, note.strip() or None
        log.record(event(actor, EventKind.ACCESS_REVIEWED, entry_id=grant.entry_id, outcome=outcome))


def record_refusal(actor: Actor, *, permission: str, entry_id: UUID | None) -> None:
    """Leave a trace of what was refused."""
    log.record(event(actor, EventKind.REFUSED, entry_id=entry_id, permission=permission))


def record_list_viewed(actor: Actor, *, list_name: str, count: int) -> None:
    """Leave a trace of a list that was shown."""
    log.record(event(actor, EventKind.LIST_VIEWED, list=list_name, count=count))


def may_open(actor: Actor, entry_id: UUID, permission: Permission) -> bool:
    """Whether a link to this is worth showing."""
    standing = find_standing(actor, entry_id)
    return standing is not None and standing.can(permission)


# --- The access table ------------------------------------------------------------------------------------------------


def propose_table(
    actor: Actor, table: Mapping[Role, RoleRow], *, reason: str, based_on: int, valid_from: datetime | None = None
) -> UUID:
    """Ask that another table holds; nothing changes until another person approves it.

    Args:
        table: the whole table as it is then to be.
        reason: why; everybody who looks at the versions reads it.
        based_on: the version that was changed.
        valid_from: None: from the moment it is approved.

    Raises:
        Forbidden: this person is not the administrator of an integrated care board.
        RuleBroken, RulesBroken: it crosses what no version may, changes nothing, or was made on an older version.

    Source: features F27 and F100; ADR 0037; hazard H-65.
    """
    check_may_propose(actor)
    check_floor(table)
    with writing() as session:
        check_changes_something(table, find_table(based_on))
        asked = Proposed(as_content(table), reason, based_on, valid_from)
        row = two_names.propose(session, ACCESS_TABLE, asked, by=_name_of(actor))
        log.record(_about_table(actor, row, "access_table_proposed"))
    return row.id


def approve_table(actor: Actor, change_id: UUID) -> int:
    """Let a proposed table hold, from its moment on, for everybody.

    Returns:
        The number of the version.

    Raises:
        NotFound: there is no such proposal, or somebody decided.
        Forbidden: the actor proposed it, or is neither administrator nor privacy officer of a board.
        RulesBroken, RuleBroken: this release refuses it, or another version was approved meanwhile.
    """
    check_may_decide(actor)
    with writing() as session:
        row = two_names.approve(session, ACCESS_TABLE, change_id, by=_name_of(actor))
        check_floor(from_content(row.content))
        log.record(_about_table(actor, row, "access_table_approved"))
        number = row.number or 0
    follow_newest_table()
    return number


def turn_down_table(actor: Actor, change_id: UUID) -> None:
    """Refuse a proposal, or take back one's own.

    Raises:
        NotFound: there is no such proposal, or somebody decided.
        Forbidden: the actor is neither administrator nor privacy officer of a board.
    """
    check_may_decide(actor)
    with writing() as session:
        row = two_names.turn_down(session, ACCESS_TABLE, change_id, by=_name_of(actor))
        log.record(_about_table(actor, row, f"access_table_{row.standing}"))


def _name_of(actor: Actor) -> Name:
    return Name(actor.clinician_id, actor.name)


def _about_table(actor: Actor, row: SettingChange, what: str) -> Event:
    kind = EventKind.SETTINGS_CHANGED
    return event(actor, kind, what=what, change_id=str(row.id), based_on=row.based_on, version=row.number)
