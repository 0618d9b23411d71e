"""Bring the database's schema to the program's, up or down, and say where it stands."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Make the schema the program needs; does nothing when it is there."""
    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Take the schema back to an earlier revision ("base": nothing)."""
    command.downgrade(_config(connection), revision)


def current_revision(connection: Connection) -> str | None:
    """Where the database stands; None: it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str:
    """What the program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # noqa: S101 - the migrations folder is never empty
    return head
