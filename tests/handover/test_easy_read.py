"""A sheet in Easy Read: that every sentence is easy, none softer or harder than the record, and none is new."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from epaccs.care_plans.sections.about_me import ABOUT_ME, LIFE_OR_COMFORT
from epaccs.care_plans.sections.medicines import STATUS
from epaccs.care_plans.sections.preferred_places import ANSWERS
from epaccs.cpr_decisions.rules.lines import Situation
from epaccs.cpr_decisions.rules.states import Recommendation
from epaccs.handover.easy_read import (
    COMFORT,
    HEAD,
    LINES,
    MEDICINES,
    NO_PLACE,
    OWN_WORDS,
    PLACES,
    SAYS,
    SENTENCES,
    TITLES,
    Part,
    build_head,
    build_parts,
    sentences_written,
)
from epaccs.handover.rules import Layout, Sheet
from epaccs.record.rules.parts import Said as SaidBy
from epaccs.record.rules.parts import SaidWrong
from tests.handover.specimens import NEEDS_ONLY, RECORDED_AT, a_sheet, load, names
from tests.record.people import a_held

LIVING = [name for name in names() if "lifecycle" not in load()["specimens"][name]]
every_living_specimen = pytest.mark.parametrize("name", LIVING)

MOST_WORDS = 15
HARD_WORDS = frozenset(
    [
        "accordance",
        "administer",
        "adrt",
        "advocate",
        "anticipatory",
        "applicable",
        "approximately",
        "arrest",
        "assess",
        "attempt",
        "attorney",
        "authorise",
        "authorised",
        "authority",
        "capacity",
        "cardiac",
        "cardiopulmonary",
        "ceiling",
        "clinical",
        "clinician",
        "commence",
        "comply",
        "condition",
        "confirm",
        "confirmed",
        "consent",
        "consult",
        "contact",
        "current",
        "deceased",
        "deputy",
        "deteriorate",
        "diagnosis",
        "discontinue",
        "documentation",
        "driver",
        "effective",
        "emergency",
        "escalation",
        "facilitate",
        "implement",
        "inform",
        "initiate",
        "intervention",
        "invalid",
        "involve",
        "location",
        "necessary",
        "notify",
        "obtain",
        "option",
        "organisation",
        "original",
        "palliative",
        "particulars",
        "patient",
        "prefer",
        "preferred",
        "prior",
        "procedure",
        "prognosis",
        "proposal",
        "provide",
        "recommend",
        "recommendation",
        "recommended",
        "record",
        "recorded",
        "refusal",
        "refuse",
        "register",
        "regarding",
        "relevant",
        "request",
        "require",
        "residence",
        "respond",
        "resuscitate",
        "resuscitation",
        "review",
        "revoke",
        "revoked",
        "signatory",
        "situation",
        "status",
        "subsequent",
        "sufficient",
        "suitable",
        "symptom",
        "syringe",
        "terminate",
        "transcribed",
        "treatment",
        "utilise",
        "valid",
        "version",
        "withdraw",
        "withdrawn",
    ]
)
#: As long as what is really filled in.
FILLED = {
    "day": "20 November 2026",
    "time": "03:00",
    "team": "Hospice",
    "place": "where you usually live",
    "number": "999 000 0018",
    "says": "",
}


def easy(name: str = "not for CPR", **given: Any) -> Sheet:
    return replace(a_sheet(name, **given), layout=Layout.EASY_READ, is_for_person=True)


def part(sheet: Sheet, name: str) -> Part:
    return next(one for one in build_parts(sheet) if one.title == TITLES[name])


def said(sheet: Sheet, name: str) -> list[str]:
    """Every line of one part."""
    return [one.words for one in part(sheet, name).lines]


def everything(sheet: Sheet) -> str:
    return " ".join([*build_head(sheet), *(one.words for part in build_parts(sheet) for one in part.lines)])


# --- Every sentence is easy ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sentence", sorted(set(sentences_written())))
def test_every_sentence_is_short_and_holds_no_hard_word(sentence: str) -> None:
    words = re.findall(r"[\w'-]+", sentence.format(**FILLED))

    assert len(words) <= MOST_WORDS
    assert [word for word in words if word.lower() in HARD_WORDS] == []
    assert {word for word in words if re.fullmatch(r"[A-Z]{2,}", word)} <= {"CPR", "NHS"}


@pytest.mark.parametrize("place", PLACES.values())
def test_a_sentence_with_any_place_in_it_is_as_short(place: str) -> None:
    for name in ("care", "death", "second"):
        assert len(SENTENCES[name].format(place=place).split()) <= MOST_WORDS + 3


@every_living_specimen
def test_nothing_but_these_sentences_and_what_was_recorded_stands_on_it(name: str) -> None:
    written = "|".join(re.sub(r"\\\{\w+\\\}", ".+", re.escape(one)) for one in sentences_written())
    sheet = easy(name)
    lines = [one for part in build_parts(sheet) for one in part.lines]

    assert [one.title for one in build_parts(sheet)] == [
        TITLES[one] for one in ("paper", "wants", "cpr", "calls", "medicines", "changes")
    ]
    free = [one.words for one in lines if not one.is_quoted and not one.is_value] + list(build_head(sheet))
    assert [words for words in free if not re.fullmatch(written, words)] == []


@every_living_specimen
def test_what_cpr_is_is_said_where_it_is_named_first(name: str) -> None:
    before, _, after = everything(easy(name)).partition("CPR (trying to start your heart again)")

    assert "CPR" not in before
    assert "CPR" in after or name == "nothing recorded"


# --- No answer is without its sentence -------------------------------------------------------------------------------


def test_every_situation_of_the_line_has_its_words() -> None:
    assert set(LINES) == set(Situation)
    assert all(LINES.values())
    assert set(SAYS) == set(Recommendation)


def test_every_answer_of_the_lists_has_its_words() -> None:
    own = {name for name, field in ABOUT_ME.schema().fields.items() if field.metadata.get("in_own_words")}

    assert set(OWN_WORDS) == own
    assert set(COMFORT) == set(LIFE_OR_COMFORT)
    assert set(PLACES) | set(NO_PLACE) == set(ANSWERS)
    assert set(MEDICINES) == set(STATUS)


# --- Neither softer nor harder than the line -------------------------------------------------------------------------

NOT_TRIED = "It says: if your heart stops, CPR should not be tried."
TRIED = "It says: if your heart stops, CPR should be tried."
SAYS_NOT = SAYS[Recommendation.NOT_FOR_CPR]
NOT_SURE = "Your team is not sure what was decided."


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("not for CPR", {NOT_TRIED}, id="not for CPR"),
        pytest.param("moved since it was signed", {NOT_TRIED}, id="moved"),
        pytest.param("wishes may have changed", {NOT_TRIED}, id="a relative reports other wishes"),
        pytest.param("CPR recommended", {TRIED}, id="CPR recommended"),
        pytest.param("review overdue, person not told", {NOT_TRIED}, id="stale"),
        pytest.param("awaiting confirmation", {SAYS_NOT, "It does not count yet."}, id="not confirmed"),
        pytest.param("reported, form not seen", {SAYS_NOT, NOT_SURE}, id="reported only"),
        pytest.param("in doubt", {NOT_SURE}, id="in doubt"),
        pytest.param("cancelled, none since", {"No decision about CPR counts now."}, id="cancelled"),
        pytest.param("nothing recorded", {"No decision about CPR is written down here."}, id="none"),
        pytest.param("advance decision refuses CPR", {"A paper of yours says no to CPR."}, id="advance decision"),
    ],
)
def test_the_part_about_cpr_says_what_the_line_says(name: str, says: set[str]) -> None:
    claims = {
        NOT_TRIED,
        TRIED,
        SAYS_NOT,
        SAYS[Recommendation.FOR_CPR],
        NOT_SURE,
        "It does not count yet.",
        "No decision about CPR counts now.",
        "No decision about CPR is written down here.",
        "A paper of yours says no to CPR.",
    }

    assert set(said(easy(name), "cpr")) & claims == says


def test_of_whoever_may_not_see_it_nothing_is_said_of_what_was_decided() -> None:
    cpr = said(easy(tiers=NEEDS_ONLY), "cpr")

    assert "Whoever printed this paper could not see this part." in cpr
    assert not any("tried" in words or "signed" in words for words in cpr)


def test_not_for_cpr_is_never_said_without_what_limits_it() -> None:
    cpr = said(easy(), "cpr")
    first = cpr.index(NOT_TRIED)

    assert cpr[first + 1 : first + 3] == [
        "It is about CPR only.",
        "You should get all other care that is right for you.",
    ]
    assert "If you choke, helpers must judge what to do." in cpr


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        pytest.param(
            "review overdue, person not told",
            [
                "Your team should have looked at it again by 1 November 2026.",
                "It still counts.",
                "Your team may not have talked with you about this.",
            ],
            id="late, not told",
        ),
        pytest.param(
            "not for CPR",
            ["It was signed on 20 November 2026.", "Your team last looked at it on 20 November 2026."],
            id="how old it is",
        ),
        pytest.param(
            "moved since it was signed",
            [
                "Your address has changed since the form was signed.",
                "It was last kept here:",
                "Hall drawer, yellow folder",
            ],
            id="moved",
        ),
        pytest.param(
            "wishes may have changed",
            ["Somebody said that your wishes may have changed.", "That alone changes nothing."],
            id="a report",
        ),
        pytest.param("awaiting confirmation", ["Somebody should have agreed to it by now."], id="waits too long"),
        pytest.param(
            "in doubt",
            ["The form that was signed last is kept here:", "If they are still not sure, they should start CPR."],
            id="in doubt",
        ),
    ],
)
def test_the_part_about_cpr_says_also(name: str, sentences: list[str]) -> None:
    assert [one for one in sentences if one not in said(easy(name), "cpr")] == []


#: Parts of a decision that is not in force any more.
CANCELLED = load()["specimens"]["cancelled, none since"]["cpr"]["decisions"][0]
FOR_CPR = load()["specimens"]["CPR recommended"]["cpr"]["decisions"][0]
NOW_FOR_CPR = {
    **FOR_CPR,
    "id": "d2",
    "decided_at": "2026-11-20T20:00:00+00:00",
    "signed_at": "2026-11-20T20:00:00+00:00",
}


@pytest.mark.parametrize(
    ("decisions", "sentence"),
    [
        pytest.param(
            [{**CANCELLED, "status": "superseded"}, NOW_FOR_CPR],
            "A decision before this one said something else.",
            id="the earlier one said otherwise",
        ),
        pytest.param(
            [{**CANCELLED, "status": "entered_in_error"}],
            "Something about CPR was once written here by mistake.",
            id="a mistake was removed",
        ),
    ],
)
def test_older_paper_that_does_not_count_is_named(decisions: list[dict[str, Any]], sentence: str) -> None:
    cpr = said(easy(cpr={"decisions": decisions}), "cpr")

    assert sentence in cpr
    assert cpr[cpr.index(sentence) + 1] == "Papers that say it are out of date."


def test_a_cancelled_decision_is_named_beside_what_was_put_forward_since() -> None:
    proposals = load()["specimens"]["awaiting confirmation"]["cpr"]["proposals"]
    since = [{**one, "recorded_at": "2026-11-20T19:00:00+00:00"} for one in proposals]

    cpr = said(easy(cpr={"decisions": [CANCELLED], "proposals": since}), "cpr")

    assert cpr[cpr.index("A decision about CPR was cancelled.") + 1] == "Papers that say it are out of date."


def test_where_nothing_came_before_no_older_paper_is_named() -> None:
    for name in ("not for CPR", "in doubt", "nothing recorded", "cancelled, none since"):
        assert "Papers that say it are out of date." not in said(easy(name), "cpr")


@pytest.mark.parametrize(
    ("location", "sentences"),
    [
        pytest.param("Bureau, top drawer", ["It is kept here:", "Bureau, top drawer"], id="recorded"),
        pytest.param("", ["Nobody wrote down where it is."], id="not recorded"),
    ],
)
def test_where_the_paper_is_that_helpers_must_read(location: str, sentences: list[str]) -> None:
    [refusal] = load()["specimens"]["advance decision refuses CPR"]["legal"]["items"].values()
    legal = {"items": {"b": {**refusal, "document_location": location}}}

    cpr = said(easy("advance decision refuses CPR", legal=legal), "cpr")

    place = cpr.index("Helpers must read it before they decide.") + 1
    assert cpr[place : place + len(sentences)] == sentences


def test_in_doubt_no_date_makes_a_side_look_current() -> None:
    cpr = " ".join(said(easy("in doubt"), "cpr"))

    assert "It was signed on" not in cpr
    assert "still counts" not in cpr


def test_nobody_is_told_who_reported_that_their_wishes_changed() -> None:
    assert "Chidi" not in " ".join(said(easy("wishes may have changed"), "cpr"))


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        pytest.param(
            "nothing recorded",
            {"legal": {"items": {"b": {"kind": "adrt", "refuses_cpr": True, "refuses": "CPR"}}}},
            "You may have a paper that says no to CPR.",
            id="a refusal that nobody has seen",
        ),
        pytest.param("wishes may have changed", {}, "Your team still has something to check about CPR.", id="waits"),
    ],
)
def test_what_waits_beside_the_line_is_named(name: str, changes: dict[str, Any], words: str) -> None:
    assert words in said(easy(name, **changes), "cpr")
    assert words not in said(easy(), "cpr")


# --- It is no order, and not the whole plan --------------------------------------------------------------------------


@every_living_specimen
def test_it_says_that_it_is_not_the_form_and_not_all_of_the_plan(name: str) -> None:
    sheet = easy(name)
    team = sheet.printed.organisation or "your team"

    assert set(HEAD) <= set(build_head(sheet))
    assert HEAD == ("This paper is for you.", "It is not the form that ambulance crews need.")
    for of in ("paper", "wants", "changes"):
        lines = said(sheet, of)
        assert lines[lines.index("There is more in your plan.") + 1] == f"Ask {team} to read it with you."
    assert "This paper does not say all of your plan." in said(sheet, "paper")


# --- What the person wants -------------------------------------------------------------------------------------------


def test_what_the_person_said_is_quoted_whole_and_as_it_stands() -> None:
    words = "I want\nmy cat, and “no fuss”; " + "the garden " * 500
    lines = part(easy(about_me={"most_important": words.strip(), "life_or_comfort": "comfort"}), "wants").lines

    place = [one.words for one in lines].index("What is most important to you:")
    assert (lines[place + 1].words, lines[place + 1].is_quoted) == (words.strip(), True)
    assert "Being comfortable comes first." in [one.words for one in lines]


@pytest.mark.parametrize(
    ("places", "sentences"),
    [
        pytest.param(
            {"care_first": "home", "death_first": "hospice", "death_first_address": "St Anne's"},
            ["You want to be cared for at home.", "When you die, you want to be in a hospice.", "St Anne's"],
            id="places",
        ),
        pytest.param(
            {"care_first": "undecided", "death_first": "declined"},
            ["You have not decided yet.", "You did not want to talk about it."],
            id="no places",
        ),
    ],
)
def test_where_the_person_wants_to_be_is_said_as_they_answered(places: dict[str, str], sentences: list[str]) -> None:
    wants = said(easy(preferred_places=places), "wants")

    assert [one for one in sentences if one not in wants] == []


def test_a_statement_that_the_person_wrote_is_quoted() -> None:
    statement = {"kind": "advance_statement", "refuses": "Music by the window"}

    assert "Music by the window" in said(easy(legal={"items": {"a": statement}}), "wants")


def test_where_nothing_is_known_it_says_so() -> None:
    sheet = easy("nothing recorded")

    assert "Nothing is written here about what you want." in said(sheet, "wants")
    assert "Nothing is written here about medicines that are kept ready." in said(sheet, "medicines")
    assert "The number that is always answered: 01632 960999" in said(sheet, "calls")


# --- What is not certain ---------------------------------------------------------------------------------------------


def test_a_part_in_dispute_says_so_before_anything_of_it() -> None:
    held = (a_held("preferred_places", "put", {"care_first": "hospital"}),)
    wants = said(easy(held=held), "wants")

    assert wants[:2] == ["Your team is not sure about this part.", "Your team needs to check it."]


def test_what_was_copied_and_what_was_found_wrong_is_said() -> None:
    sheet = easy()
    by = SaidBy(name="L Hart", role="gp", at=RECORDED_AT)
    wrong = SaidWrong(section="medicines", label="Medicines in the home", at=RECORDED_AT)
    sections = [one._replace(copied=by, said_wrong=wrong) if one.name == "medicines" else one for one in sheet.sections]

    assert said(replace(sheet, sections=sections), "medicines")[:4] == [
        "Somebody said that something in this part may be wrong.",
        "Your team needs to check it.",
        "Some of this was copied from another paper.",
        "Nobody has checked the copy yet.",
    ]


def test_medicines_that_nobody_looked_at_for_long_are_not_called_current() -> None:
    medicines = {**load()["person"]["medicines"], "last_checked_on": "2026-09-01"}
    old, new = said(easy(medicines=medicines), "medicines"), said(easy(), "medicines")

    assert "Some of this may have changed." in old
    assert "Some of this may have changed." not in new
    assert "They were last checked on 1 September 2026." in old


# --- What must not be told -------------------------------------------------------------------------------------------


def test_a_restricted_address_is_told_by_nothing_on_it() -> None:
    told = ("Hidden", "ND9", "960555", "Secret", "Elm Street", "Hill House", "Fridge", "drawer", "Canal Row", "St Anne")
    text = everything(easy("restricted address"))

    assert [words for words in told if words in text] == []
    assert "Ask your team to read it with you." in text


def test_it_holds_no_more_than_its_printer_may_see() -> None:
    text = everything(easy(tiers=NEEDS_ONLY))

    assert [words for words in ("Fridge", "drawer", "kept ready", "hospice") if words in text] == []
    assert "Hospice nurses: 01632 960101" in text
