"""Change the CPR decision of one person; there is no path for more than one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from epaccs.clinicians.rules import Actor
from epaccs.core.db import writing
from epaccs.core.errors import RuleBroken
from epaccs.cpr_decisions.notices import leave_late_notices
from epaccs.cpr_decisions.rules import CPRState, Decision, EditKind, build_amendment, find_located
from epaccs.cpr_decisions.section import CPR, notice_move
from epaccs.notices.actions import SessionDesk
from epaccs.versions.actions import apply_edit, discard_draft, save_draft
from epaccs.versions.queries import find_recorded, find_values_after, material
from epaccs.versions.registry import Applied, EditRequest
from epaccs.versions.rules import Outcome


def change(
    actor: Actor, edit_id: UUID, *, entry_id: UUID, kind: EditKind, body: Mapping[str, Any], base_version: int
) -> Applied:
    """Sign, propose, report, cancel, void, review … one edit of the section.

    Raises:
        NotFound, Forbidden, RuleBroken, RulesBroken: as `apply_edit` and the rules of CPR decisions say.
    """
    decided_at = clinical_time(body)
    return apply_edit(
        actor, EditRequest(edit_id, entry_id, CPR, str(kind), dict(body), base_version, decided_at=decided_at)
    )


def keep_draft(actor: Actor, draft_id: UUID, *, entry_id: UUID, kind: EditKind, sent: Any) -> None:
    """Keep an unfinished decision, as typed, for the author's team.

    Nobody else sees it, and no signed decision becomes stale by it. The draft has the number of the edit it will be.

    Args:
        sent: what the browser sent: names with their values.
    """
    fields = {name: sent.getlist(name) for name in sent if name not in ("csrf_token", "action")}
    save_draft(actor, draft_id, entry_id=entry_id, section=CPR, body={"kind": str(kind), "fields": fields})


def discard(actor: Actor, draft_id: UUID) -> None:
    """Throw a draft of the own team away."""
    discard_draft(actor, draft_id)


def clinical_time(body: Mapping[str, Any]) -> datetime | None:
    """The clinical time of an edit, for the log; a text that is none is left to the rules to refuse."""
    text = body.get("decided_at") or body.get("said_at") or body.get("reviewed_at")
    try:
        moment = datetime.fromisoformat(text) if text else None
    except (TypeError, ValueError):
        return None
    return moment if moment and moment.tzinfo else None


def answer_move(actor: Actor, edit_id: UUID, *, entry_id: UUID, answers: Mapping[str, Any]) -> Applied | None:
    """Keep what whoever records a move says of the signed form; None: they left it open.

    Args:
        answers: fields of the schema that `build_move_schema` makes.

    Raises:
        RuleBroken: the answer is not whole. Forbidden: the author may not amend the particulars.

    Source: hazard H-44.
    """
    recorded = find_recorded(entry_id, CPR)
    located = find_located(CPRState.from_value(recorded.value if recorded else None))
    body = build_amendment(
        answers.get("original_now"),
        answers.get("original_location") or "",
        known=located.where if located else "",
    )
    if body is None:
        return None
    version = _version_seen(answers.get("original_version") or "")
    return change(actor, edit_id, entry_id=entry_id, kind=EditKind.PARTICULARS_AMENDED, body=body, base_version=version)


def _version_seen(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise RuleBroken("Open the page again: it does not say which version of the CPR decision you saw")
    return int(text)


# What follows changes of other sections, in their transaction


def follow_lifecycle(actor: Actor, request: EditRequest, applied: Applied) -> None:
    """A confirmed death ends the decision in force; its reversal brings it back untouched.

    Source: docs/domain.md, CPR decisions, death; hazard H-25.
    """
    if request.section != "lifecycle" or applied.replayed or applied.outcome is not Outcome.APPLIED:
        return
    match request.kind:
        case "confirm_death":
            _follow(actor, request, EditKind.ENDED_BY_DEATH)
        case "reverse_death":
            _follow(actor, request, EditKind.DEATH_REVERSED)
        case "merge":
            _report_to_survivor(actor, request)
        case _:
            pass


def follow_identity(actor: Actor, request: EditRequest, applied: Applied) -> None:
    """A move that leaves open where the signed form is, asks the practice and the key worker (hazard H-44)."""
    del actor
    if request.section != "identity" or applied.replayed or applied.outcome is not Outcome.APPLIED:
        return
    sections = material(request.entry_id).sections
    values = {name: one.value for name, one in sections.items()}
    with writing() as session:
        notice_move(SessionDesk(session), request, values, at=sections["identity"].recorded_at)


def _follow(actor: Actor, request: EditRequest, kind: EditKind) -> None:
    recorded = find_recorded(request.entry_id, CPR)
    if recorded is None:
        return
    edit_id = uuid5(request.id, str(kind))
    apply_edit(actor, EditRequest(edit_id, request.entry_id, CPR, str(kind), {}, recorded.version))


def _report_to_survivor(actor: Actor, request: EditRequest) -> None:
    """Two records of one person with different decisions: the survivor is told of the other, and is in doubt.

    Source: docs/domain.md, CPR decisions, in doubt; hazard H-13.
    """
    survivor = UUID(request.body["survivor_id"])
    theirs = _in_force(request.entry_id)
    ours = _in_force(survivor)
    if theirs is None or (ours is not None and ours.recommendation == theirs.recommendation):
        return
    recorded = find_recorded(survivor, CPR)
    body = {
        "recommendation": str(theirs.recommendation),
        "decided_at": theirs.decided_at.isoformat(),
        "told_by": theirs.signer.named,
        "told_from": "another record of the same person, merged into this one",
        "original_location": theirs.original_location,
    }
    edit_id = uuid5(request.id, "merged-decision")
    version = recorded.version if recorded else 0
    apply_edit(actor, EditRequest(edit_id, survivor, CPR, str(EditKind.REPORT), body, version))


def _in_force(entry_id: UUID) -> Decision | None:
    recorded = find_recorded(entry_id, CPR)
    return CPRState.from_value(recorded.value).in_force if recorded else None


# Whoever read a copy without signal


def tell_late_reader(session: Session, reader: Actor, *, entry_id: UUID, number: int) -> None:
    """Tell a reader whose look came only now what was found wrong since; within an open action.

    Args:
        number: of the latest change that the copy showed they read.
    """
    seen, recorded = find_values_after(entry_id, number), find_recorded(entry_id, CPR)
    if seen is None or recorded is None:
        return
    then, now = CPRState.from_value(seen.get(CPR)), CPRState.from_value(recorded.value)
    leave_late_notices(SessionDesk(session), then, now, entry_id=entry_id, reader=reader)
