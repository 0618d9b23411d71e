"""A line between a tablet and the register that fails as lines do: refused, dead, slow, cut, swallowed, or another's.

It is a small proxy on this machine, and asks and is asked by no other. Each question has a connection of its own, so
that what is done to one leaves the others alone. What it did with each is written down in `passed`.
"""

from __future__ import annotations

import fcntl
import random
import socket
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address

#: The whole answer of the register, and what the tablet gets of it; None: nothing, the line is dead.
Change = Callable[[bytes], bytes | None]

_PORTAL_PAGE = b"<!doctype html><title>Wifi</title><p>Welcome. Accept the terms to go on."
#: As much as goes over a line in one piece.
_PIECE = 1460
_LONGEST_SECONDS = 60


# --- What can happen to a question -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """What happens to one question; more than one thing may.

    `cut_up_after`, `cut_down_after`: so many bytes of the question, or of the answer, pass, and nothing more.
    `is_reset`: the connection then ends as if a cable was pulled, not as if all had been said.
    `never_answers`: the connection stands, and nothing ever comes.
    `answers`: what somebody between says instead, having read the question; None of it: the register is asked.
    `changes`: what becomes of a whole answer.
    `at_first_byte`: what happens in the moment when the register begins to answer, before anything of it is passed on.
    """

    cut_up_after: int | None = None
    cut_down_after: int | None = None
    is_reset: bool = True
    never_answers: bool = False
    answers: Callable[[bytes], bytes | None] | None = None
    changes: Change | None = None
    at_first_byte: Callable[[], object] | None = None


BLACK_HOLE = Fault(never_answers=True)
REQUEST_LOST = Fault(cut_up_after=0)


def swallowed(_answer: bytes) -> None:
    """The register did what was asked, and nobody hears of it."""


def cut_in_half(answer: bytes) -> bytes:
    """The connection ends in the middle."""
    return answer[: len(answer) // 2]


def without_its_last_line(answer: bytes) -> bytes:
    """Cut at the end of a line, and made to look whole."""
    _, _, body = answer.partition(b"\r\n\r\n")
    return with_body(answer, b"".join(body.splitlines(keepends=True)[:-1]))


def with_body(answer: bytes, body: bytes) -> bytes:
    """The same answer with another body, which looks whole."""
    head = answer.partition(b"\r\n\r\n")[0]
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body)]) + b"\r\n\r\n" + body


def without_its_encoding(answer: bytes) -> bytes:
    """A proxy took away the line that says how the body is compressed, and left the body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-encoding")]
    return b"\r\n".join(kept) + b"\r\n\r\n" + body


def page_of_the_network(_answer: bytes) -> bytes:
    """A captive portal: everything is 200 and a page of its own."""
    return an_answer(200, _PORTAL_PAGE, "text/html")


def an_answer(status: int, body: bytes = b"", kind: str = "application/problem+json", **headers: object) -> bytes:
    """What somebody on the way says; `retry_after=2` is the header Retry-After."""
    told = {"Content-Type": kind, "Content-Length": len(body), "Connection": "close"}
    told |= {name.replace("_", "-").title(): words for name, words in headers.items()}
    lines = [f"HTTP/1.1 {status} Said on the way", *(f"{name}: {words}" for name, words in told.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def says(status: int, body: bytes = b"", **headers: object) -> Fault:
    """Whoever asks hears this, and the register hears nothing."""
    return Fault(answers=lambda _request: an_answer(status, body, **headers))


# --- The line --------------------------------------------------------------------------------------------------------


@dataclass
class Passed:
    """One question that came over the line, what was said, and how many bytes went each way."""

    at: float  #: seconds of a clock that nobody sets
    path: str
    status: int = 0  #: 0: the tablet heard none
    up: int = 0
    down: int = 0
    until: float = 0.0  #: when the last of the answer was passed on


class _Pace:
    """So many bytes a second, whoever sends them: what one takes the others wait for."""

    def __init__(self, bytes_per_second: float) -> None:
        self._rate, self._free_at, self._lock = bytes_per_second, 0.0, threading.Lock()

    def wait(self, size: int) -> None:
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + size / self._rate
            wait_seconds = self._free_at - time.monotonic()
        if wait_seconds > 0:
            time.sleep(wait_seconds)


@dataclass
class BadLine:
    """A line to one port of this machine; `faults` by the beginning of the address, each used once unless it stays.

    `is_compressed`: the tablet may ask for compressed answers; else what passes can be read and cut by lines.
    """

    port: int
    host: str = "127.0.0.1"
    is_compressed: bool = False
    faults: list[tuple[str, Fault, bool]] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)

    def __post_init__(self) -> None:
        check_is_here(self.host)
        self._latency_seconds, self._resets, self._chance = 0.0, 0.0, random.Random()
        self._up: _Pace | None = None
        self._down: _Pace | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listening: socket.socket | None = None
        # Bound, and listening to nobody: it keeps the port while the line refuses.
        self._held = _bound(0)
        self._own_port = int(self._held.getsockname()[1])
        self.address = f"http://127.0.0.1:{self._own_port}"

    # --- What is wrong with it ---

    def fails_once(self, path: str, fault: Fault | Change) -> None:
        """What is asked next at this address is spoilt."""
        self.faults.append((path, _as_fault(fault), False))

    def fails(self, path: str, fault: Fault | Change) -> None:
        """Whatever is asked at this address is spoilt; "/": everything."""
        self.faults.append((path, _as_fault(fault), True))

    def is_slow(self, *, up: float = 0, down: float = 0, latency_seconds: float = 0) -> None:
        """So many bytes a second over all connections, and so long until anything is heard; 0: as fast as can be."""
        self._up, self._down = (_Pace(rate) if rate else None for rate in (up, down))
        self._latency_seconds = latency_seconds

    def resets(self, chance: float, *, seed: int = 1) -> None:
        """Of a hundred answers so many are cut somewhere; the same ones for the same seed."""
        self._resets, self._chance = chance, random.Random(seed)

    def refuses(self) -> None:
        """Nobody listens: whoever connects is told so at once."""
        if self._listening is not None:
            with suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None

    def is_cut(self) -> None:
        """Whatever is under way ends now; who comes later is served."""
        with self._lock:
            for connection in self._open:
                _make_reset(connection)
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def is_good(self) -> None:
        """Nothing more is spoilt."""
        self.faults.clear()
        self.is_slow()
        self.resets(0)
        self.listens()

    # --- What went over it ---

    @property
    def asked(self) -> list[str]:
        """Every address that was asked for, in order."""
        return [one.path for one in self.passed]

    @property
    def bytes_up(self) -> int:
        """What the tablet sent."""
        return sum(one.up for one in self.passed)

    @property
    def bytes_down(self) -> int:
        """What the tablet was sent."""
        return sum(one.down for one in self.passed)

    # --- How it works ---

    def listens(self) -> None:
        """Whoever connects is served."""
        if self._listening is None:
            self._listening = _bound(self._own_port)
            self._listening.listen(256)
            threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def ends(self) -> None:
        """Nobody is served any more."""
        self.refuses()
        self.is_cut()
        self._held.close()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
        try:
            with suppress(OSError):
                self._pass(connection)
        finally:
            with self._lock:
                self._open.discard(connection)
                connection.close()

    def _pass(self, connection: socket.socket) -> None:
        request = self._read_request(connection)
        if not request:
            return
        path = request.split(b" ", 2)[1].decode()
        fault = self._take(path)
        one = Passed(time.monotonic(), path, up=len(request))
        self.passed.append(one)
        time.sleep(self._latency_seconds)
        if fault.never_answers:
            connection.recv(1)
            return
        for piece in self._answer(request, fault):
            if self._down:
                self._down.wait(len(piece))
            one.status = one.status or _status(piece)
            connection.sendall(piece)
            one.down += len(piece)
            one.until = time.monotonic()
        if _is_cut(fault) and fault.is_reset:
            _reset(connection)

    def _take(self, path: str) -> Fault:
        """What happens to what is asked at this address."""
        for one in self.faults:
            if path.startswith(one[0]):
                if not one[2]:
                    self.faults.remove(one)
                return one[1]
        if self._chance.random() < self._resets:
            return Fault(cut_down_after=self._chance.randrange(1, 30_000))
        return Fault()

    def _answer(self, request: bytes, fault: Fault) -> Iterator[bytes]:
        said = fault.answers(request) if fault.answers else None
        if said is not None:
            yield from _pieces(said)
            return
        answer = self._ask(request, fault)
        if fault.changes:
            yield from _pieces(fault.changes(b"".join(answer)) or b"")
            return
        left = fault.cut_down_after
        for piece in answer:
            yield piece if left is None else piece[:left]
            if left is not None and (left := left - len(piece)) <= 0:
                return

    def _ask(self, request: bytes, fault: Fault) -> Iterator[bytes]:
        """The answer of the register as it comes; nothing: it was not reached, or did not hear the whole question."""
        there = (self.host, self.port)
        with suppress(OSError), socket.create_connection(there, timeout=_LONGEST_SECONDS) as register:
            if fault.cut_up_after is not None:
                register.sendall(request[: fault.cut_up_after])
                _reset(register)
                return
            register.sendall(request)
            is_first = True
            while piece := register.recv(_PIECE):
                if is_first and fault.at_first_byte:
                    fault.at_first_byte()
                is_first = False
                yield piece

    def _read_request(self, connection: socket.socket) -> bytes:
        """One question with its body, told to end the connection and, unless it may, to ask for nothing compressed."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += (more := self._receive(connection))
            if not more:
                return b""
        head, _, body = received.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        sizes = [int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")]
        while len(body) < (sizes[0] if sizes else 0):
            body += (more := self._receive(connection))
            if not more:
                return b""
        dropped = (b"connection:",) if self.is_compressed else (b"connection:", b"accept-encoding:")
        kept = [line for line in lines if not line.lower().startswith(dropped)]
        return b"\r\n".join([*kept, b"Connection: close"]) + b"\r\n\r\n" + body

    def _receive(self, connection: socket.socket) -> bytes:
        more = connection.recv(_PIECE if self._up else 65536)
        if self._up:
            self._up.wait(len(more))
        return more


def _as_fault(fault: Fault | Change) -> Fault:
    return fault if isinstance(fault, Fault) else Fault(changes=fault, is_reset=False)


def _is_cut(fault: Fault) -> bool:
    return fault.cut_up_after is not None or fault.cut_down_after is not None or fault.changes is not None


def _pieces(answer: bytes) -> Iterator[bytes]:
    for start in range(0, len(answer), _PIECE):
        yield answer[start : start + _PIECE]


def _status(piece: bytes) -> int:
    words = piece.split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit() else 0


def _reset(connection: socket.socket) -> None:
    """As if the cable was pulled, after what was sent has arrived."""
    with suppress(OSError):
        until = time.monotonic() + 2
        while _unsent(connection) and time.monotonic() < until:
            time.sleep(0.005)
        _make_reset(connection)
        connection.close()


def _make_reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _unsent(connection: socket.socket) -> int:
    return int(struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4))[0])


def _bound(port: int) -> socket.socket:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", port))
    return one


@contextmanager
def bad_line(port: int, host: str = "127.0.0.1", *, is_compressed: bool = False) -> Iterator[BadLine]:
    """A line to the register that is served on this port of this machine.

    Raises:
        ValueError: it is another machine, or a name that may become one.
    """
    line = BadLine(port, host, is_compressed)
    line.listens()
    try:
        yield line
    finally:
        line.ends()


def check_is_here(host: str) -> None:
    """A fault is made on this machine only.

    Raises:
        ValueError: it is another, or a name that may become one.
    """
    if not ip_address(host).is_loopback:
        raise ValueError(f"{host} is another machine: faults are made on this one only")
