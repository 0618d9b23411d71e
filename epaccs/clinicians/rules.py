"""Who works where in which role, and what a signed-in person is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class OrganisationType(StrEnum):
    """Kinds of organisations that share the register."""

    GP_PRACTICE = "gp_practice"
    OUT_OF_HOURS = "out_of_hours"
    AMBULANCE = "ambulance"
    COMMUNITY = "community"
    HOSPICE = "hospice"
    CARE_HOME = "care_home"
    ACUTE = "acute"
    LOCAL_AUTHORITY = "local_authority"
    NAVIGATION_CENTRE = "navigation_centre"
    ICB = "icb"


class Role(StrEnum):
    """Roles of staff, as in the access table; a person's own view is another door."""

    GP = "gp"
    PRACTICE_ADMINISTRATOR = "practice-administrator"
    OUT_OF_HOURS_GP = "out-of-hours-gp"
    OUT_OF_HOURS_NURSE = "out-of-hours-nurse"
    CALL_HANDLER = "call-handler"
    PARAMEDIC = "paramedic"
    COMMUNITY_NURSE = "community-nurse"
    HOSPICE_NURSE = "hospice-nurse"
    HOSPICE_DOCTOR = "hospice-doctor"
    CARE_HOME_NURSE = "care-home-nurse"
    HOSPITAL_DOCTOR = "hospital-doctor"
    ED_CLINICIAN = "ed-clinician"
    CARE_HOME_SENIOR = "care-home-senior"
    SOCIAL_WORKER = "social-worker"
    COORDINATOR = "coordinator"
    PRIVACY_OFFICER = "privacy-officer"
    COMMISSIONER = "commissioner"
    ADMINISTRATOR = "administrator"


ROLE_LABELS: dict[Role, str] = {
    Role.GP: "GP",
    Role.PRACTICE_ADMINISTRATOR: "practice administrator",
    Role.OUT_OF_HOURS_GP: "out-of-hours GP",
    Role.OUT_OF_HOURS_NURSE: "out-of-hours nurse",
    Role.CALL_HANDLER: "call handler",
    Role.PARAMEDIC: "paramedic",
    Role.COMMUNITY_NURSE: "community nurse",
    Role.HOSPICE_NURSE: "hospice nurse",
    Role.HOSPICE_DOCTOR: "hospice doctor",
    Role.CARE_HOME_NURSE: "care home nurse",
    Role.HOSPITAL_DOCTOR: "hospital doctor",
    Role.ED_CLINICIAN: "emergency department clinician",
    Role.CARE_HOME_SENIOR: "care home senior",
    Role.SOCIAL_WORKER: "social worker",
    Role.COORDINATOR: "coordinator",
    Role.PRIVACY_OFFICER: "privacy officer",
    Role.COMMISSIONER: "commissioner",
    Role.ADMINISTRATOR: "administrator",
}


@dataclass(frozen=True)
class Actor:
    """A signed-in person at work: who, in which role, for which organisation.

    Every action takes it first, so nothing below the views asks who is signed in.
    `professional_number` None: the role has none. `may_sign`: holds an authorisation to sign CPR decisions that is current
    today; the writer asks again for the day a decision was made. `session_id` None: the command line.
    """

    clinician_id: UUID
    name: str
    role: Role
    professional_number: str | None
    organisation_id: UUID
    organisation_name: str
    organisation_type: OrganisationType
    organisation_ods: str
    may_sign: bool = False
    session_id: UUID | None = None
