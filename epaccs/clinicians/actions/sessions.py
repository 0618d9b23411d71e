"""Sessions: rows that open the register until somebody ends them or they lapse (hazard H-19)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from epaccs.audit.events import Event, EventKind
from epaccs.audit.log import record
from epaccs.clinicians import queries
from epaccs.clinicians.actions.attempts import Door
from epaccs.clinicians.actions.events import event_at, event_of
from epaccs.clinicians.model import ClinicianSession
from epaccs.clinicians.rules import Place, SessionEnd, SessionFacts, lapse_of
from epaccs.core import clock, sealing
from epaccs.core.db import db, writing
from epaccs.core.errors import NotFound
from epaccs.core.identifiers import new_id


@dataclass(frozen=True)
class OpenedSession:
    """A session whose cookie is new; the tokens are kept nowhere but in the browser.

    `device_token` None: leave the browser's as it is.
    """

    session_id: UUID
    token: str
    device_token: str | None = None


def token_digest(token: str) -> str:
    """How a session's cookie is recognised."""
    return sealing.digest(token, purpose="session")


def open_session(session: Session, clinician_id: UUID, place: Place | None, door: Door) -> OpenedSession:
    """Begin one within an open action, with a cookie nobody has seen before, so that none can be planted."""
    token, now = secrets.token_urlsafe(32), clock.now()
    row = ClinicianSession(
        id=new_id(),
        token_digest=token_digest(token),
        clinician_id=clinician_id,
        membership_id=place.membership_id if place else None,
        created_at=now,
        last_seen_at=now,
        proved_at=now,
        idle_minutes=door.idle_minutes,
        expires_at=now + timedelta(hours=door.absolute_hours),
        browser=door.browser[:80],
        address=door.address[:45],
    )
    session.add(row)
    session.flush()
    return OpenedSession(row.id, token)


def start_session(clinician_id: UUID, *, membership_id: UUID, door: Door) -> OpenedSession:
    """Open the register without a password, for measurements and tests; no page leads here.

    Raises:
        NotFound: this person holds no such role today.
    """
    place = get_place(clinician_id, membership_id)
    with writing() as session:
        opened = open_session(session, clinician_id, place, door)
        record(event_at(EventKind.SIGNED_IN, clinician_id, place, opened.session_id, without_password=True))
    return opened


def get_place(clinician_id: UUID, membership_id: UUID) -> Place:
    """One of the places where a person may work today.

    Raises:
        NotFound: this person holds no such role today.
    """
    places = queries.open_places(clinician_id, today=clock.today())
    place = next((place for place in places if place.membership_id == membership_id), None)
    if place is None:
        raise NotFound
    return place


def lock_own_session(session: Session, facts: SessionFacts) -> ClinicianSession:
    """The row behind a visit, as it is now.

    Raises:
        NotFound: it was ended meanwhile.
    """
    row = session.get(ClinicianSession, facts.session_id, with_for_update=True, populate_existing=True)
    if row is None or row.ended_at is not None:
        raise NotFound
    return row


def renew_token(row: ClinicianSession) -> str:
    """Another cookie for the same session: whoever had the old one is out, and its forms are refused."""
    token = secrets.token_urlsafe(32)
    row.token_digest = token_digest(token)
    return token


def choose_organisation(facts: SessionFacts, membership_id: UUID) -> OpenedSession:
    """Work for this organisation from now on; a form opened for the other one cannot be sent in its name.

    Raises:
        NotFound: this person holds no such role today.
    """
    place = get_place(facts.clinician_id, membership_id)
    with writing() as session:
        row = lock_own_session(session, facts)
        row.membership_id, token = place.membership_id, renew_token(row)
        record(event_of(facts, EventKind.ORGANISATION_CHOSEN, place=place))
    return OpenedSession(facts.session_id, token)


def note_seen(session_id: UUID) -> None:
    """A session in use does not lapse. No audit event: the pages it opens have theirs."""
    with writing() as session:
        session.execute(
            update(ClinicianSession).where(ClinicianSession.id == session_id).values(last_seen_at=clock.now())
        )


def sign_out(facts: SessionFacts) -> None:
    """The cookie opens nothing any more, wherever a copy of it is."""
    with writing() as session:
        row = session.get(ClinicianSession, facts.session_id, with_for_update=True, populate_existing=True)
        if row is not None and row.ended_at is None:
            row.ended_at, row.end_reason = clock.now(), SessionEnd.SIGNED_OUT
            record(event_of(facts, EventKind.SIGNED_OUT))


def end_own_session(facts: SessionFacts, session_id: UUID) -> None:
    """End one of one's own sessions from any other; that browser is out at its next request.

    Raises:
        NotFound: no such session of this person is open.
    """
    with writing() as session:
        row = session.get(ClinicianSession, session_id, with_for_update=True, populate_existing=True)
        if row is None or row.clinician_id != facts.clinician_id or row.ended_at is not None:
            raise NotFound
        row.ended_at, row.end_reason = clock.now(), SessionEnd.ENDED_BY_PERSON
        record(event_of(facts, EventKind.SESSION_ENDED, ended=str(session_id), reason=SessionEnd.ENDED_BY_PERSON))


#: Told of a person whose sessions all end, and why, in the same transaction.
Follower = Callable[[Session, UUID, str], None]
_followers: list[Follower] = []


def follow_ended_access(follower: Follower) -> None:
    """Let a room above end what else a person can open: their tablets' leases; twice registered runs once."""
    if follower not in _followers:
        _followers.append(follower)


def end_sessions(session: Session, clinician_id: UUID, reason: SessionEnd, *, but: UUID | None = None) -> None:
    """End every open session of a person within an open action, which says why in its own event."""
    statement = update(ClinicianSession).where(
        ClinicianSession.clinician_id == clinician_id, ClinicianSession.ended_at.is_(None)
    )
    if but is not None:
        statement = statement.where(ClinicianSession.id != but)
    session.execute(statement.values(ended_at=clock.now(), end_reason=reason))
    for follower in _followers:
        follower(session, clinician_id, str(reason))


def end_lapsed_sessions() -> int:
    """Close the sessions that nobody used or that lasted too long; they opened nothing any more already.

    Returns:
        How many.
    """
    still_open = select(ClinicianSession).where(ClinicianSession.ended_at.is_(None))
    lapsed = [row.id for row in db.session.scalars(still_open) if _lapse(row)]
    for session_id in lapsed:
        _end_lapsed(session_id)
    return len(lapsed)


def _end_lapsed(session_id: UUID) -> None:
    with writing() as session:
        row = session.get(ClinicianSession, session_id, with_for_update=True, populate_existing=True)
        reason = _lapse(row) if row is not None and row.ended_at is None else None
        if row is None or reason is None:
            return  # it was used or ended meanwhile
        row.ended_at, row.end_reason = clock.now(), reason
        details = {"session": str(row.id), "reason": str(reason)}
        record(Event(EventKind.SESSION_ENDED, actor_id=row.clinician_id, details=details))


def _lapse(row: ClinicianSession) -> SessionEnd | None:
    return lapse_of(row.last_seen_at, idle_minutes=row.idle_minutes, expires_at=row.expires_at, now=clock.now())
