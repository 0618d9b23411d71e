"""Why a team is concerned with a person, how that begins, and how it ends.

A legitimate relationship lets a team see a person beyond its own practice or area. It begins with a word of somebody
who looks after the person, and ends with a word of the team's own; nobody keeps access after it.

Source: feature F28; access table, words of scope; hazard H-68.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from epaccs.access.rules import ONLY_ONE, Scope, row_of
from epaccs.agreements.rules import Level
from epaccs.clinicians.rules import OrganisationType, roles_at
from epaccs.core.errors import RuleBroken

REFERRAL: Final = "referral"
USUAL_PRACTICE: Final = "registered_practice"
KEY_WORKER: Final = "key_worker"

REASON_LABELS: Final[dict[str, str]] = {
    USUAL_PRACTICE: "Usual practice",
    KEY_WORKER: "Key worker's organisation",
    "registered_here": "Put them on the register",
    REFERRAL: "Referred",
    "caseload": "On their caseload",
    "admission": "Admitted",
    "visit": "Visit",
}

#: After so long without an answer a referral is no longer one, and the team sees nothing of the person.
REFERRAL_DAYS: Final = 28
#: After so long whoever referred is asked to ring.
ANSWER_DAYS: Final = 7


class EndReason(StrEnum):
    """Why a team ends its care."""

    FINISHED = "finished"
    HANDED_OVER = "handed_over"
    MOVED = "moved"
    DIED = "died"
    NOT_OURS = "not_ours"


END_LABELS: Final[dict[EndReason, str]] = {
    EndReason.FINISHED: "Our care has finished",
    EndReason.HANDED_OVER: "Another team looks after them now",
    EndReason.MOVED: "They moved away",
    EndReason.DIED: "They died",
    EndReason.NOT_OURS: "We never looked after them",
}
#: How an ending reads that no team chose from the list above.
_OTHER_ENDINGS: Final = {"succeeded": "Another took their place", "taken_back": "The referral was taken back"}


def label_of(reason: str) -> str:
    """What a reason is called; one that an older register recorded is called as it was."""
    return REASON_LABELS.get(reason, reason.replace("_", " ").capitalize())


def label_of_end(reason: str | None) -> str:
    """How it ended; None: nobody answered in time, or the day came that was set."""
    if reason is None:
        return "It ran out"
    known = {str(one): words for one, words in END_LABELS.items()} | _OTHER_ENDINGS
    return known.get(reason, "Ended")


@dataclass(frozen=True)
class Team:
    """An organisation and why it is, or was, concerned with a person.

    `until_at` None: until somebody ends it. `confirmed_at` None: nobody there has said that they look after the person.
    `asked_by` None: nobody referred.
    """

    id: UUID
    organisation_id: UUID
    name: str
    telephone: str | None
    reason: str
    from_at: datetime
    until_at: datetime | None
    confirmed_at: datetime | None
    end_reason: str | None
    asked_by: UUID | None

    @property
    def label(self) -> str:
        """Why, in words."""
        return label_of(self.reason)

    @property
    def ended(self) -> str:
        """How it ended, in words."""
        return label_of_end(self.end_reason)

    def is_current(self, now: datetime) -> bool:
        """Whether it stands at a moment."""
        return self.until_at is None or self.until_at > now


@dataclass(frozen=True)
class Teams:
    """Who looks after a person now, who did, and what the reader's own team may say.

    `is_anonymous`: where the person is must not be told, so of other teams only those are here that the reader's own
    referred to.
    """

    own: tuple[Team, ...]
    others: tuple[Team, ...]
    former: tuple[Team, ...]
    is_usual_practice: bool
    is_anonymous: bool

    @property
    def to_confirm(self) -> tuple[Team, ...]:
        """What the reader's team was asked and has not answered."""
        return tuple(one for one in self.own if one.confirmed_at is None)

    @property
    def was_referred(self) -> bool:
        """Whether what waits for an answer may have a last day: a visit or a stay has one."""
        return any(one.reason not in ONLY_ONE for one in self.to_confirm)

    def has_another(self, team: Team) -> bool:
        """Whether somebody else is down for the same, and goes on until the reader's team says yes."""
        return any(one.reason == team.reason in ONLY_ONE for one in self.others)

    @property
    def may_end(self) -> bool:
        """Whether the reader's team may end its care: a usual practice names another instead."""
        return bool(self.own) and (not self.is_usual_practice or bool(self.to_confirm))


def may_be_referred_to(kind: OrganisationType) -> bool:
    """Whether somebody at such an organisation sees a person because they were referred."""
    return any(Scope.RELATIONSHIP in row_of(role).scopes and row_of(role).sees_records for role in roles_at(kind))


@dataclass(frozen=True)
class Receiver:
    """A team that somebody may be referred to. `level`: how far an agreement with the person's practice covers it."""

    id: UUID
    name: str
    level: Level


def check_may_refer(receiver: Receiver | None, *, own_id: UUID, is_shared: bool, current: Iterable[Team]) -> None:
    """Whether a referral would let the team see the person, and is not there already.

    Args:
        receiver: None: no such team.

    Raises:
        RuleBroken: it would show them nothing, or nothing new.
    """
    if receiver is None:
        raise RuleBroken("Choose a team that shares this register", field="organisation_id")
    if receiver.id == own_id:
        raise RuleBroken("Choose another team than your own", field="organisation_id")
    if not is_shared:
        raise RuleBroken(
            "The person has not agreed to sharing, so no other team would see the record. Ring the team, and record it "
            "here once they agree",
            field="organisation_id",
        )
    if receiver.level is Level.NONE:
        raise RuleBroken(
            f"No sharing agreement covers {receiver.name} for this practice's patients, so they would see nothing. "
            "Ring them, and tell your administrator",
            field="organisation_id",
        )
    if any(one.organisation_id == receiver.id and one.reason in (REFERRAL, "caseload") for one in current):
        raise RuleBroken(
            f"{receiver.name} was referred to already. See above whether they have answered", field="organisation_id"
        )


def check_may_end(teams: Teams, why: EndReason, *, others_answer: bool) -> None:
    """Whether the reader's team may end its care.

    Args:
        others_answer: somebody else is accountable for the person and would be told.

    Raises:
        RuleBroken: it has none, or nobody would answer for the person.
    """
    if not teams.own:
        raise RuleBroken("Your team is not down as looking after this person")
    if not teams.is_usual_practice:
        return
    if not teams.to_confirm or why is not EndReason.NOT_OURS:
        raise RuleBroken(
            "You are the usual practice. Change the usual practice on the record: yours ends when the new one says yes",
            field="why",
        )
    if not others_answer:
        raise RuleBroken(
            "Nobody else answers for this person. Change the usual practice on the record, or ring whoever "
            "registered them",
            field="why",
        )


def lapses_at(now: datetime) -> datetime:
    """When a referral that nobody answers is over."""
    return now + timedelta(days=REFERRAL_DAYS)


def answer_due_at(now: datetime) -> datetime:
    """When whoever referred is asked to ring."""
    return now + timedelta(days=ANSWER_DAYS)
