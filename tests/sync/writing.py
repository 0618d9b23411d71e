"""Tablets that write without signal: edits as their program makes them, signed, sealed, sent as they are told to."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask
from werkzeug.test import TestResponse

from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import canonical_json, db, writing
from epaccs.core.identifiers import new_id
from epaccs.devices.model import OfflinePolicy
from epaccs.devices.queries import current_policy
from epaccs.devices.rules import DeviceClass, policy_as_rules
from epaccs.sync.seals import digest, read_point
from epaccs.versions import registry
from epaccs.versions.model import Entry
from epaccs.versions.queries import find_recorded
from tests.devices.leases import ATablet, a_public_key, a_tablet


def to_text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def sign(private: ec.EllipticCurvePrivateKey, value: Any) -> str:
    """ES256 as a browser writes it."""
    first, second = decode_dss_signature(private.sign(canonical_json(value).encode(), ec.ECDSA(hashes.SHA256())))
    return to_text(first.to_bytes(32) + second.to_bytes(32))


def seal(register_key: dict[str, Any], item_id: str, value: Any) -> dict[str, Any]:
    """Sealed to the register alone, as a browser does it."""
    ours = ec.generate_private_key(ec.SECP256R1())
    shared = ours.exchange(ec.ECDH(), read_point(register_key))
    key = HKDF(hashes.SHA256(), length=32, salt=None, info=b"epaccs tablet seal").derive(shared)
    nonce = secrets.token_bytes(12)
    box = AESGCM(key).encrypt(nonce, canonical_json(value).encode(), item_id.encode())
    epk = {name: a_public_key(ours)[name] for name in ("kty", "crv", "x", "y")}
    return {"id": item_id, "kid": register_key["kid"], "epk": epk, "iv": to_text(nonce), "box": to_text(box)}


@dataclass
class WritingTablet:
    """One tablet and its books; `ahead`: how wrong its clock is."""

    tablet: ATablet
    ahead: timedelta = timedelta()
    sequence: int = 0
    looks: int = 0
    mark: str = ""
    edits: list[dict[str, Any]] = field(default_factory=list)

    @property
    def actor(self) -> Actor:
        return self.tablet.actor

    def now(self) -> datetime:
        return clock.now() + self.ahead

    def edit(self, entry_id: UUID, section: str, body: Any, *, kind: str = "put", **fields: Any) -> dict[str, Any]:
        """Write something down: the next number of the tablet, signed by its author."""
        self.sequence += 1
        recorded = find_recorded(entry_id, section)
        entry = db.session.get(Entry, entry_id)
        unsigned = {
            "id": str(new_id()),
            "sequence": self.sequence,
            "entry_id": str(entry_id),
            "section": section,
            "kind": kind,
            "body": body,
            "base_version": recorded.version if recorded else 0,
            "after_id": None,
            "decided_at": clock.now().isoformat(timespec="microseconds"),
            "recorded_at_device": self.now().isoformat(timespec="microseconds"),
            "monotonic_ms": self.sequence * 1000,
            "author_id": str(self.actor.clinician_id),
            "seen": {"version": entry.change_number if entry else 0, "as_at": clock.now().isoformat()},
            "reason": "cannot_ask",
            "identifiers_checked": ["name", "born"],
            **fields,
        }
        written = self.signed(unsigned)
        self.edits.append(written)
        return written

    def signed(self, unsigned: dict[str, Any]) -> dict[str, Any]:
        return {**unsigned, "signature": sign(self.tablet.private, unsigned)}

    def look(self, entry_id: UUID | None, act: str = "card_viewed", **fields: Any) -> dict[str, Any]:
        """The next entry of its book of looks."""
        self.looks += 1
        entry = db.session.get(Entry, entry_id) if entry_id else None
        look = {
            "sequence": self.looks,
            "act": act,
            "entry_id": str(entry_id) if entry_id else None,
            "version": entry.change_number if entry else None,
            "as_at": clock.now().isoformat(),
            "at_device": self.now().isoformat(timespec="microseconds"),
            "monotonic_ms": self.looks * 1000,
            "author_id": str(self.actor.clinician_id),
            "reason": None,
            "identifiers_checked": [],
            "previous": self.mark,
            **fields,
        }
        self.mark = digest(look)
        return look

    def push(self, *edits: Any, **more: Any) -> TestResponse:
        """Send with the lease."""
        return self.tablet.post("/sync/v1/push", {"edits": list(edits), "now_device": self.now().isoformat(), **more})

    def seal(self, written: dict[str, Any], **changes: Any) -> dict[str, Any]:
        return {**seal(self.tablet.answer["seal_key"], str(written.get("id") or new_id()), written), **changes}

    def send_sealed(self, *sealed: Any, **more: Any) -> TestResponse:
        """Send without any sign-in."""
        return self.tablet.client.post("/sync/v1/sealed", json={"device_id": self.tablet.id, "sealed": sealed, **more})

    def send_looks(self, *looks: Any) -> TestResponse:
        return self.tablet.post("/sync/v1/audit", {"entries": list(looks), "now_device": self.now().isoformat()})


def results_of(answer: TestResponse) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: list[dict[str, Any]] = answer.get_json()["results"]
    return found


def outcomes_of(answer: TestResponse) -> list[str]:
    return [result["outcome"] for result in results_of(answer)]


def let_be_written(actor: Actor, *sections: str, device_class: DeviceClass = DeviceClass.MANAGED_TABLET) -> None:
    """A policy of the actor's organisation that lets their role write these sections without signal, and no other."""
    policy = current_policy(actor.organisation_id, actor.role, device_class)
    with writing() as session:
        session.add(
            OfflinePolicy(
                organisation_id=actor.organisation_id,
                role=str(actor.role),
                device_class=str(device_class),
                version=policy.version + 1,
                rules=policy_as_rules(replace(policy, offline_sections=sections)),
                reason="Tests write it",
                made_at=clock.now(),
                made_by=actor.clinician_id,
                made_by_name=actor.name,
            )
        )


def a_writing_tablet(app: Flask, actor: Actor, **fields: Any) -> WritingTablet:
    """A tablet of an organisation that lets everything be written without signal that the tests write."""
    everything = ("feedback", *sorted(section.name for section in registry.sections()))
    if current_policy(actor.organisation_id, actor.role, DeviceClass.MANAGED_TABLET).offline_sections != everything:
        let_be_written(actor, *everything)
    return WritingTablet(a_tablet(app, actor, **fields))
