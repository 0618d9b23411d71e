"""Why a record is opened, and what was compared before; and the moment somebody wants to see it as it was."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.access.actions import IDENTIFIERS
from epaccs.access.rules import REASON_LABELS, AccessReason
from epaccs.core.forms import Choice, Choices, Tick, TypedDateTime

_LABELS = {"name": "Name", "born": "Date of birth", "nhs_number": "NHS number", "address": "Address"}
#: By what a person is told from others, to be ticked.
IDENTIFIERS_TO_TICK = {name: _LABELS[name] for name in IDENTIFIERS}


class OpeningSchema(Schema):
    """The reason, asked once for each person and session; none is ticked beforehand. An emergency is a button."""

    reason = Choice(
        "Why are you opening this record?",
        {str(reason): words for reason, words in REASON_LABELS.items() if reason is not AccessReason.EMERGENCY},
        called="reason",
        enum=AccessReason,
        source="permission to view",
    )
    identifiers_checked = Choices(
        "What did you compare?",
        IDENTIFIERS_TO_TICK,
        hint="Tick two, with the person, a relative or their papers",
        source="hazard H-01",
    )
    cannot_check = Tick("I cannot check who this is. The card will say so")


class MomentSchema(Schema):
    """Which moment is asked about."""

    at = TypedDateTime("What did the register show at", called="date and time", required=True)
