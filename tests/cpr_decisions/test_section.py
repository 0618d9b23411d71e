"""What the CPR section knows of other sections is the same as they know themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime

from epaccs.care_plans.rules import ADRT_CHECKLIST
from epaccs.care_plans.sections import SECTIONS
from epaccs.cpr_decisions import section
from epaccs.cpr_decisions.rules import EditKind
from epaccs.cpr_decisions.schema import FORMS
from epaccs.cpr_decisions.section import around_of

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def test_both_rooms_check_an_advance_decision_by_the_same_list() -> None:
    assert set(section._CHECKLIST) == set(ADRT_CHECKLIST)


def test_every_fact_read_from_another_section_is_declared_there() -> None:
    legal, risks = SECTIONS["legal"].item_fields(), SECTIONS["risks"].fields()

    assert set(section._CHECKLIST) <= set(legal)
    assert {"refuses_cpr", "withdrawn_on", "made_on", "document_seen_by", "authority_life_sustaining"} <= set(legal)
    assert "icd" in risks
    assert "level" in SECTIONS["treatment_level"].fields()


def test_an_advance_decision_is_read_with_what_it_lacks() -> None:
    item = {"kind": "adrt", "refuses_cpr": True, "document_seen_by": "Dr A Patel", "is_written": True}
    around = around_of({"legal": {"items": {"one": item}}}, now=NOW, today=date(2026, 11, 21))

    assert around.adrts[0].document_seen
    assert "signed" in around.adrts[0].missing
    assert "written" not in around.adrts[0].missing


def test_an_attorney_whose_authority_ended_need_not_be_answered_for() -> None:
    attorney = {"kind": "lpa", "name": "Chidi Okonkwo", "authority_life_sustaining": "yes"}
    items = {"one": {**attorney, "withdrawn_on": "2026-02-01"}, "two": {**attorney, "name": "Ada Obi"}}
    around = around_of({"legal": {"items": items}}, now=NOW, today=date(2026, 11, 21))

    assert [proxy.name for proxy in around.proxies] == ["Ada Obi"]


def test_every_kind_of_edit_but_those_of_the_register_itself_has_a_form() -> None:
    assert set(EditKind) - set(FORMS) == {EditKind.ENDED_BY_DEATH, EditKind.DEATH_REVERSED}
