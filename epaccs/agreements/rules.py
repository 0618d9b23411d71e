"""When an agreement holds, between whom, how far, and what stops with it.

An organisation sees people of another's practice only as far as a current agreement that both have signed. A person's
own practice always sees them. Source: UK GDPR, articles 5, 6, 9 and 30; hazard H-62.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID

from epaccs.clinicians.rules import Actor, OrganisationType, is_steward
from epaccs.core.errors import Forbidden, NotFound, RuleBroken


class Level(IntEnum):
    """How far an agreement goes; each level has those before it, so that nobody has a plan and lacks the card."""

    NONE = 0
    CARD = 1
    PLAN = 2
    WHOLE = 3


LEVEL_LABELS: Final[dict[Level, str]] = {
    Level.CARD: "The emergency card",
    Level.PLAN: "The emergency card and the plan",
    Level.WHOLE: "The emergency card, the plan, and what is sensitive",
}
LEVEL_HINTS: Final[dict[Level, str]] = {
    Level.CARD: "T1: what a crew must know before it acts",
    Level.PLAN: "T1 and T2: wishes, contacts, the care team, how the person lives and is spoken with",
    Level.WHOLE: "T1, T2 and T3: also safeguarding, what others said in confidence, the carer's health, money",
}


class Purpose(StrEnum):
    """What the data is used for."""

    DIRECT_CARE = "direct_care"
    EMERGENCY_CARE = "emergency_care"
    COORDINATION = "coordination"


PURPOSE_LABELS: Final[dict[Purpose, str]] = {
    Purpose.DIRECT_CARE: "To care for people in the last year of life, by whoever looks after them",
    Purpose.EMERGENCY_CARE: "To act rightly in an emergency and out of hours",
    Purpose.COORDINATION: "To plan visits, equipment and medicines between services",
}


class LegalBasis(StrEnum):
    """On which ground personal data may be used. Source: UK GDPR, article 6(1)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_DUTY = "legal_duty"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"


LEGAL_BASIS_LABELS: Final[dict[LegalBasis, str]] = {
    LegalBasis.PUBLIC_TASK: "A task in the public interest that the law gives the organisations: article 6(1)(e)",
    LegalBasis.LEGAL_DUTY: "A duty that the law lays on them: article 6(1)(c)",
    LegalBasis.VITAL_INTERESTS: "To save a life: article 6(1)(d)",
    LegalBasis.CONSENT: "The person's consent: article 6(1)(a)",
    LegalBasis.CONTRACT: "A contract with the person: article 6(1)(b)",
    LegalBasis.LEGITIMATE_INTERESTS: "Interests that outweigh the person's: article 6(1)(f)",
}


class SpecialBasis(StrEnum):
    """On which ground data about health may be used. Source: UK GDPR, article 9(2)."""

    HEALTH_CARE = "health_care"
    VITAL_INTERESTS = "vital_interests"
    EXPLICIT_CONSENT = "explicit_consent"
    PUBLIC_INTEREST = "public_interest"
    PUBLIC_HEALTH = "public_health"


SPECIAL_BASIS_LABELS: Final[dict[SpecialBasis, str]] = {
    SpecialBasis.HEALTH_CARE: "To give or manage health or social care: article 9(2)(h)",
    SpecialBasis.VITAL_INTERESTS: "To save the life of somebody who cannot consent: article 9(2)(c)",
    SpecialBasis.EXPLICIT_CONSENT: "The person's explicit consent: article 9(2)(a)",
    SpecialBasis.PUBLIC_INTEREST: "A substantial public interest that the law names: article 9(2)(g)",
    SpecialBasis.PUBLIC_HEALTH: "Public health: article 9(2)(i)",
}


class EndReason(StrEnum):
    """Why an agreement ended before its last day, or an organisation left it."""

    REPLACED = "replaced"
    LEFT = "left"
    BREACH = "breach"
    MISTAKE = "mistake"
    OTHER = "other"


END_REASON_LABELS: Final[dict[EndReason, str]] = {
    EndReason.REPLACED: "Another agreement takes its place",
    EndReason.LEFT: "The organisation does not share any more",
    EndReason.BREACH: "It was not kept to",
    EndReason.MISTAKE: "It was made by mistake",
    EndReason.OTHER: "Another reason",
}

#: So many days before its last day everybody who can renew it is warned.
WARN_DAYS: Final = 30
#: An agreement is looked at anew at least so often.
MOST_YEARS: Final = 3


class Standing(StrEnum):
    """How it stands with an agreement today."""

    UNSIGNED = "unsigned"  #: fewer than two have signed
    NOT_YET = "not_yet"
    CURRENT = "current"
    ENDING = "ending"  #: current, for at most thirty days more
    LAPSED = "lapsed"
    ENDED = "ended"


STANDING_LABELS: Final[dict[Standing, str]] = {
    Standing.UNSIGNED: "Not signed by two yet: nothing flows by it",
    Standing.NOT_YET: "Signed, not begun",
    Standing.CURRENT: "Current",
    Standing.ENDING: "Ends soon",
    Standing.LAPSED: "Past its last day",
    Standing.ENDED: "Ended early",
}


@dataclass(frozen=True)
class Terms:
    """What decides between whom an agreement lets anything flow.

    `signed`: who has signed and has not left since. `ended_on` None: nobody ended it early.
    """

    id: UUID
    level: Level
    valid_from: date
    valid_until: date
    ended_on: date | None
    signed: frozenset[UUID]

    def holds_on(self, day: date) -> bool:
        """Whether anything flows by it on this day."""
        return self.ended_on is None and self.valid_from <= day <= self.valid_until


def standing_of(terms: Terms, *, today: date) -> Standing:
    """How an agreement stands today: what ended first, then whether two have signed, then its days."""
    if terms.ended_on is not None:
        return Standing.ENDED
    if today > terms.valid_until:
        return Standing.LAPSED
    if len(terms.signed) < 2:
        return Standing.UNSIGNED
    if today < terms.valid_from:
        return Standing.NOT_YET
    return Standing.ENDING if days_left(terms.valid_until, today=today) <= WARN_DAYS else Standing.CURRENT


def days_left(valid_until: date, *, today: date) -> int:
    """How many days after today it still holds; below nought: it is past its last day."""
    return (valid_until - today).days


def is_worth_a_warning(terms: Terms, *, today: date) -> bool:
    """Whether its administrators must do something now: it ends within thirty days, or ended in the last thirty.

    Source: hazard H-62.
    """
    if terms.ended_on is not None:
        return (today - terms.ended_on).days <= WARN_DAYS
    return len(terms.signed) >= 2 and -WARN_DAYS <= days_left(terms.valid_until, today=today) <= WARN_DAYS


#: Who sees whose people, and how far: (organisation, practice) to level.
Flows = Mapping[tuple[UUID, UUID], Level]


def flows_of(agreements: Iterable[Terms], *, on: date, practices: Collection[UUID]) -> dict[tuple[UUID, UUID], Level]:
    """Who sees whose people on a day; of several agreements that which goes furthest counts."""
    found: dict[tuple[UUID, UUID], Level] = {}
    for terms in agreements:
        if not terms.holds_on(on):
            continue
        for practice in terms.signed.intersection(practices):
            for organisation in terms.signed - {practice}:
                pair = (organisation, practice)
                found[pair] = max(found.get(pair, Level.NONE), terms.level)
    return found


@dataclass(frozen=True)
class Stop:
    """What one organisation does not see any more: of whose people, and what is left of it."""

    organisation_id: UUID
    practice_ids: tuple[UUID, ...]
    left: Level


def stops_between(before: Flows, after: Flows) -> list[Stop]:
    """What stopped or grew less from one day to another, by organisation and by what is left."""
    lost: dict[tuple[UUID, Level], list[UUID]] = {}
    for (organisation, practice), level in before.items():
        left = after.get((organisation, practice), Level.NONE)
        if left < level:
            lost.setdefault((organisation, left), []).append(practice)
    return [
        Stop(organisation, tuple(sorted(practices)), left) for (organisation, left), practices in sorted(lost.items())
    ]


@dataclass(frozen=True)
class Cut:
    """A day on which something stops flowing by one agreement: it ended, or somebody left it.

    `before`: the agreement as it was until then; `who` None: it ended for everybody.
    """

    before: Terms
    last_day: date
    first_day: date
    who: UUID | None = None

    def stops(self, everything: Iterable[Terms], practices: Collection[UUID]) -> list[Stop]:
        """What stopped with it: what flowed by it until then, less what all agreements give from then on."""
        flowed = flows_of([self.before], on=self.last_day, practices=practices)
        concerned = {pair: level for pair, level in flowed.items() if self.who is None or self.who in pair}
        return stops_between(concerned, flows_of(everything, on=self.first_day, practices=practices))


def cuts_of(terms: Terms, left: Mapping[UUID, date], *, today: date) -> list[Cut]:
    """What stopped with an agreement in the last thirty days, and what will within thirty; the latest first.

    Args:
        terms: of the agreement.
        left: who left it, and on which day.
        today: the day on which it is asked.
    """
    cuts = []
    if is_worth_a_warning(terms, today=today):
        first_day = terms.ended_on or terms.valid_until + timedelta(days=1)
        last_day = terms.ended_on or terms.valid_until
        cuts.append(Cut(replace(terms, ended_on=None), last_day, first_day))
    for who, day in left.items():
        if (today - day).days <= WARN_DAYS:
            cuts.append(Cut(replace(terms, ended_on=None, signed=terms.signed | {who}), day, day, who))
    return cuts


def check_terms(
    *, valid_from: date, valid_until: date, parties: Collection[UUID], controllers: Collection[UUID], today: date
) -> None:
    """An agreement is between two or more, somebody answers for it, and it is looked at anew every three years.

    Raises:
        RuleBroken: with the field to look at.
    """
    if len(parties) < 2:
        raise RuleBroken("Tick two organisations or more: nobody agrees with themselves alone", field="parties")
    if not controllers:
        raise RuleBroken("Tick at least one controller: somebody must answer for the data", field="controllers")
    if not set(controllers) <= set(parties):
        raise RuleBroken("Tick as controllers only organisations that are party to the agreement", field="controllers")
    if valid_until < valid_from:
        raise RuleBroken("The last day must be on or after the first day", field="valid_until")
    if valid_until < today:
        raise RuleBroken("The last day must be today or later", field="valid_until")
    if valid_until > valid_from + timedelta(days=366 * MOST_YEARS):
        raise RuleBroken(
            f"The last day must be within {MOST_YEARS} years: what is shared is looked at anew", field="valid_until"
        )


def check_may_make(actor: Actor, parties: Collection[UUID]) -> None:
    """An administrator makes agreements for their own organisation; the board's for any of its area.

    Raises:
        RuleBroken: their own organisation is not party to it.
    """
    if not is_steward(actor) and actor.organisation_id not in parties:
        raise RuleBroken("Tick your own organisation too: you make agreements for it", field="parties")


def check_may_sign(actor: Actor, terms: Terms, parties: Collection[UUID], *, today: date) -> None:
    """A signature is given by an organisation that is party, once, while there is something to sign.

    Raises:
        NotFound: the signer's organisation is not party to it.
        RuleBroken: it has signed already or left, or the agreement is over.
    """
    if actor.organisation_id not in parties:
        raise NotFound
    if terms.ended_on is not None or today > terms.valid_until:
        raise RuleBroken("This agreement is over. Make another one")
    if actor.organisation_id in terms.signed:
        raise RuleBroken("Your organisation has signed this already")


def check_may_leave(actor: Actor, terms: Terms) -> None:
    """An organisation leaves what it signed, by itself: nobody has to agree to that.

    Raises:
        NotFound: it has not signed it, or has left it already.
        RuleBroken: the agreement has ended.
    """
    if actor.organisation_id not in terms.signed:
        raise NotFound
    if terms.ended_on is not None:
        raise RuleBroken("This agreement has ended already")


def check_may_end(actor: Actor, terms: Terms) -> None:
    """Only the board that runs the area ends an agreement for everybody.

    Raises:
        Forbidden: this person is not the board's administrator.
        RuleBroken: it has ended already.
    """
    if not is_steward(actor):
        raise Forbidden(
            "Only the integrated care board ends an agreement for everybody. Your organisation can leave it."
        )
    if terms.ended_on is not None:
        raise RuleBroken("This agreement has ended already")


def check_reason(reason: EndReason, note: str | None) -> None:
    """Whoever ends what others rely on says why.

    Raises:
        RuleBroken: the reason is another one, and is not said.
    """
    if reason is EndReason.OTHER and not note:
        raise RuleBroken("Say why", field="note")


def is_practice(organisation_type: str) -> bool:
    """Whether an organisation has people of its own, whom others see only by agreement."""
    return organisation_type == OrganisationType.GP_PRACTICE
