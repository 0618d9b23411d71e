"""What tablets wrote, as they sent it, with its first outcome; and how far each tablet's numbers have come."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base, append_only
from epaccs.core.identifiers import new_id

#: What the bodies here are sealed for.
SEALED_FOR: Final = "pushed edit"


class PushedEdit(Base):
    """One edit that a tablet brought, and what became of it first; both stay for ever.

    The body is sealed, as it was sent: that of a refused edit is nowhere else.
    """

    __tablename__ = append_only("pushed_edit")
    __table_args__ = (UniqueConstraint("device_id", "sequence"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    device_id: Mapped[UUID] = mapped_column(Uuid)
    sequence: Mapped[int | None]  #: None: another edit had this number: there are two tablets of one id
    author_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    entry_id: Mapped[UUID | None] = mapped_column(Uuid)  #: None: it named nobody
    sealed_body: Mapped[bytes] = mapped_column(LargeBinary)
    body_hash: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(12))
    section_version: Mapped[int]  #: what its author has seen now; of a refused one: what they had seen
    errors: Mapped[list[Any]]


class EnteredAgain(Base):
    """An edit that was refused, and that its author has entered again since: the tablet's book of looks said so."""

    __tablename__ = append_only("entered_again")

    edit_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    at: Mapped[datetime]


class FailedEdit(Base):
    """An edit at which the program failed; it has no outcome, so it is tried again when it comes again."""

    __tablename__ = append_only("failed_edit")
    __table_args__ = (UniqueConstraint("edit_id", "body_hash"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    edit_id: Mapped[UUID] = mapped_column(Uuid)
    device_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    sequence: Mapped[int]
    author_id: Mapped[UUID] = mapped_column(Uuid)
    sealed_body: Mapped[bytes] = mapped_column(LargeBinary)
    body_hash: Mapped[str] = mapped_column(String(64))
    failed_at: Mapped[datetime]


class TabletBook(Base):
    """How far the numbers of one tablet have come. Its row is locked first by whoever takes something from it."""

    __tablename__ = "tablet_book"

    device_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    next_sequence: Mapped[int]  #: the first of its edits' numbers that has not come
    gap_at: Mapped[datetime | None]  #: None: no number is missing; otherwise since when one is
    gap_told_at: Mapped[datetime | None]  #: None: nobody was told of the gap
    looks_upto: Mapped[int]  #: the highest number of its looks that has come
    copied_at: Mapped[datetime | None]  #: None: nothing says that there are two tablets of this id


class SealedMiss(Base):
    """Something sealed that could not be opened or was not signed by its author; from where, so that it ends."""

    __tablename__ = "sealed_miss"
    __table_args__ = (Index("ix_sealed_miss_address_at", "address", "at"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    address: Mapped[str] = mapped_column(String(45))
    at: Mapped[datetime] = mapped_column(index=True)
