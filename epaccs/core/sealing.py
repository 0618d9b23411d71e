"""Seal what must not be read in a stolen database, and digest what need only be recognised.

Every purpose has a key of its own, derived from the site's secret. A sealed value is bound to the id of its record, so
that it cannot be moved to another row; the version of its key stands in front, so that a newer key can come beside it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_VERSION = b"\x01"
_NONCE_BYTES = 12
_secret: bytes = b""


class CannotBeOpened(Exception):
    """The sealed value was changed, moved to another record, or sealed under another secret."""


def use_secret(secret_key: str) -> None:
    """Derive every key from the site's secret."""
    global _secret
    _secret = hashlib.sha512(secret_key.encode()).digest()
    _key.cache_clear()


@cache
def _key(purpose: str) -> bytes:
    if not _secret:
        raise RuntimeError("There is no key to seal with: the program was not set up")
    return hmac.new(_secret, b"epaccs " + purpose.encode(), hashlib.sha256).digest()


def derive(purpose: str, *, length: int) -> bytes:
    """So many bytes that follow from the site's secret and the purpose, for a key that this module does not hold.

    Source: RFC 5869.
    """
    if not _secret:
        raise RuntimeError("There is no key to derive from: the program was not set up")
    return HKDF(hashes.SHA256(), length=length, salt=None, info=b"epaccs derive " + purpose.encode()).derive(_secret)


def seal(content: bytes, *, purpose: str, record_id: UUID) -> bytes:
    """Seal for one record and one purpose."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return KEY_VERSION + nonce + AESGCM(_key(f"seal {purpose}")).encrypt(nonce, content, record_id.bytes)


def unseal(sealed: bytes, *, purpose: str, record_id: UUID) -> bytes:
    """What was sealed for this record and purpose.

    Raises:
        CannotBeOpened: it was not sealed for them, or is no longer whole.
    """
    if sealed[:1] != KEY_VERSION:
        raise CannotBeOpened
    nonce, content = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(_key(f"seal {purpose}")).decrypt(nonce, content, record_id.bytes)
    except (InvalidTag, ValueError):
        raise CannotBeOpened from None


def digest(text: str, *, purpose: str) -> str:
    """Recognise a secret without keeping it; useless to whoever has only the database."""
    return hmac.new(_key(f"digest {purpose}"), text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
