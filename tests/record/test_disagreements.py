"""Answers that cannot both be true, or that somebody must look at: each pair, and the innocent neighbour beside it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update

from epaccs.access.rules import Tier
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import writing
from epaccs.core.errors import RuleBroken
from epaccs.handover.pdf import build_html
from epaccs.record.declared import sights
from epaccs.record.model import StoredCard
from epaccs.record.queries.disagreements import people_with_disagreements
from epaccs.record.rules.card import Site, build_card
from epaccs.record.rules.disagreements import CONTRADICTIONS, check_possible, find_disagreements, find_field
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from epaccs.versions.rules import Outcome
from tests.factories import a_clinician, a_registered_person, an_edit
from tests.handover.specimens import a_sheet
from tests.pages import text_of
from tests.record.people import CARD_ONLY, CPR, DECISION, EVERYTHING, RECORDED_AT, a_summary
from tests.record.visits import a_person_with_everything, a_signer, open_record, visit

FOR_CPR = {"recommendation": "for_cpr", "reason": "benefit_expected"}
WITH_CAPACITY = {"has_capacity": True, "assessed_at": RECORDED_AT.isoformat()}
WITHOUT = {**WITH_CAPACITY, "has_capacity": False}
ADRT = {"kind": "adrt", "refuses": "CPR", "refuses_cpr": True, "document_seen_by": "Dr A Patel"}
FULL = {"level": "full_escalation"}
COMFORT = {"level": "comfort_only"}
ATTORNEY = {"kind": "lpa", "name": "Chidi Okonkwo", "authority_life_sustaining": "yes"}
SON = {"kind": "personal", "name": "Chidi  OKONKWO", "roles": ["main_carer"]}
LACKS = {"decision": "Whether to attempt CPR", "outcome": "lacks", "assessed_on": "2026-11-21"}


def decided(**fields: Any) -> dict[str, Any]:
    """A CPR decision in force."""
    return {"decisions": [{**DECISION, **fields}]}


def items(*lines: dict[str, Any]) -> dict[str, Any]:
    """A list of these lines."""
    return {"items": {str(number): line for number, line in enumerate(lines)}}


def keys(sections: dict[str, Any], tiers: frozenset[Tier] = EVERYTHING, *, restricted: bool = False) -> set[str]:
    return {one.key for one in find_disagreements(sections, sights(), tiers, restricted=restricted)}


#: key -> the answers that disagree under it, by what a clinician would call them.
DISAGREE: dict[str, dict[str, dict[str, Any]]] = {
    "cpr_and_level": {
        "CPR recommended beside comfort only": {"cpr": decided(**FOR_CPR), "treatment_level": COMFORT},
        "CPR recommended beside treat at home": {
            "cpr": decided(**FOR_CPR),
            "treatment_level": {"level": "treat_at_home"},
        },
    },
    "cpr_and_advance_decision": {
        "CPR recommended beside a refusal that was seen": {
            "cpr": decided(**FOR_CPR),
            "legal": items({**ADRT, "made_on": "2025-01-01"}),
        },
        "the refusal has no date": {
            "cpr": decided(**FOR_CPR, capacity=WITH_CAPACITY, involvement={"person_involved": True}),
            "legal": items(ADRT),
        },
    },
    "cpr_rests_on_advance_decision": {
        "not for CPR by an advance decision that was withdrawn": {
            "cpr": decided(reason="advance_decision"),
            "legal": items({**ADRT, "withdrawn_on": "2026-11-20"}),
        },
        "not for CPR by an advance decision that is nowhere": {"cpr": decided(reason="advance_decision")},
    },
    "cpr_rests_on_attorney": {
        "not for CPR by an attorney whose authority ended": {
            "cpr": decided(reason="attorney_refuses", refused_by={"name": "Chidi Okonkwo"}),
            "legal": items({**ATTORNEY, "withdrawn_on": "2026-11-20"}),
        },
        "not for CPR by an attorney who may not decide that": {
            "cpr": decided(reason="attorney_refuses", refused_by={"name": "Chidi Okonkwo"}),
            "legal": items({**ATTORNEY, "authority_life_sustaining": "no"}),
        },
        "not for CPR by an attorney nobody named": {"cpr": decided(reason="attorney_refuses")},
    },
    "cpr_and_capacity": {
        "decided with the person, who lacks capacity since": {
            "cpr": decided(capacity=WITH_CAPACITY),
            "capacity": items(LACKS),
        },
        "decided without the person, who has capacity since": {
            "cpr": decided(capacity=WITHOUT),
            "capacity": items({**LACKS, "outcome": "has", "decision": "DNACPR"}),
        },
    },
    "cpr_and_what_they_know": {
        "does not know how ill they are, took part in the decision": {
            "cpr": decided(aware=[], involvement={"person_involved": True}),
            "diagnosis": {"person_knows": False},
        },
        "does not know how ill they are, knows of the decision": {
            "cpr": decided(aware=["person"]),
            "diagnosis": {"person_knows": False},
        },
    },
    "level_rules_out_aim": {
        "comfort only, to extend life": {"treatment_level": {**COMFORT, "clinical_focus": "extend_life"}}
    },
    "level_against_aim": {
        "full treatment, comfort comes first": {"treatment_level": {**FULL, "clinical_focus": "comfort"}}
    },
    "level_against_wish": {
        "wants to live, comfort only": {"treatment_level": COMFORT, "about_me": {"life_or_comfort": "life"}},
        "wants to live, treat at home": {
            "treatment_level": {"level": "treat_at_home"},
            "about_me": {"life_or_comfort": "life"},
        },
        "wants comfort, full treatment": {"treatment_level": FULL, "about_me": {"life_or_comfort": "comfort"}},
    },
    "level_against_place": {
        "stay where they are, to die in hospital": {
            "treatment_level": COMFORT,
            "preferred_places": {"death_first": "hospital"},
        },
        "stay where they are, cared for in a community hospital": {
            "treatment_level": COMFORT,
            "preferred_places": {"care_first": "community_hospital", "death_first": "home"},
        },
    },
    "level_against_advance_decision": {
        "full treatment, life-sustaining treatment refused": {
            "treatment_level": FULL,
            "legal": items({**ADRT, "refuses_cpr": False, "refuses_life_sustaining": True}),
        }
    },
    "icd_and_devices": {
        "no ICD, a defibrillator among the devices": {
            "risks": {"icd": "none"},
            "current_medicines": {"devices": "Catheter. Defibrillator, left chest"},
        }
    },
    "icd_and_level": {"comfort only, ICD active": {"risks": {"icd": "active"}, "treatment_level": COMFORT}},
    "oxygen_and_medicines": {
        "no oxygen at home, oxygen taken": {
            "risks": {"oxygen": False},
            "current_medicines": items({"name": "Oxygen, 2 litres", "status": "taken"}),
        }
    },
    "latex_and_no_allergies": {
        "no known allergies, latex allergy": {"allergies": {"status": "none_known"}, "risks": {"alerts": ["latex"]}}
    },
    "allergy_and_authorised": {
        "allergic to what may be given": {
            "allergies": {"status": "known", **items({"agent": "Morphine"})},
            "medicines": {"status": "in_home", **items({"name": "Morphine sulfate"})},
        }
    },
    "allergy_and_taken": {
        "allergic to what is taken": {
            "allergies": {"status": "known", **items({"agent": "Codeine"}, {"agent": "Penicillin V"})},
            "current_medicines": items({"name": "Penicillin", "status": "taken"}),
        }
    },
    "driver_and_status": {
        "driver in use, nothing arranged": {"medicines": {"status": "not_arranged", "syringe_driver": True}}
    },
    "contact_and_authority": {
        "not to be contacted, and the attorney": {
            "contacts": items({"name": "Ada Obi"}, {**SON, "roles": [], "do_not_contact": True}),
            "legal": items(ATTORNEY),
        },
        "not to be contacted, and the deputy": {
            "contacts": items({**SON, "roles": [], "do_not_contact": True}),
            "legal": items({"kind": "deputy", "name": "Chidi Okonkwo"}),
        },
    },
    "contact_and_main_carer": {
        "not to be contacted, and the main carer": {
            "contacts": items({"name": "Ada Obi", "do_not_contact": True}, {**SON, "do_not_contact": True})
        }
    },
    "no_carer_and_contact": {
        "no carer, and a main carer": {
            "identity": {"main_carer": "no_carer"},
            "contacts": items({"name": "Ada Obi"}, SON),
        }
    },
    "carer_and_assessment": {
        "a carer, and none to assess": {
            "identity": {"main_carer": "has_carer"},
            "carer": {"assessment": "no_carer"},
        }
    },
    "carer_and_what_they_know": {
        "the carer does not know, the son who cares does": {
            "diagnosis": {"carer_knows": False},
            "contacts": items({"name": "Ada Obi"}, {**SON, "knows_diagnosis": True}),
        }
    },
    "prognosis_and_stage": {
        "days, and stage A": {"diagnosis": {"prognosis": "days", "gold_standards": "a"}},
        "more than a year, and stage C": {"diagnosis": {"prognosis": "more_than_a_year", "gold_standards": "c"}},
    },
    "prognosis_and_surprise": {
        "weeks, and it would be a surprise": {"diagnosis": {"prognosis": "weeks", "surprise": "would"}}
    },
    "prognosis_and_phase": {
        "months, and found dying since": {
            "diagnosis": {"prognosis": "months", "prognosis_on": "2026-10-01"},
            "function": items(
                {"observed_on": "2026-09-01", "phase": "stable"}, {"observed_on": "2026-11-01", "phase": "dying"}
            ),
        },
        "a year, and found dying, no date of the prognosis": {
            "diagnosis": {"prognosis": "about_a_year"},
            "function": items({"observed_on": "2026-11-01", "phase": "dying"}),
        },
    },
    "place_and_residence": {
        "usually lives in the hospice": {
            "preferred_places": {"death_first": "hospice", "death_first_is_usual_residence": True}
        },
        "second choice: usually lives in the hospital": {
            "preferred_places": {
                "death_first": "home",
                "death_first_is_usual_residence": True,
                "death_second": "hospital",
                "death_second_is_usual_residence": True,
            }
        },
    },
    "place_and_care_home": {
        "lives in a nursing home that nobody named": {
            "preferred_places": {"death_first": "nursing_home", "death_first_is_usual_residence": True}
        }
    },
    "care_home_and_accommodation": {
        "a care home, and an own home": {
            "identity": {"care_home_ods": "A99002"},
            "details": {"accommodation": "own"},
        }
    },
}

#: Answers that stand beside each other in peace, though they look like the ones above.
INNOCENT: dict[str, dict[str, Any]] = {
    "nothing recorded": {},
    "not for CPR beside comfort only": {"cpr": CPR, "treatment_level": COMFORT},
    "CPR recommended beside hospital ward": {"cpr": decided(**FOR_CPR), "treatment_level": {"level": "ward_no_icu"}},
    "CPR beside comfort only, and the level says why": {
        "cpr": decided(**FOR_CPR),
        "treatment_level": {**COMFORT, "contradiction_reason": "Until her son is here"},
    },
    "CPR beside comfort only, and the decision says why": {
        "cpr": decided(**FOR_CPR, contradiction_reason="Until her son is here"),
        "treatment_level": COMFORT,
    },
    "no decision in force beside comfort only": {
        "cpr": decided(**FOR_CPR, status="revoked"),
        "treatment_level": COMFORT,
    },
    "CPR recommended, the refusal withdrawn": {
        "cpr": decided(**FOR_CPR),
        "legal": items({**ADRT, "withdrawn_on": "2026-11-01"}),
    },
    "CPR recommended, the refusal only told of": {
        "cpr": decided(**FOR_CPR),
        "legal": items({**ADRT, "document_seen_by": ""}),
    },
    "CPR recommended later, with the person, who had capacity": {
        "cpr": decided(**FOR_CPR, capacity=WITH_CAPACITY, involvement={"person_involved": True}),
        "legal": items({**ADRT, "made_on": "2025-01-01"}),
    },
    "not for CPR by an advance decision that stands": {
        "cpr": decided(reason="advance_decision"),
        "legal": items(ADRT),
    },
    "not for CPR by a withdrawn advance decision, and the decision says why": {
        "cpr": decided(reason="advance_decision", contradiction_reason="Renewed on paper, not yet here"),
    },
    "not for CPR by an attorney who may decide": {
        "cpr": decided(reason="attorney_refuses", refused_by={"name": "chidi okonkwo"}),
        "legal": items({"kind": "adrt"}, ATTORNEY),
    },
    "not for CPR by an attorney, and the decision says why": {
        "cpr": decided(reason="attorney_refuses", contradiction_reason="Document in the post"),
    },
    "an older finding of no capacity": {
        "cpr": decided(capacity=WITH_CAPACITY),
        "capacity": items({**LACKS, "assessed_on": "2026-03-01"}),
    },
    "lacks capacity for another decision": {
        "cpr": decided(capacity=WITH_CAPACITY),
        "capacity": items({**LACKS, "decision": "Where to live"}),
    },
    "lacks capacity, as the decision says": {"cpr": decided(capacity=WITHOUT), "capacity": items(LACKS)},
    "capacity for CPR may come back": {
        "cpr": decided(capacity=WITH_CAPACITY),
        "capacity": items({**LACKS, "outcome": "wait"}),
    },
    "nobody recorded capacity with the decision": {"cpr": decided(capacity={}), "capacity": items(LACKS)},
    "does not know how ill they are, nor of the decision": {
        "cpr": decided(aware=["family"]),
        "diagnosis": {"person_knows": False},
    },
    "nobody recorded whether they know": {"cpr": decided(aware=["person"]), "diagnosis": {"primary": "Frailty"}},
    "full treatment, to extend life": {"treatment_level": {**FULL, "clinical_focus": "extend_life"}},
    "comfort only, comfort comes first": {"treatment_level": {**COMFORT, "clinical_focus": "comfort"}},
    "hospital for comfort, wants to live": {
        "treatment_level": {"level": "hospital_for_symptoms"},
        "about_me": {"life_or_comfort": "life"},
    },
    "full treatment, both alike": {"treatment_level": FULL, "about_me": {"life_or_comfort": "both"}},
    "stay where they are, to die in the hospice": {
        "treatment_level": COMFORT,
        "preferred_places": {"care_first": "home", "death_first": "hospice"},
    },
    "hospital for comfort, to die in hospital": {
        "treatment_level": {"level": "hospital_for_symptoms"},
        "preferred_places": {"death_first": "hospital"},
    },
    "ward treatment, life-sustaining treatment refused": {
        "treatment_level": {"level": "ward_no_icu"},
        "legal": items({**ADRT, "refuses_life_sustaining": True}),
    },
    "full treatment, only CPR refused": {"treatment_level": FULL, "legal": items(ADRT)},
    "no ICD, and the devices say so": {"risks": {"icd": "none"}, "current_medicines": {"devices": "Stoma. No ICD."}},
    "no ICD, a catheter": {"risks": {"icd": "none"}, "current_medicines": {"devices": "Catheter"}},
    "ICD switched off, an ICD among the devices": {
        "risks": {"icd": "deactivated"},
        "current_medicines": {"devices": "ICD"},
        "treatment_level": COMFORT,
    },
    "ICD active, full treatment": {"risks": {"icd": "active"}, "treatment_level": FULL},
    "no oxygen at home, oxygen stopped": {
        "risks": {"oxygen": False},
        "current_medicines": items({"name": "Oxygen", "status": "stopped"}),
    },
    "nobody asked about oxygen": {"current_medicines": items({"name": "Oxygen", "status": "taken"})},
    "known allergies, latex allergy": {"allergies": {"status": "known"}, "risks": {"alerts": ["latex"]}},
    "no known allergies, another alert": {"allergies": {"status": "none_known"}, "risks": {"alerts": ["seizures"]}},
    "allergic to something else": {
        "allergies": {"status": "known", **items({"agent": "Codeine"})},
        "medicines": {"status": "in_home", **items({"name": "Morphine sulfate"})},
        "current_medicines": items({"name": "Codeine", "status": "stopped"}),
    },
    "no longer allergic to what may be given": {
        "allergies": {"status": "known", **items({"agent": "Morphine", "ended_on": "2020-01-01"})},
        "medicines": {"status": "in_home", **items({"name": "Morphine sulfate"})},
    },
    "an agent of two letters names no medicine": {
        "allergies": {"status": "known", **items({"agent": "E 102"}, {"agent": "-"})},
        "medicines": {"status": "in_home", **items({"name": "Vitamin E"})},
    },
    "driver in use, medicines in the home": {"medicines": {"status": "in_home", "syringe_driver": True}},
    "no driver, nothing arranged": {"medicines": {"status": "not_arranged", "syringe_driver": False}},
    "the attorney is to be called": {"contacts": items({**SON, "roles": []}), "legal": items(ATTORNEY)},
    "not to be contacted, and no attorney any more": {
        "contacts": items({**SON, "roles": ["next_of_kin"], "do_not_contact": True}),
        "legal": items({**ATTORNEY, "withdrawn_on": "2026-11-01"}),
    },
    "not to be contacted, an attorney for money": {
        "contacts": items({**SON, "roles": [], "do_not_contact": True}),
        "legal": items({"kind": "lpa_property", "name": "Chidi Okonkwo"}),
    },
    "no name beside no name": {
        "contacts": items({"name": "", "do_not_contact": True}),
        "legal": items({"kind": "lpa", "name": ""}),
    },
    "no carer any more": {
        "identity": {"main_carer": "no_carer"},
        "contacts": items({**SON, "ended_on": "2026-01-01"}),
        "carer": {"assessment": "no_carer"},
    },
    "a carer, assessed": {"identity": {"main_carer": "has_carer"}, "carer": {"assessment": "done"}},
    "the carer does not know, the sister does": {
        "diagnosis": {"carer_knows": False},
        "contacts": items({**SON, "knows_diagnosis": False}, {"name": "Ada Obi", "knows_diagnosis": True}),
    },
    "weeks, and stage D": {"diagnosis": {"prognosis": "weeks", "gold_standards": "d"}},
    "about a year, and stage A": {"diagnosis": {"prognosis": "about_a_year", "gold_standards": "a"}},
    "a stage and no prognosis": {"diagnosis": {"gold_standards": "a"}},
    "more than a year, and it would be a surprise": {
        "diagnosis": {"prognosis": "more_than_a_year", "surprise": "would"}
    },
    "weeks, and it would be no surprise": {"diagnosis": {"prognosis": "weeks", "surprise": "would_not"}},
    "found dying, then months again": {
        "diagnosis": {"prognosis": "months", "prognosis_on": "2026-11-10"},
        "function": items({"observed_on": "2026-11-01", "phase": "dying"}),
    },
    "weeks, and found dying": {
        "diagnosis": {"prognosis": "weeks"},
        "function": items({"observed_on": "2026-11-01", "phase": "dying"}),
    },
    "months, and never judged by phase": {
        "diagnosis": {"prognosis": "months"},
        "function": items({"observed_on": "2026-11-01", "akps": "50"}),
    },
    "months, found dying, then stable": {
        "diagnosis": {"prognosis": "months"},
        "function": items(
            {"observed_on": "2026-11-01", "phase": "dying"}, {"observed_on": "2026-11-09", "phase": "stable"}
        ),
    },
    "to die in the hospice, lives elsewhere": {
        "preferred_places": {"death_first": "hospice", "death_first_is_usual_residence": False}
    },
    "lives in the nursing home that is recorded": {
        "preferred_places": {"death_first": "nursing_home", "death_first_is_usual_residence": True},
        "identity": {"care_home_ods": "A99002"},
        "details": {"accommodation": "nursing_home"},
    },
    "wants to go into a nursing home": {"preferred_places": {"death_first": "nursing_home"}},
    "an own home, and no care home": {"identity": {"family_name": "Ng"}, "details": {"accommodation": "own"}},
}

DISAGREEING = [(key, name, values) for key, cases in DISAGREE.items() for name, values in cases.items()]


def test_every_line_of_the_table_has_answers_that_disagree() -> None:
    assert list(DISAGREE) == [one.key for one in CONTRADICTIONS]
    assert len({one.key for one in CONTRADICTIONS}) == len(CONTRADICTIONS)


@pytest.mark.parametrize(("key", "sections"), [pytest.param(key, values, id=name) for key, name, values in DISAGREEING])
def test_answers_that_disagree_are_found(key: str, sections: dict[str, Any]) -> None:
    found = {one.key: one for one in find_disagreements(sections, sights(), EVERYTHING, restricted=False)}

    assert key in found
    assert ", and " in found[key].words, "it names both answers"
    assert found[key].words.endswith("."), "and ends with what to do"


@pytest.mark.parametrize("sections", [pytest.param(values, id=name) for name, values in INNOCENT.items()])
def test_answers_that_agree_are_left_alone(sections: dict[str, Any]) -> None:
    assert keys(sections) == set()


def test_every_field_that_is_read_is_declared() -> None:
    for one in CONTRADICTIONS:
        for section, names in one.reads.items():
            assert [find_field(sights()[section], name).label for name in names] != [""]


# --- Whoever sees one answer only ------------------------------------------------------------------------------------


def test_an_answer_that_is_hidden_is_not_told_by_what_disagrees_with_it() -> None:
    sections = DISAGREE["allergy_and_taken"]["allergic to what is taken"]

    assert keys(sections) == {"allergy_and_taken"}
    assert keys(sections, CARD_ONLY) == set()


def test_a_restricted_address_is_not_told_by_what_disagrees_with_it() -> None:
    sections = DISAGREE["care_home_and_accommodation"]["a care home, and an own home"]

    assert keys(sections, restricted=True) == set()


def test_a_practice_is_not_named_by_what_disagrees_while_the_address_is_restricted() -> None:
    practice = {"kind": "professional", "name": "Elm Street Surgery", "do_not_contact": True, "roles": ["main_carer"]}
    sections = {"contacts": items(practice), "no such section": {}}

    assert keys(sections) == {"contact_and_main_carer"}
    assert keys(sections, restricted=True) == set()
    assert keys({"contacts": items({**practice, "kind": "personal"})}, restricted=True) == {"contact_and_main_carer"}


def test_nothing_waits_to_be_settled_of_somebody_who_died() -> None:
    sections = DISAGREE["driver_and_status"]["driver in use, nothing arranged"]

    assert keys({**sections, "lifecycle": {"death": {"status": "confirmed"}}}) == set()
    assert keys({**sections, "lifecycle": {"death": {"status": "reported"}}}) == {"driver_and_status"}


# --- What is impossible is refused -----------------------------------------------------------------------------------

IMPOSSIBLE = [(name, values) for one in CONTRADICTIONS if one.is_refused for name, values in DISAGREE[one.key].items()]


@pytest.mark.parametrize("sections", [pytest.param(values, id=name) for name, values in IMPOSSIBLE])
def test_what_cannot_be_true_is_refused_in_each_section_that_says_it(sections: dict[str, Any]) -> None:
    for section, value in sections.items():
        before = {name: one for name, one in sections.items() if name != section}
        with pytest.raises(RuleBroken) as refused:
            check_possible(before, sections, section=section, sights=sights())
        assert refused.value.field in value


@pytest.mark.parametrize(
    "sections",
    [pytest.param(values, id=name) for key, name, values in DISAGREEING if (name, values) not in IMPOSSIBLE],
)
def test_what_is_possible_is_kept(sections: dict[str, Any]) -> None:
    for section in sections:
        check_possible({}, sections, section=section, sights=sights())


def test_what_was_impossible_before_is_shown_and_stops_no_other_change() -> None:
    _name, before = IMPOSSIBLE[0]
    after = {"treatment_level": {**before["treatment_level"], "guidance": "Fluids by mouth"}}

    check_possible(before, after, section="treatment_level", sights=sights())
    check_possible({}, before, section="allergies", sights=sights())

    assert keys(after) == {"level_rules_out_aim"}


def test_a_latex_allergy_beside_none_known_is_refused_by_the_one_writer(app: Flask) -> None:
    gp = a_clinician(Role.GP)
    entry_id = a_registered_person(gp)
    apply_edit(gp, an_edit(entry_id, "allergies", {"status": "none_known"}))

    with pytest.raises(RuleBroken, match=r"latex allergy\. List the allergy, or untick the alert") as refused:
        apply_edit(gp, an_edit(entry_id, "risks", {"alerts": ["latex"]}))
    apply_edit(gp, an_edit(entry_id, "allergies", {"status": "known"}))
    applied = apply_edit(gp, an_edit(entry_id, "risks", {"alerts": ["latex"]}))

    assert refused.value.field == "alerts"
    assert applied.outcome is Outcome.APPLIED


def test_a_form_that_says_what_cannot_be_true_keeps_what_was_typed(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    pages = open_record(app, gp, entry_id).open(f"/record/{entry_id}/plan/treatment_level")

    pages.fill(level="comfort_only", clinical_focus="extend_life").submit("Save", status=422)

    assert "Choose another ceiling or another aim." in " ".join(pages.errors())
    assert pages.value_of("clinical_focus") == "extend_life"
    recorded = find_recorded(entry_id, "treatment_level")
    assert recorded is not None
    assert recorded.value["level"] == "hospital_for_symptoms"


# --- Where it is shown -----------------------------------------------------------------------------------------------

DRIVER = {"status": "not_arranged", "syringe_driver": True}
SENTENCE = "A syringe driver is in use, and anticipatory medicines are “Not arranged”."


def test_card_and_record_say_what_disagrees_beside_the_sections_concerned(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    apply_edit(gp, an_edit(entry_id, "medicines", DRIVER))

    pages = open_record(app, gp, entry_id)

    pages.see(f"Two answers disagree: {SENTENCE}")
    blocks = [text_of(block) for block in pages.page.with_class("app-disagrees")]
    assert len(blocks) == 2, "on the card and beside the section"
    for block in pages.page.with_class("app-disagrees"):
        assert [link.get("href") for link in block.iter("a")] == ["#section-medicines"]
    assert "section-medicines" in pages.page.ids


def test_a_disagreement_goes_with_the_answer_that_made_it(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    apply_edit(gp, an_edit(entry_id, "medicines", DRIVER))
    apply_edit(gp, an_edit(entry_id, "medicines", {**DRIVER, "status": "in_home"}))

    open_record(app, gp, entry_id).see_nothing_of("Two answers disagree")


def test_the_card_leaves_out_what_the_line_about_cpr_says_already() -> None:
    summary = a_summary(cpr=decided(**FOR_CPR), treatment_level=COMFORT, risks={"icd": "active"})
    site = Site(control_telephone="01632 960103")
    card = build_card(summary, now=RECORDED_AT, copy_left_at=RECORDED_AT, site=site)

    assert {one.key for one in summary.disagreements} == {"cpr_and_level", "icd_and_level"}
    assert [one.key for one in card.disagreements] == ["icd_and_level"]
    assert card.disagreements[0].places == (("risks", "Alerts and access"), ("treatment_level", "Treatment level"))


def test_the_sheet_says_it_on_the_card_and_in_the_plan() -> None:
    html = build_html(a_sheet("not for CPR", medicines={**DRIVER, "last_checked_on": "2026-11-18"}))

    assert html.count("A syringe driver is in use, and anticipatory medicines are") == 2


# --- Whose record it is ----------------------------------------------------------------------------------------------


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_signer()


def listed(actor: Actor) -> list[UUID]:
    return [one.entry_id for one in people_with_disagreements(actor)]


def test_the_list_holds_those_in_reach_whose_answers_disagree_and_nobody_else(gp: Actor) -> None:
    agreeing, disagreeing = a_registered_person(gp), a_registered_person(gp)
    elsewhere = a_clinician(Role.GP)
    apply_edit(gp, an_edit(agreeing, "medicines", {"status": "not_arranged"}))
    apply_edit(gp, an_edit(disagreeing, "medicines", DRIVER))

    assert listed(gp) == [disagreeing]
    assert listed(elsewhere) == []


def test_what_would_mislead_a_crew_stands_first(gp: Actor) -> None:
    routine = a_registered_person(gp, family_name="Abbott")
    urgent = a_registered_person(gp, family_name="Young")
    apply_edit(gp, an_edit(routine, "preferred_places", A_CARE_HOME))
    apply_edit(gp, an_edit(urgent, "medicines", DRIVER))

    assert [(one.entry_id, one.is_for_crew) for one in people_with_disagreements(gp)] == [
        (urgent, True),
        (routine, False),
    ]


A_CARE_HOME = {"death_first": "nursing_home", "death_first_is_usual_residence": True}


def test_whoever_cares_for_a_whole_area_leafs_through_nobody(gp: Actor) -> None:
    entry_id = a_registered_person(gp)
    apply_edit(gp, an_edit(entry_id, "medicines", DRIVER))

    assert listed(a_clinician(Role.OUT_OF_HOURS_GP)) == []


@pytest.mark.parametrize(
    "section", [pytest.param(DRIVER, id="disagrees"), pytest.param({"status": "in_home"}, id="agrees")]
)
def test_a_card_from_before_a_release_is_worked_out_again(gp: Actor, section: dict[str, Any]) -> None:
    entry_id = a_registered_person(gp)
    apply_edit(gp, an_edit(entry_id, "medicines", section))
    with writing() as session:
        session.execute(update(StoredCard).values(shape="older"))

    assert listed(gp) == ([entry_id] if section is DRIVER else [])


def test_the_page_leads_from_the_first_page_to_the_record_and_tells_no_answer(app: Flask, gp: Actor) -> None:
    entry_id = a_registered_person(gp, family_name="Okonkwo")
    apply_edit(gp, an_edit(entry_id, "medicines", DRIVER))

    pages = visit(app, gp).open("/").follow("Whose answers disagree")

    pages.see("OKONKWO", "Would mislead a crew", "Medicines in the home")
    pages.see_nothing_of("syringe driver", "Not arranged")
    pages.follow("OKONKWO, Grace, born 06-Jan-1941").see("Why")


def test_the_page_says_when_there_is_nobody(app: Flask, gp: Actor) -> None:
    visit(app, gp).open("/disagreements").see("No answers disagree among the people you care for.")
    visit(app, a_clinician(Role.OUT_OF_HOURS_GP)).open("/disagreements").see("Your service cares for a whole area")
