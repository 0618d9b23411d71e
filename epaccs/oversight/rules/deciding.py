"""How an unusual access is decided, by whom, and how long a decision not to be told may last.

Source: NHS shared-summary access controls, privacy officer alerts; hazard H-63.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from epaccs.core.errors import Forbidden, RuleBroken

#: Nothing is kept from a privacy officer for longer than this without being decided anew.
LONGEST: Final = timedelta(days=366)


class Verdict(StrEnum):
    """What a privacy officer found."""

    THEIR_WORK = "their_work"
    CHANCE = "chance"
    TOLD_BEFORE = "told_before"
    ASK = "ask"  #: not decided yet: the reader is asked, and the alert stays
    MISUSE = "misuse"


VERDICT_LABELS: Final[dict[Verdict, str]] = {
    Verdict.THEIR_WORK: "Fine: it was their work",
    Verdict.CHANCE: "Fine: alike by chance",
    Verdict.TOLD_BEFORE: "Fine: they had told us before",
    Verdict.ASK: "Ask whoever looked",
    Verdict.MISUSE: "Misuse",
}

FINE: Final = frozenset({Verdict.THEIR_WORK, Verdict.CHANCE, Verdict.TOLD_BEFORE})


def check_verdict(verdict: Verdict, note: str, *, silent_until: date | None, today: date) -> None:
    """A finding against somebody says what it is; only what was fine is not told again for a while.

    Args:
        silent_until: until when this reader's looks at this person are not told again; None: they are.

    Raises:
        RuleBroken: with what is missing.
    """
    if verdict is Verdict.MISUSE and not note.strip():
        raise RuleBroken("Say what you found and what is done about it", field="note")
    if silent_until is None:
        return
    if verdict not in FINE:
        raise RuleBroken("Leave this day open: only what was fine is not told again", field="silent_until")
    if not note.strip():
        raise RuleBroken("Say why it is not told again", field="note")
    check_until(silent_until, today=today, field="silent_until")


def check_until(until_on: date, *, today: date, field: str = "until_on") -> None:
    """What keeps an alert from being raised ends by itself, within a year.

    Raises:
        RuleBroken: the day is over, or too far off.
    """
    if until_on < today:
        raise RuleBroken("The last day must be today or later", field=field)
    if until_on > today + LONGEST:
        raise RuleBroken("Choose a day within a year: then it is decided anew", field=field)


def check_not_own(officer_id: UUID, reader_id: UUID) -> None:
    """Nobody decides about their own looks, nor keeps them from being told.

    Raises:
        Forbidden: the reader is the officer.
    """
    if officer_id == reader_id:
        raise Forbidden("Another privacy officer must look at what you did yourself.")
