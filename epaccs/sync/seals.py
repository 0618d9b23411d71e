"""What a tablet sealed to the register and its author signed: opened, and believed only for what the signature covers.

Source: docs/offline.md, "Keys" and "push"; hazard H-50.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from epaccs.core import base64url
from epaccs.core.db import canonical_json

#: What the key of a seal is for, as the tablet derives it too.
_SEAL_INFO: Final = b"epaccs tablet seal"
_HALF_BYTES: Final = 32
_NONCE_BYTES: Final = 12
SIGNATURE: Final = "signature"


class NotOpened(Exception):
    """It was sealed to another key, for another id, was changed on the way, or holds nothing that can be read."""


def open_seal(sealed: Mapping[str, Any], *, kid: str, private: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """What was sealed to the register under this id.

    Raises:
        NotOpened: it was not sealed to this key for this id, or holds no JSON object.
    """
    try:
        if sealed["kid"] != kid:
            raise NotOpened
        shared = private.exchange(ec.ECDH(), read_point(sealed["epk"]))
        key = HKDF(hashes.SHA256(), length=32, salt=None, info=_SEAL_INFO).derive(shared)
        nonce = base64url.decode(sealed["iv"])
        if len(nonce) != _NONCE_BYTES:
            raise NotOpened
        content = json.loads(AESGCM(key).decrypt(nonce, base64url.decode(sealed["box"]), sealed["id"].encode()))
    except (KeyError, TypeError, ValueError, AttributeError, InvalidTag, RecursionError):
        raise NotOpened from None
    if not isinstance(content, dict):
        raise NotOpened
    return content


def read_point(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    """A public key of P-256.

    Raises:
        ValueError, KeyError, TypeError: it is no point of the curve.
    """
    x, y = (int.from_bytes(base64url.decode(jwk[name])) for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def unsigned(sent: Mapping[str, Any]) -> dict[str, Any]:
    """What the signature is over: everything but the signature."""
    return {name: part for name, part in sent.items() if name != SIGNATURE}


def find_signer_key(sent: Mapping[str, Any], keys: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The key of the author that signed these very words (ES256); None: none of theirs did.

    What cannot be written down was signed by nobody.
    """
    try:
        signature = base64url.decode(sent.get(SIGNATURE))
        words = canonical_json(unsigned(sent)).encode()
    except (ValueError, TypeError, RecursionError):
        return None
    if len(signature) != 2 * _HALF_BYTES:
        return None
    halves = (int.from_bytes(signature[:_HALF_BYTES]), int.from_bytes(signature[_HALF_BYTES:]))
    return next((key for key in keys if _verifies(key, halves, words)), None)


def _verifies(key: Mapping[str, Any], halves: tuple[int, int], words: bytes) -> bool:
    try:
        read_point(key).verify(encode_dss_signature(*halves), words, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
    return True


def digest(sent: Mapping[str, Any]) -> str:
    """The words of an edit or of a look as one number: SHA-256 of their canonical JSON, without the signature."""
    return hashlib.sha256(canonical_json(unsigned(sent)).encode()).hexdigest()
