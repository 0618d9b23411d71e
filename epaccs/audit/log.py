"""Write the audit, chain it, anchor it outside the database, and find the first changed row (hazard H-18)."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, func, insert, or_, select, type_coerce, update
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from epaccs.audit.events import Event, EventKind
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
    return hmac.digest(_key, text.encode(), "sha256").hex()


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
class Reached:
    """How far the audit was verified: of each chain the last row and its hash, and the last checkpoint with its hash.

    `at` None: nothing was verified before. `whole_at`: when everything was verified last, from the first row on.
    """

    heads: Mapping[int, tuple[int, str]]
    checkpoint: int = 0
    checkpoint_hash: str = GENESIS
    at: datetime | None = None
    whole_at: datetime | None = None

    @property
    def rows(self) -> int:
        """How many rows that is."""
        return sum(sequence for sequence, _ in self.heads.values())


#: As if nothing had been verified before.
NOTHING = Reached(dict.fromkeys(range(CHAINS), (0, GENESIS)))


@dataclass(frozen=True)
class Verification:
    """What `epaccs audit verify` found: how many rows hold, and the first that does not.

    `begun`: what was verified before and not again.
    """

    rows: int
    checkpoints: int
    broken: str | None
    begun: Reached = NOTHING
    reached: Reached = NOTHING

    @property
    def holds(self) -> bool:
        """True: no row was changed, removed or put in."""
        return self.broken is None


def verify(
    anchor: Path | None = None, *, progress: Callable[[int], None] | None = None, only_new: bool = False
) -> Verification:
    """Walk every chain and every checkpoint; name the first broken row.

    The register may go on meanwhile: what stands outside is read first, then the checkpoints, then the rows, so that
    nothing is asked for that came after it was looked at.

    Args:
        anchor: the file outside the database; None: there is none.
        progress: told how many more rows were walked.
        only_new: from where the last verification ended. What was changed before that since is not noticed: everything
            has to be walked from time to time.
    """
    session = db.session()
    told = _read_anchor(anchor)
    begun, broken = find_reached(session) if only_new else (NOTHING, None)
    if broken:
        return Verification(0, 0, broken)
    later = select(AuditCheckpoint).where(AuditCheckpoint.number > begun.checkpoint).order_by(AuditCheckpoint.number)
    checkpoints = session.scalars(later).all()
    seen = _Seen(session, checkpoints)
    heads: dict[int, tuple[int, str]] = {}
    rows = 0
    for chain in range(CHAINS):
        heads[chain], broken = _verify_chain(session, chain, begun.heads[chain], seen, progress)
        rows += heads[chain][0] - begun.heads[chain][0]
        if broken:
            return Verification(rows, 0, broken, begun)
    last, broken = _verify_checkpoints(checkpoints, begun, seen, told)
    now = clock.now()
    reached = Reached(heads, *last, at=now, whole_at=begun.whole_at if only_new and begun.at else now)
    return Verification(rows, last[0] - begun.checkpoint, broken, begun, reached)


class _Seen:
    """The hashes of the rows that checkpoints name, noted while the rows are walked; of rows before, as they are."""

    def __init__(self, session: Session, checkpoints: Sequence[AuditCheckpoint]) -> None:
        self._session = session
        self._named = {(chain, sequence) for row in checkpoints for chain, sequence, _ in row.heads}
        self._hashes: dict[tuple[int, int], str] = {}

    def note(self, chain: int, sequence: int, row_hash: str) -> None:
        """A row that was walked."""
        if (chain, sequence) in self._named:
            self._hashes[chain, sequence] = row_hash

    def find(self, chain: int, sequence: int) -> str | None:
        """The hash of a row; None: there is no such row."""
        return self._hashes.get((chain, sequence)) or self._session.scalar(
            select(AuditEvent.hash).where(AuditEvent.chain == chain, AuditEvent.sequence == sequence)
        )


def _verify_chain(
    session: Session,
    chain: int,
    begun: tuple[int, str],
    seen: _Seen,
    progress: Callable[[int], None] | None,
) -> tuple[tuple[int, str], str | None]:
    """Rows that came while it was walked are walked as well, until its head is reached."""
    reached, previous = begun
    told = reached
    while True:
        start = reached
        with closing(_rows_of(session, chain, after=start)) as rows:
            for row in rows:
                broken = _find_fault(row, chain, reached + 1, previous)
                if broken:
                    return (reached + 1, previous), broken
                reached, previous = reached + 1, row[_HASH]
                seen.note(chain, reached, previous)
                if progress and reached - told >= _TELL_EACH:
                    progress(reached - told)
                    told = reached
        head = session.execute(select(AuditChain.sequence, AuditChain.hash).where(AuditChain.chain == chain)).one()
        if head.sequence <= reached or reached == start:
            break
    if progress and reached > told:
        progress(reached - told)
    if (head.sequence, head.hash) != (reached, previous):
        return (reached, previous), f"chain {chain}: its last row is {reached}, but its head says {head.sequence}"
    return (reached, previous), None


#: After so many rows whoever waits is told.
_TELL_EACH = 1_000
#: As the driver gives them: to make an id, a moment and a document of each takes longer than all the rest.
_AS_STORED = [
    type_coerce(AuditEvent.__table__.c[name], NullType()).label(name)
    for name in (*_EVENT_FIELDS, "previous_hash", "hash")
]
_SEQUENCE, _PREVIOUS, _HASH = _EVENT_FIELDS.index("sequence"), len(_EVENT_FIELDS), len(_EVENT_FIELDS) + 1


def _find_fault(row: Sequence[Any], chain: int, expected: int, previous: str) -> str | None:
    """What is wrong with a row at this place of its chain; None: nothing."""
    if row[_SEQUENCE] != expected:
        return f"chain {chain}: row {expected} is missing"
    if row[_PREVIOUS] != previous or not _has_its_hash(row, previous):
        return f"chain {chain}, row {expected} (event {_plain_id(row[0])}) was changed"
    return None


def _has_its_hash(row: Sequence[Any], previous: str) -> bool:
    """Whatever cannot be read was not written by this program."""
    try:
        return hmac.compare_digest(row[_HASH], _mac(previous + _body_of(row)))
    except (TypeError, ValueError):
        return False


def _rows_of(session: Session, chain: int, *, after: int) -> Generator[Sequence[Any], None, None]:
    statement = (
        select(*_AS_STORED)
        .where(AuditEvent.chain == chain, AuditEvent.sequence > after)
        .order_by(AuditEvent.sequence)
        .execution_options(yield_per=1000)
    )
    with session.execute(statement) as result:
        yield from result


def _body_of(row: Sequence[Any]) -> str:
    """What `chain_hash` writes down of a row, made of the row as it is stored."""
    id_, chain, sequence, at, kind, actor_id, organisation_id, role, entry_id, details = row[:_PREVIOUS]
    document = canonical_json(json.loads(details) if isinstance(details, str) else details)
    return (
        f"[{_quoted_id(id_)},{int(chain)},{int(sequence)},{_quoted_moment(at)},{canonical_json(kind)},"
        f"{_quoted_id(actor_id)},{_quoted_id(organisation_id)},{canonical_json(role)},{_quoted_id(entry_id)},{document}]"
    )


def _plain_id(stored: Any) -> str:
    """SQLite keeps an id as 32 figures; PostgreSQL gives it as it is."""
    text = str(stored)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}" if len(text) == 32 else text


def _quoted_id(stored: Any) -> str:
    return "null" if stored is None else encode_basestring(_plain_id(stored))


def _quoted_moment(stored: Any) -> str:
    """SQLite keeps a moment as UTC in words, always with its microseconds."""
    if isinstance(stored, str):
        return encode_basestring(f"{stored[:10]}T{stored[11:]}+00:00")
    return canonical_json(stored)


def _verify_checkpoints(
    checkpoints: Sequence[AuditCheckpoint], begun: Reached, seen: _Seen, told: Sequence[tuple[int, str]]
) -> tuple[tuple[int, str], str | None]:
    previous, number = begun.checkpoint_hash, begun.checkpoint
    hashes: dict[int, str] = {number: previous}
    for row in checkpoints:
        number += 1
        if row.number != number or row.previous_hash != previous or row.hash != _checkpoint_hash(row):
            return (number, previous), f"checkpoint {number} was changed or is missing"
        for chain, sequence, head in row.heads:
            if sequence and seen.find(chain, sequence) != head:
                return (
                    number,
                    previous,
                ), f"checkpoint {number}: chain {chain} does not reach row {sequence} as it did then"
        previous = row.hash
        hashes[number] = row.hash
    later = [(one, expected) for one, expected in told if one >= max(begun.checkpoint, 1)]
    return (number, previous), _verify_anchor(later, hashes)


# What was verified before


def keep_verified(found: Verification) -> None:
    """Write down how far the audit was verified, as a row of the audit: whoever has no key cannot move it."""
    if not found.holds:
        raise ValueError("An audit that is broken was not verified")
    reached = found.reached
    details = {
        "heads": [[chain, sequence, row_hash] for chain, (sequence, row_hash) in sorted(reached.heads.items())],
        "checkpoint": [reached.checkpoint, reached.checkpoint_hash],
        "rows": found.rows,
        "whole_at": reached.whole_at.isoformat() if reached.whole_at else None,
    }
    record(Event(EventKind.AUDIT_VERIFIED, details=details))


def find_reached(session: Session) -> tuple[Reached, str | None]:
    """How far the audit was verified before, and what is wrong with that; nothing was: from the first row on.

    The row that says so is held against its own hash, which only the site's key makes; and each chain must still have
    the row at which it was left, as it was.
    """
    last = select(AuditEvent.__table__).where(AuditEvent.kind == str(EventKind.AUDIT_VERIFIED))
    row = session.execute(last.order_by(AuditEvent.at.desc()).limit(1)).mappings().first()
    if row is None:
        return NOTHING, None
    if not hmac.compare_digest(row["hash"], chain_hash(dict(row), row["previous_hash"])):
        return NOTHING, f"what the last verification wrote down (event {row['id']}) was changed"
    details = row["details"]
    heads = {chain: (sequence, row_hash) for chain, sequence, row_hash in details["heads"]}
    whole_at = datetime.fromisoformat(details["whole_at"]) if details["whole_at"] else None
    number, number_hash = details["checkpoint"]
    reached = Reached(heads, number, number_hash, at=row["at"], whole_at=whole_at)
    return reached, _find_lost(session, heads)


def _find_lost(session: Session, heads: Mapping[int, tuple[int, str]]) -> str | None:
    """A chain that no longer has the row up to which it was verified, as it was then; None: each has."""
    rows = session.execute(
        select(AuditEvent.chain, AuditEvent.sequence, AuditEvent.hash).where(
            or_(
                *(
                    and_(AuditEvent.chain == chain, AuditEvent.sequence == sequence)
                    for chain, (sequence, _) in heads.items()
                )
            )
        )
    )
    there = {row.chain: (row.sequence, row.hash) for row in rows}
    for chain, head in heads.items():
        if head[0] and there.get(chain) != head:
            return f"chain {chain} does not reach row {head[0]} as it did at the last verification"
    return None


def count_rows(session: Session) -> int:
    """How many rows there are, by the heads of the chains."""
    return session.scalar(select(func.sum(AuditChain.sequence))) or 0


# The anchor


def _read_anchor(anchor: Path | None) -> list[tuple[int, str]]:
    """The number and the hash of each checkpoint as they were written outside."""
    if anchor is None or not anchor.exists():
        return []
    lines = (line.split(" ") for line in anchor.read_text(encoding="utf-8").splitlines())
    return [(int(number), expected) for number, _at, expected in lines]


def _verify_anchor(told: Sequence[tuple[int, str]], hashes: Mapping[int, str]) -> str | None:
    """Compare with what was written outside; a cut-off database has fewer checkpoints than its anchor."""
    for number, expected in told:
        if hashes.get(number) != expected:
            return f"checkpoint {number} differs from its anchor outside the database"
    return None


def heads(session: Session) -> list[Any]:
    """The heads of all chains now; a backup and its restored copy must agree on them."""
    rows = session.execute(select(AuditChain.chain, AuditChain.sequence, AuditChain.hash).order_by(AuditChain.chain))
    return [[row.chain, row.sequence, row.hash] for row in rows]
