"""Whether what was sent about a person was seen.

Source: SCCI1580 v4.0, notifications; hazard H-10.
"""

from __future__ import annotations

from uuid import UUID

from epaccs.access.actions import record_list_viewed
from epaccs.access.queries import get_standing
from epaccs.access.rules import Permission
from epaccs.clinicians.rules import Actor
from epaccs.notices.queries import Delivery, deliveries_of
from epaccs.notices.rules import may_read


def get_deliveries(actor: Actor, entry_id: UUID) -> list[Delivery]:
    """Everything sent about a person, for a reader of the record.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    standing = get_standing(actor, entry_id, Permission.VIEW_RECORD)
    found = [one for one in deliveries_of(entry_id) if may_read(one.kind, standing.tiers)]
    record_list_viewed(actor, list_name="told", count=len(found))
    return found
