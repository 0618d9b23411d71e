"""The person's own copy as paper: large letters, nothing left out of it, no page without what the paper is not."""

from __future__ import annotations

import io
import itertools
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pdfplumber
import pikepdf
import pytest
from jinja2 import UndefinedError
from pdfua import Severity, validate

from epaccs.handover import pdf
from epaccs.handover.easy_read import HEAD, LINES, TITLES
from epaccs.handover.pdf import render
from epaccs.handover.room import easy_head_height, foot_height, head_height
from epaccs.handover.rules import Layout, Printed, Sheet
from tests.handover.codes import codes_of
from tests.handover.specimens import a_sheet, load, names
from tests.handover.test_pdf import MM, level, pages_of, squeeze, walk

LIVING = [name for name in names() if "lifecycle" not in load()["specimens"][name]]
ALL = [(Layout.LARGE_PRINT, name) for name in names()] + [(Layout.EASY_READ, name) for name in LIVING]
every_copy = pytest.mark.parametrize(("layout", "name"), ALL)
every_large_copy = pytest.mark.parametrize("name", names())
both = pytest.mark.parametrize("layout", [Layout.LARGE_PRINT, Layout.EASY_READ])

SCRIPTS = "محمد עברית தமிழ் 漢字 Nguyễn Ελένη Жанна \ue123 😀"


def copy(layout: Layout, name: str = "not for CPR", **given: Any) -> Sheet:
    return replace(a_sheet(name, **given), layout=layout, is_for_person=True)


@cache
def rendered(layout: Layout, name: str) -> bytes:
    """A specimen as a file; made once for all tests that look at it."""
    return render(copy(layout, name)).pdf


@cache
def texts(layout: Layout, name: str) -> list[str]:
    return pages_of(rendered(layout, name))


@cache
def letters(layout: Layout, name: str) -> list[tuple[list[Any], list[Any]]]:
    """Of each page the letters of its text and of its foot."""
    foot_mm = foot_height(copy(layout, name))
    with pdfplumber.open(io.BytesIO(rendered(layout, name))) as document:
        pages = [(page.chars, page.height - foot_mm * MM) for page in document.pages]
    return [
        ([one for one in chars if one["bottom"] <= foot], [one for one in chars if one["bottom"] > foot])
        for chars, foot in pages
    ]


def text_of(sheet: Sheet) -> str:
    return "".join(pages_of(render(sheet).pdf))


# --- What stands on every page ---------------------------------------------------------------------------------------


@every_copy
def test_every_page_has_the_foot_of_every_sheet(layout: Layout, name: str) -> None:
    pages = texts(layout, name)
    expected = (
        "Printed copy of the register, not the signed form.",
        copy(layout, name).original_at_foot,
        "Sheet 7K4P-93XQ",
        "Valid as at 21-Nov-2026 03:00",
        "Check before relying: http://localhost:5000/check/7K4P-93XQ",
        "for L Hart, community nurse",
        "Demonstration",
    )

    for number, text in enumerate(pages, start=1):
        assert [one for one in (*expected, f"Page {number} of {len(pages)}") if squeeze(one) not in text] == []


@both
def test_every_page_has_the_square_code_of_the_sheet(layout: Layout) -> None:
    found = codes_of(rendered(layout, "not for CPR"))

    assert set(found) == {copy(layout).scan_address}
    assert len(found) == len(texts(layout, "not for CPR"))


@every_large_copy
def test_every_page_in_large_print_says_who_it_is_and_what_is_decided_about_cpr(name: str) -> None:
    sheet = copy(Layout.LARGE_PRINT, name)
    who = sheet.summary.identity
    expected = (f"{who.family_name}, {who.given_name}", sheet.card.line.large)

    for text in texts(Layout.LARGE_PRINT, name):
        assert [one for one in expected if squeeze(one) not in text] == []


@pytest.mark.parametrize("name", LIVING)
def test_every_page_in_easy_read_says_that_it_is_not_the_form_that_a_crew_needs(name: str) -> None:
    who = copy(Layout.EASY_READ, name).summary.identity

    for text in texts(Layout.EASY_READ, name):
        expected = (*HEAD, f"{who.given_name} {who.family_name}")
        assert [one for one in expected if squeeze(one) not in text] == []


@pytest.mark.parametrize("name", LIVING)
def test_what_is_decided_and_what_limits_it_stand_on_one_page_in_easy_read(name: str) -> None:
    [page] = [text for text in texts(Layout.EASY_READ, name) if squeeze("This part is about CPR") in text]

    situation = copy(Layout.EASY_READ, name).card.line.situation
    assert [words for words in LINES[situation] if words != "{says}" and squeeze(words) not in page] == []


# --- Clear print -----------------------------------------------------------------------------------------------------


@every_copy
def test_no_letter_is_under_16_points_and_none_at_the_foot_under_12(layout: Layout, name: str) -> None:
    for text, foot in letters(layout, name):
        assert min(letter["size"] for letter in text) >= 15.99
        assert min(letter["size"] for letter in foot) >= 11.99


@every_copy
def test_nothing_is_slanted(layout: Layout, name: str) -> None:
    fonts = {letter["fontname"] for page in letters(layout, name) for part in page for letter in part}

    assert [font for font in fonts if re.search("italic|oblique", font, re.IGNORECASE)] == []


@every_large_copy
def test_no_word_of_ours_is_in_block_capitals(name: str) -> None:
    written = {word for page, _ in letters(Layout.LARGE_PRINT, name) for word in words_of(page)}
    words = {word for word in written if re.fullmatch("[A-Z]{4,}", word)}

    assert words <= {"ADRT", "MRSA", "IMCA"}


def words_of(page: list[Any]) -> list[str]:
    return re.findall(r"[A-Za-z]+", "".join(letter["text"] for letter in page))


@both
def test_lines_stand_one_and_a_half_apart_and_begin_at_the_left(layout: Layout) -> None:
    words = "A long account of what matters to me. " * 40
    sheet = copy(layout, about_me={"most_important": words})

    with pdfplumber.open(io.BytesIO(render(sheet).pdf)) as document:
        lines = [line for page in document.pages for line in page.extract_text_lines() if "account" in line["text"]]
    apart = [after["top"] - before["top"] for before, after in itertools.pairwise(lines)]

    assert len(lines) > 10
    assert min(one for one in apart if one > 0) == pytest.approx(24, abs=0.6)
    assert len({round(line["x0"]) for line in lines}) == 1
    assert len({round(line["x1"]) for line in lines}) > 2


@every_copy
def test_no_heading_stands_alone_at_the_end_of_a_page(layout: Layout, name: str) -> None:
    for text, _ in letters(layout, name):
        assert max(text, key=lambda letter: letter["bottom"])["size"] < 18


@both
@pytest.mark.parametrize(
    "identity",
    [
        pytest.param({"family_name": "W" * 200, "given_name": "M" * 200, "title": "W" * 200}, id="widest letters"),
        pytest.param({"family_name": "Ẅǻ" * 90, "given_name": "ÑÆ" * 90}, id="accents"),
        pytest.param({"family_name": "Ng", "given_name": "Li"}, id="shortest"),
    ],
)
def test_head_and_foot_have_room_for_all_they_say(layout: Layout, identity: dict[str, Any]) -> None:
    letter = identity["family_name"][0]
    printed = Printed(letter * 200, "nurse", letter * 200, letter * 120)
    person = {**load()["person"]["identity"], **identity, "nhs_number_status": "05"}
    sheet = copy(layout, "wishes may have changed", identity=person, printed=printed)
    who = sheet.summary.identity
    if layout is Layout.EASY_READ:
        room, called = easy_head_height(sheet, pdf.build_head(sheet)), f"{who.given_name} {who.family_name}"
        last = HEAD[-1]
    else:
        room, called = head_height(sheet), f"{who.family_name}, {who.given_name}"
        last = "this alone changes nothing"

    with pdfplumber.open(io.BytesIO(render(sheet).pdf)) as document:
        page = document.pages[1]
        head = squeeze(page.crop((0, 0, page.width, room * MM)).extract_text())
        foot = squeeze(page.crop((0, page.height - foot_height(sheet) * MM, page.width, page.height)).extract_text())
        lowest = max(one["bottom"] for one in page.chars)

    assert squeeze(called) in head
    assert squeeze(last) in head
    assert squeeze(f"Printed by {printed.by}, for {printed.printed_for}") in foot
    assert lowest <= page.height - 5 * MM


# --- Nothing is left out of large print ------------------------------------------------------------------------------


@every_large_copy
def test_large_print_says_all_that_the_usual_copy_says(name: str) -> None:
    sheet, text = copy(Layout.LARGE_PRINT, name), "".join(texts(Layout.LARGE_PRINT, name))
    usual = "".join(pages_of(render(replace(sheet, layout=Layout.USUAL)).pdf))
    line = sheet.card.line
    facts = [
        words
        for section in sheet.sections
        for lines in (section.lines, *(group.lines for group in section.groups))
        for fact in lines
        for words in (fact.label, fact.words)
    ]
    said = [
        line.large,
        *line.second,
        *line.extra,
        *(words for side in line.sides for words in (side.title, *side.lines)),
    ]
    calls = [words for call in sheet.card.calls for words in (call.name, call.number)]
    both_say = [words for words in map(squeeze, (*facts, *said, *calls)) if words in usual]

    assert len(both_say) > 20
    # A page may end inside a sentence, and the foot and the next head then stand between its halves.
    assert [words for words in both_say if words not in text and not is_across_pages(words, name)] == []


def is_across_pages(words: str, name: str) -> bool:
    """Whether one page holds the beginning of the words and the next one their end."""
    pages = texts(Layout.LARGE_PRINT, name)
    return any(
        words[:at] in before and words[at:] in after
        for before, after in itertools.pairwise(pages)
        for at in range(1, len(words))
    )


@every_large_copy
def test_the_line_about_cpr_comes_first_and_whole_in_large_print(name: str) -> None:
    sheet, first = copy(Layout.LARGE_PRINT, name), texts(Layout.LARGE_PRINT, name)[0]
    line = sheet.card.line
    sentences = [squeeze(words) for words in (line.large, *line.second) if words]

    assert [words for words in sentences if words not in first] == []
    assert squeeze("Treatment level, advance decisions") not in first.partition(sentences[0])[0]


@both
def test_a_long_text_is_printed_whole_and_in_order(layout: Layout) -> None:
    words = [f"w{number:05}" for number in range(2_000)]

    text = render(copy(layout, about_me={"most_important": " ".join(words)})).pdf

    with pdfplumber.open(io.BytesIO(text)) as document:
        printed = [word for page in document.pages for word in re.findall(r"\bw\d{5}\b", page.extract_text_simple())]
    assert printed == words


@both
def test_letters_of_every_script_are_printed(layout: Layout) -> None:
    text = text_of(copy(layout, about_me={"most_important": SCRIPTS}))

    assert [word for word in ("Nguyễn", "Ελένη", "Жанна", "u+e123") if squeeze(word) not in text] == []


@both
def test_a_text_is_only_ever_text(layout: Layout) -> None:
    attack = "</p><img src=file:///etc/passwd>{{ 7 * 7 }}<style>p{display:none}</style>"
    printed = Printed(attack, "nurse", attack, attack, attack)

    text = text_of(copy(layout, about_me={"most_important": attack}, printed=printed))

    assert text.count(squeeze(attack)) >= 3
    assert "root:" not in text


# --- The home copy in any layout -------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", [Layout.USUAL, Layout.LARGE_PRINT])
def test_the_persons_copy_says_what_no_such_copy_holds_and_calls_nothing_unrecorded(layout: Layout) -> None:
    text = text_of(copy(layout, about_me={"most_important": ""}))

    assert squeeze("what is marked as from or about somebody else stands on no such copy") in text
    assert squeeze("Not on this copy: What is most important to me") in text


def test_a_copy_for_staff_says_what_was_not_recorded() -> None:
    text = text_of(a_sheet(about_me={"most_important": ""}))

    assert squeeze("Not recorded: What is most important to me") in text
    assert squeeze("stands on no such copy") not in text


# --- For screen readers ----------------------------------------------------------------------------------------------


@every_copy
def test_a_checker_of_pdf_ua_finds_nothing(layout: Layout, name: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.pdf"
    path.write_bytes(rendered(layout, name))

    found = validate(path).findings

    assert [(one.rule_id, one.message) for one in found if one.severity is not Severity.INFO] == []


@both
def test_a_long_text_and_other_scripts_are_tagged_too(layout: Layout, tmp_path: Path) -> None:
    path = tmp_path / "sheet.pdf"
    path.write_bytes(render(copy(layout, about_me={"most_important": f"{SCRIPTS} " * 400})).pdf)

    assert [one.message for one in validate(path).findings if one.severity is not Severity.INFO] == []


@every_copy
def test_the_headings_lead_through_it_in_order(layout: Layout, name: str) -> None:
    with pikepdf.open(io.BytesIO(rendered(layout, name))) as document:
        levels = [str(one.S) for one in walk(document.Root.StructTreeRoot) if re.fullmatch(r"/H\d", str(one.get("/S")))]
        with document.open_metadata() as metadata:
            title = metadata["dc:title"]

    assert levels[0] == "/H1"
    assert levels.count("/H1") == 1
    assert all(later <= earlier + 1 for earlier, later in zip(map(level, levels), map(level, levels[1:]), strict=False))
    assert title in ("Handover sheet 7K4P-93XQ", "Easy Read sheet 7K4P-93XQ")


# --- Nothing by halves -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["sheet", "who", "head", "title", "parts", "qr_code", "head_mm", "foot_mm"])
def test_a_template_that_misses_something_prints_nothing(missing: str) -> None:
    sheet = copy(Layout.EASY_READ)
    given = {
        "sheet": sheet,
        "who": sheet.summary.identity,
        "head": pdf.build_head(sheet),
        "title": TITLES["sheet"],
        "parts": pdf.build_parts(sheet),
        "qr_code": pdf.build_qr_code(sheet.scan_address),
        "head_mm": 40.0,
        "foot_mm": 40.0,
    }
    template = pdf._templates().get_template("easy_read.html")
    assert template.render(**given)

    with pytest.raises((UndefinedError, TypeError)):
        template.render(**{name: value for name, value in given.items() if name != missing})
