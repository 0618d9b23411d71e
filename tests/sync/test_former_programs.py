"""A tablet whose program is two versions old pushes: it is read in today's shape or waits; none is refused for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.clinicians.rules import Actor
from epaccs.core.db import db, writing
from epaccs.core.errors import RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.devices.actions import end_leases_of
from epaccs.devices.rules import LeaseEnd
from epaccs.versions import registry
from epaccs.versions.actions import settle
from epaccs.versions.model import Edit
from epaccs.versions.queries import find_recorded, get_dispute, material
from epaccs.versions.registry import Body, Section
from tests.record.visits import open_record
from tests.sync.writing import WritingTablet, a_writing_tablet, outcomes_of

#: The shapes in which programs wrote down a dog, the first before two changes.
SHAPES: dict[int, tuple[str, Body]] = {
    1: ("save", {"dog": ["Rex", "bites"]}),
    2: ("put", {"dog": ["Rex", "bites"]}),
    3: ("put", {"animals": "Rex, bites"}),
}


def called_otherwise(kind: str, body: Body) -> tuple[str, Body]:
    """The second shape calls it "put"."""
    return ("put" if kind == "save" else kind), body


def in_one_text(_kind: str, body: Body) -> tuple[str, Body]:
    """The third has one text under another name."""
    rest = {name: part for name, part in body.items() if name != "dog"}
    return "put", {**rest, "animals": ", ".join(body["dog"])} if "dog" in body else rest


@pytest.fixture
def tablet(app: Flask, gp: Actor) -> WritingTablet:
    return a_writing_tablet(app, gp)


@pytest.fixture
def today(app: Flask) -> Iterator[Section]:
    """A register whose shape of alerts is the third."""
    first = registry.get_section("risks")
    upcasts: dict[int, Callable[[str, Body], tuple[str, Body]]] = {1: called_otherwise, 2: in_one_text}
    third = replace(first, schema=3, upcasts=upcasts)
    registry.register_section(third)
    yield third
    registry.register_section(first)


def writes(tablet: WritingTablet, entry: UUID, kind: str, body: Body, **more: Any) -> dict[str, Any]:
    return tablet.edit(entry, "risks", body, kind=kind, **more)


@pytest.mark.usefixtures("today")
@pytest.mark.parametrize(
    ("shape", "said"),
    [
        pytest.param(1, {}, id="the first, of a program that did not name it"),
        pytest.param(1, {"schema": 1}, id="the first"),
        pytest.param(2, {"schema": 2}, id="the second"),
        pytest.param(3, {"schema": 3}, id="today's"),
    ],
)
def test_what_an_old_program_wrote_is_taken_in_todays_shape(
    tablet: WritingTablet, entry: UUID, shape: int, said: dict[str, Any]
) -> None:
    edit = writes(tablet, entry, *SHAPES[shape], **said)

    assert outcomes_of(tablet.push(edit)) == ["applied"]
    assert outcomes_of(tablet.push(edit)) == ["applied"]

    recorded = find_recorded(entry, "risks")
    assert recorded is not None
    assert recorded.value == {"animals": "Rex, bites"}
    kept = db.session.get_one(Edit, UUID(edit["id"]))
    assert (kept.kind, kept.body["animals"], kept.schema) == ("put", "Rex, bites", 3)


@pytest.mark.parametrize(
    ("kind", "body", "said", "outcome"),
    [
        pytest.param("put", {"icd": "perhaps"}, {"schema": 3}, "refused", id="today's program would have said so"),
        pytest.param("put", {"icd": "perhaps"}, {}, "held", id="an old one did not ask so much"),
        pytest.param(
            "put", {"creature": "Rex"}, {"schema": 4}, "held", id="a later one, before the register went back"
        ),
        pytest.param("put", {"animals": "x" * 201}, {"schema": 2}, "held", id="what was not too long then"),
    ],
)
def test_what_cannot_be_read_today_waits_with_its_words_and_is_not_refused_for_its_age(
    app: Flask, today: Section, tablet: WritingTablet, gp: Actor, entry: UUID, kind: str, body: Body,
    said: dict[str, Any], outcome: str,
) -> None:  # fmt: skip
    edit = writes(tablet, entry, kind, body, **said)

    assert outcomes_of(tablet.push(edit)) == [outcome]

    pages = open_record(app, gp, entry)
    pages.open(f"/record/{entry}/from-tablets").see(next(iter(body.values())))
    if outcome == "refused":
        return
    assert [(one.why, one.body) for one in material(entry).held] == [("other_program", {})]
    pages.open(f"/held/{edit['id']}").see("written with another version of the program", "Read its words as they came")
    page = get_dispute(gp, UUID(edit["id"]))
    answer = {"reason": "Rang them", "seen": [edit["id"]]}
    with pytest.raises(RuleBroken, match="cannot be taken as it is"):
        settle(gp, page.request(new_id()), side=edit["id"], **answer)
    settle(gp, page.request(new_id()), side="keep", **answer)
    assert material(entry).held == ()


def test_an_edit_to_whose_shape_no_way_leads_waits(today: Section, tablet: WritingTablet, entry: UUID) -> None:
    registry.register_section(replace(today, upcasts={2: in_one_text}))

    assert outcomes_of(tablet.push(writes(tablet, entry, "put", {"animals": "Rex"}))) == ["held"]
    assert [one.why for one in material(entry).held] == ["other_program"]


def test_what_waited_while_the_register_became_newer_is_accepted_in_todays_shape(
    app: Flask, today: Section, tablet: WritingTablet, gp: Actor, entry: UUID
) -> None:
    first = {"save": replace(today.kinds["put"], load=lambda body: body)}
    registry.register_section(replace(today, schema=1, kinds=first, upcasts={}))
    edit = writes(tablet, entry, *SHAPES[1])
    with writing() as session:
        end_leases_of(session, gp.clinician_id, LeaseEnd.PASSWORD_CHANGED)
    assert outcomes_of(tablet.send_sealed(tablet.seal(edit))) == ["held"]
    registry.register_section(today)

    (held,) = material(entry).held
    assert (held.kind, held.body) == ("put", {"animals": "Rex, bites"})
    open_record(app, gp, entry).open(f"/held/{edit['id']}").see("Rex, bites")
    page = get_dispute(gp, UUID(edit["id"]))
    settle(gp, page.request(new_id()), side=edit["id"], reason="Rang them", seen=[edit["id"]])

    recorded = find_recorded(entry, "risks")
    assert recorded is not None
    assert recorded.value == {"animals": "Rex, bites"}
