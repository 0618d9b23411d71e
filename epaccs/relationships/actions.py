"""Refer somebody to a team, take somebody on, end the care of one's own team."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from epaccs.access.actions import (
    Concerned,
    Ending,
    begin_relationship,
    confirm_relationships,
    end_relationships,
    event,
)
from epaccs.access.queries import get_standing
from epaccs.access.rules import Permission
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.core.fields import build_moment
from epaccs.notices.actions import About, accountable_organisations, end, notify
from epaccs.notices.rules import NoticeKind
from epaccs.relationships import queries, rules
from epaccs.relationships.rules import REFERRAL, EndReason


def refer(actor: Actor, entry_id: UUID, *, organisation_id: UUID) -> None:
    """Ask a team to look after a person. It sees the record from now on, and without an answer only for four weeks.

    Raises:
        NotFound, Forbidden: as `access` says.
        RuleBroken: the team would see nothing, or was asked already.

    Source: feature F28; hazard H-68.
    """
    with writing() as session:
        standing = get_standing(actor, entry_id, Permission.REFER)
        scope = queries.get_scope(entry_id, lock=True)
        teams = queries.find_teams(actor, entry_id)
        rules.check_may_refer(
            queries.find_receiver(organisation_id, scope.practice_id),
            own_id=actor.organisation_id,
            is_shared=standing.is_shared,
            current=(*teams.own, *teams.others),
        )
        now = clock.now()
        asked = Concerned(
            entry_id,
            organisation_id,
            REFERRAL,
            actor.clinician_id,
            asked_by=actor.organisation_id,
            until_at=rules.lapses_at(now),
        )
        begin_relationship(session, asked)
        notify(session, About(entry_id, NoticeKind.CARE_TO_CONFIRM), organisation_ids=[organisation_id])
        unanswered = About(entry_id, NoticeKind.REFERRAL_UNANSWERED, due_at=rules.answer_due_at(now))
        notify(session, unanswered, organisation_ids=[actor.organisation_id])
        _record(actor, entry_id, "referred", organisation_id, REFERRAL)


def take_on(actor: Actor, entry_id: UUID, *, until_on: date | None) -> None:
    """Say that the own team looks after a person: a former practice or key worker then sees them no more.

    Args:
        until_on: the last day, for a visit or a stay; None: until the team ends its care.

    Raises:
        NotFound, Forbidden: as `access` says.
        RuleBroken: nothing was asked of the team, or the day is past.

    Source: feature F28; hazard H-68.
    """
    with writing() as session:
        get_standing(actor, entry_id, Permission.ANSWER_FOR_TEAM)
        queries.get_scope(entry_id, lock=True)
        reasons = confirm_relationships(session, actor, entry_id, until_at=_end_of(until_on))
        if not reasons:
            raise RuleBroken("Nobody waits for an answer of your team about this person")
        _end_questions(session, actor, entry_id)
        for reason in reasons:
            _record(actor, entry_id, "taken_on", actor.organisation_id, reason)


def _end_questions(session: Session, actor: Actor, entry_id: UUID) -> None:
    """The own team has answered; whoever referred still waits where another team has not."""
    end(session, entry_id=entry_id, kinds=[NoticeKind.CARE_TO_CONFIRM], organisation_id=actor.organisation_id)
    teams = queries.find_all(entry_id)
    waiting = {one.asked_by for one in teams if one.is_current(clock.now()) and one.confirmed_at is None}
    for asked_by in {one.asked_by for one in teams if one.asked_by} - waiting:
        end(session, entry_id=entry_id, kinds=[NoticeKind.REFERRAL_UNANSWERED], organisation_id=asked_by)


def _end_of(day: date | None) -> datetime | None:
    """The midnight after the last day, by British clocks."""
    if day is None:
        return None
    if day < clock.today():
        raise RuleBroken("The last day must be today or later", field="until_on")
    return build_moment(day + timedelta(days=1), time(0), field_label="last day", field="until_on")


def end_care(actor: Actor, entry_id: UUID, *, why: EndReason) -> None:
    """End what the own team has to do with a person; it sees the record no more, its tablets from their next contact.

    Whoever referred, and whoever answers for the person, is told.

    Raises:
        NotFound, Forbidden: as `access` says.
        RuleBroken: as `rules.check_may_end` says.

    Source: feature F28; hazard H-68.
    """
    with writing() as session:
        get_standing(actor, entry_id, Permission.ANSWER_FOR_TEAM)
        queries.get_scope(entry_id, lock=True)
        teams = queries.find_teams(actor, entry_id)
        accountable = [one for one in accountable_organisations(session, entry_id) if one != actor.organisation_id]
        rules.check_may_end(teams, why, others_answer=bool(accountable))
        ending = Ending(str(why), actor.clinician_id)
        reasons = end_relationships(session, entry_id=entry_id, organisation_id=actor.organisation_id, ending=ending)
        _end_questions(session, actor, entry_id)
        asked_by = [one.asked_by for one in teams.own if one.asked_by]
        severity = "high" if teams.to_confirm else "routine"
        told = [*accountable, *asked_by]
        notify(session, About(entry_id, NoticeKind.CARE_ENDED, severity=severity), organisation_ids=told)
        for reason in reasons:
            _record(actor, entry_id, "ended", actor.organisation_id, reason, why=str(why))


def take_back(actor: Actor, entry_id: UUID, team_id: UUID) -> None:
    """Take a referral back that the own organisation made and nobody answered.

    Raises:
        NotFound: there is no such referral; also as `access` says. Forbidden: as `access` says.
    """
    with writing() as session:
        get_standing(actor, entry_id, Permission.REFER)
        queries.get_scope(entry_id, lock=True)
        teams = queries.find_teams(actor, entry_id)
        asked = [one for one in teams.others if one.id == team_id and one.asked_by == actor.organisation_id]
        if not asked or asked[0].confirmed_at is not None:
            raise NotFound
        ending = Ending("taken_back", actor.clinician_id)
        team_of = asked[0].organisation_id
        end_relationships(session, entry_id=entry_id, organisation_id=team_of, ending=ending, reason=REFERRAL)
        end(session, entry_id=entry_id, kinds=[NoticeKind.CARE_TO_CONFIRM], organisation_id=team_of)
        _end_questions(session, actor, entry_id)
        _record(actor, entry_id, "taken_back", team_of, REFERRAL)


def _record(actor: Actor, entry_id: UUID, what: str, organisation_id: UUID, reason: str, **details: str) -> None:
    log.record(
        event(
            actor,
            EventKind.RELATIONSHIP_CHANGED,
            entry_id=entry_id,
            what=what,
            organisation_id=str(organisation_id),
            reason=reason,
            **details,
        )
    )
