"""Every table as values that can be compared, whoever wrote them and wherever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from epaccs.clinicians.model import SigningAuthorisation
from epaccs.core.db import Base, db
from epaccs.demo.staff import World, find_world
from epaccs.sync.model.feed import FeedRow
from epaccs.sync.queries.feed import PUT

#: Made anew each time, or different because times differ by microseconds.
RANDOM = {
    "access_grant": {"id"},
    "audit_event": {"id", "chain", "sequence", "previous_hash", "hash"},
    "card": {"checksum"},
    "clinician": {"id", "password_hash"},
    # People loaded at once are numbered in a tablet's feed once, and not with each of their changes.
    "feed_row": {"number", "at"},
    "feed_scope": {"last_number"},
    "membership": {"id"},
    "notice": {"id"},
    "organisation": {"id"},
    "relationship": {"id"},
    "signing_authorisation": {"id"},
}
NOT_COMPARED = {"audit_chain"}

Tables = dict[str, Counter[Any]]


def read_tables() -> Tables:
    """Every row of every table; people and organisations by their names, moments to the second."""
    names = _names(find_world())
    tables = {}
    for table in Base.metadata.sorted_tables:
        left_out = RANDOM.get(table.name, set())
        rows = db.session.execute(select(table)).mappings().all()
        if table.name == FeedRow.__tablename__:
            # Whoever was loaded after they had left a scope was never in it.
            rows = [row for row in rows if row["op"] == PUT]
        if rows and table.name not in NOT_COMPARED:
            tables[table.name] = Counter(
                _plain({k: v for k, v in row.items() if k not in left_out}, names) for row in rows
            )
    return tables


def _names(world: World) -> dict[str, str]:
    people = {str(actor.clinician_id): user_name for user_name, actor in world.actors.items()}
    places = {str(place.id): ods_code for ods_code, place in world.places.items()}
    signers = {
        str(row.id): f"of {people[str(row.clinician_id)]}" for row in db.session.scalars(select(SigningAuthorisation))
    }
    return people | places | signers


def _plain(part: Any, names: Mapping[str, str]) -> Any:
    match part:
        case Mapping():
            return tuple(sorted((key, _plain(one, names)) for key, one in part.items()))
        case list() | tuple():
            return tuple(_plain(one, names) for one in part)
        case datetime():
            return part.replace(microsecond=0).isoformat()
        case UUID():
            return names.get(str(part), str(part))
        case str():
            kind, colon, key = part.partition(":")
            return names.get(part) or _without_microseconds(f"{kind}:{names[key]}" if colon and key in names else part)
        case _:
            return part


def _without_microseconds(text: str) -> str:
    """A moment within a value, to the second; any other text as it is."""
    try:
        return datetime.fromisoformat(text).replace(microsecond=0).isoformat() if len(text) > 20 else text
    except ValueError:
        return text
