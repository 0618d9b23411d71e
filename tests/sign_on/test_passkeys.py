"""Passkeys: added, used in place of a password, as its second step and before signing; and refused."""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from epaccs.audit.model import AuditEvent
from epaccs.clinicians import actions, queries
from epaccs.clinicians.actions import OpenedSession
from epaccs.clinicians.actions.second_factor import use_code
from epaccs.clinicians.model import Clinician, Organisation, Passkey
from epaccs.clinicians.rules import Actor, Role, SessionFacts, Step, next_step
from epaccs.core import clock
from epaccs.core.db import db, writing
from epaccs.core.errors import NotFound, RuleBroken
from epaccs.sign_on.actions import passkeys
from epaccs.sign_on.actions.passkeys import Site, is_copied
from tests.clinicians.test_sign_in import OFFICE
from tests.factories import a_clinician, sign_in
from tests.pages import PageClient
from tests.sign_on.authenticator import ORIGIN, Authenticator
from tests.sign_on.conftest import PASSWORD

SITE = Site(ORIGIN, "EPaCCS")


@pytest.fixture
def ada(app: Flask, password_hash: str) -> Actor:
    return a_clinician(Role.HOSPICE_NURSE, user_name="ada", name="Ada Made-Up", password_hash=password_hash)


@pytest.fixture
def facts(ada: Actor) -> SessionFacts:
    return facts_of(actions.sign_in("ada", PASSWORD, door=OFFICE))


def facts_of(opened: OpenedSession | None) -> SessionFacts:
    assert opened is not None
    found = queries.find_session(actions.token_digest(opened.token), today=clock.today())
    assert found is not None
    return found


def again(facts: SessionFacts) -> SessionFacts:
    """The same session as it is now; its cookie may be another."""
    opened = actions.choose_organisation(facts, facts.place.membership_id)  # type: ignore[union-attr]
    return facts_of(opened)


def a_passkey(facts: SessionFacts, name: str = "My telephone", **options: Any) -> Authenticator:
    made = Authenticator(**options)
    question = passkeys.begin_adding(facts, site=SITE)
    passkeys.add(facts, name=name, token=question.token, answer=made.make(question.options), site=SITE)
    return made


def use(who: Authenticator, facts: SessionFacts | None = None, site: Site = SITE) -> OpenedSession | None:
    question = passkeys.begin_using(facts, site=SITE)
    return passkeys.use(facts, token=question.token, answer=who.sign(question.options), site=site, door=OFFICE)


def refusals() -> list[str]:
    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == "sign_in_refused").order_by(AuditEvent.at))
    return [row.details["why"] for row in rows]


def test_a_passkey_alone_signs_in_and_is_both_factors(facts: SessionFacts, ada: Actor) -> None:
    telephone = a_passkey(facts)

    inside = facts_of(use(telephone))

    assert (inside.clinician_id, next_step(inside, today=clock.today())) == (ada.clinician_id, Step.NONE)
    assert inside.second_factor_at is not None
    row = db.session.scalars(select(Passkey)).one()
    assert (row.name, row.sign_count, row.last_used_at is not None) == ("My telephone", 2, True)


def test_after_it_the_password_alone_is_not_enough_and_the_passkey_is_the_second_step(facts: SessionFacts) -> None:
    telephone = a_passkey(facts)
    half = facts_of(actions.sign_in("ada", PASSWORD, door=OFFICE))
    assert next_step(half, today=clock.today()) is Step.GIVE_CODE

    inside = facts_of(use(telephone, half))

    assert next_step(inside, today=clock.today()) is Step.NONE
    assert inside.session_id == half.session_id


def test_the_first_gives_recovery_codes_for_the_day_it_is_lost(facts: SessionFacts) -> None:
    question = passkeys.begin_adding(facts, site=SITE)
    codes = passkeys.add(
        facts, name="x", token=question.token, answer=Authenticator().make(question.options), site=SITE
    )
    half = facts_of(actions.sign_in("ada", PASSWORD, door=OFFICE))

    assert len(codes) == 10
    assert next_step(facts_of(actions.give_code(half, codes[0], door=OFFICE)), today=clock.today()) is Step.NONE
    with writing() as session:
        assert use_code(session, facts.clinician_id, "123456") is None
    assert a_passkey(again(facts)).count == 1


@pytest.mark.parametrize(
    ("made", "why"),
    [
        pytest.param({"origin": "https://elsewhere.example"}, "not_believed", id="a copied page elsewhere"),
        pytest.param({"verifies": False}, "not_believed", id="nobody unlocked it"),
        pytest.param({"key": Authenticator().key}, "unknown", id="a key that nobody added"),
    ],
)
def test_what_is_not_signed_here_by_its_owner_opens_nothing(
    facts: SessionFacts, made: dict[str, Any], why: str
) -> None:
    telephone = a_passkey(facts)
    for name, value in made.items():
        setattr(telephone, name, value)

    with pytest.raises(RuleBroken, match="was not accepted"):
        use(telephone)
    assert refusals() == [why]


def test_a_challenge_is_answered_once_in_time_and_by_the_session_that_was_asked(
    facts: SessionFacts, frozen_clock: Any
) -> None:
    telephone = a_passkey(facts)
    question = passkeys.begin_using(None, site=SITE)
    answer = telephone.sign(question.options)
    sent: dict[str, Any] = {"token": question.token, "answer": answer, "site": SITE, "door": OFFICE}
    with pytest.raises(RuleBroken, match="took too long"):
        passkeys.use(facts, **sent)
    with pytest.raises(RuleBroken, match="took too long"):
        passkeys.use(None, **sent)

    question = passkeys.begin_using(None, site=SITE)
    sent = {**sent, "token": question.token, "answer": telephone.sign(question.options)}
    assert passkeys.use(None, **sent)
    with pytest.raises(RuleBroken, match="took too long"):
        passkeys.use(None, **sent)
    later = passkeys.begin_using(None, site=SITE)
    with pytest.raises(RuleBroken, match="was not accepted"):
        passkeys.use(None, **{**sent, "token": later.token})
    late = passkeys.begin_using(None, site=SITE)
    frozen_clock(clock.now() + timedelta(minutes=6))
    with pytest.raises(RuleBroken, match="took too long"):
        passkeys.use(None, **{**sent, "token": late.token, "answer": telephone.sign(late.options)})


def test_a_copied_key_is_noticed_by_its_count(facts: SessionFacts) -> None:
    telephone = a_passkey(facts)
    copied = copy(telephone)
    use(telephone)
    use(telephone)

    with pytest.raises(RuleBroken, match="was not accepted"):
        use(copied)

    assert refusals() == ["copied"]


@pytest.mark.parametrize(
    ("kept", "sent", "copied"), [(0, 0, False), (0, 1, False), (1, 2, False), (2, 2, True), (2, 1, True), (3, 0, True)]
)
def test_a_count_that_does_not_grow_tells_of_a_copy_unless_it_never_counts(kept: int, sent: int, copied: bool) -> None:
    assert is_copied(kept, sent) is copied


def test_a_colleagues_passkey_proves_nothing_for_this_session(facts: SessionFacts, password_hash: str) -> None:
    a_passkey(facts)
    a_clinician(Role.GP, user_name="bea", password_hash=password_hash)
    theirs = a_passkey(facts_of(actions.sign_in("bea", PASSWORD, door=OFFICE)))

    with pytest.raises(RuleBroken, match="was not accepted"):
        use(theirs, again(facts))
    assert refusals() == ["other_person"]


@pytest.mark.parametrize(
    "answer", ["", "x", "[]", "{}", "null", '{"id": 7}', "[" * 5000, "x" * 30_000, '{"id": "\\u0000"}']
)
def test_anything_else_that_is_sent_is_refused(facts: SessionFacts, answer: str) -> None:
    a_passkey(facts)
    adding, using = passkeys.begin_adding(facts, site=SITE), passkeys.begin_using(None, site=SITE)

    with pytest.raises(RuleBroken, match="was not accepted"):
        passkeys.add(facts, name="x", token=adding.token, answer=answer, site=SITE)
    with pytest.raises(RuleBroken, match="was not accepted"):
        passkeys.use(None, token=using.token, answer=answer, site=SITE, door=OFFICE)


def test_a_closed_account_opens_with_no_passkey(facts: SessionFacts) -> None:
    telephone = a_passkey(facts)
    with writing() as session:
        session.get_one(Clinician, facts.clinician_id).ended_at = clock.now()

    with pytest.raises(RuleBroken, match="was not accepted"):
        use(telephone)


def test_the_last_one_stays_where_an_organisation_demands_it_and_only_its_owner_removes_it(
    facts: SessionFacts, ada: Actor
) -> None:
    telephone = a_passkey(facts)
    row = db.session.scalars(select(Passkey)).one()
    stranger = facts_of(actions.sign_in(*_somebody(), door=OFFICE))
    with pytest.raises(NotFound):
        passkeys.remove(stranger, row.id)
    with writing() as session:
        session.get_one(Organisation, ada.organisation_id).demands_second_factor = True
    with pytest.raises(RuleBroken, match="demands a second factor"):
        passkeys.remove(facts, row.id)
    with writing() as session:
        session.get_one(Organisation, ada.organisation_id).demands_second_factor = False
    passkeys.remove(facts, row.id)

    with pytest.raises(RuleBroken, match="was not accepted"):
        use(telephone)


def _somebody() -> tuple[str, str]:
    a_clinician(Role.GP, user_name="bea", password_hash=actions.hash_password(PASSWORD))
    return "bea", PASSWORD


# The pages


def asked(pages: PageClient) -> str:
    form = next(one for one in pages.page.forms() if one.get("data-module") == "passkey")
    return str(form.get("data-options"))


def test_a_person_adds_uses_and_removes_one_on_the_pages(app: Flask, ada: Actor, frozen_clock: Any) -> None:
    pages, telephone = PageClient(app), Authenticator()
    sign_in(pages.browser, ada)
    pages.open("/account").follow("Your passkeys").see("You have none yet").follow("Add a passkey")
    pages.fill(name="Telephone").submit("Add a passkey on this device", status=422).see("was not accepted")
    pages.fill(name="Telephone", answer=telephone.make(asked(pages))).submit("Add a passkey on this device")
    assert pages.page.heading == "Your recovery codes"
    frozen_clock(clock.now() + timedelta(minutes=16))
    pages.open("/account/passkeys/add")
    assert pages.page.heading == "Confirm that it is you"
    pages.follow("Confirm with a passkey")
    pages.fill(answer=telephone.sign(asked(pages))).submit("Use my passkey")
    assert pages.page.heading == "Add a passkey"

    outside = PageClient(app).open("/sign-in?next=/account").follow("Sign in with a passkey")
    outside.submit("Use my passkey", status=422).see("was not accepted")
    outside.fill(answer=telephone.sign(asked(outside))).submit("Use my passkey")
    assert outside.page.heading == "Your account"
    outside.follow("Your passkeys").submit("Remove Telephone").see("It opens nothing any more")
