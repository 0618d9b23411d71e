"""How far the audit was looked through, what was found unusual, what was decided, and what is not told for a while."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base, append_only
from epaccs.core.identifiers import new_id

_OPEN = text("decided_at IS NULL")


class OversightCursor(Base):
    """How far one chain of the audit was looked through. Its row is locked by whoever keeps what was found."""

    __tablename__ = "oversight_cursor"

    chain: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int]
    looked_at: Mapped[datetime]


class UnusualAccess(Base):
    """One alert: what one reader did with one person, or as a habit; further looks join it until it is decided."""

    __tablename__ = "unusual_access"
    __table_args__ = (
        Index("ix_unusual_access_organisation_id_decided_at", "organisation_id", "decided_at"),
        Index(
            "uq_unusual_access_open",
            "organisation_id",
            "clinician_id",
            "cause",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(Uuid)  #: of the reader then
    clinician_id: Mapped[UUID] = mapped_column(Uuid)
    role: Mapped[str | None] = mapped_column(String(40))
    cause: Mapped[str] = mapped_column(String(40))  #: the id of the person looked at, or the rule about a habit
    entry_id: Mapped[UUID | None] = mapped_column(Uuid)  #: None: a habit, of no one person
    reasons: Mapped[dict[str, Any]]  #: by rule: its codes and counts
    first_at: Mapped[datetime]  #: when it was done, on a tablet without signal too
    last_at: Mapped[datetime]
    deeds: Mapped[int]
    raised_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]  #: None: waits, or the reader is being asked


class UnusualDeed(Base):
    """One row of the audit that an alert is about; a row raises one alert of one cause, and no second."""

    __tablename__ = append_only("unusual_deed")

    event_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    cause: Mapped[str] = mapped_column(String(40), primary_key=True)
    alert_id: Mapped[UUID] = mapped_column(ForeignKey("unusual_access.id"), index=True)


class UnusualVerdict(Base):
    """What a privacy officer found, and why; the last one counts."""

    __tablename__ = append_only("unusual_verdict")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    alert_id: Mapped[UUID] = mapped_column(ForeignKey("unusual_access.id"), index=True)
    verdict: Mapped[str] = mapped_column(String(20))
    note: Mapped[str | None] = mapped_column(Text)  #: None: none was needed
    decided_at: Mapped[datetime]
    decided_by: Mapped[UUID] = mapped_column(Uuid)
    decided_by_name: Mapped[str] = mapped_column(String(200))


class KnownPair(Base):
    """One reader's looks at one person are not told until a day: she works in her own village."""

    __tablename__ = "known_pair"
    __table_args__ = (Index("ix_known_pair_organisation_id_clinician_id", "organisation_id", "clinician_id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(Uuid)
    clinician_id: Mapped[UUID] = mapped_column(Uuid)
    entry_id: Mapped[UUID] = mapped_column(Uuid)
    reason: Mapped[str] = mapped_column(Text)
    from_at: Mapped[datetime]
    until_on: Mapped[date]
    made_by: Mapped[UUID] = mapped_column(Uuid)
    made_by_name: Mapped[str] = mapped_column(String(200))
    ended_at: Mapped[datetime | None]  #: None: lasts until its day


class WatchedPerson(Base):
    """A person in the news, by NHS number: whether they are on the register is not asked when they are written down."""

    __tablename__ = "watched_person"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    nhs_number: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    from_at: Mapped[datetime]
    until_on: Mapped[date]
    made_by: Mapped[UUID] = mapped_column(Uuid)
    made_by_name: Mapped[str] = mapped_column(String(200))
    ended_at: Mapped[datetime | None]  #: None: lasts until its day


class WorkerParticulars(Base):
    """What a person at work told of themselves, to be compared and not read: digests under the site's secret."""

    __tablename__ = "worker_particulars"

    clinician_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    nhs_key: Mapped[str | None] = mapped_column(String(64), index=True)  #: None: not told
    born_key: Mapped[str | None] = mapped_column(String(64))  #: None: not told
    home_key: Mapped[str | None] = mapped_column(String(64))  #: None: not told
    noted_at: Mapped[datetime]
    noted_by: Mapped[UUID] = mapped_column(Uuid)
    noted_by_name: Mapped[str] = mapped_column(String(200))


class OversightThresholds(Base):
    """One version of what an organisation's privacy officer set; the last one counts until its day."""

    __tablename__ = append_only("oversight_thresholds")
    __table_args__ = (UniqueConstraint("organisation_id", "version"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(Uuid)
    version: Mapped[int]
    thresholds: Mapped[dict[str, Any]]  #: those that differ from how the register comes
    reason: Mapped[str] = mapped_column(Text)
    until_on: Mapped[date]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID] = mapped_column(Uuid)
    made_by_name: Mapped[str] = mapped_column(String(200))
