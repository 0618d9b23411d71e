"""The card and the plan as words for a tablet: what reads differently later is in them, and nothing else is decided."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from epaccs.core.fields import LONDON, age_of_copy, local_date
from epaccs.cpr_decisions.rules.words import Words
from epaccs.record.declared import sights
from epaccs.record.rules.ages import split_days
from epaccs.record.rules.blank import build_blank
from epaccs.record.rules.card import Site
from epaccs.record.rules.tablet import as_json, build_tablet_plan, build_tablet_view, difference
from epaccs.record.rules.whole import Reading, ShownSection, build_sections, find_last_days
from epaccs.versions.rules import CLOCK_ERROR
from tests.record.people import (
    ADRT,
    CARD_ONLY,
    EVERYTHING,
    IDENTITY,
    NEEDS,
    ORGANISATIONS,
    RISKS,
    a_decision,
    a_material,
    a_proposal,
    a_summary,
    at,
)
from tests.record.specimens import Specimen, make_specimens

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
HORIZON = timedelta(days=14)
SITE = Site("01632 960999")
LONG = "Keep the window open. " * 20


def a_view(now: datetime = NOW, *, horizon: timedelta = HORIZON, **parts: Any) -> dict[str, Any]:
    """The card of a made-up person as a tablet is sent it."""
    return build_tablet_view(a_summary(parts.pop("tiers", EVERYTHING), **parts), now=now, site=SITE, horizon=horizon)


def put_in(first: Any, other: Any) -> Any:
    """A view with a difference put in, as the tablet's script does it."""
    if not isinstance(other, dict) or not isinstance(first, dict | list):
        return other
    merged = dict(enumerate(first)) if isinstance(first, list) else dict(first)
    for key, value in other.items():
        place = int(key) if isinstance(first, list) else key
        if value is None:
            del merged[place]
        else:
            merged[place] = put_in(merged.get(place), value)
    return list(merged.values()) if isinstance(first, list) else merged


def read_at(view: Mapping[str, Any], moment: datetime) -> Any:
    """The view as it reads at a moment."""
    begun = [one["view"] for one in view.get("later", []) if datetime.fromisoformat(one["from"]) <= moment]
    kept = {key: value for key, value in view.items() if key not in ("later", "made_at", "until")}
    return put_in(kept, begun[-1]) if begun else kept


def moments_until_the_horizon() -> list[datetime]:
    """Now, each midnight by British clocks and the moment before it, and an hour at which a confirmation falls due."""
    midnights = [
        datetime.combine(local_date(NOW) + timedelta(days=n), time(), tzinfo=LONDON).astimezone(UTC)
        for n in range(1, 15)
    ]
    return [
        NOW,
        *(one + step for one in midnights for step in (-timedelta(seconds=1), timedelta(0), timedelta(hours=15))),
    ]


SPECIMENS = list(make_specimens(80))


# --- What reads differently later ------------------------------------------------------------------------------------


def test_a_card_made_once_reads_at_each_moment_as_one_made_then() -> None:
    wrong = []
    for one in SPECIMENS:
        view = build_tablet_view(one.summary, now=NOW, site=SITE, horizon=HORIZON)
        for moment in moments_until_the_horizon():
            then = build_tablet_view(one.summary, now=moment, site=SITE, horizon=timedelta(0))
            if read_at(view, moment) != read_at(then, moment):
                wrong.append((one.number, moment))

    assert wrong == []


def test_a_plan_made_once_reads_on_each_day_as_one_made_then() -> None:
    wrong = []
    for one in SPECIMENS:
        plan = a_plan(one, now=NOW, horizon=HORIZON)
        for moment in moments_until_the_horizon()[::3]:
            if read_at(plan, moment) != read_at(a_plan(one, now=moment, horizon=timedelta(0)), moment):
                wrong.append((one.number, moment))

    assert wrong == []
    assert any("later" in a_plan(one, now=datetime(2026, 12, 10, tzinfo=UTC), horizon=HORIZON) for one in SPECIMENS)


def a_plan(one: Specimen, *, now: datetime, horizon: timedelta) -> dict[str, Any]:
    """The whole record of one person as a tablet is sent it."""

    def sections_on(day: date) -> tuple[ShownSection, ...]:
        return build_sections(one.material, Reading(one.tiers, ORGANISATIONS, day), sights())

    last_days = find_last_days(one.material, sights())
    return build_tablet_plan(sections_on, last_days=last_days, now=now, horizon=horizon)


@pytest.mark.parametrize(
    ("parts", "begins", "words"),
    [
        pytest.param(
            {"cpr": {"decisions": [a_decision(review_on="2026-11-25")]}},
            "2026-11-26T00:00:00+00:00",
            "Review overdue since 25-Nov-2026",
            id="a review date passes",
        ),
        pytest.param(
            {"cpr": {"proposals": [a_proposal(recorded_at=at(20))]}},
            "2026-11-23T14:05:00+00:00",
            "Confirmation overdue since 23-Nov-2026 14:05.",
            id="a confirmation falls due",
        ),
        pytest.param(
            {"identity": {**IDENTITY, "born_on": "1941-11-28"}}, "2026-11-28T00:00:00+00:00", "(85y)", id="a birthday"
        ),
        pytest.param(
            {"medicines": {"status": "in_home", "last_checked_on": "2026-10-30"}},
            "2026-11-28T00:00:00+00:00",
            "check again",
            id="an answer grows old",
        ),
    ],
)
def test_what_reads_differently_from_a_moment_on_comes_with_the_card(
    parts: dict[str, Any], begins: str, words: str
) -> None:
    view = a_view(**parts)

    [later] = view["later"]
    assert later["from"] == begins
    assert words in json.dumps(later["view"])
    assert "later" not in a_view(**parts, horizon=timedelta(hours=1))


def test_somebody_born_on_29_february_is_older_on_1_march() -> None:
    view = a_view(datetime(2027, 2, 20, tzinfo=UTC), identity={**IDENTITY, "born_on": "1940-02-29"}, medicines=None)

    assert [one["from"] for one in view["later"]] == ["2027-03-01T00:00:00+00:00"]
    leap = a_view(datetime(2028, 2, 20, tzinfo=UTC), identity={**IDENTITY, "born_on": "1940-02-29"}, medicines=None)
    assert [one["from"] for one in leap["later"]] == ["2028-02-29T00:00:00+00:00"]


def test_a_day_begins_by_british_clocks() -> None:
    summer = a_view(datetime(2026, 6, 1, tzinfo=UTC), cpr={"decisions": [a_decision(review_on="2026-06-05")]})

    assert [one["from"] for one in summer["later"]] == ["2026-06-05T23:00:00+00:00"]


@pytest.mark.parametrize(
    ("first", "other", "changed"),
    [
        pytest.param({"a": 1}, {"a": 1}, {}, id="the same"),
        pytest.param({"a": 1}, {"a": 2, "b": 3}, {"a": 2, "b": 3}, id="other and new"),
        pytest.param({"a": 1}, {}, {"a": None}, id="gone"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"a": {"c": 3}}, id="within a part"),
        pytest.param(
            {"a": [{"b": 1}, {"c": 2}]}, {"a": [{"b": 1}, {"c": 3}]}, {"a": {"1": {"c": 3}}}, id="one of a list"
        ),
        pytest.param({"a": [{"b": 1}]}, {"a": []}, {"a": []}, id="a shorter list goes whole"),
        pytest.param({"a": ["b", "c"]}, {"a": ["b", "d"]}, {"a": ["b", "d"]}, id="a list of texts goes whole"),
    ],
)
def test_a_difference_names_what_is_other_and_no_more(
    first: dict[str, Any], other: dict[str, Any], changed: dict[str, Any]
) -> None:
    assert difference(first, other) == changed
    assert put_in(first, changed) == other


# --- How old something is --------------------------------------------------------------------------------------------


def test_the_age_of_the_copy_is_left_to_the_tablet_and_never_taken_from_what_somebody_wrote() -> None:
    view = a_view(cpr={"decisions": [a_decision(original_location="{age} ago")]})

    assert ["age"] in view["cpr"]["words"][0]
    assert "{age} ago" in json.dumps(view["cpr"]["further"])
    assert '["age"]' not in json.dumps(view["cpr"]["further"])


def test_a_site_may_say_the_age_of_the_copy_at_the_end_of_a_sentence() -> None:
    site = Site("01632 960999", words=Words(copy_age="Age of this copy: {age}", last_known="{age} ago: {line}"))
    summary = a_summary(cpr={"decisions": [a_decision(recommendation="for_cpr", reason="benefit_expected")]})

    view = build_tablet_view(summary, now=NOW, site=site, horizon=HORIZON)

    assert view["cpr"]["words"][0][-1] == ["age"]
    assert view["past_age"]["cpr"]["line"] == [["age"], " ago: CPR recommended"]


def test_somebody_whose_birthday_nobody_recorded_has_none() -> None:
    view = a_view(identity=None)

    assert view["who"]["facts"][0] == ["Born", "Not recorded"]


def test_how_many_days_ago_something_was_is_left_to_the_tablet() -> None:
    view = a_view(medicines={"status": "in_home", "last_checked_on": "2026-10-01"})

    [doubt] = next(part["doubts"] for part in view["parts"] if part["label"] == "Medicines for symptoms")
    assert doubt[1:] == [["days", "2026-10-01"], " days ago: check again."]


@pytest.mark.parametrize(
    ("doubt", "pieces"),
    [
        pytest.param(
            "since 3 May, 12 days ago: check again.", ("since 3 May, ", 12, " days ago: check again."), id="card"
        ),
        pytest.param("12 days ago: check again", ("", 12, " days ago: check again"), id="plan"),
        pytest.param("12 days ago", ("12 days ago", 0, ""), id="no such words"),
    ],
)
def test_words_about_age_are_taken_apart_around_their_days(doubt: str, pieces: tuple[str, int, str]) -> None:
    assert split_days(doubt) == pieces


def test_the_words_for_the_age_of_a_copy_are_those_that_the_tablet_is_tested_with() -> None:
    cases = json.loads((Path(__file__).parent / "copy_ages.json").read_text())

    for one in cases:
        left_at, now = (datetime.fromisoformat(one[name]) for name in ("left_at", "now"))
        forgiven = now if now < left_at <= now + CLOCK_ERROR else left_at
        assert age_of_copy(forgiven, now) == one["words"], one


def test_a_copy_past_its_age_says_only_what_was_last_known() -> None:
    view = a_view()

    past = put_in(view, view["past_age"])["cpr"]
    assert past["line"] == ["Last known ", ["age"], " ago: Not for CPR"]
    assert past["shape"] == "clock"
    assert past["further"] == view["cpr"]["further"]


def test_a_line_that_the_role_may_not_see_grows_no_older() -> None:
    assert "past_age" not in a_view(tiers=NEEDS)


# --- What is there, and what is not ----------------------------------------------------------------------------------


def test_no_code_of_a_key_safe_is_in_a_view() -> None:
    view = a_view(risks={**RISKS, "key_safe_code": "471199"})

    assert "471199" not in json.dumps(view)
    assert "Code kept in the register" in json.dumps(view)


def test_a_long_passage_comes_whole_below_the_card_with_a_link_to_it() -> None:
    view = a_view(
        tiers=CARD_ONLY,
        treatment_level={"level": "treat_at_home", "guidance": LONG},
        legal={"items": {"a": {**ADRT, "refuses": LONG}, "b": {"kind": "advance_statement", "refuses": "My own bed"}}},
        risks={"other": LONG},
        contingency={
            "items": {"a": {"trigger": "A fit", "what_to_do": LONG}, "b": {"trigger": "A", "what_to_do": "B"}}
        },
        about_me={"most_important": LONG},
    )

    below = {section["name"]: section["facts"] for section in view.get("below", [])}
    assert set(below) == {"treatment_level", "legal", "risks", "contingency", "about_me"}
    assert [fact["words"] for fact in below["legal"]] == [LONG, "My own bed"]
    assert [fact["label"] for fact in below["contingency"]] == ["If this happens", "Do this"]
    led = {run[2] for part in view["parts"] for line in part.get("lines", []) for run in line if run[0] == "link"}
    assert led == {f"passage-{name}" for name in below}


def test_a_disagreement_leads_only_to_what_stands_on_the_tablet() -> None:
    view = a_view(
        cpr={"decisions": [a_decision(recommendation="for_cpr", reason="benefit_expected")]},
        legal={"items": {"a": {**ADRT, "refuses_cpr": True, "is_witnessed": True, "made_on": "2025-01-01"}}},
        about_me={"life_or_comfort": "life"},
        treatment_level={"level": "comfort_only"},
    )

    runs = [run for box in view["disagreements"] for line in box for run in line]
    assert any("Read: " in run for run in runs)
    assert {run[2] for run in runs if run[0] == "link"} <= {"cpr-line"}


def test_what_is_as_it_mostly_is_takes_no_room() -> None:
    view = a_view(contingency=None, about_me=None, communication=None)

    assert "is_overdue" not in view["cpr"]
    assert "label" not in view["strip"]
    assert all("" not in part.values() for part in view["parts"])
    assert len(json.dumps(view, separators=(",", ":"))) < 5_000


def test_the_markup_of_nobody_has_one_of_everything() -> None:
    blank = build_blank()

    said = as_json(blank["view"])
    assert {"strip", "who", "alarms", "cpr", "disagreements", "parts", "bar"} <= set(said)
    assert set(blank["runs"]) == {"strong", "flag", "link", "tel"}
    assert a_material().sections.keys() >= {"cpr"}
