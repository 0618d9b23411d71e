"""The way into a record: two things compared, a reason given, and an emergency that somebody looks at afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask

from epaccs.access.actions import end_relationships, give_reason, review_access
from epaccs.access.model import Relationship
from epaccs.access.queries import find_standing, openings_to_review
from epaccs.access.rules import AccessReason, Permission
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from tests.factories import DISCHARGED, a_clinician, a_registered_person, an_organisation
from tests.record.visits import concern, open_record


@pytest.fixture
def entry(app: Flask) -> UUID:
    return a_registered_person()


@pytest.fixture
def ambulance(app: Flask) -> Organisation:
    return an_organisation(type=OrganisationType.AMBULANCE)


@pytest.fixture
def paramedic(ambulance: Organisation) -> Actor:
    return a_clinician(Role.PARAMEDIC, ambulance)


@pytest.fixture
def hospice_nurse(app: Flask) -> Actor:
    """Somebody whom the person does not concern until they say that it is an emergency."""
    return a_clinician(Role.HOSPICE_NURSE)


def in_emergency(actor: Actor, entry: UUID) -> UUID:
    return give_reason(actor, entry, reason=AccessReason.EMERGENCY, identifiers_checked=(), cannot_check=True)


def may_see_card(actor: Actor, entry: UUID) -> bool:
    standing = find_standing(actor, entry)
    return standing is not None and standing.can(Permission.VIEW_CARD)


@pytest.mark.parametrize(
    ("compared", "cannot_check"),
    [
        pytest.param(("name", "born"), False, id="two things compared"),
        pytest.param((), True, id="cannot be compared, and said so"),
    ],
)
def test_a_card_opens_for_whoever_compared_or_says_that_they_cannot(
    paramedic: Actor, entry: UUID, compared: tuple[str, ...], cannot_check: bool
) -> None:
    give_reason(
        paramedic, entry, reason=AccessReason.CANNOT_ASK, identifiers_checked=compared, cannot_check=cannot_check
    )

    standing = find_standing(paramedic, entry)

    assert standing is not None
    assert standing.can(Permission.VIEW_CARD)
    assert standing.identifiers_checked == compared


@pytest.mark.parametrize(
    "compared",
    [
        pytest.param((), id="nothing"),
        pytest.param(("name",), id="one thing"),
        pytest.param(("name", "name"), id="one thing twice"),
        pytest.param(("name", "colour of the door"), id="something that tells nobody apart"),
    ],
)
def test_a_card_stays_closed_until_two_things_were_compared(
    paramedic: Actor, entry: UUID, compared: tuple[str, ...]
) -> None:
    with pytest.raises(RuleBroken, match="Tick two things you compared"):
        give_reason(paramedic, entry, reason=AccessReason.CANNOT_ASK, identifiers_checked=compared, cannot_check=False)

    assert not may_see_card(paramedic, entry)


def test_an_emergency_opens_what_does_not_concern_the_reader_and_waits_for_a_privacy_officer(
    hospice_nurse: Actor, entry: UUID
) -> None:
    hospice = db.session.get(Organisation, hospice_nurse.organisation_id)
    officer = a_clinician(Role.PRIVACY_OFFICER, hospice)
    assert not may_see_card(hospice_nurse, entry)

    opening = in_emergency(hospice_nurse, entry)

    assert may_see_card(hospice_nurse, entry)
    assert [(one.id, one.clinician_name, one.in_scope) for one in openings_to_review(officer)] == [
        (opening, hospice_nurse.name, False)
    ]


def test_an_opening_is_looked_at_by_the_privacy_officer_of_its_own_organisation_only(
    paramedic: Actor, ambulance: Organisation, entry: UUID
) -> None:
    opening = in_emergency(paramedic, entry)
    elsewhere = a_clinician(Role.PRIVACY_OFFICER)

    assert openings_to_review(elsewhere) == []
    with pytest.raises(NotFound):
        review_access(elsewhere, opening, outcome="justified", note="")

    review_access(a_clinician(Role.PRIVACY_OFFICER, ambulance), opening, outcome="justified", note="")


def test_a_finding_against_somebody_says_what_is_to_be_done(
    paramedic: Actor, ambulance: Organisation, entry: UUID
) -> None:
    officer = a_clinician(Role.PRIVACY_OFFICER, ambulance)
    opening = in_emergency(paramedic, entry)

    with pytest.raises(RuleBroken, match="Say what is to be followed up"):
        review_access(officer, opening, outcome="not_justified", note=" ")

    review_access(officer, opening, outcome="not_justified", note="Not on duty. Spoken to.")
    assert [one.review_outcome for one in openings_to_review(officer)] == ["not_justified"]


def test_nobody_else_reviews(paramedic: Actor, entry: UUID) -> None:
    opening = in_emergency(paramedic, entry)

    with pytest.raises(Forbidden):
        openings_to_review(paramedic)
    with pytest.raises(Forbidden):
        review_access(paramedic, opening, outcome="justified", note="")


def test_an_open_record_closes_at_the_next_request_after_the_relationship_has_ended(app: Flask, entry: UUID) -> None:
    worker = a_clinician(Role.SOCIAL_WORKER)
    concern(entry, worker)
    pages = open_record(app, worker, entry)

    with writing() as session:
        end_relationships(session, entry_id=entry, organisation_id=worker.organisation_id, ending=DISCHARGED)

    pages.open(f"/record/{entry}", status=404)
    assert pages.browser.get(f"/record/{entry}/number").status_code == 404


@pytest.mark.parametrize(
    ("hours", "opens"),
    [pytest.param(-1, False, id="before"), pytest.param(1, True, id="during"), pytest.param(9, False, id="after")],
)
def test_a_relationship_opens_from_its_beginning_until_its_end(
    entry: UUID, hours: int, opens: bool, frozen_clock: Callable[[datetime], None]
) -> None:
    worker, begins = a_clinician(Role.SOCIAL_WORKER), clock.now() + timedelta(hours=2)
    with writing() as session:
        dates = {"from_at": begins, "until_at": begins + timedelta(hours=8)}
        row = Relationship(entry_id=entry, organisation_id=worker.organisation_id, reason="visit", **dates)
        session.add(row)

    frozen_clock(begins + timedelta(hours=hours))

    standing = find_standing(worker, entry)
    assert standing is not None
    assert standing.can(Permission.GIVE_REASON) is opens
