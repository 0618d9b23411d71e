"""`apply`: what the section says after one edit.

There is no path for more than one person: it takes one section of one person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from epaccs.core.errors import RuleBroken
from epaccs.cpr_decisions.rules import bodies, observing, signing, voiding
from epaccs.cpr_decisions.rules.around import Around, Author, Death
from epaccs.cpr_decisions.rules.bodies import read_body
from epaccs.cpr_decisions.rules.edits import Edit, facts_of, move, put
from epaccs.cpr_decisions.rules.states import CPRState, EditKind
from epaccs.cpr_decisions.rules.transitions import DECISION_TRANSITIONS, KINDS, Who


def apply(  # noqa: PLR0913 - an edit, its author, its moment and what is around it; all by name
    state: CPRState,
    kind: EditKind,
    body: Mapping[str, Any],
    *,
    edit_id: str,
    author: Author,
    recorded_at: datetime,
    around: Around,
) -> CPRState:
    """What the section says after one edit; `state` itself stays as it was.

    Whether the author had seen this state is the writer's business, not asked here.

    Raises:
        RuleBroken, RulesBroken: what is refused, each with its sentence and field.
        Contradicts: another section says otherwise and no reason is given (a kind of RuleBroken).
    """
    edit = Edit(kind=kind, body=body, id=edit_id, author=author, at=recorded_at, around=around)
    _check_who(edit)
    _check_alive(state, edit)
    return _HOW[kind](state, edit)


def says_nothing_new(state: CPRState, kind: EditKind, body: Mapping[str, Any]) -> bool:
    """A signature that says, word for word, what the decision in force says: the same value, received twice.

    It confirms nothing and is no review.
    """
    if kind is not EditKind.SIGN or state.in_force is None:
        return False
    signed = read_body(bodies.SignBody, body)
    return not signed.settles and facts_of(signed) == facts_of(state.in_force)


#: Who may make an edit, and whom everybody else is sent to. What is left to the access table, or to the entry's own
#: author, is not asked here.
_MAY: Final[Mapping[Who, tuple[Callable[[Author], bool], str]]] = {
    Who.SIGNER: (
        lambda author: author.may_sign,
        "Ask a clinician with a current authorisation to sign; you may prepare it for them",
    ),
    Who.DRAFTER: (lambda author: author.may_draft or author.may_sign, "Ask a clinician who may draft CPR decisions"),
    Who.CLINICAL: (lambda author: author.is_clinical or author.is_system, "Ask a clinician to record this"),
    Who.CLINICAL_OR_CALL_HANDLER: (
        lambda author: author.is_clinical or author.is_call_handler,
        "Ask a clinician or a call handler to record this",
    ),
    Who.ANYONE: (lambda _author: True, ""),
    Who.AUTHOR_OR_SIGNER: (lambda _author: True, ""),
    Who.SYSTEM: (lambda author: author.is_system, "Record or reverse the death on the person's own page"),
}


def _check_who(edit: Edit) -> None:
    may, sentence = _MAY[KINDS[edit.kind].who]
    if not may(edit.author):
        raise RuleBroken(sentence)


def _check_alive(state: CPRState, edit: Edit) -> None:
    died = edit.around.died is Death.CONFIRMED or state.ended_by_death is not None
    if died and not KINDS[edit.kind].after_death:
        raise RuleBroken('Record "seen alive" first if this person lives: their death is confirmed')


# --- Death -----------------------------------------------------------------------------------------------------------


def _ended_by_death(state: CPRState, edit: Edit) -> CPRState:
    decision = state.in_force
    return move(state, decision, edit) if decision else state


def _death_reversed(state: CPRState, edit: Edit) -> CPRState:
    """The decision that the death had ended is in force again, untouched."""
    decision = state.ended_by_death
    if decision is None:
        return state
    status = DECISION_TRANSITIONS[decision.status, edit.kind]
    return put(state, replace(decision, status=status, ended=None))


_HOW: Final[Mapping[EditKind, Callable[[CPRState, Edit], CPRState]]] = {
    EditKind.SIGN: signing.sign,
    EditKind.PROPOSE: signing.propose,
    EditKind.REPORT: signing.report,
    EditKind.CONFIRM_PROPOSAL: signing.confirm_proposal,
    EditKind.DECLINE_PROPOSAL: signing.decline_proposal,
    EditKind.WITHDRAW_PROPOSAL: signing.withdraw_proposal,
    EditKind.REVOKE: signing.revoke,
    EditKind.VOID: voiding.void,
    EditKind.REVIEWED_AND_CONTINUES: signing.reviewed_and_continues,
    EditKind.PARTICULARS_AMENDED: signing.particulars_amended,
    EditKind.ORIGINAL_SEEN: observing.original_seen,
    EditKind.OWN_WITHDRAWAL: observing.own_withdrawal,
    EditKind.REPORT_OWN_WITHDRAWAL: observing.report_own_withdrawal,
    EditKind.SETTLE_WITHDRAWAL: observing.settle_withdrawal,
    EditKind.RELATIVE_REPORT: observing.relative_report,
    EditKind.REVIEW_ASKED: observing.review_asked,
    EditKind.ANSWER_REVIEW: observing.answer_review,
    EditKind.WRONG_PERSON_FLAG: observing.wrong_person_flag,
    EditKind.CLEAR_WRONG_PERSON_FLAG: observing.clear_wrong_person_flag,
    EditKind.ENDED_BY_DEATH: _ended_by_death,
    EditKind.DEATH_REVERSED: _death_reversed,
}
