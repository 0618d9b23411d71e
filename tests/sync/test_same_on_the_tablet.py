"""What the tablet's program works out by itself, it works out as the register does: the tables that both are held to.

The other half is in tests/js: canonical.test.js and search.test.js read the same files.
"""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from epaccs.core.assets import STATIC_FOLDER
from epaccs.core.db import canonical_json
from epaccs.core.names import fold, postcode_key
from epaccs.record.rules.search import Keys, near_dates, read_criteria, score
from epaccs.record.rules.search_keys import build_sound, build_street_key
from epaccs.versions import registry
from epaccs.versions.registry import FIRST_SCHEMA

TABLES = Path(__file__).parents[1] / "js"
CANONICAL: list[list[Any]] = json.loads((TABLES / "canonical.json").read_text(encoding="utf-8"))
FOLDING: dict[str, Any] = json.loads((TABLES / "folding.json").read_text(encoding="utf-8"))


def test_an_edit_says_in_which_shape_it_was_written(app: Flask) -> None:
    program = (STATIC_FOLDER / "js/tablet/outbox.js").read_text(encoding="utf-8")
    declared = re.search(r"const SCHEMAS = \{(.*?)\};", program, re.DOTALL)

    assert declared is not None
    written = {name: int(number) for name, number in re.findall(r"(\w+): (\d+)", declared[1])}
    assert written == {one.name: one.schema for one in registry.sections() if one.schema != FIRST_SCHEMA}


@pytest.mark.parametrize(("value", "text"), CANONICAL)
def test_what_is_signed_is_written_letter_for_letter(value: Any, text: str) -> None:
    assert canonical_json(value) == text


@pytest.mark.parametrize(
    ("work", "text", "expected"),
    [
        pytest.param(work, text, expected, id=f"{table}: {text}")
        for table, work in (
            ("folded", fold),
            ("postcodes", postcode_key),
            ("sounds", build_sound),
            ("streets", build_street_key),
        )
        for text, expected in FOLDING[table]
    ],
)
def test_words_are_made_comparable_in_one_way(work: Any, text: str, expected: str) -> None:
    assert work(text) == expected


@pytest.mark.parametrize(("day", "expected"), FOLDING["near_days"])
def test_the_same_days_are_easily_mistyped(day: str, expected: list[str]) -> None:
    assert [one.isoformat() for one in near_dates(date.fromisoformat(day))] == expected


@pytest.mark.parametrize(("who", "born", "where", "expected"), FOLDING["scores"])
def test_somebody_fits_as_well_on_the_tablet(who: str, born: str, where: str, expected: float) -> None:
    person = FOLDING["person"]
    keys = Keys(
        person["family"], person["given"], person["street"], date.fromisoformat(person["born"]), person["postcode"]
    )
    criteria = read_criteria(who, born, where, today=date.fromisoformat(FOLDING["today"]))

    assert score(criteria, keys) == pytest.approx(expected, abs=1e-6)
