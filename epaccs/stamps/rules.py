"""The stamp of a sheet: what stands in the square code of each page, signed. Pure.

With it a device without a network tells whether the number, the moment, the line about CPR and whose sheet it is are
those that the register printed. It proves nothing of the other words, nor that the sheet still holds.

A stamp is `format 1, key, sheet number, moment, line, versions, change, birth year, last four digits, initials`, in so
many bytes as `_LAYOUT` says, then its Ed25519 signature; as text, base64url.

Source: RFC 8032; hazard H-70; decision record 0044.
"""

from __future__ import annotations

import hashlib
import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from epaccs.core.errors import RuleBroken
from epaccs.core.fields import format_datetime

FORMAT: Final = 1
#: A tablet is told of keys with each lease; one that was not in contact for so long reads nobody either.
ANNOUNCED_FOR: Final = timedelta(days=7)


class KeyStanding(StrEnum):
    """What becomes of a key. Tablets are told of the next one before it signs, so that each knows it in time."""

    ANNOUNCED = "announced"
    SIGNS = "signs"
    FORMER = "former"  #: what it signed is believed, unless it is withdrawn


#: Format, key, sheet number, minutes since 1970, line, version of CPR, version of legal, change, birth year, last four.
_LAYOUT: Final = struct.Struct(">B4s8sIBHHIHH")
_NOT_KNOWN: Final = 0
_NO_DIGITS: Final = 0xFFFF
_MOST_VERSIONS: Final = 0xFFFF

#: What a line is in a stamp. Paper lies in houses for years: no number is ever given to another line.
LINE_NUMBERS: Final[Mapping[str, int]] = {
    "not_for_cpr": 1,
    "for_cpr": 2,
    "awaiting": 3,
    "reported": 4,
    "in_doubt": 5,
    "revoked": 6,
    "none_recorded": 7,
    "advance_decision": 8,
    "ended_by_death": 9,
    "copy_past_age": 10,
    "hidden": 11,
}

#: What whoever reads a stamp is told of its line, in words that are on every sheet with it or plainer.
LINE_LABELS: Final[Mapping[int, str]] = {
    1: "Not for CPR",
    2: "CPR recommended",
    3: "No decision in force: a proposal waits for somebody who may sign",
    4: "No decision in force: one was reported, and nobody saw the form",
    5: "In doubt",
    6: "No decision in force: it was cancelled",
    7: "No decision recorded",
    8: "No decision in force, but an advance decision refusing CPR was seen",
    9: "The person has died",
    10: "Last known, from a copy that was too old",
    11: "Not shown on this sheet",
}


@dataclass(frozen=True)
class Facts:
    """What a stamp says of its sheet, each fact as it stands on the paper.

    Args:
        code: the number of the sheet, without its dash.
        at: the moment as at which it is valid; a stamp keeps its minute.
        line: which line about CPR stands on it, as `cpr_decisions` names the situation.
        versions: section -> version shown; a stamp keeps those that the line rests on.
        change_number: of the last change of the register that the sheet knows of.
        initials: of given and family name.
        birth_year: None: no date of birth is shown.
        last_four: of the NHS number; empty: none is shown.
    """

    code: str
    at: datetime
    line: str
    versions: Mapping[str, int]
    change_number: int
    initials: str
    birth_year: int | None
    last_four: str

    def to_bytes(self, key_id: str) -> bytes:
        """What is signed."""
        return (
            _LAYOUT.pack(
                FORMAT,
                bytes.fromhex(key_id),
                self.code.encode("ascii"),
                int(self.at.timestamp()) // 60,
                LINE_NUMBERS[self.line],
                *(min(self.versions.get(section, _NOT_KNOWN), _MOST_VERSIONS) for section in ("cpr", "legal")),
                self.change_number,
                self.birth_year or _NOT_KNOWN,
                int(self.last_four) if self.last_four else _NO_DIGITS,
            )
            + self.initials.encode()
        )


def find_initials(given_name: str, family_name: str) -> str:
    """The first letter of each, as capitals; a name without a letter gives none."""
    firsts = (
        next((one for one in unicodedata.normalize("NFC", name) if one.isalpha()), "")
        for name in (given_name, family_name)
    )
    return "".join(first.upper()[:1] for first in firsts)


def find_key_id(public: bytes) -> str:
    """It follows from the key, so that no other register has it but by chance."""
    return hashlib.sha256(public).hexdigest()[:8]


def check_was_announced(at: datetime, *, now: datetime) -> None:
    """A key signs once every tablet that is in use can have been told of it.

    Raises:
        RuleBroken: it was announced too lately.
    """
    if now < at + ANNOUNCED_FOR:
        since = format_datetime(at + ANNOUNCED_FOR)
        raise RuleBroken(f"Tablets must be told of the next key first. It can sign from {since} on")


def check_not_withdrawn(withdrawn_at: datetime | None) -> None:
    """A key is withdrawn once, and for good.

    Raises:
        RuleBroken: it was withdrawn before.
    """
    if withdrawn_at is not None:
        raise RuleBroken("This key was withdrawn before, and stays so")
