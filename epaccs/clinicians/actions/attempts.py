"""Tries to sign in: counted before they are judged, and slowed down without locking a colleague out (hazard H-21)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from epaccs.audit.events import Event, EventKind
from epaccs.audit.log import record
from epaccs.clinicians.model import Clinician, KnownDevice, SignInAttempt
from epaccs.clinicians.rules import (
    ADDRESS_LIMIT,
    PLACE_LIMIT,
    STRANGERS_LIMIT,
    WAY_LIMIT,
    Limit,
    TooManyLaunches,
    TooManyTries,
    Tries,
    normalise_user_name,
    wait_until,
)
from epaccs.core import clock, fields, sealing
from epaccs.core.db import db, writing
from epaccs.core.errors import RuleBroken
from epaccs.core.identifiers import new_id


@dataclass(frozen=True)
class Door:
    """Through what somebody comes in, and how long a session lasts here.

    `device_token` None: a browser that nobody has signed in on.
    """

    address: str
    browser: str = ""
    device_token: str | None = None
    idle_minutes: int = 60
    absolute_hours: int = 13


@dataclass(frozen=True)
class Attempt:
    """One try at one account from one place; `password_hash` None: nothing that could fit."""

    id: UUID
    account_digest: str
    place: str
    clinician_id: UUID | None
    password_hash: str | None


def begin_attempt(user_name: str, door: Door) -> Attempt:
    """Count a try before it is judged, so that many at once are not one.

    Raises:
        TooManyTries: it is not looked at. No Argon2 and no audit row for it, so that hammering costs next to nothing.
    """
    account = normalise_user_name(user_name)
    account_digest = sealing.digest(account, purpose="account")
    with writing() as session:
        clinician = _lock_by_user_name(session, account)
        place, is_known = _place(session, clinician, door)
        _check_tries(_tries(session, account_digest, place=place, address=door.address, is_known=is_known))
        row = SignInAttempt(
            id=new_id(),
            at=clock.now(),
            account_digest=account_digest,
            place=place,
            address=door.address,
            is_known=is_known,
        )
        session.add(row)
    is_open = clinician is not None and clinician.ended_at is None
    return Attempt(
        id=row.id,
        account_digest=account_digest,
        place=place,
        clinician_id=clinician.id if clinician else None,
        password_hash=clinician.password_hash if clinician and is_open else None,
    )


def begin_nameless(way: str, door: Door) -> Attempt:
    """Count a try by a way that names no account, before it is judged.

    A browser that somebody here has signed in on is counted by itself: a stranger behind the same address does not
    keep it out (hazard H-21).

    Args:
        way: a word of its own for each, up to 18 letters; a try by one bears on no other, and none on passwords.

    Raises:
        TooManyTries: it is not looked at, and not written down.
    """
    device_digest = _device_digest(door.device_token) if door.device_token else ""
    known = select(KnownDevice.id).where(KnownDevice.device_digest == device_digest)
    is_known = db.session.scalars(known).first() is not None
    return count_nameless(way, door, place=device_digest if is_known else f"{way} {door.address}", limit=WAY_LIMIT)


def count_nameless(
    way: str,
    door: Door,
    *,
    place: str,
    limit: Limit,
    refusal: type[TooManyTries | TooManyLaunches] = TooManyTries,
) -> Attempt:
    """Count one more by this way from this place.

    Raises:
        TooManyTries, TooManyLaunches: there were too many already; this one is not counted.
    """
    account_digest, rows = sealing.digest(way, purpose="way"), SignInAttempt
    with writing() as session:
        same = select(rows.at).where(rows.account_digest == account_digest, rows.place == place)
        tried_at = list(session.scalars(same.order_by(rows.at.desc()).limit(limit.tries)))
        until = limit.wait_until(tried_at, now=clock.now())
        if until is not None:
            raise refusal(until, local_time=fields.format_minute_after(until))
        row = SignInAttempt(
            id=new_id(),
            at=clock.now(),
            account_digest=account_digest,
            place=place,
            address=door.address,
            is_known=False,
        )
        session.add(row)
    return Attempt(row.id, account_digest, place, clinician_id=None, password_hash=None)


def _lock_by_user_name(session: Session, user_name: str) -> Clinician | None:
    if not user_name.isprintable():
        return None  # a null byte is no part of any user name, and PostgreSQL will not compare it
    return session.scalars(select(Clinician).where(Clinician.user_name == user_name).with_for_update()).first()


def _place(session: Session, clinician: Clinician | None, door: Door) -> tuple[str, bool]:
    """From where this is, and whether the account was here before: a device it knows, else an address.

    Of a name that nobody has as much is asked as of any other (hazard H-21).
    """
    clinician_id = clinician.id if clinician else new_id()
    device_digest = _device_digest(door.device_token) if door.device_token else ""
    known = session.execute(
        select(KnownDevice.device_digest, KnownDevice.address).where(KnownDevice.clinician_id == clinician_id)
    ).all()
    if any(row.device_digest == device_digest for row in known):
        return device_digest, True
    return door.address, any(row.address == door.address for row in known)


def _tries(session: Session, account_digest: str, *, place: str, address: str, is_known: bool) -> Tries:
    attempt = SignInAttempt

    def newest(limit: int, *conditions: ColumnElement[bool]) -> list[datetime]:
        found = select(attempt.at).where(*conditions).order_by(attempt.at.desc()).limit(limit)
        return list(session.scalars(found))

    of_account = attempt.account_digest == account_digest
    from_address = (attempt.address == address, attempt.place == address)
    return Tries(
        from_place=newest(PLACE_LIMIT.tries, of_account, attempt.place == place),
        by_strangers=[] if is_known else newest(STRANGERS_LIMIT.tries, of_account, attempt.is_known.is_(False)),
        from_address=newest(ADDRESS_LIMIT.tries, *from_address) if place == address else [],
    )


def _check_tries(tries: Tries) -> None:
    until = wait_until(tries, now=clock.now())
    if until is not None:
        raise TooManyTries(until, local_time=fields.format_minute_after(until))


def refused(attempt: Attempt, *, step: str, message: str, field: str | None = None) -> RuleBroken:
    """Note a try that failed, and make what to raise; an unknown user name is not kept: it may be a password."""
    details = {"step": step, "account_known": attempt.clinician_id is not None}
    record(Event(EventKind.SIGN_IN_REFUSED, actor_id=attempt.clinician_id, details=details))
    return RuleBroken(message, field=field)


def take_back(session: Session, attempt: Attempt) -> None:
    """This try was right as far as it went; those before it still count."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.id == attempt.id))


def forgive_attempts(session: Session, attempt: Attempt) -> None:
    """Somebody got in from this place, so what failed here before was them."""
    session.execute(
        delete(SignInAttempt).where(
            SignInAttempt.account_digest == attempt.account_digest, SignInAttempt.place == attempt.place
        )
    )


def forgive_account(session: Session, user_name: str) -> None:
    """A person who was given a new code need not wait because a stranger tried their name."""
    account_digest = sealing.digest(user_name, purpose="account")
    session.execute(delete(SignInAttempt).where(SignInAttempt.account_digest == account_digest))


def remember_device(session: Session, clinician_id: UUID, door: Door) -> str | None:
    """Know this browser and address again.

    Returns:
        The token for a browser that has none; None: it has one.
    """
    token = door.device_token or secrets.token_urlsafe(24)
    device_digest = _device_digest(token)
    known = session.scalars(
        select(KnownDevice).where(KnownDevice.clinician_id == clinician_id, KnownDevice.device_digest == device_digest)
    ).first()
    if known is None:
        known = KnownDevice(clinician_id=clinician_id, device_digest=device_digest)
        session.add(known)
    known.address, known.last_used_at = door.address, clock.now()
    return None if door.device_token else token


def _device_digest(token: str) -> str:
    return sealing.digest(token, purpose="device")
