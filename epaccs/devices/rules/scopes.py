"""Kinds of devices, and whose people may lie on one: never more than the access table shows its user online."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from epaccs.access.rules import Scope, Sight, Tier, audience_name, row_of, visible_tiers
from epaccs.clinicians.rules import Actor, Role


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


class ScopeKind(StrEnum):
    """The reasons for which somebody is on a tablet: the words of the access table, as the names of the feeds begin."""

    AREA = "area"
    PRACTICE = "practice"
    RELATIONSHIP = "relationship"
    RESIDENTS = "residents"


SCOPE_WORDS: Final[dict[Scope, ScopeKind]] = {
    Scope.AREA: ScopeKind.AREA,
    Scope.OWN_PRACTICE: ScopeKind.PRACTICE,
    Scope.RELATIONSHIP: ScopeKind.RELATIONSHIP,
    Scope.RESIDENTS: ScopeKind.RESIDENTS,
}


def scope_name(word: Scope, actor: Actor, area: str) -> str:
    """The feed of the people whom one word reaches; empty: nobody.

    Args:
        area: of the actor's organisation; blank: it has none, so nobody is reached by it.
    """
    if word is Scope.AREA:
        return f"{ScopeKind.AREA}:{area}" if area else ""
    return f"{SCOPE_WORDS[word]}:{actor.organisation_id}"


def held_words(role: Role) -> list[Scope]:
    """Whose people a tablet of this role could hold at all; empty: nobody's."""
    return [word for word in row_of(role).scopes if can_hold(role, word, HeldTier.CARD)]


def can_hold(role: Role, word: Scope, tier: HeldTier) -> bool:
    """Whether the access table shows this role, without asking for an incident, what the tier holds.

    A crew sees a plan only with an incident, and a call handler reads a fixed script aloud: neither lies on a tablet.
    """
    if word not in SCOPE_WORDS or word not in row_of(role).scopes:
        return False
    shown = {Sight.YES, Sight.RESIDENTS} if word is Scope.RESIDENTS else {Sight.YES}
    sights = row_of(role).sights
    wanted = (Tier.T1_EMERGENCY,) if tier is HeldTier.CARD else (Tier.T1_EMERGENCY, Tier.T2_COORDINATION)
    return all(sights[one] in shown for one in wanted)


def tiers_in(role: Role, scope: str) -> frozenset[Tier]:
    """What of the people of one scope is there for a tablet of this role."""
    is_resident = scope.partition(":")[0] == ScopeKind.RESIDENTS
    return visible_tiers(role, incident=False, resident=is_resident)


def audience_of(role: Role) -> str:
    """The audience whose words are sent to a tablet of this role."""
    residents = row_of(role).scopes == (Scope.RESIDENTS,)
    return audience_name(visible_tiers(role, incident=False, resident=residents))


#: Whose people they are, in the words of a page.
SCOPE_LABELS: Final[dict[Scope, str]] = {
    Scope.AREA: "everybody in the area",
    Scope.OWN_PRACTICE: "the practice's own list",
    Scope.RELATIONSHIP: "people whom the organisation looks after",
    Scope.RESIDENTS: "the home's residents",
}
TIER_LABELS: Final[dict[HeldTier, str]] = {HeldTier.CARD: "the card", HeldTier.FULL: "card and plan"}
