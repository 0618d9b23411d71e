"""Print a marker, say that one leads nowhere any more, and follow the code of one.

Source: ADR 0048; hazard H-74.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.queries import get_standing
from epaccs.access.rules import Permission
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db, end_read, writing
from epaccs.core.errors import NotFound
from epaccs.handover.pdf import Rendered, build_qr_code, render_page
from epaccs.handover.rules import ALPHABET, MISSES_LIMIT, MISSES_WINDOW
from epaccs.markers import queries
from epaccs.markers.model import HomeMarker, MarkerMiss
from epaccs.markers.rules import CODE_LENGTH, EndReason, MarkerFace, TooManyMisses, build_face, format_code
from epaccs.register.queries import is_restricted_now
from epaccs.settings import Settings
from epaccs.versions.model import Entry

_MISSES_KEPT: Final = timedelta(days=1)


# --- Printing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PrintedMarker:
    """A printed marker; `content` None: it was printed before, and its code stands."""

    number: str
    content: bytes | None


def print_marker(actor: Actor, marker_id: UUID, *, entry_id: UUID, place: str, settings: Settings) -> PrintedMarker:
    """A marker of a person under a code of its own, kept before anybody holds it.

    It is laid out first, with no transaction open, because nothing of the record stands on it.

    Args:
        marker_id: of the form: the same form again prints nothing new.

    Raises:
        NotFound, Forbidden: as `access` says.
        RuleBroken: the person left the register, or has died.
    """
    queries.check_may_print(actor, entry_id)
    former = db.session.get(HomeMarker, marker_id)
    if former is not None:
        return _printed_before(actor, former, entry_id)
    code = _find_unused_code()
    face = build_face(code, entry_id, public_url=settings.public_url, is_demo=settings.is_demo)
    end_read()
    rendered = render_marker(face)
    with writing() as session:
        session.get(Entry, entry_id, with_for_update=True, populate_existing=True)
        queries.check_may_print(actor, entry_id)
        twin = session.get(HomeMarker, marker_id, with_for_update=True, populate_existing=True)
        if twin is not None:
            return _printed_before(actor, twin, entry_id)
        session.add(
            HomeMarker(
                id=marker_id,
                code=code,
                entry_id=entry_id,
                printed_at=clock.now(),
                printed_by=actor.clinician_id,
                place="" if is_restricted_now(entry_id) else place,
            )
        )
        session.flush()
        log.record(event(actor, EventKind.MARKER_PRINTED, entry_id=entry_id, marker_id=marker_id))
    return PrintedMarker(face.number, rendered.pdf)


def _printed_before(actor: Actor, marker: HomeMarker, entry_id: UUID) -> PrintedMarker:
    if marker.entry_id != entry_id or marker.printed_by != actor.clinician_id:
        raise NotFound
    return PrintedMarker(format_code(marker.code), None)


def _find_unused_code() -> str:
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        if db.session.scalars(select(HomeMarker.id).where(HomeMarker.code == code)).first() is None:
            return code


def render_marker(face: MarkerFace) -> Rendered:
    """One page with a card for a door and a strip for a wrist or a key ring, to cut out."""
    return render_page("marker.html", face=face, qr_code=build_qr_code(face.scan_address, title="Code to scan"))


def note_shown(actor: Actor, entry_id: UUID) -> None:
    """Record that somebody sees which markers of a person are about."""
    log.record(event(actor, EventKind.FORM_VIEWED, entry_id=entry_id, form="marker"))


# --- Ending one ------------------------------------------------------------------------------------------------------


def end_marker(actor: Actor, marker_id: UUID, *, entry_id: UUID, reason: EndReason) -> None:
    """A marker is lost, destroyed or replaced: from now on its code leads nowhere. Said twice, the first stands.

    Raises:
        NotFound: no such marker of this person.
        Forbidden: as `access` says.
    """
    with writing() as session:
        session.get(Entry, entry_id, with_for_update=True, populate_existing=True)
        get_standing(actor, entry_id, Permission.PRINT)
        marker = session.get(HomeMarker, marker_id, with_for_update=True, populate_existing=True)
        if marker is None or marker.entry_id != entry_id:
            raise NotFound
        if marker.ended_at is not None:
            return
        marker.ended_at, marker.ended_by, marker.end_reason = clock.now(), actor.clinician_id, str(reason)
        session.flush()
        log.record(event(actor, EventKind.MARKER_ENDED, entry_id=entry_id, marker_id=marker_id, reason=str(reason)))


# --- Following one ---------------------------------------------------------------------------------------------------


def follow_marker(actor: Actor, code: str) -> UUID | None:
    """Whose record a code leads to; None: to nothing that this reader may open, whatever the reason.

    It opens nothing by itself: the record asks for its reason, and who it is stands before anything else.

    Raises:
        TooManyMisses: this clinician tried too many codes that open nothing.

    Source: hazard H-74.
    """
    with writing() as session:
        check_misses(session, actor)
        tried = queries.find_tried(actor, code)
        if not tried.leads:
            session.execute(delete(MarkerMiss).where(MarkerMiss.at < clock.now() - _MISSES_KEPT))
            session.add(MarkerMiss(clinician_id=actor.clinician_id, at=clock.now()))
            session.flush()
        about = {"marker_id": tried.marker_id} if tried.marker_id else {}
        log.record(event(actor, EventKind.MARKER_FOLLOWED, entry_id=tried.entry_id, leads=tried.leads, **about))
    return tried.entry_id if tried.leads else None


def check_misses(session: Session, actor: Actor) -> None:
    """Whoever guesses codes is stopped, wherever they sit; those whose codes lead somewhere are never counted.

    Raises:
        TooManyMisses: too many codes that open nothing.
    """
    since = clock.now() - MISSES_WINDOW
    statement = (
        select(MarkerMiss.at)
        .where(MarkerMiss.clinician_id == actor.clinician_id, MarkerMiss.at > since)
        .order_by(MarkerMiss.at)
    )
    misses = list(session.scalars(statement))
    if len(misses) >= MISSES_LIMIT:
        raise TooManyMisses(misses[-MISSES_LIMIT] + MISSES_WINDOW)
