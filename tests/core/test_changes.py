"""Changes are numbered by the register, in the order in which they became visible, whatever anybody's clock says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.changes import ChangeCounter, EntryChange, next_number, record_change
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from epaccs.versions.rules import Outcome
from tests.factories import a_clinician, a_registered_person, an_edit


def numbers() -> list[int]:
    db.session.expire_all()
    return list(db.session.scalars(select(EntryChange.number).order_by(EntryChange.number)))


def change_something() -> int:
    with writing() as session:
        return record_change(session, entry_id=new_id(), section="nothing", what="same", recorded_at=clock.now()).number


def test_changes_are_numbered_without_a_gap(app: Flask) -> None:
    assert [change_something() for _ in range(3)] == [1, 2, 3]
    assert numbers() == [1, 2, 3]


def number_and_break() -> None:
    with writing() as session:
        next_number(session)
        raise ZeroDivisionError


def test_a_change_that_was_not_kept_has_no_number(app: Flask) -> None:
    with pytest.raises(ZeroDivisionError):
        number_and_break()

    assert change_something() == 1


def test_a_clock_that_went_back_changes_no_order(app: Flask, frozen_clock) -> None:  # type: ignore[no-untyped-def]
    first, before = change_something(), clock.now()
    frozen_clock(before - timedelta(days=400))

    second = change_something()

    assert second > first
    rows = list(db.session.scalars(select(EntryChange).order_by(EntryChange.number)))
    assert rows[1].recorded_at < rows[0].recorded_at


def test_no_lower_number_becomes_visible_after_a_higher_one(app: Flask) -> None:
    """Four people change something at once; whoever looks meanwhile never sees a gap that is filled later."""
    start = Barrier(4)
    seen: list[list[int]] = []

    def change_and_look(_: int) -> None:
        with app.app_context():
            start.wait(timeout=10)
            for _ in range(5):
                change_something()
                seen.append(numbers())
                db.session.commit()
            db.session.remove()

    with ThreadPoolExecutor(4) as people:
        list(people.map(change_and_look, range(4)))

    assert len(seen) == 20
    assert [one for one in seen if one != list(range(1, len(one) + 1))] == []
    assert numbers() == list(range(1, 21))
    assert db.session.get(ChangeCounter, 1).last_number == 20  # type: ignore[union-attr]


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.mark.parametrize(
    "days", [pytest.param(300, id="decided next year"), pytest.param(-300, id="decided last year")]
)
def test_a_stale_change_wins_by_no_clock(gp: Actor, days: int) -> None:
    entry: UUID = a_registered_person(gp)
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "treat_at_home"}, decided_at=clock.now()))

    late = an_edit(
        entry,
        "treatment_level",
        {"level": "full_escalation"},
        base_version=0,
        decided_at=clock.now() + timedelta(days=days),
    )

    assert apply_edit(gp, late).outcome is Outcome.HELD
    assert find_recorded(entry, "treatment_level").value["level"] == "treat_at_home"  # type: ignore[union-attr]
