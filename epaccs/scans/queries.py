"""Which scans are kept of one person, as one reader may see them, and the file of one of them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from epaccs.access.actions import event
from epaccs.access.queries import Standing, find_standing, get_standing
from epaccs.access.rules import Permission
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import ROLE_LABELS, Actor, Role
from epaccs.core import sealing
from epaccs.core.db import db
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.register.model import Merge
from epaccs.register.queries import is_restricted_now
from epaccs.scans.model import Scan, ScanContent, ScanWithdrawal
from epaccs.scans.rules import (
    ENDINGS,
    IDENTIFIERS,
    KIND_LABELS,
    PDF,
    TYPE_LABELS,
    WITHDRAWAL_LABELS,
    WORDS_LABELS,
    ScanKind,
    Withdrawal,
    may_see_scans,
    size_in_words,
    tier_of,
    why_not_beside,
    why_not_opened,
)
from epaccs.versions.queries import Waited, find_words_of_photos
from epaccs.versions.rules import Standing as HeldStanding

#: Under which the bytes of a scan are sealed.
PURPOSE = "scan"

_log = logging.getLogger("epaccs.scans")


@dataclass(frozen=True)
class ShownScan:
    """One scan as a page shows it.

    `closed_because` None: it may be opened. `apart_because` None: it may stand beside a form as well. `words_because`:
    why what was said with a photo does not count; None: it does, or nothing was said. `waits_as`: the change that waits
    to be settled; None: none does.
    """

    id: UUID
    title: str
    kind: str
    file: str
    is_picture: bool
    original_location: str
    original_seen_by: str | None
    original_seen_on: date | None
    identifiers: str
    kept_by: str
    kept_at: datetime
    withdrawn_because: str | None
    withdrawn_more: str
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    closed_because: str | None
    apart_because: str | None
    words_because: str | None
    waits_as: UUID | None

    @property
    def is_history(self) -> bool:
        """It stands at the end of the list."""
        return self.withdrawn_at is not None or (self.words_because is not None and self.waits_as is None)


@dataclass(frozen=True)
class ScansPage:
    """The scans of one person that this reader sees, newest first, those that hold no more at the end."""

    entry_id: UUID
    scans: tuple[ShownScan, ...]
    are_others_hidden: bool
    is_restricted: bool
    can_edit: bool


def get_scans_page(actor: Actor, entry_id: UUID) -> ScansPage:
    """Everything kept of a person that this reader may see; the look is recorded.

    Raises:
        NotFound, Forbidden: as `access` says, or nothing of a scan is there for this reader.
    """
    standing = _get_standing(actor, entry_id)
    log.record(event(actor, EventKind.FORM_VIEWED, entry_id=entry_id, form="scans"))
    restricted = is_restricted_now(entry_id)
    rows = _scans_of(entry_id)
    shown = _shown_to(standing, rows, is_restricted=restricted)
    return ScansPage(
        entry_id,
        tuple(sorted(shown, key=lambda one: one.is_history)),
        are_others_hidden=len(shown) < len(rows),
        is_restricted=restricted,
        can_edit=standing.can(Permission.EDIT_PLAN),
    )


def _shown_to(
    standing: Standing, rows: Sequence[tuple[Scan, ScanWithdrawal | None]], *, is_restricted: bool
) -> list[ShownScan]:
    """Those that this reader may see, in the order of the rows."""
    words = find_words_of_photos({scan.entry_id for scan, _ in rows})
    return [
        _shown(scan, withdrawal, words.get(_photo(scan)), is_restricted=is_restricted)
        for scan, withdrawal in rows
        if tier_of(ScanKind(scan.kind)) in standing.tiers
    ]


def get_shown_scan(actor: Actor, entry_id: UUID, scan_id: UUID) -> ShownScan:
    """One scan of this person.

    Raises:
        NotFound: there is none for this reader.
    """
    standing = _get_standing(actor, entry_id)
    scan, withdrawal = _get_scan(standing, scan_id)
    return _shown(scan, withdrawal, _words_of(scan), is_restricted=is_restricted_now(entry_id))


@dataclass(frozen=True)
class Beside:
    """The scans of one person that may stand beside a form, newest first. `chosen`: the one that does; None: none."""

    entry_id: UUID
    offered: tuple[ShownScan, ...] = ()
    chosen: ShownScan | None = None

    @property
    def shown(self) -> ShownScan | None:
        """The one to be seen; None: none was chosen, or it may not stand here."""
        return self.chosen if self.chosen and not self.chosen.apart_because else None


def find_beside(actor: Actor, entry_id: UUID, chosen_id: UUID | None) -> Beside:
    """Which scans this reader can lay beside a form about a person. The look at a file is recorded when it is opened.

    Args:
        chosen_id: what the address says; one that is not there for this reader is none.
    """
    standing = find_standing(actor, entry_id)
    if standing is None or not may_see_scans(standing.tiers):
        return Beside(entry_id)
    shown = _shown_to(standing, _scans_of(entry_id), is_restricted=is_restricted_now(entry_id))
    chosen = next((one for one in shown if one.id == chosen_id), None)
    return Beside(entry_id, tuple(one for one in shown if not one.apart_because), chosen)


@dataclass(frozen=True)
class ScanFile:
    """A file as it was sent, under a name that names nobody."""

    content: bytes
    media_type: str
    name: str


def open_scan(actor: Actor, entry_id: UUID, scan_id: UUID) -> ScanFile:
    """The file of one scan; the look is recorded before anything of it is read.

    Raises:
        NotFound: there is none for this reader.
        RuleBroken: it is shown to nobody, or it is not what was kept.
    """
    scan, withdrawal = _get_scan(_get_standing(actor, entry_id), scan_id)
    closed = why_not_opened(_reason(withdrawal), is_restricted=is_restricted_now(entry_id))
    return _open(actor, entry_id, scan, withdrawal, closed=closed)


def open_scan_beside(actor: Actor, entry_id: UUID, scan_id: UUID) -> ScanFile:
    """The same file, to stand beside a form.

    Raises:
        NotFound: there is none for this reader.
        RuleBroken: it may not stand there, or it is not what was kept.
    """
    scan, withdrawal = _get_scan(_get_standing(actor, entry_id), scan_id)
    waited = _words_of(scan)
    words = waited.standing if waited else None
    closed = why_not_beside(_reason(withdrawal), is_restricted=is_restricted_now(entry_id), words=words)
    return _open(actor, entry_id, scan, withdrawal, closed=closed)


def _open(
    actor: Actor, entry_id: UUID, scan: Scan, withdrawal: ScanWithdrawal | None, *, closed: str | None
) -> ScanFile:
    if closed:
        raise RuleBroken(closed)
    log.record(event(actor, EventKind.SCAN_OPENED, entry_id=entry_id, scan_id=scan.id))
    return ScanFile(_read_content(scan), scan.media_type, file_name(scan, is_withdrawn=withdrawal is not None))


def file_name(scan: Scan, *, is_withdrawn: bool) -> str:
    """What the file is called in a folder of downloads, where it says of itself that it holds no more."""
    state = "holds-no-more-" if is_withdrawn else ""
    return f"{state}{scan.kind.replace('_', '-')}-{scan.kept_at:%Y-%m-%d}.{ENDINGS[scan.media_type]}"


def _read_content(scan: Scan) -> bytes:
    """What was sealed for this scan and is still what was sent.

    Raises:
        RuleBroken: it is not; a changed paper is worse than none.
    """
    kept = db.session.get(ScanContent, scan.id)
    try:
        content = sealing.unseal(kept.sealed, purpose=PURPOSE, record_id=scan.id) if kept else b""
    except sealing.CannotBeOpened:
        content = b""
    if not is_what_was_sent(content, scan.sha256):
        _log.error("A scan is not what was kept", extra={"places": [str(scan.id)]})
        raise RuleBroken(
            "This scan is not what was kept, so it is not shown. Look at the original, and tell whoever runs the "
            "register"
        )
    return content


def is_what_was_sent(content: bytes, sha256: str) -> bool:
    """Whether a file is the one whose SHA-256 was written down when it was kept."""
    return hashlib.sha256(content).hexdigest() == sha256


def _get_standing(actor: Actor, entry_id: UUID) -> Standing:
    standing = get_standing(actor, entry_id, Permission.VIEW_RECORD)
    if not may_see_scans(standing.tiers):
        raise NotFound
    return standing


def _get_scan(standing: Standing, scan_id: UUID) -> tuple[Scan, ScanWithdrawal | None]:
    for scan, withdrawal in _scans_of(standing.entry_id):
        if scan.id == scan_id and tier_of(ScanKind(scan.kind)) in standing.tiers:
            return scan, withdrawal
    raise NotFound


def _scans_of(entry_id: UUID) -> list[tuple[Scan, ScanWithdrawal | None]]:
    """With those of every record that was found to be of the same person."""
    statement = (
        select(Scan, ScanWithdrawal)
        .outerjoin(ScanWithdrawal, ScanWithdrawal.scan_id == Scan.id)
        .where(Scan.entry_id.in_(_entries_of_person(entry_id)))
        .order_by(Scan.kept_at.desc(), Scan.id.desc())
    )
    return [(scan, withdrawal) for scan, withdrawal in db.session.execute(statement)]


def _entries_of_person(entry_id: UUID) -> set[UUID]:
    found, waiting = {entry_id}, [entry_id]
    while waiting:
        statement = select(Merge.other_id).where(
            Merge.survivor_id.in_(waiting), Merge.confirmed_at.is_not(None), Merge.reversed_at.is_(None)
        )
        waiting = [other for other in db.session.scalars(statement) if other not in found]
        found.update(waiting)
    return found


def _reason(withdrawal: ScanWithdrawal | None) -> Withdrawal | None:
    return Withdrawal(withdrawal.reason) if withdrawal else None


def _words_of(scan: Scan) -> Waited | None:
    return find_words_of_photos({scan.entry_id}).get(_photo(scan))


def _photo(scan: Scan) -> tuple[str, str]:
    """Under which words would name it, if it is a photo that a tablet brought."""
    return str(scan.id), scan.kept_by["clinician_id"]


def _shown(scan: Scan, withdrawal: ScanWithdrawal | None, waited: Waited | None, *, is_restricted: bool) -> ShownScan:
    reason, words = _reason(withdrawal), waited.standing if waited else None
    pages = "" if scan.pages == 1 else f", {scan.pages} pages"
    return ShownScan(
        id=scan.id,
        title=scan.title,
        kind=KIND_LABELS[ScanKind(scan.kind)],
        file=f"{TYPE_LABELS[scan.media_type]}{pages}, {size_in_words(scan.size_bytes)}",
        is_picture=scan.media_type != PDF,
        original_location="Not shown, the address is restricted" if is_restricted else scan.original_location,
        original_seen_by=scan.original_seen_by,
        original_seen_on=scan.original_seen_on,
        identifiers=", ".join(IDENTIFIERS[name] for name in scan.identifiers),
        kept_by=_who(scan.kept_by, is_restricted=is_restricted),
        kept_at=scan.kept_at,
        withdrawn_because=WITHDRAWAL_LABELS[reason] if reason else None,
        withdrawn_more=withdrawal.why if withdrawal else "",
        withdrawn_by=_who(withdrawal.withdrawn_by, is_restricted=is_restricted) if withdrawal else None,
        withdrawn_at=withdrawal.withdrawn_at if withdrawal else None,
        closed_because=why_not_opened(reason, is_restricted=is_restricted),
        apart_because=why_not_beside(reason, is_restricted=is_restricted, words=words),
        words_because=WORDS_LABELS.get(words) if words else None,
        waits_as=waited.edit_id if waited and waited.standing is HeldStanding.OPEN else None,
    )


def _who(by: Mapping[str, Any], *, is_restricted: bool) -> str:
    """Name, role and organisation; the organisation may lead to the door."""
    parts = (by["name"], ROLE_LABELS[Role(by["role"])], "" if is_restricted else by["organisation_name"])
    return ", ".join(part for part in parts if part)
