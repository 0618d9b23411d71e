"""Signing, reviewing and cancelling a decision; proposing, reporting, and what becomes of proposals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from epaccs.core.errors import RuleBroken
from epaccs.cpr_decisions.rules import bodies
from epaccs.cpr_decisions.rules.bodies import raise_faults, read_body
from epaccs.cpr_decisions.rules.edits import (
    Edit,
    check_author_or_signer,
    end_proposal,
    facts_of,
    get_in_force,
    move,
    put,
    settle,
)
from epaccs.cpr_decisions.rules.needs import find_unmet
from epaccs.cpr_decisions.rules.requirements import (
    REVIEW_NEEDS,
    check_contradictions,
    find_awareness_faults,
    find_faults,
    find_signer_faults,
    future_faults,
)
from epaccs.cpr_decisions.rules.states import (
    CPRState,
    Decision,
    DocumentSeen,
    Facts,
    Proposal,
    Reviewed,
    SettledAs,
)
from epaccs.cpr_decisions.rules.transitions import DECISION_TRANSITIONS, PROPOSAL_TRANSITIONS

#: Answers that belong together: whoever corrects one of them in a proposal gives all of them anew.
_TOGETHER: Final = (
    frozenset({"reason", "reason_detail", "refused_by"}),
    frozenset({"review_on", "no_review_reason"}),
    frozenset({"aware", "person_not_told"}),
)

# --- Signing ---------------------------------------------------------------------------------------------------------


def sign(state: CPRState, edit: Edit) -> CPRState:
    """A signed decision is in force, and the one before it is not."""
    signed = read_body(bodies.SignBody, edit.body)
    return _put_in_force(state, edit, signed, settles=signed.settles)


def confirm_proposal(state: CPRState, edit: Edit) -> CPRState:
    """The signer takes the proposal over, with whatever they correct in it, and answers for all of it."""
    body = read_body(bodies.ConfirmBody, edit.body)
    proposal = _get_open_proposal(state, body.proposal_id)
    facts = _corrected(proposal, body)
    others = tuple(waiting for waiting in body.settles if waiting != proposal.id)
    after = _put_in_force(state, edit, facts, settles=others, proposal=proposal)
    return end_proposal(after, edit, proposal.id, edit.settled(SettledAs.CONFIRMED))


def _corrected(proposal: Proposal, body: bodies.ConfirmBody) -> Facts:
    said: Mapping[str, Any] = {name: part for name, part in facts_of(body).items() if part not in (None, "", ())}
    anew = set(said).union(*(group for group in _TOGETHER if group & set(said)))
    kept = {name: part for name, part in facts_of(proposal).items() if name not in anew}
    return Facts(**{**kept, **said})


def _put_in_force(
    state: CPRState, edit: Edit, facts: Facts, *, settles: tuple[str, ...], proposal: Proposal | None = None
) -> CPRState:
    raise_faults([*find_signer_faults(edit.author), *find_faults(facts, edit.around)])
    replaced = state.in_force
    decision = Decision(
        **facts_of(facts),
        id=edit.id,
        status=DECISION_TRANSITIONS[None, edit.kind],
        signer=edit.author.as_professional(),
        signed_at=edit.at,
        drafter=proposal.by if proposal else None,
        from_proposal=proposal.id if proposal else "",
        supersedes=replaced.id if replaced else "",
    )
    after = move(state, replaced, edit) if replaced else state
    after = replace(after, decisions=(*after.decisions, decision))
    check_contradictions(after, edit.around)
    agreeing = [
        other.id
        for other in state.open_proposals
        if other.recommendation is decision.recommendation and other is not proposal
    ]
    return settle(after, edit, settles, agreeing=agreeing)


def revoke(state: CPRState, edit: Edit) -> CPRState:
    """Cancelling is never blocked by another section; what the person withdrew is thereby confirmed."""
    body = read_body(bodies.RevokeBody, edit.body)
    decision = get_in_force(state, body.decision_id)
    faults = []
    if body.reason is None:
        faults.append(RuleBroken("Choose why the decision is cancelled", field="reason"))
    if body.decided_at is None:
        faults.append(RuleBroken("Enter the date and time it was decided to cancel", field="decided_at"))
    else:
        faults += future_faults(body.decided_at, edit.around, label="date and time of cancelling", field="decided_at")
    raise_faults(faults)
    after = move(state, decision, edit, reason=str(body.reason), detail=body.detail)
    settled = edit.settled(SettledAs.CONFIRMED, "The decision was cancelled")
    withdrawals = tuple(
        replace(withdrawal, settled=settled) if withdrawal.is_open else withdrawal for withdrawal in after.withdrawals
    )
    return replace(after, withdrawals=withdrawals)


def reviewed_and_continues(state: CPRState, edit: Edit) -> CPRState:
    """The only thing that counts as a review."""
    body = read_body(bodies.ReviewBody, edit.body)
    decision = get_in_force(state, body.decision_id)
    faults = list(find_signer_faults(edit.author))
    if body.reviewed_at is None:
        faults.append(RuleBroken("Enter the date and time of the review", field="reviewed_at"))
    else:
        faults += future_faults(body.reviewed_at, edit.around, label="time of the review", field="reviewed_at")
    faults += find_unmet(REVIEW_NEEDS, edit.body)
    raise_faults(faults)
    reviewed = replace(
        decision,
        last_reviewed=Reviewed(at=body.reviewed_at or edit.at, by=edit.author.as_professional()),
        review_on=body.review_on,
        no_review_reason=body.no_review_reason,
    )
    return settle(put(state, reviewed), edit, body.settles)


def particulars_amended(state: CPRState, edit: Edit) -> CPRState:
    """Where the original is now and who is aware change without a new signature.

    The recorded place sent back says nothing new of where the original is, unless the author says that they know: a
    form brings it back by itself (hazard H-44).
    """
    body = read_body(bodies.ParticularsBody, edit.body)
    decision = get_in_force(state)
    if not body.original_location and not body.original_checked and body.aware is None:
        raise RuleBroken("Enter where the original is now, or who is aware", field="original_location")
    place = body.original_location or decision.original_location
    is_said = body.original_checked or place != decision.original_location
    located_at = edit.at if is_said else decision.original_located_at
    amended = replace(decision, original_location=place, original_located_at=located_at)
    if body.aware is not None:
        amended = replace(amended, aware=body.aware, person_not_told=body.person_not_told)
        raise_faults(list(find_awareness_faults(amended)))
    return put(state, amended)


# --- Proposals and reports -------------------------------------------------------------------------------------------


def propose(state: CPRState, edit: Edit) -> CPRState:
    """Prepared as completely as a signature needs it; in force only once a signer confirms it."""
    facts = read_body(bodies.SignBody, edit.body)
    raise_faults(find_faults(facts, edit.around))
    proposal = Proposal(
        **facts_of(facts),
        id=edit.id,
        status=PROPOSAL_TRANSITIONS[None, edit.kind],
        by=edit.author.as_professional(),
        recorded_at=edit.at,
    )
    return replace(state, proposals=(*state.proposals, proposal))


def report(state: CPRState, edit: Edit) -> CPRState:
    """Told of a decision made elsewhere: kept with what is known of it, in force for nobody until it is signed here."""
    body = read_body(bodies.ReportBody, edit.body)
    faults = []
    if body.recommendation is None:
        faults.append(RuleBroken("Choose what the decision made elsewhere recommends", field="recommendation"))
    if not body.told_by:
        faults.append(RuleBroken("Enter who told you of the decision, or which form says it", field="told_by"))
    if body.decided_at is not None:
        faults += future_faults(body.decided_at, edit.around, label="date of the decision", field="decided_at")
    if body.document_seen is not None:
        faults += future_faults(
            body.document_seen.at, edit.around, label="time the form was seen", field="document_seen.at"
        )
    raise_faults(faults)
    by = edit.author.as_professional()
    proposal = Proposal(
        **facts_of(body),
        id=edit.id,
        status=PROPOSAL_TRANSITIONS[None, edit.kind],
        by=by,
        recorded_at=edit.at,
        told_by=body.told_by,
        told_from=body.told_from,
        document_seen=_seen_by(body.document_seen, edit) if body.document_seen else None,
    )
    return replace(state, proposals=(*state.proposals, proposal))


def _seen_by(seen: DocumentSeen, edit: Edit) -> DocumentSeen:
    """Who saw the form: the author, unless somebody else is named."""
    return seen if seen.by else replace(seen, by=edit.author.name, role=edit.author.role)


def _get_open_proposal(state: CPRState, proposal_id: str) -> Proposal:
    for proposal in state.open_proposals:
        if proposal.id == proposal_id:
            return proposal
    raise RuleBroken("Open the record again: this proposal does not wait any more", field="proposal_id")


def decline_proposal(state: CPRState, edit: Edit) -> CPRState:
    """A signer has looked into it and does not follow it."""
    body = read_body(bodies.EndProposalBody, edit.body)
    _get_open_proposal(state, body.proposal_id)
    if not body.reason:
        raise RuleBroken("Enter why it is declined", field="reason")
    return end_proposal(state, edit, body.proposal_id, edit.settled(SettledAs.DECLINED, body.reason))


def withdraw_proposal(state: CPRState, edit: Edit) -> CPRState:
    """Its author takes it back."""
    body = read_body(bodies.EndProposalBody, edit.body)
    proposal = _get_open_proposal(state, body.proposal_id)
    check_author_or_signer(edit, proposal.by.clinician_id)
    if not body.reason:
        raise RuleBroken("Enter why it is taken back", field="reason")
    return end_proposal(state, edit, body.proposal_id, edit.settled(SettledAs.WITHDRAWN, body.reason))
