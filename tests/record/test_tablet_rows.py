"""What a tablet is sent of many people: what the page shows this reader, and nothing hidden from them, in few reads."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import event, update

from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.observations.actions import observe
from epaccs.observations.rules import What
from epaccs.record.model import StoredCard
from epaccs.record.queries.tablet import KEYS, TabletRow, build_tablet_rows
from epaccs.record.rules.card import NAMESAKE, Site
from epaccs.versions.actions import apply_edit
from epaccs.versions.model import Entry
from tests.coordination.residents import a_home, a_resident
from tests.factories import a_registered_person, an_edit
from tests.record.people import CARD_ONLY, EVERYTHING, RISKS, TREATMENT
from tests.record.visits import a_person_with_everything, a_signer

SITE = Site("01632 960999")
HORIZON = timedelta(days=14)


def rows_of(*entry_ids: UUID, full: bool = False) -> dict[UUID, TabletRow]:
    """Those people as a tablet holds them."""
    tiers = EVERYTHING if full else CARD_ONLY
    return build_tablet_rows(entry_ids, tiers, full=full, now=clock.now(), site=SITE, horizon=HORIZON)


def part_of(row: TabletRow, label: str) -> Any:
    """One part of the card."""
    return next(part for part in row.card["parts"] if part["label"] == label)


def test_a_row_has_the_number_of_the_latest_change_and_a_stranger_has_none(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())

    rows = rows_of(entry_id, uuid4())

    entry = db.session.get(Entry, entry_id)
    assert set(rows) == {entry_id}
    assert entry is not None
    assert rows[entry_id].version == entry.change_number
    assert rows[entry_id].plan is None


def test_a_person_is_found_by_their_keys_and_known_by_what_a_result_shows(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp, given_name="Grace Ada", postcode="ND1 4QX")

    keys = rows_of(entry_id)[entry_id].keys

    assert keys["family"] == ["okonkwo"]
    assert {"grace", "graceada", "gracie"} <= set(keys["given"])
    assert keys["street"] == "canal"
    assert keys["postcode"] == "ND14QX"
    assert keys["shown"]["family_name"] == "Okonkwo"
    assert keys["nhs"].startswith("999")


def test_nothing_that_leads_to_a_restricted_address_is_on_a_tablet(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer(), address_restricted=True, postcode="ND1 4QX")

    for full in (False, True):
        row = rows_of(entry_id, full=full)[entry_id]
        said = json.dumps([row.card, row.plan, row.keys])
        assert "Canal" not in said
        assert "4QX" not in said
        assert row.keys["shown"]["is_restricted"] is True


def test_no_code_of_a_key_safe_is_on_a_tablet(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)

    row = rows_of(entry_id, full=True)[entry_id]

    assert part_of(row, "Getting in")["code"] == "Code kept in the register"
    assert RISKS["key_safe_code"] not in json.dumps([row.card, row.plan])


def test_a_passage_is_withheld_from_whoever_sees_only_the_card(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    guidance = "Comfort first. [[Her son said she drinks.]]"
    apply_edit(gp, an_edit(entry_id, "treatment_level", {**TREATMENT, "guidance": guidance}, base_version=1))

    card, full = rows_of(entry_id)[entry_id], rows_of(entry_id, full=True)[entry_id]

    assert "she drinks" not in json.dumps([card.card, card.plan])
    assert "[A passage is withheld]" in json.dumps(card.card)
    assert "she drinks" in json.dumps(full.plan)


def test_a_tablet_learns_in_which_home_and_room_somebody_lives(app: Flask) -> None:
    gp, home = a_signer(), a_home("Hill House")
    resident, elsewhere = a_resident(gp, home, room="Room 12"), a_registered_person(gp)
    restricted = a_resident(gp, home, address_restricted=True)
    died = a_resident(gp, home)
    apply_edit(gp, an_edit(died, "lifecycle", {"died_on": clock.today().isoformat()}, kind="confirm_death"))

    rows = rows_of(resident, elsewhere, restricted, died)

    assert rows[resident].keys["home"] == {"id": str(home.id), "name": "Hill House", "room": "Room 12"}
    assert [key for key, row in rows.items() if "home" in row.keys] == [resident]
    assert "Hill House" not in json.dumps(rows[restricted].keys)


def test_every_key_of_a_tablet_is_named_where_its_epoch_is_made(app: Flask) -> None:
    gp = a_signer()
    resident = a_resident(gp, a_home())

    assert set(rows_of(resident)[resident].keys) <= set(KEYS)


def test_what_was_found_wrong_stands_in_the_plan_on_a_tablet_as_on_the_page(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    before = rows_of(entry_id, full=True)[entry_id]
    assert "was said to be wrong" not in json.dumps(before.plan)

    observe(gp, new_id(), entry_id=entry_id, what=What.WRONG, said={"part": "contacts"})

    plan = rows_of(entry_id, full=True)[entry_id].plan
    assert plan is not None
    doubted = [
        one["name"] for one in plan["sections"] if "was said to be wrong" in json.dumps(one.get("disagreements"))
    ]
    assert doubted == ["contacts"]


def test_a_namesake_is_warned_of_on_a_tablet_too(app: Flask) -> None:
    gp = a_signer()
    one, other = (a_registered_person(gp, family_name="Birtwistle", given_name="Ada") for _ in range(2))
    alone = a_registered_person(gp, family_name="Fazackerley", given_name="Ada")

    rows = rows_of(one, other, alone)

    warned = {key for key, row in rows.items() if NAMESAKE in row.card["who"].get("warnings", [])}
    assert warned == {one, other}


def test_a_card_of_other_declarations_is_made_again_from_the_record(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())
    stored = rows_of(entry_id)[entry_id]

    with writing() as session:
        session.execute(update(StoredCard).values(shape="older"))

    again = rows_of(entry_id)[entry_id]
    assert {**again.card, "made_at": 0, "until": 0} == {**stored.card, "made_at": 0, "until": 0}


@pytest.mark.parametrize("full", [pytest.param(False, id="card"), pytest.param(True, id="full")])
def test_many_people_are_read_in_as_many_reads_as_one(app: Flask, full: bool) -> None:
    gp = a_signer()
    people = [a_person_with_everything(gp, family_name=name) for name in ("Okonkwo", "Haldenby", "Quilliam")]

    one, all_three = count_reads(people[:1], full=full), count_reads(people, full=full)

    assert one == all_three <= 10


def count_reads(entry_ids: list[UUID], *, full: bool) -> int:
    """How many statements those people take."""
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT"):  # and not what a database does for a new transaction
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        assert set(rows_of(*entry_ids, full=full)) == set(entry_ids)
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    return len(statements)
