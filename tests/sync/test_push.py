"""What a tablet wrote reaches the register exactly once, under its author, and never silently replaces a decision."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from epaccs.access.actions import give_reason, keep_given_offline
from epaccs.access.model import EntryScope
from epaccs.access.queries import find_standing, openings_to_review
from epaccs.access.rules import AccessReason, Permission
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Clinician, Organisation, SigningAuthorisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock, sealing
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions.actions import change
from epaccs.cpr_decisions.rules import CPRState, EditKind
from epaccs.devices.actions import end_leases_of
from epaccs.devices.model import Device
from epaccs.sync.actions import push
from epaccs.sync.model.push import PushedEdit
from epaccs.sync.rules.push import EDITS_LIMIT, MISSES_LIMIT
from epaccs.versions import registry
from epaccs.versions.actions import apply_edit
from epaccs.versions.model import Edit
from epaccs.versions.queries import find_recorded, history, material
from epaccs.versions.registry import Applied, EditRequest
from epaccs.versions.rules import Outcome
from tests.cpr_decisions.test_actions import a_decision, an_own_refusal
from tests.devices.leases import NOW_DEVICE, a_public_key, about, post
from tests.factories import a_clinician, a_consent, a_registered_person, an_edit, an_organisation, sign_in
from tests.pages import PageClient
from tests.sync.writing import WritingTablet, a_writing_tablet, outcomes_of, results_of

REVIEW = {"words": "Deteriorating quickly"}


def a_colleague(gp: Actor) -> Actor:
    """Another GP of the same practice, who has said why the record is opened."""
    colleague = a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id), may_sign=True)
    for (entry_id,) in db.session.execute(select(EntryScope.entry_id)):
        give_reason(
            colleague,
            entry_id,
            reason=AccessReason.PERMISSION_GIVEN,
            identifiers_checked=("name", "born"),
            cannot_check=False,
        )
    return colleague


def enrol_again(app: Flask, actor: Actor, crew: WritingTablet) -> TestResponse:
    """Another user of the tablet, or a new key of the same one."""
    client = app.test_client()
    sign_in(client, actor)
    return post(client, "/sync/v1/enrol", about(device_id=crew.tablet.id, user_key=a_public_key()))


def events(kind: EventKind) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.kind == str(kind)).order_by(AuditEvent.id)))


def test_what_a_crew_wrote_without_signal_is_applied_under_its_author(crew: WritingTablet, entry: UUID) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")

    answer = crew.push(written)

    assert outcomes_of(answer) == ["applied"]
    assert answer.get_json()["next_sequence"] == 2
    (line,) = history(entry, section="cpr")
    assert line.author["name"] == crew.actor.name


def test_the_same_edit_sent_again_hears_its_first_outcome_and_changes_nothing(crew: WritingTablet, entry: UUID) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")
    first = results_of(crew.push(written))

    assert results_of(crew.push(written)) == first
    assert results_of(crew.send_sealed(crew.seal(written))) == first
    assert find_recorded(entry, "cpr").version == 1


def test_a_sealed_edit_needs_nobody_signed_in(crew: WritingTablet, entry: UUID) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")

    answer = crew.send_sealed(crew.seal(written))

    assert outcomes_of(answer) == ["applied"]
    assert not material(entry).held


# --- Each edit by itself, once ---------------------------------------------------------------------------------------


def test_the_same_id_with_other_words_is_told_so_and_the_first_stands(crew: WritingTablet, entry: UUID) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")
    crew.push(written)
    other = {name: part for name, part in written.items() if name != "signature"} | {"body": {"words": "Much better"}}

    assert outcomes_of(crew.push(crew.signed(other))) == ["other_words"]
    assert events(EventKind.EDIT_OTHER_WORDS)
    assert outcomes_of(crew.push(written)) == ["applied"]
    assert [line.body["words"] for line in history(entry, section="cpr")] == [REVIEW["words"]]


def test_a_fault_inside_an_edit_is_refused_with_its_sentence_and_the_body_is_kept(
    crew: WritingTablet, entry: UUID
) -> None:
    wrong = crew.edit(entry, "cpr", {"words": ""}, kind="review_asked")
    good = crew.edit(entry, "cpr", REVIEW, kind="review_asked")

    first, second = results_of(crew.push(wrong, good))

    assert (first["outcome"], second["outcome"]) == ("refused", "applied")
    assert first["errors"] == [{"message": "Enter why a review is needed", "field": "words"}]
    assert results_of(crew.push(wrong)) == [first]
    kept = db.session.get_one(PushedEdit, UUID(wrong["id"]))
    assert json.loads(sealing.unseal(kept.sealed_body, purpose="pushed edit", record_id=kept.id)) == wrong
    assert not material(entry).held


@pytest.mark.parametrize(
    ("section", "kind", "body"),
    [
        pytest.param("cpr", "sign", {"recommendation": "for_cpr"}, id="a crew signs nothing"),
        pytest.param("cpr", "no_such_kind", {}, id="unknown kind"),
        pytest.param("no_such_section", "put", {}, id="unknown section"),
        pytest.param("cpr", "review_asked", {"words": "a\x00b"}, id="a character that cannot be kept"),
        pytest.param("cpr", "ended_by_death", {}, id="what only the register does"),
        pytest.param("lifecycle", "register", {}, id="registering"),
        pytest.param("cpr", "resolve", {"choice": "keep", "edit_ids": [], "reason": "x"}, id="settling"),
    ],
)
def test_what_could_never_be_done_on_a_tablet_is_refused(
    crew: WritingTablet, entry: UUID, section: str, kind: str, body: dict[str, Any]
) -> None:
    assert outcomes_of(crew.push(crew.edit(entry, section, body, kind=kind))) == ["refused"]
    assert not material(entry).held


def test_an_edit_of_somebody_who_is_not_on_the_register_is_refused(crew: WritingTablet) -> None:
    assert outcomes_of(crew.push(crew.edit(new_id(), "cpr", REVIEW, kind="review_asked"))) == ["refused"]


def test_an_edit_at_which_the_program_fails_is_kept_and_tried_again_and_the_others_go_on(
    crew: WritingTablet, entry: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned = crew.edit(entry, "cpr", {"words": "poison"}, kind="review_asked")
    good = crew.edit(entry, "cpr", REVIEW, kind="review_asked")

    def fails(actor: Actor, request: EditRequest) -> Applied:
        applied = apply_edit(actor, request)
        if request.body == {"words": "poison"}:
            raise ZeroDivisionError("a fault of the program")
        return applied

    with monkeypatch.context() as patch:
        patch.setattr(push, "apply_edit", fails)
        assert outcomes_of(crew.push(poisoned, good)) == ["failed", "applied"]
        assert outcomes_of(crew.push(poisoned)) == ["failed"]
    assert [line.body["words"] for line in history(entry, section="cpr")] == [REVIEW["words"]]
    assert len(events(EventKind.EDIT_FAILED)) == 1

    assert outcomes_of(crew.push(poisoned)) == ["applied"]


def test_a_register_that_stops_before_it_has_kept_anything_takes_the_edit_later(
    crew: WritingTablet, entry: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")

    def stops(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(push, "_advance", stops)
        with pytest.raises(KeyboardInterrupt):
            crew.push(written)
    assert find_recorded(entry, "cpr") is None

    assert outcomes_of(crew.push(written)) == ["applied"]


def test_five_deliveries_of_one_batch_at_once_have_one_effect_and_equal_answers(
    app: Flask, crew: WritingTablet, entry: UUID
) -> None:
    batch = [crew.edit(entry, "cpr", {"words": f"Asked {number}"}, kind="review_asked") for number in range(2)]

    def deliver(_: int) -> Any:
        body = {"edits": batch, "now_device": NOW_DEVICE}
        answer = post(app.test_client(), "/sync/v1/push", body, lease=crew.tablet.lease)
        return answer.status_code, (answer.get_json() or {}).get("results")

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(deliver, range(5)))

    kept = [results for status, results in answers if status == 200]
    assert kept
    assert all(results == kept[0] for results in kept)
    assert {status for status, _ in answers} <= {200, 503}
    assert results_of(crew.push(*batch)) == kept[0]
    assert len(history(entry, section="cpr")) == 2
    assert find_recorded(entry, "cpr").version == 2


# --- Whose it is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"body": {"words": "altered on the way"}}, id="altered"),
        pytest.param({"signature": "AAAA"}, id="no signature of anybody"),
        pytest.param({"author_id": str(new_id())}, id="another author"),
        pytest.param({"sequence": "1"}, id="no number"),
    ],
)
def test_what_its_author_did_not_sign_is_not_taken_and_does_not_stand_in_its_way(
    crew: WritingTablet, entry: UUID, change: dict[str, Any]
) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")

    assert outcomes_of(crew.push({**written, **change})) == ["refused"]
    assert outcomes_of(crew.send_sealed(crew.seal({**written, **change}))) == ["refused"]
    assert find_recorded(entry, "cpr") is None
    assert events(EventKind.TABLET_FORGED)

    assert outcomes_of(crew.push(written)) == ["applied"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"id": str(new_id())}, id="moved under another id"),
        pytest.param({"kid": "another"}, id="another key"),
        pytest.param({"box": "AAAA"}, id="altered"),
        pytest.param({"iv": "AAAA"}, id="short nonce"),
        pytest.param({"epk": {"x": "AA", "y": "AA"}}, id="no point"),
    ],
)
def test_a_seal_opens_only_as_it_was_made(crew: WritingTablet, entry: UUID, change: dict[str, Any]) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")

    assert outcomes_of(crew.send_sealed(crew.seal(written, **change))) == ["refused"]
    assert find_recorded(entry, "cpr") is None


def test_a_colleague_carries_what_the_author_sealed_before_going_home(
    app: Flask, crew: WritingTablet, entry: UUID
) -> None:
    service = db.session.get_one(Organisation, crew.actor.organisation_id)
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")
    colleague = a_clinician(Role.PARAMEDIC, service)
    assert enrol_again(app, colleague, crew).status_code == 200

    assert outcomes_of(crew.send_sealed(crew.seal(written))) == ["applied"]
    assert [line.author["name"] for line in history(entry, section="cpr")] == [crew.actor.name]


def test_an_older_key_still_counts_for_what_it_signed(app: Flask, crew: WritingTablet, entry: UUID) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")

    assert enrol_again(app, crew.actor, crew).status_code == 200

    assert outcomes_of(crew.send_sealed(crew.seal(written))) == ["applied"]


def test_whoever_sends_what_cannot_be_opened_waits_and_others_do_not(crew: WritingTablet, entry: UUID) -> None:
    bad = crew.seal(crew.edit(entry, "cpr", REVIEW, kind="review_asked"), box="AAAA")
    crew.send_sealed(*[bad] * MISSES_LIMIT)

    answer = crew.send_sealed(bad)

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    body = {"device_id": crew.tablet.id, "sealed": [crew.seal(crew.edit(entry, "cpr", REVIEW, kind="review_asked"))]}
    assert crew.tablet.client.post("/sync/v1/sealed", json=body, environ_base=elsewhere).status_code == 200


def test_more_than_is_taken_at_once_is_refused_so_that_it_comes_in_parts(crew: WritingTablet, entry: UUID) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")

    assert crew.push(*[written] * (EDITS_LIMIT + 1)).status_code == 413
    assert crew.send_sealed(*[{}] * (EDITS_LIMIT + 1)).status_code == 413
    assert crew.push({**written, "body": {"words": "x" * 2_200_000}}).status_code == 413
    assert outcomes_of(crew.push(*[written] * 2)) == ["applied", "applied"]


def test_a_tablet_that_nobody_enrolled_is_not_there(crew: WritingTablet) -> None:
    assert (
        crew.tablet.client.post("/sync/v1/sealed", json={"device_id": str(new_id()), "sealed": []}).status_code == 404
    )


# --- The reason that was given on the tablet -------------------------------------------------------------------------


def test_a_reason_given_on_the_tablet_opens_and_an_emergency_goes_to_the_privacy_officer_once(
    app: Flask, gp: Actor
) -> None:
    elsewhere = an_organisation(type=OrganisationType.AMBULANCE, area="southdale")
    crew = a_writing_tablet(app, a_clinician(Role.PARAMEDIC, elsewhere))
    entry, officer = a_registered_person(gp), a_clinician(Role.PRIVACY_OFFICER, elsewhere)
    edits = [
        crew.edit(entry, "cpr", {"words": f"Asked {number}"}, kind="review_asked", reason="emergency")
        for number in range(2)
    ]

    assert outcomes_of(crew.push(*edits)) == ["applied", "applied"]

    (opening,) = openings_to_review(officer)
    assert (opening.clinician_name, opening.in_scope) == (crew.actor.name, False)
    assert len(events(EventKind.EMERGENCY_ACCESS)) == 1


def test_without_a_reason_an_edit_waits(crew: WritingTablet, entry: UUID) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked", reason=None)

    assert outcomes_of(crew.push(written)) == ["held"]
    assert [one.why for one in material(entry).held] == ["authority_ended"]


def test_an_emergency_that_the_role_may_not_open_is_seen_by_the_officer_and_opens_nothing(
    app: Flask, gp: Actor
) -> None:
    home = an_organisation(type=OrganisationType.CARE_HOME)
    senior, entry = a_clinician(Role.CARE_HOME_SENIOR, home), a_registered_person(gp)

    keep_given_offline(
        senior, entry, reason=AccessReason.EMERGENCY, identifiers_checked=("name", "born"), given_at=clock.now()
    )

    assert len(openings_to_review(a_clinician(Role.PRIVACY_OFFICER, home))) == 1
    assert not find_standing(senior, entry).can(Permission.VIEW_CARD)


# --- Numbers that are missing, and tablets of which there are two ----------------------------------------------------


def test_a_number_that_does_not_come_in_time_is_told_of_once(
    crew: WritingTablet, entry: UUID, frozen_clock: Callable[[datetime], None]
) -> None:
    first, lost, third = (crew.edit(entry, "cpr", {"words": f"{one}"}, kind="review_asked") for one in range(3))
    begun = clock.now()

    assert crew.push(third, first).get_json()["next_sequence"] == 2
    assert not events(EventKind.TABLET_GAP)
    for minutes in (16, 17):
        frozen_clock(begun + timedelta(minutes=minutes))
        crew.push()

    (told,) = events(EventKind.TABLET_GAP)
    assert told.details["first_missing"] == 2
    assert crew.push(lost).get_json()["next_sequence"] == 4


def test_two_tablets_of_one_id_are_both_taken_out_of_use_and_what_they_wrote_waits(
    crew: WritingTablet, entry: UUID
) -> None:
    twin = replace(crew, edits=[])
    mine = crew.edit(entry, "cpr", REVIEW, kind="review_asked")
    theirs = twin.edit(entry, "cpr", {"words": "From the copy"}, kind="review_asked")
    assert outcomes_of(crew.push(mine)) == ["applied"]

    assert outcomes_of(twin.push(theirs)) == ["held"]

    assert [one.why for one in material(entry).held] == ["tablet_copied"]
    assert events(EventKind.TABLET_COPIED)
    assert crew.push().status_code == 403
    late = crew.edit(entry, "cpr", {"words": "Written later"}, kind="review_asked")
    assert outcomes_of(crew.send_sealed(crew.seal(late), crew.seal(mine))) == ["held", "applied"]


# --- Held: whatever changed since its author looked ------------------------------------------------------------------


def signed_elsewhere(gp: Actor, entry: UUID) -> None:
    recorded = find_recorded(entry, "cpr")
    version = recorded.version if recorded else 0
    body = a_decision()
    change(gp, new_id(), entry_id=entry, kind=EditKind.SIGN, body=body, base_version=version)


def with_authority_ended(gp: Actor, entry: UUID) -> None:
    with writing() as session:
        yesterday = clock.today() - timedelta(days=1)
        session.execute(update(SigningAuthorisation).values(until_date=yesterday))


def with_death(gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "lifecycle", {"died_on": clock.today().isoformat()}, kind="confirm_death"))


def with_sharing_withdrawn(gp: Actor, entry: UUID) -> None:
    apply_edit(gp, an_edit(entry, "consent", a_consent(share_status="withdrawn")))


def with_author_gone(gp: Actor, entry: UUID) -> None:
    with writing() as session:
        session.execute(update(Clinician).where(Clinician.id == gp.clinician_id).values(ended_at=clock.now()))


def with_lease_ended(gp: Actor, entry: UUID) -> None:
    with writing() as session:
        end_leases_of(session, gp.clinician_id, "reset")


def with_tablet_lost(gp: Actor, entry: UUID) -> None:
    with writing() as session:
        session.execute(update(Device).values(status="lost"))


@pytest.mark.parametrize(
    ("meanwhile", "recommendation", "why"),
    [
        pytest.param(signed_elsewhere, "for_cpr", "changed_meanwhile", id="a newer decision"),
        pytest.param(with_authority_ended, "not_for_cpr", "authority_ended", id="authority to sign ended"),
        pytest.param(with_death, "not_for_cpr", "changed_meanwhile", id="death confirmed"),
        pytest.param(with_author_gone, "not_for_cpr", "author_left", id="author left"),
        pytest.param(with_lease_ended, "not_for_cpr", "lease_ended", id="lease ended"),
        pytest.param(with_tablet_lost, "not_for_cpr", "tablet_ended", id="tablet lost"),
    ],
)
def test_a_decision_signed_without_signal_waits_for_a_person_when_something_changed_since(
    app: Flask, gp: Actor, entry: UUID, meanwhile: Callable[..., None], recommendation: str, why: str
) -> None:
    tablet, colleague = a_writing_tablet(app, gp), a_colleague(gp)
    written = tablet.edit(entry, "cpr", a_decision(recommendation), kind="sign")
    meanwhile(colleague if meanwhile in (signed_elsewhere, with_death) else gp, entry)
    before = find_recorded(entry, "cpr")

    (result,) = results_of(tablet.send_sealed(tablet.seal(written)))

    assert (result["outcome"], result["standing"]) == ("held", "open")
    after = find_recorded(entry, "cpr")
    assert (after and after.value) == (before and before.value)
    (held,) = material(entry).held
    assert (held.why, held.author["name"]) == (why, gp.name)


def test_what_another_section_contradicts_is_held_and_may_be_accepted_with_a_reason(
    app: Flask, gp: Actor, entry: UUID
) -> None:
    tablet, colleague = a_writing_tablet(app, gp), a_colleague(gp)
    written = tablet.edit(entry, "treatment_level", {"level": "comfort_only"})
    body = a_decision("for_cpr")
    change(colleague, new_id(), entry_id=entry, kind=EditKind.SIGN, body=body, base_version=0)

    assert outcomes_of(tablet.push(written)) == ["held"]
    (held,) = material(entry).held
    assert held.why == "contradicts"

    accepted = {"choice": "accept", "accepted_id": written["id"], "edit_ids": [written["id"]], "reason": "Both stand"}
    apply_edit(colleague, an_edit(entry, "treatment_level", accepted, kind="resolve"))
    assert find_recorded(entry, "treatment_level").value == {"level": "comfort_only"}


def test_a_decision_that_rests_on_what_the_record_does_not_hold_waits_and_may_be_accepted_with_a_reason(
    app: Flask, gp: Actor, entry: UUID
) -> None:
    tablet, colleague = a_writing_tablet(app, gp), a_colleague(gp)
    written = tablet.edit(entry, "cpr", a_decision(reason="advance_decision"), kind="sign")

    assert outcomes_of(tablet.push(written)) == ["held"]
    assert [one.why for one in material(entry).held] == ["contradicts"]

    accepted = {"choice": "accept", "accepted_id": written["id"], "edit_ids": [written["id"]], "reason": "It was seen"}
    apply_edit(colleague, an_edit(entry, "cpr", accepted, kind="resolve"))
    in_force = CPRState.from_value(find_recorded(entry, "cpr").value).in_force
    assert (in_force.signer.name, in_force.contradiction_reason) == (gp.name, "It was seen")


def test_what_a_crew_heard_is_held_when_sharing_was_withdrawn_since(
    crew: WritingTablet, gp: Actor, entry: UUID
) -> None:
    written = crew.edit(entry, "cpr", REVIEW, kind="review_asked")
    with_sharing_withdrawn(gp, entry)

    assert outcomes_of(crew.push(written)) == ["held"]
    assert [one.why for one in material(entry).held] == ["authority_ended"]


def test_a_time_in_the_future_is_a_wrong_clock_and_waits(
    app: Flask, crew: WritingTablet, gp: Actor, entry: UUID
) -> None:
    ahead = clock.now() + timedelta(days=1)
    heard = {"said_at": ahead.isoformat(), "had_capacity": "yes", "words": "I want everything done"}
    written = crew.edit(entry, "cpr", heard, kind="own_withdrawal", decided_at=ahead.isoformat())

    assert outcomes_of(crew.push(written)) == ["held"]
    assert [one.why for one in material(entry).held] == ["clock"]
    give_reason(gp, entry, reason=AccessReason.EMERGENCY, identifiers_checked=[], cannot_check=True)
    browser = PageClient(app)
    sign_in(browser.browser, gp)
    browser.open(f"/held/{written['id']}").see("A change waits here", "a clock was wrong", "I want everything done")


def test_an_edit_on_a_version_that_the_register_lost_waits(app: Flask, gp: Actor, entry: UUID) -> None:
    tablet = a_writing_tablet(app, gp)

    written = tablet.edit(entry, "treatment_level", {"level": "comfort_only"}, base_version=7)

    assert outcomes_of(tablet.push(written)) == ["held"]
    assert [one.why for one in material(entry).held] == ["unknown_base"]


def test_while_the_first_value_of_a_section_waits_nothing_is_applied_beside_it(
    app: Flask, gp: Actor, entry: UUID
) -> None:
    tablet = a_writing_tablet(app, gp)
    tablet.push(tablet.edit(entry, "treatment_level", {"level": "comfort_only"}, base_version=7))

    applied = apply_edit(a_colleague(gp), an_edit(entry, "treatment_level", {"level": "treat_at_home"}))

    assert applied.outcome is Outcome.HELD
    assert find_recorded(entry, "treatment_level") is None


# --- What an author wrote after something of their own ---------------------------------------------------------------


def test_what_follows_an_own_unsent_edit_never_conflicts_with_it(app: Flask, gp: Actor, entry: UUID) -> None:
    tablet = a_writing_tablet(app, gp)
    levels = ("ward_no_icu", "treat_at_home", "comfort_only")
    edits: list[dict[str, Any]] = []
    for level in levels:
        after = edits[-1]["id"] if edits else None
        edits.append(tablet.edit(entry, "treatment_level", {"level": level}, after_id=after))

    answer = tablet.push(*edits)

    assert [(one["outcome"], one["section_version"]) for one in results_of(answer)] == [
        ("applied", 1),
        ("applied", 2),
        ("applied", 3),
    ]
    assert find_recorded(entry, "treatment_level").value == {"level": "comfort_only"}


def test_an_own_edit_beside_a_newer_decision_is_no_proof_that_it_was_seen(app: Flask, gp: Actor, entry: UUID) -> None:
    tablet = a_writing_tablet(app, gp)
    asked = tablet.edit(entry, "cpr", REVIEW, kind="review_asked")
    signed = tablet.edit(entry, "cpr", a_decision("for_cpr"), kind="sign", after_id=asked["id"])
    signed_elsewhere(a_colleague(gp), entry)

    first, second = results_of(tablet.push(asked, signed))

    assert (first["outcome"], first["section_version"]) == ("applied", 0)
    assert second["outcome"] == "held"
    assert CPRState.from_value(find_recorded(entry, "cpr").value).in_force.recommendation == "not_for_cpr"


def test_what_follows_a_held_edit_waits_too_even_when_that_one_was_settled(app: Flask, gp: Actor, entry: UUID) -> None:
    tablet, colleague = a_writing_tablet(app, gp), a_colleague(gp)
    first = tablet.edit(entry, "treatment_level", {"level": "treat_at_home"})
    second = tablet.edit(entry, "treatment_level", {"level": "comfort_only"}, after_id=first["id"])
    apply_edit(colleague, an_edit(entry, "treatment_level", {"level": "ward_no_icu"}))
    assert outcomes_of(tablet.push(first)) == ["held"]
    body = {"choice": "keep", "edit_ids": [first["id"]], "reason": "Asked the person"}
    apply_edit(colleague, an_edit(entry, "treatment_level", body, kind="resolve"))

    assert outcomes_of(tablet.push(second)) == ["held"]
    assert find_recorded(entry, "treatment_level").value == {"level": "ward_no_icu"}
    (again,) = results_of(tablet.push(first))
    assert (again["outcome"], again["standing"]) == ("held", "rejected")


def test_what_follows_an_edit_that_never_came_waits(app: Flask, gp: Actor, entry: UUID) -> None:
    tablet = a_writing_tablet(app, gp)
    lost = tablet.edit(entry, "treatment_level", {"level": "treat_at_home"})
    written = tablet.edit(entry, "treatment_level", {"level": "comfort_only"}, after_id=lost["id"])

    assert outcomes_of(tablet.push(written)) == ["held"]


def test_a_merged_change_takes_nothing_of_a_colleague_back_with_the_next(app: Flask, gp: Actor, entry: UUID) -> None:
    tablet, colleague = a_writing_tablet(app, gp), a_colleague(gp)
    apply_edit(gp, an_edit(entry, "communication", {"spoken_language": "Welsh", "read_language": "Welsh"}))
    first = tablet.edit(entry, "communication", {"spoken_language": "Welsh", "read_language": "English"})
    both = {"spoken_language": "Welsh", "read_language": "Irish"}
    second = tablet.edit(entry, "communication", both, after_id=first["id"])
    apply_edit(colleague, an_edit(entry, "communication", {"spoken_language": "Polish", "read_language": "Welsh"}))

    assert outcomes_of(tablet.push(first, second)) == ["merged", "merged"]
    value = find_recorded(entry, "communication").value
    assert (value["spoken_language"], value["read_language"]) == ("Polish", "Irish")


def test_wrong_person_is_heard_before_anything_else_of_the_batch(app: Flask, gp: Actor, entry: UUID) -> None:
    tablet = a_writing_tablet(app, gp)
    asked = tablet.edit(entry, "cpr", REVIEW, kind="review_asked")
    flagged = tablet.edit(entry, "cpr", {}, kind="wrong_person_flag")

    assert outcomes_of(tablet.push(asked, flagged)) == ["applied", "applied"]

    kinds = [line.kind for line in history(entry, section="cpr")]
    assert kinds == ["review_asked", "wrong_person_flag"]


def test_three_tablets_without_signal_apply_one_and_hold_the_others_whatever_their_clocks_say(
    app: Flask, gp: Actor, entry: UUID
) -> None:
    authors = [gp, a_colleague(gp), a_colleague(gp)]
    clocks = (timedelta(days=-400), timedelta(), timedelta(days=400))
    tablets = [a_writing_tablet(app, actor) for actor in authors]
    for tablet, ahead in zip(tablets, clocks, strict=True):
        tablet.ahead = ahead
    levels = ("ward_no_icu", "treat_at_home", "comfort_only")
    edits = [one.edit(entry, "treatment_level", {"level": level}) for one, level in zip(tablets, levels, strict=True)]

    outcomes = [outcomes_of(tablet.push(edit)) for tablet, edit in zip(tablets, edits, strict=True)]

    assert outcomes == [["applied"], ["held"], ["held"]]
    assert find_recorded(entry, "treatment_level").value == {"level": "ward_no_icu"}
    offsets = [db.session.get_one(Edit, UUID(edit["id"])).clock_offset_ms for edit in edits]
    assert offsets == [-(2**31 - 1), pytest.approx(0, abs=1), 2**31 - 1]


# --- Whatever is sent, a named outcome -------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMED = {"applied", "merged", "same", "confirmed", "held", "refused", "other_words"}
#: Names that bodies of the sections know, so that what is drawn comes past the first look at it.
NAMES = [
    *a_decision(),
    "settles",
    "proposal_id",
    "decision_id",
    "said_at",
    "words",
    "place",
    "item_id",
    "item",
    "level",
]
BODIES = (
    st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6)
    | JSON
    | st.fixed_dictionaries({name: st.just(part) | JSON for name, part in a_decision().items()})
)


@pytest.mark.parametrize("path", ["push", "audit", "sealed"])
def test_whatever_a_tablet_sends_is_answered_and_never_fails(crew: WritingTablet, entry: UUID, path: str) -> None:
    known = {"edits": [], "entries": [], "device_id": crew.tablet.id, "sealed": []}

    @settings(max_examples=15, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(st.sampled_from(sorted(known)), JSON | st.lists(JSON), max_size=3) | JSON)
    def sent(body: Any) -> None:
        whole = {**known, **body} if isinstance(body, dict) else body
        answer = crew.tablet.post(f"/sync/v1/{path}", whole)
        assert answer.status_code in (200, 404, 413, 422, 429)

    sent()
    assert not history(entry, section="cpr")


def test_whatever_an_author_signs_has_a_named_outcome_and_no_partial_effect(app: Flask, gp: Actor, entry: UUID) -> None:
    tablet = a_writing_tablet(app, gp)
    kinds = [(section.name, kind) for section in registry.sections() for kind in (*section.kinds, "confirm")]
    of_cpr = [one for one in kinds if one[0] == "cpr"]

    @settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(kinds) | st.sampled_from(of_cpr), BODIES, st.data())
    def written(of: tuple[str, str], body: Any, data: st.DataObject) -> None:
        section, kind = of
        name = data.draw(st.sampled_from(["seen", "reason", "decided_at", "after_id", "base_version", "none"]))
        edit = tablet.edit(entry, section, {}, kind=kind)
        changed = {part: edit[part] for part in edit if part != "signature"} | {"body": body}
        if name != "none":
            changed[name] = data.draw(JSON)
        try:
            signed = tablet.signed(changed)
        except UnicodeEncodeError:  # half a character: no tablet can sign it
            return
        before = {line.edit_id for line in history(entry)}

        answer = tablet.push(signed)

        (result,) = results_of(answer)
        assert result["outcome"] in NAMED
        came = {line.edit_id for line in history(entry)} - before
        assert len(came) == (result["outcome"] not in ("refused", "other_words"))

    written()
    give_reason(gp, entry, reason=AccessReason.EMERGENCY, identifiers_checked=[], cannot_check=True)
    browser = PageClient(app)
    sign_in(browser.browser, gp)
    for page in ("", "/history", "/cpr"):
        browser.open(f"/record/{entry}{page}")
    for held in material(entry).held:
        browser.open(f"/held/{held.edit_id}")


# --- CPR by role -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("review_asked", REVIEW, id="asks for a review"),
        pytest.param("original_seen", {"place": "Hall drawer", "seen_on": "2026-11-21"}, id="saw the form"),
        pytest.param("wrong_person_flag", {"words": "Another Mrs Wood"}, id="says that it is the wrong person"),
        pytest.param(
            "own_withdrawal",
            {"said_at": "2026-11-21T02:59:00+00:00", "had_capacity": "yes", "words": "I want to live"},
            id="heard the person withdraw",
        ),
    ],
)
def test_a_crew_writes_down_what_it_heard_and_saw_beside_whatever_changed_meanwhile(
    crew: WritingTablet, gp: Actor, entry: UUID, kind: str, body: dict[str, Any]
) -> None:
    written = crew.edit(entry, "cpr", body, kind=kind)
    signed_elsewhere(gp, entry)

    assert outcomes_of(crew.push(written)) == ["applied"]
    assert CPRState.from_value(find_recorded(entry, "cpr").value).in_force.recommendation == "not_for_cpr"


def test_a_refusal_that_the_person_withdrew_before_a_crew_leaves_force_when_it_comes(
    crew: WritingTablet, gp: Actor, entry: UUID
) -> None:
    change(gp, new_id(), entry_id=entry, kind=EditKind.SIGN, body=an_own_refusal(), base_version=0)
    heard = {"said_at": clock.now().isoformat(), "had_capacity": "yes", "words": "I want to live"}

    assert outcomes_of(crew.push(crew.edit(entry, "cpr", heard, kind="own_withdrawal"))) == ["applied"]

    state = CPRState.from_value(find_recorded(entry, "cpr").value)
    assert state.in_force is None
    assert state.withdrawals[0].by.name == crew.actor.name


def test_two_rival_decisions_are_both_shown_and_neither_as_current(app: Flask, gp: Actor, entry: UUID) -> None:
    tablet, colleague = a_writing_tablet(app, gp), a_colleague(gp)
    written = tablet.edit(entry, "cpr", a_decision("for_cpr"), kind="sign")
    signed_elsewhere(colleague, entry)
    tablet.push(written)
    give_reason(colleague, entry, reason=AccessReason.EMERGENCY, identifiers_checked=[], cannot_check=True)
    browser = PageClient(app)
    sign_in(browser.browser, colleague)

    browser.open(f"/record/{entry}").see("CPR decision in doubt", "Not for CPR", "CPR recommended")
    browser.open(f"/held/{written['id']}").see("Something was changed after its author looked.", gp.name)
