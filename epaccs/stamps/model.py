"""The keys that sign what is printed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base

_ONE_OF_EACH = text("standing <> 'former'")


class StampKey(Base):
    """One key; none is removed, since paper that it signed lies in houses."""

    __tablename__ = "stamp_key"
    __table_args__ = (
        Index(
            "uq_stamp_key_one_of_each",
            "standing",
            unique=True,
            sqlite_where=_ONE_OF_EACH,
            postgresql_where=_ONE_OF_EACH,
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    key_id: Mapped[str] = mapped_column(String(8), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_private_key: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    standing: Mapped[str] = mapped_column(String(10))  #: at most one is announced, and at most one signs
    withdrawn_at: Mapped[datetime | None]  #: None: what it signed is believed
    withdrawn_because: Mapped[str] = mapped_column(Text)  #: empty: it is not withdrawn
