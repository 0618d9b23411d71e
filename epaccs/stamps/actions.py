"""Keys that sign sheets: made when the first is printed, changed, withdrawn.

The private half lies sealed under the site's secret, bound to its row (hazard H-70).
"""

from __future__ import annotations

import logging

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.core import clock, sealing
from epaccs.core.db import db, writing
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.stamps.model import StampKey
from epaccs.stamps.rules import check_not_withdrawn
from epaccs.stamps.signer import Signer

_PURPOSE = "sheet stamp key"
_log = logging.getLogger("epaccs.stamps")


def find_signer() -> Signer:
    """Whoever signs what is printed now; the first sheet of a register makes its key.

    A key sealed under another secret, as after a change of the site's, signs no more: a new one takes its place.
    """
    key = _signing(db.session())
    try:
        return _open(key) if key else change_key()
    except sealing.CannotBeOpened:
        _log.warning("The key that signs sheets is sealed under another secret, and was changed")
        return change_key()


def change_key() -> Signer:
    """From now on another key signs; what the former one signed is believed as before."""
    try:
        with writing() as session:
            return _change(session)
    except IntegrityError:
        # Another process was quicker: its key signs.
        return _open(_only(_signing(db.session())))


def withdraw_key(key_id: str, *, because: str) -> None:
    """Nothing that it ever signed is believed any more; if it signs now, another key takes its place.

    Raises:
        NotFound: no key has this id.
        RuleBroken: no reason was given, or it was withdrawn before.
    """
    if not because.strip():
        raise RuleBroken("Say why the key is withdrawn")
    with writing() as session:
        key = session.scalars(select(StampKey).where(StampKey.key_id == key_id).with_for_update()).first()
        if key is None:
            raise NotFound
        check_not_withdrawn(key.withdrawn_at)
        key.withdrawn_at, key.withdrawn_because = clock.now(), because.strip()
        _note(key, "withdrawn")
        if key.signs:
            _change(session)


def _change(session: Session) -> Signer:
    """A new key in the place of the one that signs."""
    former = session.scalars(select(StampKey).where(StampKey.signs).with_for_update()).first()
    if former is not None:
        former.signs = False
        session.flush()
    private = Ed25519PrivateKey.generate()
    signer, row_id = Signer(private), new_id()
    key = StampKey(
        id=row_id,
        key_id=signer.key_id,
        public_key=signer.public,
        sealed_private_key=sealing.seal(private.private_bytes_raw(), purpose=_PURPOSE, record_id=row_id),
        signs=True,
        made_at=clock.now(),
        withdrawn_because="",
    )
    session.add(key)
    session.flush()
    _note(key, "made")
    return signer


def _note(key: StampKey, what: str) -> None:
    log.record(Event(EventKind.STAMP_KEY_CHANGED, details={"key_id": key.key_id, "what": what}))


def _signing(session: Session) -> StampKey | None:
    return session.scalars(select(StampKey).where(StampKey.signs)).first()


def _only(key: StampKey | None) -> StampKey:
    if key is None:
        raise RuntimeError("No key signs sheets, though one was made")
    return key


def _open(key: StampKey) -> Signer:
    private = sealing.unseal(key.sealed_private_key, purpose=_PURPOSE, record_id=key.id)
    return Signer(Ed25519PrivateKey.from_private_bytes(private))
