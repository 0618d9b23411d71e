"""A file is a list, or is refused with what to mend; nothing of a refused list is kept."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from epaccs.core.db import db
from epaccs.core.errors import RuleBroken
from epaccs.core.nhs_number import check_digit
from epaccs.identification.model import Candidate, CandidateList
from epaccs.identification.rules import Condition, Findings, Sign
from epaccs.identification.schema import (
    COLUMNS,
    LIST_LIMIT_BYTES,
    LIST_LIMIT_ROWS,
    BadRow,
    ListRefused,
    Row,
    build_template,
    read_list,
)
from tests.factories import a_clinician
from tests.identification.lists import ADA, BEN, a_file, a_row, send

TODAY = date(2026, 11, 21)
HEAD = ",".join(COLUMNS).encode()
GOOD = b"9990000301,Hargreaves,Winifred,1938-05-02,heart failure,,"


def read(content: bytes) -> list[Row]:
    return read_list(content, today=TODAY, check_number=lambda _: None)


def refused(content: bytes) -> ListRefused:
    with pytest.raises(ListRefused) as error:
        read(content)
    assert error.value.field == "file"
    return error.value


# --- what is taken ---------------------------------------------------------------------------------------------------


def test_a_row_is_read_as_it_is_typed() -> None:
    row = a_row(
        "999 000 0301", born_on="02/05/1938", conditions="Heart failure; COPD", signs="Weight loss", frailty_scale=7
    )

    assert read(a_file(row)) == [
        Row(
            nhs_number=ADA,
            family_name="Hargreaves",
            given_name="Winifred",
            born_on=date(1938, 5, 2),
            findings=Findings((Condition.HEART_FAILURE, Condition.COPD), (Sign.WEIGHT_LOSS,), 7),
        )
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(HEAD + b"\n" + GOOD, id="no line end at the end"),
        pytest.param(b"\xef\xbb\xbf" + HEAD + b"\r\n" + GOOD + b"\r\n", id="the mark of UTF-8, and Windows line ends"),
        pytest.param(HEAD + b"\r" + GOOD + b"\r", id="old line ends"),
        pytest.param(b"\n\n" + HEAD + b"\n,,,,,,\n" + GOOD + b"\n\n", id="blank rows"),
        pytest.param(
            b"NHS number,Family name,GIVEN-NAME,Born on,Conditions,Signs,Frailty scale\n" + GOOD,
            id="the columns as words",
        ),
        pytest.param(
            b"signs,conditions,nhs_number,family_name,given_name,frailty_scale,born_on\n"
            b",heart failure,9990000301,Hargreaves,Winifred,,1938-05-02",
            id="the columns in another order",
        ),
        pytest.param(HEAD + b'\n"9990000301","Hargreaves","Winifred","1938-05-02","heart failure","",""', id="quoted"),
    ],
)
def test_a_file_is_read_however_a_spreadsheet_writes_it(content: bytes) -> None:
    assert [(row.nhs_number, row.family_name) for row in read(content)] == [(ADA, "Hargreaves")]


def test_names_of_every_script_and_commas_in_them_are_kept() -> None:
    rows = read(a_file(a_row(family_name="Nguyễn, O'Neill 李", given_name="José\nMaría")))

    assert [(row.family_name, row.given_name) for row in rows] == [("Nguyễn, O'Neill 李", "José María")]


def test_the_template_is_a_list_without_people_that_a_spreadsheet_reads_as_utf_8() -> None:
    template = build_template().encode()

    assert template.startswith(b"\xef\xbb\xbf")
    assert "nobody below" in refused(template).message
    assert len(read(template + GOOD)) == 1


# --- what is refused as a whole --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "this file is empty", id="0 bytes"),
        pytest.param(b"\n\n\n", "Name the columns in the first row", id="blank lines"),
        pytest.param(b"x" * (LIST_LIMIT_BYTES + 1), "up to 1 megabyte", id="too large"),
        pytest.param(b"x" * 50_000_000, "up to 1 megabyte", id="50 megabytes"),
        pytest.param(b"PK\x03\x04\x14\x00", "this is a workbook", id="a workbook"),
        pytest.param(b"%PDF-1.7\n\x00\xff", "this is no text", id="binary"),
        pytest.param((HEAD + b"\n" + GOOD).decode().encode("utf-16"), "in UTF-16", id="UTF-16"),
        pytest.param(HEAD + b"\n" + GOOD.replace(b"Win", b"Ren\xe9"), "line 2 has a character", id="Windows-1252"),
        pytest.param(HEAD + b'\n"9990000301,Har\n', "quotation marks after row 1", id="a quotation mark left open"),
        pytest.param(HEAD + b"\n" + b'"' + b"x" * 200_000 + b'"', "quotation marks", id="a cell without an end"),
        pytest.param(GOOD, "Name the columns in the first row", id="no heading"),
        pytest.param(HEAD.replace(b",", b";") + b"\n", "Name the columns", id="semicolons between the cells"),
        pytest.param(HEAD + b",address\n", "Take out the column “address”", id="a column that is not used"),
        pytest.param(HEAD + b",\n", "Take out the column “”", id="a column without a name"),
        pytest.param(HEAD + b",signs\n", "Keep one column “signs”", id="a column twice"),
        pytest.param(HEAD.replace(b",signs", b""), "Add the column signs", id="a column missing"),
        pytest.param(HEAD + b"\n", "nobody below", id="nobody in it"),
        pytest.param(HEAD + b"\n" + (GOOD + b"\n") * (LIST_LIMIT_ROWS + 1), "no more than 2,000", id="too many rows"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_what_to_do(content: bytes, sentence: str) -> None:
    error = refused(content)

    assert sentence in error.message
    assert error.rows == ()


# --- what is refused in a row ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        pytest.param({"nhs_number": ""}, "Enter the NHS number", id="no number"),
        pytest.param({"nhs_number": "9990000310"}, "do not fit together", id="wrong check digit"),
        pytest.param({"nhs_number": "9.99E+09"}, "without letters", id="a number that a spreadsheet rounded"),
        pytest.param({"nhs_number": "999000030"}, "9 were entered", id="nine digits"),
        pytest.param({"family_name": ""}, "Enter the family name", id="no family name"),
        pytest.param({"given_name": "\u202eabc"}, "cannot be kept", id="a mark that turns letters around"),
        pytest.param({"born_on": "31/02/1940"}, "must be a real date", id="no such day"),
        pytest.param({"born_on": "02/05/38"}, "four digits", id="two digits of a year"),
        pytest.param({"born_on": "2030-01-01"}, "today or in the past", id="not yet born"),
        pytest.param({"born_on": "2015-01-01"}, "aged 18 and over", id="a child"),
        pytest.param({"conditions": "84114007"}, "“84114007” is none of them", id="a code"),
        pytest.param({"conditions": "", "signs": ""}, "Say why", id="no reason"),
        pytest.param({"signs": "tired"}, "“tired” is none of them", id="a word that is not known"),
        pytest.param({"frailty_scale": "10"}, "one digit from 1 to 9", id="ten on the scale"),
        pytest.param({"frailty_scale": "²"}, "one digit from 1 to 9", id="a raised digit"),
        pytest.param({"frailty_scale": "7", "born_on": "1980-01-01"}, "under 65", id="the scale for somebody young"),
        pytest.param({"family_name": '=HYPERLINK("x")'}, "runs as a formula", id="a formula"),
        pytest.param({"given_name": "@SUM(1)"}, "runs as a formula", id="an old formula"),
        pytest.param({"signs": "+weight loss"}, "runs as a formula", id="a plus in front"),
    ],
)
def test_a_row_that_cannot_be_taken_says_what_to_do(cells: dict[str, str], sentence: str) -> None:
    error = refused(a_file(a_row(BEN), a_row(**cells)))

    assert "Mend 1 row" in error.message
    (bad,) = error.rows
    assert bad.number == 3
    assert sentence in bad.sentence


def test_every_bad_row_is_told_at_once_by_the_number_that_a_spreadsheet_shows() -> None:
    error = refused(HEAD + b"\n\n" + GOOD + b"\n,,,\n" + GOOD + b"\nx,y\n" + GOOD.replace(b"heart failure", b""))

    assert "Mend 3 rows" in error.message
    assert [row.number for row in error.rows] == [5, 6, 7]
    assert error.rows[0] == BadRow(5, "Keep one row for each person: NHS number 999 000 0301 is in row 3 too")
    assert "this row has 2 cells and the heading has 7" in error.rows[1].sentence


def test_a_list_of_the_largest_size_is_read() -> None:
    numbers = [f"{first}{last}" for first in range(999000100, 999003000) if (last := check_digit(str(first)))]

    rows = read(a_file(*(a_row(number) for number in numbers[:LIST_LIMIT_ROWS])))

    assert len(rows) == LIST_LIMIT_ROWS


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_nothing_of_a_list_with_a_bad_row_is_kept_and_the_last_list_stands(app: Flask) -> None:
    gp = a_clinician()
    send(gp, a_row(ADA))

    with pytest.raises(ListRefused):
        send(gp, a_row(BEN), a_row("9990000310"))

    assert [row.nhs_number for row in db.session.query(Candidate)] == [ADA]
    assert db.session.query(CandidateList).count() == 1


def test_a_demonstration_takes_no_number_that_may_be_real(app: Flask) -> None:
    with pytest.raises(ListRefused) as error:
        send(a_clinician(), a_row("9434765919"))

    assert "made-up NHS number" in error.value.rows[0].sentence
    assert db.session.query(Candidate).count() == 0


def test_a_list_that_leaves_out_most_people_is_kept_only_when_somebody_says_that_it_is_whole(app: Flask) -> None:
    gp = a_clinician()
    send(gp, a_row(ADA), a_row(BEN))
    send(gp, a_row(ADA), is_whole=False)

    with pytest.raises(RuleBroken, match="leaves out 1 of the 1 people"):
        send(gp, a_row(BEN), is_whole=False)

    assert send(gp, a_row(BEN), is_whole=True).no_longer_listed == 1


@pytest.mark.parametrize("word", [*COLUMNS, *map(str, Condition), *map(str, Sign)])
def test_the_page_for_practices_names_every_column_and_word(word: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "identification.md").read_text(encoding="utf-8")

    assert f"| `{word}` |" in page
