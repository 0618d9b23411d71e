"""What is sealed opens only for its purpose and its record; what is digested is only recognised."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from epaccs.core import sealing
from tests.conftest import SECRET

ADA, BEA = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def secret() -> Iterator[None]:
    sealing.use_secret(SECRET)
    yield
    sealing.use_secret(SECRET)


def test_what_was_sealed_is_opened_for_its_record() -> None:
    sealed = sealing.seal(b"JBSWY3DP", purpose="second factor", record_id=ADA)

    assert sealing.unseal(sealed, purpose="second factor", record_id=ADA) == b"JBSWY3DP"
    assert b"JBSWY3DP" not in sealed


def test_the_same_content_is_never_sealed_the_same_way() -> None:
    assert len({sealing.seal(b"same", purpose="form", record_id=ADA) for _ in range(10)}) == 10


@pytest.mark.parametrize(
    ("purpose", "record_id"),
    [pytest.param("second factor", BEA, id="moved to another person"), pytest.param("form", ADA, id="another purpose")],
)
def test_it_opens_for_nothing_else(purpose: str, record_id: UUID) -> None:
    sealed = sealing.seal(b"JBSWY3DP", purpose="second factor", record_id=ADA)

    with pytest.raises(sealing.CannotBeOpened):
        sealing.unseal(sealed, purpose=purpose, record_id=record_id)


@pytest.mark.parametrize("place", [0, 1, 12, 13, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    sealed = bytearray(sealing.seal(b"JBSWY3DP", purpose="second factor", record_id=ADA))
    sealed[place] ^= 1

    with pytest.raises(sealing.CannotBeOpened):
        sealing.unseal(bytes(sealed), purpose="second factor", record_id=ADA)


@pytest.mark.parametrize("rest", [b"", b"\x01", b"\x01" + b"\x00" * 12])
def test_what_was_cut_off_is_noticed(rest: bytes) -> None:
    with pytest.raises(sealing.CannotBeOpened):
        sealing.unseal(rest, purpose="second factor", record_id=ADA)


def test_another_site_opens_nothing() -> None:
    sealed = sealing.seal(b"JBSWY3DP", purpose="second factor", record_id=ADA)
    sealing.use_secret("the secret of another site, long enough too")

    with pytest.raises(sealing.CannotBeOpened):
        sealing.unseal(sealed, purpose="second factor", record_id=ADA)


def test_a_digest_is_the_same_for_the_same_text_and_purpose_only() -> None:
    digest = sealing.digest("K7QM", purpose="code")

    assert digest == sealing.digest("K7QM", purpose="code")
    assert digest not in (sealing.digest("K7QN", purpose="code"), sealing.digest("K7QM", purpose="session"))
    sealing.use_secret("the secret of another site, long enough too")
    assert digest != sealing.digest("K7QM", purpose="code")
