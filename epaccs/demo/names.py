"""Names, addresses and numbers of people who do not exist, as skewed as those of people who do.

A few family names, given names and streets are shared by many, and most are shared by few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from random import Random
from typing import Any, Final

from epaccs.core.fields import normalise_telephone
from epaccs.core.nhs_number import SYNTHETIC_PREFIX, check_digit
from epaccs.demo.chance import WORDS, Weighted, falling

# --- NHS numbers -----------------------------------------------------------------------------------------------------

_SIX_DIGITS: Final = 1_000_000
#: A step through the six free digits that meets each of them once, in no order that anybody sees.
_STRIDE: Final = 618_033
#: The first numbers are left to people who are written or entered by hand; these few to the written ones.
_BY_HAND: Final = 2_000
_WRITTEN: Final = 100


def synthetic_numbers(seed: int) -> Iterator[str]:
    """Every NHS number of the range that is given to nobody, once: there are not quite a million."""
    start = Random(f"numbers {seed}").randrange(_SIX_DIGITS)
    for place in range(_SIX_DIGITS):
        digits = (start + place * _STRIDE) % _SIX_DIGITS
        if digits >= _BY_HAND and (number := _number(digits)):
            yield number


def demonstration_numbers() -> Iterator[str]:
    """The numbers that are left out above, after the few that written stories have."""
    return (number for digits in range(_WRITTEN, _BY_HAND) if (number := _number(digits)))


def _number(digits: int) -> str | None:
    first_nine = f"{SYNTHETIC_PREFIX}{digits:06}"
    last = check_digit(first_nine)
    return first_nine + last if last is not None else None


# --- Names -----------------------------------------------------------------------------------------------------------


class _Community:
    """The names of one community."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self.family, self.women, self.men = (falling(words[kind].split()) for kind in ("family", "women", "men"))


_COMMUNITIES: Final = {name: _Community(words) for name, words in WORDS["names"].items()}
_COMMUNITY: Final = Weighted({name: float(words["share"]) for name, words in WORDS["names"].items()})
_STARTS: Final[list[str]] = WORDS["tails"]["starts"].split()
_ENDS: Final[list[str]] = WORDS["tails"]["ends"].split()
_TAIL: Final = 0.25  # of the English names: a place somebody came from once
_DOUBLE: Final = 0.025


def choose_community(chance: Random) -> str:
    """Whose names somebody has."""
    return _COMMUNITY.pick(chance)


def choose_family_name(chance: Random, community: str) -> str:
    """A family name, at times of two parts."""
    name = _family_name(chance, community)
    is_double = community == "english" and chance.random() < _DOUBLE
    return f"{name}-{_family_name(chance, community)}" if is_double else name


def _family_name(chance: Random, community: str) -> str:
    if community == "english" and chance.random() < _TAIL:
        return chance.choice(_STARTS) + chance.choice(_ENDS)
    return _COMMUNITIES[community].family.pick(chance)


def choose_given_name(chance: Random, community: str, *, is_woman: bool) -> str:
    """A given name."""
    names = _COMMUNITIES[community]
    return (names.women if is_woman else names.men).pick(chance)


def choose_name(chance: Random) -> str:
    """The whole name of anybody."""
    community = choose_community(chance)
    given = choose_given_name(chance, community, is_woman=chance.random() < 0.5)
    return f"{given} {_family_name(chance, community)}"


# --- Where they live, and their telephones ---------------------------------------------------------------------------

_STREETS: Final = falling(WORDS["places"]["streets"].split())
_STREET_KINDS: Final = falling(WORDS["places"]["street_kinds"].split())
_LETTERS: Final = "ABDEFGHJLNPQRSTUWXYZ"


def choose_street(chance: Random) -> str:
    """A street: half of them are called like many others."""
    if chance.random() < 0.5:
        return f"{chance.choice(_STARTS)}{chance.choice(_ENDS)} {_STREET_KINDS.pick(chance)}"
    return f"{_STREETS.pick(chance)} {_STREET_KINDS.pick(chance)}"


def choose_house(chance: Random) -> str:
    """The number of a house, or a flat in one."""
    if chance.random() < 0.85:
        return str(chance.randint(1, 240))
    return f"Flat {chance.randint(1, 40)}, {chance.randint(1, 99)}"


def choose_postcode(chance: Random, town: str) -> str:
    """A postcode of an area that does not exist; its district goes with the town."""
    district = sum(map(ord, town)) % 28 + 10
    return f"ND{district} {chance.randint(1, 9)}{chance.choice(_LETTERS)}{chance.choice(_LETTERS)}"


def town_of(place: int) -> str:
    """A town that no map shows; far places may share a name."""
    return _STARTS[place * 7 % len(_STARTS)] + _ENDS[(place * 5 + place // len(_STARTS)) % len(_ENDS)]


@cache
def telephone_of(number: int) -> str:
    """A number of the range that is kept for fiction, in the groups in which it is kept."""
    return normalise_telephone(f"01632960{number % 1000:03}")


@cache
def mobile_of(number: int) -> str:
    """A mobile number of the range that is kept for fiction."""
    return normalise_telephone(f"07700900{number % 1000:03}")


def choose_telephone(chance: Random) -> str:
    """Somebody's telephone at home."""
    return telephone_of(chance.randint(0, 999))


def choose_mobile(chance: Random) -> str:
    """Somebody's mobile telephone."""
    return mobile_of(chance.randint(0, 999))
