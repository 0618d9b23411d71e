"""How chance chooses: the common often, the rare seldom, and the same for the same seed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, Final, Generic, TypeVar

WORDS: Final[Mapping[str, Any]] = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
SENTENCES: Final[Mapping[str, Sequence[Any]]] = WORDS["sentences"]

_Choice = TypeVar("_Choice")


class Weighted(Generic[_Choice]):
    """A list of which some are chosen more often than others."""

    def __init__(self, weights: Mapping[_Choice, float]) -> None:
        self._choices, self._weights = list(weights), list(accumulate(weights.values()))

    def pick(self, chance: Random) -> _Choice:
        """One of them."""
        return chance.choices(self._choices, cum_weights=self._weights)[0]


def falling(words: Iterable[str]) -> Weighted[str]:
    """Words of which the n-th is about 1/n as common as the first, as names are."""
    return Weighted({word.replace("_", " "): 1 / (place + 9) for place, word in enumerate(words)})
