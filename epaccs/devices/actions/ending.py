"""Take tablets out of use: lost, or revoked. What was written on one and not sent is still taken afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.rules import Permission, check_role
from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.devices.actions.leases import end_leases
from epaccs.devices.model import Device, DeviceCommand, Lease, RevocationRequest
from epaccs.devices.rules import (
    ALONE_WINDOW,
    Deed,
    DeviceStatus,
    LeaseEnd,
    check_another_decides,
    needs_second_person,
)


@dataclass(frozen=True)
class TakenOut:
    """What became of it. `request_id` None: done; otherwise a colleague must agree first, and nothing has happened."""

    count: int
    request_id: UUID | None = None


def take_out(actor: Actor, device_ids: Sequence[UUID], *, is_lost: bool) -> TakenOut:
    """Report tablets lost, or revoke them: no lease of theirs opens anything, and each erases itself at its contact.

    Many at once wait for a second administrator, so that nobody alone can blind a whole service (hazard H-46).

    Raises:
        Forbidden: this person manages no tablets.
        NotFound: one of them is none of their organisation's.
        RuleBroken: none was chosen, or one is out of use already.
    """
    check_role(Permission.MANAGE_TABLETS, actor.role)
    with writing() as session:
        devices = _lock(session, actor, device_ids)
        if needs_second_person(len(devices), taken_out_alone=_taken_out_alone(session, actor)):
            return TakenOut(len(devices), _ask_colleague(session, actor, devices, is_lost=is_lost))
        for device in devices:
            _take_out(session, device, actor, is_lost=is_lost)
    return TakenOut(len(devices))


def _lock(session: Session, actor: Actor, device_ids: Sequence[UUID]) -> list[Device]:
    """In the order of their ids, so that two who lock the same wait for each other and not for ever."""
    wanted = set(device_ids)
    found = session.scalars(
        select(Device)
        .where(Device.id.in_(wanted), Device.organisation_id == actor.organisation_id)
        .order_by(Device.id)
        .with_for_update()
    ).all()
    if not wanted:
        raise RuleBroken("Choose at least one tablet")
    if len(found) < len(wanted):
        raise NotFound
    if any(device.status != DeviceStatus.ENROLLED for device in found):
        raise RuleBroken("One of these tablets is out of use already. Open the list again")
    return list(found)


def _taken_out_alone(session: Session, actor: Actor) -> int:
    """How many this person took out of use within the last hour without a colleague."""
    since = clock.now() - ALONE_WINDOW
    ended = session.scalars(select(Device.id).where(Device.ended_by == actor.clinician_id, Device.ended_at > since))
    agreed = session.scalars(
        select(RevocationRequest.device_ids).where(
            RevocationRequest.organisation_id == actor.organisation_id, RevocationRequest.decided_at > since
        )
    )
    together = {device_id for device_ids in agreed for device_id in device_ids}
    return len([one for one in ended if str(one) not in together])


def _ask_colleague(session: Session, actor: Actor, devices: list[Device], *, is_lost: bool) -> UUID:
    request = RevocationRequest(
        id=new_id(),
        organisation_id=actor.organisation_id,
        device_ids=[str(device.id) for device in devices],
        is_lost=is_lost,
        requested_by=actor.clinician_id,
        requested_by_name=actor.name,
        requested_at=clock.now(),
    )
    session.add(request)
    session.flush()
    log.record(event(actor, EventKind.TABLET_REVOCATION_ASKED, request=str(request.id), devices=request.device_ids))
    return request.id


def _take_out(session: Session, device: Device, actor: Actor | None, *, is_lost: bool) -> None:
    by = actor.clinician_id if actor else None
    ended = end_use(session, device, is_lost=is_lost, by=by)
    command(session, device, Deed.ERASE, by=by, at=clock.now())
    log.record(
        Event(
            EventKind.TABLET_LOST if is_lost else EventKind.TABLET_REVOKED,
            actor_id=by,
            organisation_id=device.organisation_id,
            role=str(actor.role) if actor else None,
            details={"device": str(device.id), "leases_ended": ended},
        )
    )


def end_use(session: Session, device: Device, *, is_lost: bool = False, by: UUID | None = None) -> int:
    """From here on no lease of a tablet opens anything, within an open action that says why in its own event.

    Returns:
        How many leases that ended.
    """
    status = DeviceStatus.LOST if is_lost else DeviceStatus.REVOKED
    device.status, device.ended_at, device.ended_by = str(status), clock.now(), by
    reason = LeaseEnd.TABLET_LOST if is_lost else LeaseEnd.TABLET_REVOKED
    return end_leases(session, reason, Lease.device_id == device.id)


def command(
    session: Session, device: Device, deed: Deed, *, by: UUID | None, at: datetime, scope: str | None = None
) -> None:
    """Note what a tablet is to do at its next contact; said before and not done, it is not said twice."""
    waiting = session.scalars(
        select(DeviceCommand.id).where(
            DeviceCommand.device_id == device.id,
            DeviceCommand.deed == str(deed),
            DeviceCommand.scope == scope if scope else DeviceCommand.scope.is_(None),
            DeviceCommand.done_at.is_(None),
        )
    ).first()
    if waiting is None:
        session.add(
            DeviceCommand(id=new_id(), device_id=device.id, deed=str(deed), scope=scope, issued_by=by, issued_at=at)
        )
        session.flush()


def decide_request(actor: Actor, request_id: UUID, *, agrees: bool) -> TakenOut:
    """A second administrator agrees that many tablets are taken out of use; or either of the two lets it be.

    Raises:
        Forbidden: this person manages no tablets, or would agree with themselves.
        NotFound: no such request of their organisation waits.
    """
    check_role(Permission.MANAGE_TABLETS, actor.role)
    with writing() as session:
        request = session.get(RevocationRequest, request_id, with_for_update=True, populate_existing=True)
        if request is None or request.organisation_id != actor.organisation_id or request.decided_at is not None:
            raise NotFound
        if agrees:
            check_another_decides(request.requested_by, actor.clinician_id)
        request.decided_by, request.decided_at, request.is_confirmed = actor.clinician_id, clock.now(), agrees
        log.record(event(actor, EventKind.TABLET_REVOCATION_DECIDED, request=str(request_id), agreed=agrees))
        devices = _still_in_use(session, request) if agrees else []
        for device in devices:
            _take_out(session, device, actor, is_lost=request.is_lost)
        return TakenOut(len(devices))


def _still_in_use(session: Session, request: RevocationRequest) -> list[Device]:
    """Those that nobody took out of use meanwhile."""
    ids = [UUID(one) for one in request.device_ids]
    in_use = select(Device).where(Device.id.in_(ids), Device.status == str(DeviceStatus.ENROLLED))
    return list(session.scalars(in_use.order_by(Device.id).with_for_update()))


def take_out_by_operator(device_id: UUID, *, is_lost: bool) -> None:
    """From the command line, by whoever runs the server.

    Raises:
        NotFound: there is no such tablet.
        RuleBroken: it is out of use already.
    """
    with writing() as session:
        device = session.get(Device, device_id, with_for_update=True, populate_existing=True)
        if device is None:
            raise NotFound
        if device.status != DeviceStatus.ENROLLED:
            raise RuleBroken("This tablet is out of use already")
        _take_out(session, device, None, is_lost=is_lost)


def ask_to_start_again(actor: Actor, device_id: UUID) -> None:
    """Tell a tablet to fetch everything again beside what it holds, where its copy is doubted.

    Raises:
        Forbidden: this person manages no tablets.
        NotFound: no tablet of their organisation has this id.
        RuleBroken: it is out of use.
    """
    check_role(Permission.MANAGE_TABLETS, actor.role)
    with writing() as session:
        device = _lock(session, actor, [device_id])[0]
        command(session, device, Deed.RESYNC, by=actor.clinician_id, at=clock.now())
        log.record(event(actor, EventKind.TABLET_COMMANDED, device=str(device_id), deed=str(Deed.RESYNC)))
