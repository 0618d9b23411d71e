"""What is compared of readers and of the people they looked at, in a few reads for a whole batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, select

from epaccs.access.model import AccessGrant, EntryScope, Relationship
from epaccs.access.rules import AccessReason
from epaccs.clinicians.model import Clinician, Membership, Organisation
from epaccs.clinicians.rules import OrganisationType
from epaccs.core import clock, sealing
from epaccs.core.changes import EntryChange
from epaccs.core.db import db
from epaccs.core.fields import local_date
from epaccs.devices.model import Lease
from epaccs.oversight.model import KnownPair, OversightThresholds, WatchedPerson, WorkerParticulars
from epaccs.oversight.queries.rows import Done, in_parts
from epaccs.oversight.rules.likeness import (
    Likeness,
    Particulars,
    home_of,
    liken,
    read_person_names,
    read_worker_name,
)
from epaccs.oversight.rules.unusual import MOST_LEEWAY, Death, Look, Person, RuleSet, build_rules
from epaccs.record.model import SearchKey, SearchPerson
from epaccs.register.rules import death_of
from epaccs.register.sections import IDENTITY, LIFECYCLE
from epaccs.rosters.queries import find_duties
from epaccs.versions.model import SectionHead, SectionVersion

#: Digests that can be compared and not read have a key of their own.
PURPOSE: Final = "unusual access"


def nhs_key(number: str | None) -> str | None:
    """An NHS number to be compared."""
    return sealing.digest(f"nhs {number}", purpose=PURPOSE) if number else None


def born_key(born_on: date | str | None) -> str | None:
    """A date of birth to be compared."""
    text = born_on.isoformat() if isinstance(born_on, date) else born_on
    return sealing.digest(f"born {text}", purpose=PURPOSE) if text else None


def home_key(address: str | None, postcode: str | None) -> str | None:
    """A house and its postcode to be compared; None: there is no postcode."""
    home = home_of(address, postcode)
    return sealing.digest(f"home {home}", purpose=PURPOSE) if home else None


# What an organisation set


@dataclass(frozen=True)
class SetHere:
    """What the privacy officer of one organisation set, as it stands today."""

    organisation_id: UUID
    rules: RuleSet
    pairs: Mapping[tuple[UUID, UUID], date] = field(default_factory=dict)
    watched: frozenset[str] = frozenset()

    def is_known(self, clinician_id: UUID, entry_id: UUID, on: date) -> bool:
        """Whether the reader's looks at the person are not told."""
        until_on = self.pairs.get((clinician_id, entry_id))
        return until_on is not None and on <= until_on


def find_set(organisation_ids: Iterable[UUID]) -> dict[UUID, SetHere]:
    """Thresholds, known pairs and people in the news of each of these organisations."""
    ids = set(organisation_ids)
    types = db.session.execute(select(Organisation.id, Organisation.type).where(Organisation.id.in_(ids)))
    changed, pairs, watched = _thresholds(ids), _pairs(ids), _watched(ids)
    return {
        row.id: SetHere(
            row.id,
            build_rules(OrganisationType(row.type), changed.get(row.id)),
            pairs.get(row.id, {}),
            frozenset(watched.get(row.id, ())),
        )
        for row in types
    }


def _thresholds(ids: set[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """The last version of each, while it lasts: the version before does not come back."""
    rows = db.session.scalars(
        select(OversightThresholds)
        .where(OversightThresholds.organisation_id.in_(ids))
        .order_by(OversightThresholds.version)
    )
    last = {row.organisation_id: row for row in rows}
    return {id_: row.thresholds for id_, row in last.items() if row.until_on >= clock.today()}


def _pairs(ids: set[UUID]) -> dict[UUID, dict[tuple[UUID, UUID], date]]:
    rows = db.session.scalars(
        select(KnownPair).where(
            KnownPair.organisation_id.in_(ids), KnownPair.ended_at.is_(None), KnownPair.until_on >= clock.today()
        )
    )
    found: dict[UUID, dict[tuple[UUID, UUID], date]] = {}
    for row in rows:
        found.setdefault(row.organisation_id, {})[row.clinician_id, row.entry_id] = row.until_on
    return found


def _watched(ids: set[UUID]) -> dict[UUID, set[str]]:
    rows = db.session.scalars(
        select(WatchedPerson).where(
            WatchedPerson.organisation_id.in_(ids),
            WatchedPerson.ended_at.is_(None),
            WatchedPerson.until_on >= clock.today(),
        )
    )
    found: dict[UUID, set[str]] = {}
    for row in rows:
        found.setdefault(row.organisation_id, set()).add(row.nhs_number)
    return found


# Readers


@dataclass(frozen=True)
class Workers:
    """The people at work of the organisations of a batch, by what can be compared of them."""

    by_id: Mapping[UUID, Particulars]
    by_family: Mapping[tuple[UUID, str], Sequence[UUID]]  #: at one organisation
    by_nhs: Mapping[str, UUID]  #: anywhere


def find_workers(organisation_ids: Iterable[UUID]) -> Workers:
    """Everybody with an account at these organisations, with what they told of themselves."""
    rows = db.session.execute(
        select(Membership.organisation_id, Clinician.id, Clinician.name, WorkerParticulars)
        .join(Clinician, Clinician.id == Membership.clinician_id)
        .outerjoin(WorkerParticulars, WorkerParticulars.clinician_id == Clinician.id)
        .where(Membership.organisation_id.in_(set(organisation_ids)), Clinician.ended_at.is_(None))
        .order_by(Clinician.id)
    ).all()
    by_id: dict[UUID, Particulars] = {}
    by_family: dict[tuple[UUID, str], list[UUID]] = {}
    for row in rows:
        by_id[row.id] = _worker(row.name, row.WorkerParticulars)
        for family in by_id[row.id].families:
            known = by_family.setdefault((row.organisation_id, family), [])
            if row.id not in known:
                known.append(row.id)
    told = db.session.execute(
        select(WorkerParticulars.nhs_key, WorkerParticulars.clinician_id).where(WorkerParticulars.nhs_key.is_not(None))
    )
    return Workers(by_id, by_family, {row.nhs_key: row.clinician_id for row in told})


def _worker(name: str, told: WorkerParticulars | None) -> Particulars:
    givens, families = read_worker_name(name)
    if told is None:
        return Particulars(givens, families)
    return Particulars(givens, families, told.nhs_key, told.born_key, told.home_key)


def find_readers(done: Iterable[Done], workers: Workers) -> dict[UUID, Particulars]:
    """What can be compared of each reader, also of those whose account has ended since."""
    missing = {one.clinician_id for one in done} - set(workers.by_id)
    found: dict[UUID, Particulars] = dict(workers.by_id)
    for part in in_parts(list(missing)):
        rows = db.session.execute(
            select(Clinician.id, Clinician.name, WorkerParticulars)
            .outerjoin(WorkerParticulars, WorkerParticulars.clinician_id == Clinician.id)
            .where(Clinician.id.in_(part))
        )
        found |= {row.id: _worker(row.name, row.WorkerParticulars) for row in rows}
    return found


# People


@dataclass(frozen=True)
class Known:
    """What the register knows of a person, before anybody in particular looked."""

    particulars: Particulars
    nhs_number: str | None
    death: Death | None


def find_people(entry_ids: Iterable[UUID]) -> dict[UUID, Known]:
    """What can be compared of each of these people."""
    found: dict[UUID, Known] = {}
    for part in in_parts(sorted(set(entry_ids))):
        rows = db.session.execute(
            select(SectionHead.entry_id, SectionHead.value).where(
                SectionHead.section == IDENTITY, SectionHead.entry_id.in_(part)
            )
        ).all()
        deaths = _find_deaths(part)
        for row in rows:
            number = row.value.get("nhs_number")
            found[row.entry_id] = Known(_particulars(row.value), number, deaths.get(row.entry_id))
    return found


def _particulars(identity: Mapping[str, Any]) -> Particulars:
    givens, families = read_person_names(identity)
    return Particulars(
        givens,
        families,
        nhs_key(identity.get("nhs_number")),
        born_key(identity.get("born_on")),
        home_key(identity.get("address"), identity.get("postcode")),
    )


def _find_deaths(entry_ids: Sequence[UUID]) -> dict[UUID, Death]:
    """Whoever died as far as the register knows today, with the change that first said so."""
    died = db.session.execute(
        select(SearchPerson.entry_id, SearchPerson.died_on).where(
            SearchPerson.entry_id.in_(entry_ids), SearchPerson.death_status.is_not(None)
        )
    ).all()
    if not died:
        return {}
    days = {row.entry_id: row.died_on for row in died}
    versions = db.session.execute(
        select(SectionVersion.entry_id, SectionVersion.value, SectionVersion.recorded_at, EntryChange.number)
        .outerjoin(
            EntryChange,
            and_(EntryChange.edit_id == SectionVersion.edit_id, EntryChange.entry_id == SectionVersion.entry_id),
        )
        .where(SectionVersion.section == LIFECYCLE, SectionVersion.entry_id.in_(days))
        .order_by(SectionVersion.version.desc())
    )
    found: dict[UUID, Death] = {}
    over: set[UUID] = set()
    for row in versions:  # backwards, as far as the death was known without a break
        if death_of(row.value) is None:
            over.add(row.entry_id)
        elif row.entry_id not in over:
            on = days[row.entry_id] or local_date(row.recorded_at)
            found[row.entry_id] = Death(on, row.recorded_at, row.number)
    return found


# Looks


@dataclass(frozen=True)
class Facts:
    """Everything that is compared for one batch."""

    set_here: Mapping[UUID, SetHere]
    workers: Workers
    people: Mapping[UUID, Known]


def build_looks(looked: Sequence[Done], facts: Facts) -> list[tuple[Done, Look]]:
    """Each look with everything that the rules need; one at somebody who is not known any more is left out."""
    readers = find_readers(looked, facts.workers)
    looked = [one for one in looked if one.entry_id in facts.people and one.clinician_id in readers]
    namesakes = _count_namesakes(looked, readers, facts.people)
    leases = _find_leases(looked)
    relations = _find_relations(looked)
    duties = find_duties(
        ((one.organisation_id, one.clinician_id, one.at) for one in looked), around=timedelta(hours=MOST_LEEWAY)
    )
    looks = []
    for one in looked:
        entry_id = _the(one.entry_id)
        known, reader = facts.people[entry_id], readers[one.clinician_id]
        person = Person(
            entry_id,
            known.particulars,
            namesakes=max((namesakes.get(name, 0) for name in reader.families), default=0),
            colleague=_colleague(one, known, facts.workers),
            is_watched=known.nhs_number in facts.set_here[one.organisation_id].watched,
            death=known.death,
        )
        knew_at = _knew_at(one, leases)
        looks.append(
            (
                one,
                Look(
                    event_id=one.event_id,
                    at=one.at,
                    reader=reader,
                    person=person,
                    knew_at=knew_at,
                    shown_number=_shown_number(one),
                    has_relationship=relations.has(one, knew_at),
                    sessions=duties.of(one.organisation_id, one.clinician_id, one.at),
                ),
            )
        )
    return _with_emergencies(looks)


def _the(entry_id: UUID | None) -> UUID:
    assert entry_id is not None  # noqa: S101 - whoever is asked for has an id
    return entry_id


def _shown_number(one: Done) -> int | None:
    """The latest change that a tablet's copy showed; None: a page, or the tablet did not say."""
    number = one.details.get("version") if one.details.get("offline") else None
    return number if isinstance(number, int) and number else None


def _count_namesakes(
    looked: Iterable[Done], readers: Mapping[UUID, Particulars], people: Mapping[UUID, Known]
) -> dict[str, int]:
    """How many people on the register have a family name that a reader shares with whom they looked at."""
    shared = {
        name
        for one in looked
        for name in readers[one.clinician_id].families & people[_the(one.entry_id)].particulars.families
    }
    found: dict[str, int] = {}
    for part in in_parts(sorted(shared)):
        rows = db.session.execute(
            select(SearchKey.family_key, func.count(SearchKey.entry_id.distinct()).label("people"))
            .where(SearchKey.family_key.in_(part))
            .group_by(SearchKey.family_key)
        )
        found |= {row.family_key: row.people for row in rows}
    return found


def _colleague(one: Done, known: Known, workers: Workers) -> Likeness:
    """How far the person may be somebody who works: anywhere by the NHS number, here by the name."""
    person = known.particulars
    if person.nhs_key and workers.by_nhs.get(person.nhs_key, one.clinician_id) != one.clinician_id:
        return Likeness.SURE
    alike = [
        liken(workers.by_id[id_], person)
        for family in person.families
        for id_ in workers.by_family.get((one.organisation_id, family), ())
        if id_ != one.clinician_id
    ]
    return max(alike, key=list(Likeness).index, default=Likeness.NONE)


# What tablets could know

_Leases = Mapping[tuple[str, UUID], Sequence[datetime]]


def _find_leases(looked: Iterable[Done]) -> _Leases:
    """When each reader's leases on each tablet were given: then the tablet last heard of changes."""
    offline = [one for one in looked if one.details.get("offline")]
    found: dict[tuple[str, UUID], list[datetime]] = {}
    for part in in_parts(sorted({one.clinician_id for one in offline})):
        rows = db.session.execute(
            select(Lease.device_id, Lease.clinician_id, Lease.issued_at)
            .where(Lease.clinician_id.in_(part), Lease.issued_at <= max(one.at for one in offline))
            .order_by(Lease.issued_at)
        )
        for row in rows:
            found.setdefault((str(row.device_id), row.clinician_id), []).append(row.issued_at)
    return found


def _knew_at(one: Done, leases: _Leases) -> datetime:
    if not one.details.get("offline"):
        return one.at
    given = leases.get((str(one.details.get("device")), one.clinician_id), ())
    return max((moment for moment in given if moment <= one.at), default=one.at)


# Relationships


@dataclass(frozen=True)
class _Relations:
    """Why organisations were concerned with people, from when until when."""

    always: frozenset[tuple[UUID, UUID]]
    dated: Mapping[tuple[UUID, UUID], Sequence[tuple[datetime, datetime | None]]]

    def has(self, one: Done, knew_at: datetime) -> bool:
        """Whether one stood when it was done, as far as could be known then."""
        pair = one.organisation_id, _the(one.entry_id)
        if pair in self.always:
            return True
        return any(begun <= one.at and (end is None or end > knew_at) for begun, end in self.dated.get(pair, ()))


def _find_relations(looked: Sequence[Done]) -> _Relations:
    always: set[tuple[UUID, UUID]] = set()
    dated: dict[tuple[UUID, UUID], list[tuple[datetime, datetime | None]]] = {}
    organisations = {one.organisation_id for one in looked}
    for part in in_parts(sorted({_the(one.entry_id) for one in looked})):
        for scope in db.session.scalars(select(EntryScope).where(EntryScope.entry_id.in_(part))):
            own = (scope.practice_id, scope.residence_id, scope.registrar_id)
            always |= {(id_, scope.entry_id) for id_ in own if id_ is not None}
        related = db.session.scalars(
            select(Relationship).where(Relationship.entry_id.in_(part), Relationship.organisation_id.in_(organisations))
        )
        for row in related:
            dated.setdefault((row.organisation_id, row.entry_id), []).append((row.from_at, row.until_at))
    return _Relations(frozenset(always), dated)


def _with_emergencies(looks: list[tuple[Done, Look]]) -> list[tuple[Done, Look]]:
    """Say of looks without a relationship whether they followed an emergency, which is reviewed for itself."""
    without = [(one, look) for one, look in looks if not look.has_relationship]
    if not without:
        return looks
    grants: dict[tuple[UUID, UUID], list[tuple[datetime, datetime]]] = {}
    for part in in_parts(sorted({look.person.entry_id for _, look in without})):
        rows = db.session.scalars(
            select(AccessGrant).where(AccessGrant.entry_id.in_(part), AccessGrant.reason == str(AccessReason.EMERGENCY))
        )
        for row in rows:
            grants.setdefault((row.clinician_id, row.entry_id), []).append((row.given_at, row.until_at))
    return [(one, replace(look, is_emergency=_is_within(one, grants))) for one, look in looks]


def _is_within(one: Done, grants: Mapping[tuple[UUID, UUID], Sequence[tuple[datetime, datetime]]]) -> bool:
    if one.details.get("reason") == AccessReason.EMERGENCY:
        return True
    return any(begun <= one.at < end for begun, end in grants.get((one.clinician_id, _the(one.entry_id)), ()))
