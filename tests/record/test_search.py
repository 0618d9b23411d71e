"""Finding people in the register: the right one first, nobody who is not one's concern, the same on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from epaccs.access.actions import Concerned, begin_relationship
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.errors import RulesBroken
from epaccs.record.actions.search import note_shown, project_search, search_people
from epaccs.record.model import SearchKey, SearchPerson, SearchTiming
from epaccs.record.queries.search import Findings, Found
from epaccs.register.schema import IdentitySchema
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from tests.factories import (
    a_clinician,
    a_consent,
    a_registered_person,
    an_edit,
    an_organisation,
)
from tests.record.typing_errors import TYPING_ERRORS, mistype

GRACE: dict[str, Any] = {
    "family_name": "Okonkwo",
    "given_name": "Grace",
    "title": "Mrs",
    "born_on": "1941-01-06",
    "nhs_number": "9990000018",
    "address": "12 Canal Row\nNorthdale",
    "postcode": "LS1 4AP",
}


@pytest.fixture
def gp(app: Flask) -> Actor:
    """A GP of the practice in Northdale."""
    return a_clinician(Role.GP)


@pytest.fixture
def night_doctor(gp: Actor) -> Actor:
    """An out-of-hours doctor who serves the area of that practice."""
    return a_clinician(Role.OUT_OF_HOURS_GP, an_organisation(type=OrganisationType.OUT_OF_HOURS, area="northdale"))


@pytest.fixture
def far_doctor(gp: Actor) -> Actor:
    """An out-of-hours doctor who serves another area."""
    return a_clinician(Role.OUT_OF_HOURS_GP, an_organisation(type=OrganisationType.OUT_OF_HOURS, area="southdale"))


@pytest.fixture
def grace(gp: Actor) -> UUID:
    return a_registered_person(gp, **GRACE)


def find(actor: Actor, who: str = "", born: str = "", where: str = "") -> Findings:
    return search_people(actor, who=who, born=born, where=where).findings


def ids(findings: Findings) -> list[UUID]:
    return [person.entry_id for person in findings.people]


def only(findings: Findings) -> Found:
    [person] = findings.people
    return person


def amend(actor: Actor, entry_id: UUID, **fields: Any) -> None:
    """Send the identity form again with some fields changed."""
    recorded = find_recorded(entry_id, "identity")
    assert recorded is not None
    body = {name: recorded.value.get(name) for name in IdentitySchema().fields}
    apply_edit(actor, an_edit(entry_id, "identity", {**body, **fields}))


def without_number(**fields: Any) -> dict[str, Any]:
    """An identity without an NHS number, so that many can be made."""
    return {**GRACE, "nhs_number": None, "nhs_number_status": None, "no_nhs_number_reason": "not_known", **fields}


# --- The right person ---

WAYS_TO_FIND_HER = [
    pytest.param(("9990000018", "", ""), id="her NHS number"),
    pytest.param(("999 000 0018", "", ""), id="her NHS number as on a letter"),
    pytest.param(("Grace Okonkwo", "06-Jan-1941", ""), id="name and date of birth"),
    pytest.param(("OKONKWO, Grace", "6/1/1941", ""), id="as the card shows her"),
    pytest.param(("Okonkwo Grace", "06-Jan-1941", ""), id="names the other way round"),
    pytest.param(("Okonkwo", "06-Jan-1941", ""), id="family name and date of birth"),
    pytest.param(("Grace", "06-Jan-1941", ""), id="given name and date of birth"),
    pytest.param(("G Okonkwo", "06-Jan-1941", ""), id="an initial"),
    pytest.param(("Okonkwo", "", "Canal Row"), id="family name and street"),
    pytest.param(("Okonkwo", "", "LS1 4AP"), id="family name and postcode"),
    pytest.param(("Grace Okonkwo", "80s", ""), id="whole name and age band"),
    pytest.param(("Grace Okonkwo", "1941", ""), id="whole name and year of birth"),
    pytest.param(("Grace Okonkow", "85", "Canal Row"), id="two letters swapped in the family name"),
    pytest.param(("Garce Okonkwo", "85", "Canal Row"), id="two letters swapped in the given name"),
    pytest.param(("Grace Okonkwo", "85", "Cnaal Row"), id="two letters swapped in the street"),
    pytest.param(("Grace Okonkwo", "85", "Canal Raod"), id="another kind of street, mistyped"),
    pytest.param(("Grays Oconquo", "06-Jan-1941", ""), id="written by ear"),
    pytest.param(("Grace Okonkwo", "80s", "Mill Lane"), id="a street she has left"),
]


@pytest.mark.parametrize("typed", WAYS_TO_FIND_HER)
def test_she_is_found_by(typed: tuple[str, str, str], grace: UUID, gp: Actor, night_doctor: Actor) -> None:
    a_registered_person(gp, family_name="Baxter", given_name="Harold", address="12 Canal Row\nNorthdale")

    assert ids(find(night_doctor, *typed)) == [grace]


NOT_HER = [
    pytest.param(("9990000026", "", ""), id="another NHS number"),
    pytest.param(("Harold Baxter", "06-Jan-1941", ""), id="another name with her date of birth"),
    pytest.param(("Baxter", "", "Canal Row"), id="another name in her street"),
    pytest.param(("Grace Okonkwo", "60s", ""), id="another age"),
]


@pytest.mark.parametrize("typed", NOT_HER)
def test_she_is_not_found_by(typed: tuple[str, str, str], grace: UUID, night_doctor: Actor) -> None:
    assert find(night_doctor, *typed) == Findings()


NAMES = [
    pytest.param({"family_name": "Ng", "given_name": "Li"}, "Ng", id="Ng"),
    pytest.param({"family_name": "Ng", "given_name": "Li"}, "Li Ng", id="Li Ng, either way round"),
    pytest.param({"family_name": "Li", "given_name": "Wei"}, "Li", id="Li"),
    pytest.param({"family_name": "O", "given_name": "E"}, "O", id="a name of one letter"),
    pytest.param({"family_name": "O'Neill"}, "ONeill", id="O'Neill without its apostrophe"),
    pytest.param({"family_name": "O'Neill"}, "O Neill", id="O'Neill in two words"),
    pytest.param({"family_name": "O'Neill"}, "o’neil", id="O'Neill with one l and another apostrophe"),
    pytest.param({"family_name": "Nguyễn", "given_name": "Thị"}, "Thi Nguyen", id="Nguyễn without accents"),
    pytest.param({"family_name": "Nguyen"}, "Nguyễn", id="Nguyen with accents"),
    pytest.param({"family_name": "Smith-Jones"}, "Smith", id="the first half of a double-barrelled name"),
    pytest.param({"family_name": "Smith-Jones"}, "Jones", id="the second half of a double-barrelled name"),
    pytest.param({"family_name": "Smith-Jones"}, "Smith Jones", id="a double-barrelled name without its hyphen"),
    pytest.param({"family_name": "van der Berg"}, "Vanderberg", id="a name of three words in one"),
    pytest.param({"family_name": "van der Berg"}, "Berg", id="the last word of a name"),
    pytest.param({"given_name": "Margaret", "preferred_name": "Peggy"}, "Peggy Okonkwo", id="the name she prefers"),
    pytest.param({"given_name": "Anna Maria"}, "Maria Okonkwo", id="her second given name"),
    pytest.param({"family_name": "李", "given_name": "小龙"}, "李", id="a name in Chinese"),
]


@pytest.mark.parametrize(("fields", "typed"), NAMES)
def test_every_kind_of_name_can_be_found(fields: dict[str, str], typed: str, gp: Actor) -> None:
    entry_id = a_registered_person(gp, **{**GRACE, **fields})

    assert ids(find(gp, typed, "06-Jan-1941")) == [entry_id]
    assert ids(find(gp, typed, "06-Jan-1942")) in ([], [entry_id])


def test_somebody_registered_under_a_name_of_another_script_is_found_in_their_street(gp: Actor) -> None:
    entry_id = a_registered_person(gp, **{**GRACE, "family_name": "Nguyễn", "given_name": "Thị"})

    assert ids(find(gp, "Nguyen", "", "Canal Row")) == [entry_id]


def test_the_person_meant_comes_first(gp: Actor) -> None:
    others = [
        without_number(given_name="Grace", family_name="Okonjo", born_on="1940-02-02", postcode="LS1 4AQ"),
        without_number(given_name="Grace", address="3 Mill Lane\nNorthdale", born_on="1942-03-03", postcode="LS1 4AR"),
        without_number(given_name="Agnes", born_on="1943-04-04", postcode="LS1 4AS"),
    ]
    for other in others:
        a_registered_person(gp, **other)
    meant = a_registered_person(gp, **GRACE)

    found = find(gp, "Grace Okonkwo", "80s", "Canal Row")

    assert ids(found)[0] == meant
    assert len(found.people) == 4


def test_a_mistyped_date_of_birth_finds_her_and_says_that_it_differs(grace: UUID, night_doctor: Actor) -> None:
    swapped = only(find(night_doctor, "Grace Okonkwo", "01-Jun-1941"))
    exact = only(find(night_doctor, "Grace Okonkwo", "06-Jan-1941"))

    assert (swapped.entry_id, swapped.born_differs) == (grace, True)
    assert (exact.entry_id, exact.born_differs) == (grace, False)


def test_a_wrong_date_of_birth_is_outweighed_by_name_and_street_and_said(grace: UUID, night_doctor: Actor) -> None:
    found = only(find(night_doctor, "Grace Okonkwo", "30-Nov-1955", "Canal Row"))

    assert (found.entry_id, found.born_differs) == (grace, True)


def test_two_people_of_the_same_name_are_marked(gp: Actor) -> None:
    for born_on, postcode in (("1941-01-06", "LS1 4AP"), ("1943-05-05", "LS1 4AQ")):
        a_registered_person(gp, **without_number(born_on=born_on, postcode=postcode))
    a_registered_person(gp, **without_number(family_name="Okoro", given_name="Abel", born_on="1941-01-06"))

    same = find(gp, "Grace Okonkwo", "80s")
    other = find(gp, "Abel Okoro", "06-Jan-1941")

    assert [person.has_similar for person in same.people] == [True, True]
    assert [person.has_similar for person in other.people] == [False]


def test_a_namesake_elsewhere_in_reach_is_marked_though_only_one_is_shown(gp: Actor, grace: UUID) -> None:
    assert not only(find(gp, "9990000018")).has_similar

    a_registered_person(gp, **without_number(born_on="1950-05-05", postcode="LS9 9ZZ"))

    assert only(find(gp, "9990000018")).has_similar


def test_a_namesake_out_of_reach_is_not_marked(gp: Actor, grace: UUID) -> None:
    a_registered_person(a_clinician(Role.GP), **without_number(born_on="1950-05-05", postcode="LS9 9ZZ"))

    assert not only(find(gp, "9990000018")).has_similar


def test_more_than_fit_a_page_are_not_leafed_through(gp: Actor) -> None:
    for number in range(12):
        born_on = (date(1941, 1, 1) + timedelta(days=40 * number)).isoformat()
        a_registered_person(gp, **without_number(born_on=born_on, postcode="LS1 4AP"))

    many = find(gp, "Grace Okonkwo", "80s")
    narrowed = find(gp, "Grace Okonkwo", "01-Jan-1941")

    assert (len(many.people), many.has_more) == (10, True)
    assert narrowed.people[0].born_on == date(1941, 1, 1)
    assert not narrowed.has_more


# --- What a result shows ---


def test_a_result_shows_enough_to_choose_and_no_more(grace: UUID, night_doctor: Actor) -> None:
    found = only(find(night_doctor, "9990000018"))

    assert found == Found(
        entry_id=grace,
        family_name="Okonkwo",
        given_name="Grace",
        title="Mrs",
        preferred_name=None,
        born_on=date(1941, 1, 6),
        age=85,
        nhs_number="9990000018",
        street="Canal Row",
        is_restricted=False,
        death_status=None,
        died_on=None,
        by_former_number=False,
        born_differs=False,
        has_similar=False,
    )


def test_a_replaced_nhs_number_still_finds_her_and_says_so(grace: UUID, gp: Actor) -> None:
    new_number = "9997770005"
    amend(gp, grace, nhs_number=new_number)

    by_old, by_new = only(find(gp, "9990000018")), only(find(gp, new_number))

    assert (by_old.entry_id, by_old.by_former_number, by_old.nhs_number) == (grace, True, new_number)
    assert (by_new.entry_id, by_new.by_former_number) == (grace, False)


def test_somebody_who_has_died_is_shown_as_such(grace: UUID, gp: Actor) -> None:
    death = {"died_on": "2026-11-20", "place": "home", "told_by": "Her son"}
    apply_edit(gp, an_edit(grace, "lifecycle", death, kind="report_death"))

    found = only(find(gp, "9990000018"))

    assert (found.death_status, found.died_on, found.age) == ("reported", date(2026, 11, 20), None)


def test_an_amended_name_is_found_and_the_old_one_is_not(grace: UUID, gp: Actor) -> None:
    amend(gp, grace, family_name="Baxter")

    assert ids(find(gp, "Grace Baxter", "06-Jan-1941")) == [grace]
    assert ids(find(gp, "Grace Okonkwo", "80s", "")) == []


# --- A restricted address ---


def test_a_restricted_address_is_never_found_nor_shown(gp: Actor) -> None:
    entry_id = a_registered_person(gp, **{**GRACE, "address_restricted": True})

    assert ids(find(gp, "Okonkwo", "", "Canal Row")) == []
    assert ids(find(gp, "Okonkwo", "", "LS1 4AP")) == []
    found = only(find(gp, "Grace Okonkwo", "06-Jan-1941"))
    assert (found.entry_id, found.street, found.is_restricted) == (entry_id, None, True)


def test_an_address_that_becomes_restricted_is_forgotten_by_the_search(grace: UUID, gp: Actor) -> None:
    assert ids(find(gp, "Okonkwo", "", "Canal Row")) == [grace]

    amend(gp, grace, address_restricted=True)

    assert ids(find(gp, "Okonkwo", "", "Canal Row")) == []
    assert db.session.get(SearchPerson, grace, populate_existing=True).street is None  # type: ignore[union-attr]
    assert db.session.scalars(select(SearchKey.street_key).where(SearchKey.entry_id == grace)).all() == [""]


# --- Whose concern somebody is ---

IN_REACH = [
    pytest.param(Role.GP, "practice", id="a GP of the practice"),
    pytest.param(Role.PRACTICE_ADMINISTRATOR, "practice", id="an administrator of the practice"),
    pytest.param(Role.OUT_OF_HOURS_GP, "area", id="an out-of-hours doctor of the area"),
    pytest.param(Role.PARAMEDIC, "area", id="a paramedic of the area"),
    pytest.param(Role.HOSPICE_NURSE, "relationship", id="a hospice nurse with her on the caseload"),
]


def an_actor(role: Role, how: str, gp: Actor, entry_id: UUID) -> Actor:
    practice = db.session.get(Organisation, gp.organisation_id)
    if how == "practice":
        return a_clinician(role, practice)
    types = {Role.OUT_OF_HOURS_GP: OrganisationType.OUT_OF_HOURS, Role.PARAMEDIC: OrganisationType.AMBULANCE}
    area = "northdale" if how == "area" else "elsewhere"
    actor = a_clinician(role, an_organisation(type=types.get(role, OrganisationType.HOSPICE), area=area))
    if how == "relationship":
        with writing() as session:
            begin_relationship(session, Concerned(entry_id, actor.organisation_id, "referral", gp.clinician_id))
    return actor


@pytest.mark.parametrize(("role", "how"), IN_REACH)
def test_whoever_she_concerns_finds_her(role: Role, how: str, gp: Actor, grace: UUID) -> None:
    actor = an_actor(role, how, gp, grace)

    assert ids(find(actor, "Grace Okonkwo", "80s", "Canal Row")) == [grace]
    assert ids(find(actor, "9990000018")) == [grace]


EXACT = [
    pytest.param(("9990000018", "", ""), id="her NHS number"),
    pytest.param(("Grace Okonkwo", "06-Jan-1941", ""), id="her whole name and date of birth"),
]
NOT_EXACT = [
    pytest.param(("Grace Okonkow", "06-Jan-1941", ""), id="her name with two letters swapped"),
    pytest.param(("Okonkwo", "06-Jan-1941", ""), id="her family name and date of birth"),
    pytest.param(("Grace Okonkwo", "80s", "Canal Row"), id="her name, age and street"),
    pytest.param(("Grace Okonkwo", "01-Jun-1941", ""), id="day and month swapped"),
]


@pytest.mark.parametrize("typed", EXACT)
def test_a_stranger_who_names_her_exactly_hears_that_a_record_exists(
    typed: tuple[str, str, str], grace: UUID, far_doctor: Actor
) -> None:
    assert find(far_doctor, *typed) == Findings(outside=(grace,))


@pytest.mark.parametrize("typed", NOT_EXACT)
def test_a_stranger_who_guesses_hears_nothing(typed: tuple[str, str, str], grace: UUID, far_doctor: Actor) -> None:
    assert find(far_doctor, *typed) == Findings()


@pytest.mark.parametrize("typed", EXACT)
def test_a_role_that_opens_nothing_in_an_emergency_hears_nothing(typed: tuple[str, str, str], grace: UUID) -> None:
    social_worker = a_clinician(Role.SOCIAL_WORKER)

    assert find(social_worker, *typed).outside == ()


@pytest.mark.parametrize("typed", EXACT)
def test_somebody_who_is_not_shared_is_found_by_their_practice_only(
    typed: tuple[str, str, str], gp: Actor, night_doctor: Actor
) -> None:
    entry_id = a_registered_person(gp, consent=a_consent(share_status="refused"), **GRACE)

    assert ids(find(gp, *typed)) == [entry_id]
    assert find(night_doctor, *typed) == Findings()


def test_somebody_taken_off_the_register_is_not_found(gp: Actor, grace: UUID) -> None:
    apply_edit(gp, an_edit(grace, "lifecycle", {"reason": "moved_away"}, kind="remove"))

    assert find(gp, "9990000018") == Findings()
    assert find(gp, "Grace Okonkwo", "06-Jan-1941") == Findings()


def test_a_role_that_opens_no_record_is_told_so(gp: Actor, grace: UUID) -> None:
    administrator = an_actor(Role.PRIVACY_OFFICER, "practice", gp, grace)

    assert not find(administrator, "9990000018").may_open_card
    assert find(gp, "9990000018").may_open_card


def test_many_others_who_are_not_in_reach_do_not_crowd_her_out(
    monkeypatch: pytest.MonkeyPatch, gp: Actor, grace: UUID
) -> None:
    monkeypatch.setattr("epaccs.record.queries.search.CANDIDATE_LIMIT", 2)
    for number in range(4):
        born_on = (date(1941, 2, 1) + timedelta(days=40 * number)).isoformat()
        a_registered_person(a_clinician(Role.GP), **without_number(born_on=born_on, postcode="LS1 4AP"))

    assert ids(find(gp, "Grace Okonkwo", "80s")) == [grace]


# --- What a search leaves behind ---


def searched_events() -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "searched").order_by(AuditEvent.id)))


def test_the_audit_keeps_kind_and_count_and_not_the_name(grace: UUID, night_doctor: Actor) -> None:
    find(night_doctor, "Grace Okonkwo", "06-Jan-1941", "Canal Row")

    [event] = searched_events()

    assert event.details == {"by": ["name", "born", "street"], "found": 1, "has_more": False, "outside": 0}
    assert (event.actor_id, event.entry_id) == (night_doctor.clinician_id, None)


def test_a_search_that_finds_nobody_is_kept_too(far_doctor: Actor) -> None:
    find(far_doctor, "9990000018")

    assert searched_events()[0].details == {"by": ["nhs_number"], "found": 0, "has_more": False, "outside": 0}


def test_too_little_is_refused_and_leaves_nothing_behind(grace: UUID, night_doctor: Actor) -> None:
    with pytest.raises(RulesBroken):
        find(night_doctor, "Okonkwo")

    assert searched_events() == []
    assert db.session.scalars(select(SearchTiming)).all() == []


def test_the_way_to_the_card_is_timed_from_the_first_key(grace: UUID, night_doctor: Actor, frozen_clock: Any) -> None:
    search = search_people(night_doctor, who="9990000018", born="", where="", typed_seconds=3.5)
    frozen_clock(clock.now() + timedelta(seconds=4))

    with writing() as session:
        first = note_shown(session, night_doctor, search.id)
        second = note_shown(session, night_doctor, search.id)

    assert first == pytest.approx(7.5, abs=0.01)
    assert second is None


NOT_TIMED = [
    pytest.param("colleague", id="a colleague's search"),
    pytest.param("late", id="a search a quarter of an hour ago"),
    pytest.param("unknown", id="no search at all"),
]


@pytest.mark.parametrize("case", NOT_TIMED)
def test_a_card_opened_otherwise_is_not_timed(
    case: str, grace: UUID, night_doctor: Actor, far_doctor: Actor, frozen_clock: Any
) -> None:
    search_id = search_people(
        far_doctor if case == "colleague" else night_doctor, who="9990000018", born="", where=""
    ).id
    if case == "late":
        frozen_clock(clock.now() + timedelta(minutes=15))

    with writing() as session:
        seconds = note_shown(session, night_doctor, uuid4() if case == "unknown" else search_id)

    assert seconds is None


# --- Nobody is lost ---

SMALL_REGISTER = [
    ("Smith", "Margaret", "Station Road"), ("Smyth", "Margery", "Station Lane"), ("Ng", "Li", "High Street"),
    ("Li", "Ng", "Mill Lane"), ("O'Neill", "Una", "Church Road"), ("Nguyễn", "Thị", "Church Street"),
    ("Okonkwo-Bell", "Grace", "Canal Row"), ("O", "Bob", "The Green"), ("van der Berg", "Jan", "St John's Road"),
]  # fmt: skip


@pytest.fixture
def small_register(app: Flask) -> dict[int, UUID]:
    gp = a_clinician(Role.GP)
    made = {
        number: a_registered_person(
            gp,
            **without_number(
                family_name=family,
                given_name=given_name,
                address=f"{number + 1} {street}\nNorthdale",
                born_on=f"19{30 + number}-03-1{number}",
                postcode=f"LS1 {number}AA",
            ),
        )
        for number, (family, given_name, street) in enumerate(SMALL_REGISTER)
    }
    made[-1] = gp  # type: ignore[assignment]
    return made


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_typing_error_never_loses_the_person(small_register: dict[int, Any], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(SMALL_REGISTER) - 1))
    family, given_name, street = SMALL_REGISTER[number]
    part = data.draw(st.sampled_from(["family name", "given name", "street"]))
    how = (
        data.draw(st.sampled_from(TYPING_ERRORS)),
        data.draw(st.integers(0, 40)),
        data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz")),
    )
    family = mistype(family, *how) if part == "family name" else family
    given_name = mistype(given_name, *how) if part == "given name" else given_name
    street = mistype(street, *how) if part == "street" else street
    age = 2026 - (1930 + number)
    born = data.draw(st.sampled_from([f"{age - 3}-{age + 4}", f"1{number}-Mar-{1930 + number}"]))

    findings = find(small_register[-1], f"{given_name} {family}", born, street)

    assert small_register[number] in ids(findings)[:3]


def test_an_entry_projected_twice_is_found_once(grace: UUID, gp: Actor) -> None:
    with writing() as session:
        project_search(session, grace, {**GRACE, "given_name": "Adaeze"}, None)

    assert ids(find(gp, "Adaeze Okonkwo", "06-Jan-1941")) == [grace]
