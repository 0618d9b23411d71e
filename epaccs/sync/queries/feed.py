"""Who is in a scope now and who should be, and what a tablet is answered from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, bindparam, exists, func, not_, or_, select
from sqlalchemy.orm import Session

from epaccs.access.model import EntryScope, Relationship
from epaccs.access.queries import is_current, reachable_entries
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db, end_read
from epaccs.devices.rules import ScopeKind
from epaccs.sync.model.feed import FeedReader, FeedRow, FeedScope, KeptPage
from epaccs.sync.rules.feed import KEEP_PAGE, ScopeName, Whereabouts, is_behind
from epaccs.versions.model import Entry

PUT, DROP = "put", "drop"


def is_member(name: ScopeName) -> ColumnElement[bool]:
    """A condition on `EntryScope`: the people of one scope, as `rules.feed.scopes_of` says of one person."""
    if name.kind is ScopeKind.PRACTICE:
        return and_(EntryScope.is_open, EntryScope.practice_id == name.organisation_id)
    return and_(EntryScope.is_open, EntryScope.is_shared, _is_reached(name))


def _is_reached(name: ScopeName) -> ColumnElement[bool]:
    if name.kind is ScopeKind.AREA:
        return EntryScope.area == name.key
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
        ).where(EntryScope.entry_id.in_(entry_ids))
    )
    return {row.entry_id: Whereabouts(*row[1:], frozenset(related.get(row.entry_id, ()))) for row in rows}


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


def find_next_rows(scope: str, after: int, *, up_to: int, limit: int) -> Sequence[Any]:
    """The rows of a feed after a number; a tablet that begins is told of nobody who left before it came."""
    wanted = select(FeedRow.entry_id, FeedRow.number, FeedRow.op, FeedRow.version, FeedRow.why).where(
        FeedRow.scope == scope, FeedRow.number > after, FeedRow.number <= up_to
    )
    if after == 0:
        wanted = wanted.where(FeedRow.op == PUT)
    return db.session.execute(wanted.order_by(FeedRow.number).limit(limit)).all()


def find_reachable(actor: Actor, entry_ids: Sequence[UUID]) -> set[UUID]:
    """Who of these the access table gives this reader now: asked again for every row before it is sent."""
    return set(
        db.session.scalars(
            select(EntryScope.entry_id).where(EntryScope.entry_id.in_(entry_ids), reachable_entries(actor))
        )
    )


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
_SCOPES_AND_DAYS = (
    select(FeedScope, FeedReader.asked_on)
    .outerjoin(
        FeedReader,
        and_(FeedReader.scope == FeedScope.name, FeedReader.device_id == bindparam("device_id", type_=Uuid)),
    )
    .where(FeedScope.name.in_(bindparam("names", expanding=True)))
)


def find_scopes_and_days(device_id: UUID, names: Sequence[str]) -> tuple[dict[str, FeedScope], dict[str, date]]:
    """The scopes of these names that anybody ever was in, and on which day this tablet last asked for each."""
    rows = db.session.execute(_SCOPES_AND_DAYS, {"device_id": device_id, "names": list(names)}).all()
    scopes = {row.FeedScope.name: row.FeedScope for row in rows}
    return scopes, {row.FeedScope.name: row.asked_on for row in rows if row.asked_on}


def find_behind(actor: Actor, known: Mapping[UUID, int]) -> tuple[list[UUID], int]:
    """Of whom a tablet holds a later version than the register.

    Returns:
        Those whom the reader reaches; and how many the register does not know at all.
    """
    rows = db.session.execute(select(Entry.id, Entry.change_number).where(Entry.id.in_(known))).all()
    behind = [row.id for row in rows if is_behind(known[row.id], register=row.change_number)]
    reachable = find_reachable(actor, behind)
    return [entry_id for entry_id in behind if entry_id in reachable], len(known) - len(rows)
