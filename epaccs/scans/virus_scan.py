"""Ask a virus scanner, clamd, about a file. A file that could not be asked about is not taken.

Source: clamd(8), the commands INSTREAM and VERSION; hazard H-39 (a scan that harms).
"""

from __future__ import annotations

import logging
import socket
from typing import Final
from urllib.parse import urlsplit

from epaccs.scans.rules import Fault, FileRefused

CONNECT_SECONDS: Final = 3
ANSWER_SECONDS: Final = 25
_CHUNK_BYTES: Final = 64 * 1024
_ANSWER_BYTES: Final = 4096

_log = logging.getLogger("epaccs.scans")


def check_no_virus(content: bytes, *, clamd: str) -> str:
    """Let the scanner look at a file.

    Args:
        clamd: where it listens, as in the settings; empty: there is none.

    Returns:
        What the scanner says it is, with the day of its signatures.

    Raises:
        FileRefused: there is no scanner, it did not answer, or it found something.
    """
    if not clamd:
        raise FileRefused(Fault.NO_SCANNER)
    try:
        version = _ask(clamd, b"zVERSION\0")
        answer = _ask(clamd, b"zINSTREAM\0", content)
    except OSError as error:
        _log.warning("The virus scanner did not answer", extra={"error": type(error).__name__})
        raise FileRefused(Fault.SCANNER_SILENT) from None
    if answer == "stream: OK":
        return version[:120]
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        raise FileRefused(Fault.INFECTED)
    _log.warning("The virus scanner gave no answer about a file")
    raise FileRefused(Fault.SCANNER_SILENT)


def _ask(clamd: str, command: bytes, content: bytes | None = None) -> str:
    """One command on a connection of its own; a file follows in pieces, each after its length."""
    with _connect(clamd) as connection:
        connection.sendall(command)
        if content is not None:
            for start in range(0, len(content), _CHUNK_BYTES):
                chunk = content[start : start + _CHUNK_BYTES]
                connection.sendall(len(chunk).to_bytes(4, "big") + chunk)
            connection.sendall(bytes(4))
        return _read_answer(connection)


def _connect(clamd: str) -> socket.socket:
    parts = urlsplit(clamd)
    if parts.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_SECONDS)
        try:
            connection.connect(parts.path)
        except OSError:
            connection.close()
            raise
    else:
        connection = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=CONNECT_SECONDS)
    connection.settimeout(ANSWER_SECONDS)
    return connection


def _read_answer(connection: socket.socket) -> str:
    """Up to the zero byte that ends it; a connection that ends before is no answer."""
    answer = b""
    while not answer.endswith(b"\0"):
        received = connection.recv(_ANSWER_BYTES)
        if not received or len(answer) > _ANSWER_BYTES:
            raise ConnectionError("The answer was cut off")
        answer += received
    return answer[:-1].decode("utf-8", "replace")
