"""What is known of the copy on one tablet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from epaccs.record.rules.holders import Holds, TabletCopy, judge_tablet

UP_TO_DATE = TabletCopy(is_there=True, fits=True, is_whole=True, number=7, row_number=7, is_in_use=True)
BEHIND = replace(UP_TO_DATE, number=6)
BEGINS = replace(UP_TO_DATE, is_whole=False, number=0)
GONE = replace(UP_TO_DATE, is_there=False)
NO_ROOM = replace(UP_TO_DATE, fits=False)


@pytest.mark.parametrize(
    ("copies", "holds", "words"),
    [
        pytest.param([UP_TO_DATE], Holds.PRESENT, "Has the present", id="it said that it has everything up to there"),
        pytest.param([BEHIND], Holds.EARLIER, "Has not fetched", id="it has not come so far"),
        pytest.param([BEGINS], Holds.NOT_KNOWN, "fetching its copies", id="it begins again beside its old copy"),
        pytest.param([BEHIND, UP_TO_DATE], Holds.PRESENT, "Has the present", id="by one of two scopes it has it"),
        pytest.param(
            [BEHIND, GONE], Holds.EARLIER, "Has not fetched", id="taken off in one scope and old in the other"
        ),
        pytest.param(
            [replace(GONE, number=6)],
            Holds.NOT_KNOWN,
            "took this person off",
            id="it was to drop them and has not said so",
        ),
        pytest.param(
            [replace(NO_ROOM, number=6)], Holds.NOT_KNOWN, "took this person off", id="pushed out, and not heard of it"
        ),
        pytest.param(
            [replace(UP_TO_DATE, is_in_use=False)], Holds.NOT_KNOWN, "Taken out of use", id="lost, not erased"
        ),
    ],
)
def test_what_is_known_of_a_tablet(copies: list[TabletCopy], holds: Holds, words: str) -> None:
    judged = judge_tablet(copies)

    assert judged is not None
    assert judged[0] is holds
    assert words in judged[1]


@pytest.mark.parametrize(
    "copies",
    [
        pytest.param([], id="it follows none of the person's scopes"),
        pytest.param([GONE], id="it took them off"),
        pytest.param([NO_ROOM], id="there is no room for them on it"),
    ],
)
def test_a_tablet_that_does_not_hold_the_person_is_not_named(copies: list[TabletCopy]) -> None:
    assert judge_tablet(copies) is None
