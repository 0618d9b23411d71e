"""Answer a tablet that asks what is new since it last asked."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.rules import Tier, audience_name, covered_tiers
from epaccs.agreements.rules import Level
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.core import clock
from epaccs.core.db import canonical_json, end_read, writing
from epaccs.devices.queries import find_device
from epaccs.devices.rules import ScopeKind, Tablet, tiers_in
from epaccs.notices.actions import About, notify_accountable
from epaccs.notices.rules import NoticeKind
from epaccs.record.declared import card_shape
from epaccs.record.queries.tablet import KEYS, PARTS, TabletRow, build_tablet_rows
from epaccs.record.rules import view
from epaccs.record.rules.card import Site
from epaccs.settings import Settings
from epaccs.sync.actions.caps import fit
from epaccs.sync.actions.cover import follow_agreements, read_scope_names
from epaccs.sync.actions.feed import reconcile
from epaccs.sync.actions.page import pack, unpack
from epaccs.sync.model.feed import FeedCap, FeedReader, FeedRow, FeedScope, KeptPage
from epaccs.sync.queries import feed as queries
from epaccs.sync.queries.feed import DROP, PUT, Cover, PageKey
from epaccs.sync.rules.feed import (
    HORIZON,
    KEEP_LAST_PAGE,
    LAST_PAGE_ROWS,
    LASTING,
    PAGE_ROWS,
    Cursor,
    Position,
    Why,
    build_epoch,
    is_told_of,
    must_start_again,
    read_scope_name,
    show_sum,
    sum_of,
    wrap,
)
from epaccs.sync.rules.page import write_line
from epaccs.sync.schema.feed import Ask

_log = logging.getLogger("epaccs.sync")

#: Scopes whose people come and go with the calendar, without a change of a record.
_TURNING: Final = frozenset({ScopeKind.RELATIONSHIP, ScopeKind.RESIDENTS})


@dataclass(frozen=True)
class Answer:
    """What a tablet is sent. `lines` without the closing one, which holds `cursors` and `is_more`."""

    lines: tuple[str, ...]
    cursors: tuple[dict[str, Any], ...]
    is_more: bool


@dataclass(frozen=True)
class Followed:
    """How far a tablet says that it has followed one scope, and what it is told of it.

    `agrees` None: it has not come to the end, or does not say what it has.
    """

    scope: str
    epoch: str
    number: int
    is_at_end: bool
    left_out: int
    agrees: bool | None


@dataclass
class _Draft:
    """An answer as far as it is made.

    `people` by scope: how many cards were sent. `made`: pages to keep. `followed`: scopes that the tablet follows.
    """

    room: int
    lines: list[str] = field(default_factory=list)
    cursors: list[dict[str, Any]] = field(default_factory=list)
    is_more: bool = False
    people: dict[str, int] = field(default_factory=dict)
    made: list[KeptPage] = field(default_factory=list)
    followed: list[Followed] = field(default_factory=list)


def pull(tablet: Tablet, ask: Ask, settings: Settings, *, sums: Mapping[str, str] | None = None) -> Answer:
    """Everything new in the scopes of a tablet, up to as much as it takes at once.

    Args:
        tablet: who asks.
        ask: how far it is.
        settings: of the site.
        sums: what it works out of what it has, by scope; None: it does not say.

    Source: docs/offline.md, pull; hazards H-47, H-48 and H-58.
    """
    for cursor in ask.cursors:
        name = read_scope_name(cursor.scope)
        if name and name.kind in _TURNING and cursor.scope in tablet.scopes:
            reconcile(cursor.scope)
    names = [cursor.scope for cursor in ask.cursors if cursor.scope in tablet.scopes]
    caps = {name: tablet.caps[name] for name in names}
    follow_agreements(names, tablet.actor.organisation_id)
    fit(caps)
    draft = _Draft(ask.limit)
    with queries.snapshot():
        covers = queries.find_covers(read_scope_names(names), tablet.actor.organisation_id)
        scopes, readers = queries.find_scopes_and_readers(tablet.device_id, names)
        fitting = queries.find_caps(caps)
        for cursor in ask.cursors:
            if cursor.scope not in tablet.scopes:
                _answer_unnamed(cursor, draft)
                continue
            scope = scopes.get(cursor.scope) or _nobody(cursor.scope)
            seen = _Seen(fitting.get(cursor.scope), covers.get(cursor.scope))
            reader = _Reader(tablet, scope, seen, settings, is_whole=ask.limit == PAGE_ROWS)
            reader.answer(cursor, readers.get(cursor.scope), draft, sum_there=(sums or {}).get(cursor.scope))
    _note(tablet, draft, readers)
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


@dataclass(frozen=True)
class _Seen:
    """Whom of a scope a tablet is shown.

    `fits` None: it never was more than the tablet may hold. `cover` None: no agreement is needed.
    """

    fits: FeedCap | None
    cover: Cover | None

    @property
    def mark(self) -> str:
        """By what the kept pages of this cover are known."""
        return f".{self.cover.mark}" if self.cover and self.cover.mark else ""

    def count(self, scope: FeedScope) -> tuple[int, int]:
        """The sum over everybody who is shown, and how many they are: all who fit, less whom no agreement covers."""
        counted = self.fits or scope
        uncovered = self.cover.uncovered if self.cover else []
        if not uncovered or not counted.people:
            return counted.sum, counted.people
        from_version = self.fits.from_version if self.fits else 0
        out = queries.find_of_practices(scope.name, uncovered, from_version=from_version)
        return wrap(counted.sum - sum_of((row.entry_id, row.version) for row in out)), counted.people - len(out)


@dataclass
class _Reader:
    """One scope as one tablet reads it. `is_whole`: the tablet takes a full page at once, so kept ones fit."""

    tablet: Tablet
    scope: FeedScope
    seen: _Seen
    settings: Settings
    is_whole: bool

    def __post_init__(self) -> None:
        self.tiers = tiers_in(self.tablet.actor.role, self.scope.name)
        self.tier = self.tablet.scopes[self.scope.name]
        self.fits, audience = self.seen.fits, audience_name(self.tiers)
        shape = _shape(audience, (self.fits.cap, self.fits.began) if self.fits else None)
        self.epoch = build_epoch(self.settings.restore_generation, self.scope.generation, shape)
        self.key = PageKey(self.scope.name, self.tier, audience, self.epoch + self.seen.mark)
        self.last_number = self.fits.scope_number if self.fits else self.scope.last_number
        total, self.people = self.seen.count(self.scope)
        self.sum = show_sum(total)

    def answer(self, cursor: Cursor, reader: Any, draft: _Draft, *, sum_there: str | None) -> None:
        """Add what is new in this scope, and where the tablet stands then.

        Args:
            cursor: how far the tablet is.
            reader: how far it was when it last asked; None: it never did.
            draft: the answer so far.
            sum_there: of what the tablet has; None: it does not say.
        """
        here = Position(self.epoch, self.tier, self.last_number, reader.asked_on if reader else None)
        again = must_start_again(cursor, here, today=clock.today())
        if again:
            draft.lines.append(write_line({"op": "reset", "scope": self.scope.name, "epoch": self.epoch}))
        number = 0 if again or cursor.epoch is None else cursor.number
        draft.followed.append(self._follow(number, draft, sum_there))
        if number < self.last_number and draft.room:
            number = self._send(number, draft)
        draft.is_more = draft.is_more or number < self.scope.last_number
        told = {"scope": self.scope.name, "tier": self.tier, "epoch": self.epoch, "number": number}
        left_out = {"left_out": self.fits.left_out} if self.fits and self.fits.left_out else {}
        draft.cursors.append({**told, "sum": self.sum, "people": self.people, **left_out})

    def _follow(self, number: int, draft: _Draft, sum_there: str | None) -> Followed:
        """How far the tablet is, and whether it has what the register has there."""
        is_at_end = number == self.scope.last_number == self.last_number and number > 0
        agrees = int(sum_there, 16) == int(self.sum, 16) if is_at_end and sum_there else None
        left_out = self.fits.left_out if self.fits else 0
        return Followed(self.scope.name, self.epoch, number, is_at_end, left_out, agrees)

    def _send(self, after: int, draft: _Draft) -> int:
        fits = self.is_whole and draft.room == PAGE_ROWS
        kept = queries.find_kept(self.key, after) if fits else None
        if kept is not None and not self._is_outgrown(kept):
            lines, up_to = self._take_kept(kept), kept.up_to_number
        else:
            lines, up_to = self._build(after, draft, is_kept=fits)
        draft.lines += [line for _, line in lines]
        draft.room -= len(lines)
        if lines:
            draft.people[self.scope.name] = len(lines)
        return up_to

    def _is_outgrown(self, kept: KeptPage) -> bool:
        """Whether more has come behind a last page than its minute allows: small pages must not become a long row."""
        is_last = kept.up_to_number == kept.scope_number
        return is_last and kept.scope_number < self.last_number and kept.made_at < clock.now() - KEEP_LAST_PAGE

    def _is_long_end(self, after: int, rows: Sequence[Any]) -> bool:
        """Whether these are the last page of a first download, and enough of it to be made once for all who begin."""
        return len(rows) >= LAST_PAGE_ROWS and (after == 0 or queries.is_end_of_kept(self.key, after))

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
        up_to = next_kept or self.last_number
        rows = queries.find_next_rows(self.scope.name, after, up_to=up_to, limit=draft.room, fits=self.fits)
        is_full = len(rows) == draft.room
        up_to = rows[-1].number if is_full else up_to
        lines = self._lines(rows, is_first=after == 0)
        if is_kept and (is_full or next_kept or self._is_long_end(after, rows)):
            draft.made.append(
                KeptPage(
                    **vars(self.key),
                    after_number=after,
                    up_to_number=up_to,
                    scope_number=self.last_number,
                    body=pack(lines),
                    made_at=clock.now(),
                )
            )
        return lines, up_to

    def _lines(self, rows: Sequence[Any], *, is_first: bool) -> list[tuple[UUID, str]]:
        """The lines of some rows; a tablet that begins is told nothing of whom no agreement covers.

        Each row passes the access table again, and is put into the words of what an agreement covers (hazard H-62).
        """
        here = [row.entry_id for row in rows if row.op == PUT and self._has_room(row)]
        reachable = queries.find_reachable(self.tablet.actor, here) if here else set()
        levels = self._levels_of(here)
        site = Site(self.settings.control_telephone, self.settings.confirmation_hours)
        now = clock.now()
        views: dict[UUID, TabletRow] = {}
        for level in sorted({levels[one] for one in reachable}):
            tiers = covered_tiers(self.tiers, level)
            full = self.tier == "full" and Tier.T2_COORDINATION in tiers
            some = sorted(one for one in reachable if levels[one] is level)
            views |= build_tablet_rows(some, tiers, full=full, now=now, site=site, horizon=HORIZON)
        uncovered = {one for one, level in levels.items() if level is Level.NONE}
        return [
            (
                row.entry_id,
                write_line(self._line(row, views.get(row.entry_id), is_covered=row.entry_id not in uncovered)),
            )
            for row in rows
            if not (is_first and row.entry_id in uncovered)
        ]

    def _levels_of(self, entry_ids: Sequence[UUID]) -> dict[UUID, Level]:
        """How far an agreement covers the tablet's look at each of these."""
        if self.seen.cover is None or self.seen.cover.is_whole or not entry_ids:
            return dict.fromkeys(entry_ids, Level.WHOLE)
        practices = queries.find_practices_of(entry_ids)
        return {one: self.seen.cover.level_of(practices.get(one)) for one in entry_ids}

    def _line(self, row: Any, held: Any, *, is_covered: bool) -> dict[str, Any]:
        line = {"op": row.op, "scope": self.scope.name, "number": row.number, "id": str(row.entry_id)}
        if row.op == PUT and not self._has_room(row):
            return {**line, "op": DROP, "why": str(Why.NO_ROOM)}
        if row.op == DROP or held is None:
            unseen = Why.UNASSIGNED if is_covered else Why.NO_AGREEMENT
            return {**line, "op": DROP, "why": row.why or str(unseen)}
        words = {"version": row.version, "card": held.card, "keys": held.keys}
        more = {"plan": held.plan, "answers": held.answers}
        return {**line, **words, **{name: one for name, one in more.items() if one is not None}}

    def _has_room(self, row: Any) -> bool:
        """Whether somebody is among those of the scope who fit on the tablet."""
        return self.fits is None or row.version >= self.fits.from_version


@cache
def _shape(audience: str, cap: tuple[int, int] | None) -> str:
    """The third part of an epoch: by which declarations, in which parts, and for whom cards are put into words, and by
    which keys people are found, and in which parts they come.

    Another reader of the same tablet who sees other things starts the scope again; so do all when a scope first is
    more than a tablet may hold, or the tablet may hold another number of people.

    Args:
        audience: who reads.
        cap: of how many people, and since which number of the scope; None: it never was more.
    """
    kinds = [kind for kind in vars(view).values() if isinstance(kind, type) and hasattr(kind, "_fields")]
    parts = sorted([kind.__name__, *kind._fields] for kind in kinds)
    said = [card_shape(), parts, audience, KEYS, PARTS, *(cap or ())]
    return hashlib.sha256(canonical_json(said).encode()).hexdigest()[:8]


# --- What is noted of an answer --------------------------------------------------------------------------------------


def _note(tablet: Tablet, draft: _Draft, readers: Mapping[str, Any]) -> None:
    """Keep the pages that were made for whoever begins, how far the tablet is, and how many people went to it.

    A tablet that is told nothing new on the same day costs no transaction.
    """
    rows = [_build_reader(tablet.device_id, one, readers.get(one.scope)) for one in draft.followed]
    new = [row for row in rows if not _is_same(row, readers.get(row["scope"]))]
    if not (draft.made or new or draft.people):
        return
    with writing() as session:
        for page in draft.made:
            _keep_page(session, page)
        for row in new:
            session.merge(FeedReader(**row))
        session.flush()
        for scope, count in draft.people.items():
            sent = event(tablet.actor, EventKind.TABLET_FILLED, device=str(tablet.device_id), scope=scope, count=count)
            log.record(sent)
        for row in new:
            if row["disagrees_since"] and is_told_of(row["disagreements"]):
                _tell_of_disagreement(tablet, row["scope"])


def _build_reader(device_id: UUID, one: Followed, before: Any) -> dict[str, Any]:
    """How far a tablet is, as it is kept: a copy that was never whole is not read while there is another."""
    was_whole = one.is_at_end or (before is not None and before.epoch == one.epoch)
    is_whole = was_whole and one.number > 0 and one.agrees is not False
    count, since = (before.disagreements, before.disagrees_since) if before else (0, None)
    if one.agrees is True:
        count, since = 0, None
    if one.agrees is False:
        count, since = min(count, LASTING) + 1, since or clock.now()
    return {
        "device_id": device_id,
        "scope": one.scope,
        "asked_on": clock.today(),
        "epoch": one.epoch if is_whole else None,
        "number": one.number if is_whole else 0,
        "left_out": one.left_out,
        "disagreements": count,
        "disagrees_since": since,
    }


def _is_same(row: Mapping[str, Any], before: Any) -> bool:
    return before is not None and all(getattr(before, name) == value for name, value in row.items())


def _tell_of_disagreement(tablet: Tablet, scope: str) -> None:
    """A tablet has other people, or other versions, than the register says it sent, and starting again did not help."""
    _log.error("A tablet goes on disagreeing with the register", extra={"device_id": str(tablet.device_id)})
    device = find_device(tablet.device_id)
    label = device.label if device else ""
    told = event(tablet.actor, EventKind.TABLET_DISAGREES, device=str(tablet.device_id), label=label, scope=scope)
    log.record(told)


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
