"""A register that was restored from a backup takes nothing that was made on another past, and hears what it forgot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.backup import backup, restore
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.notices.model import Notice
from epaccs.sync.model.audit import OfflineLook
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded, material
from tests.conftest import NOW, Browser
from tests.factories import a_registered_person, an_edit
from tests.sync.writing import WritingTablet, a_writing_tablet, outcomes_of

REVIEW = {"words": "Deteriorating quickly"}


@pytest.fixture
def tablet(app: Flask, gp: Actor) -> WritingTablet:
    return a_writing_tablet(app, gp)


def put(gp: Actor, entry: UUID, section: str, body: dict[str, Any]) -> None:
    recorded = find_recorded(entry, section)
    apply_edit(gp, an_edit(entry, section, body, base_version=recorded.version if recorded else 0))


def written(tablet: WritingTablet, *of: Any, **how: Any) -> dict[str, Any]:
    """An edit as the tablet's program writes it: with the history of its copy, and when that was the register's."""
    edit = tablet.edit(*of, **how)
    unsigned = {name: part for name, part in edit.items() if name != "signature"}
    return tablet.signed({**unsigned, "seen": {**edit["seen"], "epoch": "1.1.ab12"}})


def kinds_of(kind: EventKind) -> int:
    return len(list(db.session.scalars(select(AuditEvent).where(AuditEvent.kind == str(kind)))))


def test_nothing_unsent_is_applied_on_another_past_and_what_was_lost_is_told_with_the_push(
    gp: Actor, tablet: WritingTablet, empty_register: Flask, tmp_path: Path, frozen_clock: Callable[[datetime], None]
) -> None:
    changed, lost = a_registered_person(gp), a_registered_person(gp)
    put(gp, changed, "risks", {"animals": "A dog"})
    put(gp, changed, "communication", {"spoken_language": "English"})
    first_look = tablet.look(changed)
    tablet.send_looks(first_look)
    backup(tmp_path / "copy")

    frozen_clock(NOW + timedelta(hours=1))
    put(gp, changed, "risks", {"animals": "Two dogs"})
    put(gp, lost, "risks", {"animals": "A parrot"})
    looks = [first_look, tablet.look(changed), tablet.look(lost)]
    tablet.send_looks(*looks)
    on_lost_version = written(tablet, changed, "risks", {"animals": "Two dogs, one bites"})
    on_kept_version = written(tablet, changed, "communication", {"spoken_language": "French"})
    only_adds = written(tablet, lost, "cpr", REVIEW, kind="review_asked")

    empty_register.test_client_class = Browser
    frozen_clock(NOW + timedelta(hours=2))
    with empty_register.app_context():
        restore(tmp_path / "copy")
        put(gp, changed, "risks", {"animals": "A cat"})
        recorded = find_recorded(changed, "risks")
        assert recorded is not None
        assert recorded.version == on_lost_version["base_version"]
        there = replace(tablet, tablet=replace(tablet.tablet, client=empty_register.test_client()))

        answer = there.push(on_lost_version, on_kept_version, only_adds)

        assert outcomes_of(answer) == ["held", "applied", "applied"]
        assert [(one.section, one.why) for one in material(changed).held] == [("risks", "unknown_base")]
        stands = find_recorded(changed, "risks")
        assert stands is not None
        assert stands.value == {"animals": "A cat"}
        told = db.session.scalars(select(Notice).where(Notice.kind == "tablet_ahead"))
        assert [(one.entry_id, one.organisation_id) for one in told] == [(lost, gp.organisation_id)]
        assert kinds_of(EventKind.REGISTER_BEHIND) == 1

        for _ in range(2):
            assert there.send_looks(*looks).get_json()["upto"] == 3
        assert list(db.session.scalars(select(OfflineLook.sequence).order_by(OfflineLook.sequence))) == [1, 2, 3]
        assert kinds_of(EventKind.TABLET_LOOKS_MISSING) + kinds_of(EventKind.TABLET_LOOKS_BROKEN) == 0
        db.session.remove()
        db.engine.dispose()


def test_a_register_that_was_not_restored_believes_what_a_tablet_saw(
    gp: Actor, tablet: WritingTablet, frozen_clock: Callable[[datetime], None]
) -> None:
    """A copy in which pages are still missing says an older time than its newest row."""
    entry = a_registered_person(gp)
    before = clock.now()
    frozen_clock(NOW + timedelta(hours=1))
    put(gp, entry, "risks", {"animals": "A dog"})
    edit = tablet.edit(entry, "risks", {"animals": "Two dogs"})
    unsigned = {name: part for name, part in edit.items() if name != "signature"}
    seen = {**edit["seen"], "as_at": before.isoformat(), "epoch": "1.1.ab12"}

    assert outcomes_of(tablet.push(tablet.signed({**unsigned, "seen": seen}))) == ["applied"]
