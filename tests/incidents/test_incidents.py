"""The same facts for every organisation concerned, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import DatabaseError

from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import db, writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.incidents import actions, queries
from epaccs.incidents.model import IncidentLine
from epaccs.incidents.rules import Kind
from tests.conftest import NOW
from tests.factories import a_clinician, a_registered_person, an_organisation
from tests.factories import sign_in as give_cookie
from tests.pages import PageClient


@pytest.fixture
def practice(app: Flask) -> Organisation:
    return an_organisation(name="Elm Street")


@pytest.fixture
def officer(practice: Organisation) -> Actor:
    return a_clinician(Role.PRIVACY_OFFICER, practice, name="Olive Officer")


@pytest.fixture
def trust(app: Flask) -> Actor:
    """An administrator of the ambulance trust."""
    organisation = an_organisation(type=OrganisationType.AMBULANCE, name="The ambulance", area="elsewhere")
    return a_clinician(Role.ADMINISTRATOR, organisation, name="Abe Admin")


def as_(app: Flask, actor: Actor) -> PageClient:
    browser = PageClient(app)
    give_cookie(browser.browser, actor)
    return browser


def an_incident(officer: Actor, *others: Actor, **changes: Any) -> UUID:
    new = {"title": "A tablet lay in a taxi", "what_happened": "It was open.", "noticed_at": NOW, **changes}
    organisations = tuple(one.organisation_id for one in others)
    return actions.open_incident(officer, actions.NewIncident(**new, organisations=organisations))


def facts_of(actor: Actor, incident_id: UUID) -> Any:
    page = queries.get_incident(actor, incident_id)
    return page.what_happened, page.lines, [(one.name, one.told, one.has_agreed) for one in page.parties]


def test_an_incident_is_opened_seen_by_all_and_closed_by_none_alone(
    app: Flask, officer: Actor, trust: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    ours, theirs = as_(app, officer), as_(app, trust)
    ours.open("/incidents").follow("Open an incident").fill(
        title="A tablet lay in a taxi",
        what_happened="It was open for an hour.",
        noticed_at=NOW.date(),
        organisations=[str(trust.organisation_id)],
    )
    ours.fill(**{"noticed_at-time": "02:30"}).submit("Open the incident")
    ours.see("71 hours left to tell the Information Commissioner", "The ambulance", "Not opened yet")
    address = ours.page.url

    theirs.open("/incidents").see("Waits for you").follow("A tablet lay in a taxi").see("It was open for an hour.")
    ours.open(address).see_nothing_of("Not opened yet")
    ours.submit("Agree to close it", status=422).see("Say first whether your organisation told")
    ours.open(address).fill(kind="told", text="By telephone at 4:00").submit("Add statement").see(
        "By telephone at 4:00"
    )
    theirs.open(address).fill(kind="not_needed", text="We hold nothing of it").submit("Add statement")
    ours.open(address).submit("Agree to close it").see("It closes when every organisation concerned has agreed")
    theirs.open(address).see("Olive Officer, privacy officer, Elm Street")
    theirs.submit("Agree to close it").see("Closed: every organisation concerned has agreed")

    frozen_clock(NOW + timedelta(days=4))
    ours = as_(app, officer)
    ours.open(address).fill(kind="known", text="It was found").submit("Add statement").see("The 72 hours ended")
    assert [one.waits_for_us for one in queries.find_incidents(trust)] == [True]
    assert queries.count_waiting(officer) == 1


def test_every_organisation_reads_the_same(officer: Actor, trust: Actor) -> None:
    incident_id = an_incident(officer, trust)
    actions.add_statement(trust, incident_id, kind=Kind.KNOWN, text="We have looked")

    assert facts_of(officer, incident_id) == facts_of(trust, incident_id)


def test_whoever_is_not_concerned_finds_nothing(app: Flask, officer: Actor, trust: Actor) -> None:
    incident_id = an_incident(officer)

    assert queries.find_incidents(trust) == []
    for attempt in (
        lambda: queries.get_incident(trust, incident_id),
        lambda: actions.note_seen(trust, incident_id),
        lambda: actions.add_statement(trust, incident_id, kind=Kind.KNOWN, text="x"),
        lambda: actions.add_organisations(trust, incident_id, [trust.organisation_id]),
        lambda: actions.agree_to_close(trust, incident_id),
        lambda: queries.others_not_concerned(trust, incident_id),
        lambda: queries.get_incident(officer, new_id()),
    ):
        with pytest.raises(NotFound):
            attempt()
    as_(app, trust).open(f"/incidents/{incident_id}", status=404)


def test_a_clinician_handles_no_incident(officer: Actor, practice: Organisation) -> None:
    gp, incident_id = a_clinician(Role.GP, practice), an_incident(officer)

    with pytest.raises(Forbidden):
        an_incident(gp)
    with pytest.raises(Forbidden):
        queries.get_incident(gp, incident_id)
    assert queries.count_waiting(gp) == 0


def test_a_person_is_named_only_to_whoever_may_know_of_them_and_counted_for_all(
    app: Flask, officer: Actor, trust: Actor, practice: Organisation
) -> None:
    a_registered_person(a_clinician(Role.GP, practice), nhs_number="9990000018", family_name="Okonkwo")
    incident_id = an_incident(officer, trust)
    page = as_(app, officer).open(f"/incidents/{incident_id}").follow("Add a person")
    page.fill(nhs_number="999 000 0018").submit("Add the person").see("OKONKWO, Grace")
    page.follow("Add a person").fill(nhs_number="999 000 0018").submit("Add the person", status=422)
    page.fill(nhs_number="999 000 0026").submit("Add the person", status=422)
    assert page.errors() == ["No record with this NHS number can be shown to you"]

    theirs = as_(app, trust).open(f"/incidents/{incident_id}")
    theirs.see(queries.UNNAMED).see_nothing_of("OKONKWO", "Okonkwo")
    with pytest.raises(Forbidden):
        actions.add_person(trust, incident_id, "9990000018")
    kept = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "incident_changed")).all()
    assert "Okonkwo" not in str([row.details for row in kept])


def test_more_organisations_join_and_see_everything_from_the_beginning(
    app: Flask, officer: Actor, trust: Actor
) -> None:
    incident_id = an_incident(officer)
    page = as_(app, officer).open(f"/incidents/{incident_id}").follow("Add organisations")
    page.fill(organisations=[str(trust.organisation_id)]).submit("Add organisations").see("The ambulance")
    actions.add_organisations(officer, incident_id, [trust.organisation_id])

    assert [one.name for one in queries.get_incident(trust, incident_id).parties] == ["Elm Street", "The ambulance"]
    for organisation_id in (new_id(), an_organisation(closed_on=NOW.date()).id):
        with pytest.raises(RuleBroken, match="Choose only"):
            actions.add_organisations(officer, incident_id, [organisation_id])


def test_no_line_is_changed_or_removed(officer: Actor) -> None:
    incident_id = an_incident(officer)

    with pytest.raises(DatabaseError), writing() as session:
        session.execute(update(IncidentLine).where(IncidentLine.incident_id == incident_id).values(text="other"))
    with pytest.raises(RuleBroken, match="Choose only"):
        actions.add_statement(officer, incident_id, kind=Kind.AGREED, text="for everybody")
