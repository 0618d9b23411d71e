"""The tablets of the demonstration: in use, silent for days, lost, and erased; and a policy that was changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey
from sqlalchemy import select

from epaccs.clinicians.model import Membership
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.demo.staff import World
from epaccs.demo.stories import read_demonstration, read_time
from epaccs.devices import actions
from epaccs.devices.actions import Holder, NewTablet
from epaccs.devices.model import Device
from epaccs.devices.queries import current_policy
from epaccs.devices.rules import DeviceClass

PROGRAM = "2026.11.3"
SHIFT = timedelta(hours=13)

Written = Mapping[str, Any]
Deed = Callable[[], None]


def add_tablets(world: World) -> None:
    """Enrol each tablet when it was enrolled, with what became of it since; once, so that what is here stays."""
    if db.session.scalars(select(Device.id).limit(1)).first() is not None:
        return
    written, deeds = read_demonstration(), []
    for one in written["tablets"]:
        deeds += _story_of(world, one)
    deeds += [(_moment(one["when"]), _decided(world, one)) for one in written["tablet_policies"]]
    for at, do in sorted(deeds, key=lambda deed: deed[0]):
        with clock.standing_at(at):
            do()


def _moment(text: str) -> datetime:
    moment = read_time(text, clock.now())
    if not isinstance(moment, datetime):
        raise ValueError(f"{text!r} is no moment")
    return moment


def _story_of(world: World, tablet: Written) -> list[tuple[datetime, Deed]]:
    label = str(tablet["label"])
    deeds: list[tuple[datetime, Deed]] = [
        (_moment(tablet["enrolled"]), lambda: _enrol(world.actors[tablet["by"]], tablet)),
        (_moment(tablet["contact"]), lambda: _in_contact(world.actors[tablet["by"]], label, tablet)),
    ]
    if told := tablet.get("lost") or tablet.get("revoked"):
        deeds.append((_moment(told["when"]), lambda: _take_out(world.actors[told["by"]], label, tablet)))
        if "erased" in told:
            deeds.append((_moment(told["erased"]), lambda: _erase(label)))
    return deeds


def _enrol(actor: Actor, tablet: Written) -> None:
    where = Membership.clinician_id == actor.clinician_id, Membership.organisation_id == actor.organisation_id
    membership_id = db.session.scalars(select(Membership.id).where(*where)).one()
    private = ec.generate_private_key(ec.SECP256R1())
    new = NewTablet(
        user_key=dict(ECKey.import_key(private.public_key()).as_dict(private=False)),
        program=PROGRAM,
        label=tablet["label"],
        device_class=DeviceClass(tablet["device_class"]),
    )
    actions.enrol(Holder(actor, membership_id, clock.now() + SHIFT), new)


def _in_contact(actor: Actor, label: str, tablet: Written) -> None:
    names = ("outbox", "audit", "storage_bytes", "is_persisted", "unlock")
    room = ("plans_missing", "reserve_bytes")
    state = {"program": PROGRAM, **{name: tablet[name] for name in names}, **{name: tablet.get(name) for name in room}}
    ahead = timedelta(seconds=tablet["clock_ahead_seconds"])
    reader = actor.clinician_id
    actions.note_contact(_id_of(label), state=state, now_device=clock.now() + ahead, clinician_id=reader)


def _take_out(actor: Actor, label: str, tablet: Written) -> None:
    actions.take_out(actor, [_id_of(label)], is_lost="lost" in tablet)


def _erase(label: str) -> None:
    actions.note_contact(_id_of(label))
    actions.note_erased(_id_of(label))


def _id_of(label: str) -> UUID:
    return db.session.scalars(select(Device.id).where(Device.label == label)).one()


def _decided(world: World, written: Written) -> Deed:
    actor, role = world.actors[written["by"]], Role(written["role"])
    device_class = DeviceClass(written["device_class"])

    def decide() -> None:
        policy = current_policy(actor.organisation_id, role, device_class)
        changed = replace(policy, **written["changes"])
        base_version = policy.version
        actions.change_policy(actor, role, device_class, changed, reason=written["reason"], base_version=base_version)

    return decide
