"""Make an agreement, sign it for an organisation, leave it, end it. Each deed adds rows and changes none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.agreements.model import SharingAgreement, SharingEnd, SharingParty, SharingSignature
from epaccs.agreements.queries import AgreementDetail, get_agreement, organisations_to_agree_with
from epaccs.agreements.rules import (
    EndReason,
    LegalBasis,
    Level,
    Purpose,
    SpecialBasis,
    check_may_end,
    check_may_leave,
    check_may_make,
    check_may_sign,
    check_reason,
    check_terms,
)
from epaccs.audit.events import Event, EventKind
from epaccs.audit.log import record
from epaccs.clinicians.rules import Actor
from epaccs.core import clock
from epaccs.core.db import writing
from epaccs.core.errors import RuleBroken
from epaccs.core.identifiers import new_id


@dataclass(frozen=True)
class NewAgreement:
    """What is shared, between whom, for what, on which basis, and until when."""

    name: str
    level: Level
    purpose: Purpose
    legal_basis: LegalBasis
    special_basis: SpecialBasis
    contact: str
    valid_from: date
    valid_until: date
    parties: frozenset[UUID]
    controllers: frozenset[UUID]


def make_agreement(actor: Actor, agreement_id: UUID, new: NewAgreement) -> UUID:
    """Write an agreement down; nothing flows by it before two have signed. Sent twice, it is made once.

    Raises:
        Forbidden: this person is no administrator.
        RuleBroken: with the field to look at.
    """
    offered = organisations_to_agree_with(actor)
    check_may_make(actor, new.parties)
    if not new.parties <= set(offered):
        raise RuleBroken("Tick only organisations of your area that share the register", field="parties")
    check_terms(
        valid_from=new.valid_from,
        valid_until=new.valid_until,
        parties=new.parties,
        controllers=new.controllers,
        today=clock.today(),
    )
    with writing() as session:
        if session.get(SharingAgreement, agreement_id) is not None:
            return agreement_id
        _add(session, agreement_id, new, actor)
        record(_event(actor, EventKind.SHARING_AGREED, agreement_id, level=int(new.level), parties=len(new.parties)))
    return agreement_id


def _add(session: Session, agreement_id: UUID, new: NewAgreement, actor: Actor) -> None:
    kept = {name: value for name, value in vars(new).items() if name not in {"parties", "controllers"}}
    made = {"id": agreement_id, "made_at": clock.now(), "made_by": actor.clinician_id}
    session.add(SharingAgreement(**{**kept, "level": int(new.level), **made}))
    for one in sorted(new.parties):
        is_controller = one in new.controllers
        session.add(SharingParty(agreement_id=agreement_id, organisation_id=one, is_controller=is_controller))
    session.flush()


def sign(actor: Actor, agreement_id: UUID, *, signed_by: str) -> None:
    """Sign for one's own organisation. From then on it flows, with everybody who has signed.

    Raises:
        NotFound: the organisation is not party to it.
        Forbidden: this person is no administrator.
        RuleBroken: it is over, or signed already.

    Source: hazard H-62.
    """
    with writing() as session:
        found = _lock(session, actor, agreement_id)
        parties = {one.organisation_id for one in found.parties}
        check_may_sign(actor, found.terms, parties, today=clock.today())
        own = found.find_party(actor.organisation_id)
        if own is not None and own.signed_by is not None:
            raise RuleBroken("Your organisation has left this agreement. Make another one")
        session.add(
            SharingSignature(
                agreement_id=agreement_id,
                organisation_id=actor.organisation_id,
                signed_by=signed_by,
                signed_at=clock.now(),
                clinician_id=actor.clinician_id,
            )
        )
        session.flush()
        record(_event(actor, EventKind.SHARING_SIGNED, agreement_id))


def leave(actor: Actor, agreement_id: UUID, *, reason: EndReason, note: str | None) -> None:
    """One's own organisation leaves: from the next request on nothing flows by it to them or from them.

    Raises:
        NotFound: the organisation has not signed it.
        Forbidden: this person is no administrator.
        RuleBroken: it has ended already, or no reason is given.
    """
    check_reason(reason, note)
    with writing() as session:
        check_may_leave(actor, _lock(session, actor, agreement_id).terms)
        _end(session, actor, agreement_id, (actor.organisation_id, reason, note))


def end(actor: Actor, agreement_id: UUID, *, reason: EndReason, note: str | None) -> None:
    """End an agreement for everybody: from the next request on nothing flows by it.

    Raises:
        NotFound: there is no such agreement in the area.
        Forbidden: this person is not the board's administrator.
        RuleBroken: it has ended already, or no reason is given.
    """
    check_reason(reason, note)
    with writing() as session:
        check_may_end(actor, _lock(session, actor, agreement_id).terms)
        _end(session, actor, agreement_id, (None, reason, note))


def _lock(session: Session, actor: Actor, agreement_id: UUID) -> AgreementDetail:
    """The agreement as it stands, with nobody else signing or ending it meanwhile."""
    session.execute(select(SharingAgreement.id).where(SharingAgreement.id == agreement_id).with_for_update())
    return get_agreement(actor, agreement_id)


def _end(session: Session, actor: Actor, agreement_id: UUID, said: tuple[UUID | None, EndReason, str | None]) -> None:
    organisation_id, reason, note = said
    session.add(
        SharingEnd(
            id=new_id(),
            agreement_id=agreement_id,
            organisation_id=organisation_id,
            reason=str(reason),
            note=note,
            ended_at=clock.now(),
            ended_by=actor.clinician_id,
        )
    )
    session.flush()
    record(_event(actor, EventKind.SHARING_ENDED, agreement_id, reason=str(reason), for_all=organisation_id is None))


def _event(actor: Actor, kind: EventKind, agreement_id: UUID, **details: object) -> Event:
    return Event(
        kind,
        actor_id=actor.clinician_id,
        organisation_id=actor.organisation_id,
        role=str(actor.role),
        details={"agreement": str(agreement_id), **details},
    )
