"""What is begun and must be finished by the same browser, once, within minutes (hazard H-64)."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from epaccs.core import clock, sealing
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.sign_on.model import Ceremony
from epaccs.sign_on.rules import MINUTES_FOR, Purpose

_SEALED_AS = "ceremony"


def _digest(token: str) -> str:
    return sealing.digest(token, purpose="ceremony")


def begin(purpose: Purpose, facts: dict[str, Any]) -> str:
    """Keep what is needed to finish it.

    No audit event: nobody has done anything yet.

    Returns:
        What only the browser knows.
    """
    token, row_id = secrets.token_urlsafe(32), new_id()
    sealed = sealing.seal(json.dumps(facts).encode(), purpose=_SEALED_AS, record_id=row_id)
    with writing() as session:
        session.add(
            Ceremony(
                id=row_id,
                token_digest=_digest(token),
                purpose=str(purpose),
                sealed_facts=sealed,
                expires_at=clock.now() + timedelta(minutes=MINUTES_FOR[purpose]),
            )
        )
    return token


def take(token: str | None, purpose: Purpose) -> dict[str, Any] | None:
    """What was kept, once: whatever becomes of it, it is gone; None: nothing is, or it took too long."""
    kept = select(Ceremony).where(Ceremony.token_digest == _digest(token or ""), Ceremony.purpose == str(purpose))
    if db.session.scalars(kept).first() is None:
        return None
    with writing() as session:
        row = session.scalars(kept.with_for_update()).first()
        if row is None:
            return None
        session.delete(row)
    if row.expires_at <= clock.now():
        return None
    facts: dict[str, Any] = json.loads(sealing.unseal(row.sealed_facts, purpose=_SEALED_AS, record_id=row.id))
    return facts
