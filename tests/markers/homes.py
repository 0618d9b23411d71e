"""Markers that hang somewhere, for the tests of this room."""

from __future__ import annotations

from uuid import UUID

from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.markers.actions import print_marker
from epaccs.markers.model import HomeMarker
from epaccs.settings import Settings
from epaccs.versions.actions import apply_edit
from tests.factories import an_edit


def hang_one(actor: Actor, entry_id: UUID, settings: Settings, *, place: str = "Fridge door") -> HomeMarker:
    """A printed marker, as the register keeps it."""
    marker_id = new_id()
    print_marker(actor, marker_id, entry_id=entry_id, place=place, settings=settings)
    return the_marker(marker_id)


def the_marker(marker_id: UUID) -> HomeMarker:
    return db.session.get_one(HomeMarker, marker_id, populate_existing=True)


def dies(gp: Actor, entry_id: UUID, *, kind: str = "confirm_death") -> None:
    apply_edit(gp, an_edit(entry_id, "lifecycle", {"died_on": clock.today().isoformat()}, kind=kind))
