"""A plan on paper is typed, and compared, with its scan beside the form; on both databases."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.care_plans.actions import add_local_question
from epaccs.care_plans.rules import LocalKind
from epaccs.care_plans.schema import field_name
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.scans.actions import withdraw_scan
from epaccs.scans.rules import ScanKind, Withdrawal
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from epaccs.versions.rules import find_unchecked, present_items
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation
from tests.pages import PageClient
from tests.record.visits import a_signer, concern, open_record, organisation_of
from tests.scans.papers import keep_a_paper

PLAN = "Advance care plan of 3 March"


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_signer()


@pytest.fixture
def entry_id(gp: Actor) -> UUID:
    return a_registered_person(gp, family_name="Okonkwo")


@pytest.fixture
def pages(app: Flask, gp: Actor, entry_id: UUID) -> PageClient:
    return open_record(app, gp, entry_id)


@pytest.fixture
def scan(gp: Actor, pages: PageClient, entry_id: UUID) -> UUID:
    return keep_a_paper(gp, entry_id, kind=ScanKind.STATEMENT, title=PLAN)


def shown_in(pages: PageClient) -> list[str]:
    """What stands in a frame or a picture on the page."""
    return [str(one.get("src")).split("#")[0] for one in pages.page.all("iframe", "img")]


def follow(pages: PageClient, words: str) -> PageClient:
    """The link of these words."""
    (link,) = [one for one in pages.page.all("a") if "".join(one.itertext()).strip() == words]
    return pages.open(str(link.get("href")))


def copied_in(entry_id: UUID, section: str) -> list[str]:
    recorded = find_recorded(entry_id, section)
    assert recorded is not None
    return [str(one["name"]) for one in find_unchecked(recorded.value, recorded.provenance)]


def looks() -> int:
    opened = select(func.count()).select_from(AuditEvent).where(AuditEvent.kind == str(EventKind.SCAN_OPENED))
    return int(db.session.scalar(opened) or 0)


# --- Typing ----------------------------------------------------------------------------------------------------------


def test_from_a_scan_one_goes_section_by_section_with_it_beside_and_all_reads_not_yet_checked(
    pages: PageClient, entry_id: UUID, scan: UUID, gp: Actor
) -> None:
    pages.open(f"/record/{entry_id}/scans")
    follow(pages, f"Copy from it {PLAN}").see(f"Beside the form: {PLAN}", "Treatment level Nothing recorded")

    follow(pages, "Treatment level")
    assert shown_in(pages) == [f"/record/{entry_id}/scans/{scan}/beside"]
    pages.fill(level="treat_at_home").submit("Save")

    pages.see("Treatment level: saved.", "Treatment level Copied, not yet checked", f"Beside the form: {PLAN}")
    assert copied_in(entry_id, "treatment_level") == [gp.name]
    follow(pages, "If something happens")
    follow(pages, "Add plan")
    assert shown_in(pages) == [f"/record/{entry_id}/scans/{scan}/beside"]
    pages.fill(trigger="A fall", what_to_do="Ring the nurses").submit("Save")

    assert shown_in(pages) == [f"/record/{entry_id}/scans/{scan}/beside"]
    pages.see("A fall", "You copied it yourself: a colleague compares it")
    assert copied_in(entry_id, "contingency") == [gp.name]


def test_a_form_with_a_paper_beside_it_is_ticked_as_copied_and_without_one_it_is_not(
    pages: PageClient, entry_id: UUID, scan: UUID
) -> None:
    where = f"/record/{entry_id}/plan/treatment_level"

    assert pages.open(f"{where}?scan={scan}").value_of("copied_from_paper") == ["yes"]
    assert pages.open(where).value_of("copied_from_paper") == []
    assert pages.open(f"{where}?scan={new_id()}").value_of("copied_from_paper") == []
    assert pages.open(f"{where}?scan={scan}&then=copies").value_of("copied_from_paper") == []


def test_what_is_refused_is_shown_again_with_the_paper_still_beside_it(
    pages: PageClient, entry_id: UUID, scan: UUID
) -> None:
    pages.open(f"/record/{entry_id}/plan/contingency/items/new?scan={scan}")

    pages.fill(trigger="A fall").submit("Save", status=422)

    assert pages.value_of("trigger") == "A fall"
    assert pages.value_of("copied_from_paper") == ["yes"]
    assert shown_in(pages) == [f"/record/{entry_id}/scans/{scan}/beside"]


def test_a_pdf_stands_in_a_frame_and_a_picture_does_not(
    pages: PageClient, entry_id: UUID, scan: UUID, gp: Actor
) -> None:
    photograph = keep_a_paper(gp, entry_id, picture=True, title="On the fridge")
    where = f"/record/{entry_id}/plan/treatment_level"

    (frame,) = pages.open(f"{where}?scan={scan}").page.all("iframe")
    assert frame.get("title") == f"Scan: {PLAN}"
    assert "frame-src 'self'" in pages.page.response.headers["Content-Security-Policy"]

    follow(pages, "On the fridge")
    (picture,) = pages.page.all("img")
    assert (picture.get("src"), picture.get("alt")) == (
        f"/record/{entry_id}/scans/{photograph}/beside",
        "Scan: On the fridge",
    )
    assert "frame-src" not in pages.page.response.headers["Content-Security-Policy"]

    follow(pages, "No paper beside the form")
    assert shown_in(pages) == []


def test_each_look_at_a_paper_is_recorded_once_and_the_name_of_one_is_no_look(
    pages: PageClient, entry_id: UUID, scan: UUID
) -> None:
    pages.open(f"/record/{entry_id}/copy?scan={scan}")
    pages.open(f"/record/{entry_id}/plan/treatment_level?scan={scan}")
    assert looks() == 0

    assert pages.browser.get(shown_in(pages)[0]).status_code == 200
    assert looks() == 1


def test_a_paper_that_holds_no_more_stands_beside_no_form_and_is_offered_to_nobody(
    pages: PageClient, entry_id: UUID, scan: UUID, gp: Actor
) -> None:
    withdraw_scan(gp, scan, entry_id=entry_id, reason=Withdrawal.REPLACED, why="")

    for path in ("copy", "plan/treatment_level", "plan/contingency/items/new"):
        pages.open(f"/record/{entry_id}/{path}?scan={scan}").see(
            PLAN, "holds no more: a newer paper or a better scan has taken its place. Choose another"
        )
        assert shown_in(pages) == []
    assert pages.value_of("copied_from_paper") == []
    pages.open(f"/record/{entry_id}/plan/treatment_level").see_nothing_of(PLAN)
    pages.open(f"/record/{entry_id}/scans").see_nothing_of("Copy from it")
    assert pages.browser.get(f"/record/{entry_id}/scans/{scan}/beside").status_code == 422


def test_no_paper_of_somebody_else_stands_beside_a_form(
    app: Flask, pages: PageClient, entry_id: UUID, scan: UUID, gp: Actor
) -> None:
    other = a_registered_person(gp, family_name="Abbot")

    pages = open_record(app, gp, other).open(f"/record/{other}/plan/treatment_level?scan={scan}")

    assert shown_in(pages) == []
    pages.see_nothing_of(PLAN)
    assert pages.browser.get(f"/record/{other}/scans/{scan}/beside").status_code == 404


def test_while_the_address_is_restricted_no_paper_stands_beside_a_form(
    pages: PageClient, entry_id: UUID, scan: UUID, gp: Actor
) -> None:
    identity = find_recorded(entry_id, "identity")
    assert identity is not None
    apply_edit(gp, an_edit(entry_id, "identity", {**identity.value, "address_restricted": True}))

    pages.open(f"/record/{entry_id}/plan/treatment_level?scan={scan}").see("a paper may tell it")

    assert shown_in(pages) == []
    assert pages.browser.get(f"/record/{entry_id}/scans/{scan}/beside").status_code == 422


def test_whoever_changes_nothing_is_offered_no_paper_to_copy(
    app: Flask, pages: PageClient, entry_id: UUID, scan: UUID
) -> None:
    coordinator = a_clinician(Role.COORDINATOR)
    concern(entry_id, coordinator)
    browser = open_record(app, coordinator, entry_id)

    browser.open(f"/record/{entry_id}/plan/treatment_level?scan={scan}").see_nothing_of(PLAN)

    assert shown_in(browser) == []
    assert browser.browser.get(f"/record/{entry_id}/copy").status_code == 403


def test_without_a_scan_the_sections_are_there_and_it_says_so(pages: PageClient, entry_id: UUID, gp: Actor) -> None:
    pages.open(f"/record/{entry_id}/copy").see("No scan is kept that can be shown beside a form", "Treatment level")

    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "treat_at_home"}))
    pages.open(f"/record/{entry_id}/copy").see("Treatment level Recorded")
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "comfort_only"}, base_version=0))
    pages.open(f"/record/{entry_id}/copy").see("Treatment level Not settled")


# --- Comparing -------------------------------------------------------------------------------------------------------


def test_a_colleague_chooses_the_scan_once_and_compares_section_by_section_with_it_beside(
    app: Flask, pages: PageClient, entry_id: UUID, scan: UUID, gp: Actor
) -> None:
    for section, fields in (
        ("treatment_level", {"level": "treat_at_home"}),
        ("about_me", {"most_important": "Tea at four"}),
    ):
        pages.open(f"/record/{entry_id}/plan/{section}?scan={scan}").fill(**fields).submit("Save")
    partner = a_clinician(Role.GP, organisation_of(gp))
    theirs = open_record(app, partner, entry_id).open("/copies")

    follow(theirs, "Compare with the paper: Treatment level").see("Show the scan of a paper beside this form")
    follow(theirs, PLAN)
    assert shown_in(theirs) == [f"/record/{entry_id}/scans/{scan}/beside"]
    theirs.submit("I compared it with the paper Treatment level")

    follow(theirs, "Compare with the paper: What matters to me")
    assert shown_in(theirs) == [f"/record/{entry_id}/scans/{scan}/beside"]
    theirs.submit("I compared it with the paper What matters to me").see("Nothing that others copied from paper waits")
    assert copied_in(entry_id, "treatment_level") == copied_in(entry_id, "about_me") == []


def test_the_scan_of_one_person_does_not_go_with_whoever_compares_to_the_next(
    app: Flask, pages: PageClient, entry_id: UUID, scan: UUID, gp: Actor
) -> None:
    second = a_registered_person(gp, family_name="Abbot")
    for browser, one in ((pages, entry_id), (open_record(app, gp, second), second)):
        browser.open(f"/record/{one}/plan/treatment_level").fill(level="treat_at_home", copied_from_paper="yes")
        browser.submit("Save")
    theirs = open_record(app, a_clinician(Role.GP, organisation_of(gp)), entry_id)
    theirs.open(f"/record/{second}").fill(reason="permission_given", identifiers_checked=["name", "born"])
    theirs.submit("Open the record")

    theirs.open(f"/copies?at={entry_id}&scan={scan}").see("OKONKWO")
    follow(theirs, "Compare with the paper: Treatment level").submit("I compared it with the paper Treatment level")

    theirs.see("ABBOT", "Compare with the paper: Treatment level")
    assert str(scan) not in theirs.page.html


# --- What an area asks -----------------------------------------------------------------------------------------------


def test_an_answer_to_a_local_question_is_copied_from_paper_and_compared_too(
    app: Flask, pages: PageClient, entry_id: UUID, scan: UUID, gp: Actor
) -> None:
    board = a_clinician(Role.ADMINISTRATOR, an_organisation(type=OrganisationType.ICB))
    church = add_local_question(board, question="Which church?", hint=None, kind=LocalKind.WORDS, answers=None)
    hub = add_local_question(board, question="Which hub?", hint=None, kind=LocalKind.WORDS, answers=None)
    where = f"/record/{entry_id}/plan/local"
    pages.open(where).fill(**{field_name(hub): "North"}).submit("Save")
    assert copied_in(entry_id, "local") == []

    pages.open(f"{where}?scan={scan}")
    assert shown_in(pages) == [f"/record/{entry_id}/scans/{scan}/beside"]
    pages.fill(**{field_name(church): "St Mary's"}).submit("Save").see("Asked in this area Copied, not yet checked")

    assert copied_in(entry_id, "local") == [gp.name]
    recorded = find_recorded(entry_id, "local")
    assert recorded is not None
    assert set(present_items(recorded.value)) == {str(church), str(hub)}
    assert "copied_by" not in recorded.provenance[f"items/{hub}"]
    pages.open(where).see("You copied it yourself: a colleague compares it")

    partner = a_clinician(Role.GP, organisation_of(gp))
    theirs = open_record(app, partner, entry_id).open("/copies")
    follow(theirs, "Compare with the paper: Asked in this area").submit(
        "I compared it with the paper Asked in this area"
    )
    assert copied_in(entry_id, "local") == []
