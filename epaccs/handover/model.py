"""Every sheet and list that was ever given a number, and wrong numbers that somebody tried."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base
from epaccs.core.identifiers import new_id


class HandoverSheet(Base):
    """One sheet: its number is taken before it is laid out, so that no paper can bear a number the register lacks.

    The columns that are None for a reserved number are filled in when it was printed.
    """

    __tablename__ = "handover_sheet"
    __table_args__ = (
        Index("ix_handover_sheet_entry_id_status", "entry_id", "status"),
        Index("uq_handover_sheet_list_id_entry_id", "list_id", "entry_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)  #: of the form, so that sending it twice prints once
    code: Mapped[str] = mapped_column(String(8), unique=True)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"))
    list_id: Mapped[UUID | None] = mapped_column(Uuid)  #: of which list it is one line; None: a sheet by itself
    status: Mapped[str] = mapped_column(String(12))
    reserved_at: Mapped[datetime]
    printed_by: Mapped[dict[str, Any]]  #: name, role and organisation as they were then
    printed_for: Mapped[str] = mapped_column(String(200))
    destination: Mapped[str] = mapped_column(String(12))
    place: Mapped[str] = mapped_column(String(200))  #: empty: not said, or the address is restricted
    not_told_because: Mapped[str] = mapped_column(Text)  #: empty: the person has been told, or it goes to staff
    printed_at: Mapped[datetime | None]
    valid_as_at: Mapped[datetime | None]  #: the moment at which the register said what is on it
    change_number: Mapped[int | None]  #: of the last change that it knows of
    versions: Mapped[dict[str, Any] | None]  #: section -> version shown
    tells_address: Mapped[bool]  #: False: the address was restricted when it was printed
    content_hash: Mapped[str | None] = mapped_column(String(64))  #: SHA-256 of the file, to know a forged one
    stamp_key: Mapped[str | None] = mapped_column(String(8))  #: of its square code; None: printed before stamps
    ended_at: Mapped[datetime | None]  #: when it was replaced or withdrawn; None: it was not
    collected_at: Mapped[datetime | None]  #: when somebody said that this paper is destroyed; None: nobody did
    collected_by: Mapped[UUID | None] = mapped_column(Uuid)


class HandoverList(Base):
    """One list on paper; each of its lines is a `HandoverSheet` of one person, so that each is called back by itself.

    The columns that are None for a reserved number are filled in when it was printed.
    """

    __tablename__ = "handover_list"
    __table_args__ = (Index("ix_handover_list_place_id_organisation_id", "place_id", "organisation_id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)  #: of the form, so that sending it twice prints once
    code: Mapped[str] = mapped_column(String(8), unique=True)
    place_id: Mapped[UUID] = mapped_column(Uuid)  #: the care home or the team that is listed
    title: Mapped[str] = mapped_column(String(300))
    organisation_id: Mapped[UUID] = mapped_column(Uuid)  #: of whoever printed it
    printed_by: Mapped[dict[str, Any]]  #: name, role and organisation as they were then
    printed_for: Mapped[str] = mapped_column(String(200))
    kept_at: Mapped[str] = mapped_column(String(200))  #: empty: not said
    reserved_at: Mapped[datetime]
    printed_at: Mapped[datetime | None]
    valid_as_at: Mapped[datetime | None]  #: the moment at which the register said what is on it
    content_hash: Mapped[str | None] = mapped_column(String(64))  #: SHA-256 of the file, to know a forged one


class WrongCode(Base):
    """That somebody tried a number no sheet has; only these count, so that staff may check as often as they like."""

    __tablename__ = "wrong_code"
    __table_args__ = (Index("ix_wrong_code_address_at", "address", "at"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    address: Mapped[str] = mapped_column(String(45))
    at: Mapped[datetime]
