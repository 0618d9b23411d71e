"""The same bad input in every box of every form: shown as text or refused, and nothing typed is lost."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import pytest
from flask import Flask

from epaccs.access.actions import give_reason
from epaccs.access.rules import AccessReason
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.versions.actions import apply_edit
from tests.factories import a_clinician, a_registered_person, an_edit, an_organisation, sign_in
from tests.identification.lists import a_row
from tests.identification.lists import send as send_list
from tests.pages import PageClient, find_endpoint, text_of
from tests.record.visits import a_person_with_everything
from tests.scans.papers import keep_a_paper

MARKUP = """<img src=x onerror=alert(1)>{{7*7}}{% raw %}'";--"""
NULL = "Grace\x00Okonkwo"

#: A form whose answer is a file, one that takes a file, steps of signing in that few people have, and forms with
#: nothing to type, or nothing but secrets.
ELSEWHERE = {
    "handover.show",
    "identification.send",
    "signing_in.give_code",
    "signing_in.choose_organisation",
    "account.password",
    "administration.close_organisation",
    "administration.reset",
    "devices.take_out",
    "devices.decide",
}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """What is refused reaches no database: one of the two is enough."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'epaccs.sqlite3')}"


def browsers(app: Flask) -> Iterator[tuple[PageClient, list[str]]]:
    """Who can reach a form, and where they begin."""
    trust, icb = (an_organisation(type=one) for one in (OrganisationType.AMBULANCE, OrganisationType.ICB))
    gp, paramedic = a_clinician(Role.GP, may_sign=True), a_clinician(Role.PARAMEDIC, trust)
    entry_id = a_person_with_everything(gp)
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "comfort_only"}, base_version=0))
    keep_a_paper(gp, entry_id)
    give_reason(paramedic, entry_id, reason=AccessReason.EMERGENCY, identifiers_checked=[], cannot_check=True)
    colleague, dead = a_clinician(Role.COMMISSIONER, icb), a_registered_person(gp)
    send_list(gp, a_row())
    died = {"died_on": clock.today().isoformat()}
    apply_edit(gp, an_edit(dead, "lifecycle", died, kind="confirm_death"))
    yield of(app, gp), [f"/record/{entry_id}", f"/record/{dead}", f"/record/{dead}/death/reverse", "/", "/gallery"]
    yield of(app, a_clinician(Role.PRIVACY_OFFICER, trust)), ["/"]
    yield of(app, a_clinician(Role.ADMINISTRATOR, icb)), [f"/admin/people/{colleague.clinician_id}", "/"]
    yield of(app, a_clinician(Role.ADMINISTRATOR, trust)), ["/devices/policy"]
    yield PageClient(app), ["/sign-in", "/check"]


def of(app: Flask, actor: Actor) -> PageClient:
    browser = PageClient(app)
    sign_in(browser.browser, actor)
    return browser


def kind_of(path: str) -> str:
    return _ID.sub("ID", urlsplit(path).path)


def pages_reached(browser: PageClient, starts: list[str]) -> Iterator[str]:
    """Every page that links lead to, one of each kind."""
    waiting, met = list(starts), {kind_of(start) for start in starts}
    while waiting:
        path = waiting.pop(0)
        browser.open(path)
        if browser.page.heading == "Open this record":
            browser.fill(reason="permission_given", identifiers_checked=["name", "born"]).submit("Open the record")
        found = [str(link.get("href")) for link in browser.page.all("a") if link.get("download") is None]
        yield path
        for link in found:
            if link.startswith("/") and kind_of(link) not in met:
                met.add(kind_of(link))
                waiting.append(link)


def boxes_of(form: Element) -> list[str]:
    """The boxes into which one types; a password is never shown again."""
    typed = [box for box in form.iter("input") if (box.get("type") or "text") in {"text", "tel", "search", "email"}]
    return [str(box.get("name")) for box in [*typed, *form.iter("textarea")]]


def forms_reached(app: Flask) -> Iterator[tuple[PageClient, str, list[str], str]]:
    """Every form with something to type: the browser that has it open, its address, its boxes, its first button."""
    for browser, starts in browsers(app):
        for path in pages_reached(browser, starts):
            for form in browser.page.forms():
                if (form.get("method") or "get") == "post" and (boxes := boxes_of(form)):
                    browser.open(path)
                    yield browser, path, boxes, text_of(next(form.iter("button")))


def endpoints_with_forms(app: Flask) -> set[str]:
    return {rule.endpoint for rule in app.url_map.iter_rules() if {"GET", "POST"} <= (rule.methods or set())}


def send(browser: PageClient, boxes: list[str], button: str, words: str) -> None:
    """Type the same into every box; whatever the answer, the page client holds it to the house rules."""
    browser.fill(**dict.fromkeys(boxes, words))
    try:
        browser.submit(button, status=422)
    except AssertionError as error:
        if "status 200, not 422" not in str(error) or str(error).count("\n") > 1:
            raise


@pytest.mark.parametrize("words", [pytest.param(MARKUP, id="markup"), pytest.param(NULL, id="null byte")])
def test_every_form_shows_again_as_text_what_it_refuses(app: Flask, words: str) -> None:
    tried, lost = set(), []

    for browser, path, boxes, button in forms_reached(app):
        send(browser, boxes, button, words)
        tried.add(find_endpoint(app, path, "POST"))
        if browser.page.status == 422:
            shown = words.replace("\x00", "\ufffd")
            lost += [(path, name) for name in boxes if browser.value_of(name) != shown]
        elif "\x00" in words:
            lost.append((path, "was taken"))

    assert not lost
    assert endpoints_with_forms(app) - ELSEWHERE - tried == set()
