"""How long the sheets of a ward take on every core, beside the same sheets one after the other in one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select

from bench import Row
from bench.card import complete
from bench.context import SMALL, SQLITE, Context
from epaccs.access.model import Relationship
from epaccs.access.rules import AccessReason
from epaccs.clinicians import actions as clinicians
from epaccs.clinicians.model import Membership
from epaccs.clinicians.queries import find_actor_of_session
from epaccs.clinicians.rules import Actor, Role
from epaccs.coordination.actions import begin_round
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id
from epaccs.handover.actions import packs
from epaccs.handover.actions.packs import PackOrder
from epaccs.handover.laying_out import lay_out_on, lay_out_waiting
from epaccs.handover.queries.packs import get_progress
from epaccs.settings import Settings
from tests.factories import a_clinician

WARD: Final = 50
ROUNDS: Final = 3
MUST: Final = 1.7


def measure(context: Context) -> list[Row]:
    """The same ward, in turn: as the worker lays it out, starting its processes too, and one sheet after the other."""
    register = context.register(SQLITE, SMALL)
    people = [one.entry_id for one in complete(register)[:WARD]]
    settings: Settings = register.app.config["EPACCS"]
    with register.app.app_context():
        nurse = _at_work(people)
        seconds = [(_lay_out(nurse, settings, _on_every_core), _lay_out(nurse, settings, _one)) for _ in range(ROUNDS)]
    together, alone = (median(way) for way in zip(*seconds, strict=True))
    return [
        Row(
            f"a pack of {WARD} sheets on every core (floor: one after the other)",
            round(together, 2),
            "s",
            floor=round(alone, 2),
            must=f"at least {MUST} times as fast",
            holds=alone >= MUST * together,
        )
    ]


def _at_work(people: Sequence[UUID]) -> Actor:
    """A nurse of a hospice that looks after these people, signed in: a pack belongs to a session."""
    nurse = a_clinician(Role.HOSPICE_NURSE)
    place = {"organisation_id": nurse.organisation_id, "reason": "referral", "from_at": clock.now()}
    with writing() as session:
        session.execute(insert(Relationship), [{**place, "entry_id": one} for one in people])
    [membership_id] = db.session.scalars(select(Membership.id).where(Membership.clinician_id == nurse.clinician_id))
    door = clinicians.Door(address="127.0.0.1", browser="a measurement")
    opened = clinicians.start_session(nurse.clinician_id, membership_id=membership_id, door=door)
    signed_in = find_actor_of_session(opened.session_id)
    assert signed_in is not None, "the nurse is not signed in"
    begin_round(signed_in, nurse.organisation_id, reason=AccessReason.PERMISSION_GIVEN)
    return signed_in


def _lay_out(nurse: Actor, settings: Settings, way: Callable[[Settings], int]) -> float:
    pack_id = new_id()
    order = PackOrder("night shift")
    packs.ask_for_pack(nurse, pack_id, place_id=nurse.organisation_id, order=order, settings=settings)
    began = time.perf_counter()
    laid_out = way(settings)
    took = time.perf_counter() - began
    progress = get_progress(nurse, pack_id)
    assert laid_out == progress.laid_out == WARD, f"{progress.laid_out} of {WARD} sheets were laid out"
    packs.stop_pack(nurse, pack_id)
    return took


def _on_every_core(settings: Settings) -> int:
    return lay_out_waiting(settings, threading.Event())


def _one(settings: Settings) -> int:
    with ThreadPoolExecutor(1) as press:
        return lay_out_on(press, 1, settings, lambda: False)
