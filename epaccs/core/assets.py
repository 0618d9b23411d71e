"""Style sheets, scripts and pictures: their address changes with their content, so a browser may keep them for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path

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
