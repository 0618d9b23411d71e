"""100,000 made-up accesses of a month, in which some are unusual and it is known which: how many the rules find.

Nothing of it needs a database: the rules are pure. The background is everyday work with everything innocent that looks
alike: namesakes by chance, meetings at which thirty people are opened, a doctor who looks something up at night, what
must be done after a death, tablets whose copy did not know of a death yet, the care team of a person in the news. The
out-of-hours service keeps a rota: people come early and stay late, and a few swap and tell nobody.

Two people at work in a hundred have told their address and NHS number: fewer than would be good.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from bench.people import FAMILY_NAMES, make_people
from epaccs.clinicians.rules import OrganisationType
from epaccs.oversight.rules.likeness import (
    Likeness,
    Particulars,
    home_of,
    liken,
    read_person_names,
    read_worker_name,
)
from epaccs.oversight.rules.unusual import RULES, Death, Deed, Did, Look, Person, RuleSet, build_rules
from epaccs.rosters.rules import Span

ACCESSES: Final = 100_000
PEOPLE: Final = 20_000
READERS: Final = 1_500
#: Of each kind.
SEEDED: Final = 25
FIRST_DAY: Final = datetime(2026, 10, 1, tzinfo=UTC)
DAYS: Final = 28

#: People at work are of another generation than most whom they look after.
_GIVEN: Final = (
    *("Chloe", "Emma", "Priya", "Aisha", "Jack", "Daniel", "Sophie", "Laura", "Hannah", "Amy", "Rachel", "Kate"),
    *("Tom", "James", "Ben", "Adam", "Zara", "Olivia", "Megan", "Lucy", "Ryan", "Liam", "Josh", "Sam", "Alex"),
    *("Charlotte", "Natalie", "Gemma", "Claire", "Nicola", "Simon", "Paul", "Mark", "Andrew", "Ewa", "Agnieszka"),
    *("Chidi", "Ngozi", "Imran", "Sana"),
)
_KINDS: Final = {
    OrganisationType.GP_PRACTICE: 20,
    OrganisationType.COMMUNITY: 4,
    OrganisationType.HOSPICE: 2,
    OrganisationType.AMBULANCE: 1,
    OrganisationType.OUT_OF_HOURS: 1,
    OrganisationType.ACUTE: 2,
}


@dataclass(frozen=True)
class Worker:
    """A made-up reader."""

    id: UUID
    place: int
    kind: OrganisationType
    particulars: Particulars


@dataclass
class World:
    """Everything that was done, and what of it is unusual: by rule, the reader and the person or None."""

    workers: list[Worker]
    people: list[Person]
    looks: list[tuple[Worker, Look]] = field(default_factory=list)
    deeds: dict[UUID, list[Deed]] = field(default_factory=lambda: defaultdict(list))
    seeded: dict[str, set[tuple[UUID, UUID | None]]] = field(default_factory=lambda: defaultdict(set))
    _number: int = 0

    @property
    def accesses(self) -> int:
        """How much was done."""
        return sum(map(len, self.deeds.values()))

    def next_id(self) -> UUID:
        """Of one deed."""
        self._number += 1
        return UUID(int=self._number)

    def open(self, worker: Worker, person: Person, at: datetime, **about: object) -> None:
        """One look."""
        look = Look(self.next_id(), at, worker.particulars, person, at)
        self.looks.append((worker, replace(look, **about)))  # type: ignore[arg-type]
        self.deeds[worker.id].append(Deed(look.event_id, at, Did.OPENED, person.entry_id))

    def search(self, worker: Worker, at: datetime) -> None:
        """One search that found somebody."""
        self.deeds[worker.id].append(Deed(self.next_id(), at, Did.SEARCHED))

    def emergency(self, worker: Worker, person: Person, at: datetime) -> None:
        """Somebody out of scope was opened in an emergency."""
        self.deeds[worker.id].append(Deed(self.next_id(), at, Did.EMERGENCY, person.entry_id))
        self.open(worker, person, at + timedelta(seconds=5), is_emergency=True, has_relationship=False)


# Who is there


def make_world(*, seed: int = 1, accesses: int = ACCESSES) -> World:
    """Everyday work, and in it so many cases of each kind."""
    chance = random.Random(seed)
    people = list(_make_persons())
    world = World(list(_make_workers(chance)), people)
    for kind in _CASES:
        for _ in range(SEEDED):
            kind(world, chance)
    _add_innocents(world, chance)
    while world.accesses < accesses:
        _work_a_day(world, chance)
    return world


def _make_persons() -> Iterator[Person]:
    made = list(make_people(PEOPLE))
    names = [read_person_names(one.identity) for one in made]
    count = Counter(family for _, families in names for family in families)
    for one, (givens, families) in zip(made, names, strict=True):
        identity = one.identity
        yield Person(
            one.entry_id,
            Particulars(
                givens,
                families,
                identity.get("nhs_number"),
                identity["born_on"],
                home_of(identity["address"], identity["postcode"]),
            ),
            namesakes=max(count[family] for family in families),
        )


def _make_workers(chance: random.Random) -> Iterator[Worker]:
    places = [(place, kind) for place, kind in enumerate(kind for kind, many in _KINDS.items() for _ in range(many))]
    for number, family in enumerate(FAMILY_NAMES.choose(chance, READERS)):
        place, kind = places[number % len(places)]
        names = read_worker_name(f"{chance.choice(_GIVEN)} {family}")
        told = number % 50 == 0
        particulars = Particulars(
            *names,
            nhs_key=f"staff {number}" if told else None,
            born_key=f"staff {number}" if told else None,
            home_key=f"home of staff {number}" if told else None,
        )
        yield Worker(UUID(int=10**9 + number), place, kind, particulars)


def _like_colleagues(world: World, worker: Worker, person: Person) -> Person:
    """The person, with how far they may be somebody at the reader's place."""
    mates = _mates(world)[worker.place]
    alike = [
        liken(mate.particulars, person.particulars)
        for family in person.particulars.families
        for mate in mates.get(family, ())
        if mate.id != worker.id
    ]
    found = max(alike, key=list(Likeness).index, default=Likeness.NONE)
    return replace(person, colleague=found) if found is not Likeness.NONE else person


_Mates = dict[int, dict[str, list[Worker]]]
_known_mates: dict[int, _Mates] = {}


def _mates(world: World) -> _Mates:
    if id(world) not in _known_mates:
        _known_mates.clear()
        mates: _Mates = defaultdict(lambda: defaultdict(list))
        for worker in world.workers:
            for family in worker.particulars.families:
                mates[worker.place][family].append(worker)
        _known_mates[id(world)] = mates
    return _known_mates[id(world)]


# Everyday work


def _by_day(chance: random.Random) -> datetime:
    return FIRST_DAY + timedelta(days=chance.randrange(DAYS), hours=chance.uniform(8, 17))


def _at_night(chance: random.Random) -> datetime:
    return FIRST_DAY + timedelta(days=chance.randrange(DAYS), hours=chance.uniform(0.5, 2.5))


def _somebody(world: World, worker: Worker, chance: random.Random) -> Person:
    """A practice, a team and a hospice have people of their own; whoever is called meets anybody."""
    if worker.kind in (OrganisationType.AMBULANCE, OrganisationType.OUT_OF_HOURS, OrganisationType.ACUTE):
        person = chance.choice(world.people)
    else:
        size = PEOPLE // 26
        person = world.people[(worker.place * size + chance.randrange(size)) % PEOPLE]
    return _like_colleagues(world, worker, person)


def _work_a_day(world: World, chance: random.Random) -> None:
    """One to eight people over a shift, each searched for before they are opened."""
    worker = chance.choice(world.workers)
    closes = worker.kind is OrganisationType.GP_PRACTICE
    start = _by_day(chance) if closes else FIRST_DAY + timedelta(days=chance.uniform(0, DAYS))
    sessions = _rostered(worker, start, chance)
    is_called = worker.kind in (OrganisationType.AMBULANCE, OrganisationType.OUT_OF_HOURS, OrganisationType.ACUTE)
    for _ in range(chance.randint(1, 8)):
        start += timedelta(minutes=chance.uniform(1, 50))
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            world.search(worker, start - timedelta(seconds=20))
        person = _somebody(world, worker, chance)
        for _ in range(chance.choice((1, 1, 2))):
            has_relationship = not is_called or chance.random() < 0.3
            world.open(worker, person, start, has_relationship=has_relationship, sessions=sessions)


def _rostered(worker: Worker, start: datetime, chance: random.Random) -> tuple[Span, ...] | None:
    """The session on which a shift is worked, begun up to an hour and a half before or after it; None: no rota."""
    if worker.kind is not OrganisationType.OUT_OF_HOURS:
        return None
    begun = start + timedelta(hours=chance.uniform(-1.5, 1.5))
    return (Span(begun, begun + timedelta(hours=8)),)


def _add_innocents(world: World, chance: random.Random) -> None:
    """What looks unusual and is not."""
    for _ in range(60):
        _meet(world, chance)
    for _ in range(300):
        worker = _one(world, chance, OrganisationType.GP_PRACTICE)
        world.open(worker, _somebody(world, worker, chance), _at_night(chance))
    for _ in range(600):
        _look_after_death(world, chance)
    for _ in range(400):
        _look_on_a_stale_tablet(world, chance)
    for _ in range(4):
        _look_after_somebody_in_the_news(world, chance)
    for _ in range(10):
        _swap(world, chance)
    for _ in range(100):
        worker = _one(world, chance, OrganisationType.HOSPICE, OrganisationType.COMMUNITY)
        world.emergency(worker, _somebody(world, worker, chance), _by_day(chance))


def _meet(world: World, chance: random.Random) -> None:
    """A meeting about everybody on a list."""
    worker, at = _one(world, chance, OrganisationType.GP_PRACTICE), _by_day(chance)
    for _ in range(chance.randint(20, 36)):
        at += timedelta(minutes=1.5)
        world.open(worker, _somebody(world, worker, chance), at)


def _look_after_death(world: World, chance: random.Random) -> None:
    """What must be done after a death, within weeks of it."""
    worker, at = chance.choice(world.workers), _by_day(chance)
    on = at.date() - timedelta(days=chance.randint(0, 40))
    death = Death(on, datetime.combine(on, at.timetz()), number=100)
    world.open(worker, replace(_somebody(world, worker, chance), death=death), at)


def _look_on_a_stale_tablet(world: World, chance: random.Random) -> None:
    """The death was recorded, late, after the copy that was shown was made."""
    worker, at = _one(world, chance, OrganisationType.AMBULANCE), _by_day(chance)
    death = Death(at.date() - timedelta(days=60), at - timedelta(hours=3), number=100)
    person = replace(_somebody(world, worker, chance), death=death)
    world.open(worker, person, at, shown_number=99, knew_at=at - timedelta(hours=10))


def _look_after_somebody_in_the_news(world: World, chance: random.Random) -> None:
    """Five of a team who look after them: each of these is told, since nobody can know."""
    person = replace(chance.choice(world.people), is_watched=True)
    for _ in range(5):
        worker = _one(world, chance, OrganisationType.COMMUNITY)
        world.open(worker, person, _by_day(chance))


def _swap(world: World, chance: random.Random) -> None:
    """A swap that nobody wrote down: each person of that night is told, since nobody can know."""
    worker, at = _one(world, chance, OrganisationType.OUT_OF_HOURS), _at_night(chance)
    for _ in range(chance.randint(1, 4)):
        at += timedelta(minutes=40)
        world.open(worker, _somebody(world, worker, chance), at, sessions=())


def _one(world: World, chance: random.Random, *kinds: OrganisationType) -> Worker:
    while True:
        worker = chance.choice(world.workers)
        if worker.kind in kinds:
            return worker


# What is unusual


def _note(world: World, code: str, worker: Worker, person: Person | None = None) -> None:
    world.seeded[code].add((worker.id, person.entry_id if person else None))


def _teller(world: World, chance: random.Random) -> Worker:
    """Somebody who told what can be compared."""
    return chance.choice([one for one in world.workers if one.particulars.nhs_key])


def own_record(world: World, chance: random.Random) -> None:
    """By the NHS number, or by the name alone."""
    worker = _teller(world, chance) if chance.random() < 0.5 else chance.choice(world.workers)
    about = replace(worker.particulars, home_key=None)
    person = Person(UUID(int=2 * 10**9 + len(world.looks)), about, namesakes=500)
    world.open(worker, person, _by_day(chance))
    _note(world, "own_record", worker, person)


def same_household(world: World, chance: random.Random) -> None:
    """Somebody of another name in the same house."""
    worker, person = _teller(world, chance), chance.choice(world.people)
    person = replace(person, particulars=replace(person.particulars, home_key=worker.particulars.home_key))
    world.open(worker, person, _by_day(chance))
    _note(world, "same_household", worker, person)


def own_family_name(world: World, chance: random.Random) -> None:
    """One of the family; their name is not a common one, since that tells nobody apart."""
    worker, person = chance.choice(world.workers), chance.choice(world.people)
    particulars = replace(person.particulars, families=worker.particulars.families)
    person = replace(person, particulars=particulars, namesakes=chance.randint(1, 100))
    world.open(worker, person, _by_day(chance))
    _note(world, "own_family_name", worker, person)


def colleague(world: World, chance: random.Random) -> None:
    """Somebody who told their NHS number is looked up by a colleague."""
    worker = chance.choice(world.workers)
    person = replace(chance.choice(world.people), colleague=Likeness.SURE)
    world.open(worker, person, _by_day(chance))
    _note(world, "colleague", worker, person)


def in_the_news(world: World, chance: random.Random) -> None:
    """Curiosity."""
    worker, person = chance.choice(world.workers), replace(chance.choice(world.people), is_watched=True)
    world.open(worker, person, _by_day(chance))
    _note(world, "in_the_news", worker, person)


def after_death(world: World, chance: random.Random) -> None:
    """Months after the death; half of them on a tablet whose copy said so."""
    worker, at = chance.choice(world.workers), _by_day(chance)
    on = date(2026, 10, 1) - timedelta(days=chance.randint(45, 300))
    person = replace(chance.choice(world.people), death=Death(on, datetime(2026, 1, 1, tzinfo=UTC), number=100))
    world.open(worker, person, at, shown_number=chance.choice((None, 100, 140)))
    _note(world, "after_death", worker, person)


def no_relationship(world: World, chance: random.Random) -> None:
    """Somebody's neighbour, opened from a team that does not know them."""
    worker, person = _one(world, chance, OrganisationType.COMMUNITY), chance.choice(world.people)
    world.open(worker, person, _by_day(chance), has_relationship=False)
    _note(world, "no_relationship", worker, person)


def no_session(world: World, chance: random.Random) -> None:
    """From home, on a day off: the last session ended hours before, or the next begins hours after."""
    worker, person, at = (
        _one(world, chance, OrganisationType.OUT_OF_HOURS),
        chance.choice(world.people),
        _by_day(chance),
    )
    begun = at + timedelta(hours=chance.choice((-10.5, -14, -20, 2.5, 9)))
    world.open(worker, person, at, sessions=(Span(begun, begun + timedelta(hours=8)),))
    _note(world, "no_session", worker, person)


def many_people(world: World, chance: random.Random) -> None:
    """A list is copied down."""
    worker, at = chance.choice(world.workers), _by_day(chance)
    for _ in range(chance.randint(45, 120)):
        at += timedelta(seconds=20)
        world.open(worker, _somebody(world, worker, chance), at)
    _note(world, "many_people", worker)


def searches_only(world: World, chance: random.Random) -> None:
    """Who of the street is on the register."""
    worker, at = chance.choice(world.workers), _at_night(chance)
    for _ in range(chance.randint(14, 30)):
        at += timedelta(minutes=1)
        world.search(worker, at)
    _note(world, "searches_only", worker)


def outside_hours(world: World, chance: random.Random) -> None:
    """From home, at night, in a practice that is closed."""
    worker, at = _one(world, chance, OrganisationType.GP_PRACTICE), _at_night(chance)
    for _ in range(chance.randint(4, 9)):
        at += timedelta(minutes=4)
        world.open(worker, _somebody(world, worker, chance), at)
    _note(world, "outside_hours", worker)


def repeated_emergency(world: World, chance: random.Random) -> None:
    """An emergency every day."""
    worker, at = _one(world, chance, OrganisationType.HOSPICE), _by_day(chance)
    for day in range(chance.randint(3, 6)):
        world.emergency(worker, _somebody(world, worker, chance), at + timedelta(days=day))
    _note(world, "repeated_emergency", worker)


_CASES: Final[tuple[Callable[[World, random.Random], None], ...]] = (
    own_record,
    same_household,
    own_family_name,
    colleague,
    in_the_news,
    after_death,
    no_relationship,
    no_session,
    many_people,
    searches_only,
    outside_hours,
    repeated_emergency,
)
assert {case.__name__ for case in _CASES} == set(RULES)


# What the rules find


@dataclass(frozen=True)
class Measured:
    """What was found: an alert is one reader with one person, or one habit of one reader, as an officer sees it."""

    accesses: int
    seeded: dict[str, int]
    found: dict[str, int]
    false_alarms: dict[str, int]
    alerts: int

    @property
    def missed(self) -> int:
        """Cases that no rule found."""
        return sum(self.seeded.values()) - sum(self.found.values())

    @property
    def false_share(self) -> float:
        """Of a thousand accesses, how many alerts were about nothing."""
        return 1000 * sum(self.false_alarms.values()) / self.accesses


def measure_rules(world: World) -> Measured:
    """Judge everything with the rules as they come, and compare with what is known."""
    rules = {kind: build_rules(kind) for kind in _KINDS}
    told = _judge(world, rules)
    seeded = {code: set(cases) for code, cases in world.seeded.items()}
    guilty = {case for cases in seeded.values() for case in cases}
    false = Counter(next(iter(codes)) for cause, codes in told.items() if cause not in guilty)
    return Measured(
        accesses=world.accesses,
        seeded={code: len(cases) for code, cases in seeded.items()},
        found={code: sum(code in told.get(case, {}) for case in cases) for code, cases in seeded.items()},
        false_alarms=dict(false),
        alerts=len(told),
    )


def _judge(
    world: World, rules: dict[OrganisationType, RuleSet]
) -> dict[tuple[UUID, UUID | str | None], dict[str, None]]:
    """By reader and person, or by reader: the rules that found something, the surest first."""
    told: dict[tuple[UUID, UUID | str | None], dict[str, None]] = defaultdict(dict)
    for worker, look in world.looks:
        for found in rules[worker.kind].judge_look(look):
            told[worker.id, look.person.entry_id][found.code] = None
    for worker in world.workers:
        deeds = sorted(world.deeds.get(worker.id, ()), key=lambda deed: deed.at)
        for found in rules[worker.kind].judge_deeds(deeds):
            told[worker.id, None][found.code] = None
    return told
