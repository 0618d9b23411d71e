"""A GP at work with a person on the register, on a register that has a virus scanner."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from flask import Flask

from epaccs.clinicians.rules import Actor, Role
from epaccs.settings import Settings
from tests.factories import a_clinician
from tests.pages import PageClient
from tests.record.visits import a_person_with_everything, open_record


@pytest.fixture
def settings(settings: Settings, clamd: str) -> Settings:
    """With the scanner of the tests, and a limit that a test can pass."""
    return replace(settings, clamd=clamd, scan_limit_megabytes=1)


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def entry_id(gp: Actor) -> UUID:
    return a_person_with_everything(gp)


@pytest.fixture
def pages(app: Flask, gp: Actor, entry_id: UUID) -> PageClient:
    """The GP's browser, with the record open."""
    return open_record(app, gp, entry_id)
