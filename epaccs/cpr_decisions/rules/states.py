"""The words of the section and its parts: decisions, proposals, withdrawals, flags, requests, sightings.

Source: docs/domain.md, CPR decisions; SCCI1580 v4.0 items 44 to 48.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from epaccs.cpr_decisions.rules.kept import Kept


class Recommendation(StrEnum):
    """What is recommended; `modified` comes from imports, is shown as "read the form" and never mapped."""

    NOT_FOR_CPR = "not_for_cpr"
    FOR_CPR = "for_cpr"
    MODIFIED = "modified"


class DecisionStatus(StrEnum):
    """Where a decision stands; at most one is in force. "None recorded" is computed, not stored."""

    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    ENTERED_IN_ERROR = "entered_in_error"
    ENDED_BY_DEATH = "ended_by_death"


class ProposalStatus(StrEnum):
    """Where a proposal stands; drafts live outside the versions and are none."""

    AWAITING_CONFIRMATION = "awaiting_confirmation"
    REPORTED = "reported"
    CONFIRMED = "confirmed"
    ANSWERED = "answered"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Reason(StrEnum):
    """Why a decision was made."""

    WOULD_NOT_WORK = "would_not_work"
    BURDEN_OUTWEIGHS_BENEFIT = "burden_outweighs_benefit"
    PERSON_REFUSES = "person_refuses"
    ADVANCE_DECISION = "advance_decision"
    ATTORNEY_REFUSES = "attorney_refuses"
    COURT_ORDER = "court_order"
    PERSON_WANTS_CPR = "person_wants_cpr"
    BENEFIT_EXPECTED = "benefit_expected"


class RevokeReason(StrEnum):
    """Why a decision was cancelled."""

    WISHES_CHANGED = "wishes_changed"
    RECOVERED = "recovered"
    REFUSAL_WITHDRAWN = "refusal_withdrawn"


class VoidReason(StrEnum):
    """Why an entry should never have been."""

    WRONG_PERSON = "wrong_person"
    MISTAKE = "mistake"


class HadCapacity(StrEnum):
    """Whether the person had capacity when they spoke."""

    YES = "yes"
    NO = "no"
    NOT_KNOWN = "not_known"


class Aware(StrEnum):
    """Who knows of the decision; several may."""

    PERSON = "person"
    FAMILY = "family"
    CARER = "carer"


class NotInvolvedBecause(StrEnum):
    """The only grounds on which a person with capacity is not involved; distress is none of them."""

    DECLINED = "declined"
    HARM = "harm"


class NotConsultedBecause(StrEnum):
    """The only grounds on which somebody is not consulted for a person without capacity."""

    NOT_PRACTICABLE = "not_practicable"
    NOT_APPROPRIATE = "not_appropriate"


class ConsulteeKind(StrEnum):
    """In which capacity somebody is asked."""

    ATTORNEY = "attorney"
    DEPUTY = "deputy"
    CLOSE = "close"


class IMCA(StrEnum):
    """What was done where nobody could be consulted (independent mental capacity advocate)."""

    INSTRUCTED = "instructed"
    URGENT = "urgent"


class WithdrawalOutcome(StrEnum):
    """How a signer settles a withdrawal."""

    CONFIRMED = "confirmed"
    STANDS = "stands"


class SettledAs(StrEnum):
    """What became of something that waited."""

    ENDED_DECISION = "ended_decision"
    CONFIRMED = "confirmed"
    STANDS = "stands"
    ANSWERED = "answered"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    CLEARED = "cleared"
    IN_ERROR = "in_error"


class EditKind(StrEnum):
    """Every kind of edit of this section; `transitions.KINDS` says who may make it."""

    SIGN = "sign"
    PROPOSE = "propose"
    REPORT = "report"
    CONFIRM_PROPOSAL = "confirm_proposal"
    DECLINE_PROPOSAL = "decline_proposal"
    WITHDRAW_PROPOSAL = "withdraw_proposal"
    REVOKE = "revoke"
    VOID = "void"
    REVIEWED_AND_CONTINUES = "reviewed_and_continues"
    PARTICULARS_AMENDED = "particulars_amended"
    ORIGINAL_SEEN = "original_seen"
    OWN_WITHDRAWAL = "own_withdrawal"
    REPORT_OWN_WITHDRAWAL = "report_own_withdrawal"
    SETTLE_WITHDRAWAL = "settle_withdrawal"
    RELATIVE_REPORT = "relative_report"
    REVIEW_ASKED = "review_asked"
    ANSWER_REVIEW = "answer_review"
    WRONG_PERSON_FLAG = "wrong_person_flag"
    CLEAR_WRONG_PERSON_FLAG = "clear_wrong_person_flag"
    ENDED_BY_DEATH = "ended_by_death"
    DEATH_REVERSED = "death_reversed"


# --- What a decision says --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Professional(Kept):
    """Somebody at work, as they were when they did it: people change names, roles and places."""

    clinician_id: str = ""
    name: str
    role: str = ""
    professional_number: str = ""
    organisation_id: str = ""
    organisation_name: str = ""
    authorisation: str = ""

    @property
    def named(self) -> str:
        """The name, role and organisation as a line shows them."""
        return ", ".join(part for part in (self.name, self.role, self.organisation_name) if part)


@dataclass(frozen=True, kw_only=True)
class Capacity(Kept):
    """Capacity for this one decision at the time of assessment; never a trait of the person. None: not answered."""

    has_capacity: bool | None = None
    assessed_at: datetime | None = None
    assessed_by: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Involvement(Kept):
    """How a person with capacity took part. None: not answered."""

    person_involved: bool | None = None
    not_involved_because: NotInvolvedBecause | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Consultee(Kept):
    """One attorney, deputy or person close, and whether they were consulted. None: not answered."""

    name: str = ""
    kind: ConsulteeKind = ConsulteeKind.CLOSE
    relationship: str = ""
    consulted: bool | None = None
    because: NotConsultedBecause | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Consultation(Kept):
    """Who was asked for a person without capacity."""

    people: tuple[Consultee, ...] = ()
    nobody_close: bool = False
    imca: IMCA | None = None
    imca_name: str = ""


@dataclass(frozen=True, kw_only=True)
class RefusedBy(Kept):
    """The attorney who refuses CPR for the person."""

    name: str = ""
    kind: ConsulteeKind = ConsulteeKind.ATTORNEY


@dataclass(frozen=True, kw_only=True)
class Facts(Kept):
    """What a decision or a proposal says; what is not answered is None or empty.

    `person_not_told`: why the person has not been told, a fact of its own. `contradiction_reason`: why it was signed
    although another section says otherwise.
    """

    recommendation: Recommendation | None = None
    decided_at: datetime | None = None
    reason: Reason | None = None
    reason_detail: str = ""
    refused_by: RefusedBy | None = None
    capacity: Capacity | None = None
    involvement: Involvement | None = None
    consultation: Consultation | None = None
    aware: tuple[Aware, ...] = ()
    person_not_told: str = ""
    review_on: date | None = None
    no_review_reason: str = ""
    original_location: str = ""
    contradiction_reason: str = ""


# --- What became of it -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Ended(Kept):
    """How a decision left force. `by` None: the register did it."""

    at: datetime
    edit_id: str
    kind: EditKind
    by: Professional | None = None
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Restored(Kept):
    """That a decision is back after a mistaken entry; it asks to be confirmed by a review."""

    at: datetime
    restores: str
    by: Professional


@dataclass(frozen=True, kw_only=True)
class Reviewed(Kept):
    """That a signer reviewed the decision, and that it continues."""

    at: datetime
    by: Professional


@dataclass(frozen=True, kw_only=True)
class Settled(Kept):
    """What became of a proposal, withdrawal, flag or request."""

    at: datetime
    edit_id: str
    outcome: SettledAs
    by: Professional
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class DocumentSeen(Kept):
    """Who held a form made elsewhere in their hands, and when."""

    at: datetime
    by: str = ""
    role: str = ""
    place: str = ""


# --- The parts of the section ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Decision(Facts):
    """A signed decision. `supersedes`: the one it replaced, which comes back when this one is voided.

    `original_located_at`: when somebody last said where the original is; None: not since it was signed.
    """

    id: str
    status: DecisionStatus
    recommendation: Recommendation
    decided_at: datetime
    signer: Professional
    signed_at: datetime
    drafter: Professional | None = None
    from_proposal: str = ""
    last_reviewed: Reviewed | None = None
    original_located_at: datetime | None = None
    supersedes: str = ""
    ended: Ended | None = None
    restored: Restored | None = None

    @property
    def asks_to_be_confirmed(self) -> bool:
        """It came back after a mistaken entry, and nobody has reviewed it since."""
        return self.restored is not None and (self.last_reviewed is None or self.last_reviewed.at < self.restored.at)


@dataclass(frozen=True, kw_only=True)
class Proposal(Facts):
    """What somebody proposes, or was told of; it stands beside the decision in force and never replaces its line."""

    id: str
    status: ProposalStatus
    recommendation: Recommendation
    by: Professional
    recorded_at: datetime
    told_by: str = ""
    told_from: str = ""
    document_seen: DocumentSeen | None = None
    settled: Settled | None = None

    @property
    def told_by_whom(self) -> str:
        """Who told of it, and from where."""
        return ", ".join(part for part in (self.told_by, self.told_from) if part)

    @property
    def is_open(self) -> bool:
        """It still waits for a signer."""
        return self.status in (ProposalStatus.AWAITING_CONFIRMATION, ProposalStatus.REPORTED)


@dataclass(frozen=True, kw_only=True)
class Waiting(Kept):
    """Something that waits for somebody. `settled` None: it still waits."""

    id: str
    by: Professional
    recorded_at: datetime
    words: str = ""
    settled: Settled | None = None

    @property
    def is_open(self) -> bool:
        """It still waits."""
        return self.settled is None


@dataclass(frozen=True, kw_only=True)
class Withdrawal(Waiting):
    """That the person withdrew their refusal. `told_by`: who told a call handler; empty: heard by `by` themselves."""

    said_at: datetime
    had_capacity: HadCapacity
    is_reported: bool = False
    told_by: str = ""
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class WrongPersonFlag(Waiting):
    """That somebody thinks this belongs to another person. `about`: the decision; empty: the whole section."""

    about: str = ""


@dataclass(frozen=True, kw_only=True)
class ReviewRequest(Waiting):
    """That a review is asked for. `said_by`: the relative who says that wishes have changed; empty: no relative."""

    said_by: str = ""
    relationship: str = ""
    is_relative: bool = False


@dataclass(frozen=True, kw_only=True)
class Sighting(Kept):
    """That somebody saw the original form."""

    id: str
    by: Professional
    recorded_at: datetime
    seen_on: date
    place: str
    photo_id: str = ""


@dataclass(frozen=True, kw_only=True)
class CPRState(Kept):
    """The whole section, oldest first in each list."""

    decisions: tuple[Decision, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    wrong_person_flags: tuple[WrongPersonFlag, ...] = ()
    review_requests: tuple[ReviewRequest, ...] = ()
    sightings: tuple[Sighting, ...] = ()

    @property
    def in_force(self) -> Decision | None:
        """The one decision in force; None: there is none."""
        return self._last_with(DecisionStatus.IN_FORCE)

    @property
    def ended_by_death(self) -> Decision | None:
        """The decision that was in force when the person died; None: there was none, or they live."""
        return self._last_with(DecisionStatus.ENDED_BY_DEATH)

    @property
    def cancelled(self) -> tuple[Decision, ...]:
        """Decisions that were cancelled, without those whose cancelling was a mistake and that came back."""
        back = {decision.restored.restores for decision in self.decisions if decision.restored is not None}
        return tuple(
            decision
            for decision in self.decisions
            if decision.status is DecisionStatus.REVOKED and decision.id not in back
        )

    @property
    def open_proposals(self) -> tuple[Proposal, ...]:
        """Proposals and reports that wait for a signer."""
        return tuple(proposal for proposal in self.proposals if proposal.is_open)

    @property
    def open_withdrawals(self) -> tuple[Withdrawal, ...]:
        """Withdrawals that nobody has settled."""
        return tuple(withdrawal for withdrawal in self.withdrawals if withdrawal.is_open)

    @property
    def open_flags(self) -> tuple[WrongPersonFlag, ...]:
        """Wrong-person flags that nobody has cleared."""
        return tuple(flag for flag in self.wrong_person_flags if flag.is_open)

    @property
    def open_requests(self) -> tuple[ReviewRequest, ...]:
        """Requests for a review that nobody has answered."""
        return tuple(request for request in self.review_requests if request.is_open)

    @property
    def person_not_told(self) -> bool:
        """The person does not know of the decision in force: home sheets, own copies and messages stop and ask."""
        return self.in_force is not None and bool(self.in_force.person_not_told)

    def find_decision(self, decision_id: str) -> Decision | None:
        """The decision of this id; None: there is none here."""
        return next((decision for decision in self.decisions if decision.id == decision_id), None)

    def _last_with(self, status: DecisionStatus) -> Decision | None:
        return next((decision for decision in reversed(self.decisions) if decision.status is status), None)
