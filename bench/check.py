"""What it costs to ask whether a sheet still holds, beside a view that reads its row and records that it was asked."""

from __future__ import annotations

from statistics import median
from typing import Any, Final

from flask import Flask
from sqlalchemy import select

from bench import Row
from bench.card import complete, in_turn, open_all
from bench.context import DATABASES, SMALL, Context, Register
from bench.sheet import print_sheet
from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.audit.model import AuditEvent
from epaccs.core.db import db
from epaccs.core.web import public
from epaccs.handover.model import HandoverSheet

ROUNDS: Final = 500
MUST: Final = 1.5


def connect(app: Flask) -> None:
    """The floor: the row of a number as it is, the question recorded, and nothing made of it."""

    @app.get("/bench/check-floor/<code>", endpoint="bench.check_floor")
    @public
    def check_floor(code: str) -> str:
        sheet = HandoverSheet.__table__.c
        row = db.session.execute(
            select(sheet.id, sheet.entry_id, sheet.status).where(sheet.code == code.replace("-", ""))
        ).one()
        log.record(
            Event(
                EventKind.PAPER_CHECKED,
                entry_id=row.entry_id,
                details={"sheet_id": row.id, "status": row.status},
            )
        )
        return str(row.status)


def measure(context: Context) -> list[Row]:
    """Each database: the page that anybody asks, in turn with its floor."""
    return [_measure(context.register(database, SMALL)) for database in DATABASES]


def _measure(register: Register) -> Row:
    person = complete(register)[0]
    print_sheet(register, open_all(register, [person]), person)
    with register.app.app_context():
        code = db.session.scalars(select(HandoverSheet.code).order_by(HandoverSheet.printed_at.desc())).first()
        before = _count(register)
    client = register.app.test_client()

    def ask(address: str, answer: str) -> float:
        page, took = register.timed(lambda: client.get(address))
        assert page.status_code == 200, f"{address} answered {page.status_code}"
        assert answer in page.text, f"{address} does not say {answer!r}"
        return took

    pages, floors = in_turn(
        lambda: ask(f"/check/{code}", "The CPR line of this sheet is the current one"),
        lambda: ask(f"/bench/check-floor/{code}", "current"),
        ROUNDS,
    )
    asked = _count(register) - before
    assert asked >= 2 * ROUNDS, f"{asked} questions were recorded, not {2 * ROUNDS}"
    value, floor = median(pages), median(floors)
    return Row(
        f"whether a sheet still holds: median server time, {register.label}",
        round(value * 1000, 2),
        "ms",
        floor=round(floor * 1000, 2),
        must=f"at most {MUST} floors",
        holds=value <= MUST * floor,
    )


def _count(register: Register) -> int:
    with register.app.app_context():
        statement: Any = select(AuditEvent.id).where(AuditEvent.kind == str(EventKind.PAPER_CHECKED))
        return len(db.session.scalars(statement).all())
