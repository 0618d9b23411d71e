"""One edit and everything it may look at, and the small steps that all kinds of edits share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from epaccs.core.errors import RuleBroken
from epaccs.cpr_decisions.rules.around import Around, Author
from epaccs.cpr_decisions.rules.states import (
    CPRState,
    Decision,
    EditKind,
    Ended,
    Facts,
    Proposal,
    Settled,
    SettledAs,
    Waiting,
)
from epaccs.cpr_decisions.rules.transitions import DECISION_TRANSITIONS, PROPOSAL_TRANSITIONS


@dataclass(frozen=True)
class Edit:
    """One edit and everything it may look at."""

    kind: EditKind
    body: Mapping[str, Any]
    id: str
    author: Author
    at: datetime
    around: Around

    def ended(self, reason: str = "", detail: str = "") -> Ended:
        """The note that this edit took a decision out of force."""
        by = None if self.author.is_system else self.author.as_professional()
        return Ended(at=self.at, by=by, edit_id=self.id, kind=self.kind, reason=reason, detail=detail)

    def settled(self, outcome: SettledAs, detail: str = "") -> Settled:
        """The note that this edit settled something that waited."""
        return Settled(at=self.at, by=self.author.as_professional(), edit_id=self.id, outcome=outcome, detail=detail)


def check_author_or_signer(edit: Edit, *authors: str) -> None:
    """Whoever made an entry may take it back; so may a signer.

    Args:
        edit: the edit that takes it back.
        authors: ids of the clinicians who made the entry; none: a signer only.

    Raises:
        RuleBroken: the author is neither.
    """
    own = edit.author.clinician_id in authors and edit.author.clinician_id != ""
    if not own and not edit.author.may_sign:
        raise RuleBroken("Ask whoever made the entry, or a clinician with a current authorisation to sign")


FACTS: Final = tuple(part.name for part in fields(Facts))


def facts_of(said: Facts) -> dict[str, Any]:
    """What a decision, a proposal or a body says, without what became of it."""
    return {name: getattr(said, name) for name in FACTS}


def move(state: CPRState, decision: Decision, edit: Edit, *, reason: str = "", detail: str = "") -> CPRState:
    """Take a decision to where this kind of edit leads it."""
    status = DECISION_TRANSITIONS[decision.status, edit.kind]
    return put(state, replace(decision, status=status, ended=edit.ended(reason, detail)))


def put(state: CPRState, decision: Decision) -> CPRState:
    """The section with one decision changed."""
    return replace(state, decisions=with_replaced(state.decisions, decision))


def get_in_force(state: CPRState, decision_id: str = "") -> Decision:
    """The decision in force.

    Raises:
        RuleBroken: there is none, or not the one that was meant.
    """
    decision = state.in_force
    if decision is None:
        raise RuleBroken("Open the record again: there is no decision in force")
    if decision_id and decision.id != decision_id:
        raise RuleBroken("Open the record again: another decision is in force now", field="decision_id")
    return decision


def end_proposal(state: CPRState, edit: Edit, proposal_id: str, settled: Settled) -> CPRState:
    """The section with one proposal taken to where this kind of edit leads it."""
    proposals = tuple(
        replace(proposal, status=PROPOSAL_TRANSITIONS[proposal.status, edit.kind], settled=settled)
        if proposal.id == proposal_id
        else proposal
        for proposal in state.proposals
    )
    return replace(state, proposals=proposals)


# --- What waits, and what settles it ---------------------------------------------------------------------------------

_Waiting = TypeVar("_Waiting", bound=Waiting)
_Part = TypeVar("_Part", bound=Waiting | Decision)


def get_open(waiting: Iterable[_Waiting], sought: str, *, field: str) -> _Waiting:
    """What waits under this id.

    Raises:
        RuleBroken: it does not wait, or not any more.
    """
    for one in waiting:
        if one.id == sought and one.is_open:
            return one
    raise RuleBroken("Open the record again: this does not wait any more", field=field)


def with_replaced(parts: tuple[_Part, ...], new: _Part) -> tuple[_Part, ...]:
    """The parts, with the one of this id as it is now."""
    return tuple(new if part.id == new.id else part for part in parts)


def settle(state: CPRState, edit: Edit, settles: Iterable[str], *, agreeing: Iterable[str] = ()) -> CPRState:
    """Answer what the signer names, and proposals that say the same; whatever nobody named goes on waiting.

    A signer who did not know of a withdrawal has not answered it: the decision is then in doubt.
    """
    answered = edit.settled(SettledAs.ANSWERED)
    named = set(settles)
    waiting: tuple[Waiting, ...] = (*state.open_withdrawals, *state.open_flags, *state.open_requests)
    if named - {one.id for one in waiting} - {proposal.id for proposal in state.open_proposals}:
        raise RuleBroken("Open the record again: something you answer does not wait any more", field="settles")

    def ended(one: _Waiting) -> _Waiting:
        return replace(one, settled=answered) if one.id in named else one

    after = replace(
        state,
        withdrawals=tuple(ended(withdrawal) for withdrawal in state.withdrawals),
        wrong_person_flags=tuple(ended(flag) for flag in state.wrong_person_flags),
        review_requests=tuple(ended(request) for request in state.review_requests),
    )
    for proposal in state.open_proposals:
        if proposal.id in named or proposal.id in agreeing:
            after = _answer_proposal(after, edit, proposal, answered)
    return after


def _answer_proposal(state: CPRState, edit: Edit, proposal: Proposal, answered: Settled) -> CPRState:
    """Signing by way of one proposal answers the others just as signing does."""
    kind = EditKind.SIGN if edit.kind is EditKind.CONFIRM_PROPOSAL else edit.kind
    return end_proposal(state, replace(edit, kind=kind), proposal.id, answered)
