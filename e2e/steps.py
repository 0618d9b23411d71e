"""What somebody does at a keyboard and sees on a screen; a walk is written in these words.

Everything is found by what a person sees of it: its label, its role, its words. No mouse: a thing is reached with Tab
and the arrows, and pressed with Enter or Space. Every page somebody arrives at is held to the rules of `accessibility`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from playwright.sync_api import Download, Locator, Page, expect

from e2e.accessibility import FAULT_OF_FOCUS, check_page
from epaccs.core.fields import local_date

LONDON = ZoneInfo("Europe/London")
#: More stops than any page has.
MANY = 400

#: The key that leads from here to the target, null when it is reached; and what is wrong with what has the focus now.
_NEXT_STEP = f"""target => {{
  const here = document.activeElement;
  const fault = ({FAULT_OF_FOCUS})();
  if (here === target || target.contains(here)) return {{ key: null, fault }};
  const isBehind = here !== document.body
    && here.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_PRECEDING;
  return {{ key: isBehind ? "Shift+Tab" : "Tab", fault }};
}}"""


#: Whether a picture, or what a frame holds, has come: a frame that may not show it holds an empty page of the browser.
_IS_LOADED = """it => it.tagName === "IMG"
  ? it.complete && it.naturalWidth > 0
  : it.contentDocument?.readyState === "complete" && it.contentDocument.contentType === "application/pdf"
"""


class Somebody:
    """One person at one browser.

    Since `starts_counting`: `presses_since` counts the links and buttons, `strikes` every key that went down, `pages`
    what came after it, `answered` the questions. `with_axe`: whether axe looks at each page.
    """

    def __init__(self, page: Page, user_name: str, password: str, *, with_axe: bool) -> None:
        self.page, self.user_name, self._password, self._with_axe = page, user_name, password, with_axe
        self.starts_counting()

    # --- Coming and going ---

    def opens(self, path: str) -> Self:
        """Type an address."""
        self.page.goto(path)
        return self._looks()

    def signs_in(self) -> Self:
        """At the page that asks for it, or at the first page."""
        if self.heading != "Sign in":
            self.opens("/")
        return self.types("User name", self.user_name).types("Password", self._password).presses("Sign in")

    # --- The hands ---

    def goes_to(self, target: Locator) -> Self:
        """Wait until it can be used, and Tab until it has the focus."""
        assert target.count() == 1, f"{target} is there {target.count()} times on {self.heading!r}: {self.text}"
        expect(target).to_be_enabled()
        element = target.element_handle()
        for _ in range(MANY):
            step = self.page.evaluate(_NEXT_STEP, element)
            assert step["fault"] is None, f"{self.path} {self.page.viewport_size}: {step['fault']}"
            if step["key"] is None:
                return self
            self._strikes(step["key"])
        raise AssertionError(f"{target} is not reached with Tab on {self.heading!r}")

    def presses(self, words: str, *, within: str | None = None) -> Self:
        """Press a link or a button that leads to a page."""
        self.goes_to(self._pressable(words, within))
        with self.page.expect_navigation():
            self._strikes("Enter")
        self.presses_since += 1
        return self._looks()

    def fetches(self, words: str) -> Download:
        """Press a link or a button that brings a file."""
        self.goes_to(self._pressable(words, None))
        with self.page.expect_download() as coming:
            self._strikes("Enter")
        self.presses_since += 1
        return coming.value

    def sends(self) -> Self:
        """The form, from wherever in it the focus is."""
        with self.page.expect_navigation():
            self._strikes("Enter")
        self.presses_since += 1
        return self._looks()

    def skips_to_content(self) -> Self:
        """Past the menu, with the first link of the page."""
        self.goes_to(self.page.get_by_role("link", name="Skip to main content"))
        return self._strikes("Enter")

    def attaches(self, label: str, content: bytes, *, name: str) -> Self:
        """Choose a file of this name for a box."""
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        self.page.get_by_label(label, exact=True).set_input_files(file)
        return self

    def follows_the_problem(self, sentence: str) -> Self:
        """Go from the list of problems to the box."""
        self.goes_to(self.page.get_by_role("alert").get_by_role("link", name=sentence, exact=True))
        self._strikes("Enter")
        return self

    def types(self, label: str, words: str, *, within: str | None = None) -> Self:
        """Type into a box, in place of what stands there."""
        box = self._within(within).get_by_label(label, exact=True)
        self.goes_to(box)
        if box.input_value():
            self._strikes("Control+A")
        return self._types(words)._answers(within or label)

    def types_date(self, question: str, day: date) -> Self:
        """Into its three boxes."""
        for box, number in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
            self.types(box, str(number), within=question)
        return self

    def types_moment(self, question: str, moment: datetime) -> Self:
        """Into its four boxes, by British clocks."""
        local = moment.astimezone(LONDON)
        return self.types_date(question, local.date()).types("Time (24-hour)", f"{local:%H:%M}", within=question)

    def chooses(self, question: str, answer: str) -> Self:
        """One of several: Tab to the first, arrows to the right one, Space if nothing was chosen before."""
        wanted = self._group(question).get_by_role("radio", name=answer, exact=True)
        self.goes_to(self._group(question))
        for _ in range(self._group(question).get_by_role("radio").count()):
            if wanted.evaluate("it => it === document.activeElement"):
                break
            self._strikes("ArrowDown")
        self._strikes("Space")
        assert wanted.is_checked(), f"{answer!r} of {question!r} cannot be chosen with the keyboard"
        return self._answers(question)

    def picks(self, label: str, answer: str, *, keys: str | None = None) -> Self:
        """One of a list that opens; `keys`: as many letters of it as lead there, where not all are typed."""
        wanted = self.page.get_by_label(label, exact=True)
        self.goes_to(wanted)
        self._types(keys or answer)
        chosen = wanted.locator("option:checked").inner_text()
        assert chosen == answer, f"{chosen!r} is chosen in {label!r}, not {answer!r}"
        return self._answers(label)

    def ticks(self, label: str, *, within: str | None = None) -> Self:
        """A box to tick."""
        wanted = self._within(within).get_by_role("checkbox", name=label, exact=True)
        self.goes_to(wanted)
        self._strikes("Space")
        assert wanted.is_checked(), f"{label!r} cannot be ticked with the keyboard"
        return self._answers(within or label)

    def answers(self, question: str, answer: str | date | list[str]) -> Self:
        """Whatever kind of box it is, also where it is folded away."""
        self._unfolds(question)
        if isinstance(answer, datetime):
            return self.types_moment(question, answer)
        if isinstance(answer, date):
            return self.types_date(question, answer)
        if isinstance(answer, list):
            for one in answer:
                self.ticks(one, within=question)
            return self
        box = self.page.get_by_label(question, exact=True)
        if not box.count():
            return self.chooses(question, answer)
        return self.picks(question, answer) if box.locator("option").count() else self.types(question, answer)

    def unfolds(self, words: str) -> Self:
        """Open what is folded away under these words."""
        self.goes_to(self.page.locator("summary", has_text=words))
        return self._strikes("Enter")

    def _unfolds(self, question: str) -> Self:
        """Open what holds the question, if it is closed."""
        wording = self.page.locator("label, legend").filter(has_text=re.compile(rf"^\s*{re.escape(question)}\s*$"))
        folded = self.page.locator("details:not([open])").filter(has=wording)
        if folded.count() and not any(one.is_visible() for one in wording.all()):
            self.goes_to(folded.first.locator("summary"))._strikes("Enter")
        return self

    def starts_counting(self) -> Self:
        """From here on each press counts."""
        self.presses_since = self.strikes = self.pages = 0
        self.answered: list[str] = []
        return self

    def decides(self, recommendation: str, reason: str) -> Self:
        """Every fact that a signed decision needs, an hour ago, with the person."""
        decided_at = datetime.now(UTC) - timedelta(hours=1)
        self.chooses("What is recommended?", recommendation).types_moment("When was it decided?", decided_at)
        self.chooses("Why?", reason).chooses("Does the person have capacity for this decision?", "Yes")
        self.types_moment("When was capacity assessed?", decided_at)
        self.chooses("With capacity: was the person involved?", "Yes")
        self.ticks("The person", within="Who knows of the decision?")
        self.types_date("Review date", local_date(decided_at) + timedelta(days=90))
        return self.types("Where is the signed original now?", "Hall drawer, yellow folder")

    def says_why(self, reason: str = "Cannot ask; needed for their direct care") -> Self:
        """At the page that asks why a record is opened: the reason, and two things that were compared."""
        self.chooses("Why are you opening this record?", reason)
        for identifier in ("Name", "Date of birth"):
            self.ticks(identifier, within="What did you compare?")
        return self.presses("Open the record")

    # --- The eyes ---

    @property
    def heading(self) -> str:
        """What page it is."""
        return squeeze(self.page.locator("h1").inner_text())

    @property
    def text(self) -> str:
        """Everything that can be read on the page."""
        return squeeze(self.page.locator("body").inner_text())

    @property
    def line(self) -> str:
        """The large line of the CPR decision."""
        return squeeze(self.page.locator("#cpr-line").inner_text())

    @property
    def path(self) -> str:
        """Where the page is."""
        return re.sub(r"^https?://[^/]+", "", self.page.url)

    def sees(self, *sentences: str) -> Self:
        """Everything is on the page."""
        text = self.text
        for sentence in sentences:
            assert squeeze(sentence) in text, f"{sentence!r} is not on {self.heading!r}: {text}"
        return self

    def waits_for(self, words: str) -> Self:
        """It is there now, or once a script of the page has done its work."""
        expect(self.page.get_by_text(words).first).to_be_visible()
        return self

    def sees_nothing_of(self, *sentences: str) -> Self:
        """Nothing of it is on the page."""
        for sentence in sentences:
            assert sentence not in self.text, f"{sentence!r} is on {self.heading!r}"
        return self

    def sees_in_order(self, part: str, *sentences: str) -> Self:
        """These stand in one part of the page, each after the one before it."""
        text, place = squeeze(self.page.get_by_role("article", name=part, exact=True).inner_text()), 0
        for sentence in sentences:
            found = text.find(squeeze(sentence), place)
            assert found >= 0, f"{sentence!r} does not stand after {text[:place]!r}, but after that: {text[place:]!r}"
            place = found + len(squeeze(sentence))
        return self

    def sees_at_once(self, words: str) -> Self:
        """It is on the first screen, before anybody scrolls, and nothing covers it."""
        found = self.page.get_by_text(words).first.bounding_box()
        screen = self.page.viewport_size
        assert found is not None, f"{words!r} is not on the page"
        assert screen is not None
        assert found["y"] + found["height"] <= screen["height"], f"{words!r} is at {found}, below the first screen"
        return self

    def sees_problems(self, *sentences: str) -> Self:
        """These and no others are in the list of problems, and the title says so first."""
        listed = [squeeze(one) for one in self.page.get_by_role("alert").locator("li").all_inner_texts()]
        assert listed == list(sentences), f"the problems are {listed}"
        assert self.page.title().startswith("Error: ")
        return self

    def finds_typed(self, label: str, words: str, *, within: str | None = None) -> Self:
        """What was typed still stands in the box."""
        found = self._within(within).get_by_label(label, exact=True).input_value()
        assert found == words, f"{found!r} stands in {label!r}"
        return self

    def sees_beside(self, title: str) -> Self:
        """The scan of a paper, in full: beside the form at a desk, above it on a telephone."""
        paper, form = self.page.get_by_label("The paper", exact=True), self.page.locator(".app-beside__form")
        scan = paper.get_by_title(f"Scan: {title}", exact=True).or_(paper.get_by_alt_text(f"Scan: {title}", exact=True))
        scan.scroll_into_view_if_needed()
        self.page.wait_for_function(_IS_LOADED, arg=scan.element_handle())
        left, right = paper.bounding_box(), form.bounding_box()
        assert left is not None
        assert right is not None
        at_a_desk = self.page.evaluate("innerWidth") >= 1200
        is_apart = left["x"] + left["width"] <= right["x"] if at_a_desk else left["y"] + left["height"] <= right["y"]
        assert is_apart, f"{title!r} at {left} covers the form at {right}"
        self.page.evaluate("scrollTo(0, 0)")
        return self

    def photographs(self, file: Path) -> Self:
        """The whole page as a picture."""
        self.page.screenshot(path=file, full_page=True)
        return self

    # --- Finding by what is seen ---

    def _pressable(self, words: str, within: str | None) -> Locator:
        """By its words; some are followed by words for those who only hear the page."""
        room = self._within(within)
        for ending in (r"\s*$", r"\s"):
            name = re.compile(rf"^\s*{re.escape(words)}{ending}")
            found = room.get_by_role("button", name=name).or_(room.get_by_role("link", name=name))
            if found.count():
                break
        return found

    def _within(self, question: str | None) -> Locator:
        return self._group(question) if question else self.page.locator("body")

    def _group(self, question: str) -> Locator:
        """The boxes under one question, or one part of the page."""
        found = self.page.get_by_role("group", name=question, exact=True)
        for role in ("region", "navigation"):
            found = found.or_(self.page.get_by_role(role, name=question, exact=True))
        return found

    # --- Counting ---

    def _strikes(self, key: str) -> Self:
        """One key, with what is held down beside it."""
        self.strikes += 1
        self.page.keyboard.press(key)
        return self

    def _types(self, words: str) -> Self:
        """One key for each character."""
        self.strikes += len(words)
        self.page.keyboard.type(words)
        return self

    def _answers(self, question: str) -> Self:
        """The three boxes of a date are one question."""
        if question not in self.answered[-1:]:
            self.answered.append(question)
        return self

    def _looks(self) -> Self:
        self.pages += 1
        check_page(self.page, with_axe=self._with_axe)
        return self


def squeeze(words: str) -> str:
    """Words as they are read: one space for any white space."""
    return " ".join(words.split())
