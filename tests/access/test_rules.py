"""The access table: who may do what, as sentences; and that every cell of the table says what the agreed one says."""

from __future__ import annotations

import pytest

from epaccs.access import rules
from epaccs.access.rules import AUDIENCES, FACTS_OF_THE_PERSON, Fact, Permission, Tier, audience_name, visible_tiers
from epaccs.clinicians.rules import Role
from epaccs.core.errors import Forbidden

REACHED = frozenset({Fact.IN_SCOPE, Fact.REASON_GIVEN})


@pytest.mark.parametrize(
    ("role", "permission", "may"),
    [
        pytest.param(Role.GP, Permission.REGISTER, True, id="a GP registers"),
        pytest.param(Role.PARAMEDIC, Permission.REGISTER, False, id="a paramedic does not register"),
        pytest.param(
            Role.PRACTICE_ADMINISTRATOR, Permission.PREPARE_REGISTRATION, True, id="an administrator prepares"
        ),
        pytest.param(Role.PRACTICE_ADMINISTRATOR, Permission.VIEW_CARD, False, id="an administrator sees no card"),
        pytest.param(Role.PARAMEDIC, Permission.PRINT, False, id="a paramedic does not print"),
        pytest.param(Role.HOSPICE_NURSE, Permission.PRINT, True, id="a hospice nurse prints"),
        pytest.param(Role.HOSPICE_NURSE, Permission.SETTLE_DISPUTE, False, id="a nurse settles no dispute"),
        pytest.param(Role.CALL_HANDLER, Permission.RECORD_OWN_WITHDRAWAL, False, id="a call handler only reports"),
        pytest.param(Role.CALL_HANDLER, Permission.REPORT_OWN_WITHDRAWAL, True, id="a call handler reports"),
        pytest.param(Role.SOCIAL_WORKER, Permission.BREAK_GLASS, False, id="a social worker opens no emergency"),
        pytest.param(Role.CARE_HOME_SENIOR, Permission.BREAK_GLASS, False, id="a care home senior opens no emergency"),
        pytest.param(Role.PRIVACY_OFFICER, Permission.VIEW_CARD, False, id="a privacy officer sees no card"),
        pytest.param(Role.COMMISSIONER, Permission.SEARCH, False, id="a commissioner finds nobody"),
        pytest.param(Role.ADMINISTRATOR, Permission.SEARCH, False, id="an administrator of people finds nobody"),
    ],
)
def test_a_role_may_what_the_table_gives(role: Role, permission: Permission, may: bool) -> None:
    assert rules.can(permission, rules.facts_of_role(role, may_sign=True) | FACTS_OF_THE_PERSON) is may
    assert rules.can_ever(permission, rules.facts_of_role(role, may_sign=True)) is may


@pytest.mark.parametrize(
    ("may_sign", "reached", "sentence"),
    [
        pytest.param(False, REACHED, "current authorisation to sign", id="no authorisation"),
        pytest.param(True, frozenset({Fact.IN_SCOPE}), "Say first why", id="no reason given"),
        pytest.param(True, frozenset(), "current authorisation to sign", id="out of reach"),
    ],
)
def test_a_refused_signature_says_what_is_missing(may_sign: bool, reached: frozenset[Fact], sentence: str) -> None:
    facts = rules.facts_of_role(Role.GP, may_sign=may_sign) | reached

    with pytest.raises(Forbidden, match=sentence):
        rules.check(Permission.SIGN_CPR, facts, role=Role.GP)


def test_an_authorised_signer_who_gave_a_reason_signs() -> None:
    facts = rules.facts_of_role(Role.GP, may_sign=True) | REACHED

    rules.check(Permission.SIGN_CPR, facts, role=Role.GP)


@pytest.mark.parametrize(
    ("role", "incident", "resident", "tiers"),
    [
        pytest.param(Role.GP, False, False, "T0+T1+T2+T3", id="GP"),
        pytest.param(Role.PARAMEDIC, False, False, "T0+T1", id="paramedic before an incident"),
        pytest.param(Role.PARAMEDIC, True, False, "T0+T1+T2", id="paramedic in an incident"),
        pytest.param(Role.CARE_HOME_SENIOR, True, False, "T0", id="care home senior, somebody else's resident"),
        pytest.param(Role.CARE_HOME_SENIOR, True, True, "T0+T1", id="care home senior, own resident"),
        pytest.param(Role.SOCIAL_WORKER, True, False, "T0+needs", id="social worker"),
        pytest.param(Role.CALL_HANDLER, False, False, "T0+T1", id="call handler"),
        pytest.param(Role.COMMISSIONER, True, True, "none", id="commissioner"),
    ],
)
def test_a_reader_belongs_to_one_audience(role: Role, incident: bool, resident: bool, tiers: str) -> None:
    seen = visible_tiers(role, incident=incident, resident=resident)

    assert audience_name(seen) == tiers


def test_a_card_is_kept_for_every_audience_that_can_ask() -> None:
    assert frozenset({Tier.T0_EXISTS, Tier.T1_EMERGENCY}) in AUDIENCES
    assert len({audience_name(tiers) for tiers in AUDIENCES}) == len(AUDIENCES)


def test_the_tables_are_printed_with_every_role_and_permission() -> None:
    printed = rules.render_access_tables()

    assert all(str(permission) in printed for permission in Permission)
    assert "out-of-hours GP" in printed
