"""Every record says who can see it now, why, and how far; created but not shared is said as a warning."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.access.queries import find_standing
from epaccs.access.rules import Fact
from epaccs.agreements.rules import Level
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import db
from epaccs.record.declared import sights
from epaccs.record.queries.sharing import get_sharing
from epaccs.record.rules.sharing import REASON_LABELS, Person, Place, Reason, State, find_lookers, preview, state_of
from tests.factories import a_clinician, a_consent, a_registered_person, agree, an_organisation, sign_in
from tests.pages import PageClient

PRACTICE, HOME, HOSPICE, TRUST, BOARD = (UUID(int=number) for number in range(1, 6))
SHARED = Person(PRACTICE, HOME, HOSPICE, is_shared=True)
TYPES = {
    PRACTICE: OrganisationType.GP_PRACTICE,
    HOME: OrganisationType.CARE_HOME,
    HOSPICE: OrganisationType.HOSPICE,
    TRUST: OrganisationType.AMBULANCE,
    BOARD: OrganisationType.ICB,
}


def a_place(organisation_id: UUID, **fields: Any) -> Place:
    facts = {"is_in_area": True, "related": frozenset(), "level": Level.WHOLE}
    return Place(organisation_id, f"Place {organisation_id.int}", TYPES[organisation_id], **{**facts, **fields})


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        pytest.param(a_place(PRACTICE), [Reason.OWN_PRACTICE], id="the own practice"),
        pytest.param(a_place(HOME), [Reason.LIVES_THERE], id="where they live"),
        pytest.param(a_place(TRUST), [Reason.AREA], id="who serves the area"),
        pytest.param(a_place(TRUST, is_in_area=False), [], id="who serves another area"),
        pytest.param(a_place(HOSPICE), [], id="a hospice in the area that does not know them"),
        pytest.param(a_place(HOSPICE, related=frozenset({"key_worker"})), [Reason.KEY_WORKER], id="the key worker's"),
        pytest.param(a_place(HOSPICE, related=frozenset({"referred"})), [Reason.CARES], id="where they were referred"),
        pytest.param(a_place(BOARD), [], id="the board, which sees nobody"),
    ],
)
def test_why_somebody_may_look(place: Place, expected: list[Reason]) -> None:
    assert [list(one.reasons) for one in find_lookers(SHARED, [place])] == ([expected] if expected else [])


def test_the_own_practice_comes_first_then_who_sees_most() -> None:
    places = [a_place(TRUST, level=Level.NONE), a_place(HOME, level=Level.CARD), a_place(PRACTICE, level=Level.NONE)]

    assert [(one.name, one.level) for one in find_lookers(SHARED, places)] == [
        ("Place 1", Level.WHOLE),
        ("Place 2", Level.CARD),
        ("Place 4", Level.NONE),
    ]


def test_whoever_is_not_shared_is_seen_by_practice_and_registrar_alone() -> None:
    person = Person(PRACTICE, HOME, HOSPICE, is_shared=False)
    lookers = find_lookers(person, [a_place(one, level=Level.NONE) for one in TYPES])

    assert [(one.name, one.level) for one in lookers] == [("Place 1", Level.WHOLE), ("Place 3", Level.WHOLE)]
    assert lookers[1].reasons == (Reason.REGISTERED,)
    assert state_of(person, lookers) is State.NOT_AGREED


@pytest.mark.parametrize(
    ("level", "expected"),
    [pytest.param(Level.CARD, State.SHARED, id="the card"), pytest.param(Level.NONE, State.NO_AGREEMENT, id="nothing")],
)
def test_a_record_that_nobody_else_sees_is_created_but_not_shared(level: Level, expected: State) -> None:
    lookers = find_lookers(SHARED, [a_place(PRACTICE), a_place(TRUST, level=level)])

    assert state_of(SHARED, lookers) is expected


def test_a_preview_names_every_line_once_and_more_with_each_level() -> None:
    shown = {}
    for level in Level:
        sections = preview(sights(), level)
        assert [one.label for one in sections] == [one.label for one in sights().values()]
        shown[level] = {(one.label, line) for one in sections for line in one.shown}

    assert shown[Level.NONE] < shown[Level.CARD] < shown[Level.PLAN] < shown[Level.WHOLE]
    assert not any(one.withheld for one in preview(sights(), Level.WHOLE))
    assert ("CPR decision", "All of it") in shown[Level.CARD] - shown[Level.NONE]


def test_an_administrator_sees_before_signing_what_would_be_shared(app: Flask) -> None:
    practice = an_organisation(shares=False)
    agreement, pages = agree(practice, an_organisation(shares=False), level=1), PageClient(app)
    sign_in(pages.browser, a_clinician(Role.ADMINISTRATOR, practice))

    pages.open(f"/admin/agreements/{agreement}").follow("What exactly would be shared, of a made-up person")

    pages.see("The emergency card: of a made-up person", "CPR decision")


def test_every_reason_has_words() -> None:
    assert set(REASON_LABELS) == set(Reason)


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, an_organisation(shares=False, name="Elm Street Surgery"))


def page_of(app: Flask, gp: Actor, entry: UUID) -> PageClient:
    pages = PageClient(app)
    sign_in(pages.browser, gp)
    pages.open(f"/record/{entry}")
    pages.fill(reason="permission_given", identifiers_checked=["name", "born"]).submit("Open the record")
    return pages


def test_the_record_says_who_can_see_it_and_it_is_true(app: Flask, gp: Actor) -> None:
    practice = db.session.get_one(Organisation, gp.organisation_id)
    trust = an_organisation(type=OrganisationType.AMBULANCE, shares=False, name="Ambulance Service")
    hours = an_organisation(type=OrganisationType.OUT_OF_HOURS, shares=False, name="Night Doctors")
    entry, crew = a_registered_person(gp), a_clinician(Role.PARAMEDIC, trust)
    pages = page_of(app, gp, entry).see_nothing_of("Created but not shared").follow("Who can see this now")
    pages.see("Created but not shared", "no sharing agreement", "Elm Street Surgery", "Their own practice")

    agree(practice, trust, level=1)
    pages.open(f"/record/{entry}/who-can-see").see("Shared", "Ambulance Service", "Serves the area", "Night Doctors")
    pages.see_nothing_of("Created but not shared")

    seen = {one.name for one in get_sharing(gp, entry).lookers if one.level}
    assert seen == {"Elm Street Surgery", "Ambulance Service"}
    assert Fact.IN_SCOPE in find_standing(crew, entry).facts  # type: ignore[union-attr]
    assert Fact.IN_SCOPE not in find_standing(a_clinician(Role.OUT_OF_HOURS_GP, hours), entry).facts  # type: ignore[union-attr]


def test_a_record_that_the_person_does_not_share_warns_on_the_record_itself(app: Flask, gp: Actor) -> None:
    entry = a_registered_person(gp, consent=a_consent(share_status="refused"))

    pages = page_of(app, gp, entry).see("Created but not shared: crews do not see this record")

    pages.follow("Who can see this now").see("has not agreed to sharing")


def test_a_restricted_address_names_no_organisation(app: Flask, gp: Actor) -> None:
    entry = a_registered_person(gp, address_restricted=True)

    page_of(app, gp, entry).open(f"/record/{entry}/who-can-see").see("no organisation is named").see_nothing_of(
        "Their own practice"
    )
