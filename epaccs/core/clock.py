"""The only place that asks what time it is, so that a test, or a made-up history, can say what time it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
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


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    """It is this moment inside, a microsecond later at each look, so that history keeps its order."""
    global _source
    before, ticks = _source, count()
    _source = lambda: moment + timedelta(microseconds=next(ticks))  # noqa: E731 - a clock of one line
    try:
        yield
    finally:
        _source = before
