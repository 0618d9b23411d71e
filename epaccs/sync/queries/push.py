"""Who wrote what a tablet brings, and whether it may be applied without a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from epaccs.clinicians.queries import Worker, find_worker
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.devices.queries import FoundDevice, find_signers, has_lease
from epaccs.devices.rules import DeviceStatus
from epaccs.sync.seals import find_signer_key
from epaccs.versions.rules import Why


@dataclass(frozen=True)
class Author:
    """Somebody with a key on a tablet, as they stand today; `hold`: why what they wrote waits, None: it need not."""

    actor: Actor
    hold: Why | None


def find_author(device: FoundDevice, clinician_id: UUID, sent: Mapping[str, Any]) -> Author | None:
    """Whoever signed these words with a key of theirs on this tablet; None: nobody did (hazard H-50)."""
    signers = find_signers(device.id, clinician_id)
    key = find_signer_key(sent, [signer.public_key for signer in signers])
    signer = next((one for one in signers if one.public_key == key), None)
    worker = find_worker(signer.membership_id, today=clock.today()) if signer else None
    return Author(worker.actor, find_hold(device, worker)) if worker else None


def find_user(device: FoundDevice, clinician_id: UUID) -> Actor | None:
    """Somebody who has or had a key on this tablet; None: they never did."""
    signer = next(iter(find_signers(device.id, clinician_id)), None)
    worker = find_worker(signer.membership_id, today=clock.today()) if signer else None
    return worker.actor if worker else None


def find_hold(device: FoundDevice, worker: Worker) -> Why | None:
    """Why an edit waits for a person whatever it says: its tablet, its author or their time on it has ended."""
    if device.status is not DeviceStatus.ENROLLED:
        return Why.TABLET_ENDED
    if worker.person_ended_at is not None or not worker.place.is_open(clock.today()):
        return Why.AUTHOR_LEFT
    if not has_lease(device.id, worker.actor.clinician_id):
        return Why.LEASE_ENDED
    return None
