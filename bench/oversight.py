"""How much the search for unusual accesses finds, how fast it keeps up, and how fast the audit is verified.

Beside each speed stands the least that could do the work: reading the same rows, and for the verification hashing each
of them once as the driver gives it.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, text

from bench import Row
from bench.accesses import ACCESSES, make_world, measure_rules
from bench.context import AREA, DATABASES, USUAL, Context, Register
from bench.people import FAMILY_NAMES
from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.audit.model import AuditEvent
from epaccs.clinicians.model import Clinician, Membership, Organisation
from epaccs.clinicians.rules import OrganisationType, Role
from epaccs.core.db import db, writing
from epaccs.oversight.actions.looking import look_at_new
from epaccs.oversight.model import UnusualAccess
from epaccs.register.model import RegisterEntry

A_MINUTE: Final = 30_000
A_SECOND: Final = 500
READERS: Final = 1_000
VERIFIED: Final = 100_000
LARGEST: Final = 1_000_000
MUST: Final = 3.0
FALSE_ALARMS: Final = 2.0


def measure(context: Context) -> list[Row]:
    """What the rules find; then, on each database, a minute of 500 accesses a second, and the verification."""
    rows = [*_find()]
    for database in DATABASES:
        register = context.register(database, USUAL)
        with register.app.app_context():
            rows.append(_keep_up(register))
            rows.append(_verify(register, LARGEST if context.full else VERIFIED))
    return rows


def _find() -> Iterator[Row]:
    measured = measure_rules(make_world())
    seeded = sum(measured.seeded.values())
    what = f"of {measured.accesses:,} made-up accesses"
    yield Row(
        f"unusual accesses found, {what}",
        seeded - measured.missed,
        "cases",
        floor=seeded,
        must="every seeded case",
        holds=not measured.missed,
    )
    yield Row(
        f"false alarms, {what}",
        round(measured.false_share, 2),
        "in 1,000",
        must=f"at most {FALSE_ALARMS:g} in 1,000",
        holds=measured.false_share <= FALSE_ALARMS and measured.accesses >= ACCESSES,
    )


def _keep_up(register: Register) -> Row:
    """A minute's rows judged in one round, beside reading them."""
    _add_rows(A_MINUTE, _make_readers())
    began = time.perf_counter()
    raised = look_at_new()
    seconds = time.perf_counter() - began
    assert raised == db.session.scalar(select(func.count()).select_from(UnusualAccess)), "an alert was lost"
    with _reading() as statement:
        began = time.perf_counter()
        count = len(db.session.execute(statement).all())
        floor = time.perf_counter() - began
    assert count >= A_MINUTE
    rate = A_MINUTE / seconds
    return Row(
        f"accesses judged, {register.label}",
        round(rate),
        "in 1 s",
        floor=round(count / floor),
        must=f"at least {A_SECOND} in 1 s",
        holds=rate >= A_SECOND,
    )


@contextmanager
def _reading() -> Iterator[Any]:
    """The statement that reads the same rows and does nothing with them."""
    db.session.commit()
    yield select(AuditEvent.__table__)
    db.session.commit()


def _make_readers() -> list[tuple[UUID, UUID, str]]:
    """So many readers of services that are called to strangers, so that few of their looks are unusual."""
    doctors, crews = (OrganisationType.OUT_OF_HOURS, Role.OUT_OF_HOURS_GP), (OrganisationType.AMBULANCE, Role.PARAMEDIC)
    kinds = [*[doctors] * 15, *[crews] * 5]
    chance, now = random.Random(3), datetime.now(UTC)
    organisations = [
        Organisation(id=uuid4(), ods_code=f"V{uuid4().hex[:8]}".upper(), name="A place", type=kind, area=AREA)
        for kind, _ in kinds
    ]
    readers = []
    with writing() as session:
        session.add_all(organisations)
        session.flush()
        for number, family in enumerate(FAMILY_NAMES.choose(chance, READERS)):
            place = organisations[number % len(kinds)]
            clinician = Clinician(
                id=uuid4(), user_name=uuid4().hex, name=f"Chloe {family}", created_at=now, home_organisation_id=place.id
            )
            session.add(clinician)
            session.flush()
            role = kinds[number % len(kinds)][1]
            session.add(
                Membership(clinician_id=clinician.id, organisation_id=place.id, role=role, from_date=now.date())
            )
            readers.append((clinician.id, place.id, str(role)))
    return readers


def _add_rows(count: int, readers: list[tuple[UUID, UUID, str]]) -> None:
    """So many looks and searches, a third of them searches, as the program would have written them this last minute."""
    chance = random.Random(4)
    people = list(db.session.scalars(select(RegisterEntry.entry_id).limit(20_000)))
    with writing() as session:
        for start in range(0, count, 10_000):
            many = log.ManyEvents(session.connection())
            rows = []
            for number in range(start, min(start + 10_000, count)):
                clinician, place, role = chance.choice(readers)
                at = datetime.now(UTC) - timedelta(seconds=60 * (1 - number / count))
                is_search = chance.random() < 0.33
                kind = EventKind.SEARCHED if is_search else EventKind.CARD_VIEWED
                details = {"found": 1} if is_search else {"number": number, "reason": "cannot_ask", "audience": "T0+T1"}
                entry_id = None if is_search else chance.choice(people)
                rows.append(many.build_row(Event(kind, clinician, place, role, entry_id, details), at))
            session.execute(insert(AuditEvent.__table__), rows)  # type: ignore[arg-type]
            many.move_heads()


def _verify(register: Register, count: int) -> Row:
    """Every row walked, beside reading each as the driver gives it and hashing it once."""
    there = log.count_rows(db.session())
    _add_rows(max(count - there, 0), [(uuid4(), uuid4(), "paramedic")])
    db.session.commit()
    began = time.perf_counter()
    found = log.verify()
    seconds = time.perf_counter() - began
    assert found.holds
    floor = _read_and_hash(found.rows)
    return Row(
        f"verifying {found.rows:,} rows of the audit, {register.database}",
        round(seconds, 2),
        "s",
        floor=round(floor, 2),
        must=f"at most {MUST:g} times reading and hashing",
        holds=seconds <= MUST * floor,
    )


def _read_and_hash(count: int) -> float:
    key, done = b"k" * 32, 0
    began = time.perf_counter()
    with db.engine.connect() as connection:
        statement = text(f"SELECT * FROM {AuditEvent.__tablename__} ORDER BY chain, sequence")  # noqa: S608
        rows = connection.execution_options(yield_per=1000).execute(statement)
        for row in rows:
            hmac.new(key, "".join(map(str, row)).encode(), hashlib.sha256).hexdigest()
            done += 1
    assert done == count
    return time.perf_counter() - began
