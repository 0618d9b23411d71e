"""What a lease let be written without signal is judged by the register too: on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import delete

from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.devices.model import Lease
from epaccs.sync.model.push import PushedEdit
from epaccs.versions.model import HeldEdit
from epaccs.versions.queries import find_recorded
from tests.devices.leases import a_tablet, about, post
from tests.factories import sign_in
from tests.sync.writing import WritingTablet, let_be_written, outcomes_of, results_of

Clock = Callable[[datetime], None]
LEVEL = {"level": "treat_at_home"}


def renew(tablet: WritingTablet) -> None:
    """Its user signs in and is given another lease, under the policy of that moment."""
    sign_in(tablet.tablet.client, tablet.actor)
    answer = post(tablet.tablet.client, "/sync/v1/lease", about(device_id=tablet.tablet.id))
    assert answer.status_code == 200
    tablet.tablet.answer = answer.get_json()


def test_what_no_lease_let_be_written_is_refused_and_kept(app: Flask, gp: Actor, entry: UUID) -> None:
    let_be_written(gp, "cpr.review_asked")
    tablet = WritingTablet(a_tablet(app, gp))
    edit = tablet.edit(entry, "treatment_level", LEVEL)

    (result,) = results_of(tablet.push(edit))

    assert result["outcome"] == "refused"
    assert "does not let this be written without signal" in result["errors"][0]["message"]
    assert find_recorded(entry, "treatment_level") is None
    assert db.session.get(PushedEdit, UUID(edit["id"])) is not None


def test_what_the_lease_let_be_written_is_taken_as_a_whole_section_or_as_one_kind(
    app: Flask, gp: Actor, entry: UUID
) -> None:
    let_be_written(gp, "treatment_level", "cpr.review_asked")
    tablet = WritingTablet(a_tablet(app, gp))
    level = tablet.edit(entry, "treatment_level", LEVEL)
    review = tablet.edit(entry, "cpr", {"words": "Deteriorating"}, kind="review_asked")
    seen = tablet.edit(entry, "cpr", {"place": "fridge"}, kind="original_seen")

    assert outcomes_of(tablet.push(level, review, seen)) == ["applied", "applied", "refused"]


def test_what_was_said_after_a_visit_is_called_feedback_in_a_policy(app: Flask, gp: Actor, entry: UUID) -> None:
    tablet = WritingTablet(a_tablet(app, gp))

    said = tablet.edit(entry, "observations", {"item": {"words": "Helped"}}, kind="used")

    assert outcomes_of(tablet.push(said)) == ["applied"]


def test_a_policy_that_was_tightened_since_does_not_touch_what_was_written_before(
    app: Flask, gp: Actor, entry: UUID, frozen_clock: Clock
) -> None:
    let_be_written(gp, "treatment_level")
    tablet = WritingTablet(a_tablet(app, gp))
    edit = tablet.edit(entry, "treatment_level", LEVEL)
    frozen_clock(clock.now() + timedelta(hours=13))
    let_be_written(gp, "feedback")
    renew(tablet)

    assert outcomes_of(tablet.push(edit)) == ["applied"]


def test_what_only_an_earlier_lease_let_be_written_waits_for_a_person(
    app: Flask, gp: Actor, entry: UUID, frozen_clock: Clock
) -> None:
    let_be_written(gp, "treatment_level")
    tablet = WritingTablet(a_tablet(app, gp))
    frozen_clock(clock.now() + timedelta(hours=13))
    let_be_written(gp, "feedback")
    renew(tablet)
    edit = tablet.edit(entry, "treatment_level", LEVEL)

    (result,) = results_of(tablet.push(edit))

    assert (result["outcome"], result["standing"]) == ("held", "open")
    assert db.session.get_one(HeldEdit, UUID(edit["id"])).why == "not_offline"


def test_of_a_time_of_which_no_lease_is_known_any_more_it_waits(app: Flask, gp: Actor, entry: UUID) -> None:
    tablet = WritingTablet(a_tablet(app, gp))
    edit = tablet.edit(entry, "treatment_level", LEVEL)
    with writing() as session:
        session.execute(delete(Lease))

    sealed = tablet.send_sealed(tablet.seal(edit))

    assert outcomes_of(sealed) == ["held"]
    assert db.session.get_one(HeldEdit, UUID(edit["id"])).why == "lease_ended"
