"""What the rules must know beside the section: who writes, what the rest of the record says, and which day it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from epaccs.cpr_decisions.rules.states import ConsulteeKind, Professional


class Death(StrEnum):
    """What the record says of the person's death."""

    NO = "no"
    REPORTED = "reported"
    CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Author:
    """Who makes an edit, with what they may do today.

    `authorisation`: the issuer and number of the authorisation to sign. `is_system`: the register itself, or an import.
    """

    clinician_id: str
    name: str
    role: str
    professional_number: str = ""
    organisation_id: str = ""
    organisation_name: str = ""
    may_sign: bool = False
    may_draft: bool = False
    is_clinical: bool = False
    is_call_handler: bool = False
    is_system: bool = False
    authorisation: str = ""

    def as_professional(self) -> Professional:
        """The author as the section keeps them."""
        return Professional(
            clinician_id=self.clinician_id,
            name=self.name,
            role=self.role,
            professional_number=self.professional_number,
            organisation_id=self.organisation_id,
            organisation_name=self.organisation_name,
            authorisation=self.authorisation,
        )


#: The register itself: it ends decisions at a confirmed death and brings them back when that was a mistake.
SYSTEM = Author(clinician_id="", name="The register", role="", is_system=True)


@dataclass(frozen=True)
class AdvanceDecision:
    """An advance decision to refuse treatment (ADRT), as far as CPR is concerned.

    `missing`: what its check list lacks for refusing life-sustaining treatment, in words. `made_on` None: not known.
    """

    refuses_cpr: bool
    document_seen: bool
    withdrawn: bool = False
    made_on: date | None = None
    missing: tuple[str, ...] = ()
    location: str = ""


@dataclass(frozen=True)
class Proxy:
    """An attorney for health and welfare, or a court's deputy, as the record holds them."""

    name: str
    kind: ConsulteeKind = ConsulteeKind.ATTORNEY
    has_authority_for_life_sustaining: bool = False


@dataclass(frozen=True)
class Around:
    """The rest of the record and the moment. `born_on`, `treatment_level`, `icd` None: not recorded.

    `moved_at`: when the register was last told that the person is somewhere else; None: never.
    """

    today: date
    now: datetime
    born_on: date | None = None
    died: Death = Death.NO
    treatment_level: str | None = None
    adrts: tuple[AdvanceDecision, ...] = ()
    proxies: tuple[Proxy, ...] = ()
    icd: str | None = None
    moved_at: datetime | None = None
