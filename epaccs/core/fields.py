"""What people type, read once and the same everywhere; and how dates, times and ages are written.

Nothing here knows a clock: whoever asks brings today or now.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from epaccs.core.errors import RuleBroken

LONDON: Final = ZoneInfo("Europe/London")
EARLIEST_DATE: Final = date(1900, 1, 1)
TEXT_LIMIT: Final = 200_000
NAME_LIMIT: Final = 200

DATE_PARTS: Final = ("day", "month", "year")
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

# Null, control characters, halves of characters, the mark that stands where bytes were no character, and the marks that
# change the order in which the text after them is read (embeddings, overrides, isolates).
_CANNOT_BE_KEPT: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd\u202a-\u202e\u2066-\u2069]")
# Invisible marks of direction: harmless in a passage, but an identity line must read in one way only.
_DIRECTION_MARK: Final = re.compile("[\u061c\u200e\u200f]")
_NEWLINES: Final = re.compile("\r\n|[\r\u000b\u000c\u0085\u2028\u2029]")

# Words and numbers with spaces, dashes, strokes or full stops between them, or nothing where a letter meets a digit.
_DATE: Final = re.compile(r"[0-9a-z]+(?:[\s./,-]+[0-9a-z]+)*")
_DATE_WORD: Final = re.compile(r"[0-9]+|[a-z]+")
_ORDINALS: Final = frozenset({"st", "nd", "rd", "th"})
_TIME: Final = re.compile(r"([0-9]{1,2})[:.]?([0-9]{2})")
_POSTCODE: Final = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?|GIR)([0-9][A-Z]{2})")
_EXTENSION: Final = re.compile(r"[\s,]*(?:extension|extn|ext|x)[.:\s]*([0-9]{1,6})$", re.IGNORECASE)


# --- Dates -----------------------------------------------------------------------------------------------------------


def parse_date(
    text: str, *, field_label: str, field: str | None = None, earliest: date = EARLIEST_DATE, today: date | None = None
) -> date:
    """Read a date as people write it in Britain: day, month, year; or 1941-01-06.

    Args:
        text: 06-Jan-1941, 6 January 1941, 06/01/1941, 1941-01-06.
        field_label: the thing that is asked for, in lower case: "date of birth".
        field: the name of the form field.
        earliest: nothing before this day can be meant.
        today: the last day that can be meant; None: the future is allowed.

    Raises:
        RuleBroken: there is no such day, or it cannot be meant; a year in two digits is never guessed.
    """
    typed = unicodedata.normalize("NFKC", text).strip().lower()
    if not typed:
        raise RuleBroken(f"Enter the {field_label}", field=field)
    words = [word for word in _DATE_WORD.findall(typed) if word not in _ORDINALS]
    if not _DATE.fullmatch(typed) or len(words) != 3:
        raise RuleBroken(f"Enter the {field_label} as day, month and year, for example 06-Jan-1941", field=field)
    year_first = words[0].isdecimal() and len(words[0]) == 4
    day, month, year = reversed(words) if year_first else words
    if not (day.isdecimal() and year.isdecimal()):
        raise RuleBroken(f"Enter the {field_label} as day, month and year, for example 06-Jan-1941", field=field)
    real = _real_date(day, month, year, field_label=field_label, fields=dict.fromkeys(DATE_PARTS, field))
    _check_within(real, field_label=field_label, field=field, earliest=earliest, today=today)
    return real


def parse_date_parts(
    parts: tuple[str, str, str],
    *,
    field_label: str,
    field: str,
    earliest: date = EARLIEST_DATE,
    today: date | None = None,
) -> date:
    """Read a date typed into three boxes: day, month and year.

    Args:
        parts: the three boxes in this order; a month may be a number or a name.
        field_label: as for `parse_date`.
        field: the name of the group; a refusal names the first box to look at, such as "born_on-day".
        earliest: as for `parse_date`.
        today: as for `parse_date`.

    Raises:
        RuleBroken: a box is empty, there is no such day, or it cannot be meant.
    """
    boxes = {name: unicodedata.normalize("NFKC", part).strip() for name, part in zip(DATE_PARTS, parts, strict=True)}
    missing = [name for name, typed in boxes.items() if not typed]
    if len(missing) == len(boxes):
        raise RuleBroken(f"Enter the {field_label}", field=f"{field}-day")
    if missing:
        raise RuleBroken(f"Enter the {' and the '.join(missing)} of the {field_label}", field=f"{field}-{missing[0]}")
    for name, typed in boxes.items():
        if not (typed.isascii() and (typed.isdecimal() or (name == "month" and typed.isalpha()))):
            raise RuleBroken(f"Enter the {name} of the {field_label} as a number", field=f"{field}-{name}")
    fields = {name: f"{field}-{name}" for name in DATE_PARTS}
    real = _real_date(*boxes.values(), field_label=field_label, fields=fields)
    _check_within(real, field_label=field_label, field=f"{field}-day", earliest=earliest, today=today)
    return real


def _real_date(day: str, month: str, year: str, *, field_label: str, fields: Mapping[str, str | None]) -> date:
    if len(year) != 4:
        raise RuleBroken(
            f"Enter the year of the {field_label} with four digits, for example 1941", field=fields["year"]
        )
    if int(year) == 0:
        raise RuleBroken(f"The {field_label} must be a real date: there was no year 0000", field=fields["year"])
    month_number = _month_number(month)
    if month_number is None:
        raise RuleBroken(
            f"Enter the month of the {field_label} as 1 to 12 or by its English name", field=fields["month"]
        )
    days = calendar.monthrange(int(year), month_number)[1]
    if len(day) > 2 or not 1 <= int(day) <= days:
        raise RuleBroken(
            f"The {field_label} must be a real date: {MONTHS[month_number - 1]} {year} has {days} days",
            field=fields["day"],
        )
    return date(int(year), month_number, int(day))


def _month_number(month: str) -> int | None:
    if month.isdecimal():
        return int(month) if len(month) <= 2 and 1 <= int(month) <= 12 else None
    typed = month.lower()
    for number, name in enumerate(MONTHS, start=1):
        if len(typed) >= 3 and name.lower().startswith(typed):
            return number
    return None


def _check_within(day: date, *, field_label: str, field: str | None, earliest: date, today: date | None) -> None:
    if day < earliest:
        raise RuleBroken(f"The {field_label} must be on or after {format_date(earliest)}", field=field)
    if today is not None and day > today:
        raise RuleBroken(f"The {field_label} must be today or in the past", field=field)


# --- Times -----------------------------------------------------------------------------------------------------------


def parse_time(text: str, *, field_label: str, field: str | None = None) -> time:
    """Read a time of the 24-hour clock: 14:05, 14.05 or 1405.

    Raises:
        RuleBroken: it is no time of the 24-hour clock.
    """
    typed = unicodedata.normalize("NFKC", text).strip()
    found = _TIME.fullmatch(typed)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise RuleBroken(f"Enter the {field_label} by the 24-hour clock, for example 14:05", field=field)
    return time(int(found[1]), int(found[2]))


def build_moment(day: date, at: time, *, field_label: str, field: str | None = None) -> datetime:
    """The moment at which British clocks showed this day and time, in UTC.

    In the hour that autumn repeats, the first is meant.

    Raises:
        RuleBroken: the clocks went forward over it, so it never was.
    """
    moment = datetime.combine(day, at, tzinfo=LONDON).astimezone(UTC)
    if moment.astimezone(LONDON).replace(tzinfo=None) != datetime.combine(day, at):
        raise RuleBroken(f"Check the {field_label}: the clocks went forward over that time", field=field)
    return moment


def start_of(day: date) -> datetime:
    """When a day begins by British clocks, in UTC."""
    return datetime.combine(day, time(), tzinfo=LONDON).astimezone(UTC)


def start_large(words: str) -> str:
    """Words as they stand alone, not within a sentence."""
    return words[:1].upper() + words[1:]


def local_date(moment: datetime) -> date:
    """The day on which it happened, by British clocks."""
    _check_aware(moment)
    return moment.astimezone(LONDON).date()


def format_date(day: date) -> str:
    """The clinical short form, 06-Jan-1941, whatever the machine's language.

    Source: CUI date display, ISB 1501.
    """
    return f"{day.day:02}-{MONTHS[day.month - 1][:3]}-{day.year:04}"


def format_datetime(moment: datetime) -> str:
    """The moment by British clocks: 20-Nov-2026 14:05."""
    _check_aware(moment)
    local = moment.astimezone(LONDON)
    return f"{format_date(local.date())} {local.hour:02}:{local.minute:02}"


def format_due(moment: datetime) -> str:
    """By when: 20-Nov-2026 14:05; where a whole day was given, which ends at midnight by British clocks, that day."""
    last = moment - timedelta(microseconds=1)
    is_whole_day = moment == start_of(local_date(moment))
    return format_date(local_date(last)) if is_whole_day else format_datetime(moment)


def format_minute_after(moment: datetime) -> str:
    """When to try again, by British clocks: in the minute itself it may still be too early."""
    return format_datetime(moment + timedelta(minutes=1))


def format_moment(moment: datetime) -> str:
    """The moment for a program: ISO 8601 in UTC, to the microsecond, 2026-11-20T14:05:00.000000Z."""
    _check_aware(moment)
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _check_aware(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise ValueError("A moment without a time zone cannot be shown: give it one")


def age_in_years(born: date, today: date) -> int:
    """Full years of life; whoever was born on 29 February is a year older on 1 March."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def age_of_copy(read_at: datetime, now: datetime) -> str:
    """How long ago a copy left the register, in the words that follow "ago"; never rounded up.

    A copy from the future means that a clock is wrong: then nobody knows its age.

    Source: hazard of stale data on a tablet.
    """
    age = now - read_at
    if age < timedelta(0):
        return "an unknown time"
    if age < timedelta(minutes=1):
        return "less than a minute"
    if age < timedelta(hours=1):
        return f"{age // timedelta(minutes=1)} min"
    if age < timedelta(hours=48):
        return f"{age // timedelta(hours=1)} h"
    return f"{age.days} days"


# --- Text ------------------------------------------------------------------------------------------------------------


def clean_text(
    text: str, *, field_label: str, field: str | None = None, limit: int = TEXT_LIMIT, required: bool = False
) -> str:
    """Free text as it is kept: every character that was typed, or a sentence that says which one cannot be.

    Accents, emoji, markup and marks of writing direction stay; the page and the sheet show them as text, each
    passage in its own direction. What could change the order of the words around it is refused, not taken out:
    nobody's text is changed behind their back.

    Args:
        text: what was typed.
        field_label: the thing that is asked for, in lower case.
        field: the name of the form field.
        limit: in characters.
        required: whether blank is refused.

    Raises:
        RuleBroken: it is too long, blank but required, or holds a character that cannot be kept.
    """
    lines = _NEWLINES.sub("\n", text)
    if found := _CANNOT_BE_KEPT.search(lines):
        raise _cannot_keep(found, _fault(found[0]), field_label=field_label, field=field)
    cleaned = unicodedata.normalize("NFC", lines).strip()
    if required and not cleaned:
        raise RuleBroken(f"Enter the {field_label}", field=field)
    if len(cleaned) > limit:
        raise RuleBroken(
            f"Shorten the {field_label}: it can hold {limit:,} characters, and {len(cleaned):,} were entered",
            field=field,
        )
    return cleaned


def _fault(character: str) -> str:
    """What is wrong with a character that cannot be kept."""
    if character == "\x00":
        return "a null character"
    if character == "\ufffd":
        return "a mark for something that could not be read"
    match unicodedata.category(character):
        case "Cs":
            return "half a character"
        case "Cf":
            return "a hidden mark that changes the order of letters"
        case _:
            return "a hidden control character"


def _cannot_keep(found: re.Match[str], fault: str, *, field_label: str, field: str | None) -> RuleBroken:
    return RuleBroken(
        f"Type the {field_label} again around character {found.start() + 1:,}: there is {fault}, which cannot be kept",
        field=field,
    )


def check_name(text: str, *, field_label: str, field: str | None = None) -> str:
    """A name as it is kept: on one line, with at least one letter of any script, and nothing that could reorder it.

    One letter is a name; O'Neill, Nguyễn, Ng and "de la Cruz" are names.

    Raises:
        RuleBroken: it is blank, has no letter, is too long, or holds an invisible mark.

    Source: hazard H-01 (wrong person): an identity line reads in one way only.
    """
    if found := _DIRECTION_MARK.search(text):
        raise _cannot_keep(found, "an invisible mark of direction", field_label=field_label, field=field)
    name = " ".join(clean_text(text, field_label=field_label, field=field, limit=NAME_LIMIT, required=True).split())
    if not any(character.isalpha() for character in name):
        raise RuleBroken(f"Enter the {field_label} with at least one letter", field=field)
    return name


# --- Postcodes and telephone numbers ---------------------------------------------------------------------------------


def normalise_postcode(text: str, *, field: str | None = "postcode") -> str:
    """A postcode in capitals with its one space; blank stays blank.

    Raises:
        RuleBroken: it has not the shape of a whole postcode.
    """
    typed = "".join(unicodedata.normalize("NFKC", text).upper().split())
    if not typed:
        return ""
    if not (found := _POSTCODE.fullmatch(typed)):
        raise RuleBroken("Enter a whole postcode, for example LS1 4AP, or leave it blank", field=field)
    return f"{found[1]} {found[2]}"


#: No telephone number of the world is longer. Source: ITU-T E.164; with the two noughts that begin a call abroad.
MOST_DIGITS: Final = 17


def normalise_telephone(text: str, *, field_label: str = "telephone number", field: str | None = "telephone") -> str:
    """A telephone number in the groups in which it is read aloud; blank stays blank.

    A British number is grouped; any other is kept as it was typed. An extension may follow.

    Raises:
        RuleBroken: it has letters, or too few or too many digits to be dialled.
    """
    typed = " ".join(unicodedata.normalize("NFKC", text).split())
    if not typed:
        return ""
    extension = _EXTENSION.search(typed)
    number = typed[: extension.start()] if extension else typed
    if any(character.isalpha() for character in number):
        raise RuleBroken(
            f"Enter the {field_label} without letters; put other words into the note beside it", field=field
        )
    if not re.fullmatch(r"\+?[0-9 ()./-]*", number) or len(re.sub(r"\D", "", number)) < 3:
        raise RuleBroken(f"Enter the {field_label} using digits, with its area code", field=field)
    if len(re.sub(r"\D", "", number)) > MOST_DIGITS:
        raise RuleBroken(f"Enter only one number as the {field_label}: this is too long to be dialled", field=field)
    grouped = _group_british(re.sub(r"^(?:\+44|0044)0?", "0", re.sub(r"[^\d+]", "", number))) or number
    return f"{grouped} ext {extension[1]}" if extension else grouped


def _group_british(digits: str) -> str | None:
    """The groups of a British number of 11 digits; None: it is not one."""
    if len(digits) != 11:
        return None
    match digits[:2]:
        case "02":
            groups = (3, 7)
        case "03" | "08":
            groups = (4, 7)
        case "01" if "1" in digits[2:4]:  # the large cities: 0113, 0121
            groups = (4, 7)
        case "01" | "07":
            groups = (5, 8)
        case _:
            return None
    return f"{digits[: groups[0]]} {digits[groups[0] : groups[1]]} {digits[groups[1] :]}"


def build_dialled(telephone: str) -> str:
    """The digits that a tap dials, for a kept telephone number; without its extension."""
    return re.sub(r"[^\d+]", "", _EXTENSION.sub("", telephone))
