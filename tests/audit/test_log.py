"""The audit: chained, anchored, and never changed without being found out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.audit.model import AuditChain, AuditCheckpoint, AuditEvent
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from tests.conftest import Run


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


def test_an_audit_that_goes_on_while_it_is_looked_through_holds(app: Flask, anchor: Path) -> None:
    some_events()
    log.checkpoint(anchor)
    asked: list[int] = []

    def goes_on(count: int) -> None:
        asked.append(count)
        if len(asked) == 1:
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(write_elsewhere, app, anchor).result()

    assert log.verify(anchor, progress=goes_on).broken is None
    db.session.rollback()
    assert log.verify(anchor).checkpoints == 2


def write_elsewhere(app: Flask, anchor: Path) -> None:
    with app.app_context():
        some_events()
        log.checkpoint(anchor)
        db.session.remove()


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


# Only what is new


def verified(anchor: Path | None = None, *, only_new: bool = True) -> log.Verification:
    found = log.verify(anchor, only_new=only_new)
    log.keep_verified(found)
    return found


def test_only_what_came_since_the_last_time_is_walked(app: Flask, anchor: Path) -> None:
    some_events()
    log.checkpoint(anchor)
    assert verified(anchor, only_new=False).rows == 40
    some_events(5)
    log.checkpoint(anchor)

    found = verified(anchor)

    assert (found.holds, found.rows, found.checkpoints) == (True, 6, 1)  # the sixth says how far it was verified
    assert found.reached.whole_at == found.begun.whole_at
    assert verified(anchor).rows == 1
    assert log.verify(anchor).rows == 48
    assert log.count_rows(db.session()) == 48


def test_without_a_time_before_everything_is_new(app: Flask) -> None:
    some_events()

    found = verified()

    assert (found.rows, found.begun.at) == (40, None)
    assert found.reached.whole_at is not None


def test_a_new_row_that_was_changed_is_named(app: Flask) -> None:
    some_events()
    verified()
    some_events(3)
    victim_id = db.session.scalars(select(AuditEvent.id).order_by(AuditEvent.at.desc())).first()
    without_triggers(update(AuditEvent).where(AuditEvent.id == victim_id).values(details={"found": 0}))

    assert str(victim_id) in str(log.verify(only_new=True).broken)


def test_nobody_without_the_key_moves_the_mark_over_a_row_they_changed(app: Flask) -> None:
    some_events()
    verified()
    some_events(3)
    mark = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "audit_verified")).one()
    later = {
        **mark.details,
        "heads": [[chain, number, row_hash] for chain, number, row_hash in log.heads(db.session())],
    }
    without_triggers(update(AuditEvent).where(AuditEvent.id == mark.id).values(details=later))

    assert log.verify(only_new=True).broken == f"what the last verification wrote down (event {mark.id}) was changed"


def test_a_chain_that_was_cut_off_before_the_mark_is_named(app: Flask) -> None:
    some_events()
    found = verified()
    chain, (sequence, _) = next((chain, head) for chain, head in found.reached.heads.items() if head[0] > 1)
    without_triggers(delete(AuditEvent).where(AuditEvent.chain == chain, AuditEvent.sequence == sequence))

    broken = log.verify(only_new=True).broken
    assert broken == f"chain {chain} does not reach row {sequence} as it did at the last verification"


def test_what_was_changed_before_the_mark_is_found_when_everything_is_walked(app: Flask) -> None:
    some_events()
    verified()
    victim_id = db.session.scalars(select(AuditEvent.id).where(AuditEvent.sequence == 1)).first()
    without_triggers(update(AuditEvent).where(AuditEvent.id == victim_id).values(details={"found": 0}))

    assert str(victim_id) in str(log.verify().broken)


def test_a_checkpoint_since_the_mark_is_held_against_the_anchor(app: Flask, anchor: Path) -> None:
    some_events()
    log.checkpoint(anchor)
    verified(anchor)
    some_events(2)
    log.checkpoint(anchor)
    without_triggers(delete(AuditCheckpoint).where(AuditCheckpoint.number == 2))

    broken = log.verify(anchor, only_new=True).broken
    assert broken == "checkpoint 2 differs from its anchor outside the database"


def test_a_broken_audit_is_not_kept_as_verified(app: Flask) -> None:
    some_events(1)
    without_triggers(update(AuditEvent).values(details={"found": 7}))

    with pytest.raises(ValueError, match="broken"):
        log.keep_verified(log.verify())


def test_a_row_that_cannot_be_read_is_named(app: Flask) -> None:
    some_events(1)
    without_triggers(update(AuditEvent).values(hash="é" * 64))

    assert "was changed" in str(log.verify().broken)


def test_every_kind_of_row_hashes_as_it_is_stored(app: Flask) -> None:
    log.record(Event(EventKind.SEARCHED, details={"ä": ['"', None, 1.5, {"b": True, "a": "\u2028"}]}))
    log.record(Event(EventKind.CARD_VIEWED, new_id(), new_id(), "gp", new_id(), {}))

    assert log.verify().rows == 2


def test_the_command_verifies_what_is_new_and_says_when_everything_was(app: Flask, run: Run) -> None:
    some_events()
    assert run("audit", "verify").output == "40 rows and 0 checkpoints hold.\n"
    some_events(2)

    assert run("audit", "verify", "--new").output.startswith(
        "3 rows and 0 checkpoints hold. They came since 21-Nov-2026"
    )
    without_triggers(update(AuditEvent).where(AuditEvent.kind == "audit_verified").values(details={}))
    found = run("audit", "verify", "--new")
    assert (found.exit_code, found.output[:6]) == (1, "Broken")
