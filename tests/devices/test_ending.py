"""Tablets are taken out of use at once, by two people where they are many, and nothing written on them is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.audit.events import EventKind
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core.db import db, writing
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.devices import actions, queries
from epaccs.devices.model import Device, Lease, RevocationRequest
from epaccs.devices.queries import find_device, find_signers
from epaccs.devices.rules import DeviceStatus
from tests.conftest import NOW
from tests.devices.leases import ATablet, a_tablet, some_tablets
from tests.devices.test_enrolling import kinds_of
from tests.devices.test_leases import problem
from tests.factories import a_clinician


@pytest.fixture
def tablet(app: Flask) -> ATablet:
    return a_tablet(app, a_clinician(Role.PARAMEDIC))


def an_administrator(of: Actor) -> Actor:
    return a_clinician(Role.ADMINISTRATOR, db.session.get(Organisation, of.organisation_id))


@pytest.fixture
def administrator(tablet: ATablet) -> Actor:
    return an_administrator(tablet.actor)


def many(tablet: ATablet, number: int) -> list[UUID]:
    """So many more of the same organisation, without a lease."""
    return some_tablets(tablet.actor, number)


def statuses(ids: list[UUID]) -> set[str]:
    return {str(found.status) for one in ids if (found := find_device(one))}


@pytest.mark.parametrize(("is_lost", "status"), [(True, "lost"), (False, "revoked")])
def test_from_that_moment_the_register_trusts_it_no_more_and_tells_it_to_erase(
    tablet: ATablet, administrator: Actor, is_lost: bool, status: str
) -> None:
    taken = actions.take_out(administrator, [UUID(tablet.id)], is_lost=is_lost)

    assert (taken.count, taken.request_id) == (1, None)
    assert problem(tablet.post("/sync/v1/who")) == (403, "tablet-revoked")
    assert problem(tablet.renew()) == (403, "tablet-revoked")
    assert statuses([UUID(tablet.id)]) == {status}
    assert db.session.query(Lease).one().end_reason == f"tablet_{status}"
    kind = EventKind.TABLET_LOST if is_lost else EventKind.TABLET_REVOKED
    assert kinds_of(kind) == [{"device": tablet.id, "leases_ended": 1}]


def test_the_first_return_of_a_lost_tablet_is_on_record(tablet: ATablet, administrator: Actor) -> None:
    actions.take_out(administrator, [UUID(tablet.id)], is_lost=True)
    tablet.post("/sync/v1/who")
    tablet.post("/sync/v1/who")

    assert kinds_of(EventKind.TABLET_REFUSED) == [{"device": tablet.id, "why": "out_of_use"}]
    (line,) = queries.tablets_of(administrator)
    assert (line.was_told, line.erased_at) == (True, None)


def test_what_was_signed_on_a_lost_tablet_can_still_be_checked(tablet: ATablet, administrator: Actor) -> None:
    actions.take_out(administrator, [UUID(tablet.id)], is_lost=True)

    found = find_device(UUID(tablet.id))
    assert found is not None
    assert found.status is DeviceStatus.LOST
    assert len(find_signers(found.id, tablet.actor.clinician_id)) == 1


def test_a_tablet_that_erased_itself_says_so_with_the_lease_it_had(
    tablet: ATablet, administrator: Actor, frozen_clock: Any
) -> None:
    assert tablet.post("/sync/v1/erased").get_json() == {"settled": 0}
    assert statuses([UUID(tablet.id)]) == {"enrolled"}, "what nobody asked for is not believed"
    actions.take_out(administrator, [UUID(tablet.id)], is_lost=True)
    frozen_clock(NOW + timedelta(days=9))

    answers = [tablet.post("/sync/v1/erased").get_json() for _ in range(2)]

    assert answers == [{"settled": 1}, {"settled": 0}]
    assert statuses([UUID(tablet.id)]) == {"erased"}
    assert kinds_of(EventKind.TABLET_ERASED) == [{"device": tablet.id}]
    assert problem(tablet.post("/sync/v1/who"))[0] == 401


def test_nobody_says_for_another_that_it_was_erased(app: Flask, tablet: ATablet, administrator: Actor) -> None:
    other = a_tablet(app, tablet.actor)
    actions.take_out(administrator, [UUID(tablet.id)], is_lost=True)

    assert other.post("/sync/v1/erased").get_json() == {"settled": 0}
    assert problem(app.test_client().post("/sync/v1/erased", json={}))[0] == 401
    assert statuses([UUID(tablet.id)]) == {"lost"}


def test_a_lease_whose_row_is_gone_proves_nothing(tablet: ATablet) -> None:
    with writing() as session:
        session.delete(session.query(Lease).one())

    assert problem(tablet.post("/sync/v1/erased"))[0] == 401


def test_only_an_administrator_of_the_organisation_takes_a_tablet_out_of_use(tablet: ATablet) -> None:
    stranger, device_ids = a_clinician(Role.ADMINISTRATOR), [UUID(tablet.id)]

    with pytest.raises(Forbidden):
        actions.take_out(tablet.actor, device_ids, is_lost=True)
    with pytest.raises(NotFound):
        actions.take_out(stranger, device_ids, is_lost=True)
    with pytest.raises(NotFound):
        actions.ask_to_start_again(stranger, device_ids[0])
    assert statuses(device_ids) == {"enrolled"}
    assert queries.tablets_of(stranger) == []


def test_out_of_use_is_out_of_use(tablet: ATablet, administrator: Actor) -> None:
    actions.take_out(administrator, [UUID(tablet.id)], is_lost=False)

    with pytest.raises(RuleBroken, match="out of use already"):
        actions.take_out(administrator, [UUID(tablet.id)], is_lost=True)
    with pytest.raises(RuleBroken, match="at least one"):
        actions.take_out(administrator, [], is_lost=True)
    with pytest.raises(RuleBroken, match="out of use"):
        actions.ask_to_start_again(administrator, UUID(tablet.id))


# --- many at once ---


def test_five_are_taken_out_alone_and_a_sixth_within_the_hour_waits(tablet: ATablet, administrator: Actor) -> None:
    first, sixth = many(tablet, 5), [UUID(tablet.id)]

    assert actions.take_out(administrator, first, is_lost=False).request_id is None
    waits = actions.take_out(administrator, sixth, is_lost=True)

    assert waits.request_id is not None
    assert statuses(first) == {"revoked"}
    assert statuses(sixth) == {"enrolled"}
    assert tablet.post("/sync/v1/who").status_code == 200


def test_after_an_hour_one_person_may_again(tablet: ATablet, administrator: Actor, frozen_clock: Any) -> None:
    actions.take_out(administrator, many(tablet, 5), is_lost=False)
    frozen_clock(NOW + timedelta(hours=1, minutes=1))

    assert actions.take_out(administrator, [UUID(tablet.id)], is_lost=False).request_id is None


def test_six_at_once_wait_until_a_second_administrator_agrees(tablet: ATablet, administrator: Actor) -> None:
    six, second = [*many(tablet, 5), UUID(tablet.id)], an_administrator(tablet.actor)
    request_id = actions.take_out(administrator, six, is_lost=True).request_id
    assert request_id is not None
    assert [(one.is_own, len(one.labels)) for one in queries.requests_of(administrator)] == [(True, 6)]

    with pytest.raises(Forbidden, match="Another administrator"):
        actions.decide_request(administrator, request_id, agrees=True)
    with pytest.raises(Forbidden):
        actions.decide_request(tablet.actor, request_id, agrees=True)
    with pytest.raises(NotFound):
        actions.decide_request(a_clinician(Role.ADMINISTRATOR), request_id, agrees=True)
    assert statuses(six) == {"enrolled"}

    assert actions.decide_request(second, request_id, agrees=True).count == 6
    assert statuses(six) == {"lost"}
    assert queries.requests_of(second) == []
    with pytest.raises(NotFound):
        actions.decide_request(second, request_id, agrees=True)
    assert [one["agreed"] for one in kinds_of(EventKind.TABLET_REVOCATION_DECIDED)] == [True]


def test_what_two_agreed_does_not_count_against_the_second(tablet: ATablet, administrator: Actor) -> None:
    second = an_administrator(tablet.actor)
    request_id = actions.take_out(administrator, many(tablet, 6), is_lost=False).request_id
    assert request_id is not None
    actions.decide_request(second, request_id, agrees=True)

    assert actions.take_out(second, [UUID(tablet.id)], is_lost=False).request_id is None


def test_whoever_asked_may_let_it_be(tablet: ATablet, administrator: Actor) -> None:
    six = many(tablet, 6)
    request_id = actions.take_out(administrator, six, is_lost=False).request_id
    assert request_id is not None

    assert actions.decide_request(administrator, request_id, agrees=False).count == 0
    assert statuses(six) == {"enrolled"}
    assert db.session.query(RevocationRequest).one().is_confirmed is False


def test_one_that_was_taken_out_meanwhile_is_left_as_it_is(tablet: ATablet, administrator: Actor) -> None:
    six, second = many(tablet, 6), an_administrator(tablet.actor)
    request_id = actions.take_out(administrator, six, is_lost=False).request_id
    assert request_id is not None
    actions.take_out_by_operator(six[0], is_lost=True)

    assert actions.decide_request(second, request_id, agrees=True).count == 5
    assert str(db.session.get_one(Device, six[0]).status) == "lost"


# --- other commands ---


def test_a_tablet_is_told_once_to_start_again(tablet: ATablet, administrator: Actor) -> None:
    for _ in range(2):
        actions.ask_to_start_again(administrator, UUID(tablet.id))

    assert [str(one.deed) for one in queries.pending_commands(UUID(tablet.id))] == ["resync"]
    (line,) = queries.tablets_of(administrator)
    assert line.waits_to_start_again
    with pytest.raises(Forbidden):
        actions.ask_to_start_again(tablet.actor, UUID(tablet.id))


def test_the_operator_takes_out_what_is_there_and_in_use(tablet: ATablet) -> None:
    actions.take_out_by_operator(UUID(tablet.id), is_lost=False)

    with pytest.raises(RuleBroken, match="already"):
        actions.take_out_by_operator(UUID(tablet.id), is_lost=False)
    with pytest.raises(NotFound):
        actions.take_out_by_operator(new_id(), is_lost=False)
    assert problem(tablet.post("/sync/v1/who")) == (403, "tablet-revoked")
