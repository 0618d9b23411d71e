"""Three clinicians edit one person in any order, late, twice, against each other; the real writer is held to a model.

What must hold, whatever they do: every edit is known with its outcome; a critical section changes only from the version
its author had seen, or because a person settled; a repeated edit changes nothing; versions never go back. Then the same
machine is run on wrong writers, and must catch each of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy.exc import IntegrityError

from epaccs.access.actions import give_reason
from epaccs.access.rules import AccessReason
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.versions import actions
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded, history, material
from epaccs.versions.registry import EditRequest
from epaccs.versions.rules import Decision, Outcome, Position, Value, merge
from tests.factories import a_clinician, a_registered_person, an_edit

LEVELS = ("full_escalation", "ward_no_icu", "hospital_for_symptoms", "treat_at_home", "comfort_only")
PEOPLE = ("a", "b", "c")

BUDGET = settings(
    max_examples=15,
    stateful_step_count=14,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)


@dataclass
class Model:
    """What the register must say of a critical section."""

    version: int = 0
    value: Value | None = None
    held: list[UUID] = field(default_factory=list)
    sent: dict[UUID, Outcome] = field(default_factory=dict)
    wanted: dict[UUID, Value] = field(default_factory=dict)


class Clinicians(RuleBasedStateMachine):
    """Three clinicians at work on one person."""

    team: tuple[Actor, ...]

    def __init__(self) -> None:
        super().__init__()
        self.entry = a_registered_person(self.team[0])
        for actor in self.team[1:]:
            give_reason(
                actor,
                self.entry,
                reason=AccessReason.PERMISSION_GIVEN,
                identifiers_checked=("name", "born"),
                cannot_check=False,
            )
        self.model = Model()
        self.looked = [0, 0, 0]
        self.last: list[EditRequest | None] = [None, None, None]
        self.contact_ids = {name: str(new_id()) for name in PEOPLE}
        self.contacts: dict[str, str] = {}
        self.contact_changes = 0

    # What clinicians do

    @rule(who=st.integers(0, 2))
    def look(self, who: int) -> None:
        self.looked[who] = self.model.version

    @rule(who=st.integers(0, 2), level=st.sampled_from(LEVELS))
    def change_the_treatment_level(self, who: int, level: str) -> None:
        request = an_edit(self.entry, "treatment_level", {"level": level}, base_version=self.looked[who])
        expected = self._expect(request, {"level": level})

        applied = apply_edit(self.team[who], request)

        assert applied.outcome is expected
        self.last[who] = request

    def _expect(self, request: EditRequest, value: Value) -> Outcome:
        model = self.model
        if value == model.value:
            outcome = Outcome.SAME
        elif request.base_version != model.version or model.held:
            outcome = Outcome.HELD
            model.held.append(request.id)
        else:
            outcome = Outcome.APPLIED
            model.version, model.value = model.version + 1, value
        model.sent[request.id], model.wanted[request.id] = outcome, value
        return outcome

    @precondition(lambda self: any(self.last))
    @rule(who=st.integers(0, 2))
    def send_the_last_edit_again(self, who: int) -> None:
        request = self.last[who]
        if request is None:
            return

        again = apply_edit(self.team[who], request)

        assert again.replayed
        assert again.outcome is self.model.sent[request.id]

    @precondition(lambda self: self.model.held)
    @rule(who=st.integers(0, 2), data=st.data())
    def settle_everything_seen(self, who: int, data: st.DataObject) -> None:
        model = self.model
        side = data.draw(st.sampled_from(["keep", *model.held]))
        choice = {"choice": "keep"} if side == "keep" else {"choice": "accept", "accepted_id": str(side)}
        body = {**choice, "edit_ids": [str(one) for one in model.held], "reason": "Asked the person"}

        applied = apply_edit(self.team[who], an_edit(self.entry, "treatment_level", body, kind="resolve"))

        assert applied.outcome is Outcome.APPLIED
        if side != "keep" and model.wanted[side] != model.value:
            model.version, model.value = model.version + 1, model.wanted[side]
        model.held = []

    @precondition(lambda self: len(self.model.held) > 1)
    @rule(who=st.integers(0, 2))
    def settle_without_having_seen_every_side(self, who: int) -> None:
        model = self.model
        body = {"choice": "keep", "edit_ids": [str(model.held[0])], "reason": "Saw one side"}
        request = an_edit(self.entry, "treatment_level", body, kind="resolve")

        applied = apply_edit(self.team[who], request)

        assert applied.outcome is Outcome.HELD
        model.held.append(request.id)
        model.wanted[request.id] = dict(model.value or {})
        model.held.remove(request.id)
        settle = {"choice": "keep", "edit_ids": [str(one) for one in [*model.held, request.id]], "reason": "All"}
        apply_edit(self.team[who], an_edit(self.entry, "treatment_level", settle, kind="resolve"))
        model.held = []

    @rule(who=st.integers(0, 2), person=st.sampled_from(PEOPLE), number=st.integers(0, 3))
    def add_or_change_a_contact_without_having_looked(self, who: int, person: str, number: int) -> None:
        name = f"{person}{number}"
        item = {"kind": "personal", "name": name, "telephone": "01632 960101"}
        body = {"item_id": self.contact_ids[person], "item": item}

        applied = apply_edit(self.team[who], an_edit(self.entry, "contacts", body, kind="put_item", base_version=0))

        if person in self.contacts:
            assert applied.outcome in (Outcome.HELD, Outcome.SAME, Outcome.MERGED)
            assert applied.outcome is not Outcome.MERGED or self.contacts[person] == name
        else:
            assert applied.outcome in (Outcome.APPLIED, Outcome.MERGED)
            self.contacts[person] = name

    # What must hold

    @invariant()
    def the_register_says_what_the_model_says(self) -> None:
        recorded = find_recorded(self.entry, "treatment_level")
        held = {one.edit_id for one in material(self.entry).held_in("treatment_level")}

        assert (recorded.version if recorded else 0) == self.model.version
        assert (recorded.value if recorded else None) == self.model.value
        assert held == set(self.model.held)
        assert bool(recorded and recorded.disputed) == bool(self.model.held and recorded)

    @invariant()
    def every_edit_is_known(self) -> None:
        known = {line.edit_id: line.outcome for line in history(self.entry, section="treatment_level")}

        assert all(known.get(edit_id) == outcome for edit_id, outcome in self.model.sent.items())

    @invariant()
    def no_contact_was_lost_or_replaced(self) -> None:
        recorded = find_recorded(self.entry, "contacts")
        items = recorded.value["items"] if recorded else {}

        kept = {key: items.get(self.contact_ids[key], {}).get("name") for key in self.contacts}
        assert kept == self.contacts


@pytest.fixture
def machine(app: Flask) -> type[Clinicians]:
    """The machine with a team of one practice, all of whom may settle."""
    first = a_clinician(Role.GP)
    practice = db.session.get(Organisation, first.organisation_id)

    class Team(Clinicians):
        team = (first, a_clinician(Role.GP, practice), a_clinician(Role.GP, practice))

    return Team


def test_whatever_clinicians_do_nothing_is_lost_and_nothing_is_silently_replaced(machine: type[Clinicians]) -> None:
    run_state_machine_as_test(machine, settings=BUDGET)


# Wrong writers, each of which the machine must catch


def last_writer_wins(position: Position, proposed: Value, *, critical: bool, independent: bool) -> Decision:
    del position, critical, independent
    return Decision(Outcome.APPLIED, proposed)


def merge_everything(position: Position, proposed: Value, *, critical: bool, independent: bool) -> Decision:
    del critical, independent
    merged = merge(position.base or {}, position.current or {}, proposed) or proposed
    return Decision(Outcome.APPLIED, merged)


def hold_without_a_dispute(position: Position, proposed: Value, *, critical: bool, independent: bool) -> Decision:
    """Stale edits are held, but a dispute stops nobody."""
    del critical, independent
    if position.is_stale:
        return Decision(Outcome.HELD, None)
    return Decision(Outcome.APPLIED, proposed)


def an_equal_value_confirms(position: Position, proposed: Value, *, critical: bool, independent: bool) -> Decision:
    del critical, independent
    if position.is_stale and proposed != position.current:
        return Decision(Outcome.HELD, None)
    return Decision(Outcome.APPLIED, proposed)


def discard_the_stale(position: Position, proposed: Value, *, critical: bool, independent: bool) -> Decision:
    del critical, independent
    return Decision(Outcome.SAME, None) if position.is_stale else Decision(Outcome.APPLIED, proposed)


def never_seen_before(*_args: Any) -> None:
    """A writer that does not know repeated edits."""


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        pytest.param("decide", last_writer_wins, id="the last writer wins"),
        pytest.param("decide", merge_everything, id="critical sections are merged"),
        pytest.param("decide", hold_without_a_dispute, id="a dispute stops nobody"),
        pytest.param("decide", an_equal_value_confirms, id="an equal value counts as a change"),
        pytest.param("decide", discard_the_stale, id="a stale edit is thrown away"),
        pytest.param("_find_earlier", never_seen_before, id="a repeated edit counts twice"),
    ],
)
def test_a_wrong_writer_is_caught(
    machine: type[Clinicians], monkeypatch: pytest.MonkeyPatch, name: str, wrong: Callable[..., Any]
) -> None:
    monkeypatch.setattr(actions, name, wrong)

    # An invariant of the machine, or the database's own refusal of the same edit twice.
    with pytest.raises((AssertionError, IntegrityError)):
        run_state_machine_as_test(machine, settings=BUDGET)
