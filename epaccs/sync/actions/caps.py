"""Whom a tablet may hold of a scope that has more people than its policy lets lie on it.

Those whose record changed last lie there. Whoever changes comes onto the tablets, and whoever changed longest ago makes
room; each of these moves has a number of its own, so that a tablet follows them as it follows every other.

Source: docs/adr/0028; hazard H-58.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.core.changes import hold_numbers
from epaccs.core.db import end_read, writing
from epaccs.sync.actions.feed import Move, in_batches, keep_moves, lock_scopes
from epaccs.sync.model.feed import FeedCap, FeedRow, FeedScope
from epaccs.sync.queries import feed as queries
from epaccs.sync.queries.feed import PUT
from epaccs.sync.rules.feed import sum_of, wrap


def fit(caps: Mapping[str, int]) -> None:
    """Work out who fits, before a tablet is answered, in each of its scopes that changed since or is too large first.

    Args:
        caps: scope name to the most people of it that may lie on the tablet.
    """
    unfit = queries.find_unfit(caps)
    end_read()
    for scope in unfit:
        _fit(scope, caps[scope])


def _fit(scope: str, cap: int) -> None:
    with writing() as session:
        hold_numbers(session)
        counted = lock_scopes(session, [scope])[scope]
        kept = session.get(FeedCap, (scope, cap), populate_existing=True)
        starts_at = _find_start(session, scope, cap)
        if kept is not None:
            _move_between(session, scope, kept.from_version, starts_at)
        began = kept.began if kept is not None else counted.last_number
        session.merge(_count(session, counted, cap=cap, began=began, starts_at=starts_at))
        session.flush()


def _find_start(session: Session, scope: str, cap: int) -> int:
    """The version of the last who fits; 0: everybody does."""
    latest = select(FeedRow.version).where(FeedRow.scope == scope, FeedRow.op == PUT).order_by(FeedRow.version.desc())
    return session.scalars(latest.offset(cap - 1).limit(1)).first() or 0


def _move_between(session: Session, scope: str, before: int, now: int) -> None:
    """Number whoever fits now and did not, or fits no more: their tablets are told by the number."""
    low, high = sorted((before, now))
    wanted = select(FeedRow.scope, FeedRow.entry_id, FeedRow.number, FeedRow.op, FeedRow.version).where(
        FeedRow.scope == scope, FeedRow.op == PUT, FeedRow.version >= low, FeedRow.version < high
    )
    rows = session.execute(wanted).all() if low < high else []
    for some in in_batches(rows):
        keep_moves(session, [Move(scope, row.entry_id, row.version) for row in some], some)


def _count(session: Session, counted: FeedScope, *, cap: int, began: int, starts_at: int) -> FeedCap:
    """Who fits, counted and summed: everybody less those who do not, who are mostly few."""
    beyond = select(FeedRow.entry_id, FeedRow.version).where(
        FeedRow.scope == counted.name, FeedRow.op == PUT, FeedRow.version < starts_at
    )
    out = [(row.entry_id, row.version) for row in session.execute(beyond)]
    return FeedCap(
        scope=counted.name,
        cap=cap,
        began=began,
        scope_number=counted.last_number,
        from_version=starts_at,
        sum=wrap(counted.sum - sum_of(out)),
        people=counted.people - len(out),
        left_out=len(out),
    )
