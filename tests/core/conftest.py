"""A house without rooms: the shell alone, for tests that need no data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from epaccs.core import gallery, web
from epaccs.settings import Mode, Settings

SHELL_SECRET = "a secret of the tests, long enough to be one"

HOME = web.Link("Search", "/")


@pytest.fixture
def make_shell(tmp_path: Path) -> Callable[..., Flask]:
    """Build the shell with other settings."""

    def make(**changes: Any) -> Flask:
        settings = Settings(
            database_url="sqlite://",
            data_dir=tmp_path,
            secret_key=SHELL_SECRET,
            **{"mode": Mode.DEMO, "testing": True, **changes},
        )
        app = Flask("epaccs", static_folder=None)
        app.config.update(SECRET_KEY=settings.secret_key, EPACCS=settings, TESTING=settings.testing)
        web.init_app(app, settings)
        app.register_blueprint(gallery.bp)
        app.add_url_rule("/", view_func=web.public(lambda: "home"), endpoint="home")
        app.add_url_rule("/account", view_func=lambda: "account", endpoint="account")
        app.add_url_rule("/sign-out", view_func=lambda: "out", endpoint="sign_out", methods=["POST"])
        web.show_signed_in(
            app, lambda: web.SignedIn("Dr Anil Patel", "GP", "Elm Street Surgery", (HOME, web.Link("Notices", "/", 3)))
        )
        return app

    return make


@pytest.fixture
def shell(make_shell: Callable[..., Flask]) -> Flask:
    """The shell as a demonstration site has it."""
    return make_shell()
