"""What is believed of somebody whom an identity provider or another system names, and for how long."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from epaccs.clinicians.rules import REGISTERED_ROLES, Role, normalise_user_name
from epaccs.core.errors import RuleBroken

#: What a token may be signed with; no other way is believed, whatever the token says of itself.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512")
#: Two clocks of two organisations may differ by so much.
LEEWAY_SECONDS: Final = 60
#: A role that the provider names is held so long after the last sign-in that named it.
ROLE_DAYS: Final = 7
LINK_CODE_MINUTES: Final = 60
VALUES_READ: Final = 200


class Purpose(StrEnum):
    """What somebody is in the middle of."""

    PROVIDER = "provider"
    PASSKEY_ADD = "passkey_add"
    PASSKEY_USE = "passkey_use"
    LAUNCH = "launch"


#: How long each may take.
MINUTES_FOR: Final[Mapping[Purpose, int]] = {
    Purpose.PROVIDER: 10,
    Purpose.PASSKEY_ADD: 5,
    Purpose.PASSKEY_USE: 5,
    Purpose.LAUNCH: 10,
}


# The identity provider


@dataclass(frozen=True)
class Identity:
    """What the provider says of whoever signed in there.

    Args:
        subject: its own number of the person, which it gives to nobody else.
        name: what it calls them; shown, never used to find anybody.
        roles: the values of its claim about roles.
        professional_number: None: it has verified none.
        methods: how the person proved who they are there, in its words (amr and acr).
        proved_at: when they did; None: it does not say.
        session: its number of the session there; empty: it does not say.
    """

    issuer: str
    subject: str
    name: str
    roles: frozenset[str]
    professional_number: str | None
    methods: frozenset[str]
    proved_at: datetime | None
    session: str


@dataclass(frozen=True)
class RoleMeant:
    """What one value of the claim means at one organisation; `second_factor` None: the provider's is not taken."""

    organisation_id: UUID
    organisation_name: str
    role: Role
    second_factor: str | None


def read_identity(claims: Mapping[str, Any], *, roles_claim: str, number_claim: str, now: datetime) -> Identity:
    """Take from a verified token what is used of it, and nothing that has another form than expected.

    Raises:
        RuleBroken: the provider's own number of the person is missing.
    """
    subject = _text(claims.get("sub"), 255)
    if not subject:
        raise RuleBroken("The other sign-in did not say who you are")
    return Identity(
        issuer=str(claims["iss"]),
        subject=subject,
        name=_text(claims.get("name"), 200) or "Not said",
        roles=_texts(claims.get(roles_claim)),
        professional_number=normalise_number(_text(claims.get(number_claim), 40)) if number_claim else None,
        methods=_texts(claims.get("amr")) | _texts(claims.get("acr")),
        proved_at=_moment(claims.get("auth_time"), now=now),
        session=_text(claims.get("sid"), 255),
    )


def _text(value: object, limit: int) -> str:
    is_usable = isinstance(value, str) and value.isprintable() and len(value) <= limit
    return str(value).strip() if is_usable else ""


def _texts(value: object) -> frozenset[str]:
    """One text or a list of them; anything else says nothing."""
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(text for one in values[:VALUES_READ] if (text := _text(one, 200)))


def _moment(value: object, *, now: datetime) -> datetime | None:
    """A moment that is not to come: a clock that is ahead must not make a proof last longer."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**33:
        return None
    return min(datetime.fromtimestamp(value, UTC), now)


def normalise_number(text: str) -> str | None:
    """A professional number however it is spaced; None: there is none."""
    return "".join(one for one in unicodedata.normalize("NFKC", text).upper() if one.isalnum()) or None


def find_vouched(identity: Identity, meant: Iterable[RoleMeant]) -> frozenset[UUID]:
    """The organisations that take how the person proved who they are at the provider as a second factor.

    Only what the organisation itself wrote beside the role counts; no word of the provider counts by itself.
    """
    return frozenset(one.organisation_id for one in meant if one.second_factor in identity.methods)


NO_MEANING: Final = (
    "You are known there, but what it says of your work means no role in this register yet. "
    "Ask the administrator of your organisation to add it to \u201cRoles from the other sign-in\u201d"
)


def find_usable(meant: Collection[RoleMeant], *, has_number: bool) -> list[RoleMeant]:
    """The roles that are given: a registered professional needs the number of their register.

    Raises:
        RuleBroken: nothing is left; the sentence says whom to ask for what.
    """
    usable = [one for one in meant if has_number or one.role not in REGISTERED_ROLES]
    if usable:
        return usable
    where = next((one.organisation_name for one in meant), None)
    if where is None:
        raise RuleBroken(NO_MEANING)
    raise RuleBroken(
        "Your role is one of a registered professional, and your account here has no professional number. "
        f"Ask the administrator of {where} to add it"
    )


def check_same_person(signed_in: UUID, confirmed: UUID) -> None:
    """Whoever confirms that it is them must be who is signed in.

    Raises:
        RuleBroken: the provider named somebody else (hazard H-64).
    """
    if signed_in != confirmed:
        raise RuleBroken("You confirmed as somebody else. Sign out, and sign in as yourself")


# Another system that sends somebody here

#: How long such a message is good for, from when it was signed.
LAUNCH_SECONDS: Final = 60
#: Two clocks may differ by so much; more would make the message good for longer.
LAUNCH_LEEWAY_SECONDS: Final = 10
_KEY_KINDS: Final = {"RSA", "EC"}
_PRIVATE_PARTS: Final = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
MOST_KEYS: Final = 20


@dataclass(frozen=True)
class Launch:
    """Whom another system sends, and to whose card; `id`: its own number of the message."""

    user_name: str
    nhs_number: str
    id: str
    expires_at: datetime


def read_launch(claims: Mapping[str, Any], *, audience: str, now: datetime) -> Launch | None:
    """What a message whose signature is right asks; None: it is for somebody else, too old, or not whole.

    Source: RFC 7519, section 4.1; hazard H-64.
    """
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int) or claims.get("aud") != audience:
        return None
    present = int(now.timestamp())
    is_short = 0 < expires - issued <= LAUNCH_SECONDS
    if not is_short or issued > present + LAUNCH_LEEWAY_SECONDS or expires <= present - LAUNCH_LEEWAY_SECONDS:
        return None
    user_name, nhs_number, number = (_text(claims.get(name), 200) for name in ("sub", "nhs_number", "jti"))
    if not (user_name and nhs_number and number):
        return None
    last = datetime.fromtimestamp(expires + LAUNCH_LEEWAY_SECONDS, UTC)
    return Launch(normalise_user_name(user_name), nhs_number, number, last)


def check_public_keys(document: object) -> dict[str, Any]:
    """A set of public keys with which messages may be signed.

    Raises:
        RuleBroken: it is none, or a private or shared key is among them: that must never leave its system.
    """
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= MOST_KEYS or not all(isinstance(key, dict) for key in keys):
        raise RuleBroken(f'Enter a JSON Web Key Set: {{"keys": [...]}}, with 1 to {MOST_KEYS} keys', field="keys")
    if any(_PRIVATE_PARTS & key.keys() for key in keys):
        raise RuleBroken(
            "There is a private key in this set. Tell its supplier that it is known now, and enter public keys only",
            field="keys",
        )
    if any(key.get("kty") not in _KEY_KINDS for key in keys):
        raise RuleBroken("Enter RSA or EC keys: nothing else is taken", field="keys")
    return {"keys": keys}
