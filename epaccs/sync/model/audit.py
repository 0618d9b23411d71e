"""What was looked at on tablets without signal, so that each look is written down once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base, append_only


class OfflineLook(Base):
    """One entry of a tablet's own book of looks; the words of it are in the audit.

    Two of the same number with other words mean that there are two tablets of one id: each is kept.
    """

    __tablename__ = append_only("offline_look")

    device_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(Uuid)
    received_at: Mapped[datetime]
