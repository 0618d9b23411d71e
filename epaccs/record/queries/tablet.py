"""What a tablet holds of many people: card, plan and what they are found by, in few reads however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from epaccs.access.rules import Tier
from epaccs.care_plans.sections import SECTIONS
from epaccs.core.db import db
from epaccs.record.declared import sights
from epaccs.record.model import SearchKey, SearchPerson
from epaccs.record.queries.residents import Residence, find_residences
from epaccs.record.queries.summaries import find_organisations, find_stored, find_with_namesake
from epaccs.record.rules.answers import build_answers
from epaccs.record.rules.card import Site
from epaccs.record.rules.tablet import build_tablet_plan, build_tablet_view
from epaccs.record.rules.whole import Reading, ShownSection, build_sections, find_last_days, with_doubts
from epaccs.record.summary import RecordSummary, build_summary
from epaccs.versions.model import Entry, SectionHead
from epaccs.versions.queries import materials
from epaccs.versions.rules import Material

#: By what somebody is found. A tablet that holds people under fewer keys starts again: a list of a home that was made
#: of older keys would leave out whoever came before (hazard H-61).
KEYS: Final = ("nhs", "family", "given", "street", "born", "postcode", "home", "shown", "versions")

#: The parts of a line beside the keys; a tablet that holds people in fewer parts starts again.
PARTS: Final = ("card", "plan", "answers")

#: Sections of the plan whose questions a tablet can ask: all but what one area asks.
ASKED_ON_TABLETS: Final = tuple(name for name, one in SECTIONS.items() if not (one.items and one.items.is_own_form))

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
        answers: what the forms of the plan hold; None: the tier is the card, or the address is restricted.
    """

    version: int
    card: dict[str, Any]
    plan: dict[str, Any] | None
    keys: dict[str, Any]
    answers: dict[str, Any] | None = None


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
    summaries = find_stored(versions, tiers)
    needed = versions if full else [entry_id for entry_id in versions if entry_id not in summaries]
    recorded = {key: one for key, one in materials(needed).items() if one.sections}
    organisations = find_organisations(*recorded.values())
    summaries |= {
        key: build_summary(one, tiers, sights=sights(), organisations=organisations, number=versions[key])
        for key, one in recorded.items()
        if key not in summaries
    }
    namesakes = find_with_namesake(list(versions))
    keys = find_keys(versions)
    return {
        key: TabletRow(
            version=versions[key],
            card=build_tablet_view(summary, site=site, has_namesake=key in namesakes, now=now, horizon=horizon),
            plan=_plan(recorded[key], summary, tiers, organisations, now=now, horizon=horizon) if full else None,
            keys={**keys.get(key, {}), "versions": bases[key]},
            answers=build_answers(recorded[key], tiers, sights(), ASKED_ON_TABLETS) if full else None,
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


def find_keys(entry_ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """By what each is found, and what a result shows to choose by; a restricted address is in neither."""
    found = list(entry_ids)
    folded: dict[UUID, list[SearchKey]] = defaultdict(list)
    for key in db.session.scalars(
        select(SearchKey).where(SearchKey.entry_id.in_(found)).order_by(SearchKey.entry_id, SearchKey.number)
    ):
        folded[key.entry_id].append(key)
    people = db.session.scalars(select(SearchPerson).where(SearchPerson.entry_id.in_(found)))
    homes = find_residences(found)
    return {person.entry_id: _keys(person, folded[person.entry_id], homes.get(person.entry_id)) for person in people}


def _find_bases(entry_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """The versions of the sections that a tablet writes to: what its user had before them."""
    bases: dict[UUID, dict[str, int]] = defaultdict(dict)
    statement = select(SectionHead.entry_id, SectionHead.section, SectionHead.version).where(
        SectionHead.entry_id.in_(entry_ids), SectionHead.section.in_(WRITTEN_ON_TABLETS)
    )
    for row in db.session.execute(statement):
        bases[row.entry_id][row.section] = row.version
    return bases


def _keys(person: SearchPerson, folded: Sequence[SearchKey], home: Residence | None) -> dict[str, Any]:
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
        "home": {"id": str(home.home_id), "name": home.home_name, "room": home.room} if home else None,
        "shown": {name: one for name, one in shown.items() if one},
    }
    return {name: one for name, one in keys.items() if one}
