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
from epaccs.stamps.rules import KeyStanding, check_not_withdrawn, check_was_announced
from epaccs.stamps.signer import Signer

_PURPOSE = "sheet stamp key"
_log = logging.getLogger("epaccs.stamps")


def find_signer() -> Signer:
    """Whoever signs what is printed now; the first sheet or tablet of a register makes its keys.

    A key sealed under another secret, as after a change of the site's, signs no more: a new one takes its place.
    """
    signer = _find_signer(db.session())
    if signer is not None:
        return signer
    try:
        with writing() as session:
            return _find_signer(session) or _change(session)
    except IntegrityError:
        # Another process was quicker: its key signs.
        return find_signer()


def change_key() -> str:
    """The announced key signs from now on, and another is announced; what the former one signed is still believed.

    Returns:
        By which stamps name the key that signs now.

    Raises:
        RuleBroken: tablets may not have been told of the announced key yet.
    """
    with writing() as session:
        announced = _find(session, KeyStanding.ANNOUNCED, is_locked=True)
        check_was_announced(announced.made_at if announced else clock.now(), now=clock.now())
        return _change(session).key_id


def withdraw_key(key_id: str, *, because: str) -> None:
    """Nothing that it ever signed is believed any more; where it signs or is announced, new keys take its place.

    The announced key lies beside the one that signs, under the same secret: whoever has one has the other, so they go
    together.

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
        _withdraw(key, because.strip())
        if key.standing == KeyStanding.SIGNS:
            announced = _find(session, KeyStanding.ANNOUNCED, is_locked=True)
            if announced is not None:
                _withdraw(announced, because.strip())
            _change(session)
        elif key.standing == KeyStanding.ANNOUNCED:
            _end(session, key)
            _make(session, KeyStanding.ANNOUNCED)


def _withdraw(key: StampKey, because: str) -> None:
    key.withdrawn_at, key.withdrawn_because = clock.now(), because
    _note(key, "withdrawn")


def _find_signer(session: Session) -> Signer | None:
    """None: no key signs, or it cannot be opened."""
    key = _find(session, KeyStanding.SIGNS)
    return _open(key) if key else None


def _change(session: Session) -> Signer:
    """The announced key in the place of the one that signs; a new one where there is none, or it is of no use."""
    former, announced = (_find(session, one, is_locked=True) for one in (KeyStanding.SIGNS, KeyStanding.ANNOUNCED))
    for key in (former, announced):
        if key is not None:
            _end(session, key)
    signer = _open(announced) if announced and announced.withdrawn_at is None else None
    if announced is None or signer is None:
        signer = _make(session, KeyStanding.SIGNS)
    else:
        announced.standing = str(KeyStanding.SIGNS)
        _note(announced, str(KeyStanding.SIGNS))
    _make(session, KeyStanding.ANNOUNCED)
    return signer


def _make(session: Session, standing: KeyStanding) -> Signer:
    private, row_id = Ed25519PrivateKey.generate(), new_id()
    signer = Signer(private)
    key = StampKey(
        id=row_id,
        key_id=signer.key_id,
        public_key=signer.public,
        sealed_private_key=sealing.seal(private.private_bytes_raw(), purpose=_PURPOSE, record_id=row_id),
        standing=str(standing),
        made_at=clock.now(),
        withdrawn_because="",
    )
    session.add(key)
    session.flush()
    _note(key, str(standing))
    return signer


def _end(session: Session, key: StampKey) -> None:
    key.standing = str(KeyStanding.FORMER)
    session.flush()


def _note(key: StampKey, what: str) -> None:
    log.record(Event(EventKind.STAMP_KEY_CHANGED, details={"key_id": key.key_id, "what": what}))


def _find(session: Session, standing: KeyStanding, *, is_locked: bool = False) -> StampKey | None:
    statement = select(StampKey).where(StampKey.standing == str(standing))
    return session.scalars(statement.with_for_update() if is_locked else statement).first()


def _open(key: StampKey) -> Signer | None:
    """None: it is sealed under another secret."""
    try:
        private = sealing.unseal(key.sealed_private_key, purpose=_PURPOSE, record_id=key.id)
    except sealing.CannotBeOpened:
        _log.warning("A key that signs sheets is sealed under another secret")
        return None
    return Signer(Ed25519PrivateKey.from_private_bytes(private))
