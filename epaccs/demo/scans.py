"""Scans of papers that were never written: drawn here, so that everybody sees that they are made up."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final
from uuid import UUID, uuid5

from PIL import Image, ImageDraw, ImageFont

from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.fields import local_date
from epaccs.demo.staff import World
from epaccs.demo.stories import ROOT, Step, Story
from epaccs.demo.telling import open_record
from epaccs.scans.actions import Examined, withdraw_scan, write_scan
from epaccs.scans.model import Scan
from epaccs.scans.rules import PDF, PNG, ScanKind, Withdrawal

#: Stands where a register of real people says which scanner passed the file.
MADE_HERE: Final = "none: drawn by the demonstration"

#: A4 at 75 dots an inch: enough to read, and small.
_PAGE: Final = (620, 877)


@dataclass(frozen=True)
class Paper:
    """A paper of one story, scanned when one of its steps was taken.

    Args:
        nhs_number: whose it is.
        step: the section and place of the step by which it was seen.
    """

    name: str
    nhs_number: str
    section: str
    kind: ScanKind
    title: str
    lines: tuple[str, ...]
    original_location: str
    media_type: str
    is_replaced: bool = False


PAPERS: Final = (
    Paper(
        "first advance decision",
        "9990000077",
        "legal",
        ScanKind.ADRT,
        "Advance decision, unsigned draft",
        (
            "Advance decision to refuse treatment",
            "",
            "Name: Patrick O'Neill",
            "Born: 23 August 1963",
            "",
            "Draft, not signed",
        ),
        "Green folder on the piano",
        PDF,
        is_replaced=True,
    ),
    Paper(
        "advance decision",
        "9990000077",
        "legal",
        ScanKind.ADRT,
        "Advance decision, signed and witnessed",
        (
            "Advance decision to refuse treatment",
            "",
            "Name: Patrick O'Neill",
            "Born: 23 August 1963",
            "",
            "I refuse resuscitation, ventilation through",
            "a tube and intensive care, even if my life",
            "is at risk as a result.",
            "",
            "Signed: P. O'Neill",
            "Witness: S. Brennan",
        ),
        "Green folder on the piano; copy with Dr Patel",
        PNG,
    ),
)


def add_scans(stories: list[Story], world: World) -> None:
    """Keep the papers of these stories, each by whoever saw it; one that is here stays."""
    for paper in PAPERS:
        entry_id, scan_id = uuid5(ROOT, paper.nhs_number), uuid5(ROOT, f"scan {paper.name}")
        story = next((one for one in stories if one.entry_id == entry_id), None)
        if story is not None and db.session.get(Scan, scan_id) is None:
            _keep(paper, _step_of(story, paper.section), scan_id, entry_id=entry_id, world=world)


def _step_of(story: Story, section: str) -> Step:
    return next(step for step in story.steps if isinstance(step, Step) and step.section == section)


def _keep(paper: Paper, step: Step, scan_id: UUID, *, entry_id: UUID, world: World) -> None:
    actor = world.actors[step.by]
    with writing(), clock.standing_at(step.at):
        open_record(actor, entry_id)
        fields = _fields(paper, actor)
        examined = Examined(draw(paper.lines, paper.media_type), paper.media_type, pages=1, virus_scan=MADE_HERE)
        write_scan(actor, scan_id, entry_id=entry_id, fields=fields, examined=examined)
        if paper.is_replaced:
            why = "The signed one was brought a little later."
            withdraw_scan(actor, scan_id, entry_id=entry_id, reason=Withdrawal.REPLACED, why=why)


def _fields(paper: Paper, actor: Actor) -> dict[str, Any]:
    return {
        "kind": paper.kind,
        "title": paper.title,
        "original_location": paper.original_location,
        "original_seen_by": actor.name,
        "original_seen_on": local_date(clock.now()),
        "identifiers": ["name", "born"],
    }


def draw(lines: tuple[str, ...], media_type: str) -> bytes:
    """A page with these lines, and across it that it is made up."""
    page = Image.new("L", _PAGE, 250)
    pen = ImageDraw.Draw(page)
    for place, words in enumerate(lines):
        pen.text((60, 140 + 34 * place), words, fill=40, font=ImageFont.load_default(30 if place == 0 else 22))
    stamp = Image.new("L", (700, 90), 0)
    ImageDraw.Draw(stamp).text((10, 5), "MADE UP: NOBODY'S PAPER", fill=110, font=ImageFont.load_default(50))
    turned = stamp.rotate(38, expand=True)
    page.paste(0, (20, 240), turned)
    file = BytesIO()
    page.save(file, "PDF" if media_type == PDF else "PNG")
    return file.getvalue()
