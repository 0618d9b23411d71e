"""From a sheet to a PDF that screen readers can read, with nothing opened outside the folder of print templates.

Texts of people are only ever text: the templates escape everything, an undefined name stops the printing, and the
renderer fetches nothing but the templates' own files. Fonts and style sheets are read once in each process.

Source: PDF/UA-1 (ISO 14289-1); hazards H-02 (something written down is lost) and H-05 (seen by the wrong people).
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from epaccs.agreements.queries import AgreementDetail
from epaccs.agreements.rules import (
    END_REASON_LABELS,
    LEGAL_BASIS_LABELS,
    LEVEL_HINTS,
    LEVEL_LABELS,
    PURPOSE_LABELS,
    SPECIAL_BASIS_LABELS,
    STANDING_LABELS,
)
from epaccs.core.fields import format_date, format_datetime
from epaccs.core.nhs_number import format_nhs_number
from epaccs.handover.easy_read import TITLES, build_head, build_parts
from epaccs.handover.room import (
    LONGEST_WORD,
    easy_head_height,
    first_head_height,
    foot_height,
    head_height,
    list_foot_height,
    list_head_height,
)
from epaccs.handover.rules import Layout, PaperList, Sheet
from epaccs.handover.tags import complete_tags
from epaccs.record.declared import sights
from epaccs.record.rules.card import find_unbroken, fits

TEMPLATES: Final = Path(__file__).resolve().parents[2] / "print_templates"
STYLE_SHEETS: Final = ("sheet.css", "large.css")

#: So many characters that no font has are written by their names.
MOST_NAMES: Final = 1000
#: A longer answer stands under its question, across the page, where it flows over as many pages as it needs.
LONGEST_CELL: Final = 400

_LONG_WORD: Final = re.compile(rf"[^\s\u200b]{{{LONGEST_WORD + 1},}}")
_ZERO_WIDTH_SPACE: Final = "\u200b"
#: What has no shape on paper: controls but for tab and line ends, halves of a pair, marks that reorder what follows,
#: and what is no character at all.
_NOT_PRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufeff\ufff9-\uffff"
    + "".join(chr(plane << 16 | last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_SQUARE: Final = "\u25a1"
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"

_log = logging.getLogger("epaccs.handover")
#: One sheet at a time in a process: the fonts that all sheets share are not made for several threads.
_one_at_a_time = Lock()


class CannotBePrinted(Exception):
    """The sheet asked for something outside the print templates; nothing was printed."""


@dataclass(frozen=True)
class Rendered:
    """A finished sheet."""

    pdf: bytes
    pages: int


def render(sheet: Sheet) -> Rendered:
    """The sheet as a tagged PDF.

    Raises:
        CannotBePrinted: something asked for a file or an address outside the templates.
    """
    return render_html(build_html(sheet))


def render_processing(agreement: AgreementDetail, *, printed_by: str, at: datetime, is_demo: bool) -> Rendered:
    """The record of processing of one sharing agreement.

    Source: UK GDPR, article 30.
    """
    html = (
        _templates()
        .get_template("processing.html")
        .render(
            agreement=agreement,
            printed_by=printed_by,
            at=at,
            is_demo=is_demo,
            levels=LEVEL_LABELS,
            hints=LEVEL_HINTS,
            purposes=PURPOSE_LABELS,
            legal_bases=LEGAL_BASIS_LABELS,
            special_bases=SPECIAL_BASIS_LABELS,
            standings=STANDING_LABELS,
            end_reasons=END_REASON_LABELS,
        )
    )
    return render_html(html)


def render_list(paper: PaperList) -> Rendered:
    """A list of many people as a tagged PDF.

    Raises:
        CannotBePrinted: as `render`.
    """
    return render_html(build_list_html(paper))


def render_page(template: str, **values: Any) -> Rendered:
    """A page that another room fills in, as a tagged PDF.

    Args:
        template: its name in the folder of print templates.

    Raises:
        CannotBePrinted: as `render`.
    """
    return render_html(_templates().get_template(template).render(**values))


# --- The page as HTML ------------------------------------------------------------------------------------------------


def build_html(sheet: Sheet) -> str:
    """The finished page, before it is laid out."""
    if sheet.layout is Layout.EASY_READ:
        return build_easy_html(sheet)
    return (
        _templates()
        .get_template("handover.html")
        .render(
            sheet=sheet,
            card=sheet.card,
            summary=sheet.summary,
            line=sheet.card.line,
            qr_code=build_qr_code(sheet.scan_address),
            head_mm=head_height(sheet),
            first_mm=first_head_height(sheet),
            foot_mm=foot_height(sheet),
            with_passages=_find_with_passages(),
        )
    )


def _find_with_passages() -> Mapping[str, frozenset[str]]:
    """Section -> what its questions are called that can hold a passage which is not for the person."""
    return {
        name: frozenset(one.label for one in section.fields.values() if one.has_passages)
        for name, section in sights().items()
    }


def build_easy_html(sheet: Sheet) -> str:
    """The finished page in Easy Read, before it is laid out."""
    head = build_head(sheet)
    template = _templates().get_template("easy_read.html")
    return template.render(
        sheet=sheet,
        who=sheet.summary.identity,
        head=head,
        title=TITLES["sheet"],
        parts=build_parts(sheet),
        qr_code=build_qr_code(sheet.scan_address),
        head_mm=easy_head_height(sheet, head),
        foot_mm=foot_height(sheet),
    )


def build_list_html(paper: PaperList) -> str:
    """The finished list, before it is laid out."""
    template = _templates().get_template("ward_list.html")
    return template.render(
        paper=paper,
        found=paper.found,
        qr_code=build_qr_code(paper.check_address),
        head_mm=list_head_height(paper),
        foot_mm=list_foot_height(paper),
    )


@cache
def _templates() -> Environment:
    """Templates of our own folder only; everything is escaped, and a name that is not there stops the printing."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(day=format_date, moment=format_datetime, nhs_number=format_nhs_number, fits_card=fits)
    environment.globals["longest_cell"] = LONGEST_CELL
    return environment


def printable(value: Any) -> Any:
    """Text as paper can hold it: nothing invisible, nothing that reorders its neighbours, no word without an end."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    text = _NOT_PRINTABLE.sub(lambda found: f"[U+{ord(found[0]):04X}]", value)
    text = _LONG_WORD.sub(_with_breaks, text)
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in set(text)):
        text = f"{_ISOLATE}{text}{_END_OF_ISOLATE}"
    return _unbroken(text)


def _unbroken(text: str) -> str:
    """The text, with no line ending inside a date, a time or a telephone number."""
    pieces = tuple(find_unbroken(text))
    if not any(is_whole for is_whole, _ in pieces):
        return text
    whole = Markup('<span class="whole">{}</span>')
    return Markup("").join(whole.format(piece) if is_whole else escape(piece) for is_whole, piece in pieces)


def _with_breaks(found: re.Match[str]) -> str:
    word = found[0]
    return _ZERO_WIDTH_SPACE.join(word[at : at + LONGEST_WORD] for at in range(0, len(word), LONGEST_WORD))


def build_qr_code(address: str, *, title: str = "Code to scan: check before relying") -> Markup:
    """The address as a picture to scan, drawn into the page itself."""
    code = segno.make(address, error="m", micro=False)
    return Markup(code.svg_inline(border=2, omitsize=True, title=title))  # noqa: S704


# --- From HTML to PDF ------------------------------------------------------------------------------------------------


class OpensNothingElse(URLFetcher):
    """The only files that a sheet is made of are those of the templates; anything else stops the printing."""

    def __init__(self) -> None:
        super().__init__(fail_on_errors=True)

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """One file of the templates.

        Raises:
            ValueError: it is somewhere else.
        """
        parts = urlsplit(url)
        path = Path(unquote(parts.path)).resolve()
        if parts.scheme != "file" or parts.netloc or not path.is_relative_to(TEMPLATES) or not path.is_file():
            raise ValueError("A sheet opens nothing outside the folder of print templates")
        return URLFetcherResponse(url, path.read_bytes())


@dataclass(frozen=True)
class _Press:
    """What every sheet of a process shares."""

    fonts: FontConfiguration
    style_sheets: list[CSS]
    fetcher: OpensNothingElse


@cache
def press() -> _Press:
    """Fonts and style sheets, read once."""
    fonts, fetcher = FontConfiguration(), OpensNothingElse()
    sheets = [CSS(filename=TEMPLATES / name, font_config=fonts, url_fetcher=fetcher) for name in STYLE_SHEETS]
    return _Press(fonts, sheets, fetcher)


def render_html(html: str) -> Rendered:
    """Lay out a finished page; a character that no font here has is written by its name instead of an empty box.

    Raises:
        CannotBePrinted: something asked for a file or an address outside the templates.
    """
    with _one_at_a_time, _missing_characters() as missing:
        rendered = _lay_out(html)
        if missing:
            _log.info("A sheet was laid out again without the characters that no font has")
            rendered = _lay_out(_named(html, missing))
    return rendered


def _lay_out(html: str) -> Rendered:
    tools = press()
    try:
        document = HTML(string=html, base_url=TEMPLATES.as_uri() + "/", url_fetcher=tools.fetcher).render(
            font_config=tools.fonts, stylesheets=tools.style_sheets, pdf_variant="pdf/ua-1"
        )
        pdf = document.write_pdf(pdf_variant="pdf/ua-1", finisher=complete_tags)
    except FatalURLFetchingError as error:
        raise CannotBePrinted from error
    return Rendered(pdf, len(document.pages))


def _named(html: str, missing: set[str]) -> str:
    """Each missing character by its name; very many as squares, or their names would fill a thousand pages."""
    if sum(html.count(one) for one in missing) > MOST_NAMES:
        return html.translate(dict.fromkeys(map(ord, missing), _SQUARE))
    return html.translate({ord(one): f"[{unicodedata.name(one, f'U+{ord(one):04X}').lower()}]" for one in missing})


class _Missing(logging.Handler):
    """Collects the characters that the renderer had no shape for."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.characters: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Only this one warning names a character and its number."""
        if isinstance(record.msg, str) and record.msg.startswith(".notdef") and isinstance(record.args, tuple):
            self.characters.add(str(record.args[0]))


@contextmanager
def _missing_characters() -> Iterator[set[str]]:
    """Listen to the renderer, whose warnings quote the page and so never reach a log."""
    logger, listener = logging.getLogger("weasyprint"), _Missing()
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(listener)
    try:
        yield listener.characters
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagates
