"""Keep every scope's feed in step: with each change in its transaction, with time, and anew after a restore.

Whoever writes the feed holds the counter of changes first, then the scopes in the order of their names: so numbers
become visible in their order and without gaps, and two writers never wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, delete, insert, or_, select
from sqlalchemy.orm import Session

from epaccs.core import clock
from epaccs.core.changes import Change, hold_numbers
from epaccs.core.db import db, end_read, writing
from epaccs.sync.model.feed import FeedCap, FeedReader, FeedRow, FeedScope, KeptPage
from epaccs.sync.queries import feed as queries
from epaccs.sync.queries.feed import DROP, PUT
from epaccs.sync.rules.feed import (
    KEEP_PAGE,
    REMEMBER_LEAVING,
    SEND_AGAIN,
    ScopeName,
    Why,
    fingerprint,
    read_scope_name,
    scopes_of,
    why_left,
    wrap,
)

#: So many rows are written at a time.
BATCH: Final = 500
#: The worker looks each minute at the relationships that turned since then, so that a few missed rounds do no harm.
TURNED_WITHIN: Final = timedelta(hours=2)


@dataclass(frozen=True)
class Move:
    """One row that a scope's feed gets: somebody in it, in a version (`why` None), or out of it."""

    scope: str
    entry_id: UUID
    version: int
    why: Why | None = None


# --- With each change ------------------------------------------------------------------------------------------------


def follow_change(session: Session, change: Change) -> None:
    """Number the change in each scope that the person is in, and say where they left: a projector of `core.changes`.

    The change holds the counter already.

    Source: hazards H-47 and H-48.
    """
    person = queries.find_whereabouts(session, [change.entry_id]).get(change.entry_id)
    belongs = scopes_of(person)
    before = queries.find_rows(session, change.entry_id)
    left = {row.scope for row in before if row.op == PUT} - belongs
    moves = [Move(name, change.entry_id, change.number) for name in belongs]
    moves += [Move(name, change.entry_id, change.number, _why(name, person)) for name in left]
    keep_moves(session, moves, before)


def _why(scope: str, person: Any) -> Why:
    name = read_scope_name(scope)
    return why_left(name, person) if name else Why.REMOVED


def keep_moves(session: Session, moves: Sequence[Move], before: Iterable[Any]) -> None:
    """Give each move its number, and leave one row for each scope and person; sums and counts follow.

    Args:
        before: the rows that these people had in these scopes.
    """
    if not moves:
        return
    was = {(row.scope, row.entry_id): row for row in before}
    scopes = lock_scopes(session, {move.scope for move in moves})
    for move in moves:
        row = was.get((move.scope, move.entry_id))
        if move.why is not None and row is not None:
            _throw_pages_away(session, move.scope, row.number)
    now = clock.now()
    rows = [_take_number(scopes[move.scope], move, was.get((move.scope, move.entry_id)), now) for move in moves]
    here = and_(FeedRow.scope.in_(sorted(scopes)), FeedRow.entry_id.in_({move.entry_id for move in moves}))
    session.execute(delete(FeedRow).where(here).execution_options(synchronize_session=False))
    session.execute(insert(FeedRow.__table__), rows)  # type: ignore[arg-type]
    session.flush()


def lock_scopes(session: Session, names: Iterable[str]) -> dict[str, FeedScope]:
    """The scopes, locked in the order of their names until the transaction ends; a new one begins at nought."""
    wanted = sorted(names)
    statement = select(FeedScope).where(FeedScope.name.in_(wanted)).order_by(FeedScope.name)
    locked = session.scalars(statement.with_for_update().execution_options(populate_existing=True))
    found = {scope.name: scope for scope in locked}
    for name in wanted:
        if name not in found:
            found[name] = FeedScope(name=name, generation=1, last_number=0, sum=0, people=0)
            session.add(found[name])
    return found


def _take_number(scope: FeedScope, move: Move, row: Any, now: Any) -> dict[str, Any]:
    scope.last_number += 1
    if row is not None and row.op == PUT:
        scope.people -= 1
        scope.sum = wrap(scope.sum - fingerprint(move.entry_id, row.version))
    if move.why is None:
        scope.people += 1
        scope.sum = wrap(scope.sum + fingerprint(move.entry_id, move.version))
    return {
        "scope": move.scope,
        "entry_id": move.entry_id,
        "number": scope.last_number,
        "op": PUT if move.why is None else DROP,
        "version": move.version,
        "why": str(move.why) if move.why else None,
        "at": now,
    }


def _throw_pages_away(session: Session, scope: str, number: int) -> None:
    """Whoever leaves a scope takes the kept pages that hold them along.

    The page that holds their number; and every page that is older than their latest number, which may hold them under
    an earlier one. (A new version of somebody who stays throws nothing away: a page that is served leaves them out, for
    they follow under their new number.)

    Args:
        number: of the person's row until now.

    Source: hazard H-48.
    """
    holds = and_(KeptPage.after_number < number, KeptPage.up_to_number >= number)
    session.execute(delete(KeptPage).where(KeptPage.scope == scope, or_(holds, KeptPage.scope_number < number)))


# --- With time -------------------------------------------------------------------------------------------------------


def reconcile(scope: str) -> int:
    """Bring one scope in step with whoever belongs to it now: relationships begin and end without a change.

    Returns:
        How many came or went.

    Source: hazards H-47 and H-48.
    """
    name = read_scope_name(scope)
    if name is None or queries.is_in_step(name):
        end_read()
        return 0
    with writing() as session:
        hold_numbers(session)
        leaving = session.scalars(queries.find_leaving(name)).all()
        moves = [*_moves_out(session, name, leaving), *_moves_in(session, name)]
        _keep_of_one(session, scope, moves)
    return len(moves)


def _moves_in(session: Session, name: ScopeName) -> Iterator[Move]:
    for row in session.execute(queries.find_entering(name)):
        yield Move(str(name), row.id, row.change_number)


def _moves_out(session: Session, name: ScopeName, leaving: Sequence[UUID]) -> Iterator[Move]:
    for some in in_batches(leaving):
        people = queries.find_whereabouts(session, some)
        for entry_id in some:
            yield Move(str(name), entry_id, 0, why_left(name, people.get(entry_id)))


def _keep_of_one(session: Session, scope: str, moves: Sequence[Move]) -> None:
    for some in in_batches(moves):
        ids = [move.entry_id for move in some]
        rows = select(FeedRow.scope, FeedRow.entry_id, FeedRow.number, FeedRow.op, FeedRow.version).where(
            FeedRow.scope == scope, FeedRow.entry_id.in_(ids)
        )
        keep_moves(session, some, session.execute(rows).all())


def in_batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """So many at a time as are written at once."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def follow_time() -> None:
    """What the minute brings: relationships that turned, words that are sent again, and what is forgotten."""
    turned = queries.find_scopes_turned_since(clock.now() - TURNED_WITHIN)
    for scope in turned:
        reconcile(scope)
    send_again()
    forget()


def send_again() -> int:
    """Number anew who has not been sent for long, a page of them at a time: the words of a view hold for a month.

    Returns:
        How many.
    """
    old = clock.now() - SEND_AGAIN
    found = select(FeedRow.scope).where(FeedRow.op == PUT, FeedRow.at < old)
    if db.session.scalars(found.limit(1)).first() is None:
        end_read()
        return 0
    with writing() as session:
        hold_numbers(session)
        rows = session.execute(
            select(FeedRow.scope, FeedRow.entry_id, FeedRow.number, FeedRow.op, FeedRow.version)
            .where(FeedRow.op == PUT, FeedRow.at < old)
            .order_by(FeedRow.at)
            .limit(BATCH)
        ).all()
        for scope in sorted({row.scope for row in rows}):
            own = [row for row in rows if row.scope == scope]
            keep_moves(session, [Move(scope, row.entry_id, row.version) for row in own], own)
    return len(rows)


def forget() -> None:
    """Pages that are older than a day, who left long ago, and tablets that did not ask for as long."""
    now = clock.now()
    with writing() as session:
        session.execute(delete(KeptPage).where(KeptPage.made_at < now - KEEP_PAGE))
        session.execute(delete(FeedRow).where(FeedRow.op == DROP, FeedRow.at < now - REMEMBER_LEAVING))
        session.execute(delete(FeedReader).where(FeedReader.asked_on < (now - REMEMBER_LEAVING).date()))


# --- Anew ------------------------------------------------------------------------------------------------------------


def settle_scopes() -> None:
    """Bring every scope in step: after many people were put on the register at once."""
    for scope in queries.find_every_scope():
        reconcile(scope)


def rebuild_scopes() -> int:
    """Build every feed anew: every tablet starts its scopes again, beside what it holds.

    Returns:
        How many scopes there are.
    """
    names = queries.find_every_scope()
    for scope in names:
        _rebuild(scope)
    return len(names)


def _rebuild(scope: str) -> None:
    name = read_scope_name(scope)
    with writing() as session:
        hold_numbers(session)
        row = lock_scopes(session, [scope])[scope]
        row.generation += 1
        row.last_number = row.sum = row.people = 0
        for table in (FeedRow, KeptPage, FeedCap):
            session.execute(delete(table).where(table.scope == scope))
        if name is not None:
            _keep_of_one(session, scope, list(_moves_in(session, name)))
