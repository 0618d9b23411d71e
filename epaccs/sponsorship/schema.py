"""What is asked of somebody who wants an account, and of a sponsor."""

from __future__ import annotations

from collections.abc import Mapping

from marshmallow import Schema

from epaccs.clinicians.rules import ROLE_LABELS, Role
from epaccs.core import forms
from epaccs.core.fields import start_large
from epaccs.sponsorship.rules import ALL_SPONSORED_ROLES, RING_BACK


def build_ask(organisations: Mapping[str, str]) -> type[Schema]:
    """The public form; `organisations`: id and name of those whose people may ask."""
    return Schema.from_dict(
        {
            "organisation_id": forms.Choice(
                "Where do you work?",
                organisations,
                called="organisation",
                ask="Choose the organisation where you work",
                required=True,
                as_list=True,
            ),
            "name": forms.PersonName(
                "Your name", hint="As colleagues know you", called="name", ask="Enter your name", required=True
            ),
            "role": forms.Choice(
                "Your role",
                {str(role): start_large(ROLE_LABELS[role]) for role in ALL_SPONSORED_ROLES},
                called="role",
                ask="Choose your role",
                enum=Role,
                required=True,
            ),
            "professional_number": forms.ShortText(
                "Professional number",
                hint="GMC or NMC number; blank for roles that have none",
                limit=20,
                width=10,
                autocomplete="off",
                spellcheck=False,
            ),
            "email": forms.EmailAddress("Work email address", called="work email address"),
            "telephone": forms.Telephone(
                "Work telephone number",
                hint="You may be rung back on it",
                called="work telephone number",
                ask=RING_BACK,
                required=True,
            ),
            "reason": forms.FreeText(
                "Why do you need access?",
                hint="Do not name anybody you care for",
                called="reason",
                ask="Enter why you need access",
                limit=500,
                rows=3,
                required=True,
            ),
        }
    )


class RefusalSchema(Schema):
    """Why an account is not given."""

    reason = forms.FreeText(
        "Why is it refused?",
        hint="Kept with the request. Tell them yourself: the register sends no letters",
        called="reason",
        ask="Enter why it is refused",
        limit=500,
        rows=3,
        required=True,
    )


def build_sponsor(organisations: Mapping[str, str]) -> type[Schema]:
    """Which organisation answers for the people of another."""
    return Schema.from_dict(
        {
            "sponsor_id": forms.Choice(
                "Which organisation answers for its people?",
                organisations,
                called="sponsor",
                ask="Choose the organisation that answers for its people",
                required=True,
                as_list=True,
            )
        }
    )
