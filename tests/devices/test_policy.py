"""Policy gives never more than the access table, and no organisation goes beyond the caps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from epaccs.access.rules import ACCESS_TABLE, Permission, Scope, Sight, Tier, can, facts_of_role
from epaccs.audit.events import EventKind
from epaccs.clinicians.model import Organisation
from epaccs.clinicians.rules import Actor, OrganisationType, Role
from epaccs.core.db import db
from epaccs.core.errors import Forbidden, RuleBroken, RulesBroken, Stale
from epaccs.core.identifiers import new_id
from epaccs.devices import actions, queries
from epaccs.devices.rules import (
    DEFAULT_POLICIES,
    HARD_CAPS,
    LIMITS,
    NOTHING,
    OFFLINE_SECTIONS,
    DeviceClass,
    Freshness,
    HeldTier,
    Policy,
    TierRule,
    audience_of,
    can_hold,
    caps_of,
    check_policy,
    clock_words,
    default_policy,
    freshness_of,
    grant,
    held_words,
    is_nearly_full,
    may_write,
    missing_words,
    policy_as_rules,
    policy_from_rules,
    scope_name,
    size_words,
    still_granted,
)
from tests.devices.leases import a_tablet
from tests.devices.test_enrolling import kinds_of
from tests.factories import a_clinician

MANAGED = DeviceClass.MANAGED_TABLET


def scope_names(actor: Actor, area: str) -> tuple[str, ...]:
    """The feeds of everybody whom a tablet of this actor could hold."""
    found = (scope_name(word, actor, area) for word in held_words(actor.role))
    return tuple(name for name in found if name)


def an_actor(role: Role) -> Actor:
    return Actor(new_id(), "A", role, None, new_id(), "B", OrganisationType.AMBULANCE, "T1")


def area(cap: int, tier: HeldTier = HeldTier.CARD) -> TierRule:
    return TierRule(Scope.AREA, tier, cap)


# --- what the access table gives ---


def test_the_names_of_a_roles_scopes_follow_the_access_table() -> None:
    crew, gp, nurse = an_actor(Role.PARAMEDIC), an_actor(Role.GP), an_actor(Role.CARE_HOME_NURSE)

    assert scope_names(crew, "northdale") == ("area:northdale",)
    assert scope_names(crew, "") == ()
    assert scope_names(gp, "northdale") == (f"practice:{gp.organisation_id}", f"relationship:{gp.organisation_id}")
    assert scope_names(nurse, "northdale") == (f"residents:{nurse.organisation_id}",)


@pytest.mark.parametrize("role", [Role.CALL_HANDLER, Role.SOCIAL_WORKER, Role.PRIVACY_OFFICER, Role.ADMINISTRATOR])
def test_a_role_that_sees_no_card_by_itself_has_no_scope(role: Role) -> None:
    assert scope_names(an_actor(role), "northdale") == ()


def test_a_crew_holds_cards_and_no_plans_and_a_home_the_plans_of_its_residents() -> None:
    assert can_hold(Role.PARAMEDIC, Scope.AREA, HeldTier.CARD)
    assert not can_hold(Role.PARAMEDIC, Scope.AREA, HeldTier.FULL)
    assert can_hold(Role.CARE_HOME_NURSE, Scope.RESIDENTS, HeldTier.FULL)
    assert not can_hold(Role.CARE_HOME_SENIOR, Scope.RESIDENTS, HeldTier.FULL)
    assert not can_hold(Role.PRIVACY_OFFICER, Scope.OWN_ORGANISATION, HeldTier.CARD)
    assert (audience_of(Role.PARAMEDIC), audience_of(Role.CARE_HOME_NURSE)) == ("T0+T1", "T0+T1+T2")


tier_rules = st.builds(TierRule, st.sampled_from(list(Scope)), st.sampled_from(list(HeldTier)), st.integers(-5, 60_000))
policies = st.builds(
    Policy,
    tiers=st.lists(tier_rules, max_size=4).map(tuple),
    lease_seconds=st.integers(0, 100 * 3600),
    break_glass_seconds=st.integers(-1, 5 * 3600),
    attempts=st.integers(0, 20),
    most_results=st.integers(0, 100),
    least_digits=st.integers(0, 11),
    most_residents=st.integers(0, 200),
)


@given(policy=policies, role=st.sampled_from(list(Role)), name=st.sampled_from(["northdale", ""]))
def test_no_policy_whatever_gives_more_than_the_access_table(policy: Policy, role: Role, name: str) -> None:
    actor = an_actor(role)

    held = grant(policy, actor, name)

    assert set(held) <= set(scope_names(actor, name))
    if "full" in held.values():
        assert ACCESS_TABLE[role].sights[Tier.T2_COORDINATION] in {Sight.YES, Sight.RESIDENTS}


@given(policy=policies, role=st.sampled_from(list(Role)), device_class=st.sampled_from(list(DeviceClass)))
def test_a_policy_that_is_taken_is_within_every_cap(policy: Policy, role: Role, device_class: DeviceClass) -> None:
    try:
        check_policy(policy, role, device_class)
    except RulesBroken:
        return
    for rule in policy.tiers:
        assert 1 <= rule.cap <= HARD_CAPS[rule.scope, rule.tier]
        assert can_hold(role, rule.scope, rule.tier)
        if device_class is DeviceClass.UNMANAGED:
            assert (rule.tier, rule.cap <= 100, rule.scope is Scope.AREA) == (HeldTier.CARD, True, False)
    assert policy.lease_seconds <= (12 if device_class is DeviceClass.UNMANAGED else 72) * 3600
    assert policy.break_glass_seconds <= 4 * 3600
    assert policy.most_results <= 20
    assert policy.least_digits >= 4
    assert policy.most_residents <= (120 if can(Permission.SEE_ROUND, facts_of_role(role, may_sign=False)) else 0)


@given(
    leased=st.dictionaries(st.sampled_from("abc"), st.sampled_from(["card", "full"])),
    granted=st.dictionaries(st.sampled_from("abc"), st.sampled_from(["card", "full"])),
)
def test_a_lease_never_grows_and_shrinks_with_policy(leased: dict[str, str], granted: dict[str, str]) -> None:
    now = still_granted(leased, granted)

    assert set(now) == set(leased) & set(granted)
    assert all(now[name] == min(leased[name], granted[name]) for name in now)


def test_the_fuller_of_two_lines_about_one_scope_counts() -> None:
    nurse = an_actor(Role.HOSPICE_NURSE)
    both = [TierRule(Scope.RELATIONSHIP, tier, cap) for tier, cap in ((HeldTier.FULL, 10), (HeldTier.CARD, 20))]

    for tiers in (both, both[::-1]):
        policy = Policy(tiers=tuple(tiers))
        assert list(grant(policy, nurse, "").values()) == ["full"]
        assert list(caps_of(policy, nurse, "").values()) == [20]
    assert caps_of(Policy(tiers=(area(5),)), an_actor(Role.PARAMEDIC), "") == {}


# --- what nobody may decide ---


@pytest.mark.parametrize(("role", "device_class"), list(DEFAULT_POLICIES), ids=str)
def test_the_defaults_are_within_the_caps(role: Role, device_class: DeviceClass) -> None:
    check_policy(DEFAULT_POLICIES[role, device_class], role, device_class)


def test_whoever_is_not_named_has_nothing_by_default() -> None:
    assert default_policy(Role.PARAMEDIC, DeviceClass.UNMANAGED) is NOTHING
    assert default_policy(Role.COORDINATOR, MANAGED) is NOTHING
    assert not any(DeviceClass.UNMANAGED in one for one in DEFAULT_POLICIES)
    check_policy(NOTHING, Role.PARAMEDIC, DeviceClass.UNMANAGED)


HOUR = 3600
REFUSED = [
    pytest.param(Role.PARAMEDIC, MANAGED, {"tiers": (area(25_001),)}, "area_cap", "1 to 25,000", id="too many"),
    pytest.param(Role.PARAMEDIC, MANAGED, {"tiers": (area(0),)}, "area_cap", "1 to 25,000", id="of nobody"),
    pytest.param(
        Role.PARAMEDIC,
        MANAGED,
        {"tiers": (area(20, HeldTier.FULL),)},
        "area_tier",
        "paramedic does not see the whole plan",
        id="plans for a crew",
    ),
    pytest.param(
        Role.GP, MANAGED, {"tiers": (area(20),)}, "area_tier", "does not see the card", id="the area for a practice"
    ),
    pytest.param(
        Role.GP,
        MANAGED,
        {"tiers": (TierRule(Scope.OWN_ORGANISATION, HeldTier.CARD, 5),)},
        "own organisation_tier",
        "does not see",
        id="a scope that no tablet has",
    ),
    pytest.param(
        Role.OUT_OF_HOURS_GP,
        MANAGED,
        {"tiers": (area(20, HeldTier.FULL),)},
        "area_tier",
        "never lie on one tablet",
        id="plans of a whole area",
    ),
    pytest.param(
        Role.PARAMEDIC,
        DeviceClass.UNMANAGED,
        {"tiers": (area(20),), "lease_seconds": HOUR},
        "area_tier",
        "only cards, and never those of an area",
        id="an area on anybody's device",
    ),
    pytest.param(
        Role.HOSPICE_NURSE,
        DeviceClass.UNMANAGED,
        {"tiers": (TierRule(Scope.RELATIONSHIP, HeldTier.FULL, 20),), "lease_seconds": HOUR},
        "relationship_tier",
        "only cards",
        id="plans on anybody's device",
    ),
    pytest.param(
        Role.HOSPICE_NURSE,
        DeviceClass.UNMANAGED,
        {"tiers": (TierRule(Scope.RELATIONSHIP, HeldTier.CARD, 101),), "lease_seconds": HOUR},
        "relationship_cap",
        "1 to 100 people",
        id="many on anybody's device",
    ),
    pytest.param(
        Role.HOSPICE_NURSE,
        DeviceClass.UNMANAGED,
        {"lease_seconds": 13 * HOUR},
        "lease_seconds",
        "12 hours or fewer",
        id="long on anybody's device",
    ),
    pytest.param(Role.GP, MANAGED, {"lease_seconds": 73 * HOUR}, "lease_seconds", "from 1 to 72 hours", id="too long"),
    pytest.param(Role.GP, MANAGED, {"attempts": 11}, "attempts", "from 3 to 10", id="too many guesses"),
    pytest.param(Role.GP, MANAGED, {"passphrase_length": 7}, "passphrase_length", "from 8 to 64", id="too short"),
    pytest.param(Role.GP, MANAGED, {"least_digits": 3}, "least_digits", "from 4 to 10", id="browsing by number"),
    pytest.param(Role.GP, MANAGED, {"most_results": 21}, "most_results", "from 1 to 20", id="long lists"),
    pytest.param(Role.GP, MANAGED, {"most_residents": 121}, "most_residents", "from 0 to 120", id="a whole street"),
    pytest.param(
        Role.PARAMEDIC, MANAGED, {"most_residents": 1}, "most_residents", "goes on no rounds", id="a crew on a round"
    ),
    pytest.param(
        Role.GP, MANAGED, {"break_glass_seconds": 5 * HOUR}, "break_glass_seconds", "0 to 4 hours", id="glass"
    ),
    pytest.param(
        Role.GP,
        MANAGED,
        {"green_seconds": HOUR, "amber_seconds": HOUR},
        "amber_seconds",
        "after it was up to date",
        id="stale before it is old",
    ),
    pytest.param(
        Role.GP,
        MANAGED,
        {"amber_seconds": 5 * HOUR, "red_seconds": 4 * HOUR},
        "red_seconds",
        "when the copy is stale",
        id="last known before it is stale",
    ),
    pytest.param(Role.PARAMEDIC, MANAGED, {"tiers": (area(20), area(30))}, None, "Say once", id="one scope said twice"),
    pytest.param(
        Role.GP, MANAGED, {"offline_sections": ("cpr.void",)}, "offline_sections", "cpr.void", id="voiding offline"
    ),
    pytest.param(Role.GP, MANAGED, {"unlock": ()}, "unlock", "passphrase", id="opened by nothing"),
    pytest.param(Role.GP, MANAGED, {"unlock": ("pin",)}, "unlock", "passphrase", id="opened by four figures"),
]


@pytest.mark.parametrize(("role", "device_class", "changes", "field", "sentence"), REFUSED)
def test_a_policy_that_goes_too_far_is_refused_with_what_to_do(
    role: Role, device_class: DeviceClass, changes: dict[str, Any], field: str | None, sentence: str
) -> None:
    with pytest.raises(RulesBroken) as refused:
        check_policy(replace(NOTHING, **changes), role, device_class)

    found = [(one.field, sentence in one.message) for one in refused.value.errors]
    assert (field, True) in found, refused.value.errors


def test_no_policy_leaves_a_tablet_to_the_lock_of_the_device_alone() -> None:
    for ways in (("prf", "passphrase"), ("passphrase",)):
        check_policy(replace(NOTHING, unlock=ways), Role.PARAMEDIC, MANAGED)

    with pytest.raises(RulesBroken) as refused:
        check_policy(replace(NOTHING, unlock=("prf",)), Role.PARAMEDIC, MANAGED)

    assert [one.field for one in refused.value.errors] == ["unlock"]


def test_a_lease_of_less_than_an_hour_is_refused() -> None:
    with pytest.raises(RulesBroken):
        check_policy(replace(NOTHING, lease_seconds=HOUR - 1), Role.PARAMEDIC, MANAGED)


def test_every_limit_is_taken_at_both_ends() -> None:
    wide = replace(NOTHING, amber_seconds=24 * HOUR, red_seconds=72 * HOUR)
    for name, limit in LIMITS.items():
        for value in (limit.lowest, limit.highest):
            policy = replace(wide, **{name: value})
            if policy.amber_seconds > policy.red_seconds or policy.green_seconds >= policy.amber_seconds:
                continue
            check_policy(policy, Role.GP, MANAGED)


@given(policy=policies)
def test_a_policy_is_read_as_it_was_kept(policy: Policy) -> None:
    kept = policy_as_rules(replace(policy, offline_sections=tuple(OFFLINE_SECTIONS)))

    assert policy_from_rules(kept, version=3) == replace(policy, offline_sections=tuple(OFFLINE_SECTIONS), version=3)
    assert policy_from_rules({"tiers": [], "of_a_later_release": 1}, version=1) == replace(NOTHING, version=1)


# --- what an administrator sees ---


@pytest.mark.parametrize(
    ("age", "fresh"),
    [
        (timedelta(minutes=15), Freshness.FRESH),
        (timedelta(hours=4), Freshness.OLDER),
        (timedelta(hours=24), Freshness.STALE),
        (timedelta(hours=24, seconds=1), Freshness.PAST_USE),
    ],
)
def test_how_old_a_tablets_copy_is(age: timedelta, fresh: Freshness) -> None:
    assert freshness_of(age, []) is fresh
    assert freshness_of(age, [NOTHING, replace(NOTHING, amber_seconds=99 * HOUR, red_seconds=99 * HOUR)]) is fresh


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (None, "Not reported"),
        (-119_000, "Right"),
        (540_000, "9 minutes ahead"),
        (-540_000, "9 minutes behind"),
        (366 * 86_400_000, "366 days ahead"),
    ],
)
def test_how_a_tablets_clock_is_told(offset: int | None, words: str) -> None:
    assert clock_words(offset) == words


@pytest.mark.parametrize(
    ("reserve_bytes", "expected"),
    [
        pytest.param(None, False, id="it has not said so"),
        pytest.param(2_097_152, False, id="all of it is laid aside"),
        pytest.param(1_048_576, False, id="half of it"),
        pytest.param(983_040, True, id="less"),
        pytest.param(0, True, id="nothing"),
    ],
)
def test_a_tablet_is_nearly_full_when_little_is_laid_aside(reserve_bytes: int | None, expected: bool) -> None:
    assert is_nearly_full(reserve_bytes) is expected


@pytest.mark.parametrize(
    ("plans_missing", "words"),
    [
        (None, ""),
        (0, ""),
        (1, "1 whole plan is missing on it"),
        (1_200, "1,200 whole plans are missing on it"),
    ],
)
def test_how_many_plans_made_way_is_told(plans_missing: int | None, words: str) -> None:
    assert missing_words(plans_missing) == words


@pytest.mark.parametrize(
    ("allowed", "section", "kind", "may"),
    [
        pytest.param(["cpr.review_asked"], "cpr", "review_asked", True, id="this kind of a change"),
        pytest.param(["cpr.review_asked"], "cpr", "sign", False, id="another kind of the same section"),
        pytest.param(["risks"], "risks", "put", True, id="a section as a whole"),
        pytest.param(["feedback"], "observations", "used", True, id="feedback is the section of observations"),
        pytest.param(["feedback"], "feedback", "used", True, id="by the name of the policy"),
        pytest.param(["cpr.sign"], "cpr", "revoke", True, id="whoever may sign may cancel"),
        pytest.param(["cpr.review_asked"], "cpr", "revoke", False, id="nobody else may cancel"),
        pytest.param([], "cpr", "wrong_person_flag", True, id="that it is the wrong person, always"),
        pytest.param([], "cpr", "review_asked", False, id="nothing"),
    ],
)
def test_what_a_policy_lets_be_written(allowed: list[str], section: str, kind: str, may: bool) -> None:
    assert may_write(allowed, section, kind) is may


def test_how_much_a_tablet_keeps() -> None:
    assert (size_words(None), size_words(31_000_000)) == ("Not reported", "31.0 MB")


# --- changing it ---


@pytest.fixture
def administrator(app: Flask) -> Actor:
    crew = a_clinician(Role.PARAMEDIC)
    return a_clinician(Role.ADMINISTRATOR, db.session.get(Organisation, crew.organisation_id))


def change(administrator: Actor, policy: Policy, **fields: Any) -> int:
    known = {"reason": "Decided by the Caldicott Guardian", "base_version": policy.version, **fields}
    return actions.change_policy(administrator, Role.PARAMEDIC, MANAGED, policy, **known)


def test_a_change_is_a_new_version_with_author_and_reason(administrator: Actor) -> None:
    before = queries.current_policy(administrator.organisation_id, Role.PARAMEDIC, MANAGED)

    assert change(administrator, replace(before, lease_seconds=10 * HOUR)) == 1
    after = queries.current_policy(administrator.organisation_id, Role.PARAMEDIC, MANAGED)
    assert change(administrator, replace(after, lease_seconds=11 * HOUR)) == 2

    history = queries.policy_history(administrator, Role.PARAMEDIC, MANAGED)
    assert [(one.policy.version, one.policy.lease_seconds, one.made_by_name) for one in history] == [
        (2, 11 * HOUR, administrator.name),
        (1, 10 * HOUR, administrator.name),
    ]
    assert [one["version"] for one in kinds_of(EventKind.TABLET_POLICY_CHANGED)] == [1, 2]
    other = a_clinician(Role.ADMINISTRATOR)
    assert queries.current_policy(other.organisation_id, Role.PARAMEDIC, MANAGED) == before


def test_nobody_overwrites_a_version_they_have_not_seen(administrator: Actor) -> None:
    before = queries.current_policy(administrator.organisation_id, Role.PARAMEDIC, MANAGED)
    change(administrator, before)

    with pytest.raises(Stale):
        change(administrator, before)


def test_what_goes_too_far_or_comes_from_somebody_else_changes_nothing(administrator: Actor) -> None:
    before = queries.current_policy(administrator.organisation_id, Role.PARAMEDIC, MANAGED)

    with pytest.raises(RulesBroken):
        change(administrator, replace(before, lease_seconds=100 * HOUR))
    with pytest.raises(Forbidden):
        change(a_clinician(Role.PARAMEDIC), before)
    with pytest.raises(RuleBroken, match="another role"):
        actions.change_policy(administrator, Role.GP, MANAGED, NOTHING, reason="x", base_version=0)
    assert queries.policy_history(administrator, Role.PARAMEDIC, MANAGED) == []


def test_a_policy_that_takes_people_off_holds_from_the_next_request_on(app: Flask) -> None:
    crew = a_clinician(Role.PARAMEDIC)
    administrator = a_clinician(Role.ADMINISTRATOR, db.session.get(Organisation, crew.organisation_id))
    tablet, before = a_tablet(app, crew), DEFAULT_POLICIES[Role.PARAMEDIC, MANAGED]
    assert tablet.post("/sync/v1/who").get_json()["scopes"] == {"area:northdale": "card"}

    change(administrator, replace(before, tiers=()))

    assert tablet.post("/sync/v1/who").get_json()["scopes"] == {}
    told = queries.pending_commands(UUID(tablet.id))
    assert [(str(one.deed), one.scope) for one in told] == [("revoke-scope", "area:northdale")]
    renewed = tablet.renew()
    assert renewed.status_code == 422
    assert "lets nothing lie" in renewed.get_json()["detail"]


def test_a_change_that_leaves_people_there_tells_tablets_nothing(app: Flask) -> None:
    crew = a_clinician(Role.PARAMEDIC)
    administrator = a_clinician(Role.ADMINISTRATOR, db.session.get(Organisation, crew.organisation_id))
    tablet = a_tablet(app, crew)

    change(administrator, replace(DEFAULT_POLICIES[Role.PARAMEDIC, MANAGED], attempts=5))

    assert queries.pending_commands(UUID(tablet.id)) == []
    assert tablet.renew().get_json()["policy"]["attempts"] == 5
