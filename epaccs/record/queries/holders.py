"""Who holds a copy of a record, outside the register: tablets and sheets, as the rooms say that keep count of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from epaccs.access.queries import get_standing
from epaccs.access.rules import Permission, Tier
from epaccs.clinicians.rules import Actor
from epaccs.core.changes import EntryChange
from epaccs.core.db import db
from epaccs.notices.queries import Delivery, deliveries_of
from epaccs.record.queries.summaries import get_who
from epaccs.record.rules.holders import CopyKind, HeldCopy
from epaccs.record.summary import RecordSummary
from epaccs.register.queries import is_restricted_now
from epaccs.versions.model import Entry

FindCopies = Callable[[UUID], list[HeldCopy]]
_outlets: dict[CopyKind, FindCopies] = {}


def use_copies(kind: CopyKind, find: FindCopies) -> None:
    """Let a room above say which copies of a person it has given out."""
    _outlets[kind] = find


@dataclass(frozen=True)
class Holders:
    """Everybody who holds a copy, and who was told. `changed_at`: when the present version came to be.

    `is_anonymous`: where the person is must not be told, so no organisation is named. `tells_what`: the reader may know
    what the notices are about.
    """

    who: RecordSummary
    changed_at: datetime
    copies: tuple[HeldCopy, ...]
    deliveries: tuple[Delivery, ...]
    is_anonymous: bool
    tells_what: bool


def get_holders(actor: Actor, entry_id: UUID) -> Holders:
    """Who has the present version of a record, for whoever may see who has looked.

    Raises:
        NotFound, Forbidden: as `access` says.

    Source: hazard H-58.
    """
    standing = get_standing(actor, entry_id, Permission.VIEW_WHO_HAS_LOOKED)
    changed_at = db.session.scalars(
        select(EntryChange.recorded_at)
        .join(Entry, Entry.change_number == EntryChange.number)
        .where(Entry.id == entry_id)
    ).one()
    copies = [one for find in _outlets.values() for one in find(entry_id)]
    return Holders(
        get_who(standing),
        changed_at,
        tuple(copies),
        tuple(deliveries_of(entry_id)),
        is_anonymous=is_restricted_now(entry_id),
        tells_what=Tier.T1_EMERGENCY in standing.tiers,
    )
