"""Whatever happens to a section, in whatever order: never two in force, a line always, and doubt never shows a side.

The machine drives the real rules. The wrong variants at the end must each be caught by it: tests of the test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from epaccs.core.errors import EpaccsError
from epaccs.cpr_decisions.rules import (
    DECISION_TRANSITIONS,
    SYSTEM,
    AdvanceDecision,
    Author,
    CPRLine,
    CPRState,
    Decision,
    DecisionStatus,
    EditKind,
    HeldRival,
    Shape,
    Situation,
    Words,
    apply,
    line,
)
from tests.cpr_decisions.stories import (
    AROUND,
    CALL_HANDLER,
    FOR_CPR,
    GP,
    NOT_FOR_CPR,
    NOW,
    NURSE,
    PARAMEDIC,
    WITHOUT_CAPACITY,
    a_body,
    a_rival,
    a_withdrawal,
)

WORDS = Words()
ADRT = AdvanceDecision(refuses_cpr=True, document_seen=True, made_on=date(2025, 3, 1))
BODIES = [
    NOT_FOR_CPR,
    a_body(reason="person_refuses"),
    a_body(**WITHOUT_CAPACITY),
    FOR_CPR,
    a_body(FOR_CPR, **WITHOUT_CAPACITY),
]
WHAT_WAS_DECIDED = ("recommendation", "decided_at", "reason", "capacity", "signer", "signed_at", "original_location")

bodies = st.sampled_from(BODIES)
anything = st.integers(0, 20)


def in_force(state: CPRState) -> list[Decision]:
    return [decision for decision in state.decisions if decision.status is DecisionStatus.IN_FORCE]


def facts(decision: Decision) -> list[Any]:
    return [getattr(decision, name) for name in WHAT_WAS_DECIDED]


class CPRMachine(RuleBasedStateMachine):
    """One person's section, and people who sign, propose, report, withdraw, flag, void and die in any order."""

    apply: Callable[..., CPRState] = staticmethod(apply)
    show: Callable[..., CPRLine] = staticmethod(line)

    def __init__(self) -> None:
        super().__init__()
        self.state = CPRState.from_value({"from_the_future": [1]})
        self.around = AROUND
        self.held: tuple[HeldRival, ...] = ()
        self.count = 0

    def do(self, kind: EditKind, body: dict[str, Any], by: Author = GP) -> str | None:
        """Make an edit; None: it was refused, and nothing changed."""
        self.count += 1
        edit_id = f"{kind}-{self.count}"
        before = self.state
        at = NOW + timedelta(minutes=self.count)
        try:
            self.state = self.apply(
                before,
                kind,
                body,
                edit_id=edit_id,
                author=by,
                recorded_at=at,
                around=replace(self.around, now=at),
            )
        except EpaccsError:
            return None
        self._went_where_the_table_says(before, kind)
        return edit_id

    def _went_where_the_table_says(self, before: CPRState, kind: EditKind) -> None:
        was = {decision.id: decision.status for decision in before.decisions}
        for decision in self.state.decisions:
            old = was.get(decision.id)
            if old is decision.status:
                continue
            ends = {DECISION_TRANSITIONS.get((old, kind))}
            ends |= {DecisionStatus.ENDED_BY_DEATH} if old is None and kind is EditKind.VOID else set()
            assert decision.status in ends, f"{old} went to {decision.status} by {kind}"

    def _one(self, waiting: Iterable[Any], number: int) -> str:
        ids = [one.id for one in waiting]
        return ids[number % len(ids)] if ids else "none"

    # What people do

    @rule(body=bodies, settle=st.booleans())
    def sign(self, body: dict[str, Any], settle: bool) -> None:
        open_ones = [*self.state.open_withdrawals, *self.state.open_flags, *self.state.open_proposals]
        before = self.state
        signed = self.do(EditKind.SIGN, a_body(body, settles=[one.id for one in open_ones] if settle else []))
        assert signed or before.ended_by_death
        if signed and settle and not self.held and self.state.in_force and not self.around.adrts:
            assert self.line().situation in (Situation.NOT_FOR_CPR, Situation.FOR_CPR)

    @rule(body=bodies)
    def propose(self, body: dict[str, Any]) -> None:
        self.do(EditKind.PROPOSE, body, NURSE)

    @rule(recommendation=st.sampled_from(["not_for_cpr", "for_cpr", "modified"]), seen=st.booleans())
    def report(self, recommendation: str, seen: bool) -> None:
        told = {"recommendation": recommendation, "told_by": "ward sister"}
        body = a_body(told, document_seen={"at": "2026-11-21T02:00:00+00:00"}) if seen else told
        assert self.do(EditKind.REPORT, body, PARAMEDIC)

    @precondition(lambda self: self.state.open_proposals)
    @rule(number=anything)
    def confirm(self, number: int) -> None:
        self.do(EditKind.CONFIRM_PROPOSAL, {"proposal_id": self._one(self.state.open_proposals, number)})

    @precondition(lambda self: self.state.open_proposals)
    @rule(number=anything, kind=st.sampled_from([EditKind.DECLINE_PROPOSAL, EditKind.WITHDRAW_PROPOSAL]))
    def end_proposal(self, number: int, kind: EditKind) -> None:
        self.do(kind, {"proposal_id": self._one(self.state.open_proposals, number), "reason": "No"})

    @rule(capacity=st.sampled_from(["yes", "no", "not_known"]))
    def withdraw(self, capacity: str) -> None:
        decision = self.state.in_force
        assert self.do(EditKind.OWN_WITHDRAWAL, a_withdrawal(had_capacity=capacity), PARAMEDIC)
        if decision is not None and decision.recommendation == "not_for_cpr":
            assert self.line().situation is not Situation.NOT_FOR_CPR

    @rule()
    def report_withdrawal(self) -> None:
        before = self.state.decisions
        assert self.do(EditKind.REPORT_OWN_WITHDRAWAL, a_withdrawal(told_by="Ann"), CALL_HANDLER)
        assert self.state.decisions == before

    @precondition(lambda self: self.state.open_withdrawals)
    @rule(number=anything, outcome=st.sampled_from(["confirmed", "stands"]))
    def settle_withdrawal(self, number: int, outcome: str) -> None:
        withdrawal = self._one(self.state.open_withdrawals, number)
        self.do(EditKind.SETTLE_WITHDRAWAL, {"withdrawal_id": withdrawal, "outcome": outcome, "reason": "Spoke"})

    @rule(reason=st.sampled_from(["wishes_changed", "recovered", "refusal_withdrawn"]))
    def revoke(self, reason: str) -> None:
        if self.do(EditKind.REVOKE, {"decided_at": "2026-11-21T03:00:00+00:00", "reason": reason}):
            assert not in_force(self.state)

    @rule()
    def review(self) -> None:
        body = {"reviewed_at": "2026-11-21T03:00:00+00:00", "review_on": "2027-11-20"}
        self.do(EditKind.REVIEWED_AND_CONTINUES, body)

    @precondition(lambda self: self.state.decisions)
    @rule(number=anything)
    def void(self, number: int) -> None:
        before = self.state
        decision = before.find_decision(self._one(before.decisions, number))
        if decision is None or not self.do(EditKind.VOID, {"decision_id": decision.id, "reason": "wrong_person"}):
            return
        self._restored_what_was_good(before, decision)

    def _restored_what_was_good(self, before: CPRState, voided: Decision) -> None:
        """Walk back from the voided decision, as a person would with the history in hand."""
        good = [one for one in before.decisions if one.status is DecisionStatus.SUPERSEDED]
        replaced = before.find_decision(voided.supersedes)
        while replaced is not None and replaced not in good:
            replaced = before.find_decision(replaced.supersedes)
        stood = voided.status in (DecisionStatus.IN_FORCE, DecisionStatus.ENDED_BY_DEATH)
        now = [one for one in self.state.decisions if one.status is voided.status and one not in before.decisions]
        if stood and replaced is not None:
            assert [facts(one) for one in now] == [facts(replaced)]
        else:
            assert len(self.state.decisions) == len(before.decisions)
        if not stood:
            assert self.state.in_force == before.in_force

    @precondition(lambda self: self.state.withdrawals)
    @rule(number=anything)
    def void_withdrawal(self, number: int) -> None:
        self.do(EditKind.VOID, {"withdrawal_id": self._one(self.state.withdrawals, number), "reason": "mistake"})

    @precondition(lambda self: self.state.cancelled)
    @rule(number=anything)
    def void_cancelling(self, number: int) -> None:
        cancelled = self._one(self.state.cancelled, number)
        if self.do(EditKind.VOID, {"cancelled_decision_id": cancelled, "reason": "mistake"}):
            assert in_force(self.state)

    @rule()
    def flag(self) -> None:
        assert self.do(EditKind.WRONG_PERSON_FLAG, {}, PARAMEDIC)
        assert self.line().situation is Situation.IN_DOUBT

    @precondition(lambda self: self.state.open_flags)
    @rule(number=anything)
    def clear_flag(self, number: int) -> None:
        flag = self._one(self.state.open_flags, number)
        self.do(EditKind.CLEAR_WRONG_PERSON_FLAG, {"flag_id": flag, "reason": "Wristband"})

    @precondition(lambda self: self.state.in_force)
    @rule()
    def die_and_come_back(self) -> None:
        before = self.state
        self.do(EditKind.ENDED_BY_DEATH, {}, SYSTEM)
        assert not in_force(self.state)
        self.do(EditKind.DEATH_REVERSED, {}, SYSTEM)
        assert self.state == before

    @precondition(lambda self: self.state.in_force)
    @rule()
    def die(self) -> None:
        self.do(EditKind.ENDED_BY_DEATH, {}, SYSTEM)

    @precondition(lambda self: self.state.ended_by_death)
    @rule()
    def seen_alive(self) -> None:
        self.do(EditKind.DEATH_REVERSED, {}, SYSTEM)
        assert self.state.ended_by_death is None

    # What happens around

    @rule(kind=st.sampled_from([EditKind.SIGN, EditKind.REVOKE, EditKind.VOID]))
    def hold(self, kind: EditKind) -> None:
        self.held = (*self.held, a_rival(edit_id=str(len(self.held)), kind=str(kind)))
        assert self.line().situation is Situation.IN_DOUBT

    @precondition(lambda self: self.held)
    @rule()
    def settle_held(self) -> None:
        self.held = ()

    @rule(adrts=st.sampled_from([(), (ADRT,), (replace(ADRT, made_on=None),), (replace(ADRT, document_seen=False),)]))
    def change_the_record(self, adrts: tuple[AdvanceDecision, ...]) -> None:
        self.around = replace(self.around, adrts=adrts)

    # What always holds

    def line(self, **given: Any) -> CPRLine:
        now = NOW + timedelta(minutes=self.count)
        return self.show(self.state, held=self.held, around=self.around, copy_left_at=now, now=now, **given)

    @invariant()
    def never_two_in_force(self) -> None:
        assert len(in_force(self.state)) + (self.state.ended_by_death is not None) <= 1

    @invariant()
    def nothing_is_lost_between_value_and_section(self) -> None:
        value = self.state.to_value()
        assert value.get("from_the_future") == [1]
        assert CPRState.from_value(value) == self.state

    @invariant()
    def a_line_is_never_absent(self) -> None:
        shown = self.line()
        assert shown.large.strip()
        assert all(sentence.strip() for sentence in (*shown.second, *shown.extra, *shown.beneath))

    @invariant()
    def what_is_shown_as_current_is_in_force(self) -> None:
        shown = self.line()
        decisions = in_force(self.state)
        if shown.large == WORDS.not_for_cpr:
            assert [one.recommendation for one in decisions] == ["not_for_cpr"]
        if shown.large == WORDS.for_cpr:
            assert [one.recommendation for one in decisions] == ["for_cpr"]

    @invariant()
    def doubt_shows_no_side_as_current(self) -> None:
        """What is doubtful is asked of the parts here anew, not of the rules."""
        shown = self.line()
        decisions = in_force(self.state)
        opposed = any(
            proposal.recommendation != decision.recommendation
            for proposal in self.state.open_proposals
            for decision in decisions
        )
        withdrawn = self.state.open_withdrawals and any(one.recommendation == "not_for_cpr" for one in decisions)
        if self.held or self.state.open_flags or opposed or withdrawn:
            assert shown.situation is Situation.IN_DOUBT
        if shown.situation is Situation.IN_DOUBT:
            assert shown.large == WORDS.in_doubt
            assert shown.shape is Shape.SPLIT
            assert shown.sides
            assert not any(sentence.startswith("Signed 2") for sentence in shown.second)
            assert shown.review_overdue_since is None

    @invariant()
    def an_old_copy_claims_nothing(self) -> None:
        shown = self.line(copy_age_limit=timedelta(minutes=-1))
        assert shown.situation is Situation.COPY_PAST_AGE
        assert shown.large.startswith("Last known ")


def test_whatever_happens_the_rules_hold() -> None:
    run_state_machine_as_test(CPRMachine, settings=settings(max_examples=80, stateful_step_count=25, deadline=None))


# --- Tests of the test -----------------------------------------------------------------------------------------------


def _signs_beside(state: CPRState, kind: EditKind, body: dict[str, Any], **given: Any) -> CPRState:
    """A new decision does not end the one before it."""
    after = apply(state, kind, body, **given)
    if kind is not EditKind.SIGN or state.in_force is None:
        return after
    return replace(after, decisions=(*state.decisions, after.decisions[-1]))


def _voids_without_restoring(state: CPRState, kind: EditKind, body: dict[str, Any], **given: Any) -> CPRState:
    after = apply(state, kind, body, **given)
    return replace(after, decisions=after.decisions[: len(state.decisions)]) if kind is EditKind.VOID else after


def _restores_the_wrong_one(state: CPRState, kind: EditKind, body: dict[str, Any], **given: Any) -> CPRState:
    """Voiding brings the oldest decision back instead of the one that was replaced."""
    after = apply(state, kind, body, **given)
    if kind is not EditKind.VOID or len(after.decisions) == len(state.decisions):
        return after
    oldest = replace(after.decisions[0], id=after.decisions[-1].id, status=after.decisions[-1].status)
    return replace(after, decisions=(*after.decisions[:-1], replace(oldest, ended=after.decisions[-1].ended)))


def _loses_the_unknown(state: CPRState, kind: EditKind, body: dict[str, Any], **given: Any) -> CPRState:
    return replace(apply(state, kind, body, **given), extra={})


def _ignores_withdrawals(state: CPRState, kind: EditKind, body: dict[str, Any], **given: Any) -> CPRState:
    after = apply(state, kind, body, **given)
    return replace(after, withdrawals=()) if kind is EditKind.OWN_WITHDRAWAL and after.in_force else after


def _forgets_what_was_before_death(state: CPRState, kind: EditKind, body: dict[str, Any], **given: Any) -> CPRState:
    after = apply(state, kind, body, **given)
    if kind is not EditKind.DEATH_REVERSED:
        return after
    return replace(after, decisions=tuple(one for one in after.decisions if one not in in_force(after)))


def _revives_by_flagging(state: CPRState, kind: EditKind, body: dict[str, Any], **given: Any) -> CPRState:
    """An edit moves a decision where the table knows no way."""
    after = apply(state, kind, body, **given)
    if kind is not EditKind.WRONG_PERSON_FLAG or after.in_force or after.ended_by_death or not after.decisions:
        return after
    revived = replace(after.decisions[-1], status=DecisionStatus.IN_FORCE)
    return replace(after, decisions=(*after.decisions[:-1], revived))


def _shows_held_as_current(state: CPRState, **given: Any) -> CPRLine:
    return line(state, **{**given, "held": ()})


def _shows_flagged_as_current(state: CPRState, **given: Any) -> CPRLine:
    return line(replace(state, wrong_person_flags=()), **given)


def _shows_nothing_for_nothing(state: CPRState, **given: Any) -> CPRLine:
    shown = line(state, **given)
    return replace(shown, large="") if shown.situation is Situation.NONE_RECORDED else shown


def _picks_the_signed_side(state: CPRState, **given: Any) -> CPRLine:
    """In doubt, the last signed decision is shown."""
    shown = line(state, **given)
    if shown.situation is not Situation.IN_DOUBT or state.in_force is None:
        return shown
    return replace(shown, large=WORDS.line_of(state.in_force.recommendation))


def _shows_the_newest_whatever_its_status(state: CPRState, **given: Any) -> CPRLine:
    """A cancelled or superseded decision goes on being shown."""
    shown = line(state, **given)
    if shown.situation is not Situation.REVOKED:
        return shown
    return replace(shown, large=WORDS.line_of(state.decisions[-1].recommendation))


def _claims_though_old(state: CPRState, **given: Any) -> CPRLine:
    return line(state, **{**given, "copy_age_limit": None})


@pytest.mark.parametrize(
    "wrong",
    [
        _signs_beside,
        _voids_without_restoring,
        _restores_the_wrong_one,
        _loses_the_unknown,
        _ignores_withdrawals,
        _forgets_what_was_before_death,
        _revives_by_flagging,
        _shows_held_as_current,
        _shows_flagged_as_current,
        _shows_nothing_for_nothing,
        _picks_the_signed_side,
        _shows_the_newest_whatever_its_status,
        _claims_though_old,
    ],
)
def test_the_test_itself_catches_wrong_rules(wrong: Callable[..., Any]) -> None:
    name = "show" if "_shows" in wrong.__name__ or wrong in (_picks_the_signed_side, _claims_though_old) else "apply"
    machine = type("WrongMachine", (CPRMachine,), {name: staticmethod(wrong)})

    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=500,
                stateful_step_count=25,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
            ),
        )
