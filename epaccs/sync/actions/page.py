"""Make an answer small, and keep one for the next tablet."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from typing import Final
from uuid import UUID

import brotli

#: How hard a page is compressed: harder takes twice the time for two hundredths less.
QUALITY: Final = 8

#: A UUID as text, before each kept line.
_ID_LENGTH: Final = 36


def compress(content: bytes, encoding: str | None) -> bytes:
    """As the tablet's browser can take it apart; None: as it is."""
    match encoding:
        case "br":
            return bytes(brotli.compress(content, quality=QUALITY))
        case "gzip":
            return gzip.compress(content, compresslevel=5, mtime=0)
        case _:
            return content


def pack(lines: Iterable[tuple[UUID, str]]) -> bytes:
    """Lines as they are kept, each after the id of the person it is about."""
    joined = "".join(f"{entry_id}{line}\n" for entry_id, line in lines)
    return bytes(brotli.compress(joined.encode(), quality=QUALITY))


def unpack(body: bytes) -> list[tuple[UUID, str]]:
    """What was kept."""
    lines = bytes(brotli.decompress(body)).decode().split("\n")[:-1]
    return [(UUID(line[:_ID_LENGTH]), line[_ID_LENGTH:]) for line in lines]
