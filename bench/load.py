"""How fast made-up people are loaded, beside a bare bulk insert of the very same rows into the very same schema."""

from __future__ import annotations

import time
from typing import Any, Final

from sqlalchemy import Connection, Table, create_engine, func, insert, select

from bench import Row
from bench.context import DATABASES, Context
from epaccs.app import import_models
from epaccs.audit import log
from epaccs.core.db import Base, db
from epaccs.demo import loader

PEOPLE: Final = 3_000
MUST: Final = 0.33
#: They are there before anybody: what is loaded moves their heads on.
MOVED_ON: Final = frozenset({"audit_chain", "change_counter"})


def measure(context: Context) -> list[Row]:
    """Each database: load people, read back what was written, and insert just that into an empty one."""
    return [_measure(context, database) for database in DATABASES]


def _measure(context: Context, database: str) -> Row:
    with context.empty_database(database) as loaded_url, context.empty_database(database) as bare_url:
        rows, seconds = _load(context, loaded_url)
        count = sum(map(len, rows.values()))
        bare_seconds = insert_bare(bare_url, rows)
    value, floor = count / seconds, count / bare_seconds
    return Row(
        f"loading {PEOPLE:,} people, {database}",
        round(value),
        "rows/s",
        floor=round(floor),
        must=f"at least {MUST} of the floor",
        holds=value >= MUST * floor,
    )


def _load(context: Context, url: str) -> tuple[dict[Table, list[dict[str, Any]]], float]:
    """What the loader wrote, and how long it took; every person is there, and the audit holds."""
    with context.program_on(url) as app:
        began = time.perf_counter()
        loaded = loader.load_people(app.config["EPACCS"], PEOPLE)
        seconds = time.perf_counter() - began
        assert loaded == PEOPLE == loader.count_people()
        assert log.verify().holds
        with db.engine.connect() as connection:
            return read_rows(connection), seconds


def read_rows(connection: Connection) -> dict[Table, list[dict[str, Any]]]:
    """Every row of a register by table, but for those that an empty one has too."""
    import_models()
    rows = {
        table: [dict(row) for row in connection.execute(select(table)).mappings()]
        for table in Base.metadata.sorted_tables
        if table.name not in MOVED_ON
    }
    return {table: own for table, own in rows.items() if own}


def insert_bare(url: str, rows: dict[Table, list[dict[str, Any]]]) -> float:
    """All rows of a table at once, all tables in one transaction; they are all there afterwards."""
    engine = create_engine(url)
    began = time.perf_counter()
    with engine.begin() as connection:
        for table, own in rows.items():
            connection.execute(insert(table), own)
    seconds = time.perf_counter() - began
    with engine.connect() as connection:
        for table, own in rows.items():
            assert connection.scalar(select(func.count()).select_from(table)) == len(own), table.name
    engine.dispose()
    return seconds
