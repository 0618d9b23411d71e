"""The shape at the edge: a rota as a CSV file, and one session by hand.

A file is loaded whole or not at all: with only its good rows on the rota, whoever stands in a bad one would be told to
the privacy officer for working. Every bad row is told at once, with its number and what to do.

Source: hazard H-69.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from marshmallow import Schema

from epaccs.core import forms
from epaccs.core.csv_files import decode_csv
from epaccs.core.errors import RuleBroken
from epaccs.rosters.rules import Line, People, WrongLine, build_span, on_the_wall, read_moment

FILE_LIMIT_BYTES: Final = 1024 * 1024
FILE_LIMIT_LINES: Final = 5_000
#: How many bad rows are told at once; who has more has one mistake in all of them.
LINES_TOLD: Final = 100

COLUMNS: Final = ("user_name", "from", "until")


class FileRefused(RuleBroken):
    """The file cannot be loaded as it is; nothing was changed. `lines` empty: it is no rota as a whole."""

    def __init__(self, sentence: str, lines: Sequence[WrongLine] = ()) -> None:
        super().__init__(sentence, field="file")
        self.lines = tuple(lines)


def refuse_lines(wrong: Iterable[WrongLine]) -> FileRefused:
    """The refusal of a file with rows that cannot be taken, in their order."""
    lines = sorted(wrong, key=lambda one: one.number)
    what = "1 row" if len(lines) == 1 else f"{len(lines):,} rows"
    return FileRefused(f"Mend {what} and choose the file again. Nothing was changed", lines)


def read_rota(content: bytes, people: People, *, today: date) -> list[Line]:
    """Every session that a file names, if it is right in every row.

    Args:
        content: the bytes of the file.
        people: everybody of the organisation.
        today: by British clocks.

    Raises:
        FileRefused: with every row to mend.
    """
    rows = _read_rows(_decode(content))
    header = _read_header(next(rows, (1, []))[1])
    lines: list[Line] = []
    wrong: list[WrongLine] = []
    for number, cells in rows:
        if len(lines) + len(wrong) == FILE_LIMIT_LINES:
            raise FileRefused(f"Load no more than {FILE_LIMIT_LINES:,} sessions in one file. Take fewer days")
        try:
            lines.append(_read_line(number, header, cells, people, today=today))
        except RuleBroken as error:
            wrong.append(WrongLine(number, error.message))
    if wrong:
        raise refuse_lines(wrong)
    if not lines:
        raise FileRefused("Choose a rota with sessions in it: this one has a heading and nothing below")
    return lines


def _decode(content: bytes) -> str:
    """The file as text.

    Raises:
        FileRefused: it is empty, too large, no text, or in another encoding; each has a sentence of its own.
    """
    if not content:
        raise FileRefused("Choose a rota with sessions in it: this file is empty")
    if len(content) > FILE_LIMIT_BYTES:
        raise FileRefused("Choose a smaller file: a rota can have up to 1 megabyte. Take fewer days")
    return decode_csv(content, called="rota", refused=FileRefused)


def _read_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with anything in them, each with its number; the heading says whether commas or semicolons part cells.

    Raises:
        FileRefused: a quotation mark was opened and not closed, or the like.
    """
    heading = text.lstrip().partition("\n")[0]
    delimiter = ";" if ";" in heading and "," not in heading else ","
    number = 0
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for number, cells in enumerate(reader, start=1):
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error:
        raise FileRefused(
            f"Look at the quotation marks after row {number:,}: one is opened and not closed, or stands inside a cell"
        ) from None


def _read_header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip().casefold().replace(" ", "_") for cell in cells]
    if sorted(names) != sorted(COLUMNS):
        raise FileRefused(
            f"Name these three columns in the first row, and no others: {', '.join(COLUMNS)}. Commas or semicolons "
            "part them"
        )
    return names


def _read_line(number: int, header: Sequence[str], cells: Sequence[str], people: People, *, today: date) -> Line:
    if len(cells) != len(header):
        raise RuleBroken(f"Check the cells: this row has {len(cells)} and the heading has {len(header)}")
    typed = dict(zip(header, cells, strict=True))
    person = people.get(typed["user_name"])
    from_at, until_at = (read_moment(typed[name], called=name, today=today) for name in ("from", "until"))
    return Line(number, person, build_span(from_at, until_at))


def write_rota(lines: Iterable[Line]) -> str:
    """The same sessions as a file, as a page passes them on from what it showed to the press that loads it."""
    rows = [
        f"{line.person.user_name},{on_the_wall(line.span.from_at):%Y-%m-%d %H:%M},"
        f"{on_the_wall(line.span.until_at):%Y-%m-%d %H:%M}"
        for line in lines
    ]
    return "\n".join([",".join(COLUMNS), *rows])


# --- Forms -----------------------------------------------------------------------------------------------------------


class FileSchema(Schema):
    """A rota to be shown before it is loaded."""

    file = forms.FileField(
        "The rota, as a CSV file", called="rota", required=True, ask="Choose the rota", accept=".csv"
    )


class _PassedOn(forms.FreeText):
    """Lines that a page passes on without asking."""

    kind = "hidden"


class LoadSchema(Schema):
    """A rota as it was shown."""

    content = _PassedOn("The rota", limit=FILE_LIMIT_BYTES, required=True, ask="Choose the file again")


class SessionSchema(Schema):
    """One session, by hand."""

    user_name = forms.ShortText(
        "Who?",
        hint="Their user name or professional number",
        called="person",
        ask="Enter the user name or the professional number",
        limit=80,
        required=True,
        autocomplete="off",
        spellcheck=False,
    )
    from_at = forms.TypedDateTime(
        "From when?", called="beginning", ask="Enter the day and time at which it begins", future=True, required=True
    )
    until_at = forms.TypedDateTime(
        "Until when?", called="end", ask="Enter the day and time at which it ends", future=True, required=True
    )
