"""Nothing that leads to the door of somebody whose address is restricted stands on the pages around the record."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db
from epaccs.cpr_decisions.rules import EditKind
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from tests.cpr_decisions.test_actions import a_decision, do
from tests.cpr_decisions.test_pages import page_for
from tests.factories import a_clinician, a_registered_person, an_edit

STREET, PLACE = "14 Canal Row", "Hall drawer, yellow folder"
DOCK, PIER = "3 Dock Street", "9 Pier Road"


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


def a_person(gp: Actor, **who: Any) -> UUID:
    entry = a_registered_person(gp, address=f"{STREET}\nNorthdale", **who)
    do(gp, entry, EditKind.SIGN, a_decision(original_location=PLACE))
    return entry


def practice_of(gp: Actor) -> str:
    practice = db.session.get(Organisation, gp.organisation_id)
    assert practice is not None
    return practice.name


def with_two_addresses(gp: Actor, entry: UUID) -> UUID:
    """Two people change the address on the same version."""
    recorded = find_recorded(entry, "identity")
    assert recorded is not None
    asked = [
        an_edit(entry, "identity", {**recorded.value, "address": street}, base_version=recorded.version)
        for street in (DOCK, PIER)
    ]
    apply_edit(gp, asked[0])
    assert apply_edit(gp, asked[1]).is_held
    return asked[1].id


def test_the_page_of_the_decision_says_where_the_form_is(app: Flask, gp: Actor) -> None:
    entry = a_person(gp)

    page_for(app, a_clinician(Role.PARAMEDIC), entry).open(f"/record/{entry}/cpr").see(PLACE, practice_of(gp))


def test_the_page_of_a_restricted_persons_decision_names_no_place_and_no_practice(app: Flask, gp: Actor) -> None:
    entry = a_person(gp, address_restricted=True)

    page = page_for(app, a_clinician(Role.PARAMEDIC), entry).open(f"/record/{entry}/cpr")

    page.see("not shown, the address is restricted", gp.name).see_nothing_of(PLACE, practice_of(gp))


def test_the_form_of_its_particulars_neither_shows_the_place_nor_loses_it(app: Flask, gp: Actor) -> None:
    entry = a_person(gp, address_restricted=True)
    form = page_for(app, gp, entry).open(f"/record/{entry}/cpr/particulars-amended")
    form.see_nothing_of(PLACE, "not shown, the address is restricted")

    form.fill(aware=["person", "family"]).submit("Save")

    recorded = find_recorded(entry, "cpr")
    assert recorded is not None
    assert PLACE in str(recorded.value)


def test_two_addresses_are_laid_side_by_side(app: Flask, gp: Actor) -> None:
    entry = a_person(gp)
    held = with_two_addresses(gp, entry)

    page_for(app, a_clinician(Role.PARAMEDIC), entry).open(f"/held/{held}").see(DOCK, PIER, practice_of(gp))


def test_two_restricted_addresses_are_not_shown_to_whoever_reads_the_record(app: Flask, gp: Actor) -> None:
    entry = a_person(gp, address_restricted=True)
    held = with_two_addresses(gp, entry)

    page = page_for(app, a_clinician(Role.PARAMEDIC), entry).open(f"/held/{held}")

    page.see("not shown, the address is restricted", gp.name).see_nothing_of(DOCK, PIER, STREET, practice_of(gp))
