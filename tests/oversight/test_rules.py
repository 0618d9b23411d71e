"""What is unusual about an access, as tables: what is told, beside the innocent neighbour that is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from epaccs.clinicians.rules import OrganisationType
from epaccs.core.errors import Forbidden, RuleBroken
from epaccs.oversight.rules.deciding import Verdict, check_not_own, check_until, check_verdict
from epaccs.oversight.rules.likeness import (
    Likeness,
    Particulars,
    home_of,
    liken,
    read_person_names,
    read_worker_name,
)
from epaccs.oversight.rules.unusual import (
    HABIT_RULES,
    RULES,
    Death,
    Deed,
    Did,
    Look,
    OutsideHours,
    Person,
    RuleSet,
    build_rules,
    name_of,
    sentences,
)
from epaccs.rosters.rules import Span

HOUR = timedelta(hours=1)
NIGHT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
DAY = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
WHO, WHOM = "Nora Bell, community nurse,", "BELL, Grace, born 06-Jan-1941"


def somebody(name: str = "Nora Bell", **keys: str) -> Particulars:
    return Particulars(*read_worker_name(name), **keys)


def a_person(family_name: str = "Okonkwo", given_name: str = "Grace", **about: Any) -> Person:
    keys = {name: about.pop(name) for name in ("nhs_key", "born_key", "home_key") if name in about}
    names = read_person_names({"family_name": family_name, "given_name": given_name})
    return Person(UUID(int=1), Particulars(*names, **keys), namesakes=about.pop("namesakes", 1), **about)


def a_look(reader: Particulars | None = None, person: Person | None = None, **about: Any) -> Look:
    at = about.pop("at", DAY)
    return Look(UUID(int=9), at, reader or somebody(), person or a_person(), about.pop("knew_at", at), **about)


def told(look: Look, rules: RuleSet | None = None) -> list[str]:
    return [found.code for found in (rules or build_rules(OrganisationType.COMMUNITY)).judge_look(look)]


# Who is alike


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        pytest.param(somebody("Nora Bell"), somebody("Dr Nora Bell"), Likeness.BY_NAME, id="a title is no name"),
        pytest.param(somebody("Dr N Bell"), somebody("Nora Bell"), Likeness.BY_NAME, id="an initial"),
        pytest.param(somebody("Nora Bell"), somebody("Dr N Bell"), Likeness.BY_NAME, id="an initial on the other side"),
        pytest.param(somebody("Dr A Bell"), somebody("Nora Bell"), Likeness.NONE, id="another initial"),
        pytest.param(somebody("Nora Bell"), somebody("Ann Bell"), Likeness.NONE, id="another first name"),
        pytest.param(somebody("Nora Bell"), somebody("Nora Hill"), Likeness.NONE, id="another family name"),
        pytest.param(
            somebody("Nora Bell", born_key="a"), somebody("Nora Bell", born_key="a"), Likeness.SURE, id="born that day"
        ),
        pytest.param(
            somebody("Nora Bell", born_key="a"), somebody("Nora Bell", born_key="b"), Likeness.NONE, id="another day"
        ),
        pytest.param(
            somebody("Nora Bell", nhs_key="a"), somebody("Nora Hill", nhs_key="a"), Likeness.SURE, id="one NHS number"
        ),
        pytest.param(
            somebody("Nora Bell", nhs_key="a"), somebody("Nora Bell", nhs_key="b"), Likeness.NONE, id="two NHS numbers"
        ),
    ],
)
def test_two_descriptions_are_of_one_person(one: Particulars, other: Particulars, likeness: Likeness) -> None:
    assert liken(one, other) is likeness


@pytest.mark.parametrize(
    ("name", "givens", "families"),
    [
        pytest.param("Dr Anna van der Berg", {"anna"}, {"vanderberg", "berg"}, id="particles"),
        pytest.param("Ana Smith-Jones", {"ana"}, {"smithjones", "smith", "jones"}, id="two names"),
        pytest.param("Sister Bell", set(), {"bell"}, id="a family name alone"),
        pytest.param("", set(), set(), id="nothing"),
    ],
)
def test_a_name_of_somebody_at_work_is_read(name: str, givens: set[str], families: set[str]) -> None:
    assert read_worker_name(name) == (givens, families)


def test_a_person_is_also_known_by_the_name_they_prefer() -> None:
    identity = {"family_name": "O'Neill", "given_name": "Margaret Ann", "preferred_name": "Peggy"}

    assert read_person_names(identity) == ({"margaret", "peggy"}, {"oneill"})
    assert read_person_names({}) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(("12 High Street\nLeeds", "LS1 4AP"), ("12 High St, Leeds", "ls14ap"), True, id="one house"),
        pytest.param(("12 High Street", "LS1 4AP"), ("14 High Street", "LS1 4AP"), False, id="next door"),
        pytest.param(("12 High Street", "LS1 4AP"), ("12 High Street", "LS1 4AQ"), False, id="another postcode"),
        pytest.param(("Flat 3\n12 High Street", "LS1 4AP"), ("Flat 3, 12 High Street", "LS1 4AP"), True, id="one flat"),
        pytest.param(("Flat 3\n12 High Street", "LS1 4AP"), ("Flat 5\n12 High Street", "LS1 4AP"), False, id="flats"),
        pytest.param(("Rose Cottage\nHigh Lane", "LS1 4AP"), ("rose cottage", "LS1 4AP"), True, id="a house by name"),
        pytest.param((None, "LS1 4AP"), ("", "LS1 4AP"), True, id="a postcode alone"),
    ],
)
def test_house_and_postcode_are_one_home(
    one: tuple[str | None, str], other: tuple[str | None, str], same: bool
) -> None:
    assert (home_of(*one) == home_of(*other)) is same


def test_without_a_postcode_no_home_is_known() -> None:
    assert home_of("12 High Street", None) is None


# Looks


DIED = Death(date(2026, 9, 1), datetime(2026, 9, 2, 9, 0, tzinfo=UTC), number=50)


@pytest.mark.parametrize(
    ("look", "codes"),
    [
        pytest.param(a_look(), [], id="everyday work"),
        pytest.param(
            a_look(person=a_person("Bell", "Nora", namesakes=500)), ["own_record"], id="their own first and family name"
        ),
        pytest.param(
            a_look(somebody(nhs_key="a"), a_person("Hill", "Nora", nhs_key="a")), ["own_record"], id="their NHS number"
        ),
        pytest.param(
            a_look(somebody(born_key="a"), a_person("Bell", "Nora", born_key="b", namesakes=500)), [], id="a namesake"
        ),
        pytest.param(a_look(somebody(home_key="h"), a_person(home_key="h")), ["same_household"], id="the same address"),
        pytest.param(a_look(somebody(home_key="h"), a_person(home_key="i")), [], id="another address"),
        pytest.param(a_look(person=a_person("Bell")), ["own_family_name"], id="their own family name"),
        pytest.param(a_look(person=a_person("Bell", namesakes=101)), [], id="a name that many have"),
        pytest.param(a_look(person=a_person("Bell", namesakes=100)), ["own_family_name"], id="a name that some have"),
        pytest.param(a_look(person=a_person(colleague=Likeness.SURE)), ["colleague"], id="a colleague"),
        pytest.param(
            a_look(person=a_person("Bell", "Nora", colleague=Likeness.BY_NAME, namesakes=500)),
            ["own_record"],
            id="their own name is not also a colleague's",
        ),
        pytest.param(a_look(person=a_person(is_watched=True)), ["in_the_news"], id="somebody in the news"),
        pytest.param(a_look(person=a_person(death=DIED)), ["after_death"], id="long after the death"),
        pytest.param(
            a_look(person=a_person(death=replace(DIED, on=DAY.date() - timedelta(days=42)))), [], id="soon after"
        ),
        pytest.param(a_look(has_relationship=False), ["no_relationship"], id="nothing to do with them"),
        pytest.param(a_look(sessions=()), ["no_session"], id="a rota, and no session"),
        pytest.param(a_look(sessions=[Span(DAY - HOUR, DAY + HOUR)]), [], id="on a session"),
        pytest.param(a_look(sessions=[Span(DAY - 5 * HOUR, DAY - HOUR)]), [], id="an hour after a session"),
        pytest.param(a_look(sessions=[Span(DAY - 9 * HOUR, DAY - 3 * HOUR)]), ["no_session"], id="hours after it"),
        pytest.param(a_look(sessions=None), [], id="no rota on that day"),
        pytest.param(a_look(has_relationship=False, is_emergency=True), [], id="an emergency is reviewed for itself"),
        pytest.param(
            a_look(somebody(home_key="h"), a_person("Bell", home_key="h"), has_relationship=False),
            ["same_household", "own_family_name", "no_relationship"],
            id="several at once, the surest first",
        ),
    ],
)
def test_a_look_is_told_of(look: Look, codes: list[str]) -> None:
    assert told(look) == codes


@pytest.mark.parametrize(
    ("about", "codes"),
    [
        pytest.param({"shown_number": 49}, [], id="its copy was of before the death was recorded"),
        pytest.param({"shown_number": 50}, ["after_death"], id="its copy said so"),
        pytest.param({"knew_at": DIED.recorded_at - timedelta(hours=1)}, [], id="its last contact was before"),
        pytest.param({"knew_at": DIED.recorded_at}, ["after_death"], id="it had heard of it"),
    ],
)
def test_a_tablet_is_judged_by_what_it_showed(about: dict[str, Any], codes: list[str]) -> None:
    assert told(a_look(person=a_person(death=DIED), **about)) == codes


def test_a_death_whose_change_is_not_known_is_judged_by_the_last_contact() -> None:
    death = replace(DIED, number=None)

    assert told(a_look(person=a_person(death=death), shown_number=7)) == ["after_death"]


# Habits


def deeds(*minutes: float, did: Did = Did.OPENED, people: int = 0, start: datetime = DAY, **about: Any) -> list[Deed]:
    """Deeds at these minutes, each about another person, or in turn about so many."""
    return [
        Deed(
            UUID(int=int(minute * 60) + 10_000 * list(Did).index(did)),
            start + timedelta(minutes=minute),
            did,
            UUID(int=number % people if people else number),
            **about,
        )
        for number, minute in enumerate(minutes)
    ]


def every(minutes: float, count: int) -> list[float]:
    return [minutes * number for number in range(count)]


HABITS = RuleSet(
    habits=build_rules(
        OrganisationType.GP_PRACTICE,
        {"many_people_people": 5, "searches_only_searches": 3, "repeated_emergency_times": 2},
    ).habits
)


@pytest.mark.parametrize(
    ("done", "codes"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(deeds(*every(5, 6)), ["many_people"], id="six people in half an hour"),
        pytest.param(deeds(*every(5, 5)), [], id="five people"),
        pytest.param(deeds(*every(13, 20)), [], id="twenty people in an afternoon"),
        pytest.param(deeds(*every(5, 12), people=3), [], id="three people, again and again"),
        pytest.param(deeds(*every(20, 8), people=2), [], id="two people, through the afternoon"),
        pytest.param(deeds(*every(5, 6), is_new=False), [], id="what was judged before is not told again"),
        pytest.param(deeds(0, 1, 2, 3, did=Did.SEARCHED), ["searches_only"], id="four searches and nobody opened"),
        pytest.param(deeds(0, 1, 2, did=Did.SEARCHED), [], id="three searches"),
        pytest.param(
            [*deeds(0, 1, 2, 3, did=Did.SEARCHED), *deeds(1.5)], [], id="searches between which somebody was opened"
        ),
        pytest.param(
            [*deeds(0, 1, 2, 3, did=Did.SEARCHED), *deeds(4)], ["searches_only"], id="somebody was opened afterwards"
        ),
        pytest.param(deeds(*every(40, 6), did=Did.SEARCHED), [], id="searches over an afternoon"),
        pytest.param(deeds(0, 1, 2, 3, did=Did.SEARCHED, is_new=False), [], id="searches that were judged before"),
        pytest.param(deeds(*every(60, 3), start=NIGHT), ["outside_hours"], id="three people at night"),
        pytest.param(deeds(*every(60, 2), start=NIGHT), [], id="two people at night"),
        pytest.param(deeds(*every(60, 3), start=NIGHT, is_new=False), [], id="a night that was judged before"),
        pytest.param(deeds(*every(60 * 24, 3), did=Did.EMERGENCY), ["repeated_emergency"], id="three emergencies"),
        pytest.param(deeds(*every(60 * 24 * 4, 3), did=Did.EMERGENCY), [], id="three emergencies in a fortnight"),
        pytest.param(deeds(*every(60, 3), did=Did.EMERGENCY, is_new=False), [], id="emergencies judged before"),
    ],
)
def test_a_habit_is_told_of(done: Sequence[Deed], codes: list[str]) -> None:
    assert [found.code for found in HABITS.judge_deeds(sorted(done, key=lambda one: one.at))] == codes


def test_a_habit_names_the_deeds_it_is_about_and_how_many_people_they_concern() -> None:
    done = deeds(*every(5, 8), 300)

    (found,) = HABITS.judge_deeds(done)

    assert found.facts == {"people": 8}
    assert set(found.events) == {deed.event_id for deed in done[:8]}


@pytest.mark.parametrize(
    ("hours", "moment", "outside"),
    [
        pytest.param((7, 22), NIGHT, True, id="three in the morning"),
        pytest.param((7, 22), DAY, False, id="two in the afternoon"),
        pytest.param((20, 8), NIGHT, False, id="night work at night"),
        pytest.param((20, 8), DAY, True, id="night work by day"),
        pytest.param((0, 24), NIGHT, False, id="at any hour"),
        pytest.param((7, 22), datetime(2026, 6, 20, 6, 30, tzinfo=UTC), False, id="half past seven in summer"),
    ],
)
def test_hours_are_those_of_british_clocks(hours: tuple[int, int], moment: datetime, outside: bool) -> None:
    rule = OutsideHours(*hours)

    assert rule.is_outside(moment) is outside
    assert rule.concerns(Did.OPENED, moment) is outside
    assert not rule.concerns(Did.SEARCHED, moment)


def test_a_new_deed_concerns_the_habits_of_its_kind() -> None:
    concerned = {rule.code: [did for did in Did if rule().concerns(did, DAY)] for rule in HABIT_RULES}

    assert concerned == {
        "many_people": [Did.OPENED],
        "searches_only": [Did.SEARCHED],
        "outside_hours": [],
        "repeated_emergency": [Did.EMERGENCY],
    }
    assert all(rule().least > 1 for rule in HABIT_RULES)


# Thresholds


def test_an_organisation_that_is_called_to_strangers_is_not_asked_for_a_relationship() -> None:
    stranger = a_look(has_relationship=False)

    assert told(stranger, build_rules(OrganisationType.AMBULANCE)) == []
    assert told(stranger, build_rules(OrganisationType.AMBULANCE, {"no_relationship_is_asked": True})) == [
        "no_relationship"
    ]


def test_a_rota_is_compared_with_the_hours_that_an_organisation_sets() -> None:
    late = a_look(sessions=[Span(DAY - 9 * HOUR, DAY - 3 * HOUR)])

    assert told(late, build_rules(OrganisationType.COMMUNITY, {"no_session_hours": 4})) == []
    assert told(late, build_rules(OrganisationType.COMMUNITY, {"no_session_is_asked": False})) == []


def test_a_family_name_is_not_told_of_where_an_organisation_says_so() -> None:
    rules = build_rules(OrganisationType.COMMUNITY, {"own_family_name_namesakes": 0})

    assert told(a_look(person=a_person("Bell", namesakes=0)), rules) == []


def test_every_threshold_has_a_question_and_a_range_that_its_default_lies_in() -> None:
    for rule in RULES.values():
        for each in fields(rule):
            assert each.metadata["label"].endswith("than") or each.metadata["label"].endswith("?")
            if not isinstance(each.default, bool):
                assert each.metadata["lowest"] <= each.default <= each.metadata["highest"], name_of(rule, each)

    names = {name_of(rule, each) for rule in RULES.values() for each in fields(rule)}
    assert set(build_rules(OrganisationType.HOSPICE).thresholds) == names


# Sentences


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        pytest.param({"own_record": {"sure": True}}, ["opened their own record"], id="their own"),
        pytest.param({"own_record": {"sure": False}}, ["the same first and family name"], id="perhaps their own"),
        pytest.param({"same_household": {}}, ["lives at the same address"], id="address"),
        pytest.param({"own_family_name": {"namesakes": 12}}, ["11 others on the register have it"], id="family"),
        pytest.param({"colleague": {"sure": True}}, ["who works with this register too"], id="a colleague"),
        pytest.param({"colleague": {"sure": False}}, ["somebody of that name works"], id="perhaps a colleague"),
        pytest.param({"in_the_news": {}}, ["list of people in the news"], id="news"),
        pytest.param({"after_death": {"days": 60}}, ["60 days after the death"], id="after death"),
        pytest.param({"no_relationship": {}}, ["has no relationship"], id="no relationship"),
        pytest.param({"no_session": {"hours": 2}}, ["on no session of your rota and within 2 hours"], id="rota"),
        pytest.param({"no_session": {"hours": 1}}, ["and within an hour of none"], id="rota, an hour around"),
        pytest.param({"no_session": {"hours": 0}}, ["while on no session of your rota."], id="rota to the minute"),
        pytest.param({"many_people": {"people": 61}}, ["61 people within an hour"], id="many"),
        pytest.param({"searches_only": {"searches": 20}}, ["20 times within an hour"], id="searches"),
        pytest.param({"outside_hours": {"people": 3, "from": 7, "until": 22}}, ["07:00 to 22:00"], id="hours"),
        pytest.param({"repeated_emergency": {"times": 4}}, ["4 times within a week"], id="emergencies"),
        pytest.param(
            {"own_family_name": {"namesakes": 1}, "own_record": {"sure": True}},
            ["own record", "hardly anybody else"],
            id="two rules",
        ),
        pytest.param({"a_rule_that_is_gone": {}}, [], id="a rule that is gone"),
    ],
)
def test_an_alert_explains_itself_in_one_sentence_for_each_rule(reasons: dict[str, Any], said: list[str]) -> None:
    found = sentences(reasons, WHO, WHOM)

    assert len(found) == len(said)
    for sentence, part in zip(found, said, strict=True):
        assert sentence.startswith(WHO)
        assert sentence.endswith(".")
        assert part in sentence


# Deciding

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("verdict", "note", "until", "refused"),
    [
        pytest.param(Verdict.THEIR_WORK, "", None, None, id="fine"),
        pytest.param(Verdict.ASK, "", None, None, id="ask"),
        pytest.param(Verdict.MISUSE, "Spoken to", None, None, id="misuse"),
        pytest.param(Verdict.MISUSE, " ", None, "Say what you found", id="misuse without a word"),
        pytest.param(Verdict.TOLD_BEFORE, "Her own village", date(2027, 1, 1), None, id="known for a while"),
        pytest.param(Verdict.TOLD_BEFORE, "", date(2027, 1, 1), "Say why it is not told", id="known without a word"),
        pytest.param(Verdict.ASK, "x", date(2027, 1, 1), "only what was fine", id="asked, and known"),
        pytest.param(Verdict.MISUSE, "x", date(2027, 1, 1), "only what was fine", id="misuse, and known"),
        pytest.param(Verdict.CHANCE, "x", date(2026, 11, 20), "today or later", id="known until yesterday"),
        pytest.param(Verdict.CHANCE, "x", date(2027, 11, 23), "within a year", id="known for ever"),
    ],
)
def test_a_finding_is_complete(verdict: Verdict, note: str, until: date | None, refused: str | None) -> None:
    if refused is None:
        check_verdict(verdict, note, silent_until=until, today=TODAY)
    else:
        with pytest.raises(RuleBroken, match=refused):
            check_verdict(verdict, note, silent_until=until, today=TODAY)


def test_what_is_set_ends_within_a_year() -> None:
    check_until(TODAY, today=TODAY)
    check_until(TODAY + timedelta(days=366), today=TODAY)
    with pytest.raises(RuleBroken):
        check_until(TODAY + timedelta(days=367), today=TODAY)


def test_nobody_decides_about_their_own_looks() -> None:
    check_not_own(UUID(int=1), UUID(int=2))
    with pytest.raises(Forbidden):
        check_not_own(UUID(int=1), UUID(int=1))
