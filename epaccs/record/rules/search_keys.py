"""What a person is found by: keys that survive a typing error, made when the identity changes, not when somebody waits.

A person has one row of keys for each way of saying their name: family name, given name and street as single folded
words, with the date of birth. Every word that stands in such a row is also kept in a vocabulary under fragments of
itself: the word with one of its letters left out, and its sound. A mistyped word shares a fragment with the word that
was meant (whoever inserts, drops, changes or swaps a letter leaves the rest), so the vocabulary gives the words that
could have been meant, and these are looked up exactly. It grows with the number of different words, not of people.

Source: hazard H-14 (a record that exists is not found).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from epaccs.core.names import fold, name_words, postcode_key, ways_to_say
from epaccs.core.restriction import is_restricted

KEY_LIMIT: Final = 60
#: Fragments are made of the beginning of a word: an error further back leaves the beginning whole.
BEGINNING: Final = 7
GIVEN_NAMES_LIMIT: Final = 4
FAMILY_NAMES_LIMIT: Final = 3

#: They tell no street from another where there is more to its name: people mix them up.
STREET_KINDS: Final = frozenset(
    {"avenue", "close", "court", "crescent", "drive", "gardens", "green", "grove", "hill", "lane", "mews", "parade"}
    | {"park", "place", "rise", "road", "row", "square", "street", "terrace", "view", "walk", "way"}
)
_SHORT_FOR: Final = {
    **dict.fromkeys(("rd",), "road"),
    **dict.fromkeys(("st", "str"), "street"),
    **dict.fromkeys(("ave", "av", "avn"), "avenue"),
    **dict.fromkeys(("cl", "clo"), "close"),
    **dict.fromkeys(("dr", "drv"), "drive"),
    **dict.fromkeys(("ln",), "lane"),
    **dict.fromkeys(("cres", "cr", "crs"), "crescent"),
    **dict.fromkeys(("ct", "crt"), "court"),
    **dict.fromkeys(("gdns", "gdn", "garden"), "gardens"),
    **dict.fromkeys(("pl",), "place"),
    **dict.fromkeys(("sq",), "square"),
    **dict.fromkeys(("ter", "terr", "tce"), "terrace"),
    **dict.fromkeys(("gr", "grv"), "grove"),
    **dict.fromkeys(("pk",), "park"),
    **dict.fromkeys(("pde",), "parade"),
}
_WITHIN_A_HOUSE: Final = re.compile(
    r"(?:apartment|apt\.?|flat|floor|room|studio|suite|unit)\s*(?:[0-9]\S*|[a-z])?\s*$", re.IGNORECASE
)
_HOUSE_NUMBER: Final = re.compile(r"\s*(?:no\.?\s*)?[0-9]+\s?[a-z]?(?:\s?[-/]\s?[0-9]+\s?[a-z]?)?\s+", re.IGNORECASE)

#: In this order. Source: sounds that English spelling writes in several ways.
_SOUNDS: Final = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"^(?:kn|gn|pn)", "n"),
        (r"^wr", "r"),
        (r"^mac(?=[^aeiouy])", "mk"),
        (r"^mc", "mk"),
        (r"ph|v", "f"),
        (r"gh|(?<=.)[hw]", ""),
        (r"mp(?=[st])", "m"),
        (r"g(?=[eiy])", "j"),
        (r"ck|q|c(?![eiy])", "k"),
        (r"x", "ks"),
        (r"[cz]", "s"),
        (r"^[aeiouy]+", "a"),
        (r"(?<=.)[aeiouy]+", ""),
        (r"(.)\1+", r"\1"),
    )
)


class WordKind(StrEnum):
    """Which vocabulary a word stands in."""

    FAMILY = "family"
    GIVEN = "given"
    STREET = "street"


@dataclass(frozen=True)
class SearchRows:
    """Everything that search keeps of one person, ready to be written.

    Args:
        person: one row, with what a result shows.
        keys: one row for each way of saying the name.
        words: the words in `keys`, for the vocabulary.
    """

    person: dict[str, Any]
    keys: list[dict[str, Any]]
    words: list[tuple[WordKind, str]]


def build_search_rows(
    entry_id: UUID, identity: Mapping[str, Any], lifecycle: Mapping[str, Any] | None = None
) -> SearchRows:
    """What is kept of a person so that they can be found.

    A person with a restricted address has no street and no postcode here, so that no search can lead to it.

    Source: hazard H-11 (a protected address disclosed).
    """
    restricted = is_restricted(identity)
    street = None if restricted else choose_street(identity.get("address") or "")
    street_word = build_street_key(street) if street else ""
    families, givens = _family_keys(identity), _given_keys(identity)
    born_on = date.fromisoformat(identity["born_on"])
    keys = [
        {
            "entry_id": entry_id,
            "number": number,
            "family_key": family,
            "given_key": given,
            "street_key": street_word,
            "born_on": born_on,
        }
        for number, (family, given) in enumerate((family, given) for family in families for given in givens)
    ]
    words = [
        *((WordKind.FAMILY, word) for word in families),
        *((WordKind.GIVEN, word) for word in givens),
        (WordKind.STREET, street_word),
    ]
    return SearchRows(
        person=_person_row(entry_id, identity, lifecycle, street),
        keys=keys,
        words=[(kind, word) for kind, word in words if word],
    )


def _person_row(
    entry_id: UUID, identity: Mapping[str, Any], lifecycle: Mapping[str, Any] | None, street: str | None
) -> dict[str, Any]:
    death = (lifecycle or {}).get("death") or {}
    restricted = is_restricted(identity)
    return {
        "entry_id": entry_id,
        "family_name": identity["family_name"],
        "given_name": identity["given_name"],
        "title": identity.get("title") or None,
        "preferred_name": identity.get("preferred_name") or None,
        "born_on": date.fromisoformat(identity["born_on"]),
        "nhs_number": identity.get("nhs_number") or None,
        "street": street,
        "postcode": None if restricted else postcode_key(identity.get("postcode") or "")[:8] or None,
        "is_restricted": restricted,
        "death_status": death.get("status"),
        "died_on": date.fromisoformat(death["died_on"]) if death.get("died_on") else None,
    }


def _family_keys(identity: Mapping[str, Any]) -> list[str]:
    ways = ways_to_say(identity["family_name"])[:FAMILY_NAMES_LIMIT]
    return [way[:KEY_LIMIT] for way in ways] or [""]


def _given_keys(identity: Mapping[str, Any]) -> list[str]:
    """The given names one by one and together, and the name the person prefers."""
    preferred = ways_to_say(identity.get("preferred_name") or "")
    given = ways_to_say(identity["given_name"])
    first = name_words(identity["given_name"])[:1]
    ways = dict.fromkeys((*first, *preferred[:1], *given))
    return [way[:KEY_LIMIT] for way in list(ways)[:GIVEN_NAMES_LIMIT]] or [""]


# --- Streets ---------------------------------------------------------------------------------------------------------


def choose_street(address: str) -> str | None:
    """The street within an address, without the number of the house; None: no line could be one.

    The first part that ends like a street, else the first that begins with a house number, else the first.
    """
    parts = [part.strip() for part in re.split(r"[\n,]", address)]
    named = [part for part in parts if any(map(str.isalpha, part)) and not _WITHIN_A_HOUSE.match(part)]
    for part in named:
        street = _without_house_number(part)
        if len(words := read_street_words(street)) > 1 and words[-1] in STREET_KINDS:
            return street
    numbered = [part for part in named if _HOUSE_NUMBER.match(part)]
    chosen = next(iter(numbered or named), None)
    return _without_house_number(chosen) if chosen else None


def find_room(address: str) -> str:
    """Where within a house somebody is found: "Room 12"; blank: the address does not say."""
    parts = [part.strip() for part in re.split(r"[\n,]", address)]
    return ", ".join(part for part in parts if _WITHIN_A_HOUSE.match(part))


def order_of_room(room: str) -> tuple[bool, int, str]:
    """As a round goes: by the number of the room, then by its name; whoever's room is not known comes last."""
    number = re.search(r"\d+", room)
    return not room, int(number[0]) if number else 0, room.casefold()


def _without_house_number(part: str) -> str:
    return _HOUSE_NUMBER.sub("", part, count=1).strip() or part


@lru_cache(maxsize=65536)
def build_street_key(street: str) -> str:
    """What tells a street from others: of Station Road, station rd and Station Street it is "station"."""
    words = read_street_words(street)
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    if len(words) > 1 and words[-1] in STREET_KINDS:
        words = words[:-1]
    return "".join(words)[:KEY_LIMIT]


@lru_cache(maxsize=65536)
def read_street_words(street: str) -> tuple[str, ...]:
    """The words without numbers, written out; at the beginning "St" is a saint."""
    words = [word for word in fold(street).split() if not any(character.isdigit() for character in word)]
    written = [_SHORT_FOR.get(word, word) for word in words]
    if len(words) > 1 and words[0] == "st":
        written[0] = "saint"
    return tuple(written)


# --- The vocabulary --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=65536)
def build_fragments(word: str) -> tuple[str, ...]:
    """Under what a word is kept, and where a typed word looks: itself, itself without one letter, and its sound.

    Two words that differ by one letter put in, left out, changed or swapped with its neighbour share a fragment.
    """
    beginning = word[:BEGINNING]
    shorter = (beginning[:place] + beginning[place + 1 :] for place in range(len(beginning)))
    sound = build_sound(word)
    return tuple(dict.fromkeys((beginning, *shorter, *((f"~{sound}"[: BEGINNING + 1],) if sound else ()))))


@lru_cache(maxsize=65536)
def build_sound(word: str) -> str:
    """How a word sounds, roughly: Stephenson is Stevenson, Kathryn is Catherine; blank: too little to compare."""
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word if len(word) > 1 else ""


def build_word_rows(kind: WordKind, word: str) -> Iterator[dict[str, str]]:
    """The rows of one word in the vocabulary."""
    for fragment in build_fragments(word):
        yield {"kind": str(kind), "fragment": fragment, "word": word}
