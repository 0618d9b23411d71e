"""Load the demonstration: its people at work, and patients told one by one through the ordinary actions.

A register that could hold real people is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, not_, select

from epaccs.access.actions import begin_relationship, event, give_reason
from epaccs.access.queries import INCIDENT_HOURS
from epaccs.access.rules import AccessReason
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.errors import RuleBroken
from epaccs.core.nhs_number import SYNTHETIC_PREFIX
from epaccs.demo.districts import demonstration_colleagues, outlying_colleagues
from epaccs.demo.people import demonstration_people, outlying_people
from epaccs.demo.staff import Staff, has_demonstration_people
from epaccs.demo.stories import Concern, Joined, Step, Story, read_stories
from epaccs.register import actions as register
from epaccs.register.model import RegisterEntry
from epaccs.settings import Settings
from epaccs.versions.actions import apply_edit
from epaccs.versions.model import Entry
from epaccs.versions.queries import find_recorded
from epaccs.versions.registry import EditRequest

#: How many made-up patients a demonstration has, and how many of them live outside the area.
DEMONSTRATION_SIZE: Final = 200
OUTLYING: Final = 9

#: What was compared when a record was opened.
CHECKED: Final = ("name", "born")


def check_may_load(settings: Settings) -> None:
    """Made-up people go only where nobody real can be.

    Raises:
        RuleBroken: the program runs for real people, or the register holds somebody who may be real.

    Source: hazard H-22 (made-up people among real ones).
    """
    if not settings.is_demo:
        raise RuleBroken("Made-up people are loaded only where EPACCS_MODE is demo. Nothing was loaded.")
    if not _is_made_up():
        raise RuleBroken("This register may hold real people. Choose an empty database. Nothing was loaded.")


def _is_made_up() -> bool:
    """Whether everybody here is made up: nobody has another number, and organisations came with the demonstration."""
    numbered = RegisterEntry.nhs_number.is_not(None)
    real = select(RegisterEntry.entry_id).where(numbered, not_(RegisterEntry.nhs_number.startswith(SYNTHETIC_PREFIX)))
    if db.session.scalars(real.limit(1)).first() is not None:
        return False
    somebody = db.session.scalars(select(Organisation.id).limit(1)).first()
    return somebody is None or has_demonstration_people()


def demonstration_stories(now: datetime) -> list[Story]:
    """Every patient of the demonstration: those written by hand, then others until nothing is missing."""
    written = list(read_stories(now))
    generated = DEMONSTRATION_SIZE - OUTLYING - len(written)
    return [
        *written,
        *demonstration_people(generated, now, demonstration_colleagues()),
        *outlying_people(OUTLYING, now, outlying_colleagues()),
    ]


def count_people() -> int:
    """How many entries there are, of whatever status."""
    return db.session.scalars(select(func.count()).select_from(Entry)).one()


def find_untold(stories: Iterable[Story]) -> list[Story]:
    """The stories whose people are not here yet: loading that was interrupted goes on where it stopped."""
    stories = list(stories)
    ids = [story.entry_id for story in stories]
    told = set(db.session.scalars(select(Entry.id).where(Entry.id.in_(ids))))
    return [story for story in stories if story.entry_id not in told]


def tell_stories(stories: Iterable[Story], staff: Staff, *, told: Callable[[], None] = lambda: None) -> None:
    """Tell each through the actions that people use, one transaction a person."""
    for story in stories:
        _Teller(story, staff).tell()
        told()


class _Teller:
    """Tells one story: each deed at its time, by whoever did it."""

    def __init__(self, story: Story, staff: Staff) -> None:
        self._story, self._staff = story, staff
        self._opened: dict[str, datetime] = {}

    def tell(self) -> None:
        """The whole story, or nothing of it."""
        story = self._story
        with writing():
            with clock.standing_at(story.registered_at):
                self._begin()
            for step in story.steps:
                with clock.standing_at(step.at):
                    self._take(step)
            if story.joined is not None:
                self._join(story.joined)

    def _begin(self) -> None:
        story, actor = self._story, self._staff.actor(self._story.registered_by)
        if story.declined_on is not None:
            register.record_declined(actor, story.entry_id, identity=story.identity, declined_on=story.declined_on)
            return
        register.register_patient(
            actor, story.entry_id, identity=story.identity, consent=story.consent, first_sections=story.sections
        )
        self._opened[story.registered_by] = story.registered_at

    def _take(self, step: Step | Concern) -> None:
        actor = self._staff.actor(step.by)
        if isinstance(step, Concern):
            self._concern(actor, step)
            return
        self._open(actor, step.by, step.at)
        request = self._request(step)
        match step.section:
            case "identity" | "consent":
                register.amend(actor, request)
            case "lifecycle":
                register.change_lifecycle(
                    actor,
                    step.id,
                    entry_id=request.entry_id,
                    kind=step.kind,
                    body=step.body,
                    base_version=request.base_version,
                )
            case _:
                apply_edit(actor, request)

    def _request(self, step: Step) -> EditRequest:
        entry_id, base_version = self._story.entry_id, step.base_version
        if base_version is None:
            recorded = find_recorded(entry_id, step.section)
            base_version = recorded.version if recorded else 0
        return EditRequest(step.id, entry_id, step.section, step.kind, step.body, base_version)

    def _open(self, actor: Actor, user_name: str, at: datetime) -> None:
        """Once a shift."""
        before = self._opened.get(user_name)
        if before is None or at - before >= timedelta(hours=INCIDENT_HOURS):
            _open(actor, self._story.entry_id)
            self._opened[user_name] = at

    def _concern(self, actor: Actor, step: Concern) -> None:
        entry_id, organisation_id = self._story.entry_id, self._staff.organisation(step.organisation_ods)
        with writing() as session:
            begin_relationship(
                session,
                entry_id=entry_id,
                organisation_id=organisation_id,
                reason=step.reason,
                recorded_by=actor.clinician_id,
            )
            log.record(event(actor, EventKind.RELATIONSHIP_CHANGED, entry_id=entry_id, reason=step.reason))

    def _join(self, joined: Joined) -> None:
        """The first says that it is one person, the second agrees."""
        proposer, second = self._staff.actor(joined.proposed_by), self._staff.actor(joined.agreed_by)
        both = (joined.survivor_id, self._story.entry_id)
        with clock.standing_at(joined.proposed_at):
            for entry_id in both:
                _open(proposer, entry_id)
            merge_id = register.propose_merge(
                proposer, survivor_id=joined.survivor_id, other_id=self._story.entry_id, reason=joined.reason
            )
        with clock.standing_at(joined.agreed_at):
            for entry_id in both:
                _open(second, entry_id)
            register.confirm_merge(second, merge_id)


def _open(actor: Actor, entry_id: UUID) -> None:
    """Say why, and what was compared, as somebody does who opens a record."""
    give_reason(actor, entry_id, reason=AccessReason.PERMISSION_GIVEN, identifiers_checked=CHECKED, cannot_check=False)
