"""Who is in a scope now and who should be, and what a tablet is answered from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, bindparam, exists, false, func, not_, or_, select
from sqlalchemy.orm import Session

from epaccs.access.model import EntryScope, Relationship
from epaccs.access.queries import is_current, reachable_entries
from epaccs.agreements.queries import find_levels
from epaccs.agreements.rules import Level
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db, end_read
from epaccs.devices.queries import Follows
from epaccs.devices.rules import ScopeKind
from epaccs.sync.model.feed import FeedCap, FeedReader, FeedRow, FeedScope, KeptPage
from epaccs.sync.rules.feed import KEEP_PAGE, LASTING, ScopeName, Whereabouts, is_behind
from epaccs.versions.model import Entry

PUT, DROP = "put", "drop"


def is_member(name: ScopeName) -> ColumnElement[bool]:
    """A condition on `EntryScope`: the people of one scope, as `rules.feed.scopes_of` says of one person."""
    if name.kind is ScopeKind.PRACTICE:
        return and_(EntryScope.is_open, EntryScope.practice_id == name.organisation_id)
    return and_(EntryScope.is_open, EntryScope.is_shared, _is_reached(name))


def _is_reached(name: ScopeName) -> ColumnElement[bool]:
    if name.kind is ScopeKind.AREA:
        return and_(EntryScope.area == name.key, EntryScope.is_wide)
    if name.kind is ScopeKind.RESIDENTS:
        return EntryScope.residence_id == name.organisation_id
    # The other way round is slow: an organisation has a few people, an area has all of them.
    concerned = select(Relationship.entry_id).where(
        Relationship.organisation_id == name.organisation_id, is_current(clock.now())
    )
    return EntryScope.entry_id.in_(concerned)


def find_whereabouts(session: Session, entry_ids: Sequence[UUID]) -> dict[UUID, Whereabouts]:
    """What decides about the scopes of each person; whoever is not known yet is left out."""
    related: dict[UUID, set[UUID]] = {}
    for row in session.execute(
        select(Relationship.entry_id, Relationship.organisation_id).where(
            Relationship.entry_id.in_(entry_ids), is_current(clock.now())
        )
    ):
        related.setdefault(row.entry_id, set()).add(row.organisation_id)
    rows = session.execute(
        select(
            EntryScope.entry_id,
            EntryScope.practice_id,
            EntryScope.area,
            EntryScope.residence_id,
            EntryScope.is_shared,
            EntryScope.is_open,
            EntryScope.is_wide,
        ).where(EntryScope.entry_id.in_(entry_ids))
    )
    return {
        row.entry_id: Whereabouts(*row[1:-1], frozenset(related.get(row.entry_id, ())), row.is_wide) for row in rows
    }


def find_rows(session: Session, entry_id: UUID) -> Sequence[Any]:
    """Where one person stands in each scope they are or were in."""
    return session.execute(
        select(FeedRow.scope, FeedRow.entry_id, FeedRow.number, FeedRow.op, FeedRow.version).where(
            FeedRow.entry_id == entry_id
        )
    ).all()


def find_entering(name: ScopeName) -> Select[UUID, int]:
    """Those who belong to a scope and are not in it, with the number of their latest change."""
    is_in = exists().where(FeedRow.scope == str(name), FeedRow.entry_id == EntryScope.entry_id, FeedRow.op == PUT)
    return (
        select(Entry.id, Entry.change_number)
        .join(EntryScope, EntryScope.entry_id == Entry.id)
        .where(is_member(name), not_(is_in))
        .order_by(Entry.id)
    )


def find_leaving(name: ScopeName) -> Select[UUID]:
    """Those who are in a scope and do not belong to it."""
    belongs = exists().where(EntryScope.entry_id == FeedRow.entry_id, is_member(name))
    return (
        select(FeedRow.entry_id)
        .where(FeedRow.scope == str(name), FeedRow.op == PUT, not_(belongs))
        .order_by(FeedRow.entry_id)
    )


def is_in_step(name: ScopeName) -> bool:
    """Whether everybody who belongs to a scope is in it, and nobody else: one read, no lock."""
    entering = find_entering(name).order_by(None).limit(1).exists()
    leaving = find_leaving(name).order_by(None).limit(1).exists()
    return not db.session.execute(select(or_(entering, leaving))).scalar_one()


def find_every_scope() -> list[str]:
    """Each scope that somebody is or should be in."""
    of_entries = {
        ScopeKind.AREA: EntryScope.area,
        ScopeKind.PRACTICE: EntryScope.practice_id,
        ScopeKind.RESIDENTS: EntryScope.residence_id,
        ScopeKind.RELATIONSHIP: Relationship.organisation_id,
    }
    wanted = {
        f"{kind}:{key}"
        for kind, column in of_entries.items()
        for key in db.session.scalars(select(column).distinct())
        if key
    }
    return sorted(wanted | set(db.session.scalars(select(FeedScope.name))))


def find_scopes_turned_since(moment: datetime) -> list[str]:
    """The relationship scopes where somebody came or went since then, by the relationships' own dates."""
    now = clock.now()
    turned = or_(
        and_(Relationship.from_at > moment, Relationship.from_at <= now),
        and_(Relationship.until_at > moment, Relationship.until_at <= now),
    )
    found = db.session.scalars(select(Relationship.organisation_id).where(turned).distinct())
    return sorted(f"{ScopeKind.RELATIONSHIP}:{organisation_id}" for organisation_id in found)


def find_scopes(names: Iterable[str]) -> dict[str, FeedScope]:
    """The scopes of these names that anybody ever was in."""
    return {scope.name: scope for scope in db.session.scalars(select(FeedScope).where(FeedScope.name.in_(list(names))))}


def find_epochs(names: Sequence[str], *, restore_generation: int) -> dict[str, str]:
    """The parts of each scope's epoch that keys follow from: which history the numbers belong to."""
    scopes = find_scopes(names)
    return {name: f"{restore_generation}.{scopes[name].generation if name in scopes else 1}" for name in names}


# --- What a tablet is answered from ----------------------------------------------------------------------------------


@contextmanager
def snapshot() -> Iterator[None]:
    """Read scopes, rows, sums and cards as they are at one moment, whoever writes meanwhile.

    So a sum is of exactly those rows, and a card of exactly the version that its row names.
    """
    end_read()
    if db.engine.dialect.name == "postgresql":
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        yield
    finally:
        end_read()


def find_next_rows(scope: str, after: int, *, up_to: int, limit: int, fits: FeedCap | None = None) -> Sequence[Any]:
    """The rows of a feed after a number; a tablet that begins is told of nobody who left before it came.

    Args:
        fits: who of the scope fits on the tablet; whoever never did is not named. None: everybody.
    """
    wanted = select(FeedRow.entry_id, FeedRow.number, FeedRow.op, FeedRow.version, FeedRow.why).where(
        FeedRow.scope == scope, FeedRow.number > after, FeedRow.number <= up_to
    )
    if after == 0:
        wanted = wanted.where(FeedRow.op == PUT)
    if fits is not None:
        was_there = false() if after == 0 else FeedRow.number > fits.began
        wanted = wanted.where(or_(FeedRow.op == DROP, FeedRow.version >= fits.from_version, was_there))
    return db.session.execute(wanted.order_by(FeedRow.number).limit(limit)).all()


def find_reachable(actor: Actor, entry_ids: Sequence[UUID]) -> set[UUID]:
    """Who of these the access table gives this reader now: asked again for every row before it is sent."""
    return set(
        db.session.scalars(
            select(EntryScope.entry_id).where(EntryScope.entry_id.in_(entry_ids), reachable_entries(actor))
        )
    )


# --- How far agreements let a tablet see the people of each practice -------------------------------------------------


@dataclass(frozen=True)
class Cover:
    """How far one organisation sees the people of each practice of a scope.

    `agreed`: how far its agreements go; with whoever is not named there is none. `practices`: whose people may be in
    the scope.
    """

    agreed: Mapping[UUID, Level]
    practices: tuple[UUID, ...]
    own_id: UUID

    def level_of(self, practice_id: UUID | None) -> Level:
        """How far the people of a practice are seen; the organisation's own are not gated."""
        if practice_id is None:
            return Level.NONE
        return Level.WHOLE if practice_id == self.own_id else self.agreed.get(practice_id, Level.NONE)

    @property
    def levels(self) -> dict[str, int]:
        """As it is kept: practice to level."""
        return {str(one): int(self.level_of(one)) for one in self.practices}

    @property
    def uncovered(self) -> list[UUID]:
        """Of which practices nobody is seen."""
        return [one for one in self.practices if self.level_of(one) is Level.NONE]

    @property
    def is_whole(self) -> bool:
        """Whether nobody is seen less than the role sees."""
        return all(self.level_of(one) is Level.WHOLE for one in self.practices)

    @property
    def mark(self) -> str:
        """By what kept pages of this cover are known; the same for all who see everybody as their role does."""
        seen = sorted(self.levels.items())
        return "" if self.is_whole else hashlib.sha256(repr(seen).encode()).hexdigest()[:12]


def find_covers(names: Iterable[ScopeName], organisation_id: UUID) -> dict[str, Cover]:
    """How far an organisation sees the people of each of these scopes; a practice's own scope is not gated.

    Source: hazard H-62.
    """
    gated = [name for name in names if name.kind is not ScopeKind.PRACTICE]
    agreed = find_levels(organisation_id) if gated else {}
    return {
        str(name): Cover(agreed, tuple(one for one in db.session.scalars(_practices_of(name)) if one), organisation_id)
        for name in gated
    }


def _practices_of(name: ScopeName) -> Select[Any]:
    """Whose people may be in a scope: of an area every organisation in it that is somebody's practice."""
    if name.kind is ScopeKind.AREA:
        is_practice = exists().where(EntryScope.practice_id == Organisation.id)
        return select(Organisation.id).where(Organisation.area == name.key, is_practice)
    return (
        select(EntryScope.practice_id)
        .join(FeedRow, FeedRow.entry_id == EntryScope.entry_id)
        .where(FeedRow.scope == str(name), FeedRow.op == PUT)
        .distinct()
    )


def find_of_practices(scope: str, practice_ids: Sequence[UUID], *, from_version: int = 0) -> Sequence[Any]:
    """The rows of everybody in a scope whose practice is one of these, in a version from this one on."""
    return db.session.execute(
        select(FeedRow.scope, FeedRow.entry_id, FeedRow.number, FeedRow.op, FeedRow.version)
        .join(EntryScope, EntryScope.entry_id == FeedRow.entry_id)
        .where(
            FeedRow.scope == scope,
            FeedRow.op == PUT,
            FeedRow.version >= from_version,
            EntryScope.practice_id.in_(practice_ids),
        )
    ).all()


def find_practices_of(entry_ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """Whose people these are."""
    rows = db.session.execute(
        select(EntryScope.entry_id, EntryScope.practice_id).where(EntryScope.entry_id.in_(entry_ids))
    )
    return {row.entry_id: row.practice_id for row in rows}


@dataclass(frozen=True)
class PageKey:
    """For whom a page is kept: everybody who reads the same of the same people."""

    scope: str
    tier: str
    audience: str
    epoch: str


def _is_kept_for(key: PageKey) -> ColumnElement[bool]:
    return and_(
        KeptPage.scope == key.scope,
        KeptPage.tier == key.tier,
        KeptPage.audience == key.audience,
        KeptPage.epoch == key.epoch,
        KeptPage.made_at >= clock.now() - KEEP_PAGE,
    )


def find_kept(key: PageKey, after: int) -> KeptPage | None:
    """The page that is kept after a number; None: there is none, or it is too old."""
    return db.session.scalars(select(KeptPage).where(_is_kept_for(key), KeptPage.after_number == after)).first()


def is_end_of_kept(key: PageKey, number: int) -> bool:
    """Whether a kept page ends at this number."""
    ends = exists().where(_is_kept_for(key), KeptPage.up_to_number == number)
    return bool(db.session.scalar(select(ends)))


def find_next_kept(key: PageKey, after: int) -> int | None:
    """Where the next kept page begins, so that the one before it ends there; None: none follows."""
    return db.session.scalar(
        select(func.min(KeptPage.after_number)).where(_is_kept_for(key), KeptPage.after_number > after)
    )


def find_still_there(scope: str, after: int, *, up_to: int) -> set[UUID]:
    """Whose row is still between these numbers: of a kept page, who has neither changed nor left since."""
    return set(
        db.session.scalars(
            select(FeedRow.entry_id).where(FeedRow.scope == scope, FeedRow.number > after, FeedRow.number <= up_to)
        )
    )


#: Put together once: every tablet asks it each minute.
_SCOPES_AND_READERS = (
    select(FeedScope, *FeedReader.__table__.columns)
    .outerjoin(
        FeedReader,
        and_(FeedReader.scope == FeedScope.name, FeedReader.device_id == bindparam("device_id", type_=Uuid)),
    )
    .where(FeedScope.name.in_(bindparam("names", expanding=True)))
)


def find_scopes_and_readers(device_id: UUID, names: Sequence[str]) -> tuple[dict[str, FeedScope], dict[str, Any]]:
    """The scopes of these names that anybody ever was in, and how far this tablet has followed each."""
    rows = db.session.execute(_SCOPES_AND_READERS, {"device_id": device_id, "names": list(names)}).all()
    scopes = {row.FeedScope.name: row.FeedScope for row in rows}
    return scopes, {row.scope: row for row in rows if row.scope}


def find_unfit(caps: Mapping[str, int]) -> list[str]:
    """The scopes of which it must be worked out who fits: too large for the first time, or changed since."""
    rows = db.session.execute(
        select(FeedScope.name, FeedScope.people, FeedScope.last_number, FeedCap.cap, FeedCap.scope_number)
        .outerjoin(FeedCap, and_(FeedCap.scope == FeedScope.name, FeedCap.cap.in_(set(caps.values()))))
        .where(FeedScope.name.in_(list(caps)))
    ).all()
    worked_out = {row.name: row.scope_number for row in rows if row.cap == caps[row.name]}
    return sorted(
        {
            row.name
            for row in rows
            if (worked_out[row.name] < row.last_number if row.name in worked_out else row.people > caps[row.name])
        }
    )


def find_caps(caps: Mapping[str, int]) -> dict[str, FeedCap]:
    """Who fits, of each scope that ever was more than its cap."""
    rows = db.session.scalars(select(FeedCap).where(FeedCap.scope.in_(list(caps))))
    return {row.scope: row for row in rows if row.cap == caps[row.scope]}


def find_follows(device_ids: Sequence[UUID]) -> dict[UUID, list[Follows]]:
    """Of each tablet, what it was last told of each scope that it follows; whom it disagrees on only once it lasts."""
    found: dict[UUID, list[Follows]] = {}
    for row in db.session.scalars(select(FeedReader).where(FeedReader.device_id.in_(device_ids))):
        lasts = row.disagrees_since if row.disagreements >= LASTING else None
        found.setdefault(row.device_id, []).append(Follows(row.scope, row.left_out, lasts))
    return found


def find_behind(actor: Actor, known: Mapping[UUID, int]) -> tuple[list[UUID], int]:
    """Of whom a tablet holds a later version than the register.

    Returns:
        Those whom the reader reaches; and how many the register does not know at all.
    """
    rows = db.session.execute(select(Entry.id, Entry.change_number).where(Entry.id.in_(known))).all()
    behind = [row.id for row in rows if is_behind(known[row.id], register=row.change_number)]
    reachable = find_reachable(actor, behind)
    return [entry_id for entry_id in behind if entry_id in reachable], len(known) - len(rows)
