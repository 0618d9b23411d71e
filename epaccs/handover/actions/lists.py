"""Print a list of many people, each line under a number of its own, and say that an old list is destroyed.

A list is as many sheets of one line: what calls a sheet back, checks it, and tells who printed it holds for each line.

Source: hazards H-03 (a line outlives its decision) and H-61 (a list is read as complete when it is not).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.queries import get_standing
from epaccs.access.rules import Permission
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import end_read, writing
from epaccs.core.errors import NotFound, Stale
from epaccs.handover import pdf
from epaccs.handover.actions.sheets import (
    TRIES,
    PrintedSheet,
    build_staff_sheet,
    find_unused_code,
    lock_printed,
    note_destroyed,
)
from epaccs.handover.model import HandoverList, HandoverSheet
from epaccs.handover.queries import lists
from epaccs.handover.queries.lists import ListContents
from epaccs.handover.rules import SheetStatus, check_may_be_listed, format_code
from epaccs.settings import Settings
from epaccs.versions.model import Entry


@dataclass(frozen=True)
class ListOrder:
    """For whom a list is printed, where it is kept, and which lists before it are destroyed."""

    printed_for: str
    kept_at: str = ""
    destroyed: tuple[UUID, ...] = ()


def print_list(actor: Actor, list_id: UUID, *, place_id: UUID, order: ListOrder, settings: Settings) -> PrintedSheet:
    """The list of a home or team as it stands now, each line kept under its number before anybody holds it.

    As with one sheet: numbers first, then the layout with no transaction open, then everything at once. A record that
    changed meanwhile makes the whole list again.

    Args:
        list_id: of the form: the same form again prints nothing new.

    Raises:
        NotFound, Forbidden: as `access` says, of the list or of anybody on it.
        RuleBroken: it would not hold everybody, or nobody is on it.
        Stale: the records changed again and again.
    """
    contents = lists.read_list(actor, place_id, settings=settings)
    check_may_be_listed(contents.found)
    paper = _reserve(actor, list_id, contents, order)
    for _ in range(TRIES):
        if paper.printed_at is not None:
            return PrintedSheet(format_code(paper.code), None)
        numbers = _reserve_lines(actor, paper, contents)
        finished = lists.build_list(actor, contents, paper, numbers, settings=settings)
        end_read()
        rendered = pdf.render_list(finished)
        if _keep(actor, paper.id, contents, rendered):
            # Each by itself: many lists of many people would hold every record on them while others wait to write.
            for former in order.destroyed:
                note_list_destroyed(actor, former)
            return PrintedSheet(finished.number, rendered.pdf)
        contents = lists.read_list(actor, place_id, settings=settings)
        check_may_be_listed(contents.found)
    raise Stale


def _reserve(actor: Actor, list_id: UUID, contents: ListContents, order: ListOrder) -> HandoverList:
    """The row with its number; a row that is there already is that of the same form."""
    place = contents.found.place
    with writing() as session:
        paper = session.get(HandoverList, list_id, with_for_update=True, populate_existing=True)
        if paper is not None:
            if paper.place_id != place.id or paper.printed_by["clinician_id"] != str(actor.clinician_id):
                raise NotFound
            return paper
        paper = HandoverList(
            id=list_id,
            code=find_unused_code(session),
            place_id=place.id,
            title=place.title,
            organisation_id=actor.organisation_id,
            printed_by=actor.to_value(),
            printed_for=order.printed_for,
            kept_at=order.kept_at,
            reserved_at=clock.now(),
        )
        session.add(paper)
    return paper


def _reserve_lines(actor: Actor, paper: HandoverList, contents: ListContents) -> Mapping[UUID, str]:
    """A number for each person on the list; a line that has one keeps it."""
    with writing() as session:
        session.get_one(HandoverList, paper.id, with_for_update=True, populate_existing=True)
        rows = session.scalars(select(HandoverSheet).where(HandoverSheet.list_id == paper.id))
        numbers = {row.entry_id: row.code for row in rows}
        for entry_id in contents.change_numbers:
            if entry_id not in numbers:
                numbers[entry_id] = find_unused_code(session)
                line = build_staff_sheet(
                    actor, entry_id, numbers[entry_id], printed_for=paper.printed_for, place=paper.kept_at
                )
                line.list_id = paper.id
                session.add(line)
                session.flush()
    return numbers


def _keep(actor: Actor, list_id: UUID, contents: ListContents, rendered: pdf.Rendered) -> bool:
    """Everything about the finished list, at once; False: meanwhile a record changed, or the same form printed it."""
    with writing() as session:
        if lock_entries(session, contents.change_numbers) != contents.change_numbers:
            return False
        paper = session.get_one(HandoverList, list_id, with_for_update=True, populate_existing=True)
        if paper.printed_at is not None:
            return False
        paper.printed_at, paper.valid_as_at = clock.now(), contents.found.as_at
        paper.content_hash = hashlib.sha256(rendered.pdf).hexdigest()
        for line in session.scalars(select(HandoverSheet).where(HandoverSheet.list_id == list_id)):
            if line.entry_id in contents.change_numbers:
                get_standing(actor, line.entry_id, Permission.PRINT)
                _note_printed(actor, line, paper, contents, pages=rendered.pages)
    return True


def lock_entries(session: Session, entry_ids: Iterable[UUID]) -> dict[UUID, int]:
    """The number of the last change of each, always locked in the same order."""
    statement = select(Entry.id, Entry.change_number).where(Entry.id.in_(list(entry_ids))).order_by(Entry.id)
    return {row.id: row.change_number for row in session.execute(statement.with_for_update())}


def _note_printed(
    actor: Actor, line: HandoverSheet, paper: HandoverList, contents: ListContents, *, pages: int
) -> None:
    line.status = str(SheetStatus.CURRENT)
    line.printed_at, line.valid_as_at, line.content_hash = paper.printed_at, paper.valid_as_at, paper.content_hash
    line.change_number = contents.change_numbers[line.entry_id]
    line.versions = dict(contents.versions.get(line.entry_id, {}))
    if line.entry_id in contents.restricted:
        line.tells_address, line.place = False, ""
    log.record(
        event(
            actor,
            EventKind.PRINTED,
            entry_id=line.entry_id,
            sheet_id=line.id,
            list_id=paper.id,
            versions=line.versions,
            pages=pages,
            content_hash=line.content_hash,
        )
    )


# --- Destroying one --------------------------------------------------------------------------------------------------


def note_list_destroyed(actor: Actor, list_id: UUID) -> UUID:
    """Somebody of the team that printed a list holds it in their hands and destroys it.

    Returns:
        Of which home or team it is.

    Raises:
        NotFound: that team printed no such list.
    """
    with writing() as session:
        paper = session.get(HandoverList, list_id, with_for_update=True, populate_existing=True)
        if paper is None or paper.printed_at is None or paper.organisation_id != actor.organisation_id:
            raise NotFound
        note_destroyed(session, actor, lock_printed(session, HandoverSheet.list_id == list_id))
        return paper.place_id
