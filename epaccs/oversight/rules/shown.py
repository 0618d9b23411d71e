"""What stood on a tablet's screen, from the book in which it writes what was opened on it.

Source: hazard H-63.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Shown:
    """One page about a person that was opened on a tablet.

    `number`: the latest change that the copy showed; None: the tablet did not say. `as_of`: when the register recorded
    that change; None: it is not known.
    """

    at: datetime
    what: str
    person: str
    reader: str
    number: int | None
    as_of: datetime | None


def find_on_screen(looks: Sequence[Shown], at: datetime) -> Shown | None:
    """What was opened last before a moment: it stood there then, unless it was closed; None: nothing was opened.

    Args:
        looks: in the order in which they were opened.
    """
    return next((one for one in reversed(looks) if one.at <= at), None)
