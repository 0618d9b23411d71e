"""What administrators do, for their own organisation and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.audit.model import AuditEvent
from epaccs.clinicians import actions, queries
from epaccs.clinicians.actions import (
    Door,
    NewAuthorisation,
    NewClinician,
    NewOrganisation,
    NewRole,
    OrganisationChanges,
)
from epaccs.clinicians.model import Clinician, Membership, Organisation, SigningAuthorisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role, SessionFacts, Step, next_step
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from tests.factories import a_clinician, an_authorisation, an_organisation

NURSE = NewClinician(
    user_name="n.made-up", name="Nora Made-Up", role=Role.HOSPICE_NURSE, professional_number="98I1234E"
)
DOOR = Door(address="192.0.2.10")


@pytest.fixture
def hospice(app: Flask) -> Organisation:
    return an_organisation(type=OrganisationType.HOSPICE)


@pytest.fixture
def administrator(hospice: Organisation) -> Actor:
    return a_clinician(Role.ADMINISTRATOR, hospice)


@pytest.fixture
def board(app: Flask) -> Actor:
    return a_clinician(Role.ADMINISTRATOR, an_organisation(type=OrganisationType.ICB))


def add_nurse(actor: Actor | None, hospice: Organisation, **changes: Any) -> actions.GivenCode:
    return actions.add_clinician(actor, organisation_id=hospice.id, new=replace(NURSE, **changes))


def places_of(clinician_id: UUID) -> list[tuple[UUID, Role]]:
    return [(p.organisation_id, p.role) for p in queries.open_places(clinician_id, today=clock.today())]


def last_event() -> AuditEvent:
    return db.session.scalars(select(AuditEvent).order_by(AuditEvent.at.desc())).first()  # type: ignore[return-value]


def a_session_of(actor: Actor, membership_id: UUID | None = None) -> tuple[actions.OpenedSession, SessionFacts]:
    place = queries.open_places(actor.clinician_id, today=clock.today())[0]
    opened = actions.start_session(actor.clinician_id, membership_id=membership_id or place.membership_id, door=DOOR)
    return opened, facts_of(opened)


def facts_of(opened: actions.OpenedSession) -> SessionFacts:
    facts = queries.find_session(actions.token_digest(opened.token), today=clock.today())
    assert facts is not None
    return facts


# Adding


def test_a_colleague_is_added_and_comes_in_with_the_code(administrator: Actor, hospice: Organisation) -> None:
    given = add_nurse(administrator, hospice, user_name="N.Made-Up")

    opened = actions.set_first_password("n.made-up", given.code, "a long night shift", door=DOOR)

    assert given.user_name == "n.made-up"
    assert facts_of(opened).name == "Nora Made-Up"
    assert places_of(given.clinician_id) == [(hospice.id, Role.HOSPICE_NURSE)]


def test_adding_leaves_codes_and_ids_in_the_audit_and_no_name(administrator: Actor, hospice: Organisation) -> None:
    given = add_nurse(administrator, hospice)

    event = last_event()
    assert (event.kind, event.actor_id, event.details["what"]) == (
        "people_changed",
        administrator.clinician_id,
        "added",
    )
    assert event.details["clinician"] == str(given.clinician_id)
    assert "Nora" not in str(event.details)
    assert given.code not in str(event.details)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"user_name": "n made-up"}, "user_name", id="a space in the user name"),
        pytest.param({"role": Role.GP}, "role", id="a role of a practice"),
        pytest.param({"professional_number": None}, "professional_number", id="a nurse without a number"),
        pytest.param({"until_date": clock.today() - timedelta(days=400)}, "until_date", id="over already"),
    ],
)
def test_a_colleague_who_cannot_be_added_leaves_nothing(
    administrator: Actor, hospice: Organisation, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        add_nurse(administrator, hospice, **changes)

    assert refused.value.field == field
    assert db.session.scalars(select(Clinician).where(Clinician.name == NURSE.name)).first() is None


def test_a_user_name_is_given_once(administrator: Actor, hospice: Organisation) -> None:
    add_nurse(administrator, hospice)

    with pytest.raises(RuleBroken, match="user name is taken"):
        add_nurse(administrator, hospice)
    add_nurse(administrator, hospice, user_name="n.made-up-2")


def test_nobody_but_an_administrator_of_the_place_adds_people(
    administrator: Actor, hospice: Organisation, board: Actor
) -> None:
    elsewhere = a_clinician(Role.ADMINISTRATOR, an_organisation(type=OrganisationType.HOSPICE))

    for actor, refusal in (
        (elsewhere, NotFound),
        (board, NotFound),
        (a_clinician(Role.HOSPICE_NURSE, hospice), Forbidden),
    ):
        with pytest.raises(refusal):
            add_nurse(actor, hospice)


def test_the_board_names_the_first_administrator(board: Actor, hospice: Organisation) -> None:
    first = add_nurse(board, hospice, role=Role.ADMINISTRATOR, professional_number=None)

    assert places_of(first.clinician_id) == [(hospice.id, Role.ADMINISTRATOR)]
    another_area = an_organisation(type=OrganisationType.HOSPICE, area="elsewhere")
    with pytest.raises(NotFound):
        add_nurse(board, another_area, role=Role.ADMINISTRATOR, user_name="other")


def test_the_command_line_adds_anybody(hospice: Organisation) -> None:
    given = add_nurse(None, hospice)

    assert places_of(given.clinician_id)
    assert last_event().actor_id is None


# Roles


def test_a_second_role_here_leaves_the_account_where_it_is_looked_after(
    administrator: Actor, hospice: Organisation
) -> None:
    gp = a_clinician(Role.GP, user_name="dr-two-places", professional_number="7654321")

    actions.give_role(administrator, "Dr-Two-Places", NewRole(Role.HOSPICE_DOCTOR))

    assert {role for _, role in places_of(gp.clinician_id)} == {Role.GP, Role.HOSPICE_DOCTOR}
    with pytest.raises(Forbidden, match="Another organisation"):
        actions.reset_password(administrator, gp.clinician_id)


@pytest.mark.parametrize(
    ("user_name", "role", "field"),
    [
        pytest.param("nobody-here", Role.HOSPICE_NURSE, "user_name", id="nobody"),
        pytest.param("dr-two-places", Role.GP, "role", id="a role of a practice"),
        pytest.param("no-number", Role.HOSPICE_NURSE, "professional_number", id="no professional number"),
    ],
)
def test_a_role_that_cannot_be_given_is_refused(administrator: Actor, user_name: str, role: Role, field: str) -> None:
    a_clinician(Role.GP, user_name="dr-two-places")
    a_clinician(Role.PRIVACY_OFFICER, user_name="no-number")

    with pytest.raises(RuleBroken) as refused:
        actions.give_role(administrator, user_name, NewRole(role))
    assert refused.value.field == field


def test_nobody_gives_themselves_a_role(hospice: Organisation) -> None:
    administrator = a_clinician(Role.ADMINISTRATOR, hospice, user_name="boss", professional_number="1")

    with pytest.raises(Forbidden):
        actions.give_role(administrator, "boss", NewRole(Role.HOSPICE_DOCTOR))
    assert places_of(administrator.clinician_id) == [(hospice.id, Role.ADMINISTRATOR)]


def test_an_ended_role_opens_nothing_at_the_next_request(administrator: Actor, hospice: Organisation) -> None:
    nurse = a_clinician(Role.HOSPICE_NURSE, hospice)
    opened, facts = a_session_of(nurse)
    assert next_step(facts, today=clock.today()) is Step.NONE
    assert facts.place is not None

    actions.end_role(administrator, facts.place.membership_id)

    assert next_step(facts_of(opened), today=clock.today()) is Step.CHOOSE_ORGANISATION
    assert places_of(nurse.clinician_id) == []


def test_an_ended_role_can_be_given_again(administrator: Actor, hospice: Organisation) -> None:
    nurse = a_clinician(Role.HOSPICE_NURSE, hospice, user_name="nora")
    membership_id = queries.open_places(nurse.clinician_id, today=clock.today())[0].membership_id
    actions.end_role(administrator, membership_id)

    actions.give_role(administrator, "nora", NewRole(Role.HOSPICE_NURSE))

    assert places_of(nurse.clinician_id) == [(hospice.id, Role.HOSPICE_NURSE)]


def test_nobody_ends_a_role_elsewhere_or_their_own(administrator: Actor) -> None:
    gp = a_clinician()
    for clinician_id, refusal in ((gp.clinician_id, NotFound), (administrator.clinician_id, Forbidden)):
        membership_id = queries.open_places(clinician_id, today=clock.today())[0].membership_id
        with pytest.raises(refusal):
            actions.end_role(administrator, membership_id)
        assert places_of(clinician_id)


# Accounts


def test_a_reset_is_for_those_the_organisation_looks_after(administrator: Actor, hospice: Organisation) -> None:
    nurse, stranger = a_clinician(Role.HOSPICE_NURSE, hospice), a_clinician()

    assert actions.reset_password(administrator, nurse.clinician_id).code
    with pytest.raises(NotFound):
        actions.reset_password(administrator, stranger.clinician_id)
    with pytest.raises(Forbidden):
        actions.reset_password(administrator, administrator.clinician_id)


def test_a_closed_account_ends_every_session_and_can_be_opened_again(
    administrator: Actor, hospice: Organisation
) -> None:
    nurse = a_clinician(Role.HOSPICE_NURSE, hospice)
    opened, _ = a_session_of(nurse)

    actions.end_access(administrator, nurse.clinician_id)

    assert facts_of(opened).end_reason == "access_ended"
    with pytest.raises(RuleBroken, match="was ended"):
        actions.reset_password(administrator, nurse.clinician_id)
    actions.reopen_access(administrator, nurse.clinician_id)
    assert db.session.get_one(Clinician, nurse.clinician_id).ended_at is None


def test_a_name_written_wrong_is_put_right(administrator: Actor, hospice: Organisation) -> None:
    nurse = a_clinician(Role.HOSPICE_NURSE, hospice)

    actions.change_clinician(administrator, nurse.clinician_id, name="Nora O'Neill", professional_number="98I1234E")

    assert db.session.get_one(Clinician, nurse.clinician_id).name == "Nora O'Neill"
    with pytest.raises(RuleBroken):
        actions.change_clinician(administrator, nurse.clinician_id, name="Nora", professional_number=None)


# Authorisations to sign


def this_year() -> NewAuthorisation:
    return NewAuthorisation("Medical director", clock.today(), clock.today() + timedelta(days=365))


def test_an_authorisation_lets_a_person_sign_until_it_is_revoked(administrator: Actor, hospice: Organisation) -> None:
    doctor = a_clinician(Role.HOSPICE_DOCTOR, hospice)
    opened, facts = a_session_of(doctor)
    assert not facts.may_sign

    actions.authorise_signing(administrator, doctor.clinician_id, this_year())

    assert facts_of(opened).may_sign
    authorisation = db.session.scalars(select(SigningAuthorisation)).one()
    assert actions.revoke_authorisation(administrator, authorisation.id) == doctor.clinician_id
    assert not facts_of(opened).may_sign
    with pytest.raises(NotFound):
        actions.revoke_authorisation(administrator, authorisation.id)


@pytest.mark.parametrize(
    ("from_day", "until_day", "may_sign"),
    [
        pytest.param(-10, 0, True, id="last day"),
        pytest.param(0, 10, True, id="first day"),
        pytest.param(-10, -1, False, id="over since yesterday"),
        pytest.param(1, 10, False, id="begins tomorrow"),
    ],
)
def test_an_authorisation_counts_from_its_first_to_its_last_day(
    hospice: Organisation, from_day: int, until_day: int, may_sign: bool
) -> None:
    doctor, today = a_clinician(Role.HOSPICE_DOCTOR, hospice), clock.today()
    db.session.add(
        an_authorisation(
            doctor.clinician_id,
            from_date=today + timedelta(days=from_day),
            until_date=today + timedelta(days=until_day),
        )
    )
    db.session.commit()

    assert a_session_of(doctor)[1].may_sign is may_sign


def test_only_a_colleague_in_a_role_that_signs_is_authorised(administrator: Actor, hospice: Organisation) -> None:
    elsewhere = a_clinician(Role.HOSPICE_DOCTOR)
    with pytest.raises(NotFound):
        actions.authorise_signing(administrator, elsewhere.clinician_id, this_year())
    with pytest.raises(Forbidden):
        actions.authorise_signing(administrator, administrator.clinician_id, this_year())
    colleague = a_clinician(Role.PRIVACY_OFFICER, hospice)
    with pytest.raises(RuleBroken):
        actions.authorise_signing(administrator, colleague.clinician_id, this_year())

    assert db.session.scalars(select(SigningAuthorisation)).first() is None


def test_a_nurse_does_not_authorise(hospice: Organisation) -> None:
    nurse, doctor = a_clinician(Role.HOSPICE_NURSE, hospice), a_clinician(Role.HOSPICE_DOCTOR, hospice)

    with pytest.raises(Forbidden):
        actions.authorise_signing(nurse, doctor.clinician_id, this_year())


# Organisations


RIVERSIDE = NewOrganisation(ods_code="a81001", name="Riverside Surgery", type=OrganisationType.GP_PRACTICE)


def test_an_organisation_joins_the_area_of_the_board(board: Actor) -> None:
    organisation_id = actions.add_organisation(board, RIVERSIDE)

    added = db.session.get_one(Organisation, organisation_id)
    assert (added.ods_code, added.area) == ("A81001", "northdale")


def test_an_ods_code_is_never_given_to_another(board: Actor) -> None:
    actions.close_organisation(board, actions.add_organisation(board, RIVERSIDE))

    with pytest.raises(RuleBroken, match="never given to another") as refused:
        actions.add_organisation(board, replace(RIVERSIDE, name="Another"))
    assert refused.value.field == "ods_code"


def test_only_the_board_lets_organisations_in_and_out(administrator: Actor, board: Actor) -> None:
    with pytest.raises(Forbidden):
        actions.add_organisation(administrator, RIVERSIDE)
    with pytest.raises(Forbidden):
        actions.close_organisation(administrator, administrator.organisation_id)
    with pytest.raises(NotFound):
        actions.close_organisation(board, board.organisation_id)
    with pytest.raises(NotFound):
        actions.close_organisation(board, an_organisation(area="elsewhere").id)


def test_nobody_works_at_a_closed_organisation(board: Actor, hospice: Organisation) -> None:
    nurse = a_clinician(Role.HOSPICE_NURSE, hospice)
    opened, _ = a_session_of(nurse)

    actions.close_organisation(board, hospice.id)

    assert next_step(facts_of(opened), today=clock.today()) is Step.CHOOSE_ORGANISATION
    assert places_of(nurse.clinician_id) == []


def test_a_demand_for_a_second_factor_holds_from_the_next_page_on(administrator: Actor, hospice: Organisation) -> None:
    nurse = a_clinician(Role.HOSPICE_NURSE, hospice)
    opened, _ = a_session_of(nurse)
    changes = OrganisationChanges("01632 960100", "01632 960101", None, demands_second_factor=True)

    actions.change_organisation(administrator, hospice.id, changes)

    assert next_step(facts_of(opened), today=clock.today()) is Step.SET_UP_SECOND_FACTOR
    assert set(last_event().details["changed"]) == {"telephone", "telephone_24h", "demands_second_factor"}


def test_nobody_changes_another_organisation(administrator: Actor) -> None:
    other = an_organisation()

    with pytest.raises(NotFound):
        actions.change_organisation(administrator, other.id, OrganisationChanges(None, None, None, False))


def test_the_role_of_another_person_is_no_way_in(hospice: Organisation) -> None:
    nurse, gp = a_clinician(Role.HOSPICE_NURSE, hospice), a_clinician()
    of_gp = db.session.scalars(select(Membership.id).where(Membership.clinician_id == gp.clinician_id)).one()

    with pytest.raises(NotFound):
        actions.start_session(nurse.clinician_id, membership_id=of_gp, door=DOOR)
