"""Sign in and out, look after one's own account, and say who may work here."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from epaccs.audit.events import Event, EventKind
from epaccs.audit.log import record
from epaccs.clinicians.model import ClinicianSession, SealedForm
from epaccs.clinicians.rules import Actor, is_secret_field
from epaccs.core import clock, sealing
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id


@dataclass(frozen=True)
class Door:
    """Through what somebody comes in: how long a session may last here, and what it is told apart by in a list.

    `device_token` None: a browser that has not been here before.
    """

    address: str
    browser: str = ""
    device_token: str | None = None
    idle_minutes: int = 60
    absolute_hours: int = 13


@dataclass(frozen=True)
class OpenedSession:
    """A new session; `token` goes into the cookie and is kept nowhere else."""

    session_id: UUID
    token: str


def token_digest(token: str) -> str:
    """How a session's cookie is recognised."""
    return sealing.digest(token, purpose="session")


def start_session(clinician_id: UUID, *, membership_id: UUID | None, door: Door) -> OpenedSession:
    """A person is in: always with a cookie nobody has seen before, so that none can be planted (hazard H-19)."""
    with writing() as session:
        opened = _open_session(session, clinician_id, membership_id, door)
        record(Event(EventKind.SIGNED_IN, actor_id=clinician_id, details={"session": str(opened.session_id)}))
    return opened


def _open_session(session: Session, clinician_id: UUID, membership_id: UUID | None, door: Door) -> OpenedSession:
    token = secrets.token_urlsafe(32)
    now = clock.now()
    row = ClinicianSession(
        token_digest=token_digest(token),
        clinician_id=clinician_id,
        membership_id=membership_id,
        created_at=now,
        last_seen_at=now,
        idle_minutes=door.idle_minutes,
        expires_at=now + timedelta(hours=door.absolute_hours),
        browser=door.browser[:80],
        address=door.address[:45],
    )
    session.add(row)
    session.flush()
    return OpenedSession(row.id, token)


def note_seen(session_id: UUID) -> None:
    """A session in use does not lapse. No audit event: the pages it opened have theirs."""
    with writing() as session:
        session.execute(
            update(ClinicianSession).where(ClinicianSession.id == session_id).values(last_seen_at=clock.now())
        )


# What was typed when a session ended

SEALED_FORM_MINUTES = 30
SEALED_FORMS_KEPT = 10


def seal_form(clinician_id: UUID, *, path: str, fields: dict[str, list[str]]) -> None:
    """Keep what was typed for half an hour, readable by nobody until this person signs in again (hazard H-20).

    No audit event: nothing was read nor changed. Secrets are left out; an earlier text of the same page is replaced.
    """
    form_id, now = new_id(), clock.now()
    content = json.dumps({name: values for name, values in fields.items() if not is_secret_field(name)})
    with writing() as session:
        _forget_forms(session, clinician_id, path)
        session.add(
            SealedForm(
                id=form_id,
                clinician_id=clinician_id,
                path=path,
                sealed_fields=sealing.seal(content.encode(), purpose="form", record_id=form_id),
                sealed_at=now,
                expires_at=now + timedelta(minutes=SEALED_FORM_MINUTES),
            )
        )


def _forget_forms(session: Session, clinician_id: UUID, path: str) -> None:
    """One text a page, and no more than a handful in all: a stolen cookie must not fill the disk."""
    own = SealedForm.clinician_id == clinician_id
    newest = select(SealedForm.id).where(own).order_by(SealedForm.sealed_at.desc()).limit(SEALED_FORMS_KEPT - 1)
    session.execute(delete(SealedForm).where(own, or_(SealedForm.path == path, SealedForm.id.not_in(newest))))


def claim_sealed_form(actor: Actor, path: str) -> dict[str, list[str]] | None:
    """What this person had typed on this page when their session ended, once; None: nothing, or too long ago."""
    kept = select(SealedForm).where(SealedForm.clinician_id == actor.clinician_id, SealedForm.path == path)
    if db.session.scalars(kept).first() is None:
        return None  # nearly always: a form page takes no lock for it
    with writing() as session:
        row = session.scalars(kept.with_for_update()).first()
        if row is None:
            return None
        session.delete(row)
    if row.expires_at <= clock.now():
        return None
    fields: dict[str, list[str]] = json.loads(sealing.unseal(row.sealed_fields, purpose="form", record_id=row.id))
    return fields
