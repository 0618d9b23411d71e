"""Tablets come in, with one user or several; whoever may not is told why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from sqlalchemy import func, select

from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core.db import db
from epaccs.core.errors import RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.devices.actions import note_contact
from epaccs.devices.actions.ending import take_out_by_operator
from epaccs.devices.keys import check_public_key, scope_key
from epaccs.devices.model import Device, DeviceUser, Lease
from epaccs.devices.queries import find_device, find_signers
from tests.devices.leases import a_public_key, a_tablet, about, enrol, post
from tests.factories import a_clinician, an_organisation, sign_in
from tests.pages import PageClient


def kinds_of(*kinds: EventKind) -> list[dict[str, Any]]:
    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.kind.in_([str(kind) for kind in kinds])))
    return [row.details for row in sorted(rows, key=lambda row: row.at)]


def current_key(device_id: UUID, clinician_id: UUID) -> dict[str, Any] | None:
    """The key with which somebody signs on a tablet now."""
    theirs = DeviceUser.device_id == device_id, DeviceUser.clinician_id == clinician_id, DeviceUser.ended_at.is_(None)
    return db.session.scalar(select(DeviceUser.public_key).where(*theirs))


def count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_a_crew_enrols_a_tablet_and_gets_what_it_needs(app: Flask) -> None:
    paramedic = a_clinician(Role.PARAMEDIC)

    answer = enrol(app, paramedic)

    told = answer.get_json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert [(one["scope"], one["tier"], one["epoch"]) for one in told["scope_keys"]] == [
        ("area:northdale", "card", "1.1")
    ]
    assert len(told["scope_keys"][0]["key"]) == 43
    assert told["policy"]["tiers"] == [{"scope": "area:northdale", "tier": "card", "cap": 25_000}]
    assert told["policy"]["lease_seconds"] == 18 * 3600
    assert told["user"] == {
        "id": str(paramedic.clinician_id),
        "name": paramedic.name,
        "role": "paramedic",
        "role_label": "paramedic",
        "organisation": paramedic.organisation_name,
    }
    assert {one["kid"].partition("-")[0] for one in (told["lease_key"], told["seal_key"])} == {"lease", "seal"}
    assert "d" not in told["lease_key"]
    assert "d" not in told["seal_key"]
    found = find_device(UUID(told["device_id"]))
    assert found is not None
    assert (found.label, str(found.status), found.organisation_id) == (
        "Vehicle 4412",
        "enrolled",
        paramedic.organisation_id,
    )
    given = kinds_of(EventKind.TABLET_ENROLLED, EventKind.TABLET_LEASE_GIVEN)
    assert [one["device"] for one in given] == [told["device_id"]] * 2


def test_the_same_tablet_has_the_same_keys_and_another_has_others(app: Flask) -> None:
    paramedic, crew = a_clinician(Role.PARAMEDIC), None
    first = a_tablet(app, paramedic)
    crew = a_clinician(Role.PARAMEDIC, db.session.get(Organisation, paramedic.organisation_id))

    mate = enrol(app, crew, device_id=first.id, label=None, device_class=None).get_json()
    other = enrol(app, paramedic).get_json()

    assert mate["device_id"] == first.id
    assert mate["scope_keys"] == first.answer["scope_keys"]
    assert other["scope_keys"][0]["key"] != first.answer["scope_keys"][0]["key"]


def test_a_scope_has_another_key_on_another_tablet_and_for_another_tier_audience_and_epoch(app: Flask) -> None:
    device_id = new_id()
    known = (device_id, "area:northdale", "card", "T0+T1", "1.1")

    others = [
        (new_id(), *known[1:]),
        (device_id, "area:southmere", "card", "T0+T1", "1.1"),
        (device_id, "area:northdale", "full", "T0+T1", "1.1"),
        (device_id, "area:northdale", "card", "T0+T1+T2", "1.1"),
        (device_id, "area:northdale", "card", "T0+T1", "2.1"),
        (device_id, "area:northdale", "card", "T0+T11", ".1"),
    ]

    assert len({scope_key(*known), *(scope_key(*one) for one in others)}) == 7
    assert scope_key(*known) == scope_key(*known)


def test_a_colleague_on_the_same_tablet_who_sees_other_things_has_another_key_of_the_same_scope(app: Flask) -> None:
    paramedic = a_clinician(Role.PARAMEDIC)
    service = db.session.get(Organisation, paramedic.organisation_id)
    first = a_tablet(app, paramedic)

    doctor = enrol(app, a_clinician(Role.OUT_OF_HOURS_GP, service), device_id=first.id, label=None, device_class=None)

    keys = {one["scope"]: one["key"] for one in doctor.get_json()["scope_keys"]}
    assert keys["area:northdale"] != first.answer["scope_keys"][0]["key"]


def test_a_second_user_of_another_organisation_is_told_that_there_is_no_such_tablet(app: Flask) -> None:
    tablet = a_tablet(app, a_clinician(Role.PARAMEDIC))

    answer = enrol(app, a_clinician(Role.PARAMEDIC), device_id=tablet.id)

    assert answer.status_code == 404
    assert count(DeviceUser) == 1
    assert kinds_of(EventKind.TABLET_REFUSED) == [{"device": tablet.id, "why": "NotFound"}]


def test_a_tablet_that_was_taken_out_of_use_gets_no_second_user(app: Flask) -> None:
    paramedic = a_clinician(Role.PARAMEDIC)
    tablet = a_tablet(app, paramedic)
    db.session.get_one(Device, UUID(tablet.id)).status = "revoked"
    db.session.commit()

    answer = enrol(app, paramedic, device_id=tablet.id)

    assert answer.status_code == 422
    assert "Enrol it anew" in answer.get_json()["detail"]


def test_a_new_key_ends_the_one_before_and_the_leases_given_for_it(app: Flask) -> None:
    paramedic = a_clinician(Role.PARAMEDIC)
    before = a_tablet(app, paramedic)

    after = a_tablet(app, paramedic, device_id=before.id)

    device_id = UUID(before.id)
    keys = [signer.public_key for signer in find_signers(device_id, paramedic.clinician_id)]
    assert len(keys) == 2
    assert current_key(device_id, paramedic.clinician_id) == keys[0]
    assert before.post("/sync/v1/who").status_code == 401
    assert after.post("/sync/v1/who").status_code == 200
    assert [one["what"] for one in kinds_of(EventKind.TABLET_ENROLLED)] == ["new_user", "new_key"]


def test_the_same_key_again_ends_nothing(app: Flask) -> None:
    paramedic, private = a_clinician(Role.PARAMEDIC), ec.generate_private_key(ec.SECP256R1())
    first = enrol(app, paramedic, private=private).get_json()

    again = enrol(app, paramedic, private=private, device_id=first["device_id"])

    assert again.status_code == 200
    assert count(DeviceUser) == 1
    assert post(app.test_client(), "/sync/v1/who", {}, lease=first["lease"]).status_code == 200


def test_nobody_has_a_key_on_a_tablet_where_they_made_none(app: Flask) -> None:
    tablet = a_tablet(app, a_clinician(Role.PARAMEDIC))

    assert current_key(UUID(tablet.id), new_id()) is None
    assert find_device(new_id()) is None


@pytest.mark.parametrize(
    ("role", "device_class", "scopes"),
    [
        pytest.param(Role.PARAMEDIC, "managed-tablet", {"area": "card"}, id="ambulance: cards of the area"),
        pytest.param(
            Role.OUT_OF_HOURS_GP, "managed-laptop", {"area": "card", "relationship": "full"}, id="out of hours: both"
        ),
        pytest.param(Role.HOSPICE_NURSE, "managed-tablet", {"relationship": "full"}, id="hospice: the caseload"),
        pytest.param(Role.GP, "fixed-pc", {"practice": "full"}, id="practice: its own list"),
    ],
)
def test_each_role_gets_what_policy_says(app: Flask, role: Role, device_class: str, scopes: dict[str, str]) -> None:
    tablet = a_tablet(app, a_clinician(role), device_class=device_class)

    got = tablet.post("/sync/v1/who").get_json()["scopes"]

    assert {name.partition(":")[0]: tier for name, tier in got.items()} == scopes


REFUSED = [
    pytest.param(Role.PARAMEDIC, {"device_class": "unmanaged"}, 422, "a device that nobody manages", id="unmanaged"),
    pytest.param(Role.PARAMEDIC, {"device_class": "fixed-pc"}, 422, "fixed computer", id="class without a policy"),
    pytest.param(Role.COORDINATOR, {}, 422, "for the role coordinator", id="role without a policy"),
    pytest.param(Role.COMMISSIONER, {}, 403, "may not use a tablet", id="role that sees no card"),
    pytest.param(Role.ADMINISTRATOR, {}, 403, "may not use a tablet", id="administrator"),
    pytest.param(Role.PARAMEDIC, {"label": None}, 422, "Give the tablet a name", id="no name"),
    pytest.param(Role.PARAMEDIC, {"label": "x" * 61}, 422, "60 characters", id="name too long"),
    pytest.param(Role.PARAMEDIC, {"label": "a\x00b"}, 422, "cannot be kept", id="null byte in the name"),
    pytest.param(Role.PARAMEDIC, {"device_class": None}, 422, "who looks after the device", id="no class"),
    pytest.param(Role.PARAMEDIC, {"device_class": "toy"}, 422, "Choose only from", id="unknown class"),
    pytest.param(Role.PARAMEDIC, {"user_key": None}, 422, "Send the public key", id="no key"),
    pytest.param(Role.PARAMEDIC, {"user_key": {"kty": "EC"}}, 422, "EC, P-256", id="half a key"),
    pytest.param(Role.PARAMEDIC, {"user_key": "key"}, 422, "mapping", id="a text for a key"),
    pytest.param(Role.PARAMEDIC, {"now_device": "yesterday"}, 422, "time zone", id="no time"),
    pytest.param(Role.PARAMEDIC, {"device_id": "4412"}, 422, "Give an id", id="no id"),
]


@pytest.mark.parametrize(("role", "fields", "status", "sentence"), REFUSED)
def test_a_refusal_says_what_to_do_and_enrols_nothing(
    app: Flask, role: Role, fields: dict[str, Any], status: int, sentence: str
) -> None:
    answer = enrol(app, a_clinician(role), **fields)

    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == "application/problem+json"
    assert sentence in str(answer.get_json())
    assert (count(Device), count(Lease)) == (0, 0)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half an object"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(b'{"program": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", id="nested inside"),
        pytest.param(b'{"program": 1, "now_device": 9e999, "user_key": {}}', id="numbers for texts"),
        pytest.param(b'"\xff"', id="no UTF-8"),
    ],
)
def test_what_is_no_message_is_refused_as_a_problem(app: Flask, body: bytes) -> None:
    client = app.test_client()
    sign_in(client, a_clinician(Role.PARAMEDIC))
    from tests.devices.leases import token_of

    headers = {"X-CSRFToken": token_of(client)}
    answer = client.post("/sync/v1/enrol", data=body, content_type="application/json", headers=headers)

    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert count(Device) == 0


def test_nobody_enrols_without_signing_in_nor_without_the_form_token(app: Flask) -> None:
    client = app.test_client()

    assert post(client, "/sync/v1/enrol", about(), X_CSRFToken="").status_code == 422
    sign_in(client, a_clinician(Role.PARAMEDIC))
    assert post(client, "/sync/v1/enrol", about(), **{"X-CSRFToken": "guessed"}).status_code == 422
    assert count(Device) == 0


def test_a_lease_alone_enrols_nothing(app: Flask) -> None:
    tablet = a_tablet(app, a_clinician(Role.PARAMEDIC))

    answer = tablet.post("/sync/v1/enrol", about(label="Another", device_class="managed-tablet"))

    assert answer.status_code == 422
    assert count(Device) == 1


def test_a_key_with_its_private_half_is_refused_and_not_kept() -> None:
    with pytest.raises(RuleBroken, match="public half"):
        check_public_key({**a_public_key(), "d": "secret"})


def test_a_point_beside_the_curve_is_refused() -> None:
    key = a_public_key()

    with pytest.raises(RuleBroken, match="P-256"):
        check_public_key({**key, "x": key["y"]})


def test_a_key_of_another_curve_is_refused() -> None:
    from joserfc.jwk import ECKey

    with pytest.raises(RuleBroken, match="P-256"):
        check_public_key(ECKey.generate_key("P-384", private=False).as_dict())


def test_a_browser_that_is_set_up_keeps_a_word_of_it_that_opens_nothing(app: Flask) -> None:
    paramedic = a_clinician(Role.PARAMEDIC)

    answer = enrol(app, paramedic)
    renewed = (tablet := a_tablet(app, paramedic)).renew()

    for one, device_id in ((answer, answer.get_json()["device_id"]), (renewed, tablet.id)):
        words = one.headers.getlist("Set-Cookie")
        [word] = [found for found in words if found.startswith("epaccs-tablet")]
        assert word.startswith(f"epaccs-tablet={device_id};")
        assert "SameSite=Strict" in word
        assert "Max-Age=34560000" in word
        # It is read by the tablet's own page, also where there is no signal.
        assert "HttpOnly" not in word


def test_a_browser_that_took_everything_away_is_told_what_it_was_and_so_is_the_administrator(app: Flask) -> None:
    trust, browser = an_organisation(type=OrganisationType.AMBULANCE), app.test_client()
    paramedic, colleague = a_clinician(Role.PARAMEDIC, trust), a_clinician(Role.PARAMEDIC, trust)
    before = enrol(app, paramedic, client=browser).get_json()
    assert before["before"] is None
    note_contact(UUID(before["device_id"]), state={"outbox": 2})

    again = enrol(app, paramedic, client=browser, label="Vehicle 4412 again").get_json()
    theirs = enrol(app, colleague, device_id=again["device_id"], label=None, device_class=None).get_json()

    for told in (again, theirs):
        assert told["before"] is not None
        assert told["before"]["label"] == "Vehicle 4412"
        assert told["before"]["waiting"] == 2
        assert told["before"]["last_contact_at"].endswith("Z")
    pages = PageClient(app)
    sign_in(pages.browser, a_clinician(Role.ADMINISTRATOR, trust))
    pages.open("/devices").see(
        "Its browser took everything away", "Set up again as Vehicle 4412 again", "ask its users to enter it again"
    )


@pytest.mark.parametrize("mark", ["", "1", "not an id", "another organisation's", "taken out of use"])
def test_a_word_that_names_no_tablet_of_theirs_in_use_is_passed_over(app: Flask, mark: str) -> None:
    paramedic, browser = a_clinician(Role.PARAMEDIC), app.test_client()
    if mark == "another organisation's":
        mark = str(a_tablet(app, a_clinician(Role.PARAMEDIC)).id)
    if mark == "taken out of use":
        tablet = a_tablet(app, paramedic)
        take_out_by_operator(UUID(tablet.id), is_lost=True)
        mark = str(tablet.id)
    browser.set_cookie("epaccs-tablet", mark)

    answer = enrol(app, paramedic, client=browser)

    assert answer.status_code == 200
    assert answer.get_json()["before"] is None
