"""`epaccs devices`: what whoever runs the server sees of tablets, and does at night."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.clinicians.rules import Role
from epaccs.core.db import db
from epaccs.devices.actions import forget_leases
from epaccs.devices.model import Device, Lease
from tests.conftest import NOW, Run
from tests.devices.leases import ATablet, a_tablet
from tests.factories import a_clinician


@pytest.fixture
def tablet(app: Flask) -> ATablet:
    return a_tablet(app, a_clinician(Role.PARAMEDIC))


def test_every_tablet_is_listed(run: Run, tablet: ATablet) -> None:
    words, listed = run("devices", "list"), json.loads(run("devices", "list", "--json").stdout)

    assert f"{tablet.id}  enrolled  last contact 21-Nov-2026 03:00  Vehicle 4412" in words.stdout
    assert [(one["id"], one["status"], one["outbox"]) for one in listed["devices"]] == [(tablet.id, "enrolled", None)]


def test_no_tablet_is_said(run: Run) -> None:
    assert run("devices", "list").stdout == "No tablet is enrolled.\n"


@pytest.mark.parametrize(("options", "status"), [((), "revoked"), (("--lost",), "lost")])
def test_a_tablet_is_taken_out_of_use(run: Run, tablet: ATablet, options: tuple[str, ...], status: str) -> None:
    done = run("devices", "revoke", tablet.id, *options, "--json")

    assert done.exit_code == 0
    assert json.loads(done.stdout)["id"] == tablet.id
    assert db.session.get_one(Device, UUID(tablet.id)).status == status
    assert tablet.post("/sync/v1/who").status_code == 403
    again = run("devices", "revoke", tablet.id)
    assert (again.exit_code, "out of use already" in again.output) == (1, True)


@pytest.mark.parametrize("device_id", ["4412", "01a202c4-c4b4-78a2-bc91-404c138016e6"])
def test_what_is_no_tablet_is_refused(run: Run, device_id: str) -> None:
    refused = run("devices", "revoke", device_id)

    assert (refused.exit_code, "No tablet has that id" in refused.output) == (1, True)


def test_leases_of_last_season_are_forgotten(tablet: ATablet, frozen_clock: Any) -> None:
    assert forget_leases() == 0
    frozen_clock(NOW + timedelta(days=92))

    assert forget_leases() == 1
    assert db.session.query(Lease).count() == 0
    assert tablet.post("/sync/v1/who").status_code == 401
