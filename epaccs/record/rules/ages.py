"""How long an answer may be taken as current: past that it is shown with its age, and asked to be checked again.

How old something is depends on the moment of reading: what is kept is only since when, never how long ago.

Source: hazard H-38 (a fact that was right once).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from epaccs.core.fields import format_date, local_date
from epaccs.record.rules.parts import Ageing
from epaccs.record.sight import FieldSight
from epaccs.versions.rules import Recorded


def find_ageing(field: FieldSight, answer: Any, recorded: Recorded, *, key: str, who: str = "") -> Ageing | None:
    """Since when one answer holds; None: it does not age, or there is nothing that could.

    A date counts from itself: that a section was gone through does not mean that somebody looked into the fridge. Any
    other answer counts from when it was entered, or from when somebody confirmed the section as still right. A no does
    not age.

    Args:
        key: of the answer among those that say who entered what.
        who: of whom it is, where there are several, such as a telephone number.
    """
    if not field.ages or not answer:
        return None
    if field.kind == "date":
        since, how = date.fromisoformat(answer), ""
    else:
        entered = _entered_on(recorded.provenance, key, recorded.recorded_at)
        confirmed = local_date(recorded.confirmed_at) if recorded.confirmed_at else entered
        since, how = max((entered, "entered"), (confirmed, "confirmed"), key=lambda one: one[0])
    return Ageing(
        words=field.ages_as or field.label, since=since, check_by=since + timedelta(days=field.ages), how=how, who=who
    )


def _entered_on(provenance: Mapping[str, Any], key: str, recorded_at: datetime) -> date:
    stamp = provenance.get(key) or {}
    return local_date(datetime.fromisoformat(stamp["recorded_at"]) if "recorded_at" in stamp else recorded_at)


_DAYS_AGO: Final = re.compile(r"(.*?)([0-9]+)( days ago: check again\.?)", re.DOTALL)


def split_days(doubt: str) -> tuple[str, int, str]:
    """What stands before the number of days in words about age, the number, and what stands after it.

    A tablet counts the days by itself. Words that count no days come back whole, with nothing after them.
    """
    found = _DAYS_AGO.fullmatch(doubt)
    return (found[1], int(found[2]), found[3]) if found else (doubt, 0, "")


def doubt_in_words(ageing: Ageing | None, today: date) -> str:
    """What to say beside one answer; empty: it is not yet old."""
    if ageing is None or today <= ageing.check_by:
        return ""
    how = f"{ageing.how} {format_date(ageing.since)}, " if ageing.how else ""
    return f"{how}{(today - ageing.since).days} days ago: check again"


def doubts_in_words(ageing: tuple[Ageing, ...], today: date) -> tuple[str, ...]:
    """What to say under one part of the card, the same said once for several people."""
    grouped: dict[tuple[str, date, str], list[str]] = {}
    for one in ageing:
        if today > one.check_by:
            grouped.setdefault((one.words, one.since, one.how), []).append(one.who)
    return tuple(
        " ".join(part for part in (f"{words}{_of(names)}", how, _how_long_ago(since, today)) if part)
        for (words, since, how), names in grouped.items()
    )


def _how_long_ago(since: date, today: date) -> str:
    return f"{format_date(since)}, {(today - since).days} days ago: check again."


def _of(names: list[str]) -> str:
    named = list(dict.fromkeys(name for name in names if name))
    return f" of {', '.join(named)}" if named else ""
