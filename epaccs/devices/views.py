"""Tablets for administrators, and what a tablet asks when it is enrolled and renews its lease."""

from __future__ import annotations

import base64
from typing import Any

from flask import Blueprint, Response, current_app, jsonify

from epaccs.access.guard import needs
from epaccs.access.rules import Permission
from epaccs.clinicians.guard import current_actor, current_session
from epaccs.clinicians.rules import ROLE_LABELS
from epaccs.core import clock
from epaccs.core.errors import NotFound
from epaccs.core.web import for_programs, sent_json
from epaccs.devices import actions, keys, queries
from epaccs.devices.actions import GivenLease, Holder, NewTablet
from epaccs.devices.guard import current_lease, current_tablet, lease_or_session
from epaccs.devices.rules import build_claims, caps_of, policy_for_tablet
from epaccs.devices.schema import EnrolSchema, LeaseSchema
from epaccs.settings import Settings

bp = Blueprint("devices", __name__)


# --- What a tablet asks ----------------------------------------------------------------------------------------------


@bp.post("/sync/v1/enrol")
@for_programs
@needs(Permission.USE_TABLET)
def enrol() -> Response:
    """Enrol this tablet, or another user of it."""
    sent = sent_json(EnrolSchema())
    now_device = sent.pop("now_device")
    given = actions.enrol(_holder(), NewTablet(**sent))
    actions.note_contact(given.facts.device_id, state={"program": sent["program"]}, now_device=now_device)
    return _answer(given)


@bp.post("/sync/v1/lease")
@lease_or_session(Permission.USE_TABLET)
def lease() -> Response:
    """Another lease, for the holder of one or for somebody signed in."""
    sent, held = sent_json(LeaseSchema()), current_lease()
    if held is None:
        given = actions.renew_by_session(_holder(), sent["device_id"])
    elif held.device_id != sent["device_id"]:
        raise NotFound
    else:
        given = actions.renew_by_lease(held, current_tablet().actor)
    actions.note_contact(given.facts.device_id, state={"program": sent["program"]}, now_device=sent["now_device"])
    return _answer(given)


def _holder() -> Holder:
    facts = current_session()
    if facts.place is None:
        raise NotFound
    return Holder(current_actor(), facts.place.membership_id, facts.expires_at)


def _answer(given: GivenLease) -> Response:
    """All that a tablet needs to hold its user's people, and nothing of any of them."""
    settings: Settings = current_app.config["EPACCS"]
    facts, actor = given.facts, given.worker.actor
    answer: dict[str, Any] = {
        "device_id": str(facts.device_id),
        "lease": keys.sign_lease(build_claims(facts, given.policy, issuer=settings.public_url)),
        "lease_key": keys.lease_key().public_jwk(use="sig"),
        "seal_key": keys.seal_key().public_jwk(use="enc"),
        "policy": policy_for_tablet(given.policy, facts.scopes, caps_of(given.policy, actor, given.worker.area)),
        "scope_keys": _scope_keys(given, settings),
        "user": {
            "id": str(actor.clinician_id),
            "name": actor.name,
            "role": str(actor.role),
            "role_label": ROLE_LABELS[actor.role],
            "organisation": actor.organisation_name,
        },
        "control_telephone": settings.control_telephone,
        "server_time": clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z"),
    }
    return jsonify(answer)


def _scope_keys(given: GivenLease, settings: Settings) -> list[dict[str, str]]:
    scopes = given.facts.scopes
    epochs = queries.key_epochs(sorted(scopes), restore_generation=settings.restore_generation)
    return [
        {
            "scope": name,
            "tier": tier,
            "epoch": epochs[name],
            "key": _base64url(keys.scope_key(given.facts.device_id, name, tier, epochs[name])),
        }
        for name, tier in sorted(scopes.items())
    ]


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
