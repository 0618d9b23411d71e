"""Who works where in which role, and what a signed-in person is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from epaccs.core.errors import Forbidden, MustWait, NotFound, RuleBroken

_USER_NAME = re.compile(r"[a-z0-9][a-z0-9.@_-]{1,79}")
_ODS_CODE = re.compile(r"[A-Z0-9]{3,10}")


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


ORGANISATION_LABELS: dict[OrganisationType, str] = {
    OrganisationType.GP_PRACTICE: "GP practice",
    OrganisationType.OUT_OF_HOURS: "out-of-hours provider",
    OrganisationType.AMBULANCE: "ambulance trust",
    OrganisationType.COMMUNITY: "community trust",
    OrganisationType.HOSPICE: "hospice",
    OrganisationType.CARE_HOME: "care home",
    OrganisationType.ACUTE: "hospital",
    OrganisationType.LOCAL_AUTHORITY: "council",
    OrganisationType.NAVIGATION_CENTRE: "navigation centre",
    OrganisationType.ICB: "integrated care board",
}


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

    def to_value(self) -> dict[str, str]:
        """Who it was, as they are now, for what keeps its author whatever becomes of them."""
        return {
            "clinician_id": str(self.clinician_id),
            "name": self.name,
            "role": str(self.role),
            "organisation_id": str(self.organisation_id),
            "organisation_name": self.organisation_name,
        }


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


#: Roles that sign CPR decisions while they hold an authorisation. Source: the access table, column may_sign_cpr.
SIGNING_ROLES = frozenset(
    {
        Role.GP,
        Role.OUT_OF_HOURS_GP,
        Role.COMMUNITY_NURSE,
        Role.HOSPICE_NURSE,
        Role.HOSPICE_DOCTOR,
        Role.HOSPITAL_DOCTOR,
    }
)


def roles_at(organisation_type: OrganisationType) -> list[Role]:
    """The roles that a kind of organisation can give."""
    everywhere = frozenset(OrganisationType)
    return [role for role in Role if organisation_type in ORGANISATION_TYPES_OF.get(role, everywhere)]


#: The setting that says who sees and may what; it is read with each session, because every page waits for that.
ACCESS_TABLE: Final = "access_table"


# Sessions


class SessionEnd(StrEnum):
    """Why a session does not open the register any more."""

    SIGNED_OUT = "signed_out"
    ENDED_BY_PERSON = "ended_by_person"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a reason
    RESET = "reset"
    PROVIDER = "provider"
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
    """All that decides what one cookie opens now.

    `proved_at`: when the person last proved who they are; None: not known. `is_vouched_for`: the organisation they work
    for takes the second factor of the identity provider by which they came.
    """

    session_id: UUID
    clinician_id: UUID
    name: str
    user_name: str
    professional_number: str | None
    person_ended_at: datetime | None
    created_at: datetime
    last_seen_at: datetime
    idle_minutes: int
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    second_factor_at: datetime | None
    has_second_factor: bool
    may_sign: bool
    place: Place | None
    access_table: int = 0  #: the version of the access table that holds now
    proved_at: datetime | None = None
    is_vouched_for: bool = False
    came_by_provider: bool = False


def end_of(facts: SessionFacts, *, now: datetime) -> SessionEnd | None:
    """Why this session opens nothing; None: it still does (hazard H-19)."""
    if facts.ended_at is not None:
        return SessionEnd(facts.end_reason or SessionEnd.SIGNED_OUT)
    if facts.person_ended_at is not None:
        return SessionEnd.ACCESS_ENDED
    return lapse_of(facts.last_seen_at, idle_minutes=facts.idle_minutes, expires_at=facts.expires_at, now=now)


def lapse_of(last_seen_at: datetime, *, idle_minutes: int, expires_at: datetime, now: datetime) -> SessionEnd | None:
    """Whether a session that nobody ended has lapsed: nobody used it for a while, or a shift is over."""
    if now >= expires_at:
        return SessionEnd.TOO_LONG
    if now >= last_seen_at + timedelta(minutes=idle_minutes):
        return SessionEnd.IDLE
    return None


def is_seen_again(facts: SessionFacts, *, now: datetime) -> bool:
    """Whether this visit is worth noting: once a minute is exact enough, and a page need not wait for it."""
    return now >= facts.last_seen_at + timedelta(minutes=1)


def next_step(facts: SessionFacts, *, today: date) -> Step:
    """The code first, because nothing is told to somebody who has only the password."""
    if facts.has_second_factor and facts.second_factor_at is None and not facts.is_vouched_for:
        return Step.GIVE_CODE
    if facts.place is None or not facts.place.is_open(today):
        return Step.CHOOSE_ORGANISATION
    if facts.place.demands_second_factor and not facts.has_second_factor and not facts.is_vouched_for:
        return Step.SET_UP_SECOND_FACTOR
    return Step.NONE


def build_actor(facts: SessionFacts, place: Place) -> Actor:
    """The person at work."""
    actor = at_work(
        place, clinician_id=facts.clinician_id, name=facts.name, professional_number=facts.professional_number
    )
    return replace(actor, may_sign=facts.may_sign, session_id=facts.session_id)


def at_work(place: Place, *, clinician_id: UUID, name: str, professional_number: str | None) -> Actor:
    """Somebody in one of their roles, without a session; whether they may sign is for the caller to say."""
    return Actor(
        clinician_id=clinician_id,
        name=name,
        role=place.role,
        professional_number=professional_number,
        organisation_id=place.organisation_id,
        organisation_name=place.organisation_name,
        organisation_type=place.organisation_type,
        organisation_ods=place.organisation_ods,
    )


#: What a browser says of itself, the most particular first: most of them name several others too.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


def build_browser_name(user_agent: str) -> str:
    """Enough to tell one's own browsers apart in a list: "Firefox on Windows"."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    return " on ".join(part for part in (browser, system) if part) or "Unknown browser"


# Passwords

PASSWORD_LENGTH = 12

#: Long enough for the rule above and still among the first that anyone guesses.
COMMON_PASSWORDS = frozenset(
    {
        "000000000000",
        "111111111111",
        "112233445566",
        "123123123123",
        "123412341234",
        "123456123456",
        "1234567890123",
        "12345678901234",
        "123456789012",
        "1234567891011",
        "123456789abc",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "1qazxsw23edc",
        "abc123abc123",
        "abcdefghijkl",
        "abcdefghijklm",
        "administrator",
        "administrator1",
        "adminadminadmin",
        "changeme1234",
        "changemenow1",
        "correcthorsebatterystaple",
        "demonstration-only",
        "footballfootball",
        "hospice12345",
        "iloveyou1234",
        "letmeinletmein",
        "letmein12345",
        "liverpoolfc1",
        "liverpoolfc1892",
        "manchesterunited",
        "mypassword123",
        "nationalhealthservice",
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "passw0rd1234",
        "p@ssword1234",
        "p@ssw0rd1234",
        "qwerty123456",
        "qwertyqwerty",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwertyuiopas",
        "qwertyuiopasdfghjkl",
        "summer202526",
        "sunshine1234",
        "welcome12345",
        "welcome123456",
        "zxcvbnm12345",
    }
)


def normalise_password(password: str) -> str:
    """The same letters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *, user_name: str) -> None:
    """Long, and not what anybody would try first; which characters it has is nobody's business.

    Raises:
        RuleBroken: it is too short, the user name, or well known.

    Source: NCSC password guidance: length and a list of known passwords, no rules of composition.
    """
    plain = normalise_password(password).casefold()
    if len(plain) < PASSWORD_LENGTH:
        raise RuleBroken(f"Choose a password of {PASSWORD_LENGTH} characters or more", field="new_password")
    if plain.strip() == user_name.casefold() or plain == 2 * user_name.casefold():
        raise RuleBroken("Choose a password that is not your user name", field="new_password")
    if plain in COMMON_PASSWORDS or len(set(plain)) == 1:
        raise RuleBroken("Choose a password that is harder to guess: this one is often used", field="new_password")


def check_repeated(password: str, repeated: str) -> None:
    """Typed the same way twice, because nobody sees it.

    Raises:
        RuleBroken: the two differ.
    """
    if password != repeated:
        raise RuleBroken("Type the new password the same way twice", field="repeated_password")


# Codes that are read aloud or written down

#: Without the letters and figures that are mistaken for each other.
CODE_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
ONE_TIME_CODE_HOURS = 72
RECOVERY_CODES = 10


def format_code(characters: str) -> str:
    """In groups of four, as it is read aloud: K7QM-3XWP-9D2H."""
    return "-".join(characters[start : start + 4] for start in range(0, len(characters), 4))


def normalise_code(text: str) -> str:
    """As it was made, whatever spaces, dashes and small letters it was typed with."""
    return "".join(one for one in unicodedata.normalize("NFKC", text).upper() if one.isascii() and one.isalnum())


# Throttled signing in


@dataclass(frozen=True)
class Limit:
    """So many tries that did not succeed within so many minutes; then wait."""

    tries: int
    minutes: int

    def wait_until(self, tried_at: Sequence[datetime], *, now: datetime) -> datetime | None:
        """When the next try is taken; None: at once.

        Args:
            tried_at: the newest first.
            now: UTC.
        """
        window = timedelta(minutes=self.minutes)
        recent = [moment for moment in tried_at if moment > now - window]
        return recent[self.tries - 1] + window if len(recent) >= self.tries else None


#: One account from one place: a device that the account has used before, else an address.
PLACE_LIMIT = Limit(tries=5, minutes=15)
#: One account from all places where it has never signed in; a known place does not suffer by it.
STRANGERS_LIMIT = Limit(tries=20, minutes=60)
#: One address, whatever accounts it tries, unless the browser is known to the account.
ADDRESS_LIMIT = Limit(tries=60, minutes=15)
#: One browser that somebody here has signed in on, else one address, by a way that names no account. Nobody guesses a
#: signature, so this need keep out no longer than it takes a program to give up.
WAY_LIMIT = Limit(tries=20, minutes=5)
#: One system that sends people here, from all addresses; counted only where it signed what was refused.
SYSTEM_LIMIT = Limit(tries=60, minutes=5)


@dataclass(frozen=True)
class Tries:
    """What the last hour saw that bears on one more try, each list with the newest first.

    `by_strangers` and `from_address` are empty where they do not bear on it: from a known place, from a known device.
    """

    from_place: Sequence[datetime]
    by_strangers: Sequence[datetime] = ()
    from_address: Sequence[datetime] = ()


class TooManyTries(MustWait):
    """Signing in must wait."""

    def __init__(self, until: datetime, *, local_time: str) -> None:
        super().__init__(
            f"Too many tries to sign in. Try again after {local_time}, "
            "or from a computer you have signed in on before. Nobody's account is closed by this.",
            until=until,
        )


class TooManyLaunches(MustWait):
    """Another system's links were refused so often that one more is neither explained nor written down."""

    def __init__(self, until: datetime, *, local_time: str) -> None:
        super().__init__(
            f"Too many links from another system were not accepted. Try again after {local_time}, "
            "or find the person here yourself.",
            until=until,
        )


def wait_until(tries: Tries, *, now: datetime) -> datetime | None:
    """When one more try is taken; None: at once.

    A stranger who guesses at a colleague's password from elsewhere must not keep the colleague out (hazard H-21).
    """
    waits = (
        PLACE_LIMIT.wait_until(tries.from_place, now=now),
        STRANGERS_LIMIT.wait_until(tries.by_strangers, now=now),
        ADDRESS_LIMIT.wait_until(tries.from_address, now=now),
    )
    return max((wait for wait in waits if wait is not None), default=None)


# The second factor

TOTP_SECONDS = 30
#: A watch may be half a minute off, and a person takes time to type.
TOTP_STEPS_AROUND = 1
PENDING_SECOND_FACTOR_MINUTES = 30
#: So soon after the password was given, it is not asked for again.
FRESH_MINUTES = 10


def steps_to_try(now: datetime, *, last_step: int | None) -> list[int]:
    """The steps whose code is taken now; a step that was used, or one before it, is not (a code is used once)."""
    current = int(now.timestamp()) // TOTP_SECONDS
    around = range(current - TOTP_STEPS_AROUND, current + TOTP_STEPS_AROUND + 1)
    return [step for step in around if last_step is None or step > last_step]


def is_fresh(facts: SessionFacts, *, now: datetime) -> bool:
    """Whether the password was given a moment ago."""
    return now < facts.created_at + timedelta(minutes=FRESH_MINUTES)


def has_proved_lately(facts: SessionFacts, *, minutes: int, now: datetime) -> bool:
    """Whether the person proved who they are so lately that what they sign is theirs.

    A computer on a ward is left open; whoever comes by must not sign in another's name (hazard H-64).
    """
    return facts.proved_at is not None and now < facts.proved_at + timedelta(minutes=minutes)


def normalise_user_name(text: str) -> str:
    """Nobody remembers the capitals of a user name."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


# Who may look after whose account


def check_user_name(text: str) -> str:
    """A user name as it is kept: small letters, digits, dots and dashes.

    Raises:
        RuleBroken: it is too short or long, or has other characters.
    """
    name = normalise_user_name(text)
    if not _USER_NAME.fullmatch(name):
        raise RuleBroken(
            "Enter a user name of 2 to 80 letters, digits, dots, dashes or @, starting with a letter or digit",
            field="user_name",
        )
    return name


def check_ods_code(text: str) -> str:
    """An ODS code as it is kept; only its form is checked, the register of codes is elsewhere.

    Raises:
        RuleBroken: it has not the form of one.
    """
    code = unicodedata.normalize("NFKC", text).strip().upper()
    if not _ODS_CODE.fullmatch(code):
        raise RuleBroken("Enter the ODS code: 3 to 10 letters and digits, for example A81001", field="ods_code")
    return code


def check_role_at(role: Role, organisation_type: OrganisationType) -> None:
    """A role is held only where the access table knows it.

    Raises:
        RuleBroken: this kind of organisation has no such role.
    """
    if role not in roles_at(organisation_type):
        raise RuleBroken(
            f"Choose another role: {ROLE_LABELS[role]} is not one of those of a "
            f"{ORGANISATION_LABELS[organisation_type]}",
            field="role",
        )


def check_professional_number(number: str | None, role: Role) -> None:
    """A registered professional is named with the number of their register.

    Raises:
        RuleBroken: the role is a registered one and there is no number.
    """
    if role in REGISTERED_ROLES and not number:
        raise RuleBroken(
            f"Enter the professional number (GMC, NMC or HCPC): a {ROLE_LABELS[role]} has one",
            field="professional_number",
        )


def check_dates(from_date: date, until_date: date | None, *, today: date) -> None:
    """What is given lasts at least until today, and ends after it begins.

    Raises:
        RuleBroken: the last day is before the first or in the past.
    """
    if until_date is None:
        return
    if until_date < from_date:
        raise RuleBroken("The last day must be on or after the first day", field="until_date")
    if until_date < today:
        raise RuleBroken("The last day must be today or later", field="until_date")


def check_administers(actor: Actor, *, organisation_id: UUID) -> None:
    """An administrator looks after the people of their own organisation, and sees nothing of the others.

    Raises:
        NotFound: it is another organisation.
        Forbidden: this person is no administrator.
    """
    if actor.role is not Role.ADMINISTRATOR:
        raise Forbidden("Only an administrator can do this. Ask the administrator of your organisation.")
    if actor.organisation_id != organisation_id:
        raise NotFound


def check_may_give_role(actor: Actor, role: Role, *, organisation_id: UUID, in_area: bool) -> None:
    """Roles are given at one's own organisation; a new organisation gets its first administrator from the board.

    Raises:
        NotFound: it is another organisation.
        Forbidden: this person is no administrator.
    """
    if is_steward(actor) and role is Role.ADMINISTRATOR and in_area:
        return
    check_administers(actor, organisation_id=organisation_id)


def is_steward(actor: Actor) -> bool:
    """Whether this person lets organisations into the register: the administrator of the board that runs the area."""
    return actor.role is Role.ADMINISTRATOR and actor.organisation_type is OrganisationType.ICB


def check_steward(actor: Actor) -> None:
    """Organisations join through the board that runs the area.

    Raises:
        Forbidden: this person is not its administrator.
    """
    if not is_steward(actor):
        raise Forbidden("Only an administrator of the integrated care board lets organisations into the register.")


def check_not_self(actor: Actor, clinician_id: UUID) -> None:
    """Nobody gives themselves a role, an authorisation or a new password this way: two people must know of it.

    Raises:
        Forbidden: it is the administrator's own account.
    """
    if actor.clinician_id == clinician_id:
        raise Forbidden("You cannot do this to your own account. Ask another administrator.")


@dataclass(frozen=True)
class Employment:
    """Where a person's account belongs: the organisation that made it, and those where they hold a role today."""

    home_id: UUID
    working_at: frozenset[UUID]


def may_look_after_account(organisation_id: UUID, employment: Employment) -> bool:
    """Whether this organisation may reset or end the account.

    The one that made it, while the person works there; else the only one where they work. Otherwise one employer
    could take over the role that a person has at another.
    """
    if organisation_id not in employment.working_at:
        return employment.home_id == organisation_id and not employment.working_at
    return employment.home_id == organisation_id or (
        employment.home_id not in employment.working_at and len(employment.working_at) == 1
    )


def check_looks_after(actor: Actor, employment: Employment) -> None:
    """The account belongs to the administrator's organisation.

    Raises:
        NotFound: the person neither works there nor was added there.
        Forbidden: the person works there, but another organisation looks after the account.
    """
    check_administers(actor, organisation_id=actor.organisation_id)
    if may_look_after_account(actor.organisation_id, employment):
        return
    if actor.organisation_id in employment.working_at:
        raise Forbidden("Another organisation looks after this account. Its administrator can do this.")
    raise NotFound


#: So long before the last day on which somebody may sign, they and their administrator are told.
AUTHORISATION_NOTICE: Final = timedelta(days=30)


def find_last_day(days: Iterable[tuple[date, date]], *, today: date) -> date | None:
    """The last day of somebody's authority to sign, if it ends soon; None: it lasts, or they may not sign today.

    An authorisation that follows the day after another lengthens it.

    Args:
        days: from when until when they may sign.
        today: the day.

    Source: access table, signing with an authorisation; hazard H-65.
    """
    last: date | None = None
    for start, end in sorted(days):
        if (start <= today <= end) if last is None else (start <= last + timedelta(days=1) <= end):
            last = end
    return last if last is not None and last <= today + AUTHORISATION_NOTICE else None


def check_may_be_authorised(roles: Iterable[Role]) -> None:
    """Only senior clinicians and nurse consultants hold an authorisation to sign.

    Raises:
        RuleBroken: none of the roles can hold one.

    Source: the access table, column may_sign_cpr.
    """
    if not SIGNING_ROLES.intersection(roles):
        raise RuleBroken("No role of this person here can sign CPR decisions, whatever authorisation they hold")


def check_second_factor_is_free(places: Iterable[Place]) -> None:
    """Nobody takes away a second factor that an organisation of theirs demands.

    Raises:
        RuleBroken: one does.
    """
    for place in places:
        if place.demands_second_factor:
            raise RuleBroken(f"{place.organisation_name} demands a second factor, so you cannot remove yours")


def is_local_path(address: str) -> bool:
    """Whether an address leads nowhere but into this site, so that a link in a letter cannot send anybody away."""
    if not address.startswith("/") or address.startswith("//"):
        return False
    return all(one.isprintable() and one != "\\" for one in address)


def is_secret_field(name: str) -> bool:
    """Whether what was typed there is kept nowhere, not even sealed."""
    return name in {"csrf_token", "code", "one_time_code"} or "password" in name
