"""A tablet as its program would speak for it: enrolled, with a lease."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.devices.model import Device
from tests.factories import sign_in

NOW_DEVICE = "2026-11-21T03:00:00.250000Z"


def a_public_key(private: ec.EllipticCurvePrivateKey | None = None) -> dict[str, Any]:
    """The public half of a key as a browser exports it."""
    private = private or ec.generate_private_key(ec.SECP256R1())
    jwk = ECKey.import_key(private).as_dict(private=False)
    return {**{name: jwk[name] for name in ("kty", "crv", "x", "y")}, "ext": True, "key_ops": ["verify"]}


def token_of(client: FlaskClient) -> str:
    """The form token of the session, as a page shows it to its scripts."""
    page = client.get("/account").get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, "the page has a form"
    return found[1]


def post(client: FlaskClient, path: str, body: Any, *, lease: str | None = None, **headers: str) -> TestResponse:
    """Send JSON as the tablet's program does: with its lease, or with the form token of its session."""
    headers = {"Authorization": f"Bearer {lease}"} if lease else headers or {"X-CSRFToken": token_of(client)}
    return client.post(path, json=body, headers=headers)


@dataclass
class ATablet:
    """One tablet in the hands of one person."""

    client: FlaskClient
    actor: Actor
    answer: dict[str, Any]
    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def id(self) -> str:
        return str(self.answer["device_id"])

    @property
    def lease(self) -> str:
        return str(self.answer["lease"])

    def post(self, path: str, body: Any = None) -> TestResponse:
        return post(self.client, path, body or {}, lease=self.lease)

    def renew(self) -> TestResponse:
        return self.post("/sync/v1/lease", about(device_id=self.id))


def about(**fields: Any) -> dict[str, Any]:
    return {"program": "2026.11.3", "now_device": clock.now().isoformat(), **fields}


def enrol(
    app: Flask, actor: Actor, *, client: FlaskClient | None = None, private: Any = None, **fields: Any
) -> TestResponse:
    """What the register answers to somebody who enrols a tablet."""
    client = client or app.test_client()
    sign_in(client, actor)
    known = {"label": "Vehicle 4412", "device_class": "managed-tablet", "user_key": a_public_key(private)}
    body = about(**{**known, **fields})
    return post(client, "/sync/v1/enrol", {name: value for name, value in body.items() if value is not None})


def a_tablet(app: Flask, actor: Actor, **fields: Any) -> ATablet:
    """An enrolled tablet, its session signed out of: it has its lease and nothing else."""
    private = ec.generate_private_key(ec.SECP256R1())
    answer = enrol(app, actor, private=private, **fields)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return ATablet(app.test_client(), actor, answer.get_json(), private)


def some_tablets(of: Actor, number: int) -> list[UUID]:
    """So many tablets of somebody's organisation, without a lease."""
    rows = [
        Device(
            organisation_id=of.organisation_id,
            label=f"Vehicle {one}",
            device_class="managed-tablet",
            status="enrolled",
            enrolled_at=clock.now(),
            enrolled_by=of.clinician_id,
            last_contact_at=clock.now(),
            program="1",
        )
        for one in range(number)
    ]
    with writing() as session:
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]
