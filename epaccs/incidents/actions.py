"""Open an incident, add to it, and agree to close it; nothing that was said is ever changed or removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from epaccs.access.actions import event
from epaccs.access.rules import Permission, check_role
from epaccs.audit import log
from epaccs.audit.events import EventKind
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, Role
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import Forbidden, RuleBroken
from epaccs.core.identifiers import new_id
from epaccs.incidents import queries, rules
from epaccs.incidents.model import Incident, IncidentLine
from epaccs.incidents.rules import STATEMENTS, Kind, Said
from epaccs.register.queries import get_entry_by_number


@dataclass(frozen=True)
class NewIncident:
    """What happened, when it was noticed, and who besides the opener's organisation is concerned."""

    title: str
    what_happened: str
    noticed_at: datetime
    organisations: tuple[UUID, ...] = ()


def open_incident(actor: Actor, new: NewIncident) -> UUID:
    """Write down that something went wrong; every organisation concerned sees it from this moment.

    Raises:
        Forbidden: the role handles no incidents.
        RuleBroken: an organisation does not share the register.
    """
    check_role(Permission.HANDLE_INCIDENTS, actor.role)
    with writing() as session:
        row = Incident(
            id=new_id(),
            title=new.title,
            what_happened=new.what_happened,
            noticed_at=new.noticed_at,
            opened_at=clock.now(),
        )
        session.add(row)
        session.flush()
        writer = _Writer(session, actor, row.id)
        for organisation_id in dict.fromkeys((actor.organisation_id, *new.organisations)):
            writer.say_concerned(organisation_id)
        count = 1 + len(new.organisations)
        log.record(event(actor, EventKind.INCIDENT_CHANGED, incident=str(row.id), what="opened", organisations=count))
        return row.id


class _Writer:
    """Adds lines to one incident inside an open action, each signed by the person and the organisation."""

    def __init__(self, session: Session, actor: Actor, incident_id: UUID) -> None:
        self._session, self._actor, self._incident_id = session, actor, incident_id

    def say(self, kind: Kind, *, subject_id: UUID | None = None, text: str | None = None) -> None:
        """One line more, after all others."""
        last = select(func.max(IncidentLine.sequence)).where(IncidentLine.incident_id == self._incident_id)
        self._session.add(
            IncidentLine(
                id=new_id(),
                incident_id=self._incident_id,
                sequence=(self._session.scalar(last) or 0) + 1,
                kind=str(kind),
                subject_id=subject_id,
                text=text,
                said_at=clock.now(),
                clinician_id=self._actor.clinician_id,
                clinician_name=self._actor.name,
                role=str(self._actor.role),
                organisation_id=self._actor.organisation_id,
                organisation_name=self._actor.organisation_name,
            )
        )
        self._session.flush()

    def say_concerned(self, organisation_id: UUID) -> None:
        """Name one organisation that shares the register."""
        organisation = self._session.get(Organisation, organisation_id)
        if organisation is None or organisation.closed_on is not None:
            raise RuleBroken("Choose only from what is offered: organisations", field="organisations")
        self.say(Kind.CONCERNED, subject_id=organisation_id)


def _lock(session: Session, actor: Actor, incident_id: UUID) -> list[Said]:
    """What stands there now, for somebody whose organisation is concerned; nobody else adds to it meanwhile."""
    session.get(Incident, incident_id, with_for_update=True)
    return _read(actor, incident_id)


def _read(actor: Actor, incident_id: UUID) -> list[Said]:
    everything = queries.said(queries.lines_of(incident_id))
    queries.check_concerned(actor, everything)
    return everything


def _record(actor: Actor, incident_id: UUID, what: Kind, *, entry_id: UUID | None = None) -> None:
    log.record(event(actor, EventKind.INCIDENT_CHANGED, entry_id=entry_id, incident=str(incident_id), what=str(what)))


def note_seen(actor: Actor, incident_id: UUID) -> None:
    """Note that an organisation has opened it: the others see since when. Once is enough.

    Raises:
        Forbidden, NotFound: as `queries.check_concerned` says.
    """
    if not _is_new_to(actor, _read(actor, incident_id)):
        return
    with writing() as session:
        if _is_new_to(actor, _lock(session, actor, incident_id)):
            _Writer(session, actor, incident_id).say(Kind.SEEN)
            _record(actor, incident_id, Kind.SEEN)


def _is_new_to(actor: Actor, everything: Sequence[Said]) -> bool:
    return all(one.organisation_id != actor.organisation_id for one in everything)


def add_statement(actor: Actor, incident_id: UUID, *, kind: Kind, text: str) -> None:
    """Add to an incident, signed; a closed one is open again by it, because nobody has agreed to what is new.

    Raises:
        Forbidden, NotFound: as `queries.check_concerned` says.
    """
    if kind not in STATEMENTS:
        raise RuleBroken("Choose only from what is offered: what you add", field="kind")
    with writing() as session:
        _lock(session, actor, incident_id)
        _Writer(session, actor, incident_id).say(kind, text=text)
        _record(actor, incident_id, kind)


def add_organisations(actor: Actor, incident_id: UUID, organisation_ids: Iterable[UUID]) -> None:
    """Name more organisations that are concerned; none is ever taken off.

    Raises:
        Forbidden, NotFound: as `queries.check_concerned` says.
        RuleBroken: one does not share the register.
    """
    with writing() as session:
        known = rules.concerned(_lock(session, actor, incident_id))
        for organisation_id in organisation_ids:
            if organisation_id not in known:
                _Writer(session, actor, incident_id).say_concerned(organisation_id)
        _record(actor, incident_id, Kind.CONCERNED)


def add_person(actor: Actor, incident_id: UUID, nhs_number: str) -> None:
    """Say that somebody on the register is concerned; only a privacy officer sees who is on it.

    Raises:
        Forbidden: an administrator sees nobody's record.
        NotFound: as `queries.check_concerned` says.
        RuleBroken: none that this reader may know of.
    """
    if actor.role is not Role.PRIVACY_OFFICER:
        raise Forbidden("Only a privacy officer adds people. Ask the privacy officer of your organisation.")
    try:
        entry_id = get_entry_by_number(actor, nhs_number)
    except RuleBroken as error:
        raise RuleBroken(error.message, field="nhs_number") from error
    with writing() as session:
        everything = _lock(session, actor, incident_id)
        if any(one.kind is Kind.PERSON and one.subject_id == entry_id for one in everything):
            raise RuleBroken("This person is on the list already", field="nhs_number")
        _Writer(session, actor, incident_id).say(Kind.PERSON, subject_id=entry_id)
        _record(actor, incident_id, Kind.PERSON, entry_id=entry_id)


def agree_to_close(actor: Actor, incident_id: UUID) -> bool:
    """Agree, for one's organisation, to what stands there; the last one to agree closes it.

    Returns:
        Whether it is closed now.

    Raises:
        Forbidden, NotFound: as `queries.check_concerned` says.
        RuleBroken: as `rules.check_may_agree` says.
    """
    with writing() as session:
        everything = _lock(session, actor, incident_id)
        rules.check_may_agree(everything, actor.organisation_id)
        _Writer(session, actor, incident_id).say(Kind.AGREED)
        _record(actor, incident_id, Kind.AGREED)
        return rules.is_closed([*everything, Said(Kind.AGREED, actor.organisation_id)])
