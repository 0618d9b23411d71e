"""What is asked at each stage of the illness, what is folded away; and that no answer and no line of a card ever is."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from epaccs.access.rules import Tier
from epaccs.care_plans.rules import STAGES, Stage, find_stage, is_asked
from epaccs.care_plans.sections import SECTIONS, SectionDeclaration, stage_of
from epaccs.care_plans.sections.diagnosis import GOLD_STANDARDS, PROGNOSIS
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.forms import Form, FormField
from epaccs.record.declared import sights
from epaccs.record.rules.whole import Reading, ShownSection, build_sections
from epaccs.versions.actions import apply_edit
from epaccs.versions.rules import Value
from epaccs.versions.schema import load_stored
from tests.care_plans.answers import every_field, whole_item, whole_section
from tests.factories import a_clinician, a_registered_person, an_edit
from tests.record.people import CARD_ONLY, EVERYTHING, NEEDS, ORGANISATIONS, RECORDED_AT, a_held, a_material
from tests.record.visits import open_record

FIELDS = list(every_field())
#: Every section of the plan but those that say the stage, blank.
BLANK: dict[str, Any] = dict.fromkeys(name for name in SECTIONS if name not in ("diagnosis", "function"))


def a_diagnosis(**answers: Any) -> Value:
    return {"primary": "Heart failure", **answers}


def judged(*phases: tuple[str, str]) -> Value:
    """Judgements of function: (day of November, phase)."""
    return {
        "items": {
            str(number): {"observed_on": f"2026-11-{day}", "phase": phase} for number, (day, phase) in enumerate(phases)
        }
    }


def asked_at(stage: Stage | None) -> set[tuple[str, str, bool]]:
    """Every question that is asked: section, field, whether of a line of the list."""
    return {
        (declaration.name, name, in_list)
        for declaration, name, field, in_list in FIELDS
        if is_asked(stage_of(declaration, field), stage)
    }


# --- Which stage it is ---


@pytest.mark.parametrize(
    ("sections", "stage"),
    [
        pytest.param({}, None, id="nothing recorded: not judged"),
        pytest.param({"diagnosis": a_diagnosis()}, None, id="an illness without an outlook: not judged"),
        pytest.param({"diagnosis": a_diagnosis(gold_standards="a")}, Stage.YEAR, id="A: a year or more"),
        pytest.param({"diagnosis": a_diagnosis(gold_standards="d")}, Stage.DAYS, id="D: days"),
        pytest.param({"diagnosis": a_diagnosis(prognosis="about_a_year")}, Stage.YEAR, id="prognosis of a year: A"),
        pytest.param({"diagnosis": a_diagnosis(prognosis="months")}, Stage.MONTHS, id="prognosis of months: B"),
        pytest.param({"diagnosis": a_diagnosis(prognosis="weeks")}, Stage.WEEKS, id="prognosis of weeks: C"),
        pytest.param(
            {"diagnosis": a_diagnosis(gold_standards="a", prognosis="days")},
            Stage.DAYS,
            id="letter A and prognosis of days: the later one holds",
        ),
        pytest.param(
            {"diagnosis": a_diagnosis(gold_standards="c", prognosis="more_than_a_year")},
            Stage.WEEKS,
            id="letter C and prognosis of more than a year: the later one holds",
        ),
        pytest.param(
            {"diagnosis": a_diagnosis(gold_standards="a"), "function": judged(("01", "stable"), ("20", "dying"))},
            Stage.DAYS,
            id="letter A, and the last phase is dying",
        ),
        pytest.param(
            {"diagnosis": a_diagnosis(gold_standards="a"), "function": judged(("20", "stable"), ("01", "dying"))},
            Stage.YEAR,
            id="letter A, and was thought to be dying before",
        ),
        pytest.param(
            {"function": judged(("20", "stable"), ("20", "dying"))}, Stage.DAYS, id="dying and stable on one day"
        ),
        pytest.param(
            {"function": {"items": {"a": {"observed_on": "2026-11-20", "akps": "50"}}}}, None, id="no phase judged"
        ),
        pytest.param({"diagnosis": a_diagnosis(gold_standards="z")}, None, id="a letter that nobody knows"),
    ],
)
def test_the_furthest_judgement_is_the_stage(sections: dict[str, Value], stage: Stage | None) -> None:
    assert find_stage(sections) is stage


@pytest.mark.parametrize("section", ["diagnosis", "function"])
def test_a_stage_in_dispute_is_no_stage(section: str) -> None:
    values = {"diagnosis": a_diagnosis(gold_standards="a")}

    assert find_stage(values, disputed=["contacts"]) is Stage.YEAR
    assert find_stage(values, disputed=[section]) is None


def test_every_answer_about_the_outlook_says_a_stage() -> None:
    assert list(GOLD_STANDARDS) == [str(stage) for stage in Stage] == [str(stage) for stage in STAGES]
    assert None not in [find_stage({"diagnosis": a_diagnosis(prognosis=answer)}) for answer in PROGNOSIS]


# --- What is asked at it ---


@pytest.mark.parametrize(
    ("section", "name", "stages"),
    [
        pytest.param("diagnosis", "primary", "abcd", id="main diagnosis"),
        pytest.param("diagnosis", "gold_standards", "abcd", id="the stage itself"),
        pytest.param("treatment_level", "level", "abcd", id="ceiling of treatment"),
        pytest.param("allergies", "status", "abcd", id="allergies"),
        pytest.param("medicines", "status", "abcd", id="medicines in the home"),
        pytest.param("legal", "is_witnessed", "abcd", id="what makes an advance decision binding"),
        pytest.param("risks", "safeguarding", "abcd", id="safeguarding"),
        pytest.param("preferred_places", "death_first", "abcd", id="preferred place of death"),
        pytest.param("preferred_places", "note", "bcd", id="what was said about the place"),
        pytest.param("function", "phase", "bcd", id="phase of illness"),
        pytest.param("funding", "special_rules", "bcd", id="benefits under the special rules"),
        pytest.param("funding", "fast_track", "cd", id="fast-track funding"),
        pytest.param("medicines", "driver_next_at", "cd", id="next syringe"),
        pytest.param("faith", "after_death", "cd", id="care after death"),
        pytest.param("faith", "funeral", "d", id="funeral"),
    ],
)
def test_a_question_is_asked_at_these_stages(section: str, name: str, stages: str) -> None:
    assert [stage for stage in Stage if (section, name) in {one[:2] for one in asked_at(stage)}] == list(stages)


def test_each_stage_asks_all_that_the_last_one_did_and_more() -> None:
    asked = [asked_at(stage) for stage in Stage]

    assert all(before < after for before, after in pairwise(asked))
    assert len(asked[-1]) == len(FIELDS)


def test_where_nobody_judged_the_stage_everything_is_asked() -> None:
    assert asked_at(None) == asked_at(Stage.DAYS)


def test_the_first_stage_asks_no_more_than_the_minimum_set() -> None:
    beyond = {
        f"{declaration.name}.{name}"
        for declaration, name, field, in_list in FIELDS
        if (declaration.name, name, in_list) in asked_at(Stage.YEAR) and not field.metadata.get("card")
    }
    of_what_binds = {name for name in beyond if name.startswith(("legal.", "treatment_level."))}

    assert beyond - of_what_binds == {
        "allergies.certainty", "diagnosis.gold_standards", "risks.safeguarding",
    }  # fmt: skip
    assert len(asked_at(Stage.YEAR)) < len(FIELDS) / 3


def test_everything_that_the_card_shows_is_asked_from_the_first_stage() -> None:
    assert {
        (declaration.name, name, in_list) for declaration, name, field, in_list in FIELDS if field.metadata.get("card")
    } <= asked_at(Stage.YEAR)


# --- Nothing that was answered goes away ---


@given(data=st.data(), stage=st.sampled_from([None, *Stage]), declaration=st.sampled_from(list(SECTIONS.values())))
def test_a_form_shows_every_answer_at_every_stage(
    data: st.DataObject, stage: Stage | None, declaration: SectionDeclaration
) -> None:
    for fields, whole, schema in (
        (declaration.fields(), whole_section(declaration), declaration.schema),
        (declaration.item_fields(), whole_item(declaration), declaration.items and declaration.items.schema),
    ):
        if schema is None:
            continue
        answered = data.draw(st.sets(st.sampled_from(list(whole))))
        early = [name for name, field in fields.items() if not is_asked(stage_of(declaration, field), stage)]
        stored = load_stored(schema, {name: whole[name] for name in answered})
        form = Form(schema, None, stored, early=early)

        folded = {name for name in form.names if form.field(name).is_for_later}

        assert folded.isdisjoint(answered)
        assert folded == {name for name in early if name not in answered and not fields[name].required}


@given(data=st.data(), stage=st.sampled_from([*Stage]))
def test_the_record_shows_every_answer_at_every_stage(data: st.DataObject, stage: Stage) -> None:
    declared = {name: whole_section(one) for name, one in SECTIONS.items() if one.schema and name != "diagnosis"}
    kept = {
        name: {one: whole[one] for one in data.draw(st.sets(st.sampled_from(list(whole)), min_size=1))}
        for name, whole in declared.items()
    }

    shown = {one.name: one for one in sections_at(stage, **{**BLANK, **kept})}

    for name, answers in kept.items():
        labels = [line.label for line in shown[name].lines]
        assert labels == [field.metadata["label"] for one, field in SECTIONS[name].fields().items() if one in answers]


def sections_at(stage: Stage | None, tiers: frozenset[Tier] = EVERYTHING, **sections: Any) -> tuple[ShownSection, ...]:
    """The whole record of somebody at a stage."""
    answers = a_diagnosis(gold_standards=str(stage)) if stage else a_diagnosis()
    material = a_material(**{"diagnosis": answers, "function": None, **sections})
    return build_sections(material, Reading(tiers, ORGANISATIONS, RECORDED_AT.date()), sights())


# --- The lists of what nobody recorded ---


@pytest.mark.parametrize(
    ("stage", "asked", "later"),
    [
        pytest.param(Stage.YEAR, {"treatment_level", "allergies", "legal", "contacts"}, {"goals", "faith"}, id="A"),
        pytest.param(Stage.MONTHS, {"treatment_level", "goals", "faith", "funding"}, set(), id="B"),
        pytest.param(Stage.DAYS, {"treatment_level", "goals", "faith"}, set(), id="D"),
        pytest.param(None, {"treatment_level", "goals", "faith"}, set(), id="not judged"),
    ],
)
def test_what_is_not_asked_yet_is_not_named_as_missing(stage: Stage | None, asked: set[str], later: set[str]) -> None:
    blank = {one.name: one for one in sections_at(stage, **BLANK) if one.is_blank}

    assert asked <= {name for name, one in blank.items() if not one.asked_from}
    assert later <= {name for name, one in blank.items() if one.asked_from}
    assert bool(later) == any(one.asked_from for one in blank.values())


def test_a_section_that_is_not_asked_yet_says_from_when() -> None:
    goals = next(one for one in sections_at(Stage.YEAR, **BLANK) if one.name == "goals")

    assert goals.asked_from == "B (green): months"


@pytest.mark.parametrize("stage", [*Stage, None])
def test_what_a_crew_must_know_is_named_as_missing_at_every_stage(stage: Stage | None) -> None:
    blank = {one.name for one in sections_at(stage, **BLANK) if one.is_blank and not one.asked_from}

    assert {"treatment_level", "legal", "allergies", "medicines", "risks", "contacts", "preferred_places"} <= blank


@pytest.mark.parametrize("tiers", [pytest.param(NEEDS, id="sees needs"), pytest.param(CARD_ONLY, id="sees the card")])
def test_whoever_may_not_see_the_stage_cannot_tell_it_from_what_is_asked(tiers: frozenset[Tier]) -> None:
    early, late = sections_at(Stage.YEAR, tiers, **BLANK), sections_at(Stage.DAYS, tiers, **BLANK)

    assert [(one.name, one.asked_from) for one in early] == [(one.name, one.asked_from) for one in late]
    assert not any(one.asked_from for one in early)


def test_while_the_stage_is_in_dispute_everything_is_asked() -> None:
    material = a_material(
        **BLANK,
        diagnosis=a_diagnosis(gold_standards="a"),
        held=(a_held("diagnosis", "put", {"gold_standards": "d"}),),
    )

    shown = build_sections(material, Reading(EVERYTHING, ORGANISATIONS, RECORDED_AT.date()), sights())

    assert not any(one.asked_from for one in shown)


# --- On the pages ---


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP)


def test_moving_the_stage_on_asks_more_and_moving_it_back_hides_no_answer(app: Flask, gp: Actor) -> None:
    entry = a_registered_person(gp)
    diagnosis = {"primary": "Heart failure"}
    apply_edit(gp, an_edit(entry, "diagnosis", {**diagnosis, "gold_standards": "a"}))
    pages = open_record(app, gp, entry)

    pages.open(f"/record/{entry}").see("Asked later, nothing recorded", "from B (green): months")
    pages.open(f"/record/{entry}/plan/faith").see("Asked later").fill(funeral="Quakers, St Mark's").submit("Save")

    pages.open(f"/record/{entry}").see("What is arranged for the funeral", "Quakers, St Mark's")
    page = pages.open(f"/record/{entry}/plan/faith").page.html
    assert page.index('name="funeral"') < page.index("Asked later")
    apply_edit(gp, an_edit(entry, "diagnosis", {**diagnosis, "gold_standards": "d"}))
    assert "Asked later" not in pages.open(f"/record/{entry}").page.html
    assert "Asked later" not in pages.open(f"/record/{entry}/plan/faith").page.html
    apply_edit(gp, an_edit(entry, "diagnosis", {**diagnosis, "gold_standards": "a"}))
    pages.open(f"/record/{entry}").see("Quakers, St Mark's")
    pages.open(f"/record/{entry}/history").see("Gold Standards Framework stage", "D (red): days")


def test_a_question_without_which_nothing_can_be_kept_is_never_folded(app: Flask, gp: Actor) -> None:
    entry = a_registered_person(gp)
    apply_edit(gp, an_edit(entry, "diagnosis", {"primary": "Heart failure", "gold_standards": "a"}))

    page = open_record(app, gp, entry).open(f"/record/{entry}/plan/goals/items/new").page.html

    assert page.index('name="need"') < page.index("Asked later") < page.index('name="goal"')


def test_a_field_says_its_stage_itself_or_takes_that_of_its_section() -> None:
    faith = SECTIONS["faith"]
    fields: dict[str, FormField] = dict(faith.fields())

    assert stage_of(faith, fields["religion"]) is faith.stage is Stage.MONTHS
    assert stage_of(faith, fields["funeral"]) is Stage.DAYS
