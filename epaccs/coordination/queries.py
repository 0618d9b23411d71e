"""Which homes a reader goes to, whom their team looks after, and what they may see of those on one list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from epaccs.access.actions import record_list_viewed
from epaccs.access.queries import Standing, find_standing
from epaccs.access.rules import Permission, Tier, check_role
from epaccs.clinicians.rules import Actor
from epaccs.coordination.rules import MOST_ON_A_LIST, Place, Resident, Round, build_resident, build_round
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


def get_place(actor: Actor, place_id: UUID) -> Place:
    """What a list is of: a care home, or the reader's own team.

    Raises:
        NotFound: no care home that shares the register has this id, and the reader does not work there.
        Forbidden: the role goes on no rounds.
    """
    check_role(Permission.SEE_ROUND, actor.role)
    home = residents.find_home(place_id)
    if home is not None:
        return Place(home.id, home.name)
    if place_id != actor.organisation_id:
        raise NotFound
    return Place(actor.organisation_id, actor.organisation_name, is_team=True)


def find_within_reach(actor: Actor, place: Place) -> list[UUID]:
    """Everybody who belongs on the list and whom the access table gives this reader."""
    return residents.looked_after_by(actor) if place.is_team else residents.residents_of(actor, place.id)


def find_unopened(actor: Actor, within_reach: Sequence[UUID]) -> list[UUID]:
    """Those for whom no reason was given in this session."""
    return [one for one in within_reach if _opened(actor, one) is None]


def get_round(
    actor: Actor, place_id: UUID, *, site: Site, at: datetime | None = None, for_paper: bool = False
) -> Round:
    """The list of one home or team as it is now. Whoever shows it records it first.

    Args:
        at: the moment that it says it is from; None: now.
        for_paper: without what is from or about somebody else (hazard H-41).

    Raises:
        NotFound, Forbidden: as `get_place`.
    """
    place, now = get_place(actor, place_id), at or clock.now()
    within_reach = find_within_reach(actor, place)
    if len(within_reach) > MOST_ON_A_LIST:
        return Round(place, now, (), (), too_many=len(within_reach))
    opened = {one: standing for one in within_reach if (standing := _opened(actor, one)) is not None}
    return build_round(
        place,
        as_at=now,
        residents=_lines(opened, site, place, now, for_paper=for_paper),
        unopened=[one for one in within_reach if one not in opened],
    )


def _opened(actor: Actor, entry_id: UUID) -> Standing | None:
    """How the reader stands to somebody whose card is open to them; None: it is not.

    Source: hazards H-05 and H-61.
    """
    standing = find_standing(actor, entry_id)
    return standing if standing is not None and standing.can(Permission.VIEW_CARD) else None


def _lines(opened: dict[UUID, Standing], site: Site, place: Place, now: datetime, *, for_paper: bool) -> list[Resident]:
    """A line for each, in a handful of reads however many there are."""
    by_audience: dict[frozenset[Tier], list[UUID]] = defaultdict(list)
    for entry_id, standing in opened.items():
        by_audience[standing.tiers].append(entry_id)
    summaries = {
        key: one
        for tiers, ids in by_audience.items()
        for key, one in find_summaries(ids, tiers, for_paper=for_paper).items()
    }
    ids = list(opened)
    namesakes, tasks, due = find_with_namesake(ids), tasks_about(ids), reviews_due(ids)
    today = clock.today()
    return [
        build_resident(
            entry_id,
            build_card(summary, now=now, copy_left_at=now, site=site, has_namesake=entry_id in namesakes),
            tasks=tasks.get(entry_id, ()),
            review_due_on=due.get(entry_id),
            today=today,
            says_home=place.is_team,
        )
        for entry_id, summary in summaries.items()
    ]
