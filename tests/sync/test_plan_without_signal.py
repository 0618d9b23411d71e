"""What is changed of a plan without signal: every section, only what was changed, on what its author saw."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from epaccs.access.rules import Tier
from epaccs.care_plans.schema import build_offline_sections
from epaccs.care_plans.sections import SECTIONS, SectionDeclaration
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import db
from epaccs.core.forms import FormField, FreeText, ShortText
from epaccs.core.passages import WITHHELD
from epaccs.devices.rules import may_write
from epaccs.record.declared import sights
from epaccs.record.queries.tablet import ASKED_ON_TABLETS
from epaccs.record.rules.answers import build_answers
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded, material
from epaccs.versions.rules import ITEMS, present_items
from tests.care_plans.answers import answer_everything
from tests.devices.leases import a_tablet
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation
from tests.sync.tablets import SyncTablet, a_sync_tablet
from tests.sync.writing import WritingTablet, let_be_written, outcomes_of, results_of

#: Sections whose questions a tablet can ask: all but what one area asks.
ASKED = [one for one in SECTIONS.values() if not (one.items and one.items.is_own_form)]
TOLD = "Told on a tablet"
CONTACT = {"kind": "personal", "name": "Ngozi Okonkwo", "telephone": "07700 900 322"}


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP)


@pytest.fixture
def entry(gp: Actor) -> UUID:
    return a_registered_person(gp)


@pytest.fixture
def tablet(app: Flask, gp: Actor) -> WritingTablet:
    """By the policy that holds where nobody decided otherwise."""
    return WritingTablet(a_tablet(app, gp))


def value(entry: UUID, section: str) -> dict[str, Any]:
    recorded = find_recorded(entry, section)
    return recorded.value if recorded else {}


def a_text(fields: Mapping[str, FormField]) -> str:
    """One question that is answered in words and need not be; empty: there is none."""
    texts = (name for name, one in fields.items() if isinstance(one, FreeText | ShortText) and not one.required)
    return next(texts, "")


def changes(declaration: SectionDeclaration, kept: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The edits that a tablet sends when one answer of the section, and one of a line of its list, was changed."""
    if name := a_text(declaration.fields()):
        yield "put", {name: TOLD}
    if name := a_text(declaration.item_fields()):
        line = next(iter(present_items(kept)))
        yield "put_item", {"item_id": line, "item": {name: TOLD}}


def faults_of(edits: list[dict[str, Any]], answer: TestResponse) -> list[Any]:
    """What was not taken, and why."""
    results = zip(edits, results_of(answer), strict=True)
    taken = {"applied", "confirmed"}
    return [(edit["section"], edit["kind"], one) for edit, one in results if one["outcome"] not in taken]


def test_one_answer_of_every_section_is_changed_and_every_other_stays(
    tablet: WritingTablet, gp: Actor, entry: UUID
) -> None:
    answer_everything(gp, entry)
    before = {one.name: value(entry, one.name) for one in ASKED}
    edits = []
    for one in ASKED:
        after_id = None
        for kind, body in changes(one, before[one.name]):
            edits.append(tablet.edit(entry, one.name, body, kind=kind, after_id=after_id))
            after_id = edits[-1]["id"]

    answer = tablet.push(*edits)

    assert faults_of(edits, answer) == []
    for one in ASKED:
        wanted = dict(before[one.name])
        for kind, body in changes(one, before[one.name]):
            if kind == "put":
                wanted |= body
            else:
                line = {**wanted[ITEMS][body["item_id"]], **body["item"]}
                wanted[ITEMS] = {**wanted[ITEMS], body["item_id"]: line}
        assert value(entry, one.name) == wanted, one.name


def test_every_section_is_confirmed_and_a_line_of_every_list_removed(
    tablet: WritingTablet, gp: Actor, entry: UUID
) -> None:
    answer_everything(gp, entry)
    confirmed = [tablet.edit(entry, one.name, {}, kind="confirm") for one in ASKED]
    lists = [one for one in ASKED if one.items]
    removed = [
        tablet.edit(
            entry,
            one.name,
            {"item_id": next(iter(present_items(value(entry, one.name)))), "reason": "It is over"},
            kind="remove_item",
        )
        for one in lists
    ]

    assert faults_of(confirmed, tablet.push(*confirmed)) == []
    assert faults_of(removed, tablet.push(*removed)) == []


def test_a_section_is_begun_on_a_tablet_and_lacks_there_what_its_form_demands(
    tablet: WritingTablet, entry: UUID
) -> None:
    line = str(uuid4())
    whole = tablet.edit(entry, "contacts", {"item_id": line, "item": CONTACT}, kind="put_item")
    part = tablet.edit(entry, "contacts", {"item_id": str(uuid4()), "item": {"team": "Night"}}, kind="put_item")

    taken, lacking = results_of(tablet.push(whole, part))

    assert taken["outcome"] == "applied"
    assert lacking["outcome"] == "refused"
    assert {(one["field"], one["message"]) for one in lacking["errors"]} == {
        ("kind", "Choose an answer: Who is it?"),
        ("name", "Enter the name"),
    }
    assert list(value(entry, "contacts")[ITEMS]) == [line]


def test_a_cleared_answer_is_taken_out_and_one_that_must_be_there_is_not(
    tablet: WritingTablet, gp: Actor, entry: UUID
) -> None:
    apply_edit(gp, an_edit(entry, "preferred_places", {"care_first": "home", "care_note": "Upstairs"}))
    line = {"item_id": str(uuid4()), "item": CONTACT}
    apply_edit(gp, an_edit(entry, "contacts", line, kind="put_item"))
    cleared = tablet.edit(entry, "preferred_places", {"care_note": None})
    nameless = tablet.edit(entry, "contacts", {"item_id": line["item_id"], "item": {"name": None}}, kind="put_item")

    assert outcomes_of(tablet.push(cleared, nameless)) == ["applied", "refused"]
    assert value(entry, "preferred_places") == {"care_first": "home"}


def test_another_answer_that_a_colleague_changed_meanwhile_is_kept_beside_and_the_same_one_waits(
    tablet: WritingTablet, gp: Actor, entry: UUID
) -> None:
    apply_edit(gp, an_edit(entry, "preferred_places", {"care_first": "home", "death_first": "home"}))
    other = tablet.edit(entry, "preferred_places", {"death_first": "hospice"})
    same = tablet.edit(entry, "preferred_places", {"care_first": "hospice"})
    apply_edit(gp, an_edit(entry, "preferred_places", {"care_first": "nursing_home", "death_first": "home"}))

    assert outcomes_of(tablet.push(other, same)) == ["merged", "held"]
    assert value(entry, "preferred_places") == {"care_first": "nursing_home", "death_first": "hospice"}


def test_what_is_critical_waits_whatever_else_was_changed(tablet: WritingTablet, gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "hospital_for_symptoms"}))
    edit = tablet.edit(entry, "treatment_level", {"guidance": "No drip"})
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "comfort_only"}))

    assert outcomes_of(tablet.push(edit)) == ["held"]
    assert value(entry, "treatment_level") == {"level": "comfort_only"}


def test_a_confirmation_of_what_was_changed_since_confirms_nothing(
    tablet: WritingTablet, gp: Actor, entry: UUID
) -> None:
    apply_edit(gp, an_edit(entry, "preferred_places", {"care_first": "home"}))
    edit = tablet.edit(entry, "preferred_places", {}, kind="confirm")
    apply_edit(gp, an_edit(entry, "preferred_places", {"care_first": "hospice"}))

    assert outcomes_of(tablet.push(edit)) == ["same"]
    assert find_recorded(entry, "preferred_places").confirmed_at is None


# --- Passages --------------------------------------------------------------------------------------------------------

KEPT = "At home. [[Her son cannot go on.]]"


def test_a_passage_stays_where_another_answer_is_changed_and_where_only_its_place_came(
    tablet: WritingTablet, gp: Actor, entry: UUID
) -> None:
    apply_edit(gp, an_edit(entry, "preferred_places", {"care_first": "home", "note": KEPT}))
    other = tablet.edit(entry, "preferred_places", {"care_first": "hospice"})
    place = tablet.edit(
        entry, "preferred_places", {"note": f"At home. {WITHHELD}", "care_note": "Up"}, after_id=other["id"]
    )

    assert outcomes_of(tablet.push(other, place)) == ["applied", "applied"]
    assert value(entry, "preferred_places") == {"care_first": "hospice", "care_note": "Up", "note": KEPT}


def test_nobody_puts_other_words_around_a_passage_that_they_could_not_see(
    tablet: WritingTablet, gp: Actor, entry: UUID
) -> None:
    apply_edit(gp, an_edit(entry, "preferred_places", {"care_first": "home", "note": KEPT}))
    edit = tablet.edit(entry, "preferred_places", {"note": f"In the hospice. {WITHHELD}"})

    (result,) = results_of(tablet.push(edit))

    assert (result["outcome"], result["errors"][0]["field"]) == ("refused", "note")
    assert value(entry, "preferred_places")["note"] == KEPT


# --- Who may ---------------------------------------------------------------------------------------------------------


def test_a_policy_names_all_sections_of_the_plan_by_one_word_or_each_by_its_own() -> None:
    assert may_write(("plan",), "contacts", "put_item", is_of_plan=True)
    assert may_write(("contacts",), "contacts", "put_item", is_of_plan=True)
    assert not may_write(("plan",), "identity", "put")
    assert not may_write(("feedback", "cpr.sign"), "contacts", "put_item", is_of_plan=True)


def test_what_the_policy_does_not_let_be_written_is_refused(app: Flask, gp: Actor, entry: UUID) -> None:
    let_be_written(gp, "feedback", "cpr.sign")
    tablet = WritingTablet(a_tablet(app, gp))

    answer = tablet.push(tablet.edit(entry, "contacts", {"item_id": str(uuid4()), "item": CONTACT}, kind="put_item"))

    assert outcomes_of(answer) == ["refused"]


@pytest.mark.parametrize(
    ("role", "kind", "wanted"),
    [
        pytest.param(Role.GP, OrganisationType.GP_PRACTICE, ["plan", "contacts"], id="whoever edits plans"),
        pytest.param(Role.PARAMEDIC, OrganisationType.AMBULANCE, [], id="a crew"),
    ],
)
def test_the_lease_says_what_of_a_plan_its_user_may_change(
    app: Flask, role: Role, kind: OrganisationType, wanted: list[str]
) -> None:
    tablet = a_tablet(app, a_clinician(role, an_organisation(type=kind)))
    claims = json.loads(_base64(tablet.lease.split(".")[1]))

    assert claims["may_change"] == wanted
    assert ("plan" in tablet.answer["policy"]["offline_sections"]) is bool(wanted)


def _base64(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


# --- What a tablet is given ------------------------------------------------------------------------------------------


def answers_on(tablet: SyncTablet, entry: UUID) -> Any:
    tablet.pull()
    (held,) = [one for one in tablet.scopes.values() if str(entry) in one.cards]
    return held.cards[str(entry)].get("answers")


def test_a_tablet_with_plans_has_what_their_forms_hold_on_its_version(app: Flask, gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "preferred_places", {"care_first": "home", "note": KEPT}))
    line = {"item_id": str(uuid4()), "item": CONTACT}
    apply_edit(gp, an_edit(entry, "contacts", line, kind="put_item"))
    apply_edit(gp, an_edit(entry, "risks", {"key_safe_code": "4711", "infection": "MRSA"}))
    doctor = a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id))

    answers = answers_on(a_sync_tablet(app, doctor), entry)

    assert answers["preferred_places"] == {"version": 1, "said": {"care_first": "home", "note": KEPT}}
    assert answers["contacts"] == {"version": 1, "lines": [[line["item_id"], "Ngozi Okonkwo", CONTACT]]}
    assert answers["risks"]["said"] == {"infection": "MRSA"}, "what is masked is asked for, and audited"


def test_a_tablet_with_cards_has_no_answers(app: Flask, gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "preferred_places", {"care_first": "home"}))

    assert answers_on(a_sync_tablet(app, a_clinician(Role.PARAMEDIC)), entry) is None


def test_of_whose_address_is_restricted_no_tablet_has_answers(app: Flask, gp: Actor) -> None:
    entry = a_registered_person(gp, address_restricted=True)
    apply_edit(gp, an_edit(entry, "preferred_places", {"care_first": "home"}))
    doctor = a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id))

    assert answers_on(a_sync_tablet(app, doctor), entry) is None


def test_answers_say_what_waits_and_withhold_what_an_audience_does_not_see(gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "hospital_for_symptoms"}))
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "comfort_only"}, base_version=0))
    apply_edit(gp, an_edit(entry, "preferred_places", {"care_note": "Up", "note": KEPT}))
    tiers = frozenset({Tier.T0_EXISTS, Tier.T1_EMERGENCY})

    answers = build_answers(material(entry), tiers, sights(), ASKED_ON_TABLETS)

    assert answers is not None
    assert answers["treatment_level"]["waits"] is True
    assert answers["preferred_places"]["said"] == {"care_note": "Up"}


# --- The forms -------------------------------------------------------------------------------------------------------


def test_every_question_of_every_section_is_printed_for_tablets(app: Flask) -> None:
    printed = app.test_client().get("/tablet/forms").get_data(as_text=True)

    for one in ASKED:
        for kind, fields in (("put", one.fields()), ("put_item", one.item_fields())):
            wanted = {name for name, field in fields.items() if not field.metadata.get("masked")}
            found = re.search(rf'<template id="form-{one.name}-{kind}" data-declared=\'([^\']*)\'>', printed)
            declared = json.loads(unescape(found[1]))["fields"] if found else []
            assert {field["name"] for field in declared} == wanted, (one.name, kind)
        assert f'<template id="section-{one.name}"' in printed


def test_what_an_area_asks_is_asked_on_the_register_alone() -> None:
    elsewhere = [one.name for one in build_offline_sections() if one.told.get("isOnline")]

    assert elsewhere == ["local"]
    assert [one.forms for one in build_offline_sections() if one.name == "local"] == [()]


def test_the_forms_hold_no_token_no_script_and_nobody(app: Flask) -> None:
    answer = app.test_client().get("/tablet/forms")
    page = answer.get_data(as_text=True)

    assert not re.search(r"csrf|<script|<style| style=|edit_id|<form|javascript:", page)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_what_is_said_of_cpr_is_asked_in_the_shell_itself_whatever_becomes_of_the_file(app: Flask) -> None:
    shell = app.test_client().get("/tablet").get_data(as_text=True)

    for kind in ("sign", "revoke", "reviewed_and_continues", "wrong_person_flag"):
        assert f'<template id="form-cpr-{kind}"' in shell
