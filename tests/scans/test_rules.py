"""Which file is taken, whose paper it must be, and when a scan may be opened."""

from __future__ import annotations

from datetime import date

import pytest

from epaccs.access.rules import Tier
from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.scans.rules import (
    FAULT_SENTENCES,
    JPEG,
    KIND_LABELS,
    PDF,
    PNG,
    WITHDRAWAL_LABELS,
    Fault,
    FileRefused,
    ScanKind,
    Withdrawal,
    check_is_of_the_person,
    check_may_be_kept,
    check_original_seen,
    check_size,
    check_type,
    is_active,
    is_too_many_pixels,
    may_see_scans,
    size_in_words,
    tier_of,
    why_not_beside,
    why_not_opened,
)
from epaccs.versions.rules import Standing

MEGABYTE = 1024 * 1024
SEEN_ON = date(2026, 11, 20)


def test_every_answer_and_every_fault_has_its_words() -> None:
    assert set(KIND_LABELS) == set(ScanKind)
    assert set(WITHDRAWAL_LABELS) == set(Withdrawal)
    assert set(FAULT_SENTENCES) == set(Fault)


def test_what_a_crew_needs_at_the_door_is_seen_with_the_card_and_the_rest_with_the_plan() -> None:
    assert {kind for kind in ScanKind if tier_of(kind) is Tier.T1_EMERGENCY} == {"adrt", "lpa", "cpr_form"}
    assert tier_of(ScanKind.LETTER) is Tier.T2_COORDINATION


@pytest.mark.parametrize(
    ("tiers", "expected"),
    [
        pytest.param({Tier.T0_EXISTS, Tier.T1_EMERGENCY}, True, id="whoever sees the card"),
        pytest.param({Tier.T2_COORDINATION}, True, id="whoever sees the plan"),
        pytest.param({Tier.T0_EXISTS, Tier.NEEDS}, False, id="whoever sees practical needs"),
    ],
)
def test_scans_are_there_for_those_who_see_the_card_or_the_plan(tiers: set[Tier], expected: bool) -> None:
    assert may_see_scans(frozenset(tiers)) is expected


# --- The file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size_bytes", "fault"),
    [
        pytest.param(1, None, id="one byte"),
        pytest.param(2 * MEGABYTE, None, id="the limit itself"),
        pytest.param(2 * MEGABYTE + 1, Fault.TOO_LARGE, id="one byte more"),
        pytest.param(0, Fault.EMPTY, id="nothing"),
    ],
)
def test_a_scan_has_something_in_it_and_not_too_much(size_bytes: int, fault: Fault | None) -> None:
    if fault is None:
        check_size(size_bytes, limit_megabytes=2)
        return
    with pytest.raises(FileRefused) as refused:
        check_size(size_bytes, limit_megabytes=2)
    assert refused.value.fault is fault


def test_whoever_sends_too_much_is_told_how_much_may_be_sent() -> None:
    with pytest.raises(FileRefused, match="up to 2 megabytes") as refused:
        check_size(3 * MEGABYTE, limit_megabytes=2)

    assert refused.value.field == "file"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        pytest.param(b"%PDF-1.7\n", PDF, id="PDF"),
        pytest.param(b"\xff\xd8\xff\xe0", JPEG, id="JPEG"),
        pytest.param(b"\x89PNG\r\n\x1a\n", PNG, id="PNG"),
        pytest.param(b"MZ\x90", None, id="a program"),
        pytest.param(b"<html>%PDF-1.7", None, id="a page with a PDF behind it"),
        pytest.param(b"GIF89a", None, id="another picture"),
        pytest.param(b"%PD", None, id="half a word"),
    ],
)
def test_a_file_is_what_it_begins_like(content: bytes, media_type: str | None) -> None:
    if media_type:
        assert check_type(content) == media_type
        return
    with pytest.raises(FileRefused) as refused:
        check_type(content)
    assert refused.value.fault is Fault.WRONG_TYPE


@pytest.mark.parametrize(
    ("keys", "names", "expected"),
    [
        pytest.param({"/Type", "/Kids"}, {"/Pages"}, False, id="pages"),
        pytest.param({"/S", "/D"}, {"/GoTo"}, False, id="a jump to a page of its own"),
        pytest.param({"/S", "/URI"}, {"/URI"}, False, id="a link that somebody must press"),
        pytest.param({"/S", "/JS"}, {"/JavaScript"}, True, id="a program"),
        pytest.param({"/S", "/F"}, {"/Launch"}, True, id="the start of another program"),
        pytest.param({"/EF"}, {"/Filespec"}, True, id="a file within"),
        pytest.param(set(), {"/EmbeddedFile"}, True, id="the content of a file within"),
        pytest.param({"/Fields", "/XFA"}, set(), True, id="a form of another kind"),
    ],
)
def test_a_pdf_that_does_more_than_show_pages_is_known(keys: set[str], names: set[str], expected: bool) -> None:
    assert is_active(frozenset(keys), frozenset(names)) is expected


def test_an_a3_page_at_600_dots_an_inch_may_be_opened_and_a_bomb_not() -> None:
    assert not is_too_many_pixels(7016, 9922)
    assert is_too_many_pixels(50_000, 50_000)


# --- Whose it is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identifiers", "is_taken"),
    [
        pytest.param(["name", "born"], True, id="two"),
        pytest.param(["name", "nhs_number", "address"], True, id="three"),
        pytest.param(["name"], False, id="one"),
        pytest.param([], False, id="none"),
        pytest.param(["name", "name"], False, id="one twice"),
        pytest.param(["name", "shoe size"], False, id="one and something else"),
    ],
)
def test_a_paper_is_compared_with_the_person_before_it_goes_into_the_record(
    identifiers: list[str], is_taken: bool
) -> None:
    if is_taken:
        check_is_of_the_person(identifiers)
        return
    with pytest.raises(RuleBroken, match="Tick at least two things") as refused:
        check_is_of_the_person(identifiers)
    assert refused.value.field == "identifiers"


def test_an_original_was_seen_by_somebody_on_a_day_or_by_nobody() -> None:
    check_original_seen("Dr A Patel", SEEN_ON)
    check_original_seen(None, None)

    with pytest.raises(RulesBroken, match="Enter the day"):
        check_original_seen("Dr A Patel", None)
    with pytest.raises(RulesBroken, match="Enter the name"):
        check_original_seen(None, SEEN_ON)


# --- Afterwards ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("withdrawal", "is_restricted", "words"),
    [
        pytest.param(None, False, None, id="one that holds"),
        pytest.param(Withdrawal.REPLACED, False, None, id="one that holds no more, as history"),
        pytest.param(Withdrawal.WRONG_PERSON, False, "another person's paper", id="another person's"),
        pytest.param(None, True, "the address is restricted", id="the address is restricted"),
    ],
)
def test_another_persons_paper_and_one_that_may_tell_the_address_are_opened_by_nobody(
    withdrawal: Withdrawal | None, is_restricted: bool, words: str | None
) -> None:
    closed = why_not_opened(withdrawal, is_restricted=is_restricted)

    assert closed is None if words is None else words in str(closed)


@pytest.mark.parametrize(
    ("withdrawal", "is_restricted", "words"),
    [
        pytest.param(None, False, None, id="one that holds"),
        pytest.param(Withdrawal.REPLACED, False, "holds no more: a newer paper", id="one that was replaced"),
        pytest.param(Withdrawal.NOT_VALID, False, "holds no more: the paper itself", id="one that is not valid"),
        pytest.param(Withdrawal.UNREADABLE, False, "holds no more: it cannot be read", id="one that cannot be read"),
        pytest.param(Withdrawal.WRONG_PERSON, False, "another person's paper", id="another person's"),
        pytest.param(None, True, "the address is restricted", id="the address is restricted"),
    ],
)
def test_only_a_paper_that_holds_stands_beside_a_form(
    withdrawal: Withdrawal | None, is_restricted: bool, words: str | None
) -> None:
    apart = why_not_beside(withdrawal, is_restricted=is_restricted)

    assert apart is None if words is None else words in str(apart)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(None, None, id="it has none that waited"),
        pytest.param(Standing.OPEN, "waits for a clinician", id="they wait"),
        pytest.param(Standing.REJECTED, "was not accepted", id="they were not accepted"),
        pytest.param(Standing.ACCEPTED, None, id="they were accepted"),
    ],
)
def test_nothing_is_copied_from_a_photo_while_its_words_are_in_doubt(words: Standing | None, said: str | None) -> None:
    apart = why_not_beside(None, is_restricted=False, words=words)

    assert apart is None if said is None else said in str(apart)


def test_papers_are_kept_of_people_on_the_register_whose_address_may_be_told() -> None:
    check_may_be_kept(is_open=True, is_restricted=False)

    with pytest.raises(RuleBroken, match="not on the register any more"):
        check_may_be_kept(is_open=False, is_restricted=False)
    with pytest.raises(RuleBroken, match="The address is restricted"):
        check_may_be_kept(is_open=True, is_restricted=True)


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        pytest.param(1, "1 kB", id="one byte"),
        pytest.param(100 * 1024, "100 kB", id="kilobytes"),
        pytest.param(MEGABYTE, "1.0 MB", id="one megabyte"),
        pytest.param(MEGABYTE + 1, "1.1 MB", id="rounded up"),
    ],
)
def test_a_size_is_said_in_words(size_bytes: int, words: str) -> None:
    assert size_in_words(size_bytes) == words
