"""What is asked when somebody is referred, taken on, or no longer looked after."""

from __future__ import annotations

from collections.abc import Mapping

from marshmallow import Schema

from epaccs.core.forms import Choice, TypedDate
from epaccs.relationships.rules import END_LABELS, REFERRAL_DAYS, EndReason


def build_referral(receivers: Mapping[str, str]) -> type[Schema]:
    """To whom; `receivers`: id and name of the teams that may be referred to."""
    return Schema.from_dict(
        {
            "organisation_id": Choice(
                "Team",
                receivers,
                hint=f"They see the record from now on. Without an answer it ends after {REFERRAL_DAYS} days",
                called="team",
                ask="Choose a team",
                as_list=True,
                required=True,
                source="legitimate relationship",
            )
        }
    )


class TakingOnSchema(Schema):
    """Until when a team looks after somebody."""

    until_on = TypedDate(
        "Last day, if it is known",
        hint="For a visit or a stay. Leave blank: your team sees the record until it ends its care",
        called="last day",
        future=True,
        source="legitimate relationship",
    )


class EndingSchema(Schema):
    """Why a team ends its care."""

    why = Choice(
        "Why does your care end?",
        {str(reason): words for reason, words in END_LABELS.items()},
        called="reason",
        enum=EndReason,
        required=True,
        ask="Choose why your care ends",
        source="legitimate relationship",
    )
