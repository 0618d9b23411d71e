"""Begin a round, and leave a trace of its list before it is shown."""

from __future__ import annotations

from uuid import UUID

from epaccs.access.actions import event, give_reason_for_round
from epaccs.access.rules import AccessReason
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.coordination.queries import find_unopened, get_home, get_round
from epaccs.coordination.rules import Round
from epaccs.core.db import writing
from epaccs.record.rules.card import Site


def begin_round(actor: Actor, home_id: UUID, *, reason: AccessReason) -> int:
    """Give one reason for every resident of a home within reach for whom none was given yet.

    Returns:
        For how many.

    Raises:
        NotFound, Forbidden: as `queries.get_home`.
        RuleBroken: an emergency is about one person.
    """
    with writing():
        get_home(actor, home_id)
        unopened = find_unopened(actor, home_id)
        give_reason_for_round(actor, unopened, reason=reason)
    return len(unopened)


def read_round(actor: Actor, home_id: UUID, *, site: Site) -> Round:
    """The list of a home, recorded as one list with its people, and with each of them: they may ask who saw it.

    Whoever read a line about CPR that is found to be a mistake later is told, as of any card (hazard H-03).

    Raises:
        NotFound, Forbidden: as `queries.get_home`.
    """
    found = get_round(actor, home_id, site=site)
    shown = [one.entry_id for one in found.residents]
    with writing():
        people = [str(one) for one in shown]
        log.record(
            event(actor, EventKind.LIST_VIEWED, list="round", count=len(shown), home=str(home_id), people=people)
        )
        for entry_id in shown:
            log.record(event(actor, EventKind.ROUND_VIEWED, entry_id=entry_id, home=str(home_id)))
    return found
