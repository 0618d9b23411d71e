"""Read tablets, their users, what a lease opens now, and the policy that holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from epaccs.clinicians.queries import Worker, find_worker
from epaccs.clinicians.rules import Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.devices.model import Device, DeviceCommand, DeviceUser, Lease, OfflinePolicy
from epaccs.devices.rules import (
    Deed,
    DeviceClass,
    DeviceStatus,
    LeaseFacts,
    Policy,
    default_policy,
    policy_from_rules,
)

# Epochs of scopes, which the feed knows

Epochs = Callable[[Sequence[str]], Mapping[str, str]]
_epochs: list[Epochs] = []


def use_epochs(find: Epochs) -> None:
    """Let the feed, a room above, say which epoch each scope is in: "1.1.ab12"."""
    _epochs[:] = [find]


def key_epochs(scopes: Sequence[str], *, restore_generation: int) -> dict[str, str]:
    """The part of each scope's epoch that its key follows from: the generations, and not the shape of the answers."""
    known = _epochs[0](scopes) if _epochs and scopes else {}
    first = f"{restore_generation}.1"
    return {name: ".".join(known.get(name, first).split(".")[:2]) for name in scopes}


# One tablet


@dataclass(frozen=True)
class FoundDevice:
    """One tablet, in use or not."""

    id: UUID
    organisation_id: UUID
    label: str
    device_class: DeviceClass
    status: DeviceStatus
    clock_offset_ms: int | None = None  #: its clock less the register's; None: it was not measured


def find_device(device_id: UUID) -> FoundDevice | None:
    """One tablet, also one that is out of use; None: there is none of that id."""
    row = db.session.get(Device, device_id)
    if row is None:
        return None
    return FoundDevice(
        row.id,
        row.organisation_id,
        row.label,
        DeviceClass(row.device_class),
        DeviceStatus(row.status),
        row.clock_offset_ms,
    )


def find_user_key(device_id: UUID, clinician_id: UUID) -> dict[str, Any] | None:
    """The public key that a user of a tablet signs with now; None: they have none there."""
    return next(iter(_keys(device_id, clinician_id, only_current=True)), None)


def find_user_keys(device_id: UUID, clinician_id: UUID) -> list[dict[str, Any]]:
    """Every public key that a user ever had on a tablet, the newest first.

    What was signed with an older one before it was replaced still counts as theirs: nothing written may be lost.
    """
    return _keys(device_id, clinician_id, only_current=False)


def _keys(device_id: UUID, clinician_id: UUID, *, only_current: bool) -> list[dict[str, Any]]:
    statement = (
        select(DeviceUser.public_key)
        .where(DeviceUser.device_id == device_id, DeviceUser.clinician_id == clinician_id)
        .order_by(DeviceUser.added_at.desc())
    )
    if only_current:
        statement = statement.where(DeviceUser.ended_at.is_(None))
    return list(db.session.scalars(statement))


@dataclass(frozen=True)
class Signer:
    """A key that somebody signs or signed with on a tablet, and the role in which it was made known."""

    public_key: dict[str, Any]
    membership_id: UUID


def find_signers(device_id: UUID, clinician_id: UUID) -> list[Signer]:
    """Every key that a person ever had on a tablet, the newest first: what an old one signed is still theirs."""
    rows = db.session.scalars(
        select(DeviceUser)
        .where(DeviceUser.device_id == device_id, DeviceUser.clinician_id == clinician_id)
        .order_by(DeviceUser.added_at.desc())
    )
    return [Signer(row.public_key, row.membership_id) for row in rows]


def has_lease(device_id: UUID, clinician_id: UUID) -> bool:
    """Whether a person's time on a tablet has not ended."""
    found = db.session.scalars(
        select(Lease.id).where(
            Lease.device_id == device_id,
            Lease.clinician_id == clinician_id,
            Lease.ended_at.is_(None),
            Lease.expires_at > clock.now(),
        )
    ).first()
    return found is not None


@dataclass(frozen=True)
class PendingCommand:
    """What a tablet has still to do."""

    id: UUID
    deed: Deed
    scope: str | None


def pending_commands(device_id: UUID) -> list[PendingCommand]:
    """What a tablet has not said that it did, oldest first."""
    rows = db.session.scalars(
        select(DeviceCommand)
        .where(DeviceCommand.device_id == device_id, DeviceCommand.done_at.is_(None))
        .order_by(DeviceCommand.issued_at, DeviceCommand.id)
    )
    return [PendingCommand(row.id, Deed(row.deed), row.scope) for row in rows]


# What a lease opens


@dataclass(frozen=True)
class LeasedTablet:
    """One lease, and whoever holds it as they stand today."""

    facts: LeaseFacts
    worker: Worker


def find_lease(lease_id: UUID) -> LeasedTablet | None:
    """A lease as it was given and all that decides what it opens now; None: none of that id was given."""
    row = db.session.execute(
        select(Lease, Device, DeviceUser.ended_at.label("user_ended_at"))
        .join(Device, Device.id == Lease.device_id)
        .join(DeviceUser, DeviceUser.id == Lease.device_user_id)
        .where(Lease.id == lease_id)
    ).first()
    worker = None if row is None else find_worker(row.Lease.membership_id, today=clock.today())
    if row is None or worker is None:
        return None
    return LeasedTablet(lease_facts(row.Lease, row.Device, worker, user_ended_at=row.user_ended_at), worker)


def lease_facts(lease: Lease, device: Device, worker: Worker, *, user_ended_at: datetime | None) -> LeaseFacts:
    """The rows of a lease as its rules read them."""
    return LeaseFacts(
        lease_id=lease.id,
        device_id=device.id,
        device_class=DeviceClass(device.device_class),
        device_status=DeviceStatus(device.status),
        device_organisation_id=device.organisation_id,
        clinician_id=lease.clinician_id,
        membership_id=lease.membership_id,
        role=lease.role,
        organisation_id=lease.organisation_id,
        issued_at=lease.issued_at,
        expires_at=lease.expires_at,
        renew_until=lease.renew_until,
        ended_at=lease.ended_at,
        end_reason=lease.end_reason,
        user_ended_at=user_ended_at,
        person_ended_at=worker.person_ended_at,
        place=worker.place,
        scopes=dict(lease.scopes),
    )


# Policy


def current_policy(organisation_id: UUID, role: Role, device_class: DeviceClass) -> Policy:
    """The policy that holds: the organisation's latest, else the default."""
    row = db.session.scalars(
        select(OfflinePolicy)
        .where(
            OfflinePolicy.organisation_id == organisation_id,
            OfflinePolicy.role == str(role),
            OfflinePolicy.device_class == str(device_class),
        )
        .order_by(OfflinePolicy.version.desc())
        .limit(1)
    ).first()
    return default_policy(role, device_class) if row is None else policy_from_rules(row.rules, version=row.version)
