"""Who a page is about, in words: the same few facts in the same order on every page and every tablet.

Source: CUI patient banner; hazard H-01 (wrong person).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple, TypeAlias

from epaccs.core.fields import format_date
from epaccs.core.nhs_number import format_nhs_number

#: What a text is called, and the text.
Words: TypeAlias = tuple[str, str]

NOT_RECORDED: Final = "Not recorded"


class Who(NamedTuple):
    """The banner. `preferred` None: the given name; `address` None: left out."""

    name: str = ""
    preferred: Words | None = None
    facts: tuple[Words, ...] = ()
    address: Words | None = None
    warnings: tuple[str, ...] = ()
    has_died: bool = False


def build_who(  # noqa: PLR0913 - plain values, so that every page can say who it is about
    family_name: str,
    given_name: str,
    title: str | None,
    born_on: date | None,
    age: int | None,
    nhs_number: str | None,
    *,
    preferred_name: str | None = None,
    gender: str | None = None,
    died_on: date | None = None,
    age_at_death: int | None = None,
    address: str | None = None,
    warnings: tuple[str | None, ...] = (),
) -> Who:
    """OKONKWO, Grace (Mrs), and what tells her from anybody else; None, or empty: not known, or left out.

    Args:
        age: in years; of somebody who died it is not said.
        warnings: what is not certain of who this is.
    """
    born = format_date(born_on) if born_on else NOT_RECORDED
    if age is not None and not died_on:
        born += f" ({age}y)"
    facts = [("Born", born)]
    if died_on:
        facts += _death(died_on, age_at_death)
    if gender:
        facts.append(("Gender", gender))
    facts.append(("NHS No.", format_nhs_number(nhs_number) if nhs_number else "None"))
    return Who(
        name=f"{family_name.upper()}, {given_name}{f' ({title})' if title else ''}",
        preferred=("Preferred name", preferred_name) if preferred_name else None,
        facts=tuple(facts),
        address=("Address", address) if address else None,
        warnings=tuple(warning for warning in warnings if warning),
        has_died=died_on is not None,
    )


def _death(died_on: date, age_at_death: int | None) -> Iterator[Words]:
    yield "Died", format_date(died_on)
    if age_at_death is not None:
        yield "Age at death", f"{age_at_death}y"
