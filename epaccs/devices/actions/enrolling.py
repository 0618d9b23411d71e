"""Let a tablet in, and further users of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.rules import Permission, check_role
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.devices.actions.leases import (
    GivenLease,
    Holder,
    end_leases,
    find_user,
    give,
    lock_device,
    refusals_recorded,
)
from epaccs.devices.keys import check_public_key
from epaccs.devices.model import Device, DeviceUser, Lease
from epaccs.devices.rules import DeviceClass, DeviceStatus, LeaseEnd


@dataclass(frozen=True)
class NewTablet:
    """What a tablet says when it is enrolled. `device_id` None: it is new; else another user of it comes in.

    `before_id`: the tablet that this browser was, by the word that the register left in it; None: it was none.
    """

    user_key: dict[str, Any]
    program: str
    label: str | None = None
    device_class: DeviceClass | None = None
    device_id: UUID | None = None
    before_id: UUID | None = None


def enrol(holder: Holder, new: NewTablet) -> GivenLease:
    """Enrol a tablet with its first user, or another user of it, and give them a lease.

    Raises:
        Forbidden: the role sees no card.
        NotFound: no tablet of their organisation has the id that was sent.
        RuleBroken: it has no name or class, the key is not one, it is out of use, or policy gives it nothing.
    """
    actor = holder.actor
    with refusals_recorded(actor, new.device_id), writing() as session:
        check_role(Permission.USE_TABLET, actor.role)
        key = check_public_key(new.user_key)
        device = _add(session, holder, new) if new.device_id is None else lock_device(session, actor, new.device_id)
        user, what = _set_user(session, device, holder, key)
        kind = EventKind.TABLET_ENROLLED
        log.record(event(actor, kind, device=str(device.id), device_class=device.device_class, what=what))
        return give(session, device, user, holder)


def _add(session: Session, holder: Holder, new: NewTablet) -> Device:
    if not new.label:
        raise RuleBroken("Give the tablet a name by which colleagues know it, such as Vehicle 4412", field="label")
    if new.device_class is None:
        raise RuleBroken("Say who looks after the device", field="device_class")
    now = clock.now()
    device = Device(
        id=new_id(),
        organisation_id=holder.actor.organisation_id,
        label=new.label,
        device_class=str(new.device_class),
        status=str(DeviceStatus.ENROLLED),
        enrolled_at=now,
        enrolled_by=holder.actor.clinician_id,
        last_contact_at=now,
        program=new.program,
        replaces_id=_find_before(session, holder, new),
    )
    session.add(device)
    session.flush()
    return device


def _find_before(session: Session, holder: Holder, new: NewTablet) -> UUID | None:
    """The tablet of the same organisation whose browser took everything away: what it had not sent is lost (H-57)."""
    before = session.get(Device, new.before_id) if new.before_id else None
    if before is None or before.organisation_id != holder.actor.organisation_id:
        return None
    return before.id if before.status == str(DeviceStatus.ENROLLED) else None


def _set_user(session: Session, device: Device, holder: Holder, key: dict[str, str]) -> tuple[DeviceUser, str]:
    """The row of this key; another key of the same person on this tablet ends, with the leases given for it."""
    now, before = clock.now(), find_user(session, device, holder.actor.clinician_id)
    if before is not None and before.public_key == key:
        before.membership_id = holder.membership_id
        return before, "again"
    if before is not None:
        before.ended_at = now
        end_leases(session, LeaseEnd.USER_REMOVED, Lease.device_user_id == before.id)
        session.flush()
    user = DeviceUser(
        id=new_id(),
        device_id=device.id,
        clinician_id=holder.actor.clinician_id,
        membership_id=holder.membership_id,
        public_key=key,
        added_at=now,
    )
    session.add(user)
    session.flush()
    return user, "new_key" if before is not None else "new_user"
