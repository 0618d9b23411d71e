"""Which markers of a person are about, and whose record a code leads this reader to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from epaccs.access.queries import Standing, find_standing, get_standing
from epaccs.access.rules import Permission
from epaccs.clinicians.model import Clinician
from epaccs.clinicians.rules import Actor
from epaccs.core.db import db
from epaccs.core.errors import RuleBroken
from epaccs.handover.queries.sheets import find_holder
from epaccs.markers.model import HomeMarker
from epaccs.markers.rules import END_REASON_LABELS, EndReason, check_may_be_marked, format_code, leads_anywhere
from epaccs.register.queries import find_banner, is_restricted_now


@dataclass(frozen=True)
class Marker:
    """One marker that is about, or was. `ended_as`: how it ended; empty: it stands."""

    id: UUID
    number: str
    printed_at: datetime
    printed_by: str
    place: str
    ended_at: datetime | None
    ended_as: str


@dataclass(frozen=True)
class MarkerPage:
    """What the page about the markers of a person shows. `refused`: why none can be printed; empty: one can."""

    entry_id: UUID
    is_restricted: bool
    refused: str
    markers: list[Marker]


def get_page(actor: Actor, entry_id: UUID) -> MarkerPage:
    """The markers of a person, newest first; of a restricted person, without places.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    standing = get_standing(actor, entry_id, Permission.PRINT)
    is_restricted = is_restricted_now(entry_id)
    statement = (
        select(HomeMarker, Clinician.name)
        .join(Clinician, Clinician.id == HomeMarker.printed_by)
        .where(HomeMarker.entry_id == entry_id)
        .order_by(HomeMarker.printed_at.desc())
    )
    markers = [_as_marker(row, name, with_place=not is_restricted) for row, name in db.session.execute(statement)]
    return MarkerPage(entry_id, is_restricted, _why_none(standing), markers)


def _as_marker(row: HomeMarker, printed_by: str, *, with_place: bool) -> Marker:
    return Marker(
        id=row.id,
        number=format_code(row.code),
        printed_at=row.printed_at,
        printed_by=printed_by,
        place=row.place if with_place else "",
        ended_at=row.ended_at,
        ended_as=END_REASON_LABELS[EndReason(row.end_reason)] if row.end_reason else "",
    )


def _why_none(standing: Standing) -> str:
    try:
        _check_may_be_marked(standing)
    except RuleBroken as refused:
        return refused.message
    return ""


def check_may_print(actor: Actor, entry_id: UUID) -> None:
    """Whether this reader may print a marker of this person now.

    Raises:
        NotFound, Forbidden: as `access` says.
        RuleBroken: the person is not on the register any more, or has died.
    """
    _check_may_be_marked(get_standing(actor, entry_id, Permission.PRINT))


def _check_may_be_marked(standing: Standing) -> None:
    check_may_be_marked(is_open=standing.is_open, has_died=has_died(standing.entry_id))


def has_died(entry_id: UUID) -> bool:
    """Whether a death is confirmed; one that was only reported may be wrong, and then a crew needs the record."""
    found = find_banner(entry_id)
    return found is not None and found.died_on is not None


@dataclass(frozen=True)
class Tried:
    """What became of a code, for the audit. `entry_id`: None: no marker bears it. `leads`: it opens for this reader."""

    marker_id: UUID | None
    entry_id: UUID | None
    leads: bool


def find_tried(actor: Actor, code: str) -> Tried:
    """Whether a code leads this reader to a record, as far as they could open it anyway.

    Source: hazard H-74.
    """
    marker = db.session.scalars(select(HomeMarker).where(HomeMarker.code == code)).first()
    if marker is None:
        return Tried(None, None, leads=False)
    return Tried(marker.id, marker.entry_id, leads=_stands(actor, marker) and is_within_reach(actor, marker.entry_id))


def _stands(actor: Actor, marker: HomeMarker) -> bool:
    standing = find_standing(actor, marker.entry_id)
    return leads_anywhere(
        is_ended=marker.ended_at is not None,
        is_open=standing is not None and standing.is_open,
        has_died=has_died(marker.entry_id),
    )


def is_within_reach(actor: Actor, entry_id: UUID) -> bool:
    """Whether this reader may open the record, or give a reason and open it then: a marker gives nobody a right."""
    return find_holder(actor, entry_id) is not None
