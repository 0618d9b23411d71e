"""What the forms of signing in, of one's own account, and of administrators ask for."""

from __future__ import annotations

from collections.abc import Iterable

from marshmallow import Schema

from epaccs.clinicians.rules import (
    ORGANISATION_LABELS,
    PASSWORD_LENGTH,
    ROLE_LABELS,
    OrganisationType,
    Place,
    Role,
    roles_at,
)
from epaccs.core import forms
from epaccs.core.fields import start_large

_NEW_PASSWORD_HINT = (
    f"{PASSWORD_LENGTH} characters or more, any characters. Three or four words that do not belong together are good"
)


#: Kinds of organisations as they stand alone, not within a sentence.
ORGANISATION_NAMES = {one: start_large(words) for one, words in ORGANISATION_LABELS.items()}


def _user_name(hint: str | None = None) -> forms.ShortText:
    return forms.ShortText(
        "User name", hint=hint, required=True, limit=80, width=20, autocomplete="username", spellcheck=False
    )


def _next() -> forms.Hidden:
    return forms.Hidden("Page to open afterwards", limit=400)


def _new_password() -> forms.Password:
    return forms.Password("New password", hint=_NEW_PASSWORD_HINT, required=True, autocomplete="new-password", width=20)


def _repeated_password() -> forms.Password:
    return forms.Password(
        "New password again", called="new password again", required=True, autocomplete="new-password", width=20
    )


def _second_factor_code(hint: str) -> forms.ShortText:
    return forms.ShortText(
        "Code", hint=hint, required=True, limit=20, width=10, autocomplete="one-time-code", spellcheck=False
    )


# Signing in


class SignInSchema(Schema):
    """Who, and the password."""

    user_name = _user_name()
    password = forms.Password(required=True, width=20)
    next = _next()


class FirstPasswordSchema(Schema):
    """The code from the administrator and a password of one's own."""

    user_name = _user_name()
    one_time_code = forms.ShortText(
        "One-time code",
        hint="From your administrator, for example K7QM-3XWP-9D2H. It works once, for 72 hours",
        required=True,
        limit=40,
        width=20,
        autocomplete="one-time-code",
        spellcheck=False,
    )
    new_password = _new_password()
    repeated_password = _repeated_password()


class GiveCodeSchema(Schema):
    """The code of the second factor."""

    code = _second_factor_code("Six figures from your authenticator, or one of your recovery codes")
    next = _next()


def build_choice_of_organisation(places: Iterable[Place]) -> type[Schema]:
    """Where a person may work today, one line for each role."""
    values = {str(place.membership_id): f"{place.organisation_name}: {ROLE_LABELS[place.role]}" for place in places}
    ask = "Choose where you are working now"
    return Schema.from_dict(
        {"membership_id": forms.Choice("Where are you working now?", values, ask=ask, required=True), "next": _next()}
    )


# One's own account


class PasswordSchema(Schema):
    """The password now and the new one."""

    current_password = forms.Password("Current password", required=True, width=20)
    new_password = _new_password()
    repeated_password = _repeated_password()


class BeginSecondFactorSchema(Schema):
    """The password, so that nobody sets up a second factor on a session left open."""

    current_password = forms.Password("Your password", required=True, width=20)


class NothingSchema(Schema):
    """Nothing is asked: the button says it all."""


class ConfirmSecondFactorSchema(Schema):
    """The first code of a new authenticator."""

    code = _second_factor_code("Six figures from the authenticator")


class UseSecondFactorSchema(Schema):
    """A code, to change the second factor itself."""

    code = _second_factor_code("Six figures from your authenticator, or one of your recovery codes")


# Administrators


def _role(organisation_type: OrganisationType) -> forms.Choice:
    values = {str(role): start_large(ROLE_LABELS[role]) for role in roles_at(organisation_type)}
    return forms.Choice("Role", values, enum=Role, required=True, as_list=True)


def _until_date() -> forms.TypedDate:
    return forms.TypedDate(
        "Last day", called="last day", hint="Leave blank if there is none. For example 31 3 2027", future=True
    )


def _professional_number() -> forms.ShortText:
    return forms.ShortText(
        "Professional number",
        hint="GMC, NMC or HCPC number; blank for roles that have none",
        limit=20,
        width=10,
        autocomplete="off",
        spellcheck=False,
    )


def build_new_clinician(organisation_type: OrganisationType, *, only: Role | None = None) -> type[Schema]:
    """A colleague; `only` is the one role that the asker may give here."""
    role = _role(organisation_type)
    if only is not None:
        role = forms.Choice("Role", {str(only): start_large(ROLE_LABELS[only])}, enum=Role, required=True)
    return Schema.from_dict(
        {
            "name": forms.PersonName("Name", hint="As colleagues know them, with title: Dr Ada Example", required=True),
            "user_name": _user_name("They sign in with it. Small letters, digits, dots and dashes"),
            "role": role,
            "professional_number": _professional_number(),
            "until_date": _until_date(),
        }
    )


def build_new_role(organisation_type: OrganisationType) -> type[Schema]:
    """One more role for a person who signs in already."""
    return Schema.from_dict(
        {
            "user_name": _user_name("The one they sign in with at their other organisation"),
            "role": _role(organisation_type),
            "until_date": _until_date(),
        }
    )


class ClinicianSchema(Schema):
    """A person's name and number put right."""

    name = forms.PersonName("Name", required=True)
    professional_number = _professional_number()


class AuthorisationSchema(Schema):
    """An authorisation to sign CPR decisions."""

    issued_by = forms.ShortText(
        "Issued by", hint="The person or committee that authorised it: Medical director", required=True, limit=200
    )
    from_date = forms.TypedDate("First day", future=True, required=True, hint="For example 1 4 2026")
    until_date = forms.TypedDate("Last day", future=True, required=True, hint="For example 31 3 2027")


class ResetSchema(Schema):
    """A new one-time code for a person."""

    removes_second_factor = forms.Tick(
        "Their authenticator and their recovery codes are lost too: remove the second factor",
        called="that the second factor is lost",
    )


class OrganisationSchema(Schema):
    """How an organisation is reached, and what it demands."""

    telephone = forms.Telephone("Telephone by day")
    telephone_24h = forms.Telephone(
        "Telephone at any hour", hint="Shown on every card for a crew at night", called="telephone at any hour"
    )
    address = forms.FreeText("Address", limit=400, rows=3)
    demands_second_factor = forms.YesNo(
        "Must everybody here use a second factor?",
        hint="Whoever has none sets it up before anything else, from their next page on",
        called="whether a second factor is demanded",
        required=True,
        inline=True,
    )


class NewOrganisationSchema(Schema):
    """An organisation that joins the register."""

    name = forms.ShortText("Name of the organisation", required=True, limit=200, autocomplete="off")
    ods_code = forms.ShortText(
        "ODS code",
        hint="3 to 10 letters and digits, for example A81001",
        required=True,
        limit=12,
        width=10,
        autocomplete="off",
        spellcheck=False,
    )
    type = forms.Choice(
        "What it is",
        {str(one): words for one, words in ORGANISATION_NAMES.items()},
        called="what it is",
        ask="Choose what it is",
        enum=OrganisationType,
        required=True,
        as_list=True,
    )
    telephone = forms.Telephone("Telephone by day")
    telephone_24h = forms.Telephone("Telephone at any hour", called="telephone at any hour")
    address = forms.FreeText("Address", limit=400, rows=3)
