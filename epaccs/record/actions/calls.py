"""Calls in which the card is read aloud: when they began, who rang, what they heard, and when they ended."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from epaccs.access.actions import event
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.record.queries.calls import get_call, get_reading, is_ended
from epaccs.record.rules.spoken import Caller, Ending, Heard, KnownBy, decide_what_is_heard


def begin_call(
    actor: Actor,
    entry_id: UUID,
    *,
    caller: Caller,
    known_by: KnownBy | None,
    identifiers: Sequence[str],
    cannot_identify: bool,
) -> UUID:
    """Write down who rang and what they get to hear, before a word of it is shown.

    Returns:
        The id of the call.

    Raises:
        RuleBroken: as `decide_what_is_heard` says.
        NotFound, Forbidden: as `access` says.
    """
    heard = decide_what_is_heard(caller, known_by=known_by, identifiers=identifiers, cannot_identify=cannot_identify)
    with writing():
        get_reading(actor, entry_id)
        return log.record(
            event(
                actor,
                EventKind.CALL_BEGUN,
                entry_id=entry_id,
                caller=str(caller),
                known_by=str(known_by) if known_by else None,
                identifiers=list(identifiers),
                heard=str(heard),
            )
        )


def end_call(actor: Actor, entry_id: UUID, call_id: UUID, *, repeated: bool) -> int | None:
    """Write down that a call ended, after how long, and whether the caller repeated the line rightly.

    Returns:
        How many seconds it took; None: it had ended before, and nothing was written.

    Raises:
        NotFound: there is no such call of this reader.
    """
    with writing():
        call = get_call(actor, entry_id, call_id)
        if is_ended(call):
            return None
        seconds = round((clock.now() - call.begun_at).total_seconds())
        ending = Ending.REPEATED if repeated else Ending.NOT_REPEATED
        how = ending if call.heard is Heard.CARD else Ending.ENDED
        log.record(
            event(actor, EventKind.CALL_ENDED, entry_id=entry_id, call=str(call_id), ending=str(how), seconds=seconds)
        )
        return seconds
