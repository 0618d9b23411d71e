"""The emergency card as it reads: for each line of the CPR table its words, shape and place; nothing lost."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import escape

from epaccs.access.rules import AUDIENCES, AccessReason, Tier, audience_name
from epaccs.app import create_app
from epaccs.cpr_decisions.rules.lines import LOOKS, Shape
from epaccs.cpr_decisions.rules.words import FORBIDDEN
from epaccs.record.rules.card import PASSAGE_LIMIT, UNBROKEN, Card, Site, build_card, build_notices, find_unbroken, fits
from epaccs.record.rules.view import build_view
from epaccs.record.summary import RecordSummary
from epaccs.settings import Mode, Settings
from tests.pages import squeeze
from tests.record.people import (
    ADRT,
    CARD_ONLY,
    CONFIRMED_DEATH,
    CONTACTS,
    ENDED_BY_DEATH,
    EVERYTHING,
    IDENTITY,
    LPA,
    NEEDS,
    NURSES,
    RELATIVE_REPORT,
    REPORT,
    REPORTED_DEATH,
    REVOKED,
    SON,
    WITHDRAWAL,
    a_decision,
    a_held,
    a_proposal,
    a_summary,
    at,
)

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
CONTROL = "01632 960999"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The program's templates; no page of these tests asks the database anything."""
    folder = tmp_path_factory.mktemp("pages")
    site = Settings(database_url="sqlite://", data_dir=folder, secret_key="x" * 40, mode=Mode.DEMO, testing=True)
    return create_app(site)


def a_card(
    tiers: frozenset[Tier] = EVERYTHING, *, age: timedelta = timedelta(0), limit: timedelta | None = None, **parts: Any
) -> Card:
    """A card of a made-up person at three in the morning."""
    has_namesake = parts.pop("has_namesake", False)
    site = Site(CONTROL, copy_age_limit=limit)
    return build_card(a_summary(tiers, **parts), now=NOW, copy_left_at=NOW - age, site=site, has_namesake=has_namesake)


def html_of(pages: Flask, card: Card, *, notices: tuple[str, ...] = ()) -> str:
    """The fragment alone, as a tablet holds it."""
    template = "{% from 'record/_card.html' import emergency_card %}{{ emergency_card(view, notices=notices) }}"
    with pages.app_context():
        return render_template_string(template, view=build_view(card), notices=notices)


def text_of(html: str) -> str:
    """What a person reads in it."""
    without_inline = re.sub(r"</?(?:strong|span|a)\b[^>]*>", "", html)
    return squeeze(unescape(re.sub(r"<[^>]+>", " ", without_inline)))


# --- Each line of the table ------------------------------------------------------------------------------------------

ONLY_CPR = "About CPR only: give all other suitable treatment, within the treatment level and ADRT below."

LINES = [
    pytest.param(
        {},
        Shape.OCTAGON,
        ["Not for CPR", "Signed 20-Nov-2026, Dr A Patel, GP, Elm Street Surgery.", ONLY_CPR, "use judgement",
         "Signed form: Hall drawer, yellow folder.", "Aware: the person, family."],
        id="in force, not for CPR",
    ),
    pytest.param(
        {"cpr": {"decisions": [a_decision(recommendation="for_cpr", reason="benefit_expected")]}},
        Shape.SQUARE,
        ["CPR recommended", "Signed 20-Nov-2026"],
        id="in force, for CPR",
    ),
    pytest.param(
        {"cpr": {"decisions": [a_decision(review_on="2026-11-01")]}},
        Shape.OCTAGON,
        ["Not for CPR", "Review overdue since 01-Nov-2026 (it stays in force"],
        id="review overdue",
    ),
    pytest.param(
        {"cpr": {"proposals": [a_proposal()]}},
        Shape.HATCHED,
        ["Not confirmed: not for CPR proposed by Sister J Marsh, community nurse, 16-Nov-2026",
         "Confirmation overdue since 19-Nov-2026 14:05."],
        id="awaiting confirmation",
    ),
    pytest.param(
        {"cpr": {"proposals": [REPORT]}},
        Shape.DASHED,
        ['Not confirmed: told of "not for CPR", form not seen', "Ada Obi, sister"],
        id="reported, form not seen",
    ),
    pytest.param(
        {"cpr": {"proposals": [{**REPORT, "document_seen": {"at": at(20), "by": "L Hart", "role": "paramedic"}}]}},
        Shape.DASHED,
        ['Not confirmed: told of "not for CPR", form seen by paramedic, 20-Nov-2026'],
        id="reported, form seen",
    ),
    pytest.param(
        {"cpr": {"decisions": [a_decision()], "withdrawals": [WITHDRAWAL]}},
        Shape.SPLIT,
        ["CPR decision in doubt", "Read the signed form. Ring 01632 960101.", "start CPR and get senior advice",
         "Last confirmed", "Refusal withdrawn", "Not yet settled"],
        id="in doubt",
    ),
    pytest.param(
        {"cpr": {"decisions": [REVOKED]}},
        Shape.OPEN_CIRCLE_BAR,
        ["No CPR decision in force", '"Not for CPR" of 20-Nov-2026 was cancelled 20-Nov-2026.', "out of date"],
        id="revoked, none since",
    ),
    pytest.param({"cpr": None}, Shape.OPEN_CIRCLE, ["No CPR decision recorded here", "One may exist elsewhere."],
                 id="none recorded"),
    pytest.param(
        {"cpr": None, "legal": {"items": {"a": {**ADRT, "refuses_cpr": True, "is_witnessed": True}}}},
        Shape.OCTAGON_OUTLINE,
        ["Advance decision refuses CPR - read it now", "It is here: Bureau, top drawer."],
        id="none, but an ADRT refusing CPR was seen",
    ),
    pytest.param(
        {"cpr": {"decisions": [ENDED_BY_DEATH]}, "lifecycle": CONFIRMED_DEATH},
        Shape.DOUBLE_BAR,
        ["Death confirmed. Before it: Not for CPR", "Died 20-Nov-2026", "Age at death 85y"],
        id="death confirmed",
    ),
    pytest.param(
        {"tiers": NEEDS}, Shape.PADLOCK, [f"Your role cannot see this: ring {CONTROL}"], id="role may not see it"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "shape", "sentences"), LINES)
def test_each_situation_has_its_words_and_its_shape(
    pages: Flask, parts: dict[str, Any], shape: Shape, sentences: list[str]
) -> None:
    card = a_card(**parts)

    html = html_of(pages, card)

    assert [words for words in sentences if words not in text_of(html)] == []
    assert f"app-shape--{shape.replace('_', '-')}" in html
    assert f"app-cpr--{shape.replace('_', '-')}" in html


def test_a_copy_past_its_age_says_only_what_was_last_known(pages: Flask) -> None:
    card = a_card(age=timedelta(days=3), limit=timedelta(hours=18))

    text = text_of(html_of(pages, card))

    assert "Last known 3 days ago: Not for CPR" in text
    assert f"Look for the signed form: Hall drawer, yellow folder. Ring {CONTROL}." in text
    assert "This copy: 18-Nov-2026 03:00" in text


def test_every_situation_looks_different_without_colour(pages: Flask) -> None:
    drawn: dict[Shape, str] = {}
    for parts, shape, _ in (one.values for one in LINES):
        html = html_of(pages, a_card(**parts))  # type: ignore[arg-type]
        svg = re.search(r'<h2 class="app-cpr__line".*?(<svg.*?</svg>)', html, re.DOTALL)
        assert svg is not None
        drawn[shape] = re.sub(r'(fill|stroke)="#[0-9a-f]+"|class="[^"]*"', "", svg[1])  # type: ignore[index]

    assert len(set(drawn.values())) == len(drawn) == len({look.shape for look in LOOKS.values()} - {Shape.CLOCK})


def test_a_relatives_report_stands_as_large_directly_under_the_line(pages: Flask) -> None:
    card = a_card(cpr={"decisions": [a_decision()], "review_requests": [RELATIVE_REPORT]})

    html = html_of(pages, card)

    line, report = html.index("app-cpr__line"), html.index("app-cpr__beneath")
    assert line < report < html.index("app-cpr__words")
    assert "wishes have changed" in text_of(html)


def test_that_the_person_was_not_told_is_the_first_and_strongest_of_the_further_lines() -> None:
    card = a_card(cpr={"decisions": [a_decision(aware=[], person_not_told="It would harm her")]})

    assert card.further[0] == (True, "Person has NOT been told")


@pytest.mark.parametrize("tiers", AUDIENCES, ids=audience_name)
@pytest.mark.parametrize("parts", [one.values[0] for one in LINES[:-1]], ids=[str(one.id) for one in LINES[:-1]])
def test_no_card_can_be_read_as_a_refusal_of_all_treatment(
    pages: Flask, tiers: frozenset[Tier], parts: dict[str, Any]
) -> None:
    text = text_of(html_of(pages, a_card(tiers, **parts))).casefold()

    assert [words for words in FORBIDDEN if words in text] == []


# --- What is never absent --------------------------------------------------------------------------------------------

NOTHING: dict[str, Any] = dict.fromkeys(
    ("cpr", "treatment_level", "legal", "allergies", "medicines", "risks", "diagnosis", "preferred_places", "contacts")
)


@pytest.mark.parametrize(
    ("label", "recorded", "empty"),
    [
        pytest.param("Treatment level", "Hospital for comfort only.", "Not recorded", id="treatment level"),
        pytest.param("ADRT and attorneys", "ADRT, document seen", "Not recorded", id="ADRT and LPA"),
        pytest.param("Alerts", "ICD active", "Not recorded", id="risks to the crew"),
        pytest.param("Allergies", "Known allergies", "Allergies not recorded", id="allergies"),
    ],
)
def test_what_a_crew_must_know_is_there_or_not_recorded_or_said_to_be_hidden(
    pages: Flask, label: str, recorded: str, empty: str
) -> None:
    full, nothing, hidden = (part_of(pages, card, label) for card in (a_card(), a_card(**NOTHING), a_card(NEEDS)))

    assert recorded in full
    assert empty in nothing
    assert f"our role cannot see this: ring {CONTROL}" in hidden


def part_of(pages: Flask, card: Card, label: str) -> str:
    """The text of one part of the card, found by its label."""
    parts = re.split(r'<section class="app-part', html_of(pages, card))
    return next(text_of(part) for part in parts if f'app-part__label">{label}' in part)


def test_parts_that_are_not_for_a_role_are_not_there_at_all(pages: Flask) -> None:
    html = html_of(pages, a_card(NEEDS))

    assert "Illness" not in html
    assert "Medicines" not in html
    assert "Preferred places" not in html


@pytest.mark.parametrize("tiers", [EVERYTHING, CARD_ONLY], ids=audience_name)
def test_unknown_never_looks_like_a_value(pages: Flask, tiers: frozenset[Tier]) -> None:
    text = text_of(html_of(pages, a_card(tiers, **NOTHING)))

    assert "None" not in text
    assert "No known allergies" not in text
    assert "No ICD" not in text
    assert "No ADRT" not in text


# --- Who, and whom to call -------------------------------------------------------------------------------------------


def test_the_banner_names_the_person_and_warns_of_a_namesake_and_of_a_number_not_traced(pages: Flask) -> None:
    card = a_card(has_namesake=True, identity={**IDENTITY, "nhs_number_status": "02"})

    text = text_of(html_of(pages, card))

    assert "OKONKWO, Grace (Mrs) Preferred name Gracie Born 06-Jan-1941 (85y) NHS No. 999 000 0018" in text
    assert "Another person with a similar name is on this register. Check the date of birth." in text
    assert "Identity not verified: NHS number given, not traced" in text


def test_a_reported_death_is_no_death_yet(pages: Flask) -> None:
    card = a_card(lifecycle=REPORTED_DEATH)

    text = text_of(html_of(pages, card))

    assert card.died_on is None
    assert "Death reported for 20-Nov-2026 by L Hart, paramedic, Northdale Ambulance. Not confirmed." in text
    assert "(85y)" in text


def test_somebody_seen_alive_since_is_not_shown_as_dead(pages: Flask) -> None:
    seen = {**CONFIRMED_DEATH, "seen_alive": [{"by": REPORTED_DEATH["death"]["reported_by"], "at": at(21, 2)}]}

    card = a_card(lifecycle=seen)

    assert card.died_on is None
    assert "Death reported, and seen alive since: L Hart" in text_of(html_of(pages, card))


def test_age_at_death_is_not_the_age_today() -> None:
    lifecycle = {**CONFIRMED_DEATH, "death": {**CONFIRMED_DEATH["death"], "died_on": "2026-01-05"}}

    assert a_card(lifecycle=lifecycle).age == 84
    assert a_card().age == 85


@pytest.mark.parametrize(
    ("items", "first"),
    [
        pytest.param({"a": SON, "c": NURSES}, ("Hospice nurses", "01632960101"), id="a number that answers at night"),
        pytest.param({"a": SON}, ("Control", "01632960999"), id="nobody at night: the site's own number"),
        pytest.param({}, ("Control", "01632960999"), id="nobody known"),
    ],
)
def test_the_bar_starts_with_a_number_that_is_answered_at_night(items: dict[str, Any], first: tuple[str, str]) -> None:
    card = a_card(contacts={"items": items})

    assert (card.bar[0].name, card.bar[0].dialled) == first


def test_each_number_dials_when_tapped_and_who_must_not_be_called_has_none(pages: Flask) -> None:
    html = html_of(pages, a_card(contacts=CONTACTS))

    assert re.findall(r'href="tel:(\d+)"', html) == ["01632960101", "07700900321", "07700900654", "01632960001"]
    assert "Do NOT call Emeka Okonkwo, brother" in text_of(html)


def test_a_restricted_address_shows_names_and_one_number_for_all(pages: Flask) -> None:
    html = html_of(pages, a_card(identity={**IDENTITY, "address_restricted": True}))

    assert set(re.findall(r'href="tel:(\d+)"', html)) == {"01632960999"}
    text = text_of(html)
    assert f"Address restricted: ring {CONTROL}" in text
    assert f"Chidi Okonkwo, attorney, son: ring {CONTROL}" in text
    assert "Signed form: not shown, the address is restricted." in text


# --- What waits for a person -----------------------------------------------------------------------------------------


def test_a_disputed_treatment_level_says_so_beside_the_last_confirmed_one(pages: Flask) -> None:
    card = a_card(held=(a_held("treatment_level", "put", {"level": "treat_at_home"}),))

    text = part_of(pages, card, "Treatment level")

    assert "In dispute: the above is only what was confirmed last." in text
    assert (
        "L Hart, paramedic, Northdale Ambulance, 20-Nov-2026 14:02: Ceiling of treatment: Treat at home first" in text
    )


def test_a_held_cpr_edit_puts_the_decision_in_doubt(pages: Flask) -> None:
    card = a_card(held=(a_held("cpr", "sign", {"recommendation": "for_cpr"}),))

    assert "CPR decision in doubt" in text_of(html_of(pages, card))
    assert [side.title for side in card.line.sides] == ["Not for CPR", "CPR recommended"]


# --- How the reader came here ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "checked", "is_read_back", "notices"),
    [
        pytest.param(AccessReason.PERMISSION_GIVEN, ("name", "born"), False, 0, id="permission, identity checked"),
        pytest.param(AccessReason.EMERGENCY, ("name", "born"), False, 1, id="emergency"),
        pytest.param(AccessReason.CANNOT_ASK, (), False, 1, id="cannot check identifiers"),
        pytest.param(AccessReason.EMERGENCY, (), True, 3, id="call handler, in an emergency, without identifiers"),
        pytest.param(None, None, False, 0, id="no reason was asked"),
    ],
)
def test_how_the_reader_came_here_stays_on_the_card(
    pages: Flask, reason: AccessReason | None, checked: tuple[str, ...] | None, is_read_back: bool, notices: int
) -> None:
    found = build_notices(reason=reason, identifiers_checked=checked, is_read_back=is_read_back)

    html = html_of(pages, a_card(), notices=found)

    assert len(found) == notices
    assert all(str(escape(words)) in html for words in found)


# --- Text -----------------------------------------------------------------------------------------------------------


def test_a_long_passage_is_never_cut_on_the_card_but_read_whole_below(pages: Flask) -> None:
    whole, longer = "a" * PASSAGE_LIMIT, "b" * (PASSAGE_LIMIT + 1)

    short = html_of(pages, a_card(treatment_level={"level": "treat_at_home", "guidance": whole}))
    long = html_of(pages, a_card(treatment_level={"level": "treat_at_home", "guidance": longer}))

    assert whole in short
    assert "b" * 20 not in long
    assert '<a href="#section-treatment_level">A long passage: read it whole below</a>' in long
    assert not fits("a\n" * 5)


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        pytest.param("Signed 20-Nov-2026, Dr A", ["20-Nov-2026"], id="date"),
        pytest.param("since 19-Nov-2026 14:05.", ["19-Nov-2026 14:05"], id="date and time"),
        pytest.param("Ring 01632 960101. If doubt", ["01632 960101"], id="telephone"),
        pytest.param("0113 496 0000", ["0113 496 0000"], id="telephone in three groups"),
        pytest.param("Community nurses, 24 h", ["24 h"], id="hours"),
        pytest.param("No numbers here", [], id="nothing"),
    ],
)
def test_no_line_ends_inside_a_date_or_a_number(words: str, whole: list[str]) -> None:
    pieces = list(find_unbroken(words))

    assert [piece for keep, piece in pieces if keep] == whole == [found[0] for found in UNBROKEN.finditer(words)]
    assert "".join(piece for _, piece in pieces) == words


HOSTILE = ["<script>alert(1)</script>", "{{ 7 * 7 }}", "{% raw %}", 'O\'Neill & "Sons" <b>', "\u202eabc", "😀 é 阮"]


@settings(deadline=None)
@given(text=st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_markup_and_template_syntax_is_shown_as_text(pages: Flask, text: str) -> None:
    filled = a_card(
        identity={**IDENTITY, "family_name": text, "preferred_name": text, "address": text},
        treatment_level={"level": "treat_at_home", "guidance": text},
        legal={"items": {"a": {**ADRT, "refuses": text, "document_seen_by": text}}},
        risks={"infection": text, "other": text, "access_note": text, "key_safe_place": text},
        allergies={"status": "known", "items": {"a": {"agent": text, "reaction": text}}},
        contacts={"items": {"a": {**SON, "name": text, "relationship": text}}},
        diagnosis={"primary": text},
    )

    html = html_of(pages, filled)

    assert "<script" not in html
    assert str(escape(text.upper())) in html
    assert html.count(str(escape(text))) >= 8 or not text.strip()


def test_the_card_stands_alone(pages: Flask) -> None:
    html = html_of(pages, a_card())

    assert [
        one for one in re.findall(r'(?:href|src|action)="([^"]*)"', html) if not one.startswith(("tel:", "#"))
    ] == []
    assert "csrf" not in html
    assert "<script" not in html


def test_the_card_reads_the_same_from_what_was_stored(pages: Flask) -> None:
    summary = a_summary()

    again = RecordSummary.from_value(summary.to_value())

    site = Site(CONTROL)
    assert build_card(again, now=NOW, copy_left_at=NOW, site=site) == build_card(
        summary, now=NOW, copy_left_at=NOW, site=site
    )


def test_contrast_of_everything_clinical_is_seven_to_one() -> None:
    styles = (Path(__file__).parents[2] / "epaccs/static/css/app.css").read_text()
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", styles))
    pairs = [
        ("red", "pale-red"), ("ink", "pale-red"), ("ink", "pale-amber"), ("ink", "amber"), ("ink", "pale"),
        ("blue", "pale-blue"), ("ink", "pale-blue"),
    ]  # fmt: skip
    white = {**colours, "white": "#ffffff"}

    low = {pair: ratio for pair in [*pairs, ("grey", "white"), ("blue", "white"), ("white", "blue"), ("white", "ink")]
           if (ratio := contrast(white[pair[0]], white[pair[1]])) < 7}  # fmt: skip

    assert low == {}


def contrast(one: str, other: str) -> float:
    """The contrast of two colours. Source: WCAG 2.2, relative luminance."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    if len(colour) == 4:
        colour = "#" + "".join(digit * 2 for digit in colour[1:])
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# --- Words of the parts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "sentences"),
    [
        pytest.param({}, ["ADRT, document seen: refuses life-sustaining treatment."], id="seen"),
        pytest.param(
            {"document_seen_by": None, "document_seen_on": None},
            ["ADRT reported, document not seen: refuses life-sustaining treatment."],
            id="only told of",
        ),
        pytest.param(
            {"document_seen_by": None}, ["Seen 20-Nov-2026. Made 02-Mar-2025."], id="seen, nobody says by whom"
        ),
        pytest.param(
            {"withdrawn_on": "2026-11-01"}, ["ADRT withdrawn 01-Nov-2026: paper of it is out of date."], id="withdrawn"
        ),
        pytest.param(
            {"refuses_life_sustaining": False, "refuses": "Antibiotics"},
            ["ADRT, document seen. Antibiotics."],
            id="refuses nothing that keeps alive",
        ),
    ],
)
def test_an_advance_decision_says_what_was_seen_of_it(pages: Flask, item: dict[str, Any], sentences: list[str]) -> None:
    card = a_card(legal={"items": {"a": {**ADRT, **item}}})

    text = part_of(pages, card, "ADRT and attorneys")

    assert [words for words in sentences if words not in text] == []
    assert ("Not recorded that:" in text) is (
        not item.get("withdrawn_on") and item.get("refuses_life_sustaining", True)
    )


@pytest.mark.parametrize(
    ("item", "words"),
    [
        pytest.param({"document_seen_on": "2026-11-20"}, "Chidi Okonkwo, registered.", id="registered and seen"),
        pytest.param({"is_registered": "no"}, "Chidi Okonkwo, NOT registered, document not seen.", id="not registered"),
        pytest.param({"is_registered": None}, "registration not known, document not seen.", id="not known"),
        pytest.param(
            {"kind": "deputy"},
            "Deputy cannot refuse life-sustaining treatment: Chidi Okonkwo, order not seen.",
            id="deputy",
        ),
        pytest.param(
            {"withdrawn_on": "2026-02-01"}, "Attorney (LPA), authority ended 01-Feb-2026: Chidi Okonkwo.", id="ended"
        ),
    ],
)
def test_an_attorney_says_what_is_known_of_their_authority(pages: Flask, item: dict[str, Any], words: str) -> None:
    card = a_card(legal={"items": {"a": {**LPA, **item}}})

    text = part_of(pages, card, "ADRT and attorneys")

    assert words in text
    assert "No ADRT recorded." in text


@pytest.mark.parametrize(
    ("section", "value", "part", "words"),
    [
        pytest.param(
            "contingency",
            {"items": {"a": {"trigger": "Bleeding", "what_to_do": "Dark towels", "contact_name": "Night nurse",
                             "contact_telephone": "01632 960 101"}}},
            "If something happens",
            "Bleeding: Dark towels. Call Night nurse 01632 960 101.",
            id="a plan, and whom to call",
        ),
        pytest.param(
            "contingency",
            {"items": {"a": {"trigger": "Bleeding", "what_to_do": "Dark towels"}}},
            "If something happens",
            "Bleeding: Dark towels.",
            id="a plan without a number",
        ),
        pytest.param(
            "about_me", {"most_important": "My own bed."}, "What matters to me", "My own bed.", id="in their own words"
        ),
        pytest.param(
            "communication",
            {"spoken_language": "Igbo", "interpreter": "needed", "disabilities": ["hearing"]},
            "Talking together",
            "Speaks Igbo. Interpreter: needed. Hearing loss.",
            id="language and hearing",
        ),
        pytest.param(
            "communication", {"interpreter": "not_needed"}, "Talking together", "Interpreter: not needed.", id="one"
        ),
        pytest.param("risks", {"alerts": ["bleeding"]}, "Alerts", "Risk of a catastrophic bleed", id="an alert"),
    ],
)  # fmt: skip
def test_what_was_thought_of_beforehand_stands_on_the_card(
    pages: Flask, section: str, value: dict[str, Any], part: str, words: str
) -> None:
    assert words in part_of(pages, a_card(**{section: value}), part)


@pytest.mark.parametrize("part", ["If something happens", "What matters to me", "Talking together"])
def test_what_nobody_was_asked_takes_no_room_on_the_card(pages: Flask, part: str) -> None:
    assert part not in html_of(pages, a_card(contingency=None, about_me=None, communication=None))


@pytest.mark.parametrize(
    ("medicines", "words"),
    [
        pytest.param(
            {"status": "in_home", "where": "Fridge"},
            "In the home: Fridge. Not recorded when they were last checked.",
            id="nobody looked",
        ),
        pytest.param({"status": "authorised"}, "Authorised, not yet in the home.", id="not there yet"),
        pytest.param({"status": "in_home", "syringe_driver": True}, "Syringe driver in use", id="syringe driver"),
        pytest.param(None, "Not recorded", id="nobody asked"),
    ],
)
def test_medicines_say_where_they_are_and_whether_anybody_looked(
    pages: Flask, medicines: dict[str, Any] | None, words: str
) -> None:
    assert words in part_of(pages, a_card(medicines=medicines), "Medicines for symptoms")


@pytest.mark.parametrize(
    ("places", "words"),
    [
        pytest.param({"care_first": "home"}, "Of care: Home. Of death: not asked yet.", id="care only"),
        pytest.param({"death_first": "declined"}, "Of death: Declined to discuss.", id="declined is an answer"),
        pytest.param(
            {"death_first": "home", "death_second": "hospice", "death_second_address": "St Anne's"},
            "Of death: Home, else Hospice (St Anne's).",
            id="second choice",
        ),
        pytest.param(None, "Not asked yet", id="nobody asked"),
    ],
)
def test_preferred_places_keep_no_answer_apart_from_an_answer_that_is_no_place(
    pages: Flask, places: dict[str, Any] | None, words: str
) -> None:
    assert words in part_of(pages, a_card(preferred_places=places), "Preferred places")
