"""Entries, the log of edits, the numbered versions, and what waits for a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, Uuid, false
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base, append_only


class Entry(Base):
    """One person on the register. Its row is locked before anything of the person changes."""

    __tablename__ = "entry"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    created_at: Mapped[datetime]
    change_number: Mapped[int]  #: of the latest change to anything of this person


class Edit(Base):
    """What somebody asked to change, as they asked it; it is also what makes a repeated form have one effect.

    The device's columns are None for edits made in a form. Three times: decided (clinical, said by a person), on the
    device, and received (the only one that orders).
    """

    __tablename__ = append_only("edit_log")
    __table_args__ = (Index("ix_edit_log_entry_id_received_at", "entry_id", "received_at"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"))
    section: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(40))
    schema: Mapped[int]
    base_version: Mapped[int]
    after_id: Mapped[UUID | None] = mapped_column(Uuid)  #: None: made on `base_version` itself
    body: Mapped[dict[str, Any]]
    body_hash: Mapped[str] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]  #: None: the edit states no clinical time
    recorded_at_device: Mapped[datetime | None]
    clock_offset_ms: Mapped[int | None]
    received_at: Mapped[datetime]
    author_id: Mapped[UUID | None] = mapped_column(Uuid)  #: None: the program itself
    author: Mapped[dict[str, Any]]  #: name, role, professional number and organisation as they were then
    organisation_id: Mapped[UUID | None] = mapped_column(Uuid)
    device_id: Mapped[UUID | None] = mapped_column(Uuid)
    device_sequence: Mapped[int | None]
    signature: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(12))
    section_version: Mapped[int]  #: the version after this edit
    is_from_paper: Mapped[bool] = mapped_column(default=False, server_default=false())  #: copied, or compared with it


class SectionHead(Base):
    """The latest version of one section of one person."""

    __tablename__ = "section"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"), primary_key=True)
    section: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int]
    value: Mapped[dict[str, Any]]
    provenance: Mapped[dict[str, Any]]
    edit_id: Mapped[UUID] = mapped_column(Uuid)
    recorded_at: Mapped[datetime]
    disputed: Mapped[bool] = mapped_column(default=False)
    confirmed_at: Mapped[datetime | None]  #: None: nobody said since that it is still right
    confirmed_by: Mapped[dict[str, Any] | None]
    copied_at: Mapped[datetime | None] = mapped_column(index=True)  #: None: nothing waits to be compared with paper


class SectionVersion(Base):
    """One version of one section, as it was recorded."""

    __tablename__ = append_only("section_version")

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"), primary_key=True)
    section: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[dict[str, Any]]
    provenance: Mapped[dict[str, Any]]
    edit_id: Mapped[UUID] = mapped_column(Uuid)
    recorded_at: Mapped[datetime]


class HeldEdit(Base):
    """An edit that waits for a person; both sides stay readable until it is settled."""

    __tablename__ = "held_edit"
    __table_args__ = (Index("ix_held_edit_entry_id_section", "entry_id", "section"),)

    edit_id: Mapped[UUID] = mapped_column(ForeignKey("edit_log.id"), primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"))
    section: Mapped[str] = mapped_column(String(40))
    severity: Mapped[str] = mapped_column(String(10))
    why: Mapped[str] = mapped_column(String(40))
    held_at: Mapped[datetime]
    standing: Mapped[str] = mapped_column(String(10))
    settled_at: Mapped[datetime | None]  #: None: open
    settled_by_edit_id: Mapped[UUID | None] = mapped_column(Uuid)


class Draft(Base):
    """Work in progress of one organisation's team; outside the versions, so that it makes no decision stale."""

    __tablename__ = "draft"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"), index=True)
    section: Mapped[str] = mapped_column(String(40))
    organisation_id: Mapped[UUID] = mapped_column(Uuid)
    clinician_id: Mapped[UUID] = mapped_column(Uuid)
    author_name: Mapped[str] = mapped_column(String(200))
    body: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]
