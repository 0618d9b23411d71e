"""Whoever signs a CPR decision proved who they are a short while ago; what they typed survives being asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.app import create_app
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Clinician, ClinicianSession, SecondFactor
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock, sealing
from epaccs.core.db import db, writing
from epaccs.settings import Settings
from tests.clinicians.conftest import PASSWORD
from tests.conftest import NOW, let_go
from tests.cpr_decisions.test_actions import state
from tests.cpr_decisions.test_pages import fill, page_for
from tests.factories import a_clinician, a_registered_person, sign_in
from tests.pages import PageClient


@pytest.fixture
def gp(app: Flask, password_hash: str) -> Actor:
    return a_clinician(Role.GP, may_sign=True, user_name="ada", password_hash=password_hash)


def about_to_sign(app: Flask, gp: Actor) -> PageClient:
    entry = a_registered_person(gp)
    return page_for(app, gp, entry).open(f"/record/{entry}/cpr/sign")


def test_a_signature_asks_who_it_is_once_the_last_proof_is_old_and_loses_nothing(
    app: Flask, gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    page = about_to_sign(app, gp)
    entry = page.page.url.split("/")[2]
    frozen_clock(NOW + timedelta(minutes=16))

    fill(page, original_location="Hall drawer, left").submit("Sign")

    assert page.page.heading == "Confirm that it is you"
    page.see("What you typed is not lost")
    assert state(UUID(entry)).in_force is None
    page.fill(current_password="not her password").submit("Continue", status=422)
    assert page.errors() == ["Your current password is not right"]
    page.fill(current_password=PASSWORD).submit("Continue")
    assert page.value_of("original_location") == "Hall drawer, left"
    assert page.value_of("consultation_people_0_name") == "Chidi"
    page.submit("Sign")
    assert state(UUID(entry)).in_force is not None
    assert [row.details["by"] for row in db.session.scalars(confirmed())] == ["password"]


def confirmed() -> Any:
    return select(AuditEvent).where(AuditEvent.kind == "confirmed_again")


def test_what_needs_no_signature_asks_nothing(app: Flask, gp: Actor, frozen_clock: Callable[[datetime], None]) -> None:
    entry = a_registered_person(gp)
    page = page_for(app, gp, entry).open(f"/record/{entry}/cpr/report")
    frozen_clock(NOW + timedelta(minutes=40))

    page.fill(recommendation="for_cpr", told_by="Ward sister").submit("Report")

    assert page.page.heading != "Confirm that it is you"


def test_a_site_says_how_long_a_proof_is_good(
    app: Flask, settings: Settings, gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    longer = create_app(replace(settings, signing_minutes=30))
    page = about_to_sign(longer, gp)
    entry = page.page.url.split("/")[2]
    frozen_clock(NOW + timedelta(minutes=29))

    fill(page).submit("Sign")
    let_go(longer)

    assert state(UUID(entry)).in_force is not None


def test_a_program_is_told_to_confirm_and_nothing_is_kept(
    app: Flask, gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    page = about_to_sign(app, gp)
    fields = {"csrf_token": str(page.value_of("csrf_token")), "edit_id": str(page.value_of("edit_id"))}
    frozen_clock(NOW + timedelta(minutes=16))

    answer = page.browser.post(page.page.url, data=fields, headers={"Accept": "application/json"})

    assert (answer.status_code, "Confirm that it is you" in answer.text) == (403, True)


def test_whoever_has_no_password_here_confirms_with_a_code(
    app: Flask, gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    secret = pyotp.random_base32()
    with writing() as session:
        session.get_one(Clinician, gp.clinician_id).password_hash = None
        sealed = sealing.seal(secret.encode(), purpose="second factor", record_id=gp.clinician_id)
        session.add(SecondFactor(clinician_id=gp.clinician_id, sealed_secret=sealed, begun_at=NOW, confirmed_at=NOW))
    page = PageClient(app)
    sign_in(page.browser, gp)
    with writing() as session:
        row = session.scalars(select(ClinicianSession)).one()
        row.second_factor_at, row.proved_at = clock.now(), clock.now() - timedelta(hours=1)
    page.open("/confirm-it-is-you?next=/account")
    page.fill(code="000000").submit("Continue", status=422)

    page.fill(code=pyotp.TOTP(secret).at(int(clock.now().timestamp()))).submit("Continue")

    assert page.page.heading == "Your account"


def test_whoever_has_nothing_to_confirm_with_hears_whom_to_ask(app: Flask) -> None:
    page = PageClient(app)
    sign_in(page.browser, a_clinician(Role.GP))

    page.open("/confirm-it-is-you?next=//elsewhere.example")

    page.see("There is nothing here with which you can", "Ask the administrator of your organisation")


def test_signing_out_leaves_no_page_behind_and_a_tablets_store_alone(app: Flask) -> None:
    page = PageClient(app)
    sign_in(page.browser, a_clinician(Role.GP))
    page.open("/account")

    answer = page.browser.post("/sign-out", data={"csrf_token": page.value_of("csrf_token")})

    assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (303, '"cache"')
    assert page.browser.get("/account").status_code == 303
