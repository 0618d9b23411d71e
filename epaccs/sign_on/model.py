"""What is begun and finished within minutes, who somebody is at the identity provider, which systems send people."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base
from epaccs.core.identifiers import new_id


class Ceremony(Base):
    """Something begun here that must be finished within minutes, by the same browser, once; then the row is gone."""

    __tablename__ = "ceremony"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(20))
    sealed_facts: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class IdentityLink(Base):
    """Who somebody is at the identity provider: its own number of them, never a name or an e-mail address."""

    __tablename__ = "identity_link"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"), index=True)
    issuer: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(255))
    linked_by: Mapped[UUID | None] = mapped_column(Uuid)  #: None: the verified professional number did
    linked_at: Mapped[datetime]


class LinkRequest(Base):
    """Somebody the provider knows and the register does not, who reads a code to their administrator."""

    __tablename__ = "link_request"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    issuer: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(255))
    code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class RoleClaim(Base):
    """What one value of the provider's claim means here: a role at the organisation that keeps this row."""

    __tablename__ = "role_claim"
    __table_args__ = (UniqueConstraint("organisation_id", "value", "role"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    value: Mapped[str] = mapped_column(String(200), index=True)
    role: Mapped[str] = mapped_column(String(40))
    second_factor: Mapped[str | None] = mapped_column(String(120))  #: None: the provider's is not taken
    made_by: Mapped[UUID] = mapped_column(Uuid)
    made_at: Mapped[datetime]


class KnownSystem(Base):
    """Another system of an organisation that may send its people to a patient's card."""

    __tablename__ = "known_system"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    issuer: Mapped[str] = mapped_column(String(200), unique=True)
    keys: Mapped[dict[str, Any]]
    made_by: Mapped[UUID] = mapped_column(Uuid)
    made_at: Mapped[datetime]


class UsedLaunch(Base):
    """A launch that was taken, so that it is not taken twice; forgotten when it could not be any more."""

    __tablename__ = "used_launch"
    __table_args__ = (UniqueConstraint("system_id", "token_digest"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    system_id: Mapped[UUID] = mapped_column(Uuid)
    token_digest: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(index=True)
