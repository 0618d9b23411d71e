"""A database that is locked, full or gone: a page that needs none says so, and nothing is half-written.

SQLite's own limit of pages stands in for a disk without room: the file is refused more room in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, event, func, select, text

from epaccs.app import create_app
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.changes import EntryChange
from epaccs.core.db import db
from epaccs.settings import Settings
from epaccs.versions.model import Edit
from epaccs.versions.queries import find_recorded
from tests.conftest import SECRET
from tests.factories import a_clinician, a_registered_person, sign_in
from tests.pages import PageClient

UNREACHABLE = "The register cannot be reached"


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def entry(gp: Actor) -> UUID:
    return a_registered_person(gp)


@pytest.fixture
def form(app: Flask, gp: Actor, entry: UUID) -> PageClient:
    """The form of the treatment level, filled in and not sent."""
    page = PageClient(app)
    sign_in(page.browser, gp)
    page.open(f"/record/{entry}").fill(reason="permission_given", identifiers_checked=["name", "born"])
    page.submit("Open the record").open(f"/record/{entry}/plan/treatment_level")
    return page.fill(level="treat_at_home", guidance="Antibiotics by mouth. " * 4000)


def written(entry: UUID) -> tuple[int, int, Any]:
    """Everything that an edit would leave behind."""
    edits = db.session.scalar(select(func.count()).select_from(Edit)) or 0
    changes = db.session.scalar(select(func.count()).select_from(EntryChange)) or 0
    left = edits, changes, find_recorded(entry, "treatment_level")
    db.session.commit()
    return left


def check_said(page: PageClient) -> None:
    """The page stands alone, and says first that nothing was changed."""
    assert page.page.heading == UNREACHABLE
    page.see("Nothing was changed.", "what you typed goes with it, and counts once", "Look for the signed form")
    page.see_nothing_of("Sign out", "Traceback", "OperationalError")
    assert page.page.response.headers["Retry-After"] == "30"


# Locked


@contextmanager
def impatient(engine: Engine) -> Iterator[None]:
    """Wait for a lock a moment only, so that the test need not wait for the five seconds of the real thing."""
    statement = {"sqlite": "PRAGMA busy_timeout = 50", "postgresql": "SET lock_timeout = 50"}[engine.dialect.name]

    def hurry(connection: Any, *_: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()

    event.listen(engine, "checkout", hurry)
    try:
        yield
    finally:
        event.remove(engine, "checkout", hurry)


@contextmanager
def locked_by_another(url: str) -> Iterator[None]:
    """Another process holds what every change needs: on SQLite the write lock, on PostgreSQL the counter of changes."""
    engine = create_engine(url)
    statement = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT * FROM change_counter FOR UPDATE"}
    connection = engine.raw_connection()
    connection.cursor().execute(statement[engine.dialect.name])
    try:
        yield
    finally:
        connection.rollback()
        connection.close()
        engine.dispose()


def test_a_locked_database_is_said_and_the_same_form_counts_once_afterwards(
    form: PageClient, entry: UUID, database_url: str
) -> None:
    typed, before = dict(form.typed), written(entry)

    with impatient(db.engine), locked_by_another(database_url):
        form.submit("Save", status=503)

    check_said(form)
    assert written(entry) == before
    form.open(f"/record/{entry}/plan/treatment_level").fill(**typed).submit("Save").see("Treatment level: saved.")


def test_whoever_waits_for_a_lock_is_told_before_the_worker_is_stopped(app: Flask) -> None:
    asked = {"sqlite": "PRAGMA busy_timeout", "postgresql": "SHOW lock_timeout"}[db.engine.dialect.name]

    with db.engine.connect() as connection:
        assert connection.execute(text(asked)).scalar() in (5000, "5s")


# Lost


@contextmanager
def connection_ended_at(engine: Engine, moment: str) -> Iterator[None]:
    """In the middle of a change, just before the first statement that begins so, the server ends its connection."""
    other = create_engine(engine.url, isolation_level="AUTOCOMMIT")
    ended: list[str] = []

    def end(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(moment) and not ended:
            ended.append(statement)
            pid = connection.connection.driver_connection.info.backend_pid
            with other.connect() as another:
                another.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    event.listen(engine, "before_cursor_execute", end)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", end)
        other.dispose()
    assert ended, f"nothing begins with {moment}"


@pytest.mark.parametrize("table", ["edit_log", "section_version", "entry_change", "audit_event"])
def test_a_connection_that_is_lost_in_the_middle_of_a_change_leaves_nothing_of_it(
    form: PageClient, entry: UUID, database_url: str, table: str
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("a file has no connection to lose")
    before = written(entry)

    with connection_ended_at(db.engine, f"INSERT INTO {table} "):
        form.submit("Save", status=503)

    check_said(form)
    assert written(entry) == before


def test_a_connection_that_was_lost_between_two_requests_is_made_again(
    form: PageClient, entry: UUID, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("a file has no connection to lose")
    other = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        own = "datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {own}"))
    other.dispose()

    form.submit("Save").see("Treatment level: saved.")


@pytest.mark.parametrize("path", ["/", "/search", "/record/01939b6e-0000-7000-8000-000000000001"])
def test_a_database_that_is_gone_is_said_by_a_page_that_needs_none(
    tmp_path: Path, database_url: str, path: str
) -> None:
    is_file = database_url.startswith("sqlite")
    gone = f"sqlite:///{tmp_path}/no/folder/x" if is_file else "postgresql+psycopg://nobody@127.0.0.1:9/nothing"
    app = create_app(Settings(database_url=gone, data_dir=tmp_path, secret_key=SECRET, testing=True))
    page = PageClient(app)
    page.browser.set_cookie("epaccs-session", "somebody", path="/")

    page.open(path, status=503)

    assert page.page.heading == UNREACHABLE
    page.see("Wait a minute, then reload this page.", "does not mean that there is no CPR decision")
    assert page.browser.get("/healthz").status_code == 200
    assert page.browser.get("/readyz").status_code == 503
    with app.app_context():
        db.engine.dispose()


# Full


def test_a_full_disk_is_said_and_nothing_is_half_written(form: PageClient, entry: UUID, database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("a server's disk cannot be filled from here; it refuses in the same way")
    before = written(entry)
    typed = dict(form.typed)

    def fill_the_disk(connection: Any, *_: Any) -> None:
        cursor = connection.cursor()
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        cursor.close()

    db.engine.dispose()
    event.listen(db.engine, "checkout", fill_the_disk)
    form.submit("Save", status=503)
    event.remove(db.engine, "checkout", fill_the_disk)
    db.engine.dispose()

    check_said(form)
    assert written(entry) == before
    form.open(f"/record/{entry}/plan/treatment_level").fill(**typed).submit("Save").see("Treatment level: saved.")
