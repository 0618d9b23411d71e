"""An authenticator in software: what a telephone or a key does when a browser asks it for a passkey."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import encode_cbor

from epaccs.core import base64url

ORIGIN = "http://localhost:5000"
_PRESENT, _VERIFIED, _WITH_KEY = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One passkey; `count` grows with each use, and stays 0 where `counts` is false."""

    origin: str = ORIGIN
    counts: bool = True
    verifies: bool = True
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def id(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return hashlib.sha256(f"{numbers.x}".encode()).digest()

    def _data(self, rp_id: str, *, key: bytes = b"") -> bytes:
        self.count += 1 if self.counts else 0
        flags = _PRESENT | (_VERIFIED if self.verifies else 0) | (_WITH_KEY if key else 0)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count) + key

    def _said(self, kind: str, challenge: str) -> bytes:
        said = {"type": f"webauthn.{kind}", "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def make(self, options: str) -> str:
        """What the browser sends of a new passkey."""
        asked = json.loads(options)
        numbers = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        public = encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        data = self._data(asked["rp"]["id"], key=attested)
        said = self._said("create", asked["challenge"])
        made = {"fmt": "none", "attStmt": {}, "authData": data}
        return self._answer(clientDataJSON=said, attestationObject=encode_cbor(made))

    def sign(self, options: str) -> str:
        """What the browser sends of a passkey that is used."""
        asked = json.loads(options)
        data, said = self._data(asked["rpId"]), self._said("get", asked["challenge"])
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(clientDataJSON=said, authenticatorData=data, signature=signature)

    def _answer(self, **parts: bytes) -> str:
        response: dict[str, Any] = {name: base64url.encode(part) for name, part in parts.items()}
        own = base64url.encode(self.id)
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": response})
