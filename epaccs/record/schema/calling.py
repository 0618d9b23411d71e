"""Who rings, how that is known, and what they said of the person."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.core.forms import Choice, Choices, Tick
from epaccs.record.rules.spoken import CALLERS, WAYS_OF_KNOWING, Caller, KnownBy
from epaccs.record.schema.opening import IDENTIFIERS_TO_TICK


class CallSchema(Schema):
    """Asked before anything is read to a caller; nothing is ticked beforehand."""

    caller = Choice(
        "Who is ringing?",
        {str(caller): words for caller, words in CALLERS.items()},
        called="caller",
        ask="Choose who is ringing",
        enum=Caller,
        required=True,
        source="access table, call handler",
    )
    known_by = Choice(
        "How do you know?",
        {str(way): words for way, words in WAYS_OF_KNOWING.items()},
        called="way you know who is ringing",
        hint="Of a crew or a clinician. A number on a display proves nothing",
        enum=KnownBy,
        source="hazard H-71",
    )
    identifiers = Choices(
        "What did they say of the person, and it fits?",
        IDENTIFIERS_TO_TICK,
        called="what they said of the person",
        hint="Do not say it for them: let them say two",
        source="hazards H-01 and H-71",
    )
    cannot_identify = Tick("They cannot say two that fit. Nothing is read to them")
