"""What becomes of a photo that a tablet took of a signed form.

Source: docs/offline.md, "photo"; hazard H-60.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class PhotoOutcome(StrEnum):
    """What the tablet does with it: forget it, show why it was not taken, or send it again later."""

    KEPT = "kept"
    REFUSED = "refused"
    LATER = "later"


@dataclass(frozen=True)
class OfflinePhoto:
    """A photo beside the word that the form was seen: `edit_id` is that entry's."""

    id: UUID
    edit_id: UUID
    entry_id: UUID
    author_id: UUID
    content: bytes
