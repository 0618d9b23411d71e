"""The rules: what is unusual about an access, each with its thresholds and the sentence that explains it.

A rule about a look judges one person being looked at by one reader. A rule about a habit judges what one reader did in
a time. Both are given everything they need: nothing here asks a database or a clock. A sentence names who and whom,
and nothing of what a record says.

Source: unusual-access monitoring as privacy officers ask for it; NHS shared-summary access controls, privacy officer
alerts; hazard H-63.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final, TypeVar
from uuid import UUID

from epaccs.clinicians.rules import OrganisationType
from epaccs.core.fields import LONDON, local_date
from epaccs.oversight.rules.likeness import Likeness, Particulars, liken
from epaccs.rosters.rules import Span, lay_within

#: What of a finding is kept: codes and counts.
Facts = dict[str, Any]


# What is judged


@dataclass(frozen=True)
class Death:
    """A death as the register knows it.

    `on` is the day of the death, or the day it was recorded where the day is not known. `number`: of the change that
    recorded it; None: it is not known, so that no copy can be said to have shown it.
    """

    on: date
    recorded_at: datetime
    number: int | None = None


@dataclass(frozen=True)
class Person:
    """Whom a look was at, as far as it is compared.

    `namesakes`: how many people on the register have the family name. `colleague`: how far the person may be one of the
    people at work. `is_watched`: the reader's privacy officer keeps them on the list of people in the news.
    """

    entry_id: UUID
    particulars: Particulars
    namesakes: int = 0
    colleague: Likeness = Likeness.NONE
    is_watched: bool = False
    death: Death | None = None


@dataclass(frozen=True)
class Look:
    """One look of one reader at one person.

    `at`: when it was, on a tablet without signal too. `knew_at`: up to when whatever showed it could have heard of
    changes: a page at that moment, a tablet at its last contact before. `shown_number`: the latest change that a
    tablet's copy showed; None: a page. `has_relationship`: the reader's organisation was concerned with the person, as
    far as could be known then. `sessions`: of the reader, on the rota of their organisation, around that time; None: it
    kept no rota on that day, so that nothing can be said.
    """

    event_id: UUID
    at: datetime
    reader: Particulars
    person: Person
    knew_at: datetime
    shown_number: int | None = None
    is_emergency: bool = False
    has_relationship: bool = True
    sessions: Sequence[Span] | None = None

    def could_know(self, death: Death) -> bool:
        """Whether what was shown could say that the person had died.

        A tablet is judged by the copy it showed, not by what the register knew meanwhile.
        """
        if self.shown_number and death.number is not None:
            return self.shown_number >= death.number
        return death.recorded_at <= self.knew_at


class Did(StrEnum):
    """What a deed was, as far as habits are concerned."""

    OPENED = "opened"
    SEARCHED = "searched"
    EMERGENCY = "emergency"  #: opened in an emergency though the person was out of scope


@dataclass(frozen=True)
class Deed:
    """One deed of one reader; `is_new`: no round before has judged it."""

    event_id: UUID
    at: datetime
    did: Did
    entry_id: UUID | None = None
    is_new: bool = True


@dataclass(frozen=True)
class Found:
    """What a rule found: by which rule, its codes and counts, and the deeds it is about."""

    code: str
    facts: Facts
    events: tuple[UUID, ...]


# Thresholds


def threshold(
    default: int, question: str, called: str, *, lowest: int = 0, highest: int = 1000, hint: str | None = None
) -> Any:
    """A number that an organisation may set for itself."""
    said = {"label": question, "called": called, "lowest": lowest, "highest": highest, "hint": hint}
    return field(default=default, metadata=said)


def switch(default: bool, question: str) -> Any:
    """A rule that an organisation may do without."""
    return field(default=default, metadata={"label": question})


# Rules about a look


@dataclass(frozen=True)
class OwnRecord:
    """Somebody opens what may be their own record, without anybody beside them to explain it."""

    code: ClassVar[str] = "own_record"
    title: ClassVar[str] = "Their own record"

    def find(self, look: Look) -> Facts | None:
        """The reader and the person are alike."""
        likeness = liken(look.reader, look.person.particulars)
        return {"sure": likeness is Likeness.SURE} if likeness is not Likeness.NONE else None

    @staticmethod
    def say(facts: Facts, who: str, whom: str) -> str:
        """Why it is shown."""
        if facts["sure"]:
            return f"{who} opened their own record, that of {whom}."
        return (
            f"{who} opened the record of {whom}, who has the same first and family name; whether it is their own "
            "cannot be told without their date of birth."
        )


@dataclass(frozen=True)
class SameHousehold:
    """Somebody opens the record of a person who lives where they live."""

    code: ClassVar[str] = "same_household"
    title: ClassVar[str] = "The same address"

    def find(self, look: Look) -> Facts | None:
        """Postcode and house are the same."""
        home = look.reader.home_key
        return {} if home and home == look.person.particulars.home_key else None

    @staticmethod
    def say(_facts: Facts, who: str, whom: str) -> str:
        """Why it is shown."""
        return f"{who} opened the record of {whom}, who lives at the same address."


@dataclass(frozen=True)
class OwnFamilyName:
    """Somebody opens the record of a person of their own family name, where the name is not a common one.

    Without the threshold whoever has one of the names that many share would be asked about their patients again and
    again, and others never.
    """

    code: ClassVar[str] = "own_family_name"
    title: ClassVar[str] = "Their own family name"
    namesakes: int = threshold(
        100,
        "How many people on the register may have a family name before a look at a namesake is no longer shown?",
        "people of one family name",
        lowest=0,
        highest=100_000,
        hint="0: a look at somebody of the same family name is never shown for that alone",
    )

    def find(self, look: Look) -> Facts | None:
        """A way to say the family name is the same, and few have it."""
        alike = look.reader.families & look.person.particulars.families
        if not alike or look.person.namesakes > self.namesakes or not self.namesakes:
            return None
        return {"namesakes": look.person.namesakes}

    @staticmethod
    def say(facts: Facts, who: str, whom: str) -> str:
        """Why it is shown."""
        others = facts["namesakes"] - 1
        have = (
            f"{others:,} others on the register have it" if others > 1 else "hardly anybody else on the register has it"
        )
        return f"{who} opened the record of {whom}, who has the same family name; {have}."


@dataclass(frozen=True)
class Colleague:
    """Somebody opens the record of a person who works with the register too."""

    code: ClassVar[str] = "colleague"
    title: ClassVar[str] = "A colleague"

    def find(self, look: Look) -> Facts | None:
        """The person is one of the people at work, by what is known of those; whoever opens their own is not meant."""
        likeness = look.person.colleague
        is_own = liken(look.reader, look.person.particulars) is not Likeness.NONE
        return None if likeness is Likeness.NONE or is_own else {"sure": likeness is Likeness.SURE}

    @staticmethod
    def say(facts: Facts, who: str, whom: str) -> str:
        """Why it is shown."""
        if facts["sure"]:
            return f"{who} opened the record of {whom}, who works with this register too."
        return (
            f"{who} opened the record of {whom}; somebody of that name works in the same organisation, and whether it "
            "is they cannot be told without their date of birth."
        )


@dataclass(frozen=True)
class InTheNews:
    """Somebody opens the record of a person whom the privacy officer keeps on the list of people in the news."""

    code: ClassVar[str] = "in_the_news"
    title: ClassVar[str] = "A person in the news"

    def find(self, look: Look) -> Facts | None:
        """The person is on the list of the reader's own organisation."""
        return {} if look.person.is_watched else None

    @staticmethod
    def say(_facts: Facts, who: str, whom: str) -> str:
        """Why it is shown."""
        return f"{who} opened the record of {whom}, whom you keep on the list of people in the news."


@dataclass(frozen=True)
class AfterDeath:
    """Somebody opens a record long after the person died; what must be done after a death is done by then."""

    code: ClassVar[str] = "after_death"
    title: ClassVar[str] = "Long after the death"
    days: int = threshold(
        42,
        "A record may be opened after the death for how many days without being shown?",
        "days after a death",
        lowest=0,
        highest=3660,
    )

    def find(self, look: Look) -> Facts | None:
        """The days are over, and what was shown said so."""
        death = look.person.death
        if death is None or not look.could_know(death):
            return None
        after = (local_date(look.at) - death.on).days
        return {"days": after} if after > self.days else None

    @staticmethod
    def say(facts: Facts, who: str, whom: str) -> str:
        """Why it is shown."""
        return f"{who} opened the record of {whom} {facts['days']:,} days after the death."


@dataclass(frozen=True)
class NoRelationship:
    """Somebody opens the record of a person with whom their organisation has nothing to do, and it is no emergency.

    Whoever is called to strangers, such as an ambulance crew, has a relationship with none of them before.
    """

    code: ClassVar[str] = "no_relationship"
    title: ClassVar[str] = "No relationship"
    is_asked: bool = switch(True, "Show looks at people with whom your organisation has no relationship?")

    def find(self, look: Look) -> Facts | None:
        """No relationship stood, as far as could be known; an emergency is reviewed for itself."""
        return {} if self.is_asked and not look.has_relationship and not look.is_emergency else None

    @staticmethod
    def say(_facts: Facts, who: str, whom: str) -> str:
        """Why it is shown."""
        return f"{who} opened the record of {whom}, with whom your organisation has no relationship."


#: As many hours around a session as any organisation may allow.
MOST_LEEWAY: Final = 24


@dataclass(frozen=True)
class NoSession:
    """Somebody opens a record while they are on no session of a rota that their organisation keeps.

    A swap at the last hour looks the same: it is a reason to ask, and never one to stop anybody (ADR 0042).

    Source: hazard H-69.
    """

    code: ClassVar[str] = "no_session"
    title: ClassVar[str] = "On no session of the rota"
    is_asked: bool = switch(True, "Show looks by people who were on no session of the rota?")
    hours: int = threshold(
        2,
        "How many hours before and after a session may somebody look without being shown?",
        "hours around a session",
        lowest=0,
        highest=MOST_LEEWAY,
        hint="On days on which nobody is on the rota nothing is shown",
    )

    def find(self, look: Look) -> Facts | None:
        """The organisation keeps a rota on that day, and none of the reader's sessions is near."""
        if not self.is_asked or look.sessions is None:
            return None
        leeway = timedelta(hours=self.hours)
        return None if lay_within(look.at, look.sessions, leeway=leeway) else {"hours": self.hours}

    @staticmethod
    def say(facts: Facts, who: str, whom: str) -> str:
        """Why it is shown."""
        near = f" and within {_hours(facts['hours'])} of none" if facts["hours"] else ""
        return f"{who} opened the record of {whom} while on no session of your rota{near}."


def _hours(number: int) -> str:
    return "an hour" if number == 1 else f"{number} hours"


# Rules about a habit


class Habit:
    """What one reader did more often within a span than is usual."""

    span: ClassVar[timedelta]
    needs: ClassVar[frozenset[Did]]

    def concerns(self, did: Did, _at: datetime) -> bool:
        """Whether a new deed of this kind is a reason to look at its reader's habits."""
        return did in self.needs


#: The deeds of one span, and how much they count.
Window = tuple[Sequence[Deed], int]


def _find_most(windows: Iterable[Window], allowed: int) -> tuple[int, tuple[UUID, ...]]:
    """Of all windows with something new that count more than is allowed: the most, and the deeds of them all."""
    most, events = 0, set[UUID]()
    for deeds, counted in windows:
        if counted > allowed and any(deed.is_new for deed in deeds):
            most, events = max(most, counted), events | {deed.event_id for deed in deeds}
    return most, tuple(sorted(events))


def _windows(deeds: Sequence[Deed], span: timedelta) -> Iterator[Window]:
    """For each deed: the deeds in the span before it and itself, each counted."""
    first = 0
    for last, deed in enumerate(deeds):
        while deeds[first].at <= deed.at - span:
            first += 1
        yield deeds[first : last + 1], last + 1 - first


def _windows_of_people(deeds: Sequence[Deed], span: timedelta) -> Iterator[Window]:
    """The same, counting of how many people they were."""
    first, people = 0, Counter[UUID | None]()
    for last, deed in enumerate(deeds):
        people[deed.entry_id] += 1
        while deeds[first].at <= deed.at - span:
            people[deeds[first].entry_id] -= 1
            if not people[deeds[first].entry_id]:
                del people[deeds[first].entry_id]
            first += 1
        yield deeds[first : last + 1], len(people)


@dataclass(frozen=True)
class ManyPeople(Habit):
    """One reader opens more people within an hour than anybody looks after in one."""

    code: ClassVar[str] = "many_people"
    title: ClassVar[str] = "Many people in an hour"
    span: ClassVar[timedelta] = timedelta(hours=1)
    needs: ClassVar[frozenset[Did]] = frozenset({Did.OPENED})
    people: int = threshold(
        40, "How many people may one reader open within an hour?", "people within an hour", lowest=5, highest=1000
    )

    @property
    def least(self) -> int:
        """With fewer deeds than this it finds nothing."""
        return self.people + 1

    def find(self, deeds: Sequence[Deed]) -> Found | None:
        """More people than that in the hour before one of the deeds."""
        opened = [deed for deed in deeds if deed.did is Did.OPENED]
        most, events = _find_most(_windows_of_people(opened, self.span), self.people)
        return Found(self.code, {"people": most}, events) if events else None

    @staticmethod
    def say(facts: Facts, who: str, _whom: str) -> str:
        """Why it is shown."""
        return f"{who} opened the records of {facts['people']:,} people within an hour."


@dataclass(frozen=True)
class SearchesOnly(Habit):
    """One reader searches again and again and opens nobody: who is on the register is a secret too."""

    code: ClassVar[str] = "searches_only"
    title: ClassVar[str] = "Searches without opening anybody"
    span: ClassVar[timedelta] = timedelta(hours=1)
    needs: ClassVar[frozenset[Did]] = frozenset({Did.SEARCHED})
    searches: int = threshold(
        12,
        "How often may one reader find people within an hour and open none of them?",
        "searches within an hour",
        lowest=3,
        highest=1000,
    )

    @property
    def least(self) -> int:
        """With fewer deeds than this it finds nothing."""
        return self.searches + 1

    def find(self, deeds: Sequence[Deed]) -> Found | None:
        """More searches than that in an hour in which nobody was opened."""
        opened = [deed.at for deed in deeds if deed.did is Did.OPENED]
        searched = [deed for deed in deeds if deed.did is Did.SEARCHED]
        windows = (
            one for one in _windows(searched, self.span) if not _has_between(opened, one[0][0].at, one[0][-1].at)
        )
        most, events = _find_most(windows, self.searches)
        return Found(self.code, {"searches": most}, events) if events else None

    @staticmethod
    def say(facts: Facts, who: str, _whom: str) -> str:
        """Why it is shown."""
        return f"{who} found people {facts['searches']:,} times within an hour and opened none of them."


def _has_between(moments: Sequence[datetime], first: datetime, last: datetime) -> bool:
    place = bisect_left(moments, first)
    return place < len(moments) and moments[place] <= last


@dataclass(frozen=True)
class OutsideHours(Habit):
    """One reader opens people at hours at which their organisation does not work."""

    code: ClassVar[str] = "outside_hours"
    title: ClassVar[str] = "Outside usual hours"
    span: ClassVar[timedelta] = timedelta(hours=12)
    needs: ClassVar[frozenset[Did]] = frozenset({Did.OPENED})
    from_hour: int = threshold(0, "From which hour on do people work here?", "first hour", lowest=0, highest=23)
    until_hour: int = threshold(
        24, "Until which hour?", "last hour", lowest=1, highest=24, hint="0 to 24: at any hour, and nothing is shown"
    )
    people: int = threshold(
        2, "How many people may be opened outside these hours?", "people outside the hours", lowest=0, highest=1000
    )

    def concerns(self, did: Did, at: datetime) -> bool:
        """Whether a new deed of this kind, at this time, is a reason to look at its reader's habits."""
        return super().concerns(did, at) and self.is_outside(at)

    @property
    def least(self) -> int:
        """With fewer deeds than this it finds nothing."""
        return self.people + 1

    def is_outside(self, moment: datetime) -> bool:
        """By British clocks; hours that end before they begin go over midnight."""
        hour = moment.astimezone(LONDON).hour
        if self.from_hour < self.until_hour:
            return not self.from_hour <= hour < self.until_hour
        return self.until_hour <= hour < self.from_hour

    def find(self, deeds: Sequence[Deed]) -> Found | None:
        """More people than that outside the hours, within half a day."""
        opened = [deed for deed in deeds if deed.did is Did.OPENED and self.is_outside(deed.at)]
        most, events = _find_most(_windows_of_people(opened, self.span), self.people)
        return Found(self.code, {"people": most, **self._hours}, events) if events else None

    @property
    def _hours(self) -> Facts:
        return {"from": self.from_hour, "until": self.until_hour}

    @staticmethod
    def say(facts: Facts, who: str, _whom: str) -> str:
        """Why it is shown."""
        return (
            f"{who} opened the records of {facts['people']:,} people outside the hours in which your organisation "
            f"works, {facts['from']:02}:00 to {facts['until']:02}:00."
        )


@dataclass(frozen=True)
class RepeatedEmergency(Habit):
    """One reader again and again opens people who do not concern them, as an emergency."""

    code: ClassVar[str] = "repeated_emergency"
    title: ClassVar[str] = "Emergencies again and again"
    span: ClassVar[timedelta] = timedelta(days=7)
    needs: ClassVar[frozenset[Did]] = frozenset({Did.EMERGENCY})
    times: int = threshold(
        2,
        "How often in a week may one reader open somebody outside their scope as an emergency?",
        "emergencies within a week",
        lowest=1,
        highest=1000,
        hint="Each of them is reviewed for itself as well",
    )

    @property
    def least(self) -> int:
        """With fewer deeds than this it finds nothing."""
        return self.times + 1

    def find(self, deeds: Sequence[Deed]) -> Found | None:
        """More emergencies than that in a week."""
        emergencies = [deed for deed in deeds if deed.did is Did.EMERGENCY]
        most, events = _find_most(_windows(emergencies, self.span), self.times)
        return Found(self.code, {"times": most}, events) if events else None

    @staticmethod
    def say(facts: Facts, who: str, _whom: str) -> str:
        """Why it is shown."""
        return f"{who} opened people outside their scope as an emergency {facts['times']:,} times within a week."


# All of them

LookRule = OwnRecord | SameHousehold | OwnFamilyName | Colleague | InTheNews | AfterDeath | NoRelationship | NoSession
HabitRule = ManyPeople | SearchesOnly | OutsideHours | RepeatedEmergency
Rule = LookRule | HabitRule
Kind = TypeVar("Kind", bound=Rule)

#: In the order in which the first of several explains an alert: the surest first.
LOOK_RULES: Final[tuple[type[LookRule], ...]] = (
    OwnRecord,
    SameHousehold,
    InTheNews,
    Colleague,
    AfterDeath,
    OwnFamilyName,
    NoRelationship,
    NoSession,
)
HABIT_RULES: Final[tuple[type[HabitRule], ...]] = (ManyPeople, SearchesOnly, OutsideHours, RepeatedEmergency)
RULES: Final[Mapping[str, type[Rule]]] = {rule.code: rule for rule in (*LOOK_RULES, *HABIT_RULES)}

#: Organisations that are called to strangers: nothing stands between them and a person before the call.
CALLED_TO_STRANGERS: Final = frozenset(
    {
        OrganisationType.AMBULANCE,
        OrganisationType.OUT_OF_HOURS,
        OrganisationType.ACUTE,
        OrganisationType.NAVIGATION_CENTRE,
    }
)
#: Organisations that close at night; all others work at any hour.
CLOSED_AT_NIGHT: Final = frozenset(
    {OrganisationType.GP_PRACTICE, OrganisationType.LOCAL_AUTHORITY, OrganisationType.ICB}
)


@dataclass(frozen=True)
class RuleSet:
    """Every rule with the thresholds of one organisation."""

    looks: tuple[LookRule, ...] = tuple(rule() for rule in LOOK_RULES)
    habits: tuple[HabitRule, ...] = tuple(rule() for rule in HABIT_RULES)

    def judge_look(self, look: Look) -> list[Found]:
        """Everything that is unusual about one look."""
        found = ((rule.code, rule.find(look)) for rule in self.looks)
        return [Found(code, facts, (look.event_id,)) for code, facts in found if facts is not None]

    def judge_deeds(self, deeds: Sequence[Deed]) -> list[Found]:
        """Everything that is unusual about what one reader did; the deeds in the order in which they were done."""
        return [found for rule in self.habits if (found := rule.find(deeds)) is not None]

    @property
    def thresholds(self) -> dict[str, int | bool]:
        """Each threshold by its name."""
        return {
            name_of(rule, each): getattr(rule, each.name)
            for rule in (*self.looks, *self.habits)
            for each in fields(rule)
        }


def name_of(rule: Rule | type[Rule], each: Field[Any]) -> str:
    """How a threshold is called where it is kept and asked for."""
    return f"{rule.code}_{each.name}"


def build_rules(organisation_type: OrganisationType, changed: Mapping[str, int | bool] | None = None) -> RuleSet:
    """The rules of an organisation: as they come for its kind, with the thresholds that its privacy officer set."""
    set_here = {**_usual(organisation_type), **(changed or {})}
    return RuleSet(
        looks=tuple(_with(rule(), set_here) for rule in LOOK_RULES),
        habits=tuple(_with(rule(), set_here) for rule in HABIT_RULES),
    )


def _usual(organisation_type: OrganisationType) -> dict[str, int | bool]:
    usual: dict[str, int | bool] = {"no_relationship_is_asked": organisation_type not in CALLED_TO_STRANGERS}
    if organisation_type in CLOSED_AT_NIGHT:
        usual |= {"outside_hours_from_hour": 7, "outside_hours_until_hour": 22}
    return usual


def _with(rule: Kind, thresholds: Mapping[str, int | bool]) -> Kind:
    given = {each.name: thresholds[name_of(rule, each)] for each in fields(rule) if name_of(rule, each) in thresholds}
    return replace(rule, **given)  # type: ignore[arg-type]


def sentences(reasons: Mapping[str, Facts], who: str, whom: str) -> list[str]:
    """Why an alert is shown: one sentence for each rule, the surest first; rules that are gone say nothing."""
    return [rule.say(reasons[code], who, whom) for code, rule in RULES.items() if code in reasons]
