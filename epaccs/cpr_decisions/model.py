"""Decisions as rows, so that "at most one in force" is a constraint of the database and not a hope (hazard H-13)."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base

_IN_FORCE = text("status = 'in_force'")


class CPRDecision(Base):
    """One signed decision; follows the versioned section in its transaction."""

    __tablename__ = "cpr_decision"
    __table_args__ = (
        Index(
            "ix_cpr_decision_one_in_force",
            "entry_id",
            unique=True,
            sqlite_where=_IN_FORCE,
            postgresql_where=_IN_FORCE,
        ),
        Index("ix_cpr_decision_review_on", "review_on"),
    )

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"), index=True)
    recommendation: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    decided_at: Mapped[datetime]
    signed_at: Mapped[datetime]
    signer_id: Mapped[UUID | None] = mapped_column(Uuid)  #: None: not a clinician of this register
    review_on: Mapped[date | None]  #: None: the clinician said no review is needed
