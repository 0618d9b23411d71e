"""Whether what was sent about a person was seen.

Source: SCCI1580 v4.0, notifications; hazard H-10.
"""

from __future__ import annotations

from uuid import UUID

from epaccs.access.actions import record_list_viewed
from epaccs.access.queries import get_standing
from epaccs.access.rules import Permission, Tier
from epaccs.clinicians.rules import Actor
from epaccs.notices.queries import Delivery, deliveries_of
from epaccs.notices.rules import MEANINGS


def get_deliveries(actor: Actor, entry_id: UUID) -> list[Delivery]:
    """Everything sent about a person, for a reader of the record.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    standing = get_standing(actor, entry_id, Permission.VIEW_RECORD)
    found = deliveries_of(entry_id)
    if Tier.T1_EMERGENCY not in standing.tiers:
        found = [one for one in found if not MEANINGS[one.kind].tells_of_cpr]
    record_list_viewed(actor, list_name="told", count=len(found))
    return found
