"""Who somebody is at the identity provider, what its claims mean here, and which systems send people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from epaccs.clinicians.model import Clinician, Organisation, Passkey, SecondFactor
from epaccs.clinicians.queries import get_person
from epaccs.clinicians.rules import Actor, Role, check_administers
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.sign_on.model import IdentityLink, KnownSystem, RoleClaim
from epaccs.sign_on.rules import RoleMeant, normalise_number


def find_meant(values: Iterable[str]) -> list[RoleMeant]:
    """What the values of the claim mean, at organisations that are open today."""
    rows = db.session.execute(
        select(RoleClaim, Organisation.name)
        .join(Organisation, Organisation.id == RoleClaim.organisation_id)
        .where(
            RoleClaim.value.in_(list(values)),
            or_(Organisation.closed_on.is_(None), Organisation.closed_on > clock.today()),
        )
        .order_by(Organisation.name, RoleClaim.role)
    )
    return [RoleMeant(row.organisation_id, name, Role(row.role), row.second_factor) for row, name in rows]


def find_linked(issuer: str, subject: str) -> UUID | None:
    """Whom the provider's number of a person means here; None: nobody yet."""
    linked = select(IdentityLink.clinician_id).where(IdentityLink.issuer == issuer, IdentityLink.subject == subject)
    return db.session.scalars(linked).first()


def find_by_number(number: str) -> list[UUID]:
    """Who has this professional number here, however it is spaced."""
    rows = db.session.execute(
        select(Clinician.id, Clinician.professional_number).where(
            Clinician.professional_number.is_not(None), Clinician.ended_at.is_(None)
        )
    )
    return [row.id for row in rows if normalise_number(row.professional_number) == number]


@dataclass(frozen=True)
class RoleClaimLine:
    """One line of an organisation's table; `second_factor` None: the provider's is not taken."""

    claim_id: UUID
    value: str
    role: Role
    second_factor: str | None


def role_claims_of(actor: Actor) -> list[RoleClaimLine]:
    """What the provider's claim means at the administrator's organisation.

    Raises:
        Forbidden: this person is no administrator.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    rows = db.session.scalars(
        select(RoleClaim)
        .where(RoleClaim.organisation_id == actor.organisation_id)
        .order_by(RoleClaim.value, RoleClaim.role)
    )
    return [RoleClaimLine(row.id, row.value, Role(row.role), row.second_factor) for row in rows]


def is_linked(actor: Actor, clinician_id: UUID) -> bool:
    """Whether a colleague signs in by the identity provider too.

    Raises:
        NotFound, Forbidden: as `get_person` says.
    """
    get_person(actor, clinician_id)
    return (
        db.session.scalars(select(IdentityLink.id).where(IdentityLink.clinician_id == clinician_id)).first() is not None
    )


@dataclass(frozen=True)
class SystemLine:
    """One system that sends people to a card."""

    system_id: UUID
    name: str
    issuer: str
    keys: int


def systems_of(actor: Actor) -> list[SystemLine]:
    """The systems of the administrator's organisation.

    Raises:
        Forbidden: this person is no administrator.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    rows = db.session.scalars(
        select(KnownSystem).where(KnownSystem.organisation_id == actor.organisation_id).order_by(KnownSystem.name)
    )
    return [SystemLine(row.id, row.name, row.issuer, len(row.keys["keys"])) for row in rows]


def find_system(issuer: str) -> KnownSystem | None:
    """The system that names itself so; None: none is known, or its organisation shares the register no more."""
    found = (
        select(KnownSystem)
        .join(Organisation, Organisation.id == KnownSystem.organisation_id)
        .where(
            KnownSystem.issuer == issuer,
            or_(Organisation.closed_on.is_(None), Organisation.closed_on > clock.today()),
        )
    )
    return db.session.scalars(found).first()


@dataclass(frozen=True)
class PasskeyLine:
    """One passkey of a person; `last_used_at` None: never."""

    passkey_id: UUID
    name: str
    added_at: Any
    last_used_at: Any


def passkeys_of(clinician_id: UUID) -> list[PasskeyLine]:
    """A person's passkeys, the oldest first."""
    rows = db.session.scalars(select(Passkey).where(Passkey.clinician_id == clinician_id).order_by(Passkey.added_at))
    return [PasskeyLine(row.id, row.name, row.added_at, row.last_used_at) for row in rows]


@dataclass(frozen=True)
class Ways:
    """With what a person can prove who they are."""

    password: bool
    code: bool
    passkey: bool
    provider: bool


def ways_to_prove(clinician_id: UUID) -> Ways:
    """What this person has."""
    clinician, factor = db.session.get_one(Clinician, clinician_id), db.session.get(SecondFactor, clinician_id)
    linked = select(IdentityLink.id).where(IdentityLink.clinician_id == clinician_id)
    return Ways(
        password=clinician.password_hash is not None,
        code=factor is not None and factor.confirmed_at is not None,
        passkey=bool(passkeys_of(clinician_id)),
        provider=db.session.scalars(linked).first() is not None,
    )
