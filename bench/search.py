"""How surely and how fast a misspelt person is found, beside a bare look-up and what each database brings along."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any, Final
from uuid import UUID

from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import Connection, create_engine, func, insert, select, text
from sqlalchemy.orm import DeclarativeBase

from bench import Row
from bench.context import BATCH, DATABASES, POSTGRESQL, USUAL, Context, Register
from bench.people import Person, make_people
from epaccs.access.actions import event
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.guard import current_actor, needs_sign_in
from epaccs.clinicians.rules import Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.fields import age_in_years
from epaccs.record.actions.search import keep_search_rows
from epaccs.record.model import SearchKey, SearchPerson, SearchWord
from epaccs.record.rules.search_keys import build_search_rows, build_word_rows, choose_street
from epaccs.register.model import RegisterEntry
from epaccs.register.queries import is_on_register
from tests.record.typing_errors import TYPING_ERRORS, mistype

QUERIES: Final = 2000
#: The peers are slower, some by far: fewer questions say enough.
PEER_QUERIES: Final = {20_000: 200, 1_000_000: 40}
MUST_MILLISECONDS: Final = {20_000: 15, 1_000_000: 50}
MUST_PER_CENT: Final = 99

_RESULT: Final = re.compile(r'href="/record/([0-9a-f-]{36})')
_HIDDEN: Final = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"')


@dataclass(frozen=True)
class Query:
    """What somebody types who looks for one person, with one typing error."""

    meant: UUID
    number: str | None
    who: str
    born: str
    where: str
    born_from: str
    born_until: str


def connect(app: Flask) -> None:
    """The floor: signed in, one row by NHS number through its index, one audit row, and nothing shown."""

    @app.get("/bench/search-floor", endpoint="bench.search_floor")
    @needs_sign_in
    def search_floor() -> str:
        actor = current_actor()
        person = db.session.scalars(
            select(SearchPerson)
            .join(RegisterEntry, RegisterEntry.entry_id == SearchPerson.entry_id)
            .where(RegisterEntry.nhs_number == request.args["number"], is_on_register())
        ).one()
        log.record(event(actor, EventKind.SEARCHED, by=["nhs_number"], found=1))
        return str(person.entry_id)


def measure(context: Context) -> list[Row]:
    """Each size on each database."""
    rows = [row for size in context.sizes for database in DATABASES for row in _measure_search(context, database, size)]
    return [*rows, *(_measure_keeping(context, database) for database in DATABASES)]


# --- Finding ---------------------------------------------------------------------------------------------------------


def _measure_search(context: Context, database: str, size: int) -> list[Row]:
    register = context.register(database, size)
    queries = make_queries(size)
    found, seconds, floor = _ask_all(register, queries)
    peer_queries = queries[: PEER_QUERIES[size]]
    peer_found, peer_seconds = _ask_peer(register, peer_queries)
    must, middle = MUST_MILLISECONDS[size], round(median(seconds) * 1000, 2)
    per_cent = round(100 * found / len(queries), 2)
    return [
        Row(
            f"search: person meant among the first three, {register.label}",
            per_cent,
            "%",
            peer=round(100 * peer_found / len(peer_queries), 2),
            must=f"at least {MUST_PER_CENT} %",
            holds=per_cent >= MUST_PER_CENT,
        ),
        Row(
            f"search: median server time, {register.label}",
            middle,
            "ms",
            floor=round(median(floor) * 1000, 2),
            peer=round(median(peer_seconds) * 1000, 2),
            must=f"at most {must} ms",
            holds=middle <= must,
        ),
        Row(
            f"search: slowest of a hundred, {register.label}",
            round(_percentile_99(seconds) * 1000, 2),
            "ms",
            floor=round(_percentile_99(floor) * 1000, 2),
            peer=round(_percentile_99(peer_seconds) * 1000, 2),
        ),
    ]


def _percentile_99(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=100)[98]


def make_queries(size: int) -> list[Query]:
    """The same questions for the same register; people with a restricted address are not asked for by their street."""
    chance = random.Random(size)
    chosen = set(chance.sample(range(size), min(size, QUERIES + QUERIES // 50)))
    people = (person for place, person in enumerate(make_people(size)) if place in chosen)
    asked = [person for person in people if not person.identity["address_restricted"]]
    return [_make_query(chance, person) for person in asked[:QUERIES]]


def _make_query(chance: random.Random, person: Person) -> Query:
    street = choose_street(person.identity["address"])
    assert street is not None
    parts = mistyped(chance, [person.identity["given_name"], person.identity["family_name"], street])
    today = clock.today()
    age = age_in_years(person.born_on, today)
    youngest = age // 10 * 10
    return Query(
        meant=person.entry_id,
        number=person.identity.get("nhs_number"),
        who=f"{parts[0]} {parts[1]}",
        born=f"{youngest}-{youngest + 9}",
        where=parts[2],
        born_from=f"{today.year - youngest - 10}-01-01",
        born_until=f"{today.year - youngest}-12-31",
    )


def mistyped(chance: random.Random, parts: Sequence[str]) -> list[str]:
    """The same words, one of them with one typing error."""
    parts, wrong = list(parts), chance.randrange(len(parts))
    letter = chance.choice("abcdefghijklmnopqrstuvwxyz")
    parts[wrong] = mistype(parts[wrong], chance.choice(TYPING_ERRORS), chance.randrange(60), letter)
    return parts


def _ask_all(register: Register, queries: Sequence[Query]) -> tuple[int, list[float], list[float]]:
    """How many were found, and how long it took; a look-up after each question, so that both meet the same weather."""
    client = register.sign_in(Role.OUT_OF_HOURS_GP)
    hidden = dict(_HIDDEN.findall(client.get("/search").text))
    before, found, floors = _count_searches(register), 0, 0
    seconds, floor_seconds = [], []
    for query in queries:
        answer, took = register.timed(lambda query=query: _ask(client, hidden, query))  # type: ignore[misc]
        found += str(query.meant) in list(dict.fromkeys(_RESULT.findall(answer.text)))[:3]
        seconds.append(took)
        if query.number:
            looked, took = register.timed(
                lambda query=query: client.get("/bench/search-floor", query_string={"number": query.number})  # type: ignore[misc]
            )
            assert looked.text == str(query.meant), "the floor did not read the row it stands for"
            floor_seconds.append(took)
            floors += 1
    written = _count_searches(register) - before
    assert written == len(queries) + floors, f"{written} searches were audited, not {len(queries) + floors}"
    return found, seconds, floor_seconds


def _ask(client: FlaskClient, hidden: dict[str, str], query: Query) -> Any:
    answer = client.post("/search", data={**hidden, "who": query.who, "born": query.born, "where": query.where})
    assert answer.status_code == 200, f"the search was refused with {answer.status_code}"
    return answer


def _count_searches(register: Register) -> int:
    with register.app.app_context():
        statement = select(func.count()).select_from(AuditEvent).where(AuditEvent.kind == str(EventKind.SEARCHED))
        return db.session.scalar(statement) or 0


# --- Peers -----------------------------------------------------------------------------------------------------------


def _ask_peer(register: Register, queries: Sequence[Query]) -> tuple[int, list[float]]:
    """What the database itself offers against typing errors; only its own time counts, without a page or an audit."""
    ask = _ask_trigrams if register.database == POSTGRESQL else _ask_full_text
    prepare = _prepare_trigrams if register.database == POSTGRESQL else _prepare_full_text
    found, seconds = 0, []
    with register.app.app_context(), db.engine.connect() as connection:
        with connection.begin():
            prepare(connection)
        for query in queries:
            began = time.perf_counter()
            first = ask(connection, query)
            seconds.append(time.perf_counter() - began)
            found += query.meant in first
        connection.rollback()
    assert found > 0, "the peer found nobody: it did not do the work"
    return found, seconds


def _prepare_trigrams(connection: Connection) -> None:
    connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    connection.execute(
        text(
            "CREATE TABLE peer AS SELECT entry_id, born_on, "
            "lower(given_name || ' ' || family_name || ' ' || coalesce(street, '')) AS said FROM search_person"
        )
    )
    connection.execute(text("CREATE INDEX ON peer USING gin (said gin_trgm_ops)"))
    connection.execute(text("ANALYZE peer"))


def _ask_trigrams(connection: Connection, query: Query) -> list[UUID]:
    rows = connection.execute(
        text(
            "SELECT entry_id FROM peer WHERE said % :said AND born_on BETWEEN CAST(:born_from AS date) "
            "AND CAST(:born_until AS date) ORDER BY similarity(said, :said) DESC LIMIT 3"
        ),
        {"said": _said(query), "born_from": query.born_from, "born_until": query.born_until},
    )
    return [row.entry_id for row in rows]


def _prepare_full_text(connection: Connection) -> None:
    connection.execute(
        text("CREATE VIRTUAL TABLE peer USING fts5(said, entry_id UNINDEXED, born_on UNINDEXED, tokenize='trigram')")
    )
    connection.execute(
        text(
            "INSERT INTO peer (said, entry_id, born_on) SELECT lower(given_name || ' ' || family_name || ' ' || "
            "coalesce(street, '')), entry_id, born_on FROM search_person"
        )
    )


def _ask_full_text(connection: Connection, query: Query) -> list[UUID]:
    said = _said(query)
    trigrams = {said[place : place + 3] for place in range(len(said) - 2)}
    asked = " OR ".join(f'"{trigram}"' for trigram in sorted(trigrams) if '"' not in trigram)
    rows = connection.execute(
        text(
            "SELECT entry_id FROM peer WHERE peer MATCH :asked AND born_on BETWEEN :born_from AND :born_until "
            "ORDER BY rank LIMIT 3"
        ),
        {"asked": asked, "born_from": query.born_from, "born_until": query.born_until},
    )
    return [UUID(row.entry_id) for row in rows]


def _said(query: Query) -> str:
    return f"{query.who} {query.where}".lower()


# --- Keeping ---------------------------------------------------------------------------------------------------------


def _measure_keeping(context: Context, database: str) -> Row:
    """Rows a second when many people are put on the register, beside a bare insert of the same rows."""
    people = list(make_people(USUAL, seed=2))
    with context.empty_database(database) as url:
        kept = _rows_a_second(url, lambda connection: _keep_all(connection, people))
    with context.empty_database(database) as url:
        finished = _finish_rows(people)
        bare = _rows_a_second(url, lambda connection: _insert_bare(connection, finished))
    return Row(
        f"search: rows kept a second in bulk, {USUAL:,} people, {database}",
        round(kept),
        "rows/s",
        floor=round(bare),
        must="at least a third of the floor",
        holds=kept >= bare / 3,
    )


def _rows_a_second(url: str, fill: Callable[[Connection], None]) -> float:
    engine = create_engine(url)
    with engine.connect() as connection:
        began = time.perf_counter()
        fill(connection)
        seconds = time.perf_counter() - began
        counts = [
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (SearchPerson, SearchKey, SearchWord)
        ]
    engine.dispose()
    assert counts[0] == USUAL, "not everybody was kept"
    return sum(counts) / seconds


def _keep_all(connection: Connection, people: Sequence[Person]) -> None:
    known: set[Any] = set()
    for batch in _batches(people):
        with connection.begin():
            rows = [build_search_rows(person.entry_id, person.identity) for person in batch]
            keep_search_rows(connection, rows, known_words=known)


Finished = list[tuple[type[DeclarativeBase], list[dict[str, Any]]]]


def _finish_rows(people: Sequence[Person]) -> Finished:
    """Everything worked out beforehand, so that the floor only inserts."""
    made = [build_search_rows(person.entry_id, person.identity) for person in people]
    words = sorted({word for rows in made for word in rows.words})
    return [
        (SearchPerson, [rows.person for rows in made]),
        (SearchKey, [key for rows in made for key in rows.keys]),
        (SearchWord, [row for kind, word in words for row in build_word_rows(kind, word)]),
    ]


def _insert_bare(connection: Connection, finished: Finished) -> None:
    for table, rows in finished:
        for batch in _batches(rows):
            with connection.begin():
                connection.execute(insert(table.__table__), batch)


def _batches(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))
