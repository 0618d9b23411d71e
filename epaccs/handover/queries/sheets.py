"""What a sheet is made of, which copies are about, and whether the one in somebody's hand is still right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from epaccs.access.queries import find_standing, get_standing
from epaccs.access.rules import Fact, Permission
from epaccs.clinicians.rules import ROLE_LABELS, Actor, Role
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.handover.model import HandoverList, HandoverSheet
from epaccs.handover.particulars import with_cpr
from epaccs.handover.rules import (
    LAYOUT_LABELS,
    Destination,
    Layout,
    Printed,
    Sheet,
    SheetStatus,
    build_facts,
    build_site,
    check_is_open,
    format_code,
    versions_shown,
)
from epaccs.record.queries.summaries import read_record
from epaccs.record.rules.card import Card, Site, build_card
from epaccs.record.rules.holders import CopyKind, HeldCopy, Holds
from epaccs.record.rules.whole import ShownSection
from epaccs.register.queries import is_restricted_now
from epaccs.settings import Settings
from epaccs.stamps.signer import Signer
from epaccs.versions.model import Entry


@dataclass(frozen=True)
class Contents:
    """What would be printed of a person for this reader, read at one moment.

    `is_shared`: others than the practice see the record at all.
    """

    card: Card
    sections: Sequence[ShownSection]
    change_number: int
    is_shared: bool

    @property
    def is_restricted(self) -> bool:
        """Nothing that leads to the door may be told."""
        return self.card.summary.identity.is_restricted

    @property
    def versions(self) -> dict[str, int]:
        """The version of each section that is shown."""
        return versions_shown(self.sections)

    @property
    def person_not_told(self) -> bool:
        """The person does not know of the decision."""
        return self.card.line.person_not_told

    @property
    def death_is_known(self) -> bool:
        """A death is reported or confirmed, whoever may have seen the person alive since."""
        return self.card.summary.lifecycle.death is not None


def read_contents(
    actor: Actor, entry_id: UUID, *, settings: Settings, destination: Destination = Destination.PROFESSIONAL
) -> Contents:
    """What stands in the register now, as far as this reader may see and print it.

    Args:
        destination: a copy for the person does not tell them that a passage was left out (hazard H-41).

    Raises:
        NotFound, Forbidden: as `access` says.
        RuleBroken: the person is not on the register any more.
    """
    standing = get_standing(actor, entry_id, Permission.PRINT)
    # Read before the record: a change in between makes the number too old, and the sheet is then made again.
    number = db.session.scalars(select(Entry.change_number).where(Entry.id == entry_id)).one()
    opened = read_record(standing, for_paper=True, for_person=destination is Destination.HOME)
    check_is_open(opened.summary)
    now = clock.now()
    site = Site(settings.control_telephone, settings.confirmation_hours)
    card = build_card(
        opened.summary, now=now, copy_left_at=now, site=build_site(site, now), has_namesake=opened.has_namesake
    )
    return Contents(card, with_cpr(card, opened.sections), number, standing.is_shared)


def build_sheet(actor: Actor, contents: Contents, sheet: HandoverSheet, *, signer: Signer, settings: Settings) -> Sheet:
    """The sheet of a reserved number."""
    facts = build_facts(sheet.code, contents.card, contents.versions, contents.change_number)
    return Sheet(
        code=sheet.code,
        card=contents.card,
        sections=contents.sections,
        change_number=contents.change_number,
        printed=Printed(
            name=actor.name,
            role=ROLE_LABELS[actor.role],
            # Of a restricted person, whoever prints may work at the practice that must not be told.
            organisation="" if contents.is_restricted else actor.organisation_name,
            printed_for=sheet.printed_for,
            place="" if contents.is_restricted else sheet.place,
        ),
        check_address=f"{settings.public_url}/check/{format_code(sheet.code)}",
        stamp=signer.stamp(facts),
        is_demo=settings.is_demo,
        is_shared=contents.is_shared,
        is_for_person=sheet.destination == Destination.HOME,
        layout=Layout(sheet.layout or Layout.USUAL),
    )


@dataclass(frozen=True)
class PaperCopy:
    """One sheet that is about, or was. `list_number`: it is one line of this list; empty: a sheet by itself.

    `is_ours`: the reader may say that it is destroyed: a list only where it was printed. `layout`: in words; empty: as
    for staff.
    """

    id: UUID
    number: str
    status: SheetStatus
    printed_at: datetime
    printed_by: str
    printed_for: str
    place: str
    ended_at: datetime | None
    collected_at: datetime | None
    list_number: str = ""
    is_ours: bool = True
    layout: str = ""

    @property
    def is_to_collect(self) -> bool:
        """It must not be relied on, and nobody has said that it is destroyed."""
        return self.status is not SheetStatus.CURRENT and self.collected_at is None


def paper_copies(actor: Actor, entry_id: UUID) -> list[PaperCopy]:
    """The sheets printed of a person, newest first; of a restricted person, without places and organisations.

    Raises:
        NotFound, Forbidden: as `access` says.
    """
    get_standing(actor, entry_id, Permission.PRINT)
    statement = (
        select(HandoverSheet, HandoverList.code)
        .outerjoin(HandoverList, HandoverList.id == HandoverSheet.list_id)
        .where(HandoverSheet.entry_id == entry_id, HandoverSheet.printed_at.is_not(None))
        .order_by(HandoverSheet.printed_at.desc())
    )
    with_places = not is_restricted_now(entry_id)
    copies = []
    for sheet, code in db.session.execute(statement):
        is_ours = sheet.list_id is None or sheet.printed_by["organisation_id"] == str(actor.organisation_id)
        copies.append(replace(_as_copy(sheet, code, with_places=with_places), is_ours=is_ours))
    return copies


_SHEET_WORDS = {
    SheetStatus.CURRENT: (Holds.PRESENT, "What it says of CPR stands"),
    SheetStatus.REPLACED: (Holds.EARLIER, "What it says of CPR may be wrong: to be destroyed"),
    SheetStatus.WITHDRAWN: (Holds.EARLIER, "Withdrawn: to be destroyed"),
}


def find_sheets_of(entry_id: UUID) -> list[HeldCopy]:
    """Each sheet that was printed of a person and that nobody says is destroyed, newest first."""
    statement = (
        select(HandoverSheet, HandoverList.code)
        .outerjoin(HandoverList, HandoverList.id == HandoverSheet.list_id)
        .where(
            HandoverSheet.entry_id == entry_id,
            HandoverSheet.printed_at.is_not(None),
            HandoverSheet.collected_at.is_(None),
        )
        .order_by(HandoverSheet.printed_at.desc())
    )
    copies = [_as_copy(sheet, code, with_places=True) for sheet, code in db.session.execute(statement)]
    return [
        HeldCopy(CopyKind.SHEET, one.printed_by, _called(one), *_SHEET_WORDS[one.status], one.printed_at)
        for one in copies
    ]


def _called(one: PaperCopy) -> str:
    if one.list_number:
        return f"Line {one.number} of list {one.list_number}"
    return ", ".join(part for part in (f"Sheet {one.number}", one.layout) if part)


def has_paper_to_collect(entry_id: UUID) -> bool:
    """Whether paper is about that must not be relied on."""
    statement = select(HandoverSheet.id).where(
        HandoverSheet.entry_id == entry_id, HandoverSheet.ended_at.is_not(None), HandoverSheet.collected_at.is_(None)
    )
    return db.session.scalars(statement.limit(1)).first() is not None


def _as_copy(sheet: HandoverSheet, list_code: str | None, *, with_places: bool) -> PaperCopy:
    if sheet.printed_at is None:
        raise ValueError("A number that was never printed is no copy")
    by = sheet.printed_by
    who = [by["name"], ROLE_LABELS[Role(by["role"])], *([by["organisation_name"]] if with_places else [])]
    return PaperCopy(
        id=sheet.id,
        number=format_code(sheet.code),
        status=SheetStatus(sheet.status),
        printed_at=sheet.printed_at,
        printed_by=", ".join(who),
        printed_for=sheet.printed_for,
        place=sheet.place if with_places else "",
        ended_at=sheet.ended_at,
        collected_at=sheet.collected_at,
        list_number=format_code(list_code) if list_code else "",
        layout=LAYOUT_LABELS[Layout(sheet.layout)] if sheet.layout not in (None, Layout.USUAL) else "",
    )


@dataclass(frozen=True)
class Checked:
    """What becomes known of a number. The ids are for the audit; a page that anybody reads shows none of them.

    `is_line`: it is one line of a list. `collected_at`: when somebody said that this paper is destroyed; None: nobody
    did. `changed_since`: something else in the record changed, which does not make the
    sheet wrong about CPR; told only to whoever may open the record.
    """

    sheet_id: UUID
    entry_id: UUID
    number: str
    status: SheetStatus
    valid_as_at: datetime | None
    ended_at: datetime | None
    changed_since: bool
    is_line: bool = False
    collected_at: datetime | None = None


@dataclass(frozen=True)
class Holder:
    """What the page of a sheet tells whoever is signed in and may open the record: its id, and perhaps what changed.

    `sees_changes`: they have said why they read it, and see all of it; else the record asks them first. `may_destroy`:
    their role prints, so they may say that the paper in their hand is destroyed, also before they open the record.
    """

    entry_id: UUID
    sees_changes: bool
    may_destroy: bool


def find_holder(actor: Actor, entry_id: UUID) -> Holder | None:
    """Whoever has a sheet in their hand and may open the record, or give a reason and open it then; None: neither."""
    standing = find_standing(actor, entry_id)
    if standing is None or Fact.IN_SCOPE not in standing.facts:
        return None
    if not (standing.can(Permission.VIEW_CARD) or standing.can(Permission.GIVE_REASON)):
        return None
    return Holder(entry_id, standing.can(Permission.VIEW_RECORD), may_destroy=Fact.PRINTS in standing.facts)


def find_signed_with(key_id: str) -> list[str]:
    """The numbers of the current sheets that a key signed: to be printed anew when it is withdrawn."""
    statement = (
        select(HandoverSheet.code)
        .where(HandoverSheet.stamp_key == key_id, HandoverSheet.status == str(SheetStatus.CURRENT))
        .order_by(HandoverSheet.printed_at)
    )
    return [format_code(code) for code in db.session.scalars(statement)]


def find_checked(code: str) -> Checked | None:
    """What anybody may know of a number; None: no sheet has it."""
    row = db.session.execute(_CHECKED, {"asked": code}).first()
    if row is None:
        return None
    return Checked(
        sheet_id=row.id,
        entry_id=row.entry_id,
        number=format_code(code),
        status=SheetStatus(row.status),
        valid_as_at=row.valid_as_at,
        ended_at=row.ended_at,
        changed_since=row.change_number is not None and row.now > row.change_number,
        is_line=row.list_id is not None,
        collected_at=row.collected_at,
    )


#: Only what is told: who printed it, and which versions it shows, nobody learns from its number.
_CHECKED = (
    select(
        HandoverSheet.id,
        HandoverSheet.entry_id,
        HandoverSheet.list_id,
        HandoverSheet.status,
        HandoverSheet.valid_as_at,
        HandoverSheet.ended_at,
        HandoverSheet.collected_at,
        HandoverSheet.change_number,
        Entry.change_number.label("now"),
    )
    .join(Entry, Entry.id == HandoverSheet.entry_id)
    .where(HandoverSheet.code == bindparam("asked"))
)
