"""From a referral to the end of care, and from one practice to the next: on pages, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.model import Relationship
from epaccs.access.queries import find_standing
from epaccs.access.rules import Fact
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.notices.queries import notices_for
from epaccs.register.actions import amend
from epaccs.relationships import actions, queries
from epaccs.relationships.rules import EndReason
from epaccs.versions.queries import find_recorded
from tests.conftest import NOW
from tests.factories import a_clinician, a_consent, a_registered_person, an_edit, an_organisation
from tests.record.visits import concern, open_record, visit

SetNow = Callable[[datetime], None]
ODS = {"Low": "T90001", "High": "T90002"}


@pytest.fixture
def practice(app: Flask) -> Organisation:
    return an_organisation(name="Low Street Surgery", ods_code=ODS["Low"])


@pytest.fixture
def other_practice(app: Flask) -> Organisation:
    return an_organisation(name="High Street Surgery", ods_code=ODS["High"])


@pytest.fixture
def gp(practice: Organisation) -> Actor:
    return a_clinician(Role.GP, practice)


@pytest.fixture
def new_gp(other_practice: Organisation) -> Actor:
    return a_clinician(Role.GP, other_practice)


@pytest.fixture
def hospice(app: Flask) -> Organisation:
    return an_organisation(type=OrganisationType.HOSPICE, name="Hill Hospice")


@pytest.fixture
def nurse(hospice: Organisation) -> Actor:
    return a_clinician(Role.HOSPICE_NURSE, hospice)


@pytest.fixture
def entry(gp: Actor) -> UUID:
    return a_registered_person(gp)


def reaches(actor: Actor, entry: UUID) -> bool:
    standing = find_standing(actor, entry)
    return standing is not None and Fact.IN_SCOPE in standing.facts


def waits_for(actor: Actor) -> list[str]:
    return [str(line.kind) for line in notices_for(actor)]


def name_practice(actor: Actor, entry: UUID, ods_code: str) -> None:
    recorded = find_recorded(entry, "identity")
    assert recorded is not None
    amend(actor, an_edit(entry, "identity", {**recorded.value, "practice_ods": ods_code}))


def said_of(entry: UUID) -> list[str]:
    rows = db.session.scalars(
        select(AuditEvent.details)
        .where(AuditEvent.entry_id == entry, AuditEvent.kind == "relationship_changed")
        .order_by(AuditEvent.at)
    )
    return [details["what"] for details in rows]


# --- Referring -------------------------------------------------------------------------------------------------------


def test_a_team_that_is_referred_to_sees_the_record_says_yes_and_ends_its_care(
    app: Flask, gp: Actor, nurse: Actor, entry: UUID
) -> None:
    assert not reaches(nurse, entry)
    pages = open_record(app, gp, entry).follow("Who looks after them").follow("Refer to a team")
    pages.fill(organisation_id=str(nurse.organisation_id)).submit("Refer")
    pages.see("Hill Hospice sees the record now, and is asked to answer.", "Has not answered")

    assert reaches(nurse, entry)
    assert "care_to_confirm" in waits_for(nurse)
    theirs = open_record(app, nurse, entry).follow("Who looks after them")
    theirs.see("Does your team look after this person?").submit("Yes, we look after them")
    theirs.see("Your team looks after this person now.", "Said yes")
    assert "care_to_confirm" not in waits_for(nurse)

    theirs.follow("End our care").fill(why="finished").submit("End our care")
    theirs.see("Your team's care has ended.")

    assert not reaches(nurse, entry)
    theirs.open(f"/record/{entry}").see("Open this record").see_nothing_of("Who looks after them")
    assert "care_ended" in waits_for(gp)
    pages.open(f"/record/{entry}/teams").see("Our care has finished")
    assert said_of(entry) == ["referred", "taken_on", "ended"]


def test_a_referral_that_nobody_answers_is_asked_after_and_runs_out(
    gp: Actor, nurse: Actor, entry: UUID, frozen_clock: SetNow
) -> None:
    open_for(gp, entry)
    actions.refer(gp, entry, organisation_id=nurse.organisation_id)
    assert "referral_unanswered" not in waits_for(gp)

    frozen_clock(NOW + timedelta(days=8))
    assert "referral_unanswered" in waits_for(gp)
    assert reaches(nurse, entry)

    frozen_clock(NOW + timedelta(days=29))
    assert not reaches(nurse, entry)


def open_for(actor: Actor, entry: UUID) -> None:
    """A reason was given on the command line's terms: any session counts."""
    from epaccs.access.actions import give_reason
    from epaccs.access.rules import AccessReason

    give_reason(
        actor, entry, reason=AccessReason.PERMISSION_GIVEN, identifiers_checked=["name", "born"], cannot_check=False
    )


def test_an_answered_referral_does_not_run_out_and_nobody_is_asked_to_ring(
    gp: Actor, nurse: Actor, entry: UUID, frozen_clock: SetNow
) -> None:
    open_for(gp, entry)
    actions.refer(gp, entry, organisation_id=nurse.organisation_id)
    open_for(nurse, entry)
    actions.take_on(nurse, entry, until_on=None)

    frozen_clock(NOW + timedelta(days=200))
    assert reaches(nurse, entry)
    assert "referral_unanswered" not in waits_for(gp)


def test_a_stay_ends_by_itself_at_the_midnight_after_its_last_day(
    gp: Actor, nurse: Actor, entry: UUID, frozen_clock: SetNow
) -> None:
    open_for(gp, entry)
    actions.refer(gp, entry, organisation_id=nurse.organisation_id)
    open_for(nurse, entry)
    with pytest.raises(RuleBroken, match="today or later"):
        actions.take_on(nurse, entry, until_on=clock.today() - timedelta(days=1))
    actions.take_on(nurse, entry, until_on=date(2026, 11, 28))

    frozen_clock(datetime.fromisoformat("2026-11-28T23:59:00+00:00"))
    assert reaches(nurse, entry)
    frozen_clock(datetime.fromisoformat("2026-11-29T00:00:00+00:00"))
    assert not reaches(nurse, entry)


def test_of_two_referrals_the_one_that_is_not_answered_is_still_asked_after(
    gp: Actor, nurse: Actor, entry: UUID, frozen_clock: SetNow
) -> None:
    community = a_clinician(Role.COMMUNITY_NURSE)
    open_for(gp, entry)
    actions.refer(gp, entry, organisation_id=nurse.organisation_id)
    actions.refer(gp, entry, organisation_id=community.organisation_id)
    open_for(nurse, entry)
    actions.take_on(nurse, entry, until_on=None)
    frozen_clock(NOW + timedelta(days=8))
    assert "referral_unanswered" in waits_for(gp)
    open_for(gp, entry)

    (asked,) = [one for one in queries.find_all(entry) if one.organisation_id == community.organisation_id]
    open_for(nurse, entry)
    with pytest.raises(NotFound):
        actions.take_back(nurse, entry, asked.id)
    actions.take_back(gp, entry, asked.id)

    assert not reaches(community, entry)
    assert reaches(nurse, entry)
    assert "referral_unanswered" not in waits_for(gp)
    with pytest.raises(NotFound):
        actions.take_back(gp, entry, asked.id)


def test_what_a_team_took_on_is_not_taken_back(gp: Actor, nurse: Actor, entry: UUID) -> None:
    open_for(gp, entry)
    actions.refer(gp, entry, organisation_id=nurse.organisation_id)
    open_for(nurse, entry)
    actions.take_on(nurse, entry, until_on=None)
    (taken,) = [one for one in queries.find_all(entry) if one.organisation_id == nurse.organisation_id]

    with pytest.raises(NotFound):
        actions.take_back(gp, entry, taken.id)
    with pytest.raises(RuleBroken, match="Nobody waits"):
        actions.take_on(nurse, entry, until_on=None)

    assert reaches(nurse, entry)


def test_a_referral_that_would_show_nothing_is_refused_and_begins_nothing(app: Flask, gp: Actor, entry: UUID) -> None:
    outside = an_organisation(type=OrganisationType.HOSPICE, name="Far Hospice", shares=False)
    pages = open_record(app, gp, entry).open(f"/record/{entry}/teams/refer")

    pages.fill(organisation_id=str(outside.id)).submit("Refer", status=422)

    assert "No sharing agreement covers Far Hospice" in pages.errors()[0]
    assert pages.value_of("organisation_id") == str(outside.id)
    assert [one for one in queries.find_all(entry) if one.organisation_id == outside.id] == []
    assert said_of(entry) == []
    for nobody in (new_id(), gp.organisation_id):
        with pytest.raises(RuleBroken):
            actions.refer(gp, entry, organisation_id=nobody)


def test_whoever_does_not_share_is_referred_to_nobody(gp: Actor, nurse: Actor) -> None:
    entry = a_registered_person(gp, consent=a_consent(share_status="refused"))
    with pytest.raises(RuleBroken, match="has not agreed to sharing"):
        actions.refer(gp, entry, organisation_id=nurse.organisation_id)


def test_a_social_worker_answers_for_the_team_and_refers_nobody(
    app: Flask, gp: Actor, nurse: Actor, entry: UUID
) -> None:
    worker = a_clinician(Role.SOCIAL_WORKER)
    open_for(gp, entry)
    actions.refer(gp, entry, organisation_id=worker.organisation_id)
    open_for(worker, entry)

    actions.take_on(worker, entry, until_on=None)
    with pytest.raises(Forbidden):
        actions.refer(worker, entry, organisation_id=nurse.organisation_id)
    actions.end_care(worker, entry, why=EndReason.FINISHED)

    assert not reaches(worker, entry)


def test_whoever_opened_in_an_emergency_answers_for_no_team(app: Flask, nurse: Actor, entry: UUID) -> None:
    pages = visit(app, nurse).open(f"/record/{entry}").submit("Emergency: open now")

    pages.see_nothing_of("Who looks after them")
    pages.open(f"/record/{entry}/teams", status=403)


def test_a_restricted_address_names_no_other_team(app: Flask, gp: Actor, nurse: Actor) -> None:
    entry = a_registered_person(gp, address_restricted=True)
    concern(entry, nurse)

    theirs = open_record(app, nurse, entry).open(f"/record/{entry}/teams")
    theirs.see("of other teams only those that yours referred to").see_nothing_of("Low Street Surgery")
    open_record(app, gp, entry).open(f"/record/{entry}/teams").see("Hill Hospice")


def test_whoever_referred_from_beside_a_restricted_address_sees_their_own_referral_and_takes_it_back(
    app: Flask, gp: Actor, nurse: Actor
) -> None:
    entry = a_registered_person(gp, address_restricted=True)
    concern(entry, nurse)
    night, day = (
        a_clinician(Role.COMMUNITY_NURSE, an_organisation(type=OrganisationType.COMMUNITY, name=name))
        for name in ("Night Nurses", "Day Nurses")
    )
    open_for(gp, entry)
    actions.refer(gp, entry, organisation_id=day.organisation_id)
    theirs = open_record(app, nurse, entry).open(f"/record/{entry}/teams/refer")
    theirs.fill(organisation_id=str(night.organisation_id)).submit("Refer")

    theirs.see("Night Nurses", "Has not answered").see_nothing_of("Day Nurses", "Low Street Surgery")
    with pytest.raises(RuleBroken, match="was referred to already"):
        actions.refer(nurse, entry, organisation_id=night.organisation_id)
    actions.refer(nurse, entry, organisation_id=day.organisation_id)
    theirs.open(f"/record/{entry}/teams").see_nothing_of("Day Nurses").submit(
        "Take the referral back from Night Nurses"
    )

    theirs.see("The referral was taken back")
    assert not reaches(night, entry)
    assert reaches(day, entry)


# --- From one practice to the next -----------------------------------------------------------------------------------


def test_a_former_practice_sees_the_record_until_the_new_one_says_yes_and_not_after(
    app: Flask, gp: Actor, new_gp: Actor, entry: UUID
) -> None:
    open_record(app, gp, entry)
    open_for(gp, entry)
    name_practice(gp, entry, ODS["High"])
    assert reaches(gp, entry)
    assert reaches(new_gp, entry)
    assert "care_to_confirm" in waits_for(new_gp)

    theirs = open_record(app, new_gp, entry).open(f"/record/{entry}/teams")
    theirs.see("Until you answer, whoever it was before sees the record too").submit("Yes, we look after them")
    theirs.see("Another took their place")

    # The one who put them on the register goes on until they say so themselves.
    actions.end_care(gp, entry, why=EndReason.HANDED_OVER)
    assert not reaches(gp, entry)
    assert reaches(new_gp, entry)
    rows = db.session.scalars(select(Relationship).where(Relationship.reason == "registered_practice")).all()
    assert {row.end_reason for row in rows if row.organisation_id == gp.organisation_id} == {"succeeded"}


def test_a_practice_named_by_mistake_loses_it_when_the_right_one_is_named_again(
    gp: Actor, new_gp: Actor, entry: UUID
) -> None:
    open_for(gp, entry)
    name_practice(gp, entry, ODS["High"])

    name_practice(gp, entry, ODS["Low"])

    assert reaches(gp, entry)
    assert not reaches(new_gp, entry)
    assert "care_to_confirm" not in waits_for(new_gp)


def test_a_practice_that_says_no_is_not_believed_away_somebody_is_told(gp: Actor, new_gp: Actor, entry: UUID) -> None:
    open_for(gp, entry)
    name_practice(gp, entry, ODS["High"])
    open_for(new_gp, entry)

    with pytest.raises(RuleBroken, match="You are the usual practice"):
        actions.end_care(new_gp, entry, why=EndReason.FINISHED)
    actions.end_care(new_gp, entry, why=EndReason.NOT_OURS)

    assert "care_ended" in waits_for(gp)
    assert reaches(gp, entry)
    # Until the record names another it is still theirs to see: nobody is without a practice.
    assert reaches(new_gp, entry)


def test_a_practice_that_writes_its_own_name_down_has_said_yes(gp: Actor, new_gp: Actor, entry: UUID) -> None:
    concern(entry, new_gp)
    open_for(new_gp, entry)

    name_practice(new_gp, entry, ODS["High"])

    assert "care_to_confirm" not in waits_for(new_gp)
    current = [
        one
        for one in queries.find_all(entry)
        if one.is_current(clock.now()) and one.organisation_id == gp.organisation_id
    ]
    assert [one.reason for one in current] == ["registered_here"]


def test_a_practice_named_after_another_that_has_not_answered_is_still_asked(
    gp: Actor, new_gp: Actor, entry: UUID
) -> None:
    third = a_clinician(Role.GP, an_organisation(ods_code="T90003"))
    open_for(gp, entry)
    name_practice(gp, entry, ODS["High"])
    name_practice(gp, entry, "T90003")

    open_for(new_gp, entry)
    actions.take_on(new_gp, entry, until_on=None)

    assert "care_to_confirm" in waits_for(third)
    open_for(third, entry)
    actions.take_on(third, entry, until_on=None)
    assert not reaches(new_gp, entry)
    assert reaches(third, entry)


def test_the_usual_practice_hands_over_by_naming_another(gp: Actor, entry: UUID) -> None:
    open_for(gp, entry)
    with pytest.raises(RuleBroken, match="Change the usual practice"):
        actions.end_care(gp, entry, why=EndReason.MOVED)
    assert reaches(gp, entry)


def test_what_has_ended_begins_anew_and_is_kept_beside(gp: Actor, nurse: Actor, entry: UUID) -> None:
    open_for(gp, entry)
    for _ in range(2):
        actions.refer(gp, entry, organisation_id=nurse.organisation_id)
        open_for(nurse, entry)
        actions.end_care(nurse, entry, why=EndReason.NOT_OURS)

    assert [one.end_reason for one in queries.find_all(entry) if one.reason == "referral"] == ["not_ours", "not_ours"]
