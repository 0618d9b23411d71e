"""A browser without scripts that holds every page it opens to the house rules.

    pages = PageClient(app)
    pages.open("/register/new").fill(family_name="Okonkwo", born_on=date(1941, 1, 6)).submit("Put on the register")
    pages.see("OKONKWO, Grace")

A page that breaks a rule fails the test that opened it, whatever that test was about. Each rule is a function below
that yields what is wrong; `tests/test_pages.py` breaks each of them once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from io import BytesIO
from typing import Any, Self
from urllib.parse import urlencode, urljoin, urlsplit
from xml.etree.ElementTree import Element

from flask import Flask
from flask.testing import FlaskClient
from tinyhtml5.parser import HTMLParser
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse, encode_multipart

from epaccs.core.assets import STATIC_FOLDER

PRODUCT = "EPaCCS"
#: On a page for whoever must not learn what the register is.
NAMELESS = "app-nameless"
REFUSED, MUST_WAIT = 422, 429
REQUIRED_HEADERS = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Request-ID")
_NHS_NUMBER = re.compile(r"(?<![0-9A-Za-z])999\d{7}(?![0-9A-Za-z])")
_BUTTON_TYPES = {"submit", "button", "reset", "image"}


def squeeze(text: str) -> str:
    """Text as it is read: one space for any white space."""
    return " ".join(text.split())


def text_of(element: Element) -> str:
    """Everything a person reads in it."""
    return squeeze("".join(element.itertext()))


@dataclass
class Page:
    """One answer, parsed."""

    app: Flask
    response: TestResponse
    url: str
    expected_status: int = 200

    @property
    def status(self) -> int:
        return self.response.status_code

    @cached_property
    def html(self) -> str:
        return self.response.get_data(as_text=True)

    @cached_property
    def parsed(self) -> tuple[Element, list[Any]]:
        """The page as a tree, and the faults of its HTML."""
        parser = HTMLParser(namespace_html_elements=False)
        return parser.parse(self.html), parser.errors

    @property
    def tree(self) -> Element:
        return self.parsed[0]

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.tree.iter() if element.tag in tags]

    def with_class(self, name: str) -> list[Element]:
        return [element for element in self.tree.iter() if name in (element.get("class") or "").split()]

    @cached_property
    def in_templates(self) -> set[int]:
        """What is on no page until a script has copied it and filled it in."""
        return {id(part) for template in self.all("template") for part in template.iter() if part is not template}

    @cached_property
    def ids(self) -> dict[str, Element]:
        return {str(element.get("id")): element for element in self.tree.iter() if element.get("id")}

    def by_id(self, name: str) -> Element | None:
        return self.ids.get(name)

    @cached_property
    def title(self) -> str:
        return text_of(self.all("title")[0]) if self.all("title") else ""

    @cached_property
    def heading(self) -> str:
        return text_of(self.all("h1")[0]) if self.all("h1") else ""

    @cached_property
    def text(self) -> str:
        """What a person reads, with what was typed into the boxes."""
        return text_of(self.all("body")[0])

    @cached_property
    def endpoint(self) -> str | None:
        return find_endpoint(self.app, self.url, "GET") or find_endpoint(self.app, self.url, "POST")

    @cached_property
    def is_public(self) -> bool:
        view = self.app.view_functions.get(self.endpoint or "")
        return str(getattr(view, "permission", "")).upper() == "PUBLIC"

    def errors(self) -> list[str]:
        """The sentences of the error summary, in their order."""
        return [text_of(item) for summary in self.with_class("nhsuk-error-summary") for item in summary.iter("li")]

    def forms(self) -> list[Element]:
        return self.all("form")


def find_endpoint(app: Flask, url: str, method: str) -> str | None:
    """Which view an address of ours leads to; None: none."""
    try:
        return str(app.url_map.bind("localhost").match(urlsplit(url).path, method=method)[0])
    except HTTPException:
        return None


# --- The house rules -------------------------------------------------------------------------------------------------


def it_has_the_status_expected(page: Page) -> Iterator[str]:
    if page.status != page.expected_status:
        yield f"status {page.status}, not {page.expected_status}: {page.title}: {'; '.join(page.errors())}"


def it_is_html_without_a_fault(page: Page) -> Iterator[str]:
    lines = page.html.splitlines()
    for (line, _column), code, about in page.parsed[1]:
        yield f"{code} {about or ''} in line {line}: {lines[min(line, len(lines)) - 1].strip()[:120]}"


def it_says_its_language(page: Page) -> Iterator[str]:
    if page.tree.get("lang") != "en-GB":
        yield "the html element does not say lang en-GB"


def it_has_one_heading(page: Page) -> Iterator[str]:
    count = len(page.all("h1"))
    if count != 1 or not page.heading:
        yield f"{count} h1 with text, not 1"


def its_title_is_its_heading(page: Page) -> Iterator[str]:
    is_refused = page.status == REFUSED or (page.status == MUST_WAIT and page.errors())
    prefix = "Error: " if is_refused else ""
    product = "" if page.with_class(NAMELESS) else f" – {PRODUCT}"
    if page.title != f"{prefix}{page.heading}{product}":
        yield f"the title is {page.title!r}, the heading {page.heading!r}, the status {page.status}"


def its_ids_are_unique(page: Page) -> Iterator[str]:
    parts = (element for element in page.tree.iter() if id(element) not in page.in_templates)
    ids = [element.get("id") for element in parts if element.get("id")]
    for one in sorted({one for one in ids if ids.count(one) > 1}):
        yield f"the id {one} occurs {ids.count(one)} times"


def every_box_has_a_label(page: Page) -> Iterator[str]:
    labelled = {label.get("for") for label in page.all("label") if text_of(label)}
    inside = {id(box) for label in page.all("label") if text_of(label) for box in label.iter()}
    for box in page.all("input", "select", "textarea"):
        if box.get("type") in {"hidden", *_BUTTON_TYPES}:
            continue
        named = box.get("aria-label") or any(page.by_id(one) is not None for one in _ids(box, "aria-labelledby"))
        if not (named or id(box) in inside or box.get("id") in labelled):
            yield f"the box {box.get('name')} has no label"


def every_description_exists(page: Page) -> Iterator[str]:
    for element in page.tree.iter():
        for attribute in ("aria-describedby", "aria-labelledby", "aria-controls", "for"):
            for one in _ids(element, attribute):
                if page.by_id(one) is None:
                    yield f"{attribute} of {element.tag} names {one}, which is not there"


def every_button_and_link_says_something(page: Page) -> Iterator[str]:
    for element in page.all("button", "a"):
        if not (text_of(element) or element.get("aria-label")):
            yield f"a {element.tag} without words: {element.attrib}"


def every_picture_has_words(page: Page) -> Iterator[str]:
    for picture in page.all("img"):
        if picture.get("alt") is None:
            yield f"the picture {picture.get('src')} has no alt"


def every_table_has_a_caption_and_headers(page: Page) -> Iterator[str]:
    for table in page.all("table"):
        if not any(text_of(caption) for caption in table.iter("caption")):
            yield "a table has no caption"
        headers = list(table.iter("th"))
        if not headers or any(not header.get("scope") for header in headers):
            yield "a table has no header cells, or one without a scope"


def nothing_runs_that_is_written_into_it(page: Page) -> Iterator[str]:
    policy = page.response.headers.get("Content-Security-Policy", "")
    for element in page.tree.iter():
        nonce = element.get("nonce")
        is_inline = element.tag == "style" or (element.tag == "script" and not element.get("src"))
        if is_inline and not (nonce and f"'nonce-{nonce}'" in policy):
            yield f"a {element.tag} written into the page without the nonce of its answer"
        for attribute, value in element.attrib.items():
            if attribute == "style" or attribute.startswith("on") or value.strip().lower().startswith("javascript:"):
                yield f"{attribute} on a {element.tag}: styles and scripts stand in files"


def every_form_that_changes_something_has_a_token(page: Page) -> Iterator[str]:
    for form in page.forms():
        if (form.get("method") or "get").lower() == "post":
            tokens = [box for box in form.iter("input") if box.get("name") == "csrf_token" and box.get("value")]
            if len(tokens) != 1:
                yield f"the form to {form.get('action') or page.url} has {len(tokens)} tokens"


def every_address_leads_somewhere(page: Page) -> Iterator[str]:
    links = (link for link in page.all("a", "link") if id(link) not in page.in_templates)
    addresses = [(link.get("href"), "GET") for link in links]
    addresses += [(element.get("src"), "GET") for element in page.all("script", "img")]
    for form in page.forms():
        method = (form.get("method") or "get").upper()
        addresses += [(form.get("action"), method), *((one.get("formaction"), method) for one in form.iter("button"))]
    for address, method in addresses:
        if address is not None:
            yield from _fault_of_address(page, address, method)


def _fault_of_address(page: Page, address: str, method: str) -> Iterator[str]:
    parts = urlsplit(address)
    if parts.scheme in {"tel", "mailto", "data"}:
        return
    if parts.scheme or parts.netloc:
        yield f"{address} leads out of the register"
    elif not parts.path:
        if method == "GET" and address and page.by_id(parts.fragment) is None:
            yield f"{address} leads to nothing on the page"
    elif parts.path.startswith("/static/"):
        if not (STATIC_FOLDER / parts.path.split("/", 3)[3]).is_file():
            yield f"{address} is not there"
    elif find_endpoint(page.app, urljoin(page.url, address), method) is None:
        yield f"{method} {address} leads nowhere"


def no_address_names_a_person(page: Page) -> Iterator[str]:
    for element in page.tree.iter():
        for attribute in ("href", "action", "src"):
            if _NHS_NUMBER.search(element.get(attribute) or ""):
                yield f"an NHS number stands in the address {element.get(attribute)}"


def it_never_says_do_not_treat(page: Page) -> Iterator[str]:
    if "do not treat" in page.text.lower():
        yield "it says: do not treat"


def it_is_not_kept(page: Page) -> Iterator[str]:
    kept = "no-store" not in page.response.headers.get("Cache-Control", "")
    if kept and not page.is_public:
        yield "Cache-Control does not say no-store"


def it_has_the_headers_of_the_house(page: Page) -> Iterator[str]:
    for name in REQUIRED_HEADERS:
        if not page.response.headers.get(name):
            yield f"the header {name} is missing"


def every_error_stands_by_its_box_and_is_linked(page: Page) -> Iterator[str]:
    beside = [text_of(one) for one in page.with_class("nhsuk-error-message")]
    links = [link for summary in page.with_class("nhsuk-error-summary") for link in summary.iter("a")]
    for link in links:
        sentence, target = text_of(link), page.by_id((link.get("href") or "#")[1:])
        if target is None:
            yield f"the summary's {sentence!r} leads to nothing"
        if not any(sentence in one for one in beside):
            yield f"the summary's {sentence!r} does not stand beside its box"
    if beside and not links:
        yield "a box has an error that the summary does not name"
    if (beside or links) and page.status not in (REFUSED, MUST_WAIT):
        yield f"it shows errors with status {page.status}"


def its_summary_is_in_the_order_of_its_boxes(page: Page) -> Iterator[str]:
    order = {str(element.get("id")): number for number, element in enumerate(page.tree.iter())}
    links = [link for summary in page.with_class("nhsuk-error-summary") for link in summary.iter("a")]
    places = [order.get((link.get("href") or "#")[1:], 0) for link in links]
    if places != sorted(places):
        yield f"the summary leads up and down the page: {[text_of(link) for link in links]}"


HOUSE_RULES: tuple[Callable[[Page], Iterator[str]], ...] = (
    it_has_the_status_expected,
    it_is_html_without_a_fault,
    it_says_its_language,
    it_has_one_heading,
    its_title_is_its_heading,
    its_ids_are_unique,
    every_box_has_a_label,
    every_description_exists,
    every_button_and_link_says_something,
    every_picture_has_words,
    every_table_has_a_caption_and_headers,
    nothing_runs_that_is_written_into_it,
    every_form_that_changes_something_has_a_token,
    every_address_leads_somewhere,
    no_address_names_a_person,
    it_never_says_do_not_treat,
    it_is_not_kept,
    it_has_the_headers_of_the_house,
    every_error_stands_by_its_box_and_is_linked,
    its_summary_is_in_the_order_of_its_boxes,
)


def faults_of(page: Page) -> list[str]:
    """Every rule the page breaks, in words."""
    return [f"{rule.__name__}: {fault}" for rule in HOUSE_RULES for fault in rule(page)]


def _ids(element: Element, attribute: str) -> list[str]:
    return (element.get(attribute) or "").split()


# --- The browser -----------------------------------------------------------------------------------------------------


@dataclass
class PageClient:
    """Opens pages, types into boxes, presses buttons; `browser` is the bare client, for signing in and for headers."""

    app: Flask
    browser: FlaskClient = None  # type: ignore[assignment]
    typed: dict[str, Any] = field(default_factory=dict)
    _page: Page | None = None

    def __post_init__(self) -> None:
        self.browser = self.browser or self.app.test_client()

    @property
    def page(self) -> Page:
        """The page in front of us."""
        assert self._page is not None, "No page was opened yet"
        return self._page

    def open(self, path: str, *, status: int = 200) -> Self:
        """Open an address, follow where it leads, and hold the page to the house rules."""
        return self._arrive(self.browser.get(path, follow_redirects=True), status)

    def fill(self, **answers: Any) -> Self:
        """Type into boxes and tick, by name: a date goes into its three boxes, a list ticks several, True means yes."""
        for name, answer in answers.items():
            self.typed.update(self._as_typed(name, answer))
        return self

    def submit(self, button: str, *, status: int = 200) -> Self:
        """Press a button by its words; its form is sent as a browser would send it."""
        form, pressed = self._find_button(button)
        fields = self._fields_of(form)
        if pressed.get("name"):
            fields.append((str(pressed.get("name")), pressed.get("value") or ""))
        unused = set(self.typed) - {name for name, _ in fields} - {box.get("name") for box in _boxes_of(form)}
        assert not unused, f"There is no box for {', '.join(sorted(unused))} in the form of {button!r}"
        target = urljoin(self.page.url, pressed.get("formaction") or form.get("action") or self.page.url)
        body = urlencode([(name, value) for name, value in fields if isinstance(value, str)])
        if form.get("enctype") == "multipart/form-data":
            boundary, parts = encode_multipart(_in_parts(fields))
            response = self.browser.post(
                target, data=parts, content_type=f"multipart/form-data; boundary={boundary}", follow_redirects=True
            )
        elif (form.get("method") or "get").lower() == "post":
            response = self.browser.post(
                target, data=body, content_type="application/x-www-form-urlencoded", follow_redirects=True
            )
        else:
            response = self.browser.get(f"{urlsplit(target).path}?{body}", follow_redirects=True)
        return self._arrive(response, status)

    def follow(self, words: str, *, status: int = 200) -> Self:
        """Follow a link by its words."""
        links = [link for link in self.page.all("a") if text_of(link) == words]
        assert links, f"There is no link {words!r} among {[text_of(link) for link in self.page.all('a')]}"
        return self.open(urljoin(self.page.url, str(links[0].get("href"))), status=status)

    def see(self, *sentences: str) -> Self:
        """Everything is on the page."""
        for sentence in sentences:
            assert squeeze(sentence) in self.page.text, f"{sentence!r} is not on the page: {self.page.text}"
        return self

    def see_nothing_of(self, *sentences: str) -> Self:
        """Nothing of it is in the answer, seen or unseen."""
        for sentence in sentences:
            assert sentence not in self.page.html, f"{sentence!r} is in the page"
        return self

    def errors(self) -> list[str]:
        """The sentences of the error summary."""
        return self.page.errors()

    def value_of(self, name: str) -> str | list[str]:
        """What stands in a box, or the code chosen; of boxes to tick, every code ticked."""
        boxes = [box for box in _boxes_of(self.page.tree) if box.get("name") == name]
        assert boxes, f"There is no box {name}"
        values = [value for box in boxes for value in _browser_value(box)]
        if boxes[0].get("type") == "checkbox":
            return values
        return values[0] if values else ""

    def _arrive(self, response: TestResponse, status: int) -> Self:
        self.typed = {}
        assert response.request is not None
        url = response.request.path
        if response.request.query_string:
            url += f"?{response.request.query_string.decode()}"
        self._page = Page(self.app, response, url, expected_status=status)
        assert response.mimetype == "text/html", f"{url} is {response.mimetype}"
        faults = faults_of(self._page)
        assert not faults, f"{url}:\n  " + "\n  ".join(faults)
        return self

    def _as_typed(self, name: str, answer: Any) -> Mapping[str, Any]:
        names = {box.get("name") for box in _boxes_of(self.page.tree)}
        if isinstance(answer, date) and f"{name}-day" in names:
            return {
                f"{name}-day": str(answer.day),
                f"{name}-month": str(answer.month),
                f"{name}-year": str(answer.year),
            }
        assert name in names, f"There is no box {name} on {self.page.url}"
        return {name: answer}

    def _find_button(self, words: str) -> tuple[Element, Element]:
        for form in self.page.forms():
            for button in form.iter("button"):
                if text_of(button) == words:
                    return form, button
        seen = [text_of(button) for button in self.page.all("button")]
        raise AssertionError(f"There is no button {words!r} on {self.page.url}, only {seen}")

    def _fields_of(self, form: Element) -> list[tuple[str, Any]]:
        fields: list[tuple[str, Any]] = []
        for box in _boxes_of(form):
            name = box.get("name")
            if name and box.get("disabled") is None:
                fields += [(name, value) for value in _typed_value(box, self.typed)]
        for name, answer in self.typed.items():
            _check_could_be_chosen(form, name, answer)
        return fields


def _in_parts(fields: list[tuple[str, Any]]) -> MultiDict[str, Any]:
    """What a browser sends of a form with a file; the name of the file says nothing."""
    return MultiDict(
        (name, FileStorage(BytesIO(value), "file.bin") if isinstance(value, bytes) else value) for name, value in fields
    )


def _boxes_of(within: Element) -> list[Element]:
    return [
        box
        for box in within.iter()
        if box.tag in {"input", "select", "textarea"} and (box.get("type") or "text") not in _BUTTON_TYPES
    ]


def _typed_value(box: Element, typed: Mapping[str, Any]) -> list[Any]:
    """What a browser sends for one box, after what the person did to it."""
    name = str(box.get("name"))
    if name not in typed:
        return _browser_value(box)
    answer = typed[name]
    if box.get("type") == "file":
        return [answer]
    if box.get("type") in {"radio", "checkbox"}:
        chosen = answer if isinstance(answer, list | tuple | set) else [answer]
        chosen = ["yes" if one is True else "no" if one is False else str(one) for one in chosen]
        return [str(box.get("value"))] if box.get("value") in chosen else []
    return [str(answer)]


def _browser_value(box: Element) -> list[str]:
    """What a browser sends for a box nobody touched."""
    match box.tag, box.get("type"):
        case "input", "radio" | "checkbox":
            return [box.get("value") or "on"] if box.get("checked") is not None else []
        case "select", _:
            options = list(box.iter("option"))
            chosen = [one for one in options if one.get("selected") is not None] or options[:1]
            return [str(one.get("value")) for one in chosen]
        case "input", "file":
            return [""]
        case "textarea", _:
            return ["".join(box.itertext())]
        case _:
            return [box.get("value") or ""]


def _check_could_be_chosen(form: Element, name: str, answer: Any) -> None:
    """A person can only tick what is there."""
    boxes = [box for box in _boxes_of(form) if box.get("name") == name]
    if boxes and boxes[0].get("type") in {"radio", "checkbox"}:
        offered = {box.get("value") for box in boxes}
    elif boxes and boxes[0].tag == "select":
        offered = {option.get("value") for option in boxes[0].iter("option")}
    else:
        return
    for one in answer if isinstance(answer, list | tuple | set) else [answer]:
        code = "yes" if one is True else "no" if one is False else str(one)
        assert code in offered, f"{code!r} is not offered for {name}, only {sorted(str(each) for each in offered)}"
