"""Order, numbers, clocks, seals and chains of what tablets bring: values in, a value out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from epaccs.audit.events import EventKind
from epaccs.core import base64url
from epaccs.sync.rules.audit import BEGINNING, Chain, OfflineLookSaid, find_chain
from epaccs.sync.rules.push import (
    MISSES_LIMIT,
    Result,
    Written,
    find_shared_until,
    first_missing,
    in_order,
    is_told,
    judge_written,
    moment_on_register,
    offset_of,
    wait_until,
)
from epaccs.sync.seals import NotOpened, digest, find_signer_key, open_seal
from epaccs.versions.rules import is_in_future
from tests.devices.leases import a_public_key
from tests.sync.writing import seal, sign, to_text

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_wrong_person_comes_first_and_then_the_tablets_own_numbers() -> None:
    edits: list[dict[str, Any]] = [
        {"sequence": 3, "kind": "sign"},
        {"sequence": 1, "kind": "put"},
        {"sequence": 2, "kind": "wrong_person_flag"},
        {"kind": "put"},
    ]

    assert [edit.get("sequence") for edit in in_order(edits)] == [2, None, 1, 3]


@pytest.mark.parametrize(
    ("before", "come", "missing"),
    [
        pytest.param(1, [], 1, id="nothing came"),
        pytest.param(1, [1, 2, 3], 4, id="all came"),
        pytest.param(1, [1, 3], 2, id="one is missing"),
        pytest.param(2, [3, 2, 5], 4, id="in any order"),
        pytest.param(4, [2, 4], 5, id="one from before"),
    ],
)
def test_the_first_number_that_has_not_come(before: int, come: list[int], missing: int) -> None:
    assert first_missing(before, come) == missing


@pytest.mark.parametrize(
    ("gap_at", "told_at", "told"),
    [
        pytest.param(None, None, False, id="no gap"),
        pytest.param(NOW - MINUTE, None, False, id="it may still come"),
        pytest.param(NOW - 15 * MINUTE, None, True, id="it did not come in time"),
        pytest.param(NOW - 60 * MINUTE, NOW - 40 * MINUTE, False, id="told already"),
    ],
)
def test_a_missing_number_is_told_of_once_it_is_late(
    gap_at: datetime | None, told_at: datetime | None, told: bool
) -> None:
    assert is_told(gap_at, told_at, now=NOW) is told


@pytest.mark.parametrize(
    ("now_device", "known", "offset"),
    [
        pytest.param(None, None, None, id="never measured"),
        pytest.param(None, 250, 250, id="measured at the last contact"),
        pytest.param(NOW + MINUTE, 250, 60_000, id="measured now"),
        pytest.param(NOW + timedelta(days=400), None, 2**31 - 1, id="further off than can be kept"),
        pytest.param(NOW - timedelta(days=400), None, -(2**31 - 1), id="further back than can be kept"),
    ],
)
def test_how_far_a_clock_is_off(now_device: datetime | None, known: int | None, offset: int | None) -> None:
    assert offset_of(now_device, known, now=NOW) == offset


@pytest.mark.parametrize(
    ("at", "offset", "moment"),
    [
        pytest.param(NOW - MINUTE, None, NOW - MINUTE, id="not measured: as it says"),
        pytest.param(NOW + 9 * MINUTE, 10 * 60_000, NOW - MINUTE, id="corrected"),
        pytest.param(NOW + timedelta(days=9), None, NOW, id="never after it came"),
    ],
)
def test_when_it_was_by_the_registers_clock(at: datetime, offset: int | None, moment: datetime) -> None:
    assert moment_on_register(at, offset, now=NOW) == moment


@pytest.mark.parametrize(
    ("then", "ever", "judged"),
    [
        pytest.param([True], [True], Written.ALLOWED, id="the lease of that time let it be written"),
        pytest.param([False, True], [False, True], Written.ALLOWED, id="of two leases of that time one did"),
        pytest.param([False], [False, True], Written.IN_DOUBT, id="only a lease of another time did"),
        pytest.param([], [True], Written.IN_DOUBT, id="it was written before every lease, by its clock"),
        pytest.param([False], [False, False], Written.NEVER, id="no lease ever did"),
        pytest.param([], [], Written.UNKNOWN, id="no lease is known any more"),
    ],
)
def test_what_may_be_written_without_signal(then: list[bool], ever: list[bool], judged: Written) -> None:
    assert judge_written(then=then, ever=ever) is judged


def test_an_address_waits_only_for_what_was_no_good_a_moment_ago() -> None:
    old, new = [NOW - 60 * MINUTE] * MISSES_LIMIT, [NOW - MINUTE] * MISSES_LIMIT

    assert wait_until([*old, *new[1:]], now=NOW) is None
    assert wait_until([*old, *new], now=NOW) == NOW + 14 * MINUTE


@pytest.mark.parametrize(
    ("moment", "future"),
    [
        pytest.param(None, False, id="no time"),
        pytest.param(NOW + 10 * MINUTE, False, id="within what a clock may be wrong"),
        pytest.param(NOW + 11 * MINUTE, True, id="beyond it"),
    ],
)
def test_a_time_in_the_future_is_one_beyond_what_a_clock_may_be_wrong(moment: datetime | None, future: bool) -> None:
    assert is_in_future(moment, now=NOW) is future


def test_a_result_is_plain_json() -> None:
    assert Result("a", "held", "open", 3).to_json() == {
        "id": "a",
        "outcome": "held",
        "standing": "open",
        "section_version": 3,
        "errors": [],
    }


# --- Seals and signatures --------------------------------------------------------------------------------------------

REGISTER = ec.generate_private_key(ec.SECP256R1())
REGISTER_JWK = {**ECKey.import_key(REGISTER).as_dict(private=False), "kid": "s1"}
AUTHOR = ec.generate_private_key(ec.SECP256R1())
SAID = {"id": "1", "body": {"words": "Nicht für CPR – “no” 😀"}, "sequence": 7}


def opened(sealed: Any, kid: str = "s1") -> dict[str, Any]:
    return open_seal(sealed, kid=kid, private=REGISTER)


def test_what_was_sealed_to_the_register_is_opened() -> None:
    assert opened(seal(REGISTER_JWK, "1", SAID)) == SAID


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"id": "2"}, id="another id"),
        pytest.param({"id": 2}, id="no id"),
        pytest.param({"kid": "s2"}, id="another key"),
        pytest.param({"iv": to_text(b"short")}, id="short nonce"),
        pytest.param({"iv": "é"}, id="no text of bytes"),
        pytest.param({"iv": "A"}, id="half a byte"),
        pytest.param({"box": None}, id="no box"),
        pytest.param({"epk": {"x": "AA", "y": "AA"}}, id="no point of the curve"),
        pytest.param({"epk": []}, id="no key"),
    ],
)
def test_what_was_changed_or_moved_is_not_opened(change: dict[str, Any]) -> None:
    with pytest.raises(NotOpened):
        opened({**seal(REGISTER_JWK, "1", SAID), **change})


@pytest.mark.parametrize("value", [["a", "list"], "text", None], ids=str)
def test_what_holds_no_object_is_not_opened(value: Any) -> None:
    with pytest.raises(NotOpened):
        opened(seal(REGISTER_JWK, "1", value))


def test_nothing_at_all_is_not_opened() -> None:
    with pytest.raises(NotOpened):
        opened([])


def test_bytes_are_read_without_filling() -> None:
    assert base64url.decode("-_8") == b"\xfb\xff"


def test_the_key_that_signed_these_words_is_found_among_the_authors() -> None:
    older, newer = a_public_key(), a_public_key(AUTHOR)

    assert find_signer_key({**SAID, "signature": sign(AUTHOR, SAID)}, [older, newer]) == newer


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"body": {}}, id="other words"),
        pytest.param({"signature": None}, id="no signature"),
        pytest.param({"signature": "AAAA"}, id="too short"),
        pytest.param({"signature": to_text(bytes(64))}, id="zeros"),
        pytest.param({"more": "half \ud800"}, id="what cannot be written down"),
    ],
)
def test_what_the_author_did_not_sign_is_nobodys(change: dict[str, Any]) -> None:
    sent = {**SAID, "signature": sign(AUTHOR, SAID), **change}

    assert find_signer_key(sent, [a_public_key(AUTHOR), {"x": "AA"}]) is None


def test_the_digest_is_of_the_words_and_not_of_the_signature() -> None:
    assert digest({**SAID, "signature": "one"}) == digest({**SAID, "signature": "other"})
    assert digest(SAID) != digest({**SAID, "sequence": 8})


# --- The book of looks -----------------------------------------------------------------------------------------------


def a_look(sequence: int = 2, previous: str = "first", act: str = "card_viewed") -> OfflineLookSaid:
    return OfflineLookSaid(sequence, act, uuid4(), "this", previous)


@pytest.mark.parametrize(
    ("look", "before", "same", "chain"),
    [
        pytest.param(a_look(1, BEGINNING), set(), set(), Chain.WHOLE, id="the first"),
        pytest.param(a_look(1, "zero"), set(), set(), Chain.BROKEN, id="a first that is none"),
        pytest.param(a_look(), {"first"}, set(), Chain.WHOLE, id="the next"),
        pytest.param(a_look(), set(), set(), Chain.MISSING, id="the one before has not come"),
        pytest.param(a_look(), {"other"}, set(), Chain.BROKEN, id="the one before was another"),
        pytest.param(a_look(), {"first"}, {"that"}, Chain.COPIED, id="another of its number"),
    ],
)
def test_how_a_look_follows_on_the_one_before(
    look: OfflineLookSaid, before: set[str], same: set[str], chain: Chain
) -> None:
    assert find_chain(look, before=frozenset(before), same_number=frozenset(same)) is chain


def test_a_deed_that_this_program_does_not_know_is_kept_all_the_same() -> None:
    assert a_look(act="card_viewed").kind is EventKind.OFFLINE_CARD_VIEWED
    assert a_look(act="unlocked").kind is EventKind.OFFLINE_DEED
    assert a_look(act="card_viewed").shows_record
    assert not a_look(act="searched").shows_record


BACKED_UP = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("epoch", "as_at", "generation", "expected"),
    [
        pytest.param("1.1.ab12", BACKED_UP, 1, None, id="the register was never restored"),
        pytest.param("", BACKED_UP, 1, None, id="nor for a program that does not say its history"),
        pytest.param("2.1.ab12", BACKED_UP, 2, None, id="a copy made since"),
        pytest.param("1.7.ab12", BACKED_UP, 2, BACKED_UP, id="a copy from before"),
        pytest.param("", BACKED_UP, 2, BACKED_UP, id="one that does not say it is from before"),
        pytest.param("odd", BACKED_UP, 2, BACKED_UP, id="nor one that says nothing that can be read"),
        pytest.param("9" * 400, BACKED_UP, 2, BACKED_UP, id="nor one that says too much"),
        pytest.param("1.1.ab12", None, 3, datetime.min.replace(tzinfo=UTC), id="nobody knows when it was made"),
    ],
)
def test_until_when_a_tablet_and_the_register_have_one_past(
    epoch: str, as_at: datetime | None, generation: int, expected: datetime | None
) -> None:
    assert find_shared_until(epoch, as_at, generation=generation) == expected
