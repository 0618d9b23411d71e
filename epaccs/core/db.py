"""The database: one declarative base, types that mean the same on SQLite and PostgreSQL, and what a transaction is.

Reads run in whatever transaction is open. Every write goes through `writing()`: on SQLite it takes the write lock
before its first read (the driver's default would read outside the transaction and lose updates without an error); on
PostgreSQL the callers lock rows in the order entry, section, counters, audit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, Connection, DateTime, Dialect, Engine, MetaData, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from epaccs.core.errors import Unavailable

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

JSONDocument = JSON().with_variant(JSONB(), "postgresql")


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment; SQLite keeps it as UTC without saying so."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a time zone: it would be read back as another one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment without a time zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always aware, always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table of the house."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING_CONVENTION),
        type_annotation_map={datetime: UTCDateTime, dict[str, Any]: JSONDocument, list[Any]: JSONDocument},
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

_writing: ContextVar[bool] = ContextVar("writing", default=False)

#: Tables whose rows are never changed nor removed; the migrations put a trigger on each.
APPEND_ONLY_TABLES: set[str] = set()


def append_only(table_name: str) -> str:
    """Name a table whose rows stay as they were written."""
    APPEND_ONLY_TABLES.add(table_name)
    return table_name


@contextmanager
def writing() -> Iterator[Session]:
    """One action, one transaction: everything inside is kept together or not at all.

    What was read before is forgotten, so that rules see locked values. Inside another `writing()` it joins it.

    Raises:
        Unavailable: the database is locked, full or gone; nothing was kept.
    """
    session = db.session()
    if _writing.get():
        yield session
        return
    session.commit()  # ends the reads before; nothing is pending outside `writing`
    session.expire_all()
    session.info.clear()  # what an action noted for itself ends with it
    token = _writing.set(True)
    try:
        with unavailable_when_lost():
            yield session
            session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        _writing.reset(token)


@contextmanager
def unavailable_when_lost() -> Iterator[None]:
    """Turn a lost, locked or full database into one refusal without any of its words.

    Raises:
        Unavailable: the database did not do what was asked.
    """
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise Unavailable from error


def end_read() -> None:
    """Let go of the connection after reading, so that a slow rendering holds no transaction open."""
    if not _writing.get():
        db.session().commit()


def canonical_json(value: Any) -> str:
    """The one way a value is written down where it is hashed or compared."""
    return _CANONICAL.encode(value)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, UUID) or hasattr(value, "isoformat"):
        return value.isoformat() if hasattr(value, "isoformat") else str(value)
    raise TypeError(f"{type(value).__name__} cannot be written down")


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def engine_options(url: str) -> dict[str, Any]:
    """How connections are kept; a lost PostgreSQL server is noticed before a connection is used.

    Whoever waits for a lock, or for a server that does not answer, is told so after five seconds: a worker that waits
    longer is stopped, and then nobody is told anything.
    """
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": 5}}
    patience = {"connect_timeout": 5, "options": "-c lock_timeout=5s"}
    return {"pool_pre_ping": True, "pool_size": 5, "max_overflow": 5, "connect_args": patience}


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Durable, checked foreign keys, readers beside one writer; transactions begin when we say so."""
    if "sqlite" not in type(connection).__module__:
        return
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=5000", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")
