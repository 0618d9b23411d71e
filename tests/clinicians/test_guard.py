"""Who is signed in: asked in one statement, answered anew at every request."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from epaccs.clinicians import guard
from epaccs.clinicians.rules import Role
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
