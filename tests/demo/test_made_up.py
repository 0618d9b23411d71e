"""Made-up people and real ones never stand in one register."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from epaccs.clinicians.model import Clinician
from epaccs.core.db import db, writing
from epaccs.core.errors import RuleBroken
from epaccs.demo.loader import check_may_load
from epaccs.register.model import RegisterEntry
from epaccs.server import check_may_serve
from epaccs.settings import Mode, Settings, SettingsError
from tests.factories import a_clinician, a_registered_person

#: Its check digit fits, and it lies outside the range that is never given to a person.
MAY_BE_REAL = "9434765919"


def live(settings: Settings) -> Settings:
    return replace(settings, mode=Mode.LIVE, public_url="https://epaccs.example")


def test_an_empty_demonstration_may_be_filled(app: Flask, settings: Settings) -> None:
    check_may_load(settings)


def test_made_up_people_are_loaded_only_where_nobody_real_can_be(app: Flask, settings: Settings) -> None:
    with pytest.raises(RuleBroken, match="only where EPACCS_MODE is demo"):
        check_may_load(live(settings))

    a_registered_person()

    with pytest.raises(RuleBroken, match="This register may hold real people"):
        check_may_load(settings)


def test_real_people_are_not_served_beside_made_up_staff(app: Flask, settings: Settings) -> None:
    check_may_serve(live(settings))

    actor = a_clinician()
    with writing() as session:
        session.get(Clinician, actor.clinician_id).is_demonstration = True  # type: ignore[union-attr]

    with pytest.raises(SettingsError, match="there are demonstration people"):
        check_may_serve(live(settings))
    check_may_serve(settings)


def test_nobody_who_may_be_real_is_put_on_a_demonstration(app: Flask) -> None:
    with pytest.raises(RuleBroken, match="Enter a made-up NHS number"):
        a_registered_person(nhs_number=MAY_BE_REAL)

    assert db.session.query(RegisterEntry).count() == 0
