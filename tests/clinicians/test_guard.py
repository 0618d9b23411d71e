"""Who is signed in: asked in one statement, answered anew at every request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text

from epaccs.app import create_app
from epaccs.clinicians import actions, guard, queries
from epaccs.clinicians.rules import Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.settings import Settings
from tests.factories import a_clinician, sign_in


def test_a_signed_in_person_is_the_actor_with_their_role_and_authorisation(app: Flask, client: FlaskClient) -> None:
    doctor = a_clinician(Role.HOSPICE_DOCTOR, may_sign=True)
    seen = []
    app.add_url_rule("/who", view_func=guard.needs_sign_in(lambda: seen.append(guard.current_actor()) or "in"))
    sign_in(client, doctor)

    answer = client.get("/who")

    assert answer.text == "in"
    assert (seen[0].clinician_id, seen[0].role, seen[0].may_sign) == (doctor.clinician_id, Role.HOSPICE_DOCTOR, True)


def test_a_program_that_is_not_signed_in_gets_a_problem_document(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/who", view_func=guard.needs_sign_in(lambda: "in"))

    answer = client.get("/who", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_one_browser_does_not_see_who_is_signed_in_in_another(app: Flask) -> None:
    app.add_url_rule("/who", view_func=guard.needs_sign_in(lambda: guard.current_actor().name))
    first, second = app.test_client(), app.test_client()
    sign_in(first, a_clinician(name="Ada First"))
    sign_in(second, a_clinician(name="Bea Second"))

    assert [first.get("/who").text, second.get("/who").text, first.get("/who").text] == [
        "Ada First",
        "Bea Second",
        "Ada First",
    ]


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the database was asked within."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield asked
    event.remove(db.engine, "before_cursor_execute", note)


def test_who_is_signed_in_takes_one_statement(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/who", view_func=guard.needs_sign_in(lambda: guard.current_actor().name))
    sign_in(client, a_clinician(name="Ada First"))
    client.get("/who")

    with statements() as asked:
        assert client.get("/who").text == "Ada First"

    assert len([one for one in asked if one.startswith("SELECT")]) == 1
    assert not [one for one in asked if one.startswith(("UPDATE", "INSERT"))]


def test_who_is_signed_in_is_found_by_indexes_alone(app: Flask) -> None:
    """With many sessions: no table is read from end to end."""
    doctor = a_clinician(Role.HOSPICE_DOCTOR, may_sign=True)
    place = queries.open_places(doctor.clinician_id, today=clock.today())[0]
    door = actions.Door(address="192.0.2.1")
    opened = actions.start_session(doctor.clinician_id, membership_id=place.membership_id, door=door)
    with statements() as asked:
        queries.find_session(actions.token_digest(opened.token), today=clock.today())
    is_sqlite = db.engine.dialect.name == "sqlite"
    if not is_sqlite:
        db.session.execute(text("SET LOCAL enable_seqscan = off"))

    plan = explain(asked[-1], actions.token_digest(opened.token), is_sqlite=is_sqlite)

    assert "SCAN" not in plan.upper().replace("INDEX SCAN", "").replace("BITMAP HEAP SCAN", "").replace(
        "INDEX ONLY SCAN", ""
    ), plan


def explain(statement: str, token_digest: str, *, is_sqlite: bool) -> str:
    connection = db.session.connection()
    if is_sqlite:
        today, now = clock.today().isoformat(), clock.now().isoformat()
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (today, today, today, now, token_digest))
        return "\n".join(str(row[-1]) for row in rows)
    parameters = {"today": clock.today(), "now": clock.now(), "token_digest": token_digest}
    return "\n".join(str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))


def test_a_lost_database_is_said_and_not_taken_for_nobody(settings: Settings) -> None:
    lost = (
        "sqlite:////nowhere/lost.sqlite3"
        if "sqlite" in settings.database_url
        else "postgresql+psycopg://127.0.0.1:9/lost"
    )
    client = create_app(replace(settings, database_url=lost)).test_client()
    client.set_cookie("epaccs-session", "of-somebody")

    answer = client.get("/account")

    assert answer.status_code == 503
    assert "The register cannot be reached" in answer.text


@pytest.mark.parametrize("value", ["", "x", "\u00e9", "a" * 3000])
def test_any_other_cookie_is_nobody(app: Flask, client: FlaskClient, value: str) -> None:
    app.add_url_rule("/who", view_func=guard.needs_sign_in(lambda: "in"))
    client.set_cookie("epaccs-session", value)

    answer = client.get("/who")

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in")
