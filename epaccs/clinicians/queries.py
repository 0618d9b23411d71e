"""Read who is signed in, what a person has of their own, and who works at an organisation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, RowMapping, bindparam, exists, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from epaccs.clinicians.model import (
    Clinician,
    ClinicianSession,
    Membership,
    OneTimeCode,
    Organisation,
    Passkey,
    RecoveryCode,
    SecondFactor,
    SigningAuthorisation,
)
from epaccs.clinicians.rules import (
    ACCESS_TABLE,
    AUTHORISATION_NOTICE,
    Actor,
    Employment,
    OrganisationType,
    Place,
    Role,
    SessionFacts,
    Step,
    at_work,
    build_actor,
    check_administers,
    check_may_give_role,
    check_ods_code,
    check_steward,
    check_user_name,
    end_of,
    find_last_day,
    lapse_of,
    may_look_after_account,
    next_step,
)
from epaccs.core import clock
from epaccs.core.db import db, unavailable_when_lost
from epaccs.core.errors import NotFound
from epaccs.core.two_names import number_in_force

# Who is signed in


def _holds_authorisation(clinician_id: Any) -> ColumnElement[bool]:
    """A current authorisation to sign; the role alone is not enough. Of whom, says a column of the statement around."""
    authorisation = SigningAuthorisation
    today: BindParameter[date] = bindparam("today")
    return exists().where(
        authorisation.clinician_id == clinician_id,
        authorisation.from_date <= today,
        authorisation.until_date >= today,
        or_(authorisation.revoked_on.is_(None), authorisation.revoked_on > today),
    )


#: All of a place but the id of the membership, as `_place` reads it.
_OF_PLACE: Any = (
    Membership.role,
    Membership.from_date,
    Membership.until_date,
    Organisation.id.label("organisation_id"),
    Organisation.name.label("organisation_name"),
    Organisation.type.label("organisation_type"),
    Organisation.ods_code,
    Organisation.closed_on,
    Organisation.demands_second_factor,
)

_SESSIONS: Any = (
    select(
        ClinicianSession.id.label("session_id"),
        ClinicianSession.clinician_id,
        ClinicianSession.created_at,
        ClinicianSession.last_seen_at,
        ClinicianSession.idle_minutes,
        ClinicianSession.expires_at,
        ClinicianSession.ended_at,
        ClinicianSession.end_reason,
        ClinicianSession.second_factor_at,
        ClinicianSession.membership_id,
        ClinicianSession.proved_at,
        ClinicianSession.provider_session,
        ClinicianSession.vouched_for,
        Clinician.name,
        Clinician.user_name,
        Clinician.professional_number,
        Clinician.ended_at.label("person_ended_at"),
        *_OF_PLACE,
        SecondFactor.confirmed_at,
        exists().where(Passkey.clinician_id == ClinicianSession.clinician_id).label("has_passkey"),
        _holds_authorisation(ClinicianSession.clinician_id).label("may_sign"),
        number_in_force(ACCESS_TABLE).label("access_table"),
    )
    .join(Clinician, Clinician.id == ClinicianSession.clinician_id)
    .outerjoin(Membership, Membership.id == ClinicianSession.membership_id)
    .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
    .outerjoin(SecondFactor, SecondFactor.clinician_id == ClinicianSession.clinician_id)
)
_SESSION = _SESSIONS.where(ClinicianSession.token_digest == bindparam("token_digest"))
_SESSION_OF_ID = _SESSIONS.where(ClinicianSession.id == bindparam("wanted_id"))


def find_session(token_digest: str, *, today: date) -> SessionFacts | None:
    """All that decides what one cookie opens, in one statement: every page waits for it.

    Raises:
        Unavailable: the database cannot be read.
    """
    with unavailable_when_lost():
        asked = {"token_digest": token_digest, "today": today, "now": clock.now()}
        row = db.session.execute(_SESSION, asked).mappings().first()
    return None if row is None else _session_facts(row)


def find_actor_of_session(session_id: UUID) -> Actor | None:
    """Who is at work in a session, for what is done for them beside their requests; None: it opens nothing any more.

    Source: hazard H-19.
    """
    now, today = clock.now(), clock.today()
    row = db.session.execute(_SESSION_OF_ID, {"wanted_id": session_id, "today": today, "now": now}).mappings().first()
    if row is None:
        return None
    facts = _session_facts(row)
    if end_of(facts, now=now) is not None or facts.place is None or next_step(facts, today=today) is not Step.NONE:
        return None
    return build_actor(facts, facts.place)


def _session_facts(row: RowMapping) -> SessionFacts:
    return SessionFacts(
        session_id=row["session_id"],
        clinician_id=row["clinician_id"],
        name=row["name"],
        user_name=row["user_name"],
        professional_number=row["professional_number"],
        person_ended_at=row["person_ended_at"],
        created_at=row["created_at"],
        last_seen_at=row["last_seen_at"],
        idle_minutes=row["idle_minutes"],
        expires_at=row["expires_at"],
        ended_at=row["ended_at"],
        end_reason=row["end_reason"],
        second_factor_at=row["second_factor_at"],
        has_second_factor=row["confirmed_at"] is not None or bool(row["has_passkey"]),
        may_sign=bool(row["may_sign"]),
        place=None if row["membership_id"] is None else _place(row),
        access_table=row["access_table"],
        proved_at=row["proved_at"],
        is_vouched_for=str(row["organisation_id"]) in (row["vouched_for"] or ()),
        came_by_provider=row["provider_session"] is not None,
    )


def _place(row: RowMapping) -> Place:
    return Place(
        membership_id=row["membership_id"],
        role=Role(row["role"]),
        from_date=row["from_date"],
        until_date=row["until_date"],
        organisation_id=row["organisation_id"],
        organisation_name=row["organisation_name"],
        organisation_type=OrganisationType(row["organisation_type"]),
        organisation_ods=row["ods_code"],
        organisation_closed_on=row["closed_on"],
        demands_second_factor=row["demands_second_factor"],
    )


_PLACES: Any = (
    select(Membership.id.label("membership_id"), *_OF_PLACE)
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .where(Membership.clinician_id == bindparam("clinician_id"))
    .order_by(Organisation.name, Membership.role)
)


def open_places(clinician_id: UUID, *, today: date) -> list[Place]:
    """Where a person may work today, by the organisation's name."""
    rows = db.session.execute(_PLACES, {"clinician_id": clinician_id}).mappings()
    return [place for place in map(_place, rows) if place.is_open(today)]


def employment_of(clinician_id: UUID, *, today: date) -> Employment:
    """Where a person's account belongs, and where they work today."""
    home_id = db.session.scalars(select(Clinician.home_organisation_id).where(Clinician.id == clinician_id)).one()
    return Employment(home_id, frozenset(place.organisation_id for place in open_places(clinician_id, today=today)))


# One's own account


@dataclass(frozen=True)
class SessionLine:
    """One browser in which a person is signed in."""

    session_id: UUID
    browser: str
    address: str
    opened_at: datetime
    last_seen_at: datetime
    is_this: bool


@dataclass(frozen=True)
class Account:
    """What a person sees of their own account; `second_factor_since` None: there is none."""

    password_changed_at: datetime | None
    second_factor_since: datetime | None
    recovery_codes_left: int
    sessions: list[SessionLine]
    places: list[Place]


def own_account(facts: SessionFacts) -> Account:
    """Password, second factor, sessions and places of the person who asks."""
    clinician = db.session.get_one(Clinician, facts.clinician_id)
    factor = db.session.get(SecondFactor, facts.clinician_id)
    unused = select(func.count()).where(RecoveryCode.clinician_id == facts.clinician_id, RecoveryCode.used_at.is_(None))
    return Account(
        password_changed_at=clinician.password_changed_at,
        second_factor_since=factor.confirmed_at if factor else None,
        recovery_codes_left=db.session.scalar(unused) or 0,
        sessions=_own_sessions(facts),
        places=open_places(facts.clinician_id, today=clock.today()),
    )


def _own_sessions(facts: SessionFacts) -> list[SessionLine]:
    """Those that still open the register, this one first, then the latest used."""
    now = clock.now()
    not_ended = select(ClinicianSession).where(
        ClinicianSession.clinician_id == facts.clinician_id, ClinicianSession.ended_at.is_(None)
    )
    rows = db.session.scalars(not_ended.order_by(ClinicianSession.last_seen_at.desc()))
    lines = [
        SessionLine(row.id, row.browser, row.address, row.created_at, row.last_seen_at, row.id == facts.session_id)
        for row in rows
        if lapse_of(row.last_seen_at, idle_minutes=row.idle_minutes, expires_at=row.expires_at, now=now) is None
    ]
    return sorted(lines, key=lambda line: not line.is_this)


# Organisations


@dataclass(frozen=True)
class OrganisationDetail:
    """An organisation as its administrator sees it; telephones and address None: not recorded."""

    id: UUID
    ods_code: str
    name: str
    type: OrganisationType
    telephone: str | None
    telephone_24h: str | None
    address: str | None
    demands_second_factor: bool
    closed_on: date | None


def _organisation_detail(row: Organisation) -> OrganisationDetail:
    return OrganisationDetail(
        id=row.id,
        ods_code=row.ods_code,
        name=row.name,
        type=OrganisationType(row.type),
        telephone=row.telephone,
        telephone_24h=row.telephone_24h,
        address=row.address,
        demands_second_factor=row.demands_second_factor,
        closed_on=row.closed_on,
    )


def own_organisation(actor: Actor) -> OrganisationDetail:
    """The organisation that the administrator looks after.

    Raises:
        Forbidden: this person is no administrator.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    return _organisation_detail(db.session.get_one(Organisation, actor.organisation_id))


def organisations_of_area(actor: Actor) -> list[OrganisationDetail]:
    """Every organisation of the board's area, by name.

    Raises:
        Forbidden: this person is not the board's administrator.
    """
    check_steward(actor)
    area = select(Organisation.area).where(Organisation.id == actor.organisation_id).scalar_subquery()
    rows = db.session.scalars(select(Organisation).where(Organisation.area == area).order_by(Organisation.name))
    return [_organisation_detail(row) for row in rows]


def get_organisation_to_staff(actor: Actor, organisation_id: UUID, role: Role) -> OrganisationDetail:
    """An organisation where this person may give this role.

    Raises:
        NotFound: there is none, or it is not theirs.
        Forbidden: this person is no administrator.
    """
    row = db.session.get(Organisation, organisation_id)
    if row is None or row.closed_on is not None:
        raise NotFound
    own = db.session.get_one(Organisation, actor.organisation_id)
    check_may_give_role(actor, role, organisation_id=row.id, in_area=row.area == own.area)
    return _organisation_detail(row)


# The people of an organisation

PEOPLE_SHOWN = 200


class PersonState(StrEnum):
    """How it stands with a person's account, for the administrator's list."""

    CLOSED = "Account closed"
    NO_ROLE = "No role here now"
    CODE_GIVEN = "Waits for first sign-in"
    CODE_TOO_OLD = "One-time code too old"
    ACTIVE = "Active"


@dataclass(frozen=True)
class PersonLine:
    """One person in the list; `last_seen_at` None: not in the last month."""

    clinician_id: UUID
    name: str
    user_name: str
    roles: tuple[Role, ...]
    state: PersonState
    last_seen_at: datetime | None


def people_of(actor: Actor, *, name: str = "") -> list[PersonLine]:
    """Who works or worked at the administrator's organisation, by name; at most the first 200 that fit.

    Args:
        actor: the administrator.
        name: a part of the name or user name; blank: everybody.

    Raises:
        Forbidden: this person is no administrator.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    of_organisation = or_(
        Clinician.home_organisation_id == actor.organisation_id,
        exists().where(Membership.clinician_id == Clinician.id, Membership.organisation_id == actor.organisation_id),
    )
    fits = or_(Clinician.name.icontains(name, autoescape=True), Clinician.user_name.icontains(name, autoescape=True))
    found = select(Clinician).where(of_organisation, fits).order_by(Clinician.name, Clinician.id).limit(PEOPLE_SHOWN)
    people = db.session.scalars(found).all()
    ids = [person.id for person in people]
    roles, codes, seen = _roles_here(actor, ids), _code_expiries(ids), _last_seen(ids)
    return [
        PersonLine(
            clinician_id=person.id,
            name=person.name,
            user_name=person.user_name,
            roles=tuple(roles.get(person.id, ())),
            state=_state_of(person, bool(roles.get(person.id)), codes.get(person.id)),
            last_seen_at=seen.get(person.id),
        )
        for person in people
    ]


def _roles_here(actor: Actor, ids: Iterable[UUID]) -> dict[UUID, list[Role]]:
    today = clock.today()
    rows = db.session.execute(
        select(Membership.clinician_id, Membership.role)
        .where(
            Membership.clinician_id.in_(ids),
            Membership.organisation_id == actor.organisation_id,
            Membership.from_date <= today,
            or_(Membership.until_date.is_(None), Membership.until_date >= today),
        )
        .order_by(Membership.role)
    )
    roles: dict[UUID, list[Role]] = {}
    for row in rows:
        roles.setdefault(row.clinician_id, []).append(Role(row.role))
    return roles


def _code_expiries(ids: Iterable[UUID]) -> dict[UUID, datetime]:
    rows = db.session.execute(
        select(OneTimeCode.clinician_id, OneTimeCode.expires_at).where(OneTimeCode.clinician_id.in_(ids))
    )
    return {row.clinician_id: row.expires_at for row in rows}


def _last_seen(ids: Iterable[UUID]) -> dict[UUID, datetime]:
    rows = db.session.execute(
        select(ClinicianSession.clinician_id, func.max(ClinicianSession.last_seen_at).label("at"))
        .where(ClinicianSession.clinician_id.in_(ids))
        .group_by(ClinicianSession.clinician_id)
    )
    return {row.clinician_id: row.at for row in rows}


def _state_of(person: Clinician, works_here: bool, code_until: datetime | None) -> PersonState:
    if person.ended_at is not None:
        return PersonState.CLOSED
    if not works_here:
        return PersonState.NO_ROLE
    if person.password_hash is not None:
        return PersonState.ACTIVE
    is_current = code_until is not None and code_until > clock.now()
    return PersonState.CODE_GIVEN if is_current else PersonState.CODE_TOO_OLD


@dataclass(frozen=True)
class RoleLine:
    """One role of a person at the administrator's organisation."""

    membership_id: UUID
    role: Role
    from_date: date
    until_date: date | None
    is_held: bool


@dataclass(frozen=True)
class AuthorisationLine:
    """One authorisation to sign; `revoked_on` None: not revoked."""

    authorisation_id: UUID
    issued_by: str
    from_date: date
    until_date: date
    revoked_on: date | None
    is_current: bool


@dataclass(frozen=True)
class PersonDetail:
    """A colleague as the administrator sees them.

    `may_look_after`: the account belongs to this organisation. `works_elsewhere`: holds a role at another one too;
    which one is not told.
    """

    clinician_id: UUID
    name: str
    user_name: str
    professional_number: str | None
    state: PersonState
    roles: list[RoleLine]
    authorisations: list[AuthorisationLine]
    has_second_factor: bool
    is_self: bool
    may_look_after: bool
    works_elsewhere: bool


def get_person(actor: Actor, clinician_id: UUID) -> PersonDetail:
    """A person who works or worked at the administrator's organisation.

    Raises:
        NotFound: nobody of this organisation.
        Forbidden: the asker is no administrator.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    person = db.session.get(Clinician, clinician_id)
    roles = _role_lines(actor, clinician_id)
    if person is None or not (roles or person.home_organisation_id == actor.organisation_id):
        raise NotFound
    employment = employment_of(person.id, today=clock.today())
    factor = db.session.get(SecondFactor, person.id)
    works_here = any(line.is_held for line in roles)
    return PersonDetail(
        clinician_id=person.id,
        name=person.name,
        user_name=person.user_name,
        professional_number=person.professional_number,
        state=_state_of(person, works_here, _code_expiries([person.id]).get(person.id)),
        roles=roles,
        authorisations=_authorisation_lines(person.id) if works_here else [],
        has_second_factor=factor is not None and factor.confirmed_at is not None,
        is_self=person.id == actor.clinician_id,
        may_look_after=may_look_after_account(actor.organisation_id, employment),
        works_elsewhere=bool(employment.working_at - {actor.organisation_id}),
    )


def _role_lines(actor: Actor, clinician_id: UUID) -> list[RoleLine]:
    today = clock.today()
    rows = db.session.scalars(
        select(Membership)
        .where(Membership.clinician_id == clinician_id, Membership.organisation_id == actor.organisation_id)
        .order_by(Membership.from_date.desc(), Membership.role)
    )
    return [
        RoleLine(
            row.id,
            Role(row.role),
            row.from_date,
            row.until_date,
            is_held=row.from_date <= today and (row.until_date is None or row.until_date >= today),
        )
        for row in rows
    ]


def _authorisation_lines(clinician_id: UUID) -> list[AuthorisationLine]:
    today = clock.today()
    rows = db.session.scalars(
        select(SigningAuthorisation)
        .where(SigningAuthorisation.clinician_id == clinician_id)
        .order_by(SigningAuthorisation.until_date.desc())
    )
    return [
        AuthorisationLine(
            row.id,
            row.issued_by,
            row.from_date,
            row.until_date,
            row.revoked_on,
            is_current=row.from_date <= today <= row.until_date and (row.revoked_on is None or row.revoked_on > today),
        )
        for row in rows
    ]


# For a tablet, which has a lease and no session


@dataclass(frozen=True)
class Worker:
    """A person in one role as it stands today, open or not."""

    actor: Actor
    place: Place
    area: str
    person_ended_at: datetime | None


_WORKER: Any = (
    select(
        Membership.id.label("membership_id"),
        *_OF_PLACE,
        Organisation.area,
        Clinician.id.label("clinician_id"),
        Clinician.name,
        Clinician.professional_number,
        Clinician.ended_at.label("person_ended_at"),
        _holds_authorisation(Clinician.id).label("may_sign"),
    )
    .join(Organisation, Organisation.id == Membership.organisation_id)
    .join(Clinician, Clinician.id == Membership.clinician_id)
    .where(Membership.id == bindparam("wanted_id"))
)


def find_worker(membership_id: UUID, *, today: date) -> Worker | None:
    """Who holds this role, whether or not it is open today; None: there is no such role."""
    row = db.session.execute(_WORKER, {"wanted_id": membership_id, "today": today}).mappings().first()
    if row is None:
        return None
    place = _place(row)
    person = {name: row[name] for name in ("clinician_id", "name", "professional_number")}
    actor = replace(at_work(place, **person), may_sign=bool(row["may_sign"]))
    return Worker(actor, place, row["area"], row["person_ended_at"])


# For the command line, which names people and organisations as their letters do


def find_organisation_id(ods_code: str) -> UUID | None:
    """The organisation of an ODS code; None: none of that code shares the register."""
    return db.session.scalars(select(Organisation.id).where(Organisation.ods_code == check_ods_code(ods_code))).first()


def find_clinician_id(user_name: str) -> UUID | None:
    """The person of a user name; None: nobody has it."""
    return db.session.scalars(select(Clinician.id).where(Clinician.user_name == check_user_name(user_name))).first()


def find_at_work(user_name: str, *, today: date) -> list[Actor]:
    """A person in each role they hold today, acting without a session; empty: nobody of that name works anywhere."""
    person = db.session.scalars(
        select(Clinician).where(Clinician.user_name == check_user_name(user_name), Clinician.ended_at.is_(None))
    ).first()
    if person is None:
        return []
    return [
        at_work(place, clinician_id=person.id, name=person.name, professional_number=person.professional_number)
        for place in open_places(person.id, today=today)
    ]


def signing_days(clinician_id: UUID) -> tuple[tuple[date, date], ...]:
    """From when until when a clinician may sign CPR decisions; a revoked authorisation ends on the day before."""
    rows = db.session.execute(
        select(SigningAuthorisation.from_date, SigningAuthorisation.until_date, SigningAuthorisation.revoked_on).where(
            SigningAuthorisation.clinician_id == clinician_id
        )
    )
    return tuple((row.from_date, _last_day(row.until_date, row.revoked_on)) for row in rows)


def find_own_last_day(actor: Actor) -> date | None:
    """The last day on which this person may sign CPR decisions, if it is near; None: it is not, or they sign none."""
    return find_last_day(signing_days(actor.clinician_id), today=clock.today()) if actor.may_sign else None


@dataclass(frozen=True)
class EndingAuthority:
    """A colleague who soon may sign no CPR decision any more."""

    clinician_id: UUID
    name: str
    last_day: date


def ending_authorities(actor: Actor) -> list[EndingAuthority]:
    """Colleagues of the administrator's organisation whose authority to sign ends soon, the first first.

    Raises:
        Forbidden: the asker is no administrator.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    today = clock.today()
    near = select(Membership.clinician_id).where(
        Membership.organisation_id == actor.organisation_id,
        Membership.from_date <= today,
        or_(Membership.until_date.is_(None), Membership.until_date >= today),
        _ends_before(Membership.clinician_id, today),
    )
    people = db.session.execute(select(Clinician.id, Clinician.name).where(Clinician.id.in_(near))).all()
    found = [(row, find_last_day(signing_days(row.id), today=today)) for row in people]
    return sorted((EndingAuthority(row.id, row.name, day) for row, day in found if day), key=lambda one: one.last_day)


def _ends_before(clinician_id: Any, today: date) -> ColumnElement[bool]:
    """Whoever holds an authorisation that ends soon; another may follow it."""
    return exists().where(
        SigningAuthorisation.clinician_id == clinician_id,
        SigningAuthorisation.until_date >= today,
        SigningAuthorisation.until_date <= today + AUTHORISATION_NOTICE,
    )


def _last_day(until_date: date, revoked_on: date | None) -> date:
    return until_date if revoked_on is None else min(until_date, revoked_on - timedelta(days=1))


def organisations_of(clinician_id: UUID) -> list[UUID]:
    """Where a clinician works now, first role first; empty: nowhere."""
    rows = db.session.scalars(
        select(Membership.organisation_id)
        .where(Membership.clinician_id == clinician_id, Membership.until_date.is_(None))
        .order_by(Membership.from_date)
    )
    return list(dict.fromkeys(rows))
