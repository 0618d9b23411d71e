"""A privacy officer's finding on one unusual access, and what of it is not told again for a while."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.rules import Permission, check_role
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.oversight.model import KnownPair, UnusualAccess, UnusualVerdict
from epaccs.oversight.rules.deciding import Verdict, check_not_own, check_verdict


def decide(actor: Actor, alert_id: UUID, *, verdict: Verdict, note: str, silent_until: date | None) -> None:
    """Keep what an officer found. Whoever is asked first stays on the list until that is decided too.

    Args:
        silent_until: until when this reader's looks at this person are not told again; None: they are.

    Raises:
        NotFound: no such alert in the officer's organisation.
        Forbidden: the role reviews no accesses, or it is the officer's own look.
        RuleBroken: something is missing, or it was decided before.
    """
    with writing() as session:
        check_role(Permission.REVIEW_ACCESS, actor.role)
        alert = session.get(UnusualAccess, alert_id, with_for_update=True, populate_existing=True)
        if alert is None or alert.organisation_id != actor.organisation_id:
            raise NotFound
        check_not_own(actor.clinician_id, alert.clinician_id)
        if alert.decided_at is not None:
            raise RuleBroken("Somebody has decided this meanwhile. Go back to the list")
        check_verdict(verdict, note, silent_until=silent_until, today=clock.today())
        session.add(_as_verdict(actor, alert_id, verdict, note))
        if verdict is not Verdict.ASK:
            alert.decided_at = clock.now()
        if silent_until is not None:
            _keep_silent(session, actor, alert, silent_until, note)
        log.record(
            event(
                actor,
                EventKind.UNUSUAL_ACCESS_DECIDED,
                entry_id=alert.entry_id,
                alert=str(alert_id),
                reader=str(alert.clinician_id),
                verdict=str(verdict),
                silent_until=silent_until.isoformat() if silent_until else None,
            )
        )


def _as_verdict(actor: Actor, alert_id: UUID, verdict: Verdict, note: str) -> UnusualVerdict:
    return UnusualVerdict(
        id=new_id(),
        alert_id=alert_id,
        verdict=str(verdict),
        note=note.strip() or None,
        decided_at=clock.now(),
        decided_by=actor.clinician_id,
        decided_by_name=actor.name,
    )


def _keep_silent(session: Session, actor: Actor, alert: UnusualAccess, until_on: date, reason: str) -> None:
    if alert.entry_id is None:
        raise RuleBroken("Leave this day open: it is about no one person", field="silent_until")
    session.add(
        KnownPair(
            id=new_id(),
            organisation_id=actor.organisation_id,
            clinician_id=alert.clinician_id,
            entry_id=alert.entry_id,
            reason=reason.strip(),
            from_at=clock.now(),
            until_on=until_on,
            made_by=actor.clinician_id,
            made_by_name=actor.name,
            ended_at=None,
        )
    )
