"""A crew in a house without signal finds the person, reads the decision with its age, and writes down what it did."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image
from playwright.sync_api import Playwright
from sqlalchemy import select

from e2e.conftest import Site
from e2e.scenes import opened
from e2e.tablets import CANARY, Scene, Tablet, a_scene, deeds_of, edits_of, wait_until
from epaccs.audit.events import EventKind
from epaccs.core.db import db
from epaccs.core.fields import format_date
from epaccs.core.nhs_number import format_nhs_number
from epaccs.record.model import SearchPerson
from epaccs.scans.model import Scan
from epaccs.scans.queries import open_scan

EXIF_CANARY = b"Taken in Sycamore Close"


@pytest.fixture
def tablet(site: Site, chromium_maker: Playwright, tmp_path: Path) -> Iterator[Tablet]:
    """A tablet that was never set up."""
    one = Tablet(chromium_maker, site, tmp_path / "profile")
    yield one.starts()
    one.ends()
    site.served.start()


@pytest.mark.row(21, done="the browser is killed after an entry was saved", held="it is there, under its author")
@pytest.mark.row(1, done="no signal at the start, the shell is kept", held="opens locked; search, card and entry go on")
@pytest.mark.row(3, done="the server is dead, the network is not", held="the same, and all is sent when it lives again")
def test_a_crew_reads_and_writes_in_a_house_without_signal(site: Site, tablet: Tablet) -> None:
    scene = a_scene(site)

    # given a paramedic who set up a tablet at the station, and locked it
    tablet.opens().sees("Nobody is set up on this tablet").is_sound()
    tablet.signs_in(scene.user_name).sees("Set up this tablet").is_sound().is_set_up()
    tablet.waits_until_fetched(1).sees("Last contact", "nothing waits to be sent").is_sound()
    tablet.presses("Lock").sees("Unlock").sees_no(scene.name).is_sound()

    # and a house where the register is not reached
    site.served.kill()
    tablet.ends()
    tablet.starts().opens("/search").sees("The register did not answer within three seconds", "Unlock")
    tablet.opens().sees("Unlock", "Last contact").sees_no("online").unlocks()

    # when the name is typed as it was heard
    tablet.finds(scene.misspelt, born=format_date(scene.born))

    # then the person is found, and opened only with a reason
    tablet.sees("1 person found", format_date(scene.born)).is_sound()
    tablet.picks(scene.name).sees("Open this record").is_sound()
    tablet.sends("reason").sees("Say why you are opening this record", "Tick two things you compared")
    tablet.ticks("Cannot ask; needed for their direct care", "Name", "Date of birth").sends("reason")

    # then the decision stands there with the age of the copy
    tablet.sees("This copy left the register", "Not for CPR", CANARY).is_sound()

    # when the person says that they no longer refuse
    tablet.presses("The person no longer refuses CPR").is_sound().sends("entry").sees("Say whether they had capacity")
    tablet.types("At what time did the person say so?", "00:01").ticks("Yes")
    tablet.types("In their words", "I want to see the spring").presses("Save on this tablet")

    # then it stands apart from the decision, which stays, and is read before it
    tablet.reads_first("The person said at 00:01 that they no longer refuse CPR", before="Not for CPR")
    tablet.sees("not yet sent", "I want to see the spring", "1 change waiting", "Not for CPR").is_sound()

    # and the form is seen, and what was done is written down
    tablet.presses("I saw the signed form").types("Where did you see the signed form today?", "On the fridge")
    tablet.photographs_form("Photo of the signed form, if you can take one", a_photo_of_a_form()).is_sound()
    tablet.presses("Save on this tablet").sees("2 changes waiting")

    # and all of it is there after the browser was killed, under its author's passphrase
    tablet.is_killed()
    tablet.starts().opens().sees("2 changes waiting").sees_no("spring").unlocks().presses("Waits 2")
    tablet.sees("I want to see the spring", "On the fridge", "not yet sent").is_sound()
    assert edits_of(scene.paramedic) == []

    # and nothing on the disk tells whom it is about, and no page of anybody is kept
    tablet.presses("Lock")
    assert [path for path in tablet.kept_by_worker() if not path.startswith(("/tablet", "/static/"))] == []
    assert tablet.page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert found_on_disk(tablet, scene) == []

    # when the register is reached again, while the tablet is locked
    site.served.start()
    tablet.opens()

    # then everything is sent once, under its author, and so is what was read
    wait_until(lambda: len(edits_of(scene.paramedic)) == 2, "the edits were not sent")
    tablet.sees("nothing waits to be sent")
    assert sorted(edit.outcome for edit in edits_of(scene.paramedic)) == ["applied", "applied"]
    wait_until(lambda: str(EventKind.OFFLINE_CARD_VIEWED) in deeds_of(scene.paramedic), "the read audit did not arrive")
    wait_until(lambda: tablet.unsent_looks() == 0, "looks are still there")

    # and the photo of the form after them, made small and without what the camera knew
    wait_until(lambda: scans_of(scene), "the photo did not arrive")
    wait_until(lambda: tablet.unsent_photos() == 0, "the photo is still there")
    opened(scene.gp, scene.entry_id)
    content = open_scan(scene.gp, scene.entry_id, scans_of(scene)[0]).content
    picture = Image.open(BytesIO(content))
    assert (picture.format, max(picture.size), EXIF_CANARY in content) == ("JPEG", 1600, False)
    assert deeds_of(scene.paramedic).count(str(EventKind.OFFLINE_CARD_VIEWED)) == 1

    # and the card says so to the next who reads it
    tablet.unlocks().finds(scene.misspelt, born=format_date(scene.born)).picks(scene.name)
    tablet.presses("Emergency: open now").sees("Refusal withdrawn", "heard by Lee Hart").sees_no("not yet sent")


def a_photo_of_a_form() -> bytes:
    """As a camera makes it: large, with what it knows of place and device."""
    exif = Image.Exif()
    exif[0x010E] = EXIF_CANARY.decode()
    photo = BytesIO()
    Image.effect_noise((2400, 1800), 20).save(photo, "JPEG", exif=exif)
    assert EXIF_CANARY in photo.getvalue()
    return photo.getvalue()


def scans_of(scene: Scene) -> list[UUID]:
    """What was kept of papers of this person."""
    db.session.rollback()
    return list(db.session.scalars(select(Scan.id).where(Scan.entry_id == scene.entry_id)))


def found_on_disk(tablet: Tablet, scene: Scene) -> list[str]:
    """What can be read in the files of the profile: names, numbers, the words of a plan, what was entered."""
    person = db.session.get(SearchPerson, scene.entry_id)
    assert person is not None
    assert person.nhs_number is not None
    secrets = [scene.name, scene.name.upper(), scene.name.lower(), person.nhs_number]
    secrets += [format_nhs_number(person.nhs_number), CANARY, "see the spring", "On the fridge", str(scene.entry_id)]
    secrets.append(EXIF_CANARY.decode())
    wanted = [form for one in secrets for form in (one.encode(), one.encode("utf-16-le"))]
    return [f"{path.name}: {one!r}" for path, content in tablet.bytes_on_disk() for one in wanted if one in content]
