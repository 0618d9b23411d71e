"""Whose record says two things that cannot both be true, among the people a reader cares for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select

from epaccs.access.actions import record_list_viewed
from epaccs.access.model import EntryScope
from epaccs.access.queries import reachable_entries
from epaccs.access.rules import Scope, Tier, audience_name, row_of, visible_tiers
from epaccs.clinicians.rules import Actor
from epaccs.core.db import db
from epaccs.record.declared import card_shape, sights
from epaccs.record.model import SearchPerson, StoredCard
from epaccs.record.queries.people import has_list
from epaccs.record.rules.disagreements import find_disagreements
from epaccs.record.rules.parts import Disagreement
from epaccs.record.sight import is_restricted
from epaccs.versions.queries import material


@dataclass(frozen=True)
class Disagreeing:
    """One person on the list, and the sections that disagree; the answers are read in the record itself."""

    entry_id: UUID
    family_name: str
    given_name: str
    born_on: date
    sections: tuple[str, ...]
    is_for_crew: bool


def people_with_disagreements(actor: Actor) -> tuple[Disagreeing, ...]:
    """Everybody in the reader's caseload whose answers disagree: what would mislead a crew first, then by name.

    It is read from the cards, which are made again in the transaction of every change; only of a person whose card
    comes from before a release is it worked out here. Nobody leafs through a whole area.
    """
    if not has_list(actor):
        return ()
    scopes = row_of(actor.role).scopes
    tiers = visible_tiers(actor.role, incident=False, resident=Scope.RESIDENTS in scopes)
    kept = StoredCard.value["disagreements"]
    rows = db.session.execute(
        select(SearchPerson, StoredCard.shape, kept.label("disagreements"))
        .join(EntryScope, EntryScope.entry_id == SearchPerson.entry_id)
        .join(StoredCard, StoredCard.entry_id == SearchPerson.entry_id)
        .where(EntryScope.is_open, reachable_entries(actor), StoredCard.audience == audience_name(tiers))
        .where(or_(StoredCard.shape != card_shape(), kept.as_string().is_not(None)))
    )
    found = [_listed(person, _read(person, shape, values, tiers)) for person, shape, values in rows]
    listed = sorted(
        (one for one in found if one.sections),
        key=lambda one: (not one.is_for_crew, one.family_name, one.given_name, one.entry_id),
    )
    record_list_viewed(actor, list_name="disagreements", count=len(listed))
    return tuple(listed)


def _read(
    person: SearchPerson, shape: str, values: list[dict[str, object]], tiers: frozenset[Tier]
) -> tuple[Disagreement, ...]:
    if shape == card_shape():
        return tuple(Disagreement.from_value(value) for value in values)
    recorded = material(person.entry_id)
    sections = {name: one.value for name, one in recorded.sections.items()}
    return find_disagreements(sections, sights(), tiers, restricted=is_restricted(recorded))


def _listed(person: SearchPerson, disagreements: tuple[Disagreement, ...]) -> Disagreeing:
    return Disagreeing(
        entry_id=person.entry_id,
        family_name=person.family_name,
        given_name=person.given_name,
        born_on=person.born_on,
        sections=tuple(dict.fromkeys(label for one in disagreements for label in one.labels)),
        is_for_crew=any(one.is_for_crew for one in disagreements),
    )
