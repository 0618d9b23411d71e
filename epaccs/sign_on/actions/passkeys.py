"""Passkeys: add, name and remove them, and prove with one who one is.

Every challenge is asked once, of one browser. What a passkey signed names the site it was asked on, so that a copy of
the sign-in page elsewhere gets nothing; a count that does not grow tells of a copied key (hazard H-64).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from sqlalchemy import select
from sqlalchemy.orm import Session
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from epaccs.audit.events import Event, EventKind
from epaccs.audit.log import record
from epaccs.clinicians.actions import Door, OpenedSession
from epaccs.clinicians.actions.attempts import begin_nameless, forgive_attempts, remember_device
from epaccs.clinicians.actions.events import event_at, event_of
from epaccs.clinicians.actions.second_factor import has_second_factor, new_recovery_codes
from epaccs.clinicians.actions.sessions import lock_own_session, open_session, renew_token
from epaccs.clinicians.actions.signing_in import NO_ROLE
from epaccs.clinicians.model import Clinician, ClinicianSession, Passkey
from epaccs.clinicians.queries import open_places
from epaccs.clinicians.rules import SessionFacts, Step, check_second_factor_is_free, next_step
from epaccs.core import base64url, clock
from epaccs.core.db import db, writing
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.sign_on.actions import ceremonies
from epaccs.sign_on.rules import Purpose

NOT_TAKEN = "The passkey was not accepted. Try again, or use another way on this page"
TOO_LATE = "That took too long, or was sent before. Press the button again"
MOST_PASSKEYS = 10
ANSWER_LIMIT = 20_000


@dataclass(frozen=True)
class Site:
    """Where passkeys of this register are used, as a browser says it."""

    origin: str
    name: str

    @property
    def id(self) -> str:
        """The part that a passkey is bound to."""
        return urlsplit(self.origin).hostname or ""


@dataclass(frozen=True)
class Question:
    """What the browser is asked, and what it must bring back with the answer."""

    options: str
    token: str


def _own(session: Session, clinician_id: UUID) -> list[Passkey]:
    return list(session.scalars(select(Passkey).where(Passkey.clinician_id == clinician_id)))


def _descriptors(rows: list[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url.decode(row.credential_id)) for row in rows]


# Add and remove


def begin_adding(facts: SessionFacts, *, site: Site) -> Question:
    """Ask the browser for a new passkey."""
    options = webauthn.generate_registration_options(
        rp_id=site.id,
        rp_name=site.name,
        user_id=facts.clinician_id.bytes,
        user_name=facts.user_name,
        user_display_name=facts.name,
        exclude_credentials=_descriptors(_own(db.session(), facts.clinician_id)),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )
    kept = {"challenge": base64url.encode(options.challenge), "session": str(facts.session_id)}
    return Question(webauthn.options_to_json(options), ceremonies.begin(Purpose.PASSKEY_ADD, kept))


def add(facts: SessionFacts, *, name: str, token: str, answer: str, site: Site) -> list[str]:
    """Keep its public half.

    Returns:
        Recovery codes to be shown once, if this is the person's first second factor; else empty.

    Raises:
        RuleBroken: what came back is not believed, came too late, or there are too many already.
    """
    kept = ceremonies.take(token, Purpose.PASSKEY_ADD)
    if kept is None or kept["session"] != str(facts.session_id):
        raise RuleBroken(TOO_LATE)
    try:
        made = webauthn.verify_registration_response(
            credential=_read(answer),
            expected_challenge=base64url.decode(kept["challenge"]),
            expected_rp_id=site.id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise RuleBroken(NOT_TAKEN) from error
    with writing() as session:
        session.get_one(Clinician, facts.clinician_id, with_for_update=True)
        is_first = not has_second_factor(session, facts.clinician_id)
        if len(_own(session, facts.clinician_id)) >= MOST_PASSKEYS:
            raise RuleBroken(f"You have {MOST_PASSKEYS} passkeys already. Remove one that you use no more")
        _keep(session, facts.clinician_id, name, made)
        row = lock_own_session(session, facts)
        row.second_factor_at = row.proved_at = clock.now()
        codes = new_recovery_codes(session, facts.clinician_id) if is_first else []
        record(event_of(facts, EventKind.SECOND_FACTOR_CHANGED, what="passkey_added"))
    return codes


def _keep(session: Session, clinician_id: UUID, name: str, made: Any) -> None:
    credential_id = base64url.encode(made.credential_id)
    if session.scalars(select(Passkey.id).where(Passkey.credential_id == credential_id)).first() is not None:
        raise RuleBroken(NOT_TAKEN)
    session.add(
        Passkey(
            id=new_id(),
            clinician_id=clinician_id,
            credential_id=credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=name,
            added_at=clock.now(),
        )
    )
    session.flush()


def _read(answer: str) -> dict[str, Any]:
    """What the browser sent, if it is an object at all."""
    if len(answer) > ANSWER_LIMIT:
        raise ValueError
    try:
        document = json.loads(answer)
    except RecursionError as error:
        raise ValueError from error
    if not isinstance(document, dict):
        raise TypeError
    return document


def remove(facts: SessionFacts, passkey_id: UUID) -> None:
    """It opens nothing any more.

    Raises:
        NotFound: it is not this person's.
        RuleBroken: it is their last second factor, and an organisation demands one.
    """
    with writing() as session:
        row = session.get(Passkey, passkey_id, with_for_update=True)
        if row is None or row.clinician_id != facts.clinician_id:
            raise NotFound
        session.delete(row)
        session.flush()
        if not has_second_factor(session, facts.clinician_id):
            check_second_factor_is_free(open_places(facts.clinician_id, today=clock.today()))
        record(event_of(facts, EventKind.SECOND_FACTOR_CHANGED, what="passkey_removed"))


# Use


def begin_using(facts: SessionFacts | None, *, site: Site) -> Question:
    """Ask the browser for a passkey of this person; of somebody who is not here yet, for any of this site."""
    allowed = _descriptors(_own(db.session(), facts.clinician_id)) if facts else []
    options = webauthn.generate_authentication_options(
        rp_id=site.id, allow_credentials=allowed, user_verification=UserVerificationRequirement.REQUIRED
    )
    kept = {"challenge": base64url.encode(options.challenge), "session": str(facts.session_id) if facts else None}
    return Question(webauthn.options_to_json(options), ceremonies.begin(Purpose.PASSKEY_USE, kept))


def use(facts: SessionFacts | None, *, token: str, answer: str, site: Site, door: Door) -> OpenedSession | None:
    """Believe what a passkey signed: it opens a session, is the second step of one, or proves anew whose it is.

    Returns:
        The session whose cookie is new; None: it stays as it was.

    Raises:
        RuleBroken: it is not believed, came too late, is somebody else's, or its key was copied.
        TooManyTries: wait; it was not looked at.
    """
    attempt = begin_nameless("passkey", door)
    kept = ceremonies.take(token, Purpose.PASSKEY_USE)
    if kept is None or kept["session"] != (str(facts.session_id) if facts else None):
        raise RuleBroken(TOO_LATE)
    problem = None
    with writing() as session:
        row, problem = _judge(session, answer, kept["challenge"], site)
        if row is not None and facts is not None and row.clinician_id != facts.clinician_id:
            row, problem = None, "other_person"
        if row is not None and problem is None:
            row.last_used_at = clock.now()
            forgive_attempts(session, attempt)
            return _open(session, row.clinician_id, door) if facts is None else _prove(session, facts, door)
    details = {"step": "passkey", "why": problem, "account_known": facts is not None}
    record(Event(EventKind.SIGN_IN_REFUSED, actor_id=facts.clinician_id if facts else None, details=details))
    raise RuleBroken(NOT_TAKEN)


def _judge(session: Session, answer: str, challenge: str, site: Site) -> tuple[Passkey | None, str | None]:
    """Whose it is, with its count brought up to date; or why it is not believed."""
    try:
        sent = _read(answer)
        own = base64url.encode(base64url.decode(sent.get("id")))
        row = session.scalars(select(Passkey).where(Passkey.credential_id == own).with_for_update()).first()
        if row is None:
            return None, "unknown"
        proved = webauthn.verify_authentication_response(
            credential=sent,
            expected_challenge=base64url.decode(challenge),
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None, "not_believed"
    if is_copied(row.sign_count, proved.new_sign_count):
        return None, "copied"
    row.sign_count = proved.new_sign_count
    return row, None


def is_copied(kept: int, sent: int) -> bool:
    """Whether a key counts less than it did: two authenticators hold it. Source: W3C Web Authentication, 6.1.1."""
    return (kept > 0 or sent > 0) and sent <= kept


def _open(session: Session, clinician_id: UUID, door: Door) -> OpenedSession:
    """The passkey alone is two factors: somebody has it, and unlocked it."""
    clinician = session.get_one(Clinician, clinician_id, with_for_update=True, populate_existing=True)
    if clinician.ended_at is not None:
        raise RuleBroken(NOT_TAKEN)
    places = open_places(clinician_id, today=clock.today())
    if not places:
        raise RuleBroken(NO_ROLE)
    place = places[0] if len(places) == 1 else None
    opened = open_session(session, clinician_id, place, door)
    session.get_one(ClinicianSession, opened.session_id).second_factor_at = clock.now()
    device_token = remember_device(session, clinician_id, door)
    record(event_at(EventKind.SIGNED_IN, clinician_id, place, opened.session_id, by="passkey"))
    return OpenedSession(opened.session_id, opened.token, device_token)


def _prove(session: Session, facts: SessionFacts, door: Door) -> OpenedSession | None:
    """The second step after the password, or the proof before signing."""
    row = lock_own_session(session, facts)
    was_in = next_step(facts, today=clock.today()) is not Step.GIVE_CODE
    row.second_factor_at = row.proved_at = clock.now()
    if was_in:
        record(event_of(facts, EventKind.CONFIRMED_AGAIN, by="passkey"))
        return None
    device_token = remember_device(session, facts.clinician_id, door)
    record(event_of(facts, EventKind.SIGNED_IN, second_factor="passkey"))
    return OpenedSession(row.id, renew_token(row), device_token)
