"""The list of a team shows those whom it looks after, wherever they are, with a reason, and never part of them."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.model import Relationship
from epaccs.access.rules import AccessReason
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.coordination import actions, queries, rules
from epaccs.coordination.rules import NOT_ON_LIST_OF_TEAM, Round
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.record.rules.card import Site
from epaccs.relationships.actions import end_care, take_on
from epaccs.relationships.rules import EndReason
from epaccs.versions.actions import apply_edit
from tests.coordination.residents import a_home, a_resident
from tests.factories import a_clinician, a_consent, a_registered_person, an_edit, an_organisation, sign_in
from tests.pages import PageClient

SITE = Site("01632 960100")
GIVEN = AccessReason.PERMISSION_GIVEN


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def nurse(gp: Actor) -> Actor:
    """A nurse of the hospice whose people are listed."""
    return a_clinician(Role.HOSPICE_NURSE, an_organisation(type=OrganisationType.HOSPICE, name="Larch Hospice"))


def looked_after(gp: Actor, nurse: Actor, **fields: object) -> UUID:
    """Somebody of the GP's practice whom the nurse's team looks after."""
    return in_care(a_registered_person(gp, **fields), nurse)


def in_care(entry_id: UUID, nurse: Actor) -> UUID:
    """The person, whom the nurse's team looks after from now on."""
    db.session.add(
        Relationship(entry_id=entry_id, organisation_id=nurse.organisation_id, reason="referral", from_at=clock.now())
    )
    db.session.commit()
    return entry_id


def the_list(actor: Actor) -> Round:
    actions.begin_round(actor, actor.organisation_id, reason=GIVEN)
    return actions.read_round(actor, actor.organisation_id, site=SITE)


def ids_of(found: Round) -> list[UUID]:
    return [one.entry_id for one in found.residents]


def test_a_team_lists_those_whom_it_looks_after_and_nobody_else(gp: Actor, nurse: Actor) -> None:
    ours = looked_after(gp, nurse)
    a_registered_person(gp)
    looked_after(gp, a_clinician(Role.HOSPICE_NURSE))

    assert ids_of(the_list(nurse)) == [ours]


def test_a_practice_lists_its_own_people(gp: Actor) -> None:
    ours = {a_registered_person(gp), a_registered_person(gp, consent=a_consent(share_status="refused"))}
    a_registered_person(a_clinician(Role.GP))

    assert set(ids_of(the_list(gp))) == ours


def test_the_list_goes_by_home_and_room_and_then_by_name_and_says_where_each_is(gp: Actor, nurse: Actor) -> None:
    home = a_home("Hill House")
    at_home = [looked_after(gp, nurse, family_name=name, address="3 Low Road\nNorthdale") for name in ("Wood", "Bell")]
    residents = [in_care(a_resident(gp, home, room=room), nurse) for room in ("Room 10", "Room 2")]

    found = the_list(nurse)

    assert ids_of(found) == [residents[1], residents[0], at_home[1], at_home[0]]
    assert [one.room for one in found.residents][:2] == ["Hill House, Room 2", "Hill House, Room 10"]
    assert all("3 Low Road" in one.room for one in found.residents[2:])


def test_whose_address_is_restricted_is_listed_without_a_place(gp: Actor, nurse: Actor) -> None:
    looked_after(gp, nurse, address="3 Low Road\nNorthdale", address_restricted=True)

    (line,) = the_list(nurse).residents

    assert line.room == "Address restricted"
    assert "Low Road" not in repr(line)


def test_whoever_left_the_care_of_the_team_is_off_its_list_at_once(gp: Actor, nurse: Actor) -> None:
    left, stays = looked_after(gp, nurse), looked_after(gp, nurse)
    assert set(ids_of(the_list(nurse))) == {left, stays}

    take_on(nurse, left, until_on=None)
    end_care(nurse, left, why=EndReason.FINISHED)

    assert ids_of(actions.read_round(nurse, nurse.organisation_id, site=SITE)) == [stays]


def test_whoever_shares_with_nobody_and_whose_death_was_confirmed_is_not_on_it(gp: Actor, nurse: Actor) -> None:
    looked_after(gp, nurse, consent=a_consent(share_status="refused"))
    died = looked_after(gp, nurse)
    body = {"died_on": clock.today().isoformat(), "place": "home"}
    apply_edit(gp, an_edit(died, "lifecycle", body, kind="confirm_death"))

    found = the_list(nurse)

    assert found.total == 0
    assert found.place.not_on_it == NOT_ON_LIST_OF_TEAM


def test_more_people_than_a_list_holds_are_not_shown_in_part(
    gp: Actor, nurse: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (queries, actions):
        monkeypatch.setattr(module, "MOST_ON_A_LIST", 1)
    looked_after(gp, nurse)
    assert len(the_list(nurse).residents) == 1
    looked_after(gp, nurse)

    found = actions.read_round(nurse, nurse.organisation_id, site=SITE)

    assert (found.residents, found.unopened, found.too_many) == ((), (), 2)
    with pytest.raises(RuleBroken, match="than the 1 that a list holds"):
        actions.begin_round(nurse, nurse.organisation_id, reason=GIVEN)
    assert rules.MOST_ON_A_LIST == 200
    events = select(AuditEvent).where(AuditEvent.kind == str(EventKind.ACCESS_REASON_GIVEN))
    assert len([one for one in db.session.scalars(events) if one.actor_id == nurse.clinician_id]) == 1


def test_nobody_lists_another_team(gp: Actor, nurse: Actor) -> None:
    looked_after(gp, nurse)

    for place in (nurse.organisation_id, uuid4()):
        with pytest.raises(NotFound):
            actions.read_round(gp, place, site=SITE)


@pytest.mark.parametrize("role", [Role.PARAMEDIC, Role.CALL_HANDLER, Role.SOCIAL_WORKER], ids=str)
def test_a_role_that_goes_on_no_rounds_lists_no_team(app: Flask, role: Role) -> None:
    actor = a_clinician(role)

    with pytest.raises(Forbidden):
        actions.read_round(actor, actor.organisation_id, site=SITE)


def test_each_of_those_listed_can_ask_who_saw_it(gp: Actor, nurse: Actor) -> None:
    ours = looked_after(gp, nurse)

    the_list(nurse)

    seen = select(AuditEvent).where(AuditEvent.kind == str(EventKind.ROUND_VIEWED))
    [event] = db.session.scalars(seen)
    assert (event.entry_id, event.details["team"]) == (ours, str(nurse.organisation_id))


def test_from_the_first_page_to_the_list_of_the_team(app: Flask, gp: Actor, nurse: Actor) -> None:
    looked_after(gp, nurse, family_name="Okonkwo")
    client = PageClient(app)
    sign_in(client.browser, nurse)

    client.open("/").follow("Lists and rounds").follow("In the care of Larch Hospice")
    client.see("1 person in your care", "Nothing is shown of anybody").see_nothing_of("Okonkwo")
    client.submit("Show the list", status=422)
    assert client.errors() == ["Choose why you open these records"]
    client.fill(reason="permission_given").submit("Show the list")
    client.see("OKONKWO", "1 of 1 person in your care", NOT_ON_LIST_OF_TEAM)


def test_the_page_of_a_team_with_too_many_says_so(
    app: Flask, gp: Actor, nurse: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_ON_A_LIST", 1)
    for _ in range(2):
        looked_after(gp, nurse, family_name="Okonkwo")
    client = PageClient(app)
    sign_in(client.browser, nurse)

    client.open(f"/rounds/{nurse.organisation_id}").see("2 people are in your care here").see_nothing_of("Okonkwo")
