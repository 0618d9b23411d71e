"""What a crew sees when the line is dead: where they stand, and no screen that waits for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from e2e.bad_line import BLACK_HOLE, BadLine
from e2e.conftest import Site
from e2e.tablets import Tablet, a_scene, edits_of, wait_until
from epaccs.core.fields import format_date

pytestmark = [pytest.mark.fault, pytest.mark.only_on("telephone-sqlite")]


@pytest.fixture
def tablet(site: Site, line: BadLine, chromium_maker: Playwright, tmp_path: Path) -> Iterator[Tablet]:
    """A tablet on that line, never set up."""
    one = Tablet(chromium_maker, site, tmp_path / "profile", address=line.address)
    yield one.starts()
    one.ends()


@pytest.mark.row(2, done="no signal, and never set up", held="it says that nobody is set up, and waits for nothing")
def test_a_tablet_that_was_never_set_up_says_so_without_signal(line: BadLine, tablet: Tablet) -> None:
    tablet.opens().sees("Nobody is set up on this tablet")
    wait_until(lambda: "/tablet" in tablet.kept_by_worker(), "the shell is not kept")
    line.refuses()

    began = time.monotonic()
    tablet.opens().sees("Nobody is set up on this tablet", "No contact with the register yet").is_sound()

    assert time.monotonic() - began < 10
    tablet.sees_no("Last contact", "online", "Loading")


@pytest.mark.row(
    11, done="a line that answers nothing, in somebody's hands", held="search, card and entry go on at once"
)
def test_a_line_that_never_answers_keeps_nobody_from_reading_and_writing(
    site: Site, line: BadLine, tablet: Tablet
) -> None:
    scene = a_scene(site)
    tablet.opens().signs_in(scene.user_name).is_set_up().waits_until_fetched(1)
    line.fails("/", BLACK_HOLE)
    tablet.presses("Tablet").presses("Ask the register now")
    began = time.monotonic()

    tablet.finds(scene.name, born=format_date(scene.born)).picks(scene.name).sees("Open this record")
    tablet.presses("Emergency: open now").sees("Not for CPR")
    tablet.presses("I saw the signed form").types("Where did you see the signed form today?", "On the fridge")
    tablet.presses("Save on this tablet").sees("1 change waiting", "not yet sent", "On the fridge")

    assert time.monotonic() - began < 15, "something waited for the register"
    assert "This network asks" not in tablet.text
    line.is_good()
    wait_until(lambda: len(edits_of(scene.paramedic)) == 1, "it was not sent", seconds=90)
