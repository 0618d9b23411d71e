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
from epaccs.cpr_decisions.rules import EditKind
from epaccs.settings import Settings
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import material
from tests.clinicians.conftest import PASSWORD
from tests.conftest import NOW, let_go
from tests.cpr_decisions.test_actions import a_decision, an_out_of_hours_gp, do, state
from tests.cpr_decisions.test_pages import fill, page_for
from tests.factories import a_clinician, a_registered_person, an_edit, sign_in
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


def a_dispute(gp: Actor, entry: UUID) -> UUID:
    """Two signed without seeing each other; the second waits."""
    crew = an_out_of_hours_gp(gp, entry)
    do(gp, entry, EditKind.SIGN, a_decision())
    return UUID(str(do(crew, entry, EditKind.SIGN, a_decision("for_cpr"), base=0).edit_id))


def test_settling_a_dispute_about_the_decision_asks_who_it_is_and_loses_nothing(
    app: Flask, gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    entry = a_registered_person(gp)
    held = a_dispute(gp, entry)
    page = page_for(app, gp, entry).open(f"/held/{held}")
    frozen_clock(NOW + timedelta(minutes=16))

    page.fill(side=str(held), reason="Spoke to both, and to Chidi").submit("Settle the dispute")

    assert page.page.heading == "Confirm that it is you"
    page.see("What you typed is not lost")
    assert [one.edit_id for one in material(entry).held] == [held]
    page.fill(current_password="not her password").submit("Continue", status=422)
    page.fill(current_password=PASSWORD).submit("Continue")
    assert (page.page.url, page.value_of("side")) == (f"/held/{held}", str(held))
    assert page.value_of("reason") == "Spoke to both, and to Chidi"
    page.submit("Settle the dispute").see("Settled")
    assert material(entry).held == ()
    assert state(entry).in_force.recommendation == "for_cpr"  # type: ignore[union-attr]


def test_a_dispute_is_settled_at_once_by_whoever_proved_who_they_are_lately(
    app: Flask, gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    entry = a_registered_person(gp)
    held = a_dispute(gp, entry)
    page = page_for(app, gp, entry).open(f"/held/{held}")
    frozen_clock(NOW + timedelta(minutes=14))

    page.fill(side="keep", reason="Spoke to both").submit("Settle the dispute").see("Settled")

    assert material(entry).held == ()


def test_a_dispute_about_something_else_is_settled_without_being_asked(
    app: Flask, gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    entry = a_registered_person(gp)
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "comfort_only"}))
    other = an_edit(entry, "treatment_level", {"level": "treat_at_home"}, base_version=0)
    assert apply_edit(gp, other).is_held
    page = page_for(app, gp, entry).open(f"/held/{other.id}")
    frozen_clock(NOW + timedelta(minutes=16))

    page.fill(side="keep", reason="Asked the daughter").submit("Settle the dispute").see("Settled")

    assert material(entry).held == ()


def test_what_came_while_it_was_asked_who_it_is_is_looked_at_first(
    app: Flask, gp: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    entry = a_registered_person(gp)
    held = a_dispute(gp, entry)
    page = page_for(app, gp, entry).open(f"/held/{held}")
    frozen_clock(NOW + timedelta(minutes=16))
    page.fill(side=str(held), reason="Spoke to both").submit("Settle the dispute")
    third = do(an_out_of_hours_gp(gp, entry), entry, EditKind.SIGN, a_decision(), base=0)
    assert third.is_held

    page.fill(current_password=PASSWORD).submit("Continue").submit("Settle the dispute")

    page.see("Another change came while you were deciding")
    assert held in {one.edit_id for one in material(entry).held}


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
