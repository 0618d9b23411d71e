"""What the buttons under the card do, without a script, for whom they are there, and where it is read afterwards."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.handover.queries.sheets import read_contents
from epaccs.notices.model import Notice
from epaccs.notices.rules import NoticeKind
from epaccs.observations.actions import observe
from epaccs.observations.rules import OBSERVATIONS, What
from epaccs.record.rules.whole import LOG_LENGTH
from epaccs.versions.queries import find_recorded
from tests.factories import a_clinician
from tests.pages import PageClient, text_of
from tests.record.visits import a_person_with_everything, a_signer, open_record

TAPS = ["Used it", "Not relevant", "Something is wrong (asks the practice to look)"]


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_signer()


@pytest.fixture
def entry(gp: Actor) -> UUID:
    return a_person_with_everything(gp)


@pytest.fixture
def crew(app: Flask, entry: UUID) -> PageClient:
    return open_record(app, a_clinician(Role.PARAMEDIC), entry)


def said_of(entry: UUID) -> list[tuple[str, int | None]]:
    recorded = find_recorded(entry, OBSERVATIONS)
    lines = recorded.value["items"].values() if recorded else ()
    return [(line["what"], line.get("seen_number")) for line in lines]


def test_looks_wrong_is_one_tap_and_reaches_the_practice(gp: Actor, entry: UUID, crew: PageClient) -> None:
    crew.submit("Something is wrong (asks the practice to look)")

    crew.see("The practice and the key worker are asked to look", "Not for CPR", "Said to be wrong, not settled:")
    notices = db.session.scalars(select(Notice).where(Notice.entry_id == entry, Notice.kind == NoticeKind.LOOKS_WRONG))
    assert [notice.organisation_id for notice in notices] == [gp.organisation_id]


@pytest.mark.parametrize(("words", "what"), list(zip(TAPS, ["used", "not_relevant", "wrong"], strict=True)))
def test_one_tap_is_one_line_of_the_card_that_was_seen(entry: UUID, crew: PageClient, words: str, what: str) -> None:
    form, tap = next(
        (one, button) for one in crew.page.forms() for button in one.iter("button") if text_of(button) == words
    )
    fields = {str(box.get("name")): str(box.get("value")) for box in [*form.iter("input"), tap]}

    for _ in range(2):
        answer = crew.browser.post(str(tap.get("formaction")), data=fields)  # type: ignore[union-attr]
        assert answer.status_code == 303

    assert said_of(entry) == [(what, int(fields["seen_number"]))]
    assert int(fields["seen_number"]) > 0


@pytest.mark.parametrize("number", ["", "0", "x", "-1", "9" * 12])
def test_a_tap_is_not_lost_because_the_number_of_the_card_is_none(entry: UUID, crew: PageClient, number: str) -> None:
    fields = {"csrf_token": crew.value_of("csrf_token"), "edit_id": str(new_id()), "seen_number": number}

    answer = crew.browser.post(f"/record/{entry}/used", data=fields)  # type: ignore[union-attr]

    assert answer.status_code == 303
    assert said_of(entry) == [("used", None)]


def test_which_part_is_wrong_and_why_is_read_by_who_looks_into_it(
    app: Flask, gp: Actor, entry: UUID, crew: PageClient
) -> None:
    crew.follow("Say what is wrong")
    crew.fill(part="allergies", words="Codeine made her ill; daughter was there").submit("Say that it is wrong")
    crew.see("Said to be wrong, not settled:", "Allergies", "Something was said to be wrong on")

    practice = open_record(app, gp, entry)
    practice.open("/notices").see("Somebody says that something here looks wrong", "Allergies")
    assert f'href="/record/{entry}/observations"' in practice.page.html
    practice.open(f"/record/{entry}/observations")
    practice.see("Something is wrong", "Not settled", "Codeine made her ill; daughter was there")
    practice.follow("Settle it: Something is wrong")
    practice.submit("Settle it", status=422).see("Choose an answer: What did you find?")
    practice.fill(found="put_right", words="Codeine added").submit("Settle it")

    practice.see("Settled. The card says no more", "Looked into: Put right").see_nothing_of("Not settled")
    practice.open(f"/record/{entry}").see_nothing_of("Said to be wrong, not settled", "Something was said to be wrong")
    practice.open("/notices").see_nothing_of("Somebody says that something here looks wrong")
    practice.open(f"/record/{entry}/history").see("Said that something is wrong", "Settled what was said to be wrong")


def test_whoever_says_on_the_page_that_it_is_wrong_says_what(entry: UUID, crew: PageClient) -> None:
    crew.follow("Say what is wrong").submit("Say that it is wrong", status=422)
    assert crew.errors() == ["Say which part looks wrong, or what is wrong"]
    crew.fill(words=" ").submit("Say that it is wrong", status=422)
    assert said_of(entry) == []

    crew.fill(part="allergies").submit("Say that it is wrong").see("Said to be wrong, not settled:", "Allergies")


def test_what_happened_is_a_small_page_that_keeps_what_was_typed(entry: UUID, crew: PageClient) -> None:
    crew.follow("What happened")
    crew.fill(words="Gave the midazolam").submit("Save", status=422).see(
        "Choose an answer: What happened?", "Gave the midazolam"
    )
    crew.fill(outcome="treated_at_home", words="Gave the midazolam").submit("Save")

    crew.see("Noted: what happened.", "After visits and calls", "What happened: Treated and stayed at home")
    assert [what for what, number in said_of(entry) if number] == ["happened"]


def test_whoever_says_that_the_person_died_is_led_to_where_a_death_is_reported(entry: UUID, crew: PageClient) -> None:
    crew.follow("What happened").fill(outcome="died_at_home").submit("Save")

    crew.see("It reports no death yet", "Report a death")


def test_the_card_offers_a_coordinator_to_say_that_it_is_wrong_and_nothing_else(app: Flask, entry: UUID) -> None:
    coordinator = open_record(app, a_clinician(Role.COORDINATOR), entry)

    coordinator.see("Something is wrong", "Say what is wrong").see_nothing_of("Used it", "Not relevant")
    assert coordinator.browser.get(f"/record/{entry}/happened").status_code == 403  # type: ignore[union-attr]


def test_whoever_sees_only_the_card_reads_the_doubt_and_not_what_was_said(app: Flask, gp: Actor, entry: UUID) -> None:
    observe(gp, new_id(), entry_id=entry, what=What.WRONG, said={"part": "contacts", "words": "Moved to Leeds"})

    handler = open_record(app, a_clinician(Role.CALL_HANDLER), entry)

    handler.see("Said to be wrong, not settled:", "People and contacts").see_nothing_of("Moved to Leeds")
    handler.open(f"/record/{entry}/observations").see("Nothing was said that your role sees")
    handler.see_nothing_of("Moved to Leeds")


def test_what_is_settled_already_is_said_and_what_nobody_said_is_not_there(gp: Actor, app: Flask, entry: UUID) -> None:
    line_id = new_id()
    observe(gp, line_id, entry_id=entry, what=What.WRONG, said={})
    practice = open_record(app, gp, entry)
    practice.open(f"/record/{entry}/observations/{line_id}/settle")
    observe(gp, new_id(), entry_id=entry, what=What.SETTLED, said={"about": str(line_id), "found": "put_right"})

    practice.fill(found="put_right").submit("Settle it", status=422).see("Somebody has settled this already")

    address = f"/record/{entry}/observations/{new_id()}/settle"
    assert practice.browser.get(address).status_code == 404  # type: ignore[union-attr]


def test_the_record_shows_the_newest_and_leads_to_all(app: Flask, gp: Actor, entry: UUID) -> None:
    for number in range(LOG_LENGTH + 3):
        observe(gp, new_id(), entry_id=entry, what=What.USED, said={"words": f"Time number {number}"})

    record = open_record(app, gp, entry)

    record.see("3 earlier", f"Time number {LOG_LENGTH + 2}", "Time number 3").see_nothing_of("Time number 2")
    record.follow("All of it, with what waits to be settled").see("Time number 0", "Time number 7")


def test_what_was_said_is_on_no_paper_and_the_doubt_is(app: Flask, gp: Actor, entry: UUID) -> None:
    open_record(app, gp, entry)
    observe(gp, new_id(), entry_id=entry, what=What.WRONG, said={"part": "contacts", "words": "Moved to Leeds"})

    contents = read_contents(gp, entry, settings=app.config["EPACCS"])

    assert OBSERVATIONS not in {section.name for section in contents.sections}
    assert [one.label for one in contents.card.said_wrong] == ["People and contacts"]
