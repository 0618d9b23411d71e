"""What somebody must do or know after a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from epaccs.cpr_decisions.rules import FollowUpKind, follow_ups
from tests.cpr_decisions.stories import AROUND, FOR_CPR, NOT_FOR_CPR, PARAMEDIC, WITHOUT_CAPACITY, Story

NOT_TOLD = {**WITHOUT_CAPACITY, "aware": [], "person_not_told": "Cannot understand it now"}


def asked(
    act: Callable[[Story], Any], *, before: Callable[[Story], Any] | None = None, **around: Any
) -> list[tuple[FollowUpKind, str]]:
    """Kind and addressee of what one change asks."""
    story = Story(replace(AROUND, **around))
    if before is not None:
        before(story)
    was = story.state
    act(story)
    return [(one.kind, one.for_clinician_id) for one in follow_ups(was, story.state, around=story.around)]


@pytest.mark.parametrize(
    ("base", "icd", "found"),
    [
        (NOT_FOR_CPR, "active", [(FollowUpKind.CHECK_ICD, "")]),
        (NOT_FOR_CPR, "unknown", [(FollowUpKind.CHECK_ICD, "")]),
        (NOT_FOR_CPR, "none", []),
        (NOT_FOR_CPR, None, []),
        (FOR_CPR, "active", []),
    ],
)
def test_an_implanted_defibrillator_is_looked_at_when_somebody_is_not_for_cpr(
    base: dict[str, Any], icd: str | None, found: list[tuple[FollowUpKind, str]]
) -> None:
    assert asked(lambda story: story.sign(base), icd=icd) == found


def test_what_was_asked_before_is_not_asked_again() -> None:
    assert asked(lambda story: story.review(), before=lambda story: story.sign(), icd="active") == []


def test_a_person_who_was_not_told_is_to_be_told() -> None:
    assert asked(lambda story: story.sign(**NOT_TOLD)) == [(FollowUpKind.TELL_PERSON, "")]


def test_cpr_recommended_asks_for_the_treatment_level() -> None:
    assert asked(lambda story: story.sign(FOR_CPR), treatment_level="comfort_only") == [
        (FollowUpKind.REVIEW_TREATMENT_LEVEL, "")
    ]


def test_a_restored_decision_is_confirmed_by_its_signer() -> None:
    def before(story: Story) -> None:
        story.sign()
        story.sign(FOR_CPR)

    assert asked(lambda story: story.void("sign-2"), before=before) == [(FollowUpKind.CONFIRM_RESTORED, "gp")]


def test_the_signer_of_a_later_decision_hears_of_an_earlier_mistake() -> None:
    def before(story: Story) -> None:
        story.sign()
        story.sign()

    assert asked(lambda story: story.void("sign-1"), before=before) == [(FollowUpKind.LATER_SIGNER, "gp")]


def test_voiding_the_only_decision_asks_nobody() -> None:
    assert asked(lambda story: story.void("sign-1"), before=lambda story: story.sign()) == []


def test_doubt_is_to_be_settled() -> None:
    assert asked(lambda story: story.withdraw(), before=lambda story: story.sign()) == [(FollowUpKind.SETTLE_DOUBT, "")]


@pytest.mark.parametrize(
    ("act", "found"),
    [
        (lambda story: story.propose(), [(FollowUpKind.CONFIRM_PROPOSAL, "")]),
        (
            lambda story: story.do("review_asked", {"words": "Better"}, by=PARAMEDIC),
            [(FollowUpKind.ANSWER_REVIEW, "gp")],
        ),
        (
            lambda story: story.do("original_seen", {"place": "hall", "seen_on": "2026-11-21"}, by=PARAMEDIC),
            [(FollowUpKind.FORM_SEEN, "gp")],
        ),
    ],
)
def test_a_new_entry_is_put_before_the_signer(
    act: Callable[[Story], Any], found: list[tuple[FollowUpKind, str]]
) -> None:
    assert asked(act, before=lambda story: story.sign()) == found


def test_without_a_decision_the_practice_and_key_worker_are_asked() -> None:
    assert asked(lambda story: story.do("review_asked", {"words": "Better"}, by=PARAMEDIC)) == [
        (FollowUpKind.ANSWER_REVIEW, "")
    ]
