"""Each change in plain words: who made it, what it changed from and to, and what became of it.

Source: SCCI1580 v4.0 item 4 (full trail of every amendment); offline protocol, outcomes of an edit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from epaccs.access.rules import Tier
from epaccs.core.fields import start_large
from epaccs.cpr_decisions.rules.bodies import find_recommendation
from epaccs.cpr_decisions.rules.states import EditKind
from epaccs.cpr_decisions.rules.transitions import KINDS
from epaccs.cpr_decisions.rules.words import Words
from epaccs.record.rules.parts import Said
from epaccs.record.sight import FieldSight, SectionSight, describe, visible_body, visible_value
from epaccs.versions.rules import ITEMS, REMOVED, Outcome, Standing, Value

_OUTCOMES: Final[Mapping[str, str]] = {
    Outcome.APPLIED: "Applied",
    Outcome.MERGED: "Applied together with another change made meanwhile",
    Outcome.HELD: "Held: somebody had changed the same thing meanwhile",
    Outcome.SAME: "Said what was recorded already",
    Outcome.CONFIRMED: "Confirmed as still right",
}

_STANDINGS: Final[Mapping[str, str]] = {
    Standing.OPEN: "Held, and waits for somebody to settle it",
    Standing.ACCEPTED: "Held, then accepted",
    Standing.REJECTED: "Held, then not accepted",
}

_KINDS: Final[Mapping[str, str]] = {
    "put": "Changed",
    "put_item": "Added or changed a line",
    "remove_item": "Removed a line",
    "resolve": "Settled a dispute",
    "confirm": "Confirmed",
    "register": "Put on the register",
    "decline": "Did not want to be on the register",
    "report_death": "Reported the death",
    "confirm_death": "Confirmed the death",
    "seen_alive": "Saw the person alive",
    "reverse_death": "Reversed the death",
    "remove": "Removed from the register",
    "restore": "Brought back to the register",
    "merge": "Merged with another entry",
    "unmerge": "Separated again after a merge",
    "used": "Used it",
    "not_relevant": "Said that it was not relevant",
    "wrong": "Said that something is wrong",
    "happened": "Said what happened",
    "settled": "Settled what was said to be wrong",
}


@dataclass(frozen=True)
class Change:
    """One fact before and after; empty: not recorded. `group`: the line of the list it belongs to; empty: none."""

    label: str
    before: str
    after: str
    group: str = ""


@dataclass(frozen=True)
class Edited:
    """One edit as the log has it, with the values of its section before and after it; None: nothing was recorded."""

    section: str
    kind: str
    body: Value
    author: Value
    decided_at: datetime | None
    received_at: datetime
    outcome: str
    standing: str | None
    before: Value | None
    after: Value | None
    is_from_paper: bool = False


@dataclass(frozen=True)
class ShownEdit:
    """One edit as it is read; `asked` is what a held edit asked for, where nothing was changed."""

    by: Said
    section: str
    kind: str
    decided_at: datetime | None
    outcome: str
    changes: tuple[Change, ...] = ()
    asked: str = ""


def build_shown_edit(edited: Edited, sight: SectionSight, tiers: frozenset[Tier], *, restricted: bool) -> ShownEdit:
    """The edit, as far as this audience may see what it changed."""
    organisation = "" if restricted else edited.author.get("organisation_name", "")
    by = Said(
        name=edited.author.get("name", ""),
        role=edited.author.get("role", ""),
        organisation=organisation,
        at=edited.received_at,
    )
    body = visible_body(edited.body, sight, tiers, restricted=restricted)
    return ShownEdit(
        by=by,
        section=sight.label,
        kind=f"{_kind_words(sight, edited.kind, body)}{_of_paper(edited)}",
        decided_at=edited.decided_at,
        outcome=_STANDINGS.get(edited.standing or "", _OUTCOMES.get(edited.outcome, edited.outcome)),
        changes=tuple(_changes(edited, sight, tiers, restricted=restricted)),
        asked=describe(sight, body) if edited.outcome == Outcome.HELD else "",
    )


def _kind_words(sight: SectionSight, kind: str, body: Value) -> str:
    if sight.name != "cpr" or kind not in set(EditKind):
        return _KINDS.get(kind, kind.replace("_", " ").capitalize())
    says = KINDS[EditKind(kind)].says
    recommendation = find_recommendation(body)
    words = start_large(says)
    return f"{words}: {Words().line_of(recommendation)}" if recommendation else words


def _of_paper(edited: Edited) -> str:
    """What the edit has to do with a paper; empty: nothing. Source: hazard H-42."""
    if not edited.is_from_paper:
        return ""
    return ", compared with the paper" if edited.kind == "confirm" else ", copied from paper"


def _changes(edited: Edited, sight: SectionSight, tiers: frozenset[Tier], *, restricted: bool) -> Iterator[Change]:
    if sight.is_whole or edited.before == edited.after:
        return
    before = visible_value(edited.before or {}, sight, tiers, restricted=restricted)
    after = visible_value(edited.after or {}, sight, tiers, restricted=restricted)
    yield from _field_changes(sight.fields, before, after)
    for key in dict.fromkeys([*before.get(ITEMS, {}), *after.get(ITEMS, {})]):
        yield from _item_changes(sight, before.get(ITEMS, {}).get(key, {}), after.get(ITEMS, {}).get(key, {}))


def _field_changes(fields: Mapping[str, FieldSight], before: Value, after: Value, group: str = "") -> Iterator[Change]:
    for name, field in fields.items():
        was, now = field.words(before.get(name)), field.words(after.get(name))
        if was != now:
            yield Change(field.label, was, now, group)


def _item_changes(sight: SectionSight, before: Value, after: Value) -> Iterator[Change]:
    if before == after:
        return
    title = sight.title(after or before)
    if REMOVED in after and REMOVED not in before:
        yield Change("Removed", "", str(after[REMOVED]), title)
        return
    yield from _field_changes(sight.item_fields, before, after, title)
