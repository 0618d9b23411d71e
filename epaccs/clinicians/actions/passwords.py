"""Hash and check passwords, and make codes that people copy by hand."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from epaccs.clinicians.rules import CODE_ALPHABET, format_code, normalise_code, normalise_password
from epaccs.core import sealing

_CODE_LENGTH = 12  # 58 bits: guessed never, through a throttle, within 72 hours

# 19 MiB, two passes, one lane: about 45 ms. Source: OWASP password storage, Argon2id.
_hasher = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return _hasher.hash(_as_bytes(password))


def password_fits(kept: str | None, password: str) -> bool:
    """Whether the password is the one kept; as long in coming whether there is one or not (hazard H-21)."""
    decoy = _decoy()
    try:
        _hasher.verify(kept or decoy, _as_bytes(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def needs_new_hash(kept: str) -> bool:
    """Whether it was hashed when less was asked; only the person's next sign-in can change that."""
    return _hasher.check_needs_rehash(kept)


@cache
def _decoy() -> str:
    return _hasher.hash(secrets.token_bytes(16))


def _as_bytes(password: str) -> bytes:
    return normalise_password(password).encode("utf-8", "surrogatepass")


def make_code() -> str:
    """A code to be shown once: K7QM-3XWP-9D2H."""
    return format_code("".join(secrets.choice(CODE_ALPHABET) for _ in range(_CODE_LENGTH)))


def code_digest(code: str) -> str:
    """How a code is recognised, however it is typed."""
    return sealing.digest(normalise_code(code), purpose="code")
