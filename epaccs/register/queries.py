"""Find who is on the register already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, literal_column, select
from sqlalchemy.orm import Session

from epaccs.access.queries import find_standing, get_standing
from epaccs.access.rules import Fact, Permission
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor
from epaccs.core.db import db
from epaccs.register.model import Merge, RegisterEntry, SupersededNumber
from epaccs.register.rules import LifecycleStatus
from epaccs.register.sections import name_key
from epaccs.versions.queries import Recorded, find_recorded


def is_on_register() -> ColumnElement[bool]:
    """A condition on `RegisterEntry`, written out: as a parameter it would not match the condition of the index."""
    return RegisterEntry.status == literal_column(f"'{LifecycleStatus.ON_REGISTER}'")


def find_same_person(session: Session, identity: dict[str, Any], *, but: UUID | None = None) -> UUID | None:
    """An open entry that is this person: the same NHS number, or the same name, birth date and postcode.

    Two people with two different NHS numbers are two people, whatever their names (father and son at one address).
    """
    number = identity.get("nhs_number")
    if number:
        found = _open_with_number(session, number)
        if found is not None:
            return found if found != but else None
    return _open_with_name(session, identity, but=but)


def _open_with_number(session: Session, number: str) -> UUID | None:
    direct = select(RegisterEntry.entry_id).where(RegisterEntry.nhs_number == number, is_on_register())
    superseded = (
        select(SupersededNumber.entry_id)
        .join(RegisterEntry, RegisterEntry.entry_id == SupersededNumber.entry_id)
        .where(SupersededNumber.nhs_number == number, is_on_register())
    )
    return session.scalars(direct).first() or session.scalars(superseded).first()


def _open_with_name(session: Session, identity: dict[str, Any], *, but: UUID | None) -> UUID | None:
    rows = session.execute(
        select(RegisterEntry.entry_id, RegisterEntry.nhs_number).where(
            RegisterEntry.born_on == date.fromisoformat(identity["born_on"]),
            RegisterEntry.name_key == name_key(identity),
            RegisterEntry.postcode == (identity.get("postcode") or ""),
            is_on_register(),
        )
    )
    for row in rows:
        both_numbered = bool(row.nhs_number and identity.get("nhs_number"))
        if row.entry_id != but and not both_numbered:
            found: UUID = row.entry_id
            return found
    return None


def may_know_of(actor: Actor, entry_id: UUID) -> bool:
    """Whether this reader may be shown that the entry exists."""
    standing = find_standing(actor, entry_id)
    return standing is not None and {Fact.IN_SCOPE, Fact.SEES_THAT_A_RECORD_EXISTS} <= standing.facts


def get_section(actor: Actor, entry_id: UUID, section: str, permission: Permission) -> Recorded | None:
    """One of the register's sections, for a form; None: nothing recorded.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    get_standing(actor, entry_id, permission)
    return find_recorded(entry_id, section)


@dataclass(frozen=True)
class MergeView:
    """A merge as its page shows it."""

    id: UUID
    survivor_id: UUID
    other_id: UUID
    reason: str
    proposed_by: UUID
    proposed_by_name: str
    is_confirmed: bool
    is_reversed: bool
    is_refused: bool


def find_merge(merge_id: UUID) -> MergeView | None:
    """A proposed or confirmed merge; None: there is none."""
    merge = db.session.get(Merge, merge_id)
    if merge is None:
        return None
    return MergeView(
        merge.id,
        merge.survivor_id,
        merge.other_id,
        merge.reason,
        merge.proposed_by,
        merge.proposed_by_name,
        merge.confirmed_at is not None,
        merge.reversed_at is not None,
        merge.refused_at is not None,
    )


def find_merges_of(entry_id: UUID) -> list[MergeView]:
    """Every merge an entry takes part in, newest first."""
    rows = db.session.scalars(
        select(Merge.id)
        .where((Merge.survivor_id == entry_id) | (Merge.other_id == entry_id))
        .order_by(Merge.proposed_at.desc())
    )
    return [view for merge_id in rows if (view := find_merge(merge_id)) is not None]


def organisation_choices(type_name: str) -> dict[str, str]:
    """Open organisations of one type as choices: ODS code to name."""
    rows = db.session.execute(
        select(Organisation.ods_code, Organisation.name)
        .where(Organisation.type == type_name, Organisation.closed_on.is_(None))
        .order_by(Organisation.name)
    )
    return {row.ods_code: f"{row.name} ({row.ods_code})" for row in rows}
