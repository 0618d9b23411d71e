"""Whether a person on the register may be somebody who works with it, or one of their family or house.

People at work are known by their name alone. Their date of birth, NHS number and address are known only where their
privacy officer noted them, and then as digests: they can be compared and not read.

Source: hazard H-63.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from epaccs.core.names import fold, name_words, postcode_key, ways_to_say

_TITLES: Final = frozenset({"dr", "mr", "mrs", "ms", "miss", "mx", "prof", "professor", "sir", "dame", "sister", "rev"})
_HAS_DIGIT: Final = re.compile(r"[0-9]")
#: A house or flat stands in the first lines of an address; what follows is the town.
_LINES_OF_THE_DOOR: Final = 2


class Likeness(StrEnum):
    """How far two descriptions may be of one person."""

    NONE = "none"
    BY_NAME = "by_name"  #: the names are alike, and neither date of birth nor NHS number can be compared
    SURE = "sure"


@dataclass(frozen=True)
class Particulars:
    """What can be compared of somebody; None: not known.

    `givens`: first names, folded. `families`: ways to say the family name. The keys are equal where what they were made
    of is equal, and say nothing else.
    """

    givens: frozenset[str]
    families: frozenset[str]
    nhs_key: str | None = None
    born_key: str | None = None
    home_key: str | None = None


def liken(one: Particulars, other: Particulars) -> Likeness:
    """Whether two descriptions are of one person.

    An NHS number decides where both are known; then name and date of birth. Two of one name with two dates of birth
    are two people.
    """
    if one.nhs_key and other.nhs_key:
        return Likeness.SURE if one.nhs_key == other.nhs_key else Likeness.NONE
    if not (one.families & other.families and _given_alike(one.givens, other.givens)):
        return Likeness.NONE
    if one.born_key and other.born_key:
        return Likeness.SURE if one.born_key == other.born_key else Likeness.NONE
    return Likeness.BY_NAME


def _given_alike(ones: frozenset[str], others: frozenset[str]) -> bool:
    """The same first name, or an initial of it: people at work are often entered as "Dr A Patel"."""
    if ones & others:
        return True
    initials = {name for name in (*ones, *others) if len(name) == 1}
    return any(name[:1] in initials for name in ones) and any(name[:1] in initials for name in others)


def read_worker_name(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """First names and ways to say the family name of somebody at work, whose name is one text: "Dr Anna van der Berg".

    A name of one word is a family name.
    """
    words = [word for word in name_words(text) if word not in _TITLES]
    if len(words) < 2:
        return frozenset(), frozenset(words)
    return frozenset(words[:1]), frozenset(ways_to_say(" ".join(words[1:])))


def read_person_names(identity: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
    """First names and ways to say the family name of a person on the register."""
    said = (identity.get("given_name"), identity.get("preferred_name"))
    givens = frozenset(name_words(name)[0] for name in said if name and name_words(name))
    return givens, frozenset(ways_to_say(identity.get("family_name") or ""))


def home_of(address: str | None, postcode: str | None) -> str | None:
    """House and postcode as one text; None: there is no postcode, so nothing can be compared.

    The house is what of the first lines has a figure in it; a house without a number is known by its first line.
    """
    code = postcode_key(postcode or "")
    if not code:
        return None
    lines = [fold(line) for line in re.split(r"[\n,]", address or "") if fold(line)]
    figures = [word for line in lines[:_LINES_OF_THE_DOOR] for word in line.split() if _HAS_DIGIT.search(word)]
    return f"{code} {' '.join(figures) or (lines[0] if lines else '')}"
