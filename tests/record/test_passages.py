"""What is from or about somebody else, and not for the person: who reads it, and that no outlet shows it to others."""

from __future__ import annotations

import io
import json
from typing import Any, Final
from uuid import UUID, uuid4

import pdfplumber
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from epaccs.access.actions import give_reason
from epaccs.access.rules import AUDIENCES, AccessReason, Tier, audience_name, sees_passages, words_for
from epaccs.care_plans.actions import save_section
from epaccs.care_plans.sections import SECTIONS
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.errors import RulesBroken
from epaccs.core.forms import FreeText
from epaccs.core.identifiers import new_id
from epaccs.core.passages import LABEL, WITHHELD
from epaccs.export import export
from epaccs.handover.actions.sheets import Order, print_sheet
from epaccs.handover.rules import Destination
from epaccs.record.declared import sights
from epaccs.record.rules.history import Edited, build_shown_edit
from epaccs.record.rules.whole import Reading, build_sections
from epaccs.record.sight import visible, without_passages
from epaccs.record.summary import build_summary
from epaccs.settings import Settings
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from epaccs.versions.registry import EditRequest
from epaccs.versions.rules import Held, Material, Recorded, Value
from tests.care_plans.answers import whole_item, whole_section
from tests.factories import a_clinician, a_registered_person, an_edit
from tests.pages import REFUSED
from tests.record.people import EVERYTHING, IDENTITY, RECORDED_AT, STAMP
from tests.record.visits import a_signer, concern, open_record

SECRET: Final = "qzx her son cannot go on xzq"
TEXT: Final = f"Settled. [[{SECRET}]] Visit twice."
LOWER: Final = [tiers for tiers in AUDIENCES if not sees_passages(tiers)]


def test_who_reads_passages_is_who_sees_the_plan() -> None:
    assert {audience_name(tiers) for tiers in LOWER} == {"T0", "T0+T1", "T0+needs"}
    assert words_for(EVERYTHING)(TEXT) == f"Settled. [{LABEL} {SECRET}] Visit twice."
    assert words_for(frozenset({Tier.T0_EXISTS}))(TEXT) == f"Settled. {WITHHELD} Visit twice."


def test_a_passage_can_be_marked_in_every_free_text_of_the_plan() -> None:
    texts = [
        field
        for declaration in SECTIONS.values()
        for field in (*declaration.fields().values(), *declaration.item_fields().values())
        if isinstance(field, FreeText)
    ]

    assert len(texts) > 40
    assert [field.called for field in texts if not field.metadata["passages"]] == []


# --- Every outlet, of whatever is written ----------------------------------------------------------------------------


def marked(section: str, value: Value, text: str, *, of_item: bool) -> Value:
    """The value with the text in every answer in which a passage can be marked."""
    fields = sights()[section].item_fields if of_item else sights()[section].fields
    return {name: text if fields[name].has_passages else answer for name, answer in value.items()}


def whole_plan(text: str) -> dict[str, Value]:
    """Every question of the plan answered, with the text in every free text."""
    plan: dict[str, Value] = {}
    for name, declaration in SECTIONS.items():
        value = marked(name, whole_section(declaration), text, of_item=False)
        items = {"a": marked(name, whole_item(declaration), text, of_item=True)} if declaration.items else None
        plan[name] = {**value, "items": items} if items else value
    return plan


def a_material(text: str) -> Material:
    """Somebody with passages everywhere, and a held edit of each section with more."""
    values = {"identity": IDENTITY, "lifecycle": {"status": "on_register"}, **whole_plan(text)}
    sections = {
        name: Recorded(name, 1, value, dict.fromkeys(value, STAMP), RECORDED_AT, disputed=True)
        for name, value in values.items()
    }
    held = tuple(
        Held(uuid4(), name, "put", _body(values[name]), 1, STAMP, None, RECORDED_AT, "routine", "changed_meanwhile")
        for name in SECTIONS
    )
    return Material(uuid4(), sections, held)


def _body(value: Value) -> Value:
    items = value.get("items", {})
    return {**{k: v for k, v in value.items() if k != "items"}, **({"item": items["a"]} if items else {})}


def everything_read(material: Material, tiers: frozenset[Tier]) -> str:
    """What all outlets together make of the material for one audience."""
    known = sights()
    summary = build_summary(material, tiers, sights=known, organisations={})
    sections = build_sections(material, Reading(tiers, {}, RECORDED_AT.date()), known)
    edits = [
        build_shown_edit(
            Edited(name, "put", _body(one.value), STAMP, None, RECORDED_AT, outcome, None, None, one.value),
            known[name],
            tiers,
            restricted=False,
        )
        for name, one in material.sections.items()
        for outcome in ("applied", "held")
    ]
    seen = visible(material, tiers, known)
    return json.dumps([summary.to_value(), repr(sections), repr(edits), repr(seen)], ensure_ascii=False, default=str)


@settings(max_examples=15, deadline=None)
@given(inside=st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=20))
@pytest.mark.parametrize("tiers", LOWER, ids=audience_name)
def test_no_outlet_of_a_lower_audience_holds_a_passage(tiers: frozenset[Tier], inside: str) -> None:
    secret = f"qzx{inside}xzq"
    material = a_material(f"Settled. [[{secret}]] Visit twice.")

    read = everything_read(material, tiers)

    assert read.count(secret) == 0
    assert everything_read(material, EVERYTHING).count(secret) > 0


def test_what_is_made_for_paper_and_for_others_holds_no_passage_but_says_where_one_was() -> None:
    read = everything_read(without_passages(a_material(TEXT), sights()), EVERYTHING)

    assert SECRET not in read
    assert WITHHELD in read


# --- On the pages, on paper, in the file -----------------------------------------------------------------------------


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_signer()


@pytest.fixture
def entry_id(gp: Actor) -> UUID:
    """Somebody whose alerts hold a passage; and a stale change of the treatment level that holds one waits."""
    entry_id = a_registered_person(gp, family_name="Okonkwo")
    reasoned(gp, entry_id)
    apply_edit(gp, an_edit(entry_id, "risks", {"other": TEXT}))
    apply_edit(gp, an_edit(entry_id, "about_me", {"most_important": f"Her cat. [[{SECRET}]]"}))
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "treat_at_home", "guidance": TEXT}))
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "comfort_only", "guidance": TEXT}, base_version=0))
    return entry_id


def reasoned(actor: Actor, entry_id: UUID, reason: AccessReason = AccessReason.PERMISSION_GIVEN) -> None:
    give_reason(actor, entry_id, reason=reason, identifiers_checked=["name", "born"], cannot_check=False)


def addresses(entry_id: UUID) -> list[str]:
    pages = ("", "/history", "/plan/risks", "/plan/about_me", "/plan/treatment_level")
    return [f"/record/{entry_id}{page}" for page in pages] + [f"/held/of/{entry_id}"]


def test_whoever_sees_the_plan_reads_what_the_passage_is(app: Flask, gp: Actor, entry_id: UUID) -> None:
    crew = a_clinician(Role.PARAMEDIC)
    concern(entry_id, crew)
    pages = open_record(app, crew, entry_id)

    for address in addresses(entry_id):
        page = pages.open(address)
        page.see(f"[{LABEL} {SECRET}]")


def test_whoever_sees_only_the_card_reads_that_a_passage_is_withheld(app: Flask, gp: Actor, entry_id: UUID) -> None:
    emergency = a_clinician(Role.ED_CLINICIAN)
    concern(entry_id, emergency)
    pages = open_record(app, emergency, entry_id)

    for address in addresses(entry_id):
        if "about_me" in address:
            continue  # nothing of that section but what matters most is theirs, and that is on the card
        page = pages.open(address)
        page.see(WITHHELD)
        assert SECRET not in page.page.html


def test_the_form_of_somebody_who_sees_the_plan_holds_the_marks_and_says_how_to_set_them(
    app: Flask, gp: Actor, entry_id: UUID
) -> None:
    pages = open_record(app, gp, entry_id).open(f"/record/{entry_id}/plan/risks")

    pages.see("between [[ and ]]")
    assert f"[[{SECRET}]]" in pages.page.html
    pages.fill(other="Settled. [[never closed").submit("Save", status=REFUSED)
    pages.see("Close the passage of the other risk to the person or to whoever visits with ]] where it ends")


def test_a_released_passage_is_read_by_everybody_and_the_history_says_who_released_it(
    app: Flask, gp: Actor, entry_id: UUID
) -> None:
    open_record(app, gp, entry_id).open(f"/record/{entry_id}/plan/risks").fill(other=f"Settled. {SECRET}").submit(
        "Save"
    )
    emergency = a_clinician(Role.ED_CLINICIAN)
    concern(entry_id, emergency)

    pages = open_record(app, emergency, entry_id)
    pages.open(f"/record/{entry_id}").see(SECRET)
    pages.open(f"/record/{entry_id}/history")
    pages.see(f"Settled. {WITHHELD} Visit twice. Settled. {SECRET}", gp.name)


# --- Those who may write but not read it -----------------------------------------------------------------------------


@pytest.fixture
def care_home_nurse(entry_id: UUID) -> Actor:
    """Who opened the record of no resident of theirs in an emergency: they may write, and see only the card."""
    nurse = a_clinician(Role.CARE_HOME_NURSE)
    reasoned(nurse, entry_id, AccessReason.EMERGENCY)
    return nurse


def save(actor: Actor, entry_id: UUID, **fields: Any) -> None:
    save_section(actor, EditRequest(new_id(), entry_id, "risks", "", {}, base_version=1), fields=fields)


def other_risk(entry_id: UUID) -> str:
    recorded = find_recorded(entry_id, "risks")
    assert recorded is not None
    return str(recorded.value["other"])


def test_somebody_who_cannot_see_a_passage_changes_the_rest_and_it_stays(
    care_home_nurse: Actor, entry_id: UUID
) -> None:
    save(care_home_nurse, entry_id, other=f"Settled. {WITHHELD} Visit twice.", animals="Dog")

    assert other_risk(entry_id) == TEXT


def test_somebody_who_cannot_see_a_passage_does_not_rewrite_the_answer_around_it(
    care_home_nurse: Actor, entry_id: UUID
) -> None:
    with pytest.raises(RulesBroken, match="a passage of it is withheld from you"):
        save(care_home_nurse, entry_id, other="Nothing to fear")

    assert other_risk(entry_id) == TEXT


# --- What leaves the house -------------------------------------------------------------------------------------------


def test_no_passage_is_on_paper(gp: Actor, entry_id: UUID, settings: Settings) -> None:
    order = Order("L Hart, community nurse", Destination.PROFESSIONAL)

    printed = print_sheet(gp, new_id(), entry_id=entry_id, order=order, settings=settings)

    assert printed.content is not None
    with pdfplumber.open(io.BytesIO(printed.content)) as document:
        words = " ".join(" ".join(page.extract_text() for page in document.pages).split())
    assert "xzq" not in words
    assert WITHHELD in words


@pytest.mark.parametrize("third_party", [False, True])
def test_the_file_for_other_programs_holds_passages_only_if_asked(
    gp: Actor, entry_id: UUID, *, third_party: bool
) -> None:
    file = io.BytesIO()

    export(file, [entry_id], third_party=third_party)

    first, _ = file.getvalue().split(b"\n", 1)
    assert json.loads(first)["third_party_passages"] == ("included" if third_party else "withheld")
    assert (SECRET.encode() in file.getvalue()) is third_party
    assert (WITHHELD.encode() in file.getvalue()) is not third_party
