"""Names are compared without accents, apostrophes, capitals or spaces, in any script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epaccs.core.names import fold, name_key, name_words, postcode_key, ways_to_say

SAME_NAME = [
    pytest.param("O'Neill", "ONEILL", id="an apostrophe"),
    pytest.param("O’Neill", "O'Neill", id="a printed apostrophe"),
    pytest.param("Nguyễn", "nguyen", id="Vietnamese accents"),
    pytest.param("Đặng", "Dang", id="a letter that Unicode does not take apart"),
    pytest.param("Łukasz", "Lukasz", id="Polish"),
    pytest.param("Bjørn", "Bjorn", id="Norwegian"),
    pytest.param("Weiß", "Weiss", id="German"),
    pytest.param("Smith-Jones", "Smith Jones", id="a hyphen"),
    pytest.param("Smith–Jones", "SmithJones", id="a dash"),
    pytest.param("Mac Donald", "MacDonald", id="a space within"),
    pytest.param("ＳＭＩＴＨ", "Smith", id="full-width letters"),
    pytest.param("Jose\u0301", "José", id="an accent typed after its letter"),
]

OTHER_NAME = [
    pytest.param("Ng", "Li", id="two short names"),
    pytest.param("Smith", "Smyth", id="another spelling"),
    pytest.param("李", "王", id="two names in Chinese"),
]


@pytest.mark.parametrize(("first", "second"), SAME_NAME)
def test_two_ways_of_writing_are_one_name(first: str, second: str) -> None:
    assert name_key(first) == name_key(second)


@pytest.mark.parametrize(("first", "second"), OTHER_NAME)
def test_two_names_stay_two(first: str, second: str) -> None:
    assert name_key(first) != name_key(second)


WAYS = [
    pytest.param("Smith-Jones", ("smithjones", "smith", "jones"), id="double-barrelled: whole and each part"),
    pytest.param("van der Berg", ("vanderberg", "berg"), id="particles find nobody by themselves"),
    pytest.param("O'Neill", ("oneill",), id="one name has one way"),
    pytest.param("O Neill", ("oneill", "neill"), id="written apart"),
    pytest.param("De", ("de",), id="a particle that is the whole name"),
    pytest.param("Mary Ann", ("maryann", "mary", "ann"), id="two given names"),
    pytest.param("李", ("李",), id="another script"),
    pytest.param("--", (), id="no letter"),
]


@pytest.mark.parametrize(("name", "ways"), WAYS)
def test_a_name_is_found_whole_and_by_its_parts(name: str, ways: tuple[str, ...]) -> None:
    assert ways_to_say(name) == ways


def test_words_keep_their_order() -> None:
    assert name_words("Anna-Maria  de la CRUZ") == ("anna", "maria", "de", "la", "cruz")


def test_a_postcode_is_compared_without_its_space() -> None:
    assert postcode_key("ls1 4ap") == postcode_key("LS14AP") == "LS14AP"


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold(text)

    assert fold(once) == once
