"""What a person is found by: one typing error leaves something of it whole."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epaccs.record.rules.search_keys import (
    SearchRows,
    WordKind,
    build_fragments,
    build_search_rows,
    build_sound,
    build_street_key,
    build_word_rows,
    choose_street,
    find_room,
    order_of_room,
)
from tests.record.typing_errors import TYPING_ERRORS, mistype

ENTRY_ID = UUID("01939b6e-0000-7000-8000-000000000001")


def rows(lifecycle: dict[str, Any] | None = None, **fields: Any) -> SearchRows:
    identity = {
        "family_name": "Okonkwo",
        "given_name": "Grace",
        "born_on": "1941-01-06",
        "nhs_number": "9990000018",
        "address": "12 Canal Row\nNorthdale",
        "postcode": "ND1 4QX",
        **fields,
    }
    return build_search_rows(ENTRY_ID, identity, lifecycle)


def test_a_person_has_one_row_of_keys_for_their_name() -> None:
    assert rows().keys == [
        {
            "entry_id": ENTRY_ID,
            "number": 0,
            "family_key": "okonkwo",
            "given_key": "grace",
            "street_key": "canal",
            "born_on": date(1941, 1, 6),
        }
    ]


NAMES = [
    pytest.param({"preferred_name": "Gracie"}, {("okonkwo", "grace"), ("okonkwo", "gracie")}, id="a preferred name"),
    pytest.param(
        {"family_name": "Okonkwo-Bell"},
        {("okonkwobell", "grace"), ("okonkwo", "grace"), ("bell", "grace")},
        id="a double-barrelled name",
    ),
    pytest.param(
        {"given_name": "Grace Adaeze"},
        {("okonkwo", "grace"), ("okonkwo", "graceadaeze"), ("okonkwo", "adaeze")},
        id="a second given name",
    ),
    pytest.param({"family_name": "O’Neill"}, {("oneill", "grace")}, id="an apostrophe"),
    pytest.param({"family_name": "Nguyễn"}, {("nguyen", "grace")}, id="accents"),
    pytest.param({"family_name": "Ng", "given_name": "Li"}, {("ng", "li")}, id="short names"),
    pytest.param({"family_name": "O", "given_name": "E"}, {("o", "e")}, id="names of one letter"),
]


@pytest.mark.parametrize(("fields", "ways"), NAMES)
def test_each_way_of_saying_a_name_has_its_row(fields: dict[str, str], ways: set[tuple[str, str]]) -> None:
    assert {(key["family_key"], key["given_key"]) for key in rows(**fields).keys} == ways


def test_the_longest_of_names_has_at_most_a_dozen_rows() -> None:
    keys = rows(family_name="a-b-c-d-e-f-g", given_name="h i j k l m", preferred_name="n o p").keys

    assert len(keys) <= 12


def test_a_very_long_name_fits_the_index() -> None:
    made = rows(family_name="x" * 200, address="y" * 300)

    assert {len(made.keys[0]["family_key"]), len(made.keys[0]["street_key"])} == {60}


def test_the_person_is_kept_as_a_result_shows_them() -> None:
    person = rows(title="Mrs").person

    assert (person["street"], person["postcode"], person["nhs_number"]) == ("Canal Row", "ND14QX", "9990000018")
    assert (person["title"], person["preferred_name"], person["died_on"]) == ("Mrs", None, None)


def test_a_restricted_address_is_kept_nowhere_in_the_search() -> None:
    made = rows(address_restricted=True)

    assert made.person["is_restricted"]
    assert (made.person["street"], made.person["postcode"]) == (None, None)
    assert {key["street_key"] for key in made.keys} == {""}
    assert not any(kind is WordKind.STREET for kind, _ in made.words)


def test_a_death_is_kept_with_its_certainty() -> None:
    person = rows({"death": {"status": "reported", "died_on": "2026-11-20"}}).person

    assert (person["death_status"], person["died_on"]) == ("reported", date(2026, 11, 20))


STREETS = [
    pytest.param("12 Canal Row\nNorthdale", "Canal Row", id="number and street"),
    pytest.param("Flat 3\n12a Station Rd\nLeeds", "Station Rd", id="a flat on a line of its own"),
    pytest.param("Flat 3, 12-14 St John's Road, York", "St John's Road", id="on one line"),
    pytest.param("Rose Court Care Home\n5 Mill Lane\nYork", "Mill Lane", id="a care home's name first"),
    pytest.param("The Old Rectory\nAmble", "The Old Rectory", id="a house with a name only"),
    pytest.param("Rose House\n7 Broadgate\nYork", "Broadgate", id="a street without a kind"),
    pytest.param("", None, id="no address"),
    pytest.param("12\n14", None, id="numbers only"),
    pytest.param("Flat 3", None, id="a flat only"),
]


@pytest.mark.parametrize(("address", "street"), STREETS)
def test_the_street_is_found_in_the_address(address: str, street: str | None) -> None:
    assert choose_street(address) == street


KEYS = [
    pytest.param("Station Road", "station", id="a road"),
    pytest.param("station rd", "station", id="written short"),
    pytest.param("St John's Road", "saintjohns", id="a saint"),
    pytest.param("High St", "high", id="a street written short"),
    pytest.param("The Green", "green", id="nothing but its kind"),
    pytest.param("The Old Rectory", "oldrectory", id="a house"),
    pytest.param("Park", "park", id="one word that is a kind"),
    pytest.param("12", "", id="a number"),
]


@pytest.mark.parametrize(("street", "key"), KEYS)
def test_a_street_is_kept_by_what_tells_it_from_others(street: str, key: str) -> None:
    assert build_street_key(street) == key


SAME_SOUND = [
    pytest.param("stephenson", "stevenson", id="ph and v"),
    pytest.param("catherine", "kathryn", id="c and k"),
    pytest.param("thompson", "tomson", id="silent letters"),
    pytest.param("macdonald", "mcdonald", id="Mac and Mc"),
    pytest.param("clarke", "clark", id="a silent e"),
    pytest.param("reid", "reed", id="vowels"),
    pytest.param("wright", "rite", id="wr and gh"),
    pytest.param("knight", "night", id="kn"),
    pytest.param("phillips", "filips", id="ph and doubled letters"),
]


@pytest.mark.parametrize(("first", "second"), SAME_SOUND)
def test_names_that_sound_the_same_share_their_sound(first: str, second: str) -> None:
    assert build_sound(first) == build_sound(second) != ""
    assert set(build_fragments(first)) & set(build_fragments(second))


def test_a_name_too_short_for_a_sound_has_none() -> None:
    assert build_sound("lee") == ""


word = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20)


@given(word, st.sampled_from(TYPING_ERRORS), st.integers(0, 100), st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
def test_one_typing_error_leaves_a_fragment_in_common(kept: str, error: str, place: int, letter: str) -> None:
    typed = mistype(kept, error, place, letter)

    assert set(build_fragments(kept)) & set(build_fragments(typed))


@given(st.text(min_size=1, max_size=60))
def test_a_word_has_few_fragments_that_fit_their_column(kept: str) -> None:
    made = list(build_word_rows(WordKind.FAMILY, kept))

    assert 1 <= len(made) <= 9
    assert all(len(row["fragment"]) <= 8 for row in made)


@pytest.mark.parametrize(
    ("address", "room"),
    [
        pytest.param("Room 12\nHill House\n2 Moor Lane", "Room 12", id="a room"),
        pytest.param("Flat 3, Room B\nHill House", "Flat 3, Room B", id="a room in a flat"),
        pytest.param("Hill House\n2 Moor Lane", "", id="no room"),
        pytest.param("", "", id="no address"),
    ],
)
def test_the_room_is_what_the_address_says_of_within_the_house(address: str, room: str) -> None:
    assert find_room(address) == room


def test_rooms_go_by_their_number_and_unknown_ones_come_last() -> None:
    assert sorted(["Room 10", "", "Room 2", "room 2b", "Room B"], key=order_of_room) == [
        "Room B",
        "Room 2",
        "room 2b",
        "Room 10",
        "",
    ]
