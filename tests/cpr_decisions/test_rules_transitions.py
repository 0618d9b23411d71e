"""Which edit takes what where, who may make it, and that every other pair is refused or changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from epaccs.core.errors import EpaccsError, RuleBroken
from epaccs.cpr_decisions.rules import (
    BODIES,
    DECISION_TRANSITIONS,
    KINDS,
    PROPOSAL_TRANSITIONS,
    SYSTEM,
    Author,
    Death,
    DecisionStatus,
    EditKind,
    ProposalStatus,
    Who,
)
from tests.cpr_decisions.stories import (
    AROUND,
    AUTHORS,
    GP,
    HOSPICE_DOCTOR,
    NOT_FOR_CPR,
    NURSE,
    PARAMEDIC,
    Story,
    a_body,
    a_withdrawal,
)

IN_FORCE, SUPERSEDED, REVOKED, IN_ERROR, BY_DEATH = DecisionStatus
AWAITING, REPORTED, CONFIRMED, ANSWERED, DECLINED, WITHDRAWN = ProposalStatus


def a_story_with_decision(status: DecisionStatus) -> Story:
    """A section whose first decision, sign-1, has this status."""
    story = Story()
    story.sign(reason="person_refuses")
    match status:
        case DecisionStatus.IN_FORCE:
            pass
        case DecisionStatus.SUPERSEDED:
            story.sign(by=HOSPICE_DOCTOR)
        case DecisionStatus.REVOKED:
            story.revoke()
        case DecisionStatus.ENTERED_IN_ERROR:
            story.void("sign-1")
        case DecisionStatus.ENDED_BY_DEATH:
            story.do("ended_by_death", by=SYSTEM)
    assert story.statuses()["sign-1"] == status
    return story


def a_story_with_proposal(status: ProposalStatus) -> Story:
    """A section whose first proposal has this status; it is open, or was ended by the edit that leads there."""
    story = Story()
    first = story.report() if status is ProposalStatus.REPORTED else story.propose()
    ends: dict[ProposalStatus, tuple[str, dict[str, Any]]] = {
        CONFIRMED: ("confirm_proposal", {"proposal_id": first}),
        ANSWERED: ("sign", NOT_FOR_CPR),
        DECLINED: ("decline_proposal", {"proposal_id": first, "reason": "Recovered"}),
        WITHDRAWN: ("withdraw_proposal", {"proposal_id": first, "reason": "Too early"}),
    }
    if status in ends:
        story.do(*ends[status])
    assert story.state.proposals[0].status is status
    return story


def a_body_about_the_first(kind: EditKind, story: Story) -> dict[str, Any]:
    """A body that would be good, were its subject, the first decision or proposal, in the right state."""
    proposal = story.state.proposals[0].id if story.state.proposals else ""
    told = {"said_by": "Ann", "words": "Changed her mind"}
    return {
        EditKind.SIGN: a_body(NOT_FOR_CPR, settles=[one.id for one in story.state.open_proposals]),
        EditKind.PROPOSE: NOT_FOR_CPR,
        EditKind.REPORT: {"recommendation": "not_for_cpr", "told_by": "ward"},
        EditKind.CONFIRM_PROPOSAL: a_body(NOT_FOR_CPR, proposal_id=proposal),
        EditKind.DECLINE_PROPOSAL: {"proposal_id": proposal, "reason": "No"},
        EditKind.WITHDRAW_PROPOSAL: {"proposal_id": proposal, "reason": "No"},
        EditKind.REVOKE: {"decision_id": "sign-1", "decided_at": "2026-11-21T03:00:00+00:00", "reason": "recovered"},
        EditKind.VOID: {"decision_id": "sign-1", "reason": "mistake"},
        EditKind.REVIEWED_AND_CONTINUES: {
            "decision_id": "sign-1",
            "reviewed_at": "2026-11-21T03:00:00+00:00",
            "no_review_reason": "Last days",
            "settles": [one.id for one in story.state.open_proposals],
        },
        EditKind.PARTICULARS_AMENDED: {"original_location": "kitchen"},
        EditKind.ORIGINAL_SEEN: {"place": "kitchen", "seen_on": "2026-11-21"},
        EditKind.OWN_WITHDRAWAL: a_withdrawal(),
        EditKind.REPORT_OWN_WITHDRAWAL: a_withdrawal(told_by="Ann"),
        EditKind.SETTLE_WITHDRAWAL: {
            "withdrawal_id": story.state.withdrawals[0].id if story.state.withdrawals else "",
            "outcome": "confirmed",
            "reason": "Spoke with him",
        },
        EditKind.RELATIVE_REPORT: told,
        EditKind.REVIEW_ASKED: told,
        EditKind.ANSWER_REVIEW: {"request_id": "none", "answer": "Stands"},
        EditKind.WRONG_PERSON_FLAG: {},
        EditKind.CLEAR_WRONG_PERSON_FLAG: {"flag_id": "none", "reason": "Checked"},
        EditKind.ENDED_BY_DEATH: {},
        EditKind.DEATH_REVERSED: {},
    }[kind]


def an_author_for(kind: EditKind) -> Author:
    return SYSTEM if KINDS[kind].who is Who.SYSTEM else GP


# --- The tables against what happens ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EditKind)
@pytest.mark.parametrize("status", DecisionStatus)
def test_a_decision_goes_where_the_table_says_and_nowhere_else(status: DecisionStatus, kind: EditKind) -> None:
    story = a_story_with_decision(status)
    if kind is EditKind.CONFIRM_PROPOSAL and status is not DecisionStatus.ENDED_BY_DEATH:
        story.propose()
    if kind is EditKind.SETTLE_WITHDRAWAL:
        story.withdraw(had_capacity="not_known")
    expected = DECISION_TRANSITIONS.get((status, kind), status)

    try:
        story.do(kind, a_body_about_the_first(kind, story), by=an_author_for(kind))
    except EpaccsError:
        assert expected is status

    assert story.statuses()["sign-1"] == expected


@pytest.mark.parametrize("kind", EditKind)
@pytest.mark.parametrize("status", ProposalStatus)
def test_a_proposal_goes_where_the_table_says_and_nowhere_else(status: ProposalStatus, kind: EditKind) -> None:
    story = a_story_with_proposal(status)
    if kind is EditKind.REVIEWED_AND_CONTINUES and story.state.in_force is None:
        base = {"settles": []}
        story.do("sign", a_body(NOT_FOR_CPR, recommendation="for_cpr", reason="benefit_expected", **base))
    expected = PROPOSAL_TRANSITIONS.get((status, kind), status)
    body = {name: part for name, part in a_body_about_the_first(kind, story).items() if name != "decision_id"}

    try:
        story.do(kind, body, by=an_author_for(kind))
    except EpaccsError:
        assert expected is status

    assert story.state.proposals[0].status is expected


def test_every_decision_begins_where_the_table_says() -> None:
    begins = {kind: status for (before, kind), status in DECISION_TRANSITIONS.items() if before is None}

    assert begins == dict.fromkeys([EditKind.SIGN, EditKind.CONFIRM_PROPOSAL, EditKind.VOID], IN_FORCE)


def test_nothing_comes_back_from_an_error() -> None:
    assert not [kind for (before, kind) in DECISION_TRANSITIONS if before is IN_ERROR]


def test_every_kind_of_edit_has_a_rule_a_body_and_words() -> None:
    assert set(KINDS) == set(BODIES) == set(EditKind)
    assert all(rule.says for rule in KINDS.values())


def test_only_what_adds_is_never_held() -> None:
    assert {kind for kind, rule in KINDS.items() if rule.append_only} == {
        EditKind.REPORT,
        EditKind.ORIGINAL_SEEN,
        EditKind.OWN_WITHDRAWAL,
        EditKind.REPORT_OWN_WITHDRAWAL,
        EditKind.RELATIVE_REPORT,
        EditKind.REVIEW_ASKED,
        EditKind.WRONG_PERSON_FLAG,
    }


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (first, second)
        for first in (kind for kind, rule in KINDS.items() if rule.append_only)
        for second in (kind for kind, rule in KINDS.items() if rule.append_only)
    ],
)
def test_what_only_adds_gives_the_same_in_either_order(first: EditKind, second: EditKind) -> None:
    def told(order: tuple[EditKind, ...]) -> tuple[dict[str, str], set[str], bool]:
        story = a_story_with_decision(IN_FORCE)
        for kind in order:
            story.do(kind, a_body_about_the_first(kind, story), by=PARAMEDIC)
        state = story.state
        parts = (*state.proposals, *state.withdrawals, *state.wrong_person_flags, *state.review_requests)
        kinds = {one.id.rsplit("-", 1)[0] for one in (*parts, *state.sightings)}
        return story.statuses(), kinds, bool(story.line().sides)

    assert told((first, second)) == told((second, first))


# --- Who ------------------------------------------------------------------------------------------------------------

MAY: dict[Who, set[str]] = {
    Who.SIGNER: {"signer"},
    Who.DRAFTER: {"signer", "drafter"},
    Who.CLINICAL: {"signer", "drafter", "clinical", "the register"},
    Who.CLINICAL_OR_CALL_HANDLER: {"signer", "drafter", "clinical", "call handler"},
    Who.ANYONE: set(AUTHORS),
    Who.AUTHOR_OR_SIGNER: {"signer"},
    Who.SYSTEM: {"the register"},
}


@pytest.mark.parametrize("name", AUTHORS)
@pytest.mark.parametrize("kind", EditKind)
def test_an_edit_is_made_by_whom_the_table_names_and_by_nobody_else(kind: EditKind, name: str) -> None:
    story = Story()
    story.sign()
    waiting = {
        "proposal_id": story.propose(by=HOSPICE_DOCTOR),
        "flag_id": story.do("wrong_person_flag", by=HOSPICE_DOCTOR),
        "withdrawal_id": story.withdraw(had_capacity="no", by=HOSPICE_DOCTOR),
        "request_id": story.do("review_asked", {"words": "Better"}, by=HOSPICE_DOCTOR),
    }
    body = a_body_about_the_first(kind, story)
    body = {**body, **{part: waiting[part] for part in waiting if part in body}}
    before = story.state

    if name in MAY[KINDS[kind].who]:
        story.do(kind, body, by=AUTHORS[name])
        assert story.state != before or kind is EditKind.DEATH_REVERSED
    else:
        with pytest.raises(RuleBroken) as refused:
            story.do(kind, body, by=AUTHORS[name])
        assert refused.value.message.startswith(("Ask ", "Record or reverse"))
        assert story.state == before


def test_a_signer_may_draft_without_the_role_of_a_drafter() -> None:
    story = Story()
    story.propose(by=replace(GP, may_draft=False))

    assert story.state.open_proposals


@pytest.mark.parametrize("kind", ["void", "withdraw_proposal", "clear_wrong_person_flag"])
def test_an_author_takes_back_their_own_entry_without_an_authorisation(kind: str) -> None:
    story = Story()
    once_a_signer = replace(HOSPICE_DOCTOR, may_sign=False)
    body = {
        "void": {"decision_id": story.sign(by=HOSPICE_DOCTOR), "reason": "mistake"},
        "withdraw_proposal": {"proposal_id": story.propose(by=once_a_signer), "reason": "Too early"},
        "clear_wrong_person_flag": {"flag_id": story.do("wrong_person_flag", by=once_a_signer), "reason": "Slipped"},
    }[kind]
    with pytest.raises(RuleBroken, match="Ask whoever made the entry"):
        story.do(kind, body, by=PARAMEDIC)

    story.do(kind, body, by=once_a_signer)

    assert not (story.state.in_force and story.state.open_proposals and story.state.open_flags)


def test_who_drafted_a_decision_may_void_it() -> None:
    story = Story()
    decision = story.do("confirm_proposal", {"proposal_id": story.propose(by=NURSE)})

    story.void(decision, by=NURSE)

    assert story.statuses()[decision] == IN_ERROR


def test_two_people_without_an_id_are_not_the_same_author() -> None:
    story = Story()
    decision = story.sign(by=replace(GP, clinician_id=""))

    with pytest.raises(RuleBroken, match="Ask whoever made the entry"):
        story.void(decision, by=replace(PARAMEDIC, clinician_id=""))


# --- Death -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind, rule in KINDS.items() if not rule.after_death])
@pytest.mark.parametrize("known_by", ["the section", "the record"])
def test_after_a_confirmed_death_nothing_is_decided(kind: EditKind, known_by: str) -> None:
    story = Story()
    story.sign()
    proposal = story.propose()
    if known_by == "the section":
        story.do("ended_by_death", by=SYSTEM)
    else:
        story.around = replace(AROUND, died=Death.CONFIRMED)

    with pytest.raises(RuleBroken, match='Record "seen alive" first if this person lives'):
        story.do(kind, a_body(a_body_about_the_first(kind, story), proposal_id=proposal))


def test_a_reported_death_stops_nothing() -> None:
    story = Story(replace(AROUND, died=Death.REPORTED))
    story.sign()

    assert story.statuses() == {"sign-1": IN_FORCE}


def test_what_a_tablet_wrote_before_it_heard_of_the_death_is_kept() -> None:
    story = a_story_with_decision(BY_DEATH)
    story.withdraw()
    story.do("relative_report", {"said_by": "Ann", "words": "Changed"}, by=PARAMEDIC)

    assert story.state.open_withdrawals
    assert story.state.open_requests
    assert story.statuses() == {"sign-1": BY_DEATH}


def test_a_death_recorded_in_error_gives_everything_back_untouched() -> None:
    story = Story()
    story.sign()
    story.propose(recommendation="for_cpr", reason="benefit_expected")
    story.do("wrong_person_flag", by=PARAMEDIC)
    before = story.state

    story.do("ended_by_death", by=SYSTEM)
    assert story.state.in_force is None
    story.do("death_reversed", by=SYSTEM)

    assert story.state == before


def test_a_death_without_a_decision_changes_nothing() -> None:
    story = Story()
    story.do("ended_by_death", by=SYSTEM)
    story.do("death_reversed", by=SYSTEM)

    assert story.state == Story().state


def test_the_death_is_noted_on_the_decision_and_signed_by_nobody() -> None:
    story = a_story_with_decision(BY_DEATH)
    ended = story.state.decisions[0].ended

    assert ended is not None
    assert ended.kind is EditKind.ENDED_BY_DEATH
    assert ended.by is None
