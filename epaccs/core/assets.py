"""Style sheets, scripts and pictures: their address changes with their content, so a browser may keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

import brotli

STATIC_FOLDER = Path(__file__).parents[1] / "static"


def build_version(folder: Path = STATIC_FOLDER) -> str:
    """A short name for the content of the whole folder.

    One name for all files, not one for each, so that a relative address in a style sheet or a module stays within the
    same version.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def is_text(mimetype: str) -> bool:
    """Whether compressing it saves anything: pictures other than drawings are compressed already."""
    return mimetype.startswith("text/") or mimetype in {"image/svg+xml", "application/json", "image/vnd.microsoft.icon"}


@lru_cache(maxsize=128)
def read_asset(path: Path, encoding: str | None) -> bytes:
    """The file as it travels, compressed once and kept in memory.

    Args:
        path: within the static folder; its content does not change while the program runs.
        encoding: br, gzip, or None: as it is.
    """
    content = path.read_bytes()
    match encoding:
        case "br":
            # 9 of 11: a hundredth larger than the highest, in a twentieth of the time.
            return bytes(brotli.compress(content, quality=9))
        case "gzip":
            return gzip.compress(content, 9, mtime=0)
        case _:
            return content
