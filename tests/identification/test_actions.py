"""A practice's people to consider: lists are merged, decisions stay, nobody is registered or forgotten by a list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.identification import actions, queries
from epaccs.identification.model import Candidate, CandidateList, Consideration
from epaccs.identification.rules import KEPT_DAYS, Group, Outcome, State
from epaccs.register import actions as register
from epaccs.register.model import RegisterEntry, RegistrationDraft
from epaccs.register.queries import get_prepared
from epaccs.server import do_round
from tests.conftest import NOW
from tests.factories import a_clinician, a_consent, a_registered_person, an_edit, an_identity
from tests.identification.lists import ADA, BEN, CYD, DEE, a_file, a_row, decide, send, the_candidate

SetNow = Callable[[datetime], None]


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP)


def practice_of(actor: Actor) -> Organisation:
    practice = db.session.get(Organisation, actor.organisation_id)
    assert practice is not None
    return practice


def states(actor: Actor) -> dict[str, State]:
    return {person.nhs_number: person.state for person in queries.find_people(actor)}


def events(kind: EventKind) -> list[AuditEvent]:
    return db.session.query(AuditEvent).filter_by(kind=str(kind)).all()


# --- lists -----------------------------------------------------------------------------------------------------------


def test_a_list_registers_nobody(gp: Actor) -> None:
    taken = send(gp, a_row(ADA), a_row(BEN))

    assert (taken.people, taken.to_consider) == (2, 2)
    assert states(gp) == {ADA: State.TO_CONSIDER, BEN: State.TO_CONSIDER}
    assert db.session.query(RegisterEntry).count() == 0
    (event,) = events(EventKind.CANDIDATES_LISTED)
    assert (event.actor_id, event.details["people"]) == (gp.clinician_id, 2)
    assert ADA not in str(event.details)


def test_the_same_form_sent_twice_takes_one_list(gp: Actor) -> None:
    list_id = new_id()

    for _ in range(2):
        actions.take_list(gp, list_id, content=a_file(a_row()), is_whole=False)

    assert db.session.query(CandidateList).count() == 1
    assert len(events(EventKind.CANDIDATES_LISTED)) == 1


def test_a_new_list_merges_by_number_and_says_who_is_no_longer_on_it(gp: Actor) -> None:
    send(gp, a_row(ADA), a_row(BEN))

    taken = send(gp, a_row(ADA, family_name="Hargreaves-Bell", conditions="dementia"), a_row(CYD))

    assert states(gp) == {ADA: State.TO_CONSIDER, BEN: State.NOT_LISTED, CYD: State.TO_CONSIDER}
    assert taken.no_longer_listed == 1
    assert the_candidate(ADA).family_name == "Hargreaves-Bell"
    groups = {one.nhs_number: one.groups for one in queries.find_people(gp)}
    assert groups[ADA] == (Group.DEMENTIA,)


def test_decisions_stay_when_a_new_list_comes(gp: Actor) -> None:
    send(gp, a_row(ADA), a_row(BEN), a_row(CYD))
    decide(gp, Outcome.NOT_NOW, on=date(2027, 2, 12))
    decide(gp, Outcome.NOT_APPROPRIATE, nhs_number=BEN)
    decide(gp, Outcome.PLAN_ELSEWHERE, nhs_number=CYD)

    taken = send(gp, a_row(ADA), a_row(BEN), a_row(CYD), a_row(DEE))

    assert states(gp) == {
        ADA: State.NOT_NOW,
        BEN: State.NOT_APPROPRIATE,
        CYD: State.PLAN_ELSEWHERE,
        DEE: State.TO_CONSIDER,
    }
    assert (taken.considered_before, taken.to_consider) == (3, 1)


def test_a_decision_is_not_carried_to_somebody_with_another_birth_date(gp: Actor) -> None:
    send(gp, a_row(ADA))
    decide(gp, Outcome.NOT_APPROPRIATE)

    send(gp, a_row(ADA, born_on="1947-05-02"))

    assert states(gp) == {ADA: State.TO_CONSIDER}
    assert [one.words for one in queries.get_person_page(gp, the_candidate().id).considered] == ["Not appropriate"]


def test_not_now_does_not_come_back_before_its_day_and_comes_back_then_even_if_the_list_forgot(
    gp: Actor, frozen_clock: SetNow
) -> None:
    send(gp, a_row(ADA), a_row(BEN))
    decide(gp, Outcome.NOT_NOW, on=date(2027, 2, 12))
    send(gp, a_row(BEN))

    frozen_clock(datetime.fromisoformat("2027-02-11T23:59:00+00:00"))
    assert states(gp)[ADA] is State.NOT_NOW

    frozen_clock(datetime.fromisoformat("2027-02-12T00:01:00+00:00"))
    assert states(gp)[ADA] is State.TO_CONSIDER


# --- the register ----------------------------------------------------------------------------------------------------


def test_whoever_is_on_the_register_is_shown_as_such_and_is_no_candidate(gp: Actor) -> None:
    entry_id = a_registered_person(gp, nhs_number=ADA, born_on="1938-05-02")

    taken = send(gp, a_row(ADA))

    (person,) = queries.find_people(gp)
    assert (person.state, person.entry_id, taken.on_register) == (State.ON_REGISTER, entry_id, 1)
    assert queries.count_to_consider(gp) == 0


def test_a_former_number_finds_who_is_on_the_register(gp: Actor) -> None:
    entry_id = a_registered_person(gp, nhs_number=BEN, born_on="1938-05-02")
    body = an_identity(practice_of(gp), nhs_number=ADA, born_on="1938-05-02")
    register.amend(gp, an_edit(entry_id, "identity", body))

    send(gp, a_row(BEN))

    assert states(gp) == {BEN: State.ON_REGISTER}


def test_whoever_did_not_want_to_be_on_the_register_is_not_asked_again(gp: Actor) -> None:
    identity = an_identity(practice_of(gp), nhs_number=ADA, born_on="1938-05-02")
    register.record_declined(gp, new_id(), identity=identity, declined_on="2026-11-01")

    send(gp, a_row(ADA))

    assert states(gp) == {ADA: State.DECLINED}


def test_a_number_that_the_register_has_for_somebody_else_hides_nobody(gp: Actor) -> None:
    a_registered_person(gp, nhs_number=ADA, born_on="1941-01-06")

    send(gp, a_row(ADA))

    (person,) = queries.find_people(gp)
    assert (person.state, person.is_number_of_another, person.entry_id) == (State.TO_CONSIDER, True, None)


def test_whom_the_practice_may_not_know_of_is_not_disclosed(gp: Actor) -> None:
    elsewhere = a_clinician(Role.GP)
    a_registered_person(elsewhere, nhs_number=ADA, born_on="1938-05-02", consent=a_consent(share_status="refused"))

    send(gp, a_row(ADA))

    assert states(gp) == {ADA: State.TO_CONSIDER}


def test_whoever_left_the_register_is_considered_again(gp: Actor) -> None:
    entry_id = a_registered_person(gp, nhs_number=ADA, born_on="1938-05-02")
    register.change_lifecycle(
        gp, new_id(), entry_id=entry_id, kind="remove", body={"reason": "improved"}, base_version=1
    )

    send(gp, a_row(ADA))

    assert states(gp) == {ADA: State.TO_CONSIDER}


# --- registering -----------------------------------------------------------------------------------------------------


def test_a_registration_is_prepared_with_who_they_are_and_registers_nobody(gp: Actor) -> None:
    send(gp, a_row(ADA))

    draft_id = actions.begin_registration(gp, the_candidate().id)

    prepared = get_prepared(gp, draft_id)
    assert [name for name in prepared.fields if name.startswith(("register_", "share_", "primary"))] == []
    assert prepared.person == "HARGREAVES, Winifred"
    assert prepared.fields["nhs_number"] == ["999 000 0301"]
    assert [prepared.fields[f"born_on-{box}"] for box in ("day", "month", "year")] == [["2"], ["5"], ["1938"]]
    assert prepared.fields["practice_ods"] == [gp.organisation_ods]
    assert states(gp) == {ADA: State.TO_CONSIDER}
    assert db.session.query(RegisterEntry).count() == 0


def test_a_registration_that_was_begun_is_gone_on_with_and_one_thrown_away_begins_again(gp: Actor) -> None:
    send(gp, a_row(ADA))
    first = actions.begin_registration(gp, the_candidate().id)

    assert actions.begin_registration(gp, the_candidate().id) == first
    register.discard_prepared(gp, first)
    assert actions.begin_registration(gp, the_candidate().id) != first
    assert db.session.query(RegistrationDraft).count() == 1


def registered(gp: Actor, draft_id: UUID, **identity: str) -> UUID:
    return register.register_patient(
        gp,
        draft_id,
        identity=an_identity(practice_of(gp), **{"nhs_number": ADA, "born_on": "1938-05-02", **identity}),
        consent=a_consent(),
        first_sections={"diagnosis": {"primary": "Heart failure"}},
    )


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param({}, id="as the list said"),
        pytest.param({"nhs_number": BEN, "born_on": "1938-02-05"}, id="with number and birth date put right"),
    ],
)
def test_an_entry_that_was_begun_from_the_list_is_remembered(gp: Actor, identity: dict[str, str]) -> None:
    send(gp, a_row(ADA))

    entry_id = registered(gp, actions.begin_registration(gp, the_candidate().id), **identity)

    (person,) = queries.find_people(gp)
    assert (person.state, person.entry_id) == (State.ON_REGISTER, entry_id)
    with pytest.raises(RuleBroken, match="on the register already"):
        actions.begin_registration(gp, person.id)
    with pytest.raises(RuleBroken, match="on the register already"):
        decide(gp, Outcome.NOT_APPROPRIATE)


# --- deciding --------------------------------------------------------------------------------------------------------


def test_a_decision_says_who_when_and_why(gp: Actor) -> None:
    send(gp, a_row(ADA))

    decide(gp, Outcome.NOT_NOW, reason="After the wedding", on=date(2027, 2, 12))

    (told,) = queries.get_person_page(gp, the_candidate().id).considered
    assert (told.words, told.reason, told.look_again_on) == (
        "Considered, not now",
        "After the wedding",
        date(2027, 2, 12),
    )
    assert (told.decided_by_name, told.decided_at.date()) == (gp.name, NOW.date())
    (event,) = events(EventKind.CANDIDATE_CONSIDERED)
    assert event.details == {"candidate": str(the_candidate().id), "outcome": "not_now"}


def test_a_decision_can_be_taken_back_and_stays_in_the_history(gp: Actor) -> None:
    send(gp, a_row(ADA))
    decide(gp, Outcome.NOT_APPROPRIATE)

    decide(gp, Outcome.REOPENED, reason="")

    assert states(gp) == {ADA: State.TO_CONSIDER}
    told = queries.get_person_page(gp, the_candidate().id).considered
    assert [one.words for one in told] == ["To be considered again", "Not appropriate"]


def test_the_same_form_sent_twice_decides_once(gp: Actor) -> None:
    send(gp, a_row(ADA))
    edit_id, decision = new_id(), (Outcome.NOT_APPROPRIATE, "Well", None)

    for _ in range(2):
        actions.decide(gp, edit_id, candidate_id=the_candidate().id, decision=decision, base_version=0)

    assert db.session.query(Consideration).count() == 1


def test_a_decision_made_on_an_older_page_replaces_none(gp: Actor) -> None:
    send(gp, a_row(ADA))
    decide(gp, Outcome.NOT_APPROPRIATE)

    with pytest.raises(RuleBroken, match="Somebody else has decided"):
        actions.decide(
            gp,
            new_id(),
            candidate_id=the_candidate().id,
            decision=(Outcome.PLAN_ELSEWHERE, "x", None),
            base_version=0,
        )

    assert states(gp) == {ADA: State.NOT_APPROPRIATE}


def test_not_now_without_a_day_is_refused(gp: Actor) -> None:
    send(gp, a_row(ADA))

    with pytest.raises(RuleBroken, match="Enter the day"):
        decide(gp, Outcome.NOT_NOW)

    assert states(gp) == {ADA: State.TO_CONSIDER}


# --- whose list ------------------------------------------------------------------------------------------------------


def test_a_practice_sees_only_its_own_list(gp: Actor) -> None:
    colleague, stranger = a_clinician(Role.GP, practice_of(gp)), a_clinician(Role.GP)
    send(gp, a_row(ADA))
    candidate_id = the_candidate().id

    assert states(colleague) == {ADA: State.TO_CONSIDER}
    assert states(stranger) == {}
    for reach in (queries.get_person_page, actions.begin_registration):
        with pytest.raises(NotFound):
            reach(stranger, candidate_id)
    with pytest.raises(NotFound):
        decide(stranger, Outcome.NOT_APPROPRIATE)
    assert send(stranger, a_row(ADA)).to_consider == 1
    assert db.session.query(Candidate).count() == 2


def test_an_administrator_of_the_practice_sends_and_prepares_but_does_not_decide(gp: Actor) -> None:
    administrator = a_clinician(Role.PRACTICE_ADMINISTRATOR, practice_of(gp))

    send(administrator, a_row(ADA))
    actions.begin_registration(administrator, the_candidate().id)

    with pytest.raises(Forbidden):
        decide(administrator, Outcome.NOT_APPROPRIATE)
    assert not queries.get_person_page(administrator, the_candidate().id).may_decide


@pytest.mark.parametrize(
    "role", [Role.COORDINATOR, Role.HOSPICE_NURSE, Role.OUT_OF_HOURS_GP, Role.COMMISSIONER], ids=str
)
def test_other_roles_keep_no_list(gp: Actor, role: Role) -> None:
    send(gp, a_row(ADA))
    other = a_clinician(role)

    with pytest.raises(Forbidden):
        send(other, a_row(BEN))
    with pytest.raises(Forbidden):
        queries.get_worklist(other, state=State.TO_CONSIDER, group=None, page=1)
    with pytest.raises(Forbidden):
        queries.get_person_page(other, the_candidate().id)
    assert queries.count_to_consider(other) is None


def test_looking_at_the_list_and_at_a_person_leaves_a_trace(gp: Actor) -> None:
    send(gp, a_row(ADA))

    queries.get_worklist(gp, state=State.TO_CONSIDER, group=None, page=1)
    queries.get_person_page(gp, the_candidate().id)

    assert [event.details for event in events(EventKind.LIST_VIEWED)] == [{"list": "candidates", "count": 1}]
    assert [event.details for event in events(EventKind.CANDIDATE_VIEWED)] == [{"candidate": str(the_candidate().id)}]


# --- the worklist ----------------------------------------------------------------------------------------------------


def test_the_list_is_counted_by_group_and_narrowed(gp: Actor) -> None:
    send(
        gp,
        a_row(ADA, conditions="advanced cancer"),
        a_row(BEN, conditions="heart failure; dementia"),
        a_row(CYD, conditions="", frailty_scale=8),
        a_row(DEE, conditions="multiple sclerosis", signs="would not be surprised"),
    )

    everybody = queries.get_worklist(gp, state=State.TO_CONSIDER, group=None, page=1)
    dementia = queries.get_worklist(gp, state=State.TO_CONSIDER, group=Group.DEMENTIA, page=1)

    assert {one.words: one.people for one in everybody.groups} == {
        "All": 4,
        "Cancer": 1,
        "Organ failure": 1,
        "Dementia": 1,
        "Frailty": 1,
        "Neurological": 1,
        "Other, or several": 0,
    }
    assert [person.nhs_number for person in everybody.people] == [DEE, BEN, ADA, CYD]
    assert [person.nhs_number for person in dementia.people] == [BEN]


def test_a_long_list_comes_in_pages(gp: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 2)
    send(gp, a_row(ADA), a_row(BEN), a_row(CYD))

    first, second = (queries.get_worklist(gp, state=State.TO_CONSIDER, group=None, page=page) for page in (1, 2))

    assert (len(first.people), first.has_more, len(second.people), second.has_more) == (2, True, 1, False)


# --- forgetting ------------------------------------------------------------------------------------------------------


def test_a_person_is_forgotten_a_year_after_the_last_that_happened(
    gp: Actor, frozen_clock: SetNow, tmp_path: Path
) -> None:
    send(gp, a_row(ADA), a_row(BEN), a_row(CYD))
    frozen_clock(NOW + timedelta(days=10))
    decide(gp, Outcome.NOT_APPROPRIATE, nhs_number=BEN)
    decide(gp, Outcome.NOT_NOW, nhs_number=CYD, on=date(2027, 11, 30))

    frozen_clock(NOW + timedelta(days=KEPT_DAYS, hours=1))
    do_round(tmp_path / "anchor.log")
    assert set(states(gp)) == {BEN, CYD}

    frozen_clock(NOW + timedelta(days=KEPT_DAYS + 11))
    assert actions.forget_candidates() == 1
    assert set(states(gp)) == {CYD}

    frozen_clock(NOW + timedelta(days=KEPT_DAYS * 2 + 11))
    assert actions.forget_candidates() == 1
    for table in (Candidate, CandidateList, Consideration):
        assert db.session.query(table).count() == 0


def test_whoever_is_on_a_list_of_this_year_is_not_forgotten(gp: Actor, frozen_clock: SetNow) -> None:
    send(gp, a_row(ADA))
    decide(gp, Outcome.NOT_APPROPRIATE)
    frozen_clock(NOW + timedelta(days=KEPT_DAYS - 1))
    send(gp, a_row(ADA))

    frozen_clock(NOW + timedelta(days=KEPT_DAYS + 1))

    assert actions.forget_candidates() == 0
    assert states(gp) == {ADA: State.TO_CONSIDER}
