"""A crew holds a sheet before a tablet: without signal it says whether it was altered, and what it knows beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from e2e.conftest import Site
from e2e.paper import CARD, Paper, as_jpeg, before_the_camera, photograph_of, photograph_of_code
from e2e.scenes import decided, on_the_register, opened
from e2e.tablets import Scene, Tablet, a_scene
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.handover.actions.sheets import Order, print_sheet
from epaccs.handover.model import HandoverSheet
from epaccs.handover.rules import Destination
from epaccs.markers.actions import end_marker, print_marker
from epaccs.markers.rules import EndReason

GENUINE = "The square code was not altered"
ALARM = "Do not rely on this paper"
PICTURE = "Or take a picture of the code"


@pytest.fixture
def tablet(site: Site, chromium_maker: Playwright, tmp_path: Path) -> Iterator[Tablet]:
    one = Tablet(chromium_maker, site, tmp_path / "profile")
    yield one.starts()
    one.ends()
    site.served.start()


def printed(site: Site, scene: Scene) -> tuple[HandoverSheet, bytes]:
    """A sheet of the person as they are now, from the practice's own printer."""
    sheet_id = new_id()
    opened(scene.gp, scene.entry_id)
    order = Order("Ambulance crew", Destination.PROFESSIONAL, "Fridge door")
    paper = print_sheet(scene.gp, sheet_id, entry_id=scene.entry_id, order=order, settings=site.app.config["EPACCS"])
    assert paper.content is not None
    return db.session.get_one(HandoverSheet, sheet_id), paper.content


def test_a_sheet_is_held_before_a_tablet_without_signal(site: Site, tablet: Tablet, tmp_path: Path) -> None:
    scene = a_scene(site)
    other, born = site.a_name(), site.a_birthday()
    on_the_register(scene.gp, family_name=other, born_on=born)
    sheet, paper = printed(site, scene)
    tablet.signs_in(scene.user_name).is_set_up().waits_until_fetched(2)
    number = f"{sheet.code[:4]}-{sheet.code[4:]}"

    # given no signal, and a sheet that somebody holds before the camera, not quite straight
    tablet.ends()
    site.served.stop()
    tablet.looks_at(*before_the_camera(photograph_of(paper), tmp_path / "camera.mjpeg")).starts().opens().unlocks()
    tablet.presses("Scan a sheet or a marker").sees("It says whether the sheet was altered").is_sound()
    tablet.presses("Use the camera")

    # then it says what should stand on the paper, and not that it still holds
    tablet.sees(
        GENUINE, f"Sheet {number}", "The sheet says about CPR Not for CPR", "Compare each of these with the paper"
    )
    tablet.sees("holds nothing newer about the person", "Whether the sheet still holds only the register knows")
    tablet.sees_no(ALARM).is_sound()

    # and leads to the person's record, which asks why as always
    tablet.presses("Open the record on this tablet").sees("Open this record", scene.name.upper())
    tablet.presses("Emergency: open now").sees("Not for CPR")

    # but beside somebody else's record it is an alarm
    tablet.opens_card(other, born).presses("Scan a sheet or a marker").presses("Use the camera")
    tablet.sees(ALARM, f"This sheet does not fit {other.upper()}, whose record is open").is_sound()
    tablet.presses("Back").sees(other.upper())

    # and a code that somebody altered, or drew themselves, is found out in a picture too
    address, _, stamp = Paper(paper).codes[0].partition("#")
    altered = f"{stamp[:40]}{'A' if stamp[40] != 'A' else 'B'}{stamp[41:]}"
    tablet.presses("Search").presses("Scan a sheet or a marker")
    for text, words in (
        (f"{address}#{altered}", "Its square code was altered"),
        (address, "That of a list is right so; that of a sheet was altered"),
    ):
        tablet.photographs_form(PICTURE, as_jpeg(photograph_of_code(text))).sees(words)
        tablet.sees_no(GENUINE, "The sheet says about CPR")
    tablet.photographs_form(PICTURE, b"no picture at all").sees("No square code was found in the picture")
    tablet.photographs_form(PICTURE, as_jpeg(photograph_of(paper))).sees(GENUINE)


def test_a_tablet_that_knows_of_a_newer_decision_says_so_of_the_sheet(site: Site, tablet: Tablet) -> None:
    scene = a_scene(site)
    _, paper = printed(site, scene)
    opened(scene.gp, scene.entry_id)
    decided(scene.gp, scene.entry_id, recommendation="for_cpr", reason="benefit_expected")
    tablet.signs_in(scene.user_name).is_set_up().waits_until_fetched(1)
    site.served.stop()

    tablet.presses("Scan a sheet or a marker").photographs_form(PICTURE, as_jpeg(photograph_of(paper)))

    tablet.sees(ALARM, "This tablet holds a newer CPR decision than this sheet", "The sheet says about CPR Not for CPR")
    tablet.presses("Open the record on this tablet").presses("Emergency: open now").sees("CPR recommended")
    tablet.presses("Scan a sheet or a marker").photographs_form(PICTURE, as_jpeg(photograph_of(paper)))
    tablet.sees("This tablet holds a newer CPR decision than this sheet").presses("Back").sees("CPR recommended")


def marked(site: Site, scene: Scene) -> bytes:
    """A marker of the person, which was reported lost after it was printed."""
    marker_id = new_id()
    opened(scene.gp, scene.entry_id)
    settings = site.app.config["EPACCS"]
    paper = print_marker(scene.gp, marker_id, entry_id=scene.entry_id, place="Fridge door", settings=settings)
    end_marker(scene.gp, marker_id, entry_id=scene.entry_id, reason=EndReason.LOST)
    assert paper.content is not None
    return paper.content


def test_a_marker_leads_to_its_person_on_a_tablet_without_signal(site: Site, tablet: Tablet, tmp_path: Path) -> None:
    scene = a_scene(site)
    other, born = site.a_name(), site.a_birthday()
    on_the_register(scene.gp, family_name=other, born_on=born)
    paper = marked(site, scene)
    tablet.signs_in(scene.user_name).is_set_up().waits_until_fetched(2)

    # given no signal, and the marker on a fridge before the camera
    tablet.ends()
    site.served.stop()
    seen = before_the_camera(photograph_of(paper, CARD), tmp_path / "camera.mjpeg")
    tablet.looks_at(*seen).starts().opens().unlocks()
    tablet.presses("Scan a sheet or a marker").sees("leads to the person it was printed for")
    tablet.presses("Use the camera")

    # then it says whose it is, that this is not who lies there, and nothing of CPR
    tablet.sees("A marker of this person", f"Name {scene.name.upper()}, Grace", "not who lies there").is_sound()
    tablet.sees_no(ALARM, GENUINE, "Not for CPR")

    # and leads to the person's record, which says who it is and asks why as always
    tablet.presses("Open the record on this tablet").sees("Open this record", scene.name.upper())
    tablet.presses("Emergency: open now").sees("Not for CPR")
    tablet.presses("Scan a sheet or a marker").presses("Use the camera").sees("A marker of this person")
    tablet.presses("Back").sees("Not for CPR")

    # but beside somebody else's record it is an alarm
    tablet.opens_card(other, born).presses("Scan a sheet or a marker").presses("Use the camera")
    tablet.sees("A marker of somebody else", f"This marker is not of {other.upper()}, Grace, whose record is open")
    tablet.is_sound().presses("Back").sees(other.upper())

    # and one of nobody here, or half of one, says so
    [address, *_] = Paper(paper).codes
    tablet.presses("Search").presses("Scan a sheet or a marker")
    of_nobody = f"{address[:-16]}{'A' * 16}"
    tablet.photographs_form(PICTURE, as_jpeg(photograph_of_code(of_nobody))).sees(
        "Nobody on this tablet has this marker", "This does not mean that there is no CPR decision"
    )
    half = address.partition("#")[0]
    tablet.photographs_form(PICTURE, as_jpeg(photograph_of_code(half))).sees(
        "This marker was not read whole"
    ).is_sound()
