"""What a signed decision needs, and what contradicts the rest of the record.

Source: Mental Capacity Act 2005; Tracey 2014 (the person is involved), Winspear 2015 (those close are consulted);
SCCI1580 v4.0 items 44 to 48.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from epaccs.core.errors import Contradicts, RuleBroken
from epaccs.core.fields import format_date, local_date
from epaccs.cpr_decisions.rules.around import CLOCK_ERROR, AdvanceDecision, Around, Author, Proxy
from epaccs.cpr_decisions.rules.states import (
    Aware,
    Capacity,
    Consultation,
    Consultee,
    ConsulteeKind,
    CPRState,
    Decision,
    Facts,
    Involvement,
    NotInvolvedBecause,
    Reason,
    Recommendation,
    RevokeReason,
    SettledAs,
)

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


# --- The decision itself ---------------------------------------------------------------------------------------------


def find_faults(facts: Facts, around: Around) -> list[RuleBroken]:
    """Everything that keeps a decision from being signed, each with its sentence and field; empty: nothing does."""
    parts: tuple[Callable[[Facts, Around], Faults], ...] = (
        _recommendation_faults,
        _time_faults,
        _reason_faults,
        _capacity_faults,
        _awareness_faults,
        _review_faults,
        _original_faults,
    )
    return [fault for part in parts for fault in part(facts, around)]


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


def _recommendation_faults(facts: Facts, _around: Around) -> Faults:
    if facts.recommendation is None:
        yield RuleBroken("Choose what is recommended", field="recommendation")
    if facts.recommendation is Recommendation.MODIFIED:
        yield RuleBroken(
            "Record modified CPR as reported: it is a recommendation for children and cannot be signed here",
            field="recommendation",
        )


def _time_faults(facts: Facts, around: Around) -> Faults:
    if facts.decided_at is None:
        yield RuleBroken("Enter the date and time the decision was made", field="decided_at")
        return
    yield from future_faults(facts.decided_at, around, label="date and time of the decision", field="decided_at")
    if around.born_on is not None and local_date(facts.decided_at) < around.born_on:
        yield RuleBroken(
            f"The decision must be made after the person was born, {format_date(around.born_on)}: check both dates",
            field="decided_at",
        )


def future_faults(moment: datetime, around: Around, *, label: str, field: str) -> Faults:
    """A time in the future, beyond what a clock may be wrong."""
    if moment > around.now + CLOCK_ERROR:
        yield RuleBroken(f"The {label} must not be in the future", field=field)


def _reason_faults(facts: Facts, around: Around) -> Faults:
    if facts.reason is None:
        yield RuleBroken("Choose the reason for the decision", field="reason")
        return
    if facts.recommendation in (Recommendation.NOT_FOR_CPR, Recommendation.FOR_CPR) and (
        facts.reason not in REASONS_FOR[facts.recommendation]
    ):
        yield RuleBroken("Choose a reason that fits the recommendation", field="reason")
    has_capacity = facts.capacity.has_capacity if facts.capacity else None
    if facts.reason is Reason.PERSON_REFUSES and has_capacity is False:
        yield RuleBroken(
            "Choose another reason: only a person with capacity for this decision can refuse it now", field="reason"
        )
    if facts.reason is Reason.ATTORNEY_REFUSES:
        yield from _attorney_faults(facts, around)
    if facts.reason is Reason.ADVANCE_DECISION:
        yield from _advance_decision_faults(around)


def _attorney_faults(facts: Facts, around: Around) -> Faults:
    if facts.capacity is not None and facts.capacity.has_capacity:
        yield RuleBroken(
            "Choose another reason: an attorney decides only when the person lacks capacity for this decision",
            field="reason",
        )
    refused_by = facts.refused_by
    if refused_by is None or not refused_by.name:
        yield RuleBroken("Enter the name of the attorney who refuses", field="refused_by.name")
        return
    recorded = {proxy.kind for proxy in around.proxies if _same_name(proxy.name, refused_by.name)}
    if refused_by.kind is ConsulteeKind.DEPUTY or recorded == {ConsulteeKind.DEPUTY}:
        yield RuleBroken(
            "Choose another reason: a deputy cannot refuse life-sustaining treatment", field="refused_by.name"
        )


def _advance_decision_faults(around: Around) -> Faults:
    refusing = [adrt for adrt in around.adrts if adrt.refuses_cpr and not adrt.withdrawn]
    if refusing and all(adrt.missing for adrt in refusing):
        lacks = "; ".join(refusing[0].missing)
        yield RuleBroken(
            f"Choose another reason, or complete the advance decision first. It lacks: {lacks}", field="reason"
        )


# --- Capacity, involvement, consultation -----------------------------------------------------------------------------


def _capacity_faults(facts: Facts, around: Around) -> Faults:
    capacity = facts.capacity or Capacity()
    if capacity.has_capacity is None:
        yield RuleBroken("Say whether the person has capacity for this decision", field="capacity.has_capacity")
    yield from _assessment_faults(capacity, facts.decided_at, around)
    if capacity.has_capacity is True:
        yield from _involvement_faults(facts, facts.involvement or Involvement())
    if capacity.has_capacity is False:
        yield from _consultation_faults(facts.consultation or Consultation(), around)


def _assessment_faults(capacity: Capacity, decided_at: datetime | None, around: Around) -> Faults:
    field = "capacity.assessed_at"
    if capacity.assessed_at is None:
        yield RuleBroken("Enter the date and time capacity for this decision was assessed", field=field)
        return
    yield from future_faults(capacity.assessed_at, around, label="time of the capacity assessment", field=field)
    if decided_at is not None and capacity.assessed_at > decided_at + CLOCK_ERROR:
        yield RuleBroken("Capacity must be assessed before the decision is made, not after it", field=field)


def _involvement_faults(facts: Facts, involvement: Involvement) -> Faults:
    if involvement.person_involved is None:
        yield RuleBroken("Say whether the person was involved in the decision", field="involvement.person_involved")
    if involvement.person_involved is not False:
        return
    field = "involvement.not_involved_because"
    if facts.reason is Reason.PERSON_REFUSES:
        yield RuleBroken(
            "A person who refuses CPR was involved in the decision: say so, or choose another reason",
            field="involvement.person_involved",
        )
    if involvement.not_involved_because is None:
        yield RuleBroken(
            "Say why the person was not involved: they declined, or it would cause physical or psychological harm",
            field=field,
        )
    if involvement.not_involved_because is NotInvolvedBecause.HARM and not involvement.detail:
        yield RuleBroken(
            "Describe the physical or psychological harm: distress alone is no reason", field="involvement.detail"
        )


def _consultation_faults(consultation: Consultation, around: Around) -> Faults:
    for number, person in enumerate(consultation.people):
        yield from _consultee_faults(person, f"consultation.people.{number}")
    for proxy in around.proxies:
        if not _is_answered(proxy, consultation):
            yield RuleBroken(
                f"Say whether {proxy.name} ({proxy.kind}) was consulted, or why not", field="consultation.people"
            )
    close = [person for person in consultation.people if person.kind is ConsulteeKind.CLOSE]
    if consultation.nobody_close and close:
        yield RuleBroken(
            "Say either that nobody is close to the person, or who was consulted", field="consultation.nobody_close"
        )
    if not consultation.nobody_close and not close:
        yield RuleBroken(
            "Enter who close to the person was consulted or why not, or say that there is nobody",
            field="consultation.people",
        )
    if consultation.nobody_close and not consultation.people and not around.proxies:
        yield from _imca_faults(consultation)


def _consultee_faults(person: Consultee, field: str) -> Faults:
    if not person.name:
        yield RuleBroken("Enter the name of the person who was or was not consulted", field=f"{field}.name")
    if person.consulted is None:
        yield RuleBroken(f"Say whether {person.name or 'this person'} was consulted", field=f"{field}.consulted")
    if person.consulted is False and person.because is None:
        yield RuleBroken(
            f"Say why {person.name or 'this person'} was not consulted: not practicable, or not appropriate",
            field=f"{field}.because",
        )
    if person.consulted is False and not person.detail:
        yield RuleBroken(
            f"Describe why consulting {person.name or 'this person'} was not practicable or appropriate",
            field=f"{field}.detail",
        )


def _is_answered(proxy: Proxy, consultation: Consultation) -> bool:
    return any(
        person.kind is proxy.kind and _same_name(person.name, proxy.name) and person.consulted is not None
        for person in consultation.people
    )


def _imca_faults(consultation: Consultation) -> Faults:
    if consultation.imca is None:
        yield RuleBroken(
            'Instruct an independent mental capacity advocate (IMCA), or say "urgent": there is nobody to consult',
            field="consultation.imca",
        )


def _same_name(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


# --- Awareness, review, original -------------------------------------------------------------------------------------


def _awareness_faults(facts: Facts, _around: Around) -> Faults:
    yield from find_awareness_faults(facts)
    if facts.person_not_told and facts.involvement is not None and facts.involvement.person_involved:
        yield RuleBroken("A person who was involved has been told: choose one of the two", field="person_not_told")


def find_awareness_faults(facts: Facts) -> Faults:
    """Whether the person knows is always answered; that they were not told is a fact of its own."""
    person_aware = Aware.PERSON in facts.aware
    if person_aware and facts.person_not_told:
        yield RuleBroken("Say either that the person is aware or why they have not been told", field="person_not_told")
    if not person_aware and not facts.person_not_told:
        yield RuleBroken("Say that the person is aware of the decision, or why they have not been told", field="aware")


def _review_faults(facts: Facts, _around: Around) -> Faults:
    if facts.review_on is None and not facts.no_review_reason:
        yield RuleBroken("Enter the review date, or why no review is needed", field="review_on")
    if facts.review_on is not None and facts.no_review_reason:
        yield RuleBroken("Enter either a review date or why no review is needed", field="review_on")
    if facts.review_on is not None and facts.decided_at is not None and facts.review_on <= local_date(facts.decided_at):
        yield RuleBroken("The review date must be after the decision", field="review_on")


def _original_faults(facts: Facts, _around: Around) -> Faults:
    if not facts.original_location:
        yield RuleBroken("Enter where the signed original is now", field="original_location")


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
