"""A tablet in somebody's hand: a browser with a profile of its own, and what they do and see on it.

A tablet keeps its profile when its browser is closed or killed. What stands on its disk can be looked through.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Self
from uuid import UUID

from playwright.sync_api import BrowserContext, CDPSession, Locator, Page, Playwright
from sqlalchemy import select

from e2e.accessibility import check_page
from e2e.conftest import CHROMIUM_FLAGS, PASSWORD, Site
from e2e.scenes import days_ago, decided, on_the_register
from e2e.steps import Somebody
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.fields import format_date
from epaccs.sync.model.push import PushedEdit
from tests.factories import an_organisation

PASSPHRASE = "four quiet grey herons"
#: Words that only one person's record holds.
CANARY = "Sycamore canary"
#: A browser that Playwright did not start answers later on two busy cores.
PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Scene:
    """Somebody who refuses CPR, and a crew of their area."""

    name: str
    born: date
    entry_id: UUID
    trust: Organisation
    paramedic: Actor
    user_name: str
    gp: Actor
    area: str

    def a_moment(self) -> str:
        """An hour ago."""
        return (clock.now() - timedelta(hours=1)).isoformat(timespec="microseconds")

    def a_review(self) -> str:
        """In three months."""
        return (clock.today() + timedelta(days=90)).isoformat()

    @property
    def misspelt(self) -> str:
        """As somebody hears it: two letters change places."""
        return self.name[:3] + self.name[4] + self.name[3] + self.name[5:]


def a_scene(site: Site, *, others: int = 0, location: str = CANARY, area: str = "") -> Scene:
    """Three days ago, in an area of its own unless one is named; with so many others beside."""
    name, born, area = site.a_name(), site.a_birthday(), area or f"area-{next(site.numbers)}"
    with days_ago(3):
        gp = site.employs(Role.GP, an_organisation(area=area), name="Dr Anita Patel", may_sign=True)
        entry_id = on_the_register(gp, family_name=name, born_on=born)
        decided(gp, entry_id, reason="person_refuses", original_location=location)
        for _ in range(others):
            on_the_register(gp, family_name=f"{name}son", born_on=site.a_birthday())
    trust = an_organisation(type=OrganisationType.AMBULANCE, area=area)
    paramedic = site.employs(Role.PARAMEDIC, trust, name="Lee Hart")
    return Scene(name, born, entry_id, trust, paramedic, site.user_names[paramedic.clinician_id], gp, area)


def edits_of(author: Actor) -> list[PushedEdit]:
    """What of this author's writing on tablets the register has."""
    db.session.rollback()
    return list(db.session.scalars(select(PushedEdit).where(PushedEdit.author_id == author.clinician_id)))


def deeds_of(author: Actor) -> list[str]:
    """What the audit says of them."""
    db.session.rollback()
    return list(db.session.scalars(select(AuditEvent.kind).where(AuditEvent.actor_id == author.clinician_id)))


_IS_KEPT = "navigator.serviceWorker.controller !== null"
#: What a tablet says until its program is kept.
NOT_YET = "This tablet does not open without signal yet"


class Tablet:
    """One tablet; `page` is what it shows."""

    def __init__(
        self,
        playwright: Playwright,
        site: Site,
        profile: Path,
        *,
        address: str | None = None,
        flags: Sequence[str] = (),
    ) -> None:
        self._flags = flags
        self._playwright, self._site, self.profile = playwright, site, profile
        self.address = address or site.address
        self._context: BrowserContext | None = None
        self._pictures = count()
        self._room: CDPSession
        self.page: Page

    # --- The machine ---

    def looks_at(self, *camera: str) -> Self:
        """From its next start on its camera sees what these flags say."""
        self._flags = camera
        return self

    def starts(self) -> Self:
        """Its browser, with what it had kept."""
        self._context = self._playwright.chromium.launch_persistent_context(
            str(self.profile),
            executable_path=os.environ.get("EPACCS_TEST_CHROMIUM") or shutil.which("chromium"),
            args=[*CHROMIUM_FLAGS, *self._flags],
            base_url=self.address,
            viewport=self._site.viewport,
            locale="en-GB",
            timezone_id="Europe/London",
        )
        self._context.set_default_timeout(PATIENCE_SECONDS * 1000)
        self.page = self._context.pages[0] if self._context.pages else self._context.new_page()
        return self

    def opens(self, path: str = "/tablet") -> Self:
        """The program, however it is reached."""
        self.page.goto(path)
        return self

    def ends(self) -> None:
        """Its browser is closed, as somebody closes it."""
        if self._context is not None:
            self._context.close()
            self._context = None

    def forgets_sign_in(self) -> Self:
        """Nobody is signed in to the register in its browser any more."""
        assert self._context is not None
        self._context.clear_cookies(name=re.compile("^(?!epaccs-tablet$)"))
        return self

    def loses_everything(self) -> None:
        """Its browser takes away what it had kept, as browsers do when room is short."""
        assert self._context is not None
        session = self._context.new_cdp_session(self.page)
        session.send("Storage.clearDataForOrigin", {"origin": self.address, "storageTypes": "all"})

    def loses_what_pages_keep(self) -> Self:
        """The same while nothing of it is open: what a server has set stays."""
        assert self._context is not None
        self.page.goto("/healthz")
        session = self._context.new_cdp_session(self.page)
        kept = "indexeddb,cache_storage,service_workers,local_storage,file_systems"
        session.send("Storage.clearDataForOrigin", {"origin": self.address, "storageTypes": kept})
        return self

    def has_room_for(self, size: int | None) -> Self:
        """From its next start on its browser keeps so many bytes more than it has, and no other; None: any number.

        It asks how much room there is at the first write, and for half a minute not again.
        """
        assert self._context is not None
        if size is None:
            self._room.send("Storage.overrideQuotaForOrigin", {"origin": self.address})
            return self
        self.opens().sees("Unlock")
        wait_until(lambda: self.page.evaluate(_USED, "indexedDB"), "its database is not counted")
        self._room = self._context.new_cdp_session(self.page)
        quota = int(self.page.evaluate(_USED, "all")) + size
        self._room.send("Storage.overrideQuotaForOrigin", {"origin": self.address, "quotaSize": quota})
        return self

    def opens_window(self) -> Tablet:
        """Another window of the same browser."""
        assert self._context is not None
        other = Tablet(self._playwright, self._site, self.profile, address=self.address)
        other._context, other.page = self._context, self._context.new_page()
        return other.opens()

    def crashes(self) -> None:
        """This window ends as a window that crashes; nothing answers that it did, so no answer is waited for."""
        assert self._context is not None
        session = self._context.new_cdp_session(self.page)
        with self.page.expect_event("crash"):
            crash = self.page._loop.create_task(session._impl_obj.send("Page.crash", None, None))
            crash.add_done_callback(lambda done: done.cancelled() or done.exception())

    def clock_jumps(self, shift: timedelta) -> Self:
        """Somebody sets its own clock: so far beside the real time it stands from now on."""
        self.page.evaluate(_SHIFT, shift // timedelta(milliseconds=1))
        return self

    def starts_with_clock(self, shift: timedelta) -> Self:
        """Its browser, while its own clock stands so far beside the real time."""
        self.starts()
        assert self._context is not None
        self._context.add_init_script(f"({_SHIFT})({shift // timedelta(milliseconds=1)})")
        return self

    def is_killed(self) -> None:
        """Its browser ends in the middle of whatever it does."""
        mine = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit() and self._is_mine(one)]
        for process in mine:
            with _gone():
                os.kill(process, signal.SIGKILL)
        self._context = None

    def _is_mine(self, process: Path) -> bool:
        with _gone():
            return f"--user-data-dir={self.profile}".encode() in (process / "cmdline").read_bytes().split(b"\0")
        return False

    # --- The hands ---

    def presses(self, words: str) -> Self:
        """A button, by its words."""
        self._seen(self.page.get_by_role("button", name=words, exact=True)).click()
        return self

    def types(self, label: str, words: str) -> Self:
        """Into a box, by its label."""
        self._seen(self.page.get_by_label(label, exact=True)).fill(words)
        return self

    def ticks(self, *answers: str) -> Self:
        """Answers, by their words."""
        for answer in answers:
            self._seen(self.page.get_by_label(answer, exact=True)).check()
        return self

    def photographs_form(self, label: str, picture: bytes) -> Self:
        """Take a photo for a box."""
        file = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": picture}
        self.page.get_by_label(label, exact=True).set_input_files(file)  # type: ignore[arg-type]
        return self

    def signs_in(self, user_name: str) -> Self:
        """To the register itself, however slow it is, and back to the tablet's own page."""
        self.page.goto("/sign-in?next=/tablet&slow=1")
        self.page.get_by_label("User name", exact=True).fill(user_name)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        return self

    def is_set_up(self, label: str = "Vehicle 4412", passphrase: str = PASSPHRASE) -> Self:
        """By whoever is signed in."""
        self.sees("Set up this tablet")
        self.types("Name of the tablet", label).ticks("Managed tablet or telephone")
        self.types("Choose a passphrase", passphrase).types("The same passphrase again", passphrase)
        return self.presses("Set up").sees("Find a person")

    def unlocks(self, passphrase: str = PASSPHRASE, *, user: str = "") -> Self:
        """With a passphrase; `user`: as the lock screen calls them, where there are several."""
        if user:
            self.ticks(user)
        return self.types("Passphrase", passphrase).presses("Unlock").sees("Find a person")

    def finds(self, who: str, *, born: str = "", where: str = "") -> Self:
        """Send the search."""
        self.presses("Search").types("NHS number or name", who)
        self.types("Date of birth or age", born).types("Street or postcode", where)
        return self.sends("search")

    def picks(self, name: str) -> Self:
        """Of those found, the one of this family name; by key: the line above them may grow under a finger."""
        self.page.get_by_role("listitem").filter(has_text=name.upper()).get_by_role("button").press("Enter")
        return self

    def hands(self) -> Somebody:
        """Whoever fills in its forms without a mouse."""
        return Somebody(self.page, "", "", with_axe=False)

    def opens_card(self, name: str, born: date) -> Self:
        """Find somebody and open their card."""
        self.finds(name, born=format_date(born)).picks(name).sees("Open this record")
        return self.presses("Emergency: open now")

    def asks(self) -> Self:
        """Have it speak with the register at once."""
        return self.presses("Tablet").presses("Ask the register now").sees("Last contact")

    def sends(self, form: str) -> Self:
        """A form, as it stands."""
        self.page.locator(f"#{form}-form button[type=submit]").click()
        return self

    # --- The eyes ---

    def sees(self, *words: str) -> Self:
        """These words, shown now or soon."""
        for one in words:
            wait_until(lambda one=one: one in self.text, f"{one!r} is not shown: {self.text}")  # type: ignore[misc]
        return self

    def reads_first(self, words: str, before: str) -> Self:
        """Whoever reads from the top meets these words before the others."""
        self.sees(words, before)
        assert self.text.index(words) < self.text.index(before), f"{before!r} comes before {words!r}: {self.text}"
        return self

    def sees_no(self, *words: str) -> Self:
        """None of these words is shown."""
        for one in words:
            assert one not in self.text, f"{one!r} is shown"
        return self

    def is_sound(self) -> Self:
        """What is shown is held to the rules of every page."""
        self.photographs()
        check_page(self.page)
        return self

    @property
    def text(self) -> str:
        """Everything that can be read."""
        return " ".join(self.page.locator("body").inner_text().split())

    def waits_until_fetched(self, people: int) -> Self:
        """Until this many people are on the tablet, and it opens without signal."""
        wait_until(lambda: self.people() == people, f"{self.people()} people are on the tablet, not {people}")
        wait_until(lambda: self.page.evaluate(_IS_KEPT), "its program is not kept", seconds=60)
        return self

    def people(self) -> int:
        """How many rows lie in its database, whoever may read them."""
        return int(self.page.evaluate(_COUNT, "rows"))

    def plans(self) -> int:
        """How many whole plans lie in its database."""
        return int(self.page.evaluate(_COUNT, "plans"))

    def pieces_of_reserve(self) -> int:
        """How much of the room that was laid aside is left, in pieces."""
        return int(self.page.evaluate(_COUNT, "reserve"))

    def unsent(self) -> int:
        """How many edits lie in its database."""
        return int(self.page.evaluate(_COUNT, "outbox"))

    def unsent_looks(self) -> int:
        """How many entries of the read audit lie in its database that the register has not had."""
        return int(self.page.evaluate(_UNSENT_LOOKS))

    def unsent_photos(self) -> int:
        """How many photos of forms lie in its database."""
        return int(self.page.evaluate(_COUNT, "photos"))

    def photographs(self) -> None:
        """A picture of what is shown, for whoever asked for pictures."""
        if folder := os.environ.get("EPACCS_TEST_PICTURES"):
            name = f"{self._site.viewport['width']}-{next(self._pictures):02}.png"
            self.page.screenshot(path=str(Path(folder) / name), full_page=True)

    def _seen(self, found: Locator) -> Locator:
        return found.locator("visible=true")

    def kept_by_worker(self) -> list[str]:
        """The addresses of everything that its worker keeps."""
        return list(self.page.evaluate(_KEPT))

    def bytes_on_disk(self) -> Iterator[tuple[Path, bytes]]:
        """Every file of its profile."""
        for path in sorted(self.profile.rglob("*")):
            if path.is_file() and not path.is_symlink():
                with _gone():
                    yield path, path.read_bytes()


_UNSENT_LOOKS = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("epaccs-tablet");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const database = opening.result;
    const reading = database.transaction("audit").objectStore("audit").getAll();
    reading.onsuccess = () => { database.close(); resolve(reading.result.filter((row) => !row.settledAt).length); };
    reading.onerror = () => reject(reading.error);
  };
})"""
_COUNT = """store => new Promise((resolve, reject) => {
  const opening = indexedDB.open("epaccs-tablet");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const database = opening.result;
    const counting = database.transaction(store).objectStore(store).count();
    counting.onsuccess = () => { database.close(); resolve(counting.result); };
    counting.onerror = () => reject(counting.error);
  };
})"""


_USED = """what => navigator.storage.estimate().then(
  found => what === "all" ? found.usage : found.usageDetails[what] ?? 0)"""


#: The page's own clock, so many milliseconds beside the real one.
_SHIFT = """shift => {
  const Real = globalThis.RealDate ??= Date;
  globalThis.Date = class extends Real {
    constructor(...of) { if (of.length) super(...of); else super(Real.now() + shift); }
    static now() { return Real.now() + shift; }
  };
}"""


_KEPT = """async () => {
  const kept = [];
  for (const name of await caches.keys()) kept.push(...(await (await caches.open(name)).keys()));
  return kept.map(request => new URL(request.url).pathname);
}"""


@contextmanager
def _gone() -> Iterator[None]:
    """A file or process that has gone meanwhile is no matter."""
    try:
        yield
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return


def wait_until(is_so: Callable[[], object], otherwise: str, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Ask again and again: a page under a strict policy cannot be asked to wait.

    Raises:
        AssertionError: it did not become so.
    """
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, otherwise
        time.sleep(0.05)
