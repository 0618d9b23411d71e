"""What a camera reads on a sheet."""

from __future__ import annotations

import io

import pdfplumber
import zxingcpp


def codes_of(sheet: bytes) -> list[str]:
    """The square code of each page, as a cheap printer leaves it."""
    with pdfplumber.open(io.BytesIO(sheet)) as document:
        pictures = [page.to_image(resolution=200).original.convert("L") for page in document.pages]
    return [one.text for picture in pictures for one in zxingcpp.read_barcodes(picture)]
