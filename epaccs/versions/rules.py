"""What happens to an edit: applied, merged, held for a person, or nothing new. Pure; knows no clinical word.

Source: hazards H-13 (a decision silently replaced) and H-02 (something written down is lost).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from epaccs.core.errors import RuleBroken

Value = dict[str, Any]

#: The key of a section's list items: item id -> item; a removed item stays as a tombstone.
ITEMS = "items"
REMOVED = "removed"
#: The kind of edit by which the lines of a section that only grows come from another entry of the same person.
CARRY = "carry"


class Outcome(StrEnum):
    """The first outcome of an edit; it never changes."""

    APPLIED = "applied"
    MERGED = "merged"  #: made on an older version, and touched nothing that had changed since
    HELD = "held"  #: waits for a person to settle it; nothing was replaced
    SAME = "same"  #: says what the record says already; confirms nothing
    CONFIRMED = "confirmed"  #: the value stays, somebody says it is still right


class Standing(StrEnum):
    """Where a held edit stands now."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Why(StrEnum):
    """Why an edit is held."""

    DISPUTED = "disputed"
    CHANGED = "changed_meanwhile"
    OTHERS_ARRIVED = "others_arrived"
    CONTRADICTS = "contradicts"
    CLOCK = "clock"
    AUTHORITY = "authority_ended"
    UNKNOWN_BASE = "unknown_base"
    AUTHOR_LEFT = "author_left"
    LEASE_ENDED = "lease_ended"
    NOT_OFFLINE = "not_offline"
    TABLET_ENDED = "tablet_ended"
    TABLET_COPIED = "tablet_copied"
    OTHER_PROGRAM = "other_program"


#: What is said of it where both sides are laid beside each other.
WHY_WORDS: dict[Why, str] = {
    Why.DISPUTED: "Another change was waiting already.",
    Why.CHANGED: "Something was changed after its author looked.",
    Why.OTHERS_ARRIVED: "Another change came while this was being settled.",
    Why.CONTRADICTS: "Another part of the record says otherwise.",
    Why.CLOCK: "The time it gives lies in the future: a clock was wrong.",
    Why.AUTHORITY: "Its author may not make this change any more.",
    Why.UNKNOWN_BASE: "It was made on a version that the register does not hold.",
    Why.AUTHOR_LEFT: "Its author has left since they wrote it.",
    Why.LEASE_ENDED: "It came after its author's time on the tablet had ended.",
    Why.NOT_OFFLINE: "Its author's organisation may not have let this be written without signal at that time.",
    Why.TABLET_ENDED: "It came from a tablet that was reported lost or taken out of use.",
    Why.TABLET_COPIED: "It came from a tablet of which there seem to be two.",
    Why.OTHER_PROGRAM: "It was written with another version of the program and cannot be taken so. Enter it again.",
}

#: How far a clock may be wrong before a time counts as the future.
CLOCK_ERROR = timedelta(minutes=10)


def is_in_future(moment: datetime | None, *, now: datetime) -> bool:
    """A time in the future, beyond what a clock may be wrong; None: no time was given."""
    return moment is not None and moment > now + CLOCK_ERROR


class Severity(StrEnum):
    """How soon a held edit needs a person."""

    HIGH = "high"
    ROUTINE = "routine"


@dataclass(frozen=True)
class Position:
    """Where a section stands when an edit arrives, read under lock.

    Args:
        version: of the section now; 0: nothing was ever recorded.
        base_version: what the author had seen; -1: what they had seen never stood.
        disputed: another edit of this section waits to be settled.
        current: the value now; None: nothing recorded.
        base: the value the author had seen.
    """

    version: int
    base_version: int
    disputed: bool
    current: Value | None
    base: Value | None

    @property
    def is_stale(self) -> bool:
        """Somebody changed the section after the author looked."""
        return self.base_version != self.version


@dataclass(frozen=True)
class Decision:
    """What the writer does, and with which value; None: the value stays as it is."""

    outcome: Outcome
    value: Value | None


def decide(position: Position, proposed: Value, *, critical: bool, independent: bool) -> Decision:
    """Apply, merge, hold, or notice that nothing is new.

    Args:
        position: where the section stands.
        proposed: what the edit makes of the base the author had seen.
        critical: a stale change to this section is never merged and never decided by a clock.
        independent: the edit adds to the section and contradicts no reading of it (a withdrawal heard, a flag); it is
            never held.
    """
    if independent:
        return Decision(Outcome.APPLIED, proposed)
    if proposed == position.current:
        return Decision(Outcome.SAME, None)
    if critical and (position.is_stale or position.disputed):
        return Decision(Outcome.HELD, None)
    if not position.is_stale:
        return Decision(Outcome.APPLIED, proposed)
    merged = merge(position.base or {}, position.current or {}, proposed)
    if merged is None:
        return Decision(Outcome.HELD, None)
    return Decision(Outcome.MERGED, merged)


def merge(base: Value, current: Value, proposed: Value) -> Value | None:
    """Both changes together, when they touch different items and different fields.

    Returns:
        The merged value; None: both changed the same item or field, each in its own way.
    """
    fields = _merge_keys(_without_items(base), _without_items(current), _without_items(proposed))
    items = _merge_keys(base.get(ITEMS, {}), current.get(ITEMS, {}), proposed.get(ITEMS, {}))
    if fields is None or items is None:
        return None
    return {**fields, ITEMS: items} if items or ITEMS in current or ITEMS in proposed else fields


def _without_items(value: Value) -> Value:
    return {key: part for key, part in value.items() if key != ITEMS}


_ABSENT = object()


def _merge_keys(base: Mapping[str, Any], current: Mapping[str, Any], proposed: Mapping[str, Any]) -> Value | None:
    merged: Value = {}
    for key in dict.fromkeys([*current, *proposed, *base]):
        was, now, wanted = (side.get(key, _ABSENT) for side in (base, current, proposed))
        if wanted not in (was, now) and now != was:
            return None
        kept = now if wanted == was else wanted
        if kept is not _ABSENT:
            merged[key] = kept
    return merged


def without_blanks(value: Value) -> Value:
    """The value without fields that were left blank: not recorded is absent, never an empty value."""
    return {key: part for key, part in value.items() if part is not None}


# Items of a list


def put_item(value: Value | None, item_id: str, item: Value) -> Value:
    """The section with this item added or replaced."""
    items = dict((value or {}).get(ITEMS, {}))
    items[item_id] = without_blanks({**items.get(item_id, {}), **item, REMOVED: None})
    return {**(value or {}), ITEMS: items}


def remove_item(value: Value | None, item_id: str, *, reason: str) -> Value:
    """The section with this item marked as removed; the item itself stays readable in the history."""
    items = dict((value or {}).get(ITEMS, {}))
    if item_id in items:
        items[item_id] = {**items[item_id], REMOVED: reason}
    return {**(value or {}), ITEMS: items}


def present_items(value: Value | None) -> dict[str, Value]:
    """The items that were not removed, in the order they were recorded."""
    return {key: item for key, item in (value or {}).get(ITEMS, {}).items() if REMOVED not in item}


# Who said what, when


@dataclass(frozen=True)
class Stamp:
    """Who entered a fact, in which role and organisation, and when the register got it."""

    name: str
    role: str
    organisation_name: str
    recorded_at: datetime

    def to_value(self) -> Value:
        """As it is kept beside the value."""
        return {
            "name": self.name,
            "role": self.role,
            "organisation_name": self.organisation_name,
            "recorded_at": self.recorded_at.isoformat(),
        }


def provenance(
    before: Value | None, value: Value, known: Mapping[str, Any], stamp: Stamp, copied_by: Value | None = None
) -> Value:
    """Who entered each field and item: the earlier stamps, with this one on whatever changed.

    Keys are field names, and `items/<id>` for items. A line of a list that was copied from paper and not compared with
    it stays so when a part of it is changed.

    Args:
        copied_by: who copied what changed from paper; None: it was not copied.
    """
    stamps, said = dict(known), stamp.to_value()
    was = _flat(before or {})
    for key, part in _flat(value).items():
        if key not in was or was[key] != part:
            earlier = known.get(key, {})
            carried = earlier[COPIED] if key.startswith(f"{ITEMS}/") and _is_unchecked(earlier) else None
            copied = copied_by or carried
            stamps[key] = {**said, COPIED: copied} if copied else said
    return stamps


def _flat(value: Value) -> Value:
    flat = _without_items(value)
    flat.update({f"{ITEMS}/{key}": item for key, item in value.get(ITEMS, {}).items()})
    return flat


# What was copied from paper, and compared with it by somebody else

#: Within a stamp: who copied the fact from paper, and who compared it with the paper since.
COPIED = "copied_by"
CHECKED = "checked_by"


def copier_of(author: Value, at: datetime) -> Value:
    """Who copied something from paper, as it is kept within a stamp."""
    said = {key: author[key] for key in ("name", "role", "organisation_name", "clinician_id")}
    return {**said, "recorded_at": at.isoformat()}


def _is_unchecked(stamp: Mapping[str, Any]) -> bool:
    return COPIED in stamp and CHECKED not in stamp


def find_unchecked(value: Value, stamps: Mapping[str, Any]) -> list[Value]:
    """Who copied what stands here and nobody compared with the paper, the earliest first; empty: nothing waits.

    Source: hazard H-42.
    """
    copied = {key: stamp[COPIED] for key, stamp in stamps.items() if _is_unchecked(stamp)}
    if not copied:  # of nearly every section, at each look
        return []
    there = {*_without_items(value), *(f"{ITEMS}/{key}" for key in present_items(value))}
    return sorted((copied[key] for key in copied if key in there), key=lambda one: str(one["recorded_at"]))


def find_copied_at(value: Value, stamps: Mapping[str, Any]) -> datetime | None:
    """Since when something waits to be compared with the paper; None: nothing does."""
    unchecked = find_unchecked(value, stamps)
    return datetime.fromisoformat(unchecked[0]["recorded_at"]) if unchecked else None


def waits_for(unchecked: list[Value], clinician_id: str) -> bool:
    """Whether this clinician can compare any of it: nobody finds their own slip."""
    return any(one["clinician_id"] != clinician_id for one in unchecked)


def check_compared_by_another(unchecked: list[Value], clinician_id: str) -> None:
    """Whoever copied something from paper does not say that it was copied rightly.

    Raises:
        RuleBroken: they copied everything that waits.

    Source: hazard H-42.
    """
    if unchecked and not waits_for(unchecked, clinician_id):
        raise RuleBroken("You copied this from paper yourself: ask a colleague to compare it with the paper")


def mark_compared(stamps: Mapping[str, Any], clinician_id: str, checked_by: Value) -> Value:
    """The stamps after this clinician compared with the paper what others copied."""
    return {
        key: {**stamp, CHECKED: checked_by}
        if _is_unchecked(stamp) and stamp[COPIED]["clinician_id"] != clinician_id
        else stamp
        for key, stamp in stamps.items()
    }


# What is recorded of one person


@dataclass(frozen=True)
class Held:
    """An open edit beside the value it would change."""

    edit_id: UUID
    section: str
    kind: str
    body: Value
    base_version: int
    author: dict[str, Any]
    decided_at: datetime | None
    held_at: datetime
    severity: str
    why: str
    is_from_paper: bool = False


@dataclass(frozen=True)
class Recorded:
    """One section as it stands, or stood."""

    section: str
    version: int
    value: Value
    provenance: dict[str, Any]
    recorded_at: datetime
    disputed: bool = False
    confirmed_at: datetime | None = None
    confirmed_by: dict[str, Any] | None = None


@dataclass(frozen=True)
class Material:
    """Everything recorded of one person at one moment: what a summary is made of, for page, paper and history alike.

    `as_at` None: now.
    """

    entry_id: UUID
    sections: dict[str, Recorded]
    held: tuple[Held, ...]
    as_at: datetime | None = None

    def value(self, section: str) -> Value | None:
        """The value of a section; None: nothing recorded."""
        recorded = self.sections.get(section)
        return recorded.value if recorded else None

    def held_in(self, section: str) -> tuple[Held, ...]:
        """The open edits of a section."""
        return tuple(held for held in self.held if held.section == section)
