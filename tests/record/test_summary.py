"""What one audience sees of one person: nothing hidden, nothing lost, nothing that looks like something else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epaccs.access.rules import AUDIENCES, Tier, audience_name
from epaccs.record.declared import sights
from epaccs.record.rules.parts import Diagnosis
from epaccs.record.sight import FieldSight, can_see, visible
from epaccs.record.summary import NEVER_ABSENT, RecordSummary, TreatmentLevel, build_summary
from epaccs.versions.rules import Value
from tests.record.people import (
    ADRT,
    CARD_ONLY,
    CONTACTS,
    EVERYTHING,
    EXISTS,
    FULL,
    IDENTITY,
    LPA,
    NEEDS,
    ORGANISATIONS,
    a_held,
    a_material,
    a_summary,
)

ids = {"ids": audience_name}


# --- Nothing hidden is there -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tiers", AUDIENCES, **ids)
@settings(deadline=None)
@given(number=st.integers(min_value=0, max_value=10**6))
def test_no_value_of_a_hidden_tier_is_in_a_summary(tiers: frozenset[Tier], number: int) -> None:
    secrets = {path: f"secret-{number}-{position}" for position, path in enumerate(_text_paths(FULL))}
    values = _with_texts(FULL, secrets)

    shown = json.dumps(a_summary(tiers, **values).to_value())

    for (section, *path), secret in secrets.items():
        if not _is_seen(section, path, tiers):
            assert secret not in shown, f"{section} {path} reaches {audience_name(tiers)}"


@pytest.mark.parametrize("tiers", AUDIENCES, **ids)
def test_the_never_absent_parts_are_there_or_said_to_be_hidden(tiers: frozenset[Tier]) -> None:
    summary = a_summary(tiers)

    assert set(summary.cannot_see()) == {name for name in NEVER_ABSENT if getattr(summary, name) is None}
    assert ("treatment" in summary.cannot_see()) is (Tier.T1_EMERGENCY not in tiers)


def test_a_role_with_needs_only_sees_how_to_get_in_and_whom_to_call_and_nothing_clinical() -> None:
    summary = a_summary(NEEDS)

    assert summary.contacts is not None
    assert [one.name for one in summary.contacts.to_call][:1] == ["Hospice nurses"]
    assert summary.risks is not None
    assert (summary.risks.key_safe_place, summary.risks.animals) == ("Left of the front door", "Large dog, friendly")
    assert (summary.risks.icd, summary.risks.oxygen, summary.risks.infection) == ("", None, "")
    assert summary.risks.hides_clinical
    assert summary.cannot_see() == ("cpr", "treatment", "legal", "allergies")
    assert summary.diagnosis is None
    assert summary.medicines is None


def test_whoever_sees_only_that_an_entry_exists_gets_name_and_number_and_no_address() -> None:
    summary = a_summary(EXISTS)

    assert (summary.identity.family_name, summary.identity.nhs_number) == ("Okonkwo", "9990000018")
    assert (summary.identity.address, summary.identity.telephone, summary.contacts) == ("", "", None)
    assert set(summary.cannot_see()) == set(NEVER_ABSENT)


@pytest.mark.parametrize("tiers", AUDIENCES, **ids)
def test_the_code_of_the_key_safe_is_in_no_summary(tiers: frozenset[Tier]) -> None:
    summary = a_summary(tiers)

    assert "4711" not in json.dumps(summary.to_value())
    if Tier.T1_EMERGENCY in tiers:
        assert summary.risks is not None
        assert summary.risks.has_key_safe_code


# --- Nothing leads to a restricted address ---------------------------------------------------------------------------

TELLING = ("Canal Row", "ND1 4QX", "960444", "Patel", "Elm Street", "Hill House", "Northdale", "960777", "Fridge door",
           "Hall drawer", "Bureau", "front door", "Back door", "St Anne's", "960321", "960101", "960001")  # fmt: skip


@pytest.mark.parametrize("tiers", AUDIENCES, **ids)
def test_a_restricted_address_leaves_nothing_that_leads_to_the_door(tiers: frozenset[Tier]) -> None:
    summary = a_summary(tiers, identity={**IDENTITY, "address_restricted": True, "usual_gp_name": "Dr Brown"})

    shown = json.dumps(_without_names_of_staff(summary.to_value()))

    assert [words for words in TELLING if words in shown] == []
    assert summary.identity.is_restricted


def test_a_restricted_person_keeps_the_decision_the_names_and_the_medicines() -> None:
    summary = a_summary(identity={**IDENTITY, "address_restricted": True})

    assert summary.cpr is not None
    assert summary.cpr.state.in_force is not None
    assert summary.cpr.state.in_force.original_location == "not shown, the address is restricted"
    assert summary.cpr.moved_at is None
    assert summary.medicines is not None
    assert (summary.medicines.status, summary.medicines.where) == ("In the home", "")
    assert summary.contacts is not None
    assert {one.name for one in summary.contacts.to_call} >= {"Chidi Okonkwo", "Ada Obi"}


@pytest.mark.parametrize("tiers", AUDIENCES, **ids)
def test_when_a_restricted_person_moved_is_told_to_whoever_sees_the_decision(tiers: frozenset[Tier]) -> None:
    moved_at = "2026-11-20T17:30:00+00:00"

    summary = a_summary(tiers, identity={**IDENTITY, "address_restricted": True, "moved_at": moved_at})

    if summary.cpr is not None:
        assert summary.cpr.moved_at == datetime.fromisoformat(moved_at)
    assert (summary.cpr is None) == (moved_at not in json.dumps(summary.to_value()))


def test_every_field_that_names_a_place_or_a_number_is_declared_as_telling_where() -> None:
    words = ("address", "postcode", "telephone", "mobile", "where", "location", "_ods", "key_safe", "practice")
    telling_nothing = {"address_restricted", "address_type"}

    named = {
        f"{section.name}.{name}": field
        for section in sights().values()
        for name, field in {**section.fields, **section.item_fields}.items()
        if any(word in name for word in words) and name not in telling_nothing
    }

    assert len(named) > 10
    assert [name for name, field in named.items() if not field.tells_place] == []


# --- Nothing is lost -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tiers", AUDIENCES, **ids)
def test_a_summary_comes_back_from_json_as_it_was(tiers: frozenset[Tier]) -> None:
    summary = a_summary(tiers)

    assert RecordSummary.from_value(json.loads(json.dumps(summary.to_value()))) == summary


def test_a_part_with_nothing_recorded_does_not_come_back_as_hidden() -> None:
    summary = a_summary(CARD_ONLY, treatment_level=None, legal=None, allergies=None, risks=None, cpr=None)

    back = RecordSummary.from_value(json.loads(json.dumps(summary.to_value())))

    assert back.treatment == TreatmentLevel()
    assert back.cannot_see() == ()


def test_each_part_says_who_entered_it_last_and_who_confirmed_it() -> None:
    summary = a_summary()

    assert summary.treatment is not None
    assert summary.treatment.said is not None
    assert summary.treatment.said.who == "Dr A Patel, GP, Elm Street Surgery"


def test_organisations_are_shown_by_name_and_by_code_when_unknown() -> None:
    summary = build_summary(a_material(), EVERYTHING, sights=sights(), organisations={"A99001": "Elm Street Surgery"})

    assert (summary.identity.practice, summary.identity.care_home) == ("Elm Street Surgery", "A99002")
    assert a_summary().identity.care_home == ORGANISATIONS["A99002"]


# --- Words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identity", "warning"),
    [
        pytest.param({}, "", id="traced"),
        pytest.param(
            {"nhs_number_status": "02"}, "Identity not verified: NHS number given, not traced", id="not traced"
        ),
        pytest.param({"nhs_number_status": None}, "Identity not verified: NHS number not checked", id="no status"),
        pytest.param(
            {"nhs_number": None, "no_nhs_number_reason": "overseas"},
            "Identity not verified: no NHS number (overseas patient without an NHS number)",
            id="no number",
        ),
    ],
)  # fmt: skip
def test_an_identity_that_is_not_verified_says_why(identity: Value, warning: str) -> None:
    assert a_summary(identity={**IDENTITY, **identity}).identity.warning == warning


def test_age_is_in_full_years_on_the_day_asked() -> None:
    identity = a_summary().identity

    assert identity.age(date(2026, 1, 5)) == 84
    assert identity.age(date(2026, 1, 6)) == 85


@pytest.mark.parametrize(
    ("allergies", "label"),
    [
        pytest.param(None, "Allergies not recorded", id="nobody asked"),
        pytest.param({"status": "none_known"}, "No known allergies", id="none known"),
        pytest.param({"status": "unavailable"}, "Allergies unavailable", id="asked, nobody could say"),
        pytest.param({"status": "known", "items": {"a": {"agent": "Latex"}}}, "Known allergies", id="one"),
        pytest.param({"items": {"a": {"agent": "Latex"}}}, "Known allergies", id="one, without the status"),
    ],
)
def test_the_three_negatives_of_allergies_stay_different(allergies: Value | None, label: str) -> None:
    found = a_summary(allergies=allergies).allergies

    assert found is not None
    assert found.label == label


@pytest.mark.parametrize(
    ("icd", "flag"),
    [
        pytest.param("active", "ICD active", id="active"),
        pytest.param("unknown", "ICD: not known if active", id="unknown is no all-clear"),
        pytest.param("deactivated", "ICD shocks switched off", id="switched off"),
        pytest.param("none", None, id="none"),
    ],
)
def test_a_defibrillator_that_may_shock_is_a_flag(icd: str, flag: str | None) -> None:
    risks = a_summary(risks={"icd": icd}).risks

    assert risks is not None
    assert risks.flags == ((flag,) if flag else ())


# --- What binds, and whom to call ------------------------------------------------------------------------------------


def test_advance_decisions_and_attorneys_are_kept_apart_and_what_is_missing_is_said() -> None:
    legal = a_summary().legal

    assert legal is not None
    (adrt,) = legal.advance_decisions
    assert adrt.was_seen
    assert adrt.missing == ("the signature was made or acknowledged before a witness",)
    assert legal.attorneys[0].authority_words == "with authority for life-sustaining treatment"


def test_an_advance_decision_nobody_held_in_their_hands_was_not_seen() -> None:
    told = {name: value for name, value in ADRT.items() if not name.startswith("document_seen")}

    legal = a_summary(legal={"items": {"a": told}}).legal

    assert legal is not None
    assert not legal.advance_decisions[0].was_seen


@pytest.mark.parametrize(
    ("item", "words"),
    [
        pytest.param(
            {"authority_life_sustaining": "no"}, "without authority for life-sustaining treatment", id="without"
        ),
        pytest.param(
            {"authority_life_sustaining": None}, "authority for life-sustaining treatment not known", id="blank"
        ),
        pytest.param({"kind": "deputy"}, "cannot refuse life-sustaining treatment", id="deputy, whatever it says"),
    ],
)  # fmt: skip
def test_authority_is_never_left_to_be_guessed(item: Value, words: str) -> None:
    legal = a_summary(legal={"items": {"a": {**LPA, **item}}}).legal

    assert legal is not None
    assert legal.attorneys[0].authority_words == words


def test_an_authority_that_ended_is_said_last_and_gives_none() -> None:
    ended = {**LPA, "name": "Emeka Okonkwo", "withdrawn_on": "2026-02-01"}
    items = {"a": ended, "b": {**LPA, "authority_life_sustaining": "no"}, "c": {**LPA, "kind": "deputy"}}

    legal = a_summary(legal={"items": items}).legal

    assert legal is not None
    assert [one.heading for one in legal.attorneys] == [
        "Attorney (LPA) without authority for life-sustaining treatment:",
        "Deputy cannot refuse life-sustaining treatment:",
        "Attorney (LPA), authority ended 01-Feb-2026:",
    ]
    assert legal.attorneys[2].particulars == ""


def test_somebody_whose_authority_ended_is_called_as_family_and_not_as_attorney() -> None:
    ended = {"items": {"a": {**LPA, "withdrawn_on": "2026-02-01"}}}

    in_the_list, outside_it = a_summary(legal=ended).contacts, a_summary(legal=ended, contacts={"items": {}}).contacts

    assert in_the_list is not None
    chidi = next(one for one in in_the_list.to_call if one.name == "Chidi Okonkwo")
    assert chidi.standing == ""
    assert chidi.who.startswith("authority ended 01-Feb-2026")
    assert outside_it is not None
    assert outside_it.to_call == ()


def test_a_withdrawn_statement_of_wishes_is_not_shown_as_one() -> None:
    statement = {"kind": "advance_statement", "refuses": "Jazz, not hymns"}
    items = {"a": statement, "b": {**statement, "refuses": "Hymns", "withdrawn_on": "2026-02-01"}}

    legal = a_summary(legal={"items": items}).legal

    assert legal is not None
    assert [one.words for one in legal.statements] == ["Jazz, not hymns"]


@pytest.mark.parametrize(
    ("appointed", "decided", "sentence"),
    [
        (
            "2026-01-01",
            "2025-03-01",
            "The authority of the attorney is later than the ADRT: see whether it covers it.",
        ),
        (
            "2025-03-01",
            "2025-03-01",
            "The ADRT and the authority of the attorney have one date: find out which came first.",
        ),
        ("2020-01-01", "2025-03-01", "The ADRT is later than the authority of the attorney."),
        (
            None,
            "2025-03-01",
            "Find the dates of the ADRT and of the authority of the attorney: their order matters.",
        ),
        (
            "2026-01-01",
            None,
            "Find the dates of the ADRT and of the authority of the attorney: their order matters.",
        ),
    ],
)
def test_the_order_in_time_is_shown_and_not_decided(appointed: str | None, decided: str | None, sentence: str) -> None:
    items = {"a": {**ADRT, "made_on": decided}, "b": {**LPA, "made_on": appointed}}

    legal = a_summary(legal={"items": items}).legal

    assert legal is not None
    assert legal.order_in_time == (sentence,)


def test_of_several_attorneys_each_is_named() -> None:
    other = {**LPA, "name": "Ada Obi", "made_on": "2026-01-01"}
    items = {"a": ADRT, "b": {**LPA, "made_on": "2020-01-01"}, "c": other}

    legal = a_summary(legal={"items": items}).legal

    assert legal is not None
    assert legal.order_in_time == (
        "The ADRT is later than the authority of Chidi Okonkwo.",
        "The authority of Ada Obi is later than the ADRT: see whether it covers it.",
    )


@pytest.mark.parametrize(
    ("adrt", "attorney"),
    [
        pytest.param({}, {"authority_life_sustaining": "no"}, id="no authority"),
        pytest.param({}, {"withdrawn_on": "2026-02-01"}, id="authority ended"),
        pytest.param({}, {"kind": "deputy"}, id="a deputy"),
        pytest.param({"withdrawn_on": "2026-02-01"}, {}, id="refusal withdrawn"),
        pytest.param({"refuses_life_sustaining": False}, {}, id="refuses nothing that keeps alive"),
    ],
)
def test_there_is_no_order_where_only_one_of_them_decides(adrt: Value, attorney: Value) -> None:
    legal = a_summary(legal={"items": {"a": {**ADRT, **adrt}, "b": {**LPA, **attorney}}}).legal

    assert legal is not None
    assert legal.order_in_time == ()


@pytest.mark.parametrize(
    ("refuses_cpr", "refuses_life_sustaining", "heading"),
    [
        (True, True, "ADRT, document seen: refuses CPR and life-sustaining treatment."),
        (True, False, "ADRT, document seen: refuses CPR."),
        (False, True, "ADRT, document seen: refuses life-sustaining treatment."),
        (False, False, "ADRT, document seen."),
    ],
)
def test_an_advance_decision_says_first_all_that_it_refuses(
    refuses_cpr: bool, refuses_life_sustaining: bool, heading: str
) -> None:
    item = {**ADRT, "refuses_cpr": refuses_cpr, "refuses_life_sustaining": refuses_life_sustaining}

    legal = a_summary(legal={"items": {"a": item}}).legal

    assert legal is not None
    assert legal.advance_decisions[0].heading == heading


@pytest.mark.parametrize(
    ("person", "carer", "words", "is_kept"),
    [
        (None, None, "Whether the person and the carer know how ill they are: not recorded.", False),
        (True, True, "The person knows how ill they are. The carer knows.", False),
        (False, None, "The person does NOT know how ill they are. Whether the carer knows: not recorded.", True),
        (None, False, "Whether the person knows how ill they are: not recorded. The carer does NOT know.", True),
    ],
)
def test_who_does_not_know_is_said_before_anybody_speaks_of_it(
    person: bool | None, carer: bool | None, words: str, is_kept: bool
) -> None:
    illness = Diagnosis(primary="Heart failure", person_knows=person, carer_knows=carer)

    assert (illness.who_knows, illness.is_kept_from) == (words, is_kept)


def test_whom_to_call_starts_with_who_answers_at_night_then_attorneys_then_family() -> None:
    contacts = a_summary().contacts

    assert contacts is not None
    called = [one.name for one in contacts.to_call]
    assert called == ["Hospice nurses", "Chidi Okonkwo", "Ada Obi", "Elm Street Surgery"]
    assert [one.name for one in contacts.not_to_call] == ["Emeka Okonkwo"]


def test_an_attorney_who_is_no_contact_is_called_all_the_same() -> None:
    contacts = a_summary(contacts={"items": {"b": CONTACTS["items"]["b"]}}).contacts

    assert contacts is not None
    assert [(one.name, one.number) for one in contacts.to_call] == [
        ("Chidi Okonkwo", "07700 900321"),
        ("Ada Obi", "07700 900654"),
    ]


def test_somebody_only_called_an_attorney_has_no_document_here() -> None:
    contacts = a_summary(legal=None).contacts

    assert contacts is not None
    chidi = next(one for one in contacts.to_call if one.name == "Chidi Okonkwo")
    assert (chidi.standing, chidi.authority) == ("attorney", "no document here")


# --- What waits for a person -----------------------------------------------------------------------------------------


def test_a_held_change_stands_beside_the_last_confirmed_fact_with_its_author() -> None:
    held = a_held("treatment_level", "put", {"level": "treat_at_home"})

    treatment = build_summary(
        a_material(held=(held,)), CARD_ONLY, sights=sights(), organisations=ORGANISATIONS
    ).treatment

    assert treatment is not None
    assert treatment.is_disputed
    assert treatment.rivals[0].words == "Ceiling of treatment: Treat at home first"
    assert treatment.rivals[0].by.who == "L Hart, paramedic, Northdale Ambulance"


def test_a_held_change_of_a_hidden_section_is_hidden_with_it() -> None:
    held = a_held("diagnosis", "put", {"primary": "Something else"})

    seen = visible(a_material(held=(held,)), NEEDS, sights())

    assert seen.held == ()


# --- How the tests look for secrets ----------------------------------------------------------------------------------


def _text_paths(values: dict[str, Value]) -> Iterator[tuple[str, ...]]:
    """Every place of free text in the declared sections; codes, dates and numbers have a fixed form."""
    for section, value in values.items():
        sight = sights()[section]
        yield from ((section, name) for name in value if _is_text(sight.fields.get(name), name))
        for item_id, item in value.get("items", {}).items():
            yield from ((section, item_id, name) for name in item if _is_text(sight.item_fields.get(name), name))


def _is_text(field: FieldSight | None, name: str) -> bool:
    if field is None or name.startswith(("nhs_number", "superseded")) or name == "call_order":
        return False
    return field.kind in ("text", "textarea") and not field.values


def _with_texts(values: dict[str, Value], texts: dict[tuple[str, ...], str]) -> dict[str, Any]:
    changed = json.loads(json.dumps(values))
    for (section, *path), text in texts.items():
        place = changed[section] if len(path) == 1 else changed[section]["items"][path[0]]
        place[path[-1]] = text
    return changed


def _is_seen(section: str, path: list[str], tiers: frozenset[Tier]) -> bool:
    sight = sights()[section]
    field = sight.fields[path[0]] if len(path) == 1 else sight.item_fields[path[1]]
    return can_see(field, tiers) and not field.is_masked


def _without_names_of_staff(value: Any) -> Any:
    """A signer's name stays on a decision; it is the organisation that leads to the door."""
    if isinstance(value, dict):
        staff = ("said", "signer", "by", "changed", "seen_by")
        return {key: _without_names_of_staff(part) for key, part in value.items() if key not in staff}
    return [_without_names_of_staff(part) for part in value] if isinstance(value, list) else value
