"""What of an identity must be found fast or be unique, and who said that two entries are one person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base
from epaccs.core.identifiers import new_id

_OPEN = text("status = 'on_register'")


class RegisterEntry(Base):
    """The identity of an entry as duplicates are looked for; follows the identity section in its transaction.

    One NHS number stands on one open entry: a constraint of the database, so two practices at once cannot break it.
    """

    __tablename__ = "register_entry"
    __table_args__ = (
        Index(
            "ix_register_entry_open_nhs_number", "nhs_number", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
        ),
        Index("ix_register_entry_same_person", "born_on", "name_key", "postcode"),
    )

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"), primary_key=True)
    nhs_number: Mapped[str | None] = mapped_column(String(10))  #: None: there is none; the identity says why
    name_key: Mapped[str] = mapped_column(String(200))
    born_on: Mapped[date]
    postcode: Mapped[str] = mapped_column(String(10))  #: empty: no fixed address or not known
    status: Mapped[str] = mapped_column(String(20))
    review_due_on: Mapped[date | None] = mapped_column(index=True)  #: None: died, or not on the register


class SupersededNumber(Base):
    """An NHS number the person had before; it still finds them."""

    __tablename__ = "superseded_number"

    nhs_number: Mapped[str] = mapped_column(String(10), primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"), primary_key=True)


class RegistrationDraft(Base):
    """A registration as far as somebody prepared it, for a clinician of the same organisation to complete."""

    __tablename__ = "registration_draft"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)  #: of the form, and of the entry it will become
    organisation_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    clinician_id: Mapped[UUID] = mapped_column(Uuid)
    author_name: Mapped[str] = mapped_column(String(200))
    fields: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]


class Merge(Base):
    """One clinician says that two entries are one person, a second agrees; it can be taken back."""

    __tablename__ = "merge"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    survivor_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"), index=True)
    other_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"), index=True)
    reason: Mapped[str] = mapped_column(String(1000))
    proposed_by: Mapped[UUID] = mapped_column(Uuid)
    proposed_by_name: Mapped[str] = mapped_column(String(200))
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[UUID | None] = mapped_column(Uuid)  #: None: waits for a second person
    confirmed_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]  #: None: not turned down
    reversed_at: Mapped[datetime | None]  #: None: stands
    carried: Mapped[list[Any]]  #: the edits that carried facts to the survivor
