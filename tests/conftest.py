"""Every test of data runs on both databases, on a schema made by the migrations, at a time the test can set."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextvars import Context
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Connection, Engine, create_engine, inspect, make_url, text
from werkzeug.routing import Rule

from epaccs.app import create_app
from epaccs.cli import main
from epaccs.core import clock, migration
from epaccs.core.db import db
from epaccs.settings import Mode, Settings

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
SECRET = "a secret of the tests, long enough to be one"

KEPT_UNTIL_THE_END = TemporaryDirectory(prefix="epaccs-tests-")

#: A command of the program and what it answered.
Run = Callable[..., Result]

# No test fails because its machine was busy.
hypothesis_settings.register_profile("house", deadline=None)
hypothesis_settings.load_profile("house")


@pytest.fixture(autouse=True)
def frozen_clock() -> Iterator[Callable[[datetime], None]]:
    """It is three in the morning on 21 November 2026 until the test says otherwise."""
    moment = [NOW]

    def tick() -> datetime:
        moment[0] += timedelta(microseconds=1)
        return moment[0]

    def set_now(now: datetime) -> None:
        moment[0] = now

    clock.set_source(tick)
    yield set_now
    clock.set_source(None)


@pytest.fixture(scope="session")
def sqlite_template() -> Path:
    """An empty register as a file."""
    return make_sqlite_template()


@cache
def make_sqlite_template() -> Path:
    """The schema of the migrations, made once in a process: the runs inside a run (`tests.hazards.run`) share it."""
    path = Path(mkdtemp(dir=KEPT_UNTIL_THE_END.name)) / "empty.sqlite3"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migration.upgrade(connection)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> str:
    """The address of the PostgreSQL server that `script/test` started."""
    address = os.environ.get("EPACCS_TEST_POSTGRESQL_URL")
    if not address:
        pytest.fail("EPACCS_TEST_POSTGRESQL_URL is not set: run the tests with script/test")
    return address


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: str, worker_id: str) -> Iterator[str]:
    """A database of this test worker's own, with the schema of the migrations."""
    name = f"epaccs_test_{worker_id}_{os.getpid()}"
    server = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)
    engine = create_engine(url)
    with engine.begin() as connection:
        migration.upgrade(connection)
    engine.dispose()
    yield url
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty register, on each database in turn."""
    if request.param == "sqlite":
        path = tmp_path / "epaccs.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    url = request.getfixturevalue("postgresql_url")
    yield url
    empty(create_engine(url))


def empty(engine: Engine) -> None:
    """Take every row out again and put in the few that a new database has."""
    try:
        with engine.begin() as connection:
            # To truncate a table costs the same whether it holds anything, and most of them hold nothing.
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # no trigger, no foreign key asks
            for name in tables_with_rows(connection):
                connection.execute(text(f"DELETE FROM {name}"))
            connection.execute(text("INSERT INTO change_counter (id, last_number) VALUES (1, 0)"))
            connection.execute(
                text(
                    "INSERT INTO audit_chain (chain, sequence, hash) "
                    "SELECT n, 0, repeat('0', 64) FROM generate_series(0, 15) n"
                )
            )
    finally:
        engine.dispose()


def tables_with_rows(connection: Connection) -> list[str]:
    """The tables that hold anything, without the one that says which schema this is."""
    names = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
    asked = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in names)
    return list(connection.scalars(text(asked)))


@pytest.fixture(scope="session")
def clamd() -> str:
    """The address of the virus scanner that `script/test` started."""
    address = os.environ.get("EPACCS_TEST_CLAMD")
    if not address:
        pytest.fail("EPACCS_TEST_CLAMD is not set: run the tests with script/test")
    return address


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """A demonstration site with its own folder."""
    return Settings(
        database_url=database_url,
        data_dir=tmp_path / "data",
        secret_key=SECRET,
        mode=Mode.DEMO,
        clamd=os.environ.get("EPACCS_TEST_CLAMD", ""),
        testing=True,
    )


class Browser(FlaskClient):
    """Answers each request in a context of its own, as a server does; the test's would lend it its `g` and its reads.

    What the test had read is read again afterwards, so that it sees what the request wrote.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """One request, from the first hook to the last."""
        response = Context().run(super().open, *args, **kwargs)
        if has_app_context():
            db.session.commit()
            db.session.expire_all()
        return response


class CompiledTemplates(BytecodeCache):
    """Compiles each template once in a run, however many applications show it."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._compiled:
            bucket.bytecode_from_string(self._compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key] = bucket.bytecode_to_string()


COMPILED_TEMPLATES = CompiledTemplates()


def compile_each_address_once() -> None:
    """Let the applications of a run share what Werkzeug compiles for an address: it was most of making one of them."""
    compile_builder = Rule._compile_builder
    compiled: dict[Any, Any] = {}

    def compile_once(rule: Rule, append_unknown: bool = True) -> Any:
        made_of = (tuple(rule._trace), repr(rule.defaults), append_unknown)
        if made_of not in compiled:
            compiled[made_of] = compile_builder(rule, append_unknown)
        return compiled[made_of]

    Rule._compile_builder = compile_once  # type: ignore[method-assign]


compile_each_address_once()


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The whole program, with its context pushed for tests of actions."""
    app = create_app(settings)
    app.jinja_env.bytecode_cache = COMPILED_TEMPLATES
    app.test_client_class = Browser
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def let_go(app: Flask) -> None:
    """The connections of a second program end with its test."""
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def empty_register(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """A second database of the same kind, with nothing in it, and settings as after a restore."""
    settings = replace(settings, restore_generation=2)
    if settings.database_url.startswith("sqlite"):
        app = create_app(replace(settings, database_url=f"sqlite:///{tmp_path / 'restored.sqlite3'}"))
        yield app
        let_go(app)
        return
    server = create_engine(request.getfixturevalue("postgresql_server"), isolation_level="AUTOCOMMIT")
    name = f"{make_url(settings.database_url).database}_restored"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(settings.database_url).set(database=name).render_as_string(hide_password=False)
    app = create_app(replace(settings, database_url=url))
    yield app
    let_go(app)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without scripts."""
    return app.test_client()


@pytest.fixture
def run(app: Flask, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command as its own program would, on the database of the test."""
    monkeypatch.setenv("EPACCS_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("EPACCS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("EPACCS_SECRET_KEY", SECRET)

    def run_command(*words: str) -> Result:
        result = CliRunner().invoke(main, words, env=dict(os.environ))
        db.session.commit()
        db.session.expire_all()
        return result

    return run_command
