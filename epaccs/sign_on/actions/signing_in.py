"""Sign in by an identity provider: out to it, back from it, and in with the roles that it names."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.audit.events import Event, EventKind
from epaccs.audit.log import record
from epaccs.clinicians.actions import Door, OpenedSession
from epaccs.clinicians.actions.attempts import begin_nameless, forgive_attempts, remember_device, take_back
from epaccs.clinicians.actions.events import event_at, event_of
from epaccs.clinicians.actions.sessions import lock_own_session, open_session
from epaccs.clinicians.model import Clinician, ClinicianSession, Membership
from epaccs.clinicians.queries import open_places
from epaccs.clinicians.rules import SessionEnd, SessionFacts
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.settings import IdentityProvider
from epaccs.sign_on import queries
from epaccs.sign_on.actions import ceremonies
from epaccs.sign_on.actions.linking import find_or_ask, note_refused
from epaccs.sign_on.provider import Conversation, ProviderRefused, ProviderUnreachable, build_end_address
from epaccs.sign_on.rules import (
    ROLE_DAYS,
    Identity,
    Purpose,
    RoleMeant,
    check_same_person,
    find_usable,
    find_vouched,
    read_identity,
)


@dataclass(frozen=True)
class Departure:
    """Where the browser is sent, and what it must bring back."""

    address: str
    token: str


@dataclass(frozen=True)
class Arrival:
    """Who came back, where they wanted to go, and whom they are to be; `confirms` None: whoever they are."""

    identity: Identity
    next_path: str
    confirms: UUID | None


def depart(
    provider: IdentityProvider, *, redirect_uri: str, next_path: str, absolute_hours: int, confirms: UUID | None = None
) -> Departure:
    """Begin a sign-in at the provider.

    Args:
        confirms: who is signed in here already and is to prove it anew; None: somebody signs in.

    Raises:
        ProviderUnreachable, ProviderRefused: the provider does not answer, or another one does.
    """
    facts = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    asked = {"max_age": str(absolute_hours * 3600)} if confirms is None else {"prompt": "login", "max_age": "0"}
    with Conversation(provider, redirect_uri=redirect_uri) as conversation:
        address = conversation.build_address(conversation.discover(), **facts, **asked)
    kept = {**facts, "next": next_path, "confirms": str(confirms) if confirms else None}
    return Departure(address, ceremonies.begin(Purpose.PROVIDER, kept))


@contextmanager
def counted(way: str, door: Door) -> Iterator[None]:
    """Count what comes from the provider until it is believed, before the provider is asked anything.

    It does not count against anybody that the provider is down.

    Raises:
        TooManyTries: wait; nothing is asked of the provider for it.

    Source: hazard H-21.
    """
    attempt = begin_nameless(way, door)
    try:
        yield
    except ProviderUnreachable:
        with writing() as session:
            take_back(session, attempt)
        raise
    with writing() as session:
        forgive_attempts(session, attempt)


def arrive(provider: IdentityProvider, *, redirect_uri: str, token: str | None, said: Mapping[str, str]) -> Arrival:
    """Believe whoever comes back, or not.

    Args:
        token: what the browser was given when it left.
        said: what the address says with which it came back.

    Raises:
        ProviderUnreachable: the provider does not answer.
        ProviderRefused: the address was used before, changed, made for another browser, or the token is not believed.
    """
    facts = ceremonies.take(token, Purpose.PROVIDER)
    if facts is None or not hmac.compare_digest(facts["state"].encode(), said.get("state", "").encode()):
        raise ProviderRefused("state")
    if "iss" in said and said["iss"] != provider.issuer:
        raise ProviderRefused("other_issuer")
    if "code" not in said:
        raise ProviderRefused("no_code")
    now, roles_claim = clock.now(), provider.roles_claim
    with Conversation(provider, redirect_uri=redirect_uri) as conversation:
        claims = conversation.find_claims(
            conversation.discover(),
            code=said["code"],
            nonce=facts["nonce"],
            verifier=facts["verifier"],
            roles_claim=roles_claim,
            now=now,
        )
    identity = read_identity(claims, roles_claim=roles_claim, number_claim=provider.number_claim, now=now)
    confirms = UUID(facts["confirms"]) if facts["confirms"] else None
    return Arrival(identity, facts["next"], confirms)


def admit(identity: Identity, *, door: Door) -> OpenedSession:
    """Open a session for whoever the provider named, in the roles that it names.

    Raises:
        RuleBroken: the person is not known here yet, has no role here, or their account was closed; the sentence says
            whom to ask. No session is opened.
    """
    meant = queries.find_meant(identity.roles)
    clinician_id = find_or_ask(identity, meant)
    try:
        with writing() as session:
            return _open(session, clinician_id, identity, meant, door)
    except RuleBroken:
        note_refused("no_role", clinician_id=clinician_id)
        raise


def _open(
    session: Session, clinician_id: UUID, identity: Identity, meant: list[RoleMeant], door: Door
) -> OpenedSession:
    clinician = session.get_one(Clinician, clinician_id, with_for_update=True, populate_existing=True)
    if clinician.ended_at is not None:
        raise RuleBroken("Your account was closed. Ask the administrator of your organisation")
    usable = find_usable(meant, has_number=bool(clinician.professional_number))
    _follow_roles(session, clinician_id, usable)
    places = open_places(clinician_id, today=clock.today())
    named = {(one.organisation_id, one.role) for one in usable}
    fitting = [place for place in places if (place.organisation_id, place.role) in named]
    if not fitting:
        raise RuleBroken("Your role was ended here. Ask the administrator of your organisation")
    place = fitting[0] if len(fitting) == 1 else None
    opened = open_session(session, clinician_id, place, door)
    row = session.get_one(ClinicianSession, opened.session_id)
    row.proved_at, row.provider_session = identity.proved_at, identity.session
    row.vouched_for = sorted(str(one) for one in find_vouched(identity, usable))
    device_token = remember_device(session, clinician_id, door)
    details = {"by": "provider", "vouched": bool(row.vouched_for)}
    record(event_at(EventKind.SIGNED_IN, clinician_id, place, opened.session_id, **details))
    return OpenedSession(opened.session_id, opened.token, device_token)


def _follow_roles(session: Session, clinician_id: UUID, usable: list[RoleMeant]) -> None:
    """Roles that the provider names are held for a week; those it names no more end.

    What an administrator gave or ended by hand stays as they left it, whatever the provider says.
    """
    today = clock.today()
    rows = session.scalars(select(Membership).where(Membership.clinician_id == clinician_id).with_for_update())
    held = {(row.organisation_id, row.role): row for row in rows}
    named = {(one.organisation_id, str(one.role)) for one in usable}
    theirs = {pair for pair, row in held.items() if row.is_from_provider}
    given = sorted(pair for pair in named if pair not in held or (pair in theirs and _has_ended(held[pair])))
    ended = sorted(pair for pair in theirs - named if not _has_ended(held[pair]))
    for pair in ended:
        held[pair].until_date = today - timedelta(days=1)
    for pair in given:
        held[pair] = held.get(pair) or _new_membership(session, clinician_id, *pair)
        held[pair].from_date = today
    for pair in named & (theirs | set(given)):
        held[pair].until_date = today + timedelta(days=ROLE_DAYS)
    session.flush()
    if given or ended:
        record(_roles_changed(clinician_id, given, ended))


def _has_ended(row: Membership) -> bool:
    return row.until_date is not None and row.until_date < clock.today()


def _new_membership(session: Session, clinician_id: UUID, organisation_id: UUID, role: str) -> Membership:
    row = Membership(
        id=new_id(), clinician_id=clinician_id, organisation_id=organisation_id, role=role, is_from_provider=True
    )
    session.add(row)
    return row


def _roles_changed(clinician_id: UUID, given: list[tuple[UUID, str]], ended: list[tuple[UUID, str]]) -> Event:
    details = {
        "what": "roles_from_provider",
        "clinician": str(clinician_id),
        "given": [f"{role} at {organisation}" for organisation, role in given],
        "ended": [f"{role} at {organisation}" for organisation, role in ended],
    }
    return Event(EventKind.PEOPLE_CHANGED, actor_id=clinician_id, details=details)


def confirm(facts: SessionFacts, arrival: Arrival) -> None:
    """The person who is signed in proved it anew at the provider.

    Raises:
        RuleBroken: it was somebody else, or the provider does not say when.
    """
    identity = arrival.identity
    clinician_id = queries.find_linked(identity.issuer, identity.subject)
    check_same_person(facts.clinician_id, clinician_id or UUID(int=0))
    if identity.proved_at is None:
        raise RuleBroken("The other sign-in did not say that it asked you anew")
    note_proved(facts, by="provider", proved_at=identity.proved_at)


def note_proved(facts: SessionFacts, *, by: str, proved_at: datetime) -> None:
    """The person proved anew who they are; their session says so from now on."""
    with writing() as session:
        lock_own_session(session, facts).proved_at = proved_at
        record(event_of(facts, EventKind.CONFIRMED_AGAIN, by=by))


def end_sessions_there(issuer: str, subject: str, session_there: str) -> int:
    """The person signed out at the provider: what they opened through it is closed here too.

    Returns:
        How many sessions were ended.
    """
    clinician_id = queries.find_linked(issuer, subject) if subject else None
    of_theirs = [ClinicianSession.provider_session == session_there] if session_there else []
    if not of_theirs and clinician_id is not None:
        of_theirs = [ClinicianSession.clinician_id == clinician_id, ClinicianSession.provider_session.is_not(None)]
    if not of_theirs:
        return 0
    with writing() as session:
        open_ones = select(ClinicianSession).where(*of_theirs, ClinicianSession.ended_at.is_(None))
        rows = session.scalars(open_ones.with_for_update()).all()
        for row in rows:
            row.ended_at, row.end_reason = clock.now(), SessionEnd.PROVIDER
            details = {"session": str(row.id), "reason": str(SessionEnd.PROVIDER)}
            record(Event(EventKind.SESSION_ENDED, actor_id=row.clinician_id, details=details))
    return len(rows)


def find_end_address(provider: IdentityProvider, *, redirect_uri: str, back_to: str) -> str | None:
    """Where the browser signs out at the provider too; None: it has no such page, or does not answer."""
    try:
        with Conversation(provider, redirect_uri=redirect_uri) as conversation:
            return build_end_address(conversation.discover(), provider=provider, back_to=back_to)
    except (ProviderUnreachable, ProviderRefused):
        return None


def follow_end(provider: IdentityProvider, *, redirect_uri: str, token: str) -> int:
    """Believe the provider that somebody signed out there, and close here what they opened through it.

    Returns:
        How many sessions were ended.

    Raises:
        ProviderUnreachable, ProviderRefused: its keys cannot be read, or the token is not believed.
    """
    with Conversation(provider, redirect_uri=redirect_uri) as conversation:
        claims = conversation.read_logout_token(token, now=clock.now())
    return end_sessions_there(provider.issuer, str(claims.get("sub") or ""), str(claims.get("sid") or ""))
