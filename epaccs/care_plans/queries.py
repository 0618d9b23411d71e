"""One section of one plan as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from epaccs.access.actions import event
from epaccs.access.model import EntryScope
from epaccs.access.queries import get_standing
from epaccs.access.rules import Permission, Tier
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.care_plans.model import LocalQuestion
from epaccs.care_plans.rules import LocalKind, Question
from epaccs.care_plans.sections import SECTIONS, SectionDeclaration
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, check_steward
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.versions.queries import material
from epaccs.versions.rules import Held, Recorded, Value, present_items
from epaccs.versions.schema import load_stored


@dataclass(frozen=True)
class SectionPage:
    """A section, what is recorded in it, what waits, and whether the reader may change it.

    `recorded` None: nothing recorded yet.
    """

    entry_id: UUID
    declaration: SectionDeclaration
    recorded: Recorded | None
    held: tuple[Held, ...]
    can_edit: bool

    @property
    def version(self) -> int:
        """What a form on this page is made on; 0: nothing recorded."""
        return self.recorded.version if self.recorded else 0

    @property
    def items(self) -> dict[str, Value]:
        """The list's lines that were not removed."""
        return present_items(self.recorded.value) if self.recorded else {}

    def initial(self) -> dict[str, Any]:
        """The section's own fields as its schema loads them, to fill the form."""
        return load_stored(self.declaration.schema, self.recorded.value if self.recorded else {})

    def item_initial(self, item_id: str) -> dict[str, Any]:
        """One line's fields, to fill its form.

        Raises:
            NotFound: there is no such line.
        """
        if item_id not in self.items:
            raise NotFound
        return load_stored(self.declaration.items.schema if self.declaration.items else None, self.items[item_id])


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
    return SectionPage(
        entry_id,
        declaration,
        now.sections.get(name),
        now.held_in(name),
        standing.can(declaration.permission),
    )


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
