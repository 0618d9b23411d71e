"""Sign in with a password, a code of the second factor, or a code from the administrator; change the password."""

from __future__ import annotations

import hmac
from uuid import UUID

from sqlalchemy.orm import Session

from epaccs.audit.events import Event, EventKind
from epaccs.audit.log import record
from epaccs.clinicians import queries
from epaccs.clinicians.actions.attempts import (
    Attempt,
    Door,
    begin_attempt,
    forgive_attempts,
    refused,
    remember_device,
    take_back,
)
from epaccs.clinicians.actions.events import event_at, event_of
from epaccs.clinicians.actions.passwords import code_digest, hash_password, needs_new_hash, password_fits
from epaccs.clinicians.actions.second_factor import CODE_NOT_RIGHT, has_second_factor, use_code
from epaccs.clinicians.actions.sessions import (
    OpenedSession,
    end_sessions,
    lock_own_session,
    open_session,
    renew_token,
)
from epaccs.clinicians.model import Clinician, OneTimeCode
from epaccs.clinicians.rules import SessionEnd, SessionFacts, check_password, normalise_user_name
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.identifiers import new_id

NOT_RIGHT = "The user name or the password is not right. Check both, and that Caps Lock is off"
NOT_RIGHT_OR_OLD = "The user name or the one-time code is not right, or the code is too old. Ask your administrator"
NO_ROLE = "You hold no role at an organisation today. Ask the administrator of your organisation"


def sign_in(user_name: str, password: str, *, door: Door) -> OpenedSession:
    """Open a session for who knows the password; a second factor or a choice of organisation may still be wanting.

    Raises:
        RuleBroken: the two do not fit, and a stranger learns no more than that; or the person holds no role today.
        TooManyTries: wait.
    """
    attempt = begin_attempt(user_name, door)
    if not password_fits(attempt.password_hash, password) or attempt.clinician_id is None:
        raise refused(attempt, step="password", message=NOT_RIGHT)
    if not queries.open_places(attempt.clinician_id, today=clock.today()):
        raise refused(attempt, step="role", message=NO_ROLE)
    with writing() as session:
        clinician = _lock(session, attempt.clinician_id)
        if clinician.ended_at is None and clinician.password_hash == attempt.password_hash:
            if needs_new_hash(clinician.password_hash or ""):
                clinician.password_hash = hash_password(password)
            return _admit(session, clinician, attempt, door)
    raise refused(attempt, step="password", message=NOT_RIGHT)  # reset or ended while the password was being checked


def _lock(session: Session, clinician_id: UUID) -> Clinician:
    return session.get_one(Clinician, clinician_id, with_for_update=True, populate_existing=True)


def _admit(session: Session, clinician: Clinician, attempt: Attempt, door: Door) -> OpenedSession:
    """Open the session; without a second factor the person is in."""
    places = queries.open_places(clinician.id, today=clock.today())
    place = places[0] if len(places) == 1 else None
    opened = open_session(session, clinician.id, place, door)
    if has_second_factor(session, clinician.id):
        take_back(session, attempt)
        record(event_at(EventKind.PASSWORD_ACCEPTED, clinician.id, place, opened.session_id))
        return opened
    forgive_attempts(session, attempt)
    device_token = remember_device(session, clinician.id, door)
    record(event_at(EventKind.SIGNED_IN, clinician.id, place, opened.session_id))
    return OpenedSession(opened.session_id, opened.token, device_token)


def give_code(facts: SessionFacts, code: str, *, door: Door) -> OpenedSession:
    """The second step: a code of the authenticator, or a recovery code; the session gets a new cookie.

    Raises:
        RuleBroken: the code is not right or was used before.
        TooManyTries: wait; a code has only six figures.
    """
    attempt = begin_attempt(facts.user_name, door)
    with writing() as session:
        how = use_code(session, facts.clinician_id, code)
        if how is not None:
            forgive_attempts(session, attempt)
            row = lock_own_session(session, facts)
            row.second_factor_at = row.proved_at = clock.now()
            token = renew_token(row)
            device_token = remember_device(session, facts.clinician_id, door)
            record(event_of(facts, EventKind.SIGNED_IN, second_factor=how))
            return OpenedSession(row.id, token, device_token)
    raise refused(attempt, step="second_factor", message=CODE_NOT_RIGHT, field="code")


def set_first_password(user_name: str, one_time_code: str, new_password: str, *, door: Door) -> OpenedSession:
    """With the code an administrator gave: the first password, or a new one after a reset; then the person is in.

    Raises:
        RuleBroken: the password is too weak, or user name and code do not fit.
        TooManyTries: wait.
    """
    check_password(new_password, user_name=normalise_user_name(user_name))
    attempt = begin_attempt(user_name, door)
    password_hash = hash_password(new_password)
    with writing() as session:
        clinician = _spend_one_time_code(session, attempt.clinician_id, one_time_code)
        if clinician is not None:
            _set_password(session, clinician, password_hash)
            record(Event(EventKind.PASSWORD_CHANGED, actor_id=clinician.id, details={"with": "one_time_code"}))
    if clinician is None:
        raise refused(attempt, step="one_time_code", message=NOT_RIGHT_OR_OLD, field="one_time_code")
    with writing() as session:
        return _admit(session, _lock(session, clinician.id), attempt, door)


def _spend_one_time_code(session: Session, clinician_id: UUID | None, code: str) -> Clinician | None:
    """The account whose code this is; of a name that nobody has as much is asked as of any other (hazard H-21)."""
    wanted = clinician_id or new_id()
    clinician = session.get(Clinician, wanted, with_for_update=True, populate_existing=True)
    kept = session.get(OneTimeCode, wanted, with_for_update=True, populate_existing=True)
    if clinician is None or clinician.ended_at is not None or kept is None or kept.expires_at <= clock.now():
        return None
    if not hmac.compare_digest(kept.code_digest, code_digest(code)):
        return None
    session.delete(kept)
    return clinician


def _set_password(session: Session, clinician: Clinician, password_hash: str, *, but: UUID | None = None) -> None:
    """Keep it, and end the sessions that were opened with another."""
    clinician.password_hash, clinician.password_changed_at = password_hash, clock.now()
    end_sessions(session, clinician.id, SessionEnd.PASSWORD_CHANGED, but=but)


def change_password(facts: SessionFacts, *, current_password: str, new_password: str, door: Door) -> None:
    """Another password for one's own account; every other browser must sign in again.

    Raises:
        RuleBroken: the new one is too weak or the same, or the current one is not right.
        TooManyTries: wait.
    """
    check_password(new_password, user_name=facts.user_name)
    attempt = begin_attempt(facts.user_name, door)
    if not password_fits(attempt.password_hash, current_password):
        raise refused(attempt, step="password", message="Your current password is not right", field="current_password")
    password_hash = hash_password(new_password)
    with writing() as session:
        clinician = _lock(session, facts.clinician_id)
        lock_own_session(session, facts)
        forgive_attempts(session, attempt)
        _set_password(session, clinician, password_hash, but=facts.session_id)
        record(event_of(facts, EventKind.PASSWORD_CHANGED))


def check_own_password(facts: SessionFacts, password: str, *, door: Door) -> None:
    """It is still the person who signed in; asked before a second factor is set up on a session left open.

    Raises:
        RuleBroken: it is not right.
        TooManyTries: wait.
    """
    attempt = begin_attempt(facts.user_name, door)
    if not password_fits(attempt.password_hash, password):
        raise refused(attempt, step="password", message="Your current password is not right", field="current_password")
    with writing() as session:
        take_back(session, attempt)
