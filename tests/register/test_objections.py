"""Somebody objects to lying on the tablets of everybody who serves the area: those drop them, and nobody else does."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.queries import find_standing
from epaccs.access.rules import Fact
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db
from epaccs.core.errors import RuleBroken
from epaccs.register import actions as register
from epaccs.register.rules import FIGURES_LABELS, OBJECTIONS, TABLETS_LABELS, check_consent, is_wide, may_be_counted
from epaccs.versions.model import SectionVersion
from tests.factories import a_clinician, a_consent, a_registered_person, an_edit
from tests.record.visits import open_record
from tests.sync.tablets import a_sync_tablet

TODAY = "2026-11-21"
OBJECTS: dict[str, Any] = {"status": "objects", "decided_by": "The person", "decided_on": TODAY}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(None, True, id="nobody asked"),
        pytest.param({}, True, id="nothing was said"),
        pytest.param({"tablets": {**OBJECTS, "status": "no_objection"}}, True, id="said not to object"),
        pytest.param({"tablets": OBJECTS}, False, id="objects"),
    ],
)
def test_whoever_has_not_objected_may_lie_on_tablets_of_the_area(said: Any, expected: bool) -> None:
    assert is_wide(said) is expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(None, True, id="nobody asked"),
        pytest.param({"tablets": OBJECTS}, True, id="objects to tablets alone"),
        pytest.param({"figures": {**OBJECTS, "status": "may_be_counted"}}, True, id="said not to object"),
        pytest.param({"figures": {**OBJECTS, "status": "not_counted"}}, False, id="objects"),
    ],
)
def test_whoever_has_not_objected_may_be_counted(said: Any, expected: bool) -> None:
    assert may_be_counted(said) is expected
    assert is_wide({"figures": {**OBJECTS, "status": "not_counted"}})


@pytest.mark.parametrize("name", OBJECTIONS)
@pytest.mark.parametrize(
    ("missing", "part"),
    [
        pytest.param({"status": None}, "status", id="whether"),
        pytest.param({"decided_by": None}, "decided_by", id="who"),
        pytest.param({"decided_on": None}, "decided_on", id="when"),
        pytest.param({"decided_on": "2026-11-22"}, "decided_on", id="tomorrow"),
    ],
)
def test_an_objection_says_who_and_when(name: str, missing: dict[str, Any], part: str) -> None:
    today = date(2026, 11, 21)
    check_consent({name: OBJECTS}, today=today)

    with pytest.raises(RuleBroken) as refused:
        check_consent({name: {**OBJECTS, **missing}}, today=today)

    assert refused.value.field == f"{name}_{part}"


def test_every_answer_has_words_of_its_own() -> None:
    assert set(TABLETS_LABELS) == {"objects", "no_objection"}
    assert set(FIGURES_LABELS) == {"not_counted", "may_be_counted"}


def object_to_tablets(gp: Actor, entry: UUID, status: str = "objects") -> None:
    said = {"tablets_status": status, "tablets_decided_by": "The person", "tablets_decided_on": "2026-11-20"}
    register.amend(gp, an_edit(entry, "consent", {**a_consent(), **said}))


def test_an_objection_takes_the_person_off_the_crews_tablets_and_off_nothing_else(app: Flask) -> None:
    gp, paramedic = a_clinician(Role.GP), a_clinician(Role.PARAMEDIC)
    entry, other = a_registered_person(gp), a_registered_person(gp)
    crew, practice = a_sync_tablet(app, paramedic), a_sync_tablet(app, gp)
    crew.pull()
    assert set(crew.scopes["area:northdale"].people) == {str(entry), str(other)}

    object_to_tablets(gp, entry)
    lines = crew.pull()
    practice.pull()

    assert [(line["op"], line["id"], line.get("why")) for line in lines[:-1]] == [("drop", str(entry), "objected")]
    assert str(entry) in practice.scopes[f"practice:{gp.organisation_id}"].people
    crew.assert_agrees()
    assert Fact.IN_SCOPE in find_standing(paramedic, entry).facts  # type: ignore[union-attr]

    object_to_tablets(gp, entry, "no_objection")
    crew.pull()

    assert set(crew.scopes["area:northdale"].people) == {str(entry), str(other)}
    crew.assert_agrees()


def test_the_objection_stands_in_the_record_with_who_recorded_it_and_outlasts_another_change(app: Flask) -> None:
    gp = a_clinician(Role.GP, name="Dr Anita Patel")
    entry = a_registered_person(gp)
    pages = open_record(app, gp, entry)
    pages.open(f"/record/{entry}/consent").fill(tablets_status="objects").submit("Save", status=422)
    assert pages.errors() == ["Enter who said so"]
    pages.open(f"/record/{entry}/consent").see("Objection to tablets of the whole area")
    object_to_tablets(gp, entry)

    register.amend(gp, an_edit(entry, "consent", a_consent(share_basis="Said again to her nurse")))

    pages.open(f"/record/{entry}").see("The person objects: not on tablets of the whole area", "20-Nov-2026")
    versions = db.session.scalars(
        select(SectionVersion).where(SectionVersion.entry_id == entry, SectionVersion.section == "consent")
    ).all()
    assert [("tablets" in one.value) for one in sorted(versions, key=lambda one: one.version)] == [False, True, True]


def test_an_objection_to_figures_stands_in_the_record_and_ends_nothing_else(app: Flask) -> None:
    gp, paramedic = a_clinician(Role.GP), a_clinician(Role.PARAMEDIC)
    entry = a_registered_person(gp)
    pages = open_record(app, gp, entry)

    pages.open(f"/record/{entry}/consent").fill(figures_status="not_counted").submit("Save", status=422)
    assert pages.errors() == ["Enter who said so"]
    pages.fill(figures_decided_by="The person", figures_decided_on=date(2026, 11, 20)).submit("Save")

    pages.see("The person objects: not counted in figures about care", "20-Nov-2026")
    assert Fact.IN_SCOPE in find_standing(paramedic, entry).facts  # type: ignore[union-attr]
    crew = a_sync_tablet(app, paramedic)
    crew.pull()
    assert set(crew.scopes["area:northdale"].people) == {str(entry)}
