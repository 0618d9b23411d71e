"""What was done before a walk begins, through the actions that people use, days ago."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from epaccs.access.actions import give_reason
from epaccs.access.rules import AccessReason
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions import actions as cpr_decisions
from epaccs.cpr_decisions.rules import EditKind
from epaccs.register import actions as register
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from tests.coordination.residents import a_resident
from tests.factories import a_consent, a_registered_person, an_edit


@contextmanager
def days_ago(days: int) -> Iterator[None]:
    """What is done in here was done then."""
    with clock.standing_at(clock.now() - timedelta(days=days)):
        yield
    db.session.commit()


def on_the_register(
    gp: Actor, *, family_name: str, born_on: date, key_worker_ods: str | None = None, **sections: dict[str, Any]
) -> UUID:
    """A person whom the GP has put on the register, today; with sections of the plan by name."""
    today = clock.today().isoformat()
    consent = a_consent(register_decided_on=today, share_decided_on=today)
    named = {"family_name": family_name, "given_name": "Grace", "born_on": born_on.isoformat()}
    if key_worker_ods:
        named["key_worker_ods"] = key_worker_ods
    entry_id = a_registered_person(gp, consent=consent, **named)
    for name, body in sections.items():
        apply_edit(gp, an_edit(entry_id, name, body))
    return entry_id


def lives_in(gp: Actor, home: Organisation, *, room: str = "Room 4", **who: Any) -> UUID:
    """A person of the GP's practice whom the GP has put on the register, today, and who lives in the home."""
    today = clock.today().isoformat()
    consent = a_consent(register_decided_on=today, share_decided_on=today)
    return a_resident(gp, home, room=room, consent=consent, **who)


#: A section of each kind, without a date: a walk happens today, whenever that is.
PLAN: dict[str, dict[str, Any]] = {
    "treatment_level": {"level": "hospital_for_symptoms", "clinical_focus": "comfort", "guidance": "No drip."},
    "medicines": {"status": "in_home", "where": "Fridge door, blue bag", "syringe_driver": True},
    "risks": {
        "icd": "active",
        "oxygen": True,
        "infection": "MRSA",
        "key_safe_place": "Left of the front door",
        "key_safe_code": "4711",
    },
    "diagnosis": {"primary": "Heart failure", "prognosis": "weeks", "person_knows": True},
    "preferred_places": {"care_first": "home", "death_first": "home", "death_second": "hospice"},
    "allergies": {"status": "known"},
}
LINES: dict[str, dict[str, Any]] = {
    "allergies": {"agent": "Codeine", "reaction": "Rash", "certainty": "likely"},
    "legal": {"kind": "lpa", "name": "Chidi Okonkwo", "telephone": "07700 900321", "authority_life_sustaining": "yes"},
    "contacts": {
        "kind": "personal",
        "name": "Chidi Okonkwo",
        "relationship": "Son",
        "telephone": "07700 900321",
        "roles": ["attorney", "next_of_kin"],
        "call_order": 1,
    },
}


def fully_recorded(gp: Actor, entry_id: UUID) -> None:
    """Every section of the plan with something in it, a decision, and a change of the treatment level that waits."""
    for section, body in PLAN.items():
        apply_edit(gp, an_edit(entry_id, section, body))
    for section, item in LINES.items():
        apply_edit(gp, an_edit(entry_id, section, {"item_id": str(new_id()), "item": item}, kind="put_item"))
    decided(gp, entry_id)
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "comfort_only"}, base_version=0))


def decided(signer: Actor, entry_id: UUID, **changes: Any) -> datetime:
    """A CPR decision of somebody who may sign, made the day before; that moment."""
    decided_at = clock.now() - timedelta(days=1)
    moment = decided_at.isoformat()
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
        base_version=_version(entry_id, "cpr"),
    )
    return decided_at


def died(gp: Actor, entry_id: UUID) -> None:
    """A death that the GP confirmed on the same day."""
    body, version = {"died_on": clock.today().isoformat(), "place": "home"}, _version(entry_id, "lifecycle")
    register.change_lifecycle(gp, new_id(), entry_id=entry_id, kind="confirm_death", body=body, base_version=version)


def opened(reader: Actor, entry_id: UUID, *, reason: AccessReason = AccessReason.PERMISSION_GIVEN) -> None:
    """A reader has said why they open the record, from another browser."""
    compared = [] if reason is AccessReason.EMERGENCY else ["name", "born"]
    give_reason(reader, entry_id, reason=reason, identifiers_checked=compared, cannot_check=not compared)


def _version(entry_id: UUID, section: str) -> int:
    recorded = find_recorded(entry_id, section)
    return recorded.version if recorded else 0
