"""Whatever is lost between a tablet and the register, nothing that was written is lost, and nothing counts twice."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from e2e.bad_line import (
    BLACK_HOLE,
    REQUEST_LOST,
    BadLine,
    Fault,
    bad_line,
    swallowed,
    with_body,
    without_its_encoding,
)
from e2e.conftest import Site
from e2e.faults.conftest import NewTablet
from e2e.faults.crew import Crew, Screenless, heard
from e2e.faults.standing import assert_nothing_lost_or_doubled, outcomes_of
from e2e.scenes import decided, opened
from e2e.tablets import CANARY, Scene, a_scene, wait_until

PULL, SEALED = "/sync/v1/pull", "/sync/v1/sealed"
fault = pytest.mark.fault
on_sqlite = pytest.mark.only_on("telephone-sqlite")


def stands_empty(tablet: Screenless) -> bool:
    """Nothing of a page was taken."""
    state = tablet.state()
    return state["counts"]["rows"] == 0 and all(place["current"] is None for place in state["places"])


# --- In each run -----------------------------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.row(5, done="server killed after it wrote, before it answered", held="sent again, and there once")
def test_an_edit_whose_answer_died_with_the_server_counts_once(
    site: Site, line: BadLine, scene: Scene, tablet: Screenless
) -> None:
    edit = tablet.saw_the_form(scene.entry_id, "On the fridge")
    line.fails_once(SEALED, Fault(at_first_byte=site.served.kill, cut_down_after=0))

    tablet.round()
    assert outcomes_of(tablet) == {edit: "applied"}
    assert tablet.waiting == [edit]
    site.served.start()
    tablet.round()

    assert tablet.waiting == []
    assert_nothing_lost_or_doubled(site, tablet, line=line, canaries=[scene.name, CANARY])


@on_sqlite
@pytest.mark.row(9, done="a page cut at the end of a line and beside it", held="nothing of it is taken")
def test_a_page_that_is_cut_at_the_end_of_a_line_is_not_taken(
    site: Site, line: BadLine, scene: Scene, new_tablet: NewTablet
) -> None:
    tablet = new_tablet(scene.paramedic)

    cut_everywhere(line, tablet, lines=[1, 3])

    tablet.round()
    assert_nothing_lost_or_doubled(site, tablet, line=line)


@on_sqlite
@pytest.mark.row(38, done="CPR decided online and on two tablets at once", held="held; every tablet shows the doubt")
def test_decisions_made_at_once_are_held_and_every_tablet_shows_the_doubt(
    site: Site, line: BadLine, scene: Scene, tablet: Screenless, new_tablet: NewTablet
) -> None:
    gp_tablet = new_tablet(scene.gp)
    gp_tablet.round()
    body = {"recommendation": "for_cpr", "reason": "benefit_expected", "decided_at": scene.a_moment()}
    signed = gp_tablet.writes(scene.entry_id, "cpr", "sign", body | a_signature(scene))
    opened(scene.gp, scene.entry_id)
    decided(scene.gp, scene.entry_id)

    gp_tablet.round()
    tablet.round()

    assert outcomes_of(gp_tablet) == {signed: "held"}
    for one in (gp_tablet, tablet):
        card = one.asks("card", entry_id=str(scene.entry_id))
        assert "sides" in card["cpr"], "both sides are on the card"
    assert_nothing_lost_or_doubled(site, tablet, gp_tablet, line=line)


def a_signature(scene: Scene) -> dict[str, Any]:
    """What a decision needs besides."""
    moment = scene.a_moment()
    return {
        "capacity": {"has_capacity": True, "assessed_at": moment},
        "involvement": {"person_involved": True},
        "aware": ["person", "family"],
        "review_on": scene.a_review(),
        "original_location": "Hall drawer",
    }


def cut_everywhere(line: BadLine, tablet: Screenless, *, lines: list[int] | None = None) -> int:
    """Cut the first page at the end of lines, a byte before and a byte after, as a reset and made to look whole."""
    tried = 0
    for number in lines or range(1, 100):
        for beside in (-1, 0, 1):
            for looks_whole in (True, False):
                cut = _Cut(number, beside, looks_whole=looks_whole)
                line.fails_once(PULL, Fault(changes=cut, is_reset=not looks_whole))
                tablet.round()
                if cut.is_whole:
                    line.is_good()
                    return tried
                assert stands_empty(tablet), f"line {number} {beside:+} was taken"
                tried += 1
    return tried


class _Cut:
    """A page up to so many lines; `is_whole`: there was nothing left to cut."""

    def __init__(self, lines: int, beside: int, *, looks_whole: bool) -> None:
        self._lines, self._beside, self._looks_whole = lines, beside, looks_whole
        self.is_whole = False

    def __call__(self, answer: bytes) -> bytes:
        head, _, body = answer.partition(b"\r\n\r\n")
        ends = [place + 1 for place, byte in enumerate(body) if byte == ord("\n")]
        if self._lines >= len(ends):
            self.is_whole = True
            return swallowed(answer) or b""
        kept = body[: ends[self._lines - 1] + self._beside]
        return with_body(answer, kept) if self._looks_whole else head + b"\r\n\r\n" + kept


# --- The server dies -------------------------------------------------------------------------------------------------


@fault
@pytest.mark.row(4, done="server killed in the middle of a page", held="the page is not taken, the next one completes")
def test_a_server_that_dies_in_the_middle_of_a_page_leaves_the_copy_as_it_was(
    site: Site, line: BadLine, scene: Scene, tablet: Screenless
) -> None:
    edit = tablet.saw_the_form(scene.entry_id, "On the fridge")
    tablet.round()
    opened(scene.gp, scene.entry_id)
    decided(scene.gp, scene.entry_id, original_location="Behind the clock")
    before = tablet.state()
    line.fails_once(PULL, Fault(at_first_byte=site.served.kill, cut_down_after=900))

    assert tablet.round()["phase"] == "away"
    after = tablet.state()
    assert (after["places"], after["people"]) == (before["places"], before["people"])
    site.served.start()
    tablet.round()

    assert tablet.state()["people"] != before["people"]
    assert outcomes_of(tablet) == {edit: "applied"}
    assert_nothing_lost_or_doubled(site, tablet, line=line, canaries=[scene.name, CANARY])


@fault
@pytest.mark.row(6, done="server killed before it had written", held="the edit waits, and is applied once later")
def test_an_edit_that_was_not_yet_written_when_the_server_died_is_applied_later(
    site: Site, line: BadLine, scene: Scene, tablet: Screenless
) -> None:
    edit = tablet.saw_the_form(scene.entry_id, "On the fridge")

    with nobody_else_writes(site):
        going = tablet.begins("round")
        wait_until(lambda: SEALED in line.asked, "it was not sent")
        time.sleep(0.5)
        site.served.kill()
    heard(going)

    assert outcomes_of(tablet) == {}
    assert tablet.waiting == [edit]
    site.served.start()
    tablet.round()
    assert outcomes_of(tablet) == {edit: "applied"}
    assert_nothing_lost_or_doubled(site, tablet, line=line)


@contextmanager
def nobody_else_writes(site: Site) -> Iterator[None]:
    """Somebody holds the lock without which nothing is written."""
    engine = create_engine(site.served.settings.database_url)
    is_sqlite = engine.dialect.name == "sqlite"
    lock = "UPDATE change_counter SET id = id" if is_sqlite else "LOCK TABLE pushed_edit, tablet_book"
    with engine.connect() as connection:
        connection.execute(text(lock))
        yield
        connection.rollback()
    engine.dispose()


# --- Something is lost on the way ------------------------------------------------------------------------------------


@fault
@on_sqlite
@pytest.mark.row(7, done="what was sent is lost on the way, whole or in part", held="it waits, and is there once later")
@pytest.mark.parametrize("lost", [REQUEST_LOST, Fault(cut_up_after=200), Fault(cut_up_after=900)])
def test_a_request_that_is_lost_is_sent_again(
    site: Site, line: BadLine, scene: Scene, tablet: Screenless, lost: Fault
) -> None:
    edit = tablet.saw_the_form(scene.entry_id, "On the fridge")
    line.fails_once(SEALED, lost)

    tablet.round()
    assert (tablet.waiting, outcomes_of(tablet)) == ([edit], {})
    tablet.round()

    assert outcomes_of(tablet) == {edit: "applied"}
    assert_nothing_lost_or_doubled(site, tablet, line=line)


@fault
@on_sqlite
@pytest.mark.row(9, done="a page cut at the end of each line and beside it", held="nothing of it is taken")
def test_a_page_that_is_cut_anywhere_is_not_taken(site: Site, line: BadLine, new_tablet: NewTablet) -> None:
    scene = a_scene(site, others=11)
    tablet = new_tablet(scene.paramedic)

    assert cut_everywhere(line, tablet) == 12 * 6

    tablet.round()
    assert_nothing_lost_or_doubled(site, tablet, line=line)


@fault
@pytest.mark.row(10, done="the same push five times at once", held="one row, and equal answers")
def test_the_same_push_at_once_counts_once_and_is_answered_alike(
    site: Site, line: BadLine, scene: Scene, tablet: Screenless
) -> None:
    edits = [tablet.saw_the_form(scene.entry_id, place) for place in ("On the fridge", "In the hall")]
    taken: list[bytes] = []
    line.fails_once(SEALED, Fault(answers=lambda request: taken.append(request) or b"", is_reset=False))
    tablet.round()

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: post_again(site, taken[0]), range(5)))

    assert all(answer["results"] == answers[0]["results"] for answer in answers)
    assert [one["outcome"] for one in answers[0]["results"]] == ["applied", "applied"]
    tablet.round()
    assert list(outcomes_of(tablet)) == edits
    assert_nothing_lost_or_doubled(site, tablet, line=line)


def post_again(site: Site, request: bytes) -> Any:
    """The same once more, past the line; again when the register says that it is busy."""
    head, _, body = request.partition(b"\r\n\r\n")
    path = head.split(b" ")[1].decode()
    for _ in range(20):
        connection = http.client.HTTPConnection("127.0.0.1", site.served.port, timeout=30)
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = json.loads(answer.read())
        connection.close()
        if answer.status == 200:
            return said
        assert answer.status == 503, said
        time.sleep(0.2)
    raise AssertionError("the register is always busy")


@fault
@on_sqlite
@pytest.mark.row(15, done="a proxy drops Content-Encoding, or cuts what is compressed", held="the page is not taken")
def test_a_page_that_was_spoilt_by_a_proxy_is_not_taken(site: Site, crew: Crew, scene: Scene) -> None:
    def cut_inside(answer: bytes) -> bytes:
        body = answer.partition(b"\r\n\r\n")[2]
        return with_body(answer, body[: len(body) // 2])

    with bad_line(site.served.port, is_compressed=True) as line:
        tablet = Screenless(crew, line.address, scene.paramedic).is_set_up()
        for spoilt in (without_its_encoding, cut_inside):
            line.fails_once(PULL, spoilt)
            tablet.round()
            assert stands_empty(tablet)
        tablet.round()
        assert_nothing_lost_or_doubled(site, tablet, line=line)


@fault
@on_sqlite
@pytest.mark.row(11, done="a line that takes everything and answers nothing", held="given up after 20 s; longer waits")
def test_a_line_that_never_answers_is_given_up_after_twenty_seconds(
    site: Site, line: BadLine, scene: Scene, tablet: Screenless
) -> None:
    edit = tablet.saw_the_form(scene.entry_id, "On the fridge")
    line.fails("/", BLACK_HOLE)
    began = time.monotonic()

    state = tablet.round()

    assert 19 < time.monotonic() - began < 30
    assert state["phase"] == "away"
    assert 2_500 <= state["wait"] <= 5_000
    line.fails("/", swallowed)
    line.faults.reverse()
    waits = [tablet.round()["wait"] for _ in range(6)]
    assert max(waits) > 10_000, "it waits longer each time"
    line.is_good()
    tablet.round()
    assert outcomes_of(tablet) == {edit: "applied"}
    assert_nothing_lost_or_doubled(site, tablet, line=line)


@fault
@on_sqlite
@pytest.mark.row(13, done="the line comes and goes every 3 s for 2 min", held="no storm; all arrives, once")
def test_a_line_that_comes_and_goes_is_not_stormed(site: Site, line: BadLine, scene: Scene, tablet: Screenless) -> None:
    over, before = threading.Event(), len(line.passed)
    flapping = threading.Thread(target=flap, args=(line, over), daemon=True)
    flapping.start()
    going = tablet.begins("goes", seconds=120)
    for place in ("On the fridge", "In the hall", "By the bed"):
        tablet.saw_the_form(scene.entry_id, place)
        time.sleep(15)
    waits = heard(going, 180)["waits"]
    over.set()
    flapping.join()
    line.is_good()

    # Each round asks at most for the edits, for the looks and for what is new; it lies as far from the next as it says.
    assert len(line.passed) - before <= 4 * len(waits)
    assert len(waits) <= 30
    tablet.round()
    assert len(outcomes_of(tablet)) == 3
    assert_nothing_lost_or_doubled(site, tablet, line=line, canaries=[scene.name, CANARY])


def flap(line: BadLine, over: threading.Event) -> None:
    while not over.wait(3):
        line.refuses()
        line.is_cut()
        over.wait(3)
        line.listens()
