"""No current agreement, no flow: on the record, in lists and search. An emergency opens all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, select

from epaccs.access.actions import Concerned, begin_relationship, give_reason
from epaccs.access.model import EntryScope
from epaccs.access.queries import find_standing, get_standing, reachable_entries
from epaccs.access.rules import AccessReason, Fact, Permission, Tier
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.errors import NotFound
from epaccs.core.identifiers import new_id
from epaccs.record.actions.search import search_people
from tests.factories import a_clinician, a_registered_person, agree, an_organisation, end_agreement, sign_in
from tests.pages import PageClient


@dataclass
class Neighbours:
    """A practice, its GP and one of its people, and an ambulance trust; they share nothing yet."""

    practice: Organisation
    trust: Organisation
    gp: Actor
    crew: Actor
    entry: UUID

    def agree(self, **fields: Any) -> UUID:
        return agree(self.practice, self.trust, **fields)


@pytest.fixture
def here(app: Flask) -> Neighbours:
    practice = an_organisation(shares=False)
    trust = an_organisation(type=OrganisationType.AMBULANCE, shares=False)
    gp, crew = a_clinician(Role.GP, practice), a_clinician(Role.PARAMEDIC, trust)
    return Neighbours(practice, trust, gp, crew, a_registered_person(gp, family_name="Okonkwo", given_name="Grace"))


def reaches(actor: Actor, entry: UUID) -> bool:
    """Whether a reader reaches a person; that the record and every list say the same is a part of it."""
    standing = find_standing(actor, entry)
    assert standing is not None
    listed = set(db.session.scalars(select(EntryScope.entry_id).where(reachable_entries(actor))))
    assert (entry in listed) is (Fact.IN_SCOPE in standing.facts)
    return entry in listed


def tiers(actor: Actor, entry: UUID) -> set[Tier]:
    standing = find_standing(actor, entry)
    assert standing is not None
    return set(standing.tiers)


def in_emergency(actor: Actor, entry: UUID) -> None:
    give_reason(actor, entry, reason=AccessReason.EMERGENCY, identifiers_checked=(), cannot_check=True)


def test_without_an_agreement_nobody_but_the_own_practice_reaches_a_person(here: Neighbours) -> None:
    assert reaches(here.gp, here.entry)
    assert not reaches(here.crew, here.entry)
    with pytest.raises(NotFound):
        get_standing(here.crew, here.entry, Permission.GIVE_REASON)


def test_an_agreement_that_both_have_signed_opens_the_way(here: Neighbours) -> None:
    here.agree()

    assert reaches(here.crew, here.entry)


@pytest.mark.parametrize(
    "days",
    [
        pytest.param({"valid_from": date(2026, 11, 22)}, id="it begins tomorrow"),
        pytest.param({"valid_until": date(2026, 11, 20)}, id="its last day was yesterday"),
    ],
)
def test_an_agreement_that_is_not_current_opens_nothing(here: Neighbours, days: dict[str, date]) -> None:
    here.agree(**days)

    assert not reaches(here.crew, here.entry)


@pytest.mark.parametrize(
    "days",
    [
        pytest.param({"valid_from": date(2026, 11, 21)}, id="its first day"),
        pytest.param({"valid_until": date(2026, 11, 21)}, id="its last day"),
    ],
)
def test_first_and_last_day_count(here: Neighbours, days: dict[str, date]) -> None:
    here.agree(**days)

    assert reaches(here.crew, here.entry)


def test_it_ends_with_the_day_and_nobody_has_to_do_anything(
    here: Neighbours, frozen_clock: Callable[[datetime], None]
) -> None:
    here.agree(valid_until=date(2026, 11, 21))
    assert reaches(here.crew, here.entry)

    frozen_clock(clock.now() + timedelta(days=1))

    assert not reaches(here.crew, here.entry)


@pytest.mark.parametrize("who", ["practice", "trust", "nobody else"])
def test_an_agreement_that_ended_opens_nothing_from_the_next_request_on(here: Neighbours, who: str) -> None:
    agreement = here.agree()
    end_agreement(agreement, {"practice": here.practice, "trust": here.trust}.get(who))

    assert not reaches(here.crew, here.entry)
    assert reaches(here.gp, here.entry)


def test_another_party_that_left_takes_nobody_along(here: Neighbours) -> None:
    third = an_organisation(shares=False)
    agreement = agree(here.practice, here.trust, third)

    end_agreement(agreement, third)

    assert reaches(here.crew, here.entry)


def test_a_relationship_needs_an_agreement_too(here: Neighbours) -> None:
    hospice = an_organisation(type=OrganisationType.HOSPICE, shares=False)
    nurse = a_clinician(Role.HOSPICE_NURSE, hospice)
    with writing() as session:
        begin_relationship(session, Concerned(here.entry, hospice.id, "referred", None))
    assert not reaches(nurse, here.entry)

    agree(here.practice, hospice)

    assert reaches(nurse, here.entry)


def test_an_agreement_alone_is_no_reason_to_reach_anybody(here: Neighbours) -> None:
    hospice = an_organisation(type=OrganisationType.HOSPICE, shares=False)
    agree(here.practice, hospice)

    assert not reaches(a_clinician(Role.HOSPICE_NURSE, hospice), here.entry)


@pytest.mark.parametrize(
    ("level", "seen"),
    [
        pytest.param(1, {Tier.T0_EXISTS, Tier.T1_EMERGENCY}, id="the card"),
        pytest.param(2, {Tier.T0_EXISTS, Tier.T1_EMERGENCY, Tier.T2_COORDINATION}, id="card and plan"),
        pytest.param(
            3, {Tier.T0_EXISTS, Tier.T1_EMERGENCY, Tier.T2_COORDINATION, Tier.T3_SENSITIVE}, id="what is sensitive too"
        ),
    ],
)
def test_a_role_sees_no_more_than_the_agreement_covers(here: Neighbours, level: int, seen: set[Tier]) -> None:
    hospice = an_organisation(type=OrganisationType.HOSPICE, shares=False)
    nurse = a_clinician(Role.HOSPICE_NURSE, hospice)
    with writing() as session:
        begin_relationship(session, Concerned(here.entry, hospice.id, "referred", None))
    agree(here.practice, hospice, level=level)

    assert tiers(nurse, here.entry) == seen
    assert tiers(here.gp, here.entry) >= {Tier.T3_SENSITIVE}


def test_of_two_agreements_that_which_goes_furthest_counts(here: Neighbours) -> None:
    here.agree(level=1)
    in_emergency_not = a_clinician(Role.OUT_OF_HOURS_GP, an_organisation(type=OrganisationType.OUT_OF_HOURS))
    organisation = db.session.get_one(Organisation, in_emergency_not.organisation_id)
    agree(here.practice, organisation, level=1)
    agree(here.practice, organisation, level=2)

    assert Tier.T2_COORDINATION in tiers(in_emergency_not, here.entry)


def test_an_emergency_opens_what_no_agreement_covers_and_the_page_and_the_audit_say_so(
    app: Flask, here: Neighbours
) -> None:
    """An expired paper does not take a CPR decision from a crew."""
    pages = PageClient(app)
    sign_in(pages.browser, here.crew)
    pages.open(f"/record/{here.entry}").see("No sharing agreement covers this")
    assert "permission_given" not in pages.page.html

    pages.submit("Emergency: open now").see("OKONKWO", "No sharing agreement covers this look")

    assert Tier.T2_COORDINATION in tiers(here.crew, here.entry)
    noted = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "emergency_access")).one()
    assert noted.details["agreement"] is False


def test_a_reason_given_while_there_was_an_agreement_opens_nothing_after_it(app: Flask, here: Neighbours) -> None:
    agreement = here.agree()
    pages = PageClient(app)
    sign_in(pages.browser, here.crew)
    pages.open(f"/record/{here.entry}")
    pages.fill(reason="permission_given", identifiers_checked=["name", "born"]).submit("Open the record")
    pages.see("OKONKWO").see_nothing_of("No sharing agreement")

    end_agreement(agreement)

    pages.open(f"/record/{here.entry}").see("Emergency: open now").see_nothing_of("Heart failure")


def test_whoever_is_not_covered_is_found_by_name_by_nobody_else(here: Neighbours) -> None:
    def found() -> list[UUID]:
        return [
            one.entry_id for one in search_people(here.crew, who="Okonkwo Grace", born="1941", where="").findings.people
        ]

    assert found() == []

    here.agree()

    assert found() == [here.entry]


def test_it_is_asked_in_the_one_statement_that_every_page_waits_for(here: Neighbours) -> None:
    here.agree()
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    find_standing(here.crew, new_id())
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        find_standing(here.crew, here.entry)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

    assert len(statements) == 1
