"""Tell stories through the ordinary actions: each deed at its time, by whoever did it, one transaction a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from epaccs.access.actions import Concerned, begin_relationship, event, give_reason
from epaccs.access.queries import INCIDENT_HOURS
from epaccs.access.rules import AccessReason
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.cpr_decisions import actions as cpr
from epaccs.cpr_decisions.rules import EditKind
from epaccs.demo.desk import TO_BE_KNOWN
from epaccs.demo.staff import World
from epaccs.demo.stories import Concern, Deed, Joined, Looked, Step, Story
from epaccs.notices.actions import acknowledge, mark_seen
from epaccs.notices.model import Notice
from epaccs.register import actions as register
from epaccs.versions.actions import apply_edit
from epaccs.versions.queries import find_recorded
from epaccs.versions.registry import EditRequest

#: What was compared when a record was opened.
CHECKED: Final = ("name", "born")


def tell_stories(stories: Iterable[Story], world: World, *, told: Callable[[], None] = lambda: None) -> None:
    """Tell each through the actions that people use, one transaction a person."""
    for story in stories:
        _Teller(story, world).tell()
        told()


class _Teller:
    """Tells one story: each deed at its time, by whoever did it."""

    def __init__(self, story: Story, world: World) -> None:
        self._story, self._world = story, world
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
        story, actor = self._story, self._world.actors[self._story.registered_by]
        if story.declined_on is not None:
            register.record_declined(actor, story.entry_id, identity=story.identity, declined_on=story.declined_on)
            return
        register.register_patient(
            actor, story.entry_id, identity=story.identity, consent=story.consent, first_sections=story.sections
        )
        self._opened[story.registered_by] = story.registered_at

    def _take(self, deed: Deed) -> None:
        actor = self._world.actors[deed.by]
        match deed:
            case Concern():
                self._concern(actor, deed)
            case Looked():
                self._look(actor)
            case Step():
                self._edit(actor, deed)

    def _edit(self, actor: Actor, step: Step) -> None:
        self._open(actor, step)
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
            case "cpr":
                cpr.change(
                    actor,
                    step.id,
                    entry_id=request.entry_id,
                    kind=EditKind(step.kind),
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
        return EditRequest(
            step.id, entry_id, step.section, step.kind, step.body, base_version, is_from_paper=step.is_from_paper
        )

    def _open(self, actor: Actor, step: Step) -> None:
        """Once a shift."""
        before = self._opened.get(step.by)
        if before is None or step.at - before >= timedelta(hours=INCIDENT_HOURS):
            open_record(actor, self._story.entry_id, step.reason)
            self._opened[step.by] = step.at

    def _concern(self, actor: Actor, step: Concern) -> None:
        entry_id, organisation_id = self._story.entry_id, self._world.places[step.organisation_ods].id
        with writing() as session:
            begin_relationship(
                session, Concerned(entry_id, organisation_id, step.reason, actor.clinician_id, is_confirmed=True)
            )
            log.record(event(actor, EventKind.RELATIONSHIP_CHANGED, entry_id=entry_id, reason=step.reason))

    def _look(self, actor: Actor) -> None:
        """Every notice is shown; of each kind that asks for nothing the newest stands for those before."""
        rows = db.session.execute(
            select(Notice.id, Notice.kind)
            .where(
                Notice.entry_id == self._story.entry_id,
                Notice.organisation_id == actor.organisation_id,
                Notice.kind.in_([str(kind) for kind in TO_BE_KNOWN]),
                Notice.clinician_id.is_(None),
                Notice.acknowledged_at.is_(None),
            )
            .order_by(Notice.created_at)
        ).all()
        mark_seen(actor, [row.id for row in rows])
        for notice_id in {row.kind: row.id for row in rows}.values():
            acknowledge(actor, notice_id)

    def _join(self, joined: Joined) -> None:
        """The first says that it is one person, the second agrees."""
        proposer, second = self._world.actors[joined.proposed_by], self._world.actors[joined.agreed_by]
        both = (joined.survivor_id, self._story.entry_id)
        with clock.standing_at(joined.proposed_at):
            for entry_id in both:
                open_record(proposer, entry_id)
            merge_id = register.propose_merge(
                proposer, survivor_id=joined.survivor_id, other_id=self._story.entry_id, reason=joined.reason
            )
        with clock.standing_at(joined.agreed_at):
            for entry_id in both:
                open_record(second, entry_id)
            register.confirm_merge(second, merge_id)


def open_record(actor: Actor, entry_id: UUID, reason: AccessReason = AccessReason.PERMISSION_GIVEN) -> None:
    """Say why, and what was compared, as somebody does who opens a record."""
    give_reason(actor, entry_id, reason=reason, identifiers_checked=CHECKED, cannot_check=False)
