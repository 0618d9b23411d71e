"""What changed, what the register showed at a moment, and who has looked; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.actions import event
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.record.rules.looking import DEEDS, KINDS_OF_ORGANISATION, Seen, build_look
from epaccs.versions.actions import apply_edit
from tests.factories import a_clinician, a_registered_person, an_edit
from tests.record.visits import a_person_with_everything, a_signer, concern, open_record, organisation_of, visit

Clock = Callable[[datetime], None]


def past_three(minute: int) -> datetime:
    """A moment of the test's night, within one session."""
    return datetime(2026, 11, 21, 3, minute, tzinfo=UTC)


def asked(minute: int) -> str:
    """The same moment as the form sends it; there is no summer time in November."""
    return f"at-day=21&at-month=11&at-year=2026&at-time=03:{minute:02}"


# --- Each change -----------------------------------------------------------------------------------------------------


def test_each_change_says_who_made_it_what_it_was_before_and_what_became_of_it(app: Flask, frozen_clock: Clock) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id)
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "treat_at_home"}))
    frozen_clock(past_three(20))
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "comfort_only"}))

    pages.open(f"/record/{entry_id}/history")

    pages.see(
        f"21-Nov-2026 03:20 {gp.name}, GP, {gp.organisation_name}", "Treatment level: Changed. Ceiling of treatment"
    )
    pages.see("Ceiling of treatment Treat at home first Comfort only, stay where they are", "Put on the register")


def test_whoever_gave_no_reason_yet_is_led_to_where_it_is_asked(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)

    pages = visit(app, gp).open(f"/record/{entry_id}/history", status=403)

    pages.see("Say first why you open this record").follow("Open the record").fill(reason="permission_given")


def test_a_held_change_shows_what_was_asked_and_that_it_waits(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id)
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "treat_at_home"}))
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "comfort_only"}, base_version=0))

    pages.open(f"/record/{entry_id}/history")

    pages.see("Held, and waits for somebody to settle it.")
    pages.see("Asked for: Ceiling of treatment: Comfort only, stay where they are")


def test_a_line_taken_out_says_why_and_stays_readable(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id)
    item = {"item_id": str(new_id()), "item": {"agent": "Codeine", "reaction": "rash"}}
    apply_edit(gp, an_edit(entry_id, "allergies", item, kind="put_item"))
    removal = {"item_id": item["item_id"], "reason": "It was another person"}
    apply_edit(gp, an_edit(entry_id, "allergies", removal, kind="remove_item"))

    pages.open(f"/record/{entry_id}/history")

    pages.see("Allergies: Removed a line. About Codeine Removed It was another person")


def test_the_history_of_cpr_is_in_the_words_of_the_rules(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)

    open_record(app, gp, entry_id).open(f"/record/{entry_id}/history").see(
        "CPR decision: A decision is signed: Not for CPR."
    )


def test_the_history_shows_no_more_than_the_reader_sees(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())
    social_worker = a_clinician(Role.SOCIAL_WORKER)
    concern(entry_id, social_worker)

    pages = open_record(app, social_worker, entry_id).open(f"/record/{entry_id}/history")

    pages.see("People and contacts", "Hospice nurses")
    pages.see_nothing_of("Heart failure", "Codeine", "Hospital for comfort only", "signed", "4711", "ICD")


def test_the_history_leads_to_no_restricted_address(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    pages = open_record(app, a_clinician(Role.PARAMEDIC), entry_id)
    apply_edit(gp, an_edit(entry_id, "identity", {**_identity_of(entry_id), "address_restricted": True}))

    pages.open(f"/record/{entry_id}/history")

    pages.see("Treatment level", "Hospital for comfort only")
    pages.see_nothing_of("Canal Row", "LS1 4AP", "Fridge door", gp.organisation_name, "Left of the front door")


def _identity_of(entry_id: object) -> dict[str, object]:
    from epaccs.versions.queries import find_recorded

    recorded = find_recorded(entry_id, "identity")  # type: ignore[arg-type]
    assert recorded is not None
    return recorded.value


def test_opening_the_history_is_a_look_of_its_own(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)

    open_record(app, gp, entry_id).open(f"/record/{entry_id}/history")

    assert _kinds(entry_id).count(EventKind.HISTORY_VIEWED) == 1


def _kinds(entry_id: object) -> list[str]:
    return list(db.session.scalars(select(AuditEvent.kind).where(AuditEvent.entry_id == entry_id)))


# --- As it was -------------------------------------------------------------------------------------------------------


def test_the_register_shows_what_it_showed_then_and_says_that_it_is_not_now(app: Flask, frozen_clock: Clock) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    pages = open_record(app, gp, entry_id)
    frozen_clock(past_three(30))
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "comfort_only"}))
    frozen_clock(past_three(40))

    pages.open(f"/record/{entry_id}/history?{asked(25)}")

    pages.see("As it was 21-Nov-2026 03:25. This is not the record now.", "Hospital for comfort only")
    pages.see("As it was: 21-Nov-2026 03:25")
    pages.see_nothing_of("Comfort only, stay where they are", "This copy", "left the register")
    assert _kinds(entry_id).count(EventKind.RECORD_VIEWED) == 1
    pages.follow("See the record now").see("Comfort only, stay where they are")


def test_a_dispute_of_then_is_shown_as_a_dispute_though_it_was_settled_since(app: Flask, frozen_clock: Clock) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id)
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "treat_at_home"}))
    held = an_edit(entry_id, "treatment_level", {"level": "comfort_only"}, base_version=0)
    apply_edit(gp, held)
    frozen_clock(past_three(30))
    settling = {"choice": "keep", "edit_ids": [str(held.id)], "reason": "Rang the ward"}
    apply_edit(gp, an_edit(entry_id, "treatment_level", settling, kind="resolve"))
    frozen_clock(past_three(40))

    pages.open(f"/record/{entry_id}/history?{asked(20)}").see("In dispute", "Comfort only, stay where they are")
    pages.open(f"/record/{entry_id}").see_nothing_of("In dispute")


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        pytest.param(
            "at-day=21&at-month=11&at-year=2026&at-time=02:00",
            "Nothing was recorded of this person yet. Enter a later date and time",
            id="before",
        ),
        pytest.param(
            "at-day=21&at-month=11&at-year=2026&at-time=09:00",
            "The date and time must be now or in the past",
            id="in the future",
        ),
        pytest.param("at-day=31&at-month=2&at-year=2026&at-time=10:00", "must be a real date", id="no such day"),
        pytest.param("at-day=1&at-month=2&at-year=2026&at-time=quarter+past", "24-hour clock", id="no time"),
        pytest.param("at-day=1", "This did not arrive", id="a part is missing"),
    ],
)
def test_a_moment_that_cannot_be_shown_says_what_to_enter(app: Flask, sent: str, sentence: str) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id)

    pages.open(f"/record/{entry_id}/history?{sent}", status=422)

    assert sentence in " ".join(pages.errors())


def test_an_address_that_was_restricted_since_stays_hidden_in_the_record_as_it_was(
    app: Flask, frozen_clock: Clock
) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    pages = open_record(app, a_clinician(Role.PARAMEDIC), entry_id)
    frozen_clock(past_three(30))
    apply_edit(gp, an_edit(entry_id, "identity", {**_identity_of(entry_id), "address_restricted": True}))

    pages.open(f"/record/{entry_id}/history?{asked(20)}")

    pages.see("Not for CPR").see_nothing_of("Canal Row", "LS1 4AP", "Fridge door", gp.organisation_name)


# --- Who has looked --------------------------------------------------------------------------------------------------


def test_every_look_is_there_in_plain_words_with_its_reason_and_this_one_is_recorded(app: Flask) -> None:
    gp, paramedic = a_signer(), a_clinician(Role.PARAMEDIC)
    entry_id = a_person_with_everything(gp)
    visit(app, paramedic).open(f"/record/{entry_id}").submit("Emergency: open now")

    pages = open_record(app, gp, entry_id).open(f"/record/{entry_id}/who-has-looked")

    pages.see(f"{paramedic.name}, paramedic, from {paramedic.organisation_name} What they did")
    pages.see("Opened the record in an emergency", "Saw the emergency card and the record")
    pages.see("The person has given permission now")
    assert _kinds(entry_id).count(EventKind.WHO_LOOKED_VIEWED) == 1


def test_what_somebody_did_begins_with_a_capital_and_keeps_the_others(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_registered_person(gp)
    with writing():
        log.record(event(gp, EventKind.ROUND_VIEWED, entry_id=entry_id))

    pages = open_record(app, gp, entry_id).open(f"/record/{entry_id}/who-has-looked")

    pages.see("Saw the line about CPR on the list of a care home or a team")


def test_a_privacy_officer_sees_who_looked_and_nothing_clinical(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp)
    open_record(app, gp, entry_id)
    officer = a_clinician(Role.PRIVACY_OFFICER, organisation_of(gp))

    pages = visit(app, officer).open(f"/record/{entry_id}/who-has-looked")

    pages.see(gp.name, "Saw the emergency card and the record", "OKONKWO")
    pages.see_nothing_of("Not for CPR", "Codeine", "Canal Row", "Heart failure")
    visit(app, officer).open(f"/record/{entry_id}", status=403)


def test_a_privacy_officer_of_another_organisation_is_told_nothing(app: Flask) -> None:
    entry_id = a_person_with_everything(a_signer())

    visit(app, a_clinician(Role.PRIVACY_OFFICER)).open(f"/record/{entry_id}/who-has-looked", status=404)


def test_who_has_looked_at_a_restricted_person_names_no_organisation(app: Flask) -> None:
    gp = a_signer()
    entry_id = a_person_with_everything(gp, address_restricted=True)

    open_record(app, gp, entry_id)

    pages = open_record(app, a_clinician(Role.PARAMEDIC), entry_id).open(f"/record/{entry_id}/who-has-looked")

    pages.see("from a GP practice", gp.name).see_nothing_of(gp.organisation_name)


def test_older_looks_are_a_page_further(app: Flask, monkeypatch: pytest.MonkeyPatch, frozen_clock: Clock) -> None:
    monkeypatch.setattr("epaccs.record.queries.history.PAGE_LENGTH", 2)
    gp = a_signer()
    entry_id = a_registered_person(gp)
    pages = open_record(app, gp, entry_id)
    for minute in (20, 30):
        frozen_clock(past_three(minute))
        pages.open(f"/record/{entry_id}")
    frozen_clock(past_three(40))

    pages.open(f"/record/{entry_id}/who-has-looked").see("21-Nov-2026 03:30", "21-Nov-2026 03:20")
    pages.see_nothing_of("21-Nov-2026 03:00").follow("Older looks")

    pages.see("21-Nov-2026 03:00").see_nothing_of("21-Nov-2026 03:30")


@pytest.mark.parametrize("kind", OrganisationType)
def test_every_kind_of_organisation_can_be_named_without_its_name(kind: OrganisationType) -> None:
    seen = Seen(
        past_three(0), EventKind.CARD_VIEWED, "gp", "Dr A Patel", "Elm Street", str(kind), {"reason": "emergency"}
    )

    look = build_look(seen, restricted=True)

    assert look.organisation == KINDS_OF_ORGANISATION[kind]
    assert "Elm Street" not in str(look)


def test_somebody_who_is_not_known_here_is_someone() -> None:
    seen = Seen(past_three(0), EventKind.PRINTED, None, None, None, None, {})

    look = build_look(seen, restricted=False)

    assert (look.who, look.organisation, look.deed, look.reason) == (
        "Someone", "an organisation that is not known here", DEEDS[EventKind.PRINTED], "",
    )  # fmt: skip


def test_no_edit_of_somebody_else_is_in_the_history(app: Flask) -> None:
    gp = a_signer()
    entry_id, other_id = a_registered_person(gp), a_registered_person(gp)
    pages = open_record(app, gp, entry_id)
    open_record(app, gp, other_id)
    apply_edit(gp, an_edit(other_id, "diagnosis", {"primary": "Something of somebody else"}))

    pages.open(f"/record/{entry_id}/history").see_nothing_of("Something of somebody else", str(other_id))
