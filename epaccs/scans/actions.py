"""Keep the scan of a paper, once it is known to be harmless and whose it is; say that one holds no more."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.queries import find_standing, get_standing
from epaccs.access.rules import Permission
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core import clock, sealing
from epaccs.core.db import end_read, writing
from epaccs.core.errors import RuleBroken
from epaccs.core.fields import format_date
from epaccs.register.queries import is_restricted_now
from epaccs.scans.inspection import inspect
from epaccs.scans.model import Scan, ScanContent, ScanWithdrawal
from epaccs.scans.queries import PURPOSE, get_shown_scan
from epaccs.scans.rules import (
    JPEG,
    Fault,
    FileRefused,
    ScanKind,
    Withdrawal,
    check_is_of_the_person,
    check_may_be_kept,
    check_original_seen,
    check_size,
    check_type,
)
from epaccs.scans.virus_scan import check_no_virus
from epaccs.settings import Settings
from epaccs.versions.model import Entry


@dataclass(frozen=True)
class Examined:
    """A file that may be kept. `virus_scan`: what passed it."""

    content: bytes
    media_type: str
    pages: int
    virus_scan: str


def keep_scan(actor: Actor, scan_id: UUID, *, entry_id: UUID, fields: Mapping[str, Any], settings: Settings) -> None:
    """Keep a scan of a paper of this person; it is looked at first, with no transaction open.

    Args:
        scan_id: of the form: the same form again keeps nothing new.
        fields: of ScanSchema.

    Raises:
        NotFound, Forbidden: as `access` says.
        RuleBroken, RulesBroken: what to correct; nothing was kept.
        FileRefused: the file is not taken, and that is noted.
    """
    _check_may_be_kept(actor, entry_id)
    check_is_of_the_person(fields["identifiers"])
    check_original_seen(fields["original_seen_by"], fields["original_seen_on"])
    end_read()
    examined = _examine_or_note(actor, entry_id, fields["file"], settings)
    write_scan(actor, scan_id, entry_id=entry_id, fields=fields, examined=examined)


@dataclass(frozen=True)
class PhotoOfForm:
    """The photo of a signed form, with where and when whoever took it says that they saw the form."""

    content: bytes
    place: str
    seen_on: date


def keep_photo(actor: Actor, photo_id: UUID, *, entry_id: UUID, photo: PhotoOfForm, settings: Settings) -> None:
    """Keep the photo of a signed form that somebody saw, after the register has taken their word that they saw it.

    Whoever may say that they saw the form may show it: no further right is asked of them (hazard H-60).

    Raises:
        RuleBroken: the person is not on the register any more, cannot be reached, or their address is restricted.
        FileRefused: it is no harmless JPEG, and that is noted.
    """
    _check_photo_may_be_kept(actor, entry_id)
    end_read()
    examined = _examine_or_note(actor, entry_id, photo.content, settings)
    if examined.media_type != JPEG:
        raise FileRefused(Fault.WRONG_TYPE)
    fields = {
        "kind": ScanKind.CPR_FORM,
        "title": f"Signed CPR form, photographed {format_date(photo.seen_on)}",
        "original_location": photo.place,
        "original_seen_by": actor.name,
        "original_seen_on": photo.seen_on,
        "identifiers": [],
    }
    write_scan(actor, photo_id, entry_id=entry_id, fields=fields, examined=examined, check=_check_photo_may_be_kept)


def _examine_or_note(actor: Actor, entry_id: UUID, content: bytes, settings: Settings) -> Examined:
    try:
        return examine(content, settings=settings)
    except FileRefused as refused:
        log.record(event(actor, EventKind.SCAN_REFUSED, entry_id=entry_id, why=str(refused.fault)))
        raise


def examine(content: bytes, *, settings: Settings) -> Examined:
    """Everything that is asked of a file before it is kept; the scanner sees it before anything of ours opens it.

    Raises:
        FileRefused: it is not taken.
    """
    check_size(len(content), limit_megabytes=settings.scan_limit_megabytes)
    media_type = check_type(content)
    virus_scan = check_no_virus(content, clamd=settings.clamd)
    return Examined(content, media_type, inspect(content, media_type=media_type).pages, virus_scan)


def _check_may_be_kept(actor: Actor, entry_id: UUID) -> None:
    standing = get_standing(actor, entry_id, Permission.EDIT_PLAN)
    check_may_be_kept(is_open=standing.is_open, is_restricted=is_restricted_now(entry_id))


def _check_photo_may_be_kept(actor: Actor, entry_id: UUID) -> None:
    standing = find_standing(actor, entry_id)
    is_open = standing is not None and standing.is_open
    check_may_be_kept(is_open=is_open, is_restricted=is_restricted_now(entry_id))


def write_scan(
    actor: Actor,
    scan_id: UUID,
    *,
    entry_id: UUID,
    fields: Mapping[str, Any],
    examined: Examined,
    check: Callable[[Actor, UUID], None] = _check_may_be_kept,
) -> None:
    """Keep an examined file and what was said of it; `check`: who may."""
    sealed = sealing.seal(examined.content, purpose=PURPOSE, record_id=scan_id)
    sha256 = hashlib.sha256(examined.content).hexdigest()
    with writing() as session:
        session.get(Entry, entry_id, with_for_update=True, populate_existing=True)
        check(actor, entry_id)
        if _was_kept(session, scan_id, entry_id=entry_id, sha256=sha256):
            return
        session.add(
            Scan(
                id=scan_id,
                entry_id=entry_id,
                kind=str(fields["kind"]),
                title=fields["title"],
                original_location=fields["original_location"],
                original_seen_by=fields["original_seen_by"],
                original_seen_on=fields["original_seen_on"],
                identifiers=list(fields["identifiers"]),
                media_type=examined.media_type,
                pages=examined.pages,
                size_bytes=len(examined.content),
                sha256=sha256,
                virus_scan=examined.virus_scan,
                kept_at=clock.now(),
                kept_by=actor.to_value(),
            )
        )
        session.flush()
        session.add(ScanContent(scan_id=scan_id, sealed=sealed))
        log.record(event(actor, EventKind.SCAN_KEPT, entry_id=entry_id, scan_id=scan_id, sha256=sha256))


def _was_kept(session: Session, scan_id: UUID, *, entry_id: UUID, sha256: str) -> bool:
    """Whether this form was sent before.

    Raises:
        RuleBroken: it was, with another file or about another person.
    """
    before = session.get(Scan, scan_id)
    if before is None:
        return False
    if before.entry_id != entry_id or before.sha256 != sha256:
        raise RuleBroken("A scan was kept with this form already. Open the form again to keep another")
    return True


def withdraw_scan(actor: Actor, scan_id: UUID, *, entry_id: UUID, reason: Withdrawal, why: str) -> None:
    """Say that a scan holds no more, and why; it stays, and another person's paper is shown to nobody from now on.

    Raises:
        NotFound, Forbidden: as `access` says, or there is no such scan of this person for this reader.
        RuleBroken: it was withdrawn before.
    """
    with writing() as session:
        session.get(Entry, entry_id, with_for_update=True, populate_existing=True)
        get_standing(actor, entry_id, Permission.EDIT_PLAN)
        scan = get_shown_scan(actor, entry_id, scan_id)
        if scan.withdrawn_at is not None:
            raise RuleBroken("This scan was withdrawn before. Look at the list again")
        session.add(
            ScanWithdrawal(
                scan_id=scan.id, reason=str(reason), why=why, withdrawn_at=clock.now(), withdrawn_by=actor.to_value()
            )
        )
        log.record(event(actor, EventKind.SCAN_WITHDRAWN, entry_id=entry_id, scan_id=scan.id, why=str(reason)))
