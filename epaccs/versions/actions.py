"""`apply_edit`: the one way in for every change, whether a form, a tablet or another program asks for it.

Order of locks, everywhere: entry, sections, counters, audit. On PostgreSQL the entry's row lock makes everything below
it safe to read; on SQLite the transaction has the write lock from its start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from epaccs.access import rules as access_rules
from epaccs.access.actions import event
from epaccs.access.queries import get_standing
from epaccs.access.rules import AccessReason, Permission
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.queries import signing_days
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.changes import record_change
from epaccs.core.db import canonical_json, writing
from epaccs.core.errors import Contradicts, Forbidden, NotFound, RuleBroken, RulesBroken
from epaccs.versions import registry
from epaccs.versions.model import Draft, Edit, Entry, HeldEdit, SectionHead, SectionVersion
from epaccs.versions.registry import (
    CONFIRM,
    RESOLVE,
    Applied,
    Body,
    Context,
    EditRequest,
    FromTablet,
    Kind,
    Section,
)
from epaccs.versions.rules import (
    Decision,
    Outcome,
    Position,
    Stamp,
    Standing,
    Value,
    Why,
    check_compared_by_another,
    copier_of,
    decide,
    find_copied_at,
    find_unchecked,
    is_in_future,
    mark_compared,
    provenance,
)
from epaccs.versions.seen import NEVER, Seen, UnknownBase, check_as_seen, check_may_ever, context_of_edit, find_seen


class OtherWords(RuleBroken):
    """The same edit came before, and said something else."""


def apply_edit(actor: Actor, request: EditRequest) -> Applied:
    """Apply, merge or hold one edit; nothing written down is lost, no decision is silently replaced.

    Raises:
        NotFound: no such entry, section or kind for this author.
        Forbidden: the author may not make this kind of edit.
        RuleBroken, RulesBroken: a rule refuses it, with the sentence to show; nothing was kept.

    Of a tablet's edit only what was wrong when it was written raises; whatever changed since, it is held.
    """
    section = registry.get_section(request.section)
    is_of_today = request.schema in (None, section.schema)
    request = request if is_of_today else _in_todays_shape(section, request)
    writer = _writer_of(section, request.kind)
    body, is_read = (writer.load(request.body), True) if is_of_today else _load_if_it_can(writer, request)
    with writing() as session:
        entry = _lock_entry(session, request, creates=writer.creates_entry)
        earlier = _find_earlier(session, actor, request, body)
        if earlier is not None:
            return earlier
        heads = _heads(session, request.entry_id)
        context = _context(heads, actor, request)
        work = _Work(session, section, request, body, context, heads.get(section.name), is_of_today, is_read)
        if request.tablet is None:
            _check_authority(actor, request.entry_id, writer)
            applied = _apply(work, writer)
        else:
            applied = _apply_or_hold(work, writer, request.tablet)
        _record(session, actor, entry, request, applied, context)
        for consequence in registry.consequences():
            consequence(actor, request, applied)
    return applied


def _writer_of(section: Section, kind: str) -> Kind:
    if kind == RESOLVE:
        return Kind(Permission.SETTLE_DISPUTE, load=_load_resolution, online_only=True)
    if kind == CONFIRM:
        return Kind(next(iter(section.kinds.values())).permission, load=_load_nothing)
    return section.get_kind(kind)


def _in_todays_shape(section: Section, request: EditRequest) -> EditRequest:
    """An edit of another program as today's would make it; where no way leads there, as it is."""
    shaped = section.upcast(request.kind, request.body, request.schema or section.schema)
    return replace(request, kind=shaped[0], body=shaped[1], schema=None) if shaped else request


def _load_if_it_can(writer: Kind, request: EditRequest) -> tuple[Body, bool]:
    """The body, and whether it can be read: what another program wrote is no fault inside it (hazard H-50)."""
    if request.schema is not None:
        return request.body, False
    try:
        return writer.load(request.body), True
    except (RuleBroken, RulesBroken):
        return request.body, False


# Locks and repeats


def _lock_entry(session: Session, request: EditRequest, *, creates: bool) -> Entry:
    if creates:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        session.execute(
            insert(Entry).values(id=request.entry_id, created_at=clock.now(), change_number=0).on_conflict_do_nothing()
        )
    entry = session.get(Entry, request.entry_id, with_for_update=True, populate_existing=True)
    if entry is None:
        raise NotFound
    return entry


def _find_earlier(session: Session, actor: Actor, request: EditRequest, body: Body) -> Applied | None:
    """The outcome of the same edit sent before; the same id with other words is refused.

    Of what its author has seen by it no more is said than the log can tell: too little makes their next change wait,
    too much would let it replace what they never saw (hazard H-51).
    """
    edit = session.get(Edit, request.id)
    if edit is None:
        return None
    if edit.body_hash != _body_hash(request, body) or edit.author_id != actor.clinician_id:
        raise OtherWords("This form was sent before with other words. Open it again and enter the change.")
    held = session.get(HeldEdit, request.id)
    log.record(event(actor, EventKind.EDIT_REPLAYED, entry_id=request.entry_id, edit_id=request.id))
    standing = Standing(held.standing) if held else None
    outcome, version = Outcome(edit.outcome), edit.section_version
    is_seen = outcome is not Outcome.HELD and version == edit.base_version + 1
    seen_version = version if is_seen else edit.base_version
    return Applied(edit.id, outcome, version, standing, replayed=True, seen_version=seen_version)


def _body_hash(request: EditRequest, body: Body) -> str:
    said = [str(request.entry_id), request.section, request.kind, body, request.base_version]
    said += ["from paper"] if request.is_from_paper else []
    return hashlib.sha256(canonical_json(said).encode()).hexdigest()


def _check_authority(actor: Actor, entry_id: UUID, kind: Kind, *, given: AccessReason | None = None) -> None:
    """Whether the author may do this to this person now; `given`: the reason that came with it from a tablet."""
    if kind.permission is Permission.REGISTER:
        facts = access_rules.facts_of_role(actor.role, may_sign=actor.may_sign)
        access_rules.check(Permission.REGISTER, facts, role=actor.role)
        return
    get_standing(actor, entry_id, kind.permission, given=given)


def _context(heads: Mapping[str, SectionHead], actor: Actor, request: EditRequest) -> Context:
    return Context(
        actor=actor,
        edit_id=request.id,
        entry_id=request.entry_id,
        now=clock.now(),
        today=clock.today(),
        values={name: head.value for name, head in heads.items()},
        disputed=frozenset(name for name, head in heads.items() if head.disputed),
        decided_at=request.decided_at,
        signing_days=signing_days(actor.clinician_id),
    )


def _heads(session: Session, entry_id: UUID) -> dict[str, SectionHead]:
    """Every section of the person; the entry's lock already keeps other writers out."""
    rows = session.scalars(
        select(SectionHead)
        .where(SectionHead.entry_id == entry_id)
        .order_by(SectionHead.section)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {head.section: head for head in rows}


# An ordinary edit


@dataclass(frozen=True)
class _Work:
    """What every step of one edit needs.

    `head`: the section as it stands, under lock; None: nothing recorded yet. `is_of_today`: it has the shape that the
    section has now; `is_read`: it could be read in that shape. `copied_by`: who copied from paper what an accepted edit
    asks for; None: as the request says.
    """

    session: Session
    section: Section
    request: EditRequest
    body: Body
    context: Context
    head: SectionHead | None
    is_of_today: bool = True
    is_read: bool = True
    copied_by: Value | None = None

    @property
    def version(self) -> int:
        """The section's version now; 0: nothing recorded yet."""
        return self.head.version if self.head else 0


def _apply(work: _Work, kind: Kind) -> Applied:
    match work.request.kind:
        case "resolve":
            return _resolve(work)
        case "confirm":
            return _confirm(work)
        case _:
            return _decide_and_keep(work, kind)


def _decide_and_keep(work: _Work, kind: Kind) -> Applied:
    position = _position(work)
    base = position.current if kind.independent else position.base
    proposed = kind.reduce(base, work.body, work.context)
    decision = decide(position, proposed, critical=work.section.critical, independent=kind.independent)
    if decision.outcome is Outcome.HELD:
        why = Why.DISPUTED if position.disputed and not position.is_stale else Why.CHANGED
        return _hold(work, kind, why=why)
    applied = _keep(work, decision)
    is_seen = decision.outcome is Outcome.SAME or applied.section_version == position.base_version + 1
    return replace(applied, seen_version=applied.section_version if is_seen else work.request.base_version)


def _position(work: _Work) -> Position:
    head, seen = work.head, _seen(work)
    return Position(
        version=work.version,
        base_version=seen.version,
        disputed=head.disputed if head else bool(_open_edits(work)),
        current=head.value if head else None,
        base=seen.value,
    )


def _seen(work: _Work) -> Seen:
    return find_seen(work.session, work.section, work.request, work.context, head=work.head)


# An edit that a tablet brings


def _apply_or_hold(work: _Work, kind: Kind, tablet: FromTablet) -> Applied:
    """Refuse what was wrong when it was written, hold whatever has changed since, apply the rest.

    Source: docs/offline.md, "Refused or held"; hazards H-50 and H-51.
    """
    if not kind.is_offline:
        raise RuleBroken("Do this on the register itself: it is not taken from a tablet")
    check_may_ever(work.context.actor, kind)
    why, seen = _find_seen_or_why(work)
    if work.request.kind != CONFIRM and not _is_right_as_seen(work, kind, seen):
        return _wait(work, kind, Why.UNKNOWN_BASE if work.is_of_today else Why.OTHER_PROGRAM)
    why = why or _find_why(work, kind, tablet)
    if why is not None:
        return _wait(work, kind, why)
    try:
        with work.session.begin_nested():
            return _apply(work, kind)
    except (RuleBroken, RulesBroken) as error:
        return _wait(work, kind, Why.CONTRADICTS if isinstance(error, Contradicts) else Why.CHANGED)


def _is_right_as_seen(work: _Work, kind: Kind, seen: Seen) -> bool:
    """Whether an edit could be made on what its author saw.

    What another program let pass is for a person to look at, and so is what was made before the register was restored:
    nobody knows now what its author saw.

    Raises:
        RuleBroken, RulesBroken: it could not, and a program of today would have said so.

    Source: docs/offline.md, "Refused or held"; hazard H-50.
    """
    if not work.is_read:
        return False
    try:
        check_as_seen(work.section, kind, _loaded(work), work.context, seen=seen)
    except (RuleBroken, RulesBroken):
        if work.is_of_today and not _is_of_another_history(work, seen):
            raise
        return False
    return True


def _is_of_another_history(work: _Work, seen: Seen) -> bool:
    return seen.version == NEVER and work.request.tablet is not None and work.request.tablet.shared_until is not None


def _find_seen_or_why(work: _Work) -> tuple[Why | None, Seen]:
    """What the author had before them; where the register does not know it, it is judged on what stands now."""
    try:
        return None, _seen(work)
    except UnknownBase:
        return Why.UNKNOWN_BASE, Seen(NEVER, work.head.value if work.head else None)


def _wait(work: _Work, kind: Kind, why: Why) -> Applied:
    """Hold an edit; a confirmation that cannot be taken as one confirms nothing, and there is nothing to settle."""
    if work.request.kind != CONFIRM:
        return _hold(work, kind, why=why)
    _log_edit(work, Outcome.SAME, work.version)
    return Applied(work.request.id, Outcome.SAME, work.version, seen_version=work.request.base_version)


def _loaded(work: _Work) -> EditRequest:
    return replace(work.request, body=work.body)


def _find_why(work: _Work, kind: Kind, tablet: FromTablet) -> Why | None:
    """What is known against applying an edit before anybody has looked at what it says; None: nothing."""
    if tablet.hold is not None:
        return tablet.hold
    if is_in_future(work.request.decided_at, now=work.context.now):
        return Why.CLOCK
    try:
        _check_authority(work.context.actor, work.request.entry_id, kind, given=tablet.reason)
    except (NotFound, Forbidden):
        return Why.AUTHORITY
    return None


def _keep(work: _Work, decision: Decision) -> Applied:
    """Keep the decided value as the next version, after every rule has seen it."""
    version = work.version
    if decision.value is not None:
        _check_value(work, decision.value)
        version += 1
        _write_version(work, decision.value, version)
    _log_edit(work, decision.outcome, version)
    return Applied(work.request.id, decision.outcome, version)


def _check_value(work: _Work, value: Value) -> None:
    work.section.check(value, work.context)
    after = {**work.context.values, work.section.name: value}
    is_settled = work.request.kind == RESOLVE  # with a reason, which answers for both
    registry.check_across(after, work.section.name, work.body, work.context, is_answered=is_settled)


def _write_version(work: _Work, value: Value, version: int) -> None:
    head, context = work.head, work.context
    before = (head.value, head.provenance) if head else (None, {})
    row = build_version_row(work.request, context, value, version=version, before=before, copied_by=work.copied_by)
    work.session.add(SectionVersion(**row))
    copied_at = find_copied_at(value, row["provenance"])
    if head is None:
        work.session.add(SectionHead(**row, disputed=bool(_open_edits(work)), copied_at=copied_at))
    else:
        for name, part in row.items():
            setattr(head, name, part)
        head.confirmed_at, head.confirmed_by, head.copied_at = None, None, copied_at
    work.session.flush()
    work.section.project(work.session, work.request.entry_id, value, context)


def build_version_row(
    request: EditRequest,
    context: Context,
    value: Value,
    *,
    version: int,
    before: tuple[Value | None, Mapping[str, Any]],
    copied_by: Value | None = None,
) -> dict[str, Any]:
    """A new version of a section, as a row.

    Args:
        before: the value and who said what of it until now; None and nothing: it is the first.
        copied_by: who copied from paper what an accepted edit asked for; None: as the request says.
    """
    actor = context.actor
    if request.is_from_paper:
        copied_by = copier_of(author_of(actor), context.now)
    stamp = Stamp(actor.name, str(actor.role), actor.organisation_name, context.now)
    return {
        "entry_id": request.entry_id,
        "section": request.section,
        "version": version,
        "value": value,
        "provenance": provenance(before[0], value, before[1], stamp, copied_by),
        "edit_id": request.id,
        "recorded_at": context.now,
    }


def _log_edit(work: _Work, outcome: Outcome, version: int, *, compares: bool = False) -> None:
    row = build_edit_row(work.request, work.context, work.body, outcome=outcome, version=version)
    row["is_from_paper"] |= compares
    work.session.add(Edit(**row, schema=work.request.schema or work.section.schema))
    work.session.flush()


def build_edit_row(
    request: EditRequest, context: Context, body: Body, *, outcome: Outcome, version: int
) -> dict[str, Any]:
    """An edit in the log, as a row; the version of its section's schema stands beside it."""
    actor, tablet = context.actor, request.tablet
    return {
        "id": request.id,
        "entry_id": request.entry_id,
        "section": request.section,
        "kind": request.kind,
        "base_version": request.base_version,
        "after_id": request.after_id,
        "body": body,
        "body_hash": _body_hash(request, body),
        "decided_at": request.decided_at,
        "received_at": context.now,
        "author_id": actor.clinician_id,
        "author": author_of(actor),
        "organisation_id": actor.organisation_id,
        "outcome": str(outcome),
        "section_version": version,
        "is_from_paper": request.is_from_paper,
        "recorded_at_device": tablet.recorded_at if tablet else None,
        "clock_offset_ms": tablet.clock_offset_ms if tablet else None,
        "device_id": tablet.device_id if tablet else None,
        "device_sequence": tablet.sequence if tablet else None,
        "signature": tablet.signature if tablet else None,
    }


def author_of(actor: Actor) -> dict[str, Any]:
    """The author as they were when they wrote: kept with the edit, because people change roles."""
    return {
        "name": actor.name,
        "role": str(actor.role),
        "professional_number": actor.professional_number,
        "organisation_id": str(actor.organisation_id),
        "organisation_name": actor.organisation_name,
        "organisation_type": str(actor.organisation_type),
        "organisation_ods": actor.organisation_ods,
        "clinician_id": str(actor.clinician_id),
        "may_sign": actor.may_sign,
    }


# Holding and settling


def _hold(work: _Work, kind: Kind, *, why: Why) -> Applied:
    head, version = work.head, work.version
    _log_edit(work, Outcome.HELD, version)
    work.session.add(
        HeldEdit(
            edit_id=work.request.id,
            entry_id=work.request.entry_id,
            section=work.section.name,
            severity=str(kind.severity(work.body, head.value if head else None)),
            why=str(why),
            held_at=work.context.now,
            standing=str(Standing.OPEN),
        )
    )
    if head is not None:
        head.disputed = True
    work.session.flush()
    return Applied(work.request.id, Outcome.HELD, version, Standing.OPEN, seen_version=work.request.base_version)


def _load_nothing(_body: Body) -> Body:
    return {}


def _load_resolution(body: Body) -> Body:
    if body.get("choice") not in ("keep", "accept", "new"):
        raise RuleBroken("Choose which side stands", field="choice")
    if not str(body.get("reason", "")).strip():
        raise RuleBroken("Say why this side stands", field="reason")
    return body


def _resolve(work: _Work) -> Applied:
    """Settle every open edit of the section at once; one more that came meanwhile makes this one wait too."""
    open_edits = _open_edits(work)
    if not open_edits:
        raise RuleBroken("Somebody has settled this already. Open the record again.")
    if {str(held.edit_id) for held in open_edits} != set(work.body["edit_ids"]):
        return _hold(work, _writer_of(work.section, RESOLVE), why=Why.OTHERS_ARRIVED)
    accepted, value = _resolved_value(work, open_edits)
    head, work = work.head, replace(work, copied_by=_copier_of_accepted(work, accepted))
    for held in open_edits:
        held.standing = str(Standing.ACCEPTED if str(held.edit_id) == accepted else Standing.REJECTED)
        held.settled_at, held.settled_by_edit_id = work.context.now, work.request.id
    if head is not None:
        head.disputed = False
    return _keep(work, Decision(Outcome.APPLIED, None if head and value == head.value else value))


def _copier_of_accepted(work: _Work, accepted: str | None) -> Value | None:
    """Who copied the accepted edit from paper: accepting it compares it with nothing."""
    edit = work.session.get(Edit, UUID(accepted)) if accepted else None
    return copier_of(edit.author, edit.received_at) if edit and edit.is_from_paper else None


def _open_edits(work: _Work) -> list[HeldEdit]:
    return list(
        work.session.scalars(
            select(HeldEdit)
            .where(
                HeldEdit.entry_id == work.request.entry_id,
                HeldEdit.section == work.section.name,
                HeldEdit.standing == str(Standing.OPEN),
            )
            .order_by(HeldEdit.held_at)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _resolved_value(work: _Work, open_edits: list[HeldEdit]) -> tuple[str | None, Value | None]:
    """Which held edit was accepted, if one, and the value that stands."""
    body, context = work.body, work.context
    match body["choice"]:
        case "keep":
            return None, context.values.get(work.section.name)
        case "accept":
            chosen = next((held for held in open_edits if str(held.edit_id) == body.get("accepted_id")), None)
            edit = work.session.get(Edit, chosen.edit_id) if chosen else None
            if edit is None or edit.kind in (RESOLVE, CONFIRM):
                raise RuleBroken("Choose which side stands", field="choice")
            if chosen and chosen.why == Why.OTHER_PROGRAM:
                raise RuleBroken(
                    "This cannot be taken as it is. Keep the other side, and enter it again", field="choice"
                )
            return str(edit.id), _accepted_value(work, edit)
        case _:
            return None, _as_if_now(work.section, body["kind"], body["body"], context, None)


def _accepted_value(work: _Work, edit: Edit) -> Value:
    """What an accepted edit makes of the value now; what another section says against it is answered by the reason."""
    kind, body = work.section.upcast(edit.kind, edit.body, edit.schema) or (edit.kind, edit.body)
    try:
        return _as_if_now(work.section, kind, body, work.context, edit)
    except Contradicts as error:
        if error.field is None:
            raise
        answered = {**body, error.field: work.body["reason"]}
        return _as_if_now(work.section, kind, answered, work.context, edit)


def _as_if_now(section: Section, kind_name: str, body: Body, context: Context, edit: Edit | None) -> Value:
    """What an edit makes of the value as it is now, accepted or newly made by the person who settles."""
    kind = section.get_kind(kind_name)
    if not kind.independent:
        get_standing(context.actor, context.entry_id, kind.permission)
    loaded = body if edit is not None else kind.load(body)
    return kind.reduce(context.values.get(section.name), loaded, context_of_edit(edit, context) if edit else context)


def _confirm(work: _Work) -> Applied:
    """Somebody looked and says it is still right; on a stale base, or during a dispute, that confirms nothing.

    Of what was copied from paper it says that they compared it with the paper: somebody else than who copied it.
    """
    head = work.head
    if head is None:
        raise RuleBroken("There is nothing recorded here to confirm")
    outcome, unchecked = Outcome.SAME, []
    if head.version == work.request.base_version and not head.disputed:
        actor, now = work.context.actor, work.context.now
        unchecked = find_unchecked(head.value, head.provenance)
        check_compared_by_another(unchecked, str(actor.clinician_id))
        outcome, said = Outcome.CONFIRMED, Stamp(actor.name, str(actor.role), actor.organisation_name, now).to_value()
        head.confirmed_at, head.confirmed_by = now, said
        head.provenance = mark_compared(head.provenance, str(actor.clinician_id), said)
        head.copied_at = find_copied_at(head.value, head.provenance)
    _log_edit(work, outcome, head.version, compares=bool(unchecked))
    return Applied(work.request.id, outcome, head.version, seen_version=work.request.base_version)


# After the edit


def _record(
    session: Session, actor: Actor, entry: Entry, request: EditRequest, applied: Applied, context: Context
) -> None:
    if applied.outcome is not Outcome.SAME:
        change = record_change(
            session,
            entry_id=request.entry_id,
            section=request.section,
            what=RESOLVE if request.kind == RESOLVE and not applied.is_held else str(applied.outcome),
            recorded_at=context.now,
            author=(request.id, actor.organisation_id),
        )
        entry.change_number = change.number
    session.execute(delete(Draft).where(Draft.id == request.id))  # what was drafted under this number is sent now
    kind = EventKind.EDIT_HELD if applied.outcome is Outcome.HELD else EventKind.EDITED
    if request.kind == RESOLVE and applied.outcome is not Outcome.HELD:
        kind = EventKind.DISPUTE_SETTLED
    log.record(
        event(
            actor,
            kind,
            entry_id=request.entry_id,
            section=request.section,
            edit_kind=request.kind,
            outcome=str(applied.outcome),
            version=applied.section_version,
            edit_id=request.id,
        )
    )


def settle(actor: Actor, request: EditRequest, *, side: str, reason: str, seen: Sequence[str]) -> Applied:
    """Say which side of a dispute stands; a resolution is itself an edit.

    Args:
        request: of which entry, section and version.
        side: "keep", or the id of the held edit that stands.
        reason: why; it is kept.
        seen: the ids of every held edit that the settler saw.
    """
    choice = {"choice": "keep"} if side == "keep" else {"choice": "accept", "accepted_id": side}
    body = {**choice, "edit_ids": sorted(seen), "reason": reason}
    return apply_edit(actor, replace(request, kind=RESOLVE, body=body))


# Drafts


def save_draft(actor: Actor, draft_id: UUID, *, entry_id: UUID, section: str, body: Body) -> None:
    """Keep unfinished work for the author's own team; it changes nothing of the record."""
    kind = next(iter(registry.get_section(section).kinds.values()))
    with writing() as session:
        get_standing(actor, entry_id, kind.permission)
        draft = session.get(Draft, draft_id) or Draft(id=draft_id, entry_id=entry_id, section=section)
        if draft.organisation_id not in (None, actor.organisation_id):
            raise NotFound
        draft.organisation_id, draft.clinician_id = actor.organisation_id, actor.clinician_id
        draft.author_name, draft.body, draft.saved_at = actor.name, body, clock.now()
        session.add(draft)
        log.record(event(actor, EventKind.EDITED, entry_id=entry_id, section=section, edit_kind="draft"))


def discard_draft(actor: Actor, draft_id: UUID) -> None:
    """Throw unfinished work of the own team away.

    Raises:
        NotFound: there is none of this team.
    """
    with writing() as session:
        draft = session.get(Draft, draft_id)
        if draft is None or draft.organisation_id != actor.organisation_id:
            raise NotFound
        session.delete(draft)
        log.record(event(actor, EventKind.EDITED, entry_id=draft.entry_id, section=draft.section, edit_kind="discard"))
