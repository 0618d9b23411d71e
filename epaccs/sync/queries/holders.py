"""Which tablets hold a person, and in which version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from epaccs.clinicians.model import Organisation
from epaccs.core.db import db
from epaccs.devices.model import Device
from epaccs.devices.rules import DeviceStatus
from epaccs.record.rules.holders import CopyKind, HeldCopy, TabletCopy, judge_tablet
from epaccs.sync.model.feed import FeedCap, FeedReader, FeedRow, FeedScope
from epaccs.sync.queries.feed import PUT


def find_tablets_with(entry_id: UUID, *, restore_generation: int) -> list[HeldCopy]:
    """Each tablet that holds a person or has not said yet that it took them off, the last to be in contact first."""
    rows = db.session.execute(
        select(FeedReader, FeedRow, FeedScope.generation, Device, Organisation.name)
        .join(FeedRow, FeedRow.scope == FeedReader.scope)
        .join(FeedScope, FeedScope.name == FeedReader.scope)
        .join(Device, Device.id == FeedReader.device_id)
        .join(Organisation, Organisation.id == Device.organisation_id)
        .where(FeedRow.entry_id == entry_id, Device.status != str(DeviceStatus.ERASED))
        .order_by(Device.last_contact_at.desc(), Device.label)
    ).all()
    starts = _find_starts({row.FeedReader.scope for row in rows})
    by_device: dict[UUID, list[Any]] = {}
    for row in rows:
        by_device.setdefault(row.Device.id, []).append(row)
    return [held for of_one in by_device.values() if (held := _held(of_one, starts, restore_generation))]


def _find_starts(scopes: Iterable[str]) -> dict[tuple[str, int], int]:
    """Of each scope that does not fit everywhere: from which version on people fit, by how many do not."""
    rows = db.session.scalars(select(FeedCap).where(FeedCap.scope.in_(scopes), FeedCap.left_out > 0))
    return {(row.scope, row.left_out): row.from_version for row in rows}


def _held(rows: list[Any], starts: dict[tuple[str, int], int], restore_generation: int) -> HeldCopy | None:
    device = rows[0].Device
    judged = judge_tablet([_as_copy(row, starts, restore_generation) for row in rows])
    if judged is None:
        return None
    holds, words = judged
    return HeldCopy(CopyKind.TABLET, rows[0].name, device.label, holds, words, device.last_contact_at)


def _as_copy(row: Any, starts: dict[tuple[str, int], int], restore_generation: int) -> TabletCopy:
    reader, held = row.FeedReader, row.FeedRow
    history = f"{restore_generation}.{row.generation}."
    return TabletCopy(
        is_there=held.op == PUT,
        fits=held.version >= starts.get((reader.scope, reader.left_out), 0),
        is_whole=reader.epoch is not None and reader.epoch.startswith(history),
        number=reader.number,
        row_number=held.number,
        is_in_use=row.Device.status == DeviceStatus.ENROLLED,
    )
