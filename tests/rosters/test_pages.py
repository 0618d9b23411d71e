"""The rota as an administrator loads and changes it in a browser."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from epaccs.clinicians.model import Clinician, Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.rosters import queries
from tests.factories import a_clinician, an_organisation, sign_in
from tests.pages import PageClient, text_of
from tests.rosters.rotas import a_file, a_row, load, on_rota, span, user_name_of

MONDAY = ("2026-11-23 08:00", "2026-11-23 20:00")
TUESDAY = ("2026-11-24 08:00", "2026-11-24 20:00")
#: It is three in the morning on 21 November.
TONIGHT = ("2026-11-20 20:00", "2026-11-21 08:00")


@pytest.fixture
def place(app: Flask) -> Organisation:
    return an_organisation()


@pytest.fixture
def admin(place: Organisation) -> Actor:
    return a_clinician(Role.ADMINISTRATOR, place)


@pytest.fixture
def ada(place: Organisation) -> Actor:
    return a_clinician(Role.GP, place, name="Ada Example")


@pytest.fixture
def browser(app: Flask, admin: Actor) -> PageClient:
    return of(app, admin)


def of(app: Flask, actor: Actor) -> PageClient:
    page = PageClient(app)
    sign_in(page.browser, actor)
    return page


def send(browser: PageClient, content: bytes, *, status: int = 200) -> PageClient:
    browser.open("/admin/rota/file").fill(file=content)
    return browser.submit("Show what would change", status=status)


def test_a_file_is_looked_at_and_then_loaded_with_one_press(browser: PageClient, admin: Actor, ada: Actor) -> None:
    load(admin, a_row(ada, *MONDAY), a_row(ada, *TONIGHT))
    browser.open("/admin").follow("Rota").see("On now", "20-Nov-2026 20:00", "23-Nov-2026 08:00")

    send(browser, a_file(a_row(ada, *TUESDAY), a_row(ada, *MONDAY), a_row(admin, *MONDAY)))
    browser.see("Nothing is changed yet", "from 23-Nov-2026 to 24-Nov-2026", "New 2", "Already there 1", "Taken off 0")
    assert len(on_rota(admin)) == 2

    browser.submit("Load this rota").see("The rota was loaded: 2 sessions added, 0 taken off.", "24-Nov-2026 08:00")
    assert len(on_rota(admin)) == 4
    send(browser, a_file(a_row(ada, *TUESDAY))).see("The rota is already what the file says")


def test_wrong_rows_are_shown_with_their_numbers_and_nothing_is_changed(
    browser: PageClient, admin: Actor, ada: Actor
) -> None:
    send(browser, a_file(a_row(ada, *MONDAY), "nobody,x,y", a_row(ada, *MONDAY[::-1])), status=422)

    assert browser.errors() == ["Mend 2 rows and choose the file again. Nothing was changed"]
    browser.see("Row 3", "“nobody”: nobody of your organisation", "Row 4", "must end after it begins")
    assert on_rota(admin) == []
    send(browser, a_file(*(["<b>x</b>,y,z"] * 130)), status=422).see("And 30 more rows", "“<b>x</b>”")
    send(browser, b"", status=422)
    assert browser.errors() == ["Choose a rota with sessions in it: this file is empty"]


def test_a_file_of_more_than_a_megabyte_is_refused_in_words(browser: PageClient, admin: Actor) -> None:
    send(browser, b"user_name,from,until\n" * 60_000, status=422)

    assert "up to 1 megabyte" in browser.errors()[0]


def test_whoever_loads_over_a_changed_rota_is_told_and_sees_it_anew(
    app: Flask, browser: PageClient, place: Organisation, admin: Actor, ada: Actor
) -> None:
    send(browser, a_file(a_row(ada, *MONDAY))).see("Taken off 0")
    load(a_clinician(Role.ADMINISTRATOR, place), a_row(admin, *MONDAY))

    browser.submit("Load this rota", status=422)

    assert "The rota changed since this was shown" in browser.errors()[0]
    browser.see("Taken off 1", "New 1")
    assert on_rota(admin) == [(admin.clinician_id, span(*MONDAY))]
    browser.submit("Load this rota").see("1 sessions added, 1 taken off")
    assert on_rota(admin) == [(ada.clinician_id, span(*MONDAY))]


def test_a_row_that_went_wrong_between_look_and_press_is_shown(browser: PageClient, admin: Actor, ada: Actor) -> None:
    send(browser, a_file(a_row(ada, *MONDAY)))
    with writing() as session:
        session.get_one(Clinician, ada.clinician_id).ended_at = clock.now()

    browser.submit("Load this rota", status=422).see("Row 2", "their account here has ended")

    assert on_rota(admin) == []


def test_a_session_is_added_by_hand_and_taken_off(browser: PageClient, admin: Actor, ada: Actor) -> None:
    browser.open("/admin/rota").follow("Add one session")
    browser.fill(user_name=user_name_of(ada), from_at=date(2026, 11, 23), **{"from_at-time": "20:00"}).fill(
        until_at=date(2026, 11, 23), **{"until_at-time": "08:00"}
    )
    browser.submit("Add the session", status=422)
    assert browser.errors() == ["Check the times: the session must end after it begins"]
    assert browser.value_of("user_name") == user_name_of(ada)

    browser.fill(until_at=date(2026, 11, 24)).submit("Add the session").see("The session is on the rota", "Ada Example")
    assert on_rota(admin) == [(ada.clinician_id, span("2026-11-23 20:00", "2026-11-24 08:00"))]

    browser.submit("Take off Ada Example, 23-Nov-2026 20:00").see("The session was ended")
    assert on_rota(admin) == []


def test_a_session_that_runs_is_ended_now(browser: PageClient, admin: Actor, ada: Actor) -> None:
    browser.open("/admin/rota/sessions/new").fill(
        user_name=user_name_of(ada), from_at=date(2026, 11, 21), until_at=date(2026, 11, 21)
    )
    browser.fill(**{"from_at-time": "02:00", "until_at-time": "08:00"}).submit("Add the session")

    browser.submit("End now Ada Example, 21-Nov-2026 02:00").see("Nobody is on a session")

    assert queries.show_rota(admin).on_now == ()


def test_somebody_finds_their_own_sessions_from_their_account(app: Flask, admin: Actor, ada: Actor) -> None:
    load(admin, a_row(ada, *TONIGHT), a_row(ada, *MONDAY))

    of(app, ada).open("/account").follow("Your sessions on the rota").see("23-Nov-2026 08:00", "Now", "To come")
    of(app, admin).open("/account/rota").see("You have none to come")


def test_nobody_but_an_administrator_sees_or_changes_the_rota(app: Flask, admin: Actor, ada: Actor) -> None:
    load(admin, a_row(ada, *MONDAY))
    session_id = queries.find_kept(admin.organisation_id)[0].id
    clinician = of(app, ada)

    for path in ("/admin/rota", "/admin/rota/file", "/admin/rota/sessions/new"):
        clinician.open(path, status=403)
    of(app, a_clinician(Role.ADMINISTRATOR)).open("/admin/rota").see_nothing_of("Ada Example", str(session_id))


def test_the_rota_names_people_without_a_session(browser: PageClient, admin: Actor, ada: Actor) -> None:
    load(admin, a_row(ada, *MONDAY))
    browser.open("/admin/rota")

    table = next(one for one in browser.page.all("table") if "no session in these days" in text_of(one))

    assert admin.name in text_of(table)
    assert "Ada Example" not in text_of(table)
    assert db.session.get_one(Clinician, ada.clinician_id).ended_at is None
