"""What a tablet holds of many people: card, plan and what they are found by, in few reads however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from epaccs.access.rules import Tier, audience_name
from epaccs.core.db import db
from epaccs.record.declared import card_shape, sights
from epaccs.record.model import SearchKey, SearchPerson, StoredCard
from epaccs.record.queries.summaries import build_having_namesake, find_organisations
from epaccs.record.rules.card import Site
from epaccs.record.rules.tablet import build_tablet_plan, build_tablet_view
from epaccs.record.rules.whole import Reading, ShownSection, build_sections, find_last_days, with_doubts
from epaccs.record.summary import RecordSummary, build_summary
from epaccs.versions.model import Entry, SectionHead
from epaccs.versions.queries import materials
from epaccs.versions.rules import Material

#: Sections that are written to without signal, on the version that was shown.
WRITTEN_ON_TABLETS = ("cpr",)


@dataclass(frozen=True)
class TabletRow:
    """One person as a tablet holds them.

    Args:
        version: the number of the latest change that this row knows of.
        card: the emergency card as words.
        plan: the whole record as words; None: the tier is the card.
        keys: by what the person is found: folded words, and what a result shows.
    """

    version: int
    card: dict[str, Any]
    plan: dict[str, Any] | None
    keys: dict[str, Any]


def build_tablet_rows(
    entry_ids: Sequence[UUID], tiers: frozenset[Tier], *, full: bool, now: datetime, site: Site, horizon: timedelta
) -> dict[UUID, TabletRow]:
    """Each person as this audience sees them; whoever is not there, or of whom nothing is recorded, is left out.

    Callers have asked `access` before. The number of the change is read first: a row may know more than its number
    says, and never less; and nobody writes on a version that they were not shown.

    Args:
        full: the plan too.
        horizon: for how long ahead the views say what will read differently.
    """
    versions = _find_versions(entry_ids)
    bases = _find_bases(entry_ids)
    summaries = _find_stored(versions, tiers)
    needed = versions if full else [entry_id for entry_id in versions if entry_id not in summaries]
    recorded = {key: one for key, one in materials(needed).items() if one.sections}
    organisations = find_organisations(*recorded.values())
    summaries |= {
        key: build_summary(one, tiers, sights=sights(), organisations=organisations, number=versions[key])
        for key, one in recorded.items()
        if key not in summaries
    }
    namesakes = set(db.session.scalars(build_having_namesake(lambda entry: entry.in_(list(versions))).distinct()))
    keys = _find_keys(versions)
    return {
        key: TabletRow(
            version=versions[key],
            card=build_tablet_view(summary, site=site, has_namesake=key in namesakes, now=now, horizon=horizon),
            plan=_plan(recorded[key], summary, tiers, organisations, now=now, horizon=horizon) if full else None,
            keys={**keys.get(key, {}), "versions": bases[key]},
        )
        for key, summary in summaries.items()
        if key in recorded or not full
    }


def _plan(
    recorded: Material,
    summary: RecordSummary,
    tiers: frozenset[Tier],
    organisations: Mapping[str, str],
    *,
    now: datetime,
    horizon: timedelta,
) -> dict[str, Any]:
    def sections_on(day: date) -> tuple[ShownSection, ...]:
        sections = build_sections(recorded, Reading(tiers, organisations, day), sights())
        return with_doubts(sections, summary.disagreements, summary.said_wrong)

    last_days = find_last_days(recorded, sights())
    return build_tablet_plan(sections_on, last_days=last_days, now=now, horizon=horizon)


def _find_versions(entry_ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = db.session.execute(select(Entry.id, Entry.change_number).where(Entry.id.in_(entry_ids)))
    return {row.id: row.change_number for row in rows}


def _find_stored(entry_ids: Iterable[UUID], tiers: frozenset[Tier]) -> dict[UUID, RecordSummary]:
    """The stored cards of an audience that were made by these declarations."""
    rows = db.session.execute(
        select(StoredCard.entry_id, StoredCard.value).where(
            StoredCard.entry_id.in_(list(entry_ids)),
            StoredCard.audience == audience_name(tiers),
            StoredCard.shape == card_shape(),
        )
    )
    return {row.entry_id: RecordSummary.from_value(row.value) for row in rows}


def _find_keys(entry_ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """By what each is found, and what a result shows to choose by; a restricted address is in neither."""
    found = list(entry_ids)
    folded: dict[UUID, list[SearchKey]] = defaultdict(list)
    for key in db.session.scalars(
        select(SearchKey).where(SearchKey.entry_id.in_(found)).order_by(SearchKey.entry_id, SearchKey.number)
    ):
        folded[key.entry_id].append(key)
    people = db.session.scalars(select(SearchPerson).where(SearchPerson.entry_id.in_(found)))
    return {person.entry_id: _keys(person, folded[person.entry_id]) for person in people}


def _find_bases(entry_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """The versions of the sections that a tablet writes to: what its user had before them."""
    bases: dict[UUID, dict[str, int]] = defaultdict(dict)
    statement = select(SectionHead.entry_id, SectionHead.section, SectionHead.version).where(
        SectionHead.entry_id.in_(entry_ids), SectionHead.section.in_(WRITTEN_ON_TABLETS)
    )
    for row in db.session.execute(statement):
        bases[row.entry_id][row.section] = row.version
    return bases


def _keys(person: SearchPerson, folded: Sequence[SearchKey]) -> dict[str, Any]:
    shown = {
        "family_name": person.family_name,
        "given_name": person.given_name,
        "title": person.title,
        "preferred_name": person.preferred_name,
        "street": person.street,
        "died_on": person.died_on.isoformat() if person.died_on else None,
        "is_restricted": person.is_restricted,
    }
    keys = {
        "nhs": person.nhs_number,
        "family": list(dict.fromkeys(key.family_key for key in folded)),
        "given": list(dict.fromkeys(key.given_key for key in folded)),
        "street": next((key.street_key for key in folded), ""),
        "born": person.born_on.isoformat(),
        "postcode": person.postcode,
        "shown": {name: one for name, one in shown.items() if one},
    }
    return {name: one for name, one in keys.items() if one}
