"""What is copied from paper says so until somebody else compared it with the paper; on both databases."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.access.actions import give_reason
from epaccs.access.rules import AccessReason
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.errors import RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import copies_for, find_recorded, get_dispute, history, material
from epaccs.versions.registry import CONFIRM, RESOLVE, Applied, EditRequest
from epaccs.versions.rules import Outcome, Recorded, find_unchecked
from tests.factories import a_clinician, a_registered_person, an_edit
from tests.record.visits import a_signer, concern, open_record, organisation_of


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_signer()


@pytest.fixture
def partner(gp: Actor) -> Actor:
    return a_clinician(Role.GP, organisation_of(gp))


@pytest.fixture
def entry(gp: Actor, partner: Actor) -> UUID:
    entry_id = a_registered_person(gp, family_name="Okonkwo")
    for actor in (gp, partner):
        reasoned(actor, entry_id)
    return entry_id


def reasoned(actor: Actor, entry_id: UUID) -> None:
    give_reason(
        actor,
        entry_id,
        reason=AccessReason.PERMISSION_GIVEN,
        identifiers_checked=["name", "born"],
        cannot_check=False,
    )


def copy(actor: Actor, entry: UUID, section: str, body: dict[str, Any], kind: str = "put", **more: Any) -> Applied:
    edit = an_edit(entry, section, body, kind=kind, **more)
    return apply_edit(actor, EditRequest(edit.id, entry, section, kind, body, edit.base_version, is_from_paper=True))


def confirm(actor: Actor, entry: UUID, section: str) -> Applied:
    return apply_edit(actor, EditRequest(new_id(), entry, section, CONFIRM, {}, the_section(entry, section).version))


def the_section(entry: UUID, section: str) -> Recorded:
    recorded = find_recorded(entry, section)
    assert recorded is not None
    return recorded


def unchecked(entry: UUID, section: str) -> list[str]:
    recorded = the_section(entry, section)
    return [one["name"] for one in find_unchecked(recorded.value, recorded.provenance)]


def test_what_was_copied_is_not_checked_until_somebody_else_compared_it(gp: Actor, partner: Actor, entry: UUID) -> None:
    copy(gp, entry, "treatment_level", {"level": "treat_at_home"})
    assert unchecked(entry, "treatment_level") == [gp.name]

    assert confirm(partner, entry, "treatment_level").outcome is Outcome.CONFIRMED

    assert unchecked(entry, "treatment_level") == []
    assert copies_for(gp).total == 0


def test_nobody_compares_what_they_copied_themselves(gp: Actor, entry: UUID) -> None:
    copy(gp, entry, "treatment_level", {"level": "treat_at_home"})

    with pytest.raises(RuleBroken, match="ask a colleague to compare it"):
        confirm(gp, entry, "treatment_level")

    assert unchecked(entry, "treatment_level") == [gp.name]
    assert the_section(entry, "treatment_level").confirmed_at is None


def test_each_compares_what_the_other_copied(gp: Actor, partner: Actor, entry: UUID) -> None:
    copy(gp, entry, "treatment_level", {"level": "treat_at_home"})
    copy(partner, entry, "treatment_level", {"level": "treat_at_home", "guidance": "No drip"})

    confirm(gp, entry, "treatment_level")
    assert unchecked(entry, "treatment_level") == [gp.name]

    confirm(partner, entry, "treatment_level")
    assert unchecked(entry, "treatment_level") == []


def test_a_later_edit_does_not_check_what_was_copied_and_does_not_ask_for_it_again(
    gp: Actor, partner: Actor, entry: UUID
) -> None:
    copy(gp, entry, "treatment_level", {"level": "treat_at_home"})
    apply_edit(partner, an_edit(entry, "treatment_level", {"level": "treat_at_home", "guidance": "No drip"}))
    assert unchecked(entry, "treatment_level") == [gp.name]

    confirm(partner, entry, "treatment_level")
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "treat_at_home", "guidance": "A drip"}))

    assert unchecked(entry, "treatment_level") == []


def test_an_answer_typed_anew_is_no_copy_any_more(gp: Actor, partner: Actor, entry: UUID) -> None:
    copy(gp, entry, "treatment_level", {"level": "treat_at_home"})

    apply_edit(partner, an_edit(entry, "treatment_level", {"level": "comfort_only"}))

    assert unchecked(entry, "treatment_level") == []


def test_a_line_of_a_list_that_was_copied_stays_so_when_a_part_of_it_is_changed(
    gp: Actor, partner: Actor, entry: UUID
) -> None:
    item_id = str(new_id())
    apply_edit(gp, an_edit(entry, "allergies", {"status": "known"}))
    copy(gp, entry, "allergies", {"item_id": item_id, "item": {"agent": "Codeine"}}, kind="put_item")
    changed = {"item_id": item_id, "item": {"agent": "Codeine", "reaction": "Rash"}}

    apply_edit(partner, an_edit(entry, "allergies", changed, kind="put_item"))
    assert unchecked(entry, "allergies") == [gp.name]

    removal = {"item_id": item_id, "reason": "Another person's"}
    apply_edit(partner, an_edit(entry, "allergies", removal, kind="remove_item"))
    assert unchecked(entry, "allergies") == []


def test_a_held_copy_that_is_accepted_was_not_compared_by_being_accepted(
    gp: Actor, partner: Actor, entry: UUID
) -> None:
    apply_edit(partner, an_edit(entry, "treatment_level", {"level": "treat_at_home"}))
    held = copy(gp, entry, "treatment_level", {"level": "comfort_only"}, base_version=0)
    body = {
        "choice": "accept",
        "accepted_id": str(held.edit_id),
        "edit_ids": [str(held.edit_id)],
        "reason": "Read the letter",
    }
    [waits] = material(entry).held_in("treatment_level")
    assert waits.is_from_paper
    assert get_dispute(partner, held.edit_id).sides[0].is_from_paper

    apply_edit(partner, EditRequest(new_id(), entry, "treatment_level", RESOLVE, body, 1))

    assert the_section(entry, "treatment_level").value["level"] == "comfort_only"
    assert unchecked(entry, "treatment_level") == [gp.name]


def test_the_same_form_with_and_without_the_tick_is_not_the_same_edit(gp: Actor, entry: UUID) -> None:
    edit = an_edit(entry, "treatment_level", {"level": "treat_at_home"})
    apply_edit(gp, edit)

    again = EditRequest(edit.id, entry, edit.section, edit.kind, edit.body, edit.base_version, is_from_paper=True)
    with pytest.raises(RuleBroken, match="sent before with other words"):
        apply_edit(gp, again)


def test_the_log_says_what_was_copied_and_what_was_compared(gp: Actor, partner: Actor, entry: UUID) -> None:
    copy(gp, entry, "treatment_level", {"level": "treat_at_home"})
    confirm(partner, entry, "treatment_level")
    confirm(partner, entry, "treatment_level")

    lines = [(line.kind, line.is_from_paper) for line in history(entry, section="treatment_level")]

    assert lines == [("confirm", False), ("confirm", True), ("put", True)]


def test_two_answers_to_the_same_confirmation_have_one_effect(gp: Actor, partner: Actor, entry: UUID) -> None:
    copy(gp, entry, "treatment_level", {"level": "treat_at_home"})
    request = EditRequest(new_id(), entry, "treatment_level", CONFIRM, {}, 1)

    assert not apply_edit(partner, request).replayed
    assert apply_edit(partner, request).replayed


# --- The pages -------------------------------------------------------------------------------------------------------


def test_copied_in_the_form_it_says_so_on_page_and_card_until_a_colleague_compared_it(
    app: Flask, gp: Actor, partner: Actor, entry: UUID
) -> None:
    words = f"Transcribed from paper, not yet checked: copied by {gp.name}"
    mine = open_record(app, gp, entry).open(f"/record/{entry}/plan/treatment_level")
    mine.fill(level="treat_at_home", copied_from_paper="yes").submit("Save")
    mine.open(f"/record/{entry}").see(words)
    assert mine.page.html.count("Transcribed from paper, not yet checked") == 2
    mine.open(f"/record/{entry}/plan/treatment_level").see("You copied it yourself: a colleague compares it")
    assert "I compared it with the paper" not in mine.page.html

    theirs = open_record(app, partner, entry).open("/copies")
    theirs.see("1 person waits", "OKONKWO", "Compare with the paper: Treatment level")
    theirs.open(f"/record/{entry}/plan/treatment_level?then=copies").submit(
        "I compared it with the paper Treatment level"
    )
    theirs.see("Nothing that others copied from paper waits")

    theirs.open(f"/record/{entry}")
    assert "not yet checked" not in theirs.page.html
    theirs.open(f"/record/{entry}/history").see("Changed, copied from paper", "Confirmed, compared with the paper")


def test_a_line_of_a_list_is_copied_from_paper_too(app: Flask, gp: Actor, entry: UUID) -> None:
    pages = open_record(app, gp, entry).open(f"/record/{entry}/plan/contingency/items/new")

    pages.fill(trigger="A fall", what_to_do="Ring the nurses", copied_from_paper="yes").submit("Save")

    assert unchecked(entry, "contingency") == [gp.name]


def test_one_person_at_a_time_the_longest_waiting_first(gp: Actor, partner: Actor, entry: UUID) -> None:
    second = a_registered_person(gp, family_name="Abbot")
    for one in (entry, second):
        copy(gp, one, "treatment_level", {"level": "treat_at_home"})

    first = copies_for(partner)
    assert (first.total, first.now and first.now.person.entry_id, first.after) == (2, entry, second)
    assert first.now is not None
    assert first.now.is_open
    then = copies_for(partner, at=second)
    assert (then.now and then.now.person.entry_id, then.after) == (second, entry)
    assert then.now is not None
    assert not then.now.is_open

    own = copies_for(gp)
    assert (own.total, own.own, own.now) == (0, 2, None)


def test_nobody_is_told_of_copies_of_people_out_of_their_reach(gp: Actor, entry: UUID) -> None:
    copy(gp, entry, "treatment_level", {"level": "treat_at_home"})
    stranger = a_clinician(Role.COMMUNITY_NURSE)

    assert copies_for(stranger).total == 0
    concern(entry, stranger)
    assert copies_for(stranger).total == 1
