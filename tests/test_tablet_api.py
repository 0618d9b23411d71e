"""The tablet's way in keeps to its published description (docs/tablet-api.yaml), whatever a program sends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from marshmallow import Schema
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance
from sqlalchemy import delete, func, select

from epaccs.clinicians.rules import Role
from epaccs.core.db import db
from epaccs.devices.model import Device
from epaccs.devices.schema import EnrolSchema, LeaseSchema, StateSchema
from epaccs.sync.model.push import SealedMiss
from epaccs.sync.schema.audit import AuditSchema
from epaccs.sync.schema.feed import CursorSchema, PullSchema
from epaccs.sync.schema.photo import PhotoSchema
from epaccs.sync.schema.push import EditSchema, PushSchema, SealedSchema
from epaccs.versions.model import Edit, SectionVersion
from tests.devices.leases import a_tablet, token_of
from tests.factories import a_clinician, a_registered_person, sign_in

DESCRIPTION: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "docs" / "tablet-api.yaml").read_text())
PATHS: dict[str, dict[str, Any]] = DESCRIPTION["paths"]
SCHEMAS: dict[str, type[Schema]] = {
    "Enrolment": EnrolSchema,
    "LeaseQuestion": LeaseSchema,
    "Cursor": CursorSchema,
    "State": StateSchema,
    "Pull": PullSchema,
    "Push": PushSchema,
    "Edit": EditSchema,
    "Looks": AuditSchema,
    "SealedBatch": SealedSchema,
    "SealedPhoto": PhotoSchema,
}
#: Looked at before the schema reads the rest of an edit.
BESIDE_THE_SCHEMA = {"Edit": {"signature"}}
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
EXAMPLES = 25
#: What is made up here is never right: it needs a key that is a key, or the id of a tablet.
NEED_A_KEY = {"/sync/v1/enrol", "/sync/v1/lease", "/sync/v1/sealed", "/sync/v1/photo"}


def test_every_way_in_for_tablets_is_described_and_none_besides(app: Flask) -> None:
    rules = {str(rule): rule.methods for rule in app.url_map.iter_rules() if str(rule).startswith("/sync/")}

    assert set(PATHS) == set(rules)
    assert all("POST" in (methods or ()) for methods in rules.values())


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_description_names_the_fields_that_are_read(name: str) -> None:
    described, read = DESCRIPTION["components"]["schemas"][name], SCHEMAS[name]().fields

    assert set(described["properties"]) - BESIDE_THE_SCHEMA.get(name, set()) == set(read)
    assert set(described.get("required", ())) == {one for one, field in read.items() if field.required}
    assert {one for one, said in described["properties"].items() if _may_be_null(said)} >= {
        one for one, field in read.items() if field.allow_none
    }


def _may_be_null(said: dict[str, Any]) -> bool:
    known = DESCRIPTION["components"]["schemas"].get(str(said.get("$ref", "")).rpartition("/")[2], said)
    return "null" in known.get("type", ()) or None in known.get("enum", ())


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
@pytest.mark.parametrize("path", PATHS)
def test_whatever_is_sent_is_answered_as_described_and_changes_no_record(
    app: Flask, path: str, mode: GenerationMode
) -> None:
    api = schemathesis.openapi.from_dict(DESCRIPTION)
    api.app = app
    gp = a_clinician(Role.GP)
    a_registered_person(gp)
    ways = [_with_session(app, gp), _with_lease(app, gp), (app.test_client(), {})]
    before, statuses = _count(), set()

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=api[path]["POST"].as_strategy(generation_mode=mode))
    def holds(case: Case) -> None:
        for client, headers in ways:
            answer = case.call(session=client, headers={"Accept-Encoding": "identity", **headers})
            case.validate_response(answer, checks=CHECKS)
            assert answer.headers["cache-control"] == ["no-store"]
            statuses.add(answer.status_code)
        db.session.execute(delete(SealedMiss))
        db.session.commit()

    holds()

    assert _count() == before
    assert 200 in statuses or mode is GenerationMode.NEGATIVE or path in NEED_A_KEY


def _with_session(app: Flask, actor: Any) -> tuple[FlaskClient, dict[str, str]]:
    client = app.test_client()
    sign_in(client, actor)
    return client, {"X-CSRFToken": token_of(client)}


def _with_lease(app: Flask, actor: Any) -> tuple[FlaskClient, dict[str, str]]:
    tablet = a_tablet(app, actor)
    return tablet.client, {"Authorization": f"Bearer {tablet.lease}"}


def _count() -> dict[str, int | None]:
    """No tablet signed any of it, and no key in it is a key."""
    tables = (Edit, SectionVersion, Device)
    return {one.__name__: db.session.scalar(select(func.count()).select_from(one)) for one in tables}
