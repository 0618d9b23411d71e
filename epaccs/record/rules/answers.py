"""What the forms of a tablet hold of one person: the answers as they were typed, and on which version they stand.

Source: docs/offline.md, "Forms"; hazards H-41, H-51 and H-67.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from epaccs.access.rules import Tier
from epaccs.record.sight import SectionSight, Sights, is_restricted, typed_value
from epaccs.versions.rules import ITEMS, Material, Recorded, find_unchecked


def build_answers(
    recorded: Material, tiers: frozenset[Tier], sights: Sights, names: Collection[str]
) -> dict[str, Any] | None:
    """The answers of each section of the plan that this audience sees, and that anybody ever wrote in.

    Args:
        recorded: of one person.
        tiers: what the audience sees.
        sights: every section.
        names: of those whose questions a tablet can ask.

    Returns:
        By section: `version`, `said` by field, `lines` as (id, title, answers), and `waits`, if somebody else's change
        is not settled or what was copied from paper was not compared. None: the address is restricted, so that a form
        would hold less than the record says; the plan is changed on the register itself.
    """
    if is_restricted(recorded):
        return None
    return {
        name: _section(sights[name], recorded.sections[name], tiers) | _waits(recorded, name)
        for name in names
        if name in recorded.sections and sights[name].is_seen_by(tiers)
    }


def _waits(recorded: Material, name: str) -> dict[str, bool]:
    one = recorded.sections[name]
    is_waiting = recorded.held_in(name) or find_unchecked(one.value, one.provenance)
    return {"waits": True} if is_waiting else {}


def _section(sight: SectionSight, recorded: Recorded, tiers: frozenset[Tier]) -> dict[str, Any]:
    typed = typed_value(recorded.value, sight, tiers)
    lines = typed.pop(ITEMS, {})
    told = {"said": typed, "lines": list(_lines(sight, lines))}
    return {"version": recorded.version, **{name: one for name, one in told.items() if one}}


def _lines(sight: SectionSight, lines: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Each line of the list with the words that name it, in the order of page and paper."""
    for line_id, line in sorted(lines.items(), key=lambda pair: sight.rank(pair[1])):
        yield line_id, sight.title(line), line
