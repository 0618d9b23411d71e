"""Several sheets as one file: each begins on a leaf of its own, and a screen reader goes through one after the other.

Source: PDF/UA-1 (ISO 14289-1) 7.1 (one tree of tags for all that is read); hazard H-73.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any, Final

from pikepdf import Array, Dictionary, Name, ObjectStreamMode, OutlineItem, Page, Pdf, String

_SIDES_OF_A_LEAF: Final = 2


def bind(sheets: Iterable[tuple[str, bytes]], *, title: str) -> bytes:
    """One file of many sheets, in their order.

    Args:
        sheets: of each, what it is called in the list of contents, and the finished file; at least one.
        title: of the whole; it names nobody.
    """
    with Pdf.new() as whole:
        document = whole.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document, K=Array()))
        numbers = whole.make_indirect(Dictionary(Nums=Array()))
        whole.Root.StructTreeRoot = whole.make_indirect(
            Dictionary(Type=Name.StructTreeRoot, K=Array([document]), ParentTree=numbers)
        )
        document.P = whole.Root.StructTreeRoot
        begins = [(called, _append(whole, content)) for called, content in sheets]
        with whole.open_outline() as outline:
            outline.root.extend(OutlineItem(called, first) for called, first in begins)
        _say_what_it_is(whole, title)
        finished = BytesIO()
        whole.save(finished, object_stream_mode=ObjectStreamMode.generate)
    return finished.getvalue()


def _append(whole: Pdf, content: bytes) -> int:
    """Put one sheet at the end.

    Returns:
        The place of its first page, from 0.
    """
    first, root = len(whole.pages), whole.Root.StructTreeRoot
    with Pdf.open(BytesIO(content)) as sheet:
        whole.pages.extend(sheet.pages)
        # After its pages, so that what the tags say of a page is said of the copy.
        tree = whole.copy_foreign(sheet.Root.StructTreeRoot)
    pages = [whole.pages[place] for place in range(first, len(whole.pages))]
    _renumber(tree, pages, by=len(root.ParentTree.Nums) // 2)
    root.ParentTree.Nums.extend(tree.ParentTree.Nums)
    for element in tree.K:
        _tell_apart(element, called=str(first))
        element.S, element.P = Name.Part, root.K[0]
        root.K[0].K.append(element)
    _complete_leaf(whole, pages)
    return first


def _complete_leaf(whole: Pdf, pages: Sequence[Page]) -> None:
    """An empty back to the last page of a sheet, where it has none: what is printed there would be of somebody else.

    Source: hazard H-73.
    """
    if len(pages) % _SIDES_OF_A_LEAF:
        width, height = (float(side) for side in pages[-1].mediabox[2:])
        whole.add_blank_page(page_size=(width, height))


def _renumber(tree: Any, pages: Sequence[Page], *, by: int) -> None:
    """Let the numbers by which pages and links find their tags follow those of the sheets before."""
    for page in pages:
        page.obj.StructParents += by
        for annotation in page.obj.get("/Annots", ()):
            annotation.StructParent += by
    numbers = tree.ParentTree.Nums
    for place in range(0, len(numbers), 2):
        numbers[place] = int(numbers[place]) + by


def _tell_apart(element: Any, *, called: str) -> None:
    """Header cells are named by the cells that they head: no name may come twice in one file."""
    for one in _walk(element):
        if "/ID" in one:
            one.ID = String(f"{called}-{one.ID}")
        if "/A" in one and "/Headers" in one.A:
            one.A.Headers = Array([String(f"{called}-{header}") for header in one.A.Headers])


def _walk(element: Any) -> Iterator[Any]:
    if isinstance(element, Dictionary) and "/S" in element:
        yield element
        for child in element.get("/K", ()):
            yield from _walk(child)


def _say_what_it_is(whole: Pdf, title: str) -> None:
    root = whole.Root
    root.Lang, root.MarkInfo = String("en-GB"), Dictionary(Marked=True)
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    with whole.open_metadata() as metadata:
        metadata["dc:title"], metadata["pdfuaid:part"] = title, "1"
