"""Every marker that was ever printed, and codes that somebody tried in vain."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base
from epaccs.core.identifiers import new_id


class HomeMarker(Base):
    """One marker: a card and a strip that bear one code. It says nothing of the person, so nothing makes it old."""

    __tablename__ = "home_marker"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)  #: of the form, so that sending it twice prints once
    code: Mapped[str] = mapped_column(String(10), unique=True)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"), index=True)
    printed_at: Mapped[datetime]
    printed_by: Mapped[UUID] = mapped_column(Uuid)
    place: Mapped[str] = mapped_column(String(200))  #: where it hangs; empty: not said, or the address is restricted
    ended_at: Mapped[datetime | None]  #: when somebody said that it is lost, destroyed or replaced; None: it stands
    ended_by: Mapped[UUID | None] = mapped_column(Uuid)
    end_reason: Mapped[str | None] = mapped_column(String(12))


class MarkerMiss(Base):
    """That somebody who is signed in tried a code that opens nothing for them."""

    __tablename__ = "marker_miss"
    __table_args__ = (Index("ix_marker_miss_clinician_id_at", "clinician_id", "at"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    clinician_id: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[datetime]
