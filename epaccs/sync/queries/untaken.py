"""What came from tablets and was not taken: of one author, and of one person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from epaccs.access.actions import event, record_list_viewed
from epaccs.access.queries import Standing, find_standing, get_standing, names_of
from epaccs.access.rules import Permission, words_for
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.model import Clinician
from epaccs.clinicians.rules import Actor
from epaccs.core import restriction, sealing
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.devices.model import Device
from epaccs.notices.actions import accountable_organisations
from epaccs.register.queries import is_restricted_now
from epaccs.sync.model.push import SEALED_FOR, EnteredAgain, PushedEdit
from epaccs.sync.queries.feed import find_reachable
from epaccs.sync.rules.push import PushOutcome
from epaccs.sync.rules.untaken import rows_of
from epaccs.versions import registry
from epaccs.versions.model import HeldEdit
from epaccs.versions.registry import Section
from epaccs.versions.rules import Outcome
from epaccs.versions.rules import Standing as HeldStanding

#: More of one author or one person is not listed at once.
MOST_SHOWN = 100


@dataclass(frozen=True)
class Untaken:
    """One edit of a tablet that changed nothing yet.

    `entry_id` None: it named nobody, or nobody whom the reader reaches now. `section`: empty if it named none that
    there is. `is_held`: it waits for a person; else it was refused, and `errors`
    says what to do instead. `rows` None: this reader may not see what it says. `entered_again_at` None: its author has
    not entered it again.
    """

    id: UUID
    entry_id: UUID | None
    person: str
    section: str
    author: str
    tablet: str
    received_at: datetime
    is_held: bool
    errors: tuple[str, ...]
    rows: list[tuple[str, str]] | None
    entered_again_at: datetime | None = None


def untaken_of_author(actor: Actor) -> list[Untaken]:
    """What the actor wrote on tablets, was not taken and waits for them, the newest first.

    What it says stands with the person. What named nobody on the register has no other place: its author reads it here.
    """
    rows = _find(PushedEdit.author_id == actor.clinician_id, EnteredAgain.edit_id.is_(None))
    record_list_viewed(actor, list_name="untaken", count=len(rows))
    about = [row.PushedEdit.entry_id for row in rows if row.PushedEdit.entry_id]
    names = names_of(sorted(find_reachable(actor, about)))
    return [_build(row, names, _rows_for_author(actor, row)) for row in rows]


def _rows_for_author(actor: Actor, row: Any) -> list[tuple[str, str]] | None:
    entry_id = row.PushedEdit.entry_id
    is_known = entry_id is not None and find_standing(actor, entry_id) is not None
    return None if is_known or row.standing else rows_of(_sent(row.PushedEdit).get("body"))


def untaken_of_person(actor: Actor, entry_id: UUID) -> list[Untaken]:
    """What came from tablets about a person and was not taken: one's own, or all for whoever answers for the person.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    standing = get_standing(actor, entry_id, Permission.VIEW_RECORD)
    about = PushedEdit.entry_id == entry_id
    if actor.organisation_id not in accountable_organisations(db.session(), entry_id):
        about = about & (PushedEdit.author_id == actor.clinician_id)
    names = names_of([entry_id])
    found = [_build(row, names, _rows_for(standing, row)) for row in _find(about)]
    log.record(event(actor, EventKind.LIST_VIEWED, entry_id=entry_id, list="untaken", count=len(found)))
    return found


def _find(*about: ColumnElement[bool]) -> list[Any]:
    refused = PushedEdit.outcome == str(PushOutcome.REFUSED)
    held = (PushedEdit.outcome == str(Outcome.HELD)) & (HeldEdit.standing == str(HeldStanding.OPEN))
    statement = (
        select(PushedEdit, HeldEdit.standing, Device.label, Clinician.name, EnteredAgain.at.label("entered_again_at"))
        .outerjoin(HeldEdit, HeldEdit.edit_id == PushedEdit.id)
        .outerjoin(EnteredAgain, EnteredAgain.edit_id == PushedEdit.id)
        .outerjoin(Device, Device.id == PushedEdit.device_id)
        .outerjoin(Clinician, Clinician.id == PushedEdit.author_id)
        .where(*about, or_(refused, held))
        .order_by(PushedEdit.received_at.desc(), PushedEdit.id)
        .limit(MOST_SHOWN)
    )
    return list(db.session.execute(statement))


def _sent(edit: PushedEdit) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(sealing.unseal(edit.sealed_body, purpose=SEALED_FOR, record_id=edit.id))
    return sent


def _find_section(sent: dict[str, Any]) -> Section | None:
    try:
        return registry.get_section(str(sent.get("section")))
    except NotFound:
        return None


def _rows_for(standing: Standing, row: Any) -> list[tuple[str, str]] | None:
    """What it says, as far as the reader sees the section that it is about."""
    sent = _sent(row.PushedEdit)
    section = _find_section(sent)
    if section is None or section.tier not in standing.tiers:
        return None
    done, words = str(sent.get("kind")).replace("_", " "), words_for(standing.tiers)
    unseen = section.hidden_from(standing.tiers)
    said = {"what_was_done": done, "words": _without(sent.get("body"), unseen)}
    is_restricted = is_restricted_now(standing.entry_id)
    shown = restriction.without_telling_keys(said) if is_restricted else said
    hidden = section.leads_to_door if is_restricted else frozenset()
    return [(label, words(text)) for label, text in rows_of(shown, hidden=hidden)]


def _without(part: Any, names: frozenset[str]) -> Any:
    """What was sent without the fields that its reader does not see, however deep they stand."""
    match part:
        case dict():
            return {key: _without(one, names) for key, one in part.items() if key not in names}
        case list():
            return [_without(one, names) for one in part]
        case _:
            return part


def _build(row: Any, names: dict[UUID, str], rows: list[tuple[str, str]] | None) -> Untaken:
    edit: PushedEdit = row.PushedEdit
    section = _find_section(_sent(edit))
    return Untaken(
        edit.id,
        edit.entry_id if edit.entry_id in names else None,
        names.get(edit.entry_id, "") if edit.entry_id else "",
        section.name if section else "",
        row.name or "",
        row.label or "",
        edit.received_at,
        is_held=row.standing is not None,
        errors=tuple(str(error["message"]) for error in edit.errors),
        rows=rows,
        entered_again_at=row.entered_again_at,
    )
