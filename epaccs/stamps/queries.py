"""Which keys sign what is printed, and which did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from epaccs.core import base64url
from epaccs.core.db import db
from epaccs.stamps.model import StampKey
from epaccs.stamps.rules import KeyStanding


@dataclass(frozen=True)
class PublicKey:
    """What tells the stamps of one key from others.

    Args:
        withdrawn_at: None: what it signed is believed.
    """

    key_id: str
    public: str
    made_at: datetime
    standing: KeyStanding
    withdrawn_at: datetime | None
    withdrawn_because: str

    def to_json(self) -> dict[str, str | bool]:
        """As whoever reads stamps is given it."""
        return {"id": self.key_id, "key": self.public, "withdrawn": self.withdrawn_at is not None}


def is_withdrawn(key_id: str) -> bool:
    """Whether nothing that this key signed is believed."""
    statement = select(StampKey.withdrawn_at).where(StampKey.key_id == key_id)
    return db.session.scalars(statement).first() is not None


def list_keys() -> list[PublicKey]:
    """Every key that ever signed a sheet, and the one that will next; the newest first."""
    return [
        PublicKey(
            row.key_id,
            base64url.encode(row.public_key),
            row.made_at,
            KeyStanding(row.standing),
            row.withdrawn_at,
            row.withdrawn_because,
        )
        for row in db.session.execute(_PUBLIC)
    ]


#: All of a key but what signs.
_PUBLIC = select(
    StampKey.key_id,
    StampKey.public_key,
    StampKey.made_at,
    StampKey.standing,
    StampKey.withdrawn_at,
    StampKey.withdrawn_because,
).order_by(StampKey.made_at.desc(), StampKey.key_id)
