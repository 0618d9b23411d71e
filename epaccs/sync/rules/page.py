"""The lines of an answer: one JSON object a line, closed by one that counts them.

An answer without its closing line, or with another count, is as if it had not come: a captive portal, a cut connection.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import brotli

#: How hard a page is compressed: harder takes twice the time for two hundredths less.
QUALITY: Final = 8

#: A UUID as text, before each kept line.
_ID_LENGTH: Final = 36


def write_line(value: Mapping[str, Any]) -> str:
    """One line; a text's own line ends are escaped in it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def close_page(lines: Sequence[str], **said: Any) -> list[str]:
    """The lines with the one that closes them and says how many they are.

    Source: hazard H-47: half an answer, or a portal's, is taken for a whole one.
    """
    return [*lines, write_line({"op": "page", "count": len(lines), **said})]


def join_lines(lines: Iterable[str]) -> bytes:
    """An answer as it is sent."""
    return "".join(f"{line}\n" for line in lines).encode()


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
