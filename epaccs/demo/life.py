"""A made-up life while it is being made: who the person is, who looks after them, and what was done so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from epaccs.core.fields import LONDON
from epaccs.demo.chance import SENTENCES
from epaccs.demo.stories import LOOKED_DAYS_AGO, Body, Deed, Looked, Step


@dataclass(frozen=True)
class Colleagues:
    """Who looks after the people of one practice, by user name; and what the identity says of them.

    Args:
        gp: signs, and belongs to the practice.
        nurse: prepares decisions; works for the key worker's organisation.
        night: signs, and belongs to nobody's practice.
        crew: finds people at home.
        homes: ODS code, address and postcode of each care home nearby.
    """

    practice_ods: str
    gp: str
    gp_name: str
    key_worker_ods: str
    key_worker_name: str
    key_worker_telephone: str
    key_worker_is_hospice: bool
    nurse: str
    night: str
    night_name: str
    crew: str
    town: str
    homes: tuple[tuple[str, str, str], ...] = ()


@dataclass
class Life:
    """One life in the making.

    `identity`: who the person is, as registered; empty: not known yet. `close`: name and relationship of those close.
    `proxies`: name and kind of whoever may decide for the person.
    """

    chance: Random
    now: datetime
    colleagues: Colleagues
    entry_id: UUID
    registered_days_ago: int
    has_capacity: bool
    is_shared: bool
    has_key_worker: bool
    lives_in_home: bool
    identity: Body = field(default_factory=dict)
    close: list[tuple[str, str]] = field(default_factory=list)
    proxies: list[tuple[str, str]] = field(default_factory=list)
    steps: list[Deed] = field(default_factory=list)

    # When

    def earlier(self, least: float, most: float) -> float:
        """Some day between two parts of the time on the register: 1 is the first day, 0 is now."""
        days = self.registered_days_ago
        return max(1.0, self.chance.uniform(least * days, most * days))

    def at(self, days_ago: float) -> datetime:
        """A moment in working hours so many days ago; within the last day, so many parts of it."""
        if days_ago < 1:
            return self.now - timedelta(days=days_ago)
        whole = int(days_ago)
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=whole)
        return midnight + timedelta(hours=8, minutes=int((1 - (days_ago - whole)) * 600))

    def day(self, days_ago: float) -> str:
        """The day of such a moment."""
        return self.at(days_ago).astimezone(LONDON).date().isoformat()

    def day_ahead(self, days: int) -> str:
        """A day to come."""
        return (self.now + timedelta(days=days)).astimezone(LONDON).date().isoformat()

    # Who

    @property
    def gp(self) -> str:
        """The usual GP."""
        return self.colleagues.gp

    @property
    def nurse(self) -> str:
        """The nurse who knows the person; the GP, where nobody else may see the record."""
        return self.colleagues.nurse if self.is_shared and self.has_key_worker else self.gp

    @property
    def night(self) -> str:
        """A signer of the night."""
        return self.colleagues.night if self.is_shared else self.gp

    @property
    def crew(self) -> str:
        """Whoever comes when somebody rings."""
        return self.colleagues.crew if self.is_shared else self.gp

    # What

    def new_id(self) -> UUID:
        """An id that is the same whenever this life is made."""
        return UUID(int=self.chance.getrandbits(128), version=4)

    def pick(self, sentences: str) -> str:
        """One of the sentences of a kind."""
        return str(self.chance.choice(SENTENCES[sentences]))

    def do(
        self,
        days_ago: float,
        by: str,
        section: str,
        body: Body,
        *,
        kind: str = "put",
        base_version: int | None = None,
    ) -> str:
        """Somebody did something.

        Returns:
            The id by which a later deed can refer to it.
        """
        step = Step(self.at(days_ago), by, section, kind, body, self.new_id(), base_version)
        self.steps.append(step)
        return str(step.id)

    def put_item(self, days_ago: float, by: str, section: str, item: Body) -> None:
        """Somebody added a line to a list."""
        self.do(days_ago, by, section, {"item_id": str(self.new_id()), "item": item}, kind="put_item")

    def say(self, days_ago: float, by: str, what: str, **said: str) -> str:
        """Somebody who was there said how it went, or what was wrong.

        Returns:
            The id by which what settles it can refer to it.
        """
        return self.do(days_ago, by, "observations", {"item": said}, kind=what)

    def cpr(self, days_ago: float, by: str, kind: str, body: Body, *, base_version: int | None = None) -> str:
        """Somebody did something about CPR."""
        return self.do(days_ago, by, "cpr", body, kind=kind, base_version=base_version)

    def look(self) -> None:
        """The practice and the key worker took note of all but the last days, twice."""
        for user_name in {self.gp: None, self.nurse: None}:
            for days_ago in (self.earlier(0.4, 0.6), LOOKED_DAYS_AGO):
                self.steps.append(Looked(self.at(days_ago), user_name))
