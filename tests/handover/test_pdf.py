"""The sheet as paper: what stands on every page, that nothing is cut, that nothing but text comes from a text."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pdfplumber
import pikepdf
import pytest
from pdfua import Severity, validate
from weasyprint import CSS

from epaccs.cpr_decisions.rules.lines import Shape
from epaccs.handover import pdf
from epaccs.handover.pdf import MOST_NAMES, OpensNothingElse, build_html, printable, render, render_html
from epaccs.handover.room import foot_height, head_height
from epaccs.handover.rules import Printed, Sheet
from tests.handover.specimens import NEEDS_ONLY, a_sheet, load, names
from tests.record.people import a_held

MM = 72 / 25.4
A4 = (210 * MM, 297 * MM)

every_specimen = pytest.mark.parametrize("name", names())


@cache
def rendered(name: str) -> bytes:
    """A specimen as a file; made once for all tests that look at it."""
    return render(a_sheet(name)).pdf


def squeeze(text: str) -> str:
    """Text without white space, so that it does not matter where a line ends."""
    return re.sub(r"[\s\u200b\u2068\u2069]", "", text)


def pages_of(content: bytes) -> list[str]:
    with pdfplumber.open(io.BytesIO(content)) as document:
        return [squeeze(page.extract_text()) for page in document.pages]


@cache
def texts(name: str) -> list[str]:
    return pages_of(rendered(name))


def whole_text(sheet: Sheet) -> str:
    return "".join(pages_of(render(sheet).pdf))


# --- What stands on every page ---------------------------------------------------------------------------------------


@every_specimen
def test_every_page_says_who_it_is_and_what_is_decided_about_cpr(name: str) -> None:
    sheet = a_sheet(name)
    who = sheet.summary.identity
    expected = [f"{who.family_name.upper()}, {who.given_name}", "Born", sheet.card.line.large]
    expected += [who.nhs_number[:3] if who.nhs_number else "none", *([who.warning] if who.warning else [])]

    for number, text in enumerate(texts(name), start=1):
        assert [one for one in expected if squeeze(one) not in text] == [], f"page {number}"


@every_specimen
def test_every_page_says_what_the_paper_is_and_as_at_when(name: str) -> None:
    pages = texts(name)
    expected = (
        "Printed copy of the register, not the signed form.",
        a_sheet(name).original_at_foot,
        "Sheet 7K4P-93XQ",
        "Valid as at 21-Nov-2026 03:00",
        "Check before relying: http://localhost:5000/check/7K4P-93XQ",
        "Printed by Sister J Marsh, hospice nurse",
        "for L Hart, community nurse",
        "DEMONSTRATION",
    )

    for number, text in enumerate(pages, start=1):
        assert [one for one in (*expected, f"Page {number} of {len(pages)}") if squeeze(one) not in text] == []


def test_a_sheet_of_a_real_person_does_not_say_that_they_are_made_up() -> None:
    assert "DEMONSTRATION" not in whole_text(a_sheet(is_demo=False))


@every_specimen
def test_the_card_fits_on_the_first_page(name: str) -> None:
    assert squeeze("Who to call now") in texts(name)[0]
    assert squeeze("What matters") not in texts(name)[0]
    calls = a_sheet(name).card.calls
    assert [call.name for call in calls if squeeze(call.name + call.number) not in texts(name)[0]] == []


@every_specimen
def test_a_sheet_is_a4_and_no_letter_is_under_11_points(name: str) -> None:
    with pdfplumber.open(io.BytesIO(rendered(name))) as document:
        for page in document.pages:
            assert (page.width, page.height) == pytest.approx(A4, abs=0.5)
            assert min(letter["size"] for letter in page.chars) >= 10.99


@every_specimen
def test_the_versions_shown_are_named_beside_their_sections(name: str) -> None:
    sheet, text = a_sheet(name), "".join(texts(name))

    for section in sheet.sections:
        if section.version:
            assert squeeze(f"{section.label}Version {section.version},") in text


def test_a_sheet_names_when_it_was_printed_by_whom_and_where_it_is_kept() -> None:
    assert squeeze("Printed by Sister J Marsh, hospice nurse, St Anne's Hospice") in texts("not for CPR")[0]
    assert squeeze("Kept: Kitchen drawer") in "".join(texts("not for CPR"))


# --- What each situation shows ---------------------------------------------------------------------------------------


def test_in_doubt_no_page_shows_either_side_as_current() -> None:
    first, *others = texts("in doubt")

    assert all(squeeze("CPR decision in doubt") in page for page in (first, *others))
    assert squeeze("Last confirmed") in first
    assert squeeze("Not yet settled") in first
    assert not any(squeeze("Not for CPR") in page or squeeze("CPR recommended") in page for page in others)


def test_a_report_of_changed_wishes_stands_on_every_page() -> None:
    report = squeeze(
        "son, Chidi Okonkwo reported 20-Nov-2026: wishes have changed. Review asked for; this alone changes nothing"
    )

    assert all(report[1:] in page for page in texts("wishes may have changed"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("died", "Died 20-Nov-2026. Death confirmed by Dr A Patel", id="confirmed"),
        pytest.param("death reported", "Death reported for 20-Nov-2026 by Dr A Patel", id="reported"),
        pytest.param("review overdue, person not told", "Review overdue since 01-Nov-2026", id="review overdue"),
        pytest.param("review overdue, person not told", "Person has NOT been told", id="person not told"),
        pytest.param(
            "advance decision refuses CPR",
            "ADRT, document seen: refuses CPR and life-sustaining treatment.",
            id="advance decision",
        ),
        pytest.param("nothing recorded", "Treatment level: not recorded", id="treatment level not recorded"),
        pytest.param("nothing recorded", "Allergies not recorded", id="allergies not recorded"),
        pytest.param("nothing recorded", "Advance decisions and attorneys: not recorded", id="ADRT not recorded"),
        pytest.param("not for CPR", "Do NOT call Emeka Okonkwo", id="whom not to call"),
        pytest.param("restricted address", "Address restricted: ring 01632 960999", id="restricted"),
    ],
)
def test_the_first_page_shows(name: str, words: str) -> None:
    assert squeeze(words) in texts(name)[0]


@every_specimen
def test_the_code_of_the_key_safe_is_on_no_sheet(name: str) -> None:
    assert not any("4711" in page for page in texts(name))


def test_a_restricted_address_leaves_nothing_on_paper_that_leads_to_the_door() -> None:
    told = ("Hidden", "ND9", "960555", "Secret", "Elm Street", "Hill House", "Northdale", "Fridge", "drawer", "Bureau",
            "front door", "Back door", "Canal Row", "900321", "900654", "960101", "960001", "St Anne")  # fmt: skip
    text = "".join(texts("restricted address"))

    assert [words for words in told if squeeze(words) in text] == []
    assert squeeze("Not shown, because the address is restricted") in text


def test_paper_holds_no_more_than_its_printer_may_see_and_says_what_it_hides() -> None:
    clinical = ("Heart failure", "Codeine", "Ventilation", "Hospital for comfort", "Not for CPR", "MRSA", "Fridge")
    everything, needs_only = "".join(texts("not for CPR")), whole_text(a_sheet(tiers=NEEDS_ONLY))

    assert [words for words in clinical if squeeze(words) not in everything] == []
    assert [words for words in clinical if squeeze(words) in needs_only] == []
    assert (
        needs_only.count(squeeze("Not shown: the role that printed this sheet may not see it. Ring 01632 960999")) == 3
    )
    assert squeeze("Your role cannot see this: ring 01632 960999") in needs_only
    assert squeeze("Hospice nurses") in needs_only


def test_a_dispute_is_said_on_the_card_and_in_the_plan() -> None:

    sheet = a_sheet(held=(a_held("treatment_level", "put", {"level": "full_escalation"}),))
    text = whole_text(sheet)

    assert text.count(squeeze("In dispute: what stands here is only what was confirmed last.")) == 2
    assert text.count(squeeze("L Hart, paramedic, Northdale Ambulance")) == 2


# --- A long text is never cut ----------------------------------------------------------------------------------------


def test_two_hundred_thousand_characters_are_printed_whole_and_in_order() -> None:
    words = [f"w{number:05}" for number in range(200_000 // 7)]
    sheet = a_sheet(treatment_level={"level": "treat_at_home", "guidance": " ".join(words)})

    content = render(sheet).pdf

    with pdfplumber.open(io.BytesIO(content)) as document:
        printed = [word for page in document.pages for word in re.findall(r"\bw\d{5}\b", page.extract_text_simple())]
    assert printed == words


def test_a_text_without_a_single_space_is_printed_whole() -> None:
    sheet = a_sheet(treatment_level={"level": "treat_at_home", "guidance": "W" * 20_000})

    assert whole_text(sheet).count("W") >= 20_000


def test_a_long_text_is_not_begun_on_the_card() -> None:
    sheet = a_sheet(treatment_level={"level": "treat_at_home", "guidance": "Give fluids. " * 200})

    first, *others = pages_of(render(sheet).pdf)

    assert squeeze("A long passage: read it whole in the plan") in first
    assert "Givefluids" not in first
    assert "".join(others).count("Givefluids") == 200


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param({"family_name": "W" * 200, "given_name": "M" * 200, "title": "W" * 200}, id="widest letters"),
        pytest.param({"family_name": "i" * 200, "given_name": "l" * 200}, id="narrowest letters"),
        pytest.param(
            {"family_name": "Wood " * 39, "given_name": "Ann " * 49, "preferred_name": "Bo " * 60}, id="words"
        ),
        pytest.param({"family_name": "Ng", "given_name": "Li"}, id="shortest"),
        pytest.param({"family_name": "Ẅǻ" * 90, "given_name": "ÑÆ" * 90}, id="accents"),
    ],
)
def test_head_and_foot_have_room_for_all_they_say(identity: dict[str, Any]) -> None:
    letter = identity["family_name"][0]
    printed = Printed(letter * 200, "nurse", letter * 200, letter * 120)
    person = {**load()["person"]["identity"], **identity, "nhs_number_status": "05"}
    sheet = a_sheet("wishes may have changed", identity=person, printed=printed)
    who = sheet.summary.identity

    with pdfplumber.open(io.BytesIO(render(sheet).pdf)) as document:
        page = document.pages[1]
        head = squeeze(page.crop((0, 0, page.width, head_height(sheet) * MM)).extract_text())
        foot = squeeze(page.crop((0, page.height - foot_height(sheet) * MM, page.width, page.height)).extract_text())
        lowest = max(letter["bottom"] for letter in page.chars)

    assert squeeze(f"{who.family_name.upper()}, {who.given_name}") in head
    assert squeeze(who.warning) in head
    assert squeeze("Review asked for") in head
    assert squeeze(f"Printed by {printed.by}, for {printed.printed_for}") in foot
    assert lowest <= page.height - 5 * MM


# --- A text is only ever text ----------------------------------------------------------------------------------------

ATTACKS = (
    "<img src=file:///etc/passwd>",
    '<link rel=stylesheet href="http://127.0.0.1:9/x.css">',
    "<style>@import url(http://127.0.0.1:9/x); p{display:none}</style>",
    "url(http://127.0.0.1:9/x)",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}{# gone #}",
    "</p></main></body><script>alert(1)</script>",
    "&lt;b&gt; &amp; &#x41;",
    "]]>--><svg onload=x>",
)

TEXT_FIELDS = {
    "identity": ("family_name", "given_name", "title", "preferred_name", "address", "usual_gp_name",
        "main_carer_name",
        "key_worker_name"),
    "treatment_level": ("guidance", "agreed_with"),
    "medicines": ("where", "chart_where"),
    "risks": ("infection", "animals", "access_note", "key_safe_place", "other"),
    "diagnosis": ("primary", "other"),
    "preferred_places": ("care_note", "death_first_address", "death_second_address"),
}  # fmt: skip


def attacked(attack: str) -> Sheet:
    """A sheet with the attack in every text: fields, items of lists, the CPR section, whoever printed and for whom."""
    person = load()["person"]
    sections = {name: {**person[name], **dict.fromkeys(fields, attack)} for name, fields in TEXT_FIELDS.items()}
    decision = {**person["cpr"]["decisions"][0], "original_location": attack}
    signer = {**decision["signer"], "name": attack, "organisation_name": attack}
    sections["cpr"] = {"decisions": [{**decision, "signer": signer}]}
    for name, fields in (("allergies", ("agent", "reaction")), ("contacts", ("name", "relationship", "hours"))):
        items = person[name]["items"].items()
        sections[name] = {
            **person[name],
            "items": {key: {**item, **dict.fromkeys(fields, attack)} for key, item in items},
        }
    adrt = {**person["legal"]["items"]["b"], "refuses": attack, "document_location": attack, "document_seen_by": attack}
    sections["legal"] = {"items": {"a": {**person["legal"]["items"]["a"], "name": attack}, "b": adrt}}
    return a_sheet(printed=Printed(attack, "nurse", attack, attack, attack), **sections)


def test_whatever_stands_in_a_text_is_printed_as_text_and_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []
    monkeypatch.setattr(OpensNothingElse, "fetch", lambda _self, url, _headers=None: fetched.append(url))

    text = whole_text(attacked(" ".join(ATTACKS)))

    assert fetched == []
    assert [attack for attack in ATTACKS if text.count(squeeze(attack)) < 25] == []
    assert [attack for attack in ATTACKS if squeeze(attack.upper()) not in text] == []
    assert "root:" not in text


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("file:///etc/passwd", id="a file elsewhere"),
        pytest.param("FILE:///etc/passwd", id="in capitals"),
        pytest.param(f"{pdf.TEMPLATES.as_uri()}/../pyproject.toml", id="up and out"),
        pytest.param(f"{pdf.TEMPLATES.as_uri()}/%2e%2e/pyproject.toml", id="up and out, written in codes"),
        pytest.param(f"{pdf.TEMPLATES.as_uri()}-of-others/x.css", id="a folder whose name begins the same"),
        pytest.param(pdf.TEMPLATES.as_uri(), id="the folder itself"),
        pytest.param("file://elsewhere/print_templates/sheet.css", id="a file of another machine"),
        pytest.param("http://127.0.0.1:9/x.png", id="an outside address"),
        pytest.param("https://127.0.0.1:9/x.png", id="an outside address over TLS"),
        pytest.param("ftp://127.0.0.1/x", id="FTP"),
        pytest.param("data:text/css,p{color:red}", id="data"),
    ],
)
def test_the_renderer_opens_nothing_outside_its_folder(address: str) -> None:
    with pytest.raises(ValueError, match="outside the folder"):
        OpensNothingElse().fetch(address)


def test_the_renderer_opens_the_files_of_the_templates() -> None:
    opened = OpensNothingElse().fetch((pdf.TEMPLATES / "sheet.css").as_uri())

    assert b"@page" in opened.read()


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param('<img src="file:///etc/hostname" alt="x">', id="a picture"),
        pytest.param('<p style="background: url(http://127.0.0.1:9/x)">x</p>', id="a background"),
        pytest.param('<link rel="stylesheet" href="../pyproject.toml">', id="a style sheet"),
    ],
)
def test_a_page_that_asks_for_something_outside_is_not_printed(markup: str) -> None:
    with pytest.raises(pdf.CannotBePrinted):
        render_html(f'<html lang="en"><title>x</title>{markup}')


# --- Letters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        pytest.param("O'Neill & Nguyễn", "O'Neill & Nguyễn", id="apostrophe and accents"),
        pytest.param("a\x00b", "a[U+0000]b", id="a null byte"),
        pytest.param("a\ud800b", "a[U+D800]b", id="half a character"),
        pytest.param("a\u202eb", "a[U+202E]b", id="a mark that reorders"),
        pytest.param("a\uffffb\U0001ffff", "a[U+FFFF]b[U+1FFFF]", id="no characters at all"),
        pytest.param("line\nline\tcell", "line\nline\tcell", id="lines and tabs"),
        pytest.param("x" * 31, "x" * 30 + "\u200b" + "x", id="a word without an end"),
        pytest.param("ש", "\u2068ש\u2069", id="right to left, kept from its neighbours"),
        pytest.param(7, 7, id="a number"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_text_becomes_printable(typed: Any, shown: Any) -> None:
    assert printable(typed) == shown


def test_a_date_is_not_broken_and_its_neighbours_stay_escaped() -> None:
    assert printable("<b> 02-Mar-2025") == '&lt;b&gt; <span class="whole">02-Mar-2025</span>'


def test_a_character_that_no_font_has_is_written_by_its_name_or_number() -> None:
    sheet = a_sheet(diagnosis={"primary": "Pain \ue123 \U000f1234 end"})

    assert squeeze("Pain [u+e123] [u+f1234] end") in whole_text(sheet)


def test_very_many_of_them_are_squares_so_that_the_sheet_does_not_grow_without_end() -> None:
    guidance = "\ue123 " * (MOST_NAMES + 1)

    text = whole_text(a_sheet(treatment_level={"level": "treat_at_home", "guidance": guidance}))

    assert text.count("\u25a1") == MOST_NAMES + 1


# --- For screen readers ----------------------------------------------------------------------------------------------


@every_specimen
def test_a_sheet_is_tagged_in_english_under_a_title_without_a_name(name: str) -> None:
    with pikepdf.open(io.BytesIO(rendered(name))) as document:
        root = document.Root
        assert bool(root.MarkInfo.Marked)
        assert "/StructTreeRoot" in root
        assert str(root.Lang) == "en-GB"
        assert bool(root.ViewerPreferences.DisplayDocTitle)
        with document.open_metadata() as metadata:
            assert metadata["dc:title"] == "Handover sheet 7K4P-93XQ"
            assert metadata["pdfuaid:part"] == "1"


@every_specimen
def test_a_checker_of_pdf_ua_finds_nothing(name: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.pdf"
    path.write_bytes(rendered(name))

    found = validate(path).findings

    assert [(one.rule_id, one.message) for one in found if one.severity is not Severity.INFO] == []


def test_every_header_cell_says_what_it_heads_and_every_picture_what_it_shows() -> None:
    with pikepdf.open(io.BytesIO(rendered("in doubt"))) as document:
        elements = list(walk(document.Root.StructTreeRoot))

    headers = [element for element in elements if element.get("/S") == "/TH"]
    pictures = [element for element in elements if element.get("/S") == "/Figure"]
    assert {str(header.A.Scope) for header in headers} == {"/Column", "/Row"}
    assert pictures
    assert all(str(picture.Alt) for picture in pictures)


@every_specimen
def test_all_that_is_drawn_is_read_aloud_once_or_is_no_content(name: str) -> None:
    with pikepdf.open(io.BytesIO(rendered(name))) as document:
        reached = {one.objgen for one in walk(document.Root.StructTreeRoot) if one.get("/S")}
        numbers = document.Root.StructTreeRoot.ParentTree.Nums
        for position, page in enumerate(document.pages):
            owners = numbers[2 * position + 1]
            read = [one.operands[1] for one in pikepdf.parse_content_stream(page) if str(one.operator) == "BDC"]
            for content in (one for one in read if "/MCID" in one):
                assert owners[int(content["/MCID"])].objgen in reached
            assert any(content.get("/Type") == "/Pagination" for content in read)


def test_a_link_is_printed_as_it_is_shown() -> None:
    with pikepdf.open(io.BytesIO(rendered("not for CPR"))) as document:
        links = [link for page in document.pages for link in page.get("/Annots", [])]

        assert [str(link.A.URI) for link in links] == ["http://localhost:5000/check/7K4P-93XQ"]
        assert [int(link.F) & 4 for link in links] == [4]


def walk(element: Any) -> Any:
    if isinstance(element, pikepdf.Dictionary):
        yield element
        children = element.get("/K")
        for child in children if isinstance(children, pikepdf.Array) else [children]:
            yield from walk(child)


def test_the_headings_lead_through_the_sheet_in_order() -> None:
    with pikepdf.open(io.BytesIO(rendered("not for CPR"))) as document:
        levels = [str(one.S) for one in walk(document.Root.StructTreeRoot) if re.fullmatch(r"/H\d", str(one.get("/S")))]

    assert levels[0] == "/H1"
    assert levels.count("/H1") == 1
    assert all(later <= earlier + 1 for earlier, later in zip(map(level, levels), map(level, levels[1:]), strict=False))


def level(name: str) -> int:
    return int(name[2:])


# --- Once in each process --------------------------------------------------------------------------------------------


def test_fonts_and_style_sheets_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    render(a_sheet("nothing recorded"))
    shared = pdf.press()
    read: list[Any] = []
    monkeypatch.setattr(pdf, "CSS", lambda **given: read.append(given) or CSS(**given))
    monkeypatch.setattr(pdf, "FontConfiguration", lambda: read.append("fonts"))

    render(a_sheet("nothing recorded"))

    assert read == []
    assert pdf.press() is shared


def test_two_sheets_at_once_do_not_mix() -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda name: pages_of(render(a_sheet(name)).pdf), ["nothing recorded", "died"] * 2))

    assert found[0] == found[2] == texts("nothing recorded")
    assert found[1] == found[3] == texts("died")


# --- Shapes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", list(Shape))
def test_every_shape_of_a_line_is_drawn_as_on_the_screen(shape: Shape) -> None:
    def drawn(path: Path) -> str:
        found = re.search(rf'name == "{shape}" %}}(.*?)\{{% el', path.read_text(encoding="utf-8"), re.DOTALL)
        assert found, f"{shape} is not drawn in {path.name}"
        return found[1].strip()

    on_screen = pdf.TEMPLATES.parent / "epaccs" / "templates" / "components" / "shapes.html"

    assert drawn(pdf.TEMPLATES / "_shapes.html") == drawn(on_screen)


def test_the_shapes_differ_so_that_a_sheet_printed_in_grey_still_tells_them_apart() -> None:
    template = pdf._templates().from_string('{% from "_shapes.html" import shape %}{{ shape(name) }}')
    without_colour = {
        re.sub(r"#[0-9a-f]{3,6}", "", re.sub(r"<title>.*?</title>", "", template.render(name=one))) for one in Shape
    }

    assert len(without_colour) == len(Shape)


def test_a_line_always_has_its_shape() -> None:
    for name in names():
        html = build_html(a_sheet(name))
        assert html.count('class="shape"') >= 2, name
