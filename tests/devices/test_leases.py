"""A lease opens only what the register itself gives at that moment: whatever is on it, and whatever it says."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey

from epaccs.audit.events import EventKind
from epaccs.clinicians import actions as clinicians
from epaccs.clinicians.model import Clinician, Membership, Organisation
from epaccs.clinicians.rules import Role
from epaccs.core import clock, sealing, web
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.devices import actions, keys, queries
from epaccs.devices.model import Device, DeviceCommand, DeviceUser, Lease
from epaccs.devices.rules import Deed
from tests.conftest import NOW, SECRET
from tests.devices.leases import ATablet, a_tablet, about, post
from tests.devices.test_enrolling import kinds_of
from tests.factories import a_clinician, sign_in


@pytest.fixture
def tablet(app: Flask) -> ATablet:
    return a_tablet(app, a_clinician(Role.PARAMEDIC))


def problem(answer: Any) -> tuple[int, str]:
    assert answer.mimetype == "application/problem+json"
    return answer.status_code, answer.get_json()["type"].rpartition(":")[2]


# --- what it says and who may show it ---


def test_a_tablet_is_known_by_its_lease_and_needs_no_session_or_form_token(tablet: ATablet) -> None:
    answer = tablet.post("/sync/v1/who")

    assert answer.get_json() == {
        "device": tablet.id,
        "user": tablet.actor.name,
        "scopes": {"area:northdale": "card"},
        "version": 0,
    }


def test_a_lease_says_what_the_protocol_says(tablet: ATablet) -> None:
    claims = keys.read_lease(tablet.lease)

    assert set(claims) == {
        "iss", "jti", "device", "user", "membership", "organisation", "role", "iat", "nbf", "exp", "scopes",
        "audience", "may_sign", "may_change", "break_glass", "renew_until",
    }  # fmt: skip
    assert claims["exp"] - claims["iat"] == 18 * 3600
    assert claims["scopes"] == [{"scope": "area:northdale", "tier": "card"}]
    assert claims["audience"] == "T0+T1"
    assert claims["break_glass"] == {"seconds": 4 * 3600, "uses": 1}
    assert claims["renew_until"] == int((NOW + timedelta(hours=13)).timestamp())


def test_a_session_opens_nothing_that_is_a_tablets(app: Flask, tablet: ATablet) -> None:
    client = app.test_client()
    sign_in(client, tablet.actor)

    assert problem(post(client, "/sync/v1/who", {})) == (401, "signed-out")


def test_only_what_brings_a_proof_of_its_own_is_exempt_from_the_form_token(app: Flask) -> None:
    views = app.view_functions.values()
    exempt = {one for one in views if f"{one.__module__}.{one.__name__}" in web.csrf._exempt_views}

    without_token = {str(getattr(one, "permission", "")) for one in exempt}

    assert exempt
    assert without_token <= {"TABLET", "SEALED", "LAUNCH", "PROVIDER", "use a tablet without signal"}
    named = {app.view_functions["devices.lease"]}
    assert {one for one in exempt if one.permission not in ("TABLET", "SEALED", "LAUNCH", "PROVIDER")} == named


def test_to_renew_a_lease_in_a_session_takes_the_form_token(app: Flask, tablet: ATablet) -> None:
    client, body = app.test_client(), about(device_id=tablet.id)
    sign_in(client, tablet.actor)

    assert problem(post(client, "/sync/v1/lease", body, **{"X-CSRFToken": "guessed"})) == (422, "form-not-recognised")
    assert post(client, "/sync/v1/lease", body).status_code == 200


# --- hostile leases ---


def claims_of(tablet: ATablet, **others: Any) -> dict[str, Any]:
    return {**keys.read_lease(tablet.lease), **others}


def signed(claims: dict[str, Any], *, key: Any = None, header: dict[str, Any] | None = None) -> str:
    header = header or {"alg": "ES256", "kid": keys.lease_key().kid}
    return jwt.encode(header, claims, key or ECKey.import_key(keys.lease_key().private), algorithms=[header["alg"]])


def _base64url(value: Any) -> str:
    text = json.dumps(value).encode() if not isinstance(value, bytes) else value
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def unsigned(tablet: ATablet) -> str:
    return f"{_base64url({'alg': 'none'})}.{tablet.lease.split('.')[1]}."


def of_another_key(tablet: ATablet) -> str:
    return signed(claims_of(tablet), key=ECKey.import_key(ec.generate_private_key(ec.SECP256R1())))


def of_the_key_for_seals(tablet: ATablet) -> str:
    return signed(claims_of(tablet), key=ECKey.import_key(keys.seal_key().private))


def with_the_public_key_as_a_password(tablet: ATablet) -> str:
    public = ECKey.import_key(keys.lease_key().private).as_pem(private=False)
    text = f"{_base64url({'alg': 'HS256'})}.{tablet.lease.split('.')[1]}"
    return f"{text}.{_base64url(hmac.digest(public, text.encode(), 'sha256'))}"


def bringing_its_own_key(tablet: ATablet) -> str:
    own = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
    header = {"alg": "ES256", "jwk": own.as_dict(private=False), "kid": keys.lease_key().kid}
    return signed(claims_of(tablet), key=own, header=header)


def with_other_claims(tablet: ATablet) -> str:
    head, _, signature = tablet.lease.split(".")
    return f"{head}.{_base64url(claims_of(tablet, role='gp'))}.{signature}"


def with_a_changed_signature(tablet: ATablet) -> str:
    head, body, signature = tablet.lease.split(".")
    return f"{head}.{body}.{signature[:-6]}AAAAAA"


def without_end(tablet: ATablet) -> str:
    return "a" * 9_000


HOSTILE: list[Any] = [
    pytest.param(unsigned, id="algorithm none"),
    pytest.param(of_another_key, id="signed with another key"),
    pytest.param(of_the_key_for_seals, id="signed with the key for seals"),
    pytest.param(with_the_public_key_as_a_password, id="HMAC with the public key"),
    pytest.param(bringing_its_own_key, id="brings its own key"),
    pytest.param(with_other_claims, id="other claims"),
    pytest.param(with_a_changed_signature, id="changed signature"),
    pytest.param(without_end, id="very long"),
    pytest.param(lambda _: "", id="empty"),
    pytest.param(lambda _: "a.b.c", id="three letters"),
    pytest.param(lambda one: one.lease.rpartition(".")[0], id="without its signature"),
    pytest.param(lambda one: signed(claims_of(one, iss="https://elsewhere.example")), id="of another register"),
    pytest.param(lambda one: signed(claims_of(one, jti=str(new_id()))), id="a lease that was never given"),
    pytest.param(lambda one: signed(claims_of(one, jti="x")), id="an id that is none"),
    pytest.param(lambda one: signed({"iss": claims_of(one)["iss"]}), id="hardly any claims"),
    pytest.param(lambda one: signed(claims_of(one, exp="soon")), id="an end that is none"),
    pytest.param(lambda one: signed(claims_of(one, exp=float("nan"))), id="an end that is no number"),
    pytest.param(lambda one: signed(claims_of(one, nbf=claims_of(one)["exp"])), id="begins in the future"),
]


@pytest.mark.parametrize("forge", HOSTILE)
def test_what_the_register_did_not_sign_so_opens_nothing(tablet: ATablet, forge: Callable[[ATablet], str]) -> None:
    answer = post(tablet.client, "/sync/v1/who", {}, lease=forge(tablet) or " ")

    assert problem(answer) == (401, "signed-out")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "kept" in answer.get_json()["detail"]


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Bearer \xff", "bearer"])
def test_another_way_to_be_known_is_none(tablet: ATablet, header: str) -> None:
    answer = tablet.client.post("/sync/v1/who", json={}, headers={"Authorization": header})

    assert problem(answer) == (401, "signed-out")


def test_a_lease_of_a_site_with_another_secret_opens_nothing(tablet: ATablet) -> None:
    kid = keys.lease_key().kid
    sealing.use_secret("another secret, as long as it must be")
    try:
        assert keys.lease_key().kid != kid
        with pytest.raises(keys.AlteredLease):
            keys.read_lease(tablet.lease)
    finally:
        sealing.use_secret(SECRET)
    assert keys.lease_key().kid == kid


# --- what ends it ---


def end_role(tablet: ATablet) -> None:
    with writing() as session:
        row = session.query(Membership).filter_by(clinician_id=tablet.actor.clinician_id).one()
        row.until_date = clock.today() - timedelta(days=1)


def change_role(tablet: ATablet) -> None:
    with writing() as session:
        session.query(Membership).filter_by(clinician_id=tablet.actor.clinician_id).one().role = "call-handler"


def close_organisation(tablet: ATablet) -> None:
    with writing() as session:
        session.get_one(Organisation, tablet.actor.organisation_id).closed_on = clock.today()


def close_account(tablet: ATablet) -> None:
    clinicians.end_access(None, tablet.actor.clinician_id)


def end_account_elsewhere(tablet: ATablet) -> None:
    with writing() as session:
        session.get_one(Clinician, tablet.actor.clinician_id).ended_at = clock.now()


def reset(tablet: ATablet) -> None:
    clinicians.reset_password(None, tablet.actor.clinician_id)


def set_password(tablet: ATablet) -> None:
    given = clinicians.reset_password(None, tablet.actor.clinician_id)
    door = clinicians.Door("192.0.2.1")
    clinicians.set_first_password(given.user_name, given.code, "a long night shift", door=door)


def take_off(tablet: ATablet) -> None:
    with writing() as session:
        session.query(DeviceUser).filter_by(clinician_id=tablet.actor.clinician_id).one().ended_at = clock.now()


@pytest.mark.parametrize(
    ("happens", "kind", "words"),
    [
        pytest.param(end_role, "tablet-user-ended", "role", id="the role was ended"),
        pytest.param(change_role, "tablet-user-ended", "role", id="another role"),
        pytest.param(close_organisation, "tablet-user-ended", "role", id="the organisation left"),
        pytest.param(close_account, "tablet-user-ended", "closed", id="the account was closed"),
        pytest.param(end_account_elsewhere, "tablet-user-ended", "closed", id="the account ended some other way"),
        pytest.param(reset, "signed-out", "reset", id="the password was reset"),
        pytest.param(set_password, "signed-out", "password", id="the password was changed"),
        pytest.param(take_off, "signed-out", "newer key", id="the user was taken off"),
    ],
)
def test_a_lease_ends_with_what_it_stands_on(
    tablet: ATablet, happens: Callable[[ATablet], None], kind: str, words: str
) -> None:
    assert tablet.post("/sync/v1/who").status_code == 200
    happens(tablet)

    answer = tablet.post("/sync/v1/who")

    assert problem(answer) == (401, kind)
    assert words in answer.get_json()["detail"]
    assert "Sign in" in answer.get_json()["detail"]
    assert problem(tablet.renew()) == (401, kind)


def test_an_ended_lease_is_told_of_once_in_the_audit(tablet: ATablet) -> None:
    end_role(tablet)

    for _ in range(3):
        tablet.post("/sync/v1/who")

    lease_id = keys.read_lease(tablet.lease)["jti"]
    assert kinds_of(EventKind.TABLET_LEASE_ENDED) == [{"device": tablet.id, "lease": lease_id, "reason": "role_ended"}]


def test_a_colleagues_password_ends_nothing_of_mine(app: Flask, tablet: ATablet) -> None:
    mate = a_clinician(Role.PARAMEDIC, db.session.get(Organisation, tablet.actor.organisation_id))
    theirs = a_tablet(app, mate, device_id=tablet.id)

    clinicians.reset_password(None, mate.clinician_id)

    assert theirs.post("/sync/v1/who").status_code == 401
    assert tablet.post("/sync/v1/who").status_code == 200


def test_a_lease_runs_out_by_the_registers_clock(tablet: ATablet, frozen_clock: Callable[[datetime], None]) -> None:
    frozen_clock(NOW + timedelta(hours=17, minutes=59))
    assert tablet.post("/sync/v1/who").status_code == 200

    frozen_clock(NOW + timedelta(hours=18, seconds=1))

    assert problem(tablet.post("/sync/v1/who")) == (401, "signed-out")


def test_a_lease_that_the_register_shortened_has_run_out_whatever_it_says(
    tablet: ATablet, frozen_clock: Callable[[datetime], None]
) -> None:
    with writing() as session:
        session.query(Lease).one().expires_at = NOW + timedelta(minutes=5)
    frozen_clock(NOW + timedelta(minutes=6))

    assert problem(tablet.post("/sync/v1/who")) == (401, "signed-out")


def test_before_the_registers_clock_was_put_back_nothing_was_given(
    tablet: ATablet, frozen_clock: Callable[[datetime], None]
) -> None:
    frozen_clock(NOW - timedelta(hours=1))

    answer = tablet.post("/sync/v1/who")

    assert problem(answer) == (401, "signed-out")
    assert "later than now" in answer.get_json()["detail"]


# --- renewal ---


def test_a_tablet_in_contact_renews_its_lease_by_itself(
    tablet: ATablet, frozen_clock: Callable[[datetime], None]
) -> None:
    frozen_clock(NOW + timedelta(hours=3))

    renewed = tablet.renew()

    assert renewed.status_code == 200
    later = keys.read_lease(renewed.get_json()["lease"])["exp"] - keys.read_lease(tablet.lease)["exp"]
    assert later == 3 * 3600


def test_a_lease_renews_a_lease_until_the_session_would_have_ended(
    tablet: ATablet, frozen_clock: Callable[[datetime], None]
) -> None:
    frozen_clock(NOW + timedelta(hours=12, minutes=59))
    renewed = tablet.renew().get_json()
    claims = keys.read_lease(renewed["lease"])

    assert claims["exp"] > keys.read_lease(tablet.lease)["exp"]
    assert claims["renew_until"] == keys.read_lease(tablet.lease)["renew_until"]
    assert renewed["scope_keys"] == tablet.answer["scope_keys"]
    assert tablet.post("/sync/v1/who").status_code == 200, "the answer may be lost, so the old one still counts"

    frozen_clock(NOW + timedelta(hours=13, seconds=1))
    answer = post(tablet.client, "/sync/v1/lease", about(device_id=tablet.id), lease=renewed["lease"])
    assert answer.status_code == 422
    assert "Sign in again" in answer.get_json()["detail"]


def test_a_lease_renews_only_its_own_tablets(app: Flask, tablet: ATablet) -> None:
    other = a_tablet(app, tablet.actor)

    assert problem(tablet.post("/sync/v1/lease", about(device_id=other.id))) == (404, "not-found")


def test_somebody_signed_in_renews_only_where_they_have_a_key(app: Flask, tablet: ATablet) -> None:
    mate = a_clinician(Role.PARAMEDIC, db.session.get(Organisation, tablet.actor.organisation_id))
    client, stranger = app.test_client(), app.test_client()
    sign_in(client, mate)
    sign_in(stranger, a_clinician(Role.PARAMEDIC))
    body = about(device_id=tablet.id)

    mates, strangers = post(client, "/sync/v1/lease", body), post(stranger, "/sync/v1/lease", body)

    assert (mates.status_code, strangers.status_code) == (422, 404)
    assert "Enrol yourself" in mates.get_json()["detail"]


def test_nobody_renews_without_lease_or_session(app: Flask, tablet: ATablet) -> None:
    answer = post(app.test_client(), "/sync/v1/lease", about(device_id=tablet.id), Accept="text/html")

    assert problem(answer) == (422, "form-not-recognised")


# --- what a tablet says of itself, and what it is told ---


def test_a_tablet_is_known_by_what_it_said_last(tablet: ATablet) -> None:
    state = {"outbox": 2, "audit": 5, "storage_bytes": 31_000_000, "is_persisted": True, "sums": {"area:x": "a9"}}
    actions.note_contact(UUID(tablet.id), state=state, now_device=clock.now() + timedelta(seconds=90))
    actions.note_contact(UUID(tablet.id), state={"outbox": 0, "unknown": 1})

    row = db.session.get_one(Device, UUID(tablet.id))
    assert (row.outbox_length, row.audit_length, row.is_persisted, row.sums) == (0, 5, True, {"area:x": "a9"})
    assert row.clock_offset_ms is not None
    assert abs(row.clock_offset_ms - 90_000) < 5
    assert row.program == "2026.11.3"


def test_a_wild_clock_is_kept_as_it_is(tablet: ATablet) -> None:
    answer = tablet.post("/sync/v1/lease", {**about(device_id=tablet.id), "now_device": "9999-12-31T23:59:59Z"})

    assert answer.status_code == 200
    offset = db.session.get_one(Device, UUID(tablet.id)).clock_offset_ms
    assert offset is not None
    assert offset > 10**14


def test_what_nobody_enrolled_is_not_noted(app: Flask) -> None:
    actions.note_contact(new_id(), state={"outbox": 1})

    assert db.session.query(Device).count() == 0


def test_a_command_is_told_until_it_is_done(tablet: ATablet) -> None:
    device_id = UUID(tablet.id)
    with writing() as session:
        session.add(DeviceCommand(device_id=device_id, deed=str(Deed.RESYNC), issued_at=clock.now()))
    (told,) = queries.pending_commands(device_id)

    actions.note_delivered([told.id])
    actions.note_delivered([])
    assert queries.pending_commands(device_id) == [told]
    actions.note_done(device_id, [told.id, new_id()])

    assert queries.pending_commands(device_id) == []
    assert str(db.session.get_one(Device, device_id).status) == "enrolled"


def test_the_feed_says_which_epoch_the_key_of_a_scope_belongs_to(app: Flask, tablet: ATablet) -> None:
    queries.use_epochs(lambda names: dict.fromkeys(names, "1.7.ab12"))
    try:
        renewed = tablet.renew().get_json()
    finally:
        queries._epochs.clear()

    assert [one["epoch"] for one in renewed["scope_keys"]] == ["1.7"]
    assert renewed["scope_keys"][0]["key"] != tablet.answer["scope_keys"][0]["key"]
