"""Two tablets of one id: one was copied from the other, or both from a kept copy of a third."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.devices.actions.ending import end_use
from epaccs.devices.model import Device
from epaccs.devices.rules import DeviceStatus


def end_use_of_copies(session: Session, device_id: UUID) -> None:
    """Take a tablet of which there are two out of use, within an open action: both are enrolled anew.

    What either wrote and has not sent is still taken, and held. Already out of use: nothing happens.

    Source: hazard H-50.
    """
    device = session.get_one(Device, device_id, with_for_update=True, populate_existing=True)
    if device.status != DeviceStatus.ENROLLED:
        return
    end_use(session, device)
    details = {"device": str(device.id), "why": "copied"}
    log.record(Event(EventKind.TABLET_REVOKED, organisation_id=device.organisation_id, details=details))
