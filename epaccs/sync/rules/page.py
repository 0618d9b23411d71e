"""The lines of an answer: one JSON object a line, closed by one that counts them.

An answer without its closing line, or with another count, is as if it had not come: a captive portal, a cut connection.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


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
