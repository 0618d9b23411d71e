"""Which file is taken as the scan of a paper, whose paper it must be, and when a scan may be opened.

Source: PRSB P&EoLC v1.1, documents; hazard H-39 (a scan that harms).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from epaccs.access.rules import Tier
from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.versions.rules import Standing

PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"

#: How a file of each type begins; its name and what a browser says of it count for nothing.
_BEGINNINGS: Final[Mapping[bytes, str]] = {b"%PDF-": PDF, b"\xff\xd8\xff": JPEG, b"\x89PNG\r\n\x1a\n": PNG}

TYPE_LABELS: Final[Mapping[str, str]] = {PDF: "PDF", JPEG: "JPEG picture", PNG: "PNG picture"}
ENDINGS: Final[Mapping[str, str]] = {PDF: "pdf", JPEG: "jpg", PNG: "png"}

#: An A3 page scanned at 600 dots an inch has 70 million.
PIXEL_LIMIT: Final = 80_000_000

#: What is compared before a record is opened is compared before a paper is put into it.
IDENTIFIERS: Final[Mapping[str, str]] = {
    "name": "Name",
    "born": "Date of birth",
    "nhs_number": "NHS number",
    "address": "Address",
}


class ScanKind(StrEnum):
    """What the paper is."""

    ADRT = "adrt"
    LPA = "lpa"
    CPR_FORM = "cpr_form"
    CAPACITY = "capacity"
    STATEMENT = "statement"
    LETTER = "letter"
    OTHER = "other"


KIND_LABELS: Final[Mapping[ScanKind, str]] = {
    ScanKind.ADRT: "Advance decision to refuse treatment",
    ScanKind.LPA: "Lasting power of attorney, or order of the court",
    ScanKind.CPR_FORM: "Signed CPR form",
    ScanKind.CAPACITY: "Assessment of capacity",
    ScanKind.STATEMENT: "Advance statement, or the person's own words",
    ScanKind.LETTER: "Letter or report",
    ScanKind.OTHER: "Something else",
}

#: What a crew may need at the door is seen as the facts are that it stands for.
_AT_THE_DOOR: Final = frozenset({ScanKind.ADRT, ScanKind.LPA, ScanKind.CPR_FORM})


def tier_of(kind: ScanKind) -> Tier:
    """Who sees a scan: those who see the section that it belongs to."""
    return Tier.T1_EMERGENCY if kind in _AT_THE_DOOR else Tier.T2_COORDINATION


def may_see_scans(tiers: frozenset[Tier]) -> bool:
    """Whether any scan is there at all for a reader of these tiers."""
    return bool(tiers & {tier_of(kind) for kind in ScanKind})


# --- The file --------------------------------------------------------------------------------------------------------


class Fault(StrEnum):
    """Why a file is not taken."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    WRONG_TYPE = "wrong_type"
    NO_SCANNER = "no_scanner"
    SCANNER_SILENT = "scanner_silent"
    INFECTED = "infected"
    ENCRYPTED = "encrypted"
    ACTIVE = "active"
    TOO_MANY_PIXELS = "too_many_pixels"
    DAMAGED = "damaged"


FAULT_SENTENCES: Final[Mapping[Fault, str]] = {
    Fault.EMPTY: "There is nothing in this file. Scan the paper again and choose the new file",
    Fault.TOO_LARGE: (
        "This file is too large: a scan may have up to {limit} megabytes. Scan the paper again in grey, "
        "at 200 or 300 dots an inch, or keep its pages as several scans"
    ),
    Fault.WRONG_TYPE: "This file is no PDF, JPEG or PNG, whatever its name says. Save the scan as one of these",
    Fault.NO_SCANNER: (
        "No scan can be kept here, because this register has no virus scanner. Record under Documents where the "
        "paper is instead"
    ),
    Fault.SCANNER_SILENT: (
        "The virus scanner does not answer, so this file was not kept. Nothing is known to be wrong with it: "
        "send it again in some minutes"
    ),
    Fault.INFECTED: (
        "The virus scanner found something harmful in this file. Do not open it or send it on: tell whoever looks "
        "after your computers, and scan the paper again elsewhere"
    ),
    Fault.ENCRYPTED: "This PDF is locked with a password. Save it without one, or print it and scan the paper",
    Fault.ACTIVE: (
        "This PDF does more than show a paper: it holds a program, a form that sends something, or other files. "
        "Print it and scan the paper"
    ),
    Fault.TOO_MANY_PIXELS: (
        "This picture is too large to be opened safely. Scan the paper again at 200 or 300 dots an inch"
    ),
    Fault.DAMAGED: "This file is damaged and cannot be shown. Scan the paper again and choose the new file",
}


class FileRefused(RuleBroken):
    """A file that is not taken; nothing of it is kept."""

    def __init__(self, fault: Fault, *, limit_megabytes: int = 0) -> None:
        super().__init__(FAULT_SENTENCES[fault].format(limit=limit_megabytes), field="file")
        self.fault = fault


def check_size(size_bytes: int, *, limit_megabytes: int) -> None:
    """A scan has something in it, and no more than the site allows.

    Raises:
        FileRefused: it is empty or too large.
    """
    if size_bytes == 0:
        raise FileRefused(Fault.EMPTY)
    if size_bytes > limit_megabytes * 1024 * 1024:
        raise FileRefused(Fault.TOO_LARGE, limit_megabytes=limit_megabytes)


def check_type(content: bytes) -> str:
    """What the file is by its first bytes.

    Returns:
        Its media type.

    Raises:
        FileRefused: it begins like none of the types that are taken.
    """
    for beginning, media_type in _BEGINNINGS.items():
        if content.startswith(beginning):
            return media_type
    raise FileRefused(Fault.WRONG_TYPE)


# --- Inside a PDF ----------------------------------------------------------------------------------------------------

#: Entries of a dictionary, and values of /S and /Subtype, by which a PDF does more than show pages.
#: Source: ISO 32000-2, 12.6 (actions), 7.11.4 (embedded files), 12.7 (forms that send), 13 (sound, film, 3D).
_ACTIVE_KEYS: Final = frozenset({"/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/AF", "/XFA", "/RichMediaContent"})
_ACTIVE_NAMES: Final = frozenset(
    {
        "/JavaScript",
        "/Launch",
        "/SubmitForm",
        "/ImportData",
        "/GoToR",
        "/GoToE",
        "/Rendition",
        "/RichMediaExecute",
        "/FileAttachment",
        "/RichMedia",
        "/Movie",
        "/Sound",
        "/Screen",
        "/3D",
    }
)


def is_active(keys: frozenset[str], names: frozenset[str]) -> bool:
    """Whether one dictionary of a PDF runs, sends, plays or holds something.

    Args:
        keys: of its entries.
        names: the values of its /S, /Subtype and /Type.
    """
    return bool(keys & _ACTIVE_KEYS or names & (_ACTIVE_NAMES | {"/EmbeddedFile"}))


def is_too_many_pixels(width: int, height: int) -> bool:
    """Whether opening a picture would take a machine's memory; asked of what it says of itself, before it is opened."""
    return width * height > PIXEL_LIMIT


# --- Whose paper it is -----------------------------------------------------------------------------------------------


def check_is_of_the_person(identifiers: Sequence[str]) -> None:
    """Somebody compared the paper with the person on the page before it goes into that record.

    Raises:
        RuleBroken: fewer than two things agree.

    Source: hazards H-01 and H-39.
    """
    if len(set(identifiers) & set(IDENTIFIERS)) < 2:
        raise RuleBroken(
            "Tick at least two things on the paper that agree with the person above. If they do not, it is not theirs",
            field="identifiers",
        )


def check_original_seen(seen_by: str | None, seen_on: date | None) -> None:
    """Whoever saw the original saw it on a day; half of it looks like the whole.

    Raises:
        RulesBroken: one of the two is missing.
    """
    if seen_by and not seen_on:
        raise RulesBroken([RuleBroken("Enter the day on which they saw the original", field="original_seen_on")])
    if seen_on and not seen_by:
        raise RulesBroken([RuleBroken("Enter the name of who saw the original", field="original_seen_by")])


# --- Afterwards ------------------------------------------------------------------------------------------------------


class Withdrawal(StrEnum):
    """Why a scan holds no more; it is never deleted."""

    REPLACED = "replaced"
    NOT_VALID = "not_valid"
    UNREADABLE = "unreadable"
    WRONG_PERSON = "wrong_person"


WITHDRAWAL_LABELS: Final[Mapping[Withdrawal, str]] = {
    Withdrawal.REPLACED: "A newer paper or a better scan has taken its place",
    Withdrawal.NOT_VALID: "The paper itself does not hold any more",
    Withdrawal.UNREADABLE: "It cannot be read, or pages are missing",
    Withdrawal.WRONG_PERSON: "It is another person's paper",
}


def why_not_opened(withdrawal: Withdrawal | None, *, is_restricted: bool) -> str | None:
    """Why a scan is not shown to anybody; None: it may be opened.

    What was withdrawn for another reason may still be read, as history. A paper tells where somebody lives, so it is
    hidden with the address.

    Source: hazards H-11 and H-39.
    """
    if withdrawal is Withdrawal.WRONG_PERSON:
        return "This scan is not shown: it is another person's paper"
    if is_restricted:
        return "This scan is not shown: the address is restricted, and a paper may tell it"
    return None


#: Of a photo that a tablet brought, while nobody has accepted what was said with it.
WORDS_LABELS: Final[Mapping[Standing, str]] = {
    Standing.OPEN: "What was said with it waits for a clinician",
    Standing.REJECTED: "What was said with it was not accepted",
}


def why_not_beside(withdrawal: Withdrawal | None, *, is_restricted: bool, words: Standing | None = None) -> str | None:
    """Why a scan does not stand beside a form, to be copied or compared; None: it may.

    What holds no more may be read as history, and is copied by nobody; nor is a photo while what was said with it is in
    doubt.

    Args:
        words: where the words of a photo stand that had to wait; None: it has none, or they count.

    Source: hazards H-39, H-42 and H-60.
    """
    closed = why_not_opened(withdrawal, is_restricted=is_restricted)
    if closed:
        return closed
    if withdrawal:
        return f"This scan is not shown here, because it holds no more: {_within(WITHDRAWAL_LABELS[withdrawal])}"
    if words is not None and words in WORDS_LABELS:
        return f"This scan is not shown here: {_within(WORDS_LABELS[words])}"
    return None


def _within(words: str) -> str:
    return f"{words[0].lower()}{words[1:]}. Choose another"


def check_may_be_kept(*, is_open: bool, is_restricted: bool) -> None:
    """Papers are kept of people whose record somebody keeps up to date, and whose address may be told.

    Raises:
        RuleBroken: with what to do instead.
    """
    if not is_open:
        raise RuleBroken("This person is not on the register any more, so no scan can be kept")
    if is_restricted:
        raise RuleBroken(
            "The address is restricted, and a paper may tell it. Record under Documents that there is one, and no scan"
        )


def size_in_words(size_bytes: int) -> str:
    """How much is downloaded, rounded up."""
    if size_bytes < 1024 * 1024:
        return f"{-(-size_bytes // 1024)} kB"
    return f"{-(-size_bytes * 10 // (1024 * 1024)) / 10} MB"
