"""What the register asks an identity provider, over HTTP, and how far it believes the answer.

Nothing is kept between two sign-ins: a key that the provider changed is known at the next one, and a provider that is
down harms nobody who signs in with a password.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from requests import RequestException

from epaccs.core.errors import EpaccsError
from epaccs.settings import IdentityProvider
from epaccs.sign_on.rules import LEEWAY_SECONDS
from epaccs.sign_on.signed import decode_signed

PATIENCE_SECONDS: Final = 5
SCOPE: Final = "openid profile"


class ProviderUnreachable(EpaccsError):
    """The identity provider does not answer, or not as one."""


class ProviderRefused(EpaccsError):
    """What came back is not believed, or the provider said no; `why` is a fixed word for the audit."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Addresses:
    """Where the provider does what; None: it does not."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None
    end_session: str | None


class Conversation:
    """One exchange with the provider."""

    def __init__(self, provider: IdentityProvider, *, redirect_uri: str) -> None:
        self._provider = provider
        self._http = OAuth2Session(
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            scope=SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            default_timeout=PATIENCE_SECONDS,
        )
        self._http.trust_env = False

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def discover(self) -> Addresses:
        """Where it does what.

        Raises:
            ProviderUnreachable: it does not answer.
            ProviderRefused: another issuer answers in its place.
        """
        found = self._read(f"{self._provider.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self._provider.issuer:
            raise ProviderRefused("other_issuer")
        return Addresses(
            authorization=self._address(found, "authorization_endpoint"),
            token=self._address(found, "token_endpoint"),
            keys=self._address(found, "jwks_uri"),
            userinfo=self._address(found, "userinfo_endpoint") if "userinfo_endpoint" in found else None,
            end_session=self._address(found, "end_session_endpoint") if "end_session_endpoint" in found else None,
        )

    def _address(self, found: dict[str, Any], name: str) -> str:
        """An address of the provider; over an open line only where the provider itself is."""
        address = str(found.get(name, ""))
        if not address.startswith(("https://", f"{self._provider.issuer.rstrip('/')}/")):
            raise ProviderRefused("open_line")
        return address

    def _read(self, address: str, **options: Any) -> dict[str, Any]:
        try:
            answer = self._http.get(address, withhold_token=True, **options)
            answer.raise_for_status()
            document = answer.json()
        except (RequestException, ValueError) as error:
            raise ProviderUnreachable from error
        if not isinstance(document, dict):
            raise ProviderUnreachable
        return document

    def build_address(self, at: Addresses, *, state: str, nonce: str, verifier: str, **more: str) -> str:
        """Where to send the browser."""
        address, _ = self._http.create_authorization_url(
            at.authorization, state=state, nonce=nonce, code_verifier=verifier, **more
        )
        return str(address)

    def find_claims(
        self, at: Addresses, *, code: str, nonce: str, verifier: str, roles_claim: str, now: datetime
    ) -> dict[str, Any]:
        """What the provider says of the person behind a code; asked further only for roles it has not said yet.

        Raises:
            ProviderUnreachable: it does not answer.
            ProviderRefused: it says no, or its token is not believed.
        """
        try:
            token = self._http.fetch_token(at.token, grant_type="authorization_code", code=code, code_verifier=verifier)
        except AuthlibBaseError as error:
            raise ProviderRefused("code") from error
        except (RequestException, ValueError) as error:
            raise ProviderUnreachable from error
        keys, access = self._read(at.keys), str(token.get("access_token", ""))
        claims = read_id_token(
            str(token.get("id_token", "")), keys, provider=self._provider, nonce=nonce, access_token=access, now=now
        )
        if roles_claim in claims or at.userinfo is None:
            return claims
        said = self._read(at.userinfo, headers={"Authorization": f"Bearer {access}"})
        if said.get("sub") != claims["sub"]:
            raise ProviderRefused("other_subject")
        return {**said, **claims}

    def read_logout_token(self, token: str, *, now: datetime) -> dict[str, Any]:
        """Whose session ended at the provider.

        Raises:
            ProviderUnreachable: its keys cannot be read.
            ProviderRefused: the token is not its own, not for this register, or none of this kind.
        """
        keys = self._read(self.discover().keys)
        return _read_logout_token(token, keys, provider=self._provider, now=now)


_LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


def _read_logout_token(
    token: str, keys: dict[str, Any], *, provider: IdentityProvider, now: datetime
) -> dict[str, Any]:
    """Source: OpenID Connect Back-Channel Logout 1.0, section 2.6."""
    try:
        decoded = decode_signed(token, keys)
        asked: Any = {"iss": {"value": provider.issuer}, "aud": {"value": provider.client_id}}
        for name in ("iss", "aud", "iat", "exp", "jti"):
            asked.setdefault(name, {})["essential"] = True
        jwt.JWTClaimsRegistry(now=int(now.timestamp()), leeway=LEEWAY_SECONDS, **asked).validate(decoded.claims)
        events = decoded.claims.get("events")
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ProviderRefused("logout_token") from error
    if not isinstance(events, dict) or _LOGOUT_EVENT not in events or "nonce" in decoded.claims:
        raise ProviderRefused("logout_token")
    return dict(decoded.claims)


def read_id_token(
    token: str, keys: dict[str, Any], *, provider: IdentityProvider, nonce: str, access_token: str, now: datetime
) -> dict[str, Any]:
    """The claims of a token that this provider signed for this register, for this sign-in, a moment ago.

    Raises:
        ProviderRefused: it did not.

    Source: OpenID Connect Core 1.0, section 3.1.3.7; hazard H-64.
    """
    try:
        decoded = decode_signed(token, keys)
        asked = {"iss": {"value": provider.issuer}, "aud": {"value": provider.client_id}}
        known = {"nonce": nonce, "client_id": provider.client_id, "access_token": access_token, "max_age": True}
        claims = CodeIDToken(decoded.claims, decoded.header, asked, known)
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ProviderRefused(getattr(error, "error", "token")) from error
    return dict(claims)


def build_end_address(at: Addresses, *, provider: IdentityProvider, back_to: str) -> str | None:
    """Where to send the browser to sign out there too; None: the provider has no such page."""
    if at.end_session is None:
        return None
    return f"{at.end_session}?{urlencode({'client_id': provider.client_id, 'post_logout_redirect_uri': back_to})}"
