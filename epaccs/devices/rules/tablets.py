"""Taking tablets out of use, and what an administrator sees of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from epaccs.core.errors import Forbidden
from epaccs.devices.rules.policy import NOTHING, Policy

#: How many tablets one administrator takes out of use alone, within how long.
ALONE = 5
ALONE_WINDOW = timedelta(hours=1)


def needs_second_person(count: int, *, taken_out_alone: int) -> bool:
    """Whether a colleague must agree: more than five within an hour, however they are divided (hazard H-46)."""
    return count + taken_out_alone > ALONE


def check_another_decides(requested_by: UUID, decided_by: UUID) -> None:
    """Two people take many tablets out of use.

    Raises:
        Forbidden: it is the same person.
    """
    if requested_by == decided_by:
        raise Forbidden("You asked for this yourself. Another administrator of your organisation must agree.")


# --- What an administrator sees ---


class Freshness(StrEnum):
    """How old what a tablet holds may be, at worst: since its last contact."""

    FRESH = "fresh"
    OLDER = "older"
    STALE = "stale"
    PAST_USE = "past use"


FRESHNESS_LABELS: Final[dict[Freshness, str]] = {
    Freshness.FRESH: "Up to date",
    Freshness.OLDER: "Some time ago",
    Freshness.STALE: "Stale",
    Freshness.PAST_USE: "Too old to rely on",
}


def freshness_of(age: timedelta, policies: Iterable[Policy]) -> Freshness:
    """By the strictest policy of the tablet's users; a tablet that nobody uses by the defaults."""
    strictest = list(policies) or [NOTHING]
    seconds = age.total_seconds()
    if seconds <= min(policy.green_seconds for policy in strictest):
        return Freshness.FRESH
    if seconds <= min(policy.amber_seconds for policy in strictest):
        return Freshness.OLDER
    if seconds <= min(policy.red_seconds for policy in strictest):
        return Freshness.STALE
    return Freshness.PAST_USE


#: A clock that is further off than this is shown; the tablet counts by the register's clock all the same.
CLOCK_TOLERANCE_MS = 120_000


def clock_words(offset_ms: int | None) -> str:
    """What an administrator reads of a tablet's clock."""
    if offset_ms is None:
        return "Not reported"
    if abs(offset_ms) <= CLOCK_TOLERANCE_MS:
        return "Right"
    days, seconds = divmod(abs(offset_ms) // 1000, 86_400)
    amount = f"{days:,} days" if days else f"{seconds // 60:,} minutes"
    return f"{amount} {'ahead' if offset_ms > 0 else 'behind'}"


def unlocking_words(ways: Sequence[str] | None) -> str:
    """What an administrator reads of how a user unlocks a tablet.

    Source: hazard H-59.
    """
    if not ways:
        return "unlocking not reported"
    words = "unlocks with a passphrase"
    if "prf" in ways:
        words += " or the device's own lock"
    return f"{words}, kept in a weaker way: its browser runs no WebAssembly" if "pbkdf2" in ways else words


#: A tablet lays 2 MB aside for what must be kept; with less than half of it, it says that there is hardly any room.
_LITTLE_RESERVE_BYTES: Final = 1024 * 1024


def is_nearly_full(reserve_bytes: int | None) -> bool:
    """Whether soon nothing can be written down on a tablet; one that has not said it is not called so.

    Source: docs/offline.md, "When storage fails"; hazard H-57.
    """
    return reserve_bytes is not None and reserve_bytes < _LITTLE_RESERVE_BYTES


def missing_words(plans_missing: int | None) -> str:
    """What an administrator reads of plans that made way for cards; blank: none did, or it has not said so."""
    if not plans_missing:
        return ""
    return "1 whole plan is missing on it" if plans_missing == 1 else f"{plans_missing:,} whole plans are missing on it"


def size_words(size_bytes: int | None) -> str:
    """How much a tablet keeps."""
    return "Not reported" if size_bytes is None else f"{size_bytes / 1_000_000:,.1f} MB"
