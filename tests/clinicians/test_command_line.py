"""`epaccs people`: the first people of a register, and help for one who is locked out."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import select

from epaccs.audit.model import AuditEvent
from epaccs.clinicians import actions, queries
from epaccs.clinicians.actions import Door
from epaccs.clinicians.model import Clinician
from epaccs.clinicians.rules import Role
from epaccs.core import clock
from epaccs.core.db import db
from tests.conftest import Run

BOARD = ("people", "add-organisation", "QX1", "--name", "The Board", "--type", "icb", "--area", "northdale")
ABE = ("people", "add", "abe", "--organisation", "qx1", "--role", "administrator", "--name", "Abe First")


def test_the_first_administrator_comes_in_with_the_printed_code(run: Run) -> None:
    assert run(*BOARD).exit_code == 0
    printed = json.loads(run(*ABE, "--json").stdout)

    opened = actions.set_first_password("abe", printed["one_time_code"], "a long night shift", door=Door("192.0.2.1"))

    facts = queries.find_session(actions.token_digest(opened.token), today=clock.today())
    assert facts is not None
    assert facts.place is not None
    assert (facts.place.role, facts.place.organisation_name) == (Role.ADMINISTRATOR, "The Board")


def test_the_code_is_printed_for_a_person_to_read(run: Run) -> None:
    run(*BOARD)

    printed = run(*ABE).stdout

    assert re.fullmatch(
        r"abe sets a password at /sign-in/first with (\w{4}-){2}\w{4}, until 24-Nov-2026 03:00\.\n", printed
    )


def test_what_the_command_line_does_is_in_the_audit(run: Run) -> None:
    run(*BOARD)
    run(*ABE)

    events = db.session.scalars(select(AuditEvent).order_by(AuditEvent.at)).all()

    assert [(one.actor_id, one.details["what"]) for one in events] == [(None, "organisation_added"), (None, "added")]


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        pytest.param((*ABE[:4], "XX9", *ABE[5:]), 1, "No organisation of that ODS code", id="unknown organisation"),
        pytest.param(
            (*ABE[:4], "QX1", "--role", "gp", "--name", "A"), 1, "Choose another role", id="role not held there"
        ),
        pytest.param((*ABE[:4], "QX1", "--role", "king", "--name", "A"), 2, "is not one of", id="no such role"),
        pytest.param(ABE[:3], 2, "Missing option", id="no organisation"),
        pytest.param(("people", "reset", "nobody"), 1, "Nobody has that user name", id="reset of nobody"),
        pytest.param(BOARD, 1, "on the register already", id="organisation twice"),
    ],
)
def test_a_refusal_is_one_sentence_and_changes_nothing(
    run: Run, words: tuple[str, ...], status: int, sentence: str
) -> None:
    run(*BOARD)

    result = run(*words)

    assert (result.exit_code, sentence in result.output) == (status, True), result.output
    assert db.session.scalars(select(Clinician)).first() is None


def test_a_locked_out_person_gets_a_new_code(run: Run) -> None:
    run(*BOARD)
    old = json.loads(run(*ABE, "--json").stdout)

    new = json.loads(run("people", "reset", "abe", "--second-factor", "--json").stdout)

    assert new["one_time_code"] != old["one_time_code"]
    actions.set_first_password("abe", new["one_time_code"], "a long night shift", door=Door("192.0.2.1"))


def test_an_account_is_closed(run: Run) -> None:
    run(*BOARD)
    run(*ABE)

    assert run("people", "close", "abe").exit_code == 0

    assert db.session.scalars(select(Clinician.ended_at)).one() is not None
