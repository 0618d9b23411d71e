"""From a look on no session to the privacy officer's list, and what is said of nobody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.access.actions import event
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.fields import format_moment
from epaccs.oversight.actions import tuning
from epaccs.oversight.actions.looking import look_at_new
from epaccs.oversight.queries.alerts import find_alerts
from epaccs.rosters import queries
from epaccs.rosters.actions import end_session
from tests.factories import a_clinician, a_membership, a_registered_person, an_organisation, sign_in
from tests.oversight.test_looking import look, why
from tests.pages import PageClient
from tests.rosters.rotas import a_row, at, load

#: It is three in the morning on 21 November.
TONIGHT = ("2026-11-20 20:00", "2026-11-21 08:00")
JUST_OVER = ("2026-11-20 13:00", "2026-11-21 01:30")
OVER = ("2026-11-20 08:00", "2026-11-21 00:30")
TELLS = "while on no session of your rota and within 2 hours of none."


@pytest.fixture
def place(app: Flask) -> Organisation:
    return an_organisation()


@pytest.fixture
def admin(place: Organisation) -> Actor:
    return a_clinician(Role.ADMINISTRATOR, place)


@pytest.fixture
def officer(place: Organisation) -> Actor:
    return a_clinician(Role.PRIVACY_OFFICER, place)


@pytest.fixture
def ada(place: Organisation) -> Actor:
    return a_clinician(Role.GP, place, name="Dr Ada Example")


@pytest.fixture
def ben(place: Organisation) -> Actor:
    return a_clinician(Role.GP, place, name="Dr Ben Example")


def test_a_look_on_no_session_is_shown_to_the_officer_and_the_record_opens_all_the_same(
    app: Flask, admin: Actor, officer: Actor, ada: Actor, ben: Actor
) -> None:
    load(admin, a_row(ben, *TONIGHT))
    entry_id = a_registered_person(ada)
    browser = PageClient(app)
    sign_in(browser.browser, ada)

    browser.open(f"/record/{entry_id}").fill(reason="permission_given", identifiers_checked=["name", "born"])
    browser.submit("Open the record")
    assert look_at_new() == 1

    (alert,) = find_alerts(officer)
    assert [sentence.split(", ")[0] for sentence in alert.why] == ["Dr Ada Example"]
    assert alert.why[0].endswith(TELLS)


def load_the_day_before(frozen_clock: Any, admin: Actor, *rows: str) -> None:
    """What is over by now is loaded while it was to come."""
    now = clock.now()
    frozen_clock(at("2026-11-20 07:00"))
    load(admin, *rows)
    frozen_clock(now)


@pytest.mark.parametrize(
    ("times", "is_told"),
    [
        pytest.param(TONIGHT, False, id="on it"),
        pytest.param(JUST_OVER, False, id="stayed on an hour and a half"),
        pytest.param(OVER, True, id="over for two hours and a half"),
        pytest.param(("2026-11-21 05:00", "2026-11-21 13:00"), False, id="came two hours early"),
        pytest.param(("2026-11-21 05:30", "2026-11-21 13:00"), True, id="begins in two hours and a half"),
    ],
)
def test_a_look_is_told_of_by_the_readers_own_session(
    admin: Actor, officer: Actor, ada: Actor, ben: Actor, frozen_clock: Any, times: tuple[str, str], is_told: bool
) -> None:
    load_the_day_before(frozen_clock, admin, a_row(ben, *TONIGHT), a_row(ada, *times))
    look(ada, a_registered_person(ada))
    look(ben, a_registered_person(ben))

    assert look_at_new() == int(is_told)


def test_an_organisation_without_a_rota_is_told_nothing(ada: Actor, officer: Actor) -> None:
    load(a_clinician(Role.ADMINISTRATOR, other := an_organisation()), a_row(a_clinician(Role.GP, other), *TONIGHT))
    look(ada, a_registered_person(ada))

    assert look_at_new() == 0


def test_a_day_without_any_session_says_nothing(admin: Actor, officer: Actor, ada: Actor, ben: Actor) -> None:
    load(admin, a_row(ben, "2026-11-22 08:00", "2026-11-22 20:00"))
    look(ada, a_registered_person(ada))

    assert look_at_new() == 0


def test_a_session_that_was_taken_off_is_none(admin: Actor, officer: Actor, ada: Actor, ben: Actor) -> None:
    load(admin, a_row(ben, *TONIGHT), a_row(ada, "2026-11-21 05:00", "2026-11-21 13:00"))
    (hers,) = [one for one in queries.find_kept(admin.organisation_id) if one.clinician_id == ada.clinician_id]
    end_session(admin, hers.id)
    look(ada, a_registered_person(ada))

    assert look_at_new() == 1


def test_a_session_at_another_organisation_explains_no_look_here(
    admin: Actor, officer: Actor, ada: Actor, ben: Actor
) -> None:
    elsewhere = an_organisation()
    a_membership(ada, elsewhere, Role.GP)
    load(a_clinician(Role.ADMINISTRATOR, elsewhere), a_row(ada, *TONIGHT))
    load(admin, a_row(ben, *TONIGHT))
    look(ada, a_registered_person(ada))

    assert look_at_new() == 1


def look_on_tablet(actor: Actor, entry_id: UUID, read_at: str) -> None:
    details: dict[str, Any] = {"offline": True, "device": str(UUID(int=7)), "read_at": format_moment(at(read_at))}
    log.record(event(actor, EventKind.OFFLINE_CARD_VIEWED, entry_id=entry_id, **details))


@pytest.mark.parametrize(
    ("read_at", "is_told"),
    [
        pytest.param("2026-11-19 14:00", False, id="made on a session, sent off it"),
        pytest.param("2026-11-19 23:30", True, id="made off a session, sent off it"),
        pytest.param("2026-11-18 14:00", False, id="made on a day without a rota"),
    ],
)
def test_a_look_on_a_tablet_is_judged_by_when_it_was_made(
    admin: Actor,
    officer: Actor,
    ada: Actor,
    ben: Actor,
    frozen_clock: Any,
    read_at: str,
    is_told: bool,
) -> None:
    now = clock.now()
    frozen_clock(at("2026-11-19 07:00"))
    load(admin, a_row(ada, "2026-11-19 08:00", "2026-11-19 20:00"), a_row(ben, *TONIGHT))
    frozen_clock(now)
    look_on_tablet(ada, a_registered_person(ada), read_at)

    assert look_at_new() == int(is_told)


def test_an_officer_sets_the_hours_or_switches_it_off(
    admin: Actor, officer: Actor, ada: Actor, ben: Actor, frozen_clock: Any
) -> None:
    load_the_day_before(frozen_clock, admin, a_row(ben, *TONIGHT), a_row(ada, *JUST_OVER))

    def told_with(**thresholds: int | bool) -> list[str]:
        tuning.set_thresholds(officer, thresholds=thresholds, reason="Our work", until_on=clock.today())
        look(ada, a_registered_person(ada))
        look_at_new()
        return [sentence for sentence in why(officer) if "rota" in sentence]

    assert told_with(no_session_hours=2) == []
    assert told_with(no_session_hours=0, no_session_is_asked=False) == []
    (sentence,) = told_with(no_session_hours=1)
    assert sentence.endswith("while on no session of your rota and within an hour of none.")
    assert len(told_with(no_session_hours=0)) == 2
