"""What changed since a reader last looked: the rule, and the page that says so; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask

from epaccs.clinicians.rules import Actor, Role
from epaccs.core.identifiers import new_id
from epaccs.record.rules.news import LastLook, find_news
from epaccs.versions.actions import apply_edit
from epaccs.versions.rules import Recorded, Value
from tests.conftest import NOW
from tests.cpr_decisions.stories import a_body
from tests.factories import a_clinician, an_edit
from tests.pages import PageClient
from tests.record.visits import a_person_with_everything, a_signer, open_record, organisation_of

LOOKED = datetime(2026, 11, 19, 14, 5, tzinfo=UTC)
BEFORE, AFTER = LOOKED - timedelta(days=1), LOOKED + timedelta(hours=2)
LOOK = LastLook(LOOKED, "Sister J Marsh", "Northdale Nurses")


def a_stamp(at: datetime, *, name: str = "Dr A Patel", organisation: str | None = "Elm Street Surgery") -> Value:
    stamp = {"name": name, "role": "gp", "recorded_at": at.isoformat()}
    return stamp if organisation is None else {**stamp, "organisation_name": organisation}


def a_section(at: datetime, **provenance: Value) -> Recorded:
    return Recorded("contacts", 3, {}, provenance, at)


@pytest.mark.parametrize(
    ("recorded", "look", "news"),
    [
        pytest.param(a_section(AFTER, level=a_stamp(AFTER)), None, None, id="never here before"),
        pytest.param(a_section(BEFORE, level=a_stamp(BEFORE)), LOOK, None, id="as it was"),
        pytest.param(a_section(LOOKED, level=a_stamp(LOOKED)), LOOK, None, id="at the very moment, so it was seen"),
        pytest.param(
            a_section(AFTER, level=a_stamp(BEFORE), focus=a_stamp(AFTER)), LOOK, {"focus"}, id="one answer of two"
        ),
        pytest.param(a_section(AFTER, level=a_stamp(BEFORE)), LOOK, set(), id="an answer was taken out"),
        pytest.param(
            a_section(AFTER, level=a_stamp(AFTER, name="Sister J Marsh", organisation="Northdale Nurses")),
            LOOK,
            None,
            id="the reader's own",
        ),
        pytest.param(
            a_section(AFTER, level=a_stamp(AFTER, name="Sister J Marsh", organisation=None)),
            LOOK,
            None,
            id="the reader's own, the organisation hidden with the address",
        ),
        pytest.param(
            a_section(AFTER, level=a_stamp(AFTER, name="Sister J Marsh")), LOOK, {"level"}, id="a namesake elsewhere"
        ),
    ],
)
def test_news_is_what_somebody_else_entered_since(recorded: Recorded, look: LastLook | None, news: object) -> None:
    assert find_news(recorded, look) == news


# --- The page --------------------------------------------------------------------------------------------------------


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_signer()


@pytest.fixture
def entry_id(gp: Actor) -> UUID:
    return a_person_with_everything(gp)


def a_colleague_of(gp: Actor) -> Actor:
    return a_clinician(Role.GP, organisation_of(gp), name="Dr B Ito")


def test_the_first_look_marks_nothing(app: Flask, gp: Actor, entry_id: UUID) -> None:
    pages = open_record(app, a_colleague_of(gp), entry_id)

    pages.see_nothing_of("since you looked", "app-new")


def test_a_second_look_says_that_nothing_changed(app: Flask, gp: Actor, entry_id: UUID) -> None:
    colleague = a_colleague_of(gp)
    open_record(app, colleague, entry_id)

    pages = open_record(app, colleague, entry_id)

    pages.see("Nothing new from others since you looked, 21-Nov-2026 03:00")


def test_what_others_changed_is_named_first_and_marked_below(
    app: Flask, gp: Actor, entry_id: UUID, frozen_clock: Callable[[datetime], None]
) -> None:
    colleague = a_colleague_of(gp)
    open_record(app, colleague, entry_id)
    frozen_clock(NOW + timedelta(minutes=30))
    daughter = {"kind": "personal", "name": "Ada Okonkwo", "relationship": "daughter", "telephone": "01632 960111"}
    apply_edit(gp, an_edit(entry_id, "contacts", {"item_id": str(new_id()), "item": daughter}, kind="put_item"))
    apply_edit(gp, an_edit(entry_id, "cpr", a_body(reason_detail="Said again"), kind="sign"))
    frozen_clock(NOW + timedelta(days=1))

    pages = open_record(app, colleague, entry_id)

    pages.see("Changed since you looked, 21-Nov-2026 03:00: CPR decision, People and contacts", "Ada Okonkwo New")
    pages.see_nothing_of("Chidi Okonkwo New")


def test_what_the_reader_changed_is_no_news_to_them(
    app: Flask, gp: Actor, entry_id: UUID, frozen_clock: Callable[[datetime], None]
) -> None:
    colleague = a_colleague_of(gp)
    open_record(app, colleague, entry_id)
    frozen_clock(NOW + timedelta(minutes=30))
    apply_edit(colleague, an_edit(entry_id, "risks", {"oxygen": True, "animals": "A cat"}))

    pages = open_record(app, colleague, entry_id)

    pages.see("Nothing new from others since you looked")


def test_paper_marks_nothing(app: Flask, gp: Actor, entry_id: UUID) -> None:
    open_record(app, gp, entry_id)
    pages: PageClient = open_record(app, gp, entry_id)

    pages.open(f"/record/{entry_id}/handover").see_nothing_of("since you looked")
