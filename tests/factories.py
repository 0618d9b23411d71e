"""Made-up organisations and people; a call says only what matters to its test."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from typing import Any

from flask.testing import FlaskClient

from epaccs.clinicians import actions, guard
from epaccs.clinicians.model import Clinician, Membership, Organisation, SigningAuthorisation
from epaccs.clinicians.rules import ORGANISATION_TYPES_OF, REGISTERED_ROLES, ROLE_LABELS, Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id

_numbers = count(1)


def an_organisation(*, type: OrganisationType = OrganisationType.GP_PRACTICE, **fields: Any) -> Organisation:  # noqa: A002
    """One that shares the register; its name and ODS code are new unless given."""
    number = next(_numbers)
    fields = {
        "id": new_id(),
        "ods_code": f"T{number:05}",
        "name": f"Organisation {number}",
        "area": "northdale",
        "telephone": "01632 960001",
        **fields,
    }
    with writing() as session:
        organisation = Organisation(type=type, **fields)
        session.add(organisation)
    return organisation


def a_clinician(
    role: Role = Role.GP,
    organisation: Organisation | None = None,
    *,
    may_sign: bool = False,
    user_name: str | None = None,
    password_hash: str | None = None,
    **fields: Any,
) -> Actor:
    """A person at work in one role; without an organisation, at a new one where the role is held."""
    number = next(_numbers)
    organisation = organisation or an_organisation(type=_a_type_for(role))
    today, now = clock.today(), clock.now()
    clinician = Clinician(
        id=new_id(),
        user_name=user_name or f"{role}-{number}",
        name=fields.pop("name", f"{ROLE_LABELS[role].capitalize()} {number}"),
        professional_number=fields.pop("professional_number", f"{number:07}" if role in REGISTERED_ROLES else None),
        password_hash=password_hash,
        password_changed_at=now if password_hash else None,
        home_organisation_id=organisation.id,
        created_at=now,
        **fields,
    )
    with writing() as session:
        session.add(clinician)
        session.flush()
        session.add(
            Membership(
                clinician_id=clinician.id,
                organisation_id=organisation.id,
                role=role,
                from_date=today - timedelta(days=30),
            )
        )
        if may_sign:
            session.add(an_authorisation(clinician.id))
    return actor_for(clinician, organisation, role, may_sign=may_sign)


def an_authorisation(clinician_id: Any, **fields: Any) -> SigningAuthorisation:
    """Current today unless told otherwise; not yet added to a session."""
    today = clock.today()
    dates: dict[str, date] = {"from_date": today - timedelta(days=30), "until_date": today + timedelta(days=335)}
    return SigningAuthorisation(clinician_id=clinician_id, issued_by="Medical director", **{**dates, **fields})


def a_membership(actor: Actor, organisation: Organisation, role: Role, **fields: Any) -> Membership:
    """A second role of the same person; the actor returned for it is `actor_for`."""
    with writing() as session:
        membership = Membership(
            id=new_id(),
            clinician_id=actor.clinician_id,
            organisation_id=organisation.id,
            role=role,
            **{"from_date": clock.today() - timedelta(days=30), **fields},
        )
        session.add(membership)
    return membership


def actor_for(clinician: Clinician, organisation: Organisation, role: Role, *, may_sign: bool = False) -> Actor:
    """What the program makes of this person when they are signed in."""
    return Actor(
        clinician_id=clinician.id,
        name=clinician.name,
        role=role,
        professional_number=clinician.professional_number,
        organisation_id=organisation.id,
        organisation_name=organisation.name,
        organisation_type=OrganisationType(organisation.type),
        organisation_ods=organisation.ods_code,
        may_sign=may_sign,
    )


def sign_in(client: FlaskClient, actor: Actor) -> None:
    """Give the browser the cookie of a new session, as signing in does, without the password."""
    membership_id = (
        db.session.query(Membership.id)
        .filter_by(clinician_id=actor.clinician_id, organisation_id=actor.organisation_id, role=str(actor.role))
        .scalar()
    )
    door = actions.Door(address="127.0.0.1", browser="a test")
    opened = actions.start_session(actor.clinician_id, membership_id=membership_id, door=door)
    with client.application.app_context():
        client.set_cookie(guard.cookie_name(), opened.token, path="/")


def _a_type_for(role: Role) -> OrganisationType:
    return min(ORGANISATION_TYPES_OF.get(role, {OrganisationType.GP_PRACTICE}))
