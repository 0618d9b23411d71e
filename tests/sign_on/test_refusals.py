"""Every way in which the answer of an identity provider is refused. It reaches no data: one database is enough."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select
from werkzeug.test import TestResponse

from epaccs.app import create_app
from epaccs.clinicians.model import ClinicianSession
from epaccs.clinicians.rules import Actor
from epaccs.core import base64url, clock
from epaccs.core.db import canonical_json, db
from epaccs.settings import Settings
from epaccs.sign_on.provider import Conversation, ProviderRefused, read_id_token
from tests.conftest import let_go
from tests.pages import PageClient
from tests.sign_on.provider import REDIRECT_URI, Provider, sign_in_there
from tests.sign_on.test_provider import events, is_signed_in, known_there, leave


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One of the two."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'epaccs.sqlite3')}"


def is_refused(pages: PageClient, answer: TestResponse, *, why: str) -> None:
    assert (answer.status_code, answer.headers["Cache-Control"]) == (422, "no-store")
    assert "The answer of the other sign-in was not accepted" in answer.text
    assert not is_signed_in(pages)
    assert db.session.scalars(select(ClinicianSession)).first() is None
    assert [one["why"] for one in events("sign_in_refused")] == [why]


# Which answers are not believed


def test_an_answer_is_taken_once(pages: PageClient, provider: Provider, administrator: Actor, ada: Actor) -> None:
    known_there(provider)
    back = sign_in_there(leave(pages), "ada-there")
    cookie = pages.browser.get_cookie("epaccs-provider")
    assert cookie is not None
    pages.browser.get(back)

    again = PageClient(pages.app)
    again.browser.set_cookie("epaccs-provider", cookie.value)
    answer = again.browser.get(back)

    assert answer.status_code == 422
    assert not is_signed_in(again)
    assert events("sign_in_refused")[-1]["why"] == "state"


def test_an_answer_made_for_another_browser_is_not_taken(pages: PageClient, provider: Provider, ada: Actor) -> None:
    known_there(provider)
    theirs = sign_in_there(leave(PageClient(pages.app)), "ada-there")
    leave(pages)

    is_refused(pages, pages.browser.get(theirs), why="state")


def test_an_answer_to_another_nonce_is_not_taken(pages: PageClient, provider: Provider, ada: Actor) -> None:
    known_there(provider)

    back = sign_in_there(leave(pages), "ada-there", nonce="somebody-elses")

    is_refused(pages, pages.browser.get(back), why="invalid_claim")


def test_an_answer_that_took_too_long_is_not_taken(
    pages: PageClient, provider: Provider, ada: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    known_there(provider)
    back = sign_in_there(leave(pages), "ada-there")
    frozen_clock(datetime.now(UTC) + timedelta(minutes=11))

    is_refused(pages, pages.browser.get(back), why="state")


def test_a_token_that_has_run_out_is_not_taken(
    pages: PageClient, provider: Provider, ada: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    known_there(provider)
    back = sign_in_there(leave(pages), "ada-there")
    frozen_clock(datetime.now(UTC) + timedelta(minutes=5))

    is_refused(pages, pages.browser.get(back), why="expired_token")


def test_a_code_that_another_program_asked_for_is_not_taken(pages: PageClient, provider: Provider, ada: Actor) -> None:
    known_there(provider)

    back = sign_in_there(leave(pages), "ada-there", client_id="another-program")

    is_refused(pages, pages.browser.get(back), why="code")


def test_whoever_the_provider_does_not_know_is_not_taken(pages: PageClient, provider: Provider) -> None:
    back = sign_in_there(leave(pages), "nobody")

    is_refused(pages, pages.browser.get(back), why="no_code")


def test_an_answer_that_names_another_provider_is_not_taken(pages: PageClient, provider: Provider, ada: Actor) -> None:
    known_there(provider)
    back = sign_in_there(leave(pages), "ada-there")

    is_refused(pages, pages.browser.get(back.replace("127.0.0.1", "127.0.0.2")), why="other_issuer")


def test_another_provider_at_the_same_place_is_not_asked(settings: Settings, provider: Provider) -> None:
    elsewhere = provider.settings(issuer=f"http://localhost:{provider.port}")
    app = create_app(replace(settings, identity_provider=elsewhere))

    answer = app.test_client().get("/sign-in/provider")
    let_go(app)

    assert (answer.status_code, "does not answer" in answer.text) == (503, True)


@pytest.fixture
def issued(provider: Provider) -> tuple[str, dict[str, Any]]:
    """A token that the provider really signed, for the other program, with its keys."""
    known_there(provider)
    name = "another-program"
    other = provider.settings(client_id=name, client_secret=f"the secret of {name}, made up for the tests")
    with Conversation(other, redirect_uri=REDIRECT_URI) as conversation:
        at = conversation.discover()
        verifier = "v" * 50
        address = conversation.build_address(at, state="s", nonce="n", verifier=verifier, max_age="3600")
        back = sign_in_there(address, "ada-there")
        code = back.split("code=")[1].split("&")[0]
        token = conversation._http.fetch_token(
            at.token, grant_type="authorization_code", code=code, code_verifier=verifier
        )
        return token["id_token"], conversation._read(at.keys)


def with_header(token: str, **header: Any) -> str:
    _, payload, _ = token.split(".")
    return f"{base64url.encode(canonical_json(header).encode())}.{payload}."


def signed_with_public_key(token: str, keys: dict[str, Any]) -> str:
    """The old trick: the public key as if it were a shared secret."""
    public = next(key for key in keys["keys"] if key["kty"] == "RSA")
    secret = OctKey.import_key(RSAKey.import_key(public).as_pem(private=False).replace(b"-----", b"====="))
    payload = base64url.decode(token.split(".")[1])
    return jws.serialize_compact({"alg": "HS256", "kid": public["kid"]}, payload, secret)


def test_a_token_is_believed_by_whom_it_was_made_for_and_nobody_else(
    provider: Provider, issued: tuple[str, dict[str, Any]]
) -> None:
    token, keys = issued
    for_them = provider.settings(client_id="another-program")
    known = {"nonce": "n", "access_token": "", "now": clock.now()}

    assert read_id_token(token, keys, provider=for_them, **known)["sub"] == "ada-there"
    unbelieved = {
        "made for another program": (token, provider.settings(), known),
        "another issuer": (token, replace(for_them, issuer="https://elsewhere.example"), known),
        "another nonce": (token, for_them, {**known, "nonce": "m"}),
        "no signature": (with_header(token, alg="none"), for_them, known),
        "a shared secret": (signed_with_public_key(token, keys), for_them, known),
        "changed": (token[:-8] + "AAAAAAAA", for_them, known),
        "from the future": (token, for_them, {**known, "now": clock.now() - timedelta(minutes=3)}),
        "no token": ("", for_them, known),
    }
    for what, (text, whose, facts) in unbelieved.items():
        with pytest.raises(ProviderRefused):
            pytest.fail(f"believed: {what}, {read_id_token(text, keys, provider=whose, **facts)}")
