"""What somebody must do or know after a change of the section: found by comparing it before and after.

Source: hazard H-07 (an active ICD at the end of life).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from epaccs.cpr_decisions.rules.around import Around
from epaccs.cpr_decisions.rules.doubt import doubts
from epaccs.cpr_decisions.rules.originals import find_unplaced
from epaccs.cpr_decisions.rules.requirements import treatment_level_disagrees
from epaccs.cpr_decisions.rules.states import CPRState, Decision, DecisionStatus, Recommendation


class FollowUpKind(StrEnum):
    """What has to be done or known."""

    CHECK_ICD = "check_icd"
    TELL_PERSON = "tell_person"
    REVIEW_TREATMENT_LEVEL = "review_treatment_level"
    CONFIRM_RESTORED = "confirm_restored"
    LATER_SIGNER = "later_signer"
    FORM_SEEN = "form_seen"
    CONFIRM_PROPOSAL = "confirm_proposal"
    ANSWER_REVIEW = "answer_review"
    SETTLE_DOUBT = "settle_doubt"
    FIND_FORM = "find_form"


@dataclass(frozen=True)
class FollowUp:
    """One thing to do. `for_clinician_id` empty: whoever answers for the person, their practice and key worker."""

    kind: FollowUpKind
    sentence: str
    for_clinician_id: str = ""


def follow_ups(before: CPRState, after: CPRState, *, around: Around) -> list[FollowUp]:
    """What the change asks of somebody; what was asked before is not asked again."""
    asked = [*_asked_by_decision(before, around), *_asked_by_waiting(before, around)]
    asks = [*_asked_by_decision(after, around), *_asked_by_waiting(after, around)]
    return [one for one in asks if one not in asked] + _asked_by_event(before, after)


def _asked_by_decision(state: CPRState, around: Around) -> list[FollowUp]:
    decision = state.in_force
    if decision is None:
        return []
    found = []
    if decision.recommendation is Recommendation.NOT_FOR_CPR and around.icd in ("active", "unknown"):
        found.append(
            FollowUp(FollowUpKind.CHECK_ICD, f"Not for CPR, and an implanted defibrillator is {around.icd}: arrange")
        )
    if state.person_not_told:
        found.append(FollowUp(FollowUpKind.TELL_PERSON, "The person has not been told of the CPR decision"))
    if treatment_level_disagrees(state, around):
        found.append(FollowUp(FollowUpKind.REVIEW_TREATMENT_LEVEL, "CPR is recommended: review the treatment level"))
    if decision.asks_to_be_confirmed:
        found.append(
            FollowUp(
                FollowUpKind.CONFIRM_RESTORED,
                "Your CPR decision was restored after a mistaken entry: confirm it",
                decision.signer.clinician_id,
            )
        )
    if find_unplaced(state, around) is not None:
        found.append(FollowUp(FollowUpKind.FIND_FORM, "The person has moved: ask where the signed form is now"))
    return found


def _asked_by_waiting(state: CPRState, around: Around) -> list[FollowUp]:
    return (
        [FollowUp(FollowUpKind.SETTLE_DOUBT, "The CPR decision is in doubt: settle it")]
        if doubts(state, held=(), around=around)
        else []
    )


def _asked_by_event(before: CPRState, after: CPRState) -> list[FollowUp]:
    """What a new entry asks, each time it is made."""
    signer = after.in_force.signer.clinician_id if after.in_force else ""
    found = []
    if len(after.open_proposals) > len(before.open_proposals):
        found.append(FollowUp(FollowUpKind.CONFIRM_PROPOSAL, "A CPR decision waits to be confirmed"))
    if len(after.review_requests) > len(before.review_requests):
        found.append(FollowUp(FollowUpKind.ANSWER_REVIEW, "A review of the CPR decision is asked for", signer))
    if len(after.sightings) > len(before.sightings):
        found.append(FollowUp(FollowUpKind.FORM_SEEN, "The signed form was seen: check where it is kept", signer))
    if _voided(after) > _voided(before) and after.in_force is not None and after.in_force == before.in_force:
        found.append(
            FollowUp(
                FollowUpKind.LATER_SIGNER,
                "An entry before your decision was a mistake: look at yours again",
                signer,
            )
        )
    return found


def _voided(state: CPRState) -> int:
    return sum(_is_voided(decision) for decision in state.decisions)


def _is_voided(decision: Decision) -> bool:
    return decision.status is DecisionStatus.ENTERED_IN_ERROR
