"""Decide what may lie on tablets: each decision is a new version, with its author and reason."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.rules import Permission, check_role
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.queries import find_worker
from epaccs.clinicians.rules import Actor, Role, check_role_at
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import Stale
from epaccs.core.identifiers import new_id
from epaccs.devices.actions.ending import command
from epaccs.devices.model import Device, DeviceUser, Lease, OfflinePolicy
from epaccs.devices.queries import current_policy
from epaccs.devices.rules import (
    Deed,
    DeviceClass,
    DeviceStatus,
    Policy,
    check_policy,
    grant,
    policy_as_rules,
)


def change_policy(
    actor: Actor, role: Role, device_class: DeviceClass, policy: Policy, *, reason: str, base_version: int
) -> int:
    """Make a new version of what this role may have on this class of device, at the actor's organisation.

    Tablets that hold more than it gives are told to destroy the key of what they may hold no longer.

    Returns:
        The version.

    Raises:
        Forbidden: this person manages no tablets.
        RulesBroken: it goes beyond what anybody may decide.
        Stale: somebody made another version since this one was begun.
    """
    check_role(Permission.MANAGE_TABLETS, actor.role)
    check_role_at(role, actor.organisation_type)
    check_policy(policy, role, device_class)
    with writing() as session:
        before = current_policy(actor.organisation_id, role, device_class)
        if before.version != base_version:
            raise Stale
        row = OfflinePolicy(
            id=new_id(),
            organisation_id=actor.organisation_id,
            role=str(role),
            device_class=str(device_class),
            version=before.version + 1,
            rules=policy_as_rules(policy),
            reason=reason,
            made_at=clock.now(),
            made_by=actor.clinician_id,
            made_by_name=actor.name,
        )
        session.add(row)
        _flush_next(session)
        revoked = _take_back(session, actor, device_class)
        log.record(
            event(
                actor,
                EventKind.TABLET_POLICY_CHANGED,
                of=str(role),
                device_class=str(device_class),
                version=row.version,
                scopes_taken_back=revoked,
            )
        )
        return row.version


def _flush_next(session: Session) -> None:
    """Of two who make the next version at the same moment, one is first."""
    try:
        session.flush()
    except IntegrityError as error:
        raise Stale from error


def _take_back(session: Session, actor: Actor, device_class: DeviceClass) -> int:
    """Tell each tablet of this class which scopes none of its users may have any more."""
    devices = session.scalars(
        select(Device)
        .where(
            Device.organisation_id == actor.organisation_id,
            Device.device_class == str(device_class),
            Device.status == str(DeviceStatus.ENROLLED),
        )
        .order_by(Device.id)
    ).all()
    taken_back = 0
    for device in devices:
        for scope in sorted(_held(session, device) - _granted(session, device)):
            command(session, device, Deed.REVOKE_SCOPE, by=actor.clinician_id, at=clock.now(), scope=scope)
            taken_back += 1
    return taken_back


def _held(session: Session, device: Device) -> set[str]:
    """What leases that have not ended let it hold."""
    open_leases = select(Lease.scopes).where(
        Lease.device_id == device.id, Lease.ended_at.is_(None), Lease.expires_at > clock.now()
    )
    return {name for scopes in session.scalars(open_leases) for name in scopes}


def _granted(session: Session, device: Device) -> set[str]:
    """What policy gives its users now."""
    users: list[UUID] = list(
        session.scalars(
            select(DeviceUser.membership_id).where(DeviceUser.device_id == device.id, DeviceUser.ended_at.is_(None))
        )
    )
    granted: set[str] = set()
    for membership_id in users:
        worker = find_worker(membership_id, today=clock.today())
        if worker is not None:
            actor = worker.actor
            policy = current_policy(actor.organisation_id, actor.role, DeviceClass(device.device_class))
            granted |= set(grant(policy, actor, worker.area))
    return granted
