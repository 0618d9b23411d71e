"""What tablets cost: five hundred that ask each minute and hear nothing new, and one that is filled."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final

from flask import Flask

from bench import Row
from bench.context import DATABASES, SQLITE, Context
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core.db import db
from epaccs.demo import loader
from epaccs.sync.model.feed import FeedScope
from epaccs.sync.rules.feed import PAGE_ROWS
from tests.conftest import Browser
from tests.factories import a_clinician, an_organisation, everybody_shares
from tests.sync.tablets import SyncTablet, a_sync_tablet, read_lines

TABLETS: Final = 500
POLL_SECONDS: Final = 60
POLLS: Final = 100
WARM_UP: Final = 10
#: Enough that a scope is no toy where only the polls count.
FEW: Final = 1_000
CARDS: Final = 20_000

MUST_CORE: Final = 10.0
MUST_MEGABYTES: Final = 4.5


def measure(context: Context) -> list[Row]:
    """Each database: what asking costs. One: how much goes over the wire, and what a colleague's tablet costs then."""
    return [row for database in DATABASES for row in _measure(context, database)]


def _measure(context: Context, database: str) -> list[Row]:
    people = CARDS if database == SQLITE else FEW
    with context.empty_database(database) as url, context.program_on(url) as app:
        loader.load_people(app.config["EPACCS"], people)
        everybody_shares()
        app.test_client_class = Browser  # each request in a context of its own, as a server answers it
        first = _fill(app, people)
        polls = _polls(first.tablet, database, people)
        return polls if people < CARDS else [*polls, *_downloads(app, first, people)]


class _CPUClock:
    """The CPU time of what the program does for each request, and nothing of the tablet's."""

    def __init__(self, app: Flask) -> None:
        self._app, self.seconds = app.wsgi_app, 0.0
        app.wsgi_app = self  # type: ignore[method-assign]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer whole, so that compressing counts."""
        began = time.process_time()
        answer = b"".join(self._app(environ, start_response))
        self.seconds += time.process_time() - began
        return [answer]


class Filled:
    """A tablet that was filled, and what that took."""

    def __init__(self, tablet: SyncTablet) -> None:
        self.tablet, self.bytes, self.pages = tablet, 0, 0
        began = time.process_time()
        while True:
            answer = tablet.ask()
            self.bytes += len(answer.data)
            self.pages += 1
            lines = read_lines(answer)
            tablet.apply(lines)
            if not lines[-1]["more"]:
                break
        self.seconds = time.process_time() - began


def a_crew(app: Flask, area: str) -> SyncTablet:
    """A tablet of somebody in an ambulance service of this area."""
    return a_sync_tablet(app, a_clinician(Role.PARAMEDIC, an_organisation(type=OrganisationType.AMBULANCE, area=area)))


def _fill(app: Flask, people: int) -> Filled:
    """A crew of the area in which most people live."""
    scope = db.session.query(FeedScope).filter(FeedScope.name.startswith("area:")).order_by(FeedScope.people.desc())
    area = scope.first()
    assert area is not None
    tablet = a_crew(app, area.name.partition(":")[2])
    filled = Filled(tablet)
    tablet.assert_agrees()
    assert sum(len(held.people) for held in tablet.scopes.values()) == area.people
    assert area.people >= people * 0.8, "most people live in one area"
    return filled


def _polls(tablet: SyncTablet, database: str, people: int) -> list[Row]:
    """The CPU time of the whole program for one question without news, for as many tablets as a region has."""
    for _ in range(WARM_UP):
        tablet.ask()
    clock = _CPUClock(tablet.tablet.client.application)
    for _ in range(POLLS):
        answer = tablet.ask()
    seconds = clock.seconds / POLLS
    core = seconds * TABLETS / POLL_SECONDS * 100
    name = f"{people:,} people, {database}"
    return [
        Row(
            f"{TABLETS} tablets, nothing new, {name}",
            round(core, 1),
            "% of a core",
            must=f"under {MUST_CORE:.0f} %",
            holds=core < MUST_CORE,
        ),
        Row(
            f"an answer without news, {name}",
            len(answer.data),
            "bytes",
            must="under 1,000",
            holds=len(answer.data) < 1000,
        ),
    ]


def _downloads(app: Flask, first: Filled, people: int) -> list[Row]:
    """The first tablet of a shift makes the pages, the second reads them."""
    actor = first.tablet.tablet.actor
    place = db.session.get_one(Organisation, actor.organisation_id)
    second = Filled(a_sync_tablet(app, a_clinician(Role.PARAMEDIC, place)))
    cards = sum(len(held.people) for held in first.tablet.scopes.values())
    megabytes = first.bytes / 1e6 * people / cards
    return [
        Row(
            f"first download of {people:,} cards on the wire",
            round(megabytes, 2),
            "MB",
            must=f"at most {MUST_MEGABYTES} MB",
            holds=megabytes <= MUST_MEGABYTES,
        ),
        Row(
            f"requests of a first download of {people:,} cards",
            first.pages,
            "requests",
            must=f"one for {PAGE_ROWS} people",
            holds=first.pages <= -(-cards // PAGE_ROWS) + 1,
        ),
        Row(
            f"first download of {people:,} cards from kept pages",
            round(second.seconds, 2),
            "s of CPU",
            peer=round(first.seconds, 2),
        ),
    ]
