"""The same bad input in every box of every form, and every id that is not one's own in every address.

What is typed is shown as text or refused, and nothing typed is lost. What may not be known is answered as if absent.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID
from xml.etree.ElementTree import Element

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from epaccs.access.actions import give_reason
from epaccs.access.model import AccessGrant
from epaccs.access.rules import ACCESS_TABLE, AccessReason, Fact
from epaccs.care_plans.model import LocalQuestion
from epaccs.clinicians.model import Clinician, Membership, SigningAuthorisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.incidents.actions import NewIncident, open_incident
from epaccs.notices.model import Notice
from epaccs.observations.actions import observe
from epaccs.observations.rules import What
from epaccs.oversight.actions.looking import look_at_new
from epaccs.sponsorship.actions import ask_for_account
from epaccs.sponsorship.rules import Ask
from epaccs.versions.actions import apply_edit
from tests.access.canaries import make_the_person
from tests.factories import (
    EVERYBODY_SHARES,
    a_clinician,
    a_consent,
    a_registered_person,
    an_edit,
    an_organisation,
    sign_in,
)
from tests.identification.lists import a_row
from tests.identification.lists import send as send_list
from tests.oversight.test_looking import look
from tests.pages import PageClient, find_endpoint, text_of
from tests.record.visits import a_person_with_everything
from tests.scans.papers import keep_a_paper

MARKUP = """<img src=x onerror=alert(1)>{{7*7}}{% raw %}'";--"""
NULL = "Grace\x00Okonkwo"

#: A form whose answer is a file, one that takes a file, steps of signing in that few people have, and forms with
#: nothing to type, or nothing but secrets.
ELSEWHERE = {
    "handover.show",
    "handover.ward",
    "handover.ward_of",
    "handover.pack_of",
    "handover.folder",
    "identification.send",
    "rosters.send",
    "relationships.refer",
    "relationships.end",
    "signing_in.give_code",
    "signing_in.choose_organisation",
    "account.password",
    "administration.close_organisation",
    "administration.reset",
    "devices.take_out",
    "devices.decide",
    "coordination.show",
    "sponsorship.end",
    "sponsorship.sponsor",
    "incidents.organisations",
    "passkeys.use",
    "step_up.confirm",
    "access.table_change",
    "calls.begin",
}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """What is refused reaches no database: one of the two is enough."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'epaccs.sqlite3')}"


def browsers(app: Flask) -> Iterator[tuple[PageClient, list[str]]]:
    """Who can reach a form, and where they begin."""
    trust, icb = (an_organisation(type=one) for one in (OrganisationType.AMBULANCE, OrganisationType.ICB))
    gp, paramedic = a_clinician(Role.GP, may_sign=True), a_clinician(Role.PARAMEDIC, trust, name="Ina Quillfeather")
    entry_id = a_person_with_everything(gp)
    apply_edit(gp, an_edit(entry_id, "treatment_level", {"level": "comfort_only"}, base_version=0))
    keep_a_paper(gp, entry_id)
    observe(gp, new_id(), entry_id=entry_id, what=What.WRONG, said={})
    give_reason(paramedic, entry_id, reason=AccessReason.EMERGENCY, identifiers_checked=[], cannot_check=True)
    colleague, dead = a_clinician(Role.COMMISSIONER, icb), a_registered_person(gp)
    send_list(gp, a_row())
    died = {"died_on": clock.today().isoformat()}
    apply_edit(gp, an_edit(dead, "lifecycle", died, kind="confirm_death"))
    officer = a_clinician(Role.PRIVACY_OFFICER, trust)
    incident_id = open_incident(officer, NewIncident("A tablet", "It lay in a taxi.", clock.now()))
    home = an_organisation(type=OrganisationType.CARE_HOME)
    ask_for_account(home.id, Ask("Grace Adu", Role.CARE_HOME_SENIOR, None, "01632 960170", None, "Nights"), address="-")
    look(paramedic, a_registered_person(gp, family_name="Quillfeather"))
    look_at_new()
    about = [f"/record/{entry_id}", f"/record/{dead}", f"/record/{dead}/death/reverse"]
    yield of(app, gp), [*about, "/", "/gallery", "/m"]
    yield of(app, officer), [f"/incidents/{incident_id}", "/"]
    sign = f"/admin/agreements/{EVERYBODY_SHARES}/sign"
    back = "/admin/access-table/versions/0"
    yield of(app, a_clinician(Role.ADMINISTRATOR, icb)), [f"/admin/people/{colleague.clinician_id}", sign, back, "/"]
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


# --- Ids -------------------------------------------------------------------------------------------------------------

#: Where a record that is not in one's care is opened in an emergency: there its existence is told, and recorded.
WAY_IN = {"record.show", "record.open_record"}
#: What a page has anew each time: its tokens, ids and numbers of edits; and the id that was asked for.
_ANEW = re.compile(r'name="(csrf_token|edit_id)" value="[^"]*"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')


@dataclass(frozen=True)
class Asked:
    """Whose ids an address is filled with, and what may be told of them."""

    whose: str
    ids: dict[str, list[str]]
    is_shared: bool = True


def those_who_are_not_ones_own() -> list[Asked]:
    """Somebody in another's care with everything about them, somebody dead, and somebody who refused to share."""
    person = make_the_person(area="eastdale")
    gp, entry = person.gp, str(person.entry_id)
    died, refused = a_registered_person(gp), a_registered_person(gp, consent=a_consent(share_status="refused"))
    apply_edit(gp, an_edit(died, "lifecycle", {"died_on": clock.today().isoformat()}, kind="confirm_death"))
    about = {name: [one] for name, one in person.ids.items() if name != "organisation_id"}
    about |= {"edit_id": [str(one) for one in person.held[:1]], "item_id": [person.items["contacts"]]}
    others = {f"{name}_id": [str(one)] for name, one in ids_of_rows().items()}
    return [
        Asked("in another's care", {**others, **about, "entry_id": [entry]}),
        Asked("dead", {"entry_id": [str(died)]}),
        Asked("does not share", {"entry_id": [str(refused)]}, is_shared=False),
    ]


def ids_of_rows() -> dict[str, UUID]:
    """One row of each kind that belongs to another organisation."""
    found = {
        "grant": db.session.scalars(select(AccessGrant.id)).first(),
        "notice": db.session.scalars(select(Notice.id)).first(),
        "membership": db.session.scalars(select(Membership.id)).first(),
        "clinician": db.session.scalars(select(Clinician.id)).first(),
        "authorisation": db.session.scalars(select(SigningAuthorisation.id)).first(),
        "question": db.session.scalars(select(LocalQuestion.id)).first(),
    }
    return {name: one for name, one in found.items() if one is not None}


#: Between them they get past the first question of every address, with and without opening in an emergency.
ASKERS = (
    Role.GP,
    Role.CALL_HANDLER,
    Role.CARE_HOME_SENIOR,
    Role.SOCIAL_WORKER,
    Role.PRACTICE_ADMINISTRATOR,
    Role.PRIVACY_OFFICER,
    Role.ADMINISTRATOR,
)


def test_nobody_learns_from_an_answer_whether_there_is_somebody_whom_they_may_not_know(app: Flask) -> None:
    asked, told = those_who_are_not_ones_own(), []

    for role in ASKERS:
        browser, may_break_glass = of(app, a_clinician(role)), Fact.BREAKS_GLASS in ACCESS_TABLE[role].facts
        token = form_token(browser)
        for rule, method in addresses_with_ids(app):
            nobody = answer_about(browser, rule, method, {}, token)
            for one in asked:
                is_told = may_break_glass and one.is_shared and rule.endpoint in WAY_IN
                # Whose role does not do this at all is refused before anybody looks whom it is about: once is enough.
                is_alike = nobody[0] == 403 and one is not asked[0]
                if not set(rule.arguments) & set(one.ids) or is_told or is_alike:
                    continue
                if answer_about(browser, rule, method, one.ids, token) != nobody:
                    told.append((str(role), one.whose, method, rule.rule, nobody[0]))

    assert not told, "\n" + "\n".join(map(str, told))


def test_an_id_that_is_none_is_answered_like_one_of_nobody(app: Flask) -> None:
    browser = of(app, a_clinician(Role.GP))
    token, wrong = form_token(browser), []

    for rule, method in addresses_with_ids(app):
        for malformed in ("none", "..%2F..", "%00", "9990000018", "x" * 3000, "' OR 1=1"):
            ids = {name: [malformed] for name in rule.arguments if name.endswith("_id")}
            status, _, said = answer_about(browser, rule, method, ids, token)
            if ids and (status not in {404, 403, 308, 422} or MARKUP in said):
                wrong.append((method, rule.rule, malformed[:20], status))

    assert not wrong, "\n" + "\n".join(map(str, wrong))


def addresses_with_ids(app: Flask) -> list[tuple[Rule, str]]:
    """Every address about somebody or something, as it is read and as it is sent."""
    rules = [
        one
        for one in app.url_map.iter_rules()
        if one.arguments and one.endpoint not in {"static", "handover.check_code"}
    ]
    return [(rule, method) for rule in rules for method in ("GET", "POST") if method in (rule.methods or set())]


def form_token(browser: PageClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.browser.get("/account").get_data(as_text=True))
    assert found
    return found[1]


def answer_about(
    browser: PageClient, rule: Rule, method: str, ids: dict[str, list[str]], token: str
) -> tuple[int, tuple[tuple[str, str], ...], str]:
    """Status, headers and page, without what is new each time."""
    known = {"section": "contacts", "kind": "sign", "step": "confirm", "role": "gp", "device_class": "managed-tablet"}
    filled = {name: (ids.get(name) or [known.get(name) or str(new_id())])[0] for name in rule.arguments}
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule).format(**filled)
    said = {"csrf_token": token, "reason": "permission_given", "identifiers_checked": ["name", "born"]}
    answer = browser.browser.open(path, method=method, data=said if method == "POST" else None)
    headers = tuple(sorted((name, _ANEW.sub("", value)) for name, value in answer.headers if name != "X-Request-ID"))
    return answer.status_code, headers, _ANEW.sub("", answer.get_data(as_text=True))
