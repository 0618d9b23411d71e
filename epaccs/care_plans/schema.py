"""The least that helps tonight: a few questions of several sections, read from their declarations, on one page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import Schema

from epaccs.care_plans.sections import SECTIONS
from epaccs.core.errors import RuleBroken
from epaccs.core.forms import FormField, Hidden


@dataclass(frozen=True)
class Asked:
    """One question of one section; `in_list`: of a new line of its list."""

    section: str
    name: str
    in_list: bool = False

    @property
    def field(self) -> FormField:
        """As its section declares it."""
        declaration = SECTIONS[self.section]
        return (declaration.item_fields() if self.in_list else declaration.fields())[self.name]

    @property
    def box(self) -> str:
        """Its name on the page, where several sections have a question of the same name."""
        return f"{self.section}_{self.name}"


#: What a crew needs in a night and registering does not ask; the register has no CPR decision until one is signed.
#: Source: SCCI1580 v4.0 items 17, 30, 34; emergency plan, clinical recommendations.
TONIGHT: Final = (
    Asked("contacts", "kind", in_list=True),
    Asked("contacts", "name", in_list=True),
    Asked("contacts", "relationship", in_list=True),
    Asked("contacts", "telephone", in_list=True),
    Asked("contacts", "is_24h", in_list=True),
    Asked("treatment_level", "level"),
    Asked("allergies", "status"),
    Asked("allergies", "agent", in_list=True),
    Asked("allergies", "reaction", in_list=True),
    Asked("diagnosis", "gold_standards"),
)

#: The name of the hidden box that says which version of each section the page showed.
VERSIONS: Final = "versions"


def build_tonight_schema(asked: Collection[Asked]) -> type[Schema]:
    """A form of these questions, each of which may be left blank; what its section demands is asked when it is kept."""
    fields: dict[str, Any] = {one.box: _optional(one.field) for one in asked}
    return Schema.from_dict({**fields, VERSIONS: Hidden("Versions")}, name="TonightSchema")


def _optional(declared: FormField) -> FormField:
    field = copy(declared)
    field.required, field.allow_none, field.load_default = False, True, None
    return field


def write_versions(versions: Mapping[str, int]) -> str:
    """Which version of each section the page shows, as it is sent back."""
    return " ".join(f"{section}:{version}" for section, version in sorted(versions.items()))


def read_versions(typed: str | None, *, sections: Collection[str]) -> dict[str, int]:
    """The versions that the person saw while typing.

    Raises:
        RuleBroken: it was sent without them, or for other sections.
    """
    pairs = [pair.partition(":") for pair in (typed or "").split()]
    versions = {
        name: int(number) for name, _, number in pairs if number.isascii() and number.isdigit() and len(number) <= 9
    }
    if set(versions) != set(sections):
        raise RuleBroken("This form does not say on which versions it was made. Open the page again, then change it")
    return versions
