"""What a record says now, what it said then, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from epaccs.core.db import db
from epaccs.versions.model import Edit, HeldEdit, SectionHead, SectionVersion
from epaccs.versions.rules import Standing, Value


@dataclass(frozen=True)
class Held:
    """An open edit beside the value it would change."""

    edit_id: UUID
    section: str
    kind: str
    body: Value
    base_version: int
    author: dict[str, Any]
    decided_at: datetime | None
    held_at: datetime
    severity: str
    why: str


@dataclass(frozen=True)
class Recorded:
    """One section as it stands, or stood."""

    section: str
    version: int
    value: Value
    provenance: dict[str, Any]
    recorded_at: datetime
    disputed: bool = False
    confirmed_at: datetime | None = None
    confirmed_by: dict[str, Any] | None = None


@dataclass(frozen=True)
class Material:
    """Everything recorded of one person at one moment: what a summary is made of, for page, paper and history alike.

    `as_at` None: now.
    """

    entry_id: UUID
    sections: dict[str, Recorded]
    held: tuple[Held, ...]
    as_at: datetime | None = None

    def value(self, section: str) -> Value | None:
        """The value of a section; None: nothing recorded."""
        recorded = self.sections.get(section)
        return recorded.value if recorded else None

    def held_in(self, section: str) -> tuple[Held, ...]:
        """The open edits of a section."""
        return tuple(held for held in self.held if held.section == section)


def material(entry_id: UUID) -> Material:
    """What is recorded now. Callers have asked `access` before."""
    rows = db.session.scalars(select(SectionHead).where(SectionHead.entry_id == entry_id))
    sections = {
        head.section: Recorded(
            head.section,
            head.version,
            head.value,
            head.provenance,
            head.recorded_at,
            head.disputed,
            head.confirmed_at,
            head.confirmed_by,
        )
        for head in rows
    }
    return Material(entry_id, sections, _held(entry_id, None))


def material_at(entry_id: UUID, moment: datetime) -> Material:
    """What the register showed at a moment, by recorded time, disputes included."""
    latest = (
        select(SectionVersion.section, func.max(SectionVersion.version).label("version"))
        .where(SectionVersion.entry_id == entry_id, SectionVersion.recorded_at <= moment)
        .group_by(SectionVersion.section)
        .subquery()
    )
    rows = db.session.scalars(
        select(SectionVersion)
        .join(
            latest,
            (SectionVersion.section == latest.c.section) & (SectionVersion.version == latest.c.version),
        )
        .where(SectionVersion.entry_id == entry_id)
    )
    held = _held(entry_id, moment)
    disputed = {one.section for one in held}
    sections = {
        row.section: Recorded(
            row.section, row.version, row.value, row.provenance, row.recorded_at, row.section in disputed
        )
        for row in rows
    }
    return Material(entry_id, sections, held, moment)


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
    return Held(
        edit_id=edit.id,
        section=edit.section,
        kind=edit.kind,
        body=edit.body,
        base_version=edit.base_version,
        author=edit.author,
        decided_at=edit.decided_at,
        held_at=held.held_at,
        severity=held.severity,
        why=held.why,
    )


def find_held(edit_id: UUID) -> tuple[UUID, str] | None:
    """The entry and section of an open held edit; None: there is none, or it was settled."""
    held = db.session.get(HeldEdit, edit_id, populate_existing=True)
    if held is None or held.standing != Standing.OPEN:
        return None
    return held.entry_id, held.section


def find_recorded(entry_id: UUID, section: str) -> Recorded | None:
    """One section as it stands; None: nothing recorded."""
    head = db.session.get(SectionHead, (entry_id, section), populate_existing=True)
    if head is None:
        return None
    return Recorded(
        section, head.version, head.value, head.provenance, head.recorded_at, head.disputed, head.confirmed_at,
        head.confirmed_by,
    )  # fmt: skip


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
            standing,
        )
        for edit, standing in db.session.execute(statement.limit(limit))
    ]


def version_value(entry_id: UUID, section: str, version: int) -> Value | None:
    """The value of one version; None: there is no such version."""
    row = db.session.get(SectionVersion, (entry_id, section, version))
    return row.value if row else None
