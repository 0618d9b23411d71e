"""Every page that a person can reach is looked at, on both screens: with axe, with a ruler, and with the Tab key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import update
from werkzeug.exceptions import HTTPException

from e2e.accessibility import faults_found_by_axe, faults_measured, faults_of_focus
from e2e.conftest import TELEPHONE, Site, SitsDown
from e2e.scenes import days_ago, died, fully_recorded, lives_in, on_the_register, opened
from e2e.steps import Somebody
from epaccs.access.actions import propose_table, turn_down_table
from epaccs.access.rules import ACCESS_TABLE, AccessReason, Fact
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.coordination.actions import begin_round
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.devices.actions import take_out
from epaccs.handover.actions.packs import PackOrder, ask_for_pack
from epaccs.handover.model import HandoverPack, HandoverSheet
from epaccs.handover.rules import SheetStatus
from epaccs.incidents.actions import NewIncident, open_incident
from epaccs.observations.actions import observe
from epaccs.observations.rules import What
from epaccs.oversight.actions.looking import look_at_new
from epaccs.record.actions.calls import begin_call
from epaccs.record.rules.spoken import Caller, KnownBy
from epaccs.sponsorship.actions import approve, ask_for_account
from epaccs.sponsorship.model import AccountRequest
from epaccs.sponsorship.rules import Ask
from tests.coordination.residents import a_home
from tests.devices.leases import some_tablets
from tests.factories import EVERYBODY_SHARES, a_membership, an_organisation
from tests.identification.lists import a_row
from tests.identification.lists import send as send_list
from tests.oversight.test_looking import look
from tests.scans.papers import keep_a_paper

#: Answers that are no pages, addresses that only lead on, and steps of signing in that few people have, or that
#: begin on another site.
NO_PAGES = {
    "static",
    "handover.pack_progress",
    "handover.processing",
    "identification.template",
    "operations.healthz",
    "operations.readyz",
    "operations.metrics",
    "record.number",
    "register.merge_of_entry",
    "scans.download",
    "scans.show_beside",
    "versions.held_of_entry",
    "signing_in.give_code",
    "launch.show",
    "provider.back",
    "provider.end",
    "provider.leave",
    "provider.signed_out",
    "tablet.show_forms",
    "tablet.show_manifest",
    "tablet.show_session",
    "tablet.show_scan_worker",
    "tablet.show_slow_worker",
    "tablet.show_worker",
}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def endpoint_of(app: Flask, path: str) -> str | None:
    try:
        return str(app.url_map.bind("localhost").match(urlsplit(path).path, method="GET")[0])
    except HTTPException:
        return None


def kind_of(path: str) -> str:
    """Pages that differ only in whom they are about are looked at once."""
    return _ID.sub("ID", urlsplit(path).path)


def links_of(page: Page) -> list[str]:
    """Where the page leads; a file to be kept is no page."""
    wanted = "a[href^='/']:not([download])"
    found: list[str] = page.eval_on_selector_all(wanted, "links => links.map(it => it.getAttribute('href'))")
    return found


def pages_reached(page: Page, *starts: str) -> Iterator[str]:
    """Every page that links lead to, one of each kind, in the order of reading."""
    waiting, met = list(starts), {kind_of(start) for start in starts}
    while waiting:
        path = waiting.pop(0)
        page.goto(path)
        yield path
        for link in links_of(page):
            if kind_of(link) not in met:
                met.add(kind_of(link))
                waiting.append(link)


def readers(site: Site, sits_down: SitsDown) -> Iterator[tuple[Somebody, list[str]]]:
    """Who looks, and where they begin: a GP with a full record and a dead person, those who govern, and a stranger."""
    trust = an_organisation(type=OrganisationType.AMBULANCE)
    gp_at_work = site.employs(Role.GP, name="Dr Anita Patel", may_sign=True)
    with days_ago(2):
        alive = on_the_register(gp_at_work, family_name=site.a_name(), born_on=site.a_birthday())
        fully_recorded(gp_at_work, alive)
        keep_a_paper(gp_at_work, alive)
        crew = site.employs(Role.PARAMEDIC, trust, name="Ina Quillfeather")
        opened(crew, alive, reason=AccessReason.EMERGENCY)
        observe(crew, new_id(), entry_id=alive, what=What.WRONG, said={"part": "contacts", "words": "Nobody answers"})
        send_list(gp_at_work, a_row())
        rest_home = a_home()
        lives_in(gp_at_work, rest_home)
        dead = on_the_register(gp_at_work, family_name=site.a_name(), born_on=site.a_birthday())
        died(gp_at_work, dead)
    look(crew, on_the_register(gp_at_work, family_name="Quillfeather", born_on=site.a_birthday()))
    look_at_new()
    gp = sits_down(gp_at_work).opens("/").signs_in()
    yield gp, [f"/record/{alive}"]
    gp.opens(f"/record/{alive}").says_why()
    opened(gp_at_work, alive)
    rung = {"known_by": KnownBy.RANG_BACK, "identifiers": ["name", "born"], "cannot_identify": False}
    end_of_care = f"/record/{alive}/teams/end"
    ward = f"/handover/ward/{rest_home.id}"
    waiting = f"/handover/packs/{a_pack_that_waits(site, gp_at_work, rest_home.id)}"
    has_printed_a_pack(site, gp_at_work, rest_home.id)
    script = f"/record/{alive}/call/{begin_call(gp_at_work, alive, caller=Caller.CREW, **rung)}"
    yield (
        gp,
        [
            "/",
            f"/record/{alive}",
            f"/record/{alive}/key-safe",
            script,
            end_of_care,
            f"/record/{new_id()}",
            "/admin",
            ward,
            waiting,
            "/m",
            "/m/22222-22222",
        ],
    )
    gp.opens(f"/record/{dead}").says_why()
    yield gp, [f"/record/{dead}", f"/record/{dead}/death", f"/record/{dead}/death/reverse"]
    icb = an_organisation(type=OrganisationType.ICB)
    colleague = site.employs(Role.COMMISSIONER, icb)
    steward = site.employs(Role.ADMINISTRATOR, icb)
    home = an_organisation(type=OrganisationType.CARE_HOME)
    for name in ("Grace Adu", "Ben Carter"):
        ask = Ask(name, Role.CARE_HOME_SENIOR, None, "01632 960170", None, "Nights")
        ask_for_account(home.id, ask, address="-")
    asked_first = db.session.query(AccountRequest).filter_by(organisation_id=home.id).first()
    approve(steward, asked_first.id, months=12)
    row = ACCESS_TABLE[Role.OUT_OF_HOURS_GP]
    table = {**ACCESS_TABLE, Role.OUT_OF_HOURS_GP: replace(row, facts=row.facts - {Fact.PRINTS})}
    change = propose_table(steward, table, reason="Paper is lost", based_on=0)
    sign, back = f"/admin/agreements/{EVERYBODY_SHARES}/sign", "/admin/access-table/versions/0"
    yield sits_down(steward).opens("/").signs_in(), ["/", f"/admin/people/{colleague.clinician_id}", sign, back]
    turn_down_table(steward, change)
    first, second = (site.employs(Role.ADMINISTRATOR, trust) for _ in range(2))
    asked = take_out(first, some_tablets(crew, 7)[:6], is_lost=True)
    yield sits_down(second).opens("/").signs_in(), ["/devices", f"/devices/requests/{asked.request_id}"]
    officer = site.employs(Role.PRIVACY_OFFICER, trust)
    incident = open_incident(officer, NewIncident("A tablet", "It lay in a taxi.", clock.now()))
    yield sits_down(officer).opens("/").signs_in(), ["/", f"/incidents/{incident}"]
    two_places = site.employs(Role.GP)
    a_membership(two_places, an_organisation(type=OrganisationType.GP_PRACTICE), Role.GP)
    yield sits_down(two_places).opens("/").signs_in(), ["/choose-organisation"]
    public = ["/sign-in", "/check", "/check/ABCD", "/m/22222-22222", "/gallery", "/tablet", "/ask-for-access/sent"]
    yield sits_down(two_places), public


def has_printed_a_pack(site: Site, actor: Actor, place_id: UUID) -> None:
    """Paper is about: nothing is laid out for it, since only the page of its folder is looked at."""
    pack_id, now = a_pack_that_waits(site, actor, place_id), clock.now()
    with writing() as session:
        session.execute(update(HandoverPack).where(HandoverPack.id == pack_id).values(printed_at=now))
        printed = {"status": str(SheetStatus.CURRENT), "printed_at": now, "valid_as_at": now, "change_number": 0}
        session.execute(update(HandoverSheet).where(HandoverSheet.pack_id == pack_id).values(**printed))


def a_pack_that_waits(site: Site, actor: Actor, place_id: UUID) -> UUID:
    """Sheets that the worker does not finish while the page is looked at: it was stopped already."""
    signed_in, pack_id = replace(actor, session_id=new_id()), new_id()
    begin_round(signed_in, place_id, reason=AccessReason.PERMISSION_GIVEN)
    settings = site.app.config["EPACCS"]
    ask_for_pack(signed_in, pack_id, place_id=place_id, order=PackOrder("night shift"), settings=settings)
    return pack_id


def test_everybody_can_use_every_page(site: Site, sits_down: SitsDown) -> None:
    faults: list[str] = []
    seen: set[str | None] = set()

    for reader, starts in readers(site, sits_down):
        for path in pages_reached(reader.page, *starts):
            seen.add(endpoint_of(site.app, path))
            faults += [f"{kind_of(path)}: {fault}" for fault in faults_of(reader.page)]

    every_page = {rule.endpoint for rule in site.app.url_map.iter_rules() if "GET" in (rule.methods or set())}
    assert not faults, "\n" + "\n".join(faults)
    assert every_page - NO_PAGES - seen == set(), "a page that no link leads to"


def faults_of(page: Page) -> list[str]:
    """On the small screen with axe too: what it finds hardly depends on the screen, and it takes its time."""
    # A button that waits for a script of its page.
    expect(page.locator("button:disabled")).to_have_count(0)
    found = faults_measured(page) + faults_of_focus(page)
    return found + faults_found_by_axe(page) if page.viewport_size == TELEPHONE else found
