"""A line between a tablet and the register that fails as lines do: cut, swallowed, or taken over by another network.

It is a small proxy on this machine that asks no other. Each question has a connection of its own, so that what is done
to one leaves the others alone.
"""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

#: What is done with the answer of the register: what the tablet gets of it; None: nothing, the line is dead.
Fault = Callable[[bytes], bytes | None]

_PORTAL_PAGE = b"<!doctype html><title>Wifi</title><p>Welcome. Accept the terms to go on."


@dataclass
class BadLine:
    """A line to one port; `faults` by the beginning of the address, each used once unless it stays."""

    port: int
    faults: list[tuple[str, Fault, bool]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def fails_once(self, path: str, fault: Fault) -> None:
        """The next answer to this address is spoilt."""
        self.faults.append((path, fault, False))

    def fails(self, path: str, fault: Fault) -> None:
        """Every answer to this address is spoilt."""
        self.faults.append((path, fault, True))

    def is_good(self) -> None:
        """Nothing more is spoilt."""
        self.faults.clear()

    def take_fault(self, path: str) -> Fault | None:
        """What happens to the answer to this address; None: nothing."""
        self.asked.append(path)
        for one in self.faults:
            if path.startswith(one[0]):
                if not one[2]:
                    self.faults.remove(one)
                return one[1]
        return None


# --- What can happen to an answer ------------------------------------------------------------------------------------


def swallowed(_answer: bytes) -> None:
    """The register did what was asked, and nobody hears of it."""


def cut_in_half(answer: bytes) -> bytes:
    """The connection ends in the middle."""
    return answer[: len(answer) // 2]


def without_its_last_line(answer: bytes) -> bytes:
    """Cut at the end of a line, and made to look whole."""
    head, _, body = answer.partition(b"\r\n\r\n")
    kept = b"".join(body.splitlines(keepends=True)[:-1])
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(kept)]) + b"\r\n\r\n" + kept


def page_of_the_network(_answer: bytes) -> bytes:
    """A captive portal: everything is 200 and a page of its own."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    return head % len(_PORTAL_PAGE) + _PORTAL_PAGE


# --- The line --------------------------------------------------------------------------------------------------------


class _Connection(socketserver.BaseRequestHandler):
    server: Any

    def handle(self) -> None:
        line: BadLine = self.server.line
        request = _read_request(self.request)
        if not request:
            return
        fault = line.take_fault(request.split(b" ", 2)[1].decode())
        answer = _ask(line.port, request)
        sent = fault(answer) if fault else answer
        if sent:
            self.request.sendall(sent)


def _read_request(connection: socket.socket) -> bytes:
    """One request with its body, told to ask for nothing compressed and to end the connection."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    sizes = [int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")]
    while len(body) < (sizes[0] if sizes else 0):
        body += connection.recv(65536)
    kept = [line for line in lines if not line.lower().startswith((b"connection:", b"accept-encoding:"))]
    return b"\r\n".join([*kept, b"Connection: close"]) + b"\r\n\r\n" + body


def _ask(port: int, request: bytes) -> bytes:
    """The whole answer of the register; empty: it was not reached."""
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as register:
            register.sendall(request)
            while chunk := register.recv(65536):
                answer += chunk
    except OSError:
        return answer
    return answer


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def bad_line(port: int) -> Iterator[BadLine]:
    """A line to the register that is served on this port."""
    line = BadLine(port)
    with _Server(("127.0.0.1", 0), _Connection) as server:
        server.line = line  # type: ignore[attr-defined]
        line.address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield line
        server.shutdown()
