"""What people type into dates, times, names, passages, postcodes and telephone numbers."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import example, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from epaccs.core.errors import RuleBroken
from epaccs.core.fields import (
    EARLIEST_DATE,
    NAME_LIMIT,
    TEXT_LIMIT,
    age_in_years,
    age_of_copy,
    build_dialled,
    build_moment,
    check_name,
    clean_text,
    format_date,
    format_datetime,
    format_due,
    format_moment,
    local_date,
    normalise_postcode,
    normalise_telephone,
    parse_date,
    parse_date_parts,
    parse_time,
)

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def refusal(act: Callable[[], object]) -> RuleBroken:
    with pytest.raises(RuleBroken) as refused:
        act()
    return refused.value


# --- Dates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "06-Jan-1941",
        "6 Jan 1941",
        "6 January 1941",
        "6th January, 1941",
        "06/01/1941",
        "6/1/1941",
        "06.01.1941",
        "06 01 1941",
        "1941-01-06",
        "1941/1/6",
        "6jan1941",
        "06-JAN-1941",
        "  6 jan 1941  ",
        "０６/０１/１９４１",
        "6\u00a0Jan\u00a01941",
    ],
)
def test_a_date_is_read_as_people_write_it(typed: str) -> None:
    assert parse_date(typed, field_label="date of birth", today=TODAY) == date(1941, 1, 6)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        pytest.param("", "Enter the date of birth", id="nothing"),
        pytest.param("  ", "Enter the date of birth", id="spaces"),
        pytest.param(
            "31-02-1940", "The date of birth must be a real date: February 1940 has 29 days", id="31 February"
        ),
        pytest.param(
            "29/02/1941", "The date of birth must be a real date: February 1941 has 28 days", id="no leap year"
        ),
        pytest.param("31 Apr 1940", "The date of birth must be a real date: April 1940 has 30 days", id="31 April"),
        pytest.param("0/1/1940", "The date of birth must be a real date: January 1940 has 31 days", id="day nought"),
        pytest.param(
            "9" * 5000 + "/1/1940", "The date of birth must be a real date: January 1940 has 31 days", id="endless day"
        ),
        pytest.param(
            "30/02/40",
            "Enter the year of the date of birth with four digits, for example 1941",
            id="year in two digits",
        ),
        pytest.param(
            "6 Jan 41",
            "Enter the year of the date of birth with four digits, for example 1941",
            id="named month, two digits",
        ),
        pytest.param(
            "6/1/" + "9" * 5000,
            "Enter the year of the date of birth with four digits, for example 1941",
            id="endless year",
        ),
        pytest.param("6/1/0000", "The date of birth must be a real date: there was no year 0000", id="year nought"),
        pytest.param(
            "06/13/1940", "Enter the month of the date of birth as 1 to 12 or by its English name", id="American order"
        ),
        pytest.param(
            "06/0/1940", "Enter the month of the date of birth as 1 to 12 or by its English name", id="month nought"
        ),
        pytest.param(
            "6 Janvier 1940", "Enter the month of the date of birth as 1 to 12 or by its English name", id="French"
        ),
        pytest.param(
            "6 Ju 1940", "Enter the month of the date of birth as 1 to 12 or by its English name", id="June or July"
        ),
        pytest.param(
            "6/" + "1" * 5000 + "/1940",
            "Enter the month of the date of birth as 1 to 12 or by its English name",
            id="endless month",
        ),
        pytest.param(
            "06011941", "Enter the date of birth as day, month and year, for example 06-Jan-1941", id="run together"
        ),
        pytest.param(
            "Jan 6 1941", "Enter the date of birth as day, month and year, for example 06-Jan-1941", id="month first"
        ),
        pytest.param(
            "6 1941 Jan",
            "Enter the date of birth as day, month and year, for example 06-Jan-1941",
            id="year in the middle",
        ),
        pytest.param(
            "Jan 1941", "Enter the date of birth as day, month and year, for example 06-Jan-1941", id="no day"
        ),
        pytest.param(
            "about 1941", "Enter the date of birth as day, month and year, for example 06-Jan-1941", id="about"
        ),
        pytest.param(
            "6/1/1941?", "Enter the date of birth as day, month and year, for example 06-Jan-1941", id="a question"
        ),
        pytest.param(
            "<b>6/1/1941", "Enter the date of birth as day, month and year, for example 06-Jan-1941", id="markup"
        ),
        pytest.param(
            "6/1/19\x0041", "Enter the date of birth as day, month and year, for example 06-Jan-1941", id="null byte"
        ),
        pytest.param("6/1/1850", "The date of birth must be on or after 01-Jan-1900", id="1850"),
        pytest.param("22/11/2026", "The date of birth must be today or in the past", id="tomorrow"),
    ],
)
def test_a_date_that_cannot_be_meant_is_refused_with_what_to_do(typed: str, sentence: str) -> None:
    refused = refusal(lambda: parse_date(typed, field_label="date of birth", field="born_on", today=TODAY))

    assert refused.message == sentence
    assert refused.field == "born_on"


def test_today_is_not_the_future() -> None:
    assert parse_date("21-Nov-2026", field_label="date of birth", today=TODAY) == TODAY


def test_the_future_is_allowed_where_nobody_says_today() -> None:
    assert parse_date("22-Nov-2026", field_label="review date") == date(2026, 11, 22)


def test_the_earliest_day_is_a_limit_that_the_asker_sets() -> None:
    day = "31-Dec-1899"

    assert parse_date(day, field_label="date", earliest=date(1899, 12, 31)) == date(1899, 12, 31)
    assert refusal(lambda: parse_date(day, field_label="date")).message == "The date must be on or after 01-Jan-1900"


@pytest.mark.parametrize("month", ["1", "01", "Jan", "january", "１"])
def test_a_date_is_read_from_three_boxes(month: str) -> None:
    assert parse_date_parts((" 6 ", month, "1941"), field_label="date of birth", field="born_on") == date(1941, 1, 6)


@pytest.mark.parametrize(
    ("parts", "sentence", "field"),
    [
        pytest.param(("", "", ""), "Enter the date of birth", "born_on-day", id="nothing"),
        pytest.param(("6", "", "1941"), "Enter the month of the date of birth", "born_on-month", id="no month"),
        pytest.param(
            ("", "1", ""), "Enter the day and the year of the date of birth", "born_on-day", id="only a month"
        ),
        pytest.param(
            ("6", "1", "41"), "Enter the year of the date of birth with four digits", "born_on-year", id="two digits"
        ),
        pytest.param(("31", "2", "1940"), "The date of birth must be a real date", "born_on-day", id="31 February"),
        pytest.param(
            ("6", "13", "1940"), "Enter the month of the date of birth as 1 to 12", "born_on-month", id="month 13"
        ),
        pytest.param(("x", "1", "1940"), "Enter the day of the date of birth as a number", "born_on-day", id="letters"),
        pytest.param(("6", "1", "MCM"), "Enter the year of the date of birth as a number", "born_on-year", id="Roman"),
        pytest.param(
            ("6", "1", "١٩٤١"), "Enter the year of the date of birth as a number", "born_on-year", id="Arabic-Indic"
        ),
        pytest.param(
            ("6", "1-", "1941"), "Enter the month of the date of birth as a number", "born_on-month", id="a dash"
        ),
        pytest.param(
            ("22", "11", "2026"), "The date of birth must be today or in the past", "born_on-day", id="tomorrow"
        ),
        pytest.param(("1", "1", "1850"), "The date of birth must be on or after 01-Jan-1900", "born_on-day", id="1850"),
    ],
)
def test_three_boxes_say_which_one_to_look_at(parts: tuple[str, str, str], sentence: str, field: str) -> None:
    refused = refusal(lambda: parse_date_parts(parts, field_label="date of birth", field="born_on", today=TODAY))

    assert refused.message.startswith(sentence)
    assert refused.field == field


WRITTEN = (
    "{0.day}/{0.month}/{0.year:04}",
    "{0.day:02}-{0.month:02}-{0.year:04}",
    "{0.year:04}-{0.month:02}-{0.day:02}",
    "{0.day} {1} {0.year:04}",
)
possible_days = st.dates(min_value=EARLIEST_DATE, max_value=date(2199, 12, 31))


def _is_misread(read: Callable[[str], date], day: date) -> bool:
    """Whether some way of writing a day is read as another day."""
    return any(read(pattern.format(day, format_date(day)[3:6])) != day for pattern in WRITTEN)


def _read(text: str) -> date:
    return parse_date(text, field_label="date")


@given(possible_days)
@example(date(2000, 2, 29))
def test_every_day_is_read_back_however_it_is_written(day: date) -> None:
    assert not _is_misread(_read, day)
    assert _read(format_date(day)) == day
    assert parse_date_parts((str(day.day), str(day.month), str(day.year)), field_label="date", field="on") == day


def _american(text: str) -> date:
    day = _read(text)
    return day.replace(month=day.day, day=day.month) if "/" in text and day.day <= 12 else day


def _thirty_days(text: str) -> date:
    day = _read(text)
    return day.replace(day=min(day.day, 30 if day.month != 2 else 28))


def _windowed_year(text: str) -> date:
    day = _read(text)
    return day.replace(year=day.year % 100 + (1900 if day.year % 100 > 26 else 2000), day=min(day.day, 28))


@pytest.mark.parametrize("wrong", [_american, _thirty_days, _windowed_year])
def test_the_test_itself_catches_a_wrong_reading_of_dates(wrong: Callable[[str], date]) -> None:
    find(possible_days, lambda day: _is_misread(wrong, day), settings=settings(max_examples=2_000, database=None))


def test_the_right_reading_gives_that_test_nothing_to_find() -> None:
    with pytest.raises(NoSuchExample):
        find(possible_days, lambda day: _is_misread(_read, day), settings=settings(max_examples=300, database=None))


@given(st.text(alphabet=st.characters(), max_size=20))
def test_any_text_is_a_day_within_the_limits_or_a_sentence(text: str) -> None:
    try:
        outcome: date | str = parse_date(text, field_label="date of birth", today=TODAY)
    except RuleBroken as refused:
        outcome = refused.message

    assert (
        outcome.startswith(("Enter the ", "The date of birth must "))
        if isinstance(outcome, str)
        else EARLIEST_DATE <= outcome <= TODAY
    )


# --- Times -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("14:05", time(14, 5)),
        ("14.05", time(14, 5)),
        ("1405", time(14, 5)),
        ("9:30", time(9, 30)),
        ("0:00", time(0, 0)),
        ("23:59", time(23, 59)),
    ],
)
def test_a_time_is_read_by_the_24_hour_clock(typed: str, read: time) -> None:
    assert parse_time(typed, field_label="time") == read


@pytest.mark.parametrize("typed", ["", "24:00", "12:60", "2pm", "14", "14:5", "14:05:10", "١٤:٠٥", "14:05\x00"])
def test_what_is_no_time_of_the_24_hour_clock_is_refused(typed: str) -> None:
    refused = refusal(lambda: parse_time(typed, field_label="time of the decision", field="decided_time"))

    assert refused.message == "Enter the time of the decision by the 24-hour clock, for example 14:05"
    assert refused.field == "decided_time"


@pytest.mark.parametrize(
    ("day", "at", "moment"),
    [
        pytest.param(date(2026, 11, 20), time(14, 5), datetime(2026, 11, 20, 14, 5, tzinfo=UTC), id="winter"),
        pytest.param(date(2026, 7, 20), time(14, 5), datetime(2026, 7, 20, 13, 5, tzinfo=UTC), id="summer"),
        pytest.param(
            date(2026, 10, 25), time(1, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC), id="the hour that comes twice"
        ),
    ],
)
def test_a_time_is_meant_by_british_clocks(day: date, at: time, moment: datetime) -> None:
    assert build_moment(day, at, field_label="time") == moment


def test_an_hour_that_never_was_is_refused() -> None:
    refused = refusal(
        lambda: build_moment(date(2026, 3, 29), time(1, 30), field_label="time of the decision", field="decided_time")
    )

    assert refused.message == "Check the time of the decision: the clocks went forward over that time"


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        pytest.param(datetime(2026, 11, 20, 14, 5, tzinfo=UTC), "20-Nov-2026 14:05", id="winter"),
        pytest.param(datetime(2026, 7, 1, 23, 30, tzinfo=UTC), "02-Jul-2026 00:30", id="summer, past midnight"),
        pytest.param(
            datetime(2026, 11, 20, 9, 5, tzinfo=timezone(timedelta(hours=-5))),
            "20-Nov-2026 14:05",
            id="from another zone",
        ),
        pytest.param(datetime(2026, 1, 5, 0, 0, tzinfo=UTC), "05-Jan-2026 00:00", id="midnight"),
    ],
)
def test_a_moment_is_shown_by_british_clocks(moment: datetime, shown: str) -> None:
    assert format_datetime(moment) == shown
    assert format_date(local_date(moment)) == shown[:11]


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        pytest.param(datetime(2026, 11, 20, 14, 5, tzinfo=UTC), "20-Nov-2026 14:05", id="by a time"),
        pytest.param(datetime(2026, 9, 13, 23, 0, tzinfo=UTC), "13-Sep-2026", id="by the end of a day in summer"),
        pytest.param(datetime(2026, 11, 21, 0, 0, tzinfo=UTC), "20-Nov-2026", id="by the end of a day in winter"),
        pytest.param(datetime(2026, 9, 14, 0, 0, tzinfo=UTC), "14-Sep-2026 01:00", id="midnight only elsewhere"),
    ],
)
def test_what_is_due_by_the_end_of_a_day_names_that_day(moment: datetime, shown: str) -> None:
    assert format_due(moment) == shown


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        pytest.param(datetime(2026, 11, 20, 14, 5, tzinfo=UTC), "2026-11-20T14:05:00.000000Z", id="a whole minute"),
        pytest.param(
            datetime(2026, 11, 20, 9, 5, 0, 7, tzinfo=timezone(timedelta(hours=-5))),
            "2026-11-20T14:05:00.000007Z",
            id="from another zone",
        ),
    ],
)
def test_a_moment_is_written_for_programs_in_one_way(moment: datetime, written: str) -> None:
    assert format_moment(moment) == written
    assert datetime.fromisoformat(written) == moment


@pytest.mark.parametrize("show", [format_datetime, format_moment])
def test_a_moment_without_a_zone_is_never_shown(show: Callable[[datetime], str]) -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        show(datetime(2026, 11, 20, 14, 5))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("day", "shown"),
    [(date(1941, 1, 6), "06-Jan-1941"), (date(2026, 9, 30), "30-Sep-2026"), (date(800, 5, 1), "01-May-0800")],
)
def test_a_day_is_shown_in_the_clinical_short_form(day: date, shown: str) -> None:
    assert format_date(day) == shown


@pytest.mark.parametrize(
    ("born", "today", "years"),
    [
        pytest.param(date(1941, 1, 6), date(2026, 11, 21), 85, id="after the birthday"),
        pytest.param(date(1941, 11, 22), date(2026, 11, 21), 84, id="the day before"),
        pytest.param(date(1941, 11, 21), date(2026, 11, 21), 85, id="on it"),
        pytest.param(date(2008, 2, 29), date(2026, 2, 28), 17, id="29 February, on the 28th"),
        pytest.param(date(2008, 2, 29), date(2026, 3, 1), 18, id="29 February, on 1 March"),
    ],
)
def test_age_is_full_years(born: date, today: date, years: int) -> None:
    assert age_in_years(born, today) == years


@pytest.mark.parametrize(
    ("age", "words"),
    [
        pytest.param(timedelta(0), "less than a minute", id="now"),
        pytest.param(timedelta(seconds=59), "less than a minute", id="59 s"),
        pytest.param(timedelta(seconds=60), "1 min", id="60 s"),
        pytest.param(timedelta(minutes=3, seconds=50), "3 min", id="3 min and a bit"),
        pytest.param(timedelta(minutes=53), "53 min", id="53 min"),
        pytest.param(timedelta(minutes=60), "1 h", id="an hour"),
        pytest.param(timedelta(hours=2, minutes=59), "2 h", id="nearly 3 h"),
        pytest.param(timedelta(hours=47, minutes=59), "47 h", id="nearly 2 days"),
        pytest.param(timedelta(hours=48), "2 days", id="2 days"),
        pytest.param(timedelta(days=3, hours=23), "3 days", id="3 days"),
        pytest.param(timedelta(seconds=-1), "an unknown time", id="a clock is wrong"),
    ],
)
def test_the_age_of_a_copy_in_words(age: timedelta, words: str) -> None:
    assert age_of_copy(NOW - age, NOW) == words


# --- Text ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Likes to sit by the window.", id="plain"),
        pytest.param("Line one\nLine two\n\n\tindented", id="lines and tabs"),
        pytest.param("Wants 🎹 and 👩‍👩‍👧 near", id="emoji with joiners"),
        pytest.param("Nguyễn Thị Ánh", id="accents"),
        pytest.param("Said \u200fשלום\u200f to us", id="right-to-left marks stay"),
        pytest.param("<script>alert(1)</script> {{ 7*7 }} {% raw %} ' OR 1=1 --", id="markup and template syntax"),
        pytest.param("%s {0} ${x}", id="format signs"),
        pytest.param("5\u00a0mg", id="no-break space"),
    ],
)
def test_a_passage_is_kept_as_it_was_typed(text: str) -> None:
    assert clean_text(text, field_label="note") == text


@pytest.mark.parametrize(
    "typed", ["one\r\ntwo", "one\rtwo", "one\u2028two", "one\u2029two", "one\x0btwo", "one\x0ctwo", "one\x85two"]
)
def test_every_kind_of_line_end_becomes_one(typed: str) -> None:
    assert clean_text(typed, field_label="note") == "one\ntwo"


def test_two_spellings_of_one_letter_become_one() -> None:
    assert clean_text("Nguye\u0302\u0303n", field_label="note") == "Nguy\u1ec5n"


def test_spaces_around_a_passage_are_not_kept() -> None:
    assert clean_text("\n  as it is \n", field_label="note") == "as it is"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(
            "abc\x00d",
            "Type the note again around character 4: there is a null character, which cannot be kept",
            id="null",
        ),
        pytest.param(
            "\ud83d",
            "Type the note again around character 1: there is half a character, which cannot be kept",
            id="half an emoji",
        ),
        pytest.param(
            "a\x1bb",
            "Type the note again around character 2: there is a hidden control character, which cannot be kept",
            id="escape",
        ),
        pytest.param(
            "a\x1f",
            "Type the note again around character 2: there is a hidden control character, which cannot be kept",
            id="at the end",
        ),
        *[
            pytest.param(
                f"a{mark}b",
                "Type the note again around character 2: there is a hidden mark that changes the order of letters, "
                "which cannot be kept",
                id=unicodedata.name(mark),
            )
            for mark in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        ],
    ],
)
def test_a_character_that_cannot_be_kept_is_named_and_never_dropped(text: str, sentence: str) -> None:
    refused = refusal(lambda: clean_text(text, field_label="note", field="note"))

    assert refused.message == sentence
    assert refused.field == "note"


def test_a_passage_may_be_as_long_as_the_limit() -> None:
    assert len(clean_text("x" * TEXT_LIMIT, field_label="note")) == 200_000


def test_a_longer_passage_is_refused_with_both_counts() -> None:
    refused = refusal(lambda: clean_text("x" * (TEXT_LIMIT + 1), field_label="note", field="note"))

    assert refused.message == "Shorten the note: it can hold 200,000 characters, and 200,001 were entered"


def test_blank_is_kept_unless_something_is_required() -> None:
    assert clean_text("  ", field_label="note") == ""
    assert refusal(lambda: clean_text(" \n ", field_label="note", required=True)).message == "Enter the note"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("X", "X"),
        ("O'Neill", "O'Neill"),
        ("O’Neill", "O’Neill"),
        ("Nguye\u0302\u0303n", "Nguyễn"),
        ("Ng", "Ng"),
        ("de la  Cruz ", "de la Cruz"),
        ("Smith-Jones", "Smith-Jones"),
        ("Żółć", "Żółć"),
        ("李", "李"),
        ("שרה", "שרה"),
        ("Anne\nMarie", "Anne Marie"),
        ("Henry 8", "Henry 8"),
        ("<b>Ann</b>", "<b>Ann</b>"),
        ("Ann 🌻", "Ann 🌻"),
    ],
)
def test_a_name_is_kept_on_one_line(typed: str, kept: str) -> None:
    assert check_name(typed, field_label="family name") == kept


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        pytest.param("", "Enter the family name", id="nothing"),
        pytest.param(" \t", "Enter the family name", id="spaces"),
        pytest.param("12345", "Enter the family name with at least one letter", id="digits"),
        pytest.param("-", "Enter the family name with at least one letter", id="a dash"),
        pytest.param("🌻", "Enter the family name with at least one letter", id="a flower"),
        pytest.param(
            "Ann\u200fWood",
            "Type the family name again around character 4: there is an invisible mark of direction",
            id="RLM",
        ),
        pytest.param(
            "\u202edooW",
            "Type the family name again around character 1: there is a hidden mark that changes the order",
            id="override",
        ),
        pytest.param("Wo\x00od", "Type the family name again around character 3: there is a null character", id="null"),
        pytest.param(
            "W\ud800", "Type the family name again around character 2: there is half a character", id="half a character"
        ),
        pytest.param(
            "x" * (NAME_LIMIT + 1),
            "Shorten the family name: it can hold 200 characters, and 201 were entered",
            id="too long",
        ),
    ],
)
def test_a_name_that_cannot_be_kept_is_refused(typed: str, sentence: str) -> None:
    refused = refusal(lambda: check_name(typed, field_label="family name", field="family_name"))

    assert refused.message.startswith(sentence)
    assert refused.field == "family_name"


HIDDEN = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _keeps_something_harmful(clean: Callable[[str], str], text: str) -> bool:
    """Whether a text is kept that could reorder its neighbours, break a database, or change each time it is saved."""
    try:
        kept = clean(text)
    except RuleBroken:
        return False
    harmful = any(character in HIDDEN or unicodedata.category(character) == "Cs" for character in kept)
    control = any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in kept)
    return harmful or control or clean(kept) != kept or unicodedata.normalize("NFC", kept) != kept


awkward = st.sampled_from("\x00\ud800\udfff\u202e\u2066\u2069\u0303\r\x85\u2028e")
any_text = st.lists(st.characters() | awkward, max_size=30).map("".join)


@given(any_text)
def test_whatever_is_kept_is_harmless_and_stays_the_same(text: str) -> None:
    assert not _keeps_something_harmful(lambda typed: clean_text(typed, field_label="note"), text)


@given(any_text)
def test_whatever_name_is_kept_is_one_line_with_a_letter(text: str) -> None:
    try:
        name = check_name(text, field_label="name")
    except RuleBroken:
        return

    assert name == " ".join(name.split())
    assert any(character.isalpha() for character in name)
    assert not HIDDEN & set(name)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda text: text.strip(), id="only strips"),
        pytest.param(
            lambda text: clean_text(text.replace("\u202e", ""), field_label="note") + "\u202e"[: text.count("\u202e")],
            id="lets one mark through",
        ),
        pytest.param(
            lambda text: unicodedata.normalize("NFD", clean_text(text, field_label="note")), id="takes letters apart"
        ),
        pytest.param(lambda text: clean_text(text, field_label="note") + ".", id="adds to it each time"),
    ],
)
def test_the_test_itself_catches_a_wrong_cleaning(wrong: Callable[[str], str]) -> None:
    find(
        any_text,
        lambda text: _keeps_something_harmful(wrong, text),
        settings=settings(max_examples=5_000, database=None),
    )


# --- Postcodes and telephone numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("ls14ap", "LS1 4AP"),
        (" LS1  4AP ", "LS1 4AP"),
        ("m1 1ae", "M1 1AE"),
        ("EC1A 1BB", "EC1A 1BB"),
        ("W1A0AX", "W1A 0AX"),
        ("GIR 0AA", "GIR 0AA"),
        ("ZZ99 3VZ", "ZZ99 3VZ"),
        ("ＬＳ１ ４ＡＰ", "LS1 4AP"),
    ],
)
def test_a_postcode_gets_its_capitals_and_its_space(typed: str, kept: str) -> None:
    assert normalise_postcode(typed) == kept


@pytest.mark.parametrize("typed", ["LS1", "LS1 4A", "LS1 4APX", "12345", "LS! 4AP", "L\x00S1 4AP", "LSZ1 4AP"])
def test_what_is_no_whole_postcode_is_refused(typed: str) -> None:
    refused = refusal(lambda: normalise_postcode(typed))

    assert refused.message == "Enter a whole postcode, for example LS1 4AP, or leave it blank"
    assert refused.field == "postcode"


@pytest.mark.parametrize(
    ("typed", "kept", "dialled"),
    [
        pytest.param("", "", "", id="nothing"),
        pytest.param("07700900321", "07700 900 321", "07700900321", id="mobile"),
        pytest.param("+44 7700 900321", "07700 900 321", "07700900321", id="with the country"),
        pytest.param("0044 (0)7700 900321", "07700 900 321", "07700900321", id="with the country the old way"),
        pytest.param("01632-960101", "01632 960 101", "01632960101", id="town"),
        pytest.param("(0113) 496 0000", "0113 496 0000", "01134960000", id="Leeds"),
        pytest.param("0161.496.0000", "0161 496 0000", "01614960000", id="Manchester"),
        pytest.param("02079460001", "020 7946 0001", "02079460001", id="London"),
        pytest.param("0300 123 4567", "0300 123 4567", "03001234567", id="0300"),
        pytest.param("0800 1234567", "0800 123 4567", "08001234567", id="0800"),
        pytest.param("01632 960 101 ext. 12", "01632 960 101 ext 12", "01632960101", id="extension"),
        pytest.param("01632 960 101 x12", "01632 960 101 ext 12", "01632960101", id="short extension"),
        pytest.param("111", "111", "111", id="111"),
        pytest.param("016977 2345", "016977 2345", "0169772345", id="ten digits stay as typed"),
        pytest.param("05600 123 456", "05600 123 456", "05600123456", id="another range stays as typed"),
        pytest.param("+33 1 23 45 67 89", "+33 1 23 45 67 89", "+33123456789", id="abroad stays as typed"),
    ],
)
def test_a_telephone_number_is_kept_in_groups_and_dialled_in_digits(typed: str, kept: str, dialled: str) -> None:
    assert normalise_telephone(typed) == kept
    assert build_dialled(kept) == dialled


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        pytest.param("ask for Ann", "Enter the telephone number without letters", id="words"),
        pytest.param("0770O 900321", "Enter the telephone number without letters", id="letter O"),
        pytest.param("12", "Enter the telephone number using digits, with its area code", id="two digits"),
        pytest.param("+", "Enter the telephone number using digits, with its area code", id="a sign"),
        pytest.param("01632 960 101 / *9", "Enter the telephone number using digits, with its area code", id="a star"),
        pytest.param("01632\x00960101", "Enter the telephone number using digits, with its area code", id="null"),
        pytest.param("01632 960101 01632 960102", "Enter only one number as the telephone number", id="two numbers"),
        pytest.param("ext 12", "Enter the telephone number using digits, with its area code", id="only an extension"),
    ],
)
def test_what_cannot_be_dialled_is_refused(typed: str, sentence: str) -> None:
    refused = refusal(lambda: normalise_telephone(typed, field="contact_telephone"))

    assert refused.message.startswith(sentence)
    assert refused.field == "contact_telephone"


@given(st.text(alphabet="0123456789 +()-./ext", max_size=20))
def test_a_kept_telephone_number_is_kept_the_same_again(typed: str) -> None:
    try:
        kept = normalise_telephone(typed)
    except RuleBroken:
        return

    assert normalise_telephone(kept) == kept
