"""Random, time-ordered ids: they may stand in an address, because they say nothing of a person."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from uuid import UUID

from epaccs.core.errors import NotFound


def _random_uuid7() -> UUID:
    """A UUID version 7. Source: RFC 9562, section 5.7."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


_source: Callable[[], UUID] = _random_uuid7


def new_id() -> UUID:
    """A fresh id, never used before."""
    return _source()


def set_source(source: Callable[[], UUID] | None) -> None:
    """Let a test number its ids; None: random ids again."""
    global _source
    _source = source or _random_uuid7


def parse_id(text: str) -> UUID:
    """The id in an address.

    Raises:
        NotFound: it is no id, so nothing is there.
    """
    try:
        return UUID(text)
    except (ValueError, AttributeError, TypeError):
        raise NotFound from None
