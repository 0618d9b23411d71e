"""Who may ask for an account and be sponsored, until when it runs, and what is said before it ends (hazard H-66)."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from epaccs.clinicians.rules import (
    ORGANISATION_LABELS,
    ORGANISATION_TYPES_OF,
    ROLE_LABELS,
    Limit,
    OrganisationType,
    Role,
    check_professional_number,
)
from epaccs.core.errors import RuleBroken

#: Organisations whose people ask for their own accounts: hospices, care homes and social care.
SPONSORED_TYPES = (OrganisationType.CARE_HOME, OrganisationType.HOSPICE, OrganisationType.LOCAL_AUTHORITY)

#: So long before it ends an account can be renewed, and the sponsor is asked to.
RENEWAL_DAYS = 30
#: An account that nobody signs in to for so long ends: most likely its owner has left.
UNUSED_DAYS = 90
#: So long before that, its owner and the sponsor are told.
UNUSED_WARNING_DAYS = 14
#: Whoever needs access today should not wait longer than this.
LATE_HOURS = 24

#: Said where no telephone number is given.
RING_BACK = "Enter your work telephone number: you may be rung back on it"

#: How often one address may ask, and how often one organisation is asked for, before somebody should ring instead.
FROM_ADDRESS_LIMIT = Limit(tries=10, minutes=60)
FOR_ORGANISATION_LIMIT = Limit(tries=30, minutes=24 * 60)


def sponsored_roles(organisation_type: OrganisationType) -> list[Role]:
    """The roles that somebody may ask for at such an organisation: those of care, never those that run the register.

    Source: the access table, column organisation_types.
    """
    if organisation_type not in SPONSORED_TYPES:
        return []
    return [role for role, types in ORGANISATION_TYPES_OF.items() if organisation_type in types]


#: Every role that can be asked for somewhere.
ALL_SPONSORED_ROLES = [role for role in Role if any(role in sponsored_roles(one) for one in SPONSORED_TYPES)]


@dataclass(frozen=True)
class Ask:
    """What somebody who has no account says of themselves; telephone, email, number None: not given."""

    name: str
    role: Role
    email: str | None
    telephone: str | None
    professional_number: str | None
    reason: str


def check_ask(ask: Ask, organisation_type: OrganisationType) -> None:
    """The role is one of the organisation's, a registered professional gives their number, and somebody can ring back.

    Raises:
        RuleBroken: one of these is not so.
    """
    roles = sponsored_roles(organisation_type)
    if ask.role not in roles:
        offered = " or ".join(ROLE_LABELS[role] for role in roles) or "none"
        raise RuleBroken(
            f"Choose another role: at a {ORGANISATION_LABELS[organisation_type]} it can be {offered}", field="role"
        )
    check_professional_number(ask.professional_number, ask.role)
    if not ask.telephone:
        raise RuleBroken(RING_BACK, field="telephone")


def check_not_too_many(
    from_address: Sequence[datetime], for_organisation: Sequence[datetime], *, now: datetime
) -> None:
    """Nobody fills the sponsor's list from outside; whoever really needs access is told to ring.

    Args:
        from_address: when this address asked, the newest first.
        for_organisation: when somebody asked for this organisation, the newest first.
        now: UTC.

    Raises:
        RuleBroken: too many.
    """
    waits = (
        FROM_ADDRESS_LIMIT.wait_until(from_address, now=now),
        FOR_ORGANISATION_LIMIT.wait_until(for_organisation, now=now),
    )
    if any(waits):
        raise RuleBroken("Too many requests were sent. Ring the people who run the register, or ask again tomorrow")


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


# How long an account runs


class AccountState(StrEnum):
    """How it stands with a sponsored account."""

    RUNS = "Runs"
    RENEW = "Renew"
    UNUSED = "Not used"
    ENDED = "Ended"


@dataclass(frozen=True)
class AccountDates:
    """What decides how long an account runs; `has_ended`: somebody, or time, ended it."""

    expires_on: date
    last_used_on: date
    has_ended: bool = False

    @property
    def unused_on(self) -> date:
        """The last day if nobody signs in any more."""
        return self.last_used_on + timedelta(days=UNUSED_DAYS)

    @property
    def last_day(self) -> date:
        """The day after which it opens nothing, whether or not anything notices: the earlier of both."""
        return min(self.expires_on, self.unused_on)

    def state(self, today: date) -> AccountState:
        """What the sponsor should know of it today."""
        if self.has_ended or today > self.last_day:
            return AccountState.ENDED
        if today >= self.expires_on - timedelta(days=RENEWAL_DAYS):
            return AccountState.RENEW
        if today >= self.unused_on - timedelta(days=UNUSED_WARNING_DAYS):
            return AccountState.UNUSED
        return AccountState.RUNS


def check_may_renew(dates: AccountDates, *, today: date) -> None:
    """A sponsor says again that somebody still works there: shortly before the end, or after it.

    Raises:
        RuleBroken: it runs for longer; a press too early would say nothing about that day.
    """
    if dates.state(today) in (AccountState.RUNS, AccountState.UNUSED):
        raise RuleBroken(f"This account can be renewed in the last {RENEWAL_DAYS} days before it ends")


def build_reminder(dates: AccountDates, *, today: date, day_in_words: str, sponsor: str) -> str | None:
    """What its owner is told when they sign in; None: nothing.

    Args:
        dates: as they stood before this sign-in.
        today: the ward's date.
        day_in_words: the last day by the sponsor's word, as it is written.
        sponsor: the organisation that answers for them.
    """
    if today > dates.expires_on - timedelta(days=RENEWAL_DAYS):
        return f"Your access ends on {day_in_words}. Ask {sponsor} to renew it: it takes them one press."
    if today >= dates.unused_on - timedelta(days=UNUSED_WARNING_DAYS):
        days = (today - dates.last_used_on).days
        return f"You had not signed in for {days} days. Access that nobody uses for {UNUSED_DAYS} days ends by itself."
    return None


def is_late(asked_at: datetime, *, now: datetime) -> bool:
    """Whether somebody has waited for an answer longer than anybody should."""
    return now > asked_at + timedelta(hours=LATE_HOURS)


# User names


def build_user_name(name: str, taken: Container[str]) -> str:
    """A user name that nobody has, from the name of the person: so nobody can try from outside which are taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    words = [word for word in re.findall(r"[a-z0-9]+", plain) if word not in _TITLES]
    base = ".".join(dict.fromkeys((words[0], words[-1])))[:70] if words else "colleague"
    base = base if len(base) > 1 else f"{base}.colleague"
    number = 2
    found = base
    while found in taken:
        found, number = f"{base}.{number}", number + 1
    return found


_TITLES = frozenset({"dr", "mr", "mrs", "ms", "miss", "mx", "prof", "professor", "sister", "rev"})
