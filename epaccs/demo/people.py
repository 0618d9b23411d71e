"""Made-up people in any number, the same for the same seed: who they are, what was agreed, and what was done.

What is recorded of one person hangs together: who lacks capacity agreed to nothing, and whoever does not share their
record has nobody but their practice writing in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import cycle, islice, repeat
from random import Random
from typing import Any, Final
from uuid import UUID

from epaccs.care_plans.sections.preferred_places import NO_PLACE, PLACES
from epaccs.care_plans.sections.treatment_level import LEVELS
from epaccs.demo import names, plans, wishes
from epaccs.demo.chance import WORDS, Weighted
from epaccs.demo.life import Colleagues, Life
from epaccs.demo.plans import Wanted
from epaccs.demo.scenes import SCENES
from epaccs.demo.stories import Body, Story
from epaccs.register.schema import flatten_consent

#: The time in the id of the first person, in milliseconds: the same whenever they are made.
_FIRST_ID: Final = 1_790_000_000_000
_OLDEST: Final = 104
_WOMEN: Final = frozenset({"Daughter", "Wife", "Sister", "Niece", "Granddaughter"})
_EITHER: Final = frozenset({"Partner", "Friend", "Neighbour"})

_ILLNESSES: Final[Sequence[Mapping[str, Any]]] = WORDS["illnesses"]
_ILLNESS: Final = Weighted({number: float(illness["share"]) for number, illness in enumerate(_ILLNESSES)})
_SCENE: Final = Weighted({name: scene.share for name, scene in SCENES.items()})
_PREFERRED: Final[Mapping[str, str]] = WORDS["preferred"]
_REGISTER: Final = Weighted({"given": 97.0, "attorney": 3.0})
_SHARE: Final = Weighted({"as register": 95.0, "refused": 1.5, "not_asked": 2.0, "withdrawn": 1.5})


def entry_id_of(seed: int | str, number: int) -> UUID:
    """The id of a person, known before they are made; as the program makes ids: one after another, then chance."""
    value = (_FIRST_ID + number) << 80 | 0x7 << 76 | Random(f"id {seed} {number}").getrandbits(76)
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


@dataclass(frozen=True)
class PersonMaker:
    """Makes one person after another; each has a chance of their own, so that any can be made alone."""

    seed: int | str
    now: datetime

    def make(self, number: int, colleagues: Colleagues, nhs_number: str | None, wanted: Wanted | None = None) -> Story:
        """The story of one person.

        Args:
            number: which of all people of this seed.
            colleagues: who looks after them.
            nhs_number: None: they have none.
            wanted: what they must show; None: whatever chance brings.
        """
        chance = Random(f"{self.seed} {number}")
        person = _Person(chance, wanted or Wanted())
        life = person.begin(self.now, colleagues, entry_id_of(self.seed, number))
        return person.story(life, nhs_number)


class _Person:
    """One person in the making."""

    def __init__(self, chance: Random, wanted: Wanted) -> None:
        self.chance, self.wanted = chance, wanted
        self.scene_name = wanted.scene or _SCENE.pick(chance)
        self.scene = SCENES[self.scene_name]
        self.illness = _ILLNESSES[_ILLNESS.pick(chance)]
        self.community = names.choose_community(chance)
        self.is_woman = chance.random() < 0.54
        self.share = self._choose_share()

    def _choose_share(self) -> str:
        if self.wanted.share is not None:
            return self.wanted.share
        return "as register" if self.scene.is_shared else _SHARE.pick(self.chance)

    def begin(self, now: datetime, colleagues: Colleagues, entry_id: UUID) -> Life:
        """The life in which everything else happens."""
        chance, likely_in_home = self.chance, self.illness["kind"] in ("frailty", "dementia")
        return Life(
            chance=chance,
            now=now,
            colleagues=colleagues,
            entry_id=entry_id,
            registered_days_ago=chance.randint(24, 300),
            has_capacity=self._choose_capacity(),
            is_shared=self.share == "as register",
            has_key_worker=chance.random() < 0.75,
            lives_in_home=bool(colleagues.homes) and chance.random() < (0.4 if likely_in_home else 0.05),
        )

    def _choose_capacity(self) -> bool:
        if self.scene.has_capacity is not None:
            return self.scene.has_capacity
        if self.wanted.register is not None:
            return self.wanted.register == "given"
        return self.chance.random() > (0.85 if self.illness["kind"] == "dementia" else 0.06)

    def story(self, life: Life, nhs_number: str | None) -> Story:
        """The whole story."""
        began = life.registered_days_ago + 0.99
        identity = life.identity = self._identity(life, nhs_number)
        plans.add_people(life, began - 0.02)
        sections = plans.first_sections(life, self.illness, self.scene, self.wanted, is_woman=self.is_woman)
        plans.add_documents(life, self.community, has_attorney=self.scene_name == "by_attorney")
        plans.add_medicines(life)
        wishes.add_whole_plan(life, born_on=date.fromisoformat(identity["born_on"]))
        if not self.scene.is_death:
            plans.add_review(life)
        self.scene.play(life)
        life.look()
        self._end_sharing(life)
        return Story(
            entry_id=life.entry_id,
            registered_at=life.at(began),
            registered_by=life.gp,
            identity=identity,
            consent=self._consent(life, began),
            sections=sections,
            steps=tuple(sorted(life.steps, key=lambda step: step.at)),
        )

    # Who they are

    def _identity(self, life: Life, nhs_number: str | None) -> Body:
        chance, who = self.chance, life.colleagues
        identity: Body = {
            "family_name": names.choose_family_name(chance, self.community),
            "given_name": self._given_name(),
            "title": chance.choice(["Mrs", "Mrs", "Mrs", "Miss", "Ms"]) if self.is_woman else "Mr",
            "born_on": self._born_on(life.now.date()).isoformat(),
            "gender": "2" if self.is_woman else "1",
            **self._number(nhs_number),
            **self._residence(life),
            "usual_gp_name": who.gp_name,
            "practice_ods": who.practice_ods,
            **self._carer(life),
        }
        preferred = _PREFERRED.get(identity["given_name"])
        if preferred and chance.random() < 0.4:
            identity["preferred_name"] = preferred
        if chance.random() < 0.35:
            identity["mobile"] = names.choose_mobile(chance)
        if chance.random() < 0.004:
            identity["address_restricted"] = True
        if life.has_key_worker:
            identity["key_worker_name"] = who.key_worker_name
            identity["key_worker_ods"] = who.key_worker_ods
            identity["key_worker_telephone"] = who.key_worker_telephone
        self._add_close(life, identity)
        return identity

    def _given_name(self) -> str:
        parts = 2 if self.chance.random() < 0.1 else 1
        chosen = (names.choose_given_name(self.chance, self.community, is_woman=self.is_woman) for _ in range(parts))
        return " ".join(chosen)

    def _born_on(self, today: date) -> date:
        young = self.illness["kind"] in ("cancer", "nerves", "organs")
        age = int(self.chance.gauss(70 if young else 83, 11 if young else 8))
        age = min(max(age, 19), _OLDEST)
        return today - timedelta(days=age * 365 + age // 4 + self.chance.randint(1, 364))

    def _number(self, nhs_number: str | None) -> Body:
        if nhs_number is None or self.chance.random() < 0.005:
            return {"no_nhs_number_reason": "not_known"}
        status = "01" if self.chance.random() < 0.96 else self.chance.choice(["02", "03"])
        return {"nhs_number": nhs_number, "nhs_number_status": status}

    def _residence(self, life: Life) -> Body:
        chance, town = self.chance, life.colleagues.town
        if life.lives_in_home:
            ods_code, address, postcode = chance.choice(life.colleagues.homes)
            return {
                "address": f"Room {chance.randint(1, 60)}\n{address}",
                "postcode": postcode,
                "care_home_ods": ods_code,
            }
        return {
            "address": f"{names.choose_house(chance)} {names.choose_street(chance)}\n{town}",
            "postcode": names.choose_postcode(chance, town),
            "telephone": names.choose_telephone(chance),
        }

    def _carer(self, life: Life) -> Body:
        """Whether somebody cares for them; who it is follows when the family name is known."""
        if self.chance.random() < 0.7:
            kin = life.pick("kin")
            life.close.append(("", ("Husband" if self.is_woman else "Wife") if kin == "Spouse" else kin))
            return {"main_carer": "has_carer"}
        return {"main_carer": self.chance.choice(["no_carer", "unknown"])}

    def _add_close(self, life: Life, identity: Body) -> None:
        """Name whoever cares for them: of the same family name more often than not."""
        chance = self.chance
        for place, (_unnamed, kin) in enumerate(life.close):
            is_woman = kin in _WOMEN or (kin in _EITHER and chance.random() < 0.5)
            given = names.choose_given_name(chance, self.community, is_woman=is_woman)
            family = identity["family_name"]
            if chance.random() > 0.65:
                family = names.choose_family_name(chance, self.community)
            life.close[place] = (f"{given} {family}", kin)
            identity["main_carer_name"] = f"{given} {family}"

    # What was agreed

    def _consent(self, life: Life, began: float) -> Body:
        decided_on, status = life.day(began), self._register_status(life)
        register = _answer(status, decided_on, life)
        match self.share:
            case "not_asked":
                share: Body = {"status": "not_asked"}
            case "refused":
                share = _answer("refused", decided_on, life)
            case _:
                share = register
        return flatten_consent({"register": register, "share": share})

    def _register_status(self, life: Life) -> str:
        if self.wanted.register is not None:
            return self.wanted.register
        return _REGISTER.pick(self.chance) if life.has_capacity else "best_interests"

    def _end_sharing(self, life: Life) -> None:
        """The person does not want it shared any more; what was agreed before stays on record."""
        if self.share != "withdrawn":
            return
        register = _answer("given", life.day(life.registered_days_ago + 0.99), life)
        share = {"status": "withdrawn", "decided_by": "The person", "decided_on": life.day(0.9)}
        life.do(0.1, life.gp, "consent", flatten_consent({"register": register, "share": share}))


def _answer(status: str, decided_on: str, life: Life) -> Body:
    answer: Body = {"status": status, "decided_on": decided_on}
    match status:
        case "best_interests":
            basis = "Family and nurses were asked; nobody objected."
            return {**answer, "decided_by": life.colleagues.gp_name, "basis": basis}
        case "attorney":
            return {**answer, "decided_by": "The attorney for health and welfare"}
        case _:
            return {**answer, "decided_by": "The person"}


# --- A demonstration that shows everything ---------------------------------------------------------------------------

#: Agreements to be on the register and to share, and whether the record is then shared.
_AGREEMENTS: Final = (
    ("given", "refused"),
    ("given", "not_asked"),
    ("given", "withdrawn"),
    ("best_interests", "as register"),
    ("attorney", "as register"),
)


def wanted_of_demonstration() -> Iterator[Wanted]:
    """What the generated people of the demonstration must show, so that nothing is missing; after that, anything."""
    places, levels = cycle([*PLACES, *NO_PLACE]), cycle(LEVELS)
    yield from (Wanted(scene=name, place=next(places)) for name in SCENES)
    for register, share in _AGREEMENTS:
        scene = "not_for_cpr" if register == "given" else "none"
        yield Wanted(scene, next(places), register, share)
    yield from (Wanted(place=next(places), level=next(levels)) for _ in LEVELS)
    yield from repeat(Wanted())


def demonstration_people(count: int, now: datetime, team: Sequence[Colleagues]) -> Iterator[Story]:
    """The generated people of the demonstration, cared for by one after another of the team."""
    maker, numbers = PersonMaker("demonstration", now), names.demonstration_numbers()
    for number, colleagues, wanted in zip(range(count), cycle(team), wanted_of_demonstration(), strict=False):
        yield maker.make(number, colleagues, next(numbers), wanted)


def outlying_people(count: int, now: datetime, colleagues: Colleagues) -> Iterator[Story]:
    """People of a practice that the services of the area do not reach: nobody but their own team writes."""
    maker, numbers = PersonMaker("outlying", now), islice(names.demonstration_numbers(), 1000, None)
    scenes = cycle([name for name, scene in SCENES.items() if not scene.is_shared])
    for number, scene in zip(range(count), scenes, strict=False):
        yield maker.make(number, colleagues, next(numbers), Wanted(scene))
