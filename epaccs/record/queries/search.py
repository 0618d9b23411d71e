"""Find people: words that may have been meant, candidates from the indexes, the best of them in the reader's scope."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select, true, union

from epaccs.access.model import EntryScope
from epaccs.access.queries import is_opened_though_refused, reachable_entries
from epaccs.access.rules import Permission, Tier, can_ever, facts_of_role, most_tiers
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.fields import age_in_years
from epaccs.record.model import SearchKey, SearchPerson, SearchWord
from epaccs.record.rules.search import (
    LOWEST_SCORE,
    SHOWN_LIMIT,
    Criteria,
    Keys,
    are_alike,
    is_same_person,
    near_dates,
    near_words,
    score,
    score_born,
)
from epaccs.record.rules.search_keys import WordKind, build_fragments
from epaccs.register.model import RegisterEntry, SupersededNumber
from epaccs.register.queries import is_on_register

# Columns of the tables themselves: the same question asked of the mapped classes takes half as long again to put.
_KEYS: Final = SearchKey.__table__
_PEOPLE: Final = SearchPerson.__table__
_WORDS: Final = SearchWord.__table__
_SCOPES: Final = EntryScope.__table__
_ENTRIES: Final = RegisterEntry.__table__

#: A typed word is looked up as at most so many words of the vocabulary, nearest first.
NEAR_LIMIT: Final = 48
#: So many ways of saying somebody are weighed at most; more means that too little was said.
CANDIDATE_LIMIT: Final = 2000


@dataclass(frozen=True)
class Found:
    """One person as a result shows them: enough to choose safely, not more.

    Args:
        age: in full years; None: the person has died.
        street: None: not recorded, or the address is restricted.
        by_former_number: found under an NHS number that was replaced.
        born_differs: not born when the asker said.
        has_similar: somebody of a similar name is in reach too.
    """

    entry_id: UUID
    family_name: str
    given_name: str
    title: str | None
    preferred_name: str | None
    born_on: date
    age: int | None
    nhs_number: str | None
    street: str | None
    is_restricted: bool
    death_status: str | None
    died_on: date | None
    by_former_number: bool
    born_differs: bool
    has_similar: bool


@dataclass(frozen=True)
class Findings:
    """What a search found for one reader.

    Args:
        people: best first.
        has_more: others fit too; the search is to be narrowed.
        outside: people whom the asker named exactly but who are not in the asker's care; nothing of them is shown.
        may_open_card: the role opens records at all.
        shows_street: the role sees where people live; to others no result says it.
    """

    people: tuple[Found, ...] = ()
    has_more: bool = False
    outside: tuple[UUID, ...] = ()
    may_open_card: bool = True
    shows_street: bool = True


@dataclass(frozen=True)
class _Hit:
    """One candidate after weighing."""

    entry_id: UUID
    score: float
    names: tuple[str, str]
    born_on: date
    is_reachable: bool
    is_exact: bool
    by_former_number: bool = False


def find_people(actor: Actor, criteria: Criteria) -> Findings:
    """The people who fit, best first, in the reader's scope.

    Somebody out of scope is told of only by an exact NHS number, or an exact name with the exact date of birth, and
    only to a role that may open a record in an emergency; of people who are not shared, nobody but their practice is
    told (hazard H-17), unless the area lets an emergency open whoever refused (ADR 0043).
    """
    reach = reachable_entries(actor)
    hits = _hits_by_number(reach, criteria.number) if criteria.number else _hits_by_name(reach, criteria)
    ordered = sorted((hit for hit in hits if hit.is_reachable), key=lambda hit: (-hit.score, hit.names, hit.entry_id))
    shown = ordered[:SHOWN_LIMIT]
    facts = facts_of_role(actor.role, may_sign=actor.may_sign)
    may_break_glass = can_ever(Permission.BREAK_GLASS, facts)
    outside = sorted(hit.entry_id for hit in hits if hit.is_exact and not hit.is_reachable) if may_break_glass else []
    shows_street = bool(most_tiers(actor.role) & {Tier.T1_EMERGENCY, Tier.NEEDS})
    people = _build_people(shown, criteria, _find_similar(reach, shown))
    return Findings(
        people=people if shows_street else tuple(replace(one, street=None) for one in people),
        has_more=len(ordered) > SHOWN_LIMIT,
        outside=tuple(outside),
        may_open_card=can_ever(Permission.VIEW_CARD, facts),
        shows_street=shows_street,
    )


# --- By NHS number ---------------------------------------------------------------------------------------------------


def _hits_by_number(reach: ColumnElement[bool], number: str) -> list[_Hit]:
    former = select(SupersededNumber.entry_id).where(SupersededNumber.nhs_number == number)
    found = union(
        select(_ENTRIES.c.entry_id).where(_ENTRIES.c.nhs_number == number, is_on_register()), former
    ).subquery()
    statement = (
        select(
            _PEOPLE.c.entry_id,
            _PEOPLE.c.nhs_number,
            _KEYS.c.family_key,
            _KEYS.c.given_key,
            _KEYS.c.born_on,
            reach.label("is_reachable"),
        )
        .join(found, found.c.entry_id == _PEOPLE.c.entry_id)
        .join(_KEYS, and_(_KEYS.c.entry_id == _PEOPLE.c.entry_id, _KEYS.c.number == 0))
        .join(_SCOPES, _SCOPES.c.entry_id == _PEOPLE.c.entry_id)
        .where(_may_be_known(reach))
    )
    return [
        _Hit(
            row.entry_id,
            score=1.0,
            names=(row.family_key, row.given_key),
            born_on=row.born_on,
            is_reachable=row.is_reachable,
            is_exact=True,
            by_former_number=row.nhs_number != number,
        )
        for row in db.session.execute(statement)
    ]


def _may_be_known(reach: ColumnElement[bool]) -> ColumnElement[bool]:
    """On the register, and in reach, shared, or open to an emergency though sharing was refused: never in the list."""
    return and_(_SCOPES.c.is_open, or_(_SCOPES.c.is_shared, reach, is_opened_though_refused(_SCOPES.c.entry_id)))


# --- By name ---------------------------------------------------------------------------------------------------------


def _hits_by_name(reach: ColumnElement[bool], criteria: Criteria) -> list[_Hit]:
    """Weigh every way of saying each candidate; the best way counts."""
    best: dict[UUID, _Hit] = {}
    for entry_id, is_reachable, *kept in db.session.execute(_candidates(reach, criteria)):
        keys = Keys(*kept)
        points = score(criteria, keys)
        earlier = best.get(entry_id)
        if points < LOWEST_SCORE or (earlier is not None and points <= earlier.score):
            continue
        names = (keys.family, keys.given)
        best[entry_id] = _Hit(entry_id, points, names, keys.born_on, is_reachable, is_same_person(criteria, keys))
    return list(best.values())


def _candidates(reach: ColumnElement[bool], criteria: Criteria) -> Select[Any]:
    """Everybody whom two of the answers fit, spelling apart, with whether the reader reaches them.

    The inner part is finished first: it names few people, and only their scope is looked at.
    """
    found = union(*_ways(criteria)).cte("found").prefix_with("MATERIALIZED")
    key = _KEYS.c
    statement = (
        select(key.entry_id, reach.label("is_reachable"), key.family_key, key.given_key, key.street_key, key.born_on)
        .select_from(found)
        .join(_KEYS, key.entry_id == found.c.entry_id)
        .join(_SCOPES, _SCOPES.c.entry_id == key.entry_id)
        .where(_SCOPES.c.is_open)
    )
    if criteria.postcode:
        statement = statement.join(_PEOPLE, _PEOPLE.c.entry_id == key.entry_id)
        statement = statement.add_columns(_PEOPLE.c.postcode)
    names_a_person = criteria.born_on is not None and len(criteria.words) > 1
    statement = statement.where(_may_be_known(reach) if names_a_person else reach)
    return statement.order_by(key.entry_id, key.number).limit(CANDIDATE_LIMIT)


def _ways(criteria: Criteria) -> list[Select[Any]]:
    """Each two answers that together name few people: one of the others may be wrong altogether."""
    words = _near_words(criteria)
    family, given = _KEYS.c.family_key.in_(words[WordKind.FAMILY]), _KEYS.c.given_key.in_(words[WordKind.GIVEN])
    street = _KEYS.c.street_key.in_(words[WordKind.STREET])
    key = select(_KEYS.c.entry_id)
    ways: list[Select[Any]] = []
    if criteria.born_on is not None:
        ways.append(select(_ENTRIES.c.entry_id).where(_ENTRIES.c.born_on == criteria.born_on))
        if len(criteria.words) > 1:
            ways.append(key.where(family, given, _KEYS.c.born_on.in_(near_dates(criteria.born_on))))
    if criteria.has_band and len(criteria.words) > 1:
        ways.append(key.where(family, given, _within_band(criteria)))
    if criteria.streets:
        ways.append(key.where(street, family, _within_band(criteria)))
        ways.append(key.where(street, given, _within_band(criteria)))
    if criteria.postcode:
        ways.append(select(_PEOPLE.c.entry_id).where(_PEOPLE.c.postcode == criteria.postcode))
    return ways


def _within_band(criteria: Criteria) -> ColumnElement[bool]:
    if criteria.born_from is None or criteria.born_until is None:
        return true()
    return _KEYS.c.born_on.between(criteria.born_from, criteria.born_until)


def _near_words(criteria: Criteria) -> dict[WordKind, list[str]]:
    """For each vocabulary, the words that could have been meant by what was typed: one read for all of them."""
    typed = {
        WordKind.FAMILY: criteria.names,
        WordKind.GIVEN: criteria.names,
        WordKind.STREET: criteria.streets,
    }
    asked = or_(
        *(
            and_(_WORDS.c.kind == str(kind), _WORDS.c.fragment.in_(fragments))
            for kind, words in typed.items()
            if (fragments := sorted({fragment for word in words for fragment in build_fragments(word)}))
        )
    )
    known: dict[str, set[str]] = {str(kind): set() for kind in WordKind}
    for kind, word in db.session.execute(select(_WORDS.c.kind, _WORDS.c.word).where(asked).distinct()):
        known[kind].add(word)
    return {
        kind: sorted({near for word in words for near in near_words(word, known[str(kind)], limit=NEAR_LIMIT)})
        for kind, words in typed.items()
    }


# --- What a result shows ---------------------------------------------------------------------------------------------


def _build_people(hits: list[_Hit], criteria: Criteria, similar: set[UUID]) -> tuple[Found, ...]:
    if not hits:
        return ()
    rows = db.session.scalars(select(SearchPerson).where(SearchPerson.entry_id.in_([hit.entry_id for hit in hits])))
    people = {person.entry_id: person for person in rows}
    today = clock.today()
    return tuple(
        _build_found(people[hit.entry_id], hit, criteria, has_similar=hit.entry_id in similar, today=today)
        for hit in hits
    )


def _build_found(person: SearchPerson, hit: _Hit, criteria: Criteria, *, has_similar: bool, today: date) -> Found:
    return Found(
        entry_id=person.entry_id,
        family_name=person.family_name,
        given_name=person.given_name,
        title=person.title,
        preferred_name=person.preferred_name,
        born_on=person.born_on,
        age=None if person.death_status else age_in_years(person.born_on, today),
        nhs_number=person.nhs_number,
        street=person.street,
        is_restricted=person.is_restricted,
        death_status=person.death_status,
        died_on=person.died_on,
        by_former_number=hit.by_former_number,
        born_differs=criteria.number is None and score_born(criteria, person.born_on) < 1,
        has_similar=has_similar,
    )


def _find_similar(reach: ColumnElement[bool], hits: list[_Hit]) -> set[UUID]:
    """Who of them could be taken for another (hazard H-01)."""
    if len(hits) == 1:
        return {hits[0].entry_id} if _has_namesake(reach, hits[0].entry_id) else set()
    pairs = combinations(hits, 2)
    return {hit.entry_id for first, second in pairs if are_alike(first.names, second.names) for hit in (first, second)}


def _has_namesake(reach: ColumnElement[bool], entry_id: UUID) -> bool:
    """Whether somebody else in the reader's reach has the same family name and given name, spelling apart."""
    own, other = _KEYS.alias(), _KEYS.alias()
    statement = (
        select(other.c.entry_id)
        .join(own, and_(own.c.family_key == other.c.family_key, own.c.given_key == other.c.given_key))
        .join(_SCOPES, _SCOPES.c.entry_id == other.c.entry_id)
        .where(own.c.entry_id == entry_id, other.c.entry_id != entry_id, _SCOPES.c.is_open, reach)
        .limit(1)
    )
    return db.session.execute(statement).first() is not None
