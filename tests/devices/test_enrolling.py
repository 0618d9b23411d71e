"""Tablets come in, get a lease, renew it; whoever may not is told why."""

from __future__ import annotations

from flask import Flask

from epaccs.clinicians.rules import Role
from epaccs.devices.queries import find_user_key
from tests.devices.leases import a_tablet, enrol, post
from tests.factories import a_clinician


def test_a_crew_enrols_a_tablet_and_gets_what_it_needs(app: Flask) -> None:
    paramedic = a_clinician(Role.PARAMEDIC)

    answer = enrol(app, paramedic)

    told = answer.get_json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert [(one["scope"], one["tier"], one["epoch"]) for one in told["scope_keys"]] == [
        ("area:northdale", "card", "1.1")
    ]
    assert len(told["scope_keys"][0]["key"]) == 43
    assert told["policy"]["lease_seconds"] == 18 * 3600
    assert told["user"]["role_label"] == "paramedic"
    assert find_user_key(__import__("uuid").UUID(told["device_id"]), paramedic.clinician_id) is not None


def test_a_tablet_is_known_by_its_lease(app: Flask) -> None:
    tablet = a_tablet(app, a_clinician(Role.PARAMEDIC))

    answer = tablet.post("/sync/v1/who")

    assert answer.get_json()["device"] == tablet.id
    assert answer.get_json()["scopes"] == {"area:northdale": "card"}


def test_a_lease_renews_a_lease(app: Flask) -> None:
    tablet = a_tablet(app, a_clinician(Role.PARAMEDIC))

    renewed = tablet.renew()

    assert renewed.status_code == 200
    assert post(tablet.client, "/sync/v1/who", {}, lease=renewed.get_json()["lease"]).status_code == 200
