"""Observations as a section of the one writer: who may say what, and who is told when something is said to be wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from epaccs.access.rules import Permission
from epaccs.core.errors import RuleBroken
from epaccs.notices.actions import About, Desk, SessionDesk
from epaccs.notices.rules import NoticeKind
from epaccs.observations import rules
from epaccs.observations.rules import OBSERVATIONS, What
from epaccs.observations.schema import FOR_TONIGHT, LABEL, SCHEMAS, TIER, LineSchema, line_loader
from epaccs.versions.registry import Body, Context, Kind, Section
from epaccs.versions.rules import CARRY, ITEMS, Value, put_item
from epaccs.versions.schema import describer

#: Whoever reads a card may say that it looks wrong; whoever may change the plan can say what came of it.
PERMISSIONS: dict[What, Permission] = {
    What.USED: Permission.OBSERVE,
    What.NOT_RELEVANT: Permission.OBSERVE,
    What.WRONG: Permission.VIEW_CARD,
    What.HAPPENED: Permission.OBSERVE,
    What.SETTLED: Permission.EDIT_PLAN,
}


def _reduce(what: What) -> Callable[[Value | None, Body, Context], Value]:
    def reduce(base: Value | None, body: Body, context: Context) -> Value:
        said_at = rules.moment_of(context.decided_at, context.now)
        line: dict[str, Any] = {**body["item"], "what": str(what), "observed_at": said_at.isoformat()}
        if what is What.SETTLED:
            line["part"] = rules.check_is_open(base, line["about"]).part or None
        return put_item(base, str(context.edit_id), line)

    return reduce


def _load_carried(body: Body) -> Body:
    """The lines of another entry of the same person, under the ids that they have there."""
    lines = body.get(ITEMS)
    if set(body) != {ITEMS} or not isinstance(lines, dict) or not lines:
        raise RuleBroken("There is nothing to carry")
    return body


def _carry_lines(base: Value | None, body: Body, _context: Context) -> Value:
    """Each line as it was said, with its time; one that is here already stays as it is."""
    return {**(base or {}), ITEMS: {**body[ITEMS], **(base or {}).get(ITEMS, {})}}


def project(session: Session, _entry_id: UUID, value: Value, context: Context) -> None:
    """Notices to whoever must look."""
    notice_observation(SessionDesk(session), value, context)


def notice_observation(desk: Desk, value: Value, context: Context) -> None:
    """What is said to be wrong becomes the task of the usual practice and the key worker's organisation, until settled.

    Source: hazard H-52.
    """
    before, after = context.values.get(OBSERVATIONS), value
    still_open = {_about(one.part) for one in rules.find_open(after)}
    for line in _new_lines(before, after):
        part = line.get("part", "")
        if line["what"] == What.WRONG:
            severity = str(rules.severity_of(part, is_for_tonight=part in FOR_TONIGHT))
            about = About(context.entry_id, NoticeKind.LOOKS_WRONG, _about(part), context.edit_id, severity=severity)
            desk.notify_accountable(about)
        if line["what"] == What.SETTLED and _about(part) not in still_open:
            desk.end(entry_id=context.entry_id, kinds=[NoticeKind.LOOKS_WRONG], section=_about(part))


def _about(part: str) -> str:
    """What a notice names: the section, or where it is said that something looks wrong."""
    return part or OBSERVATIONS


def _new_lines(before: Value | None, after: Value) -> Iterator[Value]:
    known = (before or {}).get(ITEMS, {})
    return (line for key, line in after[ITEMS].items() if key not in known)


OBSERVATIONS_SECTION = Section(
    OBSERVATIONS,
    LABEL,
    TIER,
    critical=False,
    kinds={
        str(what): Kind(permission, line_loader(SCHEMAS[what]), _reduce(what), independent=True)
        for what, permission in PERMISSIONS.items()
    }
    | {CARRY: Kind(Permission.REMOVE, _load_carried, _carry_lines, independent=True, online_only=True)},
    project=project,
    describe=describer(None, LineSchema),
)
