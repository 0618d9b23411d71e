"""What a handover sheet costs, from the button to the file, beside bare WeasyPrint on the same finished page."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from statistics import median
from typing import Any, Final
from unittest.mock import patch

import pikepdf
from flask.testing import FlaskClient
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from bench import Row
from bench.card import complete, open_all
from bench.context import SMALL, SQLITE, Context, Register
from bench.people import Person
from epaccs.handover import pdf

ROUNDS: Final = 15
WARM_UP: Final = 2
MUST: Final = 1.3

_HIDDEN: Final = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"')
_ORDER: Final = {"printed_for": "L Hart, community nurse", "destination": "professional", "place": "Kitchen drawer"}


def measure(context: Context) -> list[Row]:
    """The same person's sheet and its bare renderings in turn, so that all meet the same weather."""
    register = context.register(SQLITE, SMALL)
    person = complete(register)[0]
    client = open_all(register, [person])
    sheets, bare, afresh = [], [], []
    for _ in range(WARM_UP + ROUNDS):
        with _finished_pages() as pages:
            content, took = print_sheet(register, client, person)
        [html] = pages
        sheets.append(took)
        bare.append(_render_bare(html, content))
        afresh.append(_render_afresh(html, content))
    whole, floor, peer = (median(seconds[WARM_UP:]) * 1000 for seconds in (sheets, bare, afresh))
    return [
        Row(
            "handover sheet: server time (peer: fonts and style sheet read each time)",
            round(whole),
            "ms",
            floor=round(floor),
            peer=round(peer),
            must=f"at most {MUST} times bare WeasyPrint",
            holds=whole <= MUST * floor,
        )
    ]


def print_sheet(register: Register, client: FlaskClient, person: Person) -> tuple[bytes, float]:
    """Print one as its reader does; the file, and the server's seconds."""
    address = f"/record/{person.entry_id}/handover"
    hidden = dict(_HIDDEN.findall(client.get(address).text))
    answer, took = register.timed(lambda: client.post(address, data={**hidden, **_ORDER, "action": "save"}))
    assert answer.mimetype == "application/pdf", f"the sheet was refused with {answer.status_code}"
    return answer.data, took


@contextmanager
def _finished_pages() -> Iterator[list[str]]:
    """Every page that the program hands to the renderer meanwhile."""
    pages: list[str] = []

    def listen(html: str) -> Any:
        pages.append(html)
        return render_html(html)

    render_html = pdf.render_html
    with patch.object(pdf, "render_html", listen):
        yield pages


def _render_bare(html: str, content: bytes) -> float:
    """The least that could make this file: fonts and style sheets ready, nothing asked, nothing kept."""
    ready = pdf.press()
    return _render(html, content, fonts=ready.fonts, style_sheets=ready.style_sheets)


def _render_afresh(html: str, content: bytes) -> float:
    """The way that is usually shown: everything read again for each sheet."""
    began = time.perf_counter()
    fonts = FontConfiguration()
    style_sheets = [CSS(filename=pdf.TEMPLATES / name, font_config=fonts) for name in pdf.STYLE_SHEETS]
    reading = time.perf_counter() - began
    return reading + _render(html, content, fonts=fonts, style_sheets=style_sheets)


def _render(html: str, content: bytes, *, fonts: FontConfiguration, style_sheets: list[CSS]) -> float:
    began = time.perf_counter()
    document = HTML(string=html, base_url=str(pdf.TEMPLATES)).render(font_config=fonts, stylesheets=style_sheets)
    made = document.write_pdf(pdf_variant="pdf/ua-1")
    took = time.perf_counter() - began
    with pikepdf.open(BytesIO(content)) as finished:
        pages = len(finished.pages)
    assert len(document.pages) == pages > 1, f"the floor made {len(document.pages)} pages, the program {pages}"
    assert abs(len(made) - len(content)) < 0.2 * len(content), f"the floor made {len(made)} bytes of {len(content)}"
    return took
