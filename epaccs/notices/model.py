"""Notices and who has seen them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base
from epaccs.core.identifiers import new_id


class Notice(Base):
    """One thing that an organisation, a role in it, or one clinician must do or know about one person."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_organisation_id_ended_at", "organisation_id", "ended_at"),
        Index("ix_notice_entry_id_kind", "entry_id", "kind"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    entry_id: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(String(30))
    section: Mapped[str | None] = mapped_column(String(40))  #: None: the whole record
    edit_id: Mapped[UUID | None] = mapped_column(Uuid)  #: None: not about one edit
    organisation_id: Mapped[UUID] = mapped_column(Uuid)
    role: Mapped[str | None] = mapped_column(String(40))  #: None: anybody there who may see the person
    clinician_id: Mapped[UUID | None] = mapped_column(Uuid)  #: None: not to one clinician
    severity: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]
    shows_from: Mapped[datetime]
    due_at: Mapped[datetime | None]  #: None: no time was set
    seen_at: Mapped[datetime | None]  #: None: not delivered yet: nobody of the addressee has opened the list since
    seen_by: Mapped[UUID | None] = mapped_column(Uuid)
    acknowledged_at: Mapped[datetime | None]  #: None: nobody has said that they see to it
    acknowledged_by: Mapped[UUID | None] = mapped_column(Uuid)
    acknowledged_by_name: Mapped[str | None] = mapped_column(String(200))
    ended_at: Mapped[datetime | None]  #: None: still stands; otherwise what it asked for was done
