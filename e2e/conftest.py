"""The real program on a real server, with a browser in front of it; everything started here is ended here."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain, count, permutations
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Browser, Playwright, ViewportSize, sync_playwright
from sqlalchemy import create_engine, make_url, text

from e2e.steps import Somebody
from epaccs.app import create_app
from epaccs.clinicians.actions import hash_password
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import migration
from epaccs.core.db import db
from epaccs.settings import Settings
from tests.factories import a_clinician

ROOT = Path(__file__).parents[1]
SECRET = "a secret of the walks, long enough to be one"
PASSWORD = "a long night shift"

TELEPHONE: ViewportSize = {"width": 360, "height": 640}
DESK: ViewportSize = {"width": 1440, "height": 900}

#: Each database and each screen; a walk runs on every site.
SITES = {"telephone-sqlite": ("sqlite", TELEPHONE), "desk-postgresql": ("postgresql", DESK)}

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: Family names far from one another, so that no walk finds the person of another.
FAMILY_NAMES = [
    "Okonkwo",
    "Birtwistle",
    "Szymanska",
    "Fazackerley",
    "Montgomery",
    "Venkataraman",
    "Haldenby",
    "Quilliam",
    "Trevanion",
    "Oglethorpe",
    "Zielinski",
    "Prendergast",
    "Arbuthnot",
    "Delacroix",
    "Winterbourne",
    "Kaminsky",
]


def _double_names() -> Iterator[str]:
    """For more people than there are names."""
    return (f"{one}-{other}" for one, other in permutations(FAMILY_NAMES, 2))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Everything here drives the whole program; a walk that names one site runs on no other."""
    elsewhere = [item for item in items if not _runs_here(item)]
    config.hook.pytest_deselected(items=elsewhere)
    items[:] = [item for item in items if item not in elsewhere]
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Rows of the table of faults are told at the end, each with what became of it."""
    for row in item.iter_markers("row"):
        item.user_properties.append(("row", [str(row.args[0]), row.kwargs["done"], row.kwargs["held"]]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """With `script/test --faults`: one line for each row of the table, in its order."""
    if "row" not in config.option.markexpr:
        return
    rows: dict[tuple[str, str, str], list[bool]] = {}
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            for row in [value for name, value in report.user_properties if name == "row"]:
                rows.setdefault(tuple(row), []).append(outcome == "passed")
    terminalreporter.section("Faults")
    for number, done, held in sorted(rows, key=lambda row: (len(row[0]), row)):
        holds = "held" if all(rows[number, done, held]) else "DID NOT HOLD"
        terminalreporter.write_line(f"{number:>4}  {done}: {holds}: {held}")


def _runs_here(item: pytest.Item) -> bool:
    named, chosen = item.get_closest_marker("only_on"), getattr(item, "callspec", None)
    return named is None or chosen is None or chosen.params["site"] == SITES[named.args[0]]


class Served:
    """The server of a register, as `epaccs serve` serves it: a walk may stop it, kill it, and start it again."""

    def __init__(self, settings: Settings, port: int, log: Path) -> None:
        self.port = port
        self.settings, self.log = settings, log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was neither stopped nor killed."""
        return self._process is not None

    @property
    def process_id(self) -> int:
        """Of the process that was started, and of the group of those that answer for it; 0: none is."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Serve, if nothing is served; it is ready when this is over."""
        if self._process is None:
            self._process = _serve(self.settings, self.port, self.log)
            _wait_for(f"http://127.0.0.1:{self.port}", self._process)

    def stop(self) -> None:
        """As an operator stops it: whoever has asked is answered."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=40)
            self._process = None

    def kill(self) -> None:
        """As a machine fails: nobody is answered any more."""
        if self._process is not None:
            # Its rounds are a group of their own, and would go on without it.
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
            os.killpg(self._process.pid, signal.SIGKILL)
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
            self._process.wait(timeout=40)
            self._process = None


@dataclass
class Site:
    """A register that runs.

    `app` is the same program on the same database, with which a test sets its scene before anybody sits down.
    """

    address: str
    app: Flask
    viewport: ViewportSize
    password_hash: str
    served: Served
    family_names: Iterator[str] = field(default_factory=lambda: chain(FAMILY_NAMES, _double_names()))
    numbers: Iterator[int] = field(default_factory=count)
    user_names: dict[UUID, str] = field(default_factory=dict)

    def a_name(self) -> str:
        """A family name that nobody on this site has."""
        return next(self.family_names)

    def a_birthday(self) -> date:
        """A day on which nobody else on this site was born."""
        return date(1935, 3, 7) + timedelta(days=37 * next(self.numbers))

    def employs(self, role: Role, organisation: Organisation | None = None, **fields: Any) -> Actor:
        """Add somebody to the staff who has a password; without an organisation, at a new one."""
        user_name = f"{role}-at-{next(self.numbers)}"
        actor = a_clinician(role, organisation, user_name=user_name, password_hash=self.password_hash, **fields)
        self.user_names[actor.clinician_id] = user_name
        return actor


@pytest.fixture(scope="session", params=SITES.values(), ids=SITES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A register on its own database, served as `epaccs serve` serves it."""
    database, viewport = request.param
    folder = tmp_path_factory.mktemp(database)
    for url in _database(database, folder):
        with a_site(url, folder, viewport=viewport) as one:
            yield one


@contextmanager
def a_site(url: str, folder: Path, *, viewport: ViewportSize = TELEPHONE, host: str = "127.0.0.1") -> Iterator[Site]:
    """A register on an empty database, served, and gone afterwards; passkeys want a `host` that is no number."""
    port = _free_port()
    address = f"http://{host}:{port}"
    clamd = os.environ.get("EPACCS_TEST_CLAMD", "")
    settings = Settings(database_url=url, data_dir=folder, secret_key=SECRET, public_url=address, clamd=clamd)
    app = create_app(settings)
    with app.app_context():
        with db.engine.begin() as connection:
            migration.upgrade(connection)
        password_hash = hash_password(PASSWORD)
        served = Served(settings, port, folder / "server.log")
        try:
            served.start()
            yield Site(address, app, viewport, password_hash, served)
        finally:
            served.stop()
            db.session.remove()
            db.engine.dispose()


def _database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database, taken away afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'epaccs.sqlite3'}"
        return
    address = os.environ.get("EPACCS_TEST_POSTGRESQL_URL")
    if not address:
        pytest.fail("EPACCS_TEST_POSTGRESQL_URL is not set: run the walks with script/test")
    name = f"epaccs_walks_{os.getpid()}"
    server = create_engine(address, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(address).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(settings: Settings, port: int, log: Path) -> subprocess.Popen[bytes]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("EPACCS_", "COV"))}
    environment = own | {
        "EPACCS_DATABASE_URL": settings.database_url,
        "EPACCS_DATA_DIR": str(settings.data_dir),
        "EPACCS_SECRET_KEY": settings.secret_key,
        "EPACCS_PUBLIC_URL": settings.public_url,
        "EPACCS_CLAMD": settings.clamd,
        "EPACCS_RESTORE_GENERATION": str(settings.restore_generation),
    }
    command = [sys.executable, "-m", "epaccs", "serve", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("ab") as output:
        return subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=20):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("The server was not ready within a minute")


@pytest.fixture(scope="session")
def chromium_maker() -> Iterator[Playwright]:
    """What starts browsers."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(chromium_maker: Playwright) -> Iterator[Browser]:
    """A browser without a screen."""
    path = os.environ.get("EPACCS_TEST_CHROMIUM") or shutil.which("chromium")
    browser = chromium_maker.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
    yield browser
    browser.close()


class SitsDown(Protocol):
    """Put one of the staff in front of a browser of their own.

    Args:
        scripts: whether it runs any.
        with_axe: whether axe looks at each page; not needed again where every page that is met is met by another walk.
    """

    def __call__(self, actor: Actor, *, scripts: bool = True, with_axe: bool = True) -> Somebody: ...


@pytest.fixture
def sits_down(site: Site, chromium: Browser) -> Iterator[SitsDown]:
    """Whoever sits down leaves when the test is over."""
    contexts = []

    def sit_down(actor: Actor, *, scripts: bool = True, with_axe: bool = True) -> Somebody:
        context = chromium.new_context(
            base_url=site.address,
            viewport=site.viewport,
            java_script_enabled=scripts,
            locale="en-GB",
            timezone_id="Europe/London",
            accept_downloads=True,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page, user_name = context.new_page(), site.user_names[actor.clinician_id]
        return Somebody(page, user_name, PASSWORD, with_axe=scripts and with_axe)

    yield sit_down
    for context in contexts:
        context.close()
