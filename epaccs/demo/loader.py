"""Load the demonstration, or any number of made-up people, where nobody real can be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID

from sqlalchemy import func, not_, select

from epaccs.clinicians.model import Organisation
from epaccs.core import clock
from epaccs.core.db import db, end_read
from epaccs.core.errors import RuleBroken
from epaccs.core.nhs_number import SYNTHETIC_PREFIX
from epaccs.demo import bulk, scans, telling
from epaccs.demo.candidates import tell_candidates
from epaccs.demo.districts import (
    DISTRICT_SIZE,
    add_districts,
    colleagues_of,
    demonstration_colleagues,
    outlying_colleagues,
)
from epaccs.demo.governance import tell_governance
from epaccs.demo.names import synthetic_numbers
from epaccs.demo.people import PersonMaker, demonstration_people, entry_id_of, outlying_people
from epaccs.demo.questions import ask_locally
from epaccs.demo.staff import add_staff, find_world, has_demonstration_people
from epaccs.demo.stories import Story, read_stories
from epaccs.demo.tablets import add_tablets
from epaccs.register.model import RegisterEntry
from epaccs.settings import Settings
from epaccs.versions.model import Entry

#: How many made-up patients a demonstration has, and how many of them live outside the area.
DEMONSTRATION_SIZE: Final = 200
OUTLYING: Final = 9

#: Told how many more are here.
Progress = Callable[[int], None]


def ignore_progress(_count: int) -> None:
    """For whoever does not watch."""


def check_may_load(settings: Settings) -> None:
    """Made-up people go only where nobody real can be.

    Raises:
        RuleBroken: the program runs for real people, or the register holds somebody who may be real.

    Source: hazard H-22 (made-up people among real ones).
    """
    if not settings.is_demo:
        raise RuleBroken("Made-up people are loaded only where EPACCS_MODE is demo. Nothing was loaded.")
    if not _is_made_up():
        raise RuleBroken("This register may hold real people. Choose an empty database. Nothing was loaded.")


def _is_made_up() -> bool:
    """Whether everybody here is made up: nobody has another number, and organisations came with the demonstration."""
    numbered = RegisterEntry.nhs_number.is_not(None)
    real = select(RegisterEntry.entry_id).where(numbered, not_(RegisterEntry.nhs_number.startswith(SYNTHETIC_PREFIX)))
    if db.session.scalars(real.limit(1)).first() is not None:
        return False
    somebody = db.session.scalars(select(Organisation.id).limit(1)).first()
    return somebody is None or has_demonstration_people()


# --- The demonstration -----------------------------------------------------------------------------------------------


def load_demonstration(settings: Settings, *, only_if_empty: bool = False, progress: Progress = ignore_progress) -> int:
    """Load the people at work and the patients of the demonstration; whoever is here already stays as they are.

    Args:
        only_if_empty: do nothing where others are on the register; a loading that was interrupted goes on.
        progress: told how many more are here.

    Returns:
        How many patients were loaded.

    Raises:
        RuleBroken: made-up people are not loaded here.
    """
    check_may_load(settings)
    now = clock.now()
    written, generated = _without_those_here(read_stories(now)), _without_those_here(generated_stories(now))
    untold = len(written) + len(generated)
    if only_if_empty and untold == DEMONSTRATION_SIZE and count_people():
        return 0
    if untold:
        add_staff(settings.demo_password)
        world = find_world()
        ask_locally(world)
        telling.tell_stories(written, world, told=lambda: progress(1))
        scans.add_scans(written, world)
        bulk.load_stories(generated, world, loaded=progress)
    tell_candidates(find_world())
    add_tablets(find_world())
    tell_governance(find_world())
    return untold


def generated_stories(now: datetime) -> list[Story]:
    """The patients that are not written by hand: enough that nothing is missing."""
    written = len(list(read_stories(now)))
    return [
        *demonstration_people(DEMONSTRATION_SIZE - OUTLYING - written, now, demonstration_colleagues()),
        *outlying_people(OUTLYING, now, outlying_colleagues()),
    ]


def _without_those_here(stories: Iterable[Story]) -> list[Story]:
    stories = list(stories)
    here = _find_here([story.entry_id for story in stories])
    return [story for story in stories if story.entry_id not in here]


def _find_here(entry_ids: Sequence[UUID]) -> set[UUID]:
    here = set(db.session.scalars(select(Entry.id).where(Entry.id.in_(entry_ids))))
    end_read()
    return here


def count_people() -> int:
    """How many entries there are, of whatever status."""
    return db.session.scalars(select(func.count()).select_from(Entry)).one()


# --- Any number of people --------------------------------------------------------------------------------------------


def load_people(settings: Settings, count: int, *, seed: int = 1, progress: Progress = ignore_progress) -> int:
    """Load so many people of a seed, with practices and teams for them; whoever is here already stays.

    Returns:
        How many were loaded.

    Raises:
        RuleBroken: made-up people are not loaded here.
    """
    check_may_load(settings)
    add_staff(settings.demo_password)
    add_districts(range((count + DISTRICT_SIZE - 1) // DISTRICT_SIZE), settings.demo_password)
    loaded = 0

    def note(more: int) -> None:
        nonlocal loaded
        loaded += more
        progress(more)

    bulk.load_stories(_make_stories(count, seed), find_world(), loaded=note)
    return loaded


def _make_stories(count: int, seed: int) -> Iterator[Story]:
    """The people who are not here yet."""
    maker, numbers = PersonMaker(seed, clock.now()), _FreeNumbers(seed)
    for start in range(0, count, bulk.BATCH):
        ids = {number: entry_id_of(seed, number) for number in range(start, min(start + bulk.BATCH, count))}
        here = _find_here(list(ids.values()))
        missing = [number for number, entry_id in ids.items() if entry_id not in here]
        for number, nhs_number in zip(missing, numbers.take(len(missing)), strict=True):
            yield maker.make(number, colleagues_of(number), nhs_number)


class _FreeNumbers:
    """NHS numbers that nobody here has; there are not quite a million, and then people have none."""

    def __init__(self, seed: int) -> None:
        self._left = synthetic_numbers(seed)

    def take(self, count: int) -> list[str | None]:
        """So many of them."""
        found: list[str | None] = []
        while len(found) < count and (candidates := list(islice(self._left, count - len(found)))):
            used = select(RegisterEntry.nhs_number).where(RegisterEntry.nhs_number.in_(candidates))
            taken = set(db.session.scalars(used))
            end_read()
            found += [number for number in candidates if number not in taken]
        return found + [None] * (count - len(found))
