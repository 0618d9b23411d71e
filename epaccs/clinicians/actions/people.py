"""What administrators do: organisations, people, their roles and authorisations, and codes for a first password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from epaccs.audit.events import Event
from epaccs.audit.log import record
from epaccs.clinicians import queries
from epaccs.clinicians.actions.attempts import forgive_account
from epaccs.clinicians.actions.events import event_by
from epaccs.clinicians.actions.passwords import code_digest, make_code
from epaccs.clinicians.actions.second_factor import forget_second_factor
from epaccs.clinicians.actions.sessions import end_sessions
from epaccs.clinicians.model import Clinician, Membership, OneTimeCode, Organisation, SigningAuthorisation
from epaccs.clinicians.rules import (
    ONE_TIME_CODE_HOURS,
    Actor,
    OrganisationType,
    Role,
    SessionEnd,
    check_administers,
    check_dates,
    check_looks_after,
    check_may_be_authorised,
    check_may_give_role,
    check_not_self,
    check_ods_code,
    check_professional_number,
    check_role_at,
    check_steward,
    check_user_name,
)
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.core.identifiers import new_id

# Organisations


@dataclass(frozen=True)
class NewOrganisation:
    """An organisation that joins; telephone numbers and address None: not recorded."""

    ods_code: str
    name: str
    type: OrganisationType
    area: str = ""
    telephone: str | None = None
    telephone_24h: str | None = None
    address: str | None = None
    demands_second_factor: bool = False


def add_organisation(actor: Actor | None, new: NewOrganisation) -> UUID:
    """Let an organisation into the register; through the board it joins the board's area.

    Args:
        actor: None: the command line.
        new: the organisation.

    Raises:
        Forbidden: this person does not let organisations in.
        RuleBroken: the ODS code has not the form of one, or is taken.
    """
    if actor is not None:
        check_steward(actor)
    ods_code, organisation_id = check_ods_code(new.ods_code), new_id()
    with writing() as session:
        area = new.area if actor is None else session.get_one(Organisation, actor.organisation_id).area
        session.add(Organisation(**{**vars(new), "id": organisation_id, "ods_code": ods_code, "area": area}))
        _flush_unique(session, "That ODS code is on the register already: it is never given to another", "ods_code")
        record(event_by(actor, what="organisation_added", organisation_id=organisation_id))
    return organisation_id


def _flush_unique(session: Session, message: str, field: str) -> None:
    """Let the database say whether somebody was first, whoever asked at the same moment."""
    try:
        session.flush()
    except IntegrityError as error:
        raise RuleBroken(message, field=field) from error


@dataclass(frozen=True)
class OrganisationChanges:
    """What an administrator may change of their own organisation; None: not recorded."""

    telephone: str | None
    telephone_24h: str | None
    address: str | None
    demands_second_factor: bool


def change_organisation(actor: Actor, organisation_id: UUID, changes: OrganisationChanges) -> None:
    """How the organisation is reached, and whether it demands a second factor, from everybody's next page on.

    Raises:
        NotFound: it is another organisation.
        Forbidden: this person is no administrator.
    """
    check_administers(actor, organisation_id=organisation_id)
    with writing() as session:
        row = session.get_one(Organisation, organisation_id, with_for_update=True)
        changed = [name for name, value in vars(changes).items() if getattr(row, name) != value]
        for name in changed:
            setattr(row, name, getattr(changes, name))
        record(event_by(actor, what="organisation_changed", organisation_id=organisation_id, changed=changed))


def close_organisation(actor: Actor, organisation_id: UUID) -> None:
    """It shares the register no more; nobody works there from now on. Its code is never given again.

    Raises:
        Forbidden: this person does not let organisations in or out, or it is their own.
        NotFound: there is no such organisation in the area.
    """
    check_steward(actor)
    with writing() as session:
        row = _lock_organisation_of_area(session, actor, organisation_id)
        row.closed_on = clock.today()
        record(event_by(actor, what="organisation_closed", organisation_id=organisation_id))


def _lock_organisation_of_area(session: Session, actor: Actor, organisation_id: UUID) -> Organisation:
    own = session.get_one(Organisation, actor.organisation_id)
    row = session.get(Organisation, organisation_id, with_for_update=True)
    if row is None or row.area != own.area or row.id == own.id or row.closed_on is not None:
        raise NotFound
    return row


# People


@dataclass(frozen=True)
class NewClinician:
    """A colleague: how they sign in, who they are, and what they are here.

    `professional_number` None: the role has none. `until_date` None: open-ended.
    """

    user_name: str
    name: str
    role: Role
    professional_number: str | None = None
    until_date: date | None = None
    is_demonstration: bool = False


@dataclass(frozen=True)
class GivenCode:
    """A code to be shown once to whoever asked for it; with it the person sets a password."""

    clinician_id: UUID
    user_name: str
    name: str
    code: str
    expires_at: datetime
    membership_id: UUID | None = None  #: the role that was given with it; None: none was


def add_clinician(actor: Actor | None, *, organisation_id: UUID, new: NewClinician) -> GivenCode:
    """Add a colleague; they set their own password with the code.

    Args:
        actor: None: the command line.
        organisation_id: where they work; it looks after the account from now on.
        new: the colleague.

    Raises:
        NotFound: it is not this administrator's organisation, nor one whose first administrator they may name.
        RuleBroken: the user name is taken, or the role is not held there or wants a professional number.
    """
    with writing() as session:
        organisation = _lock_organisation_to_staff(session, actor, organisation_id, new.role)
        return open_account(session, actor, organisation, new)


def open_account(
    session: Session, actor: Actor | None, organisation: Organisation, new: NewClinician, **details: object
) -> GivenCode:
    """Make an account within an open action, which has asked whether this person may; `details`: for the audit.

    Raises:
        RuleBroken: the user name is taken, or the role is not held there or wants a professional number.
    """
    check_role_at(new.role, OrganisationType(organisation.type))
    check_professional_number(new.professional_number, new.role)
    check_dates(clock.today(), new.until_date, today=clock.today())
    clinician = Clinician(
        id=new_id(),
        user_name=check_user_name(new.user_name),
        name=new.name,
        professional_number=new.professional_number,
        home_organisation_id=organisation.id,
        is_demonstration=new.is_demonstration,
        created_at=clock.now(),
    )
    session.add(clinician)
    _flush_unique(session, "That user name is taken. Choose another, or add the person who has it", "user_name")
    membership_id = _give_role(session, clinician.id, organisation.id, new.role, new.until_date)
    record(_about(actor, "added", clinician.id, organisation_id=organisation.id, role=new.role, **details))
    return give_one_time_code(session, clinician, membership_id)


def _about(actor: Actor | None, what: str, clinician_id: UUID, *, organisation_id: UUID, **details: object) -> Event:
    return event_by(actor, what=what, organisation_id=organisation_id, clinician=str(clinician_id), **details)


def _lock_organisation_to_staff(
    session: Session, actor: Actor | None, organisation_id: UUID, role: Role
) -> Organisation:
    organisation = session.get(Organisation, organisation_id, with_for_update=True)
    if organisation is None or organisation.closed_on is not None:
        raise NotFound
    if actor is not None:
        own = session.get_one(Organisation, actor.organisation_id)
        in_area = organisation.area == own.area
        check_may_give_role(actor, role, organisation_id=organisation.id, in_area=in_area)
    check_role_at(role, OrganisationType(organisation.type))
    return organisation


def _give_role(
    session: Session, clinician_id: UUID, organisation_id: UUID, role: Role, until_date: date | None
) -> UUID:
    """From today; a role held before is opened again."""
    same = select(Membership).where(
        Membership.clinician_id == clinician_id,
        Membership.organisation_id == organisation_id,
        Membership.role == role,
    )
    row = session.scalars(same.with_for_update()).first()
    if row is None:
        row = Membership(id=new_id(), clinician_id=clinician_id, organisation_id=organisation_id, role=role)
        session.add(row)
    row.from_date, row.until_date, row.is_from_provider = clock.today(), until_date, False
    session.flush()
    return row.id


def give_one_time_code(session: Session, clinician: Clinician, membership_id: UUID | None = None) -> GivenCode:
    """A new code in place of any before, within an open action."""
    code, now = make_code(), clock.now()
    row = session.get(OneTimeCode, clinician.id, with_for_update=True) or OneTimeCode(clinician_id=clinician.id)
    row.code_digest, row.made_at, row.expires_at = code_digest(code), now, now + timedelta(hours=ONE_TIME_CODE_HOURS)
    session.add(row)
    return GivenCode(clinician.id, clinician.user_name, clinician.name, code, row.expires_at, membership_id)


@dataclass(frozen=True)
class NewRole:
    """A role for a person who signs in already; `until_date` None: open-ended."""

    role: Role
    until_date: date | None = None


def give_role(actor: Actor, user_name: str, new: NewRole) -> UUID:
    """Let a person who has an account work here too, in one more role; their account stays where it is looked after.

    Returns:
        The id of the person.

    Raises:
        Forbidden: it is the administrator's own account.
        RuleBroken: nobody has that user name, or the role is not held here or wants a professional number.
    """
    with writing() as session:
        organisation = _lock_organisation_to_staff(session, actor, actor.organisation_id, new.role)
        clinician = _lock_by_user_name(session, user_name)
        check_not_self(actor, clinician.id)
        check_professional_number(clinician.professional_number, new.role)
        check_dates(clock.today(), new.until_date, today=clock.today())
        _give_role(session, clinician.id, organisation.id, new.role, new.until_date)
        record(_about(actor, "role_given", clinician.id, organisation_id=organisation.id, role=new.role))
        return clinician.id


def _lock_by_user_name(session: Session, user_name: str) -> Clinician:
    has_name = select(Clinician).where(Clinician.user_name == check_user_name(user_name), Clinician.ended_at.is_(None))
    clinician = session.scalars(has_name.with_for_update()).first()
    if clinician is None:
        raise RuleBroken("Nobody who can sign in has that user name. Ask the person how it is spelt", field="user_name")
    return clinician


def end_role(actor: Actor, membership_id: UUID) -> UUID:
    """End a role here and now: yesterday was its last day, and its next page is refused.

    Returns:
        The id of the person.

    Raises:
        NotFound: no such role is held at this administrator's organisation.
        Forbidden: it is the administrator's own.
    """
    with writing() as session:
        row = session.get(Membership, membership_id, with_for_update=True, populate_existing=True)
        if row is None:
            raise NotFound
        check_administers(actor, organisation_id=row.organisation_id)
        check_not_self(actor, row.clinician_id)
        row.until_date, row.is_from_provider = clock.today() - timedelta(days=1), False
        record(_about(actor, "role_ended", row.clinician_id, organisation_id=row.organisation_id, role=row.role))
        return row.clinician_id


# Accounts


def reset_password(actor: Actor | None, clinician_id: UUID, *, removes_second_factor: bool = False) -> GivenCode:
    """The old password opens nothing any more and every session ends; the person sets a new one with the code.

    Args:
        actor: None: the command line.
        clinician_id: whose.
        removes_second_factor: the telephone and the recovery codes are lost too.

    Raises:
        NotFound: nobody of this administrator's organisation.
        Forbidden: the administrator's own account, or one that another organisation looks after.
        RuleBroken: the account was ended.
    """
    with writing() as session:
        clinician = _lock_account(session, actor, clinician_id)
        if clinician.ended_at is not None:
            raise RuleBroken("This account was ended. Open it again first")
        if removes_second_factor:
            forget_second_factor(session, clinician.id)
        record(_about_account(actor, clinician, "password_reset", second_factor_removed=removes_second_factor))
        return replace_password(session, clinician)


def replace_password(session: Session, clinician: Clinician) -> GivenCode:
    """The password opens nothing any more and every session ends; a code in its place. Within an open action."""
    clinician.password_hash = clinician.password_changed_at = None
    end_sessions(session, clinician.id, SessionEnd.RESET)
    forgive_account(session, clinician.user_name)
    return give_one_time_code(session, clinician)


def _lock_account(session: Session, actor: Actor | None, clinician_id: UUID) -> Clinician:
    """An account that this administrator's organisation looks after."""
    clinician = session.get(Clinician, clinician_id, with_for_update=True, populate_existing=True)
    if clinician is None:
        raise NotFound
    if actor is not None:
        check_not_self(actor, clinician.id)
        check_looks_after(actor, queries.employment_of(clinician.id, today=clock.today()))
    return clinician


def _about_account(actor: Actor | None, clinician: Clinician, what: str, **details: object) -> Event:
    return _about(actor, what, clinician.id, organisation_id=clinician.home_organisation_id, **details)


def change_clinician(actor: Actor, clinician_id: UUID, *, name: str, professional_number: str | None) -> None:
    """A person's name or number was written wrong or has changed; what they signed keeps the words it was signed with.

    Raises:
        NotFound: nobody of this administrator's organisation.
        Forbidden: the administrator's own account, or one that another organisation looks after.
        RuleBroken: a role they hold wants a professional number.
    """
    with writing() as session:
        clinician = _lock_account(session, actor, clinician_id)
        for place in queries.open_places(clinician.id, today=clock.today()):
            check_professional_number(professional_number, place.role)
        clinician.name, clinician.professional_number = name, professional_number
        record(_about_account(actor, clinician, "changed"))


def end_access(actor: Actor | None, clinician_id: UUID) -> None:
    """Close an account: no sign-in anywhere, every session ends; what the person wrote stays under their name.

    Raises:
        NotFound: nobody of this administrator's organisation.
        Forbidden: the administrator's own account, or one that another organisation looks after.
    """
    with writing() as session:
        clinician = _lock_account(session, actor, clinician_id)
        clinician.ended_at = clinician.ended_at or clock.now()
        end_sessions(session, clinician.id, SessionEnd.ACCESS_ENDED)
        record(_about_account(actor, clinician, "access_ended"))


def reopen_access(actor: Actor | None, clinician_id: UUID) -> None:
    """Undo the closing of an account; the password is as it was.

    Raises:
        NotFound: nobody of this administrator's organisation.
        Forbidden: the administrator's own account, or one that another organisation looks after.
    """
    with writing() as session:
        clinician = _lock_account(session, actor, clinician_id)
        clinician.ended_at = None
        record(_about_account(actor, clinician, "access_reopened"))


# Authorisations to sign


@dataclass(frozen=True)
class NewAuthorisation:
    """Who says so, and the first and last day on which decisions may be signed."""

    issued_by: str
    from_date: date
    until_date: date


def authorise_signing(actor: Actor, clinician_id: UUID, new: NewAuthorisation) -> None:
    """Note that a colleague may sign CPR decisions; the role alone is not enough.

    Raises:
        NotFound: nobody who works at this administrator's organisation.
        Forbidden: the administrator's own account.
        RuleBroken: no role of theirs here may hold one, or the dates do not fit.
    """
    check_dates(new.from_date, new.until_date, today=clock.today())
    with writing() as session:
        roles = _lock_colleague(session, actor, clinician_id)
        check_may_be_authorised(roles)
        row = SigningAuthorisation(id=new_id(), clinician_id=clinician_id, **vars(new))
        session.add(row)
        record(_about_authorisation(actor, row, "authorised_to_sign"))


def _about_authorisation(actor: Actor, row: SigningAuthorisation, what: str) -> Event:
    return _about(actor, what, row.clinician_id, organisation_id=actor.organisation_id, authorisation=str(row.id))


def _lock_colleague(session: Session, actor: Actor, clinician_id: UUID) -> list[Role]:
    """The roles that a person holds today at the administrator's own organisation."""
    check_not_self(actor, clinician_id)
    session.get(Clinician, clinician_id, with_for_update=True)
    here = [
        place.role
        for place in queries.open_places(clinician_id, today=clock.today())
        if place.organisation_id == actor.organisation_id
    ]
    check_administers(actor, organisation_id=actor.organisation_id)
    if not here:
        raise NotFound
    return here


def revoke_authorisation(actor: Actor, authorisation_id: UUID) -> UUID:
    """From this moment the person signs no CPR decision; those they signed stay signed.

    Returns:
        The id of the person.

    Raises:
        NotFound: no such authorisation of a colleague, or it was revoked.
        Forbidden: the administrator's own.
    """
    with writing() as session:
        row = session.get(SigningAuthorisation, authorisation_id, with_for_update=True, populate_existing=True)
        if row is None or row.revoked_on is not None:
            raise NotFound
        _lock_colleague(session, actor, row.clinician_id)
        row.revoked_on = clock.today()
        record(_about_authorisation(actor, row, "authorisation_revoked"))
        return row.clinician_id
