"""A list of a care home or of a team: one line for each person, as a ward works, and what the list does not hold.

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
from epaccs.record.rules.parts import Identity
from epaccs.record.rules.search_keys import find_room, order_of_room
from epaccs.record.rules.view import BINDING, TREATMENT, WISHES_BELOW, CPRBlock, Part, Runs, View, build_view

#: Who lives in the home and never stands on its list: what a reader must know before they take it for all.
NOT_ON_IT: Final = (
    "Whoever lives here and is not on the register, is not in your care, or whose address is restricted is not on this "
    "list, nor is anybody whose death was confirmed."
)


#: Whom a team's list never holds.
NOT_ON_LIST_OF_TEAM: Final = (
    "Whoever is not on the register, is not in the care of this team as far as the register knows, or does not share "
    "their record with it is not on this list, nor is anybody whose death was confirmed."
)

#: The parts of the card that the words about CPR speak of.
LIMITS: Final = (TREATMENT, BINDING)

#: More than these are no list that anybody reads before they act.
MOST_ON_A_LIST: Final = 200


@dataclass(frozen=True)
class Place:
    """What a list is of: a care home, or the team that the reader works in."""

    id: UUID
    name: str
    is_team: bool = False

    @property
    def title(self) -> str:
        """The heading of the list."""
        return f"In the care of {self.name}" if self.is_team else f"Round of {self.name}"

    @property
    def not_on_it(self) -> str:
        """Whom no list of it holds (hazard H-61)."""
        return NOT_ON_LIST_OF_TEAM if self.is_team else NOT_ON_IT


@dataclass(frozen=True)
class Resident:
    """One line of a list.

    `room` blank: the address does not say; on the list of a team it says in which home too. `limits`: label and words
    of the treatment level and of what binds, to which the words about CPR lead. `attention`: what is overdue or in
    doubt, most urgent first. `changed` blank: not known. `is_restricted`: nothing that leads to the door may be told.
    """

    entry_id: UUID
    who: Who
    room: str
    cpr: CPRBlock
    limits: tuple[tuple[str, tuple[Runs, ...]], ...]
    attention: tuple[Runs, ...]
    changed: str
    is_restricted: bool
    order: tuple[object, ...]


@dataclass(frozen=True)
class Round:
    """Those of one home or team whom a reader may see, as at one moment.

    `unopened`: people within reach for whom no reason was given in this session; nothing of them is shown.
    `too_many`: how many are within reach who are more than a list holds; then nobody is on it. 0: they fit.
    """

    place: Place
    as_at: datetime
    residents: tuple[Resident, ...]
    unopened: tuple[UUID, ...]
    too_many: int = 0

    @property
    def total(self) -> int:
        """How many people are within reach."""
        return len(self.residents) + len(self.unopened)

    @property
    def left_out(self) -> str:
        """How many within reach are not shown; empty: nobody (hazard H-61)."""
        count = len(self.unopened)
        if not count:
            return ""
        one, several = self.called
        who = f"1 more {one} is" if count == 1 else f"{count} more {several} are"
        return f"{who} not shown: no reason was given for them since you signed in. Give it again."

    @property
    def called(self) -> tuple[str, str]:
        """What one of those on the list is called, and what several are."""
        return ("person", "people") if self.place.is_team else ("resident", "residents")


def build_round(
    place: Place, *, as_at: datetime, residents: Iterable[Resident], unopened: Sequence[UUID] = ()
) -> Round:
    """The list in the order in which a round goes: by home and room, then by name."""
    return Round(place, as_at, tuple(sorted(residents, key=lambda one: one.order)), tuple(unopened))


def build_resident(
    entry_id: UUID,
    card: Card,
    *,
    tasks: Sequence[Task],
    review_due_on: date | None,
    today: date,
    says_home: bool = False,
) -> Resident:
    """One line, from the card as it reads now.

    Args:
        tasks: what is open about the person, most urgent first.
        review_due_on: when the record is next due for review; None: no date stands.
        says_home: the list is not of one home, so each line says where somebody is.
    """
    view, identity = build_view(card), card.summary.identity
    room, home = find_room(identity.address), identity.care_home if says_home else ""
    return Resident(
        entry_id=entry_id,
        who=view.who,
        room=_where(identity, room) if says_home else room,
        cpr=view.cpr,
        limits=tuple((part.label, tuple(map(_whole_or_elsewhere, _words(part)))) for part in _limits(view)),
        attention=tuple(_attention(view, tasks, review_due_on, today)),
        changed=view.strip.changed,
        is_restricted=identity.is_restricted,
        order=(
            not home,
            home.casefold(),
            *order_of_room(room),
            identity.family_name.casefold(),
            identity.given_name.casefold(),
            str(entry_id),
        ),
    )


def _where(identity: Identity, room: str) -> str:
    """Where somebody is found, for a team that goes to many places; blank: the address does not say."""
    if identity.is_restricted:
        return "Address restricted"
    if identity.care_home:
        return ", ".join(part for part in (identity.care_home, room) if part)
    return identity.address_line


def _limits(view: View) -> tuple[Part, ...]:
    return tuple(part for part in view.parts if part.label in LIMITS)


def _words(part: Part) -> tuple[Runs, ...]:
    return part.lines or (part.hidden or (part.missing,),)


def _whole_or_elsewhere(line: Runs) -> Runs:
    """A line of the card where nothing stands below it: what is read there is read in the record."""
    if line == (WISHES_BELOW,):
        return ("Advance statement of wishes (not binding): read it in the record",)
    is_link = [not isinstance(run, str) and run[0] == "link" for run in line]
    long_passage = ("strong", "A long passage: read it whole in the record")
    return tuple(long_passage if link else run for run, link in zip(line, is_link, strict=True))


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
