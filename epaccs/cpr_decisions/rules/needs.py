"""What an entry needs of itself, as a table: the register refuses by it, a tablet without signal reads the same rows.

A need looks at nothing but the entry: what depends on the rest of the record stands in `requirements`. Each row is read
by two programs, here and in `static/js/tablet/needs.js`; `tests/js/needs.json` holds both to the same answers.

Source: docs/domain.md, CPR decisions; hazard H-60.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from epaccs.core.errors import RuleBroken
from epaccs.core.fields import local_date
from epaccs.versions.rules import CLOCK_ERROR


class Verb(StrEnum):
    """What can be asked of an answer."""

    BLANK = "blank"  #: nothing is said there
    GIVEN = "given"
    ONE_OF = "one_of"  #: something that is said there is one of these
    NONE_OF = "none_of"  #: nothing that is said there is one of these
    LATER_THAN = "later_than"  #: a moment after that of another answer, by more than a clock may be wrong
    NOT_AFTER_DAY_OF = "not_after_day_of"  #: a day no later than the British day of another answer


@dataclass(frozen=True)
class Condition:
    """One thing that is asked of the answers at a path; `*` stands for each of a list."""

    path: str
    verb: Verb
    values: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Need:
    """What is refused where all the tests hold. `named`: the path of a name for "{who}" in the sentence."""

    field: str
    sentence: str
    when: tuple[Condition, ...]
    named: str = ""

    def to_value(self) -> dict[str, Any]:
        """As a tablet reads it."""
        when = [[test.path, str(test.verb), [_plain(one) for one in test.values]] for test in self.when]
        return {"field": self.field, "words": self.sentence, "when": when, "named": self.named}


def find_unmet(needs: Iterable[Need], said: Mapping[str, Any]) -> Iterator[RuleBroken]:
    """A refusal for every need that an entry leaves unmet.

    Args:
        said: the entry as JSON holds it.
    """
    for need in needs:
        if all(_holds(test, said) for test in need.when):
            who = str(next(iter(_answers(said, need.named)), "")) if need.named else ""
            yield RuleBroken(need.sentence.replace("{who}", who or "this person"), field=need.field)


def _holds(test: Condition, said: Mapping[str, Any]) -> bool:
    answers = _answers(said, test.path)
    match test.verb:
        case Verb.BLANK:
            return not answers
        case Verb.GIVEN:
            return bool(answers)
        case Verb.ONE_OF:
            return any(one in test.values for one in answers)
        case Verb.NONE_OF:
            return not any(one in test.values for one in answers)
        case Verb.LATER_THAN:
            others = [_moment(one) for one in _answers(said, test.values[0])]
            return any(_moment(one) > other + CLOCK_ERROR for one in answers for other in others)
        case _:  # NOT_AFTER_DAY_OF
            days = [local_date(_moment(one)) for one in _answers(said, test.values[0])]
            return any(date.fromisoformat(one) <= day for one in answers for day in days)


def _answers(said: Any, path: str) -> list[Any]:
    """Everything that is said at a path; a list counts as what is in it, and what is empty as nothing."""
    found = [said]
    for step in path.split("."):
        found = [part for one in found for part in _step(one, step)]
    flat = [part for one in found for part in (one if isinstance(one, list) else [one])]
    return [one for one in flat if one not in (None, "", {})]


def _step(one: Any, step: str) -> list[Any]:
    if isinstance(one, list):
        return one if step == "*" else one[int(step) : int(step) + 1]
    return [one[step]] if isinstance(one, Mapping) and step in one else []


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool) else str(value)


# --- The rows --------------------------------------------------------------------------------------------------------


def blank(path: str) -> Condition:
    """Nothing is said there."""
    return Condition(path, Verb.BLANK)


def given(path: str) -> Condition:
    """Something is said there."""
    return Condition(path, Verb.GIVEN)


def one_of(path: str, *values: Any) -> Condition:
    """Something that is said there is one of these."""
    return Condition(path, Verb.ONE_OF, values)


def none_of(path: str, *values: Any) -> Condition:
    """Nothing that is said there is one of these."""
    return Condition(path, Verb.NONE_OF, values)


def later_than(path: str, other: str) -> Condition:
    """A moment after that of another answer."""
    return Condition(path, Verb.LATER_THAN, (other,))


def not_after_day_of(path: str, other: str) -> Condition:
    """A day no later than that of another answer."""
    return Condition(path, Verb.NOT_AFTER_DAY_OF, (other,))
