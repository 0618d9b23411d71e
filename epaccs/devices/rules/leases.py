"""What a lease says, and when it is of no use any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from epaccs.access.rules import Permission, can_ever, facts_of_role
from epaccs.clinicians.rules import Actor, Place, Role
from epaccs.devices.rules.policy import Policy
from epaccs.devices.rules.scopes import DeviceClass, DeviceStatus, audience_of


@dataclass(frozen=True)
class Tablet:
    """The tablet that asks, its user at work, and what they may have on it now."""

    device_id: UUID
    actor: Actor
    lease_id: UUID
    scopes: Mapping[str, str]  #: scope name -> tier "card" or "full"
    device_class: str
    policy: Policy
    caps: Mapping[str, int]  #: scope name -> the most people of it that may lie there


class LeaseEnd(StrEnum):
    """Why a lease opens nothing at the register any more."""

    RAN_OUT = "ran_out"
    NOT_YET = "not_yet"
    TABLET_LOST = "tablet_lost"
    TABLET_REVOKED = "tablet_revoked"
    TABLET_ERASED = "tablet_erased"
    USER_REMOVED = "user_removed"
    ACCESS_ENDED = "access_ended"
    ROLE_ENDED = "role_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a reason
    RESET = "reset"


#: The tablet itself is out of use: it erases what it holds.
TABLET_IS_OUT: Final = frozenset({LeaseEnd.TABLET_LOST, LeaseEnd.TABLET_REVOKED, LeaseEnd.TABLET_ERASED})


@dataclass(frozen=True)
class LeaseFacts:
    """All that decides what one lease opens now. `place`: the membership it was given for, as it is today."""

    lease_id: UUID
    device_id: UUID
    device_class: DeviceClass
    device_status: DeviceStatus
    device_organisation_id: UUID
    clinician_id: UUID
    membership_id: UUID
    role: str
    organisation_id: UUID
    issued_at: datetime
    expires_at: datetime
    renew_until: datetime
    ended_at: datetime | None
    end_reason: str | None
    user_ended_at: datetime | None
    person_ended_at: datetime | None
    place: Place
    scopes: Mapping[str, str] = field(default_factory=dict)
    may_sign: bool = False  #: whether they are authorised to sign CPR decisions on the day it is given


_OUT_BY_STATUS: Final = {
    DeviceStatus.LOST: LeaseEnd.TABLET_LOST,
    DeviceStatus.REVOKED: LeaseEnd.TABLET_REVOKED,
    DeviceStatus.ERASED: LeaseEnd.TABLET_ERASED,
}


def end_of_lease(facts: LeaseFacts, *, now: datetime, today: date) -> LeaseEnd | None:
    """Why this lease opens nothing; None: it does. The tablet first: one that is out of use is told to erase.

    Source: hazard H-45.
    """
    if facts.device_status in _OUT_BY_STATUS:
        return _OUT_BY_STATUS[facts.device_status]
    if facts.ended_at is not None:
        return LeaseEnd(facts.end_reason or LeaseEnd.RAN_OUT)
    if facts.user_ended_at is not None:
        return LeaseEnd.USER_REMOVED
    if facts.person_ended_at is not None:
        return LeaseEnd.ACCESS_ENDED
    if not facts.place.is_open(today) or str(facts.place.role) != facts.role:
        return LeaseEnd.ROLE_ENDED
    if now >= facts.expires_at:
        return LeaseEnd.RAN_OUT
    return None


def build_claims(facts: LeaseFacts, policy: Policy, *, issuer: str) -> dict[str, Any]:
    """What a lease says, to be signed. Times are whole seconds. Source: RFC 7519, section 4.1."""
    issued = int(facts.issued_at.timestamp())
    return {
        "iss": issuer,
        "jti": str(facts.lease_id),
        "device": str(facts.device_id),
        "user": str(facts.clinician_id),
        "membership": str(facts.membership_id),
        "organisation": str(facts.organisation_id),
        "role": facts.role,
        "iat": issued,
        "nbf": issued,
        "exp": int(facts.expires_at.timestamp()),
        "scopes": [{"scope": name, "tier": tier} for name, tier in sorted(facts.scopes.items())],
        "audience": audience_of(Role(facts.role)),
        "may_sign": facts.may_sign,
        "may_change": find_changes(Role(facts.role)),
        "break_glass": {"seconds": policy.break_glass_seconds, "uses": policy.break_glass_uses},
        "renew_until": int(facts.renew_until.timestamp()),
    }


#: What of the plan a role may change, as a lease names it.
_CHANGES: Final = {"plan": Permission.EDIT_PLAN, "contacts": Permission.EDIT_CONTACTS}


def find_changes(role: Role) -> list[str]:
    """What of the plan this role may change of anybody whom it reaches, so that nobody writes in vain."""
    facts = facts_of_role(role, may_sign=False)
    return [name for name, permission in _CHANGES.items() if can_ever(permission, facts)]


def policy_for_tablet(policy: Policy, scopes: Mapping[str, str], caps: Mapping[str, int]) -> dict[str, Any]:
    """The policy as the tablet reads it."""
    return {
        "version": policy.version,
        "tiers": [{"scope": name, "tier": tier, "cap": caps[name]} for name, tier in sorted(scopes.items())],
        "lease_seconds": policy.lease_seconds,
        "break_glass": {"seconds": policy.break_glass_seconds, "uses": policy.break_glass_uses},
        "lock_idle_seconds": policy.lock_idle_seconds,
        "unlock": list(policy.unlock),
        "passphrase_length": policy.passphrase_length,
        "attempts": policy.attempts,
        "stale_seconds": {
            "green": policy.green_seconds,
            "amber": policy.amber_seconds,
            "red": policy.red_seconds,
        },
        "search": {"least_digits": policy.least_digits, "most_results": policy.most_results},
        "rounds": {"most_residents": policy.most_residents},
        "offline_sections": list(policy.offline_sections),
        "poll_seconds": policy.poll_seconds,
    }
