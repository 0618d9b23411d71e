"""Made-up people in any number, the same for the same seed: names, homes, illnesses, wishes and decisions.

Some names are common and most are rare, as anywhere; what is recorded of one person hangs together.
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
from epaccs.core.nhs_number import SYNTHETIC_PREFIX, check_digit
from epaccs.demo.life import SENTENCES, WORDS, Colleagues, Life, Weighted, falling
from epaccs.demo.scenes import FOR, SCENES, Scene, add_attorney
from epaccs.demo.stories import Body, Story
from epaccs.register.schema import flatten_consent

_SIX_DIGITS: Final = 1_000_000
#: A step through the six free digits that meets each of them once, in no order that anybody sees.
_STRIDE: Final = 618_033
#: The first numbers are left to people who are written or entered by hand.
_BY_HAND: Final = 2_000
#: The time in the id of the first person, in milliseconds: the same whenever they are made.
_FIRST_ID: Final = 1_790_000_000_000


def synthetic_numbers(seed: int) -> Iterator[str]:
    """Every NHS number of the range that is given to nobody, once: there are not quite a million."""
    start = Random(f"numbers {seed}").randrange(_SIX_DIGITS)
    for place in range(_SIX_DIGITS):
        digits = (start + place * _STRIDE) % _SIX_DIGITS
        first_nine = f"{SYNTHETIC_PREFIX}{digits:06}"
        last = check_digit(first_nine)
        if last is not None and digits >= _BY_HAND:
            yield first_nine + last


def synthetic_numbers_by_hand() -> Iterator[str]:
    """The numbers that are left out above, after the few that written stories have."""
    for digits in range(100, _BY_HAND):
        last = check_digit(first_nine := f"{SYNTHETIC_PREFIX}{digits:06}")
        if last is not None:
            yield first_nine + last


# --- What a person is made of ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """What a person must show; None: whatever chance brings."""

    scene: str | None = None
    place: str | None = None
    register: str | None = None
    share: str | None = None
    level: str | None = None


class _Community:
    """The names of one community."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self.family, self.women, self.men = (falling(words[kind].split()) for kind in ("family", "women", "men"))


_COMMUNITIES: Final = {name: _Community(words) for name, words in WORDS["names"].items()}
_COMMUNITY: Final = Weighted({name: float(words["share"]) for name, words in WORDS["names"].items()})
_STARTS: Final = WORDS["tails"]["starts"].split()
_ENDS: Final = WORDS["tails"]["ends"].split()
_STREETS: Final = falling(WORDS["places"]["streets"].split())
_STREET_KINDS: Final = falling(WORDS["places"]["street_kinds"].split())
_ILLNESSES: Final[Sequence[Mapping[str, Any]]] = WORDS["illnesses"]
_ILLNESS: Final = Weighted({number: float(illness["share"]) for number, illness in enumerate(_ILLNESSES)})
_SCENE: Final = Weighted({name: scene.share for name, scene in SCENES.items()})
_PLACE: Final = Weighted(
    {
        "home": 40.0,
        "usual_residence": 14.0,
        "hospice": 14.0,
        "nursing_home": 6.0,
        "residential_home": 3.0,
        "hospital": 3.0,
    }
    | {"other_private_residence": 1.0, "community_hospital": 1.0, "undecided": 9.0, "declined": 4.0}
    | {"not_appropriate": 3.0, "unable": 2.0}
)
_LEVEL: Final = Weighted(
    {
        "full_escalation": 12.0,
        "ward_no_icu": 30.0,
        "hospital_for_symptoms": 18.0,
        "treat_at_home": 25.0,
        "comfort_only": 15.0,
    }
)
_REGISTER: Final = Weighted({"given": 97.0, "attorney": 3.0})
_SHARE: Final = Weighted({"as register": 95.0, "refused": 1.5, "not_asked": 2.0, "withdrawn": 1.5})
_TAIL: Final = 0.25  # of the English names: places somebody came from once
_OLDEST: Final = 104
_WOMEN: Final = frozenset({"Daughter", "Wife", "Sister", "Niece", "Granddaughter"})


def _family_name(chance: Random, community: str) -> str:
    if community == "english" and chance.random() < _TAIL:
        return chance.choice(_STARTS) + chance.choice(_ENDS)
    return _COMMUNITIES[community].family.pick(chance)


def choose_name(chance: Random) -> str:
    """The name of anybody."""
    community = _COMMUNITY.pick(chance)
    names = _COMMUNITIES[community]
    given = (names.women if chance.random() < 0.5 else names.men).pick(chance)
    return f"{given} {_family_name(chance, community)}"


def _street(chance: Random) -> str:
    if chance.random() < 0.5:
        return f"{chance.choice(_STARTS)}{chance.choice(_ENDS)} {_STREET_KINDS.pick(chance)}"
    return f"{_STREETS.pick(chance)} {_STREET_KINDS.pick(chance)}"


def _postcode(chance: Random, town: str) -> str:
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    district = sum(map(ord, town)) % 28 + 10
    return f"ND{district} {chance.randint(1, 9)}{chance.choice(letters)}{chance.choice(letters)}"


def _telephone(chance: Random) -> str:
    return f"01632 960{chance.randint(0, 999):03}"


def _mobile(chance: Random) -> str:
    return f"07700 900{chance.randint(0, 999):03}"


# --- One person ------------------------------------------------------------------------------------------------------


class PersonMaker:
    """Makes one person after another; each has a chance of their own, so that any can be made alone."""

    def __init__(self, seed: int | str, now: datetime) -> None:
        self._seed, self._now = seed, now

    def make(
        self,
        number: int,
        colleagues: Colleagues,
        nhs_number: str | None,
        wanted: Wanted = Wanted(),
    ) -> Story:
        """The story of one person.

        Args:
            number: which of all people of this seed.
            colleagues: who looks after them.
            nhs_number: None: they have none.
            wanted: what they must show.
        """
        return _Person(Random(f"{self._seed} {number}"), self._now, colleagues, nhs_number, wanted, number).story()


class _Person:
    """One person in the making: first who they are, then what was agreed, then what was done."""

    def __init__(
        self,
        chance: Random,
        now: datetime,
        colleagues: Colleagues,
        nhs_number: str | None,
        wanted: Wanted,
        number: int,
    ) -> None:
        self.chance, self.wanted, self.nhs_number = chance, wanted, nhs_number
        self.scene_name = wanted.scene or _SCENE.pick(chance)
        self.scene: Scene = SCENES[self.scene_name]
        self.illness = _ILLNESSES[_ILLNESS.pick(chance)]
        self.community = _COMMUNITY.pick(chance)
        self.is_woman = chance.random() < 0.54
        self.share = self._choose_share()
        has_capacity = self._choose_capacity()
        home_likely = self.illness["kind"] in ("frailty", "dementia")
        self.life = Life(
            chance=chance,
            now=now,
            colleagues=colleagues,
            entry_id=_entry_id(chance, number),
            registered_days_ago=chance.randint(24, 300),
            has_capacity=has_capacity,
            is_shared=self.share == "as register",
            has_key_worker=chance.random() < 0.75,
            lives_in_home=bool(colleagues.homes) and chance.random() < (0.4 if home_likely else 0.05),
        )

    def _choose_share(self) -> str:
        if self.wanted.share is not None:
            return self.wanted.share
        return "as register" if self.scene.is_shared else _SHARE.pick(self.chance)

    def _choose_capacity(self) -> bool:
        if self.scene.has_capacity is not None:
            return self.scene.has_capacity
        if self.wanted.register is not None:
            return self.wanted.register == "given"
        return self.chance.random() > (0.85 if self.illness["kind"] == "dementia" else 0.06)

    def story(self) -> Story:
        """The whole story."""
        life = self.life
        began = life.registered_days_ago + 0.99
        identity = self._identity()
        self._add_people(began - 0.02)
        sections = self._first_sections(began)
        self._add_documents()
        self._add_medicines()
        self.scene.play(life)
        self._end_sharing()
        return Story(
            entry_id=life.entry_id,
            registered_at=life.at(began),
            registered_by=life.gp,
            identity=identity,
            consent=self._consent(began),
            sections=sections,
            steps=tuple(sorted(life.steps, key=lambda step: step.at)),
        )

    # Who they are

    def _identity(self) -> Body:
        chance, life = self.chance, self.life
        who = life.colleagues
        given = self._given_name()
        has_carer = chance.random() < 0.7
        identity: Body = {
            "family_name": self._family_name(),
            "given_name": given,
            "title": chance.choice(["Mrs", "Mrs", "Mrs", "Miss", "Ms"]) if self.is_woman else "Mr",
            "born_on": self._born_on().isoformat(),
            "gender": "2" if self.is_woman else "1",
            **self._number(),
            **self._residence(),
            "usual_gp_name": who.gp_name,
            "practice_ods": who.practice_ods,
            "main_carer": "has_carer" if has_carer else chance.choice(["no_carer", "unknown"]),
        }
        if chance.random() < 0.12:
            identity["preferred_name"] = given.split()[0][:4].rstrip("aeiou-") + "ie"
        if chance.random() < 0.35:
            identity["mobile"] = _mobile(chance)
        if chance.random() < 0.004:
            identity["address_restricted"] = True
        if has_carer:
            identity["main_carer_name"] = self._add_close(identity["family_name"])
        if life.has_key_worker:
            identity["key_worker_name"] = who.key_worker_name
            identity["key_worker_ods"] = who.key_worker_ods
            identity["key_worker_telephone"] = who.key_worker_telephone
        return identity

    def _family_name(self) -> str:
        family = _family_name(self.chance, self.community)
        is_double = self.community == "english" and self.chance.random() < 0.025
        return f"{family}-{_family_name(self.chance, 'english')}" if is_double else family

    def _given_name(self) -> str:
        community = _COMMUNITIES[self.community]
        names = community.women if self.is_woman else community.men
        first = names.pick(self.chance)
        return f"{first} {names.pick(self.chance)}" if self.chance.random() < 0.1 else first

    def _born_on(self) -> date:
        young = self.illness["kind"] in ("cancer", "nerves", "organs")
        age = int(self.chance.gauss(70 if young else 83, 11 if young else 8))
        age = min(max(age, 19), _OLDEST)
        return self.life.now.date() - timedelta(days=age * 365 + age // 4 + self.chance.randint(1, 364))

    def _number(self) -> Body:
        if self.nhs_number is None:
            return {"no_nhs_number_reason": "not_known"}
        status = "01" if self.chance.random() < 0.96 else self.chance.choice(["02", "03"])
        return {"nhs_number": self.nhs_number, "nhs_number_status": status}

    def _residence(self) -> Body:
        chance, life = self.chance, self.life
        if life.lives_in_home:
            ods_code, address, postcode = chance.choice(life.colleagues.homes)
            room = f"Room {chance.randint(1, 60)}"
            return {"address": f"{room}\n{address}", "postcode": postcode, "care_home_ods": ods_code}
        town = life.colleagues.town
        house = (
            str(chance.randint(1, 240))
            if chance.random() < 0.85
            else f"Flat {chance.randint(1, 40)}, {chance.randint(1, 99)}"
        )
        address = f"{house} {_street(chance)}\n{town}"
        return {"address": address, "postcode": _postcode(chance, town), "telephone": _telephone(chance)}

    # What was agreed

    def _consent(self, began: float) -> Body:
        decided_on, register = self.life.day(began), self._register_status()
        answer = self._answer(register, decided_on)
        if self.share in ("as register", "withdrawn"):
            return flatten_consent({"register": answer, "share": answer})
        share = {"status": "not_asked"} if self.share == "not_asked" else self._answer("refused", decided_on)
        return flatten_consent({"register": answer, "share": share})

    def _register_status(self) -> str:
        if self.wanted.register is not None:
            return self.wanted.register
        return _REGISTER.pick(self.chance) if self.life.has_capacity else "best_interests"

    def _answer(self, status: str, decided_on: str) -> Body:
        match status:
            case "best_interests":
                by, basis = self.life.colleagues.gp_name, {"basis": "Family and nurses were asked; nobody objected."}
            case "attorney":
                by, basis = "The attorney for health and welfare", {}
            case _:
                by, basis = "The person", {}
        return {"status": status, "decided_by": by, "decided_on": decided_on, **basis}

    def _end_sharing(self) -> None:
        """The person does not want it shared any more: after everything else, so that others could write before."""
        if self.share != "withdrawn":
            return
        life = self.life
        began = life.day(life.registered_days_ago + 0.99)
        register = {"register_status": "given", "register_decided_by": "The person", "register_decided_on": began}
        share = {"share_status": "withdrawn", "share_decided_by": "The person", "share_decided_on": life.day(0.9)}
        life.do(0.1, life.gp, "consent", {**register, **share})

    # What was recorded

    def _first_sections(self, began: float) -> dict[str, Body]:
        """What the GP knows on the first day."""
        chance = self.chance
        sections = {"diagnosis": self._diagnosis(began)}
        if chance.random() < 0.8 or self.wanted.level or self.scene.level:
            sections["treatment_level"] = self._level(began)
        if chance.random() < 0.92:
            sections["allergies"] = self._allergies(began)
        if chance.random() < 0.82 or self.wanted.place:
            sections["preferred_places"] = self._places(began)
        if chance.random() < 0.7 or self.scene.icd:
            sections["risks"] = self._risks()
        return sections

    def _diagnosis(self, began: float) -> Body:
        chance = self.chance
        body: Body = {"primary": chance.choice(self.illness["names"])}
        if chance.random() < 0.7:
            body["other"] = chance.choice(self.illness["others"])
        if chance.random() < 0.8:
            body["prognosis"] = chance.choice(["weeks", "months", "months", "about_a_year", "more_than_a_year"])
            body["prognosis_on"] = self.life.day(began)
        if chance.random() < 0.6:
            body["person_knows"] = self.life.has_capacity
            body["carer_knows"] = True
        return body

    def _level(self, began: float) -> Body:
        chance = self.chance
        level = self.scene.level or self.wanted.level or self._likely_level()
        focus = {"full_escalation": "extend_life", "ward_no_icu": "balance"}.get(level, "comfort")
        body: Body = {"level": level, "clinical_focus": focus, "decided_on": self.life.day(began)}
        if chance.random() < 0.7:
            body["guidance"] = self._passage("guidance")
        if chance.random() < 0.4:
            body["agreed_with"] = "The person and those close" if self.life.has_capacity else "Family and the care team"
        return body

    def _likely_level(self) -> str:
        """Whoever is to be resuscitated is treated fully, but for the few whose record says otherwise."""
        is_for_cpr = self.scene_name.startswith(FOR) or self.scene_name in ("doubt_report", "doubt_advance_decision")
        return "full_escalation" if is_for_cpr else _LEVEL.pick(self.chance)

    def _allergies(self, began: float) -> Body:
        kind = self.chance.random()
        if kind < 0.3:
            for agent, reaction, certainty in self.chance.sample(SENTENCES["allergies"], 1 if kind < 0.22 else 2):
                item = {"agent": agent, "reaction": reaction, "certainty": certainty}
                self.life.put_item(began - 0.01, self.life.gp, "allergies", item)
            return {"status": "known"}
        return {"status": "unavailable" if kind < 0.36 else "none_known"}

    def _places(self, began: float) -> Body:
        first = self.wanted.place or _PLACE.pick(self.chance)
        usual = "usual_residence" if self.life.lives_in_home else "home"
        body: Body = {"care_first": usual, "death_first": first, "discussed_on": self.life.day(began)}
        if first == "other":
            body["death_first_address"] = "Her caravan by the sea" if self.is_woman else "His boat, moored at the wharf"
        elif first in ("home", "usual_residence"):
            body["death_first_is_usual_residence"] = True
        if first in PLACES and first != "hospice" and self.chance.random() < 0.4:
            body["death_second"] = "hospice"
        if self.chance.random() < 0.45:
            body["note"] = self._passage("wishes")
        return body

    def _risks(self) -> Body:
        chance, life = self.chance, self.life
        icd = self.scene.icd or chance.choice(["none"] * 12 + ["unknown", "deactivated"])
        body: Body = {"icd": icd, "pacemaker": chance.random() < 0.08, "oxygen": chance.random() < 0.12}
        for field, kind, share in (
            ("infection", "infections", 0.05),
            ("animals", "animals", 0.15),
            ("other", "risks", 0.2),
        ):
            if chance.random() < share:
                body[field] = life.pick(kind)
        if life.lives_in_home:
            return body
        if chance.random() < 0.6:
            body["access_note"] = life.pick("access")
        if chance.random() < 0.3:
            body["key_safe_place"] = life.pick("key_safes")
            body["key_safe_code"] = f"{chance.randint(0, 9999):04}"
        return body

    def _passage(self, kind: str) -> str:
        """A sentence or two; sometimes two or three paragraphs, as when somebody has had the conversation."""
        chance, sentences = self.chance, SENTENCES[kind]
        if chance.random() < 0.85:
            return " ".join(chance.sample(sentences, chance.randint(1, 3)))
        chosen = chance.sample(sentences, chance.randint(6, 10))
        return "\n\n".join(" ".join(chosen[start : start + 4]) for start in range(0, len(chosen), 4))

    # Who is near

    def _add_close(self, family_name: str) -> str:
        """Somebody close, of the same family name more often than not."""
        chance = self.chance
        community, kin = _COMMUNITIES[self.community], self.life.pick("kin")
        if kin == "Spouse":
            kin = "Husband" if self.is_woman else "Wife"
        is_woman = kin in _WOMEN or (kin in ("Partner", "Friend", "Neighbour") and chance.random() < 0.5)
        given = (community.women if is_woman else community.men).pick(chance)
        family = family_name if chance.random() < 0.65 else _family_name(chance, self.community)
        self.life.close.append((f"{given} {family}", kin))
        return f"{given} {family}"

    def _add_people(self, days_ago: float) -> None:
        chance, life = self.chance, self.life
        for place, (name, kin) in enumerate(life.close, start=2):
            knows = {"knows_diagnosis": True} if chance.random() < 0.7 else {}
            roles = ["next_of_kin", "main_carer"] if place == 2 else ["person_to_involve"]
            item = {"kind": "personal", "name": name, "relationship": kin, "mobile": _mobile(chance), "roles": roles}
            life.put_item(days_ago, life.gp, "contacts", {**item, **knows, "call_order": place})
        if life.has_key_worker and life.is_shared:
            who = life.colleagues
            team = {
                "kind": "professional",
                "name": who.key_worker_name,
                "telephone": who.key_worker_telephone,
                "is_24h": True,
                "roles": ["palliative_nurse", "hospice"] if who.key_worker_is_hospice else ["district_nurse"],
                "call_order": 1,
            }
            life.put_item(life.earlier(0.93, 0.98), life.nurse, "contacts", team)

    def _add_documents(self) -> None:
        chance, life = self.chance, self.life
        if self.scene_name != "by_attorney" and chance.random() < 0.15:
            authority = chance.choice(["yes", "yes", "no", "unknown"])
            add_attorney(life, life.earlier(0.92, 0.95), authority=authority)
        if chance.random() < 0.05:
            name = f"{_COMMUNITIES['english'].men.pick(chance)} {_family_name(chance, 'english')}"
            deputy = {"kind": "deputy", "name": name, "telephone": _mobile(chance), "authority_life_sustaining": "no"}
            life.put_item(life.earlier(0.92, 0.95), life.gp, "legal", deputy)
            life.proxies.append((name, "deputy"))
        if chance.random() < 0.06:
            statement = {"kind": "advance_statement", "refuses": life.pick("statements")}
            life.put_item(life.earlier(0.3, 0.9), life.nurse, "legal", statement)

    def _add_medicines(self) -> None:
        life = self.life
        if self.chance.random() > 0.4:
            return
        days_ago = life.earlier(0.05, 0.6)
        status = self.chance.choice(["in_home", "in_home", "in_home", "authorised", "not_arranged"])
        body: Body = {"status": status}
        if status == "in_home":
            body |= {"where": life.pick("medicines"), "chart_where": life.pick("charts")}
            body |= {"last_checked_on": life.day(days_ago), "syringe_driver": self.chance.random() < 0.2}
        life.do(days_ago, life.nurse, "medicines", body)


def _entry_id(chance: Random, number: int) -> UUID:
    """As the program makes them: one after another in time, then chance (UUID version 7)."""
    value = (_FIRST_ID + number) << 80 | 0x7 << 76 | chance.getrandbits(76)
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


# --- A demonstration that shows everything ---------------------------------------------------------------------------

#: Kinds of agreement, and who then sees the record.
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
    maker = PersonMaker("demonstration", now)
    numbers = synthetic_numbers_by_hand()
    for number, colleagues, wanted in zip(range(count), cycle(team), wanted_of_demonstration(), strict=False):
        yield maker.make(number, colleagues, next(numbers), wanted)


def outlying_people(count: int, now: datetime, colleagues: Colleagues) -> Iterator[Story]:
    """People of a practice that the services of the area do not reach: nobody but their own team writes."""
    maker = PersonMaker("outlying", now)
    numbers = islice(synthetic_numbers_by_hand(), 1000, None)
    scenes = cycle([name for name, scene in SCENES.items() if not scene.is_shared])
    for number, scene in zip(range(count), scenes, strict=False):
        yield maker.make(number, colleagues, next(numbers), Wanted(scene))
