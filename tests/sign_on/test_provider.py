"""Signing in by an identity provider, from the button to the session, and every way in which it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select
from werkzeug.test import TestResponse

from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Clinician, ClinicianSession, Membership, Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.sign_on import queries
from epaccs.sign_on.actions import linking
from epaccs.sign_on.model import Ceremony
from tests.factories import a_clinician, an_organisation, sign_in
from tests.pages import PageClient
from tests.sign_on.conftest import PASSWORD
from tests.sign_on.provider import Provider, sign_in_there

VALUE = "R8000:T1"


def known_there(provider: Provider, **claims: Any) -> None:
    """Ada at the provider, with her number and what it says of her work, unless told otherwise."""
    said = {"name": "Dr Ada Made-Up", "number": "700 0001", "epaccs_roles": [VALUE], **claims}
    provider.know({"ada-there": {"claims": {name: value for name, value in said.items() if value is not None}}})


def a_line(administrator: Actor, value: str = VALUE, role: Role = Role.GP, second_factor: str | None = None) -> None:
    linking.add_role_claim(administrator, value=value, role=role, second_factor=second_factor)


def leave(pages: PageClient, path: str = "/sign-in/provider?next=/account") -> str:
    """Press the button; returns where the browser is sent."""
    answer = pages.browser.get(path)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def come_by(pages: PageClient, who: str = "ada-there", path: str = "/sign-in/provider?next=/account") -> TestResponse:
    """Sign in at the provider and come back."""
    return pages.browser.get(sign_in_there(leave(pages, path), who))


def is_signed_in(pages: PageClient) -> bool:
    return pages.browser.get("/account").status_code == 200


def events(*kinds: str) -> list[dict[str, Any]]:
    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.kind.in_(kinds)).order_by(AuditEvent.at))
    return [row.details for row in rows]


# In


def test_a_doctor_comes_in_by_the_provider_with_a_verified_number_and_the_role_it_names(
    pages: PageClient, provider: Provider, administrator: Actor, ada: Actor
) -> None:
    known_there(provider)
    a_line(administrator)
    pages.open("/sign-in?next=/account").see("Sign in with Northdale sign-in")

    answer = come_by(pages)

    assert (answer.status_code, answer.location) == (303, "/account")
    pages.open("/account").see("Dr Ada Made-Up, GP", "Northdale Surgery")
    row = db.session.scalars(select(ClinicianSession)).one()
    assert (row.clinician_id, row.idle_minutes) == (ada.clinician_id, 60)
    assert row.expires_at - row.created_at == timedelta(hours=13)
    assert queries.find_linked(provider.issuer, "ada-there") == ada.clinician_id
    assert [one["by"] for one in events("signed_in")] == ["provider"]


def test_the_code_is_asked_for_with_a_proof_that_only_the_register_has(pages: PageClient, provider: Provider) -> None:
    address = leave(pages)

    for part in ("response_type=code", "code_challenge_method=S256", "code_challenge=", "nonce=", "state="):
        assert part in address
    assert address.startswith(provider.issuer)
    kept = db.session.scalars(select(Ceremony)).one()
    assert b"verifier" not in kept.sealed_facts


def test_the_second_time_nothing_is_asked_of_the_number_and_roles_may_stand_in_the_user_information(
    pages: PageClient, provider: Provider, administrator: Actor, ada: Actor
) -> None:
    a_line(administrator)
    known_there(provider)
    come_by(pages)
    said = {"claims": {"name": "Dr Ada Married"}, "userinfo": {"epaccs_roles": [VALUE]}}
    provider.know({"ada-there": said})
    second = PageClient(pages.app)

    assert come_by(second).status_code == 303
    assert is_signed_in(second)


# The provider changes its keys, and goes away


def test_new_keys_of_the_provider_are_known_and_without_it_the_password_still_works(
    pages: PageClient, provider: Provider, administrator: Actor, ada: Actor
) -> None:
    known_there(provider)
    a_line(administrator)
    come_by(pages)
    provider.stop()
    try:
        down = PageClient(pages.app).open("/sign-in/provider", status=503)
        down.see("The other sign-in does not answer. Sign in with your user name and password")
        down.follow("Sign in with your user name and password")
        down.fill(user_name="ada", password=PASSWORD).submit("Sign in")
        assert is_signed_in(down)
        provider.make_keys()
    finally:
        provider.start()

    third = PageClient(pages.app)
    assert come_by(third).status_code == 303
    assert is_signed_in(third)


# Who is known, and as what


def test_whoever_has_no_role_by_the_table_hears_what_is_missing_and_whom_to_ask(
    pages: PageClient, provider: Provider, ada: Actor
) -> None:
    known_there(provider)

    answer = come_by(pages)

    assert answer.status_code == 422
    assert "means no role in this register yet" in answer.text
    assert "Ask the administrator of your organisation" in answer.text
    assert not is_signed_in(pages)
    assert db.session.scalars(select(ClinicianSession)).first() is None


def test_a_role_that_the_provider_names_no_more_ends_and_one_ended_by_hand_stays_ended(
    app: Flask, provider: Provider, administrator: Actor, ada: Actor, practice: Organisation
) -> None:
    from epaccs.clinicians import actions

    hospice = an_organisation(type=OrganisationType.HOSPICE, name="Northdale Hospice")
    a_line(administrator)
    a_line(a_clinician(Role.ADMINISTRATOR, hospice), role=Role.HOSPICE_DOCTOR, value="R9:H")
    known_there(provider, epaccs_roles=[VALUE, "R9:H"])

    come_by(PageClient(app))
    of_ada = (Membership.organisation_id == hospice.id, Membership.clinician_id == ada.clinician_id)
    given = db.session.scalars(select(Membership).where(*of_ada)).one()
    assert given.until_date == clock.today() + timedelta(days=7)
    known_there(provider)
    come_by(PageClient(app))

    db.session.refresh(given)
    assert given.until_date == clock.today() - timedelta(days=1)
    actions.end_role(a_clinician(Role.ADMINISTRATOR, hospice), given.id)
    known_there(provider, epaccs_roles=["R9:H"])
    assert "Your role was ended here" in come_by(PageClient(app)).text


def test_without_a_verified_number_an_administrator_ties_the_sign_in_by_its_code(
    app: Flask, pages: PageClient, provider: Provider, administrator: Actor, ada: Actor
) -> None:
    a_line(administrator)
    known_there(provider, number=None)
    answer = come_by(pages)
    assert (answer.status_code, "Ask the administrator of Northdale Surgery" in answer.text) == (422, True)
    assert not is_signed_in(pages)
    code = answer.text.split('app-unbroken">')[1].split("<")[0]

    office = PageClient(app)
    sign_in(office.browser, administrator)
    office.open(f"/admin/people/{ada.clinician_id}").follow("The other sign-in")
    office.fill(code="K7QM-3XWP-9D2H").submit("Tie it to this account", status=422)
    office.fill(code=code.lower()).submit("Tie it to this account")
    office.see("The account is tied to that sign-in")

    assert come_by(pages).status_code == 303
    assert is_signed_in(pages)
    office.open(f"/admin/people/{ada.clinician_id}/other-sign-in").submit("Untie it")
    assert come_by(PageClient(app)).status_code == 422


def test_a_closed_account_stays_closed(pages: PageClient, provider: Provider, administrator: Actor, ada: Actor) -> None:
    a_line(administrator)
    known_there(provider)
    come_by(PageClient(pages.app))
    with writing() as session:
        session.get_one(Clinician, ada.clinician_id).ended_at = clock.now()

    answer = come_by(pages)

    assert (answer.status_code, "Your account was closed" in answer.text) == (422, True)


def test_a_second_factor_there_counts_only_where_the_organisation_wrote_its_word_down(
    app: Flask, provider: Provider, administrator: Actor, ada: Actor, practice: Organisation
) -> None:
    with writing() as session:
        session.get_one(Organisation, practice.id).demands_second_factor = True
    a_line(administrator)
    claims = {"number": "7000001", "epaccs_roles": [VALUE, "with-word"]}
    provider.know({"ada-there": {"claims": claims, "amr": ["pwd", "mfa"]}})
    first = PageClient(app)
    come_by(first)
    assert first.browser.get("/account").location.startswith("/account/second-factor")

    a_line(administrator, value="with-word", second_factor="mfa", role=Role.PRACTICE_ADMINISTRATOR)
    a_line(administrator, value="with-word-too", second_factor="mfa")
    provider.know({"ada-there": {"claims": {"epaccs_roles": ["with-word-too"]}, "amr": ["pwd", "mfa"]}})
    second = PageClient(app)
    come_by(second)
    assert is_signed_in(second)
    provider.know({"ada-there": {"claims": {"epaccs_roles": ["with-word-too"]}, "amr": ["pwd"]}})
    third = PageClient(app)
    come_by(third)
    assert not is_signed_in(third)


# Out


def test_signing_out_here_leads_to_signing_out_there(
    pages: PageClient, provider: Provider, administrator: Actor, ada: Actor
) -> None:
    a_line(administrator)
    known_there(provider)
    come_by(pages)

    pages.open("/account").submit("Sign out")

    pages.see("You are signed out of the register", "Now sign out of Northdale sign-in too")
    assert pages.page.response.headers["Refresh"].endswith("/sign-in/provider/end")
    there = pages.browser.get("/sign-in/provider/end").location
    assert there.startswith(f"{provider.issuer}/session/end?client_id=epaccs&post_logout_redirect_uri=")
    assert not is_signed_in(pages)


def test_whoever_is_signed_in_confirms_as_themselves(
    app: Flask, provider: Provider, administrator: Actor, ada: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    a_line(administrator)
    known_there(provider)
    pages = PageClient(app)
    come_by(pages)
    row = db.session.scalars(select(ClinicianSession)).one()
    with writing() as session:
        session.get_one(ClinicianSession, row.id).proved_at = clock.now() - timedelta(hours=1)

    answer = come_by(pages, path="/sign-in/provider?next=/account&confirm=1")

    assert answer.status_code == 303
    db.session.refresh(row)
    assert row.proved_at is not None
    assert row.proved_at > clock.now() - timedelta(minutes=1)
    provider.know({"bob-there": {"claims": {"epaccs_roles": [VALUE]}}})
    other = come_by(pages, "bob-there", "/sign-in/provider?next=/account&confirm=1")
    assert "You confirmed as somebody else" in other.text


def a_logout_token(provider: Provider, **changed: Any) -> str:
    """As the provider signs it, with its own key, when somebody signs out there."""
    keys = KeySet.import_key_set(json.loads((provider.folder / "keys.json").read_text()))
    now = int(clock.now().timestamp())
    said = {
        "iss": provider.issuer,
        "aud": "epaccs",
        "sub": "ada-there",
        "iat": now,
        "exp": now + 120,
        "jti": "1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        **changed,
    }
    claims = {name: value for name, value in said.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": keys.keys[0].kid}, claims, keys.keys[0])


def test_signing_out_there_closes_what_was_opened_by_it_and_nothing_else(
    app: Flask, pages: PageClient, provider: Provider, administrator: Actor, ada: Actor
) -> None:
    a_line(administrator)
    known_there(provider)
    come_by(pages)
    office = PageClient(app)
    sign_in(office.browser, ada)

    def tell(**changed: Any) -> int:
        token = a_logout_token(provider, **changed)
        return app.test_client().post("/sign-in/provider/ended", data={"logout_token": token}).status_code

    wrong: list[dict[str, Any]] = [
        {"aud": "another-program"},
        {"iss": "https://elsewhere.example"},
        {"events": None},
        {"events": {"something": {}}},
        {"nonce": "n"},
        {"jti": None},
        {"exp": int(clock.now().timestamp()) - 120},
    ]
    assert [tell(**one) for one in wrong] == [422] * len(wrong)
    assert tell(sub="somebody-else") == 200
    assert is_signed_in(pages)

    assert tell() == 200

    assert not is_signed_in(pages)
    assert is_signed_in(office)
    pages.open("/sign-in").see("You signed out of the other sign-in by which you came.")
    row = db.session.scalars(select(ClinicianSession).where(ClinicianSession.ended_at.is_(None))).one()
    with writing() as session:
        session.get_one(ClinicianSession, row.id).provider_session = "there"
    assert tell(sub=None, sid="elsewhere") == 200
    assert is_signed_in(office)
    assert tell(sub=None, sid="there") == 200
    assert not is_signed_in(office)
