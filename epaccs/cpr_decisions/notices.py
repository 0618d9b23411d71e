"""Who must do or know something after a change of the CPR decision.

Source: docs/domain.md, CPR decisions, "After a signed change"; hazards H-07, H-10 and H-26.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from epaccs.clinicians.rules import Actor
from epaccs.core.fields import start_of
from epaccs.cpr_decisions import rules
from epaccs.cpr_decisions.rules import Around, CPRState, DecisionStatus, FollowUpKind
from epaccs.notices.actions import About, Desk
from epaccs.notices.rules import NoticeKind
from epaccs.versions.registry import Context

#: A proposal waits this long before it is overdue. Source: the register's CPR page.
CONFIRM_WITHIN = timedelta(hours=72)

_KINDS: dict[FollowUpKind, NoticeKind] = {
    FollowUpKind.CHECK_ICD: NoticeKind.ICD,
    FollowUpKind.TELL_PERSON: NoticeKind.PERSON_NOT_TOLD,
    FollowUpKind.REVIEW_TREATMENT_LEVEL: NoticeKind.CPR_REVIEW_ASKED,
    FollowUpKind.CONFIRM_RESTORED: NoticeKind.CPR_REVIEW_ASKED,
    FollowUpKind.LATER_SIGNER: NoticeKind.CPR_REVIEW_ASKED,
    FollowUpKind.FORM_SEEN: NoticeKind.UPDATED,
    FollowUpKind.CONFIRM_PROPOSAL: NoticeKind.CONFIRM_PROPOSAL,
    FollowUpKind.ANSWER_REVIEW: NoticeKind.CPR_REVIEW_ASKED,
    FollowUpKind.SETTLE_DOUBT: NoticeKind.CPR_DOUBT,
    FollowUpKind.FIND_FORM: NoticeKind.FORM_UNPLACED,
}
_HIGH = frozenset({NoticeKind.CPR_DOUBT, NoticeKind.WRONG_PERSON, NoticeKind.OWN_WITHDRAWAL, NoticeKind.ICD})


def leave_notices(desk: Desk, before: CPRState, after: CPRState, context: Context, around: Around) -> None:
    """Tell whoever must act, and end what was done, in the transaction of the change."""
    _end_what_is_done(desk, after, context, around)
    for one in rules.follow_ups(before, after, around=around):
        _notify(desk, context, _KINDS[one.kind], for_clinician=one.for_clinician_id)
    if len(after.open_withdrawals) > len(before.open_withdrawals):
        _notify(desk, context, NoticeKind.OWN_WITHDRAWAL)
    if len(after.open_flags) > len(before.open_flags):
        _notify(desk, context, NoticeKind.WRONG_PERSON)
    _follow_review(desk, before, after, context)
    _tell_readers_of_mistakes(desk, before, after, context)


def _about(context: Context, kind: NoticeKind) -> About:
    due_at = context.now + CONFIRM_WITHIN if kind is NoticeKind.CONFIRM_PROPOSAL else None
    severity = "high" if kind in _HIGH else "routine"
    return About(context.entry_id, kind, "cpr", context.edit_id, due_at, severity)


def _notify(desk: Desk, context: Context, kind: NoticeKind, *, for_clinician: str = "") -> None:
    about = _about(context, kind)
    if for_clinician:
        clinician_id = UUID(for_clinician)
        desk.notify(about, organisation_ids=desk.workplaces_of(clinician_id)[:1], clinician_id=clinician_id)
    desk.notify_accountable(about)


def _end_what_is_done(desk: Desk, after: CPRState, context: Context, around: Around) -> None:
    done = []
    if not after.open_proposals:
        done.append(NoticeKind.CONFIRM_PROPOSAL)
    if not after.open_withdrawals:
        done.append(NoticeKind.OWN_WITHDRAWAL)
    if not after.open_flags:
        done.append(NoticeKind.WRONG_PERSON)
    if not after.open_requests:
        done.append(NoticeKind.CPR_REVIEW_ASKED)
    if not after.person_not_told:
        done.append(NoticeKind.PERSON_NOT_TOLD)
    if not rules.doubts(after, held=(), around=around):
        done.append(NoticeKind.CPR_DOUBT)
    if rules.find_unplaced(after, around) is None:
        done.append(NoticeKind.FORM_UNPLACED)
    desk.end(entry_id=context.entry_id, kinds=done, section="cpr")


def leave_notice_of_move(desk: Desk, *, entry_id: UUID, edit_id: UUID, state: CPRState, around: Around) -> None:
    """The practice and the key worker are asked where the signed form is, once for each move that left it open.

    Source: hazard H-44.
    """
    if rules.find_unplaced(state, around) is not None:
        desk.notify_accountable(About(entry_id, NoticeKind.FORM_UNPLACED, "cpr", edit_id))


def _follow_review(desk: Desk, before: CPRState, after: CPRState, context: Context) -> None:
    """One notice for the review of the decision in force; a new date replaces it."""
    was = before.in_force.review_on if before.in_force else None
    now = after.in_force.review_on if after.in_force else None
    if was == now:
        return
    desk.end(entry_id=context.entry_id, kinds=[NoticeKind.CPR_REVIEW_DUE], section="cpr")
    if now is not None:
        about = About(context.entry_id, NoticeKind.CPR_REVIEW_DUE, "cpr", context.edit_id, review_moment(now))
        desk.notify_accountable(about)


def review_moment(day: date) -> datetime:
    """When a review that is due on a day becomes overdue: as that day ends by British clocks."""
    return start_of(day + timedelta(days=1))


def _tell_readers_of_mistakes(desk: Desk, before: CPRState, after: CPRState, context: Context) -> None:
    """Everybody who saw, printed or heard an entry that was a mistake is told to read again (hazard H-03)."""
    earlier = {decision.id: decision.status for decision in before.decisions}
    for decision in after.decisions:
        if decision.status is not DecisionStatus.ENTERED_IN_ERROR or earlier.get(decision.id) is decision.status:
            continue
        for clinician_id, organisation_id in desk.readers_since(context.entry_id, decision.signed_at):
            if clinician_id != context.actor.clinician_id:
                about = About(context.entry_id, NoticeKind.READ_WHAT_WAS_WRONG, "cpr", context.edit_id, severity="high")
                desk.notify(about, organisation_ids=[organisation_id], clinician_id=clinician_id)


def leave_late_notices(desk: Desk, seen: CPRState, now: CPRState, *, entry_id: UUID, reader: Actor) -> None:
    """Whoever read a copy without signal, and whose look came only now, is told what was found wrong meanwhile.

    Args:
        seen: what the copy said that they read.
        now: what the register says.

    Source: docs/domain.md, CPR decisions, "Voiding a mistake"; hazard H-03.
    """
    shown = {decision.id for decision in seen.decisions if decision.status is DecisionStatus.IN_FORCE}
    mistakes = (one for one in now.decisions if one.status is DecisionStatus.ENTERED_IN_ERROR)
    if any(one.id in shown for one in mistakes):
        _tell_reader(desk, NoticeKind.READ_WHAT_WAS_WRONG, entry_id, reader)
    if {flag.id for flag in now.open_flags} - {flag.id for flag in seen.open_flags}:
        _tell_reader(desk, NoticeKind.WRONG_PERSON, entry_id, reader)


def _tell_reader(desk: Desk, kind: NoticeKind, entry_id: UUID, reader: Actor) -> None:
    about = About(entry_id, kind, "cpr", severity="high")
    desk.notify(about, organisation_ids=[reader.organisation_id], clinician_id=reader.clinician_id)
