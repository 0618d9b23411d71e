"""Files that are taken and files that are not: by a real virus scanner, and by opening each in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from epaccs.scans import inspection
from epaccs.scans.inspection import inspect
from epaccs.scans.rules import JPEG, PDF, PNG, Fault, FileRefused
from epaccs.scans.virus_scan import check_no_virus
from tests.scans import files


def fault_of(look: Callable[[], object]) -> Fault:
    with pytest.raises(FileRefused) as refused:
        look()
    return refused.value.fault


# --- The virus scanner -----------------------------------------------------------------------------------------------


@contextmanager
def a_scanner_that_answers(answer: bytes, folder: Path) -> Iterator[str]:
    """Listens on a socket in a folder, takes each command to its end, says one thing and hangs up."""
    path, is_over = folder / "clamd.socket", Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen()
        listening.settimeout(0.05)

        def serve() -> None:
            while not is_over.is_set():
                with suppress(TimeoutError):
                    connection, _address = listening.accept()
                    with connection:
                        take_command(connection)
                        connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        yield f"unix://{path}"
        is_over.set()
        thread.join()


def take_command(connection: socket.socket) -> None:
    command = b""
    while not command.endswith((b"zVERSION\0", bytes(4))):
        command += connection.recv(65536)


def test_a_clean_file_passes_and_the_scanner_says_what_it_is(clamd: str) -> None:
    assert check_no_virus(files.a_pdf(), clamd=clamd).startswith("ClamAV ")


def test_a_file_with_a_virus_is_refused(clamd: str) -> None:
    assert fault_of(lambda: check_no_virus(files.infected(files.a_pdf()), clamd=clamd)) is Fault.INFECTED


def test_a_large_file_is_looked_at_to_its_end(clamd: str) -> None:
    large = files.infected(files.a_picture() + bytes(9 * 1024 * 1024))

    assert fault_of(lambda: check_no_virus(large, clamd=clamd)) is Fault.INFECTED


def test_where_no_scanner_is_named_nothing_passes() -> None:
    assert fault_of(lambda: check_no_virus(files.a_pdf(), clamd="")) is Fault.NO_SCANNER


def test_a_scanner_that_is_down_is_told_apart_from_a_virus(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"tcp://127.0.0.1:{probe.getsockname()[1]}"

    assert fault_of(lambda: check_no_virus(files.a_pdf(), clamd=nobody)) is Fault.SCANNER_SILENT
    assert fault_of(lambda: check_no_virus(files.a_pdf(), clamd=f"unix://{tmp_path}/none")) is Fault.SCANNER_SILENT


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"INSTREAM size limit exceeded. ERROR\0", id="it would not look at all of it"),
        pytest.param(b"stream: OK", id="cut off"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"OK\0", id="about something else"),
    ],
)
def test_an_answer_that_is_not_about_this_file_is_no_answer(answer: bytes, tmp_path: Path) -> None:
    with a_scanner_that_answers(answer, tmp_path) as clamd:
        assert fault_of(lambda: check_no_virus(files.a_pdf(), clamd=clamd)) is Fault.SCANNER_SILENT


# --- Inside the file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "media_type", "pages"),
    [
        pytest.param(files.a_pdf(), PDF, 1, id="PDF"),
        pytest.param(files.a_pdf(pages=3), PDF, 3, id="PDF of three pages"),
        pytest.param(files.a_picture("PNG"), PNG, 1, id="PNG"),
        pytest.param(files.a_picture("JPEG"), JPEG, 1, id="JPEG"),
        pytest.param(files.a_picture("JPEG", progressive=True), JPEG, 1, id="progressive JPEG"),
    ],
)
def test_a_scan_is_opened_and_its_pages_counted(content: bytes, media_type: str, pages: int) -> None:
    assert inspect(content, media_type=media_type).pages == pages


@pytest.mark.parametrize(
    ("content", "media_type", "fault"),
    [
        pytest.param(files.a_locked_pdf(to_read="a password"), PDF, Fault.ENCRYPTED, id="PDF with a password"),
        pytest.param(files.a_locked_pdf(to_read=""), PDF, Fault.ENCRYPTED, id="PDF locked against printing"),
        pytest.param(files.a_pdf_with_javascript(), PDF, Fault.ACTIVE, id="PDF with JavaScript"),
        pytest.param(files.a_pdf_with_hidden_javascript(), PDF, Fault.ACTIVE, id="PDF with JavaScript compressed"),
        pytest.param(files.a_pdf_that_launches(), PDF, Fault.ACTIVE, id="PDF that starts a program"),
        pytest.param(files.a_pdf_with_a_file(), PDF, Fault.ACTIVE, id="PDF with a file in it"),
        pytest.param(files.a_pdf_with_a_page_action(), PDF, Fault.ACTIVE, id="PDF with a button that sends"),
        pytest.param(files.a_pdf_with_a_huge_picture(), PDF, Fault.TOO_MANY_PIXELS, id="PDF with a huge picture"),
        pytest.param(files.a_pdf_with_a_nonsense_picture(), PDF, Fault.DAMAGED, id="PDF with a picture of no size"),
        pytest.param(files.a_pdf()[:-200], PDF, Fault.DAMAGED, id="PDF cut off"),
        pytest.param(b"%PDF-1.7\nnothing more", PDF, Fault.DAMAGED, id="PDF of a first line"),
        pytest.param(files.a_pdf(pages=0), PDF, Fault.DAMAGED, id="PDF without a page"),
        pytest.param(files.a_picture_of(60_000, 60_000), PNG, Fault.TOO_MANY_PIXELS, id="picture bomb"),
        pytest.param(files.a_picture_of(500_000, 500_000), PNG, Fault.TOO_MANY_PIXELS, id="larger picture bomb"),
        pytest.param(files.a_picture_of(800, 800), PNG, Fault.DAMAGED, id="picture with little in it"),
        pytest.param(files.a_picture("PNG")[:60], PNG, Fault.DAMAGED, id="PNG cut off"),
        pytest.param(files.a_picture("JPEG", (600, 600))[:700], JPEG, Fault.DAMAGED, id="JPEG cut off"),
        pytest.param(b"\xff\xd8\xff\xe0", JPEG, Fault.DAMAGED, id="JPEG of four bytes"),
    ],
)
def test_a_file_that_harms_or_cannot_be_shown_is_refused(content: bytes, media_type: str, fault: Fault) -> None:
    assert fault_of(lambda: inspect(content, media_type=media_type)) is fault


def test_a_file_that_takes_too_long_to_open_is_called_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "SECONDS", 0.001)

    assert fault_of(lambda: inspect(files.a_pdf(), media_type=PDF)) is Fault.DAMAGED


def test_the_process_that_opens_files_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPACCS_SECRET_KEY", "a secret that no file may learn of")
    given: list[dict[str, str]] = []
    run = subprocess.run

    def note(command: list[str], **options: object) -> object:
        given.append(options["env"])  # type: ignore[arg-type]
        return run(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", note)
    inspect(files.a_pdf(), media_type=PDF)

    assert [name for name in given[0] if name.startswith("EPACCS")] == []


def test_the_process_that_opens_files_gets_little_memory() -> None:
    """Started as `inspect` starts it, and asked for more than it may have."""
    greedy = (
        "from epaccs.scans import inspection\n"
        "inspection._look = lambda *_: bytearray(8 * 1024 ** 3)\n"
        "import sys; sys.argv = ['', 'application/pdf']; inspection.main()"
    )

    done = subprocess.run([sys.executable, "-c", greedy], input=b"", capture_output=True, check=False)

    assert b"MemoryError" in done.stderr
