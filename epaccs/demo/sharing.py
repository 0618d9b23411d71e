"""What the organisations of the demonstration have agreed: everybody for care, and two that need somebody."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from epaccs.agreements.model import SharingAgreement, SharingParty, SharingSignature
from epaccs.agreements.rules import LegalBasis, Level, Purpose, SpecialBasis
from epaccs.clinicians.model import Organisation
from epaccs.core import clock
from epaccs.demo.stories import ROOT

EVERYBODY: Final = uuid5(ROOT, "the agreement of everybody")
ENDS_SOON: Final = uuid5(ROOT, "an agreement that ends soon")
UNSIGNED: Final = uuid5(ROOT, "an agreement that waits for signatures")

_CONTACT: Final = "The data protection officer of the integrated care board, 01632 960195"
_SIGNED_BY: Final = "Dr Ruth Made-Up, Caldicott Guardian"
#: Small agreements are between these; the last organisation of each has not signed.
_HOSPITAL: Final = ("A99001", "A99002", "Z99GH")
_HOMES: Final = ("A99001", "Z99C1", "Z99C2")


def share(session: Session, began_on: date) -> None:
    """Make everybody who is here party to the great agreement, inside an open action; who is party stays so."""
    today = began_on + timedelta(days=730)
    _add_agreement(
        session, EVERYBODY, "Northdale and Southmere: palliative care", began_on, today + timedelta(days=300)
    )
    ids = {row.ods_code: row.id for row in session.execute(select(Organisation.ods_code, Organisation.id))}
    known = set(session.scalars(select(SharingParty.organisation_id).where(SharingParty.agreement_id == EVERYBODY)))
    for organisation_id in sorted(set(ids.values()) - known):
        _add_party(session, EVERYBODY, organisation_id, signs=True)
    if session.get(SharingAgreement, ENDS_SOON) is None:
        _add_agreement(session, ENDS_SOON, "Northdale General: cards in the emergency department", began_on,
                       today + timedelta(days=20), level=Level.CARD, purpose=Purpose.EMERGENCY_CARE)  # fmt: skip
        _add_agreement(session, UNSIGNED, "Care homes and Elm Street: plans of residents", today,
                       today + timedelta(days=365), level=Level.PLAN, purpose=Purpose.COORDINATION)  # fmt: skip
        for ods_code in _HOSPITAL:
            _add_party(session, ENDS_SOON, ids[ods_code], signs=True)
        for ods_code in _HOMES:
            _add_party(session, UNSIGNED, ids[ods_code], signs=ods_code == _HOMES[0])
    session.flush()


def _add_agreement(
    session: Session, agreement_id: UUID, name: str, valid_from: date, valid_until: date, **terms: Any
) -> None:
    if session.get(SharingAgreement, agreement_id) is not None:
        return
    session.add(
        SharingAgreement(
            id=agreement_id,
            name=name,
            level=int(terms.get("level", Level.WHOLE)),
            purpose=terms.get("purpose", Purpose.DIRECT_CARE),
            legal_basis=LegalBasis.PUBLIC_TASK,
            special_basis=SpecialBasis.HEALTH_CARE,
            contact=_CONTACT,
            valid_from=valid_from,
            valid_until=valid_until,
            made_at=clock.now(),
            made_by=UUID(int=0),
        )
    )
    session.flush()


def _add_party(session: Session, agreement_id: UUID, organisation_id: UUID, *, signs: bool) -> None:
    which = {"agreement_id": agreement_id, "organisation_id": organisation_id}
    session.add(SharingParty(**which, is_controller=True))
    if signs:
        session.add(SharingSignature(**which, signed_by=_SIGNED_BY, signed_at=clock.now()))
