"""The page on which a person is put on the register: sharing agreed with the same tick, and what is asked next."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db
from epaccs.register.schema import RegisterSchema
from epaccs.versions.model import Entry
from epaccs.versions.queries import find_recorded
from tests.factories import a_clinician, an_identity
from tests.pages import PageClient
from tests.record.visits import organisation_of, visit

ALIKE = "share_alike"


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP)


@pytest.fixture
def page(app: Flask, gp: Actor) -> PageClient:
    return visit(app, gp).open("/register/new").fill(**typed(gp))


def typed(gp: Actor, **changes: Any) -> dict[str, Any]:
    """Everything but the agreement to share."""
    identity = {name: one for name, one in an_identity(organisation_of(gp)).items() if name != "address_restricted"}
    return {
        **identity,
        "born_on": date(1941, 1, 6),
        "primary_diagnosis": "Heart failure",
        "register_status": "best_interests",
        "register_decided_by": "Dr Patel",
        "register_decided_on": date(2026, 11, 1),
        "register_basis": "Her son was asked",
        **changes,
    }


def people() -> int:
    return db.session.scalar(select(func.count()).select_from(Entry)) or 0


def test_an_agreement_to_share_of_the_same_person_on_the_same_day_is_one_tick(page: PageClient) -> None:
    page.fill(share_alike="yes").submit("Put on the register")

    assert page.page.heading == "The least that helps tonight"
    entry = db.session.scalars(select(Entry.id)).one()
    consent = find_recorded(entry, "consent")
    assert consent is not None
    assert consent.value["share"] == consent.value["register"]
    assert consent.value["share"]["basis"] == "Her son was asked"
    assert ALIKE not in consent.value


def test_nobody_is_shared_unasked(page: PageClient) -> None:
    assert page.value_of(ALIKE) == []

    page.submit("Put on the register", status=422)

    assert page.errors() == ["Choose what was decided about sharing"]
    assert people() == 0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"share_status": "refused"}, id="refused"),
        pytest.param({"share_status": "given"}, id="given twice"),
        pytest.param({"share_decided_by": "Her son"}, id="by somebody else"),
        pytest.param({"share_decided_on": date(2026, 11, 2)}, id="on another day"),
    ],
)
def test_a_tick_beside_another_answer_about_sharing_is_refused(page: PageClient, answer: dict[str, Any]) -> None:
    page.fill(share_alike="yes", **answer).submit("Put on the register", status=422)

    assert page.errors() == ["Answer about sharing below, or tick that it was agreed too, but not both"]
    assert people() == 0


def test_sharing_may_be_answered_by_itself(page: PageClient) -> None:
    page.fill(share_status="refused", share_decided_by="Her son", share_decided_on=date(2026, 11, 2))
    page.submit("Put on the register")

    entry = db.session.scalars(select(Entry.id)).one()
    consent = find_recorded(entry, "consent")
    assert consent is not None
    assert consent.value["share"] == {"status": "refused", "decided_by": "Her son", "decided_on": "2026-11-02"}


def test_who_it_is_and_where_they_live_is_asked_at_once_and_the_rest_is_folded(page: PageClient) -> None:
    html = page.page.html

    asked = ["family_name", "nhs_number", "address", "address_restricted", "usual_gp_name", "main_carer"]
    folded = ["title", "gender", "telephone", "care_home_ods", "key_worker_name"]
    assert [name for name, field in RegisterSchema().fields.items() if field.metadata.get("detail")] == [
        "title", "preferred_name", "gender", "telephone", "mobile", "care_home_ods",
        "main_carer_name", "key_worker_name", "key_worker_ods", "key_worker_telephone",
    ]  # fmt: skip
    assert all(f'name="{name}"' in html for name in asked + folded)
