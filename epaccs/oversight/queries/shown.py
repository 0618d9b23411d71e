"""What a tablet without signal showed at a moment, as far as its own book of looks says.

Source: hazard H-63; docs/offline.md, "audit".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, and_, select

from epaccs.access.queries import names_of
from epaccs.access.rules import Permission, check_role
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Clinician
from epaccs.clinicians.rules import Actor
from epaccs.core.changes import EntryChange
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.devices.model import Device, Lease
from epaccs.oversight.rules.shown import Shown, find_on_screen
from epaccs.sync.model.audit import OfflineLook

#: Around the moment that is asked for.
BEFORE: Final = timedelta(hours=1)
AFTER: Final = timedelta(minutes=15)
_LIMIT: Final = 2_000

_WORDS: Final = {
    EventKind.OFFLINE_CARD_VIEWED: "Emergency card",
    EventKind.OFFLINE_RECORD_VIEWED: "Record",
}


@dataclass(frozen=True)
class ShownThen:
    """What a tablet showed around a moment.

    `on_screen` None: nothing was opened in the hour before. `heard_at`: when it had last heard from the register by
    then; None: it is not known. `has_gap`: some of its looks have not come, so that this may not be all.
    """

    label: str
    at: datetime
    on_screen: Shown | None
    around: tuple[Shown, ...]
    heard_at: datetime | None
    has_gap: bool


def find_tablets(actor: Actor) -> dict[UUID, str]:
    """The tablets of the officer's own organisation, those out of use too: by id, what they are called.

    Raises:
        Forbidden: the role reviews no accesses.
    """
    check_role(Permission.REVIEW_ACCESS, actor.role)
    rows = db.session.execute(
        select(Device.id, Device.label)
        .where(Device.organisation_id == actor.organisation_id)
        .order_by(Device.label, Device.id)
    )
    return {row.id: row.label for row in rows}


def find_shown(actor: Actor, device_id: UUID, *, at: datetime) -> ShownThen:
    """Whose cards a tablet showed around a moment, and in which version.

    Raises:
        NotFound: the officer's organisation has no such tablet.
        Forbidden: the role reviews no accesses.
    """
    label = find_tablets(actor).get(device_id)
    if label is None:
        raise NotFound
    rows = _find_looks(device_id, at)
    sequences = sorted(row.sequence for row in rows)
    heard = select(Lease.issued_at).where(Lease.device_id == device_id, Lease.issued_at <= at)
    looks = [one for one in _as_shown(rows) if at - BEFORE <= one.at <= at + AFTER]
    return ShownThen(
        label,
        at,
        on_screen=find_on_screen(looks, at),
        around=tuple(looks),
        heard_at=db.session.scalars(heard.order_by(Lease.issued_at.desc()).limit(1)).first(),
        has_gap=bool(sequences) and sequences[-1] - sequences[0] + 1 > len(set(sequences)),
    )


def _find_looks(device_id: UUID, at: datetime) -> Sequence[Row[Any]]:
    """Every look that came since: what was done before the moment may have come long after it."""
    return db.session.execute(
        select(
            OfflineLook.sequence,
            AuditEvent.kind,
            AuditEvent.entry_id,
            AuditEvent.details,
            Clinician.name,
            EntryChange.recorded_at,
        )
        .join(AuditEvent, AuditEvent.id == OfflineLook.event_id)
        .outerjoin(Clinician, Clinician.id == AuditEvent.actor_id)
        .outerjoin(
            EntryChange,
            and_(
                EntryChange.entry_id == AuditEvent.entry_id,
                EntryChange.number == AuditEvent.details["version"].as_integer(),
            ),
        )
        .where(OfflineLook.device_id == device_id, OfflineLook.received_at >= at - BEFORE)
        .order_by(OfflineLook.sequence)
        .limit(_LIMIT)
    ).all()


def _as_shown(rows: Sequence[Row[Any]]) -> list[Shown]:
    looked = [row for row in rows if row.kind in _WORDS and row.entry_id is not None]
    people = names_of([row.entry_id for row in looked])
    shown = [
        Shown(
            at=datetime.fromisoformat(row.details["read_at"]),
            what=_WORDS[EventKind(row.kind)],
            person=people[row.entry_id],
            reader=row.name or "Somebody whose account is not known here",
            number=row.details.get("version") or None,
            as_of=row.recorded_at,
        )
        for row in looked
    ]
    return sorted(shown, key=lambda one: one.at)
