"""Two doctors sign what cannot both be true, each in a house without signal: both are kept, and neither is current."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Playwright

from e2e.conftest import Site, SitsDown
from e2e.scenes import days_ago, decided, on_the_register
from e2e.steps import Somebody, squeeze
from e2e.tablets import Tablet, edits_of, wait_until
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.fields import format_date
from tests.factories import an_organisation

pytestmark = pytest.mark.only_on("telephone-sqlite")

PAPER = "Not in force elsewhere until it is sent. Complete the paper form now."


@pytest.fixture
def tablets(site: Site, chromium_maker: Playwright, tmp_path: Path) -> Iterator[tuple[Tablet, Tablet]]:
    """Two tablets that were never set up."""
    with ExitStack() as both:
        made = [Tablet(chromium_maker, site, tmp_path / name) for name in ("one", "other")]
        for one in made:
            both.callback(one.ends)
            one.starts()
        yield made[0], made[1]
    site.served.start()


LINE = '[data-part="card"] #cpr-line'


def line_on(tablet: Tablet) -> str:
    """The large line of the decision on a card."""
    return squeeze(tablet.page.locator(LINE).inner_text())


def line_of(somebody: Somebody, entry_id: UUID) -> str:
    """The large line of the decision on the page."""
    somebody.opens(f"/record/{entry_id}")
    if somebody.heading == "Open this record":
        somebody.says_why()
    return somebody.line


def outcomes(*authors: Actor) -> list[str]:
    """What became of everything that they wrote on tablets."""
    return sorted(edit.outcome for author in authors for edit in edits_of(author))


def reads(tablet: Tablet, name: str, born: date, line: str) -> None:
    """What the card says, once the tablet has spoken with the register."""
    tablet.asks()

    def opens_again() -> str:
        tablet.finds(name, born=format_date(born)).picks(name).sees("This copy")
        return line_on(tablet)

    wait_until(lambda: opens_again() == line, f"{line!r} is not on the card")


def test_two_tablets_decide_and_a_person_settles_it(
    site: Site, sits_down: SitsDown, tablets: tuple[Tablet, Tablet]
) -> None:
    name, born, area = site.a_name(), site.a_birthday(), f"area-{next(site.numbers)}"
    nurses = an_organisation(type=OrganisationType.COMMUNITY, area=area)
    with days_ago(3):
        gp_at_work = site.employs(Role.GP, an_organisation(area=area), name="Dr Anita Patel", may_sign=True)
        entry_id = on_the_register(gp_at_work, family_name=name, born_on=born, key_worker_ods=nurses.ods_code)
        decided(gp_at_work, entry_id)
    service = an_organisation(type=OrganisationType.OUT_OF_HOURS, area=area, name=f"Night Service for {name}")
    noor, fell = (
        site.employs(Role.OUT_OF_HOURS_GP, service, name=f"Dr {one}", may_sign=True)
        for one in ("Rashid Noor", "Mary Fell")
    )
    nurse_at_work = site.employs(Role.COMMUNITY_NURSE, nurses, name="Jackie Marsh")

    # given two doctors who each have the same decision on a tablet, and no signal
    for tablet, doctor in zip(tablets, (noor, fell), strict=True):
        tablet.signs_in(site.user_names[doctor.clinician_id]).is_set_up(f"Car of {doctor.name}").waits_until_fetched(1)
    site.served.kill()
    first, second = tablets
    for tablet in tablets:
        tablet.opens_card(name, born).sees("Not for CPR")

    # when the first signs, then what is missing is asked for in the register's own words
    first.presses("Sign a CPR decision").sees(PAPER).is_sound().sends("entry")
    first.sees("Choose what is recommended", "Enter where the signed original is now").is_sound()
    hands = first.hands().decides("CPR recommended", "The burden of CPR would outweigh its benefit")
    hands.goes_to(first.page.get_by_role("button", name="Save on this tablet"))
    first.page.keyboard.press("Enter")
    first.sees("Choose a reason that fits the recommendation")
    hands.chooses("Why?", "The person wants CPR")
    first.presses("Save on this tablet")

    # then it stands beside the decision, not in it, and says that paper is needed
    first.sees(PAPER, "What is recommended? CPR recommended", "not yet sent", "1 change waiting").is_sound()
    assert line_on(first) == "Not for CPR"
    first.presses("Waits 1").sees(PAPER, "What is recommended? CPR recommended").is_sound()

    # when the other cancels the same decision in another house
    second.presses("Cancel the CPR decision").sees(PAPER).is_sound()
    second.hands().answers("When was it cancelled?", datetime.now(UTC) - timedelta(hours=1)).chooses(
        "Why?", "The person has recovered"
    )
    second.presses("Save on this tablet").sees(PAPER, "The person has recovered", "1 change waiting")

    # when both have signal again, then one of the two waits for a person
    site.served.start()
    for tablet in tablets:
        tablet.asks()
    wait_until(lambda: outcomes(noor, fell) == ["applied", "held"], "both were not sent, one to wait")
    gp, nurse = sits_down(gp_at_work), sits_down(nurse_at_work)
    for somebody in (gp, nurse):
        somebody.opens("/").signs_in().sees("Two changes disagree. Settle which stands")

    # and neither is current, for the page and for both tablets
    assert line_of(gp, entry_id) == "CPR decision in doubt"
    for tablet in tablets:
        reads(tablet, name, born, "CPR decision in doubt")
        tablet.is_sound()

    # when the practice has rung both and settles it
    gp.presses("CPR decision: read, change, withdraw").presses("See both sides")
    gp.chooses("Which side stands?", "What was last confirmed stands")
    gp.types("Why does it stand?", "Rang both: she decided it with Dr Noor").presses("Settle the dispute")

    # then what stands is the same everywhere, and nobody has the task any more
    stands = line_of(gp, entry_id)
    for tablet in tablets:
        reads(tablet, name, born, stands)
    for somebody in (gp, nurse):
        somebody.opens("/").sees_nothing_of("Two changes disagree")
