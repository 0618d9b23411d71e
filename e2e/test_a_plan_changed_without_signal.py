"""A GP changes two sections of a plan and confirms a third without signal, and the register has all of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from e2e.conftest import Site, SitsDown
from e2e.scenes import LINES, PLAN, days_ago, on_the_register
from e2e.tablets import Tablet, deeds_of, edits_of, wait_until
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Role
from epaccs.core.fields import format_date
from epaccs.core.identifiers import new_id
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from tests.factories import an_edit, an_organisation

pytestmark = pytest.mark.only_on("telephone-sqlite")

#: From somebody else, and not for the person.
PASSAGE = "[[Her son cannot go on.]]"


@pytest.fixture
def tablet(site: Site, chromium_maker: Playwright, tmp_path: Path) -> Iterator[Tablet]:
    """A tablet that was never set up."""
    one = Tablet(chromium_maker, site, tmp_path / "profile")
    yield one.starts()
    one.ends()
    site.served.start()


def test_a_plan_is_changed_and_confirmed_in_a_house_without_signal(
    site: Site, sits_down: SitsDown, tablet: Tablet
) -> None:
    name, born, area = site.a_name(), site.a_birthday(), f"area-{next(site.numbers)}"
    with days_ago(3):
        gp = site.employs(Role.GP, an_organisation(area=area), name="Dr Anita Patel")
        places = {**PLAN["preferred_places"], "note": f"At home with Chidi. {PASSAGE}"}
        diagnosis = PLAN["diagnosis"]
        entry_id = on_the_register(gp, family_name=name, born_on=born, preferred_places=places, diagnosis=diagnosis)
        contact = {"item_id": str(new_id()), "item": LINES["contacts"]}
        apply_edit(gp, an_edit(entry_id, "contacts", contact, kind="put_item"))

    # given the GP's tablet with the plan on it, and a house where the register is not reached
    tablet.signs_in(site.user_names[gp.clinician_id]).is_set_up("Bag of Dr Patel").waits_until_fetched(1)
    wait_until(lambda: "/tablet/forms" in tablet.kept_by_worker(), "its forms are not kept", seconds=60)
    site.served.kill()
    tablet.opens_card(name, born).presses("The whole plan").sees("Preferred places", "Heart failure")
    tablet.is_sound()

    # when a section is changed: what was recorded stands in its form, and only what is changed is sent
    tablet.presses("Change or confirm Preferred places").is_sound()
    tablet.presses("Change the answers").is_sound().sends("entry").sees("Nothing was changed")
    page = tablet.page
    assert page.get_by_label("Preferred place of care", exact=True).input_value() == "home"
    assert PASSAGE in page.get_by_label("What the person said about it", exact=True).input_value()
    page.get_by_label("Preferred place of care", exact=True).select_option("Another place, described below")
    page.get_by_label("Preferred place of death, first choice", exact=True).select_option("Nursing home")
    page.get_by_label("Year", exact=True).fill("2999")
    tablet.sends("entry").sees("Enter the day and the month of the date discussed").is_sound()
    page.get_by_label("Year", exact=True).fill("")
    tablet.presses("Save on this tablet")

    # then it stands beside what is kept, and not in its place
    tablet.sees("not yet sent", "Preferred place of death, first choice: Nursing home", "1 change waiting").is_sound()
    tablet.presses("Back to the plan").sees("Preferred place of death, first choice: Nursing home").is_sound()
    assert "Home" in page.locator("#section-preferred_places .app-facts").inner_text()

    # and a line of a list is added, with what the register would refuse refused here in the same words
    tablet.presses("Change or confirm People and contacts").presses("Add contact").sends("entry")
    tablet.sees("Choose an answer: Who is it?", "Enter the name").is_sound()
    tablet.ticks("Family, friend or carer").types("Name", "Ngozi Okonkwo")
    tablet.presses("Save on this tablet").sees("Ngozi Okonkwo", "2 changes waiting")

    # and a third is confirmed
    tablet.presses("Back to the plan").presses("Change or confirm Diagnosis and prognosis").sees("Heart failure")
    tablet.presses("Looked at, still right").sees("You say that you looked at this section").is_sound()
    tablet.presses("Save on this tablet").sees("3 changes waiting")

    # when there is signal again, then what the register found wrong comes back with its sentence, and the rest is taken
    site.served.start()
    tablet.asks()
    wait_until(lambda: len(edits_of(gp)) == 3, "the edits were not sent")
    assert sorted(edit.outcome for edit in edits_of(gp)) == ["applied", "confirmed", "refused"]
    kept = find_recorded(entry_id, "preferred_places").value
    assert kept == {**places, "care_first": "other", "death_first": "nursing_home"}
    tablet.finds(name, born=format_date(born)).picks(name).sees("The register did not take it", "Ngozi Okonkwo")
    tablet.sees("Enter a telephone number, or say that they must not be contacted").is_sound()

    # and it is entered again with what was said, and goes off the list
    tablet.presses("Enter it again")
    said = page.locator('#entry-form [name="name"]')
    wait_until(lambda: said.count() and said.input_value() == "Ngozi Okonkwo", "what was said is not in the form")
    tablet.is_sound()
    tablet.types("Telephone number", "07700900322").presses("Save on this tablet").sees("not yet sent")
    tablet.sees_no("The register did not take it").asks()
    wait_until(lambda: edits_of(gp)[-1].outcome == "applied" and len(edits_of(gp)) == 4, "it was not sent")
    wait_until(lambda: str(EventKind.OFFLINE_DEED) in deeds_of(gp), "the book does not say so")

    # and the register's own page shows all of it
    reader = sits_down(gp).opens("/").signs_in()
    reader.opens(f"/record/{entry_id}")
    if reader.heading == "Open this record":
        reader.says_why()
    reader.sees("Another place, described below", "Nursing home", "Ngozi Okonkwo", "07700 900 322")
    reader.sees("Confirmed as still right by", "At home with Chidi.", "Her son cannot go on.")
