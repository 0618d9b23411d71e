"""Tell tablets when agreements between their organisation and a practice begin, end, or go another way.

Who is in a scope does not change with that, for others of the same scope see them still. So the people of the practice
are numbered anew, and each tablet that asks is sent them as its own organisation may see them, or told to drop them.

Source: docs/adr/0034; hazard H-62.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from epaccs.core.changes import hold_numbers
from epaccs.core.db import db, end_read, writing
from epaccs.sync.actions.feed import Move, in_batches, keep_moves
from epaccs.sync.model.feed import FeedCover
from epaccs.sync.queries import feed as queries
from epaccs.sync.queries.feed import Cover
from epaccs.sync.rules.feed import ScopeName, read_scope_name


def read_scope_names(names: Iterable[str]) -> list[ScopeName]:
    """The parts of those names that are one."""
    return [name for text in names if (name := read_scope_name(text)) is not None]


def follow_agreements(names: Sequence[str], organisation_id: UUID) -> None:
    """Before a tablet is answered: number anew whom its organisation sees otherwise than it was last told."""
    covers = queries.find_covers(read_scope_names(names), organisation_id)
    told = _find_told(covers, organisation_id)
    end_read()
    for scope, cover in covers.items():
        if told.get(scope) != cover.levels:
            _tell(scope, cover)


def _find_told(scopes: Iterable[str], organisation_id: UUID) -> dict[str, dict[str, Any]]:
    rows = db.session.scalars(
        select(FeedCover).where(FeedCover.scope.in_(list(scopes)), FeedCover.organisation_id == organisation_id)
    )
    return {row.scope: row.levels for row in rows}


def _tell(scope: str, cover: Cover) -> None:
    """One practice at a time, so that nobody who writes waits for a whole area."""
    kept = _find_told([scope], cover.own_id).get(scope, {})
    for practice, level in cover.levels.items():
        if kept.get(practice, level) != level:
            _number_anew(scope, UUID(practice))
    with writing() as session:
        session.merge(FeedCover(scope=scope, organisation_id=cover.own_id, levels=cover.levels))
        session.flush()


def _number_anew(scope: str, practice_id: UUID) -> None:
    with writing() as session:
        hold_numbers(session)
        for some in in_batches(queries.find_of_practices(scope, [practice_id])):
            keep_moves(session, [Move(scope, row.entry_id, row.version) for row in some], some)
