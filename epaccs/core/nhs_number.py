"""NHS numbers: ten digits of which the last one checks the other nine.

Stored as ten digits, shown as 999 000 0018. Whether the number belongs to this person is a second question,
answered by its status.

Source: NHS Data Dictionary, NHS NUMBER and NHS NUMBER STATUS INDICATOR CODE; hazard H-01 (wrong person).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from epaccs.core.errors import RuleBroken

LENGTH: Final = 10
WEIGHTS: Final = (10, 9, 8, 7, 6, 5, 4, 3, 2)
SYNTHETIC_PREFIX: Final = "999"

_FULL_WIDTH: Final = {ord("０") + value: str(value) for value in range(10)}
# What people type or paste between the digits: spaces of any width, characters without width, dashes of any length.
_SPACING: Final = dict.fromkeys(
    map(ord, " \t\r\n\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u202f\u2060\u3000\ufeff")
)
_DASHES: Final = dict.fromkeys(map(ord, "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"))


class NHSNumberStatus(StrEnum):
    """Whether the number was traced to this person: the national codes."""

    VERIFIED = "01"
    NOT_TRACED = "02"
    TRACE_NEEDED = "03"
    NO_SINGLE_MATCH = "04"
    CONFLICT = "05"
    IN_PROGRESS = "06"
    NOT_NEEDED = "07"
    POSTPONED = "08"

    @property
    def label(self) -> str:
        """The code in plain words."""
        return _STATUS_LABELS[self]

    @property
    def is_verified(self) -> bool:
        """Only a traced number counts; everything else is shown as not verified and shared with nobody unasked.

        Source: SCCI1580, NHS number status; hazard H-01.
        """
        return self is NHSNumberStatus.VERIFIED


_STATUS_LABELS: Final = {
    NHSNumberStatus.VERIFIED: "Traced and verified",
    NHSNumberStatus.NOT_TRACED: "Given, not traced",
    NHSNumberStatus.TRACE_NEEDED: "To be traced",
    NHSNumberStatus.NO_SINGLE_MATCH: "Traced: no match, or more than one",
    NHSNumberStatus.CONFLICT: "Traced: the number and the person's details disagree",
    NHSNumberStatus.IN_PROGRESS: "Being traced",
    NHSNumberStatus.NOT_NEEDED: "No number, and none has to be traced",
    NHSNumberStatus.POSTPONED: "Trace put off (newborn)",
}


def check_digit(first_nine: str) -> str | None:
    """The digit that belongs behind nine others.

    Returns:
        One digit, or None when no NHS number can begin like this.
    """
    total = sum(int(digit) * weight for digit, weight in zip(first_nine, WEIGHTS, strict=True))
    value = (11 - total % 11) % 11
    return None if value == 10 else str(value)


def parse_nhs_number(text: str, *, field: str | None = "nhs_number") -> str:
    """Read an NHS number as people type it, in any spacing, and give its ten digits.

    Spaces, dashes and full-width digits are accepted because they survive copying from letters and screens.

    Raises:
        RuleBroken: with a sentence of its own for each way in which it can be wrong.
    """
    typed = text.translate(_SPACING).translate(_DASHES).translate(_FULL_WIDTH)
    if not typed:
        raise RuleBroken("Enter the NHS number", field=field)
    if any(character.isalpha() for character in typed):
        raise RuleBroken("Enter the NHS number without letters: it has 10 digits and nothing else", field=field)
    if not (typed.isascii() and typed.isdigit()):
        raise RuleBroken(
            "Enter the NHS number using the digits 0 to 9; only spaces and dashes may stand between them", field=field
        )
    _check_length(typed, field=field)
    _check_digits(typed, field=field)
    return typed


def _check_length(digits: str, *, field: str | None) -> None:
    if len(digits) < LENGTH:
        raise RuleBroken(f"Enter all 10 digits of the NHS number: {len(digits)} were entered", field=field)
    if len(digits) > LENGTH:
        raise RuleBroken(f"Enter only the 10 digits of the NHS number: {len(digits)} were entered", field=field)


def _check_digits(digits: str, *, field: str | None) -> None:
    # Ten equal digits pass the check (0000000000, 2222222222) but stand for "not known", never for a person.
    if len(set(digits)) == 1:
        raise RuleBroken(
            "Enter the person's own NHS number, or say why there is none: ten equal digits are nobody's", field=field
        )
    if check_digit(digits[:-1]) != digits[-1]:
        raise RuleBroken(
            "Check the NHS number against a letter or card: its digits do not fit together, so one is mistyped",
            field=field,
        )


def is_nhs_number(digits: str) -> bool:
    """Whether these are ten stored digits that fit together."""
    return (
        len(digits) == LENGTH
        and digits.isascii()
        and digits.isdigit()
        and len(set(digits)) > 1
        and check_digit(digits[:-1]) == digits[-1]
    )


def format_nhs_number(digits: str) -> str:
    """The number as it is read aloud and printed: 999 000 0018."""
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}"


def is_synthetic(digits: str) -> bool:
    """Whether the number lies in the range 999 000 0000 to 999 999 9999, which is never given to a person."""
    return digits.startswith(SYNTHETIC_PREFIX)


def check_synthetic(digits: str, *, field: str | None = "nhs_number") -> None:
    """A demonstration holds made-up people only.

    Raises:
        RuleBroken: the number could belong to a real person.
    """
    if not is_synthetic(digits):
        raise RuleBroken("Enter a made-up NHS number, beginning with 999: this is a demonstration", field=field)
