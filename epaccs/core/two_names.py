"""Settings on which safety rests: proposed by one person with a reason, approved by another, kept as numbered versions.

What a setting consists of, who may propose and approve it, and what no version of it may be, is the business of the
room that has it; here is what all of them have in common. Nothing is ever changed back: going back is a new version.

Source: features F27 and F100; hazard H-65.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, Text, UniqueConstraint, Uuid, bindparam, func, literal, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from epaccs.core import clock
from epaccs.core.db import Base, UTCDateTime
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id


class ChangeStanding(StrEnum):
    """What became of a proposed change."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class SettingChange(Base):
    """One change of one setting: what it would then be, who proposed it and why, who decided."""

    __tablename__ = "setting_change"
    __table_args__ = (UniqueConstraint("setting", "number"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    setting: Mapped[str] = mapped_column(String(40), index=True)
    number: Mapped[int | None]  #: of the version; None: not approved
    based_on: Mapped[int]  #: the version that its author changed; 0: as the register comes
    content: Mapped[dict[str, Any]]  #: how it differs from what the register comes with
    reason: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[datetime]
    standing: Mapped[str] = mapped_column(String(20))
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[UUID] = mapped_column(Uuid)
    proposed_by_name: Mapped[str] = mapped_column(String(200))
    decided_at: Mapped[datetime | None]  #: None: nobody decided yet
    decided_by: Mapped[UUID | None] = mapped_column(Uuid)  #: None: nobody decided yet
    decided_by_name: Mapped[str | None] = mapped_column(String(200))  #: None: nobody decided yet


@dataclass(frozen=True)
class Name:
    """One of the two."""

    id: UUID
    name: str


def number_in_force(setting: str) -> ColumnElement[int]:
    """The version of a setting that holds at `:now`, as a column of a statement that is read anyway; 0: none yet."""
    now = bindparam("now", type_=UTCDateTime)
    latest = select(func.max(SettingChange.number)).where(
        SettingChange.setting == literal(setting, literal_execute=True), SettingChange.valid_from <= now
    )
    return func.coalesce(latest.scalar_subquery(), literal(0, literal_execute=True))


def check_two_names(*, proposed_by: Name, decided_by: Name) -> None:
    """Nobody approves what they proposed, under whatever account.

    Raises:
        Forbidden: it is the same person.

    Source: feature F100; hazard H-65.
    """
    same_name = _plain(proposed_by.name) == _plain(decided_by.name)
    if proposed_by.id == decided_by.id or same_name:
        raise Forbidden("Another person must approve this: you proposed it, or somebody of your name did.")


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def check_begins(valid_from: datetime, *, now: datetime, latest: datetime | None) -> None:
    """A version holds from a moment that is not past, and never before one that was approved earlier.

    Args:
        valid_from: from when it is to hold.
        now: the moment.
        latest: from when the newest approved version holds; None: there is none.

    Raises:
        RuleBroken: with what to enter instead.
    """
    if valid_from < now:
        raise RuleBroken("It can hold from now on or later, not from before", field="valid_from")
    if latest is not None and valid_from < latest:
        raise RuleBroken(
            "An approved version begins later than this. Let it begin first, or enter a later moment",
            field="valid_from",
        )


@dataclass(frozen=True)
class Proposed:
    """What somebody asks for. `valid_from` None: from the moment it is approved."""

    content: Mapping[str, Any]
    reason: str
    based_on: int
    valid_from: datetime | None = None


def propose(session: Session, setting: str, asked: Proposed, *, by: Name) -> SettingChange:
    """Note, inside an open action, what somebody wants a setting to be.

    Raises:
        RuleBroken: it was made on an older version, or would hold from before now.
    """
    now = clock.now()
    _check_newest(session, setting, asked.based_on)
    check_begins(asked.valid_from or now, now=now, latest=_latest_begin(session, setting))
    row = SettingChange(
        id=new_id(),
        setting=setting,
        number=None,
        based_on=asked.based_on,
        content=dict(asked.content),
        reason=asked.reason,
        valid_from=asked.valid_from or now,
        standing=str(ChangeStanding.PROPOSED),
        proposed_at=now,
        proposed_by=by.id,
        proposed_by_name=by.name,
    )
    session.add(row)
    session.flush()
    return row


def approve(session: Session, setting: str, change_id: UUID, *, by: Name) -> SettingChange:
    """Make a proposal the next version, inside an open action; a moment that went by meanwhile becomes now.

    Raises:
        NotFound: there is no such proposal, or somebody decided.
        Forbidden: it is the proposer.
        RuleBroken: another version was approved since it was proposed, or begins later.
    """
    row = _get_open(session, setting, change_id)
    check_two_names(proposed_by=Name(row.proposed_by, row.proposed_by_name), decided_by=by)
    _check_newest(session, setting, row.based_on)
    now = clock.now()
    row.valid_from = max(row.valid_from, now)
    check_begins(row.valid_from, now=now, latest=_latest_begin(session, setting))
    row.number = newest_number(session, setting) + 1
    _decide(row, ChangeStanding.APPROVED, by)
    session.flush()
    return row


def turn_down(session: Session, setting: str, change_id: UUID, *, by: Name) -> SettingChange:
    """Refuse a proposal, or take back one's own.

    Raises:
        NotFound: there is no such proposal, or somebody decided.
    """
    row = _get_open(session, setting, change_id)
    _decide(row, ChangeStanding.WITHDRAWN if row.proposed_by == by.id else ChangeStanding.REFUSED, by)
    session.flush()
    return row


def newest_number(session: Session, setting: str) -> int:
    """The number of the version that was approved last, whether or not it holds yet; 0: none was."""
    return session.scalar(select(func.max(SettingChange.number)).where(SettingChange.setting == setting)) or 0


def _decide(row: SettingChange, standing: ChangeStanding, by: Name) -> None:
    row.standing, row.decided_at, row.decided_by, row.decided_by_name = str(standing), clock.now(), by.id, by.name


def _get_open(session: Session, setting: str, change_id: UUID) -> SettingChange:
    row = session.get(SettingChange, change_id, with_for_update=True, populate_existing=True)
    if row is None or row.setting != setting or row.standing != ChangeStanding.PROPOSED:
        raise NotFound
    return row


def _check_newest(session: Session, setting: str, based_on: int) -> None:
    if newest_number(session, setting) != based_on:
        raise RuleBroken("Another version was approved since this one was begun. Propose the change again on that one")


def _latest_begin(session: Session, setting: str) -> datetime | None:
    return session.scalar(
        select(func.max(SettingChange.valid_from)).where(
            SettingChange.setting == setting, SettingChange.number.is_not(None)
        )
    )
