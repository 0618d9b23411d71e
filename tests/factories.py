"""Made-up organisations and people; a call says only what matters to its test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.access.actions import Ending
from epaccs.agreements.model import SharingAgreement, SharingEnd, SharingParty, SharingSignature
from epaccs.agreements.rules import Level
from epaccs.clinicians import actions, guard
from epaccs.clinicians.model import Clinician, Membership, Organisation, SigningAuthorisation
from epaccs.clinicians.rules import ORGANISATION_TYPES_OF, REGISTERED_ROLES, ROLE_LABELS, Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.register import actions as register_actions
from epaccs.versions.queries import find_recorded
from epaccs.versions.registry import EditRequest

_numbers = count(1)

#: Care that a team ended, in a test that asks no more.
DISCHARGED = Ending("discharged", None)


#: To which every organisation of the tests is party, unless it is made without.
EVERYBODY_SHARES = UUID(int=62)


def an_organisation(
    *,
    type: OrganisationType = OrganisationType.GP_PRACTICE,  # noqa: A002
    shares: bool = True,
    **fields: Any,
) -> Organisation:
    """One that shares the register; its name and ODS code are new unless given.

    `shares` False: no agreement lets it see anybody of another's practice.
    """
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
        if shares:
            _join_everybody(session, organisation.id)
    return organisation


def _join_everybody(session: Session, organisation_id: UUID) -> None:
    if session.get(SharingAgreement, EVERYBODY_SHARES) is None:
        session.add(an_agreement(EVERYBODY_SHARES, name="Everybody shares"))
        session.flush()
    session.add_all(a_signed_party(EVERYBODY_SHARES, organisation_id))


def everybody_shares() -> None:
    """So does every organisation that is here already, such as those of the demonstration."""
    with writing() as session:
        joined = select(SharingParty.organisation_id).where(SharingParty.agreement_id == EVERYBODY_SHARES)
        for organisation_id in session.scalars(select(Organisation.id).where(Organisation.id.not_in(joined))).all():
            _join_everybody(session, organisation_id)


def an_agreement(id: UUID | None = None, **fields: Any) -> SharingAgreement:  # noqa: A002
    """Current for a hundred years and goes as far as any unless told otherwise; not yet added to a session."""
    terms = {
        "name": "An agreement",
        "level": int(Level.WHOLE),
        "purpose": "direct_care",
        "legal_basis": "public_task",
        "special_basis": "health_care",
        "contact": "The practice manager, 01632 960001",
        "valid_from": date(2000, 1, 1),
        "valid_until": date(2099, 12, 31),
        "made_at": clock.now(),
    }
    return SharingAgreement(**{"id": id or new_id(), **terms, **fields})


def a_signed_party(agreement_id: UUID, organisation_id: UUID) -> list[Any]:
    """An organisation that is party to an agreement and has signed it; not yet added to a session."""
    which = {"agreement_id": agreement_id, "organisation_id": organisation_id}
    signed = {"signed_by": "Dr Ada Example, Caldicott Guardian", "signed_at": clock.now()}
    return [SharingParty(**which, is_controller=True), SharingSignature(**which, **signed)]


def agree(*organisations: Organisation, **fields: Any) -> UUID:
    """An agreement that all of these have signed; its id."""
    with writing() as session:
        agreement = an_agreement(**fields)
        session.add(agreement)
        session.flush()
        for one in organisations:
            session.add_all(a_signed_party(agreement.id, one.id))
        session.flush()
    return agreement.id


def end_agreement(agreement_id: UUID, organisation: Organisation | None = None) -> None:
    """It ended now, for everybody or for one."""
    with writing() as session:
        left = organisation.id if organisation else None
        session.add(SharingEnd(agreement_id=agreement_id, organisation_id=left, reason="other", ended_at=clock.now()))


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


# The register


def an_identity(practice: Organisation, **fields: Any) -> dict[str, Any]:
    """Who a made-up person is, as the identity form would send it; a fresh NHS number unless given."""
    number = next(_numbers)
    return {
        "family_name": f"Testperson{_letters(number)}",
        "given_name": "Grace",
        "title": "Mrs",
        "born_on": "1941-01-06",
        "nhs_number": next(_nhs_numbers),
        "nhs_number_status": "01",
        "address": f"{number} Made-up Street\nNorthdale",
        "postcode": "LS1 4AP",
        "telephone": "01632 960101",
        "address_restricted": False,
        "usual_gp_name": "Dr A Patel",
        "practice_ods": practice.ods_code,
        "main_carer": "has_carer",
        **fields,
    }


def a_consent(**fields: Any) -> dict[str, Any]:
    """Both agreements given by the person."""
    given = {"status": "given", "decided_by": "The person", "decided_on": "2026-11-01"}
    flat = {f"{name}_{part}": answer for name in ("register", "share") for part, answer in given.items()}
    return {**flat, **fields}


def a_registered_person(
    actor: Actor | None = None, *, consent: dict[str, Any] | None = None, sections: Any = None, **identity: Any
) -> UUID:
    """A person on the register, put there by the actor (a GP of their practice unless told otherwise)."""
    actor = actor or a_clinician(Role.GP)
    practice = db.session.get(Organisation, actor.organisation_id)
    assert practice is not None
    if practice.type != OrganisationType.GP_PRACTICE:
        practice = an_organisation(area=practice.area)
    return register_actions.register_patient(
        actor,
        new_id(),
        identity=an_identity(practice, **identity),
        consent=consent or a_consent(),
        first_sections={"diagnosis": {"primary": "Heart failure"}} if sections is None else sections,
    )


def an_edit(
    entry_id: UUID,
    section: str,
    body: dict[str, Any],
    *,
    kind: str = "put",
    base_version: int | None = None,
    **fields: Any,
) -> EditRequest:
    """An edit made on the section as it stands, unless another version is named."""
    if base_version is None:
        recorded = find_recorded(entry_id, section)
        base_version = recorded.version if recorded else 0
    return EditRequest(fields.pop("id", None) or new_id(), entry_id, section, kind, body, base_version, **fields)


def _synthetic_nhs_numbers() -> Iterator[str]:
    """Valid numbers of the range that is never issued; the first are left to tests that name them."""
    for digits in map(str, count(9990001000)):
        check = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9])) % 11
        if check != 10 and check % 11 == int(digits[9]):
            yield digits


_nhs_numbers = _synthetic_nhs_numbers()


def _letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))
