"""Organisations, clinicians, where they work, and what they may sign."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint, Uuid
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
    password_changed_at: Mapped[datetime | None]  #: None: there is no password
    home_organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
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
    is_from_provider: Mapped[bool] = mapped_column(default=False)  #: given by what the identity provider said

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


class ClinicianSession(Base):
    """One browser in which a person gave their password; only the digest of its cookie is kept."""

    __tablename__ = "clinician_session"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"), index=True)
    membership_id: Mapped[UUID | None] = mapped_column(ForeignKey("membership.id"))  #: None: not chosen yet
    second_factor_at: Mapped[datetime | None]  #: None: no code was given in this session
    proved_at: Mapped[datetime | None]  #: when the person last proved who they are; None: not known
    provider_session: Mapped[str | None] = mapped_column(String(255))  #: None: did not come by the identity provider
    vouched_for: Mapped[list[Any] | None]  #: organisations that take the provider's second factor; None: none
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    idle_minutes: Mapped[int]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  #: None: nobody ended it; it may have lapsed all the same
    end_reason: Mapped[str | None] = mapped_column(String(30))
    browser: Mapped[str] = mapped_column(String(80))
    address: Mapped[str] = mapped_column(String(45))


class SignInAttempt(Base):
    """A try to sign in that did not succeed, or not yet; success takes its place's rows away.

    The name typed is kept as a digest: people type passwords into the wrong box.
    """

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        Index("ix_sign_in_attempt_account_digest_at", "account_digest", "at"),
        Index("ix_sign_in_attempt_address_at", "address", "at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(index=True)
    account_digest: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(String(64))  #: the digest of a device known to the account, else the address
    address: Mapped[str] = mapped_column(String(45))
    is_known: Mapped[bool]  #: the account has signed in from this device or address before


class KnownDevice(Base):
    """A browser from which a person has signed in, so that a stranger's guesses elsewhere do not lock them out."""

    __tablename__ = "known_device"
    __table_args__ = (UniqueConstraint("clinician_id", "device_digest"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"))
    device_digest: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(45))
    last_used_at: Mapped[datetime] = mapped_column(index=True)


class OneTimeCode(Base):
    """Shown once to an administrator, with which a person sets a password; a newer one replaces it."""

    __tablename__ = "one_time_code"

    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"), primary_key=True)
    code_digest: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SecondFactor(Base):
    """A person's authenticator; its secret is sealed."""

    __tablename__ = "second_factor"

    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"), primary_key=True)
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    begun_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]  #: None: no code from it was given yet, so it is not asked for
    last_step: Mapped[int | None]  #: None: no code was used; a code of this step or before is refused


class RecoveryCode(Base):
    """One of ten codes for the day the authenticator is lost; each works once."""

    __tablename__ = "recovery_code"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"), index=True)
    code_digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]  #: None: still works


class Passkey(Base):
    """A key pair in somebody's telephone or computer, of which only the public half is here."""

    __tablename__ = "passkey"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"), index=True)
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)  #: 0: this authenticator does not count
    name: Mapped[str] = mapped_column(String(60))
    added_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]  #: None: never


class SealedForm(Base):
    """What somebody had typed when their session ended; only they get it back, once, within half an hour."""

    __tablename__ = "sealed_form"
    __table_args__ = (Index("ix_sealed_form_clinician_id_path", "clinician_id", "path"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"))
    path: Mapped[str] = mapped_column(String(400))
    sealed_fields: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
