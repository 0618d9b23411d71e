"""Ask what a tablet showed; that it was asked is written down."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from epaccs.access.actions import event
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.oversight.queries.shown import ShownThen, find_shown


def ask_tablet(actor: Actor, device_id: UUID, *, at: datetime) -> ShownThen:
    """Whose cards a tablet showed around a moment, and in which version.

    Raises:
        NotFound: the officer's organisation has no such tablet.
        Forbidden: the role reviews no accesses.
    """
    found = find_shown(actor, device_id, at=at)
    count = len(found.around)
    log.record(
        event(
            actor,
            EventKind.LIST_VIEWED,
            list="tablet_showed",
            count=count,
            device=str(device_id),
            asked_about=at.isoformat(),
        )
    )
    return found
