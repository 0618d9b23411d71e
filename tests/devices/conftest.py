"""A view that only a tablet may ask, as the rooms above have them."""

from __future__ import annotations

import pytest
from flask import Flask, jsonify

from epaccs.devices.guard import current_tablet, lease_only


@lease_only
def who() -> object:
    tablet = current_tablet()
    return jsonify(
        device=str(tablet.device_id), user=tablet.actor.name, scopes=dict(tablet.scopes), version=tablet.policy.version
    )


@pytest.fixture
def app(app: Flask) -> Flask:
    app.add_url_rule("/sync/v1/who", "who", who, methods=["POST"])
    return app
