"""What is refused by the other ways in is slowed down; nobody is kept out by what somebody else sends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from epaccs.audit.model import AuditEvent
from epaccs.clinicians import actions
from epaccs.clinicians.actions import Door, OpenedSession
from epaccs.clinicians.model import SignInAttempt
from epaccs.clinicians.rules import SYSTEM_LIMIT, WAY_LIMIT, Actor, Role, TooManyTries
from epaccs.core.db import db
from epaccs.core.errors import RuleBroken
from epaccs.sign_on.actions import passkeys
from tests.clinicians.test_sign_in import ELSEWHERE, OFFICE
from tests.conftest import NOW
from tests.factories import a_clinician, sign_in
from tests.pages import PageClient
from tests.sign_on.authenticator import Authenticator
from tests.sign_on.conftest import PASSWORD
from tests.sign_on.provider import Provider, sign_in_there
from tests.sign_on.test_launching import ISSUER, KEY, STRANGER, a_message, claims, click, launching, public, reasons
from tests.sign_on.test_passkeys import SITE, a_passkey, facts_of
from tests.sign_on.test_provider import a_line, come_by, is_signed_in, known_there, leave

FIVE_MINUTES = timedelta(minutes=WAY_LIMIT.minutes, seconds=1)


def use(who: Authenticator, door: Door) -> Any:
    question = passkeys.begin_using(None, site=SITE)
    return passkeys.use(None, token=question.token, answer=who.sign(question.options), site=SITE, door=door)


def hammer(door: Door, times: int = WAY_LIMIT.tries) -> None:
    for _ in range(times):
        with pytest.raises(RuleBroken, match="was not accepted"):
            use(Authenticator(), door)


def audited(kind: str) -> int:
    return db.session.scalar(select(func.count()).select_from(AuditEvent).where(AuditEvent.kind == kind)) or 0


@pytest.fixture
def opened(ada: Actor) -> OpenedSession:
    """Ada has signed in once, at her own computer."""
    return actions.sign_in("ada", PASSWORD, door=OFFICE)


@pytest.fixture
def telephone(opened: OpenedSession) -> Authenticator:
    """Her passkey."""
    return a_passkey(facts_of(opened))


# Passkeys


def test_passkeys_that_are_refused_must_wait_and_a_colleague_at_a_known_computer_need_not(
    opened: OpenedSession, telephone: Authenticator, frozen_clock: Callable[[datetime], None]
) -> None:
    own_computer = Door(address=ELSEWHERE.address, device_token=opened.device_token)
    hammer(ELSEWHERE)

    with pytest.raises(TooManyTries, match="Try again after 21-Nov-2026 03:06, or from a computer you have signed in"):
        use(telephone, ELSEWHERE)
    assert audited("sign_in_refused") == WAY_LIMIT.tries
    assert use(telephone, own_computer)
    assert use(telephone, Door(address="203.0.113.7"))
    with pytest.raises(TooManyTries):
        use(telephone, Door(address=ELSEWHERE.address, device_token="made up"))
    assert actions.sign_in("ada", PASSWORD, door=ELSEWHERE)
    frozen_clock(NOW + FIVE_MINUTES)
    assert use(telephone, ELSEWHERE)


def test_a_passkey_that_is_right_forgives_what_was_refused_before(telephone: Authenticator) -> None:
    for _ in range(3):
        hammer(ELSEWHERE, WAY_LIMIT.tries - 1)
        assert use(telephone, ELSEWHERE)

    assert db.session.scalar(select(func.count()).select_from(SignInAttempt)) == 0


def test_refused_passkeys_do_not_bear_on_a_password(ada: Actor, frozen_clock: Callable[[datetime], None]) -> None:
    for number in range(4):
        frozen_clock(NOW + number * FIVE_MINUTES)
        hammer(ELSEWHERE)

    assert actions.sign_in("ada", PASSWORD, door=ELSEWHERE)


def test_the_page_says_when_to_try_again_and_a_program_hears_it_too(app: Flask) -> None:
    pages = PageClient(app).open("/passkey")
    for _ in range(WAY_LIMIT.tries):
        pages.submit("Use my passkey", status=422)

    pages.submit("Use my passkey", status=429)

    pages.see("Too many tries to sign in", "Try again after", "Sign in with your user name and password")
    fields = {"csrf_token": str(pages.value_of("csrf_token")), "token": "", "answer": ""}
    answer = pages.browser.post("/passkey", data=fields)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(WAY_LIMIT.minutes * 60))


# The identity provider


def come_back(pages: PageClient) -> TestResponse:
    return pages.browser.get("/sign-in/provider/back?state=made-up&code=made-up")


def test_answers_of_the_provider_that_are_refused_must_wait_and_a_known_computer_need_not(
    pages: PageClient, provider: Provider, administrator: Actor, ada: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    known_there(provider)
    a_line(administrator)
    own = PageClient(pages.app)
    own.open("/sign-in").fill(user_name="ada", password=PASSWORD).submit("Sign in")
    own.browser.delete_cookie("epaccs-session")
    assert {come_back(pages).status_code for _ in range(WAY_LIMIT.tries)} == {422}

    answer = come_back(pages)

    assert (answer.status_code, int(answer.headers["Retry-After"]) > 200) == (429, True)
    assert "Too many tries to sign in. Try again after" in answer.text
    assert come_by(PageClient(pages.app)).status_code == 429
    assert not is_signed_in(pages)
    assert audited("sign_in_refused") == WAY_LIMIT.tries
    assert come_by(own).status_code == 303
    assert is_signed_in(own)
    frozen_clock(datetime.now(UTC) + FIVE_MINUTES)
    assert come_back(pages).status_code == 422


def test_a_provider_that_is_down_counts_against_nobody(
    pages: PageClient, provider: Provider, administrator: Actor, ada: Actor
) -> None:
    known_there(provider)
    a_line(administrator)
    back = sign_in_there(leave(pages), "ada-there")
    provider.stop()
    try:
        assert pages.browser.get(back).status_code == 503
    finally:
        provider.start()

    assert db.session.scalar(select(func.count()).select_from(SignInAttempt)) == 0
    assert come_by(pages).status_code == 303


def test_sign_outs_that_the_provider_did_not_sign_must_wait_and_ask_nothing_of_it(
    pages: PageClient, provider: Provider
) -> None:
    def ended() -> TestResponse:
        return pages.browser.post("/sign-in/provider/ended", data={"logout_token": "x.y.z"})

    assert {ended().status_code for _ in range(WAY_LIMIT.tries)} == {422}

    answer = ended()

    assert (answer.status_code, answer.mimetype) == (429, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 200


# Other systems


@pytest.fixture
def known_system(ada: Actor, administrator: Actor) -> None:
    launching.add_system(administrator, name="The practice's records", issuer=ISSUER, keys=public(KEY))


@pytest.mark.usefixtures("known_system")
def test_links_that_are_refused_must_wait_and_one_that_is_right_is_taken_all_the_same(
    pages: PageClient, frozen_clock: Callable[[datetime], None]
) -> None:
    def refused() -> TestResponse:
        return pages.browser.post("/launch", data={"launch": a_message(STRANGER)})

    assert {refused().status_code for _ in range(WAY_LIMIT.tries)} == {404}

    answer = refused()

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(WAY_LIMIT.minutes * 60))
    for words in ("Try again after 21-Nov-2026 03:06", "This does not mean that there is no CPR decision", "Ring"):
        assert words in answer.text
    assert len(reasons()) == WAY_LIMIT.tries
    assert click(pages, a_message())
    frozen_clock(NOW + FIVE_MINUTES)
    assert refused().status_code == 404


@pytest.mark.usefixtures("known_system")
def test_what_a_system_signed_is_counted_from_all_addresses_and_a_stranger_who_writes_its_name_is_not(
    pages: PageClient,
) -> None:
    def send(number: int, key: Any = KEY) -> int:
        stale = {"iat": claims()["iat"] - 90, "exp": claims()["iat"] - 30}
        address = {"REMOTE_ADDR": f"198.51.100.{number}"}
        sent = {"launch": a_message(key, **stale)}
        return pages.browser.post("/launch", data=sent, environ_overrides=address).status_code

    assert {send(number, STRANGER) for number in range(SYSTEM_LIMIT.tries)} == {404}
    assert {send(number) for number in range(100, 100 + SYSTEM_LIMIT.tries)} == {404}

    assert send(200) == 429
    assert send(200, STRANGER) == 404
    assert click(pages, a_message())


@pytest.mark.usefixtures("known_system")
def test_a_link_that_was_opened_already_must_wait_too(pages: PageClient) -> None:
    sign_in(pages.browser, a_clinician(Role.GP))
    for _ in range(WAY_LIMIT.tries):
        assert pages.browser.get("/launch/made-up").status_code == 404

    answer = pages.browser.get("/launch/made-up")

    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)
