"""Take a signed message of another system that sends one user to one patient's card, once."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy.exc import IntegrityError

from epaccs.audit.events import Event, EventKind
from epaccs.audit.log import record
from epaccs.clinicians.actions import Door
from epaccs.clinicians.actions.attempts import count_nameless
from epaccs.clinicians.actions.events import event_by
from epaccs.clinicians.queries import find_clinician_id
from epaccs.clinicians.rules import SYSTEM_LIMIT, WAY_LIMIT, Actor, Limit, TooManyLaunches, check_administers
from epaccs.core import base64url, clock, sealing
from epaccs.core.db import writing
from epaccs.core.errors import EpaccsError, NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.sign_on import queries
from epaccs.sign_on.actions import ceremonies
from epaccs.sign_on.model import KnownSystem, UsedLaunch
from epaccs.sign_on.rules import Launch, Purpose, check_public_keys, read_launch
from epaccs.sign_on.signed import decode_signed

MESSAGE_LIMIT = 8000


class LaunchRefused(EpaccsError):
    """It is not taken; whoever sent it learns no more than that (hazard H-17)."""


def refuse(why: str, *, door: Door, actor: Actor | None = None, system_id: UUID | None = None) -> LaunchRefused:
    """Note why, for the privacy officer alone, and make what to raise.

    Only what is refused is counted: what is right is taken however much was refused before it, so that nobody is kept
    from a card by a stranger behind the same address, nor by one who writes the system's name (hazard H-21).

    Args:
        system_id: the system that signed it; None: nobody known did.

    Raises:
        TooManyLaunches: so much was refused here, or of what this system signed, that no more is written down.
    """
    _count(door, place=f"launch {door.address}", limit=WAY_LIMIT)
    if system_id is not None:
        _count(door, place=f"launch {system_id}", limit=SYSTEM_LIMIT)
    details = {"why": why, "system": str(system_id) if system_id else None}
    record(
        Event(
            EventKind.LAUNCH_REFUSED,
            actor_id=actor.clinician_id if actor else None,
            organisation_id=actor.organisation_id if actor else None,
            role=str(actor.role) if actor else None,
            details=details,
        )
    )
    return LaunchRefused()


def _count(door: Door, *, place: str, limit: Limit) -> None:
    count_nameless("launch", door, place=place, limit=limit, refusal=TooManyLaunches)


def take_launch(message: str, *, audience: str, door: Door) -> str:
    """Believe a message that a known system signed a moment ago, once.

    Returns:
        What stands in the address that is opened next: it names nobody, and opens nothing but for the user meant.

    Raises:
        LaunchRefused: it was altered, sent before, or ran out, or is for another register or by an unknown system.
        TooManyLaunches: it is, and so were many before it.
    """
    system = _find_system(message)
    if system is None:
        raise refuse("system", door=door)
    claims = _claims(message, system)
    launch = read_launch(claims, audience=audience, now=clock.now())
    if launch is None:
        raise refuse("claims", door=door, system_id=system.id if claims else None)
    if not _use(system.id, launch):
        raise refuse("replayed", door=door, system_id=system.id)
    facts = {"user_name": launch.user_name, "nhs_number": launch.nhs_number, "system": str(system.id)}
    return ceremonies.begin(Purpose.LAUNCH, facts)


def _find_system(message: str) -> KnownSystem | None:
    """Who says it is by, before anything of it is believed."""
    if len(message) > MESSAGE_LIMIT or message.count(".") != 2:
        return None
    try:
        issuer = json.loads(base64url.decode(message.split(".")[1])).get("iss")
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return queries.find_system(issuer) if isinstance(issuer, str) and issuer.isprintable() else None


def _claims(message: str, system: KnownSystem) -> dict[str, Any]:
    """What it says; empty: this system did not sign it, or not in one of the ways that are named."""
    try:
        return dict(decode_signed(message, system.keys).claims)
    except (JoseError, ValueError, KeyError, TypeError):
        return {}


def _use(system_id: UUID, launch: Launch) -> bool:
    """Whether it is the first time."""
    digest = sealing.digest(launch.id, purpose="launch")
    try:
        with writing() as session:
            used = UsedLaunch(id=new_id(), system_id=system_id, token_digest=digest, expires_at=launch.expires_at)
            session.add(used)
            session.flush()
    except IntegrityError:
        return False
    return True


def open_launch(actor: Actor, ticket: str, *, door: Door) -> str:
    """The NHS number to which the user meant is sent, once; nothing of the record is opened by it.

    Raises:
        LaunchRefused: it was opened before, ran out, or is for somebody else.
        TooManyLaunches: it was, and so were many before it.
    """
    facts = ceremonies.take(ticket, Purpose.LAUNCH)
    if facts is None:
        raise refuse("ticket", door=door, actor=actor)
    system_id = UUID(facts["system"])
    if _find_user(facts["user_name"]) != actor.clinician_id:
        raise refuse("other_user", door=door, actor=actor, system_id=system_id)
    record(
        Event(
            EventKind.LAUNCH_TAKEN,
            actor_id=actor.clinician_id,
            organisation_id=actor.organisation_id,
            role=str(actor.role),
            details={"system": str(system_id)},
        )
    )
    return str(facts["nhs_number"])


def _find_user(user_name: str) -> UUID | None:
    try:
        return find_clinician_id(user_name)
    except RuleBroken:
        return None


# The systems of an organisation


def add_system(actor: Actor, *, name: str, issuer: str, keys: str) -> None:
    """Let a system of the administrator's own organisation send its people here.

    Raises:
        Forbidden: this person is no administrator.
        RuleBroken: the keys are no set of public keys, or a system of that name for itself is known.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    try:
        document = check_public_keys(json.loads(keys))
        KeySet.import_key_set(document)  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RuleBroken("Enter a JSON Web Key Set, as its supplier gives it", field="keys") from error
    with writing() as session:
        row = KnownSystem(
            id=new_id(),
            organisation_id=actor.organisation_id,
            name=name,
            issuer=issuer,
            keys=document,
            made_by=actor.clinician_id,
            made_at=clock.now(),
        )
        session.add(row)
        try:
            session.flush()
        except IntegrityError as error:
            raise RuleBroken("A system that names itself so is known already", field="issuer") from error
        record(event_by(actor, what="system_added", organisation_id=actor.organisation_id, system=str(row.id)))


def remove_system(actor: Actor, system_id: UUID) -> None:
    """Nothing that it signs is taken any more, from now on.

    Raises:
        NotFound: there is no such system at this administrator's organisation.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    with writing() as session:
        row = session.get(KnownSystem, system_id, with_for_update=True)
        if row is None or row.organisation_id != actor.organisation_id:
            raise NotFound
        session.delete(row)
        record(event_by(actor, what="system_removed", organisation_id=actor.organisation_id, system=str(system_id)))
