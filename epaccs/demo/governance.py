"""Who asks for an account in the demonstration, who has one through whom, an incident that two share, and a rota."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from epaccs.clinicians.model import Clinician
from epaccs.clinicians.rules import Role
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.demo.staff import World
from epaccs.incidents.actions import NewIncident, add_statement, open_incident
from epaccs.incidents.rules import Kind
from epaccs.rosters import actions as rosters
from epaccs.rosters.rules import DAYS_SHOWN
from epaccs.sponsorship.actions import approve, ask_for_account
from epaccs.sponsorship.model import AccountRequest
from epaccs.sponsorship.rules import Ask

_ADDRESS = "192.0.2.10"  # of the range kept for documents


def tell_governance(world: World) -> None:
    """One account that is about to end, one request that waits too long and one of today, an incident, a rota; once."""
    if db.session.scalars(select(AccountRequest.id).limit(1)).first() is not None:
        return
    now = clock.now()
    board = world.actors["administrator-2"]
    with clock.standing_at(now - timedelta(days=80)):
        given = approve(board, _ask(world, "Z99C1", "Comfort Asante", Role.CARE_HOME_SENIOR), months=12)
        with writing() as session:
            session.get_one(Clinician, given.clinician_id).is_demonstration = True
    with clock.standing_at(now - timedelta(hours=30)):
        _ask(world, "Z99C2", "Marlon Pike", Role.CARE_HOME_NURSE, number="99A0090E")
    with clock.standing_at(now - timedelta(hours=2)):
        _ask(world, "Z99LA", "Deborah Quinn", Role.SOCIAL_WORKER)
    _tell_of_a_tablet(world)
    _load_rota(world)


def _load_rota(world: World) -> None:
    """One paramedic on day and night, so that nobody who tries the demonstration is told of for the hour."""
    days = [clock.today() + timedelta(days=number) for number in range(-1, DAYS_SHOWN)]
    rows = [
        f"paramedic,{day} {begins},{day + timedelta(days=nights)} {ends}"
        for day in days
        for begins, ends, nights in (("07:00", "19:00", 0), ("19:00", "07:00", 1))
    ]
    content = "\n".join(["user_name,from,until", *rows]).encode()
    rosters.load(world.actors["ambulance-administrator"], content, seen_version=0)


def _ask(world: World, ods_code: str, name: str, role: Role, *, number: str | None = None) -> UUID:
    reason = "I look after residents at night and cannot see what was decided with them"
    ask_for_account(world.places[ods_code].id, Ask(name, role, None, "01632 960177", number, reason), address=_ADDRESS)
    return db.session.scalars(select(AccountRequest.id).order_by(AccountRequest.asked_at.desc()).limit(1)).one()


def _tell_of_a_tablet(world: World) -> None:
    now, trust = clock.now(), world.actors["ambulance-administrator"]
    what = "A tablet was left in a patient's home overnight. It was locked and its copies are sealed."
    with clock.standing_at(now - timedelta(hours=20)):
        new = NewIncident("A tablet was left behind", what, now - timedelta(hours=22), (world.places["Z99OH"].id,))
        incident_id = open_incident(trust, new)
        add_statement(trust, incident_id, kind=Kind.DONE, text="It was taken out of use an hour after it was missed.")
