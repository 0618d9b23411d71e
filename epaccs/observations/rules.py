"""What was said of a record by those who used it, and what of it somebody must still look into.

Lines are only added: none is changed or taken out, so two of them can never contradict each other, and none of them
touches a decision. That something is wrong is settled by a further line about it.

Source: access table, observations; hazard H-52 (what was found wrong reaches nobody).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from epaccs.core.errors import RuleBroken
from epaccs.versions.rules import Severity, Value, present_items

#: The name of the section.
OBSERVATIONS: Final = "observations"


class What(StrEnum):
    """What was said; also the kind of the edit that says it."""

    USED = "used"
    NOT_RELEVANT = "not_relevant"
    WRONG = "wrong"
    HAPPENED = "happened"
    SETTLED = "settled"


#: What is said with one tap.
TAPS: Final = (What.USED, What.NOT_RELEVANT, What.WRONG)

WHAT_LABELS: Final[Mapping[What, str]] = {
    What.USED: "Used",
    What.NOT_RELEVANT: "Not relevant to this call",
    What.WRONG: "Something is wrong",
    What.HAPPENED: "What happened",
    What.SETTLED: "Looked into",
}

OUTCOMES: Final[Mapping[str, str]] = {
    "treated_at_home": "Treated and stayed at home",
    "to_hospital": "Taken to hospital",
    "to_hospice": "Taken to a hospice",
    "died_at_home": "Died at home, or in the care home they live in",
    "other": "Something else",
}

#: It reports no death: that is a page of its own.
DIED: Final = "died_at_home"

FOUND: Final[Mapping[str, str]] = {
    "put_right": "Put right",
    "right_as_it_stands": "Right as it stands",
}


@dataclass(frozen=True)
class Wrong:
    """Something that was said to be wrong and that nobody has settled.

    `part`: the section that looked wrong; empty: nobody said which.
    """

    line_id: str
    part: str
    said_at: datetime


def find_open(value: Value | None) -> tuple[Wrong, ...]:
    """What was said to be wrong and nobody has looked into, the newest first.

    Source: hazard H-52.
    """
    return tuple(sorted(_open(present_items(value)), key=lambda one: one.said_at, reverse=True))


def _open(lines: Mapping[str, Value]) -> Iterator[Wrong]:
    settled = {line.get("about") for line in lines.values() if line["what"] == What.SETTLED}
    for line_id, line in lines.items():
        if line["what"] == What.WRONG and line_id not in settled:
            yield Wrong(line_id, line.get("part", ""), datetime.fromisoformat(line["observed_at"]))


def newest_of_each_part(wrongs: tuple[Wrong, ...]) -> tuple[Wrong, ...]:
    """The first of each section, however often it was said: so much and no more has room on a card."""
    newest: dict[str, Wrong] = {}
    for one in wrongs:
        newest.setdefault(one.part, one)
    return tuple(newest.values())


def check_is_open(value: Value | None, line_id: str) -> Wrong:
    """What is to be settled.

    Raises:
        RuleBroken: nothing like it waits.
    """
    for one in find_open(value):
        if one.line_id == line_id:
            return one
    raise RuleBroken("Somebody has settled this already. Open the record again")


def moment_of(said_at: datetime | None, received_at: datetime) -> datetime:
    """When it was said: by the clock of whoever said it, and never later than it came."""
    return min(said_at, received_at) if said_at else received_at


def severity_of(part: str, *, is_for_tonight: bool) -> Severity:
    """How soon somebody must look: soon, where a crew would act on it tonight, or nobody said what it is."""
    return Severity.HIGH if is_for_tonight or not part else Severity.ROUTINE


def title_of(line: Value) -> str:
    """How one line is named in a list, by what is left of it for its reader."""
    words = WHAT_LABELS[What(line["what"])]
    more = OUTCOMES.get(line.get("outcome", "")) or FOUND.get(line.get("found", ""))
    return f"{words}: {more}" if more else words
