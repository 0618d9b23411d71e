"""What the one writer asks of the database, answered from memory: notices, and the bodies that loaders complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from epaccs.care_plans.sections import SECTIONS
from epaccs.clinicians.rules import Actor
from epaccs.demo.rows import Row
from epaccs.demo.stories import Body
from epaccs.notices.actions import About, build_notice_row
from epaccs.notices.rules import MEANINGS, NoticeKind
from epaccs.versions.registry import Kind, Section

#: What is told only so that it is known; everything else stands until it is done.
TO_BE_KNOWN: Final = tuple(kind for kind, meaning in MEANINGS.items() if not meaning.is_task)

#: Of a notice that nobody has looked at.
_NEW: Final = dict.fromkeys(
    ("ended_at", "seen_at", "seen_by", "acknowledged_at", "acknowledged_by", "acknowledged_by_name")
)


# --- Notices ---------------------------------------------------------------------------------------------------------


class MemoryDesk:
    """The notices of one person; the same open one is not left twice."""

    def __init__(self, now: Callable[[], datetime], workplaces_of: Callable[[UUID], list[UUID]]) -> None:
        self._now = now
        self._open: dict[tuple[Any, ...], Row] = {}
        self.workplaces_of = workplaces_of
        self.accountable: list[UUID] = []
        self.rows: list[Row] = []

    def notify(self, about: About, *, organisation_ids: Iterable[UUID], clinician_id: UUID | None = None) -> None:
        """Leave a notice with each organisation."""
        now = self._now()
        for organisation_id in dict.fromkeys(organisation_ids):
            key = (about.kind, organisation_id, clinician_id, about.section, about.due_at)
            if key not in self._open:
                row = build_notice_row(about, organisation_id, clinician_id, now=now)
                self._open[key] = {**row, **_NEW}
                self.rows.append(self._open[key])

    def notify_accountable(self, about: About, *, but: UUID | None = None) -> None:
        """Leave a notice with whoever is accountable."""
        self.notify(about, organisation_ids=[one for one in self.accountable if one != but])

    def end(self, *, entry_id: UUID, kinds: Iterable[NoticeKind], section: str | None = None) -> None:
        """What was asked for is done; all notices here are of one entry."""
        ending = set(kinds)
        for key in [key for key in self._open if key[0] in ending and section in (None, key[3])]:
            self._open.pop(key)["ended_at"] = self._now()

    def look(self, actor: Actor) -> tuple[int, list[NoticeKind]]:
        """Somebody takes note of what their organisation was told.

        Returns:
            How many notices were shown, and of which kinds they took note; what asks for something stands.
        """
        theirs = [row for row in self.rows if row["organisation_id"] == actor.organisation_id]
        waiting = [row for row in theirs if row["kind"] in TO_BE_KNOWN and row["acknowledged_at"] is None]
        shown = [row for row in waiting if row["clinician_id"] is None]
        if not shown:
            return 0, []
        seen = {"seen_at": self._now(), "seen_by": actor.clinician_id}
        for row in shown:
            row.update(seen)
        newest = {row["kind"]: row["created_at"] for row in shown}
        noted = {"acknowledged_at": self._now(), "acknowledged_by": actor.clinician_id}
        for row in waiting:
            if row["kind"] in newest and row["created_at"] <= newest[row["kind"]]:
                row.update(noted, acknowledged_by_name=actor.name)
        self._open = {key: row for key, row in self._open.items() if row["acknowledged_at"] is None}
        return len(shown), [NoticeKind(kind) for kind in newest]

    def readers_since(self, entry_id: UUID, moment: datetime) -> list[tuple[UUID, UUID]]:
        """Nobody: in a story whoever reads also writes, and reading for that is no reading of the card."""
        return []


# --- Bodies ----------------------------------------------------------------------------------------------------------

_AS_IT_IS: Final = Kind.load
_blanks: dict[tuple[str, str], Body] = {}


def load_body(section: Section, kind_name: str, body: Body) -> Body:
    """The body as its loader makes it.

    A loader adds every field that was left blank; it is asked once for each kind, and what it adds is filled in here,
    because stories hold nothing that it would refuse or write otherwise. Those of the plan add nothing.
    """
    if section.name in SECTIONS:
        return body
    load = section.get_kind(kind_name).load
    if load is _AS_IT_IS:
        return body
    key = section.name, kind_name
    if key not in _blanks:
        _blanks[key] = _blank(load(body))
    return _filled(_blanks[key], body)


def _blank(loaded: Body) -> Body:
    return {name: _blank(part) if isinstance(part, dict) else None for name, part in loaded.items()}


def _filled(blank: Body, body: Body) -> Body:
    filled = {**blank, **body}
    return {
        name: _filled(blank[name], part) if isinstance(blank.get(name), dict) else part for name, part in filled.items()
    }
