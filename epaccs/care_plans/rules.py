"""What the law says of advance decisions, attorneys, deputies and capacity; and what an answer needs beside it.

The register never decides whether an advance decision or a power of attorney is legally valid: it refuses to call valid
what the law says cannot be, and shows what is missing.

Source: Mental Capacity Act 2005 s9-11, s20(5), s24-25; hazard H-08.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.core.fields import age_in_years
from epaccs.versions.rules import Value, present_items

Item = Mapping[str, Any]

#: Four answers that are no place. They differ from each other, and all from "not asked yet", which is no answer.
NO_PLACE: Final = frozenset({"undecided", "declined", "not_appropriate", "unable"})

ADULT: Final = 18

#: What an advance decision that refuses life-sustaining treatment must be, in the order a clinician checks it.
ADRT_CHECKLIST: dict[str, str] = {
    "is_written": "it is written",
    "is_signed": "it is signed by the person, or for them in their presence",
    "is_witnessed": "the signature was made or acknowledged before a witness",
    "states_even_if_life_at_risk": "it says that it applies even if life is at risk",
    "made_at_18_or_over": "the person was 18 or over",
    "had_capacity": "the person had capacity when they made it",
}


_DATES: Final = {
    "made_on": "made",
    "withdrawn_on": "withdrawn",
    "registered_on": "registered",
    "document_seen_on": "seen",
}


def adrt_missing(adrt: Item) -> list[str]:
    """What an advance decision lacks, or nobody has recorded, before it could refuse life-sustaining treatment.

    Returns:
        Words to follow "not recorded that ..."; empty: nothing is missing.
    """
    missing = [words for name, words in ADRT_CHECKLIST.items() if adrt.get(name) is not True]
    return missing + (["it was not withdrawn"] if adrt.get("withdrawn_on") else [])


def check_adrt_refusing_life_sustaining(adrt: Item) -> None:
    """Nobody records as valid an advance decision that the law does not let refuse life-sustaining treatment.

    Raises:
        RulesBroken: one sentence for each thing that is missing.
    """
    if not (adrt.get("called_valid") and _refuses_life_support(adrt)):
        return
    errors = [
        RuleBroken(f"Record that {words}, or do not record the decision as valid", field=name)
        for name, words in ADRT_CHECKLIST.items()
        if adrt.get(name) is not True
    ]
    if adrt.get("withdrawn_on"):
        errors.append(RuleBroken("A withdrawn advance decision is not valid", field="withdrawn_on"))
    if errors:
        raise RulesBroken(errors)


def _refuses_life_support(item: Item) -> bool:
    """It refuses CPR, or anything else that keeps alive."""
    return bool(item.get("refuses_life_sustaining") or item.get("refuses_cpr"))


def _claims_a_say(item: Item) -> bool:
    """It says that they may decide on what keeps alive, or that they refuse it."""
    return item.get("authority_life_sustaining") == "yes" or _refuses_life_support(item)


def check_deputy_cannot_refuse_life_sustaining(item: Item) -> None:
    """A deputy of the court can never refuse life-sustaining treatment.

    Raises:
        RuleBroken: the record would say so.
    """
    if item.get("kind") == "deputy" and _claims_a_say(item):
        raise RuleBroken(
            "A deputy cannot refuse life-sustaining treatment: answer no here", field="authority_life_sustaining"
        )


def check_property_attorney_decides_no_treatment(item: Item) -> None:
    """Whoever looks after somebody's money has no say over their treatment.

    Raises:
        RuleBroken: the record would give them one.

    Source: Mental Capacity Act 2005 s11(7).
    """
    if item.get("kind") == "lpa_property" and _claims_a_say(item):
        raise RuleBroken(
            "An attorney for property and money has no say over treatment: answer no here",
            field="authority_life_sustaining",
        )


def check_legal_item(item: Item, *, today: date, born_on: str | None) -> None:
    """Everything the law refuses of one document or one person with authority.

    Args:
        item: one line of the legal section.
        today: the date on the ward's wall.
        born_on: ISO date of birth; None: not known here.

    Raises:
        RuleBroken, RulesBroken: with the sentence and the field.
    """
    check_deputy_cannot_refuse_life_sustaining(item)
    check_property_attorney_decides_no_treatment(item)
    check_attorney_has_authority(item)
    check_adrt_refusing_life_sustaining(item)
    if item.get("kind") in ("lpa", "deputy", "lpa_property") and not item.get("name"):
        raise RuleBroken("Enter the name of the attorney or deputy", field="name")
    if item.get("kind") == "adrt" and not item.get("refuses"):
        raise RuleBroken("Enter what the advance decision refuses", field="refuses")
    _check_dates(item, today=today, born_on=born_on)
    _check_age_when_made(item, born_on=born_on)


def check_attorney_has_authority(item: Item) -> None:
    """An attorney refuses life-sustaining treatment only where the document says that they may.

    Raises:
        RuleBroken: the record would say that they refuse, and not that they may.
    """
    if item.get("kind") == "lpa" and _refuses_life_support(item) and item.get("authority_life_sustaining") != "yes":
        raise RuleBroken(
            "Record that the document lets the attorney decide on life-sustaining treatment, or that it is not refused",
            field="authority_life_sustaining",
        )


def _check_age_when_made(item: Item, *, born_on: str | None) -> None:
    """The two dates say whether the person was an adult; no answer may say otherwise."""
    if item.get("kind") != "adrt" or not (item.get("made_on") and born_on and item.get("made_at_18_or_over")):
        return
    age = age_in_years(date.fromisoformat(born_on), date.fromisoformat(item["made_on"]))
    if age < ADULT:
        raise RuleBroken(
            f"Check the date made: the person was {age} then, and under {ADULT} nobody can make an advance decision",
            field="made_on",
        )


def _check_dates(item: Item, *, today: date, born_on: str | None) -> None:
    made_on = item.get("made_on")
    for name, words in _DATES.items():
        if item.get(name) and item[name] > today.isoformat():
            raise RuleBroken(f"The date {words} must be today or in the past", field=name)
    if made_on and born_on and made_on < born_on:
        raise RuleBroken("The date made must be after the date of birth", field="made_on")
    for name, words in _DATES.items():
        if made_on and item.get(name) and item[name] < made_on:
            raise RuleBroken(f"The date {words} must not be before the date made", field=name)


# --- Places ----------------------------------------------------------------------------------------------------------


def check_preferred_places(first: str | None, second: str | None, *, first_described: bool) -> None:
    """A second choice follows a first place; "another place" is described.

    Args:
        first: the first choice; None: not asked yet.
        second: the second choice; None: none.
        first_described: whether an address or description of the first choice is given.

    Raises:
        RuleBroken: with what to enter first.
    """
    if second and (not first or first in NO_PLACE):
        raise RuleBroken("Enter a place as first choice before the second", field="death_first")
    if first == "other" and not first_described:
        raise RuleBroken("Describe the place", field="death_first_address")


# --- Judgements of function and prognosis ----------------------------------------------------------------------------

#: The usual GP, the key worker and the doctor responsible; a nurse in the community or the hospice is the key worker.
JUDGES_OF_PROGNOSIS: Final = frozenset({"gp", "hospice-doctor", "hospital-doctor", "hospice-nurse", "community-nurse"})

#: The frailty scale was made for people of this age and over.
FRAILTY_FROM: Final = 65


def check_prognosis_changed_by(role: str, *, changed: bool) -> None:
    """How long somebody may have is judged only by those who answer for their care.

    Args:
        role: of whoever changes the section.
        changed: whether the change touches the prognosis.

    Raises:
        RuleBroken: somebody else changes it.

    Source: SCCI1580 v4.0 item 34; hazard H-35 (a prognosis or a scale misread).
    """
    if changed and role not in JUDGES_OF_PROGNOSIS:
        raise RuleBroken(
            "Leave the prognosis as it was: only the usual GP, the key worker or the doctor responsible judges it",
            field="prognosis",
        )


def check_observation(item: Item, *, born_on: str | None) -> None:
    """One day's judgement says something, and measures frailty only where the scale holds.

    Args:
        born_on: the person's day of birth; None: not known here.

    Raises:
        RuleBroken: nothing was judged, or the person was too young for the frailty scale.

    Source: SCCI1580 v4.0 item 29; Clinical Frailty Scale, which was not validated under 65; hazard H-35.
    """
    if not any(item.get(name) for name in ("akps", "phase", "frailty", "concerns")) and item.get("ipos_total") is None:
        raise RuleBroken("Enter at least one judgement beside the date", field="akps")
    if not item.get("frailty") or not born_on:
        return
    age = age_in_years(date.fromisoformat(born_on), date.fromisoformat(item["observed_on"]))
    if age < FRAILTY_FROM:
        raise RuleBroken(
            f"Leave the frailty scale blank: the person was {age}, and it holds from the age of {FRAILTY_FROM}",
            field="frailty",
        )


# --- The stage, and what is asked by then -----------------------------------------------------------------------------


class Stage(StrEnum):
    """How far the illness has come, by the letters of the Gold Standards Framework; each asks all that the last did.

    Source: PRSB P&EoLC v1.1, estimated prognosis.
    """

    YEAR = "a"
    MONTHS = "b"
    WEEKS = "c"
    DAYS = "d"


#: The letter is kept; the colour is a word beside it, and services differ on yellow and amber.
STAGES: Final[Mapping[Stage, str]] = {
    Stage.YEAR: "A (blue): a year or more",
    Stage.MONTHS: "B (green): months",
    Stage.WEEKS: "C (yellow or amber): weeks",
    Stage.DAYS: "D (red): days",
}

#: What the likely prognosis says of the stage. Source: SCCI1580 v4.0 item 34.
_STAGE_OF_PROGNOSIS: Final[Mapping[str, Stage]] = {
    "more_than_a_year": Stage.YEAR,
    "about_a_year": Stage.YEAR,
    "months": Stage.MONTHS,
    "weeks": Stage.WEEKS,
    "days": Stage.DAYS,
}


def find_stage(values: Mapping[str, Value], *, disputed: Collection[str] = ()) -> Stage | None:
    """The furthest stage that anything recorded speaks for; None: nobody judged it, or it is in dispute.

    Where the framework's letter, the likely prognosis and the phase of illness differ, the furthest holds: a question
    too many costs a minute, a question that nobody asked may cost the death that the person wished for.

    Args:
        values: the sections of one person by name, as far as the reader sees them.
        disputed: sections of which two versions wait to be settled.

    Source: PRSB P&EoLC v1.1, estimated prognosis; hazard H-43 (a question never asked).
    """
    if "diagnosis" in disputed or "function" in disputed:
        return None
    diagnosis = values.get("diagnosis", {})
    said = [stage for stage in Stage if stage == diagnosis.get("gold_standards")]
    said += [stage for name, stage in _STAGE_OF_PROGNOSIS.items() if name == diagnosis.get("prognosis")]
    said += [Stage.DAYS] if _is_dying(values.get("function", {})) else []
    return max(said, default=None)


def _is_dying(function: Value) -> bool:
    """The last phase that anybody judged is that of dying; of two on one day, either."""
    phases = [(item["observed_on"], item["phase"]) for item in present_items(function).values() if item.get("phase")]
    last = max((observed_on for observed_on, _ in phases), default=None)
    return (last, "dying") in phases


def is_asked(asked_from: Stage, stage: Stage | None) -> bool:
    """Whether a question is asked by now; where nobody judged the stage, everything is (hazard H-43).

    Args:
        asked_from: the stage from which it is asked.
        stage: the person's; None: nobody judged it.
    """
    return stage is None or asked_from <= stage


# --- Capacity --------------------------------------------------------------------------------------------------------


def check_capacity(item: Item) -> None:
    """A finding that somebody lacks capacity says on what grounds.

    Raises:
        RuleBroken: it does not.

    Source: Mental Capacity Act 2005 s1-s3; hazard H-08.
    """
    if item["outcome"] != "has" and not item.get("grounds"):
        raise RuleBroken(
            "Enter the impairment and what the person could not do: capacity is presumed without it", field="grounds"
        )


# --- Other sections --------------------------------------------------------------------------------------------------

#: Answers that stand for "there is none".
NO_DISABILITY: Final = frozenset({"none_known", "none_reported"})


def check_disabilities(chosen: Sequence[str]) -> None:
    """Nobody has a disability and none.

    Raises:
        RuleBroken: both are ticked.
    """
    if NO_DISABILITY.intersection(chosen) and not NO_DISABILITY.issuperset(chosen):
        raise RuleBroken("Tick the disabilities, or that there is none, but not both", field="disabilities")


def check_carer(value: Item) -> None:
    """An assessment that was offered, declined or done has its day.

    Raises:
        RuleBroken: it has none.
    """
    if value.get("assessment") in ("offered", "declined", "done") and not value.get("assessment_on"):
        raise RuleBroken("Enter the date on which it was offered or done", field="assessment_on")


def check_funding(value: Item) -> None:
    """What was sent or answered has its day: otherwise nobody knows when to ask again.

    Raises:
        RuleBroken: it has none.
    """
    if value.get("fast_track") not in (None, "not_applied") and not value.get("fast_track_on"):
        raise RuleBroken("Enter the date of the fast-track application or answer", field="fast_track_on")
    if value.get("special_rules") == "completed" and not value.get("special_rules_on"):
        raise RuleBroken("Enter the date on which the SR1 was completed", field="special_rules_on")


def check_medicine(item: Item) -> None:
    """A medicine that was stopped says why, and none ended before it began.

    Raises:
        RuleBroken: the reason is missing, or the dates are the wrong way round.
    """
    if item["status"] == "stopped" and not item.get("change_reason"):
        raise RuleBroken("Enter why it was stopped", field="change_reason")
    _check_order(item, "started_on", "ended_on", "The end must not be before the date started")


def check_involved(item: Item) -> None:
    """Nobody's part ended before it began.

    Raises:
        RuleBroken: the dates are the wrong way round.
    """
    _check_order(item, "started_on", "ended_on", "The end must not be before the beginning")


def check_syringe_driver(value: Item) -> None:
    """What is in a syringe driver, or when it is changed, means that there is one in use.

    Raises:
        RuleBroken: the driver is not said to be in use.

    Source: hazard H-34 (a syringe driver that nobody expects).
    """
    if not value.get("syringe_driver") and (value.get("driver_contents") or value.get("driver_next_at")):
        raise RuleBroken("Say that a syringe driver is in use, or clear what is in it", field="syringe_driver")


def _check_order(item: Item, first: str, last: str, sentence: str) -> None:
    if item.get(first) and item.get(last) and item[last] < item[first]:
        raise RuleBroken(sentence, field=last)


# --- What an area asks besides the standards -------------------------------------------------------------------------


def keep_unseen(before: Value, sent: Value, hidden: Collection[str]) -> dict[str, Any]:
    """What somebody sent, with what their role does not see as it was: nobody clears what they never saw.

    Args:
        before: what they made their change on.
        sent: their answers; one that their form did not ask comes blank, or not at all.
        hidden: the questions that their role does not see.

    Raises:
        RulesBroken: they answered such a question where a colleague had answered it; each names its field.

    Source: access table; hazards H-05 and H-65.
    """
    kept, errors = dict(sent), []
    for name in hidden:
        if before.get(name) in (None, ""):
            continue
        if sent.get(name) not in (None, "", before[name]):
            errors.append(RuleBroken("Leave this blank: your role does not see what is recorded here", field=name))
        kept[name] = before[name]
    if errors:
        raise RulesBroken(errors)
    return kept


class LocalKind(StrEnum):
    """How a local question is answered."""

    WORDS = "words"
    CHOICE = "choice"
    YES_NO = "yes_no"
    DATE = "date"
    NUMBER = "number"


LOCAL_KINDS: Final[Mapping[str, str]] = {
    LocalKind.WORDS: "In words",
    LocalKind.CHOICE: "By one of the answers below",
    LocalKind.YES_NO: "Yes or no",
    LocalKind.DATE: "By a date",
    LocalKind.NUMBER: "By a number",
}

FEWEST_ANSWERS, MOST_ANSWERS, LONGEST_ANSWER = 2, 20, 100

#: More would bury the questions of the standards.
MOST_QUESTIONS = 20


@dataclass(frozen=True)
class Question:
    """One local question. `hint` None: it needs none. `answers`: the words to choose from; empty: it offers none."""

    id: UUID
    question: str
    hint: str | None
    kind: LocalKind
    answers: tuple[str, ...] = ()


def read_local_answers(kind: LocalKind, typed: str | None) -> tuple[str, ...]:
    """The answers that a new local question offers, one a line.

    Args:
        typed: None: none were typed.

    Raises:
        RuleBroken: a choice without enough answers, two alike, one too long; or answers where none are offered.
    """
    answers = tuple(line for line in (one.strip() for one in (typed or "").splitlines()) if line)
    if kind is not LocalKind.CHOICE:
        if answers:
            raise RuleBroken("Leave the answers blank, or choose that it is answered by one of them", field="answers")
        return ()
    if not FEWEST_ANSWERS <= len(answers) <= MOST_ANSWERS:
        raise RuleBroken(f"Enter {FEWEST_ANSWERS} to {MOST_ANSWERS} answers, one a line", field="answers")
    if len({answer.casefold() for answer in answers}) < len(answers):
        raise RuleBroken("Enter each answer once", field="answers")
    if max(map(len, answers)) > LONGEST_ANSWER:
        raise RuleBroken(f"Shorten each answer to {LONGEST_ANSWER} characters", field="answers")
    return answers


def check_local_question(question: str, asked: Sequence[str]) -> None:
    """An area asks each question once, and not too many.

    Args:
        asked: the questions that are asked already.

    Raises:
        RuleBroken: it is asked already, or there are enough.
    """
    if question.casefold() in {one.casefold() for one in asked}:
        raise RuleBroken("This is asked already", field="question")
    if len(asked) >= MOST_QUESTIONS:
        raise RuleBroken(f"End a question first: {MOST_QUESTIONS} are asked already", field="question")
