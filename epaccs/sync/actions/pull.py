"""Answer a tablet that asks what is new since it last asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.rules import audience_name, visible_tiers
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.core import clock
from epaccs.core.db import canonical_json, end_read, writing
from epaccs.devices.rules import ScopeKind, Tablet
from epaccs.notices.actions import About, notify_accountable
from epaccs.notices.rules import NoticeKind
from epaccs.record.declared import card_shape
from epaccs.record.queries.tablet import build_tablet_rows
from epaccs.record.rules import view
from epaccs.record.rules.card import Site
from epaccs.settings import Settings
from epaccs.sync.actions.feed import reconcile
from epaccs.sync.actions.page import pack, unpack
from epaccs.sync.model.feed import FeedReader, FeedRow, FeedScope, KeptPage
from epaccs.sync.queries import feed as queries
from epaccs.sync.queries.feed import DROP, PUT, PageKey
from epaccs.sync.rules.feed import (
    HORIZON,
    PAGE_ROWS,
    Cursor,
    Position,
    Why,
    build_epoch,
    must_start_again,
    read_scope_name,
    show_sum,
)
from epaccs.sync.rules.page import write_line
from epaccs.sync.schema.feed import Ask

#: Scopes whose people come and go with the calendar, without a change of a record.
_TURNING: Final = frozenset({ScopeKind.RELATIONSHIP, ScopeKind.RESIDENTS})


@dataclass(frozen=True)
class Answer:
    """What a tablet is sent. `lines` without the closing one, which holds `cursors` and `is_more`."""

    lines: tuple[str, ...]
    cursors: tuple[dict[str, Any], ...]
    is_more: bool


@dataclass
class _Draft:
    """An answer as far as it is made.

    `people` by scope: how many cards were sent. `made`: pages to keep. `asked`: scopes that the tablet follows.
    """

    room: int
    lines: list[str] = field(default_factory=list)
    cursors: list[dict[str, Any]] = field(default_factory=list)
    is_more: bool = False
    people: dict[str, int] = field(default_factory=dict)
    made: list[KeptPage] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def pull(tablet: Tablet, ask: Ask, settings: Settings) -> Answer:
    """Everything new in the scopes of a tablet, up to as much as it takes at once.

    Source: docs/offline.md, pull; hazards H-47 and H-48.
    """
    for cursor in ask.cursors:
        name = read_scope_name(cursor.scope)
        if name and name.kind in _TURNING and cursor.scope in tablet.scopes:
            reconcile(cursor.scope)
    draft = _Draft(ask.limit)
    with queries.snapshot():
        names = [cursor.scope for cursor in ask.cursors if cursor.scope in tablet.scopes]
        scopes, days = queries.find_scopes_and_days(tablet.device_id, names)
        for cursor in ask.cursors:
            if cursor.scope not in tablet.scopes:
                _answer_unnamed(cursor, draft)
                continue
            scope = scopes.get(cursor.scope) or _nobody(cursor.scope)
            _Reader(tablet, scope, settings, is_whole=ask.limit == PAGE_ROWS).answer(cursor, days, draft)
    _note(tablet, draft, days)
    if ask.known:
        note_behind(tablet, ask.known)
    return Answer(tuple(draft.lines), tuple(draft.cursors), draft.is_more)


def _nobody(name: str) -> FeedScope:
    """A scope that nobody was ever in."""
    return FeedScope(name=name, generation=1, last_number=0, sum=0, people=0)


def _answer_unnamed(cursor: Cursor, draft: _Draft) -> None:
    """A scope that the lease does not name is empty for this tablet: whatever it has of it goes."""
    draft.lines.append(write_line({"op": "reset", "scope": cursor.scope, "epoch": None}))
    draft.cursors.append(
        {"scope": cursor.scope, "tier": cursor.tier, "epoch": None, "number": 0, "sum": show_sum(0), "people": 0}
    )


@dataclass
class _Reader:
    """One scope as one tablet reads it. `is_whole`: the tablet takes a full page at once, so kept ones fit."""

    tablet: Tablet
    scope: FeedScope
    settings: Settings
    is_whole: bool

    def __post_init__(self) -> None:
        name = read_scope_name(self.scope.name)
        is_resident = name is not None and name.kind is ScopeKind.RESIDENTS
        self.tiers = visible_tiers(self.tablet.actor.role, incident=False, resident=is_resident)
        self.tier = self.tablet.scopes[self.scope.name]
        audience = audience_name(self.tiers)
        self.epoch = build_epoch(self.settings.restore_generation, self.scope.generation, _shape(audience))
        self.key = PageKey(self.scope.name, self.tier, audience, self.epoch)

    def answer(self, cursor: Cursor, days: Mapping[str, Any], draft: _Draft) -> None:
        """Add what is new in this scope, and where the tablet stands then."""
        here = Position(self.epoch, self.tier, self.scope.last_number, days.get(self.scope.name))
        again = must_start_again(cursor, here, today=clock.today())
        if again:
            draft.lines.append(write_line({"op": "reset", "scope": self.scope.name, "epoch": self.epoch}))
        number = 0 if again or cursor.epoch is None else cursor.number
        if number < self.scope.last_number and draft.room:
            number = self._send(number, draft)
        draft.is_more = draft.is_more or number < self.scope.last_number
        draft.asked.append(self.scope.name)
        draft.cursors.append(
            {
                "scope": self.scope.name,
                "tier": self.tier,
                "epoch": self.epoch,
                "number": number,
                "sum": show_sum(self.scope.sum),
                "people": self.scope.people,
            }
        )

    def _send(self, after: int, draft: _Draft) -> int:
        fits = self.is_whole and draft.room == PAGE_ROWS
        kept = queries.find_kept(self.key, after) if fits else None
        if kept is not None:
            lines, up_to = self._take_kept(kept), kept.up_to_number
        else:
            lines, up_to = self._build(after, draft, is_kept=fits)
        draft.lines += [line for _, line in lines]
        draft.room -= len(lines)
        if lines:
            draft.people[self.scope.name] = len(lines)
        return up_to

    def _take_kept(self, kept: KeptPage) -> list[tuple[UUID, str]]:
        """The lines of a kept page about whoever has neither changed nor left since, and is still within reach.

        Somebody who changed follows under their new number; so a kept page is older, and never wrong.
        """
        there = queries.find_still_there(self.scope.name, kept.after_number, up_to=kept.up_to_number)
        there &= queries.find_reachable(self.tablet.actor, list(there))
        return [(entry_id, line) for entry_id, line in unpack(kept.body) if entry_id in there]

    def _build(self, after: int, draft: _Draft, *, is_kept: bool) -> tuple[list[tuple[UUID, str]], int]:
        """The lines after a number, and the number up to which they tell everything.

        They end where the next kept page begins: so a tablet that meets a gap comes back to pages that are there.
        """
        next_kept = queries.find_next_kept(self.key, after) if self.is_whole else None
        up_to = next_kept or self.scope.last_number
        rows = queries.find_next_rows(self.scope.name, after, up_to=up_to, limit=draft.room)
        is_full = len(rows) == draft.room
        up_to = rows[-1].number if is_full else up_to
        lines = self._lines(rows)
        if is_kept and (is_full or next_kept):
            draft.made.append(
                KeptPage(
                    **vars(self.key),
                    after_number=after,
                    up_to_number=up_to,
                    scope_number=self.scope.last_number,
                    body=pack(lines),
                    made_at=clock.now(),
                )
            )
        return lines, up_to

    def _lines(self, rows: Sequence[Any]) -> list[tuple[UUID, str]]:
        here = [row.entry_id for row in rows if row.op == PUT]
        reachable = queries.find_reachable(self.tablet.actor, here) if here else set()
        site = Site(self.settings.control_telephone, self.settings.confirmation_hours)
        full = self.tier == "full"
        now = clock.now()
        views = (
            build_tablet_rows(sorted(reachable), self.tiers, full=full, now=now, site=site, horizon=HORIZON)
            if reachable
            else {}
        )
        return [(row.entry_id, write_line(self._line(row, views.get(row.entry_id)))) for row in rows]

    def _line(self, row: Any, held: Any) -> dict[str, Any]:
        line = {"op": row.op, "scope": self.scope.name, "number": row.number, "id": str(row.entry_id)}
        if row.op == DROP or held is None:
            return {**line, "op": DROP, "why": row.why or str(Why.UNASSIGNED)}
        words = {"version": row.version, "card": held.card, "keys": held.keys}
        return {**line, **words, **({"plan": held.plan} if held.plan is not None else {})}


@cache
def _shape(audience: str) -> str:
    """The third part of an epoch: by which declarations, in which parts, and for whom cards are put into words.

    Another reader of the same tablet who sees other things starts the scope again.
    """
    kinds = [kind for kind in vars(view).values() if isinstance(kind, type) and hasattr(kind, "_fields")]
    parts = sorted([kind.__name__, *kind._fields] for kind in kinds)
    return hashlib.sha256(canonical_json([card_shape(), parts, audience]).encode()).hexdigest()[:8]


# --- What is noted of an answer --------------------------------------------------------------------------------------


def _note(tablet: Tablet, draft: _Draft, days: Mapping[str, Any]) -> None:
    """Keep the full pages that were made, the day on which the tablet asked, and how many people went to it.

    A tablet that is told nothing new on the same day costs no transaction.
    """
    today = clock.today()
    new_days = [scope for scope in draft.asked if days.get(scope) != today]
    if not (draft.made or new_days or draft.people):
        return
    with writing() as session:
        for page in draft.made:
            _keep_page(session, page)
        for scope in new_days:
            session.merge(FeedReader(device_id=tablet.device_id, scope=scope, asked_on=today))
        session.flush()
        for scope, count in draft.people.items():
            sent = event(tablet.actor, EventKind.TABLET_FILLED, device=str(tablet.device_id), scope=scope, count=count)
            log.record(sent)


def _keep_page(session: Session, page: KeptPage) -> None:
    """Keep a page, unless somebody left the scope since it was read: they would lie in it."""
    locked = session.scalars(select(FeedScope).where(FeedScope.name == page.scope).with_for_update()).first()
    left = select(FeedRow.number).where(
        FeedRow.scope == page.scope, FeedRow.op == DROP, FeedRow.number > page.scope_number
    )
    if locked is not None and session.scalars(left.limit(1)).first() is None:
        session.merge(page)


def note_behind(tablet: Tablet, known: Mapping[UUID, int]) -> None:
    """A tablet holds what the register does not: it was restored from before that change. Tell whoever answers.

    The privacy officer finds it in the audit; the practice and the key worker's organisation are asked to look at the
    tablet and to enter again what is missing.

    Source: docs/offline.md; hazard H-47.
    """
    behind, unknown = queries.find_behind(tablet.actor, known)
    end_read()
    if not behind and not unknown:
        return
    with writing() as session:
        for entry_id in behind:
            notify_accountable(session, About(entry_id, NoticeKind.TABLET_AHEAD, severity="high"))
        device = str(tablet.device_id)
        found = event(tablet.actor, EventKind.REGISTER_BEHIND, device=device, people=len(behind), not_here=unknown)
        log.record(found)
