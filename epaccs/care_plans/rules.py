"""What the law says of advance decisions, attorneys and deputies; and what in the plan contradicts a CPR decision.

The register never decides whether an advance decision or a power of attorney is legally valid: it refuses to call valid
what the law says cannot be, and shows what is missing.

Source: Mental Capacity Act 2005 s9-11, s20(5), s24-25; hazard H-08.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.core.fields import age_in_years

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
    if not (adrt.get("called_valid") and (adrt.get("refuses_life_sustaining") or adrt.get("refuses_cpr"))):
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


def check_deputy_cannot_refuse_life_sustaining(item: Item) -> None:
    """A deputy of the court can never refuse life-sustaining treatment.

    Raises:
        RuleBroken: the record would say so.
    """
    if item.get("kind") == "deputy" and (
        item.get("authority_life_sustaining") == "yes" or item.get("refuses_life_sustaining") or item.get("refuses_cpr")
    ):
        raise RuleBroken(
            "A deputy cannot refuse life-sustaining treatment: answer no here", field="authority_life_sustaining"
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
    check_attorney_has_authority(item)
    check_adrt_refusing_life_sustaining(item)
    if item.get("kind") in ("lpa", "deputy") and not item.get("name"):
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
    refuses = item.get("refuses_life_sustaining") or item.get("refuses_cpr")
    if item.get("kind") == "lpa" and refuses and item.get("authority_life_sustaining") != "yes":
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
