"""What a tablet's own book of looks says, and whether a page of it is missing or was changed.

Source: docs/offline.md, "audit"; hazard H-18.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from epaccs.access.rules import AccessReason
from epaccs.audit.events import EventKind

#: More than one request holds at most.
LOOKS_LIMIT: Final = 200
#: What the first look of a tablet names as the one before it.
BEGINNING: Final = ""

#: What the register refused was entered again by its author: nobody looked at anybody.
ENTERED_AGAIN: Final = "entered_again"

#: What was done on a tablet, and the event it becomes; anything else is kept as it is called.
ACTS: Final[Mapping[str, EventKind]] = {
    "card_viewed": EventKind.OFFLINE_CARD_VIEWED,
    "record_viewed": EventKind.OFFLINE_RECORD_VIEWED,
    "searched": EventKind.OFFLINE_SEARCHED,
}


@dataclass(frozen=True)
class OfflineLookSaid:
    """One entry of a tablet's book as it was sent.

    `entry_id` None: it was about nobody. `version`: number of the latest change that the copy showed, 0: none was
    shown. `at_device` None: it does not say when. `hash`: of its words, by which the entry after it names it.
    """

    sequence: int
    act: str
    author_id: UUID
    hash: str
    previous: str
    entry_id: UUID | None = None
    version: int = 0
    at_device: datetime | None = None
    reason: AccessReason | None = None
    identifiers_checked: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> EventKind:
        """The deed it becomes in the audit."""
        return ACTS.get(self.act, EventKind.OFFLINE_DEED)

    @property
    def shows_record(self) -> bool:
        """Somebody came to know what the record says."""
        return self.act in ("card_viewed", "record_viewed")


class Chain(StrEnum):
    """How an entry follows on the one before it."""

    WHOLE = "whole"
    MISSING = "missing"  #: the entry before it has not come
    BROKEN = "broken"  #: it names another as the one before it
    COPIED = "copied"  #: an entry of this number came before with other words


def find_chain(look: OfflineLookSaid, *, before: frozenset[str], same_number: frozenset[str]) -> Chain:
    """How an entry follows on what came.

    Args:
        look: the entry.
        before: the hashes of what came under the number before; empty: nothing did.
        same_number: the hashes of what came under its own number.
    """
    if same_number - {look.hash}:
        return Chain.COPIED
    if look.sequence == 1:
        return Chain.WHOLE if look.previous == BEGINNING else Chain.BROKEN
    if not before:
        return Chain.MISSING
    return Chain.WHOLE if look.previous in before else Chain.BROKEN
