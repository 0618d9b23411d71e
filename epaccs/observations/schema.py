"""The shape of what is said: one schema for each kind, and one for a line as it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from marshmallow import Schema

from epaccs.access.rules import Tier
from epaccs.care_plans.sections import SECTIONS
from epaccs.core.errors import RuleBroken
from epaccs.core.forms import Choice, FreeText, Hidden, TypedDateTime, WholeNumber
from epaccs.observations.rules import FOUND, OUTCOMES, WHAT_LABELS, What
from epaccs.versions.registry import Body
from epaccs.versions.schema import loader

LABEL: Final = "After visits and calls"
TIER: Final = Tier.T2_COORDINATION
SOURCE: Final = "Access table, observations"

#: What can look wrong: every section, under the name by which it is read.
PARTS: Final[Mapping[str, str]] = {
    "identity": "The person",
    "lifecycle": "On the register",
    "cpr": "CPR decision",
    **{name: declaration.label for name, declaration in SECTIONS.items()},
    "consent": "Agreement to be on the register and to share",
}

#: What a crew acts upon before anybody can look into it.
FOR_TONIGHT: Final = frozenset(
    {"identity", "lifecycle", "cpr"}
    | {
        name
        for name, declaration in SECTIONS.items()
        if any(
            field.metadata.get("card")
            for field in (*declaration.fields().values(), *declaration.item_fields().values())
        )
    }
)


class SeenNumber(WholeNumber):
    """The change of the register after which the card that was seen was made; pages pass it on without asking."""

    kind = "hidden"

    def __init__(self) -> None:
        super().__init__("Card seen after change", lowest=1, highest=999_999_999)


def _words(label: str, *, hint: str | None = None) -> FreeText:
    return FreeText(label, called="words", hint=hint, rows=3, limit=1000, passages=True)


class TapSchema(Schema):
    """Said with one tap; a program may send words with it."""

    words = _words("In a few words")
    seen_number = SeenNumber()


class WrongSchema(Schema):
    """What looks wrong."""

    part = Choice("Which part looks wrong?", PARTS, as_list=True, hint="Leave it open if you do not know")
    words = _words("What is wrong?", hint="What you found instead, and how you know")
    seen_number = SeenNumber()


class HappenedSchema(Schema):
    """How it ended."""

    outcome = Choice("What happened?", OUTCOMES, required=True)
    words = _words("In a few words", hint="What helped, what was missing")
    seen_number = SeenNumber()


class FindingSchema(Schema):
    """What came of looking into it."""

    found = Choice("What did you find?", FOUND, required=True)
    words = _words("In a few words")


class SettledSchema(FindingSchema):
    """The same, with the line that it settles."""

    about = Hidden("About", required=True)


class LineSchema(Schema):
    """One line as it is read."""

    what = Choice("What was said", {str(what): words for what, words in WHAT_LABELS.items()})
    observed_at = TypedDateTime("When")
    part = Choice("Which part", PARTS)
    outcome = Choice("What happened", OUTCOMES)
    found = Choice("What was found", FOUND)
    words = _words("In words")
    seen_number = SeenNumber()


SCHEMAS: Final[Mapping[What, type[Schema]]] = {
    What.USED: TapSchema,
    What.NOT_RELEVANT: TapSchema,
    What.WRONG: WrongSchema,
    What.HAPPENED: HappenedSchema,
    What.SETTLED: SettledSchema,
}


def line_loader(schema: type[Schema]) -> Callable[[Body], Body]:
    """Check one line; it gets its id from the edit that says it."""
    load_line = loader(schema)

    def load(body: Body) -> Body:
        if set(body) - {"item"}:
            raise RuleBroken("Open the page again: it does not say what you saw")
        return {"item": load_line(body.get("item", {}))}

    return load
