"""Names and postcodes made comparable: O'Neill, ONeill and o’neill are one name; so are Nguyễn and NGUYEN.

What is made here is for comparing only and is never shown. Nothing here asks what time it is or what is stored.

Source: hazards H-01 (wrong person) and H-14 (a record that exists is not found).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

#: Letters that Unicode does not take apart into a base letter and a mark.
_LETTERS: Final = str.maketrans(
    {"đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "ø": "o", "œ": "oe", "æ": "ae", "þ": "th"}
)

#: Marks written inside a name which some people type and others do not.
_LEFT_OUT: Final = dict.fromkeys(map(ord, "'’‘ʼ`´′"))

_NOT_KEPT: Final = re.compile("[^a-z0-9]+")

#: Parts of family names that tell nobody apart.
PARTICLES: Final = frozenset(
    {"al", "bin", "da", "de", "del", "den", "der", "di", "dos", "du", "el", "ibn", "la", "le", "mac", "mc", "o", "st"}
    | {"ten", "van", "von"}
)


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Small letters without accents or apostrophes; words and digits parted by one space, nothing else left.

    Letters of other scripts stay as they are.
    """
    if text.isascii():
        return " ".join(_NOT_KEPT.sub(" ", text.lower().translate(_LEFT_OUT)).split())
    small = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS).translate(_LEFT_OUT)
    kept = "".join(_kept(character) for character in unicodedata.normalize("NFKD", small))
    return " ".join(kept.split())


def _kept(character: str) -> str:
    if unicodedata.category(character).startswith("M"):
        return ""
    return character if character.isalnum() else " "


@lru_cache(maxsize=65536)
def name_words(text: str) -> tuple[str, ...]:
    """The words of a name, in their order; a double-barrelled name has two."""
    return tuple(fold(text).split())


def name_key(text: str) -> str:
    """One name as one word: Smith-Jones, Smith Jones and SmithJones are the same; blank: no letter was there."""
    return fold(text).replace(" ", "")


@lru_cache(maxsize=65536)
def ways_to_say(text: str) -> tuple[str, ...]:
    """A name whole, then each of its parts that could stand alone.

    Smith-Jones is found as Smith and as Jones; van der Berg as Berg, but not as "der".
    """
    words = name_words(text)
    whole = "".join(words)
    parts = [word for word in words if word not in PARTICLES] if len(words) > 1 else []
    return tuple(dict.fromkeys(word for word in (whole, *parts) if word))


def postcode_key(text: str) -> str:
    """A postcode without its space, in capitals."""
    return fold(text).replace(" ", "").upper()
