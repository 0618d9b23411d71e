"""The life of one made-up person on the register, as a list of what somebody did when; and those written by hand.

A story knows no table: it is told through the ordinary actions (`demo.loader`), or turned into rows (`demo.bulk`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

import yaml

from epaccs.access.rules import AccessReason
from epaccs.core.fields import LONDON
from epaccs.register.schema import flatten_consent

Body = dict[str, Any]

DEMONSTRATION: Final = Path(__file__).resolve().parents[1] / "demo.yaml"

#: What organisations were told before that, somebody there has taken note of.
LOOKED_DAYS_AGO: Final = 4.6

#: Ids of people and of what was done to them grow from this one, so that the same story has the same ids.
ROOT: Final = UUID("0199a7c2-9990-7000-8000-000000000000")


@dataclass(frozen=True)
class Step:
    """One edit of one section.

    `by` is a user name. `base_version` None: made on the section as it stood. `reason`: for opening the record.
    `is_from_paper`: copied from paper.
    """

    at: datetime
    by: str
    section: str
    kind: str
    body: Body
    id: UUID
    base_version: int | None = None
    reason: AccessReason = AccessReason.PERMISSION_GIVEN
    is_from_paper: bool = False


@dataclass(frozen=True)
class Concern:
    """From now on an organisation is concerned with the person: a referral, an admission, a caseload."""

    at: datetime
    by: str
    organisation_ods: str
    reason: str


@dataclass(frozen=True)
class Looked:
    """Somebody went through what their organisation was told about the person, and took note of it."""

    at: datetime
    by: str


Deed = Step | Concern | Looked


@dataclass(frozen=True)
class Joined:
    """The entry turned out to be a second one of the same person: one clinician said so, another agreed."""

    survivor_id: UUID
    reason: str
    proposed_at: datetime
    proposed_by: str
    agreed_at: datetime
    agreed_by: str


@dataclass(frozen=True)
class Story:
    """One made-up person. `declined_on` None: they are on the register. `joined` None: not joined to another entry."""

    entry_id: UUID
    registered_at: datetime
    registered_by: str
    identity: Body
    consent: Body = field(default_factory=dict)
    sections: Mapping[str, Body] = field(default_factory=dict)
    steps: tuple[Deed, ...] = ()
    declined_on: str | None = None
    joined: Joined | None = None


# --- Times that count back -------------------------------------------------------------------------------------------

_DAYS: Final = re.compile(r"(?:(?P<ago>\d+) days ago|in (?P<ahead>\d+) days)(?:, (?P<hour>\d\d):(?P<minute>\d\d))?")
_HOURS: Final = re.compile(r"(\d+) hours ago")


def read_time(text: str, now: datetime) -> datetime | date | None:
    """A time that counts from now: "40 days ago" is a day, "40 days ago, 14:05" and "3 hours ago" are moments.

    Returns:
        None: the text is no such time.
    """
    if found := _HOURS.fullmatch(text):
        return now - timedelta(hours=int(found[1]))
    if not (found := _DAYS.fullmatch(text)):
        return None
    days = int(found["ahead"]) if found["ahead"] else -int(found["ago"])
    day = now.astimezone(LONDON).date() + timedelta(days=days)
    if found["hour"] is None:
        return day
    return datetime(day.year, day.month, day.day, int(found["hour"]), int(found["minute"]), tzinfo=LONDON).astimezone(
        UTC
    )


# --- Stories written by hand -----------------------------------------------------------------------------------------


@cache
def read_demonstration() -> Mapping[str, Any]:
    """Everything that is written down about the demonstration."""
    read: Mapping[str, Any] = yaml.safe_load(DEMONSTRATION.read_text(encoding="utf-8"))
    return read


def read_stories(now: datetime) -> Iterator[Story]:
    """The stories written by hand, with their times as they are seen from now."""
    for written in read_demonstration()["patients"]:
        yield _Reader(written, now).story()


def _somebody_at(ods_code: str) -> str | None:
    """Whoever is written down first of those who work there and may see records; None: nobody."""
    at_work = (one for one in read_demonstration()["clinicians"] if ods_code in one["works"])
    return next((one["user_name"] for one in at_work if "number" in one), None)


class _Reader:
    """Reads one written story; every text in it may be a time, or stand for the id of a step."""

    def __init__(self, written: Mapping[str, Any], now: datetime) -> None:
        self._written, self._now = written, now
        identity = written["identity"]
        known_by = identity.get("nhs_number") or f"{identity['family_name']} {identity['born_on']}"
        self._entry_id = uuid5(ROOT, known_by)

    def story(self) -> Story:
        written = self._written
        began = written.get("registered") or written["declined"]
        at = self._moment(began["when"])
        return Story(
            entry_id=self._entry_id,
            registered_at=at,
            registered_by=began["by"],
            identity=self._plain(written["identity"]),
            consent=self._consent(at),
            sections={name: self._plain(body) for name, body in written.get("sections", {}).items()},
            steps=self._steps(at),
            declined_on=self._plain(began["day"]) if "declined" in written else None,
            joined=self._joined(written["merged_into"]) if "merged_into" in written else None,
        )

    def _consent(self, at: datetime) -> Body:
        """Given by the person for both, unless it is written otherwise."""
        given = {"status": "given", "decided_by": "The person", "decided_on": at.astimezone(LONDON).date().isoformat()}
        return flatten_consent(self._plain(self._written.get("consent", {"register": given, "share": given})))

    def _steps(self, began: datetime) -> tuple[Deed, ...]:
        """What is written, and that the practice and the key worker took note of all but the last days."""
        steps = [self._step(place, step) for place, step in enumerate(self._written.get("then", ()))]
        looked_at = self._now - timedelta(days=LOOKED_DAYS_AGO)
        if began > looked_at or "declined" in self._written:
            return tuple(steps)
        identity = self._written["identity"]
        codes = {identity[name] for name in ("practice_ods", "key_worker_ods") if name in identity}
        looked = [Looked(looked_at, user_name) for ods_code in sorted(codes) if (user_name := _somebody_at(ods_code))]
        return tuple(sorted([*steps, *looked], key=lambda deed: deed.at))

    def _step(self, place: int, step: Mapping[str, Any]) -> Deed:
        at, by = self._moment(step["when"]), step["by"]
        if "concern" in step:
            return Concern(at, by, step["concern"]["organisation"], step["concern"]["reason"])
        body, kind = self._plain(step["body"]), step.get("kind", "put")
        if "item" in step:
            body, kind = {"item_id": str(self._id(step["item"])), "item": body}, "put_item"
        if step["section"] == "identity":
            body = {**self._plain(self._written["identity"]), **body}
        step_id = self._id(step.get("named", f"step {place}"))
        reason = AccessReason(step.get("reason", AccessReason.PERMISSION_GIVEN))
        return Step(
            at,
            by,
            step["section"],
            kind,
            body,
            step_id,
            step.get("base_version"),
            reason,
            step.get("from_paper", False),
        )

    def _joined(self, written: Mapping[str, Any]) -> Joined:
        proposed, agreed = written["proposed"], written["agreed"]
        return Joined(
            survivor_id=uuid5(ROOT, written["survivor"]),
            reason=written["reason"],
            proposed_at=self._moment(proposed["when"]),
            proposed_by=proposed["by"],
            agreed_at=self._moment(agreed["when"]),
            agreed_by=agreed["by"],
        )

    def _id(self, name: str) -> UUID:
        return uuid5(self._entry_id, name)

    def _moment(self, text: str) -> datetime:
        moment = read_time(text, self._now)
        if not isinstance(moment, datetime):
            raise ValueError(f"{text!r} is no moment")
        return moment

    def _plain(self, part: Any) -> Any:
        """The same part as JSON, with times and ids in place of the words for them."""
        match part:
            case dict():
                return {name: self._plain(one) for name, one in part.items()}
            case list():
                return [self._plain(one) for one in part]
            case date():
                return part.isoformat()
            case str():
                return self._plain_text(part)
            case _:
                return part

    def _plain_text(self, text: str) -> str:
        if text.startswith("the id of "):
            return str(self._id(text.removeprefix("the id of ")))
        moment = read_time(text, self._now)
        return moment.isoformat() if moment else text
