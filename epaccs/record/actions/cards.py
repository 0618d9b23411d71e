"""Keep the card of each audience in step with every change, in the transaction of the change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from epaccs.access.rules import Tier, audience_name
from epaccs.core.changes import Change
from epaccs.core.db import canonical_json
from epaccs.record.declared import audiences_alike, card_shape, sights
from epaccs.record.model import StoredCard
from epaccs.record.queries.summaries import find_organisations
from epaccs.record.summary import RecordSummary, build_summary
from epaccs.versions.queries import material
from epaccs.versions.rules import Material


def follow_change(session: Session, change: Change) -> None:
    """Make the cards of the person again: a projector of `core.changes`."""
    store_cards(session, material(change.entry_id), number=change.number)


def store_cards(session: Session, recorded: Material, *, number: int) -> None:
    """Replace the cards of one person."""
    rows = build_card_rows(recorded, organisations=find_organisations(recorded), number=number)
    session.execute(delete(StoredCard).where(StoredCard.entry_id == recorded.entry_id))
    session.execute(insert(StoredCard.__table__), rows)  # type: ignore[arg-type]


def build_card_rows(recorded: Material, *, organisations: Mapping[str, str], number: int) -> list[dict[str, Any]]:
    """One row for each audience; audiences that see the same of every person share what is built."""
    return [
        row
        for alike in audiences_alike()
        for row in _rows(
            alike, build_summary(recorded, alike[0], sights=sights(), organisations=organisations, number=number)
        )
    ]


def _rows(audiences: Sequence[frozenset[Tier]], summary: RecordSummary) -> Iterator[dict[str, Any]]:
    value = summary.to_value()
    for tiers in audiences:
        own = {**value, "audience": audience_name(tiers)}
        yield {
            "entry_id": UUID(summary.entry_id),
            "audience": own["audience"],
            "number": summary.number,
            "shape": card_shape(),
            "value": own,
            "checksum": checksum(own),
        }


def checksum(value: Mapping[str, Any]) -> str:
    """By which a copy elsewhere is known to be whole."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
