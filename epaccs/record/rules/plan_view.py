"""The whole record as words, section by section: what stands below the card on the page and on the tablet.

Source: docs/offline.md, the view; SCCI1580 v4.0, record keeping; hazard H-49.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from epaccs.record.rules.parts import Rival, Said
from epaccs.record.rules.view import Runs, copied_line, disagreement_lines, moment_of
from epaccs.record.rules.whole import Group as Shown
from epaccs.record.rules.whole import Line, ShownSection

HEADING: Final = "The whole record"
IN_DISPUTE: Final = "In dispute: what stands here is only what was confirmed last."
ASKED_LATER: Final = (
    "Not asked yet at the stage that is recorded under Diagnosis and prognosis. Each can be answered now."
)


class FactLine(NamedTuple):
    """A question and its answer. `mark`: it is new to this reader; `doubt`: it is old; `source`: who said it."""

    label: str = ""
    words: str = ""
    mark: str = ""
    doubt: Runs = ()
    source: str = ""


class Group(NamedTuple):
    """One line of a list, such as one contact."""

    title: str = ""
    mark: str = ""
    facts: tuple[FactLine, ...] = ()
    source: str = ""


class Section(NamedTuple):
    """One section from top to bottom. `missing`: nothing is recorded. `notes`: what is asked and not there."""

    name: str = ""
    label: str = ""
    mark: str = ""
    dispute: tuple[Runs, ...] = ()
    disagreements: tuple[tuple[Runs, ...], ...] = ()
    missing: str = ""
    facts: tuple[FactLine, ...] = ()
    groups: tuple[Group, ...] = ()
    notes: tuple[str, ...] = ()
    source: str = ""
    copied: Runs = ()
    confirmed: str = ""


class Blank(NamedTuple):
    """A section in which nobody ever wrote. `when`: from which stage it is asked."""

    name: str = ""
    label: str = ""
    when: str = ""


class Blanks(NamedTuple):
    """Sections in which nobody ever wrote, under one heading."""

    heading: str = ""
    lead: str = ""
    sections: tuple[Blank, ...] = ()


class PlanView(NamedTuple):
    """The whole record. `blank`: what was never asked; `asked_later`: what is asked later. None: nothing."""

    heading: str = HEADING
    sections: tuple[Section, ...] = ()
    blank: Blanks | None = None
    asked_later: Blanks | None = None


def build_plan_view(sections: Sequence[ShownSection]) -> PlanView:
    """The whole record in words, as it reads on the day for which the sections were built."""
    blank = [section for section in sections if section.is_blank]
    return PlanView(
        sections=tuple(_section(section) for section in sections if not section.is_blank),
        blank=_blanks("Nothing recorded yet", "", (one for one in blank if not one.asked_from)),
        asked_later=_blanks("Asked later, nothing recorded", ASKED_LATER, (one for one in blank if one.asked_from)),
    )


def _section(section: ShownSection) -> Section:
    said: dict[str, Any] = {"missing": section.empty}
    if section.is_recorded:
        said = {
            "facts": _facts(section.lines),
            "groups": tuple([_group(one) for one in section.groups]),
            "notes": tuple(_notes(section)),
            "source": _source(section.said),
            "copied": copied_line(section.copied),
            "confirmed": _confirmed(section.confirmed),
        }
    return Section(
        name=section.name,
        label=section.label,
        mark="Changed" if section.is_changed else "",
        dispute=tuple(_dispute(section.rivals)),
        disagreements=tuple(disagreement_lines(one) for one in section.disagreements),
        **said,
    )


def _group(one: Shown) -> Group:
    return Group(one.title, "New" if one.is_new else "", _facts(one.lines), _source(one.said))


def _facts(lines: Iterable[Line]) -> tuple[FactLine, ...]:
    return tuple([_fact(*line) for line in lines])


def _fact(label: str, words: str, said: Said | None, is_new: bool, doubt: str) -> FactLine:
    if said is None and not is_new and not doubt:  # of nearly every fact
        return FactLine(label, words)
    return FactLine(label, words, "New" if is_new else "", (doubt,) if doubt else (), _source(said))


def _source(said: Said | None) -> str:
    return f"Entered by {said.who}, {moment_of(said)}" if said else ""


def _confirmed(said: Said | None) -> str:
    return f"Confirmed as still right by {said.who}, {moment_of(said)}" if said else ""


def _notes(section: ShownSection) -> Iterator[str]:
    if section.missing:
        yield f"Not recorded: {'; '.join(section.missing)}"
    if section.hidden:
        yield f"Not shown, the address is restricted: {'; '.join(section.hidden)}"


def _dispute(rivals: tuple[Rival, ...]) -> Iterator[Runs]:
    if rivals:
        yield (("strong", IN_DISPUTE),)
    for one in rivals:
        yield (f"{one.by.who}, {moment_of(one.by)}: {one.words or 'another change'}",)


def _blanks(heading: str, lead: str, sections: Iterable[ShownSection]) -> Blanks | None:
    found = tuple(Blank(one.name, one.label, f"from {one.asked_from}" if one.asked_from else "") for one in sections)
    return Blanks(heading, lead, found) if found else None
