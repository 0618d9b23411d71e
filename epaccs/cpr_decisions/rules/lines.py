"""The line that every outlet shows: page, card, sheet, tablet, FHIR. Words from plain values; there is always one.

Source: docs/domain.md, CPR decisions, lines; hazards H-03 (a line outlives its decision), H-04 (a CPR line
read as a refusal of all treatment), H-06 (no entry read as a decision).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from epaccs.core.fields import age_of_copy, format_date, format_datetime, local_date
from epaccs.cpr_decisions.rules.around import Around, Death
from epaccs.cpr_decisions.rules.doubt import NO_RIVALS, HeldRival, Side, doubts, ended_on, last_confirmed
from epaccs.cpr_decisions.rules.edits import get_in_force
from epaccs.cpr_decisions.rules.originals import Unplaced, find_unplaced
from epaccs.cpr_decisions.rules.requirements import standing_advance_decisions, treatment_level_disagrees
from epaccs.cpr_decisions.rules.states import (
    Aware,
    CPRState,
    Decision,
    DecisionStatus,
    Proposal,
    ProposalStatus,
    Recommendation,
)
from epaccs.cpr_decisions.rules.words import Words
from epaccs.versions.rules import CLOCK_ERROR


class Situation(StrEnum):
    """What the line stands for. A passed review date changes no situation: it adds a clock and a sentence."""

    NOT_FOR_CPR = "not_for_cpr"
    FOR_CPR = "for_cpr"
    AWAITING = "awaiting"
    REPORTED = "reported"
    IN_DOUBT = "in_doubt"
    REVOKED = "revoked"
    NONE_RECORDED = "none_recorded"
    ADVANCE_DECISION = "advance_decision"
    ENDED_BY_DEATH = "ended_by_death"
    COPY_PAST_AGE = "copy_past_age"
    HIDDEN = "hidden"


class Shape(StrEnum):
    """What the line looks like without colour."""

    OCTAGON = "octagon"
    SQUARE = "square"
    HATCHED = "hatched"
    DASHED = "dashed"
    SPLIT = "split"
    OPEN_CIRCLE_BAR = "open_circle_bar"
    OPEN_CIRCLE = "open_circle"
    OCTAGON_OUTLINE = "octagon_outline"
    CLOCK = "clock"
    DOUBLE_BAR = "double_bar"
    PADLOCK = "padlock"


class Colour(StrEnum):
    """The colour of the shape; never the only carrier, and never green."""

    RED = "red"
    BLUE = "blue"
    INK = "ink"
    BLACK_AND_YELLOW = "black_and_yellow"
    GREY = "grey"
    AMBER = "amber"


@dataclass(frozen=True)
class Look:
    """How one situation looks, and when it holds (for the documentation)."""

    when: str
    shape: Shape
    colour: Colour


LOOKS: Final[Mapping[Situation, Look]] = {
    Situation.NOT_FOR_CPR: Look("in force, not for CPR", Shape.OCTAGON, Colour.RED),
    Situation.FOR_CPR: Look("in force, for CPR", Shape.SQUARE, Colour.BLUE),
    Situation.AWAITING: Look("none in force; proposed, awaiting a signer", Shape.HATCHED, Colour.INK),
    Situation.REPORTED: Look("none in force; reported", Shape.DASHED, Colour.INK),
    Situation.IN_DOUBT: Look("in doubt", Shape.SPLIT, Colour.BLACK_AND_YELLOW),
    Situation.REVOKED: Look("cancelled, none since", Shape.OPEN_CIRCLE_BAR, Colour.INK),
    Situation.NONE_RECORDED: Look("none recorded", Shape.OPEN_CIRCLE, Colour.GREY),
    Situation.ADVANCE_DECISION: Look(
        "none in force, but an ADRT refusing CPR was seen", Shape.OCTAGON_OUTLINE, Colour.RED
    ),
    Situation.ENDED_BY_DEATH: Look("death confirmed", Shape.DOUBLE_BAR, Colour.GREY),
    Situation.COPY_PAST_AGE: Look("copy past its age limit, any of the above", Shape.CLOCK, Colour.AMBER),
    Situation.HIDDEN: Look("the role may not see it", Shape.PADLOCK, Colour.GREY),
}


@dataclass(frozen=True)
class CPRLine:
    """The line of one person for one outlet at one moment.

    Args:
        situation: what it stands for now.
        underlying: the situation without the age of the copy; the same as `situation` unless the copy is past its age.
        large: the large line; never empty.
        second: the sentences under it.
        sides: only in doubt: what was last confirmed, then each thing that speaks against it.
        extra: further sentences, most urgent first.
        beneath: what a relative reported, shown as large directly under the line.
        review_overdue_since: the review date that has passed: an amber clock beside the line.
        person_not_told: the person does not know.
        unplaced: the person moved, and nobody has said since where the signed form is; None: its place was said.
    """

    situation: Situation
    underlying: Situation
    large: str
    shape: Shape
    colour: Colour
    second: tuple[str, ...] = ()
    sides: tuple[Side, ...] = ()
    extra: tuple[str, ...] = ()
    beneath: tuple[str, ...] = ()
    review_overdue_since: date | None = None
    confirmation_overdue_since: datetime | None = None
    person_not_told: bool = False
    unplaced: Unplaced | None = None


@dataclass(frozen=True)
class _Reading:
    """Everything that one line is built from."""

    state: CPRState
    held: Sequence[HeldRival]
    around: Around
    copy_left_at: datetime
    now: datetime
    confirmation_hours: int
    words: Words


def line(  # noqa: PLR0913 - plain values, all by name, so that no outlet needs a session or a clock
    state: CPRState,
    *,
    held: Sequence[HeldRival],
    around: Around,
    copy_left_at: datetime,
    now: datetime,
    confirmation_hours: int = 72,
    copy_age_limit: timedelta | None = None,
    words: Words | None = None,
) -> CPRLine:
    """The line as it stands at `now`.

    Args:
        state: the section.
        held: edits of the section that wait to be settled.
        around: the rest of the record.
        copy_left_at: when this copy left the register; on the register's own page, now.
        now: the moment of reading.
        confirmation_hours: after which a proposal is overdue.
        copy_age_limit: past which a copy claims nothing about the present; None: it has no limit.
        words: the site's wording; None: the defaults.
    """
    reading = _Reading(state, held, around, copy_left_at, now, confirmation_hours, words or Words())
    situation = find_situation(state, held=held, around=around)
    built = _BUILD[situation](reading)
    shown = replace(
        built,
        extra=tuple(_extra(reading, situation)),
        beneath=tuple(_beneath(reading)),
        review_overdue_since=_review_overdue_since(reading, situation),
        person_not_told=state.person_not_told,
        unplaced=find_unplaced(state, around),
    )
    return _as_last_known(shown, reading) if _is_past_age(reading, copy_age_limit) else shown


def hidden_line(words: Words | None = None) -> CPRLine:
    """The line for a role that may not see it: whom to ring, and nothing of what there is."""
    said = words or Words()
    return _look(Situation.HIDDEN, said.hidden.format(number=said.number_24h))


def find_situation(state: CPRState, *, held: Sequence[HeldRival], around: Around) -> Situation:
    """Which line is shown. Doubt comes first; then what is in force; then what may exist."""
    if doubts(state, held=held, around=around):
        return Situation.IN_DOUBT
    if state.in_force is not None:
        is_for = state.in_force.recommendation is Recommendation.FOR_CPR
        return Situation.FOR_CPR if is_for else Situation.NOT_FOR_CPR
    if state.ended_by_death is not None or around.died is Death.CONFIRMED:
        return Situation.ENDED_BY_DEATH
    if standing_advance_decisions(state, around):
        return Situation.ADVANCE_DECISION
    waiting = {proposal.status for proposal in state.open_proposals}
    if ProposalStatus.AWAITING_CONFIRMATION in waiting:
        return Situation.AWAITING
    if ProposalStatus.REPORTED in waiting:
        return Situation.REPORTED
    return Situation.REVOKED if state.cancelled else Situation.NONE_RECORDED


def _look(situation: Situation, large: str, *second: str, sides: tuple[Side, ...] = ()) -> CPRLine:
    look = LOOKS[situation]
    return CPRLine(
        situation=situation,
        underlying=situation,
        large=large,
        shape=look.shape,
        colour=look.colour,
        second=second,
        sides=sides,
    )


# --- Each situation --------------------------------------------------------------------------------------------------


def _in_force(reading: _Reading) -> CPRLine:
    decision, words = get_in_force(reading.state), reading.words
    sentences = [_signed(decision, words), _reviewed(decision, words), _copy_age(reading)]
    if decision.recommendation is Recommendation.FOR_CPR:
        return _look(Situation.FOR_CPR, words.for_cpr, *sentences)
    return _look(Situation.NOT_FOR_CPR, words.not_for_cpr, *sentences, words.about_cpr_only, words.use_judgement)


def _signed(decision: Decision, words: Words) -> str:
    signed_on, decided_on = local_date(decision.signed_at), local_date(decision.decided_at)
    template = words.signed if signed_on == decided_on else words.decided_and_signed
    return template.format(date=format_date(signed_on), decided=format_date(decided_on), who=decision.signer.named)


def _reviewed(decision: Decision, words: Words) -> str:
    if decision.last_reviewed is None:
        return words.not_reviewed
    return words.reviewed.format(date=format_date(local_date(decision.last_reviewed.at)))


def _copy_age(reading: _Reading) -> str:
    return reading.words.copy_age.format(age=_age(reading))


def _age(reading: _Reading) -> str:
    """The age of the copy; a clock that is a little wrong does not make it unknown."""
    left_at = reading.copy_left_at
    if reading.now < left_at <= reading.now + CLOCK_ERROR:
        left_at = reading.now
    return age_of_copy(left_at, reading.now)


def _awaiting(reading: _Reading) -> CPRLine:
    proposal, words = _awaited(reading.state)[-1], reading.words
    large = _awaiting_large(proposal, words)
    second = [words.to_be_confirmed, _copy_age(reading)]
    due = proposal.recorded_at + timedelta(hours=reading.confirmation_hours)
    if reading.now < due:
        return _look(Situation.AWAITING, large, *second)
    second.insert(0, words.confirmation_overdue.format(moment=format_datetime(due)))
    return replace(_look(Situation.AWAITING, large, *second), confirmation_overdue_since=due)


def _awaited(state: CPRState) -> list[Proposal]:
    return [one for one in state.open_proposals if one.status is ProposalStatus.AWAITING_CONFIRMATION]


def _awaiting_large(proposal: Proposal, words: Words) -> str:
    return words.awaiting.format(
        said=words.said(proposal.recommendation),
        who=", ".join(part for part in (proposal.by.name, proposal.by.role) if part),
        date=format_date(local_date(proposal.recorded_at)),
    )


def _reported(reading: _Reading) -> CPRLine:
    report, words = reading.state.open_proposals[-1], reading.words
    told = words.told.format(
        told_by=report.told_by_whom, date=format_date(local_date(report.recorded_at)), who=report.by.named
    )
    return _look(Situation.REPORTED, _reported_large(report, words), told, _copy_age(reading))


def _reported_large(report: Proposal, words: Words) -> str:
    said, seen = words.said(report.recommendation), report.document_seen
    if seen is None:
        return words.reported_not_seen.format(said=said)
    return words.reported_seen.format(said=said, who=seen.role or seen.by, date=format_date(local_date(seen.at)))


def _in_doubt(reading: _Reading) -> CPRLine:
    """Neither side is current: what was last confirmed is named so, beside everything that speaks against it."""
    words, decision = reading.words, reading.state.in_force
    found = doubts(reading.state, held=reading.held, around=reading.around, words=words)
    confirmed = words.nothing_confirmed
    if decision is not None:
        confirmed = words.last_confirmed.format(
            line=words.line_of(decision.recommendation), date=format_date(local_date(decision.signed_at))
        )
    base = last_confirmed(reading.state, reading.around, words)
    sides = [base, *(doubt.side for doubt in found)]
    return _look(
        Situation.IN_DOUBT,
        words.in_doubt,
        words.doubt_advice.format(number=words.number_24h),
        confirmed,
        _copy_age(reading),
        sides=tuple(dict.fromkeys(sides)),
    )


def _revoked(reading: _Reading) -> CPRLine:
    return _look(Situation.REVOKED, reading.words.revoked, *_cancelled_sentences(reading), _copy_age(reading))


def _cancelled_sentences(reading: _Reading) -> list[str]:
    decision, words = reading.state.cancelled[-1], reading.words
    sentences = [
        words.cancelled.format(
            line=words.line_of(decision.recommendation),
            decided=format_date(local_date(decision.decided_at)),
            date=format_date(ended_on(decision)),
        )
    ]
    by_withdrawal = decision.ended.edit_id if decision.ended else ""
    sentences += [
        words.refusal_withdrawn.format(moment=format_datetime(withdrawal.said_at), who=withdrawal.by.named)
        for withdrawal in reading.state.withdrawals
        if withdrawal.settled is not None and withdrawal.settled.edit_id == by_withdrawal
    ]
    return sentences


def _none_recorded(reading: _Reading) -> CPRLine:
    words = reading.words
    return _look(Situation.NONE_RECORDED, words.none_recorded, words.elsewhere, _copy_age(reading))


def _advance_decision(reading: _Reading) -> CPRLine:
    words = reading.words
    places = [adrt.location for adrt in standing_advance_decisions(reading.state, reading.around) if adrt.location]
    where = words.advance_decision_at.format(where="; ".join(places)) if places else words.advance_decision_nowhere
    return _look(Situation.ADVANCE_DECISION, words.advance_decision, where, _copy_age(reading))


def _ended_by_death(reading: _Reading) -> CPRLine:
    words, decision = reading.words, reading.state.ended_by_death
    if decision is None:
        return _look(Situation.ENDED_BY_DEATH, words.ended_by_death_none, words.seen_alive, _copy_age(reading))
    large = words.ended_by_death.format(line=words.line_of(decision.recommendation))
    return _look(Situation.ENDED_BY_DEATH, large, _signed(decision, words), words.seen_alive, _copy_age(reading))


_BUILD: Final[Mapping[Situation, Callable[[_Reading], CPRLine]]] = {
    Situation.NOT_FOR_CPR: _in_force,
    Situation.FOR_CPR: _in_force,
    Situation.AWAITING: _awaiting,
    Situation.REPORTED: _reported,
    Situation.IN_DOUBT: _in_doubt,
    Situation.REVOKED: _revoked,
    Situation.NONE_RECORDED: _none_recorded,
    Situation.ADVANCE_DECISION: _advance_decision,
    Situation.ENDED_BY_DEATH: _ended_by_death,
}


# --- A copy past its age ---------------------------------------------------------------------------------------------


def _is_past_age(reading: _Reading, limit: timedelta | None) -> bool:
    """A copy from the future has no known age, so it is past any limit."""
    if limit is None:
        return False
    age = reading.now - reading.copy_left_at
    return age > limit or age < -CLOCK_ERROR


def _as_last_known(shown: CPRLine, reading: _Reading) -> CPRLine:
    """Past its age a copy says only what was last known, and where the truth may be found."""
    words, decision = reading.words, reading.state.in_force
    look = LOOKS[Situation.COPY_PAST_AGE]
    where = _place_of_form(shown, decision, words) if decision else ""
    template = words.look_for_form if where else words.look_for_form_nowhere
    nothing = shown.situation in (Situation.NONE_RECORDED, Situation.REVOKED)
    first = (
        template.format(where=where, control=words.control),
        words.one_may_exist if nothing else words.newer_may_exist,
    )
    age = _copy_age(reading)
    return replace(
        shown,
        situation=Situation.COPY_PAST_AGE,
        large=words.last_known.format(age=_age(reading), line=shown.large),
        shape=look.shape,
        colour=look.colour,
        second=(*first, *(sentence for sentence in shown.second if sentence != age)),
    )


def _place_of_form(shown: CPRLine, decision: Decision, words: Words) -> str:
    """Where the signed form is; a place that was named before the person moved says so (hazard H-44)."""
    unplaced = shown.unplaced
    if unplaced is None or not unplaced.last_known:
        return decision.original_location
    return words.said_before_move.format(where=unplaced.last_known, date=format_date(unplaced.since))


# --- Further lines ---------------------------------------------------------------------------------------------------


def _review_overdue_since(reading: _Reading, situation: Situation) -> date | None:
    """The review date that has passed; it ends nothing, and in doubt there is nothing to call overdue."""
    decision = reading.state.in_force
    if decision is None or decision.review_on is None or situation is Situation.IN_DOUBT:
        return None
    return decision.review_on if decision.review_on < reading.around.today else None


def _beneath(reading: _Reading) -> list[str]:
    """What relatives reported and nobody has answered: as large as the line, directly under it."""
    return [
        reading.words.relative_report.format(
            who=", ".join(part for part in (request.relationship, request.said_by) if part),
            date=format_date(local_date(request.recorded_at)),
        )
        for request in reading.state.open_requests
        if request.is_relative
    ]


def _extra(reading: _Reading, situation: Situation) -> list[str]:
    """The further sentences, most urgent first; in doubt, none of those that would call a side current."""
    claims = [] if situation is Situation.IN_DOUBT else [*_claims(reading), *_beside(reading, situation)]
    older = [] if situation is Situation.IN_DOUBT else _older_paper(reading)
    urgent = [*_not_told(reading), *_overdue(reading, situation), *_unplaced(reading)]
    return [*urgent, *claims, *_forms(reading), *older, *_requests(reading)]


def _not_told(reading: _Reading) -> list[str]:
    return [reading.words.not_told] if reading.state.person_not_told else []


def _overdue(reading: _Reading, situation: Situation) -> list[str]:
    since, words = _review_overdue_since(reading, situation), reading.words
    return [words.review_overdue.format(date=format_date(since), site=words.review_overdue_site)] if since else []


def _unplaced(reading: _Reading) -> list[str]:
    """That the signed form may have stayed behind, and where it was; in doubt too: there it is to be read.

    Source: hazard H-44.
    """
    unplaced, words = find_unplaced(reading.state, reading.around), reading.words
    if unplaced is None:
        return []
    where = unplaced.last_known or words.place_unknown
    return [words.signed_form_unplaced.format(where=where, date=format_date(unplaced.since))]


def _claims(reading: _Reading) -> list[str]:
    words, decision = reading.words, reading.state.in_force
    sentences = []
    if treatment_level_disagrees(reading.state, reading.around):
        sentences.append(words.treatment_level)
    if decision is not None and decision.restored is not None and decision.asks_to_be_confirmed:
        sentences.append(words.restored.format(date=format_date(local_date(decision.restored.at))))
    sentences += _removed(reading)
    if decision is not None and decision.aware:
        names = {Aware.PERSON: words.person, Aware.FAMILY: words.family, Aware.CARER: words.carer}
        sentences.append(words.aware.format(people=", ".join(names[who] for who in decision.aware)))
    return [*sentences, *_advance_decision_sentences(reading)]


def _removed(reading: _Reading) -> list[str]:
    """That the newest entry was a mistake, and nothing came back in its place."""
    newest = reading.state.decisions[-1:]
    return [
        reading.words.removed.format(date=format_date(ended_on(decision)))
        for decision in newest
        if decision.status is DecisionStatus.ENTERED_IN_ERROR
    ]


def _advance_decision_sentences(reading: _Reading) -> list[str]:
    words = reading.words
    refusing = [adrt for adrt in reading.around.adrts if adrt.refuses_cpr and not adrt.withdrawn]
    standing = standing_advance_decisions(reading.state, reading.around)
    sentences = []
    if any(not adrt.document_seen for adrt in refusing):
        sentences.append(words.advance_decision_reported)
    if any(adrt.document_seen and adrt not in standing for adrt in refusing):
        sentences.append(words.advance_decision_withdrawn)
    return sentences


def _beside(reading: _Reading, situation: Situation) -> list[str]:
    """What waits beside the line, and what was cancelled before it: paper of it may be about."""
    state, words = reading.state, reading.words
    sentences = [
        words.withdrawal_waiting.format(moment=format_datetime(withdrawal.said_at), who=withdrawal.by.named)
        for withdrawal in state.open_withdrawals
    ]
    if situation not in (Situation.AWAITING, Situation.REPORTED, Situation.ADVANCE_DECISION):
        return sentences
    if state.cancelled:
        sentences += _cancelled_sentences(reading)
    reports = [proposal for proposal in state.open_proposals if proposal.status is ProposalStatus.REPORTED]
    hidden = reports[:-1] if situation is Situation.REPORTED else reports
    sentences += [words.also_waiting.format(line=_reported_large(report, words)) for report in hidden]
    if situation is Situation.ADVANCE_DECISION:
        sentences += [words.also_waiting.format(line=_awaiting_large(proposal, words)) for proposal in _awaited(state)]
    return sentences


def _forms(reading: _Reading) -> list[str]:
    """Where the signed form is, unless nobody has said so since the person moved; and where it was last seen."""
    words, decision = reading.words, reading.state.in_force
    if decision is None:
        return []
    is_unplaced = find_unplaced(reading.state, reading.around) is not None
    sentences = [] if is_unplaced else [words.signed_form.format(where=decision.original_location)]
    seen = [sighting for sighting in reading.state.sightings if sighting.recorded_at >= decision.signed_at]
    return sentences + [
        words.original_seen.format(date=format_date(sighting.seen_on), where=sighting.place, who=sighting.by.named)
        for sighting in seen[-1:]
    ]


def _older_paper(reading: _Reading) -> list[str]:
    """That the form found first may be of an earlier decision that said otherwise; the last of those.

    Source: hazard H-03 (a line outlives its decision).
    """
    decision, words = reading.state.in_force, reading.words
    if decision is None:
        return []
    ended = (DecisionStatus.SUPERSEDED, DecisionStatus.REVOKED)
    contrary = [
        earlier
        for earlier in reading.state.decisions
        if earlier.status in ended and earlier.recommendation is not decision.recommendation
    ]
    return [
        words.older_paper.format(
            line=words.line_of(earlier.recommendation), decided=format_date(local_date(earlier.decided_at))
        )
        for earlier in contrary[-1:]
    ]


def _requests(reading: _Reading) -> list[str]:
    words = reading.words
    sentences = [words.change_waiting] if any(rival.kind in NO_RIVALS for rival in reading.held) else []
    return sentences + [
        words.review_asked.format(
            date=format_date(local_date(request.recorded_at)), who=request.by.named, words=request.words
        )
        for request in reading.state.open_requests
    ]
