"""Which homes a reader goes to, and what they may see of the residents of one."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from epaccs.access.actions import record_list_viewed
from epaccs.access.queries import Standing, find_standing
from epaccs.access.rules import Permission, Tier, check_role
from epaccs.clinicians.rules import Actor
from epaccs.coordination.rules import Resident, Round, build_resident, build_round
from epaccs.core import clock
from epaccs.core.errors import NotFound
from epaccs.notices.queries import tasks_about
from epaccs.record.queries import residents
from epaccs.record.queries.residents import Home
from epaccs.record.queries.summaries import find_summaries, find_with_namesake
from epaccs.record.rules.card import Site, build_card
from epaccs.register.queries import reviews_due


def homes_of(actor: Actor) -> list[Home]:
    """The homes in which somebody lives whom the reader may see; the list is recorded, with its length."""
    check_role(Permission.SEE_ROUND, actor.role)
    homes = residents.homes_of(actor)
    record_list_viewed(actor, list_name="homes", count=len(homes))
    return homes


def get_home(actor: Actor, home_id: UUID) -> Home:
    """The home that a round goes to.

    Raises:
        NotFound: no care home that shares the register has this id.
        Forbidden: the role goes on no rounds.
    """
    check_role(Permission.SEE_ROUND, actor.role)
    home = residents.find_home(home_id)
    if home is None:
        raise NotFound
    return home


def find_unopened(actor: Actor, home_id: UUID) -> list[UUID]:
    """The residents within reach for whom no reason was given in this session."""
    return [one for one in residents.residents_of(actor, home_id) if _opened(actor, one) is None]


def get_round(actor: Actor, home_id: UUID, *, site: Site) -> Round:
    """The list of one home as it is now. Whoever shows it records it first.

    Raises:
        NotFound, Forbidden: as `get_home`.
    """
    home = get_home(actor, home_id)
    within_reach = residents.residents_of(actor, home_id)
    opened = {one: standing for one in within_reach if (standing := _opened(actor, one)) is not None}
    now = clock.now()
    return build_round(
        (home.id, home.name),
        as_at=now,
        residents=_lines(opened, site),
        unopened=[one for one in within_reach if one not in opened],
    )


def _opened(actor: Actor, entry_id: UUID) -> Standing | None:
    """How the reader stands to somebody whose card is open to them; None: it is not.

    Source: hazards H-05 and H-61.
    """
    standing = find_standing(actor, entry_id)
    return standing if standing is not None and standing.can(Permission.VIEW_CARD) else None


def _lines(opened: dict[UUID, Standing], site: Site) -> list[Resident]:
    """A line for each, in a handful of reads however many there are."""
    by_audience: dict[frozenset[Tier], list[UUID]] = defaultdict(list)
    for entry_id, standing in opened.items():
        by_audience[standing.tiers].append(entry_id)
    summaries = {key: one for tiers, ids in by_audience.items() for key, one in find_summaries(ids, tiers).items()}
    ids = list(opened)
    namesakes, tasks, due = find_with_namesake(ids), tasks_about(ids), reviews_due(ids)
    now, today = clock.now(), clock.today()
    return [
        build_resident(
            entry_id,
            build_card(summary, now=now, copy_left_at=now, site=site, has_namesake=entry_id in namesakes),
            tasks=tasks.get(entry_id, ()),
            review_due_on=due.get(entry_id),
            today=today,
        )
        for entry_id, summary in summaries.items()
    ]
