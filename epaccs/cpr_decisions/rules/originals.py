"""Where the signed form is: when that was last said, whether the person has moved since, and what a move may say of it.

Computed from what is recorded each time, never stored.

Source: SCCI1580 v4.0 item 47, place of the original; hazard H-44.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

from epaccs.core.errors import RuleBroken
from epaccs.core.fields import local_date, start_of
from epaccs.cpr_decisions.rules.around import Around
from epaccs.cpr_decisions.rules.states import CPRState, Sighting

# --- Whether anybody has said it since the person moved --------------------------------------------------------------


@dataclass(frozen=True)
class Located:
    """Where the signed form was said to be, and when. `where` empty: not recorded."""

    where: str
    at: datetime


@dataclass(frozen=True)
class Unplaced:
    """The person moved on a day, and nobody has said since where the signed form is. `last_known` empty: never said."""

    since: date
    last_known: str


def find_located(state: CPRState) -> Located | None:
    """Where the form of the decision in force was last said to be: signed, amended or seen; None: none is in force."""
    decision = state.in_force
    if decision is None:
        return None
    said = Located(decision.original_location, decision.original_located_at or decision.signed_at)
    seen = [_seen(sighting) for sighting in state.sightings if sighting.recorded_at >= decision.signed_at]
    return max([said, *seen], key=attrgetter("at"))


def _seen(sighting: Sighting) -> Located:
    """A form seen on an earlier day than it was recorded counts from the beginning of that day: no hour is known."""
    if local_date(sighting.recorded_at) == sighting.seen_on:
        return Located(sighting.place, sighting.recorded_at)
    return Located(sighting.place, start_of(sighting.seen_on))


def find_unplaced(state: CPRState, around: Around) -> Unplaced | None:
    """That the form may have stayed behind; None: none is in force, nobody moved, or its place was said since.

    Source: hazard H-44.
    """
    located, moved_at = find_located(state), around.moved_at
    if located is None or moved_at is None or moved_at <= located.at:
        return None
    return Unplaced(local_date(moved_at), located.where)


# --- What somebody says of it who records a move ---------------------------------------------------------------------


class Whereabouts(StrEnum):
    """What became of the signed form when the address changed."""

    SAME = "same"
    MOVED = "moved"
    LEFT = "left"
    NOT_KNOWN = "not_known"


#: Stands behind a place that was named when the person still lived there: "hall drawer" would be read as that of today.
LEFT_BEHIND: Final = " (left behind when the person moved: not with them)"


def build_amendment(answer: Whereabouts | None, place: str, *, known: str) -> dict[str, Any] | None:
    """What the author of a move says of the form, as an edit of the decision's particulars; None: they do not say.

    Args:
        answer: None: the question was left open.
        place: what they typed; empty: nothing.
        known: where the form was until now; empty: not recorded.

    Raises:
        RuleBroken: the place is missing, or is given beside an answer that has none.

    Source: hazard H-44.
    """
    if answer is None and place:
        raise RuleBroken("Choose what became of the signed form", field="original_now")
    if answer in (Whereabouts.SAME, Whereabouts.NOT_KNOWN) and place:
        raise RuleBroken("Leave this empty, or choose where the signed form is now", field="original_location")
    if answer is None or answer is Whereabouts.NOT_KNOWN:
        return None
    where = place if answer is Whereabouts.MOVED else place or known.removesuffix(LEFT_BEHIND)
    if answer is Whereabouts.SAME:
        where = known
    if not where:
        raise RuleBroken("Enter where the signed form is now", field="original_location")
    said = f"{where}{LEFT_BEHIND}" if answer is Whereabouts.LEFT else where
    return {"original_location": said, "original_checked": True}
