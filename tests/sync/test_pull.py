"""What a tablet is answered that asks what is new: on both databases."""

from __future__ import annotations

import pytest
from flask import Flask

from epaccs.clinicians.rules import Actor, Role
from tests.factories import a_clinician, a_registered_person
from tests.sync.tablets import SyncTablet, a_sync_tablet, change


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def crew(app: Flask, gp: Actor) -> SyncTablet:
    return a_sync_tablet(app, a_clinician(Role.PARAMEDIC))


AREA = "area:northdale"


def test_a_tablet_that_begins_gets_everybody_of_its_area(crew: SyncTablet, gp: Actor) -> None:
    people = {a_registered_person(gp) for _ in range(3)}
    gone = a_registered_person(gp)
    change(gp, gone, "remove", {"reason": "improved"})

    lines = crew.pull()

    assert set(crew.scopes[AREA].people) == {str(one) for one in people}
    assert [line["op"] for line in lines] == ["put", "put", "put", "page"]
    crew.assert_agrees()
