"""What the renderer leaves out of a tagged PDF: what headers head, that running heads are no content, that links print.

Source: PDF/UA-1 (ISO 14289-1) 7.5 (tables), 7.8 (running headers and footers), 7.18 (annotations).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

#: The flag of an annotation that is there on paper as it is on a screen.
_PRINTED: Final = 4


def complete_tags(_document: Any, pdf: Any) -> None:
    """Called by the renderer with the finished PDF, just before it is written."""
    elements = {one.reference: one for one in pdf.objects if isinstance(one, dict) and one.get("S")}  # type: ignore[attr-defined]
    _say_what_headers_head(elements)
    root = _find(pdf, pdf.catalog["StructTreeRoot"])
    content = set(_in_tree(root, elements))
    numbers = _find(pdf, root["ParentTree"])["Nums"]
    for annotation in pdf.objects:
        if isinstance(annotation, dict) and annotation.get("Type") == "/Annot":
            annotation["F"] = _PRINTED
    for position, page in enumerate(_pages(pdf)):
        _mark_running_heads(_find(pdf, page["Contents"]), numbers[2 * position + 1], content)


def _find(pdf: Any, reference: bytes) -> Any:
    return pdf.objects[int(reference.split()[0])]


def _pages(pdf: Any) -> Iterator[Any]:
    return (_find(pdf, reference) for reference in pdf.page_references)


def _say_what_headers_head(elements: dict[bytes, Any]) -> None:
    """A header cell heads its column in the head of a table, and its row elsewhere."""
    for element in elements.values():
        if element["S"] == "/TH":
            group = elements.get(elements[element["P"]]["P"])
            element["A"]["Scope"] = "/Column" if group and group["S"] == "/THead" else "/Row"


def _in_tree(element: Any, elements: dict[bytes, Any]) -> Iterator[bytes]:
    """Every element that a screen reader reaches."""
    for child in element.get("K", ()):
        if isinstance(child, bytes) and child in elements:
            yield child
            yield from _in_tree(elements[child], elements)


def _mark_running_heads(stream: Any, owners: Any, content: set[bytes]) -> None:
    """Whatever on a page belongs to no element that is reached stands in its margins: it is pagination, not content.

    Args:
        stream: of the page, as a list of tokens.
        owners: the element of each piece of marked content, in order.
        content: the elements that are reached.
    """
    outside = {number for number, owner in enumerate(owners) if owner not in content}
    for place, token in enumerate(stream.stream):
        if isinstance(token, dict) and token.get("MCID") in outside:
            stream.stream[place - 1 : place + 1] = ["/Artifact", type(token)({"Type": "/Pagination"})]
    for number in outside:
        owners[number] = "null"
