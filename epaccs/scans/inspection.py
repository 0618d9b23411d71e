"""Look inside a file before it is kept: in a process of its own, which knows no secret and may use little.

Reading a hostile file may take a reader's memory, its time, or the reader itself. What happens to this process happens
to nobody else: one that ends badly, or not in time, says that the file is damaged.

Source: hazard H-39 (a scan that harms).
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from epaccs.scans.rules import PDF, PIXEL_LIMIT, Fault, FileRefused, is_active, is_too_many_pixels

SECONDS: Final = 15
_MEMORY_BYTES: Final = 1536 * 1024 * 1024
#: What the process may know of its surroundings: no setting of the register, and so no secret.
_KNOWN: Final = ("PATH", "PYTHONPATH", "LANG", "LC_ALL")


@dataclass(frozen=True)
class Inspected:
    """What was found in a file that may be kept."""

    pages: int


def inspect(content: bytes, *, media_type: str) -> Inspected:
    """Open a file as its reader would.

    Raises:
        FileRefused: it is locked, does more than show a paper, is too large to be opened, or is damaged.
    """
    environment = {name: os.environ[name] for name in _KNOWN if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", __name__, media_type],
            input=content,
            env=environment,
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError):
        raise FileRefused(Fault.DAMAGED) from None
    if "fault" in found:
        raise FileRefused(Fault(found["fault"]))
    return Inspected(pages=int(found["pages"]))


# --- Within the process ----------------------------------------------------------------------------------------------


def _look(content: bytes, media_type: str) -> Inspected:
    return _look_at_pdf(content) if media_type == PDF else _look_at_picture(content)


def _look_at_picture(content: bytes) -> Inspected:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT
    try:
        with Image.open(BytesIO(content), formats=("JPEG", "PNG")) as picture:
            if is_too_many_pixels(*picture.size):
                raise FileRefused(Fault.TOO_MANY_PIXELS)
            picture.load()
    except Image.DecompressionBombError:
        raise FileRefused(Fault.TOO_MANY_PIXELS) from None
    except (OSError, SyntaxError, ValueError):
        raise FileRefused(Fault.DAMAGED) from None
    return Inspected(pages=1)


def _look_at_pdf(content: bytes) -> Inspected:
    import pikepdf

    try:
        with pikepdf.open(BytesIO(content), attempt_recovery=False) as document:
            if document.is_encrypted:
                raise FileRefused(Fault.ENCRYPTED)
            for found in (document.trailer, *document.objects):
                for dictionary in _dictionaries(found):
                    _check_dictionary(dictionary)
            pages = len(document.pages)
    except pikepdf.PasswordError:
        raise FileRefused(Fault.ENCRYPTED) from None
    except pikepdf.PdfError:
        raise FileRefused(Fault.DAMAGED) from None
    if not pages:
        raise FileRefused(Fault.DAMAGED)
    return Inspected(pages=pages)


def _dictionaries(found: Any) -> Iterator[Any]:
    """Every dictionary within one object; what it only refers to is an object of its own and looked at by itself."""
    import pikepdf

    waiting = [found]
    while waiting:
        one = waiting.pop()
        if isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
            yield one
            waiting += [part for _key, part in one.items() if not _is_referred_to(part)]
        elif isinstance(one, pikepdf.Array):
            waiting += [part for part in one if not _is_referred_to(part)]


def _is_referred_to(part: Any) -> bool:
    return bool(getattr(part, "is_indirect", False))


def _check_dictionary(dictionary: Any) -> None:
    names = frozenset(str(dictionary.get(key)) for key in ("/S", "/Subtype", "/Type"))
    if is_active(frozenset(dictionary.keys()), names):
        raise FileRefused(Fault.ACTIVE)
    if "/Image" in names and is_too_many_pixels(int(dictionary.get("/Width", 0)), int(dictionary.get("/Height", 0))):
        raise FileRefused(Fault.TOO_MANY_PIXELS)


def main() -> None:
    """Read a file from the standard input and say what was found, as JSON."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        inspected = _look(sys.stdin.buffer.read(), sys.argv[1])
        found: dict[str, Any] = {"pages": inspected.pages}
    except FileRefused as error:
        found = {"fault": str(error.fault)}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
