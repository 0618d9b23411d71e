"""The pages of signing in, of one's own account and of administrators, as a person goes through them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.app import create_app
from epaccs.audit.model import AuditEvent
from epaccs.clinicians import actions
from epaccs.clinicians.model import Clinician, ClinicianSession, KnownDevice, Organisation
from epaccs.clinicians.rules import PLACE_LIMIT, Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.settings import Settings
from tests.clinicians.conftest import PASSWORD
from tests.conftest import NOW
from tests.factories import a_clinician, a_membership, an_organisation, sign_in
from tests.pages import PageClient, text_of


@pytest.fixture
def ada(app: Flask, password_hash: str) -> Actor:
    return a_clinician(Role.HOSPICE_NURSE, user_name="ada", name="Ada Made-Up", password_hash=password_hash)


def give_password(pages: PageClient, user_name: str = "ada", password: str = PASSWORD, status: int = 200) -> PageClient:
    return (
        pages.open("/sign-in?next=/account")
        .fill(user_name=user_name, password=password)
        .submit("Sign in", status=status)
    )


def cookie(pages: PageClient, name: str = "epaccs-session") -> str | None:
    found = pages.browser.get_cookie(name)
    return found.value if found else None


# Signing in


def test_a_person_signs_in_and_goes_on_to_the_page_they_asked_for(pages: PageClient, ada: Actor) -> None:
    pages.open("/account")
    assert pages.page.heading == "Sign in"

    pages.fill(user_name="ada", password=PASSWORD).submit("Sign in")

    pages.see("Ada Made-Up, hospice nurse")
    assert pages.page.heading == "Your account"


def test_a_wrong_password_says_what_to_check_and_keeps_the_name(pages: PageClient, ada: Actor) -> None:
    give_password(pages, password="not her password", status=422)

    assert pages.errors() == ["The user name or the password is not right. Check both, and that Caps Lock is off"]
    assert pages.value_of("user_name") == "ada"
    assert pages.value_of("password") == ""
    pages.see_nothing_of("not her password")


@pytest.mark.parametrize("user_name", ["' OR 1=1 --", "{{7*7}}", "<b>ada</b>", "a\x00da", "Ａｄａ" * 30, "ada\u202e"])
def test_anything_typed_as_a_user_name_is_shown_as_text_or_refused(
    pages: PageClient, ada: Actor, user_name: str
) -> None:
    give_password(pages, user_name=user_name, status=422)

    pages.see_nothing_of("<b>ada</b>", ">49<")


def test_too_many_tries_say_when_to_try_again(pages: PageClient, ada: Actor) -> None:
    for _ in range(PLACE_LIMIT.tries):
        give_password(pages, password="not her password", status=422)

    give_password(pages, status=429)

    assert "Too many tries to sign in. Try again after 21-Nov-2026 03:16" in pages.errors()[0]
    assert pages.value_of("user_name") == "ada"
    assert pages.page.response.headers["Retry-After"] == str(PLACE_LIMIT.minutes * 60)


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"])
def test_signing_in_leads_nowhere_else(app: Flask, pages: PageClient, ada: Actor, address: str) -> None:
    pages.open(f"/sign-in?next={address}")
    token = pages.value_of("csrf_token")
    fields = {"user_name": "ada", "password": PASSWORD, "next": address, "csrf_token": token, "edit_id": ""}

    answer = pages.browser.post("/sign-in", data=fields)

    assert pages.value_of("next") == "/"
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_program_is_not_redirected_but_told(pages: PageClient) -> None:
    answer = pages.browser.get("/account", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.get_json()["title"] == "Sign in first"


# Cookies


def test_the_cookie_of_a_session_is_for_the_browser_alone(pages: PageClient, ada: Actor) -> None:
    pages.open("/sign-in").fill(user_name="ada", password=PASSWORD)
    fields = {name: pages.value_of(name) for name in ("csrf_token", "edit_id", "next")}

    answer = pages.browser.post("/sign-in", data={**fields, "user_name": "ada", "password": PASSWORD})

    cookies = {one.split("=")[0]: one for one in answer.headers.getlist("Set-Cookie")}
    for name in ("epaccs-session", "epaccs-device"):
        assert "HttpOnly" in cookies[name]
        assert "SameSite=Lax" in cookies[name]
    assert "Max-Age" not in cookies["epaccs-session"]


def test_with_tls_the_cookies_go_over_tls_and_to_this_host_alone(settings: Settings, ada: Actor) -> None:
    behind_tls = create_app(replace(settings, secure_cookies=True))
    browser = behind_tls.test_client()
    https = {"base_url": "https://register.example", "headers": {"Referer": "https://register.example/sign-in"}}
    page = browser.get("/sign-in", **https)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    fields = {"user_name": "ada", "password": PASSWORD, "next": "/", "csrf_token": token[1], "edit_id": ""}

    answer = browser.post("/sign-in", data=fields, **https)
    with behind_tls.app_context():
        db.engine.dispose()

    cookies = {one.split("=")[0]: one for one in answer.headers.getlist("Set-Cookie")}
    assert answer.status_code == 303
    for name in ("__Host-epaccs-session", "__Host-epaccs-device"):
        assert "Secure" in cookies[name]
        assert "Path=/" in cookies[name]
        assert "Domain" not in cookies[name]


def test_a_planted_cookie_is_not_the_cookie_of_the_session(pages: PageClient, ada: Actor) -> None:
    pages.browser.set_cookie("epaccs-session", "planted-by-a-neighbour")

    give_password(pages)

    assert cookie(pages) != "planted-by-a-neighbour"
    assert db.session.scalars(select(ClinicianSession)).one().token_digest != actions.token_digest(
        "planted-by-a-neighbour"
    )


def test_signing_in_again_ends_the_session_before(pages: PageClient, ada: Actor) -> None:
    give_password(pages)
    first = db.session.scalars(select(ClinicianSession.id)).one()

    give_password(pages)

    assert db.session.get_one(ClinicianSession, first).end_reason == "signed_out"


def test_a_browser_is_known_again(pages: PageClient, ada: Actor) -> None:
    give_password(pages)
    device = cookie(pages, "epaccs-device")
    pages.submit("Sign out")

    give_password(pages)

    assert cookie(pages, "epaccs-device") == device
    assert len(db.session.scalars(select(KnownDevice)).all()) == 1


def test_a_form_token_of_another_session_opens_no_form(app: Flask, ada: Actor) -> None:
    """A neighbouring site may plant its own form cookie and token; they do not follow from the session."""
    stranger, victim = app.test_client(), app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', stranger.get("/sign-in").text)
    assert token
    sign_in(victim, ada)
    planted = stranger.get_cookie("epaccs-form")
    assert planted
    victim.set_cookie("epaccs-form", planted.value)

    answer = victim.post("/sign-out", data={"csrf_token": token[1]})

    assert answer.status_code == 422
    assert db.session.scalars(select(ClinicianSession)).one().ended_at is None


# Out


def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(pages: PageClient, ada: Actor) -> None:
    give_password(pages)
    copied = cookie(pages)

    pages.submit("Sign out")

    assert cookie(pages) is None
    pages.browser.set_cookie("epaccs-session", copied or "")
    pages.open("/account")
    assert pages.page.heading == "Sign in"


def test_signing_out_is_never_a_link(pages: PageClient, ada: Actor) -> None:
    give_password(pages)

    assert pages.browser.get("/sign-out").status_code == 405


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        pytest.param(61, "not used for a while", id="an hour unused"),
        pytest.param(13 * 60 + 1, "your shift should be over", id="longer than a shift"),
    ],
)
def test_a_lapsed_session_says_why(
    pages: PageClient, ada: Actor, frozen_clock: Callable[[datetime], None], minutes: int, words: str
) -> None:
    give_password(pages)
    frozen_clock(NOW + timedelta(minutes=minutes))

    pages.open("/account")

    pages.see(words)
    assert pages.page.heading == "Sign in"


def test_a_session_in_use_does_not_lapse(
    pages: PageClient, ada: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    give_password(pages)
    for minutes in (50, 100, 150):
        frozen_clock(NOW + timedelta(minutes=minutes))
        pages.open("/account")

        assert pages.page.heading == "Your account"


# First password


def test_a_new_colleague_sets_a_password_and_is_in(pages: PageClient, ada: Actor) -> None:
    given = actions.reset_password(None, ada.clinician_id)
    pages.open("/sign-in").follow("I was given a one-time code")

    pages.fill(
        user_name="ada",
        one_time_code=given.code,
        new_password="another long night",
        repeated_password="another long night",
    ).submit("Set password and sign in")

    assert cookie(pages)


def test_a_first_password_typed_differently_twice_is_refused(pages: PageClient, ada: Actor) -> None:
    given = actions.reset_password(None, ada.clinician_id)
    pages.open("/sign-in/first").fill(
        user_name="ada", one_time_code=given.code, new_password="another long night", repeated_password="another night"
    )

    pages.submit("Set password and sign in", status=422)

    assert pages.errors() == ["Type the new password the same way twice"]


# Account


def test_a_changed_password_is_said_and_the_old_one_refused(pages: PageClient, ada: Actor) -> None:
    give_password(pages)
    pages.follow("Change your password").fill(
        current_password=PASSWORD, new_password="another long night", repeated_password="another long night"
    )

    pages.submit("Change password")

    pages.see("Your password was changed.")
    give_password(pages, status=422)


def test_a_wrong_current_password_stands_beside_its_box(pages: PageClient, ada: Actor) -> None:
    give_password(pages)
    pages.open("/account/password").fill(
        current_password="a guess", new_password="another long night", repeated_password="another long night"
    )

    pages.submit("Change password", status=422)

    assert pages.errors() == ["Your current password is not right"]


def test_another_browser_is_signed_out_from_the_account(app: Flask, pages: PageClient, ada: Actor) -> None:
    give_password(pages)
    other = PageClient(app)
    give_password(other)
    session_id = db.session.scalars(select(ClinicianSession.id).order_by(ClinicianSession.created_at)).first()
    other.open("/account").submit(f"Sign out Unknown browser since {at(session_id)}")

    other.see("That browser is signed out.")
    pages.open("/account")
    pages.see("You ended this session from another browser.")


def at(session_id: object) -> str:
    from epaccs.core.fields import format_datetime

    return format_datetime(db.session.get_one(ClinicianSession, session_id).created_at)


def test_nobody_signs_somebody_else_out(app: Flask, pages: PageClient, ada: Actor) -> None:
    give_password(pages)
    of_bea = app.test_client()
    sign_in(of_bea, a_clinician())
    other_id = db.session.scalars(
        select(ClinicianSession.id).where(ClinicianSession.clinician_id != ada.clinician_id)
    ).one()

    answer = pages.browser.post(f"/account/sessions/{other_id}/end", data={"csrf_token": pages.value_of("csrf_token")})

    assert answer.status_code == 404
    assert db.session.get_one(ClinicianSession, other_id).ended_at is None


# The second factor


def secret_on(pages: PageClient) -> str:
    return text_of(pages.page.with_class("app-code")[0]).replace(" ", "")


def code_for(secret: str, *, seconds: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(clock.now().timestamp()) + seconds)


def test_a_second_factor_is_set_up_and_then_asked_for(
    pages: PageClient, ada: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    give_password(pages)
    pages.follow("Set up a second factor").submit("Show me the picture to scan")
    assert "<svg" in pages.page.html
    secret = secret_on(pages)
    pages.fill(code="000000").submit("Confirm", status=422)
    pages.fill(code=code_for(secret)).submit("Confirm")
    assert len(re.findall(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}\b", pages.page.text)) == 10
    pages.follow("I have kept them: continue").see("Recovery codes left: 10").submit("Sign out")

    frozen_clock(NOW + timedelta(minutes=1))
    give_password(pages)

    assert pages.page.heading == "Enter your code"
    pages.open("/account")
    assert pages.page.heading == "Enter your code"
    pages.fill(code=code_for(secret)).submit("Continue")
    assert pages.page.heading == "Your account"


def test_a_password_alone_opens_none_of_the_pages_behind_the_second_factor(pages: PageClient, ada: Actor) -> None:
    give_password(pages)
    pages.open("/account/second-factor").submit("Show me the picture to scan")
    pages.fill(code=code_for(secret_on(pages))).submit("Confirm")
    pages.open("/account").submit("Sign out")
    give_password(pages)

    for address in ("/account", "/account/password", "/account/second-factor", "/choose-organisation"):
        pages.open(address)
        assert pages.page.heading == "Enter your code"


def test_a_session_left_open_asks_for_the_password_before_a_second_factor(
    pages: PageClient, ada: Actor, frozen_clock: Callable[[datetime], None]
) -> None:
    give_password(pages)
    frozen_clock(NOW + timedelta(minutes=20))
    pages.open("/account/second-factor")

    pages.fill(current_password="a guess").submit("Show me the picture to scan", status=422)

    pages.fill(current_password=PASSWORD).submit("Show me the picture to scan")
    assert pages.page.heading == "Scan this with your authenticator"


def test_the_second_factor_is_renewed_and_removed_with_a_code(pages: PageClient, ada: Actor) -> None:
    give_password(pages)
    pages.open("/account/second-factor").submit("Show me the picture to scan")
    secret = secret_on(pages)
    pages.fill(code=code_for(secret, seconds=-30)).submit("Confirm")
    pages.open("/account/second-factor").fill(code="000000").submit("Remove the second factor", status=422)
    pages.fill(code=code_for(secret)).submit("Make ten new recovery codes")
    assert pages.page.heading == "Your recovery codes"

    pages.open("/account/second-factor").fill(code=code_for(secret, seconds=30)).submit("Remove the second factor")

    pages.see("Your second factor was removed.")


def test_a_demanded_second_factor_comes_before_any_page(pages: PageClient, password_hash: str) -> None:
    hospice = an_organisation(type=OrganisationType.HOSPICE, demands_second_factor=True, name="St Bede's")
    a_clinician(Role.HOSPICE_NURSE, hospice, user_name="ada", password_hash=password_hash)

    give_password(pages)

    assert pages.page.heading == "Set up a second factor"
    pages.see("St Bede's asks everybody for a second factor.")
    pages.submit("Show me the picture to scan").fill(code=code_for(secret_on(pages))).submit("Confirm")
    pages.open("/account")
    assert pages.page.heading == "Your account"


# Two organisations


def test_a_person_with_two_roles_says_where_they_are_working(pages: PageClient, ada: Actor) -> None:
    practice = an_organisation(name="Riverside Surgery")
    a_membership(ada, practice, Role.GP)

    give_password(pages)

    assert pages.page.heading == "Choose your organisation"
    pages.submit("Continue", status=422)
    assert pages.errors() == ["Choose where you are working now"]
    pages.fill(membership_id=str(membership_at(practice))).submit("Continue")
    pages.see("Ada Made-Up, GP, Riverside Surgery").follow("Work for another organisation")
    pages.fill(membership_id=str(membership_at(ada.organisation_id))).submit("Continue")
    pages.see("Ada Made-Up, hospice nurse")


def membership_at(organisation: object) -> object:
    from epaccs.clinicians.model import Membership

    organisation_id = getattr(organisation, "id", organisation)
    return db.session.scalars(select(Membership.id).where(Membership.organisation_id == organisation_id)).one()


def test_a_form_opened_for_one_organisation_is_not_sent_for_the_other(pages: PageClient, ada: Actor) -> None:
    practice = an_organisation()
    a_membership(ada, practice, Role.GP)
    give_password(pages)
    pages.fill(membership_id=str(membership_at(practice))).submit("Continue")
    old_token = pages.value_of("csrf_token")
    pages.open("/choose-organisation").fill(membership_id=str(membership_at(ada.organisation_id))).submit("Continue")

    answer = pages.browser.post("/sign-out", data={"csrf_token": old_token})

    assert answer.status_code == 422


def test_whoever_lost_their_last_role_is_told(pages: PageClient, ada: Actor) -> None:
    give_password(pages)
    administrator = a_clinician(Role.ADMINISTRATOR, db.session.get_one(Organisation, ada.organisation_id))
    actions.end_role(administrator, membership_at_of(ada))

    pages.open("/account")

    assert pages.page.heading == "You hold no role today"


def membership_at_of(actor: Actor) -> object:
    from epaccs.clinicians.model import Membership

    return db.session.scalars(select(Membership.id).where(Membership.clinician_id == actor.clinician_id)).one()


# Administrators


@pytest.fixture
def hospice(app: Flask) -> Organisation:
    return an_organisation(type=OrganisationType.HOSPICE, name="St Bede's Hospice")


@pytest.fixture
def administration(pages: PageClient, hospice: Organisation) -> PageClient:
    sign_in(pages.browser, a_clinician(Role.ADMINISTRATOR, hospice, name="Abe Administrator"))
    return pages.open("/admin")


NORA = {"name": "Nora O'Neill", "user_name": "nora", "role": "hospice-nurse", "professional_number": "98I1234E"}


def test_an_administrator_adds_a_colleague_who_comes_in_with_the_code(app: Flask, administration: PageClient) -> None:
    administration.follow("Add a colleague").fill(**NORA).submit("Add colleague")
    code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", administration.page.text)
    assert code

    nora = PageClient(app)
    nora.open("/sign-in/first").fill(
        user_name="nora",
        one_time_code=code[0],
        new_password="a long night shift",
        repeated_password="a long night shift",
    ).submit("Set password and sign in")
    nora.open("/account").see("Nora O'Neill, hospice nurse, St Bede's Hospice")
    administration.open("/admin").see("Nora O'Neill", "nora", "hospice nurse", "Active")


def test_what_is_wrong_with_a_new_colleague_stands_beside_its_box(administration: PageClient) -> None:
    administration.follow("Add a colleague").submit("Add colleague", status=422)
    assert administration.errors() == ["Enter the name", "Enter the user name", "Choose the role"]

    administration.fill(**NORA | {"professional_number": ""}).submit("Add colleague", status=422)

    assert administration.errors() == ["Enter the professional number (GMC, NMC or HCPC): a hospice nurse has one"]
    assert administration.value_of("name") == "Nora O'Neill"


def test_a_list_is_narrowed_by_a_part_of_the_name(administration: PageClient, hospice: Organisation) -> None:
    a_clinician(Role.HOSPICE_NURSE, hospice, name="Nora O'Neill")
    a_clinician(Role.HOSPICE_NURSE, hospice, name="Percent 100%")
    a_clinician(name="Nora Elsewhere")

    administration.open("/admin").fill(name="nora").submit("Find")
    assert listed(administration) == ["Nora O'Neill"]

    administration.fill(name="%").submit("Find")
    assert listed(administration) == ["Percent 100%"]

    administration.fill(name="nobody").submit("Find").see("There is nobody of that name.")


def listed(pages: PageClient) -> list[str]:
    return [text_of(cell) for cell in pages.page.all("th") if cell.get("scope") == "row"]


def test_roles_authorisations_and_accounts_are_looked_after_on_one_page(
    administration: PageClient, hospice: Organisation
) -> None:
    doctor = a_clinician(Role.HOSPICE_DOCTOR, hospice, name="Dr Dee Made-Up", user_name="dee")
    page = administration.open(f"/admin/people/{doctor.clinician_id}")

    page.follow("Note an authorisation to sign").fill(
        issued_by="Medical director", from_date=date(2026, 11, 1), until_date=date(2027, 10, 31)
    ).submit("Note the authorisation")
    page.see("The authorisation to sign was noted.", "Medical director", "31-Oct-2027", "Current")
    page.submit("Take back the authorisation by Medical director").see("Taken back on 21-Nov-2026")
    page.follow("Put the name or number right").fill(name="Dr Dee O'Made-Up").submit("Save").see("Dr Dee O'Made-Up")
    page.follow("Give one more role").fill(role="privacy-officer").submit("Give the role").see("privacy officer")
    page.submit("End now privacy officer").see("Ended")
    page.follow("Give a new one-time code").submit("Make the code").see("Give this to them now")
    page.open(f"/admin/people/{doctor.clinician_id}").submit("Close the account").see("Account closed")
    page.submit("Open the account again").see("The account is open again")


def test_an_administrator_sees_nobody_of_another_organisation(administration: PageClient) -> None:
    stranger = a_clinician(name="Nora Elsewhere")

    for path in ("", "/name", "/reset", "/authorise"):
        administration.open(f"/admin/people/{stranger.clinician_id}{path}", status=404)
        administration.see_nothing_of("Elsewhere")
    administration.open("/admin/people/not-an-id", status=404)


def test_the_organisation_is_changed_by_its_administrator(administration: PageClient, hospice: Organisation) -> None:
    administration.follow("The organisation").fill(telephone_24h="01632 960199", demands_second_factor=False)

    administration.submit("Save")

    administration.see("The organisation was changed.")
    assert db.session.get_one(Organisation, hospice.id).telephone_24h == "01632 960 199"


def test_only_the_board_sees_all_organisations(administration: PageClient) -> None:
    administration.see_nothing_of("All organisations")

    administration.open("/admin/organisations", status=403)
    administration.open("/admin/organisations/new", status=403)


def test_the_board_lets_an_organisation_in_with_its_first_administrator(pages: PageClient) -> None:
    sign_in(
        pages.browser, a_clinician(Role.ADMINISTRATOR, an_organisation(type=OrganisationType.ICB, name="The Board"))
    )
    pages.open("/admin").follow("All organisations").follow("Add an organisation")
    pages.fill(name="Riverside Surgery", ods_code="A8", type="gp_practice").submit("Add organisation", status=422)
    assert pages.errors() == ["Enter the ODS code: 3 to 10 letters and digits, for example A81001"]

    pages.fill(ods_code="a81001").submit("Add organisation")

    pages.see("The organisation was added.", "Add a colleague at Riverside Surgery")
    pages.fill(name="Abe First", user_name="abe", role="administrator").submit("Add colleague").see(
        "Give this to them now"
    )
    pages.open("/admin/organisations").see("Riverside Surgery", "A81001").follow("Close Riverside Surgery").submit(
        "Close it now"
    )
    pages.see("Closed on 21-Nov-2026")


@pytest.mark.parametrize("path", ["/admin", "/admin/people/new", "/admin/organisation", "/admin/organisations"])
def test_nobody_else_administers(pages: PageClient, path: str) -> None:
    sign_in(pages.browser, a_clinician(Role.HOSPICE_NURSE))

    pages.open(path, status=403)

    pages.see("Your role, hospice nurse, may not do this.")
    refusals = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "refused")).all()
    assert [row.details for row in refusals] == [{"permission": "role administrator"}]


def test_no_page_of_an_administrator_is_open_without_signing_in(app: Flask, pages: PageClient) -> None:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/admin") and "GET" in (rule.methods or set()):
            address = re.sub(r"<[^>]+>", "0193e3c0-0000-7000-8000-000000000000", rule.rule)
            pages.open(address)
            assert pages.page.heading == "Sign in"


def test_the_name_of_a_colleague_is_not_in_the_log(
    administration: PageClient, caplog: pytest.LogCaptureFixture
) -> None:
    administration.follow("Add a colleague").fill(**NORA).submit("Add colleague")

    assert "Nora" not in caplog.text
    assert db.session.scalars(select(Clinician).where(Clinician.name == "Nora O'Neill")).one()
