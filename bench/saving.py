"""What saving one section costs, beside the bare statements that keep the very same rows in one transaction.

The floor asks nobody's authority, locks nothing, reads nothing, checks no rule and builds no card: it is handed the
finished rows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, create_engine, event, func, select

from bench import Row
from bench.context import DATABASES, Context
from bench.load import insert_bare, read_rows
from epaccs.clinicians.rules import Actor
from epaccs.core.db import db
from epaccs.versions.actions import apply_edit
from epaccs.versions.model import SectionHead, SectionVersion
from tests.factories import an_edit
from tests.record.visits import a_person_with_everything, a_signer

ROUNDS: Final = 150
WARM_UP: Final = 10
MUST: Final = 2.0
SECTION: Final = "risks"

#: What was executed, and its rows.
Statement = tuple[Any, Any]


def measure(context: Context) -> list[Row]:
    """Each database: one person with a plan of four kilobytes, and a nurse who changes one answer again and again."""
    return [_measure(context, database) for database in DATABASES]


def _measure(context: Context, database: str) -> Row:
    with (
        context.empty_database(database) as saved_url,
        context.empty_database(database) as bare_url,
        context.program_on(saved_url),
    ):
        gp = a_signer()
        entry_id = a_person_with_everything(gp)
        with db.engine.connect() as connection:
            rows = read_rows(connection)
        insert_bare(bare_url, rows)
        bare = create_engine(bare_url)
        seconds = [_save_both_ways(gp, entry_id, bare, number) for number in range(WARM_UP + ROUNDS)][WARM_UP:]
        _assert_kept_alike(entry_id, bare)
        bare.dispose()
    value, floor = (median(each) * 1000 for each in zip(*seconds, strict=True))
    return Row(
        f"saving one section, {database}",
        round(value, 2),
        "ms",
        floor=round(floor, 2),
        must=f"at most {MUST} times the bare statements",
        holds=value <= MUST * floor,
    )


def _save_both_ways(gp: Actor, entry_id: UUID, bare: Engine, number: int) -> tuple[float, float]:
    """Seconds of the program, and of its own statements replayed on a copy."""
    version = db.session.scalar(
        select(SectionHead.version).where(SectionHead.entry_id == entry_id, SectionHead.section == SECTION)
    )
    request = an_edit(entry_id, SECTION, {"animals": f"Dog number {number}"}, base_version=version)
    with _written() as statements:
        began = time.perf_counter()
        apply_edit(gp, request)
        saving = time.perf_counter() - began
    began = time.perf_counter()
    with bare.begin() as connection:
        for statement, rows in statements:
            connection.execute(statement, rows)
    return saving, time.perf_counter() - began


@contextmanager
def _written() -> Iterator[list[Statement]]:
    """Every statement meanwhile that keeps something, with its finished rows."""
    statements: list[Statement] = []

    def listen(_connection: Any, statement: Any, many: Any, one: Any, _options: Any) -> None:
        if getattr(statement, "is_dml", False):
            statements.append((statement, many or one))

    event.listen(db.engine, "before_execute", listen)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_execute", listen)


def _assert_kept_alike(entry_id: UUID, bare: Engine) -> None:
    """The floor kept every version that the program kept."""
    statement = select(func.count()).where(SectionVersion.entry_id == entry_id, SectionVersion.section == SECTION)
    with bare.connect() as connection:
        kept, replayed = db.session.scalar(statement), connection.scalar(statement)
    assert kept == replayed == WARM_UP + ROUNDS + 1, f"{kept} versions were saved and {replayed} replayed"
