"""In which order a tablet's edits are taken, which of its numbers are missing, and when somebody is told of it.

Source: docs/offline.md, "push"; hazard H-50.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

#: More than one request holds at most; a tablet that has more sends them in parts.
EDITS_LIMIT: Final = 200
#: So long a number may be missing before somebody is told: the edits of two authors of one tablet come apart.
GAP_PATIENCE: Final = timedelta(minutes=15)
#: So many things that could not be opened or were signed by nobody are taken from one address in that time.
MISSES_LIMIT: Final = 60
MISSES_WINDOW: Final = timedelta(minutes=15)
#: The column's: a clock that is further off is off by at least this.
_MOST_OFFSET_MS: Final = 2**31 - 1


#: Before every moment that anybody recorded.
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Arrival:
    """How a batch came.

    `offset_ms`: the tablet's clock less the register's; None: it was never measured. `generation`: which history the
    register tells, counted up whenever it was restored from a backup.
    """

    offset_ms: int | None
    generation: int


def generation_of(epoch: str) -> int:
    """Of which history a copy is; one that does not say it is of the first."""
    first = epoch.partition(".")[0]
    return int(first) if first.isdecimal() and len(first) < 10 else 1


def find_shared_until(epoch: str, as_at: datetime | None, *, generation: int) -> datetime | None:
    """Until when what an author saw is what the register remembers; None: it was not restored since.

    Whatever was recorded after their copy was made, they never saw: a version of the same number is then another one.

    Args:
        epoch: of the copy that they read.
        as_at: when that was last known to be what the register says; None: it does not say.
        generation: which history the register tells now.

    Source: docs/offline.md, "pull"; hazard H-47.
    """
    return None if generation_of(epoch) >= generation else as_at or _NEVER


class Written(StrEnum):
    """Whether something may have been written without signal."""

    ALLOWED = "allowed"
    IN_DOUBT = "in_doubt"  #: the lease of that time did not let it be written, as far as clocks tell; another did
    UNKNOWN = "unknown"  #: no lease of its author on this tablet is known any more
    NEVER = "never"


def judge_written(*, then: Iterable[bool], ever: Iterable[bool]) -> Written:
    """Whether a lease let something be written. Only what no lease ever let be written is a fault inside it.

    A clock alone refuses nothing: which lease was in force is read off clocks.

    Args:
        then: of each lease that was in force when it was written, whether it let it be written.
        ever: of each lease of its author on this tablet.

    Source: docs/offline.md, "Refused or held"; hazard H-51.
    """
    each = list(ever)
    if not each:
        return Written.UNKNOWN
    if not any(each):
        return Written.NEVER
    return Written.ALLOWED if any(then) else Written.IN_DOUBT


class PushOutcome(StrEnum):
    """What a tablet is answered beside the outcomes of the one writer."""

    REFUSED = "refused"  #: a fault inside it, for its author to mend; the body is kept
    OTHER_WORDS = "other_words"  #: the same id came before with another body
    FAILED = "failed"  #: the program failed at it: kept, and tried again when it comes again


@dataclass(frozen=True)
class Result:
    """What one edit is answered.

    `standing` None: it never waited. `section_version`: what its author has now seen of the section.
    """

    id: str
    outcome: str
    standing: str | None = None
    section_version: int = 0
    errors: tuple[dict[str, str | None], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the tablet reads it."""
        return {
            "id": self.id,
            "outcome": self.outcome,
            "standing": self.standing,
            "section_version": self.section_version,
            "errors": list(self.errors),
        }


def in_order(edits: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Whoever says "wrong person" is heard first; then the tablet's own numbers count. No clock is asked.

    Source: docs/domain.md, CPR decisions, "Voiding a mistake"; hazard H-51.
    """
    return sorted(edits, key=lambda edit: (edit.get("kind") != "wrong_person_flag", _number(edit.get("sequence"))))


def _number(sequence: Any) -> int:
    return sequence if isinstance(sequence, int) else 0


def first_missing(next_sequence: int, come: Iterable[int]) -> int:
    """The first number that has not come.

    Args:
        next_sequence: the first that had not come before.
        come: the numbers from there on that have come.
    """
    missing = next_sequence
    for number in sorted(set(come)):
        if number > missing:
            break
        if number == missing:
            missing += 1
    return missing


def is_told(gap_at: datetime | None, told_at: datetime | None, *, now: datetime) -> bool:
    """Whether somebody is told now that a number is missing: once, when it did not come in time."""
    return gap_at is not None and told_at is None and now - gap_at >= GAP_PATIENCE


def measure_offset(now_device: datetime | None, known_ms: int | None, *, now: datetime) -> int | None:
    """The tablet's clock less the register's in milliseconds; None: it was never measured."""
    return known_ms if now_device is None else (now_device - now) // timedelta(milliseconds=1)


def offset_of(now_device: datetime | None, known_ms: int | None, *, now: datetime) -> int | None:
    """The same as it is kept."""
    return kept_offset(measure_offset(now_device, known_ms, now=now))


def kept_offset(measured: int | None) -> int | None:
    """An offset as its column holds it: a clock that is further off is off by at least this."""
    return None if measured is None else max(-_MOST_OFFSET_MS, min(measured, _MOST_OFFSET_MS))


def moment_on_register(at_device: datetime, offset_ms: int | None, *, now: datetime) -> datetime:
    """When it was by the register's clock; never later than it came, whatever the tablet's clock says."""
    return min(at_device - timedelta(milliseconds=offset_ms or 0), now)


def wait_until(missed_at: list[datetime], *, now: datetime) -> datetime | None:
    """Until when nothing more is opened from an address; None: it is.

    Args:
        missed_at: when something from there was no good, the oldest first.
    """
    recent = [moment for moment in missed_at if moment > now - MISSES_WINDOW]
    return recent[-MISSES_LIMIT] + MISSES_WINDOW if len(recent) >= MISSES_LIMIT else None


@dataclass(frozen=True)
class Envelope:
    """The little of an edit that must be readable before its signature can be looked at."""

    id: UUID
    author_id: UUID
    sequence: int
    sent: Mapping[str, Any]
