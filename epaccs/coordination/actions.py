"""Begin a round, and leave a trace of its list before it is shown."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from epaccs.access.actions import event, give_reason_for_round
from epaccs.access.rules import AccessReason
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.coordination.queries import find_unopened, find_within_reach, get_place, get_round
from epaccs.coordination.rules import MOST_ON_A_LIST, Round
from epaccs.core.db import writing
from epaccs.core.errors import RuleBroken
from epaccs.record.rules.card import Site


def begin_round(actor: Actor, place_id: UUID, *, reason: AccessReason) -> int:
    """Give one reason for everybody of a home or team within reach for whom none was given yet.

    Returns:
        For how many.

    Raises:
        NotFound, Forbidden: as `queries.get_place`.
        RuleBroken: an emergency is about one person; more people are within reach than a list holds.
    """
    with writing():
        place = get_place(actor, place_id)
        within_reach = find_within_reach(actor, place)
        if len(within_reach) > MOST_ON_A_LIST:
            raise RuleBroken(f"More people are in your care here than the {MOST_ON_A_LIST} that a list holds")
        unopened = find_unopened(actor, within_reach)
        give_reason_for_round(actor, unopened, reason=reason)
    return len(unopened)


def read_round(actor: Actor, place_id: UUID, *, site: Site) -> Round:
    """The list of a home or team, recorded as one list with its people, and with each of them: they may ask who saw it.

    Whoever read a line about CPR that is found to be a mistake later is told, as of any card (hazard H-03).

    Raises:
        NotFound, Forbidden: as `queries.get_place`.
    """
    found = get_round(actor, place_id, site=site)
    where: dict[str, Any] = {"team" if found.place.is_team else "home": str(place_id)}
    shown = [one.entry_id for one in found.residents]
    with writing():
        people = [str(one) for one in shown]
        log.record(event(actor, EventKind.LIST_VIEWED, list="round", count=len(shown), people=people, **where))
        for entry_id in shown:
            log.record(event(actor, EventKind.ROUND_VIEWED, entry_id=entry_id, **where))
    return found
