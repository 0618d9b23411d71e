"""A GP who registered somebody, and a crew that writes without signal."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from epaccs.clinicians.rules import Actor, OrganisationType, Role
from tests.factories import a_clinician, a_registered_person, an_organisation
from tests.sync.writing import WritingTablet, a_writing_tablet


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def entry(gp: Actor) -> UUID:
    return a_registered_person(gp)


@pytest.fixture
def crew(app: Flask) -> WritingTablet:
    return a_writing_tablet(app, a_clinician(Role.PARAMEDIC, an_organisation(type=OrganisationType.AMBULANCE)))
