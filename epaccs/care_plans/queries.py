"""One section of one plan as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from epaccs.access.actions import event
from epaccs.access.queries import find_standing, get_standing
from epaccs.access.rules import Permission, Tier, sees_passages, words_for
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.care_plans.sections import SECTIONS, SectionDeclaration
from epaccs.clinicians.rules import Actor
from epaccs.core.errors import NotFound
from epaccs.core.forms import FormField
from epaccs.core.passages import withheld
from epaccs.versions.queries import material, version_value
from epaccs.versions.rules import Held, Recorded, Value, find_unchecked, present_items, waits_for
from epaccs.versions.schema import load_stored


@dataclass(frozen=True)
class SectionPage:
    """A section, what is recorded in it, what waits, and whether the reader may change it.

    `recorded` None: nothing recorded yet. It is as the reader may read it; `typed` is what a form holds: with its marks
    for those who see what is from or about somebody else, without for those who do not.
    """

    entry_id: UUID
    declaration: SectionDeclaration
    recorded: Recorded | None
    typed: Value
    held: tuple[Held, ...]
    can_edit: bool
    unchecked: Sequence[Value]  #: who copied what from paper that nobody compared with it since
    can_compare: bool  #: it was copied by somebody else than the reader

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
    kept = recorded.value if recorded else {}
    unchecked = find_unchecked(kept, recorded.provenance) if recorded else []
    return SectionPage(
        entry_id,
        declaration,
        replace(recorded, value=declaration.said(kept, words_for(standing.tiers))) if recorded else None,
        kept if sees_passages(standing.tiers) else declaration.said(kept, withheld),
        now.held_in(name),
        standing.can(declaration.permission),
        unchecked,
        waits_for(unchecked, str(actor.clinician_id)),
    )


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
