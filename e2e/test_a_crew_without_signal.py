"""A crew in a house without signal finds the person, reads the decision with its age, and writes down what it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Playwright
from sqlalchemy import select

from e2e.conftest import Site, SitsDown
from e2e.scenes import days_ago, decided, on_the_register
from e2e.tablets import Tablet, wait_until
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import db
from epaccs.core.fields import format_date
from epaccs.core.nhs_number import format_nhs_number
from epaccs.record.model import SearchPerson
from epaccs.sync.model.push import PushedEdit
from tests.factories import an_organisation

#: Words that only this person's record holds.
CANARY = "Sycamore canary"


@pytest.fixture
def tablet(site: Site, chromium_maker: Playwright, tmp_path: Path) -> Iterator[Tablet]:
    """A tablet that was never set up."""
    one = Tablet(chromium_maker, site, tmp_path / "profile")
    yield one.starts()
    one.ends()
    site.served.start()


@dataclass(frozen=True)
class Scene:
    """Somebody who refuses CPR, and a crew of their area."""

    name: str
    born: date
    entry_id: UUID
    gp: Actor
    paramedic: Actor
    user_name: str

    @property
    def misspelt(self) -> str:
        """As somebody hears it: two letters change places."""
        return self.name[:3] + self.name[4] + self.name[3] + self.name[5:]


@pytest.fixture
def scene(site: Site) -> Scene:
    """Three days ago, in an area of its own."""
    name, born = site.a_name(), site.a_birthday()
    area = f"area-{next(site.numbers)}"
    with days_ago(3):
        gp = site.employs(Role.GP, an_organisation(area=area), name="Dr Anita Patel", may_sign=True)
        entry_id = on_the_register(gp, family_name=name, born_on=born)
        decided(gp, entry_id, reason="person_refuses", original_location=CANARY)
    trust = an_organisation(type=OrganisationType.AMBULANCE, area=area)
    paramedic = site.employs(Role.PARAMEDIC, trust, name="Lee Hart")
    return Scene(name, born, entry_id, gp, paramedic, site.user_names[paramedic.clinician_id])


def edits_of(scene: Scene) -> list[PushedEdit]:
    db.session.rollback()
    return list(db.session.scalars(select(PushedEdit).where(PushedEdit.author_id == scene.paramedic.clinician_id)))


def deeds_of(scene: Scene) -> list[str]:
    db.session.rollback()
    found = select(AuditEvent.kind).where(AuditEvent.actor_id == scene.paramedic.clinician_id)
    return list(db.session.scalars(found))


def test_a_crew_reads_and_writes_in_a_house_without_signal(
    site: Site, scene: Scene, tablet: Tablet, sits_down: SitsDown
) -> None:
    # given a paramedic who set up a tablet at the station, and locked it
    tablet.opens().sees("Nobody is set up on this tablet").is_sound()
    tablet.signs_in(scene.user_name).sees("Set up this tablet").is_sound().is_set_up()
    tablet.waits_until_fetched(1).sees("Last contact", "nothing waits to be sent").is_sound()
    tablet.presses("Lock").sees("Unlock").sees_no(scene.name).is_sound()

    # and a house where the register is not reached
    site.served.kill()
    tablet.ends()
    tablet.starts().opens().sees("Unlock", "Last contact").sees_no("online").unlocks()

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
    tablet.types("At what time today did the person say so?", "00:01").ticks("Yes")
    tablet.types("In their words", "I want to see the spring").presses("Save on this tablet")

    # then it stands apart from the decision, which stays
    tablet.sees("not yet sent", "I want to see the spring", "1 change waiting", "Not for CPR").is_sound()

    # and the form is seen, and what was done is written down
    tablet.presses("I saw the signed form").types("Where did you see the signed form today?", "On the fridge")
    tablet.presses("Save on this tablet").sees("2 changes waiting")

    # and all of it is there after the browser was killed, under its author's passphrase
    tablet.is_killed()
    tablet.starts().opens().sees("2 changes waiting").sees_no("spring").unlocks().presses("Waits 2")
    tablet.sees("I want to see the spring", "On the fridge", "not yet sent").is_sound()
    assert edits_of(scene) == []

    # and nothing on the disk tells whom it is about
    tablet.presses("Lock")
    assert found_on_disk(tablet, scene) == []

    # when the register is reached again, while the tablet is locked
    site.served.start()
    tablet.opens()

    # then everything is sent once, under its author, and so is what was read
    wait_until(lambda: len(edits_of(scene)) == 2, "the edits were not sent")
    tablet.sees("nothing waits to be sent")
    assert sorted(edit.outcome for edit in edits_of(scene)) == ["applied", "applied"]
    wait_until(lambda: str(EventKind.OFFLINE_CARD_VIEWED) in deeds_of(scene), "the read audit did not arrive")
    wait_until(lambda: tablet.unsent_looks() == 0, "looks are still there")
    assert deeds_of(scene).count(str(EventKind.OFFLINE_CARD_VIEWED)) == 1

    # and the card says so to the next who reads it
    tablet.unlocks().finds(scene.misspelt, born=format_date(scene.born)).picks(scene.name)
    tablet.presses("Emergency: open now").sees("Refusal withdrawn", "heard by Lee Hart").sees_no("not yet sent")


def found_on_disk(tablet: Tablet, scene: Scene) -> list[str]:
    """What can be read in the files of the profile: names, numbers, the words of a plan, what was entered."""
    person = db.session.get(SearchPerson, scene.entry_id)
    assert person is not None
    assert person.nhs_number is not None
    secrets = [scene.name, scene.name.upper(), scene.name.lower(), person.nhs_number]
    secrets += [format_nhs_number(person.nhs_number), CANARY, "see the spring", "On the fridge", str(scene.entry_id)]
    wanted = [form for one in secrets for form in (one.encode(), one.encode("utf-16-le"))]
    return [f"{path.name}: {one!r}" for path, content in tablet.bytes_on_disk() for one in wanted if one in content]
