"""A hospice nurse prints the handover sheet; whoever holds it can ask whether it is still true."""

from __future__ import annotations

import re
from uuid import UUID

from playwright.sync_api import expect

from e2e.conftest import Site, SitsDown
from e2e.paper import prints
from e2e.scenes import days_ago, decided, on_the_register, opened
from epaccs.access.actions import Concerned, begin_relationship
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import writing
from epaccs.core.fields import format_date
from tests.factories import an_organisation

GENUINE = "The square code on the paper was made by this register and was not altered."
ALTERED = "The square code on the paper was altered."
ALARM = "do not rely on the paper"
OF_ANOTHER = "The square code on the paper is that of another sheet."


def test_a_hospice_prints_a_sheet_and_a_new_decision_calls_it_back(site: Site, sits_down: SitsDown) -> None:
    name, born = site.a_name(), site.a_birthday()
    hospice = an_organisation(type=OrganisationType.HOSPICE)
    with days_ago(3):
        gp = site.employs(Role.GP, name="Dr Anita Patel", may_sign=True)
        entry_id = on_the_register(gp, family_name=name, born_on=born, treatment_level={"level": "treat_at_home"})
        decided(gp, entry_id)
        with writing() as session:
            begin_relationship(session, Concerned(entry_id, hospice.id, "referral", gp.clinician_id))
    nurse_at_work = site.employs(Role.HOSPICE_NURSE, hospice, name="Bernadette Kelly")
    nurse = sits_down(nurse_at_work)

    # given a nurse who finds her patient on her list
    nurse.opens("/").signs_in().presses(f"{name.upper()}, Grace (Mrs)")
    nurse.says_why("The person has given permission now")
    assert nurse.line == "Not for CPR"

    # when she prints the sheet for a colleague
    nurse.presses("Print the handover sheet")
    nurse.types("Who is it for?", "L Hart, community nurse")
    nurse.chooses("Where does this copy go?", "To a professional or a service")
    sheet = prints(nurse)

    # then every page says who it is about beside the CPR line, when it was true, and where the original is
    assert sheet.pages
    for words in sheet.pages:
        assert name.upper() in words
        assert format_date(born) in words
        assert "Not for CPR" in words
        assert re.search("valid as at", words, re.IGNORECASE)
        assert "Printed copy of the register, not the signed form" in words

    # and its number says that it is the current one, to anybody who asks, and nothing of the person
    nurse.opens(f"/check/{sheet.number}").sees("current").sees_nothing_of(name, "Not for CPR")

    # and the square code of each page leads there, and shows that nobody altered it
    assert len(sheet.codes) == len(sheet.pages)
    [code] = set(sheet.codes)
    somebody = sits_down(nurse_at_work)
    somebody.opens(code).waits_for(GENUINE).sees("is the current one").sees_nothing_of(name, "Not for CPR", ALARM)
    assert somebody.path == f"/check/{sheet.number}"

    # but whoever alters a letter of it, or sticks it on another sheet, is found out
    letter = "A" if code[-20] != "A" else "B"
    somebody.opens(f"{code[:-20]}{letter}{code[-19:]}").waits_for(ALTERED).sees(ALARM)
    somebody.sees_nothing_of(GENUINE, "is the current one")
    somebody.opens(code).waits_for(GENUINE).sees("is the current one").sees_nothing_of(ALARM)
    stamp = code.partition("#")[2]
    somebody.opens(f"/check/7K4P-93XQ#{stamp}").waits_for(OF_ANOTHER).sees(ALARM).sees_nothing_of(GENUINE)
    somebody.opens(f"{code[:-20]}").waits_for("is damaged").sees(ALARM).sees_nothing_of(GENUINE)
    somebody.skips_to_content().sees("is damaged")

    # when the GP signs another decision
    opened(gp, entry_id)
    decided(gp, entry_id, recommendation="for_cpr", reason="benefit_expected")

    # then the same number says that the sheet is replaced
    nurse.opens(f"/check/{sheet.number}").sees("replaced").sees_nothing_of(name, "CPR recommended")


def test_a_hospice_prints_the_persons_own_copy_in_easy_read(site: Site, sits_down: SitsDown) -> None:
    name, born = site.a_name(), site.a_birthday()
    hospice = an_organisation(type=OrganisationType.HOSPICE)
    with days_ago(3):
        gp = site.employs(Role.GP, name="Dr Anita Patel", may_sign=True)
        entry_id = on_the_register(gp, family_name=name, born_on=born, about_me={"most_important": "My garden"})
        decided(gp, entry_id)
        with writing() as session:
            begin_relationship(session, Concerned(entry_id, hospice.id, "referral", gp.clinician_id))
    nurse = sits_down(site.employs(Role.HOSPICE_NURSE, hospice, name="Bernadette Kelly"))

    # given a nurse whose patient wants to read for herself what was decided
    nurse.opens("/").signs_in().presses(f"{name.upper()}, Grace (Mrs)")
    nurse.says_why("The person has given permission now").presses("Print the handover sheet")

    # when she asks for Easy Read, first for a colleague by mistake
    nurse.types("Who is it for?", "Grace herself")
    nurse.chooses("Where does this copy go?", "To a professional or a service")
    nurse.chooses("How should it be laid out?", "Easy Read").presses("Print the sheet")
    nurse.sees("Easy Read is only for a copy that goes to the person")
    nurse.chooses("Where does this copy go?", "To the person, or where they live")
    nurse.ticks("If it goes to the person: I have read the free text, and none of it is from or about somebody else")
    sheet = prints(nurse)

    # then it speaks to the person in large letters, and every page says what it is not
    together = " ".join(sheet.pages)
    assert "It says: if your heart stops, CPR should not be tried." in together
    assert "“My garden”" in together
    for words in sheet.pages:
        assert f"Grace {name}" in words
        assert "It is not the form that ambulance crews need." in words
    assert sheet.smallest_letter > 11.99

    # and it is checked like any other sheet, and listed as what it is
    assert len(set(sheet.codes)) == 1
    nurse.opens(f"/check/{sheet.number}").sees("is the current one").sees_nothing_of(name)
    nurse.opens(f"/record/{entry_id}/handover").sees("Grace herself. Easy Read")


def two_in_the_care_of(hospice: Organisation, site: Site, *names: str) -> tuple[Actor, list[UUID]]:
    """Their GP, and two people whom the hospice looks after; of the first a decision is in force."""
    with days_ago(3):
        gp = site.employs(Role.GP, name="Dr Anita Patel", may_sign=True)
        people = [on_the_register(gp, family_name=one, born_on=site.a_birthday()) for one in names]
        decided(gp, people[0])
        with writing() as session:
            for entry_id in people:
                begin_relationship(session, Concerned(entry_id, hospice.id, "referral", gp.clinician_id))
    return gp, people


def test_a_hospice_prints_the_list_of_its_team_and_a_new_decision_calls_one_line_back(
    site: Site, sits_down: SitsDown
) -> None:
    name, other = site.a_name(), site.a_name()
    hospice = an_organisation(type=OrganisationType.HOSPICE, name=f"Larch Hospice {next(site.numbers)}")
    gp, people = two_in_the_care_of(hospice, site, name, other)
    nurse = sits_down(site.employs(Role.HOSPICE_NURSE, hospice, name="Bernadette Kelly"))

    # given a nurse who goes through the list of her team, and says once why
    nurse.opens("/").signs_in().presses("Lists and rounds").presses(f"In the care of {hospice.name}")
    nurse.sees_nothing_of(name.upper(), other.upper())
    nurse.chooses("Why do you open these records?", "The person has given permission now").presses("Show the list")
    nurse.sees("2 of 2 people in your care", f"{name.upper()}, Grace", f"{other.upper()}, Grace")

    # when she prints it for the night
    nurse.presses("Print this list").types("Who is it for?", "night shift")
    paper = prints(nurse, "Print the list")

    # then it holds both, each beside their line about CPR, and on every page when it was true
    together = " ".join(paper.pages)
    assert all(one.upper() in together for one in (name, other))
    assert "Not for CPR" in together
    assert "No CPR decision recorded here" in together
    assert all("Valid as at" in page and "Check before relying" in page for page in paper.pages)
    assert paper.smallest_letter > 10.99
    assert set(paper.codes) == {f"{site.address}/check/{paper.number}"}

    # and anybody may ask for its number, and learns nothing of anybody
    nurse.opens(f"/check/{paper.number}").sees("No CPR line of this list has changed")
    nurse.sees_nothing_of(name.upper(), other.upper(), "Not for CPR", "night shift")

    # when the GP signs another decision of one of them
    opened(gp, people[0])
    decided(gp, people[0], recommendation="for_cpr", reason="benefit_expected")

    # then the list says how many lines are wrong, and the nurse destroys it
    nurse.opens(f"/check/{paper.number}").sees("1 of its 2 lines may be wrong since")
    nurse.opens("/rounds").presses("Print it for the next shift").sees("1 of 2 lines changed: do not rely on it")
    nurse.presses(f"Mark as destroyed list {paper.number}").sees(
        "Noted: this list is destroyed.", "No printed list is out"
    )


def test_a_hospice_prints_everybodys_sheet_at_once_and_a_new_decision_calls_one_back(
    site: Site, sits_down: SitsDown
) -> None:
    name, other = site.a_name(), site.a_name()
    hospice = an_organisation(type=OrganisationType.HOSPICE, name=f"Rowan Hospice {next(site.numbers)}")
    gp, people = two_in_the_care_of(hospice, site, name, other)
    nurse = sits_down(site.employs(Role.HOSPICE_NURSE, hospice, name="Bernadette Kelly"))

    # given a nurse who is about to fill the folder of her team
    nurse.opens("/").signs_in().presses("Lists and rounds").presses(f"In the care of {hospice.name}")
    nurse.chooses("Why do you open these records?", "The person has given permission now").presses("Show the list")
    nurse.presses("Print everybody’s sheet").sees("A handover sheet each for 2 people")

    # when she asks for the sheets, and waits
    nurse.types("Who is it for?", "night shift").presses("Lay out the sheets")
    expect(nurse.page.get_by_text("2 sheets are ready")).to_be_visible(timeout=60_000)
    nurse.sees_nothing_of(name.upper(), other.upper())
    paper = prints(nurse, "Open the sheets (a file to print)")

    # then the file holds both, each on leaves of its own
    about = [next((one for one in (name, other) if one.upper() in page), "") for page in paper.pages]
    leaves = list(zip(about[::2], about[1::2], strict=True))
    assert set(about) - {""} == {name, other}
    assert all(not back or front == back for front, back in leaves)
    assert all("Valid as at" in page and "Check before relying" in page for page in paper.pages if page.strip())

    # when the GP signs another decision of one of them
    opened(gp, people[0])
    decided(gp, people[0], recommendation="for_cpr", reason="benefit_expected")

    # then one sheet must not be relied on, and the nurse brings the folder up to date with that one
    nurse.opens("/rounds").presses(f"In the care of {hospice.name}").presses("Print everybody’s sheet")
    nurse.sees("1 of 2 sheets changed: do not rely on it").presses("Bring it up to date")
    nurse.sees("lacks a sheet of 1 of 2 people", "Take this sheet out of the folder").sees_nothing_of(name.upper())
    nurse.presses("Lay out 1 sheet")
    expect(nurse.page.get_by_text("1 sheet is ready")).to_be_visible(timeout=60_000)
    nurse.sees("Not everybody is in it")
    paper = prints(nurse, "Open the sheets (a file to print)")
    assert {one for one in (name, other) for page in paper.pages if one.upper() in page} == {name}
    nurse.opens("/rounds").presses(f"In the care of {hospice.name}").presses("Print everybody’s sheet")
    nurse.presses("Bring it up to date").sees("Nothing is to be printed.").presses("This sheet is destroyed")
    nurse.sees("Noted: what you took out is destroyed.", "No CPR line changed")

    # and when the shift is over, she destroys what she printed
    nurse.page.get_by_role("button", name="Mark all as destroyed").press("Enter")
    nurse.sees("Noted: all sheets of this pack are destroyed.", "No printed pack is out.")
