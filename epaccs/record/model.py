"""What reading and finding a person need, kept beside the record in the transaction of each change."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, SmallInteger, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base
from epaccs.core.identifiers import new_id

# Card


class StoredCard(Base):
    """The card of one person as one audience may see it; made again in the transaction of every change."""

    __tablename__ = "card"

    entry_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    audience: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int]  #: of the change it was made after
    shape: Mapped[str] = mapped_column(String(16))  #: of the declarations it was made by; others make it again
    value: Mapped[dict[str, Any]]
    checksum: Mapped[str] = mapped_column(String(64))  #: of `value` in canonical JSON


# Search


class SearchPerson(Base):
    """Who somebody is, as a result of a search shows it; follows the sections identity and lifecycle."""

    __tablename__ = "search_person"

    entry_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    family_name: Mapped[str] = mapped_column(String(200))
    given_name: Mapped[str] = mapped_column(String(200))
    title: Mapped[str | None] = mapped_column(String(200))  #: None: not recorded
    preferred_name: Mapped[str | None] = mapped_column(String(200))  #: None: the given name
    born_on: Mapped[date]
    nhs_number: Mapped[str | None] = mapped_column(String(10))  #: None: the person has none
    street: Mapped[str | None] = mapped_column(String(400))  #: None: not recorded, or restricted
    postcode: Mapped[str | None] = mapped_column(String(8), index=True)  #: None: not recorded, or restricted
    is_restricted: Mapped[bool]  #: True: no address of this person is shown or searched anywhere
    death_status: Mapped[str | None] = mapped_column(String(12))  #: None: alive, as far as the register knows
    died_on: Mapped[date | None]  #: None: alive, or the day is not known


class SearchKey(Base):
    """One way of saying who somebody is, as folded words; two of them, or one and the date of birth, find them."""

    __tablename__ = "search_key"
    __table_args__ = (
        Index("ix_search_key_family_given_born", "family_key", "given_key", "born_on"),
        Index("ix_search_key_street_family_born", "street_key", "family_key", "born_on"),
        Index("ix_search_key_street_given_born", "street_key", "given_key", "born_on"),
    )

    entry_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    family_key: Mapped[str] = mapped_column(String(60))
    given_key: Mapped[str] = mapped_column(String(60))
    street_key: Mapped[str] = mapped_column(String(60))  #: blank: not recorded, or restricted
    born_on: Mapped[date]


class SearchWord(Base):
    """A word of the vocabulary under one fragment of itself; it stays when the last person of that name has gone."""

    __tablename__ = "search_word"

    kind: Mapped[str] = mapped_column(String(6), primary_key=True)
    fragment: Mapped[str] = mapped_column(String(8), primary_key=True)
    word: Mapped[str] = mapped_column(String(60), primary_key=True)


class SearchTiming(Base):
    """How long it took from the first key in the search box until the CPR status was on the screen."""

    __tablename__ = "search_timing"
    __table_args__ = (Index("ix_search_timing_organisation_id_answered_at", "organisation_id", "answered_at"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    clinician_id: Mapped[UUID] = mapped_column(Uuid)
    organisation_id: Mapped[UUID] = mapped_column(Uuid)
    typed_seconds: Mapped[float | None]  #: None: the browser did not say; the time counts from when it was sent
    answered_at: Mapped[datetime]
    shown_at: Mapped[datetime | None]  #: None: no card was opened from this search
