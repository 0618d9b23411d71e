"""Whose account a sign-in elsewhere is: by a number that one person alone has, or by an administrator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.sign_on import queries
from epaccs.sign_on.actions import linking
from epaccs.sign_on.actions.housekeeping import forget_expired
from epaccs.sign_on.actions.linking import NotLinked, find_or_ask
from epaccs.sign_on.rules import LINK_CODE_MINUTES, Identity, RoleMeant
from tests.conftest import NOW
from tests.factories import a_clinician, an_organisation

IDENTITY = Identity(
    issuer="https://sign-in.example",
    subject="1",
    name="Dr Ada Made-Up",
    roles=frozenset({"GP"}),
    professional_number="7000001",
    methods=frozenset(),
    proved_at=NOW,
    session="",
)


@pytest.fixture
def practice(app: Flask) -> Organisation:
    return an_organisation(name="Northdale Surgery")


@pytest.fixture
def meant(practice: Organisation) -> list[RoleMeant]:
    return [RoleMeant(practice.id, practice.name, Role.GP, None)]


@pytest.fixture
def ada(practice: Organisation) -> Actor:
    return a_clinician(Role.GP, practice, name="Dr Ada Made-Up", professional_number="700 0001")


@pytest.fixture
def administrator(practice: Organisation) -> Actor:
    return a_clinician(Role.ADMINISTRATOR, practice)


def test_only_a_number_that_one_person_alone_has_ties_an_account(ada: Actor, meant: list[RoleMeant]) -> None:
    with pytest.raises(NotLinked):
        find_or_ask(replace(IDENTITY, professional_number=None), meant)
    assert find_or_ask(IDENTITY, meant) == ada.clinician_id
    with pytest.raises(NotLinked):
        find_or_ask(replace(IDENTITY, subject="2"), meant)
    two = [a_clinician(Role.GP, professional_number="7000002") for _ in range(2)]
    with pytest.raises(NotLinked) as asked:
        find_or_ask(replace(IDENTITY, subject="3", professional_number="7000002"), meant)

    assert len(two) == 2
    assert asked.value.organisations == ("Northdale Surgery",)


def test_whoever_is_meant_nowhere_hears_what_is_missing(ada: Actor) -> None:
    with pytest.raises(RuleBroken, match="means no role in this register yet"):
        find_or_ask(replace(IDENTITY, professional_number=None), [])


def test_a_code_ties_one_account_once_and_for_an_hour(
    ada: Actor, administrator: Actor, meant: list[RoleMeant], frozen_clock: Any
) -> None:
    nobody = replace(IDENTITY, professional_number=None)
    with pytest.raises(NotLinked) as first:
        find_or_ask(nobody, meant)
    with pytest.raises(NotLinked) as second:
        find_or_ask(nobody, meant)
    with pytest.raises(RuleBroken, match="No sign-in waits"):
        linking.link(administrator, ada.clinician_id, first.value.code)
    linking.link(administrator, ada.clinician_id, second.value.code)
    assert queries.find_linked(IDENTITY.issuer, "1") == ada.clinician_id
    with pytest.raises(NotLinked) as third:
        find_or_ask(replace(nobody, subject="9"), meant)
    with pytest.raises(RuleBroken, match="tied to a sign-in already"):
        linking.link(administrator, ada.clinician_id, third.value.code)
    linking.unlink(administrator, ada.clinician_id)
    assert queries.find_linked(IDENTITY.issuer, "1") is None

    frozen_clock(NOW.replace(hour=5))
    assert clock.now().hour * 60 - 180 > LINK_CODE_MINUTES
    with pytest.raises(RuleBroken, match="No sign-in waits"):
        linking.link(administrator, ada.clinician_id, third.value.code)
    assert forget_expired() == 1


def test_an_administrator_ties_no_account_of_another_organisation_and_not_their_own(
    administrator: Actor, ada: Actor
) -> None:
    with pytest.raises(NotFound):
        linking.link(a_clinician(Role.ADMINISTRATOR), ada.clinician_id, "K7QM-3XWP-9D2H")
    with pytest.raises(Forbidden):
        linking.link(administrator, administrator.clinician_id, "K7QM-3XWP-9D2H")


def test_a_table_is_kept_by_an_administrator_for_their_own_organisation(administrator: Actor, ada: Actor) -> None:
    with pytest.raises(Forbidden):
        linking.add_role_claim(ada, value="GP", role=Role.GP, second_factor=None)
    with pytest.raises(RuleBroken, match="Choose another role"):
        linking.add_role_claim(administrator, value="GP", role=Role.PARAMEDIC, second_factor=None)
    linking.add_role_claim(administrator, value="GP", role=Role.GP, second_factor=None)
    with pytest.raises(RuleBroken, match="already"):
        linking.add_role_claim(administrator, value="GP", role=Role.GP, second_factor="mfa")
    (line,) = queries.role_claims_of(administrator)
    with pytest.raises(NotFound):
        linking.remove_role_claim(a_clinician(Role.ADMINISTRATOR), line.claim_id)

    linking.remove_role_claim(administrator, line.claim_id)

    assert queries.find_meant(["GP"]) == []
