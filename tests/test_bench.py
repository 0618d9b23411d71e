"""What is measured with is made right: the same people for a seed, nobody's numbers, and everybody can be found."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice

import pytest
from flask import Flask

from bench import Row, pouchdb
from bench.__main__ import find_measurements
from bench.context import AREA, load_people
from bench.feed import a_crew
from bench.line import Speed, Traffic, line_to
from bench.people import make_people, synthetic_numbers
from bench.search import make_queries, mistyped
from bench.tablet import ask_tablet_search, move_people
from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core.db import db
from epaccs.core.nhs_number import is_nhs_number, is_synthetic
from epaccs.demo.loader import load_people as load_demonstration
from epaccs.record.actions.search import search_people
from epaccs.settings import Settings
from tests.factories import a_clinician, an_organisation, everybody_shares


def test_a_seed_makes_the_same_people_however_many_are_asked_for() -> None:
    assert list(make_people(20)) == list(islice(make_people(6000), 20))
    assert list(make_people(20, seed=2)) != list(make_people(20))


def test_numbers_are_valid_nobodys_and_never_twice() -> None:
    numbers = list(islice(synthetic_numbers(), 5000))

    assert all(is_nhs_number(number) and is_synthetic(number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_names_are_shared_by_many_and_by_few() -> None:
    names = [person.identity["family_name"] for person in make_people(5000)]

    assert names.count("Smith") > 25
    assert sum(names.count(name) == 1 for name in set(names)) > 500


def test_whoever_was_loaded_in_bulk_is_found_by_a_mistyped_question(app: Flask) -> None:
    people = list(make_people(400))
    with db.engine.connect() as connection:
        assert list(load_people(connection, people)) == [400]
    organisation = an_organisation(type=OrganisationType.OUT_OF_HOURS, area=AREA)
    actor = a_clinician(Role.OUT_OF_HOURS_GP, organisation)

    for query in make_queries(400)[:25]:
        found = search_people(actor, who=query.who, born=query.born, where=query.where).findings
        assert query.meant in [person.entry_id for person in found.people[:3]], query


def test_a_row_says_how_many_floors_high_it_is() -> None:
    row = Row("search", 12.0, "ms", floor=4.0, must="at most 15 ms", holds=True)

    assert row.to_json() == {
        "name": "search",
        "value": 12.0,
        "unit": "ms",
        "floor": 4.0,
        "peer": None,
        "ratio": 3.0,
        "must": "at most 15 ms",
        "holds": True,
    }
    assert Row("search", 12.0, "ms").ratio is None


def test_one_word_of_several_is_mistyped() -> None:
    chance = random.Random(3)
    for _ in range(50):
        before = ["Grace", "Okonkwo", "Station Road"]
        after = mistyped(chance, before)
        assert sum(one != other for one, other in zip(before, after, strict=True)) <= 1


# --- The tablet ------------------------------------------------------------------------------------------------------

BODY = bytes(10_000)


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_words: object) -> None:
        """Silent."""


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server that answers everything with as many bytes."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _ask(address: str) -> None:
    with urllib.request.urlopen(f"{address}/sync/v1/pull", data=bytes(500)) as answer:
        assert answer.read() == BODY


def test_a_line_counts_what_goes_over_it_both_ways_with_every_header(port: int) -> None:
    with line_to(port) as line:
        _ask(line.address)
        _ask(line.address)
        carried = line.traffic("/sync/")
        assert carried.requests == 2
        assert 2 * 500 < carried.up < 2 * 1000
        assert 2 * len(BODY) < carried.down < 2 * (len(BODY) + 500)
        assert line.traffic("/other") == Traffic()
        line.forget()
        assert line.traffic() == Traffic()


def test_a_slow_line_takes_its_time_and_brings_everything(port: int) -> None:
    speed = Speed("slow", bits=400_000, seconds=0.05)
    with line_to(port) as line:
        line.speed, began = speed, time.monotonic()
        _ask(line.address)
        took = time.monotonic() - began
        down_alone = Traffic(requests=1, down=line.traffic().down)
        assert took >= down_alone.least_seconds(speed)


def test_the_tablet_is_measured_only_when_it_is_named() -> None:
    assert "bench.tablet" not in [module.__name__ for module in find_measurements(())]
    assert [module.__name__ for module in find_measurements(("tablet",))] == ["bench.tablet"]


def test_a_crew_that_is_measured_holds_everybody_it_is_measured_with(app: Flask, settings: Settings) -> None:
    load_demonstration(settings, 60)
    everybody_shares()

    moved = move_people(app, 20)
    tablet = a_crew(app, AREA)
    tablet.pull()

    tablet.assert_agrees()
    stayed = tablet.scopes[f"area:{AREA}"].people
    assert len(moved) == 20
    assert len(stayed) > 20
    assert not stayed.keys() & {line["id"] for line in moved}


def test_the_tablets_own_search_answers_the_registers_questions() -> None:
    keys = {"family": ["okonkwo"], "given": ["grace"], "born": "1941-01-06", "street": "station"}
    people = [{"id": "18", "keys": keys}, {"id": "26", "keys": {**keys, "family": ["smith"]}}]
    queries = [
        {"meant": "18", "who": "Grace Okonwko", "born": "80-89", "where": "Station Road"},
        {"meant": "99", "who": "Grace Smiht", "born": "80-89", "where": "Station Road"},
    ]
    answer = ask_tablet_search({"today": "2026-11-21", "people": people, "queries": queries})
    assert answer["found"] == 1


def test_the_peer_is_pinned_with_hashes_and_names_no_package_index() -> None:
    wanted = json.loads((pouchdb.FOLDER / "package.json").read_text())["dependencies"]
    locked = json.loads((pouchdb.FOLDER / "package-lock.json").read_text())["packages"]
    installed = {name: one for name, one in locked.items() if name}
    assert all(locked[f"node_modules/{name}"]["version"] == version for name, version in wanted.items())
    assert all(one["integrity"].startswith("sha512-") for one in installed.values())
    assert not [name for name, one in installed.items() if "resolved" in one]
