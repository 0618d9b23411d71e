"""A stamp holds what stands on the sheet, in bytes that a tablet reads back, signed with the register's key."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from epaccs.core import base64url
from epaccs.cpr_decisions.rules.lines import Situation
from epaccs.stamps.rules import LINE_NUMBERS, Facts, find_initials
from epaccs.stamps.signer import SIGNED_FOR, Signer

OURS: Final = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
THEIRS: Final = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
TABLE: Final = Path(__file__).parents[1] / "js" / "stamps.json"
FACTS: Final = Facts(
    code="7K4P93XQ",
    at=datetime(2026, 11, 20, 14, 2, 59, tzinfo=UTC),
    line=Situation.NOT_FOR_CPR,
    versions={"cpr": 3, "legal": 2, "contacts": 9},
    change_number=142,
    initials="GO",
    birth_year=1942,
    last_four="0018",
)
NAMES: Final = (
    ("Grace", "Okonkwo"),
    ("e\u0301mile", "o\u2019Neill"),
    ("", "Ng"),
    ("\u674e", "\u0141awa"),
    ("??", "12"),
    ("\ufb01ona", "\u00dfmith"),
    (" 'd", "(jo)"),
)
STAMPS: Final = {
    "a decision": FACTS,
    "nobody knows when they were born, and there is no number": replace(FACTS, birth_year=None, last_four=""),
    "an NHS number that ends with naughts": replace(FACTS, last_four="0000"),
    "nothing about CPR, and initials of another script": replace(
        FACTS, line=Situation.NONE_RECORDED, versions={}, initials="\u0141\u011e"
    ),
    "a name without a letter": replace(FACTS, initials=""),
    "very many versions": replace(FACTS, versions={"cpr": 70_000}, change_number=4_000_000_000),
    **{f"the line {one}": replace(FACTS, line=one) for one in Situation},
}


def as_read(facts: Facts) -> dict[str, Any]:
    """As a tablet finds them."""
    return {
        "code": facts.code,
        "at": facts.at.replace(second=0).isoformat(),
        "line": LINE_NUMBERS[facts.line],
        "cprVersion": min(facts.versions.get("cpr", 0), 0xFFFF),
        "legalVersion": min(facts.versions.get("legal", 0), 0xFFFF),
        "change": facts.change_number,
        "birthYear": facts.birth_year,
        "lastFour": facts.last_four,
        "initials": facts.initials,
    }


def build_table() -> dict[str, Any]:
    """What the register makes, for the program of the tablets to read back."""

    def key(signer: Signer) -> dict[str, Any]:
        return {"id": signer.key_id, "key": base64url.encode(signer.public), "withdrawn": False}

    stamps = [{"what": what, "stamp": OURS.stamp(one), "facts": as_read(one)} for what, one in STAMPS.items()]
    return {
        "keys": [key(OURS)],
        "keys_elsewhere": [key(THEIRS)],
        "stamps": stamps,
        "elsewhere": THEIRS.stamp(FACTS),
        "initials": [[*names, find_initials(*names)] for names in NAMES],
    }


def test_the_table_that_the_tablets_program_is_held_to_is_what_the_register_makes() -> None:
    assert json.loads(TABLE.read_text(encoding="utf-8")) == build_table()


@pytest.mark.parametrize("what", STAMPS)
def test_a_stamp_is_signed_with_the_key_that_it_names(what: str) -> None:
    said, signature = (content := base64url.decode(OURS.stamp(STAMPS[what])))[:-64], content[-64:]

    assert said[1:5].hex() == OURS.key_id
    Ed25519PublicKey.from_public_bytes(OURS.public).verify(signature, SIGNED_FOR + said)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(OURS.public).verify(signature, said)


@pytest.mark.parametrize(
    "changed",
    [
        {"code": "7K4P93XR"},
        {"at": datetime(2026, 11, 20, 14, 3, tzinfo=UTC)},
        *({"line": one} for one in Situation if one is not FACTS.line),
        {"versions": {"cpr": 4, "legal": 2}},
        {"versions": {"cpr": 3, "legal": 3}},
        {"change_number": 143},
        {"initials": "GP"},
        {"birth_year": 1943},
        {"last_four": "0026"},
    ],
    ids=str,
)
def test_each_fact_that_differs_makes_other_bytes(changed: dict[str, Any]) -> None:
    assert replace(FACTS, **changed).to_bytes(OURS.key_id) != FACTS.to_bytes(OURS.key_id)


def test_every_line_has_a_number_of_its_own_that_no_release_changes() -> None:
    assert dict(LINE_NUMBERS) == {
        "not_for_cpr": 1,
        "for_cpr": 2,
        "awaiting": 3,
        "reported": 4,
        "in_doubt": 5,
        "revoked": 6,
        "none_recorded": 7,
        "advance_decision": 8,
        "ended_by_death": 9,
        "copy_past_age": 10,
        "hidden": 11,
    }
    assert set(LINE_NUMBERS) == {str(one) for one in Situation}


def test_a_stamp_is_short_enough_for_a_code_that_a_telephone_reads_from_paper() -> None:
    assert max(len(OURS.stamp(one)) for one in STAMPS.values()) <= 135
    with pytest.raises(struct.error):
        replace(FACTS, change_number=2**32).to_bytes(OURS.key_id)


def test_initials_are_the_first_letters_as_capitals() -> None:
    assert [find_initials(*names) for names in NAMES] == ["GO", "\u00c9O", "N", "\u674e\u0141", "", "FS", "DJ"]
