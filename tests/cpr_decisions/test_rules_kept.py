"""The section as JSON and back: nothing is lost, and equal sections are equal values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from epaccs.cpr_decisions.rules import CPRState
from epaccs.cpr_decisions.rules.kept import WrongPart
from tests.cpr_decisions.stories import FOR_CPR, PARAMEDIC, WITHOUT_CAPACITY, Story


def a_full_story() -> Story:
    """A section with every part in it."""
    story = Story()
    story.report("for_cpr", document_seen={"at": "2026-11-21T02:30:00+00:00", "place": "fridge"})
    story.sign(**WITHOUT_CAPACITY)
    story.sign(FOR_CPR, contradiction_reason="Agreed by telephone")
    story.void("sign-3")
    story.review()
    story.withdraw()
    story.do("relative_report", {"said_by": "Ann", "words": "Changed"}, by=PARAMEDIC)
    story.do("wrong_person_flag", {"about": "sign-2"}, by=PARAMEDIC)
    story.do("original_seen", {"place": "fridge", "seen_on": "2026-11-21"}, by=PARAMEDIC)
    story.propose(reason="attorney_refuses", refused_by={"name": "Chidi"}, **WITHOUT_CAPACITY)
    return story


def test_a_section_survives_json() -> None:
    state = a_full_story().state

    value = json.loads(json.dumps(state.to_value()))

    assert CPRState.from_value(value) == state
    assert CPRState.from_value(value).to_value() == value


def test_nothing_recorded_is_an_empty_value() -> None:
    assert CPRState.from_value(None) == CPRState.from_value({}) == CPRState()
    assert CPRState().to_value() == {}


def test_what_this_program_does_not_know_travels_along() -> None:
    value = a_full_story().state.to_value()
    value["from_the_future"] = {"a": [1, None]}
    value["decisions"][0]["colour_of_ink"] = None
    value["decisions"][0]["signer"]["stamp"] = {"x": 1}

    assert CPRState.from_value(value).to_value() == value


def test_what_is_unknown_survives_the_next_edit() -> None:
    story = a_full_story()
    value = story.state.to_value()
    value["from_the_future"] = 1
    value["decisions"][0]["colour_of_ink"] = "blue"
    story.state = CPRState.from_value(value)
    story.sign()

    after = story.state.to_value()
    assert after["from_the_future"] == 1
    assert after["decisions"][0]["colour_of_ink"] == "blue"


def test_what_is_empty_is_not_written() -> None:
    story = Story()
    story.sign()
    [decision] = story.state.to_value()["decisions"]

    assert "no_review_reason" not in decision
    assert "ended" not in decision
    assert "refused_by" not in decision


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"decisions": "none"}, "decisions"),
        ({"decisions": ["none"]}, "decisions.0"),
        ({"sightings": [{"seen_on": "yesterday"}]}, "sightings.0.seen_on"),
        ({"withdrawals": [{"said_at": "2026-11-21T02:00:00"}]}, "withdrawals.0.said_at"),
        ({"withdrawals": [{"is_reported": "no"}]}, "withdrawals.0.is_reported"),
    ],
)
def test_a_value_that_is_no_section_is_named_by_its_part(value: dict[str, Any], path: str) -> None:
    with pytest.raises(WrongPart) as wrong:
        CPRState.from_value(value)

    assert wrong.value.path == path


def test_times_are_kept_in_utc_whatever_zone_they_came_in() -> None:
    story = Story()
    story.sign(decided_at="2026-11-20T15:05:00+01:00")

    assert story.state.to_value()["decisions"][0]["decided_at"] == "2026-11-20T14:05:00+00:00"
