"""Who may be on the register, whom it is shared with, death and removal: as tables."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from epaccs.core.errors import RuleBroken
from epaccs.register import rules
from epaccs.register.rules import DeathStatus, LifecycleStatus

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
BY = {"name": "Dr A Patel"}
BORN = date(1941, 1, 6)
OPEN = {"status": "on_register"}
GIVEN = {"status": "given", "decided_by": "The person", "decided_on": "2026-11-01"}
IDENTITY = {"born_on": "1941-01-06", "nhs_number": "9990000018", "nhs_number_status": "01"}


def died(day: str = "2026-11-20") -> dict[str, Any]:
    return {"died_on": day}


@pytest.mark.parametrize(
    ("born", "allowed"),
    [
        pytest.param(date(2008, 11, 21), True, id="eighteen today"),
        pytest.param(date(2008, 11, 22), False, id="eighteen tomorrow"),
        pytest.param(date(1926, 2, 28), True, id="a hundred"),
    ],
)
def test_the_register_is_for_adults(born: date, allowed: bool) -> None:
    if allowed:
        rules.check_adult(born, today=TODAY)
    else:
        with pytest.raises(RuleBroken, match="18 and over"):
            rules.check_adult(born, today=TODAY)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"nhs_number": None}, "nhs_number", id="no number and no reason"),
        pytest.param({"no_nhs_number_reason": "overseas"}, "no_nhs_number_reason", id="number and a reason for none"),
        pytest.param({"nhs_number_status": None}, "nhs_number_status", id="number without a status"),
    ],
)
def test_an_identity_has_a_checked_number_or_a_reason(change: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        rules.check_identity({**IDENTITY, **change}, today=TODAY)

    assert refused.value.field == field


def test_an_identity_without_a_number_but_with_a_reason_is_accepted() -> None:
    rules.check_identity({"born_on": "1941-01-06", "no_nhs_number_reason": "overseas"}, today=TODAY)


@pytest.mark.parametrize(
    ("number", "status", "warning"),
    [
        pytest.param("9990000018", "01", None, id="verified"),
        pytest.param("9990000018", "02", "Identity not verified: given, not traced", id="not traced"),
        pytest.param(None, None, "Identity not verified: no NHS number", id="no number"),
    ],
)
def test_an_identity_that_was_not_verified_says_so(number: str | None, status: str | None, warning: str | None) -> None:
    assert rules.identity_warning({"nhs_number": number, "nhs_number_status": status}) == warning


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        pytest.param({**GIVEN, "decided_by": ""}, "share_decided_by", id="nobody named"),
        pytest.param({**GIVEN, "decided_on": None}, "share_decided_on", id="no date"),
        pytest.param({**GIVEN, "decided_on": "2026-11-22"}, "share_decided_on", id="in the future"),
        pytest.param({**GIVEN, "status": "best_interests"}, "share_basis", id="best interests, nobody consulted"),
    ],
)
def test_a_consent_says_who_decided_and_when(answer: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        rules.check_consent({"register": GIVEN, "share": answer}, today=TODAY)

    assert refused.value.field == field


def test_a_consent_not_asked_yet_needs_nothing_more() -> None:
    rules.check_consent({"register": GIVEN, "share": {"status": "not_asked"}}, today=TODAY)


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        pytest.param("given", True, id="agreed"),
        pytest.param("best_interests", True, id="best interests"),
        pytest.param("attorney", True, id="attorney"),
        pytest.param("refused", False, id="refused"),
        pytest.param("withdrawn", False, id="withdrawn"),
        pytest.param("not_asked", False, id="not asked"),
    ],
)
def test_nobody_is_registered_without_agreement(status: str, allowed: bool) -> None:
    consent = {"register": {**GIVEN, "status": status}}
    if allowed:
        rules.check_may_register(consent)
    else:
        with pytest.raises(RuleBroken, match="Record an agreement"):
            rules.check_may_register(consent)


@pytest.mark.parametrize(
    ("consent", "lifecycle", "shared"),
    [
        pytest.param({"register": GIVEN, "share": GIVEN}, OPEN, True, id="both given"),
        pytest.param({"register": GIVEN, "share": {"status": "withdrawn"}}, OPEN, False, id="sharing withdrawn"),
        pytest.param({"register": {"status": "withdrawn"}, "share": GIVEN}, OPEN, False, id="registering withdrawn"),
        pytest.param({"register": GIVEN, "share": GIVEN}, {"status": "removed"}, False, id="removed"),
        pytest.param({"register": GIVEN, "share": {"status": "not_asked"}}, OPEN, False, id="not asked"),
        pytest.param(None, OPEN, False, id="nothing recorded"),
    ],
)
def test_a_record_is_shared_only_while_both_agreements_stand(
    consent: dict[str, Any] | None, lifecycle: dict[str, Any], shared: bool
) -> None:
    assert rules.is_shared(consent, lifecycle) is shared


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        pytest.param("2026-11-22", "today or in the past", id="tomorrow"),
        pytest.param("1940-12-31", "after the date of birth", id="before birth"),
    ],
)
def test_a_date_of_death_that_cannot_be_is_refused(day: str, sentence: str) -> None:
    with pytest.raises(RuleBroken, match=sentence):
        rules.death_recorded(OPEN, died(day), status=DeathStatus.REPORTED, by=BY, born_on=BORN, now=NOW)


def test_a_reported_death_is_confirmed_and_keeps_both_names() -> None:
    reported = rules.death_recorded(OPEN, died(), status=DeathStatus.REPORTED, by=BY, born_on=BORN, now=NOW)
    confirmed = rules.death_recorded(
        reported, died(), status=DeathStatus.CONFIRMED, by={"name": "Dr B"}, born_on=BORN, now=NOW
    )

    death = rules.death_of(confirmed)
    assert death is not None
    assert (death["status"], death["reported_by"]["name"], death["confirmed_by"]["name"]) == (
        "confirmed",
        "Dr A Patel",
        "Dr B",
    )


def test_a_confirmed_death_is_not_reported_again() -> None:
    confirmed = rules.death_recorded(OPEN, died(), status=DeathStatus.CONFIRMED, by=BY, born_on=BORN, now=NOW)

    with pytest.raises(RuleBroken, match="confirmed already"):
        rules.death_recorded(confirmed, died(), status=DeathStatus.REPORTED, by=BY, born_on=BORN, now=NOW)


def test_seen_alive_puts_a_death_in_doubt_and_reversal_restores_everything() -> None:
    reported = rules.death_recorded(OPEN, died(), status=DeathStatus.REPORTED, by=BY, born_on=BORN, now=NOW)
    doubted = rules.seen_alive(reported, by=BY, now=NOW)

    alive = rules.death_reversed(doubted, reason="Another person of this name", by=BY, now=NOW)

    assert rules.is_death_in_doubt(doubted)
    assert not rules.is_death_in_doubt(reported)
    assert rules.death_of(alive) is None
    assert rules.is_open(alive)
    assert len(alive["death_reversals"]) == 1


@pytest.mark.parametrize(
    "deed",
    [
        pytest.param(lambda: rules.seen_alive(OPEN, by=BY, now=NOW), id="seen alive without a death"),
        pytest.param(lambda: rules.death_reversed(OPEN, reason="x", by=BY, now=NOW), id="reversal without a death"),
        pytest.param(
            lambda: rules.removed({"status": "removed"}, reason="improved", by=BY, now=NOW), id="removed twice"
        ),
        pytest.param(lambda: rules.restored(OPEN), id="restored though there"),
        pytest.param(lambda: rules.merged_into(None, survivor="x", by=BY, now=NOW), id="merged though not there"),
        pytest.param(lambda: rules.unmerged(OPEN), id="unmerged though not merged"),
    ],
)
def test_a_step_that_does_not_fit_is_refused(deed: Any) -> None:
    with pytest.raises(RuleBroken):
        deed()


def test_removal_and_merging_can_be_taken_back() -> None:
    removed = rules.removed(OPEN, reason="improved", by=BY, now=NOW)
    merged = rules.merged_into(OPEN, survivor="another", by=BY, now=NOW)

    assert (removed["status"], merged["status"]) == (LifecycleStatus.REMOVED, LifecycleStatus.MERGED)
    assert rules.restored(removed) == OPEN
    assert rules.unmerged(merged) == OPEN


@pytest.mark.parametrize(
    ("decided", "due"),
    [
        pytest.param(date(2026, 11, 21), date(2027, 2, 21), id="over new year"),
        pytest.param(date(2026, 11, 30), date(2027, 2, 28), id="shorter month"),
        pytest.param(date(2027, 11, 30), date(2028, 2, 29), id="leap year"),
    ],
)
def test_a_record_is_due_for_review_in_three_months(decided: date, due: date) -> None:
    assert rules.review_due_on(decided) == due


@pytest.mark.parametrize(
    ("next_on", "sentence"),
    [
        pytest.param(date(2026, 11, 21), "after today", id="today"),
        pytest.param(date(2027, 2, 22), "at most three months", id="three months and a day"),
    ],
)
def test_a_next_review_that_the_standard_does_not_allow_is_refused(next_on: date, sentence: str) -> None:
    with pytest.raises(RuleBroken, match=sentence):
        rules.reviewed(OPEN, next_on=next_on, by=BY, now=NOW)


def test_a_record_is_reviewed_and_says_when_next() -> None:
    reviewed = rules.reviewed(OPEN, next_on=date(2027, 2, 21), by=BY, now=NOW)

    assert reviewed["reviewed"]["by"] == BY
    assert rules.find_review_due(reviewed) == date(2027, 2, 21)


@pytest.mark.parametrize(
    "lifecycle",
    [
        pytest.param(None, id="nothing recorded"),
        pytest.param(OPEN, id="no date"),
        pytest.param({"status": "removed", "review_due_on": "2027-02-21"}, id="removed"),
        pytest.param({**OPEN, "review_due_on": "2027-02-21", "death": {"status": "reported"}}, id="died"),
    ],
)
def test_no_review_is_due_where_nobody_is_to_be_reviewed(lifecycle: dict[str, Any] | None) -> None:
    assert rules.find_review_due(lifecycle) is None


# --- Moves -----------------------------------------------------------------------------------------------------------

AT_HOME = {"address": "14 Canal Row\nNorthdale", "postcode": "ND1 4QX"}
IN_HOME = {**AT_HOME, "care_home_ods": "Z99C1"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(AT_HOME, {**AT_HOME, "address": "3 Dock Street"}, id="another address"),
        pytest.param(AT_HOME, {**AT_HOME, "postcode": "ND1 4QY"}, id="another postcode"),
        pytest.param(AT_HOME, IN_HOME, id="into a care home"),
        pytest.param(IN_HOME, AT_HOME, id="out of a care home"),
        pytest.param(IN_HOME, {**IN_HOME, "care_home_ods": "Z99C2"}, id="from one care home to another"),
    ],
)
def test_an_address_or_care_home_that_changes_is_a_move(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert rules.has_moved(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, AT_HOME, id="the first address"),
        pytest.param({"family_name": "Wood"}, IN_HOME, id="no address until now"),
        pytest.param(AT_HOME, AT_HOME, id="nothing changed"),
        pytest.param(AT_HOME, {**AT_HOME, "family_name": "Wood"}, id="another name"),
        pytest.param(AT_HOME, {**AT_HOME, "address": "14 canal row  Northdale "}, id="spaced otherwise"),
        pytest.param(
            {"address": "14 Canal Row"}, {"address": "14 Canal Row", "postcode": "ND1 4QX"}, id="postcode added"
        ),
        pytest.param(AT_HOME, {"address": AT_HOME["address"], "postcode": None}, id="postcode taken out"),
        pytest.param(IN_HOME, {**IN_HOME, "care_home_ods": "z99c1 "}, id="the same code in small letters"),
    ],
)
def test_what_says_nothing_of_another_place_is_no_move(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert not rules.has_moved(before, after)


def test_when_somebody_was_last_said_to_be_elsewhere() -> None:
    moved_at = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)

    assert rules.find_moved_at({**AT_HOME, rules.MOVED_AT: moved_at.isoformat()}) == moved_at
    assert rules.find_moved_at(AT_HOME) is None
    assert rules.find_moved_at(None) is None
