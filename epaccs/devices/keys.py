"""The register's keys for tablets, each made anew from the site's secret for its purpose: nothing to store or to lose.

Source: docs/offline.md, "Keys".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from epaccs.core import sealing
from epaccs.core.db import canonical_json
from epaccs.core.errors import RuleBroken

#: The order of the group of P-256. Source: FIPS 186-5, SP 800-186 section 3.2.1.3.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class RegisterKey:
    """A key pair of the register. `kid` follows from the key, so that another secret has another id."""

    kid: str
    private: ec.EllipticCurvePrivateKey

    def public_jwk(self, *, use: str) -> dict[str, Any]:
        """What a tablet is given."""
        jwk = ECKey.import_key(self.private).as_dict(private=False)
        return {"kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"], "kid": self.kid, "use": use}


def lease_key() -> RegisterKey:
    """Signs leases (ES256)."""
    return _register_key("lease", sealing.derive("tablet lease", length=48))


def seal_key() -> RegisterKey:
    """Opens what tablets seal to the register (ECDH P-256)."""
    return _register_key("seal", sealing.derive("tablet seal", length=48))


@cache
def _register_key(name: str, material: bytes) -> RegisterKey:
    """A scalar from more bytes than it has, so that none is likelier. Source: FIPS 186-5, A.2.1."""
    scalar = int.from_bytes(material) % (_ORDER - 1) + 1
    private = ec.derive_private_key(scalar, ec.SECP256R1())
    return RegisterKey(f"{name}-{ECKey.import_key(private).thumbprint()[:12]}", private)


def scope_key(device_id: UUID, scope: str, tier: str, audience: str, epoch: str) -> bytes:
    """The key under which one tablet keeps one scope for one audience.

    Args:
        audience: what the key's users see of a record; a colleague on the same tablet who sees other things has
            another key, so that no copy opens for whom it was not made.
        epoch: the first two parts of the feed's, such as "1.1".

    Source: hazard H-48.
    """
    purpose = ["tablet scope for an audience", str(device_id), scope, tier, audience, epoch]
    return sealing.derive(canonical_json(purpose), length=32)


# --- Leases ----------------------------------------------------------------------------------------------------------

_ALGORITHM = "ES256"
#: No lease of ours comes near it; what is longer is not even read.
_LEASE_LIMIT = 8_000


class AlteredLease(Exception):
    """The text is no lease that this register signed."""


def sign_lease(claims: dict[str, Any]) -> str:
    """The lease as a JWS. Source: RFC 7515, RFC 7518 section 3.4."""
    key = lease_key()
    header = {"alg": _ALGORITHM, "kid": key.kid}
    return jwt.encode(header, claims, ECKey.import_key(key.private), algorithms=[_ALGORITHM])


def read_lease(text: str) -> dict[str, Any]:
    """What a lease says, once its signature was found to be ours; times are for the caller to judge.

    Raises:
        AlteredLease: it was signed by nobody, by another key, in another way, or changed since.
    """
    if len(text) > _LEASE_LIMIT:
        raise AlteredLease
    try:
        token = jwt.decode(text, ECKey.import_key(lease_key().private), algorithms=[_ALGORITHM])
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise AlteredLease from None
    if not isinstance(token.claims, dict):
        raise AlteredLease
    return token.claims


def check_public_key(sent: Mapping[str, Any]) -> dict[str, str]:
    """A user's public key as it is kept: a point of P-256 and nothing else.

    Raises:
        RuleBroken: it is another kind of key, no point of the curve, or brings its private half along.
    """
    if "d" in sent:
        raise RuleBroken("Send the public half of the key only, and make a new key", field="user_key")
    jwk = {name: sent.get(name) for name in ("kty", "crv", "x", "y")}
    try:
        if (jwk["kty"], jwk["crv"]) != ("EC", "P-256"):
            raise ValueError("another curve")
        point = ECKey.import_key({name: str(value) for name, value in jwk.items()}).as_dict(private=False)
    except (JoseError, ValueError, TypeError, KeyError):
        raise RuleBroken("Send a public key of the kind EC, P-256, as a JWK", field="user_key") from None
    return {name: str(point[name]) for name in ("kty", "crv", "x", "y")}
