"""Three tablets write about two people in any order, late, twice, by any clock: what must hold, whatever happens.

I1 every edit waits on its tablet or is known to the register. I2 a critical section changes only from what its author
had seen, or because a person settled. I3 each edit counts once. I4 when all is quiet, every copy says what the register
says. I5 a copy never goes back. I9 a tablet never conflicts with itself. The machine is then run on wrong tablets and
on wrong registers, and must catch each of them. Source: hazards H-50 and H-51.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db
from epaccs.sync.actions import push
from epaccs.versions import actions
from epaccs.versions.actions import apply_edit
from epaccs.versions.model import SectionVersion
from epaccs.versions.queries import find_recorded, history, material
from epaccs.versions.rules import Outcome
from tests.factories import a_clinician, a_registered_person, an_edit
from tests.sync.test_push import NAMED
from tests.sync.writing import WritingTablet, a_writing_tablet, results_of
from tests.versions.test_properties import LEVELS, last_writer_wins, never_seen_before

SECTION = "treatment_level"
BUDGET = settings(
    max_examples=6,
    stateful_step_count=14,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)
MANY = settings(BUDGET, max_examples=40)

WHO = st.integers(0, 2)
PERSON = st.integers(0, 1)
LEVEL = st.sampled_from(LEVELS)


@dataclass
class Written:
    """One edit, with what its author truly had before them: a version that was fetched, and own edits on top."""

    edit: dict[str, Any]
    person: UUID
    fetched: int
    own: frozenset[str]


@dataclass
class Copy:
    """One person on one tablet; `last`: the author's own last edit that the fetched copy does not show yet."""

    fetched: int = 0
    base: int = 0
    value: Any = None
    last: str | None = None
    own: set[str] = field(default_factory=set)


class Pocket:
    """A tablet as its program ought to work: nothing leaves the outbox without a result of its own."""

    def __init__(self, tablet: WritingTablet, people: list[UUID]) -> None:
        self.tablet, self.outbox = tablet, list[Written]()
        self.copies = {person: Copy() for person in people}

    def write(self, person: UUID, level: str) -> Written:
        copy = self.copies[person]
        written = self.tablet.edit(person, SECTION, {"level": level}, base_version=copy.base, after_id=self.after(copy))
        one = Written(written, person, copy.fetched, frozenset(copy.own))
        copy.last = written["id"]
        copy.own.add(written["id"])
        self.outbox.append(one)
        return one

    def after(self, copy: Copy) -> str | None:
        return copy.last

    def take(self, sent: list[Written], results: list[dict[str, Any]]) -> None:
        for one, result in zip(sent, results, strict=True):
            assert result["id"] == one.edit["id"]
            self.outbox = [other for other in self.outbox if other.edit["id"] != result["id"]]
            copy = self.copies[one.person]
            copy.base = max(copy.base, result["section_version"])

    def fetch(self, person: UUID) -> None:
        copy, recorded = self.copies[person], find_recorded(person, SECTION)
        version = recorded.version if recorded else 0
        assert version >= copy.fetched, "I5: a copy went back"
        copy.fetched, copy.base, copy.value = version, version, recorded.value if recorded else None
        unsent = [one.edit["id"] for one in self.outbox if one.person == person]
        copy.own, copy.last = set(unsent), unsent[-1] if unsent else None


class MarksAllAsSent(Pocket):
    def take(self, sent: list[Written], results: list[dict[str, Any]]) -> None:
        super().take(sent, results)
        self.outbox = []


class ForgetsItsOwn(Pocket):
    def after(self, copy: Copy) -> str | None:
        return None


class DoesNotMoveTheCard(Pocket):
    def take(self, sent: list[Written], results: list[dict[str, Any]]) -> None:
        bases = {one.person: self.copies[one.person].base for one in sent}
        super().take(sent, results)
        for person, base in bases.items():
            copy = self.copies[person]
            waits = [one.edit["id"] for one in self.outbox if one.person == person]
            copy.base, copy.last = base, waits[-1] if waits else None


class Crash(BaseException):
    """The register stops before it has kept anything."""


class Tablets(RuleBasedStateMachine):
    """Three tablets of one practice, and colleagues at their desks."""

    tablets: ClassVar[tuple[WritingTablet, ...]]
    desk: ClassVar[Actor]
    pocket: ClassVar[type[Pocket]] = Pocket

    def __init__(self) -> None:
        super().__init__()
        self.people = [a_registered_person(self.desk) for _ in range(2)]
        self.pockets = [self.pocket(tablet, self.people) for tablet in self.tablets]
        self.written: dict[str, Written] = {}
        self.answered: dict[str, str] = {}
        self.disputed: set[UUID] = set()

    # What people do

    @rule(who=WHO, person=PERSON, level=LEVEL)
    def write(self, who: int, person: int, level: str) -> None:
        self._write(who, person, level)

    def _write(self, who: int, person: int, level: str) -> None:
        one = self.pockets[who].write(self.people[person], level)
        self.written[one.edit["id"]] = one

    @rule(who=WHO, person=PERSON)
    def fetch(self, who: int, person: int) -> None:
        self.pockets[who].fetch(self.people[person])

    @rule(who=WHO, days=st.sampled_from([-4000, -1, 0, 1, 4000]))
    def set_the_clock(self, who: int, days: int) -> None:
        self.tablets[who].ahead = timedelta(days=days)

    @rule(person=PERSON, level=LEVEL)
    def change_at_a_desk(self, person: int, level: str) -> None:
        apply_edit(self.desk, an_edit(self.people[person], SECTION, {"level": level}))
        self._note_disputes()

    @precondition(lambda self: self.disputed)
    @rule(person=PERSON, data=st.data())
    def settle(self, person: int, data: st.DataObject) -> None:
        entry = self.people[person]
        held = [one.edit_id for one in material(entry).held_in(SECTION)]
        if not held:
            return
        side = data.draw(st.sampled_from(["keep", *held]))
        choice = {"choice": "keep"} if side == "keep" else {"choice": "accept", "accepted_id": str(side)}
        body = {**choice, "edit_ids": [str(one) for one in held], "reason": "Asked the person"}
        apply_edit(self.desk, an_edit(entry, SECTION, body, kind="resolve"))

    # What the way to the register does to it

    @rule(who=WHO, sealed=st.booleans())
    def send(self, who: int, sealed: bool) -> None:
        batch = list(self.pockets[who].outbox)
        self.pockets[who].take(batch, self._deliver(who, batch, sealed=sealed))

    @rule(who=WHO, person=PERSON, levels=st.lists(LEVEL, min_size=1, max_size=3))
    def write_and_send_one_after_the_other(self, who: int, person: int, levels: list[str]) -> None:
        for level in levels:
            self._write(who, person, level)
            batch = list(self.pockets[who].outbox)
            self.pockets[who].take(batch, self._deliver(who, batch))

    @rule(who=WHO, person=PERSON, level=LEVEL)
    def write_while_the_answer_is_on_its_way(self, who: int, person: int, level: str) -> None:
        batch = list(self.pockets[who].outbox)
        results = self._deliver(who, batch)
        self._write(who, person, level)
        self.pockets[who].take(batch, results)

    @rule(who=WHO, sealed=st.booleans())
    def lose_the_answer(self, who: int, sealed: bool) -> None:
        self._deliver(who, list(self.pockets[who].outbox), sealed=sealed)

    @rule(who=WHO)
    def send_everything_that_was_ever_written_again(self, who: int) -> None:
        author = str(self.tablets[who].actor.clinician_id)
        mine = [one for one in self.written.values() if one.edit["author_id"] == author]
        self._deliver(who, [one for one in mine if one.edit["id"] in self.answered])

    @precondition(lambda self: any(pocket.outbox for pocket in self.pockets))
    @rule(who=WHO)
    def stop_the_register_before_it_has_kept_anything(self, who: int) -> None:
        batch = list(self.pockets[who].outbox)
        right = push._advance

        def stop(*_: Any) -> None:
            raise Crash

        push._advance = stop  # type: ignore[assignment]
        try:
            self.tablets[who].push(*[one.edit for one in batch])
        except Crash:
            pass
        finally:
            push._advance = right

    def _deliver(self, who: int, batch: list[Written], *, sealed: bool = False) -> list[dict[str, Any]]:
        tablet, edits = self.tablets[who], [one.edit for one in batch]
        answer = tablet.send_sealed(*map(tablet.seal, edits)) if sealed else tablet.push(*edits)
        results = results_of(answer)
        for one, result in zip(batch, results, strict=True):
            self._look_at(one, result)
        self._note_disputes()
        return results

    def _look_at(self, one: Written, result: dict[str, Any]) -> None:
        edit_id, outcome = result["id"], result["outcome"]
        assert outcome in NAMED - {"refused", "other_words"}, f"I3: {outcome}"
        first = self.answered.setdefault(edit_id, outcome)
        assert outcome == first, "I3: another outcome than the first"
        if outcome == "held" and one.person not in self.disputed:
            recorded = find_recorded(one.person, SECTION)
            foreign = self._foreign(one, recorded.version if recorded else 0)
            assert foreign, "I9: a tablet conflicts with itself"

    def _note_disputes(self) -> None:
        self.disputed |= {person for person in self.people if material(person).held_in(SECTION)}

    def _foreign(self, one: Written, upto: int) -> list[int]:
        """Versions that the author had neither fetched nor written."""
        rows = versions_of(one.person)
        return [version for version in range(one.fetched + 1, upto + 1) if rows[version] not in one.own]

    # What must hold

    @invariant()
    def every_edit_waits_or_is_known(self) -> None:
        known = {str(line.edit_id) for person in self.people for line in history(person, section=SECTION)}
        waits = {one.edit["id"] for pocket in self.pockets for one in pocket.outbox}

        assert set(self.written) <= known | waits, "I1: an edit is gone"

    @invariant()
    def nothing_was_replaced_that_its_author_had_not_seen(self) -> None:
        for person in self.people:
            for version, edit_id in versions_of(person).items():
                one = self.written.get(edit_id)
                assert one is None or not self._foreign(one, version - 1), f"I2: version {version} was not seen"

    @invariant()
    def each_edit_counts_once(self) -> None:
        for person in self.people:
            made = list(versions_of(person).values())
            assert len(made) == len(set(made)), "I3: one edit made two versions"

    def teardown(self) -> None:
        for who, pocket in enumerate(self.pockets):
            batch = list(pocket.outbox)
            pocket.take(batch, self._deliver(who, batch))
        for pocket in self.pockets:
            assert not pocket.outbox
            for person, copy in pocket.copies.items():
                pocket.fetch(person)
                recorded = find_recorded(person, SECTION)
                assert copy.value == (recorded.value if recorded else None), "I4: a copy differs"


def versions_of(person: UUID) -> dict[int, str]:
    rows = db.session.execute(
        select(SectionVersion.version, SectionVersion.edit_id).where(
            SectionVersion.entry_id == person, SectionVersion.section == SECTION
        )
    )
    return {row.version: str(row.edit_id) for row in rows}


def three_tablets(app: Flask) -> type[Tablets]:
    first = a_clinician(Role.GP)
    practice = db.session.get(Organisation, first.organisation_id)
    team = (a_writing_tablet(app, a_clinician(Role.GP, practice)) for _ in range(3))

    class Practice(Tablets):
        tablets = tuple(team)
        desk = first

    return Practice


@pytest.fixture
def machine(app: Flask) -> type[Tablets]:
    """The machine with three tablets and a desk of one practice."""
    return three_tablets(app)


def test_whatever_happens_on_the_way_nothing_is_lost_and_nothing_is_silently_replaced(machine: type[Tablets]) -> None:
    run_state_machine_as_test(machine, settings=BUDGET)


class TestWrongOnesAreCaught:
    """What is wrong is wrong on either database: one is enough to find it."""

    @pytest.fixture
    def database_url(self, sqlite_template: Path, tmp_path: Path) -> str:
        return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'epaccs.sqlite3')}"

    @pytest.mark.parametrize(
        ("wrong", "found"),
        [
            pytest.param(MarksAllAsSent, "I1", id="all is marked as sent"),
            pytest.param(ForgetsItsOwn, "I9", id="no edit says which own edit it follows"),
            pytest.param(DoesNotMoveTheCard, "I9", id="a result does not move the card"),
        ],
    )
    def test_a_wrong_tablet_is_caught(self, machine: type[Tablets], wrong: type[Pocket], found: str) -> None:
        machine.pocket = wrong

        with pytest.raises(AssertionError, match=found):
            run_state_machine_as_test(machine, settings=MANY)

    @pytest.mark.parametrize(
        ("module", "name", "wrong"),
        [
            pytest.param(actions, "decide", last_writer_wins, id="the last writer wins"),
            pytest.param(push, "find_first_outcome", never_seen_before, id="what comes again counts again"),
        ],
    )
    def test_a_wrong_register_is_caught(
        self, machine: type[Tablets], monkeypatch: pytest.MonkeyPatch, module: Any, name: str, wrong: Callable[..., Any]
    ) -> None:
        monkeypatch.setattr(module, name, wrong)

        with pytest.raises((AssertionError, IntegrityError)):
            run_state_machine_as_test(machine, settings=MANY)


CLOCKS = st.tuples(*[st.integers(-4000, 4000)] * 3)
STEPS = st.lists(st.tuples(WHO, LEVEL, st.sampled_from(["write", "send", "fetch"])), min_size=4, max_size=10)


def test_no_clock_of_a_tablet_has_a_say_in_any_outcome(app: Flask) -> None:
    practice = three_tablets(app)

    @settings(BUDGET, max_examples=4, stateful_step_count=1)
    @given(steps=STEPS, clocks=CLOCKS)
    def told(steps: list[tuple[int, str, str]], clocks: tuple[int, int, int]) -> None:
        assert outcomes(practice, steps, clocks) == outcomes(practice, steps, (0, 0, 0))

    told()


def outcomes(practice: type[Tablets], steps: list[tuple[int, str, str]], clocks: tuple[int, ...]) -> list[Outcome]:
    """What became of each step of a story, told with these clocks."""
    entry = a_registered_person(practice.desk)
    pockets = [Pocket(tablet, [entry]) for tablet in practice.tablets]
    for pocket, days in zip(pockets, clocks, strict=True):
        pocket.tablet.ahead = timedelta(days=days)
    found = []
    for who, level, what in [*steps, *((one, LEVELS[0], "send") for one in range(3))]:
        pocket = pockets[who]
        match what:
            case "write":
                pocket.write(entry, level)
            case "fetch":
                pocket.fetch(entry)
            case _:
                batch = list(pocket.outbox)
                results = results_of(pocket.tablet.push(*[one.edit for one in batch]))
                pocket.take(batch, results)
                found += [Outcome(result["outcome"]) for result in results]
    return found
