"""The organisations of the demonstration and the people who work there; and who of them does what in a story."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.audit import log
from epaccs.clinicians.actions import NewClinician, NewOrganisation, add_clinician, add_organisation, hash_password
from epaccs.clinicians.actions.events import event_by
from epaccs.clinicians.model import Clinician, Membership, OneTimeCode, Organisation, SigningAuthorisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.fields import normalise_telephone
from epaccs.core.identifiers import new_id
from epaccs.demo.sharing import share
from epaccs.demo.stories import read_demonstration

#: Everybody had begun to work before the first story begins.
BEGAN_DAYS_AGO: Final = 730
AUTHORISED_DAYS: Final = 365 * 5


@dataclass(frozen=True)
class Colleague:
    """One made-up person at work. `signs` None: they hold no authorisation to sign. `works`: ODS code to role."""

    user_name: str
    name: str
    works: Mapping[str, Role]
    number: str | None = None
    signs: str | None = None


def add_staff(password: str) -> None:
    """Add the organisations and people of the demonstration, all with the same password; who is there stays."""
    written = read_demonstration()
    with as_they_began():
        add_organisations(map(_read_organisation, written["organisations"]))
        add_colleagues(_read_colleagues(written["clinicians"]), password_hash=hash_password(password))


@contextmanager
def as_they_began() -> Iterator[None]:
    """One action, at the time when everybody began to work."""
    with writing(), clock.standing_at(clock.now() - timedelta(days=BEGAN_DAYS_AGO)):
        yield


def _read_organisation(written: Mapping[str, Any]) -> NewOrganisation:
    numbers = {name: normalise_telephone(written[name]) for name in ("telephone", "telephone_24h") if name in written}
    return NewOrganisation(**{**written, **numbers, "type": OrganisationType(written["type"])})


def _read_colleagues(written: Iterable[Mapping[str, Any]]) -> Iterator[Colleague]:
    for one in written:
        yield Colleague(**{**one, "works": {ods_code: Role(role) for ods_code, role in one["works"].items()}})


def add_organisations(organisations: Iterable[NewOrganisation]) -> None:
    """Let organisations in, inside an open action, and let them share; one that is there stays as it is."""
    known = set(db.session.scalars(select(Organisation.ods_code)))
    for organisation in organisations:
        if organisation.ods_code not in known:
            add_organisation(None, organisation)
    share(db.session(), clock.today())


def add_colleagues(colleagues: Iterable[Colleague], *, password_hash: str) -> None:
    """Add people who may sign in at once, inside an open action; somebody who is there stays as they are."""
    with writing() as session:
        ids = {row.ods_code: row.id for row in session.execute(select(Organisation.ods_code, Organisation.id))}
        known = set(session.scalars(select(Clinician.user_name)))
        for colleague in colleagues:
            if colleague.user_name not in known:
                _add_colleague(session, colleague, ids, password_hash)


def _add_colleague(session: Session, colleague: Colleague, ids: Mapping[str, UUID], password_hash: str) -> None:
    (home, role), *others = colleague.works.items()
    new = NewClinician(colleague.user_name, colleague.name, role, colleague.number, is_demonstration=True)
    given = add_clinician(None, organisation_id=ids[home], new=new)
    clinician = session.get_one(Clinician, given.clinician_id)
    clinician.password_hash, clinician.password_changed_at = password_hash, clock.now()
    session.delete(session.get_one(OneTimeCode, clinician.id))
    for ods_code, other_role in others:
        session.add(_membership(clinician.id, ids[ods_code], other_role))
    if colleague.signs:
        authorisation = _authorisation(clinician.id, colleague.signs)
        session.add(authorisation)
        what = {"clinician": str(clinician.id), "authorisation": str(authorisation.id)}
        log.record(event_by(None, what="authorised_to_sign", organisation_id=ids[home], **what))
    session.flush()


def _membership(clinician_id: UUID, organisation_id: UUID, role: Role) -> Membership:
    return Membership(
        id=new_id(), clinician_id=clinician_id, organisation_id=organisation_id, role=role, from_date=clock.today()
    )


def _authorisation(clinician_id: UUID, issued_by: str) -> SigningAuthorisation:
    today = clock.today()
    return SigningAuthorisation(
        id=new_id(),
        clinician_id=clinician_id,
        issued_by=issued_by,
        from_date=today,
        until_date=today + timedelta(days=AUTHORISED_DAYS),
    )


# --- Who does what ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """An organisation, as far as a story names it."""

    id: UUID
    name: str
    area: str


@dataclass(frozen=True)
class World:
    """Who works where, and who may sign from when until when: read once, before many people.

    `actors`: by user name, each where they began to work first. `places`: by ODS code.
    """

    actors: Mapping[str, Actor]
    places: Mapping[str, Place]
    signing_days: Mapping[UUID, tuple[tuple[date, date], ...]]
    workplaces: Mapping[UUID, list[UUID]]


def find_world() -> World:
    """The made-up people as they work today."""
    session, today = db.session(), clock.today()
    organisations = {row.id: row for row in session.scalars(select(Organisation))}
    signing_days = _find_signing_days(session)
    actors: dict[str, Actor] = {}
    workplaces: dict[UUID, list[UUID]] = {}
    rows = session.execute(
        select(Clinician, Membership)
        .join(Membership, Membership.clinician_id == Clinician.id)
        .where(Clinician.is_demonstration)
        .order_by(Membership.organisation_id != Clinician.home_organisation_id, Membership.from_date)
    )
    for clinician, membership in rows:
        may_sign = any(start <= today <= end for start, end in signing_days.get(clinician.id, ()))
        actor = _actor(clinician, membership, organisations[membership.organisation_id], may_sign=may_sign)
        actors.setdefault(clinician.user_name, actor)
        workplaces.setdefault(clinician.id, []).append(membership.organisation_id)
    places = {row.ods_code: Place(row.id, row.name, row.area) for row in organisations.values()}
    return World(actors, places, signing_days, workplaces)


def _find_signing_days(session: Session) -> dict[UUID, tuple[tuple[date, date], ...]]:
    found: dict[UUID, tuple[tuple[date, date], ...]] = {}
    for row in session.scalars(select(SigningAuthorisation).where(SigningAuthorisation.revoked_on.is_(None))):
        found[row.clinician_id] = (*found.get(row.clinician_id, ()), (row.from_date, row.until_date))
    return found


def _actor(clinician: Clinician, membership: Membership, organisation: Organisation, *, may_sign: bool) -> Actor:
    return Actor(
        clinician_id=clinician.id,
        name=clinician.name,
        role=Role(membership.role),
        professional_number=clinician.professional_number,
        organisation_id=organisation.id,
        organisation_name=organisation.name,
        organisation_type=OrganisationType(organisation.type),
        organisation_ods=organisation.ods_code,
        may_sign=may_sign,
    )


def has_demonstration_people() -> bool:
    """Whether anybody here is made up."""
    return db.session.scalars(select(Clinician.id).where(Clinician.is_demonstration).limit(1)).first() is not None
