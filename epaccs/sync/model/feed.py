"""Scopes, the numbered rows of their feeds, pages that are kept, and which tablet follows what.

All of it follows from the entries: `epaccs devices rebuild-feed` makes it anew.
"""

from __future__ import annotations

from datetime import date, datetime
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
    """A full page of a first download, compressed, for every tablet of the same audience that begins."""

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


class FeedReader(Base):
    """On which day a tablet last asked for a scope; one that was away too long starts it again."""

    __tablename__ = "feed_reader"

    device_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    scope: Mapped[str] = mapped_column(String(80), primary_key=True)
    asked_on: Mapped[date]
