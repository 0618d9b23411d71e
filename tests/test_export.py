"""Everything recorded of everybody, in a file that other programs read; on both databases."""

from __future__ import annotations

import hashlib
import io
import json
import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from epaccs.audit.model import AuditEvent
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db
from epaccs.export import FORMAT, export, find_everybody
from epaccs.versions.actions import apply_edit
from tests.care_plans.answers import answer_everything
from tests.care_plans.test_elements import KEPT, Element
from tests.conftest import Run
from tests.factories import a_clinician, a_registered_person, an_edit
from tests.record.visits import a_person_with_everything


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def answered(gp: Actor) -> UUID:
    """Somebody of whom every question of the plan is answered, and who died."""
    entry_id = a_person_with_everything(gp, born_on="1941-01-06")
    answer_everything(gp, entry_id)
    died = {"died_on": "2026-11-20", "place": "hospice", "place_name": "St Anne's"}
    apply_edit(gp, an_edit(entry_id, "lifecycle", died, kind="confirm_death"))
    return entry_id


def lines() -> list[dict[str, Any]]:
    file = io.BytesIO()
    export(file, find_everybody())
    return [json.loads(line) for line in file.getvalue().splitlines()]


def values_in(place: str, sections: dict[str, Any]) -> list[Any]:
    """What the file holds of one place of the record."""
    if place.startswith("*."):
        stamps = [stamp for section in sections.values() for stamp in section["provenance"].values()]
        return [stamp["recorded_at"] if place == "*.recorded_at" else stamp["name"] for stamp in stamps]
    if "/" in place:
        section, name = place.split("/")
        return [item[name] for item in sections[section]["value"]["items"].values() if name in item]
    section, name = place.split(".")
    value = sections[section]["value"]
    if section == "cpr":
        return [one[name] for one in value["decisions"] if name in one]
    if section == "consent":
        part, _, name = name.partition("_")
        value = value[part]
    found = {**value, **value.get("death", {})}
    return [found[name]] if name in found else []


def test_every_element_of_the_standards_is_in_the_file(answered: UUID) -> None:
    _, person, _ = lines()
    assert person["entry_id"] == str(answered)

    def is_missing(element: Element) -> bool:
        return element.kept_in != "audit" and not values_in(element.kept_in, person["sections"])

    # What is asked only of some: in the identity form, and of a person who has no capacity for the decision.
    only_of_some = {"cpr.involvement", "cpr.consultation", "identity.gender", "identity.key_worker_telephone"}
    only_of_some |= {"identity.key_worker_name", "identity.title", "identity.preferred_name"}
    assert {one.kept_in for one in KEPT if is_missing(one)} <= only_of_some


def test_answers_have_words_and_the_codes_of_the_standard(answered: UUID) -> None:
    _, person, _ = lines()
    diagnosis, communication = person["sections"]["diagnosis"], person["sections"]["communication"]

    assert diagnosis["words"]["prognosis"] == "Days"
    assert diagnosis["codes"]["prognosis"] == ["511401000000102"]
    assert diagnosis["codes"]["carer_knows"] == ["473301001"]
    assert communication["codes"]["disabilities"] == ["15188001"]
    legal = next(item for item in person["sections"]["legal"]["items"].values() if "refuses" in item["words"])
    assert legal["codes"]["kind"]


def test_a_file_that_was_cut_off_is_known_by_its_end(gp: Actor) -> None:
    a_registered_person(gp)
    a_registered_person(gp)
    file = io.BytesIO()

    exported = export(file, find_everybody())

    *before, last = file.getvalue().splitlines(keepends=True)
    assert json.loads(before[0])["format"] == FORMAT
    assert json.loads(last) == {"people": 2, "sha256": exported.sha256}
    assert hashlib.sha256(b"".join(before)).hexdigest() == exported.sha256


def test_an_export_is_noted_and_readable_by_its_owner_only(run: Run, gp: Actor, tmp_path: Path) -> None:
    a_registered_person(gp)
    target = tmp_path / "register.jsonl"

    done = run("data", "export", str(target), "--json")
    again = run("data", "export", str(target))

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["people"] == 1
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert (again.exit_code, "Name a new file" in again.output) == (1, True)
    noted = select(func.count()).select_from(AuditEvent).where(AuditEvent.kind == "command_run")
    assert db.session.scalar(noted) == 1
