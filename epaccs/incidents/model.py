"""Incidents and what was said of each, line by line; nothing of it is ever changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base, append_only
from epaccs.core.identifiers import new_id


class Incident(Base):
    """Something went wrong with what organisations share, as it was first written down."""

    __tablename__ = append_only("incident")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    title: Mapped[str] = mapped_column(String(120))
    what_happened: Mapped[str] = mapped_column(Text)
    noticed_at: Mapped[datetime]
    opened_at: Mapped[datetime]


class IncidentLine(Base):
    """One thing that one person said for one organisation; the names are those of that moment."""

    __tablename__ = append_only("incident_line")
    __table_args__ = (
        UniqueConstraint("incident_id", "sequence"),
        Index("ix_incident_line_kind_subject_id", "kind", "subject_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"))
    sequence: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[UUID | None] = mapped_column(Uuid)  #: an organisation or an entry; None: about neither
    text: Mapped[str | None] = mapped_column(Text)  #: None: the kind says it all
    said_at: Mapped[datetime]
    clinician_id: Mapped[UUID] = mapped_column(Uuid)
    clinician_name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(40))
    organisation_id: Mapped[UUID] = mapped_column(Uuid)
    organisation_name: Mapped[str] = mapped_column(String(200))
