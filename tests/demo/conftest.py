"""Stories told once through the actions that people use, to compare with; and a whole demonstration to look at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from epaccs.app import create_app
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.demo import loader, telling
from epaccs.demo.scenes import SCENES
from epaccs.demo.staff import add_staff, find_world
from epaccs.demo.stories import Story
from epaccs.settings import Settings
from epaccs.sync.actions.feed import settle_scopes
from tests.conftest import NOW, SECRET
from tests.demo.both import Tables, read_tables

#: One for each thing that can be recorded about CPR, and some with which agreements and places vary.
STORIES = len(SCENES) + 5


def find_stories() -> list[Story]:
    """The stories that are told and loaded."""
    return loader.generated_stories(NOW)[:STORIES]


@contextmanager
def a_register(template: Path, folder: Path) -> Iterator[Flask]:
    """The whole program on an empty register of its own, at the time of the tests."""
    url = f"sqlite:///{shutil.copy(template, folder / 'register.sqlite3')}"
    settings = Settings(database_url=url, data_dir=folder, secret_key=SECRET, testing=True)
    app = create_app(settings)
    with app.app_context(), clock.standing_at(NOW):
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def told(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Every table after the stories were told."""
    with a_register(sqlite_template, tmp_path_factory.mktemp("told")):
        add_staff("a password of the demonstration")
        telling.tell_stories(find_stories(), find_world())
        settle_scopes()
        return read_tables()


@pytest.fixture(scope="module")
def demonstration(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A register that holds the whole demonstration."""
    with a_register(sqlite_template, tmp_path_factory.mktemp("demonstration")) as app:
        loader.load_demonstration(app.config["EPACCS"])
        yield app
