"""Two hundred made-up people who differ in everything that a card or a plan can say; the same ones every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from epaccs.access.rules import AUDIENCES, Tier
from epaccs.record.declared import sights
from epaccs.record.summary import RecordSummary, build_summary
from epaccs.versions.rules import Held, Material, Recorded, Value
from tests.record.people import (
    ADRT,
    ALLERGIES,
    CONFIRMED_DEATH,
    CONSENT,
    CONTACTS,
    DIAGNOSIS,
    ENDED_BY_DEATH,
    HART,
    IDENTITY,
    LEGAL,
    LIFECYCLE,
    LPA,
    MEDICINES,
    ORGANISATIONS,
    PLACES,
    PROFESSIONAL,
    RECORDED_AT,
    RELATIVE_REPORT,
    REPORT,
    REPORTED_DEATH,
    REVOKED,
    RISKS,
    STAMP,
    TREATMENT,
    WITHDRAWAL,
    a_decision,
    a_held,
    a_proposal,
    at,
)

COUNT = 200

#: Texts that must be shown as they are.
TEXTS = (
    "<script>alert(1)</script> & <b>bold</b>",
    "أفضل أن أبقى في البيت, 20-Nov-2026",
    "שלום",
    "{{ 7 * 7 }} {age} {% raw %} {days}",
    'O\'Neill & "Sons", ring 0113 4960000 24 h',
    "Zażółć gęślą jaźń 😀 阮",
    "one line\nanother line  with   spaces",
    "Does it end with a question?",
    "[[a confidence of the son]] and what everybody may know",
)
LONG = "Keep the window open. " * 20
MANY_LINES = "first\nsecond\nthird\nfourth\nfifth"

OLD = datetime(2026, 4, 2, 9, 30, tzinfo=UTC)
COPIED: Value = {**STAMP, "copied_by": {**STAMP, "clinician_id": "c9"}}


@dataclass(frozen=True)
class Specimen:
    """One of them, as one audience sees them. `has_namesake`: somebody of a similar name is on the register."""

    number: int
    material: Material
    tiers: frozenset[Tier]
    has_namesake: bool

    @property
    def summary(self) -> RecordSummary:
        """What the audience sees."""
        return build_summary(self.material, self.tiers, sights=sights(), organisations=ORGANISATIONS, number=7)


def make_specimens(count: int = COUNT) -> Iterator[Specimen]:
    """Each of them; the first have everything, in every audience."""
    for number in range(count):
        chance = Random(number)
        tiers = AUDIENCES[number % len(AUDIENCES)]
        material = _Maker(chance, UUID(int=(0x01939B6E << 96) + number), bare=number >= 20).make()
        yield Specimen(number, material, tiers, has_namesake=chance.random() < 0.2)


class _Maker:
    """Puts one person together out of what the register can hold."""

    def __init__(self, chance: Random, entry_id: UUID, *, bare: bool) -> None:
        self._chance, self._entry_id, self._bare = chance, entry_id, bare

    def make(self) -> Material:
        """The person."""
        lifecycle, cpr = self._life_and_decision()
        values = {
            "identity": self._identity(),
            "lifecycle": lifecycle,
            "consent": CONSENT,
            "cpr": cpr,
            "treatment_level": self._maybe(
                TREATMENT,
                {**TREATMENT, "guidance": self._text()},
                {**TREATMENT, "guidance": LONG, "clinical_focus": None},
                {**TREATMENT, "guidance": MANY_LINES},
            ),
            "legal": self._legal(),
            "allergies": self._maybe(
                ALLERGIES,
                {"status": "none_known"},
                {"status": "unavailable"},
                {"status": "known", "items": {"a": {"agent": self._text()}, "b": {"agent": "Latex", "reaction": "-"}}},
            ),
            "medicines": self._maybe(
                MEDICINES,
                {**MEDICINES, "last_checked_on": "2026-10-01", "syringe_driver": True},
                {"status": "authorised"},
                {"status": "in_home", "where": self._text()},
            ),
            "risks": self._risks(),
            "contingency": self._maybe(
                {"items": {"a": {"trigger": "Bleeding", "what_to_do": self._text(), "contact_name": "Night nurse"}}},
                {"items": {"a": {"trigger": "A fit", "what_to_do": LONG, "contact_telephone": "01632 960101"}}},
            ),
            "about_me": self._maybe({"most_important": self._text()}, {"most_important": LONG}),
            "communication": self._maybe({"spoken_language": self._text(), "interpreter": "needed"}),
            "diagnosis": self._maybe(
                DIAGNOSIS,
                {"primary": self._text(), "person_knows": False, "prognosis": "months", "prognosis_on": "2026-01-01"},
                {"other": "Diabetes"},
            ),
            "preferred_places": self._maybe(
                PLACES, {"care_first": "home", "care_note": self._text()}, {"death_first": "declined"}
            ),
            "contacts": self._contacts(),
        }
        sections = {name: self._recorded(name, value) for name, value in values.items() if value is not None}
        return Material(self._entry_id, sections, tuple(self._held()))

    def _text(self) -> str:
        return self._chance.choice(TEXTS)

    def _maybe(self, *values: Value) -> Value | None:
        """One of these; of most people, sometimes nothing."""
        choices: list[Value | None] = [*values, None] if self._bare else [*values]
        return self._chance.choice(choices)

    def _identity(self) -> Value:
        chance = self._chance
        changed: Value = chance.choice(
            [
                {},
                {"nhs_number_status": "02"},
                {"nhs_number": None, "no_nhs_number_reason": None, "nhs_number_status": None},
                {"address_restricted": True},
                {"family_name": "O'Neill-Ó Súilleabháin", "title": None, "preferred_name": None},
                {"family_name": "<b>Strasse ß</b>", "given_name": "שרה", "preferred_name": self._text()},
                {"care_home_ods": None, "address": "1 <i>Hill</i>\n& Dale", "postcode": None},
            ]
        )
        return {**IDENTITY, "born_on": f"19{chance.randint(20, 60)}-11-{chance.randint(10, 30)}", **changed}

    def _life_and_decision(self) -> tuple[Value, Value | None]:
        chance = self._chance
        review = {"review_on": f"2026-{chance.choice(['10', '11', '12'])}-{chance.randint(10, 30)}"}
        requests = {"review_requests": [RELATIVE_REPORT]} if chance.random() < 0.2 else {}
        told = {"aware": [], "person_not_told": "It would harm her"} if chance.random() < 0.2 else {}
        decision = a_decision(**review, **told)
        seen = {"document_seen": {"at": at(20), "by": "L Hart", "role": "paramedic"}}
        here = [
            {"decisions": [decision], **requests},
            {"decisions": [a_decision(recommendation="for_cpr", reason="benefit_expected", **review)], **requests},
            {"decisions": [a_decision(last_reviewed=None, original_location=self._text(), **review)]},
            {"decisions": [decision], "withdrawals": [WITHDRAWAL], **requests},
            {"proposals": [a_proposal(recorded_at=at(chance.randint(16, 20)))]},
            {"proposals": [REPORT]},
            {"proposals": [{**REPORT, **seen, "told_by": self._text()}]},
            {"decisions": [REVOKED], "proposals": [a_proposal()]},
            {"decisions": [REVOKED]},
            None,
        ]
        lives: list[tuple[Value, Any]] = [(LIFECYCLE, cpr) for cpr in here]
        alive = {"seen_alive": [{"by": HART, "at": at(21, 2)}, {"by": PROFESSIONAL, "at": at(21, 2, 30)}]}
        lives += [
            (CONFIRMED_DEATH, {"decisions": [ENDED_BY_DEATH]}),
            (CONFIRMED_DEATH, None),
            (REPORTED_DEATH, {"decisions": [decision]}),
            ({**CONFIRMED_DEATH, **alive}, {"decisions": [decision]}),
        ]
        return chance.choice(lives)

    def _legal(self) -> Value | None:
        withdrawn = {**ADRT, "withdrawn_on": "2026-11-01"}
        reported = {**ADRT, "document_seen_by": None, "document_seen_on": None, "refuses": self._text()}
        refuses_cpr = {**ADRT, "refuses_cpr": True, "is_witnessed": True, "refuses": LONG}
        statement = {"kind": "advance_statement", "refuses": self._text(), "made_on": "2026-01-02"}
        ended = {**LPA, "withdrawn_on": "2026-02-01"}
        deputy = {**LPA, "kind": "deputy", "name": self._text(), "is_registered": None}
        pool: Sequence[Value] = [ADRT, withdrawn, reported, refuses_cpr, statement, ended, deputy, LPA]
        chosen = self._chance.sample(pool, self._chance.randint(1, 4))
        return self._maybe(LEGAL, {"items": {f"{place}": one for place, one in enumerate(chosen)}})

    def _risks(self) -> Value | None:
        return self._maybe(
            RISKS,
            {"icd": "none", "other": self._text()},
            {"icd": "unknown", "alerts": ["bleeding"], "other": LONG, "key_safe_code": "4711"},
            {"infection": self._text(), "access_note": self._text(), "key_safe_place": self._text()},
        )

    def _contacts(self) -> Value | None:
        few = {
            "items": {
                "a": {"kind": "personal", "name": self._text(), "relationship": "son", "telephone": "07700 900321"},
                "b": {"kind": "professional", "name": "Nurses", "telephone": "0113 4960000", "is_24h": True},
                "c": {"kind": "personal", "name": "No number", "relationship": self._text()},
                "d": {"kind": "personal", "name": self._text(), "do_not_contact": True},
            }
        }
        return self._maybe(CONTACTS, few)

    def _recorded(self, name: str, value: Value) -> Recorded:
        """A section, entered lately or long ago, some of it copied from paper, confirmed since or not."""
        chance = self._chance
        recorded_at = chance.choice([RECORDED_AT, OLD])
        stamp = {**chance.choice([STAMP, STAMP, COPIED]), "recorded_at": recorded_at.isoformat()}
        keys = [key for key in value if key != "items"] + [f"items/{key}" for key in value.get("items", {})]
        confirmed = {"confirmed_at": RECORDED_AT, "confirmed_by": STAMP} if chance.random() < 0.2 else {}
        return Recorded(name, chance.randint(1, 5), value, dict.fromkeys(keys, stamp), recorded_at, **confirmed)

    def _held(self) -> Iterator[Held]:
        if self._chance.random() < 0.15:
            yield a_held("treatment_level", "put", {"level": "treat_at_home", "guidance": self._text()})
        if self._chance.random() < 0.15:
            yield a_held("allergies", "put", {"status": "none_known"})
        if self._chance.random() < 0.1:
            yield a_held("cpr", "sign", {"recommendation": "for_cpr"})
