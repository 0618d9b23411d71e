"""What the forms of the other ways in ask for."""

from __future__ import annotations

from marshmallow import Schema

from epaccs.clinicians.rules import ROLE_LABELS, OrganisationType, Role, roles_at
from epaccs.core import forms
from epaccs.core.fields import start_large


def _next() -> forms.Hidden:
    return forms.Hidden("Page to open afterwards", limit=400)


class ConfirmByPasswordSchema(Schema):
    """The password again."""

    current_password = forms.Password("Your password", required=True, width=20)
    next = _next()


class ConfirmByCodeSchema(Schema):
    """A code of the authenticator, of somebody who has no password here."""

    code = forms.ShortText(
        "Code",
        hint="Six figures from your authenticator, or one of your recovery codes",
        required=True,
        limit=20,
        width=10,
        autocomplete="one-time-code",
        spellcheck=False,
    )
    next = _next()


class NothingToConfirmSchema(Schema):
    """Neither: another way stands beside it."""

    next = _next()


class LinkSchema(Schema):
    """The code that the person reads to their administrator."""

    code = forms.ShortText(
        "Code that they read to you",
        hint="For example K7QM-3XWP-9D2H. It stands on their screen for an hour",
        called="the code",
        required=True,
        limit=40,
        width=20,
        autocomplete="off",
        spellcheck=False,
    )


def build_role_claim(organisation_type: OrganisationType) -> type[Schema]:
    """One line of the table."""
    values = {str(role): start_large(ROLE_LABELS[role]) for role in roles_at(organisation_type)}
    return Schema.from_dict(
        {
            "value": forms.ShortText(
                "What the other sign-in says",
                hint="Exactly as it says it, for example R8000:A81001",
                called="what the other sign-in says",
                required=True,
                limit=200,
                autocomplete="off",
                spellcheck=False,
            ),
            "role": forms.Choice("Role here", values, enum=Role, required=True, as_list=True),
            "second_factor": forms.ShortText(
                "Its word for a second factor",
                hint="The amr or acr value that counts as a second factor here. Blank: none does",
                called="its word for a second factor",
                limit=120,
                autocomplete="off",
                spellcheck=False,
            ),
        }
    )


class SystemSchema(Schema):
    """Another system that sends people to a card."""

    name = forms.ShortText("Name", hint="As your people call it", required=True, limit=100, autocomplete="off")
    issuer = forms.ShortText(
        "How it names itself",
        hint="The iss of what it signs, for example https://records.example.nhs.uk",
        called="how it names itself",
        required=True,
        limit=200,
        autocomplete="off",
        spellcheck=False,
    )
    keys = forms.FreeText(
        "Its public keys",
        hint="A JSON Web Key Set, as its supplier gives it. Public keys only",
        called="its public keys",
        required=True,
        limit=20000,
        rows=8,
    )
