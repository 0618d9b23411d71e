"""The least that helps tonight: several sections from one page, through the one writer, all of it or nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.care_plans.actions import save_tonight
from epaccs.care_plans.schema import TONIGHT, VERSIONS, Asked, read_versions, write_versions
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.core.identifiers import new_id
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded, material
from epaccs.versions.rules import Outcome, present_items
from tests.factories import a_clinician, a_registered_person, an_edit
from tests.pages import PageClient
from tests.record.visits import concern, open_record

DAUGHTER = {
    "contacts_kind": "personal",
    "contacts_name": "Ada Obi",
    "contacts_relationship": "daughter",
    "contacts_telephone": "07700 900321",
}


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP)


@pytest.fixture
def entry(gp: Actor) -> UUID:
    return a_registered_person(gp)


@pytest.fixture
def tonight(app: Flask, gp: Actor, entry: UUID) -> PageClient:
    return open_record(app, gp, entry).open(f"/record/{entry}/tonight")


def value(entry: UUID, section: str) -> dict[str, Any]:
    recorded = find_recorded(entry, section)
    return recorded.value if recorded else {}


def versions_of(entry: UUID) -> dict[str, int]:
    return {name: one.version for name, one in material(entry).sections.items()}


# --- Kept ---


def test_what_was_answered_is_kept_in_its_sections_and_shown_on_the_card(tonight: PageClient, entry: UUID) -> None:
    tonight.fill(**DAUGHTER, treatment_level_level="treat_at_home", allergies_status="none_known").submit("Save")

    tonight.see("Saved: the card shows it now.", "Treat at home first", "No known allergies", "Ada Obi")
    assert value(entry, "treatment_level") == {"level": "treat_at_home"}
    assert value(entry, "allergies") == {"status": "none_known"}
    (contact,) = present_items(value(entry, "contacts")).values()
    assert (contact["name"], contact["relationship"]) == ("Ada Obi", "daughter")


def test_an_allergy_is_named_with_what_it_does(tonight: PageClient, entry: UUID) -> None:
    tonight.fill(allergies_status="known", allergies_agent="Penicillin", allergies_reaction="rash").submit("Save")

    tonight.see("Penicillin")
    assert value(entry, "allergies")["status"] == "known"
    assert list(present_items(value(entry, "allergies")).values()) == [{"agent": "Penicillin", "reaction": "rash"}]


def test_an_allergy_beside_no_known_allergies_is_refused(tonight: PageClient, entry: UUID) -> None:
    tonight.fill(allergies_status="none_known", allergies_agent="Penicillin").submit("Save", status=422)

    assert tonight.errors() == ["Remove the allergies listed, or choose that there are known allergies"]
    assert value(entry, "allergies") == {}


def test_a_section_about_which_nothing_was_said_is_left_alone(tonight: PageClient, entry: UUID) -> None:
    before = versions_of(entry)

    tonight.fill(allergies_status="none_known").submit("Save")

    assert versions_of(entry) == {**before, "allergies": 1}
    tonight.see("Treatment level Not recorded")


def test_a_page_sent_back_blank_records_nothing(tonight: PageClient, entry: UUID) -> None:
    before = versions_of(entry)

    tonight.submit("Save").see("Nothing was entered, so nothing was recorded.")

    assert versions_of(entry) == before


def test_what_a_section_says_besides_stays(app: Flask, gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "diagnosis", {"primary": "Heart failure", "other": "Diabetes", "prognosis": "weeks"}))
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "ward_no_icu", "guidance": "No drip"}))
    pages = open_record(app, gp, entry).open(f"/record/{entry}/tonight")
    assert pages.value_of("treatment_level_level") == "ward_no_icu"

    pages.fill(treatment_level_level="comfort_only", diagnosis_gold_standards="c").submit("Save")

    assert value(entry, "diagnosis") == {
        "primary": "Heart failure", "other": "Diabetes", "prognosis": "weeks", "gold_standards": "c",
    }  # fmt: skip
    assert value(entry, "treatment_level") == {"level": "comfort_only", "guidance": "No drip"}


def test_whom_to_call_adds_to_those_who_are_there(app: Flask, gp: Actor, entry: UUID, tonight: PageClient) -> None:
    tonight.fill(**DAUGHTER).submit("Save")

    pages = tonight.open(f"/record/{entry}/tonight").see("Contacts on the record already: 1.")
    pages.fill(**{**DAUGHTER, "contacts_name": "Chidi Obi"}).submit("Save")

    assert [one["name"] for one in present_items(value(entry, "contacts")).values()] == ["Ada Obi", "Chidi Obi"]


def test_the_same_form_sent_twice_is_kept_once(gp: Actor, entry: UUID) -> None:
    edit_id, answers = new_id(), {Asked("allergies", "status"): "none_known", **a_daughter()}

    for _ in range(2):
        save_tonight(gp, edit_id, entry_id=entry, answers=answers, versions={})

    assert versions_of(entry)["allergies"] == versions_of(entry)["contacts"] == 1


def a_daughter() -> dict[Asked, Any]:
    boxes = {one.box: one for one in TONIGHT}
    return {boxes[box]: answer for box, answer in DAUGHTER.items()}


# --- Refused ---


def test_what_one_section_refuses_keeps_nothing_of_the_others_and_everything_typed(
    tonight: PageClient, entry: UUID
) -> None:
    before = versions_of(entry)

    tonight.fill(contacts_name="Ada Obi", allergies_status="none_known", diagnosis_gold_standards="b")
    tonight.submit("Save", status=422)

    assert tonight.errors() == ["Choose an answer: Who is it?"]
    assert tonight.value_of("contacts_name") == "Ada Obi"
    assert tonight.value_of("allergies_status") == "none_known"
    assert versions_of(entry) == before
    tonight.fill(contacts_kind="personal", contacts_telephone="07700 900321").submit("Save")
    assert versions_of(entry) == {**before, "allergies": 1, "contacts": 1, "diagnosis": before.get("diagnosis", 0) + 1}


def test_what_several_sections_refuse_is_said_at_once(app: Flask, gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "allergies", {"status": "known"}))
    item = {"item_id": str(new_id()), "item": {"agent": "Penicillin"}}
    apply_edit(gp, an_edit(entry, "allergies", item, kind="put_item"))
    pages = open_record(app, gp, entry).open(f"/record/{entry}/tonight")

    pages.fill(contacts_name="Ada Obi", contacts_kind="personal", allergies_status="none_known")
    pages.submit("Save", status=422)

    assert pages.errors() == [
        "Enter a telephone number, or say that they must not be contacted",
        "Remove the allergies listed, or choose that there are known allergies",
    ]


def test_a_refusal_about_a_question_of_another_page_stands_above_the_form(gp: Actor, entry: UUID) -> None:
    with pytest.raises(RulesBroken) as refused:
        save_tonight(gp, new_id(), entry_id=entry, answers={Asked("diagnosis", "gold_standards"): "b"}, versions={})

    assert [(one.message, one.field) for one in refused.value.errors] == [("Enter the main diagnosis", None)]


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(None, id="nothing"),
        pytest.param("allergies:0", id="of another section"),
        pytest.param("contacts:one", id="no number"),
        pytest.param("contacts:-1", id="below nought"),
        pytest.param("contacts:" + "9" * 5000, id="a long number"),
        pytest.param("contacts:1 allergies:2", id="one too many"),
    ],
)
def test_a_form_that_does_not_say_what_it_was_made_on_is_refused(typed: str | None) -> None:
    with pytest.raises(RuleBroken, match="on which versions"):
        read_versions(typed, sections={"contacts"})


def test_versions_are_read_as_they_were_written() -> None:
    versions = {"contacts": 0, "allergies": 12}

    assert read_versions(write_versions(versions), sections=versions) == versions


def test_tampered_versions_are_told_and_what_was_typed_stays(tonight: PageClient, entry: UUID) -> None:
    tonight.typed[VERSIONS] = "contacts:99"

    tonight.fill(allergies_status="none_known").submit("Save", status=422)

    assert "on which versions" in tonight.errors()[0]
    assert tonight.value_of("allergies_status") == "none_known"
    assert value(entry, "allergies") == {}


# --- Somebody else meanwhile ---


def test_a_stale_answer_to_a_critical_section_is_held_and_the_others_are_kept(
    tonight: PageClient, gp: Actor, entry: UUID
) -> None:
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "full_escalation"}))

    tonight.fill(**DAUGHTER, treatment_level_level="comfort_only").submit("Save")

    tonight.see("What you entered beside this is saved.")
    assert tonight.page.response.request.path.startswith("/held/")
    recorded = find_recorded(entry, "treatment_level")
    assert recorded is not None
    assert recorded.disputed
    assert recorded.value == {"level": "full_escalation"}
    assert len(present_items(value(entry, "contacts"))) == 1


def test_a_section_that_changed_meanwhile_and_was_left_as_it_was_stays_as_it_is_now(
    app: Flask, gp: Actor, entry: UUID
) -> None:
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "ward_no_icu"}))
    pages = open_record(app, gp, entry).open(f"/record/{entry}/tonight")
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "comfort_only"}))

    pages.fill(allergies_status="none_known").submit("Save")

    recorded = find_recorded(entry, "treatment_level")
    assert recorded is not None
    assert (recorded.value, recorded.disputed) == ({"level": "comfort_only"}, False)


def test_stale_contacts_are_merged(gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "contacts", {"item_id": str(new_id()), "item": {
        "kind": "personal", "name": "Chidi", "telephone": "07700 900322"}}, kind="put_item"))  # fmt: skip

    (applied,) = save_tonight(gp, new_id(), entry_id=entry, answers=a_daughter(), versions={"contacts": 0})

    assert applied.outcome is Outcome.MERGED
    assert len(present_items(value(entry, "contacts"))) == 2


# --- Who ---


def test_a_coordinator_is_asked_only_whom_to_call(app: Flask, gp: Actor, entry: UUID) -> None:
    coordinator = a_clinician(Role.COORDINATOR)
    concern(entry, coordinator)

    pages = open_record(app, coordinator, entry).open(f"/record/{entry}/tonight")

    pages.see("Whom to call").see_nothing_of("Ceiling of treatment", "Gold Standards Framework", "No known allergies")
    pages.fill(**DAUGHTER).submit("Save").see("Ada Obi")


def test_the_stage_is_asked_only_of_those_who_judge_it(app: Flask, gp: Actor, entry: UUID) -> None:
    doctor = a_clinician(Role.OUT_OF_HOURS_GP)
    concern(entry, doctor)

    pages = open_record(app, doctor, entry).open(f"/record/{entry}/tonight")

    pages.see("Ceiling of treatment").see_nothing_of("Gold Standards Framework stage")


def test_a_paramedic_is_turned_away(app: Flask, gp: Actor, entry: UUID) -> None:
    paramedic = a_clinician(Role.PARAMEDIC)
    concern(entry, paramedic)

    open_record(app, paramedic, entry).open(f"/record/{entry}/tonight", status=403)
