"""What the worker takes away, so that nothing is kept longer than it serves."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import CursorResult, delete

from epaccs.clinicians.model import ClinicianSession, KnownDevice, OneTimeCode, SealedForm, SignInAttempt
from epaccs.core import clock
from epaccs.core.db import writing

ATTEMPTS_KEPT_HOURS = 24
DEVICES_KEPT_DAYS = 90
#: What a session did stays in the audit; the row serves only to open the register.
SESSIONS_KEPT_DAYS = 30


def forget_expired() -> int:
    """Delete typed forms, codes, tries, devices and sessions that are past their time.

    No audit event: nothing of a person on the register or of an account changes by it.

    Returns:
        How many rows went.
    """
    now = clock.now()
    past = (
        SealedForm.expires_at <= now,
        OneTimeCode.expires_at <= now,
        SignInAttempt.at < now - timedelta(hours=ATTEMPTS_KEPT_HOURS),
        KnownDevice.last_used_at < now - timedelta(days=DEVICES_KEPT_DAYS),
        ClinicianSession.ended_at < now - timedelta(days=SESSIONS_KEPT_DAYS),
    )
    tables = (SealedForm, OneTimeCode, SignInAttempt, KnownDevice, ClinicianSession)
    with writing() as session:
        results = [session.execute(delete(table).where(old)) for table, old in zip(tables, past, strict=True)]
    return sum(result.rowcount for result in results if isinstance(result, CursorResult))
