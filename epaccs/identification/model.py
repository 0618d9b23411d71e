"""The lists that practices gave, the people on them, and what was decided about each."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base
from epaccs.core.identifiers import new_id


class CandidateList(Base):
    """One list that was taken whole; the newest of a practice says who is on it."""

    __tablename__ = "candidate_list"
    __table_args__ = (Index("ix_candidate_list_organisation_id_taken_at", "organisation_id", "taken_at"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)  #: of the form, so that a list sent twice is taken once
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    taken_at: Mapped[datetime]
    taken_by: Mapped[UUID] = mapped_column(Uuid)
    taken_by_name: Mapped[str] = mapped_column(String(200))
    people: Mapped[int]


class Candidate(Base):
    """Somebody whom a practice's list names; one row for each practice and NHS number."""

    __tablename__ = "candidate"
    __table_args__ = (UniqueConstraint("organisation_id", "nhs_number"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    nhs_number: Mapped[str] = mapped_column(String(10))
    family_name: Mapped[str] = mapped_column(String(200))
    given_name: Mapped[str] = mapped_column(String(200))
    born_on: Mapped[date]
    conditions: Mapped[list[Any]]
    signs: Mapped[list[Any]]
    frailty_scale: Mapped[int | None]  #: None: the list gives none
    list_id: Mapped[UUID] = mapped_column(ForeignKey("candidate_list.id"), index=True)  #: the last that named them
    listed_at: Mapped[datetime]  #: when that one was taken
    outcome: Mapped[str | None] = mapped_column(String(20))  #: None: nobody has decided yet
    decided_at: Mapped[datetime | None]  #: None: nobody has decided yet
    look_again_on: Mapped[date | None]  #: None: no day was set
    decisions: Mapped[int] = mapped_column(default=0)  #: how many there were, so that a stale form is noticed
    registration_id: Mapped[UUID | None] = mapped_column(Uuid)  #: None: no registration was begun from here


class Consideration(Base):
    """One decision about one person: what, why, by whom, when."""

    __tablename__ = "consideration"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)  #: of the form
    candidate_id: Mapped[UUID] = mapped_column(ForeignKey("candidate.id"), index=True)
    outcome: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(1000))
    look_again_on: Mapped[date | None]  #: None: no day was set
    decided_at: Mapped[datetime]
    decided_by: Mapped[UUID] = mapped_column(Uuid)
    decided_by_name: Mapped[str] = mapped_column(String(200))
