"""The only place that asks what time it is, so that a test can say what time it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

WARD_TIME = ZoneInfo("Europe/London")


def _system_time() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system_time


def now() -> datetime:
    """The present moment, aware, UTC."""
    return _source()


def today() -> date:
    """The date on the ward's wall: British time, not UTC."""
    return now().astimezone(WARD_TIME).date()


def set_source(source: Callable[[], datetime] | None) -> None:
    """Let a test say what time it is; None: the system's clock again."""
    global _source
    _source = source or _system_time
