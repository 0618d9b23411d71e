"""Give leases and end them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.clinicians.queries import Worker, find_worker
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.devices.model import Device, DeviceUser, Lease
from epaccs.devices.queries import current_policy, lease_facts
from epaccs.devices.rules import (
    DeviceClass,
    DeviceStatus,
    LeaseEnd,
    LeaseFacts,
    Policy,
    check_holds_something,
    grant,
)


@dataclass(frozen=True)
class Holder:
    """Who asks for a lease, in which role, and until when it may be renewed without signing in again."""

    actor: Actor
    membership_id: UUID
    renew_until: datetime


@dataclass(frozen=True)
class GivenLease:
    """A lease that was just given, with all that its tablet is told."""

    facts: LeaseFacts
    policy: Policy
    worker: Worker


@contextmanager
def refusals_recorded(actor: Actor, device_id: UUID | None) -> Iterator[None]:
    """Whoever is refused a lease leaves a trace, outside the transaction that the refusal undoes."""
    try:
        yield
    except (RuleBroken, NotFound, Forbidden) as error:
        log.record(
            event(
                actor,
                EventKind.TABLET_REFUSED,
                device=str(device_id) if device_id else None,
                why=getattr(error, "field", None) or type(error).__name__,
            )
        )
        raise


def renew_by_session(holder: Holder, device_id: UUID) -> GivenLease:
    """Another lease for somebody who is signed in and has a key on this tablet.

    Raises:
        NotFound: no tablet of their organisation has this id.
        RuleBroken: they have no key there, it is out of use, or policy gives them nothing.
    """
    with refusals_recorded(holder.actor, device_id), writing() as session:
        device = lock_device(session, holder.actor, device_id)
        user = _get_user(session, device, holder.actor.clinician_id)
        user.membership_id = holder.membership_id
        return give(session, device, user, holder)


def renew_by_lease(lease: LeaseFacts, actor: Actor) -> GivenLease:
    """Another lease for the holder of one that has not ended, while they need not sign in again.

    Raises:
        RuleBroken: they must sign in again, or policy gives them nothing now.
    """
    with refusals_recorded(actor, lease.device_id), writing() as session:
        if clock.now() >= lease.renew_until:
            raise RuleBroken("Sign in again: this lease can be renewed no more")
        device = lock_device(session, actor, lease.device_id)
        user = _get_user(session, device, actor.clinician_id)
        return give(session, device, user, Holder(actor, lease.membership_id, lease.renew_until))


def lock_device(session: Session, actor: Actor, device_id: UUID) -> Device:
    """A tablet of the actor's organisation that is in use."""
    device = session.get(Device, device_id, with_for_update=True, populate_existing=True)
    if device is None or device.organisation_id != actor.organisation_id:
        raise NotFound
    if device.status != DeviceStatus.ENROLLED:
        raise RuleBroken("This tablet was taken out of use. Enrol it anew")
    return device


def find_user(session: Session, device: Device, clinician_id: UUID) -> DeviceUser | None:
    """The row of a user's key on a tablet; None: they have none there."""
    return session.scalars(
        select(DeviceUser).where(
            DeviceUser.device_id == device.id,
            DeviceUser.clinician_id == clinician_id,
            DeviceUser.ended_at.is_(None),
        )
    ).first()


def _get_user(session: Session, device: Device, clinician_id: UUID) -> DeviceUser:
    user = find_user(session, device, clinician_id)
    if user is None:
        raise RuleBroken("You have no key on this tablet. Enrol yourself on it first")
    return user


def give(session: Session, device: Device, user: DeviceUser, holder: Holder) -> GivenLease:
    """Give a lease within an open action, as policy says today."""
    actor, now = holder.actor, clock.now()
    worker = find_worker(holder.membership_id, today=clock.today())
    if worker is None:
        raise NotFound
    policy = current_policy(actor.organisation_id, actor.role, DeviceClass(device.device_class))
    scopes = grant(policy, actor, worker.area)
    check_holds_something(actor.role, DeviceClass(device.device_class), scopes)
    lease = Lease(
        id=new_id(),
        device_id=device.id,
        device_user_id=user.id,
        clinician_id=actor.clinician_id,
        membership_id=holder.membership_id,
        organisation_id=actor.organisation_id,
        role=str(actor.role),
        scopes=scopes,
        policy_version=policy.version,
        issued_at=now,
        expires_at=now + timedelta(seconds=policy.lease_seconds),
        renew_until=holder.renew_until,
    )
    session.add(lease)
    session.flush()
    log.record(
        event(
            actor,
            EventKind.TABLET_LEASE_GIVEN,
            device=str(device.id),
            lease=str(lease.id),
            scopes=scopes,
            policy=policy.version,
            until=lease.expires_at.isoformat(),
        )
    )
    return GivenLease(lease_facts(lease, device, worker, user_ended_at=None), policy, worker)


def end_leases(session: Session, reason: str, *conditions: object) -> int:
    """End every open lease of a tablet, a user or a person, within an open action that says why in its own event."""
    result = session.execute(
        update(Lease)
        .where(Lease.ended_at.is_(None), *conditions)  # type: ignore[arg-type]
        .values(ended_at=clock.now(), end_reason=reason)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def end_leases_of(session: Session, clinician_id: UUID, reason: str) -> None:
    """A person's password was changed or reset, or their account closed: no lease of theirs opens anything (H-45)."""
    end_leases(session, reason, Lease.clinician_id == clinician_id)


def note_lease_ended(facts: LeaseFacts, reason: LeaseEnd) -> None:
    """A lease was shown that opens nothing any more: say so once in the audit, and keep why."""
    with writing() as session:
        lease = session.get(Lease, facts.lease_id, with_for_update=True, populate_existing=True)
        if lease is None or lease.ended_at is not None:
            return
        lease.ended_at, lease.end_reason = clock.now(), str(reason)
        details = {"device": str(facts.device_id), "lease": str(facts.lease_id), "reason": str(reason)}
        log.record(
            Event(
                EventKind.TABLET_LEASE_ENDED,
                actor_id=facts.clinician_id,
                organisation_id=facts.organisation_id,
                role=facts.role,
                details=details,
            )
        )


#: What a lease opened stays in the audit; the row serves only to open it.
LEASES_KEPT_DAYS = 90


def forget_leases() -> int:
    """Delete leases that ran out long ago. No audit event: they opened nothing any more.

    Returns:
        How many rows went.
    """
    past = clock.now() - timedelta(days=LEASES_KEPT_DAYS)
    with writing() as session:
        result = session.execute(delete(Lease).where(Lease.expires_at < past))
    return int(result.rowcount)  # type: ignore[attr-defined]
