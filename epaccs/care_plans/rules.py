"""What the law says of advance decisions, attorneys and deputies; and what in the plan contradicts a CPR decision.

The register never decides whether an advance decision or a power of attorney is legally valid: it refuses to call valid
what the law says cannot be, and shows what is missing.

Source: Mental Capacity Act 2005 s9-11, s20(5), s24-25; hazard H-08.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from epaccs.core.errors import RuleBroken, RulesBroken

Item = Mapping[str, Any]

#: What an advance decision that refuses life-sustaining treatment must be, in the order a clinician checks it.
ADRT_CHECKLIST: dict[str, str] = {
    "is_written": "it is written",
    "is_signed": "it is signed by the person, or for them in their presence",
    "is_witnessed": "the signature was made or acknowledged before a witness",
    "states_even_if_life_at_risk": "it says that it applies even if life is at risk",
    "made_at_18_or_over": "the person was 18 or over",
    "had_capacity": "the person had capacity when they made it",
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
    check_adrt_refusing_life_sustaining(item)
    if item.get("kind") in ("lpa", "deputy") and not item.get("name"):
        raise RuleBroken("Enter the name of the attorney or deputy", field="name")
    if item.get("kind") == "adrt" and not item.get("refuses"):
        raise RuleBroken("Enter what the advance decision refuses", field="refuses")
    _check_dates(item, born_on=born_on)


def _check_dates(item: Item, *, born_on: str | None) -> None:
    made_on = item.get("made_on")
    if made_on and born_on and made_on < born_on:
        raise RuleBroken("The date made must be after the date of birth", field="made_on")
    for name, words in (("withdrawn_on", "withdrawn"), ("registered_on", "registered"), ("document_seen_on", "seen")):
        if made_on and item.get(name) and item[name] < made_on:
            raise RuleBroken(f"The date {words} must not be before the date made", field=name)


def find_refusing_adrts(items: Mapping[str, Item]) -> list[Item]:
    """Advance decisions that refuse CPR and were not withdrawn."""
    return [
        item
        for item in items.values()
        if item.get("kind") == "adrt" and item.get("refuses_cpr") and not item.get("withdrawn_on")
    ]
