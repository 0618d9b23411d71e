"""A field that a role does not see, in a section that it does: not shown, not asked, and not cleared by its answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.care_plans.rules import keep_unseen
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.errors import RulesBroken
from epaccs.core.identifiers import new_id
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from tests.factories import a_clinician, a_registered_person, an_edit
from tests.record.visits import open_record, organisation_of, visit

SENSITIVE = "Her nephew is under investigation"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param({"icd": "none"}, {"icd": "none", "safeguarding": SENSITIVE}, id="not asked"),
        pytest.param({"safeguarding": None}, {"safeguarding": SENSITIVE}, id="blank"),
        pytest.param({"safeguarding": SENSITIVE}, {"safeguarding": SENSITIVE}, id="the same"),
    ],
)
def test_what_an_author_could_not_see_stays(sent: dict[str, Any], kept: dict[str, Any]) -> None:
    assert keep_unseen({"safeguarding": SENSITIVE, "icd": "active"}, sent, {"safeguarding"}) == kept


def test_an_author_adds_what_nobody_had_answered_and_replaces_nothing_unseen() -> None:
    assert keep_unseen({}, {"safeguarding": "New"}, {"safeguarding"}) == {"safeguarding": "New"}
    with pytest.raises(RulesBroken, match="your role does not see"):
        keep_unseen({"safeguarding": SENSITIVE}, {"safeguarding": "New"}, {"safeguarding"})


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP)


@pytest.fixture
def entry(app: Flask, gp: Actor) -> UUID:
    entry_id = a_registered_person(gp)
    open_record(app, gp, entry_id)
    apply_edit(gp, an_edit(entry_id, "risks", {"icd": "active", "safeguarding": SENSITIVE}))
    return entry_id


@pytest.fixture
def doctor(entry: UUID) -> Actor:
    """Keeps the plan, and sees nothing sensitive."""
    return a_clinician(Role.OUT_OF_HOURS_GP)


def risks(entry: UUID) -> dict[str, Any]:
    recorded = find_recorded(entry, "risks")
    assert recorded is not None
    return recorded.value


def test_a_form_neither_shows_nor_asks_what_its_reader_does_not_see_and_saving_it_loses_nothing(
    app: Flask, doctor: Actor, entry: UUID
) -> None:
    pages = open_record(app, doctor, entry).open(f"/record/{entry}/plan/risks")
    pages.see_nothing_of(SENSITIVE, 'name="safeguarding"')

    pages.fill(icd="deactivated").submit("Save")

    assert risks(entry) == {"icd": "deactivated", "safeguarding": SENSITIVE}


def test_a_change_that_clears_what_its_author_does_not_see_clears_the_rest_alone(
    app: Flask, doctor: Actor, entry: UUID
) -> None:
    open_record(app, doctor, entry)
    apply_edit(doctor, an_edit(entry, "risks", {"icd": None, "safeguarding": None}, base_version=1))

    assert risks(entry) == {"safeguarding": SENSITIVE}


def test_whoever_sees_it_clears_it(app: Flask, gp: Actor, entry: UUID) -> None:
    pages = open_record(app, a_clinician(Role.GP, organisation_of(gp)), entry).open(f"/record/{entry}/plan/risks")

    pages.fill(safeguarding="").submit("Save")

    assert risks(entry) == {"icd": "active"}


def test_a_dispute_shows_each_reader_what_they_see(app: Flask, gp: Actor, doctor: Actor, entry: UUID) -> None:
    recorded = find_recorded(entry, "risks")
    assert recorded is not None
    held = an_edit(entry, "risks", {"icd": "none", "safeguarding": "Another story"}, base_version=recorded.version - 1)
    assert apply_edit(gp, held).is_held

    open_record(app, doctor, entry).open(f"/held/{held.id}").see_nothing_of(SENSITIVE, "Another story")
    open_record(app, a_clinician(Role.GP, organisation_of(gp)), entry).open(f"/held/{held.id}").see(
        SENSITIVE, "Another story"
    )


def test_the_form_of_a_death_says_no_address_to_whoever_does_not_see_it(app: Flask, gp: Actor) -> None:
    entry_id = a_registered_person(gp, address="12 Canal Row\nNorthdale")
    office = a_clinician(Role.PRACTICE_ADMINISTRATOR, organisation_of(gp))

    visit(app, office).open(f"/record/{entry_id}/death").see_nothing_of("12 Canal Row")
    open_record(app, a_clinician(Role.GP, organisation_of(gp)), entry_id).open(f"/record/{entry_id}/death").see(
        "12 Canal Row"
    )


def test_whoever_may_not_open_in_an_emergency_is_told_nothing_of_somebody_not_in_their_care(
    app: Flask, entry: UUID
) -> None:
    pages = visit(app, a_clinician(Role.SOCIAL_WORKER)).open("/account")
    form = {"csrf_token": pages.value_of("csrf_token"), "action": "emergency"}

    answers = [pages.browser.post(f"/record/{one}/open", data=form).status_code for one in (entry, new_id())]

    assert answers == [404, 404]
