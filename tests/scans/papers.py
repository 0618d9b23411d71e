"""A paper that was kept before a test begins."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from epaccs.clinicians.rules import Actor
from epaccs.core.identifiers import new_id
from epaccs.scans.actions import Examined, write_scan
from epaccs.scans.rules import PDF, PNG, ScanKind
from tests.scans import files


def keep_a_paper(actor: Actor, entry_id: UUID, *, picture: bool = False, **changes: Any) -> UUID:
    """The scan of a letter, as if the scanner had passed it; its id. `picture`: it is a photograph, and no PDF."""
    fields = {
        "kind": ScanKind.LETTER,
        "title": "Letter of the hospice",
        "original_location": "Blue folder in the kitchen",
        "original_seen_by": None,
        "original_seen_on": None,
        "identifiers": ["name", "born"],
        **changes,
    }
    scan_id = new_id()
    content, media_type = (files.a_picture("PNG", (600, 800)), PNG) if picture else (files.a_pdf(), PDF)
    examined = Examined(content, media_type, pages=1, virus_scan="a test")
    write_scan(actor, scan_id, entry_id=entry_id, fields=fields, examined=examined)
    return scan_id
