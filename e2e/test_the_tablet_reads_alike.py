"""Two hundred people filled in by the server and by the tablet's script: every element, word and link is the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template
from playwright.sync_api import Browser, Page, Route

from epaccs.app import create_app
from epaccs.core.assets import STATIC_FOLDER
from epaccs.core.fields import format_datetime, local_date
from epaccs.record.declared import sights
from epaccs.record.rules.card import Site, build_card
from epaccs.record.rules.plan_view import build_plan_view
from epaccs.record.rules.tablet import build_tablet_plan, build_tablet_view
from epaccs.record.rules.view import build_view
from epaccs.record.rules.whole import Reading, ShownSection, build_sections, find_last_days, with_disagreements
from epaccs.settings import Mode, Settings
from tests.record.people import ORGANISATIONS
from tests.record.specimens import Specimen, make_specimens

MADE_AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
HORIZON = timedelta(days=14)
LIMIT = timedelta(hours=72)
AGES = Path(__file__).parents[1] / "tests" / "record" / "copy_ages.json"
STRICT = "default-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
SITE = Site("01632 960999", copy_age_limit=LIMIT)
ADDRESS = "http://tablet.test/"

#: When the copy was last known to be what the register says, and when it is read, both after it was made.
MOMENTS = {
    "as it was made": (timedelta(0), timedelta(0)),
    "an hour and a half later": (timedelta(0), timedelta(minutes=95)),
    "ten days later, pulled since": (timedelta(days=10), timedelta(days=10, hours=2)),
    "on the last day of the horizon": (timedelta(days=13, hours=12), timedelta(days=13, hours=23)),
    "past the age of a copy": (timedelta(days=1), timedelta(days=5)),
    "by a clock that is wrong": (timedelta(hours=1), timedelta(0)),
}

#: Fills each person in, and says of whom the tablet's elements, or their words, differ from the server's.
COMPARE = """async (asked) => {
  const { people, reading, isPlan } = JSON.parse(asked);
  const { fillCard, fillPlan } = await import("/static/js/tablet/fill.js");
  const squeeze = (words) => words.replace(/\\s+/g, " ").trim();
  const elements = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return [squeeze(node.nodeValue)].filter(Boolean);
    if (node.nodeType !== Node.ELEMENT_NODE) return [];
    const said = [...node.attributes].map(({ name, value }) => `${name}=${value}`).sort().join(" ");
    return [`<${node.localName} ${said}>`, ...[...node.childNodes].flatMap(elements), `</${node.localName}>`];
  };
  const blocks = "p, h2, h3, h4, li, dt, dd, summary, .app-call, .app-cpr-side";
  const words = (root) => [...root.querySelectorAll(blocks)].map((block) => squeeze(block.textContent));
  const leadAsOnATablet = (server, below) => {
    for (const link of server.querySelectorAll('a[href^="#section-"]')) {
      const name = link.getAttribute("href").slice("#section-".length);
      if (below.includes(name)) link.setAttribute("href", `#passage-${name}`);
      else link.replaceWith(link.textContent);
    }
  };
  const difference = ({ wanted, data }) => {
    const root = document.createElement("div"), server = document.createElement("div");
    (isPlan ? fillPlan : fillCard)(root, data, reading);
    server.append(...new DOMParser().parseFromString(wanted, "text/html").body.childNodes);
    for (const section of root.querySelectorAll('[id^="passage-"]')) section.remove();
    if (!isPlan) leadAsOnATablet(server, (data.below ?? []).map(({ name }) => name));
    for (const one of [root, server]) one.normalize();
    for (const read of [(one) => [...one.childNodes].flatMap(elements), words]) {
      const [here, there] = [read(root), read(server)];
      const length = Math.max(here.length, there.length);
      const place = Array.from({ length }).findIndex((_, number) => here[number] !== there[number]);
      const around = [Math.max(0, place - 3), place + 5];
      if (place >= 0) return { tablet: here.slice(...around), server: there.slice(...around) };
    }
    return null;
  };
  return people.map(difference).filter(Boolean);
}"""

CARD = "{% from 'record/_card.html' import call_bar, emergency_card %}{{ emergency_card(view) }}{{ call_bar(view) }}"
PLAN = "{% from 'record/_whole.html' import whole_record %}{{ whole_record(plan, settle=false) }}"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The program's templates; nothing here asks the database anything."""
    folder = tmp_path_factory.mktemp("pages")
    site = Settings(database_url="sqlite://", data_dir=folder, secret_key="x" * 40, mode=Mode.DEMO, testing=True)
    app = create_app(site)
    with app.app_context():
        yield app


@pytest.fixture(scope="module")
def tablet(program: Flask, chromium: Browser) -> Iterator[Page]:
    """An empty page with the tablet's templates, under the rules of the tablet's own page."""
    context = chromium.new_context(viewport={"width": 360, "height": 640}, locale="en-US", timezone_id="Asia/Tokyo")
    page = context.new_page()
    templates = render_template("tablet/_templates.html")
    html = f'<!doctype html><html lang="en"><body>{templates}<div id="tablet"></div>'

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS)
        if path.startswith("static/"):
            route.fulfill(path=STATIC_FOLDER / path.removeprefix("static/"))
        else:
            headers = {"Content-Security-Policy": STRICT} if path == "strict" else {}
            route.fulfill(body=f"{html}</body></html>", content_type="text/html", headers=headers)

    context.route("**/*", answer)
    page.goto(ADDRESS)
    yield page
    context.close()


class Sections:
    """The sections of one person, as they read on a day."""

    def __init__(self, one: Specimen) -> None:
        self._one, self._disagreements = one, one.summary.disagreements

    def on(self, day: date) -> tuple[ShownSection, ...]:
        """All of them."""
        reading = Reading(self._one.tiers, ORGANISATIONS, day)
        return with_disagreements(build_sections(self._one.material, reading, sights()), self._disagreements)


def as_sent(data: dict[str, Any]) -> Any:
    """As it comes out of the tablet's store."""
    return json.loads(json.dumps(data))


def read(offsets: tuple[timedelta, timedelta]) -> tuple[datetime, datetime, dict[str, float]]:
    """When the copy was right, when it is read, and both as the tablet's script takes them."""
    left_at, now = (MADE_AT + offset for offset in offsets)
    reading = {"now": now.timestamp() * 1000, "leftAt": left_at.timestamp() * 1000}
    return left_at, now, {**reading, "ageLimitMilliseconds": LIMIT.total_seconds() * 1000}


@pytest.fixture(scope="module")
def people() -> list[Specimen]:
    """Everybody who is filled in."""
    return list(make_specimens())


@pytest.fixture(scope="module")
def cards(people: list[Specimen]) -> list[Any]:
    """Their cards, as a tablet was sent them."""
    return [
        as_sent(build_tablet_view(one.summary, now=MADE_AT, site=SITE, horizon=HORIZON, has_namesake=one.has_namesake))
        for one in people
    ]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_card_reads_the_same_on_the_page_and_on_a_tablet(
    program: Flask, tablet: Page, people: list[Specimen], cards: list[Any], moment: str
) -> None:
    left_at, now, reading = read(MOMENTS[moment])
    template = program.jinja_env.from_string(CARD)
    made = (
        build_card(one.summary, now=now, copy_left_at=left_at, site=SITE, has_namesake=one.has_namesake)
        for one in people
    )
    pages = [template.render(view=build_view(card)) for card in made]

    both = [{"wanted": wanted, "data": data} for wanted, data in zip(pages, cards, strict=True)]
    faults = tablet.evaluate(COMPARE, json.dumps({"people": both, "reading": reading, "isPlan": False}))

    assert faults == []


@pytest.mark.parametrize("moment", ["as it was made", "ten days later, pulled since"])
def test_a_plan_reads_the_same_on_the_page_and_on_a_tablet(
    program: Flask, tablet: Page, people: list[Specimen], moment: str
) -> None:
    _, now, reading = read(MOMENTS[moment])
    template = program.jinja_env.from_string(PLAN)

    both = []
    for one in people:
        sections, last_days = Sections(one), find_last_days(one.material, sights())
        plan = build_tablet_plan(sections.on, last_days=last_days, now=MADE_AT, horizon=HORIZON)
        wanted = template.render(plan=build_plan_view(sections.on(local_date(now))))
        both.append({"wanted": wanted, "data": as_sent(plan)})
    faults = tablet.evaluate(COMPARE, json.dumps({"people": both, "reading": reading, "isPlan": True}))

    assert faults == []


def test_the_age_of_a_copy_is_in_the_same_words_on_both(tablet: Page) -> None:
    cases = json.loads(AGES.read_text())
    moments = [[datetime.fromisoformat(one[name]) for name in ("left_at", "now")] for one in cases]

    asked = [[moment.timestamp() * 1000 for moment in pair] for pair in moments]
    said = tablet.evaluate(
        """async (pairs) => {
          const { ageOfCopy, formatMoment } = await import("/static/js/tablet/fill.js");
          return pairs.map(([leftAt, now]) => [ageOfCopy(leftAt, now), formatMoment(leftAt)]);
        }""",
        asked,
    )

    assert said == [[one["words"], format_datetime(left_at)] for one, (left_at, _) in zip(cases, moments, strict=True)]


def test_the_script_fills_a_card_where_no_text_can_become_markup(program: Flask, tablet: Page) -> None:
    hostile = next(one for one in make_specimens() if "<script>" in json.dumps(one.summary.to_value()))
    data = build_tablet_view(hostile.summary, now=MADE_AT, site=SITE, horizon=HORIZON)

    page = tablet.context.new_page()
    page.goto(f"{ADDRESS}strict")
    read_back = page.evaluate(
        """async ([data, reading]) => {
          const { fillCard } = await import("/static/js/tablet/fill.js");
          fillCard(document.getElementById("tablet"), data, { ...reading, notices: ["Identity <b>not</b> checked"] });
          return document.getElementById("tablet").textContent;
        }""",
        [as_sent(data), read(MOMENTS["as it was made"])[2]],
    )

    assert "<script>alert(1)</script>" in read_back
    assert "Identity <b>not</b> checked" in read_back
    assert page.locator("#tablet script").count() == 0
