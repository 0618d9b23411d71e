"""Who belongs where, why somebody left, when a tablet starts again, and what an answer looks like."""

from __future__ import annotations

import json
from datetime import date
from uuid import UUID

import pytest

from epaccs.sync.actions.page import compress, pack, unpack
from epaccs.sync.rules.feed import (
    Cursor,
    Position,
    ScopeName,
    Whereabouts,
    Why,
    build_epoch,
    fingerprint,
    is_behind,
    must_start_again,
    read_scope_name,
    scopes_of,
    show_sum,
    sum_of,
    why_left,
    wrap,
)
from epaccs.sync.rules.page import close_page, join_lines

PRACTICE, HOME, HOSPICE = (UUID(int=number) for number in (1, 2, 3))
TODAY = date(2026, 11, 21)


def a_person(**fields: object) -> Whereabouts:
    known = {
        "practice_id": PRACTICE,
        "area": "northdale",
        "residence_id": HOME,
        "is_shared": True,
        "is_open": True,
        "related": frozenset({HOSPICE}),
    }
    return Whereabouts(**{**known, **fields})  # type: ignore[arg-type]


EVERYWHERE = {"area:northdale", f"practice:{PRACTICE}", f"residents:{HOME}", f"relationship:{HOSPICE}"}


@pytest.mark.parametrize(
    ("person", "scopes"),
    [
        pytest.param(a_person(), EVERYWHERE, id="agreed to share"),
        pytest.param(a_person(is_shared=False), {f"practice:{PRACTICE}"}, id="did not agree to share: the practice"),
        pytest.param(a_person(is_open=False, is_shared=False), set(), id="removed, merged or declined"),
        pytest.param(a_person(is_open=False), set(), id="removed, whatever else is said"),
        pytest.param(a_person(area=""), EVERYWHERE - {"area:northdale"}, id="no area"),
        pytest.param(a_person(residence_id=None), EVERYWHERE - {f"residents:{HOME}"}, id="in no care home"),
        pytest.param(a_person(practice_id=None), EVERYWHERE - {f"practice:{PRACTICE}"}, id="no practice known"),
        pytest.param(a_person(related=frozenset()), EVERYWHERE - {f"relationship:{HOSPICE}"}, id="nobody concerned"),
        pytest.param(None, set(), id="nobody known yet"),
    ],
)
def test_who_is_in_which_scope(person: Whereabouts | None, scopes: set[str]) -> None:
    assert scopes_of(person) == scopes


@pytest.mark.parametrize(
    ("scope", "person", "why"),
    [
        pytest.param("area:northdale", None, Why.REMOVED, id="not there"),
        pytest.param("area:northdale", a_person(is_open=False), Why.REMOVED, id="removed"),
        pytest.param(f"practice:{HOME}", a_person(), Why.MOVED, id="another practice"),
        pytest.param(f"practice:{HOME}", a_person(is_shared=False), Why.MOVED, id="another practice, not shared"),
        pytest.param("area:southdale", a_person(), Why.MOVED, id="another area"),
        pytest.param("area:northdale", a_person(is_shared=False), Why.CONSENT_WITHDRAWN, id="withdrew sharing"),
        pytest.param(f"residents:{PRACTICE}", a_person(), Why.MOVED, id="another care home"),
        pytest.param(f"relationship:{HOME}", a_person(), Why.UNASSIGNED, id="not concerned any more"),
    ],
)
def test_why_somebody_left(scope: str, person: Whereabouts | None, why: Why) -> None:
    name = read_scope_name(scope)
    assert name is not None
    assert str(name) == scope
    assert why_left(name, person) is why


@pytest.mark.parametrize(
    "text", ["", "area", "area:", "nobody:x", "practice:", "practice:x", f"practice:{PRACTICE.hex}", "area\0:x"]
)
def test_a_name_that_no_scope_has(text: str) -> None:
    assert read_scope_name(text) is None


def test_a_scope_of_an_organisation_names_it() -> None:
    name = read_scope_name(f"practice:{PRACTICE}")

    assert isinstance(name, ScopeName)
    assert name.organisation_id == PRACTICE


# Sums


def test_a_sum_is_the_one_that_the_protocol_describes() -> None:
    """The tablet works the same number out, in another language."""
    # SHA-256 of "00000000-0000-0000-0000-000000000001|7", its first eight bytes
    assert show_sum(fingerprint(PRACTICE, 7)) == "e6d17260eb185c9d"


def test_a_sum_tells_when_somebody_is_missing_older_or_there_though_they_left() -> None:
    here = [(PRACTICE, 7), (HOME, 3)]

    sums = {sum_of(people) for people in ([], here, here[:1], [(PRACTICE, 6), (HOME, 3)], [*here, (HOSPICE, 1)])}

    assert len(sums) == 5
    assert sum_of(here) == sum_of(reversed(here))


def test_a_sum_fits_into_sixty_four_bits_with_a_sign() -> None:
    assert wrap(2**63) == -(2**63)
    assert wrap(-(2**63) - 1) == 2**63 - 1
    assert show_sum(-1) == "f" * 16


# Starting again

HERE = Position("1.1.ab12", "card", 100, TODAY)


@pytest.mark.parametrize(
    ("cursor", "here", "again"),
    [
        pytest.param(Cursor("a", "card", "1.1.ab12", 100), HERE, False, id="nothing new"),
        pytest.param(Cursor("a", "card", "1.1.ab12", 7), HERE, False, id="something new"),
        pytest.param(Cursor("a", "card", None, 0), HERE, False, id="begins"),
        pytest.param(Cursor("a", "full", None, 10**9), HERE, False, id="begins, whatever it says"),
        pytest.param(Cursor("a", "card", "1.2.ab12", 7), HERE, True, id="another history"),
        pytest.param(Cursor("a", "full", "1.1.ab12", 7), HERE, True, id="another tier"),
        pytest.param(Cursor("a", "card", "1.1.ab12", 101), HERE, True, id="a number that was never given"),
        pytest.param(
            Cursor("a", "card", "1.1.ab12", 7),
            Position("1.1.ab12", "card", 100, date(2026, 7, 24)),
            True,
            id="away for a hundred and twenty days",
        ),
        pytest.param(
            Cursor("a", "card", "1.1.ab12", 7),
            Position("1.1.ab12", "card", 100, date(2026, 7, 25)),
            False,
            id="away for a day less",
        ),
        pytest.param(
            Cursor("a", "card", "1.1.ab12", 7),
            Position("1.1.ab12", "card", 100, None),
            True,
            id="of a scope that it never asked for",
        ),
        pytest.param(
            Cursor("a", "card", "1.1.ab12", 0), Position("1.1.ab12", "card", 0, None), False, id="of an empty scope"
        ),
    ],
)
def test_when_a_tablet_starts_a_scope_again(cursor: Cursor, here: Position, again: bool) -> None:
    assert must_start_again(cursor, here, today=TODAY) is again


def test_an_epoch_names_restore_generation_and_shape() -> None:
    assert build_epoch(2, 3, "ab12") == "2.3.ab12"


@pytest.mark.parametrize(
    ("known", "register", "behind"),
    [
        pytest.param(8, 7, True, id="a later version"),
        pytest.param(7, 7, False, id="the same"),
        pytest.param(6, 7, False, id="an earlier one"),
        pytest.param(1, None, True, id="somebody unknown"),
    ],
)
def test_whether_a_tablet_knows_more_than_the_register(known: int, register: int | None, behind: bool) -> None:
    assert is_behind(known, register=register) is behind


# Answers


def test_an_answer_is_closed_by_a_line_that_counts_the_others() -> None:
    closed = close_page(["{}", "{}"], more=False)

    assert json.loads(closed[-1]) == {"op": "page", "count": 2, "more": False}
    assert join_lines(closed).count(b"\n") == 3


def test_what_is_kept_comes_back_line_by_line() -> None:
    lines = [(PRACTICE, '{"words":"one\\nline, é \u2028"}'), (HOME, "{}")]

    assert unpack(pack(lines)) == lines
    assert unpack(pack([])) == []


@pytest.mark.parametrize("encoding", ["br", "gzip", None])
def test_an_answer_is_made_small_only_as_asked(encoding: str | None) -> None:
    content = b"the same " * 500

    assert (compress(content, encoding) == content) is (encoding is None)
    assert len(compress(content, encoding)) <= len(content)
