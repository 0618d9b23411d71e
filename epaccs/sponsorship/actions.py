"""Ask for an account, answer for it, renew it, and let it end by itself (hazard H-66)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from epaccs.audit.events import Event, EventKind
from epaccs.audit.log import record
from epaccs.clinicians import queries as clinicians
from epaccs.clinicians.actions import GivenCode, NewClinician, end_sessions, open_account, replace_password
from epaccs.clinicians.model import Clinician, ClinicianSession, Membership, Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role, SessionEnd, check_administers, check_not_self
from epaccs.core import clock, fields
from epaccs.core.db import db, writing
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.sponsorship import queries, rules
from epaccs.sponsorship.model import AccountRequest, OrganisationSponsor, SponsoredAccount
from epaccs.sponsorship.rules import AccountDates, Ask

#: Requests are personal data of people who may never be let in.
REQUESTS_KEPT_DAYS = 90


def _event(actor: Actor | None, what: str, *, organisation_id: UUID, **ids: object) -> Event:
    """A deed of a sponsor; `actor` None: of nobody signed in, or of the program itself."""
    return Event(
        EventKind.SPONSORSHIP_CHANGED,
        actor_id=actor.clinician_id if actor else None,
        organisation_id=actor.organisation_id if actor else organisation_id,
        role=str(actor.role) if actor else None,
        details={"what": what, "organisation": str(organisation_id), **ids},
    )


# Asking


def ask_for_account(organisation_id: UUID, ask: Ask, *, address: str) -> None:
    """Leave a request with whoever sponsors the organisation.

    Whether anybody of that name has an account is not looked at: the answer cannot tell it.

    Raises:
        RuleBroken: the organisation is not one whose people ask, the role is not one of its roles, something is
            missing, or too many requests came.
    """
    with writing() as session:
        organisation = session.get(Organisation, organisation_id)
        if organisation is None or organisation.closed_on is not None:
            raise RuleBroken("Choose the organisation where you work", field="organisation_id")
        rules.check_ask(ask, OrganisationType(organisation.type))
        rules.check_not_too_many(
            _asked_at(session, AccountRequest.address == address[:45]),
            _asked_at(session, AccountRequest.organisation_id == organisation.id),
            now=clock.now(),
        )
        row = AccountRequest(
            id=new_id(), organisation_id=organisation.id, asked_at=clock.now(), address=address[:45], **_said(ask)
        )
        session.add(row)
        record(_event(None, "asked", organisation_id=organisation.id, request=str(row.id)))


def _said(ask: Ask) -> dict[str, Any]:
    return {**vars(ask), "role": str(ask.role)}


def _asked_at(session: Session, condition: Any) -> list[datetime]:
    """When the latest such requests came, the newest first: as many as could be too many."""
    most = max(rules.FROM_ADDRESS_LIMIT.tries, rules.FOR_ORGANISATION_LIMIT.tries)
    asked_at = select(AccountRequest.asked_at).where(condition).order_by(AccountRequest.asked_at.desc())
    return list(session.scalars(asked_at.limit(most)))


# Answering


def approve(actor: Actor, request_id: UUID, *, months: int) -> GivenCode:
    """Let somebody in: the account is there at once, and ends after so many months unless it is renewed.

    Raises:
        Forbidden: this person is no administrator.
        NotFound: none that waits for them.
    """
    with writing() as session:
        row = _lock_request(session, actor, request_id)
        organisation = session.get_one(Organisation, row.organisation_id)
        today = clock.today()
        dates = AccountDates(expires_on=rules.add_months(today, months), last_used_on=today)
        new = NewClinician(
            user_name=rules.build_user_name(row.name, _user_names(session)),
            name=row.name,
            role=Role(row.role),
            professional_number=row.professional_number,
            until_date=dates.last_day,
        )
        given = open_account(session, actor, organisation, new, sponsored_by_request=str(row.id))
        session.add(_account(actor, row, given, dates))
        _answer(row, actor, "approved")
        _answer_repeated(session, actor, row)
        return given


def _lock_request(session: Session, actor: Actor, request_id: UUID) -> AccountRequest:
    row = session.get(AccountRequest, request_id, with_for_update=True, populate_existing=True)
    queries.get_request(actor, request_id)  # it waits, and for this sponsor
    if row is None:
        raise NotFound
    return row


def _user_names(session: Session) -> set[str]:
    return set(session.scalars(select(Clinician.user_name)))


def _account(actor: Actor, row: AccountRequest, given: GivenCode, dates: AccountDates) -> SponsoredAccount:
    return SponsoredAccount(
        clinician_id=given.clinician_id,
        membership_id=given.membership_id,
        organisation_id=row.organisation_id,
        request_id=row.id,
        given_at=clock.now(),
        attested_at=clock.now(),
        attested_by=actor.clinician_id,
        attested_for_id=actor.organisation_id,
        expires_on=dates.expires_on,
        last_used_on=dates.last_used_on,
    )


def _answer(row: AccountRequest, actor: Actor, outcome: str) -> None:
    row.answered_at, row.answered_by, row.outcome = clock.now(), actor.clinician_id, outcome


def _answer_repeated(session: Session, actor: Actor, row: AccountRequest) -> None:
    """Whoever asked twice gets one account."""
    same = select(AccountRequest).where(
        AccountRequest.organisation_id == row.organisation_id,
        AccountRequest.answered_at.is_(None),
        AccountRequest.id != row.id,
        func.lower(AccountRequest.name) == row.name.lower(),
        or_(AccountRequest.email == row.email, AccountRequest.telephone == row.telephone),
    )
    for other in session.scalars(same.with_for_update()):
        _answer(other, actor, "repeated")


def refuse(actor: Actor, request_id: UUID, *, reason: str) -> None:
    """Give no account, and say why.

    Raises:
        Forbidden: this person is no administrator.
        NotFound: none that waits for them.
    """
    with writing() as session:
        row = _lock_request(session, actor, request_id)
        row.refusal = reason
        _answer(row, actor, "refused")
        record(_event(actor, "refused", organisation_id=row.organisation_id, request=str(row.id)))


# Answering again


def renew(actor: Actor, clinician_id: UUID, *, months: int) -> GivenCode | None:
    """Say again that somebody still works there. An account that had ended opens with a new one-time code.

    Returns:
        The code; None: the account runs on with its password.

    Raises:
        Forbidden: this person is no administrator, or it is their own account.
        NotFound: no such account is sponsored by them.
        RuleBroken: it is too early to say anything about the day it ends.
    """
    with writing() as session:
        row, clinician, membership = _lock_account(session, actor, clinician_id)
        today, before = clock.today(), _dates(row, clinician, membership)
        rules.check_may_renew(before, today=today)
        has_ended = before.state(today) is rules.AccountState.ENDED
        row.expires_on = rules.add_months(today, months)
        row.last_used_on = today if has_ended else row.last_used_on
        row.attested_at, row.attested_by, row.attested_for_id = clock.now(), actor.clinician_id, actor.organisation_id
        row.ended_at = row.end_reason = clinician.ended_at = None
        membership.until_date = queries.dates_of(row).last_day
        record(_about(actor, row, "renewed", opened_again=has_ended))
        return replace_password(session, clinician) if has_ended else None


def _about(actor: Actor | None, row: SponsoredAccount, what: str, **details: object) -> Event:
    return _event(actor, what, organisation_id=row.organisation_id, clinician=str(row.clinician_id), **details)


def _lock_account(session: Session, actor: Actor, clinician_id: UUID) -> tuple[SponsoredAccount, Clinician, Membership]:
    """An account that this sponsor answers for."""
    check_administers(actor, organisation_id=actor.organisation_id)
    check_not_self(actor, clinician_id)
    if not queries.accounts_of(actor, SponsoredAccount.clinician_id == clinician_id):
        raise NotFound
    return _lock(session, clinician_id)


def _lock(session: Session, clinician_id: UUID) -> tuple[SponsoredAccount, Clinician, Membership]:
    clinician = session.get_one(Clinician, clinician_id, with_for_update=True, populate_existing=True)
    row = session.get_one(SponsoredAccount, clinician_id, with_for_update=True, populate_existing=True)
    return row, clinician, session.get_one(Membership, row.membership_id, with_for_update=True, populate_existing=True)


def _dates(row: SponsoredAccount, clinician: Clinician, membership: Membership) -> AccountDates:
    """As the account stands, whoever ended it: its sponsor, time, or the administrator of the organisation."""
    return queries.dates_as_they_stand(
        row, person_ended_at=clinician.ended_at, until_date=membership.until_date, today=clock.today()
    )


def give_new_code(actor: Actor, clinician_id: UUID) -> GivenCode:
    """A one-time code for somebody who lost the first or forgot the password; the old password opens nothing.

    Raises:
        Forbidden: this person is no administrator, or it is their own account.
        NotFound: no such account is sponsored by them.
        RuleBroken: it has ended.
    """
    with writing() as session:
        row, clinician, membership = _lock_account(session, actor, clinician_id)
        if _dates(row, clinician, membership).state(clock.today()) is rules.AccountState.ENDED:
            raise RuleBroken("This account has ended. Renew it first")
        record(_about(actor, row, "code_given"))
        return replace_password(session, clinician)


def end_account(actor: Actor, clinician_id: UUID) -> None:
    """Somebody has left: from this moment the role opens nothing, and every session and tablet of theirs is out.

    Raises:
        Forbidden: this person is no administrator, or it is their own account.
        NotFound: no such account is sponsored by them.
    """
    with writing() as session:
        row, clinician, membership = _lock_account(session, actor, clinician_id)
        _end(session, row, clinician, membership)
        row.end_reason = "ended"
        record(_about(actor, row, "ended"))


def _end(session: Session, row: SponsoredAccount, clinician: Clinician, membership: Membership) -> None:
    """End the role; whoever works nowhere else has no account any more."""
    today = clock.today()
    row.ended_at = clock.now()
    membership.until_date = min(membership.until_date or today, today - timedelta(days=1))
    session.flush()
    if not clinicians.open_places(clinician.id, today=today):
        clinician.ended_at = clinician.ended_at or clock.now()
    end_sessions(session, clinician.id, SessionEnd.ACCESS_ENDED)


# What time does


def follow_time() -> int:
    """Note who signed in, and end what has run out; the worker asks each minute.

    The last day of the role is set with each use, so an account that nobody uses opens nothing after it even if no
    worker runs: this only ends what is still open on it and says so in the list (hazard H-66).

    Returns:
        How many accounts ended.
    """
    seen = (
        select(func.max(ClinicianSession.last_seen_at))
        .where(
            ClinicianSession.clinician_id == SponsoredAccount.clinician_id,
            ClinicianSession.membership_id == SponsoredAccount.membership_id,
        )
        .scalar_subquery()
    )
    statement = select(
        SponsoredAccount.clinician_id, SponsoredAccount.last_used_on, SponsoredAccount.expires_on, seen.label("seen_at")
    ).where(SponsoredAccount.ended_at.is_(None))
    today, ended = clock.today(), 0
    for row in db.session.execute(statement).all():
        used_on = _later_use(row.last_used_on, row.seen_at)
        has_run_out = AccountDates(row.expires_on, used_on).last_day < today
        if has_run_out or used_on > row.last_used_on:
            ended += _follow_account(row.clinician_id, used_on)
    return ended


def _later_use(noted: date, seen_at: datetime | None) -> date:
    return noted if seen_at is None else max(noted, fields.local_date(seen_at))


def _follow_account(clinician_id: UUID, used_on: date) -> int:
    with writing() as session:
        row, clinician, membership = _lock(session, clinician_id)
        row.last_used_on = max(row.last_used_on, used_on)
        dates = _dates(row, clinician, membership)
        if dates.state(clock.today()) is not rules.AccountState.ENDED:
            membership.until_date = dates.last_day
            return 0
        row.end_reason = "expired" if dates.expires_on <= dates.unused_on else "unused"
        _end(session, row, clinician, membership)
        record(_about(None, row, "ended", reason=row.end_reason))
        return 1


def forget_requests() -> int:
    """Take away requests that were refused, repeated or never answered; no audit event: nobody got anything by them.

    Returns:
        How many went.
    """
    long_ago = clock.now() - timedelta(days=REQUESTS_KEPT_DAYS)
    with writing() as session:
        gone = session.execute(
            delete(AccountRequest).where(
                AccountRequest.asked_at < long_ago,
                or_(AccountRequest.outcome.is_(None), AccountRequest.outcome != "approved"),
            )
        )
    return int(getattr(gone, "rowcount", 0))


# Who answers for whom


def name_sponsor(actor: Actor, organisation_id: UUID, sponsor_id: UUID) -> None:
    """Say which organisation answers for the people of another from now on; requests that wait, wait there.

    Raises:
        Forbidden: this person is not the board's administrator.
        NotFound: there is no such organisation in the area.
        RuleBroken: the sponsor is none of those of the area.
    """
    queries.get_sponsored(actor, organisation_id)
    if str(sponsor_id) not in queries.possible_sponsors(actor, organisation_id):
        raise RuleBroken("Choose the organisation that answers for its people", field="sponsor_id")
    with writing() as session:
        named = {"sponsor_id": sponsor_id, "named_at": clock.now(), "named_by": actor.clinician_id}
        changed = session.execute(
            update(OrganisationSponsor).where(OrganisationSponsor.organisation_id == organisation_id).values(**named)
        )
        if not getattr(changed, "rowcount", 0):
            session.add(OrganisationSponsor(organisation_id=organisation_id, **named))
        record(_event(actor, "sponsor_named", organisation_id=organisation_id, sponsor=str(sponsor_id)))


# What is said when somebody signs in


def remind(session_id: UUID) -> str | None:
    """What the owner of a sponsored account is told as they sign in; None: nothing. Reads only."""
    own = queries.find_own(session_id)
    if own is None:
        return None
    return rules.build_reminder(
        own.dates,
        today=clock.today(),
        day_in_words=fields.format_date(own.dates.expires_on),
        sponsor=own.sponsor,
    )
