"""A line to a server on this machine, as slow as a line is: what goes over it is counted, whoever asks.

What a browser offers for making its own requests slow does not reach its workers; a line in between reaches everything.
"""

from __future__ import annotations

import re
import socket
import socketserver
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

_CHUNK: Final = 65_536
#: A slow line carries little at a time, so that nothing comes in one lump.
_SLOW_CHUNK: Final = 2_048
_REQUEST: Final = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS) (\S+) HTTP/1\.1\r\n")


@dataclass(frozen=True)
class Speed:
    """What a line carries. `seconds`: to the server and back, for each request; `bits` a second, each way; 0: all."""

    name: str
    bits: int = 0
    seconds: float = 0.0


AT_ONCE: Final = Speed("loopback")
THIRD_GENERATION: Final = Speed("3G, 1.6 Mbit/s, 300 ms", 1_600_000, 0.3)
EDGE: Final = Speed("EDGE, 160 kbit/s, 500 ms", 160_000, 0.5)


@dataclass
class Traffic:
    """What went over a line for one address: bytes with everything that HTTP adds, as they were sent."""

    requests: int = 0
    up: int = 0
    down: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(self.requests + other.requests, self.up + other.up, self.down + other.down)

    def least_seconds(self, speed: Speed) -> float:
        """What a line takes that does nothing else: bytes by bandwidth, and one way and back for each request."""
        return (self.up + self.down) * 8 / speed.bits + self.requests * speed.seconds


@dataclass
class Line:
    """A line to one port; its speed may change while it is used."""

    port: int
    address: str = ""
    speed: Speed = AT_ONCE
    carried: dict[str, Traffic] = field(default_factory=lambda: defaultdict(Traffic))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _free_at: dict[str, float] = field(default_factory=lambda: {"up": 0.0, "down": 0.0})

    def forget(self) -> None:
        """Count from here."""
        with self._lock:
            self.carried.clear()

    def traffic(self, beginning: str = "/") -> Traffic:
        """What was carried for every address that begins so."""
        with self._lock:
            return sum((one for path, one in self.carried.items() if path.startswith(beginning)), Traffic())

    def note(self, path: str, way: str, size: int, *, is_request: bool) -> None:
        """Count what is carried."""
        with self._lock:
            one = self.carried[path]
            one.requests += is_request
            setattr(one, way, getattr(one, way) + size)

    def carry(self, to: socket.socket, content: bytes, way: str) -> None:
        """All connections share what the line carries."""
        if not self.speed.bits:
            to.sendall(content)
            return
        with self._lock:
            self._free_at[way] = max(self._free_at[way], time.monotonic())
        for start in range(0, len(content), _SLOW_CHUNK):
            part = content[start : start + _SLOW_CHUNK]
            with self._lock:
                self._free_at[way] += len(part) * 8 / self.speed.bits
                wait = self._free_at[way] - time.monotonic()
            time.sleep(max(wait, 0))
            to.sendall(part)


class _Connection(socketserver.BaseRequestHandler):
    server: Any

    def handle(self) -> None:
        self.line: Line = self.server.line
        self.path = "/"
        with socket.create_connection(("127.0.0.1", self.line.port)) as server:
            for end in (server, self.request):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = threading.Thread(target=self._answer, args=(server,), daemon=True)
            answers.start()
            with suppress(OSError):
                self._ask(server)
                server.shutdown(socket.SHUT_WR)
            answers.join()

    def _ask(self, server: socket.socket) -> None:
        while content := self.request.recv(_CHUNK):
            begins = _REQUEST.match(content)
            if begins:
                self.path = begins[1].decode()
                time.sleep(self.line.speed.seconds)
            self.line.note(self.path, "up", len(content), is_request=begins is not None)
            self.line.carry(server, content, "up")

    def _answer(self, server: socket.socket) -> None:
        with suppress(OSError):
            while content := server.recv(_CHUNK):
                self.line.note(self.path, "down", len(content), is_request=False)
                self.line.carry(self.request, content, "down")
            self.request.shutdown(socket.SHUT_RDWR)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line to whatever is served on this port of this machine."""
    line = Line(port)
    with _Server(("127.0.0.1", 0), _Connection) as server:
        server.line = line  # type: ignore[attr-defined]
        line.address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield line
        server.shutdown()
