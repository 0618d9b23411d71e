"""The number of a sheet, what it says of the original, and which change makes it wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from epaccs.core.errors import RuleBroken
from epaccs.cpr_decisions.rules.words import FORBIDDEN
from epaccs.handover.rules import (
    ALPHABET,
    Destination,
    FiledSheet,
    FolderState,
    Happened,
    Layout,
    SheetStatus,
    check_is_open,
    check_layout,
    check_may_be_renewed,
    check_may_go,
    compare_folder,
    format_code,
    moves_line,
    parse_code,
    status_after,
)
from epaccs.record.rules.card import build_card
from tests.conftest import NOW
from tests.handover.specimens import RECORDED_AT, SITE, a_material, a_sheet, load, names

# --- The number ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("7K4P-93XQ", id="as it is printed"),
        pytest.param("7k4p93xq", id="in small letters without the dash"),
        pytest.param("  7K4P 93XQ ", id="with spaces"),
        pytest.param("7K4P\u201193XQ", id="with another dash"),
        pytest.param("７Ｋ４Ｐ９３ＸＱ", id="full-width"),
    ],
)
def test_a_number_is_read_however_it_is_typed(typed: str) -> None:
    assert parse_code(typed) == "7K4P93XQ"


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("", id="nothing"),
        pytest.param("7K4P-93X", id="one too few"),
        pytest.param("7K4P-93XQQ", id="one too many"),
        pytest.param("7K4P-93XO", id="a letter that no sheet has"),
        pytest.param("7K4P-93X0", id="a digit that no sheet has"),
        pytest.param("7K4P\x0093XQ", id="a null byte"),
        pytest.param("<script>", id="markup"),
    ],
)
def test_what_is_no_number_is_refused_with_what_to_type(typed: str) -> None:
    with pytest.raises(RuleBroken, match="Enter the"):
        parse_code(typed)


def test_no_number_has_signs_that_are_taken_for_another_or_that_spell_a_word() -> None:
    assert not set(ALPHABET) & set("0O1ILSBZAEU")
    assert len(set(ALPHABET)) == len(ALPHABET)
    assert format_code("7K4P93XQ") == "7K4P-93XQ"


# --- Before it is printed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("destination", "not_told", "because"),
    [
        pytest.param(Destination.PROFESSIONAL, True, "", id="to staff, though the person has not been told"),
        pytest.param(Destination.HOME, False, "", id="home, and the person has been told"),
        pytest.param(Destination.HOME, True, "The daughter reads it to him today", id="home, with a reason"),
    ],
)
def test_a_sheet_may_go(destination: Destination, not_told: bool, because: str) -> None:
    check_may_go(destination, person_not_told=not_told, because=because, was_read=True)


@pytest.mark.parametrize("because", [pytest.param("", id="nothing"), pytest.param("  \n ", id="blank")])
def test_a_sheet_does_not_tell_the_person_what_nobody_has_told_them(because: str) -> None:
    with pytest.raises(RuleBroken, match="Tell them first"):
        check_may_go(Destination.HOME, person_not_told=True, because=because, was_read=True)


def test_a_sheet_goes_home_only_after_somebody_read_it_for_what_is_not_for_the_person() -> None:
    check_may_go(Destination.PROFESSIONAL, person_not_told=False, because="", was_read=False)

    with pytest.raises(RuleBroken, match="read its free text first"):
        check_may_go(Destination.HOME, person_not_told=False, because="", was_read=False)


@pytest.mark.parametrize(
    ("layout", "destination", "death_is_known", "refused"),
    [
        pytest.param(Layout.USUAL, Destination.PROFESSIONAL, True, "", id="for staff"),
        pytest.param(Layout.USUAL, Destination.HOME, True, "", id="usual, home"),
        pytest.param(Layout.LARGE_PRINT, Destination.HOME, True, "", id="large print after a death"),
        pytest.param(Layout.EASY_READ, Destination.HOME, False, "", id="Easy Read"),
        pytest.param(Layout.LARGE_PRINT, Destination.PROFESSIONAL, False, "only for a copy", id="large, to staff"),
        pytest.param(Layout.EASY_READ, Destination.PROFESSIONAL, False, "only for a copy", id="Easy Read, to staff"),
        pytest.param(Layout.EASY_READ, Destination.HOME, True, "A death is recorded", id="Easy Read after a death"),
    ],
)
def test_large_print_and_easy_read_are_only_for_the_person_and_easy_read_for_the_living(
    layout: Layout, destination: Destination, refused: str, *, death_is_known: bool
) -> None:
    if not refused:
        check_layout(layout, destination, death_is_known=death_is_known)
        return
    with pytest.raises(RuleBroken, match=refused):
        check_layout(layout, destination, death_is_known=death_is_known)


def test_a_sheet_is_printed_only_of_somebody_on_the_register() -> None:
    check_is_open(a_sheet().summary)

    removed = a_sheet(lifecycle={"status": "removed", "removed": {"reason": "moved_away"}}).summary
    with pytest.raises(RuleBroken, match="not on the register"):
        check_is_open(removed)


# --- What stands on it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param("not for CPR", "Signed original: Hall drawer, yellow folder.", id="in force"),
        pytest.param("died", "Signed original: Hall drawer, yellow folder.", id="ended by death"),
        pytest.param(
            "in doubt", "Signed original of what was last confirmed: Hall drawer, yellow folder.", id="in doubt"
        ),
        pytest.param("nothing recorded", "No signed form is recorded here.", id="nothing recorded"),
        pytest.param("cancelled, none since", "No signed form is recorded here.", id="cancelled"),
        pytest.param("awaiting confirmation", "No signed form is recorded here.", id="proposed"),
    ],
)
def test_a_sheet_says_where_the_signed_form_is(name: str, sentence: str) -> None:
    assert a_sheet(name).original == sentence


def test_of_a_restricted_person_the_place_of_the_form_is_not_told() -> None:
    assert "drawer" not in a_sheet("restricted address").original


def test_after_a_move_a_sheet_calls_no_place_current() -> None:
    sheet = a_sheet("moved since it was signed")

    said = "place not said since the address changed on 20-Nov-2026; last known: Hall drawer, yellow folder"
    assert sheet.original == sheet.original_at_foot == f"Signed original: {said}."


def test_after_a_move_a_sheet_says_that_no_place_was_ever_written_down() -> None:
    identity, cpr = a_material("moved since it was signed").value("identity"), a_material().value("cpr")
    assert identity is not None
    assert cpr is not None
    decision = {**cpr["decisions"][0], "original_location": ""}

    sheet = a_sheet(identity=identity, cpr={"decisions": [decision]})

    assert sheet.original.endswith("last known: not recorded.")


def test_a_long_place_stands_once_and_each_foot_says_where() -> None:
    sheet = a_sheet("long names")

    assert "kitchen door" in sheet.original
    assert sheet.original_at_foot == "Where the original is: see About this sheet, at the end."
    assert a_sheet().original_at_foot == a_sheet().original


@pytest.mark.parametrize("name", names())
def test_paper_names_the_moment_and_never_its_own_age(name: str) -> None:
    line = a_sheet(name).card.line

    assert not any("ago" in sentence.split() for sentence in (line.large, *line.second))
    assert any("As the register said at 21-Nov-2026 03:00." in sentence for sentence in line.second)


@pytest.mark.parametrize("name", names())
def test_nothing_on_paper_rules_out_treatment(name: str) -> None:
    line = a_sheet(name).card.line

    said = " ".join((line.large, *line.second, *line.extra, *line.beneath)).casefold()
    assert not any(forbidden in said for forbidden in FORBIDDEN)


def test_the_screen_still_counts_the_age_that_paper_cannot() -> None:
    on_paper = a_sheet().card

    on_screen = build_card(on_paper.summary, now=load()["now"], copy_left_at=RECORDED_AT, site=SITE)

    assert any("12 h ago" in sentence for sentence in on_screen.line.second)


def test_the_versions_are_those_of_the_sections_that_are_shown_and_were_recorded() -> None:
    sheet = a_sheet("nothing recorded")

    assert sheet.versions == {"identity": 1, "diagnosis": 10, "consent": 3}
    assert sheet.versions_in_words.startswith("The person 1; ")
    assert a_sheet().versions_in_words.startswith("CPR decision 4; The person 1; ")


# --- What makes it wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "before", "now"),
    [
        pytest.param("cpr", {}, {}, id="CPR, even if only a dispute began"),
        pytest.param("legal", {}, {"items": {}}, id="an advance decision that may refuse CPR"),
        pytest.param("lifecycle", {}, {"death": {"status": "reported"}}, id="a death reported"),
        pytest.param("lifecycle", {"death": {}}, {"death": {}, "seen_alive": [{}]}, id="seen alive"),
        pytest.param("lifecycle", {"death": {"status": "reported"}}, {}, id="a death reversed"),
        pytest.param("identity", {}, {"moved_at": "2026-11-20T17:30:00+00:00"}, id="a move: the form may be elsewhere"),
    ],
)
def test_a_change_that_may_move_the_line(section: str, before: dict[str, Any], now: dict[str, Any]) -> None:
    assert moves_line(section, before, now)


@pytest.mark.parametrize(
    ("section", "now"),
    [
        pytest.param("treatment_level", {"level": "comfort_only"}, id="the treatment level"),
        pytest.param("contacts", {"items": {}}, id="a telephone number"),
        pytest.param("identity", {"family_name": "Wood"}, id="a name"),
        pytest.param("lifecycle", {"reviewed_on": "2026-11-20"}, id="a review of the record"),
    ],
)
def test_a_change_that_leaves_the_line(section: str, now: dict[str, Any]) -> None:
    assert not moves_line(section, {}, now)


@pytest.mark.parametrize(
    ("facts", "tells_address", "status"),
    [
        pytest.param({}, True, SheetStatus.CURRENT, id="nothing of the line"),
        pytest.param({"moves_line": True}, True, SheetStatus.REPLACED, id="the line"),
        pytest.param({"is_open": False}, True, SheetStatus.WITHDRAWN, id="removed from the register"),
        pytest.param({"is_open": False, "moves_line": True}, True, SheetStatus.WITHDRAWN, id="merged into another"),
        pytest.param({"is_restricted": True}, True, SheetStatus.WITHDRAWN, id="the address restricted since"),
        pytest.param({"is_restricted": True}, False, SheetStatus.CURRENT, id="restricted when it was printed"),
    ],
)
def test_what_becomes_of_a_sheet_after_a_change(
    facts: dict[str, bool], tells_address: bool, status: SheetStatus
) -> None:
    usual = {"moves_line": False, "is_open": True, "is_restricted": False}

    assert status_after(Happened(**{**usual, **facts}), tells_address=tells_address) is status


# --- A folder --------------------------------------------------------------------------------------------------------


def filed(entry_id: UUID, *, minutes: int = 0, is_wrong: bool = False, is_up_to_date: bool = True) -> FiledSheet:
    return FiledSheet(
        id=uuid4(),
        entry_id=entry_id,
        number="7K4P-93XQ",
        printed_at=NOW + timedelta(minutes=minutes),
        is_wrong=is_wrong,
        is_up_to_date=is_up_to_date and not is_wrong,
    )


def test_a_folder_with_a_right_sheet_of_everybody_lacks_nothing() -> None:
    here = [uuid4(), uuid4()]

    assert compare_folder([filed(one) for one in here], here) == FolderState((), ())
    with pytest.raises(RuleBroken, match="Nothing is to be printed"):
        check_may_be_renewed(FolderState((), ()))


def test_a_folder_lacks_whoever_came_and_whose_record_changed() -> None:
    came, changed, same = (uuid4() for _ in range(3))
    older = filed(changed, is_up_to_date=False)

    state = compare_folder([older, filed(same)], [came, changed, same])

    assert state == FolderState((came, changed), ()), "what is older than the record is better than none"
    check_may_be_renewed(state)


def test_what_is_to_be_taken_out_comes_in_the_order_of_the_folder() -> None:
    first, second, gone = (uuid4() for _ in range(3))
    wrong, beside_newer = filed(second, is_wrong=True), filed(first, is_up_to_date=False)
    of_somebody_gone = filed(gone)

    state = compare_folder([of_somebody_gone, wrong, beside_newer, filed(first, minutes=5)], [first, second])

    assert state.to_take_out == (beside_newer, wrong, of_somebody_gone)
    assert state.lacking == (second,)
