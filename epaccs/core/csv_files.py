"""What of a file that somebody chose is text that can be read as a table."""

from __future__ import annotations

from epaccs.core.errors import RuleBroken


def decode_csv(content: bytes, *, called: str, refused: type[RuleBroken]) -> str:
    """A CSV file as text.

    Args:
        called: what the file is to whoever chose it, such as "rota".
        refused: what is raised.

    Raises:
        RuleBroken: as `refused`: it is a workbook, no text, or in another encoding; each has a sentence of its own.
    """
    if content.startswith(b"PK"):
        raise refused("Choose a CSV file: this is a workbook. Open it and save it as “CSV UTF-8”")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refused(f"Save the {called} as “CSV UTF-8” and choose it again: this file is in UTF-16")
    if b"\x00" in content:
        raise refused(f"Choose a CSV file: this is no text. Save the {called} as “CSV UTF-8”")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refused(
            f"Save the {called} as “CSV UTF-8” and choose it again: line {line:,} has a character in another encoding"
        ) from None
