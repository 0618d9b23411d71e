"""Scopes, the numbered rows of their feeds, pages that are kept, and which tablet follows what.

All of it follows from the entries: `epaccs devices rebuild-feed` makes it anew.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base


class FeedScope(Base):
    """One bucket of people with the same reason to be on a tablet; its row is locked by whoever gives a number."""

    __tablename__ = "feed_scope"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    generation: Mapped[int]  #: raised when the feed is built again: numbers of the generation before mean nothing
    last_number: Mapped[int] = mapped_column(BigInteger)
    sum: Mapped[int] = mapped_column(BigInteger)  #: over everybody in it, modulo 2^64, with a sign
    people: Mapped[int]


class FeedRow(Base):
    """The latest about one person in one scope: in it in a version, or out of it with the reason."""

    __tablename__ = "feed_row"
    __table_args__ = (Index("ix_feed_row_scope_number", "scope", "number"),)

    scope: Mapped[str] = mapped_column(String(80), primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, index=True)
    number: Mapped[int] = mapped_column(BigInteger)
    op: Mapped[str] = mapped_column(String(4))
    version: Mapped[int] = mapped_column(BigInteger)  #: number of the person's latest change
    why: Mapped[str | None] = mapped_column(String(20))  #: None: the person is in the scope
    at: Mapped[datetime] = mapped_column(index=True)  #: when it got its number


class KeptPage(Base):
    """A page of a first download, compressed, for every tablet of the same audience that begins."""

    __tablename__ = "kept_page"

    scope: Mapped[str] = mapped_column(String(80), primary_key=True)
    tier: Mapped[str] = mapped_column(String(10), primary_key=True)
    audience: Mapped[str] = mapped_column(String(40), primary_key=True)
    epoch: Mapped[str] = mapped_column(String(60), primary_key=True)
    after_number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    up_to_number: Mapped[int] = mapped_column(BigInteger)
    scope_number: Mapped[int] = mapped_column(BigInteger)  #: the scope's last number when it was made
    body: Mapped[bytes] = mapped_column(LargeBinary)  #: lines, each after the id of the person it is about
    made_at: Mapped[datetime] = mapped_column(index=True)


class FeedCap(Base):
    """Who of a scope lies on tablets that may hold only so many of it: those whose record changed last.

    There is a row from the moment a scope first was more than the cap. It holds for the scope's numbers up to
    `scope_number`, and is worked out again when there are later ones.
    """

    __tablename__ = "feed_cap"

    scope: Mapped[str] = mapped_column(String(80), primary_key=True)
    cap: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    began: Mapped[int] = mapped_column(BigInteger)  #: the scope's last number when it first was more than the cap
    scope_number: Mapped[int] = mapped_column(BigInteger)
    from_version: Mapped[int] = mapped_column(BigInteger)  #: whoever has an earlier version does not fit
    sum: Mapped[int] = mapped_column(BigInteger)  #: over those who fit, modulo 2^64, with a sign
    people: Mapped[int]  #: who fit
    left_out: Mapped[int]


class FeedCover(Base):
    """How far one organisation's tablets were told that they see the people of each practice of a scope.

    When the agreements say otherwise, the people of that practice are numbered anew, so that its tablets are told.
    """

    __tablename__ = "feed_cover"

    scope: Mapped[str] = mapped_column(String(80), primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    levels: Mapped[dict[str, Any]]  #: practice to level


class FeedReader(Base):
    """How far a tablet has followed a scope; one that was away too long starts it again."""

    __tablename__ = "feed_reader"

    device_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    scope: Mapped[str] = mapped_column(String(80), primary_key=True)
    asked_on: Mapped[date]
    epoch: Mapped[str | None] = mapped_column(String(60))  #: of what it said that it has; None: nothing whole yet
    number: Mapped[int] = mapped_column(BigInteger)  #: up to which it said that it has everything
    left_out: Mapped[int]  #: how many people of the scope do not fit: what it was last told
    disagreements: Mapped[int]  #: how often one after the other its sum was another than the register's
    disagrees_since: Mapped[datetime | None]  #: None: its last sum was the register's
