"""Who is concerned by an incident, who has agreed to close it, and how long there is to tell the Commissioner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from epaccs.core.errors import RuleBroken
from epaccs.incidents import rules
from epaccs.incidents.rules import Kind, Said

HOSPICE, TRUST = UUID(int=1), UUID(int=2)
OPENED = [Said(Kind.CONCERNED, HOSPICE, HOSPICE), Said(Kind.CONCERNED, HOSPICE, TRUST)]
HOSPICE_AGREES, TRUST_AGREES = Said(Kind.AGREED, HOSPICE), Said(Kind.AGREED, TRUST)
NOTICED = datetime(2026, 11, 21, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("then", "closed"),
    [
        pytest.param([], False, id="just opened"),
        pytest.param([HOSPICE_AGREES], False, id="one agrees: never by one alone"),
        pytest.param([HOSPICE_AGREES, HOSPICE_AGREES], False, id="one agrees twice"),
        pytest.param([HOSPICE_AGREES, TRUST_AGREES], True, id="all agree"),
        pytest.param([HOSPICE_AGREES, Said(Kind.SEEN, TRUST), TRUST_AGREES], True, id="to look at it adds nothing"),
        pytest.param([HOSPICE_AGREES, Said(Kind.KNOWN, TRUST), TRUST_AGREES], False, id="something was added between"),
        pytest.param([HOSPICE_AGREES, TRUST_AGREES, Said(Kind.DONE, TRUST)], False, id="and after"),
        pytest.param(
            [HOSPICE_AGREES, TRUST_AGREES, Said(Kind.CONCERNED, TRUST, UUID(int=3))], False, id="a third joins"
        ),
    ],
)
def test_it_is_closed_only_when_everybody_agrees_to_the_same(then: list[Said], closed: bool) -> None:
    assert rules.is_closed([*OPENED, *then]) is closed


def test_nothing_is_closed_that_concerns_nobody() -> None:
    assert not rules.is_closed([])


def test_an_organisation_named_twice_is_concerned_once() -> None:
    assert rules.concerned([*OPENED, OPENED[0]]) == [HOSPICE, TRUST]


def test_an_organisation_says_what_it_did_about_telling_before_it_agrees_and_agrees_once() -> None:
    answered = [*OPENED, Said(Kind.NOT_NEEDED, HOSPICE), Said(Kind.TOLD, HOSPICE)]

    with pytest.raises(RuleBroken, match="Say first"):
        rules.check_may_agree(OPENED, HOSPICE)
    rules.check_may_agree(answered, HOSPICE)
    with pytest.raises(RuleBroken, match="Say first"):
        rules.check_may_agree(answered, TRUST)
    with pytest.raises(RuleBroken, match="already"):
        rules.check_may_agree([*answered, HOSPICE_AGREES], HOSPICE)
    assert rules.answered_the_clock(answered, HOSPICE) is Kind.TOLD
    assert rules.answered_the_clock(answered, TRUST) is None


@pytest.mark.parametrize(
    ("after", "hours"),
    [
        pytest.param(timedelta(0), 72, id="just noticed"),
        pytest.param(timedelta(hours=71, minutes=30), 0, id="in the last hour"),
        pytest.param(timedelta(hours=72, minutes=1), -1, id="past it"),
    ],
)
def test_the_clock_runs_from_when_it_was_noticed(after: timedelta, hours: int) -> None:
    assert rules.hours_left(NOTICED, now=NOTICED + after) == hours
    assert rules.tell_by(NOTICED) == datetime(2026, 11, 24, 3, tzinfo=UTC)
