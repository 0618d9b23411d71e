"""Every address names who may use it, wants a token for its forms, and leaves nothing of a patient in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from epaccs.access.rules import Permission, can_ever, facts_of_role
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core import web
from epaccs.core.identifiers import new_id
from epaccs.devices.guard import TABLET
from epaccs.notices.rules import MEANINGS
from epaccs.sync.views.push import SEALED
from tests.factories import a_clinician, an_organisation, sign_in
from tests.pages import Page, faults_of

#: Of what another program signs, nothing but the signature is believed: neither a session nor a form's token.
SIGNED = {"LAUNCH", "PROVIDER"}
#: What a view may say instead of a permission of the table: nobody need be signed in, or anybody signed in may.
WITHOUT_THE_TABLE = {web.PUBLIC, "SIGNED_IN", "SIGNING_IN", TABLET, SEALED, *SIGNED, *(f"ROLE {role}" for role in Role)}
PROGRAM = {"Accept": "application/problem+json"}
READING = {"GET", "HEAD", "OPTIONS"}


def in_lines(found: list[Any]) -> str:
    return "\n" + "\n".join(str(one) for one in found)


def rules_of(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)


def permission_of(app: Flask, rule: Rule) -> str | None:
    permission = getattr(app.view_functions[rule.endpoint], "permission", None)
    return None if permission is None else str(permission)


def writing_methods(rule: Rule) -> set[str]:
    return (rule.methods or set()) - READING


def address_of(rule: Rule) -> str:
    """The address with ids of nobody and nothing."""
    return re.sub(r"<[^>]+>", lambda _: str(new_id()), rule.rule)


def someone(role: Role) -> Actor:
    """An administrator at the ICB, who may do the most; anybody else where the role is held."""
    if role is Role.ADMINISTRATOR:
        return a_clinician(role, an_organisation(type=OrganisationType.ICB))
    return a_clinician(role)


def every_address(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in rules_of(app):
        if rule.endpoint != "static":
            yield rule, address_of(rule)


def test_every_address_names_the_permission_it_asks_for(app: Flask) -> None:
    known = WITHOUT_THE_TABLE | {str(permission) for permission in Permission}

    unnamed = [rule.rule for rule in rules_of(app) if permission_of(app, rule) not in known]

    assert not unnamed, in_lines(unnamed)


def test_what_a_tablet_asks_is_refused_without_a_lease_whatever_session_there_is(app: Flask) -> None:
    client, rules = app.test_client(), [one for one in rules_of(app) if permission_of(app, one) == TABLET]
    sign_in(client, a_clinician(Role.GP))

    for rule in rules:
        assert rule.methods == {"POST", "OPTIONS"}, rule.rule
        answer = client.post(address_of(rule), json={}, headers={"Accept": "text/html"})
        problem = answer.get_json(silent=True) or {}
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json"), rule.rule
        assert problem["type"] == "urn:epaccs:problem:signed-out"

    assert rules, "a tablet asks something"


def test_what_is_sealed_is_asked_for_no_sign_in_and_nothing_else_of_it_is_believed(app: Flask) -> None:
    rules = [one for one in rules_of(app) if permission_of(app, one) == SEALED]

    for rule in rules:
        assert rule.methods == {"POST", "OPTIONS"}, rule.rule
        answer = app.test_client().post(address_of(rule), json={}, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), rule.rule

    assert rules, "something comes sealed"


def test_what_another_program_signs_is_refused_whatever_session_brings_it(app: Flask) -> None:
    client, rules = app.test_client(), [one for one in rules_of(app) if permission_of(app, one) in SIGNED]
    sign_in(client, a_clinician(Role.GP))

    for rule in rules:
        assert rule.methods == {"POST", "OPTIONS"}, rule.rule
        assert client.post(address_of(rule), data={"launch": "x", "logout_token": "x"}).status_code in (404, 422)

    assert {permission_of(app, rule) for rule in rules} == SIGNED


def test_every_form_is_refused_without_its_token(app: Flask) -> None:
    client = app.test_client()
    sign_in(client, a_clinician(Role.GP))
    taken = []

    for rule, address in every_address(app):
        if permission_of(app, rule) in (TABLET, SEALED, *SIGNED):
            continue
        for method in sorted(writing_methods(rule)):
            answer = client.open(address, method=method, data={"reason": "x"}, headers=PROGRAM)
            problem = answer.get_json(silent=True) or {}
            if (answer.status_code, problem.get("type")) != (422, "urn:epaccs:problem:form-not-recognised"):
                taken.append((method, rule.rule, answer.status_code))

    assert [rule for rule, _ in every_address(app) if writing_methods(rule)], "there are forms to send"
    assert not taken, in_lines(taken)


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_a_role_gets_a_page_that_no_browser_keeps_or_the_refusal_the_table_says(app: Flask, role: Role) -> None:
    client = app.test_client()
    sign_in(client, someone(role))
    wrong: list[Any] = []

    for rule, address in every_address(app):
        if "GET" not in (rule.methods or set()):
            continue
        permission = permission_of(app, rule)
        answer = client.get(address, follow_redirects=bool(rule.arguments))
        if answer.status_code not in expected_statuses(role, permission, has_ids=bool(rule.arguments)):
            wrong.append((rule.rule, permission, answer.status_code))
        if permission != web.PUBLIC and answer.headers["Cache-Control"] != "no-store":
            wrong.append((rule.rule, answer.headers["Cache-Control"]))
        if answer.mimetype == "text/html" and answer.status_code == 200:
            wrong += [(rule.rule, fault) for fault in faults_of(Page(app, answer, address))]

    assert not wrong, in_lines(wrong)


def expected_statuses(role: Role, permission: str | None, *, has_ids: bool) -> set[int]:
    """What an address may answer; one with the id of nobody ends where nothing is."""
    opened = {404} if has_ids else {200, 303}
    if permission in WITHOUT_THE_TABLE:
        is_own = not str(permission).startswith("ROLE") or permission == f"ROLE {role}"
        return opened | {303} if is_own else {403}
    allowed = can_ever(Permission(str(permission)), facts_of_role(role, may_sign=False))
    return opened if allowed else {403}


def test_nobody_who_is_not_signed_in_gets_past_the_public_pages(app: Flask) -> None:
    client = app.test_client()
    wrong = []

    for rule, address in every_address(app):
        if "GET" not in (rule.methods or set()):
            continue
        answer = client.get(address)
        is_public = permission_of(app, rule) == web.PUBLIC
        sent_to_sign_in = answer.status_code == 303 and answer.location.startswith("/sign-in")
        if is_public is sent_to_sign_in:
            wrong.append((rule.rule, answer.status_code, answer.location))
        if sent_to_sign_in and answer.headers["Cache-Control"] != "no-store":
            wrong.append((rule.rule, answer.headers["Cache-Control"]))

    assert not wrong, in_lines(wrong)


def test_a_route_that_names_nothing_or_lets_a_form_through_is_caught(app: Flask) -> None:
    app.add_url_rule("/unnamed", "unnamed", lambda: "open", methods=["GET", "POST"])
    web.csrf.exempt(f"{__name__}.unnamed")
    app.view_functions["unnamed"].__module__ = __name__
    app.view_functions["unnamed"].__name__ = "unnamed"

    with pytest.raises(AssertionError, match="unnamed"):
        test_every_address_names_the_permission_it_asks_for(app)
    with pytest.raises(AssertionError, match="unnamed"):
        test_every_form_is_refused_without_its_token(app)
    web.csrf._exempt_views.discard(f"{__name__}.unnamed")


def test_a_notice_leads_only_where_its_readers_role_may_go(app: Flask) -> None:
    permissions = {rule.endpoint: permission_of(app, rule) for rule in app.url_map.iter_rules()}

    assert {kind: permissions[one.page] for kind, one in MEANINGS.items()} == {
        kind: one.permission for kind, one in MEANINGS.items()
    }
