"""The real server in processes of its own: it starts only when it may, counts for all of them, and stops cleanly."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SECRET = "a secret of the tests, long enough to be one"
#: A start takes two seconds; on a machine that does much else it may take many times that.
PATIENCE_SECONDS = 180


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """A demonstration site with its own folder and a database that is not made yet."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("EPACCS_", "COV"))}
    return own | {"EPACCS_DATA_DIR": str(tmp_path / "var"), "EPACCS_SECRET_KEY": SECRET}


@pytest.fixture
def environment(nowhere: dict[str, str], database_url: str) -> dict[str, str]:
    """A demonstration site with its own database and folder."""
    return nowhere | {"EPACCS_DATABASE_URL": database_url}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "epaccs", *arguments]
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )


@dataclass(frozen=True)
class Serving:
    """A server with two processes that answer and one that does the rounds."""

    process: subprocess.Popen[bytes]
    address: str
    output: Path

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(with_signal)
        return self.process.wait(timeout=PATIENCE_SECONDS)


@contextmanager
def serving(environment: dict[str, str], *options: str) -> Iterator[Serving]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "epaccs", "serve", "--host", "127.0.0.1", "--port", str(port), *options]
    output = Path(environment["EPACCS_DATA_DIR"]).with_name(f"output-{port}.txt")
    with output.open("wb") as file:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=file, stderr=subprocess.DEVNULL)
    server = Serving(process, f"http://127.0.0.1:{port}", output)
    try:
        wait_for(server.address)
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(environment: dict[str, str]) -> Iterator[Serving]:
    """A server on a database that is ready."""
    with serving(environment) as server:
        yield server


def wait_for(address: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            ask(f"{address}/healthz")
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the server did not answer")


def wait_for_children(pid: int, count: int) -> list[str]:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if len(children) == count:
            return children
        time.sleep(0.05)
    pytest.fail(f"the server did not have {count} processes")


def ask(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return str(answer.read().decode())


def test_the_server_is_alive_ready_and_counts_what_its_processes_did(
    server: Serving,
) -> None:
    for _ in range(8):
        ask(f"{server.address}/sign-in")

    assert ask(f"{server.address}/readyz") == "ready\n"
    counted = re.search(
        r'epaccs_request_seconds_count\{.*route="[\w.]*sign_in".*\} (\d+)', ask(f"{server.address}/metrics")
    )
    assert counted is not None
    assert float(counted[1]) == 8


def test_the_server_stops_when_told_and_leaves_nobody_behind(server: Serving) -> None:
    children = wait_for_children(server.process.pid, 3)

    status = server.stop(signal.SIGINT)

    assert status == 0
    assert [child for child in children if Path(f"/proc/{child}").exists()] == []
    with pytest.raises(urllib.error.URLError):
        ask(f"{server.address}/healthz")


def is_running(pid: str) -> bool:
    """Whether a process does anything: one that has ended may wait for whoever asks how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_server_that_is_killed_leaves_no_worker_behind(server: Serving) -> None:
    children = wait_for_children(server.process.pid, 3)
    (worker,) = [one for one in children if b"worker" in Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")]

    server.stop(signal.SIGKILL)

    until = time.monotonic() + PATIENCE_SECONDS
    while is_running(worker) and time.monotonic() < until:
        time.sleep(0.1)
    assert not is_running(worker)


def test_a_request_that_is_being_read_when_the_server_is_told_to_stop_is_answered(
    server: Serving,
) -> None:
    port = int(server.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=40) as browser:
        browser.sendall(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n")
        time.sleep(0.5)  # until a process has taken it

        server.process.terminate()
        time.sleep(0.5)
        browser.sendall(b"Connection: close\r\n\r\n")

        assert browser.recv(15) == b"HTTP/1.1 200 OK"
    assert server.process.wait(timeout=PATIENCE_SECONDS) == 0


FORM = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
SMUGGLED = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"
#: Two readers of one line may not agree where a request ends: each of these is to be refused, and the line closed.
AMBIGUOUS = {
    "both lengths": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both, the other way round": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "a length with a sign": b"Content-Length: +0\r\n\r\n",
    "an encoding nobody knows": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "an encoding twice": b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded line": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk that is no number": b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
}


def answers_to(server: Serving, sent: bytes) -> bytes:
    """Everything that comes back on one line until it is closed."""
    port, found = int(server.address.rpartition(":")[2]), b""
    with socket.create_connection(("127.0.0.1", port), timeout=40) as line:
        line.sendall(sent)
        line.shutdown(socket.SHUT_WR)
        while chunk := line.recv(65536):
            found += chunk
    return found


def test_a_request_whose_end_is_ambiguous_is_answered_once_and_what_hides_behind_it_never(
    nowhere: dict[str, str], sqlite_template: Path, tmp_path: Path
) -> None:
    (tmp_path / "var").mkdir()
    shutil.copy(sqlite_template, tmp_path / "var" / "epaccs.sqlite3")  # no request gets as far as the database
    found = {}
    with serving(nowhere) as server:
        for name, headers in AMBIGUOUS.items():
            answer = answers_to(server, FORM + headers + SMUGGLED)
            found[name] = (answer.count(b"HTTP/1.1 "), answer[9:12] in (b"400", b"411", b"501"), b"ready" in answer)
        plain = answers_to(server, b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

    assert found == dict.fromkeys(AMBIGUOUS, (1, True, False))
    assert b"200 OK" in plain
    assert not re.search(rb"^server: .*\d", plain, re.IGNORECASE | re.MULTILINE)


def test_a_fresh_machine_is_prepared_once(nowhere: dict[str, str]) -> None:
    with serving(nowhere, "--prepare") as first:
        pass
    with serving(nowhere, "--prepare") as second:
        assert ask(f"{second.address}/readyz") == "ready\n"

    assert "The schema is what this program needs." in first.output.read_text()
    assert "200 made-up people were loaded" in first.output.read_text()
    assert second.output.read_text().startswith("EPaCCS serves on ")


def test_a_database_with_another_schema_is_not_served(nowhere: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()

    refused = run(nowhere, "serve", "--port", "1")

    assert (refused.returncode, refused.stderr) == (
        1,
        "Error: The database has another schema than this program needs. Run: epaccs db upgrade\n",
    )


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        pytest.param({"EPACCS_SECRET_KEY": ""}, "EPACCS_SECRET_KEY is not set.", id="no secret"),
        pytest.param({"EPACCS_SECRET_KEY": "short"}, "EPACCS_SECRET_KEY is too short.", id="a short secret"),
        pytest.param(
            {"EPACCS_PUBLIC_URL": "http://epaccs.example"}, "EPACCS_PUBLIC_URL must start with https://", id="no TLS"
        ),
        pytest.param({"EPACCS_TRUSTED_PROXIES": None}, "EPACCS_TRUSTED_PROXIES is not set.", id="no proxy named"),
        pytest.param({"EPACCS_TRUSTED_PROXIES": "one"}, "EPACCS_TRUSTED_PROXIES is not a whole number.", id="a word"),
        pytest.param({"EPACCS_MODE": "lively"}, "EPACCS_MODE is 'lively'.", id="an unknown mode"),
    ],
)
def test_real_people_are_not_served_without_what_keeps_them_safe(
    missing: dict[str, str | None], sentence: str, nowhere: dict[str, str]
) -> None:
    live = nowhere | {
        "EPACCS_MODE": "live",
        "EPACCS_PUBLIC_URL": "https://epaccs.example",
        "EPACCS_TRUSTED_PROXIES": "1",
    }

    refused = run({name: value for name, value in (live | missing).items() if value is not None}, "serve")

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Error: {sentence}")
    assert "Traceback" not in refused.stderr
