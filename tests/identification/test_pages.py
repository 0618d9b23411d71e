"""Sending a list, reading it, and deciding about somebody, as a practice does it in a browser."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.identification.model import Candidate, Consideration
from epaccs.identification.rules import Outcome
from tests.factories import a_clinician, a_registered_person, sign_in
from tests.identification.lists import ADA, BEN, a_file, a_row, decide, send, the_candidate
from tests.pages import Page, PageClient, faults_of


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP)


@pytest.fixture
def browser(app: Flask, gp: Actor) -> PageClient:
    return of(app, gp)


def of(app: Flask, actor: Actor) -> PageClient:
    page = PageClient(app)
    sign_in(page.browser, actor)
    return page


def colleague(gp: Actor, role: Role) -> Actor:
    return a_clinician(role, db.session.get(Organisation, gp.organisation_id))


def send_file(browser: PageClient, content: bytes | None, *, file_name: str = "list.csv", **more: str) -> TestResponse:
    """Choose a file on the page that sends lists; None: choose none."""
    browser.open("/consider/list")
    fields = {name: browser.value_of(name) for name in ("csrf_token", "edit_id")} | {"action": "save", **more}
    parts = [
        f'--part\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{typed}\r\n' for name, typed in fields.items()
    ]
    name = file_name if content is not None else ""
    file = f'--part\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = "".join([*parts, file]).encode() + (content or b"") + b"\r\n--part--\r\n"
    return browser.browser.post("/consider/list", data=body, content_type="multipart/form-data; boundary=part")


def refusals(app: Flask, answer: TestResponse) -> list[str]:
    """The sentences of a page that keeps the house rules."""
    page = Page(app, answer, "/consider/list", expected_status=422)
    assert faults_of(page) == []
    return page.errors()


# --- sending ---------------------------------------------------------------------------------------------------------


def test_a_practice_sends_its_list_and_sees_whom_to_consider(browser: PageClient, gp: Actor) -> None:
    browser.open("/consider").see("No list has been sent yet")

    answer = send_file(browser, a_file(a_row(ADA), a_row(BEN, family_name="Bello", conditions="advanced cancer")))

    assert (answer.status_code, answer.location) == (303, "/consider")
    browser.open("/consider").see("2 people are on the list. 2 to consider")
    browser.see("HARGREAVES, Winifred").see("Because: heart failure.").see(gp.name)
    browser.open("/consider?group=cancer").see("BELLO, Winifred")
    assert "HARGREAVES" not in browser.page.text
    browser.open("/").see("People to consider (2)")


def test_a_bad_row_is_shown_with_its_number_and_nothing_is_kept(app: Flask, browser: PageClient) -> None:
    answer = send_file(browser, a_file(a_row(ADA), a_row("9990000310")))

    assert refusals(app, answer) == ["Mend 1 row and choose the list again. Nothing was kept, and the last list stands"]
    assert "Row 3" in answer.text
    assert "do not fit together" in answer.text
    assert db.session.query(Candidate).count() == 0


def test_a_hundred_bad_rows_are_shown_and_the_others_counted(app: Flask, browser: PageClient) -> None:
    answer = send_file(browser, a_file(*(a_row("1") for _ in range(130))))

    assert "Mend 130 rows" in refusals(app, answer)[0]
    assert "And 30 more rows" in answer.text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(None, "Choose the list", id="no file"),
        pytest.param(b"", "this file is empty", id="0 bytes"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00", "this is no text", id="a picture"),
        pytest.param(b"x" * 2_000_000, "up to 1 megabyte", id="2 megabytes"),
    ],
)
def test_what_is_no_list_is_refused_beside_the_file(
    app: Flask, browser: PageClient, content: bytes | None, sentence: str
) -> None:
    (told,) = refusals(app, send_file(browser, content))

    assert sentence in told


def test_fifty_megabytes_are_refused_with_a_sentence(app: Flask, browser: PageClient) -> None:
    (told,) = refusals(app, send_file(browser, b"x" * 50_000_000))

    assert "Choose a smaller file: a list can have up to 1 megabyte" in told


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"file": "nhs_number"}, id="a text in place of the file"),
        pytest.param({}, id="no part for the file"),
    ],
)
def test_a_form_without_a_file_is_refused(app: Flask, browser: PageClient, sent: dict[str, str]) -> None:
    browser.open("/consider/list")
    form = {name: browser.value_of(name) for name in ("csrf_token", "edit_id")}

    (told,) = refusals(app, browser.browser.post("/consider/list", data={**form, "action": "save", **sent}))

    assert "Choose the list" in told


def test_words_of_a_list_are_shown_as_text(browser: PageClient, gp: Actor) -> None:
    send(gp, a_row(ADA, family_name="<b>{{ 7*7 }}"))

    browser.open("/consider").see("<B>{{ 7*7 }}, Winifred")


def test_a_half_list_is_taken_once_somebody_ticks_that_it_is_whole(app: Flask, browser: PageClient, gp: Actor) -> None:
    send(gp, a_row(ADA))

    assert "leaves out 1 of the 1 people" in refusals(app, send_file(browser, a_file(a_row(BEN))))[0]
    assert send_file(browser, a_file(a_row(BEN)), is_whole="yes").status_code == 303
    browser.open("/consider?state=not_listed").see("HARGREAVES, Winifred")


def test_a_file_with_the_columns_can_be_downloaded(browser: PageClient) -> None:
    answer = browser.browser.get("/consider/list.csv")

    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (200, "text/csv", "no-store")
    assert answer.headers["Content-Disposition"] == "attachment; filename=people-to-consider.csv"
    assert answer.text.startswith("\ufeffnhs_number,family_name,given_name,born_on,conditions,signs,frailty_scale")


# --- one person ------------------------------------------------------------------------------------------------------


def test_a_decision_is_kept_with_its_reason_and_can_be_taken_back(browser: PageClient, gp: Actor) -> None:
    send(gp, a_row(ADA))
    address = f"/consider/{the_candidate().id}"

    browser.open(address).fill(
        outcome="not_now", look_again_on=date(2027, 2, 12), reason="After the wedding <3"
    ).submit("Keep this decision")

    browser.open("/consider").see("Nobody.")
    browser.open("/consider?state=not_now").see("Not now, until 12-Feb-2027")
    browser.open(address).see("After the wedding <3").see(gp.name)
    browser.submit("Consider again now").see("To be considered again")
    browser.open("/consider").see("HARGREAVES, Winifred")


def test_a_refused_decision_keeps_what_was_typed(browser: PageClient, gp: Actor) -> None:
    send(gp, a_row(ADA))

    browser.open(f"/consider/{the_candidate().id}").fill(outcome="not_now", reason="Later").submit(
        "Keep this decision", status=422
    )

    assert browser.errors() == ["Enter the day on which to look again"]
    assert browser.value_of("reason") == "Later"
    assert db.session.query(Consideration).count() == 0


def test_two_people_at_once_see_what_the_other_decided(app: Flask, browser: PageClient, gp: Actor) -> None:
    send(gp, a_row(ADA))
    browser.open(f"/consider/{the_candidate().id}").fill(outcome="plan_elsewhere", reason="With the hospice")
    decide(colleague(gp, Role.GP), Outcome.NOT_APPROPRIATE, reason="Walks every day")

    browser.submit("Keep this decision", status=422)

    browser.see("Somebody else has decided").see("Walks every day")
    assert browser.value_of("reason") == "With the hospice"


def test_registering_opens_the_form_with_who_they_are(browser: PageClient, gp: Actor) -> None:
    send(gp, a_row(ADA))
    browser.open(f"/consider/{the_candidate().id}").submit("Prepare the registration of Winifred Hargreaves")

    browser.see("This was prepared. Nobody is on the register by it")
    assert browser.value_of("family_name") == "Hargreaves"
    assert browser.value_of("nhs_number") == "999 000 0301"
    given = {"decided_by": "The person", "decided_on": date(2026, 11, 1), "status": "given"}
    browser.fill(
        nhs_number_status="01",
        address="1 Made-up Street",
        usual_gp_name=gp.name,
        main_carer="unknown",
        primary_diagnosis="Heart failure",
        **{f"{part}_{name}": answer for part in ("register", "share") for name, answer in given.items()},
    ).submit("Put on the register")

    browser.open("/consider?state=on_register").see("HARGREAVES, Winifred")
    browser.open(f"/consider/{the_candidate().id}").see("Open the record")
    browser.open("/register/prepared").see("Nothing is prepared")


def test_the_page_says_when_the_number_is_somebody_elses(browser: PageClient, gp: Actor) -> None:
    a_registered_person(gp, nhs_number=ADA, born_on="1941-01-06")
    send(gp, a_row(ADA))

    browser.open("/consider").see("Check the NHS number")
    browser.open(f"/consider/{the_candidate().id}").see("One of the two is wrong")
    assert "06-Jan-1941" not in browser.page.text


def test_an_administrator_prepares_and_a_clinician_decides(app: Flask, gp: Actor) -> None:
    send(gp, a_row(ADA))
    browser = of(app, colleague(gp, Role.PRACTICE_ADMINISTRATOR))

    browser.open("/").see("People to consider (1)")
    browser.open(f"/consider/{the_candidate().id}").see("A clinician of your practice decides otherwise")
    browser.submit("Prepare the registration of Winifred Hargreaves").see(
        "a clinician of your organisation completes it"
    )


def test_another_practices_person_is_as_if_absent(app: Flask, gp: Actor) -> None:
    send(gp, a_row(ADA))
    stranger = of(app, a_clinician(Role.GP))

    known, unknown = (stranger.browser.get(f"/consider/{one}") for one in (the_candidate().id, new_id()))

    assert (known.status_code, unknown.status_code) == (404, 404)
    assert "HARGREAVES" not in known.text
    stranger.open("/consider").see("No list has been sent yet")


@pytest.mark.parametrize("query", ["state=x", "group=x", "page=0", "page=-1", "page=x", "page=99999999", "page=²"])
def test_an_address_that_was_changed_by_hand_shows_the_list(browser: PageClient, gp: Actor, query: str) -> None:
    send(gp, a_row(ADA))

    browser.open(f"/consider?{query}").see("HARGREAVES, Winifred")


def test_other_roles_see_no_link(app: Flask) -> None:
    browser = of(app, a_clinician(Role.HOSPICE_NURSE))

    browser.open("/")

    assert "People to consider" not in browser.page.text
    assert browser.browser.get("/consider").status_code == 403
