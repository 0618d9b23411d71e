"""The second factor: an authenticator, and ten codes for the day it is lost."""

from __future__ import annotations

import hmac
from datetime import timedelta
from uuid import UUID

import pyotp
from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from epaccs.audit.events import EventKind
from epaccs.audit.log import record
from epaccs.clinicians import queries
from epaccs.clinicians.actions.attempts import Door, begin_attempt, forgive_attempts, refused
from epaccs.clinicians.actions.events import event_of
from epaccs.clinicians.actions.passwords import code_digest, make_code
from epaccs.clinicians.actions.sessions import lock_own_session
from epaccs.clinicians.model import Passkey, RecoveryCode, SecondFactor
from epaccs.clinicians.rules import (
    PENDING_SECOND_FACTOR_MINUTES,
    RECOVERY_CODES,
    SessionFacts,
    check_second_factor_is_free,
    normalise_code,
    steps_to_try,
)
from epaccs.core import clock, sealing
from epaccs.core.db import db, writing
from epaccs.core.errors import RuleBroken

_PURPOSE = "second factor"

CODE_NOT_RIGHT = "That code is not right, or was used before. Wait for the next one and enter it"


def has_second_factor(session: Session, clinician_id: UUID) -> bool:
    """Whether a code is asked for after the password."""
    return has_authenticator(session, clinician_id) or has_passkey(session, clinician_id)


def has_authenticator(session: Session, clinician_id: UUID) -> bool:
    """Whether the person has set up an authenticator."""
    row = session.get(SecondFactor, clinician_id, populate_existing=True)
    return row is not None and row.confirmed_at is not None


def has_passkey(session: Session, clinician_id: UUID) -> bool:
    """Whether the person has a passkey, which is a second factor by itself."""
    return session.scalar(select(exists().where(Passkey.clinician_id == clinician_id))) or False


# Codes


def use_code(session: Session, clinician_id: UUID, code: str) -> str | None:
    """Spend one code within an open action.

    Returns:
        With which kind of code; None: it is not right, or was used before.
    """
    row = session.get(SecondFactor, clinician_id, with_for_update=True, populate_existing=True)
    typed = normalise_code(code)
    if typed.isdecimal():
        is_right = row is not None and row.confirmed_at is not None and _use_step(row, typed)
        return "authenticator" if is_right else None
    return "recovery_code" if _use_recovery_code(session, clinician_id, typed) else None


def _use_step(row: SecondFactor, typed: str) -> bool:
    """Whether it is the code of a step that is taken now; that step is then used."""
    authenticator = pyotp.TOTP(_unseal(row))
    for step in steps_to_try(clock.now(), last_step=row.last_step):
        if hmac.compare_digest(authenticator.generate_otp(step), typed):
            row.last_step = step
            return True
    return False


def _unseal(row: SecondFactor) -> str:
    return sealing.unseal(row.sealed_secret, purpose=_PURPOSE, record_id=row.clinician_id).decode()


def _use_recovery_code(session: Session, clinician_id: UUID, typed: str) -> bool:
    of_person = RecoveryCode.clinician_id == clinician_id
    unused = (RecoveryCode.code_digest == code_digest(typed), RecoveryCode.used_at.is_(None))
    row = session.scalars(select(RecoveryCode).where(of_person, *unused).with_for_update()).first()
    if row is None:
        return False
    row.used_at = clock.now()
    return True


# Set up, renew, remove


def begin_second_factor(facts: SessionFacts) -> str:
    """A new secret for the authenticator; it is not asked for until a code from it was given.

    Raises:
        RuleBroken: there is a second factor already.
    """
    secret = pyotp.random_base32()
    with writing() as session:
        if has_authenticator(session, facts.clinician_id):
            raise RuleBroken("Your second factor is set up already. Remove it first to set up another authenticator")
        row = session.get(SecondFactor, facts.clinician_id) or SecondFactor(clinician_id=facts.clinician_id)
        row.sealed_secret = sealing.seal(secret.encode(), purpose=_PURPOSE, record_id=facts.clinician_id)
        row.begun_at, row.last_step = clock.now(), None
        session.add(row)
    return secret


def find_pending_secret(facts: SessionFacts) -> str | None:
    """The secret that waits for its first code; None: none does, or it was begun too long ago."""
    row = db.session.get(SecondFactor, facts.clinician_id, populate_existing=True)
    return _unseal(row) if row is not None and _is_pending(row) else None


def _is_pending(row: SecondFactor) -> bool:
    oldest = clock.now() - timedelta(minutes=PENDING_SECOND_FACTOR_MINUTES)
    return row.confirmed_at is None and row.begun_at > oldest


def confirm_second_factor(facts: SessionFacts, code: str) -> list[str]:
    """The authenticator works: from now on it is asked for; other browsers are asked at their next request.

    Returns:
        The recovery codes, to be shown once.

    Raises:
        RuleBroken: the code is not right, or the set-up was begun too long ago.
    """
    with writing() as session:
        row = session.get(SecondFactor, facts.clinician_id, with_for_update=True, populate_existing=True)
        if row is None or not _is_pending(row):
            raise RuleBroken("Begin again: the picture was shown too long ago", field="code")
        if not _use_step(row, normalise_code(code)):
            raise RuleBroken(
                "That code is not right. Check that the telephone shows the right time, and enter the next code",
                field="code",
            )
        row.confirmed_at = clock.now()
        lock_own_session(session, facts).second_factor_at = clock.now()
        codes = new_recovery_codes(session, facts.clinician_id)
        record(event_of(facts, EventKind.SECOND_FACTOR_CHANGED, what="set_up"))
    return codes


def new_recovery_codes(session: Session, clinician_id: UUID) -> list[str]:
    """Ten, in place of any before."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.clinician_id == clinician_id))
    codes = [make_code() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(clinician_id=clinician_id, code_digest=code_digest(code)) for code in codes)
    return codes


def renew_recovery_codes(facts: SessionFacts, code: str, *, door: Door) -> list[str]:
    """Ten new recovery codes; those on the old paper work no more.

    Raises:
        RuleBroken: the code is not right.
        TooManyTries: wait.
    """
    attempt = begin_attempt(facts.user_name, door)
    with writing() as session:
        if use_code(session, facts.clinician_id, code) is not None:
            forgive_attempts(session, attempt)
            codes = new_recovery_codes(session, facts.clinician_id)
            record(event_of(facts, EventKind.SECOND_FACTOR_CHANGED, what="recovery_codes_renewed"))
            return codes
    raise refused(attempt, step="second_factor", message=CODE_NOT_RIGHT, field="code")


def remove_second_factor(facts: SessionFacts, code: str, *, door: Door) -> None:
    """The password alone is enough again, unless an organisation of this person demands more.

    Raises:
        RuleBroken: the code is not right, or an organisation demands a second factor.
        TooManyTries: wait.
    """
    check_second_factor_is_free(queries.open_places(facts.clinician_id, today=clock.today()))
    attempt = begin_attempt(facts.user_name, door)
    with writing() as session:
        if use_code(session, facts.clinician_id, code) is not None:
            forgive_attempts(session, attempt)
            session.execute(delete(SecondFactor).where(SecondFactor.clinician_id == facts.clinician_id))
            if not has_passkey(session, facts.clinician_id):
                forget_second_factor(session, facts.clinician_id)
            record(event_of(facts, EventKind.SECOND_FACTOR_CHANGED, what="removed"))
            return
    raise refused(attempt, step="second_factor", message=CODE_NOT_RIGHT, field="code")


def forget_second_factor(session: Session, clinician_id: UUID) -> None:
    """Take every one away within an open action, with the recovery codes: authenticator and passkeys."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.clinician_id == clinician_id))
    session.execute(delete(Passkey).where(Passkey.clinician_id == clinician_id))
    session.execute(delete(SecondFactor).where(SecondFactor.clinician_id == clinician_id))
