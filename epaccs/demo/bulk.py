"""Load many made-up people at once: rows worked out in memory, written table by table, a batch in one transaction."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Table

from epaccs.audit.log import ManyEvents
from epaccs.core.changes import next_number
from epaccs.core.db import writing
from epaccs.demo.ledger import work_out
from epaccs.demo.rows import AUDIT, TABLES, PersonRows, Row, join_tables
from epaccs.demo.staff import World
from epaccs.demo.stories import Story
from epaccs.record.actions.search import keep_search_rows
from epaccs.record.rules.search_keys import WordKind
from epaccs.sync.actions.feed import settle_scopes

#: So many people are in memory at a time, so that a million need no more than a thousand.
BATCH: Final = 500


def load_stories(stories: Iterable[Story], world: World, *, loaded: Callable[[int], None]) -> None:
    """Write the people of all stories; what was written stays when a later batch fails.

    The tablets' feeds are brought in step at the end: they hold whoever belongs to a scope, however they came.
    """
    known_words: set[tuple[WordKind, str]] = set()
    left = iter(stories)
    while batch := list(islice(left, BATCH)):
        with _no_collecting():
            write_batch([work_out(story, world) for story in batch], known_words)
        loaded(len(batch))
    settle_scopes()


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Rows refer to nothing that refers back: looking for such rings among a million small parts finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def write_batch(people: Sequence[PersonRows], known_words: set[tuple[WordKind, str]]) -> None:
    """Write the people of one batch, all or nothing, in the order of locks that every writer keeps."""
    changes = sum(person.changes for person in people)
    with writing() as session:
        connection = session.connection()
        number = next_number(session, count=changes) - changes + 1
        for person in people:
            person.number_from(number)
            number += person.changes
        for name, rows in join_tables(people).items():
            write_rows(connection, TABLES[name], rows)
        keep_search_rows(connection, [person.search for person in people], known_words=known_words)
        audit = ManyEvents(connection)
        trace = [audit.build_row(event, at) for person in people for event, at in person.events]
        write_rows(connection, AUDIT, trace)
        audit.move_heads()


def write_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write rows that all have the same columns, in the way in which each database takes many."""
    if not rows:
        return
    columns = [table.c[name] for name in rows[0]]
    names = ", ".join(connection.dialect.identifier_preparer.format_column(column) for column in columns)
    converters = [column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for column in columns]
    values = (_converted(row.values(), converters) for row in rows)
    if connection.dialect.name == "postgresql":
        with connection.connection.cursor().copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for line in values:
                copy.write_row(line)
        return
    places = ", ".join("?" for _ in columns)
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({places})"  # noqa: S608 - names are of our own tables
    connection.exec_driver_sql(statement, list(values))


def _converted(values: Iterable[Any], converters: Sequence[Callable[[Any], Any] | None]) -> tuple[Any, ...]:
    """The values as the driver takes them, by the same conversions that SQLAlchemy makes."""
    return tuple(
        convert(value) if convert is not None and value is not None else value
        for value, convert in zip(values, converters, strict=True)
    )
