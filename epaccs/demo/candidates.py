"""The lists of people to consider that one made-up practice sent, and what was decided about them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select

from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.demo.staff import World
from epaccs.demo.stories import ROOT, read_demonstration, read_time
from epaccs.identification import actions
from epaccs.identification.model import Candidate, CandidateList
from epaccs.identification.rules import Outcome
from epaccs.identification.schema import COLUMNS

Written = Mapping[str, Any]
Deed = Callable[[], None]


def tell_candidates(world: World) -> None:
    """Send each list when it was sent, with the decisions between; once for all, so that what is here stays."""
    written = read_demonstration()["candidates"]
    if db.session.get(CandidateList, _list_id(1)) is not None:
        return
    deeds = [
        *(_sent(world, number, one, written["people"]) for number, one in enumerate(written["lists"], start=1)),
        *(_decided(world, one) for one in written["people"] if "decided" in one),
    ]
    for at, do in sorted(deeds, key=lambda deed: deed[0]):
        with clock.standing_at(at):
            do()


def _list_id(number: int) -> UUID:
    return uuid5(ROOT, f"list of people to consider {number}")


def _moment(text: str) -> datetime:
    moment = read_time(text, clock.now())
    if not isinstance(moment, datetime):
        raise ValueError(f"{text!r} is no moment")
    return moment


def _sent(world: World, number: int, written: Written, people: list[Written]) -> tuple[datetime, Deed]:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(COLUMNS), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(one for one in people if number in one["lists"])
    content, actor = file.getvalue().encode(), world.actors[written["by"]]
    return _moment(written["when"]), lambda: _send(actor, number, content)


def _send(actor: Actor, number: int, content: bytes) -> None:
    actions.take_list(actor, _list_id(number), content=content, is_whole=False)


def _decided(world: World, person: Written) -> tuple[datetime, Deed]:
    told, actor = person["decided"], world.actors[person["decided"]["by"]]
    day = read_time(told.get("look_again_on", ""), clock.now())
    decision = Outcome(told["outcome"]), told["reason"], day if isinstance(day, date) else None
    return _moment(told["when"]), lambda: _decide(actor, person["nhs_number"], decision)


def _decide(actor: Actor, nhs_number: str, decision: tuple[Outcome, str, date | None]) -> None:
    ours = Candidate.organisation_id == actor.organisation_id, Candidate.nhs_number == nhs_number
    candidate = db.session.scalars(select(Candidate).where(*ours)).one()
    edit_id, version = uuid5(ROOT, f"considered {nhs_number}"), candidate.decisions
    actions.decide(actor, edit_id, candidate_id=candidate.id, decision=decision, base_version=version)
