"""What the emergency card costs beside the least that could show it: one row read, one look recorded, nothing built."""

from __future__ import annotations

import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from statistics import median, quantiles
from typing import Any, Final
from unittest.mock import patch

import brotli
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, func, insert, select

from bench import Row
from bench.context import AREA, DATABASES, POSTGRESQL, SMALL, USUAL, Context, Register
from bench.people import Person, make_people
from epaccs.access.actions import event
from epaccs.app import create_app
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.guard import current_actor, needs_sign_in
from epaccs.clinicians.rules import Role
from epaccs.core.db import db
from epaccs.core.identifiers import parse_id
from epaccs.record.actions.cards import build_card_rows
from epaccs.record.model import StoredCard
from epaccs.record.queries import summaries
from epaccs.versions.model import SectionHead
from epaccs.versions.rules import Material, Recorded, Value
from tests.record.people import FULL, RECORDED_AT, STAMP

READ_PEOPLE: Final = 200
ROUNDS: Final = 1_500
WARM_UP: Final = 50
AUDIENCE: Final = "T0+T1+T2"
BATCH: Final = 2_000

MUST_MEDIAN: Final = 2.5
MUST_SLOWEST: Final = 2.0
MUST_GROWTH: Final = 1.25
MUST_ACCESS: Final = 0.25
MUST_RATE: Final = 0.4
MUST_PAGE_BYTES: Final = 14_000
MUST_VISIT_BYTES: Final = 100_000

SERVERS: Final = 2
READERS: Final = 4
READING_SECONDS: Final = 2.0
TURNS: Final = 7

_HIDDEN: Final = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"')


def connect(app: Flask) -> None:
    """The floor: the same session, the stored card's row as it is, one audit row, and nothing made of it."""

    @app.get("/bench/card-floor/<entry_id>", endpoint="bench.card_floor")
    @needs_sign_in
    def card_floor(entry_id: str) -> str:
        actor, found_id = current_actor(), parse_id(entry_id)
        card = StoredCard.__table__.c
        row = db.session.execute(
            select(card.value, card.number).where(card.entry_id == found_id, card.audience == AUDIENCE)
        ).one()
        log.record(event(actor, EventKind.CARD_VIEWED, entry_id=found_id, number=row.number))
        return str(row.value["entry_id"])


def measure(context: Context) -> list[Row]:
    """Each size on each database; then several readers at once, and what a poor line must carry."""
    rows: list[Row] = []
    for database in DATABASES:
        small = Reader(context.register(database, SMALL))
        for size in context.sizes:
            large = Reader(context.register(database, size))
            rows += _beside_the_floor(large, must=size == USUAL)
            rows.append(_growth(large, small))
            rows.append(_inside_access(large))
    rows.append(_readers_at_once(context.register(POSTGRESQL, USUAL)))
    return [*rows, *_weight(context.register(POSTGRESQL, USUAL))]


# --- One reader ------------------------------------------------------------------------------------------------------


class Reader:
    """Somebody who has said why they open the records of a few people, and reads them in no order."""

    def __init__(self, register: Register) -> None:
        self.register = register
        self.people = complete(register)
        self.client = open_all(register, self.people)
        self._chance = random.Random(register.people)

    def read_card(self) -> float:
        """One card; the server's seconds."""
        person = self._chance.choice(self.people)
        page, took = self.register.timed(lambda: self.client.get(f"/record/{person.entry_id}"))
        _assert_is_card(page, person)
        return took

    def read_floor(self) -> float:
        """One row, as the floor reads it; the server's seconds."""
        person = self._chance.choice(self.people)
        row, took = self.register.timed(lambda: self.client.get(f"/bench/card-floor/{person.entry_id}"))
        assert row.text == str(person.entry_id), "the floor did not read the row it stands for"
        return took

    def count_looks(self) -> int:
        """How many looks the audit holds."""
        with self.register.app.app_context():
            statement = select(func.count()).select_from(AuditEvent)
            return db.session.scalar(statement.where(AuditEvent.kind == str(EventKind.CARD_VIEWED))) or 0


def _assert_is_card(page: Any, person: Person) -> None:
    assert page.status_code == 200, f"the card was refused with {page.status_code}"
    assert "Not for CPR" in page.text
    assert "Hospital for comfort only" in page.text
    assert str(person.entry_id) in page.text


def in_turn(one: Callable[[], float], other: Callable[[], float], rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of each, read in turn so that both meet the same weather."""
    seconds = [(one(), other()) for _ in range(WARM_UP + rounds)][WARM_UP:]
    return [first for first, _ in seconds], [second for _, second in seconds]


def _beside_the_floor(reader: Reader, *, must: bool) -> list[Row]:
    before = reader.count_looks()
    cards, floors = in_turn(reader.read_card, reader.read_floor, ROUNDS)
    looks = reader.count_looks() - before
    assert looks == 2 * (WARM_UP + ROUNDS), f"{looks} looks were recorded, not {2 * (WARM_UP + ROUNDS)}"
    label = reader.register.label
    return [
        _against(f"card: median server time, {label}", median(cards), median(floors), MUST_MEDIAN if must else None),
        _against(
            f"card: slowest of a hundred, {label}", _slowest(cards), _slowest(floors), MUST_SLOWEST if must else None
        ),
    ]


def _against(name: str, seconds: float, floor: float, must: float | None) -> Row:
    return Row(
        name,
        round(seconds * 1000, 2),
        "ms",
        floor=round(floor * 1000, 2),
        must=f"at most {must} floors" if must else "",
        holds=seconds <= must * floor if must else None,
    )


def _slowest(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=100)[98]


def _growth(large: Reader, small: Reader) -> Row:
    """The same card among more people, read in turn with its like among few."""
    cards, before = in_turn(large.read_card, small.read_card, ROUNDS // 2)
    return Row(
        f"card: median beside that among {SMALL:,}, {large.register.label}",
        round(median(cards) * 1000, 2),
        "ms",
        floor=round(median(before) * 1000, 2),
        must=f"at most {MUST_GROWTH} times",
        holds=median(cards) <= MUST_GROWTH * median(before),
    )


def _inside_access(reader: Reader) -> Row:
    """How much of each card's time goes into finding out who the reader is to this person, and what they may."""
    spent: list[float] = []
    find = summaries.find_standing

    def timed(*asked: Any, **how: Any) -> Any:
        began = time.perf_counter()
        try:
            return find(*asked, **how)
        finally:
            spent.append(time.perf_counter() - began)

    with patch.object(summaries, "find_standing", timed):
        cards = [reader.read_card() for _ in range(WARM_UP + ROUNDS // 2)]
    assert len(spent) == len(cards), f"access was asked {len(spent)} times for {len(cards)} cards"
    inside, whole = median(spent[WARM_UP:]), median(cards[WARM_UP:])
    return Row(
        f"card: time inside access, {reader.register.label}",
        round(inside * 1000, 2),
        "ms",
        floor=round(whole * 1000, 2),
        must=f"at most {MUST_ACCESS:.0%} of the card",
        holds=inside <= MUST_ACCESS * whole,
    )


# --- The people who are read -----------------------------------------------------------------------------------------


def complete(register: Register) -> list[Person]:
    """Give everybody a stored card, and those who are read every section and the card of every audience."""
    with register.app.app_context(), db.engine.connect() as connection:
        if not connection.scalar(select(func.count()).select_from(StoredCard)):
            _keep_cards(connection, register.people)
    return list(islice(make_people(register.people), READ_PEOPLE))


def _keep_cards(connection: Connection, count: int) -> None:
    people = make_people(count)
    read = list(islice(people, READ_PEOPLE))
    insert_rows(connection, SectionHead, (row for one in read for row in section_rows(one, FULL)))
    insert_rows(connection, StoredCard, (row for one in read for row in card_rows(one, FULL)))
    typical = next(row for row in card_rows(read[0], FULL) if row["audience"] == AUDIENCE)
    insert_rows(connection, StoredCard, ({**typical, "entry_id": one.entry_id} for one in people))


def insert_rows(connection: Connection, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    """So many rows that they are never all in memory."""
    while batch := list(islice(rows, BATCH)):
        connection.execute(insert(table.__table__), batch)
        connection.commit()


def _stamps(value: Value) -> Value:
    keys = [key for key in value if key != "items"] + [f"items/{key}" for key in value.get("items", {})]
    return dict.fromkeys(keys, STAMP)


def section_rows(person: Person, plan: Mapping[str, Value]) -> Iterator[dict[str, Any]]:
    """A plan as it is kept; the identity is there already."""
    for name, value in plan.items():
        if name != "identity":
            yield {
                "entry_id": person.entry_id,
                "section": name,
                "version": 1,
                "value": value,
                "provenance": _stamps(value),
                "edit_id": person.entry_id,
                "recorded_at": RECORDED_AT,
                "disputed": False,
            }


def card_rows(person: Person, plan: Mapping[str, Value]) -> list[dict[str, Any]]:
    """The cards of a plan, one for each audience."""
    values = {**plan, "identity": person.identity}
    sections = {name: Recorded(name, 1, value, _stamps(value), RECORDED_AT) for name, value in values.items()}
    return build_card_rows(Material(person.entry_id, sections, ()), organisations={}, number=1)


def open_all(register: Register, people: Sequence[Person]) -> FlaskClient:
    """An out-of-hours GP gives a reason for each person, as the page asks for it."""
    client = register.sign_in(Role.OUT_OF_HOURS_GP)
    for person in people:
        asked = client.get(f"/record/{person.entry_id}")
        hidden = dict(_HIDDEN.findall(asked.text))
        answer = client.post(
            f"/record/{person.entry_id}/open",
            data={**hidden, "reason": "cannot_ask", "identifiers_checked": ["name", "born"]},
        )
        assert answer.status_code == 303, f"the record of {AREA} did not open: {answer.status_code}"
    return client


# --- Several readers at once -----------------------------------------------------------------------------------------


def _readers_at_once(register: Register) -> Row:
    """Two server processes, four readers, for a few seconds each way in turn; on this machine's own address only."""
    reader = Reader(register)
    cookie = _cookie_of(register, reader.client)
    before, answered = reader.count_looks(), 0
    rates: dict[str, list[float]] = {"record": [], "bench/card-floor": []}
    with _serve(register) as port:
        for path in list(rates) * TURNS:
            count = _hammer(port, [f"/{path}/{one.entry_id}" for one in reader.people], cookie)
            rates[path].append(count / READING_SECONDS)
            answered += count
    looks = reader.count_looks() - before
    assert looks == answered > 0, f"{answered} cards were shown, but {looks} looks recorded"
    card, floor = median(rates["record"]), median(rates["bench/card-floor"])
    return Row(
        f"card: {READERS} readers at once, {SERVERS} processes, {register.label}",
        round(card),
        "/s",
        floor=round(floor),
        must=f"at least {MUST_RATE:.0%} of the floor",
        holds=card >= MUST_RATE * floor,
    )


def _cookie_of(register: Register, client: FlaskClient) -> str:
    with register.app.test_request_context():
        from epaccs.clinicians.guard import cookie_name

        cookie = client.get_cookie(cookie_name())
    assert cookie is not None
    return f"{cookie.key}={cookie.value}"


def make_program() -> Flask:
    """The program with the floor beside it, as its own processes serve it."""
    app = create_app()
    connect(app)
    return app


@contextmanager
def _serve(register: Register) -> Iterator[int]:
    """The program as it runs for real, with the floor beside it; it stops before this returns."""
    settings = register.app.config["EPACCS"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--workers", str(SERVERS), "--bind", f"127.0.0.1:{port}", "--log-level", "error"]
    environment = {
        **os.environ,
        "EPACCS_DATABASE_URL": settings.database_url,
        "EPACCS_DATA_DIR": str(settings.data_dir),
        "EPACCS_SECRET_KEY": settings.secret_key,
        "EPACCS_LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "gunicorn", *options, "bench.card:make_program()"]
    with subprocess.Popen(command, env=environment) as server:  # noqa: S603 - our own program
        try:
            _wait_for(port)
            yield port
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start")


def _hammer(port: int, paths: Sequence[str], cookie: str) -> int:
    """How many answers the readers got together."""
    counts = [0] * READERS
    until = time.monotonic() + READING_SECONDS

    def read(reader: int) -> None:
        chance = random.Random(reader)
        while time.monotonic() < until:
            _ask(port, chance.choice(paths), cookie)
            counts[reader] += 1

    _together([lambda reader=reader: read(reader) for reader in range(READERS)])  # type: ignore[misc]
    return sum(counts)


def _together(tasks: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _ask(port: int, path: str, cookie: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request.encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:80]


# --- What a poor line must carry -------------------------------------------------------------------------------------


def _weight(register: Register) -> list[Row]:
    """The page and everything it names, compressed as a browser that was never here gets it."""
    person = complete(register)[0]
    client = open_all(register, [person])
    page = client.get(f"/record/{person.entry_id}", headers={"Accept-Encoding": "br"})
    html = brotli.decompress(page.data).decode()
    named = re.findall(r'(?:href|src)="(/static/[^"]+)"', html)
    answers = [client.get(name, headers={"Accept-Encoding": "br"}) for name in named]
    assert len(named) >= 3
    assert all(answer.status_code == 200 for answer in answers)
    visit = len(page.data) + sum(len(answer.data) for answer in answers)
    return [
        Row("card: the page, compressed", len(page.data), "bytes", must=f"at most {MUST_PAGE_BYTES:,}",
            holds=len(page.data) <= MUST_PAGE_BYTES),
        Row("card: first visit, everything compressed", visit, "bytes", must=f"at most {MUST_VISIT_BYTES:,}",
            holds=visit <= MUST_VISIT_BYTES),
    ]  # fmt: skip
