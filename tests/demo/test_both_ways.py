"""People loaded in bulk cannot be told from people whom somebody registered, on either database."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.audit import log
from epaccs.core.db import db
from epaccs.demo import bulk
from epaccs.demo.rows import AUDIT, TABLES
from epaccs.demo.staff import add_staff, find_world
from epaccs.record.actions.cards import checksum
from epaccs.record.model import StoredCard
from tests.demo.both import Tables, read_tables
from tests.demo.conftest import find_stories


@pytest.fixture
def loaded(app: Flask) -> Tables:
    """Every table after the same stories were loaded in bulk."""
    add_staff("a password of the demonstration")
    bulk.load_stories(find_stories(), find_world(), loaded=lambda _count: None)
    return read_tables()


def test_every_table_holds_the_same_as_if_people_had_been_registered(told: Tables, loaded: Tables) -> None:
    assert set(loaded) == set(told)
    for name, rows in told.items():
        assert sorted((rows - loaded[name]).items(), key=str)[:1] == [], f"{name}: told, not loaded"
        assert sorted((loaded[name] - rows).items(), key=str)[:1] == [], f"{name}: loaded, not told"


def test_the_comparison_has_rows_to_compare_in_each_table_that_is_written(told: Tables) -> None:
    written = {AUDIT.name, *TABLES, "search_person", "search_key", "search_word"}

    assert sorted(written - set(told)) == []


def test_the_audit_of_a_bulk_load_holds_and_goes_on(loaded: Tables) -> None:
    before = log.verify()
    add_staff("a password of the demonstration")

    assert before.holds
    assert before.rows == sum(loaded["audit_event"].values())
    assert log.verify().holds


def test_each_card_is_whole(loaded: Tables) -> None:
    cards = db.session.scalars(select(StoredCard)).all()

    assert cards
    assert [card.entry_id for card in cards if checksum(card.value) != card.checksum] == []


def test_changes_are_numbered_without_a_gap(loaded: Tables) -> None:
    numbers = sorted(dict(row)["number"] for row in loaded["entry_change"])

    assert numbers == list(range(1, len(numbers) + 1))
