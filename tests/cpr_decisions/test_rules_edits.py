"""What each kind of edit does to the section: signing, proposing, withdrawing, voiding, settling."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.cpr_decisions.rules import (
    SYSTEM,
    AdvanceDecision,
    Aware,
    CPRState,
    Death,
    DecisionStatus,
    EditKind,
    HadCapacity,
    ProposalStatus,
    SettledAs,
    says_nothing_new,
)
from tests.cpr_decisions.stories import (
    ABSENT,
    AROUND,
    CALL_HANDLER,
    FOR_CPR,
    GP,
    HOSPICE_DOCTOR,
    NOT_FOR_CPR,
    NOW,
    NURSE,
    PARAMEDIC,
    Story,
    a_body,
    a_withdrawal,
)

IN_FORCE, SUPERSEDED, REVOKED, IN_ERROR, BY_DEATH = DecisionStatus


def refused(story: Story, kind: str, body: dict[str, Any], **who: Any) -> list[tuple[str | None, str]]:
    before = story.state
    with pytest.raises((RuleBroken, RulesBroken)) as caught:
        story.do(kind, body, **who)
    assert story.state == before
    found = caught.value.errors if isinstance(caught.value, RulesBroken) else [caught.value]
    return [(fault.field, fault.message) for fault in found]


# --- Signing ---------------------------------------------------------------------------------------------------------


def test_a_newer_decision_replaces_the_one_before_it() -> None:
    story = Story()
    first = story.sign()
    second = story.sign(FOR_CPR, by=HOSPICE_DOCTOR)

    assert story.statuses() == {first: SUPERSEDED, second: IN_FORCE}
    old, new = story.state.decisions
    assert new.supersedes == old.id
    assert old.ended is not None
    assert (old.ended.edit_id, old.ended.kind) == (second, EditKind.SIGN)


def test_a_signed_decision_answers_proposals_that_say_the_same_and_no_others() -> None:
    story = Story()
    same, other = story.propose(), story.report("for_cpr")
    story.sign()

    assert {one.id: one.status for one in story.state.proposals} == {
        same: ProposalStatus.ANSWERED,
        other: ProposalStatus.REPORTED,
    }


def test_a_signer_answers_what_they_name_and_nothing_else() -> None:
    story = Story()
    story.sign()
    report = story.report("for_cpr")
    withdrawal = story.withdraw(had_capacity="no")
    flag = story.do("wrong_person_flag", by=PARAMEDIC)
    request = story.do("review_asked", {"words": "Better"}, by=PARAMEDIC)
    left = story.do("review_asked", {"words": "Worse"}, by=PARAMEDIC)

    story.sign(settles=[report, withdrawal, flag, request])

    assert not story.state.open_proposals
    assert not story.state.open_withdrawals
    assert not story.state.open_flags
    assert [one.id for one in story.state.open_requests] == [left]


def test_a_signer_cannot_answer_what_does_not_wait() -> None:
    assert refused(Story(), "sign", a_body(settles=["gone"])) == [
        ("settles", "Open the record again: something you answer does not wait any more")
    ]


def test_the_same_signature_received_twice_says_nothing_new() -> None:
    story = Story()
    assert not says_nothing_new(story.state, EditKind.SIGN, NOT_FOR_CPR)
    story.sign()

    assert says_nothing_new(story.state, EditKind.SIGN, a_body())
    assert not says_nothing_new(story.state, EditKind.SIGN, a_body(original_location="kitchen"))
    assert not says_nothing_new(story.state, EditKind.SIGN, a_body(settles=["flag"]))
    assert not says_nothing_new(story.state, EditKind.PROPOSE, a_body())


def test_refusing_leaves_the_section_as_it_was() -> None:
    story = Story()
    story.sign()

    assert refused(story, "sign", {})


# --- Cancelling, reviewing, amending ---------------------------------------------------------------------------------


def test_cancelling_takes_the_decision_out_of_force_and_confirms_what_the_person_withdrew() -> None:
    story = Story()
    first = story.sign()
    story.withdraw(had_capacity="not_known")
    settled_before = story.withdraw(had_capacity="no")
    story.do("settle_withdrawal", {"withdrawal_id": settled_before, "outcome": "stands", "reason": "Delirious"})
    story.revoke(detail="Wants to see the wedding")

    assert story.statuses() == {first: REVOKED}
    assert not story.state.open_withdrawals
    assert [one.settled.outcome for one in story.state.withdrawals if one.settled] == [
        SettledAs.CONFIRMED,
        SettledAs.STANDS,
    ]
    ended = story.state.decisions[0].ended
    assert ended is not None
    assert (ended.reason, ended.detail) == ("wishes_changed", "Wants to see the wedding")


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"reason": ABSENT}, "reason", "Choose why the decision is cancelled"),
        ({"decided_at": ABSENT}, "decided_at", "Enter the date and time it was decided to cancel"),
        (
            {"decided_at": "2026-11-22T00:00:00+00:00"},
            "decided_at",
            "The date and time of cancelling must not be in the future",
        ),
        ({"decision_id": "another"}, "decision_id", "Open the record again: another decision is in force now"),
    ],
)
def test_cancelling_needs_its_facts(changes: dict[str, Any], field: str, sentence: str) -> None:
    story = Story()
    story.sign()
    body = a_body({"decided_at": "2026-11-21T03:00:00+00:00", "reason": "recovered"}, **changes)

    assert refused(story, "revoke", body) == [(field, sentence)]


@pytest.mark.parametrize("kind", ["revoke", "reviewed_and_continues", "particulars_amended"])
def test_without_a_decision_in_force_there_is_nothing_to_change(kind: str) -> None:
    assert refused(Story(), kind, {}) == [(None, "Open the record again: there is no decision in force")]


def test_cancelling_is_never_blocked_by_another_section() -> None:
    adrt = AdvanceDecision(refuses_cpr=True, document_seen=True, made_on=date(2025, 1, 1))
    story = Story(replace(AROUND, treatment_level="comfort_only", adrts=(adrt,)))
    story.sign()

    story.revoke()

    assert story.state.in_force is None


def test_a_review_is_kept_with_its_reviewer_and_the_next_date() -> None:
    story = Story()
    story.sign()
    story.review(by=HOSPICE_DOCTOR)

    decision = story.state.in_force
    assert decision is not None
    assert decision.last_reviewed is not None
    assert decision.last_reviewed.by.name == "Dr R Siddiqui"
    assert decision.review_on == date(2027, 11, 20)
    assert decision.signer.name == "Dr A Patel"


def test_a_review_may_answer_what_waits() -> None:
    story = Story()
    story.sign()
    report = story.report("for_cpr")
    story.review(settles=[report])

    assert story.state.proposals[0].status is ProposalStatus.ANSWERED


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"reviewed_at": ABSENT}, "reviewed_at", "Enter the date and time of the review"),
        (
            {"reviewed_at": "2026-11-21T12:00:00+00:00"},
            "reviewed_at",
            "The time of the review must not be in the future",
        ),
        ({"review_on": ABSENT}, "review_on", "Enter the next review date, or why no review is needed"),
        ({"no_review_reason": "Last days"}, "review_on", "Enter the next review date, or why no review is needed"),
        ({"review_on": "2026-11-21"}, "review_on", "The next review date must be after this review"),
        ({"decision_id": "another"}, "decision_id", "Open the record again: another decision is in force now"),
    ],
)
def test_a_review_needs_its_facts(changes: dict[str, Any], field: str, sentence: str) -> None:
    story = Story()
    story.sign()
    body = a_body({"reviewed_at": "2026-11-21T03:00:00+00:00", "review_on": "2027-11-20"}, **changes)

    assert refused(story, "reviewed_and_continues", body) == [(field, sentence)]


def test_a_review_names_its_reviewer_in_full() -> None:
    story = Story()
    story.sign()
    body = {"reviewed_at": "2026-11-21T03:00:00+00:00", "no_review_reason": "Last days"}

    assert refused(story, "reviewed_and_continues", body, by=replace(GP, professional_number="")) == [
        (None, "Have your professional number added to your account before you sign: the decision must show it")
    ]


def test_amending_particulars_changes_only_them() -> None:
    story = Story()
    story.sign(aware=["family"], person_not_told="Asleep", involvement__person_involved=False,
               involvement__not_involved_because="declined")  # fmt: skip
    before = story.state.in_force
    story.do("particulars_amended", {"original_location": "kitchen"}, by=NURSE)
    story.do("particulars_amended", {"aware": ["person", "family"]}, by=NURSE)

    after = story.state.in_force
    assert before is not None
    assert after == replace(
        before,
        original_location="kitchen",
        original_located_at=NOW + timedelta(minutes=1),
        aware=(Aware.PERSON, Aware.FAMILY),
        person_not_told="",
    )


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({}, "original_location", "Enter where the original is now, or who is aware"),
        ({"aware": []}, "aware", "Say that the person is aware of the decision, or why they have not been told"),
        (
            {"aware": ["person"], "person_not_told": "Asleep"},
            "person_not_told",
            "Say either that the person is aware or why they have not been told",
        ),
    ],
)
def test_amending_particulars_needs_something_that_fits(body: dict[str, Any], field: str, sentence: str) -> None:
    story = Story()
    story.sign()

    assert refused(story, "particulars_amended", body) == [(field, sentence)]


# --- Proposals and reports -------------------------------------------------------------------------------------------


def test_a_proposal_is_as_complete_as_a_signature() -> None:
    story = Story()

    assert ("original_location", "Enter where the signed original is now") in refused(
        story, "propose", a_body(original_location=ABSENT, reason=ABSENT), by=NURSE
    )


def test_a_proposal_is_confirmed_as_it_is_and_names_who_drafted_it() -> None:
    story = Story()
    proposal = story.propose()
    decision_id = story.do("confirm_proposal", {"proposal_id": proposal})

    decision = story.state.in_force
    assert decision is not None
    assert (decision.id, decision.from_proposal) == (decision_id, proposal)
    assert decision.drafter is not None
    assert decision.drafter.name == "S Cole"
    assert decision.signer.name == "Dr A Patel"
    assert decision.original_location == NOT_FOR_CPR["original_location"]
    assert story.state.proposals[0].status is ProposalStatus.CONFIRMED


def test_the_signer_corrects_a_proposal_and_what_belongs_together_is_given_anew() -> None:
    story = Story()
    proposal = story.propose(reason="court_order", reason_detail="COP 123")
    story.do(
        "confirm_proposal",
        {"proposal_id": proposal, "no_review_reason": "Last days", "reason": "would_not_work", "settles": [proposal]},
    )

    decision = story.state.in_force
    assert decision is not None
    assert (decision.review_on, decision.no_review_reason) == (None, "Last days")
    assert (decision.reason, decision.reason_detail) == ("would_not_work", "")
    assert decision.aware == (Aware.PERSON, Aware.FAMILY)


def test_confirming_one_proposal_answers_another_that_says_the_same() -> None:
    story = Story()
    first, second = story.propose(), story.report()
    story.do("confirm_proposal", {"proposal_id": first})

    assert [one.status for one in story.state.proposals] == [ProposalStatus.CONFIRMED, ProposalStatus.ANSWERED]
    assert second == story.state.proposals[1].id


def test_the_one_proposal_that_is_meant_is_confirmed() -> None:
    story = Story()
    story.propose(original_location="first")
    second = story.propose(original_location="second")
    story.do("confirm_proposal", {"proposal_id": second})

    assert story.state.in_force is not None
    assert story.state.in_force.original_location == "second"


def test_a_report_is_confirmed_only_with_every_fact_a_signature_needs() -> None:
    story = Story()
    report = story.report()
    assert refused(story, "confirm_proposal", {"proposal_id": report})

    story.do("confirm_proposal", a_body(proposal_id=report))

    assert story.state.in_force is not None


@pytest.mark.parametrize("kind", ["confirm_proposal", "decline_proposal", "withdraw_proposal"])
def test_a_proposal_that_does_not_wait_cannot_be_ended(kind: str) -> None:
    story = Story()
    proposal = story.propose()
    story.do("decline_proposal", {"proposal_id": proposal, "reason": "No"})

    assert refused(story, kind, {"proposal_id": proposal}) == [
        ("proposal_id", "Open the record again: this proposal does not wait any more")
    ]


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("decline_proposal", "Enter why it is declined"), ("withdraw_proposal", "Enter why it is taken back")],
)
def test_ending_a_proposal_needs_a_reason(kind: str, sentence: str) -> None:
    story = Story()

    assert refused(story, kind, {"proposal_id": story.propose()}) == [("reason", sentence)]


def test_a_report_keeps_who_told_it_and_who_saw_the_form() -> None:
    story = Story()
    story.report("modified", document_seen={"at": "2026-11-21T02:30:00+00:00", "place": "fridge door"})

    report = story.state.proposals[0]
    assert report.told_by_whom == "ward sister, City Hospital"
    assert report.document_seen is not None
    assert (report.document_seen.by, report.document_seen.role) == ("L Hart", "paramedic")


def test_a_report_may_name_somebody_else_who_saw_the_form() -> None:
    story = Story()
    story.report(document_seen={"at": "2026-11-21T02:30:00+00:00", "by": "P Hill", "role": "matron"})

    report = story.state.proposals[0]
    assert report.document_seen is not None
    assert report.document_seen.by == "P Hill"


def test_an_import_reports() -> None:
    story = Story()
    story.report(by=SYSTEM)

    assert story.state.open_proposals[0].by.name == "The register"


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"recommendation": ABSENT}, "recommendation", "Choose what the decision made elsewhere recommends"),
        ({"told_by": ABSENT}, "told_by", "Enter who told you of the decision, or which form says it"),
        (
            {"decided_at": "2026-12-01T00:00:00+00:00"},
            "decided_at",
            "The date of the decision must not be in the future",
        ),
        (
            {"document_seen": {"at": "2026-12-01T00:00:00+00:00"}},
            "document_seen.at",
            "The time the form was seen must not be in the future",
        ),
    ],
)
def test_a_report_needs_its_facts(changes: dict[str, Any], field: str, sentence: str) -> None:
    body = a_body({"recommendation": "not_for_cpr", "told_by": "ward sister"}, **changes)

    assert refused(Story(), "report", body) == [(field, sentence)]


# --- The person's own withdrawal -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "capacity", "said_at", "status"),
    [
        pytest.param("person_refuses", "yes", "2026-11-21T02:00:00+00:00", REVOKED, id="own refusal, with capacity"),
        pytest.param("advance_decision", "yes", "2026-11-21T02:00:00+00:00", REVOKED, id="ADRT, with capacity"),
        pytest.param("person_refuses", "no", "2026-11-21T02:00:00+00:00", IN_FORCE, id="own refusal, no capacity"),
        pytest.param("person_refuses", "not_known", "2026-11-21T02:00:00+00:00", IN_FORCE, id="capacity not known"),
        pytest.param("would_not_work", "yes", "2026-11-21T02:00:00+00:00", IN_FORCE, id="not the person's refusal"),
        pytest.param("person_refuses", "yes", "2026-11-20T14:04:59+00:00", IN_FORCE, id="said before it was decided"),
        pytest.param("person_refuses", "yes", "2026-11-20T14:05:00+00:00", REVOKED, id="said in the same minute"),
    ],
)
def test_what_leaves_force_at_once_when_the_person_withdraws(
    reason: str, capacity: str, said_at: str, status: DecisionStatus
) -> None:
    story = Story()
    decision = story.sign(reason=reason, contradiction_reason="On paper")
    withdrawal = story.withdraw(had_capacity=capacity, said_at=said_at)

    assert story.statuses() == {decision: status}
    assert bool(story.state.open_withdrawals) is (status is IN_FORCE)
    assert story.state.withdrawals[0].about == decision
    if status is REVOKED:
        assert story.state.withdrawals[0].settled is not None
        assert story.state.withdrawals[0].settled.outcome is SettledAs.ENDED_DECISION
        assert story.state.decisions[0].ended is not None
        assert story.state.decisions[0].ended.edit_id == withdrawal


def test_cpr_recommended_is_not_ended_by_withdrawing_a_refusal() -> None:
    story = Story()
    decision = story.sign(FOR_CPR)
    story.withdraw()

    assert story.statuses() == {decision: IN_FORCE}
    assert story.state.open_withdrawals


def test_a_withdrawal_without_a_decision_is_kept() -> None:
    story = Story()
    story.withdraw()

    assert story.state.open_withdrawals[0].about == ""
    assert story.state.open_withdrawals[0].had_capacity is HadCapacity.YES


def test_a_withdrawal_that_was_only_reported_ends_nothing() -> None:
    story = Story()
    decision = story.sign(reason="person_refuses")
    story.do("report_own_withdrawal", a_withdrawal(told_by="Ann Wood"), by=CALL_HANDLER)

    assert story.statuses() == {decision: IN_FORCE}
    assert story.state.open_withdrawals[0].is_reported


def test_a_reported_withdrawal_names_who_told_it() -> None:
    assert refused(Story(), "report_own_withdrawal", a_withdrawal(), by=CALL_HANDLER) == [
        ("told_by", "Enter who told you that the person withdrew their refusal")
    ]


def test_a_withdrawal_needs_its_time_and_capacity() -> None:
    assert refused(Story(), "own_withdrawal", {}, by=PARAMEDIC) == [
        ("said_at", "Enter the date and time the person said so"),
        ("had_capacity", "Say whether the person had capacity when they said so"),
    ]
    assert refused(Story(), "own_withdrawal", a_withdrawal(said_at=NOW + timedelta(hours=1)), by=PARAMEDIC) == [
        ("said_at", "The time the person said so must not be in the future")
    ]


@pytest.mark.parametrize(
    ("base", "outcome", "status"),
    [
        pytest.param(NOT_FOR_CPR, "confirmed", REVOKED, id="confirmed: the decision ends"),
        pytest.param(NOT_FOR_CPR, "stands", IN_FORCE, id="the decision stands"),
        pytest.param(FOR_CPR, "confirmed", IN_FORCE, id="CPR recommended agrees with it"),
    ],
)
def test_a_signer_settles_a_withdrawal(base: dict[str, Any], outcome: str, status: DecisionStatus) -> None:
    story = Story()
    decision = story.sign(base)
    withdrawal = story.withdraw()
    story.do("settle_withdrawal", {"withdrawal_id": withdrawal, "outcome": outcome, "reason": "Spoke with him"})

    assert story.statuses() == {decision: status}
    assert not story.state.open_withdrawals


def test_a_confirmed_withdrawal_without_a_decision_ends_nothing() -> None:
    story = Story()
    withdrawal = story.withdraw()
    story.do("settle_withdrawal", {"withdrawal_id": withdrawal, "outcome": "confirmed", "reason": "Spoke with him"})

    assert story.state.withdrawals[0].settled is not None
    assert story.state.withdrawals[0].settled.outcome is SettledAs.CONFIRMED


def test_settling_needs_its_facts() -> None:
    story = Story()
    withdrawal = story.withdraw()

    assert refused(story, "settle_withdrawal", {"withdrawal_id": withdrawal}) == [
        ("outcome", "Choose whether the withdrawal is confirmed or the decision stands"),
        ("reason", "Enter how you settled it, and with whom you spoke"),
    ]
    assert refused(story, "settle_withdrawal", {"withdrawal_id": "gone", "outcome": "stands", "reason": "x"}) == [
        ("withdrawal_id", "Open the record again: this does not wait any more")
    ]


# --- Requests, flags, sightings --------------------------------------------------------------------------------------


def test_a_relative_is_heard_and_decides_nothing() -> None:
    story = Story()
    decision = story.sign()
    story.do("relative_report", {"said_by": "Ann Wood", "relationship": "daughter", "words": "He changed his mind"})

    assert story.statuses() == {decision: IN_FORCE}
    assert story.state.open_requests[0].is_relative


def test_a_relative_report_needs_a_name_and_words() -> None:
    assert refused(Story(), "relative_report", {}) == [
        ("said_by", "Enter the name of the relative"),
        ("words", "Enter what the relative said"),
    ]


def test_a_request_for_a_review_says_why_and_is_answered_once() -> None:
    story = Story()
    assert refused(story, "review_asked", {}) == [("words", "Enter why a review is needed")]
    first = story.do("review_asked", {"words": "Walks again"}, by=PARAMEDIC)
    second = story.do("review_asked", {"words": "Eats again"}, by=PARAMEDIC)

    assert refused(story, "answer_review", {"request_id": first}) == [("answer", "Enter what the review found")]
    story.do("answer_review", {"request_id": first, "answer": "Signed anew"})

    assert [one.id for one in story.state.open_requests] == [second]
    assert refused(story, "answer_review", {"request_id": first, "answer": "Again"}) == [
        ("request_id", "Open the record again: this does not wait any more")
    ]


def test_a_wrong_person_flag_needs_nothing_but_a_tap_and_is_cleared_with_a_reason() -> None:
    story = Story()
    flag = story.do("wrong_person_flag", by=PARAMEDIC)
    assert refused(story, "clear_wrong_person_flag", {"flag_id": flag}) == [
        ("reason", "Enter how you made sure that it is the right person")
    ]

    story.do("clear_wrong_person_flag", {"flag_id": flag, "reason": "Wristband and photograph"})

    assert not story.state.open_flags


def test_the_original_was_seen_and_the_decision_stays_as_it_is() -> None:
    story = Story()
    story.sign()
    before = story.state.in_force
    story.do("original_seen", {"place": "fridge", "seen_on": "2026-11-21", "photo_id": "p1"}, by=PARAMEDIC)

    assert story.state.in_force == before
    assert story.state.sightings[0].place == "fridge"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, [("place", "Enter where the form was seen"), ("seen_on", "Enter the date the form was seen")]),
        (
            {"place": "fridge", "seen_on": "2026-11-22"},
            [("seen_on", "The date the form was seen must be today or in the past")],
        ),
    ],
)
def test_a_sighting_needs_place_and_day(body: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert refused(Story(), "original_seen", body) == found


# --- Voiding ---------------------------------------------------------------------------------------------------------


def test_voiding_brings_back_as_a_new_version_what_was_replaced() -> None:
    story = Story()
    first = story.sign()
    second = story.sign(FOR_CPR, by=HOSPICE_DOCTOR)
    voiding = story.void(second)

    assert story.statuses() == {first: SUPERSEDED, second: IN_ERROR, voiding: IN_FORCE}
    restored = story.state.in_force
    assert restored is not None
    assert restored.restored is not None
    assert restored.restored.restores == first
    assert restored.asks_to_be_confirmed
    original = story.state.find_decision(first)
    assert original is not None
    assert restored == replace(original, id=voiding, status=IN_FORCE, ended=None, restored=restored.restored)


def test_a_review_confirms_what_was_restored() -> None:
    story = Story()
    story.sign()
    story.review()
    story.void(story.sign())
    assert story.state.in_force is not None
    assert story.state.in_force.asks_to_be_confirmed

    story.review(reviewed_at="2026-11-21T03:05:00+00:00")

    assert not story.state.in_force.asks_to_be_confirmed


def test_voiding_the_only_decision_leaves_none() -> None:
    story = Story()
    story.void(story.sign())

    assert story.state.in_force is None
    assert len(story.state.decisions) == 1


def test_voiding_an_earlier_decision_leaves_the_later_one_untouched() -> None:
    story = Story()
    first, second = story.sign(), story.sign()
    before = story.state.in_force
    story.void(first)

    assert story.state.in_force == before
    assert story.statuses() == {first: IN_ERROR, second: IN_FORCE}


def test_voiding_one_after_the_other_goes_back_to_the_last_good_one() -> None:
    story = Story()
    first, second, third = story.sign(), story.sign(), story.sign()
    story.void(second)
    last = story.void(third)

    assert story.statuses()[last] == IN_FORCE
    assert story.state.in_force is not None
    assert story.state.in_force.restored is not None
    assert story.state.in_force.restored.restores == first


def test_voiding_what_was_restored_goes_back_further() -> None:
    story = Story()
    first = story.sign()
    story.sign()
    third = story.sign()
    restored = story.void(third)
    again = story.void(restored)

    assert story.state.in_force is not None
    assert story.state.in_force.id == again
    assert story.state.in_force.restored is not None
    assert story.state.in_force.restored.restores == first


def test_a_decision_signed_after_a_cancelling_brings_nothing_back_when_voided() -> None:
    story = Story()
    first = story.sign()
    story.revoke()
    second = story.sign()
    story.void(second)

    assert story.statuses() == {first: REVOKED, second: IN_ERROR}


def test_voiding_a_cancelled_decision_restores_nothing() -> None:
    story = Story()
    story.sign()
    second = story.sign()
    story.revoke()
    story.void(second)

    assert story.state.in_force is None


def test_a_voided_signature_has_answered_nothing() -> None:
    story = Story()
    story.sign()
    waiting = [
        story.report("for_cpr"),
        story.withdraw(had_capacity="no"),
        story.do("wrong_person_flag", by=PARAMEDIC),
        story.do("review_asked", {"words": "Better"}, by=PARAMEDIC),
    ]
    same = story.propose()
    before = story.state
    story.void(story.sign(settles=waiting))

    after = story.state
    assert [one.id for one in after.open_proposals] == [waiting[0], same]
    assert after.proposals == before.proposals
    assert after.withdrawals == before.withdrawals
    assert after.wrong_person_flags == before.wrong_person_flags
    assert after.review_requests == before.review_requests


def test_a_proposal_that_became_a_mistake_does_not_come_back() -> None:
    story = Story()
    story.void(story.do("confirm_proposal", {"proposal_id": story.propose()}))

    assert not story.state.open_proposals


def test_voiding_answers_the_flags_about_that_decision_and_no_others() -> None:
    story = Story()
    decision = story.sign()
    story.do("wrong_person_flag", {"about": decision}, by=PARAMEDIC)
    general = story.do("wrong_person_flag", by=PARAMEDIC)
    cleared = story.do("wrong_person_flag", {"about": decision}, by=PARAMEDIC)
    story.do("clear_wrong_person_flag", {"flag_id": cleared, "reason": "Slipped"}, by=PARAMEDIC)
    story.void(decision)

    assert [flag.id for flag in story.state.open_flags] == [general]


def test_after_death_a_mistake_is_voided_and_what_comes_back_is_ended_by_the_same_death() -> None:
    story = Story()
    first, second = story.sign(), story.sign()
    story.do("ended_by_death", by=SYSTEM)
    voiding = story.void(second)
    assert story.statuses() == {first: SUPERSEDED, second: IN_ERROR, voiding: BY_DEATH}

    story.do("death_reversed", by=SYSTEM)

    assert story.statuses()[voiding] == IN_FORCE


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({"reason": "mistake"}, "decision_id", "Choose the one entry that was made by mistake"),
        (
            {"decision_id": "sign-1", "withdrawal_id": "w", "reason": "mistake"},
            "decision_id",
            "Choose the one entry that was made by mistake",
        ),
        (
            {"decision_id": "sign-1"},
            "reason",
            "Choose whether it was the wrong person or another mistake",
        ),
        (
            {"decision_id": "gone", "reason": "mistake"},
            "decision_id",
            "Open the record again: this decision is not there to be voided",
        ),
        (
            {"withdrawal_id": "gone", "reason": "mistake"},
            "withdrawal_id",
            "Open the record again: this withdrawal is not there to be voided",
        ),
        (
            {"cancelled_decision_id": "gone", "reason": "mistake"},
            "cancelled_decision_id",
            "Open the record again: this cancelling is not the last that happened",
        ),
        (
            {"cancelled_decision_id": "sign-1", "reason": "mistake"},
            "cancelled_decision_id",
            "Open the record again: this cancelling is not the last that happened",
        ),
    ],
)
def test_voiding_names_one_entry_that_is_there(body: dict[str, Any], field: str, sentence: str) -> None:
    story = Story()
    story.sign()

    assert refused(story, "void", body) == [(field, sentence)]


def test_nothing_is_voided_twice() -> None:
    story = Story()
    decision = story.sign()
    story.void(decision)

    assert refused(story, "void", {"decision_id": decision, "reason": "mistake"}) == [
        ("decision_id", "Open the record again: this decision is not there to be voided")
    ]


# --- Voiding a withdrawal or a cancelling ----------------------------------------------------------------------------


def test_a_withdrawal_written_on_the_wrong_person_gives_the_decision_back() -> None:
    story = Story()
    first = story.sign(reason="person_refuses")
    withdrawal = story.withdraw()
    voiding = story.do("void", {"withdrawal_id": withdrawal, "reason": "wrong_person"})

    assert story.statuses() == {first: REVOKED, voiding: IN_FORCE}
    assert story.state.cancelled == ()
    assert story.state.withdrawals[0].settled is not None
    assert story.state.withdrawals[0].settled.outcome is SettledAs.IN_ERROR
    assert refused(story, "void", {"withdrawal_id": withdrawal, "reason": "mistake"}) == [
        ("withdrawal_id", "Open the record again: this withdrawal is not there to be voided")
    ]


def test_a_withdrawal_that_a_signer_had_confirmed_gives_the_decision_back_as_well() -> None:
    story = Story()
    story.sign()
    withdrawal = story.withdraw()
    story.do("settle_withdrawal", {"withdrawal_id": withdrawal, "outcome": "confirmed", "reason": "Spoke"})
    story.do("void", {"withdrawal_id": withdrawal, "reason": "wrong_person"})

    assert story.state.in_force is not None


def test_a_voided_withdrawal_leaves_alone_what_a_signer_cancelled_or_signed_otherwise() -> None:
    cancelled = Story()
    cancelled.sign()
    withdrawal = cancelled.withdraw()
    cancelled.revoke()
    cancelled.do("void", {"withdrawal_id": withdrawal, "reason": "wrong_person"})
    assert cancelled.state.in_force is None

    signed_since = Story()
    signed_since.sign(reason="person_refuses")
    withdrawal = signed_since.withdraw()
    newer = signed_since.sign(FOR_CPR)
    signed_since.do("void", {"withdrawal_id": withdrawal, "reason": "wrong_person"})
    assert signed_since.state.in_force is not None
    assert signed_since.state.in_force.id == newer


def test_a_voided_withdrawal_that_only_waited_is_settled_and_restores_nothing() -> None:
    story = Story()
    story.sign(reason="person_refuses")
    story.withdraw()
    waiting = story.withdraw(had_capacity="no")
    story.do("void", {"withdrawal_id": waiting, "reason": "wrong_person"})

    assert not story.state.open_withdrawals
    assert story.state.in_force is None


def test_only_a_signer_brings_a_decision_back_from_a_withdrawal() -> None:
    story = Story()
    story.sign(reason="person_refuses")
    withdrawal = story.withdraw(by=PARAMEDIC)

    assert refused(story, "void", {"withdrawal_id": withdrawal, "reason": "mistake"}, by=PARAMEDIC) == [
        (None, "Ask whoever made the entry, or a clinician with a current authorisation to sign")
    ]


def test_a_decision_cancelled_on_the_wrong_person_comes_back_with_the_withdrawal_that_waited() -> None:
    story = Story()
    first = story.sign()
    withdrawal = story.withdraw()
    story.revoke()
    voiding = story.do("void", {"cancelled_decision_id": first, "reason": "wrong_person"})

    assert story.statuses() == {first: REVOKED, voiding: IN_FORCE}
    assert [one.id for one in story.state.open_withdrawals] == [withdrawal]


def test_a_cancelling_is_not_undone_once_another_decision_was_signed() -> None:
    story = Story()
    first = story.sign()
    story.revoke()
    story.sign()

    assert refused(story, "void", {"cancelled_decision_id": first, "reason": "mistake"})


def test_only_a_signer_undoes_a_cancelling() -> None:
    story = Story()
    first = story.sign()
    story.revoke()

    assert refused(story, "void", {"cancelled_decision_id": first, "reason": "mistake"}, by=NURSE) == [
        (None, "Ask whoever made the entry, or a clinician with a current authorisation to sign")
    ]


def test_a_cancelling_that_is_undone_after_death_is_ended_by_that_death() -> None:
    story = Story()
    first = story.sign()
    story.revoke()
    story.around = replace(AROUND, died=Death.CONFIRMED)
    voiding = story.do("void", {"cancelled_decision_id": first, "reason": "wrong_person"})
    assert story.statuses()[voiding] == BY_DEATH

    story.around = AROUND
    story.do("death_reversed", by=SYSTEM)

    assert story.statuses()[voiding] == IN_FORCE


def test_the_section_itself_is_never_changed_in_place() -> None:
    story = Story()
    story.sign()
    before = story.state
    value = before.to_value()
    story.sign(FOR_CPR)
    story.withdraw()

    assert before.to_value() == value
    assert CPRState.from_value(value) == before
