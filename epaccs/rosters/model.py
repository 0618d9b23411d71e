"""The sessions of an organisation's rota, and how often it was changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base
from epaccs.core.identifiers import new_id


class Rota(Base):
    """How often an organisation's rota was changed. Its row is locked by whoever changes a session of it."""

    __tablename__ = "rota"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    version: Mapped[int]
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID] = mapped_column(Uuid)


class RotaSession(Base):
    """One session of one clinician; none is removed before it is long over, only taken off."""

    __tablename__ = "rota_session"
    __table_args__ = (
        Index("ix_rota_session_organisation_id_until_at", "organisation_id", "until_at"),
        Index("ix_rota_session_clinician_id_until_at", "clinician_id", "until_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]  #: when it was ended by hand, if it was
    added_at: Mapped[datetime]
    added_by: Mapped[UUID] = mapped_column(Uuid)
    taken_off_at: Mapped[datetime | None]  #: None: stands on the rota; only one that has not begun is taken off
    taken_off_by: Mapped[UUID | None] = mapped_column(Uuid)
