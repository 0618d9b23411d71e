"""How far one organisation may see the people of another's practice, and the agreements that say so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select
from sqlalchemy.orm import aliased

from epaccs.agreements.model import SharingAgreement, SharingEnd, SharingParty, SharingSignature
from epaccs.agreements.rules import (
    Level,
    Standing,
    Stop,
    Terms,
    cuts_of,
    days_left,
    is_practice,
    is_worth_a_warning,
    standing_of,
)
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, check_administers, is_steward
from epaccs.core import clock
from epaccs.core.db import db
from epaccs.core.errors import NotFound
from epaccs.core.fields import local_date

# The gate: what every read of a person asks of the agreements, as a part of its one statement


def _between(organisation_id: Any, today: Any) -> tuple[Any, Any]:
    """Whose practices an organisation has a current agreement with that both have signed, and how far each goes."""
    own, theirs = aliased(SharingSignature), aliased(SharingSignature)
    ended = exists().where(
        SharingEnd.agreement_id == own.agreement_id,
        or_(
            SharingEnd.organisation_id.is_(None),
            SharingEnd.organisation_id == own.organisation_id,
            SharingEnd.organisation_id == theirs.organisation_id,
        ),
    )
    statement = (
        select()
        .select_from(own)
        .join(theirs, theirs.agreement_id == own.agreement_id)
        .join(SharingAgreement, SharingAgreement.id == own.agreement_id)
        .where(
            own.organisation_id == organisation_id,
            SharingAgreement.valid_from <= today,
            SharingAgreement.valid_until >= today,
            not_(ended),
        )
    )
    return statement, theirs.organisation_id


def level_between(organisation_id: Any, practice_id: Any, today: Any) -> ColumnElement[int]:
    """How far an organisation sees the people of a practice today, as a column; null: not at all (hazard H-62)."""
    statement, theirs = _between(organisation_id, today)
    level: ColumnElement[int] = (
        statement.add_columns(func.max(SharingAgreement.level)).where(theirs == practice_id).scalar_subquery()
    )
    return level


def covered_practices(organisation_id: Any, today: Any) -> Select[UUID]:
    """Of which practices an organisation sees anybody today, for lists, search and tablets (hazard H-62)."""
    statement, theirs = _between(organisation_id, today)
    covered: Select[UUID] = statement.add_columns(theirs)
    return covered


def find_levels(organisation_id: UUID) -> dict[UUID, Level]:
    """How far an organisation sees the people of each organisation it has a current agreement with."""
    statement, theirs = _between(organisation_id, clock.today())
    rows = db.session.execute(statement.add_columns(theirs, func.max(SharingAgreement.level)).group_by(theirs))
    return {row[0]: Level(row[1]) for row in rows if row[0] != organisation_id}


# What administrators read


@dataclass(frozen=True)
class PartyLine:
    """An organisation that is party to an agreement. `signed_by` None: it has not signed; `left_at` None: nor left."""

    organisation_id: UUID
    name: str
    is_practice: bool
    is_controller: bool
    signed_by: str | None
    signed_at: datetime | None
    left_at: datetime | None


@dataclass(frozen=True)
class AgreementDetail:
    """One agreement with everybody who is party to it. `ended_at` None: nobody ended it early."""

    id: UUID
    name: str
    level: Level
    purpose: str
    legal_basis: str
    special_basis: str
    contact: str
    valid_from: date
    valid_until: date
    is_carried_over: bool
    ended_at: datetime | None
    end_reason: str | None
    end_note: str | None
    parties: tuple[PartyLine, ...]
    terms: Terms
    standing: Standing
    days_left: int

    @property
    def sharing(self) -> list[PartyLine]:
        """Who has signed and not left."""
        return [one for one in self.parties if one.organisation_id in self.terms.signed]

    def find_party(self, organisation_id: UUID) -> PartyLine | None:
        """What one organisation has to do with it; None: nothing."""
        return next((one for one in self.parties if one.organisation_id == organisation_id), None)


def read_agreements(ids: Iterable[UUID] | None = None) -> list[AgreementDetail]:
    """Agreements with their parties, those that end first at the top; `ids` None: all there are. Callers have asked."""
    wanted = select(SharingAgreement).order_by(SharingAgreement.valid_until, SharingAgreement.name)
    if ids is not None:
        wanted = wanted.where(SharingAgreement.id.in_(list(ids)))
    agreements = db.session.scalars(wanted).all()
    known = [one.id for one in agreements]
    ends = db.session.scalars(select(SharingEnd).where(SharingEnd.agreement_id.in_(known))).all()
    parties = _find_parties(known, ends)
    return [_detail(one, parties.get(one.id, []), ends) for one in agreements]


def _find_parties(ids: Sequence[UUID], ends: Sequence[SharingEnd]) -> dict[UUID, list[PartyLine]]:
    left = {(one.agreement_id, one.organisation_id): one.ended_at for one in ends}
    rows = db.session.execute(
        select(SharingParty, SharingSignature, Organisation.name, Organisation.type)
        .join(Organisation, Organisation.id == SharingParty.organisation_id)
        .outerjoin(
            SharingSignature,
            and_(
                SharingSignature.agreement_id == SharingParty.agreement_id,
                SharingSignature.organisation_id == SharingParty.organisation_id,
            ),
        )
        .where(SharingParty.agreement_id.in_(ids))
        .order_by(Organisation.name)
    )
    found: dict[UUID, list[PartyLine]] = {}
    for party, signature, name, kind in rows:
        left_at = left.get((party.agreement_id, party.organisation_id))
        line = _party_line(party, signature, (name, kind), left_at)
        found.setdefault(party.agreement_id, []).append(line)
    return found


def _party_line(
    party: SharingParty, signature: SharingSignature | None, named: tuple[str, str], left_at: datetime | None
) -> PartyLine:
    name, kind = named
    return PartyLine(
        party.organisation_id,
        name,
        is_practice(kind),
        party.is_controller,
        signature.signed_by if signature else None,
        signature.signed_at if signature else None,
        left_at,
    )


def _detail(row: SharingAgreement, parties: Sequence[PartyLine], ends: Sequence[SharingEnd]) -> AgreementDetail:
    end = next((one for one in ends if one.agreement_id == row.id and one.organisation_id is None), None)
    terms = Terms(
        id=row.id,
        level=Level(row.level),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        ended_on=local_date(end.ended_at) if end else None,
        signed=frozenset(one.organisation_id for one in parties if one.signed_by and one.left_at is None),
    )
    today = clock.today()
    return AgreementDetail(
        id=row.id,
        name=row.name,
        level=terms.level,
        purpose=row.purpose,
        legal_basis=row.legal_basis,
        special_basis=row.special_basis,
        contact=row.contact,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        is_carried_over=row.made_by is None,
        ended_at=end.ended_at if end else None,
        end_reason=end.reason if end else None,
        end_note=end.note if end else None,
        parties=tuple(parties),
        terms=terms,
        standing=standing_of(terms, today=today),
        days_left=days_left(row.valid_until, today=today),
    )


def _ids_for(actor: Actor) -> Select[UUID]:
    """The agreements that an administrator may read: of their own organisation; the board's, of the whole area."""
    if not is_steward(actor):
        return select(SharingParty.agreement_id).where(SharingParty.organisation_id == actor.organisation_id)
    area = select(Organisation.area).where(Organisation.id == actor.organisation_id).scalar_subquery()
    return (
        select(SharingParty.agreement_id)
        .join(Organisation, Organisation.id == SharingParty.organisation_id)
        .where(Organisation.area == area)
    )


def agreements_for(actor: Actor) -> list[AgreementDetail]:
    """Every agreement that concerns the administrator's organisation; the board's administrator: of the area.

    Raises:
        Forbidden: this person is no administrator.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    return read_agreements(set(db.session.scalars(_ids_for(actor))))


def get_agreement(actor: Actor, agreement_id: UUID) -> AgreementDetail:
    """One agreement that concerns the administrator's organisation.

    Raises:
        NotFound: there is none, or it does not concern them.
        Forbidden: this person is no administrator.
    """
    found = next((one for one in agreements_for(actor) if one.id == agreement_id), None)
    if found is None:
        raise NotFound
    return found


def organisations_to_agree_with(actor: Actor) -> dict[UUID, str]:
    """Every open organisation of the area, by name: who can be party to an agreement.

    Raises:
        Forbidden: this person is no administrator.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    area = select(Organisation.area).where(Organisation.id == actor.organisation_id).scalar_subquery()
    rows = db.session.execute(
        select(Organisation.id, Organisation.name)
        .where(
            Organisation.closed_on.is_(None), or_(Organisation.area == area, Organisation.id == actor.organisation_id)
        )
        .order_by(Organisation.name)
    )
    return {row.id: row.name for row in rows}


def warnings_for(actor: Actor) -> list[AgreementDetail]:
    """What an administrator must see to: agreements that end within thirty days, or that ended in the last thirty.

    Source: hazard H-62.
    """
    today = clock.today()
    return [one for one in agreements_for(actor) if is_worth_a_warning(one.terms, today=today)]


# What everybody may read


@dataclass(frozen=True)
class SharedNow:
    """What is shared by agreement now, and who shares the register without one; no name of anybody who works there."""

    agreements: tuple[AgreementDetail, ...]
    alone: tuple[str, ...]


def shared_now() -> SharedNow:
    """Every agreement that holds today, for the page that anybody may read: changed with the agreements themselves.

    Source: UK GDPR, articles 13 and 14.
    """
    holding = (Standing.CURRENT, Standing.ENDING)
    current = [one for one in read_agreements() if one.standing in holding]
    sharing = {organisation_id for one in current for organisation_id in one.terms.signed}
    rows = db.session.execute(
        select(Organisation.id, Organisation.name).where(Organisation.closed_on.is_(None)).order_by(Organisation.name)
    )
    return SharedNow(tuple(current), tuple(row.name for row in rows if row.id not in sharing))


# What stopped


@dataclass(frozen=True)
class StopLine:
    """What one organisation does not see any more, or will not: the names of the practices, and what is left."""

    organisation: str
    practices: tuple[str, ...]
    left: Level


@dataclass(frozen=True)
class Stopping:
    """What stops with one agreement, and on which day for the first time."""

    agreement: AgreementDetail
    first_day: date
    has_stopped: bool
    lines: tuple[StopLine, ...]


def what_stops(actor: Actor) -> list[Stopping]:
    """What stopped in the last thirty days, and what will within thirty, as far as no other agreement takes its place.

    Raises:
        Forbidden: this person is no administrator.
    """
    today, found = clock.today(), agreements_for(actor)
    everything = [one.terms for one in read_agreements()]
    names = {row.id: row.name for row in db.session.execute(select(Organisation.id, Organisation.name))}
    stopping = []
    for one in found:
        practices = {party.organisation_id for party in one.parties if party.is_practice}
        for cut in cuts_of(one.terms, _leaves_of(one), today=today):
            stops = [stop for stop in cut.stops(everything, practices) if _concerns(stop, actor)]
            lines = tuple(_stop_line(stop, names) for stop in stops)
            stopping.append(Stopping(one, cut.first_day, cut.first_day <= today, lines))
    return stopping


def _leaves_of(one: AgreementDetail) -> dict[UUID, date]:
    """Who left an agreement, and on which day."""
    return {party.organisation_id: local_date(party.left_at) for party in one.parties if party.left_at}


def _concerns(stop: Stop, actor: Actor) -> bool:
    return is_steward(actor) or actor.organisation_id in (stop.organisation_id, *stop.practice_ids)


def _stop_line(stop: Stop, names: dict[UUID, str]) -> StopLine:
    return StopLine(names[stop.organisation_id], tuple(sorted(names[one] for one in stop.practice_ids)), stop.left)
