"""Organisations, clinicians, where they work, and what they may sign."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from epaccs.core.db import Base
from epaccs.core.identifiers import new_id


class Organisation(Base):
    """An organisation that shares the register, known by its ODS code."""

    __tablename__ = "organisation"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    ods_code: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(30))
    telephone: Mapped[str | None] = mapped_column(String(40))  #: None: not recorded
    telephone_24h: Mapped[str | None] = mapped_column(String(40))  #: None: not reachable at night
    address: Mapped[str | None] = mapped_column(String(400))
    area: Mapped[str] = mapped_column(String(40), default="")  #: practices and services of one area share its name
    demands_second_factor: Mapped[bool] = mapped_column(default=False)
    closed_on: Mapped[date | None]  #: None: open


class Clinician(Base):
    """A person who may sign in; roles are held at organisations."""

    __tablename__ = "clinician"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    user_name: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    professional_number: Mapped[str | None] = mapped_column(String(20))  #: None: the role has none
    password_hash: Mapped[str | None] = mapped_column(String(200))  #: None: has not signed in for the first time
    must_change_password: Mapped[bool] = mapped_column(default=False)
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  #: None: may sign in

    memberships: Mapped[list[Membership]] = relationship(back_populates="clinician")


class Membership(Base):
    """One role of one clinician at one organisation."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("clinician_id", "organisation_id", "role"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    role: Mapped[str] = mapped_column(String(40))
    from_date: Mapped[date]
    until_date: Mapped[date | None]  #: None: open-ended

    clinician: Mapped[Clinician] = relationship(back_populates="memberships")
    organisation: Mapped[Organisation] = relationship()


class SigningAuthorisation(Base):
    """A local authorisation of one person to sign CPR decisions; the role alone is not enough."""

    __tablename__ = "signing_authorisation"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"), index=True)
    issued_by: Mapped[str] = mapped_column(String(200))
    from_date: Mapped[date]
    until_date: Mapped[date]
    revoked_on: Mapped[date | None]  #: None: not revoked
