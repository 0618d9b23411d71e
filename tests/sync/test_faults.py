"""What may go wrong between a tablet and the register, as far as it shows at the register: on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from epaccs.access.actions import Concerned, begin_relationship, end_relationships, give_reason
from epaccs.access.rules import AccessReason
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock, sealing
from epaccs.core.db import db, writing
from epaccs.devices.actions import end_leases_of, take_out
from epaccs.devices.rules import LeaseEnd
from epaccs.notices.queries import notices_for
from epaccs.sync.model.push import SEALED_FOR, PushedEdit
from epaccs.versions.actions import apply_edit, settle
from epaccs.versions.model import Edit
from epaccs.versions.queries import find_recorded, material
from epaccs.versions.registry import EditRequest
from tests.cpr_decisions.test_actions import a_decision
from tests.devices.leases import about, post
from tests.factories import DISCHARGED, a_clinician, an_edit, an_organisation, sign_in
from tests.sync.tablets import SyncTablet, a_cursor, a_sync_tablet
from tests.sync.writing import WritingTablet, a_writing_tablet, outcomes_of, results_of

REVIEW = {"words": "Deteriorating quickly"}


def asks_for_review(crew: WritingTablet, entry: UUID, **fields: Any) -> dict[str, Any]:
    return crew.edit(entry, "cpr", REVIEW, kind="review_asked", **fields)


def count_edits() -> int:
    return db.session.scalar(select(func.count()).select_from(Edit).where(Edit.device_id.is_not(None))) or 0


def problem_of(answer: Any) -> str:
    return str(answer.get_json()["type"]).rpartition(":")[2]


def a_colleague(gp: Actor, entry: UUID) -> Actor:
    colleague = a_clinician(Role.GP, db.session.get(Organisation, gp.organisation_id), may_sign=True)
    given = {"reason": AccessReason.PERMISSION_GIVEN, "identifiers_checked": ("name", "born"), "cannot_check": False}
    give_reason(colleague, entry, **given)  # type: ignore[arg-type]
    return colleague


# Sign-in, tablets out of use, sizes


def test_ten_edits_wait_for_a_sign_in_and_are_then_taken_once_under_their_author(
    crew: WritingTablet, entry: UUID
) -> None:
    edits = [asks_for_review(crew, entry) for _ in range(10)]
    with writing() as session:
        end_leases_of(session, crew.actor.clinician_id, LeaseEnd.PASSWORD_CHANGED)

    refused = crew.push(*edits)
    assert (refused.status_code, problem_of(refused), count_edits()) == (401, "signed-out", 0)
    sign_in(crew.tablet.client, crew.actor)
    renewed = post(crew.tablet.client, "/sync/v1/lease", about(device_id=crew.tablet.id))
    crew.tablet.answer = renewed.get_json()

    assert outcomes_of(crew.push(*edits)) == ["applied"] * 10
    assert outcomes_of(crew.push(*edits)) == ["applied"] * 10
    assert count_edits() == 10
    authors = set(db.session.scalars(select(Edit.author_id).where(Edit.device_id.is_not(None))))
    assert authors == {crew.actor.clinician_id}


def test_a_tablet_out_of_use_is_told_to_erase_and_what_it_sealed_is_still_taken(
    app: Flask, crew: WritingTablet, entry: UUID
) -> None:
    edits = [asks_for_review(crew, entry) for _ in range(3)]
    service = db.session.get(Organisation, crew.actor.organisation_id)
    take_out(a_clinician(Role.ADMINISTRATOR, service), [UUID(crew.tablet.id)], is_lost=True)

    refused = crew.push(*edits)
    sealed = crew.send_sealed(*(crew.seal(edit) for edit in edits))

    assert (refused.status_code, problem_of(refused)) == (403, "tablet-revoked")
    assert outcomes_of(sealed) == ["held"] * 3
    assert {one.why for one in material(entry).held} == {"tablet_ended"}


def test_what_is_too_large_is_refused_whole_and_the_others_are_taken(crew: WritingTablet, entry: UUID) -> None:
    large = crew.edit(entry, "cpr", {"words": "x" * (2 * 1024 * 1024)}, kind="review_asked")
    small = asks_for_review(crew, entry)

    assert crew.send_sealed(crew.seal(large), crew.seal(small)).status_code == 413
    assert count_edits() == 0

    assert crew.send_sealed(crew.seal(large)).status_code == 413
    assert outcomes_of(crew.send_sealed(crew.seal(small))) == ["applied"]


# Clocks and programs of another time


@pytest.mark.parametrize(
    ("at", "zone"),
    [
        pytest.param("2026-03-29T01:30:00+00:00", timezone(timedelta(hours=1)), id="the hour that summer time skips"),
        pytest.param("2026-10-25T00:30:00+00:00", timezone(timedelta(hours=1)), id="the hour that comes twice, first"),
        pytest.param("2026-10-25T01:30:00+00:00", UTC, id="the hour that comes twice, again"),
        pytest.param(
            "2026-06-30T23:59:59.999999+00:00", timezone(timedelta(hours=-11)), id="another side of the world"
        ),
    ],
)
def test_a_moment_is_the_same_in_whatever_zone_a_tablet_says_it(
    app: Flask, entry: UUID, gp: Actor, frozen_clock: Callable[[datetime], None], at: str, zone: timezone
) -> None:
    moment = datetime.fromisoformat(at)
    frozen_clock(moment)
    crew = a_writing_tablet(app, a_clinician(Role.PARAMEDIC, an_organisation(type=OrganisationType.AMBULANCE)))
    said = moment.astimezone(zone).isoformat()
    edit = asks_for_review(crew, entry, recorded_at_device=said, decided_at=said)

    assert outcomes_of(crew.push(edit)) == ["applied"]

    kept = db.session.get_one(Edit, UUID(edit["id"]))
    assert (kept.recorded_at_device, kept.decided_at) == (moment, moment)


def test_a_second_that_clocks_do_not_have_is_refused_with_what_to_send_and_kept(
    crew: WritingTablet, entry: UUID
) -> None:
    edit = asks_for_review(crew, entry, decided_at="2026-06-30T23:59:60Z")

    (result,) = results_of(crew.push(edit))

    assert (result["outcome"], result["errors"][0]["field"]) == ("refused", "decided_at")
    assert db.session.get(PushedEdit, UUID(edit["id"])) is not None


def test_an_edit_of_an_old_program_that_says_less_is_taken_or_held_and_never_refused(
    crew: WritingTablet, entry: UUID
) -> None:
    later = ("seen", "after_id", "reason", "identifiers_checked", "monotonic_ms")
    whole = asks_for_review(crew, entry)
    old = {name: part for name, part in whole.items() if name not in (*later, "signature")}

    (result,) = results_of(crew.push(crew.signed(old)))

    assert result["outcome"] in ("applied", "held")


def test_what_a_newer_program_says_besides_is_passed_over_and_kept_as_it_was_signed(
    crew: WritingTablet, entry: UUID
) -> None:
    edit = asks_for_review(crew, entry, mood="calm", place={"of": "the tablet"})

    assert outcomes_of(crew.push(edit, newest="thing")) == ["applied"]

    kept = db.session.get_one(PushedEdit, UUID(edit["id"]))
    sent = json.loads(sealing.unseal(kept.sealed_body, purpose=SEALED_FOR, record_id=kept.id))
    assert (sent["mood"], sent["place"]) == ("calm", {"of": "the tablet"})


# Decisions that meet


def test_a_decision_that_was_cancelled_on_an_old_copy_waits_is_urgent_and_hides_nothing(
    app: Flask, gp: Actor, entry: UUID
) -> None:
    tablet, colleague = a_writing_tablet(app, gp), a_colleague(gp, entry)
    sign_on_register(gp, entry)
    decision = find_recorded(entry, "cpr").value["decisions"][-1]["id"]  # type: ignore[union-attr]
    body = {"decision_id": decision, "reason": "wishes_changed", "decided_at": clock.now().isoformat()}
    cancelled = tablet.edit(entry, "cpr", body, kind="revoke")
    sign_on_register(colleague, entry)
    before = find_recorded(entry, "cpr")

    (result,) = results_of(tablet.send_sealed(tablet.seal(cancelled)))

    assert (result["outcome"], result["standing"], result["errors"]) == ("held", "open", [])
    assert find_recorded(entry, "cpr").value == before.value  # type: ignore[union-attr]
    assert "high" in {one.severity for one in notices_for(gp) if one.entry_id == entry}


def sign_on_register(actor: Actor, entry: UUID) -> None:
    recorded = find_recorded(entry, "cpr")
    request = an_edit(entry, "cpr", a_decision(), kind="sign", base_version=recorded.version if recorded else 0)
    assert apply_edit(actor, request).outcome == "applied"


def test_what_comes_while_a_dispute_is_settled_opens_it_again(app: Flask, gp: Actor, entry: UUID) -> None:
    first, second = (a_writing_tablet(app, actor) for actor in (gp, a_colleague(gp, entry)))
    edits = [
        one.edit(entry, "treatment_level", {"level": level})
        for one, level in ((first, "ward_no_icu"), (second, "treat_at_home"))
    ]
    apply_edit(gp, an_edit(entry, "treatment_level", {"level": "comfort_only"}))
    assert outcomes_of(first.push(edits[0])) == ["held"]
    seen = [str(one.edit_id) for one in material(entry).held]
    assert outcomes_of(second.push(edits[1])) == ["held"]
    version = find_recorded(entry, "treatment_level").version  # type: ignore[union-attr]
    request = EditRequest(an_edit(entry, "cpr", {}).id, entry, "treatment_level", "resolve", {}, version)

    applied = settle(gp, request, side="keep", reason="Asked the family", seen=seen)

    assert applied.is_held
    waiting = {str(one.edit_id) for one in material(entry).held}
    assert {edits[0]["id"], edits[1]["id"]} <= waiting


# Scopes


def test_somebody_in_two_scopes_who_leaves_one_stays_in_the_other(app: Flask, gp: Actor, entry: UUID) -> None:
    doctor = a_clinician(Role.OUT_OF_HOURS_GP)
    with writing() as session:
        begin_relationship(session, Concerned(entry, doctor.organisation_id, "referral", None))
    tablet = a_sync_tablet(app, doctor)
    tablet.pull()
    caseload = f"relationship:{doctor.organisation_id}"
    assert {name for name, held in tablet.scopes.items() if str(entry) in held.people} == {"area:northdale", caseload}

    with writing() as session:
        end_relationships(session, entry_id=entry, organisation_id=doctor.organisation_id, ending=DISCHARGED)
    tablet.pull()

    assert {name for name, held in tablet.scopes.items() if str(entry) in held.people} == {"area:northdale"}
    tablet.assert_agrees()


# Whatever a tablet asks

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
CURSORS = st.lists(
    st.fixed_dictionaries(
        {
            "scope": st.sampled_from(["area:northdale", "area:", "practice:x", "relationship:", "", "x" * 121]) | JSON,
            "tier": st.sampled_from(["card", "full", ""]) | JSON,
            "epoch": st.sampled_from([None, "1.1.x", "1.1", "x" * 61]) | JSON,
            "number": st.sampled_from([0, 1, 7, -1, 2**62, 2**63, 2**80]) | JSON,
        }
    ),
    max_size=9,
)
STATE = st.fixed_dictionaries(
    {
        "sums": st.dictionaries(
            st.sampled_from(["area:northdale", "x"]), st.sampled_from(["0", "f" * 16, "g", ""]) | JSON
        )
    }
)


def test_whatever_a_tablet_asks_is_answered_whole_or_refused_and_changes_nobody(
    app: Flask, gp: Actor, entry: UUID
) -> None:
    crew: SyncTablet = a_sync_tablet(app, a_clinician(Role.PARAMEDIC))
    before = find_recorded(entry, "identity")
    asked = {
        "cursors": CURSORS | JSON,
        "limit": st.sampled_from([1, 500, 501, 0]) | JSON,
        "state": STATE | JSON,
        "done": JSON,
        "known": st.dictionaries(st.sampled_from([str(entry), "x"]), st.integers(-1, 2**64)) | JSON,
        "now_device": st.just(clock.now().isoformat()) | JSON,
    }

    @settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.fixed_dictionaries({}, optional=asked), st.booleans())
    def ask(drawn: dict[str, Any], is_whole: bool) -> None:
        body = {"cursors": [a_cursor("area:northdale")], "limit": 500} if is_whole else {}
        answer = crew.tablet.post("/sync/v1/pull", {**body, **drawn})
        assert answer.status_code in (200, 413, 422), answer.get_data(as_text=True)
        if answer.status_code != 200:
            assert answer.mimetype == "application/problem+json"
            return
        lines = [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]
        assert (lines[-1]["op"], lines[-1]["count"]) == ("page", len(lines) - 1)

    ask()
    assert find_recorded(entry, "identity") == before
    crew.pull()
    crew.assert_agrees()
