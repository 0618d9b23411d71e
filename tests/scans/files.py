"""Files that somebody may send: papers as a scanner makes them, and others that must not be taken."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import pikepdf
from PIL import Image

#: The made-up virus of script/clamd.sh; it does nothing, and no scanner but ours knows it.
VIRUS = b"made-up virus of the tests of this register"


def a_picture(kind: str = "PNG", size: tuple[int, int] = (60, 80), **options: Any) -> bytes:
    file = BytesIO()
    Image.new("L", size, 200).save(file, kind, **options)
    return file.getvalue()


def a_pdf(*, pages: int = 1, **root: Any) -> bytes:
    """A PDF of blank pages; `root`: entries of its catalogue."""
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page()
    for name, value in root.items():
        document.Root[f"/{name}"] = document.make_indirect(value)
    return saved(document)


def saved(document: pikepdf.Pdf, **options: Any) -> bytes:
    file = BytesIO()
    document.save(file, **options)
    return file.getvalue()


def an_action(**entries: Any) -> pikepdf.Dictionary:
    return pikepdf.Dictionary(**entries)


def a_pdf_with_javascript() -> bytes:
    return a_pdf(OpenAction=an_action(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)")))


def a_pdf_with_hidden_javascript() -> bytes:
    """The action lies in a compressed stream of objects, where no search for the word finds it."""
    document = pikepdf.new()
    document.add_blank_page()
    document.Root.AA = document.make_indirect(
        pikepdf.Dictionary(WC=an_action(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)")))
    )
    content = saved(document, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"JavaScript" not in content
    return content


def a_pdf_that_launches() -> bytes:
    return a_pdf(OpenAction=an_action(S=pikepdf.Name.Launch, F=pikepdf.String("calc.exe")))


def a_pdf_with_a_file() -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    document.attachments["letter.exe"] = b"MZ"
    return saved(document)


def a_pdf_with_a_page_action() -> bytes:
    """The action is not the document's but a button's on its page."""
    document = pikepdf.new()
    document.add_blank_page()
    button = pikepdf.Dictionary(
        Subtype=pikepdf.Name.Link,
        Rect=pikepdf.Array([0, 0, 9, 9]),
        A=an_action(S=pikepdf.Name.SubmitForm, F=pikepdf.String("https://elsewhere.example")),
    )
    document.pages[0].Annots = pikepdf.Array([button])
    return saved(document)


def a_pdf_with_a_huge_picture() -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    document.Root.Huge = document.make_stream(b"", Subtype=pikepdf.Name.Image, Width=100_000, Height=100_000)
    return saved(document)


def a_pdf_with_a_nonsense_picture() -> bytes:
    """A picture whose width is no number."""
    document = pikepdf.new()
    document.add_blank_page()
    document.Root.Odd = document.make_stream(b"", Subtype=pikepdf.Name.Image, Width=pikepdf.Name.Wide, Height=1)
    return saved(document)


def a_locked_pdf(*, to_read: str) -> bytes:
    """`to_read` empty: anybody can open it, but it is locked against printing."""
    document = pikepdf.new()
    document.add_blank_page()
    return saved(document, encryption=pikepdf.Encryption(owner="a password", user=to_read))


def a_picture_of(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says of itself how large it is."""

    def chunk(name: bytes, content: bytes) -> bytes:
        whole = name + content
        return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def infected(content: bytes) -> bytes:
    return content + b"\n" + VIRUS
