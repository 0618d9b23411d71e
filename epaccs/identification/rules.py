"""Why somebody may be in the last year of life, in which group of illnesses, and what was decided about asking them.

Nothing here puts anybody on the register: a list names people, a person decides. People who die of heart, lung, kidney
or liver failure, of dementia or of frailty are thought of later than those who die of cancer; so the list is ordered by
what is said of each person, and counted by group of illnesses.

The words are the ones that a list may use: one word or group of words for each illness and each sign of decline.
Codes are not read: a code of a terminology whose release nobody here checked would put people into a wrong group
unseen, and the practice's own search knows its codes.

Source: the three questions by which practices find people early (would a clinician be surprised; general signs of
decline; signs of one illness), in words of our own; hazard H-40.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from epaccs.core.errors import RuleBroken
from epaccs.core.fields import age_in_years
from epaccs.core.names import fold, name_key


class Group(StrEnum):
    """A group of illnesses by which people decline in like ways, and by which a practice counts."""

    CANCER = "cancer"
    ORGAN_FAILURE = "organ_failure"
    DEMENTIA = "dementia"
    FRAILTY = "frailty"
    NEUROLOGICAL = "neurological"
    OTHER = "other"


GROUP_LABELS: Final[Mapping[Group, str]] = {
    Group.CANCER: "Cancer",
    Group.ORGAN_FAILURE: "Organ failure",
    Group.DEMENTIA: "Dementia",
    Group.FRAILTY: "Frailty",
    Group.NEUROLOGICAL: "Neurological",
    Group.OTHER: "Other, or several",
}


class Condition(StrEnum):
    """An illness, by the words with which a list names it."""

    ADVANCED_CANCER = "advanced cancer"
    HEART_FAILURE = "heart failure"
    COPD = "copd"
    LUNG_FIBROSIS = "lung fibrosis"
    KIDNEY_FAILURE = "kidney failure"
    LIVER_FAILURE = "liver failure"
    DEMENTIA = "dementia"
    FRAILTY = "severe frailty"
    PARKINSONS = "parkinsons disease"
    MOTOR_NEURONE = "motor neurone disease"
    MULTIPLE_SCLEROSIS = "multiple sclerosis"
    STROKE = "stroke"
    OTHER = "other condition"


@dataclass(frozen=True)
class Meaning:
    """The group of an illness, and the words by which it is shown."""

    group: Group
    words: str


CONDITIONS: Final[Mapping[Condition, Meaning]] = {
    Condition.ADVANCED_CANCER: Meaning(Group.CANCER, "cancer that has spread or cannot be cured"),
    Condition.HEART_FAILURE: Meaning(Group.ORGAN_FAILURE, "heart failure"),
    Condition.COPD: Meaning(Group.ORGAN_FAILURE, "severe COPD"),
    Condition.LUNG_FIBROSIS: Meaning(Group.ORGAN_FAILURE, "scarring of the lungs"),
    Condition.KIDNEY_FAILURE: Meaning(Group.ORGAN_FAILURE, "kidney failure"),
    Condition.LIVER_FAILURE: Meaning(Group.ORGAN_FAILURE, "liver failure"),
    Condition.DEMENTIA: Meaning(Group.DEMENTIA, "dementia"),
    Condition.FRAILTY: Meaning(Group.FRAILTY, "severe frailty"),
    Condition.PARKINSONS: Meaning(Group.NEUROLOGICAL, "Parkinson's disease"),
    Condition.MOTOR_NEURONE: Meaning(Group.NEUROLOGICAL, "motor neurone disease"),
    Condition.MULTIPLE_SCLEROSIS: Meaning(Group.NEUROLOGICAL, "multiple sclerosis"),
    Condition.STROKE: Meaning(Group.NEUROLOGICAL, "a stroke with lasting disability"),
    Condition.OTHER: Meaning(Group.OTHER, "another condition that limits life"),
}


class Sign(StrEnum):
    """A sign of decline, by the words with which a list names it; most of them first, those of one illness after."""

    NOT_SURPRISED = "would not be surprised"
    ADMISSION = "unplanned admission"
    ADMISSIONS = "repeated unplanned admissions"
    WEIGHT_LOSS = "weight loss"
    IN_BED_OR_CHAIR = "mostly in bed or chair"
    MORE_HELP = "needs more help"
    HARD_SYMPTOMS = "symptoms hard to control"
    TREATMENT_ENDED = "treatment ended"
    WANTS_COMFORT = "wants comfort"
    CARE_HOME = "moved to a care home"
    BREATHLESS = "breathless at rest"
    OXYGEN = "oxygen at home"
    NO_DIALYSIS = "dialysis ended or declined"
    ASCITES = "fluid in the abdomen"
    SWALLOWING = "trouble swallowing"
    INFECTIONS = "repeated infections"
    FALLS = "repeated falls"
    SPEECH = "hardly speaks"


SIGNS: Final[Mapping[Sign, str]] = {
    Sign.NOT_SURPRISED: "a clinician would not be surprised if they died within 12 months",
    Sign.ADMISSION: "an unplanned admission in the last 6 months",
    Sign.ADMISSIONS: "two or more unplanned admissions in the last 6 months",
    Sign.WEIGHT_LOSS: "a tenth of their weight lost in 6 months without trying",
    Sign.IN_BED_OR_CHAIR: "more than half of the day in bed or in a chair",
    Sign.MORE_HELP: "more help needed with daily life than 6 months ago",
    Sign.HARD_SYMPTOMS: "symptoms that stay hard to control",
    Sign.TREATMENT_ENDED: "no further treatment of the illness itself",
    Sign.WANTS_COMFORT: "a wish for comfort rather than cure",
    Sign.CARE_HOME: "a move to a care home in the last 6 months",
    Sign.BREATHLESS: "breathlessness at rest or on little effort",
    Sign.OXYGEN: "oxygen at home",
    Sign.NO_DIALYSIS: "dialysis ended or declined",
    Sign.ASCITES: "fluid in the abdomen that comes back",
    Sign.SWALLOWING: "trouble swallowing",
    Sign.INFECTIONS: "repeated infections in the last 6 months",
    Sign.FALLS: "repeated falls in the last 6 months",
    Sign.SPEECH: "hardly any speech",
}

#: From this number of illnesses on a person stands under "several" as well.
SEVERAL: Final = 3

#: Living with severe or very severe frailty. Nine is no more of it: it stands for somebody who is dying, frail or not.
SEVERELY_FRAIL: Final = (7, 8)
DYING: Final = 9
LEAST_AGE_FOR_SCALE: Final = 65


@dataclass(frozen=True)
class Findings:
    """What a list says of one person. `frailty_scale` None: it gives none."""

    conditions: tuple[Condition, ...] = ()
    signs: tuple[Sign, ...] = ()
    frailty_scale: int | None = None


# --- Reading the words of a list -------------------------------------------------------------------------------------


def find_words(typed: str, known: Collection[str], *, field_label: str, field: str) -> tuple[str, ...]:
    """The words of a cell, parted by semicolons, in the order of the closed list; capitals and dashes do not matter.

    Raises:
        RuleBroken: one of them is not known; it is named, so that it is found in the list.
    """
    found = {fold(part): part.strip() for part in typed.split(";") if part.strip()}
    for folded, part in found.items():
        if folded not in known:
            raise RuleBroken(
                f"Use only the words for {field_label} that this page lists: “{part[:60]}” is none of them", field=field
            )
    return tuple(one for one in known if one in found)


def check_scale_fits_age(scale: int | None, born_on: date, *, today: date) -> None:
    """The Clinical Frailty Scale was made for people of 65 and over.

    Raises:
        RuleBroken: it is given for somebody younger.

    Source: Clinical Frailty Scale, its own limits; hazard H-35.
    """
    if scale is not None and age_in_years(born_on, today) < LEAST_AGE_FOR_SCALE:
        raise RuleBroken(
            "Leave the frailty scale blank for somebody under 65: it was not made for them", field="frailty_scale"
        )


def check_says_why(findings: Findings) -> None:
    """A person is named for a reason that can be read aloud to them.

    Raises:
        RuleBroken: no illness, no sign and no severe frailty is given.

    Source: hazard H-40; Caldicott principle 1 (justify the purpose).
    """
    is_frail = findings.frailty_scale is not None and findings.frailty_scale >= SEVERELY_FRAIL[0]
    if not (findings.conditions or findings.signs or is_frail):
        raise RuleBroken(
            "Say why: give a condition, a sign, or a frailty scale of 7 or more. Otherwise take the row out",
            field="conditions",
        )


def check_still_whole(*, named_before: int, left_out: int, is_whole: bool) -> None:
    """A list that leaves out more than half of the people of the list before is half a file, until somebody says no.

    Raises:
        RuleBroken: nobody said that it is the whole list.

    Source: hazard H-40.
    """
    if not is_whole and left_out * 2 > named_before:
        raise RuleBroken(
            f"This list leaves out {left_out} of the {named_before} people of the last one. Check that it is the whole "
            "list. If it is, tick that here and choose the file again",
            field="is_whole",
        )


# --- Groups and reasons ----------------------------------------------------------------------------------------------


def groups_of(findings: Findings) -> tuple[Group, ...]:
    """Every group a person stands in, in the order of the groups; somebody with heart failure and dementia is in two.

    Whoever fits none of the others, or has three illnesses or more, stands under "other, or several".
    """
    found = {CONDITIONS[one].group for one in findings.conditions}
    if findings.frailty_scale in SEVERELY_FRAIL:
        found.add(Group.FRAILTY)
    if not found or len(findings.conditions) >= SEVERAL:
        found.add(Group.OTHER)
    return tuple(group for group in Group if group in found)


def because(findings: Findings) -> str:
    """Why somebody is named, as it is read out: "heart failure, with an unplanned admission in the last 6 months"."""
    illnesses = [CONDITIONS[one].words for one in findings.conditions]
    if findings.frailty_scale is not None:
        dying = " (dying, whether frail or not)" if findings.frailty_scale == DYING else ""
        illnesses.append(f"Clinical Frailty Scale {findings.frailty_scale}{dying}")
    signs = _listed([SIGNS[one] for one in findings.signs if one is not Sign.NOT_SURPRISED])
    said = ", with ".join(part for part in (_listed(illnesses), signs) if part)
    expected = SIGNS[Sign.NOT_SURPRISED] if Sign.NOT_SURPRISED in findings.signs else ""
    return "; ".join(part for part in (said, expected) if part)


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def urgency(findings: Findings, *, family_name: str) -> tuple[int, int, int, str]:
    """Where a person stands on the list, lowest first.

    First whom a clinician would not be surprised to lose within a year, or who is dying by the frailty scale; then by
    how many signs there are, then by how many illnesses, then by name. It orders a list and predicts nothing.
    """
    is_expected = Sign.NOT_SURPRISED in findings.signs or findings.frailty_scale == DYING
    return (0 if is_expected else 1, -len(findings.signs), -len(findings.conditions), name_key(family_name))


# --- What was decided ------------------------------------------------------------------------------------------------


class Outcome(StrEnum):
    """What somebody decided about one person; putting them on the register is done there, and seen here."""

    NOT_NOW = "not_now"
    NOT_APPROPRIATE = "not_appropriate"
    PLAN_ELSEWHERE = "plan_elsewhere"
    REOPENED = "reopened"


OUTCOME_LABELS: Final[Mapping[Outcome, str]] = {
    Outcome.NOT_NOW: "Considered, not now",
    Outcome.NOT_APPROPRIATE: "Not appropriate",
    Outcome.PLAN_ELSEWHERE: "Has a plan elsewhere",
    Outcome.REOPENED: "To be considered again",
}


class State(StrEnum):
    """Where a person on the list stands."""

    TO_CONSIDER = "to_consider"
    NOT_NOW = "not_now"
    NOT_APPROPRIATE = "not_appropriate"
    PLAN_ELSEWHERE = "plan_elsewhere"
    ON_REGISTER = "on_register"
    DECLINED = "declined"
    NOT_LISTED = "not_listed"


STATE_LABELS: Final[Mapping[State, str]] = {
    State.TO_CONSIDER: "To consider",
    State.NOT_NOW: "Considered, not now",
    State.NOT_APPROPRIATE: "Not appropriate",
    State.PLAN_ELSEWHERE: "Has a plan elsewhere",
    State.ON_REGISTER: "On the register already",
    State.DECLINED: "Did not want to be on the register",
    State.NOT_LISTED: "No longer on the list",
}

#: How long a decision stands without being looked at again, and how long a person is kept after the last that happened.
KEPT_DAYS: Final = 365


class Match(StrEnum):
    """Whom the register holds under the NHS number of a row, as far as the practice may know."""

    ON_REGISTER = "on_register"
    DECLINED = "declined"
    OTHER_PERSON = "other_person"  #: the same number, another date of birth


@dataclass(frozen=True)
class Decision:
    """The latest decision about a person. `look_again_on` None: no day was set."""

    outcome: Outcome
    decided_on: date
    look_again_on: date | None = None


def match_of(*, born_on: date, register_born_on: date, has_declined: bool) -> Match:
    """The register's person under the same NHS number is the same person only if the date of birth agrees.

    A number mistyped in a list would otherwise hide somebody behind another person's entry.

    Source: hazards H-40 and H-01.
    """
    if born_on != register_born_on:
        return Match.OTHER_PERSON
    return Match.DECLINED if has_declined else Match.ON_REGISTER


def stands(decision: Decision | None, *, today: date) -> bool:
    """Whether a decision still keeps somebody off the list: "not now" until its day, the others for a year."""
    match decision:
        case Decision(Outcome.NOT_NOW, _, date() as look_again_on):
            return today < look_again_on
        case Decision(Outcome.NOT_APPROPRIATE | Outcome.PLAN_ELSEWHERE, decided_on, _):
            return today < decided_on + timedelta(days=KEPT_DAYS)
        case _:
            return False


def state_of(decision: Decision | None, *, match: Match | None, is_listed: bool, today: date) -> State:
    """Where somebody stands: the register first, then what a person decided, then what the newest list says.

    "Not now" is a promise to look again. It comes due on its day even if the newest list forgets the person.

    Source: hazard H-40.
    """
    if match in (Match.ON_REGISTER, Match.DECLINED):
        return State(match)
    if decision is not None and stands(decision, today=today):
        return State(decision.outcome)
    is_promised = decision is not None and decision.outcome in (Outcome.NOT_NOW, Outcome.REOPENED)
    return State.TO_CONSIDER if is_listed or is_promised else State.NOT_LISTED


def check_decision(outcome: Outcome, *, look_again_on: date | None, today: date) -> None:
    """Whoever decides "not now" says when to look again, within a year; nothing else has a day.

    Raises:
        RuleBroken: the day is missing, is not ahead, lies too far ahead, or belongs to another answer.

    Source: hazard H-40.
    """
    if outcome is not Outcome.NOT_NOW:
        if look_again_on is not None:
            raise RuleBroken("Give a day to look again only with “considered, not now”", field="look_again_on")
        return
    if look_again_on is None:
        raise RuleBroken("Enter the day on which to look again", field="look_again_on")
    if look_again_on <= today:
        raise RuleBroken("The day on which to look again must be after today", field="look_again_on")
    if look_again_on > today + timedelta(days=KEPT_DAYS):
        raise RuleBroken("The day on which to look again must be within a year", field="look_again_on")


def is_same_person(*, born_on: date, listed_born_on: date) -> bool:
    """Whether a decision made before holds for the row of a new list: only while number and date of birth agree.

    Source: hazards H-40 and H-01.
    """
    return born_on == listed_born_on


def count_groups(people: Iterable[tuple[Group, ...]]) -> dict[Group, int]:
    """How many people stand in each group; somebody in two is counted in both."""
    counted = dict.fromkeys(Group, 0)
    for groups in people:
        for group in groups:
            counted[group] += 1
    return counted
