"""The whole record as it is read below the card: every fact with its question, and who entered it.

Source: SCCI1580 v4.0, record keeping (author, role, organisation, date and time of each amendment).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from epaccs.access.rules import Tier
from epaccs.record.rules.parts import Rival, Said
from epaccs.record.sight import FieldSight, SectionSight, Sights, can_see, visible
from epaccs.record.summary import build_said, describe, latest_said
from epaccs.versions.rules import Material, Recorded, Value, present_items

#: Shown elsewhere: CPR has a page of its own, the lifecycle is in the banner, the agreements have words of their own.
_ELSEWHERE: Final = frozenset({"cpr", "lifecycle"})

_AGREEMENTS: Final = {"register": "To be on the register", "share": "To share with the services that care for them"}


@dataclass(frozen=True)
class Line:
    """One fact. `said` None: entered with the rest of its section."""

    label: str
    words: str
    said: Said | None = None


@dataclass(frozen=True)
class Group:
    """One line of a section's list, such as one contact."""

    title: str
    lines: tuple[Line, ...]
    said: Said | None = None


@dataclass(frozen=True)
class ShownSection:
    """One section as it is read. `said` None: nothing is recorded; `missing`: questions nobody has answered."""

    name: str
    label: str
    empty: str
    lines: tuple[Line, ...] = ()
    groups: tuple[Group, ...] = ()
    missing: tuple[str, ...] = ()
    said: Said | None = None
    confirmed: Said | None = None
    rivals: tuple[Rival, ...] = ()

    @property
    def is_recorded(self) -> bool:
        """Anything at all stands here."""
        return bool(self.lines or self.groups)


def build_sections(
    recorded: Material, tiers: frozenset[Tier], sights: Sights, *, restricted: bool = False
) -> tuple[ShownSection, ...]:
    """Every section that is there for this audience, in the order of page and paper; `restricted` as for a summary."""
    seen = visible(recorded, tiers, sights, restricted=restricted)
    return tuple(
        _section(sight, seen, tiers)
        for name, sight in sights.items()
        if name not in _ELSEWHERE and sight.is_seen_by(tiers)
    )


def _section(sight: SectionSight, seen: Material, tiers: frozenset[Tier]) -> ShownSection:
    recorded = seen.sections.get(sight.name)
    rivals = tuple(
        Rival(by=build_said(held.author, at=held.held_at) or Said(), words=describe(sight, held.body))
        for held in seen.held_in(sight.name)
    )
    if recorded is None:
        return ShownSection(sight.name, sight.label, sight.empty, rivals=rivals)
    said = latest_said([recorded])
    return ShownSection(
        name=sight.name,
        label=sight.label,
        empty=sight.empty,
        lines=tuple(_lines(sight, recorded, said)),
        groups=tuple(_groups(sight, recorded, said)),
        missing=tuple(_missing(sight.fields, recorded.value, tiers)) if not sight.is_whole else (),
        said=said,
        confirmed=build_said(recorded.confirmed_by, at=recorded.confirmed_at),
        rivals=rivals,
    )


def _lines(sight: SectionSight, recorded: Recorded, of_section: Said | None) -> Iterator[Line]:
    if sight.is_whole:
        yield from _agreements(sight, recorded.value)
        return
    for name, field in sight.fields.items():
        if words := field.words(recorded.value.get(name)):
            yield Line(field.label, words, _own(recorded, name, of_section))


def _own(recorded: Recorded, key: str, of_section: Said | None) -> Said | None:
    """Who entered one fact, where it was not whoever entered the section last."""
    said = build_said(recorded.provenance.get(key))
    return None if said == of_section else said


def _groups(sight: SectionSight, recorded: Recorded, of_section: Said | None) -> Iterator[Group]:
    for item_id, item in present_items(recorded.value).items():
        lines = tuple(
            Line(field.label, words)
            for name, field in sight.item_fields.items()
            if (words := field.words(item.get(name)))
        )
        yield Group(sight.title(item), lines, _own(recorded, f"items/{item_id}", of_section))


def _missing(fields: Mapping[str, FieldSight], value: Value, tiers: frozenset[Tier]) -> Iterator[str]:
    return (field.label for name, field in fields.items() if can_see(field, tiers) and not field.words(value.get(name)))


def _agreements(sight: SectionSight, value: Value) -> Iterator[Line]:
    for name, label in _AGREEMENTS.items():
        answer = value.get(name) or {}
        decided_on = sight.fields["decided_on"].words(answer.get("decided_on"))
        said_by = ", ".join(part for part in (answer.get("decided_by"), decided_on, answer.get("basis")) if part)
        words = sight.fields["status"].words(answer.get("status"))
        yield Line(label, " - ".join(part for part in (words, said_by) if part) or "Not recorded")
