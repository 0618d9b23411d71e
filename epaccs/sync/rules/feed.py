"""Who belongs to which scope, why somebody left one, and when a tablet must start a scope again.

A scope is a bucket of people with the same reason to be on a tablet, one for each word of the access table. A tablet
that follows a scope's numbers misses nobody (hazard H-47) and keeps nobody whom it may no longer have (hazard H-48).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from epaccs.devices.rules import ScopeKind

#: The most that a tablet may ask for at once; full pages of this length are kept.
PAGE_ROWS: Final = 500
#: The most scopes that one tablet follows.
SCOPES_LIMIT: Final = 8
#: How long it is remembered that somebody left a scope; a tablet that was away longer starts the scope again.
REMEMBER_LEAVING: Final = timedelta(days=120)
#: How old a kept page may be.
KEEP_PAGE: Final = timedelta(hours=24)
#: How long the last page of a first download, which is not full, is sent on after something came behind it.
KEEP_LAST_PAGE: Final = timedelta(minutes=1)
#: A last page of fewer rows is made for each tablet.
LAST_PAGE_ROWS: Final = 50
#: For how long ahead a view says what will read differently, and after how long it is sent again though nobody changed
#: anything: a row that waited its time, on a kept page, on a tablet at the end of its lease, still has words for today.
HORIZON: Final = timedelta(days=30)
SEND_AGAIN: Final = timedelta(days=14)

_WRAP: Final = 2**64


class Why(StrEnum):
    """Why somebody is in a scope no more. Somebody who died stays: the crew must know it."""

    REMOVED = "removed"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    MOVED = "moved"
    OBJECTED = "objected"  #: to lie on tablets of everybody who serves the area
    UNASSIGNED = "unassigned"
    NO_AGREEMENT = "no-agreement"  #: between the tablet's organisation and the person's practice none is current
    NO_ROOM = "no-room"  #: of so many people of the scope, the tablet may not hold as many


@dataclass(frozen=True)
class ScopeName:
    """The parts of a scope's name: `key` is the area, or the organisation's id."""

    kind: ScopeKind
    key: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"

    @property
    def organisation_id(self) -> UUID:
        """The organisation of every kind but the area."""
        return UUID(self.key)


def read_scope_name(text: str) -> ScopeName | None:
    """The parts of a name; None: no scope is called that."""
    kind, _, key = text.partition(":")
    if kind not in set(ScopeKind) or not key:
        return None
    if kind != ScopeKind.AREA and not _is_id(key):
        return None
    return ScopeName(ScopeKind(kind), key)


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


@dataclass(frozen=True)
class Whereabouts:
    """What of one person decides which scopes they are in, as `access` keeps it.

    `related`: the organisations with a current relationship. `is_wide`: they do not object to tablets of the area.
    """

    practice_id: UUID | None
    area: str
    residence_id: UUID | None
    is_shared: bool
    is_open: bool
    related: frozenset[UUID] = field(default_factory=frozenset)
    is_wide: bool = True


def scopes_of(person: Whereabouts | None) -> frozenset[str]:
    """The scopes that a person is in.

    Their practice has everybody who is on the register; all others only people who agreed to share. None: nobody is
    known under this entry yet.

    Source: access table, words of scope; SCCI1580 v4.0 item 1; hazard H-48.
    """
    if person is None or not person.is_open:
        return frozenset()
    found = {(ScopeKind.PRACTICE, str(person.practice_id or ""))}
    if person.is_shared:
        found |= {(ScopeKind.RESIDENTS, str(person.residence_id or ""))}
        found |= {(ScopeKind.AREA, person.area)} if person.is_wide else set()
        found |= {(ScopeKind.RELATIONSHIP, str(one)) for one in person.related}
    return frozenset(f"{kind}:{key}" for kind, key in found if key)


def why_left(name: ScopeName, person: Whereabouts | None) -> Why:
    """Why somebody who was in a scope is in it no more: what the crew reads on a card that is open just then."""
    if person is None or not person.is_open:
        return Why.REMOVED
    if name.kind is ScopeKind.PRACTICE:
        return Why.MOVED
    if not person.is_shared:
        return Why.CONSENT_WITHDRAWN
    if name.kind is ScopeKind.AREA and not person.is_wide:
        return Why.OBJECTED
    return Why.UNASSIGNED if name.kind is ScopeKind.RELATIONSHIP else Why.MOVED


# --- Sums ------------------------------------------------------------------------------------------------------------


def fingerprint(entry_id: UUID, version: int) -> int:
    """What one person in one version adds to the sum of a scope, as a signed number of 64 bits.

    The first eight bytes of the SHA-256 of the id in lower case with hyphens, a vertical line, and the version.
    """
    return int.from_bytes(hashlib.sha256(f"{entry_id}|{version}".encode()).digest()[:8], signed=True)


def wrap(number: int) -> int:
    """A sum as both databases keep it: 64 bits with a sign."""
    return (number + _WRAP // 2) % _WRAP - _WRAP // 2


def sum_of(people: Iterable[tuple[UUID, int]]) -> int:
    """The sum over people and their versions, in any order."""
    return wrap(sum(fingerprint(entry_id, version) for entry_id, version in people))


def show_sum(number: int) -> str:
    """A sum as a tablet compares it: sixteen hexadecimal digits, modulo 2^64."""
    return f"{number % _WRAP:016x}"


# --- Where a tablet stands -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cursor:
    """How far a tablet has followed a scope. `epoch` None: it begins, whatever the number says."""

    scope: str
    tier: str
    epoch: str | None
    number: int


@dataclass(frozen=True)
class Position:
    """Where a scope stands for one tablet: its epoch and tier, its last number, and when this tablet last asked.

    `asked_on` None: the register does not know that this tablet ever followed the scope.
    """

    epoch: str
    tier: str
    last_number: int
    asked_on: date | None


def build_epoch(restore_generation: int, generation: int, shape: str) -> str:
    """Which history a number belongs to."""
    return f"{restore_generation}.{generation}.{shape}"


def must_start_again(cursor: Cursor, here: Position, *, today: date) -> bool:
    """Whether a tablet that follows a scope cannot go on from where it stands.

    It counts in another history (the register was restored, or the scope was built again); it has another tier; it has
    seen numbers that the register never gave (a restored register); or it was away so long that it is forgotten who
    left meanwhile.

    Source: hazards H-47 and H-48.
    """
    if cursor.epoch is None:
        return False
    if cursor.epoch != here.epoch or cursor.tier != here.tier or cursor.number > here.last_number:
        return True
    return cursor.number > 0 and (here.asked_on is None or today - here.asked_on >= REMEMBER_LEAVING)


#: So often one after the other a tablet's sum is another than the register's before somebody is told: it has started
#: the scope again in between, and still differs.
LASTING: Final = 3


def is_told_of(disagreements: int) -> bool:
    """Whether whoever runs the register is told now that a tablet goes on disagreeing: once.

    Source: hazard H-58.
    """
    return disagreements == LASTING


def is_behind(known: int, *, register: int | None) -> bool:
    """Whether a tablet holds a version that the register does not have: it was restored from before that change.

    `register` None: the register does not know the person at all.
    """
    return register is None or known > register
