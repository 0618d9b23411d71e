"""Versions of the access table: two people, what none may cross, and that one holds at once wherever somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, select

from epaccs.access import rules
from epaccs.access.actions import approve_table, propose_table, turn_down_table
from epaccs.access.queries import follow_newest_table, table_changes
from epaccs.access.rules import ACCESS_TABLE, Fact, RoleRow, Scope, Sight, Tier, row_of, version_in_force
from epaccs.access.versions import (
    as_content,
    changes_between,
    check_changes_something,
    check_floor,
    crossed,
    from_content,
    with_row,
)
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken, RulesBroken
from epaccs.core.identifiers import new_id
from epaccs.core.two_names import Name, SettingChange, check_begins, check_two_names
from epaccs.versions.actions import apply_edit
from tests.conftest import NOW
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation
from tests.pages import PageClient
from tests.record.visits import open_record, visit
from tests.sync.tablets import a_sync_tablet

T1, T2, T3 = Tier.T1_EMERGENCY, Tier.T2_COORDINATION, Tier.T3_SENSITIVE


def row(role: Role, *, sees: dict[Tier, Sight] | None = None, **changes: Any) -> RoleRow:
    """One line of the table with some of it changed; `more` and `fewer`: facts."""
    shipped = ACCESS_TABLE[role]
    facts = (shipped.facts | set(changes.pop("more", ()))) - set(changes.pop("fewer", ()))
    return replace(shipped, sights={**shipped.sights, **(sees or {})}, facts=facts, **changes)


#: A crew sees the plan without an incident: the change of these tests.
WIDER = with_row(ACCESS_TABLE, Role.PARAMEDIC, row(Role.PARAMEDIC, sees={T2: Sight.YES}))
NARROWER = with_row(ACCESS_TABLE, Role.PARAMEDIC, row(Role.PARAMEDIC, sees={T2: Sight.NO}))


@pytest.fixture(autouse=True)
def shipped_table() -> Iterator[None]:
    yield
    rules.use_table(0, ACCESS_TABLE)


@pytest.fixture
def board(app: Flask) -> Organisation:
    return an_organisation(type=OrganisationType.ICB)


@pytest.fixture
def proposer(board: Organisation) -> Actor:
    return a_clinician(Role.ADMINISTRATOR, board, name="Ann Proposer")


@pytest.fixture
def approver(board: Organisation) -> Actor:
    return a_clinician(Role.PRIVACY_OFFICER, board, name="Bea Approver")


def propose(actor: Actor, table: Any = WIDER, **more: Any) -> UUID:
    return propose_table(actor, table, **{"reason": "Crews ask for the plan on the way", "based_on": 0, **more})


# --- What no version may cross ---------------------------------------------------------------------------------------


def test_the_table_that_the_register_comes_with_crosses_nothing() -> None:
    check_floor(ACCESS_TABLE)


@pytest.mark.parametrize(
    ("role", "changed"),
    [
        pytest.param(Role.PARAMEDIC, row(Role.PARAMEDIC, sees={T2: Sight.YES}), id="a crew sees the plan at once"),
        pytest.param(Role.PARAMEDIC, row(Role.PARAMEDIC, sees={T2: Sight.NO}), id="a crew never sees the plan"),
        pytest.param(Role.ED_CLINICIAN, row(Role.ED_CLINICIAN, sees={T2: Sight.YES}), id="ED sees the plan"),
        pytest.param(
            Role.COMMUNITY_NURSE, row(Role.COMMUNITY_NURSE, scopes=(Scope.AREA, Scope.RELATIONSHIP)), id="by area"
        ),
        pytest.param(Role.OUT_OF_HOURS_NURSE, row(Role.OUT_OF_HOURS_NURSE, sees={T3: Sight.YES}), id="sensitive"),
        pytest.param(Role.CARE_HOME_NURSE, row(Role.CARE_HOME_NURSE, fewer=[Fact.PRINTS]), id="no printing"),
        pytest.param(Role.PARAMEDIC, row(Role.PARAMEDIC, more=[Fact.PRINTS]), id="a crew prints"),
        pytest.param(Role.HOSPICE_NURSE, row(Role.HOSPICE_NURSE, more=[Fact.SETTLES_DISPUTES]), id="settles disputes"),
        pytest.param(Role.SOCIAL_WORKER, row(Role.SOCIAL_WORKER, sees={T1: Sight.NO, T2: Sight.NO}), id="nothing"),
    ],
)
def test_a_version_may(role: Role, changed: RoleRow) -> None:
    check_floor(with_row(ACCESS_TABLE, role, changed))


@pytest.mark.parametrize(
    ("role", "changed", "sentence"),
    [
        pytest.param(
            Role.ADMINISTRATOR, row(Role.ADMINISTRATOR, sees={T1: Sight.YES}), "treats nobody", id="an administrator"
        ),
        pytest.param(
            Role.PRACTICE_ADMINISTRATOR,
            row(Role.PRACTICE_ADMINISTRATOR, scopes=(Scope.OWN_PRACTICE, Scope.AREA)),
            "whom it reaches is not changed",
            id="a practice administrator by area",
        ),
        pytest.param(
            Role.PRIVACY_OFFICER,
            row(Role.PRIVACY_OFFICER, more=[Fact.PRINTS]),
            "may do no more than before",
            id="a privacy officer prints",
        ),
        pytest.param(
            Role.COMMISSIONER,
            row(Role.COMMISSIONER, sees={Tier.T0_EXISTS: Sight.YES}),
            "is not changed by a version",
            id="a commissioner knows of entries",
        ),
        pytest.param(
            Role.SOCIAL_WORKER, row(Role.SOCIAL_WORKER, sees={T2: Sight.YES}), "nothing clinical", id="a social worker"
        ),
        pytest.param(
            Role.ED_CLINICIAN,
            row(Role.ED_CLINICIAN, sees={T2: Sight.YES, T3: Sight.YES}),
            "for those who keep the plan",
            id="ED sees what is sensitive",
        ),
        pytest.param(
            Role.PARAMEDIC, row(Role.PARAMEDIC, sees={T1: Sight.NO, T2: Sight.NO}), "at night", id="no card for a crew"
        ),
        pytest.param(Role.GP, row(Role.GP, sees={T3: Sight.NO}), "own practice sees", id="the practice sees less"),
        pytest.param(
            Role.HOSPITAL_DOCTOR, row(Role.HOSPITAL_DOCTOR, sees={T1: Sight.NO}), "no plan without the card", id="gap"
        ),
        pytest.param(
            Role.HOSPITAL_DOCTOR,
            row(Role.HOSPITAL_DOCTOR, sees={T1: Sight.READ_BACK}),
            "belong to the roles that have them",
            id="a doctor reads aloud",
        ),
        pytest.param(
            Role.HOSPITAL_DOCTOR,
            row(Role.HOSPITAL_DOCTOR, sees={T2: Sight.RESIDENTS}),
            "only a care home has residents",
            id="residents of a hospital",
        ),
        pytest.param(Role.HOSPITAL_DOCTOR, row(Role.HOSPITAL_DOCTOR, scopes=()), "at least one word", id="nobody"),
        pytest.param(
            Role.HOSPITAL_DOCTOR,
            row(Role.HOSPITAL_DOCTOR, scopes=(Scope.RELATIONSHIP, Scope.RESIDENTS)),
            "own practice, home or organisation",
            id="a hospital's residents",
        ),
        pytest.param(
            Role.PARAMEDIC,
            row(Role.PARAMEDIC, scopes=(Scope.RELATIONSHIP,)),
            "whom it reaches is not taken",
            id="a crew without its area",
        ),
        pytest.param(
            Role.PARAMEDIC, row(Role.PARAMEDIC, fewer=[Fact.BREAKS_GLASS]), "never taken", id="no emergency for a crew"
        ),
        pytest.param(
            Role.CARE_HOME_SENIOR,
            row(Role.CARE_HOME_SENIOR, more=[Fact.BREAKS_GLASS]),
            "only registered professionals open",
            id="a senior breaks glass",
        ),
        pytest.param(
            Role.PARAMEDIC,
            row(Role.PARAMEDIC, more=[Fact.SIGNS_WITH_AUTHORISATION]),
            "no authorisation to sign",
            id="a crew signs",
        ),
        pytest.param(
            Role.COORDINATOR,
            row(Role.COORDINATOR, more=[Fact.EDITS_PLAN]),
            "only registered professionals answer",
            id="a coordinator edits the plan",
        ),
        pytest.param(
            Role.GP, row(Role.GP, more=[Fact.AUTHORISED_TO_SIGN]), "does not give or take", id="everybody signs"
        ),
        pytest.param(
            Role.ADMINISTRATOR,
            row(Role.ADMINISTRATOR, fewer=[Fact.ADMINISTERS]),
            "does not give",
            id="nobody goes back",
        ),
        pytest.param(
            Role.GP, row(Role.GP, fewer=[Fact.EDITS_PLAN]), "keeps its register", id="the practice keeps none"
        ),
    ],
)
def test_no_version_may(role: Role, changed: RoleRow, sentence: str) -> None:
    assert any(sentence in one for one in crossed(role, changed)), list(crossed(role, changed))
    with pytest.raises(RulesBroken, match=sentence):
        check_floor(with_row(ACCESS_TABLE, role, changed))


# --- As it is kept, and in words -------------------------------------------------------------------------------------


def test_a_version_comes_back_as_it_was_kept() -> None:
    table = with_row(WIDER, Role.COMMUNITY_NURSE, row(Role.COMMUNITY_NURSE, scopes=(Scope.AREA,), fewer=[Fact.PRINTS]))

    back = from_content(as_content(table))

    assert changes_between(table, back) == []
    assert as_content(ACCESS_TABLE) == {}


def test_words_that_this_release_does_not_know_change_nothing() -> None:
    kept = {"paramedic": {"sights": {"T9": "yes", "T2": "perhaps"}, "may": ["role flies"]}, "astronaut": {"may": []}}

    assert changes_between(ACCESS_TABLE, from_content(kept)) == []


def test_a_version_says_in_words_what_it_opens_and_closes() -> None:
    other = with_row(WIDER, Role.COMMUNITY_NURSE, row(Role.COMMUNITY_NURSE, scopes=(Scope.AREA,), fewer=[Fact.PRINTS]))

    said = {one.words: one.opens for one in changes_between(ACCESS_TABLE, other)}

    assert said == {
        "paramedic: the plan (T2) was during an incident, becomes yes": True,
        "community nurse: whom it reaches was relationship, becomes area": True,
        "community nurse: “prints” was yes, becomes no": False,
    }


def test_a_version_that_changes_nothing_is_refused() -> None:
    with pytest.raises(RuleBroken, match="Nothing differs"):
        check_changes_something(ACCESS_TABLE, ACCESS_TABLE)


# --- Two names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("same_id", "name"),
    [
        pytest.param(True, "Another Name", id="the same account"),
        pytest.param(False, " ann  PROPOSER", id="another account of the same person"),
    ],
)
def test_nobody_approves_what_they_proposed(same_id: bool, name: str) -> None:
    first = Name(new_id(), "Ann Proposer")
    with pytest.raises(Forbidden, match="Another person must approve"):
        check_two_names(proposed_by=first, decided_by=Name(first.id if same_id else new_id(), name))
    check_two_names(proposed_by=first, decided_by=Name(new_id(), "Bea Approver"))


@pytest.mark.parametrize(
    ("begins", "latest", "sentence"),
    [
        pytest.param(NOW - timedelta(seconds=1), None, "from now on or later", id="before now"),
        pytest.param(NOW, NOW + timedelta(days=1), "Let it begin first", id="before one that waits for its day"),
    ],
)
def test_a_version_does_not_begin(begins: datetime, latest: datetime | None, sentence: str) -> None:
    with pytest.raises(RuleBroken, match=sentence):
        check_begins(begins, now=NOW, latest=latest)
    check_begins(NOW, now=NOW, latest=NOW)


def test_a_proposal_changes_nothing_until_another_person_approves_it(proposer: Actor, approver: Actor) -> None:
    change_id = propose(proposer)
    follow_newest_table()
    assert (version_in_force(), row_of(Role.PARAMEDIC).sights[T2]) == (0, Sight.INCIDENT)

    assert approve_table(approver, change_id) == 1

    assert (version_in_force(), row_of(Role.PARAMEDIC).sights[T2]) == (1, Sight.YES)
    [kept] = table_changes(proposer)
    assert (kept.number, kept.proposed_by, kept.decided_by) == (1, "Ann Proposer", "Bea Approver")
    noted = db.session.scalars(
        select(AuditEvent).where(AuditEvent.kind == str(EventKind.SETTINGS_CHANGED)).order_by(AuditEvent.at)
    ).all()
    assert [one.details["what"] for one in noted] == ["access_table_proposed", "access_table_approved"]
    assert [one.actor_id for one in noted] == [proposer.clinician_id, approver.clinician_id]


def test_the_proposer_does_not_approve_nor_does_anybody_outside_the_board(proposer: Actor, board: Organisation) -> None:
    change_id = propose(proposer)

    for one in (
        proposer,
        a_clinician(Role.ADMINISTRATOR, board, name="Ann Proposer"),
        a_clinician(Role.COMMISSIONER, board),
        a_clinician(Role.PRIVACY_OFFICER),
        a_clinician(Role.GP),
    ):
        with pytest.raises(Forbidden):
            approve_table(one, change_id)

    follow_newest_table()
    assert version_in_force() == 0


def test_only_an_administrator_of_the_board_proposes(board: Organisation) -> None:
    for one in (a_clinician(Role.PRIVACY_OFFICER, board), a_clinician(Role.ADMINISTRATOR), a_clinician(Role.GP)):
        with pytest.raises(Forbidden, match="Only an administrator of the integrated care board"):
            propose(one)


def test_a_proposal_below_the_floor_is_refused_and_so_is_one_that_changes_nothing(proposer: Actor) -> None:
    below = with_row(ACCESS_TABLE, Role.PARAMEDIC, row(Role.PARAMEDIC, fewer=[Fact.BREAKS_GLASS]))

    with pytest.raises(RulesBroken, match="never taken"):
        propose(proposer, below)
    with pytest.raises(RuleBroken, match="Nothing differs"):
        propose(proposer, ACCESS_TABLE)


def test_of_two_proposals_on_one_version_the_second_is_refused(proposer: Actor, approver: Actor) -> None:
    first, second = propose(proposer), propose(proposer, NARROWER)
    approve_table(approver, first)

    with pytest.raises(RuleBroken, match="Another version was approved"):
        approve_table(approver, second)
    with pytest.raises(NotFound):
        approve_table(approver, first)
    with pytest.raises(RuleBroken, match="Another version was approved"):
        propose(proposer, NARROWER, based_on=0)


def test_a_refused_and_a_withdrawn_proposal_are_kept_and_decided(proposer: Actor, approver: Actor) -> None:
    refused, withdrawn = propose(proposer), propose(proposer)
    turn_down_table(approver, refused)
    turn_down_table(proposer, withdrawn)

    assert {one.id: str(one.standing) for one in table_changes(approver)} == {
        refused: "refused",
        withdrawn: "withdrawn",
    }
    for one in (refused, withdrawn):
        with pytest.raises(NotFound):
            approve_table(approver, one)


def test_going_back_is_a_new_version(proposer: Actor, approver: Actor) -> None:
    approve_table(approver, propose(proposer))

    assert approve_table(approver, propose(proposer, ACCESS_TABLE, based_on=1)) == 2

    assert (version_in_force(), row_of(Role.PARAMEDIC)) == (2, ACCESS_TABLE[Role.PARAMEDIC])
    assert [one.number for one in table_changes(proposer)] == [2, 1]


def test_a_version_holds_from_its_moment_on(
    proposer: Actor, approver: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    begins = clock.now() + timedelta(days=7)
    approve_table(approver, propose(proposer, valid_from=begins))
    follow_newest_table()
    assert version_in_force() == 0

    frozen_clock(begins)
    follow_newest_table()

    assert version_in_force() == 1


def test_a_version_that_this_release_refuses_is_not_used(app: Flask, proposer: Actor) -> None:
    below = with_row(ACCESS_TABLE, Role.ADMINISTRATOR, row(Role.ADMINISTRATOR, sees={T1: Sight.YES}))
    with writing() as session:
        now = clock.now()
        told = {"proposed_by": proposer.clinician_id, "proposed_by_name": "x", "proposed_at": now, "valid_from": now}
        session.add(
            SettingChange(
                setting="access_table",
                number=1,
                based_on=0,
                content=as_content(below),
                reason="planted",
                standing="approved",
                **told,
            )
        )

    follow_newest_table()

    assert (version_in_force(), row_of(Role.ADMINISTRATOR)) == (1, ACCESS_TABLE[Role.ADMINISTRATOR])


# --- At once, everywhere ---------------------------------------------------------------------------------------------


@pytest.fixture
def entry(app: Flask) -> UUID:
    gp = a_clinician(Role.GP)
    entry_id = a_registered_person(gp)
    open_record(app, gp, entry_id)
    apply_edit(gp, an_edit(entry_id, "planning", {"next_talk": "Canary2000"}))
    return entry_id


def test_the_page_for_everybody_tells_what_holds_though_its_process_read_no_session(
    app: Flask, proposer: Actor, approver: Actor
) -> None:
    approve_table(approver, propose(proposer))
    rules.use_table(0, ACCESS_TABLE)  # as another process still does

    PageClient(app).open("/privacy")

    assert version_in_force() == 1


def test_an_open_page_and_a_tablet_follow_at_their_next_request(
    app: Flask, proposer: Actor, approver: Actor, entry: UUID
) -> None:
    crew = a_clinician(Role.PARAMEDIC)
    pages = open_record(app, crew, entry)
    pages.see("Canary2000")
    tablet = a_sync_tablet(app, a_clinician(Role.PARAMEDIC, an_organisation(type=OrganisationType.AMBULANCE)))
    tablet.pull()
    before = {name: held.cursor["epoch"] for name, held in tablet.scopes.items()}

    approve_table(approver, propose(proposer, NARROWER))
    rules.use_table(0, ACCESS_TABLE)  # as in another process, which was told nothing

    pages.open(f"/record/{entry}").see_nothing_of("Canary2000")
    assert version_in_force() == 1
    approve_table(approver, propose(proposer, WIDER, based_on=1))
    rules.use_table(1, NARROWER)
    tablet.pull()
    assert version_in_force() == 2
    assert {name: held.cursor["epoch"] for name, held in tablet.scopes.items()} != before, "other words: sent anew"


def test_a_card_costs_no_statement_more(app: Flask, proposer: Actor, approver: Actor, entry: UUID) -> None:
    crew = a_clinician(Role.PARAMEDIC)
    pages = open_record(app, crew, entry)
    shipped = statements_of(pages, entry)

    approve_table(approver, propose(proposer))
    pages.open(f"/record/{entry}")

    assert statements_of(pages, entry) == shipped


def statements_of(pages: PageClient, entry: UUID) -> int:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        pages.open(f"/record/{entry}")
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(said)


# --- The pages -------------------------------------------------------------------------------------------------------


def test_a_change_goes_from_one_name_to_another_over_the_pages(app: Flask, proposer: Actor, approver: Actor) -> None:
    pages = visit(app, proposer).open("/admin/access-table").follow("Paramedic: propose a change")
    pages.fill(sees_t2="yes", reason="Crews ask for the plan on the way").submit("Propose")
    pages.see("paramedic: the plan (T2) was during an incident, becomes yes", "You proposed this")
    path = pages.page.url

    other = visit(app, approver).open("/admin/access-table").see("Waiting for a second person").open(path)
    other.see("Opens more.", "Crews ask for the plan on the way").submit("Approve")

    other.see("Version 1 of the access table holds now", "Approved by Bea Approver")
    back = visit(app, proposer).open("/admin/access-table").follow("Go back to the table that the register comes with")
    back.see("paramedic: the plan (T2) was yes, becomes during an incident")
    back.fill(reason="Too much at once").submit("Propose").see("Take it back")


def test_a_refused_proposal_keeps_what_was_chosen(app: Flask, proposer: Actor) -> None:
    pages = visit(app, proposer).open("/admin/access-table/roles/administrator")

    pages.fill(sees_t1="yes", reason="To help").submit("Propose", status=422)

    assert "treats nobody" in " ".join(pages.errors())
    assert (pages.value_of("sees_t1"), pages.value_of("reason")) == ("yes", "To help")


@pytest.mark.parametrize("path", ["roles/astronaut", "versions/7", "versions/-1", "changes/none"])
def test_what_is_no_part_of_the_table_is_not_found(app: Flask, proposer: Actor, path: str) -> None:
    visit(app, proposer).open(f"/admin/access-table/{path}", status=404)


def test_whoever_does_not_work_for_the_board_reads_the_table_and_changes_nothing(app: Flask) -> None:
    pages = visit(app, a_clinician(Role.PRIVACY_OFFICER)).open("/admin/access-table")
    pages.see("The table holds that the register comes with")
    pages.see_nothing_of("propose a change")
    visit(app, a_clinician(Role.ADMINISTRATOR)).open("/admin/access-table/roles/gp", status=403)
    visit(app, a_clinician(Role.GP)).open("/admin/access-table", status=403)
