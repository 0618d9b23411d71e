"""A care home's round shows all residents within reach and nobody else, with a reason, and leaves a trace."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.model import AccessGrant
from epaccs.access.rules import AccessReason
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.coordination import actions, queries
from epaccs.coordination.rules import NOT_ON_IT, Round
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.cpr_decisions.rules import EditKind
from epaccs.notices.model import Notice
from epaccs.observations.actions import observe
from epaccs.observations.rules import What
from epaccs.record.rules.card import Site
from epaccs.versions.actions import apply_edit
from tests.coordination.residents import a_home, a_resident
from tests.cpr_decisions.test_actions import a_decision, do, state
from tests.factories import a_clinician, a_consent, a_registered_person, an_edit, an_organisation, sign_in
from tests.pages import PageClient

SITE = Site("01632 960100")
GIVEN = AccessReason.PERMISSION_GIVEN


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def partner(gp: Actor) -> Actor:
    """A colleague of the GP who put the residents on the register; nobody asks the GP for a reason any more."""
    return a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id), may_sign=True)


@pytest.fixture
def home(app: Flask) -> Organisation:
    return a_home()


def events(kind: EventKind) -> list[AuditEvent]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.kind == str(kind)).order_by(AuditEvent.id)))


def a_round(actor: Actor, home: Organisation) -> Round:
    actions.begin_round(actor, home.id, reason=GIVEN)
    return actions.read_round(actor, home.id, site=SITE)


def ids_of(found: Round) -> list[UUID]:
    return [one.entry_id for one in found.residents]


# --- Who is on it ---


def test_a_round_goes_by_room_and_then_by_name(gp: Actor, home: Organisation) -> None:
    tenth = a_resident(gp, home, room="Room 10")
    unknown = a_resident(gp, home, room="")
    second = [a_resident(gp, home, room="Room 2", family_name=name) for name in ("Bell", "Adeyemi")]

    found = a_round(gp, home)

    assert ids_of(found) == [second[1], second[0], tenth, unknown]
    assert [one.room for one in found.residents] == ["Room 2", "Room 2", "Room 10", ""]


def test_somebody_who_lives_elsewhere_is_not_on_it(gp: Actor, home: Organisation) -> None:
    resident = a_resident(gp, home)
    a_registered_person(gp)
    a_resident(gp, a_home("The Limes"))

    assert ids_of(a_round(gp, home)) == [resident]


def test_each_reader_sees_those_of_their_own_scope(gp: Actor, home: Organisation) -> None:
    team = an_organisation(type=OrganisationType.COMMUNITY)
    nurse, night = a_clinician(Role.COMMUNITY_NURSE, team), a_clinician(Role.OUT_OF_HOURS_GP)
    senior = a_clinician(Role.CARE_HOME_SENIOR, home)
    other_gp = a_clinician(Role.GP)
    cared_for = a_resident(gp, home, room="Room 1", key_worker_ods=team.ods_code, key_worker_name="Jackie Marsh")
    own = a_resident(gp, home, room="Room 2")
    of_others = a_resident(other_gp, home, room="Room 3", key_worker_ods=team.ods_code, key_worker_name="Jackie Marsh")

    assert ids_of(a_round(gp, home)) == [cared_for, own]
    assert ids_of(a_round(nurse, home)) == [cared_for, of_others]
    assert ids_of(a_round(night, home)) == [cared_for, own, of_others]
    assert ids_of(a_round(senior, home)) == [cared_for, own, of_others]
    assert ids_of(a_round(a_clinician(Role.HOSPICE_NURSE), home)) == []


def test_whoever_shares_with_nobody_is_on_the_round_of_their_practice_alone(gp: Actor, home: Organisation) -> None:
    resident = a_resident(gp, home, consent=a_consent(share_status="refused"))

    assert ids_of(a_round(gp, home)) == [resident]
    assert ids_of(a_round(a_clinician(Role.OUT_OF_HOURS_GP), home)) == []


def test_a_restricted_address_stands_on_no_list_of_a_home(gp: Actor, home: Organisation) -> None:
    a_resident(gp, home, address_restricted=True)

    assert a_round(gp, home).total == 0
    assert a_round(a_clinician(Role.CARE_HOME_SENIOR, home), home).total == 0
    assert queries.homes_of(gp) == []


def test_whose_death_was_confirmed_is_not_on_it_and_whose_was_only_reported_is(gp: Actor, home: Organisation) -> None:
    reported, confirmed = a_resident(gp, home, room="Room 1"), a_resident(gp, home, room="Room 2")
    for entry_id, kind in ((reported, "report_death"), (confirmed, "confirm_death")):
        apply_edit(
            gp, an_edit(entry_id, "lifecycle", {"died_on": clock.today().isoformat(), "place": "home"}, kind=kind)
        )

    (found,) = a_round(gp, home).residents

    assert found.entry_id == reported
    assert "Not confirmed." in str(found.attention)


# --- The reason ---


def test_nothing_of_anybody_is_shown_before_a_reason_was_given(gp: Actor, partner: Actor, home: Organisation) -> None:
    resident = a_resident(gp, home)

    found = actions.read_round(partner, home.id, site=SITE)

    assert found.residents == ()
    assert found.unopened == (resident,)


def test_one_reason_opens_every_resident_and_says_that_nobody_was_compared(
    gp: Actor, partner: Actor, home: Organisation
) -> None:
    people = {a_resident(gp, home), a_resident(gp, home)}

    assert actions.begin_round(partner, home.id, reason=GIVEN) == 2

    grants = list(db.session.scalars(select(AccessGrant).where(AccessGrant.clinician_id == partner.clinician_id)))
    assert {grant.entry_id for grant in grants} == people
    assert {(grant.reason, tuple(grant.identifiers_checked)) for grant in grants} == {("permission_given", ())}
    given = [one for one in events(EventKind.ACCESS_REASON_GIVEN) if one.actor_id == partner.clinician_id]
    assert {one.entry_id for one in given} == people
    assert actions.begin_round(partner, home.id, reason=GIVEN) == 0


def test_whoever_came_after_the_reason_is_counted_and_not_shown(gp: Actor, partner: Actor, home: Organisation) -> None:
    first = a_resident(gp, home)
    a_round(partner, home)
    later = a_resident(gp, home)

    found = actions.read_round(partner, home.id, site=SITE)

    assert (ids_of(found), found.unopened, found.total) == ([first], (later,), 2)
    assert "1 more resident is not shown" in found.left_out
    assert a_round(partner, home).left_out == ""


def test_no_emergency_opens_a_whole_round(gp: Actor, partner: Actor, home: Organisation) -> None:
    a_resident(gp, home)

    with pytest.raises(RuleBroken, match="Open one record in an emergency, not a whole round"):
        actions.begin_round(partner, home.id, reason=AccessReason.EMERGENCY)

    assert events(EventKind.EMERGENCY_ACCESS) == []
    assert actions.read_round(partner, home.id, site=SITE).residents == ()


@pytest.mark.parametrize("role", [Role.PARAMEDIC, Role.CALL_HANDLER, Role.COORDINATOR, Role.SOCIAL_WORKER], ids=str)
def test_a_role_that_goes_on_no_rounds_gets_no_list(gp: Actor, home: Organisation, role: Role) -> None:
    a_resident(gp, home)
    actor = a_clinician(role)

    for refused in (
        lambda: actions.begin_round(actor, home.id, reason=GIVEN),
        lambda: actions.read_round(actor, home.id, site=SITE),
        lambda: queries.homes_of(actor),
    ):
        with pytest.raises(Forbidden, match="may not see the residents of a care home on a round"):
            refused()


@pytest.mark.parametrize("kind", [OrganisationType.GP_PRACTICE, None], ids=["a practice", "nothing"])
def test_only_a_care_home_has_a_round(partner: Actor, kind: OrganisationType | None) -> None:
    place = an_organisation(type=kind).id if kind else uuid4()

    with pytest.raises(NotFound):
        actions.read_round(partner, place, site=SITE)


# --- What it says ---


def test_the_line_about_cpr_is_the_one_of_the_card(app: Flask, gp: Actor, partner: Actor, home: Organisation) -> None:
    resident = a_resident(gp, home)
    do(gp, resident, EditKind.SIGN, a_decision())
    client = PageClient(app)
    sign_in(client.browser, partner)

    page = client.open(f"/rounds/{home.id}").fill(reason="permission_given").submit("Show the list")
    cpr = a_round(partner, home).residents[0].cpr
    page.see(*[run if isinstance(run, str) else run[1] for line in (cpr.line, *cpr.words) for run in line])

    client.open(f"/record/{resident}").see("Identity not checked: compare before you act")
    client.see(*[run if isinstance(run, str) else run[1] for line in (cpr.line, *cpr.words) for run in line])


def test_what_is_overdue_or_in_doubt_stands_beside_it(gp: Actor, home: Organisation) -> None:
    resident = a_resident(gp, home, room="Room 1")
    calm = a_resident(gp, home, room="Room 2")
    do(gp, resident, EditKind.SIGN, a_decision())
    do(gp, resident, EditKind.REVIEW_ASKED, {"words": "She asked about it"})
    said = {"words": "The level is old", "part": "treatment_level"}
    observe(gp, uuid4(), entry_id=resident, what=What.WRONG, said=said)
    apply_edit(gp, an_edit(resident, "treatment_level", {"level": "comfort_only"}))
    apply_edit(gp, an_edit(resident, "treatment_level", {"level": "hospital_for_symptoms"}, base_version=0))

    first, second = a_round(gp, home).residents

    assert (first.entry_id, second.entry_id) == (resident, calm)
    words = " ".join("".join(run if isinstance(run, str) else run[1] for run in line) for line in first.attention)
    assert "Said to be wrong, not settled: Treatment level" in words
    assert "In dispute: Treatment level" in words
    assert "A review of the CPR decision is asked for" in words
    assert "Two changes disagree" in words
    assert second.attention == ()


def test_what_is_past_its_day_is_called_overdue(gp: Actor, home: Organisation) -> None:
    resident = a_resident(gp, home)
    do(gp, resident, EditKind.SIGN, a_decision())

    with clock.standing_at(clock.now() + timedelta(days=400)):
        (line,) = a_round(gp, home).residents

    said = ["".join(run if isinstance(run, str) else run[1] for run in one) for one in line.attention]
    assert "Overdue: The CPR decision is due for review" in said
    assert any(one.startswith("Overdue: review of the whole record, ") for one in said)
    assert line.cpr.is_overdue


def test_what_one_clinician_was_told_is_not_shown_to_others(gp: Actor, home: Organisation) -> None:
    resident = a_resident(gp, home)
    common = {"entry_id": resident, "organisation_id": gp.organisation_id, "severity": "high"}
    now = clock.now()
    db.session.add(
        Notice(id=uuid4(), kind="read_what_was_wrong", clinician_id=uuid4(), created_at=now, shows_from=now, **common)
    )
    db.session.commit()

    (line,) = a_round(gp, home).residents

    assert line.attention == ()


def test_two_residents_of_similar_names_are_marked(gp: Actor, home: Organisation) -> None:
    for born_on in ("1941-01-06", "1938-05-05"):
        a_resident(gp, home, family_name="Wood", given_name="Jean", born_on=born_on)

    found = a_round(gp, home)

    assert all("similar name" in str(one.who.warnings) for one in found.residents)


def test_what_limits_treatment_stands_beside_the_line_and_leads_nowhere_else(gp: Actor, home: Organisation) -> None:
    resident = a_resident(gp, home)
    empty = a_resident(gp, home, room="Room 9")
    level = {"level": "hospital_for_symptoms", "guidance": "A long passage. " * 40}
    apply_edit(gp, an_edit(resident, "treatment_level", level))
    wish = {"item_id": str(uuid4()), "item": {"kind": "advance_statement", "refuses": "Wishes to hear the sea"}}
    apply_edit(gp, an_edit(resident, "legal", wish, kind="put_item"))

    first, second = a_round(gp, home).residents

    assert (first.entry_id, second.entry_id) == (resident, empty)
    runs = {label: [run for line in lines for run in line] for label, lines in first.limits}
    assert all(isinstance(run, str) or run[0] != "link" for line in runs.values() for run in line)
    said = {label: " ".join(run if isinstance(run, str) else run[1] for run in line) for label, line in runs.items()}
    assert "Hospital for comfort only." in said["Treatment level"]
    assert "A long passage: read it whole in the record" in said["Treatment level"]
    assert "Advance statement of wishes (not binding): read it in the record" in said["ADRT and attorneys"]
    assert "below" not in str(said)
    assert dict(second.limits) == {
        "Treatment level": (("Not recorded",),),
        "ADRT and attorneys": (("Not recorded",),),
    }


# --- What it leaves behind ---


def test_a_list_is_recorded_once_with_its_count_and_people_and_with_each_of_them(gp: Actor, home: Organisation) -> None:
    people = [a_resident(gp, home, room="Room 1"), a_resident(gp, home, room="Room 2")]

    a_round(gp, home)

    (listed,) = (one for one in events(EventKind.LIST_VIEWED) if one.details["list"] == "round")
    assert listed.details["count"] == 2
    assert listed.details["people"] == [str(one) for one in people]
    assert listed.details["home"] == str(home.id)
    assert {one.entry_id for one in events(EventKind.ROUND_VIEWED)} == set(people)


def test_whoever_read_a_mistake_on_a_round_is_told(gp: Actor, home: Organisation) -> None:
    resident = a_resident(gp, home)
    do(gp, resident, EditKind.SIGN, a_decision())
    night = a_clinician(Role.OUT_OF_HOURS_GP)
    a_round(night, home)

    void = {"decision_id": state(resident).decisions[-1].id, "reason": "wrong_person", "explanation": "Not hers"}
    do(gp, resident, EditKind.VOID, void)

    told = select(Notice.clinician_id).where(Notice.kind == "read_what_was_wrong")
    assert list(db.session.scalars(told)) == [night.clinician_id]


# --- The pages ---


def test_from_the_first_page_to_a_round_and_back(app: Flask, gp: Actor, partner: Actor, home: Organisation) -> None:
    resident = a_resident(gp, home, family_name="Okonkwo", room="Room 12")
    client = PageClient(app)
    sign_in(client.browser, partner)

    client.open("/").follow("Lists and rounds").see("Hill House", "1 resident in your care").follow("Hill House")
    client.see("Round of Hill House", "Nothing is shown of anybody before you say why").see_nothing_of("Okonkwo")
    client.submit("Show the list", status=422)
    assert client.errors() == ["Choose why you open these records"]
    client.fill(reason="permission_given").submit("Show the list")
    client.see("OKONKWO, Grace (Mrs)", "Room 12", "06-Jan-1941", "1 of 1 resident in your care", NOT_ON_IT)
    assert str(resident) in client.page.html


def test_a_home_of_nobody_in_your_care_says_so(app: Flask, gp: Actor, home: Organisation) -> None:
    a_resident(gp, home)
    client = PageClient(app)
    sign_in(client.browser, a_clinician(Role.GP))

    client.open(f"/rounds/{home.id}").see("Nobody who lives in Hill House is in your care")
    client.open("/rounds").see("Nobody in your care lives in a care home")
