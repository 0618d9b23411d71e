"""What a privacy officer sets: thresholds, people in the news, and what people at work told of themselves.

Whatever keeps an alert from being raised has a reason and a last day, and is written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from epaccs.access.actions import event
from epaccs.access.rules import Permission, check_role
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.model import Clinician, Membership
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import NotFound
from epaccs.core.identifiers import new_id
from epaccs.oversight.model import KnownPair, OversightThresholds, WatchedPerson, WorkerParticulars
from epaccs.oversight.queries.facts import born_key, home_key, nhs_key
from epaccs.oversight.rules.deciding import check_not_own, check_until
from epaccs.oversight.rules.unusual import build_rules


def set_thresholds(actor: Actor, *, thresholds: Mapping[str, int | bool], reason: str, until_on: date) -> int:
    """Keep a new version of the organisation's thresholds; those as the register comes are not kept.

    Returns:
        Its number.

    Raises:
        Forbidden: the role reviews no accesses.
        RuleBroken: the day is over, or too far off.
    """
    with writing() as session:
        check_role(Permission.REVIEW_ACCESS, actor.role)
        check_until(until_on, today=clock.today())
        usual = build_rules(actor.organisation_type).thresholds
        changed = {name: value for name, value in thresholds.items() if usual[name] != value}
        of_here = OversightThresholds.organisation_id == actor.organisation_id
        version = (session.scalar(select(func.max(OversightThresholds.version)).where(of_here)) or 0) + 1
        session.add(
            OversightThresholds(
                id=new_id(),
                organisation_id=actor.organisation_id,
                version=version,
                thresholds=changed,
                reason=reason.strip(),
                until_on=until_on,
                made_at=clock.now(),
                made_by=actor.clinician_id,
                made_by_name=actor.name,
            )
        )
        session.flush()
        _note(actor, "thresholds", version=version, thresholds=changed, until_on=until_on.isoformat())
    return version


def _note(actor: Actor, what: str, *, entry_id: UUID | None = None, **details: object) -> None:
    log.record(event(actor, EventKind.OVERSIGHT_CHANGED, entry_id=entry_id, what=what, **details))


def end_pair(actor: Actor, pair_id: UUID) -> None:
    """This reader's looks at this person are told again from now on.

    Raises:
        NotFound: no such pair in the officer's organisation.
        Forbidden: the role reviews no accesses.
    """
    with writing() as session:
        check_role(Permission.REVIEW_ACCESS, actor.role)
        pair = session.get(KnownPair, pair_id, with_for_update=True, populate_existing=True)
        if pair is None or pair.organisation_id != actor.organisation_id:
            raise NotFound
        if pair.ended_at is None:
            pair.ended_at = clock.now()
            _note(actor, "pair_ended", entry_id=pair.entry_id, pair=str(pair_id), reader=str(pair.clinician_id))


def watch_person(actor: Actor, *, nhs_number: str, reason: str, until_on: date) -> None:
    """Tell of every look at a person in the news, whether or not they are on the register.

    Nobody is told here whether they are: that would be a way to find out.

    Raises:
        Forbidden: the role reviews no accesses.
        RuleBroken: the day is over, or too far off.
    """
    with writing() as session:
        check_role(Permission.REVIEW_ACCESS, actor.role)
        check_until(until_on, today=clock.today())
        row = WatchedPerson(
            id=new_id(),
            organisation_id=actor.organisation_id,
            nhs_number=nhs_number,
            reason=reason.strip(),
            from_at=clock.now(),
            until_on=until_on,
            made_by=actor.clinician_id,
            made_by_name=actor.name,
            ended_at=None,
        )
        session.add(row)
        session.flush()
        _note(actor, "watched", watched=str(row.id), until_on=until_on.isoformat())


def end_watch(actor: Actor, watched_id: UUID) -> None:
    """Looks at this person are not told any more for the news alone.

    Raises:
        NotFound: no such person on the list of the officer's organisation.
        Forbidden: the role reviews no accesses.
    """
    with writing() as session:
        check_role(Permission.REVIEW_ACCESS, actor.role)
        row = session.get(WatchedPerson, watched_id, with_for_update=True, populate_existing=True)
        if row is None or row.organisation_id != actor.organisation_id:
            raise NotFound
        if row.ended_at is None:
            row.ended_at = clock.now()
            _note(actor, "watch_ended", watched=str(watched_id))


def note_particulars(
    actor: Actor,
    clinician_id: UUID,
    *,
    born_on: date | None,
    nhs_number: str | None,
    address: str | None,
    postcode: str | None,
) -> None:
    """Keep what somebody at work told of themselves, as digests: it is compared with whom they look at, and not read.

    What was kept before is replaced; nothing told: it is forgotten.

    Raises:
        NotFound: nobody of that id works in the officer's organisation.
        Forbidden: the role reviews no accesses, or it is the officer's own account.
    """
    with writing() as session:
        check_role(Permission.REVIEW_ACCESS, actor.role)
        check_not_own(actor.clinician_id, clinician_id)
        works_here = select(Membership.id).where(
            Membership.clinician_id == clinician_id, Membership.organisation_id == actor.organisation_id
        )
        worker = session.get(Clinician, clinician_id, with_for_update=True)
        if worker is None or session.scalars(works_here.limit(1)).first() is None:
            raise NotFound
        row = session.get(WorkerParticulars, clinician_id) or WorkerParticulars(clinician_id=clinician_id)
        row.born_key, row.nhs_key = born_key(born_on), nhs_key(nhs_number)
        row.home_key = home_key(address, postcode)
        row.noted_at, row.noted_by, row.noted_by_name = clock.now(), actor.clinician_id, actor.name
        session.add(row)
        session.flush()
        told = [name for name in ("born_key", "nhs_key", "home_key") if getattr(row, name)]
        _note(actor, "particulars", worker=str(clinician_id), told=told)
