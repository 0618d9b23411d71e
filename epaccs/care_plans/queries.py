"""One section of one plan as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from epaccs.access.actions import event
from epaccs.access.model import EntryScope
from epaccs.access.queries import Standing, find_standing, get_standing
from epaccs.access.rules import Permission, Tier, sees_passages, words_for
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.care_plans.model import LocalQuestion
from epaccs.care_plans.rules import JUDGES_OF_PROGNOSIS, LocalKind, Question, Stage, find_stage, is_asked
from epaccs.care_plans.schema import TONIGHT, VERSIONS, Asked, write_versions
from epaccs.care_plans.sections import SECTIONS, SectionDeclaration, stage_of, tier_of
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, check_steward
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.core.forms import FormField
from epaccs.core.passages import withheld
from epaccs.versions.queries import material, version_value
from epaccs.versions.rules import ITEMS, Held, Material, Recorded, Value, find_unchecked, present_items, waits_for
from epaccs.versions.schema import load_stored


@dataclass(frozen=True)
class SectionPage:
    """A section, what is recorded in it, what waits, and whether the reader may change it.

    `recorded` None: nothing recorded yet. It is as the reader may read it; `typed` is what a form holds: with its marks
    for those who see what is from or about somebody else, without for those who do not. `stage`: the person's, as far
    as the reader may know it; None: not judged.
    """

    entry_id: UUID
    declaration: SectionDeclaration
    recorded: Recorded | None
    typed: Value
    held: tuple[Held, ...]
    can_edit: bool
    unchecked: Sequence[Value]  #: who copied what from paper that nobody compared with it since
    can_compare: bool  #: it was copied by somebody else than the reader
    stage: Stage | None = None
    hidden: frozenset[str] = frozenset()  #: questions, its own and about one line, that this reader does not see

    @property
    def version(self) -> int:
        """What a form on this page is made on; 0: nothing recorded."""
        return self.recorded.version if self.recorded else 0

    @property
    def items(self) -> dict[str, Value]:
        """The list's lines that were not removed."""
        return present_items(self.recorded.value) if self.recorded else {}

    @property
    def fields(self) -> Mapping[str, FormField]:
        """The section's own questions, as far as this reader sees them."""
        return self._seen(self.declaration.fields())

    @property
    def item_fields(self) -> Mapping[str, FormField]:
        """The questions about one line of the list, as far as this reader sees them."""
        return self._seen(self.declaration.item_fields())

    def _seen(self, fields: Mapping[str, FormField]) -> Mapping[str, FormField]:
        return {name: field for name, field in fields.items() if name not in self.hidden}

    @property
    def early(self) -> frozenset[str]:
        """The section's own questions that are not asked yet."""
        return self._early(self.fields)

    @property
    def early_of_item(self) -> frozenset[str]:
        """The questions about one line of the list that are not asked yet."""
        return self._early(self.item_fields)

    def _early(self, fields: Mapping[str, FormField]) -> frozenset[str]:
        return frozenset(
            name for name, field in fields.items() if not is_asked(stage_of(self.declaration, field), self.stage)
        )

    @property
    def in_clear(self) -> list[str]:
        """What is masked everywhere else and stands in the form, for whoever may change it: to see it is a look."""
        masked = [name for name, field in self.fields.items() if field.metadata.get("masked")]
        return [name for name in masked if self.can_edit and self.typed.get(name)]

    def initial(self) -> dict[str, Any]:
        """The section's own fields as its schema loads them, to fill the form."""
        return load_stored(self.declaration.schema, self.typed)

    def item_initial(self, item_id: str) -> dict[str, Any]:
        """One line's fields, to fill its form.

        Raises:
            NotFound: there is no such line.
        """
        if item_id not in self.items:
            raise NotFound
        item = present_items(self.typed)[item_id]
        return load_stored(self.declaration.items.schema if self.declaration.items else None, item)

    @property
    def takes_passages(self) -> bool:
        """Whether a passage of the section's own answers can be marked as from or about somebody else."""
        return _take_passages(self.declaration.fields())

    @property
    def takes_passages_in_items(self) -> bool:
        """The same of one line of its list."""
        return _take_passages(self.declaration.item_fields())


def _take_passages(fields: Mapping[str, FormField]) -> bool:
    return any(field.metadata.get("passages") for field in fields.values())


def get_section_page(actor: Actor, entry_id: UUID, name: str) -> SectionPage:
    """A section for a reader who may see it.

    Raises:
        NotFound: no such section, entry, or none that this reader sees.
        Forbidden: the reader has given no reason for access yet, or may not open it.
    """
    declaration = get_declaration(name)
    standing = get_standing(actor, entry_id, Permission.VIEW_RECORD)
    if declaration.tier not in standing.tiers and not (declaration.needs and Tier.NEEDS in standing.tiers):
        raise NotFound
    log.record(event(actor, EventKind.FORM_VIEWED, entry_id=entry_id, section=name))
    now = material(entry_id)
    recorded = now.sections.get(name)
    unchecked = find_unchecked(recorded.value, recorded.provenance) if recorded else []
    kept = declaration.seen(recorded.value, standing.tiers) if recorded else {}
    page = SectionPage(
        entry_id,
        declaration,
        replace(recorded, value=declaration.said(kept, words_for(standing.tiers))) if recorded else None,
        kept if sees_passages(standing.tiers) else declaration.said(kept, withheld),
        now.held_in(name),
        standing.can(declaration.permission),
        unchecked,
        waits_for(unchecked, str(actor.clinician_id)),
        find_stage_for(standing.tiers, now),
        declaration.hidden_from(standing.tiers),
    )
    for field in page.in_clear:
        log.record(event(actor, EventKind.MASKED_REVEALED, entry_id=entry_id, section=name, field=field))
    return page


def find_stage_for(tiers: frozenset[Tier], recorded: Material) -> Stage | None:
    """The stage as far as this reader may see what speaks for it: whoever may not know it is asked everything.

    Source: hazards H-05 (seen by the wrong people) and H-43.
    """
    values = {name: _seen(SECTIONS[name], recorded.value(name) or {}, tiers) for name in ("diagnosis", "function")}
    return find_stage(values, disputed=[name for name in values if recorded.held_in(name)])


def _seen(declaration: SectionDeclaration, value: Value, tiers: frozenset[Tier]) -> Value:
    seen = {name for name, field in declaration.fields().items() if tier_of(declaration, field) in tiers}
    seen |= {ITEMS} if declaration.tier in tiers else set()
    return {name: part for name, part in value.items() if name in seen}


@dataclass(frozen=True)
class CopyingPage:
    """What can be copied from paper of one person: (name, label, how far it is) of each section the reader changes."""

    entry_id: UUID
    sections: tuple[tuple[str, str, str], ...]


def get_copying_page(actor: Actor, entry_id: UUID) -> CopyingPage:
    """The sections of a plan for somebody who has the paper.

    Raises:
        NotFound: no such entry, or none that this reader sees.
        Forbidden: the reader has given no reason for access yet, or may not change the plan.
    """
    standing = get_standing(actor, entry_id, Permission.EDIT_PLAN)
    log.record(event(actor, EventKind.FORM_VIEWED, entry_id=entry_id, form="copy"))
    now = material(entry_id)
    changed = [one for one in SECTIONS.values() if one.tier in standing.tiers and standing.can(one.permission)]
    return CopyingPage(entry_id, tuple((one.name, one.label, _how_far(now, one.name)) for one in changed))


def _how_far(now: Material, name: str) -> str:
    recorded = now.sections.get(name)
    if now.held_in(name):
        return "Not settled"
    if recorded is None:
        return "Nothing recorded"
    return "Copied, not yet checked" if find_unchecked(recorded.value, recorded.provenance) else "Recorded"


@dataclass(frozen=True)
class TonightPage:
    """The least that helps tonight: what this reader is asked of it, and what is recorded.

    `asked`: the questions of which the reader may change the section. `contacts_count`: how many contacts there are.
    """

    entry_id: UUID
    asked: tuple[Asked, ...]
    recorded: Mapping[str, Recorded]
    contacts_count: int

    @property
    def versions(self) -> dict[str, int]:
        """What a form on this page is made on, by section; 0: nothing recorded."""
        return {
            name: self.recorded[name].version if name in self.recorded else 0
            for name in {one.section for one in self.asked}
        }

    def initial(self) -> dict[str, Any]:
        """The answers that are there, by box; a list gets one more line."""
        values = {name: one.value for name, one in self.recorded.items()}
        stored = {
            one.box: one.field.deserialize(values[one.section][one.name])
            for one in self.asked
            if not one.in_list and one.name in values.get(one.section, {})
        }
        return {**stored, VERSIONS: write_versions(self.versions)}

    def asks(self, section: str) -> list[str]:
        """The boxes of one section, in their order; none: this reader does not change it."""
        return [one.box for one in self.asked if one.section == section]


def get_tonight_page(actor: Actor, entry_id: UUID) -> TonightPage:
    """The few questions that help most in a night.

    Raises:
        NotFound: no such entry, or none that this reader sees.
        Forbidden: the reader has given no reason for access yet, or may not change any of it.
    """
    standing = get_standing(actor, entry_id, Permission.EDIT_CONTACTS)
    log.record(event(actor, EventKind.FORM_VIEWED, entry_id=entry_id, form="tonight"))
    now = material(entry_id)
    return TonightPage(
        entry_id,
        tuple(one for one in TONIGHT if _may_answer(actor, standing, one)),
        now.sections,
        len(present_items(now.value("contacts"))),
    )


def _may_answer(actor: Actor, standing: Standing, asked: Asked) -> bool:
    """Whether the reader sees the question and may change its section; of the stage, whether they judge it."""
    declaration = SECTIONS[asked.section]
    if asked.name == "gold_standards" and str(actor.role) not in JUDGES_OF_PROGNOSIS:
        return False
    return tier_of(declaration, asked.field) in standing.tiers and standing.can(declaration.permission)


def find_unseen(actor: Actor, entry_id: UUID, name: str, version: int) -> Value:
    """The version of a section of which this author saw no passage from or about somebody else; empty: they saw all.

    Raises:
        NotFound: no such entry for this author.
    """
    standing = find_standing(actor, entry_id)
    if standing is None:
        raise NotFound
    return {} if sees_passages(standing.tiers) else version_value(entry_id, name, version) or {}


def get_declaration(name: str) -> SectionDeclaration:
    """A declared section of the plan.

    Raises:
        NotFound: there is none of this name.
    """
    try:
        return SECTIONS[name]
    except KeyError:
        raise NotFound from None


# --- What an area asks besides the standards -------------------------------------------------------------------------


def find_local_questions(entry_id: UUID) -> list[Question]:
    """What the area of a person asks now, in the order in which it was added. Callers have asked `access` before."""
    area = select(EntryScope.area).where(EntryScope.entry_id == entry_id).scalar_subquery()
    rows = db.session.scalars(
        select(LocalQuestion)
        .where(LocalQuestion.area == area, LocalQuestion.ended_at.is_(None))
        .order_by(LocalQuestion.added_at, LocalQuestion.id)
    )
    return [_question(row) for row in rows]


def area_of(actor: Actor) -> str:
    """The area of the board whose administrator this is.

    Raises:
        Forbidden: this person is not the board's administrator.
    """
    check_steward(actor)
    return db.session.get_one(Organisation, actor.organisation_id).area


@dataclass(frozen=True)
class AskedQuestion:
    """A local question as its board sees it. `ended_at` None: it is asked."""

    question: Question
    added_at: datetime
    ended_at: datetime | None


def find_questions_of_area(actor: Actor) -> list[AskedQuestion]:
    """Every question that the board of an area added: those that are asked first.

    Raises:
        Forbidden: this person is not the board's administrator.
    """
    rows = db.session.scalars(
        select(LocalQuestion)
        .where(LocalQuestion.area == area_of(actor))
        .order_by(LocalQuestion.ended_at.is_not(None), LocalQuestion.added_at, LocalQuestion.id)
    )
    return [AskedQuestion(_question(row), row.added_at, row.ended_at) for row in rows]


def _question(row: LocalQuestion) -> Question:
    return Question(row.id, row.question, row.hint, LocalKind(row.kind), tuple(row.answers))
