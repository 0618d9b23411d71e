"""Find who is on the register already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from marshmallow import Schema
from sqlalchemy import ColumnElement, Select, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.model import EntryScope
from epaccs.access.queries import find_standing, get_standing, reachable_entries
from epaccs.access.rules import Fact, Permission, Tier
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor
from epaccs.core import restriction
from epaccs.core.db import db
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.core.fields import format_date
from epaccs.core.forms import Sent
from epaccs.register.model import Merge, RegisterEntry, RegistrationDraft, SupersededNumber
from epaccs.register.rules import (
    AGREED,
    ConsentStatus,
    DeathStatus,
    LifecycleStatus,
    death_of,
    find_review_due,
    identity_warning,
)
from epaccs.register.sections import CONSENT, IDENTITY, LIFECYCLE, name_key
from epaccs.versions.model import SectionHead
from epaccs.versions.queries import Banner, find_recorded, get_banner
from epaccs.versions.registry import Applied
from epaccs.versions.rules import Recorded, Value


def is_on_register() -> ColumnElement[bool]:
    """A condition on `RegisterEntry`, written out: as a parameter it would not match the condition of the index."""
    return RegisterEntry.status == literal_column(f"'{LifecycleStatus.ON_REGISTER}'")


def has_refused_sharing(entry_id: Any) -> ColumnElement[bool]:
    """A condition: the person agreed to be on the register, and refused or withdrew sharing; not: nobody asked yet."""
    said = {name: SectionHead.value[(name, "status")].as_string() for name in ("register", "share")}
    return exists().where(
        SectionHead.entry_id == entry_id,
        SectionHead.section == CONSENT,
        said["register"].in_(AGREED),
        said["share"].in_((ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN)),
    )


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


@dataclass(frozen=True)
class FoundEntry:
    """An entry under an NHS number, as far as is needed to compare; `has_declined`: not on the register, and why."""

    entry_id: UUID
    born_on: date
    has_declined: bool


def find_by_numbers(actor: Actor, nhs_numbers: Any) -> dict[str, FoundEntry]:
    """Whom the register holds under each of these numbers, former ones too, among the entries in the actor's reach.

    Args:
        nhs_numbers: the numbers, or a statement that selects them.
    """
    found = _reached_entries(actor)
    direct = found.add_columns(RegisterEntry.nhs_number.label("number")).where(
        RegisterEntry.nhs_number.in_(nhs_numbers)
    )
    former = (
        found.add_columns(SupersededNumber.nhs_number.label("number"))
        .join(SupersededNumber, SupersededNumber.entry_id == RegisterEntry.entry_id)
        .where(SupersededNumber.nhs_number.in_(nhs_numbers))
    )
    # The later of two stands: an open entry under the number itself before all others.
    rows = [*db.session.execute(former), *db.session.execute(direct)]
    rows.sort(key=lambda row: not row.has_declined)
    return {row.number: FoundEntry(row.entry_id, row.born_on, row.has_declined) for row in rows}


def find_by_ids(actor: Actor, entry_ids: Any) -> dict[UUID, FoundEntry]:
    """Which of these entries are on the register, or say that the person declined, in the actor's reach.

    Args:
        entry_ids: the ids, or a statement that selects them.
    """
    rows = db.session.execute(_reached_entries(actor).where(RegisterEntry.entry_id.in_(entry_ids)))
    return {row.entry_id: FoundEntry(row.entry_id, row.born_on, row.has_declined) for row in rows}


def _reached_entries(actor: Actor) -> Select[UUID, date, bool]:
    """Entries that are open or declined, in the actor's reach."""
    declined = RegisterEntry.status == str(LifecycleStatus.DECLINED)
    return (
        select(RegisterEntry.entry_id, RegisterEntry.born_on, declined.label("has_declined"))
        .join(EntryScope, EntryScope.entry_id == RegisterEntry.entry_id)
        .where(or_(is_on_register(), declined), reachable_entries(actor))
    )


def may_know_of(actor: Actor, entry_id: UUID) -> bool:
    """Whether this reader may be shown that the entry exists."""
    standing = find_standing(actor, entry_id)
    return standing is not None and {Fact.IN_SCOPE, Fact.SEES_THAT_A_RECORD_EXISTS} <= standing.facts


def find_banner(entry_id: UUID) -> Banner | None:
    """Who a page is about; None: nobody is identified under this id.

    Source: CUI patient banner; hazard H-01. A restricted address is left out (hazard H-11).
    """
    identity = find_recorded(entry_id, IDENTITY)
    if identity is None:
        return None
    value = identity.value
    lifecycle = find_recorded(entry_id, LIFECYCLE)
    death = death_of(lifecycle.value) if lifecycle else None
    return Banner(
        entry_id=entry_id,
        family_name=value["family_name"],
        given_name=value["given_name"],
        title=value.get("title"),
        preferred_name=value.get("preferred_name"),
        born_on=date.fromisoformat(value["born_on"]),
        nhs_number=value.get("nhs_number"),
        identity_warning=identity_warning(value),
        died_on=date.fromisoformat(death["died_on"]) if death and death["status"] == DeathStatus.CONFIRMED else None,
        address=None if restriction.is_restricted(value) else ", ".join(value["address"].splitlines()),
    )


def names_of(entry_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What people are called on a list: family name, first name, date of birth. Callers have asked `access` before."""
    rows = db.session.execute(
        select(SectionHead.entry_id, SectionHead.value).where(
            SectionHead.section == IDENTITY, SectionHead.entry_id.in_(entry_ids)
        )
    )
    return {
        row.entry_id: f"{row.value['family_name'].upper()}, {row.value['given_name']}, born "
        f"{format_date(date.fromisoformat(row.value['born_on']))}"
        for row in rows
    }


def get_section(actor: Actor, entry_id: UUID, section: str, permission: Permission) -> Recorded | None:
    """One of the register's sections, for a form; None: nothing recorded. Opening the form is recorded.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    get_standing(actor, entry_id, permission)
    log.record(event(actor, EventKind.FORM_VIEWED, entry_id=entry_id, section=section))
    return find_recorded(entry_id, section)


def is_restricted_now(entry_id: UUID) -> bool:
    """Whether nothing that leads to the door may be shown, of whatever day it is."""
    identity = find_recorded(entry_id, IDENTITY)
    return restriction.is_restricted(identity.value if identity else None)


# What else must be asked when somebody moves


def _answer_nothing(_edit_id: UUID, _answers: Mapping[str, Any]) -> Applied | None:
    return None


@dataclass(frozen=True)
class Question:
    """What a room above asks on the page that says where somebody lives; by itself: nothing.

    Args:
        schema: its boxes, none of which is called as one of the identity; None: it has none.
        initial: what they start with.
        is_asked: there is something to ask of this person, and this author may answer it.
        told: what the author is told where they may not; empty: nothing.
        answer: keeps what was answered, inside an open action, by the id of the edit; None: it was left open.
    """

    schema: type[Schema] | None = None
    initial: Mapping[str, Any] = field(default_factory=dict)
    is_asked: bool = False
    told: str = ""
    answer: Callable[[UUID, Mapping[str, Any]], Applied | None] = _answer_nothing

    def beside(self, schema: type[Schema], sent: Sent | None) -> type[Schema]:
        """A form with the boxes of both, where it is asked; one that was sent has those with which it was shown.

        The question stands beside the address, so its boxes come after those that say where the person lives.

        Args:
            sent: what a browser sent; None: nothing.
        """
        is_shown = self.is_asked if sent is None else any(name in sent for name in self.names)
        if not self.schema or not is_shown:
            return schema
        names = list(schema().fields)
        after = names.index("care_home_ods") + 1
        meta = type("Meta", (schema.Meta,), {"fields": (*names[:after], *self.names, *names[after:])})
        return type("MoveSchema", (self.schema, schema), {"Meta": meta})

    @property
    def names(self) -> list[str]:
        """Its boxes, in order."""
        return list(self.schema().fields) if self.schema else []


_ask: list[Callable[[Actor, UUID], Question]] = []


def ask_of_moves(ask: Callable[[Actor, UUID], Question]) -> None:
    """Let a room above ask something of whoever changes where a person lives."""
    _ask[:] = [ask]


def find_question(actor: Actor, entry_id: UUID) -> Question:
    """What else is asked of whoever changes where this person lives. Callers have asked `access` before."""
    return _ask[0](actor, entry_id) if _ask else Question()


@dataclass(frozen=True)
class LifecyclePage:
    """What the pages of death and removal show. `about`: without an address for whoever does not see it.

    `sees_card`: whether the record is a way back for this reader; who reports a death may open none.
    """

    entry_id: UUID
    version: int
    value: Value
    can_confirm_death: bool
    sees_card: bool
    about: Banner

    @property
    def review_due_on(self) -> date | None:
        """When the record is next due for review; None: no date stands."""
        return find_review_due(self.value)

    @property
    def death_fields(self) -> Value:
        """What is known of the death already; empty: nothing."""
        return dict(death_of(self.value) or {})


def get_lifecycle_page(actor: Actor, entry_id: UUID) -> LifecyclePage:
    """Where an entry is in its life, for those who may report a death or remove it.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    standing = find_standing(actor, entry_id)
    wanted = Permission.REPORT_DEATH
    if standing is not None and standing.can(Permission.REMOVE):
        wanted = Permission.REMOVE
    recorded = get_section(actor, entry_id, LIFECYCLE, wanted)
    about, tiers = get_banner(entry_id), standing.tiers if standing else frozenset()
    return LifecyclePage(
        entry_id,
        recorded.version if recorded else 0,
        recorded.value if recorded else {},
        can_confirm_death=standing is not None and standing.can(Permission.RECORD_DEATH),
        sees_card=standing is not None and Fact.SEES_CARD in standing.facts,
        about=about if tiers & {Tier.T1_EMERGENCY, Tier.NEEDS} else replace(about, address=None),
    )


def reviews_due(entry_ids: Sequence[UUID]) -> dict[UUID, date]:
    """When each of these people is next due for review, for lists. Callers have asked who may be listed before."""
    rows = db.session.execute(
        select(RegisterEntry.entry_id, RegisterEntry.review_due_on).where(
            RegisterEntry.entry_id.in_(entry_ids), RegisterEntry.review_due_on.is_not(None)
        )
    )
    return {row.entry_id: row.review_due_on for row in rows}


@dataclass(frozen=True)
class MergePage:
    """The merges of one entry, with who the other person is and whether this reader may agree."""

    entry_id: UUID
    merges: list[tuple[MergeView, Banner, bool]]


def get_merge_page(actor: Actor, entry_id: UUID) -> MergePage:
    """Merges that an entry takes part in.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    get_standing(actor, entry_id, Permission.REMOVE)
    lines = []
    for view in find_merges_of(entry_id):
        other = find_banner(view.other_id if view.survivor_id == entry_id else view.survivor_id)
        if other is not None:
            lines.append((view, other, view.proposed_by != actor.clinician_id))
    return MergePage(entry_id, lines)


def get_entry_by_number(actor: Actor, nhs_number: str) -> UUID:
    """The open entry with this NHS number, if the reader may know of it.

    Raises:
        RuleBroken: none that this reader may know of.
    """
    found = _open_with_number(db.session(), nhs_number)
    if found is None or not may_know_of(actor, found):
        raise RuleBroken("No record with this NHS number can be shown to you", field="other_nhs_number")
    return found


@dataclass(frozen=True)
class PreparedRegistration:
    """A registration that waits for a clinician of the same organisation."""

    id: UUID
    author_name: str
    saved_at: datetime
    fields: dict[str, list[str]]

    @property
    def person(self) -> str:
        """Who it is about, as far as that was typed."""
        family, given = (self.fields.get(name, [""])[0] for name in ("family_name", "given_name"))
        return f"{family.upper()}, {given}" if family or given else "No name yet"


def prepared_registrations(actor: Actor) -> list[PreparedRegistration]:
    """What colleagues of the reader's organisation have prepared, newest first."""
    rows = db.session.scalars(
        select(RegistrationDraft)
        .where(RegistrationDraft.organisation_id == actor.organisation_id)
        .order_by(RegistrationDraft.saved_at.desc())
    )
    return [PreparedRegistration(row.id, row.author_name, row.saved_at, row.fields) for row in rows]


def get_prepared(actor: Actor, draft_id: UUID) -> PreparedRegistration:
    """One prepared registration of the reader's organisation.

    Raises:
        NotFound: there is none.
    """
    for one in prepared_registrations(actor):
        if one.id == draft_id:
            return one
    raise NotFound


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


def count_by_status() -> dict[str, int]:
    """How many entries there are of each status; nothing of whom."""
    rows = db.session.execute(
        select(RegisterEntry.status, func.count()).group_by(RegisterEntry.status).order_by(RegisterEntry.status)
    )
    return dict(rows.all())
