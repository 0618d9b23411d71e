"""Who is concerned by an incident, when it is closed, and how long there is to tell the Information Commissioner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from epaccs.core.errors import RuleBroken

#: Source: UK GDPR, article 33: without undue delay and, where feasible, within 72 hours of becoming aware.
HOURS_TO_TELL = 72


class Kind(StrEnum):
    """What a line of an incident says."""

    CONCERNED = "concerned"
    PERSON = "person"
    KNOWN = "known"
    DONE = "done"
    TOLD = "told"
    NOT_NEEDED = "not_needed"
    AGREED = "agreed"
    SEEN = "seen"


KIND_WORDS: dict[Kind, str] = {
    Kind.CONCERNED: "An organisation is concerned",
    Kind.PERSON: "A person is concerned",
    Kind.KNOWN: "What we know",
    Kind.DONE: "What we did",
    Kind.TOLD: "We told the Information Commissioner",
    Kind.NOT_NEEDED: "We need not tell the Information Commissioner, because",
    Kind.AGREED: "We agree to close it",
    Kind.SEEN: "Opened for the first time",
}

#: What an organisation did about telling the Commissioner, as the others read it in one word.
ANSWER_WORDS: dict[Kind, str] = {Kind.TOLD: "Told", Kind.NOT_NEEDED: "Need not be told"}

#: What an officer writes in their own words.
STATEMENTS = (Kind.KNOWN, Kind.DONE, Kind.TOLD, Kind.NOT_NEEDED)

#: What changes nothing of what others have agreed to.
ADDS_NOTHING = frozenset({Kind.AGREED, Kind.SEEN})


@dataclass(frozen=True)
class Said:
    """One line; `subject_id`: the organisation or the entry that is concerned, None: neither."""

    kind: Kind
    organisation_id: UUID
    subject_id: UUID | None = None


def concerned(said: Sequence[Said]) -> list[UUID]:
    """The organisations concerned, in the order they were named; nobody is ever taken off."""
    return list(dict.fromkeys(one.subject_id for one in said if one.kind is Kind.CONCERNED and one.subject_id))


def agreed(said: Sequence[Said]) -> set[UUID]:
    """Who agrees to close it as it stands: what was added after somebody agreed, they have not agreed to."""
    found: set[UUID] = set()
    for one in said:
        if one.kind is Kind.AGREED:
            found.add(one.organisation_id)
        elif one.kind not in ADDS_NOTHING:
            found.clear()
    return found


def is_closed(said: Sequence[Said]) -> bool:
    """Only when every organisation concerned has agreed to what stands there: never by one of them alone.

    Source: UK GDPR, article 26: joint controllers.
    """
    everybody = concerned(said)
    return bool(everybody) and agreed(said).issuperset(everybody)


def answered_the_clock(said: Sequence[Said], organisation_id: UUID) -> Kind | None:
    """What an organisation last said of telling the Commissioner; None: nothing yet."""
    answers = [one.kind for one in said if one.organisation_id == organisation_id and one.kind in ANSWER_WORDS]
    return answers[-1] if answers else None


def check_may_agree(said: Sequence[Said], organisation_id: UUID) -> None:
    """An organisation agrees once to what stands there, after it has said what it did about telling the Commissioner.

    Raises:
        RuleBroken: it has agreed, or has not said so yet.
    """
    if organisation_id in agreed(said):
        raise RuleBroken("Your organisation has agreed to close it already")
    if answered_the_clock(said, organisation_id) is None:
        raise RuleBroken("Say first whether your organisation told the Information Commissioner, or why it need not")


def tell_by(noticed_at: datetime) -> datetime:
    """Until when the Information Commissioner is to be told, unless nobody is at risk by it.

    Source: UK GDPR, article 33.
    """
    return noticed_at + timedelta(hours=HOURS_TO_TELL)


def hours_left(noticed_at: datetime, *, now: datetime) -> int:
    """Whole hours until then; below zero: so many hours past it."""
    return int((tell_by(noticed_at) - now).total_seconds() // 3600)
