"""When a decision is in doubt, and which sides the doubt has. Computed each time, never stored.

While in doubt, no outlet shows either side as current; the stored decision is named "last confirmed".

Source: docs/domain.md, CPR decisions; hazard H-13.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from epaccs.core.fields import format_date, format_datetime, local_date
from epaccs.cpr_decisions.rules.around import AdvanceDecision, Around
from epaccs.cpr_decisions.rules.bodies import find_recommendation
from epaccs.cpr_decisions.rules.requirements import decided_later_with_capacity, standing_advance_decisions
from epaccs.cpr_decisions.rules.states import (
    CPRState,
    Decision,
    EditKind,
    Proposal,
    ProposalStatus,
    Recommendation,
    RevokeReason,
    Withdrawal,
    WrongPersonFlag,
)
from epaccs.cpr_decisions.rules.words import Words


class DoubtKind(StrEnum):
    """Why a decision is in doubt."""

    HELD = "held"
    PROPOSAL = "proposal"
    REPORT = "report"
    WITHDRAWAL = "withdrawal"
    WRONG_PERSON = "wrong_person"
    ADVANCE_DECISION = "advance_decision"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class HeldRival:
    """An edit of this section that the writer holds for a person to settle.

    `kind`: as in `EditKind`, or the writer's own word for settling. `decided_at` None: it states no clinical time.
    """

    edit_id: str
    kind: str
    body: Mapping[str, Any]
    author_name: str
    author_role: str
    organisation_name: str
    received_at: datetime
    decided_at: datetime | None = None


@dataclass(frozen=True)
class Side:
    """One side of a doubt, as the card shows it."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Doubt:
    """One reason for doubt. `ref`: the id of the proposal, withdrawal, flag or edit; empty: another section."""

    kind: DoubtKind
    side: Side
    ref: str = ""


#: A held edit of one of these kinds says nothing for or against CPR: it is shown, and puts nothing in doubt.
NO_RIVALS: Final = frozenset({str(EditKind.PARTICULARS_AMENDED)})


def doubts(state: CPRState, *, held: Sequence[HeldRival], around: Around, words: Words | None = None) -> list[Doubt]:
    """Every reason for doubt, each with its own side; empty: there is none."""
    said = words or Words()
    found: list[Doubt] = []
    found += (_held(rival, said) for rival in held if rival.kind not in NO_RIVALS)
    found += (_wrong_person(flag, said) for flag in state.open_flags)
    if _says_not_for_cpr(state, around):
        found += (_withdrawal(withdrawal, said) for withdrawal in state.open_withdrawals)
    found += _contradicting_proposals(state, around, said)
    found += _contradicting_advance_decisions(state, around, said)
    if state.in_force is not None and state.in_force.recommendation is Recommendation.MODIFIED:
        found.append(Doubt(DoubtKind.UNREADABLE, Side(said.modified, ()), state.in_force.id))
    return found


def last_confirmed(state: CPRState, around: Around, words: Words) -> Side:
    """What the register holds while it is in doubt: the base, shown as last confirmed and never as current."""
    decision = state.in_force
    if decision is not None:
        signed = words.side_signed.format(date=format_date(local_date(decision.signed_at)))
        return Side(words.line_of(decision.recommendation), (signed, decision.signer.named, words.side_last_confirmed))
    standing = standing_advance_decisions(state, around)
    if standing:
        return _advance_decision_side(standing[0], words)
    if state.cancelled:
        return Side(words.revoked, (words.side_cancelled.format(date=format_date(ended_on(state.cancelled[-1]))),))
    return Side(words.none_recorded, ())


# --- Each reason -----------------------------------------------------------------------------------------------------


def _held(rival: HeldRival, words: Words) -> Doubt:
    who = ", ".join(part for part in (rival.author_name, rival.author_role, rival.organisation_name) if part)
    decided = (words.side_decided.format(date=format_datetime(rival.decided_at)),) if rival.decided_at else ()
    received = words.side_received.format(moment=format_datetime(rival.received_at))
    side = Side(_held_title(rival, words), (*decided, who, received, words.side_not_settled))
    return Doubt(DoubtKind.HELD, side, rival.edit_id)


def _held_title(rival: HeldRival, words: Words) -> str:
    match rival.kind:
        case EditKind.SIGN | EditKind.PROPOSE | EditKind.CONFIRM_PROPOSAL:
            recommendation = find_recommendation(rival.body)
            return words.line_of(recommendation) if recommendation else words.side_another
        case EditKind.REVOKE:
            return words.side_cancels
        case EditKind.SETTLE_WITHDRAWAL:
            return words.side_withdrawn if rival.body.get("outcome") == "confirmed" else words.side_continues
        case EditKind.REVIEWED_AND_CONTINUES:
            return words.side_continues
        case EditKind.VOID:
            return words.side_mistake
        case _:
            return words.side_another


def _wrong_person(flag: WrongPersonFlag, words: Words) -> Doubt:
    flagged = words.side_flagged.format(moment=format_datetime(flag.recorded_at))
    lines = (flagged, flag.by.named, words.side_not_settled)
    return Doubt(DoubtKind.WRONG_PERSON, Side(words.side_wrong_person, lines), flag.id)


def _withdrawal(withdrawal: Withdrawal, words: Words) -> Doubt:
    heard = words.side_reported if withdrawal.is_reported else words.side_heard
    lines = (
        words.side_said.format(moment=format_datetime(withdrawal.said_at)),
        heard.format(who=withdrawal.by.named, told_by=withdrawal.told_by),
        words.side_not_settled,
    )
    return Doubt(DoubtKind.WITHDRAWAL, Side(words.side_withdrawn, lines), withdrawal.id)


def _says_not_for_cpr(state: CPRState, around: Around) -> bool:
    """Whether anything shown would keep somebody from starting CPR."""
    said = [proposal.recommendation for proposal in state.open_proposals]
    if state.in_force is not None:
        said.append(state.in_force.recommendation)
    return bool(standing_advance_decisions(state, around)) or any(one is not Recommendation.FOR_CPR for one in said)


def _contradicting_proposals(state: CPRState, around: Around, words: Words) -> Iterator[Doubt]:
    """Proposals and reports that say otherwise than the decision in force, or, without one, than what else is known."""
    base = _base_recommendation(state, around)
    proposed = {proposal.recommendation for proposal in state.open_proposals}
    for proposal in state.open_proposals:
        against_base = base is not None and proposal.recommendation is not base
        against_each_other = base is None and len(proposed) > 1
        if against_base or against_each_other or _revives_what_was_cancelled(state, proposal):
            kind = DoubtKind.REPORT if proposal.status is ProposalStatus.REPORTED else DoubtKind.PROPOSAL
            yield Doubt(kind, _proposal_side(proposal, words), proposal.id)


def _base_recommendation(state: CPRState, around: Around) -> Recommendation | None:
    if state.in_force is not None:
        return state.in_force.recommendation
    return Recommendation.NOT_FOR_CPR if standing_advance_decisions(state, around) else None


def _revives_what_was_cancelled(state: CPRState, proposal: Proposal) -> bool:
    """A form that says what was cancelled here: it may be the old paper, or a new decision made elsewhere."""
    return (
        state.in_force is None
        and proposal.status is ProposalStatus.REPORTED
        and bool(state.cancelled)
        and state.cancelled[-1].recommendation is proposal.recommendation
    )


def _proposal_side(proposal: Proposal, words: Words) -> Side:
    when = words.side_recorded.format(date=format_date(local_date(proposal.recorded_at)))
    if proposal.decided_at is not None:
        when = words.side_decided.format(date=format_date(local_date(proposal.decided_at)))
    title, who = words.line_of(proposal.recommendation), proposal.by.named
    if proposal.status is not ProposalStatus.REPORTED:
        return Side(title, (when, words.side_proposed_by.format(who=who), words.side_not_settled))
    told = words.side_told if proposal.document_seen else words.side_told_not_seen
    return Side(title, (when, told.format(told_by=proposal.told_by_whom), words.side_recorded_by.format(who=who)))


def _contradicting_advance_decisions(state: CPRState, around: Around, words: Words) -> Iterator[Doubt]:
    for adrt in standing_advance_decisions(state, around):
        if _contradicts(state, adrt):
            yield Doubt(DoubtKind.ADVANCE_DECISION, _advance_decision_side(adrt, words))


def _contradicts(state: CPRState, adrt: AdvanceDecision) -> bool:
    """Against "CPR recommended", unless the person decided later with capacity; or against a change of wishes since."""
    decision = state.in_force
    if decision is not None:
        return decision.recommendation is Recommendation.FOR_CPR and not decided_later_with_capacity(decision, adrt)
    return any(
        cancelled.ended is not None
        and cancelled.ended.reason == RevokeReason.WISHES_CHANGED
        and (adrt.made_on is None or ended_on(cancelled) >= adrt.made_on)
        for cancelled in state.cancelled[-1:]
    )


def _advance_decision_side(adrt: AdvanceDecision, words: Words) -> Side:
    made = words.side_made.format(date=format_date(adrt.made_on)) if adrt.made_on else words.date_not_recorded
    return Side(words.side_advance_decision, (made, adrt.location or words.place_not_recorded))


def ended_on(decision: Decision) -> date:
    """The day on which a decision left force."""
    return local_date(decision.ended.at if decision.ended else decision.signed_at)
