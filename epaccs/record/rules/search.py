"""Finding the right person: what was typed, whether it is enough, and how well somebody fits it.

Searching is for finding one person, not for looking through a register: too little is answered with what to add. What
is typed may be misspelt, in any order and without accents; who is found says where they differ from it.

Source: SCCI1580 v4.0, finding a record; hazards H-01 (wrong person) and H-14 (a record that exists is not found).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache, partial
from typing import Final

from rapidfuzz.distance import OSA

from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.core.fields import EARLIEST_DATE, clean_text, parse_date
from epaccs.core.names import PARTICLES, name_words
from epaccs.core.nhs_number import parse_nhs_number
from epaccs.record.rules.search_keys import (
    KEY_LIMIT,
    STREET_KINDS,
    build_sound,
    build_street_key,
    read_street_words,
)

WHO_LIMIT: Final = 120
BORN_LIMIT: Final = 40
WHERE_LIMIT: Final = 120
WORDS_LIMIT: Final = 6

#: How many people a page of results shows; more are never shown, the search is narrowed instead.
SHOWN_LIMIT: Final = 10
#: How sure a result must be.
LOWEST_SCORE: Final = 0.69
#: An age that somebody guessed or remembers: so many years to either side.
AGE_LEEWAY_YEARS: Final = 2
HIGHEST_AGE: Final = 125

#: How much each answer says about who is meant.
_WEIGHTS: Final = {"family": 0.45, "given": 0.20, "where": 0.20, "born": 0.15}

_NUMBER: Final = re.compile(r"[\d\s.\-‐-―−]*\d[\d\s.\-‐-―−]*")
_AGE: Final = re.compile(
    r"(?:aged?|about|around|approx\.?|circa|c\.?|~)?\s*([0-9]{1,3})\s*(?:y|yrs?|years?)?(?:\s*old)?"
)
_AGES: Final = re.compile(r"(?:aged?\s*)?([0-9]{1,3})\s*(?:-|–|—|to)\s*([0-9]{1,3})\s*(?:y|yrs?|years?)?")
_DECADE: Final = re.compile(r"([0-9]{1,2}0)\s*['’]?s")
_YEAR: Final = re.compile(r"(?:born\s*(?:in\s*)?)?((?:18|19|20)[0-9]{2})")
_POSTCODE: Final = re.compile(r"(?:^|[\s,])([a-z]{1,2}[0-9][a-z0-9]?\s*[0-9][a-z]{2})\s*$", re.IGNORECASE)


# --- What was typed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Criteria:
    """What somebody asked for, read.

    Args:
        number: ten digits; None: none was given, and everything else counts.
        words: the words of a name in the order typed.
        family_length: how many of them came before a comma; 0: no comma, any order is meant.
        born_on: the exact date; None: not known exactly.
        born_from, born_until: what an age or a year leaves possible; None: not given.
        streets: what the street could be called; empty: not given.
        postcode: without its space; blank: not given.
    """

    number: str | None = None
    words: tuple[str, ...] = ()
    family_length: int = 0
    born_on: date | None = None
    born_from: date | None = None
    born_until: date | None = None
    streets: tuple[str, ...] = ()
    postcode: str = ""

    @property
    def has_where(self) -> bool:
        """A street or a postcode was given."""
        return bool(self.streets or self.postcode)

    @property
    def has_band(self) -> bool:
        """An age or a year of birth was given rather than a date."""
        return self.born_from is not None

    @property
    def kinds(self) -> tuple[str, ...]:
        """What was asked by, for the audit: never what was typed."""
        given = {
            "nhs_number": bool(self.number),
            "name": bool(self.words),
            "born": self.born_on is not None,
            "age": self.has_band,
            "street": bool(self.streets),
            "postcode": bool(self.postcode),
        }
        return tuple(kind for kind, is_given in given.items() if is_given)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every run of words that could be one name, each as one word."""
        runs = (
            "".join(self.words[start:end])[:KEY_LIMIT]
            for start in range(len(self.words))
            for end in range(start + 1, len(self.words) + 1)
        )
        return tuple(dict.fromkeys(runs))

    @cached_property
    def readings(self) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        """How the words can be divided into family name and given name; all together they may be one family name."""
        if self.family_length:
            return ((self.words[: self.family_length], self.words[self.family_length :]),)
        if len(self.words) == 1:
            return ((self.words, ()), ((), self.words))
        divided = (
            reading
            for cut in range(1, len(self.words))
            for reading in ((self.words[cut:], self.words[:cut]), (self.words[:cut], self.words[cut:]))
        )
        return (*divided, (("".join(self.words),), ()))


def read_criteria(who: str, born: str, where: str, *, today: date) -> Criteria:
    """Read the three boxes of the search.

    Raises:
        RulesBroken: a box cannot be read, or too little was given; each sentence says what to do.
    """
    errors: list[RuleBroken] = []
    criteria = Criteria()
    readers = (partial(_read_who, who), partial(_read_born, born, today=today), partial(_read_where, where))
    for read in readers:
        try:
            criteria = _joined(criteria, read())
        except RuleBroken as error:
            errors.append(error)
    if errors:
        raise RulesBroken(errors)
    if criteria.number is None:
        check_enough(criteria)
    return criteria


def _joined(first: Criteria, second: Criteria) -> Criteria:
    given = {name: part for name, part in vars(second).items() if part not in (None, (), "", 0)}
    return Criteria(**{**vars(first), **given})


def _read_who(who: str) -> Criteria:
    """An NHS number or a name; a comma parts the family name from the given name."""
    typed = clean_text(who, field_label="NHS number or name", field="who", limit=WHO_LIMIT)
    if not typed:
        return Criteria()
    if _NUMBER.fullmatch(unicodedata.normalize("NFKC", typed)):
        return Criteria(number=parse_nhs_number(typed.replace(".", ""), field="who"))
    if any(character.isdigit() for character in typed):
        raise RuleBroken(
            "Enter either the NHS number or the name, not both. An age or a date of birth has a box of its own",
            field="who",
        )
    family, comma, given = typed.partition(",")
    family_words, given_words = name_words(family), name_words(given)
    words = tuple(word[:KEY_LIMIT] for word in (*family_words, *given_words))
    if not words:
        raise RuleBroken("Enter the name with at least one letter, or the NHS number", field="who")
    if len(words) > WORDS_LIMIT:
        raise RuleBroken(f"Enter at most {WORDS_LIMIT} words: the family name and the first given name", field="who")
    return Criteria(words=words, family_length=len(family_words) if comma and family_words and given_words else 0)


def _read_born(born: str, *, today: date) -> Criteria:
    """A date of birth, a year, an age, or a span of ages; an age alone leaves some years to either side."""
    typed = clean_text(born, field_label="date of birth or age", field="born", limit=BORN_LIMIT)
    plain = unicodedata.normalize("NFKC", typed).strip().lower()
    if not plain:
        return Criteria()
    if found := _YEAR.fullmatch(plain):
        return _born_in(int(found[1]), today=today)
    if found := _DECADE.fullmatch(plain):
        return _aged(int(found[1]), int(found[1]) + 9, today=today)
    if found := _AGES.fullmatch(plain):
        return _aged(int(found[1]), int(found[2]), today=today)
    if found := _AGE.fullmatch(plain):
        age = int(found[1])
        _check_age(age)
        return _aged(max(age - AGE_LEEWAY_YEARS, 0), age + AGE_LEEWAY_YEARS, today=today)
    return Criteria(born_on=parse_date(typed, field_label="date of birth", field="born", today=today))


def _born_in(year: int, *, today: date) -> Criteria:
    if not EARLIEST_DATE.year <= year <= today.year:
        raise RuleBroken(f"Enter a year of birth from {EARLIEST_DATE.year} to {today.year}", field="born")
    return Criteria(born_from=date(year, 1, 1), born_until=date(year, 12, 31))


def _aged(youngest: int, oldest: int, *, today: date) -> Criteria:
    """The dates on which somebody of these ages was born."""
    youngest, oldest = sorted((youngest, oldest))
    _check_age(youngest)
    return Criteria(
        born_from=_years_before(today, oldest + 1) + timedelta(days=1), born_until=_years_before(today, youngest)
    )


def _check_age(age: int) -> None:
    if age > HIGHEST_AGE:
        raise RuleBroken(f"Enter an age of at most {HIGHEST_AGE}, or a date of birth such as 06-Jan-1941", field="born")


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


def _read_where(where: str) -> Criteria:
    """A street, a postcode, or both."""
    typed = clean_text(where, field_label="street or postcode", field="where", limit=WHERE_LIMIT)
    street, postcode = typed, ""
    if found := _POSTCODE.search(unicodedata.normalize("NFKC", typed)):
        postcode = "".join(found[1].split()).upper()
        street = unicodedata.normalize("NFKC", typed)[: found.start()]
    streets = _read_streets(street)
    if typed and not (streets or postcode):
        raise RuleBroken("Enter the name of the street, or the whole postcode", field="where")
    return Criteria(streets=streets, postcode=postcode)


def _read_streets(street: str) -> tuple[str, ...]:
    """What the street could be kept as; the kind of street may be mistyped too, or joined to the name."""
    words = read_street_words(street)
    whole = "".join(words)
    keys = [build_street_key(street)]
    if len(words) > 1 and any(OSA.distance(words[-1], kind) <= 1 for kind in STREET_KINDS):
        keys.append(build_street_key(" ".join(words[:-1])))
    keys.extend(whole.removesuffix(kind) for kind in STREET_KINDS if len(words) == 1 and whole.endswith(kind))
    return tuple(key[:KEY_LIMIT] for key in dict.fromkeys(keys) if key)


def check_enough(criteria: Criteria) -> None:
    """Enough to mean one person: a name, with a date of birth or a place, or a full name with an age. No browsing.

    Raises:
        RulesBroken: with what to add.
    """
    if not criteria.words:
        raise RulesBroken([RuleBroken("Enter an NHS number, or a name with a date of birth or a street", field="who")])
    if criteria.born_on is not None:
        return
    if max(map(len, criteria.words)) < 2:
        raise RulesBroken([RuleBroken("Add the rest of the name, or the date of birth", field="who")])
    if criteria.has_where:
        return
    if not criteria.has_band:
        raise RulesBroken([RuleBroken("Add the date of birth, the age, the street or the postcode", field="born")])
    if len(criteria.words) == 1:
        raise RulesBroken(
            [
                RuleBroken(
                    "Add the given name, the street or the date of birth",
                    field="who",
                )
            ]
        )


def read_typed_seconds(milliseconds: str) -> float | None:
    """How long the typing took, as the browser says; None: it did not say, or cannot be believed."""
    if not (milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) <= 6):
        return None
    return int(milliseconds) / 1000


# --- Dates of birth that were mistyped -------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def near_dates(born_on: date) -> tuple[date, ...]:
    """Dates for which this one is easily mistyped: day and month swapped, one digit or one step away.

    Source: hazard H-14; a result found this way says that the date differs.
    """
    day, month, year = born_on.day, born_on.month, born_on.year
    parts = [(month, day, year)]
    parts += [(day, month, year + step) for step in (-10, -1, 1, 10)]
    parts += [(day, month + step, year) for step in (-1, 1)]
    parts += [(day + step, month, year) for step in (-10, -1, 1, 10)]
    parts.append((int(f"{day:02}"[::-1]), month, year))
    parts.append((day, month, int(f"{year:04}"[:2] + f"{year:04}"[:1:-1])))
    found = {_real_date(*part) for part in parts} - {None, born_on}
    return tuple(sorted(one for one in found if one is not None))


def _real_date(day: int, month: int, year: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


# --- How well somebody fits ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Keys:
    """One way of saying who somebody is, as `build_search_rows` keeps it; `postcode` only where it was asked for."""

    family: str
    given: str
    street: str
    born_on: date
    postcode: str | None = None


def near_words(typed: str, words: Iterable[str], *, limit: int) -> list[str]:
    """The words of the vocabulary that somebody who typed this may have meant, nearest first."""
    allowed = 1 if len(typed) <= 5 else 2
    sound = build_sound(typed)
    near = []
    for word in words:
        distance = OSA.distance(typed, word, score_cutoff=allowed)
        if distance <= allowed or (sound and sound == build_sound(word)):
            near.append((distance, word))
    return [word for _, word in sorted(near)[:limit]]


@lru_cache(maxsize=32768)
def likeness(typed: str, kept: str) -> float:
    """1: the same; 0: nothing alike. One typing error counts little even in a name of two letters."""
    if typed == kept:
        return 1.0
    if not (typed and kept):
        return 0.0
    alike = float(OSA.normalized_similarity(typed, kept))
    if alike < 0.9 and (sound := build_sound(typed)) and sound == build_sound(kept):
        alike = max(alike, 0.85)
    if alike < 0.6 and OSA.distance(typed, kept) == 1:
        return 0.6
    return alike


def score(criteria: Criteria, keys: Keys) -> float:
    """How well one person fits what was typed: 1 in every answer is 1; an answer not given does not count."""
    best = max((_score_reading(family, given, keys) for family, given in criteria.readings), default=(0.0, 0.0))
    total, weight = best
    if criteria.has_where:
        total += _WEIGHTS["where"] * _score_where(criteria, keys)
        weight += _WEIGHTS["where"]
    if criteria.born_on is not None or criteria.has_band:
        total += _WEIGHTS["born"] * score_born(criteria, keys.born_on)
        weight += _WEIGHTS["born"]
    return total / weight if weight else 0.0


def _score_reading(family: Sequence[str], given: Sequence[str], keys: Keys) -> tuple[float, float]:
    """The points of one division of the words, and how many there were to have."""
    if not given:
        return _WEIGHTS["family"] * _like_family(family, keys.family), _WEIGHTS["family"]
    if not family:
        return _WEIGHTS["family"] * 0.85 * _like_given(given, keys.given), _WEIGHTS["family"]
    points = _WEIGHTS["family"] * _like_family(family, keys.family) + _WEIGHTS["given"] * _like_given(given, keys.given)
    return points, _WEIGHTS["family"] + _WEIGHTS["given"]


def _like_family(words: Sequence[str], kept: str) -> float:
    whole = likeness("".join(words)[:KEY_LIMIT], kept)
    if len(words) == 1 or whole == 1.0:
        return whole
    return max(whole, *(0.95 * likeness(word, kept) for word in words if word not in PARTICLES), 0.0)


def _like_given(words: Sequence[str], kept: str) -> float:
    """A given name, one of several, or an initial."""
    alike = max(likeness(word, kept) for word in (*words, "".join(words)[:KEY_LIMIT]))
    has_initial = any(len(word) == 1 and kept.startswith(word) for word in words)
    return max(alike, 0.85) if has_initial else alike


def _score_where(criteria: Criteria, keys: Keys) -> float:
    """A person whose street is not kept, or not to be found by, is neither nearer nor much further for it."""
    if criteria.postcode and criteria.postcode == keys.postcode:
        return 1.0
    if not keys.street:
        return 0.5
    alike = max((likeness(street, keys.street) for street in criteria.streets), default=0.0)
    return alike if alike >= 0.6 else 0.0


def score_born(criteria: Criteria, born_on: date) -> float:
    """1: as typed, or within the ages typed; less: a date that is easily mistyped for it; 0: another."""
    if criteria.born_on is not None:
        if born_on == criteria.born_on:
            return 1.0
        return 0.5 if born_on in near_dates(criteria.born_on) else 0.0
    if criteria.born_from is not None and criteria.born_until is not None:
        return 1.0 if criteria.born_from <= born_on <= criteria.born_until else 0.0
    return 1.0


def is_same_person(criteria: Criteria, keys: Keys) -> bool:
    """Whether the asker already knows exactly who it is: the whole name and the date of birth, letter for letter.

    Only then may somebody be told of a person who is not in their care.

    Source: hazard H-17 (existence disclosed to whoever may not know).
    """
    if criteria.born_on is None or keys.born_on != criteria.born_on:
        return False
    return any(
        bool(family) and bool(given) and "".join(family) == keys.family and "".join(given) == keys.given
        for family, given in criteria.readings
    )


def are_alike(first: tuple[str, str], second: tuple[str, str]) -> bool:
    """Whether two people, each given as folded family and given name, are easily taken for each other (hazard H-01)."""
    family, given = (likeness(one, other) for one, other in zip(first, second, strict=True))
    return family >= 0.75 and given >= 0.75
