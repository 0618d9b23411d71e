"""How far a pack of sheets is, and which packs are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, bindparam, case, func, or_, select
from sqlalchemy.orm import aliased

from epaccs.access.rules import Permission, check_role
from epaccs.clinicians.rules import ROLE_LABELS, Actor, Role
from epaccs.coordination import queries as coordination
from epaccs.coordination.rules import Round
from epaccs.core import clock
from epaccs.core.db import UTCDateTime, db
from epaccs.core.errors import NotFound
from epaccs.core.fields import format_datetime
from epaccs.handover.model import HandoverPack, HandoverSheet, PackedSheet
from epaccs.handover.rules import FiledSheet, FolderState, PackProgress, SheetStatus, compare_folder, format_code
from epaccs.record.rules.card import Site
from epaccs.settings import Settings
from epaccs.stamps.queries import is_withdrawn
from epaccs.versions.model import Entry


def read_people(actor: Actor, place_id: UUID, *, settings: Settings) -> Round:
    """Of whom a pack would hold a sheet, in the order of the round.

    Raises:
        NotFound, Forbidden: as `coordination.queries.get_place`; the role prints nothing.
    """
    check_role(Permission.PRINT_LIST, actor.role)
    site = Site(settings.control_telephone, settings.confirmation_hours)
    return coordination.get_round(actor, place_id, site=site, for_paper=True)


def get_progress(actor: Actor, pack_id: UUID) -> PackProgress:
    """How far a pack is, for whoever asked for it.

    Raises:
        NotFound: they asked for no such pack.
    """
    pack = db.session.get(HandoverPack, pack_id, populate_existing=True)
    if pack is None or not is_asked_by(actor, pack):
        raise NotFound
    row = db.session.execute(
        select(
            func.count().label("sheets"),
            func.count(PackedSheet.pages).label("laid_out"),
            func.coalesce(func.sum(PackedSheet.pages), 0).label("pages"),
            func.coalesce(func.sum(case((PackedSheet.is_left_out, 1), else_=0)), 0).label("left_out"),
        ).where(PackedSheet.pack_id == pack_id)
    ).one()
    return PackProgress(
        id=pack.id,
        place_id=pack.place_id,
        folder_id=pack.renews_id or pack.id,
        title=pack.title,
        printed_for=pack.printed_for,
        asked_at=pack.asked_at,
        printed_at=pack.printed_at,
        ended_at=pack.ended_at,
        sheets=row.sheets,
        laid_out=row.laid_out,
        left_out=row.left_out,
        pages=row.pages,
        is_worked_on=db.session.scalar(_UNDER_WAY, {"now": clock.now()}) is not None,
    )


#: Whether anybody lays out a sheet now, of whichever pack: they are laid out in the order in which they were asked for.
_UNDER_WAY = (
    select(PackedSheet.sheet_id).where(PackedSheet.claimed_until > bindparam("now", type_=UTCDateTime)).limit(1)
)


def is_asked_by(actor: Actor, pack: HandoverPack) -> bool:
    """Whether the actor asked for it, where and as what they work now: another role may see less."""
    said = actor.to_value()
    return all(pack.printed_by[name] == said[name] for name in ("clinician_id", "role", "organisation_id"))


@dataclass(frozen=True)
class PackOnPaper:
    """One pack that is about, with those that brought its folder up to date.

    `wrong`: so many of its `sheets` must not be relied on any more. `last_printed_at`: the newest of its sheets was.
    """

    id: UUID
    printed_at: datetime
    printed_by: str
    printed_for: str
    kept_at: str
    sheets: int
    wrong: int
    last_printed_at: datetime

    @property
    def called(self) -> str:
        """What tells it from the others of the same people."""
        return f"printed {format_datetime(self.printed_at)}, for {self.printed_for}"


def find_packs(actor: Actor, place_id: UUID) -> list[PackOnPaper]:
    """The packs of a home or team that the actor's organisation printed, of which paper is about, newest first."""
    wrong = func.sum(case((HandoverSheet.status != str(SheetStatus.CURRENT), 1), else_=0))
    part, newest = aliased(HandoverPack), func.max(HandoverSheet.printed_at)
    statement = (
        select(HandoverPack, func.count().label("sheets"), wrong.label("wrong"), newest.label("newest"))
        .join(part, or_(part.id == HandoverPack.id, part.renews_id == HandoverPack.id))
        .join(HandoverSheet, HandoverSheet.pack_id == part.id)
        .where(
            HandoverPack.place_id == place_id,
            HandoverPack.organisation_id == actor.organisation_id,
            HandoverPack.renews_id.is_(None),
            HandoverPack.printed_at.is_not(None),
            HandoverSheet.printed_at.is_not(None),
            HandoverSheet.collected_at.is_(None),
        )
        .group_by(HandoverPack.id)
        .order_by(HandoverPack.printed_at.desc())
    )
    rows = db.session.execute(statement)
    return [_as_paper(row.HandoverPack, row.sheets, row.wrong, row.newest) for row in rows]


def _as_paper(pack: HandoverPack, sheets: int, wrong: int, newest: datetime) -> PackOnPaper:
    if pack.printed_at is None:
        raise ValueError("A pack with printed sheets was printed")
    by = pack.printed_by
    return PackOnPaper(
        id=pack.id,
        printed_at=pack.printed_at,
        printed_by=", ".join((by["name"], ROLE_LABELS[Role(by["role"])])),
        printed_for=pack.printed_for,
        kept_at=pack.kept_at,
        sheets=sheets,
        wrong=wrong,
        last_printed_at=newest,
    )


# --- The folder of a pack --------------------------------------------------------------------------------------------


def packs_of_folder(pack_id: UUID) -> Select[UUID]:
    """The pack that began a folder, and every one that brought it up to date."""
    return select(HandoverPack.id).where(or_(HandoverPack.id == pack_id, HandoverPack.renews_id == pack_id))


@dataclass(frozen=True)
class Folder:
    """The paper of a pack beside the records as they are now.

    `state`: nothing is compared where not everybody on the list is open to the reader: they would seem to be gone.
    """

    pack: PackOnPaper
    found: Round
    state: FolderState


def read_folder(actor: Actor, pack_id: UUID, *, settings: Settings) -> Folder:
    """What would bring the folder of a pack up to date.

    Raises:
        NotFound: the actor's organisation printed no such pack, no paper of it is about, or it brought another one up
            to date; or as `read_people`.
        Forbidden: as `read_people`.
    """
    place_id = get_folder_place(actor, pack_id)
    found = read_people(actor, place_id, settings=settings)
    packs = [one for one in find_packs(actor, place_id) if one.id == pack_id]
    if not packs:
        raise NotFound
    if found.unopened or found.too_many:
        return Folder(packs[0], found, FolderState((), ()))
    return Folder(packs[0], found, compare_folder(_find_filed(pack_id), [one.entry_id for one in found.residents]))


def get_folder_place(actor: Actor, pack_id: UUID) -> UUID:
    """Of which home or team the folder of a pack is.

    Raises:
        NotFound: the actor's organisation printed no such pack.
    """
    pack = db.session.get(HandoverPack, pack_id, populate_existing=True)
    if pack is None or pack.organisation_id != actor.organisation_id or pack.printed_at is None or pack.renews_id:
        raise NotFound
    return pack.place_id


def _find_filed(pack_id: UUID) -> list[FiledSheet]:
    statement = (
        select(HandoverSheet, Entry.change_number.label("now"))
        .join(Entry, Entry.id == HandoverSheet.entry_id)
        .where(
            HandoverSheet.pack_id.in_(packs_of_folder(pack_id)),
            HandoverSheet.printed_at.is_not(None),
            HandoverSheet.collected_at.is_(None),
        )
    )
    return [_as_filed(row.HandoverSheet, row.now) for row in db.session.execute(statement)]


def _as_filed(sheet: HandoverSheet, change_number: int) -> FiledSheet:
    if sheet.printed_at is None:
        raise ValueError("A sheet that was never printed is in no folder")
    is_wrong = sheet.status != str(SheetStatus.CURRENT)
    is_up_to_date = sheet.change_number == change_number and not is_withdrawn(sheet.stamp_key or "")
    return FiledSheet(
        id=sheet.id,
        entry_id=sheet.entry_id,
        number=format_code(sheet.code),
        printed_at=sheet.printed_at,
        is_wrong=is_wrong,
        is_up_to_date=is_up_to_date and not is_wrong,
    )
