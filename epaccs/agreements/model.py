"""Agreements, who is party to them, who signed, and what ended. No row changes: each deed is a row of its own."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base, append_only
from epaccs.core.identifiers import new_id


class SharingAgreement(Base):
    """What is shared, for what and on which basis, from when until when. Nothing changes it: another replaces it."""

    __tablename__ = append_only("sharing_agreement")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200))
    level: Mapped[int]  #: how far it goes: the highest tier that flows
    purpose: Mapped[str] = mapped_column(String(40))
    legal_basis: Mapped[str] = mapped_column(String(40))  #: UK GDPR, article 6
    special_basis: Mapped[str] = mapped_column(String(40))  #: UK GDPR, article 9
    contact: Mapped[str] = mapped_column(Text)  #: whom people ask, and where they say no
    valid_from: Mapped[date]
    valid_until: Mapped[date]  #: the last day
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None] = mapped_column(Uuid)  #: None: carried over by the upgrade


class SharingParty(Base):
    """An organisation that an agreement is made for; without its signature nothing flows to it or from it."""

    __tablename__ = append_only("sharing_party")

    agreement_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    is_controller: Mapped[bool]  #: decides why and how; False: acts for those who do


class SharingSignature(Base):
    """One organisation's signature under one agreement."""

    __tablename__ = append_only("sharing_signature")
    __table_args__ = (Index("ix_sharing_signature_organisation_id", "organisation_id"),)

    agreement_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    signed_by: Mapped[str] = mapped_column(String(200))  #: name and post
    signed_at: Mapped[datetime]
    clinician_id: Mapped[UUID | None] = mapped_column(Uuid)  #: who entered it; None: carried over by the upgrade


class SharingEnd(Base):
    """An agreement that ended before its last day, or an organisation that left it."""

    __tablename__ = append_only("sharing_end")
    __table_args__ = (Index("ix_sharing_end_agreement_id", "agreement_id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    agreement_id: Mapped[UUID] = mapped_column(Uuid)
    organisation_id: Mapped[UUID | None] = mapped_column(Uuid)  #: who left; None: it ended for everybody
    reason: Mapped[str] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime]
    ended_by: Mapped[UUID | None] = mapped_column(Uuid)
