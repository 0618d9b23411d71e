"""The audit: chained, anchored, and never changed without being found out."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.audit.model import AuditChain, AuditCheckpoint, AuditEvent
from epaccs.core.db import db, writing


def some_events(count: int = 40) -> None:
    for number in range(count):
        log.record(Event(EventKind.SEARCHED, details={"kind": "name", "found": number}))


def without_triggers(statement: object) -> None:
    """What somebody with the database in hand could do."""
    with writing() as session:
        if session.get_bind().dialect.name == "sqlite":
            for deed in ("update", "delete"):
                session.execute(text(f"DROP TRIGGER IF EXISTS audit_event_no_{deed}"))
                session.execute(text(f"DROP TRIGGER IF EXISTS audit_checkpoint_no_{deed}"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(statement)  # type: ignore[call-overload]


@pytest.fixture
def anchor(tmp_path: Path) -> Path:
    return tmp_path / "anchor.log"


def test_an_untouched_audit_holds(app: Flask, anchor: Path) -> None:
    some_events()
    log.checkpoint(anchor)

    found = log.verify(anchor)

    assert (found.holds, found.rows, found.checkpoints) == (True, 40, 1)


def test_events_spread_over_the_chains(app: Flask) -> None:
    some_events()

    assert len({row.chain for row in db.session.query(AuditEvent)}) > 4


def test_a_changed_row_is_named(app: Flask) -> None:
    some_events()
    victim_id = db.session.scalars(select(AuditEvent.id).order_by(AuditEvent.at).offset(20)).first()
    without_triggers(update(AuditEvent).where(AuditEvent.id == victim_id).values(details={"found": 0}))

    found = log.verify()

    assert not found.holds
    assert str(victim_id) in str(found.broken)


def test_a_removed_row_in_the_middle_is_named(app: Flask) -> None:
    some_events()
    chain = db.session.scalars(
        select(AuditEvent.chain).where(AuditEvent.sequence == 2).order_by(AuditEvent.chain)
    ).first()
    without_triggers(delete(AuditEvent).where(AuditEvent.chain == chain, AuditEvent.sequence == 1))

    assert log.verify().broken == f"chain {chain}: row 1 is missing"


def test_a_cut_off_end_is_found_even_with_its_head_put_back(app: Flask, anchor: Path) -> None:
    some_events()
    log.checkpoint(anchor)
    last = db.session.execute(select(AuditEvent.__table__).order_by(AuditEvent.sequence.desc())).first()
    assert last is not None
    without_triggers(delete(AuditEvent).where(AuditEvent.id == last.id))
    without_triggers(
        update(AuditChain)
        .where(AuditChain.chain == last.chain)
        .values(sequence=last.sequence - 1, hash=last.previous_hash)
    )

    assert "does not reach" in str(log.verify(anchor).broken)


def test_removed_checkpoints_differ_from_their_anchor(app: Flask, anchor: Path) -> None:
    some_events()
    log.checkpoint(anchor)
    without_triggers(delete(AuditCheckpoint))

    assert log.verify(anchor).broken == "checkpoint 1 differs from its anchor outside the database"


def test_nothing_new_makes_no_checkpoint(app: Flask, anchor: Path) -> None:
    some_events(1)

    assert log.checkpoint(anchor) is not None
    assert log.checkpoint(anchor) is None


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(update(AuditEvent).values(kind="signed_out"), id="change"),
        pytest.param(delete(AuditEvent), id="remove"),
    ],
)
def test_audit_rows_cannot_be_changed_through_the_program(app: Flask, statement: object) -> None:
    some_events(1)

    with pytest.raises(DBAPIError, match="append-only"), writing() as session:
        session.execute(statement)  # type: ignore[call-overload]

    assert log.verify().holds
