"""Every cell of the access table, role by tier and by how the person concerns the reader's organisation.

Each role signs in and reads what it can reach, everywhere: the way in, the record, every address about the person,
search, the sheet, what a tablet is sent, and refusals. The oracle is the agreed table, written out here once more.

Source: access table, role x section x tier; hazards H-05 and H-65.
"""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import pdfplumber
import pytest
from flask import Flask
from sqlalchemy import create_engine
from werkzeug.routing import Rule

from epaccs.access.rules import ACCESS_TABLE, Fact, Scope, Tier
from epaccs.app import create_app
from epaccs.care_plans.sections import SECTIONS
from epaccs.clinicians.rules import ORGANISATION_TYPES_OF, Actor, OrganisationType, Role
from epaccs.core import clock, web
from epaccs.core.db import db
from epaccs.core.identifiers import new_id
from epaccs.cpr_decisions.rules import EditKind
from epaccs.devices.rules.policy import DEFAULT_POLICIES
from epaccs.settings import Mode, Settings
from tests.access.canaries import ThePerson, make_the_person
from tests.conftest import COMPILED_TEMPLATES, NOW, SECRET, Browser, empty
from tests.factories import a_clinician, an_organisation, sign_in
from tests.pages import PageClient
from tests.record.visits import concern
from tests.sync.tablets import a_sync_tablet
from tests.test_every_route import permission_of

#: The agreed table: role, what it sees of T0 to T4, and whose records it reaches.
AGREED: Final = """
gp                      yes yes       yes       yes no          practice relationship
practice-administrator  yes no        no        no  no          practice
out-of-hours-gp         yes yes       yes       no  no          area relationship
out-of-hours-nurse      yes yes       yes       no  no          area relationship
call-handler            yes read-back no        no  no          area
paramedic               yes yes       incident  no  no          area
community-nurse         yes yes       yes       yes no          relationship
hospice-nurse           yes yes       yes       yes no          relationship
hospice-doctor          yes yes       yes       yes no          relationship
care-home-nurse         yes yes       residents no  no          residents
hospital-doctor         yes yes       yes       no  no          relationship
ed-clinician            yes yes       no        no  no          relationship
care-home-senior        yes residents no        no  no          residents
social-worker           yes needs     needs     no  no          relationship
coordinator             yes yes       yes       no  no          area relationship
privacy-officer         yes no        no        no  governance  organisation
commissioner            no  no        no        no  governance  area
administrator           no  no        no        no  governance  organisation
"""
TIERS: Final = (Tier.T0_EXISTS, Tier.T1_EMERGENCY, Tier.T2_COORDINATION, Tier.T3_SENSITIVE, Tier.T4_GOVERNANCE)

#: How the person concerns an organisation, and the words of the table that this makes true of it.
RELATIONS: Final[dict[str, frozenset[str]]] = {
    "own practice": frozenset({"practice", "relationship", "area", "organisation"}),
    "residents": frozenset({"residents", "area"}),
    "area": frozenset({"area"}),
    "relationship": frozenset({"relationship", "organisation"}),
    "no relation": frozenset(),
}
_AT: Final = {"own practice": OrganisationType.GP_PRACTICE, "residents": OrganisationType.CARE_HOME}


@dataclass(frozen=True)
class Agreed:
    """One line of the agreed table."""

    sights: dict[Tier, str]
    reaches: frozenset[str]

    def is_reached(self, relation: str) -> bool:
        return bool(self.reaches & RELATIONS[relation])

    def tiers(self, relation: str) -> frozenset[Tier]:
        """What is there once a reason was given: an incident began with it."""
        holds = {"yes", "read-back", "incident", *({"residents"} if relation == "residents" else ())}
        seen = {tier for tier, word in self.sights.items() if word in holds}
        return frozenset(seen | ({Tier.NEEDS} if "needs" in self.sights.values() else set()))


def read_agreed() -> dict[Role, Agreed]:
    lines = [line.split() for line in AGREED.strip().splitlines()]
    return {
        Role(name): Agreed(dict(zip(TIERS, sights[:5], strict=True)), frozenset(sights[5:])) for name, *sights in lines
    }


TABLE: Final = read_agreed()


def can_be(role: Role, relation: str) -> bool:
    """Whether the role is held where the person can concern the organisation in this way."""
    return relation not in _AT or _AT[relation] in ORGANISATION_TYPES_OF.get(role, frozenset(OrganisationType))


#: One of the roles for each line of the table that differs.
DIFFERENT: Final = list({(tuple(one.sights.values()), one.reaches): role for role, one in TABLE.items()}.values())
#: What differs by database is only how people are reached: between them these roles are reached in every way.
REACHED: Final = [Role.GP, Role.PARAMEDIC, Role.CARE_HOME_NURSE, Role.SOCIAL_WORKER, Role.PRIVACY_OFFICER]
CELLS: Final = [
    pytest.param(database, role, relation, id=f"{database}-{role}-{relation.replace(' ', '-')}")
    for database, roles in {"sqlite": list(Role), "postgresql": REACHED}.items()
    for role in roles
    for relation in RELATIONS
    if can_be(role, relation)
]
#: Who walks to every address; on the other database somebody whose sight is cut off in the middle of a section.
WALKERS: Final = [
    pytest.param(database, role, id=f"{database}-{role}")
    for database, roles in {"sqlite": DIFFERENT, "postgresql": [Role.ED_CLINICIAN]}.items()
    for role in roles
]
in_cells = pytest.mark.parametrize(("world", "role", "relation"), CELLS, indirect=["world"], scope="module")


@dataclass(frozen=True)
class World:
    """One application with the one person in it."""

    app: Flask
    person: ThePerson

    def somebody(self, role: Role, relation: str) -> Actor:
        """A new colleague of the role, at an organisation that the person concerns in this way."""
        if relation in _AT:
            return a_clinician(role, self.person.practice if relation == "own practice" else self.person.home)
        held_at = ORGANISATION_TYPES_OF.get(role, frozenset({OrganisationType.AMBULANCE}))
        area = "northdale" if relation == "area" else "eastdale"
        actor = a_clinician(role, an_organisation(type=min(held_at), area=area))
        if relation == "relationship":
            concern(self.person.entry_id, actor)
        return actor

    def browser_of(self, actor: Actor) -> PageClient:
        pages = PageClient(self.app)
        sign_in(pages.browser, actor)
        return pages


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The person is made once: reading changes nothing of them."""
    folder = tmp_path_factory.mktemp("cells")
    url = _address_of_database(request, folder)
    settings = Settings(database_url=url, data_dir=folder / "data", secret_key=SECRET, mode=Mode.DEMO, testing=True)
    clock.set_source(lambda: NOW)
    app = create_app(settings)
    app.jinja_env.bytecode_cache = COMPILED_TEMPLATES
    app.test_client_class = Browser
    with app.app_context():
        yield World(app, make_the_person())
        db.session.remove()
        db.engine.dispose()
    if request.param == "postgresql":
        empty(create_engine(url))


def _address_of_database(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_template'), folder / 'epaccs.sqlite3')}"


# --- The table -------------------------------------------------------------------------------------------------------

_WORDS: Final = {
    Scope.OWN_PRACTICE: "practice",
    Scope.RELATIONSHIP: "relationship",
    Scope.AREA: "area",
    Scope.RESIDENTS: "residents",
    Scope.OWN_ORGANISATION: "organisation",
}


def test_every_cell_of_the_table_says_what_was_agreed() -> None:
    kept = {
        role: Agreed({tier: str(row.sights[tier]) for tier in TIERS}, frozenset(_WORDS[one] for one in row.scopes))
        for role, row in ACCESS_TABLE.items()
    }

    assert kept == TABLE


@pytest.mark.parametrize("world", ["sqlite"], indirect=True, scope="module")
def test_every_tier_has_words_of_its_own(world: World) -> None:
    planted = world.person.canaries.planted.values()

    assert {one.tier for one in planted if one.is_now} == {
        Tier.T1_EMERGENCY,
        Tier.T2_COORDINATION,
        Tier.T3_SENSITIVE,
    }
    assert any(one.needs for one in planted)
    assert any(one.is_passage for one in planted)
    assert any(one.is_masked for one in planted)
    assert world.person.held, "a change waits"


# --- The way in, the record, search ----------------------------------------------------------------------------------

WHO_ONLY: Final = frozenset({Tier.T0_EXISTS})


@in_cells
def test_a_cell_shows_what_it_says_and_nothing_else(world: World, role: Role, relation: str) -> None:
    person, agreed = world.person, TABLE[role]
    actor = world.somebody(role, relation)
    pages = world.browser_of(actor)
    path = f"/record/{person.entry_id}"

    first = pages.browser.get(path)
    said = first.get_data(as_text=True)
    assert person.leaked(said, WHO_ONLY) == [], "before a reason was given"
    found = search(pages, person)
    assert person.leaked(found, reads(agreed, relation)) == [], "in the results of a search"
    assert (person.family_name.upper() in found) is (agreed.is_reached(relation) and agreed.sights[TIERS[0]] == "yes")

    if not opens(role, agreed, relation):
        assert first.status_code in {403, 404}
        assert person.family_name.upper() not in said.upper()
        refused = force_open(pages, path)
        assert person.leaked(refused, WHO_ONLY) == []
        return
    record = open_record(pages, path, emergency=not agreed.is_reached(relation))
    assert person.leaked(record, agreed.tiers(relation)) == [], "on the record"
    assert person.missing(record, agreed.tiers(relation)) == [], "on the record"


def reads(agreed: Agreed, relation: str) -> frozenset[Tier]:
    return agreed.tiers(relation) if agreed.is_reached(relation) else WHO_ONLY


def opens(role: Role, agreed: Agreed, relation: str) -> bool:
    """Whether the card can be opened at all: within reach, or in an emergency."""
    sees_card = agreed.sights[Tier.T1_EMERGENCY] != "no"
    return sees_card and (agreed.is_reached(relation) or Fact.BREAKS_GLASS in ACCESS_TABLE[role].facts)


def search(pages: PageClient, person: ThePerson) -> str:
    """What is found by name and date of birth."""
    token = token_of(pages)
    said = {"who": f"Grace {person.family_name}", "born": "06-Jan-1941", "where": "", "typed_ms": ""}
    answer = pages.browser.post("/search", data={**said, "csrf_token": token, "action": "find"})
    return answer.get_data(as_text=True)


def token_of(pages: PageClient) -> str:
    page = pages.browser.get("/account").get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def open_record(pages: PageClient, path: str, *, emergency: bool = False) -> str:
    """The record, once a reason was given. Whether its pages keep the house rules is tested elsewhere."""
    given = {"reason": "permission_given", "identifiers_checked": ["name", "born"], "action": "open"}
    form = {**({"action": "emergency"} if emergency else given), "csrf_token": token_of(pages)}
    opened = pages.browser.post(f"{path}/open", data=form, follow_redirects=True)
    assert (opened.status_code, opened.request.path) == (200, path)
    return opened.get_data(as_text=True)


def force_open(pages: PageClient, path: str) -> str:
    """What is answered to somebody who sends the form of the way in all the same, with every reason."""
    token, said = token_of(pages), []
    for reason, action in (("permission_given", "open"), ("", "emergency")):
        form = {"reason": reason, "identifiers_checked": ["name", "born"], "action": action, "csrf_token": token}
        sent = pages.browser.post(f"{path}/open", data=form)
        assert sent.status_code in {403, 404}
        said.append(sent.get_data(as_text=True))
    said.append(pages.browser.get(path).get_data(as_text=True))
    return "\n".join(said)


# --- Every address about the person ----------------------------------------------------------------------------------


def widest(role: Role) -> str:
    """The relation in which a role reaches most."""
    order = ("own practice", "residents", "relationship", "area")
    return next((one for one in order if can_be(role, one) and TABLE[role].is_reached(one)), "area")


@pytest.mark.parametrize(("world", "role"), WALKERS, indirect=["world"], scope="module")
def test_no_address_shows_what_the_reader_may_not_see(world: World, role: Role) -> None:
    person, relation = world.person, widest(role)
    pages = world.browser_of(world.somebody(role, relation))
    if opens(role, TABLE[role], relation):
        open_record(pages, f"/record/{person.entry_id}")
    tiers, wrong = reads(TABLE[role], relation), []

    for address in addresses(world.app, person):
        answer = pages.browser.get(address, follow_redirects=True)
        if answer.status_code >= 500:
            wrong.append((address, answer.status_code))
        said = f"{answer.headers}\n{answer.get_data(as_text=True)}" if answer.mimetype != "application/pdf" else ""
        wrong += [(address, place) for place in person.leaked(said, tiers, asked_for=is_form_of_risks(address))]

    assert not wrong, "\n" + "\n".join(f"{address}: {place}" for address, place in wrong)


def is_form_of_risks(address: str) -> bool:
    """Whoever changes the code of the key safe has it before them; that they opened the form is recorded."""
    return address.endswith("/plan/risks")


def addresses(app: Flask, person: ThePerson) -> list[str]:
    """Every address that somebody signed in reads, with everything that stands about the person in its place."""
    found = set()
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or set()) and permission_of(app, rule) not in {web.PUBLIC, "SIGNED_IN", "SIGNING_IN"}:
            found |= {fill(rule, ids) for ids in ids_for(rule, person)}
    return [*sorted(found), f"/record/{person.entry_id}/history?at-day=21&at-month=11&at-year=2026&at-time=03:00"]


def fill(rule: Rule, ids: dict[str, str]) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule).format(**ids)


def ids_for(rule: Rule, person: ThePerson) -> list[dict[str, str]]:
    ids = {name: str(new_id()) for name in rule.arguments} | {"entry_id": str(person.entry_id), **person.ids}
    if "item_id" in rule.arguments:  # one list whose questions are of several tiers, one that few see
        return [{**ids, "section": name, "item_id": person.items[name]} for name in ("contacts", "planning")]
    if "section" in rule.arguments:
        return [{**ids, "section": name} for name in SECTIONS]
    if "kind" in rule.arguments:
        return [{**ids, "kind": str(kind).replace("_", "-")} for kind in EditKind]
    if "edit_id" in rule.arguments:
        return [{**ids, "edit_id": str(edit_id)} for edit_id in person.held]
    return [ids]


#: Whose forms are refused: who keeps the plan and does not see all of it, who sees the card, the way in, a name.
REFUSED: Final = (Role.OUT_OF_HOURS_GP, Role.ED_CLINICIAN, Role.SOCIAL_WORKER, Role.PRACTICE_ADMINISTRATOR)


@pytest.mark.parametrize(("world", "role"), [("sqlite", role) for role in REFUSED], indirect=["world"], scope="module")
def test_no_refused_form_shows_what_the_reader_may_not_see(world: World, role: Role) -> None:
    person, relation = world.person, widest(role)
    pages = world.browser_of(world.somebody(role, relation))
    if opens(role, TABLE[role], relation):
        open_record(pages, f"/record/{person.entry_id}")
    tiers, wrong, token = reads(TABLE[role], relation), [], token_of(pages)

    for rule in world.app.url_map.iter_rules():
        if "POST" not in (rule.methods or set()) or "entry_id" not in rule.arguments or "open" in rule.rule:
            continue
        for ids in ids_for(rule, person):
            address = fill(rule, ids)
            # A blank box beside one that no form has: nothing of it can be taken.
            answer = pages.browser.post(address, data={"csrf_token": token, "edit_id": "none", "base_version": "x"})
            asked_for = address.endswith("/key-safe") or is_form_of_risks(address)
            said = answer.get_data(as_text=True)
            wrong += [(address, place) for place in person.leaked(said, tiers, asked_for=asked_for)]

    assert not wrong, "\n" + "\n".join(f"{address}: {place}" for address, place in wrong)


# --- The sheet -------------------------------------------------------------------------------------------------------

#: One of each audience that prints.
ON_PAPER: Final = (Role.HOSPICE_NURSE, Role.CARE_HOME_NURSE, Role.ED_CLINICIAN)


@pytest.mark.parametrize(("world", "role"), [("sqlite", role) for role in ON_PAPER], indirect=["world"], scope="module")
def test_a_sheet_says_what_its_printer_sees_and_nothing_in_confidence(world: World, role: Role) -> None:
    person, relation = world.person, widest(role)
    pages = world.browser_of(world.somebody(role, relation))
    open_record(pages, f"/record/{person.entry_id}")
    pages.open(f"/record/{person.entry_id}/handover")
    form = {name: pages.value_of(name) for name in ("csrf_token", "edit_id")}
    answers = {"printed_for": "L Hart, nurse", "destination": "professional", "place": "drawer"}

    printed = pages.browser.post(pages.page.url, data={**form, **answers, "action": "save"})

    assert printed.mimetype == "application/pdf", printed.get_data(as_text=True)
    with pdfplumber.open(io.BytesIO(printed.data)) as document:
        words = " ".join(page.extract_text() for page in document.pages)
    assert person.leaked(words, TABLE[role].tiers(relation), on_paper=True) == []
    assert person.canaries.found_in(words)


# --- Tablets ---------------------------------------------------------------------------------------------------------

_CARRY: Final = {role for role, _ in DEFAULT_POLICIES}
CARRIERS: Final = [one for one in CELLS if one.values[1] in _CARRY]


@pytest.mark.parametrize(("world", "role", "relation"), CARRIERS, indirect=["world"], scope="module")
def test_a_tablet_is_sent_what_its_user_sees_without_an_incident(world: World, role: Role, relation: str) -> None:
    person, agreed = world.person, TABLE[role]
    actor = world.somebody(role, relation)
    lines = json.dumps(a_sync_tablet(world.app, actor).pull(), ensure_ascii=False)

    tiers = agreed.tiers(relation) - {tier for tier, word in agreed.sights.items() if word == "incident"}
    assert person.leaked(lines, tiers if agreed.is_reached(relation) else frozenset()) == []
    if not agreed.is_reached(relation):
        assert str(person.entry_id) not in lines


# --- A crawl ---------------------------------------------------------------------------------------------------------

EVERYBODY: Final = [pytest.param("sqlite", role, id=f"sqlite-{role}") for role in Role]


@pytest.mark.parametrize(("world", "role"), EVERYBODY, indirect=["world"], scope="module")
def test_every_link_that_a_role_is_shown_leads_to_what_it_may_see(world: World, role: Role) -> None:
    relation = widest(role)
    pages = world.browser_of(world.somebody(role, relation))
    record = f"/record/{world.person.entry_id}"
    starts = ["/", "/account"]
    if opens(role, TABLE[role], relation):
        open_record(pages, record)
        starts.append(record)
    found, wrong = dict.fromkeys(starts, "the start"), []

    for path in (waiting := list(found)):
        answer = pages.browser.get(path, follow_redirects=True)
        if answer.status_code != 200:
            wrong.append((path, answer.status_code, f"linked on {found[path]}"))
        if answer.mimetype == "text/html":
            for link in links_of(answer.get_data(as_text=True), answer.request.path):
                if link not in found:
                    found[link] = path
                    waiting.append(link)

    assert wrong == []
    assert len(found) > len(starts)


def links_of(html: str, page: str) -> list[str]:
    """The addresses of this register on a page, each once whatever is asked of it."""
    hrefs = re.findall(r'<a [^>]*?href="([^"]+)"', html)
    absolute = [urlsplit(urljoin(page, unescape(href))) for href in hrefs]
    return list(dict.fromkeys(one.path for one in absolute if not one.scheme and not one.netloc and one.path != page))
