"""Every sheet, list and pack that was ever given a number or asked for, and wrong numbers that somebody tried."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, Uuid
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
        Index("uq_handover_sheet_pack_id_entry_id", "pack_id", "entry_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)  #: of the form, so that sending it twice prints once
    code: Mapped[str] = mapped_column(String(8), unique=True)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"))
    list_id: Mapped[UUID | None] = mapped_column(Uuid)  #: of which list it is one line; None: a sheet by itself
    pack_id: Mapped[UUID | None] = mapped_column(Uuid)  #: with which pack it was printed; None: alone, or in a list
    status: Mapped[str] = mapped_column(String(12))
    reserved_at: Mapped[datetime]
    printed_by: Mapped[dict[str, Any]]  #: name, role and organisation as they were then
    printed_for: Mapped[str] = mapped_column(String(200))
    destination: Mapped[str] = mapped_column(String(12))
    layout: Mapped[str | None] = mapped_column(String(12))  #: of a copy printed by itself; None: as for staff
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


class HandoverPack(Base):
    """The sheets of everybody in a home or team, asked for at once; each is a `HandoverSheet` like any other.

    They are laid out one after the other beside the requests, and become paper together when the pack is handed over.
    """

    __tablename__ = "handover_pack"
    __table_args__ = (
        Index("ix_handover_pack_place_id_organisation_id", "place_id", "organisation_id"),
        Index("ix_handover_pack_renews_id", "renews_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)  #: of the form, so that sending it twice asks once
    place_id: Mapped[UUID] = mapped_column(Uuid)  #: the care home or the team
    renews_id: Mapped[UUID | None] = mapped_column(Uuid)  #: the pack whose folder it brings up to date; None: its own
    title: Mapped[str] = mapped_column(String(300))
    organisation_id: Mapped[UUID] = mapped_column(Uuid)  #: of whoever asked for it
    session_id: Mapped[UUID] = mapped_column(Uuid)  #: in which the reasons were given; it ends with that session
    printed_by: Mapped[dict[str, Any]]  #: name, role and organisation as they were then
    printed_for: Mapped[str] = mapped_column(String(200))
    kept_at: Mapped[str] = mapped_column(String(200))  #: empty: not said
    asked_at: Mapped[datetime]
    printed_at: Mapped[datetime | None]  #: when it was handed over first; None: never
    ended_at: Mapped[datetime | None]  #: when it was stopped or forgotten; None: it waits, or can be opened


class PackedSheet(Base):
    """One sheet of a pack while it is laid out and waits to be handed over; forgotten with the pack.

    Neither `content` nor `is_left_out`: it is still to be laid out.
    """

    __tablename__ = "handover_packed_sheet"
    __table_args__ = (Index("ix_handover_packed_sheet_pack_id_position", "pack_id", "position"),)

    sheet_id: Mapped[UUID] = mapped_column(ForeignKey("handover_sheet.id"), primary_key=True)
    pack_id: Mapped[UUID] = mapped_column(ForeignKey("handover_pack.id"))
    position: Mapped[int]  #: in the order of the round
    called: Mapped[str] = mapped_column(String(400))  #: who it is of, for the list of contents of the file
    claimed_until: Mapped[datetime | None]  #: somebody lays it out; past this, whoever did so is taken for dead
    tries: Mapped[int]  #: how often it was claimed
    content: Mapped[bytes | None] = mapped_column(LargeBinary)  #: the file, sealed
    pages: Mapped[int | None]
    is_left_out: Mapped[bool]  #: the reader may not print it any more, or it cannot be laid out


class WrongCode(Base):
    """That somebody tried a number no sheet has; only these count, so that staff may check as often as they like."""

    __tablename__ = "wrong_code"
    __table_args__ = (Index("ix_wrong_code_address_at", "address", "at"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    address: Mapped[str] = mapped_column(String(45))
    at: Mapped[datetime]
