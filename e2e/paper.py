"""A sheet, from the button to what a reader of paper meets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

import pdfplumber
import segno
from PIL import Image, ImageFilter
from playwright.sync_api import Route

from e2e.steps import Somebody, squeeze
from tests.handover.codes import codes_of


@dataclass(frozen=True)
class Paper:
    """One printed sheet."""

    content: bytes

    @cached_property
    def pages(self) -> list[str]:
        """The words of each page, as a reader of paper meets them."""
        with pdfplumber.open(BytesIO(self.content)) as document:
            return [squeeze(page.extract_text() or "") for page in document.pages]

    @cached_property
    def codes(self) -> list[str]:
        """What a camera reads from the square code of each page."""
        return codes_of(self.content)

    @cached_property
    def smallest_letter(self) -> float:
        """In points."""
        with pdfplumber.open(BytesIO(self.content)) as document:
            return min(letter["size"] for page in document.pages for letter in page.chars)

    @property
    def card(self) -> str:
        """The first page, and nothing else is the card."""
        return self.pages[0]

    @property
    def number(self) -> str:
        """By which anybody asks whether the sheet is still right."""
        found = re.search(r"/check/([0-9A-Z-]+)", " ".join(self.pages))
        assert found is not None, self.pages
        return found[1]

    def says_in_order(self, *sentences: str) -> None:
        """These stand on the card, each after the one before it."""
        place = 0
        for sentence in sentences:
            found = self.card.find(squeeze(sentence), place)
            assert found >= 0, f"{sentence!r} is not on the card after {self.card[:place]!r}: {self.card[place:]!r}"
            place = found + len(squeeze(sentence))

    def has_its_card_on_one_page(self) -> None:
        """It ends with whom to call on the first page, in letters of 11 points; the second begins with the plan."""
        assert "Who to call now" in self.card
        for sentence in ("Handover sheet valid as at", "Who to call now"):
            assert not any(sentence in page for page in self.pages[1:]), f"{sentence!r} is on a page behind the card"
        assert self.smallest_letter > 10.99, f"letters of {self.smallest_letter} points"

    def says_nothing_of(self, *sentences: str) -> None:
        """Nothing of it is on any page."""
        for sentence in sentences:
            assert not any(sentence in page for page in self.pages), f"{sentence!r} is on the sheet: {self.pages}"


def prints(somebody: Somebody, button: str = "Print the sheet") -> Paper:
    """Press the button, and take the paper as the server answers it: a browser without a screen shows no PDF."""
    sheets: list[bytes] = []

    def take(route: Route) -> None:
        answer = route.fetch()
        assert answer.headers["content-type"] == "application/pdf", answer.text()
        assert answer.headers["cache-control"] == "no-store"
        sheets.append(answer.body())
        route.fulfill(status=200, content_type="text/html", body="<h1>The sheet is shown here</h1>")

    somebody.goes_to(somebody.page.get_by_role("button", name=button, exact=True))
    address = re.compile("/handover|/marker")
    somebody.page.route(address, take)
    with somebody.page.expect_navigation():
        somebody.page.keyboard.press("Enter")
    somebody.page.unroute(address)
    return Paper(sheets[0])


# --- Paper before a camera -------------------------------------------------------------------------------------------

CAMERA = (1280, 720)
#: The foot of an A4 page with its square code, as parts of the page: left, top, right, bottom.
_FOOT = (0.45, 0.83, 1.0, 1.0)


#: The card of a marker.
CARD = (0.05, 0.17, 0.75, 0.45)


def photograph_of(sheet: bytes, part: tuple[float, float, float, float] = _FOOT) -> Image.Image:
    """A part of its first page as somebody holds it before a tablet: askew, from one side, a little out of focus."""
    with pdfplumber.open(BytesIO(sheet)) as document:
        page = document.pages[0].to_image(resolution=220).original.convert("RGB")
    left, top, right, bottom = (part * side for part, side in zip(part, (page.width, page.height) * 2, strict=True))
    return _as_seen(page.crop((int(left), int(top), int(right), int(bottom))))


def photograph_of_code(text: str) -> Image.Image:
    """A square code that somebody drew themselves, and stuck on paper."""
    drawn = BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="png", scale=4, border=4)
    paper = Image.new("RGB", (900, 600), "white")
    code = Image.open(drawn).convert("RGB")
    paper.paste(code, ((900 - code.width) // 2, (600 - code.height) // 2))
    return _as_seen(paper)


def _as_seen(paper: Image.Image) -> Image.Image:
    held = paper.rotate(9, expand=True, resample=Image.Resampling.BICUBIC, fillcolor="#5b4a3a")
    wide, high = held.size
    # The corners of what the camera shows, on the paper: its right side is further away than its left.
    corners = (0, 0, 0, high, wide, high * 1.12, wide, -high * 0.12)
    seen = held.transform(CAMERA, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor="#5b4a3a")
    return seen.filter(ImageFilter.GaussianBlur(0.8))


def as_jpeg(picture: Image.Image) -> bytes:
    """As a camera writes it."""
    content = BytesIO()
    picture.save(content, "JPEG", quality=85)
    return content.getvalue()


def before_the_camera(picture: Image.Image, file: Path) -> tuple[str, ...]:
    """How a browser starts whose camera sees this picture and nothing else."""
    file.write_bytes(as_jpeg(picture) * 30)
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={file}",
    )
