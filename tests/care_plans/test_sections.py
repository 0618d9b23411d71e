"""Sections of the plan as the one writer keeps them: what each refuses on every path, not only in its form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.clinicians.rules import Actor, Role
from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.core.identifiers import new_id
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from epaccs.versions.rules import Outcome
from tests.factories import a_clinician, a_registered_person, an_edit


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP)


@pytest.fixture
def entry(gp: Actor) -> UUID:
    return a_registered_person(gp)


def put_item(entry: UUID, section: str, item: dict[str, Any]):  # type: ignore[no-untyped-def]
    return an_edit(entry, section, {"item_id": str(new_id()), "item": item}, kind="put_item")


def value(entry: UUID, section: str) -> dict[str, Any]:
    recorded = find_recorded(entry, section)
    return recorded.value if recorded else {}


# --- allergies ---


def test_known_allergies_are_listed(gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "allergies", {"status": "known"}))
    apply_edit(gp, put_item(entry, "allergies", {"agent": "Penicillin", "reaction": "Rash"}))

    assert [item["agent"] for item in value(entry, "allergies")["items"].values()] == ["Penicillin"]


@pytest.mark.parametrize("status", ["none_known", "unavailable"])
def test_no_known_allergies_and_a_list_of_them_cannot_both_be_true(gp: Actor, entry: UUID, status: str) -> None:
    apply_edit(gp, an_edit(entry, "allergies", {"status": "known"}))
    apply_edit(gp, put_item(entry, "allergies", {"agent": "Penicillin"}))

    with pytest.raises(RuleBroken, match="Remove the allergies listed"):
        apply_edit(gp, an_edit(entry, "allergies", {"status": status}))

    assert value(entry, "allergies")["status"] == "known"


def test_an_allergy_cannot_be_added_where_none_are_known(gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "allergies", {"status": "none_known"}))

    with pytest.raises(RuleBroken, match="or choose that there are known allergies"):
        apply_edit(gp, put_item(entry, "allergies", {"agent": "Penicillin"}))

    assert "items" not in value(entry, "allergies")


# --- what binds ---


def test_an_advance_decision_is_kept_with_what_it_lacks(gp: Actor, entry: UUID) -> None:
    adrt = {"kind": "adrt", "refuses": "CPR", "refuses_cpr": True, "is_written": True}

    applied = apply_edit(gp, put_item(entry, "legal", adrt))

    assert applied.outcome is Outcome.APPLIED


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        pytest.param(
            {"kind": "deputy", "name": "Ann Deputy", "refuses_life_sustaining": True},
            "A deputy cannot refuse life-sustaining treatment",
            id="a deputy who refuses life-sustaining treatment",
        ),
        pytest.param(
            {"kind": "adrt", "refuses": "CPR", "refuses_cpr": True, "called_valid": True},
            "the signature was made or acknowledged before a witness",
            id="an advance decision called valid without a witness",
        ),
        pytest.param(
            {"kind": "lpa", "name": "Ann Attorney", "refuses_cpr": True, "authority_life_sustaining": "no"},
            "attorney",
            id="an attorney who refuses without the authority",
        ),
    ],
)
def test_what_the_law_cannot_let_be_is_refused_by_the_writer(
    gp: Actor, entry: UUID, item: dict[str, Any], sentence: str
) -> None:
    with pytest.raises((RuleBroken, RulesBroken), match=sentence):
        apply_edit(gp, put_item(entry, "legal", item))

    assert value(entry, "legal") == {}
