"""Reading a rota from a file, whatever is in it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epaccs.rosters.rules import Line, build_people
from epaccs.rosters.schema import COLUMNS, FILE_LIMIT_LINES, FileRefused, read_rota, write_rota
from tests.rosters.rotas import ADA, BEN, a_file, span

TODAY = date(2026, 11, 22)
PEOPLE = build_people([ADA, BEN])
ROW = "ada.example,2026-11-23 08:00,2026-11-23 20:00"
QUOTED = ",".join(f'"{cell}"' for cell in ROW.split(","))
MONDAY = span("2026-11-23T08:00", "2026-11-23T20:00")


def read(content: bytes) -> list[Line]:
    return read_rota(content, PEOPLE, today=TODAY)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(a_file(ROW), id="plain"),
        pytest.param(b"\xef\xbb\xbf" + a_file(ROW, end="\r\n"), id="as a spreadsheet saves it"),
        pytest.param(a_file(ROW.replace(",", ";"), heading="user_name;from;until"), id="semicolons"),
        pytest.param(a_file(QUOTED, "", " , , "), id="quoted, with blank rows"),
        pytest.param(
            a_file("2026-11-23 20:00,99A0001E,2026-11-23 08:00", heading="Until, User name ,FROM"), id="another order"
        ),
    ],
)
def test_a_rota_is_read(content: bytes) -> None:
    (line,) = read(content)

    assert (line.number, line.person, line.span) == (2, ADA, MONDAY)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "this file is empty", id="0 bytes"),
        pytest.param(b"x" * 1_100_000, "up to 1 megabyte", id="over 1 MB"),
        pytest.param(b"PK\x03\x04", "this is a workbook", id="a workbook"),
        pytest.param("user_name".encode("utf-16"), "in UTF-16", id="UTF-16"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00", "this is no text", id="a picture"),
        pytest.param(a_file("ada\xe9,x,y").decode().encode("latin-1"), "line 2 has a character", id="another encoding"),
        pytest.param(a_file('"ada'), "Look at the quotation marks after row 1", id="an open quotation mark"),
        pytest.param(ROW.encode(), "Name these three columns", id="no heading"),
        pytest.param(a_file(ROW, heading="user_name,from,to"), "Name these three columns", id="another column"),
        pytest.param(a_file(heading="user_name,from,until,nhs_number"), "and no others", id="a column too many"),
        pytest.param(b"\n\n", "Name these three columns", id="blank lines"),
        pytest.param(a_file(), "a heading and nothing below", id="nobody"),
        pytest.param(a_file(*([ROW] * 5_001)), "no more than 5,000 sessions", id="5,001 rows"),
        pytest.param(a_file(*(["x,y,z"] * 5_001)), "no more than 5,000 sessions", id="5,001 wrong rows"),
    ],
)
def test_a_file_that_is_no_rota_is_refused_with_a_sentence_of_its_own(content: bytes, sentence: str) -> None:
    with pytest.raises(FileRefused, match=sentence) as refused:
        read(content)
    assert refused.value.lines == ()


def test_as_many_rows_as_may_be_are_read() -> None:
    assert len(read(a_file(*([ROW] * FILE_LIMIT_LINES)))) == 5_000


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        pytest.param("nobody,2026-11-23 08:00,2026-11-23 20:00", "nobody of your organisation", id="unknown person"),
        pytest.param("ada.example,2026-11-23 20:00,2026-11-23 08:00", "must end after it begins", id="backwards"),
        pytest.param("ada.example,2026-11-23 08:00,2026-11-24 08:30", "at most 24 hours", id="too long"),
        pytest.param("ada.example,Monday,2026-11-24 08:30", "Enter “from” as a day and a time", id="not a date"),
        pytest.param("ada.example,2027-03-28 01:30,2027-03-28 09:00", "go forward", id="an absent hour"),
        pytest.param("ada.example,2026-10-24 20:00,2026-10-25 01:30", "twice", id="an ambiguous hour"),
        pytest.param("ada.example,2026-11-23 08:00", "this row has 2 and the heading has 3", id="a cell too few"),
        pytest.param("ada.example,2026-11-23 08:00,,", "this row has 4 and the heading has 3", id="a cell too many"),
    ],
)
def test_each_wrong_row_is_told_with_its_number_and_what_to_do(row: str, sentence: str) -> None:
    with pytest.raises(FileRefused, match=r"Mend 2 rows and choose the file again\. Nothing was changed") as refused:
        read(a_file(ROW, row, "", row))

    assert [line.number for line in refused.value.lines] == [3, 5]
    assert sentence in refused.value.lines[0].sentence


def test_what_was_read_is_passed_on_and_read_the_same() -> None:
    found = read(a_file(ROW, "BEN.example,2026-07-20 08:00,2026-07-21 08:00"))

    again = read(write_rota(found).encode())

    assert [(line.person, line.span) for line in again] == [(line.person, line.span) for line in found]


_CELLS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["ada.example", "99A0001E", "2026-11-23 08:00", "2026-10-25 01:30", '"', "=cmd()", "\x00", ";"]),
)


@given(st.lists(st.lists(_CELLS, max_size=5), max_size=8), st.sampled_from([",", ";"]))
def test_whatever_rows_hold_is_read_or_refused_in_sentences(rows: list[list[str]], delimiter: str) -> None:
    text = "\n".join([delimiter.join(COLUMNS), *(delimiter.join(cells) for cells in rows)])

    _is_read_or_refused(text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=300))
def test_whatever_bytes_come_are_refused_in_a_sentence(content: bytes) -> None:
    _is_read_or_refused(content)
    _is_read_or_refused(a_file() + b"\n" + content)


def _is_read_or_refused(content: bytes) -> None:
    found = _outcome(content)

    if isinstance(found, FileRefused):
        assert found.message
        assert all(line.sentence and line.number > 1 for line in found.lines)
    else:
        assert found


def _outcome(content: bytes) -> list[Line] | FileRefused:
    try:
        return read(content)
    except FileRefused as error:
        return error
