"""People come, change, leave and come back; tablets ask, lose answers, get cut ones. When it is quiet they all agree.

What must hold for each tablet at the end: it holds exactly whom the access table gives its user, in the version of the
register, and its count and sum are the register's. Meanwhile it never holds an answer that did not come whole.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from epaccs.access.actions import Concerned, begin_relationship, end_relationships
from epaccs.access.model import EntryScope
from epaccs.access.queries import reachable_entries
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db, writing
from epaccs.register import actions as register
from epaccs.sync.actions.feed import follow_time, rebuild_scopes
from epaccs.versions.actions import apply_edit
from epaccs.versions.model import Entry
from epaccs.versions.queries import find_recorded
from tests.factories import (
    DISCHARGED,
    a_clinician,
    a_consent,
    a_registered_person,
    an_edit,
    an_identity,
    an_organisation,
)
from tests.sync.tablets import SyncTablet, a_sync_tablet, change, read_lines

LEVELS = ("full_escalation", "ward_no_icu", "hospital_for_symptoms", "treat_at_home", "comfort_only")
#: Three at a time: a few people fill pages, and pages are kept.
PAGE = 3

BUDGET = settings(
    max_examples=5,
    stateful_step_count=22,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)


class Tablets(RuleBasedStateMachine):
    """A crew, a colleague of another audience, a nurse and a practice, and the people whom they may hold."""

    gp: Actor
    tablets: tuple[SyncTablet, ...]
    practices: tuple[Organisation, Organisation]

    def __init__(self) -> None:
        super().__init__()
        self.people: list[UUID] = []
        self.levels = 0

    people_chosen = st.integers(0, 5)

    # What happens to people

    @precondition(lambda self: len(self.people) < 6)
    @rule(is_shared=st.sampled_from([True, True, False]))
    def register(self, is_shared: bool) -> None:
        consent = a_consent() if is_shared else a_consent(share_status="refused")
        self.people.append(a_registered_person(self.gp, consent=consent, sections={}))

    @precondition(lambda self: self.people)
    @rule(who=people_chosen)
    def edit(self, who: int) -> None:
        if not self.may_change(self.one(who)):
            return
        self.levels += 1
        level = {"level": LEVELS[self.levels % len(LEVELS)]}
        apply_edit(self.gp, an_edit(self.one(who), "treatment_level", level))

    @precondition(lambda self: self.people)
    @rule(who=people_chosen, status=st.sampled_from(["given", "withdrawn"]))
    def agree_or_withdraw(self, who: int, status: str) -> None:
        if self.may_change(self.one(who)):
            register.amend(self.gp, an_edit(self.one(who), "consent", a_consent(share_status=status)))

    @precondition(lambda self: self.people)
    @rule(who=people_chosen)
    def remove_or_restore(self, who: int) -> None:
        one = self.one(who)
        if not self.may_change(one):
            return
        status = find_recorded(one, "lifecycle").value["status"]  # type: ignore[union-attr]
        kind, body = ("remove", {"reason": "improved"}) if status == "on_register" else ("restore", {})
        change(self.gp, one, kind, body)

    @precondition(lambda self: self.people)
    @rule(who=people_chosen, begins=st.booleans())
    def refer_or_end(self, who: int, begins: bool) -> None:
        nurse = self.tablets[2].tablet.actor
        with writing() as session:
            if begins:
                begin_relationship(session, Concerned(self.one(who), nurse.organisation_id, "referred", None))
            else:
                end_relationships(
                    session, entry_id=self.one(who), organisation_id=nurse.organisation_id, ending=DISCHARGED
                )

    @precondition(lambda self: self.people)
    @rule(who=people_chosen, there=st.integers(0, 1))
    def move(self, who: int, there: int) -> None:
        one, practice = self.one(who), self.practices[there]
        number = find_recorded(one, "identity").value["nhs_number"]  # type: ignore[union-attr]
        moved = {**an_identity(practice), "nhs_number": number}
        if self.may_change(one) and db.session.get_one(EntryScope, one).is_open:
            register.amend(self.gp, an_edit(one, "identity", moved))

    def one(self, who: int) -> UUID:
        return self.people[who % len(self.people)]

    def may_change(self, one: UUID) -> bool:
        """Whether they still are the practice's."""
        return db.session.get_one(EntryScope, one).practice_id == self.gp.organisation_id

    # What tablets do

    @rule(which=st.integers(0, 3))
    def pull_everything(self, which: int) -> None:
        self.tablets[which].pull(limit=PAGE)

    @rule(which=st.integers(0, 3))
    def pull_one_page(self, which: int) -> None:
        tablet = self.tablets[which]
        tablet.apply(read_lines(tablet.ask(limit=PAGE)))

    @rule(which=st.integers(0, 3))
    def lose_an_answer(self, which: int) -> None:
        self.tablets[which].ask(limit=PAGE)

    @rule(which=st.integers(0, 3), cut=st.integers(0, 4))
    def get_a_cut_answer(self, which: int, cut: int) -> None:
        tablet = self.tablets[which]
        lines = read_lines(tablet.ask(limit=PAGE))
        missing = [*lines[:cut], *lines[cut + 1 :]] if cut < len(lines) - 1 else lines[:-1]

        with pytest.raises((AssertionError, IndexError)):
            tablet.apply(missing)

    @rule()
    def let_a_minute_pass(self) -> None:
        follow_time()

    @rule(chance=st.integers(0, 9))
    def build_anew(self, chance: int) -> None:
        if chance == 0:
            rebuild_scopes()

    def teardown(self) -> None:
        """Nothing happens any more: everybody asks once."""
        for tablet in self.tablets:
            tablet.pull(limit=PAGE)
            tablet.assert_agrees()
            held = {one: version for scope in tablet.scopes.values() for one, version in scope.people.items()}
            assert held == expected(tablet.tablet.actor)


def expected(actor: Actor) -> dict[str, int]:
    """Whom the access table gives a user's tablet, from the table of permissions and not from any feed."""
    rows = (
        select(Entry.id, Entry.change_number)
        .join(EntryScope, EntryScope.entry_id == Entry.id)
        .where(reachable_entries(actor), EntryScope.is_open)
    )
    if actor.role is Role.GP:  # policy gives a practice its own list, and nobody else
        rows = rows.where(EntryScope.practice_id == actor.organisation_id)
    return {str(row.id): row.change_number for row in db.session.execute(rows)}


def test_when_it_is_quiet_every_tablet_holds_whom_it_may_and_nobody_else(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("epaccs.sync.actions.pull.PAGE_ROWS", PAGE)
    here, there = an_organisation(), an_organisation(area="southdale")
    gp = a_clinician(Role.GP, here, may_sign=True)
    users = [
        a_clinician(Role.PARAMEDIC),
        a_clinician(Role.OUT_OF_HOURS_NURSE),
        a_clinician(Role.COMMUNITY_NURSE),
        gp,
    ]
    filled = tuple(a_sync_tablet(app, user) for user in users)

    class Here(Tablets):
        tablets = filled
        practices = (here, there)

    Here.gp = gp
    run_state_machine_as_test(Here, settings=BUDGET)


def test_the_comparison_finds_somebody_who_is_missing(app: Flask) -> None:
    """A test of the test: a tablet that lost one person, or kept one, does not agree."""
    gp = a_clinician(Role.GP)
    entry = str(a_registered_person(gp))
    crew = a_sync_tablet(app, a_clinician(Role.PARAMEDIC))
    crew.pull()
    crew.assert_agrees()
    held: dict[str, Any] = crew.scopes["area:northdale"].people

    for wrong in ({}, {entry: held[entry] - 1}, {**held, str(UUID(int=1)): 1}):
        crew.scopes["area:northdale"].people = wrong
        with pytest.raises(AssertionError):
            crew.assert_agrees()
