"""A browser that holds every page to the house rules, and a password made once."""

from __future__ import annotations

import pytest
from flask import Flask, redirect

from epaccs.clinicians import guard
from epaccs.clinicians.actions import hash_password
from tests.pages import PageClient

PASSWORD = "a long night shift"


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Made once: each takes a moment on purpose."""
    return hash_password(PASSWORD)


@pytest.fixture
def pages(app: Flask) -> PageClient:
    """Pages held to the house rules."""
    if "/" not in {rule.rule for rule in app.url_map.iter_rules()}:
        app.add_url_rule("/", endpoint="home", view_func=guard.needs_sign_in(lambda: redirect("/account")))
    return PageClient(app)
