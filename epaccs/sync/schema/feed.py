"""What a tablet sends when it asks what is new; whatever is wrong is refused with the sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from epaccs.core.errors import RuleBroken
from epaccs.sync.rules.feed import PAGE_ROWS, SCOPES_LIMIT, Cursor

_TEXT_LIMIT: Final = 120
_NUMBER_LIMIT: Final = 2**62
#: How many people a tablet may name that it knows; more wait for the next request.
_KNOWN_LIMIT: Final = 2_000


@dataclass(frozen=True)
class Ask:
    """How far a tablet is, how much it takes at once, and after a restore which versions of whom it has."""

    cursors: tuple[Cursor, ...]
    limit: int = PAGE_ROWS
    known: Mapping[UUID, int] = field(default_factory=dict)


def read_ask(sent: object) -> Ask:
    """The question of a tablet.

    Raises:
        RuleBroken: it cannot be read; the sentence says what to send.
    """
    if not isinstance(sent, dict):
        raise RuleBroken("Send one JSON object")
    cursors = sent.get("cursors")
    if not isinstance(cursors, list) or len(cursors) > SCOPES_LIMIT:
        raise RuleBroken(f"Send a list of up to {SCOPES_LIMIT} cursors", field="cursors")
    read = tuple(_read_cursor(one) for one in cursors)
    if len({cursor.scope for cursor in read}) < len(read):
        raise RuleBroken("Send one cursor for each scope", field="cursors")
    limit = sent.get("limit", PAGE_ROWS)
    if not _is_number(limit, least=1, most=PAGE_ROWS):
        raise RuleBroken(f"Ask for between 1 and {PAGE_ROWS} rows", field="limit")
    return Ask(read, limit, _read_known(sent.get("known", {})))


def _read_cursor(sent: object) -> Cursor:
    if not isinstance(sent, dict):
        raise RuleBroken("Send each cursor as a JSON object", field="cursors")
    scope, tier, epoch, number = (sent.get(name) for name in ("scope", "tier", "epoch", "number"))
    if not _is_text(scope) or not _is_text(tier):
        raise RuleBroken(f"Send scope and tier of each cursor as text of up to {_TEXT_LIMIT} signs", field="cursors")
    if epoch is not None and not _is_text(epoch):
        raise RuleBroken("Send the epoch of each cursor as it was given, or null to begin", field="cursors")
    if not _is_number(number, least=0, most=_NUMBER_LIMIT):
        raise RuleBroken("Send the number of each cursor as it was given, or 0 to begin", field="cursors")
    return Cursor(scope, tier, epoch, number)  # type: ignore[arg-type]


def _read_known(sent: object) -> dict[UUID, int]:
    if not isinstance(sent, dict) or len(sent) > _KNOWN_LIMIT:
        raise RuleBroken(f"Send up to {_KNOWN_LIMIT} people with their versions", field="known")
    if not all(_is_number(version, least=0, most=_NUMBER_LIMIT) for version in sent.values()):
        raise RuleBroken("Send each version as a number", field="known")
    try:
        return {UUID(entry_id): version for entry_id, version in sent.items()}
    except ValueError:
        raise RuleBroken("Send each person by the id that was given", field="known") from None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _TEXT_LIMIT


def _is_number(value: Any, *, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
