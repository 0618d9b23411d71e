"""What one clinician sees of one person: the stored card, the summary, the whole record, the record as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from epaccs.access.queries import Standing, find_standing, get_standing
from epaccs.access.rules import ACCESS_TABLE, Fact, Permission, Sight, Tier, audience_name
from epaccs.care_plans.sections import SECTIONS
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor
from epaccs.core.db import db
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.record.declared import sights
from epaccs.record.model import StoredCard
from epaccs.record.queries.search import has_namesake
from epaccs.record.rules.card import build_notices
from epaccs.record.rules.whole import ShownSection, build_sections
from epaccs.record.summary import RecordSummary, build_summary
from epaccs.versions.queries import find_recorded, material, material_at
from epaccs.versions.rules import Material

_ODS_FIELDS = ("practice_ods", "care_home_ods", "key_worker_ods")


def find_organisations(recorded: Material) -> Mapping[str, str]:
    """The names of the organisations that an identity names by code."""
    identity = recorded.value("identity") or {}
    codes = {identity[name] for name in _ODS_FIELDS if identity.get(name)}
    if not codes:
        return {}
    rows = db.session.execute(select(Organisation.ods_code, Organisation.name).where(Organisation.ods_code.in_(codes)))
    return {row.ods_code: row.name for row in rows}


# --- One person, for one reader --------------------------------------------------------------------------------------


def get_way_in(actor: Actor, entry_id: UUID) -> Standing:
    """How the reader stands to the person: the record is open to them, or may be opened with a reason.

    Raises:
        NotFound: there is no such person for this reader, or nothing by which they could open the record.
    """
    standing = find_standing(actor, entry_id)
    if standing is None or Fact.SEES_THAT_A_RECORD_EXISTS not in standing.facts:
        raise NotFound
    if standing.can(Permission.VIEW_CARD) or standing.can(Permission.GIVE_REASON):
        return standing
    if standing.is_shared and standing.can(Permission.BREAK_GLASS):
        return standing
    raise NotFound


@dataclass(frozen=True)
class Opened:
    """Everything that one page about one person shows, read at one moment.

    `has_namesake`: somebody of a similar name is in the reader's reach too.
    """

    standing: Standing
    summary: RecordSummary
    sections: tuple[ShownSection, ...]
    has_namesake: bool = False


def read_record(actor: Actor, standing: Standing) -> Opened:
    """The stored card of the reader's audience, and below it the whole record.

    Raises:
        NotFound: nothing is recorded of this person.
    """
    recorded = material(standing.entry_id)
    return Opened(
        standing,
        _find_stored(standing) or _build(recorded, standing),
        build_sections(recorded, standing.tiers, sights(), organisations=find_organisations(recorded)),
        has_namesake(actor, standing.entry_id),
    )


@dataclass(frozen=True)
class May:
    """What this reader may do with this record.

    `change`: section -> the end of the address where it is changed. `notices`: how this reader came here.
    """

    print: bool
    flag_wrong_person: bool
    record_death: bool
    change: Mapping[str, str]
    notices: tuple[str, ...] = ()


def find_what_reader_may(actor: Actor, opened: Opened) -> May:
    """Which links are worth showing."""
    can = opened.standing.can
    change = {"identity": "identity", "consent": "consent"} if can(Permission.EDIT_PLAN) else {}
    plan = {name: f"plan/{name}" for name, declaration in SECTIONS.items() if can(declaration.permission)}
    return May(
        print=can(Permission.PRINT),
        flag_wrong_person=can(Permission.RECORD_OWN_WITHDRAWAL),
        record_death=can(Permission.REPORT_DEATH),
        change={**change, **plan},
        notices=build_notices(
            reason=opened.standing.reason,
            identifiers_checked=opened.standing.identifiers_checked,
            is_read_back=ACCESS_TABLE[actor.role].sights[Tier.T1_EMERGENCY] is Sight.READ_BACK,
        ),
    )


def get_who(standing: Standing) -> RecordSummary:
    """No more than who it is, for somebody who has not said why they ask.

    Raises:
        NotFound: nothing is recorded of this person.
    """
    return _build(material(standing.entry_id), replace(standing, tiers=frozenset({Tier.T0_EXISTS})))


def _find_stored(standing: Standing) -> RecordSummary | None:
    """The card as it was stored; None: the access table has an audience for which none was made yet."""
    statement = select(StoredCard.value).where(
        StoredCard.entry_id == standing.entry_id, StoredCard.audience == audience_name(standing.tiers)
    )
    value: dict[str, Any] | None = db.session.execute(statement).scalar()
    return RecordSummary.from_value(value) if value else None


def get_summary(actor: Actor, entry_id: UUID, *, permission: Permission = Permission.VIEW_RECORD) -> RecordSummary:
    """The summary as it is now, for an outlet of this reader.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    standing = get_standing(actor, entry_id, permission)
    return _build(material(entry_id), standing)


def get_record_at(actor: Actor, entry_id: UUID, moment: datetime) -> Opened:
    """What the register showed at a moment, by recorded time, disputes included.

    What is hidden from this reader today is hidden then too: an address that was restricted since stays hidden.

    Raises:
        RuleBroken: nothing was recorded yet.
        NotFound, Forbidden: as `access` says.
    """
    standing = get_standing(actor, entry_id, Permission.VIEW_RECORD)
    restricted = is_restricted_now(entry_id)
    recorded = material_at(entry_id, moment)
    if not recorded.sections:
        raise RuleBroken("Nothing was recorded of this person yet. Enter a later date and time", field="at")
    return Opened(
        standing,
        _build(recorded, standing, restricted=restricted),
        build_sections(
            recorded, standing.tiers, sights(), organisations=find_organisations(recorded), restricted=restricted
        ),
    )


def is_restricted_now(entry_id: UUID) -> bool:
    """Whether nothing that leads to the door may be shown, of whatever day it is."""
    identity = find_recorded(entry_id, "identity")
    return bool(identity and identity.value.get("address_restricted"))


def _build(recorded: Material, standing: Standing, *, restricted: bool = False) -> RecordSummary:
    if not recorded.sections:
        raise NotFound
    organisations = find_organisations(recorded)
    return build_summary(recorded, standing.tiers, sights=sights(), organisations=organisations, restricted=restricted)
