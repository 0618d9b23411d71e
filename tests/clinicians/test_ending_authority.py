"""Whoever may sign CPR decisions, and their administrator, are told in good time that it ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask

from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Role, find_last_day
from epaccs.core import clock
from epaccs.core.db import writing
from tests.factories import a_clinician, an_authorisation, an_organisation
from tests.record.visits import visit

TODAY = date(2026, 11, 21)


def day(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "last"),
    [
        pytest.param([], None, id="none"),
        pytest.param([(-30, 30)], 30, id="ends in thirty days"),
        pytest.param([(-30, 31)], None, id="ends later"),
        pytest.param([(-30, 0)], 0, id="ends today"),
        pytest.param([(-30, -1)], None, id="has ended"),
        pytest.param([(1, 20)], None, id="has not begun"),
        pytest.param([(-30, 10), (11, 365)], None, id="another follows the day after"),
        pytest.param([(-30, 10), (12, 365)], 10, id="another follows after a gap"),
        pytest.param([(-30, 10), (-5, 20)], 20, id="two at once"),
    ],
)
def test_the_last_day_is_told_when_it_is_near(days: list[tuple[int, int]], last: int | None) -> None:
    found = find_last_day([(day(start), day(end)) for start, end in days], today=TODAY)

    assert found == (None if last is None else day(last))


@pytest.fixture
def practice(app: Flask) -> Organisation:
    return an_organisation()


def test_the_holder_and_the_administrator_are_told(app: Flask, practice: Organisation) -> None:
    gp = a_clinician(Role.GP, practice, name="Dr A Patel")
    with writing() as session:
        session.add(an_authorisation(gp.clinician_id, until_date=clock.today() + timedelta(days=29)))
    said = "20-Dec-2026"

    visit(app, gp).open("/").see("The last day on which you may sign is", said)
    visit(app, a_clinician(Role.ADMINISTRATOR, practice)).open("/admin").see("Dr A Patel", said)
    visit(app, a_clinician(Role.ADMINISTRATOR)).open("/admin").see_nothing_of("Dr A Patel")


def test_nobody_is_told_of_what_lasts(app: Flask, practice: Organisation) -> None:
    gp = a_clinician(Role.GP, practice, may_sign=True)

    visit(app, gp).open("/").see_nothing_of("The last day on which you may sign")
    visit(app, a_clinician(Role.ADMINISTRATOR, practice)).open("/admin").see_nothing_of("Soon they may not sign")
