"""The page that anybody may read: made from what the program runs on, and changed with it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask

from epaccs.access.rules import ACCESS_TABLE, Sight, Tier, tell_access_table
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import ROLE_LABELS, OrganisationType
from epaccs.core import clock
from epaccs.core.db import writing
from tests.factories import a_registered_person, agree, an_organisation, end_agreement
from tests.pages import PageClient


@pytest.fixture
def practice(app: Flask) -> Organisation:
    return an_organisation(name="Elm Street Surgery", shares=False)


@pytest.fixture
def trust(app: Flask) -> Organisation:
    return an_organisation(name="Northdale Ambulance", type=OrganisationType.AMBULANCE, shares=False)


def test_nobody_need_sign_in_to_read_how_to_say_no_and_no_person_is_on_it(app: Flask, practice: Organisation) -> None:
    a_registered_person(family_name="Okonkwo")

    pages = PageClient(app).open("/privacy").see("How to say no", "Tell your own practice")

    pages.see("Who shares with whom").see_nothing_of("Okonkwo", "OKONKWO")


def test_it_changes_with_the_agreements_themselves(app: Flask, practice: Organisation, trust: Organisation) -> None:
    pages = PageClient(app).open("/privacy").see("No agreement holds now")
    pages.see("share with nobody: Elm Street Surgery, Northdale Ambulance")

    agreement = agree(practice, trust, name="Cards for crews", level=1, contact="The Caldicott Guardian")
    pages.open("/privacy").see("Cards for crews", "Elm Street Surgery, Northdale Ambulance", "The emergency card")
    pages.see("The Caldicott Guardian", "article 6(1)(e)").see_nothing_of("Dr Ada Example")

    end_agreement(agreement)
    pages.open("/privacy").see_nothing_of("Cards for crews")


@pytest.mark.parametrize(
    "days",
    [
        pytest.param({"valid_from": date(2026, 11, 22)}, id="not begun"),
        pytest.param({"valid_until": date(2026, 11, 20)}, id="past"),
    ],
)
def test_what_does_not_hold_today_is_not_on_it(
    app: Flask, practice: Organisation, trust: Organisation, days: dict[str, date]
) -> None:
    agree(practice, trust, name="Cards for crews", **days)

    PageClient(app).open("/privacy").see_nothing_of("Cards for crews")


def test_a_partner_that_signs_is_on_it_at_once_and_one_that_closed_is_not(
    app: Flask, practice: Organisation, trust: Organisation
) -> None:
    agree(practice, trust, name="Cards for crews")
    with writing() as session:
        closed = session.get_one(Organisation, an_organisation(name="Closed House", shares=False).id)
        closed.closed_on = clock.today() - timedelta(days=1)

    PageClient(app).open("/privacy").see("Northdale Ambulance").see_nothing_of("Closed House")


def test_every_role_that_sees_people_is_told_with_all_three_tiers() -> None:
    told = {one.role: one for one in tell_access_table()}

    seeing = {ROLE_LABELS[role] for role, row in ACCESS_TABLE.items() if row.sights[Tier.T0_EXISTS] is Sight.YES}
    assert set(told) == seeing
    assert told["paramedic"].plan == "Only while they are with the person, until twelve hours after"
    assert told["paramedic"].sensitive == "No"
    assert told["paramedic"].whose == "People of the area they serve"
    assert all(one.card and one.plan and one.sensitive for one in told.values())
