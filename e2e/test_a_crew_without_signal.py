"""A crew in a house without signal finds the person, reads the decision with its age, and writes down what it did."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright

from e2e.conftest import Site
from e2e.scenes import days_ago, decided, on_the_register
from e2e.tablets import PASSPHRASE, Tablet
from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core.fields import format_date
from tests.factories import an_organisation


SHOTS = Path(os.environ.get("EPACCS_PICTURES", "/tmp/tablet-shots"))


@pytest.fixture
def tablet(site: Site, chromium_maker: Playwright, tmp_path: Path) -> Iterator[Tablet]:
    """A tablet that was never set up."""
    one = Tablet(chromium_maker, site, tmp_path / "profile")
    yield one.starts()
    one.ends()
    site.served.start()


def test_a_crew_reads_and_writes_in_a_house_without_signal(site: Site, tablet: Tablet, tmp_path: Path) -> None:
    name, born = site.a_name(), site.a_birthday()
    area = f"area-{name.lower()}"
    trust = an_organisation(type=OrganisationType.AMBULANCE, area=area)
    with days_ago(3):
        gp = site.employs(Role.GP, an_organisation(area=area), name="Dr Anita Patel", may_sign=True)
        entry_id = on_the_register(gp, family_name=name, born_on=born)
        decided(gp, entry_id, reason="person_refuses")
    paramedic = site.employs(Role.PARAMEDIC, trust, name="Lee Hart")

    tablet.opens().sees("Nobody is set up on this tablet")
    tablet.signs_in(site.user_names[paramedic.clinician_id]).is_set_up()
    tablet.waits_until_fetched(1)
    tablet.waits_until_fetched(1).photographs(SHOTS, "search")

    # when the server is gone and the browser is started anew
    site.served.kill()
    tablet.ends()
    tablet.starts().opens().sees("Unlock").photographs(SHOTS, "unlock")
    tablet.unlocks()
    tablet.finds(name[:3] + name[4] + name[3] + name[5:], born=format_date(born))
    tablet.sees("1 person found").photographs(SHOTS, "found")
    tablet.page.locator(".tablet-result").click()
    tablet.sees("Open this record").photographs(SHOTS, "reason")
    tablet.page.locator("#reason-form button[type=submit]").click()
    tablet.sees("Say why you are opening this record")
    tablet.ticks("Cannot ask; needed for their direct care", "Name", "Date of birth")
    tablet.page.locator("#reason-form button[type=submit]").click()
    tablet.sees("As the register was at").photographs(SHOTS, "card")
    tablet.presses("The person no longer refuses CPR").photographs(SHOTS, "entry")
    tablet.types("At what time today did the person say so?", "10:05").ticks("Yes").types("In their words", "I want to live")
    tablet.presses("Save on this tablet").sees("not yet sent", "1 change waiting").photographs(SHOTS, "unsent")
    tablet.presses("Waits 1").photographs(SHOTS, "waiting")
    tablet.presses("Tablet").photographs(SHOTS, "state")
