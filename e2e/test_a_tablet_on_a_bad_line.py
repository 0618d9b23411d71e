"""Whatever a line does between a tablet and the register, nothing is lost or there twice, and nobody is misled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from e2e.bad_line import BadLine, bad_line, cut_in_half, page_of_the_network, swallowed, without_its_last_line
from e2e.conftest import Site
from e2e.tablets import NOT_YET, PASSPHRASE, Scene, Tablet, a_scene, deeds_of, edits_of, wait_until
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Role
from epaccs.core.fields import format_date

pytestmark = pytest.mark.only_on("telephone-sqlite")

PULL, SEALED = "/sync/v1/pull", "/sync/v1/sealed"
OTHER_PASSPHRASE = "five slow brown bears here"


@pytest.fixture
def line(site: Site) -> Iterator[BadLine]:
    """The line between tablet and register."""
    with bad_line(site.served.port) as one:
        yield one
    site.served.start()


@pytest.fixture
def tablet(site: Site, line: BadLine, chromium_maker: Playwright, tmp_path: Path) -> Iterator[Tablet]:
    """A tablet on that line, never set up."""
    one = Tablet(chromium_maker, site, tmp_path / "profile", address=line.address)
    yield one.starts()
    one.ends()


def opens_card(tablet: Tablet, scene: Scene) -> None:
    tablet.finds(scene.name, born=format_date(scene.born)).picks(scene.name).sees("Open this record")
    tablet.presses("Emergency: open now").sees("Not for CPR")


def saw_the_form(tablet: Tablet, where: str) -> None:
    tablet.presses("I saw the signed form").types("Where did you see the signed form today?", where)
    tablet.presses("Save on this tablet").sees("I saw the signed form", where)


@pytest.mark.row(8, done="the answer to what was sent is lost", held="sent again, and there once")
@pytest.mark.row(14, done="a network answers everything with its own page", held="nothing is taken, and it says so")
def test_a_line_that_fails_loses_nothing_and_sends_nothing_twice(site: Site, line: BadLine, tablet: Tablet) -> None:
    scene = a_scene(site, others=2)

    # when the first download is cut in half, then at the end of a line, then the server dies in the middle of it
    def dies(answer: bytes) -> bytes:
        site.served.kill()
        return cut_in_half(answer)

    for fault in (cut_in_half, without_its_last_line, dies):
        line.fails_once(PULL, fault)
    tablet.opens().signs_in(scene.user_name).is_set_up()
    wait_until(lambda: not site.served.is_running, "the tablet did not ask again", seconds=60)

    # then nothing of it was taken, and it says so
    tablet.sees("The first download is not finished")
    assert tablet.people() == 0

    # when the server is back and the register is asked, then everybody comes
    site.served.start()
    tablet.presses("Tablet").presses("Ask the register now")
    wait_until(lambda: tablet.people() == 3, "the download was not finished", seconds=60)

    # when a network answers everything with a page of its own
    line.fails("/", page_of_the_network)
    opens_card(tablet, scene)
    saw_the_form(tablet, "On the fridge")

    # then it says so, and what was written waits
    tablet.sees("This network asks for a sign-in of its own", "1 change waiting")

    # when the network is left, and the register's answer to what was sent is lost
    line.is_good()
    line.fails_once(SEALED, swallowed)
    tablet.presses("Waits 1").presses("Try to send now")
    wait_until(lambda: len(edits_of(scene.paramedic)) == 1, "it did not arrive")

    # then it is sent again, and is there once
    wait_until(lambda: "nothing waits to be sent" in tablet.text, "it was not sent again", seconds=60)
    assert [edit.outcome for edit in edits_of(scene.paramedic)] == ["applied"]
    assert line.asked.count(SEALED) >= 2


def test_a_tablet_says_that_it_does_not_open_without_signal_until_its_program_is_kept(
    site: Site, line: BadLine, tablet: Tablet
) -> None:
    scene = a_scene(site)

    # when a file of the program gets lost on the way, and everything else comes
    line.fails("/sw.js", swallowed)
    tablet.opens().signs_in(scene.user_name).is_set_up()
    wait_until(lambda: tablet.people() == 1, "nobody came")

    # then it says so, and goes on trying until it is kept
    tablet.sees(NOT_YET).is_sound()
    line.is_good()
    tablet.waits_until_fetched(1)

    # then it opens where there is no signal
    line.fails("/", swallowed)
    tablet.opens().unlocks()
    opens_card(tablet, scene)


@pytest.mark.row(26, done="the browser takes everything away in use", held="no card stays; said at once")
@pytest.mark.row(49, done="users change places with unsent work", held="each reads their own; sent under its author")
def test_a_tablet_goes_from_hand_to_hand_with_unsent_work_on_it(site: Site, line: BadLine, tablet: Tablet) -> None:
    scene = a_scene(site)
    second = site.employs(Role.PARAMEDIC, scene.trust, name="Ann Boyd")

    # given two users of one tablet
    tablet.opens().signs_in(scene.user_name).is_set_up().waits_until_fetched(1)
    tablet.forgets_sign_in().signs_in(site.user_names[second.clinician_id]).sees("Set up this tablet")
    tablet.types("Choose a passphrase", OTHER_PASSPHRASE).types("The same passphrase again", OTHER_PASSPHRASE)
    tablet.presses("Set up").sees("Find a person")
    tablet.presses("Lock").sees("Unlock")

    # when the first of them writes without signal, and hands it over
    line.fails("/", swallowed)
    tablet.unlocks(user="Lee Hart, paramedic")
    opens_card(tablet, scene)
    saw_the_form(tablet, "Behind the clock")
    tablet.presses("Lock").sees("Unlock", "1 change waiting").sees_no("Behind the clock")

    # then the second has it within five seconds, and reads that something of somebody else waits, and not what
    handed_over_at = time.monotonic()
    tablet.unlocks(OTHER_PASSPHRASE, user="Ann Boyd, paramedic")
    assert time.monotonic() - handed_over_at < 5
    opens_card(tablet, scene)
    tablet.sees("Another user of this tablet has 1 unsent change").sees_no("Behind the clock")
    tablet.presses("Waits 1").sees("1 unsent change of other users").sees_no("Behind the clock")

    # when there is signal while the second has the tablet, then it is sent under the first one's name
    line.is_good()
    tablet.presses("Try to send now")
    wait_until(lambda: len(edits_of(scene.paramedic)) == 1, "it was not sent", seconds=60)
    assert edits_of(second) == []

    # when the browser takes everything away while the tablet is in use
    tablet.loses_everything()

    # then no card stays on the screen, and it says what happened
    tablet.sees("The browser took away what was on this tablet").sees_no("Not for CPR")


def test_a_lease_that_ends_at_a_bedside_is_gone_past_once_with_a_reason(
    site: Site, line: BadLine, tablet: Tablet
) -> None:
    scene = a_scene(site)
    tablet.opens().signs_in(scene.user_name).is_set_up().waits_until_fetched(1)

    # when nineteen hours have passed without signal
    line.fails("/", swallowed)
    tablet.page.clock.install(time=datetime.now(UTC) + timedelta(hours=19))
    tablet.opens().sees("The time for which you may read here without signal has ended").is_sound()

    # then the passphrase alone opens nothing
    tablet.types("Passphrase", PASSPHRASE).presses("Unlock").sees("Say why you must go on now")

    # and with a reason it opens, says until when, and the card says that it is old
    tablet.ticks("Emergency: somebody needs care now").unlocks()
    tablet.sees("Your lease has ended. You may read until", "it is looked into").is_sound()
    opens_card(tablet, scene)
    tablet.sees("This copy left the register 19 h ago", "It may have changed since: ring").is_sound()

    # when the register is reached again, then the audit says that the glass was broken
    line.is_good()
    tablet.presses("Tablet").presses("Ask the register now")
    wait_until(lambda: tablet.unsent_looks() == 0, "the looks were not sent", seconds=60)
    assert str(EventKind.OFFLINE_DEED) in deeds_of(scene.paramedic)
