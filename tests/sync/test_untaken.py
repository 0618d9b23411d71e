"""What came from tablets and was not taken is read again by its author and by whoever answers for the person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.register import actions as register
from epaccs.sync.rules.untaken import HIDDEN, rows_of
from epaccs.versions.actions import apply_edit
from tests.devices.leases import a_tablet
from tests.factories import a_clinician, a_consent, a_registered_person, an_edit, an_organisation
from tests.record.visits import open_record, visit
from tests.sync.writing import WritingTablet, a_writing_tablet, outcomes_of

WORDS = "The daughter keeps the key of the side door"


@pytest.fixture
def crew(app: Flask) -> WritingTablet:
    paramedic = a_clinician(Role.PARAMEDIC, an_organisation(type=OrganisationType.AMBULANCE))
    return WritingTablet(a_tablet(app, paramedic))


def refuse(crew: WritingTablet, entry: UUID, *, section: str = "communication", **body: Any) -> str:
    """Something that no lease of a crew lets be written without signal."""
    edit = crew.edit(entry, section, body or {"notes": WORDS})
    assert outcomes_of(crew.push(edit)) == ["refused"]
    return str(edit["id"])


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        pytest.param({"reason_detail": "Frail", "capacity": {"has_capacity": False}},
                     [("Reason detail", "Frail"), ("Has capacity", "No")], id="a form with parts"),
        pytest.param({"aware": ["person", "family"]}, [("Aware", "person"), ("Aware", "family")], id="a list"),
        pytest.param({"words": "", "review_on": None}, [], id="what was left blank"),
        pytest.param("only words", [("Words", "only words")], id="no form at all"),
        pytest.param(True, [("Answer", "Yes")], id="an answer alone"),
        pytest.param({"number": 7}, [("Number", "7")], id="a number"),
    ],
)  # fmt: skip
def test_everything_that_was_written_is_laid_out(body: Any, rows: list[tuple[str, str]]) -> None:
    assert rows_of(body) == rows


def test_what_leads_to_the_door_is_hidden_where_it_is_restricted() -> None:
    body = {"place": "Fridge door", "words": "Seen", "key_safe": ""}

    rows = rows_of(body, hidden=frozenset({"place", "key_safe"}))

    assert rows == [("Place", HIDDEN), ("Words", "Seen")]


def test_an_author_finds_what_was_refused_and_reads_the_words_with_the_person(
    app: Flask, crew: WritingTablet, entry: UUID
) -> None:
    refuse(crew, entry)

    visit(app, crew.actor).open("/from-tablets").see("Not taken", "Grace").see_nothing_of(WORDS)
    pages = open_record(app, crew.actor, entry).open(f"/record/{entry}/from-tablets")

    pages.see("Not taken", "does not let this be written without signal", "Enter it again in the record")


def test_whoever_answers_for_the_person_reads_all_of_it_and_others_only_their_own(
    app: Flask, gp: Actor, crew: WritingTablet, entry: UUID
) -> None:
    refuse(crew, entry)

    open_record(app, gp, entry).open(f"/record/{entry}/from-tablets").see(
        WORDS, "What was done put", crew.actor.name, "Vehicle 4412"
    )

    other = a_clinician(Role.OUT_OF_HOURS_GP)
    open_record(app, other, entry).open(f"/record/{entry}/from-tablets").see_nothing_of(WORDS, crew.actor.name)
    visit(app, other).open("/from-tablets").see("Everything that came was taken").see_nothing_of("Grace")


def test_a_role_that_does_not_see_the_section_does_not_read_it_here_either(
    app: Flask, crew: WritingTablet, entry: UUID
) -> None:
    refuse(crew, entry, section="statements", words=WORDS)

    pages = open_record(app, crew.actor, entry).open(f"/record/{entry}/from-tablets")

    pages.see("What it says is not for your role").see_nothing_of(WORDS)


def test_a_privacy_officer_reads_nothing_of_it(app: Flask, gp: Actor, crew: WritingTablet, entry: UUID) -> None:
    refuse(crew, entry)
    officer = a_clinician(Role.PRIVACY_OFFICER, db.session.get(Organisation, gp.organisation_id))

    visit(app, officer).open(f"/record/{entry}/from-tablets", status=403)
    visit(app, officer).open("/from-tablets", status=403)


def test_what_waits_for_a_clinician_is_there_until_it_is_settled(app: Flask, gp: Actor, entry: UUID) -> None:
    tablet = a_writing_tablet(app, gp)
    edit = tablet.edit(entry, "treatment_level", {"level": "treat_at_home"})
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "comfort_only"}))
    assert outcomes_of(tablet.push(edit)) == ["held"]

    pages = open_record(app, gp, entry).open(f"/record/{entry}/from-tablets").see("Waits for a clinician")
    pages.follow("See both sides").fill(side="keep", reason="Asked the family").submit("Settle the dispute")

    pages.open(f"/record/{entry}/from-tablets").see("Everything that came was taken, or is settled")


def test_of_somebody_out_of_reach_an_author_is_told_no_name(
    app: Flask, gp: Actor, crew: WritingTablet, entry: UUID
) -> None:
    refuse(crew, entry)
    register.amend(gp, an_edit(entry, "consent", a_consent(share_status="withdrawn")))

    visit(app, crew.actor).open("/from-tablets").see("Nobody whom you reach now").see_nothing_of("Grace", WORDS)


def test_what_named_nobody_on_the_register_is_read_by_its_author(app: Flask, crew: WritingTablet) -> None:
    edit = crew.edit(new_id(), "observations", {"item": {"words": WORDS}}, kind="used")
    assert outcomes_of(crew.push(edit)) == ["refused"]

    visit(app, crew.actor).open("/from-tablets").see(WORDS, "Nobody whom you reach now")


def test_of_a_restricted_person_no_place_is_told(app: Flask, gp: Actor, crew: WritingTablet) -> None:
    entry = a_registered_person(gp, address_restricted=True)
    refuse(crew, entry, section="cpr", original_location="Fridge door", words="Seen")

    pages = open_record(app, gp, entry).open(f"/record/{entry}/from-tablets")

    pages.see("Seen").see_nothing_of("Fridge door")


def test_each_look_is_recorded(app: Flask, crew: WritingTablet, entry: UUID) -> None:
    refuse(crew, entry)

    visit(app, crew.actor).open("/from-tablets")
    open_record(app, crew.actor, entry).open(f"/record/{entry}/from-tablets")

    viewed = select(AuditEvent).where(AuditEvent.kind == str(EventKind.LIST_VIEWED))
    rows = db.session.scalars(viewed.order_by(AuditEvent.id))
    assert [row.entry_id for row in rows if row.details.get("list") == "untaken"] == [None, entry]


def say_entered_again(crew: WritingTablet, entry: UUID, edit: str) -> None:
    look = crew.look(entry, "entered_again", edit=edit)
    assert crew.tablet.post("/sync/v1/audit", {"entries": [look]}).status_code == 200


def test_what_its_author_entered_again_waits_for_them_no_more_and_stays_with_the_person(
    app: Flask, gp: Actor, crew: WritingTablet, entry: UUID
) -> None:
    edit = refuse(crew, entry)
    visit(app, crew.actor).open("/from-tablets").see("Not taken")

    say_entered_again(crew, entry, edit)
    say_entered_again(crew, entry, edit)

    visit(app, crew.actor).open("/from-tablets").see("Everything that came was taken").see_nothing_of("Not taken")
    theirs = open_record(app, gp, entry).open(f"/record/{entry}/from-tablets")
    theirs.see("Entered again", "Its author entered it again", WORDS).see_nothing_of("Enter it again in the record")


def test_nobody_takes_what_another_wrote_off_their_list(app: Flask, crew: WritingTablet, entry: UUID) -> None:
    edit = refuse(crew, entry)
    others = WritingTablet(a_tablet(app, a_clinician(Role.PARAMEDIC)))
    second_tablet_of_the_author = WritingTablet(a_tablet(app, crew.actor))

    say_entered_again(others, entry, edit)
    say_entered_again(second_tablet_of_the_author, entry, edit)
    say_entered_again(crew, entry, str(new_id()))

    visit(app, crew.actor).open("/from-tablets").see("Not taken")


def test_what_waits_for_a_clinician_is_not_ended_by_its_authors_word(app: Flask, gp: Actor, entry: UUID) -> None:
    tablet = a_writing_tablet(app, gp)
    stale = tablet.edit(entry, "treatment_level", {"level": "treat_at_home"})
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "comfort_only"}))
    assert outcomes_of(tablet.push(stale)) == ["held"]

    say_entered_again(tablet, entry, str(stale["id"]))

    visit(app, gp).open("/from-tablets").see("Waits for a clinician")
