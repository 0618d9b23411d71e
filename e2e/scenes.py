"""What was done before a walk begins, through the actions that people use, days ago."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from epaccs.access.actions import give_reason
from epaccs.access.rules import AccessReason
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions import actions as cpr_decisions
from epaccs.cpr_decisions.rules import EditKind
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from tests.factories import a_consent, a_registered_person, an_edit


@contextmanager
def days_ago(days: int) -> Iterator[None]:
    """What is done in here was done then."""
    with clock.standing_at(clock.now() - timedelta(days=days)):
        yield
    db.session.commit()


def on_the_register(gp: Actor, *, family_name: str, born_on: date, **sections: dict[str, Any]) -> UUID:
    """A person whom the GP has put on the register, today; with sections of the plan by name."""
    today = clock.today().isoformat()
    consent = a_consent(register_decided_on=today, share_decided_on=today)
    entry_id = a_registered_person(
        gp, consent=consent, family_name=family_name, given_name="Grace", born_on=born_on.isoformat()
    )
    for name, body in sections.items():
        apply_edit(gp, an_edit(entry_id, name, body))
    return entry_id


def decided(signer: Actor, entry_id: UUID, **changes: Any) -> datetime:
    """A CPR decision of somebody who may sign, made an hour before; that moment."""
    decided_at = clock.now() - timedelta(hours=1)
    moment = decided_at.isoformat()
    recorded = find_recorded(entry_id, "cpr")
    body = {
        "recommendation": "not_for_cpr",
        "decided_at": moment,
        "reason": "would_not_work",
        "capacity": {"has_capacity": True, "assessed_at": moment},
        "involvement": {"person_involved": True},
        "aware": ["person", "family"],
        "review_on": (clock.today() + timedelta(days=90)).isoformat(),
        "original_location": "Hall drawer, yellow folder",
        **changes,
    }
    cpr_decisions.change(
        signer,
        new_id(),
        entry_id=entry_id,
        kind=EditKind.SIGN,
        body=body,
        base_version=recorded.version if recorded else 0,
    )
    return decided_at


def opened(reader: Actor, entry_id: UUID) -> None:
    """A reader has said why they open the record."""
    reason = AccessReason.PERMISSION_GIVEN
    give_reason(reader, entry_id, reason=reason, identifiers_checked=["name", "born"], cannot_check=False)
