"""Kinds of notices and what each says; never a name or clinical words in the notice itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from epaccs.access.rules import Permission, Tier, can_ever, facts_of_role, most_tiers
from epaccs.clinicians.rules import Role


class NoticeKind(StrEnum):
    """What somebody must do or know."""

    DISPUTE = "dispute"
    CPR_DOUBT = "cpr_doubt"
    WRONG_PERSON = "wrong_person"
    OWN_WITHDRAWAL = "own_withdrawal"
    CONFIRM_PROPOSAL = "confirm_proposal"
    CPR_REVIEW_ASKED = "cpr_review_asked"
    CPR_REVIEW_DUE = "cpr_review_due"
    RECORD_REVIEW_DUE = "record_review_due"
    ICD = "icd"
    PERSON_NOT_TOLD = "person_not_told"
    FORM_UNPLACED = "form_unplaced"
    DEATH_REPORTED = "death_reported"
    MERGE_PROPOSED = "merge_proposed"
    READ_WHAT_WAS_WRONG = "read_what_was_wrong"
    PAPER_OUT_OF_DATE = "paper_out_of_date"
    LOOKS_WRONG = "looks_wrong"
    TABLET_AHEAD = "tablet_ahead"
    CARE_TO_CONFIRM = "care_to_confirm"
    REFERRAL_UNANSWERED = "referral_unanswered"
    CARE_ENDED = "care_ended"
    REGISTERED = "registered"
    UPDATED = "updated"


@dataclass(frozen=True)
class Meaning:
    """What a kind says, and where its link leads.

    Args:
        words: the sentence on the list.
        page: the endpoint of the page where it is dealt with; it gets `entry_id`.
        is_task: True: somebody must do something; False: to be known.
        permission: what the page asks for; whoever's role never holds it is not asked.
        tells_of_cpr: the words say something about CPR, so they are not for a role that sees nothing of it.
    """

    words: str
    page: str
    is_task: bool
    permission: Permission = Permission.VIEW_RECORD
    tells_of_cpr: bool = False


MEANINGS: dict[NoticeKind, Meaning] = {
    NoticeKind.DISPUTE: Meaning("Two changes disagree. Settle which stands", "versions.held_of_entry", is_task=True),
    NoticeKind.CPR_DOUBT: Meaning(
        "The CPR decision is in doubt. Settle it", "cpr_decisions.show", is_task=True, tells_of_cpr=True
    ),
    NoticeKind.WRONG_PERSON: Meaning(
        "Somebody says that this is the wrong person", "record.show", is_task=True, permission=Permission.VIEW_CARD
    ),
    NoticeKind.OWN_WITHDRAWAL: Meaning(
        "The person is said to have withdrawn a refusal. A signer must settle it",
        "cpr_decisions.show",
        is_task=True,
        tells_of_cpr=True,
    ),
    NoticeKind.CONFIRM_PROPOSAL: Meaning(
        "A proposed CPR decision waits for a signer", "cpr_decisions.show", is_task=True, tells_of_cpr=True
    ),
    NoticeKind.CPR_REVIEW_ASKED: Meaning(
        "A review of the CPR decision is asked for", "cpr_decisions.show", is_task=True, tells_of_cpr=True
    ),
    NoticeKind.CPR_REVIEW_DUE: Meaning(
        "The CPR decision is due for review", "cpr_decisions.show", is_task=True, tells_of_cpr=True
    ),
    NoticeKind.RECORD_REVIEW_DUE: Meaning(
        "The record is due for review", "record.show", is_task=True, permission=Permission.VIEW_CARD
    ),
    NoticeKind.ICD: Meaning(
        "Not for CPR, and a defibrillator that is active or not known. Arrange to switch it off",
        "record.show",
        is_task=True,
        permission=Permission.VIEW_CARD,
        tells_of_cpr=True,
    ),
    NoticeKind.PERSON_NOT_TOLD: Meaning(
        "The person has not been told of the decision", "cpr_decisions.show", is_task=True, tells_of_cpr=True
    ),
    NoticeKind.FORM_UNPLACED: Meaning(
        "The address changed. Ask where the signed form is now", "cpr_decisions.show", is_task=True, tells_of_cpr=True
    ),
    NoticeKind.DEATH_REPORTED: Meaning(
        "A death was reported. Confirm or reverse it", "record.show", is_task=True, permission=Permission.VIEW_CARD
    ),
    NoticeKind.MERGE_PROPOSED: Meaning(
        "Somebody says that two records are one person. A second clinician must agree",
        "register.merge_of_entry",
        is_task=True,
        permission=Permission.REMOVE,
    ),
    NoticeKind.READ_WHAT_WAS_WRONG: Meaning(
        "You saw or printed an entry that has since been found wrong. Read it again",
        "record.show",
        is_task=True,
        permission=Permission.VIEW_CARD,
    ),
    NoticeKind.PAPER_OUT_OF_DATE: Meaning(
        "A printed sheet is out of date. Find it, destroy it and say so; print a new one",
        "handover.show",
        is_task=True,
        permission=Permission.PRINT,
    ),
    NoticeKind.LOOKS_WRONG: Meaning("Somebody says that something here looks wrong", "observations.show", is_task=True),
    NoticeKind.TABLET_AHEAD: Meaning(
        "A tablet holds changes that the restored register does not. Find out what is missing and enter it again",
        "record.show",
        is_task=True,
        permission=Permission.VIEW_CARD,
    ),
    NoticeKind.CARE_TO_CONFIRM: Meaning(
        "Said to be in your care from now on. Say whether you look after them",
        "relationships.show",
        is_task=True,
        permission=Permission.ANSWER_FOR_TEAM,
    ),
    NoticeKind.REFERRAL_UNANSWERED: Meaning(
        "The team you referred to has not answered. Ring them",
        "relationships.show",
        is_task=True,
        permission=Permission.ANSWER_FOR_TEAM,
    ),
    NoticeKind.CARE_ENDED: Meaning(
        "A team no longer looks after them, or says that it never did. See who does",
        "relationships.show",
        is_task=False,
        permission=Permission.ANSWER_FOR_TEAM,
    ),
    NoticeKind.REGISTERED: Meaning(
        "Put on the register", "record.show", is_task=False, permission=Permission.VIEW_CARD
    ),
    NoticeKind.UPDATED: Meaning(
        "The record was changed", "record.show", is_task=False, permission=Permission.VIEW_CARD
    ),
}


def is_for(kind: NoticeKind, role: Role, *, may_sign: bool) -> bool:
    """Whether a role is told what its organisation was sent: it could act on it, and may know what the words tell.

    Source: access table; hazard H-05.
    """
    could_act = can_ever(MEANINGS[kind].permission, facts_of_role(role, may_sign=may_sign))
    return could_act and may_read(kind, most_tiers(role))


def may_read(kind: NoticeKind, tiers: frozenset[Tier]) -> bool:
    """Whether an audience may know what the words of a kind tell."""
    return Tier.T1_EMERGENCY in tiers or not MEANINGS[kind].tells_of_cpr


@dataclass(frozen=True)
class Task:
    """What somebody must do about a person, whoever it was sent to."""

    words: str
    is_overdue: bool


#: How long before its due date a notice is shown.
LEAD = {
    NoticeKind.CPR_REVIEW_DUE: timedelta(days=14),
    NoticeKind.RECORD_REVIEW_DUE: timedelta(days=14),
    NoticeKind.REFERRAL_UNANSWERED: timedelta(0),
}


def shows_from(kind: NoticeKind, *, due_at: datetime | None, created_at: datetime) -> datetime:
    """When a notice first shows: at once, or in good time before it is due."""
    if due_at is None or kind not in LEAD:
        return created_at
    return max(created_at, due_at - LEAD[kind])


def is_overdue(due_at: datetime | None, *, now: datetime) -> bool:
    """Past its due time; without one it is never overdue."""
    return due_at is not None and now > due_at
