"""Security as a habit: what no other test asks of every address, and that each line of docs/security.md is proved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from epaccs.app import create_app
from epaccs.clinicians import actions, guard
from epaccs.clinicians.actions import Door, hash_password
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import sealing
from epaccs.core.db import db
from epaccs.core.errors import RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.settings import Mode, Settings
from tests.conftest import Browser, let_go
from tests.factories import a_clinician, a_consent, a_registered_person, an_organisation, sign_in
from tests.hazards import ROOT
from tests.test_every_route import address_of, every_address, in_lines

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
#: Number of the standard, what it asks in our words, and the test or the reason.
LINE = re.compile(r"^\| (V\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+(?:\.py|\.test\.js))::([^`]+)`")


# --- The checklist ---------------------------------------------------------------------------------------------------


def test_every_line_of_the_checklist_names_a_test_that_exists_or_says_why_there_is_none() -> None:
    lines = LINE.findall(PAGE)
    wrong = []
    for number, _asks, proof in lines:
        named = TEST.findall(proof)
        if not named and not proof.startswith(("None: ", "Not here: ")):
            wrong.append((number, proof))
        wrong += [(number, file, name) for file, name in named if not is_test(file, name)]

    assert len(lines) == len(re.findall(r"^\| V\d", PAGE, re.MULTILINE)), "every line of the tables was read"
    assert len(lines) > 90
    assert len({number for number, *_ in lines}) == len(lines)
    assert not wrong, in_lines(wrong)


def is_test(file: str, name: str) -> bool:
    path = ROOT / file
    wanted = rf"^def {re.escape(name)}\(" if path.suffix == ".py" else rf"^test\([\"'`]{re.escape(name)}"
    return path.is_file() and re.search(wanted, path.read_text(encoding="utf-8"), re.MULTILINE) is not None


# --- Every answer ----------------------------------------------------------------------------------------------------


@pytest.fixture
def board(app: Flask) -> Actor:
    """Whoever may open the most pages that name no patient."""
    return a_clinician(Role.ADMINISTRATOR, an_organisation(type=OrganisationType.ICB))


def every_answer(app: Flask, *actors: Actor | None, **options: Any) -> Iterator[tuple[str, TestResponse]]:
    """What each address answers to nobody and to somebody of each of these roles."""
    for actor in (None, *actors):
        client = app.test_client()
        if actor is not None:
            sign_in(client, actor)
        for rule, _ in every_address(app):
            if "GET" in (rule.methods or set()):
                yield rule.rule, client.get(address_of(rule), **options)


def test_no_answer_weakens_the_content_policy_or_lets_another_site_read_it(app: Flask, board: Actor) -> None:
    wrong: list[Any] = []

    asked_from = {"Origin": "https://elsewhere.example"}
    for rule, answer in every_answer(app, board, a_clinician(Role.GP), headers=asked_from):
        policy = answer.headers.get("Content-Security-Policy", "")
        words = policy.replace(";", " ").split()
        loose = {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:", "'strict-dynamic'"} & set(words)
        if rule != "/tablet/kdf.js":  # the one script that computes a key in WebAssembly, and may do nothing else
            loose |= {"'wasm-unsafe-eval'"} & set(words)
        is_page = answer.mimetype == "text/html"
        if loose or "default-src 'none'" not in policy or (is_page and "base-uri 'none'" not in policy):
            wrong.append((rule, policy))
        if answer.headers.get("X-Frame-Options") not in {"DENY", "SAMEORIGIN"}:
            wrong.append((rule, "can be shown in a frame"))
        if answer.headers.get("X-Content-Type-Options") != "nosniff" or "Referrer-Policy" not in answer.headers:
            wrong.append((rule, "a header is missing"))
        wrong += [(rule, name) for name, _ in answer.headers if name.startswith("Access-Control-")]
        if "text/" in answer.mimetype and "charset=utf-8" not in answer.content_type:
            wrong.append((rule, answer.content_type))

    assert not wrong, in_lines(wrong)


def test_every_cookie_is_for_the_browser_alone_and_says_so_on_a_live_site(settings: Settings, board: Actor) -> None:
    with create_app(replace(settings, mode=Mode.LIVE, secure_cookies=True)).app_context() as context:
        client = context.app.test_client()
        answers = [client.get(path, base_url="https://localhost") for path in ("/sign-in", "/ask-for-access")]
        cookies = [one for answer in answers for one in answer.headers.getlist("Set-Cookie")]

        assert cookies
        for cookie in cookies:
            assert cookie.startswith("__Host-")
            assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
        assert all("max-age=63072000" in one.headers["Strict-Transport-Security"] for one in answers)
        db.session.remove()
        db.engine.dispose()


def test_a_forged_host_stands_in_no_answer(app: Flask, board: Actor) -> None:
    wrong = []

    for rule, answer in every_answer(app, board, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}):
        if "evil.example" in answer.get_data(as_text=True) or "evil.example" in str(answer.headers):
            wrong.append(rule)

    assert not wrong, in_lines(wrong)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "DEBUG"])
def test_only_methods_in_use_are_answered(app: Flask, board: Actor, method: str) -> None:
    client = app.test_client()
    sign_in(client, board)

    answers = {client.open(address, method=method).status_code for _, address in every_address(app)}

    assert answers <= {404, 405}


# --- The same work, whether something is there or not ----------------------------------------------------------------


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(re.sub(r"\s+", " ", statement))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def told(answer: TestResponse) -> tuple[Any, ...]:
    """What an outsider can compare, without the numbers that differ in every answer."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", answer.get_data(as_text=True))
    headers = sorted((name, len(value)) for name, value in answer.headers if name != "Content-Length")
    return answer.status_code, headers, re.sub(r'value="[^"]*"', "", text), answer.headers.get("Location")


@pytest.mark.parametrize("page", ["", "/history", "/who-has-looked", "/cpr", "/plan/diagnosis", "/handover", "/scans"])
def test_a_record_out_of_reach_is_as_much_work_as_one_that_is_not_there(app: Flask, page: str) -> None:
    hidden = a_registered_person(a_clinician(Role.GP), consent=a_consent(share_status="refused"))
    client = app.test_client()
    sign_in(client, a_clinician(Role.HOSPICE_NURSE))
    client.get(f"/record/{new_id()}{page}")  # what is kept after the first time is kept for both

    asked = {}
    for name, entry_id in (("hidden", hidden), ("nothing", new_id())):
        with statements() as found:
            answer = client.get(f"/record/{entry_id}{page}")
        asked[name] = (told(answer), without_lists(found))

    assert asked["hidden"] == asked["nothing"]
    assert asked["hidden"][0][0] == 404


def without_lists(found: list[str]) -> list[str]:
    return [one for one in found if not one.startswith(("SAVEPOINT", "RELEASE"))]


def test_signing_in_under_an_unknown_name_asks_the_database_as_often(app: Flask) -> None:
    a_clinician(Role.GP, user_name="ada", password_hash=hash_password("a long night shift"))
    door = Door(address="192.0.2.9", browser="a test")

    def work(user_name: str) -> tuple[list[str], list[str]]:
        with statements() as signing_in, pytest.raises(RuleBroken):
            actions.sign_in(user_name, "not her password", door=door)
        with statements() as first, pytest.raises(RuleBroken):
            actions.set_first_password(user_name, "AAAA-AAAA-AAAA", "some other long words", door=door)
        return signing_in, first

    work("ada")  # what is made at the first time is made
    known, unknown = work("ada"), work("nobody")

    assert [len(one) for one in known] == [len(one) for one in unknown]


# --- Secrets ---------------------------------------------------------------------------------------------------------


def test_with_another_secret_no_session_opens_and_nothing_sealed_does(app: Flask, settings: Settings) -> None:
    client, gp, record_id = app.test_client(), a_clinician(Role.GP), new_id()
    sign_in(client, gp)
    cookie = client.get_cookie(guard.cookie_name())
    assert cookie is not None
    assert client.get("/account").status_code == 200
    sealed = sealing.seal(b"a form", purpose="form", record_id=record_id)

    try:
        rotated = create_app(replace(settings, secret_key="another secret, of the same length as before"))
        rotated.test_client_class = Browser
        other: FlaskClient = rotated.test_client()
        other.set_cookie(guard_name(rotated), cookie.value, path="/")
        answer = other.get("/account")
        with pytest.raises(sealing.CannotBeOpened):
            sealing.unseal(sealed, purpose="form", record_id=record_id)
        let_go(rotated)
    finally:
        sealing.use_secret(settings.secret_key)

    assert (answer.status_code, answer.location.split("?")[0]) == (303, "/sign-in")
    assert sealing.unseal(sealed, purpose="form", record_id=record_id) == b"a form"


def guard_name(app: Flask) -> str:
    with app.app_context():
        return guard.cookie_name()


# --- What it stands on -----------------------------------------------------------------------------------------------


def pinned(name: str) -> dict[str, list[str]]:
    """Each line of a lock: the package with its version, and its hashes."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([\w.\-\[\]]+==\S+)", line):
            found[match[1]] = []
            current = found[match[1]]
        elif match := re.match(r"\s+--hash=(sha256:[0-9a-f]{64})", line):
            current.append(match[1])
        else:
            assert re.match(r"\s*(#|$)", line), f"{name}: {line}"
    return found


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "requirements").glob("*.txt")))
def test_every_package_of_a_lock_has_one_version_and_hashes(name: str) -> None:
    packages = pinned(name)

    assert packages
    assert [package for package, hashes in packages.items() if not hashes] == []
    names = [package.partition("==")[0].lower() for package in packages]
    assert len(set(names)) == len(names)


def test_what_is_installed_is_what_the_lock_says() -> None:
    wanted = dict(package.split("==") for package in pinned("run.txt"))

    installed = {name: version(name.partition("[")[0]) for name in wanted}

    assert installed == wanted


def test_every_package_of_the_front_end_is_locked_with_a_hash() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    loose = [name for name, one in packages.items() if name and not str(one.get("integrity", "")).startswith("sha512-")]

    assert loose == []


def test_no_secret_lies_in_the_project() -> None:
    """A key or password in the history is one for everybody who has the project."""
    secret = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|AKIA[0-9A-Z]{16}|EPACCS_SECRET_KEY=[\w-]{20,}")
    folders = ("epaccs", "docs", "script", "migrations", "bench", "requirements")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if is_text(path)]

    assert [path.name for path in files if secret.search(path.read_text(encoding="utf-8", errors="replace"))] == []


def is_text(path: Path) -> bool:
    return path.is_file() and path.suffix in {
        ".py",
        ".md",
        ".sh",
        ".txt",
        ".yaml",
        ".toml",
        ".html",
        ".js",
        ".json",
        "",
    }
