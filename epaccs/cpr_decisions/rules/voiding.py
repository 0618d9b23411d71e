"""Taking back a mistake: what was voided, and what comes back in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from epaccs.core.errors import RuleBroken
from epaccs.cpr_decisions.rules import bodies
from epaccs.cpr_decisions.rules.around import Death
from epaccs.cpr_decisions.rules.bodies import read_body
from epaccs.cpr_decisions.rules.edits import Edit, check_author_or_signer, move, with_replaced
from epaccs.cpr_decisions.rules.states import (
    CPRState,
    Decision,
    DecisionStatus,
    EditKind,
    Ended,
    Proposal,
    Restored,
    SettledAs,
    Waiting,
    Withdrawal,
)
from epaccs.cpr_decisions.rules.transitions import DECISION_TRANSITIONS, PROPOSAL_TRANSITIONS

_Waiting = TypeVar("_Waiting", bound=Waiting)


def void(state: CPRState, edit: Edit) -> CPRState:
    """Take back a decision, a withdrawal or a cancelling that should never have been; never more than one."""
    body = read_body(bodies.VoidBody, edit.body)
    named = [name for name in (body.decision_id, body.withdrawal_id, body.cancelled_decision_id) if name]
    if len(named) != 1:
        raise RuleBroken("Choose the one entry that was made by mistake", field="decision_id")
    if body.reason is None:
        raise RuleBroken("Choose whether it was the wrong person or another mistake", field="reason")
    if body.decision_id:
        return _void_decision(state, edit, body)
    if body.withdrawal_id:
        return _void_withdrawal(state, edit, body)
    return _void_cancelling(state, edit, body)


def _void_decision(state: CPRState, edit: Edit, body: bodies.VoidBody) -> CPRState:
    """The decision it replaced comes back, unless a later one was signed: that one stays untouched."""
    decision = state.find_decision(body.decision_id)
    if decision is None or decision.status is DecisionStatus.ENTERED_IN_ERROR:
        raise RuleBroken("Open the record again: this decision is not there to be voided", field="decision_id")
    drafter = decision.drafter.clinician_id if decision.drafter else ""
    check_author_or_signer(edit, decision.signer.clinician_id, drafter)
    after = move(state, decision, edit, reason=str(body.reason), detail=body.detail)
    after = _reopen(after, decision.id, SettledAs.ANSWERED)
    flagged = edit.settled(SettledAs.CLEARED, "The entry was voided")
    flags = tuple(
        replace(flag, settled=flagged) if flag.is_open and flag.about == decision.id else flag
        for flag in after.wrong_person_flags
    )
    after = replace(after, wrong_person_flags=flags)
    replaced = _find_replaced(after, decision)
    if replaced is None or decision.status not in (DecisionStatus.IN_FORCE, DecisionStatus.ENDED_BY_DEATH):
        return after
    return _restore(after, edit, replaced, death=decision.ended)


def _find_replaced(state: CPRState, decision: Decision) -> Decision | None:
    """The nearest decision before it that was good when it was replaced."""
    before = state.find_decision(decision.supersedes)
    while before is not None and before.status is not DecisionStatus.SUPERSEDED:
        before = state.find_decision(before.supersedes)
    return before


def _restore(state: CPRState, edit: Edit, original: Decision, *, death: Ended | None = None) -> CPRState:
    """A copy of the decision with a note that asks to confirm it; where the person has died, ended by their death."""
    restored = replace(
        original,
        id=edit.id,
        status=DecisionStatus.ENDED_BY_DEATH if death else DECISION_TRANSITIONS[None, edit.kind],
        ended=death,
        restored=Restored(at=edit.at, restores=original.id, by=edit.author.as_professional()),
    )
    return replace(state, decisions=(*state.decisions, restored))


def _reopen(state: CPRState, edit_id: str, outcome: SettledAs) -> CPRState:
    """What a voided signature had answered, or a voided cancelling had confirmed, waits again."""

    def reopened(waiting: _Waiting) -> _Waiting:
        settled = waiting.settled
        was_so = settled is not None and (settled.edit_id, settled.outcome) == (edit_id, outcome)
        return replace(waiting, settled=None) if was_so else waiting

    return replace(
        state,
        proposals=tuple(_reopened_proposal(proposal, edit_id) for proposal in state.proposals),
        withdrawals=tuple(reopened(withdrawal) for withdrawal in state.withdrawals),
        wrong_person_flags=tuple(reopened(flag) for flag in state.wrong_person_flags),
        review_requests=tuple(reopened(request) for request in state.review_requests),
    )


def _reopened_proposal(proposal: Proposal, edit_id: str) -> Proposal:
    """A proposal that itself became the voided decision shares its mistake and stays ended."""
    settled = proposal.settled
    if settled is None or settled.edit_id != edit_id or settled.outcome is not SettledAs.ANSWERED:
        return proposal
    begun = EditKind.REPORT if proposal.told_by else EditKind.PROPOSE
    return replace(proposal, status=PROPOSAL_TRANSITIONS[None, begun], settled=None)


def _void_withdrawal(state: CPRState, edit: Edit, body: bodies.VoidBody) -> CPRState:
    """A withdrawal written on the wrong person: the decision it took out of force comes back."""
    check_author_or_signer(edit)
    withdrawal = next((one for one in state.withdrawals if one.id == body.withdrawal_id), None)
    if withdrawal is None or (withdrawal.settled and withdrawal.settled.outcome is SettledAs.IN_ERROR):
        raise RuleBroken("Open the record again: this withdrawal is not there to be voided", field="withdrawal_id")
    voided = replace(withdrawal, settled=edit.settled(SettledAs.IN_ERROR, body.detail))
    after = replace(state, withdrawals=with_replaced(state.withdrawals, voided))
    decision = _last_cancelled(after)
    if decision is None or not _was_ended_by(decision, withdrawal):
        return after
    return _restore(after, edit, decision, death=_death(edit))


def _was_ended_by(decision: Decision, withdrawal: Withdrawal) -> bool:
    """Whether the withdrawal alone, heard or settled, took the decision out of force."""
    by_withdrawal = (EditKind.OWN_WITHDRAWAL, EditKind.SETTLE_WITHDRAWAL)
    return (
        decision.ended is not None
        and withdrawal.settled is not None
        and decision.ended.kind in by_withdrawal
        and decision.ended.edit_id == withdrawal.settled.edit_id
    )


def _void_cancelling(state: CPRState, edit: Edit, body: bodies.VoidBody) -> CPRState:
    """A decision cancelled on the wrong person comes back, with the withdrawals that the cancelling had confirmed."""
    check_author_or_signer(edit)
    decision = state.find_decision(body.cancelled_decision_id)
    if decision is None or decision is not _last_cancelled(state) or decision.ended is None:
        raise RuleBroken(
            "Open the record again: this cancelling is not the last that happened", field="cancelled_decision_id"
        )
    reopened = _reopen(state, decision.ended.edit_id, SettledAs.CONFIRMED)
    return _restore(reopened, edit, decision, death=_death(edit))


def _death(edit: Edit) -> Ended | None:
    """The note that death ends what comes back after it; None: the person lives."""
    died = edit.around.died is Death.CONFIRMED
    return replace(edit.ended(), by=None, kind=EditKind.ENDED_BY_DEATH) if died else None


def _last_cancelled(state: CPRState) -> Decision | None:
    """The decision that would be in force had it not been cancelled; None: none, or another was signed since."""
    good = [one for one in state.decisions if one.status is not DecisionStatus.ENTERED_IN_ERROR]
    return good[-1] if good and good[-1].status is DecisionStatus.REVOKED else None
