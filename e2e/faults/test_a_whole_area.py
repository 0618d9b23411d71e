"""A first download of a whole area, over lines that are slow and break, and by many tablets at once."""

from __future__ import annotations

import http.client
import json
import random
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import brotli
import pytest
from playwright.sync_api import Playwright

from e2e.bad_line import BadLine, Fault, bad_line, says
from e2e.conftest import Site, a_site
from e2e.faults.conftest import NewTablet
from e2e.faults.crew import Crew, Screenless, heard
from e2e.faults.standing import assert_nothing_lost_or_doubled
from e2e.tablets import Scene, Tablet, a_scene, wait_until
from epaccs.core.db import db
from epaccs.demo import loader
from epaccs.sync.model.feed import FeedScope, KeptPage
from tests.conftest import Browser
from tests.devices.leases import a_tablet
from tests.factories import everybody_shares

pytestmark = pytest.mark.fault

PULL = "/sync/v1/pull"
#: Enough for several pages of a first download.
CROWD = 1_300
EDGE = {"down": 160_000 / 8, "up": 120_000 / 8, "latency_seconds": 0.5}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A register with a crowd of people, most of them in one area."""
    folder = tmp_path_factory.mktemp("crowd")
    with a_site(f"sqlite:///{folder / 'epaccs.sqlite3'}", folder) as one:
        loader.load_people(one.served.settings, CROWD)
        everybody_shares()
        yield one


@pytest.fixture
def scene(site: Site) -> Scene:
    """Somebody who refuses CPR among all the others of the area."""
    scope = db.session.query(FeedScope).filter(FeedScope.name.startswith("area:")).order_by(FeedScope.people.desc())
    return a_scene(site, area=scope.first().name.partition(":")[2])


@pytest.mark.row("F60", done="the link cut 20 times at random in a download", held="it goes on where it was, and ends")
def test_a_download_that_is_cut_twenty_times_goes_on_where_it_was(
    site: Site, line: BadLine, scene: Scene, new_tablet: NewTablet
) -> None:
    tablet, chance = new_tablet(scene.paramedic), random.Random(60)
    numbers: list[int] = []
    for _ in range(20):
        line.fails_once(PULL, Fault(cut_down_after=chance.randrange(100, 2_500_000)))
        tablet.round()
        numbers.append(number_of(tablet))

    assert numbers == sorted(numbers), "it never begins again"
    line.is_good()
    tablet.round()
    assert_nothing_lost_or_doubled(site, tablet, line=line, canaries=[scene.name])


def number_of(tablet: Screenless) -> int:
    """How far its copies have come."""
    copies = [place["next"] or place["current"] for place in tablet.state()["places"]]
    return sum(copy["number"] for copy in copies if copy)


@pytest.mark.row(12, done="40 kbit/s, a page takes longer than 20 s", held="waited for as long as something comes")
def test_a_page_that_takes_longer_than_twenty_seconds_comes(site: Site, crew: Crew, scene: Scene) -> None:
    with bad_line(site.served.port, is_compressed=True) as line:
        tablet = Screenless(crew, line.address, scene.paramedic).is_set_up()
        line.is_slow(down=3_000)
        going = tablet.begins("round")
        wait_until(lambda: number_of(tablet) > 0, "no page came", seconds=90)
        longest = max(one.down for one in line.passed if one.path == PULL) / 3_000
        line.is_slow()
        heard(going)
        assert longest > 20, f"the page took {longest:.0f} s: make the line slower"
        assert_nothing_lost_or_doubled(site, tablet, line=line)


@pytest.mark.row(12, done="EDGE, 160 kbit/s, 500 ms, 5 % resets", held="it goes on page by page; progress is as it is")
def test_a_first_download_on_edge_goes_on_page_by_page_and_says_how_far_it_is(
    site: Site, scene: Scene, chromium_maker: Playwright, tmp_path: Path
) -> None:
    with bad_line(site.served.port, is_compressed=True) as line:
        tablet = Tablet(chromium_maker, site, tmp_path / "profile", address=line.address).starts()
        try:
            tablet.opens().signs_in(scene.user_name).sees("Set up this tablet")
            line.is_slow(**EDGE)
            line.resets(0.05, seed=3)
            line.fails_once(PULL, Fault(cut_down_after=30_000))
            tablet.is_set_up().sees("The first download is not finished")
            told = watch_progress(tablet)
            assert told == sorted(told), "it never says less than before"
            assert len(set(told)) >= 2, f"it comes page by page: {told}"
            tablet.sees_no("The first download is not finished").sees("Last contact")
            assert tablet.people() == expected_here(scene)
        finally:
            tablet.ends()


def watch_progress(tablet: Tablet) -> list[int]:
    """What it says of how many are here, until the download is over; never more than lie there."""
    told: list[int] = []
    until = time.monotonic() + 300
    while "The first download is not finished" in (words := tablet.text):
        assert time.monotonic() < until, f"the download did not end: {words}"
        if found := re.search(r"([\d,]+) of ([\d,]+) people are here", words):
            told.append(int(found[1].replace(",", "")))
            assert told[-1] <= tablet.people(), "it says that more are here than are"
        time.sleep(0.3)
    return told


def expected_here(scene: Scene) -> int:
    """How many the register has in the area."""
    db.session.rollback()
    return db.session.get_one(FeedScope, f"area:{scene.area}", populate_existing=True).people


@pytest.mark.row(19, done="503 with Retry-After to 200 tablets at once", held="none sooner; spread out; all served")
def test_two_hundred_tablets_that_were_sent_away_come_back_later_and_apart(
    site: Site, line: BadLine, crew: Crew
) -> None:
    few = a_scene(site, others=1)
    tablets = [Screenless(crew, line.address, few.paramedic).is_set_up() for _ in range(200)]
    before = len(line.passed)
    line.fails(PULL, says(503, retry_after=4))
    going = [one.begins("goes", seconds=60, untilQuiet=True) for one in tablets]
    wait_until(lambda: len(line.passed) - before >= 200, "not all have asked", seconds=60)
    line.is_good()
    for one in going:
        heard(one, 120)

    first, second = asked_by(line, before, 503), asked_by(line, before, 200)
    # On a busy machine an answer may come after its tablet gave it up: then it asks once more.
    assert (len(first), len(second) >= 200) == (200, True)
    assert min(second) - min(first) >= 4, "nobody comes sooner than the register said"
    gathered = max(sum(at <= other < at + 0.25 for other in second) for at in second)
    assert gathered <= 80, f"{gathered} come in a quarter of a second"
    for one in tablets[:5]:
        assert_nothing_lost_or_doubled(site, one, line=line)


def asked_by(line: BadLine, before: int, status: int) -> list[float]:
    """When the pulls came that were answered so."""
    return [one.at for one in line.passed[before:] if one.path == PULL and one.status == status]


@pytest.mark.row(46, done="500 tablets begin at once", held="kept pages only; pages for people stay quick")
def test_five_hundred_tablets_that_begin_at_once_read_kept_pages_and_keep_nobody_waiting(
    site: Site, scene: Scene
) -> None:
    site.app.test_client_class = Browser  # each request in a context of its own, as a server answers it
    leases = [a_tablet(site.app, scene.paramedic).lease for _ in range(20)]
    download(site, leases[0], scene.area)
    kept = count_kept()
    over = Event()

    with ThreadPoolExecutor(9) as pool:
        pages = pool.submit(watch_pages, site, over)
        try:
            people = list(pool.map(lambda number: download(site, leases[number % 20], scene.area), range(500)))
        finally:
            over.set()

    assert set(people) == {expected_here(scene)}
    assert count_kept() == kept, "a page was made again"
    took = sorted(pages.result())
    assert took[int(len(took) * 0.95)] < 3, f"a page took {took[-1]:.1f} s"


def download(site: Site, lease: str, area: str) -> int:
    """A first download as a tablet asks for it, read only as far as it must be: how many people came."""
    cursor, people, more = {"scope": f"area:{area}", "tier": "card", "epoch": None, "number": 0}, 0, True
    headers = {"Authorization": f"Bearer {lease}", "Content-Type": "application/json", "Accept-Encoding": "br"}
    connection = http.client.HTTPConnection("127.0.0.1", site.served.port, timeout=120)
    while more:
        connection.request("POST", PULL, json.dumps({"cursors": [cursor], "limit": 500}), headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status == 503:
            time.sleep(1)
            continue
        assert answer.status == 200, content
        lines = brotli.decompress(content).splitlines()
        closing = json.loads(lines[-1])
        cursor = {name: closing["cursors"][0][name] for name in ("scope", "tier", "epoch", "number")}
        people, more = people + sum(b'"op":"put"' in line[:20] for line in lines), closing["more"]
    return people


def watch_pages(site: Site, over: Event) -> list[float]:
    """How long a page takes for somebody at a desk, again and again."""
    took: list[float] = []
    while not over.wait(0.2):
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", site.served.port, timeout=120)
        connection.request("GET", "/sign-in")
        assert connection.getresponse().status == 200
        connection.close()
        took.append(time.monotonic() - began)
    return took


def count_kept() -> int:
    """How many pages are kept."""
    db.session.rollback()
    return db.session.query(KeptPage).count()
