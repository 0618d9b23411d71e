"""Dated relationships, what was said on the way in, and what scopes are worked out from."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base
from epaccs.core.identifiers import new_id


class EntryScope(Base):
    """What of an entry decides who may reach it; kept by the register in the transaction of each change."""

    __tablename__ = "entry_scope"

    entry_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    practice_id: Mapped[UUID | None] = mapped_column(Uuid, index=True)  #: None: no practice known
    area: Mapped[str] = mapped_column(String(40))
    residence_id: Mapped[UUID | None] = mapped_column(Uuid, index=True)  #: care home; None: lives elsewhere
    registrar_id: Mapped[UUID | None] = mapped_column(Uuid, index=True)  #: None: sharing was refused or withdrawn
    is_shared: Mapped[bool]  #: False: consent to share refused, withdrawn or not asked; only the practice sees it
    is_wide: Mapped[bool] = mapped_column(default=True)  #: False: the person objects to tablets of the whole area
    is_open: Mapped[bool]  #: False: removed or merged into another entry


class Relationship(Base):
    """Why an organisation is concerned with a person, from when until when."""

    __tablename__ = "relationship"
    __table_args__ = (Index("ix_relationship_entry_id_organisation_id", "entry_id", "organisation_id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    entry_id: Mapped[UUID] = mapped_column(Uuid)
    organisation_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    reason: Mapped[str] = mapped_column(String(40))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]  #: None: until somebody ends it
    recorded_by: Mapped[UUID | None] = mapped_column(Uuid)  #: None: the program, on registration
    asked_by: Mapped[UUID | None] = mapped_column(Uuid)  #: the organisation that referred; None: nobody did
    confirmed_at: Mapped[datetime | None]  #: None: nobody there has said yet that they look after the person
    confirmed_by: Mapped[UUID | None] = mapped_column(Uuid)
    end_reason: Mapped[str | None] = mapped_column(String(40))  #: None: it stands, or it ran out by itself
    ended_by: Mapped[UUID | None] = mapped_column(Uuid)  #: None: it stands, or the program ended it


class AccessGrant(Base):
    """The reason one clinician gave for one person in one session; emergencies wait for a privacy officer."""

    __tablename__ = "access_grant"
    __table_args__ = (Index("ix_access_grant_clinician_id_entry_id", "clinician_id", "entry_id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    entry_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    clinician_id: Mapped[UUID] = mapped_column(Uuid)
    organisation_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    role: Mapped[str] = mapped_column(String(40))
    session_id: Mapped[UUID | None] = mapped_column(Uuid)  #: None: the command line
    reason: Mapped[str] = mapped_column(String(30))
    in_scope: Mapped[bool]  #: False: opened in an emergency though out of scope
    identifiers_checked: Mapped[list[Any]]  #: two of name, born…; empty: cannot check
    given_at: Mapped[datetime]
    until_at: Mapped[datetime]
    last_looked_at: Mapped[datetime | None]  #: when they last saw this record before; None: never
    reviewed_at: Mapped[datetime | None]  #: None: not looked at by a privacy officer
    reviewed_by: Mapped[UUID | None] = mapped_column(Uuid)
    review_outcome: Mapped[str | None] = mapped_column(String(30))
    review_note: Mapped[str | None] = mapped_column(Text)
