"""CPR decisions through the one writer, on both databases: signed, held, withdrawn, voided, ended by death."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from epaccs.access.actions import give_reason
from epaccs.access.rules import AccessReason
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.errors import EpaccsError, Forbidden, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions.actions import change
from epaccs.cpr_decisions.model import CPRDecision
from epaccs.cpr_decisions.queries import get_cpr_page
from epaccs.cpr_decisions.rules import CPRState, EditKind, Words
from epaccs.notices.queries import notices_for
from epaccs.register import actions as register
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded, material
from epaccs.versions.rules import Outcome
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def entry(gp: Actor) -> UUID:
    return a_registered_person(gp)


def a_decision(recommendation: str = "not_for_cpr", **changes: Any) -> dict[str, Any]:
    """Everything a signature needs, for a person who lacks capacity and has a daughter."""
    moment = (clock.now() - timedelta(hours=1)).isoformat()
    reason = "would_not_work" if recommendation == "not_for_cpr" else "benefit_expected"
    daughter = {"name": "Chidi", "kind": "close", "relationship": "daughter", "consulted": True}
    return {
        "recommendation": recommendation,
        "decided_at": moment,
        "reason": reason,
        "capacity": {"has_capacity": False, "assessed_at": moment},
        "consultation": {"people": [daughter]},
        "aware": ["person", "family"],
        "review_on": "2027-02-01",
        "original_location": "Hall drawer, yellow folder",
        **changes,
    }


def an_own_refusal() -> dict[str, Any]:
    moment = (clock.now() - timedelta(hours=1)).isoformat()
    body = a_decision(
        reason="person_refuses",
        capacity={"has_capacity": True, "assessed_at": moment},
        involvement={"person_involved": True},
    )
    body.pop("consultation")
    return body


def version(entry: UUID) -> int:
    recorded = find_recorded(entry, "cpr")
    return recorded.version if recorded else 0


def do(actor: Actor, entry: UUID, kind: EditKind, body: dict[str, Any], *, base: int | None = None):  # type: ignore[no-untyped-def]
    return change(
        actor, new_id(), entry_id=entry, kind=kind, body=body, base_version=version(entry) if base is None else base
    )


def state(entry: UUID) -> CPRState:
    recorded = find_recorded(entry, "cpr")
    return CPRState.from_value(recorded.value if recorded else None)


def large_line(actor: Actor, entry: UUID) -> str:
    return get_cpr_page(actor, entry, words=Words()).line.large


def a_visitor(gp: Actor, entry: UUID, role: Role, organisation_type: OrganisationType) -> Actor:
    area = db.session.get(Organisation, gp.organisation_id).area  # type: ignore[union-attr]
    visitor = a_clinician(role, an_organisation(type=organisation_type, area=area), may_sign=role is not Role.PARAMEDIC)
    give_reason(
        visitor, entry, reason=AccessReason.PERMISSION_GIVEN, identifiers_checked=("name", "born"), cannot_check=False
    )
    return visitor


def an_out_of_hours_gp(gp: Actor, entry: UUID) -> Actor:
    return a_visitor(gp, entry, Role.OUT_OF_HOURS_GP, OrganisationType.OUT_OF_HOURS)


def a_paramedic(gp: Actor, entry: UUID) -> Actor:
    return a_visitor(gp, entry, Role.PARAMEDIC, OrganisationType.AMBULANCE)


def test_a_signed_decision_is_in_force(gp: Actor, entry: UUID) -> None:
    applied = do(gp, entry, EditKind.SIGN, a_decision())

    assert applied.outcome is Outcome.APPLIED
    assert large_line(gp, entry) == "Not for CPR"
    assert state(entry).in_force.signer.professional_number == gp.professional_number  # type: ignore[union-attr]


def test_a_signature_without_the_facts_is_refused_and_keeps_nothing(gp: Actor, entry: UUID) -> None:
    with pytest.raises(EpaccsError):
        do(gp, entry, EditKind.SIGN, {"recommendation": "not_for_cpr"})

    assert state(entry).decisions == ()


def test_a_gp_without_authorisation_proposes_and_cannot_sign(gp: Actor, entry: UUID) -> None:
    practice = db.session.get(Organisation, gp.organisation_id)
    registrar = a_clinician(Role.GP, practice)
    give_reason(
        registrar, entry, reason=AccessReason.PERMISSION_GIVEN, identifiers_checked=("name", "born"), cannot_check=False
    )

    with pytest.raises(Forbidden, match="current authorisation to sign"):
        do(registrar, entry, EditKind.SIGN, a_decision())
    do(registrar, entry, EditKind.PROPOSE, a_decision())

    assert state(entry).in_force is None
    assert large_line(gp, entry).startswith("Not confirmed")


def test_a_decision_of_a_day_before_the_authorisation_is_refused(gp: Actor, entry: UUID) -> None:
    long_ago = (clock.now() - timedelta(days=200)).isoformat()
    body = a_decision(decided_at=long_ago, capacity={"has_capacity": False, "assessed_at": long_ago})

    with pytest.raises(RuleBroken, match="not authorised to sign on"):
        do(gp, entry, EditKind.SIGN, body)


def test_the_database_itself_allows_one_decision_in_force(gp: Actor, entry: UUID) -> None:
    do(gp, entry, EditKind.SIGN, a_decision())
    row = {
        "id": "another",
        "entry_id": entry,
        "recommendation": "for_cpr",
        "status": "in_force",
        "decided_at": clock.now(),
        "signed_at": clock.now(),
    }

    with pytest.raises(IntegrityError), writing() as session:
        session.execute(insert(CPRDecision), row)


def test_a_newer_decision_supersedes_the_older(gp: Actor, entry: UUID) -> None:
    do(gp, entry, EditKind.SIGN, a_decision())
    do(gp, entry, EditKind.SIGN, a_decision("for_cpr"))

    rows = db.session.execute(select(CPRDecision.recommendation, CPRDecision.status)).all()

    assert sorted(map(tuple, rows)) == [("for_cpr", "in_force"), ("not_for_cpr", "superseded")]


def test_two_signers_at_once_put_the_decision_in_doubt(gp: Actor, entry: UUID) -> None:
    crew = an_out_of_hours_gp(gp, entry)
    do(gp, entry, EditKind.SIGN, a_decision())

    held = do(crew, entry, EditKind.SIGN, a_decision("for_cpr"), base=0)

    assert held.is_held
    assert large_line(gp, entry) == "CPR decision in doubt"
    assert "dispute" in {line.kind for line in notices_for(gp)}


def test_a_dispute_is_settled_by_accepting_the_other_signature(gp: Actor, entry: UUID) -> None:
    crew = an_out_of_hours_gp(gp, entry)
    do(gp, entry, EditKind.SIGN, a_decision())
    held = do(crew, entry, EditKind.SIGN, a_decision("for_cpr"), base=0)
    body = {
        "choice": "accept",
        "accepted_id": str(held.edit_id),
        "edit_ids": [str(held.edit_id)],
        "reason": "Spoke to both",
    }

    apply_edit(gp, an_edit(entry, "cpr", body, kind="resolve"))

    assert large_line(gp, entry) == "CPR recommended"
    assert state(entry).in_force.signer.name == crew.name  # type: ignore[union-attr]
    assert "dispute" not in {line.kind for line in notices_for(gp)}


def test_a_paramedic_records_a_withdrawal_of_the_persons_own_refusal_and_it_ends_at_once(
    gp: Actor, entry: UUID
) -> None:
    do(gp, entry, EditKind.SIGN, an_own_refusal())
    crew = a_paramedic(gp, entry)

    applied = do(
        crew, entry, EditKind.OWN_WITHDRAWAL, {"said_at": clock.now().isoformat(), "had_capacity": "yes"}, base=0
    )

    assert applied.outcome is Outcome.APPLIED
    assert state(entry).in_force is None


def test_a_withdrawal_of_a_clinical_decision_puts_it_in_doubt(gp: Actor, entry: UUID) -> None:
    do(gp, entry, EditKind.SIGN, a_decision())
    crew = a_paramedic(gp, entry)

    do(crew, entry, EditKind.OWN_WITHDRAWAL, {"said_at": clock.now().isoformat(), "had_capacity": "yes"})

    assert large_line(gp, entry) == "CPR decision in doubt"
    assert "own_withdrawal" in {line.kind for line in notices_for(gp)}


def test_a_paramedic_never_signs(gp: Actor, entry: UUID) -> None:
    crew = a_paramedic(gp, entry)

    with pytest.raises(Forbidden):
        do(crew, entry, EditKind.SIGN, a_decision())


def test_one_tap_flags_the_wrong_person_and_doubt_shows_at_once(gp: Actor, entry: UUID) -> None:
    do(gp, entry, EditKind.SIGN, a_decision())

    do(a_paramedic(gp, entry), entry, EditKind.WRONG_PERSON_FLAG, {}, base=0)

    assert large_line(gp, entry) == "CPR decision in doubt"
    assert "wrong_person" in {line.kind for line in notices_for(gp)}


def test_a_voided_mistake_brings_back_what_it_replaced_and_its_readers_are_told(gp: Actor, entry: UUID) -> None:
    from epaccs.access.actions import event
    from epaccs.audit import log
    from epaccs.audit.events import EventKind

    do(gp, entry, EditKind.SIGN, a_decision())
    do(gp, entry, EditKind.SIGN, a_decision("for_cpr"))
    crew = a_paramedic(gp, entry)
    log.record(event(crew, EventKind.CARD_VIEWED, entry_id=entry))
    mistake = state(entry).in_force

    do(gp, entry, EditKind.VOID, {"decision_id": mistake.id, "reason": "mistake", "detail": "Wrong tab"})  # type: ignore[union-attr]

    assert large_line(gp, entry) == "Not for CPR"
    assert "read_what_was_wrong" in {line.kind for line in notices_for(crew)}


def test_a_confirmed_death_ends_the_decision_and_its_reversal_restores_it_untouched(gp: Actor, entry: UUID) -> None:
    do(gp, entry, EditKind.SIGN, a_decision())
    before = state(entry).in_force

    def lifecycle(kind: str, body: dict[str, Any]) -> None:
        recorded = find_recorded(entry, "lifecycle")
        register.change_lifecycle(
            gp, new_id(), entry_id=entry, kind=kind, body=body, base_version=recorded.version if recorded else 0
        )

    lifecycle("confirm_death", {"died_on": "2026-11-20"})
    assert state(entry).in_force is None
    lifecycle("reverse_death", {"reason": "Another person of this name"})

    assert state(entry).in_force == before


def test_a_treatment_level_that_rules_out_cpr_asks_for_a_reason(gp: Actor, entry: UUID) -> None:
    do(gp, entry, EditKind.SIGN, a_decision("for_cpr"))

    with pytest.raises(RuleBroken) as refused:
        apply_edit(gp, an_edit(entry, "treatment_level", {"level": "comfort_only"}))
    applied = apply_edit(
        gp, an_edit(entry, "treatment_level", {"level": "comfort_only", "contradiction_reason": "Decided tomorrow"})
    )

    assert refused.value.field == "contradiction_reason"
    assert applied.outcome is Outcome.APPLIED


def test_a_decision_with_an_active_defibrillator_raises_a_task(gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "risks", {"icd": "active"}))

    do(gp, entry, EditKind.SIGN, a_decision())

    assert "icd" in {line.kind for line in notices_for(gp)}


def test_merging_two_records_with_different_decisions_puts_the_survivor_in_doubt(gp: Actor, entry: UUID) -> None:
    other = a_registered_person(gp, family_name="Maidenname")
    do(gp, entry, EditKind.SIGN, a_decision())
    do(gp, other, EditKind.SIGN, a_decision("for_cpr"))
    second = a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id), may_sign=True)
    for one in (entry, other):
        give_reason(
            second, one, reason=AccessReason.PERMISSION_GIVEN, identifiers_checked=("name", "born"), cannot_check=False
        )
    merge = register.propose_merge(gp, survivor_id=entry, other_id=other, reason="Same person")

    register.confirm_merge(second, merge)

    assert large_line(gp, entry) == "CPR decision in doubt"
    assert material(entry).held == ()
