"""A register that knows an identity provider, and the provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from flask import Flask

from epaccs.clinicians.actions import hash_password
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.settings import Settings
from tests.factories import a_clinician, an_organisation
from tests.pages import PageClient
from tests.sign_on.provider import Provider

PASSWORD = "a long night shift"


@pytest.fixture(scope="session")
def running() -> Iterator[Provider]:
    """One provider for all tests of a process: it takes a second to start."""
    with TemporaryDirectory(prefix="epaccs-provider-") as folder:
        provider = Provider(Path(folder))
        provider.start()
        yield provider
        provider.stop()


@pytest.fixture
def provider(running: Provider, frozen_clock: Callable[[datetime], None]) -> Provider:
    """The provider, which lives by the clock on the wall: so does the register here."""
    frozen_clock(datetime.now(UTC))
    running.know({})
    return running


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Made once: each takes a moment on purpose."""
    return hash_password(PASSWORD)


@pytest.fixture
def pages(app: Flask) -> PageClient:
    """Pages held to the house rules."""
    return PageClient(app)


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """A site that knows the provider, where the test has one."""
    if "provider" not in request.fixturenames:
        return settings
    return replace(settings, identity_provider=request.getfixturevalue("provider").settings())


@pytest.fixture
def practice(app: Flask) -> Organisation:
    return an_organisation(name="Northdale Surgery")


@pytest.fixture
def administrator(practice: Organisation) -> Actor:
    return a_clinician(Role.ADMINISTRATOR, practice)


@pytest.fixture
def ada(practice: Organisation, password_hash: str) -> Actor:
    return a_clinician(
        Role.GP,
        practice,
        user_name="ada",
        name="Dr Ada Made-Up",
        professional_number="7000001",
        password_hash=password_hash,
    )
