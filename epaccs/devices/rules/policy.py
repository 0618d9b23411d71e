"""What may lie on a tablet, how much and for how long: the defaults, and what no organisation may decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from epaccs.access.rules import Permission, Scope, can, facts_of_role
from epaccs.clinicians.rules import ROLE_LABELS, Actor, Role
from epaccs.core.errors import RuleBroken, RulesBroken
from epaccs.devices.rules.scopes import CLASS_LABELS, SCOPE_WORDS, DeviceClass, HeldTier, can_hold, scope_name


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
    most_residents: int = 0
    offline_sections: tuple[str, ...] = ()
    poll_seconds: int = 60
    version: int = 0


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


#: What may be written without signal: what somebody did and saw, what asks somebody else to decide, and what whoever is
#: authorised to sign decides. "Wrong person" is not here: no organisation can take it away (hazard H-60).
OFFLINE_SECTIONS: Final[dict[str, str]] = {
    "cpr.own_withdrawal": "the person withdrew a refusal of CPR",
    "cpr.original_seen": "the signed form was seen",
    "cpr.review_asked": "a review of the CPR decision is asked for",
    "cpr.sign": "a CPR decision is signed, reviewed or cancelled, by whoever is authorised to sign",
    "feedback": "what was found and done",
    "plan": "the sections of the plan, by whoever may change them",
}

#: What is called otherwise where a policy is made: a section, or one kind of change that goes with another.
_CALLED: Final = {
    "observations": "feedback",
    "cpr.revoke": "cpr.sign",
    "cpr.reviewed_and_continues": "cpr.sign",
}
#: No policy takes this away: a doubt can always be raised (hazard H-60).
_ALWAYS: Final = frozenset({"cpr.wrong_person_flag"})


def may_write(allowed: Iterable[str], section: str, kind: str, *, is_of_plan: bool = False) -> bool:
    """Whether a policy lets something be written without signal.

    Args:
        allowed: what the policy names: sections as a whole, or one kind of change of a section, "cpr.review_asked".
        section: of the edit.
        kind: of the edit.
        is_of_plan: the section is one of the plan: a policy names them all by one word.

    Source: docs/offline.md, "What may lie there"; hazard H-51.
    """
    one = f"{section}.{kind}"
    names = {_CALLED.get(section, section), _CALLED.get(one, one)} | ({"plan"} if is_of_plan else set())
    return one in _ALWAYS or not names.isdisjoint(allowed)


_MANAGED = (DeviceClass.MANAGED_TABLET, DeviceClass.MANAGED_LAPTOP)
_OWN = (*_MANAGED, DeviceClass.FIXED_PC)
_WRITES = tuple(OFFLINE_SECTIONS)
#: A crew changes no plan: its tablet holds cards.
_CREW_WRITES = tuple(name for name in OFFLINE_SECTIONS if name != "plan")


def _caseload(cap: int) -> TierRule:
    return TierRule(Scope.RELATIONSHIP, HeldTier.FULL, cap)


def _whole_area(cap: int) -> TierRule:
    return TierRule(Scope.AREA, HeldTier.CARD, cap)


_AMBULANCE = Policy(tiers=(_whole_area(25_000),), lease_seconds=18 * 3600, offline_sections=_CREW_WRITES)
#: So many of a home's residents on one list without signal: few homes have more people on the register.
_ONE_HOME: Final = 60
_OUT_OF_HOURS = Policy(
    tiers=(_whole_area(20_000), _caseload(300)),
    lease_seconds=24 * 3600,
    most_residents=_ONE_HOME,
    offline_sections=_WRITES,
)
_COMMUNITY = Policy(
    tiers=(_caseload(600),),
    lease_seconds=72 * 3600,
    red_seconds=72 * 3600,
    most_residents=_ONE_HOME,
    offline_sections=_WRITES,
)
_PRACTICE = Policy(
    tiers=(TierRule(Scope.OWN_PRACTICE, HeldTier.FULL, 1_500),),
    lease_seconds=12 * 3600,
    most_residents=_ONE_HOME,
    offline_sections=_WRITES,
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
        name = scope_name(rule.scope, actor, area) if can_hold(actor.role, rule.scope, rule.tier) else ""
        if name and held.get(name) != HeldTier.FULL:
            held[name] = str(rule.tier)
    return held


def caps_of(policy: Policy, actor: Actor, area: str) -> dict[str, int]:
    """The most people that each feed may bring onto a tablet."""
    caps: dict[str, int] = {}
    for rule in policy.tiers:
        if name := scope_name(rule.scope, actor, area):
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


# --- What nobody may decide ---

#: The most people that may lie on one tablet, by whose they are and how much of each. What is not here may never.
HARD_CAPS: Final[dict[tuple[Scope, HeldTier], int]] = {
    (Scope.AREA, HeldTier.CARD): 25_000,
    (Scope.OWN_PRACTICE, HeldTier.CARD): 5_000,
    (Scope.OWN_PRACTICE, HeldTier.FULL): 1_500,
    (Scope.RELATIONSHIP, HeldTier.CARD): 5_000,
    (Scope.RELATIONSHIP, HeldTier.FULL): 600,
    (Scope.RESIDENTS, HeldTier.CARD): 300,
    (Scope.RESIDENTS, HeldTier.FULL): 300,
}
#: On a device that nobody manages: cards only, of few people, for a shift.
UNMANAGED_CAP: Final = 100
UNMANAGED_LEASE_SECONDS: Final = 12 * 3600


@dataclass(frozen=True)
class Limit:
    """Between which two numbers a site decides; `unit` is how many of ours make one of the form's."""

    called: str
    lowest: int
    highest: int
    unit: int = 1
    unit_words: str = ""

    def sentence(self) -> str:
        """What to do instead."""
        words = f" {self.unit_words}" if self.unit_words else ""
        return f"Choose {self.called} from {self.lowest // self.unit:,} to {self.highest // self.unit:,}{words}"


_HOUR = 3600
LIMITS: Final[dict[str, Limit]] = {
    "lease_seconds": Limit("how long it may be read without contact", _HOUR, 72 * _HOUR, _HOUR, "hours"),
    "break_glass_seconds": Limit("the extension in an emergency", 0, 4 * _HOUR, _HOUR, "hours"),
    "break_glass_uses": Limit("how often a lease is extended in an emergency", 0, 1),
    "lock_idle_seconds": Limit("after how long it locks", 60, 900, 60, "minutes"),
    "green_seconds": Limit("how long a copy is up to date", 60, _HOUR, 60, "minutes"),
    "amber_seconds": Limit("from when a copy is shown as stale", _HOUR, 24 * _HOUR, _HOUR, "hours"),
    "red_seconds": Limit("from when a decision is only the last known", _HOUR, 72 * _HOUR, _HOUR, "hours"),
    "passphrase_length": Limit("the least length of a passphrase", 8, 64, 1, "characters"),
    "attempts": Limit("how many wrong passphrases erase the keys", 3, 10),
    "least_digits": Limit("the fewest figures of an NHS number that are searched for", 4, 10),
    "most_results": Limit("the most people that a search shows", 1, 20),
    "most_residents": Limit("the most residents that the list of a round shows", 0, 120),
    "poll_seconds": Limit("how often it asks for changes", 15, 900, 1, "seconds"),
}


def check_policy(policy: Policy, role: Role, device_class: DeviceClass) -> None:
    """No organisation decides beyond this, whoever asks and for whatever reason.

    Raises:
        RulesBroken: with a sentence for each thing that goes too far.

    Source: docs/offline.md; Caldicott principles 2 and 3; hazard H-45.
    """
    errors = [
        *_find_numbers_too_far(policy),
        *(error for rule in policy.tiers for error in _find_tier_too_far(rule, role, device_class)),
        *_find_disorder(policy),
        *_find_locked_out(policy),
        *_find_rounds_too_far(policy, role),
    ]
    if device_class is DeviceClass.UNMANAGED and policy.lease_seconds > UNMANAGED_LEASE_SECONDS:
        errors.append(
            RuleBroken(
                f"Choose {UNMANAGED_LEASE_SECONDS // _HOUR} hours or fewer for a device that nobody manages",
                field="lease_seconds",
            )
        )
    if errors:
        raise RulesBroken(errors)


def _find_numbers_too_far(policy: Policy) -> Iterable[RuleBroken]:
    for name, limit in LIMITS.items():
        if not limit.lowest <= getattr(policy, name) <= limit.highest:
            yield RuleBroken(limit.sentence(), field=name)


def _find_tier_too_far(rule: TierRule, role: Role, device_class: DeviceClass) -> Iterable[RuleBroken]:
    word = SCOPE_WORDS.get(rule.scope, str(rule.scope))
    cap = HARD_CAPS.get((rule.scope, rule.tier))
    if not can_hold(role, rule.scope, rule.tier):
        held = "the whole plan" if rule.tier is HeldTier.FULL else "the card"
        yield RuleBroken(
            f"Choose less: without a reason for each person, the role {ROLE_LABELS[role]} does not see {held} "
            f"of people by {rule.scope}",
            field=f"{word}_tier",
        )
    elif cap is None:
        yield RuleBroken("Choose the card: the whole plans of an area never lie on one tablet", field=f"{word}_tier")
    elif device_class is DeviceClass.UNMANAGED and (rule.tier is HeldTier.FULL or rule.scope is Scope.AREA):
        yield RuleBroken(
            "Choose less: on a device that nobody manages lie only cards, and never those of an area",
            field=f"{word}_tier",
        )
    else:
        most = min(cap, UNMANAGED_CAP) if device_class is DeviceClass.UNMANAGED else cap
        if not 1 <= rule.cap <= most:
            yield RuleBroken(f"Choose from 1 to {most:,} people: no tablet holds more", field=f"{word}_cap")


def _find_rounds_too_far(policy: Policy, role: Role) -> Iterable[RuleBroken]:
    """Who goes on no rounds searches for one person at a time, and leafs through nobody."""
    if policy.most_residents and not can(Permission.SEE_ROUND, facts_of_role(role, may_sign=False)):
        yield RuleBroken(
            f"Choose 0: the role {ROLE_LABELS[role]} goes on no rounds in care homes", field="most_residents"
        )


def _find_disorder(policy: Policy) -> Iterable[RuleBroken]:
    if not policy.green_seconds < policy.amber_seconds:
        yield RuleBroken("A copy is shown as stale only after it was up to date", field="amber_seconds")
    if not policy.amber_seconds <= policy.red_seconds:
        yield RuleBroken("A decision is only the last known when the copy is stale", field="red_seconds")
    if len({rule.scope for rule in policy.tiers}) < len(policy.tiers):
        yield RuleBroken("Say once for each group of people how much lies on the tablet")
    if unknown := sorted(set(policy.offline_sections) - set(OFFLINE_SECTIONS)):
        yield RuleBroken(f"This cannot be written without signal: {', '.join(unknown)}", field="offline_sections")


def _find_locked_out(policy: Policy) -> list[RuleBroken]:
    """A device's own lock can fail in a house without signal; the passphrase then still opens.

    Source: hazard H-59.
    """
    if "passphrase" in policy.unlock and set(policy.unlock) <= {"prf", "passphrase"}:
        return []
    words = "A passphrase always unlocks a tablet: its own lock, which may too, can fail in a house without signal"
    return [RuleBroken(words, field="unlock")]


def render_policies() -> str:
    """The defaults and the hard caps as Markdown, from what the code runs on."""
    lines = ["| role | device | holds | hours | writes without signal |", "|---|---|---|---|---|"]
    for (role, device_class), policy in DEFAULT_POLICIES.items():
        holds = "; ".join(f"{one.scope}: {one.tier}, up to {one.cap:,}" for one in policy.tiers)
        writes = "; ".join(policy.offline_sections)
        hours = policy.lease_seconds // _HOUR
        lines.append(f"| {ROLE_LABELS[role]} | {CLASS_LABELS[device_class]} | {holds} | {hours} | {writes} |")
    lines += [
        "",
        "Any other role, and any role on a device that nobody manages: nothing. The passphrase unlocks a tablet, and "
        "so does the device's own lock for whoever adds it, unless the organisation decides otherwise.",
        "",
        "| whose | how much | at most |",
        "|---|---|---|",
    ]
    lines += [f"| {scope} | {tier} | {cap:,} people |" for (scope, tier), cap in HARD_CAPS.items()]
    lines += [
        f"| anybody, on a device that nobody manages | card, not of an area | {UNMANAGED_CAP:,} people |",
        "",
        "| decision | default | from | to |",
        "|---|---|---|---|",
    ]
    for name, limit in LIMITS.items():
        numbers = (getattr(NOTHING, name), limit.lowest, limit.highest)
        words = (f"{number // limit.unit:,} {limit.unit_words}".strip() for number in numbers)
        lines.append(f"| {limit.called} | {' | '.join(words)} |")
    return "\n".join(lines) + "\n"
