"""One click in another system: the card of this patient for this user, and one refusal for everything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import select

from epaccs.access.model import AccessGrant
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.actions import hash_password
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import base64url, clock
from epaccs.core.db import db
from epaccs.core.errors import Forbidden, NotFound, RuleBroken
from epaccs.sign_on.actions import launching
from epaccs.sign_on.rules import LAUNCH_LEEWAY_SECONDS, LAUNCH_SECONDS, check_public_keys, read_launch
from tests.clinicians.conftest import PASSWORD
from tests.conftest import NOW
from tests.factories import a_clinician, a_registered_person, an_organisation, sign_in
from tests.pages import PageClient

ISSUER = "https://records.northdale.example"
AUDIENCE = "http://localhost:5000"
NUMBER = "9990000018"
KEY = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
STRANGER = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)


def public(*keys: Any) -> str:
    return json.dumps(KeySet(list(keys)).as_dict(private=False))


@pytest.fixture
def ada(app: Flask) -> Actor:
    doctor = a_clinician(Role.GP, user_name="ada", name="Dr Ada Made-Up", password_hash=hash_password(PASSWORD))
    a_registered_person(doctor, nhs_number=NUMBER, family_name="Okonkwo")
    administrator = a_clinician(Role.ADMINISTRATOR, an_organisation(type=OrganisationType.ICB))
    launching.add_system(administrator, name="The practice's records", issuer=ISSUER, keys=public(KEY))
    return doctor


@pytest.fixture
def pages(app: Flask) -> PageClient:
    return PageClient(app)


def claims(**changed: Any) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "nhs_number": NUMBER, "jti": str(uuid4()), "iat": now}
    return {name: value for name, value in {**said, "exp": now + 60, **changed}.items() if value is not None}


def a_message(key: Any = KEY, **changed: Any) -> str:
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims(**changed), key, algorithms=["ES256"])


def click(pages: PageClient, message: str) -> str:
    """The address to which the browser is sent; empty: it was refused."""
    return pages.browser.post("/launch", data={"launch": message}).location or ""


def reasons() -> list[str]:
    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "launch_refused").order_by(AuditEvent.at))
    return [row.details["why"] for row in rows]


def test_one_click_leads_to_the_card_of_this_patient_and_the_reason_is_asked_as_ever(
    pages: PageClient, ada: Actor
) -> None:
    sign_in(pages.browser, ada)
    before = db.session.query(AccessGrant).count()

    address = click(pages, a_message())
    pages.open(address)

    assert NUMBER not in address
    assert pages.page.heading == "Open this record"
    pages.see("OKONKWO")
    assert db.session.query(AccessGrant).count() == before
    pages.fill(reason="permission_given", identifiers_checked=["name", "born"]).submit("Open the record")
    pages.see("OKONKWO")


def test_whoever_is_not_signed_in_signs_in_and_goes_on(pages: PageClient, ada: Actor) -> None:
    pages.open(click(pages, a_message()))
    assert pages.page.heading == "Sign in"

    pages.fill(user_name="ada", password=PASSWORD).submit("Sign in")

    assert pages.page.heading == "Open this record"


def altered(message: str) -> str:
    header, payload, signature = message.split(".")
    swapped = a_message(nhs_number="9990000026").split(".")[1]
    assert swapped != payload
    return f"{header}.{swapped}.{signature}"


def unsigned(message: str) -> str:
    header, payload = base64url.encode(json.dumps({"alg": "none"}).encode()), message.split(".")[1]
    return f"{header}.{payload}."


def test_whatever_is_wrong_is_refused_in_one_sentence_and_noted(app: Flask, pages: PageClient, ada: Actor) -> None:
    other = a_clinician(Role.GP, user_name="bea")
    a_registered_person(other, nhs_number="9990000034", consent=None)
    sign_in(pages.browser, ada)
    used = a_message()
    assert click(pages, used)
    now = int(clock.now().timestamp())
    wrong = {
        "altered": altered(a_message()),
        "by nobody known": a_message(iss="https://elsewhere.example"),
        "by a key of somebody else": a_message(STRANGER),
        "not signed": unsigned(a_message()),
        "sent before": used,
        "run out": a_message(iat=now - 90, exp=now - 30),
        "good for too long": a_message(exp=now + 3600),
        "from the future": a_message(iat=now + 600, exp=now + 660),
        "for another register": a_message(aud="https://another.example"),
        "without a number of its own": a_message(jti=None),
        "no message": "x",
        "too long": "x" * 9000,
        "not even text": "\x00.\x00.\x00",
        "an unknown patient": a_message(nhs_number="9990000042"),
        "a name for a number": a_message(nhs_number="Okonkwo"),
        "another user": a_message(sub="bea"),
        "nobody": a_message(sub="no such user \x00"),
    }
    answers = {}
    for what, message in wrong.items():
        answer = pages.browser.post("/launch", data={"launch": message}, follow_redirects=True)
        answers[what] = (answer.status_code, answer.text.split("<main")[1].split("</main>")[0])

    assert len(set(answers.values())) == 1, {what: one for what, one in answers.items() if one != answers["altered"]}
    status, words = answers["altered"]
    assert (status, "This does not mean that there is no CPR decision" in words) == (404, True)
    assert len(reasons()) == len(wrong)
    assert set(reasons()) == {"system", "claims", "replayed", "patient", "other_user"}
    assert NUMBER not in json.dumps([row.details for row in db.session.scalars(select(AuditEvent))])


def test_what_a_launch_opened_is_opened_once_and_by_nobody_else(app: Flask, ada: Actor) -> None:
    first, second = PageClient(app), PageClient(app)
    sign_in(first.browser, ada)
    sign_in(second.browser, a_clinician(Role.GP))
    address = click(first, a_message())

    assert second.browser.get(address).status_code == 404
    assert first.browser.get(address).status_code == 404
    assert reasons() == ["other_user", "ticket"]


def test_a_launch_that_nobody_signed_in_for_runs_out(
    pages: PageClient, ada: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    address = click(pages, a_message())
    frozen_clock(NOW + timedelta(minutes=11))
    sign_in(pages.browser, ada)

    assert pages.browser.get(address).status_code == 404


def test_an_administrator_lets_a_system_in_and_out_again(app: Flask, pages: PageClient, ada: Actor) -> None:
    sign_in(pages.browser, a_clinician(Role.ADMINISTRATOR))
    pages.open("/admin").follow("Systems that open a card")
    theirs = {"name": "Ward system", "issuer": "https://ward.example"}
    private = json.dumps(KeySet([STRANGER]).as_dict(private=True))
    pages.fill(**theirs, keys=private).submit("Let it send people here", status=422)
    assert "There is a private key in this set" in pages.errors()[0]
    pages.fill(**theirs, keys=public(STRANGER)).submit("Let it send people here")
    pages.fill(name="Twin", issuer=theirs["issuer"], keys=public(STRANGER)).submit(
        "Let it send people here", status=422
    )
    assert pages.errors() == ["A system that names itself so is known already"]
    message = {"iss": theirs["issuer"]}
    assert click(pages, a_message(STRANGER, **message))

    pages.open("/admin/systems").submit("Take away Ward system")

    assert not click(pages, a_message(STRANGER, **message))


def test_only_administrators_keep_systems_and_only_their_own(app: Flask, ada: Actor) -> None:
    with pytest.raises(Forbidden):
        launching.add_system(ada, name="x", issuer="y", keys=public(KEY))
    with pytest.raises(NotFound):
        launching.remove_system(a_clinician(Role.ADMINISTRATOR), launching.queries.find_system(ISSUER).id)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"keys": []},
        {"keys": ["x"]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
        {"keys": [{"kty": "OKP"}]},
        {"keys": [{"kty": "RSA"}] * 21},
    ],
    ids=str,
)
def test_only_public_keys_are_kept(document: object) -> None:
    with pytest.raises(RuleBroken):
        check_public_keys(document)


def test_a_launch_is_good_for_a_minute_and_the_difference_of_two_clocks() -> None:
    signed = int(NOW.timestamp())
    said = {"aud": AUDIENCE, "sub": "Ada", "nhs_number": NUMBER, "jti": "1", "iat": signed, "exp": signed + 60}

    def at(seconds: int, **changed: Any) -> bool:
        return read_launch({**said, **changed}, audience=AUDIENCE, now=NOW + timedelta(seconds=seconds)) is not None

    last = LAUNCH_SECONDS + LAUNCH_LEEWAY_SECONDS
    assert [at(-11), at(-10), at(0), at(last - 1), at(last)] == [False, True, True, True, False]
    assert not at(0, exp=signed + 61)
    assert not at(0, exp="soon")
    assert not at(0, sub=7)


def test_a_private_key_is_never_kept() -> None:
    with pytest.raises(RuleBroken, match="There is a private key in this set"):
        check_public_keys(KeySet([STRANGER]).as_dict(private=True))
