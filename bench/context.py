"""The registers that are measured: made once a run, on both databases, and read through the whole program."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from flask import Flask
from flask.testing import FlaskClient
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Connection, Engine, create_engine, insert, make_url, select, text
from sqlalchemy.orm import DeclarativeBase

from bench.people import Person, make_people
from epaccs.access.model import EntryScope
from epaccs.agreements.model import SharingAgreement, SharingSignature
from epaccs.app import create_app
from epaccs.clinicians.model import Clinician, Membership, Organisation
from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core import migration
from epaccs.core.db import db, writing
from epaccs.core.garbage import look_seldom
from epaccs.record.actions.search import keep_search_rows
from epaccs.record.rules.search_keys import WordKind, build_search_rows
from epaccs.register.model import RegisterEntry
from epaccs.register.sections import name_key
from epaccs.settings import Mode, Settings
from epaccs.versions.model import Entry, SectionHead
from tests.factories import EVERYBODY_SHARES, actor_for, sign_in

AREA: Final = "northdale"
BATCH: Final = 5000
SQLITE: Final = "SQLite"
POSTGRESQL: Final = "PostgreSQL"
DATABASES: Final = (SQLITE, POSTGRESQL)
SMALL, USUAL, LARGE = 1_000, 20_000, 1_000_000


class ServerClock:
    """Times what the server does for each request, and nothing of the browser's."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self.seconds: list[float] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer whole, so that rendering counts."""
        began = time.perf_counter()
        answer = b"".join(self._app(environ, start_response))
        self.seconds.append(time.perf_counter() - began)
        return [answer]


@dataclass
class Register:
    """One register with people in it, and a browser signed in to it."""

    database: str
    people: int
    app: Flask
    load_seconds: float
    clock: ServerClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = ServerClock(self.app.wsgi_app)
        self.app.wsgi_app = self.clock  # type: ignore[method-assign]

    @property
    def label(self) -> str:
        """For the name of a row."""
        return f"{self.people:,} people, {self.database}"

    def sign_in(self, role: Role) -> FlaskClient:
        """A browser of somebody in this role, who reaches everybody by their area."""
        with self.app.app_context():
            client = self.app.test_client()
            sign_in(client, actor_for(*_keep_clinician(role), role))
        return client

    def timed(self, ask: Callable[[], Any]) -> tuple[Any, float]:
        """The answer to one request, and the server's seconds."""
        answer = ask()
        return answer, self.clock.seconds[-1]


def _keep_clinician(role: Role) -> tuple[Clinician, Organisation]:
    now, mark = datetime.now(UTC), uuid4().hex
    organisation = Organisation(
        id=uuid4(), ods_code=f"X{mark[:6]}".upper(), name="Out of hours", type=OrganisationType.OUT_OF_HOURS, area=AREA
    )
    clinician = Clinician(
        id=uuid4(), user_name=mark, name="Dr Night", professional_number="1234567", created_at=now,
        home_organisation_id=organisation.id,
    )  # fmt: skip
    place = {"clinician_id": clinician.id, "organisation_id": organisation.id, "role": role, "from_date": now.date()}
    with writing() as session:
        for row in (organisation, clinician, Membership(**place)):
            session.add(row)
            session.flush()
        session.execute(insert(SharingSignature), [sign_for(session, organisation.id)])
    return clinician, organisation


def sign_for(connection: Any, organisation_id: UUID) -> dict[str, Any]:
    """The signature of one more organisation, under the agreement of all of them."""
    asked = select(SharingAgreement.id).where(SharingAgreement.id == EVERYBODY_SHARES)
    if connection.execute(asked).first() is None:
        terms = {
            "id": EVERYBODY_SHARES, "name": "Everybody shares", "level": 3, "purpose": "direct_care",
            "legal_basis": "public_task", "special_basis": "health_care", "contact": "Nobody",
            "valid_from": date(2000, 1, 1), "valid_until": date(2099, 12, 31), "made_at": datetime.now(UTC),
        }  # fmt: skip
        connection.execute(insert(SharingAgreement), [terms])
    signed = {"signed_by": "Nobody", "signed_at": datetime.now(UTC)}
    return {"agreement_id": EVERYBODY_SHARES, "organisation_id": organisation_id, **signed}


class Context:
    """What a measurement may ask for.

    Args:
        full: whether the million is measured too.
        postgresql_url: the address of a server where databases may be made.
        console: where progress is shown.
        connections: what measurements add to the program before its first request, such as their floors.
    """

    def __init__(
        self,
        *,
        full: bool,
        postgresql_url: str,
        console: Console,
        connections: Sequence[Callable[[Flask], None]] = (),
    ) -> None:
        self.full = full
        self.console = console
        self._server = postgresql_url
        self._connections = tuple(connections)
        self._kept: dict[tuple[str, int], Register] = {}
        self._leave = ExitStack()
        self._folder = Path(self._leave.enter_context(tempfile.TemporaryDirectory(prefix="epaccs-bench-")))

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *problem: object) -> None:
        for register in self._kept.values():
            _let_go(register.app)
        self._leave.close()

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many people the large measurements are made with."""
        return (USUAL, LARGE) if self.full else (USUAL,)

    def register(self, database: str, people: int) -> Register:
        """A register of so many people; made when it is first asked for, shared by all measurements."""
        if (database, people) not in self._kept:
            self._kept[database, people] = self._make(database, people)
        return self._kept[database, people]

    def _make(self, database: str, people: int) -> Register:
        app = create_app(self._settings(self._make_database(database, f"{people}")))
        for connect in self._connections:
            connect(app)
        began = time.perf_counter()
        with app.app_context(), Progress(console=self.console, transient=True) as progress:
            task = progress.add_task(f"{people:,} people, {database}", total=people)
            with db.engine.connect() as connection:
                for done in load_people(connection, make_people(people)):
                    progress.update(task, completed=done)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("ANALYZE"))
        look_seldom()  # as the server does before its first request
        return Register(database, people, app, time.perf_counter() - began)

    def _settings(self, url: str) -> Settings:
        return Settings(
            database_url=url,
            data_dir=self._folder,
            secret_key="a secret of the measurements, long enough",  # noqa: S106
            mode=Mode.DEMO,
            log_level="ERROR",
        )

    @contextmanager
    def empty_database(self, database: str) -> Iterator[str]:
        """The address of a register without people, for measuring how it fills."""
        yield self._make_database(database, f"empty_{uuid4().hex[:8]}")

    @contextmanager
    def program_on(self, url: str) -> Iterator[Flask]:
        """The whole program on a register, for measuring what it does there."""
        app = create_app(self._settings(url))
        with app.app_context():
            yield app
        _let_go(app)

    def _make_database(self, database: str, name: str) -> str:
        if database == SQLITE:
            url = f"sqlite:///{self._folder / name}.sqlite3"
        else:
            url = self._make_on_server(f"epaccs_bench_{name}_{uuid4().hex[:8]}")
        engine = create_engine(url)
        with engine.begin() as connection:
            migration.upgrade(connection)
        engine.dispose()
        return url

    def _make_on_server(self, name: str) -> str:
        server = create_engine(self._server, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        self._leave.callback(_drop, server, name)
        return make_url(self._server).set(database=name).render_as_string(hide_password=False)


def _drop(server: Engine, name: str) -> None:
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    server.dispose()


def _let_go(app: Flask) -> None:

    with app.app_context():
        db.session.remove()
        db.engine.dispose()


# --- Loading ---------------------------------------------------------------------------------------------------------


def load_people(connection: Connection, people: Iterable[Person]) -> Iterator[int]:
    """Put people on the register in bulk, a batch a transaction; says after each how many there are."""
    practices: dict[str, UUID] = {}
    known_words: set[tuple[WordKind, str]] = set()
    done, coming = 0, iter(people)
    while batch := list(islice(coming, BATCH)):
        with connection.begin():
            _keep_practices(connection, batch, practices)
            for table, rows in _rows(batch, practices).items():
                connection.execute(insert(table), rows)
            keep_search_rows(
                connection, [build_search_rows(one.entry_id, one.identity) for one in batch], known_words=known_words
            )
        done += len(batch)
        yield done


def _keep_practices(connection: Connection, batch: Sequence[Person], known: dict[str, UUID]) -> None:
    for ods_code in dict.fromkeys(one.identity["practice_ods"] for one in batch):
        if ods_code not in known:
            known[ods_code] = uuid4()
            practice = {"id": known[ods_code], "ods_code": ods_code, "name": f"Practice {ods_code}", "area": AREA}
            connection.execute(
                insert(Organisation),
                [{**practice, "type": OrganisationType.GP_PRACTICE, "demands_second_factor": False}],
            )
            connection.execute(insert(SharingSignature), [sign_for(connection, known[ods_code])])


def _rows(batch: Sequence[Person], practices: Mapping[str, UUID]) -> dict[type[DeclarativeBase], list[dict[str, Any]]]:
    now = datetime.now(UTC)
    return {
        Entry: [{"id": one.entry_id, "created_at": now, "change_number": 0} for one in batch],
        EntryScope: [
            {
                "entry_id": one.entry_id,
                "practice_id": practices[one.identity["practice_ods"]],
                "area": AREA,
                "residence_id": None,
                "is_shared": True,
                "is_open": True,
            }
            for one in batch
        ],
        RegisterEntry: [
            {
                "entry_id": one.entry_id,
                "nhs_number": one.identity.get("nhs_number"),
                "name_key": name_key(one.identity),
                "born_on": one.born_on,
                "postcode": one.identity["postcode"],
                "status": "on_register",
            }
            for one in batch
        ],
        SectionHead: [
            {
                "entry_id": one.entry_id,
                "section": "identity",
                "version": 1,
                "value": one.identity,
                "provenance": {},
                "edit_id": one.entry_id,
                "recorded_at": now,
                "disputed": False,
                "confirmed_at": None,
                "confirmed_by": None,
            }
            for one in batch
        ],
    }
