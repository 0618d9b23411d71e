"""What a tablet costs whoever holds it: to be filled, unlocked, searched and read; beside PouchDB in the same browser.

The real program on the real server, in a browser with a profile of its own; what is timed is noted by the page's own
clock, from the hand's event to what stands on the screen.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from flask import Flask
from playwright.sync_api import Playwright, sync_playwright
from sqlalchemy import and_, select, update

from bench import Row, pouchdb
from bench.context import AREA, SQLITE, USUAL, Context
from bench.feed import CARDS, MUST_CORE, MUST_MEGABYTES, POLL_SECONDS, TABLETS, Filled, a_crew
from bench.line import AT_ONCE, EDGE, THIRD_GENERATION, Line, Speed, Traffic, line_to
from bench.search import MUST_PER_CENT, make_queries, mistyped
from e2e.conftest import CHROMIUM_FLAGS, PASSWORD, TELEPHONE, Served, Site
from e2e.tablets import PASSPHRASE, Tablet, wait_until
from epaccs.access.model import EntryScope
from epaccs.clinicians.actions import hash_password
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.fields import age_in_years
from epaccs.demo import loader
from epaccs.record.model import SearchPerson
from epaccs.record.queries.tablet import find_keys
from epaccs.sync.actions.feed import reconcile
from tests.conftest import Browser
from tests.factories import an_organisation, everybody_shares
from tests.sync.tablets import SyncTablet

#: Not among the measurements of a run that names none: it installs packages of its own.
APART: Final = True

RECORDS: Final = 5_000
BATCHES: Final = (100, 500, 1_000, 2_500)
ROUNDS: Final = 3
THROTTLE: Final = 4
UNLOCKINGS, SEARCHES, CARDS_READ, POLLS = 5, 60, 30, 300
OTHER_AREA: Final = "southdale"

MUST_TIME, MUST_BYTES, MUST_REQUESTS = 0.4, 0.95, 12
MUST_LINE: Final = 1.15
MUST_QUIET_BYTES: Final = 1_000
MUST_UNLOCK, MUST_SEARCH, MUST_CARD = 2.5, 50, 100

PULL: Final = "/sync/v1/pull"

#: What the page notes beside the program: when a hand did something, and when what it asked for was painted.
NOTES: Final = """(() => {
  const notes = (window.notes = { hand: 0, derived: 0, shown: 0, begun: 0, ended: 0 });
  const painted = () => requestAnimationFrame(() => {
    const after = new MessageChannel();
    after.port1.onmessage = () => (notes.shown ||= performance.now());
    after.port2.postMessage(0);
  });
  window.Worker = class extends Worker {
    constructor(...how) {
      super(...how);
      this.addEventListener("message", () => (notes.derived = performance.now()));
    }
  };
  const noteHand = (event) => Object.assign(notes, { hand: event.timeStamp, shown: 0 });
  addEventListener("pointerdown", noteHand, true);
  addEventListener("keydown", (event) => event.key === "Enter" && noteHand(event), true);
  addEventListener("DOMContentLoaded", () => {
    const download = document.querySelector('[data-part="download"]');
    const found = document.querySelector('[data-part="found"]');
    if (!download || !found) return;
    new MutationObserver(() => {
      if (download.textContent) notes.begun ||= performance.now();
      else if (notes.begun) notes.ended ||= performance.now();
    }).observe(download, { childList: true, characterData: true, subtree: true });
    new MutationObserver(painted).observe(document.body, { attributeFilter: ["data-shown"] });
    new MutationObserver(() => found.childElementCount > 0 && painted()).observe(found, { childList: true });
  });
})()"""

_FIRST_PULL: Final = """path => Math.min(...performance.getEntriesByType("resource")
  .filter(one => new URL(one.name).pathname === path).map(one => one.startTime))"""

_LOOKS: Final = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("epaccs-tablet");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const database = opening.result;
    const reading = database.transaction("meta").objectStore("meta").get("audit_last");
    reading.onsuccess = () => { database.close(); resolve(reading.result?.number ?? 0); };
    reading.onerror = () => reject(reading.error);
  };
})"""


def measure(context: Context) -> list[Row]:
    """One register on SQLite: filled and read among all of its people; then downloads beside the peer; then recall."""
    pouchdb.install()
    with (
        tempfile.TemporaryDirectory(prefix="epaccs-tablet-") as folder,
        sync_playwright() as playwright,
        _site(context, Path(folder)) as site,
        line_to(site.served.port) as line,
    ):
        bench = _Bench(playwright, site, line, Path(folder))
        rows = [*_among_all(bench), *_beside_the_peer(bench)]
    return [*rows, *_measure_recall(context)]


@dataclass
class _Bench:
    """What every measurement here needs; each tablet gets a profile of its own."""

    playwright: Playwright
    site: Site
    line: Line
    folder: Path
    profiles: Iterator[int] = field(default_factory=lambda: iter(range(1_000)))

    def somebody(self, area: str) -> Actor:
        """Of an ambulance service in this area."""
        return self.site.employs(Role.PARAMEDIC, an_organisation(type=OrganisationType.AMBULANCE, area=area))

    @contextmanager
    def tablet(self) -> Iterator[Tablet]:
        """A browser that was never here."""
        profile = self.folder / f"profile-{next(self.profiles)}"
        tablet = Tablet(self.playwright, self.site, profile, address=self.line.address).starts()
        tablet.page.context.add_init_script(NOTES)
        try:
            yield tablet
        finally:
            tablet.ends()
            shutil.rmtree(profile)


@contextmanager
def _site(context: Context, folder: Path) -> Iterator[Site]:
    """A register with as many made-up people as a large area has, served as it is served."""
    with context.empty_database(SQLITE) as url, context.program_on(url) as app:
        loader.load_people(app.config["EPACCS"], CARDS)
        everybody_shares()
        app.test_client_class = Browser
        served = Served(app.config["EPACCS"], _free_port(), folder / "server.log")
        try:
            served.start()
            yield Site(f"http://127.0.0.1:{served.port}", app, TELEPHONE, hash_password(PASSWORD), served)
        finally:
            served.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- Downloads -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Download:
    """One first download as the page timed it; `asked`: everything that went over the line, `pulled`: people alone."""

    seconds: float
    asked: Traffic
    pulled: Traffic


def _set_up(bench: _Bench, tablet: Tablet, actor: Actor, people: int, speed: Speed) -> Download:
    """Sign in, and fill the tablet on a line of this speed: from its first question for people to everybody there."""
    tablet.opens().signs_in(bench.site.user_names[actor.clinician_id]).sees("Set up this tablet")
    tablet.types("Name of the tablet", "Vehicle 4412").ticks("Managed tablet or telephone")
    tablet.types("Choose a passphrase", PASSPHRASE).types("The same passphrase again", PASSPHRASE)
    tablet.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    bench.line.forget()
    bench.line.speed = speed
    tablet.presses("Set up").sees("Find a person")
    wait_until(lambda: tablet.page.evaluate("() => notes.ended"), "the download did not end", seconds=400)
    bench.line.speed = AT_ONCE
    asked, pulled = bench.line.traffic("/sync/v1/"), bench.line.traffic(PULL)
    asked += bench.line.traffic("/tablet/session")
    assert tablet.people() == people, f"{tablet.people()} people are on the tablet, not {people}"
    ended, begun = tablet.page.evaluate("() => notes.ended"), tablet.page.evaluate(_FIRST_PULL, PULL)
    return Download((ended - begun) / 1000, asked, pulled)


def _beside_the_peer(bench: _Bench) -> list[Row]:
    """Five thousand people of another area, with the very same records as documents for the peer; in turn."""
    documents = [_document(line) for line in move_people(bench.site.app, RECORDS)]
    size = sum(len(json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode()) for one in documents)
    ours: list[Download] = []
    theirs: dict[int, list[tuple[float, Traffic]]] = {batch: [] for batch in BATCHES}
    for turn in range(ROUNDS):
        with bench.tablet() as tablet:
            ours.append(_set_up(bench, tablet, bench.somebody(OTHER_AREA), len(documents), AT_ONCE))
        with pouchdb.peer_server(bench.folder / f"peer-{turn}", documents) as port, line_to(port) as line:
            for batch, times in theirs.items():
                times.append(_replicate(bench, line, documents, f"copy-{turn}", batch))
    return [
        *_compare(ours, theirs, size / len(documents)),
        *(_on_a_line(bench, one) for one in (THIRD_GENERATION, EDGE)),
    ]


def move_people(app: Flask, count: int) -> list[dict[str, Any]]:
    """So many people of the largest area get a practice in another; their lines as a tablet there is sent them."""
    practice = an_organisation(area=OTHER_AREA)
    movable = and_(EntryScope.area == AREA, EntryScope.is_shared, EntryScope.is_open)
    people = list(db.session.scalars(select(EntryScope.entry_id).where(movable).limit(count)))
    with writing() as session:
        for start in range(0, count, 500):
            some = people[start : start + 500]
            session.execute(
                update(EntryScope).where(EntryScope.entry_id.in_(some)).values(area=OTHER_AREA, practice_id=practice.id)
            )
    for area in (AREA, OTHER_AREA):
        reconcile(f"area:{area}")
    tablet = a_crew(app, OTHER_AREA)
    tablet.pull()
    tablet.assert_agrees()
    lines = list(tablet.scopes[f"area:{OTHER_AREA}"].cards.values())
    assert len(lines) == count, f"{len(lines)} people moved, not {count}"
    return lines


def _document(line: dict[str, Any]) -> dict[str, Any]:
    """One person as the peer keeps them: what a tablet keeps, no more and no less."""
    return {"_id": line["id"], "version": line["version"], "card": line["card"], "keys": line["keys"]}


def _replicate(
    bench: _Bench, line: Line, documents: list[dict[str, Any]], name: str, batch: int
) -> tuple[float, Traffic]:
    profile = bench.folder / f"profile-{next(bench.profiles)}"
    browser = bench.playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=os.environ.get("EPACCS_TEST_CHROMIUM") or shutil.which("chromium"),
        args=CHROMIUM_FLAGS,
    )
    browser.set_default_timeout(120_000)
    try:
        page = browser.new_page()
        page.goto(line.address)
        line.forget()
        seconds = pouchdb.replicate(page, documents, name=f"{name}-{batch}", batch=batch)
        return seconds, line.traffic("/db/")
    finally:
        browser.close()
        shutil.rmtree(profile)


def _compare(ours: list[Download], theirs: dict[int, list[tuple[float, Traffic]]], size: float) -> list[Row]:
    seconds = median(one.seconds for one in ours)
    batch, best = min(
        ((batch, median(one[0] for one in times)) for batch, times in theirs.items()), key=lambda pair: pair[1]
    )
    carried = min((times[0][1] for times in theirs.values()), key=lambda one: one.down)
    asked = ours[-1].asked
    name = f"first download of {RECORDS:,} records of {size / 1000:.1f} kB"
    return [
        Row(
            f"{name}, sealed and indexed",
            round(seconds, 2),
            "s",
            peer=round(best, 2),
            must=f"at most {MUST_TIME} of PouchDB's (batch of {batch:,})",
            holds=seconds <= MUST_TIME * best,
        ),
        Row(
            f"{name}, down",
            round(asked.down / 1e6, 3),
            "MB",
            peer=round(carried.down / 1e6, 3),
            must=f"at most {MUST_BYTES} of PouchDB's least",
            holds=asked.down <= MUST_BYTES * carried.down,
        ),
        Row(
            f"{name}, requests with setting up",
            asked.requests,
            "requests",
            peer=min(times[0][1].requests for times in theirs.values()),
            must=f"at most {MUST_REQUESTS}",
            holds=asked.requests <= MUST_REQUESTS,
        ),
    ]


def _on_a_line(bench: _Bench, speed: Speed) -> Row:
    """Beside a line that does nothing but carry these bytes and requests."""
    with bench.tablet() as tablet:
        download = _set_up(bench, tablet, bench.somebody(OTHER_AREA), RECORDS, speed)
    least = download.pulled.least_seconds(speed)
    return Row(
        f"first download of {RECORDS:,} records, {speed.name}",
        round(download.seconds, 1),
        "s",
        floor=round(least, 1),
        must=f"at most {MUST_LINE} of what the line takes",
        holds=download.seconds <= MUST_LINE * least,
    )


# --- In the hand -----------------------------------------------------------------------------------------------------


def _among_all(bench: _Bench) -> list[Row]:
    """One tablet with everybody of the largest area."""
    app = bench.site.app
    crew = a_crew(app, AREA)
    filled = Filled(crew)
    crew.assert_agrees()
    people = list(crew.scopes[f"area:{AREA}"].cards.values())
    megabytes = filled.bytes / 1e6 * CARDS / len(people)
    wire = Row(
        f"{CARDS:,} cards on the wire", round(megabytes, 2), "MB",
        must=f"at most {MUST_MEGABYTES} MB", holds=megabytes <= MUST_MEGABYTES,
    )  # fmt: skip
    with bench.tablet() as tablet:
        download = _set_up(bench, tablet, bench.somebody(AREA), len(people), AT_ONCE)
        whole = Row(
            f"first download of {len(people):,} cards from kept pages, loopback", round(download.seconds, 1), "s"
        )
        hand = _Hand(tablet, [line["keys"] for line in people])
        return [wire, whole, *_nothing_new(bench, tablet), *hand.measure(), _polls(bench, crew)]


def _nothing_new(bench: _Bench, tablet: Tablet) -> list[Row]:
    tablet.presses("Tablet")
    wait_until(lambda: _quiet(bench), "the tablet goes on asking", seconds=60)
    bench.line.forget()
    with tablet.page.expect_request(f"**{PULL}") as asking:
        tablet.presses("Ask the register now")
    sizes = asking.value.sizes()
    wait_until(lambda: bench.line.traffic(PULL).down > 0 and _quiet(bench), "the register was not asked")
    asked = bench.line.traffic()
    said = sizes["requestBodySize"] + sizes["responseBodySize"]
    must = f"at most {MUST_QUIET_BYTES:,}"
    return [
        Row("nothing new: requests", asked.requests, "requests", must="1", holds=asked.requests == 1),
        Row("nothing new: what both sides say", said, "bytes", must=must, holds=said <= MUST_QUIET_BYTES),
        Row("nothing new: with every header, the lease among them", asked.up + asked.down, "bytes"),
    ]


def _quiet(bench: _Bench) -> bool:
    before = bench.line.traffic("/")
    time.sleep(1.5)
    return bench.line.traffic("/") == before


class _Hand:
    """Somebody who unlocks, searches and opens cards on a slow tablet."""

    def __init__(self, tablet: Tablet, people: list[dict[str, Any]]) -> None:
        self.tablet, self.people = tablet, people
        self.chance = random.Random(len(people))
        numbered = [one for one in people if one.get("nhs")]
        self.unread = self.chance.sample(numbered, CARDS_READ)

    def measure(self) -> list[Row]:
        """Each as the page noted it."""
        self.tablet.page.context.new_cdp_session(self.tablet.page).send(
            "Emulation.setCPUThrottlingRate", {"rate": THROTTLE}
        )
        label = f"{len(self.people):,} people, {THROTTLE} x slower"
        unlocked = [self._unlock() for _ in range(UNLOCKINGS)]
        searched = [self._search(self._somebody()) for _ in range(SEARCHES)]
        before = self.tablet.page.evaluate(_LOOKS)
        read = [self._read() for _ in range(CARDS_READ)]
        looks = self.tablet.page.evaluate(_LOOKS) - before
        assert looks == 2 * CARDS_READ, f"{looks} looks were written down, not {2 * CARDS_READ}"
        return [
            _row(f"locked -> searched, key derivation apart, {label}", unlocked, MUST_UNLOCK, "s"),
            _row(f"search, key -> result, {label}", searched, MUST_SEARCH, "ms"),
            Row(f"search, slowest of twenty, {label}", round(quantiles(searched, n=20)[18], 1), "ms"),
            _row(f"tap -> card, its look kept first, {label}", read, MUST_CARD, "ms"),
            Row(f"tap -> card, slowest of twenty, {label}", round(quantiles(read, n=20)[18], 1), "ms"),
        ]

    def _unlock(self) -> float:
        """From the key that came of the passphrase to the first result, without the time a hand takes between."""
        self.tablet.presses("Lock").sees("Passphrase").types("Passphrase", PASSPHRASE)
        self.tablet.page.keyboard.press("Enter")
        searchable = self._shown() - self.tablet.page.evaluate("() => notes.derived")
        return (searchable + self._search(self._somebody())) / 1000

    def _somebody(self) -> dict[str, Any]:
        return self.chance.choice([one for one in self.people if one["shown"].get("street")])

    def _search(self, keys: dict[str, Any]) -> float:
        """With one typing error, an age band and the street."""
        shown = keys["shown"]
        given, family, street = mistyped(
            self.chance, [shown["given_name"].split()[0], shown["family_name"], shown["street"]]
        )
        self.tablet.presses("Search").types("NHS number or name", f"{given} {family}")
        self.tablet.types("Date of birth or age", _age_band(keys["born"])).types("Street or postcode", street)
        self.tablet.page.keyboard.press("Enter")
        return self._shown() - self.tablet.page.evaluate("() => notes.hand")

    def _read(self) -> float:
        """By its number, so that it is found whatever it is called; then the tap that opens it."""
        keys = self.unread.pop()
        self.tablet.presses("Search").types("NHS number or name", keys["nhs"])
        self.tablet.page.keyboard.press("Enter")
        self._shown()
        self.tablet.page.locator(".tablet-result").first.click()
        self.tablet.sees("Open this record").presses("Emergency: open now")
        seconds = self._shown() - self.tablet.page.evaluate("() => notes.hand")
        assert self.tablet.page.evaluate("() => document.body.dataset.shown") == "card"
        return seconds

    def _shown(self) -> float:
        """When what was asked for stood on the screen."""
        wait_until(lambda: self.tablet.page.evaluate("() => notes.shown"), "nothing came", seconds=60)
        return float(self.tablet.page.evaluate("() => notes.shown"))


def _row(name: str, taken: list[float], must: float, unit: str) -> Row:
    middle = median(taken)
    return Row(name, round(middle, 2), unit, must=f"at most {must} {unit}", holds=middle <= must)


def _age_band(born: str) -> str:
    youngest = age_in_years(clock.today().fromisoformat(born), clock.today()) // 10 * 10
    return f"{youngest}-{youngest + 9}"


# --- The server ------------------------------------------------------------------------------------------------------


def _polls(bench: _Bench, crew: SyncTablet) -> Row:
    """The CPU time of the served processes for questions without news, for as many tablets as a region has."""
    crew.pull()
    body = json.dumps({"cursors": [held.cursor for held in crew.scopes.values()]})
    headers = {"Authorization": f"Bearer {crew.tablet.lease}", "Content-Type": "application/json"}
    connection = HTTPConnection("127.0.0.1", bench.site.served.port, timeout=20)

    def ask() -> bytes:
        connection.request("POST", PULL, body, headers)
        return connection.getresponse().read()

    for _ in range(POLLS // 10):
        assert len(ask().splitlines()) == 1, "there was something new"
    before = _cpu_seconds(bench.site.served)
    for _ in range(POLLS):
        ask()
    seconds = (_cpu_seconds(bench.site.served) - before) / POLLS
    connection.close()
    core = seconds * TABLETS / POLL_SECONDS * 100
    name = f"{TABLETS} tablets polling each {POLL_SECONDS} s, nothing new, the served processes"
    return Row(name, round(core, 1), "% of a core", must=f"under {MUST_CORE:.0f} %", holds=core < MUST_CORE)


def _cpu_seconds(served: Served) -> float:
    """Of every process that answers: the group of the one that was started."""
    ticks = 0
    for one in Path("/proc").iterdir():
        if one.name.isdigit():
            with suppress(OSError):
                parts = (one / "stat").read_text().rpartition(")")[2].split()
                if int(parts[2]) == served.process_id:
                    ticks += int(parts[11]) + int(parts[12])
    return ticks / os.sysconf("SC_CLK_TCK")


# --- Finding ---------------------------------------------------------------------------------------------------------


def _measure_recall(context: Context) -> list[Row]:
    """The very questions that the register's own search is measured by, asked of the tablet's."""
    register = context.register(SQLITE, USUAL)
    queries = make_queries(USUAL)
    with register.app.app_context():
        ids = list(db.session.scalars(select(SearchPerson.entry_id)))
        people = [{"id": str(key), "keys": keys} for key, keys in find_keys(ids).items()]
    asked = [{"meant": str(one.meant), "who": one.who, "born": one.born, "where": one.where} for one in queries]
    found = ask_tablet_search({"today": clock.today().isoformat(), "people": people, "queries": asked})
    per_cent = round(100 * found["found"] / len(queries), 2)
    return [
        Row(
            f"person meant among the first three, {USUAL:,} people, the tablet's search",
            per_cent,
            "%",
            must=f"at least {MUST_PER_CENT} %",
            holds=per_cent >= MUST_PER_CENT,
        ),
        Row(f"searching alone, {USUAL:,} people, not slowed", round(found["milliseconds"], 2), "ms"),
    ]


def ask_tablet_search(asked: dict[str, Any]) -> dict[str, Any]:
    """How often the person meant was among the first three, and how long it took, without a page."""
    node = shutil.which("node")
    assert node, "Node.js is needed to run the tablet's search"
    command = [node, str(Path(__file__).with_name("recall.js"))]
    answer = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    return dict(json.loads(answer.stdout))
