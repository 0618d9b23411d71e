"""Signing in: with a password, a code, and in spite of strangers who guess."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select

from epaccs.audit.model import AuditEvent
from epaccs.clinicians import actions, queries
from epaccs.clinicians.actions import Door, OpenedSession, passwords
from epaccs.clinicians.actions.attempts import begin_attempt
from epaccs.clinicians.actions.signing_in import NOT_RIGHT
from epaccs.clinicians.model import (
    Clinician,
    ClinicianSession,
    KnownDevice,
    Organisation,
    RecoveryCode,
    SecondFactor,
    SignInAttempt,
)
from epaccs.clinicians.rules import (
    ADDRESS_LIMIT,
    PLACE_LIMIT,
    STRANGERS_LIMIT,
    Actor,
    Role,
    SessionFacts,
    Step,
    TooManyTries,
    next_step,
)
from epaccs.core import clock, sealing
from epaccs.core.db import db
from epaccs.core.errors import NotFound, RuleBroken
from tests.conftest import NOW
from tests.factories import a_clinician, a_membership, an_organisation

PASSWORD = "a long night shift"
OFFICE = Door(address="192.0.2.10", browser="Firefox on Windows")
ELSEWHERE = Door(address="198.51.100.99")


@pytest.fixture(scope="module")
def password_hash() -> str:
    """Made once: each takes a moment on purpose."""
    return passwords.hash_password(PASSWORD)


@pytest.fixture
def ada(app: Flask, password_hash: str) -> Actor:
    return a_clinician(Role.HOSPICE_NURSE, user_name="ada", password_hash=password_hash)


def facts_of(opened: OpenedSession) -> SessionFacts:
    facts = queries.find_session(actions.token_digest(opened.token), today=clock.today())
    assert facts is not None
    return facts


def step_of(opened: OpenedSession) -> Step:
    return next_step(facts_of(opened), today=clock.today())


def kinds() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.kind).order_by(AuditEvent.at)))


def guess(user_name: str, door: Door, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(RuleBroken, match=NOT_RIGHT):
            actions.sign_in(user_name, "not her password", door=door)


def authenticator_of(opened: OpenedSession) -> pyotp.TOTP:
    return pyotp.TOTP(actions.begin_second_factor(facts_of(opened)))


def code_of(authenticator: pyotp.TOTP) -> str:
    return authenticator.at(int(clock.now().timestamp()))


# The password


def test_the_right_password_opens_a_session(ada: Actor) -> None:
    opened = actions.sign_in("Ada ", PASSWORD, door=OFFICE)

    facts = facts_of(opened)
    assert (facts.clinician_id, step_of(opened)) == (ada.clinician_id, Step.NONE)
    assert kinds() == ["signed_in"]


def test_what_is_kept_of_a_session_does_not_open_it(ada: Actor) -> None:
    opened = actions.sign_in("ada", PASSWORD, door=OFFICE)

    row = db.session.get_one(ClinicianSession, opened.session_id)
    assert opened.token not in (row.token_digest, str(row.id))
    assert queries.find_session(actions.token_digest(row.token_digest), today=clock.today()) is None


def test_each_sign_in_has_a_cookie_of_its_own(ada: Actor) -> None:
    tokens = {actions.sign_in("ada", PASSWORD, door=OFFICE).token for _ in range(2)}

    assert len(tokens) == 2


@pytest.mark.parametrize("user_name", ["ada", "nobody", "a\x00b", "x" * 500])
def test_a_wrong_password_and_an_unknown_name_are_refused_alike(ada: Actor, user_name: str) -> None:
    with pytest.raises(RuleBroken, match=NOT_RIGHT):
        actions.sign_in(user_name, "not her password", door=OFFICE)

    event = db.session.scalars(select(AuditEvent)).one()
    assert event.kind == "sign_in_refused"
    assert event.actor_id == (ada.clinician_id if user_name == "ada" else None)
    assert user_name not in str(event.details).replace("account_known", "")


def test_an_unknown_name_is_as_much_work_as_a_known_one(ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    verify = PasswordHasher.verify

    def counting(self: PasswordHasher, kept: Any, password: Any) -> Any:
        verified.append(str(kept)[:30])
        return verify(self, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)

    guess("nobody", OFFICE)
    guess("ada", OFFICE)

    assert len(verified) == 2
    assert verified[0] == verified[1] == "$argon2id$v=19$m=19456,t=2,p=1"


def test_a_closed_account_opens_nothing(ada: Actor) -> None:
    actions.end_access(None, ada.clinician_id)

    with pytest.raises(RuleBroken, match=NOT_RIGHT):
        actions.sign_in("ada", PASSWORD, door=OFFICE)


def test_a_person_without_a_role_today_is_told_so_after_the_right_password(app: Flask, password_hash: str) -> None:
    bea = a_clinician(Role.GP, user_name="bea", password_hash=password_hash)
    a_closed_role(bea)

    with pytest.raises(RuleBroken, match="You hold no role"):
        actions.sign_in("bea", PASSWORD, door=OFFICE)
    guess("bea", OFFICE)


def a_closed_role(actor: Actor) -> None:
    place = queries.open_places(actor.clinician_id, today=clock.today())[0]
    administrator = a_clinician(Role.ADMINISTRATOR, db.session.get_one(Organisation, actor.organisation_id))
    actions.end_role(administrator, place.membership_id)


def test_a_password_hashed_with_less_is_hashed_again(app: Flask) -> None:
    weaker = PasswordHasher(memory_cost=8 * 1024, time_cost=1, parallelism=1).hash(PASSWORD)
    a_clinician(Role.GP, user_name="bea", password_hash=weaker)

    actions.sign_in("bea", PASSWORD, door=OFFICE)

    kept = db.session.scalars(select(Clinician.password_hash).where(Clinician.user_name == "bea")).one()
    assert kept is not None
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    actions.sign_in("bea", PASSWORD, door=OFFICE)


def test_the_same_letters_from_another_keyboard_are_the_same_password(app: Flask) -> None:
    a_clinician(Role.GP, user_name="bea", password_hash=passwords.hash_password("nuit à l’hôpital"))

    actions.sign_in("bea", "nuit a\u0300 l’ho\u0302pital", door=OFFICE)


# Tries


def test_five_wrong_tries_from_one_place_must_wait(ada: Actor, frozen_clock: Callable[[datetime], None]) -> None:
    guess("ada", OFFICE, PLACE_LIMIT.tries)

    with pytest.raises(TooManyTries, match="Try again after 21-Nov-2026 03:16"):
        actions.sign_in("ada", PASSWORD, door=OFFICE)
    frozen_clock(NOW + timedelta(minutes=PLACE_LIMIT.minutes, seconds=1))
    actions.sign_in("ada", PASSWORD, door=OFFICE)


def test_waiting_is_not_made_longer_by_trying(ada: Actor, frozen_clock: Callable[[datetime], None]) -> None:
    guess("ada", OFFICE, PLACE_LIMIT.tries)
    for minute in range(1, 15):
        frozen_clock(NOW + timedelta(minutes=minute))
        with pytest.raises(TooManyTries):
            actions.sign_in("ada", PASSWORD, door=OFFICE)

    frozen_clock(NOW + timedelta(minutes=PLACE_LIMIT.minutes, seconds=1))

    actions.sign_in("ada", PASSWORD, door=OFFICE)
    assert kinds().count("sign_in_refused") == PLACE_LIMIT.tries


def test_an_unknown_name_must_wait_like_a_known_one(ada: Actor) -> None:
    guess("nobody", OFFICE, PLACE_LIMIT.tries)

    with pytest.raises(TooManyTries):
        actions.sign_in("nobody", "whatever it is", door=OFFICE)


def test_signing_in_forgives_what_failed_before(ada: Actor) -> None:
    for _ in range(3):
        guess("ada", OFFICE, PLACE_LIMIT.tries - 1)
        actions.sign_in("ada", PASSWORD, door=OFFICE)

    assert db.session.scalar(select(func.count()).select_from(SignInAttempt)) == 0


def test_a_stranger_who_hammers_a_name_from_elsewhere_does_not_keep_the_colleague_out(ada: Actor) -> None:
    known = actions.sign_in("ada", PASSWORD, door=OFFICE)
    for number in range(STRANGERS_LIMIT.tries):
        begin_attempt("ada", Door(address=f"198.51.100.{number}"))
    with pytest.raises(TooManyTries):
        actions.sign_in("ada", "not her password", door=ELSEWHERE)

    at_the_known_address = actions.sign_in("ada", PASSWORD, door=OFFICE)
    on_the_known_computer = actions.sign_in(
        "ada", PASSWORD, door=Door(address="203.0.113.7", device_token=known.device_token)
    )

    assert step_of(at_the_known_address) is step_of(on_the_known_computer) is Step.NONE


def test_a_stranger_in_the_same_building_does_not_keep_the_colleague_out_of_their_own_computer(ada: Actor) -> None:
    known = actions.sign_in("ada", PASSWORD, door=OFFICE)
    guess("ada", OFFICE, PLACE_LIMIT.tries)
    with pytest.raises(TooManyTries):
        actions.sign_in("ada", PASSWORD, door=OFFICE)

    own_computer = Door(address=OFFICE.address, device_token=known.device_token)

    assert step_of(actions.sign_in("ada", PASSWORD, door=own_computer)) is Step.NONE


def test_another_persons_computer_is_no_known_place(ada: Actor, password_hash: str) -> None:
    a_clinician(Role.GP, user_name="bea", password_hash=password_hash)
    of_bea = actions.sign_in("bea", PASSWORD, door=Door(address="192.0.2.55"))
    for number in range(STRANGERS_LIMIT.tries):
        begin_attempt("ada", Door(address=f"198.51.100.{number}"))

    with pytest.raises(TooManyTries):
        actions.sign_in("ada", PASSWORD, door=Door(address="203.0.113.7", device_token=of_bea.device_token))


def test_one_address_that_tries_many_names_must_wait(app: Flask) -> None:
    for number in range(ADDRESS_LIMIT.tries):
        begin_attempt(f"name-{number}", ELSEWHERE)

    with pytest.raises(TooManyTries):
        actions.sign_in("another-name", "whatever it is", door=ELSEWHERE)
    guess("another-name", OFFICE)


def test_many_tries_at_once_are_counted_as_many(app: Flask, ada: Actor) -> None:
    together, outcomes = Barrier(8), []

    def try_once() -> None:
        with app.app_context():
            together.wait()
            try:
                actions.sign_in("ada", "not her password", door=ELSEWHERE)
            except TooManyTries:
                outcomes.append("wait")
            except RuleBroken:
                outcomes.append("refused")
            db.session.remove()

    threads = [Thread(target=try_once) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["refused"] * PLACE_LIMIT.tries + ["wait"] * (8 - PLACE_LIMIT.tries)


def test_a_refused_try_is_not_kept_with_what_was_typed(ada: Actor) -> None:
    guess("my-secret-password", OFFICE)

    row = db.session.scalars(select(SignInAttempt)).one()
    assert "my-secret-password" not in str(vars(row))


# The second step


def test_a_second_factor_is_asked_for_once_it_was_confirmed(ada: Actor) -> None:
    first = actions.sign_in("ada", PASSWORD, door=OFFICE)
    authenticator = authenticator_of(first)
    assert step_of(actions.sign_in("ada", PASSWORD, door=OFFICE)) is Step.NONE

    recovery_codes = actions.confirm_second_factor(facts_of(first), code_of(authenticator))

    assert len(set(recovery_codes)) == 10
    assert step_of(first) is Step.NONE
    assert step_of(actions.sign_in("ada", PASSWORD, door=OFFICE)) is Step.GIVE_CODE


def test_another_browser_is_asked_for_the_code_at_its_next_request(ada: Actor) -> None:
    other = actions.sign_in("ada", PASSWORD, door=OFFICE)
    own = actions.sign_in("ada", PASSWORD, door=OFFICE)

    actions.confirm_second_factor(facts_of(own), code_of(authenticator_of(own)))

    assert step_of(other) is Step.GIVE_CODE


@pytest.fixture
def authenticator(ada: Actor, frozen_clock: Callable[[datetime], None]) -> pyotp.TOTP:
    """Ada's, confirmed a minute ago."""
    frozen_clock(NOW - timedelta(minutes=1))
    opened = actions.sign_in("ada", PASSWORD, door=OFFICE)
    made = authenticator_of(opened)
    actions.confirm_second_factor(facts_of(opened), code_of(made))
    frozen_clock(NOW)
    return made


def test_the_code_completes_signing_in_with_a_new_cookie(ada: Actor, authenticator: pyotp.TOTP) -> None:
    half = actions.sign_in("ada", PASSWORD, door=OFFICE)

    whole = actions.give_code(facts_of(half), code_of(authenticator), door=OFFICE)

    assert step_of(whole) is Step.NONE
    assert queries.find_session(actions.token_digest(half.token), today=clock.today()) is None
    assert kinds()[-2:] == ["password_accepted", "signed_in"]


def test_a_code_is_refused_the_second_time(authenticator: pyotp.TOTP) -> None:
    code = code_of(authenticator)
    actions.give_code(facts_of(actions.sign_in("ada", PASSWORD, door=OFFICE)), code, door=OFFICE)
    again = actions.sign_in("ada", PASSWORD, door=OFFICE)

    with pytest.raises(RuleBroken, match="was used before"):
        actions.give_code(facts_of(again), code, door=OFFICE)

    assert step_of(again) is Step.GIVE_CODE
    assert kinds()[-1] == "sign_in_refused"


@pytest.mark.parametrize(
    ("seconds", "is_taken"),
    [
        pytest.param(-30, True, id="a slow typist"),
        pytest.param(30, True, id="a watch half a minute fast"),
        pytest.param(90, False, id="from the future"),
        pytest.param(-90, False, id="too old"),
    ],
)
def test_a_code_is_taken_half_a_minute_around(authenticator: pyotp.TOTP, seconds: int, is_taken: bool) -> None:
    half = actions.sign_in("ada", PASSWORD, door=OFFICE)
    code = authenticator.at(int(clock.now().timestamp()) + seconds)

    if is_taken:
        actions.give_code(facts_of(half), code, door=OFFICE)
    else:
        with pytest.raises(RuleBroken):
            actions.give_code(facts_of(half), code, door=OFFICE)


@pytest.mark.parametrize("typed", ["", "000000", "12345", "١٢٣٤٥٦", "K7QM-3XWP-9D2H", "x" * 1000, "\x00"])
def test_anything_else_is_refused(authenticator: pyotp.TOTP, typed: str) -> None:
    half = actions.sign_in("ada", PASSWORD, door=OFFICE)

    with pytest.raises(RuleBroken):
        actions.give_code(facts_of(half), typed, door=OFFICE)


def test_codes_are_guessed_no_faster_than_passwords(authenticator: pyotp.TOTP) -> None:
    for _ in range(PLACE_LIMIT.tries):
        half = actions.sign_in("ada", PASSWORD, door=ELSEWHERE)
        with pytest.raises(RuleBroken, match="not right"):
            actions.give_code(facts_of(half), "000000", door=ELSEWHERE)

    with pytest.raises(TooManyTries):
        actions.sign_in("ada", PASSWORD, door=ELSEWHERE)


def test_a_recovery_code_works_once(ada: Actor) -> None:
    opened = actions.sign_in("ada", PASSWORD, door=OFFICE)
    recovery_codes = actions.confirm_second_factor(facts_of(opened), code_of(authenticator_of(opened)))
    typed = recovery_codes[3].lower().replace("-", " ")

    actions.give_code(facts_of(actions.sign_in("ada", PASSWORD, door=OFFICE)), typed, door=OFFICE)

    with pytest.raises(RuleBroken):
        actions.give_code(facts_of(actions.sign_in("ada", PASSWORD, door=OFFICE)), typed, door=OFFICE)
    kept = db.session.scalars(select(RecoveryCode)).all()
    assert sum(row.used_at is not None for row in kept) == 1
    assert not {row.code_digest for row in kept} & set(recovery_codes)


def test_new_recovery_codes_take_the_place_of_the_old(authenticator: pyotp.TOTP) -> None:
    opened = actions.give_code(
        facts_of(actions.sign_in("ada", PASSWORD, door=OFFICE)), code_of(authenticator), door=OFFICE
    )
    later = authenticator.at(int(clock.now().timestamp()) + 30)

    renewed = actions.renew_recovery_codes(facts_of(opened), later, door=OFFICE)

    assert len(renewed) == 10
    assert db.session.scalar(select(func.count()).select_from(RecoveryCode)) == 10


def test_removing_the_second_factor_needs_a_code_and_leave(ada: Actor, authenticator: pyotp.TOTP) -> None:
    opened = actions.give_code(
        facts_of(actions.sign_in("ada", PASSWORD, door=OFFICE)), code_of(authenticator), door=OFFICE
    )
    later = authenticator.at(int(clock.now().timestamp()) + 30)
    with pytest.raises(RuleBroken, match="not right"):
        actions.remove_second_factor(facts_of(opened), "000000", door=OFFICE)

    actions.remove_second_factor(facts_of(opened), later, door=OFFICE)

    assert db.session.get(SecondFactor, ada.clinician_id) is None
    assert step_of(actions.sign_in("ada", PASSWORD, door=OFFICE)) is Step.NONE


def test_a_demanded_second_factor_comes_before_anything_else(app: Flask, password_hash: str) -> None:
    strict = an_organisation(demands_second_factor=True)
    bea = a_clinician(Role.GP, strict, user_name="bea", password_hash=password_hash)
    opened = actions.sign_in("bea", PASSWORD, door=OFFICE)
    assert step_of(opened) is Step.SET_UP_SECOND_FACTOR

    authenticator = authenticator_of(opened)
    actions.confirm_second_factor(facts_of(opened), code_of(authenticator))

    assert step_of(opened) is Step.NONE
    with pytest.raises(RuleBroken, match="demands a second factor"):
        actions.remove_second_factor(facts_of(opened), code_of(authenticator), door=OFFICE)
    assert bea.clinician_id == facts_of(opened).clinician_id


def test_the_secret_is_sealed_for_its_owner(ada: Actor) -> None:
    opened = actions.sign_in("ada", PASSWORD, door=OFFICE)
    secret = actions.begin_second_factor(facts_of(opened))
    row = db.session.get_one(SecondFactor, ada.clinician_id)
    another = a_clinician().clinician_id

    assert secret.encode() not in row.sealed_secret
    assert actions.find_pending_secret(facts_of(opened)) == secret
    with pytest.raises(sealing.CannotBeOpened):
        sealing.unseal(row.sealed_secret, purpose="second factor", record_id=another)


def test_a_set_up_that_was_left_lying_must_begin_again(ada: Actor, frozen_clock: Callable[[datetime], None]) -> None:
    opened = actions.sign_in("ada", PASSWORD, door=OFFICE)
    authenticator = authenticator_of(opened)
    frozen_clock(NOW + timedelta(minutes=31))

    with pytest.raises(RuleBroken, match="Begin again"):
        actions.confirm_second_factor(facts_of(opened), code_of(authenticator))
    assert actions.find_pending_secret(facts_of(opened)) is None


# Organisations


def test_a_person_with_two_roles_chooses_one_and_gets_a_new_cookie(ada: Actor) -> None:
    second = an_organisation()
    membership = a_membership(ada, second, Role.GP)
    opened = actions.sign_in("ada", PASSWORD, door=OFFICE)
    assert step_of(opened) is Step.CHOOSE_ORGANISATION

    chosen = actions.choose_organisation(facts_of(opened), membership.id)

    facts = facts_of(chosen)
    assert facts.place is not None
    assert (facts.place.organisation_id, facts.place.role) == (second.id, Role.GP)
    assert queries.find_session(actions.token_digest(opened.token), today=clock.today()) is None
    assert kinds()[-1] == "organisation_chosen"


def test_nobody_chooses_a_role_of_somebody_else_or_of_yesterday(ada: Actor) -> None:
    ended = a_membership(ada, an_organisation(), Role.GP, until_date=clock.today() - timedelta(days=1))
    of_another = a_membership(a_clinician(), an_organisation(), Role.PARAMEDIC)
    opened = actions.sign_in("ada", PASSWORD, door=OFFICE)

    for membership in (ended, of_another):
        with pytest.raises(NotFound):
            actions.choose_organisation(facts_of(opened), membership.id)


# Password and first sign-in


def test_a_changed_password_ends_every_other_session(ada: Actor) -> None:
    other = actions.sign_in("ada", PASSWORD, door=OFFICE)
    own = actions.sign_in("ada", PASSWORD, door=OFFICE)

    actions.change_password(facts_of(own), current_password=PASSWORD, new_password="another long night", door=OFFICE)

    assert facts_of(own).ended_at is None
    assert (facts_of(other).ended_at is not None, facts_of(other).end_reason) == (True, "password_changed")
    with pytest.raises(RuleBroken, match=NOT_RIGHT):
        actions.sign_in("ada", PASSWORD, door=OFFICE)
    actions.sign_in("ada", "another long night", door=OFFICE)


def test_a_password_is_not_changed_without_the_current_one(ada: Actor) -> None:
    own = actions.sign_in("ada", PASSWORD, door=OFFICE)

    with pytest.raises(RuleBroken) as refused:
        actions.change_password(
            facts_of(own), current_password="a guess", new_password="another long night", door=OFFICE
        )

    assert refused.value.field == "current_password"
    actions.sign_in("ada", PASSWORD, door=OFFICE)


def test_a_weak_new_password_costs_no_try(ada: Actor) -> None:
    own = actions.sign_in("ada", PASSWORD, door=OFFICE)

    with pytest.raises(RuleBroken, match="12 characters"):
        actions.change_password(facts_of(own), current_password=PASSWORD, new_password="short", door=OFFICE)

    assert db.session.scalar(select(func.count()).select_from(SignInAttempt)) == 0


def test_a_reset_ends_the_password_and_every_session_and_gives_a_code(ada: Actor) -> None:
    opened = actions.sign_in("ada", PASSWORD, door=OFFICE)

    given = actions.reset_password(None, ada.clinician_id)

    assert facts_of(opened).end_reason == "reset"
    with pytest.raises(RuleBroken, match=NOT_RIGHT):
        actions.sign_in("ada", PASSWORD, door=OFFICE)
    again = actions.set_first_password("ada", given.code.lower(), "another long night", door=OFFICE)
    assert step_of(again) is Step.NONE
    actions.sign_in("ada", "another long night", door=OFFICE)


def test_a_one_time_code_works_once(ada: Actor) -> None:
    given = actions.reset_password(None, ada.clinician_id)
    actions.set_first_password("ada", given.code, "another long night", door=OFFICE)

    with pytest.raises(RuleBroken) as refused:
        actions.set_first_password("ada", given.code, "a third long night", door=OFFICE)
    assert refused.value.field == "one_time_code"


def test_a_one_time_code_is_for_one_person_and_three_days(ada: Actor, frozen_clock: Callable[[datetime], None]) -> None:
    a_clinician(Role.GP, user_name="bea")
    given = actions.reset_password(None, ada.clinician_id)
    with pytest.raises(RuleBroken):
        actions.set_first_password("bea", given.code, "another long night", door=OFFICE)
    with pytest.raises(RuleBroken):
        actions.set_first_password("nobody", given.code, "another long night", door=OFFICE)

    frozen_clock(given.expires_at)

    with pytest.raises(RuleBroken):
        actions.set_first_password("ada", given.code, "another long night", door=OFFICE)


def test_a_newer_code_takes_the_place_of_the_older(ada: Actor) -> None:
    older = actions.reset_password(None, ada.clinician_id)
    newer = actions.reset_password(None, ada.clinician_id)

    with pytest.raises(RuleBroken):
        actions.set_first_password("ada", older.code, "another long night", door=OFFICE)
    actions.set_first_password("ada", newer.code, "another long night", door=OFFICE)


def test_a_weak_first_password_leaves_the_code_as_it_was(ada: Actor) -> None:
    given = actions.reset_password(None, ada.clinician_id)
    with pytest.raises(RuleBroken, match="12 characters"):
        actions.set_first_password("ada", given.code, "short", door=OFFICE)

    actions.set_first_password("ada", given.code, "another long night", door=OFFICE)


def test_a_reset_lets_a_person_in_whom_a_stranger_kept_waiting(ada: Actor) -> None:
    guess("ada", OFFICE, PLACE_LIMIT.tries)

    given = actions.reset_password(None, ada.clinician_id)

    actions.set_first_password("ada", given.code, "another long night", door=OFFICE)


def test_after_a_reset_the_second_factor_is_still_asked_for_unless_it_was_lost_too(
    ada: Actor, authenticator: pyotp.TOTP
) -> None:
    given = actions.reset_password(None, ada.clinician_id)
    kept = actions.set_first_password("ada", given.code, "another long night", door=OFFICE)
    assert step_of(kept) is Step.GIVE_CODE

    given = actions.reset_password(None, ada.clinician_id, removes_second_factor=True)

    removed = actions.set_first_password("ada", given.code, "a third long night", door=OFFICE)
    assert step_of(removed) is Step.NONE
    assert db.session.scalar(select(func.count()).select_from(RecoveryCode)) == 0


# Sessions


def test_a_session_that_was_ended_opens_nothing(ada: Actor) -> None:
    own, other = (actions.sign_in("ada", PASSWORD, door=OFFICE) for _ in range(2))

    actions.end_own_session(facts_of(own), other.session_id)

    assert facts_of(other).end_reason == "ended_by_person"
    assert kinds()[-1] == "session_ended"
    with pytest.raises(NotFound):
        actions.end_own_session(facts_of(own), other.session_id)


def test_nobody_ends_the_session_of_somebody_else(ada: Actor, password_hash: str) -> None:
    a_clinician(Role.GP, user_name="bea", password_hash=password_hash)
    of_bea = actions.sign_in("bea", PASSWORD, door=OFFICE)
    own = actions.sign_in("ada", PASSWORD, door=OFFICE)

    with pytest.raises(NotFound):
        actions.end_own_session(facts_of(own), of_bea.session_id)

    assert facts_of(of_bea).ended_at is None


def test_signing_out_ends_the_session_once(ada: Actor) -> None:
    own = actions.sign_in("ada", PASSWORD, door=OFFICE)
    facts = facts_of(own)

    actions.sign_out(facts)
    actions.sign_out(facts)

    assert facts_of(own).end_reason == "signed_out"
    assert kinds() == ["signed_in", "signed_out"]


def test_the_worker_closes_sessions_that_lapsed(ada: Actor, frozen_clock: Callable[[datetime], None]) -> None:
    idle = actions.sign_in("ada", PASSWORD, door=OFFICE)
    used = actions.sign_in("ada", PASSWORD, door=OFFICE)
    frozen_clock(NOW + timedelta(minutes=59))
    actions.note_seen(used.session_id)
    frozen_clock(NOW + timedelta(minutes=61))

    assert actions.end_lapsed_sessions() == 1

    assert (facts_of(idle).end_reason, facts_of(used).ended_at) == ("idle", None)
    frozen_clock(NOW + timedelta(hours=14))
    assert actions.end_lapsed_sessions() == 1
    assert facts_of(used).end_reason == "too_long"


def test_what_is_past_its_time_is_deleted(ada: Actor, frozen_clock: Callable[[datetime], None]) -> None:
    own = actions.sign_in("ada", PASSWORD, door=OFFICE)
    guess("nobody", OFFICE)
    actions.seal_form(ada.clinician_id, path="/form", fields={"note": ["typed"]})
    actions.sign_out(facts_of(own))
    assert actions.forget_expired() == 0

    frozen_clock(NOW + timedelta(days=100))

    assert actions.forget_expired() == 4
    for table in (ClinicianSession, KnownDevice, SignInAttempt):
        assert db.session.scalars(select(table)).first() is None
