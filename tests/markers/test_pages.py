"""The page that prints a marker, and where a code leads: a reader of the record to it, anybody else to one answer."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.handover.rules import MISSES_LIMIT
from epaccs.markers.actions import end_marker
from epaccs.markers.model import HomeMarker, MarkerMiss
from epaccs.markers.rules import EndReason, format_code
from epaccs.settings import Settings
from tests.factories import a_clinician, a_registered_person, sign_in
from tests.handover.test_pages import browser_of
from tests.handover.test_printing import remove
from tests.markers.homes import dies, hang_one, the_marker
from tests.pages import PageClient

UNKNOWN = "22222-22222"
NOTHING = "No record that you may open has this code"
#: What differs from one answer to the next, whatever was asked.
_ANEW = re.compile(r'nonce-[\w-]+|nonce="[\w-]+"|name="csrf_token" value="[^"]*"')


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True, name="Dr A Patel")


@pytest.fixture
def entry_id(gp: Actor) -> UUID:
    return a_registered_person(gp, family_name="Okonkwo", given_name="Grace")


@pytest.fixture
def crew(app: Flask) -> PageClient:
    return signed_in(app, a_clinician(Role.PARAMEDIC))


def signed_in(app: Flask, actor: Actor) -> PageClient:
    pages = PageClient(app)
    sign_in(pages.browser, actor)
    return pages


def opened(app: Flask, actor: Actor, entry_id: UUID) -> PageClient:
    return browser_of(app, actor, entry_id).open(f"/record/{entry_id}/marker")


def send(pages: PageClient, entry_id: UUID, **answers: Any) -> TestResponse:
    """Tick that it is wanted, and press "Print the marker" on the page that is open."""
    fields = {name: pages.value_of(name) for name in ("csrf_token", "edit_id")} | {"is_wanted": "yes"}
    answers = {name: answer for name, answer in {**fields, **answers}.items() if answer is not None}
    return pages.browser.post(f"/record/{entry_id}/marker", data={**answers, "action": "save"})


def markers() -> list[HomeMarker]:
    return list(db.session.scalars(select(HomeMarker).order_by(HomeMarker.printed_at)))


def count_of(kind: EventKind) -> int:
    return db.session.scalars(select(func.count()).where(AuditEvent.kind == str(kind))).one()


# --- Printing --------------------------------------------------------------------------------------------------------


def test_a_marker_is_printed_and_nothing_of_it_is_kept_by_the_browser(app: Flask, gp: Actor, entry_id: UUID) -> None:
    pages = opened(app, gp, entry_id).see(
        "OKONKWO, Grace",
        "It holds no decision.",
        "It says where it was hung, not who lies there.",
        "No marker of this person was printed.",
    )
    assert count_of(EventKind.FORM_VIEWED) == 1

    response = send(pages, entry_id, place="Fridge door")

    [marker] = markers()
    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Disposition"] == f'inline; filename="marker-{format_code(marker.code)}.pdf"'
    pages.open(f"/record/{entry_id}/marker").see(format_code(marker.code), "In use", "Fridge door", "Dr A Patel")


def test_the_record_leads_to_the_page_for_whoever_may_print(
    app: Flask, gp: Actor, entry_id: UUID, crew: PageClient
) -> None:
    browser_of(app, gp, entry_id).open(f"/record/{entry_id}").follow("Print a marker for the home").see(
        "Okonkwo".upper()
    )

    crew.open(f"/record/{entry_id}").fill(reason="permission_given", identifiers_checked=["name", "born"])
    crew.submit("Open the record").see_nothing_of("Print a marker for the home")


def test_the_same_form_again_shows_the_marker_instead_of_another(app: Flask, gp: Actor, entry_id: UUID) -> None:
    pages = opened(app, gp, entry_id)
    send(pages, entry_id, place="")

    again = send(pages, entry_id, place="")

    assert (again.status_code, again.location) == (303, f"/record/{entry_id}/marker")
    [marker] = markers()
    pages.open(f"/record/{entry_id}/marker").see(f"Marker {format_code(marker.code)} was printed already")
    assert count_of(EventKind.MARKER_PRINTED) == 1


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"place": "x" * 121}, id="too long"),
        pytest.param({"place": "a\x00b"}, id="a null byte"),
        pytest.param({"place": "a\u202eb"}, id="a mark that reorders"),
        pytest.param({}, id="a part missing"),
        pytest.param({"place": "", "edit_id": "17"}, id="no number of the form"),
        pytest.param({"place": "", "is_wanted": None}, id="nobody was asked whether they want it"),
    ],
)
def test_a_form_that_is_not_right_prints_nothing(
    answers: dict[str, Any], app: Flask, gp: Actor, entry_id: UUID
) -> None:
    response = send(opened(app, gp, entry_id), entry_id, **answers)

    assert (response.status_code, response.mimetype) == (422, "text/html")
    assert markers() == []


def test_whether_the_person_wants_it_is_asked_and_what_was_typed_stays(app: Flask, gp: Actor, entry_id: UUID) -> None:
    pages = opened(app, gp, entry_id).fill(place="Fridge door").submit("Print the marker", status=422)

    assert pages.errors() == ["Tick the box: The person, or whoever decides for them, wants it to hang there"]
    assert pages.value_of("place") == "Fridge door"
    assert markers() == []


@pytest.mark.parametrize("reason", list(EndReason))
def test_a_marker_is_reported_as_no_longer_in_use(
    reason: EndReason, app: Flask, gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    pages = browser_of(app, gp, entry_id)
    marker = hang_one(gp, entry_id, settings)
    button = {"lost": "Lost", "destroyed": "Destroyed", "replaced": "Replaced"}[reason]
    pages.open(f"/record/{entry_id}/marker")

    pages.submit(f"{button} marker {format_code(marker.code)}").see("Noted: this marker leads nowhere any more.")

    pages.see(button, "Leads nowhere")
    assert the_marker(marker.id).end_reason == reason


def test_a_reason_that_no_button_gives_ends_nothing(app: Flask, gp: Actor, entry_id: UUID, settings: Settings) -> None:
    pages = opened(app, gp, entry_id)
    marker = hang_one(gp, entry_id, settings)
    token = pages.value_of("csrf_token")

    for sent in ({}, {"reason": "stolen"}):
        data = {"csrf_token": token, **sent}
        assert pages.browser.post(f"/record/{entry_id}/marker/{marker.id}/ended", data=data).status_code == 404

    assert the_marker(marker.id).ended_at is None


def test_of_a_restricted_person_no_place_is_asked_for_and_none_is_shown(
    app: Flask, gp: Actor, settings: Settings
) -> None:
    entry_id = a_registered_person(gp, address="9 Hidden Lane", address_restricted=True)
    pages = opened(app, gp, entry_id)

    pages.see("the register keeps nothing of where it hangs").see_nothing_of("Hidden", 'name="place"')
    assert send(pages, entry_id, place="9 Hidden Lane").status_code == 422
    assert send(pages, entry_id).mimetype == "application/pdf"
    pages.open(f"/record/{entry_id}/marker").see("Not shown").see_nothing_of("Hidden")


def test_a_place_said_before_the_address_was_restricted_is_not_shown(
    app: Flask, gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    marker = hang_one(gp, entry_id, settings, place="Fridge at Canal Row")
    restricted = a_registered_person(gp, address="9 Hidden Lane", address_restricted=True)
    marker.entry_id = restricted
    db.session.commit()

    opened(app, gp, restricted).see(format_code(marker.code), "Not shown").see_nothing_of("Canal Row")


def test_of_the_dead_none_is_printed_and_those_about_are_still_listed(
    app: Flask, gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    marker = hang_one(gp, entry_id, settings)
    dies(gp, entry_id)

    pages = opened(app, gp, entry_id)

    pages.see("This person has died, so no marker can be printed.", format_code(marker.code))
    pages.see_nothing_of("Where will it hang?")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_paramedic_may_not_print(method: str, app: Flask, entry_id: UUID) -> None:
    pages = browser_of(app, a_clinician(Role.PARAMEDIC), entry_id)
    token = pages.open("/search").value_of("csrf_token") if method == "POST" else ""

    response = pages.browser.open(f"/record/{entry_id}/marker", method=method, data={"csrf_token": token, "place": ""})

    assert response.status_code == 403
    assert markers() == []
    assert count_of(EventKind.REFUSED) == 1


def test_a_person_out_of_reach_is_as_if_absent(app: Flask, entry_id: UUID) -> None:
    pages = signed_in(app, a_clinician(Role.GP))

    for address in (f"/record/{entry_id}/marker", f"/record/{new_id()}/marker", "/record/nobody/marker"):
        pages.open(address, status=404)


def test_whoever_gave_no_reason_sees_nothing(app: Flask, entry_id: UUID) -> None:
    signed_in(app, a_clinician(Role.OUT_OF_HOURS_GP)).open(f"/record/{entry_id}/marker", status=403)


# --- A stranger ------------------------------------------------------------------------------------------------------


def codes_of_every_kind(gp: Actor, entry_id: UUID, settings: Settings) -> dict[str, str]:
    """What a stranger may hold in their hand, or make up."""
    known, ended, of_dead, of_leaver = (
        hang_one(gp, one, settings) for one in (entry_id, entry_id, a_registered_person(gp), a_registered_person(gp))
    )
    end_marker(gp, ended.id, entry_id=entry_id, reason=EndReason.LOST)
    dies(gp, of_dead.entry_id)
    remove(gp, of_leaver.entry_id)
    return {
        "known": format_code(known.code),
        "typed in small letters": known.code.lower(),
        "ended": format_code(ended.code),
        "of somebody who died": format_code(of_dead.code),
        "of somebody who left": format_code(of_leaver.code),
        "unknown": UNKNOWN,
        "malformed": "Okonkwo",
        "the number of a sheet": "7K4P-93XQ",
        "long": "x" * 300,
    }


def test_a_stranger_gets_one_answer_for_every_code_and_nothing_is_looked_up(
    app: Flask, gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    codes = codes_of_every_kind(gp, entry_id, settings)
    before = db.session.scalars(select(func.count()).select_from(AuditEvent)).one()

    answers = {kind: app.test_client().get(f"/m/{code}") for kind, code in codes.items()}

    assert {one.status_code for one in answers.values()} == {200}
    assert len({len(_ANEW.sub("", one.get_data(as_text=True))) for one in answers.values()}) == 1
    without_the_code = {
        re.sub(r"/m/[\w-]{11}", "/m/CODE", _ANEW.sub("", one.get_data(as_text=True))) for one in answers.values()
    }
    assert len(without_the_code) == 1
    assert db.session.scalars(select(func.count()).select_from(AuditEvent)).one() == before
    assert db.session.scalars(select(MarkerMiss)).all() == []


def test_a_stranger_is_not_told_what_the_register_is(app: Flask, gp: Actor, entry_id: UUID, settings: Settings) -> None:
    code = format_code(hang_one(gp, entry_id, settings).code)

    for address in (f"/m/{code}", "/m"):
        pages = PageClient(app).open(address)
        assert pages.page.heading == "This code is for health and care staff"
        pages.see("Sign in to use it.")
        assert not re.search("palliative|end of life|near the end|CPR|register|EPaCCS|record", pages.page.text, re.I)
        assert "Okonkwo" not in pages.page.html


def test_whoever_signs_in_comes_back_to_the_code(app: Flask, gp: Actor, entry_id: UUID, settings: Settings) -> None:
    code = format_code(hang_one(gp, entry_id, settings).code)

    pages = PageClient(app).open(f"/m/{code}").follow("Sign in")

    assert pages.value_of("next") == f"/m/{code}"
    assert PageClient(app).open("/m").follow("Sign in").value_of("next") == "/m"


def test_a_stranger_cannot_send_the_box(app: Flask, gp: Actor, entry_id: UUID, settings: Settings) -> None:
    code = format_code(hang_one(gp, entry_id, settings).code)
    stranger = PageClient(app).open("/sign-in")
    token = stranger.value_of("csrf_token")

    answer = stranger.browser.post("/m", data={"csrf_token": token, "code": code})

    assert (answer.status_code, answer.location) == (200, None)
    assert "This code is for health and care staff" in answer.get_data(as_text=True)
    assert count_of(EventKind.MARKER_FOLLOWED) == 0


# --- Whoever is signed in --------------------------------------------------------------------------------------------


def test_a_crew_is_led_to_the_record_which_asks_who_it_is_and_why(
    gp: Actor, entry_id: UUID, crew: PageClient, settings: Settings
) -> None:
    code = format_code(hang_one(gp, entry_id, settings).code)

    response = crew.browser.get(f"/m/{code}")

    assert (response.status_code, response.location) == (303, f"/record/{entry_id}")
    crew.open(f"/m/{code}").see("OKONKWO, Grace", "Why are you opening this record?")
    crew.see_nothing_of("No CPR decision recorded here", "Heart failure")
    assert count_of(EventKind.CARD_VIEWED) == 0


def test_a_code_is_typed_into_the_box(gp: Actor, entry_id: UUID, crew: PageClient, settings: Settings) -> None:
    code = hang_one(gp, entry_id, settings).code

    crew.open("/m").fill(code=f" {code.lower()[:5]} {code.lower()[5:]} ").submit("Go to the record")

    crew.see("OKONKWO, Grace", "Why are you opening this record?")


def test_a_code_typed_wrongly_is_told_what_to_enter(crew: PageClient) -> None:
    crew.open("/m").fill(code="7K4P-93XQ").submit("Go to the record", status=422)

    assert crew.errors() == ["Enter the 10 letters and digits of the code, for example 7K4P9-3XQCD"]
    assert crew.value_of("code") == "7K4P-93XQ"
    assert db.session.scalars(select(MarkerMiss)).all() == []


def test_whoever_may_not_open_it_gets_one_answer_for_every_code(
    app: Flask, gp: Actor, entry_id: UUID, settings: Settings
) -> None:
    codes = codes_of_every_kind(gp, entry_id, settings)
    browser = signed_in(app, a_clinician(Role.GP)).browser

    answers = {kind: browser.get(f"/m/{code}") for kind, code in codes.items()}

    assert {one.status_code for one in answers.values()} == {404}
    assert len({_ANEW.sub("", one.get_data(as_text=True)) for one in answers.values()}) == 1
    assert NOTHING in answers["known"].get_data(as_text=True)


def test_a_code_that_leads_nowhere_says_so_and_that_this_is_no_answer_about_cpr(crew: PageClient) -> None:
    crew.open(f"/m/{UNKNOWN}", status=404).see(
        NOTHING, "Search for the person by name.", "This does not mean that there is no CPR decision."
    )
    crew.open("/m").fill(code=UNKNOWN).submit("Go to the record", status=404).see(NOTHING)


def test_too_many_tries_wait_whatever_the_code(app: Flask, gp: Actor, entry_id: UUID, settings: Settings) -> None:
    known = format_code(hang_one(gp, entry_id, settings).code)
    guesser = signed_in(app, a_clinician(Role.GP))
    for _ in range(MISSES_LIMIT):
        guesser.open(f"/m/{UNKNOWN}", status=404)

    for code in (UNKNOWN, known):
        guesser.open(f"/m/{code}", status=429).see("You tried too many codes that open nothing.")
        assert int(guesser.page.response.headers["Retry-After"]) > 0
