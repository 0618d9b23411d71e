"""What a marker in a home bears, when it leads to a record, and how its code is read back.

A marker bears a code and nothing else: no name, nothing clinical, not that anybody is on a register.

Source: ADR 0048; hazard H-74.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from epaccs.core.errors import MustWait, RuleBroken
from epaccs.core.fields import format_minute_after
from epaccs.handover import rules
from epaccs.handover.rules import squeeze_code

CODE_LENGTH: Final = 10

#: Of the length of a code, with digits that no code has: what stands in an answer in the place of something else.
NO_CODE: Final = "0" * CODE_LENGTH

#: What the digest of a marker is made for, so that it is like that of nothing else.
DIGEST_OF: Final = "epaccs home marker"
DIGEST_BYTES: Final = 12


class TooManyMisses(MustWait):
    """One clinician tried too many codes that open nothing for them."""

    def __init__(self, until: datetime) -> None:
        super().__init__(
            f"You tried too many codes that open nothing. Try again after {format_minute_after(until)}, or search for "
            "the person by name",
            until=until,
            field="code",
        )


class EndReason(StrEnum):
    """Why a marker leads nowhere any more."""

    LOST = "lost"
    DESTROYED = "destroyed"
    REPLACED = "replaced"


END_REASON_LABELS: Final[Mapping[EndReason, str]] = {
    EndReason.LOST: "Lost",
    EndReason.DESTROYED: "Destroyed",
    EndReason.REPLACED: "Replaced",
}


# --- The code --------------------------------------------------------------------------------------------------------


def format_code(code: str) -> str:
    """The code as it is printed and read aloud: 7K4P9-3XQCD."""
    return f"{code[:5]}-{code[5:]}"


def can_be_code(text: str) -> bool:
    """Whether a marker could bear this code, in any spacing and either case."""
    return rules.can_be_code(text, length=CODE_LENGTH)


def parse_code(text: str) -> str:
    """Read the code of a marker in any spacing and either case.

    Raises:
        RuleBroken: no marker bears a code like this.
    """
    if not squeeze_code(text):
        raise RuleBroken("Enter the code", field="code")
    if not can_be_code(text):
        raise RuleBroken("Enter the 10 letters and digits of the code, for example 7K4P9-3XQCD", field="code")
    return squeeze_code(text)


def digest_of(code: str, entry_id: UUID) -> str:
    """By what a tablet without signal knows whose marker it is: it works the same out for everybody it holds.

    To whoever does not hold the id of the record it says nothing. `static/js/tablet/markers.js` makes the same.
    """
    said = hashlib.sha256(f"{DIGEST_OF}\n{code}\n{entry_id}".encode()).digest()
    return base64.urlsafe_b64encode(said[:DIGEST_BYTES]).decode()


# --- Printing --------------------------------------------------------------------------------------------------------


def check_may_be_marked(*, is_open: bool, has_died: bool) -> None:
    """A marker is printed only where it will lead somewhere.

    Raises:
        RuleBroken: the person is not on the register any more, or has died.
    """
    if not is_open:
        raise RuleBroken("This person is not on the register any more, so no marker can be printed")
    if has_died:
        raise RuleBroken("This person has died, so no marker can be printed")


@dataclass(frozen=True)
class MarkerFace:
    """What stands on a marker. Whoever visits the home reads it too, so it is all there is.

    Args:
        scan_address: what the square code holds. A browser sends nothing of what stands after the sign # to any server.
        box_address: of the page where the code is typed.

    Source: hazard H-74.
    """

    code: str
    scan_address: str
    box_address: str
    is_demo: bool

    @property
    def number(self) -> str:
        """The code as it is printed."""
        return format_code(self.code)

    @property
    def words(self) -> str:
        """For whom it is and what they do with it; to anybody else it says nothing."""
        typed = self.box_address.removeprefix("https://")
        return f"For ambulance and health staff: scan this, or open {typed} and enter"


def build_face(code: str, entry_id: UUID, *, public_url: str, is_demo: bool) -> MarkerFace:
    """The marker of a person, by nothing but a code and what a tablet compares."""
    box = f"{public_url}/m"
    return MarkerFace(code, f"{box}/{format_code(code)}#{digest_of(code, entry_id)}", box, is_demo)


# --- Where it leads --------------------------------------------------------------------------------------------------


def leads_anywhere(*, is_ended: bool, is_open: bool, has_died: bool) -> bool:
    """Whether a marker leads to the record of its person.

    Not one that was reported lost, destroyed or replaced; nor when its person left the register or has died: whoever
    may open that record finds it by search.

    Source: hazard H-74.
    """
    return not is_ended and is_open and not has_died
