"""A care home's round: one line for each resident, as a ward works, and what the list does not hold.

The list is a reading model: a page or a sheet of paper only fills it in. The words about CPR are those of the card.

Source: hazards H-05, H-11 and H-61 (a list is read as complete when it is not).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from epaccs.core.banner import Who
from epaccs.core.fields import format_date
from epaccs.notices.rules import Task
from epaccs.record.rules.card import Card
from epaccs.record.rules.search_keys import find_room, order_of_room
from epaccs.record.rules.view import CPRBlock, Runs, View, build_view

#: Who lives in the home and never stands on its list: what a reader must know before they take it for all.
NOT_ON_IT: Final = (
    "Whoever lives here and is not on the register, is not in your care, or whose address is restricted is not on this "
    "list, nor is anybody whose death was confirmed."
)


@dataclass(frozen=True)
class Resident:
    """One line of a round.

    `room` blank: the address does not say. `attention`: what is overdue or in doubt, most urgent first. `changed`
    blank: not known.
    """

    entry_id: UUID
    who: Who
    room: str
    cpr: CPRBlock
    attention: tuple[Runs, ...]
    changed: str
    order: tuple[object, ...]


@dataclass(frozen=True)
class Round:
    """The residents of one home whom a reader may see, as at one moment.

    `unopened`: residents within reach for whom no reason was given in this session; nothing of them is shown.
    """

    home_id: UUID
    home_name: str
    as_at: datetime
    residents: tuple[Resident, ...]
    unopened: tuple[UUID, ...]

    @property
    def total(self) -> int:
        """How many residents are within reach."""
        return len(self.residents) + len(self.unopened)

    @property
    def left_out(self) -> str:
        """How many within reach are not shown; empty: nobody (hazard H-61)."""
        count = len(self.unopened)
        if not count:
            return ""
        who = "1 more resident is" if count == 1 else f"{count} more residents are"
        return f"{who} not shown: no reason was given for them since you signed in. Give it again."

    @property
    def not_on_it(self) -> str:
        """Whom no list of this home holds (hazard H-61)."""
        return NOT_ON_IT


def build_round(
    home: tuple[UUID, str], *, as_at: datetime, residents: Iterable[Resident], unopened: Sequence[UUID]
) -> Round:
    """The list in the order in which a round goes: by room, then by name."""
    return Round(*home, as_at, tuple(sorted(residents, key=lambda one: one.order)), tuple(unopened))


def build_resident(
    entry_id: UUID, card: Card, *, tasks: Sequence[Task], review_due_on: date | None, today: date
) -> Resident:
    """One line, from the card as it reads now.

    Args:
        tasks: what is open about the person, most urgent first.
        review_due_on: when the record is next due for review; None: no date stands.
    """
    view, identity = build_view(card), card.summary.identity
    room = find_room(identity.address)
    return Resident(
        entry_id=entry_id,
        who=view.who,
        room=room,
        cpr=view.cpr,
        attention=tuple(_attention(view, tasks, review_due_on, today)),
        changed=view.strip.changed,
        order=(*order_of_room(room), identity.family_name.casefold(), identity.given_name.casefold(), str(entry_id)),
    )


def _attention(view: View, tasks: Sequence[Task], review_due_on: date | None, today: date) -> Iterator[Runs]:
    """What is overdue or in doubt: deaths, doubts of the card, tasks, the review of the whole record."""
    yield from ((("strong", alarm),) for alarm in view.alarms)
    yield from (box[0] for box in view.disagreements)
    for words, labels in (
        ("In dispute:", [part.label for part in view.parts if part.dispute]),
        ("Transcribed from paper, not yet checked:", [part.label for part in view.parts if part.copied]),
        ("To be checked again:", [part.label for part in view.parts if part.doubts]),
    ):
        if labels:
            yield ("strong", words), f" {'; '.join(labels)}"
    for task in tasks:
        yield (("strong", "Overdue:"), f" {task.words}") if task.is_overdue else (task.words,)
    if review_due_on is not None and review_due_on < today:
        yield ("strong", "Overdue:"), f" review of the whole record, {format_date(review_due_on)}"
