"""The shell: what every answer carries, how a refusal is said to people and to programs, and what a form survives."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, render_template_string
from jinja2 import UndefinedError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import TooManyRequests

from epaccs.core import web
from epaccs.core.errors import Forbidden, NotFound, RuleBroken, RulesBroken, Stale, Unavailable
from epaccs.settings import Mode
from tests.pages import PageClient, faults_of

SECRET_WORDS = "OKONKWO 9990000018"
PROGRAM = {"Accept": "application/problem+json"}

ERRORS = [
    pytest.param(RuleBroken("The review date must be after the decision", field="review_on"), 422, id="rule"),
    pytest.param(RulesBroken([RuleBroken("Say who"), RuleBroken("Say when")]), 422, id="rules"),
    pytest.param(NotFound(SECRET_WORDS), 404, id="not found"),
    pytest.param(Forbidden("Only a signer may do this. Ask the GP."), 403, id="forbidden"),
    pytest.param(Stale(SECRET_WORDS), 409, id="stale"),
    pytest.param(Unavailable(SECRET_WORDS), 503, id="unavailable"),
    pytest.param(OperationalError(SECRET_WORDS, {}, Exception(SECRET_WORDS)), 503, id="lost database"),
    pytest.param(TooManyRequests(), 429, id="too many"),
]


def break_with(app: Flask, error: Exception) -> Flask:
    """An address that raises it, for reading and for writing."""

    def view() -> str:
        raise error

    app.add_url_rule("/broken", view_func=view, methods=["GET", "POST"])
    return app


def token(client: PageClient) -> str:
    return str(client.open("/gallery").value_of("csrf_token"))


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "status"), ERRORS)
def test_a_refusal_is_a_page_that_keeps_the_house_rules(shell: Flask, error: Exception, status: int) -> None:
    page = PageClient(break_with(shell, error)).open("/broken", status=status)

    page.see_nothing_of("OKONKWO", "9990000018", "Traceback")


@pytest.mark.parametrize(("error", "status"), ERRORS)
def test_a_program_gets_the_same_refusal_as_a_problem_document(shell: Flask, error: Exception, status: int) -> None:
    answer = break_with(shell, error).test_client().get("/broken", headers=PROGRAM)

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    problem = answer.get_json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:epaccs:problem:")
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert "OKONKWO" not in answer.text


def test_a_program_is_told_every_broken_rule_with_its_field(shell: Flask) -> None:
    error = RulesBroken([RuleBroken("Say who", field="decided_by"), RuleBroken("Say when")])

    problem = break_with(shell, error).test_client().get("/broken", headers=PROGRAM).get_json()

    assert problem["errors"] == [{"detail": "Say who", "field": "decided_by"}, {"detail": "Say when", "field": None}]


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        pytest.param("text/html,application/xhtml+xml,*/*;q=0.8", "text/html", id="browser"),
        pytest.param("*/*", "text/html", id="curl"),
        pytest.param("", "text/html", id="nothing"),
        pytest.param("application/json", "application/problem+json", id="JSON"),
        pytest.param("application/json, text/html;q=0.5", "application/problem+json", id="rather JSON"),
    ],
)
def test_people_get_pages_and_programs_problems(shell: Flask, accept: str, mimetype: str) -> None:
    assert shell.test_client().get("/nowhere", headers={"Accept": accept}).mimetype == mimetype


def test_the_absence_of_a_page_is_no_proof_that_there_is_no_decision(shell: Flask) -> None:
    PageClient(shell).open("/nowhere", status=404).see("This does not mean that there is no CPR decision.")


def test_a_lost_database_says_that_nothing_changed_and_what_to_do_now(make_shell: Callable[..., Flask]) -> None:
    app = break_with(make_shell(control_telephone="01632 960 999"), Unavailable())

    page = PageClient(app).open("/broken", status=503)

    page.see("Nothing was changed.", "reload this page", "Look for the signed form", "Ring 01632 960 999")
    assert page.page.response.headers["Retry-After"] == "30"


def test_the_page_of_a_lost_database_asks_for_no_session_and_nobody_signed_in(shell: Flask) -> None:
    def lost() -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    web.show_signed_in(shell, lost)
    shell.context_processor(lost)

    answer = break_with(shell, Unavailable()).test_client().get("/broken")

    assert answer.status_code == 503
    assert "Set-Cookie" not in answer.headers


def test_a_database_lost_while_the_frame_is_drawn_is_a_lost_database_too(make_shell: Callable[..., Flask]) -> None:
    app = make_shell(testing=False)

    def lost() -> None:
        raise OperationalError(SECRET_WORDS, {}, Exception("gone"))

    web.show_signed_in(app, lost)

    assert app.test_client().get("/gallery").status_code == 503
    assert app.test_client().get("/nowhere").status_code == 503


def test_a_sent_form_that_met_a_lost_database_may_be_sent_again(shell: Flask) -> None:
    client = PageClient(break_with(shell, Unavailable()))
    answer = client.browser.post("/broken", data={"csrf_token": token(client)})

    assert answer.status_code == 503
    assert "what you typed goes with it, and counts once" in answer.text


def test_something_unforeseen_says_so_and_its_text_stays_out_of_page_and_log(
    make_shell: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    app = break_with(make_shell(testing=False), ZeroDivisionError(SECRET_WORDS))

    with caplog.at_level(logging.DEBUG):
        page = PageClient(app).open("/broken", status=500)

    page.see("It is not certain whether anything was changed.").see_nothing_of("OKONKWO", "ZeroDivisionError")
    (record,) = caplog.records
    assert (record.getMessage(), record.__dict__["error"]) == ("A request failed", "ZeroDivisionError")
    assert record.__dict__["request_id"] in page.page.text
    assert any("test_web.py" in place for place in record.__dict__["places"])
    assert "OKONKWO" not in str(record.__dict__)


def test_a_method_that_is_not_allowed_names_those_that_are(shell: Flask) -> None:
    answer = shell.test_client().delete("/gallery")

    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_an_answer_that_a_view_made_itself_is_left_alone(shell: Flask) -> None:
    from flask import abort, make_response

    shell.add_url_rule("/own", view_func=lambda: abort(make_response("own words", 403)))

    answer = shell.test_client().get("/own")

    assert (answer.status_code, answer.text) == (403, "own words")


def test_a_status_without_words_of_its_own_gets_those_of_its_class(shell: Flask) -> None:
    from flask import abort

    shell.add_url_rule("/teapot", "teapot", lambda: abort(418))
    shell.add_url_rule("/later", "later", lambda: abort(501))

    PageClient(shell).open("/teapot", status=418).see("This could not be read")
    PageClient(shell).open("/later", status=501).see("Something went wrong here")


# --- size ------------------------------------------------------------------------------------------------------------


def test_two_hundred_thousand_emoji_fit_into_a_form(shell: Flask) -> None:
    client = PageClient(shell)
    client.open("/gallery").fill(notes="\U0001f98b" * 200_000)

    client.submit("Save", status=422)

    assert client.value_of("notes") == "\U0001f98b" * 200_000


def test_more_than_a_form_may_hold_is_refused_with_a_sentence(shell: Flask) -> None:
    client = PageClient(shell)
    answer = client.browser.post("/gallery", data={"csrf_token": token(client), "notes": "x" * web.BODY_LIMIT_BYTES})

    assert answer.status_code == 413
    assert "a whole form up to 4 megabytes" in answer.text


# --- the token -------------------------------------------------------------------------------------------------------


def test_a_form_without_its_token_changes_nothing_and_says_so(shell: Flask) -> None:
    done: list[str] = []
    shell.add_url_rule("/act", view_func=lambda: done.append("done") or "done", methods=["POST"])
    client = shell.test_client()

    answer = client.post("/act", data={"reason": "x"})

    assert answer.status_code == 422
    assert "Nothing was changed." in answer.text
    assert done == []


def test_a_form_of_ours_with_an_old_token_can_be_sent_again_with_everything_typed(shell: Flask) -> None:
    client = PageClient(shell).open("/gallery")
    typed = {"csrf_token": "of another session", "notes": "\n<b>her</b> words", "aware": ["person", "carer"]}
    origin = {"Origin": "http://localhost"}

    answer = client.browser.post("/gallery?from=list", data=typed, headers=origin)
    again = client._arrive(answer, 422)

    again.see("Send this form again")
    assert again.value_of("notes") == "\n<b>her</b> words"
    again.submit("Send it again", status=422)
    assert again.value_of("notes") == "\n<b>her</b> words"
    assert again.value_of("aware") == ["person", "carer"]


@pytest.mark.parametrize(
    ("typed", "headers"),
    [
        pytest.param({"reason": "x"}, {"Origin": "https://evil.example"}, id="from another site"),
        pytest.param({"reason": "x"}, {"Origin": "null"}, id="from nowhere"),
        pytest.param({"reason": "x"}, {"Sec-Fetch-Site": "same-site"}, id="from a neighbour"),
        pytest.param({"reason": "x"}, {}, id="from who knows where"),
        pytest.param({"new_password": "hush"}, {"Sec-Fetch-Site": "same-origin"}, id="with a password"),
        pytest.param({}, {"Sec-Fetch-Site": "same-origin"}, id="with nothing"),
    ],
)
def test_a_forged_form_is_not_offered_to_be_sent_again(
    shell: Flask, typed: dict[str, str], headers: dict[str, str]
) -> None:
    shell.add_url_rule("/act", view_func=lambda: "done", methods=["POST"])

    answer = shell.test_client().post("/act", data=typed, headers=headers)

    assert answer.status_code == 422
    assert "Send it again" not in answer.text
    assert "hush" not in answer.text


def test_a_program_with_an_old_token_gets_a_problem(shell: Flask) -> None:
    answer = shell.test_client().post("/gallery", data={"a": "b"}, headers={**PROGRAM, "Sec-Fetch-Site": "same-origin"})

    assert answer.get_json()["type"] == "urn:epaccs:problem:form-not-recognised"


def test_a_token_lives_as_long_as_the_session(shell: Flask) -> None:
    assert shell.config["WTF_CSRF_TIME_LIMIT"] is None


# --- headers ---------------------------------------------------------------------------------------------------------


def test_nothing_is_kept_by_a_browser_unless_the_answer_says_so(shell: Flask) -> None:
    from flask import Response

    shell.add_url_rule("/kept", view_func=lambda: Response("x", headers={"Cache-Control": "max-age=60"}))
    client = shell.test_client()

    assert client.get("/gallery").headers["Cache-Control"] == "no-store"
    assert client.get("/nowhere").headers["Cache-Control"] == "no-store"
    assert client.get("/kept").headers["Cache-Control"] == "max-age=60"


def test_a_page_loads_only_from_here_and_cannot_be_framed(shell: Flask) -> None:
    policy = shell.test_client().get("/gallery").headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "nonce" not in policy


def test_only_a_page_that_says_so_shows_another_of_our_answers_in_a_frame(shell: Flask) -> None:
    def holds_one() -> str:
        web.hold_frame()
        return ""

    shell.add_url_rule("/holds-one", view_func=holds_one)
    client = shell.test_client()

    holding, other = (client.get(path).headers["Content-Security-Policy"] for path in ("/holds-one", "/gallery"))

    assert "; frame-src 'self'; frame-ancestors 'none'; " in holding
    assert "frame-src" not in other


def test_an_inline_script_is_let_through_by_the_nonce_of_its_own_answer_only(shell: Flask) -> None:
    shell.add_url_rule("/inline", view_func=lambda: render_template_string("{{ csp_nonce() }} {{ csp_nonce() }}"))
    client = shell.test_client()

    first, second = client.get("/inline"), client.get("/inline")

    one, two = first.text.split()
    assert one == two
    assert f"script-src 'self' 'nonce-{one}'" in first.headers["Content-Security-Policy"]
    assert one not in second.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("mode", "sent"), [(Mode.LIVE, True), (Mode.DEMO, False)], ids=["live", "demonstration"])
def test_browsers_are_told_to_stay_with_tls_where_real_people_are(
    make_shell: Callable[..., Flask], mode: Mode, sent: bool
) -> None:
    answer = make_shell(mode=mode, secure_cookies=mode is Mode.LIVE).test_client().get("/nowhere")

    assert ("Strict-Transport-Security" in answer.headers) is sent


def test_the_cookie_of_a_live_site_is_bound_to_its_host_and_to_tls(make_shell: Callable[..., Flask]) -> None:
    client = make_shell(mode=Mode.LIVE, secure_cookies=True).test_client()

    cookie = client.get("/gallery", base_url="https://register.example").headers["Set-Cookie"]

    assert cookie.startswith("__Host-epaccs-form=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_every_answer_has_a_number_of_its_own(shell: Flask) -> None:
    client = shell.test_client()
    headers = {"X-Request-ID": "chosen-by-the-caller"}

    numbers = [client.get("/gallery", headers=headers).headers["X-Request-ID"] for _ in range(2)]

    assert len({*numbers, "chosen-by-the-caller"}) == 3


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        pytest.param("0af7651916cd43dd8448eb211c80319c", True, id="a number"),
        pytest.param("x", False, id="too short"),
        pytest.param("a b\tc; drop", False, id="anything else"),
    ],
)
def test_the_number_of_a_trusted_proxy_is_taken(make_shell: Callable[..., Flask], given: str, taken: bool) -> None:
    answer = make_shell(trusted_proxies=1).test_client().get("/gallery", headers={"X-Request-ID": given})

    assert (answer.headers["X-Request-ID"] == given) is taken


@pytest.mark.parametrize(
    ("proxies", "address"),
    [
        pytest.param(0, "127.0.0.1", id="none"),
        pytest.param(1, "203.0.113.2", id="one"),
        pytest.param(2, "203.0.113.1", id="two"),
    ],
)
def test_only_as_many_proxies_are_believed_as_are_set(
    make_shell: Callable[..., Flask], proxies: int, address: str
) -> None:
    from flask import request

    app = make_shell(trusted_proxies=proxies)
    app.add_url_rule("/me", view_func=lambda: f"{request.remote_addr} {request.host}")

    seen = app.test_client().get(
        "/me", headers={"X-Forwarded-For": "198.51.100.9, 203.0.113.1, 203.0.113.2", "X-Forwarded-Host": "evil.example"}
    )

    assert seen.text == f"{address} localhost"


# --- static files ----------------------------------------------------------------------------------------------------


def test_a_file_may_be_kept_for_ever_under_the_version_of_its_content(shell: Flask) -> None:
    version = shell.config["EPACCS_STATIC_VERSION"]

    with shell.test_client().get(f"/static/{version}/css/app.css") as answer:
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert f"max-age={web.YEAR_SECONDS}" in answer.headers["Cache-Control"]


def test_a_file_of_another_version_is_answered_but_asked_for_again(shell: Flask) -> None:
    with shell.test_client().get("/static/older/css/app.css") as answer:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["../core/web.py", "..%2fcore%2fweb.py", "nothing.css", "css/"])
def test_nothing_outside_the_static_folder_is_served(shell: Flask, name: str) -> None:
    assert shell.test_client().get(f"/static/1/{name}").status_code == 404


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_pages_and_style_sheets_travel_compressed(shell: Flask, encoding: str) -> None:
    client = shell.test_client()
    version = shell.config["EPACCS_STATIC_VERSION"]

    for address in ("/gallery", f"/static/{version}/css/app.css"):
        with client.get(address, headers={"Accept-Encoding": encoding}) as answer:
            assert answer.headers["Content-Encoding"] == encoding
            assert len(answer.data) < len(client.get(address).data) / 2


def test_the_frame_and_all_its_files_weigh_little(shell: Flask) -> None:
    """The card has 100 kB compressed for everything: its frame must leave most of them to it."""
    client = shell.test_client()
    page = PageClient(shell).open("/nowhere", status=404).page
    addresses = [element.get("href") for element in page.all("link")]
    addresses += [element.get("src") for element in page.all("script")]

    weight = 0
    for address in addresses:
        with client.get(str(address), headers={"Accept-Encoding": "br"}) as answer:
            weight += len(answer.data)

    assert len(addresses) >= 4
    assert weight < 45_000


# --- templates -------------------------------------------------------------------------------------------------------


def test_a_name_that_is_not_there_stops_the_page_instead_of_leaving_a_hole(shell: Flask) -> None:
    shell.add_url_rule("/hole", view_func=lambda: render_template_string("Not for {{ decison }}"))

    with pytest.raises(UndefinedError):
        shell.test_client().get("/hole")


def test_a_shape_that_nobody_drew_stops_the_page(shell: Flask) -> None:
    template = "{% import 'components/shapes.html' as shapes %}{{ shapes.shape(name) }}"

    with shell.test_request_context():
        assert "<svg" in render_template_string(template, name="octagon")
        with pytest.raises(UndefinedError):
            render_template_string(template, name="hexagon")


def test_dates_and_numbers_are_written_the_clinical_way(shell: Flask) -> None:
    from datetime import UTC, date, datetime

    template = (
        "{{ day | clinical_date }} {{ at | clinical_datetime }} {{ n | nhs_number }} "
        "{{ day | age }} {{ none | clinical_date }}"
    )

    with shell.test_request_context():
        shown = render_template_string(
            template, day=date(1941, 1, 6), at=datetime(2026, 7, 20, 13, 5, tzinfo=UTC), n="9990000018"
        )

    assert shown == "06-Jan-1941 20-Jul-2026 14:05 999 000 0018 85 Not recorded"


def test_a_demonstration_says_so_on_every_page_and_a_live_site_on_none(make_shell: Callable[..., Flask]) -> None:
    demonstration, live = make_shell(), make_shell(mode=Mode.LIVE)

    for app, is_shown in ((demonstration, True), (live, False)):
        break_with(app, Unavailable())
        for path, status in (("/gallery", 200), ("/nowhere", 404), ("/broken", 503)):
            page = PageClient(app).open(path, status=status).page
            assert ("Demonstration: made-up people" in page.text) is is_shown


def test_the_frame_says_who_is_signed_in_and_lets_them_leave(shell: Flask) -> None:
    page = PageClient(shell).open("/gallery")

    page.see("Dr Anil Patel, GP, Elm Street Surgery", "Sign out", "Notices 3 waiting")
    leave = page.page.forms()[0]
    assert (leave.get("method"), leave.get("action")) == ("post", "/sign-out")


def test_the_frame_of_nobody_shows_no_way_out(shell: Flask) -> None:
    web.show_signed_in(shell, lambda: None)

    PageClient(shell).open("/gallery").see_nothing_of("Sign out", "Notices")


# --- the gallery -----------------------------------------------------------------------------------------------------


def test_an_empty_form_is_refused_field_by_field(shell: Flask) -> None:
    client = PageClient(shell).open("/gallery").submit("Save", status=422)

    assert client.errors() == [
        "Enter the NHS number",
        "Enter the family name",
        "Enter the date of birth",
        "Choose the preferred place of care",
        "Tick the box: I have checked two identifiers",
    ]


def answers(**changes: Any) -> dict[str, Any]:
    from datetime import date

    return {
        "nhs_number": "999 000 0018",
        "family_name": "Okonkwo",
        "born_on": date(1941, 1, 6),
        "preferred_place": "hospice",
        "checked": True,
        **changes,
    }


def test_a_form_that_holds_is_accepted_and_says_so(shell: Flask) -> None:
    PageClient(shell).open("/gallery").fill(**answers()).submit("Save").see("The form was accepted.")


def test_a_form_that_a_rule_refuses_keeps_everything_and_its_number(shell: Flask) -> None:
    client = PageClient(shell).open("/gallery")
    number = client.value_of("edit_id")

    client.fill(**answers(family_name="Refused", aware=["carer"], notes="a\nb")).submit("Keep as a draft", status=422)

    assert client.errors() == ["This family name is refused, to show how that looks"]
    assert client.value_of("edit_id") == number
    assert client.value_of("base_version") == "7"
    assert client.value_of("aware") == ["carer"]
    assert client.value_of("notes") == "a\nb"
    assert [client.value_of(f"born_on-{box}") for box in ("day", "month", "year")] == ["6", "1", "1941"]


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("<script>alert(1)</script>", id="script"),
        pytest.param("{{ 7 * 7 }}{% raw %}", id="template"),
        pytest.param('O\'Neill "Nguyễn" & Łukasz', id="quotes and accents"),
        pytest.param("a\u202eb", id="right-to-left override"),
        pytest.param("a\x00b", id="null byte"),
        pytest.param("\U0001f98b\u200d\U0001f525", id="emoji"),
        pytest.param("%ED%A0%80\ud7ff", id="edge of the surrogates"),
    ],
)
def test_hostile_text_is_shown_as_text_on_a_page_without_a_fault(shell: Flask, typed: str) -> None:
    client = PageClient(shell).open("/gallery").fill(notes=typed, family_name=typed).submit("Save", status=422)

    assert client.value_of("notes") == typed.replace("\x00", "\ufffd")
    assert faults_of(client.page) == []


def test_bytes_that_are_no_text_are_refused_without_a_fault(shell: Flask) -> None:
    client = PageClient(shell)
    body = f"csrf_token={token(client)}&notes=%ED%A0%80%FF&family_name=%00"

    answer = client.browser.post("/gallery", data=body, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 422
