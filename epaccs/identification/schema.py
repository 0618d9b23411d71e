"""The shape at the edge: the list as a CSV file, and the decision about one person.

A list is kept whole or not at all. Keeping only its good rows would say of everybody in a bad row that the newest list
no longer names them, and somebody would be forgotten for a typing error. So every bad row is told at once, with its
number and what to do; the list before stands until the new one is right.

A column or word that is not known is refused, not passed over: a practice should send no more than is used here, and
should hear when what it sent was not understood.

Source: hazard H-40; Caldicott principle 3 (the minimum).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from marshmallow import Schema

from epaccs.core.csv_files import decode_csv
from epaccs.core.errors import RuleBroken
from epaccs.core.fields import check_name, parse_date
from epaccs.core.forms import Choice, FileField, FreeText, Tick, TypedDate
from epaccs.core.names import fold
from epaccs.core.nhs_number import format_nhs_number, parse_nhs_number
from epaccs.identification.rules import (
    OUTCOME_LABELS,
    Condition,
    Findings,
    Outcome,
    Sign,
    check_says_why,
    check_scale_fits_age,
    find_words,
)
from epaccs.register.rules import check_adult

LIST_LIMIT_BYTES: Final = 1024 * 1024
LIST_LIMIT_ROWS: Final = 2000
#: How many bad rows are told at once; who has more has one mistake in all of them.
ROWS_TOLD: Final = 100

#: The columns in the order of the file that is offered to be filled in, and what each holds.
COLUMNS: Final[Mapping[str, str]] = {
    "nhs_number": "Ten digits, in any spacing",
    "family_name": "As on the practice's system",
    "given_name": "As on the practice's system",
    "born_on": "1941-01-06, 06/01/1941 or 06-Jan-1941",
    "conditions": "Words from the list below, with a semicolon between two. May be blank if there is a sign",
    "signs": "Words from the list below, with a semicolon between two. May be blank",
    "frailty_scale": "Clinical Frailty Scale, 1 to 9, for people of 65 and over. May be blank",
}

#: How a cell begins that a spreadsheet runs as a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Row:
    """One person of a list."""

    nhs_number: str
    family_name: str
    given_name: str
    born_on: date
    findings: Findings


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be taken: its number as a spreadsheet counts, the heading in row 1, and what to do."""

    number: int
    sentence: str


class ListRefused(RuleBroken):
    """The list cannot be taken as it is; nothing was kept. `rows` empty: the file as a whole is not a list."""

    def __init__(self, sentence: str, rows: Sequence[BadRow] = ()) -> None:
        super().__init__(sentence, field="file")
        self.rows = tuple(rows)


# --- The file --------------------------------------------------------------------------------------------------------


def read_list(content: bytes, *, today: date, check_number: Callable[[str], None]) -> list[Row]:
    """Everybody a file names, if it is right in every row.

    Args:
        content: the bytes of the file.
        today: the day by which ages are reckoned.
        check_number: refuses NHS numbers that this register takes from nobody.

    Raises:
        ListRefused: with every row to mend.
    """
    lines = _read_lines(_decode(content))
    header = _read_header(next(lines, (1, []))[1])
    rows, bad, met = [], [], dict[str, int]()
    for number, cells in lines:
        try:
            row = _read_row(header, cells, today=today)
            check_number(row.nhs_number)
            _check_new(row, met, number)
            rows.append(row)
        except RuleBroken as error:
            bad.append(BadRow(number, error.message))
        if len(rows) + len(bad) > LIST_LIMIT_ROWS:
            raise ListRefused(f"Send no more than {LIST_LIMIT_ROWS:,} people in one list. Narrow the search")
    if bad:
        raise ListRefused(_count_bad(len(bad)), bad)
    if not rows:
        raise ListRefused("Choose a list with people in it: this one has a heading and nobody below")
    return rows


def _count_bad(count: int) -> str:
    what = "1 row" if count == 1 else f"{count:,} rows"
    return f"Mend {what} and choose the list again. Nothing was kept, and the last list stands"


def _decode(content: bytes) -> str:
    """The file as text.

    Raises:
        ListRefused: it is empty, too large, no text, or in another encoding; each has a sentence of its own.
    """
    if not content:
        raise ListRefused("Choose a list with people in it: this file is empty")
    if len(content) > LIST_LIMIT_BYTES:
        raise ListRefused("Choose a smaller file: a list can have up to 1 megabyte")
    return decode_csv(content, called="list", refused=ListRefused)


def _read_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with anything in them, each with its number.

    Raises:
        ListRefused: a quotation mark was opened and not closed, or the like.
    """
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1):
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error:
        raise ListRefused(
            f"Look at the quotation marks after row {number:,}: one is opened and not closed, or stands inside a cell"
        ) from None


def _read_header(cells: Sequence[str]) -> list[str]:
    """The names of the columns, in the order of the file.

    Raises:
        ListRefused: one is missing, is there twice, or is not known.
    """
    names = [fold(cell).replace(" ", "_") for cell in cells]
    if not set(names) & set(COLUMNS):
        raise ListRefused(f"Name the columns in the first row, with commas between them: {', '.join(COLUMNS)}")
    for cell, name in zip(cells, names, strict=True):
        if name not in COLUMNS:
            raise ListRefused(f"Take out the column “{cell.strip()[:60]}”: it is not used here and must not be sent")
        if names.count(name) > 1:
            raise ListRefused(f"Keep one column “{name}”: it is there twice")
    if missing := [name for name in COLUMNS if name not in names]:
        raise ListRefused(f"Add the column {' and the column '.join(missing)}. Cells in it may be blank as described")
    return names


def _read_row(header: Sequence[str], cells: Sequence[str], *, today: date) -> Row:
    if len(cells) != len(header):
        raise RuleBroken(f"Check the commas: this row has {len(cells)} cells and the heading has {len(header)}")
    typed = dict(zip(header, cells, strict=True))
    for name, cell in typed.items():
        if cell.startswith(_FORMULA):
            raise RuleBroken(f"Type the {name} as text: it begins with a sign that a spreadsheet runs as a formula")
    row = Row(
        nhs_number=parse_nhs_number(typed["nhs_number"]),
        family_name=check_name(typed["family_name"], field_label="family name"),
        given_name=check_name(typed["given_name"], field_label="given name"),
        born_on=parse_date(typed["born_on"], field_label="date of birth", today=today),
        findings=_read_findings(typed),
    )
    check_adult(row.born_on, today=today)
    check_scale_fits_age(row.findings.frailty_scale, row.born_on, today=today)
    check_says_why(row.findings)
    return row


def _read_findings(typed: Mapping[str, str]) -> Findings:
    conditions = find_words(
        typed["conditions"], [str(one) for one in Condition], field_label="conditions", field="conditions"
    )
    signs = find_words(typed["signs"], [str(one) for one in Sign], field_label="signs", field="signs")
    return Findings(
        conditions=tuple(map(Condition, conditions)),
        signs=tuple(map(Sign, signs)),
        frailty_scale=_read_scale(typed["frailty_scale"].strip()),
    )


def _read_scale(typed: str) -> int | None:
    if not typed:
        return None
    if len(typed) != 1 or typed not in "123456789":
        raise RuleBroken("Enter the frailty scale as one digit from 1 to 9, or leave it blank", field="frailty_scale")
    return int(typed)


def _check_new(row: Row, met: dict[str, int], number: int) -> None:
    """Refuse the second row of one NHS number: nobody knows which of the two is right."""
    before = met.setdefault(row.nhs_number, number)
    if before != number:
        raise RuleBroken(
            f"Keep one row for each person: NHS number {format_nhs_number(row.nhs_number)} is in row {before:,} too"
        )


def build_template() -> str:
    """A file with the heading and nobody in it; the mark in front lets a spreadsheet read it as UTF-8."""
    return "\ufeff" + ",".join(COLUMNS) + "\r\n"


# --- Forms -----------------------------------------------------------------------------------------------------------


class ListSchema(Schema):
    """A list to be taken."""

    file = FileField("The list, as a CSV file", called="list", required=True, ask="Choose the list", accept=".csv")
    is_whole = Tick("This is the whole list, though it leaves out more than half of the people of the last one")


class DecisionSchema(Schema):
    """What was decided about one person, and why."""

    outcome = Choice(
        "What did you decide?",
        {str(one): OUTCOME_LABELS[one] for one in Outcome if one is not Outcome.REOPENED},
        hints={
            str(Outcome.NOT_NOW): "They come back onto the list on the day you give",
            str(Outcome.NOT_APPROPRIATE): "Not near the end of life, or not to be asked; it stands for a year",
            str(Outcome.PLAN_ELSEWHERE): "Say in the reason where it is kept; it stands for a year",
        },
        called="decision",
        ask="Choose what you decided",
        required=True,
        enum=Outcome,
    )
    look_again_on = TypedDate(
        "When to look again",
        hint="Only with “considered, not now”, within a year",
        called="day to look again",
        future=True,
    )
    reason = FreeText("Why?", called="reason", ask="Say why", required=True, rows=3, limit=1000)
