"""What an administrator sees of tablets and decides about them; without scripts, as every page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.devices import actions, queries
from epaccs.devices.model import Device
from epaccs.devices.rules import DeviceClass
from tests.conftest import NOW
from tests.devices.leases import ATablet, a_tablet
from tests.devices.test_ending import an_administrator, many, statuses
from tests.factories import a_clinician, sign_in
from tests.pages import PageClient


@pytest.fixture
def tablet(app: Flask) -> ATablet:
    return a_tablet(app, a_clinician(Role.PARAMEDIC))


def of(app: Flask, actor: Actor) -> PageClient:
    pages = PageClient(app)
    sign_in(pages.browser, actor)
    return pages


@pytest.fixture
def pages(app: Flask, tablet: ATablet) -> PageClient:
    return of(app, an_administrator(tablet.actor))


def test_the_list_says_how_each_tablet_stands(pages: PageClient, tablet: ATablet, frozen_clock: Any) -> None:
    state = {"outbox": 2, "audit": 1, "storage_bytes": 31_000_000, "is_persisted": False}
    actions.note_contact(UUID(tablet.id), state=state, now_device=clock.now() - timedelta(minutes=9))
    frozen_clock(NOW + timedelta(minutes=5, seconds=1))

    pages.open("/devices").see(
        "Vehicle 4412", tablet.actor.name, "5 min ago", "Up to date", "2 changes", "1 entry of who looked", "31.0 MB",
        "the browser may clear it", "9 minutes behind", "2026.11.3", "In use",
    )  # fmt: skip
    frozen_clock(NOW + timedelta(minutes=50, seconds=1))
    pages.open("/devices").see("50 min ago", "Some time ago")


def test_the_list_says_where_plans_are_missing_and_whose_device_is_nearly_full(app: Flask, tablet: ATablet) -> None:
    short, whole = tablet, a_tablet(app, tablet.actor, label="Vehicle 4398")
    for one, state in (
        (short, {"plans_missing": 12, "reserve_bytes": 65_536}),
        (short, {"outbox": 1, "plans_missing": None}),
        (whole, {"plans_missing": 0, "reserve_bytes": 2_097_152}),
    ):
        assert one.post("/sync/v1/pull", {"cursors": [], "state": state}).status_code == 200

    administrator = an_administrator(tablet.actor)
    found = {one.label: (one.missing_words, one.is_nearly_full) for one in queries.tablets_of(administrator)}
    assert found == {"Vehicle 4412": ("12 whole plans are missing on it", True), "Vehicle 4398": ("", False)}
    page = of(app, administrator).open("/devices")
    page.see("12 whole plans are missing on it, because its room is short", "Nearly full")


@pytest.mark.parametrize(
    ("ways", "words"),
    [
        pytest.param(["argon2id"], "(unlocks with a passphrase)", id="a passphrase"),
        pytest.param(["argon2id", "prf"], "(unlocks with a passphrase or the device's own lock)", id="the device too"),
        pytest.param(["pbkdf2"], "(unlocks with a passphrase, kept in a weaker way: its browser runs no", id="weaker"),
        pytest.param(["face-of-2031"], "(unlocks with a passphrase)", id="a way of a later program"),
        pytest.param([], "(unlocking not reported)", id="nothing"),
    ],
)
def test_the_list_says_with_what_each_user_unlocks(
    pages: PageClient, tablet: ATablet, ways: list[str], words: str
) -> None:
    pages.open("/devices").see("(unlocking not reported)")
    state, reader = {"unlock": ways}, tablet.actor.clinician_id
    actions.note_contact(UUID(tablet.id), state=state, clinician_id=reader)
    actions.note_contact(UUID(tablet.id), state={"outbox": 1}, clinician_id=reader)
    actions.note_contact(UUID(tablet.id), state={"unlock": ["prf"]}, clinician_id=new_id())

    pages.open("/devices").see(words)


def test_the_devices_own_lock_is_forbidden_for_a_role_and_the_passphrase_stays(
    pages: PageClient, tablet: ATablet
) -> None:
    assert tablet.answer["policy"]["unlock"] == ["prf", "passphrase"]
    pages.open("/devices/policy/paramedic/managed-tablet").see("Whoever can unlock the device can then read")

    pages.fill(unlock="passphrase", reason="Tablets go from hand to hand").submit("Save as a new version")

    answer = tablet.renew().get_json()
    assert answer["policy"]["unlock"] == ["passphrase"]
    pages.open("/devices/policy/paramedic/managed-tablet")
    assert pages.value_of("unlock") == "passphrase"
    pages.fill(unlock="prf", reason="One each").submit("Save as a new version")
    assert tablet.renew().get_json()["policy"]["unlock"] == ["prf", "passphrase"]


def test_a_tablet_that_has_not_reported_says_so_and_one_without_contact_is_too_old(
    app: Flask, tablet: ATablet, frozen_clock: Any
) -> None:
    frozen_clock(NOW + timedelta(days=3, seconds=1))
    pages = of(app, an_administrator(tablet.actor))

    pages.open("/devices").see("Too old to rely on", "3 days ago", "Not reported", "Clock: right")


def test_without_tablets_the_page_says_how_one_comes(app: Flask) -> None:
    of(app, a_clinician(Role.ADMINISTRATOR)).open("/devices").see("None is enrolled")


def test_the_menu_leads_an_administrator_there_and_nobody_else(app: Flask, pages: PageClient, tablet: ATablet) -> None:
    pages.open("/admin").follow("Tablets").see("Vehicle 4412")
    crew = of(app, tablet.actor).open("/")

    assert "/devices" not in crew.page.html
    crew.open("/devices", status=403)


def test_another_organisations_tablets_are_nobodys_here(app: Flask, tablet: ATablet) -> None:
    stranger = of(app, a_clinician(Role.ADMINISTRATOR))

    stranger.open("/devices").see_nothing_of("Vehicle 4412")
    stranger.open(f"/devices/take-out?device={tablet.id}").see("No tablet that could be taken out of use")
    stranger.open("/devices/take-out?device=nothing", status=404)
    assert statuses([UUID(tablet.id)]) == {"enrolled"}


def test_a_lost_tablet_is_reported_after_a_page_that_says_what_will_happen(pages: PageClient, tablet: ATablet) -> None:
    actions.note_contact(UUID(tablet.id), state={"outbox": 2})
    pages.open("/devices").follow("Lost, or take out of use Vehicle 4412")
    pages.see("What will happen", "Nothing written is lost", "Vehicle 4412 2")
    pages.submit("Take out of use now", status=422)
    assert pages.errors() == ["Choose why"]

    pages.fill(why="lost").submit("Take out of use now")

    pages.see("The tablet was taken out of use", "Lost", "Has not been in contact since")
    assert statuses([UUID(tablet.id)]) == {"lost"}
    tablet.post("/sync/v1/who")
    pages.open("/devices").see("Was told to erase what it holds")
    tablet.post("/sync/v1/erased")
    pages.open("/devices").see("Erased", "Has erased what it held")


def test_several_are_chosen_from_a_list(pages: PageClient, tablet: ATablet) -> None:
    two = many(tablet, 2)
    pages.open("/devices").follow("Take tablets out of use").submit("Take out of use now", status=422)
    assert pages.errors() == ["Choose at least one tablet", "Choose why"]

    pages.fill(device_ids=[str(one) for one in two], why="revoked").submit("Take out of use now")

    pages.see("2 tablets were taken out of use")
    assert statuses(two) == {"revoked"}
    assert statuses([UUID(tablet.id)]) == {"enrolled"}


def test_many_wait_for_a_second_administrator(app: Flask, pages: PageClient, tablet: ATablet) -> None:
    six = many(tablet, 6)
    pages.open("/devices/take-out").see("More than 5 within an hour wait")
    pages.fill(device_ids=[str(one) for one in six], why="lost").submit("Take out of use now")
    pages.see("Another administrator must agree", "6 tablets wait for a second administrator")
    pages.follow("Let it be, or wait").see("Another administrator of your organisation must agree")
    second = of(app, an_administrator(tablet.actor)).open("/devices").follow("Agree, or let it be")
    second.see("Vehicle 0", "because they are lost or stolen")

    second.submit("Agree: take them out of use now").see("6 tablets were taken out of use")

    assert statuses(six) == {"lost"}
    pages.submit("Keep them in use", status=404)


def test_whoever_asked_lets_it_be(pages: PageClient, tablet: ATablet) -> None:
    six = many(tablet, 6)
    pages.open("/devices/take-out")
    pages.fill(device_ids=[str(one) for one in six], why="lost").submit("Take out of use now")

    pages.follow("Let it be, or wait").submit("Keep them in use").see("The tablets stay in use")

    assert statuses(six) == {"enrolled"}
    pages.open(f"/devices/requests/{new_id()}", status=404)


def test_a_tablet_is_told_to_fetch_everything_again(pages: PageClient, tablet: ATablet) -> None:
    pages.open("/devices").submit("Fetch everything again Vehicle 4412")

    pages.see("fetches everything again at its next contact")
    assert [str(one.deed) for one in queries.pending_commands(UUID(tablet.id))] == ["resync"]


def test_what_may_lie_on_a_tablet_is_changed_with_a_reason(pages: PageClient, tablet: ATablet) -> None:
    pages.open("/devices/policy").see("The card of everybody in the area, at most 25,000", "As the register comes")
    pages.open("/devices/policy/paramedic/managed-tablet")

    pages.fill(area_cap="12000", lease_seconds="10", reason="").submit("Save as a new version", status=422)
    assert pages.errors() == ["Enter the reason"]
    pages.fill(reason="Decided on 3 November").submit("Save as a new version")

    pages.see("at most 12,000", "10 hours", "Version 1", "Decided on 3 November")
    policy = queries.current_policy(tablet.actor.organisation_id, Role.PARAMEDIC, DeviceClass.MANAGED_TABLET)
    assert (policy.lease_seconds, policy.tiers[0].cap) == (36_000, 12_000)
    pages.open("/devices/policy/paramedic/managed-tablet").see("Versions, newest first")


def test_what_goes_too_far_is_refused_beside_its_box(pages: PageClient) -> None:
    pages.open("/devices/policy/paramedic/managed-tablet")

    pages.fill(area_cap="90000", lease_seconds="100", attempts="50", reason="x").submit(
        "Save as a new version", status=422
    )

    assert pages.errors() == [
        "Choose from 1 to 25,000 people: no tablet holds more",
        "Choose how long it may be read without contact from 1 to 72 hours",
        "Choose how many wrong passphrases erase the keys from 3 to 10",
    ]
    assert pages.value_of("area_cap") == "90000"


def test_to_hold_nothing_and_never_longer_can_be_chosen(pages: PageClient, tablet: ATablet) -> None:
    pages.open("/devices/policy/paramedic/managed-tablet")

    pages.fill(area_tier="none", area_cap="", break_glass_seconds="0", offline_sections=[], reason="Not yet").submit(
        "Save as a new version"
    )

    policy = queries.current_policy(tablet.actor.organisation_id, Role.PARAMEDIC, DeviceClass.MANAGED_TABLET)
    assert (policy.tiers, policy.break_glass_uses, policy.offline_sections) == ((), 0, ())
    assert tablet.renew().status_code == 422


def test_a_policy_made_meanwhile_is_not_overwritten(app: Flask, pages: PageClient, tablet: ATablet) -> None:
    pages.open("/devices/policy/paramedic/managed-tablet").fill(attempts="5", reason="First")
    other = of(app, an_administrator(tablet.actor)).open("/devices/policy/paramedic/managed-tablet")
    other.fill(attempts="4", reason="Second").submit("Save as a new version")

    pages.submit("Save as a new version", status=409)

    policy = queries.current_policy(tablet.actor.organisation_id, Role.PARAMEDIC, DeviceClass.MANAGED_TABLET)
    assert (policy.attempts, policy.version) == (4, 1)


@pytest.mark.parametrize("path", ["gp/managed-tablet", "paramedic/toy", "call-handler/managed-tablet", "x/y"])
def test_there_is_no_policy_for_a_role_that_carries_nobody(pages: PageClient, path: str) -> None:
    pages.open(f"/devices/policy/{path}", status=404)


def test_an_organisation_whose_roles_carry_nobody_is_told_so(app: Flask) -> None:
    from epaccs.clinicians.rules import OrganisationType
    from tests.factories import an_organisation

    council = an_organisation(type=OrganisationType.LOCAL_AUTHORITY)

    of(app, a_clinician(Role.ADMINISTRATOR, council)).open("/devices/policy").see(
        "No role of this organisation carries cards"
    )


def test_a_label_is_shown_as_text(app: Flask) -> None:
    crew = a_clinician(Role.PARAMEDIC)
    a_tablet(app, crew, label="<b>4412</b>")

    pages = of(app, a_clinician(Role.ADMINISTRATOR, db.session.get(Organisation, crew.organisation_id)))

    pages.open("/devices").see("<b>4412</b>")
    assert db.session.query(Device).one().label == "<b>4412</b>"
