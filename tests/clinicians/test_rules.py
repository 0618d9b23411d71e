"""Who works where, what a session opens, and what a password and a try must be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from epaccs.access.rules import ACCESS_TABLE, Fact
from epaccs.clinicians import rules
from epaccs.clinicians.rules import (
    Actor,
    Employment,
    Limit,
    OrganisationType,
    Place,
    Role,
    SessionEnd,
    SessionFacts,
    Step,
    Tries,
)
from epaccs.core.errors import Forbidden, NotFound, RuleBroken

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
OWN, OTHER, THIRD = UUID(int=1), UUID(int=2), UUID(int=3)


def a_place(**changes: Any) -> Place:
    place = Place(
        membership_id=UUID(int=10),
        role=Role.GP,
        from_date=date(2026, 1, 1),
        until_date=None,
        organisation_id=OWN,
        organisation_name="Riverside Surgery",
        organisation_type=OrganisationType.GP_PRACTICE,
        organisation_ods="A81001",
        organisation_closed_on=None,
        demands_second_factor=False,
    )
    return replace(place, **changes)


def some_facts(**changes: Any) -> SessionFacts:
    facts = SessionFacts(
        session_id=UUID(int=20),
        clinician_id=UUID(int=21),
        name="Dr Ada Made-Up",
        user_name="ada",
        professional_number="1234567",
        person_ended_at=None,
        created_at=NOW - timedelta(hours=1),
        last_seen_at=NOW - timedelta(minutes=1),
        idle_minutes=60,
        expires_at=NOW + timedelta(hours=12),
        ended_at=None,
        end_reason=None,
        second_factor_at=None,
        has_second_factor=False,
        may_sign=True,
        place=a_place(),
    )
    return replace(facts, **changes)


def an_actor(
    role: Role = Role.ADMINISTRATOR,
    type: OrganisationType = OrganisationType.HOSPICE,  # noqa: A002
) -> Actor:
    return Actor(UUID(int=30), "An Administrator", role, None, OWN, "St Bede's Hospice", type, "T1")


# Sessions


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        pytest.param({}, None, id="in use"),
        pytest.param({"ended_at": NOW, "end_reason": "reset"}, SessionEnd.RESET, id="ended by a reset"),
        pytest.param({"ended_at": NOW}, SessionEnd.SIGNED_OUT, id="ended without a word why"),
        pytest.param({"person_ended_at": NOW}, SessionEnd.ACCESS_ENDED, id="account closed"),
        pytest.param({"expires_at": NOW}, SessionEnd.TOO_LONG, id="the shift is over"),
        pytest.param({"last_seen_at": NOW - timedelta(minutes=60)}, SessionEnd.IDLE, id="unused for its whole time"),
        pytest.param({"last_seen_at": NOW - timedelta(minutes=59, seconds=59)}, None, id="one second left"),
    ],
)
def test_a_session_opens_the_register_until_it_ends_or_lapses(changes: dict[str, Any], end: SessionEnd | None) -> None:
    assert rules.end_of(some_facts(**changes), now=NOW) == end


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        pytest.param({}, Step.NONE, id="nothing is missing"),
        pytest.param({"has_second_factor": True}, Step.GIVE_CODE, id="code not given"),
        pytest.param({"has_second_factor": True, "place": None}, Step.GIVE_CODE, id="code before the choice"),
        pytest.param({"has_second_factor": True, "second_factor_at": NOW}, Step.NONE, id="code given"),
        pytest.param({"place": None}, Step.CHOOSE_ORGANISATION, id="nothing chosen"),
        pytest.param(
            {"place": a_place(until_date=TODAY - timedelta(days=1))}, Step.CHOOSE_ORGANISATION, id="role ended"
        ),
        pytest.param(
            {"place": a_place(demands_second_factor=True)}, Step.SET_UP_SECOND_FACTOR, id="the organisation demands one"
        ),
        pytest.param(
            {"place": a_place(demands_second_factor=True), "has_second_factor": True, "second_factor_at": NOW},
            Step.NONE,
            id="demanded and given",
        ),
    ],
)
def test_each_step_of_signing_in_comes_before_anything_else(changes: dict[str, Any], step: Step) -> None:
    assert rules.next_step(some_facts(**changes), today=TODAY) is step


@pytest.mark.parametrize(
    ("changes", "is_open"),
    [
        pytest.param({}, True, id="open-ended"),
        pytest.param({"until_date": TODAY}, True, id="last day"),
        pytest.param({"until_date": TODAY - timedelta(days=1)}, False, id="the day after"),
        pytest.param({"from_date": TODAY + timedelta(days=1)}, False, id="begins tomorrow"),
        pytest.param({"organisation_closed_on": TODAY}, False, id="organisation closed today"),
        pytest.param({"organisation_closed_on": TODAY + timedelta(days=1)}, True, id="organisation closes tomorrow"),
    ],
)
def test_a_role_is_held_from_its_first_to_its_last_day(changes: dict[str, Any], is_open: bool) -> None:
    assert a_place(**changes).is_open(TODAY) is is_open


def test_the_last_visit_is_noted_once_a_minute() -> None:
    seen = some_facts(last_seen_at=NOW)

    assert not rules.is_seen_again(seen, now=NOW + timedelta(seconds=59))
    assert rules.is_seen_again(seen, now=NOW + timedelta(seconds=60))


def test_the_password_counts_as_just_given_for_ten_minutes() -> None:
    facts = some_facts(created_at=NOW)

    assert rules.is_fresh(facts, now=NOW + timedelta(minutes=9))
    assert not rules.is_fresh(facts, now=NOW + timedelta(minutes=10))


def test_the_actor_is_the_person_in_the_role_chosen() -> None:
    facts = some_facts()
    assert facts.place is not None

    actor = rules.build_actor(facts, facts.place)

    assert (actor.name, actor.role, actor.organisation_ods, actor.may_sign) == (facts.name, Role.GP, "A81001", True)


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        pytest.param(
            "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows", id="PC"
        ),
        pytest.param(
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
            id="Edge",
        ),
        pytest.param(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1",
            "Safari on iPhone",
            id="telephone",
        ),
        pytest.param("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Safari/537.36", "Chrome on Android", id="tablet"),
        pytest.param("curl/8.5.0", "Unknown browser", id="a program"),
        pytest.param("", "Unknown browser", id="nothing said"),
    ],
)
def test_a_browser_is_told_apart_in_a_list(user_agent: str, name: str) -> None:
    assert rules.build_browser_name(user_agent) == name


# Passwords and codes


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("twelve signs", id="exactly twelve"),
        pytest.param("correct horse battery staple", id="a passphrase in small letters"),
        pytest.param("пароль для дежурства", id="another script"),
        pytest.param("🙂" * 6 + "😀" * 6, id="emoji"),
        pytest.param("  spaces at the end  ", id="spaces around"),
        pytest.param("ada was here long ago", id="the user name within"),
    ],
)
def test_any_long_password_that_is_not_well_known_is_taken(password: str) -> None:
    rules.check_password(password, user_name="ada")


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        pytest.param("elevensigns", "12 characters or more", id="eleven"),
        pytest.param("", "12 characters or more", id="blank"),
        pytest.param("Ada.Made-Up@Ward", "not your user name", id="the user name in capitals"),
        pytest.param("ada.made-up@ward" * 2, "not your user name", id="the user name twice"),
        pytest.param("Password1234", "often used", id="a common one"),
        pytest.param("aaaaaaaaaaaaaaaa", "often used", id="one letter"),
        pytest.param("demonstration-only", "often used", id="the demonstration's"),
    ],
)
def test_a_weak_password_is_refused_with_what_to_do(password: str, sentence: str) -> None:
    with pytest.raises(RuleBroken, match=sentence) as refused:
        rules.check_password(password, user_name="ada.made-up@ward")

    assert refused.value.field == "new_password"


def test_every_common_password_is_long_enough_to_matter() -> None:
    assert all(len(one) >= rules.PASSWORD_LENGTH and one == one.casefold() for one in rules.COMMON_PASSWORDS)


def test_a_new_password_is_typed_twice_the_same_way() -> None:
    rules.check_repeated("one and the same", "one and the same")

    with pytest.raises(RuleBroken) as refused:
        rules.check_repeated("one and the same", "one and another")
    assert refused.value.field == "repeated_password"


@pytest.mark.parametrize("typed", ["K7QM-3XWP-9D2H", "k7qm 3xwp 9d2h", "k7qm3xwp9d2h", "Ｋ7QM–3XWP–9D2H "])
def test_a_code_is_recognised_however_it_is_typed(typed: str) -> None:
    assert rules.normalise_code(typed) == "K7QM3XWP9D2H"


def test_a_code_is_shown_in_groups_of_four() -> None:
    assert rules.format_code("K7QM3XWP9D2H") == "K7QM-3XWP-9D2H"


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        pytest.param("csrf_token", True, id="token"),
        pytest.param("new_password", True, id="password"),
        pytest.param("one_time_code", True, id="one-time code"),
        pytest.param("code", True, id="code of the second factor"),
        pytest.param("postcode", False, id="postcode"),
        pytest.param("key_safe_code", False, id="key safe code"),
    ],
)
def test_secrets_are_not_kept_with_what_was_typed(name: str, is_secret: bool) -> None:
    assert rules.is_secret_field(name) is is_secret


@pytest.mark.parametrize(
    ("last_step", "offsets"),
    [
        pytest.param(None, [-1, 0, 1], id="none used"),
        pytest.param(-1, [0, 1], id="the one before used"),
        pytest.param(0, [1], id="this one used"),
        pytest.param(1, [], id="the next one used"),
    ],
)
def test_a_code_of_the_second_factor_is_taken_once(last_step: int | None, offsets: list[int]) -> None:
    current = int(NOW.timestamp()) // 30

    steps = rules.steps_to_try(NOW, last_step=None if last_step is None else current + last_step)

    assert steps == [current + offset for offset in offsets]


# Throttle


def minutes_ago(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=one) for one in minutes]


@pytest.mark.parametrize(
    ("tried", "wait"),
    [
        pytest.param([], None, id="never tried"),
        pytest.param([1, 2], None, id="tried less often"),
        pytest.param([1, 2, 3], 7, id="three within the time: until the third leaves it"),
        pytest.param([1, 2, 10], None, id="the third has just left it"),
        pytest.param([1, 2, 3, 4, 5], 7, id="more than three: the third newest decides"),
    ],
)
def test_a_limit_waits_until_its_oldest_try_has_left_the_time(tried: list[int], wait: int | None) -> None:
    limit = Limit(tries=3, minutes=10)

    until = limit.wait_until(minutes_ago(*tried), now=NOW)

    assert until == (None if wait is None else NOW + timedelta(minutes=wait))


def test_the_longest_wait_decides() -> None:
    tries = Tries(from_place=minutes_ago(*[1] * 5), by_strangers=minutes_ago(*[2] * 20))

    assert rules.wait_until(tries, now=NOW) == NOW + timedelta(minutes=58)


def test_strangers_do_not_bear_on_a_known_place() -> None:
    assert rules.wait_until(Tries(from_place=minutes_ago(1)), now=NOW) is None


def test_too_many_tries_says_when_to_try_again() -> None:
    refused = rules.TooManyTries(NOW, local_time="21-Nov-2026 03:15")

    assert "Try again after 21-Nov-2026 03:15" in refused.message
    assert refused.until == NOW


# Names, codes, roles, dates


@pytest.mark.parametrize("typed", ["gp", "Out-of-Hours-GP", " a.made-up@hospice.example ", "o2"])
def test_a_user_name_is_kept_in_small_letters(typed: str) -> None:
    assert rules.check_user_name(typed) == typed.strip().lower()


@pytest.mark.parametrize("typed", ["", "a", "-gp", "g p", "gp\x00", "x" * 81, "gÜnter"])
def test_a_user_name_of_another_form_is_refused(typed: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        rules.check_user_name(typed)
    assert refused.value.field == "user_name"


@pytest.mark.parametrize(("typed", "kept"), [("A81001", "A81001"), (" rxf ", "RXF"), ("vm1a2b3c4d", "VM1A2B3C4D")])
def test_an_ods_code_is_kept_in_capitals(typed: str, kept: str) -> None:
    assert rules.check_ods_code(typed) == kept


@pytest.mark.parametrize("typed", ["", "A8", "A81-001", "A8100100000", "ÄB123"])
def test_an_ods_code_of_another_form_is_refused(typed: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        rules.check_ods_code(typed)
    assert refused.value.field == "ods_code"


def test_a_role_is_held_only_where_the_access_table_knows_it() -> None:
    rules.check_role_at(Role.PRIVACY_OFFICER, OrganisationType.CARE_HOME)
    rules.check_role_at(Role.PARAMEDIC, OrganisationType.AMBULANCE)

    with pytest.raises(RuleBroken, match="GP is not one of those of a care home"):
        rules.check_role_at(Role.GP, OrganisationType.CARE_HOME)


def test_every_organisation_can_have_an_administrator_and_a_privacy_officer() -> None:
    for organisation_type in OrganisationType:
        assert {Role.ADMINISTRATOR, Role.PRIVACY_OFFICER} <= set(rules.roles_at(organisation_type))
        assert rules.ORGANISATION_LABELS[organisation_type]


def test_roles_that_sign_are_those_of_the_access_table() -> None:
    of_the_table = {role for role, row in ACCESS_TABLE.items() if Fact.SIGNS_WITH_AUTHORISATION in row.facts}

    assert of_the_table == rules.SIGNING_ROLES


def test_a_registered_professional_has_a_number() -> None:
    rules.check_professional_number("1234567", Role.GP)
    rules.check_professional_number(None, Role.CALL_HANDLER)

    with pytest.raises(RuleBroken) as refused:
        rules.check_professional_number(None, Role.GP)
    assert refused.value.field == "professional_number"


@pytest.mark.parametrize(
    ("from_day", "until_day", "refused"),
    [
        pytest.param(0, None, False, id="open-ended"),
        pytest.param(0, 0, False, id="today only"),
        pytest.param(-30, 30, False, id="began before"),
        pytest.param(5, 4, True, id="ends before it begins"),
        pytest.param(-30, -1, True, id="over already"),
    ],
)
def test_what_is_given_ends_after_it_begins_and_not_in_the_past(
    from_day: int, until_day: int | None, refused: bool
) -> None:
    until = None if until_day is None else TODAY + timedelta(days=until_day)
    arguments = (TODAY + timedelta(days=from_day), until)

    if refused:
        with pytest.raises(RuleBroken):
            rules.check_dates(*arguments, today=TODAY)
    else:
        rules.check_dates(*arguments, today=TODAY)


# Who looks after whom


def test_an_administrator_looks_after_their_own_organisation_only() -> None:
    rules.check_administers(an_actor(), organisation_id=OWN)

    with pytest.raises(NotFound):
        rules.check_administers(an_actor(), organisation_id=OTHER)
    with pytest.raises(Forbidden):
        rules.check_administers(an_actor(Role.GP), organisation_id=OWN)


@pytest.mark.parametrize(
    ("actor", "role", "organisation_id", "in_area", "refusal"),
    [
        pytest.param(an_actor(), Role.HOSPICE_NURSE, OWN, True, None, id="a nurse of one's own"),
        pytest.param(an_actor(), Role.ADMINISTRATOR, OTHER, True, NotFound, id="another's administrator"),
        pytest.param(an_actor(Role.GP), Role.GP, OWN, True, Forbidden, id="not an administrator"),
        pytest.param(
            an_actor(type=OrganisationType.ICB), Role.ADMINISTRATOR, OTHER, True, None, id="the board: an administrator"
        ),
        pytest.param(an_actor(type=OrganisationType.ICB), Role.GP, OTHER, True, NotFound, id="the board: a GP"),
        pytest.param(
            an_actor(type=OrganisationType.ICB),
            Role.ADMINISTRATOR,
            OTHER,
            False,
            NotFound,
            id="the board: outside its area",
        ),
    ],
)
def test_roles_are_given_at_home_and_first_administrators_by_the_board(
    actor: Actor, role: Role, organisation_id: UUID, in_area: bool, refusal: type[Exception] | None
) -> None:
    if refusal is None:
        rules.check_may_give_role(actor, role, organisation_id=organisation_id, in_area=in_area)
    else:
        with pytest.raises(refusal):
            rules.check_may_give_role(actor, role, organisation_id=organisation_id, in_area=in_area)


def test_organisations_join_through_the_board() -> None:
    rules.check_steward(an_actor(type=OrganisationType.ICB))

    for other in (an_actor(), an_actor(Role.COMMISSIONER, OrganisationType.ICB)):
        with pytest.raises(Forbidden):
            rules.check_steward(other)


def test_nobody_gives_themselves_anything() -> None:
    actor = an_actor()
    rules.check_not_self(actor, OTHER)

    with pytest.raises(Forbidden):
        rules.check_not_self(actor, actor.clinician_id)


@pytest.mark.parametrize(
    ("home", "working_at", "refusal"),
    [
        pytest.param(OWN, {OWN}, None, id="made here, works here"),
        pytest.param(OWN, {OWN, OTHER}, None, id="made here, works here and elsewhere"),
        pytest.param(OWN, set(), None, id="made here, works nowhere"),
        pytest.param(OWN, {OTHER}, NotFound, id="made here, works only elsewhere"),
        pytest.param(OTHER, {OWN}, None, id="made elsewhere, works only here"),
        pytest.param(OTHER, {OWN, OTHER}, Forbidden, id="made elsewhere, works at both"),
        pytest.param(THIRD, {OWN, OTHER}, Forbidden, id="made elsewhere, works at two others"),
        pytest.param(OTHER, {OTHER}, NotFound, id="a stranger"),
        pytest.param(OTHER, set(), NotFound, id="a stranger without work"),
    ],
)
def test_an_account_is_looked_after_by_one_organisation(
    home: UUID, working_at: set[UUID], refusal: type[Exception] | None
) -> None:
    employment = Employment(home, frozenset(working_at))

    if refusal is None:
        rules.check_looks_after(an_actor(), employment)
    else:
        with pytest.raises(refusal):
            rules.check_looks_after(an_actor(), employment)


def test_only_a_role_that_signs_can_be_authorised_to() -> None:
    rules.check_may_be_authorised([Role.HOSPICE_NURSE])

    with pytest.raises(RuleBroken):
        rules.check_may_be_authorised([Role.PARAMEDIC, Role.ADMINISTRATOR])


def test_a_demanded_second_factor_is_not_taken_away() -> None:
    rules.check_second_factor_is_free([a_place()])

    with pytest.raises(RuleBroken, match="Riverside Surgery demands"):
        rules.check_second_factor_is_free([a_place(), a_place(demands_second_factor=True)])


@pytest.mark.parametrize(
    ("address", "is_local"),
    [
        pytest.param("/", True, id="first page"),
        pytest.param("/record/0193?tab=plan", True, id="a page with a question"),
        pytest.param("", False, id="nothing"),
        pytest.param("https://elsewhere.example/", False, id="another site"),
        pytest.param("//elsewhere.example/", False, id="another host"),
        pytest.param("/\\elsewhere.example/", False, id="another host by a backslash"),
        pytest.param("/\t/elsewhere.example/", False, id="another host by a tab"),
        pytest.param("record", False, id="relative"),
        pytest.param("javascript:alert(1)", False, id="a script"),
        pytest.param("/\r\nSet-Cookie: a=b", False, id="a header"),
    ],
)
def test_after_signing_in_nobody_is_sent_away(address: str, is_local: bool) -> None:
    assert rules.is_local_path(address) is is_local
