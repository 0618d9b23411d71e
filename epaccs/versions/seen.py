"""What the author of an edit had before them, and why an edit that a tablet brings waits for a person.

A tablet's edit is refused for what was wrong on the very thing its author looked at; for whatever changed since, it is
held. Source: docs/offline.md, "Refused or held"; hazards H-50 and H-51.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from epaccs.access.rules import can_ever, facts_of_role, refusal
from epaccs.clinicians.queries import signing_days
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.errors import Contradicts, Forbidden, RuleBroken
from epaccs.core.fields import local_date
from epaccs.versions.model import Edit, SectionHead, SectionVersion
from epaccs.versions.queries import find_values_after
from epaccs.versions.registry import Context, EditRequest, Kind, Section
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


def find_seen(
    session: Session, section: Section, request: EditRequest, context: Context, *, head: SectionHead | None
) -> Seen:
    """The version that the form or tablet showed, with the author's own earlier edits of it on top.

    Args:
        head: the section now; None: nothing recorded yet.

    Raises:
        UnknownBase: an earlier edit has not come, or the register holds no such version.

    Source: hazard H-51 (a change made without signal silently replaces a decision).
    """
    chain = _own_chain(session, request, context.actor)
    base_version = chain[0].base_version if chain else request.base_version
    if base_version > (head.version if head else 0):
        raise UnknownBase("This form was made on a version that the register does not hold. Open it again.")
    is_now = head is not None and base_version == head.version
    row = head if is_now else _version(session, request, base_version)
    check_same_history(request, row)
    seen = Seen(base_version, row.value if row else None)
    for edit in chain:
        seen = _after_own(session, section, seen, edit, context)
    return seen


def check_same_history(request: EditRequest, row: SectionHead | SectionVersion | None) -> None:
    """A version that was recorded after a restored register and the author's copy had parted is not what they saw.

    Args:
        row: what the register holds under the number that their copy showed; None: nothing was recorded.

    Raises:
        UnknownBase: it is another version of the same number.

    Source: hazard H-51.
    """
    until = request.tablet.shared_until if request.tablet else None
    if until is not None and row is not None and row.recorded_at > until:
        raise UnknownBase("This was made before the register was restored. Open it again.")


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


def _value_of(session: Session, of: EditRequest | Edit, version: int) -> Value | None:
    """What the section of an edit said in a version; None: there is none."""
    row = _version(session, of, version)
    return row.value if row else None


def _version(session: Session, of: EditRequest | Edit, version: int) -> SectionVersion | None:
    return session.get(SectionVersion, (of.entry_id, of.section, version)) if version else None


def _after_own(session: Session, section: Section, seen: Seen, edit: Edit, context: Context) -> Seen:
    """What the author had before them after one of their own edits.

    Its version counts as seen only if it followed at once on what they had seen: one that was merged, or was added
    beside a newer change, brings something with it that they never saw.
    """
    name, body = section.upcast(edit.kind, edit.body, edit.schema) or (edit.kind, edit.body)
    kind = section.kinds.get(name)
    if kind is None:  # a confirmation changes no value
        return seen
    match Outcome(edit.outcome):
        case Outcome.HELD:
            return Seen(NEVER, seen.value)
        case Outcome.SAME:
            return Seen(edit.section_version, _value_of(session, edit, edit.section_version))
        case _ if edit.section_version == seen.version + 1:
            return Seen(edit.section_version, _value_of(session, edit, edit.section_version))
        case _:
            return Seen(NEVER, kind.reduce(seen.value, body, context_of_edit(edit, context)))


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


def check_as_seen(section: Section, kind: Kind, request: EditRequest, context: Context, *, seen: Seen) -> None:
    """Refuse a fault inside an edit: what was wrong on what its author had before them, on the day they wrote it.

    What another section says is no fault inside it: a tablet's edit is held for that.

    Raises:
        RuleBroken, RulesBroken: with the sentences for its author to mend.

    Source: hazard H-50 (what a crew wrote without signal is lost, or counts twice).
    """
    then = _context_as_seen(request, context)
    try:
        value = kind.reduce(seen.value, request.body, then)
        section.check(value, then)
    except Contradicts:
        return


def _context_as_seen(request: EditRequest, context: Context) -> Context:
    """The rest of the record as the author saw it, by a clock that is not before theirs, with their authority then."""
    now = max(context.now, request.decided_at or context.now)
    today, then = local_date(now), local_date(request.decided_at or context.now)
    days = tuple((start, _stretched(end, then=then, today=today)) for start, end in context.signing_days)
    may_sign = any(start <= today <= end for start, end in days)
    values = _values_as_seen(request, context)
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


def _values_as_seen(request: EditRequest, context: Context) -> dict[str, Value]:
    seen = find_values_after(request.entry_id, request.tablet.seen_number if request.tablet else 0)
    return dict(context.values) if seen is None else seen
