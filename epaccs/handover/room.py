"""How much room the head and the foot of every page need, so that neither is cut nor lies over the text. Pure.

A renderer gives a page's margins a height before it knows what stands in them. Widths are those of the bold letters
of the font the sheets are set in, so an estimate is never too small.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from epaccs.handover.rules import PaperList, Sheet

#: A longer word may be broken: a line that nothing breaks takes minutes to lay out.
LONGEST_WORD: Final = 30

TEXT_MM: Final = 182
CODE_MM: Final = 26
_LINE_HEIGHT: Final = 1.25
_MM_OF_POINT: Final = 25.4 / 72

_WIDTHS: Final = {
    0.28: " ,./\\:;|!'Iijl",
    0.4: '-()[]{}*"`frt',
    0.56: "0123456789$#_?aceksvxyzJ",
    0.62: "bdghnopquFLTZ~<>=+^",
    0.73: "ABCDEHKNPRSUVXY&",
    0.78: "GOQw",
    0.9: "mM%@",
    0.95: "W",
}
#: In ems. A letter with an accent is as wide as without; of another script, wider than any of these.
_WIDTH_OF: Final = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_OTHER_SCRIPT: Final = 1.2
_LAST_OF_FONT: Final = "\u017f"


@dataclass(frozen=True)
class _Points:
    """The size of what stands on every page: who it is, the line about CPR, the rest of the head, and the foot."""

    name: float = 12.5
    line: float = 14
    rest: float = 11
    foot: float = 11


_USUAL: Final = _Points()
_LARGE: Final = _Points(name=16, line=18, rest=16, foot=12)


def _points(sheet: Sheet) -> _Points:
    return _LARGE if sheet.is_large else _USUAL


def first_head_height(sheet: Sheet) -> float:
    """Millimetres for the head of the first page, which begins with the person."""
    return (17 if sheet.is_large else 15) if sheet.is_demo else 9


def head_height(sheet: Sheet) -> float:
    """Millimetres for the head of the second and later pages: who, and the line about CPR."""
    who, line, points = sheet.summary.identity, sheet.card.line, _points(sheet)
    name = f"{who.family_name.upper()}, {who.given_name} ({who.title}) Preferred name {who.preferred_name}"
    room = TEXT_MM - 8
    lines = height(f"{name} Born 00-Mmm-0000_(000y_at_death) NHS_No._000_000_0000", points.name, room - 10)
    lines += height(who.warning, points.rest, room - 6)
    lines += sum(height(text, points.line, room - 8) + 0.8 for text in (line.large, *line.beneath))
    return lines + 12 + ((10 if sheet.is_large else 7.5) if sheet.is_demo else 0)


def easy_head_height(sheet: Sheet, head: Sequence[str]) -> float:
    """Millimetres for the head of every page in Easy Read: whose it is, and what it is not."""
    who, room = sheet.summary.identity, TEXT_MM - 8
    lines = sum(height(text, _LARGE.name, room) for text in (f"{who.given_name} {who.family_name}", *head))
    return lines + 12 + (10 if sheet.is_demo else 0)


def foot_height(sheet: Sheet) -> float:
    """Millimetres for the foot of every page: what the sheet is, as at when, and the code to scan."""
    texts = (
        f"Printed copy of the register, not the signed form. {sheet.original_at_foot}",
        f"Sheet {sheet.number} Valid as at 00-Mmm-0000 00:00 Page 000 of 000",
        f"Check before relying: {sheet.check_address}",
        f"Printed by {sheet.printed.by}, for {sheet.printed.printed_for}",
    )
    return 11 + _beside_the_code(texts, TEXT_MM - CODE_MM - 8, _points(sheet).foot)


def _beside_the_code(texts: Sequence[str], width_mm: float, size_points: float = 11) -> float:
    return max(CODE_MM, sum(height(text, size_points, width_mm) + 0.6 for text in texts))


#: Across the page, as a list stands.
LIST_MM: Final = 273


def list_head_height(paper: PaperList) -> float:
    """Millimetres for the head of every page of a list: what it is of, as at when, how many."""
    facts = "Valid as at 00-Mmm-0000 00:00    000 residents    For staff only, not for residents or visitors"
    lines = height(paper.title, 14, LIST_MM - 10) + height(facts, 11, LIST_MM)
    return lines + 8 + (7.5 if paper.is_demo else 0)


def list_foot_height(paper: PaperList) -> float:
    """Millimetres for the foot of every page of a list."""
    texts = (
        f"Printed copy of the register, not the signed forms. {paper.found.place.not_on_it}",
        f"List {paper.number} Valid as at 00-Mmm-0000 00:00 Page 000 of 000",
        f"Check before relying: {paper.check_address}, or the number of a line",
        f"Printed by {paper.printed.by}, for {paper.printed.printed_for}",
    )
    return 9 + _beside_the_code(texts, LIST_MM - CODE_MM - 12)


def height(text: str, size_points: float, width_mm: float) -> float:
    """Millimetres of the lines that a text fills at most."""
    em = size_points * _MM_OF_POINT
    return sum(1 for _ in _lines(text, width_mm / em)) * em * _LINE_HEIGHT


def _lines(text: str, width: float) -> Iterator[float]:
    """The width of each line in ems, one piece set after the other."""
    used = 0.0
    for piece in _pieces(text):
        needed = sum(_width(letter) for letter in piece)
        if used and used + needed > width:
            yield used
            used = 0.0
        used += needed
        while used > width:
            yield width
            used -= width * 0.9
    if used:
        yield used


def _pieces(text: str) -> Iterator[str]:
    """What is set without a break: words, each with its space, and parts of words that are too long."""
    for word in text.split():
        for at in range(0, len(word), LONGEST_WORD):
            piece = word[at : at + LONGEST_WORD]
            yield piece if at + LONGEST_WORD < len(word) else f"{piece} "


def _width(letter: str) -> float:
    plain = unicodedata.normalize("NFD", letter)[0]
    # A letter with two accents comes from a second, wider font.
    return _WIDTH_OF.get(plain, _OTHER_SCRIPT) * (1.3 if letter > _LAST_OF_FONT else 1)
