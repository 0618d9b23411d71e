"""Made-up people in any number, the same for the same seed: as skewed as real ones, and nobody's.

A few family names, given names and streets are shared by many, and most are shared by few, as in a British county. NHS
numbers come from the range that is never given to anybody; it holds less than a million, so beyond it people have none.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from epaccs.core.nhs_number import check_digit, is_nhs_number

TODAY: Final = date(2026, 11, 21)
#: About so many people belong to one practice.
PRACTICE_SIZE: Final = 8000
#: About so many people live in one postcode.
POSTCODE_SIZE: Final = 30

_PARTS: Final = {
    name: words.split() for name, words in tomllib.loads(Path(__file__).with_name("names.toml").read_text()).items()
}
#: Each with how many of a hundred streets are one.
_STREET_KINDS: Final = {
    "Road": 30,
    "Street": 18,
    "Close": 14,
    "Lane": 12,
    "Avenue": 10,
    "Drive": 8,
    "Way": 4,
    "Court": 4,
    "Gardens": 3,
    "Crescent": 2,
    "Grove": 2,
    "Place": 2,
}


@dataclass(frozen=True)
class Person:
    """One made-up person: the identity as the section keeps it."""

    entry_id: UUID
    identity: dict[str, Any]

    @property
    def born_on(self) -> date:
        """The date of birth."""
        return date.fromisoformat(self.identity["born_on"])


class Names:
    """Names in falling commonness: the n-th is about 1/n as common as the first."""

    def __init__(self, names: Iterable[str], *, flatness: float) -> None:
        self.names = list(dict.fromkeys(names))
        self._weights = list(accumulate(1 / (place + flatness) for place in range(len(self.names))))

    def choose(self, chance: random.Random, count: int) -> list[str]:
        """So many of them, the common ones often."""
        return chance.choices(self.names, cum_weights=self._weights, k=count)


def _family_names() -> Iterator[str]:
    yield from _PARTS["family_heads"]
    shuffled = random.Random(1)
    pairs = [start + end for start in _PARTS["family_starts"] for end in _PARTS["family_ends"]]
    shuffled.shuffle(pairs)
    yield from pairs
    triples = [
        start + middle + end
        for start in _PARTS["family_starts"]
        for middle in ("er", "ing", "en", "es")
        for end in _PARTS["family_ends"]
    ]
    shuffled.shuffle(triples)
    yield from triples


def _street_names() -> Iterator[str]:
    yield from _PARTS["street_heads"]
    shuffled = random.Random(2)
    pairs = [start + end for start in _PARTS["family_starts"] for end in _PARTS["family_ends"]]
    shuffled.shuffle(pairs)
    yield from pairs
    yield from (f"{first} {second}" for first in _PARTS["street_heads"] for second in pairs[:100])


FAMILY_NAMES: Final = Names(_family_names(), flatness=9)
WOMEN: Final = Names(_PARTS["women"], flatness=6)
MEN: Final = Names(_PARTS["men"], flatness=6)
STREETS: Final = Names(_street_names(), flatness=20)

#: People are made so many at a time: the same seed makes the same people, however many are asked for.
_BATCH: Final = 5000


def make_people(count: int, *, seed: int = 1) -> Iterator[Person]:
    """So many people."""
    return islice(_make_batches(seed), count)


def _make_batches(seed: int) -> Iterator[Person]:
    chance = random.Random(seed)
    numbers = synthetic_numbers()
    place = 0
    while True:
        families, streets = FAMILY_NAMES.choose(chance, _BATCH), STREETS.choose(chance, _BATCH)
        women, men = WOMEN.choose(chance, _BATCH), MEN.choose(chance, _BATCH)
        kinds = chance.choices(list(_STREET_KINDS), list(_STREET_KINDS.values()), k=_BATCH)
        for family, woman, man, street, kind in zip(families, women, men, streets, kinds, strict=True):
            given = (woman, man) if chance.random() < 0.55 else (man, woman)
            yield _make_person(chance, place, family, given, f"{street} {kind}", next(numbers, None))
            place += 1


def _make_person(
    chance: random.Random, place: int, family: str, given: tuple[str, str], street: str, number: str | None
) -> Person:
    rarely = chance.random()
    identity: dict[str, Any] = {
        "family_name": f"{family}-{FAMILY_NAMES.choose(chance, 1)[0]}" if rarely < 0.02 else family,
        "given_name": f"{given[0]} {MEN.choose(chance, 1)[0]}" if 0.02 <= rarely < 0.12 else given[0],
        "born_on": _born(chance).isoformat(),
        "address": f"{chance.randint(1, 240)} {street}\nNorthdale",
        "postcode": _postcode(place // POSTCODE_SIZE),
        "address_restricted": 0.9 <= rarely < 0.902,
        "usual_gp_name": "Dr Rivers",
        "practice_ods": f"B{place // PRACTICE_SIZE:05}",
        "main_carer": "unknown",
        **({"nhs_number": number, "nhs_number_status": "01"} if number else {"no_nhs_number_reason": "not_known"}),
        **({"preferred_name": chance.choice(_PARTS["preferred"])} if 0.12 <= rarely < 0.22 else {}),
    }
    return Person(_entry_id(chance, place), identity)


def _entry_id(chance: random.Random, place: int) -> UUID:
    """As the program makes them: one after another in time, then chance (UUID version 7)."""
    value = (1_790_000_000_000 + place) << 80 | 0x7 << 76 | chance.getrandbits(76)
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def _born(chance: random.Random) -> date:
    age = min(max(chance.gauss(80, 11), 18.5), 104)
    return TODAY - timedelta(days=int(age * 365.25) + chance.randint(0, 364))


def _postcode(place: int) -> str:
    """A postcode of a made-up area, from its number."""
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    unit, rest = place % 400, place // 400
    sector, district = rest % 10, rest // 10 + 1
    return f"ZZ{district} {sector}{letters[unit // 20]}{letters[unit % 20]}"


def synthetic_numbers() -> Iterator[str]:
    """Every NHS number of the range that is never given to anybody, in an order without meaning; about 900,000."""
    for place in range(1_000_000):
        first_nine = f"999{place * 387_397 % 1_000_000:06}"
        digit = check_digit(first_nine)
        if digit is not None and is_nhs_number(first_nine + digit):
            yield first_nine + digit
