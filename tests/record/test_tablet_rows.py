"""What a tablet is sent of many people: the same as the page shows, in few reads."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from flask import Flask

from epaccs.core import clock
from epaccs.record.queries.tablet import TabletRow, build_tablet_rows
from epaccs.record.rules.card import Site
from tests.record.people import CARD_ONLY, EVERYTHING
from tests.record.visits import a_person_with_everything, a_signer

SITE = Site("01632 960999")
HORIZON = timedelta(days=14)


def rows_of(*entry_ids: UUID, full: bool = False) -> dict[UUID, TabletRow]:
    """Those people as a tablet holds them."""
    tiers = EVERYTHING if full else CARD_ONLY
    return build_tablet_rows(entry_ids, tiers, full=full, now=clock.now(), site=SITE, horizon=HORIZON)


def test_a_row_has_the_number_of_the_latest_change(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())

    rows = rows_of(entry_id, uuid4())

    assert set(rows) == {entry_id}
    assert rows[entry_id].version > 1
    assert rows[entry_id].plan is None
    assert rows_of(entry_id, full=True)[entry_id].plan
