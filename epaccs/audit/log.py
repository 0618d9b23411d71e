"""Write the audit, chain it, anchor it outside the database, and find the first changed row (hazard H-18)."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import Session

from epaccs.audit.events import Event
from epaccs.audit.model import CHAINS, GENESIS, AuditChain, AuditCheckpoint, AuditEvent
from epaccs.core import clock
from epaccs.core.db import canonical_json, db, writing
from epaccs.core.identifiers import new_id

_EVENT_FIELDS = ("id", "chain", "sequence", "at", "kind", "actor_id", "organisation_id", "role", "entry_id", "details")
_key: bytes = b""


def use_key(secret_key: str) -> None:
    """Derive the key of the chains from the site's secret."""
    global _key
    _key = hashlib.blake2b(secret_key.encode(), person=b"epaccs-audit", digest_size=32).digest()


def record(event: Event) -> UUID:
    """Write one deed in the open writing transaction, else in one of its own.

    A read that cannot be recorded must not happen: callers record before they answer.
    """
    with writing() as session:
        return _append(session, event)


def _append(session: Session, event: Event) -> UUID:
    chain = _chain_of(session)
    head = session.execute(
        select(AuditChain.sequence, AuditChain.hash).where(AuditChain.chain == chain).with_for_update()
    ).one()
    row = _build_row(event, clock.now(), chain=chain, sequence=head.sequence + 1, previous_hash=head.hash)
    session.execute(insert(AuditEvent.__table__), row)  # type: ignore[arg-type]
    _move_head(session.connection(), chain, row["sequence"], row["hash"])
    written: UUID = row["id"]
    return written


def _chain_of(session: Session) -> int:
    """One chain for a whole transaction: two that each held one and wanted the other's would wait forever."""
    chosen: int = session.info.setdefault("audit_chain", secrets.randbelow(CHAINS))
    return chosen


def _build_row(event: Event, at: datetime, *, chain: int, sequence: int, previous_hash: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": new_id(),
        "chain": chain,
        "sequence": sequence,
        "at": at,
        "kind": str(event.kind),
        "actor_id": event.actor_id,
        "organisation_id": event.organisation_id,
        "role": event.role,
        "entry_id": event.entry_id,
        "details": json.loads(canonical_json(event.details)),
        "previous_hash": previous_hash,
    }
    return {**row, "hash": chain_hash(row, previous_hash)}


def _move_head(connection: Connection, chain: int, sequence: int, last_hash: str) -> None:
    connection.execute(
        update(AuditChain.__table__)  # type: ignore[arg-type]
        .where(AuditChain.chain == chain)
        .values(sequence=sequence, hash=last_hash)
    )


class ManyEvents:
    """Many deeds at once: every chain is locked, rows are built in the order of the deeds, and the heads move on."""

    def __init__(self, connection: Connection) -> None:
        """Lock the chains, inside a transaction."""
        self._connection = connection
        heads = connection.execute(select(AuditChain.__table__).order_by(AuditChain.chain).with_for_update())
        self._heads: dict[int, tuple[int, str]] = {row.chain: (row.sequence, row.hash) for row in heads}

    def build_row(self, event: Event, at: datetime) -> dict[str, Any]:
        """The row of one deed at its time; the caller writes it, in the same transaction."""
        chain = secrets.randbelow(CHAINS)
        sequence, previous = self._heads[chain]
        row = _build_row(event, at, chain=chain, sequence=sequence + 1, previous_hash=previous)
        self._heads[chain] = (row["sequence"], row["hash"])
        return row

    def move_heads(self) -> None:
        """Every row was written: the next deed follows the last of them."""
        for chain, (sequence, last_hash) in self._heads.items():
            _move_head(self._connection, chain, sequence, last_hash)


def chain_hash(row: dict[str, Any], previous_hash: str) -> str:
    """What one row must hash to, given the row before it."""
    body = canonical_json([_hashable(row[name]) for name in _EVENT_FIELDS])
    return _mac(previous_hash + body)


def _hashable(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def _mac(text: str) -> str:
    if not _key:
        raise RuntimeError("The audit has no key: the program was not set up")
    return hmac.new(_key, text.encode(), hashlib.sha256).hexdigest()


# Checkpoints


def checkpoint(anchor: Path | None) -> AuditCheckpoint | None:
    """Chain the heads of all chains; None: nothing happened since the last one.

    Args:
        anchor: a file outside the database that gets the checkpoint's hash; None: the caller keeps it elsewhere.
    """
    with writing() as session:
        heads = _locked_heads(session)
        last = session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.number.desc()).limit(1)).first()
        if last is not None and last.heads == heads:
            return None
        row = AuditCheckpoint(
            number=(last.number if last else 0) + 1,
            at=clock.now(),
            heads=heads,
            previous_hash=last.hash if last else GENESIS,
        )
        row.hash = _checkpoint_hash(row)
        session.add(row)
    if anchor is not None:
        _write_anchor(anchor, row)
    return row


def _locked_heads(session: Session) -> list[Any]:
    rows = session.execute(
        select(AuditChain.chain, AuditChain.sequence, AuditChain.hash).order_by(AuditChain.chain).with_for_update()
    )
    return [[row.chain, row.sequence, row.hash] for row in rows]


def _checkpoint_hash(row: AuditCheckpoint) -> str:
    return _mac(row.previous_hash + canonical_json([row.number, row.at, row.heads]))


def _write_anchor(anchor: Path, row: AuditCheckpoint) -> None:
    anchor.parent.mkdir(parents=True, exist_ok=True)
    with anchor.open("a", encoding="utf-8") as lines:
        lines.write(f"{row.number} {row.at.astimezone(UTC).isoformat()} {row.hash}\n")


# Verification


@dataclass(frozen=True)
class Verification:
    """What `epaccs audit verify` found: how many rows hold, and the first that does not."""

    rows: int
    checkpoints: int
    broken: str | None

    @property
    def holds(self) -> bool:
        """True: no row was changed, removed or put in."""
        return self.broken is None


def verify(anchor: Path | None = None, *, progress: Callable[[int], None] | None = None) -> Verification:
    """Walk every chain and every checkpoint; name the first broken row."""
    session = db.session()
    rows = 0
    seen: dict[tuple[int, int], str] = {}
    for chain in range(CHAINS):
        count, broken = _verify_chain(session, chain, seen, progress)
        rows += count
        if broken:
            return Verification(rows, 0, broken)
    number, broken = _verify_checkpoints(session, seen, anchor)
    return Verification(rows, number, broken)


def _verify_chain(
    session: Session, chain: int, seen: dict[tuple[int, int], str], progress: Callable[[int], None] | None
) -> tuple[int, str | None]:
    expected, previous = 0, GENESIS
    with closing(_rows_of(session, chain)) as rows:
        for row in rows:
            expected += 1
            if row["sequence"] != expected:
                return expected, f"chain {chain}: row {expected} is missing"
            if row["previous_hash"] != previous or not hmac.compare_digest(row["hash"], chain_hash(row, previous)):
                return expected, f"chain {chain}, row {expected} (event {row['id']}) was changed"
            previous = row["hash"]
            seen[(chain, expected)] = previous
            if progress:
                progress(1)
    head = session.execute(select(AuditChain.sequence, AuditChain.hash).where(AuditChain.chain == chain)).one()
    if (head.sequence, head.hash) != (expected, previous):
        return expected, f"chain {chain}: its last row is {expected}, but its head says {head.sequence}"
    return expected, None


def _rows_of(session: Session, chain: int) -> Generator[dict[str, Any], None, None]:
    statement = (
        select(AuditEvent.__table__)
        .where(AuditEvent.chain == chain)
        .order_by(AuditEvent.sequence)
        .execution_options(yield_per=1000)
    )
    with session.execute(statement) as result:
        for row in result.mappings():
            yield dict(row)


def _verify_checkpoints(
    session: Session, seen: dict[tuple[int, int], str], anchor: Path | None
) -> tuple[int, str | None]:
    previous, number = GENESIS, 0
    hashes: dict[int, str] = {}
    for row in session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.number)):
        number += 1
        if row.number != number or row.previous_hash != previous or row.hash != _checkpoint_hash(row):
            return number, f"checkpoint {number} was changed or is missing"
        for chain, sequence, head in row.heads:
            if sequence and seen.get((chain, sequence)) != head:
                return number, f"checkpoint {number}: chain {chain} does not reach row {sequence} as it did then"
        previous = row.hash
        hashes[number] = row.hash
    return number, _verify_anchor(anchor, hashes)


def _verify_anchor(anchor: Path | None, hashes: dict[int, str]) -> str | None:
    """Compare with what was written outside; a cut-off database has fewer checkpoints than its anchor."""
    if anchor is None or not anchor.exists():
        return None
    for line in anchor.read_text(encoding="utf-8").splitlines():
        number, _at, expected = line.split(" ")
        if hashes.get(int(number)) != expected:
            return f"checkpoint {number} differs from its anchor outside the database"
    return None


def heads(session: Session) -> list[Any]:
    """The heads of all chains now; a backup and its restored copy must agree on them."""
    rows = session.execute(select(AuditChain.chain, AuditChain.sequence, AuditChain.hash).order_by(AuditChain.chain))
    return [[row.chain, row.sequence, row.hash] for row in rows]
