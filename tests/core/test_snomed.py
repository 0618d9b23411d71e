"""Codes of SNOMED CT concepts: what a mistyped one is told, and that every code in the program is one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epaccs.care_plans.sections import SECTIONS
from epaccs.core.errors import RuleBroken
from epaccs.core.forms import Choice
from epaccs.core.snomed import is_concept_code, parse_concept_code

PROGRAM = Path(__file__).parents[2] / "epaccs"
NOT_FOR_CPR = "450476008"

codes = st.sampled_from([NOT_FOR_CPR, "882921000000109", "1515861000000103", "15188001"])


@pytest.mark.parametrize("typed", [NOT_FOR_CPR, " 450 476 008 ", "450476008\n"])
def test_a_code_is_read_in_any_spacing(typed: str) -> None:
    assert parse_concept_code(typed, field_label="code") == NOT_FOR_CPR


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        pytest.param("45047", "Enter the code as 6 to 18 digits", id="too short"),
        pytest.param("1" * 19, "Enter the code as 6 to 18 digits", id="too long"),
        pytest.param("A50476008", "Enter the code as 6 to 18 digits", id="a letter"),
        pytest.param("050476008", "Enter the code as 6 to 18 digits", id="begins with a nought"),
        pytest.param("４５０４７６００８", "Enter the code as 6 to 18", id="full width"),
        pytest.param("450476009", "Check the code: one of its digits is wrong", id="last digit"),
        pytest.param("450467008", "Check the code: one of its digits is wrong", id="two digits swapped"),
        pytest.param("680946014", "or it is not the code of a concept", id="a description"),
    ],
)  # fmt: skip
def test_a_code_that_cannot_be_one_is_refused(typed: str, sentence: str) -> None:
    with pytest.raises(RuleBroken, match=re.escape(sentence)):
        parse_concept_code(typed, field_label="code")


@given(code=codes, place=st.integers(0, 30), digit=st.integers(0, 9))
def test_one_wrong_digit_is_always_caught(code: str, place: int, digit: int) -> None:
    place %= len(code)
    changed = code[:place] + str(digit) + code[place + 1 :]

    assert is_concept_code(changed) is (changed == code)


@given(code=codes, place=st.integers(0, 30))
def test_two_neighbours_swapped_are_always_caught(code: str, place: int) -> None:
    place %= len(code) - 1
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]

    assert is_concept_code(swapped) is (swapped == code)


def test_every_code_of_an_answer_is_the_code_of_a_concept() -> None:
    declared = {
        f"{section.name}.{name}={answer}": code
        for section in SECTIONS.values()
        for name, field in {**section.fields(), **section.item_fields()}.items()
        if isinstance(field, Choice)
        for answer, code in field.metadata["codes"].items()
        if code != field.metadata.get("code")
    }

    assert len(declared) > 60
    assert [name for name, code in declared.items() if not is_concept_code(code)] == []


def test_codes_stand_only_beside_answers_that_exist() -> None:
    wrong = [
        f"{section.name}.{name}"
        for section in SECTIONS.values()
        for name, field in {**section.fields(), **section.item_fields()}.items()
        if isinstance(field, Choice) and not set(field.metadata["codes"]) <= set(field.values)
    ]

    assert wrong == []


def test_no_code_is_typed_in_two_places() -> None:
    written = Counter(
        number
        for path in PROGRAM.rglob("*.py")
        for number in re.findall(r'"([1-9]\d{5,17})"', path.read_text(encoding="utf-8"))
        if is_concept_code(number)
    )

    assert written[NOT_FOR_CPR] <= 1
    assert [number for number, times in written.items() if times > 1] == []
