"""What a tablet may hold, for whom and for how long; and when a lease is of no use any more.

A tablet never holds more than the access table gives its user online, and never more than policy gives their role on
this class of device; and no policy goes beyond the hard caps below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from epaccs.access.rules import ACCESS_TABLE, Scope, Sight, Tier, audience_name, visible_tiers
from epaccs.clinicians.rules import ROLE_LABELS, Actor, Place, Role
from epaccs.core.errors import RuleBroken


class DeviceClass(StrEnum):
    """Who looks after a device: what a policy is made for."""

    MANAGED_TABLET = "managed-tablet"
    MANAGED_LAPTOP = "managed-laptop"
    FIXED_PC = "fixed-pc"
    UNMANAGED = "unmanaged"


CLASS_LABELS: Final[dict[DeviceClass, str]] = {
    DeviceClass.MANAGED_TABLET: "managed tablet or telephone",
    DeviceClass.MANAGED_LAPTOP: "managed laptop",
    DeviceClass.FIXED_PC: "fixed computer of the organisation",
    DeviceClass.UNMANAGED: "device that nobody manages",
}


class DeviceStatus(StrEnum):
    """Where a tablet stands; it never comes back from the last three: it is enrolled anew."""

    ENROLLED = "enrolled"
    LOST = "lost"
    REVOKED = "revoked"
    ERASED = "erased"


class Deed(StrEnum):
    """What a tablet is told to do at its next contact."""

    ERASE = "erase"
    RESYNC = "resync"
    REVOKE_SCOPE = "revoke-scope"


class HeldTier(StrEnum):
    """How much of each person lies on a tablet."""

    CARD = "card"
    FULL = "full"


# --- Scopes ----------------------------------------------------------------------------------------------------------

#: How the words of the access table begin the names of the feeds.
SCOPE_WORDS: Final[dict[Scope, str]] = {
    Scope.AREA: "area",
    Scope.OWN_PRACTICE: "practice",
    Scope.RELATIONSHIP: "relationship",
    Scope.RESIDENTS: "residents",
}


def scope_names(actor: Actor, area: str) -> tuple[str, ...]:
    """The feeds of the people whom this role reaches; empty: it sees no card.

    Args:
        area: of the actor's organisation; blank: it has none, so nobody is reached by it.
    """
    found = (_scope_name(word, actor, area) for word in _words_with_a_card(actor.role))
    return tuple(name for name in found if name)


def _scope_name(word: Scope, actor: Actor, area: str) -> str:
    if word is Scope.AREA:
        return f"area:{area}" if area else ""
    return f"{SCOPE_WORDS[word]}:{actor.organisation_id}"


def _words_with_a_card(role: Role) -> list[Scope]:
    return [word for word in ACCESS_TABLE[role].scopes if can_hold(role, word, HeldTier.CARD)]


def can_hold(role: Role, word: Scope, tier: HeldTier) -> bool:
    """Whether the access table shows this role, without asking for an incident, what the tier holds.

    A crew sees a plan only with an incident, and a call handler reads a fixed script aloud: neither lies on a tablet.
    """
    if word not in SCOPE_WORDS or word not in ACCESS_TABLE[role].scopes:
        return False
    shown = {Sight.YES, Sight.RESIDENTS} if word is Scope.RESIDENTS else {Sight.YES}
    sights = ACCESS_TABLE[role].sights
    wanted = (Tier.T1_EMERGENCY,) if tier is HeldTier.CARD else (Tier.T1_EMERGENCY, Tier.T2_COORDINATION)
    return all(sights[one] in shown for one in wanted)


def audience_of(role: Role) -> str:
    """The audience whose words are sent to a tablet of this role."""
    residents = ACCESS_TABLE[role].scopes == (Scope.RESIDENTS,)
    return audience_name(visible_tiers(role, incident=False, resident=residents))


# --- Policy ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TierRule:
    """How much of whom a tablet may hold; `cap` is the most people it may be."""

    scope: Scope
    tier: HeldTier
    cap: int


@dataclass(frozen=True)
class Policy:
    """What one role may have on one class of device. `version` 0: the defaults below, nobody has changed them."""

    tiers: tuple[TierRule, ...] = ()
    lease_seconds: int = 12 * 3600
    break_glass_seconds: int = 4 * 3600
    break_glass_uses: int = 1
    lock_idle_seconds: int = 300
    green_seconds: int = 900
    amber_seconds: int = 4 * 3600
    red_seconds: int = 24 * 3600
    unlock: tuple[str, ...] = ("prf", "passphrase")
    passphrase_length: int = 8
    attempts: int = 10
    least_digits: int = 4
    most_results: int = 20
    offline_sections: tuple[str, ...] = ()
    poll_seconds: int = 60
    version: int = 0

    @property
    def holds_anything(self) -> bool:
        """Whether a tablet under it holds anybody at all."""
        return bool(self.tiers)


def policy_as_rules(policy: Policy) -> dict[str, Any]:
    """A policy as it is kept."""
    kept = {name: value for name, value in vars(policy).items() if name not in {"tiers", "version"}}
    tiers = [{"scope": str(one.scope), "tier": str(one.tier), "cap": one.cap} for one in policy.tiers]
    return {**kept, "unlock": list(policy.unlock), "offline_sections": list(policy.offline_sections), "tiers": tiers}


def policy_from_rules(rules: Mapping[str, Any], *, version: int) -> Policy:
    """A policy as it was kept; what was not yet decided when it was made has its default."""
    tiers = tuple(TierRule(Scope(one["scope"]), HeldTier(one["tier"]), one["cap"]) for one in rules["tiers"])
    known = {name: value for name, value in rules.items() if name in Policy.__dataclass_fields__}
    known = {name: tuple(value) if isinstance(value, list) else value for name, value in known.items()}
    return Policy(**{**known, "tiers": tiers, "version": version})


#: What a crew or a nurse may write without signal: what they did and saw, and what asks somebody else to decide.
OFFLINE_SECTIONS: Final[dict[str, str]] = {
    "cpr.own_withdrawal": "the person withdrew a refusal of CPR",
    "cpr.original_seen": "the signed form was seen",
    "cpr.review_asked": "a review of the CPR decision is asked for",
    "feedback": "what was found and done",
}

_MANAGED = (DeviceClass.MANAGED_TABLET, DeviceClass.MANAGED_LAPTOP)
_OWN = (*_MANAGED, DeviceClass.FIXED_PC)
_WRITES = tuple(OFFLINE_SECTIONS)


def _caseload(cap: int) -> TierRule:
    return TierRule(Scope.RELATIONSHIP, HeldTier.FULL, cap)


def _whole_area(cap: int) -> TierRule:
    return TierRule(Scope.AREA, HeldTier.CARD, cap)


_AMBULANCE = Policy(tiers=(_whole_area(25_000),), lease_seconds=18 * 3600, offline_sections=_WRITES)
_OUT_OF_HOURS = Policy(tiers=(_whole_area(20_000), _caseload(300)), lease_seconds=24 * 3600, offline_sections=_WRITES)
_COMMUNITY = Policy(tiers=(_caseload(600),), lease_seconds=72 * 3600, red_seconds=72 * 3600, offline_sections=_WRITES)
_PRACTICE = Policy(
    tiers=(TierRule(Scope.OWN_PRACTICE, HeldTier.FULL, 1_500),), lease_seconds=12 * 3600, offline_sections=_WRITES
)

#: What holds until an organisation decides otherwise; a role or class that is not here has nothing on a tablet.
DEFAULT_POLICIES: Final[dict[tuple[Role, DeviceClass], Policy]] = {
    **{(Role.PARAMEDIC, one): _AMBULANCE for one in _MANAGED},
    **{(role, one): _OUT_OF_HOURS for role in (Role.OUT_OF_HOURS_GP, Role.OUT_OF_HOURS_NURSE) for one in _MANAGED},
    **{
        (role, one): _COMMUNITY
        for role in (Role.HOSPICE_NURSE, Role.HOSPICE_DOCTOR, Role.COMMUNITY_NURSE)
        for one in _MANAGED
    },
    **{(Role.GP, one): _PRACTICE for one in _OWN},
}
NOTHING: Final = Policy()


def default_policy(role: Role, device_class: DeviceClass) -> Policy:
    """What holds where the organisation has made no policy of its own."""
    return DEFAULT_POLICIES.get((role, device_class), NOTHING)


def grant(policy: Policy, actor: Actor, area: str) -> dict[str, str]:
    """The feeds that a tablet of this user holds, with their tier: what policy and the access table both give."""
    held: dict[str, str] = {}
    for rule in policy.tiers:
        name = _scope_name(rule.scope, actor, area) if can_hold(actor.role, rule.scope, rule.tier) else ""
        if name and held.get(name) != HeldTier.FULL:
            held[name] = str(rule.tier)
    return held


def caps_of(policy: Policy, actor: Actor, area: str) -> dict[str, int]:
    """The most people that each feed may bring onto a tablet."""
    caps: dict[str, int] = {}
    for rule in policy.tiers:
        if name := _scope_name(rule.scope, actor, area):
            caps[name] = max(rule.cap, caps.get(name, 0))
    return caps


def check_holds_something(role: Role, device_class: DeviceClass, scopes: Mapping[str, str]) -> None:
    """A tablet on which nothing may lie gets no lease.

    Raises:
        RuleBroken: policy gives this role nothing on this class of device.

    Source: hazard H-45.
    """
    if scopes:
        return
    if device_class is DeviceClass.UNMANAGED:
        raise RuleBroken(
            "Your organisation lets nothing lie on a device that nobody manages. Use the register online here, "
            "or ask for a managed tablet",
            field="device_class",
        )
    raise RuleBroken(
        f"Your organisation lets nothing lie on a {CLASS_LABELS[device_class]} for the role {ROLE_LABELS[role]}. "
        "Use the register online, or ask your administrator",
        field="device_class",
    )


def still_granted(leased: Mapping[str, str], granted: Mapping[str, str]) -> dict[str, str]:
    """What of a lease policy and the access table give to this day; never more than the lease says."""
    return {
        name: str(HeldTier.CARD) if HeldTier.CARD in (tier, granted[name]) else tier
        for name, tier in leased.items()
        if name in granted
    }


# --- Leases ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tablet:
    """The tablet that asks, its user at work, and what they may have on it now."""

    device_id: UUID
    actor: Actor
    lease_id: UUID
    scopes: Mapping[str, str]  #: scope name -> tier "card" or "full"
    device_class: str
    policy: Policy


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
    POLICY = "policy"


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


_OUT_BY_STATUS: Final = {
    DeviceStatus.LOST: LeaseEnd.TABLET_LOST,
    DeviceStatus.REVOKED: LeaseEnd.TABLET_REVOKED,
    DeviceStatus.ERASED: LeaseEnd.TABLET_ERASED,
}


def end_of_lease(facts: LeaseFacts, *, now: datetime, today: Any) -> LeaseEnd | None:
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
        "break_glass": {"seconds": policy.break_glass_seconds, "uses": policy.break_glass_uses},
        "renew_until": int(facts.renew_until.timestamp()),
    }


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
        "offline_sections": list(policy.offline_sections),
        "poll_seconds": policy.poll_seconds,
    }
