"""The line that fails in the walks does what it says, to the byte, and only on this machine."""

from __future__ import annotations

import http.client
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest

from e2e.bad_line import BLACK_HOLE, REQUEST_LOST, BadLine, Fault, bad_line, says, swallowed, without_its_last_line

BODY = b"".join(b"line %03d\n" % number for number in range(1000))


class _Register(BaseHTTPRequestHandler):
    heard: list[bytes]

    def do_POST(self) -> None:
        self.heard.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_words: object) -> None:
        """Nothing."""


@pytest.fixture
def heard() -> list[bytes]:
    """The bodies of what the register was asked."""
    return []


@pytest.fixture
def line(heard: list[bytes]) -> Iterator[BadLine]:
    """A line to something that answers."""
    handler = type("Register", (_Register,), {"heard": heard})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with bad_line(server.server_address[1]) as one:
            yield one
        server.shutdown()


def connect(line: BadLine) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(line.address.rpartition(":")[2])), timeout=10)


def ask(line: BadLine, path: str = "/pull", body: bytes = b"asked") -> bytes:
    """Everything that comes, and then how it ends: a reset is raised with what came before."""
    with connect(line) as connection:
        connection.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (path.encode(), len(body)))
        connection.sendall(body)
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError as error:
            raise ConnectionResetError(received) from error
        return received


def cut(line: BadLine, path: str = "/pull") -> bytes:
    with pytest.raises(ConnectionResetError) as reset:
        ask(line, path)
    return bytes(reset.value.args[0])


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1", "203.0.113.9", "0.0.0.0", "localhost", "register.example"])
def test_a_fault_is_made_on_this_machine_only(host: str) -> None:
    with pytest.raises(ValueError, match=r"another machine|does not appear"), bad_line(80, host):
        pass


def test_a_good_line_passes_everything_and_counts_it(line: BadLine, heard: list[bytes]) -> None:
    answer = ask(line, body=b"something asked")

    assert body_of(answer) == BODY
    assert heard == [b"something asked"]
    assert (line.asked, line.bytes_down) == (["/pull"], len(answer))
    assert line.passed[0].status == 200
    assert line.bytes_up > len(b"something asked")


def test_a_line_that_refuses_says_so_at_once_and_comes_back_under_the_same_address(line: BadLine) -> None:
    line.refuses()
    with pytest.raises(ConnectionRefusedError):
        ask(line)

    line.is_good()

    assert body_of(ask(line)) == BODY


def test_a_black_hole_takes_the_question_and_says_nothing(line: BadLine, heard: list[bytes]) -> None:
    line.fails("/", BLACK_HOLE)

    with connect(line) as connection:
        connection.settimeout(0.3)
        connection.sendall(b"POST /pull HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        with pytest.raises(TimeoutError):
            connection.recv(1)

    assert heard == []


def without_its_date(answer: bytes) -> bytes:
    """The same answer, whichever second it was given in."""
    return re.sub(rb"(?<=\r\nDate: )[^\r]+", lambda date: b"-" * len(date[0]), answer)


@pytest.mark.parametrize("size", [0, 1, 1459, 1460, 1461, 4000])
def test_an_answer_is_cut_at_the_byte_with_a_reset(line: BadLine, size: int) -> None:
    whole = ask(line)
    line.fails_once("/pull", Fault(cut_down_after=size))

    assert without_its_date(cut(line)) == without_its_date(whole[:size])
    assert body_of(ask(line)) == BODY


def test_an_answer_may_be_cut_and_look_ended(line: BadLine) -> None:
    line.fails_once("/pull", Fault(cut_down_after=700, is_reset=False))

    assert len(ask(line)) == 700


def test_a_question_that_is_lost_or_cut_reaches_nobody(line: BadLine, heard: list[bytes]) -> None:
    line.fails_once("/pull", REQUEST_LOST)
    line.fails_once("/pull", Fault(cut_up_after=30))

    assert (cut(line), cut(line)) == (b"", b"")
    time.sleep(0.05)
    assert b"asked" not in heard


def test_a_swallowed_answer_was_asked_for_once(line: BadLine, heard: list[bytes]) -> None:
    line.fails_once("/pull", swallowed)

    assert ask(line) == b""
    assert heard == [b"asked"]


def test_what_is_made_to_look_whole_says_how_long_it_is(line: BadLine) -> None:
    line.fails_once("/pull", without_its_last_line)

    answer = ask(line)

    assert body_of(answer) == BODY[:-9]
    assert b"Content-Length: %d" % (len(BODY) - 9) in answer


def test_a_fault_is_for_an_address_once_or_lasting(line: BadLine) -> None:
    line.fails("/pull", says(503, retry_after=7))
    line.fails_once("/", says(401))

    answers = [ask(line, path) for path in ("/sealed", "/sealed", "/pull", "/pull")]

    assert [int(answer.split(b" ")[1]) for answer in answers] == [401, 200, 503, 503]
    assert b"Retry-After: 7" in answers[2]


def test_the_register_may_die_when_it_begins_to_answer(line: BadLine) -> None:
    began: list[float] = []
    line.fails_once("/pull", Fault(at_first_byte=lambda: began.append(time.monotonic()), cut_down_after=0))

    assert cut(line) == b""
    assert len(began) == 1


def test_a_slow_line_is_shared_by_all_who_use_it(line: BadLine) -> None:
    line.is_slow(down=40_000, latency_seconds=0.1)
    began = time.monotonic()

    askers = [threading.Thread(target=ask, args=(line,)) for _ in range(2)]
    for one in askers:
        one.start()
    for one in askers:
        one.join(timeout=10)

    assert 0.1 + 2 * len(BODY) / 40_000 <= time.monotonic() - began + 0.01


def test_a_slow_line_is_slow_in_the_direction_that_was_said(line: BadLine) -> None:
    line.is_slow(up=40_000)
    began = time.monotonic()

    ask(line, body=b"x" * 12_000)

    assert time.monotonic() - began >= 0.29


def test_of_many_answers_some_are_reset_the_same_ones_each_time(line: BadLine) -> None:
    def resets() -> list[bool]:
        line.resets(0.3, seed=4)
        return [_is_reset(line) for _ in range(20)]

    assert 0 < sum(first := resets()) < 20
    assert first == resets()


def _is_reset(line: BadLine) -> bool:
    try:
        return body_of(ask(line)) != BODY
    except ConnectionResetError:
        return True


def test_what_is_under_way_ends_when_the_line_is_cut(line: BadLine) -> None:
    line.is_slow(down=2_000)
    threading.Timer(0.2, line.is_cut).start()
    began = time.monotonic()

    with pytest.raises((OSError, http.client.HTTPException)):
        _read_whole(line)

    assert time.monotonic() - began < 2


def _read_whole(line: BadLine) -> bytes:
    connection = http.client.HTTPConnection(line.address.removeprefix("http://"), timeout=10)
    connection.request("POST", "/pull", body=b"asked")
    return connection.getresponse().read()


def test_what_passed_is_written_down_in_the_order_in_which_it_came(line: BadLine) -> None:
    for path in ("/a", "/b", "/c"):
        ask(line, path)

    assert line.asked == ["/a", "/b", "/c"]
    assert all(one.at <= other.at for one, other in pairwise(line.passed))
