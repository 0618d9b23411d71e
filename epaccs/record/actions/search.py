"""Search and leave a trace; keep what search needs in step with each change; time the way to the card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, delete, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.changes import Change
from epaccs.core.db import writing
from epaccs.core.identifiers import new_id
from epaccs.record.model import SearchKey, SearchPerson, SearchTiming, SearchWord
from epaccs.record.queries.search import Findings
from epaccs.record.queries.search import find_people as find
from epaccs.record.rules.search import read_criteria
from epaccs.record.rules.search_keys import SearchRows, WordKind, build_search_rows, build_word_rows
from epaccs.versions.queries import find_recorded

#: Who opens a card later than this after a search was doing something else in between.
TIMING_LIMIT: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class Search:
    """One search and what it found; its id goes with the links to the cards, so that the way can be timed."""

    id: UUID
    findings: Findings


def search_people(actor: Actor, *, who: str, born: str, where: str, typed_seconds: float | None = None) -> Search:
    """Find a person. The audit keeps by what was searched and how many were found, never what was typed.

    Raises:
        RulesBroken: too little was given, or it cannot be read; the sentences say what to do.
    """
    criteria = read_criteria(who, born, where, today=clock.today())
    findings = find(actor, criteria)
    search_id = new_id()
    with writing() as session:
        session.add(
            SearchTiming(
                id=search_id,
                clinician_id=actor.clinician_id,
                organisation_id=actor.organisation_id,
                typed_seconds=typed_seconds,
                answered_at=clock.now(),
                shown_at=None,
            )
        )
        log.record(
            event(
                actor,
                EventKind.SEARCHED,
                by=list(criteria.kinds),
                found=len(findings.people),
                has_more=findings.has_more,
                outside=len(findings.outside),
            )
        )
    return Search(search_id, findings)


def note_shown(session: Session, actor: Actor, search_id: UUID) -> float | None:
    """Note, inside an open action, that the card of a search is on the screen.

    Returns:
        Seconds from the first key to the card; None: it is not this reader's search, was timed already, or is too old.
    """
    timing = session.get(SearchTiming, search_id)
    now = clock.now()
    if timing is None or timing.clinician_id != actor.clinician_id or timing.shown_at is not None:
        return None
    if now - timing.answered_at > TIMING_LIMIT:
        return None
    session.execute(update(SearchTiming).where(SearchTiming.id == search_id).values(shown_at=now))
    return (timing.typed_seconds or 0.0) + (now - timing.answered_at).total_seconds()


# --- Keeping in step -------------------------------------------------------------------------------------------------


def follow_change(session: Session, change: Change) -> None:
    """Whoever changes an identity or records a death changes what is found, in the same transaction."""
    if change.section not in {"identity", "lifecycle"}:
        return
    identity = find_recorded(change.entry_id, "identity")
    if identity is None:
        return
    lifecycle = find_recorded(change.entry_id, "lifecycle")
    project_search(session, change.entry_id, identity.value, lifecycle.value if lifecycle else None)


def project_search(
    session: Session, entry_id: UUID, identity: dict[str, Any], lifecycle: dict[str, Any] | None
) -> None:
    """Keep the rows of one person anew."""
    for table in (SearchPerson, SearchKey):
        session.execute(delete(table).where(table.entry_id == entry_id))
    keep_search_rows(session.connection(), [build_search_rows(entry_id, identity, lifecycle)])


def keep_search_rows(
    connection: Connection, people: Iterable[SearchRows], *, known_words: set[tuple[WordKind, str]] | None = None
) -> None:
    """Write the rows of many people at once, none of whom has any yet.

    Args:
        connection: inside a transaction.
        people: what `build_search_rows` made.
        known_words: words that are in the vocabulary already; it grows, for the next call.
    """
    people = list(people)
    known = known_words if known_words is not None else set()
    words = sorted({word for rows in people for word in rows.words} - known)
    known.update(words)
    _insert(connection, SearchPerson, [rows.person for rows in people])
    _insert(connection, SearchKey, [key for rows in people for key in rows.keys])
    _keep_words(connection, [row for kind, word in words for row in build_word_rows(kind, word)])


def _insert(connection: Connection, table: type[Any], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table.__table__), rows)


def _keep_words(connection: Connection, rows: Sequence[dict[str, str]]) -> None:
    """A word that is there already stays; in one order, so that two writers cannot wait for each other."""
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(SearchWord.__table__).on_conflict_do_nothing(), rows)
