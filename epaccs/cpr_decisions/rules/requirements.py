"""What a signed decision needs, and what contradicts the rest of the record.

Source: Mental Capacity Act 2005; Tracey 2014 (the person is involved), Winspear 2015 (those close are consulted);
SCCI1580 v4.0 items 44 to 48.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from epaccs.core.errors import Contradicts, RuleBroken
from epaccs.core.fields import format_date, local_date
from epaccs.cpr_decisions.rules.around import AdvanceDecision, Around, Author, Proxy
from epaccs.cpr_decisions.rules.needs import (
    Need,
    blank,
    find_unmet,
    given,
    later_than,
    none_of,
    not_after_day_of,
    one_of,
)
from epaccs.cpr_decisions.rules.states import (
    Aware,
    Consultation,
    ConsulteeKind,
    CPRState,
    Decision,
    Facts,
    NotInvolvedBecause,
    Reason,
    Recommendation,
    RevokeReason,
    SettledAs,
)
from epaccs.versions.rules import is_in_future

REASONS_FOR: Final[Mapping[Recommendation, frozenset[Reason]]] = {
    Recommendation.NOT_FOR_CPR: frozenset(
        {
            Reason.WOULD_NOT_WORK,
            Reason.BURDEN_OUTWEIGHS_BENEFIT,
            Reason.PERSON_REFUSES,
            Reason.ADVANCE_DECISION,
            Reason.ATTORNEY_REFUSES,
            Reason.COURT_ORDER,
        }
    ),
    Recommendation.FOR_CPR: frozenset({Reason.PERSON_WANTS_CPR, Reason.BENEFIT_EXPECTED, Reason.COURT_ORDER}),
    Recommendation.MODIFIED: frozenset(),
}

#: Levels of treatment that rule out what follows successful CPR. "Not for CPR" contradicts none: it is about CPR only.
LEVELS_AGAINST_CPR: Final = frozenset({"comfort_only", "treat_at_home", "hospital_for_symptoms"})

#: A decision for one of these reasons rests on the person's own refusal.
OWN_REFUSALS: Final = frozenset({Reason.PERSON_REFUSES, Reason.ADVANCE_DECISION})

Faults = Iterator[RuleBroken]


# --- What a decision needs of itself ----------------------------------------------------------------------------------

_HAS_CAPACITY: Final = one_of("capacity.has_capacity", True)
_LACKS_CAPACITY: Final = one_of("capacity.has_capacity", False)
_NOT_INVOLVED: Final = (_HAS_CAPACITY, one_of("involvement.person_involved", False))

_AWARENESS: Final = (
    Need(
        "person_not_told",
        "Say either that the person is aware or why they have not been told",
        (one_of("aware", Aware.PERSON), given("person_not_told")),
    ),
    Need(
        "aware",
        "Say that the person is aware of the decision, or why they have not been told",
        (none_of("aware", Aware.PERSON), blank("person_not_told")),
    ),
)


def _needs_of_reason() -> Iterator[Need]:
    yield Need("reason", "Choose the reason for the decision", (blank("reason"),))
    for recommendation in (Recommendation.NOT_FOR_CPR, Recommendation.FOR_CPR):
        fitting = sorted(REASONS_FOR[recommendation])
        yield Need(
            "reason",
            "Choose a reason that fits the recommendation",
            (one_of("recommendation", recommendation), given("reason"), none_of("reason", *fitting)),
        )
    yield Need(
        "reason",
        "Choose another reason: only a person with capacity for this decision can refuse it now",
        (one_of("reason", Reason.PERSON_REFUSES), _LACKS_CAPACITY),
    )
    yield Need(
        "reason",
        "Choose another reason: an attorney decides only when the person lacks capacity for this decision",
        (one_of("reason", Reason.ATTORNEY_REFUSES), _HAS_CAPACITY),
    )
    yield Need(
        "refused_by.name",
        "Enter the name of the attorney who refuses",
        (one_of("reason", Reason.ATTORNEY_REFUSES), blank("refused_by.name")),
    )


def _needs_of_capacity() -> Iterator[Need]:
    yield Need(
        "capacity.has_capacity",
        "Say whether the person has capacity for this decision",
        (blank("capacity.has_capacity"),),
    )
    yield Need(
        "capacity.assessed_at",
        "Enter the date and time capacity for this decision was assessed",
        (blank("capacity.assessed_at"),),
    )
    yield Need(
        "capacity.assessed_at",
        "Capacity must be assessed before the decision is made, not after it",
        (later_than("capacity.assessed_at", "decided_at"),),
    )


def _needs_of_involvement() -> Iterator[Need]:
    yield Need(
        "involvement.person_involved",
        "Say whether the person was involved in the decision",
        (_HAS_CAPACITY, blank("involvement.person_involved")),
    )
    yield Need(
        "involvement.person_involved",
        "A person who refuses CPR was involved in the decision: say so, or choose another reason",
        (*_NOT_INVOLVED, one_of("reason", Reason.PERSON_REFUSES)),
    )
    yield Need(
        "involvement.not_involved_because",
        "Say why the person was not involved: they declined, or it would cause physical or psychological harm",
        (*_NOT_INVOLVED, blank("involvement.not_involved_because")),
    )
    yield Need(
        "involvement.detail",
        "Describe the physical or psychological harm: distress alone is no reason",
        (
            *_NOT_INVOLVED,
            one_of("involvement.not_involved_because", NotInvolvedBecause.HARM),
            blank("involvement.detail"),
        ),
    )


def _needs_of_consultation() -> Iterator[Need]:
    close = one_of("consultation.people.*.kind", ConsulteeKind.CLOSE)
    nobody = one_of("consultation.nobody_close", True)
    yield Need(
        "consultation.nobody_close",
        "Say either that nobody is close to the person, or who was consulted",
        (_LACKS_CAPACITY, nobody, close),
    )
    yield Need(
        "consultation.people",
        "Enter who close to the person was consulted or why not, or say that there is nobody",
        (
            _LACKS_CAPACITY,
            none_of("consultation.nobody_close", True),
            none_of("consultation.people.*.kind", ConsulteeKind.CLOSE),
        ),
    )


def needs_of_consultee(number: int) -> Iterator[Need]:
    """What is needed of each person who was asked, or was not."""
    person = f"consultation.people.{number}"
    asked = (_LACKS_CAPACITY, given(person))
    not_consulted = (*asked, one_of(f"{person}.consulted", False))
    name = f"{person}.name"
    yield Need(name, "Enter the name of the person who was or was not consulted", (*asked, blank(name)))
    yield Need(
        f"{person}.consulted", "Say whether {who} was consulted", (*asked, blank(f"{person}.consulted")), named=name
    )
    yield Need(
        f"{person}.because",
        "Say why {who} was not consulted: not practicable, or not appropriate",
        (*not_consulted, blank(f"{person}.because")),
        named=name,
    )
    yield Need(
        f"{person}.detail",
        "Describe why consulting {who} was not practicable or appropriate",
        (*not_consulted, blank(f"{person}.detail")),
        named=name,
    )


def _needs_of_review() -> Iterator[Need]:
    yield Need(
        "review_on",
        "Enter the review date, or why no review is needed",
        (blank("review_on"), blank("no_review_reason")),
    )
    yield Need(
        "review_on",
        "Enter either a review date or why no review is needed",
        (given("review_on"), given("no_review_reason")),
    )
    yield Need(
        "review_on", "The review date must be after the decision", (not_after_day_of("review_on", "decided_at"),)
    )


#: In the order of the form.
DECISION_NEEDS: Final = (
    Need("recommendation", "Choose what is recommended", (blank("recommendation"),)),
    Need(
        "recommendation",
        "Record modified CPR as reported: it is a recommendation for children and cannot be signed here",
        (one_of("recommendation", Recommendation.MODIFIED),),
    ),
    Need("decided_at", "Enter the date and time the decision was made", (blank("decided_at"),)),
    *_needs_of_reason(),
    *_needs_of_capacity(),
    *_needs_of_involvement(),
    *_needs_of_consultation(),
    *_AWARENESS,
    Need(
        "person_not_told",
        "A person who was involved has been told: choose one of the two",
        (given("person_not_told"), one_of("involvement.person_involved", True)),
    ),
    *_needs_of_review(),
    Need("original_location", "Enter where the signed original is now", (blank("original_location"),)),
)

#: Where the record knows of no attorney and no deputy.
NEEDS_WITHOUT_PROXY: Final = (
    Need(
        "consultation.imca",
        'Instruct an independent mental capacity advocate (IMCA), or say "urgent": there is nobody to consult',
        (
            _LACKS_CAPACITY,
            one_of("consultation.nobody_close", True),
            blank("consultation.people"),
            blank("consultation.imca"),
        ),
    ),
)


def find_awareness_faults(facts: Facts) -> Faults:
    """Whether the person knows is always answered; that they were not told is a fact of its own."""
    yield from find_unmet(_AWARENESS, facts.to_value())


# --- The decision itself ---------------------------------------------------------------------------------------------


def find_faults(facts: Facts, around: Around) -> list[RuleBroken]:
    """Everything that keeps a decision from being signed, each with its sentence and field; empty: nothing does."""
    people = facts.consultation.people if facts.consultation else ()
    needs = (
        *DECISION_NEEDS,
        *(need for number in range(len(people)) for need in needs_of_consultee(number)),
        *(() if around.proxies else NEEDS_WITHOUT_PROXY),
    )
    return [
        *find_unmet(needs, facts.to_value()),
        *_time_faults(facts, around),
        *_proxy_faults(facts, around),
        *_advance_decision_faults(facts, around),
    ]


def find_signer_faults(author: Author) -> list[RuleBroken]:
    """What is missing of the signer: name, role, professional number and organisation stand on every decision."""
    needed = {
        "name": author.name,
        "role": author.role,
        "professional number": author.professional_number,
        "organisation": author.organisation_name,
    }
    return [
        RuleBroken(f"Have your {label} added to your account before you sign: the decision must show it")
        for label, value in needed.items()
        if not value
    ]


def _time_faults(facts: Facts, around: Around) -> Faults:
    if facts.decided_at is not None:
        yield from future_faults(facts.decided_at, around, label="date and time of the decision", field="decided_at")
        if around.born_on is not None and local_date(facts.decided_at) < around.born_on:
            yield RuleBroken(
                f"The decision must be made after the person was born, {format_date(around.born_on)}: check both dates",
                field="decided_at",
            )
    if facts.capacity is not None and facts.capacity.assessed_at is not None:
        yield from future_faults(
            facts.capacity.assessed_at, around, label="time of the capacity assessment", field="capacity.assessed_at"
        )


def future_faults(moment: datetime, around: Around, *, label: str, field: str) -> Faults:
    """A time in the future, beyond what a clock may be wrong."""
    if is_in_future(moment, now=around.now):
        yield RuleBroken(f"The {label} must not be in the future", field=field)


def _proxy_faults(facts: Facts, around: Around) -> Faults:
    """A deputy refuses nothing; of every attorney and deputy it is said whether they were consulted."""
    refused_by = facts.refused_by
    if facts.reason is Reason.ATTORNEY_REFUSES and refused_by is not None and refused_by.name:
        recorded = {proxy.kind for proxy in around.proxies if _same_name(proxy.name, refused_by.name)}
        if refused_by.kind is ConsulteeKind.DEPUTY or recorded == {ConsulteeKind.DEPUTY}:
            yield RuleBroken(
                "Choose another reason: a deputy cannot refuse life-sustaining treatment", field="refused_by.name"
            )
    if facts.capacity is None or facts.capacity.has_capacity is not False:
        return
    for proxy in around.proxies:
        if not _is_answered(proxy, facts.consultation or Consultation()):
            yield RuleBroken(
                f"Say whether {proxy.name} ({proxy.kind}) was consulted, or why not", field="consultation.people"
            )


def _advance_decision_faults(facts: Facts, around: Around) -> Faults:
    if facts.reason is not Reason.ADVANCE_DECISION:
        return
    refusing = [adrt for adrt in around.adrts if adrt.refuses_cpr and not adrt.withdrawn]
    if refusing and all(adrt.missing for adrt in refusing):
        lacks = "; ".join(refusing[0].missing)
        yield RuleBroken(
            f"Choose another reason, or complete the advance decision first. It lacks: {lacks}", field="reason"
        )


def _is_answered(proxy: Proxy, consultation: Consultation) -> bool:
    return any(
        person.kind is proxy.kind and _same_name(person.name, proxy.name) and person.consulted is not None
        for person in consultation.people
    )


def _same_name(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


# --- The rest of the record ------------------------------------------------------------------------------------------


def standing_advance_decisions(state: CPRState, around: Around) -> list[AdvanceDecision]:
    """Advance decisions that refuse CPR, were seen, and that the person has not withdrawn since."""
    return [
        adrt
        for adrt in around.adrts
        if adrt.refuses_cpr and adrt.document_seen and not adrt.withdrawn and not _withdrew_after(state, adrt)
    ]


def _withdrew_after(state: CPRState, adrt: AdvanceDecision) -> bool:
    """Whether a settled withdrawal of the person's refusal is no older than the advance decision."""
    effective = (SettledAs.ENDED_DECISION, SettledAs.CONFIRMED)
    days = [
        local_date(withdrawal.said_at)
        for withdrawal in state.withdrawals
        if withdrawal.settled is not None and withdrawal.settled.outcome in effective
    ]
    days += [
        local_date(decision.ended.at)
        for decision in state.cancelled
        if decision.ended is not None and decision.ended.reason == RevokeReason.REFUSAL_WITHDRAWN
    ]
    return any(adrt.made_on is None or day >= adrt.made_on for day in days)


def decided_later_with_capacity(decision: Decision, adrt: AdvanceDecision) -> bool:
    """Whether the person, with capacity, took part in a decision made after their advance decision."""
    return (
        adrt.made_on is not None
        and local_date(decision.decided_at) > adrt.made_on
        and decision.capacity is not None
        and decision.capacity.has_capacity is True
        and decision.involvement is not None
        and decision.involvement.person_involved is True
    )


def treatment_level_disagrees(state: CPRState, around: Around) -> bool:
    """CPR is recommended, and the level of treatment rules out what would follow it."""
    decision = state.in_force
    return (
        decision is not None
        and decision.recommendation is Recommendation.FOR_CPR
        and around.treatment_level in LEVELS_AGAINST_CPR
    )


def contradictions(state: CPRState, around: Around) -> list[str]:
    """What the rest of the record says against the decision in force, as sentences; empty: nothing."""
    decision = state.in_force
    if decision is None:
        return []
    found = []
    if treatment_level_disagrees(state, around):
        found.append("CPR is recommended, but the treatment level rules out what would follow it")
    if decision.recommendation is Recommendation.FOR_CPR and any(
        not decided_later_with_capacity(decision, adrt) for adrt in standing_advance_decisions(state, around)
    ):
        found.append("CPR is recommended, but an advance decision that was seen refuses it")
    if decision.reason is Reason.ADVANCE_DECISION and not any(
        adrt.refuses_cpr and not adrt.withdrawn and not _withdrew_after(state, adrt) for adrt in around.adrts
    ):
        found.append("The decision rests on an advance decision that the record does not hold")
    if decision.reason is Reason.ATTORNEY_REFUSES and not _holds_authority(decision, around):
        found.append("The decision rests on an attorney whose authority the record does not hold")
    return found


def _holds_authority(decision: Decision, around: Around) -> bool:
    return decision.refused_by is not None and any(
        proxy.kind is ConsulteeKind.ATTORNEY
        and proxy.has_authority_for_life_sustaining
        and _same_name(proxy.name, decision.refused_by.name)
        for proxy in around.proxies
    )


def check_contradictions(state: CPRState, around: Around) -> None:
    """A new decision fits the rest of the record, or says why it was signed nevertheless.

    "CPR recommended" is never blocked: the card then shows the disagreement.

    Raises:
        Contradicts: with every contradiction, on the field `contradiction_reason`.
    """
    decision = state.in_force
    if decision is None or decision.recommendation is Recommendation.FOR_CPR or decision.contradiction_reason:
        return
    found = contradictions(state, around)
    if found:
        raise Contradicts(
            f"{'. '.join(found)}. Change both, or say why you sign nevertheless", field="contradiction_reason"
        )


#: What a review says of when the decision is reviewed next.
REVIEW_NEEDS: Final = (
    Need(
        "review_on",
        "Enter the next review date, or why no review is needed",
        (blank("review_on"), blank("no_review_reason")),
    ),
    Need(
        "review_on",
        "Enter the next review date, or why no review is needed",
        (given("review_on"), given("no_review_reason")),
    ),
    Need(
        "review_on", "The next review date must be after this review", (not_after_day_of("review_on", "reviewed_at"),)
    ),
)
