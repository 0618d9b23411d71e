"""What was said of a record after visits and calls, whole, with what of it waits to be settled."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from epaccs.access.queries import get_standing
from epaccs.access.rules import Permission
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.errors import NotFound
from epaccs.observations.rules import OBSERVATIONS, What, find_open
from epaccs.observations.section import PERMISSIONS
from epaccs.record.declared import sights
from epaccs.record.rules.whole import Group, Reading, build_sections
from epaccs.register.queries import is_restricted_now
from epaccs.versions.queries import find_recorded
from epaccs.versions.rules import Material


@dataclass(frozen=True)
class Observations:
    """Every line that this reader sees, the newest first.

    `waiting`: the lines that say that something is wrong, and nobody settled it. `can_settle`: this reader may say what
    came of it.
    """

    entry_id: UUID
    lines: tuple[Group, ...]
    waiting: frozenset[str]
    can_settle: bool


def get_observations(actor: Actor, entry_id: UUID) -> Observations:
    """What was said, as far as this reader sees it; nothing where they see only the card.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    standing = get_standing(actor, entry_id, Permission.VIEW_RECORD)
    recorded = find_recorded(entry_id, OBSERVATIONS)
    of_section = {OBSERVATIONS: recorded} if recorded else {}
    reading = Reading(standing.tiers, {}, clock.today(), restricted=is_restricted_now(entry_id), log_length=None)
    shown = build_sections(Material(entry_id, of_section, ()), reading, {OBSERVATIONS: sights()[OBSERVATIONS]})
    return Observations(
        entry_id,
        shown[0].groups if shown else (),
        frozenset(one.line_id for one in find_open(recorded.value if recorded else None)),
        can_settle=standing.can(Permission.EDIT_PLAN),
    )


def get_wrong(actor: Actor, entry_id: UUID, line_id: UUID) -> Group:
    """A line that said that something is wrong, for whoever may settle it.

    Raises:
        NotFound, Forbidden: as `access` says; or there is no such line.
    """
    page = get_observations(actor, entry_id)
    get_standing(actor, entry_id, Permission.EDIT_PLAN)
    for line in page.lines:
        if line.id == str(line_id):
            return line
    raise NotFound


def check_may_say(actor: Actor, entry_id: UUID, what: What) -> None:
    """Whether this reader may say this of this person.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    get_standing(actor, entry_id, PERMISSIONS[what])
