"""Deaths that are only reported and merges that are only proposed wait with whoever answers for the person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.access.actions import give_reason
from epaccs.access.rules import AccessReason
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.notices.queries import notices_for
from epaccs.register import actions
from epaccs.versions.queries import find_recorded
from tests.factories import a_clinician, a_registered_person, an_organisation
from tests.record.visits import visit


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP)


@pytest.fixture
def entry(gp: Actor) -> UUID:
    return a_registered_person(gp)


def practice_of(gp: Actor) -> Organisation:
    practice = db.session.get(Organisation, gp.organisation_id)
    assert practice is not None
    return practice


def change(actor: Actor, entry: UUID, kind: str, **body: Any) -> None:
    recorded = find_recorded(entry, "lifecycle")
    assert recorded is not None
    actions.change_lifecycle(actor, new_id(), entry_id=entry, kind=kind, body=body, base_version=recorded.version)


def report_a_death(gp: Actor, entry: UUID) -> None:
    handler = a_clinician(Role.CALL_HANDLER, an_organisation(type=OrganisationType.AMBULANCE))
    change(handler, entry, "report_death", died_on="2026-11-20")


def waiting(actor: Actor) -> list[str]:
    return [str(notice.kind) for notice in notices_for(actor) if str(notice.kind) != "updated"]


def test_a_reported_death_waits_with_the_practice(gp: Actor, entry: UUID) -> None:
    assert "death_reported" not in waiting(gp)

    report_a_death(gp, entry)

    assert waiting(gp)[:1] == ["death_reported"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("confirm_death", {"died_on": "2026-11-20"}, id="confirmed"),
        pytest.param("reverse_death", {"reason": "She answered the telephone"}, id="a mistake"),
    ],
)
def test_it_waits_no_longer_once_somebody_knows(gp: Actor, entry: UUID, kind: str, body: dict[str, str]) -> None:
    report_a_death(gp, entry)

    change(gp, entry, kind, **body)

    assert "death_reported" not in waiting(gp)


def test_a_death_that_a_doctor_confirms_at_once_waits_for_nobody(gp: Actor, entry: UUID) -> None:
    change(gp, entry, "confirm_death", died_on="2026-11-20")

    assert "death_reported" not in waiting(gp)


@pytest.fixture
def merge(gp: Actor, entry: UUID) -> UUID:
    other = a_registered_person(gp, family_name="Okonkwo")
    return actions.propose_merge(gp, survivor_id=entry, other_id=other, reason="Same person, maiden name")


def a_second_gp(gp: Actor) -> Actor:
    return a_clinician(Role.GP, practice_of(gp))


def test_a_proposed_merge_waits_with_the_practice_for_a_second_person(gp: Actor, merge: UUID) -> None:
    assert "merge_proposed" in waiting(a_second_gp(gp))


@pytest.mark.parametrize("step", [actions.confirm_merge, actions.refuse_merge])
def test_a_merge_that_is_settled_waits_no_longer(gp: Actor, entry: UUID, merge: UUID, step: Any) -> None:
    second = a_second_gp(gp)
    found = db.session.get(actions.Merge, merge)
    assert found is not None
    for one in (found.survivor_id, found.other_id):
        give_reason(
            second, one, reason=AccessReason.CANNOT_ASK, identifiers_checked=("name", "born"), cannot_check=False
        )

    step(second, merge)

    assert "merge_proposed" not in waiting(second)


def test_whoever_opens_no_record_reports_a_death_from_the_list_and_comes_back_to_it(
    app: Flask, gp: Actor, entry: UUID
) -> None:
    pages = visit(app, a_clinician(Role.PRACTICE_ADMINISTRATOR, practice_of(gp))).open("/")
    pages.see_nothing_of(f'href="/record/{entry}"')

    pages.open(f"/record/{entry}/death").see_nothing_of(f'href="/record/{entry}"')
    pages.fill(died_on=clock.today()).submit("Report the death")

    pages.see("Death recorded.", "Death reported")
    assert pages.page.url == "/"
