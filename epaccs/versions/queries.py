"""What a record says now, what it said then, and what waits for a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select

from epaccs.access.actions import event
from epaccs.access.queries import get_standing
from epaccs.access.rules import Permission
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.versions.model import Edit, HeldEdit, SectionHead, SectionVersion
from epaccs.versions.rules import Held, Material, Recorded, Standing, Value


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


def find_recorded(entry_id: UUID, section: str) -> Recorded | None:
    """One section as it stands; None: nothing recorded."""
    head = db.session.get(SectionHead, (entry_id, section), populate_existing=True)
    if head is None:
        return None
    return Recorded(
        section, head.version, head.value, head.provenance, head.recorded_at, head.disputed, head.confirmed_at,
        head.confirmed_by,
    )  # fmt: skip


def section_for_form(actor: Actor, entry_id: UUID, section: str, permission: Permission) -> Recorded | None:
    """One section for the form that changes it; None: nothing recorded. Opening the form is recorded.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    get_standing(actor, entry_id, permission)
    log.record(event(actor, EventKind.FORM_VIEWED, entry_id=entry_id, section=section))
    return find_recorded(entry_id, section)


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
