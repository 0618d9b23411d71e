"""Who works where in which role, and what a signed-in person is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
    `professional_number` None: the role has none. `may_sign`: holds an authorisation to sign CPR decisions that is
    current today; the writer asks again for the day a decision was made. `session_id` None: the command line.
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


#: At which kinds of organisation a role is held; a role that is not here is held anywhere.
#: Source: the access table, column organisation_types.
ORGANISATION_TYPES_OF: dict[Role, frozenset[OrganisationType]] = {
    Role.GP: frozenset({OrganisationType.GP_PRACTICE}),
    Role.PRACTICE_ADMINISTRATOR: frozenset({OrganisationType.GP_PRACTICE}),
    Role.OUT_OF_HOURS_GP: frozenset({OrganisationType.OUT_OF_HOURS}),
    Role.OUT_OF_HOURS_NURSE: frozenset({OrganisationType.OUT_OF_HOURS}),
    Role.CALL_HANDLER: frozenset(
        {OrganisationType.OUT_OF_HOURS, OrganisationType.AMBULANCE, OrganisationType.NAVIGATION_CENTRE}
    ),
    Role.PARAMEDIC: frozenset({OrganisationType.AMBULANCE}),
    Role.COMMUNITY_NURSE: frozenset({OrganisationType.COMMUNITY}),
    Role.HOSPICE_NURSE: frozenset({OrganisationType.HOSPICE}),
    Role.HOSPICE_DOCTOR: frozenset({OrganisationType.HOSPICE}),
    Role.CARE_HOME_NURSE: frozenset({OrganisationType.CARE_HOME}),
    Role.HOSPITAL_DOCTOR: frozenset({OrganisationType.ACUTE}),
    Role.ED_CLINICIAN: frozenset({OrganisationType.ACUTE}),
    Role.CARE_HOME_SENIOR: frozenset({OrganisationType.CARE_HOME}),
    Role.SOCIAL_WORKER: frozenset({OrganisationType.LOCAL_AUTHORITY}),
    Role.COORDINATOR: frozenset({OrganisationType.NAVIGATION_CENTRE}),
    Role.COMMISSIONER: frozenset({OrganisationType.ICB}),
}

#: Roles of registered professionals; without the number of their register they cannot be named on a decision.
REGISTERED_ROLES = frozenset(
    {
        Role.GP,
        Role.OUT_OF_HOURS_GP,
        Role.OUT_OF_HOURS_NURSE,
        Role.PARAMEDIC,
        Role.COMMUNITY_NURSE,
        Role.HOSPICE_NURSE,
        Role.HOSPICE_DOCTOR,
        Role.CARE_HOME_NURSE,
        Role.HOSPITAL_DOCTOR,
        Role.ED_CLINICIAN,
    }
)


def roles_at(organisation_type: OrganisationType) -> list[Role]:
    """The roles that a kind of organisation can give."""
    everywhere = frozenset(OrganisationType)
    return [role for role in Role if organisation_type in ORGANISATION_TYPES_OF.get(role, everywhere)]


# Sessions


class SessionEnd(StrEnum):
    """Why a session does not open the register any more."""

    SIGNED_OUT = "signed_out"
    ENDED_BY_PERSON = "ended_by_person"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a reason
    RESET = "reset"
    ACCESS_ENDED = "access_ended"
    IDLE = "idle"
    TOO_LONG = "too_long"


class Step(StrEnum):
    """What a person who gave their password must do before anything else."""

    GIVE_CODE = "give_code"
    CHOOSE_ORGANISATION = "choose_organisation"
    SET_UP_SECOND_FACTOR = "set_up_second_factor"
    NONE = "none"


@dataclass(frozen=True)
class Place:
    """One role at one organisation, as a session has chosen it."""

    membership_id: UUID
    role: Role
    from_date: date
    until_date: date | None
    organisation_id: UUID
    organisation_name: str
    organisation_type: OrganisationType
    organisation_ods: str
    organisation_closed_on: date | None
    demands_second_factor: bool

    def is_open(self, today: date) -> bool:
        """Whether the role is held on this day at an organisation that is open."""
        if self.organisation_closed_on is not None and self.organisation_closed_on <= today:
            return False
        return self.from_date <= today and (self.until_date is None or today <= self.until_date)


@dataclass(frozen=True)
class SessionFacts:
    """All that decides what one cookie opens now."""

    session_id: UUID
    clinician_id: UUID
    name: str
    user_name: str
    professional_number: str | None
    person_ended_at: datetime | None
    last_seen_at: datetime
    idle_minutes: int
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    second_factor_at: datetime | None
    has_second_factor: bool
    may_sign: bool
    place: Place | None


def end_of(facts: SessionFacts, *, now: datetime) -> SessionEnd | None:
    """Why this session opens nothing; None: it still does (hazard H-19)."""
    if facts.ended_at is not None:
        return SessionEnd(facts.end_reason or SessionEnd.SIGNED_OUT)
    if facts.person_ended_at is not None:
        return SessionEnd.ACCESS_ENDED
    if now >= facts.expires_at:
        return SessionEnd.TOO_LONG
    if now >= facts.last_seen_at + timedelta(minutes=facts.idle_minutes):
        return SessionEnd.IDLE
    return None


def is_seen_again(facts: SessionFacts, *, now: datetime) -> bool:
    """Whether this visit is worth noting: once a minute is exact enough, and a page need not wait for it."""
    return now >= facts.last_seen_at + timedelta(minutes=1)


def next_step(facts: SessionFacts, *, today: date) -> Step:
    """The code first, because nothing is told to somebody who has only the password."""
    if facts.has_second_factor and facts.second_factor_at is None:
        return Step.GIVE_CODE
    if facts.place is None or not facts.place.is_open(today):
        return Step.CHOOSE_ORGANISATION
    if facts.place.demands_second_factor and not facts.has_second_factor:
        return Step.SET_UP_SECOND_FACTOR
    return Step.NONE


def build_actor(facts: SessionFacts, place: Place) -> Actor:
    """The person at work."""
    return Actor(
        clinician_id=facts.clinician_id,
        name=facts.name,
        role=place.role,
        professional_number=facts.professional_number,
        organisation_id=place.organisation_id,
        organisation_name=place.organisation_name,
        organisation_type=place.organisation_type,
        organisation_ods=place.organisation_ods,
        may_sign=facts.may_sign,
        session_id=facts.session_id,
    )


def is_secret_field(name: str) -> bool:
    """Whether what was typed there is kept nowhere, not even sealed."""
    return name in {"csrf_token", "code", "one_time_code"} or "password" in name
