"""What has changed in a record since its reader last looked.

A reader who was here before needs the differences first; their own words are no news to them. What nobody can date is
not called old: only the record's own times count.

Source: hazard H-36 (a change that is overlooked).
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from epaccs.versions.rules import Recorded, Value


class LastLook(NamedTuple):
    """When a reader saw the record before, and by which name the register keeps what they write."""

    at: datetime
    name: str
    organisation: str


def find_news(recorded: Recorded, look: LastLook | None) -> frozenset[str] | None:
    """The fields and items of a section that somebody else entered since.

    Args:
        look: None: the reader was never here, so nothing is news or everything is.

    Returns:
        Keys as in the provenance; empty: something was taken out; None: nothing changed but by the reader.
    """
    if look is None or recorded.recorded_at <= look.at:
        return None
    later = {key: stamp for key, stamp in recorded.provenance.items() if _entered_at(stamp) > look.at}
    news = frozenset(key for key, stamp in later.items() if not _is_by(look, stamp))
    return news if news or not later else None


def _entered_at(stamp: Value) -> datetime:
    return datetime.fromisoformat(stamp["recorded_at"])


def _is_by(look: LastLook, stamp: Value) -> bool:
    """Whether it is the reader's own; where the organisation is hidden with the address, the name alone says so."""
    return stamp.get("name") == look.name and stamp.get("organisation_name", look.organisation) == look.organisation
