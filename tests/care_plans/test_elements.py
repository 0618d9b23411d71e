"""What the national standards ask to be kept has a field, a question in a form, a line on page and paper."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import fields
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from flask import Flask

from epaccs.audit.events import EventKind
from epaccs.care_plans.sections import SECTIONS
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.forms import FormField
from epaccs.cpr_decisions.rules import states
from epaccs.handover.model import HandoverSheet
from epaccs.handover.pdf import build_html
from epaccs.handover.queries.sheets import build_sheet, read_contents
from epaccs.record.declared import sights
from epaccs.register.schema import ConsentSchema, DeathSchema, IdentitySchema
from epaccs.settings import Settings
from epaccs.stamps.actions import find_signer
from epaccs.versions.queries import find_recorded
from tests.care_plans.answers import answer_everything, whole_item, whole_section
from tests.factories import a_clinician
from tests.pages import squeeze
from tests.record.visits import a_person_with_everything, open_record

LIST = Path(__file__).parents[2] / "docs" / "elements.csv"


class Element(NamedTuple):
    """One element of a standard. `kept_in`: "section.field", or "section/field" of a line of its list."""

    element: str
    standard: str
    status: str
    kept_in: str
    reason: str


ELEMENTS = [Element(**row) for row in csv.DictReader(LIST.read_text(encoding="utf-8").splitlines())]
KEPT = [one for one in ELEMENTS if one.kept_in]
REFUSED = [one for one in ELEMENTS if not one.kept_in]

#: What the register writes by itself, and no form asks.
AUTOMATIC: Mapping[str, frozenset[str]] = {
    "*": frozenset({"recorded_at", "recorded_by"}),
    "lifecycle": frozenset({"registered", "review_due_on", "status"}),
    "cpr": frozenset({"signer"}),
}


def declared(section: str) -> set[str]:
    """The fields of one section that are filled in by a form."""
    if section in SECTIONS:
        return set(SECTIONS[section].fields())
    asked: dict[str, Any] = {"identity": IdentitySchema, "consent": ConsentSchema, "lifecycle": DeathSchema}
    if section in asked:
        return {name for name, field in asked[section]().fields.items() if isinstance(field, FormField)}
    return {part.name for part in fields(states.Decision)} if section == "cpr" else set()


def is_kept(place: str) -> bool:
    """Whether there is such a place in the record."""
    if place == "audit":
        return EventKind.CARD_VIEWED in EventKind
    if "/" in place:
        section, name = place.split("/")
        return name in SECTIONS[section].item_fields()
    section, name = place.split(".")
    return name in declared(section) | AUTOMATIC.get(section, frozenset())


@pytest.mark.parametrize("element", KEPT, ids=[f"{one.standard}: {one.element}" for one in KEPT])
def test_every_element_has_its_place(element: Element) -> None:
    assert is_kept(element.kept_in)


def test_the_list_is_whole() -> None:
    assert len([one for one in ELEMENTS if one.standard.startswith("SCCI1580 v4.0")]) == 60
    assert len([one for one in ELEMENTS if one.standard.startswith("PRSB P&EoLC")]) == 292
    assert len([one for one in ELEMENTS if one.standard.startswith("PRSB About Me")]) == 9
    assert len({(one.standard, one.element) for one in ELEMENTS}) == len(ELEMENTS)


def test_what_is_not_kept_is_little_and_has_a_reason() -> None:
    assert [one.element for one in REFUSED if len(one.reason) < 40] == []
    assert [one.element for one in REFUSED if one.status == "mandatory"] == []
    assert len({one.reason for one in REFUSED}) <= 5
    assert len(REFUSED) <= len(ELEMENTS) * 0.06
    assert [one.element for one in KEPT if one.reason] == []


# --- Form, page, paper -----------------------------------------------------------------------------------------------


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def answered(gp: Actor) -> UUID:
    """Somebody of whom every question of the plan is answered."""
    entry_id = a_person_with_everything(gp, born_on="1941-01-06")
    answer_everything(gp, entry_id)
    return entry_id


def test_every_answer_is_kept_as_it_was_given(answered: UUID) -> None:
    for declaration in SECTIONS.values():
        recorded = find_recorded(answered, declaration.name)
        assert recorded is not None
        wanted = whole_section(declaration)
        assert {name: recorded.value.get(name) for name in wanted} == wanted
        if declaration.items:
            assert whole_item(declaration) in list(recorded.value["items"].values())


def as_typed(fields: Mapping[str, FormField], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Answers as somebody types and ticks them, box by box."""
    typed: dict[str, Any] = {}
    for name, field in fields.items():
        value = field.to_form(answers[name])
        typed |= {f"{name}-{box}": part for box, part in value.items()} if field.boxes else {name: value}
    return typed


#: What an area asks has a form made of its questions: tests/care_plans/test_local_questions.py.
DECLARED_FORMS = [name for name, one in SECTIONS.items() if not (one.items and one.items.is_own_form)]


@pytest.mark.parametrize("name", DECLARED_FORMS)
def test_every_question_is_answered_in_a_form(app: Flask, gp: Actor, name: str) -> None:
    entry_id = a_person_with_everything(gp, born_on="1941-01-06")
    pages, declaration = open_record(app, gp, entry_id), SECTIONS[name]
    address = f"/record/{entry_id}/plan/{name}"

    if declaration.schema:
        pages.open(address).fill(**as_typed(declaration.fields(), whole_section(declaration))).submit("Save")
    if declaration.items:
        line = as_typed(declaration.item_fields(), whole_item(declaration))
        pages.open(f"{address}/items/new").fill(**line).submit("Save")

    recorded = find_recorded(entry_id, name)
    assert recorded is not None
    wanted = whole_section(declaration)
    assert {name: recorded.value.get(name) for name in wanted} == wanted
    if declaration.items:
        assert whole_item(declaration) in list(recorded.value["items"].values())


def as_read(html: str) -> str:
    """The text of a sheet, without its marks and the places at which a line may break."""
    return squeeze(unescape(re.sub("<[^>]+>", "", html)).translate({0x200B: None, 0x2060: None}))


def test_every_answer_stands_on_the_page_and_on_paper(
    app: Flask, gp: Actor, answered: UUID, settings: Settings
) -> None:
    page = open_record(app, gp, answered).page.text
    contents = read_contents(gp, answered, settings=settings)
    sheet = HandoverSheet(code="KTW49HQX", printed_for="Night team", place="")
    paper = as_read(build_html(build_sheet(gp, contents, sheet, signer=find_signer(), settings=settings)))

    for section in (sights()[name] for name in SECTIONS):
        declaration = SECTIONS[section.name]
        for seen, value in (
            (section.fields, whole_section(declaration)),
            (section.item_fields, whole_item(declaration)),
        ):
            for name, field in seen.items():
                if field.is_masked:
                    continue
                words = field.words(value[name])
                assert f"{field.label} {words}" in page, f"{section.name}: {field.label}"
                assert field.label in paper, f"{section.name}: {field.label}"
                assert words in paper, f"{section.name}: {words}"
