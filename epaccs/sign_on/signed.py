"""Whether a token of a provider, or of a system, was signed with a known key in one of the ways that are named."""

from __future__ import annotations

from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from epaccs.sign_on.rules import ALGORITHMS


def decode_signed(token: str, keys: dict[str, Any]) -> jwt.Token:
    """What it says; nothing of it is checked but the signature.

    Raises:
        JoseError, ValueError, KeyError, TypeError: it is not signed so, or nothing that can be read.

    Source: hazard H-64.
    """
    registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    return jwt.decode(token, KeySet.import_key_set(keys), registry=registry)  # type: ignore[arg-type]
