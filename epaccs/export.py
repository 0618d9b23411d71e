"""What is recorded of everybody, in a file that another program can read: nobody is locked in by this register.

One line of JSON a person, after a line that says what the file is, before one that says how many lines there are and
their SHA-256: a file that was cut off is known by it. Each section has its value as it is kept, whose each fact is, the
same in words, and the SNOMED CT code of each answer that has one. The file is as confidential as the database.

Source: PRSB P&EoLC v1.1 and SCCI1580 v4.0 as listed in docs/elements.csv.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final
from uuid import UUID

from sqlalchemy import select

from epaccs.audit import log
from epaccs.audit.events import Event, EventKind
from epaccs.core import clock
from epaccs.core.db import canonical_json, db
from epaccs.record.declared import sights
from epaccs.record.sight import Fields, SectionSight, without_passages
from epaccs.versions.model import Entry
from epaccs.versions.queries import material
from epaccs.versions.rules import Recorded, Value, present_items

FORMAT: Final = "epaccs-register-1"


@dataclass(frozen=True)
class Exported:
    """What was written."""

    people: int
    sha256: str


def find_everybody() -> Sequence[UUID]:
    """Every entry, of whatever status."""
    return db.session.scalars(select(Entry.id).order_by(Entry.id)).all()


def export(
    file: BinaryIO,
    everybody: Sequence[UUID],
    *,
    third_party: bool = False,
    tell: Callable[[int], None] = lambda _more: None,
) -> Exported:
    """Write everybody named; noted in the audit before anything recorded of them is read.

    Args:
        third_party: with the passages from or about somebody else, between their marks; otherwise they are withheld, as
            in a file that goes to the person (hazard H-41). The first line of the file says which.
        tell: how many more people are done.
    """
    log.record(Event(EventKind.COMMAND_RUN, details={"command": "data export", "third_party": third_party}))
    digest = hashlib.sha256()

    def write(line: Mapping[str, Any]) -> None:
        written = f"{canonical_json(line)}\n".encode()
        digest.update(written)
        file.write(written)

    passages = "included" if third_party else "withheld"
    write({"format": FORMAT, "made_at": clock.now().isoformat(), "third_party_passages": passages})
    for entry_id in everybody:
        write(build_person(entry_id, third_party=third_party))
        db.session.expunge_all()
        tell(1)
    exported = Exported(len(everybody), digest.hexdigest())
    file.write(f"{canonical_json({'people': exported.people, 'sha256': exported.sha256})}\n".encode())
    return exported


def build_person(entry_id: UUID, *, third_party: bool = False) -> dict[str, Any]:
    """Everything recorded of one person, and how many changes wait to be settled."""
    recorded = material(entry_id)
    if not third_party:
        recorded = without_passages(recorded, sights())
    return {
        "entry_id": str(entry_id),
        "sections": {name: _section(sights()[name], one) for name, one in sorted(recorded.sections.items())},
        "waiting": len(recorded.held),
    }


def _section(sight: SectionSight, recorded: Recorded) -> dict[str, Any]:
    value = recorded.value
    items = present_items(value)
    return {
        "version": recorded.version,
        "recorded_at": recorded.recorded_at.isoformat(),
        "is_disputed": recorded.disputed,
        "value": value,
        "provenance": recorded.provenance,
        "words": dict(_words(sight.fields, value)) if not sight.is_whole else {},
        "codes": dict(_codes(sight.fields, value)),
        "items": {
            key: {"words": dict(_words(sight.item_fields, item)), "codes": dict(_codes(sight.item_fields, item))}
            for key, item in items.items()
        },
    }


def _words(fields: Fields, value: Value) -> Iterator[tuple[str, str]]:
    for name, field in fields.items():
        if words := field.words(value.get(name)):
            yield name, words


def _codes(fields: Fields, value: Value) -> Iterator[tuple[str, list[str]]]:
    for name, field in fields.items():
        answer = value.get(name)
        given = answer if isinstance(answer, list) else [answer]
        if codes := [field.codes[code] for code in map(_as_answer, given) if code in field.codes]:
            yield name, codes


def _as_answer(answer: Any) -> str:
    """An answer as the declaration names it: yes and no are kept as true and false."""
    return {True: "yes", False: "no"}.get(answer, "") if isinstance(answer, bool) else str(answer)
