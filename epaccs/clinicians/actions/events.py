"""How the deeds of people at their own account, and of administrators, stand in the audit."""

from __future__ import annotations

from uuid import UUID

from epaccs.audit.events import Event, EventKind
from epaccs.audit.log import record
from epaccs.clinicians.rules import Actor, Place, SessionFacts


def event_of(facts: SessionFacts, kind: EventKind, *, place: Place | None = None, **details: object) -> Event:
    """A deed at one's own account; `place` None: the one the session works for."""
    place = place or facts.place
    return Event(
        kind,
        actor_id=facts.clinician_id,
        organisation_id=place.organisation_id if place else None,
        role=str(place.role) if place else None,
        details={"session": str(facts.session_id), **details},
    )


def event_at(kind: EventKind, clinician_id: UUID, place: Place | None, session_id: UUID, **details: object) -> Event:
    """A deed of somebody who is just coming in."""
    return Event(
        kind,
        actor_id=clinician_id,
        organisation_id=place.organisation_id if place else None,
        role=str(place.role) if place else None,
        details={"session": str(session_id), **details},
    )


def event_by(actor: Actor | None, *, what: str, organisation_id: UUID, **ids: object) -> Event:
    """A change to people or organisations; `actor` None: made on the command line."""
    return Event(
        EventKind.PEOPLE_CHANGED,
        actor_id=actor.clinician_id if actor else None,
        organisation_id=actor.organisation_id if actor else organisation_id,
        role=str(actor.role) if actor else None,
        details={"what": what, "organisation": str(organisation_id), **ids},
    )


def record_refusal(actor: Actor, *, permission: str) -> None:
    """A page that this role may not open was asked for."""
    record(
        Event(
            EventKind.REFUSED,
            actor_id=actor.clinician_id,
            organisation_id=actor.organisation_id,
            role=str(actor.role),
            details={"permission": permission},
        )
    )
