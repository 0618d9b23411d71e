"""What happens to an edit, as tables; and two changes at once, merged or not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from epaccs.versions.rules import (
    Material,
    Outcome,
    Position,
    Stamp,
    Value,
    decide,
    merge,
    present_items,
    provenance,
    put_item,
    remove_item,
)

OLD: Value = {"level": "ward"}
NEW: Value = {"level": "home"}


def a_position(*, version: int = 1, base_version: int = 1, disputed: bool = False, current: Value = OLD) -> Position:
    return Position(version=version, base_version=base_version, disputed=disputed, current=current, base=OLD)


@pytest.mark.parametrize(
    ("position", "critical", "independent", "outcome"),
    [
        pytest.param(a_position(), True, False, Outcome.APPLIED, id="on what its author saw"),
        pytest.param(a_position(version=2), True, False, Outcome.HELD, id="stale and critical"),
        pytest.param(a_position(disputed=True), True, False, Outcome.HELD, id="in dispute and critical"),
        pytest.param(a_position(disputed=True), False, False, Outcome.APPLIED, id="in dispute, not critical"),
        pytest.param(a_position(version=2), False, False, Outcome.MERGED, id="stale, touching nothing that changed"),
        pytest.param(
            a_position(version=2, current={"level": "full"}), False, False, Outcome.HELD, id="stale, same field"
        ),
        pytest.param(a_position(version=2, current=NEW), True, False, Outcome.SAME, id="the same value, stale"),
        pytest.param(a_position(version=9, disputed=True), True, True, Outcome.APPLIED, id="independent: never held"),
    ],
)
def test_an_edit_is_applied_merged_held_or_nothing_new(
    position: Position, critical: bool, independent: bool, outcome: Outcome
) -> None:
    assert decide(position, NEW, critical=critical, independent=independent).outcome is outcome


@pytest.mark.parametrize(
    ("base", "current", "proposed", "merged"),
    [
        pytest.param({"a": 1}, {"a": 2}, {"a": 1, "b": 3}, {"a": 2, "b": 3}, id="different fields"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 3}, None, id="the same field, differently"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}, id="the same field, alike"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, {}, {"b": 2}, id="one took a field out"),
        pytest.param({"a": 1}, {}, {"a": 1}, {}, id="the other took it out"),
        pytest.param({"a": 1}, {}, {"a": 2}, None, id="taken out and changed"),
        pytest.param(
            {"items": {"x": 1}},
            {"items": {"x": 1, "y": 2}},
            {"items": {"x": 3}},
            {"items": {"x": 3, "y": 2}},
            id="items",
        ),
        pytest.param({}, {"items": {}}, {"a": 1}, {"a": 1, "items": {}}, id="an empty list stays a list"),
    ],
)
def test_two_changes_stand_together_only_when_they_touch_different_things(
    base: Value, current: Value, proposed: Value, merged: Value | None
) -> None:
    assert merge(base, current, proposed) == merged


def test_a_removed_line_stays_as_a_tombstone_and_can_come_back() -> None:
    value = put_item(None, "one", {"name": "Chidi", "mobile": None})
    removed = remove_item(value, "one", reason="Moved away")

    assert present_items(removed) == {}
    assert removed["items"]["one"]["name"] == "Chidi"
    assert remove_item(value, "another", reason="x") == value
    assert present_items(put_item(removed, "one", {})) == {"one": {"name": "Chidi"}}
    assert present_items(None) == {}


def test_each_field_keeps_the_name_of_whoever_changed_it_last() -> None:
    stamp = Stamp("L Hart", "paramedic", "Northdale Ambulance", datetime(2026, 11, 21, 3, 0, tzinfo=UTC))
    known: dict[str, Any] = {"a": {"name": "Dr A Patel"}, "b": {"name": "Dr A Patel"}}

    stamps = provenance({"a": 1, "b": 2}, {"a": 1, "b": 3, "items": {"x": {}}}, known, stamp)

    assert [stamps[key]["name"] for key in ("a", "b", "items/x")] == ["Dr A Patel", "L Hart", "L Hart"]


def test_material_says_what_a_section_holds_or_that_nothing_is_recorded() -> None:
    nothing = Material(UUID(int=1), {}, ())

    assert nothing.value("cpr") is None
    assert nothing.held_in("cpr") == ()
