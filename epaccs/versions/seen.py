"""What the author of an edit had before them, and why an edit that a tablet brings waits for a person.

A tablet's edit is refused for what was wrong on the very thing its author looked at; for whatever changed since, it is
held. Source: docs/offline.md, "Refused or held"; hazards H-50 and H-51.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.access.rules import can_ever, facts_of_role, refusal
from epaccs.clinicians.queries import signing_days
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.changes import EntryChange
from epaccs.core.errors import Contradicts, Forbidden, RuleBroken
from epaccs.core.fields import local_date
from epaccs.versions.model import Edit, SectionVersion
from epaccs.versions.queries import values_at
from epaccs.versions.registry import Context, EditRequest, FromTablet, Kind, Section
from epaccs.versions.rules import Outcome, Value

#: No version: what an author had before them never stood as they saw it.
NEVER = -1


class UnknownBase(RuleBroken):
    """The register does not know what the author had before them."""


@dataclass(frozen=True)
class Seen:
    """What an author had before them when they wrote: a version of the section, and its value with their own changes.

    `version` NEVER: their own earlier change was merged with another's, or waits, or came after a change they did not
    see; the value is then what they saw, and stands nowhere.
    """

    version: int
    value: Value | None


def find_seen(session: Session, section: Section, request: EditRequest, context: Context, *, version: int) -> Seen:
    """The version that the form or tablet showed, with the author's own earlier edits of it on top.

    Args:
        version: of the section now.

    Raises:
        UnknownBase: an earlier edit has not come, or the register holds no such version.

    Source: hazard H-51 (a change made without signal silently replaces a decision).
    """
    chain = _own_chain(session, request, context.actor)
    base_version = chain[0].base_version if chain else request.base_version
    if base_version > version:
        raise UnknownBase("This form was made on a version that the register does not hold. Open it again.")
    seen = Seen(base_version, _value_of(session, request, base_version))
    for edit in chain:
        seen = _after_own(session, section, seen, edit, context)
    return seen


def _own_chain(session: Session, request: EditRequest, actor: Actor) -> list[Edit]:
    """The author's own edits that this one follows, the first of them first."""
    chain: list[Edit] = []
    following, met = request.after_id, {request.id}
    while following is not None:
        edit = session.get(Edit, following)
        is_own = edit is not None and edit.author_id == actor.clinician_id
        if edit is None or not is_own or following in met or not _is_of(edit, request):
            raise UnknownBase("The change this one follows is not here yet. Send that one first.")
        met.add(following)
        chain.insert(0, edit)
        following = edit.after_id
    return chain


def _is_of(edit: Edit, request: EditRequest) -> bool:
    return edit.entry_id == request.entry_id and edit.section == request.section


def _value_of(session: Session, request: EditRequest, version: int) -> Value | None:
    row = session.get(SectionVersion, (request.entry_id, request.section, version)) if version else None
    return row.value if row else None


def _after_own(session: Session, section: Section, seen: Seen, edit: Edit, context: Context) -> Seen:
    """What the author had before them after one of their own edits.

    Its version counts as seen only if it followed at once on what they had seen: one that was merged, or was added
    beside a newer change, brings something with it that they never saw.
    """
    kind = section.kinds.get(edit.kind)
    if kind is None:  # a confirmation changes no value
        return seen
    match Outcome(edit.outcome):
        case Outcome.HELD:
            return Seen(NEVER, seen.value)
        case Outcome.SAME:
            return Seen(edit.section_version, _value_of_edit(session, edit))
        case _ if edit.section_version == seen.version + 1:
            return Seen(edit.section_version, _value_of_edit(session, edit))
        case _:
            return Seen(NEVER, kind.reduce(seen.value, edit.body, context_of_edit(edit, context)))


def _value_of_edit(session: Session, edit: Edit) -> Value | None:
    row = session.get(SectionVersion, (edit.entry_id, edit.section, edit.section_version))
    return row.value if row else None


def context_of_edit(edit: Edit, context: Context) -> Context:
    """An earlier edit stays its author's: their name signs, whoever settles or follows it."""
    author = replace(
        context.actor,
        clinician_id=edit.author_id or context.actor.clinician_id,
        name=edit.author["name"],
        role=Role(edit.author["role"]),
        professional_number=edit.author["professional_number"],
        organisation_id=UUID(edit.author["organisation_id"]),
        organisation_name=edit.author["organisation_name"],
        organisation_type=OrganisationType(edit.author["organisation_type"]),
        organisation_ods=edit.author["organisation_ods"],
        may_sign=edit.author["may_sign"],
    )
    return replace(
        context,
        actor=author,
        edit_id=edit.id,
        decided_at=edit.decided_at,
        signing_days=signing_days(author.clinician_id),
    )


# What was wrong already when it was written


def check_may_ever(actor: Actor, kind: Kind) -> None:
    """What a role can never do is no change of authority: it is refused.

    Raises:
        Forbidden: with a sentence that names the role and the deed.
    """
    if not can_ever(kind.permission, facts_of_role(actor.role, may_sign=True)):
        raise Forbidden(refusal(kind.permission, actor.role))


def check_as_seen(
    session: Session, section: Section, kind: Kind, request: EditRequest, context: Context, *, seen: Seen
) -> None:
    """Refuse a fault inside an edit: what was wrong on what its author had before them, on the day they wrote it.

    What another section says is no fault inside it: a tablet's edit is held for that.

    Raises:
        RuleBroken, RulesBroken: with the sentences for its author to mend.

    Source: hazard H-50 (what a crew wrote without signal is lost, or counts twice).
    """
    then = _context_as_seen(session, request, context)
    try:
        value = kind.reduce(seen.value, request.body, then)
        section.check(value, then)
    except Contradicts:
        return


def _context_as_seen(session: Session, request: EditRequest, context: Context) -> Context:
    """The rest of the record as the author saw it, by a clock that is not before theirs, with their authority then."""
    now = max(context.now, request.decided_at or context.now)
    today, then = local_date(now), local_date(request.decided_at or context.now)
    days = tuple((start, _stretched(end, then=then, today=today)) for start, end in context.signing_days)
    may_sign = any(start <= today <= end for start, end in days)
    values = _values_as_seen(session, request, context)
    return replace(
        context,
        now=now,
        today=today,
        values=values,
        actor=replace(context.actor, may_sign=may_sign),
        signing_days=days,
    )


def _stretched(end: date, *, then: date, today: date) -> date:
    """Until when an authority counts as it was on the day of the decision; one revoked at noon had ended yesterday."""
    return today if then - timedelta(days=1) <= end < today else end


def _values_as_seen(session: Session, request: EditRequest, context: Context) -> dict[str, Value]:
    tablet: FromTablet | None = request.tablet
    number = tablet.seen_number if tablet else 0
    moment = session.scalar(
        select(EntryChange.recorded_at).where(EntryChange.number == number, EntryChange.entry_id == request.entry_id)
    )
    return dict(context.values) if moment is None else values_at(request.entry_id, moment)
