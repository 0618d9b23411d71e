"""Scans of papers: what was said of each, its bytes apart, and why one holds no more. No row ever changes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base, append_only


class Scan(Base):
    """One scan and what was said of the paper when it was kept."""

    __tablename__ = append_only("scan")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)  #: of the form, so that sending it twice keeps one
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(150))
    original_location: Mapped[str] = mapped_column(String(300))
    original_seen_by: Mapped[str | None] = mapped_column(String(150))  #: None: nobody said that they saw it
    original_seen_on: Mapped[date | None]  #: None: nobody said that they saw it
    identifiers: Mapped[list[Any]]  #: what stood on the paper and agreed with the person
    media_type: Mapped[str] = mapped_column(String(20))
    pages: Mapped[int]
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))  #: of the file as it was sent
    virus_scan: Mapped[str] = mapped_column(String(120))  #: what the scanner that passed it said it was
    kept_at: Mapped[datetime]
    kept_by: Mapped[dict[str, Any]]  #: name, role and organisation as they were then


class ScanContent(Base):
    """The file itself, sealed for its scan; read only when somebody opens it."""

    __tablename__ = append_only("scan_content")

    scan_id: Mapped[UUID] = mapped_column(ForeignKey("scan.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class ScanWithdrawal(Base):
    """That a scan holds no more, and why; the scan stays."""

    __tablename__ = append_only("scan_withdrawal")

    scan_id: Mapped[UUID] = mapped_column(ForeignKey("scan.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(20))
    why: Mapped[str] = mapped_column(Text)  #: empty: the reason says it all
    withdrawn_at: Mapped[datetime]
    withdrawn_by: Mapped[dict[str, Any]]  #: name, role and organisation as they were then
