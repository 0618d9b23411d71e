"""Tell the people who are accountable for a person, note that they saw it, end it when it is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.model import Relationship
from epaccs.access.queries import is_current
from epaccs.access.rules import ONLY_ONE
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.audit.queries import readers_since
from epaccs.clinicians.queries import organisations_of
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.changes import Change
from epaccs.core.db import writing
from epaccs.core.errors import NotFound
from epaccs.core.identifiers import new_id
from epaccs.notices import queries
from epaccs.notices.model import Notice
from epaccs.notices.rules import MEANINGS, NoticeKind, shows_from

#: Relationships that make an organisation accountable: the usual practice and the key worker's organisation.
ACCOUNTABLE = ONLY_ONE


@dataclass(frozen=True)
class About:
    """What a notice is about.

    `due_at` None: no time is set. `section` None: the whole record. `edit_id` None: not about one edit.
    """

    entry_id: UUID
    kind: NoticeKind
    section: str | None = None
    edit_id: UUID | None = None
    due_at: datetime | None = None
    severity: str = "routine"


def notify(
    session: Session, about: About, *, organisation_ids: Iterable[UUID], clinician_id: UUID | None = None
) -> None:
    """Leave a notice with each organisation, inside an open action; the same open one is not left twice."""
    now = clock.now()
    for organisation_id in dict.fromkeys(organisation_ids):
        if _is_open(session, about, organisation_id, clinician_id):
            continue
        session.add(Notice(**build_notice_row(about, organisation_id, clinician_id, now=now)))
    session.flush()


def build_notice_row(
    about: About, organisation_id: UUID, clinician_id: UUID | None, *, now: datetime
) -> dict[str, Any]:
    """A notice that nobody has seen yet, as a row."""
    return {
        "id": new_id(),
        "entry_id": about.entry_id,
        "kind": str(about.kind),
        "section": about.section,
        "edit_id": about.edit_id,
        "organisation_id": organisation_id,
        "clinician_id": clinician_id,
        "severity": about.severity,
        "created_at": now,
        "shows_from": shows_from(about.kind, due_at=about.due_at, created_at=now),
        "due_at": about.due_at,
    }


def _is_open(session: Session, about: About, organisation_id: UUID, clinician_id: UUID | None) -> bool:
    found = session.scalars(
        select(Notice.id).where(
            Notice.entry_id == about.entry_id,
            Notice.kind == str(about.kind),
            Notice.organisation_id == organisation_id,
            Notice.clinician_id == clinician_id if clinician_id else Notice.clinician_id.is_(None),
            Notice.section == about.section if about.section else Notice.section.is_(None),
            Notice.due_at == about.due_at if about.due_at else Notice.due_at.is_(None),
            Notice.ended_at.is_(None),
            Notice.acknowledged_at.is_(None),
        )
    ).first()
    return found is not None


def notify_accountable(session: Session, about: About, *, but: UUID | None = None) -> None:
    """Leave a notice with the usual practice and the key worker's organisation.

    Args:
        but: the organisation that did it, which need not be told; None: all are told.
    """
    organisation_ids = [one for one in accountable_organisations(session, about.entry_id) if one != but]
    notify(session, about, organisation_ids=organisation_ids)


def accountable_organisations(session: Session, entry_id: UUID) -> list[UUID]:
    """Who is accountable for a person now: the usual practice first."""
    rows = session.execute(
        select(Relationship.organisation_id, Relationship.reason)
        .where(
            Relationship.entry_id == entry_id,
            Relationship.reason.in_(ACCOUNTABLE),
            is_current(clock.now()),
        )
        .order_by(Relationship.reason.desc(), Relationship.from_at)
    )
    return list(dict.fromkeys(row.organisation_id for row in rows))


def end(
    session: Session,
    *,
    entry_id: UUID,
    kinds: Iterable[NoticeKind],
    section: str | None = None,
    organisation_id: UUID | None = None,
) -> None:
    """What was asked for is done, or no longer needed; inside an open action.

    Args:
        organisation_id: of whom alone it was asked; None: of everybody.
    """
    statement = update(Notice).where(
        Notice.entry_id == entry_id, Notice.kind.in_([str(kind) for kind in kinds]), Notice.ended_at.is_(None)
    )
    if section is not None:
        statement = statement.where(Notice.section == section)
    if organisation_id is not None:
        statement = statement.where(Notice.organisation_id == organisation_id)
    session.execute(statement.values(ended_at=clock.now()))


class Desk(Protocol):
    """Where notices are left: the database, or memory while many people are loaded at once."""

    def notify(self, about: About, *, organisation_ids: Iterable[UUID], clinician_id: UUID | None = None) -> None:
        """As `notify` says."""

    def notify_accountable(self, about: About, *, but: UUID | None = None) -> None:
        """As `notify_accountable` says."""

    def end(self, *, entry_id: UUID, kinds: Iterable[NoticeKind], section: str | None = None) -> None:
        """As `end` says."""

    def readers_since(self, entry_id: UUID, moment: datetime) -> list[tuple[UUID, UUID]]:
        """Clinician and organisation of everybody who read the record since then."""

    def workplaces_of(self, clinician_id: UUID) -> list[UUID]:
        """Where a clinician works now."""


@dataclass(frozen=True)
class SessionDesk:
    """The notices of the database, inside an open action."""

    session: Session

    def notify(self, about: About, *, organisation_ids: Iterable[UUID], clinician_id: UUID | None = None) -> None:
        """Leave a notice with each organisation."""
        notify(self.session, about, organisation_ids=organisation_ids, clinician_id=clinician_id)

    def notify_accountable(self, about: About, *, but: UUID | None = None) -> None:
        """Leave a notice with whoever is accountable."""
        notify_accountable(self.session, about, but=but)

    def end(self, *, entry_id: UUID, kinds: Iterable[NoticeKind], section: str | None = None) -> None:
        """What was asked for is done."""
        end(self.session, entry_id=entry_id, kinds=kinds, section=section)

    def readers_since(self, entry_id: UUID, moment: datetime) -> list[tuple[UUID, UUID]]:
        """Everybody who read the record since then."""
        return readers_since(self.session, entry_id, moment)

    def workplaces_of(self, clinician_id: UUID) -> list[UUID]:
        """Where a clinician works now."""
        return organisations_of(clinician_id)


def follow_change(session: Session, change: Change) -> None:
    """Tell of a change: a projector of `core.changes`."""
    tell_of_change(SessionDesk(session), change)


def tell_of_change(desk: Desk, change: Change) -> None:
    """Tell the practice and the key worker of every creation and update, and of every dispute at once.

    Source: SCCI1580 v4.0, notifications; hazard H-10 (an update that is not passed on).
    """
    about = About(change.entry_id, NoticeKind.UPDATED, change.section, change.edit_id)
    match change.what:
        case "held":
            dispute = About(change.entry_id, NoticeKind.DISPUTE, change.section, change.edit_id, severity="high")
            desk.notify_accountable(dispute)
        case "resolve":
            desk.end(entry_id=change.entry_id, kinds=[NoticeKind.DISPUTE], section=change.section)
            desk.notify_accountable(about, but=change.organisation_id)
        case "applied" | "merged":
            desk.notify_accountable(about, but=change.organisation_id)
        case _:
            pass


def acknowledge(actor: Actor, notice_id: UUID) -> None:
    """Somebody says: seen, I take care of it.

    Raises:
        NotFound: it is not for this reader.
    """
    with writing() as session:
        notice = session.get(Notice, notice_id, with_for_update=True, populate_existing=True)
        if notice is None or not queries.is_addressed_to(notice, actor):
            raise NotFound
        kind = str(notice.kind)
        same = update(Notice).where(Notice.acknowledged_at.is_(None))
        if MEANINGS[NoticeKind(kind)].is_task:
            same = same.where(Notice.id == notice.id)
        else:  # they stood on one line
            same = same.where(
                Notice.entry_id == notice.entry_id,
                Notice.kind == kind,
                Notice.organisation_id == notice.organisation_id,
                Notice.created_at <= notice.created_at,
            )
        session.execute(
            same.values(
                acknowledged_at=clock.now(), acknowledged_by=actor.clinician_id, acknowledged_by_name=actor.name
            )
        )
        log.record(event(actor, EventKind.NOTICE_ACKNOWLEDGED, entry_id=notice.entry_id, notice_kind=kind))


def mark_seen(actor: Actor, notice_ids: Iterable[UUID]) -> None:
    """Note that the addressee has been shown these: delivered."""
    ids = list(notice_ids)
    if not ids:
        return
    with writing() as session:
        session.execute(
            update(Notice)
            .where(Notice.id.in_(ids), Notice.seen_at.is_(None))
            .values(seen_at=clock.now(), seen_by=actor.clinician_id)
        )
        log.record(event(actor, EventKind.LIST_VIEWED, list="notices", count=len(ids)))
