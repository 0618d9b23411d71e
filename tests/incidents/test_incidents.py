"""The same facts for every organisation concerned, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, select, update
from sqlalchemy.exc import DatabaseError

from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import db, writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.incidents import actions, queries, rules
from epaccs.incidents.model import Incident, IncidentLine
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


# What is cut from the list, and what is not


def lines_in_turn(*lines: tuple[Kind, UUID, UUID | None], days_ago: int = 0) -> UUID:
    """An incident of which so much was said, as if it had been; its lines say kind, by whom, and about whom."""
    noticed_at, incident_id = NOW - timedelta(days=days_ago), new_id()
    who = {"clinician_id": new_id(), "clinician_name": "Olive Officer", "role": str(Role.PRIVACY_OFFICER)}
    with writing() as session:
        row = Incident(
            id=incident_id, title=f"{days_ago} days ago", what_happened="x", noticed_at=noticed_at, opened_at=noticed_at
        )
        session.add(row)
        session.flush()
        for sequence, (kind, by, about) in enumerate(lines, start=1):
            said = {"sequence": sequence, "kind": str(kind), "subject_id": about, "said_at": noticed_at}
            organisation = {"organisation_id": by, "organisation_name": "x"}
            session.add(IncidentLine(incident_id=incident_id, **said, **who, **organisation))
    return incident_id


def test_an_open_incident_is_shown_however_many_newer_ones_were_closed_since(officer: Actor) -> None:
    own = officer.organisation_id
    begun = [(Kind.CONCERNED, own, own)]
    old = [lines_in_turn(*begun, days_ago=days) for days in (400, 401)]
    for days in range(1, queries.CLOSED_SHOWN + 3):
        lines_in_turn(*begun, (Kind.TOLD, own, None), (Kind.AGREED, own, None), days_ago=days)

    found = queries.find_incidents(officer)

    assert [one.id for one in found[:2]] == old
    assert [one.is_closed for one in found] == [False] * 2 + [True] * queries.CLOSED_SHOWN
    assert found[2].title == "1 days ago"
    assert queries.count_waiting(officer) == 2


OURS, THEIRS = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param([], id="nobody agreed"),
        pytest.param([(Kind.AGREED, OURS)], id="we agreed"),
        pytest.param([(Kind.AGREED, THEIRS)], id="they agreed"),
        pytest.param([(Kind.AGREED, OURS), (Kind.AGREED, THEIRS)], id="both agreed"),
        pytest.param([(Kind.AGREED, OURS), (Kind.SEEN, THEIRS), (Kind.AGREED, THEIRS)], id="opened between"),
        pytest.param([(Kind.AGREED, OURS), (Kind.KNOWN, THEIRS), (Kind.AGREED, THEIRS)], id="more was said between"),
        pytest.param([(Kind.AGREED, OURS), (Kind.AGREED, THEIRS), (Kind.DONE, OURS)], id="more was said after"),
        pytest.param(
            [(Kind.AGREED, OURS), (Kind.DONE, OURS), (Kind.AGREED, OURS), (Kind.AGREED, THEIRS)], id="agreed again"
        ),
    ],
)
def test_the_database_counts_as_the_rules_do(officer: Actor, trust: Actor, rest: list[tuple[Kind, UUID]]) -> None:
    meant = {OURS: officer.organisation_id, THEIRS: trust.organisation_id}
    named = [(Kind.CONCERNED, meant[OURS], one) for one in meant.values()]
    incident_id = lines_in_turn(*named, *((kind, meant[by], None) for kind, by in rest))

    everything = queries.said(queries.lines_of(incident_id))
    agreed = rules.agreed(everything)

    for actor in (officer, trust):
        (found,) = queries.find_incidents(actor)
        assert found.is_closed is rules.is_closed(everything)
        assert found.waits_for_us is (actor.organisation_id not in agreed)
        assert queries.count_waiting(actor) == (actor.organisation_id not in agreed)
    assert db.session.scalars(select(Incident.id).where(queries._is_open())).all() == (
        [] if rules.is_closed(everything) else [incident_id]
    )


def test_the_menu_asks_the_database_once_however_many_there_are(officer: Actor) -> None:
    for days in range(3):
        lines_in_turn((Kind.CONCERNED, officer.organisation_id, officer.organisation_id), days_ago=days)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert queries.count_waiting(officer) == 3
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

    assert len([one for one in statements if one.startswith("SELECT")]) == 1
