"""What somebody heard, saw or asks: withdrawals, requests, flags, sightings; and how a signer settles them."""

from __future__ import annotations

from dataclasses import replace

from epaccs.core.errors import RuleBroken
from epaccs.cpr_decisions.rules import bodies
from epaccs.cpr_decisions.rules.bodies import raise_faults, read_body
from epaccs.cpr_decisions.rules.edits import Edit, check_author_or_signer, get_open, move, with_replaced
from epaccs.cpr_decisions.rules.requirements import OWN_REFUSALS, future_faults
from epaccs.cpr_decisions.rules.states import (
    CPRState,
    Decision,
    HadCapacity,
    Recommendation,
    ReviewRequest,
    RevokeReason,
    SettledAs,
    Sighting,
    Withdrawal,
    WithdrawalOutcome,
    WrongPersonFlag,
)

# --- The person's own withdrawal -------------------------------------------------------------------------------------


def own_withdrawal(state: CPRState, edit: Edit) -> CPRState:
    """Heard from the person: a decision that rests on their own refusal leaves force at once, if they had capacity.

    Everything else waits for a signer, and is in doubt until then.
    """
    withdrawal = _read_withdrawal(state, edit)
    decision = state.in_force
    if decision is None or not _ends_at_once(withdrawal, decision):
        return replace(state, withdrawals=(*state.withdrawals, withdrawal))
    settled = replace(withdrawal, settled=edit.settled(SettledAs.ENDED_DECISION))
    after = move(state, decision, edit, reason=RevokeReason.REFUSAL_WITHDRAWN, detail=withdrawal.words)
    return replace(after, withdrawals=(*after.withdrawals, settled))


def _ends_at_once(withdrawal: Withdrawal, decision: Decision) -> bool:
    """Said before the decision was made, it may have been answered by it: then a person must settle it."""
    return (
        withdrawal.had_capacity is HadCapacity.YES
        and decision.recommendation is not Recommendation.FOR_CPR
        and decision.reason in OWN_REFUSALS
        and withdrawal.said_at >= decision.decided_at
    )


def report_own_withdrawal(state: CPRState, edit: Edit) -> CPRState:
    """Told by somebody else, it takes nothing out of force: the decision is in doubt until a signer settles it."""
    withdrawal = _read_withdrawal(state, edit)
    if not withdrawal.told_by:
        raise RuleBroken("Enter who told you that the person withdrew their refusal", field="told_by")
    return replace(state, withdrawals=(*state.withdrawals, replace(withdrawal, is_reported=True)))


def _read_withdrawal(state: CPRState, edit: Edit) -> Withdrawal:
    body = read_body(bodies.WithdrawalBody, edit.body)
    faults = []
    if body.said_at is None:
        faults.append(RuleBroken("Enter the date and time the person said so", field="said_at"))
    else:
        faults += future_faults(body.said_at, edit.around, label="time the person said so", field="said_at")
    if body.had_capacity is None:
        faults.append(RuleBroken("Say whether the person had capacity when they said so", field="had_capacity"))
    raise_faults(faults)
    return Withdrawal(
        id=edit.id,
        said_at=body.said_at or edit.at,
        had_capacity=body.had_capacity or HadCapacity.NOT_KNOWN,
        by=edit.author.as_professional(),
        recorded_at=edit.at,
        words=body.words,
        told_by=body.told_by,
        about=state.in_force.id if state.in_force else "",
    )


def settle_withdrawal(state: CPRState, edit: Edit) -> CPRState:
    """A signer finds that the refusal is withdrawn, or that the decision stands."""
    body = read_body(bodies.SettleWithdrawalBody, edit.body)
    withdrawal = get_open(state.withdrawals, body.withdrawal_id, field="withdrawal_id")
    faults = []
    if body.outcome is None:
        faults.append(RuleBroken("Choose whether the withdrawal is confirmed or the decision stands", field="outcome"))
    if not body.reason:
        faults.append(RuleBroken("Enter how you settled it, and with whom you spoke", field="reason"))
    raise_faults(faults)
    confirmed = body.outcome is WithdrawalOutcome.CONFIRMED
    outcome = SettledAs.CONFIRMED if confirmed else SettledAs.STANDS
    settled = replace(withdrawal, settled=edit.settled(outcome, body.reason))
    after = replace(state, withdrawals=with_replaced(state.withdrawals, settled))
    decision = after.in_force
    if not confirmed or decision is None or decision.recommendation is Recommendation.FOR_CPR:
        return after
    return move(after, decision, edit, reason=RevokeReason.REFUSAL_WITHDRAWN, detail=body.reason)


# --- Requests, flags, sightings --------------------------------------------------------------------------------------


def relative_report(state: CPRState, edit: Edit) -> CPRState:
    """A relative decides nothing, but is heard: shown as large as the line, directly under it."""
    body = read_body(bodies.RequestBody, edit.body)
    faults = []
    if not body.said_by:
        faults.append(RuleBroken("Enter the name of the relative", field="said_by"))
    if not body.words:
        faults.append(RuleBroken("Enter what the relative said", field="words"))
    raise_faults(faults)
    return _ask(state, edit, body, is_relative=True)


def review_asked(state: CPRState, edit: Edit) -> CPRState:
    """Somebody asks for a review; the decision stays as it is."""
    body = read_body(bodies.RequestBody, edit.body)
    if not body.words:
        raise RuleBroken("Enter why a review is needed", field="words")
    return _ask(state, edit, body, is_relative=False)


def _ask(state: CPRState, edit: Edit, body: bodies.RequestBody, *, is_relative: bool) -> CPRState:
    request = ReviewRequest(
        id=edit.id,
        by=edit.author.as_professional(),
        recorded_at=edit.at,
        words=body.words,
        said_by=body.said_by,
        relationship=body.relationship,
        is_relative=is_relative,
    )
    return replace(state, review_requests=(*state.review_requests, request))


def answer_review(state: CPRState, edit: Edit) -> CPRState:
    """A signer answers a request for a review."""
    body = read_body(bodies.AnswerBody, edit.body)
    request = get_open(state.review_requests, body.request_id, field="request_id")
    if not body.answer:
        raise RuleBroken("Enter what the review found", field="answer")
    answered = replace(request, settled=edit.settled(SettledAs.ANSWERED, body.answer))
    return replace(state, review_requests=with_replaced(state.review_requests, answered))


def wrong_person_flag(state: CPRState, edit: Edit) -> CPRState:
    """One tap is enough: nothing else is asked, so that nothing keeps a doubt from being shown."""
    body = read_body(bodies.FlagBody, edit.body)
    flag = WrongPersonFlag(
        id=edit.id, by=edit.author.as_professional(), recorded_at=edit.at, words=body.words, about=body.about
    )
    return replace(state, wrong_person_flags=(*state.wrong_person_flags, flag))


def clear_wrong_person_flag(state: CPRState, edit: Edit) -> CPRState:
    """Whoever raised the flag, or a signer, has made sure of the person."""
    body = read_body(bodies.ClearFlagBody, edit.body)
    flag = get_open(state.wrong_person_flags, body.flag_id, field="flag_id")
    check_author_or_signer(edit, flag.by.clinician_id)
    if not body.reason:
        raise RuleBroken("Enter how you made sure that it is the right person", field="reason")
    cleared = replace(flag, settled=edit.settled(SettledAs.CLEARED, body.reason))
    return replace(state, wrong_person_flags=with_replaced(state.wrong_person_flags, cleared))


def original_seen(state: CPRState, edit: Edit) -> CPRState:
    """The decision stays as it is; its signer is asked whether the place should be amended."""
    body = read_body(bodies.SightingBody, edit.body)
    faults = []
    if not body.place:
        faults.append(RuleBroken("Enter where the form was seen", field="place"))
    if body.seen_on is None:
        faults.append(RuleBroken("Enter the date the form was seen", field="seen_on"))
    elif body.seen_on > edit.around.today:
        faults.append(RuleBroken("The date the form was seen must be today or in the past", field="seen_on"))
    raise_faults(faults)
    sighting = Sighting(
        id=edit.id,
        by=edit.author.as_professional(),
        recorded_at=edit.at,
        seen_on=body.seen_on or edit.around.today,
        place=body.place,
        photo_id=body.photo_id,
    )
    return replace(state, sightings=(*state.sightings, sighting))
