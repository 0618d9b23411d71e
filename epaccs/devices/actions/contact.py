"""What a tablet said at its last contact, and what it was told to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.devices.model import Device, DeviceCommand, DeviceUser
from epaccs.devices.rules import Deed, DeviceStatus, LeaseFacts

#: What a tablet reports, and the column that keeps it.
_REPORTED = {
    "program": "program",
    "outbox": "outbox_length",
    "audit": "audit_length",
    "storage_bytes": "storage_bytes",
    "is_persisted": "is_persisted",
    "plans_missing": "plans_missing",
    "reserve_bytes": "reserve_bytes",
    "sums": "sums",
}


def note_contact(
    device_id: UUID,
    *,
    state: Mapping[str, Any] | None = None,
    now_device: datetime | None = None,
    clinician_id: UUID | None = None,
) -> None:
    """Keep what a tablet says of itself; what it leaves out stays as it was said before.

    No audit event: nothing is read or changed by it.

    Args:
        state: as loaded by `StateSchema`.
        now_device: its clock, as it was when it asked.
        clinician_id: who reads on it; None: nobody, it is locked.
    """
    with writing() as session:
        device = session.get(Device, device_id, with_for_update=True, populate_existing=True)
        if device is None:
            return
        now = clock.now()
        device.last_contact_at = now
        if now_device is not None:
            device.clock_offset_ms = (now_device - now) // timedelta(milliseconds=1)
        for name, value in (state or {}).items():
            if name in _REPORTED and value is not None:
                setattr(device, _REPORTED[name], value)
        if clinician_id is not None and state and state.get("unlock"):
            _note_unlocking(session, device_id, clinician_id, state["unlock"])


def _note_unlocking(session: Session, device_id: UUID, clinician_id: UUID, ways: Sequence[str]) -> None:
    user = session.scalars(
        select(DeviceUser).where(
            DeviceUser.device_id == device_id,
            DeviceUser.clinician_id == clinician_id,
            DeviceUser.ended_at.is_(None),
        )
    ).first()
    if user is not None and user.unlocked_with != list(ways):
        user.unlocked_with = list(ways)


def note_delivered(command_ids: Sequence[UUID]) -> None:
    """A tablet was told; the first time counts."""
    if command_ids:
        with writing() as session:
            session.execute(
                update(DeviceCommand)
                .where(DeviceCommand.id.in_(command_ids), DeviceCommand.delivered_at.is_(None))
                .values(delivered_at=clock.now())
            )


def note_done(device_id: UUID, command_ids: Sequence[UUID]) -> None:
    """A tablet says that it did what it was told; one that erased what it held is out of use for good."""
    with writing() as session:
        rows = session.scalars(
            select(DeviceCommand)
            .where(
                DeviceCommand.device_id == device_id,
                DeviceCommand.id.in_(command_ids),
                DeviceCommand.done_at.is_(None),
            )
            .with_for_update()
        ).all()
        now = clock.now()
        for row in rows:
            row.done_at, row.delivered_at = now, row.delivered_at or now
        if any(row.deed == Deed.ERASE for row in rows):
            device = session.get_one(Device, device_id, with_for_update=True, populate_existing=True)
            device.status, device.erased_at = str(DeviceStatus.ERASED), now
            details = {"device": str(device_id)}
            log.record(Event(EventKind.TABLET_ERASED, organisation_id=device.organisation_id, details=details))


def note_erased(device_id: UUID) -> int:
    """A tablet that was told to erase what it holds says that it did.

    Returns:
        How many commands that settles; 0: none waited.
    """
    waiting = select(DeviceCommand.id).where(
        DeviceCommand.device_id == device_id, DeviceCommand.deed == str(Deed.ERASE), DeviceCommand.done_at.is_(None)
    )
    ids = list(db.session.scalars(waiting))
    if ids:
        note_done(device_id, ids)
    return len(ids)


def note_refused_contact(facts: LeaseFacts) -> None:
    """A tablet that is out of use asked: it was told to erase what it holds, and its return is on record."""
    with writing() as session:
        now = clock.now()
        session.execute(update(Device).where(Device.id == facts.device_id).values(last_contact_at=now))
        told = session.execute(
            update(DeviceCommand)
            .where(
                DeviceCommand.device_id == facts.device_id,
                DeviceCommand.deed == str(Deed.ERASE),
                DeviceCommand.delivered_at.is_(None),
            )
            .values(delivered_at=now)
        )
        if told.rowcount:  # type: ignore[attr-defined]
            log.record(
                Event(
                    EventKind.TABLET_REFUSED,
                    actor_id=facts.clinician_id,
                    organisation_id=facts.organisation_id,
                    role=facts.role,
                    details={"device": str(facts.device_id), "why": "out_of_use"},
                )
            )
