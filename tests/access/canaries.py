"""A made-up person in whose record every field of every section says a word of its own; made from the declarations.

Wherever one of the words turns up, that field was shown: on a page, in a form, on paper, in what a tablet is sent, in a
refusal. Which audience may read it follows from the declared tier of the field alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from epaccs.access.rules import Tier
from epaccs.care_plans.actions import add_local_question
from epaccs.care_plans.queries import find_local_questions
from epaccs.care_plans.rules import LocalKind
from epaccs.care_plans.sections import SECTIONS, SectionDeclaration, tier_of
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.forms import ConceptCode, FormField, FreeText, ShortText
from epaccs.core.identifiers import new_id
from epaccs.observations.actions import observe
from epaccs.observations.rules import What
from epaccs.record.declared import sights
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from tests.care_plans.answers import TOGETHER, answer_to
from tests.cpr_decisions.stories import a_body
from tests.factories import a_clinician, a_consent, a_registered_person, an_edit, an_organisation
from tests.scans.papers import keep_a_paper

WORD: Final = re.compile(r"Canary\d{4}")


@dataclass(frozen=True)
class Canary:
    """One word, and who may read it.

    `is_passage`: from or about somebody else. `is_masked`: asked for by itself. `is_now`: it stands in the record as it
    is now, not only in its history or in what waits.
    """

    word: str
    place: str
    tier: Tier
    needs: bool = False
    is_passage: bool = False
    is_masked: bool = False
    is_now: bool = True

    def is_for(self, tiers: frozenset[Tier]) -> bool:
        """Whether an audience may read it; of a masked one they read only that it is there."""
        if self.is_masked or (self.is_passage and Tier.T2_COORDINATION not in tiers):
            return False
        return self.tier in tiers or (self.needs and Tier.NEEDS in tiers)


@dataclass
class Canaries:
    """Every word that was planted, by itself."""

    planted: dict[str, Canary] = field(default_factory=dict)
    is_now: bool = True

    def plant(self, place: str, tier: Tier, **more: Any) -> str:
        """A new word for one place."""
        word = f"Canary{len(self.planted) + 1000}"
        self.planted[word] = Canary(word, place, tier, is_now=self.is_now, **more)
        return word

    def found_in(self, text: str) -> list[Canary]:
        """What of it stands in a text."""
        return [self.planted[word] for word in sorted(set(WORD.findall(text)))]

    def for_audience(self, tiers: frozenset[Tier]) -> list[Canary]:
        """What an audience reads on the record as it is now."""
        return [one for one in self.planted.values() if one.is_now and one.is_for(tiers)]

    def answer(self, declaration: SectionDeclaration, name: str, question: FormField, *, in_list: bool) -> Any:
        """An answer of the kind that the field takes, with a word wherever text can stand."""
        is_text = isinstance(question, ShortText | FreeText) and not isinstance(question, ConceptCode)
        if not is_text or name in TOGETHER.get(declaration.name, {}):
            return answer_to(declaration.name, name, question)
        section = sights()[declaration.name]
        sight = (section.item_fields if in_list else section.fields)[name]
        place, tier = f"{declaration.name}.{name}", tier_of(declaration, question)
        word = self.plant(place, tier, needs=sight.needs, is_masked=sight.is_masked)
        if not sight.has_passages:
            return word
        return f"{word} [[{self.plant(f'{place} in confidence', tier, needs=sight.needs, is_passage=True)}]]"

    def answers(self, declaration: SectionDeclaration, *, in_list: bool = False) -> dict[str, Any]:
        """Every question of a section, or of one line of its list, answered."""
        questions = declaration.item_fields() if in_list else declaration.fields()
        return {name: self.answer(declaration, name, one, in_list=in_list) for name, one in questions.items()}


@dataclass(frozen=True)
class ThePerson:
    """Of whom everything is recorded.

    `items`: one line of each list, by section. `held`: a change that waits. `ids`: of what else stands about them.
    """

    entry_id: UUID
    canaries: Canaries
    practice: Organisation
    home: Organisation
    gp: Actor
    family_name: str
    items: dict[str, str]
    held: tuple[UUID, ...]
    ids: dict[str, str]

    def leaked(
        self, text: str, tiers: frozenset[Tier], *, on_paper: bool = False, asked_for: bool = False
    ) -> list[str]:
        """The places of which a text says what this audience may not read; `asked_for`: also what is masked."""
        found = [replace(one, is_masked=one.is_masked and not asked_for) for one in self.canaries.found_in(text)]
        return [one.place for one in found if not one.is_for(tiers) or (on_paper and one.is_passage)]

    def missing(self, text: str, tiers: frozenset[Tier]) -> list[str]:
        """The places of which it says nothing although this audience reads them."""
        there = set(WORD.findall(text))
        return [one.place for one in self.canaries.for_audience(tiers) if one.word not in there]


def make_the_person(*, area: str = "northdale") -> ThePerson:
    """Register them, and answer every question twice: what was said before stands in the history."""
    canaries = Canaries()
    practice = an_organisation(area=area)
    home = an_organisation(type=OrganisationType.CARE_HOME, area=area)
    gp = a_clinician(Role.GP, practice, may_sign=True)
    family_name = "Hallelujahson"
    entry_id = a_registered_person(
        gp,
        sections={},
        family_name=family_name,
        address=f"{canaries.plant('identity.address', Tier.T1_EMERGENCY, needs=True)} Street\nNorthdale",
        main_carer_name=canaries.plant("identity.main_carer_name", Tier.T1_EMERGENCY, needs=True),
        key_worker_name=canaries.plant("identity.key_worker_name", Tier.T1_EMERGENCY, needs=True),
        care_home_ods=home.ods_code,
        consent=a_consent(),
    )
    canaries.is_now = False
    _answer_each(gp, entry_id, canaries, lists=False)
    canaries.is_now = True
    items = _answer_each(gp, entry_id, canaries)
    items["local"] = _answer_local(gp, entry_id, canaries, area=area)
    place = canaries.plant("cpr.original_location", Tier.T1_EMERGENCY)
    apply_edit(gp, an_edit(entry_id, "cpr", a_body(original_location=place), kind="sign"))
    line_id = new_id()
    said = {"outcome": "to_hospital", "words": canaries.plant("observations.words", Tier.T2_COORDINATION)}
    observe(gp, line_id, entry_id=entry_id, what=What.HAPPENED, said=said)
    canaries.is_now = False
    held = tuple(_hold_each(gp, entry_id, canaries))
    scan_id = keep_a_paper(gp, entry_id, title=canaries.plant("scans.title", Tier.T1_EMERGENCY))
    ids = {"line_id": str(line_id), "scan_id": str(scan_id), "organisation_id": str(home.id)}
    return ThePerson(entry_id, canaries, practice, home, gp, family_name, items, held, ids)


def _answer_each(gp: Actor, entry_id: UUID, canaries: Canaries, *, lists: bool = True) -> dict[str, str]:
    items = {}
    for declaration in _declared():
        if declaration.schema and (lists or declaration.critical):
            apply_edit(gp, an_edit(entry_id, declaration.name, canaries.answers(declaration)))
        if declaration.items and lists:
            items[declaration.name] = str(new_id())
            body = {"item_id": items[declaration.name], "item": canaries.answers(declaration, in_list=True)}
            apply_edit(gp, an_edit(entry_id, declaration.name, body, kind="put_item"))
    return items


def _declared() -> Iterable[SectionDeclaration]:
    return [one for one in SECTIONS.values() if one.name != "local"]


def _answer_local(gp: Actor, entry_id: UUID, canaries: Canaries, *, area: str) -> str:
    board = a_clinician(Role.ADMINISTRATOR, an_organisation(type=OrganisationType.ICB, area=area))
    add_local_question(
        board, question="Which hub answers for this person?", hint=None, kind=LocalKind.WORDS, answers=None
    )
    [question] = find_local_questions(entry_id)
    answer = canaries.plant("local.answer", Tier.T2_COORDINATION)
    item = {"question": question.question, "answer": answer}
    body = {"item_id": str(question.id), "item": item}
    apply_edit(gp, an_edit(entry_id, "local", body, kind="put_item"))
    return str(question.id)


def _hold_each(gp: Actor, entry_id: UUID, canaries: Canaries) -> Iterable[UUID]:
    """A change of each critical section that was made on an older version."""
    for declaration in _declared():
        if not (declaration.critical and declaration.schema):
            continue
        recorded = find_recorded(entry_id, declaration.name)
        assert recorded is not None
        asked = an_edit(entry_id, declaration.name, canaries.answers(declaration), base_version=recorded.version - 1)
        if apply_edit(gp, asked).is_held:
            yield asked.id


__all__ = ["Canaries", "Canary", "ThePerson", "clock", "make_the_person"]
