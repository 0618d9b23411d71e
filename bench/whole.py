"""What the record costs when every question of the plan is answered, beside the card of the usual plan."""

from __future__ import annotations

import json
from itertools import islice
from statistics import median
from typing import Any, Final

from sqlalchemy import Connection, delete

from bench import Row
from bench.card import READ_PEOPLE, Reader, card_rows, in_turn, insert_rows, open_all, section_rows
from bench.context import DATABASES, SMALL, Context, Register
from bench.people import Person, make_people
from epaccs.care_plans.sections import SECTIONS
from epaccs.core.db import db
from epaccs.record.model import StoredCard
from epaccs.versions.model import SectionHead
from tests.care_plans.answers import whole_item, whole_section
from tests.record.people import FULL

PEOPLE: Final = 20
ROUNDS: Final = 400
MUST: Final = 1.6
#: So many long answers are there at least.
LONG_ANSWERS: Final = 20


def measure(context: Context) -> list[Row]:
    """Each database: the usual plan and the whole plan, read in turn by the same person."""
    return [_measure(context.register(database, SMALL)) for database in DATABASES]


def _measure(register: Register) -> Row:
    usual, whole = Reader(register), Reader(register)
    whole.people = list(islice(make_people(register.people), READ_PEOPLE, READ_PEOPLE + PEOPLE))
    with register.app.app_context(), db.engine.connect() as connection:
        _answer_everything(connection, whole.people)
    whole.client = open_all(register, whole.people)
    page = whole.client.get(f"/record/{whole.people[0].entry_id}")
    assert page.text.count("told at length") > LONG_ANSWERS, "the whole plan is not on the page"
    pages, cards = in_turn(whole.read_card, usual.read_card, ROUNDS)
    return Row(
        f"record with every question answered ({_kilobytes():.0f} kB), {register.label}",
        round(median(pages) * 1000, 2),
        "ms",
        floor=round(median(cards) * 1000, 2),
        must=f"at most {MUST} times the card of the usual plan",
        holds=median(pages) <= MUST * median(cards),
    )


def _whole_plan() -> dict[str, dict[str, Any]]:
    """Every question answered; what decides over life as with everybody else, so that the card reads the same."""
    answered = {
        name: {**whole_section(one), **({"items": {"a": whole_item(one)}} if one.items else {})}
        for name, one in SECTIONS.items()
    }
    return {**answered, **{name: FULL[name] for name in ("lifecycle", "consent", "cpr", "treatment_level")}}


def _kilobytes() -> float:
    return len(json.dumps(_whole_plan())) / 1000


def _answer_everything(connection: Connection, people: list[Person]) -> None:
    plan = _whole_plan()
    connection.execute(delete(StoredCard).where(StoredCard.entry_id.in_([one.entry_id for one in people])))
    insert_rows(connection, SectionHead, (row for one in people for row in section_rows(one, plan)))
    insert_rows(connection, StoredCard, (row for one in people for row in card_rows(one, plan)))
