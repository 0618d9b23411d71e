"""What a marker bears, how its code is read, and when it leads anywhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest

from epaccs.core.errors import RuleBroken
from epaccs.handover.rules import ALPHABET
from epaccs.markers.rules import (
    CODE_LENGTH,
    NO_CODE,
    TooManyMisses,
    build_face,
    can_be_code,
    check_may_be_marked,
    digest_of,
    format_code,
    leads_anywhere,
    parse_code,
)

TABLE: Final = Path(__file__).parents[1] / "js" / "markers.json"
SOMEBODY, SOMEBODY_ELSE = UUID(int=74), UUID(int=75)


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("7K4P93XQCD", id="as it is kept"),
        pytest.param("7K4P9-3XQCD", id="as it is printed"),
        pytest.param("7k4p9 3xqcd", id="in small letters and with a space"),
        pytest.param(" 7K4P9\u20133XQCD\t", id="with another dash and white space"),
        pytest.param("７K4P9-3XQCD", id="with a wide digit"),
    ],
)
def test_a_code_is_read_in_any_spacing_and_either_case(typed: str) -> None:
    assert can_be_code(typed)
    assert parse_code(typed) == "7K4P93XQCD"


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("7K4P9-3XQC", id="one too few"),
        pytest.param("7K4P9-3XQCDD", id="one too many"),
        pytest.param("7K4P9-3XQCA", id="a vowel"),
        pytest.param("7K4P-93XQ", id="the number of a sheet"),
        pytest.param(NO_CODE, id="what stands for no code"),
    ],
)
def test_what_no_marker_bears_is_answered_with_what_to_enter(typed: str) -> None:
    assert not can_be_code(typed)
    with pytest.raises(RuleBroken, match="Enter the 10 letters and digits of the code"):
        parse_code(typed)


@pytest.mark.parametrize("typed", ["", " ", "-"])
def test_an_empty_box_is_told_what_belongs_in_it(typed: str) -> None:
    with pytest.raises(RuleBroken, match=r"^Enter the code$"):
        parse_code(typed)


def test_what_stands_for_no_code_is_as_long_as_one_and_is_none() -> None:
    assert len(NO_CODE) == CODE_LENGTH
    assert not set(NO_CODE) & set(ALPHABET)


@pytest.mark.usefixtures("frozen_clock")
def test_too_many_misses_say_when_to_try_again_and_what_to_do_now() -> None:
    refused = TooManyMisses(datetime(2026, 11, 21, 14, 5, tzinfo=UTC))

    assert str(refused) == (
        "You tried too many codes that open nothing. Try again after 21-Nov-2026 14:06, or search for the person by "
        "name"
    )


# --- What stands on it -----------------------------------------------------------------------------------------------


def test_a_marker_bears_its_code_where_to_type_it_and_for_whom_it_is_and_nothing_else() -> None:
    face = build_face("7K4P93XQCD", SOMEBODY, public_url="https://register.example", is_demo=False)

    assert face.number == "7K4P9-3XQCD"
    assert face.words == "For ambulance and health staff: scan this, or open register.example/m and enter"
    assert face.scan_address == f"https://register.example/m/7K4P9-3XQCD#{digest_of('7K4P93XQCD', SOMEBODY)}"
    assert format_code(face.code) == face.number


def test_a_tablet_works_out_the_same_digest() -> None:
    for row in json.loads(TABLE.read_text(encoding="utf-8")):
        assert digest_of(row["code"], UUID(row["entry_id"])) == row["digest"]


def test_a_digest_is_of_one_code_and_one_person() -> None:
    digests = {
        digest_of(code, entry_id) for code in ("7K4P93XQCD", "7K4P93XQCF") for entry_id in (SOMEBODY, SOMEBODY_ELSE)
    }

    assert len(digests) == 4
    assert {len(one) for one in digests} == {16}


# --- When ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("is_ended", "is_open", "has_died", "leads"),
    [
        pytest.param(False, True, False, True, id="in use"),
        pytest.param(True, True, False, False, id="reported lost"),
        pytest.param(False, False, False, False, id="of somebody who left the register"),
        pytest.param(False, True, True, False, id="of somebody who has died"),
    ],
)
def test_a_marker_leads_to_a_record_only_while_it_is_in_use(
    is_ended: bool, is_open: bool, has_died: bool, leads: bool
) -> None:
    assert leads_anywhere(is_ended=is_ended, is_open=is_open, has_died=has_died) is leads


def test_a_marker_is_printed_of_the_living_on_the_register() -> None:
    check_may_be_marked(is_open=True, has_died=False)

    with pytest.raises(RuleBroken, match="not on the register any more, so no marker can be printed"):
        check_may_be_marked(is_open=False, has_died=False)
    with pytest.raises(RuleBroken, match="has died, so no marker can be printed"):
        check_may_be_marked(is_open=True, has_died=True)
