"""The one writer on both databases: applied, merged, held, settled, repeated, refused."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from epaccs.access.actions import give_reason
from epaccs.access.rules import AccessReason
from epaccs.audit import log
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.errors import Forbidden, NotFound, RuleBroken, RulesBroken
from epaccs.core.identifiers import new_id
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded, history, material, material_at
from epaccs.versions.rules import Outcome, Standing, present_items
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation

HOME = {"level": "treat_at_home"}
WARD = {"level": "ward_no_icu"}


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


@pytest.fixture
def entry(gp: Actor) -> UUID:
    return a_registered_person(gp)


def value(entry: UUID, section: str) -> dict:
    recorded = find_recorded(entry, section)
    return recorded.value if recorded else {}


def colleague_of(gp: Actor, entry: UUID, role: Role = Role.OUT_OF_HOURS_GP) -> Actor:
    """Somebody of the same area who has given a reason for access."""
    from epaccs.clinicians.model import Organisation
    from epaccs.clinicians.rules import OrganisationType
    from epaccs.core.db import db

    area = db.session.get(Organisation, gp.organisation_id).area  # type: ignore[union-attr]
    there = an_organisation(type=OrganisationType.OUT_OF_HOURS, area=area)
    other = a_clinician(role, there, may_sign=True)
    give_reason(
        other,
        entry,
        reason=AccessReason.PERMISSION_GIVEN,
        identifiers_checked=("name", "born"),
        cannot_check=False,
    )
    return other


def test_an_edit_on_what_its_author_saw_is_applied(gp: Actor, entry: UUID) -> None:
    applied = apply_edit(gp, an_edit(entry, "treatment_level", HOME))

    assert (applied.outcome, applied.section_version) == (Outcome.APPLIED, 1)
    assert value(entry, "treatment_level") == HOME


def test_each_fact_says_who_entered_it_and_when(gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "treatment_level", HOME))
    other = colleague_of(gp, entry)
    apply_edit(other, an_edit(entry, "treatment_level", {**HOME, "guidance": "Antibiotics by mouth"}))

    stamps = find_recorded(entry, "treatment_level").provenance  # type: ignore[union-attr]

    assert stamps["level"]["name"] == gp.name
    assert stamps["guidance"]["name"] == other.name


def test_a_stale_edit_of_a_critical_section_is_held_and_replaces_nothing(gp: Actor, entry: UUID) -> None:
    other = colleague_of(gp, entry)
    apply_edit(gp, an_edit(entry, "treatment_level", HOME))

    applied = apply_edit(other, an_edit(entry, "treatment_level", WARD, base_version=0))

    assert applied.outcome is Outcome.HELD
    assert value(entry, "treatment_level") == HOME
    assert find_recorded(entry, "treatment_level").disputed  # type: ignore[union-attr]
    assert [held.body["level"] for held in material(entry).held] == ["ward_no_icu"]


def test_nothing_is_applied_to_a_critical_section_while_it_is_in_dispute(gp: Actor, entry: UUID) -> None:
    other = colleague_of(gp, entry)
    apply_edit(gp, an_edit(entry, "treatment_level", HOME))
    apply_edit(other, an_edit(entry, "treatment_level", WARD, base_version=0))

    applied = apply_edit(gp, an_edit(entry, "treatment_level", {"level": "comfort_only"}))

    assert applied.outcome is Outcome.HELD
    assert len(material(entry).held) == 2


def test_an_equal_value_on_a_stale_base_confirms_nothing(gp: Actor, entry: UUID) -> None:
    other = colleague_of(gp, entry)
    apply_edit(gp, an_edit(entry, "treatment_level", HOME))
    before = find_recorded(entry, "treatment_level")

    applied = apply_edit(other, an_edit(entry, "treatment_level", HOME, base_version=0))

    after = find_recorded(entry, "treatment_level")
    assert applied.outcome is Outcome.SAME
    assert before == after


def test_stale_changes_to_different_contacts_are_merged(gp: Actor, entry: UUID) -> None:
    first, second = str(new_id()), str(new_id())
    contact = {"kind": "personal", "name": "Chidi", "telephone": "07700 900321"}
    apply_edit(gp, an_edit(entry, "contacts", {"item_id": first, "item": contact}, kind="put_item"))
    other = {"kind": "professional", "name": "Hospice", "telephone": "01632 960101"}

    applied = apply_edit(
        gp, an_edit(entry, "contacts", {"item_id": second, "item": other}, kind="put_item", base_version=0)
    )

    assert applied.outcome is Outcome.MERGED
    assert set(present_items(value(entry, "contacts"))) == {first, second}


def test_stale_changes_to_the_same_contact_are_held(gp: Actor, entry: UUID) -> None:
    item_id = str(new_id())
    contact = {"kind": "personal", "name": "Chidi", "telephone": "07700 900321"}
    apply_edit(gp, an_edit(entry, "contacts", {"item_id": item_id, "item": contact}, kind="put_item"))
    apply_edit(
        gp, an_edit(entry, "contacts", {"item_id": item_id, "item": {**contact, "name": "Chidi A"}}, kind="put_item")
    )

    applied = apply_edit(
        gp,
        an_edit(
            entry, "contacts", {"item_id": item_id, "item": {**contact, "name": "Ch"}}, kind="put_item", base_version=1
        ),
    )

    assert applied.outcome is Outcome.HELD


def test_a_repeated_form_has_one_effect_and_hears_the_first_outcome(gp: Actor, entry: UUID) -> None:
    edit = an_edit(entry, "treatment_level", HOME)
    first = apply_edit(gp, edit)

    again = apply_edit(gp, edit)

    assert again.replayed
    assert (again.outcome, again.section_version) == (first.outcome, first.section_version)
    assert find_recorded(entry, "treatment_level").version == 1  # type: ignore[union-attr]


def test_a_repeated_held_edit_hears_where_it_stands_now(gp: Actor, entry: UUID) -> None:
    other = colleague_of(gp, entry)
    apply_edit(gp, an_edit(entry, "treatment_level", HOME))
    edit = an_edit(entry, "treatment_level", WARD, base_version=0)
    held = apply_edit(other, edit)
    settle = {"choice": "keep", "edit_ids": [str(held.edit_id)], "reason": "Discussed with the family"}
    apply_edit(gp, an_edit(entry, "treatment_level", settle, kind="resolve"))

    again = apply_edit(other, edit)

    assert (again.outcome, again.standing) == (Outcome.HELD, Standing.REJECTED)


def test_the_same_edit_id_with_other_words_is_refused(gp: Actor, entry: UUID) -> None:
    edit = an_edit(entry, "treatment_level", HOME)
    apply_edit(gp, edit)

    with pytest.raises(RuleBroken, match="sent before with other words"):
        apply_edit(gp, an_edit(entry, "treatment_level", WARD, id=edit.id, base_version=0))


@pytest.mark.parametrize(
    ("choice", "level"),
    [pytest.param("keep", "treat_at_home", id="keep"), pytest.param("accept", "ward_no_icu", id="accept")],
)
def test_a_dispute_is_settled_by_a_person_with_a_reason(gp: Actor, entry: UUID, choice: str, level: str) -> None:
    other = colleague_of(gp, entry)
    apply_edit(gp, an_edit(entry, "treatment_level", HOME))
    held = apply_edit(other, an_edit(entry, "treatment_level", WARD, base_version=0))
    body = {
        "choice": choice,
        "accepted_id": str(held.edit_id),
        "edit_ids": [str(held.edit_id)],
        "reason": "Agreed with the person",
    }

    settled = apply_edit(gp, an_edit(entry, "treatment_level", body, kind="resolve"))

    assert settled.outcome is Outcome.APPLIED
    assert value(entry, "treatment_level")["level"] == level
    assert not find_recorded(entry, "treatment_level").disputed  # type: ignore[union-attr]


def test_settling_without_a_reason_is_refused(gp: Actor, entry: UUID) -> None:
    other = colleague_of(gp, entry)
    apply_edit(gp, an_edit(entry, "treatment_level", HOME))
    held = apply_edit(other, an_edit(entry, "treatment_level", WARD, base_version=0))

    body = {"choice": "keep", "edit_ids": [str(held.edit_id)], "reason": " "}
    edit = an_edit(entry, "treatment_level", body, kind="resolve")

    with pytest.raises(RuleBroken, match="Say why"):
        apply_edit(gp, edit)

    assert find_recorded(entry, "treatment_level").disputed  # type: ignore[union-attr]


def test_a_settling_that_did_not_see_every_side_waits_itself(gp: Actor, entry: UUID) -> None:
    other = colleague_of(gp, entry)
    apply_edit(gp, an_edit(entry, "treatment_level", HOME))
    first = apply_edit(other, an_edit(entry, "treatment_level", WARD, base_version=0))
    apply_edit(other, an_edit(entry, "treatment_level", {"level": "comfort_only"}, base_version=0))
    body = {"choice": "keep", "edit_ids": [str(first.edit_id)], "reason": "Seen one side only"}

    applied = apply_edit(gp, an_edit(entry, "treatment_level", body, kind="resolve"))

    assert applied.outcome is Outcome.HELD
    assert len(material(entry).held) == 3


def test_a_nurse_cannot_settle_a_dispute(gp: Actor, entry: UUID) -> None:
    other = colleague_of(gp, entry)
    nurse = colleague_of(gp, entry, Role.OUT_OF_HOURS_NURSE)
    apply_edit(gp, an_edit(entry, "treatment_level", HOME))
    held = apply_edit(other, an_edit(entry, "treatment_level", WARD, base_version=0))

    body = {"choice": "keep", "edit_ids": [str(held.edit_id)], "reason": "I think so"}
    edit = an_edit(entry, "treatment_level", body, kind="resolve")

    with pytest.raises(Forbidden, match="may not settle a dispute"):
        apply_edit(nurse, edit)


def test_a_confirmation_leaves_the_version_and_says_who_confirmed(gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "treatment_level", HOME))

    applied = apply_edit(gp, an_edit(entry, "treatment_level", {}, kind="confirm"))

    recorded = find_recorded(entry, "treatment_level")
    assert applied.outcome is Outcome.CONFIRMED
    assert (recorded.version, recorded.confirmed_by["name"]) == (1, gp.name)  # type: ignore[union-attr,index]


def test_a_confirmation_on_a_stale_base_confirms_nothing(gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "treatment_level", HOME))
    apply_edit(gp, an_edit(entry, "treatment_level", WARD))

    applied = apply_edit(gp, an_edit(entry, "treatment_level", {}, kind="confirm", base_version=1))

    assert applied.outcome is Outcome.SAME
    assert find_recorded(entry, "treatment_level").confirmed_at is None  # type: ignore[union-attr]


def test_a_refused_edit_changes_nothing_and_leaves_no_version(gp: Actor, entry: UUID) -> None:
    with pytest.raises(RulesBroken):
        apply_edit(gp, an_edit(entry, "treatment_level", {"level": "everything"}))

    assert find_recorded(entry, "treatment_level") is None
    assert [line.section for line in history(entry) if line.section == "treatment_level"] == []


def test_a_stranger_finds_nothing_to_edit(entry: UUID) -> None:
    stranger = a_clinician(Role.GP)

    with pytest.raises(NotFound):
        apply_edit(stranger, an_edit(entry, "treatment_level", HOME))


def test_the_register_says_what_it_showed_at_a_moment(gp: Actor, entry: UUID, frozen_clock) -> None:  # type: ignore[no-untyped-def]
    other = colleague_of(gp, entry)
    apply_edit(gp, an_edit(entry, "treatment_level", HOME))
    before = clock.now()
    frozen_clock(before + timedelta(minutes=10))
    held = apply_edit(other, an_edit(entry, "treatment_level", WARD, base_version=0))
    during = clock.now()
    frozen_clock(during + timedelta(minutes=10))
    body = {
        "choice": "accept",
        "accepted_id": str(held.edit_id),
        "edit_ids": [str(held.edit_id)],
        "reason": "Agreed",
    }
    apply_edit(gp, an_edit(entry, "treatment_level", body, kind="resolve"))

    then, disputed, now = (material_at(entry, moment) for moment in (before, during, clock.now()))

    assert then.value("treatment_level") == HOME
    assert not then.held
    assert disputed.sections["treatment_level"].disputed
    assert len(disputed.held) == 1
    assert now.value("treatment_level") == WARD
    assert not now.held


def test_every_change_leaves_an_audit_that_holds(gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "treatment_level", HOME))

    found = log.verify()

    assert found.holds
    assert found.rows >= 5
