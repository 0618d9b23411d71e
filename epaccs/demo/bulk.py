"""Load many made-up people at once: rows worked out in memory, written table by table, a batch in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import Connection, Table, insert

from epaccs.audit.log import ManyEvents
from epaccs.core.changes import next_number
from epaccs.core.db import writing
from epaccs.demo.ledger import TABLES, Ledger, Row
from epaccs.demo.staff import World
from epaccs.demo.stories import Story
from epaccs.record.actions.search import keep_search_rows
from epaccs.record.rules.search_keys import WordKind

#: So many people are in memory at a time.
BATCH: Final = 250


def load_stories(
    stories: Iterable[Story], world: World, *, loaded: Callable[[int], None] = lambda _count: None
) -> None:
    """Write the people of all stories; what was written stays when a later batch fails."""
    known_words: set[tuple[WordKind, str]] = set()
    for batch in _in_batches(stories):
        write_batch([Ledger(story, world) for story in batch], known_words)
        loaded(len(batch))


def _in_batches(stories: Iterable[Story]) -> Iterator[list[Story]]:
    left = iter(stories)
    while batch := list(islice(left, BATCH)):
        yield batch


def write_batch(ledgers: Sequence[Ledger], known_words: set[tuple[WordKind, str]]) -> None:
    """Write the people of one batch, all or none, in the order of locks that every writer keeps."""
    with writing() as session:
        connection = session.connection()
        last = next_number(session, count=sum(len(ledger.changes) for ledger in ledgers))
        write_rows(connection, build_rows(ledgers, first_number=last + 1 - sum(len(one.changes) for one in ledgers)))
        keep_search_rows(connection, [ledger.build_search_rows() for ledger in ledgers], known_words=known_words)
        audit = ManyEvents(connection)
        for ledger in ledgers:
            for event, at in ledger.events:
                audit.add(event, at)
        audit.write()


def build_rows(ledgers: Iterable[Ledger], *, first_number: int) -> dict[Table, list[Row]]:
    """The rows of several people, table by table."""
    rows: dict[Table, list[Row]] = {table: [] for table in TABLES}
    number = first_number
    for ledger in ledgers:
        for table, own in ledger.build_rows(number).items():
            rows[table] += own
        number += len(ledger.changes)
    return rows


def write_rows(connection: Connection, rows: dict[Table, list[Row]]) -> None:
    """Write whole tables, parents first."""
    for table, own in rows.items():
        if own:
            connection.execute(insert(table), own)
