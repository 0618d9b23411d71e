"""The order of changes is the server's numbers, never a clock (hazard H-09).

Every change to an entry gets the next number in the transaction that makes it. The counter's row is locked until the
commit, so no lower number becomes visible after a higher one. Rooms above (card, notices, sheets) register projectors
that run in the same transaction; arrows between rooms still point down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import String, Uuid, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from epaccs.core.db import Base, append_only


class ChangeCounter(Base):
    """The last number given."""

    __tablename__ = "change_counter"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_number: Mapped[int]


class EntryChange(Base):
    """One numbered change to one entry of the register."""

    __tablename__ = append_only("entry_change")

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[UUID] = mapped_column(Uuid, index=True)
    edit_id: Mapped[UUID | None] = mapped_column(Uuid)  #: None: a change without an edit, such as a projection renewed
    section: Mapped[str] = mapped_column(String(40))
    what: Mapped[str] = mapped_column(String(40))
    organisation_id: Mapped[UUID | None] = mapped_column(Uuid)  #: of the author; None: the program
    recorded_at: Mapped[datetime]


@dataclass(frozen=True)
class Change:
    """What a projector is told: which entry, which section, what happened, by which edit."""

    number: int
    entry_id: UUID
    edit_id: UUID | None
    section: str
    what: str
    organisation_id: UUID | None
    recorded_at: datetime


Projector = Callable[[Session, Change], None]
_projectors: list[Projector] = []


def register_projector(projector: Projector) -> None:
    """Run this in the transaction of every change, in the order of registration; twice registered runs once."""
    if projector not in _projectors:
        _projectors.append(projector)


def record_change(
    session: Session,
    *,
    entry_id: UUID,
    section: str,
    what: str,
    recorded_at: datetime,
    author: tuple[UUID, UUID] | None = None,
) -> Change:
    """Give the change its number and let every outlet follow it, all in this transaction.

    Args:
        author: the edit and its author's organisation; None: a change without an edit, made by the program.
    """
    edit_id, organisation_id = author or (None, None)
    change = Change(next_number(session), entry_id, edit_id, section, what, organisation_id, recorded_at)
    session.add(EntryChange(**change.__dict__))
    session.flush()
    for projector in _projectors:
        projector(session, change)
    return change


def next_number(session: Session, *, count: int = 1) -> int:
    """The next number, or the last of the next few; its row stays locked until the transaction ends."""
    session.execute(update(ChangeCounter).values(last_number=ChangeCounter.last_number + count))
    return session.scalars(select(ChangeCounter.last_number)).one()


def hold_numbers(session: Session) -> None:
    """Let nobody number a change until this transaction ends: for what must see every change that was kept, or none."""
    session.scalars(select(ChangeCounter.last_number).with_for_update()).one()
