"""Each step of the schema leads up and back down, on both databases, and ends where the models are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, make_url, text

from epaccs.app import import_models
from epaccs.core import migration
from epaccs.core.db import APPEND_ONLY_TABLES, Base

#: Where Alembic keeps where the database stands; it stays when everything else is gone.
ALEMBIC = "alembic_version"

TRIGGERS = {
    "sqlite": "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT event_object_table, trigger_name FROM information_schema.triggers",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def nothing_yet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database in which there is nothing, on each in turn."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'nothing.sqlite3'}")
        yield engine
        engine.dispose()
        return
    address = request.getfixturevalue("postgresql_server")
    name = f"epaccs_steps_{os.getpid()}_{abs(hash(request.node.name))}"
    server = create_engine(address, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = create_engine(make_url(address).set(database=name))
    yield engine
    engine.dispose()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


def tables_of(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {ALEMBIC}


def schema_of(connection: Connection) -> dict[str, object]:
    """Everything that a step could forget to take back or to make again."""
    found = inspect(connection)
    return {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(name)],
            sorted(str(index["name"]) for index in found.get_indexes(name)),
            sorted(str(unique["name"]) for unique in found.get_unique_constraints(name)),
            sorted(str(key["name"]) for key in found.get_foreign_keys(name)),
        )
        for name in sorted(tables_of(connection))
    } | {"triggers": sorted(map(tuple, connection.execute(text(TRIGGERS[connection.dialect.name]))))}


def test_every_step_leads_up_down_and_up_again(nothing_yet: Engine) -> None:
    with nothing_yet.begin() as connection:
        migration.upgrade(connection)
    with nothing_yet.connect() as connection:
        first = schema_of(connection)
        assert migration.current_revision(connection) == migration.head_revision()

    with nothing_yet.begin() as connection:
        migration.downgrade(connection, "base")
    with nothing_yet.connect() as connection:
        assert tables_of(connection) == set()

    with nothing_yet.begin() as connection:
        migration.upgrade(connection)
    with nothing_yet.connect() as connection:
        assert schema_of(connection) == first


def test_the_migrations_make_what_the_models_say(nothing_yet: Engine) -> None:
    """The difference that is printed is what the next migration has to do."""
    import_models()
    with nothing_yet.begin() as connection:
        migration.upgrade(connection)

    with nothing_yet.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        difference = compare_metadata(context, Base.metadata)

    assert difference == []


def test_rows_that_stay_as_they_were_written_are_guarded_by_the_database(nothing_yet: Engine) -> None:
    import_models()
    with nothing_yet.begin() as connection:
        migration.upgrade(connection)

    with nothing_yet.connect() as connection:
        guarded = {row[0] for row in connection.execute(text(TRIGGERS[connection.dialect.name]))}

    assert guarded == APPEND_ONLY_TABLES
    assert "audit_event" in guarded


def test_steps_are_numbered_in_one_row() -> None:
    script = ScriptDirectory(str(migration.MIGRATIONS))
    steps = [step.revision for step in reversed(list(script.walk_revisions()))]

    assert steps == [f"{number:04}" for number in range(1, len(steps) + 1)]
    assert [path.name[:4] for path in sorted((migration.MIGRATIONS / "versions").glob("*.py"))] == steps
    assert script.get_heads() == [steps[-1]]


def test_no_step_knows_the_models_of_today() -> None:
    """A model that changes next year must not change what this year's step does."""
    steps = sorted((migration.MIGRATIONS / "versions").glob("*.py"))

    assert steps
    assert [
        path.name for path in steps if ".model import" in path.read_text() or "import_models" in path.read_text()
    ] == []
