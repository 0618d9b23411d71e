"""NHS numbers as people type them, and the check digit that catches a mistyped one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from epaccs.core import nhs_number
from epaccs.core.errors import RuleBroken
from epaccs.core.nhs_number import (
    NHSNumberStatus,
    check_digit,
    check_synthetic,
    format_nhs_number,
    is_nhs_number,
    is_synthetic,
    parse_nhs_number,
)


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("9990000018", id="ten digits"),
        pytest.param("999 000 0018", id="in threes"),
        pytest.param("999-000-0018", id="dashes"),
        pytest.param("999–000—0018", id="en and em dash"),
        pytest.param("999−000−0018", id="minus signs"),
        pytest.param("9 9 9 0 0 0 0 0 1 8", id="spaced out"),
        pytest.param("  9990000018\n", id="pasted with its line"),
        pytest.param("999\u00a0000\u00a00018", id="no-break spaces"),
        pytest.param("999\u2009000\u202f0018", id="thin spaces"),
        pytest.param("999\u200b000\ufeff0018", id="spaces without width"),
        pytest.param("９９９００００\u3000０１８", id="full width"),
        pytest.param("999 ０００ 0018", id="half of it full width"),
    ],
)
def test_an_nhs_number_is_read_in_any_spacing(typed: str) -> None:
    assert parse_nhs_number(typed) == "9990000018"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        pytest.param("", "Enter the NHS number", id="nothing"),
        pytest.param(" - ", "Enter the NHS number", id="only spacing"),
        pytest.param("999 000 001A", "Enter the NHS number without letters", id="a letter for a digit"),
        pytest.param("O99 000 0018", "Enter the NHS number without letters", id="letter O for nought"),
        pytest.param("NHS 999 000 0018", "Enter the NHS number without letters", id="its label pasted too"),
        pytest.param("999 000 001", "Enter all 10 digits of the NHS number: 9 were entered", id="9 digits"),
        pytest.param("999 000 00180", "Enter only the 10 digits of the NHS number: 11 were entered", id="11 digits"),
        pytest.param("999 000 0019", "Check the NHS number against a letter or card", id="wrong last digit"),
        pytest.param("999 000 0108", "Check the NHS number against a letter or card", id="two digits swapped"),
        pytest.param("999 123 4567", "Check the NHS number against a letter or card", id="the manual's own example"),
        pytest.param("0000000000", "Enter the person's own NHS number, or say why there is none", id="ten noughts"),
        pytest.param("222 222 2222", "Enter the person's own NHS number, or say why there is none", id="ten twos"),
        pytest.param("999.000.0018", "Enter the NHS number using the digits 0 to 9", id="full stops"),
        pytest.param("٩٩٩٠٠٠٠٠١٨", "Enter the NHS number using the digits 0 to 9", id="Arabic-Indic digits"),
        pytest.param("999000001⁸", "Enter the NHS number using the digits 0 to 9", id="superscript"),
        pytest.param("+9990000018", "Enter the NHS number using the digits 0 to 9", id="a sign"),
        pytest.param("9990000018\x00", "Enter the NHS number using the digits 0 to 9", id="null byte"),
        pytest.param("9990000018\ud800", "Enter the NHS number using the digits 0 to 9", id="lone surrogate"),
        pytest.param(
            "\u202e8100000999", "Enter the NHS number using the digits 0 to 9", id="turned round by a hidden mark"
        ),
    ],
)
def test_an_nhs_number_that_cannot_be_right_is_refused_with_its_own_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        parse_nhs_number(typed)

    assert refused.value.message.startswith(sentence)
    assert refused.value.field == "nhs_number"


def test_each_way_of_being_wrong_has_a_sentence_of_its_own() -> None:
    wrong = ["", "99900000A8", "999000001", "99900000180", "9990000019", "0000000000", "999.000.0018"]

    assert len({_refusal(text) for text in wrong}) == len(wrong)


def test_a_refusal_stands_beside_the_field_that_the_form_names() -> None:
    with pytest.raises(RuleBroken) as refused:
        parse_nhs_number("1", field="other_number")

    assert refused.value.field == "other_number"


@pytest.mark.parametrize(
    "digits",
    [
        "9434765919",
        "9990000018",
        "9990000026",
        "9990000034",
        "9990000042",
        "9990000050",
        "9990000069",
        "9990000077",
        "9990000085",
    ],
)
def test_known_numbers_fit_together(digits: str) -> None:
    assert is_nhs_number(digits)


@pytest.mark.parametrize(
    "digits", ["", "999000001", "99900000180", "999 000 0018", "0000000000", "9990000019", "999000001x", "٩٩٩٠٠٠٠٠١٨"]
)
def test_what_is_not_ten_fitting_digits_is_no_nhs_number(digits: str) -> None:
    assert not is_nhs_number(digits)


@pytest.mark.parametrize(
    ("first_nine", "last"),
    [
        pytest.param("943476591", "9", id="remainder 2"),
        pytest.param("999000000", None, id="remainder 1: never issued"),
        pytest.param("000000001", "9", id="only the lowest weight"),
        pytest.param("000000000", "0", id="remainder 0"),
    ],
)
def test_the_check_digit_by_hand(first_nine: str, last: str | None) -> None:
    assert check_digit(first_nine) == last


def test_it_is_shown_in_threes() -> None:
    assert format_nhs_number("9990000018") == "999 000 0018"


@pytest.mark.parametrize(
    ("digits", "made_up"),
    [pytest.param("9990000018", True, id="999"), pytest.param("9434765919", False, id="can be a person's")],
)
def test_a_demonstration_takes_made_up_numbers_only(digits: str, made_up: bool) -> None:
    assert is_synthetic(digits) is made_up
    if made_up:
        check_synthetic(digits)
    else:
        with pytest.raises(RuleBroken, match="Enter a made-up NHS number, beginning with 999"):
            check_synthetic(digits)


def test_only_a_traced_number_is_verified() -> None:
    assert [status for status in NHSNumberStatus if status.is_verified] == [NHSNumberStatus.VERIFIED]
    assert [status.value for status in NHSNumberStatus] == [f"0{value}" for value in range(1, 9)]


def test_each_status_has_words_of_its_own() -> None:
    assert len({status.label for status in NHSNumberStatus}) == len(NHSNumberStatus)


# --- For all numbers -------------------------------------------------------------------------------------------------

nine_digits = st.text("0123456789", min_size=9, max_size=9)


@given(nine_digits, st.lists(st.sampled_from([" ", "-", "\u00a0", "\u2009", "–", ""]), min_size=10, max_size=10))
def test_a_fitting_number_survives_any_spacing(first_nine: str, spacing: list[str]) -> None:
    last = check_digit(first_nine)
    assume(last is not None and len(set(first_nine + last)) > 1)
    digits = first_nine + str(last)

    assert parse_nhs_number("".join(gap + digit for gap, digit in zip(spacing, digits, strict=True))) == digits
    assert parse_nhs_number(format_nhs_number(digits)) == digits


@given(st.text(max_size=40))
def test_any_text_gives_ten_fitting_digits_or_a_sentence(text: str) -> None:
    try:
        outcome = parse_nhs_number(text)
    except RuleBroken as refused:
        outcome = refused.message

    assert is_nhs_number(outcome) or outcome.startswith(("Enter ", "Check "))


def _misses_a_typing_error(digit_for: Callable[[str], str | None], first_nine: str, position: int, other: str) -> bool:
    """Whether a number with one digit changed, or two neighbours swapped, would pass as somebody else's."""
    last = digit_for(first_nine)
    if last is None:
        return False
    digits = first_nine + last
    changed = digits[:position] + other + digits[position + 1 :]
    swapped = digits[:position] + digits[position : position + 2][::-1] + digits[position + 2 :]
    return any(wrong != digits and digit_for(wrong[:-1]) == wrong[-1] for wrong in (changed, swapped))


mistyped = st.tuples(nine_digits, st.integers(0, 9), st.sampled_from("0123456789"))


@given(mistyped)
@settings(max_examples=500)
def test_one_wrong_digit_or_two_swapped_ones_are_always_caught(case: tuple[str, int, str]) -> None:
    assert not _misses_a_typing_error(check_digit, *case)


def _with_weights(*weights: int) -> Callable[[str], str | None]:
    def digit_for(first_nine: str) -> str | None:
        value = (11 - sum(int(digit) * weight for digit, weight in zip(first_nine, weights, strict=True)) % 11) % 11
        return None if value == 10 else str(value)

    return digit_for


def _ten_as_nought(first_nine: str) -> str | None:
    return check_digit(first_nine) or "0"


def _modulus_ten(first_nine: str) -> str | None:
    return str(-sum(int(digit) * weight for digit, weight in zip(first_nine, nhs_number.WEIGHTS, strict=True)) % 10)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(_with_weights(10, 9, 8, 7, 6, 5, 4, 4, 2), id="one weight twice"),
        pytest.param(_with_weights(11, 9, 8, 7, 6, 5, 4, 3, 2), id="a weight that counts for nothing"),
        pytest.param(_with_weights(1, 1, 1, 1, 1, 1, 1, 1, 1), id="no weights"),
        pytest.param(_ten_as_nought, id="ten written as nought"),
        pytest.param(_modulus_ten, id="modulus ten"),
    ],
)
def test_the_test_itself_catches_a_wrong_check_digit(wrong: Callable[[str], str | None]) -> None:
    find(
        mistyped,
        lambda case: _misses_a_typing_error(wrong, *case),
        settings=settings(max_examples=20_000, database=None),
    )


def test_the_right_check_digit_gives_that_test_nothing_to_find() -> None:
    with pytest.raises(NoSuchExample):
        find(
            mistyped,
            lambda case: _misses_a_typing_error(check_digit, *case),
            settings=settings(max_examples=2_000, database=None),
        )


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(_with_weights(2, 3, 4, 5, 6, 7, 8, 9, 10), id="weights the wrong way round"),
        pytest.param(_with_weights(9, 8, 7, 6, 5, 4, 3, 2, 1), id="weights one too low"),
    ],
)
def test_a_check_digit_that_catches_errors_but_is_not_the_national_one_fails_the_known_numbers(
    wrong: Callable[[str], str | None],
) -> None:
    known = ["9434765919", "9990000018", "9990000026"]

    assert any(wrong(digits[:-1]) != digits[-1] for digits in known)


def _refusal(text: str) -> str:
    with pytest.raises(RuleBroken) as refused:
        parse_nhs_number(text)
    return refused.value.message
