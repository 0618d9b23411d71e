"""Made-up people: nobody real, the same for a seed, coherent, and all that the card can say."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from epaccs.core.fields import age_in_years
from epaccs.core.nhs_number import is_nhs_number, is_synthetic
from epaccs.demo import names, stories
from epaccs.demo.districts import colleagues_of, demonstration_colleagues
from epaccs.demo.people import PersonMaker, entry_id_of
from epaccs.demo.stories import Step, Story, read_demonstration, read_stories, read_time
from tests.conftest import NOW

#: Any run of digits that could be dialled, in whatever groups.
NUMBERS = re.compile(r"\b0\d[\d ]{8,}\d\b")
FICTIONAL = re.compile(r"01632960\d{3}|07700900\d{3}")


def make(count: int, *, seed: int = 1) -> list[Story]:
    maker = PersonMaker(seed, NOW)
    numbers = names.synthetic_numbers(seed)
    return [maker.make(number, colleagues_of(number), next(numbers)) for number in range(count)]


@pytest.fixture(scope="module")
def people() -> list[Story]:
    return make(1500)


def texts_of(part: Any) -> list[str]:
    match part:
        case dict():
            return [text for one in part.values() for text in texts_of(one)]
        case list():
            return [text for one in part for text in texts_of(one)]
        case str():
            return [part]
        case _:
            return []


def all_texts(story: Story) -> list[str]:
    bodies = [story.identity, story.consent, *story.sections.values()]
    bodies += [step.body for step in story.steps if isinstance(step, Step)]
    return [text for body in bodies for text in texts_of(body)]


# --- nobody real -----------------------------------------------------------------------------------------------------


def test_nhs_numbers_are_valid_and_of_the_range_that_is_given_to_nobody() -> None:
    numbers = list(islice(names.synthetic_numbers(3), 20_000))

    assert len(set(numbers)) == 20_000
    assert all(is_nhs_number(number) and is_synthetic(number) for number in numbers)


def test_there_are_nearly_a_million_numbers_and_none_that_a_person_could_have_by_hand() -> None:
    numbers = set(names.synthetic_numbers(1))

    assert 900_000 < len(numbers) < 910_000
    assert numbers.isdisjoint(names.demonstration_numbers())
    assert numbers.isdisjoint(str(story.identity.get("nhs_number")) for story in read_stories(NOW))


@pytest.mark.parametrize("source", ["generated", "written"])
def test_every_telephone_number_lies_in_a_range_kept_for_fiction(people: list[Story], source: str) -> None:
    told = people[:300] if source == "generated" else list(read_stories(NOW))
    dialled = {found.replace(" ", "") for story in told for text in all_texts(story) for found in NUMBERS.findall(text)}

    assert len(dialled) > 10
    assert sorted(number for number in dialled if not FICTIONAL.fullmatch(number)) == []


def test_organisations_are_made_up_for_everybody_to_see() -> None:
    written = read_demonstration()["organisations"]
    numbers = [one[name] for one in written for name in ("telephone", "telephone_24h") if name in one]

    assert [one["ods_code"] for one in written if not one["ods_code"].startswith(("A99", "Z99"))] == []
    assert [number for number in numbers if not FICTIONAL.fullmatch(number.replace(" ", ""))] == []


# --- the same for a seed ---------------------------------------------------------------------------------------------


def test_a_seed_makes_the_same_people_again_however_many() -> None:
    assert make(30) == make(40)[:30]


def test_another_seed_makes_other_people() -> None:
    assert {story.entry_id for story in make(30)}.isdisjoint(story.entry_id for story in make(30, seed=2))


def test_an_id_is_known_before_the_person_is_made(people: list[Story]) -> None:
    assert [story.entry_id for story in people[:20]] == [entry_id_of(1, number) for number in range(20)]


# --- lifelike --------------------------------------------------------------------------------------------------------


def test_some_names_are_common_and_most_are_rare(people: list[Story]) -> None:
    family_names = Counter(story.identity["family_name"] for story in people)

    assert family_names["Smith"] > 10
    assert sum(count == 1 for count in family_names.values()) > len(family_names) / 3


def test_people_are_adults_when_they_are_registered(people: list[Story]) -> None:
    born = [date.fromisoformat(story.identity["born_on"]) for story in people]
    ages = [age_in_years(day, story.registered_at.date()) for day, story in zip(born, people, strict=True)]

    assert min(ages) >= 18
    assert 70 < sum(ages) / len(ages) < 85


def test_whoever_lacks_capacity_did_not_agree_for_themselves(people: list[Story]) -> None:
    signed = [
        (story, step.body["capacity"]["has_capacity"])
        for story in people
        for step in story.steps
        if isinstance(step, Step) and step.kind == "sign"
    ]
    without = [story.consent["register_status"] for story, has_capacity in signed if not has_capacity]

    assert without
    assert set(without) == {"best_interests"}


def test_only_the_practice_writes_where_the_person_does_not_share(people: list[Story]) -> None:
    unshared = [story for story in people if story.consent["share_status"] in ("refused", "not_asked")]
    others = {step.by for story in unshared for step in story.steps} - {story.registered_by for story in unshared}

    assert unshared
    assert others == set()


def test_texts_are_as_long_as_people_write_them(people: list[Story]) -> None:
    passages = [
        story.sections["treatment_level"].get("guidance", "") for story in people if "treatment_level" in story.sections
    ]
    lengths = sorted(len(passage) for passage in passages)

    assert lengths[0] == 0
    assert any("\n\n" in passage for passage in passages)
    assert 30 < lengths[len(lengths) // 2] < 250 < lengths[-1]


def test_nothing_happens_before_the_registration_or_after_now(people: list[Story]) -> None:
    out_of_time = [
        story.entry_id
        for story in people
        if any(not story.registered_at <= step.at <= NOW for step in story.steps)
    ]  # fmt: skip

    assert out_of_time == []
    assert {story.registered_at.date() for story in people} > {NOW.date() - timedelta(days=40 + n) for n in range(20)}


# --- written stories -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("3 hours ago", "2026-11-21T00:00:00+00:00", id="hours"),
        pytest.param("2 days ago", "2026-11-19", id="a day"),
        pytest.param("in 10 days", "2026-12-01", id="a day to come"),
        pytest.param("2 days ago, 14:05", "2026-11-19T14:05:00+00:00", id="a moment in winter"),
        pytest.param("100 days ago, 14:05", "2026-08-13T13:05:00+00:00", id="a moment in summer, by British clocks"),
    ],
)
def test_times_count_back_from_now(text: str, meant: str) -> None:
    read = read_time(text, NOW)

    assert read is not None
    assert read.isoformat() == meant


@pytest.mark.parametrize("text", ["two days ago", "2 days", "2 days ago at noon", "He fell 2 days ago"])
def test_other_words_are_no_time(text: str) -> None:
    assert read_time(text, NOW) is None


def test_a_step_may_refer_to_an_earlier_one() -> None:
    okonkwo = next(read_stories(NOW))
    ids = {step.kind: str(step.id) for step in okonkwo.steps if isinstance(step, Step)}
    confirmed = next(step for step in okonkwo.steps if isinstance(step, Step) and step.kind == "confirm_proposal")

    assert confirmed.body == {"proposal_id": ids["propose"]}


def test_a_moment_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is no moment"):
        stories._Reader({"identity": {"nhs_number": "1"}, "registered": {"by": "gp", "when": "soon"}}, NOW).story()


def test_everybody_who_acts_in_a_story_works_somewhere() -> None:
    working = {one["user_name"] for one in read_demonstration()["clinicians"]}
    acting = {step.by for story in read_stories(NOW) for step in story.steps}
    acting |= {user for team in demonstration_colleagues() for user in (team.gp, team.nurse, team.night, team.crew)}

    assert sorted(acting - working) == []


def test_the_lists_of_words_are_in_the_package() -> None:
    assert Path(names.__file__).with_name("words.toml").is_file()
