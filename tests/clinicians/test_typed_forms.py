"""A session that ends in the middle of a form: what was typed is there after signing in, and nobody else sees it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select

from epaccs.clinicians import actions
from epaccs.clinicians.model import ClinicianSession, Organisation, SealedForm
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock, sealing
from epaccs.core.db import db, writing
from tests.clinicians.conftest import PASSWORD
from tests.conftest import NOW
from tests.factories import a_clinician, an_organisation
from tests.pages import PageClient

FORM = "/admin/people/new"
TYPED = {"name": "Nora O'Neill <b>", "user_name": "nora", "role": "hospice-nurse", "professional_number": "98I1234E"}
#: The clock after an hour at the bedside.
LATER = NOW + timedelta(minutes=61)


@pytest.fixture
def hospice(app: Flask) -> Organisation:
    return an_organisation(type=OrganisationType.HOSPICE)


@pytest.fixture
def abe(hospice: Organisation, password_hash: str) -> Actor:
    return a_clinician(Role.ADMINISTRATOR, hospice, user_name="abe", name="Abe", password_hash=password_hash)


@pytest.fixture
def interrupted(pages: PageClient, abe: Actor, frozen_clock: Callable[[datetime], None]) -> PageClient:
    """Abe typed a form, was called away, and sends it an hour later."""
    pages.open(FORM)
    give_password(pages, "abe").fill(**TYPED)
    frozen_clock(LATER)
    return pages.submit("Add colleague")


def give_password(pages: PageClient, user_name: str) -> PageClient:
    return pages.fill(user_name=user_name, password=PASSWORD).submit("Sign in")


def kept() -> int:
    return db.session.scalar(select(func.count()).select_from(SealedForm)) or 0


def test_what_was_typed_is_there_after_signing_in_again(interrupted: PageClient) -> None:
    assert interrupted.page.heading == "Sign in"
    interrupted.see("You were signed out because this browser was not used for a while.", "it is not lost")

    give_password(interrupted, "abe")

    interrupted.see("This is what you had typed before you were signed out. It is not saved yet:")
    assert {name: interrupted.value_of(name) for name in TYPED} == TYPED


def test_what_is_there_again_can_be_sent(interrupted: PageClient) -> None:
    give_password(interrupted, "abe").submit("Add colleague").see("One-time code for Nora O'Neill <b>")

    interrupted.open(FORM)
    assert interrupted.value_of("name") == ""


def test_it_is_given_back_once(interrupted: PageClient) -> None:
    give_password(interrupted, "abe")

    interrupted.open(FORM)

    assert interrupted.value_of("name") == ""
    interrupted.see_nothing_of("before you were signed out")
    assert kept() == 0


def test_nobody_else_sees_it(app: Flask, interrupted: PageClient, hospice: Organisation, password_hash: str) -> None:
    a_clinician(Role.ADMINISTRATOR, hospice, user_name="bea", password_hash=password_hash)

    give_password(interrupted, "bea")

    assert interrupted.page.heading.startswith("Add a colleague")
    assert interrupted.value_of("name") == ""
    interrupted.see_nothing_of("Neill").submit("Sign out")
    of_abe = PageClient(app)
    of_abe.open(FORM)
    give_password(of_abe, "abe")
    assert of_abe.value_of("name") == "Nora O'Neill <b>"


def test_after_half_an_hour_it_is_gone(interrupted: PageClient, frozen_clock: Callable[[datetime], None]) -> None:
    frozen_clock(LATER + timedelta(minutes=30, seconds=1))

    give_password(interrupted, "abe")

    assert interrupted.value_of("name") == ""


def test_the_worker_deletes_it_after_half_an_hour(
    interrupted: PageClient, frozen_clock: Callable[[datetime], None]
) -> None:
    actions.forget_expired()
    assert kept() == 1

    frozen_clock(LATER + timedelta(minutes=31))

    assert actions.forget_expired() == 1
    assert kept() == 0


def test_it_is_sealed_and_cannot_be_moved_to_another_row(interrupted: PageClient) -> None:
    row = db.session.scalars(select(SealedForm)).one()

    assert b"Neill" not in row.sealed_fields
    with pytest.raises(sealing.CannotBeOpened):
        sealing.unseal(row.sealed_fields, purpose="typed form", record_id=row.clinician_id)


def test_it_is_kept_too_when_somebody_ended_the_session(pages: PageClient, abe: Actor) -> None:
    pages.open(FORM)
    give_password(pages, "abe").fill(**TYPED)
    with writing() as session:
        actions.sessions.end_sessions(session, abe.clinician_id, actions.sessions.SessionEnd.RESET)

    pages.submit("Add colleague").see("it is not lost")

    give_password(pages, "abe")
    assert pages.value_of("name") == "Nora O'Neill <b>"


def test_it_is_kept_while_a_second_factor_is_set_up(pages: PageClient, abe: Actor, hospice: Organisation) -> None:
    pages.open(FORM)
    give_password(pages, "abe").fill(**TYPED)
    with writing() as session:
        session.get_one(Organisation, hospice.id).demands_second_factor = True

    pages.submit("Add colleague")

    assert pages.page.heading == "Set up a second factor"
    assert kept() == 1


def test_passwords_are_not_kept(pages: PageClient, abe: Actor, frozen_clock: Callable[[datetime], None]) -> None:
    pages.open("/account/password")
    give_password(pages, "abe").fill(
        current_password=PASSWORD, new_password="another long night", repeated_password="another long night"
    )
    frozen_clock(LATER)

    pages.submit("Change password").see_nothing_of("it is not lost")

    assert kept() == 0


def test_a_button_that_carries_nothing_typed_keeps_nothing(
    pages: PageClient, abe: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    pages.open("/account/second-factor")
    give_password(pages, "abe")
    frozen_clock(LATER)

    pages.submit("Show me the picture to scan")

    assert (kept(), pages.page.heading) == (0, "Sign in")


def test_a_cookie_that_never_was_a_session_keeps_nothing(pages: PageClient, abe: Actor) -> None:
    pages.open("/sign-in")
    token = pages.value_of("csrf_token")
    answer = pages.browser.post(FORM, data={**TYPED, "csrf_token": token})

    assert answer.status_code == 303
    assert kept() == 0


def test_a_later_text_of_the_same_page_takes_the_place_of_the_earlier(abe: Actor) -> None:
    for text in ("first", "second"):
        actions.seal_form(abe.clinician_id, path=FORM, fields={"name": [text]})

    assert actions.claim_sealed_form(abe, FORM) == {"name": ["second"]}
    assert actions.claim_sealed_form(abe, FORM) is None


def test_a_stolen_cookie_does_not_fill_the_disk(abe: Actor) -> None:
    for number in range(25):
        actions.seal_form(abe.clinician_id, path=f"/form/{number}", fields={"name": [str(number)]})

    assert kept() == 10
    assert actions.claim_sealed_form(abe, "/form/24") == {"name": ["24"]}
    assert actions.claim_sealed_form(abe, "/form/3") is None


def test_every_letter_and_line_comes_back(abe: Actor) -> None:
    fields = {"note": ["Zoë\r\n  🙂 \u202e{{ 7*7 }}\x00"], "aware": ["gp", "family"], "edit_id": ["1"]}
    actions.seal_form(abe.clinician_id, path="/" + "x" * 500, fields=fields)

    assert actions.claim_sealed_form(abe, "/" + "x" * 500) == fields


def test_the_session_that_ended_stays_ended(interrupted: PageClient, abe: Actor) -> None:
    give_password(interrupted, "abe")

    rows = db.session.scalars(select(ClinicianSession).where(ClinicianSession.expires_at > clock.now()))
    assert len({row.token_digest for row in rows}) == 2


@pytest.mark.parametrize(
    ("referrer", "leads_to"),
    [
        pytest.param("http://localhost/account?tab=1", "/account?tab=1", id="another page of ours"),
        pytest.param("http://elsewhere.example/account", FORM, id="another site"),
        pytest.param("http://localhost/sign-out", FORM, id="an address that is no page"),
        pytest.param("", FORM, id="no word of it"),
    ],
)
def test_after_signing_in_the_page_of_the_form_opens_again(
    pages: PageClient, abe: Actor, frozen_clock: Callable[[datetime], None], referrer: str, leads_to: str
) -> None:
    pages.open(FORM)
    give_password(pages, "abe")
    token = pages.value_of("csrf_token")
    frozen_clock(LATER)

    answer = pages.browser.post(FORM, data={**TYPED, "csrf_token": token}, headers={"Referer": referrer})

    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked == {"next": [leads_to], "kept": ["1"]}


def test_a_button_of_another_page_leads_to_that_page(
    pages: PageClient, abe: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    pages.open("/account")
    give_password(pages, "abe")
    token = pages.value_of("csrf_token")
    frozen_clock(LATER)

    answer = pages.browser.post("/account/second-factor/begin", data={"csrf_token": token})

    assert answer.headers["Location"] == "/sign-in?next=/"
