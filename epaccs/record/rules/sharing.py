"""Who can see a record now, why, and how far; and when a record is there but nobody else sees it.

Source: UK GDPR, article 15; hazards H-11 and H-62.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from epaccs.access.rules import Scope, Tier, covered_tiers, row_of
from epaccs.agreements.rules import Level
from epaccs.clinicians.rules import OrganisationType, roles_at
from epaccs.record.sight import SectionSight, Sights, can_see


class Reason(StrEnum):
    """Why somebody at an organisation may look, before any agreement is asked."""

    OWN_PRACTICE = "own_practice"
    LIVES_THERE = "lives_there"
    KEY_WORKER = "key_worker"
    REGISTERED = "registered_here"
    CARES = "cares"
    AREA = "area"


REASON_LABELS: Final[dict[Reason, str]] = {
    Reason.OWN_PRACTICE: "Their own practice",
    Reason.LIVES_THERE: "They live there",
    Reason.KEY_WORKER: "Their key worker's organisation",
    Reason.REGISTERED: "Put them on the register",
    Reason.CARES: "Looks after them",
    Reason.AREA: "Serves the area",
}
_OF_RELATIONSHIPS: Final = {"key_worker": Reason.KEY_WORKER, "registered_here": Reason.REGISTERED}


class State(StrEnum):
    """How it stands with the sharing of one record."""

    SHARED = "shared"
    NOT_AGREED = "not_agreed"  #: the person said no, or was not asked
    NO_AGREEMENT = "no_agreement"  #: the person agreed, and the organisations have not


@dataclass(frozen=True)
class Place:
    """One organisation, as far as it decides whether anybody there may look.

    `related`: the reasons of its current relationships with the person; `level`: how far an agreement goes.
    """

    organisation_id: UUID
    name: str
    type: OrganisationType
    is_in_area: bool
    related: frozenset[str]
    level: Level


@dataclass(frozen=True)
class Looker:
    """An organisation that has a reason to look. `level` none: it sees nothing, for no agreement covers it."""

    name: str
    reasons: tuple[Reason, ...]
    level: Level


@dataclass(frozen=True)
class Person:
    """What of one person decides who may look."""

    practice_id: UUID | None
    residence_id: UUID | None
    registrar_id: UUID | None
    is_shared: bool


def find_lookers(person: Person, places: Iterable[Place]) -> list[Looker]:
    """Every organisation that has a reason to look, the own practice first, then who sees most.

    Whoever is not shared is seen by their practice, and by whoever put them on the register, until they were asked.
    """
    found = []
    for place in places:
        reasons = _reasons(person, place)
        is_own = Reason.OWN_PRACTICE in reasons
        if not person.is_shared and not is_own and place.organisation_id != person.registrar_id:
            continue
        level = Level.WHOLE if is_own or not person.is_shared else place.level
        if reasons:
            found.append(Looker(place.name, reasons, level))
    return sorted(found, key=lambda one: (Reason.OWN_PRACTICE not in one.reasons, -one.level, one.name))


def _reasons(person: Person, place: Place) -> tuple[Reason, ...]:
    if place.organisation_id == person.practice_id:
        return (Reason.OWN_PRACTICE,)
    scopes = _scopes_at(place.type)
    reasons = set()
    if place.organisation_id == person.residence_id and Scope.RESIDENTS in scopes:
        reasons.add(Reason.LIVES_THERE)
    if Scope.RELATIONSHIP in scopes:
        reasons |= {_OF_RELATIONSHIPS.get(one, Reason.CARES) for one in place.related}
    if place.organisation_id == person.registrar_id and not person.is_shared:
        reasons.add(Reason.REGISTERED)
    if place.is_in_area and Scope.AREA in scopes:
        reasons.add(Reason.AREA)
    return tuple(one for one in Reason if one in reasons)


def _scopes_at(kind: OrganisationType) -> set[Scope]:
    """By which words of the access table somebody at an organisation of a kind reaches records."""
    return {scope for role in roles_at(kind) for scope in row_of(role).scopes if row_of(role).sees_records}


@dataclass(frozen=True)
class PreviewSection:
    """What an agreement would let through of one section of a made-up person of whom everything is recorded."""

    label: str
    shown: tuple[str, ...]
    withheld: tuple[str, ...]


def preview(sights: Sights, level: Level) -> list[PreviewSection]:
    """Every line of a record, by whether an agreement of this level lets it through, as each reader's page decides it.

    A role sees no more of it than the access table says.
    """
    tiers = covered_tiers(frozenset(Tier), level)
    return [_preview_section(sight, tiers) for sight in sights.values()]


def _preview_section(sight: SectionSight, tiers: frozenset[Tier]) -> PreviewSection:
    if sight.is_whole:
        whole = ("All of it",)
        return PreviewSection(sight.label, *((whole, ()) if sight.is_seen_by(tiers) else ((), whole)))
    fields = [*sight.fields.values(), *sight.item_fields.values()]
    shown = tuple(dict.fromkeys(one.label for one in fields if can_see(one, tiers)))
    withheld = tuple(dict.fromkeys(one.label for one in fields if not can_see(one, tiers)))
    return PreviewSection(sight.label, shown, withheld)


def state_of(person: Person, lookers: Collection[Looker]) -> State:
    """Whether anybody but the own practice sees the record: created but not shared is a state to warn of."""
    if not person.is_shared:
        return State.NOT_AGREED
    others = [one for one in lookers if one.level and Reason.OWN_PRACTICE not in one.reasons]
    return State.SHARED if others else State.NO_AGREEMENT
