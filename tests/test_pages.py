"""The page client catches what it says it catches: each house rule is broken once; the whole page keeps them all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, Response

from tests import pages
from tests.pages import HOUSE_RULES, Page, PageClient, faults_of

WHOLE = """<!doctype html>
<html lang="en-GB">
<head><meta charset="utf-8"><title>Error: My page – EPaCCS</title></head>
<body>
<main id="main">
<div class="nhsuk-error-summary"><h2>There is a problem</h2><ul><li><a href="#born">Enter the date</a></li></ul></div>
<h1>My page</h1>
<p>Give all other suitable treatment. <a href="/there">There</a> <a href="#main">Up</a></p>
<img src="/there" alt="">
<form method="post" action="/there">
<input type="hidden" name="csrf_token" value="x">
<label for="born">Born</label><span class="nhsuk-error-message" id="born-error">Enter the date</span>
<input id="born" name="born" aria-describedby="born-error">
<button>Save</button>
</form>
<table><caption>Rows</caption><tr><th scope="col">One</th></tr></table>
</main>
</body>
</html>"""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Request-ID": "1",
}


@pytest.fixture
def show() -> Callable[..., Page]:
    """Parse a page as the client would, with the house's headers unless told otherwise."""
    app = Flask("made_up")
    app.add_url_rule("/there", view_func=lambda: "there", endpoint="there", methods=["GET", "POST"])

    def build(html: str, *, status: int = 422, **headers: str) -> Page:
        sent = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
        app.view_functions["there"] = lambda: Response(html, status=status, headers=sent)
        return Page(app, app.test_client().get("/there"), "/there", expected_status=422)

    return build


def test_a_page_that_keeps_every_rule_has_no_fault(show: Callable[..., Page]) -> None:
    assert faults_of(show(WHOLE)) == []


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        pytest.param("it_is_html_without_a_fault", "</main>", "</div></main>", id="an end without a beginning"),
        pytest.param("it_is_html_without_a_fault", 'id="born"', 'id="born" id="b"', id="an attribute twice"),
        pytest.param("it_says_its_language", ' lang="en-GB"', "", id="no language"),
        pytest.param("it_has_one_heading", "<h1>My page</h1>", "", id="no heading"),
        pytest.param("it_has_one_heading", "<h2>There is a problem</h2>", "<h1>Two</h1>", id="two headings"),
        pytest.param("its_title_is_its_heading", "Error: My page", "Error: Another", id="title unlike heading"),
        pytest.param("its_title_is_its_heading", "Error: My page", "My page", id="refused without saying Error"),
        pytest.param("its_ids_are_unique", 'id="born-error"', 'id="born"', id="one id twice"),
        pytest.param("every_box_has_a_label", '<label for="born">Born</label>', "", id="no label"),
        pytest.param("every_box_has_a_label", "Born</label>", "</label>", id="a label without words"),
        pytest.param(
            "every_description_exists",
            'aria-describedby="born-error"',
            'aria-describedby="born-hint"',
            id="described by nothing",
        ),
        pytest.param("every_button_and_link_says_something", "Save</button>", "</button>", id="a silent button"),
        pytest.param("every_picture_has_words", ' alt=""', "", id="a picture without alt"),
        pytest.param("every_table_has_a_caption_and_headers", "<caption>Rows</caption>", "", id="no caption"),
        pytest.param("every_table_has_a_caption_and_headers", ' scope="col"', "", id="a header without scope"),
        pytest.param(
            "every_table_has_a_caption_and_headers", '<th scope="col">One</th>', "<td>One</td>", id="no header cells"
        ),
        pytest.param("nothing_runs_that_is_written_into_it", "<main ", '<main style="color:red" ', id="a style"),
        pytest.param("nothing_runs_that_is_written_into_it", "<main ", '<main onclick="go()" ', id="a handler"),
        pytest.param(
            "nothing_runs_that_is_written_into_it", "</main>", "<script>go()</script></main>", id="a script in the page"
        ),
        pytest.param(
            "nothing_runs_that_is_written_into_it",
            "</main>",
            '<script nonce="old">go()</script></main>',
            id="a script with the nonce of another answer",
        ),
        pytest.param(
            "nothing_runs_that_is_written_into_it", 'href="/there"', 'href="javascript:go()"', id="a script link"
        ),
        pytest.param("every_form_that_changes_something_has_a_token", 'name="csrf_token"', 'name="t"', id="no token"),
        pytest.param("every_form_that_changes_something_has_a_token", ' value="x"', ' value=""', id="an empty token"),
        pytest.param("every_address_leads_somewhere", 'href="/there"', 'href="/nowhere"', id="a dead link"),
        pytest.param("every_address_leads_somewhere", 'href="#main"', 'href="#top"', id="a dead link on the page"),
        pytest.param("every_address_leads_somewhere", 'action="/there"', 'action="/x"', id="a form to nowhere"),
        pytest.param("every_address_leads_somewhere", 'href="/there"', 'href="https://example.org/"', id="a way out"),
        pytest.param("every_address_leads_somewhere", 'src="/there"', 'src="/static/1/none.svg"', id="no such file"),
        pytest.param("no_address_names_a_person", 'href="/there"', 'href="/there?n=9990000018"', id="an NHS number"),
        pytest.param("it_never_says_do_not_treat", "Give all other", "Do not\n treat. Give", id="do not treat"),
        pytest.param("every_error_stands_by_its_box_and_is_linked", 'href="#born"', 'href="#b"', id="leads to nothing"),
        pytest.param(
            "every_error_stands_by_its_box_and_is_linked", "Enter the date</span>", "Enter</span>", id="not by its box"
        ),
        pytest.param(
            "every_error_stands_by_its_box_and_is_linked",
            '<a href="#born">Enter the date</a>',
            "Enter the date",
            id="an error without a link",
        ),
        pytest.param(
            "its_summary_is_in_the_order_of_its_boxes",
            '<ul><li><a href="#born">Enter the date</a></li></ul>',
            '<ul><li><a href="#born">Enter the date</a></li><li><a href="#main">Enter</a></li></ul>',
            id="a summary that leads up again",
        ),
    ],
)
def test_a_broken_page_is_caught(show: Callable[..., Page], rule: str, old: str, new: str) -> None:
    assert old in WHOLE

    broken = show(WHOLE.replace(old, new))

    assert rule in {fault.split(":")[0] for fault in faults_of(broken)}


def test_a_page_that_says_error_though_nothing_was_refused_is_caught(show: Callable[..., Page]) -> None:
    rules = {fault.split(":")[0] for fault in faults_of(show(WHOLE, status=200))}

    assert {
        "it_has_the_status_expected",
        "its_title_is_its_heading",
        "every_error_stands_by_its_box_and_is_linked",
    } <= rules


def test_a_page_that_may_be_kept_is_caught_unless_it_is_public(show: Callable[..., Page]) -> None:
    kept = show(WHOLE, Cache_Control="max-age=60")
    assert any(fault.startswith("it_is_not_kept") for fault in faults_of(kept))

    kept.app.view_functions["there"].permission = "PUBLIC"  # type: ignore[attr-defined]

    assert faults_of(Page(kept.app, kept.response, "/there", expected_status=422)) == []


@pytest.mark.parametrize("header", pages.REQUIRED_HEADERS)
def test_a_page_without_a_header_of_the_house_is_caught(show: Callable[..., Page], header: str) -> None:
    bare = show(WHOLE, **{header.replace("-", "_"): ""})

    assert any(fault.startswith("it_has_the_headers_of_the_house") for fault in faults_of(bare))


def test_every_house_rule_is_broken_by_some_test() -> None:
    marks = test_a_broken_page_is_caught.pytestmark  # type: ignore[attr-defined]
    broken = {case.values[0] for mark in marks for case in mark.args[1]}
    elsewhere = {"it_has_the_status_expected", "it_is_not_kept", "it_has_the_headers_of_the_house"}

    assert broken | elsewhere == {rule.__name__ for rule in HOUSE_RULES}


def test_the_client_fails_the_test_that_opens_a_broken_page(show: Callable[..., Page]) -> None:
    client = PageClient(show(WHOLE.replace("<h1>My page</h1>", "")).app)

    with pytest.raises(AssertionError, match="it_has_one_heading"):
        client.open("/there", status=422)


def test_the_client_ticks_and_types_only_what_is_there(show: Callable[..., Page]) -> None:
    client = PageClient(show(WHOLE).app).open("/there", status=422)

    with pytest.raises(AssertionError, match="no box died"):
        client.fill(died="1")
    with pytest.raises(AssertionError, match="no button 'Delete'"):
        client.submit("Delete")
    with pytest.raises(AssertionError, match="no link 'Elsewhere'"):
        client.follow("Elsewhere")
    with pytest.raises(AssertionError, match="is not on the page"):
        client.see("Give no treatment")
    with pytest.raises(AssertionError, match="is in the page"):
        client.see_nothing_of("suitable")
