"""What the worker takes away, so that nothing is kept longer than it serves."""

from __future__ import annotations

from sqlalchemy import CursorResult, delete

from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.sign_on.model import Ceremony, LinkRequest, UsedLaunch


def forget_expired() -> int:
    """Delete what was begun and never finished, codes, and launches that could not be taken any more.

    No audit event: nothing of a person on the register or of an account changes by it.

    Returns:
        How many rows went.
    """
    now = clock.now()
    with writing() as session:
        results = [
            session.execute(delete(table).where(table.expires_at <= now))
            for table in (Ceremony, LinkRequest, UsedLaunch)
        ]
    return sum(result.rowcount for result in results if isinstance(result, CursorResult))
