"""Whoever said no to sharing: opened by no emergency, unless the area decided otherwise; then it is said and kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.actions import give_reason
from epaccs.access.queries import find_standing, openings_to_review, use_refusals
from epaccs.access.rules import AccessReason, Permission
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import db
from epaccs.core.errors import Forbidden, NotFound
from epaccs.record.actions.search import search_people
from epaccs.settings import Settings, SettingsError, load_settings
from epaccs.versions.actions import apply_edit
from tests.factories import a_clinician, a_consent, a_registered_person, an_edit, an_organisation
from tests.pages import PageClient
from tests.record.visits import open_record, visit
from tests.sync.tablets import a_sync_tablet

NUMBER = "9990000018"
SAID_NO = "said no to sharing"


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """An area that decided, where the test says so."""
    return replace(settings, emergency_opens_refused="decided" in request.fixturenames)


@pytest.fixture
def decided() -> Iterator[None]:
    """The area lets an emergency open what was refused; the next test's has decided nothing."""
    yield
    use_refusals(None)


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP)


@pytest.fixture
def ambulance(app: Flask) -> Organisation:
    return an_organisation(type=OrganisationType.AMBULANCE)


@pytest.fixture
def paramedic(ambulance: Organisation) -> Actor:
    return a_clinician(Role.PARAMEDIC, ambulance)


def a_person_who_said(gp: Actor, status: str, *, name: str = "share") -> UUID:
    entry = a_registered_person(gp, nhs_number=NUMBER, family_name="Okonkwo", given_name="Grace", born_on="1941-01-06")
    apply_edit(gp, an_edit(entry, "consent", a_consent(**{f"{name}_status": status})))
    return entry


each_refusal = pytest.mark.parametrize("status", ["refused", "withdrawn"])


def press(actor: Actor, entry: UUID) -> UUID:
    return give_reason(actor, entry, reason=AccessReason.EMERGENCY, identifiers_checked=(), cannot_check=True)


def may(actor: Actor, entry: UUID, permission: Permission) -> bool:
    standing = find_standing(actor, entry)
    return standing is not None and standing.can(permission)


def openings() -> list[dict[str, Any]]:
    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "emergency_access").order_by(AuditEvent.at))
    return [row.details for row in rows]


def found(actor: Actor, who: str, born: str = "") -> tuple[list[UUID], list[UUID]]:
    """Who is listed, and of whom it is said that there is a record."""
    findings = search_people(actor, who=who, born=born, where="").findings
    return [one.entry_id for one in findings.people], list(findings.outside)


# As the register comes


@each_refusal
def test_an_emergency_opens_nothing_that_was_refused(app: Flask, gp: Actor, paramedic: Actor, status: str) -> None:
    entry = a_person_who_said(gp, status)

    with pytest.raises(NotFound):
        press(paramedic, entry)
    visit(app, paramedic).open(f"/record/{entry}", status=404)
    assert found(paramedic, NUMBER) == found(paramedic, "Grace Okonkwo", "06-Jan-1941") == ([], [])
    assert openings() == []
    PageClient(app).open("/privacy").see("from the next moment on, also in an emergency").see_nothing_of("has decided")
    open_record(app, gp, entry).open(f"/record/{entry}/who-can-see").see("in an emergency neither")


# Where the area decided otherwise


@each_refusal
@pytest.mark.usefixtures("decided")
def test_where_the_area_says_so_an_emergency_opens_it_and_the_page_the_audit_and_the_officer_know_of_the_refusal(
    app: Flask, gp: Actor, paramedic: Actor, ambulance: Organisation, status: str
) -> None:
    entry = a_person_who_said(gp, status)
    pages = visit(app, paramedic).open(f"/record/{entry}")
    pages.see("This person said no to sharing this record with you", "If the person can be asked, ask them first")
    assert openings() == []

    pages.submit("Emergency: open now")

    pages.see("OKONKWO", "This person said no to sharing: nothing but the emergency opened it")
    [kept] = openings()
    assert (kept["objected"], kept["in_scope"], kept["reason"]) == (True, False, "emergency")
    officer = a_clinician(Role.PRIVACY_OFFICER, ambulance)
    [opening] = openings_to_review(officer)
    assert (str(opening.id), opening.is_objected) == (kept["opening"], True)
    office = visit(app, officer).open("/privacy-office").see("The person had said no to sharing")
    office.open(f"/privacy-office/{opening.id}").see("The person had said no to sharing")
    looked = open_record(app, gp, entry).open(f"/record/{entry}/who-has-looked")
    looked.see("Opened the record in an emergency, though the person had said no to sharing")


@pytest.mark.usefixtures("decided")
def test_who_shares_is_opened_in_an_emergency_as_ever_and_nothing_is_said_of_a_refusal(
    app: Flask, gp: Actor, ambulance: Organisation
) -> None:
    nurse, entry = a_clinician(Role.HOSPICE_NURSE), a_registered_person(gp)
    visit(app, nurse).open(f"/record/{entry}").see_nothing_of(SAID_NO)

    press(nurse, entry)

    assert "objected" not in openings()[0]
    assert may(nurse, entry, Permission.PRINT)
    officer = a_clinician(Role.PRIVACY_OFFICER, db.session.get(Organisation, nurse.organisation_id))
    assert [one.is_objected for one in openings_to_review(officer)] == [False]
    visit(app, officer).open("/privacy-office").see_nothing_of(SAID_NO)


@pytest.mark.usefixtures("decided")
def test_whoever_refused_stands_in_no_list_and_is_told_of_only_to_whoever_names_them_exactly(
    gp: Actor, paramedic: Actor
) -> None:
    entry = a_person_who_said(gp, "withdrawn")

    assert found(paramedic, NUMBER) == found(paramedic, "Grace Okonkwo", "06-Jan-1941") == ([], [entry])
    assert found(paramedic, "Grace Okonkwo", "07-Jan-1941") == found(paramedic, "Grace Okonkwo", "1941") == ([], [])
    assert found(a_clinician(Role.SOCIAL_WORKER), NUMBER) == ([], [])
    press(paramedic, entry)
    assert found(paramedic, NUMBER) == ([], [entry])


@pytest.mark.usefixtures("decided")
def test_nothing_but_an_emergency_of_a_role_that_may_opens_what_was_refused(
    app: Flask, gp: Actor, paramedic: Actor
) -> None:
    entry = a_person_who_said(gp, "refused")

    for reason in set(AccessReason) - {AccessReason.EMERGENCY}:
        with pytest.raises((Forbidden, NotFound)):
            give_reason(paramedic, entry, reason=reason, identifiers_checked=("name", "born"), cannot_check=False)
    with pytest.raises(NotFound):
        press(a_clinician(Role.SOCIAL_WORKER), entry)
    assert not may(paramedic, entry, Permission.VIEW_CARD)


@pytest.mark.usefixtures("decided")
@pytest.mark.parametrize(
    ("name", "status"),
    [
        pytest.param("share", "not_asked", id="nobody asked about sharing"),
        pytest.param("register", "withdrawn", id="does not agree to be on the register"),
    ],
)
def test_whoever_was_not_asked_or_left_the_register_stays_closed(
    gp: Actor, paramedic: Actor, name: str, status: str
) -> None:
    entry = a_person_who_said(gp, status, name=name)

    with pytest.raises(NotFound):
        press(paramedic, entry)
    assert found(paramedic, NUMBER) == ([], [])


@pytest.mark.usefixtures("decided")
def test_what_was_refused_leaves_on_no_paper_and_no_tablet(app: Flask, gp: Actor, paramedic: Actor) -> None:
    entry = a_person_who_said(gp, "withdrawn")
    nurse = a_clinician(Role.HOSPICE_NURSE)
    press(nurse, entry)
    press(paramedic, entry)

    assert may(nurse, entry, Permission.VIEW_RECORD)
    assert not may(nurse, entry, Permission.PRINT)
    lines = json.dumps(a_sync_tablet(app, paramedic).pull(), ensure_ascii=False)
    assert str(entry) not in lines
    assert "Okonkwo" not in lines


@pytest.mark.usefixtures("decided")
def test_the_own_practice_opens_as_ever_and_everybody_can_read_which_rule_holds(app: Flask, gp: Actor) -> None:
    entry = a_person_who_said(gp, "withdrawn")

    pages = open_record(app, gp, entry).see_nothing_of("said no to sharing: nothing but")

    pages.open(f"/record/{entry}/who-can-see").see("except in an emergency, as your area has decided")
    pages.open(f"/record/{entry}/consent").see("your area has decided that an emergency opens it all the same")
    PageClient(app).open("/privacy").see("your area has decided so", "They are told that you said no").see_nothing_of(
        "also in an emergency"
    )


@pytest.mark.parametrize(
    ("said", "decides"),
    [pytest.param({}, False, id="left out"), ({"EPACCS_EMERGENCY_OPENS_REFUSED": "no"}, False)]
    + [({"EPACCS_EMERGENCY_OPENS_REFUSED": said}, True) for said in ("yes", " Yes ")],
)
def test_the_area_decides_in_so_many_words(
    said: dict[str, str], decides: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("EPACCS_DATA_DIR", str(tmp_path))
    for name, value in said.items():
        monkeypatch.setenv(name, value)

    assert load_settings().emergency_opens_refused is decides


@pytest.mark.parametrize("said", ["true", "1", "", "maybe"])
def test_anything_else_than_yes_or_no_stops_the_start(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPACCS_EMERGENCY_OPENS_REFUSED", said)

    with pytest.raises(SettingsError, match="Set it to yes or no"):
        load_settings()
