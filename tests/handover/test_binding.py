"""Several sheets as one file: leaves, tags, and the list of contents."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pdfplumber
import pikepdf
import pytest
from pdfua import Severity, validate

from epaccs.handover.binding import bind
from epaccs.handover.pdf import Rendered, render_html
from tests.handover.specimens import names
from tests.handover.test_pdf import rendered, walk

PAGE = '<!doctype html><html lang="en-GB"><head><title>A sheet</title></head><body>{}</body></html>'
TABLE = "<table><thead><tr><th>What</th></tr></thead><tbody><tr><td>{}</td></tr></tbody></table>"


def of_pages(count: int, words: str) -> bytes:
    """A file of so many pages, each of which says the same."""
    pages = [f'<p style="break-before: page">{words}</p>'] * count
    made: Rendered = render_html(PAGE.format("".join(pages)))
    assert made.pages == count
    return made.pdf


def texts_of(content: bytes) -> list[str]:
    with pdfplumber.open(io.BytesIO(content)) as document:
        return [page.extract_text().strip() for page in document.pages]


def opened(content: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(content))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((1,), ["A", ""]),
        ((1, 1), ["A", "", "B", ""]),
        ((2, 1), ["A", "A", "B", ""]),
        ((3, 2), ["A", "A", "A", "", "B", "B"]),
    ],
)
def test_no_leaf_is_of_two_people(counts: tuple[int, ...], expected: list[str]) -> None:
    sheets = [(words, of_pages(count, words)) for count, words in zip(counts, "AB", strict=False)]

    assert texts_of(bind(sheets, title="Sheets")) == expected


def test_a_checker_of_pdf_ua_finds_nothing_in_a_whole_pack(tmp_path: Path) -> None:
    path = tmp_path / "pack.pdf"
    path.write_bytes(bind([(name, rendered(name)) for name in names()], title="Handover sheets"))

    found = validate(path).findings

    assert [(one.rule_id, one.message) for one in found if one.severity is not Severity.INFO] == []
    with opened(path.read_bytes()) as document, document.open_metadata() as metadata:
        assert str(document.Root.Lang) == "en-GB"
        assert bool(document.Root.ViewerPreferences.DisplayDocTitle)
        assert metadata["dc:title"] == "Handover sheets"
        assert metadata["pdfuaid:part"] == "1"


def test_each_page_and_link_finds_its_own_tags() -> None:
    sheets = [(name, rendered(name)) for name in names()[:3]]
    with opened(bind(sheets, title="Sheets")) as document:
        numbers = document.Root.StructTreeRoot.ParentTree.Nums
        keys = [int(key) for key in list(numbers)[::2]]
        assert keys == list(range(len(keys)))
        reached = {one.objgen for one in walk(document.Root.StructTreeRoot) if one.get("/S")}
        for page in (page for page in document.pages if "/StructParents" in page):
            owners = numbers[2 * int(page.StructParents) + 1]
            for owner in (owner for owner in owners if owner is not None):
                assert owner.objgen in reached
                assert owner.Pg.objgen == page.obj.objgen, "what is read aloud here stands on another page"
            for link in page.get("/Annots", []):
                owner = numbers[2 * int(link.StructParent) + 1]
                assert [one.Obj.objgen for one in owner.K if isinstance(one, pikepdf.Dictionary) and "/Obj" in one] == [
                    link.objgen
                ]


def test_cells_of_two_sheets_are_told_apart() -> None:
    """Both sheets name their header cells alike; in one file each name is of one cell."""
    content = render_html(PAGE.format(TABLE.format("x"))).pdf
    with opened(bind([("A", content), ("B", content)], title="Sheets")) as document:
        elements: list[Any] = [one for one in walk(document.Root.StructTreeRoot) if one.get("/S")]
        ids = [str(one.ID) for one in elements if "/ID" in one]
        named = [[str(header) for header in one.A.Headers] for one in elements if "/Headers" in one.get("/A", {})]

    assert len(ids) == len(set(ids)) == 2
    assert named == [[ids[0]], [ids[1]]]


def test_the_list_of_contents_leads_to_the_first_page_of_each() -> None:
    with opened(bind([("A", of_pages(3, "A")), ("B", of_pages(1, "B"))], title="Sheets")) as document:
        pages = [page.obj.objgen for page in document.pages]
        with document.open_outline() as outline:
            leads = {str(one.title): pages.index(one.destination[0].objgen) for one in outline.root}  # type: ignore[index, union-attr]

    assert leads == {"A": 0, "B": 4}
