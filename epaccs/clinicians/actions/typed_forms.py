"""What somebody had typed when their session ended: sealed for half an hour, for them alone (hazard H-20)."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from epaccs.clinicians.model import SealedForm
from epaccs.clinicians.rules import Actor
from epaccs.core import clock, sealing
from epaccs.core.db import db, writing
from epaccs.core.identifiers import new_id

KEPT_MINUTES = 30
#: A longer address is cut; none of ours is.
PATH_LIMIT = 400
KEPT_FORMS = 10

_PURPOSE = "typed form"


def seal_form(clinician_id: UUID, *, path: str, fields: dict[str, list[str]]) -> None:
    """Keep what was typed, readable by nobody until this person signs in again; an earlier text of the page goes.

    No audit event: nothing was read nor changed.
    """
    form_id, now, path = new_id(), clock.now(), path[:PATH_LIMIT]
    content = json.dumps(fields)
    with writing() as session:
        _make_room(session, clinician_id, path)
        session.add(
            SealedForm(
                id=form_id,
                clinician_id=clinician_id,
                path=path,
                sealed_fields=sealing.seal(content.encode(), purpose=_PURPOSE, record_id=form_id),
                sealed_at=now,
                expires_at=now + timedelta(minutes=KEPT_MINUTES),
            )
        )


def _make_room(session: Session, clinician_id: UUID, path: str) -> None:
    """One text a page, and no more than a handful in all: a stolen cookie must not fill the disk."""
    own = SealedForm.clinician_id == clinician_id
    newest = select(SealedForm.id).where(own).order_by(SealedForm.sealed_at.desc()).limit(KEPT_FORMS - 1)
    session.execute(
        delete(SealedForm)
        .where(own, or_(SealedForm.path == path, SealedForm.id.not_in(newest)))
        .execution_options(synchronize_session=False)
    )


def claim_sealed_form(actor: Actor, path: str) -> dict[str, list[str]] | None:
    """What this person had typed on this page when their session ended, once; None: nothing, or too long ago."""
    at_path = SealedForm.path == path[:PATH_LIMIT]
    kept = select(SealedForm).where(SealedForm.clinician_id == actor.clinician_id, at_path)
    if db.session.scalars(kept).first() is None:
        return None  # nearly always: a form page takes no lock for it
    with writing() as session:
        row = session.scalars(kept.with_for_update()).first()
        if row is None:
            return None
        session.delete(row)
    if row.expires_at <= clock.now():
        return None
    fields: dict[str, list[str]] = json.loads(sealing.unseal(row.sealed_fields, purpose=_PURPOSE, record_id=row.id))
    return fields
