"""What signs a stamp: the private half of a key of the register. Source: RFC 8032; decision record 0044."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from epaccs.core import base64url
from epaccs.stamps.rules import Facts, find_key_id

#: What is signed begins with this, so that no signature for another purpose can be taken for a stamp.
SIGNED_FOR: Final = b"epaccs sheet stamp\n"


@dataclass(frozen=True)
class Signer:
    """The private half of a key that signs stamps."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """What tells its stamps from others: 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        """Eight hexadecimal digits by which a stamp names its key."""
        return find_key_id(self.public)

    def stamp(self, facts: Facts) -> str:
        """The stamp of a sheet as text."""
        said = facts.to_bytes(self.key_id)
        return base64url.encode(said + self.private.sign(SIGNED_FOR + said))
