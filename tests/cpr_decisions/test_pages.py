"""The pages of CPR decisions, opened as a person opens them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from flask import Flask

from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db
from epaccs.cpr_decisions.rules import EditKind
from tests.cpr_decisions.test_actions import a_decision, do, state
from tests.factories import a_clinician, a_registered_person, sign_in
from tests.pages import PageClient

SIGNED = {
    "recommendation": "not_for_cpr",
    "decided_at": "20/11/2026 14:05",
    "reason": "would_not_work",
    "capacity_has_capacity": "no",
    "capacity_assessed_at": "20/11/2026 14:00",
    "consultation_people_0_name": "Chidi",
    "consultation_people_0_kind": "close",
    "consultation_people_0_consulted": "yes",
    "aware": ["person"],
    "review_on": date(2027, 2, 1),
    "original_location": "Hall drawer",
}


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def entry(gp: Actor) -> UUID:
    return a_registered_person(gp)


def page_for(app: Flask, actor: Actor, entry: UUID) -> PageClient:
    """A browser in which the actor has given a reason for access."""
    page = PageClient(app)
    sign_in(page.browser, actor)
    page.open(f"/record/{entry}")
    if "permission_given" in page.page.html:
        page.fill(reason="permission_given", identifiers_checked=["name", "born"]).submit("Open the record")
    return page


def fill(page: PageClient, **changes: object) -> PageClient:
    answers = {name: answer for name, answer in {**SIGNED, **changes}.items() if answer is not None}
    for name in ("decided_at", "capacity_assessed_at"):
        day, time = str(answers.pop(name)).split(" ")
        parts = dict(zip(("day", "month", "year"), day.split("/"), strict=True), time=time)
        page.typed.update({f"{name}-{box}": typed for box, typed in parts.items()})
    return page.fill(**answers)


def test_a_gp_signs_a_decision_on_its_page(app: Flask, gp: Actor, entry: UUID) -> None:
    page = page_for(app, gp, entry).open(f"/record/{entry}/cpr")
    page.see("No CPR decision recorded here").follow("Sign a CPR decision")

    fill(page).submit("Sign")

    page.open(f"/record/{entry}/cpr").see("Not for CPR", "Hall drawer", "CPR would not work")
    assert state(entry).in_force is not None


def test_missing_facts_are_named_beside_their_boxes_and_nothing_typed_is_lost(
    app: Flask, gp: Actor, entry: UUID
) -> None:
    page = page_for(app, gp, entry).open(f"/record/{entry}/cpr/sign")

    fill(page, reason=None, original_location="").submit("Sign", status=422)

    assert "Choose the reason for the decision" in page.errors()
    assert "Enter where the signed original is now" in page.errors()
    assert page.value_of("consultation_people_0_name") == "Chidi"
    assert state(entry).decisions == ()


def test_an_unfinished_decision_is_kept_for_the_team_and_signed_later(app: Flask, gp: Actor, entry: UUID) -> None:
    page = page_for(app, gp, entry).open(f"/record/{entry}/cpr/sign")
    fill(page, original_location="").submit("Keep as a draft for my team")
    page.see("Drafts of my team")
    assert state(entry).decisions == ()

    page.follow(f"Go on with the draft of {gp.name}")
    assert page.value_of("consultation_people_0_name") == "Chidi"
    page.fill(original_location="Hall drawer").submit("Sign")

    assert state(entry).in_force is not None
    page.open(f"/record/{entry}/cpr").see_nothing_of("Drafts of my team")


def test_a_draft_is_not_there_for_another_organisation(app: Flask, gp: Actor, entry: UUID) -> None:
    page = page_for(app, gp, entry).open(f"/record/{entry}/cpr/sign")
    fill(page, original_location="").submit("Keep as a draft for my team")
    area = db.session.get(Organisation, gp.organisation_id).area  # type: ignore[union-attr]
    from epaccs.clinicians.rules import OrganisationType
    from tests.factories import an_organisation

    crew = a_clinician(Role.OUT_OF_HOURS_GP, an_organisation(type=OrganisationType.OUT_OF_HOURS, area=area))

    other = page_for(app, crew, entry).open(f"/record/{entry}/cpr")

    other.see_nothing_of("Drafts of my team", "Chidi")


@pytest.mark.parametrize(
    ("kind", "answers", "button", "seen"),
    [
        pytest.param(
            "report",
            {"recommendation": "for_cpr", "told_by": "Ward sister"},
            "Report",
            "CPR decision in doubt",
            id="a report that says the opposite",
        ),
        pytest.param(
            "relative-report",
            {"said_by": "Chidi", "words": "She wants everything done"},
            "Record",
            "She wants everything done",
            id="a relative's report",
        ),
        pytest.param("review-asked", {"words": "Much better"}, "Ask", "Much better", id="a review asked for"),
        pytest.param(
            "wrong-person-flag", {"words": "Neighbour"}, "Flag it", "CPR decision in doubt", id="wrong person"
        ),
        pytest.param(
            "original-seen",
            {"seen_on": date(2026, 11, 20), "place": "Kitchen"},
            "Record",
            "Not for CPR",
            id="the form was seen",
        ),
    ],
)
def test_each_thing_told_is_recorded_on_its_page(
    app: Flask, gp: Actor, entry: UUID, kind: str, answers: dict[str, object], button: str, seen: str
) -> None:
    do(gp, entry, EditKind.SIGN, a_decision())
    page = page_for(app, gp, entry).open(f"/record/{entry}/cpr/{kind}")

    page.fill(**answers).submit(button)

    page.open(f"/record/{entry}/cpr").see(seen)


def test_a_signer_cancels_and_voids(app: Flask, gp: Actor, entry: UUID) -> None:
    do(gp, entry, EditKind.SIGN, a_decision())
    do(gp, entry, EditKind.SIGN, a_decision("for_cpr"))
    page = page_for(app, gp, entry).open(f"/record/{entry}/cpr").see("CPR recommended")

    page.follow("Entered by mistake").fill(reason="mistake", detail="Wrong tab").submit("Void the entry")

    page.open(f"/record/{entry}/cpr").see("Not for CPR")


def test_whoever_settles_what_waits_reads_it_above_the_form(app: Flask, gp: Actor, entry: UUID) -> None:
    do(gp, entry, EditKind.SIGN, a_decision())
    do(gp, entry, EditKind.WRONG_PERSON_FLAG, {"words": "The neighbour is meant"})
    do(gp, entry, EditKind.RELATIVE_REPORT, {"said_by": "Chidi", "relationship": "son", "words": "She wants CPR"})
    page = page_for(app, gp, entry)

    page.open(f"/record/{entry}/cpr").follow("It is the right person")
    page.see(f"Wrong person, says {gp.name}", "The neighbour is meant", "Go back: nothing is changed")
    page.open(f"/record/{entry}/cpr").follow("Answer")
    page.see(f"Review asked for by {gp.name}", "told by Chidi (son)", "She wants CPR")


def test_a_signature_that_completes_a_proposal_says_where_the_form_is_and_does_not_answer_itself(
    app: Flask, gp: Actor, entry: UUID
) -> None:
    proposal = do(gp, entry, EditKind.PROPOSE, {**a_decision(), "original_location": "Draft in the bag"})
    do(gp, entry, EditKind.REVIEW_ASKED, {"words": "She asked about it"})
    page = page_for(app, gp, entry).open(f"/record/{entry}/cpr").follow("Complete and sign")

    assert page.value_of("original_location") == ""
    page.see("Which of these does this answer?", f"Review asked for by {gp.name}")
    waiting = [one.get("value") for one in page.page.all("input") if one.get("name") == "settles"]
    assert str(proposal.edit_id) not in waiting
    page.submit("Sign", status=422).see("Enter the place of the signed original")

    page.fill(original_location="Hall drawer").submit("Sign")

    page.open(f"/record/{entry}/cpr").see("Hall drawer").see_nothing_of("Draft in the bag")


def test_a_draft_that_completes_a_proposal_does_not_answer_it_either(app: Flask, gp: Actor, entry: UUID) -> None:
    proposal = do(gp, entry, EditKind.PROPOSE, a_decision())
    do(gp, entry, EditKind.REVIEW_ASKED, {"words": "She asked about it"})
    page = page_for(app, gp, entry).open(f"/record/{entry}/cpr").follow("Complete and sign")
    page.fill(original_location="Hall drawer").submit("Keep as a draft for my team")

    page.open(f"/record/{entry}/cpr").follow(f"Go on with the draft of {gp.name}")

    waiting = [one.get("value") for one in page.page.all("input") if one.get("name") == "settles"]
    assert waiting
    assert str(proposal.edit_id) not in waiting
    page.submit("Sign").open(f"/record/{entry}/cpr").see("Hall drawer")


def test_the_history_of_a_decision_says_what_was_decided(app: Flask, gp: Actor, entry: UUID) -> None:
    do(gp, entry, EditKind.SIGN, a_decision())
    do(gp, entry, EditKind.SIGN, a_decision("for_cpr"))

    page = page_for(app, gp, entry).open(f"/record/{entry}/cpr")

    page.see(f"A decision is signed, CPR recommended: {gp.name}", f"A decision is signed, not for CPR: {gp.name}")


def test_each_thing_told_says_afterwards_what_was_recorded(app: Flask, gp: Actor, entry: UUID) -> None:
    do(gp, entry, EditKind.SIGN, a_decision())
    page = page_for(app, gp, entry).open(f"/record/{entry}/cpr/wrong-person-flag")

    page.submit("Flag it").see("Recorded: you think that this CPR decision is another person's.")


def test_a_kind_that_does_not_exist_is_not_there(app: Flask, gp: Actor, entry: UUID) -> None:
    page_for(app, gp, entry).open(f"/record/{entry}/cpr/abolish", status=404)
