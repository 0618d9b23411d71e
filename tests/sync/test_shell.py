"""The program of a tablet: the same for everybody, with nobody's data, and under rules of its own."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from epaccs.clinicians.rules import Role
from epaccs.devices.actions import change_policy
from epaccs.devices.rules import DeviceClass, default_policy
from tests.devices.test_ending import an_administrator
from tests.factories import a_clinician, sign_in

PARTS = ("/tablet", "/tablet/kdf.js", "/tablet/scan.js", "/tablet/manifest.webmanifest", "/sw.js")


def directives(policy: str) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


def shell_of(app: Flask) -> dict[str, Any]:
    script = app.test_client().get("/sw.js").get_data(as_text=True)
    found = re.match(r"self\.SHELL = (\{.*\});\n", script)
    assert found is not None
    shell: dict[str, Any] = json.loads(found[1])
    return shell


@pytest.mark.parametrize("address", PARTS)
def test_each_part_is_the_same_for_everybody_and_asked_for_again(app: Flask, address: str) -> None:
    client, stranger = app.test_client(), app.test_client()
    actor = a_clinician(Role.PARAMEDIC)
    sign_in(client, actor)

    answer = client.get(address)

    assert answer.status_code == 200
    assert answer.data == stranger.get(address).data
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Set-Cookie" not in stranger.get(address).headers
    assert actor.name not in answer.get_data(as_text=True)


def test_the_page_runs_no_text_and_sends_no_form(app: Flask) -> None:
    policy = directives(app.test_client().get("/tablet").headers["Content-Security-Policy"])

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["form-action"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "epaccs-tablet"


def test_only_the_slow_worker_compiles_and_it_can_do_nothing_else(app: Flask) -> None:
    client = app.test_client()

    policies = {address: client.get(address).headers["Content-Security-Policy"] for address in (*PARTS, "/sign-in")}

    assert directives(policies["/tablet/kdf.js"]) == {"default-src": "'none'", "script-src": "'wasm-unsafe-eval'"}
    assert [address for address, policy in policies.items() if "wasm" in policy] == ["/tablet/kdf.js"]
    assert directives(policies["/tablet/scan.js"]) == {"default-src": "'none'"}


def test_the_tablets_page_alone_may_ask_for_the_camera(app: Flask) -> None:
    allowed = {
        one: app.test_client().get(one).headers["Permissions-Policy"] for one in ("/tablet", "/sign-in", "/check")
    }

    assert "camera=(self)" in allowed["/tablet"]
    assert "camera=()" in allowed["/sign-in"]
    assert "camera=()" in allowed["/check"]
    assert all("microphone=()" in one for one in allowed.values())


def test_the_worker_reaches_no_further_than_where_it_lies(app: Flask) -> None:
    assert "Service-Worker-Allowed" not in app.test_client().get("/sw.js").headers


def test_the_worker_names_every_file_of_the_shell_as_it_is(app: Flask) -> None:
    client = app.test_client()

    for address, digest in shell_of(app)["files"].items():
        content = hashlib.sha256(client.get(address).data).digest()
        assert base64.urlsafe_b64encode(content).rstrip(b"=").decode() == digest, address


def test_everything_that_the_page_and_its_scripts_load_is_kept(app: Flask) -> None:
    client, files = app.test_client(), set(shell_of(app)["files"])
    page = client.get("/tablet").get_data(as_text=True)
    loaded = set(re.findall(r'(?:src|href)="(/(?:static|tablet)/[^"]+)"', page))
    for script in [one for one in files if one.endswith(".js") and "/js/" in one]:
        folder = script.rsplit("/", 1)[0]
        for name in re.findall(r'from "(\.{1,2}/[^"]+)"', client.get(script).get_data(as_text=True)):
            loaded.add(_joined(folder, name))

    assert loaded - files == set()


def _joined(folder: str, name: str) -> str:
    parts = folder.split("/")
    for part in name.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def test_nobody_is_told_who_is_signed_in_but_they_themselves(app: Flask) -> None:
    client, actor = app.test_client(), a_clinician(Role.PARAMEDIC, name="Lee Hart")

    before = client.get("/tablet/session")
    sign_in(client, actor)
    after = client.get("/tablet/session")

    assert before.get_json()["user"] is None
    assert before.get_json()["csrf_token"] is None
    assert "Set-Cookie" not in before.headers, "come late, it would close the form on which somebody signs in"
    assert after.get_json()["csrf_token"]
    assert after.get_json()["user"] == {"id": str(actor.clinician_id), "name": "Lee Hart"}
    assert after.headers["Cache-Control"] == "no-store"


def test_whoever_sets_a_tablet_up_is_told_how_long_a_passphrase_their_organisation_wants(app: Flask) -> None:
    client, actor = app.test_client(), a_clinician(Role.PARAMEDIC)
    assert client.get("/tablet/session").get_json()["passphrase_length"] is None
    sign_in(client, actor)
    assert client.get("/tablet/session").get_json()["passphrase_length"] == 8

    policy = replace(default_policy(actor.role, DeviceClass.FIXED_PC), passphrase_length=14)
    administrator = an_administrator(actor)
    change_policy(administrator, actor.role, DeviceClass.FIXED_PC, policy, reason="Decided", base_version=0)

    assert client.get("/tablet/session").get_json()["passphrase_length"] == 14
