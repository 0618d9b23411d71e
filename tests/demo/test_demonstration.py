"""The demonstration shows everything that a card can say and a form can answer, and lets every role sign in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.model import AccessGrant
from epaccs.access.rules import AccessReason, Tier
from epaccs.care_plans.queries import find_questions_of_area
from epaccs.care_plans.rules import LocalKind, Stage, find_stage
from epaccs.care_plans.sections.allergies import STATUS as ALLERGY_STATUS
from epaccs.care_plans.sections.legal import KINDS as LEGAL_KINDS
from epaccs.care_plans.sections.medicines import STATUS as MEDICINES_STATUS
from epaccs.care_plans.sections.preferred_places import ANSWERS
from epaccs.care_plans.sections.risks import ICD
from epaccs.care_plans.sections.treatment_level import LEVELS
from epaccs.clinicians.model import Clinician, Membership, SigningAuthorisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.cpr_decisions.rules import LEFT_BEHIND, EditKind, Situation
from epaccs.cpr_decisions.rules.doubt import Doubt, DoubtKind, doubts
from epaccs.demo import loader
from epaccs.demo.questions import BOARD, ask_locally
from epaccs.demo.staff import find_world
from epaccs.demo.tablets import add_tablets
from epaccs.devices import queries as device_queries
from epaccs.devices.model import Device
from epaccs.devices.rules import DeviceStatus, Freshness
from epaccs.identification import queries
from epaccs.identification.model import Candidate
from epaccs.identification.rules import State
from epaccs.incidents.queries import find_incidents
from epaccs.observations.rules import FOUND, OUTCOMES, What
from epaccs.record.declared import sights
from epaccs.record.rules.card import Card, Site, build_around, build_card
from epaccs.record.summary import build_summary
from epaccs.register.model import Merge, RegisterEntry
from epaccs.register.rules import ConsentStatus, LifecycleStatus
from epaccs.rosters.queries import show_rota
from epaccs.scans.model import Scan, ScanWithdrawal
from epaccs.scans.rules import PDF, PNG
from epaccs.sponsorship.queries import accounts_of, waiting_requests
from epaccs.sponsorship.rules import AccountState
from epaccs.versions.model import Edit, Entry, SectionHead
from epaccs.versions.queries import material
from epaccs.versions.rules import present_items

EVERYTHING = frozenset({Tier.T0_EXISTS, Tier.T1_EMERGENCY, Tier.T2_COORDINATION, Tier.T3_SENSITIVE})
#: What depends on the copy or the reader and not on the person.
OF_THE_READER = {Situation.COPY_PAST_AGE, Situation.HIDDEN}

pytestmark = pytest.mark.usefixtures("demonstration")


@pytest.fixture(autouse=True)
def reading(demonstration: Flask) -> Iterator[None]:
    """Each test reads in a context of its own."""
    with demonstration.app_context():
        yield


@pytest.fixture(scope="module")
def cards(demonstration: Flask) -> list[Card]:
    return [a_card(entry_id) for entry_id in db.session.scalars(select(Entry.id))]


def a_card(entry_id: Any) -> Card:
    summary = build_summary(material(entry_id), EVERYTHING, sights=sights(), organisations={})
    now = clock.now()
    return build_card(summary, now=now, copy_left_at=now, site=Site(control_telephone="01632 960103"))


def values_of(section: str) -> list[dict[str, Any]]:
    return list(db.session.scalars(select(SectionHead.value).where(SectionHead.section == section)))


def answers(section: str, field: str) -> set[str]:
    return {value[field] for value in values_of(section) if field in value}


# --- patients --------------------------------------------------------------------------------------------------------


def test_there_are_two_hundred_patients() -> None:
    assert loader.count_people() == loader.DEMONSTRATION_SIZE == 200


def test_every_line_of_a_cpr_card_has_somebody_who_shows_it(cards: list[Card]) -> None:
    shown = Counter(card.line.situation for card in cards)

    assert set(shown) == set(Situation) - OF_THE_READER


def test_every_reason_for_doubt_has_somebody_who_shows_it(cards: list[Card]) -> None:
    found = {doubt.kind for card in cards for doubt in doubts_of(card)}

    assert found == set(DoubtKind) - {DoubtKind.UNREADABLE}  # only an import can put in force what cannot be read


def doubts_of(card: Card) -> list[Doubt]:
    part = card.summary.cpr
    assert part is not None
    held = [one.as_rival() for one in part.held]
    return doubts(part.state, held=held, around=build_around(card.summary, now=card.now))


def test_further_lines_have_somebody_who_shows_them(cards: list[Card]) -> None:
    lines = " ".join(words for card in cards for words in (*card.line.second, *card.line.extra))

    for words in ("Review overdue since", "Person has NOT been told", "Original seen", "Treatment level disagrees"):
        assert words in lines
    assert "Nobody has said since where the form is" in lines
    assert f"{LEFT_BEHIND}." in lines
    assert any(card.line.beneath for card in cards)
    assert any(card.died_on for card in cards)


def test_answers_that_disagree_and_facts_that_are_old_have_somebody_who_shows_them(cards: list[Card]) -> None:
    capacity = [card for card in cards if "cpr_and_capacity" in {one.key for one in card.disagreements}]
    old = [card for card in capacity if card.doubts_of(card.summary.medicines)]

    assert [card.summary.identity.family_name for card in old] == ["Rahman"]
    assert {one.is_for_crew for card in cards for one in card.summary.disagreements} == {True, False}


def test_every_kind_of_edit_of_a_decision_was_made_by_somebody() -> None:
    made = set(db.session.scalars(select(Edit.kind).where(Edit.section == "cpr").distinct()))

    assert sorted({str(kind) for kind in EditKind} - made) == []


@pytest.mark.parametrize(
    ("section", "field", "codes"),
    [
        pytest.param("preferred_places", "death_first", ANSWERS, id="preferred place of death, and four that are none"),
        pytest.param("treatment_level", "level", LEVELS, id="treatment level"),
        pytest.param("allergies", "status", ALLERGY_STATUS, id="allergies"),
        pytest.param("medicines", "status", MEDICINES_STATUS, id="anticipatory medicines"),
        pytest.param("risks", "icd", ICD, id="defibrillator"),
    ],
)
def test_every_answer_has_somebody_who_gave_it(section: str, field: str, codes: dict[str, str]) -> None:
    assert sorted(set(codes) - answers(section, field)) == []


def test_every_stage_of_the_illness_has_somebody_at_it_and_some_were_not_judged() -> None:
    recorded = [material(entry_id).sections for entry_id in db.session.scalars(select(Entry.id))]

    stages = {find_stage({name: one.value for name, one in sections.items()}) for sections in recorded}

    assert stages == {None, *Stage}


def test_what_is_not_for_the_person_is_marked_in_somebodys_plan() -> None:
    notes = [value.get("note", "") for value in values_of("preferred_places")]

    assert [note for note in notes if "[[" in note and "]]" in note]


def test_something_copied_from_paper_waits_for_a_second_person() -> None:
    assert list(db.session.scalars(select(SectionHead.section).where(SectionHead.copied_at.is_not(None))))


def test_every_agreement_has_somebody_who_gave_it() -> None:
    statuses = {consent[part]["status"] for consent in values_of("consent") for part in ("register", "share")}

    assert statuses == set(ConsentStatus)


def test_every_status_of_an_entry_has_somebody_in_it() -> None:
    assert set(db.session.scalars(select(RegisterEntry.status))) == set(LifecycleStatus)
    assert {value.get("death", {}).get("status") for value in values_of("lifecycle")} == {None, "reported", "confirmed"}
    assert [merge.confirmed_at is not None for merge in db.session.scalars(select(Merge))] == [True]


def test_legal_documents_of_every_kind_were_seen_and_told_of() -> None:
    items = [item for value in values_of("legal") for item in present_items(value).values()]
    refusals = [item for item in items if item["kind"] == "adrt"]

    assert {item["kind"] for item in items} == set(LEGAL_KINDS)
    assert {bool(item.get("document_seen_by")) for item in refusals} == {True, False}
    assert {item["authority_life_sustaining"] for item in items if item["kind"] == "lpa"} >= {"yes", "no"}


def test_somebodys_paper_was_scanned_and_another_scan_holds_no_more() -> None:
    replaced = set(db.session.scalars(select(ScanWithdrawal.scan_id)))
    scans = db.session.scalars(select(Scan)).all()

    assert {scan.id in replaced for scan in scans} == {True, False}
    assert {scan.media_type for scan in scans} == {PDF, PNG}


def test_people_whom_it_is_hard_to_find_or_to_tell_apart_are_there() -> None:
    people = values_of("identity")
    names = Counter((one["family_name"], one["given_name"], one.get("care_home_ods")) for one in people)

    assert names["Ellis", "Margaret", "Z99C1"] == 2
    assert {"Okonkwo", "O'Neill", "Nguyễn", "Ng", "O", "Ashworth-Clarke"} <= {one["family_name"] for one in people}
    assert any(one.get("address_restricted") for one in people)
    assert {one.get("no_nhs_number_reason") for one in people} >= {None, "overseas", "not_known"}
    assert any(one.get("superseded_nhs_numbers") for one in people)


def test_everything_that_can_be_said_after_a_visit_was_said_by_somebody_and_some_of_it_waits(cards: list[Card]) -> None:
    lines = [line for value in values_of("observations") for line in present_items(value).values()]

    assert {line["what"] for line in lines} == set(What)
    assert {line["outcome"] for line in lines if "outcome" in line} == set(OUTCOMES)
    assert {line["found"] for line in lines if "found" in line} == set(FOUND)
    assert "contacts" in {one.section for card in cards for one in card.said_wrong}


def test_long_passages_are_there() -> None:
    notes = [value.get("note", "") for value in values_of("preferred_places")]
    guidance = [value.get("guidance", "") for value in values_of("treatment_level")]

    assert sum("\n\n" in text for text in notes + guidance) > 10


def test_history_spreads_over_months_and_many_hands() -> None:
    edits = db.session.execute(select(Edit.received_at, Edit.author)).all()
    months = {edit.received_at.strftime("%Y-%m") for edit in edits}

    assert len(months) > 6
    assert len({edit.author["name"] for edit in edits}) > 10


def test_somebody_opened_a_record_in_an_emergency_so_that_there_is_something_to_review() -> None:
    grants = db.session.scalars(select(AccessGrant).where(AccessGrant.reason == AccessReason.EMERGENCY)).all()

    assert {grant.in_scope for grant in grants} == {True, False}


# --- people to consider ----------------------------------------------------------------------------------------------


def the_practice() -> Actor:
    return find_world().actors["gp"]


def test_every_state_of_somebody_to_consider_has_somebody_in_it() -> None:
    people = queries.find_people(the_practice())

    assert {person.state for person in people} == set(State)
    assert {person.was_due for person in people} == {True, False}
    assert {person.is_listed for person in people if person.state is State.TO_CONSIDER} == {True, False}
    assert sum(person.is_number_of_another for person in people) == 1


def test_every_group_of_illnesses_has_somebody_to_consider() -> None:
    groups = queries.get_worklist(the_practice(), state=State.TO_CONSIDER, group=None, page=1).groups

    assert [one.words for one in groups if not one.people] == []


def test_nobody_is_on_the_register_by_a_list_and_no_number_is_two_peoples_by_chance() -> None:
    listed = set(db.session.scalars(select(Candidate.nhs_number)))
    on_register = set(db.session.scalars(select(RegisterEntry.nhs_number)))

    assert listed & on_register == {"9990000050", "9990000069", "9990000212"}


# --- people at work --------------------------------------------------------------------------------------------------


def test_every_role_has_somebody_whose_user_name_it_is() -> None:
    roles = db.session.execute(
        select(Clinician.user_name, Membership.role).join(Membership, Membership.clinician_id == Clinician.id)
    ).all()

    assert {role for user_name, role in roles if user_name == role} == set(Role)


def test_somebody_works_at_two_organisations() -> None:
    places = Counter(db.session.scalars(select(Membership.clinician_id)))

    assert max(places.values()) == 2


def test_signers_hold_an_authorisation_and_a_registrar_does_not() -> None:
    signers = set(
        db.session.scalars(
            select(Clinician.user_name).join(SigningAuthorisation, SigningAuthorisation.clinician_id == Clinician.id)
        )
    )

    assert {"gp", "gp-2", "out-of-hours-gp", "hospice-doctor", "hospital-doctor", "hospice-nurse-consultant"} <= signers
    assert signers.isdisjoint({"gp-registrar", "hospice-nurse", "community-nurse", "paramedic"})


def test_the_board_asks_one_question_of_each_kind_and_asks_it_once() -> None:
    world = find_world()
    ask_locally(world)

    asked = find_questions_of_area(world.actors[BOARD])

    assert sorted(one.question.kind for one in asked) == sorted(LocalKind)


# --- tablets ---------------------------------------------------------------------------------------------------------


def test_every_state_of_a_tablet_has_one_that_shows_it() -> None:
    tablets = device_queries.tablets_of(find_world().actors["ambulance-administrator"])

    assert {one.status for one in tablets} == {DeviceStatus.ENROLLED, DeviceStatus.LOST, DeviceStatus.ERASED}
    assert {Freshness.OLDER, Freshness.PAST_USE} <= {one.freshness for one in tablets if one.is_in_use}
    assert {one.clock_words for one in tablets} == {"Right", "9 minutes behind"}
    assert any(one.outbox_length for one in tablets if one.is_in_use)
    assert {one.is_persisted for one in tablets} == {True, False}
    assert {one.is_nearly_full for one in tablets} == {bool(one.missing_words) for one in tablets} == {True, False}
    users = " ".join(user for one in tablets for user in one.users)
    assert "weaker way" in users
    assert "unlocking not reported" in users


def test_somebody_decided_otherwise_than_the_register_comes() -> None:
    lines = device_queries.policies_of(find_world().actors["ambulance-administrator"])

    assert {line.policy.version for line in lines} == {0, 1}


def test_tablets_are_enrolled_once() -> None:
    before = db.session.query(Device).count()

    add_tablets(find_world())

    assert db.session.query(Device).count() == before == 5


# --- accounts through sponsors, incidents ----------------------------------------------------------------------------


def test_a_request_waits_too_long_an_account_is_about_to_end_and_an_incident_is_open() -> None:
    world = find_world()
    board, trust = world.actors["administrator-2"], world.actors["ambulance-administrator"]

    assert sorted(one.is_late for one in waiting_requests(board)) == [False, True]
    assert [one.state for one in accounts_of(board)] == [AccountState.UNUSED]
    assert [one.is_closed for one in find_incidents(trust)] == [False]


def test_a_paramedic_is_on_the_rota_of_a_fortnight_and_whoever_has_no_session_is_named() -> None:
    rota = show_rota(find_world().actors["ambulance-administrator"])

    assert [line.user_name for line in rota.on_now] == ["paramedic"]
    assert all(day.sessions for day in rota.days)
    assert "ambulance-administrator" in [user_name for _, user_name in rota.without]
