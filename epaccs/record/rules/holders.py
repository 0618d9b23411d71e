"""Who holds a copy of what the register says of a person, and whether it is the present one.

Source: SCCI1580 v4.0, notifications; hazard H-58.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Holds(StrEnum):
    """What is known of one copy."""

    PRESENT = "present"
    EARLIER = "earlier"
    NOT_KNOWN = "not known"


class CopyKind(StrEnum):
    """On what a copy lies."""

    TABLET = "tablet"
    SHEET = "sheet"


@dataclass(frozen=True)
class HeldCopy:
    """One copy outside the register. `at`: of the last contact of a tablet, or when a sheet was printed."""

    kind: CopyKind
    organisation_name: str
    name: str
    holds: Holds
    words: str
    at: datetime


@dataclass(frozen=True)
class TabletCopy:
    """How one tablet follows one scope in which a person is or was.

    Args:
        is_there: the person is in the scope.
        fits: the tablet may hold them, of all who are in it.
        is_whole: the tablet has said that it has the whole scope in its present history.
        number: up to which it said that it has everything.
        row_number: of the person's latest row.
        is_in_use: it was not reported lost or taken out of use.
    """

    is_there: bool
    fits: bool
    is_whole: bool
    number: int
    row_number: int
    is_in_use: bool


def judge_tablet(copies: list[TabletCopy]) -> tuple[Holds, str] | None:
    """What one tablet has of a person, by all the scopes that it follows; None: it does not hold them.

    What it has is what it said itself: an answer that was sent may have been lost.

    Source: hazard H-58.
    """
    judged = [one for one in map(_judge, copies) if one is not None]
    order = [Holds.PRESENT, Holds.NOT_KNOWN, Holds.EARLIER]
    return min(judged, key=lambda one: order.index(one[0]), default=None)


def _judge(copy: TabletCopy) -> tuple[Holds, str] | None:
    has_row = copy.is_whole and copy.number >= copy.row_number
    if not (copy.is_there and copy.fits):
        return None if has_row else (Holds.NOT_KNOWN, "Has not said yet that it took this person off")
    if not copy.is_in_use:
        return Holds.NOT_KNOWN, "Taken out of use; has not said that it erased what it held"
    if not copy.is_whole:
        return (
            Holds.NOT_KNOWN,
            "Is fetching its copies, or does not agree with the register: it may show an earlier version",
        )
    if has_row:
        return Holds.PRESENT, "Has the present version"
    return Holds.EARLIER, "Has not fetched the present version yet"
