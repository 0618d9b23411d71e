"""`epaccs handover print`: the same sheet, with the same access, from a terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from epaccs.access.actions import approve_table, propose_table
from epaccs.access.rules import ACCESS_TABLE, Fact, use_table
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import db
from epaccs.handover.model import HandoverSheet
from epaccs.handover.rules import format_code
from tests.conftest import Run
from tests.factories import a_clinician, a_membership, a_registered_person, an_organisation

NUMBER = "999 000 0018"


@pytest.fixture
def print_to(run: Run, tmp_path: Path) -> Run:
    """Print as its own program would; FILE is `sheet.pdf` of the test's folder."""

    def print_command(*words: str, out: str = "sheet.pdf") -> Result:
        return run("handover", "print", *words, "--out", str(tmp_path / out))

    return print_command


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, user_name="patel", name="Dr A Patel")


@pytest.fixture
def entry_id(gp: Actor) -> UUID:
    return a_registered_person(gp, nhs_number="9990000018")


def the_sheets() -> list[HandoverSheet]:
    return list(db.session.scalars(select(HandoverSheet)))


def events(kind: EventKind) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.kind == str(kind)).order_by(AuditEvent.id)))


def test_a_sheet_is_printed_for_its_owner_only(print_to: Run, entry_id: UUID, tmp_path: Path) -> None:
    result = print_to(NUMBER, "--as", "patel", "--for", "L Hart, community nurse", "--place", "Ward 3", "--json")

    [sheet] = the_sheets()
    file = tmp_path / "sheet.pdf"
    assert (result.exit_code, json.loads(result.stdout)["number"]) == (0, format_code(sheet.code))
    assert file.read_bytes().startswith(b"%PDF-1.7")
    assert file.stat().st_mode & 0o777 == 0o600
    assert (sheet.printed_for, sheet.place, sheet.printed_by["name"]) == (
        "L Hart, community nurse",
        "Ward 3",
        "Dr A Patel",
    )
    assert len(events(EventKind.PRINTED)) == 1


def test_whoever_prints_gives_a_reason_for_access_that_is_recorded(print_to: Run, entry_id: UUID) -> None:
    a_clinician(Role.OUT_OF_HOURS_GP, user_name="night")

    assert print_to(NUMBER, "--as", "night").exit_code == 0

    assert events(EventKind.ACCESS_REASON_GIVEN)[-1].details["reason"] == "cannot_ask"
    assert the_sheets()[0].printed_for.endswith("out-of-hours GP")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param((NUMBER, "--as", "nobody"), "Nobody works under that user name", id="nobody of that name"),
        pytest.param(("999 000 0019", "--as", "patel"), "Check the NHS number", id="a wrong number"),
        pytest.param(("9990000026", "--as", "patel"), "No record with this NHS number", id="nobody with that number"),
        pytest.param((NUMBER, "--as", "stranger"), "No record with this NHS number", id="out of reach"),
        pytest.param((NUMBER, "--as", "crew"), "may not print a sheet", id="a role that may not print"),
        pytest.param((NUMBER, "--as", "both"), "--organisation", id="several roles, none named"),
    ],
)
def test_a_refusal_is_one_sentence_and_leaves_no_file(
    words: tuple[str, ...], sentence: str, print_to: Run, entry_id: UUID, tmp_path: Path
) -> None:
    a_clinician(Role.GP, user_name="stranger")
    a_clinician(Role.PARAMEDIC, user_name="crew")
    both = a_clinician(Role.GP, user_name="both")
    a_membership(both, an_organisation(), Role.GP)

    result = print_to(*words)

    assert result.exit_code == 1
    assert sentence in result.stderr
    assert not (tmp_path / "sheet.pdf").exists()
    assert the_sheets() == []


def test_the_access_table_of_this_area_holds_in_a_terminal_too(print_to: Run, entry_id: UUID) -> None:
    a_clinician(Role.OUT_OF_HOURS_GP, user_name="night")
    board = an_organisation(type=OrganisationType.ICB)
    row = ACCESS_TABLE[Role.OUT_OF_HOURS_GP]
    table = {**ACCESS_TABLE, Role.OUT_OF_HOURS_GP: replace(row, facts=row.facts - {Fact.PRINTS})}
    change = propose_table(a_clinician(Role.ADMINISTRATOR, board), table, reason="Paper is lost", based_on=0)
    assert print_to(NUMBER, "--as", "night").exit_code == 0

    approve_table(a_clinician(Role.PRIVACY_OFFICER, board), change)
    use_table(0, ACCESS_TABLE)  # as a program that has just begun
    result = print_to(NUMBER, "--as", "night", out="another.pdf")

    assert result.exit_code != 0
    assert len(the_sheets()) == 1
    use_table(0, ACCESS_TABLE)


def test_a_person_of_several_roles_names_the_place(print_to: Run, gp: Actor, entry_id: UUID) -> None:
    other = an_organisation()
    a_membership(gp, other, Role.GP)

    assert print_to(NUMBER, "--as", "patel", "--organisation", gp.organisation_ods).exit_code == 0
    assert print_to(NUMBER, "--as", "patel", "--organisation", "X99999", out="other.pdf").exit_code == 1


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        pytest.param("there.pdf", "there.pdf is there already", id="a file that is there"),
        pytest.param("nowhere/sheet.pdf", "sheet.pdf cannot be written", id="a folder that is not there"),
    ],
)
def test_nothing_is_printed_where_it_cannot_be_written(
    out: str, sentence: str, print_to: Run, entry_id: UUID, tmp_path: Path
) -> None:
    (tmp_path / "there.pdf").write_text("kept")

    result = print_to(NUMBER, "--as", "patel", out=out)

    assert (result.exit_code, sentence in result.stderr) == (1, True)
    assert (tmp_path / "there.pdf").read_text() == "kept"
    assert the_sheets() == []


def test_the_persons_own_copy_is_printed_in_large_print(print_to: Run, entry_id: UUID) -> None:
    result = print_to(NUMBER, "--as", "patel", "--home", "--was-read", "--layout", "large_print")

    assert result.exit_code == 0
    assert [sheet.layout for sheet in the_sheets()] == ["large_print"]


def test_a_copy_for_staff_in_large_print_is_refused(print_to: Run, entry_id: UUID) -> None:
    result = print_to(NUMBER, "--as", "patel", "--layout", "large_print")

    assert result.exit_code == 1
    assert "Large print is only for a copy that goes to the person" in result.stderr
    assert the_sheets() == []
