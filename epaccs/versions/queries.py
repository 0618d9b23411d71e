"""What a record says now, what it said then, and what waits for a person."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import func, or_, select

from epaccs.access.actions import event
from epaccs.access.model import EntryScope
from epaccs.access.queries import find_standing, get_standing, reachable_entries
from epaccs.access.rules import Permission, Tier, words_for
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import ROLE_LABELS, Actor, Role
from epaccs.core import restriction
from epaccs.core.changes import EntryChange
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.core.restriction import NOT_SHOWN, without_telling_keys
from epaccs.versions import registry
from epaccs.versions.model import Draft, Edit, HeldEdit, SectionHead, SectionVersion
from epaccs.versions.registry import EditRequest, Rows, Section
from epaccs.versions.rules import (
    ITEMS,
    WHY_WORDS,
    Held,
    Material,
    Outcome,
    Recorded,
    Standing,
    Value,
    Why,
    find_unchecked,
    waits_for,
)


def material(entry_id: UUID) -> Material:
    """What is recorded now. Callers have asked `access` before."""
    rows = db.session.scalars(select(SectionHead).where(SectionHead.entry_id == entry_id))
    return Material(entry_id, {head.section: _as_recorded(head) for head in rows}, _held(entry_id, None))


def materials(entry_ids: Collection[UUID]) -> dict[UUID, Material]:
    """What is recorded now of several people, in two reads. Callers have asked `access` before."""
    sections: dict[UUID, dict[str, Recorded]] = {entry_id: {} for entry_id in entry_ids}
    held: dict[UUID, list[Held]] = {entry_id: [] for entry_id in entry_ids}
    if not sections:
        return {}
    for head in db.session.scalars(select(SectionHead).where(SectionHead.entry_id.in_(list(sections)))):
        sections[head.entry_id][head.section] = _as_recorded(head)
    waiting = (
        select(HeldEdit, Edit)
        .join(Edit, Edit.id == HeldEdit.edit_id)
        .where(HeldEdit.entry_id.in_(list(held)), HeldEdit.standing == str(Standing.OPEN))
        .order_by(HeldEdit.held_at)
    )
    for one, edit in db.session.execute(waiting):
        held[one.entry_id].append(_as_held(one, edit))
    return {entry_id: Material(entry_id, found, tuple(held[entry_id])) for entry_id, found in sections.items()}


def _as_recorded(head: SectionHead) -> Recorded:
    return Recorded(
        head.section, head.version, head.value, head.provenance, head.recorded_at, head.disputed, head.confirmed_at,
        head.confirmed_by,
    )  # fmt: skip


def material_at(entry_id: UUID, moment: datetime) -> Material:
    """What the register showed at a moment, by recorded time, disputes included."""
    rows = _versions_at(entry_id, moment)
    held = _held(entry_id, moment)
    disputed = {one.section for one in held}
    confirmed = _confirmed(entry_id, moment)
    sections = {
        row.section: Recorded(
            row.section,
            row.version,
            row.value,
            row.provenance,
            row.recorded_at,
            row.section in disputed,
            *confirmed.get((row.section, row.version), (None, None)),
        )
        for row in rows
    }
    return Material(entry_id, sections, held, moment)


def find_values_after(entry_id: UUID, number: int) -> dict[str, Value] | None:
    """What every section of a person said after the change of a number; None: it was no change to this person."""
    moment = db.session.scalar(
        select(EntryChange.recorded_at).where(EntryChange.number == number, EntryChange.entry_id == entry_id)
    )
    return None if moment is None else {row.section: row.value for row in _versions_at(entry_id, moment)}


def _versions_at(entry_id: UUID, moment: datetime) -> list[SectionVersion]:
    latest = (
        select(SectionVersion.section, func.max(SectionVersion.version).label("version"))
        .where(SectionVersion.entry_id == entry_id, SectionVersion.recorded_at <= moment)
        .group_by(SectionVersion.section)
        .subquery()
    )
    joined = (SectionVersion.section == latest.c.section) & (SectionVersion.version == latest.c.version)
    statement = select(SectionVersion).join(latest, joined).where(SectionVersion.entry_id == entry_id)
    return list(db.session.scalars(statement))


def _confirmed(entry_id: UUID, moment: datetime) -> dict[tuple[str, int], tuple[datetime, Value]]:
    """When and by whom a version was last said to be still right, until that moment."""
    statement = select(Edit.section, Edit.section_version, Edit.received_at, Edit.author).where(
        Edit.entry_id == entry_id, Edit.outcome == str(Outcome.CONFIRMED), Edit.received_at <= moment
    )
    rows = db.session.execute(statement.order_by(Edit.received_at))
    return {(row.section, row.section_version): (row.received_at, row.author) for row in rows}


def _held(entry_id: UUID, moment: datetime | None) -> tuple[Held, ...]:
    statement = select(HeldEdit, Edit).join(Edit, Edit.id == HeldEdit.edit_id).where(HeldEdit.entry_id == entry_id)
    if moment is None:
        statement = statement.where(HeldEdit.standing == str(Standing.OPEN))
    else:
        statement = statement.where(
            HeldEdit.held_at <= moment, or_(HeldEdit.settled_at.is_(None), HeldEdit.settled_at > moment)
        )
    return tuple(_as_held(held, edit) for held, edit in db.session.execute(statement.order_by(HeldEdit.held_at)))


def _as_held(held: HeldEdit, edit: Edit) -> Held:
    kind, body = _in_todays_shape(held, edit)
    return Held(
        edit_id=edit.id,
        section=edit.section,
        kind=kind,
        body=body,
        base_version=edit.base_version,
        author=edit.author,
        decided_at=edit.decided_at,
        held_at=held.held_at,
        severity=held.severity,
        why=held.why,
        is_from_paper=edit.is_from_paper,
    )


def _in_todays_shape(held: HeldEdit, edit: Edit) -> tuple[str, Value]:
    """What a change asks for that waits, as today's program would say it; nothing, where none can say it."""
    shaped = registry.get_section(edit.section).upcast(edit.kind, edit.body, edit.schema)
    return (edit.kind, {}) if shaped is None or held.why == Why.OTHER_PROGRAM else shaped


@dataclass(frozen=True)
class Banner:
    """Who a page is about: the same few facts on every page about one person. Dates are dates; None: not recorded."""

    entry_id: UUID
    family_name: str
    given_name: str
    title: str | None
    preferred_name: str | None
    born_on: date
    nhs_number: str | None
    identity_warning: str | None
    died_on: date | None
    address: str | None


_find_banner: list[Callable[[UUID], Banner | None]] = []


def use_banner(find: Callable[[UUID], Banner | None]) -> None:
    """Let the register, a room above, say who a person is."""
    _find_banner[:] = [find]


def get_banner(entry_id: UUID) -> Banner:
    """Who a page is about. Callers have asked `access` before.

    Raises:
        NotFound: there is no such person.
    """
    banner = _find_banner[0](entry_id) if _find_banner else None
    if banner is None:
        raise NotFound
    return banner


def find_held(edit_id: UUID) -> tuple[UUID, str] | None:
    """The entry and section of an open held edit; None: there is none, or it was settled."""
    held = db.session.get(HeldEdit, edit_id, populate_existing=True)
    if held is None or held.standing != Standing.OPEN:
        return None
    return held.entry_id, held.section


def find_edit_standing(edit_id: UUID) -> str | None:
    """Where an edit that was held stands now; None: it never waited."""
    held = db.session.get(HeldEdit, edit_id, populate_existing=True)
    return held.standing if held else None


def find_recorded(entry_id: UUID, section: str) -> Recorded | None:
    """One section as it stands; None: nothing recorded."""
    head = db.session.get(SectionHead, (entry_id, section), populate_existing=True)
    if head is None:
        return None
    return _as_recorded(head)


@dataclass(frozen=True)
class Side:
    """One side of a dispute: what would change, by whom, when decided and when received."""

    edit_id: UUID
    author: dict[str, Any]
    decided_at: datetime | None
    held_at: datetime
    severity: str
    why: str
    kind: str
    rows: Rows
    can_accept: bool
    is_from_paper: bool
    has_photo: bool

    @property
    def is_unread(self) -> bool:
        """What it says is in another shape than today's."""
        return self.why == Why.OTHER_PROGRAM

    @property
    def why_words(self) -> str:
        """Why it waits."""
        return WHY_WORDS[Why(self.why)]

    @property
    def author_words(self) -> str:
        """Name, role and organisation as they were."""
        role = ROLE_LABELS[Role(self.author["role"])]
        return f"{self.author['name']}, {role}, {self.author['organisation_name']}"


@dataclass(frozen=True)
class DisputePage:
    """Everything the page that settles a dispute shows. `recorded` None: nothing was recorded before."""

    entry_id: UUID
    section: str
    label: str
    version: int
    recorded: Recorded | None
    last_confirmed: Rows
    sides: tuple[Side, ...]
    can_settle: bool
    is_signed: bool

    @property
    def is_between_people(self) -> bool:
        """Somebody changed what another was changing; else one change waits for a reason of its own."""
        return any(side.why in (Why.CHANGED, Why.DISPUTED, Why.OTHERS_ARRIVED) for side in self.sides)

    def request(self, edit_id: UUID) -> EditRequest:
        """The edit that settles it, on the version shown."""
        return EditRequest(edit_id, self.entry_id, self.section, "resolve", {}, self.version)


@dataclass(frozen=True)
class Waited:
    """A change that had to wait for a person, and where it stands."""

    edit_id: UUID
    standing: Standing


def find_words_of_photos(entry_ids: Collection[UUID]) -> dict[tuple[str, str], Waited]:
    """Of each photo the words that had to wait, by its id and its author's; what counted at once is not there."""
    rows = db.session.execute(
        select(Edit.id, Edit.body, Edit.author_id, HeldEdit.standing)
        .join(HeldEdit, HeldEdit.edit_id == Edit.id)
        .where(HeldEdit.entry_id.in_(entry_ids))
    )
    named = ((row, row.body.get("photo_id")) for row in rows)
    return {
        (photo_id, str(row.author_id)): Waited(row.id, Standing(row.standing))
        for row, photo_id in named
        if isinstance(photo_id, str)
    }


def get_dispute(actor: Actor, edit_id: UUID) -> DisputePage:
    """The dispute an edit belongs to, for a reader of the person's record.

    Raises:
        NotFound: no such edit, it was settled, or this reader may not know of it.
        Forbidden: no reason for access was given yet.
    """
    found = find_held(edit_id)
    if found is None:
        raise NotFound
    entry_id, name = found
    standing = get_standing(actor, entry_id, Permission.VIEW_RECORD)
    section = registry.get_section(name)
    if section.tier not in standing.tiers:
        raise NotFound
    log.record(event(actor, EventKind.FORM_VIEWED, entry_id=entry_id, section=name, dispute=True))
    section = _seen_by(section, standing.tiers)
    now = material(entry_id)
    recorded, say = now.sections.get(name), words_for(standing.tiers)
    if restriction.is_restricted(now.value("identity")):
        section, now = _restricted(section), without_organisations(now)
    return DisputePage(
        entry_id=entry_id,
        section=name,
        label=section.label,
        version=recorded.version if recorded else 0,
        recorded=recorded,
        last_confirmed=_said(section.describe(recorded.value), say) if recorded else [],
        sides=tuple(_side(section, held, say) for held in now.held_in(name)),
        can_settle=standing.can(Permission.SETTLE_DISPUTE),
        is_signed=section.is_signed,
    )


def _seen_by(section: Section, tiers: frozenset[Tier]) -> Section:
    """The section as it is described to an audience: without the fields that it does not see.

    Source: access table; hazard H-05.
    """
    hidden = section.hidden_from(tiers)
    return replace(section, describe=lambda value: section.describe(_without(value, hidden))) if hidden else section


def _without(part: Value, names: frozenset[str]) -> Value:
    said = {key: one for key, one in part.items() if key not in names}
    if isinstance(part.get("item"), dict):
        said["item"] = _without(part["item"], names)
    if ITEMS in part:
        said[ITEMS] = {key: _without(item, names) for key, item in part[ITEMS].items()}
    return said


def _restricted(section: Section) -> Section:
    """The section as it is described while nothing may lead to the door (hazard H-11)."""

    def describe(value: Value) -> Rows:
        return section.describe(_without_places(value, section.leads_to_door))

    return replace(section, describe=describe)


def _without_places(part: Value, names: frozenset[str]) -> Value:
    said = {key: NOT_SHOWN if key in names and one else one for key, one in part.items()}
    if isinstance(part.get("item"), dict):
        said["item"] = _without_places(part["item"], names)
    if ITEMS in part:
        said[ITEMS] = {key: _without_places(item, names) for key, item in part[ITEMS].items()}
    return cast("Value", without_telling_keys(said))


def without_organisations(now: Material) -> Material:
    """The same, with nobody's organisation beside what waits (hazard H-11)."""
    held = (replace(one, author={**one.author, "organisation_name": NOT_SHOWN}) for one in now.held)
    return replace(now, held=tuple(held))


def _said(rows: Rows, say: Callable[[str], str]) -> Rows:
    """The rows as their reader may read them: a passage is labelled, or withheld (hazard H-41)."""
    return [(label, say(words)) for label, words in rows]


def _side(section: Section, held: Held, say: Callable[[str], str]) -> Side:
    return Side(
        held.edit_id,
        held.author,
        held.decided_at,
        held.held_at,
        held.severity,
        held.why,
        held.kind,
        _said(section.describe(held.body), say),
        can_accept=held.kind in section.kinds and held.why != Why.OTHER_PROGRAM,
        is_from_paper=held.is_from_paper,
        has_photo=bool(held.body.get("photo_id")),
    )


def find_first_held(actor: Actor, entry_id: UUID) -> UUID | None:
    """The oldest open edit of a person; None: nothing waits."""
    get_standing(actor, entry_id, Permission.VIEW_RECORD)
    return db.session.scalars(
        select(HeldEdit.edit_id)
        .where(HeldEdit.entry_id == entry_id, HeldEdit.standing == str(Standing.OPEN))
        .order_by(HeldEdit.held_at)
        .limit(1)
    ).first()


@dataclass(frozen=True)
class DisputeLine:
    """A dispute on the list of those that wait."""

    edit_id: UUID
    person: Banner
    label: str
    severity: str
    held_at: datetime


def disputes_for(actor: Actor, *, limit: int = 100) -> list[DisputeLine]:
    """Disputes among the people in the actor's reach: high severity first, then the oldest."""
    rows = db.session.execute(
        select(HeldEdit)
        .join(EntryScope, EntryScope.entry_id == HeldEdit.entry_id)
        .where(HeldEdit.standing == str(Standing.OPEN), reachable_entries(actor))
        .order_by(HeldEdit.severity, HeldEdit.held_at)
        .limit(limit)
    ).scalars()
    log.record(event(actor, EventKind.LIST_VIEWED, list="held"))
    return [
        DisputeLine(
            held.edit_id,
            get_banner(held.entry_id),
            registry.get_section(held.section).label,
            held.severity,
            held.held_at,
        )
        for held in rows
    ]


@dataclass(frozen=True)
class CopiedOf:
    """One person of whom something was copied from paper and not compared with it.

    `sections`: (name, label) of each, to be compared by this reader. `is_open`: the reader has given the reason.
    """

    person: Banner
    sections: tuple[tuple[str, str], ...]
    is_open: bool


@dataclass(frozen=True)
class Copies:
    """What is to be compared with paper, one person at a time. `now` None: nobody is left.

    `after`: whose turn is next; None: nobody's. `own`: people of whom only what the reader copied is left.
    """

    total: int
    own: int
    now: CopiedOf | None
    after: UUID | None


def copies_for(actor: Actor, *, at: UUID | None = None, limit: int = 500) -> Copies:
    """What others copied from paper of the people in the actor's reach, the longest waiting person first.

    Args:
        at: the person to show; if nothing of them is left, whoever has waited longest.
    """
    rows = db.session.scalars(
        select(SectionHead)
        .join(EntryScope, EntryScope.entry_id == SectionHead.entry_id)
        .where(SectionHead.copied_at.is_not(None), EntryScope.is_open, reachable_entries(actor))
        .order_by(SectionHead.copied_at, SectionHead.entry_id)
        .limit(limit)
    )
    waiting: dict[UUID, list[str]] = {}
    for head in rows:
        names = waiting.setdefault(head.entry_id, [])
        if waits_for(find_unchecked(head.value, head.provenance), str(actor.clinician_id)):
            names.append(head.section)
    log.record(event(actor, EventKind.LIST_VIEWED, list="copied", count=len(waiting)))
    people = [entry_id for entry_id, names in waiting.items() if names]
    place = people.index(at) if at in people else 0
    now = _copied_of(actor, people[place], waiting[people[place]]) if people else None
    after = people[(place + 1) % len(people)] if len(people) > 1 else None
    return Copies(len(people), len(waiting) - len(people), now, after)


def _copied_of(actor: Actor, entry_id: UUID, names: list[str]) -> CopiedOf:
    standing = find_standing(actor, entry_id)
    sections = tuple((name, registry.get_section(name).label) for name in names)
    return CopiedOf(get_banner(entry_id), sections, bool(standing and standing.can(Permission.EDIT_PLAN)))


@dataclass(frozen=True)
class DraftLine:
    """Unfinished work of one team."""

    id: UUID
    author_name: str
    saved_at: datetime
    body: Value


def drafts_of_team(actor: Actor, entry_id: UUID, section: str) -> list[DraftLine]:
    """What the reader's own organisation has begun and not sent; nobody else sees it."""
    rows = db.session.scalars(
        select(Draft)
        .where(
            Draft.entry_id == entry_id,
            Draft.section == section,
            Draft.organisation_id == actor.organisation_id,
        )
        .order_by(Draft.saved_at.desc())
    )
    return [DraftLine(row.id, row.author_name, row.saved_at, row.body) for row in rows]


@dataclass(frozen=True)
class HistoryLine:
    """One edit in the history of a record."""

    edit_id: UUID
    section: str
    kind: str
    body: Value
    author: dict[str, Any]
    decided_at: datetime | None
    received_at: datetime
    outcome: str
    section_version: int
    is_from_paper: bool
    standing: str | None


def history(entry_id: UUID, *, section: str | None = None, limit: int = 200) -> list[HistoryLine]:
    """Every edit, newest first, with what became of it."""
    statement = select(Edit, HeldEdit.standing).outerjoin(HeldEdit, HeldEdit.edit_id == Edit.id)
    statement = statement.where(Edit.entry_id == entry_id).order_by(Edit.received_at.desc(), Edit.id.desc())
    if section is not None:
        statement = statement.where(Edit.section == section)
    return [
        HistoryLine(
            edit.id,
            edit.section,
            edit.kind,
            edit.body,
            edit.author,
            edit.decided_at,
            edit.received_at,
            edit.outcome,
            edit.section_version,
            edit.is_from_paper,
            standing,
        )
        for edit, standing in db.session.execute(statement.limit(limit))
    ]


def version_value(entry_id: UUID, section: str, version: int) -> Value | None:
    """The value of one version; None: there is no such version."""
    row = db.session.get(SectionVersion, (entry_id, section, version))
    return row.value if row else None
