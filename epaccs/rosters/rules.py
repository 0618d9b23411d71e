"""Who is on the rota and when, what a file would change of it, and whether a look lay within a session.

A rota opens nothing and closes nothing: it is only compared with looks afterwards (hazard H-69, ADR 0042).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from epaccs.clinicians.rules import normalise_user_name
from epaccs.core.errors import RuleBroken
from epaccs.core.fields import LONDON, format_datetime, local_date

#: By the clock on the wall: a day and a night on call may have 25 hours.
LONGEST: Final = timedelta(hours=24)
#: Whoever writes another year than this or the next has mistyped it.
FURTHEST: Final = timedelta(days=366)
#: So many days the page shows, the present one first.
DAYS_SHOWN: Final = 14

_MOMENT: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([0-9]{2}):([0-9]{2})(?::00)?")
_EXAMPLE: Final = "2026-11-22 18:30"


# Sessions


@dataclass(frozen=True, order=True)
class Span:
    """From when until when, in UTC; whoever looks in the very last moment looks after it."""

    from_at: datetime
    until_at: datetime

    @property
    def day(self) -> date:
        """The day to which it belongs: the one on which it begins by British clocks."""
        return local_date(self.from_at)

    def overlaps(self, other: Span) -> bool:
        """Whether there is a moment that lies in both; one may begin when the other ends."""
        return self.from_at < other.until_at and other.from_at < self.until_at

    def __str__(self) -> str:
        return f"{format_datetime(self.from_at)} to {format_datetime(self.until_at)}"


def lay_within(at: datetime, spans: Iterable[Span], *, leeway: timedelta) -> bool:
    """Whether somebody looked while they were on a session, or so shortly before or after one that it is their work.

    All moments are UTC, so that a night in which the clocks change is as long as it was.

    Source: hazard H-69.
    """
    return any(span.from_at - leeway <= at < span.until_at + leeway for span in spans)


@dataclass(frozen=True)
class Kept:
    """A session that stands on the rota."""

    id: UUID
    clinician_id: UUID
    span: Span


# Reading


@dataclass(frozen=True)
class Person:
    """Somebody who works, or worked, at the organisation; `has_ended`: no role here any more, or no account."""

    clinician_id: UUID
    name: str
    user_name: str
    professional_number: str | None
    has_ended: bool = False


@dataclass(frozen=True)
class People:
    """Everybody of one organisation, by what a rota may call them."""

    by_user_name: Mapping[str, Person]
    by_number: Mapping[str, Sequence[Person]]

    def get(self, typed: str) -> Person:
        """Whom a rota means, by user name or by professional number.

        Raises:
            RuleBroken: nobody of the organisation, several, or somebody who does not work here any more.
        """
        found = self._find(typed)
        working = [one for one in found if not one.has_ended]
        if len(working) == 1:
            return working[0]
        shown = typed.strip()[:60]
        if working:
            raise RuleBroken(f"Enter the user name: several people here have the number “{shown}”", field="user_name")
        if found:
            raise RuleBroken(f"Take “{shown}” out: their account here has ended", field="user_name")
        if not shown:
            raise RuleBroken("Enter the user name or the professional number", field="user_name")
        raise RuleBroken(
            f"Check “{shown}”: nobody of your organisation has this user name or professional number",
            field="user_name",
        )

    def _find(self, typed: str) -> Sequence[Person]:
        by_name = self.by_user_name.get(normalise_user_name(typed))
        return [by_name] if by_name else self.by_number.get(number_key(typed), ())


def number_key(number: str) -> str:
    """A professional number in any spacing and any capitals."""
    return "".join(number.split()).casefold()


def build_people(everybody: Iterable[Person]) -> People:
    """Everybody of one organisation, to be found by what a rota calls them."""
    by_name: dict[str, Person] = {}
    by_number: dict[str, list[Person]] = {}
    for one in everybody:
        by_name[one.user_name] = one
        if one.professional_number:
            by_number.setdefault(number_key(one.professional_number), []).append(one)
    return People(by_name, by_number)


def read_moment(typed: str, *, called: str, today: date) -> datetime:
    """A moment as a rota gives it, by British clocks, in UTC.

    In the nights in which the clocks change, an hour that they skip or show twice is refused: nobody can tell
    which was meant, and a session that begins an hour off accuses whoever was there.

    Raises:
        RuleBroken: it is no such time, or none that can be meant.

    Source: hazard H-69.
    """
    local = _parse_local(typed)
    if local is None:
        raise RuleBroken(f"Enter “{called}” as a day and a time that exist, like {_EXAMPLE}")
    if abs(local.date() - today) > FURTHEST:
        raise RuleBroken(f"Check the year of “{called}”: a rota holds what is less than a year away")
    check_shown_once(local, called=f"“{called}”")
    return local.replace(tzinfo=LONDON).astimezone(UTC)


def _parse_local(typed: str) -> datetime | None:
    """A day and a time as they were written; None: there are none like it."""
    found = _MOMENT.fullmatch(typed.strip())
    if found is None:
        return None
    year, month, day, hour, minute = map(int, found.groups())
    try:
        return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - as on the wall
    except ValueError:
        return None


def check_shown_once(local: datetime, *, called: str, field: str | None = None) -> None:
    """A time that the clocks show once that day: not in the hour that spring skips or autumn repeats.

    Args:
        local: by British clocks, without a time zone.
        called: its name within a sentence.
        field: the name of the form field.

    Raises:
        RuleBroken: the clocks skip it, or show it twice.
    """
    before, after = (local.replace(tzinfo=LONDON, fold=fold).utcoffset() for fold in (0, 1))
    if before == after:
        return
    assert before is not None  # noqa: S101 - a time zone knows its offset
    assert after is not None  # noqa: S101
    if before < after:
        raise RuleBroken(
            f"Choose another time for {called}: the clocks go forward over 01:00 to 01:59 that night", field=field
        )
    raise RuleBroken(
        f"Choose another time for {called}: the clocks show 01:00 to 01:59 twice that night. "
        "Take 00:59 or earlier, or 02:00 or later",
        field=field,
    )


def build_span(from_at: datetime, until_at: datetime) -> Span:
    """One session, of at most a day by the clock on the wall.

    Raises:
        RuleBroken: it ends before it begins, or is longer.
    """
    if until_at <= from_at:
        raise RuleBroken("Check the times: the session must end after it begins", field="until_at")
    if on_the_wall(until_at) - on_the_wall(from_at) > LONGEST:
        raise RuleBroken("Check the times: a session has at most 24 hours. Enter a longer one as two", field="until_at")
    return Span(from_at, until_at)


def on_the_wall(moment: datetime) -> datetime:
    """What British clocks show at a moment, without a time zone."""
    return moment.astimezone(LONDON).replace(tzinfo=None)


# What a file would change


@dataclass(frozen=True)
class Line:
    """One session of a file, and the number of its row as a spreadsheet counts, the heading in row 1."""

    number: int
    person: Person
    span: Span

    @property
    def key(self) -> tuple[UUID, Span]:
        """Whose session it is, and when."""
        return self.person.clinician_id, self.span


@dataclass(frozen=True)
class WrongLine:
    """A row that cannot be taken, and what to do."""

    number: int
    sentence: str


@dataclass(frozen=True)
class Plan:
    """What a file would change.

    `first_day`, `last_day`: the days that the file covers. `new`: not on the rota yet. `same`: how many are there
    already. `over`: how many are over, and so are neither added nor taken off. `gone`: on the rota, on these days, not
    begun, and not in the file. `wrong`: rows that overlap; with any of them nothing is changed.
    """

    first_day: date
    last_day: date
    new: tuple[Line, ...]
    same: int
    over: int
    gone: tuple[Kept, ...]
    wrong: tuple[WrongLine, ...]

    @property
    def changes_nothing(self) -> bool:
        """Whether the rota is already what the file says."""
        return not self.new and not self.gone


def plan_load(lines: Sequence[Line], kept: Sequence[Kept], *, now: datetime) -> Plan:
    """What a file changes: on the days it covers, the sessions that have not begun become those of the file.

    What has begun stays as it is, because looks are judged by it. A row that runs now is added all the same, so that a
    rota that is loaded in the middle of a shift does not accuse those who are on it.

    Args:
        lines: at least one.
        kept: everything on the rota that could touch these days.
        now: UTC.

    Source: hazard H-69.
    """
    days = [line.span.day for line in lines]
    first_day, last_day = min(days), max(days)
    coming = [line for line in lines if line.span.until_at > now]
    wanted, there = {line.key for line in coming}, {(one.clinician_id, one.span) for one in kept}
    new = tuple(line for line in coming if line.key not in there)
    gone = tuple(
        one
        for one in kept
        if one.span.from_at > now
        and first_day <= one.span.day <= last_day
        and (one.clinician_id, one.span) not in wanted
    )
    stays = set(kept) - set(gone)
    return Plan(
        first_day=first_day,
        last_day=last_day,
        new=new,
        same=len(coming) - len(new),
        over=len(lines) - len(coming),
        gone=gone,
        wrong=(*_find_overlapping_rows(lines), *_find_overlapping_kept(new, stays)),
    )


def _find_overlapping_rows(lines: Iterable[Line]) -> list[WrongLine]:
    """Rows of one person of which two hold the same moment, the later row of each two."""
    wrong = []
    reaches_furthest: dict[UUID, Line] = {}
    for line in sorted(lines, key=lambda one: (one.span, one.number)):
        before = reaches_furthest.get(line.person.clinician_id)
        if before is not None and line.span.overlaps(before.span):
            first, second = sorted((before.number, line.number))
            wrong.append(WrongLine(second, f"Keep one of two sessions of one person: this overlaps row {first:,}"))
        if before is None or line.span.until_at > before.span.until_at:
            reaches_furthest[line.person.clinician_id] = line
    return wrong


def _find_overlapping_kept(new: Iterable[Line], stays: Iterable[Kept]) -> list[WrongLine]:
    """New rows that overlap what a load does not touch."""
    standing: dict[UUID, list[Span]] = {}
    for one in stays:
        standing.setdefault(one.clinician_id, []).append(one.span)
    wrong = []
    for line in new:
        other = find_overlap(line.span, standing.get(line.person.clinician_id, ()))
        if other is not None:
            wrong.append(
                WrongLine(
                    line.number,
                    f"Take this row out, or end the other session on the rota first: it overlaps {other}, which has "
                    "begun or begins on a day that the file does not cover",
                )
            )
    return wrong


def find_overlap(span: Span, others: Iterable[Span]) -> Span | None:
    """The first other session of the same person that holds a moment of this one; None: there is none."""
    return next((other for other in sorted(others) if span.overlaps(other)), None)


def check_may_add(span: Span, others: Iterable[Span], *, now: datetime) -> None:
    """A session that is added by hand is not over yet, and the person is on no other then.

    Raises:
        RuleBroken: it is over, or overlaps another of the same person.
    """
    if span.until_at <= now:
        raise RuleBroken("Enter a session that is not over: the rota of the past stays as it was", field="until_at")
    if (other := find_overlap(span, others)) is not None:
        raise RuleBroken(f"Enter other times, or end the other session first: this overlaps {other}", field="from_at")


def check_may_end(span: Span, *, now: datetime) -> None:
    """What is over stays as it was: looks are judged by it.

    Raises:
        RuleBroken: the session is over.
    """
    if span.until_at <= now:
        raise RuleBroken("This session is over, and the rota of the past stays as it was")


def check_unchanged(version: int, *, seen: int) -> None:
    """A rota is loaded only over the one that was shown.

    Raises:
        RuleBroken: somebody changed it meanwhile.

    Source: hazard H-69.
    """
    if version != seen:
        raise RuleBroken(
            "The rota changed since this was shown, and nothing was loaded. Look again at what would change, then load"
        )
