"""Whatever the browser of a tablet does, nothing unsent is lost unseen, and no card is shown that may not be believed.

What needs a browser: room, eviction, dead connections, several windows, clocks, newer programs. The neighbours walk
the rest: `test_a_crew_without_signal` a browser that is killed after an entry, `test_a_tablet_on_a_bad_line` what was
taken away in use, and the unsent work of a colleague.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Playwright, Request
from sqlalchemy import select

from e2e.bad_line import BadLine, bad_line, page_of_the_network, swallowed
from e2e.conftest import Site
from e2e.scenes import days_ago, decided, on_the_register
from e2e.tablets import PASSPHRASE, Scene, Tablet, a_scene, deeds_of, edits_of, wait_until
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import base64url
from epaccs.core.db import db
from epaccs.core.fields import format_date
from epaccs.devices import actions as devices
from epaccs.devices.model import Device
from tests.factories import an_organisation

pytestmark = pytest.mark.only_on("telephone-sqlite")

PULL, SEALED = "/sync/v1/pull", "/sync/v1/sealed"
YEAR = timedelta(days=365)
MARKUP = "<img src=x onerror=\"document.title='CANARY'\"><script>document.title='CANARY'</script>"


def failed(_answer: bytes) -> bytes:
    """The register failed."""
    return b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture
def line(site: Site) -> Iterator[BadLine]:
    """The line between tablet and register."""
    with bad_line(site.served.port) as one:
        yield one


@pytest.fixture
def tablet(line: BadLine, site: Site, chromium_maker: Playwright, tmp_path: Path) -> Iterator[Tablet]:
    """A tablet on that line, never set up."""
    one = Tablet(chromium_maker, site, tmp_path / "profile", address=line.address)
    yield one.starts()
    one.ends()


def opens_card(tablet: Tablet, scene: Scene) -> None:
    tablet.finds(scene.name, born=format_date(scene.born)).picks(scene.name)
    wait_until(lambda: "Open this record" in tablet.text or "Not for CPR" in tablet.text, "the record is not opened")
    if "Open this record" in tablet.text:
        tablet.presses("Emergency: open now")
    tablet.sees("Not for CPR")


def saw_the_form(tablet: Tablet, where: str) -> Tablet:
    tablet.presses("I saw the signed form").types("Where did you see the signed form today?", where)
    return tablet.presses("Save on this tablet")


def is_sent(author: Actor, count: int = 1) -> None:
    wait_until(lambda: len(edits_of(author)) == count, "it was not sent", seconds=60)


# --- Windows ---------------------------------------------------------------------------------------------------------


@pytest.mark.row(23, done="the window that speaks with the register crashes", held="another one goes on")
@pytest.mark.row(24, done="two windows write on one section", held="each sees what the other wrote; one speaks")
def test_two_windows_write_and_the_one_that_speaks_crashes(line: BadLine, tablet: Tablet, site: Site) -> None:
    scene = a_scene(site)
    tablet.opens().sees("Nobody is set up").signs_in(scene.user_name).is_set_up().waits_until_fetched(1)
    other = tablet.opens_window().unlocks()
    opens_card(tablet, scene)
    opens_card(other, scene)

    # when both write about the same decision without signal
    line.fails("/", swallowed)
    saw_the_form(tablet, "On the fridge").sees("not yet sent")
    other.sees("On the fridge", "not yet sent")
    saw_the_form(other, "Behind the clock").sees("Behind the clock", "On the fridge", "2 changes waiting")

    # and the window that speaks crashes while it waits for the register's answer
    asked, is_over = threading.Event(), threading.Event()

    def hangs(_answer: bytes) -> None:
        asked.set()
        is_over.wait(60)

    speakers: list[Tablet] = []
    for one in (tablet, other):
        one.page.on("request", _when_sending(speakers, one))
    line.is_good()
    line.fails_once(SEALED, hangs)
    tablet.presses("Waits 2").presses("Try to send now")
    wait_until(asked.is_set, "the register was not asked")
    wait_until(lambda: tablet.text and speakers, "no window speaks")
    survivor = other if speakers[-1] is tablet else tablet
    speakers[-1].crashes()
    crashed_at = time.monotonic()
    survivor.presses("Waits 2").presses("Try to send now")

    # then the other takes over, and both are sent once, without a conflict of the tablet with itself
    wait_until(lambda: "nothing waits to be sent" in survivor.text, "the other window did not take over")
    assert time.monotonic() - crashed_at < 10
    is_over.set()
    assert [edit.outcome for edit in edits_of(scene.paramedic)] == ["applied", "applied"]


def _when_sending(speakers: list[Tablet], one: Tablet) -> Callable[[Request], None]:
    def note(asks: Request) -> None:
        if asks.url.endswith(SEALED):
            speakers.append(one)

    return note


@pytest.mark.row(25, done="another window brings a newer database", held="this one lets go of it, and says so")
@pytest.mark.row(30, done="the connection to the database dies", held="opened again once; then it says so")
@pytest.mark.fault
def test_a_dead_connection_and_a_newer_database_are_said_and_nothing_is_taken_for_kept(
    tablet: Tablet, site: Site
) -> None:
    scene = a_scene(site)
    tablet.opens().sees("Nobody is set up").signs_in(scene.user_name).is_set_up().waits_until_fetched(1)
    opens_card(tablet, scene)

    # when the connection to the database is dead once, then it is opened again and nobody notices
    tablet.page.evaluate(_DIES, 1)
    saw_the_form(tablet, "On the fridge").sees("On the fridge")

    # when it dies while somebody writes, and stays dead
    tablet.presses("I saw the signed form").types("Where did you see the signed form today?", "Behind the clock")
    tablet.page.evaluate(_DIES, 1_000)
    tablet.presses("Save on this tablet")

    # then nothing says "saved", the words stay, and no card is shown
    tablet.sees("Nothing was saved", "This page cannot reach what is kept on the tablet").sees_no("Not for CPR")
    assert tablet.page.get_by_label("Where did you see the signed form today?").input_value() == "Behind the clock"
    tablet.is_sound()

    # when the page is loaded again, then all is there that was said to be kept
    tablet.presses("Load the page again").unlocks()
    tablet.sees_no("cannot reach")
    is_sent(scene.paramedic)

    # when a newer program brings a newer database in another window
    tablet.page.evaluate(_NEWER)

    # then this one lets go of it, at once, and says so
    tablet.sees("A newer program of this tablet runs in another window").sees_no("nothing waits")
    tablet.opens().sees("A newer program of this tablet")


_DIES = """times => {
  const work = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (...of) {
    times -= 1;
    if (times >= 0) throw new DOMException("Connection to Indexed Database server lost", "UnknownError");
    return work.apply(this, of);
  };
}"""

_NEWER = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("epaccs-tablet", 99);
  opening.onsuccess = () => { opening.result.close(); resolve(); };
  opening.onblocked = () => reject(new Error("The older window holds it"));
})"""


# --- Room ------------------------------------------------------------------------------------------------------------


def a_practice(site: Site, people: int) -> tuple[Actor, list[tuple[str, UUID]]]:
    """A GP with a laptop, and so many people with long plans; each with their name."""
    with days_ago(3):
        gp = site.employs(Role.GP, an_organisation(area=f"area-{next(site.numbers)}"), may_sign=True)
        found = [_with_long_plan(site, gp, f"{site.a_name()}") for _ in range(people)]
    return gp, found


def _with_long_plan(site: Site, gp: Actor, name: str) -> tuple[str, UUID]:
    entry_id = on_the_register(gp, family_name=name, born_on=site.a_birthday(), about_me=_long_plan())
    decided(gp, entry_id)
    return name, entry_id


def _long_plan() -> dict[str, str]:
    """Thirty kilobytes that nothing can make shorter."""
    words = random.Random(0)
    said = " ".join(f"{words.getrandbits(40):x}" for _ in range(330))
    names = ("most_important", "people", "communication", "wellness", "do_and_do_not", "support", "also", "valued")
    return dict.fromkeys(names, said)


def is_set_up_at_the_practice(tablet: Tablet, site: Site, gp: Actor, people: int) -> None:
    tablet.opens().sees("Nobody is set up").signs_in(site.user_names[gp.clinician_id]).is_set_up(
        "Visiting bag"
    ).waits_until_fetched(people)
    wait_until(lambda: tablet.pieces_of_reserve() == 32, "no room was laid aside")


@pytest.mark.row(28, done="the device is full while a page comes", held="plans make way; cards and entries stay")
def test_a_full_device_gives_up_plans_and_never_cards(tablet: Tablet, site: Site) -> None:
    gp, people = a_practice(site, 3)
    is_set_up_at_the_practice(tablet, site, gp, 3)
    assert tablet.plans() == 3

    # given a device that fills up with pictures, and news of somebody
    tablet.ends()
    news = _with_long_plan(site, gp, site.a_name())
    db.session.commit()
    tablet.starts().has_room_for(20_000).opens().unlocks()

    # then the news is there, whole plans made way for it, and the tablet says so
    tablet.waits_until_fetched(4).sees("Room is short:", "taken off this tablet", "Every card is here.").is_sound()
    assert tablet.plans() < 4
    assert tablet.pieces_of_reserve() > 0

    # and everybody is found, with a card
    for name, _ in [*people, news]:
        tablet.finds(name, where="Made-up").picks(name).sees("Open this record").presses("Emergency: open now")
        tablet.sees("Not for CPR")
    assert "The whole plan is not on this tablet" in tablet.text or tablet.plans() > 0

    # when there is room again and somebody asks, then the plans come again
    tablet.has_room_for(None).presses("Tablet").presses("Ask the register now")
    wait_until(lambda: tablet.plans() == 4, "the plans did not come again", seconds=60)
    wait_until(lambda: "Room is short:" not in tablet.text, "it still says that room is short")


@pytest.mark.row(29, done="the device is full while an entry is saved", held="never called saved; the words stay")
@pytest.mark.fault
def test_an_entry_for_which_there_is_no_room_at_all_is_never_called_saved(
    line: BadLine, tablet: Tablet, site: Site
) -> None:
    gp, [(name, _), *_others] = a_practice(site, 6)
    is_set_up_at_the_practice(tablet, site, gp, 6)
    tablet.ends()

    # given a device that fills up, then what is laid aside lets an entry be kept
    line.fails("/", swallowed)
    tablet.starts().has_room_for(3_000_000).opens().unlocks()
    tablet.finds(name, where="Made-up").picks(name).presses("Emergency: open now").sees("Not for CPR")
    tablet.page.evaluate(_FILLS, False)
    saw_the_form(tablet, "On the fridge").sees("On the fridge", "not yet sent")
    assert 0 < tablet.pieces_of_reserve() < 32

    # when all of that is used up too
    tablet.page.evaluate(_FILLS, True)
    saw_the_form(tablet, "Behind the clock")

    # then it is said, the words stay, and room is offered
    tablet.sees("Nothing was saved: this tablet has no room left").is_sound()
    assert tablet.unsent() == 1
    assert tablet.page.get_by_label("Where did you see the signed form today?").input_value() == "Behind the clock"
    tablet.presses("Make room on this tablet").sees("taken off this tablet. Nothing was saved yet: save again")
    tablet.presses("Save on this tablet").sees("Behind the clock", "not yet sent")
    assert tablet.unsent() == 2


#: Pictures fill the device; `all`: the room that was laid aside too.
_FILLS = """async all => {
  const open = (name, make) => new Promise((resolve, reject) => {
    const opening = indexedDB.open(name);
    opening.onupgradeneeded = () => make && opening.result.createObjectStore("pictures");
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  const write = (database, store, work) => new Promise(resolve => {
    const transaction = database.transaction(store, "readwrite");
    work(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(true);
    transaction.onabort = () => resolve(false);
  });
  if (all) {
    const tablet = await open("epaccs-tablet");
    await write(tablet, "reserve", pieces => pieces.clear());
    tablet.close();
  }
  const device = await open("pictures", true);
  for (let size = 1_000_000; size > 200; size = Math.floor(size / 2))
    while (await write(device, "pictures", pictures => pictures.put(new Blob([new Uint8Array(size)]), Math.random())));
  device.close();
}"""


@pytest.mark.row(27, done="the browser took everything away meanwhile", held="said at the next start")
@pytest.mark.fault
def test_what_was_taken_away_while_nothing_was_open_is_said_at_the_next_start(
    line: BadLine, tablet: Tablet, site: Site
) -> None:
    scene = a_scene(site)
    tablet.opens().sees("Nobody is set up").signs_in(scene.user_name).is_set_up().waits_until_fetched(1)
    opens_card(tablet, scene)
    line.fails(SEALED, swallowed)
    saw_the_form(tablet, "On the fridge").sees("1 change waiting")

    # when the browser takes everything away that pages keep, while none of ours is open
    tablet.ends()
    tablet.starts().loses_what_pages_keep().forgets_sign_in().opens()

    # then it is said, and that something may be lost
    tablet.sees("The browser took away what was on this tablet", "write it again").sees_no("nothing waits").is_sound()

    # and the tablet is set up again, and says until it is read since when what was written is lost
    line.is_good()
    tablet.signs_in(scene.user_name).sees("The browser took away", "Set up this tablet").is_sound()
    tablet.is_set_up().waits_until_fetched(1).sees("was last in contact", "enter it again").is_sound()
    tablet.presses("I have read this").sees_no("took everything away")


# --- The end of the browser ------------------------------------------------------------------------------------------


@pytest.mark.row(22, done="the browser is killed while a page is written", held="rows and number agree")
@pytest.mark.fault
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.06, 0.15, 0.4])
def test_a_browser_killed_between_the_answer_and_the_disk_leaves_a_whole_state(
    line: BadLine, tablet: Tablet, site: Site, seconds: float
) -> None:
    scene = a_scene(site, others=11)

    is_over = threading.Event()

    def kill() -> None:
        tablet.is_killed()
        is_over.set()

    def is_killed_soon(answer: bytes) -> bytes:
        threading.Timer(seconds, kill).start()
        return answer

    line.fails_once(PULL, is_killed_soon)
    tablet.opens().sees("Nobody is set up").signs_in(scene.user_name).sees("Set up this tablet")
    tablet.types("Name of the tablet", "Vehicle 4412").ticks("Managed tablet or telephone")
    tablet.types("Choose a passphrase", PASSPHRASE).types("The same passphrase again", PASSPHRASE)
    tablet.presses("Set up")
    assert is_over.wait(60), "the register was not asked"

    # then rows and cursor agree: what is missing is fetched, and everybody is there
    tablet.starts().opens().sees("Unlock")
    assert tablet.people() in {0, 12}
    tablet.unlocks().waits_until_fetched(12)
    opens_card(tablet, scene)


# --- Clocks ----------------------------------------------------------------------------------------------------------


@pytest.mark.row(
    31, done="the tablet's clock is wrong, by minutes and by a year", held="no other outcome; said on the card"
)
@pytest.mark.fault
@pytest.mark.parametrize(
    ("shift", "words"),
    [
        pytest.param(YEAR + timedelta(hours=1), "differs by 365 days", id="a year ahead"),
        pytest.param(-YEAR - timedelta(hours=1), "differs by 365 days", id="a year behind"),
        pytest.param(timedelta(minutes=10, seconds=30), "differs by 10 minutes", id="ten minutes ahead"),
    ],
)
def test_a_wrong_clock_changes_no_outcome_and_is_said_on_the_card(
    line: BadLine, tablet: Tablet, site: Site, shift: timedelta, words: str
) -> None:
    scene = a_scene(site)
    tablet.opens().sees("Nobody is set up").signs_in(scene.user_name).is_set_up().waits_until_fetched(1).ends()

    # when its clock stands wrong at the next start, then whoever is signed in comes in, and the card says so
    tablet.starts_with_clock(shift).signs_in(scene.user_name).sees("Unlock").unlocks()
    tablet.presses("Tablet").presses("Ask the register now").sees("Tablet's own clock")
    opens_card(tablet, scene)
    tablet.sees(f"This tablet's clock {words}").is_sound()

    # and what is written counts as ever
    saw_the_form(tablet, "On the fridge")
    is_sent(scene.paramedic)
    assert [edit.outcome for edit in edits_of(scene.paramedic)] == ["applied"]

    # when it jumps back in the middle of a shift without signal, then nothing more is opened
    line.fails("/", swallowed)
    tablet.presses("Lock").unlocks()
    tablet.clock_jumps(shift - timedelta(hours=2)).sees("The time for which you may read here has ended", "Unlock")
    tablet.types("Passphrase", PASSPHRASE).presses("Unlock").sees("Say why you must go on now")


@pytest.mark.row(47, done="the lease ends while a card is open", held="that card stays, no other opens")
@pytest.mark.fault
def test_a_lease_that_ends_while_a_card_is_open_leaves_that_card_and_opens_no_other(
    line: BadLine, tablet: Tablet, site: Site
) -> None:
    scene = a_scene(site, others=1)
    tablet.opens().sees("Nobody is set up").signs_in(scene.user_name).is_set_up().waits_until_fetched(2)
    line.fails("/", swallowed)
    opens_card(tablet, scene)

    # when nineteen hours pass, then the card stays for whom it is about
    tablet.clock_jumps(timedelta(hours=19))
    time.sleep(6)
    tablet.sees("Not for CPR").presses("Find another person")

    # and no other is opened
    tablet.finds(f"{scene.name}son", where="Made-up").picks(f"{scene.name}son").sees("Open this record")
    tablet.presses("Emergency: open now").sees(
        "Unlock", "The time for which you may read here without signal has ended"
    )
    tablet.sees_no("Not for CPR", scene.name)

    # and whoever says why goes on, and it is told
    tablet.ticks("Emergency: somebody needs care now").unlocks().sees("Your lease has ended. You may read until")
    line.is_good()
    tablet.presses("Tablet").presses("Ask the register now")
    wait_until(lambda: str(EventKind.OFFLINE_DEED) in deeds_of(scene.paramedic), "nobody was told", seconds=60)


# --- Programs --------------------------------------------------------------------------------------------------------

NEWER = b"Find a person with the newer program"


def newer_shell(answer: bytes) -> bytes:
    """The page as a newer program has it."""
    return _with_body(answer, lambda body: body.replace(b"Find a person", NEWER))


def newer_worker(line: BadLine, site: Site) -> bytes:
    """The worker of that program: it names its page by its hash."""
    with site.app.test_client() as client:
        page, script = client.get("/tablet").data, client.get("/sw.js").data
    head, _, rest = script.partition(b";\n")
    shell = json.loads(head.removeprefix(b"self.SHELL = "))
    shell["version"] = "newer"
    shell["files"]["/tablet"] = base64url.encode(hashlib.sha256(page.replace(b"Find a person", NEWER)).digest())
    assert line.port == site.served.port
    return b"self.SHELL = " + json.dumps(shell).encode() + b";\n" + rest


def _with_body(answer: bytes, change: Callable[[bytes], bytes]) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    changed = change(body)
    head = re.sub(rb"(?i)content-length: *\d+", b"Content-Length: %d" % len(changed), head)
    return head + b"\r\n\r\n" + changed


def brings_newer_program(line: BadLine, site: Site) -> None:
    script = newer_worker(line, site)
    line.fails("/sw.js", lambda answer: _with_body(answer, lambda _: script))
    line.fails("/tablet/", lambda answer: answer)
    line.fails("/tablet", newer_shell)


_LOOKS_FOR_PROGRAM = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration.update().catch(() => {});
  for (const until = Date.now() + 10_000; registration.installing && Date.now() < until;)
    await new Promise(done => setTimeout(done, 50));
  return [registration.active?.state ?? "", registration.waiting?.state ?? ""];
}"""


def is_kept_by_worker(tablet: Tablet) -> None:
    """A page that was on its way while the worker came is kept by it from its next start on."""
    wait_until(lambda: tablet.page.evaluate(_LOOKS_FOR_PROGRAM) == ["activated", ""], "no worker keeps the shell")
    if not tablet.page.evaluate("navigator.serviceWorker.controller !== null"):
        tablet.opens().unlocks()


@pytest.mark.row(33, done="a newer program while somebody writes", held="it waits; what waits is sent once")
def test_a_newer_program_waits_for_whoever_writes_and_sends_what_waits_once(
    line: BadLine, tablet: Tablet, site: Site
) -> None:
    scene = a_scene(site)
    tablet.opens().sees("Nobody is set up").signs_in(scene.user_name).is_set_up().waits_until_fetched(1)
    is_kept_by_worker(tablet)
    opens_card(tablet, scene)
    line.fails(SEALED, swallowed)
    saw_the_form(tablet, "On the fridge").sees("1 change waiting")

    # when a newer program comes while somebody writes
    tablet.presses("I saw the signed form").types("Where did you see the signed form today?", "Behind the clock")
    brings_newer_program(line, site)
    assert tablet.page.evaluate(_LOOKS_FOR_PROGRAM) == ["activated", "installed"]

    # then nothing is taken from them, not even when they press too early
    assert tablet.page.get_by_label("Where did you see the signed form today?").input_value() == "Behind the clock"
    tablet.presses("Tablet").sees("A newer program is ready").presses("Update now")
    tablet.sees("Save this first, or go back to the card without it").is_sound()
    assert tablet.page.get_by_label("Where did you see the signed form today?").input_value() == "Behind the clock"
    tablet.presses("Save on this tablet").sees("2 changes waiting")

    # when it is pressed afterwards, then the newer one runs, and everything that waited is sent once
    tablet.presses("Tablet").presses("Update now").sees("Unlock", "2 changes waiting")
    line.is_good()
    tablet.types("Passphrase", PASSPHRASE).presses("Unlock").sees(NEWER.decode())
    is_sent(scene.paramedic, 2)
    assert [edit.outcome for edit in edits_of(scene.paramedic)] == ["applied", "applied"]


@pytest.mark.row(34, done="a newer program comes in part, or not", held="the old one serves")
@pytest.mark.fault
def test_a_newer_program_that_does_not_come_whole_leaves_the_old_one(line: BadLine, tablet: Tablet, site: Site) -> None:
    scene = a_scene(site)
    tablet.opens().sees("Nobody is set up").signs_in(scene.user_name).is_set_up().waits_until_fetched(1)
    is_kept_by_worker(tablet)
    gone = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    script = newer_worker(line, site)

    def newer(answer: bytes) -> bytes:
        return _with_body(answer, lambda _: script)

    # when its page is not what its worker says; or a file fails; or the worker is gone, spoilt, or a portal's page
    for worker, page in (
        (newer, lambda answer: answer),
        (newer, failed),
        (lambda _answer: gone, newer_shell),
        (lambda answer: _with_body(answer, lambda body: body + b"\n}{ spoilt"), newer_shell),
        (page_of_the_network, newer_shell),
    ):
        line.fails("/sw.js", worker)
        line.fails("/tablet/", lambda answer: answer)
        line.fails("/tablet", page)
        assert tablet.page.evaluate(_LOOKS_FOR_PROGRAM) == ["activated", ""]

        # then the old one serves, without signal too
        line.is_good()
        line.fails("/", swallowed)
        tablet.opens().unlocks().sees_no(NEWER.decode())
        line.is_good()


# --- What lies on the disk, and what is shown of it ------------------------------------------------------------------


@pytest.mark.row(52, done="rows changed or swapped on the disk", held="opened for nobody, fetched again")
@pytest.mark.fault
def test_rows_that_were_changed_or_swapped_on_the_disk_open_for_nobody_and_are_fetched_again(
    line: BadLine, tablet: Tablet, site: Site
) -> None:
    scene = a_scene(site, others=2)
    tablet.opens().sees("Nobody is set up").signs_in(scene.user_name).is_set_up().waits_until_fetched(3)
    for spoil in (_SWAPS, _FLIPS):
        line.fails("/", swallowed)
        tablet.page.evaluate(spoil)

        # when a card is opened whose row is another's, or was changed
        tablet.finds(scene.name, born=format_date(scene.born)).picks(scene.name)
        if "Open this record" in tablet.text:
            tablet.presses("Emergency: open now")

        # then none is shown, under no name
        tablet.sees("This record is not shown").sees_no("Not for CPR").is_sound()

        # and it is there again as soon as the register is
        line.is_good()
        tablet.presses("Tablet").presses("Ask the register now")
        wait_until(lambda: tablet.people() == 3, "it was not fetched again", seconds=60)
        wait_until(lambda: _opens(tablet, scene), "it does not open", seconds=60)


def _opens(tablet: Tablet, scene: Scene) -> bool:
    tablet.finds(scene.name, born=format_date(scene.born)).picks(scene.name)
    if "Open this record" in tablet.text:
        tablet.presses("Emergency: open now")
    time.sleep(0.5)
    return "Not for CPR" in tablet.text


_CHANGES = """change => new Promise((resolve, reject) => {
  const opening = indexedDB.open("epaccs-tablet");
  opening.onsuccess = () => {
    const work = opening.result.transaction("rows", "readwrite"), rows = work.objectStore("rows");
    const keys = rows.getAllKeys(), values = rows.getAll();
    values.onsuccess = () => CHANGE(rows, keys.result, values.result);
    work.oncomplete = () => { opening.result.close(); resolve(); };
    work.onabort = () => reject(work.error);
  };
})"""
_SWAPS = _CHANGES.replace(
    "CHANGE",
    "((rows, keys, values) => keys.forEach((key, place) => rows.put(values[(place + 1) % values.length], key)))",
)
_FLIPS = _CHANGES.replace(
    "CHANGE",
    "((rows, keys, values) => keys.forEach((key, place) => {"
    " new Uint8Array(values[place].box)[5] ^= 1; rows.put(values[place], key); }))",
)


@pytest.mark.row(51, done="markup in what others wrote", held="shown as text")
@pytest.mark.fault
def test_markup_in_what_others_wrote_is_text_on_a_tablet(line: BadLine, tablet: Tablet, site: Site) -> None:
    scene = a_scene(site, location=MARKUP)
    tablet.opens().sees("Nobody is set up").signs_in(scene.user_name).is_set_up("<b>4412</b>").waits_until_fetched(1)
    opens_card(tablet, scene)
    line.fails(SEALED, swallowed)
    saw_the_form(tablet, MARKUP).sees("not yet sent", "<script>").presses("Waits 1")

    # then every piece of it is read as it was written, and nothing of it has run
    assert "CANARY" not in tablet.page.title()
    assert tablet.page.locator("[data-screen] script, [data-screen] img").count() == 0
    tablet.sees(MARKUP)


# --- Coming and going ------------------------------------------------------------------------------------------------


@pytest.mark.row(48, done="ten wrong passphrases", held="the keys are erased; what waits is sent")
@pytest.mark.fault
def test_ten_wrong_passphrases_erase_the_keys_and_send_what_waits(line: BadLine, tablet: Tablet, site: Site) -> None:
    scene = a_scene(site)
    tablet.opens().sees("Nobody is set up").signs_in(scene.user_name).is_set_up().waits_until_fetched(1)
    opens_card(tablet, scene)
    line.fails("/", swallowed)
    saw_the_form(tablet, "On the fridge").sees("1 change waiting")
    tablet.presses("Lock")
    for left in range(9, 0, -1):
        tablet.types("Passphrase", "nine grey wolves").presses("Unlock").sees(f"After {left} more")
    tablet.types("Passphrase", "nine grey wolves").presses("Unlock").sees("Your keys on this tablet are erased")

    # then the right one opens nothing any more, and what was not sent is sent, under its author
    tablet.opens().sees("Nobody is set up on this tablet", "1 change waiting").is_sound()
    line.is_good()
    tablet.opens()
    is_sent(scene.paramedic)
    assert [edit.outcome for edit in edits_of(scene.paramedic)] == ["applied"]


@pytest.mark.row(54, done="signed out, and taken out of use, with entries unsent", held="what waits is sent first")
@pytest.mark.fault
def test_signing_out_and_taking_out_of_use_erase_nothing_that_waits(tablet: Tablet, site: Site) -> None:
    scene = a_scene(site)
    administrator = site.employs(Role.ADMINISTRATOR, scene.trust)
    tablet.opens().sees("Nobody is set up").signs_in(scene.user_name).is_set_up().waits_until_fetched(1)
    opens_card(tablet, scene)
    tablet.page.route(f"**{SEALED}", lambda asks: asks.fulfill(status=500))
    saw_the_form(tablet, "On the fridge").sees("1 change waiting")

    # when they sign out of the register
    tablet.page.goto("/")
    tablet.page.get_by_role("button", name="Sign out").first.click()
    tablet.opens().sees("Unlock", "1 change waiting")

    # and an administrator takes the tablet out of use before it could send
    device_id = db.session.scalars(select(Device.id).order_by(Device.enrolled_at.desc())).first()
    assert device_id is not None
    devices.take_out(administrator, [device_id], is_lost=False)
    db.session.commit()
    tablet.unlocks().sees("This tablet was taken out of use")

    # then what it held of anybody is gone, and what was written is not
    assert tablet.people() == 0
    assert tablet.unsent() == 1
    tablet.page.unroute(f"**{SEALED}")
    tablet.opens()
    is_sent(scene.paramedic)
    assert [edit.outcome for edit in edits_of(scene.paramedic)] == ["held"]
