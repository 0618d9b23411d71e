"""Who asked for an account, who answers for it, and until when it runs."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base
from epaccs.core.identifiers import new_id


class OrganisationSponsor(Base):
    """Which organisation answers for the people of another; without a row the board that runs the area does."""

    __tablename__ = "organisation_sponsor"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    sponsor_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    named_at: Mapped[datetime]
    named_by: Mapped[UUID] = mapped_column(Uuid)


class AccountRequest(Base):
    """Somebody without an account asks for one."""

    __tablename__ = "account_request"
    __table_args__ = (
        Index("ix_account_request_address_asked_at", "address", "asked_at"),
        Index("ix_account_request_organisation_id_answered_at", "organisation_id", "answered_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    asked_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(45))
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(40))
    email: Mapped[str | None] = mapped_column(String(255))  #: None: not given
    telephone: Mapped[str | None] = mapped_column(String(40))  #: None: not given
    professional_number: Mapped[str | None] = mapped_column(String(20))  #: None: the role has none
    reason: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[datetime | None]  #: None: waits for a sponsor
    answered_by: Mapped[UUID | None] = mapped_column(Uuid)
    outcome: Mapped[str | None] = mapped_column(String(20))  #: approved, refused, or repeated
    refusal: Mapped[str | None] = mapped_column(Text)  #: why it was refused


class SponsoredAccount(Base):
    """One role that somebody has through a sponsor; the role's own last day is the earlier of both ends."""

    __tablename__ = "sponsored_account"
    __table_args__ = (Index("ix_sponsored_account_organisation_id_ended_at", "organisation_id", "ended_at"),)

    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"), primary_key=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    request_id: Mapped[UUID] = mapped_column(Uuid)
    given_at: Mapped[datetime]
    attested_at: Mapped[datetime]  #: when a sponsor last said that this person works there
    attested_by: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"))
    attested_for_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))  #: the sponsor's organisation
    expires_on: Mapped[date]
    last_used_on: Mapped[date]  #: the last day they signed in; the day it was given, before the first time
    ended_at: Mapped[datetime | None]  #: None: nobody has ended it, nor noticed that it has run out
    end_reason: Mapped[str | None] = mapped_column(String(20))  #: ended, expired, or unused
