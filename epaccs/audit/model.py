"""Sixteen chains of events, so that readers do not queue for one head; each minute a checkpoint chains their heads."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base, append_only

CHAINS = 16
GENESIS = "0" * 64


class AuditChain(Base):
    """The head of one chain."""

    __tablename__ = "audit_chain"

    chain: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


class AuditEvent(Base):
    """One deed, chained to the one before it."""

    __tablename__ = append_only("audit_event")
    __table_args__ = (
        UniqueConstraint("chain", "sequence"),
        Index("ix_audit_event_entry_id_at", "entry_id", "at"),
        Index("ix_audit_event_actor_id_at", "actor_id", "at"),
        Index("ix_audit_event_kind_at", "kind", "at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    chain: Mapped[int]
    sequence: Mapped[int]
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)  #: None: nobody signed in, or the program
    organisation_id: Mapped[UUID | None] = mapped_column(Uuid)
    role: Mapped[str | None] = mapped_column(String(40))
    entry_id: Mapped[UUID | None] = mapped_column(Uuid)  #: None: the deed concerned no one person
    details: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditCheckpoint(Base):
    """The heads of all chains at one moment, chained to the checkpoint before and written outside the database too."""

    __tablename__ = append_only("audit_checkpoint")

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    heads: Mapped[list[Any]]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
