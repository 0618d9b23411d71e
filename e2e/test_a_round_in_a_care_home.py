"""A nurse's round of a care home without signal: twelve residents of four practices, ten updates, one sync."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Playwright, Request
from sqlalchemy import select

from e2e.conftest import Site, SitsDown
from e2e.scenes import days_ago, decided, lives_in
from e2e.tablets import Tablet, deeds_of, edits_of, wait_until
from epaccs.audit.events import EventKind
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.notices.model import Notice
from tests.coordination.residents import a_home
from tests.factories import an_organisation

NAMES = ["Adlington", "Bramhope", "Cotterill", "Dunwoody", "Entwistle", "Fothergill"]
NAMES += ["Gathercole", "Hathersage", "Inchbald", "Jessamine", "Kirkbride", "Lonsdale"]
CANNOT_ASK = "Cannot ask; needed for their direct care"


@dataclass(frozen=True)
class Visit:
    """One home, its residents by family name, whose they are, and a nurse who cares for all of them."""

    home: Organisation
    residents: dict[str, UUID]
    practices: dict[str, UUID]
    nurse: Actor
    user_name: str


def a_visit(site: Site) -> Visit:
    """Three days ago, in an area of its own; every other resident has a decision about CPR."""
    area = f"area-{next(site.numbers)}"
    team = an_organisation(type=OrganisationType.COMMUNITY, area=area)
    home = a_home(f"Hill House {next(site.numbers)}", area=area)
    residents, practices = {}, {}
    with days_ago(3):
        doctors = [site.employs(Role.GP, an_organisation(area=area), may_sign=True) for _ in range(4)]
        for number, (name, gp) in enumerate(zip(NAMES, cycle(doctors), strict=False)):
            who = {"family_name": name, "born_on": site.a_birthday().isoformat(), "key_worker_name": "Jackie Marsh"}
            entry_id = lives_in(gp, home, room=f"Room {12 - number}", key_worker_ods=team.ods_code, **who)
            if number % 2:
                decided(gp, entry_id)
            residents[name], practices[name] = entry_id, gp.organisation_id
    nurse = site.employs(Role.COMMUNITY_NURSE, team, name="Jackie Marsh")
    return Visit(home, residents, practices, nurse, site.user_names[nurse.clinician_id])


@pytest.fixture
def tablet(site: Site, chromium_maker: Playwright, tmp_path: Path) -> Iterator[Tablet]:
    """A tablet that was never set up."""
    one = Tablet(chromium_maker, site, tmp_path / "profile")
    yield one.starts()
    one.ends()
    site.served.start()


def test_a_nurse_makes_a_round_without_signal(site: Site, tablet: Tablet) -> None:
    visit = a_visit(site)
    name, began_at = visit.home.name, clock.now()

    # given a nurse whose tablet has everybody in their care, and a home without signal
    tablet.signs_in(visit.user_name).is_set_up("Bag of Jackie Marsh")
    tablet.waits_until_fetched(12).sees("Last contact")
    site.served.kill()

    # when they say which home they are in, and why
    tablet.presses("Round").sees("Which home are you in?", "12 residents on this tablet").is_sound()
    tablet.presses(name).sees("Begin the round").sends("round").sees("Say why you open these records").is_sound()
    tablet.sees_no(*(one.upper() for one in NAMES)).ticks(CANNOT_ASK).sends("round")

    # then all residents stand there by room, with how old the list is and who is not on it
    tablet.sees("0 of 12 seen", "This list is", "is not on this list").is_sound()
    shown = tablet.page.locator('[data-part="residents"] .tablet-room').all_inner_texts()
    assert shown == [f"Room {number}" for number in range(1, 13)]

    # when each is compared before their card opens, and what was seen is written down, the first by keyboard alone
    tablet.page.get_by_role("button", name=NAMES[-1].upper()).focus()
    tablet.page.keyboard.press("Enter")
    tablet.sees("Who is in front of you?", "Room 1").is_sound()
    tablet.sends("compare").sees("Tick two things you compared").ticks("Name", "Date of birth").sends("compare")
    tablet.sees("This copy left the register", "0 of 12 seen").is_sound()
    writes_down(tablet, 0)
    tablet.sees("1 of 12 seen", "1 change waiting").presses("Back to the round").is_sound()
    for number, one in enumerate(reversed(NAMES[2:-1]), start=1):
        tablet.picks(one).ticks("Name", "Date of birth").sends("compare")
        writes_down(tablet, number)
        tablet.sees(f"{number + 1} of 12 seen").presses("Back to the round")

    # then it says who was seen, through the lock too, which ends the round
    tablet.sees("10 of 12 seen", "10 changes waiting").is_sound()
    tablet.presses("Lock").sees_no(*NAMES).unlocks().presses("Round").sees("Which home are you in?").presses(name)
    tablet.ticks(CANNOT_ASK).sends("round").sees("10 of 12 seen", "1 entry not yet sent")

    # when there is signal again, everything travels in one request
    sent: list[int] = []
    tablet.page.on("request", lambda request: sent.append(edits_in(request)))
    edits = tablet.unsent()
    site.served.start()
    tablet.presses("Tablet").presses("Ask the register now")
    tablet.sees("nothing waits to be sent")
    assert edits == len(edits_of(visit.nurse)) == 10
    assert next(count for count in sent if count) == 10
    assert {edit.outcome for edit in edits_of(visit.nurse)} == {"applied"}
    tablet.presses("Round").sees("10 of 12 seen").sees_no("not yet sent")

    # and each practice is told of its own residents, and of nobody else's
    assert told_since(began_at) == {(visit.practices[one], visit.residents[one]) for one in NAMES[2:]}, (
        "each practice has its notices"
    )
    looked = str(EventKind.OFFLINE_CARD_VIEWED)
    wait_until(lambda: deeds_of(visit.nurse).count(looked) == 10, "not every look was told")


def writes_down(tablet: Tablet, number: int) -> None:
    """What was seen of one resident: the form, what was done, or that a review is needed."""
    if number % 3 == 0:
        tablet.presses("I saw the signed form").types("Where did you see the signed form today?", "Care plan, office")
    elif number % 3 == 1:
        tablet.presses("What I found and did").ticks("Something else")
    else:
        tablet.presses("Ask for a review of the CPR decision").types("Why is a review needed?", "Eats and walks again")
    tablet.presses("Save on this tablet")


def edits_in(request: Request) -> int:
    """How many boxes a request brings that hold edits or looks; another request brings none."""
    if not request.url.endswith("/sync/v1/sealed"):
        return 0
    return len(json.loads(request.post_data or "{}").get("sealed", []))


def told_since(moment: datetime) -> set[tuple[UUID, UUID]]:
    """Which practice was told of whom."""
    db.session.rollback()
    rows = db.session.execute(
        select(Notice.organisation_id, Notice.entry_id)
        .join(Organisation, Organisation.id == Notice.organisation_id)
        .where(Notice.created_at >= moment, Organisation.type == str(OrganisationType.GP_PRACTICE))
    )
    return {(row.organisation_id, row.entry_id) for row in rows}


@pytest.mark.only_on("telephone-sqlite")
def test_a_round_where_there_is_signal(site: Site, sits_down: SitsDown) -> None:
    visit = a_visit(site)
    nurse = sits_down(visit.nurse)

    nurse.opens("/").signs_in().presses("Lists and rounds").presses(visit.home.name)
    nurse.sees("Nothing is shown of anybody before you say why")
    nurse.chooses("Why do you open these records?", CANNOT_ASK).presses("Show the list")
    nurse.sees("12 of 12 residents in your care", "Room 12", "Not for CPR")
