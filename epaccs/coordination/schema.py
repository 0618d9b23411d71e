"""Why a round is made."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.rules import REASON_LABELS, AccessReason
from epaccs.core.forms import Choice


class RoundSchema(Schema):
    """The reason, asked once for all of a list; none is ticked beforehand. An emergency is about one person."""

    reason = Choice(
        "Why do you open these records?",
        {str(reason): words for reason, words in REASON_LABELS.items() if reason is not AccessReason.EMERGENCY},
        hint="It is kept for each of them. Compare who each one is before you act: their card says so",
        called="reason",
        enum=AccessReason,
        required=True,
        ask="Choose why you open these records",
        source="permission to view",
    )
