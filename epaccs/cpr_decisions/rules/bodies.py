"""What each kind of edit says: the shape of its body. Times are moments with their zone, days are dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.cpr_decisions.rules.kept import Kept, WrongPart
from epaccs.cpr_decisions.rules.states import (
    Aware,
    DocumentSeen,
    EditKind,
    Facts,
    HadCapacity,
    Recommendation,
    RevokeReason,
    VoidReason,
    WithdrawalOutcome,
)


@dataclass(frozen=True, kw_only=True)
class SignBody(Facts):
    """A decision to be signed. `settles`: ids of what waited and is answered by it."""

    settles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ConfirmBody(Facts):
    """A proposal to be signed; whatever is given here stands instead of what the proposal says."""

    proposal_id: str = ""
    settles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReportBody(Facts):
    """A decision made elsewhere, as it was told. `document_seen` None: nobody here has seen the form."""

    told_by: str = ""
    told_from: str = ""
    document_seen: DocumentSeen | None = None


@dataclass(frozen=True, kw_only=True)
class EndProposalBody(Kept):
    """A proposal that is declined, or withdrawn by its author."""

    proposal_id: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class RevokeBody(Kept):
    """A decision that is cancelled; without `decision_id` the one in force is meant."""

    decision_id: str = ""
    decided_at: datetime | None = None
    reason: RevokeReason | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class VoidBody(Kept):
    """A mistake: a decision, a withdrawal, or the cancelling of a decision; just one of the three."""

    decision_id: str = ""
    withdrawal_id: str = ""
    cancelled_decision_id: str = ""
    reason: VoidReason | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class ReviewBody(Kept):
    """A review after which the decision continues."""

    decision_id: str = ""
    reviewed_at: datetime | None = None
    review_on: date | None = None
    no_review_reason: str = ""
    settles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ParticularsBody(Kept):
    """Where the original is now, and who is aware. `aware` None: that part stays as it is.

    `original_checked`: the author knows that it is there today, also where the place is the one that was recorded.
    """

    original_location: str = ""
    original_checked: bool = False
    aware: tuple[Aware, ...] | None = None
    person_not_told: str = ""


@dataclass(frozen=True, kw_only=True)
class SightingBody(Kept):
    """The original form was seen."""

    place: str = ""
    seen_on: date | None = None
    photo_id: str = ""


@dataclass(frozen=True, kw_only=True)
class WithdrawalBody(Kept):
    """The person withdrew their refusal. `told_by`: who told it, when it was not heard from the person."""

    said_at: datetime | None = None
    had_capacity: HadCapacity | None = None
    words: str = ""
    told_by: str = ""


@dataclass(frozen=True, kw_only=True)
class SettleWithdrawalBody(Kept):
    """A signer settles a withdrawal."""

    withdrawal_id: str = ""
    outcome: WithdrawalOutcome | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class RequestBody(Kept):
    """A review is asked for; `said_by` and `relationship` when a relative says that wishes have changed."""

    words: str = ""
    said_by: str = ""
    relationship: str = ""


@dataclass(frozen=True, kw_only=True)
class AnswerBody(Kept):
    """A signer answers a request for a review."""

    request_id: str = ""
    answer: str = ""


@dataclass(frozen=True, kw_only=True)
class FlagBody(Kept):
    """Somebody taps "wrong person". `about`: the decision; empty: the whole section."""

    about: str = ""
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class ClearFlagBody(Kept):
    """The flag was looked into: it is the right person."""

    flag_id: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class NoBody(Kept):
    """The edit says nothing but that it happened."""


BODIES: Mapping[EditKind, type[Kept]] = {
    EditKind.SIGN: SignBody,
    EditKind.PROPOSE: SignBody,
    EditKind.REPORT: ReportBody,
    EditKind.CONFIRM_PROPOSAL: ConfirmBody,
    EditKind.DECLINE_PROPOSAL: EndProposalBody,
    EditKind.WITHDRAW_PROPOSAL: EndProposalBody,
    EditKind.REVOKE: RevokeBody,
    EditKind.VOID: VoidBody,
    EditKind.REVIEWED_AND_CONTINUES: ReviewBody,
    EditKind.PARTICULARS_AMENDED: ParticularsBody,
    EditKind.ORIGINAL_SEEN: SightingBody,
    EditKind.OWN_WITHDRAWAL: WithdrawalBody,
    EditKind.REPORT_OWN_WITHDRAWAL: WithdrawalBody,
    EditKind.SETTLE_WITHDRAWAL: SettleWithdrawalBody,
    EditKind.RELATIVE_REPORT: RequestBody,
    EditKind.REVIEW_ASKED: RequestBody,
    EditKind.ANSWER_REVIEW: AnswerBody,
    EditKind.WRONG_PERSON_FLAG: FlagBody,
    EditKind.CLEAR_WRONG_PERSON_FLAG: ClearFlagBody,
    EditKind.ENDED_BY_DEATH: NoBody,
    EditKind.DEATH_REVERSED: NoBody,
}

#: What to enter when a part cannot be read, by the last word of its path.
_ENTER: Mapping[str, str] = {
    "recommendation": "Choose what is recommended",
    "decided_at": "Enter the date and time the decision was made",
    "reason": "Choose the reason",
    "assessed_at": "Enter the date and time capacity was assessed",
    "review_on": "Enter the review date",
    "reviewed_at": "Enter the date and time of the review",
    "said_at": "Enter the date and time the person said so",
    "seen_on": "Enter the date the form was seen",
    "at": "Enter the date and time the form was seen",
    "had_capacity": "Say whether the person had capacity when they said so",
    "outcome": "Choose whether the withdrawal is confirmed or the decision stands",
}

_Body = TypeVar("_Body", bound=Kept)


def read_body(shape: type[_Body], body: Mapping[str, Any]) -> _Body:
    """What an edit says.

    Raises:
        RuleBroken: a part of it cannot be read; the field is the part's path.
    """
    try:
        return shape.from_value(body)
    except WrongPart as wrong:
        last = wrong.path.rsplit(".", 1)[-1]
        raise RuleBroken(_ENTER.get(last, "Answer this again: it could not be read"), field=wrong.path) from None


def find_recommendation(body: Mapping[str, Any]) -> Recommendation | None:
    """The recommendation that a body names; None: none that can be read."""
    try:
        return Recommendation(str(body.get("recommendation")))
    except ValueError:
        return None


def raise_faults(faults: Sequence[RuleBroken]) -> None:
    """Refuse with every fault at once, so that a form can show them all.

    Raises:
        RuleBroken: one fault.
        RulesBroken: several.
    """
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise RulesBroken(faults)
