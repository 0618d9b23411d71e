"""What reading leaves behind: each look is recorded before it is shown, and so is each doubt of a reader.

A read that cannot be recorded does not happen: where the database cannot be written, the reader gets the page that
needs no database, with the number to ring and where to look for the signed form (hazard H-18).
"""

from __future__ import annotations

from uuid import UUID

from epaccs.access.actions import event
from epaccs.access.queries import Standing, get_standing
from epaccs.access.rules import Permission
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core.db import writing
from epaccs.core.errors import NotFound
from epaccs.record.actions.search import note_shown
from epaccs.record.declared import sights
from epaccs.record.sight import can_see
from epaccs.record.summary import RecordSummary
from epaccs.register.queries import is_restricted_now
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from epaccs.versions.registry import Applied, EditRequest


def note_card_viewed(
    actor: Actor, standing: Standing, summary: RecordSummary, *, search_id: UUID | None = None
) -> float | None:
    """Record that the card is being shown, in which version and to which audience.

    Args:
        search_id: the search that led here, so that the way can be timed; None: another way.

    Returns:
        Seconds from the first key of that search; None: not timed.
    """
    viewed = event(
        actor,
        EventKind.CARD_VIEWED,
        entry_id=standing.entry_id,
        number=summary.number,
        audience=summary.audience,
        reason=str(standing.reason) if standing.reason else None,
    )
    with writing() as session:
        log.record(viewed)
        return note_shown(session, actor, search_id) if search_id else None


def note_viewed(actor: Actor, entry_id: UUID, kind: EventKind, **codes: object) -> None:
    """Record that another page about a person is being shown."""
    log.record(event(actor, kind, entry_id=entry_id, **codes))


def reveal_key_safe(actor: Actor, entry_id: UUID) -> str:
    """The code of the key safe, for somebody at the door; each look is recorded.

    Raises:
        NotFound: none is recorded, the address is restricted, or this reader does not see it.
    """
    with writing():
        standing = get_standing(actor, entry_id, Permission.VIEW_CARD)
        code = _key_safe_code(standing)
        log.record(event(actor, EventKind.MASKED_REVEALED, entry_id=entry_id, section="risks", field="key_safe_code"))
    return code


def _key_safe_code(standing: Standing) -> str:
    risks = find_recorded(standing.entry_id, "risks")
    code = risks.value.get("key_safe_code") if risks else None
    is_seen = can_see(sights()["risks"].fields["key_safe_code"], standing.tiers)
    if not code or not is_seen or is_restricted_now(standing.entry_id):
        raise NotFound
    return str(code)


def say_wrong_person(actor: Actor, entry_id: UUID, *, edit_id: UUID, decision_id: str) -> Applied:
    """One tap: the CPR decision shown here is another person's; it is in doubt at once, for everybody.

    Args:
        edit_id: of the button, so that two taps are one flag.
        decision_id: the decision that was on the screen; empty: none.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    body = {"about": decision_id}
    return apply_edit(actor, EditRequest(edit_id, entry_id, "cpr", "wrong_person_flag", body, base_version=0))
