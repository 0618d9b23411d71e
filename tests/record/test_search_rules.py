"""Search: what is typed is read as it is meant, too little is said so, and the person meant comes first."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.core.fields import age_in_years
from epaccs.record.rules.search import (
    LOWEST_SCORE,
    Criteria,
    Keys,
    are_alike,
    is_same_person,
    likeness,
    near_dates,
    near_words,
    read_criteria,
    read_typed_seconds,
    score,
    score_born,
)

TODAY = date(2026, 11, 21)
BORN = date(1941, 1, 6)


def read(who: str = "", born: str = "", where: str = "") -> Criteria:
    return read_criteria(who, born, where, today=TODAY)


def sentences(refused: pytest.ExceptionInfo[RulesBroken]) -> dict[str | None, str]:
    return {error.field: error.message for error in refused.value.errors}


# --- The NHS number ---

NUMBERS = [
    pytest.param("9990000018", id="ten digits"),
    pytest.param("999 000 0018", id="as on a letter"),
    pytest.param("999-000-0018", id="dashes"),
    pytest.param("999\u2011000\u20110018", id="dashes of a word processor"),
    pytest.param(" 9 9 9 0 0 0 0 0 1 8 ", id="a space after each digit"),
    pytest.param("999.000.0018", id="full stops"),
    pytest.param("９９９０００００１８", id="full-width digits"),
    pytest.param("999\u00a0000\u00a00018", id="spaces that do not break"),
]


@pytest.mark.parametrize("typed", NUMBERS)
def test_an_nhs_number_is_read_in_any_spacing(typed: str) -> None:
    assert read(typed).number == "9990000018"


WRONG_NUMBERS = [
    pytest.param("999 000 0019", "its digits do not fit together", id="a wrong check digit"),
    pytest.param("999 000 001", "Enter all 10 digits", id="nine digits"),
    pytest.param("999 000 00181", "Enter only the 10 digits", id="eleven digits"),
    pytest.param("Okonkwo 9990000018", "either the NHS number or the name", id="a name beside it"),
]


@pytest.mark.parametrize(("typed", "sentence"), WRONG_NUMBERS)
def test_a_number_that_cannot_be_is_said_so(typed: str, sentence: str) -> None:
    with pytest.raises(RulesBroken) as refused:
        read(typed)

    assert sentence in sentences(refused)["who"]


def test_a_wrong_number_and_a_wrong_date_are_said_at_once() -> None:
    with pytest.raises(RulesBroken) as refused:
        read("999", "31-02-1940")

    assert set(sentences(refused)) == {"who", "born"}


# --- The name ---


def test_the_words_of_a_name_may_be_in_either_order() -> None:
    readings = read("Grace Okonkwo", "06-Jan-1941").readings

    assert readings[:2] == ((("okonkwo",), ("grace",)), (("grace",), ("okonkwo",)))


def test_two_words_may_be_one_family_name() -> None:
    assert (("oneill",), ()) in read("O Neill", "06-Jan-1941").readings


def test_a_comma_says_which_is_the_family_name() -> None:
    assert read("OKONKWO, Grace", "06-Jan-1941").readings == ((("okonkwo",), ("grace",)),)


def test_every_run_of_words_could_be_one_name() -> None:
    assert read("Anna van Berg", "06-Jan-1941").names == ("anna", "annavan", "annavanberg", "van", "vanberg", "berg")


def test_a_name_that_looks_like_a_particle_is_looked_for() -> None:
    assert "o" in read("Bob O", "06-Jan-1941").names


HOSTILE = [
    pytest.param("x" * 200_000, "Shorten the NHS number or name", id="200,000 characters"),
    pytest.param("Grace\x00Okonkwo", "null character", id="a null character"),
    pytest.param("Grace \u202eowknokO", "changes the order of letters", id="letters shown backwards"),
    pytest.param("Grace \ud800", "half a character", id="half a character"),
    pytest.param("'; -- ", "at least one letter", id="punctuation only"),
    pytest.param("a b c d e f g", "at most 6 words", id="a sentence"),
]


@pytest.mark.parametrize(("typed", "sentence"), HOSTILE)
def test_what_cannot_be_a_name_is_refused_with_a_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(RulesBroken) as refused:
        read(typed, "06-Jan-1941")

    assert sentence in sentences(refused)["who"]


HARMLESS = [
    pytest.param("Robert'); DROP TABLE search_key;--", id="a statement of the database"),
    pytest.param("<script>alert(1)</script>", id="markup"),
    pytest.param("{{ 7 * seven }}", id="template syntax"),
    pytest.param("%", id="a wild card"),
]


@pytest.mark.parametrize("typed", HARMLESS)
def test_a_hostile_name_is_words_like_any_other_or_refused(typed: str) -> None:
    try:
        words = read(typed, "06-Jan-1941").words
    except RulesBroken:
        return

    assert all(word.isalnum() for word in words)


# --- Born ---

BANDS = [
    pytest.param("85", date(1938, 11, 22), date(1943, 11, 21), id="an age, with two years to either side"),
    pytest.param("about 85", date(1938, 11, 22), date(1943, 11, 21), id="about an age"),
    pytest.param("85 years old", date(1938, 11, 22), date(1943, 11, 21), id="an age in words"),
    pytest.param("80-89", date(1936, 11, 22), date(1946, 11, 21), id="a span of ages"),
    pytest.param("89 to 80", date(1936, 11, 22), date(1946, 11, 21), id="a span the wrong way round"),
    pytest.param("80s", date(1936, 11, 22), date(1946, 11, 21), id="a decade"),
    pytest.param("1941", date(1941, 1, 1), date(1941, 12, 31), id="a year of birth"),
    pytest.param("born 1941", date(1941, 1, 1), date(1941, 12, 31), id="a year of birth in words"),
]


@pytest.mark.parametrize(("typed", "born_from", "born_until"), BANDS)
def test_an_age_leaves_some_dates_of_birth(typed: str, born_from: date, born_until: date) -> None:
    criteria = read("Grace Okonkwo", typed)

    assert (criteria.born_from, criteria.born_until) == (born_from, born_until)


@given(born=st.dates(date(1915, 1, 1), date(2008, 1, 1)), today=st.dates(date(2026, 1, 1), date(2032, 12, 31)))
def test_everybody_is_within_the_span_of_their_own_age(born: date, today: date) -> None:
    age = age_in_years(born, today)

    criteria = read_criteria("Grace Okonkwo", f"{age}-{age}", "", today=today)

    assert criteria.born_from is not None
    assert criteria.born_until is not None
    assert criteria.born_from <= born <= criteria.born_until
    assert age_in_years(criteria.born_from - timedelta(days=1), today) == age + 1
    assert age_in_years(criteria.born_until + timedelta(days=1), today) == age - 1


def test_ages_are_counted_on_29_february_too() -> None:
    criteria = read_criteria("Grace Okonkwo", "81-81", "", today=date(2028, 2, 29))

    assert (criteria.born_from, criteria.born_until) == (date(1946, 3, 1), date(1947, 2, 28))


DATES = [
    pytest.param("06-Jan-1941", id="as it is shown"),
    pytest.param("6/1/1941", id="in figures"),
    pytest.param("6 January 1941", id="in words"),
    pytest.param("1941-01-06", id="as a computer writes it"),
]


@pytest.mark.parametrize("typed", DATES)
def test_a_date_of_birth_is_read_as_people_write_it(typed: str) -> None:
    assert read("Okonkwo", typed).born_on == BORN


WRONG_BIRTHS = [
    pytest.param("31-02-1940", "must be a real date", id="31 February"),
    pytest.param("30/02/40", "four digits", id="a year of two digits"),
    pytest.param("22-Nov-2026", "today or in the past", id="tomorrow"),
    pytest.param("1850", "from 1900 to 2026", id="a year too long ago"),
    pytest.param("2030", "from 1900 to 2026", id="a year to come"),
    pytest.param("150", "at most 125", id="an age nobody reaches"),
    pytest.param("150-160", "at most 125", id="a span nobody reaches"),
    pytest.param("old", "day, month and year", id="a word"),
]


@pytest.mark.parametrize(("typed", "sentence"), WRONG_BIRTHS)
def test_a_date_or_age_that_cannot_be_is_said_so(typed: str, sentence: str) -> None:
    with pytest.raises(RulesBroken) as refused:
        read("Grace Okonkwo", typed)

    assert sentence in sentences(refused)["born"]


NEAR_DATES = [
    pytest.param(date(1941, 6, 1), id="day and month swapped"),
    pytest.param(date(1940, 1, 6), id="a year off"),
    pytest.param(date(1951, 1, 6), id="ten years off"),
    pytest.param(date(1914, 1, 6), id="the digits of the year swapped"),
    pytest.param(date(1941, 2, 6), id="a month off"),
    pytest.param(date(1941, 1, 7), id="a day off"),
    pytest.param(date(1941, 1, 16), id="ten days off"),
]


@pytest.mark.parametrize("mistyped", NEAR_DATES)
def test_a_mistyped_date_of_birth_leads_back_to_the_right_one(mistyped: date) -> None:
    assert BORN in near_dates(mistyped)


def test_a_date_is_not_near_itself_and_near_dates_are_few() -> None:
    assert BORN not in near_dates(BORN)
    assert len(near_dates(BORN)) < 16


def test_the_last_day_of_february_has_near_dates_too() -> None:
    assert date(1940, 2, 28) in near_dates(date(1940, 2, 29))


# --- Where ---

STREETS = [
    pytest.param("Canal Row", "canal", id="a street"),
    pytest.param("12 canal row", "canal", id="with the number of the house"),
    pytest.param("12a Canal Rwo", "canal", id="the kind of street mistyped"),
    pytest.param("CanalRow", "canal", id="written as one word"),
    pytest.param("St John's Rd", "saintjohns", id="a saint's road"),
    pytest.param("The Green", "green", id="a street that is only its kind"),
]


@pytest.mark.parametrize(("typed", "key"), STREETS)
def test_a_street_is_known_by_what_tells_it_from_others(typed: str, key: str) -> None:
    assert key in read("Okonkwo", "", typed).streets


def test_a_postcode_is_read_with_and_without_a_street() -> None:
    assert read("Okonkwo", "", "ls1 4ap").postcode == "LS14AP"
    both = read("Okonkwo", "", "Canal Row, LS1 4AP")
    assert (both.streets[0], both.postcode) == ("canal", "LS14AP")


def test_a_house_number_alone_is_no_street() -> None:
    with pytest.raises(RulesBroken) as refused:
        read("Okonkwo", "", "12")

    assert sentences(refused) == {"where": "Enter the name of the street, or the whole postcode"}


# --- Enough, or too little ---

ENOUGH = [
    pytest.param("9990000018", "", "", id="an NHS number"),
    pytest.param("Okonkwo", "06-Jan-1941", "", id="a name and a date of birth"),
    pytest.param("Ng", "06-Jan-1941", "", id="a name of two letters and a date of birth"),
    pytest.param("O", "06-Jan-1941", "", id="a name of one letter and a date of birth"),
    pytest.param("Okonkwo", "", "Canal Row", id="a family name and a street"),
    pytest.param("Li", "", "LS1 4AP", id="a short name and a postcode"),
    pytest.param("Grace Okonkwo", "80s", "", id="the whole name and an age"),
]


@pytest.mark.parametrize(("who", "born", "where"), ENOUGH)
def test_enough_to_mean_one_person_is_searched(who: str, born: str, where: str) -> None:
    assert read(who, born, where).kinds


TOO_LITTLE = [
    pytest.param("", "", "", "who", "Enter an NHS number, or a name", id="nothing"),
    pytest.param("", "06-Jan-1941", "", "who", "Enter an NHS number, or a name", id="a date of birth alone"),
    pytest.param("", "", "Canal Row", "who", "Enter an NHS number, or a name", id="a street alone"),
    pytest.param("Grace Okonkwo", "", "", "born", "Add the date of birth, the age", id="a name alone"),
    pytest.param("Okonkwo", "80s", "", "who", "Add the given name", id="a family name and an age"),
    pytest.param("O", "", "Canal Row", "who", "Add the rest of the name", id="one letter and a street"),
    pytest.param("G O", "80s", "", "who", "Add the rest of the name", id="two initials and an age"),
]


@pytest.mark.parametrize(("who", "born", "where", "field", "sentence"), TOO_LITTLE)
def test_too_little_says_what_to_add(who: str, born: str, where: str, field: str, sentence: str) -> None:
    with pytest.raises(RulesBroken) as refused:
        read(who, born, where)

    assert list(sentences(refused)) == [field]
    assert sentences(refused)[field].startswith(sentence)


def test_the_audit_hears_by_what_was_searched_and_nothing_of_it() -> None:
    assert read("Grace Okonkwo", "80s", "Canal Row, LS1 4AP").kinds == ("name", "age", "street", "postcode")
    assert read("Okonkwo", "06-Jan-1941").kinds == ("name", "born")


# --- Who fits ---

GRACE = Keys("okonkwo", "grace", "canal", BORN)

FITTING = [
    pytest.param("Grace Okonkwo", "06-Jan-1941", "", id="as it is kept"),
    pytest.param("Okonkwo Grace", "06-Jan-1941", "", id="family and given name swapped"),
    pytest.param("Grce Okonkwo", "06-Jan-1941", "", id="a letter missing"),
    pytest.param("Grace Okonkow", "80s", "Canal Row", id="two letters swapped"),
    pytest.param("Grace Okonkwo", "80s", "Cannal Row", id="a letter too many in the street"),
    pytest.param("G Okonkwo", "06-Jan-1941", "", id="an initial"),
    pytest.param("Okonkwo", "", "Canal Row", id="no given name"),
    pytest.param("Grace", "06-Jan-1941", "", id="no family name"),
    pytest.param("Grace Okonkwo", "06-Jan-1942", "", id="a year off"),
    pytest.param("Grace Mary Okonkwo", "06-Jan-1941", "", id="a second given name"),
]

UNFITTING = [
    pytest.param("Harold Baxter", "06-Jan-1941", "", id="somebody born the same day"),
    pytest.param("Grace Baxter", "80s", "Canal Row", id="another family name in the street"),
    pytest.param("Baxter", "", "Canal Row", id="a neighbour"),
]


@pytest.mark.parametrize(("who", "born", "where"), FITTING)
def test_the_person_meant_fits(who: str, born: str, where: str) -> None:
    assert score(read(who, born, where), GRACE) >= LOWEST_SCORE


@pytest.mark.parametrize(("who", "born", "where"), UNFITTING)
def test_somebody_else_does_not_fit(who: str, born: str, where: str) -> None:
    assert score(read(who, born, where), GRACE) < LOWEST_SCORE


BETTER = [
    pytest.param(Keys("okonkwo", "grace", "mill", BORN), id="who lives in another street"),
    pytest.param(Keys("okonkwo", "agnes", "canal", BORN), id="who has another given name"),
    pytest.param(Keys("okonkwo", "grace", "", BORN), id="whose address is restricted"),
    pytest.param(Keys("okonjo", "grace", "canal", BORN), id="who has a family name like it"),
]


@pytest.mark.parametrize("other", BETTER)
def test_the_person_meant_comes_before_somebody(other: Keys) -> None:
    criteria = read("Grace Okonkwo", "80s", "Canal Row")

    assert score(criteria, GRACE) > score(criteria, other)


def test_a_double_barrelled_name_fits_by_its_parts_and_whole() -> None:
    kept = Keys("smithjones", "mary", "canal", BORN)

    assert score(read("Mary Smith Jones", "06-Jan-1941"), kept) == pytest.approx(1)
    assert score(read("Mary Smith", "06-Jan-1941"), kept) < score(read("Mary Smith-Jones", "06-Jan-1941"), kept)


def test_a_postcode_counts_like_the_street() -> None:
    criteria = read("Grace Okonkwo", "80s", "LS1 4AP")

    assert score(criteria, Keys("okonkwo", "grace", "canal", BORN, "LS14AP")) == pytest.approx(1)
    assert score(criteria, Keys("okonkwo", "grace", "canal", BORN, "LS14AQ")) < 1


def test_nothing_asked_fits_nobody() -> None:
    assert score(Criteria(), GRACE) == 0


ALIKE = [
    pytest.param("stephenson", "stevenson", id="two spellings of one sound"),
    pytest.param("ng", "mg", id="one letter in a name of two"),
    pytest.param("catherine", "kathryn", id="spelt quite otherwise"),
]


@pytest.mark.parametrize(("first", "second"), ALIKE)
def test_names_that_are_easily_confused_are_alike(first: str, second: str) -> None:
    assert likeness(first, second) >= 0.6


def test_names_that_share_nothing_are_not_alike() -> None:
    assert likeness("smith", "okonkwo") < 0.3
    assert likeness("", "okonkwo") == 0


def test_two_people_of_nearly_the_same_name_are_easily_confused() -> None:
    assert are_alike(("okonkwo", "grace"), ("okonkwo", "gracie"))
    assert not are_alike(("okonkwo", "grace"), ("okonkwo", "harold"))


def test_words_that_may_have_been_meant_are_the_nearest_first() -> None:
    assert near_words("smyth", {"smith", "smyth", "smythe", "jones"}, limit=2) == ["smyth", "smith"]


def test_whoever_was_not_asked_for_a_date_of_birth_is_born_as_asked() -> None:
    assert score_born(read("Okonkwo", "", "Canal Row"), BORN) == 1


# --- Who is known exactly ---


def test_whole_name_and_date_of_birth_letter_for_letter_are_one_person() -> None:
    assert is_same_person(read("Grace Okonkwo", "06-Jan-1941"), GRACE)
    assert is_same_person(read("Okonkwo Grace", "06-Jan-1941"), GRACE)


INEXACT = [
    pytest.param("Grace Okonkow", "06-Jan-1941", "", id="a letter swapped"),
    pytest.param("Grace Okonkwo", "06-Jan-1942", "", id="a year off"),
    pytest.param("Grace Okonkwo", "80s", "Canal Row", id="an age instead of the date"),
    pytest.param("Okonkwo", "06-Jan-1941", "", id="no given name"),
    pytest.param("G Okonkwo", "06-Jan-1941", "", id="an initial"),
]


@pytest.mark.parametrize(("who", "born", "where"), INEXACT)
def test_anything_less_is_not_known_exactly(who: str, born: str, where: str) -> None:
    assert not is_same_person(read(who, born, where), GRACE)


# --- How long it took to type ---

TYPED = [
    pytest.param("4200", 4.2, id="what the page counted"),
    pytest.param("", None, id="nothing"),
    pytest.param("-5", None, id="less than nothing"),
    pytest.param("9999999", None, id="longer than anybody types"),
    pytest.param("٤٢", None, id="digits of another script"),
]


@pytest.mark.parametrize(("typed", "seconds"), TYPED)
def test_the_time_to_type_is_known_or_not_known(typed: str, seconds: float | None) -> None:
    assert read_typed_seconds(typed) == seconds


def test_a_rule_broken_names_the_box() -> None:
    with pytest.raises(RulesBroken) as refused:
        read("Okonkwo", "06-Jan-1941", "\x00")

    assert all(isinstance(error, RuleBroken) and error.field == "where" for error in refused.value.errors)
