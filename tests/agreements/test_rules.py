"""When an agreement holds, who may sign, leave and end it, and what stops with it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from epaccs.access.rules import AUDIENCES, Tier, covered_tiers, visible_tiers
from epaccs.agreements.rules import (
    END_REASON_LABELS,
    LEGAL_BASIS_LABELS,
    LEVEL_HINTS,
    LEVEL_LABELS,
    PURPOSE_LABELS,
    SPECIAL_BASIS_LABELS,
    STANDING_LABELS,
    EndReason,
    LegalBasis,
    Level,
    Purpose,
    SpecialBasis,
    Standing,
    Stop,
    Terms,
    check_may_end,
    check_may_leave,
    check_may_make,
    check_may_sign,
    check_reason,
    check_terms,
    cuts_of,
    flows_of,
    is_practice,
    is_worth_a_warning,
    standing_of,
    stops_between,
)
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.errors import Forbidden, NotFound, RuleBroken

TODAY = date(2026, 11, 21)
PRACTICE, HOSPICE, TRUST, OTHER = (UUID(int=number) for number in (1, 2, 3, 4))


def some_terms(**changes: Any) -> Terms:
    terms = Terms(
        UUID(int=9), Level.PLAN, date(2026, 1, 1), date(2027, 12, 31), None, frozenset({PRACTICE, HOSPICE, TRUST})
    )
    return replace(terms, **changes)


def an_administrator(organisation_id: UUID = PRACTICE, kind: OrganisationType = OrganisationType.GP_PRACTICE) -> Actor:
    return Actor(
        clinician_id=UUID(int=8),
        name="An administrator",
        role=Role.ADMINISTRATOR,
        professional_number=None,
        organisation_id=organisation_id,
        organisation_name="Somewhere",
        organisation_type=kind,
        organisation_ods="A99001",
        may_sign=False,
    )


BOARD = an_administrator(OTHER, OrganisationType.ICB)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        pytest.param(some_terms(), Standing.CURRENT, id="signed and within its days"),
        pytest.param(some_terms(signed=frozenset({PRACTICE})), Standing.UNSIGNED, id="one alone has signed"),
        pytest.param(some_terms(valid_from=TODAY + timedelta(1)), Standing.NOT_YET, id="begins tomorrow"),
        pytest.param(some_terms(valid_from=TODAY), Standing.CURRENT, id="its first day"),
        pytest.param(some_terms(valid_until=TODAY + timedelta(31)), Standing.CURRENT, id="thirty-one days left"),
        pytest.param(some_terms(valid_until=TODAY + timedelta(30)), Standing.ENDING, id="thirty days left"),
        pytest.param(some_terms(valid_until=TODAY), Standing.ENDING, id="its last day"),
        pytest.param(some_terms(valid_until=TODAY - timedelta(1)), Standing.LAPSED, id="its last day was yesterday"),
        pytest.param(some_terms(ended_on=TODAY), Standing.ENDED, id="ended early"),
    ],
)
def test_how_an_agreement_stands(terms: Terms, expected: Standing) -> None:
    assert standing_of(terms, today=TODAY) is expected


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        pytest.param(some_terms(), False, id="holds for a year"),
        pytest.param(some_terms(valid_until=TODAY + timedelta(30)), True, id="ends in thirty days"),
        pytest.param(some_terms(valid_until=TODAY + timedelta(31)), False, id="ends in thirty-one"),
        pytest.param(some_terms(valid_until=TODAY - timedelta(30)), True, id="ended thirty days ago"),
        pytest.param(some_terms(valid_until=TODAY - timedelta(31)), False, id="ended thirty-one days ago"),
        pytest.param(some_terms(valid_until=TODAY, signed=frozenset()), False, id="nothing ever flowed by it"),
        pytest.param(some_terms(ended_on=TODAY - timedelta(30)), True, id="was ended thirty days ago"),
        pytest.param(some_terms(ended_on=TODAY - timedelta(31)), False, id="was ended thirty-one days ago"),
    ],
)
def test_administrators_are_warned_in_time_and_not_for_ever(terms: Terms, expected: bool) -> None:
    assert is_worth_a_warning(terms, today=TODAY) is expected


def test_everybody_who_signed_sees_the_people_of_each_practice_that_signed() -> None:
    flows = flows_of([some_terms()], on=TODAY, practices={PRACTICE, OTHER})

    assert flows == {(HOSPICE, PRACTICE): Level.PLAN, (TRUST, PRACTICE): Level.PLAN}


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2028, 1, 1)])
def test_nothing_flows_before_the_first_day_or_after_the_last(day: date) -> None:
    assert flows_of([some_terms()], on=day, practices={PRACTICE}) == {}


def test_of_several_agreements_that_which_goes_furthest_counts() -> None:
    more, less = some_terms(level=Level.WHOLE), some_terms(level=Level.CARD)

    for agreements in ([more, less], [less, more]):
        assert set(flows_of(agreements, on=TODAY, practices={PRACTICE}).values()) == {Level.WHOLE}


def test_what_stops_is_told_by_organisation_and_by_what_is_left() -> None:
    before = {(TRUST, PRACTICE): Level.WHOLE, (TRUST, OTHER): Level.WHOLE, (HOSPICE, PRACTICE): Level.PLAN}
    after = {(TRUST, PRACTICE): Level.CARD, (HOSPICE, PRACTICE): Level.PLAN}

    assert stops_between(before, after) == [
        Stop(TRUST, (OTHER,), Level.NONE),
        Stop(TRUST, (PRACTICE,), Level.CARD),
    ]


def test_what_stops_with_an_agreement_is_what_no_other_gives() -> None:
    ending = some_terms(valid_until=TODAY + timedelta(5))
    [cut] = cuts_of(ending, {}, today=TODAY)

    assert cut.first_day == TODAY + timedelta(6)
    assert {stop.organisation_id for stop in cut.stops([ending], {PRACTICE})} == {HOSPICE, TRUST}
    renewed = some_terms(id=UUID(int=10), signed=frozenset({PRACTICE, TRUST}))
    assert [stop.organisation_id for stop in cut.stops([ending, renewed], {PRACTICE})] == [HOSPICE]


def test_what_stops_with_an_agreement_that_was_ended_stopped_that_day() -> None:
    ended = some_terms(ended_on=TODAY)
    [cut] = cuts_of(ended, {}, today=TODAY)

    assert cut.first_day == TODAY
    assert {stop.organisation_id for stop in cut.stops([ended], {PRACTICE})} == {HOSPICE, TRUST}


@pytest.mark.parametrize(
    ("days", "expected"), [pytest.param(30, [TRUST], id="thirty days ago"), pytest.param(31, [], id="long ago")]
)
def test_what_stops_when_somebody_leaves_is_theirs_alone(days: int, expected: list[UUID]) -> None:
    without = some_terms(signed=frozenset({PRACTICE, HOSPICE}))
    cuts = cuts_of(without, {TRUST: TODAY - timedelta(days)}, today=TODAY)

    assert [stop.organisation_id for cut in cuts for stop in cut.stops([without], {PRACTICE})] == expected


GOOD: dict[str, Any] = {
    "valid_from": TODAY,
    "valid_until": date(2028, 11, 20),
    "parties": {PRACTICE, HOSPICE},
    "controllers": {PRACTICE},
}


def test_an_agreement_between_two_for_two_years_can_be_made() -> None:
    check_terms(**GOOD, today=TODAY)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"parties": {PRACTICE}}, "parties", id="with nobody"),
        pytest.param({"controllers": set()}, "controllers", id="nobody answers for it"),
        pytest.param({"controllers": {TRUST}}, "controllers", id="a stranger answers for it"),
        pytest.param({"valid_until": TODAY - timedelta(1)}, "valid_until", id="ends before it begins"),
        pytest.param(
            {"valid_from": date(2026, 1, 1), "valid_until": TODAY - timedelta(1)}, "valid_until", id="is past already"
        ),
        pytest.param({"valid_until": date(2030, 1, 1)}, "valid_until", id="for more than three years"),
    ],
)
def test_an_agreement_that_cannot_hold_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        check_terms(**{**GOOD, **changes}, today=TODAY)

    assert refused.value.field == field


def test_an_administrator_makes_agreements_for_their_own_organisation_and_the_board_for_any() -> None:
    check_may_make(an_administrator(PRACTICE), {PRACTICE, HOSPICE})
    check_may_make(BOARD, {PRACTICE, HOSPICE})
    with pytest.raises(RuleBroken, match="your own organisation"):
        check_may_make(an_administrator(TRUST), {PRACTICE, HOSPICE})


def test_a_party_signs_once_while_there_is_something_to_sign() -> None:
    parties, unsigned = {PRACTICE, HOSPICE}, some_terms(signed=frozenset({HOSPICE}))
    check_may_sign(an_administrator(), unsigned, parties, today=TODAY)

    with pytest.raises(NotFound):
        check_may_sign(an_administrator(TRUST), unsigned, parties, today=TODAY)
    with pytest.raises(RuleBroken, match="signed this already"):
        check_may_sign(an_administrator(HOSPICE), unsigned, parties, today=TODAY)
    for over in (replace(unsigned, ended_on=TODAY), replace(unsigned, valid_until=TODAY - timedelta(1))):
        with pytest.raises(RuleBroken, match="is over"):
            check_may_sign(an_administrator(), over, parties, today=TODAY)


def test_whoever_signed_may_leave_by_themselves() -> None:
    check_may_leave(an_administrator(), some_terms())

    with pytest.raises(NotFound):
        check_may_leave(an_administrator(OTHER), some_terms())
    with pytest.raises(RuleBroken, match="ended already"):
        check_may_leave(an_administrator(), some_terms(ended_on=TODAY))


def test_only_the_board_ends_it_for_everybody() -> None:
    check_may_end(BOARD, some_terms())

    with pytest.raises(Forbidden):
        check_may_end(an_administrator(), some_terms())
    with pytest.raises(RuleBroken, match="ended already"):
        check_may_end(BOARD, some_terms(ended_on=TODAY))


def test_another_reason_is_said() -> None:
    check_reason(EndReason.OTHER, "The practice closes")
    check_reason(EndReason.REPLACED, None)

    with pytest.raises(RuleBroken, match="Say why"):
        check_reason(EndReason.OTHER, None)


def test_a_practice_is_what_has_people_of_its_own() -> None:
    assert is_practice(OrganisationType.GP_PRACTICE)
    assert not is_practice(OrganisationType.HOSPICE)


@pytest.mark.parametrize("level", list(Level))
def test_whatever_an_agreement_covers_a_card_is_kept_for_those_who_see_it(level: Level) -> None:
    """A reader who sees less is one of the audiences there are: their card is stored, and opens as fast."""
    for role in Role:
        for incident in (False, True):
            tiers = visible_tiers(role, incident=incident, resident=incident)
            left = covered_tiers(tiers, level)
            assert left <= tiers
            assert left in AUDIENCES or left == frozenset()


def test_a_level_has_every_level_before_it() -> None:
    everything = frozenset(Tier)
    levels = [covered_tiers(everything, level) for level in Level]

    assert all(less < more for less, more in itertools.pairwise(levels))


def test_every_answer_has_words() -> None:
    for labels, answers in (
        (PURPOSE_LABELS, Purpose),
        (LEGAL_BASIS_LABELS, LegalBasis),
        (SPECIAL_BASIS_LABELS, SpecialBasis),
        (END_REASON_LABELS, EndReason),
        (STANDING_LABELS, Standing),
    ):
        assert set(labels) == set(answers)
    assert set(LEVEL_LABELS) == set(LEVEL_HINTS) == set(Level) - {Level.NONE}
