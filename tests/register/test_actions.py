"""Registering, amending, withdrawing, dying, removing, merging: on both databases, success beside refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.access.actions import give_reason
from epaccs.access.queries import find_standing
from epaccs.access.rules import AccessReason, Fact, Permission
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import db
from epaccs.core.errors import Forbidden, NotFound, RuleBroken, RulesBroken
from epaccs.core.identifiers import new_id
from epaccs.notices.queries import deliveries_of, notices_for
from epaccs.register import actions
from epaccs.register.actions import DuplicateFound
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded, material
from epaccs.versions.rules import Outcome
from tests.factories import (
    a_clinician,
    a_consent,
    a_registered_person,
    an_edit,
    an_identity,
    an_organisation,
)


@pytest.fixture
def gp(app: Flask) -> Actor:
    return a_clinician(Role.GP, may_sign=True)


def practice_of(actor: Actor) -> Organisation:
    found = db.session.get(Organisation, actor.organisation_id)
    assert found is not None
    return found


def an_out_of_hours_gp(gp: Actor) -> Actor:
    there = an_organisation(type=OrganisationType.OUT_OF_HOURS, area=practice_of(gp).area)
    return a_clinician(Role.OUT_OF_HOURS_GP, there)


def register(gp: Actor, **identity: object) -> UUID:
    return a_registered_person(gp, **identity)


def value(entry: UUID, section: str) -> dict:
    recorded = find_recorded(entry, section)
    assert recorded is not None
    return recorded.value


def test_a_person_on_the_register_has_every_mandatory_item(gp: Actor) -> None:
    entry = register(gp)

    assert value(entry, "identity")["practice_ods"] == gp.organisation_ods
    assert value(entry, "consent")["share"]["status"] == "given"
    assert value(entry, "diagnosis")["primary"] == "Heart failure"
    assert value(entry, "lifecycle")["status"] == "on_register"


def test_the_author_need_not_give_a_reason_again(gp: Actor) -> None:
    standing = find_standing(gp, register(gp))

    assert standing is not None
    assert standing.can(Permission.VIEW_RECORD)


def test_a_registration_sent_twice_registers_once(gp: Actor) -> None:
    edit_id, identity = new_id(), an_identity(practice_of(gp))
    for _ in range(2):
        actions.register_patient(
            gp, edit_id, identity=identity, consent=a_consent(), first_sections={"diagnosis": {"primary": "Dementia"}}
        )

    assert find_recorded(edit_id, "identity").version == 1  # type: ignore[union-attr]


def test_the_same_number_again_leads_those_who_may_know_to_the_record(gp: Actor) -> None:
    entry = register(gp, nhs_number="9990000018")

    with pytest.raises(DuplicateFound) as refused:
        register(gp, nhs_number="9990000018", family_name="Another")

    assert refused.value.entry_id == entry


def test_the_same_number_tells_a_stranger_only_to_ring_the_practice(gp: Actor) -> None:
    register(gp, nhs_number="9990000018", family_name="Okonkwo")
    stranger = a_clinician(Role.GP, an_organisation(area="elsewhere"))

    with pytest.raises(DuplicateFound, match="Ring the person's GP practice") as refused:
        register(stranger, nhs_number="9990000018")

    assert refused.value.entry_id is None
    assert "Okonkwo" not in str(refused.value)


@pytest.mark.parametrize(
    ("again", "is_found"),
    [
        pytest.param({}, True, id="same name, birth date and postcode"),
        pytest.param({"family_name": "O NEILL"}, True, id="same name spelt otherwise"),
        pytest.param({"born_on": "1950-09-30"}, False, id="another birth date (father and son)"),
        pytest.param({"postcode": "LS2 9JT"}, False, id="another postcode"),
    ],
)
def test_without_a_number_name_birth_date_and_postcode_find_a_duplicate(
    gp: Actor, again: dict[str, str], is_found: bool
) -> None:
    person = {
        "family_name": "O'Neill",
        "given_name": "Mary",
        "nhs_number": None,
        "nhs_number_status": None,
        "no_nhs_number_reason": "not_known",
    }
    register(gp, **person)

    if is_found:
        with pytest.raises(DuplicateFound):
            register(gp, **{**person, **again})
    else:
        register(gp, **{**person, **again})


def test_two_different_numbers_are_two_people(gp: Actor) -> None:
    register(gp, family_name="Wood", nhs_number="9990000018")

    assert register(gp, family_name="Wood", nhs_number="9990000026")


@pytest.mark.parametrize(
    ("identity", "consent", "field"),
    [
        pytest.param({"nhs_number": "9990000019"}, {}, "nhs_number", id="wrong check digit"),
        pytest.param({"born_on": "2020-01-01"}, {}, "born_on", id="a child"),
        pytest.param({"practice_ods": "X99999"}, {}, "practice_ods", id="unknown practice"),
        pytest.param({}, {"register_status": "refused"}, "register_status", id="refused"),
        pytest.param({}, {"share_status": None}, "share_status", id="sharing not answered"),
    ],
)
def test_a_registration_that_breaks_a_rule_keeps_nothing(gp: Actor, identity: dict, consent: dict, field: str) -> None:
    edit_id = new_id()

    with pytest.raises((RuleBroken, RulesBroken)) as refused:
        actions.register_patient(
            gp,
            edit_id,
            identity=an_identity(practice_of(gp), **identity),
            consent=a_consent(**consent),
            first_sections={"diagnosis": {"primary": "Dementia"}},
        )

    errors = refused.value.errors if isinstance(refused.value, RulesBroken) else [refused.value]
    assert field in {error.field for error in errors}
    assert material(edit_id).sections == {}


def test_a_paramedic_cannot_register(gp: Actor) -> None:
    paramedic = a_clinician(Role.PARAMEDIC)

    with pytest.raises(Forbidden, match="may not put a person on the register"):
        actions.register_patient(
            paramedic,
            new_id(),
            identity=an_identity(practice_of(gp)),
            consent=a_consent(),
            first_sections={},
        )


def test_a_hospice_registers_with_the_same_rights_and_the_practice_is_told(gp: Actor) -> None:
    hospice = an_organisation(type=OrganisationType.HOSPICE, area=practice_of(gp).area)
    nurse = a_clinician(Role.HOSPICE_NURSE, hospice)
    entry = actions.register_patient(
        nurse,
        new_id(),
        identity=an_identity(practice_of(gp)),
        consent=a_consent(),
        first_sections={"diagnosis": {"primary": "Cancer of the lung"}},
    )

    assert "registered" in {line.kind for line in notices_for(gp)}
    assert find_standing(gp, entry).can(Permission.GIVE_REASON)  # type: ignore[union-attr]


def test_withdrawing_sharing_ends_sharing_and_no_decision(gp: Actor) -> None:
    entry = register(gp)
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "treat_at_home"}))
    crew = an_out_of_hours_gp(gp)
    assert Fact.IN_SCOPE in find_standing(crew, entry).facts  # type: ignore[union-attr]

    actions.amend(gp, an_edit(entry, "consent", a_consent(share_status="withdrawn")))

    assert Fact.IN_SCOPE not in find_standing(crew, entry).facts  # type: ignore[union-attr]
    with pytest.raises(NotFound):
        give_reason(crew, entry, reason=AccessReason.EMERGENCY, identifiers_checked=(), cannot_check=True)
    assert value(entry, "treatment_level")["level"] == "treat_at_home"
    assert Fact.IN_SCOPE in find_standing(gp, entry).facts  # type: ignore[union-attr]


def test_a_person_who_declined_leaves_a_marker_for_their_practice_only(gp: Actor) -> None:
    entry = actions.record_declined(gp, new_id(), identity=an_identity(practice_of(gp)), declined_on="2026-11-20")

    assert value(entry, "lifecycle")["status"] == "declined"
    assert Fact.IN_SCOPE not in find_standing(an_out_of_hours_gp(gp), entry).facts  # type: ignore[union-attr]


def test_a_replaced_number_still_finds_the_person_and_cannot_be_taken(gp: Actor) -> None:
    entry = register(gp, nhs_number="9990000018")
    identity = {**value(entry, "identity"), "nhs_number": "9990000026"}
    identity.pop("superseded_nhs_numbers", None)

    actions.amend(gp, an_edit(entry, "identity", identity))

    assert value(entry, "identity")["superseded_nhs_numbers"] == ["9990000018"]
    with pytest.raises(DuplicateFound):
        register(gp, nhs_number="9990000018")


def test_a_number_of_somebody_else_is_refused_on_amending(gp: Actor) -> None:
    register(gp, nhs_number="9990000018")
    entry = register(gp, nhs_number="9990000026")

    with pytest.raises(DuplicateFound):
        actions.amend(gp, an_edit(entry, "identity", {**value(entry, "identity"), "nhs_number": "9990000018"}))

    assert value(entry, "identity")["nhs_number"] == "9990000026"


def change(actor: Actor, entry: UUID, kind: str, body: dict | None = None):  # type: ignore[no-untyped-def]
    recorded = find_recorded(entry, "lifecycle")
    version = recorded.version if recorded else 0
    return actions.change_lifecycle(actor, new_id(), entry_id=entry, kind=kind, body=body or {}, base_version=version)


def test_a_call_handler_reports_a_death_and_a_gp_confirms_it(gp: Actor) -> None:
    entry = register(gp)
    there = an_organisation(type=OrganisationType.AMBULANCE, area=practice_of(gp).area)
    handler = a_clinician(Role.CALL_HANDLER, there)

    change(handler, entry, "report_death", {"died_on": "2026-11-20"})
    assert value(entry, "lifecycle")["death"]["status"] == "reported"
    change(gp, entry, "confirm_death", {"died_on": "2026-11-20", "place": "home"})

    assert value(entry, "lifecycle")["death"]["status"] == "confirmed"


def test_a_paramedic_cannot_confirm_a_death(gp: Actor) -> None:
    entry = register(gp)
    there = an_organisation(type=OrganisationType.AMBULANCE, area=practice_of(gp).area)
    paramedic = a_clinician(Role.PARAMEDIC, there)
    give_reason(paramedic, entry, reason=AccessReason.EMERGENCY, identifiers_checked=(), cannot_check=True)

    with pytest.raises(Forbidden):
        change(paramedic, entry, "confirm_death", {"died_on": "2026-11-20"})

    assert "death" not in value(entry, "lifecycle")


def test_removal_ends_sharing_and_frees_the_number_until_it_is_restored(gp: Actor) -> None:
    entry = register(gp, nhs_number="9990000018")

    change(gp, entry, "remove", {"reason": "improved"})

    assert Fact.IN_SCOPE not in find_standing(an_out_of_hours_gp(gp), entry).facts  # type: ignore[union-attr]
    change(gp, entry, "restore")
    assert Fact.IN_SCOPE in find_standing(an_out_of_hours_gp(gp), entry).facts  # type: ignore[union-attr]


def two_records(gp: Actor) -> tuple[UUID, UUID]:
    return register(gp, nhs_number="9990000018"), register(gp, nhs_number="9990000026", family_name="Okonkwo")


def test_two_people_merge_two_records_and_what_differs_is_held(gp: Actor) -> None:
    survivor, other = two_records(gp)
    apply_edit(gp, an_edit(survivor, "treatment_level", {"level": "treat_at_home"}))
    apply_edit(gp, an_edit(other, "treatment_level", {"level": "ward_no_icu"}))
    apply_edit(gp, an_edit(other, "preferred_places", {"death_first": "hospice"}))
    second = a_clinician(Role.GP, practice_of(gp))
    for entry in (survivor, other):
        give_reason(
            second,
            entry,
            reason=AccessReason.PERMISSION_GIVEN,
            identifiers_checked=("name", "born"),
            cannot_check=False,
        )
    merge = actions.propose_merge(gp, survivor_id=survivor, other_id=other, reason="Same person, maiden name")

    actions.confirm_merge(second, merge)

    assert value(other, "lifecycle")["status"] == "merged"
    assert value(survivor, "treatment_level")["level"] == "treat_at_home"
    assert [held.body["level"] for held in material(survivor).held_in("treatment_level")] == ["ward_no_icu"]
    assert value(survivor, "preferred_places")["death_first"] == "hospice"

    actions.reverse_merge(gp, merge, reason="Two people after all")

    assert value(other, "lifecycle")["status"] == "on_register"
    assert material(survivor).held == ()


def test_what_was_said_after_visits_is_carried_with_the_time_at_which_it_was_said(gp: Actor) -> None:
    survivor, other = two_records(gp)
    here = apply_edit(gp, an_edit(survivor, "observations", {"item": {"words": "Helped"}}, kind="used")).edit_id
    there = new_id()
    wrong = {"item": {"words": "The number rings in an empty office", "part": "contacts"}}
    apply_edit(gp, replace(an_edit(other, "observations", wrong, kind="wrong"), id=there))
    said = value(other, "observations")["items"][str(there)]
    second = a_second_person(gp, survivor, other)
    merge = actions.propose_merge(gp, survivor_id=survivor, other_id=other, reason="Same person, maiden name")

    actions.confirm_merge(second, merge)

    items = value(survivor, "observations")["items"]
    assert set(items) == {str(here), str(there)}
    assert items[str(there)] == said
    assert "looks_wrong" in {str(one.kind) for one in deliveries_of(survivor)}


@pytest.mark.parametrize("body", [{}, {"items": {}}, {"items": []}, {"items": {"x": {}}, "more": 1}])
def test_an_edit_that_carries_nothing_is_refused(gp: Actor, body: dict[str, Any]) -> None:
    entry = register(gp, nhs_number="9990000018")

    with pytest.raises(RuleBroken, match="nothing to carry"):
        apply_edit(gp, an_edit(entry, "observations", body, kind="carry"))


def a_second_person(gp: Actor, *entries: UUID) -> Actor:
    """A colleague of the practice who has said why they open these records."""
    second = a_clinician(Role.GP, practice_of(gp))
    for entry in entries:
        give_reason(
            second,
            entry,
            reason=AccessReason.PERMISSION_GIVEN,
            identifiers_checked=("name", "born"),
            cannot_check=False,
        )
    return second


def test_nobody_merges_alone(gp: Actor) -> None:
    survivor, other = two_records(gp)
    merge = actions.propose_merge(gp, survivor_id=survivor, other_id=other, reason="Same person")

    with pytest.raises(Forbidden, match="A second person must agree"):
        actions.confirm_merge(gp, merge)

    assert value(other, "lifecycle")["status"] == "on_register"


def test_every_update_is_told_to_the_practice(gp: Actor) -> None:
    entry = register(gp)
    crew = an_out_of_hours_gp(gp)
    give_reason(crew, entry, reason=AccessReason.CANNOT_ASK, identifiers_checked=("name", "born"), cannot_check=False)

    applied = apply_edit(crew, an_edit(entry, "treatment_level", {"level": "treat_at_home"}))

    assert applied.outcome is Outcome.APPLIED
    assert "updated" in {delivery.kind for delivery in deliveries_of(entry)}
