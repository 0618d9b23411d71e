"""Read who is signed in, what a person has of their own, and who works at an organisation."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, RowMapping, bindparam, exists, or_, select
from sqlalchemy.sql.elements import ColumnElement

from epaccs.clinicians.model import (
    Clinician,
    ClinicianSession,
    Membership,
    Organisation,
    SecondFactor,
    SigningAuthorisation,
)
from epaccs.clinicians.rules import Employment, OrganisationType, Place, Role, SessionFacts
from epaccs.core.db import db, unavailable_when_lost

# Who is signed in


def _holds_authorisation() -> ColumnElement[bool]:
    """A current authorisation to sign; the role alone is not enough."""
    authorisation = SigningAuthorisation
    today: BindParameter[date] = bindparam("today")
    return exists().where(
        authorisation.clinician_id == ClinicianSession.clinician_id,
        authorisation.from_date <= today,
        authorisation.until_date >= today,
        or_(authorisation.revoked_on.is_(None), authorisation.revoked_on > today),
    )


_SESSION: Any = (
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
        Clinician.name,
        Clinician.user_name,
        Clinician.professional_number,
        Clinician.ended_at.label("person_ended_at"),
        Membership.role,
        Membership.from_date,
        Membership.until_date,
        Organisation.id.label("organisation_id"),
        Organisation.name.label("organisation_name"),
        Organisation.type.label("organisation_type"),
        Organisation.ods_code,
        Organisation.closed_on,
        Organisation.demands_second_factor,
        SecondFactor.confirmed_at,
        _holds_authorisation().label("may_sign"),
    )
    .join(Clinician, Clinician.id == ClinicianSession.clinician_id)
    .outerjoin(Membership, Membership.id == ClinicianSession.membership_id)
    .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
    .outerjoin(SecondFactor, SecondFactor.clinician_id == ClinicianSession.clinician_id)
    .where(ClinicianSession.token_digest == bindparam("token_digest"))
)


def find_session(token_digest: str, *, today: date) -> SessionFacts | None:
    """All that decides what one cookie opens, in one statement: every page waits for it.

    Raises:
        Unavailable: the database cannot be read.
    """
    with unavailable_when_lost():
        row = db.session.execute(_SESSION, {"token_digest": token_digest, "today": today}).mappings().first()
    return None if row is None else _session_facts(row)


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
        has_second_factor=row["confirmed_at"] is not None,
        may_sign=bool(row["may_sign"]),
        place=None if row["membership_id"] is None else _place(row),
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
    select(
        Membership.id.label("membership_id"),
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
