"""Who waits for an account, who has one through whom, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import aliased

from epaccs.clinicians.model import Clinician, ClinicianSession, Membership, Organisation
from epaccs.clinicians.rules import (
    ORGANISATION_LABELS,
    Actor,
    OrganisationType,
    Role,
    check_administers,
    check_steward,
    is_steward,
)
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.core.fields import local_date
from epaccs.sponsorship.model import AccountRequest, OrganisationSponsor, SponsoredAccount
from epaccs.sponsorship.rules import (
    RENEWAL_DAYS,
    SPONSORED_TYPES,
    UNUSED_DAYS,
    UNUSED_WARNING_DAYS,
    AccountDates,
    AccountState,
    is_late,
)

ACCOUNTS_SHOWN = 300


def organisations_to_ask() -> dict[str, str]:
    """Where somebody may say that they work: open organisations whose people are sponsored, by name."""
    rows = db.session.execute(
        select(Organisation.id, Organisation.name, Organisation.type)
        .where(Organisation.type.in_([str(one) for one in SPONSORED_TYPES]), Organisation.closed_on.is_(None))
        .order_by(Organisation.name)
    )
    return {str(row.id): f"{row.name}, {ORGANISATION_LABELS[OrganisationType(row.type)]}" for row in rows}


def is_sponsored_by(actor: Actor) -> ColumnElement[bool]:
    """A condition on `Organisation`, outer joined with `OrganisationSponsor`: the actor answers for its people.

    Its own administrators do, those of the organisation named as its sponsor, and while none is named those of the
    board that runs the area: no request waits where nobody looks (hazard H-66).
    """
    by_board: ColumnElement[bool] = false()
    if is_steward(actor):
        own = select(Organisation.area).where(Organisation.id == actor.organisation_id).scalar_subquery()
        by_board = and_(OrganisationSponsor.sponsor_id.is_(None), Organisation.area == own)
    return and_(
        Organisation.type.in_([str(one) for one in SPONSORED_TYPES]),
        or_(
            Organisation.id == actor.organisation_id, OrganisationSponsor.sponsor_id == actor.organisation_id, by_board
        ),
    )


def _with_sponsor(statement: Any) -> Any:
    return statement.outerjoin(OrganisationSponsor, OrganisationSponsor.organisation_id == Organisation.id)


# Who waits


@dataclass(frozen=True)
class RequestLine:
    """One request as its sponsor sees it; telephone, email, number None: not given."""

    id: UUID
    name: str
    role: Role
    organisation: str
    email: str | None
    telephone: str | None
    professional_number: str | None
    reason: str
    asked_at: datetime
    is_late: bool


def _waiting(actor: Actor) -> Any:
    statement = select(AccountRequest, Organisation.name).join(
        Organisation, Organisation.id == AccountRequest.organisation_id
    )
    return _with_sponsor(statement).where(AccountRequest.answered_at.is_(None), is_sponsored_by(actor))


def waiting_requests(actor: Actor) -> list[RequestLine]:
    """Who waits for this sponsor's answer, the longest first.

    Raises:
        Forbidden: this person is no administrator.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    rows = db.session.execute(_waiting(actor).order_by(AccountRequest.asked_at).limit(ACCOUNTS_SHOWN))
    return [_request_line(row, organisation) for row, organisation in rows]


def get_request(actor: Actor, request_id: UUID) -> RequestLine:
    """One request that waits for this sponsor.

    Raises:
        Forbidden: this person is no administrator.
        NotFound: none that waits for them.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    found = db.session.execute(_waiting(actor).where(AccountRequest.id == request_id)).first()
    if found is None:
        raise NotFound
    return _request_line(*found)


def _request_line(row: AccountRequest, organisation: str) -> RequestLine:
    return RequestLine(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        organisation=organisation,
        email=row.email,
        telephone=row.telephone,
        professional_number=row.professional_number,
        reason=row.reason,
        asked_at=row.asked_at,
        is_late=is_late(row.asked_at, now=clock.now()),
    )


def count_waiting(actor: Actor) -> int:
    """How many requests and renewals wait for this sponsor: shown in the menu of every page."""
    if actor.role is not Role.ADMINISTRATOR:
        return 0
    asked = db.session.scalar(select(func.count()).select_from(_waiting(actor).subquery())) or 0
    accounts = _with_sponsor(
        select(func.count())
        .select_from(SponsoredAccount)
        .join(Clinician, Clinician.id == SponsoredAccount.clinician_id)
        .join(Membership, Membership.id == SponsoredAccount.membership_id)
        .join(Organisation, Organisation.id == SponsoredAccount.organisation_id)
    )
    about_to_end = accounts.where(is_sponsored_by(actor), _is_about_to_end(clock.today()))
    return asked + (db.session.scalar(about_to_end) or 0)


def _is_about_to_end(today: date) -> ColumnElement[bool]:
    """A condition on an account, its person and their role, as `AccountDates.state` says it: renew, or not used."""
    row, used_up = SponsoredAccount, today - timedelta(days=UNUSED_DAYS)
    runs = and_(
        row.ended_at.is_(None),
        Clinician.ended_at.is_(None),
        or_(Membership.until_date.is_(None), Membership.until_date >= today),
        row.expires_on >= today,
        row.last_used_on >= used_up,
    )
    is_near = or_(
        row.expires_on <= today + timedelta(days=RENEWAL_DAYS),
        row.last_used_on <= used_up + timedelta(days=UNUSED_WARNING_DAYS),
    )
    return and_(runs, is_near)


# Who has access through whom


@dataclass(frozen=True)
class AccountLine:
    """One sponsored account."""

    clinician_id: UUID
    name: str
    user_name: str
    role: Role
    organisation: str
    sponsor: str
    sponsor_name: str
    dates: AccountDates
    state: AccountState
    was_used: bool
    ended_at: datetime | None
    end_reason: str | None


def dates_of(row: SponsoredAccount) -> AccountDates:
    """What decides how long it runs."""
    return AccountDates(row.expires_on, row.last_used_on, has_ended=row.ended_at is not None)


def dates_as_they_stand(
    row: SponsoredAccount, *, person_ended_at: datetime | None, until_date: date | None, today: date
) -> AccountDates:
    """The same, where the administrator of the organisation may have ended the role or the whole account."""
    was_ended = row.ended_at is not None or person_ended_at is not None
    return AccountDates(
        row.expires_on, row.last_used_on, has_ended=was_ended or (until_date is not None and until_date < today)
    )


def accounts_of(actor: Actor, *only: ColumnElement[bool]) -> list[AccountLine]:
    """Everybody who has, or had, access through this sponsor; what ends first comes first.

    Raises:
        Forbidden: this person is no administrator.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    sponsor, attested_by = aliased(Organisation), aliased(Clinician)
    statement = (
        select(
            SponsoredAccount,
            Clinician.name,
            Clinician.user_name,
            Clinician.password_hash.is_not(None).label("was_used"),
            Clinician.ended_at.label("person_ended_at"),
            Membership.until_date,
            Membership.role,
            Organisation.name.label("organisation"),
            sponsor.name.label("sponsor"),
            attested_by.name.label("sponsor_name"),
        )
        .join(Clinician, Clinician.id == SponsoredAccount.clinician_id)
        .join(Membership, Membership.id == SponsoredAccount.membership_id)
        .join(Organisation, Organisation.id == SponsoredAccount.organisation_id)
        .join(sponsor, sponsor.id == SponsoredAccount.attested_for_id)
        .join(attested_by, attested_by.id == SponsoredAccount.attested_by)
    )
    found = _with_sponsor(statement).where(is_sponsored_by(actor), *only)
    order = (SponsoredAccount.ended_at.is_not(None), SponsoredAccount.expires_on, Clinician.name)
    return [
        _account_line(row, clock.today()) for row in db.session.execute(found.order_by(*order).limit(ACCOUNTS_SHOWN))
    ]


def get_account(actor: Actor, clinician_id: UUID) -> AccountLine:
    """One of them.

    Raises:
        Forbidden: this person is no administrator.
        NotFound: none that has access through this sponsor.
    """
    found = accounts_of(actor, SponsoredAccount.clinician_id == clinician_id)
    if not found:
        raise NotFound
    return found[0]


def _account_line(row: Any, today: date) -> AccountLine:
    account: SponsoredAccount = row.SponsoredAccount
    dates = dates_as_they_stand(account, person_ended_at=row.person_ended_at, until_date=row.until_date, today=today)
    return AccountLine(
        clinician_id=account.clinician_id,
        name=row.name,
        user_name=row.user_name,
        role=Role(row.role),
        organisation=row.organisation,
        sponsor=row.sponsor,
        sponsor_name=row.sponsor_name,
        dates=dates,
        state=dates.state(today),
        was_used=row.was_used or account.last_used_on > local_date(account.given_at),
        ended_at=account.ended_at,
        end_reason=account.end_reason,
    )


@dataclass(frozen=True)
class OwnSponsorship:
    """What its owner is told of their account when they sign in."""

    dates: AccountDates
    sponsor: str


def find_own(session_id: UUID) -> OwnSponsorship | None:
    """The sponsored account of whoever opened this session; None: theirs has no sponsor."""
    row = db.session.execute(
        select(SponsoredAccount, Organisation.name)
        .join(ClinicianSession, ClinicianSession.clinician_id == SponsoredAccount.clinician_id)
        .join(Organisation, Organisation.id == SponsoredAccount.attested_for_id)
        .where(ClinicianSession.id == session_id, SponsoredAccount.ended_at.is_(None))
    ).first()
    return None if row is None else OwnSponsorship(dates_of(row[0]), row[1])


# Who answers for whom


@dataclass(frozen=True)
class SponsorLine:
    """One organisation of the area and who answers for its people; `sponsor` None: the board does."""

    organisation_id: UUID
    name: str
    sponsor_id: UUID | None
    sponsor: str | None


def sponsors_of_area(actor: Actor) -> list[SponsorLine]:
    """Each organisation of the board's area whose people are sponsored.

    Raises:
        Forbidden: this person is not the board's administrator.
    """
    check_steward(actor)
    sponsor = aliased(Organisation)
    statement = _with_sponsor(
        select(Organisation.id, Organisation.name, sponsor.id.label("sponsor_id"), sponsor.name.label("sponsor"))
    )
    rows = db.session.execute(
        statement.outerjoin(sponsor, sponsor.id == OrganisationSponsor.sponsor_id)
        .where(
            Organisation.type.in_([str(one) for one in SPONSORED_TYPES]),
            Organisation.area == _own_area(actor),
            Organisation.closed_on.is_(None),
        )
        .order_by(Organisation.name)
    )
    return [SponsorLine(row.id, row.name, row.sponsor_id, row.sponsor) for row in rows]


def get_sponsored(actor: Actor, organisation_id: UUID) -> SponsorLine:
    """One of them.

    Raises:
        Forbidden: this person is not the board's administrator.
        NotFound: there is none in the area.
    """
    found = next((line for line in sponsors_of_area(actor) if line.organisation_id == organisation_id), None)
    if found is None:
        raise NotFound
    return found


def possible_sponsors(actor: Actor, organisation_id: UUID) -> dict[str, str]:
    """Open organisations of the area but itself, by name.

    Raises:
        Forbidden: this person is not the board's administrator.
    """
    check_steward(actor)
    rows = db.session.execute(
        select(Organisation.id, Organisation.name)
        .where(
            Organisation.area == _own_area(actor),
            Organisation.closed_on.is_(None),
            Organisation.id != organisation_id,
        )
        .order_by(Organisation.name)
    )
    return {str(row.id): row.name for row in rows}


def _own_area(actor: Actor) -> Any:
    return select(Organisation.area).where(Organisation.id == actor.organisation_id).scalar_subquery()
