"""Take a practice's list, decide about one person, begin to put them on the register, forget what is past its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import CursorResult, delete, exists, or_, select
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.rules import Permission
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.core.fields import local_date
from epaccs.core.forms import Recovered
from epaccs.core.identifiers import new_id
from epaccs.core.nhs_number import format_nhs_number
from epaccs.identification import queries, rules
from epaccs.identification.model import Candidate, CandidateList, Consideration
from epaccs.identification.rules import KEPT_DAYS, Outcome, State
from epaccs.identification.schema import Row, read_list
from epaccs.register.actions import prepare_registration
from epaccs.register.queries import get_prepared
from epaccs.register.sections import check_may_be_here


@dataclass(frozen=True)
class ListTaken:
    """What became of a list: how many people it named, and where the practice's people stand now."""

    people: int
    to_consider: int
    on_register: int
    considered_before: int
    no_longer_listed: int


# --- Lists -----------------------------------------------------------------------------------------------------------


def take_list(actor: Actor, list_id: UUID, *, content: bytes, is_whole: bool) -> ListTaken:
    """Take a list whole, or nothing of it; what was decided about people stays with them.

    Who is on it already keeps their decisions and gets what the new list says; who is not on it any more is shown as
    "no longer on the list", and is not deleted.

    Args:
        list_id: of the form; the same form sent twice is taken once.
        is_whole: somebody said that a list much shorter than the last is right.

    Raises:
        Forbidden: the role keeps no list. ListRefused, RuleBroken: what to mend.

    Source: hazard H-40.
    """
    queries.check_may(actor, Permission.SEE_CANDIDATES)
    rows = read_list(content, today=clock.today(), check_number=check_may_be_here)
    with writing() as session:
        # Two lists of one practice at once: the second waits here, and then sees the first.
        session.get(Organisation, actor.organisation_id, with_for_update=True, populate_existing=True)
        if session.get(CandidateList, list_id) is None:
            _check_whole(session, actor, rows, is_whole=is_whole)
            _keep(session, actor, list_id, rows)
            log.record(event(actor, EventKind.CANDIDATES_LISTED, list=list_id, people=len(rows)))
    return _tell(actor, len(rows))


def _check_whole(session: Session, actor: Actor, rows: Sequence[Row], *, is_whole: bool) -> None:
    newest = queries.find_newest_list(actor.organisation_id)
    if newest is None:
        return
    before = set(session.scalars(select(Candidate.nhs_number).where(Candidate.list_id == newest.id)))
    left_out = before - {row.nhs_number for row in rows}
    rules.check_still_whole(named_before=len(before), left_out=len(left_out), is_whole=is_whole)


def _keep(session: Session, actor: Actor, list_id: UUID, rows: Sequence[Row]) -> None:
    now = clock.now()
    session.add(
        CandidateList(
            id=list_id,
            organisation_id=actor.organisation_id,
            taken_at=now,
            taken_by=actor.clinician_id,
            taken_by_name=actor.name,
            people=len(rows),
        )
    )
    session.flush()
    known = {
        one.nhs_number: one
        for one in session.scalars(select(Candidate).where(Candidate.organisation_id == actor.organisation_id))
    }
    for row in rows:
        candidate = known.get(row.nhs_number) or Candidate(
            organisation_id=actor.organisation_id, nhs_number=row.nhs_number, born_on=row.born_on, decisions=0
        )
        _say_of(candidate, row)
        candidate.list_id, candidate.listed_at = list_id, now
        session.add(candidate)
    session.flush()


def _say_of(candidate: Candidate, row: Row) -> None:
    """What the new list says; a decision about somebody with another date of birth is not carried to this person."""
    if not rules.is_same_person(born_on=candidate.born_on, listed_born_on=row.born_on):
        candidate.outcome = candidate.decided_at = candidate.look_again_on = candidate.registration_id = None
    candidate.family_name, candidate.given_name, candidate.born_on = row.family_name, row.given_name, row.born_on
    candidate.conditions = [str(one) for one in row.findings.conditions]
    candidate.signs = [str(one) for one in row.findings.signs]
    candidate.frailty_scale = row.findings.frailty_scale


def _tell(actor: Actor, people: int) -> ListTaken:
    counted = queries.count_by_state(actor)
    considered = (State.NOT_NOW, State.NOT_APPROPRIATE, State.PLAN_ELSEWHERE, State.DECLINED)
    return ListTaken(
        people=people,
        to_consider=counted[State.TO_CONSIDER],
        on_register=counted[State.ON_REGISTER],
        considered_before=sum(counted[state] for state in considered),
        no_longer_listed=counted[State.NOT_LISTED],
    )


# --- Decisions -------------------------------------------------------------------------------------------------------


def decide(
    actor: Actor,
    edit_id: UUID,
    *,
    candidate_id: UUID,
    decision: tuple[Outcome, str, date | None],
    base_version: int,
) -> None:
    """Keep what somebody decided about one person, and why.

    Args:
        edit_id: of the form; the same form sent twice decides once.
        decision: what, why, and when to look again (None: no day).
        base_version: how many decisions there were when the form was shown.

    Raises:
        Forbidden: the role does not decide. NotFound: another practice's person.
        RuleBroken: what to correct, or somebody else has decided since.

    Source: hazard H-40.
    """
    queries.check_may(actor, Permission.DECIDE_CANDIDATE)
    outcome, reason, look_again_on = decision
    with writing() as session:
        candidate = queries.get_candidate(actor, candidate_id, with_for_update=True, populate_existing=True)
        if session.get(Consideration, edit_id) is not None:
            return
        if base_version != candidate.decisions:
            raise RuleBroken(
                "Somebody else has decided since you opened this page. Read what they decided, then open it again"
            )
        now = clock.now()
        if queries.find_state(actor, candidate).entry_id is not None:
            raise RuleBroken("This person is on the register already, or did not want to be. Open the page again")
        rules.check_decision(outcome, look_again_on=look_again_on, today=local_date(now))
        session.add(
            Consideration(
                id=edit_id,
                candidate_id=candidate.id,
                outcome=str(outcome),
                reason=reason,
                look_again_on=look_again_on,
                decided_at=now,
                decided_by=actor.clinician_id,
                decided_by_name=actor.name,
            )
        )
        candidate.outcome, candidate.decided_at, candidate.look_again_on = str(outcome), now, look_again_on
        candidate.decisions += 1
        log.record(event(actor, EventKind.CANDIDATE_CONSIDERED, candidate=candidate.id, outcome=str(outcome)))


def begin_registration(actor: Actor, candidate_id: UUID) -> UUID:
    """Prepare the registration of one person with what the list says of who they are, or go on with one begun before.

    Nobody is on the register by it: a clinician completes and sends the form.

    Returns:
        The number of the prepared registration.

    Raises:
        Forbidden: the role keeps no list. NotFound: another practice's person.
        RuleBroken: they are on the register already, or did not want to be.
    """
    queries.check_may(actor, Permission.SEE_CANDIDATES)
    with writing():
        candidate = queries.get_candidate(actor, candidate_id, with_for_update=True, populate_existing=True)
        if queries.find_state(actor, candidate).entry_id is not None:
            raise RuleBroken("This person is on the register already, or did not want to be. Open the page again")
        if _is_prepared(actor, candidate.registration_id):
            return candidate.registration_id or new_id()
        candidate.registration_id = new_id()
        sent = Recovered(_identity_of(actor, candidate, candidate.registration_id))
        prepare_registration(actor, candidate.registration_id, sent=sent)
        log.record(event(actor, EventKind.CANDIDATE_CONSIDERED, candidate=candidate.id, outcome="registration_begun"))
        return candidate.registration_id


def _is_prepared(actor: Actor, registration_id: UUID | None) -> bool:
    try:
        return registration_id is not None and bool(get_prepared(actor, registration_id))
    except NotFound:
        return False


def _identity_of(actor: Actor, candidate: Candidate, registration_id: UUID) -> dict[str, list[str]]:
    """The boxes of a registration that the list can fill; why, and the two agreements, are for a person to say."""
    born_on = candidate.born_on
    fields = {
        "edit_id": str(registration_id),
        "family_name": candidate.family_name,
        "given_name": candidate.given_name,
        "born_on-day": str(born_on.day),
        "born_on-month": str(born_on.month),
        "born_on-year": f"{born_on.year:04}",
        "nhs_number": format_nhs_number(candidate.nhs_number),
    }
    if actor.organisation_type is OrganisationType.GP_PRACTICE:
        fields["practice_ods"] = actor.organisation_ods
    return {name: [typed] for name, typed in fields.items()}


# --- Forgetting ------------------------------------------------------------------------------------------------------


def forget_candidates() -> int:
    """Delete people a year after the last list that named them, the last decision, or the day to look again.

    No audit event: nothing of a person on the register changes by it.

    Returns:
        How many people went.

    Source: Caldicott principle 3 (the minimum); hazard H-40.
    """
    before = clock.now() - timedelta(days=KEPT_DAYS)
    past = (
        Candidate.listed_at < before,
        or_(Candidate.decided_at.is_(None), Candidate.decided_at < before),
        or_(Candidate.look_again_on.is_(None), Candidate.look_again_on < local_date(before)),
    )
    with writing() as session:
        of_past = select(Candidate.id).where(*past)
        session.execute(delete(Consideration).where(Consideration.candidate_id.in_(of_past)))
        gone = session.execute(delete(Candidate).where(*past))
        empty = CandidateList.taken_at < before, ~exists().where(Candidate.list_id == CandidateList.id)
        session.execute(delete(CandidateList).where(*empty))
    return gone.rowcount if isinstance(gone, CursorResult) else 0
