"""What a list on paper is made of, which lists are about, and how many of the lines of one still hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from sqlalchemy import case, func, select

from epaccs.access.rules import Permission, can, check_role, facts_of_role
from epaccs.clinicians.rules import ROLE_LABELS, Actor, Role
from epaccs.coordination import queries as coordination
from epaccs.coordination.rules import Round
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.fields import format_datetime
from epaccs.handover.model import HandoverList, HandoverSheet
from epaccs.handover.rules import PaperList, Printed, SheetStatus, build_site, format_code
from epaccs.record.rules.card import Site
from epaccs.settings import Settings
from epaccs.versions.model import Entry, SectionHead

#: The sections that a line is made of.
_SECTIONS_OF_A_LINE = ("identity", "cpr", "legal")


@dataclass(frozen=True)
class ListContents:
    """What would be printed of a home or team for this reader, read at one moment.

    `change_numbers`: of the last change of each on it. `versions`: person -> section -> version shown.
    """

    found: Round
    change_numbers: Mapping[UUID, int]
    versions: Mapping[UUID, Mapping[str, int]]

    @cached_property
    def restricted(self) -> frozenset[UUID]:
        """Of whom nothing that leads to the door may be told."""
        return frozenset(one.entry_id for one in self.found.residents if one.is_restricted)


def read_list(actor: Actor, place_id: UUID, *, settings: Settings) -> ListContents:
    """The list as it stands now, as paper says it.

    Raises:
        NotFound, Forbidden: as `coordination.queries.get_place`; the role prints nothing.
    """
    check_role(Permission.PRINT_LIST, actor.role)
    place = coordination.get_place(actor, place_id)
    # Read before the records: a change in between makes a number too old, and the list is then made again.
    numbers = _change_numbers(coordination.find_within_reach(actor, place))
    now = clock.now()
    site = build_site(Site(settings.control_telephone, settings.confirmation_hours), now)
    found = coordination.get_round(actor, place_id, site=site, at=now, for_paper=True)
    shown = [one.entry_id for one in found.residents]
    return ListContents(
        found,
        {one: numbers.get(one, 0) for one in sorted(shown)},
        _versions(shown),
    )


def _change_numbers(entry_ids: list[UUID]) -> dict[UUID, int]:
    rows = db.session.execute(select(Entry.id, Entry.change_number).where(Entry.id.in_(entry_ids)))
    return {row.id: row.change_number for row in rows}


def _versions(entry_ids: list[UUID]) -> dict[UUID, dict[str, int]]:
    statement = select(SectionHead.entry_id, SectionHead.section, SectionHead.version).where(
        SectionHead.entry_id.in_(entry_ids), SectionHead.section.in_(_SECTIONS_OF_A_LINE)
    )
    found: dict[UUID, dict[str, int]] = defaultdict(dict)
    for row in db.session.execute(statement):
        found[row.entry_id][row.section] = row.version
    return found


def build_list(
    actor: Actor, contents: ListContents, paper: HandoverList, numbers: Mapping[UUID, str], *, settings: Settings
) -> PaperList:
    """The list of a reserved number; each line with its own."""
    return PaperList(
        code=paper.code,
        found=contents.found,
        lines=[(one, format_code(numbers[one.entry_id])) for one in contents.found.residents],
        printed=Printed(
            name=actor.name,
            role=ROLE_LABELS[actor.role],
            # As on a sheet: whoever prints may work at the practice that must not be told.
            organisation="" if contents.restricted else actor.organisation_name,
            printed_for=paper.printed_for,
        ),
        check_address=f"{settings.public_url}/check/{format_code(paper.code)}",
        is_demo=settings.is_demo,
    )


@dataclass(frozen=True)
class ListOnPaper:
    """One list. `wrong`: so many of its `lines` must not be relied on any more. `is_destroyed`: somebody said so."""

    id: UUID
    organisation_id: UUID
    number: str
    title: str
    printed_at: datetime
    valid_as_at: datetime
    printed_by: str
    printed_for: str
    kept_at: str
    lines: int
    wrong: int
    is_destroyed: bool = False

    @property
    def called(self) -> str:
        """What tells it from the others of the same people."""
        return f"List {self.number}, valid as at {format_datetime(self.valid_as_at)}, for {self.printed_for}"


def find_printed(actor: Actor, list_id: UUID) -> str | None:
    """The number of the list that a form printed already; None: it printed none."""
    paper = db.session.get(HandoverList, list_id, populate_existing=True)
    if paper is None or paper.printed_at is None or paper.organisation_id != actor.organisation_id:
        return None
    return format_code(paper.code)


def find_former(actor: Actor, place_id: UUID) -> list[ListOnPaper]:
    """The lists of a home or team that the actor's organisation printed and nobody says are destroyed, newest first."""
    return _find(
        HandoverList.place_id == place_id,
        HandoverList.organisation_id == actor.organisation_id,
        HandoverSheet.collected_at.is_(None),
    )


def find_checked_list(code: str) -> ListOnPaper | None:
    """What anybody may know of the number of a list; None: no list has it, or none was ever printed."""
    found = _find(HandoverList.code == code)
    return found[0] if found else None


def may_destroy(actor: Actor, paper: ListOnPaper) -> bool:
    """Whether the reader may say that a list is destroyed: where it was printed, whoever prints there."""
    facts = facts_of_role(actor.role, may_sign=actor.may_sign)
    return paper.organisation_id == actor.organisation_id and can(Permission.PRINT_LIST, facts)


def _find(*conditions: object) -> list[ListOnPaper]:
    wrong = func.sum(case((HandoverSheet.status != str(SheetStatus.CURRENT), 1), else_=0))
    statement = (
        select(
            HandoverList,
            func.count().label("lines"),
            wrong.label("wrong"),
            func.count(HandoverSheet.collected_at).label("destroyed"),
        )
        .join(HandoverSheet, HandoverSheet.list_id == HandoverList.id)
        .where(HandoverSheet.printed_at.is_not(None), *conditions)  # type: ignore[arg-type]
        .group_by(HandoverList.id)
        .order_by(HandoverList.printed_at.desc())
    )
    rows = db.session.execute(statement)
    return [_as_list(row.HandoverList, row.lines, row.wrong, is_destroyed=row.destroyed == row.lines) for row in rows]


def _as_list(paper: HandoverList, lines: int, wrong: int, *, is_destroyed: bool) -> ListOnPaper:
    if paper.printed_at is None or paper.valid_as_at is None:
        raise ValueError("A list with printed lines was printed")
    by = paper.printed_by
    return ListOnPaper(
        id=paper.id,
        organisation_id=paper.organisation_id,
        number=format_code(paper.code),
        title=paper.title,
        printed_at=paper.printed_at,
        valid_as_at=paper.valid_as_at,
        printed_by=", ".join((by["name"], ROLE_LABELS[Role(by["role"])])),
        printed_for=paper.printed_for,
        kept_at=paper.kept_at,
        lines=lines,
        wrong=wrong,
        is_destroyed=is_destroyed,
    )
