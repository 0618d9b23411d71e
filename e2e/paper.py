"""A sheet, from the button to what a reader of paper meets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO

import pdfplumber
import zxingcpp
from playwright.sync_api import Route

from e2e.steps import Somebody, squeeze


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
        """What a camera reads from the square code of each page, as a cheap printer leaves it."""
        with pdfplumber.open(BytesIO(self.content)) as document:
            pictures = [page.to_image(resolution=200).original.convert("L") for page in document.pages]
        return [one.text for picture in pictures for one in zxingcpp.read_barcodes(picture)]

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


def prints(somebody: Somebody) -> Paper:
    """Press the button, and take the sheet as the server answers it: a browser without a screen shows no PDF."""
    sheets: list[bytes] = []

    def take(route: Route) -> None:
        answer = route.fetch()
        assert answer.headers["content-type"] == "application/pdf", answer.text()
        assert answer.headers["cache-control"] == "no-store"
        sheets.append(answer.body())
        route.fulfill(status=200, content_type="text/html", body="<h1>The sheet is shown here</h1>")

    somebody.goes_to(somebody.page.get_by_role("button", name="Print the sheet", exact=True))
    somebody.page.route("**/handover", take)
    with somebody.page.expect_navigation():
        somebody.page.keyboard.press("Enter")
    somebody.page.unroute("**/handover")
    return Paper(sheets[0])
