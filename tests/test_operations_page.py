"""The page for those who run the register says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from click import Group
from flask import Flask

from epaccs.cli import main

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "operations.md").read_text()


def test_every_setting_is_explained_and_no_other() -> None:
    read = set(re.findall(r"EPACCS_[A-Z_]+", (ROOT / "epaccs" / "settings.py").read_text()))
    explained = set(re.findall(r"^\| `(EPACCS_[A-Z_]+)` \|", PAGE, re.MULTILINE))

    assert explained == read


def test_every_command_of_the_page_exists() -> None:
    named = re.findall(r"epaccs ((?:db|people|audit|serve|worker)(?: [a-z][a-z-]+)?)", PAGE)

    assert len(named) > 8
    for words in named:
        command = main
        for word in words.split():
            if isinstance(command, Group):
                assert word in command.commands, f"epaccs {words}"
                command = command.commands[word]


def test_the_routes_and_addresses_that_are_watched_exist(app: Flask) -> None:
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    watched = set(re.findall(r"^\| `(/\w+)` \|", PAGE, re.MULTILINE))
    routes = set(re.findall(r"route `([\w.]+)`", PAGE))

    assert watched == {"/healthz", "/readyz", "/metrics"} & rules
    assert routes
    assert routes <= set(app.view_functions)
