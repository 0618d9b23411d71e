"""Tablets, their users and keys, leases, what they are told to do, and the policies they hold to."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base, append_only
from epaccs.core.identifiers import new_id


class Device(Base):
    """One browser profile on one device, enrolled by an organisation; what it last said of itself.

    What it said is None until its first contact after enrolment.
    """

    __tablename__ = "device"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    label: Mapped[str] = mapped_column(String(60))
    device_class: Mapped[str] = mapped_column(String(30))
    status: Mapped[str] = mapped_column(String(20))
    enrolled_at: Mapped[datetime]
    enrolled_by: Mapped[UUID] = mapped_column(Uuid)
    ended_at: Mapped[datetime | None]  #: None: in use; otherwise when it was reported lost or revoked
    ended_by: Mapped[UUID | None] = mapped_column(Uuid)  #: None: in use, or the command line
    erased_at: Mapped[datetime | None]  #: None: it has not said that it erased what it held
    last_contact_at: Mapped[datetime]
    program: Mapped[str] = mapped_column(String(40))
    outbox_length: Mapped[int | None]
    audit_length: Mapped[int | None]
    storage_bytes: Mapped[int | None] = mapped_column(BigInteger)
    is_persisted: Mapped[bool | None]
    plans_missing: Mapped[int | None]  #: whole plans that made way, of those whom its last reader may read
    reserve_bytes: Mapped[int | None]  #: what it has laid aside for what must be kept
    clock_offset_ms: Mapped[int | None] = mapped_column(BigInteger)  #: its clock less the register's
    sums: Mapped[dict[str, Any] | None]  #: scope name to the sum that the tablet worked out
    replaces_id: Mapped[UUID | None] = mapped_column(
        Uuid
    )  #: the tablet that this browser was before; None: it was none


class DeviceUser(Base):
    """A clinician with a key of their own on one tablet; a new key ends the row before and never replaces it."""

    __tablename__ = "device_user"
    __table_args__ = (
        Index(
            "uq_device_user_current",
            "device_id",
            "clinician_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"))
    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"), index=True)
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    public_key: Mapped[dict[str, Any]]  #: JWK, ECDSA P-256
    added_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  #: None: the key in use
    unlocked_with: Mapped[list[Any] | None]  #: "argon2id" or "pbkdf2", and "prf"; None: the tablet has not said it


class Lease(Base):
    """A signed statement that was given: this user may read offline on this tablet until then."""

    __tablename__ = "lease"
    __table_args__ = (Index("ix_lease_clinician_id_ended_at", "clinician_id", "ended_at"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)  #: the jti
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"), index=True)
    device_user_id: Mapped[UUID] = mapped_column(ForeignKey("device_user.id"))
    clinician_id: Mapped[UUID] = mapped_column(ForeignKey("clinician.id"))
    membership_id: Mapped[UUID] = mapped_column(ForeignKey("membership.id"))
    organisation_id: Mapped[UUID] = mapped_column(Uuid)
    role: Mapped[str] = mapped_column(String(40))
    scopes: Mapped[dict[str, Any]]  #: scope name to tier
    policy_version: Mapped[int]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    renew_until: Mapped[datetime]
    ended_at: Mapped[datetime | None]  #: None: nobody ended it; it may have run out all the same
    end_reason: Mapped[str | None] = mapped_column(String(30))


class DeviceCommand(Base):
    """What a tablet is told to do at its next contact."""

    __tablename__ = "device_command"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"), index=True)
    deed: Mapped[str] = mapped_column(String(20))
    scope: Mapped[str | None] = mapped_column(String(80))  #: None: the whole tablet
    issued_by: Mapped[UUID | None] = mapped_column(Uuid)  #: None: the command line
    issued_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]  #: None: the tablet has not asked since
    done_at: Mapped[datetime | None]  #: None: the tablet has not said so


class RevocationRequest(Base):
    """Many tablets at once wait for a second administrator."""

    __tablename__ = "revocation_request"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    device_ids: Mapped[list[Any]]
    is_lost: Mapped[bool]
    requested_by: Mapped[UUID] = mapped_column(Uuid)
    requested_by_name: Mapped[str] = mapped_column(String(200))
    requested_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(Uuid)  #: None: waits
    decided_at: Mapped[datetime | None]  #: None: waits
    is_confirmed: Mapped[bool | None]  #: None: waits; False: taken back


class OfflinePolicy(Base):
    """One version of what a role may have on a class of device of an organisation; the highest version counts."""

    __tablename__ = append_only("offline_policy")
    __table_args__ = (UniqueConstraint("organisation_id", "role", "device_class", "version"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    role: Mapped[str] = mapped_column(String(40))
    device_class: Mapped[str] = mapped_column(String(30))
    version: Mapped[int]
    rules: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    made_by: Mapped[UUID] = mapped_column(Uuid)
    made_by_name: Mapped[str] = mapped_column(String(200))
