"""Everything that is written of one made-up person, as rows that wait for the numbers of their changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Table

from epaccs.access.model import AccessGrant, EntryScope, Relationship
from epaccs.audit.events import Event
from epaccs.audit.model import AuditEvent
from epaccs.core.changes import EntryChange
from epaccs.cpr_decisions.model import CPRDecision
from epaccs.notices.model import Notice
from epaccs.record.model import StoredCard
from epaccs.record.rules.search_keys import SearchRows
from epaccs.register.model import RegisterEntry
from epaccs.versions.model import Edit, Entry, HeldEdit, SectionHead, SectionVersion

Row = dict[str, Any]
Model = type[Any]

_MODELS: Final[tuple[Model, ...]] = (
    Entry,
    Edit,
    SectionHead,
    SectionVersion,
    HeldEdit,
    EntryChange,
    EntryScope,
    RegisterEntry,
    Relationship,
    AccessGrant,
    CPRDecision,
    Notice,
    StoredCard,
)

#: The audit, written last.
AUDIT: Final[Table] = cast("Table", AuditEvent.__table__)

#: The other tables in the order in which rows may be written, by name.
TABLES: Final[dict[str, Table]] = {model.__tablename__: model.__table__ for model in _MODELS}


@dataclass
class PersonRows:
    """The rows of one person; nothing is numbered until it is known which numbers are free.

    `build_cards` makes the cards as they are after the change of a number.
    """

    search: SearchRows
    build_cards: Callable[[int], list[Row]]
    tables: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    events: list[tuple[Event, datetime]] = field(default_factory=list)

    def of(self, model: Model) -> list[Row]:
        """The rows of one table."""
        return self.tables[model.__tablename__]

    @property
    def changes(self) -> int:
        """How many numbers the person needs."""
        return len(self.of(EntryChange))

    def number_from(self, first: int) -> None:
        """Give each change its number, and the entry and the cards that of the last."""
        last = first + self.changes - 1
        for place, row in enumerate(self.of(EntryChange)):
            row["number"] = first + place
        for row in self.of(Entry):
            row["change_number"] = last
        self.tables[StoredCard.__tablename__] = self.build_cards(last)


def join_tables(people: Iterable[PersonRows]) -> dict[str, list[Row]]:
    """The rows of several people, table by table."""
    joined: dict[str, list[Row]] = {name: [] for name in TABLES}
    for person in people:
        for name, rows in person.tables.items():
            joined[name] += rows
    return joined
