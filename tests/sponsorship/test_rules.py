"""Until when a sponsored account runs, who may ask, and what they are called."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core.errors import RuleBroken
from epaccs.sponsorship import rules
from epaccs.sponsorship.rules import AccountDates, AccountState, Ask

GIVEN = date(2026, 11, 21)
DATES = AccountDates(expires_on=date(2027, 11, 21), last_used_on=GIVEN)
NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
SENIOR = Ask("Grace Adu", Role.CARE_HOME_SENIOR, "grace@example.org", "01632 960170", None, "Residents at night")


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        pytest.param(OrganisationType.CARE_HOME, {Role.CARE_HOME_NURSE, Role.CARE_HOME_SENIOR}, id="care home"),
        pytest.param(OrganisationType.HOSPICE, {Role.HOSPICE_NURSE, Role.HOSPICE_DOCTOR}, id="hospice"),
        pytest.param(OrganisationType.LOCAL_AUTHORITY, {Role.SOCIAL_WORKER}, id="social care"),
        pytest.param(OrganisationType.GP_PRACTICE, set(), id="a practice looks after its own people"),
    ],
)
def test_only_roles_of_care_are_asked_for(kind: OrganisationType, roles: set[Role]) -> None:
    assert set(rules.sponsored_roles(kind)) == roles
    assert roles <= set(rules.ALL_SPONSORED_ROLES)
    assert not {Role.ADMINISTRATOR, Role.PRIVACY_OFFICER} & set(rules.ALL_SPONSORED_ROLES)


@pytest.mark.parametrize(
    ("changes", "kind", "field"),
    [
        pytest.param({}, OrganisationType.HOSPICE, "role", id="a role of another kind of organisation"),
        pytest.param({}, OrganisationType.ACUTE, "role", id="an organisation whose people do not ask"),
        pytest.param(
            {"role": Role.CARE_HOME_NURSE}, OrganisationType.CARE_HOME, "professional_number", id="a nurse: no number"
        ),
        pytest.param({"telephone": None}, OrganisationType.CARE_HOME, "telephone", id="nobody can ring back"),
    ],
)
def test_an_ask_that_cannot_be_answered_is_refused(
    changes: dict[str, Role], kind: OrganisationType, field: str
) -> None:
    rules.check_ask(SENIOR, OrganisationType.CARE_HOME)
    rules.check_ask(replace(SENIOR, email=None), OrganisationType.CARE_HOME)

    with pytest.raises(RuleBroken) as refused:
        rules.check_ask(replace(SENIOR, **changes), kind)  # type: ignore[arg-type]

    assert refused.value.field == field


def test_nobody_fills_the_list_from_outside() -> None:
    some = [NOW - timedelta(minutes=one) for one in range(9)]
    many = [*some, NOW - timedelta(minutes=10)]
    a_day = [NOW - timedelta(minutes=40 * one) for one in range(30)]

    rules.check_not_too_many(some, a_day[:29], now=NOW)

    for from_address, for_organisation in ((many, []), ([], a_day)):
        with pytest.raises(RuleBroken, match="Ring the people"):
            rules.check_not_too_many(from_address, for_organisation, now=NOW)


@pytest.mark.parametrize(
    ("months", "day"),
    [
        pytest.param(1, date(2027, 2, 28), id="into a shorter month"),
        pytest.param(12, date(2028, 1, 31), id="a year"),
        pytest.param(11, date(2027, 12, 31), id="to December"),
    ],
)
def test_months_are_counted_by_the_calendar(months: int, day: date) -> None:
    assert rules.add_months(date(2027, 1, 31), months) == day


USED_LATELY = replace(DATES, last_used_on=date(2027, 11, 1))


@pytest.mark.parametrize(
    ("dates", "today", "state"),
    [
        pytest.param(DATES, GIVEN, AccountState.RUNS, id="just given"),
        pytest.param(DATES, GIVEN + timedelta(days=75), AccountState.RUNS, id="fifteen days before it is unused"),
        pytest.param(DATES, GIVEN + timedelta(days=76), AccountState.UNUSED, id="fourteen days before it is unused"),
        pytest.param(DATES, GIVEN + timedelta(days=90), AccountState.UNUSED, id="the ninetieth day"),
        pytest.param(DATES, GIVEN + timedelta(days=91), AccountState.ENDED, id="unused for more than ninety days"),
        pytest.param(USED_LATELY, date(2027, 10, 21), AccountState.RUNS, id="thirty-one days before it ends"),
        pytest.param(USED_LATELY, date(2027, 10, 22), AccountState.RENEW, id="thirty days before it ends"),
        pytest.param(USED_LATELY, date(2027, 11, 21), AccountState.RENEW, id="its last day"),
        pytest.param(USED_LATELY, date(2027, 11, 22), AccountState.ENDED, id="nobody renewed it"),
        pytest.param(replace(DATES, has_ended=True), GIVEN, AccountState.ENDED, id="somebody ended it"),
    ],
)
def test_an_account_runs_until_the_earlier_of_both_ends(dates: AccountDates, today: date, state: AccountState) -> None:
    assert dates.state(today) is state


def test_an_account_is_renewed_near_its_end_or_after_it_and_not_before() -> None:
    rules.check_may_renew(USED_LATELY, today=date(2027, 11, 1))
    rules.check_may_renew(USED_LATELY, today=date(2028, 2, 1))

    with pytest.raises(RuleBroken, match="last 30 days"):
        rules.check_may_renew(DATES, today=GIVEN)


@pytest.mark.parametrize(
    ("dates", "today", "words"),
    [
        pytest.param(DATES, GIVEN + timedelta(days=75), None, id="nothing to say"),
        pytest.param(DATES, GIVEN + timedelta(days=80), "not signed in for 80 days", id="long away"),
        pytest.param(USED_LATELY, date(2027, 11, 1), "ends on 21-Nov-2027. Ask Elm Street to renew it", id="ends soon"),
    ],
)
def test_the_owner_is_told_before_it_ends(dates: AccountDates, today: date, words: str | None) -> None:
    said = rules.build_reminder(dates, today=today, day_in_words="21-Nov-2027", sponsor="Elm Street")

    assert (said is None) if words is None else (words in str(said))


def test_whoever_waits_for_more_than_a_day_waits_too_long() -> None:
    assert not rules.is_late(NOW - timedelta(hours=24), now=NOW)
    assert rules.is_late(NOW - timedelta(hours=25), now=NOW)


@pytest.mark.parametrize(
    ("name", "taken", "user_name"),
    [
        pytest.param("Dr Zoë Adu-Mensah", set(), "zoe.mensah", id="first and last, without title"),
        pytest.param("Grace Adu", {"grace.adu", "grace.adu.2"}, "grace.adu.3", id="two others have it"),
        pytest.param("Cher", set(), "cher", id="one name"),
        pytest.param("李明", set(), "colleague", id="other letters"),
        pytest.param("X", set(), "x.colleague", id="one letter"),
    ],
)
def test_a_user_name_is_made_from_the_name(name: str, taken: set[str], user_name: str) -> None:
    assert rules.build_user_name(name, taken) == user_name
