"""Whom a practice may want to consider: only those whom the reader's own organisation has listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from epaccs.access.actions import event, record_list_viewed
from epaccs.access.rules import Permission, can_ever, check, facts_of_role
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.core.fields import local_date
from epaccs.identification import rules
from epaccs.identification.model import Candidate, CandidateList, Consideration
from epaccs.identification.rules import (
    Condition,
    Decision,
    Findings,
    Group,
    Match,
    Outcome,
    Sign,
    State,
)
from epaccs.register.queries import FoundEntry, find_by_ids, find_by_numbers

PAGE_SIZE: Final = 50


@dataclass(frozen=True)
class Person:
    """Somebody on the list, as it and their own page show them."""

    id: UUID
    nhs_number: str
    family_name: str
    given_name: str
    born_on: date
    findings: Findings
    state: State
    is_listed: bool
    listed_at: datetime
    look_again_on: date | None
    decided_at: datetime | None
    entry_id: UUID | None  #: None: the register has nobody under this number whom the reader may know of
    is_number_of_another: bool
    version: int

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups of illnesses they stand in."""
        return rules.groups_of(self.findings)

    @property
    def group_words(self) -> list[str]:
        """The groups as they are shown."""
        return [rules.GROUP_LABELS[group] for group in self.groups]

    @property
    def because(self) -> str:
        """Why they are named."""
        return rules.because(self.findings)

    @property
    def state_words(self) -> str:
        """Where they stand."""
        return rules.STATE_LABELS[self.state]

    @property
    def was_due(self) -> bool:
        """Back because the day came on which somebody said to look again."""
        return self.state is State.TO_CONSIDER and self.look_again_on is not None


@dataclass(frozen=True)
class Count:
    """One way to narrow the list, and how many are in it. `key` empty: everybody."""

    key: str
    words: str
    people: int
    is_chosen: bool


@dataclass(frozen=True)
class Taken:
    """The newest list of a practice."""

    id: UUID
    taken_at: datetime
    taken_by_name: str
    people: int


@dataclass(frozen=True)
class Worklist:
    """One page of the list, narrowed to a state and perhaps to a group. `taken` None: no list was ever sent."""

    taken: Taken | None
    people: list[Person]
    total: int
    state: State
    state_words: str
    group: Group | None
    states: list[Count]
    groups: list[Count]
    page: int
    has_more: bool


def may_see(actor: Actor, permission: Permission = Permission.SEE_CANDIDATES) -> bool:
    """Whether the reader's role keeps a list of people to consider, or decides about them."""
    return can_ever(permission, facts_of_role(actor.role, may_sign=actor.may_sign))


def check_may(actor: Actor, permission: Permission) -> None:
    """Refuse whoever's role has nothing to do with it.

    Raises:
        Forbidden: with a sentence that names the role and the deed.
    """
    check(permission, facts_of_role(actor.role, may_sign=actor.may_sign), role=actor.role)


def get_worklist(actor: Actor, *, state: State, group: Group | None, page: int) -> Worklist:
    """The practice's people in one state, those with most reason first; showing it is recorded.

    Raises:
        Forbidden: the role keeps no list.
    """
    check_may(actor, Permission.SEE_CANDIDATES)
    everybody = find_people(actor)
    of_state = [person for person in everybody if person.state is state]
    chosen = [person for person in of_state if group is None or group in person.groups]
    chosen.sort(key=lambda person: rules.urgency(person.findings, family_name=person.family_name))
    shown = chosen[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    record_list_viewed(actor, list_name="candidates", count=len(shown))
    return Worklist(
        taken=find_newest_list(actor.organisation_id),
        people=shown,
        total=len(chosen),
        state=state,
        state_words=rules.STATE_LABELS[state],
        group=group,
        states=_count_states(everybody, state),
        groups=_count_groups(of_state, group),
        page=page,
        has_more=len(chosen) > page * PAGE_SIZE,
    )


def _count_states(people: Sequence[Person], chosen: State) -> list[Count]:
    counted = Counter(person.state for person in people)
    return [Count(str(one), rules.STATE_LABELS[one], counted[one], one is chosen) for one in State]


def _count_groups(people: Sequence[Person], chosen: Group | None) -> list[Count]:
    counted = rules.count_groups(person.groups for person in people)
    everybody = Count("", "All", len(people), chosen is None)
    groups = [Count(str(one), rules.GROUP_LABELS[one], counted[one], one is chosen) for one in Group]
    return [everybody, *groups]


def count_to_consider(actor: Actor) -> int | None:
    """How many people wait to be considered; None: the reader's role keeps no list."""
    if not may_see(actor):
        return None
    return sum(person.state is State.TO_CONSIDER for person in find_people(actor))


def count_by_state(actor: Actor) -> Counter[State]:
    """How many people of the practice's list are in each state. Callers have asked who may know."""
    return Counter(person.state for person in find_people(actor))


def find_newest_list(organisation_id: UUID) -> Taken | None:
    """The list that says who is on it now; None: none was taken."""
    row = db.session.scalars(
        select(CandidateList)
        .where(CandidateList.organisation_id == organisation_id)
        .order_by(CandidateList.taken_at.desc(), CandidateList.id.desc())
        .limit(1)
    ).first()
    return None if row is None else Taken(row.id, row.taken_at, row.taken_by_name, row.people)


def find_people(actor: Actor) -> list[Person]:
    """Everybody whom the actor's organisation has listed. Callers have asked who may know."""
    newest = find_newest_list(actor.organisation_id)
    if newest is None:
        return []
    ours = Candidate.organisation_id == actor.organisation_id
    numbered = find_by_numbers(actor, select(Candidate.nhs_number).where(ours))
    begun = find_by_ids(actor, select(Candidate.registration_id).where(ours, Candidate.registration_id.is_not(None)))
    rows = db.session.scalars(select(Candidate).where(ours))
    return [_person(row, numbered.get(row.nhs_number), begun, newest.id) for row in rows]


def _person(row: Candidate, numbered: FoundEntry | None, begun: Mapping[UUID, FoundEntry], newest: UUID) -> Person:
    """Somebody and where they stand; an entry that was begun from here is theirs, whatever was corrected in it."""
    entry = begun.get(row.registration_id) if row.registration_id else None
    born_on = entry.born_on if entry else row.born_on
    entry = entry or numbered
    match = None
    if entry is not None:
        match = rules.match_of(born_on=born_on, register_born_on=entry.born_on, has_declined=entry.has_declined)
    is_listed = row.list_id == newest
    is_same = entry is not None and match is not Match.OTHER_PERSON
    return Person(
        id=row.id,
        nhs_number=row.nhs_number,
        family_name=row.family_name,
        given_name=row.given_name,
        born_on=row.born_on,
        findings=findings_of(row),
        state=rules.state_of(find_decision(row), match=match, is_listed=is_listed, today=clock.today()),
        is_listed=is_listed,
        listed_at=row.listed_at,
        look_again_on=row.look_again_on,
        decided_at=row.decided_at,
        entry_id=entry.entry_id if entry is not None and is_same else None,
        is_number_of_another=match is Match.OTHER_PERSON,
        version=row.decisions,
    )


def findings_of(row: Candidate) -> Findings:
    """What the last list that named them says."""
    return Findings(tuple(map(Condition, row.conditions)), tuple(map(Sign, row.signs)), row.frailty_scale)


def find_decision(row: Candidate) -> Decision | None:
    """The latest decision; None: nobody has decided yet."""
    if row.outcome is None or row.decided_at is None:
        return None
    return Decision(Outcome(row.outcome), local_date(row.decided_at), row.look_again_on)


def get_candidate(actor: Actor, candidate_id: UUID, **options: Any) -> Candidate:
    """Somebody whom the actor's organisation has listed.

    Raises:
        NotFound: nobody, or somebody else's.
    """
    row = db.session.get(Candidate, candidate_id, **options)
    if row is None or row.organisation_id != actor.organisation_id:
        raise NotFound
    return row


def find_state(actor: Actor, row: Candidate) -> Person:
    """One person as the list shows them."""
    newest = find_newest_list(row.organisation_id)
    numbered = find_by_numbers(actor, [row.nhs_number])
    begun = find_by_ids(actor, [row.registration_id] if row.registration_id else [])
    return _person(row, numbered.get(row.nhs_number), begun, newest.id if newest else row.list_id)


@dataclass(frozen=True)
class Considered:
    """One decision, as the person's page tells it. `look_again_on` None: no day was set."""

    words: str
    reason: str
    look_again_on: date | None
    decided_at: datetime
    decided_by_name: str


@dataclass(frozen=True)
class PersonPage:
    """One person, with everything that was decided about them, newest first."""

    person: Person
    considered: list[Considered]
    may_decide: bool
    can_be_reopened: bool


def get_person_page(actor: Actor, candidate_id: UUID) -> PersonPage:
    """Why one person is named and what was decided; opening it is recorded.

    Raises:
        NotFound: nobody, or somebody whom another practice listed. Forbidden: the role keeps no list.
    """
    check_may(actor, Permission.SEE_CANDIDATES)
    row = get_candidate(actor, candidate_id)
    person = find_state(actor, row)
    log.record(event(actor, EventKind.CANDIDATE_VIEWED, candidate=row.id))
    told = db.session.scalars(
        select(Consideration).where(Consideration.candidate_id == row.id).order_by(Consideration.decided_at.desc())
    )
    may_decide = may_see(actor, Permission.DECIDE_CANDIDATE)
    is_settled = person.state in (State.NOT_NOW, State.NOT_APPROPRIATE, State.PLAN_ELSEWHERE)
    return PersonPage(
        person=person,
        considered=[
            Considered(
                rules.OUTCOME_LABELS[Outcome(one.outcome)],
                one.reason,
                one.look_again_on,
                one.decided_at,
                one.decided_by_name,
            )
            for one in told
        ],
        may_decide=may_decide and person.entry_id is None,
        can_be_reopened=may_decide and is_settled,
    )
