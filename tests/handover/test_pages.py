"""The page that prints, the list of copies, and the public page that says whether a sheet still holds."""

from __future__ import annotations

import io
import re
from typing import Any
from uuid import UUID

import pdfplumber
import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.handover.model import HandoverSheet
from epaccs.handover.rules import MISSES_LIMIT, format_code
from epaccs.versions.actions import apply_edit
from tests.cpr_decisions.test_actions import a_decision
from tests.factories import a_clinician, a_registered_person, an_edit, sign_in
from tests.handover.test_printing import remove
from tests.pages import PageClient

ANSWERS = {"printed_for": "L Hart, community nurse", "destination": "professional", "place": "Kitchen drawer"}


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True, name="Dr A Patel")


@pytest.fixture
def entry_id(gp: Actor) -> UUID:
    return a_registered_person(gp, family_name="Okonkwo", given_name="Grace", preferred_name="Gracie")


def browser_of(app: Flask, actor: Actor, entry_id: UUID) -> PageClient:
    """A browser in which the actor has said why they open the record."""
    pages = PageClient(app)
    sign_in(pages.browser, actor)
    pages.open(f"/record/{entry_id}")
    if "permission_given" in pages.page.html:
        pages.fill(reason="permission_given", identifiers_checked=["name", "born"]).submit("Open the record")
    return pages


def send(pages: PageClient, entry_id: UUID, **changes: Any) -> TestResponse:
    """Press "Print the sheet" on the page that is open."""
    fields = {name: pages.value_of(name) for name in ("csrf_token", "edit_id")}
    answers = {name: answer for name, answer in {**ANSWERS, **changes}.items() if answer is not None}
    return pages.browser.post(f"/record/{entry_id}/handover", data={**fields, **answers, "action": "save"})


def opened(app: Flask, actor: Actor, entry_id: UUID) -> PageClient:
    return browser_of(app, actor, entry_id).open(f"/record/{entry_id}/handover")


def sheets() -> list[HandoverSheet]:
    return list(db.session.scalars(select(HandoverSheet).order_by(HandoverSheet.reserved_at)))


def count_of(kind: EventKind) -> int:
    return db.session.scalars(select(func.count()).where(AuditEvent.kind == str(kind))).one()


# --- Printing --------------------------------------------------------------------------------------------------------


def test_a_nurse_prints_a_sheet_and_nothing_of_it_is_kept_by_the_browser(app: Flask, gp: Actor, entry_id: UUID) -> None:
    pages = opened(app, gp, entry_id).see("OKONKWO, Grace", "No CPR decision recorded here", "Copies on paper")

    response = send(pages, entry_id)

    [sheet] = sheets()
    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Disposition"] == f'inline; filename="handover-{format_code(sheet.code)}.pdf"'
    with pdfplumber.open(io.BytesIO(response.data)) as document:
        assert "OKONKWO, Grace" in document.pages[0].extract_text()


def test_the_name_of_the_file_names_nobody(app: Flask, gp: Actor, entry_id: UUID) -> None:
    response = send(opened(app, gp, entry_id), entry_id)

    said = response.headers["Content-Disposition"]
    assert re.fullmatch(r'inline; filename="handover-[0-9A-Z]{4}-[0-9A-Z]{4}\.pdf"', said)
    assert not re.search(r"Okonkwo|Grace|999", str(response.headers), re.IGNORECASE)


def test_the_page_shows_what_will_be_printed_and_that_it_was_looked_at_is_recorded(
    app: Flask, gp: Actor, entry_id: UUID
) -> None:
    pages = opened(app, gp, entry_id)

    pages.see("Diagnosis and prognosis", "Not on it:", "No sheet of this person was printed.")
    assert count_of(EventKind.FORM_VIEWED) == 1
    assert sheets() == []


def test_the_copies_are_listed_with_where_they_are_and_whether_they_hold(app: Flask, gp: Actor, entry_id: UUID) -> None:
    pages = opened(app, gp, entry_id)
    send(pages, entry_id)
    [sheet] = sheets()
    pages.open(f"/record/{entry_id}/handover").see(
        format_code(sheet.code), "Current", "L Hart, community nurse", "Kitchen drawer", "Dr A Patel, GP"
    )

    apply_edit(gp, an_edit(entry_id, "cpr", a_decision(), kind="sign"))

    pages.open(f"/record/{entry_id}/handover").see("Replaced: collect it", "Not for CPR")
    pages.see("1 old copy is not yet destroyed")
    pages.submit(f"Mark as destroyed sheet {format_code(sheet.code)}").see("Noted: this paper is destroyed.")
    assert "not yet destroyed" not in pages.page.text
    assert sheets()[0].collected_by == gp.clinician_id


def test_missing_answers_are_named_beside_their_boxes_and_nothing_is_printed(
    app: Flask, gp: Actor, entry_id: UUID
) -> None:
    pages = opened(app, gp, entry_id).fill(place="Ward 3").submit("Print the sheet", status=422)

    assert pages.errors() == [
        "Enter the name and role of whoever gets it",
        "Choose an answer: Where does this copy go?",
    ]
    assert pages.value_of("place") == "Ward 3"
    assert sheets() == []


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"printed_for": "x" * 121}, id="too long"),
        pytest.param({"printed_for": "a\x00b"}, id="a null byte"),
        pytest.param({"printed_for": "a\u202eb"}, id="a mark that reorders"),
        pytest.param({"destination": "everybody"}, id="a place to go that is not offered"),
        pytest.param({"layout": "braille"}, id="a layout that is not offered"),
        pytest.param({"place": None}, id="a part missing"),
        pytest.param({"not_told_because": "x"}, id="an answer nobody asked for"),
        pytest.param({"edit_id": "17"}, id="no number of the form"),
    ],
)
def test_a_form_that_is_not_right_prints_nothing(fields: dict[str, Any], app: Flask, gp: Actor, entry_id: UUID) -> None:
    response = send(opened(app, gp, entry_id), entry_id, **fields)

    assert (response.status_code, response.mimetype) == (422, "text/html")
    assert sheets() == []


def test_the_same_form_again_shows_the_copy_instead_of_another(app: Flask, gp: Actor, entry_id: UUID) -> None:
    pages = opened(app, gp, entry_id)
    send(pages, entry_id)

    again = send(pages, entry_id)

    assert (again.status_code, again.location) == (303, f"/record/{entry_id}/handover")
    pages.open(f"/record/{entry_id}/handover").see(f"Sheet {format_code(sheets()[0].code)} was printed already")
    assert len(sheets()) == 1
    assert count_of(EventKind.PRINTED) == 1


def test_where_the_person_has_not_been_told_the_page_stops_and_asks(app: Flask, gp: Actor, entry_id: UUID) -> None:
    decision = a_decision(aware=["family"], person_not_told="Too unwell to hear it")
    apply_edit(gp, an_edit(entry_id, "cpr", decision, kind="sign"))
    pages = opened(app, gp, entry_id).see("The person has NOT been told of this decision")

    pages.fill(printed_for="Grace", destination="home").submit("Print the sheet", status=422)

    assert pages.errors() == [
        "The person has NOT been told of the decision. Tell them first, or say why this sheet must go there now"
    ]
    because = "Her daughter tells her this evening"
    response = send(pages, entry_id, destination="home", not_told_because=because, was_read="yes")
    assert response.mimetype == "application/pdf"


def test_the_persons_own_copy_is_asked_for_in_easy_read_and_listed_as_such(
    app: Flask, gp: Actor, entry_id: UUID
) -> None:
    pages = opened(app, gp, entry_id).see("How should it be laid out?", "Easy Read is shorter")

    response = send(pages, entry_id, destination="home", layout="easy_read", was_read="yes")

    with pdfplumber.open(io.BytesIO(response.data)) as document:
        assert "Your plan in easy words" in document.pages[0].extract_text()
    pages.open(f"/record/{entry_id}/handover").see("L Hart, community nurse. Easy Read")


def test_a_copy_for_staff_in_easy_read_is_refused_beside_the_question(app: Flask, gp: Actor, entry_id: UUID) -> None:
    pages = opened(app, gp, entry_id)

    pages.fill(printed_for="L Hart", destination="professional", layout="easy_read")
    pages.submit("Print the sheet", status=422)

    assert pages.errors() == [
        "Easy Read is only for a copy that goes to the person: change where it goes, or how it is laid out"
    ]
    assert sheets() == []


def test_of_a_restricted_person_no_place_is_asked_for_and_none_is_shown(app: Flask, gp: Actor) -> None:
    entry_id = a_registered_person(gp, address="9 Hidden Lane", address_restricted=True)
    pages = opened(app, gp, entry_id)

    pages.see("The address is restricted: name no place and no organisation.").see_nothing_of("Hidden", 'name="place"')
    assert send(pages, entry_id, place=None).mimetype == "application/pdf"
    pages.open(f"/record/{entry_id}/handover").see("Not shown").see_nothing_of("Hidden")


# --- Who is turned away ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_paramedic_may_not_print(method: str, app: Flask, entry_id: UUID) -> None:
    paramedic = a_clinician(Role.PARAMEDIC)
    pages = browser_of(app, paramedic, entry_id)
    token = pages.open("/search").value_of("csrf_token") if method == "POST" else ""

    response = pages.browser.open(f"/record/{entry_id}/handover", method=method, data={"csrf_token": token, **ANSWERS})

    assert response.status_code == 403
    assert "may not print a sheet" in response.get_data(as_text=True)
    assert sheets() == []
    assert count_of(EventKind.REFUSED) == 1


def test_a_person_out_of_reach_is_as_if_absent(app: Flask, entry_id: UUID) -> None:
    pages = PageClient(app)
    sign_in(pages.browser, a_clinician(Role.GP))

    for address in (f"/record/{entry_id}/handover", f"/record/{new_id()}/handover", "/record/nobody/handover"):
        pages.open(address, status=404)

    assert count_of(EventKind.REFUSED) == 3


def test_whoever_gave_no_reason_sees_nothing(app: Flask, entry_id: UUID) -> None:
    pages = PageClient(app)
    sign_in(pages.browser, a_clinician(Role.OUT_OF_HOURS_GP))

    pages.open(f"/record/{entry_id}/handover", status=403).see_nothing_of("Okonkwo", "OKONKWO")


def test_whoever_is_not_signed_in_is_sent_to_sign_in(app: Flask, entry_id: UUID) -> None:
    response = app.test_client().get(f"/record/{entry_id}/handover")

    assert response.status_code == 303
    assert response.location.startswith("/sign-in")


# --- Checking a number -----------------------------------------------------------------------------------------------


@pytest.fixture
def code(app: Flask, gp: Actor, entry_id: UUID) -> str:
    """The number of a sheet just printed."""
    send(opened(app, gp, entry_id), entry_id)
    return format_code(sheets()[0].code)


def test_anybody_may_ask_whether_a_sheet_holds_and_learns_nothing_of_the_person(app: Flask, code: str) -> None:
    pages = PageClient(app).open(f"/check/{code}")

    pages.see("The CPR line of this sheet is the current one", code, "21-Nov-2026 03:00")
    pages.see_nothing_of("Okonkwo", "OKONKWO", "Grace", "999", "Patel", "Hart", "Kitchen", "Not for CPR")
    assert count_of(EventKind.PAPER_CHECKED) == 1


def test_a_replaced_sheet_is_said_to_be_replaced(app: Flask, code: str, gp: Actor, entry_id: UUID) -> None:
    apply_edit(gp, an_edit(entry_id, "cpr", a_decision(), kind="sign"))

    pages = PageClient(app).open(f"/check/{code.lower().replace('-', '')}")

    pages.see("This sheet was replaced: do not rely on it", "or ring 111", "Destroy this sheet.")
    pages.see_nothing_of("Not for CPR", "Okonkwo")


def test_whoever_may_open_the_record_learns_whether_another_part_changed_and_nobody_else_does(
    app: Flask, code: str, gp: Actor, entry_id: UUID
) -> None:
    inside = opened(app, gp, entry_id)
    inside.open(f"/check/{code}").see("Another part of the record: not changed since the sheet")
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "treat_at_home"}))

    inside.open(f"/check/{code}").see("Another part of the record: changed since the sheet")
    inside.follow("Open the record")

    elsewhere, scoped = PageClient(app), PageClient(app)
    sign_in(elsewhere.browser, a_clinician(Role.GP))
    sign_in(scoped.browser, a_clinician(Role.OUT_OF_HOURS_GP))
    for reader in (PageClient(app), elsewhere, scoped):
        reader.open(f"/check/{code}").see("Other parts may have changed: only the record says.")
        reader.see_nothing_of("Another part of the record", "changed since the sheet")
    for reader in (PageClient(app), elsewhere):
        reader.open(f"/check/{code}").see_nothing_of("Open the record", str(entry_id))
    scoped.open(f"/check/{code}").see("Open the record")


def test_who_asked_about_a_sheet_is_kept_where_somebody_is_signed_in(app: Flask, code: str, gp: Actor) -> None:
    pages = PageClient(app)
    pages.open(f"/check/{code}")
    sign_in(pages.browser, gp)
    pages.open(f"/check/{code}")

    statement = select(AuditEvent.actor_id).where(AuditEvent.kind == str(EventKind.PAPER_CHECKED))
    assert list(db.session.scalars(statement.order_by(AuditEvent.at))) == [None, gp.clinician_id]


def test_a_replaced_sheet_says_to_its_readers_that_the_record_is_to_be_opened(
    app: Flask, code: str, gp: Actor, entry_id: UUID
) -> None:
    apply_edit(gp, an_edit(entry_id, "cpr", a_decision(), kind="sign"))
    pages = PageClient(app)
    sign_in(pages.browser, gp)

    pages.open(f"/check/{code}").see(
        "This sheet was replaced", "what it says about CPR may be wrong", "Open the record"
    )


def test_a_sheet_of_whoever_left_the_register_is_not_said_to_be_cancelled(
    app: Flask, code: str, gp: Actor, entry_id: UUID
) -> None:
    remove(gp, entry_id)

    pages = PageClient(app).open(f"/check/{code}")

    pages.see("This sheet can no longer be checked here", "That does not cancel a signed decision.")
    pages.see("Destroy this sheet, never the signed form.").see_nothing_of("moved", "Okonkwo", "do not rely on it")


def test_whoever_finds_old_paper_ticks_it_off_by_its_number(app: Flask, code: str, gp: Actor, entry_id: UUID) -> None:
    """The square code leads to this page; the record need not be opened first."""
    apply_edit(gp, an_edit(entry_id, "cpr", a_decision(), kind="sign"))
    colleague = a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id))
    pages = PageClient(app)
    sign_in(pages.browser, colleague)

    pages.open(f"/check/{code}").submit(f"I have destroyed this sheet {code}")

    pages.see("Noted: this paper is destroyed.", "Sheet number")
    sheet = db.session.scalars(select(HandoverSheet)).one()
    assert (sheet.collected_at is not None, sheet.collected_by) == (True, colleague.clinician_id)
    statement = select(AuditEvent.entry_id).where(AuditEvent.kind == str(EventKind.PAPER_COLLECTED))
    assert list(db.session.scalars(statement)) == [entry_id]
    pages.open(f"/check/{code}").see("that this paper was destroyed", "destroy it now").see_nothing_of(
        "I have destroyed"
    )


def test_paper_of_whoever_is_not_theirs_cannot_be_ticked_off(app: Flask, code: str, gp: Actor) -> None:
    stranger, clerk = a_clinician(Role.HOSPICE_NURSE), a_clinician(Role.ADMINISTRATOR)
    for actor in (stranger, clerk):
        pages = PageClient(app)
        sign_in(pages.browser, actor)
        pages.open(f"/check/{code}").see_nothing_of("I have destroyed")
        token = pages.open("/check").value_of("csrf_token")
        for number in (code, "7K4P-93XQ", "nonsense"):
            answer = pages.browser.post(f"/check/{number}/destroyed", data={"csrf_token": token})
            assert answer.status_code == (404 if actor is stranger else 403)
    sheet = db.session.scalars(select(HandoverSheet)).one()
    assert sheet.collected_at is None


def test_a_number_can_be_typed(app: Flask, code: str) -> None:
    pages = PageClient(app).open("/check")

    pages.fill(code=f" {code.lower()} ").submit("Check the sheet").see("The CPR line of this sheet is the current one")
    pages.follow("Check another sheet").see("Sheet number")


@pytest.mark.parametrize("reserved", [pytest.param(False, id="never given"), pytest.param(True, id="never printed")])
def test_a_number_that_is_on_no_paper_is_said_to_be_unknown(reserved: bool, app: Flask, code: str) -> None:
    if reserved:
        [sheet] = sheets()
        sheet.status, sheet.printed_at = "reserved", None
        db.session.commit()

    pages = PageClient(app).open(f"/check/{code if reserved else '7K4P-93XQ'}", status=200 if reserved else 404)

    pages.see("the paper is not from this register", "read the signed form, or ring 111")


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param("1234", id="too short"),
        pytest.param("<b>7K4P</b>", id="markup"),
        pytest.param("{{7*7}}", id="template syntax"),
        pytest.param("\u202e7K4P93XQ", id="a mark that reorders"),
    ],
)
def test_what_is_no_number_is_refused_with_what_to_type(typed: str, app: Flask) -> None:
    pages = PageClient(app).open("/check").fill(code=typed).submit("Check the sheet", status=422)

    assert len(pages.errors()) == 1
    assert pages.value_of("code") == typed


@pytest.mark.parametrize("code", ["x" * 200, "%00", "%3Cscript%3E", "7K4P-93XO", "%E2%80%AE7K4P93XQ"])
def test_an_address_that_is_no_number_is_on_no_sheet(code: str, app: Flask) -> None:
    PageClient(app).open(f"/check/{code}", status=404).see("No sheet has this number")


def test_whoever_guesses_is_told_when_to_try_again(app: Flask) -> None:
    pages = PageClient(app)
    for _ in range(MISSES_LIMIT):
        pages.browser.get("/check/7K4P-93XQ")

    pages.open("/check/7K4P-93XQ", status=429)

    [sentence] = pages.errors()
    assert sentence.startswith("Too many wrong sheet numbers came from your network. Try again after 21-Nov-2026 03:1")
