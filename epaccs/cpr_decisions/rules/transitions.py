"""What may become of decisions and proposals, and who may do it: the tables that the code runs on and the docs print.

Source: docs/domain.md, CPR decisions; hazards H-13 (a decision silently replaced), H-03.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from epaccs.cpr_decisions.rules.states import DecisionStatus, EditKind, ProposalStatus


class Who(StrEnum):
    """Who may make an edit; the text is what the documentation prints."""

    SIGNER = "a clinician with a current authorisation to sign"
    DRAFTER = "a role that may draft"
    CLINICAL = "any clinical role, or an import"
    CLINICAL_OR_CALL_HANDLER = "any clinical role or call handler"
    ANYONE = "whoever may ask for a review"
    AUTHOR_OR_SIGNER = "its author, or a signer"
    SYSTEM = "the register itself"


@dataclass(frozen=True)
class KindRule:
    """What holds for one kind of edit.

    Args:
        says: the kind in plain words.
        who: who may make it.
        append_only: it adds something and replaces nothing, so it is never stale and never held.
        after_death: it may still be made when the death is confirmed.
    """

    says: str
    who: Who
    append_only: bool = False
    after_death: bool = False


KINDS: Final[Mapping[EditKind, KindRule]] = {
    EditKind.SIGN: KindRule("a decision is signed", Who.SIGNER),
    EditKind.PROPOSE: KindRule("a decision is prepared for a signer to confirm", Who.DRAFTER),
    EditKind.REPORT: KindRule(
        "a decision made elsewhere is reported", Who.CLINICAL, append_only=True, after_death=True
    ),
    EditKind.CONFIRM_PROPOSAL: KindRule("a proposal or report is completed and signed", Who.SIGNER),
    EditKind.DECLINE_PROPOSAL: KindRule("a proposal or report is declined", Who.SIGNER),
    EditKind.WITHDRAW_PROPOSAL: KindRule("a proposal or report is taken back", Who.AUTHOR_OR_SIGNER),
    EditKind.REVOKE: KindRule("the decision is cancelled", Who.SIGNER),
    EditKind.VOID: KindRule("an entry made by mistake is voided", Who.AUTHOR_OR_SIGNER, after_death=True),
    EditKind.REVIEWED_AND_CONTINUES: KindRule("the decision is reviewed and continues", Who.SIGNER),
    EditKind.PARTICULARS_AMENDED: KindRule("where the original is, or who is aware, is amended", Who.DRAFTER),
    EditKind.ORIGINAL_SEEN: KindRule("the original form was seen", Who.CLINICAL, append_only=True, after_death=True),
    EditKind.OWN_WITHDRAWAL: KindRule(
        "the person withdrew their refusal", Who.CLINICAL, append_only=True, after_death=True
    ),
    EditKind.REPORT_OWN_WITHDRAWAL: KindRule(
        "somebody told that the person withdrew", Who.CLINICAL_OR_CALL_HANDLER, append_only=True, after_death=True
    ),
    EditKind.SETTLE_WITHDRAWAL: KindRule("a withdrawal is settled", Who.SIGNER),
    EditKind.RELATIVE_REPORT: KindRule(
        "a relative says that wishes have changed", Who.ANYONE, append_only=True, after_death=True
    ),
    EditKind.REVIEW_ASKED: KindRule("a review is asked for", Who.ANYONE, append_only=True, after_death=True),
    EditKind.ANSWER_REVIEW: KindRule("a request for a review is answered", Who.SIGNER),
    EditKind.WRONG_PERSON_FLAG: KindRule('"wrong person" is flagged', Who.CLINICAL, append_only=True, after_death=True),
    EditKind.CLEAR_WRONG_PERSON_FLAG: KindRule(
        'a "wrong person" flag is cleared', Who.AUTHOR_OR_SIGNER, after_death=True
    ),
    EditKind.ENDED_BY_DEATH: KindRule("the death is confirmed", Who.SYSTEM, after_death=True),
    EditKind.DEATH_REVERSED: KindRule("the death was recorded in error", Who.SYSTEM, after_death=True),
}


def is_signature(kind: EditKind) -> bool:
    """Whether somebody puts their name under it as a signer, so that it must be them (hazard H-64)."""
    return KINDS[kind].who is Who.SIGNER


#: Where a decision goes; from None: it begins (by voiding: as a copy of what was
#: replaced). An edit that is not here leaves every decision where it stands.
DECISION_TRANSITIONS: Final[Mapping[tuple[DecisionStatus | None, EditKind], DecisionStatus]] = {
    (None, EditKind.SIGN): DecisionStatus.IN_FORCE,
    (None, EditKind.CONFIRM_PROPOSAL): DecisionStatus.IN_FORCE,
    (None, EditKind.VOID): DecisionStatus.IN_FORCE,
    (DecisionStatus.IN_FORCE, EditKind.SIGN): DecisionStatus.SUPERSEDED,
    (DecisionStatus.IN_FORCE, EditKind.CONFIRM_PROPOSAL): DecisionStatus.SUPERSEDED,
    (DecisionStatus.IN_FORCE, EditKind.REVOKE): DecisionStatus.REVOKED,
    (DecisionStatus.IN_FORCE, EditKind.OWN_WITHDRAWAL): DecisionStatus.REVOKED,
    (DecisionStatus.IN_FORCE, EditKind.SETTLE_WITHDRAWAL): DecisionStatus.REVOKED,
    (DecisionStatus.IN_FORCE, EditKind.ENDED_BY_DEATH): DecisionStatus.ENDED_BY_DEATH,
    (DecisionStatus.ENDED_BY_DEATH, EditKind.DEATH_REVERSED): DecisionStatus.IN_FORCE,
    (DecisionStatus.IN_FORCE, EditKind.VOID): DecisionStatus.ENTERED_IN_ERROR,
    (DecisionStatus.SUPERSEDED, EditKind.VOID): DecisionStatus.ENTERED_IN_ERROR,
    (DecisionStatus.REVOKED, EditKind.VOID): DecisionStatus.ENTERED_IN_ERROR,
    (DecisionStatus.ENDED_BY_DEATH, EditKind.VOID): DecisionStatus.ENTERED_IN_ERROR,
}

#: Where a proposal goes; from None: it begins.
PROPOSAL_TRANSITIONS: Final[Mapping[tuple[ProposalStatus | None, EditKind], ProposalStatus]] = {
    (None, EditKind.PROPOSE): ProposalStatus.AWAITING_CONFIRMATION,
    (None, EditKind.REPORT): ProposalStatus.REPORTED,
    (ProposalStatus.AWAITING_CONFIRMATION, EditKind.CONFIRM_PROPOSAL): ProposalStatus.CONFIRMED,
    (ProposalStatus.AWAITING_CONFIRMATION, EditKind.DECLINE_PROPOSAL): ProposalStatus.DECLINED,
    (ProposalStatus.AWAITING_CONFIRMATION, EditKind.WITHDRAW_PROPOSAL): ProposalStatus.WITHDRAWN,
    (ProposalStatus.AWAITING_CONFIRMATION, EditKind.SIGN): ProposalStatus.ANSWERED,
    (ProposalStatus.AWAITING_CONFIRMATION, EditKind.REVIEWED_AND_CONTINUES): ProposalStatus.ANSWERED,
    (ProposalStatus.REPORTED, EditKind.CONFIRM_PROPOSAL): ProposalStatus.CONFIRMED,
    (ProposalStatus.REPORTED, EditKind.DECLINE_PROPOSAL): ProposalStatus.DECLINED,
    (ProposalStatus.REPORTED, EditKind.WITHDRAW_PROPOSAL): ProposalStatus.WITHDRAWN,
    (ProposalStatus.REPORTED, EditKind.SIGN): ProposalStatus.ANSWERED,
    (ProposalStatus.REPORTED, EditKind.REVIEWED_AND_CONTINUES): ProposalStatus.ANSWERED,
}
