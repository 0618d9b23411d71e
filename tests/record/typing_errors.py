"""The four ways in which a finger misses."""

from __future__ import annotations

TYPING_ERRORS = ("put in", "left out", "changed", "swapped")


def mistype(word: str, error: str, place: int, letter: str) -> str:
    """The word with one typing error; a word of one letter has no neighbours to swap and keeps its only letter."""
    place %= len(word)
    match error:
        case "put in":
            return word[:place] + letter + word[place:]
        case "left out" if len(word) > 1:
            return word[:place] + word[place + 1 :]
        case "swapped" if len(word) > 1:
            place = min(place, len(word) - 2)
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        case _:
            return word[:place] + letter + word[place + 1 :]
