"""What a sheet says of itself, which change makes it wrong, and how its number is read back.

Source: the register's rules for paper; hazard H-03 (a line outlives its decision).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from epaccs.coordination.rules import Resident, Round
from epaccs.core.errors import MustWait, RuleBroken
from epaccs.core.fields import format_date, format_datetime, format_minute_after
from epaccs.cpr_decisions.rules.lines import Situation
from epaccs.cpr_decisions.rules.states import Decision
from epaccs.record.rules.card import Card, Site
from epaccs.record.rules.whole import ShownSection
from epaccs.record.summary import RecordSummary
from epaccs.register.rules import find_moved_at
from epaccs.stamps.rules import Facts, find_initials
from epaccs.versions.rules import Value

#: No vowels, so that no number spells a word, and nothing that is taken for something else in handwriting.
ALPHABET: Final = "23456789CDFGHJKMNPQRTVWXY"
CODE_LENGTH: Final = 8

#: What the line about CPR is made of, beside a death: advance decisions can refuse it, or put it in doubt.
SECTIONS_OF_THE_LINE: Final = frozenset({"cpr", "legal"})
DEATH: Final = ("death", "seen_alive")

#: A longer place is given once, whole, in the section about the sheet; the foot of each page says so.
FOOT_PLACE_LIMIT: Final = 120

#: A stranger who guesses numbers is stopped; staff, who scan numbers that exist, are never counted.
MISSES_LIMIT: Final = 20
MISSES_WINDOW: Final = timedelta(minutes=10)


class TooManyMisses(MustWait):
    """Too many numbers that no sheet has were tried from one address."""

    def __init__(self, until: datetime) -> None:
        after = format_minute_after(until)
        super().__init__(
            f"Too many wrong sheet numbers came from your network. Try again after {after}", until=until, field="code"
        )


class SheetStatus(StrEnum):
    """Whether a sheet may still be relied on."""

    RESERVED = "reserved"  #: a number that no paper has: the printing failed or is under way
    CURRENT = "current"
    REPLACED = "replaced"  #: what it says about CPR may be wrong now
    WITHDRAWN = "withdrawn"  #: the person left the register, or what it tells must not be told any more


class Destination(StrEnum):
    """Where a copy goes; at home the person and the family read it."""

    PROFESSIONAL = "professional"
    HOME = "home"


DESTINATION_LABELS: Final[Mapping[Destination, str]] = {
    Destination.PROFESSIONAL: "To a professional or a service",
    Destination.HOME: "To the person, or where they live",
}


class Layout(StrEnum):
    """How a sheet is laid out; only the person's own copy is ever anything but usual."""

    USUAL = "usual"
    LARGE_PRINT = "large_print"
    EASY_READ = "easy_read"


LAYOUT_LABELS: Final[Mapping[Layout, str]] = {
    Layout.USUAL: "As for staff",
    Layout.LARGE_PRINT: "Large print",
    Layout.EASY_READ: "Easy Read",
}


# --- The number ------------------------------------------------------------------------------------------------------


def format_code(code: str) -> str:
    """The number as it is printed and read aloud: 7K4P-93XQ."""
    return f"{code[:4]}-{code[4:]}"


def can_be_code(text: str, *, length: int = CODE_LENGTH) -> bool:
    """Whether a sheet could have this number, or a marker this code, in any spacing and either case."""
    code = squeeze_code(text)
    return len(code) == length and set(code) <= set(ALPHABET)


def squeeze_code(text: str) -> str:
    """What was typed without its spaces and dashes, in capitals."""
    return re.sub(r"[\s\-\u2010-\u2015]", "", unicodedata.normalize("NFKC", text)).upper()


def parse_code(text: str) -> str:
    """Read the number of a sheet in any spacing and either case.

    Raises:
        RuleBroken: no sheet has a number like this.
    """
    if not squeeze_code(text):
        raise RuleBroken("Enter the sheet number", field="code")
    if not can_be_code(text):
        raise RuleBroken("Enter the 8 letters and digits on the sheet, for example 7K4P-93XQ", field="code")
    return squeeze_code(text)


# --- Before it is printed --------------------------------------------------------------------------------------------


def check_is_open(summary: RecordSummary) -> None:
    """Paper is printed only of what somebody keeps up to date.

    Raises:
        RuleBroken: the person is not on the register any more.
    """
    if not summary.lifecycle.is_open:
        raise RuleBroken("This person is not on the register any more, so no sheet can be printed")


def check_may_go(destination: Destination, *, person_not_told: bool, because: str, was_read: bool) -> None:
    """A sheet that the person will read must not be how they learn of the decision, nor what others said in confidence.

    Args:
        was_read: whoever prints has read the free text for what is from or about somebody else. Marked passages are on
            no sheet; what nobody marked is.

    Raises:
        RuleBroken: they have not been told, and nobody said why the sheet goes there all the same; or nobody read it.

    Source: docs/domain.md, CPR decisions, "After a signed change": home sheets stop and ask; hazard H-41.
    """
    if destination is Destination.HOME and person_not_told and not because.strip():
        raise RuleBroken(
            "The person has NOT been told of the decision. Tell them first, or say why this sheet must go there now",
            field="not_told_because",
        )
    if destination is Destination.HOME and not was_read:
        raise RuleBroken(
            "The person will read this sheet: read its free text first, then tick that nothing in it is from or about "
            "somebody else, or mark such passages in the plan",
            field="was_read",
        )


def check_layout(layout: Layout, destination: Destination, *, death_is_known: bool) -> None:
    """Staff get the sheet that says the most in the least room; nobody reads their own plan after their death.

    Raises:
        RuleBroken: a copy for staff is to be laid out for the person; or a death is reported or confirmed, and the copy
            would be in words that speak to the person.

    Source: hazard H-75.
    """
    if layout is not Layout.USUAL and destination is not Destination.HOME:
        raise RuleBroken(
            f"{LAYOUT_LABELS[layout]} is only for a copy that goes to the person: change where it goes, or how it is "
            "laid out",
            field="layout",
        )
    if layout is Layout.EASY_READ and death_is_known:
        raise RuleBroken(
            "A death is recorded, and Easy Read speaks to the person. Choose another layout, or have the "
            "death reversed first if it is wrong",
            field="layout",
        )


# --- What stands on it -----------------------------------------------------------------------------------------------


def build_site(site: Site, at: datetime) -> Site:
    """The words of the site as paper says them: paper cannot count, so it names the moment instead of its age."""
    words = replace(site.words, copy_age=f"As the register said at {format_datetime(at)}.")
    return replace(site, words=words, copy_age_limit=None)


@dataclass(frozen=True)
class Printed:
    """Who printed a sheet, for whom, where it is kept; no organisation and no place where these must not be told."""

    name: str
    role: str
    organisation: str
    printed_for: str
    place: str = ""

    @property
    def by(self) -> str:
        """Name, role and organisation on one line."""
        return ", ".join(part for part in (self.name, self.role, self.organisation) if part)


@dataclass(frozen=True)
class Sheet:
    """One finished sheet, ready to be filled into the print template.

    Args:
        card: what a crew must know first.
        sections: the whole record as far as whoever prints may see it.
        change_number: of the last change that the sheet knows of.
        check_address: of the page that says whether the sheet is still right.
        stamp: the facts by which the sheet shows that it was altered, signed.
        is_shared: others than the practice see the record at all; if not, this paper may be all that a crew has.
        is_for_person: the person reads it, so it does not say where a passage was left out.
    """

    code: str
    card: Card
    sections: Sequence[ShownSection]
    change_number: int
    printed: Printed
    check_address: str
    stamp: str
    is_demo: bool
    is_shared: bool = True
    is_for_person: bool = False
    layout: Layout = Layout.USUAL

    @property
    def is_large(self) -> bool:
        """In letters that whoever sees little can read."""
        return self.layout is not Layout.USUAL

    @property
    def scan_address(self) -> str:
        """What the square code holds. A browser sends nothing of what stands after the sign to any server."""
        return f"{self.check_address}#{self.stamp}"

    @property
    def summary(self) -> RecordSummary:
        """What the printer may see of the person."""
        return self.card.summary

    @property
    def number(self) -> str:
        """The number as it is printed."""
        return format_code(self.code)

    @property
    def versions(self) -> dict[str, int]:
        """The version of each section that is shown."""
        return versions_shown(self.sections)

    @property
    def versions_in_words(self) -> str:
        """The same as a sentence."""
        shown = (section for section in self.sections if section.version)
        return "; ".join(f"{section.label.partition(':')[0]} {section.version}" for section in shown) or "none"

    @property
    def at(self) -> datetime:
        """The moment at which the register said this."""
        return self.card.copy_left_at

    @property
    def original(self) -> str:
        """Where the signed form is, in a sentence; it never calls a doubtful decision current."""
        return original_sentence(self.card)

    @property
    def original_at_foot(self) -> str:
        """The same for the foot of each page, where a long place has no room."""
        if len(self.original) <= FOOT_PLACE_LIMIT:
            return self.original
        if self.layout is Layout.EASY_READ:
            return "Where the original is: see If your heart stops."
        return "Where the original is: see About this sheet, at the end."


def build_facts(code: str, card: Card, versions: Mapping[str, int], change_number: int) -> Facts:
    """What the stamp of a sheet says of it: only what stands on the paper too."""
    who = card.summary.identity
    return Facts(
        code=code,
        at=card.copy_left_at,
        line=card.line.situation,
        versions=versions,
        change_number=change_number,
        initials=find_initials(who.given_name, who.family_name),
        birth_year=who.born_on.year if who.born_on else None,
        last_four=who.nhs_number[-4:],
    )


def versions_shown(sections: Sequence[ShownSection]) -> dict[str, int]:
    """The version of each section that stands on the paper; what was never recorded has none.

    That the whole record was gone through once more makes no sheet wrong; what death does to one is a rule of its own.
    """
    return {section.name: section.version for section in sections if section.version and section.name != "lifecycle"}


def original_sentence(card: Card) -> str:
    """Where the signed form is."""
    state = card.summary.cpr.state if card.summary.cpr else None
    decision = (state.in_force or state.ended_by_death) if state else None
    if decision is None:
        return "No signed form is recorded here."
    where = place_of_original(card, decision) or "nobody wrote down where"
    if card.line.situation is Situation.IN_DOUBT:
        return f"Signed original of what was last confirmed: {where}."
    return f"Signed original: {where}."


def place_of_original(card: Card, decision: Decision) -> str:
    """The place as it was said last; one that was named before the person moved says so. Empty: not recorded.

    Source: hazard H-44.
    """
    unplaced = card.line.unplaced
    if unplaced is None:
        return decision.original_location
    last_known = unplaced.last_known or "not recorded"
    return f"place not said since the address changed on {format_date(unplaced.since)}; last known: {last_known}"


# --- A list ----------------------------------------------------------------------------------------------------------


def check_may_be_listed(found: Round, paper: str = "list") -> None:
    """A list or pack on paper holds everybody whom it names itself after: part of one is read as all of it.

    Raises:
        RuleBroken: nobody is on it, too many are, or a reason is missing for some.

    Source: hazard H-61.
    """
    if found.unopened:
        raise RuleBroken(f"Say first why you open these records, then print the {paper}: not everybody is on it yet")
    if found.too_many:
        raise RuleBroken(
            f"{found.too_many} people are in your care here: more than a {paper} holds. Print their sheets"
        )
    if not found.residents:
        raise RuleBroken("Nobody is on this list, so there is nothing to print")


@dataclass(frozen=True)
class PaperList:
    """A finished list, ready to be filled into the print template.

    Args:
        lines: each person's line, with the number under which this line is called back.
        check_address: of the page that says how many lines are still right.
    """

    code: str
    found: Round
    lines: Sequence[tuple[Resident, str]]
    printed: Printed
    check_address: str
    is_demo: bool

    @property
    def number(self) -> str:
        """The number as it is printed."""
        return format_code(self.code)

    @property
    def title(self) -> str:
        """What it is a list of; of a team without its name, where the practice of somebody on it must not be told.

        Source: hazard H-11.
        """
        place = self.found.place
        return place.title if self.printed.organisation or not place.is_team else "In the care of this team"


# --- A pack ----------------------------------------------------------------------------------------------------------

#: So long a pack can be opened: an older one would say "valid as at" a moment that nobody knows any more.
KEPT: Final = timedelta(hours=1)

#: Where nobody lays out any sheet so long after a pack was asked for, it does not go on by itself.
STANDS_STILL_AFTER: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class PackProgress:
    """How far a pack of sheets is.

    `folder_id`: the pack that began the folder into which it goes: itself, or the one it brings up to date. `laid_out`,
    `left_out`: so many of its `sheets`; what is left is still to be laid out. `printed_at` None: it was not handed over
    yet. `ended_at` None: it goes on, or can be opened. `is_worked_on`: some sheet, of this pack or one that
    was asked for before, is being laid out.
    """

    id: UUID
    place_id: UUID
    folder_id: UUID
    title: str
    printed_for: str
    asked_at: datetime
    printed_at: datetime | None
    ended_at: datetime | None
    sheets: int
    laid_out: int
    left_out: int
    pages: int
    is_worked_on: bool = False

    @property
    def is_renewal(self) -> bool:
        """It holds not everybody, but those of whom an older folder lacked a right sheet."""
        return self.folder_id != self.id

    @property
    def waiting(self) -> int:
        """How many sheets are still to be laid out."""
        return self.sheets - self.laid_out - self.left_out

    @property
    def is_ready(self) -> bool:
        """It can be opened."""
        return self.ended_at is None and not self.waiting and bool(self.laid_out)

    @property
    def words(self) -> str:
        """How far it is, in a sentence."""
        done = self.sheets - self.waiting
        return f"{done} of {self.sheets} {'sheet is' if self.sheets == 1 else 'sheets are'} laid out."

    @property
    def said_left_out(self) -> str:
        """Who is not in it; empty: everybody is (hazard H-61)."""
        if not self.left_out:
            return ""
        who = "1 person is" if self.left_out == 1 else f"{self.left_out} people are"
        return (
            f"{who} not in it: their record is not yours to print any more, they left the register, or their sheet "
            "could not be laid out. Look at the list, and print what is missing from the record."
        )

    def stands_still(self, now: datetime) -> bool:
        """Nobody lays out anything, although it was asked for a while ago."""
        return bool(self.waiting) and not self.is_worked_on and now - self.asked_at > STANDS_STILL_AFTER


def check_is_ready(progress: PackProgress, *, now: datetime) -> None:
    """Part of a pack is not handed over: it would be read as all of it; nor is an old one.

    Raises:
        RuleBroken: it was stopped or forgotten, is not finished, or holds nobody.

    Source: hazard H-61.
    """
    if progress.ended_at is not None or now - progress.asked_at >= KEPT:
        raise RuleBroken("This pack was stopped, or nobody opened it for an hour. Ask for a new one")
    if progress.waiting:
        raise RuleBroken(f"{progress.waiting} of {progress.sheets} sheets are not laid out yet. Wait for them")
    if not progress.laid_out:
        raise RuleBroken("Nobody in this pack is yours to print any more. Ask for a new one")


@dataclass(frozen=True)
class FiledSheet:
    """One sheet of a folder: it was printed, and nobody says that it is destroyed.

    `is_wrong`: what it says of CPR may be wrong. `is_up_to_date`: nothing at all changed since it was laid out.
    """

    id: UUID
    entry_id: UUID
    number: str
    printed_at: datetime
    is_wrong: bool
    is_up_to_date: bool


@dataclass(frozen=True)
class FolderState:
    """What brings a folder up to date: of whom a sheet is to be printed, and which are to be taken out of it."""

    lacking: tuple[UUID, ...]
    to_take_out: tuple[FiledSheet, ...]


def compare_folder(filed: Iterable[FiledSheet], here: Sequence[UUID]) -> FolderState:
    """A sheet each of everybody who is here, the newest alone, and none of anybody else.

    A sheet of which something else than the line about CPR changed stays until a newer one lies beside it: it is better
    than none. What is to be taken out is in the order of the folder, so that it is leafed through once.

    Args:
        filed: the sheets of the folder.
        here: everybody of whom it should hold one, in the order of the round.

    Source: hazard H-73.
    """
    in_order = sorted(filed, key=lambda one: one.printed_at)
    newest = {one.entry_id: one for one in in_order}
    lacking = tuple(one for one in here if one not in newest or not newest[one].is_up_to_date)
    place = {entry_id: number for number, entry_id in enumerate(here)}
    outdated = [one for one in in_order if one.is_wrong or one.entry_id not in place or newest[one.entry_id] is not one]
    return FolderState(lacking, tuple(sorted(outdated, key=lambda one: place.get(one.entry_id, len(place)))))


def check_may_be_renewed(state: FolderState) -> None:
    """Nothing is printed of which the folder holds a right copy.

    Raises:
        RuleBroken: it holds one of everybody.
    """
    if not state.lacking:
        raise RuleBroken(
            "This folder holds a sheet of everybody, and no record changed since. Nothing is to be printed"
        )


# --- What makes it wrong ---------------------------------------------------------------------------------------------


def moves_line(section: str, before: Value, now: Value) -> bool:
    """Whether another line about CPR may stand in the register than on paper from before a change.

    A dispute begun or settled is a change of the section too, though its value stays. After a move the signed form may
    be elsewhere, and the address on the paper is (hazard H-44).
    """
    if section == "identity":
        return find_moved_at(before) != find_moved_at(now)
    if section == "lifecycle":
        return any(before.get(part) != now.get(part) for part in DEATH)
    return section in SECTIONS_OF_THE_LINE


@dataclass(frozen=True)
class Happened:
    """A change, as far as paper is concerned.

    Args:
        moves_line: another line about CPR may stand in the register now.
        is_open: the person is still on the register.
        is_restricted: the address must not be told now.
    """

    moves_line: bool
    is_open: bool
    is_restricted: bool


def status_after(happened: Happened, *, tells_address: bool) -> SheetStatus:
    """What becomes of a current sheet; `tells_address`: it was printed when the address could be told."""
    if not happened.is_open or (happened.is_restricted and tells_address):
        return SheetStatus.WITHDRAWN
    return SheetStatus.REPLACED if happened.moves_line else SheetStatus.CURRENT
