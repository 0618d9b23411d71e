"""Prove anew who one is, before signing: by the password, a code, a passkey, or at the identity provider."""

from __future__ import annotations

from epaccs.clinicians.actions import Door, check_own_password
from epaccs.clinicians.actions.attempts import begin_attempt, forgive_attempts, refused
from epaccs.clinicians.actions.second_factor import CODE_NOT_RIGHT, use_code
from epaccs.clinicians.rules import SessionFacts
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.sign_on.actions.signing_in import note_proved


def confirm_by_password(facts: SessionFacts, password: str, *, door: Door) -> None:
    """The password again.

    Raises:
        RuleBroken: it is not right.
        TooManyTries: wait.
    """
    check_own_password(facts, password, door=door)
    note_proved(facts, by="password", proved_at=clock.now())


def confirm_by_code(facts: SessionFacts, code: str, *, door: Door) -> None:
    """A code of the authenticator, or a recovery code.

    Raises:
        RuleBroken: it is not right or was used before.
        TooManyTries: wait.
    """
    attempt = begin_attempt(facts.user_name, door)
    with writing() as session:
        how = use_code(session, facts.clinician_id, code)
        if how is not None:
            forgive_attempts(session, attempt)
            note_proved(facts, by=how, proved_at=clock.now())
            return
    raise refused(attempt, step="second_factor", message=CODE_NOT_RIGHT, field="code")
