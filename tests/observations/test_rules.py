"""What waits to be looked into, and what is only known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from epaccs.core.errors import RuleBroken
from epaccs.observations.rules import (
    What,
    check_is_open,
    find_open,
    moment_of,
    newest_of_each_part,
    severity_of,
    title_of,
)
from epaccs.versions.rules import Value

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_line(what: What, *, hours: int = 0, **fields: Any) -> Value:
    return {"what": str(what), "observed_at": (NOON + timedelta(hours=hours)).isoformat(), **fields}


def lines(**said: Value) -> Value:
    return {"items": said}


def test_nothing_was_said_so_nothing_waits() -> None:
    assert find_open(None) == ()
    assert find_open({}) == ()


@pytest.mark.parametrize("what", [What.USED, What.NOT_RELEVANT, What.HAPPENED])
def test_what_is_only_to_be_known_does_not_wait(what: What) -> None:
    assert find_open(lines(a=a_line(what))) == ()


def test_what_was_said_to_be_wrong_waits_newest_first() -> None:
    value = lines(a=a_line(What.WRONG, part="legal"), b=a_line(What.WRONG, hours=1))

    assert [(one.line_id, one.part) for one in find_open(value)] == [("b", ""), ("a", "legal")]


def test_a_line_that_settles_it_ends_only_what_it_is_about() -> None:
    value = lines(
        a=a_line(What.WRONG, part="legal"),
        b=a_line(What.WRONG, part="legal", hours=1),
        c=a_line(What.SETTLED, about="a", found="put_right", hours=2),
    )

    assert [one.line_id for one in find_open(value)] == ["b"]


def test_of_each_part_the_newest_stands_for_the_others() -> None:
    value = lines(
        a=a_line(What.WRONG, part="legal"),
        b=a_line(What.WRONG, part="legal", hours=2),
        c=a_line(What.WRONG, hours=1),
    )

    assert [one.line_id for one in newest_of_each_part(find_open(value))] == ["b", "c"]


def test_what_waits_can_be_settled_and_what_does_not_is_refused() -> None:
    value = lines(a=a_line(What.WRONG), b=a_line(What.USED))

    assert check_is_open(value, "a").line_id == "a"
    for line_id in ("b", "c"):
        with pytest.raises(RuleBroken, match="Somebody has settled this already"):
            check_is_open(value, line_id)


@pytest.mark.parametrize(
    ("said_at", "expected"),
    [
        pytest.param(None, NOON, id="a page says no other time than that it came"),
        pytest.param(
            NOON - timedelta(hours=3), NOON - timedelta(hours=3), id="a tablet without signal said it earlier"
        ),
        pytest.param(NOON + timedelta(hours=3), NOON, id="a tablet whose clock is wrong said nothing in the future"),
    ],
)
def test_a_line_is_of_when_it_was_said_and_never_later_than_it_came(
    said_at: datetime | None, expected: datetime
) -> None:
    assert moment_of(said_at, NOON) == expected


@pytest.mark.parametrize(
    ("part", "is_for_tonight", "expected"),
    [
        pytest.param("allergies", True, "high", id="a crew acts on it"),
        pytest.param("", False, "high", id="nobody said what it is"),
        pytest.param("funding", False, "routine", id="nobody acts on it tonight"),
    ],
)
def test_what_a_crew_acts_on_is_looked_into_soon(part: str, is_for_tonight: bool, expected: str) -> None:
    assert severity_of(part, is_for_tonight=is_for_tonight) == expected


@pytest.mark.parametrize(
    ("line", "title"),
    [
        (a_line(What.USED), "Used"),
        (a_line(What.HAPPENED, outcome="to_hospice"), "What happened: Taken to a hospice"),
        (a_line(What.SETTLED, found="put_right"), "Looked into: Put right"),
    ],
)
def test_a_line_is_named_by_what_was_said(line: Value, title: str) -> None:
    assert title_of(line) == title
