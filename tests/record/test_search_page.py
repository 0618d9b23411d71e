"""The page that finds a person: three boxes, results with enough to choose, and what to do when nobody is shown."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import db
from epaccs.record.model import SearchTiming
from epaccs.versions.actions import apply_edit
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation, sign_in
from tests.pages import PageClient

GRACE: dict[str, Any] = {
    "family_name": "Okonkwo",
    "given_name": "Grace",
    "title": "Mrs",
    "preferred_name": "Gracie",
    "born_on": "1941-01-06",
    "nhs_number": "9990000018",
    "address": "12 Canal Row\nNorthdale",
    "postcode": "LS1 4AP",
}


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP)


@pytest.fixture
def grace(gp: Actor) -> UUID:
    return a_registered_person(gp, **GRACE)


def at_work(app: Flask, actor: Actor) -> PageClient:
    pages = PageClient(app)
    sign_in(pages.browser, actor)
    return pages


@pytest.fixture
def doctor(app: Flask, gp: Actor) -> PageClient:
    """An out-of-hours doctor of the area, signed in."""
    organisation = an_organisation(type=OrganisationType.OUT_OF_HOURS, area="northdale")
    return at_work(app, a_clinician(Role.OUT_OF_HOURS_GP, organisation))


@pytest.fixture
def stranger(app: Flask, gp: Actor) -> PageClient:
    """An out-of-hours doctor of another area, signed in."""
    organisation = an_organisation(type=OrganisationType.OUT_OF_HOURS, area="southdale")
    return at_work(app, a_clinician(Role.OUT_OF_HOURS_GP, organisation))


def test_a_doctor_finds_her_by_a_misspelt_name_her_age_and_street(doctor: PageClient, grace: UUID) -> None:
    doctor.open("/search").see("Find a person")

    doctor.fill(who="Grace Okonkow", born="80s", where="Canal Row").submit("Find")

    assert doctor.page.heading == "1 person found"
    doctor.see("OKONKWO, Grace (Mrs)", "Preferred name Gracie", "Born 06-Jan-1941 (85y)", "999 000 0018", "Canal Row")
    doctor.see_nothing_of("LS1 4AP", "01632 960101", "12 Canal Row", "Dr A Patel")


def test_the_result_leads_to_her_record_and_no_address_names_her(doctor: PageClient, grace: UUID) -> None:
    doctor.open("/search").fill(who="9990000018").submit("Find")

    [link] = [one.get("href") for one in doctor.page.with_class("app-results")[0].iter("a")]

    timing = db.session.scalars(select(SearchTiming)).one()
    assert link == f"/record/{grace}?search={timing.id}"
    assert doctor.page.url.endswith("/search")


def test_what_was_typed_stays_in_the_boxes(doctor: PageClient, grace: UUID) -> None:
    doctor.open("/search").fill(who="Grace Okonkow", born="80s", where="Canal Row").submit("Find")

    assert [doctor.value_of(name) for name in ("who", "born", "where")] == ["Grace Okonkow", "80s", "Canal Row"]


def test_too_little_says_what_to_add_and_keeps_what_was_typed(doctor: PageClient, grace: UUID) -> None:
    doctor.open("/search").fill(who="Okonkwo").submit("Find", status=422)

    assert doctor.errors() == ["Add the date of birth, the age, the street or the postcode"]
    assert doctor.page.title.startswith("Error: Find a person")
    assert doctor.value_of("who") == "Okonkwo"
    doctor.see_nothing_of("OKONKWO, Grace")


REFUSED = [
    pytest.param({"who": "x" * 200_000}, "Shorten the NHS number or name", id="200,000 characters"),
    pytest.param({"who": "Okonkwo", "where": "y" * 200_000}, "Shorten the street or postcode", id="a street as long"),
    pytest.param({"who": "Grace\x00Okonkwo", "born": "80s"}, "null character", id="a null character"),
    pytest.param({"who": "999 000 0019"}, "digits do not fit together", id="a wrong check digit"),
    pytest.param({"who": "Okonkwo", "born": "31-02-1940"}, "must be a real date", id="31 February"),
]


@pytest.mark.parametrize(("typed", "sentence"), REFUSED)
def test_what_cannot_be_searched_is_refused_with_a_sentence(
    typed: dict[str, str], sentence: str, doctor: PageClient
) -> None:
    doctor.open("/search").fill(**typed).submit("Find", status=422)

    assert sentence in doctor.errors()[0]


HARMLESS = [
    pytest.param("<script>alert(1)</script>", id="markup"),
    pytest.param("{{ config }} Baxter", id="template syntax"),
    pytest.param("O'Neill'; DROP TABLE entry; --", id="a statement of the database"),
    pytest.param("Ŵyn 👩‍⚕️ Łoś", id="emoji and accents"),
    pytest.param("عبد الله", id="a name in Arabic"),
]


@pytest.mark.parametrize("who", HARMLESS)
def test_hostile_text_is_shown_as_text(who: str, doctor: PageClient, grace: UUID) -> None:
    name = who.replace("1", "one")

    doctor.open("/search").fill(who=name, born="06-Jan-1941").submit("Find")

    assert doctor.value_of("who") == name
    assert doctor.page.heading == "No record can be shown"


def test_nobody_found_is_no_proof_and_says_whom_to_ring(doctor: PageClient) -> None:
    doctor.open("/search").fill(who="Harold Baxter", born="06-Jan-1941").submit("Find")

    assert doctor.page.heading == "No record can be shown"
    doctor.see("This does not mean that there is no CPR decision", "Ring 111")
    assert "tel:111" in [link.get("href") for link in doctor.page.all("a")]


def test_a_stranger_is_told_that_a_record_exists_and_nothing_of_it(stranger: PageClient, grace: UUID) -> None:
    stranger.open("/search").fill(who="9990000018").submit("Find")

    assert stranger.page.heading == "A record exists that is not in your caseload"
    stranger.see("Open in an emergency", "a privacy officer looks at it afterwards")
    stranger.see_nothing_of("OKONKWO", "Canal Row", "85y")


def test_two_strangers_of_one_name_and_birthday_cannot_be_opened_by_chance(
    stranger: PageClient, gp: Actor, grace: UUID
) -> None:
    twin = {**GRACE, "nhs_number": "9990000026", "postcode": "LS1 4AQ"}
    a_registered_person(gp, **twin)

    stranger.open("/search").fill(who="Grace Okonkwo", born="06-Jan-1941").submit("Find")

    stranger.see("More than one record fits", "Search by the NHS number").see_nothing_of("Open in an emergency")


def test_somebody_who_died_is_shown_as_such(doctor: PageClient, gp: Actor, grace: UUID) -> None:
    apply_edit(gp, an_edit(grace, "lifecycle", {"died_on": "2026-11-20"}, kind="report_death"))

    doctor.open("/search").fill(who="9990000018").submit("Find")

    doctor.see("Death reported 20-Nov-2026").see_nothing_of("(85y)")


def test_a_restricted_address_shows_no_street(doctor: PageClient, gp: Actor) -> None:
    a_registered_person(gp, **{**GRACE, "address_restricted": True})

    doctor.open("/search").fill(who="Grace Okonkwo", born="06-Jan-1941").submit("Find")

    doctor.see("Address restricted").see_nothing_of("Canal Row")


def test_somebody_who_is_not_exactly_as_typed_says_where(doctor: PageClient, gp: Actor, grace: UUID) -> None:
    a_registered_person(gp, **{**GRACE, "nhs_number": "9990000026", "born_on": "1950-02-02", "postcode": "LS1 4AQ"})

    doctor.open("/search").fill(who="Grace Okonkwo", born="01-Jun-1941").submit("Find")

    doctor.see(
        "Not born when you entered: compare the date.", "Another person with a similar name is on this register."
    )


def test_more_people_than_are_shown_asks_for_more(
    monkeypatch: pytest.MonkeyPatch, doctor: PageClient, gp: Actor, grace: UUID
) -> None:
    monkeypatch.setattr("epaccs.record.queries.search.SHOWN_LIMIT", 1)
    a_registered_person(gp, **{**GRACE, "nhs_number": "9990000026", "born_on": "1943-02-02", "postcode": "LS1 4AQ"})

    doctor.open("/search").fill(who="Grace Okonkwo", born="80s").submit("Find")

    doctor.see("More people fit than are shown", "add the date of birth, the street or the NHS number")


def test_a_role_that_opens_no_record_gets_no_link(app: Flask, gp: Actor, grace: UUID) -> None:
    practice = db.session.get(Organisation, gp.organisation_id)
    pages = at_work(app, a_clinician(Role.PRACTICE_ADMINISTRATOR, practice))

    pages.open("/search").fill(who="9990000018").submit("Find")

    pages.see("OKONKWO, Grace (Mrs)", "Your role sees that a record exists")
    assert not list(pages.page.with_class("app-results")[0].iter("a"))


NOT_FOR = [
    pytest.param(Role.ADMINISTRATOR, id="an administrator"),
    pytest.param(Role.COMMISSIONER, id="a commissioner"),
]


@pytest.mark.parametrize("role", NOT_FOR)
def test_a_role_that_sees_no_people_cannot_search_and_leaves_a_trace(role: Role, app: Flask) -> None:
    pages = at_work(app, a_clinician(role))

    pages.open("/search", status=403)

    assert "refused" in db.session.scalars(select(AuditEvent.kind)).all()


def test_whoever_is_not_signed_in_is_sent_to_sign_in(app: Flask) -> None:
    answer = app.test_client().get("/search")

    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (303, "/sign-in")


def test_the_answer_is_kept_by_no_browser(doctor: PageClient, grace: UUID) -> None:
    doctor.open("/search").fill(who="9990000018").submit("Find")

    assert "no-store" in doctor.page.response.headers["Cache-Control"]


def test_the_time_to_type_is_kept_when_the_page_counted_it(doctor: PageClient, grace: UUID) -> None:
    doctor.open("/search")
    doctor.typed.update({"typed_ms": "4200"})
    doctor.fill(who="9990000018").submit("Find")

    assert db.session.scalars(select(SearchTiming.typed_seconds)).one() == 4.2
