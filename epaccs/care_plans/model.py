"""What an area asks besides the standards."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from epaccs.core.db import Base
from epaccs.core.identifiers import new_id


class LocalQuestion(Base):
    """One question that the board of an area added; never changed, only ended, so that old answers keep it."""

    __tablename__ = "local_question"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    area: Mapped[str] = mapped_column(String(40), index=True)
    question: Mapped[str] = mapped_column(String(200))
    hint: Mapped[str | None] = mapped_column(String(300))  #: None: it needs none
    kind: Mapped[str] = mapped_column(String(20))
    answers: Mapped[list[Any]]  #: the words to choose from; empty: the kind offers none
    added_at: Mapped[datetime]
    added_by: Mapped[UUID] = mapped_column(Uuid)
    ended_at: Mapped[datetime | None]  #: None: it is asked
