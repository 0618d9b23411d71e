"""What one clinician sees of one person: the stored card, the summary, the whole record, the record as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, cast, literal, null, select, type_coerce, union_all

from epaccs.access.model import EntryScope
from epaccs.access.queries import Standing, find_standing, get_standing
from epaccs.access.rules import Fact, Permission, Sight, Tier, audience_name, row_of
from epaccs.agreements.rules import Level
from epaccs.care_plans.sections import SECTIONS
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.core.fields import local_date
from epaccs.record.declared import card_shape, sights
from epaccs.record.model import SearchKey, StoredCard
from epaccs.record.rules.card import build_notices
from epaccs.record.rules.news import LastLook, find_news
from epaccs.record.rules.spoken import TIERS as CALLER_TIERS
from epaccs.record.rules.whole import Reading, ShownSection, build_sections, with_doubts
from epaccs.record.sight import without_passages
from epaccs.record.summary import RecordSummary, build_summary
from epaccs.register.queries import is_restricted_now
from epaccs.scans.rules import may_see_scans
from epaccs.versions.model import SectionHead
from epaccs.versions.queries import material, material_at, materials
from epaccs.versions.rules import Material, Recorded

_ODS_FIELDS = ("practice_ods", "care_home_ods", "key_worker_ods")

_ORGANISATIONS = select(Organisation.ods_code, Organisation.name).where(
    Organisation.ods_code.in_(bindparam("codes", expanding=True))
)


def find_organisations(*recorded: Material) -> Mapping[str, str]:
    """The names of the organisations that these people's identities name by code, in one read."""
    identities = [one.value("identity") or {} for one in recorded]
    codes = {identity[name] for identity in identities for name in _ODS_FIELDS if identity.get(name)}
    if not codes:
        return {}
    rows = db.session.execute(select(Organisation.ods_code, Organisation.name).where(Organisation.ods_code.in_(codes)))
    return {row.ods_code: row.name for row in rows}


def find_stored(entry_ids: Iterable[UUID], tiers: frozenset[Tier]) -> dict[UUID, RecordSummary]:
    """The stored cards of an audience that were made by these declarations."""
    rows = db.session.execute(
        select(StoredCard.entry_id, StoredCard.value).where(
            StoredCard.entry_id.in_(list(entry_ids)),
            StoredCard.audience == audience_name(tiers),
            StoredCard.shape == card_shape(),
        )
    )
    return {row.entry_id: RecordSummary.from_value(row.value) for row in rows}


def find_summaries(
    entry_ids: Sequence[UUID], tiers: frozenset[Tier], *, for_paper: bool = False
) -> dict[UUID, RecordSummary]:
    """What one audience sees of many people now; of whom nothing is recorded, nothing. Callers have asked `access`.

    Args:
        for_paper: without what is from or about somebody else (hazard H-41).
    """
    found = {} if for_paper else find_stored(entry_ids, tiers)
    recorded = {
        key: without_passages(one, sights()) if for_paper else one
        for key, one in materials([one for one in entry_ids if one not in found]).items()
        if one.sections
    }
    organisations = find_organisations(*recorded.values())
    built = {
        key: build_summary(one, tiers, sights=sights(), organisations=organisations) for key, one in recorded.items()
    }
    return found | built


def find_with_namesake(entry_ids: Sequence[UUID]) -> set[UUID]:
    """Of whom somebody of a similar name is on the register of the same area."""
    return set(db.session.scalars(build_having_namesake(lambda entry: entry.in_(list(entry_ids))).distinct()))


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
    if standing.opens_in_emergency and standing.can(Permission.BREAK_GLASS):
        return standing
    raise NotFound


@dataclass(frozen=True)
class Opened:
    """Everything that one page about one person shows, read at one moment.

    `has_namesake`: somebody of a similar name is on the register too. `look`: the reader's last look; None: the first.
    `is_cpr_changed`: somebody else changed the CPR decision since.
    """

    standing: Standing
    summary: RecordSummary
    sections: tuple[ShownSection, ...]
    has_namesake: bool = False
    look: LastLook | None = None
    is_cpr_changed: bool = False


def read_record(
    standing: Standing, *, reader: Actor | None = None, for_paper: bool = False, for_person: bool = False
) -> Opened:
    """The stored card of the reader's audience, and below it the whole record, as they stood at one moment.

    Args:
        reader: who is marked what changed since they last looked; None: nothing is marked.
        for_paper: the person may read it: without what is from or about somebody else (hazard H-41).
        for_person: this paper goes to the person: it does not tell either that something was taken out.

    Raises:
        NotFound: nothing is recorded of this person.
    """
    rows = _read(standing)
    stored, namesake = rows.pop(_CARD, None), rows.pop(_NAMESAKE, None)
    recorded = _as_material(standing.entry_id, rows)
    if for_paper:
        stored, recorded = None, without_passages(recorded, sights(), for_person=for_person)
    summary = RecordSummary.from_value(stored.value) if stored else _build(recorded, standing)
    organisations = _names_of_organisations(recorded, summary)
    look = _find_last_look(standing, reader)
    reading = Reading(standing.tiers, organisations, clock.today(), look=look)
    sections = [one for one in build_sections(recorded, reading, sights()) if not (for_paper and one.is_log)]
    return Opened(
        standing,
        summary,
        with_doubts(sections, summary.disagreements, summary.said_wrong),
        has_namesake=namesake is not None,
        look=look,
        is_cpr_changed=_is_cpr_changed(recorded, standing, look),
    )


def _find_last_look(standing: Standing, reader: Actor | None) -> LastLook | None:
    if reader is None or standing.last_looked_at is None:
        return None
    return LastLook(standing.last_looked_at, reader.name, reader.organisation_name)


def _is_cpr_changed(recorded: Material, standing: Standing, look: LastLook | None) -> bool:
    decision = recorded.sections.get("cpr")
    if decision is None or not sights()["cpr"].is_seen_by(standing.tiers):
        return False
    return find_news(decision, look) is not None


#: Names of rows that are no section.
_CARD: Final = "(card)"
_NAMESAKE: Final = "(namesake)"


def _build_reading_statement() -> Any:
    """Everything that the page shows, in one read: two reads could stand on either side of somebody's change."""
    card, section = StoredCard.__table__, SectionHead.__table__
    entry_id = bindparam("entry_id", type_=Uuid)
    columns = [section.c[one.name] for one in fields(Recorded)]
    none = {one.name: type_coerce(cast(null(), one.type), one.type).label(one.name) for one in columns}
    stored = select(*({**none, "section": literal(_CARD).label("section"), "value": card.c.value}).values())
    sections = select(*columns)
    namesake = select(*({**none, "section": literal(_NAMESAKE).label("section")}).values())
    return union_all(
        stored.where(
            card.c.entry_id == entry_id,
            card.c.audience == bindparam("audience"),
            card.c.shape == bindparam("shape"),
        ),
        sections.where(section.c.entry_id == entry_id),
        namesake.where(build_having_namesake(lambda entry: entry == entry_id).exists()),
    )


def build_having_namesake(whose: Callable[[Any], Any]) -> Any:
    """Of whom somebody else on the register of the same area has the same names, spelling apart (hazard H-01).

    Args:
        whose: a condition on the column of the entries that are asked about.
    """
    own, other = SearchKey.__table__.alias("own"), SearchKey.__table__.alias("other")
    here, there = EntryScope.__table__.alias("here"), EntryScope.__table__.alias("there")
    return (
        select(own.c.entry_id)
        .join(other, and_(own.c.family_key == other.c.family_key, own.c.given_key == other.c.given_key))
        .join(here, here.c.entry_id == own.c.entry_id)
        .join(there, there.c.entry_id == other.c.entry_id)
        .where(whose(own.c.entry_id), other.c.entry_id != own.c.entry_id)
        .where(there.c.is_open, there.c.is_shared, there.c.area == here.c.area)
    )


_READING = _build_reading_statement()


def _read(standing: Standing) -> dict[str, Recorded]:
    asked = {"entry_id": standing.entry_id, "audience": audience_name(standing.tiers), "shape": card_shape()}
    return {row[0]: Recorded(*row) for row in db.session.execute(_READING, asked)}


def _as_material(entry_id: UUID, sections: dict[str, Recorded]) -> Material:
    """The sections as they were read; what waits for a person is looked up only where a section says that it does."""
    if any(one.disputed for one in sections.values()):
        return material(entry_id)
    return Material(entry_id, sections, ())


def _names_of_organisations(recorded: Material, summary: RecordSummary) -> Mapping[str, str]:
    """Code -> name, as the summary already found them."""
    identity, named = recorded.value("identity") or {}, summary.identity
    names = (named.practice, named.care_home, named.key_worker_organisation)
    return {
        identity[field]: name for field, name in zip(_ODS_FIELDS, names, strict=True) if name and identity.get(field)
    }


@dataclass(frozen=True)
class May:
    """What this reader may do with this record.

    `change`: section -> the end of the address where it is changed. `notices`: how this reader came here.
    """

    print: bool
    flag_wrong_person: bool
    record_death: bool
    keep: bool
    remove: bool
    see_scans: bool
    observe: bool
    settle: bool
    settle_dispute: bool
    see_cpr: bool
    answer_for_team: bool
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
        keep=can(Permission.EDIT_PLAN),
        remove=can(Permission.REMOVE),
        see_scans=may_see_scans(opened.standing.tiers),
        observe=can(Permission.OBSERVE),
        settle=can(Permission.EDIT_PLAN),
        settle_dispute=can(Permission.SETTLE_DISPUTE),
        see_cpr=Tier.T1_EMERGENCY in opened.standing.tiers,
        answer_for_team=can(Permission.ANSWER_FOR_TEAM),
        change={**change, **plan},
        notices=build_notices(
            reason=opened.standing.reason,
            identifiers_checked=opened.standing.identifiers_checked,
            is_read_back=row_of(actor.role).sights[Tier.T1_EMERGENCY] is Sight.READ_BACK,
            is_covered=opened.standing.level is not Level.NONE,
            is_shared=opened.standing.is_shared,
            is_objected=opened.standing.is_objected,
        ),
    )


def get_who(standing: Standing) -> RecordSummary:
    """No more than who it is, for somebody who has not said why they ask.

    Raises:
        NotFound: nothing is recorded of this person.
    """
    return _build(material(standing.entry_id), replace(standing, tiers=frozenset({Tier.T0_EXISTS})))


def read_to_callers(standing: Standing) -> Opened:
    """The card that is read aloud to a caller: what a crew sees, however much more the reader may.

    Raises:
        NotFound: nothing is recorded of this person.
    """
    heard = replace(standing, tiers=standing.tiers & CALLER_TIERS)
    summary = _build(material(standing.entry_id), heard)
    return Opened(heard, summary, (), has_namesake=bool(find_with_namesake([standing.entry_id])))


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
    summary = _build(recorded, standing, restricted=restricted)
    reading = Reading(standing.tiers, find_organisations(recorded), local_date(moment), restricted=restricted)
    sections = build_sections(recorded, reading, sights())
    return Opened(standing, summary, with_doubts(sections, summary.disagreements, summary.said_wrong))


def get_number(actor: Actor, entry_id: UUID) -> int:
    """The number of the last change: by which an open page knows whether it is still what the register says.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    standing = get_standing(actor, entry_id, Permission.VIEW_CARD)
    audience = audience_name(standing.tiers)
    number = db.session.scalar(
        select(StoredCard.number).where(StoredCard.entry_id == entry_id, StoredCard.audience == audience)
    )
    return number or 0


def _build(recorded: Material, standing: Standing, *, restricted: bool = False) -> RecordSummary:
    if not recorded.sections:
        raise NotFound
    organisations = find_organisations(recorded)
    return build_summary(recorded, standing.tiers, sights=sights(), organisations=organisations, restricted=restricted)
