"""How a decision was made, as the plan says it on paper."""

from __future__ import annotations

from typing import Any

import pytest

from epaccs.handover.particulars import build_cpr_section
from tests.handover.specimens import NEEDS_ONLY, a_sheet, load


def answers(**changes: Any) -> dict[str, str]:
    """The section of the usual decision with other facts."""
    decision = {**load()["person"]["cpr"]["decisions"][0], **changes}
    section = build_cpr_section(a_sheet(cpr={"decisions": [decision]}).card)
    assert section is not None
    return {line.label: line.words for line in section.lines}


@pytest.mark.parametrize(
    ("changes", "question", "answer"),
    [
        pytest.param({}, "Signed by", "Dr A Patel, GP, Elm Street Surgery, 1234567", id="signer with number"),
        pytest.param({}, "Decided", "20-Nov-2026 14:02", id="decided"),
        pytest.param({}, "Reason", "CPR would not work", id="reason"),
        pytest.param({"reason": None}, "Reason", "Not recorded", id="no reason"),
        pytest.param(
            {"refused_by": {"name": "Chidi Okonkwo", "kind": "attorney"}},
            "Refused by",
            "Chidi Okonkwo",
            id="an attorney refuses",
        ),
        pytest.param({}, "Capacity for this decision", "Yes, assessed 20-Nov-2026 13:30", id="capacity"),
        pytest.param({"capacity": None}, "Capacity for this decision", "Not recorded", id="capacity not recorded"),
        pytest.param(
            {"capacity": {"has_capacity": False, "assessed_by": "Dr B Lee", "detail": "Delirium"}},
            "Capacity for this decision",
            "No by Dr B Lee",
            id="no capacity",
        ),
        pytest.param({}, "Person involved", "Yes", id="involved"),
        pytest.param(
            {"involvement": {"person_involved": False, "not_involved_because": "declined"}},
            "Person involved",
            "No: The person declined to be involved",
            id="declined to be involved",
        ),
        pytest.param(
            {"consultation": {"people": [{"name": "Chidi", "relationship": "son", "consulted": True}]}},
            "Asked",
            "Chidi, son: consulted",
            id="consulted",
        ),
        pytest.param(
            {
                "consultation": {
                    "people": [
                        {"name": "Ada", "kind": "attorney", "consulted": False, "because": "not_practicable",
                         "detail": "abroad"}
                    ]
                }
            },
            "Asked",
            "Ada, Attorney for health and welfare: NOT consulted: It was not practicable (abroad)",
            id="not consulted",
        ),
        pytest.param(
            {"consultation": {"people": [{"name": "Bo"}]}},
            "Asked",
            "Bo, Close to the person: not recorded whether consulted",
            id="not recorded whether consulted",
        ),
        pytest.param({"consultation": {"nobody_close": True}}, "Asked", "There is nobody to consult", id="nobody"),
        pytest.param(
            {"consultation": {"nobody_close": True, "imca": "instructed", "imca_name": "J Fox"}},
            "Advocate",
            "An advocate (IMCA) was instructed: J Fox",
            id="advocate",
        ),
        pytest.param({}, "Who knows", "The person, Family", id="who knows"),
        pytest.param({"aware": []}, "Who knows", "Nobody is recorded to know", id="nobody knows"),
        pytest.param({"person_not_told": "Asleep"}, "Person NOT told, because", "Asleep", id="not told"),
        pytest.param({}, "Review", "20-May-2027", id="review date"),
        pytest.param(
            {"review_on": None, "no_review_reason": "Last days"}, "Review", "None needed: Last days", id="no review"
        ),
        pytest.param({"review_on": None}, "Review", "Not recorded", id="review not recorded"),
        pytest.param({}, "Signed original", "Hall drawer, yellow folder", id="original"),
    ],
)  # fmt: skip
def test_a_decision_says_how_it_was_made(changes: dict[str, Any], question: str, answer: str) -> None:
    assert answers(**changes)[question] == answer


def test_what_was_not_answered_is_left_out() -> None:
    assert "About the reason" not in answers()
    assert "Person involved" not in answers(involvement=None)


@pytest.mark.parametrize(
    ("name", "label", "is_recorded"),
    [
        pytest.param("not for CPR", "CPR decision: how it was made", True, id="in force"),
        pytest.param("died", "CPR decision: how it was made", True, id="ended by death"),
        pytest.param("in doubt", "CPR decision: how the last confirmed one was made", True, id="in doubt"),
        pytest.param("cancelled, none since", "CPR decision: how it was made", False, id="cancelled"),
        pytest.param("nothing recorded", "CPR decision: how it was made", False, id="nothing recorded"),
    ],
)
def test_the_section_says_of_which_decision_it_speaks(name: str, label: str, is_recorded: bool) -> None:
    section = build_cpr_section(a_sheet(name).card)

    assert section is not None
    assert (section.label, section.is_recorded) == (label, is_recorded)


def test_the_recommendation_stands_in_the_line_alone() -> None:
    section = build_cpr_section(a_sheet("in doubt").card)

    assert section is not None
    assert not any("Not for CPR" in line.words or "CPR recommended" in line.words for line in section.lines)


def test_whoever_may_not_see_the_decision_does_not_see_how_it_was_made() -> None:
    assert build_cpr_section(a_sheet(tiers=NEEDS_ONLY).card) is None
