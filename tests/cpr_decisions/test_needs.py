"""What an entry needs of itself: the table that the register refuses by is the one that tablets read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from epaccs.cpr_decisions.rules import EditKind
from epaccs.cpr_decisions.rules.needs import Condition, Need, Verb, find_unmet, one_of
from epaccs.cpr_decisions.rules.requirements import (
    DECISION_NEEDS,
    NEEDS_WITHOUT_PROXY,
    REVIEW_NEEDS,
    needs_of_consultee,
)
from epaccs.cpr_decisions.schema import OFFLINE_KINDS, build_offline_forms, nest, path_of

#: Read by `tests/js/needs.test.js` as well.
SHARED: dict[str, Any] = json.loads((Path(__file__).parents[1] / "js" / "needs.json").read_text(encoding="utf-8"))
NEEDS = (*DECISION_NEEDS, *(need for number in range(3) for need in needs_of_consultee(number)), *NEEDS_WITHOUT_PROXY)


def test_the_rows_of_both_programs_are_the_same() -> None:
    assert SHARED["needs"] == [need.to_value() for need in NEEDS]


@pytest.mark.parametrize("case", [pytest.param(one, id=one["name"]) for one in SHARED["cases"]])
def test_an_entry_lacks_what_its_needs_say(case: dict[str, Any]) -> None:
    faults = [[fault.field, fault.message] for fault in find_unmet(NEEDS, case["said"])]

    assert faults == case["unmet"]


def test_every_row_is_unmet_by_some_entry_and_met_by_another() -> None:
    unmet = [{(field, words) for field, words in case["unmet"]} for case in SHARED["cases"]]
    told = {one for case in unmet for one in case}

    never = [need for need in (*DECISION_NEEDS, *needs_of_consultee(0)) if not _may_be(need, told)]

    assert never == []
    assert [] in [case["unmet"] for case in SHARED["cases"]]


def _may_be(need: Need, told: set[tuple[str, str]]) -> bool:
    first, _, rest = need.sentence.partition("{who}")
    return any(need.field == field and words.startswith(first) and words.endswith(rest) for field, words in told)


def test_what_is_named_stands_in_the_sentence() -> None:
    need = Need("a", "Ask {who}", (Condition("a", Verb.BLANK),), named="name")

    assert [fault.message for fault in find_unmet([need], {"name": "Ann"})] == ["Ask Ann"]
    assert [fault.message for fault in find_unmet([need], {})] == ["Ask this person"]


def test_true_and_false_reach_a_tablet_as_such() -> None:
    assert Need("a", "", (one_of("a", True, "x"),)).to_value()["when"] == [["a", "one_of", [True, "x"]]]


def test_each_form_for_tablets_declares_every_question_that_it_prints() -> None:
    for one in build_offline_forms():
        shown = [name for name in one.form.names if one.form.field(name).kind != "hidden"]
        declared = [field["name"] for field in one.declared["fields"]]

        assert declared == shown, one.kind
        assert {_path_of(field) for field in one.declared["fields"]} == {path_of(name) for name in shown}
        assert all(_leads_somewhere(need["field"], one.declared["fields"]) for need in one.declared["needs"]), one.kind


def _path_of(field: dict[str, Any]) -> str:
    return str(field.get("path", field["name"]))


def _leads_somewhere(path: str, fields: list[dict[str, Any]]) -> bool:
    return any(_path_of(field) == path or _path_of(field).startswith(f"{path}.") for field in fields)


def test_only_what_names_no_other_part_of_the_section_is_printed_for_tablets() -> None:
    assert OFFLINE_KINDS == (
        EditKind.WRONG_PERSON_FLAG,
        EditKind.SIGN,
        EditKind.REVIEWED_AND_CONTINUES,
        EditKind.REVOKE,
    )


def test_a_review_without_a_next_one_is_refused_in_the_words_of_the_page() -> None:
    review = next(one for one in build_offline_forms() if one.kind == EditKind.REVIEWED_AND_CONTINUES)

    assert review.declared["needs"] == [need.to_value() for need in REVIEW_NEEDS]
    assert [fault.field for fault in find_unmet(REVIEW_NEEDS, {})] == ["review_on"]
    assert not list(find_unmet(REVIEW_NEEDS, {"no_review_reason": "In the last days"}))


def test_a_cancelling_without_its_time_and_reason_is_refused_in_the_words_of_the_page() -> None:
    revoke = next(one for one in build_offline_forms() if one.kind == EditKind.REVOKE)

    assert [(field["name"], field["ask"]) for field in revoke.declared["fields"] if "ask" in field] == [
        ("decided_at", "Enter the date and time of cancelling"),
        ("reason", "Choose why it is cancelled"),
    ]


def test_people_who_were_asked_stand_in_the_order_of_their_boxes() -> None:
    flat = {"consultation_people_1_name": "Ann", "consultation_people_0_name": "Bo", "consultation_nobody_close": "yes"}

    assert nest(flat) == {"consultation": {"people": [{"name": "Bo"}, {"name": "Ann"}], "nobody_close": True}}
