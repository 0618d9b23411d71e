"""How a CPR decision was made, as the section of the plan that paper gives it: reason, capacity, who was asked, review.

The recommendation itself stands only in the line, so that a page from the middle never shows a side that is in doubt.

Source: SCCI1580 v4.0 items 44 to 48; Tracey 2014; Winspear 2015; Mental Capacity Act 2005.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from epaccs.core.fields import format_date, format_datetime
from epaccs.cpr_decisions.rules.lines import Situation
from epaccs.cpr_decisions.rules.states import Consultee, Decision
from epaccs.cpr_decisions.schema import ADVOCATE, AWARE, CONSULTEES, NOT_CONSULTED, NOT_INVOLVED, REASONS
from epaccs.handover.rules import place_of_original
from epaccs.record.rules.card import Card
from epaccs.record.rules.whole import Line, ShownSection

_YES_NO = {True: "Yes", False: "No"}


def with_cpr(card: Card, sections: Sequence[ShownSection]) -> tuple[ShownSection, ...]:
    """The plan as paper has it: how the decision was made comes first."""
    own = build_cpr_section(card)
    return (*((own,) if own else ()), *sections)


def build_cpr_section(card: Card) -> ShownSection | None:
    """The section; None: it is not there for this reader. Without a decision it says that none is in force."""
    part = card.summary.cpr
    if part is None:
        return None
    decision = part.state.in_force or part.state.ended_by_death
    label = "CPR decision: how it was made"
    if card.line.situation is Situation.IN_DOUBT:
        label = "CPR decision: how the last confirmed one was made"
    return ShownSection(
        name="cpr",
        label=label,
        empty="No decision in force is recorded here",
        version=part.version,
        lines=tuple(Line(question, words) for question, words in _answers(card, decision) if words) if decision else (),
        said=part.said,
        confirmed=part.confirmed,
    )


def _answers(card: Card, decision: Decision) -> Iterator[tuple[str, str]]:
    yield "Signed by", ", ".join(part for part in (decision.signer.named, decision.signer.professional_number) if part)
    yield "Decided", format_datetime(decision.decided_at)
    yield "Reason", REASONS.get(decision.reason, "") if decision.reason else "Not recorded"
    yield "About the reason", decision.reason_detail
    yield "Refused by", decision.refused_by.name if decision.refused_by else ""
    yield from _capacity(decision)
    yield from _involvement(decision)
    yield from _consultation(decision)
    yield "Who knows", ", ".join(AWARE[one] for one in decision.aware) or "Nobody is recorded to know"
    yield "Person NOT told, because", decision.person_not_told
    none_needed = f"None needed: {decision.no_review_reason}" if decision.no_review_reason else "Not recorded"
    yield "Review", format_date(decision.review_on) if decision.review_on else none_needed
    yield "Signed original", place_of_original(card, decision)
    yield "Signed though another section says otherwise, because", decision.contradiction_reason


def _capacity(decision: Decision) -> Iterator[tuple[str, str]]:
    capacity = decision.capacity
    if capacity is None or capacity.has_capacity is None:
        yield "Capacity for this decision", "Not recorded"
        return
    when = f", assessed {format_datetime(capacity.assessed_at)}" if capacity.assessed_at else ""
    by = f" by {capacity.assessed_by}" if capacity.assessed_by else ""
    yield "Capacity for this decision", f"{_YES_NO[capacity.has_capacity]}{when}{by}"
    yield "How it was assessed", capacity.detail


def _involvement(decision: Decision) -> Iterator[tuple[str, str]]:
    involvement = decision.involvement
    if involvement is None or involvement.person_involved is None:
        return
    because = NOT_INVOLVED.get(involvement.not_involved_because, "") if involvement.not_involved_because else ""
    words = _YES_NO[involvement.person_involved]
    yield "Person involved", f"{words}: {because}" if because else words
    yield "About it", involvement.detail


def _consultation(decision: Decision) -> Iterator[tuple[str, str]]:
    consultation = decision.consultation
    if consultation is None:
        return
    for person in consultation.people:
        yield "Asked", _asked(person)
    if consultation.nobody_close:
        yield "Asked", "There is nobody to consult"
    if consultation.imca:
        name = f": {consultation.imca_name}" if consultation.imca_name else ""
        yield "Advocate", f"{ADVOCATE[consultation.imca]}{name}"


def _asked(person: Consultee) -> str:
    who = ", ".join(part for part in (person.name, person.relationship or CONSULTEES[person.kind]) if part)
    if person.consulted is None:
        asked = "not recorded whether consulted"
    elif person.consulted:
        asked = "consulted"
    else:
        asked = f"NOT consulted: {NOT_CONSULTED[person.because] if person.because else 'no reason recorded'}"
    return f"{who}: {asked}{f' ({person.detail})' if person.detail else ''}"
