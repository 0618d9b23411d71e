"""More people than a tablet may hold, and a tablet that goes on disagreeing: on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.access.rules import Scope
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.devices.model import OfflinePolicy
from epaccs.devices.queries import Follows, current_policy
from epaccs.devices.rules import DeviceClass, HeldTier, TierRule, policy_as_rules
from epaccs.sync.actions.feed import follow_time, rebuild_scopes
from epaccs.sync.model.feed import FeedCap, FeedReader
from epaccs.sync.queries.feed import find_follows
from epaccs.sync.rules.feed import SEND_AGAIN
from epaccs.versions.actions import apply_edit
from tests.devices.leases import about, post
from tests.factories import a_clinician, a_registered_person, an_edit, sign_in
from tests.record.visits import visit
from tests.sync.tablets import Held, SyncTablet, a_cursor, a_sync_tablet, change

AREA = "area:northdale"


def let_hold(actor: Actor, cap: int) -> None:
    """A policy by which a crew's tablet holds the cards of so many people of the area."""
    policy = current_policy(actor.organisation_id, actor.role, DeviceClass.MANAGED_TABLET)
    with writing() as session:
        session.add(
            OfflinePolicy(
                organisation_id=actor.organisation_id,
                role=str(actor.role),
                device_class=str(DeviceClass.MANAGED_TABLET),
                version=policy.version + 1,
                rules=policy_as_rules(replace(policy, tiers=(TierRule(Scope.AREA, HeldTier.CARD, cap),))),
                reason="A trial",
                made_at=clock.now(),
                made_by=actor.clinician_id,
                made_by_name=actor.name,
            )
        )


@pytest.fixture
def crew(app: Flask, gp: Actor) -> SyncTablet:
    paramedic = a_clinician(Role.PARAMEDIC)
    let_hold(paramedic, 3)
    return a_sync_tablet(app, paramedic)


def about_again(crew: SyncTablet) -> dict[str, Any]:
    """Its user signs in on it again after days away."""
    client = crew.tablet.client
    sign_in(client, crew.tablet.actor)
    answer = post(client, "/sync/v1/lease", about(device_id=crew.tablet.id))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    told: dict[str, Any] = answer.get_json()
    return told


def register(gp: Actor, number: int) -> list[str]:
    return [str(a_registered_person(gp, sections={})) for _ in range(number)]


def edit(gp: Actor, entry_id: str, level: str = "treat_at_home") -> None:
    apply_edit(gp, an_edit(UUID(entry_id), "treatment_level", {"level": level}))


def held(crew: SyncTablet) -> set[str]:
    crew.assert_agrees()
    return set(crew.scopes[AREA].people)


def closing(lines: list[dict[str, Any]]) -> dict[str, Any]:
    cursor: dict[str, Any] = lines[-1]["cursors"][0]
    return cursor


def test_of_more_people_than_a_tablet_may_hold_those_lie_there_who_changed_last_and_the_others_are_counted(
    crew: SyncTablet, gp: Actor
) -> None:
    people = register(gp, 5)

    lines = crew.pull()

    assert held(crew) == set(people[2:])
    assert closing(lines)["left_out"] == 2
    assert closing(lines)["people"] == 3
    assert not {line.get("id") for line in lines} & set(people[:2]), "whoever does not fit is not even named"


def test_everybody_who_fits_is_there_and_nothing_is_said_of_others(crew: SyncTablet, gp: Actor) -> None:
    people = register(gp, 3)

    lines = crew.pull()

    assert held(crew) == set(people)
    assert "left_out" not in closing(lines)
    assert db.session.scalars(select(FeedCap)).all() == []


def test_whoever_changes_comes_and_whoever_changed_longest_ago_makes_room(crew: SyncTablet, gp: Actor) -> None:
    people = register(gp, 5)
    crew.pull()

    edit(gp, people[0])
    lines = crew.pull()

    assert held(crew) == {people[0], people[3], people[4]}
    assert ("drop", people[2], "no-room") in [(line["op"], line.get("id"), line.get("why")) for line in lines]
    assert closing(lines)["left_out"] == 2


def test_a_change_of_somebody_who_fits_moves_nobody(crew: SyncTablet, gp: Actor) -> None:
    people = register(gp, 5)
    crew.pull()

    edit(gp, people[2])
    lines = crew.pull()

    assert held(crew) == set(people[2:])
    assert [(line["op"], line.get("id")) for line in lines[:-1]] == [("put", people[2])]


def test_when_somebody_leaves_whoever_waited_comes(crew: SyncTablet, gp: Actor) -> None:
    people = register(gp, 5)
    crew.pull()

    change(gp, UUID(people[4]), "remove", {"reason": "improved"})
    lines = crew.pull()

    assert held(crew) == {people[1], people[2], people[3]}
    assert closing(lines)["left_out"] == 1
    change(gp, UUID(people[3]), "remove", {"reason": "improved"})
    lines = crew.pull()
    assert held(crew) == {people[0], people[1], people[2]}
    assert "left_out" not in closing(lines)


def test_a_scope_that_grows_beyond_the_cap_starts_again_beside_the_old_copy(crew: SyncTablet, gp: Actor) -> None:
    first = register(gp, 3)
    crew.pull()

    fourth = register(gp, 1)
    lines = crew.pull()

    assert [line["op"] for line in lines] == ["reset", "put", "put", "put", "page"]
    assert held(crew) == {*first[1:], *fourth}
    assert closing(lines)["left_out"] == 1


def test_another_number_by_policy_starts_the_scope_again(crew: SyncTablet, gp: Actor) -> None:
    people = register(gp, 5)
    crew.pull()

    let_hold(crew.tablet.actor, 4)
    lines = crew.pull()

    assert lines[0]["op"] == "reset"
    assert held(crew) == set(people[1:])
    assert closing(lines)["left_out"] == 1


def test_small_pages_and_a_feed_that_is_built_again_end_alike(crew: SyncTablet, gp: Actor) -> None:
    people = register(gp, 6)
    crew.pull(limit=1)
    assert held(crew) == set(people[3:])

    rebuild_scopes()
    crew.pull(limit=2)

    assert held(crew) == set(people[3:])


def test_whoever_is_sent_again_after_long_brings_nobody_who_does_not_fit(
    crew: SyncTablet, gp: Actor, frozen_clock: Callable[[datetime], datetime]
) -> None:
    people = register(gp, 5)
    crew.pull()

    frozen_clock(clock.now() + SEND_AGAIN + timedelta(days=1))
    follow_time()
    crew.tablet.answer = about_again(crew)
    crew.pull()

    assert held(crew) == set(people[2:])


def test_two_tablets_of_other_caps_hold_what_each_may(app: Flask, crew: SyncTablet, gp: Actor) -> None:
    colleague = a_clinician(Role.OUT_OF_HOURS_NURSE)
    wide = a_sync_tablet(app, colleague)
    people = register(gp, 5)

    crew.pull()
    wide.pull()
    edit(gp, people[0])
    crew.pull()
    wide.pull()

    assert held(crew) == {people[0], people[3], people[4]}
    assert held(wide) == set(people)


# A tablet that goes on disagreeing


def disagree(crew: SyncTablet, times: int) -> None:
    """It asks as a tablet does whose sum is another, and starts the scope again."""
    for _ in range(times):
        crew.pull(state={"sums": {AREA: "1"}})


def told(kind: EventKind) -> list[dict[str, Any]]:
    return [
        row.details
        for row in db.session.scalars(select(AuditEvent).where(AuditEvent.kind == str(kind)).order_by(AuditEvent.id))
    ]


def follows(crew: SyncTablet) -> Follows:
    (found,) = find_follows([UUID(crew.tablet.id)])[UUID(crew.tablet.id)]
    return found


def test_a_tablet_that_goes_on_disagreeing_is_told_of_once(crew: SyncTablet, gp: Actor) -> None:
    register(gp, 2)
    crew.pull()

    disagree(crew, 2)
    assert told(EventKind.TABLET_DISAGREES) == []
    assert follows(crew).disagrees_since is None
    disagree(crew, 3)

    (event,) = told(EventKind.TABLET_DISAGREES)
    assert (event["label"], event["scope"]) == ("Vehicle 4412", AREA)
    assert follows(crew).disagrees_since is not None


def test_a_tablet_that_agrees_again_is_believed_and_may_be_told_of_again(crew: SyncTablet, gp: Actor) -> None:
    register(gp, 2)
    crew.pull()
    disagree(crew, 4)

    crew.pull(state={"sums": {AREA: crew.scopes[AREA].sum}})

    assert follows(crew).disagrees_since is None
    disagree(crew, 3)
    assert len(told(EventKind.TABLET_DISAGREES)) == 2


def test_the_page_of_tablets_and_the_privacy_office_say_what_is_wrong(app: Flask, crew: SyncTablet, gp: Actor) -> None:
    register(gp, 5)
    crew.pull()
    crew.pull()
    service = db.session.get(Organisation, crew.tablet.actor.organisation_id)
    administrator, officer = a_clinician(Role.ADMINISTRATOR, service), a_clinician(Role.PRIVACY_OFFICER, service)
    visit(app, administrator).open("/devices").see("2 people have no room on it").see_nothing_of("Does not agree")

    disagree(crew, 3)

    visit(app, administrator).open("/devices").see("Does not agree with the register", "somebody may be missing on it")
    visit(app, officer).open("/privacy-office").see("It goes on holding other people than it was sent", "Vehicle 4412")


def test_a_sum_that_is_said_before_the_end_of_the_feed_says_nothing(crew: SyncTablet, gp: Actor) -> None:
    people = register(gp, 2)
    crew.pull()

    for level in ("treat_at_home", "comfort_only", "treat_at_home", "comfort_only"):
        edit(gp, people[0], level)
        crew.ask(state={"sums": {AREA: "1"}})

    assert told(EventKind.TABLET_DISAGREES) == []


def test_how_far_a_tablet_is_is_kept_once_its_copy_is_whole(crew: SyncTablet, gp: Actor) -> None:
    def reader() -> FeedReader:
        return db.session.scalars(select(FeedReader).execution_options(populate_existing=True)).one()

    register(gp, 2)
    crew.pull()
    assert (reader().epoch, reader().number) == (None, 0), "it has not said yet that the page came"

    crew.pull()
    assert (reader().epoch, reader().number) == (crew.scopes[AREA].cursor["epoch"], 2)

    crew.scopes[AREA] = Held(a_cursor(AREA))
    crew.ask()
    assert (reader().epoch, reader().number) == (None, 0), "it has begun again"
