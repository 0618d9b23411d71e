"""Bytes as text that fits into JSON and addresses: base64url without filling. Source: RFC 4648, section 5."""

from __future__ import annotations

import base64
import binascii
from typing import Any


def encode(content: bytes) -> str:
    """As text."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: Any) -> bytes:
    """The bytes.

    Raises:
        ValueError, TypeError: it is no such text.
    """
    if not isinstance(text, str) or not text.isascii():
        raise TypeError("no base64url")
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64url") from error
